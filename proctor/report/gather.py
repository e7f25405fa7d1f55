"""Gather: what the gradebook and the graded notebooks say of one assignment."""

import glob
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import (
    BaseCell,
    Grade,
    Notebook,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Student as Enrolled
from sqlalchemy import select

from proctor.files import read
from proctor.report.causes import cause_of
from proctor.terminal import printable
from proctor.wording import NOT_THERE, REPAIRED

_ABOUT = re.compile(r"#\s*(?:\d[\d.]* points?\s*·\s*)?(.*)")  # a test cell's first comment


@dataclass(frozen=True)
class Item:
    """Item: one graded cell, in most courses one property of a task.

    notebook, name  its notebook and its ``grade_id``
    task, prop      the answer that it is about, and of what; ``prop`` is empty if it is that answer
    points          what it is worth
    by_hand         whether a person marks it
    says            the first comment in the cell; empty if there is none
    """

    notebook: str
    name: str
    task: str
    prop: str
    points: float
    by_hand: bool = False
    says: str = ""

    @property
    def key(self):
        """(notebook, grade_id)."""
        return self.notebook, self.name

    @property
    def title(self):
        """The task and the property, for people."""
        return f"{self.task} · {self.prop}" if self.prop else self.task


@dataclass(frozen=True)
class Mark:
    """Mark: what a student has of an item.

    score   points so far
    waits   whether a person has to look at it
    unread  whether nobody has given it points, neither a test nor a person
    """

    score: float
    waits: bool = False
    unread: bool = False


@dataclass
class Student:
    """Student: one person of the class, and what came of the submission.

    name       first and last name, as far as the gradebook has them
    handed_in  whether there is a graded submission; ``ungraded``: one that waits to be graded
    penalty    points taken off because it was late by ``late`` seconds
    marks      {(notebook, grade_id): `Mark`}
    missing    names of notebooks that were not handed in
    repairs    sentences on what was mended, by notebook
    blank      tasks, as (notebook, task), whose answer is what was released
    causes     {(notebook, grade_id): `Cause`} of the tests that cost points
    faults     names of graded notebooks that could not be read
    """

    id: str
    name: str = ""
    handed_in: bool = False
    ungraded: bool = False
    penalty: float = 0.0
    late: float = 0.0
    marks: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)
    repairs: dict = field(default_factory=dict)
    blank: set = field(default_factory=set)
    causes: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    @property
    def raw(self):
        """The points before a penalty."""
        return sum(mark.score for mark in self.marks.values())

    @property
    def score(self):
        """The points as nbgrader exports them."""
        return max(0.0, self.raw - self.penalty)

    @property
    def waits(self):
        """The keys of the items that a person has to look at."""
        return [key for key, mark in self.marks.items() if mark.waits]


@dataclass(frozen=True)
class Classroom:
    """Classroom: an assignment's items in their order, and its students by id."""

    assignment: str
    items: tuple
    students: tuple

    @property
    def points(self):
        """The points that the assignment has."""
        return sum(item.points for item in self.items)

    @property
    def handed_in(self):
        """The students with a graded submission."""
        return [student for student in self.students if student.handed_in]


def gather(book, coursedir, assignment):
    """The `Classroom` of an assignment.

    book       an open `nbgrader.api.Gradebook`
    coursedir  nbgrader's `CourseDirectory`

    Raises MissingEntry if the gradebook does not know the assignment, and OSError for a folder or a
    graded notebook that this account may not read.
    """
    entry = book.find_assignment(assignment)
    source = coursedir.format_path(coursedir.source_directory, ".", assignment)
    items = tuple(
        item
        for notebook in entry.notebooks
        for item in _items(notebook, _cells_of(source, notebook))
    )
    students = _students(book, entry)
    _mark(book, entry, students)
    _add_ungraded(students, coursedir, assignment)
    released = _released(book, entry)
    answers = {}  # {notebook: {grade_id of an answer: task}}
    for notebook in entry.notebooks:
        answers[notebook.name] = {cell.name for cell in notebook.solution_cells}
    about = {item.key: item for item in items}
    for student in students.values():
        if student.handed_in:
            made = coursedir.format_path(coursedir.autograded_directory, student.id, assignment)
            for name in answers:
                _look(student, Path(made, f"{name}.ipynb"), about, released, answers[name])
    return Classroom(assignment, items, tuple(students[name] for name in sorted(students)))


# --- the gradebook --------------------------------------------------------------------------------


def _items(notebook, cells):
    """The items of a notebook (`nbgrader.api.Notebook`).

    cells  [(grade_id, text)] in the source's order
    """
    answers = {cell.name for cell in notebook.solution_cells}
    place = {name: number for number, (name, _) in enumerate(cells)}
    texts = dict(cells)
    found = []
    for cell in (*notebook.grade_cells, *notebook.task_cells):
        by_hand = cell.name in answers or cell.type == "TaskCell"
        before = [name for name, _ in cells[: place.get(cell.name, 0)] if name in answers]
        task = cell.name if by_hand else task_of(cell.name, answers, before)
        says = "" if by_hand else _first_comment(texts.get(cell.name, ""))
        prop = _property(cell.name, task)
        found.append(Item(notebook.name, cell.name, task, prop, cell.max_score, by_hand, says))
    return sorted(found, key=lambda item: (place.get(item.name, len(place)), item.name))


def task_of(cell, answers, before=()):
    """The answer that a test is about: the longest whose name begins the test's own.

    before  names of the answers above it, of which the last is taken if no name fits
    """
    name = cell.removeprefix("test_")
    fitting = [a for a in answers if name == a or name.startswith(f"{a}_")]
    return max(fitting, key=len, default=before[-1] if before else name)


