"""Modules that only the student has: a test imports one, and what it has is asked for over there.

Only what tests import and their notebook speaks of (see `proctor.run.course`), and nothing on this
side is found for, is asked for, and only if a file of the student's could be it. A library that a
test or another library would use if it were installed is no student's to write.
"""

import contextlib
import sys
import types
from importlib.machinery import ModuleSpec

_KEPT = "__proctor__"  # what a stand-in keeps its proxy by
_own = types.ModuleType.__dict__["__dict__"].__get__


class _Module(types.ModuleType):
    """Stands for a module of the student's process."""

    def __getattr__(self, name):
        theirs = _own(self)[_KEPT]
        if name == "__all__":  # `from m import *`
            names = dir(theirs)
            return list(theirs.__all__) if name in names else [n for n in names if n[:1] != "_"]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        return getattr(theirs, name)

    def __setattr__(self, name, value):
        if name.startswith("__") or isinstance(value, types.ModuleType):  # the import system's
            super().__setattr__(name, value)
        else:
            setattr(_own(self)[_KEPT], name, value)

    def __delattr__(self, name):
        delattr(_own(self)[_KEPT], name)

    def __dir__(self):
        return dir(_own(self)[_KEPT])

    @property
    def __dict__(self):
        """What `vars` gives: names of the student's module, and what it has by them."""
        names = [name for name in dir(self) if not name.startswith("__")]
        return {name: getattr(self, name) for name in names}


class _Finder:
    """Finds last, for the import system: it is both finder and loader.

    names  of modules
    files  function that gives the paths of the student's files
    ask    function of a module's name, that imports it over there and gives its proxy
    """

    def __init__(self, names, files, ask):
        self.names, self.files, self.ask, self.loaded = names, files, ask, []

    def find_spec(self, name, path=None, target=None):
        """What the import system asks each finder."""
        if name not in self.names:
            return None
        place = name.replace(".", "/")
        files = self.files()
        package = any(file.startswith(f"{place}/") for file in files)
        if not package and f"{place}.py" not in files:
            return None
        return ModuleSpec(name, self, is_package=package)

    def create_module(self, spec):
        """Import it over there."""
        module = _Module(spec.name)
        _own(module)[_KEPT] = self.ask(spec.name)
        self.loaded.append(spec.name)
        return module

    def exec_module(self, module):
        """It has run over there."""


@contextlib.contextmanager
def imported(names, files, ask):
    """Have these modules, for as long as a test runs: see `_Finder`."""
    finder = _Finder(names, files, ask)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.loaded:
            sys.modules.pop(name, None)
            parent, _, last = name.rpartition(".")
            found = sys.modules.get(parent)
            if isinstance(found, types.ModuleType):
                _own(found).pop(last, None)
