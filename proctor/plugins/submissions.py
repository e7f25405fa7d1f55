"""Submissions: which folders and notebooks nbgrader goes through, whatever files are called."""

import functools
import glob
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from proctor.plugins import gradebook
from proctor.plugins.recorded import way_out


def expect(converter):
    """Let nbgrader go through the assignment's notebooks in every submission that holds files.

    It passes over files of other names, and over folders without a right one. Here each notebook
    is looked for under other names, too (`proctor.plugins.collect.notebooks`); one that is not
    there is graded as blank, and the student is told. A folder that nobody may look into counts as
    if it held everything: whoever reads it says why that fails. Returns the names of the notebooks'
    files.
    """
    course = converter.coursedir
    pattern = f"{course.notebook_id}.ipynb"
    with gradebook.of(converter) as book:
        try:
            entry = book.find_assignment(course.assignment_id)
        except MissingEntry:
            told = (
                f"{course.assignment_id} is not in the gradebook: "
                f"run `nbgrader generate_assignment {course.assignment_id} --force`"
            )
            converter.log.error(told)
            raise NbGraderException(told) from None
        notebooks, converter.due = entry.notebooks, entry.duedate
        names = [name for n in notebooks if fnmatch(name := f"{n.name}.ipynb", pattern)]
        _tell_unreleased(converter, entry, pattern)
    for folder in places(converter._format_source(course.assignment_id, course.student_id)):
        try:
            there = bool(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            there = True
        paths = [os.path.join(folder, name) for name in names]
        if there and paths:
            converter.assignments[folder] = paths
    return names


@functools.cache
def guard_submissions():
    """Let nbgrader's ``Autograde`` of this process find submissions as `expect` does.

    It ends where no file has a right name, before anything that can be configured is asked.
    """
    stock = Autograde.init_notebooks

    def init_notebooks(self):
        self.assignments, self.notebooks = {}, []
        expect(self)
        if not self.assignments:
            stock(self)  # which says what is missing

    Autograde.init_notebooks = init_notebooks


def places(pattern):
    """What a pattern stands for, also in folders that this account may not look into."""
    parent, name = os.path.split(pattern)
    if glob.has_magic(name):
        return glob.glob(pattern)
    parents = places(parent) if glob.has_magic(parent) else [parent]
    return [path for parent in parents if not _is_missing(path := os.path.join(parent, name))]


def _is_missing(path):
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # nobody may say
        return False
    return False


def _tell_unreleased(converter, entry, pattern):
    """Warn of notebooks of the source that are not in the gradebook: nobody is graded on them."""
    course = converter.coursedir
    assignment = course.assignment_id
    folder = Path(course.format_path(course.source_directory, ".", assignment))
    recorded = {notebook.name for notebook in entry.notebooks}
    more = [path.name for path in sorted(folder.glob(pattern)) if path.stem not in recorded]
    if not more:
        return
    told = (
        f"{', '.join(more)} in {folder}: not in the gradebook, so not graded. If students are to "
        f"have it, run `nbgrader generate_assignment {assignment} --force`"
    )
    if entry.submissions:
        told += way_out(assignment, "take it out of there")
    converter.log.warning(told)
    if hasattr(converter, "report"):  # `proctor grade` shows no log, and reports on students
        _warn_once(told)


@functools.cache
def _warn_once(told):
    """Write a warning; with ``--watch`` it would come with each submission."""
    sys.stderr.write(f"proctor grade: {told}\n")
