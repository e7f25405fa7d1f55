"""A simulated class: gradebook rows and graded notebooks, written without grading anything.

What each student misunderstands, leaves blank, hands in late or under another name is drawn at
random, with a seed, and told, so that a report can be compared with it.
"""

import base64
import collections
import datetime
import json
import random
from dataclasses import dataclass, field

from nbgrader.api import (
    Comment,
    Grade,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.api import Student as Enrolled
from sqlalchemy import insert

from proctor.plugins.gradebook import opened
from proctor.wording import REPAIRED

ASSIGNMENT = "sim"
NOTEBOOKS, TASKS, PROPERTIES = 4, 5, 3
DUE = datetime.datetime(2026, 10, 1, 12)
LATE = 90 * 60  # seconds
PENALTY = 2.0
STUB = "def {}(x):\n    raise NotImplementedError()"
ADDED = """You assigned where you should add: a pixel that lies in several windows keeps only what \
the last one says, even if that is zero."""
SENTENCES = (
    ADDED,
    *(f"You took the {n}th thing for the one after it: count again." for n in range(11)),
)
PICTURE = base64.b64encode(random.Random(0).randbytes(15_000)).decode()


@dataclass
class Truth:
    """What was drawn; ids of students unless it says otherwise."""

    causes: dict = field(default_factory=lambda: collections.defaultdict(set))  # by sentence
    blank: dict = field(default_factory=lambda: collections.defaultdict(set))  # by task
    marks: dict = field(default_factory=dict)  # {student: {cell: points or None}}
    late: set = field(default_factory=set)
    repaired: set = field(default_factory=set)
    missing: set = field(default_factory=set)
    nothing: set = field(default_factory=set)
    ungraded: set = field(default_factory=set)


def cells():
    """{notebook: {task: [test cells]}}."""
    return {
        f"{n}-part": {
            f"task_{n}{t}": [f"test_task_{n}{t}_property_{p}" for p in range(1, PROPERTIES + 1)]
            for t in range(1, TASKS + 1)
        }
        for n in range(1, NOTEBOOKS + 1)
    }


def make(root, number=300, seed=1, names=None):
    """Make a course folder ``root`` with a graded class; returns the `Truth`.

    names  {place in the class: id} of students with an id of their own
    """
    draw, truth = random.Random(seed), Truth()
    with opened(f"sqlite:///{root}/gradebook.db", "default_course") as book:
        _release(root, book)
        ids = _ids(book)
        rows = collections.defaultdict(list)
        for place in range(number):
            name = (names or {}).get(place, f"student-{place:03}")
            about = {"id": name, "first_name": f"First{place}", "last_name": f"Last{place}"}
            rows[Enrolled].append(about)
            chance = draw.random()
            if chance < 0.04:
                truth.nothing.add(name)
            elif chance < 0.06:
                truth.ungraded.add(name)
                (root / "submitted" / name / ASSIGNMENT).mkdir(parents=True)
            else:
                _hand_in(root, ids, name, draw, truth, rows)
        for kind in (Enrolled, SubmittedAssignment, SubmittedNotebook, Grade, Comment):
            if rows[kind]:
                book.db.execute(insert(kind), rows[kind])
        book.db.commit()
    return truth


def _release(root, book):
    folder = root / "source" / ASSIGNMENT
    folder.mkdir(parents=True)
    book.add_assignment(ASSIGNMENT, duedate=DUE)
    for notebook, tasks in cells().items():
        book.add_notebook(notebook, ASSIGNMENT)
        where, made = (notebook, ASSIGNMENT), []
        for task, tests in tasks.items():
            text = STUB.format(task)
            book.add_solution_cell(task, *where)
            book.add_source_cell(task, *where, cell_type="code", source=text, locked=False)
            made.append(cell(task, text, solution=True))
            for test in tests:
                text = f"# 1 point · What {test} is about.\nassert {task}(1) == 1"
                book.add_grade_cell(test, *where, cell_type="code", max_score=1)
                book.add_source_cell(test, *where, cell_type="code", source=text, locked=True)
                made.append(cell(test, text, grade=True))
        if notebook.startswith("1"):
            book.add_grade_cell("why", *where, cell_type="markdown", max_score=5)
            book.add_solution_cell("why", *where)
            book.add_source_cell("why", *where, cell_type="markdown", source="Why?", locked=False)
            made.append(cell("why", "Why?", "markdown", grade=True, solution=True))
        write(folder / f"{notebook}.ipynb", made)


def _ids(book):
    """(id of the assignment, {notebook: id}, {notebook: {graded cell: id}})."""
    entry = book.find_assignment(ASSIGNMENT)
    graded = {n.name: {c.name: c.id for c in n.grade_cells} for n in entry.notebooks}
    return entry.id, {n.name: n.id for n in entry.notebooks}, graded


def _hand_in(root, ids, name, draw, truth, rows):
    submission = new_uuid()
    late = draw.random() < 0.1
    stamp = DUE + datetime.timedelta(seconds=LATE if late else -60)
    about = {"id": submission, "student_id": name, "timestamp": stamp}
    assignment, notebooks, graded = ids
    rows[SubmittedAssignment].append(about | {"assignment_id": assignment})
    if late:
        truth.late.add(name)
    ability = draw.gauss(0.0, 1.0)
    held = [s for s in SENTENCES if draw.random() < 0.22 - 0.12 * ability]
    wrong = {}  # {test: sentence}: the first that is held wins
    tests = [t for tasks in cells().values() for tests in tasks.values() for t in tests]
    for sentence in held:
        for test in random.Random(sentence).sample(tests, 4):
            wrong.setdefault(test, sentence)
    marks = truth.marks[name] = {}
    for number, (notebook, tasks) in enumerate(cells().items()):
        missing = number == NOTEBOOKS - 1 and draw.random() < 0.05
        made, penalty = [], PENALTY if late and number == 0 else None
        held_at = new_uuid()
        rows[SubmittedNotebook].append(
            {
                "id": held_at,
                "notebook_id": notebooks[notebook],
                "assignment_id": submission,
                "late_submission_penalty": penalty,
            }
        )
        cell_ids = graded[notebook]
        if draw.random() < 0.08 and not missing:
            told = f"{REPAIRED}\n\n- The file was named `{notebook} (1).ipynb`.\n"
            made.append({"cell_type": "markdown", "metadata": {}, "source": told})
            truth.repaired.add(name)
        for task, tests in tasks.items():
            blank = draw.random() < 0.06 - 0.04 * ability
            if blank and not missing:
                truth.blank[task].add(name)
            text = STUB.format(task) if blank else f"def {task}(x):\n    return x"
            made.append(cell(task, text, solution=True))
            for test in tests:
                lost = missing or blank or test in wrong
                marks[test] = 0.0 if lost else 1.0
                rows[Grade].append(_grade(cell_ids[test], held_at, marks[test]))
                outputs = []
                if blank and not missing:
                    outputs = [error("NotImplementedError", "")]
                elif test in wrong and not missing:
                    truth.causes[wrong[test]].add(name)
                    outputs = [picture(), error("Failed", message(task, test, wrong[test], draw))]
                made.append(cell(test, "assert True", grade=True, outputs=outputs))
        if "why" in cell_ids:
            mark = draw.choice([None, None, 2.0, 5.0])
            marks["why"] = mark
            rows[Grade].append(
                _grade(cell_ids["why"], held_at, None, mark) | {"needs_manual_grade": mark is None}
            )
            made.append(cell("why", "Because.", "markdown", grade=True, solution=True))
        if missing:
            truth.missing.add(name)
        else:
            folder = root / "autograded" / name / ASSIGNMENT
            folder.mkdir(parents=True, exist_ok=True)
            write(folder / f"{notebook}.ipynb", made)


def _grade(cell_id, notebook_id, auto, manual=None):
    about = {"cell_id": cell_id, "notebook_id": notebook_id, "auto_score": auto}
    return about | {"id": new_uuid(), "manual_score": manual, "needs_manual_grade": False}


def message(task, test, sentence, draw):
    """A check's message as it stands in a graded notebook, folded as checks fold it."""
    first, rest = sentence[:60].rsplit(" ", 1)
    got = draw.randrange(100)
    return (
        f"{task} · {test}: y[{draw.randrange(9)}] is {got}, expected {got + 1}\n"
        f"  Likely cause: {first}\n    {rest}{sentence[60:]}\n"
        f'  Read: "Section of {task}"'
    )


def error(name, text):
    """An error output."""
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def picture():
    """An output with a picture of the usual size."""
    data = {"image/png": PICTURE, "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def cell(name, source, kind="code", grade=False, solution=False, outputs=()):
    """A cell as nbgrader marks it."""
    about = {"grade_id": name, "grade": grade, "solution": solution, "schema_version": 3}
    about |= {"locked": grade and not solution, "task": False}
    made = {"cell_type": kind, "id": name, "metadata": {"nbgrader": about}, "source": source}
    return made | ({"outputs": list(outputs), "execution_count": 1} if kind == "code" else {})


def write(path, made):
    """Write a notebook of these cells."""
    book = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False), encoding="utf-8")
