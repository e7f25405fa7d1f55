"""Template: the grader's handle of a process that has imported what notebooks import.

    grader ── template ──fork, before it knows any test──▶ forkserver ──fork──▶ a student's process
                 └─────fork──▶ a runner for every notebook (trusted: the tests)

The template and the forkserver are warm: they have imported what the assignment's notebooks import,
the template its tests too. No fork of the forkserver's has seen a test, so none is in a student's
memory.
"""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64decode, b64encode

from proctor.files import write_files
from proctor.messages import MessageChannel
from proctor.run import tempdir
from proctor.run.job import PRELOAD, Assignment, Played
from proctor.run.meter import CEILING
from proctor.run.turns import turn
from proctor.sandbox import Jailed, NoIsolation, clean_environment


class _Process:
    """A template's process: it imports ``preload``, and then what the assignment needs.

    ``taken``  whether a `Template` plays notebooks in it
    """

    def __init__(self, preload):
        self.assignment, self.taken = None, False
        self.scratch, lock = tempdir.make()
        self.files = os.path.join(self.scratch, "files")
        self.private = os.path.join(self.scratch, "private")
        self.channel, theirs = MessageChannel.pair()
        self.paths = _paths()
        env = {**clean_environment(self.scratch), "PYTHONHASHSEED": "0"}
        env |= {**_fonts(), **self.paths}
        if not sys.dont_write_bytecode:
            del env["PYTHONDONTWRITEBYTECODE"]  # of this package's own modules, see `_warm_up`
        try:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "proctor.run.template_process", str(theirs.fileno())],
                pass_fds=(theirs.fileno(), lock),
                env=env,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the grader's to answer
            )
        finally:
            os.close(lock)  # the folder is that process's
            theirs.close()
        self.channel.send({"scratch": self.scratch, "lock": lock, "preload": preload})

    def tell(self, assignment):
        """Say what its assignment is, once."""
        self.assignment = assignment
        os.mkdir(self.private, mode=0o700)
        write_files(assignment.files, self.files)
        write_files(assignment.private, self.private)
        about = vars(assignment) | {"files": self.files, "scratch": self.scratch}
        about |= {"private": self.private}
        tests = {name: about.pop(name) for name in ("tests", "private")}
        self.channel.send(about)
        self.channel.send(tests)

    def close(self):
        """End it, with its folder."""
        if not self.taken:  # it may be importing still, and nobody waits for what it starts
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.channel.close()
        self.popen.wait()
        if not self.taken:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _fonts():
    """Where matplotlib keeps the list of this machine's fonts; a new list takes 0.1 s."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.access(cache, os.W_OK):
        return {}
    return {"XDG_CACHE_HOME": cache, "MPLCONFIGDIR": ""}  # which would be for settings, too


def _paths():
    """Where modules and libraries are found, as the grader's environment says."""
    return {n: os.environ[n] for n in ("PYTHONPATH", "LD_LIBRARY_PATH") if n in os.environ}


_begun = []  # processes that are to be the next `Template`


def begin():
    """Start the process of the next `Template` already; what is not used ends with the grader."""
    _begun.append(_Process(PRELOAD))
    atexit.register(lambda: _begun and _begun.pop().close())


def assign(assignment):
    """Tell the process that was begun, if one was, of its assignment already."""
    if _begun:
        _begun.append(_fit(_begun.pop(), assignment))


def _fit(process, assignment):
    """The process, told of its assignment; a new one, if it was told of another one before.

    Or if the configuration has since changed where modules are found.
    """
    if process.assignment not in (None, assignment) or process.paths != _paths():
        process.close()
        process = _Process(assignment.preload)
    if process.assignment is None:
        process.tell(assignment)
    return process


class Template:
    """The grader's handle of the template process; it ends with the grader.

    ``scratch`` is a folder that goes with it; ``files`` one in it, with the assignment's files;
    ``private`` one that only the grader can read.
    """

    def __init__(self, assignment=Assignment()):  # noqa: B008  (it is frozen)
        begun = _fit(_begun.pop() if _begun else _Process(assignment.preload), assignment)
        begun.taken = True
        self.scratch, self.files, self.private = begun.scratch, begun.files, begun.private
        self.process, self.channel = begun.popen, begun.channel
        self._own, self._sending = begun, threading.Lock()

    def play(self, job, policy, extra=None):
        """Play one notebook in a fresh runner; return what was `Played`.

        policy  a `Policy`; its folder is made here
        extra   {relative path: bytes}: files of the student's own; the assignment's files win

        May be called by several threads at once; all of it runs on the cores that the calling
        thread may run on. What was stopped while others took the machine's time is played once
        more, when nothing else is. Raises NoIsolation, RuntimeError.
        """
        for alone in (False, True):
            with turn(alone, stop=lambda: self.process.poll() is not None):
                played = self._play(job, policy, extra)
            played.again = alone
            if not played.doubtful:
                break
        return played

    def _play(self, job, policy, extra):
        request = {
            "cores": sorted(os.sched_getaffinity(0)),
            "job": vars(job),
            "policy": vars(policy) | {"readable": (*policy.readable, self.files)},
            "extra": {name: b64encode(data).decode() for name, data in (extra or {}).items()},
        }
        ours, theirs = MessageChannel.pair()
        with contextlib.closing(ours):
            with contextlib.closing(theirs), self._sending:
                self.channel.send({"do": "play"}, [theirs.fileno()])
            ours.send(request)
            answer = ours.receive(CEILING * job.total + 60)
        if "refused" in answer:
            raise NoIsolation(answer["refused"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        made = {name: b64decode(data) for name, data in answer["made"].items()}
        return Played(answer["results"], answer["held"], made, answer["doubtful"])

    def kernel(self, policy, connection):
        """Fork a Jupyter kernel under a `Policy`; return its `Jailed`.

        connection  path of its connection file in the policy's folder
        """
        jail, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._sending:
            request = {"do": "kernel", "policy": vars(policy), "connection": connection}
            self.channel.send(request, [theirs.fileno()])
        return Jailed(jail)

    def close(self):
        """End the template, its forkserver and its folder."""
        self._own.close()
