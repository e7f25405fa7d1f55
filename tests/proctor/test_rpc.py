"""A test on one side, a student's functions on the other."""

import collections
import concurrent.futures
import contextlib
import copy
import datetime
import decimal
import gc
import inspect
import json
import linecache
import pickle
import random
import re
import socket
import threading
import time
import traceback
import types

import numpy as np
import pytest

from proctor.rpc import (
    FunctionProxy,
    Limits,
    NameMissing,
    Proxy,
    Student,
    Wall,
    WallError,
    WallTimeout,
    asked_type,
    proxies,
)
from proctor.rpc.code import made_code
from proctor.rpc.codec import Channel, Codec
from proctor.rpc.values import Values
from tests.commands import FORKS
from tests.proctor.otherside import be_a_student

CELL = """
import numpy as np
calls = []
constant = {"rate": 0.5, "weights": np.arange(3.0)}

def add(x, y=2, *, z=0):
    "Adds."
    return x + y + z

def same(x):
    return x

def kinds(*values):
    return tuple(type(v).__name__ for v in values)

def fill(x, value):
    x[...] = value

def grow(items, more):
    items.append(more)
    return items

def lookup(table, key):
    return table[key]

def each(f, values):
    return [f(v) for v in values]

def backwards(f, stack):
    return [f(stack.pop()) for _ in range(len(stack))]


def guarded(f):
    try:
        f()
    except ValueError as error:
        return type(error).__name__, str(error), error.__traceback__.tb_next is not None
    return "nothing"

def numerical(f, x, h=1e-6):
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        keep = x[i]
        x[i] = keep + h
        plus = f(x)
        x[i] = keep - h
        g[i] = (plus - f(x)) / (2 * h)
        x[i] = keep
    return g

def evens(n):
    for i in range(n):
        yield 2 * i

class Layer:
    "A layer."
    def __init__(self, size):
        self.W = np.ones(size)
        self.history = []
    def forward(self, x):
        self.x = x
        return self.W * x
    def loss(self):
        return float(self.W.sum())
    def step(self):
        self.W -= 0.5
        self.history.append(self.loss())
    def __len__(self):
        return len(self.W)
    def __getitem__(self, i):
        return self.W[i]
    def __eq__(self, other):
        return True
    __hash__ = None

class Strange(ValueError):
    pass

def fail(kind, *args):
    raise kind(*args)

def fail_strangely():
    def inner():
        raise Strange("so\\x1b[31m strange")
    inner()

def leave():
    raise SystemExit(3)

def interrupt():
    raise KeyboardInterrupt

def recurse(n):
    return recurse(n + 1)

def exhaust():
    raise MemoryError

def decode():
    return b"\\xff".decode()

def hang():
    import time
    time.sleep(60)

def die():
    import os
    os._exit(1)

def mess():
    import builtins, sys
    builtins.len = builtins.isinstance = builtins.getattr = None
    np.array = np.zeros = np.ndarray = None
    sys.stdout = None

def composed(functions, x):
    for f in functions:
        x = f(x)
    return x

def keep(f):
    calls.append(f)

def call_kept():
    return calls[0](1)

def look(f):
    return f.__name__, f.__qualname__, f.__doc__, f.__code__.co_filename.endswith("rpc/server.py")

def in_threads(f, values):
    from multiprocessing.dummy import Pool
    with Pool(8) as pool:
        return pool.map(f, values)

def unwaited(f):
    import threading
    threads.append(threading.Thread(target=lambda: [late(f) for _ in range(50)]))
    threads[-1].start()
    return 7

threads, caught = [], []

def late(f):
    try:
        f(1)
    except RuntimeError as error:
        caught.append(str(error))

def no_more_threads():
    for thread in threads:
        thread.join()
    return caught

def in_a_child_of_two(f):
    import threading, time
    other = threading.Thread(target=lambda: f(0))
    other.start()
    time.sleep(0.2)
    said = in_a_child(f)
    other.join()
    return said

def in_a_child(f):
    import os, signal
    reading, writing = os.pipe()
    if os.fork() == 0:
        signal.alarm(5)
        late(f)
        os.write(writing, caught[0].encode())
        os._exit(0)
    os.close(writing)
    os.wait()
    return os.read(reading, 1000).decode()

def cyclic():
    items = []
    items.append(items)
    return items

def big():
    return np.zeros(10**7)
"""


def in_a_thread(source, limits):
    """A wall to a namespace in this process, and how to end it."""
    namespace = {}
    linecache.cache["cell"] = len(source), None, source.splitlines(True), "cell"
    exec(compile(source, "cell", "exec"), namespace)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=Student(theirs, namespace, limits).serve)
    thread.start()

    def end():
        thread.join(10)
        assert not thread.is_alive()
        theirs.close()

    return ours, end


def in_a_process(source):
    """A wall to a namespace in a process of its own, and how to end it."""
    ours, theirs = socket.socketpair()
    process = FORKS.Process(target=be_a_student, args=(theirs, source))
    process.start()
    theirs.close()

    def end():
        process.kill()
        process.join()

    return ours, end


@pytest.fixture(params=["thread", "process"])
def wall(request):
    if request.param == "thread":
        ours, end = in_a_thread(CELL, Limits())
    else:
        ours, end = in_a_process(CELL)
    wall = Wall(ours, timeout=20)
    yield wall
    wall.close()
    end()


@pytest.fixture
def process_wall():
    ours, end = in_a_process(CELL)
    wall = Wall(ours, timeout=20)
    yield wall
    wall.close()
    end()


