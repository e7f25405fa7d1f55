"""What an attack is, and the ways to hand one in.

In the code of an attack ``@NAME@`` is its name, ``@COURSE@`` the course's folder, ``@HOME@`` the
grader's home and ``@TCP@``, ``@TCP6@``, ``@UDP@``, ``@ABSTRACT@``, ``@SOCKET@`` where a listener of
the grader's waits: an attacker is given what others would have to guess. ``found(…)`` prints the
canaries in what it is given, ``reached(…)`` that something out of bounds was done.
"""

import json
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from nbformat.v4 import new_code_cell

from .course import INSIDE, POINTS, RIGHT, solve

ALL = {name: float(points) for name, points in POINTS.items()}
NONE = dict.fromkeys(POINTS, 0.0)

_TOOLS = '''
def found(*things):
    """Print the canaries in what was found."""
    import re
    text = " ".join(str(t) for t in things)
    print("FOUND", *sorted(set(re.findall("canary[-_]in[-_][a-z_-]+", text))) or ["nothing"])


def reached(what):
    print("REACHED", what, "@NAME@")


def read(path):
    """A file's text, by whatever way it can be read; empty if it cannot."""
    try:
        with open(path, errors="replace") as file:
            return file.read(5_000_000)
    except OSError:
        return ""


def once(mark=[]):
    """True the first time."""
    mark.append(1)
    return len(mark) == 1
'''


@dataclass(frozen=True)
class Attack:
    """A submission, and what it deserves.

    why       what it is up to, or what went wrong
    hand_in   function of the course and the student's name, which writes the submission
    deserves  {test: points} for every test
    """

    name: str
    family: str
    why: str
    hand_in: Callable = field(repr=False)
    deserves: dict = field(repr=False)


def but(**points):
    """All points, but for some tests."""
    return ALL | points


def only(**points):
    """No points, but for some tests."""
    return NONE | points


def without(task):
    """All points, but for the tests of one task."""
    tests = {"total": [t for t in POINTS if "total" in t or t == "test_scale"]}
    return ALL | dict.fromkeys(tests.get(task, [f"test_{task}"]), 0.0)


def code(source, tools=True):
    """The text of an attacker's cell."""
    source = textwrap.dedent(source).strip()
    needs = any(f"{name}(" in source for name in ("found", "reached", "read", "once"))
    return f"{_TOOLS.strip()}\n\n\n{source}" if tools and needs else source


def told(course, student, text):
    """The text with its marks filled in."""
    marks = {"NAME": student, "COURSE": course.root, "HOME": course.home, **course.listening}
    for mark, value in marks.items():
        text = text.replace(f"@{mark}@", str(value))
    return text


def write(course, student, book):
    """Write a notebook as the submission."""
    for one in book.cells:
        one.source = told(course, student, one.source)
    path = course.folder(student) / "p1.ipynb"
    # nbformat would repair what is to stay broken
    path.write_text(json.dumps(book), encoding="utf-8")


def notebook(change, answers=RIGHT):
    """Right answers in a notebook that ``change`` changes in place (or returns another)."""

    def hand_in(course, student):
        book = course.released()
        if answers is not None:
            solve(book, **answers)
        write(course, student, change(book) or book)

    return hand_in


def right(**answers):
    """Right answers, with those given in place of theirs."""
    answers = {name: code(source) for name, source in answers.items()}
    return notebook(lambda book: None, answers)


def own(source, answers=None, at=1):
    """A cell of the student's own before the first task; by default every answer is emptied."""
    if answers is None:
        answers = dict.fromkeys(RIGHT, "# see above")
    given = {name: code(text) for name, text in answers.items()}
    return notebook(
        lambda book: book.cells.insert(at, new_code_cell(code(source), id="own")), given
    )


def raw(data):
    """A file ``p1.ipynb`` of these bytes, or of what a function of the right notebook returns."""

    def hand_in(course, student):
        book = solve(course.released())
        content = data(book) if callable(data) else data
        (course.folder(student) / "p1.ipynb").write_bytes(content)

    return hand_in


def files(content, first=None):
    """A submission (``first``: by default all right), and files beside the notebook.

    content  {name: text, bytes or function of the path}
    """

    def hand_in(course, student):
        (first or right())(course, student)
        for name, data in content.items():
            path = course.folder(student) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(data):
                data(path)
            elif isinstance(data, bytes):
                path.write_bytes(data)
            else:
                path.write_text(told(course, student, textwrap.dedent(data)))

    return hand_in


def place(function):
    """A submission that a function of the course and its folder writes, with its own hands."""
    return lambda course, student: function(course, course.folder(student))


def sparse(size):
    """A function that makes a file of this many bytes, which take no place on disk."""

    def make(path):
        path.touch()
        os.truncate(path, size)

    return make


def family(title):
    """A function that adds attacks to a new family of this title."""

    def add(name, why, hand_in, deserves=NONE, **more):
        assert name not in ATTACKS, name
        assert deserves.keys() == POINTS.keys(), name
        ATTACKS[name] = Attack(name, title, why, hand_in, deserves, **more)

    return add


ATTACKS = {}
"""Every attack by its name, in the order of the table."""

__all__ = [
    "ALL",
    "ATTACKS",
    "INSIDE",
    "NONE",
    "RIGHT",
    "Attack",
    "but",
    "code",
    "family",
    "files",
    "notebook",
    "only",
    "own",
    "place",
    "raw",
    "right",
    "sparse",
    "without",
]
