"""Moodle: the offline grading worksheet (`mod/assign/gradingtable.php`).

Its importer reads the participant's number behind a translated word in the first column, and passes
over, without a word, a mark above the maximum or of a person whose grade is locked. Headings are
translated; where none of those below is there, the columns of marks are found by what is in them.
"""

import re

from proctor.lms import Unfit
from proctor.lms.archive import GROUP, Entry, joined, outermost
from proctor.lms.back import Feedback
from proctor.lms.people import Listed
from proctor.lms.students import FIRST, LAST, LOGIN, MAIL, NUMBER, Columns
from proctor.lms.target import Comments, Row, Target, number

TITLE = "Moodle"
NAME = "Moodle grading worksheet"
_PARTICIPANT = re.compile(r"\D+(\d+)")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_GRADE = ("grade", "bewertung", "note", "calificación", "valutazione")
_MOST = (
    *("maximum grade", "höchste bewertung", "bestnote", "note maximale", "calificación máxima"),
    "valutazione massima",
)
_SCALE = ("scale", "skala", "barème", "escala", "scala")
_KEYS = (*NUMBER, *LOGIN)
_CAN = (
    *("grade can be changed", "bewertung kann geändert werden", "la note peut être modifiée"),
    *("la calificación puede ser cambiada", "la valutazione può essere modificata"),
)
_NO = ("no", "nein", "non")
_COMMENT = (
    *("feedback comments", "feedback als kommentar", "feedback par commentaires"),
    *("comentarios de retroalimentación", "commenti di feedback"),
)
_STAMP = (
    *("last modified (grade)", "zuletzt geändert (bewertung)", "dernière modification (note)"),
    *("última modificación (calificación)", "laatst gewijzigd (cijfer)"),
)
_MONTH = re.compile(
    "January|February|March|April|May|June|July|August|September|October|November|December"
)
_NAME = ("full name", "vollständiger name", "nom complet", "nombre completo", "nome completo")
_GROUP = ("group", "gruppe", "groupe", "grupo", "gruppo")
_TIME = (
    *("last modified (submission)", "zuletzt geändert (abgabe)"),
    *("dernière modification (travail remis)", "última modificación (entrega)"),
)


