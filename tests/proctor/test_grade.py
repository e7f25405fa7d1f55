"""``proctor grade``: the same as ``nbgrader autograde``, for any number of workers."""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
import sqlalchemy
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from proctor.batch import pool
from proctor.batch.unit import of_another
from proctor.merge import Pristine
from proctor.messages import Closed
from proctor.plugins.resume import alone
from proctor.run.job import Assignment, Job
from proctor.run.template import Template
from proctor.sandbox import LAYERS, Policy
from tests import commands
from tests.conftest import hear_ctrl_c, minding_permissions
from tests.waiting import wait_until

CANARY = "canary-of-the-truths"
LIMIT = 3  # seconds of a cell: more than a busy machine stands still for
CONFIG = f"""
import proctor

c = get_config()
proctor.configure(c)
c.CourseDirectory.course_id = "general"
c.Execute.preload = []
c.Execute.timeout = {LIMIT}
c.LateSubmissionPlugin.penalty_method = "zero"
"""
TRUTHS = f"""
from answers import NINE
secret = "{CANARY}"
def is_nine(x):
    return x == NINE
"""


def cell(kind, name, source, **flags):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    meta |= {"grade_id": name, "schema_version": 3}
    return kind(textwrap.dedent(source).strip(), id=name, metadata={"nbgrader": meta})


def notebook():
    """Two tasks; a test of the second one imports a module of the course's own folder."""
    stub = "def {}(x):\n    ### BEGIN SOLUTION\n    return {}\n    ### END SOLUTION"
    test = {"grade": True, "locked": True}
    nine = "### BEGIN HIDDEN TESTS\nimport truths\nassert truths.is_nine(square(3))\n"
    return new_notebook(
        cells=[
            cell(new_code_cell, "double", stub.format("double", "2 * x"), solution=True),
            cell(new_code_cell, "test_double", "assert double(4) == 8", points=2, **test),
            cell(new_code_cell, "square", stub.format("square", "x * x"), solution=True),
            cell(new_code_cell, "test_square", nine + "### END HIDDEN TESTS", points=3, **test),
            cell(new_markdown_cell, "why", "Why?", grade=True, solution=True, points=4),
        ]
    )


RIGHT = {"double": "def double(x): return x + x", "square": "def square(x): return x**2"}
# a student's answers, by notebook
CLASS = {
    "all-right": (RIGHT, RIGHT),
    "blank": ({}, {}),
    "dies": ({"double": "def double(x):\n    import os; os._exit(0)"}, RIGHT),
    "hangs": ({"double": "def double(x):\n    while True: pass"}, RIGHT),
    "late": (RIGHT, RIGHT),
    "no-second-notebook": ({**RIGHT, "why": "Because."},),
    "not-a-notebook": (RIGHT, None),
}
SCORES = {
    "all-right": 10,
    "blank": 0,
    "dies": 5,
    "hangs": 5,
    "late": 10,
    "no-second-notebook": 5,
    "not-a-notebook": 5,
}


def make_course(root, config=""):
    """A course with one assignment, released."""
    source = root / "source" / "ps1"
    source.mkdir(parents=True)
    for name in ("p1", "p2"):
        nbformat.write(notebook(), source / f"{name}.ipynb")
    (source / "data.txt").write_text("a file of the course\n")
    (root / "truths").mkdir()
    (root / "truths" / "__init__.py").write_text(TRUTHS)
    (root / "answers.py").write_text("NINE = 9\n")
    (root / "nbgrader_config.py").write_text(CONFIG + config)
    nbgrader(root, "db", "assignment", "add", "ps1", "--duedate=2026-01-02 12:00:00 UTC")
    nbgrader(root, "generate_assignment", "ps1")


