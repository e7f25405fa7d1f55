"""Starts a jailed program, and ends it with everything that it started."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from proctor.errors import Ended, NoIsolation
from proctor.sandbox import cgroups

_PACKAGE = Path(__file__).parents[2]
_HELPER = """\
import sys
sys.path.insert(0, sys.argv[1])
from proctor.sandbox.helper import main
main(int(sys.argv[2]))
"""
_PATIENCE = 5  # seconds that the guard may take to answer
_MOMENT = 0.05  # … until it is asked again whether that is still to be waited for
_known = {}  # what the first helper found out about this machine, for the next ones


class Jailed:
    """A process in a jail, seen from outside.

    ``control`` is our end of the socket whose other end was given to `enter`; ``process`` the
    Popen of the process that entered, if it is ours. `held` tells for each layer "held" or why
    not; `reason`, once ended, is "memory", "cpu", "processes", "space", "killed", "parent" or None.
    """

    def __init__(self, control, process=None, timeout=30):
        self._control, self._process, self._last, self._how = control, process, None, ""
        self.returncode, self.reason, self.held = None, None, {}
        self._cpu, self._scheduled = 0.0, {}
        self._asked = self._answered = 0
        try:
            self._hear(lambda: self.held, timeout)
        except BaseException:
            self.kill()
            raise

    @property
    def stdin(self):
        """As of Popen; so are `stdout` and `stderr`."""
        return self._process and self._process.stdin

    @property
    def stdout(self):
        return self._process and self._process.stdout

    @property
    def stderr(self):
        return self._process and self._process.stderr

    def poll(self):
        """The exit status (negative: the signal that ended it), None while it runs."""
        with contextlib.suppress(TimeoutError):
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the jailed process; with it end all that it started. Raises TimeoutError."""
        self._hear(lambda: self.returncode is not None, timeout)
        self._gone(5)
        return self.returncode

    def send_signal(self, number):
        """Send a signal to the jailed process itself, as SIGINT to interrupt a kernel."""
        self._say(f"signal {int(number)}")

    def cpu(self):
        """Seconds of processor time that all processes of the jail have used."""
        return self.account()[0]

    def account(self):
        """(seconds of processor time, {process: (seconds it ran, seconds it was ready to run)})."""
        if self.returncode is None:
            self._asked += 1
            number = self._asked  # an alarm may ask too, while this waits for its answer
            self._say(f"cpu {number}")
            self._hear(lambda: self._answered >= number or self.returncode is not None, _PATIENCE)
        return self._cpu, self._scheduled

    def kill(self):
        """End every process that was started in the jail; returns when none is left."""
        if self._control is None:
            return
        if self.returncode is None and self._last is not None:
            if self._how == "namespace":
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._last, signal.SIGKILL)
                self.returncode, self.reason = -signal.SIGKILL, "killed"
            else:
                self._say("kill")
                with contextlib.suppress(TimeoutError):
                    self.wait(10)
        self._gone(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        for stream in filter(None, (self.stdin, self.stdout, self.stderr)):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _say(self, text):
        with contextlib.suppress(OSError):
            self._control.send(text.encode())

    def _hear(self, enough, timeout):
        """Take the guard's messages until it is ``enough()``; raises TimeoutError, Ended.

        In short waits: an alarm may hear messages, too, and take the one that this waits for.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not enough():
            left = _MOMENT if end is None else min(_MOMENT, max(0.0, end - time.monotonic()))
            if select.select([self._control], [], [], left)[0]:
                self._take_next()
            elif end is not None and time.monotonic() >= end:
                raise TimeoutError(f"the jailed process did not end or answer within {timeout:g} s")

    def _take_next(self):
        """Take a message of the guard, if one has come; raises Ended if it ends at once."""
        try:
            message = self._control.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:  # an alarm that came meanwhile has taken it
            return
        except ConnectionResetError:
            message = b""
        if message:
            self._take(json.loads(message))
        elif not self.held:
            raise Ended("the jail could not be entered")
        elif self.returncode is None:
            self.returncode = -signal.SIGKILL

    def _take(self, message):
        """Keep what a message says."""
        if "last" in message:
            with contextlib.suppress(ProcessLookupError):
                self._last = os.pidfd_open(message["last"])
            self._how = message["how"]
        if "ready" in message:
            self.held = message["ready"]
        if "cpu" in message:
            self._cpu = max(self._cpu, message["cpu"])
            self._scheduled = message.get("scheduled", self._scheduled)
            self._answered = max(self._answered, message.get("asked", 0))
        if "exit" in message:
            self.returncode, self.reason = message["exit"], message["reason"]
        if "error" in message:
            kind = NoIsolation if message.get("kind") == "NoIsolation" else Ended
            raise kind(message["error"])

    def _gone(self, timeout):
        """Wait until the last process of the jail is gone, then let go of the handles."""
        if self._last is not None:
            if not select.select([self._last], [], [], timeout)[0]:
                raise TimeoutError("a process of the jail does not end")
            os.close(self._last)
            self._last = None
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.wait(timeout)
            cgroups.remove(self._process.pid)


def launch(argv, policy, pass_fds=(), stdin=subprocess.DEVNULL, stdout=None, stderr=None):
    """Start a program in a jail and return its `Jailed`.

    ``argv[0]`` is the path of a program that the policy lets it read; ``pass_fds`` are descriptors
    that it inherits with their numbers. Raises NoIsolation where nothing keeps it in, Ended if
    it could not be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        libraries = os.environ.get("LD_LIBRARY_PATH")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _HELPER, str(_PACKAGE), str(theirs.fileno())],
            pass_fds=(theirs.fileno(), *pass_fds),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env={"LD_LIBRARY_PATH": libraries} if libraries else {},
            cwd="/",
            start_new_session=True,
        )
    request = {
        "argv": [os.fspath(word) for word in argv],
        "policy": asdict(policy.resolved()),
        "keep_fds": list(pass_fds),
        "known": _known,
        "nest": cgroups.told() if "cgroups" in policy.layers else (None, None),
    }
    ours.send(json.dumps(request).encode())
    jailed = Jailed(ours, process)
    if "namespaces" in policy.layers:
        held = jailed.held["namespaces"]
        _known["namespaces"] = None if held == "held" else held
    return jailed
