"""Reads a submitted file, whatever it is."""

import json
import re
from dataclasses import dataclass, field

from ..told import NOT_THERE
from .cell import MEGABYTE, TEXT_LIMIT, as_dict, cell_of
from .damaged import DECODER, salvage
from .matching import is_written
from .notes import add_note, counted

# A file with more structure than this is read by the slow reader, which needs little memory.
_BRACKETS = 4_000_000
_COMMAS = 8_000_000


@dataclass
class _Book:
    """What could be read of a file."""

    cells: list = field(default_factory=list)
    kernel: object = None
    format: tuple = ()
    whole: bool = True


def read_book(raw, frame, limit, notes):
    """The cells of a file, as they are in it."""
    text = _text_of_file(raw, limit, notes)
    if not text:
        return _Book()
    sides = _sides(text)
    if not sides:
        return _parse(text, notes)
    books = []
    for side in sides:
        told = []
        books.append((_parse(side, told), told))
    written = [_written(book, frame) for book, _ in books]
    second = written[1] > written[0]
    book, told = books[second]
    which = "second" if second else "first"
    add_note(
        notes,
        "conflict",
        f"The file has unresolved merge conflicts (`<<<<<<<`): the {which} version of each was "
        "used. Resolve them and hand in again if the other was meant.",
    )
    notes += told
    return book


def _text_of_file(raw, limit, notes):
    """The file's text; empty, with a note, if there is none."""
    if raw is None:
        add_note(notes, "no-file", NOT_THERE)
        return ""
    raw = bytes(raw)
    if len(raw) > limit:
        add_note(
            notes,
            "too-large",
            f"The file has {len(raw) / MEGABYTE:.1f} MB; no more than {limit / MEGABYTE:g} MB are "
            "read: every answer counts as blank. Clear all outputs, save and hand in again.",
        )
        return ""
    told = []
    text = _decode(raw, told).strip("\ufeff\0 \t\r\n")
    if text:
        notes += told
    else:
        add_note(notes, "empty", "The file is empty: every answer in it counts as blank.")
    return text


def _decode(raw, notes):
    encoding = json.detect_encoding(raw)
    # A notebook is mostly ASCII, so in UTF-16 and UTF-32 half of its bytes or more are zero.
    if encoding not in ("utf-8", "utf-8-sig") and raw[:1000].count(0) < len(raw[:1000]) / 4:
        encoding = "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode(encoding, "replace")
        add_note(
            notes,
            "encoding",
            "Some bytes of the file are not text and were read as `\ufffd`: check the answers with "
            "this character in them.",
        )
    else:
        if encoding != "utf-8":
            add_note(notes, "encoding", "The file is not plain UTF-8; it was read all the same.")
    return text


_MARKER = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})[^\n]*\n?", re.M)


def _sides(text):
    """The two versions of a file with merge conflicts in it; None if there are none."""
    if not text.startswith("<<<<<<<") and "\n<<<<<<<" not in text:
        return None
    steps = {"<": "first", "|": "neither", "=": "second", ">": "both"}
    sides, into, at = {"first": [], "second": []}, "both", 0
    for marker in _MARKER.finditer(text):
        step = steps[marker[0][0]]
        if into != "both" or step == "first":
            _put(text[at : marker.start()], into, sides)
            into, at = step, marker.end()
    _put(text[at:], into, sides)
    return ["".join(side) for side in sides.values()]


def _put(piece, into, sides):
    for name, side in sides.items():
        if into in (name, "both"):
            side.append(piece)


def _written(book, frame):
    """How many answers of the frame a book has that are not blank."""
    slots = {slot.grade_id: slot for slot in frame.slots if slot.role == "answer"}
    cells = filter(None, (cell_of(raw, TEXT_LIMIT) for raw in book.cells))
    return len(
        {
            cell.grade_id
            for cell in cells
            if cell.grade_id in slots and is_written(slots[cell.grade_id], cell)
        }
    )


def _parse(text, notes):
    """The book in a text: JSON if it is, whole cells if they can be found."""
    if sum(map(text.count, "[{")) <= _BRACKETS and text.count(",") <= _COMMAS:
        try:
            value = DECODER.decode(text)
        except (ValueError, RecursionError, MemoryError):
            pass
        else:
            return _book(value, notes)
    cells = salvage(text)
    if cells:
        what = (
            "The file is not a valid notebook (cut off, damaged, or far too complex): "
            f"{counted(len(cells), 'whole cell')} could be read, what is missing counts as blank. "
            "Open it in Jupyter, save and hand in again."
        )
    else:
        what = (
            "The file is not a notebook, and no cell could be read from it: every answer counts "
            "as blank."
        )
    add_note(notes, "not-json", what)
    return _Book(cells, whole=False)


def _book(value, notes):
    """The book of a JSON value: a notebook of any format, or a list of cells."""
    book = _Book()
    if isinstance(value, dict):
        metadata = as_dict(value.get("metadata"))
        book.kernel = as_dict(metadata.get("kernelspec")).get("name")
        book.format = (value.get("nbformat"), value.get("nbformat_minor"))
        book.cells = value.get("cells")
        if not isinstance(book.cells, list):
            book.cells = _worksheets(value.get("worksheets"))
    elif isinstance(value, list):
        book.cells = value
    if not any(isinstance(cell, dict) for cell in book.cells):
        what = "The file has no notebook cells in it: every answer counts as blank."
        add_note(notes, "not-notebook", what)
        return _Book()
    return book


def _worksheets(sheets):
    """The cells of a notebook of format 3 or older."""
    sheets = sheets if isinstance(sheets, list) else []
    lists = (as_dict(sheet).get("cells") for sheet in sheets)
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def look_at_book(book, cells, frame, notes):
    """Notes on the notebook as a whole."""
    major, minor = book.format or (None, None)
    if book.whole and (
        major != 4 or not isinstance(minor, int) or not min(frame.minor, 5) <= minor <= 5
    ):
        what = "The notebook's format is not the one that was given out; it was read all the same."
        add_note(notes, "format", what)
    if book.whole and frame.kernel and book.kernel != frame.kernel:
        what = f"The notebook names another kernel; it is graded with `{frame.kernel}`."
        add_note(notes, "kernel", what)
    odd = cells.count(None)
    if odd:
        add_note(
            notes, "odd-cells", f"{counted(odd, 'thing')} among the cells are no cells: dropped."
        )