def hand_in(root, student, books, day=1):
    folder = root / "submitted" / student / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    for name, answers in zip(("p1", "p2"), books, strict=False):
        path = folder / f"{name}.ipynb"
        if answers is None:
            path.write_bytes(b"{ this is no notebook")
            continue
        book = nbformat.read(root / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        for one in book.cells:
            one.source = answers.get(one.id, one.source)
        # what a student's cell leaves behind is kept, too
        made = "with open('made.txt', 'w') as file: file.write('mine')"
        book.cells.append(new_code_cell(made, id="own"))
        nbformat.write(book, path)
    (folder / "timestamp.txt").write_text(f"2026-01-0{day} 12:00:00 UTC")


@pytest.fixture(scope="session")
def course(once):
    """Seven students, two notebooks; nothing is graded yet. Made once for all modules."""

    def make(root):
        make_course(root)
        for name, books in CLASS.items():
            hand_in(root, name, books, day=3 if name == "late" else 1)

    return once("class", make)


@pytest.fixture(scope="session")
def stock(once, course):
    """What ``nbgrader autograde`` makes of it: (the course's folder, its outcome)."""

    def make(root):
        shutil.copytree(course, root)
        nbgrader(root, "autograde", "ps1")

    root = once("class-graded", make)
    return root, outcome(root)


@pytest.fixture
def fresh(course, tmp_path):
    """The course, nothing graded, to be changed."""
    return shutil.copytree(course, tmp_path / "course")


@pytest.fixture
def graded(stock, tmp_path):
    """The course, all graded, to be changed."""
    return copied(stock[0], tmp_path / "course")


def copied(root, place):
    """Copy a graded course; while others read its gradebook, files of theirs lie beside that."""
    return shutil.copytree(root, place, ignore=shutil.ignore_patterns("gradebook.db-*"))


def grade(root, *words, env=()):
    """Run ``proctor grade ps1``, or what is asked for after an empty word."""
    words = words[1:] if words[:1] == ("",) else ("ps1", *words)
    return run("proctor.batch.app", "GradeApp", root, words, env)


def nbgrader(root, *words):
    """Run one of nbgrader's own commands."""
    done = run("nbgrader.apps", "NbGraderApp", root, words)
    assert done.status == 0, done.err


def run(module, app, root, words, env=()):
    """Run a command; return its status, and what it wrote."""
    done = commands.run(root, f"{module}:{app}", *words, env=os.environ | dict(env), apart=True)
    return SimpleNamespace(status=done.returncode, out=done.stdout, err=done.stderr)


def start(root, *words, env=()):
    """Start the command itself; return its process, and where it writes to."""
    log = root.with_suffix(".log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "proctor", "grade", "ps1", *words],
            cwd=root,
            env=os.environ | dict(env),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=hear_ctrl_c,
        )
    return process, log


def outcome(root, url=None):
    """All that a run decides: the gradebook, and the files in ``autograded/``."""
    top = root / "autograded"
    files = {
        str(path.relative_to(top)): (path.stat().st_mode, path.read_bytes())
        for path in top.rglob("*")
        if path.is_file() and path.suffix != ".made-of"  # of this copy of the submissions
    }
    return {"gradebook": dump(url or f"sqlite:///{root}/gradebook.db"), "files": files}


def dump(url):
    """Every row of a gradebook; in place of a random id, the row that it stands for."""
    engine = sqlalchemy.create_engine(url)
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    with engine.connect() as book:
        rows = {
            name: list(book.execute(t.select()).mappings()) for name, t in tables.tables.items()
        }
    engine.dispose()
    by_id = {name: {row.get("id"): row for row in found} for name, found in rows.items()}

    def named(table, row):
        found = {}
        for column in table.columns:
            value = row[column.name]
            for key in column.foreign_keys:
                other = key.column.table
                value = value and named(other, by_id[other.name][value])
            if column.name != "id" or column.foreign_keys or table.name in ("student", "course"):
                found[column.name] = value
        return tuple(found.items())

    return {
        name: sorted((named(tables.tables[name], row) for row in found), key=repr)
        for name, found in rows.items()
    }


def scores(root):
    with sqlalchemy.create_engine(f"sqlite:///{root}/gradebook.db").connect() as book:
        query = """
            SELECT student_id, SUM(auto_score) FROM grade
            JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
            JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
            GROUP BY student_id"""
        return dict(book.execute(sqlalchemy.text(query)).fetchall())


# --- the same result ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_class_has_something_to_lose(stock):
    root, found = stock
    assert scores(root) == SCORES
    book = found["gradebook"]
    assert len(book["grade"]) == 7 * 2 * 3
    assert {dict(row)["needs_manual_grade"] for row in book["grade"]} == {True, False}
    assert "No response." in {dict(row)["auto_comment"] for row in book["comment"]}
    late = {dict(row)["late_submission_penalty"] for row in book["submitted_notebook"]}
    assert late == {None, 5.0}
    assert "blank/ps1/made.txt" in found["files"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 1, 8])
