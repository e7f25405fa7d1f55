"""Values that cross: what arrives, what is shared, and what the trusted end refuses."""

import collections
import contextlib
import copy
import decimal
import enum
import json
import math
import pathlib
import random
import socket
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from proctor import rpc
from proctor.rpc.codec import Channel, Codec, Limits, WallError, WallTimeout, encode
from tests.tiers import examples

quick = settings(
    max_examples=examples(120, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


class Thing:
    """What stands for an object of the other end."""

    def __init__(self, number):
        self.number = number


class Pair:
    """A trusted end and a student's, without a socket between them."""

    def __init__(self, limits=Limits(), converters=(None, None)):  # noqa: B008
        self.limits = limits
        here, there = converters
        stand_in = lambda number, info: Thing(number)  # noqa: E731
        self.test = Codec(True, limits, self._refuse, stand_in, here)
        self.student = Codec(False, limits, lambda value: [], stand_in, there)
        self.test.lent.append(set())
        self.student.lent.append(set())

    def _refuse(self, value):
        if callable(value):
            return []
        raise TypeError("not data")

    def lend(self, *values):
        """What the student's end receives for the test's values."""
        return self.student.decode(*frame(self.test.encode("call", values, lend=True)))[1]

    def back(self, *values):
        """What the test receives for the student's values."""
        return self.test.decode(*frame(self.student.encode("ok", values)))[1]

    def lend_copies(self, *values):
        """What the student's end receives of copies of the test's values."""
        return self.student.decode(*frame(self.test.encode_copies("copies", values)))[1]

    def back_copies(self, *values):
        """What the test receives of copies of the student's values."""
        return self.test.decode(*frame(self.student.encode_copies("ok", values)))[1]

    def end_call(self):
        """The call under way is over: nothing is lent any more."""
        for codec in (self.test, self.student):
            codec.lent[-1] = set()

    def hostile(self, values=(), buffers=(), **sections):
        """What the test receives from an end that sends these sections."""
        fields = dict.fromkeys(("things", "wholes", "blocks", "arrays", "shells"), ())
        fields |= dict.fromkeys(("tuples", "updates", "released", "lent"), ())
        message = ["ok", list(values), *map(list, (fields | sections).values())]
        return self.test.decode(json.dumps(message).encode(), [bytearray(b) for b in buffers])[1]


def frame(message):
    """A message as it arrives: copies of its buffers."""
    structure, buffers = message
    return structure, [bytearray(buffer) for buffer in buffers]


def same(a, b):
    """Equal in type, value and order, all the way down; NaN equals NaN, -0.0 is not 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        if a.dtype != b.dtype or a.dtype.byteorder != b.dtype.byteorder or a.shape != b.shape:
            return False
        if a.dtype.names is not None:
            return all(same(np.asarray(a[name]), np.asarray(b[name])) for name in a.dtype.names)
        return _bytes(a) == _bytes(b)
    if isinstance(a, float):
        return math.copysign(1, a) == math.copysign(1, b) and (a == b or (a != a and b != b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    return a == b


def _bytes(a):
    """An array's bytes; of a long double those that count."""
    a = np.ascontiguousarray(a)
    used = {"g": 10, "G": 10}.get(a.dtype.char, a.itemsize)
    return a.reshape(-1).view("u1").reshape(-1, 16 if used == 10 else used)[:, :used].tobytes()


# -- strategies

dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes()
    | hnp.unicode_string_dtypes(min_len=1, max_len=5)
    | hnp.byte_string_dtypes(min_len=1, max_len=5)
    | hnp.datetime64_dtypes()
    | hnp.timedelta64_dtypes()
    | st.just(np.dtype("longdouble"))
    | st.just(np.dtype([("a", ">i4"), ("b", "<f8", (2,)), ("c", "U3")]))
    | st.just(np.dtype({"names": ["x"], "formats": ["<f4"], "offsets": [4], "itemsize": 16}))
)


@st.composite
def arrays(draw):
    """Arrays of any dtype, and views of them: sliced, turned, reversed, transposed, repeated."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=5))
    kind = draw(dtypes)
    size = math.prod(shape) * kind.itemsize
    if kind.kind in "biufc" and kind.itemsize <= 8 and kind.kind != "b":
        data = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), kind)
        a = data.reshape(shape).copy(order=draw(st.sampled_from("CF")))
    else:
        a = draw(hnp.arrays(kind, shape)) if kind.names is None else np.zeros(shape, kind)
    if draw(st.booleans()) and a.ndim:
        a = a[tuple(draw(st.sampled_from([slice(None), slice(None, None, -1), slice(0, None, 2)]))
                    for _ in a.shape)]  # fmt: skip
    if draw(st.booleans()):
        a = a.transpose(draw(st.permutations(range(a.ndim))))
    if draw(st.booleans()) and a.ndim < 4:
        a = np.broadcast_to(a, (3, *a.shape))
    if draw(st.booleans()):
        a.flags.writeable = False
    return a


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**300), max_value=10**300)
    | st.floats()
    | st.complex_numbers(allow_nan=True)
    | st.text(st.characters(codec=None), max_size=20)
    | st.binary(max_size=20)
    | st.just(...)
    | st.sampled_from([int, float, ValueError, np.float32, np.linalg.LinAlgError, np.floating])
    | st.builds(slice, st.none() | st.integers(), st.none() | st.integers())
    | st.builds(range, st.integers(-99, 99), st.integers(), st.integers(1, 9))
    | st.builds(np.float64, st.floats())
    | st.builds(lambda n: np.int8(n), st.integers(-128, 127))
    | st.builds(np.str_, st.text(st.characters(codec=None), max_size=5))
    | st.builds(np.bytes_, st.binary(max_size=5))
    | st.builds(lambda n: np.datetime64(n, "s"), st.integers(0, 2**40))
    | dtypes
)
hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4),
    max_leaves=5,
)


def within(parts):
    """These, and lists, tuples and dicts of them."""
    return st.recursive(
        parts,
        lambda inner: (
            st.lists(inner, max_size=20)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(hashable, inner, max_size=4)
        ),
        max_leaves=12,
    )


plain = within(leaves | arrays())
changeable = st.builds(bytearray, st.binary()) | st.sets(hashable, max_size=4)
values = within(leaves | arrays() | changeable)


# -- what arrives


@quick
@given(values)
def test_values_arrive_as_they_are_in_both_directions(value):
    pair = Pair()
    (there,) = pair.lend(value)
    assert same(there, value)
    assert same(pair.back(copy.deepcopy(there))[0], value)


@quick
@given(arrays())
def test_arrays_arrive_with_their_layout(a):
    pair = Pair()
    (b,) = pair.lend(a)
    assert same(b, a)
    assert b.strides == a.strides
    for flag in ("WRITEABLE", "C_CONTIGUOUS", "F_CONTIGUOUS", "ALIGNED"):
        assert b.flags[flag] == a.flags[flag], flag
    c = copy.copy(b)
    (d,) = pair.back(c)
    assert same(d, a)
    assert d.strides == c.strides


@quick
@given(arrays(), st.data())
def test_an_array_changed_there_is_changed_here(a, data):
    pair = Pair()
    a = a.copy(order="K")
    view = a.transpose()
    b, c = pair.lend(a, view)
    assert np.shares_memory(b, c)
    index = tuple(data.draw(st.integers(0, n - 1)) for n in b.shape)
    b[index] = np.zeros((), b.dtype)[()]
    if a.dtype.kind in "iuf":
        c += 1
    pair.back(None)
    assert same(a, b)
    assert same(view, c)


def test_an_array_of_no_elements_crosses():
    for a in (np.zeros((0, 3)), np.zeros((2, 0), ">i2", order="F")):
        (b,) = Pair().lend(a)
        assert same(a, b)


def test_owners_own_and_views_do_not():
    a = np.arange(6.0)
    b, c = Pair().lend(a, a[::2])
    assert b.flags.owndata
    assert not c.flags.owndata
    assert c.base is b


@pytest.mark.parametrize("view", [np.transpose, np.ravel, lambda a: a[..., None]])
def test_a_view_of_all_of_an_array_shares_memory_with_it_there(view):
    for first in (0, 1):  # alone, the one that comes first crosses with its memory
        pair, a = Pair(), np.arange(12.0).reshape(3, 4)
        both = [a, view(a)]
        (b,), (c,) = pair.lend(both[first]), pair.lend(both[1 - first])
        assert np.shares_memory(b, c)
        assert same(b, both[first])
        assert b.flags.owndata is both[first].flags.owndata
        b += 1
        pair.back(None)
        assert same(c, both[1 - first])
        assert same(b, both[first])


def test_gaps_between_the_elements_of_a_view_do_not_cross():
    whole = np.full((50, 4), 7777.0)
    whole[:, 1] = 1
    pair, column = Pair(), whole[:, 1]
    structure, buffers = pair.test.encode("call", [column], lend=True)
    assert np.float64(7777).tobytes() not in b"".join(map(bytes, buffers))
    (b,) = pair.student.decode(structure, [bytearray(x) for x in buffers])[1]
    b[3] = 5
    pair.back(None)
    assert whole[3].tolist() == [7777, 5, 7777, 7777]
    assert column[3] == 5


def test_overlapping_windows_share_memory_there():
    x = np.arange(10)
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    y, v = Pair().lend(x, windows)
    y[2] = 99
    assert v[0, 2] == v[1, 1] == v[2, 0] == 99


def test_interleaved_views_share_memory_there_and_neighbours_do_not():
    x = np.zeros((4, 4))
    a, b, c = Pair().lend(x[:, 0], x[:, 0:2], x[:, 1])
    a += 1
    assert (b[:, 0] == 1).all()
    assert (c == 0).all()
    assert np.shares_memory(b, c)


def test_one_array_twice_is_one_array_there():
    x, inner = np.ones(3), [1]
    a, b = Pair().lend({"x": x, "l": [inner, inner]}, x)
    assert a["x"] is b
    assert a["l"][0] is a["l"][1]


def test_named_tuples_keep_their_fields():
    Point = collections.namedtuple("Point", "x y")
    pair = Pair()
    (p,) = pair.lend(Point(1, [2]))
    assert p.x == 1
    assert p == (1, [2])
    assert repr(p) == "Point(x=1, y=[2])"
    (q,) = pair.back(np.unique_counts(np.array([1, 1, 3])))
    assert q.counts.tolist() == [2, 1]
    assert isinstance(q, tuple)


def test_subclasses_arrive_as_plain_data():
    class Lying(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

        def __float__(self):
            return 42.0

    class Text(str):
        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    class Long(list):
        def __len__(self):
            return 10**9

        def __iter__(self):
            return iter("abc")

    class Array(np.ndarray):
        def __array__(self, *args, **kwargs):
            return np.zeros(3)

        def __eq__(self, other):
            return np.ones(3, bool)

        shape = property(lambda self: (7,))

    class Number(np.float64):
        def __eq__(self, other):
            return True

        __hash__ = np.float64.__hash__

        def item(self):
            return 42.0

    class Color(enum.IntEnum):
        RED = 3

    array = np.arange(3.0).view(Array)
    sent = [Lying(1.5), Text("a"), Long([1, 2]), array, Number(2.5), Color.RED, Array((1, 2))]
    (got,) = Pair().back(sent)
    want = [1.5, "a", [1, 2], np.arange(3.0), np.float64(2.5), 3, sent[-1].view(np.ndarray)]
    assert same(got, want)

    class Votes(collections.Counter):
        def __eq__(self, other):
            return True

    class Queue(collections.deque):
        def __eq__(self, other):
            return True

    assert same(Pair().back(Votes("aa"), True), [{"a": 2}, True])
    assert type(Pair().back(Queue())[0]) is Thing


class Orphans(type):
    """Its classes have no base, not even object."""

    def mro(cls):
        return [cls]


def test_what_is_no_data_stays_behind():
    things = [
        np.array([1, None], object),
        np.ma.masked_array([1, 2], [True, False]),
        decimal.Decimal(1),
        object(),
        np.array(["a"], np.dtypes.StringDType()),
        ValueError("an instance"),
        Orphans("Orphan", (), {}),
    ]
    for got in Pair().back(*things):
        assert type(got) is Thing
    with pytest.raises(TypeError, match="not data"):
        Pair().lend(np.array([None]))


# -- copies


@quick
@given(plain)
def test_copies_arrive_as_they_are_and_nobody_keeps_them(value):
    pair = Pair()
    for cross in (pair.lend_copies, pair.back_copies):
        (there,) = cross(value)
        assert same(there, value)
    assert len(pair.test) == len(pair.student) == 0


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 3), order="F"), np.zeros((2, 3)), np.zeros((4, 3))[::-2], np.zeros((0, 2))],
)
def test_copied_arrays_are_contiguous_and_writeable(array):
    array.flags.writeable = False
    for cross in (Pair().lend_copies, Pair().back_copies):
        (there,) = cross(array)
        assert there.flags.owndata
        assert there.flags.writeable
        assert (there.flags.fnc, there.shape) == (array.flags.fnc, array.shape)


def test_a_copy_has_no_identity_and_changes_nothing():
    pair = Pair()
    x = np.zeros(2)
    (first,), (one, other) = pair.lend(x), pair.lend_copies(x, x)
    assert one is not other
    assert first is not one
    one += 1
    first += 2
    assert pair.back_copies(one)[0].tolist() == [1, 1]
    assert x.tolist() == [0, 0], "it is told by the next message that is none of copies"
    pair.back()
    assert x.tolist() == [2, 2]


def test_what_has_crossed_before_crosses_with_copies_and_nothing_else():
    pair = Pair()
    thing, other = (lambda: 1), (lambda: 2)
    (handle,) = pair.back(thing)
    assert pair.lend_copies(handle, [handle]) == [thing, [thing]]
    assert pair.back_copies((thing, 1)) == [(handle, 1)]
    loop, deep, held = [], (), len(pair.test)
    loop.append(loop)
    for _ in range(200):
        deep = (deep,)
    kinds = (
        other,
        set(),
        bytearray(),
        np.array([None]),
        np.ma.masked_array([1]),
        object(),
        loop,
        deep,
    )
    for value in kinds:
        for write in (pair.test.encode_copies, pair.student.encode_copies):
            with pytest.raises((TypeError, ValueError), match=r"cannot cross|no copy"):
                write("ok", (handle, [value]) if write.__self__ is pair.test else (thing, value))
    assert len(pair.test) == len(pair.student) == held


# -- identity and changes


def test_what_comes_back_is_the_same_object():
    pair = Pair()
    x, items = np.arange(4.0), [1, {"a": 2}]
    there = pair.lend(x, items)
    back = pair.back(*there)
    assert back[0] is x
    assert back[1] is items


def test_what_the_student_made_is_recognised_when_it_is_passed_back():
    pair = Pair()
    cache = (np.arange(3.0), [1, 2], {"k": np.zeros(2)})
    (got,) = pair.back(cache)
    (again,) = pair.lend(got)
    assert again is cache
    assert again[0] is cache[0]
    assert pair.lend(got[2]["k"])[0] is cache[2]["k"]


def test_a_change_by_the_test_is_written_into_the_students_object():
    pair = Pair()
    array, items, table = np.arange(3.0), [1, 2], {"k": {1, 2}}
    a, i, t = pair.back(array, items, table)
    a[0] = 9
    i.append([3])
    t["k"].add(5)
    t["new"] = bytearray(b"x")
    pair.lend(None)
    assert array.tolist() == [9, 1, 2]
    assert items == [1, 2, [3]]
    assert table == {"k": {1, 2, 5}, "new": bytearray(b"x")}


def test_beyond_the_last_few_a_change_is_told_when_the_object_crosses():
    pair = Pair(Limits(watched_bytes=100))
    small, large = pair.back(np.zeros(3), np.zeros(50))
    pair.lend(None)  # what came last is looked at, whatever its size
    small += 1
    large += 1
    structure, buffers = pair.test.encode("call", [None])
    assert [len(buffer) for buffer in buffers] == [24]
    pair.student.decode(*frame((structure, buffers)))
    assert pair.lend(large)[0].tolist() == [1] * 50


def test_what_came_last_is_told_of_though_it_is_large_and_nobody_holds_it():
    pair = Pair(Limits(watched_bytes=100))
    weights, names = np.zeros(50), ["a", ["b"]]
    pair.back(weights)[0][0] = 5
    pair.lend(None)
    assert weights[0] == 5
    pair.back(names)[0][1].append("c")
    pair.lend(None)
    assert names == ["a", ["b", "c"]]


def test_a_stale_copy_does_not_undo_the_students_work():
    pair = Pair()
    history = [1]
    (copy_,) = pair.back(history)
    history.append(2)  # the student's end did not tell yet
    (there,) = pair.lend(copy_)
    assert there is history
    assert history == [1, 2]
    pair.back(None)
    assert copy_ == [1, 2]


def test_containers_changed_there_are_changed_here():
    pair = Pair()
    inner = [1]
    value = {"l": [inner, 2], "s": {1}, "b": bytearray(b"ab")}
    (there,) = pair.lend(value)
    there["l"][0].append(np.ones(2))
    del there["l"][1]
    there["s"].add((1, 2))
    there["b"][:] = b"c"
    there["new"] = there["l"][0]
    pair.back(None)
    assert value["l"][0] is inner
    assert value["new"] is inner
    assert len(value["l"]) == 1
    assert inner[1].tolist() == [1, 1]
    assert value["s"] == {1, (1, 2)}
    assert value["b"] == b"c"


def test_a_view_of_an_argument_comes_back_as_a_view_of_it():
    pair = Pair()
    x = np.arange(12.0).reshape(3, 4)
    (there,) = pair.lend(x)
    (y,) = pair.back(there[1:, ::2].T)
    assert np.shares_memory(x, y)
    assert y.tolist() == x[1:, ::2].T.tolist()
    y[0, 0] = -1
    assert x[1, 0] == -1


def test_a_view_of_a_read_only_argument_is_read_only():
    pair = Pair()
    x = np.arange(4.0)
    x.flags.writeable = False
    (there,) = pair.lend(x)
    assert not pair.back(there[1:])[0].flags.writeable
    there.flags.writeable = True
    there[:] = 5  # what a student can do in one process too, but not to a test
    pair.back(None)
    assert x.tolist() == [0, 1, 2, 3]


def test_what_was_lent_for_an_earlier_call_is_not_written():
    pair = Pair()
    x, items = np.zeros(3), [1]
    there, theirs = pair.lend(x, items)
    pair.end_call()
    there += 1
    theirs.append(2)
    pair.back(None)
    assert x.tolist() == [0, 0, 0]
    assert items == [1]


def test_a_reshaped_array_is_sent_with_its_new_shape():
    pair = Pair()
    x = np.arange(6.0)
    pair.lend(x)
    x.shape = (2, 3)
    (there,) = pair.lend(x)
    assert there.shape == (2, 3)
    (mine,) = pair.back(np.arange(6))
    mine.shape = (3, 2)
    assert pair.lend(mine)[0].shape == (3, 2)


def test_what_dies_here_is_released_there():
    pair = Pair()
    for _ in range(300):
        (y,) = pair.back([np.ones(3), {"a": (1, [2])}])
        pair.lend(y, np.zeros(2), [1])
        pair.end_call()
    del y
    for _ in range(70):
        pair.lend(None)
    pair.test._sweep_at = 0
    pair.lend(None)
    pair.lend(None)
    assert len(pair.test) == 0
    assert len(pair.student) == 0


def test_a_refused_message_changes_nothing():
    pair = Pair(Limits(message_bytes=10_000))
    x = np.zeros(10)
    pair.lend(x)
    x[:] = 1
    with pytest.raises(TypeError):
        pair.lend(x, [np.ones(2), object()])
    with pytest.raises(ValueError, match="may cross"):
        pair.lend(x, np.zeros(5000))
    (there,) = pair.lend(x)
    assert there.tolist() == [1] * 10
    assert len(pair.test) == len(pair.student) == 2


# -- limits of an honest end


def test_an_honest_end_keeps_to_the_limits():
    pair = Pair(Limits(items=1000, depth=20, message_bytes=10**6))
    loop = []
    loop.append(loop)
    deep = []
    for _ in range(30):
        deep = [deep]
    wide = []
    for _ in range(12):
        wide = [wide, wide]
    for value, why in [
        (loop, "contains itself"),
        (deep, "nested deeper"),
        (wide, "items"),
        (list(range(2000)), "items"),
        (np.zeros(10**6), "may cross"),
        (1 << 1_000_000, "bits"),
    ]:
        for cross in (pair.lend, pair.back):
            with pytest.raises(ValueError, match=why):
                cross(value)
    assert pair.lend(3) == [3]


# -- what a hostile end sends


def block(number=-1, size=8, shift=0):
    return [number, size, shift]


def whole(shape, dtype="<f8", number=-2, of=-1, order="C", write=True, owns=True, buffer=0):
    return [number, of, shape, dtype, order, write, owns, buffer]


def view(shape, strides, dtype="<f8", number=-2, of=-1, offset=0, write=True):
    return [number, of, offset, shape, strides, dtype, write]


HOSTILE = {
    "not a message": {"values": [{"a": 1}]},
    "an unknown tag": {"values": [["eval", "1"]]},
    "a type that is not in the table": {"values": [["n", "type"]]},
    "a function by name": {"values": [["n", "eval"]]},
    "a number nobody has": {"values": [["@", 5]]},
    "a number that is a bool": {"values": [["@", True]]},
    "an object dtype": {"values": [["dt", "|O8"]]},
    "an object dtype in a field": {"values": [["dt", ["r", ["a"], ["|O8"], [0], 8]]]},
    "a scalar of objects": {"values": [["g", "|O8", "AAAAAAAAAAA="]]},
    "fields that overlap the end": {"values": [["dt", ["r", ["a"], ["<f8"], [4], 8]]]},
    "a huge dtype": {"values": [["dt", ["a", "<f8", [1 << 40]]]]},
    "a dtype in a dtype in a dtype …": {
        "values": [["dt", json.loads('["a",' * 50 + '"<f8"' + ",[1]]" * 50)]]
    },
    "a bool that is neither": {"values": [["g", "|b1", "Ag=="]]},
    "a character that is none": {"values": [["g", "<U1", "/////w=="]]},
    "an integer with too many digits": {"values": [["i", "f" * 200_000]]},
    "a named tuple with a dunder": {"values": [["t", [1], "P", ["__class__"]]]},
    "a named tuple with a private field": {"values": [["t", [1], "P", ["_count"]]]},
    "a named tuple with wrong fields": {"values": [["t", [1, 2], "P", ["a"]]]},
    "a deep value": {"values": [json.loads('["t",[' * 200 + "]]" * 200)]},
    "a range of text": {"values": [["ra", "a", 1, 1]]},
    "a view out of bounds": {
        "blocks": [block()],
        "arrays": [view([2], [8])],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "a view before its memory": {
        "blocks": [block()],
        "arrays": [view([2], [-8], offset=0)],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "a view whose strides overflow": {
        "blocks": [block()],
        "arrays": [view([3], [1 << 62])],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "a shape that overflows": {
        "blocks": [block()],
        "arrays": [view([1 << 40, 1 << 40], [0, 0])],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "an element repeated without end": {
        "blocks": [block()],
        "arrays": [view([1 << 33], [0])],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "a view of negative size": {
        "blocks": [block()],
        "arrays": [view([-1], [8])],
        "updates": [[-1, 0]],
        "buffers": [b"x" * 8],
    },
    "an array without memory that has elements": {"arrays": [view([1 << 40], None, of=0)]},
    "memory that was announced only": {
        "blocks": [block(size=1 << 40)],
        "updates": [[-1, 0]],
        "buffers": [b""],
    },
    "memory without content": {"blocks": [block()]},
    "an array of another size": {"wholes": [whole([1 << 30])], "buffers": [b"x" * 8]},
    "an array of no size": {"wholes": [whole([0])], "buffers": [b""]},
    "an array twice": {"wholes": [whole([1]), whole([1], of=-3)], "buffers": [b"x" * 8]},
    "memory twice": {"wholes": [whole([1]), whole([1], number=-3)], "buffers": [b"x" * 8]},
    "an array that is its own memory": {"wholes": [whole([1], of=-2)], "buffers": [b"x" * 8]},
    "an array of the test's": {"wholes": [whole([1], number=2)], "buffers": [b"x" * 8]},
    "an array that may or may not own": {"wholes": [whole([1], owns=2)], "buffers": [b"x" * 8]},
    "an array in no order": {"wholes": [whole([1], order="K")], "buffers": [b"x" * 8]},
    "an array with too many axes": {"wholes": [whole([1] * 65)], "buffers": [b"x" * 8]},
    "an array without a buffer": {"wholes": [whole([1], buffer=1)], "buffers": [b"x" * 8]},
    "an array of objects": {"wholes": [whole([1], "|O8")], "buffers": [b"x" * 8]},
    "whole arrays of what is no bool": {"wholes": [whole([2], "|b1")], "buffers": [b"\1\2"]},
    "one buffer again and again": {
        "wholes": [whole([1 << 20], "|u1", -2 * n, 1 - 2 * n) for n in range(1, 1100)],
        "buffers": [b"x" * (1 << 20)],
    },
    "bools that are neither": {
        "blocks": [block()],
        "arrays": [view([8], [1], "|b1")],
        "updates": [[-1, 0]],
        "buffers": [b"\1\0\1\2\0\0\0\0"],
    },
    "bools in a field that are neither": {
        "blocks": [block()],
        "arrays": [view([8], [1], ["r", ["a"], ["|b1"], [0], 1])],
        "updates": [[-1, 0]],
        "buffers": [b"\1\0\1\2\0\0\0\0"],
    },
    "characters that are none": {
        "blocks": [block()],
        "arrays": [view([2], [4], ">U1")],
        "updates": [[-1, 0]],
        "buffers": [b"\0\0\0a\0\x11\0\0"],
    },
    "a buffer that is not there": {"values": [["y", 7]]},
    "a buffer from the end": {"values": [["y", -1]], "buffers": [b"x"]},
    "a run of half a number": {"values": [["t", {"d": 0}]], "buffers": [b"abc"]},
    "text that is none": {"values": [["s", 0]], "buffers": [b"\xff"]},
    "a container without content": {"shells": [[-1, "list"]]},
    "a container of no kind": {"shells": [[-1, "object"]], "updates": [[-1, []]]},
    "a number of the test's": {"shells": [[1, "list"]], "updates": [[1, []]]},
    "a number twice": {"shells": [[-1, "list"], [-1, "list"]], "updates": [[-1, []]]},
    "a change twice": {"shells": [[-1, "list"]], "updates": [[-1, []], [-1, []]]},
    "a list as a key": {
        "shells": [[-1, "list"], [-2, "dict"]],
        "updates": [[-1, []], [-2, [["@", -1], 1]]],
    },
    "half a dict": {"shells": [[-2, "dict"]], "updates": [[-2, [1]]]},
    "a list that contains itself": {
        "shells": [[-1, "list"]],
        "updates": [[-1, [["@", -1]]]],
        "values": [["@", -1]],
    },
    "lists within lists without end": {
        "shells": [[-n, "list"] for n in range(1, 102)],
        "updates": [[-1, []], *([-n, [["@", 1 - n], ["@", 1 - n]]] for n in range(2, 102))],
        "values": [["@", -101]],
    },
    "tuples within tuples without end": {
        "shells": [[-1, "list"]],
        "updates": [[-1, []]],
        "tuples": [[-n, ["t", [["@", 1 - n], ["@", 1 - n]]]] for n in range(2, 90)],
        "values": [["@", -89]],
    },
    "a set of what hashes alike": {
        "values": [["fs", [["i", f"{n * (2**61 - 1):x}"] for n in range(3000)]]]
    },
    "a set of pairs of the same pair": {
        "tuples": [[-1, ["t", [1]]], *([-n, ["t", [["@", 1 - n]] * 2]] for n in range(2, 33))],
        "values": [["fs", [["@", -32]]]],
    },
    "a key of many again and again": {
        "tuples": [[-1, ["t", [*range(100_000)]]]],
        "values": [["fs", [["@", -1]]]] * 20_000,
    },
    "keys that are equal to the last item": {
        "values": [["fs", [["t", [["i", f"{n * (2**61 - 1):x}"]]] for n in range(200)]]]
    },
    "fields on top of each other": {
        "wholes": [
            whole(
                [1], ["r", [*map(str, range(40_000))], ["|V999999"] * 40_000, [0] * 40_000, 999_999]
            )
        ],
        "buffers": [b"x" * 4_000_000],
    },
    "a field of nothing": {
        "wholes": [whole([1], ["r", ["a"], [["a", "|b1", [0]]], [0], 1])],
        "buffers": [b"x"],
    },
    "a unit of no time": {"wholes": [whole([1], "<m8[0s]")], "buffers": [b"x" * 8]},
    "a list that is deep": {"values": [json.loads('["l",[' * 200 + "]]" * 200)]},
    "a copy of another size": {"values": [["a", [2], "<f8", "C", 0]], "buffers": [b"x" * 8]},
    "a copy in no order": {"values": [["a", [1], "<f8", "A", 0]], "buffers": [b"x" * 8]},
    "a copy without a buffer": {"values": [["a", [1], "<f8", "C", 1]], "buffers": [b"x" * 8]},
    "a copy of objects": {"values": [["a", [1], "|O8", "C", 0]], "buffers": [b"x" * 8]},
    "a copy of what is no bool": {"values": [["a", [2], "|b1", "F", 0]], "buffers": [b"\1\2"]},
    **{
        f"no axis, and no {what}": {name: [make(code)], "buffers": [data]}
        for name, make in (
            ("wholes", lambda code: whole([], code)),
            ("values", lambda code: ["a", [], code, "C", 0]),
        )
        for what, code, data in (
            (f"{name}: character", "<U1", b"\xff\xff\xff\xff"),
            (f"{name}: character of many", ">U2", b"\0\0\0a\0\x11\0\0"),
            (f"{name}: bool", "|b1", b"\2"),
            (f"{name}: character in a field", ["r", ["a"], ["<U1"], [0], 4], b"\0\0\x11\0"),
            (f"{name}: bool in a field", ["r", ["a"], ["|b1"], [0], 1], b"\2"),
            (
                f"{name}: bool in a row in a field",
                ["r", ["a"], [["a", "|b1", [2]]], [0], 2],
                b"\1\2",
            ),
        )
    },
    "a copy with too many axes": {
        "values": [["a", [1] * 65, "<f8", "C", 0]],
        "buffers": [b"x" * 8],
    },
    "a copy again and again": {
        "values": [["a", [1 << 20], "|u1", "C", 0]] * 1100,
        "buffers": [b"x" * (1 << 20)],
    },
    "half a dict that is copied": {"values": [["d", [1]]]},
    "a copied dict with a list as a key": {"values": [["d", [["l", []], 1]]]},
    "a view of no kind": {"values": [["vw", "names", [1]]]},
    "a view of no items": {"values": [["vw", "items", [1, 2]]]},
    "a view of items of three": {"values": [["vw", "items", [["t", [1, 2, 3]]]]]},
    "a view of keys that are lists": {"values": [["vw", "keys", [["l", []]]]]},
    "a view of items whose keys are lists": {"values": [["vw", "items", [["t", [["l", []], 1]]]]]},
    "a release of nothing": {"released": [1]},
    "a loan": {"lent": [1]},
    "one item": {"values": [[]]},
    "no depth of numbers": {"values": [["c", "1", "2"]]},
}


def test_the_trusted_end_takes_what_is_well_formed():
    (a,) = Pair().hostile(
        blocks=[block()], arrays=[view([2], [-4], "<i4", offset=4)], updates=[[-1, 0]],
        buffers=[b"\1\0\0\0\2\0\0\0"], values=[["@", -2]],
    )  # fmt: skip
    assert a.tolist() == [2, 1]
    got = Pair().hostile(
        shells=[[-1, "list"], [-2, "dict"]],
        updates=[[-1, [1]], [-2, ["a", ["@", -1]]]],
        tuples=[[-3, ["t", [["@", -1]], "P", ["a"]]]],
        values=[
            ["@", -2],
            ["@", -3],
            ["g", "|b1", "AQ=="],
            ["i", "f"],
            ["dt", "<f8"],
            ["n", "int"],
        ],
    )
    assert got == [{"a": [1]}, ([1],), True, 15, np.float64, int]
    (got,) = Pair().hostile(
        values=[["l", [["d", [["t", [1]], ["a", [2, 1], "<i2", "F", 0]]], ["l", {"d": 1}]]]],
        buffers=[b"\1\0\2\0", b"\0" * 8],
    )
    assert got[0][1,].tolist() == [[1], [2]]
    assert got[1:] == [[0.0]]


LONG = {"a copy again and again"}  # a gigabyte, as "one buffer again and again", which is quick


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in HOSTILE]
)
def test_the_trusted_end_refuses(name):
    spent = time.process_time()
    with pytest.raises(WallError) as caught:
        Pair().hostile(**HOSTILE[name])
    assert "\n" not in str(caught.value)
    # of this process alone. Most take some ms, to copy a gigabyte up to 3 s where memory is short;
    # what is not refused in time takes longer by far
    assert time.process_time() - spent < 6


def test_a_later_message_cannot_make_lists_bottomless():
    for last in ([["@", -40]], [["@", -39], ["@", -39]]):
        pair = Pair()
        shells = [[-n, "list"] for n in range(1, 41)]
        kept = pair.hostile(
            shells=shells, updates=[[-n, []] for n in range(1, 41)],
            values=[["@", -n] for n in range(1, 41)],
        )  # fmt: skip
        updates = [[-n, [["@", 1 - n], ["@", 1 - n]]] for n in range(2, 41)]
        with pytest.raises(WallError, match=r"itself|items"):
            collections.deque(pair.hostile(updates=[update]) for update in [*updates, [-1, last]])
        assert kept


def test_what_was_not_lent_cannot_be_written():
    for value, update, buffers in [
        (np.zeros(3), [2, 0], [b"x" * 24]),
        ([1, 2], [1, []], []),
        ({"a": 1}, [1, []], []),
        (bytearray(b"abc"), [1, ""], []),
    ]:
        pair = Pair()
        before = copy.deepcopy(value)
        pair.lend(value)
        pair.end_call()
        with pytest.raises(WallError, match="had not been passed"):
            pair.hostile(updates=[update], buffers=buffers)
        assert same(value, before)


def test_a_write_of_another_size_is_refused():
    pair = Pair()
    x = np.zeros(3)
    pair.lend(x)
    with pytest.raises(WallError):
        pair.hostile(updates=[[2, 0]], buffers=[b"x" * 32])
    assert x.tolist() == [0, 0, 0]


def test_only_elements_that_were_passed_can_be_written_or_seen():
    whole = np.arange(12.0).reshape(4, 3)
    pair, column = Pair(), whole[:, 1]
    pair.lend(column)
    pair.hostile(updates=[[2, 0]], buffers=[np.full(10, -1.0).tobytes()])
    assert column.tolist() == [-1] * 4
    assert whole[:, 0].tolist() == [0, 3, 6, 9]
    with pytest.raises(WallError):
        pair.hostile(arrays=[view([10], [8], of=2)], values=[["@", -2]])


def test_a_function_of_the_test_is_no_way_to_other_objects():
    pair = Pair()
    pair.lend(len)
    assert pair.hostile(values=[["@", 1]]) == [len]
    for number in (0, 2, 1.0, "1", None, [1], 1 << 70):
        with pytest.raises(WallError):
            Pair().hostile(values=[["@", number]])


# -- fuzz


def _messages(copies):
    """Real messages of a student's end, and the pair that expects them."""
    pair = Pair()
    x = np.arange(6.0).reshape(2, 3)
    there, items = pair.lend(x, [1, {"a": [2]}])
    there[0] = 5
    items.append({1, (2, 3)})
    cache = (there[:, 1:], np.array([True, False]), {"k": [1.5] * 20, "t": ("a", b"b", 1j, None)})
    if copies:
        return pair, pair.student.encode_copies("ok", [cache, [cache, ()], np.zeros((3, 2))]), x
    message = pair.student.encode("ok", [cache, np.datetime64("2020"), object(), np.zeros(3, "U2")])
    return pair, message, x


def _places(code, found):
    """All (list, index) within a message."""
    for index, part in enumerate(code):
        found.append((code, index))
        if type(part) is list:
            _places(part, found)
    return found


def _damage(chance, code):
    """The same message, different in one place or two."""
    for _ in range(chance.randrange(1, 3)):
        parent, index = chance.choice(_places(code, []))
        what = chance.random()
        if what < 0.15:
            del parent[index]
        elif what < 0.3:
            parent.insert(index, copy.deepcopy(parent[index]))
        elif what < 0.5:
            other, at = chance.choice(_places(code, []))
            parent[index] = copy.deepcopy(other[at])
        elif type(parent[index]) is int and what < 0.8:
            parent[index] += chance.choice([-8, -1, 1, 8, 1 << 40])
        else:
            parent[index] = chance.choice(
                [
                    *(None, True, -1, 0, 1, 2, -2, 8, -(1 << 63), 1e308, float("nan"), "", "<f8"),
                    *("|b1", "|O8", "list", "@", "t", "type", "\ud800", [], {}, {"d": 0}),
                ]
            )
    return code


@pytest.mark.parametrize("copies", [False, True])
def test_damaged_messages_raise_only_wall_errors(copies):
    outcomes = []
    for seed in range(2000):
        chance = random.Random(seed)
        pair, (structure, buffers), x = _messages(copies)
        buffers = [bytearray(buffer) for buffer in buffers]
        if seed % 3:
            structure = json.dumps(_damage(chance, json.loads(structure))).encode()
        else:
            structure = bytearray(structure)
            for _ in range(chance.randrange(1, 4)):
                structure[chance.randrange(len(structure))] = chance.randrange(256)
        if chance.random() < 0.3:
            damaged = chance.choice(buffers)
            damaged[chance.randrange(len(damaged) + 1) :] = chance.randbytes(chance.randrange(9))
        try:
            _, values = pair.test.decode(bytes(structure), buffers)
            repr(values)
            outcomes.append(True)
        except WallError:
            outcomes.append(False)
        assert x.shape == (2, 3)  # it was lent: its values may differ
    assert 100 < sum(outcomes) < 1900


@quick
@given(st.binary(max_size=200), st.lists(st.binary(max_size=20), max_size=3))
def test_random_bytes_raise_only_wall_errors(structure, buffers):
    with pytest.raises(WallError):
        Pair().test.decode(structure, [bytearray(buffer) for buffer in buffers])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(
        [*("@", "t", "l", "d", "fs", "g", "dt", "n", "i", "list", "dict"),
         *("<f8", "|b1", "a", "C", "r", "int", "")]
    ),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=20,
)  # fmt: skip


