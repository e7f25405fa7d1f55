"""Values of pandas.

A frame is its index, the index of its columns, and an array for each column; ``attrs`` and flags
are left out. Arrays are told by what they hold and made by pandas' public constructors.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import re

import numpy as np
import pandas as pd
from numpy import dtype, empty, ndarray

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import ROWS, UNIQUE, array, flag, one_of, parts, text, whole, within
from proctor.rpc.values.registry import Converter
from proctor.rpc.values.standard import tzone

_UNITS = ("s", "ms", "us", "ns")
_FREQ = re.compile(r"-?\d{0,6}[A-Za-z]{1,6}(?:-[A-Z]{3}){0,2}", re.ASCII)
_CLOSED = ("left", "right", "both", "neither")
_NULLABLE = {
    **dict.fromkeys(("Int8", "Int16", "Int32", "Int64"), pd.arrays.IntegerArray),
    **dict.fromkeys(("UInt8", "UInt16", "UInt32", "UInt64"), pd.arrays.IntegerArray),
    **dict.fromkeys(("Float32", "Float64"), pd.arrays.FloatingArray),
    "boolean": pd.arrays.BooleanArray,
}
_DEPTH = 3  # of an interval of dates as categories


# -- arrays


def _from_array(values):
    """An array, or what a column or an index holds, as plain data."""
    kind = values.dtype
    if isinstance(kind, dtype) or type(values) is pd.arrays.NumpyExtensionArray:
        plain = np.asarray(values)
        if plain.dtype == dtype(object):
            return "objects", plain.tolist()
        return "numbers", np.ascontiguousarray(plain)
    for is_kind, name, take in _TAKE:
        if isinstance(kind, is_kind):
            return name, *take(values, kind)
    if str(kind) in _NULLABLE:
        missing = np.asarray(values.isna(), bool)
        plain = values.to_numpy(kind.numpy_dtype, na_value=kind.numpy_dtype.type(0))
        return "nullable", str(kind), np.ascontiguousarray(plain), missing
    raise TypeError(f"its dtype is {kind}")


def _take_text(values, kind):
    missing = values.isna().tolist()
    items = [None if gone else one for one, gone in zip(values.tolist(), missing, strict=True)]
    return kind.storage, "nan" if kind.na_value is np.nan else "NA", items


def _take_categories(values, kind):
    codes = values.cat.codes if hasattr(values, "cat") else values.codes
    return _from_index(kind.categories), np.asarray(codes, "i8"), bool(kind.ordered)


def _take_zoned(values, kind):
    index = pd.DatetimeIndex(values)
    return np.asarray(index.tz_convert("UTC").tz_localize(None)), kind.tz


def _take_periods(values, kind):
    return np.asarray(pd.PeriodIndex(values).asi8), kind.name[len("period[") : -1]


def _take_intervals(values, kind):
    index = pd.IntervalIndex(values)
    return _from_index(index.left), _from_index(index.right), kind.closed


_TAKE = [
    (pd.StringDtype, "text", _take_text),
    (pd.CategoricalDtype, "categories", _take_categories),
    (pd.DatetimeTZDtype, "zoned", _take_zoned),
    (pd.PeriodDtype, "periods", _take_periods),
    (pd.IntervalDtype, "intervals", _take_intervals),
]


def _array(data, depth=0):
    """What pandas makes a column or an index of."""
    must(type(data) is tuple and data and depth <= _DEPTH, "an array")
    name, *told = data
    return _MAKE[one_of(name, _MAKE)](*told, depth=depth)


def _numbers(values, depth):
    array(values, "biufcmM")
    if values.dtype.kind in "mM":
        must(np.datetime_data(values.dtype) in [(unit, 1) for unit in _UNITS], "a unit of time")
    return values.copy()


def _objects(items, depth):
    must(type(items) is list, "an array of objects")
    made = empty(len(items), object)
    for index, item in enumerate(items):
        made[index] = item
    return made


def _text(storage, missing, items, depth):
    must(type(items) is list, "an array of text")
    must(all(type(item) is str or item is None for item in items), "an array of text")
    na = np.nan if one_of(missing, ("nan", "NA")) == "nan" else pd.NA
    kind = pd.StringDtype(one_of(storage, ("python", "pyarrow")), na)
    return pd.array(items, dtype=kind)


def _nullable(name, values, missing, depth):
    make = _NULLABLE[one_of(name, _NULLABLE)]
    array(missing, "b")
    must(array(values, "biuf").shape == missing.shape, "an array's shape")
    must(values.dtype == pd.api.types.pandas_dtype(name).numpy_dtype, "an array's dtype")
    return make(values.copy(), missing.copy())


def _categories(categories, codes, ordered, depth):
    categories = _index(categories, depth + 1)
    must(len(categories) <= UNIQUE and not isinstance(categories, pd.MultiIndex), "categories")
    within(array(codes, "i"), -1, len(categories))
    return pd.Categorical.from_codes(codes, categories, ordered=flag(ordered))


def _zoned(values, zone, depth):
    must(tzone(zone) is not None and array(values, "M") is values, "a time zone")
    return pd.DatetimeIndex(_numbers(values, depth)).tz_localize("UTC").tz_convert(zone).array


def _periods(ordinals, freq, depth):
    kind = pd.PeriodDtype(_freq(freq))
    return pd.arrays.PeriodArray(array(ordinals, "i").astype("i8"), dtype=kind)


def _freq(freq):
    must(_FREQ.fullmatch(text(freq, 30)), "a frequency")
    return freq


def _intervals(left, right, closed, depth):
    left, right = _index(left, depth + 1), _index(right, depth + 1)
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=one_of(closed, _CLOSED))


_MAKE = {
    "numbers": _numbers,
    "objects": _objects,
    "text": _text,
    "nullable": _nullable,
    "categories": _categories,
    "zoned": _zoned,
    "periods": _periods,
    "intervals": _intervals,
}

# -- indexes


def _from_index(index):
    names = list(index.names)
    if type(index) is pd.RangeIndex:
        return "range", (index.start, index.stop, index.step), names
    if isinstance(index, pd.MultiIndex):
        index = index.remove_unused_levels()
        levels = [_from_index(level.rename(None)) for level in index.levels]
        return "multi", levels, [np.asarray(codes, "i8") for codes in index.codes], names
    freq = getattr(index, "freqstr", None) if _has_freq(index) else None
    return "index", _from_array(index.array), freq, names


def _has_freq(index):
    return isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex))


def _index(data, depth=0):
    must(type(data) is tuple and data, "an index")
    name, *told, names = data
    must(type(names) is list and len(names) <= 100, "the names of an index")
    index = _INDEX[one_of(name, _INDEX)](*told, depth=depth)
    must(len(names) == index.nlevels, "the names of an index")
    index.names = names
    return index


def _range(told, depth):
    start, stop, step = map(whole, parts(told, 3))
    must(step != 0 and len(range(start, stop, step)) <= ROWS, "a range")
    return pd.RangeIndex(start, stop, step)


def _plain(told, freq, depth):
    values = _array(told, depth)
    kind = values.dtype if isinstance(values, ndarray) else None
    index = pd.Index(values, dtype=kind)
    if freq is not None:
        must(_has_freq(index), "a frequency")
        index.freq = _freq(freq)
    return index


def _multi(levels, codes, depth):
    must(type(levels) is list and type(codes) is list, "an index of several levels")
    must(0 < len(levels) == len(codes) <= 100 and depth == 0, "an index of several levels")
    levels = [_index(level, depth + 1) for level in levels]
    for level, places in zip(levels, codes, strict=True):
        must(len(level) <= UNIQUE, "the size of a level")
        within(array(places, "i"), -1, len(level))
        must(len(places) == len(codes[0]), "the size of an index")
    return pd.MultiIndex(levels, codes, verify_integrity=True)


_INDEX = {"range": _range, "index": _plain, "multi": _multi}


def _assign_index(old, new):
    must(type(old) is type(new) and old.equals(new), "an index that was passed")
    old.names = new.names


# -- series and frames


def _from_series(series):
    return _from_index(series.index), _from_array(series.array), series.name


def _series(data):
    index, values, name = parts(data, 3)
    index, values = _index(index), _array(values)
    must(len(index) == len(values), "the length of a series")
    return pd.Series(values, index=index, dtype=values.dtype, name=name)


def _from_frame(frame):
    columns = [_from_array(frame.iloc[:, at].array) for at in range(frame.shape[1])]
    return _from_index(frame.index), _from_index(frame.columns), columns


def _frame(data):
    index, names, columns = parts(data, 3)
    must(type(columns) is list, "the columns of a frame")
    index, names = _index(index), _index(names)
    must(len(names) == len(columns), "the columns of a frame")
    made = {}
    for at, column in enumerate(columns):
        values = _array(column)
        must(len(values) == len(index), "the length of a column")
        made[at] = pd.Series(values, index=index, dtype=values.dtype, copy=False)
    frame = pd.DataFrame(made, index=index)
    frame.columns = names
    return frame


def _assign(old, new):
    old._update_inplace(new)


def _assign_series(old, new):
    old._update_inplace(new)
    old.name = new.name


# -- categoricals and single values


def _from_categorical(values):
    return _take_categories(values, values.dtype)


def _categorical(data):
    return _categories(*parts(data, 3), depth=0)


def _assign_categorical(old, new):
    must(old.dtype == new.dtype and len(old) == len(new), "categories that were passed")
    old[:] = new


def _moment(value, kind):
    """A moment or a length of time of NumPy's, of a unit that pandas has."""
    must(type(value) is kind and not np.isnat(value), "a moment")
    must(np.datetime_data(value.dtype) in [(unit, 1) for unit in _UNITS], "a unit of time")
    return value


