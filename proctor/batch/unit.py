"""One notebook of one submission, graded on whatever machine."""

import hashlib
import json
import pickle
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cached_property

from nbformat import NotebookNode

from proctor.merge import merge
from proctor.plugins.collect.notebooks import grade_ids
from proctor.plugins.exporter import add_repairs
from proctor.run.job import Assignment
from proctor.run.play import NOTHING, give_nothing, play
from proctor.run.settings import Settings


@dataclass(frozen=True)
class Unit:
    """What a worker must know of an assignment to grade its notebooks.

    name        of the assignment
    assignment  what the worker's template imports
    pristines   {notebook: `proctor.merge.Pristine`}
    settings    how a notebook is played
    known       {notebook: {grade_id: fields of a job's cell}}, as `Course.known` has it
    hidden      modules and paths that a student's code cannot read, as the course names them
    """

    name: str
    assignment: Assignment
    pristines: dict
    settings: Settings
    known: dict = field(default_factory=dict)
    hidden: tuple = ()

    @cached_property
    def key(self):
        """Its name among all units: two that would grade differently have two."""
        content = (self.assignment, self.pristines, self.settings, self.known, self.hidden)
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
    """Return a `Graded`.

    template  a warm `Template` of the unit's assignment
    notebook  its name
    data      the submitted file, None if it is none
    extra     {relative path: bytes}: what lies beside it
    notes     of `proctor.merge.Note`: what was found when it was collected
    """
    merged = merge(unit.pristines[notebook], data)
    told = [[note.kind, note.what] for note in merged.notes]
    told[:0] = of_another(unit.pristines, notebook, data)
    book = add_repairs(merged.notebook, [*notes, *merged.notes])
    if data is None:
        give_nothing(book, NOTHING)
        return Graded(book, told)
    lessons, known = unit.assignment.lessons, unit.known.get(notebook, {})
    played, problems = play(template, book, lessons, unit.settings, extra or {}, known)
    return Graded(book, told, played.made, not played.unconfined, problems)


def of_another(pristines, notebook, data):
    """Return a list with a note (see `Graded`) if most cells of a file are another notebook's."""
    found = grade_ids(data)
    own = _names(pristines[notebook])
    for other, pristine in pristines.items():
        if 2 * len(found & _names(pristine) - own) > len(found):
            return [["another", f"Most of its cells are those of {other}.ipynb: is it misnamed?"]]
    return []


def _names(pristine):
    return {slot.grade_id for slot in pristine.slots if slot.grade_id}