# -- names, functions, data


def test_names_are_fetched(wall):
    constant = wall.fetch("constant")
    assert constant["rate"] == 0.5
    assert wall.fetch("constant") is constant
    assert issubclass(type(wall.fetch("add")), FunctionProxy)
    with pytest.raises(NameMissing, match="'nope'"):
        wall.fetch("nope")


def test_a_function_looks_like_one(wall):
    add = wall.fetch("add")
    assert not isinstance(add, collections.abc.Iterable | collections.abc.Sized)
    for use in (iter, len, list, lambda f: f[0], lambda f: 1 in f):
        with pytest.raises(TypeError):
            use(add)
    assert callable(add)
    assert add.__name__ == "add"
    assert add.__doc__ == "Adds."
    assert str(inspect.signature(add)) == "(x, y=2, *, z=0)"
    assert repr(add) == "add, a function in the student's kernel"
    assert add.__described__() == "add, a function"
    assert wall.fetch("add") is add


PROTOCOLS = """
class Bag:
    def __init__(self): self.items = [1, 2]
    def __iter__(self): return iter(self.items)

class Sack(Bag):
    __iter__ = None
    def __len__(self): return len(self.items)

class Row:
    def __getitem__(self, n): return [4, 5][n]

class Door:
    def __enter__(self): return 1
    def __exit__(self, *_): pass

class Kind:
    def __class_getitem__(cls, item): return item
"""


@pytest.fixture
def protocols():
    ours, end = in_a_thread(PROTOCOLS, Limits())
    with Wall(ours, timeout=20) as wall:
        yield wall
    end()


def test_an_object_has_what_its_class_has(protocols):
    wall, abc = protocols, collections.abc
    bag, sack, row, door = (wall.fetch(name)() for name in ("Bag", "Sack", "Row", "Door"))
    kinds = abc.Iterable, abc.Sized, abc.Container, abc.Reversible
    kinds += (contextlib.AbstractContextManager,)
    told = [[isinstance(thing, kind) for kind in kinds] for thing in (bag, sack, row, door)]
    assert told == [
        [True, False, False, False, False],
        [False, True, False, False, False],
        [False] * 5,
        [False, False, False, False, True],
    ]
    assert (list(bag), 2 in bag, len(sack)) == ([1, 2], True, 2)
    assert (list(row), 5 in row, row[1]) == ([4, 5], True, 5)  # by its items, as Python does
    assert wall.fetch("Kind")[3] == 3
    for use, says in [
        (lambda: len(bag), "object of type 'Bag' has no len()"),
        (lambda: iter(sack), "'Sack' object is not iterable"),
        (lambda: 1 in door, "argument of type 'Door' is not"),
        (lambda: bag[0], "'Bag' object is not subscriptable"),
        (lambda: row.__setitem__(0, 1), "__setitem__"),
    ]:
        with pytest.raises((TypeError, AttributeError), match=re.escape(says)):
            use()
    assert [hasattr(thing, "__len__") for thing in (bag, sack)] == [False, True]


def test_what_is_set_within_an_attribute_is_set(wall):
    layer = wall.fetch("Layer")(2)
    layer.W[0] = 5
    layer.W[1] -= 1
    assert layer.loss() == 5
    layer.W.fill(2)
    assert layer.W[0] == 2
    layer.history.append([1])
    layer.history[0].append(2)
    assert layer.history == [[1, 2]]
    layers = [wall.fetch("Layer")(3) for _ in range(12)]
    for one in layers:
        one.W[:] = 4
        one.history.append("x")
    assert [one.loss() for one in layers] == [12] * 12
    assert [one.history for one in layers] == [["x"]] * 12


def test_calls(wall):
    add = wall.fetch("add")
    assert add(1) == 3
    assert add(1, z=0.5) == 3.5
    assert add(x="a", y="b", z="c") == "abc"
    assert add(np.float32(1), np.arange(2), z=1j).dtype == np.complex128
    kinds = wall.fetch("kinds")
    sent = (1, 1.5, True, None, "a", b"a", (1,), [1], {1}, np.int8(1), np.ones(1), np.dtype("f4"))
    assert kinds(*sent) == tuple(type(v).__name__ for v in sent)
    assert kinds(int, add, lambda: 1, kinds) == ("type", *["function"] * 3)
    assert kinds(len, np.sin, np.mean) == (type(len).__name__, "ufunc", type(np.mean).__name__)


def test_arguments_are_changed_in_place(wall):
    x = np.zeros((4, 4), ">f4", order="F")
    wall.fetch("fill")(x[1:3, ::2], 7)
    assert x.sum() == 28
    items = [1]
    assert wall.fetch("grow")(items, x) is items
    assert items[1] is x


def test_a_read_only_argument_stays_as_it_is(wall):
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        wall.fetch("fill")(x, 7)
    assert x.tolist() == [0, 0, 0]


def test_a_view_comes_back_as_a_view(wall):
    x = np.arange(6.0)
    y = wall.fetch("lookup")(x, slice(1, 4))
    assert np.shares_memory(x, y)
    assert wall.fetch("same")(x) is x


# -- handles