def _from_timestamp(stamp):
    return stamp.to_datetime64(), stamp.tz


def _timestamp(data):
    value, zone = parts(data, 2)
    stamp = pd.Timestamp(_moment(value, np.datetime64))
    return stamp if tzone(zone) is None else stamp.tz_localize("UTC").tz_convert(zone)


def _timedelta(data):
    return pd.Timedelta(_moment(data, np.timedelta64))


def _from_period(period):
    return period.ordinal, period.freqstr


def _period(data):
    ordinal, freq = parts(data, 2)
    return pd.Period(ordinal=whole(ordinal), freq=_freq(freq))


def _interval(data):
    left, right, closed = parts(data, 3)
    for side in (left, right):
        must(type(side) in _SIDES, "an end of an interval")
    return pd.Interval(left, right, one_of(closed, _CLOSED))


_SIDES = (int, float, np.int64, np.float64, pd.Timestamp, pd.Timedelta)


def _one(value):
    """The functions for what there is one of."""

    def made(data):
        must(data is None, "what there is one of")
        return value

    return Converter(type(value), lambda one: None, made, changes=False, careful=False)


def _fixed(kind, to_data, from_data):
    return Converter(kind, to_data, from_data, changes=False)


_INDEXES = (
    *(pd.Index, pd.RangeIndex, pd.MultiIndex, pd.CategoricalIndex, pd.IntervalIndex),
    *(pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex),
)

CONVERTERS = [
    Converter(pd.DataFrame, _from_frame, _frame, assign=_assign),
    Converter(pd.Series, _from_series, _series, assign=_assign_series),
    *(Converter(kind, _from_index, _index, assign=_assign_index) for kind in _INDEXES),
    Converter(pd.Categorical, _from_categorical, _categorical, assign=_assign_categorical),
    _fixed(pd.Timestamp, _from_timestamp, _timestamp),
    _fixed(pd.Timedelta, lambda value: value.to_timedelta64(), _timedelta),
    _fixed(pd.Period, _from_period, _period),
    _fixed(pd.Interval, lambda i: (i.left, i.right, i.closed), _interval),
    _one(pd.NaT),
    _one(pd.NA),
]
