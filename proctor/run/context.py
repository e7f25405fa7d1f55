"""Context of calls: what Python keeps for a whole process, and a test sets around its calls.

The state of random numbers, NumPy's handling of errors, filters of warnings: what a test sets of
these holds in the student's process for the calls that follow. Only warnings come back. A state of
random numbers does not: a student who chose it would choose what the test draws next.
"""

import random
import sys
import warnings

_NAMES = {
    "random": {"seed", "setstate", "set_state"},
    "errors": {"errstate", "seterr"},
    "warnings": {
        *("catch_warnings", "simplefilter", "filterwarnings", "warns", "deprecated_call"),
        *("assertWarns", "assertWarnsRegex", "assert_warns", "assert_no_warnings"),
    },
}
MOST = 100  # warnings of one call


class Context:
    """The test's end.

    used  names in the test's code: what it cannot set is not looked at

    ``tells`` says whether there may be news before a call, ``asks`` whether there may be after it,
    ``told`` whether the student's process has been told something that does not end by itself.
    """

    def __init__(self, used=()):
        self._kinds = {kind for kind, names in _NAMES.items() if names & set(used)}
        self.tells, self.asks = bool(self._kinds), bool(self._kinds - {"errors"})
        self.told = False
        self._last = self._now()
        self._usual = self._last.get("errors")
        if {"getstate", "get_state"} & set(used):  # to come back to it
            self._last |= dict.fromkeys({"random", "numpy"} & self._last.keys())

    def news(self):
        """What has changed since this was last asked, to be told; {} if nothing has."""
        now = self._now()
        new = {kind: value for kind, value in now.items() if value != self._last.get(kind)}
        self._last = now
        if "errors" in new and new["errors"] == self._usual:
            new["errors"] = None
        if "warnings" in self._kinds and not self.told:
            new["warnings"] = True
        self.told = self.told or bool(new)
        return new

    def end(self):
        """What to tell when the test is over."""
        return {"errors": None, "warnings": False}

    def heed(self, found, exception):
        """Warn of what a call warned of, by the test's filters, which may raise it.

        found      what `Surroundings.set` has returned: in what process, nobody knows
        exception  function that makes an exception of what was told of it, or None
        """
        if type(found) is not tuple or len(found) != 2 or type(found[1]) is not list:
            return
        drawn, caught = found
        if drawn is True and "random" in self._kinds:
            # in one process the test's numbers would go on elsewhere, too; and the same seed set
            # once more is seen
            random.random()
            if "numpy" in self._last:
                sys.modules["numpy"].random.random_sample()
            self._last |= _states()
        for one in caught[:MOST]:
            told, line = one if type(one) is tuple and len(one) == 2 else (None, None)
            raised = exception(told)
            # when a file is closed for it, is Python's affair, and raises nothing in one kernel
            leak = isinstance(raised, ResourceWarning)
            if isinstance(raised, Warning) and type(line) is int and not leak:
                warnings.warn_explicit(raised, None, "<the student's code>", line)

    def _now(self):
        found = _states() if "random" in self._kinds else {}
        if "errors" in self._kinds and (numpy := sys.modules.get("numpy")):
            found["errors"] = numpy.geterr()
        return found


def _states():
    """Of what draws random numbers: what it draws next."""
    found = {"random": random.getstate()}
    if numpy := sys.modules.get("numpy"):
        state = numpy.random.get_state()
        if type(state) is tuple:  # else another generator has been put in its place
            found["numpy"] = (state[0], state[1].tobytes(), *state[2:])
    return found


class Surroundings:
    """The student's end.

    describe  function that tells of an exception as plain data
    """

    def __init__(self, describe):
        self._describe, self._catching, self._caught = describe, None, []
        self._own = None  # what the student's code had NumPy do about errors
        self._states = None

    def set(self, about):
        """Set what a test has set; return what happened since the last call.

        That is (whether random numbers were drawn, [(a warning described, its line)]).
        """
        numpy, drawn = sys.modules.get("numpy"), False
        if self._states is not None:
            drawn, self._states = self._states != _states(), _states()
        if "random" in about:
            random.setstate(about["random"])
        if numpy is not None and "numpy" in about:
            kind, key, *rest = about["numpy"]
            numpy.random.set_state((kind, numpy.frombuffer(key, numpy.uint32), *rest))
        if about.keys() & {"random", "numpy"}:
            self._states = _states()
        if numpy is not None and "errors" in about:
            self._own = self._own or numpy.geterr()
            numpy.seterr(**(about["errors"] or self._own))
            self._own = self._own if about["errors"] else None
        if "warnings" in about:
            self._catch(about["warnings"])
        caught = [(self._describe(one.message), one.lineno) for one in self._caught[:MOST]]
        self._caught.clear()
        return drawn, caught

    def _catch(self, wanted):
        if self._catching is not None:
            self._catching.__exit__(None, None, None)
            self._catching, self._caught = None, []
        if wanted:
            self._catching = warnings.catch_warnings(record=True)
            self._caught = self._catching.__enter__()
            warnings.simplefilter("always")
