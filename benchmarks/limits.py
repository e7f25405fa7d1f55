"""How much memory and processor time a jail takes under tricks that ask for more: a table.

    python -m benchmarks.limits [--quick]

Each trick runs in a jail of 512 MiB and 2 s; a control group of version 1 around it, which the jail
knows nothing of, tells what was really used. Needs root and those groups; then tries it as root and
as an ordinary user, with and without control groups, with and without namespaces.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from proctor.sandbox import LAYERS, Policy, launch

MIB = 1 << 20
MEMORY, CPU = 512 * MIB, 2
ROOT = Path(__file__).parents[1]

_START = """
import ctypes, mmap, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
kept = []
def until_refused(step, times):
    for _ in range(times):
        try:
            step()
        except (OSError, MemoryError, ValueError):
            return
"""

MEMORY_TRICKS = {
    "nothing": "",
    "several processes": """
        for _ in range(3):
            os.fork()
        kept.append(bytearray(b"x") * (400 << 20))
    """,
    "shared, MADV_DONTNEED": """
        def step():
            piece = mmap.mmap(-1, 16 << 20)
            for at in range(0, len(piece), 4096): piece[at] = 1
            piece.madvise(mmap.MADV_DONTNEED)
            kept.append(piece)
        until_refused(step, 96)
    """,
    "shared at once": """
        def step():
            piece = mmap.mmap(-1, 1536 << 20)
            for at in range(0, len(piece), 4096): piece[at] = 1
            if not at & 0xffffff: piece.madvise(mmap.MADV_DONTNEED)
        until_refused(step, 1)
    """,
    "shared, unmapped but a page": """
        libc.mmap.restype = ctypes.c_void_p
        def step():
            size = 16 << 20
            place = libc.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, 0)
            if place in (None, ctypes.c_void_p(-1).value): raise OSError
            ctypes.memset(place, 1, size)
            libc.munmap(ctypes.c_void_p(place + 4096), ctypes.c_size_t(size - 4096))
        until_refused(step, 96)
    """,
    "shared, of /dev/zero": """
        def step():
            file = os.open("/dev/zero", os.O_RDWR)
            piece = mmap.mmap(file, 16 << 20)
            for at in range(0, len(piece), 4096): piece[at] = 1
            piece.madvise(mmap.MADV_DONTNEED)
            kept.append(piece)
        until_refused(step, 96)
    """,
    "stream sockets": """
        def step():
            pair = socket.socketpair()
            pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
            pair[0].setblocking(False)
            kept.extend(pair)
            with __import__("contextlib").suppress(BlockingIOError):
                while True: pair[0].send(b"x" * 65536)
        for _ in range(40):
            if os.fork() == 0:
                until_refused(step, 120)
                time.sleep(20)
    """,
    "datagrams of closed sockets": """
        def step():
            ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            name = f"at-{os.getpid()}-{len(kept)}"
            ours.bind(name)
            kept.append(ours)
            for _ in range(11):
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    sender.setblocking(False)
                    try: sender.sendto(b"x" * 150_000, name)
                    except BlockingIOError: break
        for _ in range(8):
            if os.fork() == 0:
                until_refused(step, 200)
                time.sleep(20)
    """,
    "connections not accepted": """
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("listener")
        listener.listen(4096)
        def step():
            with socket.socket(socket.AF_UNIX) as sender:
                sender.setblocking(False)
                sender.connect("listener")
                try:
                    while True: sender.send(b"x" * 65536)
                except BlockingIOError: pass
        until_refused(step, 4000)
    """,
    "pipes": """
        import fcntl
        def step():
            ends = os.pipe()
            kept.append(ends)
            os.set_blocking(ends[1], False)
            try: fcntl.fcntl(ends[1], 1031, 1 << 20)
            except OSError: pass
            try:
                while True: os.write(ends[1], bytes(65536))
            except BlockingIOError: pass
        for _ in range(50):
            if os.fork() == 0:
                until_refused(step, 120)
                time.sleep(20)
    """,
    "memfd": """
        file = os.memfd_create("more")
        until_refused(lambda: os.write(file, bytes(16 << 20)), 96)
    """,
    "files": """
        def step():
            with open(str(len(kept)), "wb") as file:
                kept.append(file)
                file.write(bytes(16 << 20))
        until_refused(step, 96)
    """,
    "page tables": """
        for _ in range(5): os.fork()
        piece = mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        for at in range(0, len(piece), 2 << 20): piece[at]
        kept.append(piece)
    """,
}

_BURN = """
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
def children(start, times=120):
    for _ in range(times):
        start(lambda: burn(0.05))
        time.sleep(0.055)
def fork(work):
    if os.fork() == 0:
        work()
        os._exit(0)
