"""Puts the answers of a submission into the pristine source notebook.

A submission is data, not a notebook to run. The source notebook is the pristine: its cells, in its
order, with its metadata, ids, attachments, points and flags. Taken from the student is the *text*
of answer cells and of cells that they added, with the pictures pasted into it; nothing else, so a
cell that was deleted, copied, moved, retyped, renamed or re-flagged is repaired, and a note says
so.

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

from dataclasses import dataclass, field

from nbformat import NotebookNode

from proctor.files import LIMIT
from proctor.merge.assemble import ADDED_LIMIT, assemble
from proctor.merge.cell import TEXT_LIMIT
from proctor.merge.match import match
from proctor.merge.notes import Note, describe
from proctor.merge.parse import look_at_book, read_book
from proctor.merge.source import Pristine

__all__ = ["ADDED_LIMIT", "Merged", "Note", "Pristine", "describe", "merge"]


@dataclass
class Merged:
    """The notebook to grade, and what was repaired to make it."""

    notebook: NotebookNode
    notes: list = field(default_factory=list)


def merge(source, submitted, *, limit=LIMIT, text_limit=TEXT_LIMIT, config=None):
    """Return the source notebook with the submission's answers in it, and a note per repair.

    source      the source notebook as nbgrader records it (header, footer and automatic tests put
                in; solutions and hidden tests still there), or a ``Pristine`` made of it
    submitted   the submitted file's bytes, whatever they are; None if there is none
    limit       bytes above which a file is not read
    text_limit  characters above which a cell's text is not taken
    config      nbgrader's configuration (delimiters and stubs); unused with a ``Pristine``

    An answer that is not there becomes the blank stub. Nothing about ``submitted`` raises; the
    same bytes give the same result. ValueError: the source notebook itself is at fault.
    """
    pristine = source if isinstance(source, Pristine) else Pristine(source, config)
    notes = []
    book = read_book(submitted, pristine, limit, text_limit, notes)
    cells = book.cells
    if not any(cells):
        return Merged(pristine.fresh(), notes)
    look_at_book(book, cells, pristine, notes)
    matched = match(pristine.slots, cells)
    return Merged(assemble(pristine, cells, matched, book.whole, notes), notes)
