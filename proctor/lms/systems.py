"""Systems: the learning systems by name, and which of them a file is from."""

from proctor.lms import (
    NAMES,
    Unfit,
    blackboard,
    brightspace,
    canvas,
    ilias,
    moodle,
    moodle_gradebook,
)
from proctor.lms.students import FIRST, LAST, LOGIN, MAIL, NUMBER, enrolled, listed

SYSTEMS = dict(zip(NAMES, (canvas, moodle, blackboard, ilias, brightspace), strict=True))


def of_list(sheet):
    """The module whose list of students a sheet is. Raises Unfit."""
    head = {text.casefold().strip() for text in sheet.header()} if sheet.rows else set()
    if sheet.rows and canvas.fits(sheet):
        return canvas
    if "orgdefinedid" in head:
        return brightspace
    if {"username", "last access"} <= head or {"username", "student id", "last name"} <= head:
        return blackboard
    if sheet.rows and (moodle.fits(sheet) or moodle_gradebook.fits(sheet)):
        return moodle
    named = head & set(FIRST) or head & set(LAST) or head & set(moodle.STUDENTS.name)
    if named and head & set(MAIL):
        return ilias if head & set(LOGIN) and not head & set(NUMBER) else moodle
    if named and head & set(LOGIN):
        return ilias
    known = ", ".join(kind.TITLE for kind in SYSTEMS.values())
    raise Unfit(f"its first row is no list of students of: {known}")


def students(sheet, asked=""):
    """(the module, its list's `Enrolled`). Raises Unfit."""
    kind = of_list(sheet)
    return kind, enrolled(sheet, kind.STUDENTS, asked)


def people_of(sheet):
    """(the module, a list's `Listed` people, with the keys that an archive has). Raises Unfit."""
    kind = of_list(sheet)
    rows = listed(sheet, kind.STUDENTS)
    if kind is moodle and moodle.fits(sheet):
        rows = list(moodle.participants(sheet, rows))
    return kind, rows
