"""Processor time of everything that a process starts, however it ends.

`getrusage` counts a child when its parent waits for it. Where the parent ignores SIGCHLD (or asks
for SA_NOCLDWAIT) nobody waits, and the time is in no account. The kernel's own counter of a task
goes on counting in all that the task forks: see perf_event_open(2), "inherit".
"""

import functools
import os
import struct
from time import process_time  # a test may put others in their place

from proctor.sandbox import linux

_OPEN = {"x86_64": 298, "aarch64": 241}
_SOFTWARE, _TASK_CLOCK = 1, 1
_INHERIT, _NOT_THE_KERNEL, _NOT_THE_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
_SIZE = 64  # of the first published struct perf_event_attr
_CLOSE_ON_EXEC = 8


class Clock:
    """Counts the processor time of what this process forks from now on; needs `read` here."""

    def __init__(self):
        self.file = _open(_INHERIT)
        self._own = process_time()

    def read(self):
        """Seconds so far, of the dead too, in whatever way they were buried."""
        both = int.from_bytes(os.read(self.file, 8), "little") / 1e9
        return max(0.0, both - (process_time() - self._own))


def _open(flags=0):
    """A descriptor whose 8 bytes are the nanoseconds of this process, and with a flag of forks."""
    number = _OPEN.get(os.uname().machine)
    if number is None:
        raise OSError("the number of perf_event_open is not known here")
    flags |= _NOT_THE_KERNEL | _NOT_THE_HYPERVISOR  # else an ordinary user may not
    attributes = struct.pack("=IIQQQQQ", _SOFTWARE, _SIZE, _TASK_CLOCK, 0, 0, 0, flags)
    return linux.syscall(number, attributes.ljust(_SIZE, b"\0"), 0, -1, -1, _CLOSE_ON_EXEC)


@functools.cache
def refused():
    """Why there is no such clock here, or None.

    The first one keeps open in this process: the kernel prepares itself for it, which takes
    milliseconds, and forks know the answer.
    """
    try:
        _open()
    except OSError as error:
        return error.strerror or str(error)
    return None
