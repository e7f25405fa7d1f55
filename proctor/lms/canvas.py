"""Canvas: the gradebook's CSV (instructure/canvas-lms, `lib/gradebook_exporter.rb`).

Its importer finds a column by the number in its heading's brackets and a person by ``ID``. A column
whose heading contains a word of its totals it passes over without a word.
"""

import re

from proctor.lms import Unfit
from proctor.lms.target import Row, Target, column_of, number

NAME = "Canvas gradebook"
_KEYS = ("ID", "SIS User ID", "SIS Login ID")
_COLUMN = re.compile(r"(.+) \((\d+)\)")
_TRAP = re.compile(r"(Current|Final|Override|Unposted) (Score|Points|Grade|Status)", re.IGNORECASE)
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
    if points is not None and sheet.value(points, column).strip() == "(read only)":
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
