"""Who plays a notebook on this machine, and who plays one alone.

Graders of one user agree by locks on two files, which the system lets go of when a grader ends.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
import time

_PAUSE = 0.02


@contextlib.contextmanager
def turn(alone=False, stop=lambda: False):
    """Play beside others while the block runs, or ``alone``; wait for that, until ``stop()``.

    Whoever waits to be alone lets nobody else begin.
    """
    with contextlib.ExitStack() as locks:
        folder = _folder()
        if folder is not None:
            gate, room = (_open(locks, os.path.join(folder, name)) for name in ("gate", "room"))
            _lock(gate, fcntl.LOCK_EX, stop)
            _lock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, stop)
            if not alone:
                fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def _open(locks, path):
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    locks.callback(os.close, file)
    return file


def _lock(file, how, stop):
    """Lock a file; not for longer than ``stop()`` is false. Threads that wait can be ended so."""
    while not stop():
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, how | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE)


def _folder():
    """The folder of the locks, which is this user's own; None if somebody else made it."""
    path = os.path.join(tempfile.gettempdir(), f"turns-of-proctor-{os.geteuid()}")
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return path if own and not found.st_mode & 0o022 else None
