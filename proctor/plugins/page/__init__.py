"""Feedback's page: nbgrader's ``GenerateFeedback`` makes it with the exporter that is here.

One line for any course: ``c.GenerateFeedback.exporter_class = "proctor.plugins.page.Page"``.
"""

import glob
import hashlib
import os
from functools import cached_property
from pathlib import Path

from nbconvert.exporters import Exporter
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from traitlets import Unicode, default

from proctor import __version__
from proctor.files import write_files
from proctor.plugins import gradebook
from proctor.plugins.feedback import HideTests, nbgraders_own
from proctor.plugins.page.facts import facts
from proctor.plugins.page.lesson import Lesson
from proctor.plugins.page.write import Writer
from proctor.plugins.resume import Unfinished, end_with_failure, keep_state, state_of, student_of


class Page(Exporter):
    """The page of a notebook: what was lost and why, task by task.

    All pages of a submission are made at once, of its graded notebooks and of the gradebook; those
    of notebooks that were not handed in, and of the whole assignment, lie beside the others. A page
    that cannot be made is a small one that says so; the run then ends as a failure.
    """

    notebook = Unicode(
        "../../{notebook}.ipynb#{section}",
        help="Address of a section of the lesson, from the page: where `nbgrader fetch_feedback` "
        "puts a page, the student's notebook is two folders above.",
    ).tag(config=True)
    address = Unicode(
        "",
        help="The same on a site of the lessons, if there is one: "
        "https://example.org/{notebook}.html#{section}",
    ).tag(config=True)
    output_mimetype = "text/html"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.failed = []  # (student, notebook) of pages that could not be made
        self._facts, self._last = None, (None, None)
        converter = self.parent
        if isinstance(converter, GenerateFeedback) and not hasattr(converter, "in_bulk"):
            converter.init_assignment = self._begin
            unfinished = Unfinished(converter, self.file_extension, outdated=True, state=self.state)
            end_with_failure(converter, unfinished.watch())
            self._end_with_failure()

    @default("file_extension")
    def _file_extension_default(self):
        return ".html"

    def from_filename(self, filename, resources=None, **kwargs):
        """Return the page of a notebook's file."""
        about = resources["nbgrader"]
        pages = self.pages(about["student"])
        if about["notebook"] in pages.failed:
            why = pages.failed[about["notebook"]]
            self.log.error("no page could be made of %s: %s", filename, why)
            self.failed.append((about["student"], about["notebook"]))
        return pages.html[about["notebook"]], self._init_resources(resources)

    def pages(self, student):
        """The `proctor.plugins.page.write.Pages` of a submission."""
        if self._last[0] != student:
            found = self.facts_of(student)
            if found is None:
                raise NbGraderException(f"no submission of {student} is in the gradebook")
            self._last = student, self.writer.pages(self._folder(student), found)
        return self._last[1]

    def facts_of(self, student):
        """The gradebook's `proctor.plugins.page.facts.Facts` of a student; None without any."""
        if self._facts is None:
            course = self.parent.coursedir
            one = None if glob.has_magic(course.student_id) else course.student_id
            with gradebook.of(self.parent) as book:
                self._facts = facts(book, course.assignment_id, one)
        return self._facts.get(student)

    @cached_property
    def writer(self):
        """What makes the pages of this run."""
        course = self.parent.coursedir
        name = course.assignment_id
        source = course.format_path(course.source_directory, ".", name)
        lesson = Lesson(os.path.join(course.root, source), self.notebook, self.address)
        return Writer(name, lesson, self._clean)

    def state(self, folder):
        """What a submission's pages are made of, in a text that changes when it does."""
        files = state_of(folder)
        if files is None:
            return None
        known = self.facts_of(student_of(self.parent, folder))
        return hashlib.sha256(repr((files, known, self._salt)).encode()).hexdigest()

    @cached_property
    def _salt(self):
        return __version__, self.notebook, self.address, self.writer.digest

    def _folder(self, student):
        return self.parent._format_source(self.parent.coursedir.assignment_id, student)

    def _about(self, student, name):
        path = os.path.join(self._folder(student), f"{name}.ipynb")
        return self._init_resources(self.parent.init_single_notebook_resources(path))

    def _clean(self, notebook, student, name):
        """A graded notebook as its student may see it."""
        if self._preprocessors:  # of the course's own
            notebook, _ = self._preprocess(notebook, self._about(student, name))
        return self._hide.preprocess(notebook, {})[0]

    @cached_property
    def _hide(self):
        return HideTests(parent=self)

    def _begin(self, assignment, student):
        """In place of nbgrader's ``init_assignment``: what lies beside the pages that it writes."""
        made = self.parent._format_dest(assignment, student)
        graded = self._folder(student)
        files = nbgraders_own(graded)
        for name, text in self.pages(student).html.items():
            if not os.path.exists(os.path.join(graded, f"{name}.ipynb")):
                files[f"{name}.html"] = text.encode()
        for name in files:
            path = os.path.join(made, name)
            if os.path.isfile(path) or os.path.islink(path):
                os.unlink(path)
        write_files(files, made, strict=False)

    def _end_with_failure(self):
        """Let nbgrader's run fail in its end if a page could not be made; the next one tries again.

        What is older than its notebook, and of no known state, is made again (`Unfinished`).
        """
        convert = self.parent.convert_notebooks

        def convert_notebooks():
            try:
                convert()
            finally:
                for student, notebook in self.failed:
                    folder = self.parent._format_dest(self.parent.coursedir.assignment_id, student)
                    path = Path(folder, notebook + self.file_extension)
                    keep_state(folder, [path.name], None)
                    if path.exists():
                        os.utime(path, (0, 0))
            if self.failed:
                names = [f"{student} ({notebook})" for student, notebook in self.failed]
                told = f"no page, for the reason said above: {', '.join(names)}"
                self.log.error("%s", told)
                raise NbGraderException(told)

        self.parent.convert_notebooks = convert_notebooks
