"""The command ``proctor report``."""

import os
import sys
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.apps.baseapp import nbgrader_aliases, nbgrader_flags
from traitlets import Bool, Unicode

from proctor.batch.app import DONE, GradeApp
from proctor.files import replace
from proctor.report.analysis import Analysis
from proctor.report.gather import gather
from proctor.report.page import page
from proctor.report.tables import as_json, tables
from proctor.report.text import report
from proctor.terminal import columns
from proctor.wording import reason

PAGE = "report.html"


class ReportApp(GradeApp):
    """See how a class has done, and what it has not understood."""

    name = "proctor-report"
    description = (
        "See how a class has done an assignment: its points, which tasks and properties it got, "
        "what it has misunderstood, who waits for a mark, and what to teach next. It prints this, "
        "and writes it as a page and as tables into reports/<assignment>/, which only you may "
        "read. Exit status: 0, or 2 for bad input."
    )
    examples = """
        proctor report ps1
        proctor report ps1 --anonymous
        proctor report ps1 --json > class.json
        proctor report ps1 --into ~/teaching/week-3
    """
    aliases = {name: nbgrader_aliases[name] for name in ("db", "course-dir", "log-level")} | {
        "course": "CourseDirectory.course_id",
        "into": "ReportApp.into",
    }
    flags = {"debug": nbgrader_flags["debug"]} | {
        "json": ({"GradeApp": {"json": True}}, "Print it as JSON, and write no files."),
        "anonymous": ({"ReportApp": {"anonymous": True}}, "Leave out who is who."),
    }

    anonymous = Bool(False, help="Leave out ids, names, and lists of them.").tag(config=True)
    into = Unicode(
        "",
        help="Folder to write to; by default reports/<assignment> in the course's folder, "
        "with -anonymous behind it where names are left out.",
    ).tag(config=True)

    def start(self):
        """Print the report, write its files, and exit."""
        super(GradeApp, self).start()  # what a command of nbgrader begins with
        assignment = self.ask("which assignment? for example: proctor report ps1")
        analysis = self._analysis(assignment)
        names = not self.anonymous
        if self.json:
            print(as_json(analysis, names))
            sys.exit(DONE)
        folder = self._folder(assignment)
        files = {PAGE: page(analysis, names), **tables(analysis, names)}
        try:
            write(files, folder)
        except OSError as error:
            self.fail("%s", reason(error))
        for line in report(analysis, columns(sys.stdout), names):
            print(line)
        print(f"  - Read on: {os.path.relpath(folder / PAGE)}")
        sys.exit(DONE)

    def _analysis(self, assignment):
        try:
            with self.gradebook() as book:
                return Analysis(gather(book, self.coursedir, assignment))
        except MissingEntry:
            self.fail("%s is not in the gradebook", assignment)
        except OSError as error:
            self.fail("%s", reason(error))

    def _folder(self, assignment):
        """Where to write to: nowhere that students are given something from."""
        course = self.coursedir
        tail = "-anonymous" if self.anonymous else ""
        default = Path(course.root, "reports", f"{os.path.basename(assignment)}{tail}")
        folder = Path(self.into).expanduser() if self.into else default
        real = Path(os.path.realpath(folder))
        for kind in (course.release_directory, course.feedback_directory, course.source_directory):
            if real.is_relative_to(os.path.realpath(Path(course.root, kind))):
                self.fail("%s is for students: a report is not", folder)
        return folder


def write(files, folder):
    """Write {name: text} into a folder, each for the eyes of this account alone; OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name, text in files.items():
        replace(folder / name, text.encode(), private=True)
