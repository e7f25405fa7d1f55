"""A gradebook that several graders open and write at once: PostgreSQL, and SQLite."""

import glob
import json
import os
import pwd
import subprocess
import time
from types import SimpleNamespace

import pytest
import sqlalchemy
from nbgrader.api import MissingEntry, Student, get_alembic_version

from proctor.batch.recorder import Recorder
from proctor.plugins import gradebook
from tests.commands import FORKS
from tests.proctor.test_grade import CLASS, course, dump, fresh, grade, outcome, run, stock

pytest.importorskip("psycopg", reason="the extra 'postgresql' is not installed")
_fixtures = course, fresh, stock
BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
START = 60  # seconds that a server may take to start


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A PostgreSQL server of our own, on a Unix socket; a function that makes a database's URL."""
    if not BIN:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    folder = tmp_path_factory.mktemp("postgresql")
    socket = tmp_path_factory.mktemp("s", numbered=True)
    as_user = []
    if os.geteuid() == 0:  # it refuses to be run by root
        user = pwd.getpwnam("postgres")
        for path in (folder, socket):
            os.chown(path, user.pw_uid, user.pw_gid)
        ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        as_user = ["setpriv", *ids]
    data = folder / "data"

    def call(program, *words):
        if as_user:  # each time: other tests of this account close what they share, as they begin
            for path in (folder, *folder.parents):
                path.chmod(path.stat().st_mode | 0o011)
        command = [*as_user, f"{BIN[-1]}/{program}", "-D", data, *words]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    call("initdb", "-U", "grader", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-k {socket} -c listen_addresses= -c fsync=off"
    call("pg_ctl", "-w", "-t", str(START), "-l", folder / "log", "-o", options, "start")
    admin = sqlalchemy.create_engine(
        f"postgresql+psycopg://grader@/postgres?host={socket}", isolation_level="AUTOCOMMIT"
    )

    def database(name):
        with admin.connect() as connection:
            connection.execute(sqlalchemy.text(f'CREATE DATABASE "{name}"'))
        return f"postgresql+psycopg://grader@/{name}?host={socket}"

    yield database
    admin.dispose()
    call("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture
def url(request, server, tmp_path):
    """The URL of a new gradebook, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    return server(request.node.name)


both = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


def at_once(function, *args):
    """Call a function in a process for each tuple of arguments; return the exit statuses."""
    graders = [FORKS.Process(target=function, args=one) for one in args]
    for grader in graders:
        grader.start()
    for grader in graders:
        grader.join()
    return [grader.exitcode for grader in graders]


def open_at(url, moment):
    time.sleep(max(0, moment - time.time()))
    with gradebook.opened(url, "course") as book:
        book.update_or_create_student(f"student-{os.getpid()}")


@pytest.mark.slow
@both
def test_four_open_a_new_gradebook_at_once(url):
    moment = time.time() + 1
    assert at_once(open_at, *[(url, moment)] * 4) == [0, 0, 0, 0]
    book = dump(url)
    assert book["alembic_version"] == [(("version_num", get_alembic_version()),)]
    assert len(book["student"]) == 4
    assert len(book["course"]) == 1


def assignment(url):
    """A gradebook with an assignment that has every kind of cell, and a student."""
    with gradebook.opened(url, "course") as book:
        book.add_assignment("ps1", course_id="course")
        for name in ("p1", "p2"):
            book.add_notebook(name, "ps1")
        for name in ("test", "essay"):
            book.add_grade_cell(name, "p1", "ps1", max_score=2, cell_type="code")
        for name in ("answer", "essay"):
            book.add_solution_cell(name, "p1", "ps1")
        book.add_task_cell("project", "p1", "ps1", max_score=3, cell_type="markdown")
        book.add_student("ada")
    return gradebook.opened(url, "course")


@pytest.mark.few(1)
@both
def test_a_submission_gets_the_rows_that_nbgrader_gives_it(url):
    with assignment(url) as book:
        rows = gradebook.Submissions(book.find_assignment("ps1"))
        rows.add(book, "ada")
        book.db.commit()
        ours = dump(url)
        book.remove_submission("ps1", "ada")
        with book.db.no_autoflush:
            book.add_submission("ps1", "ada")
        assert dump(url) == ours
        assert [len(ours[name]) for name in ("submitted_notebook", "grade", "comment")] == [2, 3, 3]
        with pytest.raises(MissingEntry):
            rows.add(book, "nobody")


@pytest.mark.slow
@both
def test_a_submission_that_another_grader_adds_meanwhile_is_taken(url):
    with assignment(url) as book:
        rows = gradebook.Submissions(book.find_assignment("ps1"))
        book.db.commit()

        def late(_, student):  # it is not there yet when it is looked for
            with gradebook.opened(url, "course") as other, other.db.no_autoflush:
                other.add_submission("ps1", student)
            raise MissingEntry

        seen = SimpleNamespace(find_submission=late, find_student=book.find_student, db=book.db)
        writer = SimpleNamespace(book=seen, course=SimpleNamespace(name="ps1"), submissions=rows)
        Recorder._add_submission(writer, "ada")
        assert len(book.update_or_create_submission("ps1", "ada").notebooks) == 2
    assert len(dump(url)["grade"]) == 3


def add_all(url, students, moment):
    """Add submissions, each in a transaction of its own, as a grader does."""
    with gradebook.opened(url, "course") as book:
        rows = gradebook.Submissions(book.find_assignment("ps1"))
        writer = SimpleNamespace(book=book, course=SimpleNamespace(name="ps1"), submissions=rows)
        book.db.rollback()
        time.sleep(max(0, moment - time.time()))
        for student in students:
            Recorder._add_submission(writer, student)
            book.update_or_create_submission("ps1", student)
            book.db.expunge_all()


@pytest.mark.slow
@both
def test_four_add_submissions_at_once(url):
    own = {grader: [f"{grader}-{n}" for n in range(40)] for grader in range(4)}
    shared = [f"shared-{n}" for n in range(40)]
    with assignment(url) as book:
        for students in (*own.values(), shared):
            book.db.add_all(Student(id=student) for student in students)
        book.db.commit()
    mixed = [
        [n for pair in zip(names, shared, strict=True) for n in pair] for names in own.values()
    ]
    moment = time.time() + 2
    assert at_once(add_all, *((url, names, moment) for names in mixed)) == [0, 0, 0, 0]
    found = dump(url)
    assert len(found["submitted_assignment"]) == 200
    assert len(found["grade"]) == 200 * 3


@pytest.mark.slow
@both
def test_several_graders_at_once_lose_nothing(url, fresh, stock):
    config = (fresh / "nbgrader_config.py").read_text()
    (fresh / "nbgrader_config.py").write_text(f"{config}\nc.CourseDirectory.db_url = {url!r}\n")
    for words in (
        ("db", "assignment", "add", "ps1", "--duedate=2026-01-02 12:00:00 UTC"),
        ("generate_assignment", "ps1", "--force"),
    ):
        done = run("nbgrader.apps", "NbGraderApp", fresh, words)
        assert done.status == 0, done.err
    patterns = ("[ab]*", "[d-l]*", "n*")
    assert at_once(grade_part, *((fresh, one) for one in patterns)) == [0, 0, 0]
    found = outcome(fresh, url)
    assert found == stock[1]
    done = grade(fresh, "--json")
    assert json.loads(done.out)["unchanged"] == len(CLASS)


def grade_part(root, students):
    from proctor.batch.app import GradeApp

    os.chdir(root)
    GradeApp.launch_instance(["ps1", f"--student={students}", "--workers=1"])
