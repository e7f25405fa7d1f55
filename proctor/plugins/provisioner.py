"""A Jupyter kernel that is forked warm and locked in, for every Jupyter tool.

A kernelspec whose metadata names the provisioner ``proctor`` gets it; ``proctor kernel`` installs
one, "Python 3 (locked in)". With it an instructor opens a submission in JupyterLab and runs it
without running it as themselves. Grading forks from the same template, but needs no messages.

The kernel works on a copy of its folder's files, in memory: what it writes is gone with it.
"""

import asyncio
import atexit
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.localinterfaces import localhost
from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from proctor.files import read_files, write_files
from proctor.plugins.limits import ProcessLimits
from proctor.run.job import PRELOAD, Assignment
from proctor.run.template import Template
from proctor.sandbox import Policy

NAME = "proctor-python3"
_CONNECTION = ".kernel.json"
# not the inline backend: it shows the figures of the shell that is there when it is imported
_PLOTTING = ("matplotlib.pyplot", "ipywidgets")
_warm = {}


def template(preload):
    """The template of these modules, one for all kernels of this process."""
    if preload not in _warm:
        _warm[preload] = Template(Assignment(preload=preload))
        atexit.register(_warm[preload].close)
    return _warm[preload]


class Provisioner(ProcessLimits, LocalProvisioner):
    """Forks a kernel from a template that has imported ``preload``, and locks it in."""

    preload = List(
        Unicode(),
        [*PRELOAD, *_PLOTTING, "ipykernel.kernelapp"],
        help="Modules that are imported once.",
    ).tag(config=True)

    jailed = None
    own = None  # a folder: the kernel's files, and its sockets

    async def pre_launch(self, **kwargs):
        """Talk over Unix sockets: in its jail the kernel has no network."""
        self.own = self.own or tempfile.mkdtemp(prefix="kernel-")
        os.chmod(self.own, 0o711)
        for name in ("files", "sockets"):
            shutil.rmtree(os.path.join(self.own, name), ignore_errors=True)  # of before a restart
            os.mkdir(os.path.join(self.own, name), 0o755)
        self.parent.transport, self.parent.ip = "ipc", os.path.join(self.own, "sockets", "k")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        """Fork the kernel; the command of the kernelspec is not run."""
        files, sockets = (os.path.join(self.own, name) for name in ("files", "sockets"))
        write_files(read_files(kwargs.get("cwd") or os.getcwd(), (".*",), strict=False), files)
        shutil.copy(self.parent.connection_file, os.path.join(files, _CONNECTION))
        policy = Policy(files, sockets=sockets, **self.limits())
        fork = template(tuple(self.preload)).kernel
        self.jailed = await asyncio.to_thread(fork, policy, _CONNECTION)
        return self.connection_info

    @property
    def has_process(self):
        return self.jailed is not None

    async def poll(self):
        return self.jailed.poll() if self.jailed is not None else 0

    async def wait(self):
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.02)
        self.jailed = None
        return status

    async def send_signal(self, signum):
        if await self.poll() is None:
            self.jailed.send_signal(signum)

    async def kill(self, restart=False):
        """End the kernel with all that it started."""
        if self.jailed is not None:
            await asyncio.to_thread(self.jailed.kill)

    terminate = kill

    async def cleanup(self, restart=False):
        """Remove its folder, unless it starts again."""
        if self.own is not None and not restart:
            shutil.rmtree(self.own, ignore_errors=True)
            self.own = None
            self.parent.transport, self.parent.ip = "tcp", localhost()

    async def get_provisioner_info(self):
        """Nothing to come back to: the kernel ends with the process that asked for it."""
        return {}


def install(prefix=sys.prefix):
    """Install the kernelspec; returns its folder."""
    with tempfile.TemporaryDirectory() as folder:
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3 (locked in)",
            "language": "python",
            "interrupt_mode": "signal",
            "metadata": {"kernel_provisioner": {"provisioner_name": "proctor"}},
        }
        Path(folder, "kernel.json").write_text(json.dumps(spec, indent=1))
        return KernelSpecManager().install_kernel_spec(folder, NAME, prefix=prefix)
