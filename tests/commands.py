"""Commands of nbgrader's and proctor's, each a fork of a process that has imported them.

Started anew, a command would first import for one or two seconds, which is most of what it takes.
A fork finds its modules, folder, arguments, environment and streams as ``python -m`` would, and no
module of a course's.
"""

import atexit
import functools
import importlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("nbgrader.apps", "nbgrader.apps.quickstartapp", "nbgrader.apps.zipcollectapp"),
        *("proctor.batch.app", "proctor.batch.feedback", "proctor.batch.rehearse"),
        *("proctor.export.app", "proctor.report.app", "proctor.plugins.collect"),
        *("proctor.plugins.execute", "proctor.plugins.exporter", "proctor.plugins.feedback"),
        *("proctor.plugins.limits", "proctor.plugins.page", "proctor.plugins.sanitise"),
        *("nbgrader.preprocessors", "nbgrader.plugins", "nbconvert.exporters", "sqlite3"),
    ]
)


class Begun:
    """A command that was begun: of `subprocess.Popen` what tests need."""

    def __init__(self, process):
        self._process, self.pid = process, process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self._process.exitcode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()


def begin(folder, program, *words, env=None, out=os.devnull, err=None, target=None):
    """Begin ``python -m program words`` in a folder; return what is `Begun`.

    program   a module's name, or ``module:application``
    env       its whole environment; by default this process's
    out, err  paths of files that it writes to; without ``err``, all into the first
    target    what is called in the fork in place of `be`, which it is to call
    """
    env = dict(os.environ if env is None else env)
    args = (program, words, str(folder), env, str(out), err and str(err), revision(), _paths())
    process = FORKS.Process(target=target or be, args=args, name=" ".join([program, *words]))
    process.start()
    return Begun(process)


def run(folder, program, *words, env=None, timeout=None, apart=False):
    """The same, to its end: a `subprocess.CompletedProcess` with all that it said, as text.

    apart  whether ``stderr`` is told apart
    """
    with tempfile.TemporaryDirectory(prefix="said-") as said:
        out, err = Path(said, "out"), Path(said, "err")
        process = begin(folder, program, *words, env=env, out=out, err=err if apart else None)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        texts = [p.read_text("utf-8", "replace") if p.exists() else None for p in (out, err)]
    return subprocess.CompletedProcess([program, *words], status, *texts)


@functools.cache
def revision():
    """What nbgrader starts a process of two seconds to learn for every new gradebook."""
    from alembic.script import ScriptDirectory

    folder = Path(importlib.util.find_spec("nbgrader").origin).parent / "alembic"
    return ScriptDirectory(str(folder)).get_current_head()


@functools.cache
def _paths():
    """Where an interpreter of this environment finds modules, besides in its folder."""
    look = "import sys; print('\\n'.join(sys.path[1:]))"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", look]
    return subprocess.run(command, env=env, stdout=-1, text=True, check=True).stdout.splitlines()


def be(program, words, folder, env, out, err, revision, paths):
    """In the fork: be the command."""
    from nbgrader import api

    for path, numbers in ((out, (1,) if err else (1, 2)), (err, (2,))):
        if path:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for number in numbers:
                os.dup2(file, number)
            os.close(file)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    own = env.get("PYTHONPATH", "")
    sys.path[:] = [os.getcwd(), *(own.split(os.pathsep) if own else ()), *paths]
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]  # imported to come here, by other paths
    sys.argv = [program, *words]
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background
    api.get_alembic_version = lambda: revision
    try:
        module, _, app = program.partition(":")
        if app:
            getattr(importlib.import_module(module), app).launch_instance(list(words))
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which a fork of multiprocessing's does not
