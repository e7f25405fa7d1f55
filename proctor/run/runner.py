"""Plays one notebook on two sides of a wall: student cells locked in, tests with the grader.

The runner is a trusted process of its own, one for each notebook. It runs the instructor's
locked cells and the tests; of the student's process it believes nothing but the data that comes.
"""

import contextlib
import copy
import dataclasses
import functools
import gc
import itertools
import json
import os
import re
import signal
import sys
import time
import types
from collections import deque
from enum import EnumType
from time import process_time

from proctor.rpc import (
    NameMissing,
    Proxy,
    Wall,
    WallError,
    asked_dataclasses,
    asked_issubclass,
    asked_type,
)
from proctor.rpc.heard import Heard
from proctor.rpc.places import Model
from proctor.run import outcomes, streams
from proctor.run.context import Context
from proctor.run.copies import laid_out, listed
from proctor.run.doubles import Doubles
from proctor.run.meter import CEILING, Meter
from proctor.run.modules import imported
from proctor.run.names import (
    asks_for_names,
    built_in,
    calling,
    constants,
    doubled,
    helpers,
    made,
    needed,
    owned,
    reads_cells,
    reads_files,
    replaced,
    runs_texts,
    statements,
    used,
    with_helpers,
    writes_files,
)
from proctor.run.outcomes import FAILED, NOT_REACHED, Outcome, outputs_of
from proctor.run.outputs import Room, clean, stream
from proctor.run.shell import Shell
from proctor.run.student import FUNCTIONS, MOST, digest
from proctor.run.taint import (
    guard,
    guarded,
    install,
    refuse_doctests,
    watched,
    watched_at_least,
)
from proctor.run.written import Written
from proctor.sandbox import Ended
from proctor.wording import INSIDE, SHOWN

GRACE = 2.0  # seconds that an interrupted cell gets to come to its end
AGAIN = 0.1  # what is known to hang gets this part of its limit …
LEAST = 1.0  # … and at least so many seconds
FILES, DEEP = 1_000, 20  # that a student's cells made, at most; folders within folders
_SELDOM = 20_000  # new objects between two collections: a runner lives for a second


# what stays what it is though something of it is set: a module's attribute, a function's
_UNCHANGED = (types.ModuleType, types.FunctionType, type)
_NOTHING = ()
# names that IPython binds, and Python
_OF_THE_SHELL = re.compile(
    r"In|Out|exit|quit|open|get_ipython|_{1,3}|_i{1,3}|_i?\d+|_[iod]h|__\w+__"
)
_UNNAMED, _UNNAMED_BYTES = 500, 16 << 20  # of what a test has that asks for names, at most
_SHARE = "__share__"  # what a test's first hidden line calls
_SHARING = f"{_SHARE}()"
_MADE = "__made__"  # what a test calls a library by, for what it passes to a student's function


class Lost(Exception):
    """The student's process is gone or had to be stopped; the text says why."""


class NotStarted(Exception):
    """No process for a student could be started: nothing that a student did, or should pay for."""


