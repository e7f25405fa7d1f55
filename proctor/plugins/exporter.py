"""Reads a submission in nbgrader's way: in place of the exporter that ``autograde`` reads with."""

import contextlib
import copy
import functools
import glob
import json
import os
import shutil
import sys
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager, NoSuchKernel
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.api import GradeCell, MissingEntry, TaskCell
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import ClearSolutions, Execute, IncludeHeaderFooter, InstantiateTests
from sqlalchemy.orm import object_session

from proctor.files import read
from proctor.merge import Pristine, describe, merge
from proctor.merge.source import check, norm
from proctor.plugins import gradebook
from proctor.plugins.collect import notes, refuse_names, set_aside
from proctor.plugins.resume import Unfinished, end_with_failure, is_excluded
from proctor.wording import first_line

NOTHING = "no file was handed in, so this test was not run"
KIND = "kind of cell"  # test, answer, task or read-only


class Exporter(NotebookExporter):
    """Reads a submitted notebook as data: its answers, in the source's pristine."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._frames = {}
        names, unfinished = expect(self.parent), Unfinished(self.parent)
        unfit = refuse_names(self.parent)
        if not hasattr(self.parent, "refused") and unfinished.is_any_due():
            self._check_source(names)
        refused = unfit | set_aside(self.parent) | unfinished.watch()
        refused = {f: error for f, error in refused.items() if not is_excluded(self.parent, f)}
        if hasattr(self.parent, "refused"):  # it tells of them itself
            self.parent.refused = refused
        else:
            end_with_failure(self.parent, refused)

    def from_filename(self, filename, resources=None, **kwargs):
        """Graft a file of ``submitted/``; read one of ``autograded/`` as it is."""
        course = self.parent.coursedir
        about = (resources or {}).get("nbgrader")
        submitted = course.format_path(
            course.submitted_directory, about["student"], about["assignment"]
        )
        if Path(filename).parent.resolve() != Path(submitted).resolve():
            return super().from_filename(filename, resources, **kwargs)
        merged = merge(self.pristine(about, resources), read(filename))
        for note in merged.notes:
            self.log.warning("%s: %s", filename, note.what)
        notebook = add_repairs(merged.notebook, [*notes(submitted), *merged.notes])
        return self.from_notebook_node(notebook, resources, **kwargs)

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """Convert a notebook; a test in it that nothing is going to run gives no points."""
        executes = [step for step in self._preprocessors if isinstance(step, Execute)]
        if executes and not any(step.enabled for step in executes):
            give_nothing(nb, "this test was not run, so it gives no points")
        return super().from_notebook_node(nb, resources, **kwargs)

    def pristine(self, about, resources):
        """The source notebook as it was released, prepared once for all submissions."""
        key = about["assignment"], about["notebook"]
        if key not in self._frames:
            course = self.parent.coursedir
            folder = course.format_path(course.source_directory, ".", about["assignment"])
            path = Path(folder, f"{about['notebook']}.ipynb")
            if not path.is_file():
                raise NbGraderException(
                    f"{path} is not there: submissions are graded in its pristine"
                )
            source = nbformat.read(path, as_version=nbformat.current_nbformat)
            source, _ = IncludeHeaderFooter(parent=self.parent).preprocess(source, resources)
            try:
                unsolved = self._unsolved(source)
                check(source)
                with gradebook.of(self.parent) as book:
                    entry = book.find_notebook(*reversed(key))
                    recorded = as_recorded(unsolved, entry, path, autotest(self.config))
                self._check_kernel(recorded, path)
                self._frames[key] = Pristine(source, self.config, recorded)
            except (RuntimeError, ValueError) as error:
                place = f"{path}{self._faulty_cell(source)}"
                raise NbGraderException(f"{place}: {first_line(error)}") from None
        return self._frames[key]

    def _check_source(self, names):
        """Say what is wrong with the source, before anything is removed to be made again."""
        course = self.parent.coursedir
        with contextlib.chdir(course.root):  # a header of notebooks is named from there
            for name in names:
                about = {"assignment": course.assignment_id, "notebook": Path(name).stem}
                try:
                    self.pristine(about, {"nbgrader": about})
                except NbGraderException as error:
                    self.log.error("%s", error)
                    raise

    def _unsolved(self, source):
        return ClearSolutions(parent=self.parent).preprocess(copy.deepcopy(source), {})[0]

    def _faulty_cell(self, source):
        """The first cell that alone makes a source notebook unfit, in words."""
        for number, cell in enumerate(source.cells, 1):
            alone = copy.copy(source)
            alone.cells = [cell]
            try:
                self._unsolved(alone)
                Pristine(alone, self.config)
            except (RuntimeError, ValueError):
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                return f", cell {number}" + (f" ({name})" if name else "")
        return ""

    def _check_kernel(self, notebook, path):
        """Refuse a source notebook that is not Python's."""
        name = notebook.metadata.get("kernelspec", {}).get("name")
        if not name:
            return
        name = NATIVE_KERNEL_NAME if name == "python" else name  # as jupyter_client reads it
        try:
            kernel = KernelSpecManager(parent=self).get_kernel_spec(name)
        except NoSuchKernel:
            raise NbGraderException(f"{path} asks for the kernel {name!r}, unknown here") from None
        if kernel.language.lower() != "python":
            raise NbGraderException(
                f"{path} asks for the kernel {name!r}, of {kernel.language}: only Python is graded"
            )
        python = shutil.which(kernel.argv[0]) or kernel.argv[0]
        here, there = (os.path.realpath(os.path.dirname(p)) for p in (sys.executable, python))
        if here != there:
            self.log.warning(
                "%s asks for the kernel '%s', which is %s; it is graded with %s and its packages",
                *(path, name, python, sys.executable),
            )


