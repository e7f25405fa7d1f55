"""Sharing: what the released part of a test binds, the student's functions may read.

Its imports, functions and classes run in the student's process, too; its values are sent. What a
test makes by a library and passes on is made there by the same call, if it cannot cross.
"""

import contextlib
import copy
import types

from proctor.rpc import Proxy
from proctor.run import outcomes
from proctor.run.names import calling, made, replaced
from proctor.run.outputs import read

_SHARE = "__share__"  # what a test's first hidden line calls
_SHARING = f"{_SHARE}()"
_MADE = "__made__"  # what a test calls a library by, for what it passes to a student's function


class Sharing:
    """What one test shares.

    runner  the `Runner`, whose process there is
    cell    of its job: the test
    """

    def __init__(self, runner, cell):
        self._runner, self._cell, self._wall = runner, cell, runner.wall
        self._names, self._theirs = runner.shell.user_ns, runner.functions

    @contextlib.contextmanager
    def source(self):
        """Give the test's source, which shares, once, what its released lines bind.

        That is before its first hidden line, or at its end, if it does not come that far.
        """
        source, follow = self._making(self._cell["source"]), self._cell.get("follow", ())
        if "shared" not in self._cell:
            tell = self._share_as_bound({}, follow)
            try:
                yield source
            finally:
                tell()
            return
        shared = dict(self._cell["shared"])
        defined = set(shared.get("defines", ()))
        if defined and not defined & self._runner.there and self._run_early(shared["code"]):
            del shared["code"]
        self._names[_SHARE] = lambda: self._share(shared)
        tell = self._share_as_bound(shared, follow)
        try:
            yield calling(_SHARING, source, shared["mark"])
        finally:
            self._names.pop(_SHARE, None)
            self._share(shared)
            tell()

    # -- what is made there

    def _making(self, source):
        """The source of a test in which what it makes for the student's functions is made there."""
        places = made(source, self._runner.shell, _MADE)
        if not places:
            return source
        self._names[_MADE] = self._maker
        return replaced(source, places)

    def _maker(self, function, name=None):
        """A library's function, for a call whose result is passed on: if that cannot cross, it is
        made in the student's process instead, by the same call."""
        there = None
        if name is None:
            there = f"{function.__module__}:{function.__qualname__}"
        elif isinstance(function, types.ModuleType):
            there = f"{function.__name__}:{name}"
        here = function if name is None else getattr(function, name)
        if there is None or isinstance(here, (Proxy, type(self._maker))):
            return here

        def call(*args, **kwargs):
            found = here(*args, **kwargs)
            module = there.partition(":")[0].partition(".")[0]
            if self._wall.crosses(found) or module in self._wall.classes.private | {"__main__"}:
                return found
            return self._wall.remote(there)(*args, **kwargs)

        return call

    # -- what is told

    def _run_early(self, code):
        """Run what a test imports and defines: the student's functions may need it. Did it run?"""
        _, _, outcome = read(self._theirs.run(code, None))
        fine = type(outcome) is dict and outcome.get("kind") == outcomes.PASSED
        if fine:
            self._runner.has_played("run", (code, None))
        return fine

    def _share_as_bound(self, shared, follow):
        """Before each call, tell of the values that answers read, as the test has bound them.

        shared  of a test's released lines: until the first hidden one
        follow  names that hidden lines bind anew, and model answers take from what is released
        """
        names, before = self._names, self._wall.before
        read_there = set(shared.get("values", ())) & set(self._runner.job.source.get("read", ()))
        told = {name: names.get(name) for name in follow}

        def tell():
            now = {*follow, *(read_there if "values" in shared else ())} & names.keys()
            new = sorted(name for name in now if told.get(name) is not names[name])
            told.update({name: names[name] for name in new})
            if new:
                self._wall.aside(self._share, {"values": new})

        def ask(values):
            before(values)
            tell()

        if read_there or follow:
            self._wall.before = ask
        return tell

    def _share(self, shared):
        """Let the student's process know what the released lines of a test have bound."""
        names, steps = self._names, []
        if code := shared.pop("code", None):
            steps.append(("run", (code, None)))
        for name in shared.pop("values", ()):
            if name in names and not (callable(names[name]) or isinstance(names[name], Proxy)):
                steps.append(("bind", (name, names[name])))
        for what, given in steps:
            try:
                given = copy.deepcopy(given)  # as it is now, for a new process too
                (self._theirs.run if what == "run" else self._theirs.bind.__copies__)(*given)
            except TypeError:  # it is no data
                continue
            except Exception:  # the process is gone: that is told where the test ends
                pass
            self._runner.has_played(what, given)


def foreseen(source, shell, mark):
    """The sources that a test may run as: see `Sharing.source`."""
    text = replaced(source, made(source, shell, _MADE))
    return [text, *([calling(_SHARING, text, mark)] if mark else [])]