def _property(cell, task):
    name = cell.removeprefix("test_")
    return "" if name == task else name.removeprefix(f"{task}_").replace("_", " ")


def _first_comment(text):
    line = text.lstrip().split("\n")[0]
    match = _ABOUT.match(line)
    return printable(match[1]) if match and "###" not in line else ""


def _students(book, entry):
    """{id: `Student`} of everybody in the gradebook; who handed in is marked so."""
    rows = select(Enrolled.id, Enrolled.first_name, Enrolled.last_name)
    found = {}
    for name, first, last in book.db.execute(rows):
        found[name] = Student(name, " ".join(filter(None, (first, last))))
    submitted = SubmittedAssignment
    rows = select(submitted.student_id, submitted.timestamp, submitted.extension)
    for name, stamp, extension in book.db.execute(rows.where(submitted.assignment_id == entry.id)):
        student = found[name]
        student.handed_in = True
        if stamp is not None and entry.duedate is not None:
            due = entry.duedate + extension if extension else entry.duedate
            student.late = max(0.0, (stamp - due).total_seconds())
    return found


def _mark(book, entry, students):
    """Fill in what each student has of each item, and the penalties."""
    submission, notebook = SubmittedAssignment, SubmittedNotebook
    rows = select(submission.student_id, notebook.late_submission_penalty)
    rows = rows.join(notebook, notebook.assignment_id == submission.id)
    for name, penalty in book.db.execute(rows.where(submission.assignment_id == entry.id)):
        students[name].penalty += penalty or 0.0
    score = (Grade.score, Grade.needs_manual_grade, Grade.auto_score, Grade.manual_score)
    rows = select(submission.student_id, Notebook.name, BaseCell.name, *score)
    rows = (
        rows.join(notebook, notebook.assignment_id == submission.id)
        .join(Notebook, Notebook.id == notebook.notebook_id)
        .join(Grade, Grade.notebook_id == notebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
    )
    for name, book_name, cell, points, waits, auto, manual in book.db.execute(
        rows.where(submission.assignment_id == entry.id)
    ):
        mark = Mark(points, bool(waits), auto is None and manual is None)
        students[name].marks[book_name, cell] = mark


def _released(book, entry):
    """{(notebook, grade_id): text} of the cells as students got them."""
    rows = select(Notebook.name, SourceCell.name, SourceCell.source)
    rows = rows.join(SourceCell, SourceCell.notebook_id == Notebook.id)
    rows = book.db.execute(rows.where(Notebook.assignment_id == entry.id))
    return {(notebook, cell): (text or "").strip() for notebook, cell, text in rows}


# --- the folders ----------------------------------------------------------------------------------


def _add_ungraded(students, coursedir, assignment):
    """Mark, or add, who has a folder in ``submitted/`` and is not in the gradebook with it."""
    step, anybody = coursedir.submitted_directory, "(?P<student>[^/]+)"
    whose = re.compile(coursedir.format_path(step, anybody, re.escape(assignment), escape=True))
    places = coursedir.directory_structure.format(
        nbgrader_step=step, student_id="*", assignment_id=glob.escape(assignment)
    )
    for path in glob.glob(os.path.join(glob.escape(coursedir.root), places)):
        if match := whose.fullmatch(path):
            name = match["student"]
            student = students.setdefault(name, Student(name))
            student.ungraded = not student.handed_in


def _cells_of(folder, notebook):
    """[(grade_id, text)] of a source notebook, in order; none if it is not there."""
    cells = (_notebook(Path(folder, f"{notebook.name}.ipynb")) or {}).get("cells", [])
    named = [(_about(cell).get("grade_id"), _text(cell)) for cell in cells]
    return [(name, text) for name, text in named if name]


def _look(student, path, about, released, answers):
    """Fill in what a graded notebook says of a student's work."""
    try:
        notebook = _notebook(path)
        cells = [] if notebook is None else notebook["cells"]
        repaired = _repairs(cells)
        losses = list(_losses(path.stem, cells, student.marks, about))
        blank = {n for n, text in _answers(cells, answers) if text == released.get((path.stem, n))}
    except (ValueError, KeyError, TypeError, AttributeError):  # written by something else
        student.faults.append(path.stem)
        return
    if notebook is None or NOT_THERE in repaired:
        student.missing.append(path.stem)
    elif repaired:
        student.repairs[path.stem] = repaired
    student.causes |= losses
    student.blank |= {(path.stem, name) for name in blank}


def _repairs(cells):
    """The sentences of the cell that tells of repairs, which is the first."""
    text = _text(cells[0]) if cells else ""
    if not text.startswith(REPAIRED) or _about(cells[0]):
        return []
    return [printable(line[2:]) for line in text.splitlines() if line.startswith("- ")]


def _losses(notebook, cells, marks, about):
    """Yield (key, `Cause`) of each test that cost points and left an error."""
    for cell in cells:
        key = notebook, _about(cell).get("grade_id")
        if cell["cell_type"] != "code" or key not in about or key not in marks:
            continue
        if about[key].by_hand or marks[key].score >= about[key].points:
            continue
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                yield key, cause_of(output["ename"], output["evalue"], about[key].task)
                break


def _answers(cells, answers):
    for cell in cells:
        name = _about(cell).get("grade_id")
        if name in answers:
            yield name, _text(cell).strip()


def _notebook(path):
    data = read(path)
    return None if data is None else json.loads(data)


def _about(cell):
    return cell["metadata"].get("nbgrader") or {}


def _text(cell):
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
