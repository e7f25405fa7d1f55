"""Which converters there are."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.metadata import entry_points
from importlib.util import find_spec, module_from_spec, spec_from_loader

from proctor.rpc.codec.values import is_plain

GROUP = "proctor.rpc.values"

# The library, and the module here that has its converters.
LIBRARIES = {
    "pandas": "frames",
    "scipy.sparse": "sparse",
    "PIL.Image": "images",
    "sympy": "symbols",
    "torch": "tensors",
    "tensorflow": "flow",
}

_PYTHON = "Python"
_modules = sys.modules
_UNKNOWN = object()


@dataclass(frozen=True)
class Converter:
    """How objects of one class cross.

    kind       the class: only objects of exactly this class are meant
    to_data    function of an object; returns plain data, or raises if it is nothing but itself
    from_data  function of plain data; returns an object like the first, or raises
    changes    whether an object can be changed in place
    assign     function of an object and a new one, which gives the first the content of the
               second; without it, a change in place is an error that says so
    keeps      whether an object that is passed back is the same one, though it never changes
    careful    whether an object is made again before it is sent, to see that it can be
    covers     function of another class; returns whether its objects are meant as well
    one_way    whether objects are sent by the student's end only
    given      whether objects are sent by the trusted end only
    guarded    used in place of ``from_data`` at the trusted end
    """

    kind: type
    to_data: Callable
    from_data: Callable
    changes: bool = True
    assign: Callable | None = None
    keeps: bool = False
    careful: bool = True
    covers: Callable | None = None
    one_way: bool = False
    given: bool = False
    guarded: Callable | None = None
    name: str = field(default="")

    def __post_init__(self):
        if not self.name:
            name = f"{self.kind.__module__}.{self.kind.__qualname__}"
            object.__setattr__(self, "name", name)

    def made_here(self, data, trusted):
        """The object that data of the other end stands for."""
        if trusted and self.given:
            raise ValueError("it is not a student's to give")
        return ((trusted and self.guarded) or self.from_data)(data)


class Values:
    """One end's converters.

    trusted   whether this is the trusted end: it tells the other which libraries it has imported
    class_of  function of a name; returns the class that the course's cells define by it, or None
    """

    def __init__(self, trusted, class_of=None):
        self._trusted, self._seen = trusted, 0
        self._by_name, self._by_class, self._covering = {}, {}, []
        self._sources, self._waiting = {}, dict(sources())
        self._there, self._told = {_PYTHON}, {_PYTHON}
        self._take_up(_PYTHON, lambda: _of_module("standard"))
        self._released = self._base_of = self.new_object = self.name_of = self._members = None
        self.tuple_class = lambda name, fields: None
        if class_of is not None:
            released = import_module(f"{__package__}.released")
            self._released, self.new_object = released.converter(class_of, trusted)
            self._base_of, self.name_of = released.base_of, released.name_of
            self._members = released.members(class_of, lambda name: f"class {name}" in self._there)
            self.tuple_class = lambda *about: released.tuple_class(class_of, *about)
            plain = self._by_name["dataclass"]
            self._covering = [one for one in self._covering if one is not plain]
            records = released.records(class_of, plain)
            self._take_up(_PYTHON, lambda: [self._released, self._members, records])
        self._look()

    def of(self, kind):
        """The converter for objects of a class, or None."""
        if len(_modules) != self._seen:
            self._look()
        found = self._by_class.get(kind, _UNKNOWN)
        if found is _UNKNOWN:
            found = next((one for one in self._covering if one.covers(kind)), None)
            if found is not None or self._trusted:  # there, what has come makes a class covered
                self._by_class[kind] = found
        if found is None or self._trusted:
            return found
        return found if self._sources[found.name] in self._there and not found.given else None

    def is_object(self, kind):
        """Whether objects of a class cross by what they have: see `proctor.rpc.values.released`.

        ``new_object`` is a function of a class's name (`name_of`): makes one that has nothing yet.
        """
        if self._released is None or self.of(kind) is not self._released:
            return False
        return is_plain(kind) and self._base_of(kind) is None

    def is_member(self, kind):
        """Whether a class is an enumeration of the course's: ``IntEnum`` is no number, then."""
        return self._members is not None and self.of(kind) is self._members

    def is_released(self, kind):
        """Whether a class that derives from a built-in one is the course's, of whose objects more
        crosses than what the built-in one has."""
        if self._released is None:
            return False
        mine = self.is_the_courses(kind) if self._trusted else self._released.covers(kind)
        return mine and self._base_of(kind) is not None

    def is_the_courses(self, kind):
        """Whether a class is one that the course defines, at the trusted end."""
        return self._released is not None and self.of(kind) is self._released

    def named(self, name):
        """The converter of a name, or None; the student's end imports its library for it."""
        if name not in self._by_name:
            self._look()
            if not self._trusted:
                self._fetch(name)
        return self._by_name.get(name)

    def know(self, names):
        """At the trusted end: these are enumerations of the course's, whose members can be sent."""
        self._there.update(f"class {name}" for name in names)

    def news(self):
        """At the trusted end: the libraries that have been imported, and were not told yet."""
        if len(_modules) != self._seen:
            self._look()
        if len(self._told) == len(self._there):
            return None
        return sorted(self._there - self._told)

    def told(self, news):
        """The news have been sent."""
        self._told.update(news)

    def heed(self, news):
        """At the student's end: values of these libraries can be sent."""
        self._there.update(news)

    def _look(self):
        """Take up the converters of what has been imported meanwhile."""
        self._seen = len(_modules)
        for name, (module, load) in list(self._waiting.items()):
            if module in _modules:
                del self._waiting[name]
                self._take_up(name, load)

    def _take_up(self, name, load):
        try:
            converters = load()
        except Exception as why:  # of another version than the converters are for, or a plug-in's
            if self._trusted:
                logging.getLogger(__name__).warning("no values of %s cross: %s", name, why)
            return
        finally:
            self._seen = len(_modules)
        for one in converters:
            self._by_name[one.name] = self._by_class[one.kind] = one
            self._sources[one.name] = name
            if one.covers is not None and not (self._trusted and one.one_way):
                self._covering.append(one)
        if self._trusted:
            self._there.add(name)
        self._by_class = {kind: one for kind, one in self._by_class.items() if one is not None}

    def _fetch(self, name):
        for module, _ in list(self._waiting.values()):
            if name.startswith(f"{module.partition('.')[0]}."):
                import_module(module)
                self._look()


