"""A temporary folder that goes with the process that keeps it, however that one ends."""

import contextlib
import fcntl
import os
import shutil
import tempfile

_PREFIX, _LOCK = "proctor-", ".kept"


def make():
    """(a new folder, which others may pass through but not list; a lock on it).

    The lock is a descriptor: while it is open, here or where it was handed to, nobody takes the
    folder for one that was left behind. Those that were, are removed.
    """
    for entry in list(os.scandir(tempfile.gettempdir())):
        if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):
                _remove_unkept(entry.path)
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX)
        with contextlib.suppress(FileNotFoundError):  # another has removed it before the lock
            return path, _locked(path)


@contextlib.contextmanager
def kept(path, lock):
    """Remove a folder after the block; ``lock`` was inherited. Who is killed lets go of it too."""
    os.set_inheritable(lock, False)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _locked(path):
    """Lock a new folder; FileNotFoundError if it was removed meanwhile."""
    name = os.path.join(path, _LOCK)
    lock = os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.stat(name)
        os.chmod(path, 0o711)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _remove_unkept(path):
    """Remove the folder if no process keeps it; OSError if one does."""
    try:
        lock = open(os.path.join(path, _LOCK))  # noqa: SIM115  entered below
    except FileNotFoundError:
        os.rmdir(path)  # nobody has got further than to make it
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
