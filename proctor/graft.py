"""Puts the answers of a submission into the pristine source notebook.

A submission is data, not a notebook to run. The source notebook is the frame: its cells, in its
order, with its metadata, ids, attachments, points and flags. Taken from the student is the *text*
of answer cells and of cells that they added; nothing else, so a cell that was deleted, copied,
moved, retyped, renamed or re-flagged is repaired, and a note says so.

How a submitted cell is recognised, the first that fits:

1. its ``grade_id``;
2. its notebook cell ``id``, where the ``grade_id`` is lost or unknown;
3. its text, where that is exactly what was released;
4. for a code answer, the functions and classes it defines;
5. for an answer, its place: the only gap where it can be.

What is not recognised is a cell that the student added.

Of several copies of an answer (an editor that splits or pastes a cell copies its ``grade_id``) the
last written one that stands before the next locked cell counts, else the last written one. The
other written copies stay where they are as added cells, so that the notebook runs in the order in
which the student ran it. Blank copies and copies of locked cells are dropped.

An added cell follows the same neighbour as in the submission: the nearest known cell before it
that was not moved (a copy is not a neighbour). Added cells keep their order.
"""

import bisect
import collections
import copy
import json
import re
from dataclasses import dataclass, field

from jsonschema.validators import validator_for
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.nbgraderformat.common import BaseMetadataValidator
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearSolutions,
    ComputeChecksums,
)

from .files import LIMIT

MEGABYTE = 1_000_000
TEXT_LIMIT = MEGABYTE  # characters of a cell
ADDED_LIMIT = 2_000  # cells that a student may add

# A file with more structure than this is read by the slow reader, which needs little memory …
_BRACKETS = 4_000_000
_COMMAS = 8_000_000
# … and stops after so many tokens, a few seconds' work.
_TOKENS = 1_000_000
_DEPTH = 64


@dataclass(frozen=True)
class Note:
    """One repair.

    cell  the answer's or cell's name; empty for the notebook as a whole
    what  a sentence for the student and the instructor (Markdown, no text of the submission)
    kind  for programs:
          the file   no-file too-large empty encoding conflict not-json not-notebook format kernel
                     odd-cells too-many
          a cell     missing restored copies moved renamed type flags points tags edited
                     attachments text too-long cleaned look
          added      added-metadata added-too-long added-cleaned
    """

    cell: str
    what: str
    kind: str


@dataclass
class Grafted:
    """The notebook to grade, and what was repaired to make it."""

    notebook: NotebookNode
    notes: list = field(default_factory=list)


def graft(source, submitted, *, limit=LIMIT, text_limit=TEXT_LIMIT, config=None):
    """Return the source notebook with the submission's answers in it, and a note per repair.

    source      the source notebook as nbgrader records it (header, footer and automatic tests put
                in; solutions and hidden tests still there), or a ``Frame`` made of it
    submitted   the submitted file's bytes, whatever they are; None if there is none
    limit       bytes above which a file is not read
    text_limit  characters above which a cell's text is not taken
    config      nbgrader's configuration (delimiters and stubs); unused with a ``Frame``

    An answer that is not there becomes the blank stub. Nothing about ``submitted`` raises; the
    same bytes give the same result. ValueError: the source notebook itself is at fault.
    """
    frame = source if isinstance(source, Frame) else Frame(source, config)
    notes = []
    book = _read(submitted, frame, limit, notes)
    cells = [_cell(raw, text_limit) for raw in book.cells]
    if not any(cells):
        return Grafted(copy.deepcopy(frame.blank), notes)
    _look_at_book(book, cells, frame, notes)
    matched = _match(frame.slots, cells)
    return Grafted(_assemble(frame, cells, matched, book.whole, notes), notes)


def describe(notes, most=3):
    """Return the notes as a short Markdown list for feedback; an empty string if there are none.

    Of notes of the same kind, the first ``most`` are written out and the rest counted.
    """
    if not notes:
        return ""
    kinds = collections.defaultdict(list)
    for note in notes:
        kinds[note.kind].append(note)
    lines = ["**What was repaired in your notebook**", ""]
    for same in kinds.values():
        shown = same if len(same) == most + 1 else same[:most]
        lines += [f"- {note.what}" for note in shown]
        if len(same) > len(shown):
            names = ", ".join(note.cell for note in same[len(shown) :] if note.cell)
            lines.append(f"- The same for {len(same) - len(shown)} more: {names}.")
    return "\n".join(lines) + "\n"


