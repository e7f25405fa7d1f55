"""Who may be a student: names, accounts, times and shares, at every entrance."""

import csv
import os
import pwd
import re
import stat
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, Student
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log

import proctor.batch.app
from proctor.plugins import collect
from proctor.plugins.collect import screen
from proctor.plugins.collect.names import guard_gradebook, shown, student_problem
from proctor.plugins.rosters import Unreadable, as_nbgrader_reads
from tests.conftest import nbgrader
from tests.proctor.test_collect import (  # noqa: F401  (fixtures)
    archive_of,
    as_root,
    base,
    collected,
    collector,
    fresh_course,
    hand_in,
    kept_time,
    notebook,
    now,
    place,
    stamp,
    taken,
    told,
    zipped,
)

ALERT = "onerror=alert(1)"
# {what it is: three disguises}
HOSTILE = {
    "an element": [f"<img src=x {ALERT}>", "<svg onload=alert(1)>", "a<script>alert(1)"],
    "a broken element": ["<img src=x", "<", "a>b"],
    "an attribute": [f'x" {ALERT} y="', '"autofocus onfocus=alert(1)', 'a"b'],
    "a character reference": ["&lt;img&gt;", "&#60;b&#62;", "a&b"],
    "a string's end": ['";alert(1);"', "`${alert(1)}`", "a;b"],
    "a template": ["{{7*7}}", "{student_id}", "${7*7}"],
    "another <": ["\uff1cimg\uff1e", "\u2039img\u203a", "\u02c2img\u02c3"],
    "a formula": ["=1+1", "+1-1", "@SUM(1)"],
    "a formula, hidden": ["-1+1", "\t=1", " =1"],
    "a formula with quotes": ['=HYPERLINK("x")', "a,=1+1", '"=1"'],
    "a line's end": ["a\nb", "a\rb", "a\u2028b"],
    "what steers a terminal": ["\x1b[2J", "a\x08b", "a\x9b2J"],
    "what turns the direction": ["a\u202eb", "a\u2066b", "\u200fa"],
    "what is invisible": ["a\u200bb", "a\ufeff", "a\u00adb"],
    "letters that are invisible": ["\u3164", "a\u115f", "a\ufe0fb"],
    "nothing but marks": ["\u0301", "\u0301a", "a" + "\u0301" * 50],
    "a path": ["..", "a/b", "a\\b"],
    "a hidden folder": [".", ".a", ".a.b"],
    "a pattern": ["*", "a?", "[ab]"],
    "spaces": [" a", "a ", "a  b"],
    "other spaces": ["a\u00a0b", "a\u3000b", "\u2003a"],
    "a dot at the end": ["a.", "a..", "a ."],
    "too long": ["x" * 101, "é" * 101, "学" * 70],
    "no text": ["\udcff", "a\udc80", "\ud800"],
    "no letter": ["-", "_", "()"],
    "no name": ["", "\0", "a\0b"],
    "a list": ["a,b", "a;b", "a|b"],
    "an option": ["--force", "-x", "-"],
    "a command": ["$(id)", "`id`", "a&&b"],
    "an address": ["file:///x", "javascript:x", "a:b"],
    "a number that is none": ["½", "²", "Ⅷ"],
    "a picture": ["😀", "a❤", "⠀"],
}
CASES = [(kind, name) for kind, names in HOSTILE.items() for name in names]
REAL = [
    *("ada", "s1234567", "o'neil@uni.example", "a+b@uni.example", "Ana María", "学生", "x+ps1+y"),
    *("Müller", "Mu\u0308ller", "d'Arc", "O#1", "ada (2)", "ada_l", "a-b", "a.b", "_x", "(1)"),
    *("नमस्ते", "สมชาย", "محمد", "דוד", "Nguyễn Thị", "١٢٣", "x" * 100),
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_what_is_no_student_s_id_is_refused(kind, name):
    what = student_problem(name)
    assert what
    assert what.isprintable()
    assert not set("<>&`\"'") & set(what)
    assert shown(name).strip("`").isprintable()
    assert not set('<>&`"') & set(shown(name).strip("`"))


@pytest.mark.parametrize("name", REAL)
def test_what_real_students_are_called_is_taken(name):
    assert student_problem(name) is None


# --- every entrance -------------------------------------------------------------------------------

ENTER = [f"<img src=x {ALERT}>", "=1+1", "new\nline", "a\u202eb", "&lt;b", "{{7*7}}", "a\u3164"]


def test_collect_takes_none_of_them(place):  # noqa: F811
    hand_in(place.inbound, "o'neil@uni.example")
    for name in ENTER:
        hand_in(place.inbound, name)
    log = collected(place, missing=True)
    assert os.listdir(place.course / "submitted") == ["o'neil@uni.example"]
    assert log.count("is not collected: the student's name in it is") == 7
    assert not set("<&\u202e\u3164") & set(log)


def test_zip_collect_takes_none_of_them(base, tmp_path):  # noqa: F811
    course = fresh_course(base, tmp_path / "course")
    with open(course / "nbgrader_config.py", "a") as config:
        config.write(
            "c.FileNameCollectorPlugin.named_regexp = "
            "r'(?s).+/(?P<student_id>[^/]+)---(?P<file_id>[^/]+)'\n"
        )
    archive = course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    for name in ("o'neil@uni.example", *ENTER):
        (archive / f"{name}---p1.ipynb").write_text(notebook())
    done = nbgrader(course, "zip_collect", "ps1", check=False)
    assert os.listdir(course / "submitted") == ["o'neil@uni.example"], done.stdout
    assert done.returncode == 1


@pytest.fixture
def submitted(base, tmp_path):  # noqa: F811
    """A course with folders of all these names in ``submitted/``, put there by hand."""
    course = fresh_course(base, tmp_path / "course")
    for name in ("o'neil@uni.example", *ENTER):
        folder = course / "submitted" / name / "ps1"
        folder.mkdir(parents=True)
        (folder / "p1.ipynb").write_text(notebook())
    return course


def students(course):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return [student.id for student in gradebook.students]


@pytest.mark.slow
def test_autograde_grades_none_of_them(submitted):
    done = nbgrader(submitted, "autograde", "ps1")
    assert students(submitted) == ["o'neil@uni.example"]
    assert os.listdir(submitted / "autograded") == ["o'neil@uni.example"]
    assert done.stdout.count("cannot be a student's id") == 7
    done = nbgrader(submitted, "autograde", "ps1", f"--student={ENTER[0]}")
    assert "`?img src=x onerror=alert(1)?` cannot be a student's id" in done.stdout
    assert students(submitted) == ["o'neil@uni.example"]


def test_proctor_grade_grades_none_of_them_and_says_so(submitted, monkeypatch, capsys):
    monkeypatch.chdir(submitted)
    with pytest.raises(SystemExit) as ended:
        proctor.batch.app.GradeApp.launch_instance(["ps1"])
    assert ended.value.code == 1
    assert students(submitted) == ["o'neil@uni.example"]
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if "could not be graded" in line]
    assert len(lines) == 7
    assert not set("<&\u202e\u3164") & set(said)
    proctor.batch.app.GradeApp.clear_instance()


