"""A headless Chromium, JupyterLab on a course in a temporary folder, and the site's pages.

Screenshots of what the tests saw are kept in ``build/screenshots/``.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import nbformat
import pytest

from tests import notebooks
from tests.submissions import classroom

SHOTS = notebooks.ROOT / "build" / "screenshots"


def pytest_terminal_summary(terminalreporter):
    """List what the tests have measured; it comes with their reports, from any worker."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            if "tests/browser" in report.nodeid and report.when == "call":
                for what, measured in report.user_properties:
                    terminalreporter.write_line(f"{what}: {measured}")


@pytest.fixture(scope="package")
def chromium():
    """The browser, or a skip that says what is missing.

    Playwright keeps an event loop running, which other tests' own loops do not bear: all of this
    ends with this folder.
    """
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no chromium on PATH; on Debian: apt-get install chromium")
    # Chromium refuses to sandbox itself when it is root, as in a container
    flags = ["--no-sandbox"] if os.getuid() == 0 else []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def tab(chromium):
    """Open an empty tab with cookies of its own: ``tab()``."""

    def open_tab():
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(20_000)
        return context.new_page()

    return open_tab


@pytest.fixture
def page(tab):
    """A tab for one test."""
    page = tab()
    yield page
    page.context.close()


@pytest.fixture
def shoot(request):
    """Keep a screenshot: ``shoot(page, "step")``."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page, step, **how):
        name = f"{request.node.name.removeprefix('test_')}-{step}".replace("/", "-")
        page.screenshot(path=SHOTS / f"{name}.png", **how)

    return keep


@pytest.fixture(scope="package")
def severe():
    """What axe-core calls serious or critical on a page: [(rule, first place, why)].

    ``severe(page)``; ``within``: a selector; ``rules``: these only
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core").Axe()

    def find(page, within=None, rules=()):
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        return [
            (found["id"], found["nodes"][0]["html"], found["nodes"][0]["failureSummary"])
            for found in axe.run(page, within, options).response["violations"]
            if found["impact"] in ("serious", "critical")
        ]

    return find


@pytest.fixture(scope="package")
def serve(chromium):
    """Serve a folder on loopback, to the browser: ``serve(folder)`` is its address."""
    servers = []

    def start(folder):
        handler = functools.partial(Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="package")
def coursework(solved, tmp_path_factory):
    """``solutions/`` without its outputs, and two students' releases: ``right/``, ``wrong/``."""
    folder = tmp_path_factory.mktemp("coursework")
    shutil.copytree(solved / "solutions" / "maxpool", folder / "solutions")
    for path in (folder / "solutions").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        nbformat.write(notebook, path)
    students = {"right": classroom.right(), "wrong": classroom.changed(WRONG)}
    classroom.hand_in(students, solved / "release" / "maxpool", folder)
    return folder


# the columns come first, which the check of the order does not forgive
WRONG = {
    "window": """\
def window(k, l, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    return np.array([(k * sH + u, l * sW + v) for v in range(kW) for u in range(kH)])
"""
}


@pytest.fixture(scope="package")
def jupyter(coursework, tmp_path_factory, environment):
    """The address (with token) of a JupyterLab that has no settings but its own."""
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab"
    news = settings / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    own = {
        f"JUPYTER_{what}_DIR": str(home / what.lower()) for what in ("CONFIG", "DATA", "RUNTIME")
    }
    root = ["--allow-root"] if os.getuid() == 0 else []
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", *root),
                *("--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={coursework}"),
            ],
            cwd=coursework,
            env={**os.environ, **own, "IPYTHONDIR": str(home / "ipython")},
            stdout=log,
            stderr=log,
        )
    try:
        yield address(server, home)
    finally:
        server.terminate()
        server.wait(20)


def address(server, home, seconds=60):
    """Wait until the server has written where it listens."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            try:
                found = json.loads(path.read_text())
            except ValueError:  # it is still being written
                continue
            return f"{found['url']}lab/tree/{{}}?token={found['token']}&reset"
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start:\n" + (home / "log").read_text()[-2000:])


@pytest.fixture(scope="package")
def open_notebook(tab, jupyter):
    """Open a notebook in JupyterLab: ``open_notebook("right/maxpool/1-windows")``."""

    def go(name):
        page = tab()
        page.goto(jupyter.format(f"{name}.ipynb"))
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        # the notebook's own indicator says "idle" before there is a kernel
        page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()
        page.wait_for_load_state("networkidle")
        return page

    return go
