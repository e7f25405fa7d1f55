"""Tidy: every mark in a row of its own, for ``nbgrader export``."""

import io

from nbgrader.plugins import ExportPlugin

from proctor.files import replace
from proctor.report.gather import gather
from proctor.report.tables import guarded, mark_rows, written
from proctor.wording import reason

_SHEET = 1_048_576  # rows of a sheet of Excel's


class Tidy(ExportPlugin):
    """Writes CSV: a row for each student, task and property, with what was misunderstood.

    The columns are those of ``marks.csv`` of ``proctor report``. What was not handed in is blank.
    """

    default = "marks.csv"

    def export(self, gradebook):
        """Write the marks of the chosen assignments and students."""
        try:
            self._export(gradebook)
        except (LookupError, OSError) as error:
            why = reason(error) if isinstance(error, OSError) else error.args[0]
            self.parent.fail("%s", why)

    def _export(self, gradebook):
        course = self.parent.coursedir
        head, rows = None, []
        wanted = {str(name) for name in self.assignment}
        students = {str(name) for name in self.student}
        known = {one.name for one in gradebook.assignments}
        for name in sorted(known):
            if wanted and name not in wanted:
                continue
            head, found = mark_rows(gather(gradebook, course, name))
            rows += [row for row in found if not students or row[1] in students]
        for what, names, there in (
            ("assignment", wanted, known),
            ("student", students, {one.id for one in gradebook.students}),
        ):
            if missing := sorted(names - there):
                raise LookupError(f"no {what} is called {', '.join(missing)}")
        if head is None:
            raise LookupError("the gradebook has no assignment")
        path = self.to or self.default
        replace(path, self.made(head, rows), private=True)
        self.log.info("%d marks written into %s", len(rows), path)

    def made(self, head, rows):
        """The file's bytes."""
        return written(head, rows).encode()


class Excel(Tidy):
    """Writes the same as an Excel file; needs openpyxl."""

    default = "marks.xlsx"

    def made(self, head, rows):
        """The file's bytes."""
        try:
            from openpyxl import Workbook
        except ImportError:
            raise LookupError("Excel files need openpyxl: pip install openpyxl") from None
        if len(rows) >= _SHEET:
            raise LookupError(f"{len(rows):,} marks are more than a sheet holds: write CSV")
        book = Workbook(write_only=True)
        table = book.create_sheet("marks")
        table.append(head)
        for row in rows:
            table.append([None if value is None else guarded(value) for value in row])
        made = io.BytesIO()
        book.save(made)
        return made.getvalue()