def fits(sheet):
    """Whether it is such a file: ``Participant 12345`` below its first heading, and a grade."""
    first = [sheet.value(row, 0) for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    named = bool(first) and all(map(_PARTICIPANT.fullmatch, first))
    return named and _places(sheet)[0] is not None


def target(sheet, assignment, asked=""):
    """The `Target`; a worksheet is of one assignment, which its file's name says. Raises Unfit."""
    head = sheet.header()
    if _column(head, _SCALE) is not None:
        raise Unfit("this assignment is graded by a scale in Moodle: points are no words of it")
    column, most = _places(sheet)
    keys = [n for n, text in enumerate(head) if text.casefold().strip() in _KEYS]
    can = _column(head, _CAN)
    places = [row for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    if any(len(sheet.rows[row]) != len(head) for row in places):
        raise Unfit("a row has not as many cells as the heading, which Moodle refuses")
    rows = tuple(_row(sheet, place, keys, can) for place in places)
    limit = None if most is None else number(sheet.value(places[0], most))
    notes = [
        "Upload it to Moodle in the language in which it was downloaded, and soon: a mark that was "
        "changed there since is passed over."
    ]
    stamp = _column(head, _STAMP)
    stamps = {sheet.value(row, stamp).strip() for row in places} if stamp is not None else set()
    if stamps - {"", "-"} and not any(map(_MONTH.search, stamps)):
        notes.append(
            "Moodle may not read the times in it, which are not in English; it then takes marks "
            "over older ones only with “Allow updating records that have been modified more "
            "recently”."
        )
    if can is None:
        notes.append("It does not say, in words known here, which marks are locked in Moodle.")
    if limit is None:
        notes.append("It says no maximum; Moodle passes over a mark that is above its own.")
    comment = _column(head, _COMMENT)
    if comment is not None:
        notes.append("In Moodle an empty cell of the comments' column erases a comment.")
    comments = None if comment is None else Comments(comment, html=True)
    blind = all(row.keys[0].startswith(anonymous("")) for row in rows)
    nobody = (
        "it says of nobody who that is (no address, ID number or username): where marking is "
        "blind, reveal the identities in Moodle and download it again"
    ) * blind
    over = "passes over it"
    return Target(column, head[column], rows, limit, over, tuple(notes), comments, nobody)


def _places(sheet):
    """(column of marks, column of the maximum), each None if it is not there.

    In a language that is not known here: the maximum is the one number that stands in all rows, and
    before it stand marks or nothing.
    """
    head = sheet.header()
    column, most = _column(head, _GRADE), _column(head, _MOST)
    if column is not None or most is not None:
        return column, most
    rows = [row for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    for place in range(2, len(head)):
        cells = {sheet.value(row, place).strip() for row in rows}
        before = {sheet.value(row, place - 1).strip() for row in rows} - {""}
        numbers = all(number(text) is not None for text in before)
        if len(cells) == 1 and number(*cells) is not None and numbers:
            return place - 1, place
    return None, None


def _column(head, names):
    return next((n for n, text in enumerate(head) if text.casefold().strip() in names), None)


def _row(sheet, place, keys, can):
    cells = [sheet.value(place, n).strip() for n in range(1, len(sheet.rows[place]))]
    named = [sheet.value(place, key).strip() for key in keys]
    label = sheet.value(place, 0)
    found = tuple(filter(None, (*named, *filter(_MAIL.fullmatch, cells))))
    found = found or (anonymous(_PARTICIPANT.fullmatch(label)[1]),)
    locked = can is not None and sheet.value(place, can).strip().casefold() in _NO
    why = "its grade is locked in Moodle" if locked else ""
    return Row(place, found, label, why)


# --- students -------------------------------------------------------------------------------------

STUDENTS = Columns(
    id=(*LOGIN, *NUMBER, *MAIL),
    lms_user_id=NUMBER,
    first=FIRST,
    last=LAST,
    name=_NAME,
    keys=(*LOGIN, *NUMBER),
    group=_GROUP,
    time=_TIME,
)


def participants(sheet, listed):
    """The `Listed` people of a worksheet, with their participants' numbers in this assignment.

    listed  the same people without them
    """
    rows = (row for row in range(1, len(sheet.rows)) if any(sheet.header(row)))
    for row, one in zip(rows, listed, strict=True):
        if match := _PARTICIPANT.fullmatch(sheet.value(row, 0)):
            keys, word = (participant(match[1]), *one.keys), match[0].removesuffix(match[1])
            yield Listed(keys, one.name, one.group, one.time, word)


def participant(digits):
    """The key for a participant's number, which is another one in each assignment."""
    return f"participant {digits}"


def anonymous(digits):
    """The student's id here of a participant whose name Moodle keeps back."""
    return f"participant-{digits}"


# --- submissions ----------------------------------------------------------------------------------
# <Full name>_<participant>_assignsubmission_<file|onlinetext>[_]/…, or before the file's name
_FOLDER = re.compile(
    r"(?P<name>[^_]*)(?:_(?P<number>\d+))?_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)"
)


def entries(paths, _):
    """{path: `Entry` readings} of a class's files."""
    return {parts: tuple(_entries(parts)) for parts in paths}


def _entries(parts):
    match, rest = outermost(parts, _FOLDER)
    if not match or not (match["file"] or rest):
        return
    name, digits = match["name"], match["number"]
    place = match[0].removesuffix(match["file"]) if match["file"] else match[0]
    file = joined(match["file"], rest)
    if digits is None:
        yield Entry(name, (), file, name, place, GROUP)
    else:
        yield Entry(f"{name}_{digits}", (participant(digits),), file, name, place)


# --- feedback -------------------------------------------------------------------------------------


def place_of(key):
    """The name in an archive of feedback of whoever has a participant's number."""
    return f"Participant_{key.removeprefix('participant ')}_assignsubmission_file"


FEEDBACK = Feedback(
    notes=(
        "In Moodle: the assignment's Submissions, Upload multiple feedback files in a zip (its "
        "feedback type “Feedback files” has to be on). Students see them at once, unless a marking "
        "workflow holds them back.",
    ),
)
