"""``proctor rehearse``: each kind of finding, from the command; one kernel is as nbclient's."""

import ast
import json
import shutil

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from proctor.batch.rehearsal import KERNEL, MODEL, Rehearsal
from proctor.batch.rehearse import tagged_text
from proctor.batch.wrong import KINDS, spoiled
from proctor.plugins.rehearsed import keep, line
from proctor.run.course import Course
from proctor.run.settings import Settings
from tests import commands
from tests.conftest import nbgrader
from tests.proctor.test_grade import run

PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}
MODEL_ANSWER = """\
def double(xs):
    ### BEGIN SOLUTION
    return [2 * x for x in xs]
    ### END SOLUTION"""
HALF = "def half(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"
SMALL = "def is_small(x):\n    ### BEGIN SOLUTION\n    return x < 9\n    ### END SOLUTION"
SIZE = "size = 3\n### BEGIN SOLUTION\nsize = 4\n### END SOLUTION"
# name of a test: (its source, (kind, cause) of what is found or None)
TESTS = {
    "test_right": ("assert double([1, 2]) == [2, 4]", None),
    "test_model": ("\nassert double([1]) == [3]", ("model", "model")),
    "test_blank": ("assert size in (3, 4)", ("blank", "blank")),
    "test_nothing": (
        "try:\n    double([1])\nexcept NotImplementedError:\n    raise\n"
        "except (RuntimeError, StopIteration):\n    pass",
        ("wrong", "wrong"),
    ),
    "test_zip": (
        "for a, b in zip(double([1, 2]), [2, 4]):\n    assert a == b",
        ("weak", "empty"),
    ),
    "test_nan": (
        "if abs(half(4) - 2) > 1e-9:\n    raise ValueError('far away')",
        ("weak", "nan"),
    ),
    "test_stops": ("assert all(map(is_small, [1, 2]))", ("weak", "stops")),
    "test_there": ("double, half", ("blank", "blank")),
    "test_shown": (
        "assert double([1]) == [2]\n__import__('numpy').array([1, 2])",
        ("differs", "shown"),
    ),
    "test_globals": (
        "x = 4\nassert 'half' in half.__globals__\nassert half(x) == 2",
        ("differs", "tag"),
    ),
}


def cell(name, source, **flags):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    meta |= {"grade_id": name, "schema_version": 3}
    return new_code_cell(source, id=name.replace("_", "-"), metadata={"nbgrader": meta})


def notebook():
    cells = [cell("limit", "limit = 3", locked=True)]
    answers = {"double": MODEL_ANSWER, "half": HALF, "small": SMALL, "size": SIZE}
    cells += [cell(name, text, solution=True) for name, text in answers.items()]
    cells += [
        cell(name, text, grade=True, locked=True, points=1) for name, (text, _) in TESTS.items()
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": PYTHON})


@pytest.fixture(scope="module")
def made(tmp_path_factory, environment):
    """A course, released, its tests of every kind."""
    root = tmp_path_factory.mktemp("rehearse") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    nbformat.write(notebook(), root / "source" / "ps1" / "p1.ipynb")
    (root / "nbgrader_config.py").write_text(
        "import proctor\n\nc = get_config()\nproctor.configure(c)\nc.Execute.preload = []\n"
    )
    return root


@pytest.fixture
def course(made, tmp_path):
    return shutil.copytree(made, tmp_path / "course")


def rehearse(root, *words):
    return run("proctor.batch.rehearse", "RehearseApp", root, ("ps1", *words))


def test_every_kind_is_found_and_told(course):
    done = rehearse(course, "--json")
    assert done.status == 1, done.err
    told = json.loads(done.out)
    found = {one["test"]: (one["kind"], one["cause"]) for one in told["findings"]}
    assert found == {name: what for name, (_, what) in TESTS.items() if what}
    lines = {one["test"]: one["line"] for one in told["findings"]}
    assert lines["test_model"] == lines["test_globals"] == 2
    assert all(one["do"] for one in told["findings"])
    assert told["tests"] == len(TESTS)
    assert line(of(course)) == (
        "the rehearsal of ps1 had 6 findings: `proctor rehearse ps1` lists them"
    )


@pytest.mark.slow  # where nothing is found, a quick test looks at the same lines
def test_the_terminal_has_eighty_columns_and_ends_with_what_is_next(course):
    source = course / "source" / "ps1" / "p1.ipynb"
    source.write_text(source.read_text().replace("test_model", "test_model_" + "x" * 60))
    done = rehearse(course)
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"ps1: {len(TESTS)} tests in 1 notebook, ")
    rows = [line for line in lines if line.startswith("  test_")]
    assert len(rows) == sum(what is not None for _, what in TESTS.values())
    assert lines[-1] == "Next: correct the source, then proctor rehearse ps1 again."


