"""``proctor grade --watch`` as a service: what comes into ``submitted/`` does not end it."""

import contextlib
import functools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.coursedir import CourseDirectory

from proctor.batch.watch import Watch
from tests import commands
from tests.conftest import minding_permissions, nbgrader
from tests.waiting import wait_until

CONFIG = """
import proctor

c = get_config()
proctor.configure(c)
c.Execute.preload = []
c.CourseDirectory.db_url = "sqlite:///gradebook.db?timeout=2"
"""


def notebook(answer):
    meta = {"schema_version": 3, "locked": False, "task": False}
    task = meta | {"grade_id": "a", "grade": False, "solution": True}
    test = meta | {"grade_id": "t", "grade": True, "solution": False, "locked": True, "points": 1}
    return new_notebook(
        cells=[
            new_code_cell(answer, id="a", metadata={"nbgrader": task}),
            new_code_cell("assert x == 1", id="t", metadata={"nbgrader": test}),
        ]
    )


def hand_in(root, student, answer="x = 1"):
    folder = root / "submitted" / student / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(answer), folder / "p1.ipynb")
    return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    root = tmp_path_factory.mktemp("service") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    solution = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    nbformat.write(notebook(solution), root / "source" / "ps1" / "p1.ipynb")
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbgrader(root, "generate_assignment", "ps1")
    return root


@pytest.fixture
def course(released, tmp_path):
    root = shutil.copytree(released, tmp_path / "course")
    (root / "submitted").mkdir()
    return root


@contextlib.contextmanager
def watching(root, *before, ends_with=signal.SIGTERM):
    """A grader at work: what it has said so far, ``said()``; at the end it stops at a signal."""
    log, words = root.with_suffix(".log"), ("proctor", "grade", "ps1", "--watch")
    log.touch()
    if before:
        with log.open("w") as file:
            command = [*before, sys.executable, "-m", *words]
            process = subprocess.Popen(command, cwd=root, stdout=file, stderr=subprocess.STDOUT)
    else:
        process = commands.begin(root, *words, out=log)
    try:
        yield process, log.read_text
        assert process.poll() is None, log.read_text()
        process.send_signal(ends_with)
        begun = time.monotonic()
        assert process.wait(30) == 0, log.read_text()
        process.took = time.monotonic() - begun
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()


def closed(root):
    """A folder that may be listed, and not entered."""
    hand_in(root, "closed").chmod(0o444)


def half_closed(root):
    hand_in(root, "closed").parent.chmod(0o444)


def notebook_closed(root):
    (hand_in(root, "closed") / "p1.ipynb").chmod(0)


def closed_inside(root):
    folder = hand_in(root, "closed")
    (folder / "more").mkdir()
    (folder / "more" / "x").touch()
    (folder / "more").chmod(0o444)


def newline(root):
    hand_in(root, "new\nline")


def control(root):
    hand_in(root, "\x1b[2Jx")


def not_utf8(root):
    hand_in(root, "\udcff\udcfe")


def markup(root):
    hand_in(root, "<img src=x onerror=alert(1)>")


def many_names(root):
    for number in range(30):
        hand_in(root, f"<b>{number}")


def file_for_folder(root):
    (root / "submitted" / "file").mkdir()
    (root / "submitted" / "file" / "ps1").write_text("a file")
    (root / "submitted" / "file-too").write_text("a file")


def pipe_for_folder(root):
    (root / "submitted" / "pipe").mkdir()
    os.mkfifo(root / "submitted" / "pipe" / "ps1")


def link(root):
    (root / "submitted" / "linked").symlink_to(root / "source")
    (root / "submitted" / "loop").symlink_to(root / "submitted" / "loop")
    (root / "submitted" / "nowhere").mkdir()
    (root / "submitted" / "nowhere" / "ps1").symlink_to("/no/such/place")


def empty(root):
    (root / "submitted" / "empty" / "ps1").mkdir(parents=True)
    (root / "submitted" / "only-folders" / "ps1" / "a" / "b").mkdir(parents=True)


def no_notebook(root):
    folder = root / "submitted" / "other" / "ps1"
    folder.mkdir(parents=True)
    (folder / "readme.txt").write_text("x")


def notebook_is_a_folder(root):
    folder = root / "submitted" / "other" / "ps1" / "p1.ipynb"
    folder.mkdir(parents=True)
    (folder / "x").touch()


def made_is_in_the_way(root):
    hand_in(root, "in-the-way")
    (root / "autograded").mkdir()
    (root / "autograded" / "in-the-way").write_text("a file")


