"""Blackboard: the Grade Center's file, comma or tab (help.blackboard.com, "Upload grades").

People by ``Username``; a column by the number behind ``|`` in its heading. The tab-separated file
is called ``.xls`` and is text in UTF-16.
"""

import re

from proctor.lms.target import Row, Target, column_of

NAME = "Blackboard Grade Center"
_KEYS = ("Username", "Student ID")
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
    return Target(column, head[column], tuple(filter(None, rows)), limit)


def _row(sheet, place, keys):
    found = tuple(filter(None, (sheet.value(place, key).strip() for key in keys)))
    return Row(place, found, found[0]) if found else None
