"""Collecting: through nbgrader's commands on a real exchange and real archives, hostile and not."""

import functools
import gzip
import io
import os
import pwd
import random
import re
import shutil
import socket
import stat
import tarfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeSubmit
from nbgrader.utils import capture_log
from traitlets.config import Config

from proctor.plugins import collect
from proctor.plugins.collect import archives, screen
from proctor.plugins.collect.names import student_problem
from tests.conftest import nbgrader

CANARY = "canary-of-the-course"

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root makes devices and gives files away")

# What `proctor.configure` sets of this; the owner check has tests of its own.
CONFIG = """
import proctor

c = get_config()
proctor.configure(c)
c.ExchangeFactory.collect = "proctor.plugins.collect.ExchangeCollect"
c.ZipCollectApp.extractor_plugin = "proctor.plugins.collect.Extractor"
c.ZipCollectApp.collector_plugin = "proctor.plugins.collect.FileNameCollector"
c.FileNameCollectorPlugin.named_regexp = (
    r".+/ps1_(?P<student_id>\\w+)_attempt_(?P<timestamp>[0-9\\-]+)[_/](?P<file_id>.+)"
)
c.CourseDirectory.course_id = "c"
c.CourseDirectory.max_file_size = 1000  # kB
c.CourseDirectory.max_dir_size = 2000
c.Screen.max_files = 50
c.Exchange.root = {exchange!r}
c.Exchange.cache = {cache!r}
c.ExchangeCollect.check_owner = False
"""


def notebook(text="x = 1"):
    meta = {"grade_id": "a", "schema_version": 3, "locked": False, "task": False}
    answer = new_code_cell(
        text, id="a", metadata={"nbgrader": {**meta, "grade": False, "solution": True}}
    )
    test = new_code_cell(
        "### BEGIN HIDDEN TESTS\nassert x == 1\n### END HIDDEN TESTS",
        id="t",
        metadata={
            "nbgrader": {
                **meta,
                "grade_id": "t",
                "grade": True,
                "solution": False,
                "locked": True,
                "points": 1,
            }
        },
    )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.writes(new_notebook(cells=[answer, test], metadata={"kernelspec": kernel}))


def now():
    return datetime.now(UTC).replace(tzinfo=None)


