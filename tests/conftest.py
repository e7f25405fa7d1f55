"""A course in a temporary folder, as an instructor would have it."""

import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from nbgrader import api

from tests import commands, notebooks, tiers  # noqa: F401  (tiers registers a profile)


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups, and pytest for what is slow
def pytest_collection_modifyitems(items):
    """What shares a fixture of a module or a folder stays on one worker (``--dist loadgroup``).

    Of a test that is marked ``few``, all but the first cases are slow.
    """
    seen = Counter()
    for item in items:
        if few := item.get_closest_marker("few"):
            seen[item.path, item.originalname] += 1
            if seen[item.path, item.originalname] > few.args[0]:
                item.add_marker(pytest.mark.slow)
        used = item._fixtureinfo.name2fixturedefs.values()
        scopes = {definition.scope for definitions in used for definition in definitions}
        if "package" in scopes:
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
        elif scopes & {"module", "class"}:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def environment():
    """nbgrader finds alembic and the kernel's python on PATH; no bytecode in released folders."""
    patch = pytest.MonkeyPatch()
    patch.setattr(api, "get_alembic_version", commands.revision)
    patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    yield
    patch.undo()


def nbgrader(course, *words, check=True, **environment):
    """Run one nbgrader command in a course folder; return the finished process."""
    done = commands.run(course, "nbgrader", *words, env=os.environ | environment)
    if check:
        done.check_returncode()
    return done


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
    """A course folder in which the assignment was released by nbgrader's command."""
    course = tmp_path_factory.mktemp("course")
    notebooks.copy_course(course)
    nbgrader(course, "generate_assignment", "maxpool")
    return course


@pytest.fixture(scope="session")
def solved(released):
    """The same, with the solutions, executed by nbgrader's command."""
    nbgrader(released, "generate_solution", "maxpool", PYTHONPATH=str(released))
    return released
