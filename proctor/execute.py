"""Executes a grafted notebook in nbgrader's way: in place of its ``Execute``."""

import atexit
import os
import shutil
import stat
import tempfile
from pathlib import Path

from nbformat.notebooknode import from_dict
from nbgrader import utils
from nbgrader.preprocessors import Execute as StockExecute
from traitlets import Bool, Integer, List, Unicode

from .conductor import Job
from .sandbox import Policy
from .template import PRELOAD, Template

INSIDE = "in-student-kernel"  # tag of a test that needs the student's live objects
_templates = {}


def role(cell):
    """Where a cell of the grafted notebook runs: its metadata comes from the source."""
    if cell.cell_type != "code":
        return "text"
    if utils.is_grade(cell) and not utils.is_solution(cell):
        return "inside" if INSIDE in cell.metadata.get("tags", ()) else "test"
    return "locked" if utils.is_locked(cell) else "student"


class Execute(StockExecute):
    """Executes a notebook on two sides of a wall, in place of nbgrader's ``Execute``."""

    sandbox = Bool(
        True, help="False: grade although nothing keeps a student's code in. The report says so."
    ).tag(config=True)
    total_timeout = Integer(600, help="Limit of a whole notebook, in seconds.").tag(config=True)
    memory = Integer(2 << 30, help="Bytes of memory for a student's processes.").tag(config=True)
    preload = List(
        Unicode(), list(PRELOAD), help="Modules that notebooks import, imported once."
    ).tag(config=True)

    def preprocess(self, nb, resources, **kwargs):
        """Return the notebook with the outputs of both sides."""
        converter = self.parent.parent
        course, about = converter.coursedir, resources["nbgrader"]
        source = Path(course.format_path(course.source_directory, ".", about["assignment"]))
        submitted = Path(
            course.format_path(course.submitted_directory, about["student"], about["assignment"])
        )
        with tempfile.TemporaryDirectory(prefix="proctor-") as scratch:
            trusted, folder = Path(scratch, "trusted"), Path(scratch, "student")
            copy_files(source, trusted)
            copy_files(submitted, folder)
            copy_files(source, folder)  # the course's own files win
            job = Job(
                cells=[
                    {
                        "role": role(cell),
                        "source": cell.source,
                        "points": float(cell.metadata.get("nbgrader", {}).get("points") or 0),
                    }
                    for cell in nb.cells
                ],
                trusted=str(trusted),
                seconds=self.timeout or 30,
                total=self.total_timeout,
                path=[str(Path(course.root).resolve())],
            )
            policy = Policy(
                folder=str(folder),
                hidden=(str(Path(course.root).resolve()), *_editable()),
                memory=self.memory,
                env={"NBGRADER_EXECUTION": "autograde"},
                sandbox=self.sandbox,
            )
            results = self._template().play(job, policy, self.total_timeout + 60)
        for cell, result in zip(nb.cells, results, strict=True):
            if cell.cell_type == "code":
                cell.outputs = [from_dict(output) for output in result["outputs"]]
                cell.execution_count = result["execution_count"]
        return nb, resources

    def _template(self):
        preload = tuple(self.preload)
        if preload not in _templates:
            _templates[preload] = Template(preload)
            atexit.register(_templates[preload].close)
        return _templates[preload]


def _editable():
    """Where this package and what is installed beside it in the same checkout lie."""
    here = Path(__file__).resolve().parent.parent
    return () if here.name == "site-packages" else (str(here),)


def copy_files(source, target, most=256 << 20):
    """Copy the regular files of a folder but its notebooks; links and devices are left out.

    most  bytes to copy in all; files that would go beyond are left out
    """
    target.mkdir(parents=True, exist_ok=True)
    if not source.is_dir():
        return
    for folder, names, files in os.walk(source):
        names[:] = [n for n in names if n not in ("__pycache__", ".ipynb_checkpoints")]
        for name in files:
            path = Path(folder, name)
            mode = path.lstat()
            if not stat.S_ISREG(mode.st_mode) or path.suffix == ".ipynb" or mode.st_size > most:
                continue
            most -= mode.st_size
            to = target / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to, follow_symlinks=False)
