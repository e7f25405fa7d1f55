"""The hub of ``make hub``, its users in a browser, and its accounts in a shell."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import notebooks
from tests.browser.conftest import SHOTS, chromium, shoot
from tests.waiting import wait_until

_fixtures = chromium, shoot
OWNER = "instructor"
SIMULATED = 30  # students without a browser
START = 600  # seconds, the first installation included
NEEDED = ("unshare", "setpriv", "nsenter", "useradd", "npm", "git")


@dataclasses.dataclass
class Hub:
    """A throw-away hub: its address, {account: password}, and its first process."""

    url: str
    accounts: dict
    first: int

    def command(self, account, *words, cwd=None):
        """The words of a command that an account of the hub runs in there."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid"]
        home = "/root" if account == "root" else f"/home/{account}"
        become = [] if account == "root" else ["runuser", "-u", account, "--"]
        path = "PATH=/srv/hub/venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin"
        own = [path, f"HOME={home}", "PYTHONDONTWRITEBYTECODE=1", "LANG=C.UTF-8"]
        if account == OWNER:
            own.append("JUPYTER_CONFIG_PATH=/srv/hub/owner")
        there = ["env", "-i", f"--chdir={cwd or home}", *own]
        return [*enter, *become, *there, *map(str, words)]

    def run(self, account, *words, check=True, **how):
        """Run a command as an account; return the finished process."""
        done = subprocess.run(
            self.command(account, *words, cwd=how.pop("cwd", None)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=how.pop("timeout", 300),
            **how,
        )
        assert not (check and done.returncode), f"{words}\n{done.stdout}"
        return done


def need_root():
    """Skip where no machine of one's own can be made, with the reason."""
    if os.geteuid() != 0:
        pytest.skip("starting servers under accounts of their own takes root")
    path = os.environ["PATH"] + ":/usr/sbin"
    if missing := [name for name in NEEDED if not shutil.which(name, path=path)]:
        pytest.skip(f"not installed: {', '.join(missing)}; see .ci/run")
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True)
    if tried.returncode:
        pytest.skip("this root may not make namespaces (a container without CAP_SYS_ADMIN)")


THROWAWAY = notebooks.ROOT / "deploy" / "throwaway.py"


def machine(*words, **how):
    """Do something in a throw-away machine; return the finished process, with all it said."""
    need_root()
    words = [sys.executable, THROWAWAY, *words]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(words, timeout=START, **both, **how)


@pytest.fixture
def free_ports():
    """Ports that nobody has: ``free_ports(3)``."""

    def find(number):
        sockets = [socket.socket() for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        return ports

    return find


@pytest.fixture(scope="package")
def hub(environment, tmp_path_factory):
    """A throw-away hub with two students for the browser, and those who are simulated."""
    need_root()
    folder = tmp_path_factory.mktemp("hub")
    state, log = folder / "state.json", folder / "log"
    with open(log, "w") as file:
        program = subprocess.Popen(
            [
                *(sys.executable, THROWAWAY, "--port=0"),
                *(f"--students={SIMULATED + 2}", f"--state={state}"),
            ],
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: "Formgrader" in log.read_text() or program.poll() is not None, START)
        assert program.poll() is None, log.read_text()
        (unshare,) = children(program.pid)
        (first,) = children(unshare)
        yield Hub(first=first, **json.loads(state.read_text()))
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(60)


def children(pid):
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def log_in(hub, chromium):
    """Log in with a browser of one's own, which opens JupyterLab: ``log_in("student-1")``."""
    contexts = []

    def enter(account, password=None):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(90_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{hub.url}/hub/login")
        page.fill("#username_input", account)
        page.fill("#password_input", password or hub.accounts[account])
        page.click("#login_submit")
        return page

    yield enter
    SHOTS.mkdir(parents=True, exist_ok=True)
    for number, context in enumerate(contexts):
        for place, page in enumerate(context.pages):  # what a failed test saw last
            page.screenshot(path=SHOTS / f"hub-last-{number}-{place}.png")
        context.close()
