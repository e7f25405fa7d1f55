"""A mark is stated: whatever a test raises, prints, displays or ends with, nbgrader reads that."""

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.notebooknode import from_dict
from nbformat.v4 import new_code_cell
from nbgrader.utils import determine_grade

from proctor.run.job import Assignment, Job
from proctor.run.outcomes import FAILED, NOT_REACHED, PARTIAL, PASSED
from proctor.run.outputs import CELL, NOTEBOOK, NUMBER, size_of
from proctor.run.settings import Settings
from proctor.run.template import Template
from tests.tiers import examples

LARGEST = 40_000  # characters of what states a failure


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(preload=("numpy",)))
    yield made
    made.close()


def play(warm, *cells, points=2.0):
    """What came of cells, pairs of a role and a source."""
    cells = [{"role": role, "source": source, "points": points} for role, source in cells]
    return warm.play(Job(cells, seconds=10, total=60), Settings().policy()).results


def mark(result, points=2.0):
    """What nbgrader makes of a test's outputs, by way of a file."""
    meta = {"grade": True, "solution": False, "points": points, "grade_id": "t"}
    written = json.loads(json.dumps(result["outputs"], ensure_ascii=False).encode())
    cell = new_code_cell(metadata=from_dict({"nbgrader": meta}), outputs=from_dict(written))
    return determine_grade(cell)[0]


def check_failed(result):
    assert result["outcome"]["kind"] in (FAILED, NOT_REACHED)
    stating = [o for o in result["outputs"] if o["output_type"] in ("error", "execute_result")]
    assert [o["output_type"] for o in stating] == ["error"]
    assert size_of(stating[0]) <= LARGEST
    assert sum(map(size_of, result["outputs"])) <= 2 * CELL + LARGEST
    assert not [o for o in result["outputs"] if o.get("name") == "stderr"]
    assert mark(result) == 0


# what a function may raise, as lines of its body

MESSAGES = st.sampled_from(
    [
        "'bad'",
        "'x' * 1_200_000",
        "'\\ud800 alone'",
        "'\\x00\\x1b[31m'",
        '"""a\nb"""',
        "'" + "ä\\n" * 50 + "'",
        "10 ** 5000",
        "{'k' * 1_100_000: 1}",
        "b'\\xff' * 2_000_000",
        "None",
        "[[[]]] * 100_000",
    ]
)
KINDS = st.sampled_from(  # of exceptions: built-in ones, and CLASSES
    [
        *("ValueError", "KeyError", "AssertionError", "OSError", "TimeoutError", "SyntaxError"),
        *("SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration", "RecursionError"),
        *("WallError", "KernelStopped", "Odd", "Loud", "Rendered", "Silent", "Wide", "Bool"),
    ]
)
CLASSES = """
class WallError(Exception): pass
class KernelStopped(Exception): pass
class Odd(Exception):
    def __str__(self): raise SystemExit("no message")
class Loud(Exception):
    def __str__(self): return "loud " * 1_000_000
class Rendered(Exception):
    def _render_traceback_(self): return []
class Silent(Exception):
    def __str__(self): return ""
Wide = type("W" * 1_000_000, (Exception,), {})
class Bool(Exception):
    def __bool__(self): return False
    def __len__(self): return 0
"""
RAISES = st.one_of(
    st.builds("raise {}({})".format, KINDS, MESSAGES),
    st.builds("raise {}(\n    {}\n)".format, KINDS, MESSAGES),
    st.builds("y = (1 +\n    2); raise {}({})".format, KINDS, MESSAGES),
    st.builds("raise {}({}) from ValueError({})".format, KINDS, MESSAGES, MESSAGES),
    st.builds(
        "try: 1 / 0\nexcept ZeroDivisionError: raise {}({})".format,
        KINDS,
        MESSAGES,
    ),
    st.builds("e = {}({}); e.add_note('n' * {}); raise e".format, KINDS, MESSAGES, st.integers(0)),
    st.builds("raise ExceptionGroup({}, [ValueError({})] * 3)".format, MESSAGES, MESSAGES),
    st.builds(
        "raise ExceptionGroup('outer', [ExceptionGroup('inner', [KeyError({})]), {}(1)])".format,
        MESSAGES,
        st.sampled_from(["ValueError", "Odd", "Rendered"]),
    ),
    st.sampled_from(
        [
            "exec('def f(:')",
            "exec('  x = 1\\n y = 2')",
            "compile('\\0', 'f', 'exec')",
            "return f()",
            "import sys; sys.setrecursionlimit(60); return f()",
            "e = ValueError()\nfor _ in range(3000): e, e.__cause__ = ValueError(), e\nraise e",
            "e = ValueError()\nfor _ in range(3000): e = ExceptionGroup('g', [e])\nraise e",
            "import linecache; linecache.cache.clear(); raise ValueError",
            "raise 3",
            "raise",
            "(lambda: (_ for _ in ()).throw(KeyError(\n1)))()",
            "b'\\xff'.decode()",
            "open('x' * 100_000)",
            "import json; json.loads('[' * 100_000)",
            "import os; os._exit(3)",
        ]
    ),
)
# what the same cell does besides
BESIDES = st.sampled_from(
    [
        "pass",
        "print('x' * 2_000_000)",
        "print('\\U0001f600' * 999_000)",
        "for _ in range(15): print('x' * 90_000)",
        "import sys; sys.stderr.write('warned' * 400_000)",
        "import warnings; warnings.warn('beware')",
        "from IPython.display import display\nfor n in range(1500): display(n)",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>' * 300_000))",
        "from IPython.display import clear_output\nprint(1); clear_output()",
        "from IPython.display import clear_output\nprint(1); clear_output(wait=True)",
        "from IPython.display import display as d\nh = d(1, display_id='a'); h.update('u' * 10**6)",
        "from IPython.display import display\ndisplay({'image/png': 'x'}, raw=True)",
        "from IPython.display import display\ndisplay({'text/plain': {1: float('nan')}}, raw=True)",
        "from IPython.display import display\ndisplay({'text/\\ud800': '\\ud800'}, raw=True)",
        "import sys; sys.displayhook(3)",
        "import sys; sys.displayhook('all tests passed')",
        "get_ipython().run_cell('2')",
    ]
)


