"""The command ``proctor students``."""

import collections
import sys
from pathlib import Path

from nbgrader.apps.baseapp import nbgrader_aliases, nbgrader_flags
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Bool, Unicode

from proctor.batch.app import DONE, FAILED, GradeApp
from proctor.export.private import keep_out_of_git
from proctor.files import read
from proctor.lms import Unfit, sheet
from proctor.lms.people import folded
from proctor.lms.systems import students
from proctor.plugins import gradebook
from proctor.plugins.collect.downloaded import class_of
from proctor.plugins.collect.names import refusal, shown
from proctor.plugins.page.write import counted
from proctor.terminal import columns, printable, wrapped
from proctor.wording import first_line, reason

_QUESTION = "which list? for example: proctor students import participants.csv"
_EXCEL = b"PK\x03\x04"


class StudentsApp(GradeApp):
    """Take a learning system's list of students into the gradebook."""

    name = "proctor-students"
    description = (
        "Take a learning system's list of students into the gradebook: the gradebook of Canvas, "
        "Brightspace or Blackboard, the participants or the grading worksheet of Moodle, the "
        "members of ILIAS; CSV in any of their encodings, or Excel. Who is there already gets what "
        "is new; nobody is removed. Exit status: 0, 1 if somebody is not taken (each is named), "
        "2 for bad input."
    )
    examples = """
        proctor students import 2026-11-02_Grades-course.csv
        proctor students import participants.csv --id "ID number"
        proctor students import participants.csv --try
    """
    aliases = {name: nbgrader_aliases[name] for name in ("db", "course-dir", "log-level")} | {
        "course": "CourseDirectory.course_id",
        "id": "StudentsApp.id_column",
    }
    flags = {"debug": nbgrader_flags["debug"]} | {
        "try": ({"StudentsApp": {"only_try": True}}, "Say what would be taken, and take nothing."),
    }

    id_column = Unicode("", help="The heading of the column that has the students' ids here.").tag(
        config=True
    )
    only_try = Bool(False, help="Say what would be taken, and take nothing.").tag(config=True)

    def start(self):
        """Take the list, say who is not taken, and exit."""
        super(GradeApp, self).start()  # what a command of nbgrader begins with
        if self.extra_args[:1] != ["import"] or len(self.extra_args) != 2:
            self.fail(_QUESTION)
        path = Path(self.extra_args[1]).expanduser()
        try:
            data = read(path)
            if data is None:
                self.fail("there is no file %s", path)
            if data.startswith(_EXCEL):
                data = _from_excel(data)
            kind, found = students(sheet.read(data, western=True), self.id_column)
            new, changed, told = self._take(found)
        except Unfit as error:
            self.fail("%s: %s", path.name, printable(error.args[0]))
        except (OSError, SQLAlchemyError) as error:
            self.fail("%s", reason(error) if isinstance(error, OSError) else first_line(error))
        would = "would be " if self.only_try else ""
        told_of = f"{counted(new, 'student')} {would}new, {changed} {would}changed, of {len(found)}"
        print(f"{kind.TITLE}: {told_of}.")
        for text in (*told, *filter(None, [keep_out_of_git(path)])):
            print(*wrapped(printable(text), columns(sys.stdout), "  ", "    "), sep="\n")
        sys.exit(FAILED if told else DONE)

    def _take(self, found):
        """(number of new students, of changed ones, sentences on who is not taken)."""
        new = changed = 0
        with gradebook.opened(self.coursedir.db_url, self.coursedir.course_id) as book:
            there = {one.id: one for one in class_of(book)}
            taken, told = _sorted_out(found, there)
            for one in taken:
                about = {k: v for k, v in vars(one).items() if v and k != "id"}
                before = there.get(one.id)
                if before is None:
                    new += 1
                else:
                    known = (before.keys[1], before.keys[2], *before.name)
                    names = ("lms_user_id", "email", "first_name", "last_name")
                    own = dict(zip(names, known, strict=True))
                    changed += any(own[name] != value for name, value in about.items())
                if not self.only_try:
                    book.update_or_create_student(one.id, **about)
        return new, changed, told


def _sorted_out(found, there):
    """(`Enrolled` to take, sentences on the others)."""
    taken, told = [], []
    ids = collections.Counter(folded(one.id) for one in found)
    others = collections.defaultdict(set)  # {address or the system's id: students' ids}
    for person in there.values():
        for key in filter(None, person.keys[1:]):
            others[folded(key)].add(person.id)
    for one in found:
        name = shown(one.id or f"{one.first_name} {one.last_name}")
        keys = [folded(key) for key in (one.email, one.lms_user_id) if key]
        twins = set().union(*(others[key] for key in keys)) - {one.id}
        if not one.id:
            told.append(f"{name} is not taken: there is no id of this student in the list")
        elif line := refusal(one.id):
            told.append(f"not taken: {line}")
        elif ids[folded(one.id)] > 1:
            told.append(f"{name} is not taken: {ids[folded(one.id)]} rows have this id")
        elif twins:
            names = ", ".join(map(shown, sorted(twins)))
            told.append(
                f"{name} is not taken: {names} has the same address or number; --id COLUMN "
                "says which column has the ids that are in use here"
            )
        else:
            taken.append(one)
            for key in keys:
                others[key].add(one.id)
    return taken, list(dict.fromkeys(told))


def _from_excel(data):
    """The first sheet of an Excel file as CSV. Raises Unfit."""
    import csv
    import io

    try:
        import openpyxl
    except ImportError:
        raise Unfit("it is an Excel file: save it as CSV, or pip install openpyxl") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception:  # openpyxl answers a damaged file with any error
        raise Unfit("it is no Excel file that can be read: save it as CSV") from None
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    for row in book.worksheets[0].iter_rows(values_only=True):
        writer.writerow(["" if value is None else value for value in row])
    return made.getvalue().encode()
