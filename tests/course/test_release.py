"""What is committed as released and solved is what nbgrader makes of the source, and no more."""

import json
import re
import shutil

import nbformat
import pytest

from tests import notebooks
from tests.conftest import nbgrader

RELEASE = notebooks.ROOT / "release" / "maxpool"
SOLUTIONS = notebooks.ROOT / "solutions" / "maxpool"


def files(folder):
    return {
        str(p.relative_to(folder)): p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "__pycache__" not in p.parts and ".ipynb_checkpoints" not in p.parts
    }


@pytest.fixture(params=notebooks.CHAPTERS)
def chapter(request):
    return request.param


def test_release_is_fresh(released):
    made, committed = files(released / "release" / "maxpool"), files(RELEASE)
    assert made.keys() == committed.keys(), "release/ is stale; run: make release"
    for name in made:
        assert made[name].read_bytes() == committed[name].read_bytes(), (
            f"release/maxpool/{name} is stale; run: make release"
        )


def without_outputs(path):
    """A notebook's cells; outputs and kernel versions differ from machine to machine."""
    return [
        (c.id, c.cell_type, c.source, c.metadata.get("nbgrader"))
        for c in nbformat.read(path, as_version=4).cells
    ]


@pytest.mark.slow
def test_solutions_are_fresh(solved):
    made, committed = files(solved / "solutions" / "maxpool"), files(SOLUTIONS)
    assert made.keys() == committed.keys(), "solutions/ is stale; run: make release"
    for name in made:
        if name.endswith(".ipynb"):
            same = without_outputs(made[name]) == without_outputs(committed[name])
        else:
            same = made[name].read_bytes() == committed[name].read_bytes()
        assert same, f"solutions/maxpool/{name} is stale; run: make release"


@pytest.mark.slow
def test_solving_again_gives_the_same_bytes(solved, tmp_path):
    """No name of a widget, no time: a change of the source is all that one sees in a commit."""
    course = shutil.copytree(solved, tmp_path / "course")  # others read that one meanwhile
    folder = course / "solutions" / "maxpool"
    before = {name: path.read_bytes() for name, path in files(folder).items()}
    words = ("generate_solution", "maxpool", "--force", "--notebook=1-windows")
    nbgrader(course, *words, PYTHONPATH=str(course))
    after = {name: path.read_bytes() for name, path in files(folder).items()}
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_solutions_keep_nothing_that_only_a_kernel_gives_a_meaning(chapter):
    for cell in nbformat.read(SOLUTIONS / f"{chapter}.ipynb", as_version=4).cells:
        streams = [output.get("name") for output in cell.get("outputs", ())]
        assert streams.count("stdout") <= 1, "one stream may come in pieces"
        for output in cell.get("outputs", ()):
            assert not any("widget" in form for form in output.get("data", ())), cell.id
            assert "execution" not in cell.metadata, "a time"


def made_or_committed(request, which):
    return request.getfixturevalue("solved") / "solutions/maxpool" if which == "made" else SOLUTIONS


@pytest.mark.parametrize("which", ["committed", pytest.param("made", marks=pytest.mark.slow)])
def test_solutions_ran_silently_and_show_their_pictures(request, chapter, which):
    folder = made_or_committed(request, which)
    pictures = 0
    for cell in nbformat.read(folder / f"{chapter}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            for output in cell.outputs:
                assert output.output_type != "error", output.evalue
                assert output.get("name") != "stderr", output.text
                for alt in re.findall(
                    r'<img alt="([^"]*)"', output.get("data", {}).get("text/html", "")
                ):
                    pictures += 1
                    assert len(alt) > 20
                assert "image/png" not in output.get("data", {}), (
                    "a picture without alternative text"
                )
    assert pictures >= 3


def test_the_release_holds_no_solution_and_no_hidden_test(chapter):
    released_notebook = nbformat.read(RELEASE / f"{chapter}.ipynb", as_version=4)
    text = json.dumps(released_notebook)
    for word in ("BEGIN SOLUTION", "HIDDEN", "oracle", "hidden.", "MARK SCHEME"):
        assert word not in text
    source = {c.id: c for c in notebooks.read(chapter).cells}
    for cell in released_notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            region, inside = [], False
            for line in source[cell.id].source.splitlines():
                inside = ("BEGIN SOLUTION" in line) or (inside and "END SOLUTION" not in line)
                if inside and len(line.strip()) > 12 and "BEGIN SOLUTION" not in line:
                    region.append(line.strip())
            assert region
            everywhere = "\n".join(c.source for c in released_notebook.cells)
            # how a pair is unpacked is taught, not asked
            for line in (line for line in region if "= pair(" not in line):
                assert line not in everywhere, f"{cell.id}: {line}"


def test_the_release_folder_carries_nothing_of_the_oracle():
    for name, path in files(RELEASE).items():
        if name.endswith(".py"):
            assert "oracle" not in path.read_text(encoding="utf-8"), name


def test_the_solutions_hold_no_hidden_test(chapter):
    text = (SOLUTIONS / f"{chapter}.ipynb").read_text(encoding="utf-8")
    assert "HIDDEN TESTS" not in text
    assert "oracle" not in text


@pytest.mark.few(1)
@pytest.mark.parametrize("chapter", notebooks.CHAPTERS, indirect=True)
def test_validate_tells_a_student_where_the_blank_release_fails(released, chapter, tmp_path):
    folder = shutil.copytree(released / "release" / "maxpool", tmp_path / "maxpool")
    said = nbgrader(folder, "validate", f"{chapter}.ipynb", check=False).stdout
    failed = len(notebooks.points(chapter)) + (chapter == "2-jacobian")  # and the derivation
    assert f"FAILED ON {failed} CELL" in " ".join(said.split())
    assert "is not written yet" in said


@pytest.mark.slow  # that right answers pass behind the wall, many quick tests see
@pytest.mark.parametrize("chapter", notebooks.CHAPTERS, indirect=True)
def test_validate_is_content_with_right_answers(released, chapter, tmp_path):
    folder = shutil.copytree(released / "release" / "maxpool", tmp_path / "maxpool")
    path = folder / f"{chapter}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    answers = notebooks.answers(chapter)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, "My derivation.")
    nbformat.write(notebook, path)
    assert "Success" in nbgrader(folder, "validate", f"{chapter}.ipynb").stdout
