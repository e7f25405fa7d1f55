"""A student's object answers for itself where the model answer gives one, and nowhere else."""

import ast

import pytest

from proctor.rpc.places import Model
from proctor.run.job import Assignment, Job
from proctor.run.names import answer
from proctor.run.places import model
from proctor.run.settings import Settings
from proctor.run.template import Template

VECTOR = (
    "class V:\n    def __init__(self, x): self.x, self.next = x, None\n"
    "    def __add__(self, other): return V(self.x + other.x)\n"
    "    def __sub__(self, other): return type(self)(0)\n"
    "    def __eq__(self, other): return self.x == other.x\n"
    "    def __abs__(self): return abs(self.x)\n"
    "    def norm(self): return abs(self)\n"
    "    def twice(self): return self + self\n"
    "    @classmethod\n    def zero(cls): return cls(0)\n"
    "    @property\n    def half(self): return V(self.x / 2)\n"
)


STEPS = "class Steps:\n    def __iter__(self): return iter([1])\n"


@pytest.mark.parametrize(
    ("code", "name", "gives"),
    [
        ("def f(): return V(1)", "f", ["V"]),
        ("def f():\n    v = V(1)\n    v += V(2)\n    return v", "f", ["V"]),
        ("def f(): return [V(i) for i in range(3)]", "f", ["V"]),
        ("def f(): return V(1) + V(2)", "f", ["V"]),
        ("def f(): return V(1).twice()", "f", ["V"]),
        ("def f(): return V.zero()", "f", ["V"]),
        ("def f(n):\n    if n: return g()\n    return None\ndef g(): return V(1)", "f", ["V"]),
        ("def f():\n    yield V(1)", "f", ["V"]),
        ("def f(): return V(1).norm()", "f", None),
        ("def f(): return V(1).x", "f", None),
        ("def f():\n    a = []\n    a.append(V(1))\n    return a", "f", ["V"]),
        ("def f():\n    d = {}\n    d['v'] = V(1)\n    return [x for x in d]", "f", ["V"]),
        ("def f():\n    for v in g(): pass\n    return v\ndef g(): return [V(1)]", "f", ["V"]),
        ("def f():\n    a = []\n    a.append(3)\n    return a", "f", None),
        ("def f(v): return v\nf(V(1))", "f", ["V"]),
        ("def f(n, v): return n\nf(3, V(1))", "f", None),
        ("def f(v): return v", "f", None),
        # what is no object stands beside one
        ("def f():\n    a = [0, 0]\n    a.append(V(1))\n    return a", "f", None),
        ("def f():\n    a = []\n    a.append(V(1))\n    a.append(3)\n    return a", "f", None),
        ("def f():\n    d = {}\n    d.setdefault(V(1), 0)\n    return d", "f", None),
        (f"{STEPS}def f():\n    s = 0\n    for x in Steps(): s += x\n    return s", "f", None),
        (f"{STEPS}def f():\n    for x in Steps(): return x", "f", None),
        ("def f():\n    a = [(V(1), 2)]\n    for v, n in a: return n", "f", None),
        ("def f():\n    a = [V(1)]\n    [n for n in a]\n    n = 3\n    return n", "f", None),
        ("def f(): return [n for v, n in [(V(1), 2)]]", "f", None),
        ("def f(): return 3", "f", None),
        ("def f(): return abs(V(1))", "f", None),
        ("def f():\n    def inner(): return V(1)\n    return 3", "f", None),
        (
            "from contextlib import contextmanager\n@contextmanager\ndef f(): yield",
            "f",
            ["contextmanager"],
        ),
    ],
)
def test_what_a_function_gives(code, name, gives):
    assert model([ast.parse(f"{VECTOR}\n{code}")])["gives"].get(name) == gives


def test_what_names_and_members_give():
    found = model([ast.parse(VECTOR), ast.parse("v = V(1)\nw, n = v + v, 3\nm = 4")])
    assert found["names"] == {"v": ["V"], "w": ["V"]}
    methods = found["classes"]["V"]["methods"]
    assert methods["__add__"] == methods["twice"] == methods["zero"] == methods["__sub__"] == ["V"]
    assert methods["norm"] == methods["__abs__"] == []
    assert found["classes"]["V"]["attributes"] == {"half": ["V"]}


BAG = (
    "class Bag:\n    def __init__(self, first=None):\n        self.all, self.n = [], 0\n"
    "        self.first = first\n"
    "    def put(self, what, n=1):\n        self.all.append(what)\n        self.n = n\n"
)


