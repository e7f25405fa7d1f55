"""What crosses by value: kinds of objects, and what they hold."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import operator
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from functools import lru_cache
from itertools import takewhile
from types import MemberDescriptorType

import numpy as np
from numpy import bool_, bytes_, count_nonzero, dtype, generic, ndarray, str_

from proctor.rpc.codec.dtypes import must, natural

# An object of exactly such a class crosses as one; of a subclass, as what the class derives from.
EXACT = {Counter: "Counter", OrderedDict: "OrderedDict", defaultdict: "defaultdict", deque: "deque"}
DICTS = {"dict", "Counter", "OrderedDict", "defaultdict"}
CONTAINERS = {"list", "set", "bytearray", "deque", "object", *DICTS}  # an object: by its attributes
CHANGEABLE = {*CONTAINERS, "block", "value"}  # "value": what a converter made
SWEPT = {*CONTAINERS, "tuple", "value"}  # no weak reference tells when these are dead
NESTING = {"list", "set", "tuple", "frozenset", "deque", "view", "object", *DICTS}
VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
KINDS = {
    **{kind: kind.__name__ for kind in (list, dict, set, bytearray, tuple, frozenset)},
    **{kind: kind.__name__ for kind in (complex, str, bytes, int, float, bool, slice, range)},
    **{type(None): "none", type(...): "ellipsis", dtype: "dtype", type: "type"},
    **{str_: "npstr", bytes_: "npbytes", generic: "scalar", ndarray: "array"},
    **{np.ma.MaskedArray: "masked", object: "foreign", **dict.fromkeys(VIEWS, "view")},
}
_mro = type.__dict__["__mro__"].__get__
_content = object.__getattribute__
AS_IS = {type(None), bool, float}
LEAVES = {*AS_IS, int, str, complex, bytes, slice, range}


@lru_cache(4096)
def kind_of(cls):
    """What an object of a class is on the wire: what its nearest built-in base class is."""
    if cls in EXACT:
        return EXACT[cls]
    # a metaclass can leave out even object
    return next((KINDS[base] for base in _mro(cls) if base in KINDS), "foreign")


_LOOKS = {"__new__", "__init__", "__repr__", "__str__", "__format__", "__hash__", "__doc__"}
_LOOKS |= {"__reduce__", "__reduce_ex__", "__getnewargs__", "__init_subclass__", "__class__"}


@lru_cache(4096)
def does_otherwise(cls):
    """Whether a class of the test's does something otherwise than the built-in class it is of.

    A list that counts who looks at it is not told by what is in it.
    """
    before = list(takewhile(lambda one: one not in KINDS and one not in EXACT, _mro(cls)))
    if len(before) == len(_mro(cls)):
        return False
    usual = {name for one in _mro(cls)[len(before) :] for name in vars(one)} - _LOOKS
    own = (vars(one) for one in before if one.__module__ == "__main__")
    return any(usual & content.keys() for content in own)


def hides_nothing(value):
    """Whether a masked array has no mask, or one that masks nothing."""
    mask = getattr(value, "_mask", None)
    if type(mask) is bool_:
        return not mask
    return type(mask) is ndarray and mask.dtype == bool_ and count_nonzero(mask) == 0


def parts_of(value, kind):
    """The items of a container, of a dict keys and values."""
    if kind == "tuple":
        return list(tuple.__iter__(value))
    if kind in DICTS:
        if isinstance(value, OrderedDict):  # it has an order of its own
            return [*value.keys(), *value.values()]
        return [*dict.keys(value), *dict.values(value)]
    if kind == "list":
        return list.copy(value)
    if kind == "object":
        content = content_of(value)
        return [*content.keys(), *content.values()]
    if kind == "set":
        return list(set.__iter__(value))
    if kind == "deque":
        return list(deque.__iter__(value))
    if kind == "view":
        return list(value)
    return list(frozenset.__iter__(value))


def trait_of(value, kind):
    """What a container is besides its items: the length of a deque, what fills a defaultdict."""
    if kind == "deque":
        return [value.maxlen]
    if kind == "defaultdict":
        made = value.default_factory
        return [None if made is None else made.__name__]
    return []


def can_fill(value):
    """Whether what fills a defaultdict is a class that has a name on both sides."""
    made = value.default_factory
    return made is None or (type(made) is type and FILLERS.get(made.__name__) is made)


def container(kind, trait=()):
    """A new container of a kind. Raises ``ValueError`` or ``TypeError`` for what is none."""
    if kind == "deque":
        (most,) = trait
        must(most is None or natural(most) <= sys.maxsize, "the length of a deque")
        return deque(maxlen=most)
    if kind == "defaultdict":
        (name,) = trait
        return defaultdict(None if name is None else FILLERS[name])
    must(not trait, "a container")
    return EMPTY[kind]()


FILLERS = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
}
EMPTY = {
    **{"list": list, "dict": dict, "set": set, "bytearray": bytearray},
    **{"Counter": Counter, "OrderedDict": OrderedDict},
}


def refill(value, kind, items):
    """Put these items, of dicts pairs, in place of what a container holds."""
    if kind == "list":
        list.__setitem__(value, slice(None), items)
        return
    if kind == "object":
        fill(value, dict(items))
        return
    value.clear()
    if kind == "deque":
        deque.extend(value, items)
    elif isinstance(value, Counter):  # its own method counts
        dict.update(value, items)
    else:
        value.update(items)


def content_of(value):
    """{attribute: value} of what an object has itself, in its ``__dict__`` and its slots."""
    kind = type(value)
    found = dict(_content(value, "__dict__")) if kind.__dictoffset__ else {}
    return found | {
        name: slot.__get__(value, kind) for name, slot in _slots(kind) if _has(slot, value, kind)
    }


def fill(value, content):
    """Have an object hold this, {attribute: value}, and nothing else."""
    must(type(content) is dict, "what an object has")
    must(all(type(key) is str and len(key) < 200 for key in content), "its attributes")
    kind, content = type(value), dict(content)
    for name, slot in _slots(kind):
        if name in content:
            slot.__set__(value, content.pop(name))
        elif _has(slot, value, kind):
            slot.__delete__(value)
    if kind.__dictoffset__:
        own = _content(value, "__dict__")
        own.clear()
        own.update(content)
    else:
        must(not content, "an object's attributes")


def is_plain(kind):
    """Whether a class is one whose objects are nothing but their attributes."""
    if not isinstance(kind, type) or kind.__new__ is not object.__new__:
        return False
    return kind.__dictoffset__ != 0 or bool(_slots(kind))


@lru_cache(4096)
def _slots(kind):
    """(name, descriptor) of each of a class's slots."""
    return [
        (name, slot)
        for one in _mro(kind)
        for name, slot in vars(one).items()
        if type(slot) is MemberDescriptorType and one is not object
    ]