def test_the_same_as_nbgrader_s_for_any_number_of_workers(fresh, stock, workers):
    done = grade(fresh, f"--workers={workers}")
    assert (done.status, done.err) == (0, "")
    assert outcome(fresh) == stock[1]


def test_what_is_told(fresh):
    done = grade(fresh, "--json")
    told = json.loads(done.out)
    students = told.pop("students")
    assert told.pop("seconds") > 0
    assert told == {
        "assignment": "ps1",
        "graded": 7,
        "unchanged": 0,
        "failed": {},
        "not_graded": 0,
        "stopped": False,
    }
    assert {name: one["score"] for name, one in students.items()} == {
        name: 0 if name == "late" else score for name, score in SCORES.items()
    }
    assert {one["max_score"] for one in students.values()} == {18}
    problems = {name: one["problems"] for name, one in students.items() if one["problems"]}
    assert problems.pop("hangs") == [
        {"notebook": "p1", "what": f"test_double: stopped after {LIMIT} s"}
    ]
    assert problems.pop("dies")[0]["what"].startswith("test_double: the kernel ended")
    (told,) = problems.pop("no-second-notebook")
    assert told["notebook"] == "p2"
    assert "not handed in" in told["what"]
    assert problems.pop("not-a-notebook")[0]["notebook"] == "p2"
    assert not problems


@pytest.mark.slow
def test_what_is_alike_is_told_in_one_line(fresh):
    submitted = fresh / "submitted"
    for path in (submitted / "all-right" / "ps1").glob("*.ipynb"):
        book = json.loads(path.read_text())
        for one in book["cells"]:
            one["metadata"] = {}
        path.write_text(json.dumps(book))
    (submitted / "all-right" / "ps1" / "link").symlink_to("/etc/passwd")
    for student in ("blank", "late"):  # in another folder, and by another name
        folder = submitted / student / "ps1"
        (folder / "ps1").mkdir()
        (folder / "p1.ipynb").rename(folder / "ps1" / "p1.ipynb")
        (folder / "p2.ipynb").rename(folder / "p2 (1).ipynb")
        (folder / "all.zip").touch()
    (submitted / "not-a-notebook" / "ps1" / "mine.ipynb").write_text("{}")
    done = grade(fresh, "--student=[!dh]*")
    assert done.status == 0, done.err
    head, *told, next_one = done.out.splitlines()
    assert head.startswith("Graded 5 submissions in ")
    assert next_one == "Next: proctor report ps1"
    told = [line.strip() for line in told]
    blank = "This notebook was not handed in: every answer in it counts as blank."
    left = "By its name and cells no notebook of this assignment, and left alone:"
    used = (
        "p1 · `ps1/p1.ipynb` was graded as `p1.ipynb`, which it holds. The same for 1 more in p2."
    )
    assert sorted(told) == sorted(
        [
            "`link` was left out: a link. (all-right)",
            "p1 · A cell had lost the name `double`; it was recognised by its cell id. If it is "
            "another cell, tell your instructor. The same for 9 more in p1, p2. (all-right)",
            f"{used} (blank, late)",
            f"p2 · {blank} (no-second-notebook)",
            "p2 · The file is not a notebook, and no cell could be read from it: every answer "
            "counts as blank. (not-a-notebook)",
            f"{left} `mine.ipynb`. (not-a-notebook)",
        ]
    )