class Runner:
    """Plays a `proctor.run.job.Job`.

    start   function that returns a fresh student's process: an object with ``wall`` (a socket),
            ``interrupt()`` and ``kill()``
    handed  paths of what was handed in beside the notebook
    hidden  files and folders that the student's process cannot read
    """

    def __init__(self, job, start, handed=(), hidden=()):
        self.job, self.start, self.handed, self.hidden = job, start, handed, hidden
        self.meter = Meter(job.total, self._account)
        self.kernel = self.wall = None
        # what a new process must do to stand where the old one did, and for how long at most:
        # ("run", (source, count), seconds), ("bind", (name, value), seconds)
        self.played = []
        self.there = set()  # names that the student's process has
        self.bound = {}  # proxies of what they are bound to, as long as it is that
        self.hung = set()  # functions that did not come to an end
        self._held, self.late = {}, []
        self.owned, self.gone = set(), set()  # names that are the tests'; those a test has deleted
        self.doubled = set()  # what the locked cells which ran may put test doubles in the place of
        self.asks = False  # whether a test answers ``input``
        self.runs = True  # whether the test at hand could run a text
        # what a test that reads files finds, what lays it, and what has been laid
        self.files, self.lay, self.laid = {}, None, ()
        self.heard = Heard()  # what all of the notebook's processes have said
        self.writes, self.given = False, None  # whether a test may write any; the `Written`
        self.kept = []  # what was printed before a test began to catch that
        # what this side still has to catch up with: ("run", a locked cell), ("leave", an answer)
        self.passed = []
        # {name of a cell that ran: its first line that students cannot read}
        self.seen = {"<locked>": sys.maxsize}
        self.needs = set()  # names that the locked cells which ran take from others
        self.imports = {}  # {name: statement}: what model answers import
        self.helpers = {}  # {name of a function of a locked cell's: the names in its code}
        self.room = Room()
        self.shell = Shell.instance()
        self.model = Model(**job.source.get("model", {}))
        asked = {"type": asked_type, "issubclass": asked_issubclass}
        self.shell.user_ns |= asked
        for name in job.source.get("beside", ()):  # a test may leave the asking to a module
            if name in sys.modules:
                vars(sys.modules[name]).update(asked | vars(sys.modules[name]))
        vars(dataclasses).update(asked_dataclasses())
        time.process_time = self._processor_time
        self.built_in = set(built_in(self.shell))  # names; without those that model answers bind

    def play(self):
        """Run every cell; return what came of each, in order.

        That is {"outputs", "execution_count", "outcome", "problem"}: the last two are None, but for
        a test's `Outcome` as plain data, and for (name, text) of what whoever grades is to know.
        """
        os.environ["NBGRADER_EXECUTION"] = "autograde"
        gc.set_threshold(_SELDOM)
        self._await_alarms()
        install()
        self.shell.watch()
        self.texts = [("", None)]  # (text, role) of the cells that ran, by their numbers
        results, count = [], 0
        for cell in self.job.cells:
            if cell["role"] == "text" or not cell["source"].strip():
                results.append(_result())
            elif cell["role"] == "shown":
                results.append(_result([stream("stdout", SHOWN)]))
            else:
                count += 1
                self.texts.append((cell["source"], cell["role"]))
                results.append(self._play(cell, count))
        return results

    def made_files(self):
        """The files that the student's cells made, as {relative path: bytes}; {} if it is gone."""
        if self.kernel is None or self.wall.broken is not None:
            return {}
        try:
            with self._limited():
                self.wall.begin()
                found = self._made_files()
                return {name: found[name] for name in found if not self.given.has(name)}
        except Exception:  # as in _asked
            return {}

    def _made_files(self, before=None):
        """The same, if ``before`` is what they were when this was last asked."""
        before = before or {}
        found = self.made({name: digest(data) for name, data in before.items()})
        if type(found) is not dict:
            return {}
        # what is not told of, hidden or too much, is as it was
        made = {name: data for name, data in before.items() if name not in found}
        left = MOST  # what keeps to it there need not be our own function any more
        for name, data in itertools.islice(found.items(), FILES):
            data = before.get(name) if data is None else data
            plain = type(name) is str and len(name) < 1000 and name.count("/") < DEEP
            if plain and type(data) is bytes and len(data) <= left:
                made[name] = data
                left -= len(data)
        return made

    def held(self):
        """What keeps the student's process in: {layer: "held" or why not}; {} if none ran."""
        return self.kernel.jail.held if self.kernel is not None else self._held

    def end(self):
        """End the student's process, and all that it started."""
        if self.kernel is not None:
            self._held = self.kernel.jail.held
            self.kernel.kill()
            self.kernel = self.wall = None
            self.bound = {}

    def _play(self, cell, count):
        if cell["role"] == "locked":
            self.passed.append(("run", cell["source"]))
        elif "answer" in cell:
            self.passed.append(("leave", cell["answer"]))
        try:
            if self.meter.left() <= 0:
                raise Lost(f"the notebook's {self.job.total:g} s were used up before this cell")
            if cell["role"] == "test":
                outcome, shown = self._test(cell, count)
            else:
                outcome, shown = self._student(cell["source"], count)
        except Lost as lost:
            outcome, shown = Outcome(NOT_REACHED, "KernelStopped", str(lost), ours=True), []
        except NotStarted:
            raise
        except Exception as fault:
            outcome, shown = _our_fault(fault), []
        shown = self.room.take(shown)
        problem = (outcome.name, outcome.message) if outcome.ours else None
        if cell["role"] in ("test", "inside"):
            outcome = outcome.within(cell["points"])
            inside = [stream("stdout", INSIDE)] if cell["role"] == "inside" else []
            return _result([*inside, *outputs_of(outcome, shown)], count, outcome.told(), problem)
        if outcome.ours:
            shown = outcomes.stopped(outcome, shown)
        return _result(shown, count, problem=problem)

    # the student's side

    def _student(self, source, count):
        self._ready()
        with self._limited() as late:
            outcome, outputs = self._asked(self.run, source, count)
        self.played.append(("run", (source, count), self._short() if late else self.job.seconds))
        if outcome is None:
            outcome = Outcome(
                NOT_REACHED, "OutputRefused", "the kernel told of no outcome", ours=True
            )
        return self._stopped() if late else outcome, outputs

    def _ready(self):
        """Make sure that a student's process stands where the notebook is."""
        if self.kernel is not None and self.wall.broken is None:
            return
        self.end()
        try:
            self.kernel = self.start()
        except (Ended, OSError, TimeoutError) as why:
            raise NotStarted(f"no kernel could be started: {why}") from None
        self.there, self.asks = set(), False
        timeout = CEILING * (self.job.seconds + 2 * GRACE)
        self.wall = Wall(self.kernel.wall, timeout=timeout, heard=self.heard)
        self.wall.hidden = self.hidden
        self.wall.within = functools.partial(watched_at_least, self.heard)
        self.wall.spent, self.wall.model = self.kernel.jail.cpu, self.model
        self.wall.text_of, self.wall.is_seen = self._text_of, self._is_seen
        self.wall.classes.released = self._released
        self.wall.classes.private = {"proctor", *self.job.source.get("private", ())}
        try:
            functions = self.wall.fetch(FUNCTIONS)
            self.run, self.written, self.made, self.without, *functions = functions
            self.bind, self.reads, self.around, self.take, self.double = functions
        except (WallError, TimeoutError) as why:
            self.end()
            raise Lost(f"the kernel ended as it began: {why}") from None
        names = self.job.source.get("files", ())
        self.given = Written(names, self.heard, lambda: (self.files, self.laid))
        for what, given, seconds in self.played:
            self._replay(what, given, seconds)

    def _released(self, name):
        """What stands on this side for a class that a cell or, "module:name", a module of the
        course's defines, or None."""
        module, _, inner = name.rpartition(":")
        if not module:
            found = self.shell.user_ns.get(name)
            return found if name in self.job.source.get("released", ()) else None
        beside = module in self.job.source.get("beside", ()) and module in sys.modules
        return vars(sys.modules[module]).get(inner) if beside else None

    def _is_seen(self, function):
        """Whether students can read a function: in a cell, but a hidden region, or in a library.

        One that has another's name tells of that, too: both have to be such.
        """
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not self._is_seen(wrapped):
            return False
        code, module = (getattr(function, part, None) for part in ("__code__", "__module__"))
        if module == "__main__":
            if code is None:  # of `functools.lru_cache`
                return wrapped is not None
            return code.co_firstlineno < self.seen.get(code.co_filename, 0)
        if module not in sys.modules or module.partition(".")[0] in self.wall.classes.private:
            return False
        return vars(sys.modules[module]).get(getattr(function, "__name__", None)) is function

    def _see(self, source, count):
        """Note how far students can read a test, whose lines run under IPython's name for it."""
        mark = self.job.source.get("mark")
        if mark:
            text = self.shell.transform_cell(source)  # its lines are counted, not the source's
            lines = text.split("\n")
            none = 0 if mark in source else len(lines) + 1
            hidden = next((n for n, line in enumerate(lines, 1) if mark in line), none)
            self.seen[self.shell.compile.get_code_name(source, text, count)] = hidden

    def _text_of(self, file):
        """The text of the cell that IPython ran by this name in the student's process, or None.

        It is what was handed in, whatever that process says; which line of it a function stands in
        is that process's word. A test that could run a text has none, and of what it has no code
        is made.
        """
        if self.runs:
            return None
        for what, given, _ in self.played:
            if what == "run" and f"<ipython-input-{given[1]}-" in file:
                text = self.shell.transform_cell(given[0])
                if self.shell.compile.get_code_name(given[0], text, given[1]) == file:
                    guard(text)
                    return text
        return None

    def _replay(self, what, given, seconds):
        with self._limited(seconds):
            if what == "run":
                self._asked(self.run, *given)
            else:
                with contextlib.suppress(TypeError):  # it is no data
                    self.bind.__copies__(*given)

    @contextlib.contextmanager
    def _sharing(self, cell):
        """Give the source of a test that shares, once, what its released lines bind.

        That is before its first hidden line, or at its end, if it does not come that far.
        """
        source, follow = self._making(cell["source"]), cell.get("follow", ())
        if "shared" not in cell:
            tell = self._share_as_bound({}, follow)
            try:
                yield source
            finally:
                tell()
            return
        shared, names = dict(cell["shared"]), self.shell.user_ns
        defined = set(shared.get("defines", ()))
        if defined and not defined & self.there and self._run_early(shared["code"]):
            del shared["code"]
        names[_SHARE] = lambda: self._share(shared)
        tell = self._share_as_bound(shared, follow)
        try:
            yield calling(_SHARING, source, shared["mark"])
        finally:
            names.pop(_SHARE, None)
            self._share(shared)
            tell()

    def _making(self, source):
        """The source of a test in which what it makes for the student's functions is made there."""
        places = made(source, self.shell, _MADE)
        if not places:
            return source
        self.shell.user_ns[_MADE] = self._maker
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
            if self.wall.crosses(found) or module in self.wall.classes.private | {"__main__"}:
                return found
            return self.wall.remote(there)(*args, **kwargs)

        return call

    def _run_early(self, code):
        """Run what a test imports and defines: the student's functions may need it. Did it run?"""
        _, _, outcome = read(self.run(code, None))
        fine = type(outcome) is dict and outcome.get("kind") == outcomes.PASSED
        if fine:
            self.played.append(("run", (code, None), self.job.seconds))
        return fine

    def _share_as_bound(self, shared, follow):
        """Before each call, tell of the values that answers read, as the test has bound them.

        shared  of a test's released lines: until the first hidden one
        follow  names that hidden lines bind anew, and model answers take from what is released
        """
        names, before = self.shell.user_ns, self.wall.before
        read_there = set(shared.get("values", ())) & set(self.job.source.get("read", ()))
        told = {name: names.get(name) for name in follow}

        def tell():
            now = {*follow, *(read_there if "values" in shared else ())} & names.keys()
            new = sorted(name for name in now if told.get(name) is not names[name])
            told.update({name: names[name] for name in new})
            if new:
                self._aside(self._share, {"values": new})

        def ask(values):
            before(values)
            tell()

        if read_there or follow:
            self.wall.before = ask
        return tell

    def _share(self, shared):
        """Let the student's process know what the released lines of a test have bound."""
        names, steps = self.shell.user_ns, []
        if code := shared.pop("code", None):
            steps.append(("run", (code, None)))
        for name in shared.pop("values", ()):
            if name in names and not (callable(names[name]) or isinstance(names[name], Proxy)):
                steps.append(("bind", (name, names[name])))
        for what, given in steps:
            try:
                given = copy.deepcopy(given)  # as it is now, for a new process too
                (self.run if what == "run" else self.bind.__copies__)(*given)
            except TypeError:  # it is no data
                continue
            except Exception:  # the process is gone: that is told where the test ends
                pass
            self.played.append((what, given, self.job.seconds))

    def _asked(self, function, *args):
        """Call one of our own functions in the student's process; return (outcome, outputs).

        The outcome is what that process says, None if it says nothing of one; ours if what it sent
        is refused. Outputs that are refused leave a line, and the outcome as it is.
        """
        self.bound = {}
        outputs = outcome = None
        try:
            self.wall.begin()
            outputs, self.there, outcome = read(function(*args))
            self.wall.news = False
        except (WallError, TimeoutError):
            why = self._why()
            self.end()
            raise Lost(why) from None
        except Exception:  # our own function, in a process that need not be ours any more
            pass  # no outputs came, which is told of in the next lines
        outputs = _showable(outputs)
        try:
            return outcomes.read(outcome) if outcome is not None else None, outputs
        except ValueError as why:
            return _refused(str(why)), outputs

    def _why(self):
        reason = self.kernel.reason()
        if reason == "memory":
            return "this cell used more memory than there is for a notebook; the kernel ended"
        if reason == "cpu":
            return "the notebook used up its processor time; the kernel ended"
        if isinstance(self.wall.broken, str) and "late" not in self.wall.broken:
            return "the kernel ended while it ran this cell"
        return f"stopped after {self.meter.limit:.3g} s; it did not react to an interrupt"

    def _short(self):
        """The limit, in seconds, of what hung before: a hang costs the whole limit once."""
        return min(self.job.seconds, max(LEAST, AGAIN * self.job.seconds))

    @contextlib.contextmanager
    def _limited(self, seconds=None):
        """Interrupt the student's process when the block is late, and the block itself after that.

        Gives a list that is not empty once it was late.
        """
        self.late = late = []
        self.meter.start(seconds or self.job.seconds)
        try:
            yield late
        finally:
            self.meter.stop()

    def _account(self):
        """What the student's processes have used; None if there are none."""
        return self.kernel.jail.account() if self.kernel is not None else None

    def _await_alarms(self):
        """Answer alarms: again where code of the course's has run, which may have had its own."""
        signal.signal(signal.SIGALRM, self._ring)

    def _ring(self, *_):
        if not self.meter.over():
            return
        self.late.append(self.wall and self.wall.under_way)
        if len(self.late) > 1:
            raise TimeoutError(f"stopped after {self.meter.limit:g} s")
        self.meter.give(GRACE)
        if self.kernel is not None:
            self.kernel.interrupt()

    def _stopped(self):
        told = f"stopped after {self.meter.limit:.3g} s"
        return Outcome(FAILED, "CellTimeoutError", told, ours=True)

    # the trusted side

    def _processor_time(self):
        """What ``time.process_time`` gives in a test: in one kernel a call's time is in it, too."""
        return process_time() + (self.kernel.jail.cpu() if self.kernel is not None else 0)

    def _catch_up(self):
        """Do here what the notebook has passed: locked cells bind names, answers take them over."""
        for what, cell in self.passed:
            if what == "run":
                self._run_locked(cell)
            else:
                self._leave(cell)
        self.passed.clear()

    def _run_locked(self, source):
        """Run a cell of the course's; what a test has left it, a student may have said."""
        with watched(self.heard, self._own_texts(source)):
            self._run_statements(source)
        self._await_alarms()
        self.shell.written()

    def _run_statements(self, source):
        self.needs |= needed(source, self.shell)
        self.helpers |= helpers(source, self.shell)
        self.doubled |= doubled(source, self.shell)
        waiting = deque(statements(source, self.shell))
        while waiting:
            try:
                with self._limited():  # all of them together, or those after one that failed
                    while waiting:
                        exec(waiting[0][0], self.shell.user_ns)
                        waiting.popleft()
            except Exception:
                # it uses what is the student's: only there it is known what came of it
                if waiting:
                    self._give_up(waiting.popleft()[1])

    def _leave(self, answer):
        """Names that the model answer binds or changes are the student's from here on."""
        self._give_up(answer["binds"], _NOTHING)
        self.built_in.difference_update(answer["binds"], answer["imports"])
        self._give_up(answer["changes"])
        names = self.shell.user_ns
        asked = [n for n in answer.get("asks", ()) if self._is_of_the_course(names.get(n))]
        # of a library's object that is no data each side has its own: theirs is what they answer of
        asked += [n for n in answer.get("reads", ()) if n in names and self._stays(names[n])]
        self._give_up(asked)
        self.imports.update(answer["imports"])

    def _is_of_the_course(self, value):
        """Whether a value is of a class that a cell or a module of the course's defines."""
        kind, source = type(value), self.job.source
        beside = kind.__module__ in source.get("beside", ())
        return beside or kind.__name__ in source.get("released", ())

    def _stays(self, value):
        """Whether a value cannot be passed to a student's function."""
        return self.wall is not None and not self.wall.crosses(value)

    def _give_up(self, touched, but=_UNCHANGED):
        """Let the student's process say what names stand for; ``but``: not those of these kinds."""
        names = self.shell.user_ns
        for name in touched:
            if not isinstance(names.get(name), but):
                self.owned.discard(name)
                names.pop(name, None)

    def _test(self, cell, count):
        self._catch_up()
        self._ready()
        self.wall.begin()
        names = self.shell.user_ns
        self.owned |= owned(cell["source"], self.shell)
        wanted = self.needs | needed(cell["source"], self.shell)
        places = self.doubled | doubled(cell["source"], self.shell)
        wanted |= {name for module, name in places if module == "__main__"}
        wanted -= self.built_in
        named = frozenset(wanted)
        if asks_for_names(cell["source"], self.shell):
            wanted |= {n for n in self.there if not _OF_THE_SHELL.fullmatch(n)} - self.built_in
        self._import(wanted - names.keys())
        wanted -= self.owned | names.keys()
        # the student's process learns no name that it does not have
        wanted = sorted(wanted & self.there)
        fetched = {name: self.bound[name] for name in wanted if name in self.bound}
        late, outcome, shown, refused, wall = [], None, [], [], self.wall
        released = self.job.source.get("released", ())
        wall.know([name for name in released if isinstance(names.get(name), EnumType)])
        try:
            if len(fetched) < len(wanted):
                with self._limited() as late:
                    refused = self._fetch(wanted, fetched, named)
            if not late:
                names.update(fetched)
                self.kept, self.runs = [], runs_texts(cell["source"], self.shell)
                words = with_helpers(used(cell["source"], self.shell), self.helpers)
                self.context = Context(words)
                if "doctest" in sys.modules or "doctest" in words:
                    refuse_doctests()
                private = wall.classes.private
                self.doubles = Doubles(places, names, self.there, wall.crosses, private)
                self._carry_deletions(fetched.keys() | (names.keys() & cell.get("follow", ())))
                self._follow(fetched)
                seconds = self._short() if self.hung & fetched.keys() else None
                with (
                    self._files(words),
                    self._cells(cell),
                    self._modules(),
                    self._limited(seconds) as late,
                    self._sharing(cell) as text,
                    watched(self.heard, self._own_texts(cell["source"])),
                ):
                    self._see(text, count)
                    wall.exits = True
                    try:
                        outcome, shown = self.shell.run(text, count)
                    finally:
                        wall.exits = False
                wall.before = wall.after = None
                left = [*self.doubles.end()]
                if self.gone or self.context.told or left:
                    # the test is over, whatever the student's process says to that
                    with contextlib.suppress(Exception), self._limited():
                        self.without()
                        self.around(self.context.end())
                        for place in left:
                            self.double(*place)
                shown = refused + self.kept + shown
        except (WallError, TimeoutError):
            outcome, shown = None, []  # half a test is no test
        finally:
            self._await_alarms()
            for name, value in fetched.items():
                if names.get(name) is value:
                    del names[name]
        if late:  # whatever else the test calls has the whole limit in the next one
            self.hung |= _called(late[0], fetched)
        shown = _showable(shown)
        if self.wall.broken is not None:
            why = self._why()
            self.end()
            shown = [o for o in shown if o["output_type"] != "error"]
            return Outcome(NOT_REACHED, "KernelStopped", why, ours=True), shown
        if late:
            outcome = self._stopped()
        if outcome is None:
            raise RuntimeError("the test was not run to its end")
        printed = []
        if late or self.wall.news:
            with self._limited(self._short() if late else None):
                _, printed = self._asked(self.written)
        return outcome, [*(o for o in printed if o["output_type"] == "stream"), *shown]

    def _own_texts(self, source):
        """What a cell may make code of, whatever a student returns."""
        return {source.strip()} | constants(source, self.shell)

    def _import(self, wanted):
        """Import here what model answers import, where the student's process has it too."""
        for name in wanted & self.there & self.imports.keys():
            with contextlib.suppress(Exception), self._limited():  # else it is asked for
                theirs, here = self.wall.fetch(name), {}
                exec(self.imports[name], here)
                both = isinstance(theirs, type) and isinstance(here[name], type)
                # a number in place of a module is the student's answer
                if isinstance(theirs, Proxy) or both or isinstance(here[name], type(theirs)):
                    self.shell.user_ns[name] = here[name]

    def _fetch(self, wanted, fetched, named):
        """Add what else the student has of these names; return outputs that say which cannot be.

        named  those that the test itself names
        """
        refused, before, left = [], self.wall.carried, _UNNAMED
        for name in sorted(wanted, key=lambda name: name not in named):
            if name in fetched:
                continue
            if name not in named:
                left -= 1
                if left < 0 or self.wall.carried - before > _UNNAMED_BYTES:
                    break
            try:
                fetched[name] = value = self.wall.fetch(name)
                if isinstance(value, Proxy):
                    self.bound[name] = value
            except (WallError, TimeoutError):
                raise
            except NameMissing:
                pass
            except Exception as error:  # what it is cannot cross
                if name in named:
                    text = f"{name} cannot be used in a test: {error}\n"
                    refused.append(stream("stdout", text))
        return refused

    @contextlib.contextmanager
    def _files(self, words):
        """Within this, a test that reads files finds what the student's cells and calls wrote, and
        calls find what it writes."""
        self.writes, given = writes_files(words), self.given
        if not self.writes:
            yield
            return
        given.begin()
        try:
            with laid_out() if reads_files(words) else contextlib.nullcontext() as self.lay:
                if self.lay is not None:
                    self.files = self.made_files()
                    self.laid = self.lay(self.files)
                yield
        finally:
            self.files, self.lay, self.laid = {}, None, ()
            guard(*given.brought.values())  # what came back stays, as in one kernel
            given.brought.clear()
            given.end()

    def _renew(self):
        """Lay what a call has written, or removed."""
        files = self._aside(self._made_files, self.files | self.given.files)
        files = self.given.take_back(files)
        if files != self.files:
            self.files = files
            self.laid = self.lay(files)

    def _cells(self, cell):
        """A context in which a test that asks for the texts of cells, ``In[-2]``, has them."""
        if not reads_cells(cell["source"], self.shell):
            return guarded()
        made = [self.shell.transform_cell(text).rstrip("\n") for text, _ in self.texts]
        theirs = [
            text for text, (_, role) in zip(made, self.texts, strict=True) if role == "student"
        ]
        return listed(made, theirs, self.shell.user_ns)

    def _modules(self):
        """A context in which a test can import modules that are only the student's."""
        if not (names := self.job.source.get("modules")):
            return contextlib.nullcontext()
        return imported(names, self._own_files, self._own_module)

    def _own_files(self):
        return {*self.handed, *self._aside(self._made_files)}

    def _own_module(self, name):
        return self._aside(self.wall.remote, name)

    def _follow(self, fetched):
        """See what calls bind anew: ``global count`` in a student's function."""
        names, again = self.shell.user_ns, fetched.keys() & set(self.job.source.get("rebound", ()))

        def look():
            if self.wall.news and streams.is_caught():
                streams.give(self._printed())
            if self.lay is not None:
                self._renew()
            if self.context.asks:
                self.context.heed(self._aside(self.around, {}), self.wall.exception)
            for name in again:
                if names.get(name) is fetched[name]:
                    with contextlib.suppress(NameMissing):
                        names[name] = fetched[name] = self._aside(self.wall.fetch, name)

        self.wall.after = look

    def _aside(self, ask, *args):
        """Ask the student's process between two calls of a test: what goes with those does not."""
        wall = self.wall
        hooks = wall.before, wall.after, wall.exits
        wall.before = wall.after = None
        wall.exits = False
        try:
            return ask(*args)
        finally:
            wall.before, wall.after, wall.exits = hooks

    def _printed(self):
        """What the student's process printed since it was last asked, in the middle of a test."""
        outputs, self.there, _ = read(self._aside(self.written))
        self.wall.news, self.bound = False, {}
        printed = [one for one in _showable(outputs) if one["output_type"] == "stream"]
        for one in printed:  # it came within JSON
            self.heard.text(one["text"])
        return printed

    def _carry_deletions(self, theirs):
        """Let the student's functions miss one of their names while the test has deleted it.

        As in nbgrader's own example course: ``del squares``, then see that sum_of_squares fails.
        And let them read where the test reads: see `proctor.run.streams`.
        """
        self.gone, names = set(), self.shell.user_ns

        def tell(values):
            gone = theirs.difference(names)
            if gone != self.gone:
                self.gone = gone
                self._aside(self.without, *sorted(gone))
            if streams.is_asked() != self.asks:
                self.asks = not self.asks
                self._aside(self.reads, streams.ask if self.asks else None)
            if self.wall.news and streams.is_caught():
                self.kept += self._printed()
            if self.context.tells and (new := self.context.news()):
                self._aside(self.around, new)
            if self.doubles:
                for place in self.doubles.news():
                    self._aside(self.double, *place)
            if self.writes and any(new := self.given.news(values)):
                self._aside(self.take.__copies__, *new)
                gone = {name for name, data in new[0].items() if data is None}
                self.files = {name: self.files[name] for name in self.files.keys() - gone}

        self.wall.before = tell


