"""A filter that refuses the system calls by which sandboxes are usually left.

It is a short list of refusals, not of permissions: what Python packages call is not foreseeable.
See seccomp(2) and <linux/seccomp.h>.
"""

import ctypes
import errno
import functools
import os
import socket

from proctor.sandbox import linux

# name: numbers on x86_64 and on aarch64, or None where there is none
_REFUSED = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "perf_event_open": (298, 241),
    # the kernel's own machinery, and ways around this filter
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    # files by another way than their name, and other views of them
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "setns": (308, 268),
    "unshare": (272, 97),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # memory that outlives a process or that no limit counts
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "vmsplice": (278, 75),
}

# What would let a process take more than its share, and is no more than a wish where it is honest.
_PRETENDED = {"sched_setaffinity": (203, 122)}

# Landlock does not keep a process from changing who may read a file, and when it was written.
# These do nothing and say that they did: copying a file, as IPython does at its start, ends with
# a chmod, and whether it is of a file in the folder cannot be seen here.
_PRETENDED_ON_SHARED_FILES = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
}

# The same for extended attributes; and for connecting to a socket that has a path.
_REFUSED_ON_SHARED_FILES = {
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "connect": (42, 203),
}

_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKET, _SOCKETPAIR, _IOCTL = (41, 198), (53, 199), (16, 29)
_MMAP, _SETSOCKOPT, _FCNTL, _PRCTL = (9, 222), (54, 208), (72, 25), (157, 167)
_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW… flag, CLONE_NEWTIME too
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SHARED, _ANONYMOUS = 0x01, 0x20
_SO_SNDBUF, _SO_SNDBUFFORCE, _F_SETPIPE_SZ, _PR_SCHED_CORE = 7, 32, 1031, 62
SHARED_AT_ONCE = 16 << 20  # bytes of one anonymous shared mapping, where no group counts them

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE = 0, 4


def refused():
    """Why there is no filter on this machine, or None."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        return f"no filter is written for {machine}"
    try:
        linux.prctl(linux.PR_GET_SECCOMP)
    except OSError as error:
        return f"this kernel has none ({error.strerror})"
    return None


def restrict(plan, own_root, counted=False):
    """Apply the filter to this process and its children. Needs no_new_privs.

    ``own_root``: the process sees only its own files, so it may connect to sockets among them
    and change their modes; ``counted``: a control group bounds its memory, of every kind.
    """
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.addressof(compiled(plan, own_root, counted)))


def compiled(plan, own_root, counted=False):
    """The filter that `restrict` applies; what is compiled once is known to forks."""
    return _compiled(plan.loopback and own_root, own_root, counted)


@functools.cache
def _compiled(internet, own_root, counted):
    program = _program(internet, own_root, counted, *_ARCHITECTURES[os.uname().machine])
    return _Program(len(program), (_Instruction * len(program))(*program))


class _Instruction(ctypes.Structure):
    """struct sock_filter."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("when_true", ctypes.c_uint8),
        ("when_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("first", ctypes.POINTER(_Instruction)))


def _program(internet, own_root, counted, column, architecture):
    """The filter's instructions, as tuples (code, skip when true, skip when false, value)."""
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if column == 0:  # the x32 numbers
        program += [(_IF_AT_LEAST, 0, 1, 0x40000000), _answer(errno.EPERM)]
    answers = [(_REFUSED, errno.EPERM), (_PRETENDED, 0)]
    if not own_root:
        answers += [(_PRETENDED_ON_SHARED_FILES, 0), (_REFUSED_ON_SHARED_FILES, errno.EACCES)]
    for names, answer in answers:
        for numbers in names.values():
            if numbers[column] is not None:
                program += [(_IF_EQUAL, 0, 1, numbers[column]), _answer(answer)]
    # the flags of clone3 are behind a pointer; without it libc uses clone
    program += [(_IF_EQUAL, 0, 1, _CLONE3[column]), _answer(errno.ENOSYS)]
    program += _on(_CLONE[column], 0, [(_IF_ANY_BIT, 0, 1, _NEW_NAMESPACES), _answer(errno.EPERM)])
    program += _on(
        _IOCTL[column],
        1,
        [
            (_IF_EQUAL, 1, 0, _TIOCSTI),
            (_IF_EQUAL, 0, 1, _TIOCLINUX),
            _answer(errno.EPERM),
        ],
    )
    program += _sockets(internet, own_root, column)
    program += _shares(counted, column)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _shares(counted, column):
    """Nothing that takes more of the machine than the guard's sums can tell."""
    larger_buffers = [
        (_IF_EQUAL, 0, 4, socket.SOL_SOCKET),
        (_LOAD, 0, 0, _argument(2)),
        (_IF_EQUAL, 1, 0, _SO_SNDBUF),
        (_IF_EQUAL, 0, 1, _SO_SNDBUFFORCE),
        _answer(0),  # a wish: the kernel too makes less of it where it is large
    ]
    # what is unmapped of it stays in memory as long as any part of it is mapped somewhere
    large_and_shared = [
        (_AND, 0, 0, _SHARED | _ANONYMOUS),
        (_IF_EQUAL, 0, 5, _SHARED | _ANONYMOUS),
        (_LOAD, 0, 0, _argument(1) + 4),
        (_IF_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _argument(1)),
        (_IF_AT_LEAST, 0, 1, SHARED_AT_ONCE + 1),
        _answer(errno.ENOMEM),
    ]
    return [
        # a core that no one else may share, where cores are threads of one
        *_on(_PRCTL[column], 0, [(_IF_EQUAL, 0, 1, _PR_SCHED_CORE), _answer(errno.EPERM)]),
        *_on(_FCNTL[column], 1, [(_IF_EQUAL, 0, 1, _F_SETPIPE_SZ), _answer(errno.EPERM)]),
        *_on(_SETSOCKOPT[column], 1, larger_buffers),
        *([] if counted else _on(_MMAP[column], 3, large_and_shared)),
    ]


def _sockets(internet, own_root, column):
    """Only Unix sockets; and no datagrams where other processes' sockets are in sight."""
    known = [socket.AF_UNIX, socket.AF_INET, socket.AF_INET6]
    families = known if internet else known[:1]
    checks = [
        # an answer by which ZeroMQ, which lists the network's interfaces, is not aborted
        *[(_IF_EQUAL, 3 - i, 0, family) for i, family in enumerate(known)],
        _answer(errno.EOPNOTSUPP),
        *[(_IF_EQUAL, len(families) - i, 0, family) for i, family in enumerate(families)],
    ]
    no_datagrams = [
        (_LOAD, 0, 0, _argument(1)),
        (_AND, 0, 0, 0xF),
        (_IF_EQUAL, 0, 1, socket.SOCK_DGRAM),
        _answer(errno.EACCES),
    ]
    kinds = [] if own_root else no_datagrams
    return [
        *_on(_SOCKET[column], 0, [*checks, _answer(errno.EACCES), *kinds]),
        *_on(_SOCKETPAIR[column], 0, kinds),
    ]


def _on(number, argument, checks):
    """Instructions that apply ``checks`` to one argument of one system call, else allow it."""
    block = [(_LOAD, 0, 0, _argument(argument)), *checks, (_RETURN, 0, 0, _ALLOW)]
    return [(_IF_EQUAL, 0, len(block), number), *block]


def _argument(index):
    """Where the lower half of an argument lies in struct seccomp_data."""
    return 16 + 8 * index


def _answer(number):
    """Refuse with this errno."""
    return (_RETURN, 0, 0, _ERRNO | number)
