"""Fill: marks into a learning system's file, and what it would refuse or pass over."""

import collections
import html
from dataclasses import dataclass

from proctor.lms import Unfit, blackboard, brightspace, canvas, moodle, moodle_gradebook
from proctor.lms.people import Known
from proctor.lms.sheet import guarded, read
from proctor.lms.target import decimal, decimal_sign, number

FORMATS = (canvas, brightspace, moodle, moodle_gradebook, blackboard)
DIGITS = 2  # behind the decimal sign: what every one of them takes


@dataclass(frozen=True)
class Filled:
    """Filled: a file with marks.

    data      its bytes
    format    the format's name; ``title``: the heading of the column
    written   how many marks are new or another; ``same``: how many stood there already
    comments  how many comments are new or another
    left_out  sentences on who has a mark that is not in it, and why
    notes     what whoever imports the file has to know
    """

    data: bytes
    format: str
    title: str
    written: int
    same: int
    left_out: tuple
    notes: tuple
    comments: int = 0


def fill(data, assignment, people, marks, asked="", comments=None):
    """The `Filled` file.

    data    the bytes that the learning system gave
    people  `proctor.lms.people.Person`s
    marks   {id: points, or None if nothing was handed in: that cell stays as it is}
    asked   the column's title there, if it is not the assignment's name
    comments  {id: sentences}, if they are wanted

    Raises Unfit for a file of no known format, LookupError for a column that is not there.
    """
    sheet = read(data)
    kind = next((kind for kind in FORMATS if sheet.rows and kind.fits(sheet)), None)
    if kind is None:
        known = ", ".join(kind.NAME for kind in FORMATS)
        raise Unfit(f"its first row is none of: {known}")
    target = kind.target(sheet, assignment, asked)
    if comments is not None and target.comments is None:
        raise Unfit(f"{kind.NAME}: it has no column for comments")
    places, left_out = _matched(target.rows, people, marks)
    if target.nobody and not places:
        raise Unfit(target.nobody)
    sign = _sign(sheet, target)
    written = same = said = 0
    for row in target.rows:
        mark = marks.get(places.get(row.place))
        if mark is None:
            continue
        cells = len(sheet.rows[row.place])
        if why := _refused(mark, row, target) or _cut(cells, target, comments is not None):
            left_out.append(f"{places[row.place]}: {why}")
            continue
        said += _comment(sheet, row.place, target.comments, (comments or {}).get(places[row.place]))
        if number(sheet.value(row.place, target.column)) == round(mark, DIGITS):
            same += 1
        else:
            sheet.put(row.place, target.column, _written(mark, sign))
            written += 1
    notes = (*target.notes, *_over(target, marks))
    return Filled(
        sheet.data(), kind.NAME, target.title, written, same, tuple(left_out), notes, said
    )


def _comment(sheet, row, where, text):
    """Write a comment; whether it is another than there was."""
    if not text:
        return False
    text = guarded(" ".join(html.escape(text, quote=False).split() if where.html else text.split()))
    if where.form is not None and not sheet.value(row, where.form):
        sheet.put(row, where.form, where.format)
    if sheet.value(row, where.column) == text:
        return False
    sheet.put(row, where.column, text)
    return True


def _matched(rows, people, marks):
    """({row's place: id}, sentences on who has a mark and no row, or not one alone)."""
    known = Known(people)
    places, claimed, told = {}, collections.defaultdict(list), []
    for row in rows:
        found = known.students(row.keys)
        if len(found) > 1:
            told.append(f"{row.label} could be {', '.join(sorted(found))}: left as it is")
        elif found:
            (student,) = found
            claimed[student].append(row)
            places[row.place] = student
    for student, claims in claimed.items():
        if len(claims) > 1:
            told.append(f"{student}: {len(claims)} rows are of this student: left as they are")
            for row in claims:
                del places[row.place]
    missing = sorted(s for s, mark in marks.items() if mark is not None and s not in claimed)
    told += [f"{student}: no row in this file" for student in missing]
    return places, told


def _refused(mark, row, target):
    """Why the learning system would not take a mark; empty if it does."""
    if row.locked:
        return row.locked
    if mark < 0:
        return f"{mark:g} is below 0"
    if target.over and target.most is not None and mark > target.most:
        return f"{mark:g} is above the maximum, {target.most:g}: the learning system {target.over}"
    return ""


def _cut(cells, target, comments):
    """Whether a row ends before the cells that are filled: why; empty if it does not."""
    where = target.comments if comments else None
    last = max(n for n in (target.column, where and where.column, where and where.form) if n)
    return "its row in this file is cut short: export it anew" if last >= cells else ""


def _over(target, marks):
    """A note if marks are above what the learning system has, and it takes them."""
    most = max((mark for mark in marks.values() if mark is not None), default=0)
    if target.most is not None and most > target.most and not target.over:
        yield f"Marks go up to {most:g}, and {target.title!r} has {target.most:g} points there."


def _sign(sheet, target):
    """The decimal sign: that of the column, or of the file where the column has none yet."""
    rows = range(1, len(sheet.rows))
    own = [sheet.value(row, target.column) for row in rows]
    others = [text for row in rows for text in sheet.header(row)]
    return decimal_sign(own if any(map(decimal, own)) else others, sheet.delimiter)


def _written(mark, sign):
    """A mark as every learning system reads it: no exponent, no thousands separator."""
    text = f"{mark:.{DIGITS}f}".rstrip("0").rstrip(".")
    return text.replace(".", sign)
