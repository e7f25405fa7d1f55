"""Enters the jail. What runs here runs before any line of the student's.

The process that enters becomes a chain:  entering ─ first ─ student; or it is the first already.
The entering process stays outside and only waits. The first process of the new PID namespace is
the guard: when it ends, the kernel ends every other process in there. Without namespaces the
entering process itself is the guard, and adopts orphans so that none gets out of sight.
"""

import contextlib
import fcntl
import functools
import os
import resource
import select
import signal
import socket
import struct
import tempfile

from proctor.errors import NoIsolation
from proctor.files import copy_tree
from proctor.sandbox import cgroups, clock, guard, landlock, linux, mounts, syscalls
from proctor.sandbox.guard import tell
from proctor.sandbox.policy import Policy

_INSIDE = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWCGROUP
)
_STUDENT = 1000  # the user's number inside a user namespace
_FIRST_FREE_USER = 0x70000000  # above every range that systemd hands out
_FAILED = 70
_OF_ROOT = (linux.CAP_CHOWN, linux.CAP_DAC_OVERRIDE, linux.CAP_SETGID, linux.CAP_SETUID)


def fork(policy, control):
    """Fork a process that is to `enter`; None in the parent, in the child its ``number``.

    Where that takes no user namespace, the child is the first process of the jail at once: one
    process less than `enter` alone needs. Else its number is 0. The caller has one thread.
    """
    if "cgroups" in policy.layers:
        cgroups.nest()
    if not _is_root() or "namespaces" not in policy.layers or namespaces_refused():
        return None if os.fork() else 0
    reading, writing = os.pipe()
    with (
        open("/proc/self/ns/pid", "rb", 0) as own,
        open(reading, "rb", 0) as number,
        open(writing, "wb", 0) as told,
    ):
        try:
            linux.unshare(linux.CLONE_NEWPID)
        except OSError:  # root without the right to, or too many of them
            return None if os.fork() else 0
        child = os.fork()
        if child == 0:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            told.close()
            return int(number.read() or os._exit(_FAILED))
        linux.setns(own.fileno(), linux.CLONE_NEWPID)
        # who may have to end it knows it before it does anything
        tell(control, last=child, how="namespace")
        told.write(b"%d" % child)
    return None


def enter(policy, control=None, keep_fds=(), number=0):
    """Lock this process in; return, in a child of it, a dict of the layers that hold.

    To be called in a forked process with one thread. The calling process never returns: it waits
    for the child and exits with its status (128 + n for signal n).

    ``control``: a Unix socket whose other end makes a `Jailed`; ``keep_fds``: open descriptors
    for the student's process besides 0, 1 and 2; ``number``: what `fork` has returned, if it was
    that. Raises NoIsolation before anything is changed; so does the `Jailed` of ``control``.
    """
    try:
        plan = policy.resolved()
        held = foresee(plan)
    except (NoIsolation, OSError, ValueError) as error:
        tell(control, error=str(error), kind=type(error).__name__)
        raise
    try:
        own_root = held["namespaces"] == "held"
        if plan.given and not (own_root and plan.space is not None):
            copy_tree(plan.given, plan.folder)
        group = _group(plan, held, number or os.getpid())
        owner, joined = _supervised(plan, own_root, held, control, number, group)
        _lock(plan, own_root, owner, held, control, keep_fds, joined)
    except BaseException as error:
        if control is None:
            os.write(2, f"the jail could not be entered: {error}\n".encode())
        tell(control, error=f"{type(error).__name__}: {error}")
        os._exit(_FAILED)
    return held


def foresee(plan):
    """The layers, each "held" or why not; raises NoIsolation if none keeps the files."""
    held = {
        "namespaces": namespaces_refused,
        "landlock": lambda: None if landlock.abi() else "this kernel has no Landlock",
        "user": lambda: None if _is_root() else "needs root, and other users",
        "limits": lambda: None,
        "cgroups": lambda: cgroups.known()[1],
        "seccomp": syscalls.refused,
    }
    held = {
        layer: (test() or "held") if layer in plan.layers else "not wanted"
        for layer, test in held.items()
    }
    if plan.sandbox and "held" not in (held["namespaces"], held["landlock"]):
        raise NoIsolation(
            "no student's code is run, because nothing here keeps it from the course's files: "
            f"namespaces: {held['namespaces']}; Landlock: {held['landlock']}. "
            "Run `proctor doctor`, or allow it with --no-sandbox."
        )
    if held["user"] == "held" and held["namespaces"] != "held" and (closed := _closed(plan)):
        held["user"] = f"{closed} is closed to other users"
    return held


def prepare():
    """Find out what is the same for every jail; forks of this process know it."""
    with contextlib.suppress(Exception):  # each of them will say why not
        plan = Policy("/").resolved()
        held = foresee(plan)
        for counted in (False, True):
            syscalls.compiled(plan, held["namespaces"] == "held", counted)
        clock.refused()
        linux.leave_inherited_environment()