def test_no_gradebook_takes_one(base, tmp_path):  # noqa: F811
    guard_gradebook()
    for name in ENTER:
        with pytest.raises(ValueError, match="cannot be a student's id"):
            Student(id=name)
    course = fresh_course(base, tmp_path / "course")
    (course / "list.csv").write_text(f'id,first_name\ngood,Good\n"<img src=x {ALERT}>",x\n')
    done = nbgrader(course, "db", "student", "import", "list.csv", check=False)
    assert done.returncode != 0
    assert "`?img src=x onerror=alert(1)?` cannot be a student's id: it is" in done.stdout
    assert students(course) == ["good"]
    done = nbgrader(course, "db", "student", "add", "=1+1", check=False)
    assert done.returncode != 0
    assert students(course) == ["good"]


# --- who is in the class --------------------------------------------------------------------------


def enter(course, *names, **more):
    with Gradebook(f"sqlite:///{course}/gradebook.db", course_id="c") as gradebook:
        for name in names:
            gradebook.update_or_create_student(name, **more)


@pytest.mark.slow
def test_with_a_list_of_the_class_nobody_else_gets_into_the_gradebook(submitted):
    enter(submitted, "listed", first_name="On", last_name="List")
    done = nbgrader(submitted, "autograde", "ps1")
    assert "`o'neil@uni.example` is not in the gradebook's list of the class" in done.stdout
    assert students(submitted) == ["listed"]
    nbgrader(submitted, "autograde", "ps1", "--Screen.strangers=take")
    assert sorted(students(submitted)) == ["listed", "o'neil@uni.example"]