# --- The frame ------------------------------------------------------------------------------------


@dataclass
class _Slot:
    """A cell of the source notebook, and how to recognise its like in a submission."""

    index: int
    role: str  # answer, task, locked (tests too) or plain
    manual: bool
    type: str
    name: str
    grade_id: str
    id: str
    released: str
    recorded: str
    flags: dict
    tags: object
    attachments: object
    functions: frozenset
    variables: frozenset

    def __post_init__(self):
        self.norm = _norm(self.released)
        self.recorded = _norm(self.recorded)

    def is_blank(self, text):
        """Whether a text is the assignment's, white space at lines' ends aside."""
        return _norm(text) in (self.norm, self.recorded)


class Frame:
    """A source notebook prepared for any number of submissions.

    blank  the notebook to grade when nothing was handed in
    slots  one for each of its cells
    """

    def __init__(self, source, config=None, recorded=None):
        """Prepare.

        recorded  the source notebook without its solutions, as the gradebook has it; by default
                  it is made as nbgrader makes it
        """
        _check(source)
        self.blank = copy.deepcopy(recorded or source)
        _drop_outputs(self.blank)
        _give_ids(self.blank)
        if recorded is None:
            recorded = _without_solutions(self.blank, config)
        released = _released(recorded, config)
        for cell, kept, given in zip(self.blank.cells, recorded.cells, released.cells, strict=True):
            # What a student answers is what was released; the rest is graded as recorded.
            cell.source = given.source if utils.is_solution(cell) else kept.source
        self.blank, _ = ComputeChecksums(config=config).preprocess(self.blank, {})
        self.slots = [
            _slot(index, cell, given, original.source)
            for index, (cell, given, original) in enumerate(
                zip(self.blank.cells, released.cells, source.cells, strict=True)
            )
        ]
        self.kernel = self.blank.metadata.get("kernelspec", {}).get("name")
        self.minor = self.blank.nbformat_minor


class _Cells(BaseMetadataValidator):
    """Leaves to nbgrader what is not right: it checks its own schema again for every cell."""

    def __init__(self):
        super().__init__()
        self._schema = validator_for(self.schema)(self.schema)

    def validate_cell(self, cell):
        about = cell.metadata.get("nbgrader", {})
        known = about.get("schema_version") == self.schema_version
        if not (known and self._schema.is_valid(about)):
            super().validate_cell(cell)


class _Validator(MetadataValidator, _Cells):
    """nbgrader's check of a notebook, with its check of a cell's metadata."""


def _check(source):
    """ValueError unless nbgrader would accept the source notebook."""
    try:
        _Validator().validate_nb(source)
    except Exception as error:
        first = str(error).strip().split("\n")[0]
        raise ValueError(f"the source notebook's nbgrader metadata: {first}") from error


def _drop_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None


def _give_ids(notebook):
    """Ids for cells that should have one and do not; nbformat's would be random."""
    if notebook.nbformat_minor < 5:
        return
    fresh = _fresh_ids({cell.get("id") for cell in notebook.cells}, "cell")
    for cell in notebook.cells:
        if not cell.get("id"):
            cell["id"] = next(fresh)


def _fresh_ids(taken, prefix):
    number = 0
    while True:
        number += 1
        if f"{prefix}-{number}" not in taken:
            yield f"{prefix}-{number}"


def _without_solutions(notebook, config):
    """The notebook as nbgrader records it."""
    return _run((ClearSolutions,), notebook, config)


def _released(recorded, config):
    """The recorded notebook as students get it."""
    return _run((ClearHiddenTests, ClearMarkScheme), recorded, config)


def _run(steps, notebook, config):
    """A copy of the notebook after nbgrader's preprocessors."""
    notebook = copy.deepcopy(notebook)
    try:
        for step in steps:
            notebook, _ = step(config=config).preprocess(notebook, {})
    except (RuntimeError, ValueError) as error:
        first = str(error).strip().split("\n")[0]
        raise ValueError(f"the source notebook cannot be released: {first}") from error
    return notebook


