"""The command ``proctor export``."""

import os
import sys
import tempfile
from pathlib import Path

from nbgrader.api import MissingEntry, Student
from nbgrader.apps.baseapp import nbgrader_aliases, nbgrader_flags
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Unicode

from proctor.batch.app import DONE, FAILED, GradeApp
from proctor.files import read
from proctor.lms import Unfit
from proctor.lms.fill import FORMATS, Person, fill
from proctor.plugins import gradebook
from proctor.report.gather import gather
from proctor.terminal import columns, printable, wrapped
from proctor.wording import first_line, reason


class ExportApp(GradeApp):
    """Write an assignment's marks into the file that a learning system gave."""

    name = "proctor-export"
    description = (
        "Write an assignment's marks into the file that a learning system gave, to be imported "
        f"there: {', '.join(kind.NAME for kind in FORMATS)}. Only cells of marks change; who "
        "handed in nothing is left as it is. The file as it came is kept with .before behind its "
        "name. Exit status: 0, 1 if somebody's mark is not in it (each is named), 2 for bad input."
    )
    examples = """
        proctor export ps1 --into 2026-11-02_Grades-course.csv
        proctor export ps1 --into grades.csv --column "Problem set 1"
    """
    aliases = {name: nbgrader_aliases[name] for name in ("db", "course-dir", "log-level")} | {
        "course": "CourseDirectory.course_id",
        "into": "ExportApp.into",
        "column": "ExportApp.column",
    }
    flags = {"debug": nbgrader_flags["debug"]} | {}

    into = Unicode("", help="The file that the learning system gave.").tag(config=True)
    column = Unicode(
        "", help="The column's title there, where it is not the assignment's name."
    ).tag(config=True)

    def start(self):
        """Fill the file, say what is not in it, and exit."""
        super(GradeApp, self).start()  # what a command of nbgrader begins with
        question = "which assignment, into which file? proctor export ps1 --into grades.csv"
        assignment = self.ask(question)
        if not self.into:
            self.fail(question)
        path = Path(self.into).expanduser()
        try:
            data = read(path)
        except OSError as error:
            self.fail("%s", reason(error))
        if data is None:
            self.fail("there is no file %s", path)
        try:
            filled = fill(data, assignment, *self._class(assignment), self.column)
            _write(path, data, filled.data)
        except (Unfit, LookupError) as error:
            self.fail("%s: %s", path.name, printable(error.args[0]))
        except OSError as error:
            self.fail("%s", reason(error))
        self._tell(filled, path)
        sys.exit(FAILED if filled.left_out else DONE)

    def _class(self, assignment):
        """(`Person`s, {id: points or None})."""
        url = self.coursedir.db_url
        if not gradebook.exists(url):
            self.fail("there is no gradebook at %s: grade something first", url)
        try:
            with gradebook.opened(url, self.coursedir.course_id) as book:
                classroom = gather(book, self.coursedir, assignment)
                rows = book.db.execute(select(Student.id, Student.lms_user_id, Student.email))
                people = [Person(row[0], tuple(row)) for row in rows]
        except MissingEntry:
            self.fail("%s is not in the gradebook", assignment)
        except SQLAlchemyError as error:
            self.fail("the gradebook: %s", first_line(error))
        marks = {s.id: s.score if s.handed_in else None for s in classroom.students}
        self.waiting = sum(bool(student.waits) for student in classroom.handed_in)
        return people, marks

    def _tell(self, filled, path):
        told = f"{filled.format}, {filled.title!r}: {filled.written} marks written into {path.name}"
        print(f"{printable(told)}, {filled.same} there already.")
        width = columns(sys.stdout)
        notes = [*filled.notes]
        if self.waiting:
            notes.append(f"{self.waiting} of these marks wait for a person and may still change.")
        for text in (*(f"not in it: {one}" for one in filled.left_out), *notes):
            print(*wrapped(printable(text), width, "  ", "    "), sep="\n")


def _write(path, before, after):
    """Put ``after`` in the place of a file, and keep it as it came; OSError."""
    kept = path.with_name(f"{path.name}.before")
    if not kept.exists():
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(before)
    descriptor, new = tempfile.mkstemp(prefix=".", dir=path.parent)  # mode 0600
    with open(descriptor, "wb") as file:
        file.write(after)
    os.replace(new, path)