def test_objects_stay_behind(wall):
    layer = wall.fetch("Layer")(3)
    assert issubclass(type(layer), Proxy)
    assert repr(layer) == "a Layer in the student's kernel"
    assert layer.__described__() == "a Layer"
    assert layer.forward(np.arange(3.0)).tolist() == [0, 1, 2]
    assert len(layer) == 3
    assert layer[1] == 1
    assert wall.fetch("same")(layer) is layer
    assert wall.fetch("kinds")(layer) == ("Layer",)
    with pytest.raises(AttributeError, match="nothing"):
        getattr(layer, "nothing")  # noqa: B009
    layer.W = np.full(2, 4.0)
    assert layer.loss() == 8


def test_what_an_object_holds_is_seen_changing(wall):
    layer = wall.fetch("Layer")(2)
    W, history = layer.W, layer.history
    layer.step()
    assert W.tolist() == [0.5, 0.5]
    assert history == [1.0]
    assert layer.W is W
    W[0] += 10  # as in a numerical derivative
    assert layer.loss() == 11
    x = np.ones(2)
    layer.forward(x)
    assert layer.x is x


def test_a_handle_equals_nothing_but_itself(wall):
    layer, other = wall.fetch("Layer")(2), wall.fetch("Layer")(2)
    assert layer == layer
    assert layer != other
    for value in (1, True, None, "a", [1.0, 1.0], np.ones(2), object()):
        assert not np.any(layer == value)
        assert not np.any(value == layer)
    assert layer in {layer}


def test_a_handle_is_no_data(wall):
    layer = wall.fetch("Layer")(2)
    for use in [
        float, int, complex, np.asarray, np.sum, pickle.dumps,
        lambda h: h < 1, lambda h: h + 1, lambda h: 1 - h, lambda h: np.ones(2) * h, lambda h: -h,
        lambda h: np.allclose(h, 1), lambda h: np.array_equal(h, [1, 1]), lambda h: [1][h],
        lambda h: np.testing.assert_allclose(h, [1, 1]), lambda h: isinstance(1, h),
    ]:  # fmt: skip
        try:
            assert use(layer) is False  # array_equal says no
        except TypeError:
            continue


def test_a_handle_is_true_or_false_and_can_be_copied_where_it_is(wall):
    kind = wall.fetch("Layer")
    layer = kind(2)
    assert layer
    assert not kind(0)  # its length says so
    layer.W = np.array([1.0, 5.0])
    for copied in (copy.copy(layer), copy.deepcopy(layer), copy.deepcopy([layer])[0]):
        assert issubclass(type(copied), Proxy)
        assert copied is not layer
        assert copied.loss() == 6
    copy.copy(layer).step()
    assert layer.loss() == 5  # a shallow copy has the same array
    copy.deepcopy(layer).step()
    assert layer.loss() == 5


def test_python_names_are_not_carried(wall):
    layer, add = wall.fetch("Layer")(1), wall.fetch("add")
    for name in ("__dict__x", "__globals__", "__closure__", "__array_interface__", "_repr_html_"):
        for thing in (layer, add):
            with pytest.raises(AttributeError, match="not carried"):
                getattr(thing, name)
        with pytest.raises(AttributeError):
            setattr(layer, name, 1)
    assert not hasattr(add, "__wrapped__")


def test_generators_are_iterated(wall):
    assert list(wall.fetch("evens")(4)) == [0, 2, 4, 6]
    steps = wall.fetch("evens")(10**9)
    assert [next(steps), next(steps)] == [0, 2]
    assert [value for value, _ in zip(wall.fetch("Layer")(3), range(9), strict=False)] == [1] * 3


def test_an_endless_generator_ends(tmp_path):
    ours, end = in_a_thread(CELL, Limits())
    with Wall(ours, limits=Limits(items=50)) as wall:
        steps = wall.fetch("evens")(10**9)
        with pytest.raises(RuntimeError, match="after 50 steps"):
            list(steps)
    end()


def test_handles_let_go(wall):
    keep = wall.fetch("Layer")
    for _ in range(300):
        keep(3).forward(np.ones(3))
    gc.collect()
    wall.fetch("add")(1)
    assert len(wall._codec) < 20


def test_a_helper_of_the_students_side(tmp_path):
    helper = "def twice(f, x):\n    return f(f(x)), f.__code__.co_name\n"
    (tmp_path / "helper_beside.py").write_text(helper)
    ours, end = in_a_process(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + CELL)
    with Wall(ours) as wall:
        add = wall.fetch("add")
        assert add.__remote__("helper_beside:twice")(add, 1) == (5, "add")
        with pytest.raises(ModuleNotFoundError):
            add.__remote__("no_such_module:f")
    end()


def test_an_answer_tells_whether_there_is_more_to_hear():
    said, heard = [()], []
    ours, theirs = socket.socketpair()

    def raises():
        raise ValueError

    names = {"f": lambda g: g(), "g": lambda: said[0], "raises": raises, "empty": iter(())}
    student = Student(theirs, names, news=lambda: said[0][0])
    thread = threading.Thread(target=student.serve)
    thread.start()
    with Wall(ours, timeout=20) as wall:
        for more in ((False,), (True,), (False,), ()):  # the last one raises
            said[0] = more
            for ask in (
                lambda: wall.fetch("g")(),
                lambda: wall.fetch("raises")(),
                lambda: list(wall.fetch("empty")),
                lambda: wall.fetch("f")(lambda: 1),
            ):
                wall.news = False
                with contextlib.suppress(ValueError):
                    ask()
                heard.append(wall.news)
    thread.join()
    assert heard == [False] * 4 + [True] * 4 + [False] * 4 + [True] * 4


