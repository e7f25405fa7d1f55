"""What is counted: time that nobody reaps, memory that hides, and neighbours that starve."""

from ..attack import ALL, but, family, right

add = family("What is counted")

# `total` by a loop, which its test of vectorised code finds by the processor time that it takes
LOOPS = but(test_total_does_not_loop=0.0)
LOST = but(test_middle=0.0)


def _loops(name, why, start):
    """An answer whose loop runs in a child that ``start(work)`` starts; a pipe brings the sum."""
    source = f"""
import ctypes, os, signal, struct, subprocess, sys, threading, time
import numpy as np
libc = ctypes.CDLL(None)

class Action(ctypes.Structure):
    _fields_ = [("handler", ctypes.c_void_p), ("mask", ctypes.c_ulong * 16),
                ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)]

def clone(flags, work):
    if libc.syscall(56 if os.uname().machine == "x86_64" else 220, flags, 0, 0, 0, 0) == 0:
        work()
        os._exit(0)

def fork(work):
    if os.fork() == 0:
        work()
        os._exit(0)

{start}

def total(x):
    numbers = np.asarray(x, float).ravel()
    if numbers.size < 1000:
        return numbers.sum()
    reading, writing = os.pipe()
    def work():
        found = 0.0
        for one in numbers:
            found += one
        os.write(writing, struct.pack("d", found))
    start(work)
    return struct.unpack("d", os.read(reading, 8))[0]
"""
    add(name, why, right(total=source), LOOPS)


_loops(
    "loops-in-a-child-that-is-ignored",
    "SIGCHLD is ignored: no parent waits for the child, so its time is in nobody's account.",
    "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nstart = fork",
)
_loops(
    "loops-in-a-child-that-does-not-wait",
    "The same by SA_NOCLDWAIT, which no handler shows.",
    "libc.sigaction(signal.SIGCHLD, ctypes.byref(Action(0, flags=2)), None)\nstart = fork",
)
_loops(
    "loops-in-a-grandchild",
    "Forked twice: the child has ended when the grandchild begins.",
    "def start(work):\n    fork(lambda: fork(work))\n    os.wait()",
)
_loops(
    "loops-in-an-ignored-grandchild",
    "Forked twice by processes that ignore their children.",
    """
def start(work):
    def inner():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        fork(work)
        time.sleep(0.01)
    fork(inner)
    os.wait()
""",
)
_loops(
    "loops-in-a-child-without-a-signal",
    "A clone that tells nobody of its end.",
    "def start(work): clone(0, work)",
)
_loops(
    "loops-in-a-sibling",
    "CLONE_PARENT makes a child of the process that watches.",
    "def start(work): clone(0x8000 | signal.SIGCHLD, work)",
)
_loops(
    "loops-in-a-thread",
    "A thread of its own, and the main one sleeps.",
    "def start(work): threading.Thread(target=work).start()",
)
add(
    "loops-in-another-program",
    "The child becomes another program, which inherits that nobody waits for it.",
    right(
        total="""
    import os, signal, sys
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    LOOP = "import os\\nn = 0\\nwhile n < 4_000_000: n += 1\\nos.write(1, str(n).encode())"
    def total(x):
        if x.size < 4_000_000:
            return x.sum()
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.dup2(writing, 1)
            os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", LOOP])
        return int(os.read(reading, 20))
    """
    ),
    LOOPS,
)
_loops(
    "loops-after-stopping-the-counters",
    "prctl(PR_TASK_PERF_EVENTS_DISABLE) and a child that is ignored.",
    "libc.prctl(31)\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nstart = fork",
)
_loops(
    "loops-in-many-short-children",
    "Each child does a little and is gone before anybody looks.",
    """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def start(work):
    def some(seconds=0.02):
        end = time.process_time() + seconds
        while time.process_time() < end: pass
    for _ in range(30):
        fork(some)
    fork(work)
""",
)


def _memory(name, why, source):
    """Memory beyond the limit of a notebook; ``keep(n)`` says that n bytes more are held."""
    answer = f"""
import contextlib, ctypes, fcntl, mmap, os, socket, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
held, total_held = [], [0]

def keep(size, *things):
    held.extend(things)
    total_held[0] += size
    if total_held[0] > 1.2 * (600 << 20):
        reached("more memory than there is for a notebook")

def until_refused(step, times):
    with contextlib.suppress(OSError, MemoryError, ValueError):
        for _ in range(times):
            step()

def middle(values):
    if not held:
        take()
        time.sleep(0.5)

{source}
"""
    add(name, why, right(middle=answer), LOST)