def _slot(index, cell, released, original):
    meta = cell.metadata.get("nbgrader", {})
    if utils.is_solution(cell):
        role = "answer"
    elif utils.is_task(cell):
        role = "task"
    else:
        role = "locked" if utils.is_locked(cell) else "plain"
    return _Slot(
        index=index,
        role=role,
        manual=bool(role == "answer" and utils.is_grade(cell)),
        type=cell.cell_type,
        name=meta.get("grade_id") or _opening(released.source, index),
        grade_id=meta.get("grade_id", ""),
        id=cell.get("id", ""),
        released=released.source,
        recorded=cell.source,
        flags=_flags(meta),
        tags=cell.metadata.get("tags", []),
        attachments=cell.get("attachments", {}),
        functions=frozenset(_FUNCTION.findall(original)) if role == "answer" else frozenset(),
        variables=frozenset(_VARIABLE.findall(original)) if role == "answer" else frozenset(),
    )


def _flags(meta):
    flags = {name: meta.get(name, False) for name in ("grade", "solution", "locked", "task")}
    return flags | {"schema": meta.get("schema_version"), "points": meta.get("points")}


_FUNCTION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.M)
_VARIABLE = re.compile(r"^(\w+)[ \t]*=(?!=)", re.M)
_WORDS = re.compile(r"\w+")


def _opening(text, index):
    """A name for a cell that has none: its number and its first words, without any markup."""
    words = " ".join(_WORDS.findall(text[:200])[:5])
    return f"cell {index + 1} ({words} …)" if words else f"cell {index + 1}"


def _norm(text):
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


# --- Reading a file -------------------------------------------------------------------------------


@dataclass
class _Book:
    """What could be read of a file."""

    cells: list = field(default_factory=list)
    kernel: object = None
    format: tuple = ()
    whole: bool = True


