"""A course that knows nothing of pooling, graded through nbgrader's own command behind the wall."""

import html
import json
import os
import re
import textwrap
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from tests.conftest import nbgrader

CANARY = "canary-in-a-hidden-test"


def meta(name, **flags):
    given = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **given}}


def cell(name, source, **flags):
    return new_code_cell(textwrap.dedent(source).strip(), id=name, metadata=meta(name, **flags))


def notebook():
    """Two tasks, three tests, and a question for a person."""
    test = {"grade": True, "locked": True}
    cells = [
        cell("setup", "import numpy as np\nfrom helper import double", locked=True),
        cell(
            "total",
            """
            def total(x):
                ### BEGIN SOLUTION
                return x.sum()
                ### END SOLUTION
            """,
            solution=True,
        ),
        cell(
            "test_total",
            f"""
            assert total(np.arange(3)) == 3
            ### BEGIN HIDDEN TESTS
            secret = "{CANARY}"
            x = np.arange(12.0).reshape(3, 4)
            assert np.isclose(total(x), 66), "the sum of twelve numbers"
            assert np.isclose(total(x[:, ::2]), 30)
            ### END HIDDEN TESTS
            """,
            points=2,
            **test,
        ),
        cell(
            "test_total_leaves_x",
            """
            ### BEGIN HIDDEN TESTS
            x = np.ones(4)
            total(x)
            assert (x == 1).all()
            ### END HIDDEN TESTS
            """,
            points=1,
            **test,
        ),
        cell(
            "twice",
            """
            def twice(f, x):
                ### BEGIN SOLUTION
                return f(f(x))
                ### END SOLUTION
            """,
            solution=True,
        ),
        cell(
            "test_twice",
            """
            ### BEGIN HIDDEN TESTS
            assert twice(double, 5) == 20
            assert twice(lambda s: s + "!", "a") == "a!!"
            ### END HIDDEN TESTS
            """,
            points=3,
            **test,
        ),
        new_markdown_cell(
            "=== BEGIN SOLUTION ===\nBecause.\n=== END SOLUTION ===",
            id="why",
            metadata=meta("why", grade=True, solution=True, points=4),
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


RIGHT = {
    "total": "def total(x):\n    return x.sum()",
    "twice": "def twice(f, x):\n    return f(f(x))",
}


def answered(book, answers):
    for one in book.cells:
        if one.id in answers:
            one.source = answers[one.id]
    return book


def right(book, **answers):
    return answered(book, {**RIGHT, **answers})


def source_of(function):
    return lambda book: right(book, total=textwrap.dedent(function).strip())


def with_cell(source):
    """Nothing solved, and a cell of the student's own in front of the tests."""

    def change(book):
        book.cells.insert(1, new_code_cell(textwrap.dedent(source).strip(), id="own"))
        return book

    return change


def drop(name):
    def change(book):
        book = right(book)
        book.cells = [one for one in book.cells if one.id != name]
        return book

    return change


def copied(book):
    book = right(book)
    book.cells.insert(3, nbformat.from_dict({**book.cells[2], "id": "copy"}))
    return book


def flagged(**flags):
    def change(book):
        for one in book.cells:
            if one.id.startswith("test"):
                one.metadata.nbgrader.update(flags)
                one.metadata["tags"] = ["skip-execution"]
        return book

    return change


def spy(path):
    return f"""
    def total(x):
        found = []
        import os, gc, sys
        if hasattr(total, "spied"):  # once in a cell's four seconds
            return x.sum()
        total.spied = True
        for folder, names, files in os.walk({path!r}):
            names[:] = [n for n in names if n not in ("lib", "share")]  # an environment is large
            for file in files:
                try:
                    found.append(open(os.path.join(folder, file), errors="replace").read(100_000))
                except OSError:
                    pass
        for thing in gc.get_objects():
            if isinstance(thing, dict):
                found += [value for value in thing.values() if isinstance(value, str)]
        frame = sys._getframe()
        while frame:
            found.append(repr(frame.f_locals)[:10_000])
            frame = frame.f_back
        text = "".join(found)[:200_000_000]
        start = text.find("canary" + "-in-")
        print("FOUND", text[start:start + 40] if start >= 0 else "nothing")
        return x.sum()
    """


# what a student hands in, and the points that it deserves: of test_total, _leaves_x, test_twice
CASES = {
    "all-right": (right, (2, 1, 3)),
    "blank": (lambda book: book, (0, 0, 0)),
    "a-warning-on-stderr": (
        source_of("def total(x):\n import sys; print('careful', file=sys.stderr); return x.sum()"),
        (2, 1, 3),
    ),
    "changes-its-argument": (
        source_of("def total(x):\n    s = x.sum()\n    x += 1\n    return s"),
        (0, 0, 3),  # the first test goes on with the changed x, as it would in one process
    ),
    "never-returns": (source_of("def total(x):\n    while True: pass"), (0, 0, 3)),
    "swallows-interrupts": (
        source_of("""
        def total(x):
            while True:
                try:
                    while True: pass
                except BaseException: pass
        """),
        (0, 0, 3),
    ),
    "ends-the-kernel": (source_of("def total(x):\n    import os; os._exit(0)"), (0, 0, 3)),
    "eats-all-memory": (source_of("def total(x):\n    return bytearray(1 << 40)"), (0, 0, 3)),
    "prints-without-end": (
        source_of("def total(x):\n    print('x' * 50_000_000)\n    return x.sum()"),
        (2, 1, 3),
    ),
    "raises-in-its-second-line": (
        source_of("def total(x):\n    return x.nothing_like_it"),
        (0, 0, 3),
    ),
    "crashes": (source_of("def total(x:"), (0, 0, 3)),
    "test-deleted": (drop("test_total"), (2, 1, 3)),
    "test-copied": (copied, (2, 1, 3)),
    "tests-marked-as-solutions": (flagged(solution=True, locked=False), (0, 0, 0)),
    "tests-not-graded": (flagged(grade=False), (0, 0, 0)),
    "tests-worth-a-thousand": (flagged(points=1000), (0, 0, 0)),
    "patches-builtins": (
        with_cell("""
        import builtins, numpy as np
        np.isclose = np.allclose = lambda *a, **k: True
        builtins.AssertionError = type("Nothing", (Exception,), {})
        total = twice = lambda *a: True
        """),
        (0, 0, 0),
    ),
    "equal-to-everything": (
        with_cell("""
        class Yes:
            __eq__ = __ge__ = __le__ = lambda *a: True
            __float__ = lambda self: 66.0
            __bool__ = lambda self: True
            __array__ = lambda self, *a, **k: __import__("numpy").array(66.0)
        total = twice = lambda *a: Yes()
        """),
        (0, 0, 0),
    ),
    "rewrites-later-cells": (
        with_cell("""
        ip = get_ipython()
        ip.input_transformers_cleanup.append(lambda lines: ["pass"])
        ip.events.register("pre_run_cell", lambda info: None)
        """),
        (0, 0, 0),
    ),
    "reads-the-course": (source_of(spy("/tmp")), (2, 1, 3)),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one submission for each case, autograded, feedback written."""
    root = tmp_path_factory.mktemp("plain") / "course"
    source = root / "source" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(notebook(), source / "p1.ipynb")
    (source / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    (root / "nbgrader_config.py").write_text(
        "import proctor\n\nc = get_config()\nproctor.configure(c)\nc.Execute.timeout = 4\n"
    )
    nbgrader(root, "generate_assignment", "ps1")
    for name, (change, _) in CASES.items():
        folder = root / "submitted" / name / "ps1"
        folder.mkdir(parents=True)
        released = nbformat.read(root / "release" / "ps1" / "p1.ipynb", as_version=4)
        nbformat.write(change(released), folder / "p1.ipynb")
    for name, data in {
        "not-json": b"{ this is no notebook",
        "empty-file": b"",
        "another-json": json.dumps([1, 2]).encode(),
    }.items():
        folder = root / "submitted" / name / "ps1"
        folder.mkdir(parents=True)
        (folder / "p1.ipynb").write_bytes(data)
    link = root / "submitted" / "link-to-the-source" / "ps1"
    link.mkdir(parents=True)
    os.symlink(source / "p1.ipynb", link / "p1.ipynb")
    done = nbgrader(root, "autograde", "ps1", check=False)
    nbgrader(root, "generate_feedback", "ps1", check=False)
    return SimpleNamespace(root=root, said=done.stdout, status=done.returncode)


def scores(course, student):
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        submission = gradebook.find_submission_notebook("p1", "ps1", student)
        found = {grade.name: grade.auto_score for grade in submission.grades}
    return tuple(found[name] for name in ("test_total", "test_total_leaves_x", "test_twice"))


def feedback(course, student):
    return (course.root / "feedback" / student / "ps1" / "p1.html").read_text(encoding="utf-8")


def test_nothing_stops_the_batch(course):
    assert course.status == 0, course.said[-3000:]


@pytest.mark.parametrize("student", CASES)
def test_a_submission_gets_what_it_deserves(course, student):
    assert scores(course, student) == CASES[student][1], feedback(course, student)[-4000:]


@pytest.mark.parametrize(
    "student", ["not-json", "empty-file", "another-json", "link-to-the-source"]
)
def test_what_is_no_notebook_is_graded_as_blank_and_told(course, student):
    assert scores(course, student) == (0, 0, 0)
    assert "repaired in your notebook" in feedback(course, student)


def test_no_student_sees_a_hidden_test(course):
    for student in [*CASES, "link-to-the-source"]:
        assert CANARY not in feedback(course, student), student
    assert "FOUND nothing" in feedback(course, "reads-the-course")


def test_a_failed_test_says_its_message_and_not_its_source(course):
    page = feedback(course, "blank")
    assert "NotImplementedError" in page
    assert "np.isclose" not in page


def test_an_error_in_the_student_s_code_is_shown_with_its_line(course):
    page = re.sub(r"<[^>]+>", "", feedback(course, "raises-in-its-second-line"))
    assert "In[2]:2, in total" in html.unescape(page).replace("&gt;", ">").replace(">", "")
    assert page.count("nothing_like_it") >= 3
    assert "the wall" not in page


def test_a_repair_is_told(course):
    assert "repaired in your notebook" in feedback(course, "test-deleted")
    assert "repaired in your notebook" not in feedback(course, "all-right")


def test_a_hang_is_named(course):
    assert "stopped after 4 s" in feedback(course, "never-returns")
