"""A student's function finds what a test writes for it: that, and nothing else."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from proctor.run.job import Job
from proctor.run.settings import Settings
from proctor.run.written import MOST, Written, lay

SECRET = "canary-of-a-hidden-file"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A test's own folder, with a file of the course's; beside it lies the grader's."""
    made = tmp_path / "own"
    (made / "data").mkdir(parents=True)
    (made / "data" / "course.csv").write_text("1")
    (tmp_path / "grader.txt").write_text(SECRET)
    monkeypatch.chdir(made)
    monkeypatch.setattr("proctor.run.written.gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return made


def written(names=(), said=(), laid=None):
    heard = SimpleNamespace(everything=False, texts=lambda: set(said))
    made = Written(names, heard)
    made.theirs, made.laid = laid or {}, tuple(laid or ())
    made.begin()
    return made


def test_what_is_named_is_sent_and_once(folder):
    given = written()
    Path("a.txt").write_text("1")
    Path("b.txt").write_text("2")
    assert given.news(("f", "a.txt", 3)) == ({"a.txt": b"1"}, [])
    assert given.news(("f", "a.txt")) == ({}, [])
    assert given.news(("f", [("b.txt",)])) == ({"b.txt": b"2"}, [])
    Path("a.txt").write_text("3")  # of the same size, and within one tick of the clock
    assert given.news(()) == ({"a.txt": b"3"}, [])
    os.unlink("a.txt")
    assert given.news(()) == ({"a.txt": None}, [])


def test_a_folder_goes_with_what_is_in_it(folder, tmp_path):
    given = written()
    Path("data/mine.csv").write_text("2")
    assert given.news((Path("data"),)) == ({"data/mine.csv": b"2"}, ["data"])
    inner = tmp_path / "temporary" / "x"
    inner.mkdir()
    (inner / "y.txt").write_text("3")
    assert given.news((f"{inner}/z.txt",)) == ({}, [str(inner)])
    assert given.news((str(inner),)) == ({f"{inner}/y.txt": b"3"}, [])


def test_what_the_model_answer_names_is_sent_with_any_call(folder):
    given = written(names=("scores.txt", "none.txt"))
    Path("scores.txt").write_text("1")
    Path("expected.txt").write_text(SECRET)
    assert given.news((3,)) == ({"scores.txt": b"1"}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("../grader.txt", "data/../../grader.txt", "/etc/passwd", "link.txt", "data/course.csv"),
        *("other/grader.txt", "", "a\0b", ".." * 400, "/dev/stdin", "pipe", ".", "..", "./"),
    ],
)
def test_nothing_else_is_sent(folder, tmp_path, name):
    given = written()
    Path("hidden.txt").write_text(SECRET)
    Path("link.txt").symlink_to(tmp_path / "grader.txt")
    Path("other").symlink_to(tmp_path)
    os.mkfifo("pipe")
    assert given.news((name,))[0] == {}


def test_a_name_that_only_the_student_s_process_has_said_is_passed_over(folder):
    given = written(said=["expected.txt"])
    Path("expected.txt").write_text(SECRET)
    assert given.news(("expected.txt",)) == ({}, [])
    given = written()
    assert given.news(("expected.txt",)) == (
        {},
        [],
    )  # the test's word first, as where it is missing
    given.heard = SimpleNamespace(everything=False, texts=lambda: {"expected.txt"})
    Path("expected.txt").write_text("1")
    assert given.news(("expected.txt",))[0] == {"expected.txt": b"1"}
    given.heard.everything = True
    Path("more.txt").write_text(SECRET)
    assert given.news(("more.txt",)) == ({}, [])


def test_a_copy_of_the_student_s_own_file_is_not_the_test_s(folder):
    given = written(names=["mine.txt"], laid={"mine.txt": b"1"})
    Path("mine.txt").write_text("1")
    assert given.news(("mine.txt",)) == ({}, [])
    assert given.take_back({"mine.txt": b"1"}) == {"mine.txt": b"1"}
    Path("mine.txt").write_text("2")
    assert given.news(("mine.txt",)) == ({"mine.txt": b"2"}, [])
    os.unlink("mine.txt")
    assert given.news(()) == ({"mine.txt": None}, [])


def test_one_file_has_one_name(folder):
    given = written()
    Path("a.txt").write_text("1")
    assert given.news(("./a.txt", "data/../a.txt", "data//b.txt")) == ({"a.txt": b"1"}, ["data"])
    assert given.take_back({"a.txt": b"1"}) == {}
    assert Path("a.txt").exists()


def test_what_an_earlier_test_wrote_is_the_tests_and_what_a_cell_did_since_is_the_course_s(folder):
    given = written()
    Path("a.txt").write_text("1")
    given.end()
    Path("b.txt").write_text("2")  # as a locked cell does, in both processes
    given.begin()
    assert given.news(("a.txt", "b.txt"))[0] == {"a.txt": b"1"}
    Path("b.txt").write_text("22")
    assert given.news(("b.txt",))[0] == {"b.txt": b"22"}


def test_what_is_large_stays(folder):
    Path("a.txt").write_bytes(bytes(MOST + 1))
    given = written()
    Path("a.txt").write_bytes(bytes(MOST + 2))
    assert given.news(("a.txt",)) == ({}, [])


