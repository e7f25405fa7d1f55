"""One notebook of one submission: bytes in, bytes out, on whatever machine."""

import hashlib
import json
import pickle
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cached_property

from nbformat import NotebookNode

from proctor.course import Settings, play
from proctor.graft import graft
from proctor.reading import NOTHING, add_repairs, give_nothing
from proctor.template import Assignment


@dataclass(frozen=True)
class Unit:
    """What a worker must know of an assignment to grade its notebooks.

    name        of the assignment
    assignment  what the worker's template imports
    frames      {notebook: `proctor.graft.Frame`}
    settings    how a notebook is played
    known       {notebook: {grade_id: fields of a job's cell}}: see `proctor.course.Course.known`
    hidden      modules and paths that a student's code cannot read, as the course names them
    """

    name: str
    assignment: Assignment
    frames: dict
    settings: Settings
    known: dict = field(default_factory=dict)
    hidden: tuple = ()

    @cached_property
    def key(self):
        """Its name among all units: two that would grade differently have two."""
        content = (self.assignment, self.frames, self.settings, self.known, self.hidden)
        return f"{self.name}-{hashlib.sha256(pickle.dumps(content)).hexdigest()[:16]}"


@dataclass
class Graded:
    """What a worker made of a notebook.

    notebook  the executed notebook
    notes     [kind, sentence]: what was repaired, and what else is odd about the file
    made      {relative path: bytes}: files that the student's cells made
    isolated  whether something kept the student's code in
    problems  [cell, name, text]: what whoever grades is to know of cells that ran
    """

    notebook: NotebookNode
    notes: list = field(default_factory=list)
    made: dict = field(default_factory=dict)
    isolated: bool = True
    problems: list = field(default_factory=list)

    def to_bytes(self):
        made = {name: b64encode(data).decode() for name, data in self.made.items()}
        return json.dumps(vars(self) | {"made": made}).encode()

    @classmethod
    def from_bytes(cls, data):
        fields = json.loads(data, object_hook=NotebookNode)
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
    told = [[note.kind, note.what] for note in grafted.notes]
    told[:0] = of_another(unit.frames, notebook, data)
    book = add_repairs(grafted.notebook, [*notes, *grafted.notes])
    if data is None:
        give_nothing(book, NOTHING)
        return Graded(book, told).to_bytes()
    lessons, known = unit.assignment.lessons, unit.known.get(notebook, {})
    played, problems = play(template, book, lessons, unit.settings, extra or {}, known)
    return Graded(book, told, played.made, not played.open, problems).to_bytes()


_NAME = re.compile(rb'"grade_id": ?"([^"\\]+)"')


def of_another(frames, notebook, data):
    """Return a list with a note (see `Graded`) if most cells of a file are another notebook's."""
    found = {name.decode(errors="replace") for name in _NAME.findall(data or b"")}
    own = _names(frames[notebook])
    for other, frame in frames.items():
        if 2 * len(found & _names(frame) - own) > len(found):
            return [["another", f"Most of its cells are those of {other}.ipynb: is it misnamed?"]]
    return []


def _names(frame):
    return {slot.grade_id for slot in frame.slots if slot.grade_id}
