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
    "eval of bytes": (
        "assert eval(text()) == 4",
        None,
        [
            "import numpy as np\ndef text():\n"
            f"    return np.frombuffer({RUNS.encode()!r}, np.uint8)",
            f"def text():\n    return b'# coding: utf-7\\n' + {RUNS!r}.encode('utf-7')",
            "def text():\n"
            f"    return b'\\x0c\\x0c\\x0c# coding: utf-7\\n' + {RUNS!r}.encode('utf-7')",
            f"def text():\n    return bytearray({RUNS.encode()!r})",
        ],
    ),
    "eval of what is deep": (
        "for k in range(2870, 2990, 8):\n"
        "    try:\n        eval(text(k))\n    except (MemoryError, RecursionError):\n        pass",
        None,
        [f"def text(k):\n    return '[' + {RUNS!r} + ' or 4, ' + '-' * k + '1][0]'"],
    ),
    "eval of what calls by a keyword": (
        "assert eval(text()) == 4",
        None,
        [
            f"def text():\n    return {f'max([{RUNS!r}], key=eval)'!r}",
            "def text():\n    return 'max([\"/etc/hostname\"], key=open)'",
            "def text():\n    return 'sorted([4], key=print)[0]'",
        ],
    ),
    "eval of a text that was changed": (
        "assert eval(text().replace('^', '**').lower()) == 4",
        "def text():\n    return '2^2'",
        [f"def text():\n    return {f'{RUNS} or 2^2'!r}"],
    ),
    "eval of a part of an array": (
        "assert [eval(one) for one in texts()] == [1, 2]",
        "import numpy as np\ndef texts():\n    return np.array(['1', '2', 'x'])[:2]",
        [f"import numpy as np\ndef texts():\n    return np.array([{RUNS!r}, '2', 'x'])[:2]"],
    ),
    "eval of a row": (
        "assert eval(texts()[0]['e']) == 1",
        None,
        [
            "import numpy as np\ndef texts():\n"
            f"    return np.array([({RUNS!r}, 2)], dtype=[('e', 'U99'), ('v', 'i8')])",
        ],
    ),
    "eval by a function that is passed": (
        "assert apply(lambda text: eval(text), '2+3') == 5",
        "def apply(f, x):\n    return f(x)",
        [f"def apply(f, x):\n    return f({RUNS!r})"],
    ),
    "what the test writes, and imports": (
        "import pathlib\npathlib.Path('mm.py').write_text(text())\nimport mm",
        None,
        [f"def text():\n    return {RUNS!r}"],
    ),
    "annotations": (
        "import typing\nassert typing.get_type_hints(f) == {'x': int, 'return': list[int]}",
        "def f(x: 'int') -> 'list[int]':\n    pass",
        [f"def f(x: {RUNS!r}) -> 'list[int]':\n    pass"],
    ),
    "pickle of an array of bytes": (
        "import pickle\nassert list(pickle.loads(dump())) == [1, 2]",
        None,
        [
            "import pickle\nimport numpy as np\nclass E:\n    def __reduce__(self):\n"
            f"        return eval, ({RUNS!r},)\n"
            "def dump():\n    return np.frombuffer(pickle.dumps(E()), np.uint8)",
            "import pickle\nimport numpy as np\nclass E:\n    def __reduce__(self):\n"
            f"        return eval, ({RUNS!r},)\n"
            "def dump():\n    said = pickle.dumps(E())\n"
            "    return np.frombuffer(said + bytes(-len(said) % 8), np.int64)",
            "import pickle\nimport numpy as np\nclass E:\n    def __reduce__(self):\n"
            f"        return eval, ({RUNS!r},)\n"
            "def dump():\n    return np.void(pickle.dumps(E()))",
            "import pickle\nimport numpy as np\ndef dump():\n    return pickle.dumps(np.arange(2))",
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
            "def f(x):\n    '''\n    >>> (\n    ... eval(\n    ... '__im'\n    ... 'port'\n"
            "    ... '__(\"o'\n    ... 's\").'\n    ... '_exi'\n    ... 't(7)'\n    ... ))\n"
            "    '''\n    return 4",
        ],
    ),
    "timeit": (
        "import timeit\nassert timeit.timeit(text(), number=1) >= 0",
        None,
        [f"def text():\n    return {RUNS!r}"],
    ),
    "pickle": (
        "import pickle\nassert list(pickle.loads(dump())) == [1, 2]",
        "import pickle\nimport collections\n"
        "def dump():\n    return pickle.dumps(collections.deque([1, 2]))",
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
            f"def text():\n    return {f'0*sin({RUNS[:9]!r} + {RUNS[9:]!r})'!r}",
        ],
    ),
    "SymPy, of a text that was changed": (
        "import sympy as sp\nassert sp.sympify(text().replace('^', '**')) == sp.Symbol('x') ** 2",
        "def text():\n    return 'x^2'",
        [f"def text():\n    return {f'{RUNS} or x^2'!r}"],
    ),
    "lambdify": (
        "import sympy as sp\nassert sp.lambdify(sp.Symbol('x'), text())(3) == 9",
        "def text():\n    return 'x**2'",
        [f"def text():\n    return {f'{RUNS} or x**2'!r}"],
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

    def played(name, answer, test=None, locked=None):
        book = Pristine(source_of(name)).fresh()
        book.cells[0].source = answer
        if test is not None:
            book.cells[1].source = test
        if locked is not None:
            about = {"grade": False, "solution": False, "locked": True, "grade_id": "locked"}
            metadata = {"nbgrader": about | {"schema_version": 3, "task": False}}
            book.cells.insert(2, new_code_cell(locked, id="locked", metadata=metadata))
        settings = Settings(seconds=20, total=60)
        play(template, book, course.lessons(), settings, {}, known[name])
        return [
            next((o.evalue for o in cell.outputs if o.output_type == "error"), None)
            for cell in book.cells[1:]
            if cell.id != "locked"
        ]

    yield played
    template.close()


# what prints, or takes for an answer, that something was refused
QUIET = {"a docstring", "IPython", "eval of what is deep"}
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
    if name in QUIET:
        return
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
        ("f(print('abc'))", "print('abc')", True),
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


ORDINARY = {
    "timeit": "import timeit\nassert timeit.timeit(lambda: f(1), number=3) >= 0\n"
    "assert timeit.timeit('x = 1', setup='import math', number=1) >= 0\n%timeit -n 1 -r 1 f(1)",
    "names in a loop": "for n in (1, 2):\n    assert eval(f'f({n})') == n\n"
    "for text, want in [('f(3)', 3), ('f([4])', [4])]:\n    assert eval(text) == want\n"
    "exec('y = f(7)')\nassert y == 7",
    "a template": "from string import Template\nexec(Template('$n = f(1)').substitute(n='a'))\n"
    "assert a == 1",
    "programs": "import subprocess\nassert f('hello') == 'hello'\n"
    "subprocess.run(['echo', 'hello', 'there'], check=True, stdout=subprocess.DEVNULL)",
    "workers": "assert f(b'ab') == b'ab'\n"
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n"
    "    assert pool.map(abs, [-1, -2]) == [1, 2]",
    "what libraries make": "import collections, dataclasses, enum, typing\nassert f(None) is None\n"
    "assert f('None') == 'None' and f('    ') == '    ' and f(['return', 'list'])\n"
    "P = collections.namedtuple('P', 'x y encoding')\nclass Q(typing.NamedTuple):\n    a: int = 1\n"
    "@dataclasses.dataclass(order=True)\nclass D:\n    a: int = 1\n    b: list = None\n"
    "assert P(1, 2, 3).y == 2 and Q().a == 1 and D(1) < D(2)",
    "SciPy": "import scipy.stats\nassert f('None') == 'None'\n"
    "assert scipy.stats.norm(0, 1).cdf(0) == 0.5",
    "pandas": "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'c': ['x', 'y']})\nn = 1\n"
    "assert len(df.query(f('a > 1 and c.str.startswith(\"y\")'))) == 1\n"
    "assert len(df.query('a > @n')) == 1 and list(df.eval(f('d = a + a')).d) == [2, 4]",
    "its own mistakes": "import pytest\nwith pytest.raises(SyntaxError):\n    eval(f('1 +'))\n"
    "with pytest.raises(NameError):\n    eval(f('abc'))",
    "a tree": "import ast, inspect\ntree = ast.parse(inspect.getsource(f))\n"
    "assert isinstance(tree.body[0], ast.FunctionDef)\nassert ast.literal_eval(f('[1]')) == [1]",
}


@pytest.mark.few(4, spread=True)
@pytest.mark.parametrize("what", ORDINARY)
def test_what_tests_do_besides_is_as_before(outcome, what):
    given = "def f(x):\n    'import math, x = 1'\n    return x"
    assert outcome("eval", given, ORDINARY[what]) == [None, None]


def test_a_cell_of_the_course_s_runs_no_text_that_a_test_has_left(outcome):
    answer, test = f"def text():\n    return {RUNS!r}", "formula = text()\nassert formula"
    assert outcome("eval", answer, test, "value = eval(formula)") == [None, None]
