"""Processes, signals and file descriptors."""

from ..attack import ALL, but, family, own, right
from ..course import RIGHT

add = family("Processes and signals")

_SLEEP = 'os.execv("/bin/sleep", ["survivor-@NAME@", "60"])'
_RETURN = "return sorted(values)[len(values) // 2]"


def _middle(name, why, source, deserves=ALL):
    """An attack while ``middle`` runs, which returns the right value if it can."""
    add(name, why, right(middle=f"{source.rstrip()}\n        {_RETURN}\n"), deserves)


_middle(
    "a-daemon-forked-twice",
    "A process of its own session, which belongs to nobody.",
    f"""
    import os, signal
    def middle(values):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                {_SLEEP}
            os._exit(0)
""",
)
_middle(
    "a-shell-s-background-job",
    "`nohup`, `setsid` and `&` of a shell.",
    """
    import subprocess
    def middle(values):
        subprocess.Popen("setsid nohup bash -c 'exec -a survivor-@NAME@ sleep 60' &",
                         shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
""",
)
_middle(
    "kills-its-parent",
    "The parent process, and its group, are sent signals.",
    """
    import os, signal
    def middle(values):
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(os.getppid(), number)
            except OSError:
                pass
""",
)
_middle(
    "kills-whatever-it-can",
    "Signal 9 to every process.",
    """
    import os
    def middle(values):
        try:
            os.kill(-1, 9)
        except OSError:
            pass
        for pid in range(2, 5000):
            if pid != os.getpid():
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass
""",
)
_middle(
    "forks-without-end",
    "As many processes as it gets, up to 300.",
    """
    import os, time
    def middle(values):
        for _ in range(300):
            try:
                if os.fork() == 0:
                    time.sleep(30)
                    os._exit(0)
            except OSError:
                break
        else:
            reached("300 processes")
""",
)
_middle(
    "threads-without-end",
    "As many threads as it gets, up to 1000.",
    """
    import threading, time
    def middle(values):
        for _ in range(1000):
            try:
                threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
            except RuntimeError:
                break
        else:
            reached("1000 threads")
""",
)
_middle(
    "a-thread-that-goes-on",
    "A thread of a function that has returned puts answers where tests look for them.",
    """
    import threading
    def middle(values):
        def go_on():
            import sys
            while True:
                globals().update(expected=0, note="", words=[])
        threading.Thread(target=go_on, daemon=True).start()
""",
)
_middle(
    "traces-other-processes",
    "ptrace and process_vm_readv on the parent and on every process in sight.",
    """
    import ctypes, os
    def middle(values):
        libc = ctypes.CDLL(None)
        pids = [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
        for pid in {os.getppid(), 1, *pids}:
            if libc.ptrace(16, pid, 0, 0) == 0:
                libc.ptrace(17, pid, 0, 0)
                reached(f"process {pid}")
""",
)
_middle(
    "reads-other-processes",
    "Environment, command line, memory maps and open files of every process in /proc.",
    """
    import glob, os
    def middle(values):
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            if int(pid) == os.getpid():
                continue
            found(*(read(f"/proc/{pid}/{file}") for file in ("environ", "cmdline", "maps")))
            for link in glob.glob(f"/proc/{pid}/fd/*"):
                try:
                    if os.readlink(link).startswith("@COURSE@"):
                        reached(link)
                except OSError:
                    pass
""",
)
_middle(
    "searches-inherited-descriptors",
    "Open files and sockets that the kernel inherited.",
    """
    import os, stat
    def middle(values):
        for number in range(256):
            try:
                mode, path = os.fstat(number).st_mode, os.readlink(f"/proc/self/fd/{number}")
            except OSError:
                continue
            if stat.S_ISREG(mode):
                found(os.pread(number, 1_000_000, 0).decode(errors="replace"))
                if path.startswith(("@COURSE@", "@HOME@")):
                    reached(path)
""",
)
add(
    "ends-the-kernel",
    "`os._exit(0)` in a function: the question that met it is lost, no other.",
    right(middle="def middle(values):\n    import os\n    os._exit(0)"),
    but(test_middle=0.0),
)
add(
    "ends-the-kernel-between-tests",
    "A thread ends the kernel a moment after the function has returned.",
    own(
        "import time\n\ntime.sleep(0.5)",  # meanwhile it ends
        RIGHT
        | {
            "middle": """
    import os, threading
    def middle(values):
        threading.Timer(0.1, os._exit, [0]).start()
        return 0
    """
        },
        at=12,
    ),
    but(test_middle=0.0),
)
add(
    "crashes-the-interpreter",
    "A null pointer is read.",
    right(middle="def middle(values):\n    import ctypes\n    ctypes.string_at(0)"),
    but(test_middle=0.0),
)
add(
    "stops-itself",
    "SIGSTOP to itself: neither an answer nor an interrupt.",
    right(
        middle="import os, signal\n\ndef middle(values):\n    os.kill(os.getpid(), signal.SIGSTOP)"
    ),
    but(test_middle=0.0),
)
add(
    "becomes-another-program",
    "The kernel's process is replaced by `sleep`.",
    right(middle=f"def middle(values):\n    import os\n    {_SLEEP}"),
    but(test_middle=0.0),
)
add(
    "closes-every-descriptor",
    "Also the one over which it talks to the grader.",
    right(middle="def middle(values):\n    import os\n    os.closerange(0, 256)\n    return 2"),
    but(test_middle=0.0),
)
add(
    "exits-in-a-cell",
    "`exit()`, `sys.exit()` and `quit` in a cell of their own: nothing of it is graded.",
    own("import sys\nsys.exit(0)", answers={}),
    ALL,
)
