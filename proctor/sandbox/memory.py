"""Memory of a jail's processes, as far as /proc tells: for where no control group counts it.

Besides the pages of each process that are its page tables; anonymous memory that processes share,
which stays when they no longer map all of it; and what lies in the buffers of pipes and sockets.
Of the last two the kernel tells only that they are there: they count for the most they can hold.
"""

import contextlib
import functools
import os
import re

from proctor.sandbox import linux
from proctor.sandbox.syscalls import SHARED_AT_ONCE

_ANONYMOUS = re.compile(r"^\S+ ...s \S+ \S+ (\d+) +/dev/zero \(deleted\)$", re.MULTILINE)
_PIPE = 64 << 10
_DATAGRAM = "0002"
_WAITING = 10  # datagrams that a socket keeps for its owner, each from a sender with a buffer
_PAGES = ("RssAnon:", "RssShmem:", "VmPTE:")


def resident(pid):
    """Bytes of a process, counting what is shared with others in full."""
    return _kilobytes(f"/proc/{pid}/status", _PAGES) * 1024


def proportional(pid):
    """Bytes of a process, sharing what is shared; slower."""
    pages = _kilobytes(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:"), None)
    if pages is None:
        return resident(pid)
    return (pages + _kilobytes(f"/proc/{pid}/status", ("VmPTE:",))) * 1024


def shared(pids):
    """The most that anonymous shared memory of these processes can be, in bytes."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            text = linux.read(f"/proc/{pid}/maps")
            if "/dev/zero (deleted)" in text:
                found.update(_ANONYMOUS.findall(text))
    return len(found) * SHARED_AT_ONCE


def buffers(pids, own_network):
    """The most that their pipes and Unix sockets can hold, in bytes.

    ``own_network``: all sockets that /proc/net/unix lists are theirs.
    """
    sockets, pipes = set(), set()
    for pid in pids:
        with contextlib.suppress(OSError):
            place = f"/proc/{pid}/fd"
            for name in os.listdir(place):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"{place}/{name}")
                    if target.startswith("pipe:"):
                        pipes.add(target)
                    elif target.startswith("socket:"):
                        sockets.add(target)
    held = len(pipes) * _PIPE
    if own_network:  # also those in flight, or not accepted yet
        with contextlib.suppress(OSError):
            kinds = [line.split()[4] for line in linux.read("/proc/net/unix").splitlines()[1:]]
            full = sum(_WAITING if kind == _DATAGRAM else 1 for kind in kinds)
            return held + max(full, len(sockets)) * _socket()
    return held + len(sockets) * _socket()


@functools.cache
def _socket():
    """Bytes that wait for a socket's peer at most, with what the kernel needs for the socket."""
    with contextlib.suppress(OSError, ValueError):
        return int(linux.read("/proc/sys/net/core/wmem_default")) + (32 << 10)
    return 256 << 10


def _kilobytes(path, fields, otherwise=0):
    """The sum of some lines of a file like /proc/pid/status."""
    try:
        lines = linux.read(path).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(fields))
    except ProcessLookupError:
        return 0
    except OSError:
        return otherwise
