"""Processes that have already imported what notebooks import, and fork whoever plays one.

    grader ── template ──fork, before it knows any test──▶ forkserver ──fork──▶ a student's process
                 └─────fork──▶ a runner for every notebook (trusted: the tests)

The template and the forkserver are warm: they have imported what the assignment's notebooks import,
the template its tests too. No fork of the forkserver's has seen a test, so none is in a student's
memory.
"""

import ast
import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import itertools
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from proctor.files import TICK, copy_tree, state, write_files
from proctor.messages import Closed, MessageChannel
from proctor.run import tempdir
from proctor.run.forkserver import ForkServer, in_child, reap, serve_forks
from proctor.run.meter import CEILING
from proctor.run.turns import turn
from proctor.sandbox import Jailed, NoIsolation, clean_environment, linux

# Every fork pays for what is there; what the cells of an assignment import is imported besides.
# The student's process seeds NumPy's random numbers; np.load of an .npz file imports the others.
PRELOAD = ("numpy.random", "zipfile", "encodings.cp437")


@dataclass(frozen=True)
class Assignment:
    """What the template imports before any notebook is played.

    files     {relative path: bytes}: what lies beside the notebooks, as students have it
    lessons   sources of the cells that students see
    tests     sources of the test cells
    private   {relative path: bytes}: modules that tests may import, and students' code may not
    preload   names of modules that are imported first, besides what lessons and tests import
    """

    files: dict = field(default_factory=dict)
    lessons: tuple = ()
    tests: tuple = ()
    private: dict = field(default_factory=dict)
    preload: tuple = PRELOAD


@dataclass
class Job:
    """One notebook to play.

    cells    [{"role", "source", "points"}]; the role is "student", "locked", "test", "inside" (a
             test in the student's kernel), "shown" (need not run) or "text"
    seconds  limit of one cell
    total    limit of the whole notebook, in seconds
    """

    cells: list
    seconds: float = 30.0
    total: float = 600.0


@dataclass
class Played:
    """What came of a notebook.

    results  for each cell what `Runner.play` returns
    held     what kept the student's process in: {layer: "held" or why not}; {} if none ran
    made     {relative path: bytes}: files that the student's cells made
    doubtful whether a cell was stopped for a time that it may have spent waiting for others
    again    whether this is what came when it was played once more, alone
    """

    results: list
    held: dict
    made: dict
    doubtful: bool = False
    again: bool = False

    @property
    def unconfined(self):
        """Whether a student's process ran that nothing kept in."""
        return bool(self.held) and "held" not in (self.held["namespaces"], self.held["landlock"])


class _Process:
    """A template's process: it imports ``preload``, and then what the assignment needs.

    ``taken``  whether a `Template` plays notebooks in it
    """

    def __init__(self, preload):
        self.assignment, self.taken, self.scratch = None, False, tempdir.make()
        self.files = os.path.join(self.scratch, "files")
        self.private = os.path.join(self.scratch, "private")
        self.channel, theirs = MessageChannel.pair()
        self.paths = _paths()
        env = {**clean_environment(self.scratch), "PYTHONHASHSEED": "0"}
        env |= {**_fonts(), **self.paths}
        if not sys.dont_write_bytecode:
            del env["PYTHONDONTWRITEBYTECODE"]  # of this package's own modules, see `_warm_up`
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "proctor.run.template", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the grader's to answer
        )
        theirs.close()
        self.channel.send({"scratch": self.scratch, "preload": preload})

    def tell(self, assignment):
        """Say what its assignment is, once."""
        self.assignment = assignment
        os.mkdir(self.private, mode=0o700)
        write_files(assignment.files, self.files)
        write_files(assignment.private, self.private)
        about = vars(assignment) | {"files": self.files, "scratch": self.scratch}
        about |= {"private": self.private}
        tests = {name: about.pop(name) for name in ("tests", "private")}
        self.channel.send(about)
        self.channel.send(tests)

    def close(self):
        """End it, with its folder."""
        if not self.taken:  # it may be importing still, and nobody waits for what it starts
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.channel.close()
        self.popen.wait()
        if not self.taken:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _fonts():
    """Where matplotlib keeps the list of this machine's fonts; a new list takes 0.1 s."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.access(cache, os.W_OK):
        return {}
    return {"XDG_CACHE_HOME": cache, "MPLCONFIGDIR": ""}  # which would be for settings, too


def _paths():
    """Where modules and libraries are found, as the grader's environment says."""
    return {n: os.environ[n] for n in ("PYTHONPATH", "LD_LIBRARY_PATH") if n in os.environ}


_begun = []  # processes that are to be the next `Template`