"""

CPU_TRICKS = {
    "a loop": "burn(6)",
    "children, waited for": """
        children(lambda work: (fork(work), os.wait()))
    """,
    "children, SIGCHLD ignored": """
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        children(fork)
    """,
    "children, SA_NOCLDWAIT": """
        class Action(ctypes.Structure):
            _fields_ = [("handler", ctypes.c_void_p), ("mask", ctypes.c_ulong * 16),
                        ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)]
        assert libc.sigaction(signal.SIGCHLD, ctypes.byref(Action(0, flags=2)), None) == 0
        children(fork)
    """,
    "children's children": """
        def twice(work):
            fork(lambda: fork(work))
            os.wait()
        children(twice)
    """,
    "children without a signal": """
        def clone(work):
            if libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0, 0, 0, 0, 0) == 0:
                work()
                os._exit(0)
        children(clone)
    """,
    "siblings (CLONE_PARENT)": """
        def clone(work):
            number = 56 if os.uname().machine == "x86_64" else 220
            if libc.syscall(number, 0x8000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
                work()
                os._exit(0)
        children(clone)
    """,
    "programs": """
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        code = "import time\\nwhile time.process_time() < 0.05: pass"
        for _ in range(60):
            os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", code], os.environ)
            time.sleep(0.08)
    """,
    "threads": """
        import threading
        for _ in range(120):
            thread = threading.Thread(target=burn, args=(0.05,))
            thread.start(); thread.join()
    """,
}

TRICKS = {**MEMORY_TRICKS, **CPU_TRICKS, "waiting": f"time.sleep({CPU})"}


def run(trick, kind, layers):
    """(bytes, seconds, how it ended) of one trick, in this process and its children."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        many = kind == "memory"
        policy = Policy(folder, layers=layers, memory=MEMORY, cpu=60 if many else CPU)
        code = _START + _BURN + textwrap.dedent(trick) + ("\ntime.sleep(1.5)" if many else "")
        quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        with launch([sys.executable, "-c", code], policy, **quiet) as jailed:
            with contextlib.suppress(TimeoutError):
                jailed.wait(30)
            held = [name for name, how in jailed.held.items() if how == "held"]
        return {"reason": jailed.reason, "status": jailed.returncode, "held": held}


def measured(user, kind, name, layers):
    """The same in a control group that only watches, as another user: (bytes, seconds, result)."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        own[names] = path.lstrip("/")
    groups = {
        what: Path("/sys/fs/cgroup", what, own[what], f"watching-{os.getpid()}")
        for what in ("memory", "cpuacct")
    }
    for group in groups.values():
        group.mkdir()
    code = (
        "import json, sys; from benchmarks.limits import *; sys.stdin.read(1); "
        f"print(json.dumps(run({TRICKS[name]!r}, {kind!r}, {layers!r})))"
    )
    try:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        who = {"user": user, "group": user, "extra_groups": []} if user else {}
        path = os.pathsep.join([str(ROOT), *(p for p in sys.path if p.endswith("-packages"))])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        python = sys.executable if not user else "/usr/bin/python3"
        with subprocess.Popen(
            [python, "-c", code], cwd=ROOT, env=environment, **who, **pipes
        ) as process:
            for group in groups.values():
                (group / "cgroup.procs").write_text(str(process.pid))
            said, _ = process.communicate(b"x")
        most = int((groups["memory"] / "memory.max_usage_in_bytes").read_text())
        seconds = int((groups["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
        return most, seconds, json.loads(said)
    finally:
        end = time.monotonic() + 5
        for group in groups.values():
            while group.exists() and time.monotonic() < end:
                with contextlib.suppress(OSError):
                    group.rmdir()


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="tricks whose name has this")
    parser.add_argument("--without", default="", help="a column that has this is left out")
    options = parser.parse_args()
    columns = {
        f"{who}, {'with' if groups else 'without'} groups{bare}": (user, left_out)
        for who, user in (("root", 0), ("user", 65534))
        for groups in ((True, False) if not user else (False,))
        for bare, namespaces in (("", True), (", no namespaces", False))
        if (
            left_out := ({"cgroups"} if not groups else set())
            | ({"namespaces"} - {namespaces and "namespaces"})
        )
        is not None
    }
    for kind, tricks in (("memory", MEMORY_TRICKS), ("cpu", CPU_TRICKS)):
        for column, (user, left_out) in columns.items():
            if options.without and options.without in column:
                continue
            layers = tuple(layer for layer in LAYERS if layer not in left_out)
            # the guard's own time, which is none of the notebook's
            nothing = measured(user, kind, "nothing" if kind == "memory" else "waiting", layers)
            for name in tricks:
                if options.only not in name:
                    continue
                most, seconds, result = measured(user, kind, name, layers)
                figure = (
                    f"{(most - nothing[0]) / MEMORY:6.0%} of memory"
                    if kind == "memory"
                    else f"{(seconds - nothing[1]) / CPU:6.0%} of time"
                )
                print(f"{column:<36} {name:<30} {figure}  {result['reason']}", flush=True)


if __name__ == "__main__":
    main()
