"""Jupyter kernels that are forked warm and locked in, driven as every Jupyter tool does."""

import os
import sys

import pytest
from jupyter_client.manager import KernelManager

from proctor.plugins import provisioner
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture(scope="module")
def kernelspec(tmp_path_factory):
    """A place where `proctor kernel` has installed its kernelspec, and Jupyter looks."""
    prefix = tmp_path_factory.mktemp("prefix")
    patch = pytest.MonkeyPatch()
    patch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
    patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    patch.setenv("SECRET", "canary-in-the-environment")
    provisioner.install(str(prefix))
    yield provisioner.NAME
    patch.undo()


class Kernel:
    """A running kernel and a client of it."""

    def __init__(self, name, folder):
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=str(folder))
        self.connect()

    def connect(self):
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code, timeout=60):
        """Run a cell; return what it printed, kinds of what it showed, names of its errors."""
        found = []

        def hook(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                found.append(content["text"])
            elif message["msg_type"] == "display_data":
                found.append(" ".join(content["data"]))
            elif message["msg_type"] == "error":
                found.append(content["ename"])

        self.client.execute_interactive(code, timeout=timeout, output_hook=hook)
        return "".join(found).strip()

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernels(kernelspec, tmp_path):
    """A function that starts a kernel in the test's folder."""
    started = []

    def start():
        started.append(Kernel(kernelspec, tmp_path))
        return started[-1]

    yield start
    for kernel in started:
        kernel.end()


def test_it_is_a_kernel_of_jupyter(kernels, tmp_path):
    (tmp_path / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    kernel = kernels()
    assert isinstance(kernel.manager.provisioner, provisioner.Provisioner)
    assert kernel.run("from helper import double\nprint(double(21))") == "42"
    assert kernel.run("1 / 0") == "ZeroDivisionError"
    assert kernel.manager.is_alive()


def test_it_shows_figures(kernels):
    plot = "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1]);"
    assert "image/png" in kernels().run(plot)


def test_it_is_locked_in(kernels):
    kernel = kernels()
    assert kernel.run("import os; print(os.environ.get('SECRET'))") == "None"
    assert kernel.run(f"print(open({os.path.abspath(__file__)!r}).read())") == "FileNotFoundError"
    code = "import socket; socket.create_connection(('127.0.0.1', 1))"
    assert kernel.run(code) == "PermissionError"


def test_it_can_be_interrupted_and_restarted(kernels):
    kernel = kernels()
    kernel.run("x = 1")
    # else the kernel drops what is asked until some time after its answer, as after every error
    patient = {"stop_on_error": False}
    kernel.client.execute("import time; print('begun', flush=True); time.sleep(60)", **patient)
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(x)") == "1"
    kernel.client.stop_channels()
    kernel.manager.restart_kernel(now=True)
    kernel.connect()
    assert kernel.run("print(x)") == "NameError"


def test_nothing_crosses_from_one_kernel_to_the_next(kernels):
    """Modules, random state, files, environment and memory: all as in the first one."""
    look = """
import os, sys, random, numpy as np, gc
own = sorted(n for n in os.listdir('.') if not n.startswith('.'))
print(hasattr(np, 'mine'), 'mine' in sys.modules, os.environ.get('MINE'), own,
      any(isinstance(o, dict) and o.get('a key of') == 'mine' for o in gc.get_objects()),
      [n for n in os.listdir('/tmp') if not n.startswith('kernel-')], 'kept' in globals())
"""
    first = kernels()
    clean = first.run(look)
    first.run("""
import types
np.mine = 1
sys.modules['mine'] = types.ModuleType('mine')
os.environ['MINE'] = '1'
open('mine.txt', 'w').write('1'); open('/tmp/mine', 'w').write('1')
kept = {'a key of': 'mine'}
random.seed(1); np.random.seed(1)
""")
    assert first.run(look) != clean
    drawn = "print(random.random(), np.random.random())"
    seeded = first.run(drawn)
    second = kernels()
    assert second.run(look) == clean
    assert second.run(drawn) != seeded


def test_the_end_of_a_kernel_ends_its_processes(kernels):
    kernel = kernels()
    own = kernel.manager.provisioner.own
    kernel.run("import subprocess; subprocess.Popen(['sleep', '87654'], start_new_session=True)")
    # `Popen` returns while the program begins: a moment later the system knows its words
    wait_until(lambda: _running(b"87654"))
    kernel.end()
    assert not _running(b"87654")
    assert not os.path.exists(own)


def _running(word):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += [pid] if word in file.read().split(b"\0") else []
        except OSError:
            continue
    return found