def test_copies_are_asked_for_and_given(wall):
    x, fill, grow = np.zeros(2), wall.fetch("fill"), wall.fetch("grow")
    fill.__copies__(x, 1)
    assert x.tolist() == [0, 0]
    items = [x]
    assert len(grow.__copies__(items, (x, x))) == 2
    assert items == [x]
    assert wall.fetch("each").__copies__(wall.fetch("add"), [1, 2]) == [3, 4]
    held = len(wall._codec)
    big = wall.fetch("same").__copies__(np.zeros(1000))
    assert big.size == 1000
    assert len(wall._codec) <= held + 1
    with pytest.raises(ZeroDivisionError):
        wall.fetch("fail").__copies__(ZeroDivisionError)
    with pytest.raises(TypeError, match="no copy of a function"):
        wall.fetch("same").__copies__(lambda: 0)
    with pytest.raises(TypeError, match="no copy of a Layer"):
        wall.fetch("Layer").__copies__(2)
    assert fill.__copies__(x, 2) is None


# -- functions of the test


def test_functions_are_called_back(wall):
    seen = []
    assert wall.fetch("each")(lambda v: seen.append(v) or v * 2, [1, 2]) == [2, 4]
    assert seen == [1, 2]
    f = lambda x: float((x**2).sum())  # noqa: E731
    x = np.arange(4.0).reshape(2, 2)
    np.testing.assert_allclose(wall.fetch("numerical")(f, x), 2 * x, atol=1e-6)
    assert x.tolist() == [[0, 1], [2, 3]]


def test_functions_are_called_back_within_calls_back(wall):
    each, add = wall.fetch("each"), wall.fetch("add")
    assert each(lambda v: each(lambda w: add(v, w), [1, 2]), [10, 20]) == [[11, 12], [21, 22]]


def test_what_a_function_of_the_test_has_made_is_passed_on(wall):
    made = wall.fetch("each")(lambda n: np.arange(n), [2, 3])
    assert [x.tolist() for x in made] == [[0, 1], [0, 1, 2]]
    halve, root, wave = (lambda x: x / 2), np.sqrt, (lambda x: np.sin(x) + x)
    x = np.array([8.0, 18.0])
    y = wall.fetch("composed")([halve, root, wave], x)
    np.testing.assert_array_equal(y, wave(root(halve(x))))


def test_a_function_that_changes_what_it_is_given(wall):
    x = np.zeros(2)

    def change(value):
        value[0] += 1
        return value

    (y,) = wall.fetch("each")(change, [x])
    assert y is x
    assert x.tolist() == [1, 0]
    layer = wall.fetch("Layer")(2)
    wall.fetch("each")(lambda h: h.step(), [layer])
    assert layer.loss() == 1


def test_functions_in_containers_and_back(wall):
    f = lambda: 5  # noqa: E731
    assert wall.fetch("same")({"f": [f]})["f"][0] is f
    assert wall.fetch("lookup")({"f": f}, "f") is f


def test_an_error_of_the_tests_function_comes_back_itself(wall):
    class Failed(AssertionError):
        pass

    error = Failed("not so")

    def check(value):
        raise error

    with pytest.raises(Failed) as caught:
        wall.fetch("each")(check, [1])
    assert caught.value is error


def test_the_student_can_catch_an_error_of_the_tests_function(wall):
    def check():
        raise UnicodeError("only this")

    assert wall.fetch("guarded")(check) == ("UnicodeError", "only this", True)
    with pytest.raises(KeyError):
        wall.fetch("guarded")(lambda: {}[1])


def test_calls_back_nest_to_a_limit(wall):
    each = wall.fetch("each")

    def deeper(n):
        return each(deeper, [n + 1])

    with pytest.raises(RecursionError, match="nest deeper"):
        each(deeper, [0])
    assert wall.fetch("add")(1) == 3


def test_a_function_that_was_kept_is_called_in_a_later_call(wall):
    wall.fetch("keep")(lambda v: v + 1)
    gc.collect()
    assert wall.fetch("call_kept")() == 2


def test_what_is_popped_from_a_list_of_the_test_is_handed_back(wall):
    stack = [np.array([1.0]), (np.array([2.0]), None), np.array([3.0])]
    taken = wall.fetch("backwards")(lambda v: v, stack)
    assert stack == []
    assert [v[0] for v in (taken[0], taken[1][0], taken[2])] == [3, 2, 1]


def test_threads_call_a_function_of_the_test_in_turn(wall):
    def deeper(n):  # it calls the student in turn
        return n if n % 3 else wall.fetch("add")(n, 100)

    expected = [n if n % 3 else n + 100 for n in range(200)]
    assert wall.fetch("in_threads")(deeper, list(range(200))) == expected


def test_a_thread_that_nobody_waits_for_harms_no_later_call(wall):
    assert wall.fetch("unwaited")(lambda v: v) == 7
    assert [wall.fetch("add")(n) for n in range(100)] == [n + 2 for n in range(100)]
    assert all("during the call" in line for line in wall.fetch("no_more_threads")())


def test_a_child_process_cannot_call_a_function_of_the_test(wall):
    assert "in its process" in wall.fetch("in_a_child")(lambda v: v)
    assert wall.fetch("add")(1) == 3


def test_nor_can_one_that_was_forked_while_a_thread_called_one(process_wall):
    assert "in its process" in process_wall.fetch("in_a_child_of_two")(lambda v: time.sleep(1))
    assert process_wall.fetch("add")(1) == 3