def test_a_notebook_under_another_s_name_is_told():
    books = {name: notebook() for name in ("p1", "p2")}
    for one in books["p2"].cells:
        one.metadata.nbgrader.grade_id += "_again"
    frames = {name: Pristine(book) for name, book in books.items()}
    written = {name: nbformat.writes(book).encode() for name, book in books.items()}
    assert of_another(frames, "p1", written["p2"]) == [
        ["another", "Most of its cells are those of p2.ipynb: is it misnamed?"]
    ]
    for data in (written["p1"], b"", None, b"\xff"):
        assert of_another(frames, "p1", data) == []


# --- what is due ----------------------------------------------------------------------------------


def counts(done):
    told = json.loads(done.out)
    assert done.status == 0, done.err
    return sorted(told["students"]), told["unchanged"]


@pytest.mark.slow  # of one student test_watch_service.py asks the same, whatever the clock says
def test_unchanged_is_passed_over_and_changed_is_done_again(graded, stock):
    # a copied course is as good as new: what was graded is older than the copies
    grade(graded)
    assert counts(grade(graded, "--json")) == ([], 7)
    assert outcome(graded) == stock[1]
    # a file that comes with the time of its last change, before the grading
    hand_in(graded, "blank", (RIGHT, {}))
    os.utime(graded / "submitted" / "blank" / "ps1" / "p1.ipynb", (1, 1))
    assert counts(grade(graded, "--json")) == (["blank"], 6)
    assert scores(graded)["blank"] == 5
    # a notebook that was made is lost
    (graded / "autograded" / "late" / "ps1" / "p2.ipynb").unlink()
    assert counts(grade(graded, "--json")) == (["late"], 6)
    assert counts(grade(graded, "--json", "--student=all-right", "--force")) == (["all-right"], 0)


@pytest.mark.slow
def test_what_holds_a_notebook_under_another_name_only_is_graded_once(graded):
    folder = graded / "submitted" / "all-right" / "ps1"
    (folder / "p1.ipynb").rename(folder / "p1 (1).ipynb")
    (folder / "p2.ipynb").unlink()
    done = grade(graded, "--json", "--student=all-right")
    assert list(json.loads(done.out)["students"]) == ["all-right"]
    assert scores(graded)["all-right"] == 5
    assert counts(grade(graded, "--json", "--student=all-right")) == ([], 1)


@pytest.mark.slow
def test_a_due_date_that_moved_is_told_until_it_counts(graded):
    moved = "The due date has moved since this was graded (it was 2026-01-02 12:00:00 UTC)"
    assert moved not in grade(graded).out
    nbgrader(graded, "db", "assignment", "add", "ps1", "--duedate=2026-01-09 12:00:00 UTC")
    assert moved in grade(graded).out
    grade(graded, "--force")
    assert moved not in grade(graded).out
    assert scores(graded)["late"] == 10


