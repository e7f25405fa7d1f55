"""Brightspace: the grades' CSV (community.d2l.com, "Import grades").

Columns ``OrgDefinedId`` and ``Username``, either or both, marks in ``… Points Grade``, last
``End-of-Line Indicator``. A mark above the maximum is capped without a word, unless the item allows
it.
"""

import re

from proctor.lms.archive import Entry, outermost
from proctor.lms.back import Feedback
from proctor.lms.students import Columns
from proctor.lms.target import Row, Target, column_of

TITLE = "Brightspace"
NAME = "Brightspace grades"
_KEYS = ("Username", "OrgDefinedId")
_COLUMN = re.compile(r"(.+) Points Grade(?: <(.*)>)?")
_MOST = re.compile(r"MaxPoints:(\d+(?:\.\d+)?)")
_END = "End-of-Line Indicator"


def fits(sheet):
    """Whether it is such a file."""
    head = sheet.header()
    return head[-1:] == [_END] and bool(set(head) & set(_KEYS))


def target(sheet, assignment, asked=""):
    """The `Target` of an assignment. Raises LookupError."""
    head = sheet.header()
    found = {n: m for n, text in enumerate(head) if (m := _COLUMN.fullmatch(text))}
    column = column_of({n: match[1] for n, match in found.items()}, assignment, asked)
    most = _MOST.search(found[column][2] or "")
    keys = [head.index(name) for name in _KEYS if name in head]
    rows = [_row(sheet, place, keys) for place in range(1, len(sheet.rows))]
    notes = ("In Brightspace imported marks count as published.",)
    limit = float(most[1]) if most else None
    return Target(column, head[column], tuple(filter(None, rows)), limit, "cuts it", notes)


def _row(sheet, place, keys):
    # an exported id has a "#" before it, so that a spreadsheet leaves its zeros
    found = (sheet.value(place, key).strip().removeprefix("#") for key in keys)
    found = tuple(filter(None, found))
    return Row(place, found, found[0]) if found else None


# --- students -------------------------------------------------------------------------------------

STUDENTS = Columns(
    id=("username", "orgdefinedid"), lms_user_id=("orgdefinedid",), keys=("orgdefinedid",)
)

# --- submissions ----------------------------------------------------------------------------------
# <number>-<number> - [<id> - ]<First Last> - <Mon d, yyyy hmm AM>, a folder or before the file
_WHEN = (
    r"(?P<month>[^\W\d]+)\.? (?P<day>\d\d?), (?P<year>\d{4}) (?P<clock>\d{3,4}) ?(?P<half>[AP]M)?"
)
_PERSON = re.compile(
    r"(?P<numbers>\d+-\d+) - (?:(?P<org>\S*\d\S*) - )?(?P<name>.+?) ?- "
    rf"{_WHEN}(?: - (?P<file>.+))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def entries(paths, _):
    """{path: `Entry` readings} of a class's files; in most only a name says who it is."""
    return {parts: tuple(_entries(parts)) for parts in paths}


def _entries(parts):
    match, rest = outermost(parts, _PERSON)
    if match and (match["file"] or rest):
        org = match["org"] or ""
        keys = (org,) if org else ()
        who = f"{match['numbers']} - {org or match['name']}"
        file = "/".join(rest) if rest else match["file"]
        place = match[0].removesuffix(f" - {match['file']}") if match["file"] else match[0]
        yield Entry(who, keys, file, match["name"].strip(), place, "", _time(match))
    elif parts[-1] == "index.html":
        yield Entry("", (), "")  # the system's own list of submissions


def _time(match):
    """The time, empty where its month has no English name."""
    month = match["month"][:3].casefold()
    if month not in _MONTHS:
        return ""
    hour, minute = divmod(int(match["clock"]), 100)
    if match["half"]:
        hour = hour % 12 + 12 * (match["half"].upper() == "PM")
    day = f"{match['year']}-{_MONTHS.index(month) + 1:02}-{int(match['day']):02}"
    return f"{day}T{hour:02}:{minute:02}:00"


# --- feedback -------------------------------------------------------------------------------------

FEEDBACK = Feedback(
    notes=(
        "In Brightspace: the assignment's submissions, Add Feedback Files. The rule by which it "
        "reads names is not published: try it on one student first.",
    ),
)
