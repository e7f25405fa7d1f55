"""The system calls that Python 3.11 does not offer."""

import contextlib
import ctypes
import functools
import os
import signal
import struct

_libc = ctypes.CDLL(None, use_errno=True)
# looked up here once, else every forked process does it again
_functions = {
    name: _libc[name]
    for name in (
        *("capset", "clearenv", "mount", "pivot_root", "prctl"),
        *("setns", "syscall", "umount2", "unshare"),
    )
}

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_GET_SECCOMP = 21
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE = 0, 1, 5, 6, 7, 19

_SYS_CLOSE_RANGE, _SYS_MOUNT_SETATTR = (
    436,
    442,
)  # the same number on every architecture, as all since 2018
_AT_RECURSIVE = 0x8000


def call(name, *args):
    """Call a function of libc; a result of -1 raises OSError."""
    args = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result = _functions[name](*args)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(number, *args):
    """A system call by its number; a result of -1 raises OSError."""
    return call("syscall", number, *args)


def prctl(option, *args):
    """prctl(2), with the unused arguments zero as many options demand."""
    try:
        return call("prctl", option, *args, *[0] * (4 - len(args)))
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (option {option})") from None


def unshare(flags):
    """Leave the namespaces that ``flags`` names (os.unshare is there from Python 3.12)."""
    call("unshare", flags)


def setns(descriptor, kind):
    """Join the namespace of an open file of /proc/PID/ns (os.setns is there from Python 3.12)."""
    call("setns", descriptor, kind)


def mount(source, target, kind=None, flags=0, options=None):
    """mount(2)."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    try:
        call("mount", *encoded, flags, None if options is None else options.encode())
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({source} on {target})") from None


def pivot_root(new, old):
    """Make ``new`` the root; the old root is then at ``old``."""
    call("pivot_root", os.fsencode(new), os.fsencode(old))


def unmount(path):
    """Detach ``path`` and all that is mounted below it."""
    call("umount2", os.fsencode(path), MNT_DETACH)


def restrict_mount(path, flags):
    """Add MS_RDONLY, MS_NOSUID, MS_NODEV … to the mount at ``path`` and all below it."""
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)  # the first four bits are the same
    syscall(_SYS_MOUNT_SETATTR, -100, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes))


def never_gain_capabilities():
    """Empty the bounding and the ambient set."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    with contextlib.suppress(OSError):  # past the last one; or no right to: there is none then
        for capability in range(64):
            prctl(PR_CAPBSET_DROP, capability)


def drop_capabilities(keep=()):
    """Give up all capabilities but ``keep`` (numbers below 32)."""
    mask = sum(1 << capability for capability in keep)
    header = struct.pack("=Ii", 0x20080522, 0)
    low = struct.pack("=III", mask, mask, 0)
    call("capset", header, low + bytes(12))


def capabilities():
    """The effective capabilities, as a bit mask."""
    status = read("/proc/self/status").splitlines()
    return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))


def fresh_signals():
    """Answer and await signals as a new program does: what was inherited is a parent's business."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pythons_signals():
    """`fresh_signals`, and then what Python sets when it starts."""
    fresh_signals()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def close_all_but(*kept):
    """Close every descriptor but ``kept``."""
    start = 0
    for descriptor in [*sorted({place for place in kept if place is not None}), 1 << 31]:
        if start < descriptor:
            try:
                syscall(_SYS_CLOSE_RANGE, start, descriptor - 1, 0)
            except OSError:  # before Linux 5.9, or not allowed
                os.closerange(start, min(descriptor, os.sysconf("SC_OPEN_MAX")))
        start = descriptor + 1


def scrub_environment(env):
    """Make ``env`` the environment, and wipe the inherited one that /proc/self/environ shows."""
    leave_inherited_environment()
    for name in [name for name in os.environ if name not in env]:
        del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@functools.cache
def leave_inherited_environment():
    """Keep the environment elsewhere, and wipe the place where it was; forks need it no more."""
    environment = dict(os.environ)
    call("clearenv")
    with contextlib.suppress(OSError):  # no /proc inside: then no one reads it there
        start, end = map(int, read("/proc/self/stat").rpartition(")")[2].split()[47:49])
        ctypes.memset(start, 0, end - start)
    os.environ.update(environment)


def read(path):
    """The text of a small file of /proc; a hundred page faults less than `open` in a new fork."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = iter(functools.partial(os.read, descriptor, 1 << 16), b"")
        return b"".join(parts).decode(errors="replace")
    finally:
        os.close(descriptor)


def write(path, text):
    """Write into a file of /proc."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
