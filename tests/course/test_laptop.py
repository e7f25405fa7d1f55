"""docs/student.md without a hub: its commands in an empty environment, on each Python found."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests import notebooks

PAGE = (notebooks.ROOT / "docs" / "student.md").read_text()
START = re.search(r"^```\n(python3 -m venv.*?)^```", PAGE, re.S | re.M)[1]
# in place of the last line, which opens a browser: the worked answers run without an error
RUN = """
jupyter nbconvert --log-level=WARN --to notebook --execute --stdout *.ipynb > /dev/null
jupyter lab --version
"""
NEWEST = 14


def pythons():
    """The interpreters that are here: {"3.11": path}; others stand for a skip."""
    found = {f"3.{minor}": None for minor in range(11, NEWEST + 1)}
    for name in found:
        path = shutil.which(f"python{name}")
        works = path and subprocess.run([path, "-c", "import ensurepip"], capture_output=True)
        if works and works.returncode == 0:
            found[name] = path
    found[f"3.{sys.version_info.minor}"] = sys.executable
    return found


@pytest.mark.slow
@pytest.mark.parametrize("version", pythons())
def test_the_lesson_runs_on_a_laptop(version, tmp_path):
    python = pythons()[version]
    if not python:
        pytest.skip(f"there is no Python {version} here")
    shutil.copytree(notebooks.ROOT / "release" / "maxpool", tmp_path / "maxpool")
    for path in (notebooks.ROOT / "solutions" / "maxpool").glob("*.ipynb"):
        shutil.copy(path, tmp_path / "maxpool")
    *setup, last = START.splitlines()
    assert last == "jupyter lab 1-windows.ipynb"
    script = "\n".join(setup).replace("python3", python, 1) + RUN
    # of what is installed a part is imported, and compiled then, once
    own = {"HOME": str(tmp_path), "PYTHONNOUSERSITE": "1", "PIP_NO_COMPILE": "1"}
    ours = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if name not in ours} | own
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_zip_holds_the_folder(tmp_path):
    (command,) = re.findall(r"^python -m zipfile .*$", PAGE, re.M)
    shutil.copytree(notebooks.ROOT / "release" / "maxpool", tmp_path / "maxpool")
    words = [sys.executable, *command.split()[1:]]
    subprocess.run(words, cwd=tmp_path, check=True)
    with zipfile.ZipFile(tmp_path / "maxpool.zip") as archive:
        names = set(archive.namelist())
    assert {f"maxpool/{chapter}.ipynb" for chapter in notebooks.CHAPTERS} <= names