def _closed(plan):
    """The first folder on the way to what the process needs that another user cannot enter."""
    needed = [plan.folder, plan.sockets or "/", *filter(os.path.isdir, plan.readable)]
    for path in needed:
        while (path := os.path.dirname(path)) != "/":
            if not os.stat(path).st_mode & 0o001:
                return path
    return None


# --- the processes ---------------------------------------------------------------------------


def _group(plan, held, name):
    """The control group of this jail, made while its folders are in sight; or None."""
    if held["cgroups"] != "held":
        return None
    try:
        return cgroups.Group(cgroups.known()[0], plan, name, os.sched_getaffinity(0))
    except OSError as error:  # one more layer: the others do without
        held["cgroups"] = f"a group could not be made: {error.strerror} ({error.filename})"
        return None


def _supervised(plan, own_root, held, control, number, group):
    """Fork the chain; returns in the student's process only: its (uid, gid) or None, and what can
    be read once it is in its group, or None.
    """
    parent = None if number else guard.process_handle(os.getppid())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else the exit status would be lost
    with contextlib.suppress(OSError):
        linux.write("/proc/self/oom_score_adj", "1000")
    if own_root:
        owner = _other_user(number) if number else leave_users()
        if os.geteuid() != 0:
            held["user"] = "a user namespace instead"
        elif held["user"] != "held":
            owner = (0, 0)
        if not number:
            first = os.fork()
            if first:
                tell(control, last=first, how="namespace")
                _wait_outside(first, parent)
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        parent = None
        leave_the_rest(plan, owner, counted=group is not None)
    else:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        owner = _other_user() if held["user"] == "held" else None
        if owner:
            for folder in filter(None, (plan.folder, plan.sockets)):
                mounts.give(folder, owner)
        tell(control, last=os.getpid(), how="supervisor")
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    linux.never_gain_capabilities()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    its_clock = None if clock.refused() else clock.Clock()
    joined, join = (None, None) if group is None else os.pipe()
    child = os.fork()
    if child:
        _be_guard(child, plan, own_root, control, parent, group, its_clock, join)
    if join is not None:
        os.close(join)
    return owner, joined


def _wait_outside(first, parent):
    """Wait for the first process of the jail; end it when our own parent ends."""
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    _ignore_signals()
    handle = guard.process_handle(first)
    linux.close_all_but(parent, handle)
    if parent is not None and handle is not None:
        ready = select.select([parent, handle], [], [])[0]
        if handle not in ready:
            os.kill(first, signal.SIGKILL)
    os._exit(_shell_code(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])))