@pytest.mark.slow
def test_one_notebook(fresh):
    assert counts(grade(fresh, "--json", "--notebook=p1", "--student=all-right"))[0]
    made = fresh / "autograded" / "all-right" / "ps1"
    assert [path.name for path in sorted(made.glob("*.ipynb"))] == ["p1.ipynb"]
    assert scores(fresh) == {"all-right": 5}
    assert counts(grade(fresh, "--json", "--student=all-right")) == (["all-right"], 0)
    assert scores(fresh) == {"all-right": 10}


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("", "ps2"), "there is no assignment 'ps2' in "),
        (("",), "which assignment? for example"),
        (("ps2",), "one assignment at a time, not also ps2"),
        (("", "[ps1]"), "an assignment cannot be called '[ps1]': nbgrader takes *, ? and ["),
        (("--workers=0",), "--workers 0: at least one is needed"),
        (("--workers=many",), "expected an int"),
        (("--foo",), "there is no option --foo"),
        (("--foo=1",), "there is no option --foo"),
        (("--forse",), "there is no option --forse (is it --force?)"),
        (("--student=nobody",), "no submission is to be found at "),
        (("--db=sqlite:///empty.db",), "run `nbgrader generate_assignment ps1 --force`"),
        (("--db=sqlite:////nowhere/book.db",), "the gradebook cannot be opened: "),
        (("--scheduler=10.0.0.1",), "an address looks like tcp://"),
    ],
)
def test_bad_input_is_one_clear_line(fresh, words, said):
    done = grade(fresh, *words)
    assert done.status == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x = (", "nbgrader_config.py, line 10: SyntaxError: '(' was never closed"),
        ("import nowhere", "nbgrader_config.py, line 10: ModuleNotFoundError: No module named"),
        ("c.Execute.timeout = 'a'", "The 'timeout' trait of an Execute instance expected an int"),
        ("c.AssignLatePenalties.plugin_class = 'no.X'", "'no.X' could not be imported"),
        ("c.Autograde.autograde_preprocessors = ['no.X']", "No module named 'no'"),
        ("c.Execute.hidden = ['nowhere']", "c.Execute.hidden names 'nowhere', which is no module"),
    ],
)
def test_a_faulty_setting_is_one_clear_line(fresh, line, said):
    with (fresh / "nbgrader_config.py").open("a") as file:
        file.write(line + "\n")
    done = grade(fresh)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_cell_of_the_source_that_cannot_be_released_is_named(fresh):
    path = fresh / "source" / "ps1" / "p2.ipynb"
    book = nbformat.read(path, as_version=4)
    for change, said in (
        ({"source": "### BEGIN SOLUTION\n### END SOLUTION"}, "Solution region detected in a non-"),
        ({"points": -1}, "-1 is less than the minimum of 0"),
    ):
        changed = copy.deepcopy(book)
        changed.cells[1].source = change.pop("source", book.cells[1].source)
        changed.cells[1].metadata.nbgrader.update(change)
        nbformat.write(changed, path)
        done = grade(fresh)
        assert (done.status, done.out) == (2, "")
        assert "source/ps1/p2.ipynb, cell 2 (test_double): " in done.err
        assert said in done.err
        assert len(done.err.splitlines()) == 1


