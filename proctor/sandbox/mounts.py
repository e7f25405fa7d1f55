"""A root directory that holds just what the policy lets a process see."""

import os
from contextlib import suppress

from proctor.files import copy_tree
from proctor.sandbox import linux
from proctor.sandbox.policy import MIB, always_readable

_OLD = "/.old"  # where the machine's own root is while the new one is filled
# a shared mapping of /dev/zero is memory of which nothing but a control group knows the size
_DEVICES = ("null", "full", "random", "urandom")
_READ_ONLY = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
_PLAIN = linux.MS_NOSUID | linux.MS_NODEV
_WITHOUT_PROC = ("cpuinfo", "meminfo", "stat", "version")


def change(plan, owner, counted=False):
    """Give this process a new root; nothing of it is seen outside, nor left when it ends.

    Needs a mount namespace of its own and the right to mount. ``owner``: (uid, gid) inside;
    ``counted``: a control group bounds its memory, of every kind.
    """
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # the folder is there for sure; once it is the root, it hides nothing of the old one
    linux.mount("jail", plan.folder, "tmpfs", _PLAIN, "size=4m,mode=755")
    os.mkdir(plan.folder + _OLD)
    places = _places(plan)
    os.chdir(plan.folder)
    linux.pivot_root(".", "." + _OLD)
    os.chdir("/")
    _small_things(plan, owner, counted)
    covered = [place[1] for place in places if _put(plan, owner, *place)]
    _processes()
    for path in covered:
        linux.restrict_mount(path, _READ_ONLY)
    linux.unmount(_OLD)
    os.rmdir(_OLD)
    linux.mount(None, "/", None, linux.MS_REMOUNT | linux.MS_BIND | _READ_ONLY)


def _places(plan):
    """What to put where, outer paths first: tuples (depth, path, kind, what is there).

    What is there is told of readable ones only: (where it really is, whether it is a folder).
    """
    known = always_readable()
    places = {
        path: ("readable", known.get(path) or (os.path.realpath(path), os.path.isdir(path)))
        for path in plan.readable
    }
    places |= dict.fromkeys(plan.hidden, ("hidden", None))
    places[plan.folder] = "folder", None
    if plan.sockets:
        places[plan.sockets] = "sockets", None
    places |= {path: ("scratch", None) for path in plan.scratch if path.startswith("/tmp/")}
    places["/tmp"] = "tmp", None
    return sorted((path.count("/"), path, *place) for path, place in places.items())


def _put(plan, owner, _depth, path, kind, there):
    """Mount one place; True if it is a cover that is to be made read-only at the end."""
    if kind == "readable":
        if not os.path.exists(path):
            _bind(*there, path, _READ_ONLY)
    elif kind == "hidden":
        return os.path.lexists(path) and _cover(path)
    elif kind == "folder" and plan.space is not None:
        _scratch(path, owner, plan.space, "700")
        copy_tree(_OLD + path, path)
        if plan.given:
            copy_tree(_OLD + plan.given, path)
        give(path, owner)
    elif kind == "tmp":
        _scratch(path, owner, min(plan.space or 64 * MIB, 64 * MIB), "1777")
    elif kind == "scratch":
        _make(path)
        os.chown(path, *owner)
    else:
        give(_OLD + path, owner)
        _bind(path, True, path, _PLAIN)
    return False


def _bind(real, is_folder, target, flags):
    """Show what is at ``real`` on the machine at ``target``, which is made if it is not there."""
    if is_folder:
        _make(target)
    else:
        _make(os.path.dirname(target))
        os.close(os.open(target, os.O_CREAT | os.O_RDONLY, 0o444))
    linux.mount(_OLD + real, target, None, linux.MS_BIND | linux.MS_REC)
    if flags:
        linux.restrict_mount(target, flags)


def _make(folder):
    """Make a folder, and those that it lies in, where they are not there."""
    try:
        os.mkdir(folder)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _make(os.path.dirname(folder))
        os.mkdir(folder)


def _cover(path):
    """Lay something empty over ``path``; whether more may still be put on top of it."""
    if os.path.isdir(path):
        linux.mount("hidden", path, "tmpfs", _PLAIN, "size=64k,mode=755")
        return True
    linux.mount("/etc/hidden", path, None, linux.MS_BIND)
    return False


def _scratch(path, owner, size, mode):
    """A writable file system in memory."""
    _make(path)
    # a file costs the kernel about a kilobyte however small it is
    limits = f"size={size},nr_inodes={max(1000, size // 8192)},mode={mode}"
    linux.mount("scratch", path, "tmpfs", _PLAIN, limits)
    os.chown(path, *owner)


def give(folder, owner):
    """Make ``owner`` (uid, gid) the owner of a folder and all in it; links are not followed."""
    with suppress(PermissionError):  # without the right to, it is our own already
        os.chown(folder, *owner, follow_symlinks=False)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    give(entry.path, owner)
                else:
                    os.chown(entry.path, *owner, follow_symlinks=False)


def _small_things(plan, owner, counted):
    """/dev, and a user to be."""
    os.mkdir("/dev")
    for name in (*_DEVICES, *(("zero",) if counted else ())):
        _bind(f"/dev/{name}", False, f"/dev/{name}", 0)
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
            _bind(f"/proc/{name}", False, f"/proc/{name}", _READ_ONLY)
