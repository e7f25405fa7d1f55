"""Types and dtypes by name, and what a message must hold."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import math
import re
from functools import lru_cache

import numpy as np
from numpy import dtype, generic, ndarray


def _types():
    data = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
    named = {kind.__name__: kind for kind in (*data, slice, range, object)}
    for kind in BUILTINS.values():
        if isinstance(kind, type) and issubclass(kind, BaseException):
            named.setdefault(kind.__name__, kind)
    for module in (np.exceptions, np.linalg):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, BaseException):
                named[f"{module.__name__}.{name}"] = kind
    for kind in [*np.sctypeDict.values(), ndarray, generic, *_families(generic)]:
        named[f"numpy.{kind.__name__}"] = kind
    return named


def _families(kind):
    """The abstract scalar types of NumPy, as ``np.floating``."""
    for child in kind.__subclasses__():
        if child.__module__ == "numpy":
            yield child
            yield from _families(child)


TYPES = _types()
NAMES = {kind: name for name, kind in TYPES.items()}

_DTYPE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|[SUV][1-9]\d{0,6}"
    r"|[mM]8(?:\[(?:[1-9]\d{0,5})?(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)


@lru_cache(512)
def dtype_code(kind):
    """What stands for a dtype in a message, or None: one with Python objects does not cross."""
    own = type(kind).__module__ in ("numpy", "numpy.dtypes")
    if kind.hasobject or not kind.itemsize or not own:
        return None
    if kind.subdtype:
        base = dtype_code(kind.base)
        return base and ["a", base, list(kind.shape)]
    if kind.names is not None:
        codes = [dtype_code(kind.fields[name][0]) for name in kind.names]
        offsets = [kind.fields[name][1] for name in kind.names]
        if (
            None in codes
            or sum(kind.fields[name][0].itemsize for name in kind.names) > kind.itemsize
        ):
            return None
        return ["r", list(kind.names), codes, offsets, kind.itemsize]
    return kind.str if _DTYPE.fullmatch(kind.str) and dtype(kind.str) == kind else None


def dtype_made(code, depth=0):
    """The dtype that a code stands for. Raises ``ValueError`` for what stands for none."""
    if type(code) is str:
        return _simple_dtype(code)
    must(type(code) is list and depth < 10, "a dtype")
    if code[0] == "a":
        _, base, shape = code
        must(0 < math.prod(naturals(shape)) < 1 << 28, "a dtype's shape")
        return dtype((dtype_made(base, depth + 1), tuple(shape)))
    tag, names, codes, offsets, itemsize = code
    formats = [dtype_made(inner, depth + 1) for inner in codes]
    must(tag == "r" and len(names) == len(formats) == len(offsets), "a dtype's fields")
    for inner, offset in zip(formats, naturals(offsets), strict=True):
        must(offset + inner.itemsize <= natural(itemsize) < 1 << 28, "a dtype's offsets")
    # an array is copied field by field: fields that overlap would make that any amount of work
    must(sum(inner.itemsize for inner in formats) <= itemsize, "a dtype's fields")
    return dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize})


@lru_cache(512)
def _simple_dtype(code):
    must(_DTYPE.fullmatch(code), "a dtype")
    return dtype(code)


def must(condition, what):
    """Raise ``ValueError`` unless what came in a message is right."""
    if not condition:
        wrong(what)


def wrong(what):
    """Raise ``ValueError``: what came in a message is not right."""
    raise ValueError(f"{what} is not right")


def natural(value):
    """A number from a message that is to be one: 0 or more."""
    if type(value) is not int or not 0 <= value < 1 << 62:
        wrong("a number")
    return value


def naturals(values):
    """A list of such numbers."""
    if type(values) is not list:
        wrong("a list of numbers")
    for value in values:
        if type(value) is not int or not 0 <= value < 1 << 62:
            wrong("a number")
    return values
