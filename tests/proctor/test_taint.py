"""What a student wrote or returned is data: no test can be talked into running it."""

import collections
import dataclasses
import functools
import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from proctor.merge import Pristine
from proctor.rpc.heard import Heard
from proctor.run import taint
from proctor.run.course import Course
from proctor.run.play import play
from proctor.run.settings import Settings
from proctor.run.template import Template
from proctor.sandbox import landlock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")

RUNS = "__import__('os')._exit(7)"  # ends whatever process it runs in
HIDDEN = "".join(f"chr({ord(letter)})+" for letter in RUNS)[:-1]

# {name: (a test, a right answer, wrong ones that a test must not run)}
INTERPRETED = {
    "eval": (
        "assert eval(text()) == 4",
        "def text():\n    return '3 + abs(-1)'",
        [
            f"def text():\n    return {RUNS!r}",
            f"def text():\n    return {f'[{RUNS} for _ in (1,)]'!r}",
            f"def text():\n    return {f'(lambda: {RUNS})()'!r}",
            f"def text():\n    return {f'eval({HIDDEN})'!r}",
        ],
    ),
    "eval of a longer text": (
        "assert eval('(' + texts()[0] + ') * 2') == 8",
        "def texts():\n    return ['2 + 2']",
        [f"def texts():\n    return [{RUNS!r}]", f"def texts():\n    return ({RUNS + ' or 1'!r},)"],
    ),
    "exec": (
        "names = {}\nexec('x = ' + text(), names)\nassert names['x'] == 1",
        None,
        [f"def text():\n    return {RUNS!r}", f"def text():\n    return {f'1{chr(10)}{RUNS}'!r}"],
    ),
    "a tree that is compiled": (
        "import ast\ntree = ast.parse(text())\nexec(compile(tree, 'x', 'exec'))",
        None,
        [f"def text():\n    return {RUNS!r}"],
    ),
    "literal_eval": (
        "import ast\nassert ast.literal_eval(text()) == [1, 2]",
        "def text():\n    return '[1, 2]'",
        [f"def text():\n    return {f'[{RUNS}]'!r}"],
    ),
    "an array's text": (
        "assert eval(texts()[0]) == 4",
        "import numpy as np\ndef texts():\n    return np.array(['2 * 2', '1'])",
        [f"import numpy as np\ndef texts():\n    return np.array([{RUNS!r}])"],
    ),
    "a long text": (
        "assert eval(text()) == 1",
        "def text():\n    return ' ' * 5000 + '1'",
        [f"def text():\n    return {RUNS!r} + ' ' * 5000"],
    ),
    "an exception's text": (
        "try:\n    f()\nexcept ValueError as error:\n    assert eval(str(error)) == 4",
        "def f():\n    raise ValueError('2 + 2')",
        [f"def f():\n    raise ValueError({RUNS!r})"],
    ),
    "a docstring": (
        "import doctest\nassert f(2) == 4\n"
        "doctest.run_docstring_examples(f, {'f': f}, verbose=True)",
        None,
        [
            f"def f(x):\n    '''\n    >>> {RUNS}\n    '''\n    return 4",
            f"def f(x):\n    '''\n    >>> for i in [1]:\n    ...     {RUNS}\n    '''\n    return 4",
            f"def f(x):\n    return 4\nf.__doc__ = '>' * 3 + ' ' + {RUNS!r}",
        ],
    ),
    "timeit": (
        "import timeit\nassert timeit.timeit(text(), number=1) >= 0",
        None,
        [f"def text():\n    return {RUNS!r}"],
    ),
    "pickle": (
        "import pickle\nassert list(pickle.loads(dump())) == [1, 2]",
        "import pickle\nimport numpy as np\ndef dump():\n    return pickle.dumps(np.array([1, 2]))",
        [
            "import pickle\nclass E:\n    def __reduce__(self):\n"
            f"        return eval, ({RUNS!r},)\ndef dump():\n    return pickle.dumps(E())",
            "import pickle\nclass E:\n    def __reduce__(self):\n        import os\n"
            "        return os._exit, (7,)\ndef dump():\n    return bytearray(pickle.dumps(E()))",
        ],
    ),
    "a pickled array": (
        "import io\nimport numpy as np\n"
        "assert np.load(io.BytesIO(dump()), allow_pickle=True).sum() == 3",
        "import io\nimport numpy as np\ndef dump():\n    file = io.BytesIO()\n"
        "    np.save(file, np.array([1, 2]))\n    return file.getvalue()",
        [
            "import io\nimport numpy as np\nclass E:\n    def __reduce__(self):\n"
            f"        return eval, ({RUNS!r},)\ndef dump():\n    file = io.BytesIO()\n"
            "    np.save(file, np.array([E()], object), allow_pickle=True)\n"
            "    return file.getvalue()",
        ],
    ),
    "marshal": (
        "import marshal\nexec(marshal.loads(dump()))",
        None,
        [
            "import marshal\ndef dump():\n"
            f"    return marshal.dumps(compile({RUNS!r}, 'x', 'exec'))",
        ],
    ),
    "SymPy": (
        "import sympy as sp\nx = sp.Symbol('x')\n"
        "assert sp.simplify(text() + ' + 0') == 2 * x + sp.sin(x) ** 2 + sp.Function('f')(x)\n"
        "assert sp.sympify('Matrix([[1, 2]]).T').shape == (2, 1)\n"
        "assert sp.lambdify(x, sp.sympify('2*x'))(2) == 4",
        "def text():\n    return '2*x + sin(x)**2 + f(x)'",
        [
            f"def text():\n    return {f'eval({HIDDEN})'!r}",
            f"def text():\n    return {f'sin({RUNS!r})'!r}",
            f"def text():\n    return {f'lambdify(x, {RUNS!r})(1)'!r}",
            f"def text():\n    return {f'x.func.__class__ or {RUNS}'!r}",
        ],
    ),
    "pandas": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [2, 2]})\n"
        "assert len(df.query(text())) == 1",
        "def text():\n    return 'a > 1 and b == 2'",
        [
            "def text():\n    return '@pd.io.common.os._exit(7) or a > 1'",
            "def text():\n    return 'a.values.tofile(\"made.bin\") == None'",
        ],
    ),
    "IPython": (
        "get_ipython().run_cell(text())",
        None,
        [f"def text():\n    return {RUNS!r}", f"def text():\n    return {f'%time {RUNS}'!r}"],
    ),
    "a program": (
        "import subprocess\nassert subprocess.run(['true']).returncode == 0\n"
        "subprocess.run(text(), shell=True, check=True)",
        None,
        [
            "def text():\n    return 'true; true'",
            "def text():\n    return ['sh', '-c', 'echo hello']",
        ],
    ),
    "os.system": (
        "import os\nassert os.system(text()) == 0",
        None,
        ["def text():\n    return 'echo hello'"],
    ),
    "SQL": (
        "import sqlite3\nplace = sqlite3.connect(':memory:', isolation_level=None)\n"
        "place.execute(one())\nassert place.execute(two()).fetchall()[0][0] == 2",
        "def one():\n    return 'create table t (a)'\n\ndef two():\n    return 'select 2'",
        [
            "def one():\n    return \"attach database 'other.db' as g\"\n\n"
            "def two():\n    return 'select 2'",
        ],
    ),
}