def test_no_room_is_one_clear_line(fresh):
    """As on a full disk: not a byte can be written."""
    script = (
        "import resource, runpy, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "runpy.run_module('proctor', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "grade", "ps1"], cwd=fresh, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "No usable temporary directory" in done.stderr


@pytest.mark.few(1)
@pytest.mark.parametrize("seconds", [0.4, 0.1, 0.9])
def test_ctrl_c_at_the_beginning_is_no_traceback(fresh, seconds):
    process, log = start(fresh, "--force")
    time.sleep(seconds)
    # before, this module's code may not run yet: what Python itself says then is not ours
    wait_until(lambda: psutil.Process(process.pid).children() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["kernel", "--help"], 0, "usage: proctor kernel"),
        (["kernel", "now"], 2, "usage: proctor kernel"),
        (["--version"], 0, "proctor "),
    ],
)
def test_to_ask_installs_nothing(tmp_path, words, status, said):
    done = subprocess.run(
        [sys.executable, "-m", "proctor", *words],
        env=os.environ | {"JUPYTER_DATA_DIR": str(tmp_path), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == status
    assert done.stdout.startswith(said)
    assert not list(tmp_path.rglob("kernel.json"))


@pytest.mark.few(1)
@pytest.mark.parametrize("text", [b"{", b"\xff", b"[]", b'{"nbformat": 4, "cells": [{}]}'])
def test_a_source_that_is_no_notebook_is_named(fresh, text):
    (fresh / "source" / "ps1" / "p2.ipynb").write_bytes(text)
    done = grade(fresh)
    assert (done.status, done.out) == (2, "")
    assert "source/ps1/p2.ipynb is no notebook: " in done.err
    assert len(done.err.splitlines()) == 1


def test_a_folder_that_cannot_be_written_to(fresh):
    (fresh / "autograded").write_text("a file")
    done = grade(fresh)
    assert (done.status, done.out) == (2, "")
    assert "autograded cannot be written to: " in done.err


def test_no_distributed(fresh):
    (fresh / "distributed.py").write_text("raise ImportError\n")
    done = grade(fresh, "--scheduler=local")
    assert done.status == 2
    assert "pip install" in done.err


@pytest.mark.slow
def test_one_that_fails_stops_no_other(fresh):
    os.symlink(fresh / "submitted" / "late", fresh / "submitted" / "a-link")
    shutil.rmtree(fresh / "submitted" / "hangs" / "ps1")
    done = grade(fresh, "--json", "--Autograde.create_student=False")
    told = json.loads(done.out)
    assert done.status == 1
    assert told["failed"].keys() == {*CLASS, "a-link"} - {"hangs"}
    assert "is a link" in told["failed"]["a-link"]
    assert "No such student" in told["failed"]["blank"]
    assert not list((fresh / "autograded").glob("*/ps1"))
    done = grade(fresh)
    assert done.status == 1
    assert "a-link could not be graded: " in done.out
    assert scores(fresh).keys() == CLASS.keys() - {"hangs"}


def grade_as_another(root, *words):
    """Run ``proctor grade ps1`` by an account for which permissions count."""
    return subprocess.run(
        [*minding_permissions(), sys.executable, "-m", "proctor", "grade", "ps1", *words],
        cwd=root,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("closed", "mode"),
    [
        ("all-right/ps1/p1.ipynb", 0),
        ("all-right/ps1", 0),
        ("all-right/ps1", 0o444),
        ("all-right", 0),
    ],
)
def test_what_may_not_be_read_is_not_taken_for_not_handed_in(graded, closed, mode):
    place = graded / "submitted" / closed
    before = place.stat().st_mode
    place.chmod(mode)
    try:
        done = grade_as_another(graded, "--json", "--force", "--student=[ab]*")
    finally:
        place.chmod(before)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["students"].keys() == {"blank"}
    assert told["failed"].keys() == {"all-right"}
    assert told["failed"]["all-right"].startswith("Permission denied: ")
    assert closed in told["failed"]["all-right"]
    assert scores(graded)["all-right"] == SCORES["all-right"]
    assert (graded / "autograded" / "all-right" / "ps1" / "p2.ipynb").exists()


@pytest.mark.slow
def test_watching_sees_who_may_not_be_looked_into(fresh):
    script = (
        "from nbgrader.coursedir import CourseDirectory\n"
        "from proctor.batch.watch import Watch\n"
        f"course = CourseDirectory(root={str(fresh)!r})\n"
        "course.assignment_id = 'ps1'\n"
        "print(*Watch(course).changed())"
    )
    (fresh / "submitted" / "README").touch()
    (fresh / "submitted" / "nothing-yet").mkdir()
    (fresh / "submitted" / "late").chmod(0)
    try:
        command = [*minding_permissions(), sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        (fresh / "submitted" / "late").chmod(0o700)
    assert done.stdout.split() == sorted(CLASS)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("the other end is gone", "ended: is there memory for it, and room in "),
        ("late", "was too late and was ended"),
    ],
)
def test_a_notebook_whose_process_ended_says_what_may_help(monkeypatch, why, said):
    def ended(*_):
        raise Closed(why)

    monkeypatch.setattr(pool, "grade", ended)
    warm = pool.Warm(None)
    alive = SimpleNamespace(process=SimpleNamespace(poll=lambda: None))
    monkeypatch.setattr(warm, "template", lambda: alive)
    with pytest.raises(RuntimeError, match=f"the process that played it {said}"):
        warm.grade("p1", b"")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--force",), ()])
def test_what_may_not_be_written_fails_alone_and_loses_nothing(graded, words):
    hand_in(graded, "all-right", ({}, {}))
    hand_in(graded, "blank", (RIGHT, RIGHT))
    place = graded / "autograded" / "all-right"
    before = place.stat().st_mode
    place.chmod(0o555)
    try:
        done = grade_as_another(graded, "--json", "--student=[ab]*", *words)
    finally:
        place.chmod(before)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["students"].keys() == {"blank"}
    assert told["failed"]["all-right"].startswith("Permission denied: ")
    assert scores(graded)["all-right"] == SCORES["all-right"]
    assert (place / "ps1" / "p2.ipynb").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["timestamp.txt/x", "p1.html/x", "P1.ipynb/x/y", "p1.ipynb"])
