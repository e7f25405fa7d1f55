"""Files of a course and of submissions: read without following a link, written over nothing."""

import contextlib
import fnmatch
import itertools
import os
import stat

LIMIT = 50_000_000  # bytes of a file


def read(path, limit=LIMIT):
    """The bytes of a regular file, one more than ``limit`` at most; None if it is anything else."""
    try:
        # a link is not followed and a pipe is not waited for
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(limit + 1)


def read_files(folder, ignore=(), most=64 << 20, number=5_000):
    """The regular files in a folder as {relative path: bytes}; links and devices are left out.

    ignore  patterns of names that are left out
    most    bytes to read in all; files that would go beyond are left out
    number  of files to read; the others are left out
    """
    found = {}
    for place, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not _matches(n, ignore))
        for name in sorted(files):
            path = os.path.join(place, name)
            if _matches(name, ignore) or len(found) == number:
                continue
            data = read(path, most)
            if data is not None and len(data) <= most:
                most -= len(data)
                found[os.path.relpath(path, folder)] = data
    return found


# what nbgrader itself reads there, and what a browser would run
_KEPT_OUT = ("timestamp.txt", "*.ipynb", "*.htm*", "*.xhtml", "*.svg")


def keep_files(files, folder, most=1_000):
    """Write files that a student's code made into a folder, where they replace nothing."""
    root = os.path.realpath(folder)
    for name, data in itertools.islice(files.items(), most):
        if _matches(os.path.basename(name).lower(), _KEPT_OUT):
            continue
        path = os.path.join(root, name)
        with contextlib.suppress(OSError, ValueError):  # a name that this file system refuses
            if os.path.realpath(path).startswith(root + os.sep):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "xb") as file:
                    file.write(data)


def _matches(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
