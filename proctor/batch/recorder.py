"""The one recorder: nbgrader's own converter, fed with what a pool has played."""

import contextlib
import errno
import json
import os
import re
import shutil
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from pathlib import Path

from nbformat.v4.rwbase import split_lines, strip_transient
from nbgrader import utils
from nbgrader.api import Comment, Grade, MissingEntry, SubmittedAssignment, SubmittedNotebook
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
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import contains_eager, joinedload

from proctor.batch import Refused, Wait
from proctor.batch.stop import held
from proctor.batch.unit import Unit
from proctor.files import copy_file, keep_files, names_of_files, read, read_files
from proctor.plugins import gradebook, marks
from proctor.plugins.collect import notes
from proctor.plugins.collect.names import shown, student_problem
from proctor.plugins.collect.notebooks import taken, used
from proctor.plugins.execute import Execute
from proctor.plugins.resume import (
    alone,
    due_before,
    has_changed,
    is_excluded,
    is_newer,
    state_of,
    student_of,
)
from proctor.plugins.submissions import expect
from proctor.run.course import Course
from proctor.run.template import assign
from proctor.sandbox import NoIsolation
from proctor.wording import NOT_THERE, first_line, reason

# what the source notebook's pristine has made needless, and what `Record` does with one connection
_DONE = (CheckCellMetadata, ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells)
_SAVES = (SaveAutoGrades, marks.SaveAutoGrades)
_RECORDED = (*_SAVES, AssignLatePenalties)
NO_POSTGRESQL = (
    "pip install '/path/to/the/clone[postgresql]', and let the address begin with "
    "postgresql+psycopg://"
)
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
_NAMED = 3  # files named of those in a wrong place
AHEAD = 200  # submissions that are read or played before their turn to be recorded comes


