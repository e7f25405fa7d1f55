"""Whose a name is: the source's model answer says it, and nothing that a student writes."""

import ast

import pytest

from proctor.run.job import Assignment, Job
from proctor.run.names import Shared, answer, hidden, shared
from proctor.run.settings import Settings
from proctor.run.template import Template

CANARY = "canary-of-a-hidden-line"


@pytest.mark.parametrize(
    ("source", "binds", "changes"),
    [
        ("x = 1", "x", ""),
        ("x: int = 1", "x", ""),
        ("x += 1", "x", ""),
        ("(x := 1)", "x", ""),
        ("a, *b = y", "a b", ""),
        ("for i in y: pass", "i", ""),
        ("with open(y) as f: pass", "f", ""),
        ("try: pass\nexcept E as e: pass", "e", ""),
        ("match y:\n    case [a, *_] as b: pass", "a b", ""),
        ("del x", "x", ""),
        ("def f(a): b = 1", "f", ""),
        ("class C:\n    a = 1\n    def m(self): self.a = 2", "C", ""),
        ("import os.path, json as j", "", ""),
        ("d['a'] = 1", "", "d"),
        ("d['a']['b'].c = 1", "", "d"),
        ("d.x += 1", "", "d"),
        ("del d['a']", "", "d"),
        ("d.append(1)", "", "d"),
        ("y = d.pop()", "y", "d"),
        ("frame.drop('x', inplace=True)", "", "frame"),
        ("frame.drop('x')", "", ""),
        ("d.get('x'); 'a'.upper(); print(d)", "", ""),
        ("def f():\n    global n\n    n = 1", "f n", ""),
        ("def f():\n    d[0] = 1\n    e = []\n    e.append(1)", "f", "d"),
        ("def f(d): d[0] = 1", "f", ""),
        ("f = lambda d: d.append(1)", "f", ""),
        ("f = lambda: d.append(1)", "f", "d"),
        ("[d.append(i) for i in y]", "", "d"),
        ("x = [x for x in y]", "x", ""),
        ("f(d)[0] = 1", "", ""),
    ],
)
def test_a_model_answer_binds_and_changes(source, binds, changes):
    found = answer(ast.parse(source))
    assert (found.binds, found.changes) == (set(binds.split()), set(changes.split()))


def test_a_model_answer_imports():
    found = answer(ast.parse("import os.path, json as j\nfrom math import pi as p, e\nx = j"))
    assert dict(found.imports) == {
        "os": "import os.path",
        "j": "import json as j",
        "p": "from math import pi as p",
        "e": "from math import e",
    }
    assert found.binds == {"x"}


@pytest.mark.parametrize(
    ("released", "expected"),
    [
        ("x = 1", Shared("", ("x",))),
        ("import math\ndef f(): pass", Shared("import math\ndef f():\n    pass", ())),
        ("x = secret", Shared()),
        ("x = secret\ny = x\nz = 1", Shared("", ("z",))),
        ("x = 1\nx = secret", Shared()),
        ("def f(): return secret", Shared()),
        ("for k in y: total += k", Shared("", ("k", "total"))),
    ],
)
def test_released_lines_are_shared(released, expected):
    assert shared(ast.parse(released), {"secret"}) == expected


def test_what_only_the_grader_can_import_is_not_shared():
    released = ast.parse("x = oracle.nine()\ny = f(x)\nz = 1")
    assert shared(released, {"oracle"}) == Shared("", ("z",))


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("def f(v):\n    expected = v\n    return expected + M", ["M"]),
        ("expected = [n for n in data]\nprint(expected)", ["data", "print"]),
        ("class P:\n    size = unit\n    def area(self): return size * self.size", ["unit"]),
        ("def f(expected): return lambda got: expected == got", []),
    ],
)
def test_what_a_model_answer_takes_is_no_local_name(model, takes):
    assert answer(ast.parse(model)).told()["takes"] == takes


def test_hidden_lines_are_followed_where_they_bind_and_hold_no_secret():
    cell = "A = 1\nA, b = 2, 3\nkey = oracle.key()\nC = [key]\ndel d"
    assert hidden(ast.parse(cell), 1, {"oracle"}) == {"A", "b", "d"}


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(preload=("numpy",)))
    yield made
    made.close()


def play(warm, *cells):
    """The outcomes of the tests among cells: (role, source, what the source says of names)."""
    cells = [{"role": r, "source": s, "points": 1.0, **more} for r, s, more in cells]
    results = warm.play(Job(cells, 5, 60), Settings().policy()).results
    kinds = [r["outcome"]["kind"] for r in results if r["outcome"]]
    return kinds, "".join(o.get("text", "") for r in results for o in r["outputs"])


LECTURE = (
    "import numpy as np\nLIMIT = 3\nages = {}\n"
    "def check(got, expected):\n    assert got == expected\n"
)
MODEL = {"answer": answer(ast.parse("def f(n): return n + 1\nages['ada'] = 36")).told()}
TESTS = (
    ("test", "check(f(1), 2)", {}),
    ("test", "assert np.isclose(f(1), 2)", {}),
    ("test", "assert f(1) < LIMIT", {}),
    ("test", "import math\nassert math.floor(f(1.5)) == 2", {}),
)


