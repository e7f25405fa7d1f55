"""What a submission is graded in the frame of, and what an interrupted run leaves to the next."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader as nbgrader_package
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from proctor.plugins.exporter import Exporter
from proctor.plugins.page import Page
from proctor.plugins.resume import Unfinished
from tests.conftest import minding_permissions, nbgrader

PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}
STUB = "def one():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"


def cell(name, source, **flags):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    meta |= {"grade_id": name, "schema_version": 3}
    return new_code_cell(source, id=name, metadata={"nbgrader": meta})


def prose_cell(name, **flags):
    return new_markdown_cell("Read.", id=name, metadata=cell(name, "", **flags).metadata)


@pytest.fixture(scope="module")
def released(tmp_path_factory, environment):
    """A course with one task, its right answer handed in by one student, nothing graded."""
    root = tmp_path_factory.mktemp("reading") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    test = cell("test_one", "assert one() == 1", grade=True, locked=True, points=2)
    one, setup = cell("one", STUB, solution=True), cell("setup", "limit = 3", locked=True)
    prose, task = (
        prose_cell("read", locked=True),
        prose_cell("task", task=True, locked=True, points=1),
    )
    book = new_notebook(cells=[one, test, setup, prose, task], metadata={"kernelspec": PYTHON})
    nbformat.write(book, root / "source" / "ps1" / "p1.ipynb")
    (root / "nbgrader_config.py").write_text(
        "import proctor\n\nc = get_config()\nproctor.configure(c)\nc.Execute.preload = []\n"
    )
    nbgrader(root, "generate_assignment", "ps1")
    folder = root / "submitted" / "right" / "ps1"
    folder.mkdir(parents=True)
    answered = nbformat.read(root / "release" / "ps1" / "p1.ipynb", as_version=4)
    answered.cells[0].source = "def one():\n    return 1"
    nbformat.write(answered, folder / "p1.ipynb")
    return root


@pytest.fixture
def course(released, tmp_path):
    return shutil.copytree(released, tmp_path / "course")


def edit(course, change):
    path = course / "source" / "ps1" / "p1.ipynb"
    book = nbformat.read(path, as_version=4)
    change(book)
    nbformat.write(book, path)


def autograde(course, *words):
    """Grade; return (the score, what was said)."""
    done = nbgrader(course, "autograde", "ps1", *words, check=False)
    if done.returncode:
        return None, done.stdout
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return gradebook.find_submission_notebook("p1", "ps1", "right").score, done.stdout


GENERATE = "run `nbgrader generate_assignment ps1 --force`, then grade with --force"


def make_cell_type(book):
    book.cells[2].cell_type = "markdown"
    del book.cells[2]["outputs"], book.cells[2]["execution_count"]


EDITS = {
    "test_one (text)": lambda book: book.cells[1].update(source="assert one() == 2"),
    "test_one (points: 2 recorded, 7 now)": lambda book: book.cells[1].metadata.nbgrader.update(
        points=7
    ),
    "setup (cell type)": make_cell_type,
    "setup (text)": lambda book: book.cells[2].update(source="limit = 4"),
    "task (text)": lambda book: book.cells[4].update(source="Find out less."),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("what", EDITS)
def test_a_source_edited_since_the_release_is_named(course, what):
    edit(course, EDITS[what])
    score, said = autograde(course)
    assert score is None
    assert f"p1.ipynb and the gradebook differ in {what}: {GENERATE}\n" in said
    assert not (course / "autograded" / "right" / "ps1").exists()


@pytest.mark.slow
def test_a_source_edited_since_the_release_counts_once_generated(course):
    autograde(course)
    edit(course, EDITS["test_one (points: 2 recorded, 7 now)"])
    score, said = autograde(course, "--force")
    assert score is None
    assert [line for line in said.splitlines() if "INFO" not in line] == [
        f"[AutogradeApp | ERROR] {course}/source/ps1/p1.ipynb and the gradebook differ in "
        f"test_one (points: 2 recorded, 7 now): {GENERATE}"
    ]
    assert (course / "autograded" / "right" / "ps1" / "p1.ipynb").exists(), "it is still good"
    nbgrader(course, "generate_assignment", "ps1", "--force")
    assert autograde(course, "--force")[0] is not None


@pytest.mark.slow
def test_a_solution_and_prose_may_be_edited(course):
    def change(book):
        book.cells[0].source = STUB.replace("return 1", "return 2 - 1")
        book.cells[1].source += "  \n"
        book.cells[3].source = "Read me, please."
        book.cells[1].metadata["tags"] = ["show-me"]

    edit(course, change)
    assert autograde(course)[0] == 2


def test_a_course_that_rewrites_its_cells_at_the_release_is_not_compared(course):
    edit(course, EDITS["test_one (text)"])
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("c.GenerateAssignment.preprocessors = ['course.Randomise']\n")
    assert autograde(course)[0] == 2


def test_a_source_with_other_cells_than_were_released_is_named(course):
    edit(course, lambda book: book.cells[1].metadata.nbgrader.update(grade_id="test_first"))
    score, said = autograde(course)
    assert score is None
    assert f"differ in test_first, test_one: {GENERATE}" in said
    assert not (course / "autograded" / "right" / "ps1").exists()


@pytest.mark.slow
def test_what_nbgrader_refuses_to_generate_is_not_the_only_advice(course):
    autograde(course)
    edit(course, lambda book: book.cells.pop(1))
    _, said = autograde(course, "--force")
    assert f"differ in test_one: {GENERATE}. nbgrader refuses that while" in said
    assert nbgrader(course, "generate_assignment", "ps1", "--force", check=False).returncode
    nbgrader(course, "db", "assignment", "remove", "ps1", "--force")
    nbgrader(course, "generate_assignment", "ps1", "--force")
    assert autograde(course, "--force")[0] == 0


@pytest.mark.slow
def test_a_notebook_that_was_not_released_is_named_and_the_others_are_graded(course):
    folder = course / "source" / "ps1"
    shutil.copy(folder / "p1.ipynb", folder / "p2.ipynb")
    score, said = autograde(course)
    assert score == 2
    assert "p2.ipynb in " in said
    assert "not in the gradebook, so not graded" in said
    words = [sys.executable, "-m", "proctor", "grade", "ps1", "--force"]
    done = subprocess.run(words, cwd=course, capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) == 1
    assert "proctor grade: p2.ipynb in " in done.stderr
    assert "refuses that while the gradebook has submissions: take it out of there" in done.stderr
    assert "refuses" not in said
    assert nbgrader(course, "generate_assignment", "ps1", "--force", check=False).returncode


def test_an_assignment_that_is_not_in_the_gradebook_is_said_in_one_line(course):
    nbgrader(course, "db", "assignment", "remove", "ps1", "--force")
    done = nbgrader(course, "autograde", "ps1", check=False)
    assert done.returncode == 1
    what = "ps1 is not in the gradebook: run `nbgrader generate_assignment ps1 --force`"
    assert done.stdout.splitlines() == [f"[AutogradeApp | ERROR] {what}"]


AUTOTESTS = Path(nbgrader_package.__file__).parent / "docs" / "source" / "user_guide"


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["ps1", "ps1_autotest"])
def test_what_nbgrader_changes_at_the_release_is_no_edit(released, tmp_path, assignment):
    course = tmp_path / "course"
    shutil.copytree(AUTOTESTS / "source", course / "source")
    shutil.copy(AUTOTESTS / "autotests.yml", course)
    header = "c.IncludeHeaderFooter.header = 'source/header.ipynb'\n"
    (course / "nbgrader_config.py").write_text(
        (released / "nbgrader_config.py").read_text() + header
    )
    nbgrader(course, "generate_assignment", assignment)
    folder = course / "submitted" / "right"
    shutil.copytree(course / "release" / assignment, folder / assignment)
    nbgrader(course, "autograde", assignment)
    path = course / "source" / assignment / "problem1.ipynb"
    text = path.read_text()
    first = '"### AUTOTEST' if "AUTOTEST" in text else '"assert '
    path.write_text(text.replace(first, rf'"assert 2\n", {first}', 1))
    assert path.read_text() != text
    done = nbgrader(course, "autograde", assignment, "--force", check=False)
    assert "problem1.ipynb and the gradebook differ in " in done.stdout


@pytest.mark.slow
def test_a_kernel_that_is_not_python_s_is_refused(course, monkeypatch):
    kernel = course / "kernels" / "other"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        '{"argv": ["other"], "display_name": "Other", "language": "R"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(course))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.find_notebook("p1", "ps1").kernelspec = '{"name": "other", "language": "R"}'
        gradebook.db.commit()
    score, said = autograde(course)
    assert score is None
    assert "asks for the kernel 'other', of R: only Python is graded" in said


def test_a_test_that_was_not_run_gives_no_points(course):
    score, _ = autograde(course, "--no-execute")
    graded = nbformat.read(course / "autograded" / "right" / "ps1" / "p1.ipynb", as_version=4)
    assert score == 0
    assert graded.cells[1].outputs[0].ename == "NotRun"
    assert autograde(course, "--force")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["right/ps1/p1.ipynb", "right/ps1", "right"])
def test_what_may_not_be_read_fails_and_keeps_its_mark(course, closed):
    assert autograde(course)[0] == 2
    shutil.copytree(course / "submitted" / "right", course / "submitted" / "another")
    place = course / "submitted" / closed
    place.chmod(0)
    command = [*minding_permissions(), sys.executable, "-m", "nbgrader", "autograde", "ps1"]
    try:
        done = subprocess.run([*command, "--force"], cwd=course, capture_output=True, text=True)
    finally:
        place.chmod(0o700)
    assert done.returncode == 1
    assert "right/ps1 is not graded: Permission denied: " in done.stderr
    assert "Traceback" not in done.stderr
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert gradebook.find_submission_notebook("p1", "ps1", "right").score == 2
    assert (course / "autograded" / "another" / "ps1" / "p1.ipynb").exists()
    assert (course / "autograded" / "right" / "ps1" / "p1.ipynb").exists()


@pytest.mark.slow
def test_feedback_that_may_not_be_written_fails_and_is_kept(course):
    autograde(course)
    nbgrader(course, "generate_feedback", "ps1")
    place = course / "feedback" / "right"
    place.chmod(0o555)
    command = [*minding_permissions(), sys.executable, "-m", "nbgrader", "generate_feedback", "ps1"]
    try:
        done = subprocess.run([*command, "--force"], cwd=course, capture_output=True, text=True)
    finally:
        place.chmod(0o700)
    assert done.returncode == 1
    assert "right/ps1 is passed over: Permission denied: " in done.stderr
    assert "Traceback" not in done.stderr
    assert (place / "ps1" / "p1.html").exists()


# --- What was interrupted -------------------------------------------------------------------------


@pytest.fixture
def converter(course):
    """What would grade two students, one of whom is graded already, though not to the end."""
    coursedir = CourseDirectory(root=str(course))
    coursedir.assignment_id = "ps1"
    shutil.copytree(course / "submitted" / "right", course / "submitted" / "another")
    done = course / "autograded" / "right" / "ps1"
    done.mkdir(parents=True)
    shutil.copy(course / "source" / "ps1" / "p1.ipynb", done)
    converter = Autograde(coursedir=coursedir)
    before = os.getcwd()
    os.chdir(course)
    yield converter
    os.chdir(before)


def watched(converter):
    converter.init_notebooks()
    unfinished = Unfinished(converter)
    unfinished.watch()
    return unfinished


def folder(course, student="right"):
    return course / "autograded" / student / "ps1"


def mark(course, student="right"):
    return course / "autograded" / student / ".ps1.p1.unfinished"


def test_what_is_done_is_left_alone(course, converter):
    watched(converter)
    assert folder(course).exists()
    assert not mark(course).exists()


def test_an_environment_reached_by_a_link_is_no_other(converter, tmp_path, monkeypatch, caplog):
    (tmp_path / "bin").symlink_to(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    converter.init_notebooks()
    Exporter(parent=converter)
    assert "asks for the kernel" not in caplog.text


def test_something_is_due_until_all_is_done(course, converter):
    unfinished = watched(converter)
    assert unfinished.is_any_due()
    shutil.copytree(folder(course), folder(course, "another"))
    assert not unfinished.is_any_due()


def test_what_was_interrupted_is_removed_and_stays_marked_until_it_is_done(course, converter):
    mark(course).touch()
    watched(converter)
    assert not folder(course).exists()
    assert mark(course).exists()
    converter.notebooks = [str(course / "submitted" / "right" / "ps1" / "p1.ipynb")]
    converter.run_pre_convert_hook()
    converter.run_post_convert_hook()
    assert not mark(course).exists()


def test_of_one_notebook_alone_only_that_is_removed(course, converter):
    mark(course).touch()
    (folder(course) / "p2.ipynb").touch()
    converter.coursedir.notebook_id = "p1"
    watched(converter)
    assert [path.name for path in folder(course).iterdir()] == ["p2.ipynb"]


def test_feedback_older_than_what_it_shows_is_done_again(course, converter):
    feedback = GenerateFeedback(coursedir=converter.coursedir)
    page = course / "feedback" / "right" / "ps1" / "p1.html"
    page.parent.mkdir(parents=True)
    page.touch()
    feedback.init_notebooks()
    Page(parent=feedback)
    assert page.exists()
    os.utime(page, (0, 0))
    Page(parent=feedback)
    assert not page.exists()


def test_what_another_grader_is_working_on_is_left_alone(course, converter):
    with open(mark(course), "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        watched(converter)
        assert folder(course).exists()


def test_what_is_to_be_done_again_is_marked_before_it_is_removed(course, converter):
    converter.force = True
    watched(converter)
    assert mark(course).exists()
    assert not mark(course, "another").exists(), "nothing of it is there to be removed"


def test_who_is_left_out_is_not_marked(course, converter):
    converter.force = True
    converter.coursedir.student_id_exclude = "right,nobody"
    watched(converter)
    assert not mark(course).exists()


def test_an_instructor_s_own_hooks_still_run(course, converter):
    heard = []
    converter.pre_convert_hook = lambda **about: heard.append(("before", about["notebooks"]))
    converter.post_convert_hook = lambda **about: heard.append(("after", about["notebooks"]))
    watched(converter)
    converter.notebooks = [str(course / "submitted" / "another" / "ps1" / "p1.ipynb")]
    converter.run_pre_convert_hook()
    assert mark(course, "another").exists()
    converter.run_post_convert_hook()
    assert not mark(course, "another").exists()
    assert heard == [("before", converter.notebooks), ("after", converter.notebooks)]
