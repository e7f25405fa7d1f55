"""One notebook of one submission: bytes in, bytes out, on whatever machine."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from proctor.course import Settings, play
from proctor.graft import graft
from proctor.reading import add_repairs
from proctor.template import Assignment


@dataclass(frozen=True)
class Unit:
    """What a worker must know of an assignment to grade its notebooks.

    key         names it among others
    assignment  what the worker's template imports
    frames      {notebook: `proctor.graft.Frame`}
    settings    how a notebook is played
    """

    key: str
    assignment: Assignment
    frames: dict
    settings: Settings


@dataclass
class Graded:
    """What a worker made of a notebook.

    notebook  the executed notebook, as nbformat's JSON has it
    notes     sentences: what was repaired
    made      {relative path: bytes}: files that the student's cells made
    isolated  whether something kept the student's code in
    """

    notebook: dict
    notes: list = field(default_factory=list)
    made: dict = field(default_factory=dict)
    isolated: bool = True

    def to_bytes(self):
        made = {name: b64encode(data).decode() for name, data in self.made.items()}
        return json.dumps(vars(self) | {"made": made}).encode()

    @classmethod
    def from_bytes(cls, data):
        fields = json.loads(data)
        made = {name: b64decode(text) for name, text in fields.pop("made").items()}
        return cls(made=made, **fields)


def grade(unit, template, notebook, data, extra=None, notes=()):
    """Return the bytes of a `Graded`.

    template  a warm `Template` of the unit's assignment
    notebook  its name
    data      the submitted file, None if it is none
    extra     {relative path: bytes}: what lies beside it
    notes     of `proctor.graft.Note`: what was found when it was collected
    """
    grafted = graft(unit.frames[notebook], data)
    notes = [*notes, *grafted.notes]
    book = add_repairs(grafted.notebook, notes)
    played = play(template, book, unit.assignment.lessons, unit.settings, extra or {})
    told = [note.what for note in notes]
    return Graded(book, told, played.made, not played.open).to_bytes()
