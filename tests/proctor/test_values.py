"""Values of other classes than the built-in ones: what arrives, what is seen changed, what is
refused."""

import collections
import contextlib
import copy
import dataclasses
import datetime
import itertools
import json
import operator
import pathlib
import random
import sys
import time
import tracemalloc
import types
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.rpc import Limits, Wall
from proctor.rpc.codec import WallError
from proctor.rpc.values import Values, registry
from proctor.run.job import Assignment
from proctor.run.template import Template
from tests.proctor.test_codec import Pair, Thing, _damage, frame
from tests.proctor.test_rpc import CELL, in_a_process, in_a_thread
from tests.proctor.test_template import played
from tests.tiers import examples

quick = settings(
    max_examples=examples(150, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
Point = collections.namedtuple("Point", "name count index")


def pair():
    """Two ends with converters, after their first message."""
    ends = Pair(converters=(Values(trusted=True), Values(trusted=False)))
    ends.lend(None)
    return ends


def hostile(name, *data, buffers=()):
    """What the test receives of an end that sends this value."""
    return pair().hostile(values=[["v", name, *data]], buffers=buffers)


def tupled(*items):
    """The code of a tuple."""
    return ["t", list(items)]


# -- Python's own

DATES = [
    datetime.date(2026, 11, 29),
    datetime.datetime(2026, 11, 29, 1, 2, 3, 4, BERLIN, fold=1),
    datetime.datetime(1, 1, 1, tzinfo=datetime.UTC),
    datetime.time(23, 59, tzinfo=datetime.timezone(datetime.timedelta(hours=-3), "there")),
    datetime.timedelta(-999_999_999),
    datetime.UTC,
    BERLIN,
]
NUMBERS = [
    *(Decimal("1.50"), Decimal("-1E-30"), Decimal("NaN"), Decimal("-Infinity"), Decimal("-0.0")),
    *(Fraction(-1, 3), Fraction(10**300, 7), uuid.UUID(int=7)),
]
PATHS = [pathlib.PurePosixPath("/a/b.txt"), pathlib.PureWindowsPath("C:\\a")]
CONTAINERS = [
    collections.Counter("abracadabra"),
    collections.OrderedDict(b=1, a=[2]),
    collections.defaultdict(list, {"a": [1]}),
    collections.defaultdict(None, {1: 2}),
    collections.deque([1, [2]], maxlen=3),
    collections.deque(),
]
OBJECTS = [
    np.array([["a", None], [1, (2, [3])]], object),
    np.array([], object),
    np.array([[1], [2, 3]], object),
]
STANDARD = [*DATES, *NUMBERS, *PATHS, *CONTAINERS]


def alike(a, b):
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize(
    "value", STANDARD, ids=lambda value: f"{type(value).__name__} {value!r:.30}"
)
def test_values_of_python_arrive_as_they_are_in_both_directions(value):
    ends = pair()
    for cross in (ends.lend, ends.back, ends.lend_copies, ends.back_copies):
        (got,) = cross(copy.deepcopy(value))
        assert alike(got, value)
        (within,) = cross({"a": [value, (value, 1)]})
        assert alike(within["a"][0], value)
        assert alike(within["a"][1][0], value)


@pytest.mark.parametrize("value", OBJECTS, ids=repr)
def test_arrays_of_plain_objects_cross(value):
    ends = pair()
    for cross in (ends.lend, ends.back, ends.lend_copies):
        (got,) = cross(value.copy())
        assert (got.dtype, got.shape, got.tolist()) == (object, value.shape, value.tolist())


def test_an_array_with_an_object_of_the_students_stays_behind():
    ends = pair()
    for inner in (object(), {1: [len]}, np.array([object()])):
        assert type(ends.back(np.array([1, inner], object))[0]) is Thing
    with pytest.raises(TypeError, match="cannot be passed to a student's function: there is a"):
        ends.lend(np.array([object()]))


def test_what_compares_compares_here():
    ends = pair()
    day, third, votes = ends.back(datetime.date(2026, 1, 2), Fraction(1, 3), CONTAINERS[0])
    assert day == datetime.date(2026, 1, 2)
    assert third == Fraction(1, 3)
    assert third < 0.5
    assert votes == {"a": 5, "b": 2, "r": 2, "c": 1, "d": 1}
    assert votes.most_common(1) == [("a", 5)]


def test_containers_of_python_change_in_both_directions():
    ends = pair()
    votes, queue, groups = collections.Counter("a"), collections.deque([1, 2], 2), CONTAINERS[2]
    order, groups = collections.OrderedDict(a=1, b=2), copy.deepcopy(groups)
    mine = votes, queue, groups, order
    theirs = ends.lend(*mine)
    theirs[0].update("ab")
    theirs[1].append(3)
    theirs[2]["new"].append(7)
    theirs[3].move_to_end("a")
    ends.back(None)
    assert votes == {"a": 2, "b": 1}
    assert list(queue) == [2, 3]
    assert groups == {"a": [1], "new": [7]}
    assert list(order) == ["b", "a"]
    votes["a"] = 9
    queue.clear()
    groups["new"].append(8)
    ends.lend(*mine)
    assert theirs[0] == {"a": 9, "b": 1}
    assert theirs[1] == collections.deque(maxlen=2)
    assert theirs[2]["new"] == [7, 8]


def test_a_defaultdict_of_a_students_function_is_a_dict():
    (got,) = pair().back(collections.defaultdict(lambda: 0, a=1))
    assert alike(got, {"a": 1})


def test_a_student_counter_of_a_subclass_takes_back_what_the_test_wrote():
    class Votes(collections.Counter):
        pass

    ends, votes = pair(), Votes("aab")
    (got,) = ends.back(votes)
    got["c"] = 5
    ends.lend(got)
    assert votes == {"a": 2, "b": 1, "c": 5}


def test_a_path_is_of_the_students_files():
    ends = pair()
    path = pathlib.PosixPath("data/a.csv")
    (got,) = ends.back(path)
    assert alike(got, pathlib.PurePosixPath("data/a.csv"))
    assert got == pathlib.Path("data/a.csv")
    assert not hasattr(got, "read_text")
    assert ends.lend(got)[0] is path
    assert alike(ends.lend(pathlib.PosixPath("b"))[0], pathlib.PosixPath("b"))


def test_named_tuples_have_what_named_tuples_have():
    (got,) = pair().back(Point("a", 2, 3))
    assert got == ("a", 2, 3)
    assert (got.name, got.count, got.index) == ("a", 2, 3)
    assert got._replace(count=5).count == 5
    assert type(got)._make([1, 2, 3])._asdict() == {"name": 1, "count": 2, "index": 3}


@dataclasses.dataclass(frozen=True, order=True)
class Place:
    x: int
    y: float = 2.0


@dataclasses.dataclass(frozen=True)
class Lying:
    x: int

    def __eq__(self, other):
        return True

    __hash__ = None


@dataclasses.dataclass(frozen=True)
class Walking:
    x: int

    def step(self):
        return Walking(self.x + 1)


@dataclasses.dataclass
class Changing:
    x: int


def test_frozen_dataclasses_compare_by_their_fields():
    ends, place = pair(), Place(1)
    got, same, other = ends.back(place, Place(1), Place(3))
    assert type(got).__name__ == "Place"
    assert (got.x, got.y) == (1, 2.0)
    assert got == same
    assert hash(got) == hash(same)
    assert got < other
    assert got != (1, 2.0)
    assert repr(got) == "Place(x=1, y=2.0)"
    assert dataclasses.asdict(got) == {"x": 1, "y": 2.0}
    assert dataclasses.replace(got, x=3) == other
    with pytest.raises(dataclasses.FrozenInstanceError):
        got.x = 2
    assert ends.lend(got)[0] is place


def test_dataclasses_with_more_than_fields_stay_behind():
    for value in (Lying(1), Walking(1), Changing(1), Place([1]), Place(object()), Place):
        assert type(pair().back(value)[0]) is Thing
    with pytest.raises(TypeError):
        pair().lend(Place(1))  # of a class that the student's end does not have


def test_of_a_subclass_nothing_crosses_as_data():
    class Day(datetime.date):
        def __eq__(self, other):
            return True

    class Rate(Fraction):
        def __eq__(self, other):
            return True

    class Amount(Decimal):
        def __eq__(self, other):
            return True

    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            return datetime.timedelta(0)

        def tzname(self, when):
            return "UTC"

    lying = datetime.datetime(2026, 1, 1, tzinfo=Zone())
    for value in (Day(2026, 1, 1), Rate(1, 2), Amount(1), Zone(), lying):
        assert type(pair().back(value)[0]) is Thing


# -- what is refused

DAY = "datetime.date"
BIG = 1 << 60
HOSTILE = {
    "a class that nobody knows": ("os.system", "id"),
    "a class that is no text": ([], 1),
    "a number in place of data": (DAY, 3),
    "a date of texts": (DAY, tupled("2026", 1, 1)),
    "a date of bools": (DAY, tupled(True, True, True)),
    "a date of too many parts": (DAY, tupled(1, 1, 1, 1)),
    "a day that is none": (DAY, tupled(2026, 2, 30)),
    "a year beyond all": (DAY, tupled(BIG, 1, 1)),
    "a time zone of text": ("datetime.time", tupled(1, 1, 1, 1, "UTC", 0)),
    "a fold that is none": ("datetime.time", tupled(1, 1, 1, 1, None, 2)),
    "a span beyond all": ("datetime.timedelta", tupled(BIG, 0, 0)),
    "a time zone by a way upwards": ("zoneinfo.ZoneInfo", "../../../../etc/passwd"),
    "a time zone by a way upwards within": ("zoneinfo.ZoneInfo", "Europe/../../x"),
    "an absolute time zone": ("zoneinfo.ZoneInfo", "/etc/localtime"),
    "a time zone of NUL": ("zoneinfo.ZoneInfo", "Europe/Ber\0lin"),
    "a time zone that is a folder": ("zoneinfo.ZoneInfo", "Europe"),
    "a time zone of great length": ("zoneinfo.ZoneInfo", "A" * 4000),
    "an offset of a week": (
        "datetime.timezone",
        tupled(["v", "datetime.timedelta", tupled(7, 0, 0)], None),
    ),
    "a decimal of 10**9 digits": ("decimal.Decimal", "1E+999999999"),
    "a decimal of many digits": ("decimal.Decimal", "1E+99999"),
    "a decimal of other digits": ("decimal.Decimal", "١٢"),
    "a decimal with spaces": ("decimal.Decimal", " 1 "),
    "a decimal of long text": ("decimal.Decimal", ["s", 0], [b"1" * 100_000]),
    "a fraction of nothing": ("fractions.Fraction", tupled(1, 0)),
    "a fraction below nothing": ("fractions.Fraction", tupled(1, -2)),
    "a fraction of floats": ("fractions.Fraction", tupled(0.5, 1)),
    "a fraction of a list": ("fractions.Fraction", [1, 2]),
    "a uuid that is too large": ("uuid.UUID", ["i", "f" * 33]),
    "a path of great length": ("pathlib.PosixPath", ["s", 0], [b"a" * 100_000]),
    "an array of another size": ("numpy.ndarray", tupled(["l", [3]], ["l", [1, 2]])),
    "an array of a negative size": ("numpy.ndarray", tupled(["l", [-1, -2]], ["l", [1, 2]])),
    "an array of nothing, and vast": ("numpy.ndarray", tupled(["l", [0, BIG]], ["l", []])),
    "an array of many axes": ("numpy.ndarray", tupled(["l", [1] * 99], ["l", [1]])),
    "an array with a reference": ("numpy.ndarray", tupled(["l", [1]], ["l", [["@", 1]]])),
    "an array with a type": ("numpy.ndarray", tupled(["l", [1]], ["n", "list"])),
    "a dataclass with a dunder": ("dataclass", tupled("P", False, tupled("__class__"), tupled(1))),
    "a dataclass of no name": ("dataclass", tupled("P()", False, tupled("x"), tupled(1))),
    "a dataclass of one field twice": (
        "dataclass",
        tupled("P", False, tupled("x", "x"), tupled(1, 2)),
    ),
    "a dataclass of a list of fields": (
        "dataclass",
        tupled("P", False, ["l", ["x"]], tupled(1)),
    ),
    "a dataclass that shares a change": (
        "dataclass",
        tupled("P", False, tupled("x"), tupled(["@", 1])),
    ),
    "buffers of others": (DAY, tupled(1, 1, 1), -1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_trusted_end_refuses(name):
    named, data, *more = HOSTILE[name]
    buffers = more[0] if more and type(more[0]) is list else ()
    more = [] if type(buffers) is list else more
    spent = time.process_time()
    with pytest.raises(WallError) as caught:
        hostile(named, data, *more, buffers=buffers)
    assert "\n" not in str(caught.value)
    assert time.process_time() - spent < 5  # a bound far from what it takes: milliseconds


SHELLS = {
    "a deque of negative length": ["deque", -1],
    "a deque of a text's length": ["deque", "5"],
    "a deque of no length": ["deque"],
    "a deque beyond all": ["deque", 1 << 63],
    "a factory that runs": ["defaultdict", "eval"],
    "a factory by a path": ["defaultdict", "os.system"],
    "a factory of a list": ["defaultdict", ["list"]],
    "a counter with more": ["Counter", 1],
    "a container that is none": ["OrderedSet"],
}


@pytest.mark.parametrize("name", SHELLS)
def test_the_trusted_end_refuses_containers(name):
    with pytest.raises(WallError):
        pair().hostile(shells=[[-1, *SHELLS[name]]], updates=[[-1, []]], values=[["@", -1]])


def test_containers_cannot_contain_themselves_or_be_made_slow_to_hash():
    for kind in (["deque", None], ["Counter"], ["OrderedDict"], ["defaultdict", None]):
        inner = [["@", -1]] if kind[0] == "deque" else [1, ["@", -1]]
        with pytest.raises(WallError, match="itself"):
            pair().hostile(shells=[[-1, *kind]], updates=[[-1, inner]], values=[["@", -1]])
    collide = [["i", f"{(2**61 - 1) * n:x}"] for n in range(1, 200)]
    for kind in ("Counter", "OrderedDict"):
        with pytest.raises(WallError, match="collide"):
            pair().hostile(
                shells=[[-1, kind]], updates=[[-1, [*collide, *[1] * 199]]], values=[["@", -1]]
            )
    decimals = [["v", "decimal.Decimal", str((2**61 - 1) * n)] for n in range(1, 200)]
    with pytest.raises(WallError, match="collide"):
        pair().hostile(values=[["fs", decimals]])


def test_a_value_of_a_number_is_one_that_changes_and_changes_stay_of_its_class():
    with pytest.raises(WallError, match="with a number"):
        pair().hostile(tuples=[[-1, ["v", DAY, tupled(1, 1, 1)]]], values=[["@", -1]])
    one, other = tupled(["l", [1]], ["l", [5]]), tupled(["l", [2]], ["l", [1, 2]])
    for change in (["v", DAY, tupled(1, 1, 1)], ["v", "numpy.ndarray", other], [1], {"d": 0}, 3):
        ends = pair()
        (got,) = ends.hostile(tuples=[[-1, ["v", "numpy.ndarray", one]]], values=[["@", -1]])
        with pytest.raises(WallError):
            ends.hostile(updates=[[-1, change]], buffers=[b"\0" * 8])
        assert got.tolist() == [5]


def test_what_was_not_lent_is_not_changed():
    ends, array = pair(), np.array([1, "a"], object)
    ends.lend(array)
    ends.end_call()
    number = ends.test.number_of(array)
    with pytest.raises(WallError, match="had not been passed"):
        ends.hostile(updates=[[number, ["v", "numpy.ndarray", tupled(["l", [2]], ["l", [0, 0]])]]])
    assert array.tolist() == [1, "a"]


# -- changes in place


def test_an_array_of_objects_is_seen_changed_in_both_directions():
    ends, array = pair(), np.array([1, "a", [2]], object)
    (there,) = ends.lend(array)
    there[0] = "new"
    there[2].append(3)
    assert ends.back(there)[0] is array
    assert array.tolist() == ["new", "a", [2, 3]]
    array[1] = None
    ends.lend(None)
    assert there.tolist() == ["new", None, [2, 3]]


def test_a_change_that_cannot_cross_is_an_error_that_says_so_once():
    ends, array = pair(), np.array([1, 2], object)
    (there,) = ends.lend(array)
    there[0] = object()
    with pytest.raises(TypeError, match="ndarray that was passed was changed in place, and there"):
        ends.back(None)
    assert ends.back(None) == [None]
    there[0] = 5
    ends.back(None)
    assert array.tolist() == [5, 2]


def test_an_error_about_a_change_reaches_the_test():
    cell = CELL + "def spoil(a):\n    a[0] = object()\n"
    ours, end = in_a_thread(cell, Limits())
    with Wall(ours, timeout=20) as wall:
        with pytest.raises(TypeError, match="was changed in place"):
            wall.fetch("spoil")(np.array([1, 2], object))
        assert wall.fetch("same")(datetime.date(2026, 1, 1)) == datetime.date(2026, 1, 1)
    end()


# -- a course's own


class Money:
    def __init__(self, cents):
        self.cents = cents


class _Converter:
    @staticmethod
    def to_data(value):
        return value.cents

    @staticmethod
    def from_data(data):
        if type(data) is not int:
            raise ValueError("no cents")
        return Money(data)


@pytest.fixture
def plugged_in(monkeypatch):
    module = types.ModuleType("purse")
    module.Money, module.Converter = Money, _Converter
    monkeypatch.setitem(sys.modules, "purse", module)
    point = EntryPoint("purse.Money", "purse:Converter", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry.sources.cache_clear()
    yield
    registry.sources.cache_clear()


@pytest.mark.usefixtures("plugged_in")
def test_a_course_adds_a_class_by_two_functions():
    ends = pair()
    (got,) = ends.back(Money(5))
    assert (type(got), got.cents) == (Money, 5)
    (there,) = ends.lend([got])[0]
    there.cents = 6
    mine = Money(1)
    (there,) = ends.lend(mine)
    there.cents = 7
    with pytest.raises(TypeError, match="changes of it do not cross"):
        ends.back(None)
    with pytest.raises(WallError, match="no cents"):
        ends.hostile(values=[["v", "purse.Money", "5"]])


def test_what_the_trusted_end_has_not_imported_stays_behind(plugged_in, monkeypatch):
    there, module = Values(trusted=False), sys.modules["purse"]
    monkeypatch.delitem(sys.modules, "purse")
    ends = Pair(converters=(Values(trusted=True), there))
    ends.lend(None)
    assert type(ends.back(Money(5))[0]) is Thing
    with pytest.raises(WallError, match="class"):
        ends.hostile(values=[["v", "purse.Money", 5]])
    monkeypatch.setitem(sys.modules, "purse", module)  # the test imports it later
    ends.lend(None)
    assert type(ends.back(Money(5))[0]) is Money


# -- fuzz

names = st.sampled_from([one.name for one in registry._of_module("standard")])
codes = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 62), 1 << 62)
    | st.integers(-3, 60)
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["Europe/Berlin", "1E+9", "Counter", "deque", "list", "x", "P"]),
    lambda inner: (
        st.lists(inner, max_size=9).map(lambda items: ["t", items])
        | st.lists(inner, max_size=4).map(lambda items: ["l", items])
        | st.tuples(names, inner).map(lambda parts: ["v", *parts])
        | st.tuples(st.sampled_from(["Counter", "deque", "set", "defaultdict", "x"]), inner).map(
            lambda parts: ["k", *parts]
        )
        | st.tuples(st.sampled_from(["@", "a", "d", "fs", "sl", "g", "n"]), inner).map(list)
    ),
    max_leaves=14,
)


@quick
@given(names, codes)
def test_random_values_are_values_or_wall_errors(name, code):
    with contextlib.suppress(WallError):
        hostile(name, code)


def damaged(value, seeds, made=pair):
    """(how many arrived, how many were refused) of messages with this value, damaged."""
    arrived = refused = 0
    ends = made()
    structure, buffers = frame(ends.student.encode("ok", [value]))
    for seed in range(seeds):
        chance, ends = random.Random(seed), made()
        code = json.loads(structure)
        inner = code[7][0][1] if code[7] and len(code[7][0][1][2]) > 1 else code
        if seed % 3:  # anywhere, or within the value's data, or only in its bytes
            _damage(chance, inner[2][1] if seed % 3 == 1 and inner is not code else code)
        spoilt = [bytearray(buffer) for buffer in buffers]
        for buffer in spoilt:
            if buffer and chance.random() < 0.5:
                at = chance.randrange(len(buffer))
                buffer[at : at + 8] = chance.randbytes(8)
        try:
            ends.test.decode(json.dumps(code).encode(), spoilt)
            arrived += 1
        except WallError:
            refused += 1
    return arrived, refused


def test_damaged_values_of_python_raise_only_wall_errors():
    every = [*STANDARD, *OBJECTS, Place(1), pathlib.PosixPath("a")]
    spent = time.process_time()
    arrived, refused = map(sum, zip(*(damaged(value, 60) for value in every), strict=True))
    assert min(arrived, refused) > 100
    assert time.process_time() - spent < 60  # 2 s on a quiet machine


# -- pandas


@pytest.fixture(scope="module")
def pd():
    return pytest.importorskip("pandas")


def frames(pd):
    """Frames, series, indexes by what is particular in them."""
    dates = pd.date_range("2026-01-01", periods=3, tz=BERLIN)
    mixed = pd.DataFrame(
        {
            "int": np.arange(3, dtype="i2"),
            "float": [1.5, np.nan, -0.0],
            "bool": [True, False, True],
            "complex": [1j, 2, 3],
            "text": ["a", None, "c"],
            "string": pd.array(["a", None, "c"], dtype="string"),
            "nullable": pd.array([1, None, 3], dtype="Int8"),
            "Float": pd.array([1.5, None, 3], dtype="Float32"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "category": pd.Categorical(["u", None, "v"], ["v", "u", "w"], ordered=True),
            "zoned": dates,
            "dates": dates.tz_localize(None).astype("datetime64[s]"),
            "spans": pd.to_timedelta([1, None, 3], unit="s"),
            "periods": pd.period_range("2026-01", periods=3, freq="M"),
            "intervals": pd.interval_range(0, 3),
            "objects": pd.Series([[1], {"k": Decimal(1)}, None], dtype=object),
            "few": pd.Series(["x", 1, pd.Timestamp("2026")], dtype=object),
        }
    )
    several = pd.MultiIndex.from_product([["a", "b"], dates[:2]], names=["x", None])
    return {
        "mixed": mixed,
        "a text as index": mixed.set_index("text"),
        "several levels": mixed.set_index(["int", "category"]),
        "several levels of columns": pd.DataFrame(np.ones((2, 4)), columns=several),
        "one name twice": pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"]),
        "one label twice": pd.DataFrame({"x": ["p", "q"]}, index=[1, 1]),
        "nothing": pd.DataFrame(),
        "no rows": mixed.iloc[:0],
        "no columns": pd.DataFrame(index=[1, 2, 3]),
        "a turned one": mixed[["int", "float"]].T,
        "a description": mixed.drop(columns="complex").describe(),
        "groups": mixed.groupby("category", observed=False)["int"].agg(["sum", "mean"]),
        "a series": mixed["string"],
        "a series of objects": mixed["objects"],
        "a series named by a tuple": pd.Series([1], name=("a", 1)),
        "an empty series": pd.Series(dtype=float),
        "a series of dates": pd.Series([1, 2, 3], index=dates),
        "a range": pd.RangeIndex(2, 9, 3, name="r"),
        "an index": pd.Index([3, 1, 2], name=("n", 1)),
        "an index of text": pd.Index(["a", "b"]),
        "an index of objects": pd.Index(["a", 1, None], dtype=object),
        "an index of several": several,
        "an index of categories": pd.CategoricalIndex(["a", "b"]),
        "an index of intervals": pd.IntervalIndex.from_breaks(dates, closed="left"),
        "an index of periods": pd.period_range("2026Q1", periods=3, freq="Q"),
        "an index with a frequency": pd.date_range("2026", periods=3, freq="B"),
        "an index of spans": pd.timedelta_range("1h", periods=3),
    }


FRAMES = (
    *("mixed", "a text as index", "several levels", "several levels of columns", "one name twice"),
    *("one label twice", "nothing", "no rows", "no columns", "a turned one", "a description"),
    *("groups", "a series", "a series of objects", "a series named by a tuple", "an empty series"),
    *("a series of dates", "a range", "an index", "an index of text", "an index of objects"),
    *("an index of several", "an index of categories", "an index of intervals"),
    *("an index of periods", "an index with a frequency", "an index of spans"),
)


def assert_same(pd, got, want):
    assert type(got) is type(want)
    kinds = {pd.DataFrame: pd.testing.assert_frame_equal, pd.Series: pd.testing.assert_series_equal}
    kinds.get(type(want), pd.testing.assert_index_equal)(got, want)


@pytest.mark.parametrize("name", FRAMES)
def test_frames_arrive_as_they_are_in_both_directions(pd, name):
    value = frames(pd)[name]
    ends = pair()
    (got,) = ends.back(value)
    assert_same(pd, got, value)
    assert ends.lend(got)[0] is value
    (there,) = ends.lend(value.copy())
    assert_same(pd, there, value)
    assert_same(pd, ends.back_copies([value])[0][0], value)


def test_every_frame_is_tried(pd):
    assert set(FRAMES) == set(frames(pd))


def test_single_values_of_pandas_cross(pd):
    values = [
        *(pd.Timestamp("2026-01-01", tz=BERLIN), pd.Timestamp("2026").as_unit("s")),
        *(pd.Timedelta("1h"), pd.Interval(0, 1, closed="left"), pd.Period("2026-01", "M")),
        *(pd.NaT, pd.NA, pd.Interval(pd.Timestamp("2026"), pd.Timestamp("2027"))),
        pd.Categorical(["a", None], ["b", "a"], ordered=True),
    ]
    ends = pair()
    for cross in (ends.lend, ends.back, ends.back_copies):
        for value in values:
            (got,) = cross(value)
            assert alike(got, value)
            assert alike(cross([value])[0][0], value)


def test_what_tests_do_with_frames(pd):
    data = pd.DataFrame({"id": [1, 2, 2], "v": [1.0, 2.0, 4.0]}, index=["a", "b", "c"])
    (got,) = pair().back(data)
    assert type(got) == pd.DataFrame  # noqa: E721  as tests write it
    assert got.equals(data)
    assert all(got.index == ["a", "b", "c"])
    assert got[got.id == 2].v.tolist() == [2, 4]
    assert np.isclose(np.corrcoef(got.id, got.v)[0, 1], np.corrcoef(data.id, data.v)[0, 1])
    assert list(got.columns) == ["id", "v"]


def test_attributes_of_a_frame_are_dropped(pd):
    data = pd.DataFrame({"x": [1]})
    data.attrs["note"] = object()
    assert pair().back(data)[0].attrs == {}


def test_frames_of_a_students_own_class_stay_behind(pd):
    class Frame(pd.DataFrame):
        def __eq__(self, other):
            return True

        def equals(self, other):
            return True

    class Numbers(pd.Series):
        pass

    ends, hidden = pair(), object()
    things = [
        Frame({"x": [1]}),
        Numbers([1]),
        pd.DataFrame({"x": [hidden]}),
        pd.Series([Frame({"x": [1]})]),
        pd.Series([1], name=Place(object())),
        pd.DataFrame({"x": pd.arrays.SparseArray([0, 1])}),
        pd.DataFrame({"x": [1]}).groupby("x"),
    ]
    for value in things:
        assert type(ends.back(value)[0]) is Thing


def test_a_frame_that_a_function_changes_is_seen_changed(pd):
    ends, data = pair(), pd.DataFrame({"x": [1, 2, 3]})
    series, other = pd.Series([1.0, 2.0], name="s"), data.copy()
    there, numbers = ends.lend(data, series)
    there["y"] = ["a", "b", "c"]
    there.drop(index=0, inplace=True)
    there.columns = ["z", "y"]
    numbers.iloc[0] = 9
    numbers.name = "t"
    assert ends.back(there)[0] is data
    assert data.columns.tolist() == ["z", "y"]
    assert data.index.tolist() == [1, 2]
    assert data.y.tolist() == ["b", "c"]
    assert (series.tolist(), series.name) == ([9, 2], "t")
    assert other.columns.tolist() == ["x"]
    data.loc[1, "z"] = 50
    ends.lend(None)
    assert there.z.tolist() == [50, 3]


def test_frames_cross_a_wall_between_processes(pd):
    cell = """
import pandas as pd
def clean(d):
    d.dropna(inplace=True)
def summary(d):
    return d.groupby("g")["v"].mean()
class Model:
    table = pd.DataFrame({"a": [1]})
"""
    ours, end = in_a_process(cell)
    with Wall(ours, timeout=60) as wall:
        data = pd.DataFrame({"g": ["x", "y", "x"], "v": [1.0, None, 3.0]})
        wall.fetch("clean")(data)
        assert data.index.tolist() == [0, 2]
        expected = pd.Series([2.0], index=pd.Index(["x"], name="g"), name="v")
        pd.testing.assert_series_equal(wall.fetch("summary")(data), expected)
        model = wall.fetch("Model")()
        model.table["b"] = [2]  # of the copy here; it is told with the next call
        assert model.table.columns.tolist() == ["a", "b"]
    end()


def test_a_frame_that_takes_in_an_object_is_an_error_that_says_so(pd):
    ends, data = pair(), pd.DataFrame({"x": [1, 2]})
    (there,) = ends.lend(data)
    there["model"] = [object(), object()]
    with pytest.raises(TypeError, match="DataFrame that was passed was changed in place, and"):
        ends.back(None)
    ends.back(None)
    assert data.columns.tolist() == ["x"]


def number(values, dtype="<i8"):
    """(the code of an array of numbers, its bytes)."""
    array = np.array(values, dtype)
    return ["a", list(array.shape), dtype, "C", 0], [array.tobytes()]


def range_(start, stop, step):
    return tupled("range", tupled(start, stop, step), ["l", [None]])


def plain(items):
    return tupled("index", tupled("objects", ["l", items]), None, ["l", [None]])


def of_series(told, rows=2):
    return tupled(range_(0, rows, 1), told, None)


def _hostile_frames():
    """{what: (class, code, buffers)}."""
    two, buffers = number([0, 1])
    wild, wild_buffers = number([0, 7])
    below, below_buffers = number([-2, 0])
    text = tupled("text", "python", "nan", ["l", ["a", "b"]])
    categories = plain(["a", "b"])
    columns = tupled(tupled("numbers", two))
    found = {
        "rows without end": ("DataFrame", tupled(range_(0, BIG, 1), plain([]), ["l", []]), []),
        "a step of none": ("RangeIndex", range_(0, 1, 0), []),
        "another length": ("Series", of_series(tupled("numbers", two), 3), buffers),
        "columns of another number": (
            "DataFrame",
            tupled(range_(0, 2, 1), plain(["a", "b"]), ["l", columns[1]]),
            buffers,
        ),
        "a kind of array that is none": ("Series", of_series(tupled("pickle", "a")), []),
        "an array of two axes": (
            "Series",
            of_series(tupled("numbers", number([[1, 2]])[0])),
            buffers,
        ),
        "objects as numbers": ("Series", of_series(tupled("numbers", ["l", [1, 2]])), []),
        "objects that are a handle": (
            "Series",
            of_series(tupled("objects", ["l", [["@", 1], 2]])),
            [],
        ),
        "text that is none": (
            "Series",
            of_series(tupled("text", "python", "nan", ["l", [1, 2]])),
            [],
        ),
        "text kept by nobody": (
            "Series",
            of_series(tupled("text", "os", "nan", ["l", ["a", "b"]])),
            [],
        ),
        "codes beyond the categories": (
            "Categorical",
            tupled(categories, wild, False),
            wild_buffers,
        ),
        "codes below the categories": (
            "Categorical",
            tupled(categories, below, False),
            below_buffers,
        ),
        "one category twice": ("Categorical", tupled(plain(["a", "a"]), two, False), buffers),
        "vast categories": ("Categorical", tupled(range_(0, 50_000, 1), two, False), buffers),
        "an order that is no bool": ("Categorical", tupled(categories, two, 1), buffers),
        "levels that codes miss": (
            "MultiIndex",
            tupled("multi", ["l", [categories]], ["l", [wild]], ["l", [None]]),
            wild_buffers,
        ),
        "levels of other numbers": (
            "MultiIndex",
            tupled("multi", ["l", [categories] * 2], ["l", [two]], ["l", [None, None]]),
            buffers,
        ),
        "names of another number": (
            "Index",
            tupled("index", text, None, ["l", ["a", "b"]]),
            [],
        ),
        "a name that cannot be hashed": (
            "Index",
            tupled("index", text, None, ["l", [["l", []]]]),
            [],
        ),
        "a frequency of text": ("Index", tupled("index", text, "D", ["l", [None]]), []),
        "a frequency that is a program": (
            "PeriodIndex",
            tupled("index", tupled("periods", two, "__import__"), None, ["l", [None]]),
            buffers,
        ),
        "a long frequency": ("Period", tupled(1, "9" * 10_000 + "D"), []),
        "a zone of text": ("Series", of_series(tupled("zoned", two, "UTC")), buffers),
        "an interval of texts": ("Interval", tupled("a", "b", "left"), []),
        "an interval turned round": ("Interval", tupled(2, 1, "left"), []),
        "an interval of frames": ("Interval", tupled(["l", []], ["l", []], "left"), []),
        "intervals of intervals of …": ("Series", of_series(_deep(9)), []),
        "a moment of no time": (
            "Timestamp",
            tupled(["g", "<M8[D]", "AAAAAAAAAAA="], None),
            [],
        ),
        "a span of text": ("Timedelta", "1h", []),
        "a name that is a frame": (
            "Series",
            tupled(range_(0, 2, 1), tupled("numbers", two), ["l", []]),
            buffers,
        ),
        "masks of another length": (
            "Series",
            of_series(tupled("nullable", "Int64", two, number([1], "|b1")[0])),
            buffers,
        ),
        "masked numbers of another kind": (
            "Series",
            of_series(tupled("nullable", "float64", two, two)),
            buffers,
        ),
    }
    return found


def _deep(n):
    told = tupled("objects", ["l", [1, 2]])
    for _ in range(n):
        index = tupled("index", told, None, ["l", [None]])
        told = tupled("intervals", index, index, "left")
    return told


HOSTILE_FRAMES = _hostile_frames()


@pytest.mark.parametrize("name", HOSTILE_FRAMES)
def test_the_trusted_end_refuses_frames(pd, name):
    kind, code, buffers = HOSTILE_FRAMES[name]
    ends = pair()
    kind = ends.test.converters.of(getattr(pd, kind)).name
    spent = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(WallError) as caught:
            ends.hostile(values=[["v", kind, code]], buffers=buffers)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert "the name of a value's class" not in str(caught.value)
    assert time.process_time() - spent < 10  # most take a millisecond


def test_damaged_frames_raise_only_wall_errors(pd):
    found = frames(pd)
    spent = time.process_time()
    totals = [damaged(found[name], 40) for name in FRAMES]
    arrived, refused = map(sum, zip(*totals, strict=True))
    assert min(arrived, refused) > 50
    assert time.process_time() - spent < 120  # 15 s on a quiet machine


# -- SciPy, Pillow, SymPy, PyTorch

LAYOUTS = ("csr", "csc", "coo", "lil", "dia")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sparse_matrices_cross(layout):
    sp = pytest.importorskip("scipy.sparse")
    dense = np.array([[0, 1.5, 0], [2, 0, 0]])
    for make in (sp.csr_matrix, sp.csr_array):
        value, ends = make(dense).asformat(layout), pair()
        (got,) = ends.back(value)
        assert type(got) is type(value)
        assert (got.dtype, got.shape) == (value.dtype, value.shape)
        assert got.toarray().tolist() == dense.tolist()
        assert ends.lend(got)[0] is value
        mine = value.copy()
        (there,) = ends.lend(mine)
        there *= 2
        ends.back(there)
        assert mine.toarray().tolist() == (2 * dense).tolist()


def _sparse(values, indices, starts, shape):
    parts = [np.array(values, "<f8"), np.array(indices, "<i4"), np.array(starts, "<i4")]
    codes = [["a", [len(part)], part.dtype.str, "C", at] for at, part in enumerate(parts)]
    return tupled(*codes, tupled(*shape)), [part.tobytes() for part in parts]


SPARSE = {
    "an index beyond the columns": ("csr", [1, 1], [0, 9], [0, 1, 2], (2, 3)),
    "an index below nothing": ("csr", [1, 1], [0, -1], [0, 1, 2], (2, 3)),
    "an index far out": ("csc", [1, 1], [0, 1 << 30], [0, 1, 2, 2], (2, 3)),
    "rows that go back": ("csr", [1, 1], [0, 1], [0, 5, 2], (2, 3)),
    "rows that begin before": ("csr", [1, 1], [0, 1], [-5, 1, 2], (2, 3)),
    "rows that end behind": ("csr", [1, 1], [0, 1], [0, 1, 99], (2, 3)),
    "too few rows": ("csr", [1, 1], [0, 1], [0, 2], (2, 3)),
    "fewer indices": ("csr", [1, 1], [0], [0, 1, 2], (2, 3)),
    "a negative shape": ("csr", [], [], [0], (-1, 3)),
    "a vast shape": ("coo", [], [], [], (1 << 40, 1 << 40)),
    "a row beyond": ("coo", [1], [5], [0], (2, 3)),
    "a column below nothing": ("coo", [1], [0], [-1], (2, 3)),
    "a vast list of lists": ("lil", [], [], [], (9_000_000, 3)),
}


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_the_trusted_end_refuses_sparse_matrices(name, kind):
    sp = pytest.importorskip("scipy.sparse")
    layout, *told = SPARSE[name]
    code, buffers = _sparse(*told)
    ends = pair()
    converter = ends.test.converters.of(getattr(sp, f"{layout}_{kind}"))
    with pytest.raises(WallError, match="is not right"):
        ends.hostile(values=[["v", converter.name, code]], buffers=buffers)


def test_damaged_sparse_matrices_raise_only_wall_errors():
    sp = pytest.importorskip("scipy.sparse")
    for layout in LAYOUTS:
        arrived, refused = damaged(sp.random(6, 5, 0.4, format=layout, random_state=1), 60)
        assert arrived
        assert refused


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I", "F", "HSV"])
def test_images_cross(mode):
    image_ = pytest.importorskip("PIL.Image")
    noise = np.random.default_rng(1).integers(0, 255, (5, 7, 3), "u1")
    value = image_.fromarray(noise).convert("RGB" if mode != "LA" else "L").convert(mode)
    ends = pair()
    (got,) = ends.back(value)
    assert got == value
    assert ends.lend(got)[0] is value
    (there,) = ends.lend(mine := value.copy())
    there.putpixel((1, 2), there.getpixel((0, 0)))
    ends.back(None)
    assert mine == there
    there.thumbnail((2, 2))
    with pytest.raises((TypeError, WallError)):
        ends.back(None)


def test_an_image_of_a_file_crosses_as_its_pixels(tmp_path):
    image_ = pytest.importorskip("PIL.Image")
    image_.new("RGB", (3, 2), "red").save(tmp_path / "a.png")
    (got,) = pair().back(image_.open(tmp_path / "a.png"))
    assert type(got) is image_.Image
    assert got.getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    "told",
    [
        ("RGB", 1 << 30, 1 << 30, "", None),
        ("RGB", 0, 1 << 40, "", None),
        ("L", -1, -1, "", None),
        ("L", 2, 2, ["y", "AAAA"], None),
        ("L", 2, 2, ["y", "AAAAAAAA"], None),
        ("nonsense", 1, 1, ["y", "AA=="], None),
        ("L", 1, 1, ["y", "AA=="], tupled("RGB", ["y", "AAAA"])),
        ("P", 1, 1, ["y", "AA=="], tupled("XYZ", ["y", "AAAA"])),
        ("P", 1, 1, ["y", "AA=="], tupled("RGB", ["y", "AA=="])),
        ("L", True, 1, ["y", "AA=="], None),
    ],
    ids=repr,
)
def test_the_trusted_end_refuses_images(told):
    pytest.importorskip("PIL.Image")
    with pytest.raises(WallError, match="is not right"):
        hostile("PIL.Image.Image", tupled(*told))


def expressions(sympy):
    x, y = sympy.symbols("x y", positive=True)
    f = sympy.Function("f")
    return [
        *(x + 1, sympy.sin(x) ** 2 * y / 3, sympy.Eq(x, y), -x / y, sympy.sqrt(2), sympy.S.Half),
        *(sympy.Piecewise((x, x > 1), (0, True)), sympy.Derivative(f(x), x), f(x).diff(x, 2)),
        *(sympy.Integral(x, (x, 0, 1)), sympy.Sum(x, (x, 1, 3)), sympy.Float("1.25", 40)),
        *(
            sympy.pi * sympy.I,
            sympy.exp(-(x**2)),
            sympy.oo,
            -sympy.oo,
            sympy.true,
            sympy.Integer(0),
        ),
        *(sympy.FiniteSet(1, x), sympy.Interval(0, 1), sympy.And(x > 1, y < 2), sympy.Max(x, y)),
        *(sympy.ImmutableMatrix([[x, 1], [2, y]]), sympy.Symbol("lambda"), sympy.Tuple(x, 1)),
    ]


def test_expressions_cross_as_they_are():
    sympy = pytest.importorskip("sympy")
    for value in expressions(sympy):
        for cross in (pair().back, pair().lend):
            (got,) = cross(value)
            assert type(got) is type(value)
            assert got == value
            assert hash(got) == hash(value)
            assert str(got) == str(value)
    ends, matrix = pair(), sympy.Matrix([[1, 2]])
    (there,) = ends.lend(matrix)
    there[0, 0] = 7
    ends.back(None)
    assert matrix == sympy.Matrix([[7, 2]])


EXPRESSIONS = [
    tupled("symbol", "__import__('os').system('id')", ["d", []]),
    tupled("symbol", "__import__", ["d", []]),
    tupled("symbol", "x", ["d", ["real", "yes"]]),
    tupled("symbol", "x", ["d", ["module", True]]),
    tupled("function", "eval", tupled("number", 1, 1)),
    tupled("function", "print('a')", tupled("number", 1, 1)),
    tupled("function", "lambda", tupled("number", 1, 1)),
    tupled("sympify", "1+1"),
    tupled("lambdify", tupled("number", 1, 1)),
    tupled("number", 1, 0),
    tupled("Pow", tupled("number", 9, 1), tupled("number", BIG, 1)),
    tupled("Pow", tupled("number", 9, 1)),
    tupled("sin", "x"),
    tupled("sin", 1),
    tupled("Add", tupled("number", 1, 1)),
    tupled("float", ["l", [0, 1, BIG, 1]], 53),
    tupled("float", ["l", [0, 4, 0, 3]], 53),
    tupled("single", "os"),
    tupled("matrix", 1 << 40, 1 << 40),
    tupled("matrix", 2, 2, tupled("number", 1, 1)),
    "x + 1",
]


@pytest.mark.parametrize("code", EXPRESSIONS, ids=repr)
def test_the_trusted_end_refuses_expressions(code):
    sympy = pytest.importorskip("sympy")
    name = pair().test.converters.of(sympy.Symbol).name
    with pytest.raises(WallError, match="is not right"):
        hostile(name, code)


def test_damaged_expressions_raise_only_wall_errors():
    sympy = pytest.importorskip("sympy")
    for value in expressions(sympy):
        damaged(value, 30)


def test_an_expression_of_a_students_own_class_stays_behind():
    sympy = pytest.importorskip("sympy")

    class Same(sympy.Symbol):
        def __eq__(self, other):
            return True

        __hash__ = sympy.Symbol.__hash__

    for value in (Same("x"), Same("x") + 1, sympy.Dummy("x")):
        assert type(pair().back(value)[0]) is Thing


def test_tensors_cross():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    ends = pair()
    for value in (torch.arange(6.0).reshape(2, 3).T, torch.tensor(3), torch.tensor([True])):
        (got,) = ends.back(value)
        assert (type(got), got.dtype) == (torch.Tensor, value.dtype)
        assert torch.equal(got, value)
        assert ends.lend(got)[0] is value
    mine = torch.zeros(3)
    (there,) = ends.lend(mine)
    there += 1
    ends.back(None)
    assert mine.tolist() == [1, 1, 1]
    for value in (torch.ones(2, requires_grad=True), torch.nn.Parameter(torch.ones(2))):
        assert type(ends.back(value)[0]) is Thing
    name = ends.test.converters.of(torch.Tensor).name
    for code in (["l", [1]], "x", ["a", [1], "<U1", "C", 0]):
        with pytest.raises(WallError, match="is not right"):
            hostile(name, code, buffers=[b"\0" * 4])


def test_no_converter_reads_code_or_imports_a_library():
    """Nothing here evaluates, and this module's import brings no library along."""
    folder = pathlib.Path(registry.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text()
        for word in ("pickle", "eval(", "exec(", "sympify(", "parse_expr", "read_pickle"):
            assert word not in text, path
    assert not set(itertools.chain(registry.LIBRARIES)) & {"numpy"}
    assert operator.attrgetter("name")(Values(trusted=True).of(datetime.date)) == DAY


def test_values_cross_out_of_a_students_locked_in_process(pd):
    """Where no file of the converters can be read any more."""
    setup = "import pandas as pd\nfrom fractions import Fraction"
    answer = """
def half(d):
    d["half"] = d.x / 2
    return d.half, Fraction(1, 2), pd.Timestamp("2026")

def unfinished(d):
    return None
"""
    test = """
d = pd.DataFrame({"x": [1, 2]})
series, fraction, day = half(d)
pd.testing.assert_series_equal(series, pd.Series([0.5, 1.0], name="half"))
assert fraction == Fraction(1, 2) and day == pd.Timestamp("2026")
assert type(d) == pd.DataFrame and d.equals(pd.DataFrame({"x": [1, 2], "half": [0.5, 1.0]}))
print("as in one kernel")
"""
    made = Template(Assignment(lessons=(setup, answer), tests=(test,), preload=()))
    try:
        assert played(made, ("locked", setup), ("student", answer), ("test", test)) == (
            "as in one kernel\n"
        )
    finally:
        made.close()


def test_a_generator_of_random_numbers_is_a_tests_to_give_alone():
    ours, theirs = Values(trusted=True), Values(trusted=False)
    state = np.random.RandomState(3)
    for made in (random.Random(3), np.random.default_rng(3), state):
        converter = ours.of(type(made))
        data = converter.to_data(made)
        copied = converter.made_here(data, trusted=False)
        assert copied is not made
        assert [copied.random() for _ in range(5)] == [made.random() for _ in range(5)]
        assert theirs.of(type(made)) is None
        with pytest.raises(ValueError, match="not a student's"):
            converter.made_here(data, trusted=True)