def _be_guard(child, plan, own_root, control, parent, group, its_clock, join):
    """Watch over the child, and first put it into its group; never returns."""
    code = _FAILED
    try:
        _ignore_signals()
        if group is not None:
            group.join(child)
            os.write(join, b"!")
        if own_root:
            linux.drop_capabilities(keep=(linux.CAP_KILL, linux.CAP_SYS_PTRACE))
        kept = [*(group.files if group else ()), its_clock and its_clock.file]
        linux.close_all_but(parent, control and control.fileno(), *kept)
        everyone = guard.own_namespace if own_root else guard.descendants
        watcher = guard.Guard(child, plan, control, everyone, parent, group, its_clock)
        status, reason = watcher.watch()
        cpu = watcher.cpu()
        if not own_root and not guard.end_descendants(watcher):
            reason = "some processes cannot be ended"
        status = -signal.SIGKILL if status is None else status
        tell(control, exit=status, reason=reason, cpu=cpu)
        code = _shell_code(status)
    except OSError as error:  # of the group: nobody is in it
        tell(control, error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _ignore_signals():
    """Leave what a terminal or a service manager sends to the student's process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _shell_code(status):
    """An exit status as a shell gives it."""
    return 128 - status if status < 0 else status


# --- namespaces ------------------------------------------------------------------------------


def leave_users():
    """New PID namespace for the children, and a user namespace without root: (uid, gid) inside."""
    try:
        if _is_root():
            linux.unshare(linux.CLONE_NEWPID)
            return _other_user()
    except PermissionError:
        pass  # root without the right to; like anyone else, then
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_STUDENT} {uid} 1"),
        ("gid_map", f"{_STUDENT} {gid} 1"),
    ):
        linux.write(f"/proc/self/{name}", text)
    return _STUDENT, _STUDENT


def leave_the_rest(plan, owner, counted=False):
    """New file system, network, host name …, in the first process of the PID namespace."""
    linux.unshare(_INSIDE)
    socket.sethostname("jail")
    if plan.loopback:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            up_and_running = struct.pack("16sh14x", b"lo", 0x41)
            fcntl.ioctl(any_socket, 0x8914, up_and_running)
    mounts.change(plan, owner, counted)


def _other_user(number=None):
    """A user and group that no one else has: its own for every jail.

    number  of a process of the jail, outside it; by default this one's
    """
    first, last = _FIRST_FREE_USER, _last_user()
    if last < first + (1 << 22):
        first = max(last - 5000, 1)  # a container with few users
    user = first + (number or os.getpid()) % (min(1 << 22, last - first) or 1)
    return user, user


def _last_user():
    """The highest number of a user here."""
    ranges = linux.read("/proc/self/uid_map").splitlines()
    return max(int(line.split()[0]) + int(line.split()[2]) for line in ranges) - 1


def _is_root():
    """Whether this process may become other users, and see to their files.

    Root may not in a user namespace of one user, as ``unshare --map-root-user`` makes it, nor
    without these capabilities; it is then a user like others.
    """
    return os.geteuid() == 0 and _last_user() > 1000 and _may_be_others()


@functools.cache
def _may_be_others():
    status = linux.read("/proc/self/status").splitlines()
    held = int(next(line for line in status if line.startswith("CapEff:")).split()[1], 16)
    return all(held >> capability & 1 for capability in _OF_ROOT)


@functools.cache
def namespaces_refused():
    """Why namespaces cannot be used here, or None: tried once, in a child."""
    with tempfile.TemporaryDirectory(prefix="jail-") as folder:
        os.chmod(folder, 0o755)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            _try_namespaces(Policy(folder, space=1 << 20), writing)
        os.close(writing)
        with open(reading) as answer:
            reason = answer.read()
        os.waitpid(pid, 0)
    return reason or None


def _try_namespaces(plan, writing):
    """Enter them in a child of this process, write what went wrong, and exit."""
    reason = ""
    try:
        owner = leave_users()
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        else:
            leave_the_rest(plan, owner)
    except OSError as error:
        reason = f"{error.strerror or error}"
    finally:
        os.write(writing, reason.encode())
        os._exit(0)


# --- the student's process -------------------------------------------------------------------


def _lock(plan, own_root, owner, held, control, keep_fds, joined):
    """Give up everything in this process that the student's code must not have."""
    supervisor = os.getppid()
    os.setsid()
    os.umask(0o077)
    os.chdir(plan.folder)
    _set_environment(plan, own_root)
    if "limits" in plan.layers:
        _set_limits(plan, own_root)
    if held["user"] == "held":
        os.setgroups([])
        os.setresgid(owner[1], owner[1], owner[1])
        os.setresuid(owner[0], owner[0], owner[0])
    linux.drop_capabilities()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else it could not read its own /proc/self
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if not own_root and os.getppid() != supervisor:
        os._exit(_FAILED)
    if held["landlock"] == "held":
        landlock.restrict(plan, own_root, counted=joined is not None)
    if held["seccomp"] == "held":
        syscalls.restrict(plan, own_root, counted=joined is not None)
    if joined is not None and not os.read(joined, 1):
        os._exit(_FAILED)  # there is no group, and the guard has told why
    tell(control, ready=held)
    if control is not None:
        control.detach()  # its number may be another file's soon
    linux.close_all_but(0, 1, 2, *keep_fds)


def _set_environment(plan, own_root):
    """The clean environment, and a place for temporary files."""
    temporary = "/tmp" if own_root else f"{plan.folder}/.tmp"
    if not own_root:
        os.makedirs(temporary, exist_ok=True)
    linux.scrub_environment({"TMPDIR": temporary} | plan.env)


def _set_limits(plan, own_root):
    """The limits of one process; the guard watches over the sum."""
    limits = {
        # private writable memory, so that reserved address space and shared libraries are free
        resource.RLIMIT_DATA: plan.memory,
        # the rest is bounded too, with room for what BLAS and memory maps only reserve
        resource.RLIMIT_AS: 2 * plan.memory + (4 << 30),
        resource.RLIMIT_CPU: plan.cpu + 1,
        resource.RLIMIT_FSIZE: plan.file_size,
        resource.RLIMIT_NOFILE: plan.open_files,
        resource.RLIMIT_NPROC: plan.processes + _counted_already(own_root),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 64 << 10,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    for number, limit in limits.items():
        hard = resource.getrlimit(number)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(number, (limit, limit))


def _counted_already(own_root):
    """The tasks that RLIMIT_NPROC counts and that are not the student's."""
    if os.geteuid() == 0:
        return 0  # a user of its own, or root, whom it does not bind: the guard counts then
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if own_root and release >= (5, 14):
        return 2  # it counts within a user namespace: the two that wait
    tasks = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.geteuid():
                tasks += len(os.listdir(f"/proc/{name}/task"))
    return tasks
