"""Template process: has imported what an assignment imports, and forks whoever plays a notebook.

Started by `proctor.run.template.Template`; it grows the fork server before it reads a test.
"""

import ast
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
import sys
import tempfile
import time
import traceback
from base64 import b64decode, b64encode

from proctor.files import TICK, copy_tree, state, write_files
from proctor.messages import Closed, MessageChannel
from proctor.run import tempdir
from proctor.run.forkserver import ForkServer, in_child, reap, serve_forks
from proctor.run.job import Job
from proctor.sandbox import NoIsolation, landlock, linux


def main(descriptor):
    """Import, then fork a runner for every socket that comes; tidy up when the grader ends."""
    linux.pythons_signals()  # a grader that was started to survive some has forks that need not
    gc.disable()  # what is imported stays: looking for garbage in it is in vain
    channel = MessageChannel(socket.socket(fileno=descriptor))
    with contextlib.suppress(Closed):
        begun = channel.receive()
        with tempdir.kept(begun["scratch"], begun["lock"]):
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
    from proctor.rpc import values
    from proctor.run import runner, student  # noqa: F401
    from proctor.run.shell import Shell

    shell = Shell.instance()  # first: Matplotlib's inline figures look for one when they come
    _preload(preload)
    shell.warm()
    values.warm()
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
    shell = Shell.instance()
    _import(about["lessons"], shell)
    values.warm()  # in a jail no converter can be read any more
    shell.foresee(about["lessons"])
    shell.warm_for(about["lessons"])
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
    _import(tests["tests"], shell)
    values.warm()
    runner.warm(about["lessons"], tests["tests"], about["mark"])
    gc.freeze()  # a collection in a child would copy every page of ours
    gc.enable()
    return forkserver


def _import(sources, shell):
    """Run the import statements of cells; what fails, fails again in its cell and is told there."""
    from proctor.run.names import parsed

    for source in sources:
        # many a notebook begins with imports and `%matplotlib inline` in one cell
        for node in ast.walk(parsed(source, shell)):
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
        folder, trusted, temporary = (
            os.path.join(own, name) for name in ("student", "trusted", "temporary")
        )
        # a test's files are found in the student's process by the same names
        scratch = [trusted, temporary]
        policy = request["policy"] | {"folder": folder, "given": about["files"], "scratch": scratch}
        os.mkdir(folder)
        if request["extra"]:
            policy["given"] = None
            copy_tree(about["files"], folder)
            extra = {name: b64decode(data) for name, data in request["extra"].items()}
            write_files(extra, folder, strict=False)  # the course's own files win
        untouched = _take(about, trusted)
        os.chdir(trusted)
        sys.path[0] = ""
        # a test may be talked into anything by what a student's function returns: a file to remove
        os.environ["TMPDIR"] = tempfile.tempdir = temporary
        os.mkdir(tempfile.tempdir)
        if request["policy"]["sandbox"]:
            landlock.write_only_in(about["scratch"])
        start = functools.partial(forkserver.start, policy, request["cores"])
        hidden = request["policy"]["hidden"]
        runner = Runner(Job(**request["job"]), start, request["extra"].keys(), hidden)
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
