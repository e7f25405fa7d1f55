"""Work on a student's text that may grow without end: done aside, in a process with limits.

Parsers of HTML, Markdown, code and JSON take some texts more than linear time, memory or output.
In a process of its own that costs its owner, and not who grades: processor time, memory and the
size of the answer are bounded, and whatever else ends the process (a parser's own fault, a stack
that is too small) ends only it. The next work begins a new one.
"""

import atexit
import contextlib
import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Pipe

MEMORY = 1 << 30  # bytes beyond what the process has imported
_READY = b"ready"
_IDLE = 60  # seconds after which a process that nobody asks anything ends
_PATIENCE = 60  # seconds of the clock for one of processor time: the machine may be busy


class TooMuch(Exception):
    """The work took more time, memory or room than it may."""


class Aside:
    """One process, begun when it is first needed; any number of threads may take turns with it.

    memory  bytes that it may take beyond what it has imported
    fork    whether it is a fork of this process, which has one thread and has imported what the
            work needs; by default it is an interpreter of its own
    """

    def __init__(self, memory=MEMORY, fork=False):
        self.memory, self.fork = memory, fork
        self._process, self._pipe, self._lock = None, None, threading.Lock()
        atexit.register(self.close)

    def do(self, work, data, seconds, most):
        """Return what a function makes of bytes, in bytes, and the processor time that it took.

        work     "module:function", of this package
        seconds  of processor time that it may take
        most     bytes of the answer

        TooMuch: it took more, or ended the process. What the function itself raises is that, too.
        """
        with self._lock:
            try:
                self._ask(work, seconds, most)
                self._pipe.send_bytes(data)
                self._wait(seconds)
                spent = float(self._pipe.recv_bytes(100))
                answer = self._pipe.recv_bytes(most + 1)
            except (OSError, EOFError):
                self._end()
                raise TooMuch from None
            except BaseException:
                self._end()
                raise
        if answer[:1] != b"+":
            raise TooMuch
        return answer[1:], spent

    def _ask(self, *request):
        """Say what is to be done to a process that is ready for it.

        RuntimeError: none can be begun; that is no fault of a text's.
        """
        for _ in range(2):  # the first may have ended because nobody asked anything
            self._begin()
            try:
                self._pipe.send(request)
                self._wait(1)
                if self._pipe.recv_bytes(100) == _READY:
                    return
            except (OSError, EOFError):
                pass
            if status := self._end():
                raise RuntimeError(f"{__name__} ended with {status}: is there memory for it?")
        raise RuntimeError(f"{__name__} ends as soon as it is begun")

    def _wait(self, seconds):
        if not self._pipe.poll(_PATIENCE * max(1, seconds)):
            raise TooMuch

    def close(self):
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _begin(self):
        if self._process is not None:
            return
        self._pipe, theirs = Pipe()
        if self.fork:
            self._process = _Fork(theirs, self._pipe, self.memory)
            theirs.close()
            return
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno()), str(self.memory)],
            pass_fds=(theirs.fileno(),),
            env={**os.environ, "PYTHONPATH": path},
            cwd="/",  # nothing of the folder that the grader happens to be in is imported
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the grader's to answer
        )
        theirs.close()

    def _end(self):
        """End the process; return its exit status, None if there was none."""
        if self._process is None:
            return None
        self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # one that ends of itself has a status of its own
        self._process.kill()
        status = self._process.wait()
        self._process = None
        return status


class _Fork:
    """A fork of this process that answers, as far as it is used here like a `subprocess.Popen`."""

    def __init__(self, pipe, ours, memory):
        self.pid, self.returncode = os.fork(), None
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                os.setsid()
                ours.close()
                answer(pipe, memory)
            os._exit(1)

    def wait(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            pid, status = os.waitpid(self.pid, 0 if end is None else os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise subprocess.TimeoutExpired("a fork", timeout)
            else:
                time.sleep(0.001)
        return self.returncode

    def kill(self):
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)


def main(descriptor, memory):
    """Answer in a process of its own."""
    from multiprocessing.connection import Connection

    from proctor.imports import leave_out_formats

    leave_out_formats()  # they would be most of what it imports to read or to draw a notebook
    answer(Connection(descriptor), memory)


def answer(pipe, memory):
    """Answer one request after another, each within its limits."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limited = False
    while pipe.poll(_IDLE):
        try:
            work, seconds, most = pipe.recv()
            module, name = work.split(":")
            function = getattr(importlib.import_module(module), name)
            if not limited:  # what is imported does not count
                _limit_memory(memory)
                limited = True
            pipe.send_bytes(_READY)
            data = pipe.recv_bytes()
        except EOFError:
            break
        before = _spent()
        signal.setitimer(signal.ITIMER_PROF, seconds)  # it ends the process, also within C
        try:
            made = b"+" + function(data)
        except Exception:  # of a parser, a MemoryError too: whoever asked has another way
            made = b"-"
        signal.setitimer(signal.ITIMER_PROF, 0)
        del data
        pipe.send_bytes(str(_spent() - before).encode())
        pipe.send_bytes(made if len(made) <= most + 1 else b"-")
    os._exit(0)  # at once: whoever asks meanwhile begins another one


def _limit_memory(more):
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


def _spent():
    about = resource.getrusage(resource.RUSAGE_SELF)
    return about.ru_utime + about.ru_stime


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
