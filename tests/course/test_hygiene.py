"""Notebooks and files as an instructor and the next engineer should find them."""

import functools
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

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


def places():
    """Paths of this machine: of the checkout, of what lies beside it, of its user's caches."""
    told = subprocess.run(
        ["git", "worktree", "list", "--porcelain"], cwd=notebooks.ROOT, stdout=-1, text=True
    ).stdout
    trees = {Path(line.split(" ", 1)[1]) for line in told.splitlines() if line[:9] == "worktree "}
    found = trees | {notebooks.ROOT, notebooks.ROOT.resolve()}
    common = {Path("/"), Path("/tmp"), Path("/home"), Path.home()}
    for tree in found - common:
        if tree.parent not in common and tree.parent.is_dir():
            found = found | {path for path in tree.parent.iterdir() if path.is_dir()}
    return {str(path) for path in found} | {f"{Path.home()}/.{n}" for n in ("cache", "local")}


@functools.cache
def hosts():
    """Where this machine's tools get packages from, as they themselves tell."""
    pip = [sys.executable, "-m", "pip"]
    told = [
        subprocess.run([*pip, *words], stdout=-1, text=True, check=False).stdout
        for words in (["install", "--help"], ["config", "list"])
    ]
    told += [
        path.read_text() for path in Path("/etc/apt").glob("sources.list*/*") if path.is_file()
    ]
    found = {urlsplit(word).hostname for word in re.findall(r"https?://[^\s'\")]+", " ".join(told))}
    return found - {None, "localhost"}


@pytest.mark.xdist_group("hosts")
def test_nothing_names_this_machine_or_a_download_host():
    found = sorted(places() | hosts(), key=len)
    machine = re.compile("|".join(rf"(?<![\w.]){re.escape(one)}(?![\w-])" for one in found))
    for name in TRACKED:
        path = notebooks.ROOT / name
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            if any(one in text for one in found):
                for line in text.splitlines():
                    assert not machine.search(line), f"{name}: {line[:120]}"


@pytest.mark.xdist_group("hosts")
def test_a_path_of_this_machine_would_be_found():
    assert any(str(notebooks.ROOT / "oracle").startswith(place) for place in places())
    assert all("." in host for host in hosts())


def test_requirements_are_pinned_and_hashed():
    for name in ("requirements.txt", "requirements-hub.txt", "requirements-test.txt"):
        text = (notebooks.ROOT / name).read_text(encoding="utf-8")
        blocks = [b for b in re.split(r"\n(?=\S)", text) if b.strip() and not b.startswith("#")]
        assert "://" not in text
        assert len(blocks) > 50
        for block in blocks:
            assert re.match(r"[\w.\[\]-]+==\S+", block), block[:60]
            assert "--hash=sha256:" in block, block[:60]
