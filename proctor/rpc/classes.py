"""Classes that an object of the student's process is said to have, by module and name.

It is a claim, and gives no more than an answer to "what are you?": the object stays where it is,
and what is asked of it is asked there. Of a class whose objects cross as data no object that stays
behind can be: it would answer for a comparison that belongs to the test.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import builtins
import re
import sys
import types
from functools import lru_cache

from proctor.rpc.codec import WallError
from proctor.rpc.codec.values import kind_of

MOST = 40  # classes of one object
_LENGTH = 200  # of module and name
_MAIN = "__main__"
_PATH = re.compile(r"[\w.]+:[\w.<>]+")

_mro = type.__dict__["__mro__"].__get__
_module = type.__dict__["__module__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_content = type.__dict__["__dict__"].__get__


@lru_cache(4096)
def line_of(cls):
    """What is told of a class: "module:name" of it and of each that it derives from."""
    found = []
    for one in _mro(cls)[:MOST]:
        try:
            path = f"{_module(one)}:{_qualname(one)}"
        except AttributeError:
            continue
        if one is not object and len(path) <= _LENGTH and _PATH.fullmatch(path):
            found.append(path)
    return found


# what a stand-in can be asked for only if the object's class has the method: Python looks whether
# it is there, and so does `isinstance` with a class as ``collections.abc.Iterable``
ABILITIES = (
    *("iter", "len", "contains", "reversed"),
    *("getitem", "setitem", "delitem", "enter", "exit"),
)


def abilities_of(value):
    """Which of them an object has: of a class, what can be asked of it itself."""
    return [*_abilities(type(value)), *(["getitem"] if isinstance(value, type) else ())]


@lru_cache(4096)
def _abilities(cls):
    return [name for name in ABILITIES if _has(cls, f"__{name}__")]


def _has(cls, method):
    for one in _mro(cls):
        if method in (content := _content(one)):
            return content[method] is not None
    return False


def checked_abilities(told):
    """What was told of them, if it is that. Raises ``WallError``."""
    if type(told) is not list or not all(type(name) is str for name in told):
        raise WallError("an object was told of that is none")
    return frozenset(told) & frozenset(ABILITIES)


def checked(line):
    """What was told of a class, if it is that. Raises ``WallError``."""
    right = type(line) is list and len(line) <= MOST
    for path in line if right else ():
        right = right and type(path) is str and len(path) <= _LENGTH and _PATH.fullmatch(path)
    if not right:
        raise WallError("a class was told of that is none")
    return tuple(line)


# of what Python has no names in its built-ins: functions, methods, generators …
_NAMELESS = {
    f"builtins:{kind.__qualname__}": kind
    for kind in vars(types).values()
    if isinstance(kind, type) and kind.__module__ == "builtins"
}


class Classes:
    """The trusted end's classes of what the student's process claims.

    converters  which classes cross as data: see `proctor.rpc.values.Values`
    released    function of a name: the class that cells of the course's define by it, or None
    private     top-level names of the modules that only the grader has
    """

    def __init__(self, converters, released=lambda name: None, private=()):
        self.converters, self.released, self.private = converters, released, set(private)
        self._made = {}

    def exact(self, line):
        """The class itself, if this process knows it; else None."""
        return self._known(line[0]) if line else None

    def known(self, line):
        """Those of the claimed classes that this process knows, in order."""
        return [found for path in line if (found := self._known(path)) is not None]

    def error(self, path):
        """A library's or the course's class of exceptions, if this process knows it; else None."""
        name, _, inner = path.partition(":")
        found = self.released(inner) if name == _MAIN else self._found(name, inner)
        return found if isinstance(found, type) and issubclass(found, Exception) else None

    def seen(self, line, kind):
        """A class to be told by: the claimed one, or one that derives from what is known of it."""
        exact = self.exact(line)
        if exact is not None:
            return exact
        bases = tuple(self.known(line))
        if (line, bases) not in self._made:
            self._made[line, bases] = _told(kind, bases)
        return self._made[line, bases]

    def _known(self, path):
        if path in _NAMELESS:
            return _NAMELESS[path]
        name, _, inner = path.partition(":")
        if name == _MAIN:
            found = self.released(inner)
            return found if isinstance(found, type) and kind_of(found) == "foreign" else None
        return self._allowed(self._found(name, inner))

    def _found(self, name, inner):
        """What a module has by a name, if it has been imported and students may."""
        if name.partition(".")[0] in self.private:
            return None
        found = sys.modules.get(name)
        for part in inner.split("."):
            try:
                found = vars(found).get(part)  # a module's own function may import
            except TypeError:
                return None
        return found

    def _allowed(self, found):
        """The class, if it is one, and its objects do not cross as data."""
        if not isinstance(found, type) or found is object:
            return None
        if issubclass(found, type):
            return found
        if kind_of(found) != "foreign":
            return None
        # of a class of the course's, what the student's code makes stays behind
        crosses = self.converters.of(found) is not None
        return None if crosses and not self.converters.is_the_courses(found) else found


class _Told(type):
    """The class of classes that were told of: they derive from others without a word to these."""

    def mro(cls):
        return [cls, *vars(cls)["_bases"], object]

    def __call__(cls, *args, **kwargs):
        raise TypeError(f"{cls.__name__} is a class of the student's: call it by its name")


def _told(name, bases):
    kept = ()
    for one in bases:
        try:
            _Told(name, (), {"_bases": (*kept, one)})
        except TypeError:  # objects of it lie in memory in another way
            continue
        kept += (one,)
    return _Told(name, (), {"_bases": kept, "__module__": _MAIN})


class _AsType(type):
    """``type`` of itself: what is a class is one for it."""

    def __instancecheck__(cls, thing):
        return isinstance(thing, builtins.type)

    def __subclasscheck__(cls, thing):
        return issubclass(thing, builtins.type)

    def __eq__(cls, other):
        return other is cls or other is builtins.type

    __hash__ = type.__hash__


def make_type(kind_of_proxy):
    """What stands for ``type`` in a test: of a proxy, it gives the class that is claimed.

    kind_of_proxy  function of an object; returns the class of a proxy, None of anything else
    """

    def of(mcs, *args, **kwargs):
        if len(args) != 1 or kwargs:
            made = builtins.type.__new__(mcs, *args, **kwargs)
            if made.__module__ == __name__:  # where this function is, not the class
                made.__module__ = _MAIN
            return made
        found = kind_of_proxy(args[0])
        if found is None:
            found = builtins.type(args[0])
        return asked if found is builtins.type else found

    content = {"__new__": of, "__module__": "builtins", "__qualname__": "type"}
    asked = _AsType("type", (builtins.type,), content)
    return asked