@quick
@given(st.lists(st.lists(json_values, max_size=3), min_size=10, max_size=10))
def test_random_messages_raise_only_wall_errors(sections):
    pair = Pair()
    pair.lend(np.zeros(3), [1], len)
    with contextlib.suppress(WallError):
        pair.test.decode(json.dumps(["ok", *sections]).encode(), [bytearray(8)] * 3)


# -- frames


@pytest.fixture
def ends():
    a, b = socket.socketpair()
    yield Channel(a, Limits()), b
    a.close()
    b.close()


def test_what_is_announced_is_not_allocated(ends):
    channel, far = ends
    channel.deadline = time.monotonic() + 0.3
    far.sendall(b"wall" + (10).to_bytes(4, "little") + (1).to_bytes(4, "little"))
    far.sendall((250 << 20).to_bytes(8, "little") + b"0123456789abc")
    tracemalloc.start()
    with pytest.raises(WallTimeout):
        channel.receive()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"wall" + b"\xff" * 8,
        b"wall" + bytes(4) + b"\xff\xff\xff\x01",
        b"wall" + (2).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"\xff" * 16,
        b"wall",
        b"",
    ],
)
def test_garbage_and_ends_raise(ends, sent):
    channel, far = ends
    channel.deadline = time.monotonic() + 60
    far.sendall(sent)
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(WallError) as caught:
        channel.receive()
    assert not isinstance(caught.value, WallTimeout)


