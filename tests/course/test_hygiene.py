"""Notebooks and files as an instructor and the next engineer should find them."""

import re
import subprocess
import sys

import nbformat
import pytest

from tests import notebooks

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=notebooks.ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split("\n")[:-1]


@pytest.fixture(params=notebooks.CHAPTERS)
def notebook(request):
    return notebooks.read(request.param)


def test_a_source_notebook_is_valid_and_stripped(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"nbgrader", "tags"}


def test_a_source_notebook_has_stable_readable_ids(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        assert re.fullmatch(r"[A-Za-z][\w-]*", cell.id)
        if "nbgrader" in cell.metadata:
            assert cell.id == cell.metadata.nbgrader.grade_id


def test_a_source_notebook_names_its_kernel(notebook):
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }


def test_one_title_and_no_long_cell(notebook):
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    assert len(re.findall(r"^# ", "\n".join(prose), flags=re.M)) == 1
    assert prose[0].startswith("# ")


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=["check", "format"])
def test_ruff_is_content(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."],
        cwd=notebooks.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_this_machine_or_a_download_host():
    machine = re.compile(
        r"/work/(main|shared)|/root/\.|pypi\.org|pythonhosted|registry\.npm|deb\.debian"  # nocheck
    )
    for name in TRACKED:
        path = notebooks.ROOT / name
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            assert "nocheck" in line or not machine.search(line), f"{name}: {line[:120]}"


def test_requirements_are_pinned_and_hashed():
    for name in ("requirements.txt", "requirements-test.txt"):
        text = (notebooks.ROOT / name).read_text(encoding="utf-8")
        blocks = [b for b in re.split(r"\n(?=\S)", text) if b.strip() and not b.startswith("#")]
        assert len(blocks) > 50
        for block in blocks:
            assert re.match(r"[\w.\[\]-]+==\S+", block), block[:60]
            assert "--hash=sha256:" in block, block[:60]