def warm():
    """Do once, before a fork, what is slow the first time, for the libraries that are imported.

    The converters of the others are read: a jail has no files of ours, and an answer may import
    what no cell of the course's does.
    """
    Values(trusted=False, class_of={}.get)
    for module in LIBRARIES.values():
        _read(f"{__package__}.{module}")


@lru_cache(1)
def sources():
    """{name: (module that has been imported where this is of use, what returns converters)}."""
    found = {}
    for library, module in LIBRARIES.items():
        found[library] = library, lambda module=module: _of_module(module)
    for point in entry_points(group=GROUP):
        module = point.name.rpartition(".")[0]
        found[point.name] = module, lambda point=point: [_plugged_in(point)]
    return found


def _of_module(name):
    path = f"{__package__}.{name}"
    if path not in _modules:
        spec = _read(path)
        _modules[path] = module_from_spec(spec)
        try:
            spec.loader.exec_module(_modules[path])
        except BaseException:
            del _modules[path]
            raise
    return _modules[path].CONVERTERS


class _Kept(InspectLoader):
    """Loads a module whose code was read before."""

    def __init__(self, code):
        self._code = code

    def get_code(self, path):
        return self._code

    def get_source(self, path):
        return None

    def is_package(self, path):
        return False


@cache
def _read(path):
    """A module's specification, its code with it."""
    return spec_from_loader(path, _Kept(find_spec(path).loader.get_code(path)))


def _plugged_in(point):
    """The converter of an entry point, whose name is that of a class."""
    module, _, kind = point.name.rpartition(".")
    functions = point.load()
    if isinstance(functions, Converter):
        return functions
    more = {
        name: getattr(functions, name) for name in ("assign", "changes") if hasattr(functions, name)
    }
    kind = getattr(_modules[module], kind)
    return Converter(kind, functions.to_data, functions.from_data, name=point.name, **more)