def _called(asked, fetched):
    """Which of the student's names an alarm interrupted a call to; of none, if it was none.

    asked  the handle that was asked, or None if the test itself was at work: it may be slow, too
    """
    handles = {name for name, value in fetched.items() if isinstance(value, Proxy)}
    called = {name for name in handles if fetched[name] is asked}
    # a method, say, of what the only one has returned
    alone = handles if len(handles) == 1 and isinstance(asked, Proxy) else set()
    return called or alone


def _result(outputs=(), count=None, outcome=None, problem=None):
    return {
        "outputs": list(outputs),
        "execution_count": count,
        "outcome": outcome,
        "problem": problem,
    }


def _refused(why):
    return Outcome(NOT_REACHED, "OutputRefused", why, ours=True)


def _our_fault(fault):
    """The outcome of a test that the grader failed to run: no points, and told as what it is."""
    name, message = outcomes.name_and_message(fault)
    told = f"the grader failed here, not the answer; tell your instructor. {name}: {message}"
    return Outcome(NOT_REACHED, "GraderFault", told, ours=True)


def _showable(outputs):
    """What a cell printed and displayed, or a line if that cannot be shown."""
    try:
        return clean(outputs)
    except ValueError as why:
        return [stream("stdout", f"What this cell displayed cannot be shown: {why}.\n")]


