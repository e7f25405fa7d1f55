"""``proctor feedback``: the same pages for a class, of what changed; marks by hand survive."""

import json
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_output
from nbgrader.api import Gradebook

from tests import commands
from tests.conftest import hear_ctrl_c, nbgrader
from tests.proctor.test_feedback import CONFIG, RIGHT, answered, source

STUDENTS = ("ada", "emmy", "sonja")


def proctor(course, *words, check=True):
    """Run a command of proctor's; return the finished process."""
    done = commands.run(course, "proctor", *words, apart=True)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def feedback(course, *words):
    return json.loads(proctor(course, "feedback", "ps1", "--json", *words).stdout)


def hand_in(course, student, essay="Because.", names=("p1", "p2")):
    folder = course / "submitted" / student / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text("2026-11-01 12:00:00 UTC")
    (folder / "submission_secret.txt").write_text("c2VjcmV0")
    for name in names:
        released = nbformat.read(course / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        nbformat.write(answered(released, essay, "1", RIGHT), folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def course(tmp_path_factory, environment):
    """A graded class of three; one has handed in one notebook of two."""
    root = tmp_path_factory.mktemp("command") / "course"
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True)
    for name in ("p1", "p2"):
        nbformat.write(source(), folder / f"{name}.ipynb")
    (folder / "helper.py").write_text("x = 1")
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbgrader(root, "generate_assignment", "ps1")
    for student in STUDENTS:
        hand_in(root, student, names=("p1",) if student == "sonja" else ("p1", "p2"))
    proctor(root, "grade", "ps1")
    return root


def mark(course, student, points, comment=None):
    """Give points to an essay, as Formgrader does."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grade = book.find_grade("why", "p1", "ps1", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment("why", "p1", "ps1", student).manual_comment = comment
        book.db.commit()


def is_open(course, student):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        return book.find_grade("why", "p1", "ps1", student).needs_manual_grade


def pages(course):
    return {
        str(path.relative_to(course)): path.read_bytes()
        for path in (course / "feedback").rglob("*")
        if path.is_file() and path.suffix != ".made-of"
    }


@pytest.mark.slow
def test_it_writes_what_nbgrader_s_command_writes(course):
    told = feedback(course, "--force")
    assert (told["written"], told["failed"], told["stopped"]) == (3, {}, False)
    mine = pages(course)
    beside = {"p1.html", "p2.html", "index.html", "timestamp.txt", "submission_secret.txt"}
    for student in STUDENTS:
        folder = course / "feedback" / student / "ps1"
        assert {path.name for path in folder.iterdir()} == beside
    assert b"This notebook was not handed in" in mine["feedback/sonja/ps1/p2.html"]
    nbgrader(course, "generate_feedback", "ps1", "--force")
    assert pages(course) == mine
    assert feedback(course)["unchanged"] == 3  # of nbgrader's pages, too


def test_it_writes_again_what_was_marked_by_hand_and_no_more(course):
    feedback(course)
    mark(course, "emmy", 3, "Nearly.")
    told = feedback(course)
    assert (told["written"], told["unchanged"]) == (1, 2)
    page = (course / "feedback/emmy/ps1/p1.html").read_text()
    assert "Nearly." in page
    assert "3 of 4" in page
    assert feedback(course, "--student", "ada", "--force")["written"] == 1


@pytest.mark.few(1)
@pytest.mark.parametrize("command", ["proctor grade", "nbgrader autograde"])
def test_a_regrade_asks_for_another_look_where_the_text_changed(course, command):
    tool, word = command.split()
    run = proctor if tool == "proctor" else nbgrader
    hand_in(course, "ada", essay="Because.")
    run(course, word, "ps1", "--student=ada", "--force")
    mark(course, "ada", 4, "Lovely.")
    run(course, word, "ps1", "--student=ada", "--force")
    assert not is_open(course, "ada")
    hand_in(course, "ada", essay=f"Because of {tool}.")
    for _ in range(2):  # nobody has looked at it yet
        run(course, word, "ps1", "--student=ada", "--force")
        assert is_open(course, "ada")
    feedback(course)
    page = (course / "feedback/ada/ps1/p1.html").read_text()
    assert "These points and this comment were given to an earlier text of yours" in page
    assert "Lovely." in page


@pytest.mark.slow
def test_a_page_that_cannot_be_made_costs_its_owner(course):
    path = course / "autograded" / "emmy" / "ps1" / "p1.ipynb"
    kept = path.read_bytes()
    book = nbformat.reads(kept.decode(), as_version=4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.outputs = [new_output("stream", name="stdout", text="x")] * 30_000
    path.chmod(0o644)
    nbformat.write(book, path)
    done = proctor(course, "feedback", "ps1", "--force", "--json", check=False)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["failed"].keys() == {"emmy"}
    assert told["written"] == 2
    assert "could not be made" in (course / "feedback/emmy/ps1/p1.html").read_text()
    path.write_bytes(kept)
    assert feedback(course)["written"] == 1


def test_what_is_no_assignment_is_bad_input(course):
    done = proctor(course, "feedback", "ps7", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("proctor feedback: No notebooks were matched")
    assert proctor(course, "feedback", check=False).returncode == 2


@pytest.mark.slow
def test_ctrl_c_leaves_whole_pages_and_the_next_call_goes_on(course):
    feedback(course)
    before = pages(course)
    for seconds in (0.5, 1.0, 1.5, 2.0, 3.0):
        process = subprocess.Popen(  # of its own: it may be importing when it is stopped
            [sys.executable, "-m", "proctor", "feedback", "ps1", "--force"],
            cwd=course,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=hear_ctrl_c,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130, -signal.SIGINT)
        found = pages(course)
        assert {name: text for name, text in found.items() if not name.endswith(".new")} == before
    feedback(course)
    assert pages(course) == before
