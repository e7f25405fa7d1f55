"""A grader that is killed at any moment and started again: nothing is lost or left over."""

import functools
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.apps import NbGraderApp

import proctor.__main__
from proctor.sandbox import linux
from tests.commands import FORKS
from tests.conftest import nbgrader
from tests.waiting import wait_until

SEED = 20

AUTOGRADE, GRADE = ("nbgrader", "autograde"), ("proctor", "grade")
FEEDBACK = ("nbgrader", "generate_feedback")
# Fifty kills: when nothing is graded yet, or when all is and is to be done again; and some more.
ROUNDS = {
    "a-few": (GRADE, (), 4),
    "autograde": (AUTOGRADE, (), 20),
    "autograde-again": (AUTOGRADE, ("--force",), 15),
    "proctor-grade": (GRADE, (), 15),
    "feedback": (FEEDBACK, (), 10),
}


def cell(kind, name, source, **flags):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    meta |= {"grade_id": name, "schema_version": 3}
    return kind(textwrap.dedent(source).strip(), id=name, metadata={"nbgrader": meta})


def notebook():
    stub = "def {}(x):\n    ### BEGIN SOLUTION\n    return {}\n    ### END SOLUTION"
    test = {"grade": True, "locked": True}
    return new_notebook(
        cells=[
            cell(new_code_cell, "double", stub.format("double", "2 * x"), solution=True),
            cell(new_code_cell, "test_double", "assert double(4) == 8", points=2, **test),
            cell(new_code_cell, "square", stub.format("square", "x * x"), solution=True),
            cell(new_code_cell, "test_square", "assert square(3) == 9", points=3, **test),
            cell(new_markdown_cell, "why", "Why?", grade=True, solution=True, points=4),
        ]
    )


# a student's answers, and when they were handed in
CLASS = {
    "right": ({"double": "def double(x): return x + x", "square": "def square(x): return x**2"}, 1),
    "half-right": ({"double": "def double(x): return 2 * x", "why": "Because."}, 1),
    "late": ({"square": "def square(x): return x * x"}, 3),
    "two-notebooks-missing-one": ({"why": "It is so."}, 1),
}


@pytest.fixture(scope="session")
def course(once):
    """A course of four students and two notebooks, nothing graded yet."""
    return once("killed", make_course)


def make_course(root):
    source = root / "source" / "ps1"
    source.mkdir(parents=True)
    for name in ("p1", "p2"):
        nbformat.write(notebook(), source / f"{name}.ipynb")
    (source / "data.txt").write_text("a file of the course\n")
    (root / "nbgrader_config.py").write_text(
        "import proctor\n\nc = get_config()\nproctor.configure(c)\nc.Execute.preload = []\n"
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        'c.LateSubmissionPlugin.penalty_method = "zero"\n'
    )
    nbgrader(root, "db", "assignment", "add", "ps1", "--duedate=2026-01-02 12:00:00 UTC")
    nbgrader(root, "generate_assignment", "ps1")
    for name, (answers, day) in CLASS.items():
        hand_in(root, name, answers, notebooks=("p1",) if "missing" in name else ("p1", "p2"))
        when = root / "submitted" / name / "ps1" / "timestamp.txt"
        when.write_text(f"2026-01-0{day} 12:00:00 UTC")


def hand_in(root, student, answers, notebooks=("p1",)):
    folder = root / "submitted" / student / "ps1"
    folder.mkdir(parents=True)
    for name in notebooks:
        book = nbformat.read(root / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        for one in book.cells:
            one.source = answers.get(one.id, one.source)
        nbformat.write(book, folder / f"{name}.ipynb")


def grading(root, command=AUTOGRADE, words=(), tmp=None):
    """Start a command in a course, with another $TMPDIR if wanted; return its process."""
    process = FORKS.Process(target=_grade, args=(str(root), [*command, "ps1", *words], tmp))
    process.start()
    return process


def _grade(root, words, tmp):
    if tmp:
        os.environ["TMPDIR"] = tempfile.tempdir = tmp
    os.chdir(root)
    log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = words
    if words[0] == "nbgrader":
        NbGraderApp.launch_instance()
    else:
        proctor.__main__.main()


def outcome(root):
    """All that a run decides: rows of the gradebook, files in ``autograded/`` and ``feedback/``."""
    with sqlite3.connect(root / "gradebook.db") as book:
        rows = {name: sorted(book.execute(query), key=repr) for name, query in ROWS.items()}
    files = {
        str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes())
        for top in ("autograded", "feedback")
        for path in (root / top).rglob("*")
        # a state is of the moment when a file was written, another one in each run
        if path.is_file() and path.suffix != ".made-of"
    }
    return rows | {"files": files}


