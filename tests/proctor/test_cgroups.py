"""Control groups as one more layer: made where they can be, and never left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.sandbox import Policy, cgroups, doctor, launch
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def nest():
    made, why = cgroups.nest()
    if made is None:
        pytest.skip(f"no control groups here: {why}")
    return made


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


def groups(nest):
    return [entry for place in nest.folders for entry in os.scandir(place) if entry.is_dir()]


def test_a_jail_is_in_its_group_and_leaves_none(nest, folder):
    code = "import time; time.sleep(30)"
    with launch([sys.executable, "-c", code], Policy(str(folder))) as jailed:
        assert jailed.held["cgroups"] == "held"
        found = groups(nest)
        assert len(found) == len(nest.folders)
        places = (Path(one.path) for one in found)
        memory = next(one for one in places if "memory" in nest.folders[str(one.parent)])
        wait_until(lambda: (memory / "cgroup.procs").read_text().split())
        name = "memory.limit_in_bytes" if nest.version == 1 else "memory.max"
        assert Policy.memory <= int((memory / name).read_text()) <= 1.1 * Policy.memory
    assert groups(nest) == []


def test_students_have_the_processor_time_of_a_process_for_each_core(nest):
    """Not of one on all cores: beside other work a class would take several times as long."""
    places = [place for place, names in nest.folders.items() if "cpu" in names]
    if nest.version != 1 or not places:
        pytest.skip("version 2, or nobody shares out processor time here")
    shares = int(Path(places[0], "cpu.shares").read_text())
    assert shares == 1024 * len(os.sched_getaffinity(0))


GRADER = f"""if True:
    import os, sys, time
    sys.path.insert(0, {str(ROOT)!r})
    from proctor.sandbox import Policy, cgroups, launch
    jailed = launch([sys.executable, "-c", "import time; time.sleep(60)"], Policy(sys.argv[1]))
    print(*cgroups.nest()[0].folders, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_grader_leaves_is_removed_by_the_next(nest, folder):
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    left = grader.stdout.readline().split()
    assert left
    assert all(map(os.path.isdir, left))
    grader.send_signal(signal.SIGKILL)
    grader.wait()

    def swept():
        again = "from proctor.sandbox import cgroups; cgroups.nest()"
        subprocess.run([sys.executable, "-c", again], cwd=ROOT, check=True)
        return not any(map(os.path.exists, left))

    wait_until(swept)
    assert all(map(os.path.isdir, nest.folders)), "that of a living one stays"


# --- version 2, as files: the machine that runs the tests may have none ------------------------


@pytest.fixture
def second(tmp_path, monkeypatch):
    """A group of version 2 that seems to be this process's own."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    (tmp_path / "cgroup.procs").write_text("")
    monkeypatch.setattr(cgroups, "_own_folders", lambda: [([""], str(tmp_path))])
    return tmp_path


def test_a_delegated_group_is_arranged(second, monkeypatch):
    monkeypatch.setattr(cgroups.os, "getxattr", lambda *_: b"1")
    version, places = cgroups._hierarchies()
    assert (version, places) == (2, {str(second): ["memory", "pids", "cpu", "cpuset"]})
    enabled = (second / "cgroup.subtree_control").read_text()
    assert enabled.startswith("+memory +pids +cpu +cpuset")


def test_processes_of_a_delegated_group_step_aside(second, monkeypatch):
    monkeypatch.setattr(cgroups.os, "getxattr", lambda *_: b"1")
    written, tried = [], []

    def write(path, text):
        if path.endswith("subtree_control") and not tried:
            tried.append(path)
            raise OSError(16, "Device or resource busy")
        written.append((os.path.relpath(path, second), text))
        if path.endswith("cgroup.procs"):
            (second / "cgroup.procs").write_text("")

    (second / "cgroup.procs").write_text("7\n")
    monkeypatch.setattr(cgroups.linux, "write", write)
    cgroups._hierarchies()
    assert written[0] == ("proctor-itself/cgroup.procs", "7")
    assert written[-1][0] == "cgroup.subtree_control"


def test_one_that_is_not_ours_is_left_alone(second):
    (second / "cgroup.type").write_text("domain\n")
    with pytest.raises(cgroups.Unusable, match="not delegated"):
        cgroups._hierarchies()
    assert (second / "cgroup.subtree_control").read_text() == ""


def test_without_a_controller_of_memory_there_is_no_layer(second):
    (second / "cgroup.controllers").write_text("cpu\n")
    with pytest.raises(cgroups.Unusable, match="no memory controller"):
        cgroups._hierarchies()


def test_the_count_of_version_2_is_read(tmp_path):
    (tmp_path / "cgroup.procs").write_text("")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    group = cgroups.Group.__new__(cgroups.Group)
    group._join, group.holds_processor = [], False
    group._open(2, str(tmp_path), ["memory", "cpu"])
    assert (group.cpu(), group.short_of_memory()) == (1.5, True)
    for place in (*group.files, *group._join):
        os.close(place)


def test_it_is_a_layer_and_never_a_requirement(folder, monkeypatch):
    why = "no control groups are mounted here"
    monkeypatch.setattr(cgroups, "_mine", {os.getpid(): (None, why)})
    with launch([sys.executable, "-c", ""], Policy(str(folder))) as jailed:
        assert jailed.wait(30) == 0
        assert jailed.held["cgroups"] == why
    advice = doctor.advice("cgroups", jailed.held["cgroups"])
    assert "systemd-run" in advice
