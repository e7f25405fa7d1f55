"""Plays one notebook on two sides of a wall: student cells locked in, tests with the grader.

The runner is a trusted process of its own, one for each notebook. It runs the instructor's
locked cells and the tests; of the student's process it believes nothing but the data that comes.
"""

import contextlib
import dataclasses
import functools
import gc
import itertools
import os
import signal
import sys
import time
from time import process_time

from proctor.rpc import Wall, WallError, asked_dataclasses, asked_issubclass, asked_type
from proctor.rpc.heard import Heard
from proctor.rpc.places import Model
from proctor.run import outcomes
from proctor.run.meter import CEILING, Meter
from proctor.run.names import (
    asks_for_names,
    constants,
    doubled,
    helpers,
    needed,
    owned,
    reads_cells,
    statements,
    used,
)
from proctor.run.namespace import Namespace
from proctor.run.outcomes import FAILED, NOT_REACHED, Outcome, outputs_of
from proctor.run.outputs import Room, read, showable, stream
from proctor.run.sharing import foreseen
from proctor.run.shell import Shell
from proctor.run.sources import Sources
from proctor.run.student import FUNCTIONS, MOST, Functions, digest
from proctor.run.taint import install, watched_at_least
from proctor.run.testrun import TestRun
from proctor.run.written import Written
from proctor.sandbox import Ended
from proctor.wording import INSIDE, SHOWN

GRACE = 2.0  # seconds that an interrupted cell gets to come to its end
AGAIN = 0.1  # what is known to hang gets this part of its limit …
LEAST = 1.0  # … and at least so many seconds
FILES, DEEP = 1_000, 20  # that a student's cells made, at most; folders within folders
_SELDOM = 20_000  # new objects between two collections: a runner lives for a second


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
        self.kernel = self.wall = self.functions = None  # the last: the process's `Functions`
        # what a new process must do to stand where the old one did, and for how long at most:
        # ("run", (source, count), seconds), ("bind", (name, value), seconds)
        self.played = []
        self.there = set()  # names that the student's process has
        self.bound = {}  # proxies of what they are bound to, as long as it is that
        self.hung = set()  # functions that did not come to an end
        self._held, self.late = {}, []
        self.asks = False  # whether the process asks the test where a student's code says ``input``
        self.given = None  # the `Written` of the process
        self.heard = Heard()  # what all of the notebook's processes have said
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
        self.sources = Sources(self.shell, job.source)
        self.space = Namespace(self.shell, job.source, self.limited, self._crosses)

    def play(self):
        """Run every cell; return what came of each, in order.

        That is {"outputs", "execution_count", "outcome", "problem"}: the last two are None, but for
        a test's `Outcome` as plain data, and for (name, text) of what whoever grades is to know.
        """
        os.environ["NBGRADER_EXECUTION"] = "autograde"
        gc.set_threshold(_SELDOM)
        install()
        self.shell.watch()
        results, count = [], 0
        for cell in self.job.cells:
            if cell["role"] == "text" or not cell["source"].strip():
                results.append(_result())
            elif cell["role"] == "shown":
                results.append(_result([stream("stdout", SHOWN)]))
            else:
                count += 1
                self.sources.add(cell["source"], cell["role"])
                results.append(self._play(cell, count))
        return results

    def made_files(self):
        """The files that the student's cells made, as {relative path: bytes}; {} if it is gone."""
        if self.kernel is None or self.wall.broken is not None:
            return {}
        try:
            with self.limited():
                self.wall.begin()
                found = self.files()
                return {name: found[name] for name in found if not self.given.has(name)}
        except Exception:  # as in _asked
            return {}

    def files(self, before=None):
        """The same, with those that tests gave; ``before``: what they were when last asked."""
        before = before or {}
        found = self.functions.made({name: digest(data) for name, data in before.items()})
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
        self.space.passed(cell)
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
        with self.limited() as late:
            outcome, outputs = self._asked(self.functions.run, source, count)
        self.has_played("run", (source, count), self._short() if late else None)
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
        self.wall.classes.released = self._released
        private = self.wall.classes.private = {"proctor", *self.job.source.get("private", ())}
        self.wall.text_of = self.sources.text_of
        self.wall.is_seen = functools.partial(self.sources.is_seen, private=private)
        try:
            self.functions = Functions(*self.wall.fetch(FUNCTIONS))
        except (WallError, TimeoutError) as why:
            self.end()
            raise Lost(f"the kernel ended as it began: {why}") from None
        self.given = Written(self.job.source.get("files", ()), self.heard)
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

    def _replay(self, what, given, seconds):
        with self.limited(seconds):
            if what == "run":
                self._asked(self.functions.run, *given)
            else:
                with contextlib.suppress(TypeError):  # it is no data
                    self.functions.bind.__copies__(*given)

    def has_played(self, what, given, seconds=None):
        """Note what a new process has to do, too; ``seconds`` if it may take less than others."""
        self.played.append((what, given, seconds or self.job.seconds))

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
        outputs = showable(outputs)
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

    def seconds_for(self, names):
        """The limit of a test that has these of the student's functions; None: the usual one."""
        return self._short() if self.hung & names.keys() else None

    @contextlib.contextmanager
    def limited(self, seconds=None):
        """Interrupt the student's process when the block is late, and the block itself after that.

        Gives a list that is not empty once it was late: the first in it is the proxy of the
        function that was under way, or None.
        """
        # again each time: code of the course's may have had alarms of its own
        signal.signal(signal.SIGALRM, self._ring)
        self.late = late = []
        self.meter.start(seconds or self.job.seconds)
        try:
            yield late
        finally:
            self.meter.stop()

    def _account(self):
        """What the student's processes have used; None if there are none."""
        return self.kernel.jail.account() if self.kernel is not None else None

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

    def _crosses(self, value):
        return self.wall is None or self.wall.crosses(value)

    def _processor_time(self):
        """What ``time.process_time`` gives in a test: in one kernel a call's time is in it, too."""
        return process_time() + (self.kernel.jail.cpu() if self.kernel is not None else 0)

    def _test(self, cell, count):
        self.space.catch_up(self.heard)
        self._ready()
        self.wall.begin()
        test = TestRun(self, cell, count)
        outcome, shown = test.play()
        late, shown = test.late, showable(shown)
        self.hung |= test.called()  # whatever else it calls has the whole limit in the next one
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
            with self.limited(self._short() if late else None):
                _, printed = self._asked(self.functions.written)
        return outcome, [*(o for o in printed if o["output_type"] == "stream"), *shown]


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
        shell.foresee(foreseen(source, shell, mark))