_OF = """
    FROM {0} JOIN base_cell ON base_cell.id = {0}.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = {0}.notebook_id
    JOIN notebook ON notebook.id = submitted_notebook.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
"""
ROWS = {
    "grades": "SELECT student_id, notebook.name, base_cell.name, auto_score, manual_score, "
    "extra_credit, needs_manual_grade" + _OF.format("grade"),
    "comments": "SELECT student_id, notebook.name, base_cell.name, auto_comment, manual_comment"
    + _OF.format("comment"),
    "notebooks": "SELECT student_id, notebook.name, late_submission_penalty, timestamp"
    " FROM submitted_notebook JOIN notebook ON notebook.id = submitted_notebook.notebook_id"
    " JOIN submitted_assignment"
    " ON submitted_assignment.id = submitted_notebook.assignment_id",
    "students": "SELECT id FROM student",
}


def from_beginning_to_end(before, root, command):
    """Make a folder a copy of a course in which a command ran; keep the seconds that it took."""
    shutil.copytree(before, root)
    warm = FORKS.Process(target=int)  # the server of forks imports before the clock runs
    warm.start()
    warm.join()
    start = time.monotonic()
    process = grading(root, command)
    process.join()
    took = time.monotonic() - start
    assert process.exitcode == 0, (root / "log.txt").read_text()
    root.with_name("took").write_text(str(took))


def ended(root):
    """That course, its outcome, and the seconds that it took."""
    return root, outcome(root), float(root.with_name("took").read_text())


@pytest.fixture(scope="session")
def undisturbed(once, course):
    make = functools.partial(from_beginning_to_end, course, command=AUTOGRADE)
    return ended(once("killed-undisturbed", make))


@pytest.fixture(scope="session")
def told(once, undisturbed):
    make = functools.partial(from_beginning_to_end, undisturbed[0], command=FEEDBACK)
    return ended(once("killed-told", make))


@pytest.mark.slow
def test_the_undisturbed_run_has_something_to_lose(undisturbed):
    _, found, _ = undisturbed
    scores = {row[:3]: row[3] for row in found["grades"]}
    assert scores["right", "p1", "test_double"] == 2
    assert scores["half-right", "p2", "test_square"] == 0
    assert scores["two-notebooks-missing-one", "p2", "test_square"] == 0
    assert {row[6] for row in found["grades"]} == {0, 1}, "some wait for a person, some do not"
    assert "No response." in {row[3] for row in found["comments"]}
    assert {row[2] for row in found["notebooks"] if row[0] == "late"} != {None}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.takes(5 * kills))
        for kind, (*_, kills) in ROUNDS.items()
    ],
)
def test_kills_at_random_moments_change_nothing(course, undisturbed, told, kind, tmp_path):
    command, first, planned = ROUNDS[kind]
    _, wanted, took = told if command == FEEDBACK else undisturbed
    before = undisturbed[0] if first or command == FEEDBACK else course
    moments = random.Random(SEED)
    scratch, kills = tmp_path / "disturbed", 0
    while kills < planned:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(before, scratch)
        words = first
        while True:
            process = grading(scratch, command, words)
            process.join(moments.uniform(0, took) if kills < planned else None)
            if process.exitcode is not None:
                break
            process.kill()
            process.join()
            kills, words = kills + 1, ()
        assert process.exitcode == 0, (scratch / "log.txt").read_text()
        assert outcome(scratch) == wanted, f"after {kills} kills, seed {SEED}"


@pytest.fixture
def orphans():
    """While in use, what loses its parent becomes this process's child; lists those."""
    FORKS.Process(target=int).start()  # the server of forks is no orphan
    known = {child.pid for child in psutil.Process().children()}

    def alive():
        found = [child for child in psutil.Process().children() if child.pid not in known]
        for child in found:
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, 0)
        return [child for child in found if child.is_running()]

    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    yield alive
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 0)


def test_a_killed_grader_leaves_no_process_and_no_folder(course, orphans, tmp_path):
    """Not even when it is killed while a student's function hangs."""
    root = tmp_path / "hanging"
    shutil.copytree(course, root)
    shutil.rmtree(root / "submitted")
    hand_in(root, "hangs", {"double": "def double(x):\n    while True: pass"})
    temporary = Path(tempfile.mkdtemp(prefix="tmp-"))
    temporary.chmod(0o755)
    try:
        process = grading(root, tmp=str(temporary))
        log = root / "log.txt"
        # a template, its forkserver, a runner, a student's process
        wait_until(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= 4)
        time.sleep(0.5)  # it comes to the endless loop
        inside = psutil.Process(process.pid).children(recursive=True)
        assert len(inside) >= 4, log.read_text()
        process.kill()
        process.join()
        wait_until(lambda: not orphans())
        assert not any(one.is_running() for one in inside)
        process = grading(root, words=["--Execute.timeout=1"], tmp=str(temporary))
        process.join()
        assert process.exitcode == 0, log.read_text()
        # but for the folder by which the graders of a user agree who plays alone
        wait_until(lambda: not [p for p in temporary.iterdir() if "turns-of" not in p.name])
    finally:
        shutil.rmtree(temporary)
