"""ILIAS: exercises (ILIAS-eLearning/ILIAS, ``ilExSubmission``, ``ilExAssignment``).

It has no file of marks: they are entered by form. A person's folder ends in the login and the
number of the account; the word for "Submissions" above it is translated.
"""

import re

from proctor.lms.archive import GROUP, Entry
from proctor.lms.back import Feedback
from proctor.lms.students import LOGIN, MAIL, Columns

TITLE = "ILIAS"
STUDENTS = Columns(id=LOGIN, email=MAIL)

_SUBMISSIONS = (
    *("submissions", "abgaben", "einreichungen", "remises", "soumissions", "entregas"),
    *("consegne", "inleveringen", "ingediende oplossingen"),
)
_PERSON = re.compile(r"(?P<front>[^_].*_.+)_(?P<user>\d+)")
_TEAM = re.compile(r"\D+ \d+")
_LATE = re.compile(r"(?:late submission|verspätete abgabe|verspaetete abgabe) - ", re.IGNORECASE)


def entries(paths, _):
    """{path: `Entry` readings} of a class's files."""
    return {parts: tuple(_entries(parts)) for parts in paths}


def _entries(parts):
    # title/Submissions/[team/]person/file, below the folder of the archive
    words = [place for place, part in enumerate(parts[:3]) if part.casefold() in _SUBMISSIONS]
    first = words[0] + 1 if words else 0
    for place, part in enumerate(parts[: first + (2 if words else 5)]):
        match = _PERSON.fullmatch(part)
        if place < first or not match or place + 1 == len(parts):
            continue
        team = place and _TEAM.fullmatch(parts[place - 1])
        rest = list(parts[place + 1 :])
        late = _LATE.match(rest[0])
        rest[0] = rest[0][late.end() :] if late else rest[0]
        who = f"{parts[place - 1]}/{part}" if team else part
        kind = GROUP if team else ""
        words = match["front"].split("_")
        for cut in range(len(words) - 1, 0, -1):  # a login may have "_" in it, and a name too
            name, login = " ".join(words[:cut]), "_".join(words[cut:])
            keys = (login, match["user"])
            yield Entry(who, keys, "/".join(rest), name, part, kind, "", 0, bool(late))
        return
    if parts[-1].endswith((".xlsx", ".xls")):
        yield Entry("", (), "")  # a table of the exercise's own, beside the folders


FEEDBACK = Feedback(
    top="multi_feedback_{assignment}",
    notes=(
        "In ILIAS: the assignment's Submissions and Grades, Multi-Feedback, Upload; it asks "
        "which of the files to take. One member's folder serves a team.",
    ),
)
