"""Moodle: the gradebook as plain text (`grade/export/txt`, `grade/import/csv`).

Whoever imports it says which column is what. One person whom the course does not know, one cell
that is no number or one mark that is locked stops the whole import.
"""

import re
import time

from proctor.lms import Unfit
from proctor.lms.students import LOGIN, MAIL, NUMBER
from proctor.lms.target import Comments, Row, Target, column_of, number

NAME = "Moodle gradebook"
# "Assignment: ps1 (Real)"; the words before and behind the title are translated
_COLUMN = re.compile(r"(?:[^:]+: )?(?P<title>.+) \((?P<shown>[^()]+)\)")
_STAMP = re.compile(r"1\d{9}")  # seconds since 1970
_REAL = ("real", "punkte", "wert", "brute", "réel", "real", "reale", "punktzahl")
_COMMENTS = ("feedback", "rückmeldung", "retroalimentación", "commento")
_YEAR = 365 * 24 * 3600


def fits(sheet):
    """Whether it is such a file: its last column says when it was made, and it says who is who."""
    stamps = _stamps(sheet)
    return bool(stamps) and all(map(_STAMP.fullmatch, stamps)) and bool(_keys(sheet))


def target(sheet, assignment, asked=""):
    """The `Target` of an assignment. Raises Unfit, LookupError."""
    head = sheet.header()
    found = {n: m for n, text in enumerate(head) if (m := _COLUMN.fullmatch(text))}
    marks = {n: m["title"] for n, m in found.items() if m["shown"].casefold() in _REAL}
    column = column_of(marks or {n: m["title"] for n, m in found.items()}, assignment, asked)
    rows = tuple(
        _row(sheet, place, column)
        for place in range(1, len(sheet.rows))
        if any(sheet.header(place))
    )
    title = found[column]["title"]
    comments = None
    for n, match in found.items():
        if match["title"] == title and match["shown"].casefold() in _COMMENTS:
            comments = Comments(n, html=True)
    _check(sheet, column, rows)
    notes = [
        "One person whom the Moodle course does not know, or one locked mark, stops the whole "
        "import there: download it and import it on the same day.",
        "The file says no maximum; Moodle takes none above its own.",
        "In Moodle marks from this file stand over those of the assignment itself: the grading "
        "worksheet is the better way where there is one.",
    ]
    return Target(column, head[column], rows, notes=tuple(notes), comments=comments)


def _keys(sheet):
    head = [text.casefold().strip() for text in sheet.header()]
    return [n for n, text in enumerate(head) if text in (*NUMBER, *LOGIN, *MAIL)]


def _stamps(sheet):
    rows = [sheet.header(row) for row in range(1, len(sheet.rows)) if any(sheet.header(row))]
    return {cells[-1].strip() for cells in rows}


def _row(sheet, place, column):
    keys = (sheet.value(place, n).strip() for n in _keys(sheet))
    keys = tuple(filter(None, keys))
    return Row(place, keys, keys[-1] if keys else f"row {place + 1}")


def _check(sheet, column, rows):
    """Raise Unfit where Moodle would take nothing of the file."""
    for row in rows:
        text = sheet.value(row.place, column).strip()
        if text not in ("", "-") and number(text) is None:
            raise Unfit(f"Moodle takes nothing of it: {text!r} in row {row.place + 1} is no number")
        if not row.keys:
            raise Unfit(f"Moodle takes nothing of it: row {row.place + 1} does not say who that is")
        if len(sheet.rows[row.place]) != len(sheet.rows[0]):
            raise Unfit(f"row {row.place + 1} has not as many cells as the heading")
    age = time.time() - min(map(int, _stamps(sheet)))
    if age > _YEAR or age < -60:
        when = "more than a year ago" if age > 0 else "in the future"
        raise Unfit(f"Moodle takes nothing of it: it says it was downloaded {when}")
