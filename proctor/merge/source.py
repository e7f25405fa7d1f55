"""The source notebook, prepared for any number of submissions."""

import copy
import json
import re
from dataclasses import dataclass

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

from proctor.wording import first_line


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
        self.norm = norm(self.released)
        self.recorded = norm(self.recorded)

    def is_blank(self, text):
        """Whether a text is the assignment's, white space at lines' ends aside."""
        return text == self.released or norm(text) in (self.norm, self.recorded)


class Pristine:
    """A source notebook prepared for any number of submissions.

    blank  the notebook to grade when nothing was handed in
    slots  one for each of its cells
    """

    def __init__(self, source, config=None, recorded=None):
        """Prepare.

        recorded  the source notebook without its solutions, as the gradebook has it, of a source
                  that was found right (`check`); by default it is checked and made as nbgrader does
        """
        if recorded is None:
            check(source)
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
        self._text = json.dumps(self.blank)
        self.kernel = self.blank.metadata.get("kernelspec", {}).get("name")
        self.minor = self.blank.nbformat_minor

    def fresh(self):
        """Return a copy of ``blank``, in a quarter of `copy.deepcopy`'s time."""
        return json.loads(self._text, object_hook=NotebookNode)


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


_ROLES = ("grade", "solution", "locked", "task")


def check(source):
    """ValueError unless nbgrader would accept the source notebook."""
    _check_names(source)
    try:
        _Validator().validate_nb(source)
    except Exception as error:
        raise ValueError(f"the source notebook's nbgrader metadata: {first_line(error)}") from error


def _check_names(source):
    """ValueError where two cells have one name: the gradebook would have one of them."""
    seen = {}
    for number, cell in enumerate(source.cells, 1):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name and any(cell.metadata.nbgrader.get(role) for role in _ROLES):
            if name in seen:
                raise ValueError(
                    f"cells {seen[name]} and {number} are both called {name!r}: give one of them "
                    "another name (its grade_id), then generate the assignment again"
                )
            seen[name] = number


def _drop_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None


def _give_ids(notebook):
    """Ids for cells that should have one and do not; nbformat's would be random."""
    if notebook.nbformat_minor < 5:
        return
    fresh = fresh_ids({cell.get("id") for cell in notebook.cells}, "cell")
    for cell in notebook.cells:
        if not cell.get("id"):
            cell["id"] = next(fresh)


def fresh_ids(taken, prefix):
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
        raise ValueError(f"the source notebook cannot be released: {first_line(error)}") from error
    return notebook


_OPEN = ("answer", "plain")  # roles of cells that a student may write in


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
        flags=flags_of(meta),
        tags=cell.metadata.get("tags", []),
        attachments=cell.get("attachments", {}),
        functions=frozenset(FUNCTION.findall(original)) if role == "answer" else frozenset(),
        variables=frozenset(VARIABLE.findall(original)) if role in _OPEN else frozenset(),
    )


def flags_of(meta):
    """What nbgrader's metadata say of a cell."""
    flags = {name: meta.get(name, False) for name in ("grade", "solution", "locked", "task")}
    return flags | {"schema": meta.get("schema_version"), "points": meta.get("points")}


FUNCTION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.M)
VARIABLE = re.compile(r"^(\w+)[ \t]*=(?!=)", re.M)
_WORDS = re.compile(r"\w+")


def _opening(text, index):
    """A name for a cell that has none: its number and its first words, without any markup."""
    words = " ".join(_WORDS.findall(text[:200])[:5])
    return f"cell {index + 1} ({words} …)" if words else f"cell {index + 1}"


def norm(text):
    """A text without what does not count: white space at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