@pytest.mark.slow
def test_the_tag_is_written_where_it_helps_and_nothing_else(course):
    source = course / "source" / "ps1" / "p1.ipynb"
    before = source.read_text()
    assert json.loads(rehearse(course, "--json", "--tag").out)["tagged"] == [["p1", "test_globals"]]
    after = source.read_text()
    book = json.loads(after)
    tags = [c["metadata"].pop("tags") for c in book["cells"] if "tags" in c["metadata"]]
    assert tags == [["in-student-kernel"]]
    assert book == json.loads(before)
    assert len(after.splitlines()) == len(before.splitlines()) + 3
    told = json.loads(rehearse(course, "--json").out)["findings"]
    assert "test_globals" not in {one["test"] for one in told}


@pytest.mark.parametrize("layout", [{"indent": 4}, {"indent": None}, {"separators": (",", ":")}])
@pytest.mark.parametrize("plain", [True, False])
def test_the_tag_leaves_a_notebooks_text_as_it_is_written(layout, plain):
    book = {"cells": [{"metadata": {"nbgrader": {"grade_id": "t"}}, "source": ["é"]}], "z": 1.50}
    text = json.dumps(book, ensure_ascii=plain, **layout) + "\n"
    book["cells"][0]["metadata"]["tags"] = ["in-student-kernel"]
    assert tagged_text(text, {"t"}) == json.dumps(book, ensure_ascii=plain, **layout) + "\n"


def test_where_nothing_is_found_the_release_is_next(course):
    book = notebook()
    good = [one for one in book.cells if one.id.replace("-", "_") not in TESTS]
    good.append(next(one for one in book.cells if one.id == "test-right"))
    book.cells = good
    nbformat.write(book, course / "source" / "ps1" / "p1.ipynb")
    done = rehearse(course)
    assert done.status == 0, done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert done.out.splitlines()[0].endswith(" s, nothing found")
    assert done.out.splitlines()[-1] == "Next: nbgrader generate_assignment ps1 --force"


def of(course):
    """The `Course` of a folder's assignment."""
    return Course(CourseDirectory(config=Config(), root=str(course)), "ps1")


def test_what_was_rehearsed_is_known_by_its_content(course):
    path = course / "source" / "ps1" / "p1.ipynb"
    assert line(of(course)).startswith("ps1 has not been rehearsed: `proctor rehearse ps1`")
    keep(of(course), 0)
    assert line(of(course)) is None
    book = nbformat.read(path, as_version=4)
    book.cells[0].outputs = [nbformat.v4.new_output("stream", text="run since")]
    nbformat.write(book, path)
    assert line(of(course)) is None
    stale = "ps1 has changed since it was rehearsed: `proctor rehearse ps1`"
    book.cells[-1].metadata["tags"] = ["in-student-kernel"]
    nbformat.write(book, path)
    assert line(of(course)) == stale
    keep(of(course), 0)
    (path.parent / "data.csv").write_text("1")
    assert line(of(course)) == stale
    keep(of(course), 1)
    assert line(of(course)).startswith("the rehearsal of ps1 had 1 finding: ")
    for kept in ("", "[]", "{}", '{"digest": 1}', '{"findings": "many"}', "\0"):
        (course / ".proctor" / "ps1.rehearsed.json").write_text(kept)
        assert "rehearsed" in line(of(course))


