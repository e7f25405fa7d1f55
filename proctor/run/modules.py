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


class _Module(types.ModuleType):
    """Stands for a module of the student's process."""

    def __getattr__(self, name):
        if name == "__all__":  # `from m import *`
            return [one for one in dir(vars(self)[_KEPT]) if one[:1] != "_"]
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(vars(self)[_KEPT], name)

    def __setattr__(self, name, value):
        if name.startswith("__") or isinstance(value, types.ModuleType):  # the import system's
            super().__setattr__(name, value)
        else:
            setattr(vars(self)[_KEPT], name, value)


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
        vars(module)[_KEPT] = self.ask(spec.name)
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
            vars(sys.modules.get(parent, finder)).pop(last, None)
