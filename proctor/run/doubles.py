"""Test doubles: what a test has put in the place of a function that a student's code calls.

``mock.patch("random.randint", return_value=6)``, ``time.sleep = note``,
``patch("builtins.print")``, ``patch("__main__.helper")``: while that stands there, the student's
code in its own process calls the test's. Only in the place of what could be called from there
without harm: a double may well hand on to what it stands for.
"""

import contextlib
import importlib
import types

MODULES = {
    *("random", "numpy.random", "secrets", "time", "math", "cmath", "statistics", "calendar"),
    *("string", "getpass", "turtle"),
}
_PRINT = ("builtins", "print")
_MAIN = "__main__"
_NONE = object()


class Doubles:
    """The test's end.

    places   (text of a module, name), as the test has them: see `proctor.run.names.doubled`
    names    the test's namespace
    crosses  function of a value: whether it can be passed to the student's process
    """

    def __init__(self, places, names, crosses):
        self._names, self._crosses = names, crosses
        self._usual = {}
        for text, name in places:
            place = self._module(text), name
            if place[0] in {*MODULES, _MAIN} or place == _PRINT:
                self._usual[place] = self._now(*place)
        self._last = dict(self._usual)

    def __bool__(self):
        return bool(self._usual)

    def _module(self, text):
        """The name of the module that a text stands for in the test."""
        first, *rest = text.split(".")
        found = self._names.get(first)
        first = found.__name__ if isinstance(found, types.ModuleType) else first
        return ".".join([first, *rest])

    def _now(self, module, name):
        if module == _MAIN:
            return self._names.get(name, _NONE)
        with contextlib.suppress(ImportError):
            return getattr(importlib.import_module(module), name, _NONE)
        return _NONE

    def news(self):
        """Yield (module, name, what stands there now) of what has changed since the last call; of
        what is as usual again, only module and name."""
        for place, last in list(self._last.items()):
            now = self._now(*place)
            if now is last:
                continue
            self._last[place] = now
            if now is self._usual[place]:
                yield place
            elif now is not _NONE and self._crosses(now):
                yield (*place, now)

    def end(self):
        """Yield the places where something still stands."""
        for place, now in self._last.items():
            if now is not self._usual[place]:
                yield place


class Stage:
    """The student's end.

    names  their namespace
    """

    def __init__(self, names):
        self._names, self._usual = names, {}

    def set(self, module, name, *double):
        """Put a double in a place, or, with none, what was there."""
        content = self._names if module == _MAIN else vars(importlib.import_module(module))
        place = module, name
        if double:
            self._usual.setdefault(place, content.get(name, _NONE))
            (content[name],) = double
        elif place in self._usual and (usual := self._usual.pop(place)) is not _NONE:
            content[name] = usual
        else:
            content.pop(name, None)