def test_a_test_may_not_pass_what_cannot_cross(wall):
    class Opaque:
        pass

    with pytest.raises(TypeError, match=r"an? Opaque cannot be passed"):
        wall.fetch("same")([Opaque()])
    with pytest.raises(TypeError, match=r"this ndarray cannot be passed .* an? Opaque in it"):
        wall.fetch("same")(np.array([Opaque()]))
    with pytest.raises(TypeError, match="Opaque cannot be passed"):
        wall.fetch("each")(lambda v: Opaque(), [1])
    assert wall.broken is None


# -- errors


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (ValueError, ("no",)),
        (KeyError, ("a",)),
        (KeyError, (3,)),
        (IndexError, ()),
        (ZeroDivisionError, ("x", 1)),
        (NotImplementedError, ()),
        (AssertionError, ("é\n" * 3,)),
        (FileNotFoundError, (2, "No such file", "x")),
        (StopIteration, ("x",)),
        (np.linalg.LinAlgError, ("Singular matrix",)),
        (np.exceptions.AxisError, ("axis 3",)),
    ],
)
def test_errors_arrive_with_their_class_and_message(wall, kind, args):
    with pytest.raises(kind) as caught:
        wall.fetch("fail")(kind, *args)
    assert type(caught.value) is kind
    assert str(caught.value) == str(kind(*args))


def test_errors_that_need_more_than_a_message(wall):
    with pytest.raises(UnicodeDecodeError) as caught:
        wall.fetch("decode")()
    assert str(caught.value).startswith("'utf-8' codec can't decode byte 0xff")
    assert type(caught.value).__name__ == "UnicodeDecodeError"


def test_errors_of_the_students_own_class(wall):
    with pytest.raises(ValueError, match=r"so.*strange") as caught:
        wall.fetch("fail_strangely")()
    assert type(caught.value).__name__ == "Strange"
    assert "\x1b" not in str(caught.value)


def test_the_students_lines_are_told(wall):
    with pytest.raises(ValueError, match="strange") as caught:
        wall.fetch("fail_strangely")()
    line = CELL.splitlines().index("    inner()") + 1
    shown = traceback.extract_tb(caught.value.__traceback__)
    assert [(f.filename, f.lineno, f.name, f.line) for f in shown[-2:]] == [
        ("<cell>", line, "fail_strangely", "inner()"),
        ("<cell>", line - 1, "inner", 'raise Strange("so\\x1b[31m strange")'),
    ]
    assert not any(f.line for f in shown[1:-2])  # none of the wall's own


def test_what_would_end_a_kernel_ends_a_call(wall):
    for name, kind in [("leave", "SystemExit"), ("interrupt", "KeyboardInterrupt")]:
        with pytest.raises(Exception, match=r"3|") as caught:
            wall.fetch(name)()
        assert type(caught.value).__name__ == kind
    with pytest.raises(RecursionError):
        wall.fetch("recurse")(0)
    with pytest.raises(MemoryError):
        wall.fetch("exhaust")()
    assert wall.fetch("add")(1) == 3


def test_results_that_may_not_cross_are_the_students_error(tmp_path):
    limits = Limits(message_bytes=10**6)
    ours, end = in_a_thread(CELL, limits)
    with Wall(ours, limits=limits) as wall:
        with pytest.raises(ValueError, match="contains itself"):
            wall.fetch("cyclic")()
        with pytest.raises(ValueError, match="at most 1,000,000"):
            wall.fetch("big")()
        with pytest.raises(ValueError, match="at most 1,000,000"):
            wall.fetch("same")(np.zeros(10**6))
        assert wall.fetch("add")(1) == 3
    end()


# -- what breaks it


def test_a_hang_meets_the_deadline(process_wall):
    hang = process_wall.fetch("hang")
    process_wall.timeout = 0.3
    with pytest.raises(WallTimeout):
        hang()
    assert "in time" in process_wall.broken
    with pytest.raises(WallError, match="in time"):
        hang()


def test_all_calls_together_meet_the_deadline(process_wall):
    add = process_wall.fetch("add")
    process_wall.begin(deadline=time.monotonic() + 0.3)
    with pytest.raises(WallTimeout):
        list(map(add, range(10**6)))


def test_a_kernel_that_dies(process_wall):
    with pytest.raises(WallError, match="gone"):
        process_wall.fetch("die")()
    with pytest.raises(WallError, match="gone"):
        process_wall.fetch("add")


def test_a_total_of_bytes(process_wall):
    same = process_wall.fetch("same")
    process_wall.limits = Limits(total_bytes=10**6)
    same(np.zeros(10**5))
    process_wall.begin()
    same(np.ones(10**5))
    with pytest.raises(WallError, match="in one test"):
        same(np.full(10**5, 2.0))


def test_a_messy_student(process_wall):
    process_wall.fetch("mess")()
    assert process_wall.fetch("same")([1, {"a": np.ones(2)}])[1]["a"].tolist() == [1, 1]
    with pytest.raises(KeyError):
        process_wall.fetch("lookup")({}, 1)
    assert len(process_wall.fetch("Layer").__name__) == 5


def test_a_closed_wall_says_so(process_wall):
    add = process_wall.fetch("add")
    process_wall.close()
    with pytest.raises(WallError, match="closed"):
        add(1)


# -- an end that lies