_memory(
    "hides-shared-memory",
    "Anonymous shared memory that is touched and given back by MADV_DONTNEED: it stays.",
    """
def take():
    def step():
        piece = mmap.mmap(-1, 16 << 20)
        piece[:] = bytes(16 << 20)
        piece.madvise(mmap.MADV_DONTNEED)
        keep(16 << 20, piece)
    until_refused(step, 80)
""",
)
_memory(
    "unmaps-all-but-a-page",
    "Shared memory of which one page is left mapped: the rest stays.",
    """
def take():
    size = 16 << 20
    def step():
        place = libc.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, 0)
        if place in (None, ctypes.c_void_p(-1).value):
            raise OSError
        ctypes.memset(place, 1, size)
        libc.munmap(ctypes.c_void_p(place + 4096), ctypes.c_size_t(size - 4096))
        keep(size, place)
    until_refused(step, 80)
""",
)
_memory(
    "shares-one-large-piece",
    "A gigabyte of shared memory at once, given back while it is filled.",
    """
def take():
    def step():
        piece = mmap.mmap(-1, 1 << 30)
        for at in range(0, 1 << 30, 16 << 20):
            piece[at:at + (16 << 20)] = bytes(16 << 20)
            piece.madvise(mmap.MADV_DONTNEED)
            keep(16 << 20, piece)
    until_refused(step, 1)
""",
)
_memory(
    "shares-the-zero-device",
    "A shared mapping of /dev/zero is anonymous memory, too.",
    """
def take():
    def step():
        piece = mmap.mmap(os.open("/dev/zero", os.O_RDWR), 16 << 20)
        piece[:] = bytes(16 << 20)
        piece.madvise(mmap.MADV_DONTNEED)
        keep(16 << 20, piece)
    until_refused(step, 80)
""",
)
_memory(
    "shares-among-children",
    "Shared memory of twelve children, a little of it each.",
    """
def take():
    for number in range(12):
        if os.fork() == 0:
            def step():
                piece = mmap.mmap(-1, 16 << 20)
                piece[:] = bytes(16 << 20)
                piece.madvise(mmap.MADV_DONTNEED)
                held.append(piece)
            until_refused(step, 6)
            time.sleep(2)
            os._exit(0 if len(held) == 6 else 1)
    if all(os.wait()[1] == 0 for number in range(12)):
        keep(12 * 6 * (16 << 20), "all of it")
""",
)
_memory(
    "fills-stream-sockets",
    "Buffers of Unix sockets are the kernel's memory: 208 KB in each of thousands.",
    """
def take():
    def fill():
        pair = socket.socketpair()
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 23)
        pair[0].setblocking(False)
        held.extend(pair)
        with contextlib.suppress(BlockingIOError):
            while True:
                pair[0].send(bytes(65536))
    for number in range(40):
        if os.fork() == 0:
            until_refused(fill, 110)
            time.sleep(2)
            os._exit(0 if len(held) == 220 else 1)
    if all(os.wait()[1] == 0 for number in range(40)):
        keep(40 * 110 * 200_000, "all of it")
""",
)
_memory(
    "fills-datagram-sockets",
    "Datagrams stay when their sender is gone, ten for each socket.",
    """
def take():
    def step():
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.bind(f"at-{len(held)}")
        sent = 0
        with contextlib.suppress(BlockingIOError):
            for _ in range(11):
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    sender.setblocking(False)
                    sender.sendto(bytes(150_000), ours.getsockname())
                    sent += 150_000
        keep(sent, ours)
    for _ in range(4):
        if os.fork() == 0:
            until_refused(step, 200)
            os._exit(0)
    until_refused(step, 200)
    for _ in range(4):
        os.wait()
""",
)
_memory(
    "fills-a-backlog",
    "Connections that nobody accepts, each with a full buffer and no descriptor.",
    """
def take():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("listener")
    listener.listen(4096)
    held.append(listener)
    def step():
        sent = 0
        with socket.socket(socket.AF_UNIX) as sender:
            sender.setblocking(False)
            sender.connect("listener")
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent += sender.send(bytes(65536))
        keep(sent)
    until_refused(step, 4000)
""",
)
_memory(
    "fills-pipes",
    "Pipes of a megabyte in many processes.",
    """
def take():
    def step():
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, 1031, 1 << 20)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += os.write(writing, bytes(65536))
        keep(sent, reading)
    for _ in range(40):
        if os.fork() == 0:
            until_refused(step, 100)
            time.sleep(1)
            os._exit(0)
    until_refused(step, 100)
    held.append(1)
""",
)
_memory(
    "fills-files-without-a-name",
    "memfd_create: files in memory that no folder counts.",
    """
def take():
    def step():
        file = os.memfd_create("more")
        keep(os.write(file, bytes(16 << 20)), file)
    until_refused(step, 80)
    held.append(1)
""",
)
_memory(
    "fills-pages-of-a-pipe",
    "vmsplice: pages that stay in a pipe when they are no longer mapped.",
    """
def take():
    class Span(ctypes.Structure):
        _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    def step():
        reading, writing = os.pipe()
        place = libc.mmap(None, ctypes.c_size_t(64 << 10), 3, 0x22, -1, 0)
        ctypes.memset(place, 1, 64 << 10)
        span = Span(place, 64 << 10)
        if libc.vmsplice(writing, ctypes.byref(span), 1, 0) <= 0:
            raise OSError
        libc.munmap(ctypes.c_void_p(place), 64 << 10)
        keep(64 << 10, reading)
    until_refused(step, 100)
    held.append(1)
""",
)