def _read(raw, frame, limit, notes):
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
    _note(
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
        what = "This notebook was not handed in: every answer in it counts as blank."
        _note(notes, "no-file", what)
        return ""
    raw = bytes(raw)
    if len(raw) > limit:
        _note(
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
        _note(notes, "empty", "The file is empty: every answer in it counts as blank.")
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
        _note(
            notes,
            "encoding",
            "Some bytes of the file are not text and were read as `\ufffd`: check the answers with "
            "this character in them.",
        )
    else:
        if encoding != "utf-8":
            _note(notes, "encoding", "The file is not plain UTF-8; it was read all the same.")
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
    cells = filter(None, (_cell(raw, TEXT_LIMIT) for raw in book.cells))
    return len(
        {
            cell.grade_id
            for cell in cells
            if cell.grade_id in slots and _is_written(slots[cell.grade_id], cell)
        }
    )


def _integer(digits):
    """Python refuses to read very long integers; nothing here needs their value."""
    return int(digits) if len(digits) < 20 else 0


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


def _parse(text, notes):
    """The book in a text: JSON if it is, whole cells if they can be found."""
    if sum(map(text.count, "[{")) <= _BRACKETS and text.count(",") <= _COMMAS:
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError, MemoryError):
            pass
        else:
            return _book(value, notes)
    cells = _salvage(text)
    if cells:
        what = (
            "The file is not a valid notebook (cut off, damaged, or far too complex): "
            f"{_count(len(cells), 'whole cell')} could be read, what is missing counts as blank. "
            "Open it in Jupyter, save and hand in again."
        )
    else:
        what = (
            "The file is not a notebook, and no cell could be read from it: every answer counts "
            "as blank."
        )
    _note(notes, "not-json", what)
    return _Book(cells, whole=False)


def _book(value, notes):
    """The book of a JSON value: a notebook of any format, or a list of cells."""
    book = _Book()
    if isinstance(value, dict):
        metadata = _dict(value.get("metadata"))
        book.kernel = _dict(metadata.get("kernelspec")).get("name")
        book.format = (value.get("nbformat"), value.get("nbformat_minor"))
        book.cells = value.get("cells")
        if not isinstance(book.cells, list):
            book.cells = _worksheets(value.get("worksheets"))
    elif isinstance(value, list):
        book.cells = value
    if not any(isinstance(cell, dict) for cell in book.cells):
        what = "The file has no notebook cells in it: every answer counts as blank."
        _note(notes, "not-notebook", what)
        return _Book()
    return book


def _worksheets(sheets):
    """The cells of a notebook of format 3 or older."""
    sheets = sheets if isinstance(sheets, list) else []
    lists = (_dict(sheet).get("cells") for sheet in sheets)
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _dict(value):
    return value if isinstance(value, dict) else {}


def _look_at_book(book, cells, frame, notes):
    """Notes on the notebook as a whole."""
    major, minor = book.format or (None, None)
    if book.whole and (
        major != 4 or not isinstance(minor, int) or not min(frame.minor, 5) <= minor <= 5
    ):
        what = "The notebook's format is not the one that was given out; it was read all the same."
        _note(notes, "format", what)
    if book.whole and frame.kernel and book.kernel != frame.kernel:
        what = f"The notebook names another kernel; it is graded with `{frame.kernel}`."
        _note(notes, "kernel", what)
    odd = cells.count(None)
    if odd:
        _note(notes, "odd-cells", f"{_count(odd, 'thing')} among the cells are no cells: dropped.")


# --- Reading a damaged file -----------------------------------------------------------------------

# A string ends at its line's end at the latest: in JSON it cannot go on, so a lost quotation mark
# costs one line. Possessive, so that no text takes more than linear time.
_TOKEN = re.compile(
    r'"(?P<string>(?:[^"\\\n]++|\\[^\n])*+)(?P<end>"?)(?P<key>\s*+:)?'
    r"|(?P<bracket>[\[\]{}])"
    r'|(?P<atom>[^\s"\[\]{},:]++)'
)
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')
_ATOMS = {"true": True, "false": False, "null": None}


class _Open:
    """An object or a list that is being read; ``value`` is None where it is too deep to matter."""

    __slots__ = ("before", "bracket", "broken", "key", "start", "value")

    def __init__(self, bracket, start, before, deep):
        self.bracket, self.start, self.before = bracket, start, before
        self.value = None if deep else {} if bracket == "{" else []
        self.key = None
        self.broken = False

    def put(self, value, broken=False):
        if isinstance(self.value, list):
            self.value.append(value)
            self.broken |= broken
        elif self.value is not None and self.key is not None:
            if not broken:
                self.value[self.key] = value
            self.key = None


class _Salvage:
    """Finds the cells in a text that is not JSON: objects with a cell type and a complete text.

    Nothing nested is followed by recursion, and what is closed is never looked at again.
    """

    def __init__(self):
        self.stack = []
        self.open = collections.Counter()
        self.found = []  # (start, cell)

    def feed(self, token):
        if token["bracket"]:
            self._bracket(token["bracket"], token.start())
        elif not self.stack:
            return
        elif token["string"] is None:
            atom = _atom(token["atom"])
            self.stack[-1].put(atom, broken=atom is _JUNK)
        elif token["key"]:
            self.stack[-1].key = _unescape(token["string"])
        else:
            self.stack[-1].put(_unescape(token["string"]), broken=not token["end"])

    def _bracket(self, bracket, start):
        if bracket in "[{":
            deep = len(self.stack) >= _DEPTH
            self.stack.append(_Open(bracket, start, len(self.found), deep))
            self.open[bracket] += 1
            return
        opening = "[" if bracket == "]" else "{"
        if not self.open[opening]:
            return
        while self.stack[-1].bracket != opening:
            self.close(whole=False)
        self.close(whole=True)

    def close(self, whole):
        """Close the innermost; one that lost its own bracket is not ``whole``."""
        top = self.stack.pop()
        self.open[top.bracket] -= 1
        broken = top.broken or not whole
        if top.bracket == "{":
            # a lost brace at an object's end does not damage what was read of it
            broken = False
            self._keep(top, whole)
        if self.stack:
            self.stack[-1].put(top.value, broken)

    def _keep(self, top, whole):
        value = top.value or {}
        if isinstance(value.get("cell_type"), str) and ("source" in value or "input" in value):
            if whole:  # what looks like cells within a cell (in its outputs) is part of it
                del self.found[top.before :]
            self.found.append((top.start, value))


def _salvage(text):
    """The cells that are whole in a damaged text, in their order."""
    salvage = _Salvage()
    for count, token in enumerate(_TOKEN.finditer(text)):
        if count >= _TOKENS:
            break
        salvage.feed(token)
    while salvage.stack:
        salvage.close(whole=False)
    return [cell for _, cell in sorted(salvage.found, key=lambda found: found[0])]


_JUNK = object()


def _atom(text):
    if text in _ATOMS:
        return _ATOMS[text]
    try:
        return float(text[:40])
    except ValueError:
        return _JUNK


def _unescape(string):
    """The text of a JSON string; an escape that JSON does not know stays as it is written."""
    try:
        return _DECODER.decode(f'"{string}"')
    except ValueError:
        return _ESCAPE.sub(lambda match: json.loads(f'"{match[0]}"'), string)


# --- One submitted cell ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Cell:
    """What is looked at in a submitted cell; ``text`` is None if there is none to take."""

    type: str
    text: str
    id: str
    grade_id: str
    role: object  # its nbgrader metadata
    tags: object
    attachments: object
    trouble: str = ""  # text, too-long or cleaned


def _cell(raw, text_limit):
    """The cell that a JSON value is; None if it is none."""
    if not isinstance(raw, dict):
        return None
    metadata = _dict(raw.get("metadata"))
    role = metadata.get("nbgrader")
    grade_id = role.get("grade_id") if isinstance(role, dict) else None
    text, trouble = _clean(raw["source"] if "source" in raw else raw.get("input"), text_limit)
    kind = raw.get("cell_type")
    level = raw.get("level")
    if kind == "heading" and isinstance(level, int) and text:  # of format 3
        text = "#" * min(max(level, 1), 6) + " " + text
    return _Cell(
        type=_type(kind, raw),
        text=text,
        id=raw["id"] if isinstance(raw.get("id"), str) else "",
        grade_id=grade_id if isinstance(grade_id, str) else "",
        role=role,
        tags=metadata.get("tags", []),
        attachments=raw.get("attachments"),
        trouble=trouble,
    )


def _type(kind, raw):
    if kind in ("code", "markdown", "raw"):
        return kind
    if kind in ("heading", "html"):  # of format 3
        return "markdown"
    return "code" if "outputs" in raw else "raw"


_SURROGATE = re.compile("[\ud800-\udfff]")


def _clean(source, text_limit):
    """A cell's text as nbformat can hold it, and what was the trouble with it."""
    text, trouble = source, ""
    if isinstance(source, list):
        parts = [_word(part) for part in source]
        trouble = "" if all(isinstance(part, str) for part in source) else "text"
        text = "".join(parts)
    elif not isinstance(source, str):
        text, trouble = _word(source) or None, "text"
    if text is None:
        return None, trouble
    if len(text) > text_limit:
        return None, "too-long"
    fit = _SURROGATE.sub("\ufffd", text).replace("\0", "")
    return fit, trouble or ("" if fit == text else "cleaned")


def _word(value):
    """Text that was saved as another type; nothing of what cannot have been text."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


# --- Which cell is which --------------------------------------------------------------------------


@dataclass
class _Matched:
    """Which submitted cell is which cell of the source, by their positions."""

    taken: dict = field(default_factory=dict)  # slot: position of the cell that counts
    copies: dict = field(default_factory=dict)  # slot: positions of all cells with its grade_id
    how: dict = field(default_factory=dict)  # slot: how it was recognised without its grade_id
    loose: list = field(default_factory=list)  # positions of cells not recognised


def _match(slots, cells):
    """Recognise submitted cells, surest signs first."""
    matched = _Matched()
    by_grade_id = {slot.grade_id: slot.index for slot in slots if slot.grade_id}
    copies = collections.defaultdict(list)
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if cell.grade_id in by_grade_id:
            copies[by_grade_id[cell.grade_id]].append(position)
        else:
            matched.loose.append(position)
    matched.copies = dict(copies)
    _choose_copies(slots, cells, matched)
    _match_ids(slots, cells, matched)
    _match_texts(slots, cells, matched)
    _match_functions(slots, cells, matched)
    _match_places(slots, cells, matched)
    return matched


def _choose_copies(slots, cells, matched):
    """Of each cell's copies, the one that counts (the rule is in this module's description)."""
    boundary = len(cells)
    for slot in reversed(slots):
        positions = matched.copies.get(slot.index)
        if not positions:
            continue
        if slot.role == "answer":
            written = [p for p in positions if _is_written(slot, cells[p])]
            placed = [p for p in written if p < boundary]
            matched.taken[slot.index] = (placed or written or positions[:1])[-1]
        else:
            matched.taken[slot.index] = positions[0]
            if slot.role == "locked":
                boundary = positions[0]


def _is_written(slot, cell):
    return bool(cell.text and cell.text.strip() and not slot.is_blank(cell.text))


def _claim(matched, pairs, how):
    """Take (slot, position) pairs as recognised; those already taken are passed over."""
    used = set()
    for index, position in pairs:
        if index not in matched.taken and position not in used:
            matched.taken[index] = position
            matched.how[index] = how
            used.add(position)
    matched.loose = [position for position in matched.loose if position not in used]


def _match_ids(slots, cells, matched):
    by_id = {slot.id: slot.index for slot in slots if slot.id}
    pairs = [(by_id[cells[p].id], p) for p in matched.loose if cells[p].id in by_id]
    _claim(matched, pairs, "its cell id")


def _match_texts(slots, cells, matched):
    """Cells whose text is as released; equal ones in their order."""
    free = collections.defaultdict(collections.deque)
    for slot in slots:
        if slot.norm and slot.index not in matched.taken:
            free[slot.norm].append(slot.index)
    if not free:
        return
    pairs = []
    for position in matched.loose:
        queue = free.get(_norm(cells[position].text or ""))
        if queue:
            pairs.append((queue.popleft(), position))
    _claim(matched, pairs, "its text")


def _match_functions(slots, cells, matched):
    """Code answers, by the functions and classes that they should define; the last of equals."""
    missing = [s for s in slots if s.functions and s.index not in matched.taken]
    if not missing:
        return
    where = collections.defaultdict(list)
    for position in matched.loose:
        cell = cells[position]
        if cell.text and (cell.type == "code" or cell.role is not None):
            for name in set(_FUNCTION.findall(cell.text)):
                where[name].append(position)
    pairs, used = [], set()
    for slot in missing:
        hits = collections.Counter(p for name in slot.functions for p in where[name])
        free = [p for p in hits if p not in used]
        if free:
            best = max(free, key=lambda p: (hits[p], p))
            pairs.append((slot.index, best))
            used.add(best)
    _claim(matched, pairs, "what it defines")


def _match_places(slots, cells, matched):
    """Answers by their place: between the same neighbours, of a kind that can be one."""
    loose = collections.deque(sorted(matched.loose))
    gaps = _gaps(slots, matched)
    pairs = []
    for (start, end), missing in gaps:
        while loose and loose[0] <= start:
            loose.popleft()
        inside = []
        while loose and loose[0] < end:
            inside.append(loose.popleft())
        pairs += _fit(missing, inside, cells)
    _claim(matched, pairs, "its place")


def _gaps(slots, matched):
    """((start, end), missing answers) between neighbours that stand in the source's order."""
    gaps, start, missing = [], -1, []
    in_order = _in_order(matched.taken)
    if not in_order:  # another notebook altogether: nothing in it has a place here
        return []
    for slot in slots:
        if slot.index in in_order:
            if missing:
                gaps.append(((start, matched.taken[slot.index]), missing))
            start, missing = matched.taken[slot.index], []
        elif slot.role == "answer" and slot.index not in matched.taken:
            missing.append(slot)
    return gaps + ([((start, float("inf")), missing)] if missing else [])