def test_with_a_list_of_the_class_collect_takes_nobody_else(place):  # noqa: F811
    enter(place.course, "listed", email="listed@uni.example")
    hand_in(place.inbound, "listed")
    hand_in(place.inbound, "made-up")
    app = collector(place)
    app.coursedir.db_url = f"sqlite:///{place.course}/gradebook.db"
    result = capture_log(app)
    assert not result["success"]
    assert "`made-up` is not in the gradebook's list of the class" in result["log"]
    assert os.listdir(place.course / "submitted") == ["listed"]


def test_whom_nbgrader_has_entered_by_the_id_alone_makes_no_list(place):  # noqa: F811
    enter(place.course, "earlier")
    hand_in(place.inbound, "newcomer")
    app = collector(place)
    app.coursedir.db_url = f"sqlite:///{place.course}/gradebook.db"
    assert capture_log(app)["success"]
    assert os.listdir(place.course / "submitted") == ["newcomer"]


def owned(folder, account):
    for path in (*Path(folder).rglob("*"), Path(folder)):
        os.chown(path, pwd.getpwnam(account).pw_uid, -1)


@as_root
def test_an_account_hands_in_for_one_student(place):  # noqa: F811
    for number in range(40):
        owned(hand_in(place.inbound, f"made-up-{number}"), "bin")
    owned(hand_in(place.inbound, "bin"), "bin")
    owned(hand_in(place.inbound, "daemon"), "daemon")
    owned(hand_in(place.inbound, "by-mail@uni.example"), "games")
    log = collected(place, missing=True, check_owner=True)
    assert sorted(os.listdir(place.course / "submitted")) == [
        "bin",
        "by-mail@uni.example",
        "daemon",
    ]
    assert log.count("the account `bin` hands in for `bin` already") == 5
    assert "… and 35 more" in log
    assert len(log) < 5000


@as_root
def test_one_account_for_all_says_nothing(place):  # noqa: F811
    for name in ("a", "b", "c"):
        owned(hand_in(place.inbound, name), "daemon")
    collected(place, check_owner=True)
    assert sorted(os.listdir(place.course / "submitted")) == ["a", "b", "c"]


# --- times ----------------------------------------------------------------------------------------


@as_root
def test_work_that_an_accomplice_puts_into_an_early_folder_is_left_out(place):  # noqa: F811
    claimed = stamp(days=3)
    folder = hand_in(place.inbound, "daemon", claimed)
    owned(folder, "daemon")  # as if that was when it says; the next lines are after it
    early = os.lstat(folder / "p1.ipynb").st_ctime - 3 * 86400
    (folder / "late.py").write_text("x")
    os.chown(folder / "late.py", pwd.getpwnam("bin").pw_uid, -1)
    os.utime(folder / "late.py", (0, 0))
    real = screen.changed_at

    def changed_at(status):  # the student's own files: three days old
        own = status.st_uid == pwd.getpwnam("daemon").pw_uid
        return real(status) - timedelta(days=3) if own else real(status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen, "changed_at", changed_at)
        patch.setattr(collect.exchange, "changed_at", changed_at)
        log = collected(place, check_owner=True)
    assert "late.py" not in taken(place, "daemon")
    assert "another account changed it after the submission was handed in" in log
    assert abs(kept_time(place, "daemon") - screen.moment(claimed)) < timedelta(minutes=5)
    assert early