def test_what_a_call_makes_of_it_comes_back(folder):
    given = written()
    Path("log.txt").write_text("a")
    Path("gone.txt").write_text("a")
    os.mkdir("out")
    given.news(("log.txt", "gone.txt", "out"))
    files = {"log.txt": b"a\nb", "out/x.csv": b"1", "out/x.npy": bytes(6), "mine.txt": b"?"}
    assert given.take_back(files) == {"mine.txt": b"?"}
    assert Path("log.txt").read_text() == "a\nb"
    assert Path("out/x.csv").read_text() == "1"
    assert Path("out/x.npy").read_bytes() == bytes(6)
    assert not Path("gone.txt").exists()
    assert not Path("mine.txt").exists()
    assert given.news(()) == ({}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("data/course.csv", "data/../a.txt", "data/../../grader.txt", "../grader.txt"),
        *(
            "data/numpy.py",
            "data/x.pth",
            "data/link/a.txt",
            "data/",
            "/etc/motd",
            "data/new/../b.txt",
        ),
    ],
)
def test_a_liar_changes_and_removes_nothing_else(folder, tmp_path, name):
    given = written()
    Path("a.txt").write_text("kept")
    Path("data/link").symlink_to(tmp_path)
    given.news(("data",))

    def everything():
        places = [Path(at, f) for at, _, names in os.walk(tmp_path) for f in names]
        return {place: place.read_bytes() for place in places if place.is_file()}

    before = everything()
    given.take_back({name: b"import os"})
    given.take_back({})
    assert everything() == before


def test_it_is_laid_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    roots, far = set(), tmp_path / "far" / "off"
    lay({"a.txt": b"1", "in/b.txt": b"2", f"{far}/c.txt": b"3"}, [str(far), "in"], roots)
    assert roots == {str(far)}
    assert (far / "c.txt").read_bytes() == b"3"
    lay({"a.txt": None, "in": b"no file", "none.txt": None}, [], roots)
    assert not Path("a.txt").exists()
    assert Path("in/b.txt").read_bytes() == b"2"


# -- behind the wall


def play(warm, answered, *tests):
    """[(kind, message)] of tests after an answer, and the files that the answer is said to have."""
    cells = [{"role": "student", "source": answered, "points": 1.0}]
    cells += [{"role": "test", "source": source, "points": 1.0} for source in tests]
    played = warm.play(Job(cells, 10, 60), Settings().policy())
    outcomes = [result["outcome"] for result in played.results[1:]]
    return [(o["kind"], o["message"]) for o in outcomes], played.made


SEES = (
    "import os\n\ndef see(name):\n    try:\n        with open(name) as file:\n"
    "            return file.read()\n    except OSError:\n        return ''\n\n"
)


@pytest.mark.parametrize(
    ("answered", "call"),
    [
        (SEES + "def name():\n    return 'expected.txt'", "see(name())"),
        (SEES + "def name():\n    return os.getcwd() + '/expected.txt'", "see(name())"),
        (SEES + "def name():\n    return '.'", "see(name() + '/expected.txt') and ''"),
        (SEES, "see('other.txt') + see('')"),
        (SEES + "see = lambda name: ' '.join(map(str, os.listdir('.')))", "see('other.txt')"),
    ],
)
def test_a_hidden_file_is_not_seen(warm, answered, call):
    test = (
        f"with open('expected.txt', 'w') as file:\n    file.write({SECRET!r})\n"
        f"with open('other.txt', 'w') as file:\n    file.write('x')\n"
        f"found = {call}\nassert {SECRET!r} not in found and 'expected' not in found"
    )
    ((kind, message),), _ = play(warm, answered, test)
    assert kind == "passed", message


def test_what_a_test_wrote_is_none_of_the_files_that_a_student_made(warm):
    test = "with open('a.txt', 'w') as file:\n    file.write('x')\nassert see('a.txt') == 'x'"
    (told,), made = play(warm, SEES + "open('mine.txt', 'w').close()", test)
    assert told[0] == "passed", told
    assert made == {"mine.txt": b""}


ADDS = (
    "def add(path, text):\n    with open(path, 'a') as file:\n        file.write(text)\n\n"
    "def code():\n    return 'left = (lambda: 7)()'"
)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "runs",
    [
        "exec(open('log.txt').read())\nassert left == 7",
        "import builtins\ngetattr(builtins, 'ex' + 'ec')(open('log.txt').read())\nassert left == 7",
        "import runpy\nassert runpy.run_path('log.txt')['left'] == 7",
    ],
)
def test_what_came_back_is_no_code_in_a_later_test_either(warm, runs):
    first = (
        "open('log.txt', 'w').close()\nadd('log.txt', code())\nassert open('log.txt').read()[:4]"
        " == 'left'"
    )
    told, _ = play(warm, ADDS, first, runs)
    assert [kind for kind, _ in told] == ["passed", "failed"], told


def test_no_module_comes_back(warm):
    test = (
        "import os, tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    open(os.path.join(folder, 'a.txt'), 'w').close()\n"
        "    add(os.path.join(folder, 'colorsys2.py'), 'x = 1')\n"
        "    add(os.path.join(folder, 'b.txt'), 'x = 1')\n"
        "    assert sorted(os.listdir(folder)) == ['a.txt', 'b.txt'], os.listdir(folder)"
    )
    (told,), _ = play(warm, ADDS, test)
    assert told[0] == "passed", told
