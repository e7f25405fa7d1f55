"""A test imports a module that only the student has: it runs in the student's process."""

import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from proctor.run.course import _own_modules
from proctor.run.job import Assignment, Job
from proctor.run.modules import imported
from proctor.run.settings import Settings
from proctor.run.template import Template

WRITE = "import os\nos.makedirs('shop', exist_ok=True)\nopen({!r}, 'w').write({!r})"
ELSEWHERE = "import os, sys\npid = os.getpid()\nknown = sorted(sys.modules)"


@pytest.fixture(scope="module")
def warm():
    given = {"given.py": b"whose = 'the course'", "shop/here.py": b"whose = 'the course'"}
    made = Template(Assignment(files=given))
    yield made
    made.close()


def play(warm, answered, *tests, extra=None):
    cells = [{"role": "student", "source": answered, "points": 1.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    names = ["where", "shop", "shop.own", "shop.here", "own", "given", "json", "colorsys", "layers"]
    results = warm.play(Job(cells, 5, 60, {"modules": names}), Settings().policy(), extra).results
    return [f"{r['outcome']['kind']} {r['outcome']['message']}".strip() for r in results[1:]]


def wrote(name, text="whose = 'mine'"):
    return WRITE.format(name, text)


def test_it_runs_in_the_students_process(warm):
    test = "import os, where\nassert where.pid != os.getpid() and 'json' in where.known"
    assert play(warm, wrote("where.py", ELSEWHERE), test) == ["passed"]


def test_it_is_there_for_the_tests_that_import_it(warm):
    tests = [
        "import where",
        "import sys\nassert 'where' not in sys.modules\nassert not hasattr(sys, 'where')",
        "import shop.own\nassert shop.own.whose == 'mine'",
        "import shop.here\nassert not hasattr(shop, 'own') and shop.here.whose == 'the course'",
    ]
    answered = wrote("where.py") + "\n" + wrote("shop/own.py")
    assert play(warm, answered, *tests) == ["passed"] * 4


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("given.py", "import given\nassert given.whose == 'the course'"),
        ("shop/here.py", "from shop import here\nassert here.whose == 'the course'"),
        ("json.py", "import json\nassert json.loads('5') == 5"),
        ("colorsys.py", "import colorsys\nassert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)"),
    ],
)
def test_what_is_found_here_is_nobody_elses(warm, name, test):
    assert play(warm, wrote(name), test) == ["passed"]


@pytest.mark.parametrize("test", ["import cupy", "import owns", "from shop import own"])
def test_no_other_is_asked_for(warm, test):
    answered = "\n".join(wrote(f"{name}.py") for name in ("own", "cupy", "owns"))
    (said,) = play(warm, answered, test)
    assert said.startswith(("failed No module", "failed cannot import"))


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("answer:open('own.py', 'w')", "test:import own"), ["own"]),
        (("answer:# shop/own.py", "test:from shop import own"), ["shop", "shop.own"]),
        (("answer:import own", "test:try:\n    import own\nfinally:\n    pass"), ["own"]),
        (("words:Write a module `own.py`.", "test:import numpy, own as o"), ["own"]),
        (("words:Write a package `shop/`.", "test:from shop import own"), ["shop"]),
        (("answer:own = 5", "words:your own module", "test:import own"), []),
        (("answer:from numpy import solve", "test:from cupy import solve"), []),
        (("test:open('own.py').read()\nimport own", "lesson:x = 5"), []),
    ],
)
def test_which_are_a_students_to_write(cells, found):
    made = []
    for kind, text in (cell.split(":", 1) for cell in cells):
        flags = {"grade": kind == "test", "solution": kind == "answer", "locked": kind != "answer"}
        about = {"nbgrader": {**flags, "task": False, "schema_version": 3, "grade_id": text}}
        new = new_markdown_cell if kind == "words" else new_code_cell
        made.append(new(text, metadata={} if kind == "words" else about))
    assert sorted(_own_modules(made)) == found


def test_what_it_raises_is_raised(warm):
    assert play(warm, wrote("own.py", "x = 1 / 0"), "import own") == ["failed division by zero"]
    (said,) = play(warm, wrote("own.py", "def f(:"), "import own")
    assert said.startswith("failed invalid syntax")


def test_what_was_handed_in_beside_the_notebook(warm):
    extra = {"layers.py": b"def twice(x):\n    return 2 * x", "given.py": b"whose = 'mine'"}
    tests = [
        "from layers import twice\nassert twice(4) == 8",
        "import given\nassert given.whose[:3] == 'the'",
    ]
    assert play(warm, "pass", *tests, extra=extra) == ["passed", "passed"]


def test_nothing_is_asked_where_no_file_could_be_it():
    asked = []
    with imported({"own", "a", "a.b"}, lambda: {"others.py", "own.txt", "own"}, asked.append):
        for statement in ("import own", "import a.b", "from a import b", "import third"):
            with pytest.raises(ImportError):
                exec(statement)
    assert asked == []
    assert not {"own", "a", "a.b"} & sys.modules.keys()