def test_files_of_any_account_count_where_accounts_say_nothing(place):  # noqa: F811
    folder = hand_in(place.inbound, "s", stamp(days=3))
    assert folder.is_dir()
    collected(place)
    assert abs(kept_time(place, "s") - now()) < timedelta(minutes=5)


def test_made_up_students_do_not_make_a_moved_exchange(place):  # noqa: F811
    """Enough early claims are taken for a restored exchange: not with one that stayed."""
    hand_in(place.inbound, "honest", stamp())
    for number in range(5):
        hand_in(place.inbound, f"early-{number}", stamp(days=3))
    log = collected(place)
    assert "moved or restored" not in log
    assert abs(kept_time(place, "early-1") - now()) < timedelta(minutes=5)


def zip_course(base, tmp_path, **archives):  # noqa: F811
    course = fresh_course(base, tmp_path / "course")
    archive = course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    for name, data in archives.items():
        (archive / name).write_bytes(data)
    done = nbgrader(course, "zip_collect", "ps1", check=False)
    return course / "submitted", done


EARLY = "ps1_{}_attempt_2026-01-02-03-04-05"


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "inner",
    [
        {EARLY.format("eve") + ".zip": zipped(**{"p1.ipynb": notebook()})},
        {EARLY.format("eve") + "/p1.ipynb": notebook()},
        {EARLY.format("eve") + "_p1.ipynb": notebook()},
        {"x.zip": zipped(**{EARLY.format("eve") + "_p1.ipynb": notebook()})},
    ],
    ids=["archive", "folder", "file", "file-in-an-archive"],
)
def test_the_outermost_name_says_the_time(base, tmp_path, inner):  # noqa: F811
    submitted, done = zip_course(base, tmp_path, **{archive_of("eve"): zipped(**inner)})
    kept = (submitted / "eve" / "ps1" / "timestamp.txt").read_text()
    assert kept == "2026-01-30 15:30:10", done.stdout
    assert "has the time of its outermost archive" in done.stdout


# --- shares ---------------------------------------------------------------------------------------

BOMB = zipped(**{"p1.ipynb": bytes(1_900_000)})  # of the 2 MB that one may unpack to here


def class_archive(**members):
    return {"class.zip": zipped(**members)}


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "bombs",
    [
        {archive_of("bomb"): BOMB},
        {archive_of(f"bomb-{n}".replace("-", "")): BOMB for n in range(5)},
        {archive_of("bomb"): zipped(**{"in.zip": BOMB, "p1.ipynb": bytes(500_000)})},
        {archive_of("bomb"): zipped(**{f"{n}.txt": "" for n in range(45)})},
        {archive_of("bomb") + "/p1.ipynb": bytes(1_900_000)},
        {archive_of("bomb"): bytes(1_900_000)},
    ],
    ids=["one", "five", "nested", "many-files", "plain", "an-archive-that-is-none"],
)
def test_one_student_s_share_of_a_class_archive_is_not_another_s(base, tmp_path, bombs):  # noqa: F811
    plain = {archive_of(f"s{n}"): zipped(**{"p1.ipynb": notebook()}) for n in range(30)}
    everybody = class_archive(**bombs, **plain)
    submitted, done = zip_course(base, tmp_path, **everybody)
    there = set(os.listdir(submitted))
    assert {f"s{n}" for n in range(30)} <= there, done.stdout


def test_what_zip_collect_leaves_out_is_told_once_a_kind_and_in_its_status(base, tmp_path):  # noqa: F811
    many = {f"-{n}.ipynb": "" for n in range(40)}
    submitted, done = zip_course(
        base, tmp_path, **{archive_of("s"): zipped(**{"p1.ipynb": notebook(), **many})}
    )
    assert os.listdir(submitted) == ["s"]
    assert done.returncode == 1
    assert done.stdout.count("begins like an option") == 6
    assert "… and 35 more: is left out: a name that begins like an option" in done.stdout
    (tmp_path / "whole").mkdir()
    _, done = zip_course(
        base, tmp_path / "whole", **{archive_of("s"): zipped(**{"p1.ipynb": notebook()})}
    )
    assert done.returncode == 0, done.stdout