def source_of(name):
    """The source notebook of a test, and what it finds in the answer's place."""
    test, right, wrong = INTERPRETED[name]
    cells = []
    for kind, text in [("answer", right or wrong[0]), ("test", test), ("last", "assert 1 == 1")]:
        grade = kind != "answer"
        about = {"grade": grade, "solution": not grade, "locked": grade, "task": False}
        about |= {"grade_id": kind, "schema_version": 3} | ({"points": 1} if grade else {})
        if grade:
            text = f"### BEGIN HIDDEN TESTS\n{text}\n### END HIDDEN TESTS"
        else:
            text = f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"
        cells.append(new_code_cell(text, id=kind, metadata={"nbgrader": about}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """A function of a test's name and an answer: the errors of the test and of the one after it."""
    root = tmp_path_factory.mktemp("taint")
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True)
    for name in INTERPRETED:
        nbformat.write(source_of(name), folder / f"{name}.ipynb")
    course = Course(CourseDirectory(config=Config(), root=str(root)), "ps1")
    assignment = course.assignment(preload=("numpy",))
    known = course.known(assignment.private)
    template = Template(assignment)

    def played(name, answer, test=None):
        book = Pristine(source_of(name)).fresh()
        book.cells[0].source = answer
        if test is not None:
            book.cells[1].source = test
        settings = Settings(seconds=20, total=60)
        play(template, book, course.lessons(), settings, {}, known[name])
        return [
            next((o.evalue for o in cell.outputs if o.output_type == "error"), None)
            for cell in book.cells[1:]
        ]

    yield played
    template.close()


RIGHT = [name for name, (_, right, _) in INTERPRETED.items() if right is not None]
WRONG = [(name, n) for name, (*_, wrong) in INTERPRETED.items() for n in range(len(wrong))]


@pytest.mark.few(5, spread=True)
@pytest.mark.parametrize("name", RIGHT)
def test_what_only_computes_is_evaluated(outcome, name):
    assert outcome(name, INTERPRETED[name][1]) == [None, None]


@pytest.mark.few(8, spread=True)
@pytest.mark.parametrize(("name", "number"), WRONG)
def test_what_a_student_returned_is_not_run(outcome, name, number):
    told, last = outcome(name, INTERPRETED[name][2][number])
    assert last is None  # the runner is there
    if name in ("a docstring", "IPython"):
        return  # they print what it raises
    expected = {"literal_eval": "malformed node", "SQL": "not authorized"}
    assert expected.get(name, "a test cannot evaluate what a student wrote or returned") in told


@pytest.mark.skipif(landlock.abi() < 2, reason="this kernel has no Landlock 2")
@pytest.mark.parametrize(
    "does",
    [
        "import os\nos.remove(text())",
        "open(text(), 'w').write('')",
        "import os\nos.rename(text(), 'mine')",
        "import os\nos.truncate(text(), 0)",
        "import shutil, os\nshutil.rmtree(os.path.dirname(text()))",
        "import pathlib\npathlib.Path(text()).write_text('')",
    ],
)
def test_a_test_changes_files_in_its_own_folder_only(outcome, tmp_path, does):
    precious = tmp_path / "gradebook.db"
    precious.write_text("marks")
    told, last = outcome("eval", f"def text():\n    return {str(precious)!r}", does)
    assert precious.read_text() == "marks"
    assert "Permission denied" in told or "cross-device" in told
    assert last is None


def test_a_test_may_write_where_it_is_and_to_temporary_files(outcome):
    test = (
        "import os, subprocess, tempfile\n"
        "with open('mine.txt', 'w') as file:\n    file.write('x')\n"
        "os.mkdir('inner')\nos.rename('mine.txt', 'inner/mine.txt')\n"
        "with tempfile.NamedTemporaryFile('w') as file:\n    file.write('x')\n"
        "with tempfile.TemporaryDirectory() as folder:\n    assert os.listdir(folder) == []\n"
        "subprocess.run(['true'], stdout=subprocess.DEVNULL, check=True)\n"
        "!true\n"
        "import multiprocessing\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(abs, [-1, -2]) == [1, 2]\n"
        "assert open('inner/mine.txt').read() == 'x' and text() == 1"
    )
    assert outcome("eval", "def text():\n    return 1", test) == [None, None]


# -- what is a student's


@pytest.fixture
def heard():
    """A `Heard` of one message: the texts given."""

    def make(*texts):
        found = Heard()
        found.message(json.dumps(["ok", list(texts), *[[]] * 9]).encode())
        return found

    return make


@pytest.mark.parametrize(
    ("text", "runs", "refused"),
    [
        ("f()", "f()", True),
        ("x = f(1)", "x = f(1)", True),
        ("print(5)", "1 if print(5) else 2", True),
        ("square", "len('square')", False),  # a name is none of theirs to hide
        ("hello, world", "len('something else')", False),
        ("exec", "exec('1')", True),
        ("1 + 1", "(1 + 1) * 3", False),
        ("a, b", "[(a, b) for a, b in [(1, 2)]]", False),
    ],
)
def test_a_part_of_it_counts_and_arithmetic_does_not(heard, text, runs, refused):
    run = functools.partial(eval, runs.split("=")[-1], {"f": len, "a": 1, "b": 2})
    with taint.watched(heard(text), {"x"}):
        if refused:
            with pytest.raises(PermissionError, match="what a student wrote"):
                run()
        else:
            run()


def test_the_test_s_own_text_is_none(heard):
    with taint.watched(heard("len('ab')"), {"len('ab')"}):
        assert eval("len('ab')") == 2
    assert eval("len('ab') + 1") == 3  # and nothing is watched any more


def test_more_than_can_be_kept_counts_as_all():
    heard = Heard(most=10)
    heard.text("x" * 20)
    text = "len([])"
    with taint.watched(heard, ()), pytest.raises(PermissionError):
        eval(text + " + ord('a')")


def test_libraries_make_code_of_their_own(heard):
    with taint.watched(heard("def __init__(self", "lambda", "return", "a, b"), ()):
        assert collections.namedtuple("P", "a b")(1, 2).b == 2
        made = dataclasses.make_dataclass("D", ["a", "b"])
        assert made(1, 2).b == 2