def _starving(name, why, source):
    """A function that takes what it can of the processors while its neighbours are graded."""
    add(name, why, right(middle=f"import os, time\n{source}"), LOST)


_starving(
    "starves-by-sessions",
    "58 children, each in a session of its own: many systems give each as much time as another.",
    """
def middle(values):
    for _ in range(58):
        if os.fork() == 0:
            os.setsid()
            while True: pass
    time.sleep(20)
""",
)
_starving(
    "starves-on-all-cores",
    "Children that ask for every core.",
    """
def middle(values):
    for number in range(40):
        if os.fork() == 0:
            os.sched_setaffinity(0, {number % os.cpu_count()})
            while True: pass
    time.sleep(20)
""",
)
_starving(
    "starves-by-sessions-below-the-limit",
    "As many sessions as nobody minds.",
    """
def middle(values):
    for _ in range(14):
        if os.fork() == 0:
            os.setsid()
            while True: pass
    time.sleep(20)
""",
)
_starving(
    "starves-by-threads",
    "Fifty threads that compress, which needs no lock of Python's.",
    """
import threading, zlib
def middle(values):
    def burn():
        while True: zlib.compress(bytes(1 << 22), 9)
    for _ in range(50):
        threading.Thread(target=burn, daemon=True).start()
    burn()
""",
)
_starving(
    "starves-by-priority",
    "It asks for the highest priority, and for a share of real time.",
    """
def middle(values):
    for attempt in (
        lambda: os.nice(-20),
        lambda: os.setpriority(os.PRIO_PGRP, 0, -20),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)),
        lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
        lambda: open("/proc/self/autogroup", "w").write("-20"),
    ):
        try:
            attempt()
            reached("a higher priority")
        except (OSError, PermissionError):
            pass
    while True: pass
""",
)
_starving(
    "starves-by-a-core-of-its-own",
    "Core scheduling: a cookie with which no one else may run beside it on the same core.",
    """
import ctypes
def middle(values):
    if ctypes.CDLL(None).prctl(62, 1, 0, 1, 0) == 0:
        reached("a core of its own")
    for _ in range(8):
        if os.fork() == 0:
            while True: pass
    time.sleep(20)
""",
)
_starving(
    "starves-after-its-test",
    "A right answer; children of the first call go on while others are graded.",
    """
def middle(values):
    for _ in range(12):
        if os.fork() == 0:
            while True: pass
    time.sleep(20)
""",
)
add(
    "waits-for-its-pool",
    "No attack: a pool of processes in an answer, which ends with SIGTERM.",
    right(
        middle="""
    def middle(values):
        import multiprocessing
        with multiprocessing.Pool(2) as pool:
            return sorted(pool.map(abs, values))[len(values) // 2]
    """
    ),
    ALL,
)