def test_thousands_of_refusals_are_a_few_lines(place):  # noqa: F811
    for number in range(3000):
        (place.inbound / f"<b>{number}+ps1+{stamp()}").mkdir()
    hand_in(place.inbound, "honest")
    log = collected(place, missing=True)
    assert len(log.splitlines()) < 12
    assert "… and 2,995 more" in log
    assert taken(place, "honest")


def on_disk(path):
    return path.stat().st_blocks * 512


def test_zeros_take_no_room(place):  # noqa: F811
    folder = hand_in(place.inbound, "s")
    with open(folder / "sparse.bin", "wb") as file:
        file.write(b"begin")
        file.truncate(900_000)
        file.seek(500_000)
        file.write(b"middle")
    collected(place)
    copy = place.course / "submitted" / "s" / "ps1" / "sparse.bin"
    assert copy.read_bytes() == (folder / "sparse.bin").read_bytes()
    assert on_disk(copy) < 200_000


def test_nor_do_those_of_an_archive(tmp_path):
    app = ZipCollectApp()
    app.coursedir = CourseDirectory(root=str(tmp_path))
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.bin", bytes(5_000_000) + b"end" + bytes(1000))
    collect.Extractor(parent=app).extract(str(tmp_path / "in"), str(tmp_path / "out"))
    (made,) = (tmp_path / "out").rglob("x.bin")
    assert made.read_bytes() == bytes(5_000_000) + b"end" + bytes(1000)
    assert on_disk(made) < 200_000


@pytest.mark.parametrize("shared", [False, True])
def test_nobody_else_writes_into_what_is_collected(place, shared):  # noqa: F811
    folder = hand_in(place.inbound, "s", **{"a.txt": "", "run.sh": ""})
    (folder / "sub").mkdir()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)
    (folder / "a.txt").chmod(0o600)
    app = collector(place)
    app.coursedir.groupshared = shared
    assert capture_log(app)["success"]
    top = place.course / "submitted" / "s" / "ps1"
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (top, *top.rglob("*"))}
    for name, mode in modes.items():
        assert not mode & 0o002, name
        assert bool(mode & 0o020) == shared, name
    assert modes["a.txt"] == (0o660 if shared else 0o600)
    assert modes["sub"] == (0o2775 if shared else 0o755)


@pytest.mark.parametrize(
    "data",
    [
        "id,first_name\nzoe,Zoë\n".encode(),
        "\ufeffid,first_name\r\nzoe,Zoë\r\n".encode(),
        "id;first_name\nzoe;Zoë\n".encode(),
        "first_name\tid\nZoë\tzoe\n".encode("cp1252"),
        "\n id ; first_name\nzoe;Zoë\n".encode("cp1252"),
    ],
)
def test_a_list_of_students_is_read_as_spreadsheets_write_it(data):
    (row,) = csv.DictReader(as_nbgrader_reads(data, "id").splitlines())
    assert {name.strip(): value for name, value in row.items()} == {
        "id": "zoe",
        "first_name": "Zoë",
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("id,first_name\n".encode("utf-16"), "it is no CSV file in UTF-8"),
        (b"\x81\x8d", "it is neither UTF-8 nor Windows-1252"),
        (b"name,email\nzoe,z@example.org\n", "no column is called 'id': the first line is 'name"),
        (b"", "no column is called 'id'"),
    ],
)
def test_a_list_that_is_none_says_why(data, why):
    with pytest.raises(Unreadable, match=re.escape(why)):
        as_nbgrader_reads(data, "id")


@pytest.mark.slow
def test_nbgrader_imports_such_a_list(base, tmp_path):  # noqa: F811
    course = fresh_course(base, tmp_path / "course")
    (course / "class.csv").write_bytes("id;first_name\nzoe;Zoë\n".encode("cp1252"))
    nbgrader(course, "db", "student", "import", "class.csv")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        assert book.find_student("zoe").first_name == "Zoë"
    (course / "class.csv").write_text("name\nzoe\n")
    done = nbgrader(course, "db", "student", "import", "class.csv", check=False)
    assert done.returncode
    assert "class.csv is not imported: no column is called 'id'" in done.stdout
