"""A course in a temporary folder, as an instructor would have it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import notebooks


@pytest.fixture(scope="session", autouse=True)
def environment():
    """nbgrader finds alembic and the kernel's python on PATH; no bytecode in released folders."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    yield
    patch.undo()


def nbgrader(course, *words, check=True, **environment):
    """Run one nbgrader command in a course folder; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=check,
    )


def hear_ctrl_c():
    """In a child process: end at Ctrl-C, also where a shell lets the tests ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def minding_permissions():
    """The beginning of a command for which files' permissions count, as they do not for root."""
    if os.getuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may read everything, and setpriv is not here to make it forget that")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


@pytest.fixture(scope="session")
def released(tmp_path_factory, environment):
    """A course folder in which the assignment was released and solved by nbgrader's commands."""
    course = tmp_path_factory.mktemp("course")
    notebooks.copy_course(course)
    nbgrader(course, "generate_assignment", "maxpool")
    nbgrader(course, "generate_solution", "maxpool", PYTHONPATH=str(course))
    return course
