"""The one writer: nbgrader's own converter, fed with what a pool has played."""

import os
import shutil
from collections import deque

import nbformat
from nbgrader import utils
from nbgrader.api import Comment, Grade, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from sqlalchemy.orm import contains_eager

from proctor import gradebook
from proctor.collect import notes
from proctor.course import Course, keep_files, read_files
from proctor.execute import Execute
from proctor.reading import read

from .unit import Graded, Unit

# what the source notebook's frame has made needless, and what `Record` does with one connection
_DONE = (CheckCellMetadata, ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells)
_RECORDED = (SaveAutoGrades, AssignLatePenalties)
_STOPPED = ("KernelStopped", "CellTimeoutError", "OutputRefused")


class Writer(Autograde):
    """Grades as ``nbgrader autograde`` does, but for who plays the notebooks.

    open_pool  function of a `Unit` that returns a pool (`proctor.grade.pool`)
    report     object that is told what happens (`proctor.grade.report`)
    """

    def __init__(self, open_pool, report, **kwargs):
        super().__init__(**kwargs)
        self.open_pool, self.report = open_pool, report

    def convert_notebooks(self):
        """Grade what is due, in nbgrader's order; raises NbGraderException if any failed."""
        self.course = Course(self.coursedir, self.coursedir.assignment_id)
        self.due = deque(a for a in sorted(self.assignments) if self._is_due(a))
        self.report.begin(len(self.due), len(self.assignments) - len(self.due))
        self.ahead, self.pool = {}, None
        try:
            with gradebook.opened(self.coursedir.db_url, self.coursedir.course_id) as self.book:
                if self.due:
                    self.pool = self.open_pool(self._unit())
                super().convert_notebooks()
        finally:
            if self.pool is not None:
                self.pool.close()

    # what is due

    def _is_due(self, folder):
        """Whether nbgrader would do this submission, or its files have changed since."""
        about = self._about(self.assignments[folder][0])
        if about["student"] in self.coursedir.student_id_exclude.split(","):
            return False
        made = self._format_dest(about["assignment"], about["student"])
        paths = [os.path.join(made, os.path.basename(path)) for path in self.assignments[folder]]
        if self.force or not all(map(os.path.exists, paths)):
            return True
        done = min(os.stat(path).st_mtime_ns for path in paths)
        return any(
            os.lstat(os.path.join(place, name)).st_mtime_ns > done
            for place, _, names in os.walk(folder)
            for name in names
        )

    def init_destination(self, assignment_id, student_id):
        """Make room for the submission; False if it is graded and has not changed."""
        folder = self._format_source(assignment_id, student_id)
        if not self._is_due(folder):
            return False
        self.force, asked = True, self.force  # what changed is done again
        try:
            return super().init_destination(assignment_id, student_id)
        finally:
            self.force = asked

    def _about(self, notebook):
        return self.init_single_notebook_resources(notebook)["nbgrader"]

    # the pool

    def _unit(self):
        """What the workers need to know; sets what is done here to every notebook after them."""
        self.exporter._preprocessors = []
        for step in (*self.sanitize_preprocessors, *self.autograde_preprocessors):
            self.exporter.register_preprocessor(step)
        steps = self.exporter._preprocessors
        execute = next(step for step in steps if isinstance(step, Execute))
        self.steps = [s for s in steps if s is not execute and type(s) not in (*_DONE, *_RECORDED)]
        self.steps.append(Record([type(step) for step in steps], self, parent=self.exporter))
        own = self.exclude_overwriting.get(self.course.name, ())
        names = [n.name for n in self.book.find_assignment(self.course.name).notebooks]
        assignment = self.course.assignment(tuple(execute.preload), leave_out=own)
        resources = {"nbgrader": {"assignment": self.course.name, "db_url": self.coursedir.db_url}}
        frames = {}
        for name in names:
            about = resources["nbgrader"] | {"notebook": name}
            frames[name] = self.exporter.frame(about, resources)
        return Unit(self.course.name, assignment, frames, execute.settings(self.course))

    def _look_ahead(self):
        """Keep the pool busy: twice as many notebooks under way as it has workers, and no more."""
        while self.due and len(self.ahead) <= 2 * self.pool.workers:
            for path in sorted(self.assignments[self.due.popleft()]):
                self._submit(path)

    def _submit(self, path):
        about = self._about(path)
        if about["notebook"] in self.frames:
            folder = os.path.dirname(path)
            extra = read_files(folder, self.course.ignore)
            self.ahead[path] = self.pool.submit(about["notebook"], read(path), extra, notes(folder))

    @property
    def frames(self):
        return self.pool.unit.frames

    # one submission

    def init_assignment(self, assignment_id, student_id):
        """As nbgrader's, with one connection to the gradebook instead of six."""
        self._look_ahead()
        source = self.course.folder(self.coursedir.source_directory)
        submitted = self._format_source(assignment_id, student_id)
        made = self._format_dest(assignment_id, student_id)
        own = self.exclude_overwriting.get(assignment_id, ())
        files = {
            **dict.fromkeys(read_files(submitted, self.course.ignore), submitted),
            **{n: source for n in read_files(source, self.course.ignore) if n not in own},
        }
        for name, folder in files.items():
            path = os.path.join(made, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(os.path.join(folder, name), path)
        timestamp = self.coursedir.get_existing_timestamp(submitted)
        try:
            if self.create_student:
                self.book.update_or_create_student(student_id)
            about = {"timestamp": timestamp} if timestamp else {}
            with self.book.db.no_autoflush:
                self.submission = self.book.update_or_create_submission(
                    assignment_id, student_id, **about
                )
        except MissingEntry as error:
            raise NbGraderException(str(error)) from None
        given = {os.path.splitext(os.path.basename(path))[0] for path in self.notebooks}
        for notebook in self.submission.notebooks:
            if notebook.name not in given:
                self.report.problem(student_id, notebook.name, "no file was handed in")
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = 0, False
        self.notebooks = [p for p in self.notebooks if self._about(p)["notebook"] in self.frames]
        for name in given - self.frames.keys():
            self.report.problem(student_id, name, "no notebook of this assignment: left alone")
        if not self.notebooks:
            raise NbGraderException(f"{submitted} holds no notebook of this assignment")

    def convert_single_notebook(self, notebook_filename):
        """Record and write what the pool has made of a notebook."""
        self._look_ahead()
        if notebook_filename not in self.ahead:
            self._submit(notebook_filename)
        graded = Graded.from_bytes(self.ahead.pop(notebook_filename).result())
        resources = self.init_single_notebook_resources(notebook_filename)
        about = resources["nbgrader"]
        notebook = nbformat.from_dict(graded.notebook)
        for text in graded.notes:
            self.report.problem(about["student"], about["notebook"], text)
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                if output.get("ename") in _STOPPED:
                    self.report.problem(about["student"], about["notebook"], output.evalue)
        if not graded.isolated:
            self.report.problem(about["student"], about["notebook"], "graded without isolation")
        resources = self.exporter._init_resources(resources)
        for step in self.steps:
            notebook, resources = step(notebook, resources)
        resources["output_extension"] = self.exporter.file_extension
        # as NotebookExporter writes it, but for its validation: the frame's cells are the source's,
        # and the conductor checked every output
        self.write_single_notebook(nbformat.v4.writes(notebook) + "\n", resources)
        made = self._format_dest(about["assignment"], about["student"])
        keep_files(graded.made, made)

    def set_permissions(self, assignment_id, student_id):
        """As nbgrader's; here the submission is done."""
        super().set_permissions(assignment_id, student_id)
        self.book.db.commit()
        self.report.done(student_id, self.submission.score, self.submission.max_score)
        self.book.db.expunge_all()


class Record(NbGraderPreprocessor):
    """What nbgrader's ``SaveAutoGrades`` and ``AssignLatePenalties`` do, on an open gradebook."""

    def __init__(self, steps, writer, **kwargs):
        super().__init__(**kwargs)
        self.steps, self.writer = steps, writer
        self.late = AssignLatePenalties(parent=self.parent)
        self.late.init_plugin()

    def preprocess(self, nb, resources):
        """Record the grades and comments of a notebook."""
        name = resources["nbgrader"]["notebook"]
        notebook = next(n for n in self.writer.submission.notebooks if n.name == name)
        if SaveAutoGrades in self.steps:
            self._save(nb, notebook)
        if AssignLatePenalties in self.steps:
            self._be_late(notebook, resources["nbgrader"]["student"])
        self.writer.book.db.flush()
        return nb, resources

    def _save(self, nb, notebook):
        grades, comments = (self._of(kind, notebook) for kind in (Grade, Comment))
        for cell in nb.cells:
            if utils.is_grade(cell):
                grade = grades[cell.metadata.nbgrader.grade_id]
                grade.auto_score, _ = utils.determine_grade(cell, self.log)
                grade.needs_manual_grade = (
                    grade.manual_score is not None or grade.auto_score is None
                )
            if utils.is_solution(cell) or utils.is_task(cell):
                checksum = cell.metadata.nbgrader.get("checksum")
                blank = not utils.is_task(cell) and checksum == utils.compute_checksum(cell)
                comment = comments[cell.metadata.nbgrader.grade_id]
                comment.auto_comment = "No response." if blank else None

    def _of(self, kind, notebook):
        """{name of the cell: its grade or comment}, in one query."""
        rows = self.writer.book.db.query(kind).join(kind.cell).options(contains_eager(kind.cell))
        return {row.cell.name: row for row in rows.filter(kind.notebook_id == notebook.id)}

    def _be_late(self, notebook, student):
        seconds = self.writer.submission.total_seconds_late
        notebook.late_submission_penalty = None
        if seconds > 0:
            self.writer.book.db.flush()
            self.writer.book.db.refresh(notebook)
            plugin = self.late.plugin_inst
            penalty = plugin.late_submission_penalty(student, notebook.score, seconds)
            if penalty is not None:
                penalty = self.late._check_late_penalty(notebook, penalty)
            notebook.late_submission_penalty = penalty
