"""Reads a submitted file, whatever it is."""

import json
import re
from dataclasses import dataclass, field

from proctor.aside import Aside, TooMuch
from proctor.merge.cell import MEGABYTE, as_dict, bounded, cell_of, from_plain, to_plain
from proctor.merge.match import is_written
from proctor.merge.notes import Note, add_note, counted
from proctor.merge.repair import DECODER, salvage
from proctor.wording import NOT_THERE

# A file with more than this is read aside, at its owner's cost: what is made of a bracket or a
# number takes up to a hundred times the memory of its letters. Pictures have none of them.
_SMALL = 300_000  # bytes
_BRACKETS = 50_000
_COMMAS = 500_000
_SECONDS = 15.0  # of processor time; 50 MB of numbers take 2, and where memory is slow 6
_MEMORY = 1 << 30  # 50 MB of numbers take half of it
_ANSWER = 200_000_000  # bytes: the cells' texts in ASCII
MOST_CELLS = 5_000  # of a file


@dataclass
class _Book:
    """What could be read of a file; its cells are those of `cell_of`."""

    cells: list = field(default_factory=list)
    kernel: object = None
    format: tuple = ()
    whole: bool = True


def read_book(raw, pristine, limit, text_limit, notes):
    """The cells of a file, as they are in it."""
    if raw is None:
        add_note(notes, "no-file", NOT_THERE)
        return _Book()
    if len(raw) > limit:
        add_note(
            notes,
            "too-large",
            f"The file has {len(raw) / MEGABYTE:.1f} MB; no more than {limit / MEGABYTE:g} MB are "
            "read: every answer counts as blank. Clear all outputs, save and hand in again.",
        )
        return _Book()
    told, books = _read_aside(raw, text_limit) if _is_rich(raw) else _read(raw, text_limit)
    notes += told
    if len(books) < 2:
        return _chosen(books[0], notes) if books else _Book()
    written = [_written(book, pristine) for book, _ in books]
    second = written[1] > written[0]
    which = "second" if second else "first"
    add_note(
        notes,
        "conflict",
        f"The file has unresolved merge conflicts (`<<<<<<<`): the {which} version of each was "
        "used. Resolve them and hand in again if the other was meant.",
    )
    return _chosen(books[second], notes)


def _chosen(book_and_told, notes):
    book, told = book_and_told
    notes += told
    return book


def _is_rich(raw):
    """Whether there is so much in a file that reading it may take much."""
    if len(raw) <= _SMALL:
        return False
    if sum(map(raw.count, (b"[", b"{"))) > _BRACKETS or raw.count(b",") > _COMMAS:
        return True
    try:  # a damaged file of this size is read token by token, or has two sides
        DECODER.decode(raw.decode())
    except (ValueError, RecursionError, MemoryError):
        return True
    return False


def _read(raw, text_limit):
    """(notes, [(book, its notes)]) of a file: one book, or those of both sides of a conflict."""
    notes = []
    text = _text_of_file(raw, notes)
    sides = (_sides(text) or [text]) if text else []
    books = []
    for side in sides:
        told = []
        book = _parse(side, told)
        if len(book.cells) > MOST_CELLS:
            what = f"The file has more than {MOST_CELLS} cells: the rest is not read."
            add_note(told, "too-many", what)
        book.cells = [cell_of(cell, text_limit) for cell in book.cells[:MOST_CELLS]]
        books.append((book, told))
    return notes, books


_aside = Aside(_MEMORY)


def _read_aside(raw, text_limit):
    """What `_read` returns, from a process with limits."""
    data = text_limit.to_bytes(8, "big") + raw
    try:
        answer, _ = _aside.do(f"{__name__}:read_in_process", data, _SECONDS, _ANSWER)
    except TooMuch:
        what = (
            "The file is far too complex to be read: every answer in it counts as blank. Clear all "
            "outputs, save and hand in again."
        )
        return [Note("", what, "not-json")], []
    notes, books = json.loads(answer)
    return _notes(notes), [(_restored(**book), _notes(told)) for book, told in books]


def _restored(cells, **book):
    return _Book([from_plain(cell) for cell in cells], **book)


def _notes(plain):
    return [Note(**note) for note in plain]


def read_in_process(data):
    """Do what `_read_aside` asks for, with an answer in JSON."""
    notes, books = _read(data[8:], int.from_bytes(data[:8], "big"))
    return json.dumps(
        [notes, [[_plain(book), told] for book, told in books]], default=vars
    ).encode()


def _plain(book):
    return {
        "cells": [to_plain(cell) for cell in book.cells],
        "kernel": bounded(book.kernel, "?"),
        "format": [bounded(number, None) for number in book.format],
        "whole": book.whole,
    }


def _text_of_file(raw, notes):
    """The file's text; empty, with a note, if there is none."""
    raw = bytes(raw)
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


def _written(book, pristine):
    """How many answers of the pristine a book has that are not blank."""
    slots = {slot.grade_id: slot for slot in pristine.slots if slot.role == "answer"}
    cells = filter(None, book.cells)
    return len(
        {
            cell.grade_id
            for cell in cells
            if cell.grade_id in slots and is_written(slots[cell.grade_id], cell)
        }
    )


def _parse(text, notes):
    """The book in a text: JSON if it is, whole cells if they can be found."""
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError):
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


def look_at_book(book, cells, pristine, notes):
    """Notes on the notebook as a whole."""
    major, minor = book.format or (None, None)
    if book.whole and (
        major != 4 or not isinstance(minor, int) or not min(pristine.minor, 5) <= minor <= 5
    ):
        what = "The notebook's format is not the one that was given out; it was read all the same."
        add_note(notes, "format", what)
    if book.whole and pristine.kernel and book.kernel != pristine.kernel:
        what = f"The notebook names another kernel; it is graded with `{pristine.kernel}`."
        add_note(notes, "kernel", what)
    odd = cells.count(None)
    if odd:
        add_note(
            notes, "odd-cells", f"{counted(odd, 'thing')} among the cells are no cells: dropped."
        )