class Liar:
    """An end that answers whatever it is told to."""

    def __init__(self, **wall):
        ours, self.sock = socket.socketpair()
        self.wall = Wall(ours, timeout=20, **wall)
        self.channel = Channel(self.sock, Limits())
        self.channel.deadline = time.monotonic() + 20
        export, stand_in = lambda value: self.told, lambda *_: lambda: None
        self.codec = Codec(False, Limits(), export, stand_in, Values(trusted=False))
        self.told = ["object", "X", [], []]

    def answer(self, *answers):
        """Fetch a name; the answers are (op, values)."""

        def run():
            try:
                self.codec.lent.append(set())
                self.codec.decode(*self.channel.receive())
                for op, values in answers:
                    self.channel.send(*self.codec.encode(op, values))
            except WallError:
                pass

        thread = threading.Thread(target=run)
        thread.start()
        try:
            return self.wall.fetch("f")
        finally:
            thread.join()
            self.wall.close()
            self.sock.close()


@pytest.mark.parametrize(
    "answer",
    [
        ("what", ()),
        ("ok", ()),
        ("ok", (1, 2)),
        ("done", ()),
        ("missing", (1,)),
        ("error", ()),
        ("error", (1, 2, 3, 4, 5, 6)),
        ("error", ("E", "E", (), "", (), 0)),
        ("error", ("E", "E", 5, "", (), 0, (), ())),
        ("error", ("E", "E", (), "", ((1, 2),), 0, (), ())),
        ("error", ("E", "E", (), "", (("a", 1, "b", 5),), 0, (), ())),
        ("error", ("E", "E", (), "", (), [], (), ())),
        ("error", ("E", "E", (), "", (), 0, ("os.system",), ())),
        ("error", ("E", "E", (), "", (), 0, (1,), ())),
        ("error", ("E", "E", (), "", (), 0, 5, ())),
        ("error", ("E", "E", (), "", (), 0, ("a:b",) * 50, ())),
        ("error", ("E", "E", (), "", (), 0, (), 5)),
        ("error", ("E", "E", (), "", (), 0, (), ((1, 2),))),
        ("call", ()),
        ("call", (5, 0)),
        ("call", (int, 1, 3)),
        ("call", ("f", -1)),
    ],
)
def test_an_answer_that_is_none_breaks_the_wall(answer):
    liar = Liar()
    with pytest.raises(WallError) as caught:
        liar.answer(answer)
    assert not isinstance(caught.value, WallTimeout)  # refused, not waited for
    assert liar.wall.broken


def test_a_handle_told_as_a_function_of_the_test_is_not_called():
    liar = Liar()
    liar.told = ["callable", "function", [], [], "f", "", None]
    with pytest.raises(WallError, match="no function of the test"):
        liar.answer(("call", (object(), 0)))


@pytest.mark.parametrize(
    "told",
    [
        *([], ["object"], ["x", "y", [], []], ["object", 1, [], []], {"a": 1}, None, 5),
        *(["object", "a"], ["object", "a", []]),
        *(["callable", "a", [], [], 1, "b", None], ["callable", "a", [], [], "b", "c", 5]),
        *(["object", "a", x, []] for x in (None, "a:b", [5], ["a"], ["a:b c"], ["a:b"] * 50, [[]])),
        *(["object", "a", [], x] for x in (None, "len", [5], [["len"]], {"len": 1})),
        ["object", "a", ["a:" + "b" * 300], []],
    ],
)
def test_an_object_that_is_none_breaks_the_wall(told):
    liar = Liar()
    liar.told = told
    with pytest.raises(WallError) as caught:
        liar.answer(("ok", (object(),)))
    assert not isinstance(caught.value, WallTimeout)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("SystemExit", "SystemExit"), "SystemExit"),
        (("KeyboardInterrupt", "BaseException"), "KeyboardInterrupt"),
        (("ExceptionGroup", "ExceptionGroup"), "ExceptionGroup"),
        (("eval", "type"), "eval"),
        (("__class__\n", "int"), "__class__?"),
        (("UnicodeDecodeError", ""), "UnicodeDecodeError"),
        (("", ""), "?"),
    ],
)
def test_whatever_class_is_told_an_exception_is_raised(names, kind):
    frames = (("/etc/passwd", 1, "f\x1b", "x\ny"), ("cell", 10**15, "", ""))
    with pytest.raises(Exception, match="m") as caught:
        Liar().answer(("error", (*names, ("m" * 9000, 1 << 70), "m" * 9000, frames, 0, (), ())))
    error = caught.value
    assert isinstance(error, Exception)
    assert not isinstance(error, WallError)
    assert type(error).__name__ == kind
    assert len(str(error)) <= 4100
    shown = "".join(traceback.format_exception(error))
    assert "root:" not in shown
    assert "\x1b" not in shown


def test_names_of_handles_are_cleaned():
    liar = Liar()
    liar.told = ["callable", "k\n<script>", [], [], "f'\x1b[31m" * 50, "d\x00" * 5000, None]
    handle = liar.answer(("ok", (lambda: 0,)))
    assert repr(handle).isprintable()
    assert len(repr(handle)) < 300
    assert len(handle.__doc__) <= 4000


def test_random_bytes_from_the_student_break_the_wall():
    for seed in range(60):
        chance = random.Random(seed)
        ours, theirs = socket.socketpair()
        junk = chance.randbytes(chance.randrange(1, 200))
        theirs.sendall((b"wall" if seed % 2 else b"") + junk)
        theirs.shutdown(socket.SHUT_WR)
        wall = Wall(ours, timeout=20)
        with pytest.raises(WallError):
            wall.fetch("f")
        assert wall.broken
        theirs.close()


