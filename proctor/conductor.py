"""Plays one notebook on two sides of a wall: student cells locked in, tests with the grader.

The conductor is a trusted process of its own, one for each notebook. It runs the instructor's
locked cells and the tests; of the student's process it believes nothing but the data that comes.
"""

import ast
import builtins
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field

from nbformat import validate
from nbformat.v4 import new_output

from .shell import Shell
from .student import RUN, WRITTEN
from .wall import NameMissing, Wall, WallError

GRACE = 2.0  # seconds that an interrupted cell gets to come to its end


@dataclass
class Job:
    """One notebook to play.

    cells    [{"role", "source", "points"}]: role "student", "locked", "test", "inside" or "text"
    trusted  folder with the assignment's own files: where tests run
    seconds  limit of one cell
    total    limit of the whole notebook, in seconds
    """

    cells: list
    trusted: str
    seconds: float = 30.0
    total: float = 600.0
    path: list = field(default_factory=list)


class Lost(Exception):
    """The student's process is gone or had to be stopped; the text says why."""


class Conductor:
    """Plays a ``Job``.

    start  function that returns a fresh student's process: an object with ``wall`` (a socket),
           ``interrupt()`` and ``kill()``
    """

    def __init__(self, job, start):
        self.job, self.start = job, start
        self.deadline = time.monotonic() + job.total
        self.kernel = self.wall = self.run = self.written = None
        self.played = []  # what a new process must run to stand where the old one did
        self.locked, self.passed = [], []  # locked cells still to run on this side; those that ran
        self.shell = Shell.instance()

    def play(self):
        """Run every cell; return [{"outputs", "execution_count"}] for each, in order."""
        os.chdir(self.job.trusted)
        sys.path[:0] = ["", *self.job.path]
        os.environ["NBGRADER_EXECUTION"] = "autograde"
        self.shell.watch()
        results, count = [], 0
        for cell in self.job.cells:
            if cell["role"] == "text" or not cell["source"].strip():
                results.append({"outputs": [], "execution_count": None})
                continue
            count += 1
            results.append({"outputs": self._play(cell, count), "execution_count": count})
        self._end()
        return results

    def _play(self, cell, count):
        if cell["role"] == "locked":
            self.locked.append(cell["source"])
        try:
            if cell["role"] == "test":
                return self._test(cell, count)
            return self._student(cell["source"], count)
        except Lost as lost:
            return [error("KernelStopped", str(lost))]

    # the student's side

    def _student(self, source, count):
        self._ready()
        with self._limited() as late:
            outputs = self._asked(self.run, source, count)
        self.played.append((source, count))
        if late:
            outputs.append(error("CellTimeoutError", f"stopped after {self.job.seconds:g} s"))
        return outputs

    def _ready(self):
        """Make sure that a student's process stands where the notebook is."""
        if self.kernel is not None and self.wall.broken is None:
            return
        self._end()
        if time.monotonic() > self.deadline:
            raise Lost(f"the notebook's {self.job.total:g} s were used up before this cell")
        self.kernel = self.start()
        self.wall = Wall(self.kernel.wall, timeout=self.job.seconds + 2 * GRACE)
        self.run, self.written = self.wall.fetch(RUN), self.wall.fetch(WRITTEN)
        for source, count in self.played:
            with self._limited():
                self._asked(self.run, source, count)

    def _asked(self, function, *args):
        """Call one of our own functions in the student's process; return the outputs."""
        try:
            self.wall.begin()
            return clean(function(*args))
        except (WallError, TimeoutError):
            why = self._why()
            self._end()
            raise Lost(why) from None

    def _why(self):
        reason = self.kernel.reason()
        if reason == "memory":
            return "this cell used more memory than there is for a notebook; the kernel ended"
        if reason == "cpu":
            return "the notebook used up its processor time; the kernel ended"
        if isinstance(self.wall.broken, str) and "late" not in self.wall.broken:
            return "the kernel ended while it ran this cell"
        return f"stopped after {self.job.seconds:g} s; it did not react to an interrupt"

    def _end(self):
        if self.kernel is not None:
            self.kernel.kill()
            self.kernel = self.wall = None

    @contextlib.contextmanager
    def _limited(self):
        """Interrupt the student's process when the block is late, and the block itself after that.

        Gives a list that is not empty once it was late.
        """
        late = []

        def ring(*_):
            late.append(True)
            if len(late) > 1:
                raise TimeoutError(f"stopped after {self.job.seconds:g} s")
            if self.kernel is not None:
                self.kernel.interrupt()

        left = max(0.1, min(self.job.seconds, self.deadline - time.monotonic()))
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, left, GRACE)
        try:
            yield late
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    # the trusted side

    def _catch_up(self):
        """Run here the locked cells that the notebook has passed, for the names they define."""
        while self.locked:
            source = self.locked.pop(0)
            self.passed.append(source)
            # a cell that uses the student's functions fails here; it has nothing to define
            with contextlib.suppress(Exception), self._limited():
                code = compile(self.shell.transform_cell(source), "<locked>", "exec")
                exec(code, self.shell.user_ns)
            self.shell.written()

    def _test(self, cell, count):
        self._catch_up()
        self._ready()
        self.wall.begin()
        names = needed([*self.passed, cell["source"]], self.shell) - self.shell.user_ns.keys()
        fetched = {}
        try:
            with self._limited() as late:
                for name in sorted(names):
                    with contextlib.suppress(NameMissing):
                        fetched[name] = self.wall.fetch(name)
                self.shell.user_ns.update(fetched)
                outputs = self.shell.run(cell["source"], count)
        except (WallError, TimeoutError):
            outputs = []
        finally:
            for name in fetched:
                self.shell.user_ns.pop(name, None)
        if self.wall.broken is not None:
            outputs = [o for o in outputs if o["output_type"] != "error"]
            outputs.append(error("KernelStopped", self._why()))
            self._end()
            return scored(outputs, cell["points"])
        if late:
            outputs.append(error("CellTimeoutError", f"stopped after {self.job.seconds:g} s"))
        printed = [o for o in self._asked(self.written) if o["output_type"] == "stream"]
        return [*scored(printed, 0), *scored(outputs, cell["points"])]


