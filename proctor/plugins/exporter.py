"""Reads a submission in nbgrader's way: in place of the exporter that ``autograde`` reads with."""

import contextlib
import copy
import os
import shutil
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager, NoSuchKernel
from jupyter_core.paths import jupyter_path
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_markdown_cell
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import ClearSolutions, Execute, IncludeHeaderFooter

from proctor.files import read
from proctor.merge import Pristine, describe, merge
from proctor.merge.source import check
from proctor.plugins import gradebook
from proctor.plugins.collect import notes, refuse_names, set_aside
from proctor.plugins.collect.notebooks import taken
from proctor.plugins.recorded import as_recorded, autotest
from proctor.plugins.resume import Unfinished, end_with_failure, is_excluded
from proctor.plugins.submissions import expect
from proctor.run.play import give_nothing
from proctor.wording import first_line


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
        file, renamed = taken(self.parent, filename)
        merged = merge(self.pristine(about, resources), read(file))
        for note in (*renamed, *merged.notes):
            self.log.warning("%s: %s", filename, note.what)
        notebook = add_repairs(merged.notebook, [*notes(submitted), *renamed, *merged.notes])
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

    def _kernel(self, name):
        """The kernel of a name; raises NoSuchKernel."""
        try:
            # to ask for IPython's own folder, where there were kernels once, imports all of it
            known = KernelSpecManager(parent=self, kernel_dirs=jupyter_path("kernels"))
            return known.get_kernel_spec(name)
        except NoSuchKernel:
            return KernelSpecManager(parent=self).get_kernel_spec(name)

    def _check_kernel(self, notebook, path):
        """Refuse a source notebook that is not Python's."""
        name = notebook.metadata.get("kernelspec", {}).get("name")
        if not name:
            return
        name = NATIVE_KERNEL_NAME if name == "python" else name  # as jupyter_client reads it
        try:
            kernel = self._kernel(name)
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


def add_repairs(notebook, notes):
    """Put what was repaired, if anything was, in a first cell; returns the notebook."""
    if notes:
        told = new_markdown_cell(describe(notes), id="repaired")
        if notebook.nbformat_minor < 5:  # cells had no ids
            del told["id"]
        notebook.cells.insert(0, told)
    return notebook