ODDITIES = (
    *(closed, half_closed, notebook_closed, closed_inside),
    *(newline, control, not_utf8, markup, many_names),
    *(file_for_folder, pipe_for_folder, link, empty, no_notebook, notebook_is_a_folder),
    made_is_in_the_way,
)


@pytest.mark.few(1)
@pytest.mark.parametrize("odd", ODDITIES, ids=lambda odd: odd.__name__)
def test_what_comes_does_not_end_it(course, odd):
    try:
        with watching(course, *minding_permissions()) as (_, said):
            odd(course)
            hand_in(course, "honest")
            wait_until(lambda: "honest: 1 of 1 points" in said())
            hand_in(course, "next")
            wait_until(lambda: "next: 1 of 1 points" in said())
            lines = said().splitlines()
        assert len(lines) < 15, lines  # nothing is told again and again
        assert not any(c in said() for c in "\x1b<")
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", course], check=True)


@pytest.mark.few(1)
@pytest.mark.parametrize("odd", [empty, newline, closed], ids=lambda odd: odd.__name__)
def test_nor_does_what_is_there_at_first(course, odd):
    try:
        odd(course)
        with watching(course, *minding_permissions()) as (_, said):
            time.sleep(1)
            hand_in(course, "honest")
            wait_until(lambda: "honest: 1 of 1 points" in said())
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", course], check=True)


@pytest.mark.slow
def test_a_gradebook_that_is_locked_is_waited_for(course):
    with watching(course) as (_, said):
        hand_in(course, "first")
        wait_until(lambda: "first: 1 of 1 points" in said())
        with sqlite3.connect(course / "gradebook.db", isolation_level=None) as book:
            book.execute("BEGIN EXCLUSIVE")
            hand_in(course, "second")
            wait_until(lambda: "locked" in said())
            book.execute("ROLLBACK")
        book.close()
        wait_until(lambda: "second: 1 of 1 points" in said())


@pytest.mark.slow
def test_it_stops_within_a_second_though_sqlite_waits_for_a_lock(course):
    text = CONFIG.replace("timeout=2", "timeout=60")
    (course / "nbgrader_config.py").write_text(text)
    with sqlite3.connect(course / "gradebook.db", isolation_level=None) as book:
        with watching(course) as (process, said):
            hand_in(course, "first")
            wait_until(lambda: "first: 1 of 1 points" in said())
            book.execute("BEGIN EXCLUSIVE")
            hand_in(course, "second")
            time.sleep(3)
        book.execute("ROLLBACK")
    book.close()
    assert process.took < 10  # of the 60 s; how fast, a busy machine decides
    with watching(course) as (_, said):
        wait_until(lambda: "second: 1 of 1 points" in said())


@pytest.mark.slow
def test_what_could_not_be_written_is_graded_when_it_can(course):
    with watching(course, *minding_permissions()) as (_, said):
        hand_in(course, "first")
        wait_until(lambda: "first: 1 of 1 points" in said())
        (course / "autograded").chmod(0o555)
        hand_in(course, "second")
        wait_until(lambda: "cannot be written to" in said())
        (course / "autograded").chmod(0o755)
        wait_until(lambda: "second: 1 of 1 points" in said())


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_disk_that_is_full_is_waited_for(course):
    (course / "autograded").mkdir()
    mount = f"mount -t tmpfs -o size=256k tmpfs {course}/autograded"
    with watching(course, "unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh") as (
        one,
        said,
    ):
        hand_in(course, "first")
        wait_until(lambda: "first: 1 of 1 points" in said())
        filler = f"/proc/{one.pid}/root{course}/autograded/filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(1000)):
                pass
        hand_in(course, "second")
        wait_until(lambda: "No space left" in said())
        os.unlink(filler)
        wait_until(lambda: "second: 1 of 1 points" in said())


@pytest.mark.slow
def test_a_log_that_takes_no_more_ends_nothing(course):
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "proctor", "grade", "ps1", "--watch"],
            cwd=course,
            stdout=full,
            stderr=full,
        )
    try:
        made = course / "autograded"
        for student in ("first", "second"):
            hand_in(course, student)
            wait_until((made / student / "ps1" / "p1.ipynb").exists)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.few(1)
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_the_middle_and_loses_nothing(course, by):
    for number in range(4):
        hand_in(course, f"slow-{number}", "import time\ntime.sleep(8)\nx = 1")
    with watching(course, ends_with=by):
        wait_until(lambda: (course / "autograded").exists())
        time.sleep(1)
    assert not list((course / "autograded").glob("*/ps1/*"))
    for number in range(4):
        hand_in(course, f"slow-{number}")
    with watching(course) as (_, said):
        wait_until(lambda: said().count("1 of 1 points") == 4)


