"""What was repaired, in sentences."""

import collections
from dataclasses import dataclass

from proctor.wording import REPAIRED


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


def describe(notes, most=3):
    """Return the notes as a short Markdown list for feedback; an empty string if there are none.

    Of notes of the same kind, the first ``most`` are written out and the rest counted.
    """
    if not notes:
        return ""
    kinds = collections.defaultdict(list)
    for note in notes:
        kinds[note.kind].append(note)
    lines = [REPAIRED, ""]
    for same in kinds.values():
        shown = same if len(same) == most + 1 else same[:most]
        lines += [f"- {note.what}" for note in shown]
        if len(same) > len(shown):
            names = ", ".join(note.cell for note in same[len(shown) :] if note.cell)
            lines.append(f"- The same for {len(same) - len(shown)} more: {names}.")
    return "\n".join(lines) + "\n"


def add_note(notes, kind, what, slot=None):
    """Note one repair, of a slot's cell or of the notebook as a whole."""
    notes.append(Note(slot.name if slot else "", what, kind))


def counted(number, thing):
    """A number of things, in words."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
