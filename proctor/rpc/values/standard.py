"""Values of Python's own library, and NumPy's arrays of objects."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import copy
import dataclasses
import datetime
import io
import math
import pathlib
import random
import re
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from numpy import dtype, empty, ndarray
from numpy import random as np_random

from proctor.rpc.codec.dtypes import must, naturals
from proctor.rpc.values.doubt import DIGITS, ROWS, flag, parts, text, whole
from proctor.rpc.values.registry import Converter

# -- dates and times

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")  # no dot: no way upwards


def _timedelta(data):
    return datetime.timedelta(*map(whole, parts(data, 3)))


def _date(data):
    return datetime.date(*map(whole, parts(data, 3)))


def _clock(t):
    return t.hour, t.minute, t.second, t.microsecond, t.tzinfo, t.fold


def _datetime(data):
    *numbers, zone, fold = parts(data, 9)
    return datetime.datetime(*map(whole, numbers), tzone(zone), fold=whole(fold))


def _time(data):
    *numbers, zone, fold = parts(data, 6)
    return datetime.time(*map(whole, numbers), tzone(zone), fold=whole(fold))


def tzone(zone):
    """A time zone of data, or None: one of the two classes that are made here."""
    must(zone is None or type(zone) in (datetime.timezone, zoneinfo.ZoneInfo), "a time zone")
    return zone


def _from_timezone(zone):
    name = zone.tzname(None)
    offset = zone.utcoffset(None)
    return offset, None if name == datetime.timezone(offset).tzname(None) else name


def _timezone(data):
    offset, name = parts(data, 2)
    must(type(offset) is datetime.timedelta, "a time zone")
    if name is None:
        return datetime.timezone(offset)
    return datetime.timezone(offset, text(name))


def _from_zone(zone):
    must(zone.key is not None, "a time zone without a name")
    return zone.key


def _zone(data):
    must(_ZONE.fullmatch(text(data, 60)), "the name of a time zone")
    return zoneinfo.ZoneInfo(data)


# -- numbers, names of things

_DECIMAL = re.compile(r"-?(?:\d+(?:\.\d*)?(?:E[+-]?\d{1,6})?|s?NaN\d*|Infinity)", re.ASCII)


def _from_decimal(number):
    return str(_bounded(number))


def _bounded(number):
    """To write out all digits of a number of this size is no work; of 1e999999999 it is."""
    must(len(number.as_tuple().digits) <= DIGITS, "the digits of a decimal")
    if number.is_finite():
        exponent = number.as_tuple().exponent
        must(abs(exponent) <= DIGITS, "the exponent of a decimal")
    return number


def _decimal(data):
    must(_DECIMAL.fullmatch(text(data, DIGITS + 20)), "a decimal")
    return _bounded(Decimal(data))


def _fraction(data):
    numerator, denominator = parts(data, 2)
    most = 1 << (4 * DIGITS)
    return Fraction(whole(numerator, -most, most), whole(denominator, 1, most))


def _uuid(data):
    return uuid.UUID(int=whole(data, 0, (1 << 128) - 1))


def _pure(kind):
    """A path; at the trusted end none that could be followed: it is of the student's files."""
    return lambda data: kind(text(data, 4096))


# -- frozen dataclasses

_GIVEN = {
    *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"),
    *("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__slots__"),
    *("__parameters__", "__orig_bases__", "__static_attributes__", "__firstlineno__"),
    *("__annotate_func__", "__annotations_cache__", "__annotate__"),
}


def _is_record(kind):
    """Whether a class is a frozen dataclass that has nothing but its fields."""
    if not isinstance(kind, type) or type(kind) is not type:
        return False
    params = vars(kind).get("__dataclass_params__")
    if params is None or not (params.frozen and params.eq) or kind.__mro__ != (kind, object):
        return False
    known = _GIVEN | kind.__dataclass_fields__.keys()
    fields = kind.__dataclass_fields__.values()
    return all(f.init and f.compare and f.repr and not f.kw_only for f in fields) and all(
        name in known or _is_generated(value) for name, value in vars(kind).items()
    )


def _is_generated(function):
    """Whether the module wrote it: what a student wrote, a test cannot ask of a copy."""
    function = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename in ("<string>", dataclasses.__file__)


def _from_record(value):
    kind = type(value)
    names = tuple(f.name for f in dataclasses.fields(kind))
    values = tuple(object.__getattribute__(value, name) for name in names)
    hash(values)  # a list in it could change, and nobody would tell
    return kind.__name__, kind.__dataclass_params__.order, names, values


def _record(data):
    name, order, names, values = parts(data, 4)
    must(type(names) is tuple and type(values) is tuple, "a dataclass")
    must(len(names) == len(values) <= 100 and len(set(names)) == len(names), "its fields")
    for word in (name, *names):
        must(text(word, 100).isidentifier() and not word.startswith("__"), "the name of a field")
    return _record_class(name, flag(order), names)(*values)


