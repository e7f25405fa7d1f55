"""Who may import whom, by the contracts of ``pyproject.toml``; and what is imported late."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

from tests import notebooks


def test_imports_run_downward_only():
    paths = [str(notebooks.ROOT), str(notebooks.SOURCE), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=notebooks.ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


USED_LATER = """
import inspect, sys, zipfile
from pathlib import Path
from proctor import imports

imports.leave_out_formats()
imports.put_off()
from proctor.batch.app import GradeApp
from nbgrader import utils
from nbgrader.auth import jupyterhub
from nbconvert.exporters import html

inspect.getmodule(GradeApp)  # looks through all modules
early = {"requests.api", "setuptools.dist", "bs4.element"} & sys.modules.keys()
with zipfile.ZipFile("work.zip", "w") as archive:
    archive.writestr("answer.txt", "42")
Path("out").mkdir()
utils.unzip("work.zip", "out")
print(early, Path("out/answer.txt").read_text(), html.BeautifulSoup("<p>x", "html.parser").p)
print(jupyterhub.requests.get.__module__, sys.modules["requests"].__version__ > "2")
"""


def test_what_is_put_off_is_there_when_it_is_used(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", USED_LATER],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(notebooks.ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "set() 42 <p>x</p>\nrequests.api True\n", done.stderr


def test_a_notebooks_schema_checks_no_format_of_texts():
    seen, formats = [], []

    def look(part):
        seen.append(part)
        formats.extend([part["format"]] if isinstance(part.get("format"), str) else [])
        return part

    for path in Path(nbformat.__file__).parent.rglob("*.schema.json"):
        json.loads(path.read_text(), object_hook=look)
    assert len(seen) > 1000
    assert formats == []
