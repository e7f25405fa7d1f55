"""Play a chapter's notebook in this process: setup, answers and tests; no kernel, no figures."""

import contextlib
import functools
import io
import linecache
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from oracle.kit.run import afresh

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "source" / "maxpool"
CHAPTERS = tuple(sorted(p.stem for p in SOURCE.glob("*.ipynb")))


def copy_course(folder):
    """Make a folder this course: its source, what its hidden tests import, its configuration."""
    leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("source", "oracle"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    shutil.copy(ROOT / "nbgrader_config.py", folder)


@functools.cache
def read(chapter):
    """Return the source notebook of a chapter, as '1-windows'."""
    return nbformat.read(SOURCE / f"{chapter}.ipynb", as_version=4)


def answers(chapter):
    """Return {task: source of its solution cell} for the code tasks of a chapter."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in read(chapter).cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    }


def points(chapter):
    """Return {check: points} for the graded test cells of a chapter, in their order."""
    return {
        cell.metadata.nbgrader.grade_id.removeprefix("test_"): cell.metadata.nbgrader.points
        for cell in read(chapter).cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    }


@dataclass
class Played:
    """What came of a chapter: the error of each failed check, and the names that were defined."""

    failures: dict = field(default_factory=dict)
    namespace: dict = field(default_factory=dict)

    @property
    def failed(self):
        return frozenset(self.failures)


def play(chapter, answered=None, task="", to_the_first=False):
    """Run a chapter with ``answered`` {task: source} in place of its solutions.

    Only the setup cells, the answers and the tests run: a test may use nothing else.
    Returns what failed and the names that were defined.

    task          of the tests those alone whose names begin with this task
    to_the_first  and no more of them after one that failed
    """
    with afresh():  # a notebook that is graded has a process of its own
        return _play(chapter, {**answers(chapter), **(answered or {})}, task, to_the_first)


def names(chapter, answered=None):
    """The names that its setup cells and answers define, of which no test has asked anything."""
    return play(chapter, answered, task="none of the tests").namespace


def _play(chapter, answered, task, to_the_first):
    played = Played(namespace={"__name__": "__main__"})
    for cell in read(chapter).cells:
        meta = cell.metadata.get("nbgrader", {})
        name = meta.get("grade_id", "")
        if cell.cell_type != "code" or not (
            meta.get("grade") or name in answered or name.startswith("setup")
        ):
            continue
        if meta.get("grade") and not name.startswith(f"test_{task}"):
            continue
        if meta.get("grade") and to_the_first and played.failures:
            continue
        source = answered.get(name, cell.source)
        file = f"<{chapter} {name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, file, "exec"), played.namespace)
        except Exception as error:
            if meta.get("grade"):
                played.failures[name.removeprefix("test_")] = error
    return played