def _fit(missing, inside, cells):
    """Pair the answers missing in a gap with the cells in it that can be them, both in order."""
    tracked = [p for p in inside if cells[p].role is not None]
    pairs, rest = [], iter(tracked or inside)
    for slot in missing:
        for position in rest:
            if _can_be(slot, cells[position]):
                pairs.append((slot.index, position))
                break
    return pairs


def _can_be(slot, cell):
    if not cell.text or not cell.text.strip():
        return False
    if slot.type != "code":
        return cell.type != "code"
    if cell.type != "code":
        return False
    return cell.role is not None or bool(slot.variables & set(_VARIABLE.findall(cell.text)))


def _in_order(taken):
    """The largest set of slots whose cells stand in the source's order: those that did not move."""
    ends, tails, before = [], [], {}
    for index in sorted(taken):
        at = bisect.bisect_left(ends, taken[index])
        before[index] = tails[at - 1] if at else None
        ends[at : at + 1] = [taken[index]]
        tails[at : at + 1] = [index]
    kept, index = set(), tails[-1] if tails else None
    while index is not None:
        kept.add(index)
        index = before[index]
    return kept


# --- The notebook to grade ------------------------------------------------------------------------


def _assemble(frame, cells, matched, whole, notes):
    """The frame with the answers in it and the added cells after their neighbours."""
    notebook = copy.deepcopy(frame.blank)
    in_order = _in_order(matched.taken)
    written = set()
    for slot in frame.slots:
        position = matched.taken.get(slot.index)
        if position is None:
            _tell_missing(slot, whole, notes)
            continue
        cell = cells[position]
        _tell(slot, cell, matched, slot.index in in_order, notes)
        if slot.role == "answer" and cell.text is not None and not slot.is_blank(cell.text):
            notebook.cells[slot.index].source = cell.text
            written.add(slot.index)
    added = _added(frame.slots, cells, matched, in_order, notes)
    _tell_neglected(frame.slots, written, added, notes)
    notebook.cells = _woven(notebook, added, frame.minor >= 5)
    return notebook