def read(told):
    """(outputs, names, outcome) of what a student's process tells: JSON texts, each for itself.

    What is none of this is None, or no names.
    """
    told = told if type(told) is tuple and len(told) == 3 else (None, None, None)
    outputs, names, outcome = map(_read, told)
    return outputs, {n for n in names if type(n) is str} if type(names) is list else set(), outcome


def _read(text, most=16_000_000):
    """What a JSON text says, or None.

    most  characters; a cell's outputs are cut at 1,000,000, and JSON takes up to 12 for one
    """
    with contextlib.suppress(ValueError, RecursionError):
        if type(text) is str and len(text) <= most:
            return json.loads(text)
    return None


def warm(lessons, tests, mark):
    """Do once, before a fork, what every notebook of an assignment would do again.

    lessons, tests  sources of its locked cells and of its tests
    mark            what begins a hidden region
    """
    shell = Shell.instance()
    for source in lessons:
        needed(source, shell), statements(source, shell)
        helpers(source, shell), constants(source, shell), doubled(source, shell)
    for source in tests:
        needed(source, shell), owned(source, shell), asks_for_names(source, shell)
        doubled(source, shell)
        used(source, shell), reads_cells(source, shell), constants(source, shell)
        text = replaced(source, made(source, shell, _MADE))
        shell.foresee([text, *([calling(_SHARING, text, mark)] if mark else [])])
