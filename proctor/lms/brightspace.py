"""Brightspace: the grades' CSV (community.d2l.com, "Import grades").

Columns ``OrgDefinedId`` and ``Username``, either or both, marks in ``… Points Grade``, last
``End-of-Line Indicator``. A mark above the maximum is capped without a word, unless the item allows
it.
"""

import re

from proctor.lms.target import Row, Target, column_of

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