def test_a_function_of_the_test_tells_nothing_of_itself(wall):
    def secret(x):
        "The expected value is 42."

    assert wall.fetch("look")(secret) == ("function", "function", None, True)


# -- classes and exceptions that are told of

CLASSES = """
import collections, json, functools
from concurrent.futures import ThreadPoolExecutor as Pool

class Animal:
    legs = 4
    def name(self):
        return "animal"

class Dog(Animal):
    pass

class Log(collections.UserList):
    pass

class TooSmall(ValueError):
    def __init__(self, size, least=3):
        super().__init__(f"{size} < {least}")
        self.size = size

class MuchTooSmall(TooSmall):
    pass

def small(kind=TooSmall):
    raise kind(1)

def decode():
    return json.loads("{")

def pool():
    return Pool(1)

def record():
    return collections.namedtuple("Row", "a b")(1, 2)

Row = collections.namedtuple("Row", "a b")

class Bag:
    def __init__(self, **content):
        vars(self).update(content)

class Steps(Bag):
    def __iter__(self):
        return self
    def __next__(self):
        return 1

class Spilt(Bag, ValueError):
    pass

def annotated(n: int, s: str = "x") -> list:
    "Says."
"""


@pytest.fixture
def animals():
    ours, end = in_a_thread(CLASSES, Limits())
    wall = Wall(ours, timeout=20)
    yield lambda *names: [wall.fetch(name) for name in names]
    wall.close()
    end()


TAKEN = [
    *("wall", "number", "kind", "line", "own_line", "name", "doc", "place", "barred", "taken"),
    *("loan", "remote", "told", "text", "frames", "made_here", "limits", "count", "index"),
]


def test_objects_have_the_attributes_that_they_have_there(animals):
    bag, steps, spilt = animals("Bag", "Steps", "Spilt")
    content = {name: f"{name}!" for name in TAKEN}
    full, counting, bare = bag(**content), steps(**content), steps()
    assert next(counting) == next(bare) == 1
    for thing in (full, counting):
        assert [getattr(thing, name) for name in TAKEN] == list(content.values())
    for thing in (bag(), bare, bag, spilt, spilt()):
        assert [name for name in TAKEN if hasattr(thing, name)] == []
    full.number = 7
    assert full.number == 7
    del full.kind
    assert not hasattr(full, "kind")


def test_no_stand_in_has_a_name_of_its_own_that_could_be_an_objects(animals):
    dog, small, spilt, pool, record = animals("Dog", "TooSmall", "Spilt", "pool", "record")
    with pytest.raises(small) as raised:
        animals("small")[0]()
    for thing in (dog, dog(), pool(), animals("small")[0], iter(animals("Log")[0]([1, 2]))):
        assert proxies.isinstance_of_proxy(thing)
        names = {*dir(type(thing)), *proxies._own(thing)}
        assert [name for name in names if name[:2] != "__"] == []
    row = collections.namedtuple("Row", "a b")
    for thing, like in [(spilt, ValueError), (raised.value, ValueError("")), (record(), row(1, 2))]:
        more = {*dir(thing), *dir(type(thing))} - {*dir(like), *dir(type(like)), "size"}
        assert [name for name in more if name[:2] != "__"] == []


def test_objects_are_of_the_classes_that_they_tell_of(animals):
    dog, animal, pool, log = animals("Dog", "Animal", "pool", "Log")
    rex = dog()
    assert isinstance(rex, dog)
    assert isinstance(rex, animal)
    assert not isinstance(animal(), dog)
    assert not isinstance(5, dog)
    assert asked_type(rex) is dog
    assert asked_type(rex) == dog
    assert asked_type(rex).__name__ == rex.__class__.__name__ == "Dog"
    assert issubclass(dog, animal)
    assert not issubclass(animal, dog)
    assert not issubclass(int, dog)
    assert dog.__bases__ == (animal,)
    assert animal in dog.__mro__
    assert asked_type(pool()) is concurrent.futures.ThreadPoolExecutor
    assert isinstance(pool(), concurrent.futures.Executor)
    assert concurrent.futures.Executor in inspect.getmro(pool().__class__)
    assert isinstance(log([1]), collections.UserList)
    assert asked_type(log([1])) is log
    with pytest.raises(TypeError, match="a class of the student's"):
        rex.__class__()


def test_functions_and_classes_look_like_such(animals):
    dog, pool, annotated = animals("Dog", "pool", "annotated")
    assert isinstance(pool, types.FunctionType)
    assert inspect.isfunction(pool)
    assert not inspect.isclass(pool)
    assert inspect.isclass(dog)
    assert isinstance(dog, type)
    assert isinstance(dog().name, types.MethodType)
    assert str(inspect.signature(dog().name)) == "()"
    assert annotated.__annotations__ == {"n": int, "s": str, "return": list}
    assert annotated.__defaults__ == ("x",)
    assert hasattr(dog, "__init__")
    assert not hasattr(dog, "__add__")
    assert not hasattr(dog(), "__getitem__")


def test_a_copy_is_of_the_student_s_class(animals):
    record, row = animals("record", "Row")
    assert isinstance(record(), row)
    assert type(record()) == row  # noqa: E721  (it is no class here)
    assert not isinstance((1, 2), row)