# --- what it sees ---------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def look(tmp_path):
    """A `Watch` on an empty course that has looked once, and its clock."""
    course = CourseDirectory(root=str(tmp_path), assignment_id="ps1")
    clock = Clock()
    watch = Watch(course, clock)
    assert watch.changed() == []
    return watch, clock


def test_a_folder_that_is_being_filled_is_waited_for(look, tmp_path):
    watch, clock = look
    folder = hand_in(tmp_path, "slow")
    assert watch.changed() == []
    (folder / "more").touch()
    assert watch.changed() == []
    assert watch.changed() == ["slow"]
    assert watch.changed() == []
    for number in range(12):  # one that never rests is graded as it is
        (folder / f"{number}").touch()
        clock.now += 1
        if watch.changed():
            break
    assert number == 11


def test_a_folder_that_is_gone_is_forgotten_and_may_come_back(look, tmp_path):
    watch, _ = look
    folder = hand_in(tmp_path, "there")
    watch.changed()
    assert watch.changed() == ["there"]
    shutil.rmtree(folder.parent)
    assert watch.changed() == []
    hand_in(tmp_path, "there")
    watch.changed()
    assert watch.changed() == ["there"]


def test_what_failed_is_tried_again_later_and_later(look, tmp_path):
    watch, clock = look
    hand_in(tmp_path, "a")
    watch.changed()
    assert watch.changed() == ["a"]
    waits = []
    for _ in range(12):
        watch.again(["a"])
        begun = clock.now
        while not watch.changed():
            clock.now += 1
        waits.append(clock.now - begun)
    assert waits[:4] == [2, 4, 8, 16]
    assert max(waits) <= 301
    watch.graded(["a"])
    watch.again(["a"])
    begun = clock.now
    while not watch.changed():
        clock.now += 1
    assert clock.now - begun == 2


# --- what is due, whatever the time ---------------------------------------------------------------


@pytest.mark.few(1)
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_grader_whose_clock_is_wrong_knows_what_is_new(course, hours):
    """States are compared. The grader's clock is moved; the file system's goes right."""
    log, skewed = course.with_suffix(".log"), functools.partial(_skewed, 3600 * hours)

    def grade():
        words = ("proctor", "grade", "ps1", "--json")
        assert commands.begin(course, *words, out=log, target=skewed).wait() == 0, log.read_text()
        return '"graded": 1' in log.read_text()

    hand_in(course, "one")
    assert [grade(), grade()] == [True, False]
    # as `os.utime` would by a clock that is an hour off
    for path in (course / "autograded").rglob("p1.ipynb"):
        os.utime(path, (time.time() + 3600 * hours,) * 2)
    assert not grade()
    hand_in(course, "one", "x = 2")
    assert [grade(), grade()] == [True, False]
    (course / "submitted" / "one" / "ps1" / "p1.ipynb").unlink()
    (course / "submitted" / "one" / "ps1" / "readme.txt").touch()
    assert [grade(), grade()] == [True, False]


def _skewed(seconds, *command):
    """Be a command on a machine whose clock is that much ahead."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + seconds
    time.time_ns = lambda: real_ns() + seconds * 10**9
    commands.be(*command)


@pytest.mark.slow
def test_feedback_is_made_again_of_what_changed_whatever_the_time(course):
    hand_in(course, "one")
    nbgrader(course, "autograde", "ps1")
    nbgrader(course, "generate_feedback", "ps1")
    page = course / "feedback" / "one" / "ps1" / "p1.html"
    first = page.stat().st_ino, page.stat().st_mtime_ns
    os.utime(course / "autograded" / "one" / "ps1" / "p1.ipynb", (2**32, 2**32))
    (course / "feedback" / "one" / ".ps1.p1.made-of").touch()
    nbgrader(course, "autograde", "ps1")
    # a later mtime alone: the file's state is another one, so it is made again, and only once
    nbgrader(course, "generate_feedback", "ps1")
    second = page.stat().st_ino, page.stat().st_mtime_ns
    assert second != first
    nbgrader(course, "generate_feedback", "ps1")
    assert (page.stat().st_ino, page.stat().st_mtime_ns) == second