def test_a_folder_that_a_student_s_cell_made_stops_no_later_run(fresh, name):
    make = f"import os\nos.makedirs({os.path.dirname(name)!r} or '.', exist_ok=True)\n"
    make += (
        f"open({name!r}, 'w').write('x')\nos.mkdir('kept')\nopen('kept/x.txt', 'w').write('x')\n"
    )
    hand_in(fresh, "blank", ({"double": make + RIGHT["double"]}, {}))
    (fresh / "submitted" / "blank" / "ps1" / "timestamp.txt").unlink()
    grade(fresh, "--student=blank")
    made = fresh / "autograded" / "blank" / "ps1"
    assert (made / "kept" / "x.txt").is_file()
    assert [path.name for path in made.iterdir() if path.is_dir()] == ["kept"]
    # one from before: the next runs go on all the same
    (made / "timestamp.txt").mkdir()
    (fresh / "submitted" / "blank" / "ps1" / "timestamp.txt").write_text("2026-01-01 12:00 UTC")
    assert grade(fresh, "--student=blank").status == 0
    assert grade(fresh, "--student=blank", "--force").status == 0


@pytest.mark.slow
def test_a_gradebook_of_an_older_nbgrader_is_named(fresh):
    with sqlalchemy.create_engine(f"sqlite:///{fresh}/gradebook.db").begin() as book:
        book.execute(sqlalchemy.text("ALTER TABLE student DROP COLUMN lms_user_id"))
    done = grade(fresh, "--student=blank")
    assert len(done.err.splitlines()) == 1
    assert "no such column: student.lms_user_id" in done.err
    assert "run `nbgrader db upgrade`" in done.err


def test_no_psycopg(fresh):
    fault = "No module named 'psycopg'"
    (fresh / "psycopg.py").write_text(f'raise ModuleNotFoundError("{fault}", name="psycopg")\n')
    done = grade(fresh, "--db=postgresql+psycopg://nowhere/course")
    assert done.status == 2
    assert len(done.err.splitlines()) == 1
    assert f"{fault}: pip install '/path/to/the/clone[postgresql]'" in done.err


@pytest.mark.slow
def test_two_graders_take_turns_with_a_student(graded):
    made = graded / "autograded" / "blank" / "ps1"
    before = {path: path.stat().st_ino for path in made.glob("*.ipynb")}
    with alone(made):  # as another does while it writes what it made
        process, log = start(graded, "--student=blank", "--force")
        wait_until(lambda: psutil.Process(process.pid).children())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5)
        assert {path: path.stat().st_ino for path in made.glob("*.ipynb")} == before
    assert process.wait(60) == 0, log.read_text()
    assert {path.name for path in made.glob("*.ipynb")} == {"p1.ipynb", "p2.ipynb"}


# --- stopped, and watching ------------------------------------------------------------------------


def test_ctrl_c_stops_cleanly_and_the_next_call_goes_on(fresh, stock):
    process, log = start(fresh, "--workers=2", "--json")
    made = fresh / "autograded"
    wait_until(lambda: (made / "dies").exists())  # next comes one that hangs
    grader = psutil.Process(process.pid)
    # a template, its forkserver, a runner: between two notebooks there is none for a moment
    ours = wait_until(lambda: len(all_of_them := grader.children(True)) >= 3 and all_of_them)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    wait_until(lambda: not any(one.is_running() for one in ours))
    told = json.loads(log.read_text())
    assert told["stopped"]
    assert told["graded"] + told["not_graded"] == 7
    assert 0 < told["graded"] < 7
    done = told["students"].keys()
    assert {path.parent.name for path in made.glob("*/ps1")} == done
    assert all((made / name / "ps1" / "data.txt").exists() for name in done)
    assert counts(grade(fresh, "--json")) == (sorted(CLASS.keys() - done), len(done))
    assert outcome(fresh) == stock[1]