def test_classes_of_exceptions_are_caught(animals):
    small, too_small, much = animals("small", "TooSmall", "MuchTooSmall")
    assert issubclass(too_small, ValueError)
    assert issubclass(much, too_small)
    with pytest.raises(too_small, match="1 < 3") as caught:
        small(much)
    assert caught.value.size == 1
    assert type(caught.value).__name__ == "MuchTooSmall"
    try:
        small()
    except much:
        pytest.fail("it is none")
    except too_small as error:
        kind = type(error)
    assert issubclass(kind, too_small)
    assert too_small(2).size == 2
    (decode,) = animals("decode")
    with pytest.raises(json.JSONDecodeError):
        decode()


def test_a_class_of_the_test_derives_from_a_student_s(animals):
    (animal,) = animals("Animal")

    class Bird(animal):
        legs = 2

        def sing(self):
            return f"tweet, said the {self.name()}"

    assert Bird().sing() == "tweet, said the animal"
    assert issubclass(Bird, animal)
    with pytest.raises(TypeError, match="super"):

        class Fish(animal):
            def name(self):
                return super().name()


@pytest.mark.parametrize(
    "path",
    [
        *("builtins:int", "builtins:float", "builtins:str", "builtins:list", "numpy:ndarray"),
        *("decimal:Decimal", "datetime:date", "collections:Counter", "builtins:object"),
        *("os:system", "proctor.rpc.proxies:Proxy", "nothing:at.all", "os:path.join", "sys:path"),
        *("__main__:Dog", "answers:Right"),
    ],
)
def test_no_object_claims_to_be_data_or_what_is_no_student_s(path):
    liar = Liar()
    liar.wall.classes.private = {"proctor", "answers"}
    liar.told = ["object", "X", [path], []]
    proxy = liar.answer(("ok", (object(),)))
    kinds = (int, float, str, list, np.ndarray, decimal.Decimal, datetime.date, collections.Counter)
    assert not isinstance(proxy, kinds)
    assert proxy.__class__.__mro__[1:] == (object,)
    assert proxy != 1
    assert (proxy == 1) is False
    with pytest.raises(TypeError, match="in-student-kernel"):
        proxy - 1


def test_a_function_s_code_tells_its_names_and_does_nothing(wall):
    told = wall.fetch("add").__code__
    assert told.co_name == "add"
    assert told.co_varnames == ("x", "y", "z")
    assert (told.co_argcount, told.co_kwonlyargcount) == (2, 1)
    assert inspect.isgeneratorfunction(wall.fetch("evens"))
    assert not inspect.isgeneratorfunction(wall.fetch("add"))
    assert types.FunctionType(told, {})(1, 2, z=3) is None
    for other in (wall.fetch("Layer"), wall.fetch("Layer")(1)):
        assert not hasattr(other, "__code__")


def test_a_source_is_what_is_known_to_have_run(wall):
    """Whatever file a student's process names: a test reads none of this side's for it."""
    add, asked = wall.fetch("add"), []
    with pytest.raises(OSError, match="could not get source code"):
        inspect.getsource(add)  # of a file that is there, but that nobody ran as a cell
    wall.text_of = lambda file: asked.append(file) or "def other():\n    pass\n" * 2000
    assert inspect.getsource(add) == "def other():\n    pass\n"
    assert add.__code__.co_filename == asked[0]
    del linecache.cache[asked[0]]


KEEPING = """
class Keeper:
    def __init__(self, thing):
        self.thing = thing
    def spoil(self):
        self.thing.clear()
kept = []
def keep(thing):
    kept.append(thing)
def spoil(*things):
    for thing in kept:
        thing.clear()
    kept.extend(things)
"""


@contextlib.contextmanager
def walled(cell):
    ours, end = in_a_thread(cell, Limits())
    with Wall(ours, timeout=20) as wall:
        yield wall
    end()


def test_an_object_changes_what_it_was_given_and_a_plain_function_does_not():
    with walled(KEEPING) as wall:
        mine = [1]
        keeper = wall.fetch("Keeper")(mine)
        wall.fetch("spoil")()
        assert mine == [1]
        keeper.spoil()
        assert mine == []
        mine = [2]
        wall.fetch("keep")(mine)
        spoil = wall.fetch("spoil")
        spoil(mine)
        assert mine == []
        mine.append(3)
        spoil()
        assert mine == [3]  # what a function was passed before is not looked at in each call


def test_what_an_object_was_given_last_is_lent_again():
    with walled(KEEPING) as wall:
        keepers = [wall.fetch("Keeper")([n]) for n in range(3)]
        lists = [[n] for n in range(200)]
        for n, one in enumerate(lists):
            keepers[n % 2].__init__(one)
        keepers[0].spoil()
        assert [one for one in lists if not one] == [lists[198]]
        assert keepers[2].thing == [2]


TOLD = ("f", "<ipython-input-1-a>", 1, 1, 0, 0, 0, ("x", "y"), ("sum",))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((0, None), (1, b"a"), (2, "1"), (2, -1), (2, 1 << 40), (3, 3), (3, -1), (4, 2), (5, 2)),
        *((6, 64), (6, "0"), (6, -1), (7, ("x", 1)), (7, 5), (8, (None,)), (8, 1)),
    ],
)
def test_what_is_told_of_no_code_is_refused(place, value):
    told = [*TOLD[:place], value, *TOLD[place + 1 :]]
    with pytest.raises((TypeError, ValueError, OverflowError)):
        made_code(tuple(told), lambda file: None)
    assert made_code(TOLD, lambda file: None).co_varnames == ("x", "y")
    with pytest.raises(ValueError, match="to unpack"):
        made_code(TOLD[1:], lambda file: None)