def test_a_frame_that_drips_meets_the_deadline(ends):
    channel, far = ends
    channel.deadline = time.monotonic() + 0.3
    stop = threading.Event()

    def drip():
        for byte in b"wall" + (1000).to_bytes(4, "little") + bytes(1000):
            if stop.wait(0.02):
                return
            far.sendall(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(WallTimeout):
        channel.receive()
    assert thread.is_alive(), "it still drips: 1,008 bytes take 20 s"
    stop.set()
    thread.join()


def test_an_end_that_does_not_read_meets_the_deadline(ends):
    channel, _ = ends
    channel.deadline = time.monotonic() + 0.3
    with pytest.raises(WallTimeout):
        channel.send(b"{}", [bytearray(64 << 20)])


def test_no_codec_reads_code():
    paths = list(pathlib.Path(rpc.__file__).parent.rglob("*.py"))
    assert len(paths) > 10
    source = "".join(path.read_text() for path in paths)
    for word in ("import pickle", "marshal", "eval(", "exec(", "allow_pickle", "np.load"):
        assert word not in source


@pytest.mark.parametrize("in_c", [True, False])
def test_a_message_is_written_as_json_has_it(monkeypatch, in_c):
    if not in_c:  # as an interpreter without it does
        monkeypatch.setattr(encode, "_chunks", None)
    message = ["ok", [["@", -1], float("nan"), -0.0, 1e300, 'é\ud800"\\', None, True, 1 << 61], {}]
    assert encode._dumps(message) == json.dumps(message, separators=(",", ":")).encode()
    with pytest.raises(TypeError, match="not JSON serializable"):
        encode._dumps([object()])
