"""Files of a course and of submissions: read without following a link, written over nothing."""

import errno
import fnmatch
import hashlib
import io
import itertools
import os
import re
import stat
from pathlib import Path

open = io.open  # a test may have put something else in the built-in's place
LIMIT = 50_000_000  # bytes of a file
TICK = 10_000_000  # ns by which a file system's clock may be behind


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# what `os.open` says where there is nothing, a link or a socket; the rest is trouble with a file
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)


def read(path, limit=LIMIT):
    """The bytes of a regular file, one more than ``limit`` at most; None if it is anything else.

    OSError: there is something that cannot be read, as where another account forbids it.
    """
    descriptor = _opened(path)
    if descriptor is None:
        return None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(min(about.st_size, limit) + 1)  # so much memory is asked for


def _opened(path):
    """A descriptor to read with; None where there is no file. Raises OSError."""
    try:
        # a link is not followed and a pipe is not waited for
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


def replace(path, data, private=False):
    """Put a file in a place at once or not at all; OSError.

    private  for the eyes of this account alone
    """
    path = Path(path)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # of one that was killed
    try:
        descriptor = os.open(fresh, _NEW, 0o600 if private else 0o666)
        with open(descriptor, "wb") as file:
            file.write(data)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def check_readable(folder, ignore=()):
    """Raise OSError for the first thing in a folder that this account cannot read.

    ignore  patterns of names that are passed over
    """
    for place, names, files in os.walk(folder, onerror=_raise):
        names[:] = sorted(n for n in names if not _matches(n, ignore))
        for name in (*names, *sorted(n for n in files if not _matches(n, ignore))):
            descriptor = _opened(os.path.join(place, name))
            if descriptor is not None:
                os.close(descriptor)


def _raise(error):
    if error.errno not in _ABSENT:
        raise error


def read_files(folder, ignore=(), most=64 << 20, number=5_000, strict=True, known=()):
    """The regular files in a folder as {relative path: bytes}; links and devices are left out.

    ignore  patterns of names that are left out
    most    bytes to read in all; files that would go beyond are left out
    number  of files to read; the others are left out
    strict  False: leave out what cannot be read; else OSError
    known   relative paths that are left out
    """
    found = {}
    for name in names_of_files(folder, ignore, _raise if strict else None):
        if name in known or len(found) == number:
            continue
        try:
            data = read(os.path.join(folder, name), most)
        except OSError:
            if strict:
                raise
            continue
        if data is not None and len(data) <= most:
            most -= len(data)
            found[name] = data
    return found


def names_of_files(folder, ignore=(), onerror=None):
    """Yield the relative paths of what is in a folder and below but folders, in order.

    ignore   patterns of names that are left out, of folders too
    onerror  as of `os.walk`
    """
    for place, names, files in os.walk(folder, onerror=onerror):
        names[:] = sorted(n for n in names if not _matches(n, ignore))
        inner = os.path.relpath(place, folder)
        for name in sorted(files):
            if not _matches(name, ignore):
                yield name if inner == os.curdir else os.path.join(inner, name)


def state_of(path):
    """What tells whether a file has been written again; None if there is none."""
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def state(folder):
    """A text that is another one as soon as anything in a folder has been changed.

    Nothing is read: the kernel dates every change (ctime), and no program can choose that date.
    """
    return hashlib.sha256(repr(sorted(_states(folder))).encode()).hexdigest()


def _states(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            about = entry.stat(follow_symlinks=False)
            yield entry.name, about.st_ino, about.st_mode, about.st_size, about.st_ctime_ns
            if entry.is_dir(follow_symlinks=False):
                yield from ((f"{entry.name}/{name}", *rest) for name, *rest in _states(entry.path))


def copy_tree(source, target):
    """Copy what is in a folder into another: regular files with their modes, folders, links.

    `shutil.copytree` makes four times the system calls, and every notebook waits for them.
    """
    os.makedirs(target, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            to = os.path.join(target, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), to)
            elif entry.is_dir():
                copy_tree(entry.path, to)
            elif entry.is_file():
                copy_file(entry.path, to)


def copy_file(source, target):
    """Copy a regular file with its mode; no link is followed, and nothing is replaced."""
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    reading = os.open(source, os.O_RDONLY | os.O_NONBLOCK | flags)
    try:
        about = os.fstat(reading)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"{source} is no regular file")
        mode = about.st_mode & 0o777
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, mode)
        try:
            left = about.st_size
            while left and (sent := os.sendfile(writing, reading, None, left)):
                left -= sent
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def write_files(files, folder, strict=True):
    """Write {relative path: bytes} below a folder, where they replace nothing; return their names.

    strict  False: leave out what cannot be written, as where something else is; else raise
    """
    root, written = os.path.realpath(folder), set()
    os.makedirs(root, exist_ok=True)
    for name, data in files.items():
        path = os.path.join(root, name)
        try:
            if not os.path.realpath(path).startswith(root + os.sep):
                raise ValueError(f"{name!r} is not below {root}")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(data)
            written.add(name)
        except (OSError, ValueError):  # a name that this file system refuses, too
            if strict:
                raise
    return written


PICTURES = "gif|jpe?g|png|webp"
# what a person looks at beside a notebook, and no browser runs
_DATA = f"{PICTURES}|csv|dat|dot|h5|json|log|md|npy|npz|parquet|pickle|pkl|pt|py|tex|tsv|txt"
# a folder where nbgrader has a file stops it for good
_NBGRADERS = ("timestamp.txt", "*.ipynb", "*.htm*")


def is_one_of(name, extensions):
    """Whether a file's relative path is that of a kind of file, for whoever goes by names.

    extensions  a pattern in lower case

    A part of the name that another program may take for the extension (``x.html.png``) is not
    allowed, and numbers are (``plot.2.png``).
    """
    *folders, last = name.lower().split(os.sep)
    if last == "timestamp.txt" or any(_matches(folder, _NBGRADERS) for folder in folders):
        return False
    return bool(re.fullmatch(rf"[^.]+(\.\d[^.]*)*\.({extensions})", last, re.DOTALL))


def keep_files(files, folder, most=1_000):
    """Write files that a student's code made into a folder, where they replace nothing."""
    kept = {
        name: data for name, data in itertools.islice(files.items(), most) if is_one_of(name, _DATA)
    }
    write_files(kept, folder, strict=False)


def _matches(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
