"""Objects of classes that the course defines, in cells or in modules that are released with them:
both ends have the class, by its name.

What such an object has crosses as what a list has does: it is one object, seen changed at the other
end, and may hold what holds it. Its methods are each end's own. At the trusted end the class is the
course's, whatever became of the student's. The `Converter` is for copies.

Members of a course's enumeration cross by their names, once the student's end is told of it; named
tuples and frozen dataclasses, which are data of any class, get the course's class by its name.

An object of a class that derives from a built-in one (a text that must not be sliced) crosses so to
the student's end, with what it is besides; one that is made there arrives as plain data.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from dataclasses import replace
from enum import EnumType

from proctor.rpc.codec.dtypes import must
from proctor.rpc.codec.values import content_of, fill, is_plain
from proctor.rpc.values.doubt import parts, text
from proctor.rpc.values.registry import Converter

_mro = type.__dict__["__mro__"].__get__


class _Released:
    """Stands for whatever class is meant."""


def converter(class_of, trusted):
    """The `Converter` of one end, and a function of a name: a new object of that class.

    class_of  function of a `name_of` a class; returns what the course defines by it, or None
    """
    made = set()  # at the student's end: the classes of what has come

    def covers(kind):
        if not trusted:
            return kind in made
        return not isinstance(kind, EnumType) and class_of(name_of(kind)) is kind

    def to_data(value):
        kind = type(value)
        content = content_of(value)
        base = base_of(kind)
        return (name_of(kind), content, *((_PLAIN[base](value),) if base else ()))

    def from_data(data):
        if type(data) is tuple and len(data) == 3:
            return derived(*data)
        name, content = parts(data, 2)
        value = new(name)
        fill(value, content)
        return value

    def new(name):
        """An object of that class, which has nothing yet."""
        kind = class_of(text(name, 100))
        if not trusted and not is_plain(kind):
            kind = type(
                name.rpartition(":")[2], (), {}
            )  # of the student's name something else has become
        must(is_plain(kind), "a class of the course's")
        made.add(kind)
        return object.__new__(kind)

    def derived(name, content, plain):
        base, kind = type(plain), class_of(text(name, 100))
        fits = isinstance(kind, type) and base in _PLAIN and base_of(kind) is base
        if not trusted and not fits:
            kind = type(
                name.rpartition(":")[2], (base,), {}
            )  # of the student's name something else has become
        must(fits or not trusted, "a class of the course's")
        made.add(kind)
        value = base.__new__(kind, *((plain,) if base.__init__ is object.__init__ else ()))
        if base.__init__ is not object.__init__:
            base.__init__(value, plain)
        fill(value, content)
        return value

    def assign(old, new):
        if (base := base_of(type(old))) in _REFILL:
            _REFILL[base](old, _PLAIN[base](new))
        fill(old, content_of(new))

    made_of = Converter(
        _Released,
        to_data,
        from_data,
        assign=assign,
        careful=False,
        covers=covers,
        name="a class of the course's",
    )
    return made_of, new


def members(class_of, told):
    """The `Converter` of the members of the course's enumerations.

    told  function of a `name_of` a class: whether both ends know that it is the course's
    """

    def covers(kind):
        if not isinstance(kind, EnumType):
            return False
        name = name_of(kind)
        return told(name) and class_of(name) is kind

    def to_data(value):
        name, known = value._name_, type(value)._member_map_
        alone = known.get(name) is value  # else several of a `Flag` together
        return name_of(type(value)), name if alone else None, None if alone else value._value_

    def from_data(data):
        name, member, value = parts(data, 3)
        kind = class_of(text(name, 100))
        must(isinstance(kind, EnumType), "an enumeration of the course's")
        return kind(value) if member is None else kind._member_map_[text(member, 100)]

    return Converter(
        _Member,
        to_data,
        from_data,
        changes=False,
        careful=False,
        covers=covers,
        name="an enumeration of the course's",
    )


class _Member:
    """Stands for whatever enumeration is meant."""


def records(class_of, plain):
    """The `Converter` of frozen dataclasses, ``plain``, but that the course's class is used."""

    def from_data(data):
        made = plain.from_data(data)
        name, _, names, values = data
        kind = class_of(name)
        if not (isinstance(kind, type) and plain.covers(kind)):
            return made
        if tuple(kind.__dataclass_fields__) != names:
            return made
        found = object.__new__(kind)
        for field, value in zip(names, values, strict=True):
            object.__setattr__(found, field, value)
        return found

    return replace(plain, from_data=from_data)


def tuple_class(class_of, name, fields):
    """The course's class of named tuples with this name and these fields; or None."""
    kind = class_of(name)
    fits = isinstance(kind, type) and issubclass(kind, tuple)
    return kind if fits and getattr(kind, "_fields", None) == fields else None


_PLAIN = {  # an object of a derived class as one of the built-in class, by none of its methods
    **{str: str.__str__, int: lambda value: int.__add__(value, 0), float: float.__float__},
    **{complex: complex.__complex__, bytes: lambda value: bytes.__getitem__(value, slice(None))},
    **{tuple: lambda value: tuple(tuple.__iter__(value)), list: list.copy, dict: dict.copy},
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
_REFILL = {
    list: lambda old, new: list.__setitem__(old, slice(None), new),
    dict: lambda old, new: (dict.clear(old), dict.update(old, new)),
    set: lambda old, new: (set.clear(old), set.update(old, new)),
}


def name_of(kind):
    """A class's name, "module:name" if it is of a module."""
    module = kind.__module__
    return kind.__name__ if module == "__main__" else f"{module}:{kind.__name__}"


def base_of(kind):
    """The built-in class of data that a class derives from, or None.

    A named tuple crosses by its fields, a member of an enumeration by its value.
    """
    if isinstance(kind, EnumType) or hasattr(kind, "_fields"):
        return None
    return next((base for base in _mro(kind)[1:] if base in _PLAIN), None)