@lru_cache(256)
def _record_class(name, order, names):
    """A class like the student's, whose comparison is by fields.

    ``dataclass`` writes the text of its methods and has it compiled; no name of a student's is to
    be in a text that is.
    """

    def key(self):
        return tuple(vars(self)[field] for field in names)

    def compared(method):
        compare = getattr(tuple, method)
        return lambda self, other: (
            compare(key(self), key(other)) if type(other) is type(self) else NotImplemented
        )

    def begin(self, *args, **given):
        given = dict(zip(names, args, strict=False)) | given
        if len(given) != len(names) or given.keys() != set(names) or len(args) > len(names):
            raise TypeError(f"{name}() takes {', '.join(names)}")
        for field in names:
            object.__setattr__(self, field, given[field])

    def refuse(self, field, value=None):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {field!r}")

    def shown(self):
        return f"{name}({', '.join(f'{field}={vars(self)[field]!r}' for field in names)})"

    wanted = ("__eq__", "__lt__", "__le__", "__gt__", "__ge__") if order else ("__eq__",)
    model = dataclasses.dataclass(frozen=True, order=order)(type("Model", (), {}))
    content = {
        **{method: compared(method) for method in wanted},
        **{"__init__": begin, "__repr__": shown, "__hash__": lambda self: hash(key(self))},
        **{"__setattr__": refuse, "__delattr__": refuse, "__match_args__": names},
        "__module__": "__main__",
        "__made_here__": True,
        "__dataclass_params__": model.__dataclass_params__,
        "__dataclass_fields__": {field: _field(field) for field in names},
    }
    return type(name, (), content)


@dataclasses.dataclass
class _Record:
    field: object


def _field(name):
    """What ``dataclasses.fields``, ``asdict`` and ``replace`` look at."""
    one = copy.copy(dataclasses.fields(_Record)[0])
    one.name, one.type = name, object
    return one


# -- arrays of objects


def _from_objects(array):
    must(array.dtype == dtype(object), f"an array of {array.dtype}")
    return list(array.shape), array.reshape(-1).tolist()


def _objects(data):
    shape, items = parts(data, 2)
    must(type(items) is list and len(naturals(shape)) <= 32, "the shape of an array")
    must(math.prod(shape) == len(items), "the size of an array")
    must(all(n <= ROWS for n in shape), "the shape of an array")
    flat = empty(len(items), object)
    for index, item in enumerate(items):  # all at once, lists in it would be taken for rows
        flat[index] = item
    return flat.reshape(shape)


def _assign_objects(old, new):
    must(old.shape == new.shape, "the shape of an array that was passed")
    old[...] = new


def _fixed(kind, to_data, from_data, **more):
    more = {"careful": False, "changes": False} | more
    return Converter(kind, to_data, from_data, **more)


# -- generators of random numbers: what is drawn there is drawn from a copy

_BITS = {"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"}


def _random(state):
    made = random.Random()
    made.setstate(state)
    return made


def _from_bits(generator):
    bits = generator.bit_generator
    must(type(bits).__name__ in _BITS, "a generator of random bits")
    return type(bits).__name__, bits.state


def _bits(data):
    name, state = parts(data, 2)
    must(name in _BITS, "a generator of random bits")
    made = getattr(np_random, name)()
    made.state = state
    return made


def _generator(kind, from_data, to_data):
    return Converter(kind, to_data, from_data, changes=False, keeps=True, careful=False, given=True)


# -- texts and bytes that are read and written as files


def _in_memory(kind, plain):
    """The `Converter` of a file that is a text, or bytes, in memory: what is in it, and where."""

    def from_data(data):
        content, place = parts(data, 2)
        must(type(content) is plain and whole(place, 0) <= len(content), "a file in memory")
        made = kind(content)
        made.seek(place)
        return made

    def assign(old, new):
        old.seek(0)
        old.truncate()
        old.write(new.getvalue())
        old.seek(new.tell())

    return Converter(
        kind, lambda file: (file.getvalue(), file.tell()), from_data, assign=assign, careful=False
    )


CONVERTERS = [
    _in_memory(io.StringIO, str),
    _in_memory(io.BytesIO, bytes),
    _fixed(datetime.timedelta, lambda t: (t.days, t.seconds, t.microseconds), _timedelta),
    _fixed(datetime.date, lambda d: (d.year, d.month, d.day), _date),
    _fixed(datetime.datetime, lambda t: (t.year, t.month, t.day, *_clock(t)), _datetime),
    _fixed(datetime.time, _clock, _time),
    _fixed(datetime.timezone, _from_timezone, _timezone),
    _fixed(zoneinfo.ZoneInfo, _from_zone, _zone, careful=True),
    _fixed(Decimal, _from_decimal, _decimal),
    _fixed(Fraction, lambda f: (f.numerator, f.denominator), _fraction, careful=True),
    _fixed(uuid.UUID, lambda u: u.int, _uuid),
    _fixed(pathlib.PurePosixPath, str, _pure(pathlib.PurePosixPath), careful=True),
    _fixed(pathlib.PureWindowsPath, str, _pure(pathlib.PureWindowsPath), careful=True),
    _fixed(
        pathlib.PosixPath,
        str,
        _pure(pathlib.PosixPath),
        careful=True,
        keeps=True,
        guarded=_pure(pathlib.PurePosixPath),
    ),
    _generator(random.Random, _random, random.Random.getstate),
    _generator(np_random.Generator, lambda data: np_random.Generator(_bits(data)), _from_bits),
    _generator(
        np_random.RandomState,
        lambda data: np_random.RandomState(_bits(data)),
        lambda made: _from_bits(np_random.Generator(made._bit_generator)),
    ),
    Converter(ndarray, _from_objects, _objects, assign=_assign_objects, careful=False),
    _fixed(
        _Record,
        _from_record,
        _record,
        careful=True,
        keeps=True,
        covers=_is_record,
        one_way=True,
        name="dataclass",
    ),
]
