"""Moodle: the offline grading worksheet (`mod/assign/gradingtable.php`).

Its importer reads the participant's number behind a translated word in the first column, and passes
over, without a word, a mark above the maximum or of a person whose grade is locked. Headings are
translated; the ones below are English and German.
"""

import re

from proctor.lms import Unfit
from proctor.lms.target import Row, Target, number

NAME = "Moodle grading worksheet"
_PARTICIPANT = re.compile(r"\D+\d+")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_GRADE = ("grade", "bewertung")
_MOST = ("maximum grade", "höchste bewertung", "bestnote")
_SCALE = ("scale", "skala")
_KEYS = ("id number", "id-nummer", "username", "anmeldename")
_CAN = ("grade can be changed", "bewertung kann geändert werden")
_NO = ("no", "nein")
_COMMENT = ("feedback comments", "feedback als kommentar")


def fits(sheet):
    """Whether it is such a file: ``Participant 12345`` below its first heading, and a grade."""
    first = [sheet.value(row, 0) for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    named = bool(first) and all(map(_PARTICIPANT.fullmatch, first))
    return named and _column(sheet.header(), _GRADE) is not None


def target(sheet, assignment, asked=""):
    """The `Target`; a worksheet is of one assignment, which its file's name says. Raises Unfit."""
    head = sheet.header()
    if _column(head, _SCALE) is not None:
        raise Unfit("this assignment is graded by a scale in Moodle: points are no words of it")
    column, most = _column(head, _GRADE), _column(head, _MOST)
    keys = [n for n, text in enumerate(head) if text.casefold().strip() in _KEYS]
    can = _column(head, _CAN)
    places = [row for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    if any(len(sheet.rows[row]) != len(head) for row in places):
        raise Unfit("a row has not as many cells as the heading, which Moodle refuses")
    rows = tuple(_row(sheet, place, keys, can) for place in places)
    if not any(row.keys for row in rows):
        raise Unfit(
            "it says of nobody who that is (no address, ID number or username): where marking is "
            "blind, reveal the identities in Moodle and download it again"
        )
    limit = None if most is None else number(sheet.value(places[0], most))
    notes = ["Upload it to Moodle in the language in which it was downloaded."]
    if limit is None:
        notes.append("It says no maximum; Moodle passes over a mark that is above its own.")
    if _column(head, _COMMENT) is not None:
        notes.append("In Moodle an empty cell of the comments' column erases a comment.")
    return Target(column, head[column], rows, limit, "passes over it", tuple(notes))


def _column(head, names):
    return next((n for n, text in enumerate(head) if text.casefold().strip() in names), None)


def _row(sheet, place, keys, can):
    cells = [sheet.value(place, n).strip() for n in range(1, len(sheet.rows[place]))]
    named = [sheet.value(place, key).strip() for key in keys]
    found = tuple(filter(None, (*named, *filter(_MAIL.fullmatch, cells))))
    locked = can is not None and sheet.value(place, can).strip().casefold() in _NO
    why = "its grade is locked in Moodle" if locked else ""
    return Row(place, found, sheet.value(place, 0), why)
