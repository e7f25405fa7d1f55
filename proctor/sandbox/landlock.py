"""Landlock: a process gives up the files, TCP ports and peers that it was not granted.

Numbers and layouts are those of <linux/landlock.h>; see landlock(7).
"""

import os
import struct

from proctor.sandbox import linux
from proctor.sandbox.policy import contains

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_SOCK = 1 << 4, 1 << 5, 1 << 9
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15

READ = EXECUTE | READ_FILE | READ_DIR
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_BIND_AND_CONNECT_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

# for a process that sees the machine's own /proc and /dev
_HARMLESS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version")
_DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")


def abi():
    """The version of Landlock that this kernel offers; 0 for none."""
    try:
        return linux.syscall(_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def restrict(plan, own_root, counted=False):
    """Apply ``plan`` to this process and its children. Needs no_new_privs.

    ``own_root``: the process already sees only its own files (hidden paths are covered there);
    ``counted``: a control group bounds its memory, also what is mapped of /dev/zero.
    """
    version = abi()
    handled = _handled(version)
    attributes = [handled]
    if version >= 4:
        attributes.append(0 if plan.loopback else _BIND_AND_CONNECT_TCP)
    if version >= 6:
        attributes.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    _apply(attributes, _rules(plan, handled, own_root, counted))


def write_only_in(*folders):
    """From now on this process and its children change files in these folders only.

    What they read, run and connect to stays as it is; nor do they get into other processes' memory.
    Returns whether this kernel can: it takes the second version, in which files can be moved.
    """
    version = abi()
    if version < 2:
        return False
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    handled = _handled(version) & ~(READ | IOCTL_DEV)
    devices = (*_DEVICES, "/dev/zero", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm")
    rights = handled & ~(_MAKE_CHAR | _MAKE_BLOCK)
    _apply([handled], [(path, rights) for path in (*folders, *devices)])
    return True


def _handled(version):
    """All rights on files that this version of Landlock knows."""
    return (1 << 13 if version < 2 else 1 << 14 if version < 3 else 1 << 15) - 1 | (
        IOCTL_DEV if version >= 5 else 0
    )


def _apply(attributes, rules):
    """Take what ``attributes`` name (rights on files first) from this process, but for the rules.

    rules  pairs of a path and the rights on it
    """
    packed = struct.pack(f"={len(attributes)}Q", *attributes)
    ruleset = linux.syscall(_CREATE_RULESET, packed, len(packed), 0)
    try:
        for path, rights in rules:
            _grant(ruleset, path, rights & attributes[0])
        linux.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _grant(ruleset, path, rights):
    """Allow ``rights`` on ``path`` and what lies in it; a path that is not there needs none."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not os.path.isdir(path):
            rights &= _OF_FILES
        linux.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _rules(plan, handled, own_root, counted):
    """Pairs of a path and the rights on it."""
    yield plan.folder, handled & ~(_MAKE_CHAR | _MAKE_BLOCK | IOCTL_DEV)
    if plan.sockets:
        # sockets can be bound and unlinked there, files cannot be made: no disk to fill
        yield plan.sockets, READ_DIR | REMOVE_FILE | MAKE_SOCK
    for device in (*_DEVICES, *(("/dev/zero",) if counted else ())):
        yield device, READ_FILE | WRITE_FILE | TRUNCATE
    if own_root:
        yield "/tmp", handled & ~(_MAKE_CHAR | _MAKE_BLOCK | IOCTL_DEV)
        yield "/proc", READ
        yield "/dev/pts", READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV
        yield "/etc/passwd", READ
        yield "/", READ_DIR
    else:
        for path in _HARMLESS:
            yield path, READ_FILE
    for path in plan.readable:
        yield from [(path, READ)] if own_root else _around(path, plan.hidden)


def _around(path, hidden):
    """Rules to read ``path`` without ``hidden``: names can be listed, what is in them not."""
    inner = [other for other in hidden if contains(path, other)]
    if path in inner:
        return
    if not inner:
        yield path, READ
        return
    yield path, READ_DIR
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.path not in hidden and not entry.is_symlink():
                yield from _around(entry.path, inner)
