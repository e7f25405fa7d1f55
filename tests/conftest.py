"""A course in a temporary folder, as an instructor would have it."""

import compileall
import fcntl
import os
import shutil
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path

import psutil
import pytest

import proctor
from proctor.imports import leave_out_formats

leave_out_formats()  # else each process of the tests takes a second to compile grammars

from nbgrader import api  # noqa: E402

from tests import commands, notebooks, tiers  # noqa: E402


def pytest_make_parametrize_id(val):
    """A long text in a test's name is cut: a failure is told in a line, not in a page."""
    if isinstance(val, (str, bytes)) and len(val) > _LONGEST_ID:
        return f"{val[:_LONGEST_ID]!s}..."
    return None


_LONGEST_ID = 60


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups, and pytest for what is slow
def pytest_collection_modifyitems(config, items):
    """What shares a fixture of a module or a folder stays on one worker (``--dist loadgroup``).

    A module that has both is its folder's, as a whole: else its own would be made twice.
    Of a test that is marked ``few``, all but a few cases are slow. What takes longest begins
    first, so that no worker is left with it alone.
    """
    _mark_all_but_few(items)
    config.stash[tiers.COLLECTED] = found = {item.path.name: 0 for item in items}
    for item in items:
        found[item.path.name] += not item.get_closest_marker("slow")
    scopes_of = {item: _scopes(item) for item in items}
    of_folders = {item.path for item, scopes in scopes_of.items() if "package" in scopes}
    for item, scopes in scopes_of.items():
        if item.get_closest_marker("xdist_group"):
            continue  # its module says more
        if "package" in scopes or (item.path in of_folders and scopes & {"module", "class"}):
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
        elif scopes & {"module", "class"}:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    seconds = Counter()
    for item in items:
        if takes := item.get_closest_marker("takes"):
            seconds[_group(item)] = max(seconds[_group(item)], takes.args[0])
    items.sort(key=lambda item: (-seconds[_group(item)], _group(item) == item.nodeid))


@pytest.hookimpl(optionalhook=True)  # ``-p no:xdist``
def pytest_xdist_auto_num_workers():
    """One more than there are cores: much of what is tested waits, for a browser or for a process
    that is to end. With two or four more it took as long."""
    return (psutil.cpu_count(logical=False) or len(os.sched_getaffinity(0))) + 1


def _scopes(item):
    """The scopes of the fixtures that a test uses."""
    used = item._fixtureinfo.name2fixturedefs.values()
    return {definition.scope for definitions in used for definition in definitions}


def _mark_all_but_few(items):
    """Mark as slow what ``few`` leaves out: all but the first cases, or but some here and there."""
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("few"):
            cases[item.path, item.originalname].append(item)
    for same in cases.values():
        few = same[0].get_closest_marker("few")
        number = min(few.args[0], len(same))
        step = len(same) / number if few.kwargs.get("spread") else 1
        quick = {int(step * n) for n in range(number)}
        for place, item in enumerate(same):
            if place not in quick:
                item.add_marker(pytest.mark.slow)


def _group(item):
    """What goes to one worker as a whole."""
    mark = item.get_closest_marker("xdist_group")
    return mark.args[0] if mark else item.nodeid


def pytest_sessionstart(session):
    """Each grader that a test starts imports the package in a clean environment, where it finds
    bytecode beside the sources or compiles all of them."""
    if not hasattr(session.config, "workerinput"):
        prefix, sys.pycache_prefix = sys.pycache_prefix, None
        compileall.compile_dir(Path(proctor.__file__).parent, quiet=1)
        sys.pycache_prefix = prefix


@pytest.fixture(scope="session", autouse=True)
def environment():
    """nbgrader finds alembic and the kernel's python on PATH; no bytecode in released folders.

    What is installed has its bytecode beside it, and what tests start finds it there.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(api, "get_alembic_version", commands.revision)
    patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    patch.delenv("PYTHONPYCACHEPREFIX", raising=False)
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
def once(tmp_path_factory, environment):
    """A folder that all workers of a run read: ``once(name, make)``.

    The first that asks for it calls ``make(folder)``, the others wait for that.
    """
    top = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each has a folder in the run's
        top = top.parent

    def folder(name, make):
        made = top / name / "made"
        made.parent.mkdir(exist_ok=True)
        with open(top / name / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(made.with_name("making"), ignore_errors=True)
                make(made.with_name("making"))
                made.with_name("making").rename(made)
        return made

    return folder


@pytest.fixture(scope="session")
def released(once):
    """A course folder in which the assignment was released by nbgrader's command."""

    def make(course):
        course.mkdir()
        notebooks.copy_course(course)
        nbgrader(course, "generate_assignment", "maxpool")

    return once("released", make)


@pytest.fixture(scope="session")
def solved(once, released):
    """The same, with the solutions, executed by nbgrader's command."""

    def make(course):
        shutil.copytree(released, course)
        nbgrader(course, "generate_solution", "maxpool", PYTHONPATH=str(course))

    return once("solved", make)


@pytest.fixture(scope="module")
def warm():
    """A template of an assignment that imports nothing of its own."""
    from proctor.run.job import Assignment
    from proctor.run.template import Template

    made = Template(Assignment())
    yield made
    made.close()
