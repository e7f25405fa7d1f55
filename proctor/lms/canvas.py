"""Canvas: the gradebook's CSV (instructure/canvas-lms, `lib/gradebook_exporter.rb`).

Its importer finds a column by the number in its heading's brackets and a person by ``ID``. A column
whose heading contains a word of its totals it passes over without a word.
"""

import re

from proctor.lms import Unfit
from proctor.lms.archive import ANONYMOUS, DEPTH, Entry, joined
from proctor.lms.back import Feedback
from proctor.lms.students import Columns
from proctor.lms.target import Row, Target, column_of, number

TITLE = "Canvas"
NAME = "Canvas gradebook"
_KEYS = ("ID", "SIS User ID", "SIS Login ID")
_COLUMN = re.compile(r"(.+) \((\d+)\)")
_TRAP = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
_READ_ONLY = re.compile(r"read\s+only")
_POINTS = "Points Possible"
EXCUSED = ("EX", "N/A")


def fits(sheet):
    """Whether it is such a file: ``Student, ID, …, Section`` in this order."""
    head = sheet.header()
    named = head[:1] in (["Student"], ["LastName"]) and "ID" in head and "Section" in head
    return named and head.index("ID") < head.index("Section")


def target(sheet, assignment, asked=""):
    """The `Target` of an assignment. Raises Unfit, LookupError."""
    head = sheet.header()
    titles = {n: m[1] for n, text in enumerate(head) if (m := _COLUMN.fullmatch(text))}
    column = column_of(titles, assignment, asked)
    if _TRAP.search(head[column]):
        raise Unfit(
            f"Canvas takes no marks for {head[column]!r}: its name has a word of its totals"
        )
    points = next((n for n in range(1, len(sheet.rows)) if _is_points(sheet, n)), None)
    if points is not None and _READ_ONLY.search(sheet.value(points, column)):
        raise Unfit(f"Canvas takes no marks for {head[column]!r}: its column is read only")
    keys = [head.index(name) for name in _KEYS if name in head]
    first = 1 if points is None else points + 1
    rows = [_row(sheet, place, keys, column) for place in range(first, len(sheet.rows))]
    most = None if points is None else number(sheet.value(points, column))
    return Target(column, head[column], tuple(filter(None, rows)), most)


def _is_points(sheet, row):
    return sheet.value(row, 0).strip() == _POINTS


def _row(sheet, place, keys, column):
    found = tuple(filter(None, (sheet.value(place, key).strip() for key in keys)))
    if not found or len(sheet.rows[place]) <= column:
        return None
    now = sheet.value(place, column).strip()
    locked = f"Canvas has {now!r} there" if now in EXCUSED else ""
    return Row(place, found, found[-1], locked)


# --- students -------------------------------------------------------------------------------------

STUDENTS = Columns(
    id=("sis login id", "sis user id", "id"),
    lms_user_id=("id",),
    email=(),
    name=("student", "lastname,firstname"),
    skip=("", "Student, Test", "Points Possible"),  # of a blank name: how marks are posted
)

# --- submissions ----------------------------------------------------------------------------------
# <name>[_LATE]_<user>_<attachment>_<file>; the name is the sortable one without spaces and marks,
# so that it may look like a part of what follows, and the file's name is the student's
_NUMBERS = re.compile(r"_(?=(\d+)_(?:(\d+)_(.+)|((?:text|link)\.html)$))")
_ANONYMOUS = re.compile(r"(LATE_)?anon_([^_]+)_(?:(\d+)_(.+)|((?:text|link)\.html))")


def entries(paths, _):
    """{path: `Entry` readings} of a class's files."""
    return {parts: tuple(_entries(parts)) for parts in paths}


def _entries(parts):
    for place, part in enumerate(parts[:DEPTH]):
        rest = parts[place + 1 :]
        if match := _ANONYMOUS.fullmatch(part):
            late, who, upload, file, text = match.groups()
            file = joined(file or text, rest)
            number = int(upload or 0)
            yield Entry(f"anon_{who}", (), file, "", part, ANONYMOUS, "", number, bool(late))
            return
        for match in _NUMBERS.finditer(part):
            user, upload, file, text = match.groups()
            name = part[: match.start()]
            late = name.endswith("_LATE")
            name = name.removesuffix("_LATE")
            if not name:
                continue
            file = joined(file or text, rest)
            number = int(upload or 0)
            yield Entry(f"{name}_{user}", (user,), file, name, part, "", "", number, late)


# --- feedback -------------------------------------------------------------------------------------

FEEDBACK = Feedback(
    notebooks=True,
    notes=(
        "In Canvas: Gradebook, the assignment's menu, Re-Upload Submissions. Each student gets a "
        "comment with the file, hidden until the assignment's grades are posted; each upload adds "
        "another.",
        "Whoever has handed in again since the download is passed over.",
    ),
)