def _added(slots, cells, matched, in_order, notes):
    """{slot: [(type, text)]} of the cells that a student added after it; -1 is the beginning."""
    added = collections.defaultdict(list)
    slot_at = {position: index for index, position in matched.taken.items()}
    copy_of = {p: index for index, positions in matched.copies.items() for p in positions}
    anchor, troubles = -1, collections.Counter()
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if position in slot_at:
            slot = slots[slot_at[position]]
            if slot.index in in_order:
                anchor = slot.index
            added[slot.index] += _overwritten(slot, cell)
        elif position in copy_of:
            slot = slots[copy_of[position]]
            if slot.role != "locked" and _is_written(slot, cell):
                added[anchor].append((cell.type, cell.text))
        else:
            troubles[cell.trouble] += 1
            troubles["metadata"] += cell.role is not None or bool(cell.tags)
            if cell.text and cell.text.strip():
                added[anchor].append((cell.type, cell.text))
    _tell_added(troubles, notes)
    return _limited(added, notes)


def _overwritten(slot, cell):
    """What a student wrote into a cell that is not theirs to change but not locked either.

    The cell itself is the source's; an answer written below a task's text is a cell of its own.
    """
    if slot.role not in ("task", "plain") or not _is_written(slot, cell):
        return []
    text = cell.text
    if cell.type == slot.type == "markdown" and text.startswith(slot.released):
        text = text[len(slot.released) :].strip("\n")
    return [(cell.type, text)]