def _has(slot, value, kind):
    try:
        slot.__get__(value, kind)
    except AttributeError:
        return False
    return True


def state_of(value, kind):
    """What a container holds now, to be compared later."""
    if kind == "bytearray":
        return bytes(value)
    return frozenset(value) if kind == "set" else tuple(parts_of(value, kind))


def is_same(state, value, kind):
    """Whether a container holds what it held when its `state_of` was taken."""
    if kind == "list":
        same_length = len(state) == list.__len__(value)
        return same_length and all(map(operator.is_, state, list.__iter__(value)))
    if kind == "bytearray":
        return bytearray.__eq__(value, state)
    if kind == "set":
        return len(value) == len(state) and all(item in value for item in state)
    parts = parts_of(value, kind)
    return len(parts) == len(state) and all(map(operator.is_, parts, state))


@lru_cache(256)
def record(name, fields):
    """A class like ``collections.namedtuple(name, fields)``, made without executing text."""
    return type(
        name,
        (tuple,),
        {
            "__slots__": (),
            "__made_here__": True,
            "_fields": fields,
            "__match_args__": fields,
            "_asdict": lambda self: dict(zip(fields, self, strict=True)),
            "_make": classmethod(lambda cls, values: tuple.__new__(cls, values)),
            "_replace": lambda self, /, **new: tuple.__new__(
                type(self), [new.get(f, v) for f, v in zip(fields, self, strict=True)]
            ),
            "__repr__": lambda self: (
                f"{name}({', '.join(f'{f}={v!r}' for f, v in zip(fields, self, strict=True))})"
            ),
            **{field: property(operator.itemgetter(index)) for index, field in enumerate(fields)},
        },
    )


def view(name, items):
    """What ``keys()``, ``values()`` or ``items()`` of a dict gives, of these items."""
    if name == "keys":
        return dict.fromkeys(items).keys()
    if name == "values":
        return dict(enumerate(items)).values()
    must(name == "items" and all(type(i) is tuple and len(i) == 2 for i in items), "a view")
    return dict(items).items()


def fields_of(value):
    """Name and field names of a named tuple, or None."""
    kind = type(value)
    if kind is tuple:
        return None
    fields = getattr(kind, "_fields", None)
    if type(fields) is not tuple or len(fields) != len(value):
        return None
    return (kind.__name__, list(fields)) if are_fields(kind.__name__, fields) else None


def are_fields(name, fields):
    """Whether a named tuple may have this name and these fields."""
    return (
        all(type(f) is str and f.isidentifier() and f[0] != "_" for f in (name.strip("_"), *fields))
        and len(set(fields)) == len(fields)
        and len(name) < 100
        and all(len(field) < 100 for field in fields)
    )