class Recorder(Autograde):
    """Grades as ``nbgrader autograde`` does, but for who plays the notebooks.

    open_pool  function of a `Unit` that returns a pool (`proctor.batch.pool`)
    report     object that is told what happens (`proctor.batch.report`)

    `start` raises Refused, and what stops the whole class.
    """

    def __init__(self, open_pool, report, **kwargs):
        super().__init__(**kwargs)
        self.open_pool, self.report = open_pool, report
        self.refused = {}  # {folder: OSError}: found, and taken off the list by the exporter

    def start(self):
        """Grade what is due."""
        sources = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", "."))
        name = self.coursedir.assignment_id
        if not (sources / name).is_dir():
            found = [path.name for path in sorted(sources.glob("[!.]*")) if path.is_dir()]
            raise Refused(
                f"there is no assignment {name!r} in {sources}"
                + (f"; there is {', '.join(found)}" if found else "")
            )
        self.course = Course(self.coursedir, name)
        preload, own = Execute(parent=self).preload, self.exclude_overwriting.get(name, ())
        try:
            self.given = self.course.assignment(tuple(preload), leave_out=own)
        except ValueError as error:  # of the source
            raise Refused(str(error)) from None
        assign(
            self.given
        )  # it is imported while the gradebook is opened and the pristines are made
        with contextlib.ExitStack() as stack:
            self._open(stack)
            super().start()

    def init_notebooks(self):
        """Find the submissions, those included that nbgrader passes over."""
        self.assignments, self.notebooks = {}, []
        expect(self)
        if not self.assignments:
            asked = self._format_source(self.coursedir.assignment_id, self.coursedir.student_id)
            raise Wait(
                f"no submission is to be found at {asked}/{self.coursedir.notebook_id}.ipynb"
            )

    def convert_notebooks(self):
        """Grade what is due, in nbgrader's order; what fails is told and the others go on."""
        self.source = self._files(self.course.folder(self.coursedir.source_directory))
        due = [folder for folder in sorted(self.assignments) if self._is_due(folder)]
        if due:
            self.pool = self.open_pool(self._unit())
        self.book.db.rollback()  # no transaction is open while something is waited for
        self.report.begin(len(due) + len(self.refused), len(self.assignments) - len(due))
        for folder, error in sorted(self.refused.items()):
            student = student_of(self, folder)
            known = shown(student) if student_problem(student) else student
            self.report.failed(known, reason(error))
        self.coming, self.ahead, self.under_way = deque(due), {}, set()
        self._tell_moved(set(self.assignments).difference(due))
        for folder in due:
            self._grade(folder)

    def _tell_moved(self, unchanged):
        """Tell whose work was graded for another due date: points for lateness are of that one."""
        for student in sorted(student_of(self, folder) for folder in unchanged):
            made = self._format_dest(self.course.name, student)
            if before := due_before(made, self.due):
                what = f"The due date has moved since this was graded (it was {before}): grade "
                what += "again with --force, so that lateness is counted anew."
                self.report.problem(student, None, what, "due")

    def _open(self, stack):
        """Open what is written to."""
        name, url = self.coursedir.assignment_id, self.coursedir.db_url
        if not (url.startswith("sqlite") or self.coursedir.course_id):
            # nbgrader's assignments belong to a course, which other databases check
            raise Refused("this gradebook needs a course: set c.CourseDirectory.course_id")
        opening = gradebook.opened(url, self.coursedir.course_id)
        try:
            self.book = stack.enter_context(opening)
            self.entry = self.book.find_assignment(name)
            self.names = {notebook.name for notebook in self.entry.notebooks}
        except MissingEntry:
            raise Refused(
                f"{name} is not in the gradebook: run `nbgrader generate_assignment {name} --force`"
            ) from None
        except (SQLAlchemyError, OSError, ImportError) as error:
            locked = isinstance(error, (OSError, OperationalError))
            raise (Wait if locked else Refused)(
                f"the gradebook cannot be opened: {_trouble(error)}"
            ) from None
        made = Path(self.coursedir.format_path(self.coursedir.autograded_directory, ".", "."))
        try:
            made.mkdir(parents=True, exist_ok=True)
            if not os.access(made, os.W_OK):
                raise PermissionError("permission denied")
        except OSError as error:
            raise Wait(f"{made} cannot be written to: {error.strerror or error}") from None

    # what is due

    def _is_due(self, folder):
        """Whether nbgrader would do this submission, or its files have changed since."""
        if is_excluded(self, folder):
            return False
        made = self._format_dest(self.course.name, student_of(self, folder))
        paths = [
            os.path.join(made, os.path.basename(path))
            for path in self.assignments[folder]
            if self._about(path)["notebook"] in self.names  # of others nothing is made
        ]
        if self.force or not paths or not all(map(os.path.exists, paths)):
            return True
        if is_newer(self.coursedir, folder, made):
            return True
        if (changed := has_changed(folder, made, paths)) is not None:
            return changed
        done = min(os.stat(path).st_mtime_ns for path in paths)
        return any(  # made by an earlier version: a notebook was as old as what it was made of
            os.lstat(os.path.join(place, name)).st_ctime_ns > done
            for place, _, names in os.walk(folder)
            for name in names
        )

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
        if not execute.enabled:
            raise Refused("c.Execute.enabled is False: nothing would be run, and nothing graded")
        self.steps = [s for s in steps if s is not execute and type(s) not in (*_DONE, *_RECORDED)]
        self.steps.append(Record([type(step) for step in steps], self, parent=self.exporter))
        self.submissions, self.pristines = gradebook.Submissions(self.entry), {}
        for notebook in self.entry.notebooks:
            about = {"assignment": self.course.name, "notebook": notebook.name}
            try:
                self.pristines[notebook.name] = self.exporter.pristine(about, {"nbgrader": about})
            except NbGraderException as error:  # of the source
                raise Refused(str(error)) from None
        settings, hidden = execute.settings(self.course), tuple(execute.hidden)
        known = self.course.known(self.given.private)
        return Unit(self.course.name, self.given, self.pristines, settings, known, hidden)

    def _look_ahead(self):
        """Keep the pool busy: twice as many notebooks under way as it has workers.

        Those that are done wait for their turn; there is a limit to their number too.
        """
        self.under_way = {future for future in self.under_way if not future.done()}
        workers = self.pool.workers
        while (
            self.coming
            and len(self.under_way) < 2 * workers
            and len(self.ahead) < max(AHEAD, 2 * workers)
        ):
            self._submit(self.coming.popleft())

    def _submit(self, folder):
        """Read a submission, and give its notebooks to the pool."""
        reading, futures = state_of(folder), {}
        try:
            extra = read_files(folder, self.course.ignore, known=self.given.files.keys())
            found = notes(folder)
            for path in sorted(self.assignments[folder]):
                name = self._about(path)["notebook"]
                if name in self.pristines:
                    file, renamed = taken(self, path)
                    told = [*found, *renamed]
                    futures[path] = self.pool.submit(name, read(file), extra, told)
        except OSError as error:  # told when its turn comes
            reading = error
        self.under_way |= set(futures.values())
        self.ahead[folder] = reading, futures

    def _played(self, folder):
        """(its state when it was read, {path: `Graded`}) of a submission, waited for."""
        while True:
            with held():
                self._look_ahead()
                reading, futures = self.ahead[folder]
                if all(future.done() for future in futures.values()):
                    break
                # so often, Ctrl-C is heard
                wait(self.under_way, timeout=0.1, return_when=FIRST_COMPLETED)
        del self.ahead[folder]
        if isinstance(reading, OSError):
            raise reading
        try:
            return reading, {p: self.pool.result(f) for p, f in futures.items()}
        except CancelledError:
            raise Wait("the scheduler went away; call again to go on") from None

    # one submission

    def _grade(self, folder):
        self.notebooks = sorted(self.assignments[folder])
        about = self._about(self.notebooks[0])
        student, begun = about["student"], False
        turn = contextlib.ExitStack()  # two graders at once take turns with a student
        try:
            reading, self.graded = self._played(folder)
            turn.enter_context(alone(self._format_dest(about["assignment"], student)))
            with held():
                self._check_writable(student)
                begun = True
                self._record(about["assignment"], student, reading)
                begun = False
        except (KeyboardInterrupt, NoIsolation, Refused):
            if begun:
                self._undo(student)
            raise
        except (OperationalError, ProgrammingError) as error:  # for the next one, too
            if begun:
                self._undo(student)
            raise Wait(f"the gradebook: {_trouble(error)}") from None
        except Exception as error:
            self.log.debug("%s", folder, exc_info=True)
            if begun:
                self._undo(student)
            self.report.failed(student, reason(error))
        finally:
            self.book.db.rollback()
            self.book.db.expunge_all()
            turn.close()

    def _record(self, assignment, student, reading):
        """Write what was played, and commit it.

        reading  the state of the submission when it was read, which is kept of what was made of it
        """
        self.reading = reading
        self.init_destination(assignment, student)
        self.run_pre_convert_hook()
        self.init_assignment(assignment, student)
        self.marks = []
        for path in self.notebooks:
            self.convert_single_notebook(path)
        self.set_permissions(assignment, student)
        self.book.db.commit()
        for given in self.marks:
            given.keep()
        self.run_post_convert_hook()
        self.report.done(student, *self._points())

    def _check_writable(self, student):
        """Raise PermissionError before what was made is lost, if it cannot be made again."""
        made = self._format_dest(self.course.name, student)
        for folder in filter(os.path.isdir, (os.path.dirname(made), made)):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)

    def init_destination(self, assignment_id, student_id):
        """Make room for a submission that is due."""
        self.force, asked = True, self.force  # what changed is done again
        try:
            return super().init_destination(assignment_id, student_id)
        finally:
            self.force = asked

    def init_assignment(self, assignment_id, student_id):
        """As nbgrader's, with one connection to the gradebook instead of six."""
        submitted = self._format_source(assignment_id, student_id)
        made = self._format_dest(assignment_id, student_id)
        os.makedirs(made, exist_ok=True)
        own = self.exclude_overwriting.get(assignment_id, ())
        files = {n: p for n, p in self._files(submitted).items() if not os.path.islink(p)}
        files |= {name: path for name, path in self.source.items() if name not in own}
        for name, given in files.items():
            path = os.path.join(made, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                copy_file(given, path)
            except OSError:  # a link of the course's, or what another call has left there
                shutil.copy(given, path)
        timestamp = self.coursedir.get_existing_timestamp(submitted)
        try:
            if self.create_student:
                self.book.update_or_create_student(student_id)
            about = {"timestamp": timestamp} if timestamp else {}
            with self.book.db.no_autoflush:
                self._add_submission(student_id)
                self.submission = self.book.update_or_create_submission(
                    assignment_id, student_id, **about
                )
        except MissingEntry as error:
            raise NbGraderException(str(error)) from None
        self.recorded_as = self.submission.id
        rows = self.book.db.query(SubmittedNotebook).options(joinedload(SubmittedNotebook.notebook))
        rows = rows.filter_by(assignment_id=self.recorded_as)
        self.recorded = {notebook.name: notebook for notebook in rows}
        self.grades, self.comments = self._rows(Grade), self._rows(Comment)
        for note in notes(submitted):
            self.report.problem(student_id, None, note.what, note.kind)
        missing = []
        for notebook in self.recorded.values():
            path = os.path.join(submitted, f"{notebook.name}.ipynb")
            file, renamed = taken(self, path)
            for note in renamed:
                self.report.problem(student_id, notebook.name, note.what, note.kind)
            if not os.path.exists(file):
                missing.append(notebook.name)
                if path not in self.graded:
                    self.report.problem(student_id, notebook.name, NOT_THERE, "no-file")
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = 0, False
        self._tell_strays(student_id, submitted, missing)
        self.notebooks = [path for path in self.notebooks if path in self.graded]
        if not self.notebooks:
            raise NbGraderException("it holds no notebook of this assignment")

    def _tell_strays(self, student, submitted, missing):
        """Name what may be a notebook of the assignment and holds none of its cells."""
        known = {f"{name}.ipynb" for name in self.names}
        strays = sorted(
            path
            for path in names_of_files(submitted, self.coursedir.ignore)
            if path.lower().endswith((".ipynb", *(_ARCHIVES if missing else ())))
            and path not in known
        )
        if strays:
            renamed = used(self, submitted)
            strays = [path for path in strays if path not in renamed]
        if not strays:
            return
        named = ", ".join(map(shown, strays[:_NAMED]))
        named += f" and {len(strays) - _NAMED} more" if len(strays) > _NAMED else ""
        what = f"By its name and cells no notebook of this assignment, and left alone: {named}."
        if missing:
            place = os.path.relpath(submitted, self.course.root)
            what += f" If it is what is missing ({', '.join(sorted(missing))}), put the notebook "
            what += f"into {place}/ by its own name and grade again."
        self.report.problem(student, None, what)

    def _add_submission(self, student):
        """Add a submission to the gradebook, if it has none of this student."""
        try:
            self.book.find_submission(self.course.name, student)
        except MissingEntry:
            # not within a savepoint: SQLite begins to read there, and whoever has read before
            # another wrote is refused to write at once, without waiting
            try:
                self.submissions.add(self.book, student)
            except IntegrityError:  # another grader was quicker
                self.book.db.rollback()

    def _rows(self, kind):
        """{(id of the notebook, name of the cell): its grade or comment}, in one query."""
        rows = self.book.db.query(kind).join(kind.cell).options(contains_eager(kind.cell))
        rows = rows.join(kind.notebook).filter_by(assignment_id=self.recorded_as)
        return {(row.notebook_id, row.cell.name): row for row in rows}

    def _files(self, folder):
        """{relative path: path} of what nbgrader copies.

        Its own `utils.find_all_files` lists a folder again for every file in it and every pattern.
        """
        names = names_of_files(folder, self.course.ignore)
        return {name: os.path.join(folder, name) for name in names}

    def convert_single_notebook(self, notebook_filename):
        """Record and write what the pool has made of a notebook."""
        graded = self.graded.pop(notebook_filename)
        resources = self.init_single_notebook_resources(notebook_filename)
        about = resources["nbgrader"]
        notebook = graded.notebook
        self._tell(about, graded)
        resources = self.exporter._init_resources(resources)
        for step in self.steps:
            notebook, resources = step(notebook, resources)
        resources["output_extension"] = self.exporter.file_extension
        # as NotebookExporter writes it, but for its validation: its cells are the source's, and the
        # runner checked every output
        self.write_single_notebook(_written(notebook) + "\n", resources)
        made = self._format_dest(about["assignment"], about["student"])
        keep_files(graded.made, made)

    def _tell(self, about, graded):
        """Tell of a notebook what the person who grades should know."""
        for kind, text in graded.notes:
            self.report.problem(about["student"], about["notebook"], text, kind)
        for cell, name, text in graded.problems:
            self.report.problem(about["student"], about["notebook"], f"{cell}: {text}", name)
        if not graded.isolated:
            self.report.problem(about["student"], about["notebook"], "graded without isolation")

    def _points(self):
        """The points so far, as nbgrader exports them, and the most there are."""
        kind = SubmittedAssignment
        asked = self.book.db.query(kind.score, kind.late_submission_penalty, kind.max_score)
        score, penalty, most = asked.filter(kind.id == self.recorded_as).one()
        return max(0.0, score - penalty), most

    def _undo(self, student):
        """Leave nothing half done, as nbgrader does after a failure."""
        made = self._format_dest(self.course.name, student)
        if self.coursedir.notebook_id == "*":
            shutil.rmtree(made, ignore_errors=True)
        else:
            for path in self.notebooks:
                with contextlib.suppress(OSError):  # why it failed is told; this may be it, too
                    Path(made, os.path.basename(path)).unlink(missing_ok=True)


class Record(NbGraderPreprocessor):
    """What nbgrader's ``SaveAutoGrades`` and ``AssignLatePenalties`` do, on an open gradebook."""

    def __init__(self, steps, recorder, **kwargs):
        super().__init__(**kwargs)
        self.steps, self.recorder = set(steps), recorder
        self.late = AssignLatePenalties(parent=self.parent)
        self.late.init_plugin()

    def preprocess(self, nb, resources):
        """Record the grades and comments of a notebook."""
        name = resources["nbgrader"]["notebook"]
        notebook = self.recorder.recorded[name]
        if not self.steps.isdisjoint(_SAVES):
            self._save(nb, notebook, resources["nbgrader"])
        if AssignLatePenalties in self.steps:
            self._be_late(notebook, resources["nbgrader"])
        return nb, resources

    def _save(self, nb, notebook, about):
        folder = self.recorder._format_dest(about["assignment"], about["student"])
        given = marks.Marks(folder, about["notebook"], nb)
        self.recorder.marks.append(given)
        for cell in nb.cells:
            if utils.is_grade(cell) or utils.is_task(cell):
                name = cell.metadata.nbgrader.grade_id
                grade = self.recorder.grades[notebook.id, name]
                auto = grade.auto_score
                if utils.is_grade(cell):
                    auto, _ = utils.determine_grade(cell, self.log)
                grade.needs_manual_grade = given.is_open(grade, name, auto)
                grade.auto_score = auto
            if utils.is_solution(cell) or utils.is_task(cell):
                checksum = cell.metadata.nbgrader.get("checksum")
                blank = not utils.is_task(cell) and checksum == utils.compute_checksum(cell)
                comment = self.recorder.comments[notebook.id, cell.metadata.nbgrader.grade_id]
                comment.auto_comment = "No response." if blank else None

    def _be_late(self, notebook, about):
        seconds = self.recorder.submission.total_seconds_late
        notebook.late_submission_penalty = None
        if seconds > 0:
            self.recorder.book.db.flush()
            self.recorder.book.db.refresh(notebook)
            # as nbgrader has it: a plugin may ask its parent
            late, student = self.late, about["student"]
            late.gradebook, late.student_id = self.recorder.book, student
            late.assignment_id, late.notebook_id = about["assignment"], about["notebook"]
            penalty = late.plugin_inst.late_submission_penalty(student, notebook.score, seconds)
            if penalty is not None:
                penalty = self.late._check_late_penalty(notebook, penalty)
            notebook.late_submission_penalty = penalty


def _trouble(error):
    """What is wrong with a gradebook, and what to do."""
    line = first_line(error)
    if isinstance(error, ImportError) and (error.name or "").startswith("psycopg"):
        return f"{line}: {NO_POSTGRESQL}"
    if isinstance(error, SQLAlchemyError) and re.search("no such column|does not exist", line):
        return f"{line}: another nbgrader made it. Back it up and run `nbgrader db upgrade`"
    return line


def _written(notebook):
    """A notebook as `nbformat.v4.writes` writes it, but for the copy that makes of it first."""
    notebook = strip_transient(split_lines(notebook))
    layout = {"indent": 1, "sort_keys": True, "separators": (",", ": ")}
    return json.dumps(notebook, ensure_ascii=False, **layout)
