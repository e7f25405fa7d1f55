"""Processes that have already imported what notebooks import, and fork whoever plays one.

    grader ── template ──fork, before it knows any test──▶ nursery ──fork──▶ a student's process
                 └─────fork──▶ a conductor for every notebook (trusted: the tests)

The template and the nursery are warm: they have imported what the assignment's notebooks import,
the template its tests too. No fork of the nursery's has seen a test, so none is in a student's
memory.
"""

import ast
import contextlib
import gc
import importlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field, replace

from . import scratch
from .channel import Channel, Closed
from .nursery import Nursery, in_child, nurse, reap
from .sandbox import Jailed, NoIsolation, clean_environment, linux

PRELOAD = ("numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipywidgets")
_INLINE = "module://matplotlib_inline.backend_inline"


@dataclass(frozen=True)
class Assignment:
    """What the template imports before any notebook is played.

    files     {relative path: bytes}: what lies beside the notebooks, as students have it
    lessons   sources of the cells that students see
    tests     sources of the test cells
    private   {relative path: bytes}: modules that tests may import, and students' code may not
    preload   names of modules that are imported first
    """

    files: dict = field(default_factory=dict)
    lessons: tuple = ()
    tests: tuple = ()
    private: dict = field(default_factory=dict)
    preload: tuple = PRELOAD


@dataclass
class Played:
    """What came of a notebook.

    results  [{"outputs", "execution_count"}] for each cell
    held     what kept the student's process in: {layer: "held" or why not}; {} if none ran
    made     {relative path: bytes}: files that the student's cells made
    """

    results: list
    held: dict
    made: dict

    @property
    def open(self):
        """Whether a student's process ran that nothing kept in."""
        return bool(self.held) and "held" not in (self.held["namespaces"], self.held["landlock"])


class Template:
    """The grader's handle of the template process; it ends with the grader.

    ``scratch`` is a folder that goes with it; ``files`` one in it, with the assignment's files;
    ``private`` one that only the grader can read.
    """

    def __init__(self, assignment=Assignment()):
        self.scratch = scratch.make()
        self.files = os.path.join(self.scratch, "files")
        self.private = os.path.join(self.scratch, "private")
        os.mkdir(self.private, mode=0o700)
        write_files(assignment.files, self.files)
        write_files(assignment.private, self.private)
        ours, theirs = Channel.pair()
        env = {**clean_environment(self.scratch), "PYTHONHASHSEED": "0", "MPLBACKEND": _INLINE}
        for name in ("PYTHONPATH", "LD_LIBRARY_PATH"):
            if name in os.environ:
                env[name] = os.environ[name]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proctor.template", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the grader's to answer
        )
        theirs.close()
        self.channel, self._sending = ours, threading.Lock()
        about = asdict(assignment) | {"files": self.files, "scratch": self.scratch}
        about |= {"private": self.private}
        tests = {name: about.pop(name) for name in ("tests", "private")}
        self.channel.send(about)
        self.channel.send(tests)

    def play(self, job, policy, extra=None):
        """Play one notebook in a fresh conductor; return what was `Played`.

        policy  a `Policy`; its folder is made here
        extra   {relative path: bytes}: files of the student's own

        May be called by several threads at once. Raises NoIsolation, RuntimeError.
        """
        request = {
            "job": asdict(job),
            "policy": asdict(replace(policy, readable=(*policy.readable, self.files))),
            "extra": {name: b64encode(data).decode() for name, data in (extra or {}).items()},
        }
        ours, theirs = Channel.pair()
        with contextlib.closing(ours):
            with contextlib.closing(theirs), self._sending:
                self.channel.send({"do": "play"}, [theirs.fileno()])
            ours.send(request)
            answer = ours.receive(job.total + 60)
        if "refused" in answer:
            raise NoIsolation(answer["refused"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        made = {name: b64decode(data) for name, data in answer["made"].items()}
        return Played(answer["results"], answer["held"], made)

    def kernel(self, policy, connection):
        """Fork a Jupyter kernel under a `Policy`; return its `Jailed`.

        connection  path of its connection file in the policy's folder
        """
        jail, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._sending:
            request = {"do": "kernel", "policy": asdict(policy), "connection": connection}
            self.channel.send(request, [theirs.fileno()])
        return Jailed(jail)

    def close(self):
        """End the template, its nursery and its folder."""
        self.channel.close()
        self.process.wait()


def write_files(files, folder):
    """Write {relative path: bytes} below a folder, which every user may read."""
    os.makedirs(folder, mode=0o755, exist_ok=True)
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


def main(descriptor):
    """Import, then fork a conductor for every socket that comes; tidy up when the grader ends."""
    channel = Channel(socket.socket(fileno=descriptor))
    about = channel.receive()
    with scratch.kept(about["scratch"]):
        nursery = _grow(channel, about)
        with contextlib.suppress(Closed):
            while True:
                request, fds = channel.receive_fds(1)
                if request["do"] == "kernel":
                    nursery.ask(request, fds)
                elif os.fork() == 0:
                    channel.close()
                    grader = Channel(socket.socket(fileno=fds[0]))
                    in_child(lambda grader=grader: _conduct(grader, nursery, about))
                os.close(fds[0])
                reap()
        os.chdir("/")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)  # the conductors; what they started ends with them
        nursery.close()
        reap(0)


def _grow(channel, about):
    """Import all that is wanted; return the nursery's handle."""
    from . import student  # noqa: F401  in a jail nothing of this package can be read any more
    from .shell import Shell

    for name in about["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    Shell.instance().warm()
    os.chdir(about["files"])
    sys.path[0] = about["files"]
    _import(about["lessons"])
    nursery, theirs = Nursery.pair()
    if os.fork() == 0:
        channel.close()
        nursery.close()
        in_child(lambda: nurse(theirs))
    theirs.close()
    # from here on there are tests in this process's memory
    from . import conductor

    tests = channel.receive()
    sys.path.insert(1, tests["private"])
    _import(tests["tests"])
    conductor.warm(about["lessons"], tests["tests"])
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of ours
    return nursery


def _import(sources):
    """Run the import statements of cells; what fails, fails again in its cell and is told there."""
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    with contextlib.suppress(Exception):
                        exec(ast.unparse(node), {})


def _conduct(grader, nursery, about):
    """Play one job that comes over ``grader``, and answer with its results."""
    from .conductor import Conductor, Job

    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    with tempfile.TemporaryDirectory(dir=about["scratch"]) as own:
        os.chmod(own, 0o711)
        request = grader.receive()
        # a test that makes terabytes of a student's answer fails; the grader does not
        limit = request["policy"]["memory"] + (1 << 30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        folder, trusted = os.path.join(own, "student"), os.path.join(own, "trusted")
        for copy in (folder, trusted):
            shutil.copytree(about["files"], copy)
        for name, data in request["extra"].items():
            with contextlib.suppress(OSError):  # the course's own files win
                _write_new(os.path.join(folder, name), b64decode(data))
        os.chdir(trusted)
        sys.path[0] = ""
        policy = request["policy"] | {"folder": folder}
        conductor = Conductor(Job(**request["job"]), lambda: nursery.start(policy))
        try:
            answer = {"results": conductor.play(), "held": conductor.held()}
            made = conductor.made_files()
            answer["made"] = {name: b64encode(data).decode() for name, data in made.items()}
        except NoIsolation as error:
            answer = {"refused": str(error)}
        except Exception:
            answer = {"error": traceback.format_exc(limit=6)}
        grader.send(answer)
        conductor.end()  # nobody waits for it


def _write_new(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
