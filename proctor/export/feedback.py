"""Feedback: packed so that a learning system hands each student what is the student's."""

import json
import os

from nbgrader.api import MissingEntry

from proctor.export.annotated import annotated
from proctor.files import read, read_files
from proctor.lms import Unfit, moodle
from proctor.lms.back import packed, suffix
from proctor.lms.people import Known
from proctor.lms.systems import SYSTEMS
from proctor.plugins.collect.notebooks import find
from proctor.plugins.page.facts import facts

_MADE = "proctor feedback {}"


def recorded(path):
    """(the module, {student: place and files}) that `nbgrader zip_collect` wrote; Unfit."""
    data = read(path)
    if data is None:
        raise Unfit(
            "nothing was collected from an archive: nbgrader zip_collect says whose is what"
        )
    try:
        told = json.loads(data)
        return SYSTEMS[told["lms"]], told["students"]
    except (ValueError, KeyError, TypeError):
        raise Unfit("it cannot be read: collect anew") from None


def of_worksheet(people, listed, handed_in):
    """The same for whoever is in a Moodle worksheet, whatever way the submissions came.

    handed_in  ids of whoever has a graded submission
    """
    known, found = Known(people, listed), {}
    for row in listed:
        students = known.students(row.keys)
        if len(students) == 1 and students <= handed_in:
            found[next(iter(students))] = {"place": moodle.place_of(row.keys[0]), "files": {}}
    return moodle, found


def pack(kind, students, book, course, config):
    """(bytes of the archive, number of students in it, sentences on who is not). Raises Unfit."""
    if kind.FEEDBACK is None:
        raise Unfit(
            f"{kind.TITLE} takes no files of feedback in bulk; comments: --into FILE --comments"
        )
    make = _Notebooks(book, course, config) if kind.FEEDBACK.notebooks else _pages
    files, told, number = {}, [], 0
    assignment = course.assignment_id
    for student, one in sorted(students.items()):
        own, why = make(student, one, course)
        told += [f"{student}: {text}" for text in why]
        number += bool(own)
        for name, data in own.items():
            place = name if kind.FEEDBACK.notebooks else one["place"]
            # a group's members share a place: the first one's is for all
            files.setdefault(kind.FEEDBACK.path(assignment, place, name), data)
    if not files:
        raise Unfit("there is no feedback of anybody: " + _MADE.format(assignment))
    return packed(files), number, told


def _pages(student, one, course):
    """({name: bytes} of a student's pages, why there are none)."""
    folder = course.format_path(course.feedback_directory, student, course.assignment_id)
    files = read_files(folder) if os.path.isdir(folder) else {}
    pages = {name: data for name, data in files.items() if suffix(name) == ".html"}
    return pages, [] if pages else [f"no pages: {_MADE.format(course.assignment_id)}"]


class _Notebooks:
    """Makes a student's annotated notebooks, under the names of the files that were downloaded."""

    def __init__(self, book, course, config):
        self.config = config
        try:
            entry = book.find_assignment(course.assignment_id)
        except MissingEntry:
            raise Unfit(f"{course.assignment_id} is not in the gradebook") from None
        self.notebooks = {
            n.name: frozenset(cell.name for cell in n.source_cells) for n in entry.notebooks
        }
        self.facts = facts(book, course.assignment_id)

    def __call__(self, student, one, course):
        graded = self.facts.get(student)
        if graded is None:
            return {}, ["not graded"]
        submitted, made = (
            course.format_path(step, student, course.assignment_id)
            for step in (course.submitted_directory, course.autograded_directory)
        )
        found = find(submitted, self.notebooks)
        files, told = {}, []
        for name in self.notebooks:
            own = found[name].path if name in found else f"{name}.ipynb"
            place = one["files"].get(own)
            if place is None:
                continue  # not handed in
            data = read(os.path.join(made, f"{name}.ipynb"))
            if data is None:
                told.append(f"{name} is not graded")
                continue
            try:
                files[own] = place, annotated(data, graded.parts[name], self.config)
            except ValueError:
                told.append(f"the graded {name} is no notebook")
        return _under_their_names(files), told if files else told or ["no notebook of this student"]


def _under_their_names(files):
    """{downloaded name: bytes}; what came in a student's archive goes back in one of its name.

    files  {path in the submission: (downloaded name, bytes)}
    """
    archives, found = {}, {}
    for own, (place, data) in files.items():
        if suffix(place) == ".zip":
            archives.setdefault(place, {})[own] = data
        else:
            found[place] = data
    return found | {place: packed(own) for place, own in archives.items()}
