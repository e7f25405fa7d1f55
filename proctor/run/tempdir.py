"""A temporary folder that goes with the process that keeps it, however that one ends."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time

_PREFIX, _LOCK, _YOUNG = "proctor-", ".kept", 60.0


def make():
    """Return a new folder, which others may pass through but not list.

    It is to be kept by a process (`kept`) soon; it removes those that nobody keeps any more.
    """
    for entry in list(os.scandir(tempfile.gettempdir())):
        if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):
                _remove_unkept(entry.path)
    path = tempfile.mkdtemp(prefix=_PREFIX)
    os.chmod(path, 0o711)
    return path


@contextlib.contextmanager
def kept(path):
    """Keep a folder while the block runs, then remove it. A process that is killed lets go too."""
    with open(os.path.join(path, _LOCK), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            shutil.rmtree(path, ignore_errors=True)


def _remove_unkept(path):
    """Remove the folder if no process keeps it; one just made is left alone."""
    try:
        lock = open(os.path.join(path, _LOCK))  # noqa: SIM115  entered below
    except FileNotFoundError:
        if time.time() - os.stat(path).st_mtime > _YOUNG:
            shutil.rmtree(path)
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