@pytest.mark.slow
def test_generate_assignment_says_whether_it_was_rehearsed(course):
    assert "ps1 has not been rehearsed" in nbgrader(course, "generate_assignment", "ps1").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--forse",), "proctor rehearse: there is no option --forse"),
        (("--watch",), "proctor rehearse: there is no option --watch"),
        (("ps2",), "one assignment at a time"),
    ],
)
def test_bad_input_is_one_clear_line(course, words, said):
    done = rehearse(course, *words)
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert said in done.err


def test_a_source_that_cannot_be_released_is_a_finding(course):
    path = course / "source" / "ps1" / "p1.ipynb"
    book = notebook()
    book.cells[1].metadata.nbgrader.grade_id = "half"
    nbformat.write(book, path)
    (told,) = json.loads(rehearse(course, "--json").out)["findings"]
    assert told["kind"] == "source"
    assert "cells 2 and 3 are both called 'half'" in told["says"]


def test_the_command_is_there(tmp_path):
    done = commands.run(tmp_path, "proctor", "rehearse", "--help")
    assert "Exit status" in " ".join(done.stdout.split())  # wherever a line ends


ANSWER = ast.parse(
    "import math\nLIMIT = 3\ndef f(x):\n    return x\n"
    "class P:\n    def __init__(self): self.a = 1\n    def m(self): return self.a\nprint(f(1))"
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_answer_keeps_the_names_and_is_wrong(kind):
    names = {}
    source = spoiled(ANSWER, kind)
    if "raise" not in KINDS[kind][1]:
        exec(source, names)
        value = names["f"](1)
        assert repr(value) == repr(names["P"]().m()) == repr(names["LIMIT"])
        return
    with pytest.raises((RuntimeError, StopIteration)):
        exec(source, names)
    assert {"math", "f", "P"} <= names.keys()
    with pytest.raises((RuntimeError, StopIteration)):
        names["f"](1)


KERNEL_CELLS = [
    ("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);", None),
    ("assert len(plt.gcf().axes) == 0", 1),  # inline figures are closed after their cell
    ("total = !echo 3", None),
    ("assert total == ['3']\nassert In[1] and get_ipython()", 1),
    ("x = [1]\ndef f():\n    return globals()['x']", None),
    ("x.append(2)\nassert f() == [1, 2] and type(f) is type(lambda: 0)", 1),
    ("f.__code__\n0.5", 1),
    ("import inspect\nassert 'globals' in inspect.getsource(f)", 1),
    ("raise KeyError('k')", 1),
    ("import asyncio\nawait asyncio.sleep(0)\nassert __name__ == '__main__'", 1),
    ("assert undefined", 1),
]


@pytest.mark.slow
def test_in_one_kernel_is_as_in_nbclients(tmp_path):
    cells = [
        cell(f"c{n}", text, grade=bool(points), locked=True, **({"points": 1} if points else {}))
        for n, (text, points) in enumerate(KERNEL_CELLS)
    ]
    book = new_notebook(cells=cells, metadata={"kernelspec": PYTHON})
    folder = tmp_path / "source" / "ps1"
    folder.mkdir(parents=True)
    nbformat.write(book, folder / "p1.ipynb")
    made = Course(CourseDirectory(config=Config(), root=str(tmp_path)), "ps1")
    rehearsal = Rehearsal(made, Settings(seconds=20), made.assignment(preload=()), 1)
    rehearsal.add("p1", book, Config())
    told = []
    rehearsal.play(lambda *counts: told.append(counts))
    # the model here and there, and blank; with the tag too, for one cell differs
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3), (3, 4), (4, 4)]
    ours = {
        name: result.error.split(":")[0].split()[0] if result.error else ""
        for name, result in rehearsal.results["p1", MODEL, KERNEL].items()
    }
    played = nbformat.read(folder / "p1.ipynb", as_version=4)
    NotebookClient(
        played, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    ).execute()
    theirs = {}
    for one in played.cells:
        if one.metadata.nbgrader.grade:
            errors = [o.ename for o in one.outputs if o.output_type == "error"]
            values = [
                o.data["text/plain"] for o in one.outputs if o.output_type == "execute_result"
            ]
            theirs[one.metadata.nbgrader.grade_id] = "".join(errors or values)
    assert ours == theirs