@pytest.mark.parametrize(
    ("test", "attributes"),
    [
        ("b = Bag()\nb.put(V(1), 2)", {"all": ["V"]}),
        ("Bag().put(n=2, what=V(1))", {"all": ["V"]}),
        ("v = V(2)\nBag(first=v)", {"first": ["V"]}),
        ("Bag().put(3, 4)", {}),
    ],
)
def test_what_tests_put_in_is_there(test, attributes):
    found = model([ast.parse(f"{VECTOR}\n{BAG}")], (), [ast.parse(test)])
    assert found["classes"]["Bag"]["attributes"] == attributes


def test_a_notebook_without_classes_gives_nothing():
    assert model([ast.parse("def f(): return 1\nx = f()")]) == {}


def test_places_follow_what_is_done():
    made = Model(**model([ast.parse(VECTOR)]))
    v = made.of("V").after("call", None)
    assert v.has("__add__")
    assert not v.has("__mul__")
    assert v.after("add", None) == v
    assert v.after("getattr", "twice").after("call", None) == v
    assert v.after("getattr", "half") == v
    assert v.after("getattr", "norm") is None
    assert v.after("getattr", "next").after("getattr", "next").within
    assert v.after("abs", None) is None
    assert made.of("f") is None


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(preload=("numpy",)))
    yield made
    made.close()


def play(warm, source, *cells):
    """The outcomes of tests where the model answer is ``source``: [(kind, message)]."""
    trees = [ast.parse(source)]
    cells = [
        {"role": role, "source": text, "points": 1.0}
        | ({"answer": answer(trees[0]).told()} if role == "student" else {})
        for role, text in cells
    ]
    job = Job(cells, 5, 60, {"model": model(trees), "released": ["Node"], "rebound": ["count"]})
    results = warm.play(job, Settings().policy()).results
    return [(r["outcome"]["kind"], r["outcome"]["message"]) for r in results if r["outcome"]]


LIAR = (
    "class V:\n    def __init__(self, *a): self.x = self\n"
    "    def __getattr__(self, name): return self\n"
    "    def __eq__(self, other): return True\n    __hash__ = None\n"
    "    def __bool__(self): return True\n    def __call__(self, *a): return self\n"
    "    def __float__(self): return 3.0\n    __index__ = __int__ = lambda self: 3\n"
    "for n in 'add sub mul lt le gt ge radd rsub rmul'.split():\n"
    "    setattr(V, f'__{n}__', lambda self, other: V())\n"
    "for n in 'abs neg round'.split():\n    setattr(V, f'__{n}__', lambda self, *a: 0)\n"
)
F = f"{VECTOR}\ndef f(n): return n\ndef mk(n): return V(n)\nv = V(3)\n"


@pytest.mark.few(10, spread=True)
@pytest.mark.parametrize(
    "test",
    [
        "assert f(3) == 3",
        "assert abs(f(3) - 3) < 1e-9",
        "assert f(3) - 3 < 1e-9",
        "assert not f(3) != 3",
        "assert 2 < f(3) < 4",
        "assert f(3) is True",  # a bare `assert f(3)` is won by `return 1`, too
        "assert float(f(3)) == 3",
        "assert int(f(3)) == 3 or round(f(3)) == 0",
        "import math\nassert math.isclose(f(3), 3)",
        "import numpy as np\nassert np.isclose(f(3), 3)",
        "import numpy as np\nnp.testing.assert_allclose(f(3), 3)",
        "assert [0, 0, 0, 3][f(3)] == 3",
        "assert sum([f(1), f(2)]) == 3",
        "assert f(3) in [3]",
        "assert 3 in [f(3)]",
        "assert max(f(3), 2) == 3",
        "assert sorted([f(3), 1])",
        "w = V(1)\nr = f(3)\nassert r == 3",
        "assert mk(1).x == 1",
        "assert abs(mk(1).x - 1) < 1e-9",
        "assert mk(1).norm() == 1",
        "assert abs(V(1)) == 1 and abs(abs(V(1)) - 1) < 1e-9",
        "assert isinstance(f(3), int)",
        "assert type(f(3)) == int",
        "assert type(f(3)) is float or isinstance(f(3), (int, float, complex))",
    ],
)
def test_a_liar_is_not_asked_where_the_model_gives_data(warm, test):
    answered = f"{LIAR}kept = V()\ndef f(n): return kept\ndef mk(n): return kept\nv = kept"
    ((kind, _),) = play(warm, F, ("student", answered), ("test", test))
    assert kind == "failed"
    ((kind, _),) = play(warm, F, ("student", F), ("test", "assert abs(f(3) - 3) < 1e-9"))
    assert kind == "passed"


def test_an_object_that_came_from_nowhere_in_particular_stays_so(warm):
    answered = f"{LIAR}kept = V()\ndef f(n): return kept\ndef mk(n): return kept"
    test = "r = f(3)\nw = mk(3)\nassert w is r\nassert r == 3"
    ((kind, _),) = play(warm, F, ("student", answered), ("test", test))
    assert kind == "failed"