@pytest.mark.slow
def test_ctrl_c_while_a_lock_changes_hands(fresh):
    """Python raises between any two instructions; then a lock is given back twice, or never."""
    log, words = fresh.with_suffix(".log"), ("proctor.batch.app:GradeApp", "ps1", "--json")
    process = commands.begin(fresh, *words, "--workers=2", out=log, target=_interrupted)
    try:
        assert process.wait(60) == 130
    finally:
        process.kill()
    told = json.loads(log.read_text())
    assert told["stopped"]
    assert not told["failed"], "Ctrl-C is no fault of a student's"
    assert {path.parent.name for path in fresh.glob("autograded/*/ps1")} == told["students"].keys()


def _interrupted(program, words, root, *how):
    """Grade, and press Ctrl-C when the main thread, to wait, has just given back a lock."""
    release, pressed = threading.Condition._release_save, []

    def pressing(self):
        release(self)
        main = threading.get_ident() == threading.main_thread().ident
        if main and not pressed and Path(root, "autograded", "dies").exists():
            pressed.append(os.getpid())
            os.kill(os.getpid(), signal.SIGINT)

    threading.Condition._release_save = pressing
    commands.be(program, words, root, *how)


@pytest.mark.slow
def test_watching_grades_what_comes_with_the_same_template(fresh):
    shutil.rmtree(fresh / "submitted" / "hangs")
    process, log = start(fresh, "--watch")
    try:
        wait_until(lambda: "not-a-notebook: 5 of 18 points" in log.read_text())
        templates = psutil.Process(process.pid).children()
        hand_in(fresh, "blank", (RIGHT, RIGHT))
        wait_until(lambda: "blank: 10 of 18 points" in log.read_text())
        hand_in(fresh, "new", (RIGHT,))
        wait_until(lambda: "new: 5 of 18 points" in log.read_text())
        assert psutil.Process(process.pid).children() == templates
        assert len(templates) == 1
        # the source is another one: so is the template
        (fresh / "answers.py").write_text("NINE = 10\n")
        hand_in(fresh, "blank", (RIGHT, RIGHT))
        wait_until(lambda: "blank: 4 of 18 points" in log.read_text())
        assert psutil.Process(process.pid).children() != templates
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
    assert status == 0
    wait_until(lambda: not templates[0].is_running())


# --- modules that tests import --------------------------------------------------------------------

SPY = """
import os
found = []
def look(path):
    try:
        with open(path, errors="replace") as file:
            found.append(file.read())
    except OSError:
        pass
for folder, _, files in os.walk({scratch!r}):
    for name in files:
        look(os.path.join(folder, name))
look({files!r} + "/data.txt")
look({private!r} + "/truths/__init__.py")
look("/proc/self/root" + {private!r} + "/truths/__init__.py")
try:
    import truths
    found.append("imported")
except ImportError:
    pass
print(sorted(set(found)))
"""


@pytest.mark.parametrize("leave_out", [(), ("namespaces",)])
def test_a_student_cannot_read_them(leave_out):
    """Where there are namespaces, and where Landlock alone keeps the files."""
    private = {"truths/__init__.py": TRUTHS.encode(), "answers.py": b"NINE = 9\n"}
    template = Template(
        Assignment(
            files={"data.txt": b"seen"}, tests=("import truths",), private=private, preload=()
        )
    )
    try:
        cells = [
            {"role": "student", "source": SPY.format(**vars(template)), "points": 0},
            {"role": "student", "source": "def square(x): return x * x", "points": 0},
            {"role": "test", "source": "import truths\ntruths.is_nine(square(3))", "points": 1},
        ]
        policy = Policy("", layers=tuple(one for one in LAYERS if one not in leave_out))
        played = template.play(Job(cells), policy)
    finally:
        template.close()
    said, _, scored = (result["outputs"] for result in played.results)
    assert said[0]["text"] == "['seen']\n"
    assert scored[0]["data"]["text/plain"] == "True"
