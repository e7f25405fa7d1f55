"""Checks of plain data, which may be anybody's."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from numpy import ndarray

from proctor.rpc.codec.dtypes import must

DIGITS = 10_000  # of a number that is told as text, and the size of its exponent
ROWS = 10_000_000  # of what takes no memory for each: there need be no bytes for them
SIDE = 1 << 16  # of a picture, in pixels
PIXELS = 1 << 26
UNIQUE = 20_000  # values that are compared with each other, as of categories
_WIDE = 1 << 62


def parts(data, count):
    """The parts of a tuple of this length."""
    must(type(data) is tuple and len(data) == count, "the number of parts")
    return data


def whole(value, low=-_WIDE, high=_WIDE):
    """An int within bounds."""
    must(type(value) is int and low <= value <= high, "a number")
    return value


def flag(value):
    """True or False."""
    must(type(value) is bool, "a yes or no")
    return value


def text(value, most=200):
    """A str of at most so many characters."""
    must(type(value) is str and len(value) <= most, "a text")
    return value


def one_of(value, known):
    """A str that is known."""
    must(type(value) is str and value in known, "a word")
    return value


def array(value, kinds, ndim=1):
    """A NumPy array of native numbers (or dates) of these kinds of dtype."""
    must(type(value) is ndarray and value.ndim == ndim, "an array's shape")
    must(value.dtype.kind in kinds and value.dtype.names is None, "an array's dtype")
    must(value.dtype.isnative, "an array's byte order")
    return value


def within(values, low, high):
    """An array of whole numbers from ``low`` up to, and without, ``high``."""
    must(not values.size or (int(values.min()) >= low and int(values.max()) < high), "an index")
    return values