def test_what_a_manager_swallows_is_no_assertion(warm):
    source = "class M:\n    def __enter__(self): return 1\n    def __exit__(self, *e): return False"
    swallows = source.replace("False", "True")
    tests = ("with M() as m:\n    assert m == 2", "with M() as m:\n    1 / 0")
    played = play(warm, source, ("student", swallows), *(("test", one) for one in tests))
    assert [kind for kind, _ in played] == ["failed", "passed"]


def test_a_refusal_names_the_tag(warm):
    ((kind, said),) = play(
        warm, "def f(): return 1", ("student", "class f: pass"), ("test", "f() + 1")
    )
    assert kind == "failed"
    assert "in-student-kernel" in said


NODE = (
    "class Node:\n    def __init__(self, v): self.v, self.next = v, None\n"
    "    def __eq__(self, o): return self.v == o.v"
)


@pytest.mark.parametrize(
    ("answered", "test", "kind"),
    [
        ("def f(n): n.v += 1", "n = Node(1)\nf(n)\nassert n.v == 2", "passed"),
        ("def f(n): return n", "n = Node(1)\nassert f(n) is n", "passed"),
        ("def f(n): return n.next.v", "n = Node(1)\nn.next = Node(5)\nassert f(n) == 5", "passed"),
        ("def f(n): n.next = n", "n = Node(1)\nf(n)\nassert n.next is n", "passed"),
        ("def f(n): n.v = lambda: 1", "n = Node(1)\nf(n)\nassert n.v == 1", "failed"),
        ("def f(n): n.__dict__ = {}", "n = Node(1)\nf(n)\nassert not hasattr(n, 'v')", "passed"),
        (
            "Node.__eq__ = lambda s, o: True\ndef f(n): return n",
            "assert f(Node(1)) == Node(2)",
            "failed",
        ),
        ("Node = print\ndef f(n): return 1", "assert f(Node(1)) == 1", "passed"),
        ("Node = 5\ndef f(n): return n.v", "assert f(Node(1)) == 1", "passed"),
        ("class Node:\n    __slots__ = ()\ndef f(n): return 1", "assert f(Node(1)) == 1", "passed"),
    ],
)
def test_objects_of_the_course_s_class_cross_as_data(warm, answered, test, kind):
    played = play(
        warm, "def f(n): return n", ("locked", NODE), ("student", answered), ("test", test)
    )
    assert [one for one, _ in played] == [kind]


def test_what_a_call_binds_anew_is_seen(warm):
    source = "count = 0\ndef step():\n    global count\n    count += 1"
    test = "assert count == 0\nstep()\nassert count == 1\nstep()\nassert count == 2"
    assert play(warm, source, ("student", source), ("test", test)) == [("passed", "")]


def test_names_in_texts_are_asked_for_only_if_the_student_has_them(warm):
    listens = (
        "heard = []\nclass Names(dict):\n    pass\n"
        "import sys\nserver = sys.modules['proctor.rpc.server']\n"
        "usual = server.Student._OPS['fetch']\n"
        "server.Student._OPS['fetch'] = lambda self, name: heard.append(name) or usual(self, "
        "name)\n"
        ""
        "k = 1"
    )
    test = "assert 'k' in globals() and 'canary_of_a_test' not in globals()"
    played = play(
        warm,
        "k = 1",
        ("student", listens),
        ("test", test),
        ("test", "assert 'k' in heard\nassert not [n for n in heard if 'canary' in n]"),
    )
    assert [kind for kind, _ in played] == ["passed", "passed"]


def test_what_cannot_be_told_of_a_change_ends_no_process(warm):
    """Each of several objects that were changed is an error of its own; the call has one answer."""
    answered = (
        "def fill(nodes):\n    for n in nodes:\n        n.v = [n.v]\n        n.v.append(n.v)\n"
        "    raise ValueError(5)"
    )
    test = (
        "nodes = [Node(n) for n in range(6)]\ntry:\n    fill(nodes)\n"
        "except ValueError as error:\n    assert 'contains itself' in str(error) or not error.args"
    )
    played = play(
        warm,
        "def fill(nodes): pass",
        ("locked", NODE),
        ("student", answered),
        ("test", test),
        ("test", "assert fill([]) == 1"),
    )
    assert played[0][0] == "passed", played
    assert played[1] == ("failed", "5")


def test_an_object_that_holds_what_crosses_one_way_can_be_used(warm):
    answered = "def two(d):\n    return d.v.random() + d.v.random()"
    test = (
        "import random\nd = Node(random.Random(3))\nwant = random.Random(3)\n"
        "assert two(d) == want.random() + want.random()\nassert two(d) > 0"
    )
    played = play(warm, answered, ("locked", NODE), ("student", answered), ("test", test))
    assert played == [("passed", None)] or played == [("passed", "")]
