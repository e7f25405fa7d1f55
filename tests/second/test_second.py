"""A second assignment, average pooling, is made with the kits: few lines, graded as the first."""

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from tests import commands, notebooks
from tests.conftest import nbgrader
from tests.submissions import classroom

COURSE = Path(__file__).parent / "course"
TILES = """\
def mean_pool(x, size):
    H, W = x.shape
    return x.reshape(H // size, size, W // size, size).mean(axis=(1, 3))
"""
REPEATED = """\
def spread(dy, size):
    return np.repeat(np.repeat(dy, size, axis=0), size, axis=1) / size**2
"""
RIGHT = {"mean_pool": TILES, "spread": REPEATED}
LOOPS = """\
def mean_pool(x, size):
    y = np.zeros((x.shape[0] // size, x.shape[1] // size))
    for k, l in np.ndindex(y.shape):
        y[k, l] = x[k * size : (k + 1) * size, l * size : (l + 1) * size].mean()
    return y
"""
# {student: (answers, points of six, what is heard)}
STUDENTS = {
    "right": (RIGHT, 6, None),
    "blank": ({}, 0, None),
    "loops": (RIGHT | {"mean_pool": LOOPS}, 5, "it loops over H"),
    "maximum": (
        RIGHT | {"mean_pool": TILES.replace("mean(axis", "max(axis")},
        2,
        "That is max pooling",
    ),
    "copies": (RIGHT | {"spread": REPEATED.replace(" / size**2", "")}, 3, "its part is dy / size²"),
    "side": (RIGHT | {"spread": REPEATED.replace("size**2", "size")}, 3, "You divided by size."),
}


def notebook(text):
    """The notebook of a text, in which a line "# %% kind name points" begins each cell."""
    made = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for part in text.split("# %% ")[1:]:
        title, _, source = part.rstrip().partition("\n")
        kind, *named = title.split()
        if kind == "text":
            words = "\n".join(line.removeprefix("# ") for line in source.splitlines())
            made.cells.append(new_markdown_cell(words))
            continue
        about = {"schema_version": 3, "task": False, "locked": kind != "answer"}
        about |= {"grade": kind == "test", "solution": kind == "answer"}
        about["grade_id"] = f"test_{named[0]}" if kind == "test" else (named or [kind])[0]
        if kind == "test":
            about["points"] = float(named[1])
        made.cells.append(new_code_cell(source, metadata={"nbgrader": about}))
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
    return made


def make(folder):
    """Make a folder the course, by the commands of docs/new-assignment.md."""
    shutil.copytree(COURSE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    follow("cp -r", folder)
    follow("import nbformat", folder / "source" / "avgpool")
    (folder / "source" / "avgpool" / "avgpool.cells").unlink()
    follow("oracle.kit.symptoms", folder)
    return folder


def follow(words, folder):
    """Run the page's block that has these words, for this course, in a folder."""
    page = (notebooks.ROOT / "docs" / "new-assignment.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    block = next(block for block in blocks if words in block)
    for general, ours in (("NAME", "avgpool"), ("TOOLKIT", "avgkit")):
        block = block.replace(general, ours)
    clone = {"CLONE": str(notebooks.ROOT), "PYTHONPATH": str(notebooks.ROOT)}
    environment = os.environ | clone | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = ["bash", "-ec", textwrap.dedent(block)]
    subprocess.run(command, cwd=folder, env=environment, check=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Released by nbgrader, and handed in."""
    folder = make(tmp_path_factory.mktemp("second") / "course")
    nbgrader(folder, "generate_assignment", "avgpool")
    students = {name: {"avgpool": answers} for name, (answers, _, _) in STUDENTS.items()}
    release, submitted = folder / "release" / "avgpool", folder / "submitted"
    classroom.hand_in(students, release, submitted)
    return folder


def found(course):
    """{student: (points, all that their graded notebook says)}."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        scores = {s["student"]: s["score"] for s in gradebook.submission_dicts("avgpool")}
    heard = {}
    for name in scores:
        graded = nbformat.read(course / f"autograded/{name}/avgpool/avgpool.ipynb", as_version=4)
        outputs = [output for cell in graded.cells for output in cell.get("outputs", ())]
        told = ["\n".join(o.get("traceback", ())) for o in outputs if o.output_type == "error"]
        heard[name] = " ".join("\n".join(told).split())
    return {name: (scores[name], heard[name]) for name in scores}


def judge(graded):
    assert {name: score for name, (score, _) in graded.items()} == {
        name: points for name, (_, points, _) in STUDENTS.items()
    }
    for name, (_, _, words) in STUDENTS.items():
        assert words is None or words in graded[name][1], name


def test_it_takes_less_than_200_lines():
    files = [path for path in COURSE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 200


def test_a_release_holds_no_answer(course):
    released = (course / "release" / "avgpool" / "avgpool.ipynb").read_text()
    assert "HIDDEN" not in released
    assert "reshape" not in released
    assert (course / "release" / "avgpool" / "avgkit" / "kit" / "laws.py").is_file()


def test_the_grader_names_the_misconceptions(course):
    done = commands.run(course, "proctor", "grade", "avgpool", "--workers=1")
    assert done.returncode == 0, done.stdout
    judge(found(course))


@pytest.mark.slow
def test_nbgrader_alone_gives_the_same_scores_and_names(course, tmp_path):
    alone = shutil.copytree(course, tmp_path / "alone")
    shutil.rmtree(alone / "autograded", ignore_errors=True)
    config = alone / "nbgrader_config.py"
    lines = [line for line in config.read_text().splitlines() if "proctor" not in line]
    config.write_text("\n".join(lines))
    nbgrader(alone, "autograde", "avgpool", "--force", PYTHONPATH=str(alone))
    judge(found(alone))
