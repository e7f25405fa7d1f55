"""Forks students' processes: warm, and then locked in. It never sees a test."""

import contextlib
import functools
import gc
import json
import os
import signal
import socket
import sys
import traceback

from proctor.sandbox import Jailed, Policy, cgroups, enter, fork, linux, prepare

_LARGEST = 1 << 16  # bytes of a request: a policy, no more


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
        self.wall.close()
        # it sees that and ends; one that is killed takes the count of its time with it
        with contextlib.suppress(TimeoutError):
            self.jail.wait(0.2)
        self.jail.kill()


class ForkServer:
    """A runner's handle of the process that forks students' processes.

    Conductors share its socket: every request is one message, so none gets into another.
    """

    def __init__(self, sock):
        self._socket = sock

    @classmethod
    def pair(cls):
        """(handle, the socket to give to `serve_forks`)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), theirs

    def start(self, policy, cores):
        """Return a fresh `Kernel` under ``policy``, a dict of `Policy`'s fields, on these cores."""
        wall, their_wall = socket.socketpair()
        jail, their_jail = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with their_wall, their_jail:
            self.ask({"policy": policy, "cores": cores}, [their_jail.fileno(), their_wall.fileno()])
        return Kernel(wall, Jailed(jail))

    def ask(self, request, fds):
        """Send a request: its "policy"; "cores", or "connection" if it is to be a Jupyter kernel.

        fds  the jail's end of a control socket, and of a wall's if it is not
        """
        socket.send_fds(self._socket, [json.dumps(request).encode()], fds)

    def close(self):
        self._socket.close()


def serve_forks(requests):
    """Fork a locked-in student's process for every policy that comes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends when nobody can ask any more
    prepare()
    gc.freeze()  # a collection in a child would copy every page of ours
    gc.enable()
    while True:
        message, fds, _, _ = socket.recv_fds(requests, _LARGEST, 2)
        if not message:
            reap(0)
            cgroups.close()
            return
        request, control, wall = json.loads(message), socket.socket(fileno=fds[0]), fds[1:]
        policy = Policy(**{k: _as_tuple(v) for k, v in request.pop("policy").items()})
        number = fork(policy, control)
        if number is not None:
            requests.close()
            in_child(functools.partial(study, policy, control, number, *wall, **request))
        control.close()
        for fd in wall:
            os.close(fd)
        reap()


def _as_tuple(value):
    """What was a tuple before JSON."""
    return tuple(value) if isinstance(value, list) else value


def in_child(work):
    """Do ``work`` in a forked process and end it: nothing of the parent's runs on."""
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def reap(how=os.WNOHANG):
    """Bury dead children, so that the time they took counts; with 0, wait for every one."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, how)[0]) != 0:
            cgroups.remove(ended)


def study(policy, control, number, wall=None, connection=None, cores=None):
    """Enter the jail and serve one notebook's cells."""
    if wall is None:  # once in the jail, nothing of this package can be read
        from proctor.run import kernel
    else:
        from proctor.run import student

        os.sched_setaffinity(0, cores)
    enter(policy, control, () if wall is None else (wall,), number)
    linux.pythons_signals()
    os.chdir(policy.folder)
    sys.path[0] = ""
    if wall is None:
        kernel.main(connection)
    else:
        student.main(socket.socket(fileno=wall))
