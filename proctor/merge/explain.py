"""What is told of a submitted cell that is not as it was."""

from proctor.merge.cell import as_dict
from proctor.merge.notes import add_note, counted
from proctor.merge.pictures import pictures
from proctor.merge.source import flags_of


def tell_missing(slot, whole, notes):
    """A note on a cell of the source that was not handed in."""
    if slot.role == "answer":
        what = f"The answer `{slot.name}` is not in the notebook: it counts as blank."
        add_note(notes, "missing", what, slot)
    elif whole and slot.released.strip():
        what = f"`{slot.name}` was not in the notebook: it was put back."
        add_note(notes, "restored", what, slot)


def tell(slot, cell, matched, in_order, notes):
    """Notes on a cell that was recognised."""
    if slot.index in matched.how and slot.grade_id:
        add_note(
            notes,
            "renamed",
            f"A cell had lost the name `{slot.name}`; it was recognised by "
            f"{matched.how[slot.index]}. If it is another cell, tell your instructor.",
            slot,
        )
    if not in_order:
        what = f"`{slot.name}` was in another place: it is where the assignment has it."
        add_note(notes, "moved", what, slot)
    _tell_copies(slot, len(matched.copies.get(slot.index, ())), notes)
    _tell_metadata(slot, cell, slot.index in matched.how, notes)
    if slot.role == "answer":
        _tell_answer(slot, cell, notes)
    elif slot.role == "plain":
        pass  # it is open, to try and to fill in: what they wrote follows it as a cell of its own
    elif cell.text is None or not slot.is_blank(cell.text):
        kept = " What you wrote follows it as a cell of its own." if slot.role != "locked" else ""
        add_note(notes, "edited", _differ("The text", slot) + kept, slot)


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
    add_note(notes, "copies", what, slot)


def _differ(what, slot):
    """Nobody is blamed: the assignment may be what was changed."""
    return (
        f"{what} of `{slot.name}` and the assignment's differ: the assignment's count. The "
        "assignment may have changed since it was handed out."
    )


def _tell_metadata(slot, cell, recognised, notes):
    """Notes on type, flags, points and tags, all of which come from the source.

    They differ too where the instructor changed the assignment after it was handed out.
    """
    if cell.type != slot.type:
        what = f"`{slot.name}` was a {cell.type} cell: it is a {slot.type} cell in the assignment."
        add_note(notes, "type", what, slot)
    flags = slot.flags if recognised else flags_of(as_dict(cell.role))
    if slot.grade_id and flags["points"] != slot.flags["points"]:
        what = _differ("The points", slot)
        add_note(notes, "points", what, slot)
    if slot.grade_id and {**flags, "points": 0} != {**slot.flags, "points": 0}:
        what = _differ("The grading marks", slot)
        add_note(notes, "flags", what, slot)
    if cell.tags != slot.tags:
        what = _differ("The tags", slot)
        add_note(notes, "tags", what, slot)


_TROUBLES = {
    "text": "The text of `{}` was not saved as text: what could be read of it was taken.",
    "too-long": "The text of `{}` is too long to be graded: it counts as blank.",
    "cleaned": "The text of `{}` had characters that no notebook can hold: they were removed.",
}


def _tell_answer(slot, cell, notes):
    if cell.trouble:
        add_note(notes, cell.trouble, _TROUBLES[cell.trouble].format(slot.name), slot)
    if cell.attachments and cell.attachments != slot.attachments and not _are_kept(slot, cell):
        add_note(
            notes,
            "attachments",
            f"Not all that is attached to `{slot.name}` is in the graded notebook: pictures are "
            "(PNG, JPEG, GIF, WebP; 20 MB of them). Instructor: all is in the submitted file.",
            slot,
        )


def _are_kept(slot, cell):
    """Whether all attachments of an answer are pictures that go with its text."""
    if slot.type != "markdown" or cell.type != "markdown":
        return False
    return len(pictures(cell.attachments)) == len(as_dict(cell.attachments))


def tell_added(troubles, notes):
    """Notes on added cells, one of a kind."""
    if number := troubles["metadata"]:
        what = f"Tags or grading marks of {counted(number, 'added cell')} were dropped."
        add_note(notes, "added-metadata", what)
    if number := troubles["too-long"]:
        what = f"{counted(number, 'added cell')} too long to be graded: dropped."
        add_note(notes, "added-too-long", what)
    if number := troubles["cleaned"] + troubles["text"]:
        what = (
            f"{counted(number, 'added cell')} with characters or values that are no text: cleaned."
        )
        add_note(notes, "added-cleaned", what)


def tell_neglected(slots, written, added, notes):
    """Return the blank answers to be graded by hand that may stand in a cell beside; say so.

    A blank answer scores 0 unseen. For a text, that cell is one of text; for code, any.
    """
    found = []
    for slot in slots:
        beside = added.get(slot.index - 1, []) + added.get(slot.index, [])
        if (
            slot.manual
            and slot.index not in written
            and any(kind != "code" or slot.type == "code" for kind, *_ in beside)
        ):
            what = (
                f"`{slot.name}` is blank, but something was added in a cell beside it. Instructor: "
                "it waits for you; if that is the answer, grade it."
            )
            add_note(notes, "look", what, slot)
            found.append(slot)
    return found