def stamp(**ago):
    return f"{now() - timedelta(**ago):%Y-%m-%d %H:%M:%S.%f} UTC"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A course with a released assignment, and its exchange, both as nbgrader makes them."""
    root = tmp_path_factory.mktemp("collect")
    course, exchange = root / "course", root / "exchange"
    (course / "source" / "ps1" / "data").mkdir(parents=True)
    exchange.mkdir()
    exchange.chmod(0o777)
    source = notebook(f"### BEGIN SOLUTION\nx = 1  # {CANARY}\n### END SOLUTION")
    (course / "source" / "ps1" / "p1.ipynb").write_text(source)
    (course / "source" / "ps1" / "helper.py").write_text("help = 1\n")
    (course / "source" / "ps1" / "data" / "a.csv").write_text("1\n")
    (course / "secret.txt").write_text(CANARY)
    config = CONFIG.format(exchange=str(exchange), cache=str(root / "cache"))
    (course / "nbgrader_config.py").write_text(config)
    settings = Config({"Exchange": {"root": str(exchange), "cache": str(root / "cache")}})
    here = CourseDirectory(root=str(course), course_id="c")
    api = NbGraderAPI(coursedir=here, config=settings)
    for result in (api.generate_assignment("ps1"), api.release_assignment("ps1")):
        assert result["success"], result
    inbound = exchange / "c" / "inbound"
    assert stat.S_IMODE(inbound.stat().st_mode) & 0o777 == 0o733
    return SimpleNamespace(root=root, course=course, inbound=inbound, settings=settings)


def fresh_course(base, course):
    """The course as it was before anything was handed in."""
    course.mkdir()
    for name in ("source", "release"):
        shutil.copytree(base.course / name, course / name)
    for name in ("gradebook.db", "nbgrader_config.py", "secret.txt"):
        shutil.copy(base.course / name, course)
    return course


@pytest.fixture
def place(base, tmp_path):
    """A course folder of its own for one test, and its inbound folder."""
    inbound = tmp_path / "exchange" / "c" / "inbound"
    inbound.mkdir(parents=True)
    course = fresh_course(base, tmp_path / "course")
    return SimpleNamespace(course=course, inbound=inbound, exchange=tmp_path / "exchange")


def hand_in(inbound, student, claimed=None, says=None, rand="abcdefghij-_", **files):
    """A folder in ``inbound`` as ``nbgrader submit`` makes it; ``says`` is its timestamp.txt."""
    claimed = stamp() if claimed is None else claimed
    folder = Path(inbound, f"{student}+ps1+{claimed}+{rand}")
    folder.mkdir()
    for name, text in {"p1.ipynb": notebook(), **files}.items():
        (folder / name).write_text(text)
    (folder / "timestamp.txt").write_text(claimed if says is None else says)
    folder.chmod(0o777)
    return folder


def collector(place, **settings):
    course = CourseDirectory(root=str(place.course), course_id="c", assignment_id="ps1")
    course.max_file_size, course.max_dir_size = 1000, 2000
    app = collect.ExchangeCollect(
        coursedir=course,
        authenticator=Authenticator(),
        config=Config({"Screen": {"max_files": 50}}),
    )
    app.root = str(place.exchange)
    app.check_owner = False
    for name, value in settings.items():
        setattr(app, name, value)
    return app


def collected(place, missing=False, **settings):
    """Collect in this process; return what it logged as a warning or worse.

    missing  whether somebody's work is not collected, which the result says
    """
    result = capture_log(collector(place, **settings))
    assert result["success"] == (not missing), result.get("error")
    lines = result.get("log", "").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("[INFO]"))


def taken(place, student):
    folder = place.course / "submitted" / student / "ps1"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def told(place, student):
    return [note.what for note in collect.notes(place.course / "submitted" / student / "ps1")]


PLAIN = ["p1.ipynb", "timestamp.txt"]


def odd_entries(folder, course):
    """Fill a submission with what it must not have; return the names."""
    (folder / "link").symlink_to(course / "gradebook.db")
    (folder / "source-link").symlink_to(course / "source")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "sub").mkdir()
    (folder / "sub" / "escape").symlink_to("../../../../course/secret.txt")
    os.link(course / "secret.txt", folder / "hard")
    os.mkfifo(folder / "pipe")
    here = os.getcwd()
    os.chdir(folder)  # a socket's path has at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(here)
    names = ["link", "source-link", "passwd", "sub/escape", "hard", "pipe", "socket"]
    if ROOT:
        os.mknod(folder / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        names.append("zero")
    with open(folder / "sparse", "wb") as file:
        file.truncate(1 << 27)  # 128 MB: bounded even if it were copied
    for name in ("new\nline", "-rf", "back\\slash", "\x1b[31m", "x" * 201, "turn\u202eedoc"):
        (folder / name).write_text("")
    with open(os.fsencode(folder) + b"/\xff\xfe", "w"):
        pass
    (folder / "helper.py").mkdir()
    (folder / "helper.py" / "x").write_text("")
    (folder / "data").write_text("a file where the assignment has a folder")
    return names


# --- The commands ---------------------------------------------------------------------------------


def test_the_command_collects_the_rest_and_says_what_it_left_out(base):
    at = CourseDirectory(course_id="c", assignment_id="ps1", student_id="honest")
    submit = ExchangeSubmit(coursedir=at, authenticator=Authenticator(), config=base.settings)
    submit.assignment_dir = str(base.course / "release")
    submit.start()
    left_out = odd_entries(hand_in(base.inbound, "hostile"), base.course)
    early = now() - timedelta(days=2)
    hand_in(base.inbound, "back-dated", f"{early:%Y-%m-%d %H:%M:%S} UTC")
    (base.inbound / "x+ps1+garbage").mkdir()
    (base.inbound / f"folder-link+ps1+{now()}").symlink_to(base.course / "source" / "ps1")
    (base.inbound / f"file+ps1+{now()}").write_text("")
    done = nbgrader(base.course, "collect", "ps1", check=False)
    assert done.returncode == 1
    assert "Not collected: `file`, `folder-link`" in done.stdout
    assert sorted(os.listdir(base.course / "submitted")) == ["back-dated", "honest", "hostile"]
    assert told(base, "honest") == []
    assert "p1.ipynb" in taken(base, "honest")
    assert taken(base, "hostile") == [*PLAIN[:1], "sub", "timestamp.txt"]
    for name in left_out:
        assert f"hostile: `{name}` was left out" in done.stdout
    assert "1 collected as they were, 2 with something left out or in doubt" in done.stdout
    assert "3 folders of inbound refused, 0 failed" in done.stdout
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\u202e]",
        re.sub(r"\x1b\[[\d;]*m\[", "", done.stdout).replace("\x1b[0m", "").replace("\x1b[m", ""),
    )
    assert CANARY not in "".join(
        path.read_text(errors="replace")
        for path in (base.course / "submitted").rglob("*")
        if path.is_file()
    )


def test_autograde_follows_nothing_in_folders_that_were_put_there_by_hand(base):
    submitted = base.course / "by-hand"
    for student in ("honest", "links", "pipe-for-time", "no-time", "source-as-answer"):
        folder = submitted / student / "ps1"
        folder.mkdir(parents=True)
        (folder / "p1.ipynb").write_text(notebook())
    left_out = odd_entries(submitted / "links" / "ps1", base.course)
    os.mkfifo(submitted / "pipe-for-time" / "ps1" / "timestamp.txt")
    (submitted / "no-time" / "ps1" / "timestamp.txt").write_text("9" * 30)
    (submitted / "source-as-answer" / "ps1" / "p1.ipynb").unlink()
    os.link(
        base.course / "source" / "ps1" / "p1.ipynb",
        submitted / "source-as-answer" / "ps1" / "p1.ipynb",
    )
    (submitted / "linked").symlink_to(submitted / "honest")
    where = "--CourseDirectory.submitted_directory=by-hand"
    done = nbgrader(base.course, "autograde", "ps1", where)
    autograded = base.course / "autograded"
    assert sorted(os.listdir(autograded)) == [
        "honest",
        "links",
        "no-time",
        "pipe-for-time",
        "source-as-answer",
    ]
    for name in left_out:
        assert f"`{name}` was left out" in done.stdout
        assert not os.path.lexists(autograded / "links" / "ps1" / name)
    assert "linked is a link" in done.stdout
    assert (autograded / "links" / "ps1" / "helper.py").read_text() == "help = 1\n"
    with Gradebook(f"sqlite:///{base.course}/gradebook.db") as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions("ps1")}
    assert scores == {
        "honest": 1,
        "links": 1,
        "no-time": 1,
        "pipe-for-time": 1,
        "source-as-answer": 0,
    }
    (note,) = collect.notes(submitted / "no-time" / "ps1")
    assert note.what == "`timestamp.txt` was left out: it holds no time."
    assert "it holds no time" in (autograded / "no-time" / "ps1" / "p1.ipynb").read_text()


# --- The exchange ---------------------------------------------------------------------------------


def test_limits_leave_out_what_goes_beyond_and_take_the_notebooks_first(place):
    many = hand_in(place.inbound, "many", **{f"a{i:03}": "" for i in range(100)})
    big = hand_in(place.inbound, "big", **dict.fromkeys("abc", "x" * 900_000))
    deep = hand_in(place.inbound, "deep")
    (deep / "/".join("d" * 40)).mkdir(parents=True)
    log = collected(place)
    assert len(taken(place, "many")) == 50
    assert "p1.ipynb" in taken(place, "many")
    assert len(told(place, "many")) == 21  # twenty, and how many more
    assert taken(place, "big") == ["a", "b", *PLAIN]
    assert told(place, "big") == ["`c` was left out: beyond the 2 MB that a submission may have."]
    assert len(taken(place, "deep")) == 22
    assert "a folder deeper than 20 levels" in log
    assert all(folder.exists() for folder in (many, big, deep))


def test_a_tree_that_is_deeper_than_a_path_can_be_is_walked(place):
    folder = hand_in(place.inbound, "abyss")
    here = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(300):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    assert "deeper than 20 levels" in collected(place)


def test_what_cannot_be_read_is_left_out(place, monkeypatch):
    folder = hand_in(place.inbound, "s", closed="")
    (folder / "closed-too").mkdir()
    real = os.open

    def refused(path, *args, **kwargs):  # root reads everything, so permissions would not do
        if str(path).startswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(screen.os, "open", refused)
    collected(place)
    assert taken(place, "s") == PLAIN
    assert told(place, "s") == [
        "`closed` was left out: it cannot be read.",
        "`closed-too` was left out: a folder that cannot be read.",
    ]


def test_what_nbgrader_ignores_is_passed_over_and_permissions_are_the_owner_s(place):
    folder = hand_in(place.inbound, "s", **{"x.pyc": "", "run.sh": "", "aux.txt": ""})
    (folder / "__pycache__").mkdir()
    (folder / "run.sh").chmod(0o4755)
    collected(place)
    assert taken(place, "s") == ["aux.txt", "p1.ipynb", "run.sh", "timestamp.txt"]
    target = place.course / "submitted" / "s" / "ps1"
    assert stat.S_IMODE((target / "run.sh").stat().st_mode) == 0o755
    assert told(place, "s") == ["`aux.txt` has a name that Windows cannot hold."]


@pytest.mark.parametrize(
    "name", ["..", ".", ".hidden", "a*", "[a]", " a", "-x", "a\nb", "a\\b", "\udcff", "x" * 201]
)
def test_a_student_s_name_that_is_a_path_or_a_pattern_is_refused(place, name):
    problem = student_problem(name)
    assert problem
    hand_in(place.inbound, "honest")
    hand_in(place.inbound, name, rand="12chars-long")
    log = collected(place, missing=not name.startswith("."))
    if not name.startswith("."):  # nbgrader does not look at a hidden folder
        assert "is not collected: the student's name in it is" in log
    assert os.listdir(place.course / "submitted") == ["honest"]


@pytest.mark.parametrize("name", ["a+b", "a@b.org", "Ana María", "学生", "o'neil", "x+ps1+y"])
def test_a_student_s_name_may_be_any_plain_one(place, name):
    hand_in(place.inbound, name)
    assert collected(place) == ""
    assert taken(place, name) == PLAIN


def kept_time(place, student):
    return screen.moment(
        (place.course / "submitted" / student / "ps1" / "timestamp.txt").read_text()
    )


@pytest.mark.parametrize(
    ("ago", "says", "what"),
    [
        ({"days": 3}, None, "its files were changed after that"),
        ({"days": -3}, None, "that is in the future"),
        ({}, {"days": 3}, "`timestamp.txt` says"),
        ({}, "soon", "`timestamp.txt` holds no time"),
        ({}, "9" * 400, "`timestamp.txt` holds no time"),
        ({}, "", "`timestamp.txt` holds no time"),
    ],
    ids=["back-dated", "future", "another", "words", "digits", "empty"],
)
def test_a_time_that_cannot_be_is_told_and_the_file_system_s_counts(place, ago, says, what):
    # times are made here: pytest collects parameters minutes before it runs them
    says = stamp(**says) if isinstance(says, dict) else says
    folder = hand_in(place.inbound, "s", stamp(**ago), says)
    os.utime(folder / "p1.ipynb", (0, 0))  # a student can set this one
    assert what in collected(place)
    assert what in told(place, "s")[0]
    assert abs(kept_time(place, "s") - now()) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("11/02/2026 10:00 PM", "2026-11-02 or 2026-02-11"),
        ("01.11.2026", "2026-01-11 or 2026-11-01"),
        (b"3-4-2026 12:00 UTC", "2026-03-04 or 2026-04-03"),
    ],
)
def test_a_day_that_may_be_two_is_asked_about(tmp_path, text, days):
    assert screen.moment(text) is None
    text = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "timestamp.txt").write_bytes(text)
    looked = screen.Screen(coursedir=CourseDirectory(root=str(tmp_path)))
    (finding,) = looked.inspect(tmp_path, "ps1")
    assert f"its day may be {days}" in finding.what


@pytest.mark.parametrize("text", ["25.12.2026", "12/25/2026", "11/11/2026", "2026-11-02 10:00 UTC"])
def test_a_day_that_is_one_is_read(text):
    assert screen.moment(text).year == 2026


def test_the_claimed_time_is_kept_if_the_instructor_says_so(place):
    hand_in(place.inbound, "s", stamp(days=3))
    assert "The former is used" in collected(place, file_times="flag")
    assert abs(kept_time(place, "s") - now()) > timedelta(days=2)


def test_an_exchange_that_was_restored_makes_nobody_late(place):
    for student in ("a", "b", "c"):
        hand_in(place.inbound, student, stamp(days=3))
    hand_in(place.inbound, "d")
    assert "moved or restored" in collected(place)
    assert abs(kept_time(place, "a") - now()) > timedelta(days=2)


def test_the_latest_submission_counts_and_a_broken_one_does_not_hide_it(place):
    hand_in(place.inbound, "s", stamp(seconds=60), rand="first--first", **{"v": "1"})
    hand_in(place.inbound, "s", stamp(seconds=30), rand="second-secon", **{"v": "2"})
    (place.inbound / f"s+ps1+{stamp()}+linked-linke").symlink_to(place.course)
    (place.inbound / "s+ps1+never+broken-broke").mkdir()
    collected(place)
    assert (place.course / "submitted" / "s" / "ps1" / "v").read_text() == "2"
    hand_in(place.inbound, "s", stamp(seconds=-1), rand="third--third", **{"v": "3"})
    collected(place)
    assert (place.course / "submitted" / "s" / "ps1" / "v").read_text() == "2"
    collected(place, update=True)
    assert (place.course / "submitted" / "s" / "ps1" / "v").read_text() == "3"


@as_root
def test_another_s_folder_does_not_displace_the_student_s_own(place, monkeypatch):
    daemon, other = pwd.getpwnam("daemon"), pwd.getpwnam("bin")
    own = hand_in(place.inbound, "daemon", stamp(seconds=30), rand="own-own-own-", **{"v": "own"})
    forged = hand_in(place.inbound, "daemon", rand="forged-forge", **{"v": "forged"})
    only = hand_in(place.inbound, "nobody-else")
    for folder, user in ((own, daemon), (forged, other), (only, other)):
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, -1)
    os.chown(own / "v", other.pw_uid, -1)
    linked = place.course / "submitted-by-root"
    linked.write_text(CANARY)
    os.link(linked, own / "hard")
    log = collected(place, check_owner=True)
    assert taken(place, "daemon") == [*PLAIN, "v"]
    assert (place.course / "submitted" / "daemon" / "ps1" / "v").read_text() == "own"
    assert "is not collected: it belongs to the account `bin`" in log
    assert told(place, "daemon") == [
        "`hard` was left out: a second name of a file that belongs to someone else.",
        "`v` is another account's than the rest of the submission.",
    ]
    assert "belongs to the account `bin`" in told(place, "nobody-else")[0]
    shutil.rmtree(place.course / "submitted")
    collected(place, missing=True, check_owner=True, other_owner="refuse")
    assert os.listdir(place.course / "submitted") == ["daemon"]


def test_a_failure_here_costs_one_submission_and_the_exit_status(place):
    hand_in(place.inbound, "a")
    hand_in(place.inbound, "b")
    (place.course / "submitted").mkdir()
    (place.course / "submitted" / "a").write_text("a file is in the way")
    result = capture_log(collector(place))
    assert not result["success"]
    assert "0 folders of inbound refused, 1 failed" in result["log"]
    assert taken(place, "b") == PLAIN


def test_a_file_that_is_exchanged_while_it_is_collected_is_left_out(place, monkeypatch):
    folder = hand_in(place.inbound, "s", **{"a": "", "b": ""})
    real = screen.Screen._collision

    def swap(self, path, status, source):  # between the look at a file and its copy
        if path.name in "ab":
            (folder / path).unlink()
            if path.name == "a":
                (folder / path).symlink_to(place.course / "secret.txt")
            else:
                os.mkfifo(folder / path)
        return real(self, path, status, source)

    monkeypatch.setattr(screen.Screen, "_collision", swap)
    app = collector(place)
    app._changed = lambda path, status: now()  # the first walk is not the one to disturb
    capture_log(app)
    assert taken(place, "s") == PLAIN
    assert told(place, "s") == [
        "`a` was left out: it cannot be read.",
        "`b` was left out: it was exchanged while it was collected.",
    ]


# --- Archives -------------------------------------------------------------------------------------

BOMB = 200_000_000  # bytes of zeros; what an archive may unpack to here is 2 MB


def zipped(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(*members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def tar_info(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_link(name, to):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(info, to)
        archive.writestr("p1.ipynb", notebook())
    return data.getvalue()


def pax_bomb():
    """A tar whose header claims to be half a gigabyte long, and is."""
    info = tar_info("x", b"L")
    info.size = BOMB
    data = io.BytesIO()
    with gzip.open(data, "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(BOMB // 1_000_000):
            file.write(bytes(1_000_000))
    return data.getvalue()


def endless(levels=30):
    """A zip in a zip in a zip …"""
    data = zipped(**{"p1.ipynb": notebook()})
    for _ in range(levels):
        data = zipped(**{"p1.ipynb": notebook(), "z.zip": data})
    return data


def archive_of(student, kind="zip"):
    return f"ps1_{student}_attempt_2026-01-30-15-30-10.{kind}"


@functools.cache  # gigabytes are packed for it: not when tests are collected
def packed():
    """{name: bytes} of archives that are honest, hostile or broken."""
    return {
        archive_of("honest"): zipped(**{"p1.ipynb": notebook(), "notes.txt": "n"}),
        archive_of("tar", "tar.gz"): tarred(
            (tar_info("./p1.ipynb"), notebook().encode()),
            (tar_info("link", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (tar_info("hard", tarfile.LNKTYPE, "../../gradebook.db"), b""),
            (tar_info("pipe", tarfile.FIFOTYPE), b""),
            (tar_info("zero", tarfile.CHRTYPE), b""),
            (tar_info("/absolute.ipynb"), b"x"),
            (tar_info("../../up.ipynb"), b"x"),
        ),
        archive_of("ziplink"): zip_link("link.ipynb", "/etc/passwd"),
        archive_of("names"): zipped(
            **{
                "p1.ipynb": notebook(),
                "../../up.ipynb": "x",
                "/absolute.ipynb": "x",
                "C:/drive.ipynb": "x",
                "a\\..\\b.ipynb": "x",
                "new\nline.ipynb": "x",
                "p1.ipynb/below.ipynb": "x",
                "x" * 250 + ".ipynb": "x",
            }
        ),
        archive_of("zipbomb"): zipped(**{"p1.ipynb": bytes(BOMB)}),
        archive_of("tarbomb", "tar.gz"): pax_bomb(),
        archive_of("nested"): zipped(
            **{"p1.ipynb": notebook(), "in.zip": zipped(**{"p1.ipynb": bytes(BOMB)})}
        ),
        archive_of("bombs"): zipped(
            **{"p1.ipynb": notebook()},
            **{f"{i}.zip": zipped(**{"p1.ipynb": bytes(BOMB // 10)}) for i in range(30)},
        ),
        archive_of("endless"): endless(),
        archive_of("many"): zipped(**{f"{i}.ipynb": "" for i in range(200)}),
        archive_of("broken"): b"PK\3\4" + bytes(1000),
        archive_of("empty"): b"",
        archive_of("nothing", "gz"): gzip.compress(b"no tar"),
    }


def cases():
    """A download of every kind: {path below archive/: bytes}."""
    flat = "ps1_{}_attempt_2026-01-30-15-30-10_{}"
    damaged = bytearray(zipped(**{"p1.ipynb": notebook(), "q.ipynb": "x" * 5000}))
    damaged[60] ^= 255
    return {
        **packed(),
        archive_of("damaged"): bytes(damaged),
        flat.format("single", "p1.ipynb"): notebook().encode(),
        # The upload's own name says honest; the learning system's part, in front, says eve.
        flat.format("eve", flat.format("honest", "p1.ipynb")): b"x",
        # The archive's name says eve, a folder in it says honest.
        archive_of("eve"): zipped(**{flat.format("honest", "p1.ipynb"): "x"}),
        "ps1_later_attempt_2999-01-30-15-30-10_p1.ipynb": notebook().encode(),
        "ps1_never_attempt_99999999999999999999_p1.ipynb": notebook().encode(),
    }


def test_zip_collect_takes_the_plain_files_of_each_archive(base):
    archive = base.course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    for name, data in cases().items():
        (archive / name).write_bytes(data)
    (archive / "ps1_linked_attempt_2026-01-30-15-30-10_p1.ipynb").symlink_to(
        base.course / "secret.txt"
    )
    begun = time.monotonic()
    where = "--CourseDirectory.submitted_directory=by-zip"
    done = nbgrader(base.course, "zip_collect", "ps1", where, check=False)
    assert done.returncode == 1
    assert "Not collected, as said above" in done.stdout
    assert time.monotonic() - begun < 60
    submitted = base.course / "by-zip"
    got = {student.name: sorted(os.listdir(student / "ps1")) for student in submitted.iterdir()}
    with_time = ["p1.ipynb", "timestamp.txt"]
    assert got == {
        "honest": with_time,
        "tar": with_time,
        "ziplink": with_time,
        "names": with_time,
        "nested": with_time,
        "bombs": with_time,
        "endless": [*with_time, "z"],
        "eve": ["ps1_honest_attempt_2026-01-30-15-30-10_p1.ipynb", "timestamp.txt"],
        "single": with_time,
        "damaged": ["q.ipynb", "timestamp.txt"],
        "later": ["p1.ipynb"],
        "never": ["p1.ipynb"],
    }, done.stdout
    assert (submitted / "nested" / "ps1" / "p1.ipynb").read_text() == notebook()
    assert (submitted / "honest" / "ps1" / "p1.ipynb").read_text() == notebook()
    said = (submitted / "honest" / "ps1" / "timestamp.txt").read_text()
    assert said == "2026-01-30 15:30:10"
    extracted = base.course / "downloaded" / "ps1" / "extracted"
    assert sum(p.stat().st_size for p in extracted.rglob("*")) < 3_000_000
    assert not any(path.is_symlink() for path in extracted.rglob("*"))
    assert not list(base.root.rglob("up.ipynb"))
    for words in (
        "it could be of `eve` or `honest`",
        "zipbomb_attempt_2026-01-30-15-30-10.zip` is left out: it unpacks to more",
        "in.zip` is left out: it unpacks to more",
        "its name has a time in the future",
        "its name has no time",
        "_p1.ipynb` is left out: a link",
    ):
        assert words in done.stdout, done.stdout


def test_who_is_who_in_names_of_downloaded_files(base, tmp_path):
    course = fresh_course(base, tmp_path / "course")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_student("adam")
    archive = course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    name = "ps1_{}_attempt_2026-01-30-15-30-10_{}"
    for upload in (
        name.format("adam", "p1.ipynb"),
        name.format("newcomer", "p1.ipynb"),
        name.format("eve", name.format("adam", "p1.ipynb")),
    ):
        (archive / upload).write_text(notebook())
    # twice the same file, and nothing says which is the later one
    twice = {f"{n}/p1.ipynb": notebook() for n in "ab"}
    (archive / archive_of("twice")).write_bytes(zipped(**twice))
    # an expression such as nbgrader's documentation has it, which takes the last name that it finds
    with open(course / "nbgrader_config.py", "a") as config:
        config.write(
            "c.FileNameCollectorPlugin.named_regexp = r'.+_(?P<student_id>\\w+)_attempt_[0-9\\-]+"
            "[_/](?:.+/)?(?P<file_id>\\w+)'\n"
        )
    done = nbgrader(course, "zip_collect", "ps1", check=False)
    assert done.returncode == 1
    assert sorted(os.listdir(course / "submitted")) == ["adam", "newcomer"]
    assert "newcomer has a submission, but is not in the gradebook" in done.stdout
    assert "it could be of `adam` or `eve`" in done.stdout
    assert "`twice` has another `p1.ipynb`, and none is later" in done.stdout


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("adam/p1.ipynb", None),
        ("adam/sub/p1.ipynb", None),
        ("../p1.ipynb", "a name that is a path"),
        (".adam/p1.ipynb", "a name that nbgrader does not find again"),
        ("adam/../../p1.ipynb", "a name that is a path"),
        ("adam//p1.ipynb", "a name that is a path"),
        ("adam/a\\b.ipynb", "a name that is a path"),
        ("adam/\x07.ipynb", "a name with invisible characters"),
    ],
)
def test_a_name_that_leads_out_of_the_submission_is_refused(path, problem):
    reader = collect.FileNameCollector()
    reader.named_regexp = r"(?P<student_id>[^/]+)/(?P<file_id>.+)"
    info, found = reader._read(path)
    assert bool(info) == (problem is None)
    assert (problem or "") in (found or "")
    assert reader.collect(path) == info


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar"])
def test_a_damaged_archive_stops_nothing_and_puts_nothing_elsewhere(tmp_path, kind):
    whole = packed()[archive_of("names") if kind == "zip" else archive_of("tar", "tar.gz")]
    whole = gzip.decompress(whole) if kind == "tar" else whole
    app = ZipCollectApp()
    app.coursedir = CourseDirectory(root=str(tmp_path), max_dir_size=100)
    archive, out = tmp_path / "in", tmp_path / "out"
    archive.mkdir()
    chance = random.Random(7)
    for number in range(200):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (archive / f"{number}.{'gz' if kind == 'tar' else kind}").write_bytes(
            data[: chance.choice([len(data), chance.randrange(len(data))])]
        )
    collect.Extractor(parent=app).extract(str(archive), str(out))
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert all(path.is_file() or path.is_dir() for path in out.rglob("*"))
    assert any(out.rglob("p1.ipynb"))


def test_what_is_refused_is_given_back_but_not_the_work():
    whole = archives._Budget(100, 10)
    for _ in range(11):
        part = archives._Budget(90, 10, whole)
        part.charge(90)
        part.give_back()
        assert whole.bytes == 100
    with pytest.raises(archives.TooLarge):
        archives._Budget(90, 10, whole).charge(11)