def indented(text, by="    "):
    return text.replace("\n", f"\n{by}")


@settings(
    max_examples=examples(50, 10),
    deadline=None,  # a machine may be busy
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(RAISES, BESIDES, BESIDES, st.sampled_from(["x = f()", "f()", "assert f() == 1, f'{f()}'"]))
def test_what_a_student_s_function_raises_is_a_failure(warm, raises, before, after, test):
    answer = f"{CLASSES}\ndef f():\n    {indented(before)}\n    {indented(raises)}\n    return 1\n"
    _, alone, behind, inside = play(
        warm,
        ("student", answer),
        ("test", test),
        ("test", f"{before}\ntry:\n    {test}\nfinally:\n    {indented(after)}"),
        ("inside", f"{before}\n{test}"),
    )
    for result in (alone, behind, inside):
        check_failed(result)


VALUES = st.sampled_from(
    [
        "'x' * 1_200_000",
        "'\\ud800'",
        "'\\U0001f600' * 600_000",
        "{'k' * 1_100_000: 1}",
        "__import__('numpy').zeros(3, [('n' * 99 + str(n), 'f8') for n in range(20_000)])",
        "10 ** 4000",
        "[[]] * 400_000",
        "float('nan')",
        "object",
        "f",
        "__import__('numpy').arange(10**6)",
        "b'\\xff' * 10**6",
        "iter([1])",
    ]
)
SAYS = st.sampled_from(
    [
        "assert f() == 'A!', f'got {f()}'",
        "assert f() == 'A!', f()",
        "got = f(); print(got); assert got == 'A!'",
        "got = f(); display(got); assert got == 'A!'",
        "got = f(); get_ipython().displayhook(got); raise AssertionError([got] * 3)",
        "got = f(); raise AssertionError(f'{got!r}') from KeyError(f())",
        "got = f(); raise ExceptionGroup(f'{got!r}', [AssertionError(f'{got!r}')])",
        "got = f(); exec(f'raise ValueError({got!r:.50}', {})",
        "%%capture\nassert f() == 'A!', f()",
        "%time assert f() == 'A!', f()",
        "import asyncio; await asyncio.sleep(0); assert f() == 'A!', f()",
        "if f() != 'A!': return",
        "%no_such_magic {f()}",
        "import sys; sys.exit(str(f()))",
        "import bdb; f(); raise bdb.BdbQuit",
        "f(); raise KeyboardInterrupt(f())",
        "get_ipython().set_custom_exc((Exception,), lambda *_: None); assert f() == 'A!'",
    ]
)


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(VALUES, SAYS, BESIDES)
def test_what_a_test_says_of_a_wrong_value_is_a_failure(warm, value, says, besides):
    _, behind, inside = play(
        warm,
        ("student", f"def f():\n    {indented(besides)}\n    return {value}"),
        ("test", f"from IPython.display import display\n{says}" if says[0] != "%" else says),
        ("inside", says),
    )
    check_failed(behind)
    check_failed(inside)


@settings(
    max_examples=examples(25, 8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(BESIDES, st.sampled_from(["", "'done'", "[1, 2]", "True", "'3'", "print('fine')"]))
def test_what_a_passed_test_shows_costs_nothing(warm, besides, last):
    if "displayhook(3)" in besides or "run_cell('2')" in besides:
        besides = "pass"  # these say a number of points
    _, behind, inside = play(
        warm,
        ("student", f"def f():\n    {indented(besides)}\n    return 1"),
        ("test", f"{besides}\nassert f() == 1\n{last or 'pass'}"),
        ("inside", f"assert f() == 1\n{besides}\n{last or 'pass'}"),
    )
    for result in (behind, inside):
        assert result["outcome"]["kind"] == PASSED, result["outcome"]
        assert mark(result) == 2
        assert sum(map(size_of, result["outputs"])) <= 2 * CELL + 1000


@settings(
    max_examples=examples(25, 8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.floats(), st.floats(0, 1e6), st.sampled_from(["{}", "np.float64({})", "np.longdouble({})"])
)
def test_a_number_is_partial_credit_within_0_and_the_maximum(warm, number, points, kind):
    value = kind.format(f"float('{number!r}')")
    (result,) = play(warm, ("test", f"import numpy as np\n{value}"), points=points)
    assert result["outcome"]["kind"] == PARTIAL
    expected = 0.0 if math.isnan(number) else min(max(number, 0.0), points)
    assert mark(result, points) == expected


@pytest.mark.parametrize(
    ("value", "points"),
    [
        ("np.int8(1)", 1),
        ("np.array(1.5)", 1.5),
        ("np.array([1])", 1),
        ("Fraction(3, 2)", 1.5),
        ("Decimal('0.5')", 0.5),
        ("10 ** 400", 2),
        ("-10 ** 400", 0),
        ("Mark()", 1.25),
        ("True", 2),
        ("np.bool_(False)", 2),
        ("'1'", 2),
        ("np.str_('1')", 2),
        ("None", 2),
        ("[1]", 2),
        ("1;", 2),
        *((value, 0) for value in ("1j", "np.complex64(1)", "np.clongdouble(1)", "np.ones(3)")),
        *((value, 0) for value in ("np.zeros(0)", "np.timedelta64(1)", "np.array([None])")),
        *((value, 0) for value in ("np.array([True])", "np.zeros(1, 'V8')[0]", "np.array('x')")),
    ],
)
def test_a_value_is_a_number_of_points_or_none(warm, value, points):
    prepare = (
        "import numpy as np\nfrom fractions import Fraction\nfrom decimal import Decimal\n"
        "class Mark:\n    def __repr__(self): return '1.25'\n"
    )
    for role in ("test", "inside"):
        (result,) = play(warm, (role, prepare + value))
        assert mark(result) == points


# a student's code finds the function that tells what came of a cell, and puts its own into it
FORGE = """
import gc, types

def maker():
    shell = tell = None

    def forged(source, count):
        shell, tell
        whole = {{"kind": "passed", "name": "", "message": "", "credit": 0.0, "ours": False}}
        return {told}

    return forged

for one in gc.get_objects():
    if type(one) is types.FunctionType and one.__qualname__ == "main.<locals>.run":
        one.__code__ = maker().__code__
        print("forged")
"""


@pytest.mark.parametrize(
    "told",
    [
        "(json.dumps([]), json.dumps([]), json.dumps(None))",
        "(json.dumps([]), json.dumps([]), json.dumps({'kind': 'passed'}))",
        "(json.dumps([]), json.dumps([]), json.dumps({**whole, 'kind': 'Passed'}))",
        "(json.dumps([]), json.dumps([]), json.dumps({**whole, 'credit': '9'}))",
        "(json.dumps([]), json.dumps([]), json.dumps([whole]))",
        "(json.dumps([]), json.dumps([]))",
        "(json.dumps([{'output_type': 'stream', 'name': 'out', 'text': ''}]), '[]', '{}')",
        "'[]'",
        "None",
        "1 / 0",
    ],
)
def test_what_a_student_s_process_forges_is_refused(warm, told):
    cell, inside, beyond = play(
        warm,
        ("student", FORGE.format(told=told)),
        ("inside", "assert False"),
        ("test", "assert False"),
    )
    assert cell["outputs"][0]["text"] == "forged\n"
    check_failed(inside)
    check_failed(beyond)
    assert inside["problem"][0] == "OutputRefused"


@pytest.mark.parametrize(
    "outputs",
    [
        "[{'output_type': 'display_data'}]",
        "[{'output_type': 'execute_result', 'metadata': {}}]",
        "[{'output_type': 'stream', 'name': 'out', 'text': ''}]",
        "[{'output_type': 'error', 'ename': 'E'}]",
        "[{'output_type': 'update_display_data', 'data': {}, 'metadata': {}}]",
        "[[]]",
        "{}",
        "None",
    ],
)
def test_outputs_that_are_none_leave_a_line_and_the_mark(warm, outputs):
    told = f"(json.dumps({outputs}), '[]', json.dumps(whole))"
    _, inside, own = play(
        warm,
        ("student", FORGE.format(told=told)),
        ("inside", "pass"),
        ("student", "1"),
    )
    assert mark(inside) == 2
    assert "cannot be shown" in own["outputs"][0]["text"]


def test_a_live_display_keeps_its_last_picture(warm):
    rounds = (
        "from IPython.display import clear_output, display, update_display\n"
        "for n in range(30):\n    clear_output(wait={wait})\n    print(n, 'x' * 90_000)\n"
    )
    for wait in (True, False):
        (result,) = play(warm, ("student", rounds.format(wait=wait)))
        (shown,) = result["outputs"]
        assert shown["text"].startswith("29 ")
    updates = (
        "from IPython.display import display, update_display\n"
        "display('first', display_id='live')\n"
        "for n in range(30): update_display(str(n) + 'x' * 90_000, display_id='live')\n"
    )
    (result,) = play(warm, ("student", updates))
    (shown,) = result["outputs"]
    assert shown["output_type"] == "display_data"
    assert shown["data"]["text/plain"].startswith("'29x")
    assert "display_id" not in shown


def test_an_update_reaches_an_earlier_cell(warm):
    first, second, third = play(
        warm,
        (
            "student",
            "from IPython.display import display, HTML\nh = display('old', display_id=True)",
        ),
        ("student", "h.update(HTML('<b>new</b>'))\nprint('said')"),
        ("student", "display(1, display_id='nowhere', update=True);"),
    )
    assert first["outputs"][0]["data"]["text/html"] == "<b>new</b>"
    assert [o["output_type"] for o in second["outputs"]] == ["stream"]
    assert third["outputs"] == []


def test_a_notebook_has_room_for_so_much_and_every_test_is_stated(warm):
    loud = "print('\\U0001f600' * 990_000)"
    many = [("student", loud)] * 20
    results = play(warm, *many, ("test", f"{loud}\nassert False"), ("test", "1"), ("test", "pass"))
    size = sum(size_of(output) for result in results for output in result["outputs"])
    assert size < NOTEBOOK + 50 * LARGEST
    assert "a notebook may leave" in results[19]["outputs"][-1]["text"]
    check_failed(results[-3])
    assert mark(results[-2]) == 1
    assert mark(results[-1]) == 2


def test_a_cell_has_room_for_so_many_outputs(warm):
    source = "from IPython.display import display\nfor n in range(5000): display(n); print(n)"
    (result,) = play(warm, ("student", source))
    assert len(result["outputs"]) == NUMBER + 1
    assert "output cut" in result["outputs"][-1]["text"]
    assert result["problem"] is None


def test_a_class_s_name_tells_the_grader_nothing(warm):
    names = ("KernelStopped", "CellTimeoutError", "OutputRefused", "NoPoints", "GraderFault")
    for name in names:
        answer = f"class {name}(Exception): pass\ndef f(): raise {name}('call 555')"
        results = play(warm, ("student", answer), ("test", "f()"), ("inside", "f()"))
        results += play(warm, ("student", f"{answer}\nf()"))
        assert [result["problem"] for result in results] == [None] * 4


def test_a_fault_of_the_grader_s_gives_no_points_and_is_told(warm):
    """A test that breaks what runs it: as if the shell itself failed."""
    broken = "get_ipython().written = lambda: 1 / 0"
    first, second = play(warm, ("test", broken), ("test", "pass"))
    for result in (first, second):
        check_failed(result)
        assert result["problem"][0] == "GraderFault"
        assert "the grader failed here" in result["problem"][1]