def expect(converter):
    """Let nbgrader go through submissions that hold files, and none of the right names.

    It passes over them; here their notebooks are graded as blank, and the student is told. So it
    does over those that it may not look into, which count as if they held everything: whoever
    reads them says why that fails. Returns the names of the notebooks' files.
    """
    course = converter.coursedir
    pattern = f"{course.notebook_id}.ipynb"
    with gradebook.of(converter) as book:
        try:
            entry = book.find_assignment(course.assignment_id)
        except MissingEntry:
            told = (
                f"{course.assignment_id} is not in the gradebook: "
                f"run `nbgrader generate_assignment {course.assignment_id} --force`"
            )
            converter.log.error(told)
            raise NbGraderException(told) from None
        notebooks = entry.notebooks
        names = [name for n in notebooks if fnmatch(name := f"{n.name}.ipynb", pattern)]
        _tell_unreleased(converter, entry, pattern)
    for folder in places(converter._format_source(course.assignment_id, course.student_id)):
        try:
            there = bool(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            there = True
        paths = [os.path.join(folder, name) for name in names]
        if there and not any(map(os.path.lexists, paths)):
            found = converter.assignments.setdefault(folder, [])
            found += [path for path in paths if path not in found]
    return names


def places(pattern):
    """What a pattern stands for, also in folders that this account may not look into."""
    parent, name = os.path.split(pattern)
    if glob.has_magic(name):
        return glob.glob(pattern)
    parents = places(parent) if glob.has_magic(parent) else [parent]
    return [path for parent in parents if not _is_missing(path := os.path.join(parent, name))]


def _is_missing(path):
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # nobody may say
        return False
    return False


def _tell_unreleased(converter, entry, pattern):
    """Warn of notebooks of the source that are not in the gradebook: nobody is graded on them."""
    course = converter.coursedir
    assignment = course.assignment_id
    folder = Path(course.format_path(course.source_directory, ".", assignment))
    recorded = {notebook.name for notebook in entry.notebooks}
    more = [path.name for path in sorted(folder.glob(pattern)) if path.stem not in recorded]
    if not more:
        return
    told = (
        f"{', '.join(more)} in {folder}: not in the gradebook, so not graded. If students are to "
        f"have it, run `nbgrader generate_assignment {assignment} --force`"
    )
    if entry.submissions:
        told += _way_out(assignment, "take it out of there")
    converter.log.warning(told)
    if hasattr(converter, "report"):  # `proctor grade` shows no log, and reports on students
        _warn_once(told)


@functools.cache
def _warn_once(told):
    """Write a warning; with ``--watch`` it would come with each submission."""
    sys.stderr.write(f"proctor grade: {told}\n")


def add_repairs(notebook, notes):
    """Put what was repaired, if anything was, in a first cell; returns the notebook."""
    if notes:
        told = new_markdown_cell(describe(notes), id="repaired")
        if notebook.nbformat_minor < 5:  # cells had no ids
            del told["id"]
        notebook.cells.insert(0, told)
    return notebook


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
        told += _way_out(assignment, "put the cells back")
    return told


def _way_out(assignment, other):
    """What to do where `nbgrader generate_assignment` refuses to change cells or notebooks."""
    return (
        f". nbgrader refuses that while the gradebook has submissions: {other}; or forget all "
        f"grades, by hand too, with `nbgrader db assignment remove {assignment} --force` first"
    )


def give_nothing(notebook, what):
    """Put an error into every test: without an output, nbgrader would give it all its points."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            cell.outputs = [
                new_output("error", ename="NotRun", evalue=what, traceback=[f"NotRun: {what}"])
            ]
