"""Facts: what the gradebook says of submissions, read for a class in four queries."""

from dataclasses import dataclass, field

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import func, select


@dataclass(frozen=True)
class Mark:
    """The points of one cell.

    auto, manual, extra  points, None where there are none
    open                 whether a person is asked to look at it
    most                 points that it can give
    """

    auto: float | None
    manual: float | None
    extra: float | None
    open: bool
    most: float

    @property
    def score(self):
        """The points so far, as nbgrader counts them."""
        given = self.auto if self.manual is None else self.manual
        return 0.0 if given is None else given + (self.extra or 0.0)

    @property
    def waits(self):
        """Whether nobody has given it points yet, no machine and no person."""
        return self.auto is None and self.manual is None

    @property
    def earlier(self):
        """Whether a person gave its points to an earlier text."""
        return self.open and self.manual is not None


@dataclass
class Part:
    """One notebook of a submission.

    marks     {name of a cell: `Mark`}
    comments  {name of a cell: the comment on it}, a person's before nbgrader's own
    late      points that are taken off because it was late
    """

    marks: dict = field(default_factory=dict)
    comments: dict = field(default_factory=dict)
    late: float = 0.0

    @property
    def score(self):
        return max(0.0, sum(mark.score for mark in self.marks.values()) - self.late)

    @property
    def most(self):
        return sum(mark.most for mark in self.marks.values())


@dataclass
class Facts:
    """One submission.

    name   of the student, as the gradebook has it; empty if it has none
    parts  {notebook: `Part`} of all notebooks of the assignment
    """

    student: str
    name: str
    parts: dict

    @property
    def score(self):
        raw = sum(mark.score for part in self.parts.values() for mark in part.marks.values())
        return max(0.0, raw - sum(part.late for part in self.parts.values()))

    @property
    def most(self):
        return sum(part.most for part in self.parts.values())


def facts(book, assignment, student=None):
    """Return {student: `Facts`} of an assignment's submissions.

    book     an open `nbgrader.api.Gradebook`
    student  of this one only
    """
    where = [Assignment.name == assignment]
    if student is not None:
        where.append(SubmittedAssignment.student_id == student)
    ask = book.db.execute
    found, parts = {}, {}
    for number, notebook, late, who, first, last in ask(
        _of_submissions(
            SubmittedNotebook.id,
            Notebook.name,
            SubmittedNotebook.late_submission_penalty,
            SubmittedAssignment.student_id,
            Student.first_name,
            Student.last_name,
        )
        .join(Student, Student.id == SubmittedAssignment.student_id)
        .where(*where)
        .order_by(Notebook.name)
    ):
        name = " ".join(filter(None, (first, last)))
        parts[number] = found.setdefault(who, Facts(who, name, {})).parts[notebook] = Part(
            late=late or 0.0
        )
    for number, cell, auto, manual, extra, open_, most in ask(
        _of_submissions(
            SubmittedNotebook.id,
            BaseCell.name,
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
            func.coalesce(_GRADED.c.max_score, _TASKS.c.max_score, 0.0),
        )
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell.__table__, BaseCell.__table__.c.id == Grade.cell_id)
        .outerjoin(_GRADED, _GRADED.c.id == Grade.cell_id)
        .outerjoin(_TASKS, _TASKS.c.id == Grade.cell_id)
        .where(*where)
    ):
        parts[number].marks[cell] = Mark(auto, manual, extra, bool(open_), most)
    for number, cell, auto, manual in ask(
        _of_submissions(
            SubmittedNotebook.id, BaseCell.name, Comment.auto_comment, Comment.manual_comment
        )
        .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
        .join(BaseCell.__table__, BaseCell.__table__.c.id == Comment.cell_id)
        .where(*where)
        .where((Comment.auto_comment.is_not(None)) | (Comment.manual_comment.is_not(None)))
    ):
        parts[number].comments[cell] = auto if manual is None else manual
    return found


_GRADED, _TASKS = GradeCell.__table__, TaskCell.__table__


def _of_submissions(*columns):
    """A query of submitted notebooks with what they belong to."""
    return (
        select(*columns)
        .select_from(SubmittedNotebook)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    )
