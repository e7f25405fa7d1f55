"""The command ``proctor extend``."""

import glob
import os

from nbgrader.api import MissingEntry
from traitlets import Float

from proctor.batch.app import GradeApp, without
from proctor.terminal import printable

_QUESTION = "which assignment, who, how long? for example: proctor extend ps1 ada --days 2"
_LONGEST = 3660  # days


class ExtendApp(GradeApp):
    """Give one student more time for an assignment, and grade what was handed in anew."""

    name = "proctor-extend"
    description = (
        "Give one student more time for an assignment, counted from its due date, and grade what "
        "the student has handed in anew, so that marks, report and feedback know of it. It "
        "replaces an earlier extension; --days 0 takes it back. Exit status: as of proctor grade."
    )
    examples = """
        proctor extend ps1 ada --days 2
        proctor extend ps1 ada --hours 12 --feedback
        proctor extend ps1 ada --days 0
    """
    aliases = without(GradeApp.aliases, "student", "notebook") | {
        "days": "ExtendApp.days",
        "hours": "ExtendApp.hours",
    }
    flags = without(GradeApp.flags, "force", "f", "watch")

    days = Float(None, allow_none=True, help="Days from the due date on.").tag(config=True)
    hours = Float(None, allow_none=True, help="Hours from the due date on.").tag(config=True)

    def start(self):
        """Give the time, grade, and exit."""
        if len(self.extra_args) != 2 or (self.days is None and self.hours is None):
            self.fail(_QUESTION)
        *self.extra_args, student = self.extra_args
        assignment = self.ask(_QUESTION)
        days = (self.days or 0) + (self.hours or 0) / 24
        if not 0 <= days <= _LONGEST:
            self.fail("an extension is of 0 to %d days", _LONGEST)
        due = self._extend(assignment, student, days)
        if not self.json:
            print(printable(f"{assignment} is due {due:%Y-%m-%d %H:%M} UTC for {student}."))
        self.config.BaseConverter.force = True  # else what has not changed is passed over
        self.coursedir.student_id = glob.escape(student)
        super().start()

    def _extend(self, assignment, student, days):
        """Write the extension; return when it is due now."""
        course = self.coursedir
        folder = course.format_path(course.submitted_directory, student, assignment)
        with self.gradebook() as book:
            try:
                entry = book.find_assignment(assignment)
                book.find_student(student)
            except MissingEntry:
                self.fail("the gradebook knows no %s, or nobody called %s", assignment, student)
            if entry.duedate is None:
                self.fail("%s has no due date, so nothing is late", assignment)
            if not os.path.isdir(folder):
                self.fail(
                    "%s has handed in nothing of %s yet. Nothing is refused for being late: give "
                    "the time when it is there",
                    *(student, assignment),
                )
            submission = book.update_or_create_submission(assignment, student)
            book.grant_extension(assignment, student, days=days)
            return submission.duedate
