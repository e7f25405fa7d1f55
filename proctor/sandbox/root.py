"""A root directory that holds just what the policy lets a process see."""

import os
from contextlib import suppress

from ..files import copy_tree
from . import linux
from .policy import MIB

_OLD = "/.old"  # where the machine's own root is while the new one is filled
_DEVICES = ("null", "zero", "full", "random", "urandom")
_READ_ONLY = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
_PLAIN = linux.MS_NOSUID | linux.MS_NODEV
_WITHOUT_PROC = ("cpuinfo", "meminfo", "stat", "version")


def change(plan, owner):
    """Give this process a new root; nothing of it is seen outside, nor left when it ends.

    Needs a mount namespace of its own and the right to mount. ``owner``: (uid, gid) inside.
    """
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # the folder is there for sure; once it is the root, it hides nothing of the old one
    linux.mount("jail", plan.folder, "tmpfs", _PLAIN, "size=4m,mode=755")
    os.mkdir(plan.folder + _OLD)
    places = _places(plan)
    os.chdir(plan.folder)
    linux.pivot_root(".", "." + _OLD)
    os.chdir("/")
    _small_things(plan, owner)
    covered = [place[1] for place in places if _put(plan, owner, *place)]
    _processes()
    for path in covered:
        linux.restrict_mount(path, _READ_ONLY)
    linux.unmount(_OLD)
    os.rmdir(_OLD)
    linux.mount(None, "/", None, linux.MS_REMOUNT | linux.MS_BIND | _READ_ONLY)


def _places(plan):
    """What to put where, outer paths first: tuples (depth, path, kind, where it really is)."""
    places = dict.fromkeys(plan.readable, "readable")
    places |= dict.fromkeys(plan.hidden, "hidden")
    places[plan.folder] = "folder"
    if plan.sockets:
        places[plan.sockets] = "sockets"
    places["/tmp"] = "tmp"
    return sorted(
        (path.count("/"), path, kind, _OLD + os.path.realpath(path))
        for path, kind in places.items()
    )


def _put(plan, owner, _depth, path, kind, old):
    """Mount one place; True if it is a cover that is to be made read-only at the end."""
    if kind == "readable":
        if not os.path.exists(path):
            _bind(old, path, _READ_ONLY)
    elif kind == "hidden":
        return os.path.lexists(path) and _cover(path)
    elif kind == "folder" and plan.space is not None:
        _scratch(path, owner, plan.space, "700")
        copy_tree(old, path)
        if plan.given:
            copy_tree(_OLD + plan.given, path)
        give(path, owner)
    elif kind == "tmp":
        _scratch(path, owner, min(plan.space or 64 * MIB, 64 * MIB), "1777")
    else:
        give(old, owner)
        _bind(old, path, _PLAIN)
    return False


def _bind(source, target, flags):
    """Show ``source`` at ``target``, which is made if it is not there."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_RDONLY, 0o444))
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)
    if flags:
        linux.restrict_mount(target, flags)


def _cover(path):
    """Lay something empty over ``path``; whether more may still be put on top of it."""
    if os.path.isdir(path):
        linux.mount("hidden", path, "tmpfs", _PLAIN, "size=64k,mode=755")
        return True
    linux.mount("/etc/hidden", path, None, linux.MS_BIND)
    return False


def _scratch(path, owner, size, mode):
    """A writable file system in memory."""
    os.makedirs(path, exist_ok=True)
    # a file costs the kernel about a kilobyte however small it is
    limits = f"size={size},nr_inodes={max(1000, size // 8192)},mode={mode}"
    linux.mount("scratch", path, "tmpfs", _PLAIN, limits)
    os.chown(path, *owner)


def give(folder, owner):
    """Make ``owner`` (uid, gid) the owner of a folder and all in it; links are not followed."""
    with suppress(PermissionError):  # without the right to, it is our own already
        os.chown(folder, *owner, follow_symlinks=False)
        for place, folders, files in os.walk(folder):
            for name in folders + files:
                os.chown(os.path.join(place, name), *owner, follow_symlinks=False)


def _small_things(plan, owner):
    """/dev, and a user to be."""
    os.mkdir("/dev")
    for name in _DEVICES:
        _bind(f"{_OLD}/dev/{name}", f"/dev/{name}", 0)
    os.symlink("/proc/self/fd", "/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"/dev/{name}")
    os.symlink("/tmp", "/dev/shm")
    os.mkdir("/dev/pts")
    os.symlink("pts/ptmx", "/dev/ptmx")
    with suppress(OSError):  # terminals of its own, for `!command` in a notebook
        options = "newinstance,ptmxmode=666,mode=600,max=16"
        linux.mount("devpts", "/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, options)
    os.mkdir("/etc")
    with open("/etc/passwd", "w") as passwd:
        passwd.write(f"student:x:{owner[0]}:{owner[1]}:student:{plan.folder}:/bin/sh\n")
    os.chmod("/etc/passwd", 0o644)
    os.close(os.open("/etc/hidden", os.O_CREAT, 0o000))


def _processes():
    """/proc of the own processes alone; where a container forbids it, a few harmless files."""
    os.mkdir("/proc")
    flags = _READ_ONLY | linux.MS_NOEXEC
    try:
        linux.mount("proc", "/proc", "proc", flags, "hidepid=2")
    except PermissionError:
        for name in _WITHOUT_PROC:
            _bind(f"{_OLD}/proc/{name}", f"/proc/{name}", _READ_ONLY)