def _limited(added, notes):
    """The added cells, no more than a notebook can sensibly have."""
    if sum(map(len, added.values())) <= ADDED_LIMIT:
        return added
    what = f"More than {ADDED_LIMIT} cells were added: the rest is not graded."
    _note(notes, "too-many", what)
    every = [(index, extra) for index in sorted(added) for extra in added[index]]
    kept = collections.defaultdict(list)
    for index, extra in every[:ADDED_LIMIT]:
        kept[index].append(extra)
    return kept


def _woven(notebook, added, with_ids):
    """The frame's cells, each followed by those that were added after it."""
    fresh = _fresh_ids({cell.get("id") for cell in notebook.cells}, "added")
    cells = [_new(extra, fresh, with_ids) for extra in added.get(-1, ())]
    for index, cell in enumerate(notebook.cells):
        cells.append(cell)
        cells += [_new(extra, fresh, with_ids) for extra in added.get(index, ())]
    return cells


def _new(extra, fresh, with_ids):
    kind, text = extra
    cell = NotebookNode(cell_type=kind, metadata=NotebookNode(), source=text)
    if kind == "code":
        cell.outputs = []
        cell.execution_count = None
    if with_ids:
        cell.id = next(fresh)
    return cell


# --- What is told ---------------------------------------------------------------------------------


def _note(notes, kind, what, slot=None):
    notes.append(Note(slot.name if slot else "", what, kind))


