"""A process that has already imported what notebooks import, and forks whoever plays one.

    template ──fork──▶ conductor (trusted: the tests)
                         └─fork, before it knows any test──▶ nursery ──fork──▶ the student's process

No fork happens in a process that has seen a test, so no test is in a student's memory.
"""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict

from .channel import Channel, Closed
from .sandbox import Jailed, Policy, clean_environment, enter

PRELOAD = ("numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipywidgets")


class Template:
    """The grader's handle of the template process; it ends with the grader.

    preload  names of modules to import before any notebook is played
    """

    def __init__(self, preload=PRELOAD):
        ours, theirs = Channel.pair()
        home = tempfile.gettempdir()
        env = {**clean_environment(home), "PYTHONHASHSEED": "0", "MPLBACKEND": _INLINE}
        for name in ("PYTHONPATH", "LD_LIBRARY_PATH"):
            if name in os.environ:
                env[name] = os.environ[name]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proctor.template", str(theirs.fileno()), *preload],
            pass_fds=(theirs.fileno(),),
            env=env,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.channel = ours

    def play(self, job, policy, timeout):
        """Play one notebook in a fresh conductor; return what `Conductor.play` returns."""
        ours, theirs = Channel.pair()
        with contextlib.closing(ours):
            with contextlib.closing(theirs):
                self.channel.send({"do": "play"}, [theirs.fileno()])
            ours.send({"job": asdict(job), "policy": asdict(policy)})
            answer = ours.receive(timeout)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["results"]

    def close(self):
        """End the template."""
        self.channel.close()
        self.process.wait()


_INLINE = "module://matplotlib_inline.backend_inline"


def main(descriptor, preload):
    """Import, then fork a conductor for every socket that comes."""
    channel = Channel(socket.socket(fileno=descriptor))
    for name in preload:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # once in a jail, nothing of this package can be read any more
    from . import conductor, student  # noqa: F401
    from .shell import Shell

    Shell.instance()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to answer
    while True:
        try:
            _, fds = channel.receive_fds(1)
        except Closed:
            return
        if os.fork() == 0:
            channel.close()
            _in_child(lambda fds=fds: conduct(Channel(socket.socket(fileno=fds[0]))))
        os.close(fds[0])


def conduct(grader):
    """Play one job that comes over ``grader``, and answer with its results."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ours, theirs = Channel.pair()
    if os.fork() == 0:
        grader.close()
        ours.close()
        _in_child(lambda: nurse(theirs))
    theirs.close()
    try:
        answer = {"results": _conducted(grader, Nursery(ours))}
    except Exception:
        answer = {"error": traceback.format_exc(limit=6)}
    grader.send(answer)


def _conducted(grader, nursery):
    from .conductor import Conductor, Job

    request = grader.receive()
    job = Job(**request["job"])
    return Conductor(job, lambda: nursery.start(request["policy"])).play()


class Kernel:
    """A student's process: the socket to it, and the jail around it."""

    def __init__(self, wall, jail):
        self.wall, self.jail = wall, jail

    def interrupt(self):
        """Raise KeyboardInterrupt in it."""
        self.jail.send_signal(signal.SIGINT)

    def reason(self):
        """Why it ended, if the jail ended it: "memory", "cpu", "processes"; else None."""
        with contextlib.suppress(TimeoutError):
            self.jail.wait(0.05)
        return self.jail.reason

    def kill(self):
        """End it with all that it started."""
        self.jail.kill()
        self.wall.close()


class Nursery:
    """The conductor's handle of the process that forks students' processes."""

    def __init__(self, channel):
        self.channel = channel

    def start(self, policy):
        """Return a fresh `Kernel` under ``policy``, a dict of `Policy`'s fields."""
        wall, their_wall = socket.socketpair()
        jail, their_jail = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with their_wall, their_jail:
            self.channel.send({"policy": policy}, [their_jail.fileno(), their_wall.fileno()])
        return Kernel(wall, Jailed(jail))


def nurse(conductor):
    """Fork a locked-in student's process for every policy that comes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            message, fds = conductor.receive_fds(2)
        except Closed:
            return
        if os.fork() == 0:
            conductor.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _in_child(lambda message=message, fds=fds: study(message["policy"], *fds))
        for fd in fds:
            os.close(fd)


def study(policy, jail, wall):
    """Enter the jail and serve one notebook's cells."""
    policy = Policy(**{k: tuple(v) if isinstance(v, list) else v for k, v in policy.items()})
    enter(policy, socket.socket(fileno=jail), (wall,))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(policy.folder)
    sys.path[0] = ""
    from . import student

    student.main(socket.socket(fileno=wall))


def _in_child(work):
    """Do ``work`` in a forked process and end it: nothing of the parent's runs on."""
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
