"""Attacks and their honest neighbours in one batch behind proctor."""

from dataclasses import dataclass

from . import course as courses
from . import families  # noqa: F401  (fills ATTACKS)
from .attack import ATTACKS, right
from .course import canary
from .judge import Listening, survivors

HONEST = {
    "honest": {},
    "honest-with-loops": {
        "middle": "def middle(v):\n    v = list(v)\n    while len(v) > 2:\n"
        "        v.remove(max(v))\n        v.remove(min(v))\n    return v[0]",
        "twice": "twice = lambda f, x: f(f(x))",
    },
    "honest-and-loud": {
        "middle": "def middle(v):\n    print('got', v)\n    return sorted(v)[len(v) // 2]"
    },
    "honest-by-recursion": {
        "twice": "def times(n, f, x):\n    return x if n == 0 else times(n - 1, f, f(x))\n\n"
        "def twice(f, x):\n    return times(2, f, x)",
        "spell": "import functools\n\n@functools.cache\ndef spell(n):\n"
        "    return dict(enumerate('zero one two three four'.split()))[n]",
    },
    "zz-honest": {"why": f"Because. {canary('another-submission')}"},  # the last one of the batch
}

COMMANDS = {"nbgrader": ("autograde", "generate_feedback"), "proctor": ("grade", "feedback")}


@dataclass
class Graded:
    """A course after grading and feedback.

    graded, feedback     (exit status, what it said) of the commands
    again                the same, run once more: nothing is left to do
    heard, alive         what listeners heard and what was left running
    before               `fingerprint` of the course before
    """

    course: courses.Course
    graded: tuple
    feedback: tuple
    again: tuple
    heard: list
    alive: list
    before: dict


def grade(folder, chosen=ATTACKS, program="proctor"):
    """Write a course, hand in everything, grade it; return `Graded`.

    program  "nbgrader": by its commands, one submission after the other; "proctor": on all cores
    """
    listening = Listening()
    course = courses.make(folder)
    course.listening = listening.marks
    before = fingerprint(course)
    for student, answers in HONEST.items():
        right(**answers)(course, student)
    for name, attack in chosen.items():
        attack.hand_in(course, name)
    command = course.nbgrader if program == "nbgrader" else course.proctor
    words = COMMANDS[program]
    graded = command(words[0], "ps1", real=True)
    feedback, *again = (command(word, "ps1") for word in (*words[1:], *words))
    return Graded(course, graded, feedback, tuple(again), listening.heard, survivors(), before)


def fingerprint(course):
    """What an attack might change: the source, the answers and the home, by their content."""
    places = (course.root / "source", course.answers, course.home)
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in files}
