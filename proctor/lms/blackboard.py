"""Blackboard: the Grade Center's file, comma or tab (help.blackboard.com, "Upload grades").

People by ``Username``; a column by the number behind ``|`` in its heading. The tab-separated file
is called ``.xls`` and is text in UTF-16.
"""

import re

from proctor.lms.archive import Entry, joined, outermost
from proctor.lms.students import Columns
from proctor.lms.target import Comments, Row, Target, column_of

TITLE = "Blackboard"
NAME = "Blackboard Grade Center"
_KEYS = ("Username", "Student ID")
_COMMENT, _FORM = "Feedback to Learner", "Feedback Format"
_COLUMN = re.compile(
    r"(.+?) \[[^\]]*?(?:Total Pts|up to)[^\d\]]*(\d+(?:[.,]\d+)?)?[^\]]*\] ?\|(\d+)"
)


def fits(sheet):
    """Whether it is such a file."""
    head = sheet.header()
    return "Username" in head and any(_COLUMN.fullmatch(text) for text in head)


def target(sheet, assignment, asked=""):
    """The `Target` of an assignment. Raises LookupError."""
    head = sheet.header()
    found = {n: m for n, text in enumerate(head) if (m := _COLUMN.fullmatch(text))}
    column = column_of({n: match[1] for n, match in found.items()}, assignment, asked)
    keys = [head.index(name) for name in _KEYS if name in head]
    rows = [_row(sheet, place, keys) for place in range(1, len(sheet.rows))]
    most = found[column][2]
    limit = float(most.replace(",", ".")) if most else None
    comments = None
    if _COMMENT in head and len(found) == 1:
        form = head.index(_FORM) if _FORM in head else None
        comments = Comments(head.index(_COMMENT), False, form, "SMART_TEXT")
    return Target(column, head[column], tuple(filter(None, rows)), limit, comments=comments)


def _row(sheet, place, keys):
    found = tuple(filter(None, (sheet.value(place, key).strip() for key in keys)))
    return Row(place, found, found[0]) if found else None


# --- students -------------------------------------------------------------------------------------

STUDENTS = Columns(id=("username",), lms_user_id=("student id",), keys=("student id",))

# --- submissions ----------------------------------------------------------------------------------
# <assignment>_<username>_attempt_<time>[_<file>]; both of the first may have "_" in them, and with
# each attempt comes a text that says the username
_FILE = re.compile(r"(?P<front>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(\.txt))")
_NAME = re.compile(r"[^\n]*?: (?P<name>[^\n]+) \((?P<user>[^()\n]+)\)\s*?(?:\n|$)")
_FILES = re.compile(r"\tOriginal filename: ([^\n]+)\n\tFilename: ([^\n]+)")


def entries(paths, text):
    """{path: `Entry` readings} of a class's files.

    text  function of a path: the beginning of a file that the system wrote
    """
    found, people, originals = {}, {}, {}
    read = {parts: outermost(parts, _FILE) for parts in paths}
    for parts, (match, _) in read.items():
        if match and match[4]:
            said = text(parts).replace("\r\n", "\n")
            if (name := _NAME.match(said)) and match["front"].endswith(f"_{name['user']}"):
                people[match["front"], match["time"]] = name["user"], name["name"]
            originals |= {stored.strip(): own.strip() for own, stored in _FILES.findall(said)}
    for parts, (match, rest) in read.items():
        found[parts] = ()
        if match and match[4]:
            found[parts] = (Entry("", (), ""),)
        elif match:
            user = people.get((match["front"], match["time"]))
            own = originals.get(match[0], match["file"])
            found[parts] = tuple(_entries(match, joined(own, rest), user))
    return _narrowed(found)


def _entries(match, file, user):
    date, clock = match["time"][:10], match["time"][11:].replace("-", ":")
    time = f"{date}T{clock}"
    front = match["front"]
    cut = [n for n, sign in enumerate(front) if sign == "_"]
    names = [user] if user else [(front[n + 1 :], "") for n in cut]
    for login, name in names:
        if login:
            yield Entry(login, (login,), file, name, front, "", time)


def _narrowed(found):
    """The readings by which all files are of one assignment, if there are such."""
    fronts = {entry.place for readings in found.values() for entry in readings if entry.who}
    titles = None
    for front in fronts:
        starts = {front[: n + 1] for n, sign in enumerate(front) if sign == "_"}
        titles = starts if titles is None else titles & starts
    if not titles or len(fronts) < 2:
        return found
    return {
        parts: tuple(e for e in readings if not e.who or e.place[: -len(e.who)] in titles)
        for parts, readings in found.items()
    }


FEEDBACK = None  # it takes no files in bulk: comments go into the column's file
