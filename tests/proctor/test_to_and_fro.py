"""A student's function and a test's pass each other what they have: as if they were in one process.

What one end has let go of, the other may be about to speak of.
"""

import contextlib
import json
import socket
import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proctor.rpc import Student, Wall, WallError
from proctor.rpc.codec.dtypes import dtype_code

CELL = """
stored = []

def each(f, values):
    return [f(v) for v in values]

def converse(f, steps, values):
    kept = list(values)
    for how, place in steps:
        x = kept[place % len(kept)]
        if not hasattr(x, "__len__"):
            continue
        if how == "mine":
            kept.append(x * 1)
        elif how == "turn":
            x[:1] = x[-1:]
        elif how == "store":
            stored.append(x)
        elif how == "stored":
            kept.append(list(stored))
        elif how == "forget":
            del kept[place % len(kept)], x
            kept.append(f("new", [1.0]))
        elif how == "tell":
            f("same", [x, kept[0]])
        else:
            try:
                kept.append(f(how, x))
            except ValueError:
                kept.append(x)
    return kept
"""
STUDENTS = ["mine", "turn", "store", "stored", "forget", "tell"]
TESTS = ["new", "same", "view", "both", "within", "change", "raise", "seen", "lose"]
OF_LISTS = ["drop", "pop", "put"]


def answering(each):
    """A test's function that does what it is asked with what it is given."""
    seen = []

    def answer(how, x):
        if how == "change":
            x[:1] = x[-1:]
        elif how == "raise":
            raise ValueError
        elif how == "seen":
            seen.append(x)
            return seen[0]
        elif how == "lose":
            seen.clear()
        elif how in OF_LISTS and type(x) is list:
            if how == "drop":
                x.clear()
            elif how == "put":
                x.append(np.ones(2))
            elif x:
                return x.pop()
        return {
            "new": lambda: x * 2,
            "view": lambda: x[::-1],
            "both": lambda: [x, x * 1],
            "within": lambda: each(lambda v: v * 2, [x])[0],
        }.get(how, lambda: x)()

    return answer


def talked(converse, each, talks):
    """What comes of each talk, and which of the arrays and lists in it are one object."""
    values, answer, found = [np.array([1.0, 2.0]), [3.0, 4.0]], answering(each), []
    for steps in talks:
        kept = converse(answer, steps, values)
        told = [one for one in kept if isinstance(one, (list, np.ndarray))]
        same = [next(n for n, other in enumerate(told) if other is one) for one in told]
        found.append((str(values), str(kept), same))
    return found


def here(talks):
    names = {}
    exec(CELL, names)
    return talked(names["converse"], names["each"], talks)


@contextlib.contextmanager
def a_wall(source):
    """A wall to a new namespace in which this has run."""
    names = {}
    exec(source, names)
    ours, theirs = socket.socketpair()
    student = threading.Thread(target=Student(theirs, names).serve)
    student.start()
    try:
        with Wall(ours, timeout=20) as wall:
            yield wall
    finally:
        student.join()
        theirs.close()


def across(talks):
    with a_wall(CELL) as wall:
        return talked(wall.fetch("converse"), wall.fetch("each"), talks)


VIEWS = [
    *(lambda x: x[0], lambda x: x[2], lambda x: x[:, 1], lambda x: x[:, ::2], lambda x: x[::2]),
    *(lambda x: x[1:3, 2:], lambda x: x.T, lambda x: x[::-1], lambda x: x.reshape(-1)[1:7]),
    *(lambda x: np.diag(x), lambda x: x[1:].reshape(-1)[::3], lambda x: x[1, :3]),
]
OF_VIEWS = """
def total(x):
    return float(x.sum())

def fill(x):
    x += 1

def half(x):
    return x[: len(x) // 2]
"""


def looked(functions, steps):
    """What comes of a matrix of which views are passed, changed there and here, and given back."""
    x, found = np.arange(20.0).reshape(4, 5), []
    for how, place in steps:
        view = VIEWS[place](x)
        if how == "change":
            if view.flags.writeable:
                view[:1] = -1
        elif how == "half":
            found.append(functions["half"](view).tolist())
        elif how != "fill" or view.flags.writeable:
            found.append(functions[how](view))
    return found, x.tolist()


@settings(max_examples=500)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["total", "fill", "half", "change"]), st.integers(0, len(VIEWS) - 1)
        ),
        max_size=8,
    )
)
@example(steps=[("total", 2), ("total", 0)])  # gaps between the elements of the first
def test_views_of_one_array_show_what_they_show_in_one_process(steps):
    names = {}
    exec(OF_VIEWS, names)
    expected = looked(names, steps)
    with a_wall(OF_VIEWS) as wall:
        functions = {name: wall.fetch(name) for name in ("total", "fill", "half")}
        assert looked(functions, steps) == expected


STEPS = st.lists(
    st.tuples(st.sampled_from([*STUDENTS, *TESTS, *OF_LISTS]), st.integers(0, 8)), max_size=8
)


@settings(max_examples=500)
@given(talks=st.lists(STEPS, min_size=1, max_size=3))
@example(talks=[[("new", 0)]])  # what the test's function has made is in its hands no more
@example(talks=[[("view", 2), ("both", 8), ("change", 7)]])  # nor what it took out of a list
def test_they_come_to_what_they_come_to_in_one_process(talks):
    try:
        expected = here(talks)
    except Exception as error:
        expected = type(error)
    try:
        told = across(talks)
    except Exception as error:
        told = type(error)
    assert told == expected


def test_a_loan_of_a_view_is_of_where_it_lay():
    """A forged answer lays a view that was lent in memory that was passed to another call."""
    source = "import numpy as np\nkept = []\n"
    source += "def see(y): kept.append(y)\ndef view(x): return x[:]\ndef take(v): pass\n"
    y, x = np.arange(4.0), np.zeros(4)
    names = {}
    exec(source, names)
    ours, theirs = socket.socketpair()
    student = Student(theirs, names)
    encode, codec = student._codec.encode, student._codec

    def forged(op, values, lend=False):
        structure, buffers = encode(op, values, lend)
        if op.startswith("ok") and values[0] is None and v is not None:
            message = json.loads(structure)
            (number,) = [n for n, s in codec.by_number.items() if n < 0 and s.kind == "array"]
            place = codec.by_number[codec.number_of(names["kept"][0])].block
            message[5].append([number, place, 0, [4], [8], dtype_code(y.dtype), True])
            message[8].append([place, len(buffers)])
            structure, buffers = json.dumps(message).encode(), [*buffers, bytes(32)]
        return structure, buffers

    student._codec.encode, v = forged, None
    thread = threading.Thread(target=student.serve)
    thread.start()
    with Wall(ours, timeout=20) as wall:
        wall.fetch("see")(y)
        view, take = wall.fetch("view"), wall.fetch("take")
        v = view(x)
        with pytest.raises(WallError, match="had not been passed"):
            take(v)
    thread.join()
    theirs.close()
    assert y.tolist() == [0, 1, 2, 3]
