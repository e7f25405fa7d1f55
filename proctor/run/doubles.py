"""Test doubles: what a test has put in the place of a function that a student's code calls.

``mock.patch("random.randint", return_value=6)``, ``time.sleep = note``, ``del np.linalg.inv``,
``patch("__main__.helper")``: while that stands there, the student's code in its own process calls
the test's. A double may well hand on to what it stands for: where that could do harm, it is called
with nothing that comes from there, and what it gives stays, unless it is a mock that hands on
nothing.
"""

import builtins
import importlib
import sys
import types

# whatever of these is called from there, and with what, does no harm
MODULES = {
    *("random", "numpy.random", "secrets", "time", "math", "cmath", "statistics", "calendar"),
    *("string", "getpass", "turtle"),
}
_PRINT = ("builtins", "print")
_MAIN = "__main__"
# what is watched elsewhere, or is no function of a library
_OTHERS = {("builtins", "input"), ("sys", "stdin"), ("sys", "stdout"), ("sys", "stderr")}
_NONE = object()


class Doubles:
    """The test's end.

    places   (text of a module, name), as the test has them: see `proctor.run.names.doubled`
    names    the test's namespace
    there    names that the student's process has
    crosses  function of a value: whether it can be passed to the student's process
    private  top-level names of the modules that only the grader has
    """

    def __init__(self, places, names, there, crosses, private=()):
        self._names, self._crosses, self._usual = names, crosses, {}
        for text, name in places:
            module = self._module(text)
            if module == _MAIN:  # no hidden name is told
                known = name in there or hasattr(builtins, name)
            else:
                known = (module, name) not in _OTHERS and module.partition(".")[0] not in private
            usual = self._now(module, name) if known else _NONE
            if known and (module == _MAIN or usual is not _NONE):
                self._usual[module, name] = usual
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
        if module in MODULES:  # else what is no module has no place
            importlib.import_module(module)
        return getattr(sys.modules.get(module), name, _NONE)

    def news(self):
        """Yield what has changed since the last call: (module, name, [what stands there now]), with
        an empty list if it is gone, with None if what was there is there again."""
        for place, last in list(self._last.items()):
            now = self._now(*place)
            if now is last:
                continue
            self._last[place] = now
            if now is self._usual[place]:
                yield (*place, None)
            elif now is _NONE:
                yield (*place, [])
            elif self._may_tell(place, now):
                yield (*place, [_double(place, now)])

    def _may_tell(self, place, now):
        """Whether a value may be told of; ``sum = 0`` in a test is a number of the test's."""
        shadow = place[0] == _MAIN and hasattr(builtins, place[1])
        told = callable(now) or now is None or not shadow
        return told and not isinstance(now, type) and self._crosses(now)

    def end(self):
        """Yield the places where something still stands."""
        for place, now in self._last.items():
            if now is not self._usual[place]:
                yield (*place, None)


def _double(place, double):
    """What the student's code is to call in a place."""
    module, name = place
    harmless = module in MODULES or place == _PRINT
    harmless |= module == _MAIN and not hasattr(builtins, name)
    if harmless or not callable(double) or _is_canned(double):
        return double

    def used(*args, **kwargs):
        double()  # what it gives may be of what it stands for: a list of the test's files

    return used


def _is_canned(double):
    """Whether it is a mock that hands on nothing of what it is given."""
    # a test that has one has imported it
    mock = sys.modules.get("unittest.mock")
    if mock is None or not isinstance(double, mock.Mock):
        return False
    effect = double.side_effect
    raises = isinstance(effect, type) and issubclass(effect, BaseException)
    return double._mock_wraps is None and (raises or not callable(effect))


class Stage:
    """The student's end.

    names  their namespace
    """

    def __init__(self, names):
        self._names, self._usual = names, {}

    def set(self, module, name, double):
        """Put a double, in a list, in a place; with an empty one nothing, with None what was there.

        ImportError: there is no such module.
        """
        content = self._names if module == _MAIN else vars(importlib.import_module(module))
        there = [content.pop(name)] if name in content else []
        if double is None:
            double = self._usual.pop((module, name), there)
        else:
            self._usual.setdefault((module, name), there)
        content.update((name, one) for one in double)
