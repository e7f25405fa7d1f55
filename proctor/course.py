"""What a grader needs to know of a course: its assignment, and the files of a submission."""

import contextlib
import fnmatch
import functools
import glob
import importlib.util
import os
from pathlib import Path

import nbformat
from nbgrader import utils

from .conductor import Job
from .reading import read
from .sandbox import Policy
from .template import PRELOAD, Assignment

INSIDE = "in-student-kernel"  # tag of a test that needs the student's live objects


class Course:
    """What a grader needs to know of an assignment, read from a course's folders."""

    def __init__(self, coursedir, assignment):
        self.coursedir, self.name = coursedir, assignment
        self.root = os.path.realpath(coursedir.root)
        self.ignore = (*coursedir.ignore, "*.ipynb")

    def folder(self, kind, student="."):
        """The assignment's folder in ``source/``, ``submitted/`` …"""
        return self.coursedir.format_path(kind, student, self.name)

    def assignment(self, preload=PRELOAD, leave_out=()):
        """The `Assignment`: what is released beside the notebooks, and what cells import.

        leave_out  files of which the student's own version counts
        """
        files = read_files(self.folder(self.coursedir.source_directory), self.ignore)
        lessons, tests = self._cells()
        return Assignment(
            files={name: data for name, data in files.items() if name not in leave_out},
            lessons=lessons,
            tests=(*lessons, *tests),
            path=(self.root,),
            preload=preload,
        )

    def _cells(self):
        source = glob.escape(self.folder(self.coursedir.source_directory))
        paths = sorted(glob.glob(os.path.join(source, "*.ipynb")))
        return _cells(tuple((path, os.stat(path).st_mtime_ns) for path in paths))

    def job(self, notebook, seconds, total):
        """The `Job` of a grafted notebook.

        seconds  limit of one cell
        total    limit of the whole notebook, in seconds
        """
        lessons = set(self._cells()[0])
        cells = [
            {
                "role": role(cell, lessons),
                "source": cell.source,
                "points": float(cell.metadata.get("nbgrader", {}).get("points") or 0),
            }
            for cell in notebook.cells
        ]
        return Job(cells, seconds, total)

    def policy(self, memory, sandbox=True, hidden=()):
        """The `Policy` of students' processes; their folder is still to be made.

        memory   bytes
        sandbox  False: go on where nothing can keep the files
        hidden   names of modules, and paths, to hide besides the course's
        """
        return Policy(
            folder="",
            hidden=(self.root, *_editable(), *map(_place, hidden)),
            memory=memory,
            env={"NBGRADER_EXECUTION": "autograde"},
            sandbox=sandbox,
        )


def role(cell, lessons):
    """Where a cell of a grafted notebook runs. Its metadata comes from the source.

    lessons  the texts of the course's own cells; an added cell that copies one is as good as it
    """
    if cell.cell_type != "code":
        return "text"
    if utils.is_grade(cell) and not utils.is_solution(cell):
        return "inside" if INSIDE in cell.metadata.get("tags", ()) else "test"
    return "locked" if cell.source in lessons else "student"


@functools.lru_cache(8)
def _cells(notebooks):
    """(lessons, tests): texts of the code cells of notebooks, given as pairs (path, changed)."""
    lessons, tests = [], []
    for path, _ in notebooks:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and not utils.is_solution(cell):
                hidden = utils.is_grade(cell) or "HIDDEN TESTS" in cell.source
                (tests if hidden else lessons).append(cell.source)
    return tuple(lessons), tuple(tests)


def _place(name):
    """Where a module lies; a path is itself."""
    if os.sep in name:
        return os.path.abspath(name)
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ValueError(f"c.Execute.hidden names {name!r}, which is no module here and no path")
    package = found.submodule_search_locations
    return package[0] if package else found.origin


def _editable():
    """Where this package and what is installed beside it in the same checkout lie."""
    here = Path(__file__).resolve().parent.parent
    return () if here.name == "site-packages" else (str(here),)


def read_files(folder, ignore=(), most=64 << 20, number=5_000):
    """The regular files in a folder as {relative path: bytes}; links and devices are left out.

    ignore  patterns of names that are left out
    most    bytes to read in all; files that would go beyond are left out
    number  of files to read; the others are left out
    """
    found = {}
    for place, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not _matches(n, ignore))
        for name in sorted(files):
            path = os.path.join(place, name)
            if _matches(name, ignore) or len(found) == number:
                continue
            data = read(path, most)
            if data is not None and len(data) <= most:
                most -= len(data)
                found[os.path.relpath(path, folder)] = data
    return found


def keep_files(files, folder):
    """Write files that a student's code made into a folder, where they replace nothing."""
    root = os.path.realpath(folder)
    for name, data in files.items():
        path = os.path.join(root, name)
        inside = os.path.realpath(path).startswith(root + os.sep)
        with contextlib.suppress(OSError, ValueError):  # a name that this file system refuses
            if inside:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "xb") as file:
                    file.write(data)


def _matches(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