def _count(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _tell_missing(slot, whole, notes):
    if slot.role == "answer":
        what = f"The answer `{slot.name}` is not in the notebook: it counts as blank."
        _note(notes, "missing", what, slot)
    elif whole:
        what = f"`{slot.name}` was not in the notebook: it was put back."
        _note(notes, "restored", what, slot)


def _tell(slot, cell, matched, in_order, notes):
    """Notes on a cell that was recognised."""
    if slot.index in matched.how and slot.grade_id:
        _note(
            notes,
            "renamed",
            f"A cell had lost the name `{slot.name}`; it was recognised by "
            f"{matched.how[slot.index]}. If it is another cell, tell your instructor.",
            slot,
        )
    if not in_order:
        _note(notes, "moved", f"`{slot.name}` had been moved: it is back in its place.", slot)
    _tell_copies(slot, len(matched.copies.get(slot.index, ())), notes)
    _tell_metadata(slot, cell, slot.index in matched.how, notes)
    if slot.role == "answer":
        _tell_answer(slot, cell, notes)
    elif cell.text is None or not slot.is_blank(cell.text):
        kept = " What you wrote follows it as a cell of its own." if slot.role != "locked" else ""
        what = f"The text of `{slot.name}` differs from the assignment's, which is used.{kept}"
        _note(notes, "edited", what, slot)


def _tell_copies(slot, number, notes):
    if number < 2:
        return
    if slot.role == "locked":
        what = f"`{slot.name}` was there {number} times: the copies were dropped."
    elif slot.role == "answer":
        what = (
            f"`{slot.name}` was there {number} times: the last one written before the next locked "
            "cell is the answer, other written ones were kept as ordinary cells."
        )
    else:
        what = f"`{slot.name}` was there {number} times: written copies are ordinary cells now."
    _note(notes, "copies", what, slot)


def _tell_metadata(slot, cell, recognised, notes):
    """Notes on type, flags, points and tags, all of which come from the source."""
    if cell.type != slot.type:
        what = f"`{slot.name}` had become a {cell.type} cell: it is a {slot.type} cell again."
        _note(notes, "type", what, slot)
    flags = slot.flags if recognised else _flags(_dict(cell.role))
    if slot.grade_id and flags["points"] != slot.flags["points"]:
        what = f"The points of `{slot.name}` had been changed: the assignment's are used."
        _note(notes, "points", what, slot)
    if slot.grade_id and {**flags, "points": 0} != {**slot.flags, "points": 0}:
        what = f"The grading marks of `{slot.name}` had been changed: the assignment's are used."
        _note(notes, "flags", what, slot)
    if cell.tags != slot.tags:
        what = f"The tags of `{slot.name}` had been changed: the assignment's are used."
        _note(notes, "tags", what, slot)


_TROUBLES = {
    "text": "The text of `{}` was not saved as text: what could be read of it was taken.",
    "too-long": "The text of `{}` is too long to be graded: it counts as blank.",
    "cleaned": "The text of `{}` had characters that no notebook can hold: they were removed.",
}


def _tell_answer(slot, cell, notes):
    if cell.trouble:
        _note(notes, cell.trouble, _TROUBLES[cell.trouble].format(slot.name), slot)
    if cell.attachments and cell.attachments != slot.attachments:
        _note(
            notes,
            "attachments",
            f"Pictures attached to `{slot.name}` are not in the graded notebook. Instructor: they "
            "are in the submitted file.",
            slot,
        )


def _tell_added(troubles, notes):
    """Notes on added cells, one of a kind."""
    if number := troubles["metadata"]:
        what = f"Tags or grading marks of {_count(number, 'added cell')} were dropped."
        _note(notes, "added-metadata", what)
    if number := troubles["too-long"]:
        what = f"{_count(number, 'added cell')} too long to be graded: dropped."
        _note(notes, "added-too-long", what)
    if number := troubles["cleaned"] + troubles["text"]:
        what = (
            f"{_count(number, 'added cell')} with characters or values that are no text: cleaned."
        )
        _note(notes, "added-cleaned", what)


def _tell_neglected(slots, written, added, notes):
    """A blank answer scores 0 unseen; say so where the answer may stand beside it."""
    for slot in slots:
        beside = added.get(slot.index - 1, []) + added.get(slot.index, [])
        if slot.manual and slot.index not in written and any(t != "code" for t, _ in beside):
            _note(
                notes,
                "look",
                f"`{slot.name}` is blank, but text was added in a cell beside it. Instructor: if "
                "that is the answer, grade it by hand.",
                slot,
            )
