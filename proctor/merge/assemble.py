"""Makes the notebook to grade."""

import collections

from nbformat import NotebookNode

from proctor.merge.explain import tell, tell_added, tell_missing, tell_neglected
from proctor.merge.match import is_written, those_in_order
from proctor.merge.notes import add_note
from proctor.merge.pictures import MOST, pictures, size
from proctor.merge.source import fresh_ids

ADDED_LIMIT = 2_000  # cells that a student may add
BESIDE = "Blank, but the answer may stand in a cell beside this one."


def assemble(pristine, cells, matched, whole, notes):
    """The pristine with the answers in it and the added cells after their neighbours."""
    notebook = pristine.fresh()
    in_order = those_in_order(matched.taken)
    written, album = set(), _Album(pristine)
    for slot in pristine.slots:
        position = matched.taken.get(slot.index)
        if position is None:
            tell_missing(slot, whole, notes)
            continue
        cell = cells[position]
        tell(slot, cell, matched, slot.index in in_order, notes)
        if slot.role == "answer" and cell.text is not None and not slot.is_blank(cell.text):
            notebook.cells[slot.index].source = cell.text
            album.paste(cell, notebook.cells[slot.index])
            written.add(slot.index)
    added = _added(pristine.slots, cells, matched, in_order, album, notes)
    for slot in tell_neglected(pristine.slots, written, added, notes):
        # unlike what was released, it is not graded as blank: it waits for a person
        mark = "\n# {}" if slot.type == "code" else "\n\n*{}*"
        notebook.cells[slot.index].source += mark.format(BESIDE)
    notebook.cells = _woven(notebook, added, pristine.minor >= 5)
    return notebook


class _Album:
    """The pictures of a student's that go into a notebook."""

    def __init__(self, pristine):
        self.left = MOST if pristine.minor >= 1 else 0  # cells had no attachments

    def of(self, cell):
        """What there is room for of a submitted cell's pictures."""
        found = pictures(cell.attachments, self.left) if cell.type == "markdown" else {}
        self.left -= size(found)
        return found

    def paste(self, cell, into):
        """Put the pictures of a submitted cell into one of the notebook."""
        if into.cell_type == "markdown" and (found := self.of(cell)):
            into.attachments = {**into.get("attachments", {}), **found}


def _added(slots, cells, matched, in_order, album, notes):
    """{slot: [(type, text, pictures)]} of what a student added after it; -1 is the beginning."""
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
            added[slot.index] += _overwritten(slot, cell, album)
        elif position in copy_of:
            slot = slots[copy_of[position]]
            if slot.role != "locked" and is_written(slot, cell):
                added[anchor].append((cell.type, cell.text, album.of(cell)))
        else:
            troubles[cell.trouble] += 1
            troubles["metadata"] += cell.role is not None or bool(cell.tags)
            if cell.text and cell.text.strip():
                added[anchor].append((cell.type, cell.text, album.of(cell)))
    tell_added(troubles, notes)
    return _limited(added, notes)


def _overwritten(slot, cell, album):
    """What a student wrote into a cell that is not theirs to change but not locked either.

    The cell itself is the source's; an answer written below a task's text is a cell of its own.
    """
    if slot.role not in ("task", "plain") or not is_written(slot, cell):
        return []
    text = cell.text
    if cell.type == slot.type == "markdown" and text.startswith(slot.released):
        text = text[len(slot.released) :].strip("\n")
    return [(cell.type, text, album.of(cell))]


def _limited(added, notes):
    """The added cells, no more than a notebook can sensibly have."""
    if sum(map(len, added.values())) <= ADDED_LIMIT:
        return added
    what = f"More than {ADDED_LIMIT} cells were added: the rest is not graded."
    add_note(notes, "too-many", what)
    every = [(index, extra) for index in sorted(added) for extra in added[index]]
    kept = collections.defaultdict(list)
    for index, extra in every[:ADDED_LIMIT]:
        kept[index].append(extra)
    return kept


def _woven(notebook, added, with_ids):
    """The pristine's cells, each followed by those that were added after it."""
    fresh = fresh_ids({cell.get("id") for cell in notebook.cells}, "added")
    cells = [_new(extra, fresh, with_ids) for extra in added.get(-1, ())]
    for index, cell in enumerate(notebook.cells):
        cells.append(cell)
        cells += [_new(extra, fresh, with_ids) for extra in added.get(index, ())]
    return cells


def _new(extra, fresh, with_ids):
    kind, text, pasted = extra
    cell = NotebookNode(cell_type=kind, metadata=NotebookNode(), source=text)
    if kind == "code":
        cell.outputs = []
        cell.execution_count = None
    if pasted:
        cell.attachments = pasted
    if with_ids:
        cell.id = next(fresh)
    return cell
