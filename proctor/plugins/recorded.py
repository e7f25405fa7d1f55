"""Recorded source: the source notebook as the gradebook has it, and how the file differs."""

import json
from itertools import chain

from nbformat.notebooknode import from_dict
from nbgrader import utils
from nbgrader.api import GradeCell, TaskCell
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import InstantiateTests
from sqlalchemy.orm import object_session

from proctor.merge.source import norm

KIND = "kind of cell"  # test, answer, task or read-only


def as_recorded(notebook, entry, path="the source notebook", mark=None):
    """The source notebook with what ``nbgrader generate_assignment`` recorded of its cells.

    entry  the `nbgrader.api.Notebook`: texts (automatic tests are written out in them), types,
           points and kernel as students have them
    mark   what marks an automatic test in the source; None: points and texts may differ

    NbGraderException: other cells are recorded than the notebook has, or they were edited since.
    Solutions may differ, and the text of locked prose: neither changes what a test gives.
    """
    texts = {cell.name: cell for cell in entry.source_cells}
    query = object_session(entry).query  # `entry.grade_cells` would ask for points cell by cell
    scored = chain(*(query(kind).filter_by(notebook_id=entry.id) for kind in (GradeCell, TaskCell)))
    points = {cell.name: cell.max_score for cell in scored}
    roles = {
        "grade": {cell.name for cell in entry.grade_cells},
        "solution": {cell.name for cell in entry.solution_cells},
        "task": {cell.name for cell in entry.task_cells},
    }
    missing, edited = set(texts), {}
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        name = meta.get("grade_id")
        if name in texts:
            missing.discard(name)
            recorded = {role: name in names for role, names in roles.items()}
            if name in points:
                recorded["points"] = points[name]
            if found := _edits(cell, texts[name], recorded, mark):
                edited[name] = found
            cell.source = texts[name].source
            meta.update(recorded)
            if utils.is_locked(cell) != texts[name].locked:
                meta["locked"] = texts[name].locked
        elif utils.is_grade(cell) or utils.is_solution(cell) or utils.is_task(cell):
            missing.add(name)
    if missing or edited:
        raise NbGraderException(_differ(path, entry, missing, edited))
    kernel = json.loads(entry.kernelspec or "{}")
    if kernel:
        notebook.metadata["kernelspec"] = from_dict(kernel)
    return notebook


def autotest(config):
    """What marks an automatic test in the source.

    None if the course's own steps rewrite cells at their release: a cell's points and text cannot
    be compared with what was recorded then.
    """
    steps = config.GenerateAssignment.get("preprocessors", [])
    if not isinstance(steps, list):  # added to the defaults
        return None
    names = [step if isinstance(step, str) else f"{step.__module__}." for step in steps]
    if not all(name.startswith("nbgrader.preprocessors.") for name in names):
        return None
    return InstantiateTests(config=config).autotest_delimiter


def _edits(cell, recorded, kept, mark):
    """What of a source cell, without its solution, differs from its record; words for people.

    recorded  its `nbgrader.api.SourceCell`
    kept      its roles and points in the gradebook
    mark      of automatic tests; None: points and text may differ
    """
    if cell.cell_type != recorded.cell_type:
        return ["cell type"]
    meta, found = cell.metadata.nbgrader, []
    roles = [meta.get(role, False) != kept[role] for role in ("grade", "solution", "task")]
    if any(roles) or utils.is_locked(cell) != recorded.locked:
        found.append(KIND)
    if mark and "points" in kept and float(meta.get("points") or 0) != float(kept["points"]):
        found.append(f"points: {float(kept['points']):g} recorded, {meta.get('points')} now")
    if mark and ((recorded.locked and cell.cell_type == "code") or kept["task"]):
        text, lines = norm(cell.source).split("\n"), norm(recorded.source).split("\n")
        if mark in cell.source:  # the recorded cell has code in the place of these lines
            left = iter(lines)
            same = all(line in left for line in text if mark not in line)
        else:
            same = text == lines
        if not same:
            found.append("text")
    return found


def _differ(path, entry, missing, edited):
    """One line: which cells differ, and what to do."""
    assignment = entry.assignment.name
    cells = [*sorted(missing)]
    cells += [f"{name} ({', '.join(what)})" for name, what in sorted(edited.items())]
    told = f"{path} and the gradebook differ in {', '.join(cells)}: "
    told += f"run `nbgrader generate_assignment {assignment} --force`, then grade with --force"
    structural = missing or any(KIND in what for what in edited.values())
    if structural and entry.submissions:
        told += way_out(assignment, "put the cells back")
    return told


def way_out(assignment, other):
    """What to do where `nbgrader generate_assignment` refuses to change cells or notebooks."""
    return (
        f". nbgrader refuses that while the gradebook has submissions: {other}; or forget all "
        f"grades, by hand too, with `nbgrader db assignment remove {assignment} --force` first"
    )