@pytest.mark.few(8, spread=True)
@pytest.mark.parametrize(
    "attempt",
    [
        "check = lambda *_: None",
        "def check(got, expected): pass",
        "class np:\n    isclose = staticmethod(lambda *_: True)",
        "import types; np = types.SimpleNamespace(isclose=lambda *_: True)",
        "LIMIT = float('inf')",
        "globals().update(check=print, LIMIT=9e9, np=None)",
        "ages['ada'] = 36; check = print; np = LIMIT = ages",
        "import math; math.floor = lambda _: 2",
        "del check, np, LIMIT",
        "from math import *; check = LIMIT = np = floor",
        "import builtins; builtins.isclose = builtins.check = lambda *_: True",
        "for check in [print]: pass\nfor np in [ages]: pass\nfor LIMIT in [9e9]: pass",
        "get_ipython().user_ns.update(check=print)",
        "import sys; sys.modules['math'] = sys.modules['numpy'] = sys",
        "__proctor__ = (print,) * 5",
        "import gc, types\ndef maker():\n    names = None\n"
        "    def bind(name, value): names\n    return bind\n"
        "for one in gc.get_objects():\n"
        "    if type(one) is types.FunctionType and one.__qualname__ == 'main.<locals>.bind':\n"
        "        one.__code__ = maker().__code__",
    ],
)
def test_what_the_model_answer_does_not_bind_stays_the_course_s(warm, attempt):
    answered = f"def f(n):\n    return 'anything'\n{attempt}"
    kinds, _ = play(warm, ("locked", LECTURE, {}), ("student", answered, MODEL), *TESTS)
    assert set(kinds) == {"failed"}


def test_an_added_cell_takes_nothing_over(warm):
    added = ("student", "check = print\nages = {'ada': 36}\nLIMIT = 9e9", {})
    wrong = ("student", "def f(n): return 0", MODEL)
    kinds, _ = play(warm, ("locked", LECTURE, {}), added, wrong, added, *TESTS[:1])
    assert kinds == ["failed"]


LOOK = (
    "import gc\nmark = ''.join(['can', 'ary-of'])\n"
    "found = [n for n, v in list(globals().items()) if n != 'mark' and mark in repr(v)]\n"
    "found += [s for s in gc.get_objects() if isinstance(s, (dict, list, tuple)) and "
    "any(mark in v for v in s if isinstance(v, str))]\nprint('FOUND', len(found))"
)


@pytest.mark.parametrize(
    ("released", "hidden"),
    [
        ("data = [1]", "data.append(CANARY)"),
        ("data = [1]", "data = [CANARY]"),
        ("data = {}", "data['x'] = CANARY"),
        ("data = [1]\nmore = data", "data[0] = CANARY"),
        ("def g(): return key", "key = CANARY"),
        ("rows = [[0]]", "rows[0][0] = CANARY"),
        ("rows = [[0]]", "first = rows[0]\nfirst.append(CANARY)"),
        ("rows = [[0]]", "for row in rows: row.append(CANARY)"),
        ("box = [0]", "def fill(b): b[0] = CANARY\nfill(box)"),
        ("box = [0]", "import operator\noperator.setitem(box, 0, CANARY)"),
        ("box = {1: 0}\nother = 5", "vars().update(other=CANARY)"),
        ("other = 5", "globals()['other'] = CANARY"),
        ("other = 5", "exec('other = ' + repr(CANARY))"),
        ("import numpy as np\ngrid = np.zeros(2, 'U30')", "grid[0] = CANARY\nsee(grid)"),
    ],
)
def test_nothing_of_a_hidden_line_is_sent(warm, released, hidden):
    told = shared(ast.parse(released)).told() | {"mark": "### BEGIN"}
    hidden = hidden.replace("CANARY", repr(CANARY)).replace("see(grid)", "f(1);")
    test = ("test", f"{released}\n### BEGIN\n{hidden}\n### END", {"shared": told})
    kinds, printed = play(warm, ("student", "def f(n): return n", {}), test, ("student", LOOK, {}))
    assert kinds == ["passed"]
    assert "FOUND 0" in printed
    names = [name for name in told["values"] if name not in ("np", "more")]
    _, printed = play(warm, test, ("student", f"print({', '.join(names) or 0})", {}))
    assert "Error" not in printed


def test_a_new_process_knows_what_tests_have_shared(warm):
    told = {"shared": {"code": "import math", "values": ["data"], "mark": "### BEGIN"}}
    kinds, _ = play(
        warm,
        ("test", "import math\ndata = [1, 2]", told),
        ("student", "import os\ndef die(): os._exit(1)\ndef f(): return math.floor(data[1])", {}),
        ("test", "die()", {}),
        ("test", "assert f() == 2", {}),
    )
    assert kinds == ["passed", "not reached", "passed"]


def test_what_cannot_cross_is_not_shared(warm):
    values = ["data", "f", "thing", "missing"]
    told = {"shared": {"code": "", "values": values, "mark": "### BEGIN"}}
    kinds, printed = play(
        warm,
        ("test", "data = 1\nf = lambda: 2\nthing = object()", told),
        ("student", "print([n for n in ('data', 'f', 'thing', 'missing') if n in globals()])", {}),
    )
    assert kinds == ["passed"]
    assert "['data']" in printed


def test_values_of_a_library_that_only_an_answer_imports_cross(warm):
    """No cell of the course's imports it, so it is not there before the jail closes."""
    source = "import pandas as pd\ntable = pd.DataFrame({'a': [1, 2], 'b': ['x', None]})"
    kinds, _ = play(
        warm,
        ("student", source, {"answer": answer(ast.parse(source)).told()}),
        ("test", "assert pd\nassert all(table.columns == ['a', 'b'])", {}),
        ("test", "assert type(table) is pd.DataFrame and table.a.sum() == 3", {}),
    )
    assert kinds == ["passed", "passed"]
