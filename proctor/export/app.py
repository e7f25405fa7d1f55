"""The command ``proctor export``: a table of marks, a learning system's file, or its feedback."""

import itertools
import os
import sys
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.apps.baseapp import nbgrader_aliases, nbgrader_flags
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import CsvExportPlugin, ExportPlugin
from traitlets import Bool, Type, Unicode

from proctor.batch.app import DONE, FAILED, GradeApp
from proctor.export.feedback import of_worksheet, pack, recorded
from proctor.export.private import keep_out_of_git
from proctor.files import read, replace
from proctor.lms import Unfit, moodle, sheet
from proctor.lms.fill import FORMATS, fill
from proctor.lms.systems import people_of
from proctor.plugins.collect.downloaded import RECORD, class_of
from proctor.plugins.page.facts import facts
from proctor.plugins.page.write import counted
from proctor.report.gather import gather
from proctor.report.reasons import reason as reason_of
from proctor.terminal import columns, printable, wrapped
from proctor.wording import reason

GRADES = "grades.csv"  # where nbgrader's own plugin writes, unless it is told


class ExportApp(GradeApp):
    """Write an assignment's marks as a table, or marks or feedback for a learning system."""

    name = "proctor-export"
    description = (
        "Write an assignment's marks: as the table that nbgrader export makes (--to, otherwise "
        "grades.csv; --exporter for another kind), or into the file that a learning system gave "
        f"(--into), to be imported there: {', '.join(kind.NAME for kind in FORMATS)}. In that one "
        "only cells of marks change, with "
        "--comments also those of comments; who handed in nothing is left as it is. The file as it "
        "came is kept with .before behind its name (.before-2 …). --feedback packs the feedback, "
        "named as the system that the submissions came from wants it. Exit status: 0, 1 if "
        "somebody's is not in it (each is named), 2 for bad input."
    )
    examples = """
        proctor export ps1
        proctor export ps1 --to marks.xlsx --exporter proctor.export.Excel
        proctor export ps1 --into 2026-11-02_Grades-course.csv
        proctor export ps1 --into grades.csv --column "Problem set 1"
        proctor export ps1 --into Grades-course-ps1-77.csv --comments
        proctor export ps1 --feedback
        proctor export ps1 --feedback --into Grades-course-ps1-77.csv
    """
    aliases = {name: nbgrader_aliases[name] for name in ("db", "course-dir", "log-level")} | {
        "course": "CourseDirectory.course_id",
        "to": "ExportPlugin.to",
        "exporter": "ExportApp.plugin_class",
        "into": "ExportApp.into",
        "column": "ExportApp.column",
    }
    flags = {"debug": nbgrader_flags["debug"]} | {
        "comments": (
            {"ExportApp": {"comments": True}},
            "Write also what cost points, where the file has a column for comments.",
        ),
        "feedback": (
            {"ExportApp": {"feedback": True}},
            "Pack the feedback instead; of a Moodle worksheet (--into), for whoever is in it.",
        ),
    }

    # the setting of nbgrader's command of this name
    plugin_class = Type(
        CsvExportPlugin, klass=ExportPlugin, help="What makes the table of marks."
    ).tag(config=True)
    into = Unicode("", help="The file that the learning system gave.").tag(config=True)
    column = Unicode(
        "", help="The column's title there, where it is not the assignment's name."
    ).tag(config=True)
    comments = Bool(False, help="Write comments, too.").tag(config=True)
    feedback = Bool(False, help="Pack the feedback.").tag(config=True)

    def start(self):
        """Fill or make the file, say what is not in it, and exit."""
        super(GradeApp, self).start()  # what a command of nbgrader begins with
        assignment = self.ask("which assignment? for example: proctor export ps1")
        if not self.into and not self.feedback:
            self._table(assignment)
            sys.exit(DONE)
        path = Path(self.into).expanduser() if self.into else None
        try:
            data = read(path) if path else None
        except OSError as error:
            self.fail("%s", reason(error))
        if path and data is None:
            self.fail("there is no file %s", path)
        try:
            told = self._pack(path, data) if self.feedback else self._fill(assignment, path, data)
        except (Unfit, LookupError) as error:
            name = path.name if path else "feedback"
            self.fail("%s: %s", name, printable(error.args[0]))
        except OSError as error:
            self.fail("%s", reason(error))
        sys.exit(FAILED if told else DONE)

    # --- a table ----------------------------------------------------------------------------------

    def _table(self, assignment):
        """Have the plugin write its table, as ``nbgrader export --assignment`` does."""
        plugin = self.plugin_class(parent=self, assignment=[assignment])
        with self.gradebook() as book:
            if assignment not in {one.name for one in book.assignments}:
                self.fail("%s is not in the gradebook", assignment)
            try:
                plugin.export(book)
            except OSError as error:
                self.fail("%s", reason(error))
        written = plugin.to or getattr(plugin, "default", GRADES)
        print(f"The marks of {printable(assignment)}: {printable(written)}")

    # --- marks ------------------------------------------------------------------------------------

    def _fill(self, assignment, path, data):
        """Write the marks; return whether somebody's is not in the file."""
        people, marks, comments = self._class(assignment)
        filled = fill(
            data, assignment, people, marks, self.column, comments if self.comments else None
        )
        kept = _write(path, data, filled.data)
        told = f"{filled.format}, {filled.title!r}: {filled.written} marks written into {path.name}"
        said = f" {filled.comments} comments written." if self.comments else ""
        print(f"{printable(told)}, {filled.same} there already.{said}")
        notes = [*filled.notes, *(keep_out_of_git(one) for one in (path, kept) if one)]
        if self.waiting:
            notes.append(f"{self.waiting} of these marks wait for a person and may still change.")
        self._tell(filled.left_out, notes)
        return filled.left_out

    def _class(self, assignment):
        """(`Person`s, {id: points or None}, {id: comment})."""
        with self.gradebook() as book:
            try:
                classroom = gather(book, self.coursedir, assignment)
            except MissingEntry:
                self.fail("%s is not in the gradebook", assignment)
            people = class_of(book)
        marks = {s.id: s.score if s.handed_in else None for s in classroom.students}
        self.waiting = sum(bool(student.waits) for student in classroom.handed_in)
        comments = {s.id: comment(s, classroom) for s in classroom.handed_in}
        return people, marks, comments

    # --- feedback ---------------------------------------------------------------------------------

    def _pack(self, path, data):
        """Write the archive of feedback; return whether somebody's is not in it."""
        collected = ZipCollectApp(config=self.config)
        collected.coursedir = self.coursedir
        folder = Path(collected._format_collect_path(""))
        with self.gradebook() as book:
            if data is None:
                kind, students = recorded(folder / RECORD)
            else:
                kind, listed = people_of(sheet.read(data))
                if kind is not moodle or not moodle.fits(sheet.read(data)):
                    raise Unfit("--feedback takes a grading worksheet of Moodle, or no file")
                handed_in = set(facts(book, self.coursedir.assignment_id))
                kind, students = of_worksheet(class_of(book), listed, handed_in)
            archive, number, told = pack(kind, students, book, self.coursedir, self.config)
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"feedback-{kind.TITLE.lower()}.zip"
        replace(made, archive, private=True)
        print(f"{kind.TITLE}: feedback of {counted(number, 'student')} in {os.path.relpath(made)}")
        self._tell(told, [*kind.FEEDBACK.notes, keep_out_of_git(made)])
        return told

    # ----------------------------------------------------------------------------------------------

    def _tell(self, left_out, notes):
        width = columns(sys.stdout)
        for text in (*(f"not in it: {one}" for one in left_out), *filter(None, notes)):
            print(*wrapped(printable(text), width, "  ", "    "), sep="\n")


def comment(student, classroom):
    """What a student's comment says: the points of each notebook, and what cost most."""
    points = {}
    for item in classroom.items:
        mark = student.marks.get(item.key)
        have, most = points.get(item.notebook, (0, 0))
        points[item.notebook] = have + (mark.score if mark else 0), most + item.points
    told = [f"{name}: {have:g} of {most:g}" for name, (have, most) in points.items()]
    return f"{'; '.join(told)}. {reason_of(student, classroom)}".rstrip(".") + "."


def _write(path, before, after):
    """Put ``after`` in the place of a file, and keep it as it came; where, or None. OSError."""
    if before == after:
        return None
    for number in itertools.count(1):
        kept = path.with_name(f"{path.name}.before" + f"-{number}" * (number > 1))
        if not kept.exists():
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(before)
        elif read(kept) != before:
            continue
        replace(path, after, private=True)
        return kept
