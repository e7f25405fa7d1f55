"""``proctor grade --scheduler …``: the same on a Dask cluster that shares no file with it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from tests import notebooks
from tests.proctor.test_grade import course, fresh, grade, outcome, start, stock
from tests.waiting import wait_until

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.takes(90)
_fixtures = course, fresh, stock
SOON = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, course):
    """A scheduler that speaks TLS only, and a function that starts a worker."""
    top = tmp_path_factory.mktemp("cluster")
    key, certificate = top / "key.pem", top / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=graders"),
            *("-days", "1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    tls = {"ca-file": certificate, "cert": certificate, "key": key}
    tls = [word for name, path in tls.items() for word in (f"--tls-{name}", path)]
    about, started = top / "scheduler.json", []

    def dask(kind, *words):
        folder = top / f"{kind}-{len(started)}"
        folder.mkdir()
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *words]
        command += ["--no-dashboard", *tls]
        if kind == "worker" and os.geteuid() == 0:
            # as on another machine: where the course is, there is nothing
            covered = f'mount -t tmpfs none {course.parent} && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", covered, "sh", *command]
        with open(folder / "log", "w") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={
                    "HOME": str(folder),
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(notebooks.ROOT),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    dask("scheduler", "--host", "tls://127.0.0.1", "--port", "0", "--scheduler-file", about)
    wait_until(lambda: about.exists() and about.read_text().endswith("}"))
    address = json.loads(about.read_text())["address"]
    known = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificate),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": str(certificate),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": str(key),
    }

    def worker():
        return dask("worker", address, "--nthreads", "1", "--no-nanny")

    yield SimpleNamespace(address=address, worker=worker, known=known)
    for process in reversed(started):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_workers_join_later_and_one_is_killed(cluster, fresh, stock):
    """Nothing is lost and nothing is there twice."""
    words = ("--workers=4", "--json", f"--scheduler={cluster.address}")
    grader, log = start(fresh, *words, env=cluster.known)
    one = cluster.worker()
    try:
        # it has a template and a forkserver; the other may be at work before it otherwise
        wait_until(lambda: len(psutil.Process(one.pid).children(recursive=True)) >= 2)
        cluster.worker()
        wait_until(lambda: (fresh / "autograded" / "blank").exists())
        below = psutil.Process(one.pid).children(recursive=True)
        assert len(below) >= 2
        one.send_signal(signal.SIGKILL)
        assert grader.wait(120) == 0, log.read_text()
    finally:
        grader.kill()
    told = json.loads(log.read_text()[log.read_text().index("{\n") :])
    assert (told["graded"], told["failed"]) == (7, {})
    assert outcome(fresh) == stock[1]
    wait_until(lambda: not any(map(_is_alive, below)))


def _is_alive(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.slow
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "http://127.0.0.1:1", "one with TLS"])
def test_a_scheduler_that_cannot_be_talked_to(cluster, fresh, address):
    address = cluster.address if "TLS" in address else address
    done = grade(fresh, f"--scheduler={address}", env=SOON)
    assert (done.status, done.out) == (2, "")
    assert f"there is no Dask scheduler to talk to at {address}" in done.err.splitlines()[-1]


@pytest.mark.slow
def test_a_cluster_of_this_machine(fresh, stock):
    """A terminal's Ctrl-C reaches its workers too; the next call goes on."""
    words = ("--workers=2", "--scheduler=local", "--json")
    grader, log = start(fresh, *words)
    try:
        wait_until(lambda: (fresh / "autograded" / "blank").exists())
        ours = psutil.Process(grader.pid).children(recursive=True)
        os.killpg(grader.pid, signal.SIGINT)
        assert grader.wait(60) == 130, log.read_text()
        wait_until(lambda: not any(map(_is_alive, ours)))
        told = json.loads(log.read_text())
        assert (told["stopped"], told["failed"]) == (True, {})
        grader, log = start(fresh, *words)
        assert grader.wait(120) == 0, log.read_text()
    finally:
        grader.kill()
    assert json.loads(log.read_text())["unchanged"] == told["graded"] > 0
    assert outcome(fresh) == stock[1]


def test_the_modules_that_tests_import_travel(course):
    """What the course's folder has beside them stays there."""
    from nbgrader.coursedir import CourseDirectory

    from proctor.run.course import Course

    private = Course(CourseDirectory(root=str(course)), "ps1").assignment().private
    assert sorted(private) == ["answers.py", "truths/__init__.py"]
