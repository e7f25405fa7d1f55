"""A notebook under another name is used, and told; none is a silent zero."""

import json
import os
import unicodedata

import nbformat
import pytest
from nbgrader.api import Gradebook

from proctor.plugins.collect.notebooks import Found, find
from tests.conftest import nbgrader as command
from tests.proctor.test_grade import (  # noqa: F401  (fixtures)
    RIGHT,
    course,
    fresh,
    grade,
    hand_in,
    scores,
)

BOOKS = {"1-windows": {"size", "window"}, "3-layer": {"forward", "backward"}, "Übung": {"u", "v"}}


def holding(*names):
    cells = [{"metadata": {"nbgrader": {"grade_id": name}}} for name in names]
    return json.dumps({"cells": cells}).encode()


def found(folder, *without, **files):
    """What `find` finds, of notebooks that are there besides those ``without`` a file."""
    for name in BOOKS.keys() - set(without):
        (folder / f"{name}.ipynb").write_bytes(holding(*BOOKS[name]))
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return find(folder, BOOKS)


@pytest.mark.parametrize(
    "name",
    [
        *("3-layer-1.ipynb", "3-layer (1).ipynb", "Ada 3-layer (final).ipynb", "mine.ipynb"),
        *("3-layer.ipynb.txt", "3-layer.ipynb.json", "3-layer.json", "3-LAYER.IPYNB"),
        *("deeper/3-layer.ipynb", "[brack].ipynb", "Untitled.ipynb (2)"),
    ],
)
def test_a_notebook_is_known_by_its_cells(tmp_path, name):
    made = found(tmp_path, "3-layer", **{name: holding("forward", "mine")})
    assert made == {"3-layer": Found(name)}
    assert "graded as `3-layer.ipynb`" in made["3-layer"].note("3-layer").what


@pytest.mark.parametrize("name", ["3-layer-1.ipynb", "3-layer (2).ipynb", "3-Layer.ipynb"])
def test_one_without_metadata_is_known_by_its_name(tmp_path, name):
    assert found(tmp_path, "3-layer", **{name: b'{"cells": []}'}) == {"3-layer": Found(name)}


def test_decomposed_unicode_is_the_same_name(tmp_path):
    name = unicodedata.normalize("NFD", "Übung.ipynb")
    made = found(tmp_path, "Übung", **{name: b'{"cells": []}'})
    assert made == {"Übung": Found(name)}


@pytest.mark.parametrize(
    "files",
    [
        {"copy.ipynb": holding("size", "window")},  # of one that is there
        {"lecture.ipynb": b'{"cells": []}'},
        {"other.ipynb": holding("forward", "a", "b", "c")},  # another course's, most of it
        {"3-layer.txt": b"notes"},
        {".hidden.ipynb": holding("forward")},
    ],
)
def test_what_is_another_file_is_left_alone(tmp_path, files):
    assert found(tmp_path, "3-layer", **files) == {}


def test_the_exact_name_wins(tmp_path):
    assert found(tmp_path, **{"3-layer (1).ipynb": holding("forward", "backward")}) == {}


def test_of_two_the_one_with_more_cells_counts_then_the_newest(tmp_path):
    both, half = holding("forward", "backward"), holding("forward")
    made = found(tmp_path, "3-layer", **{"a.ipynb": both, "b.ipynb": half})
    assert made["3-layer"] == Found("a.ipynb", ("b.ipynb",))
    assert "Left alone" in made["3-layer"].note("3-layer").what
    (tmp_path / "b.ipynb").write_bytes(both)
    os.utime(tmp_path / "a.ipynb", (0, 0))
    assert find(tmp_path, BOOKS)["3-layer"].path == "b.ipynb"
    (tmp_path / "b.ipynb").unlink()
    for number in (10, 9):  # written in the same minute
        (tmp_path / f"3-layer-{number}.ipynb").write_bytes(both)
    assert find(tmp_path, BOOKS)["3-layer"].path == "3-layer-10.ipynb"


def test_a_notebook_under_anothers_name_is_used_for_what_it_is(tmp_path):
    made = found(tmp_path, "1-windows", "3-layer", **{"1-windows.ipynb": holding("forward")})
    assert made == {"3-layer": Found("1-windows.ipynb")}


def test_names_that_all_notebooks_share_need_the_files_name(tmp_path):
    books = {"p1": {"a", "b"}, "p2": {"a", "b"}}
    (tmp_path / "p2 (1).ipynb").write_bytes(holding("a", "b"))
    (tmp_path / "mine.ipynb").write_bytes(holding("a", "b"))
    assert find(tmp_path, books) == {"p2": Found("p2 (1).ipynb")}


def renamed(root):
    """Ada's p1 has another name, and p2 is not there."""
    hand_in(root, "ada", (RIGHT, RIGHT))
    folder = root / "submitted" / "ada" / "ps1"
    (folder / "p1.ipynb").rename(folder / "p1-1.ipynb")
    (folder / "p2.ipynb").unlink()
    return folder


def in_the_notebook(root, name):
    book = nbformat.read(root / "autograded" / "ada" / "ps1" / f"{name}.ipynb", as_version=4)
    return book.cells[0].source


def test_proctor_grade_uses_it_and_says_so(fresh):  # noqa: F811
    renamed(fresh)
    done = grade(fresh, "--json", "--student=ada")
    told = json.loads(done.out)["students"]["ada"]["problems"]
    assert {one["notebook"]: one["what"] for one in told} == {
        "p1": "`p1-1.ipynb` was graded as `p1.ipynb`, which it holds.",
        "p2": "This notebook was not handed in: every answer in it counts as blank.",
    }
    assert scores(fresh)["ada"] == 5
    assert "`p1-1.ipynb` was graded" in in_the_notebook(fresh, "p1")
    assert "not handed in" in in_the_notebook(fresh, "p2")


def test_nbgrader_autograde_uses_it_and_says_so_in_feedback(fresh):  # noqa: F811
    folder = renamed(fresh)
    (folder / "p1-1.ipynb").rename(folder / "p1.ipynb.txt")  # nothing that nbgrader would find
    done = command(fresh, "autograde", "ps1", "--student=ada")
    assert "`p1.ipynb.txt` was graded as `p1.ipynb`" in done.stdout
    with Gradebook(f"sqlite:///{fresh}/gradebook.db") as book:
        assert book.find_submission("ps1", "ada").score == 5
    command(fresh, "generate_feedback", "ps1", "--student=ada")
    pages = {path.stem: path.read_text() for path in (fresh / "feedback").rglob("*.html")}
    assert "p1.ipynb.txt" in pages["p1"]
    assert "not handed in" in pages["p2"]
