"""Reads a submission in nbgrader's way: in place of the exporter that ``autograde`` reads with."""

import os
import stat
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests

from .graft import LIMIT, describe, graft


class Exporter(NotebookExporter):
    """Reads a submitted notebook as data: its answers, in the source's frame."""

    def from_filename(self, filename, resources=None, **kwargs):
        """Graft a file of ``submitted/``; read any other as it is."""
        course = self.parent.coursedir
        about = (resources or {}).get("nbgrader")
        submitted = course.format_path(
            course.submitted_directory, about["student"], about["assignment"]
        )
        if Path(filename).parent.resolve() != Path(submitted).resolve():
            return super().from_filename(filename, resources, **kwargs)
        source = Path(
            course.format_path(course.source_directory, ".", about["assignment"]),
            f"{about['notebook']}.ipynb",
        )
        grafted = graft(self._recorded(source, resources), read(filename), config=self.config)
        for note in grafted.notes:
            self.log.warning("%s: %s", filename, note.what)
        notebook = grafted.notebook
        if grafted.notes:
            notebook.cells.insert(0, new_markdown_cell(describe(grafted.notes), id="repaired"))
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _recorded(self, path, resources):
        """The source notebook as `nbgrader generate_assignment` recorded it."""
        notebook = nbformat.read(path, as_version=nbformat.current_nbformat)
        for step in (IncludeHeaderFooter, InstantiateTests):
            notebook, _ = step(parent=self.parent).preprocess(notebook, resources)
        return notebook


def read(path, limit=LIMIT):
    """The bytes of a regular file, one more than ``limit`` at most; None if it is anything else."""
    try:
        # a link is not followed and a pipe is not waited for
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read(limit + 1)