def error(name, text):
    """An error output that is one clear line."""
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


def clean(outputs):
    """Outputs that came from a student's process, or one line if they are no outputs."""
    try:
        return [_output(output) for output in outputs]
    except Exception:
        return [error("OutputRefused", "what the kernel sent as this cell's output is no output")]


_FIELDS = {
    "stream": ("name", "text"),
    "error": ("ename", "evalue", "traceback"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
}


def _output(raw):
    kind = raw["output_type"]
    output = new_output(kind, **{name: raw[name] for name in _FIELDS[kind]})
    validate(output, "output", version=4)
    return output


def scored(outputs, points):
    """A test's outputs as nbgrader scores them, with what must not cost or give points mended.

    Text on stderr becomes stdout: a warning is no mistake. A number as the cell's value is partial
    credit, kept within 0 and ``points``.
    """
    result = []
    for output in outputs:
        if output["output_type"] == "stream":
            output["name"] = "stdout"
        elif output["output_type"] == "execute_result":
            try:
                credit = float(output["data"].get("text/plain", ""))
            except ValueError:
                credit = None
            if credit is not None:
                credit = min(max(credit, 0.0), points) if credit == credit else 0.0
                output["data"]["text/plain"] = f"{credit:g}"
        result.append(output)
    return result


def needed(sources, shell):
    """The names that code reads, at any depth, of those that are no built-ins."""
    names = set()
    for source in sources:
        with contextlib.suppress(SyntaxError):
            tree = ast.parse(shell.transform_cell(source))
            names |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return {name for name in names if not hasattr(builtins, name)}
