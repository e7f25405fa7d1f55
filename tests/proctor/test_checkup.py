"""What `proctor doctor` says of what lies around the grader: each trouble is found, and named."""

import json
import os
import shutil
import sqlite3
from types import SimpleNamespace

import pytest

from proctor import __main__ as command
from proctor.batch import checkup
from proctor.plugins import gradebook
from proctor.sandbox import doctor

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "pooling"
c.Exchange.root = {exchange!r}
import proctor; proctor.configure(c)
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory, environment):
    """A gradebook of nobody."""
    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    with gradebook.opened(f"sqlite:///{path}", "pooling"):
        pass
    return path


@pytest.fixture
def course(tmp_path, monkeypatch, empty):
    """A course with a gradebook and an exchange, all as it should be."""
    top = tmp_path / "course"
    (top / "source" / "ps1").mkdir(parents=True)
    exchange = tmp_path / "exchange"
    (top / "nbgrader_config.py").write_text(CONFIG.format(exchange=str(exchange)))
    for name, mode in (("", 0o1777), ("pooling", 0o755)):
        (exchange / name).mkdir()
        (exchange / name).chmod(mode)
    for name, mode in (("outbound", 0o755), ("inbound", 0o1733), ("feedback", 0o711)):
        (exchange / "pooling" / name).mkdir()
        (exchange / "pooling" / name).chmod(mode)
    shutil.copy(empty, top)
    top.chmod(0o700)
    monkeypatch.chdir(top)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "no-settings"))
    return SimpleNamespace(top=top, exchange=exchange, of=exchange / "pooling")


def trouble():
    """{(what, seen)} of what is not in order."""
    return {(one.what, one.state, one.seen) for one in checkup.checkup() if one.state != checkup.OK}


def test_a_course_in_order(course):
    assert trouble() == set()
    text, data, well = checkup.told()
    assert well
    assert "gradebook  ok      whole, 0 students, sqlite" in text
    assert {one["what"] for one in data["around"]} == {
        *("versions", "gradebook", "answers", "exchange", "disk"),
    }


def break_config(course):
    (course.top / "nbgrader_config.py").write_text("c = get_config()\nc.no.such = 1/0\n")


def old_tables(course):
    with sqlite3.connect(course.top / "gradebook.db") as book:
        book.execute("UPDATE alembic_version SET version_num = 'old'")


def no_gradebook(course):
    (course.top / "gradebook.db").unlink()


def torn(course):
    path = course.top / "gradebook.db"
    path.write_bytes(b"not a database" * 1000)


def open_course(course):
    for path in (course.top, *course.top.parents[:3]):
        path.chmod(path.stat().st_mode | 0o055)


# what an operator may have done, and what is said
WRONG = {
    "a configuration that raises": (break_config, "its configuration: division by zero"),
    "another nbgrader's tables": (old_tables, "tables of another nbgrader (old)"),
    "no gradebook": (no_gradebook, "none yet at"),
    "a torn gradebook": (torn, "file is not a database"),
    "nobody may write": (lambda c: c.exchange.chmod(0o755), "not everybody may write to"),
    "no sticky bit": (lambda c: c.exchange.chmod(0o777), "anybody may move or remove a course"),
    "no hand-in": (lambda c: (c.of / "inbound").chmod(0o755), "students cannot use"),
    "seen hand-ins": (lambda c: (c.of / "inbound").chmod(0o1777), "list what others handed in"),
    "removable": (lambda c: (c.of / "inbound").chmod(0o733), "may remove what another handed in"),
    "changed release": (lambda c: (c.of / "outbound").chmod(0o777), "can change what is released"),
    "seen feedback": (lambda c: (c.of / "feedback").chmod(0o755), "can list others' feedback"),
    "no release yet": (lambda c: c.of.rename(c.exchange / "other"), "no folder"),
    "open to all": (open_course, "any account of this machine can read source, gradebook.db"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named(course, wrong, monkeypatch):
    do, says = WRONG[wrong]
    if wrong == "open to all":  # whatever lies above a test's folder
        monkeypatch.setattr(checkup.Path, "parents", property(lambda self: ()))
    do(course)
    found = trouble()
    assert any(says in seen for _, _, seen in found), found
    assert len({what for what, _, _ in found}) == 1, found


def test_no_room(course, monkeypatch):
    usage = SimpleNamespace(free=1 << 20)
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda place: usage)
    assert ("disk", "FAILED", "course: 0.0 GiB free") in trouble()
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda place: SimpleNamespace(free=1 << 40))
    full = SimpleNamespace(f_files=100, f_favail=5)
    monkeypatch.setattr(checkup.os, "statvfs", lambda place: full)
    assert checkup.room("course", course.top).seen == "course: room for 5 files only"


def test_a_version_that_does_not_fit(course, monkeypatch):
    known = checkup.metadata.version
    monkeypatch.setattr(
        checkup.metadata, "version", lambda name: "0.8.1" if name == "nbgrader" else known(name)
    )
    (found,) = trouble()
    assert "nbgrader 0.8.1, wanted" in found[2]


def test_the_command_tells_both(course, monkeypatch, capsys):
    held = doctor.Diagnosis(results={name: {"all": "held"} for name in doctor.TRIES})
    monkeypatch.setattr(doctor, "diagnose", lambda *_: held)
    monkeypatch.setattr("sys.argv", ["proctor", "doctor", "--json"])
    (course.of / "inbound").chmod(0o755)
    with pytest.raises(SystemExit) as ended:
        command.main()
    said = json.loads(capsys.readouterr().out)
    assert (ended.value.code, said["sufficient"]) == (1, True)
    assert any(one["state"] == "FAILED" for one in said["around"])


def test_elsewhere_it_says_that_there_is_no_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((what, state, seen),) = trouble()
    assert (what, state) == ("course", "look")
    assert "no course in this folder" in seen
    assert os.listdir(tmp_path) == []