def begin():
    """Start the process of the next `Template` already; what is not used ends with the grader."""
    _begun.append(_Process(PRELOAD))
    atexit.register(lambda: _begun and _begun.pop().close())


def assign(assignment):
    """Tell the process that was begun, if one was, of its assignment already."""
    if _begun:
        _begun.append(_fit(_begun.pop(), assignment))


def _fit(process, assignment):
    """The process, told of its assignment; a new one, if it was told of another one before.

    Or if the configuration has since changed where modules are found.
    """
    if process.assignment not in (None, assignment) or process.paths != _paths():
        process.close()
        process = _Process(assignment.preload)
    if process.assignment is None:
        process.tell(assignment)
    return process


class Template:
    """The grader's handle of the template process; it ends with the grader.

    ``scratch`` is a folder that goes with it; ``files`` one in it, with the assignment's files;
    ``private`` one that only the grader can read.
    """

    def __init__(self, assignment=Assignment()):
        begun = _fit(_begun.pop() if _begun else _Process(assignment.preload), assignment)
        begun.taken = True
        self.scratch, self.files, self.private = begun.scratch, begun.files, begun.private
        self.process, self.channel = begun.popen, begun.channel
        self._own, self._sending = begun, threading.Lock()

    def play(self, job, policy, extra=None):
        """Play one notebook in a fresh runner; return what was `Played`.

        policy  a `Policy`; its folder is made here
        extra   {relative path: bytes}: files of the student's own; the assignment's files win

        May be called by several threads at once; all of it runs on the cores that the calling
        thread may run on. What was stopped while others took the machine's time is played once
        more, when nothing else is. Raises NoIsolation, RuntimeError.
        """
        for alone in (False, True):
            with turn(alone, stop=lambda: self.process.poll() is not None):
                played = self._play(job, policy, extra)
            played.again = alone
            if not played.doubtful:
                break
        return played

    def _play(self, job, policy, extra):
        request = {
            "cores": sorted(os.sched_getaffinity(0)),
            "job": vars(job),
            "policy": vars(policy) | {"readable": (*policy.readable, self.files)},
            "extra": {name: b64encode(data).decode() for name, data in (extra or {}).items()},
        }
        ours, theirs = MessageChannel.pair()
        with contextlib.closing(ours):
            with contextlib.closing(theirs), self._sending:
                self.channel.send({"do": "play"}, [theirs.fileno()])
            ours.send(request)
            answer = ours.receive(CEILING * job.total + 60)
        if "refused" in answer:
            raise NoIsolation(answer["refused"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        made = {name: b64decode(data) for name, data in answer["made"].items()}
        return Played(answer["results"], answer["held"], made, answer["doubtful"])

    def kernel(self, policy, connection):
        """Fork a Jupyter kernel under a `Policy`; return its `Jailed`.

        connection  path of its connection file in the policy's folder
        """
        jail, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._sending:
            request = {"do": "kernel", "policy": vars(policy), "connection": connection}
            self.channel.send(request, [theirs.fileno()])
        return Jailed(jail)

    def close(self):
        """End the template, its forkserver and its folder."""
        self._own.close()


def main(descriptor):
    """Import, then fork a runner for every socket that comes; tidy up when the grader ends."""
    linux.pythons_signals()  # a grader that was started to survive some has forks that need not
    gc.disable()  # what is imported stays: looking for garbage in it is in vain
    channel = MessageChannel(socket.socket(fileno=descriptor))
    with contextlib.suppress(Closed):
        begun = channel.receive()
        with tempdir.kept(begun["scratch"]):
            _warm_up(begun["preload"])
            _serve(channel, channel.receive())


def _serve(channel, about):
    forkserver = _grow(channel, about)
    with contextlib.suppress(Closed):
        for number in itertools.count():
            request, fds = channel.receive_fds(1)
            if request.pop("do") == "kernel":
                forkserver.ask(request, fds)
            elif os.fork() == 0:
                channel.close()
                grader = MessageChannel(socket.socket(fileno=fds[0]))
                own = os.path.join(about["scratch"], str(number))
                in_child(lambda grader=grader, own=own: _conduct(grader, forkserver, about, own))
            os.close(fds[0])
            reap()
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # the runners; what they started ends with them
    forkserver.close()
    reap(0)


def _warm_up(preload):
    """Import what every assignment needs."""
    # in a jail nothing of this package can be read any more
    from proctor.run import runner, student  # noqa: F401
    from proctor.run.shell import Shell

    shell = Shell.instance()  # first: Matplotlib's inline figures look for one when they come
    _preload(preload)
    shell.warm()
    sys.dont_write_bytecode = True  # an assignment's folder stays as it is


def _preload(names):
    """Import modules; one that cannot be imported is told of where a cell imports it."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _grow(channel, about):
    """Import what this assignment needs; return the forkserver's handle."""
    from proctor.rpc import values
    from proctor.run.shell import Shell

    _preload(about["preload"])
    about["spare"] = os.path.join(about["scratch"], "spare")
    os.mkdir(about["spare"], mode=0o700)
    os.chdir(about["files"])
    sys.path[0] = about["files"]
    _import(about["lessons"])
    values.warm()  # in a jail no converter can be read any more
    Shell.instance().foresee(about["lessons"])
    forkserver, theirs = ForkServer.pair()
    if os.fork() == 0:
        channel.close()
        forkserver.close()
        in_child(lambda: serve_forks(theirs))
    theirs.close()
    # from here on there are tests in this process's memory
    from proctor.run import runner

    tests = channel.receive()
    sys.path.insert(1, tests["private"])
    _import(tests["tests"])
    values.warm()
    runner.warm(about["lessons"], tests["tests"])
    gc.freeze()  # a collection in a child would copy every page of ours
    gc.enable()
    return forkserver


def _import(sources):
    """Run the import statements of cells; what fails, fails again in its cell and is told there."""
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    with contextlib.suppress(Exception):
                        exec(ast.unparse(node), {})


def _conduct(grader, forkserver, about, own):
    """Play one job that comes over ``grader``, and answer with its results.

    own  a folder to make, for as long as that takes
    """
    from proctor.run.runner import Runner

    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        os.mkdir(own)
        os.chmod(own, 0o711)
        request = grader.receive()
        os.sched_setaffinity(0, request["cores"])
        # a test that makes terabytes of a student's answer fails; the grader does not
        limit = request["policy"]["memory"] + (1 << 30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        # nor one that computes without end where no alarm gets through
        seconds = int(request["job"]["total"]) + 60
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        folder, trusted = os.path.join(own, "student"), os.path.join(own, "trusted")
        policy = request["policy"] | {"folder": folder, "given": about["files"]}
        os.mkdir(folder)
        if request["extra"]:
            policy["given"] = None
            copy_tree(about["files"], folder)
            extra = {name: b64decode(data) for name, data in request["extra"].items()}
            write_files(extra, folder, strict=False)  # the course's own files win
        untouched = _take(about, trusted)
        os.chdir(trusted)
        sys.path[0] = ""
        start = functools.partial(forkserver.start, policy, request["cores"])
        runner = Runner(Job(**request["job"]), start)
        with _ending_with(grader):
            answer = _answer(runner)
        grader.send(answer)
        runner.end()  # nobody waits for it
        _give_back(about, trusted, untouched)
    except OSError as error:  # no room for its folders, or no right to them
        with contextlib.suppress(Closed):  # it may have its answer already
            grader.send({"error": str(error)})
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _answer(runner):
    """Play its job; return what to tell the grader: fields of `Played`, or what went wrong."""
    from proctor.run.runner import NotStarted

    try:
        answer = {"results": runner.play(), "held": runner.held()}
        made = runner.made_files()
        answer["made"] = {name: b64encode(data).decode() for name, data in made.items()}
        answer["doubtful"] = runner.meter.doubtful
    except NoIsolation as error:
        answer = {"refused": str(error)}
    except NotStarted as error:
        answer = {"error": str(error)}
    except Exception:
        answer = {"error": traceback.format_exc(limit=6)}
    return answer


@contextlib.contextmanager
def _ending_with(channel):
    """End this process when the other end hangs up, even where no bytecode runs that could see it.

    What it computes may be a student's choice: a long call in C that no alarm interrupts.
    """
    socket = channel.fileno()
    flags = fcntl.fcntl(socket, fcntl.F_GETFL)
    fcntl.fcntl(socket, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(socket, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(socket, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(socket, fcntl.F_SETFL, flags)


def _take(about, folder):
    """Make a folder with the assignment's files, or take one that tests have left as it was.

    Returns its `state`, which is the name of one that is left.
    """
    for entry in os.scandir(about["spare"]):
        with contextlib.suppress(FileNotFoundError):  # another was quicker
            os.rename(entry.path, folder)
            return entry.name
    copy_tree(about["files"], folder)
    time.sleep(TICK / 1e9)  # a file that is changed in the same tick would keep its date
    return state(folder)


def _give_back(about, folder, untouched):
    """Leave a folder of tests to another notebook, if it is as it was."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return  # what a test started may still write there
    if state(folder) == untouched:
        os.rename(folder, os.path.join(about["spare"], untouched))


if __name__ == "__main__":
    main(int(sys.argv[1]))
    os._exit(0)  # to take all that was imported apart is in vain, and the grader waits for it
