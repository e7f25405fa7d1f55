"""A course that knows nothing of pooling: two canaries for every place that a student must not see.

``make`` writes it and releases its assignment, ``hand_in`` puts a submission into it, ``grade``
runs nbgrader's own commands on the class.
"""

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from tests import commands

SECONDS = 3  # limit of a cell
TOTAL = 12  # limit of a notebook, in seconds
MEMORY = 600 << 20  # bytes

# Canaries: a text that is in one place only. In code it is never written in one piece.
CANARY = "canary-in-"
PLACES = (
    "a-hidden-test",
    "a-name-of-a-hidden-test",
    "a-solution",
    "the-answers",
    "private-notes",
    "the-gradebook",
    "the-environment",
    "another-submission",
    "the-home-folder",
)


def canary(place):
    """The canary of one of ``PLACES``."""
    assert place in PLACES, place
    return CANARY + place


# points of the tests that are graded automatically; `counter` runs in the student's kernel
POINTS = {
    "test_total": 2,
    "test_total_leaves_x": 1,
    "test_total_does_not_loop": 1,
    "test_scale": 1,
    "test_twice": 3,
    "test_middle": 1,
    "test_spell": 4,
    "test_counter": 2,
}
INSIDE = "test_counter"

RIGHT = {
    "total": "def total(x):\n    return x.sum()",
    "twice": "def twice(f, x):\n    return f(f(x))",
    "middle": "def middle(values):\n    return sorted(values)[len(values) // 2]",
    "spell": "def spell(n):\n    return ['zero', 'one', 'two', 'three', 'four'][n]",
    "counter": (
        "class Counter:\n    def __init__(self):\n        self.n = 0\n\n"
        "    def __add__(self, n):\n        self.n += n\n        return self"
    ),
    "why": "Because a sum does not mind the order.",
}


def _meta(name, **flags):
    given = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **given}}


def _cell(name, source, tags=(), **flags):
    metadata = _meta(name, **flags) | ({"tags": list(tags)} if tags else {})
    return new_code_cell(textwrap.dedent(source).strip(), id=name, metadata=metadata)


def _task(name):
    body = textwrap.indent(RIGHT[name], "")
    first, rest = body.split("\n", 1)
    solution = f"{first}\n    ### BEGIN SOLUTION\n    # {canary('a-solution')}\n{rest}\n"
    return _cell(name, f"{solution}    ### END SOLUTION", solution=True)


def _test(name, source, visible="", tags=()):
    hidden = textwrap.dedent(source).strip()
    if not tags:  # what runs in the student's kernel can be read there
        hidden = f'note = "{canary("a-hidden-test")}"\n{hidden}'
    text = f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
    return _cell(name, text, tags, grade=True, locked=True, points=POINTS[name])


def notebook():
    """The source notebook: five tasks, eight tests and a question for a person."""
    cells = [
        _cell("setup", "import numpy as np\nfrom helper import count, double", locked=True),
        new_code_cell("import math", id="plain"),  # as instructors leave them: unlocked
        _task("total"),
        _test(
            "test_total",
            f"""
            from answers import TOTAL
            {canary("a-name-of-a-hidden-test").replace("-", "_")} = 12
            x = np.arange(12.0).reshape(3, 4)
            answer = total(x)
            assert np.isclose(answer, TOTAL), "the sum of twelve numbers"
            assert np.isclose(total(x[:, ::2]), 30)
            expected = 10
            """,
            visible="assert total(np.arange(3)) == 3",
        ),
        _test(
            "test_total_leaves_x",
            """
            x = np.ones(10)
            assert abs(total(x) - expected) < 1e-9
            assert (x == 1).all()
            """,
        ),
        _test(
            "test_total_does_not_loop",
            """
            # behind a wall the lines are counted there, and what the kernel spent is asked for
            counted = getattr(total, "__remote__", lambda path: count)("helper:count")
            assert counted(total, np.ones(200)) - counted(total, np.ones(20)) < 100
            spent = getattr(total, "__spent__", lambda: 0)
            import time

            x, loops, calls = np.ones(4_000_000), [], []
            for _ in range(6):  # a busy machine takes longer, for either: the best of each counts
                before = time.process_time()
                sum(one for one in x[:250_000])
                loops.append(time.process_time() - before)
                before = spent()
                assert total(x) == 4_000_000
                calls.append(spent() - before)
                if min(calls) < 5 * min(loops):
                    break  # a right answer may be slow for a while, a loop is never quick
            # a sum takes less than one loop of 250,000, a loop 10 to 20 of them
            assert min(calls) < 5 * min(loops)
            """,
        ),
        _cell("scale", "first = total(np.ones(2))\nscale = 10", locked=True),
        _test("test_scale", "assert math.isclose(total(np.full(3, 2.0)) + scale, 16)"),
        _task("twice"),
        _test(
            "test_twice",
            """
            def shout(s):
                return s + ("!" if note else "?")

            assert twice(double, 5) == 20
            assert twice(shout, "a") == "a!!"
            """,
        ),
        _task("middle"),
        # it quotes what it got, as tests do
        _test(
            "test_middle",
            """
            got = middle([3, 1, 2])
            print("got", got)
            assert got == 2, f"got {got}"
            """,
        ),
        _task("spell"),
        _test(
            "test_spell",
            """
            words = ["zero", "one", "two", "three", "four"]
            sum(spell(n) == word for n, word in enumerate(words[1:], 1))
            """,
        ),
        _task("counter"),
        # a test of operators on a live object: it cannot be asked for across a wall
        _test(
            "test_counter",
            "assert (Counter() + 2 + 3).n == 5",
            tags=["in-student-kernel"],
        ),
        new_markdown_cell(
            "=== BEGIN SOLUTION ===\nBecause.\n=== END SOLUTION ===",
            id="why",
            metadata=_meta("why", grade=True, solution=True, points=4),
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


HELPER = """\
import sys


def double(x):
    return 2 * x


def count(function, *args):
    lines = []

    def trace(frame, event, arg):
        lines.append(event)
        return trace

    sys.settrace(trace)
    try:
        function(*args)
    finally:
        sys.settrace(None)
    return len(lines)
"""

CONFIG = f"""\
c = get_config()
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "private"]
c.Execute.timeout = {SECONDS}
"""

BEHIND_PROCTOR = f"""\
import proctor
proctor.configure(c)
c.Execute.total_timeout = {TOTAL}
c.Execute.memory = {MEMORY}
c.Screen.strangers = "take"  # the gradebook has an address, which is a canary
"""


@dataclass
class Course:
    """A course in a folder of its own.

    root     the course's folder
    home     the grader's home folder
    answers  folder of a module that only the grader's side may import
    listening  {mark: where}: see ``judge.Listening``
    """

    root: Path
    home: Path
    answers: Path
    listening: dict = field(default_factory=dict)

    @property
    def environment(self):
        """The environment in which the grader runs nbgrader."""
        return {
            **os.environ,
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(_CHECKOUT), str(self.answers)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GRADER_TOKEN": canary("the-environment"),
        }

    def nbgrader(self, *words, timeout=900, real=False):
        """Run one nbgrader command; return (exit status, what it said)."""
        return self._run("nbgrader", *words, timeout=timeout, real=real)

    def proctor(self, *words, timeout=900, real=False):
        """The same of proctor's."""
        return self._run("proctor", *words, timeout=timeout, real=real)

    def _run(self, *words, timeout, real):
        """Run it; ``real``: as a program that was started with its secrets, as no fork is."""
        how = {"env": self.environment, "timeout": timeout}
        if real:
            done = subprocess.run(
                [sys.executable, "-m", *words],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                **how,
            )
        else:
            done = commands.run(self.root, *words, **how)
        return done.returncode, done.stdout

    def released(self):
        """A fresh copy of the released notebook."""
        return nbformat.read(self.root / "release" / "ps1" / "p1.ipynb", as_version=4)

    def folder(self, student):
        """The folder of a student's submission, made if it is not there."""
        folder = self.root / "submitted" / student / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


_CHECKOUT = Path(__file__).parents[2]


def make(folder, behind_proctor=True):
    """Write the course into ``folder`` and release its assignment; return the ``Course``."""
    course = Course(folder / "course", folder / "home", folder / "course" / "grader")
    source = course.root / "source" / "ps1"
    for place in (source / "private", source / "data", course.home, course.answers):
        place.mkdir(parents=True)
    nbformat.write(notebook(), source / "p1.ipynb")
    (source / "helper.py").write_text(HELPER)
    (source / "data" / "numbers.txt").write_text("1 2 3\n")
    (source / "private" / "notes.txt").write_text(canary("private-notes"))
    (course.answers / "answers.py").write_text(f'TOTAL = 66.0\nNOTE = "{canary("the-answers")}"\n')
    (course.home / ".netrc").write_text(canary("the-home-folder"))
    config = CONFIG + (BEHIND_PROCTOR if behind_proctor else "")
    (course.root / "nbgrader_config.py").write_text(config)
    status, said = course.nbgrader("generate_assignment", "ps1")
    assert status == 0, said
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        gradebook.add_student("a-student-of-last-year", email=canary("the-gradebook"))
    return course


def solve(book, **answers):
    """Put answers into a notebook: the right ones, but for those given."""
    answers = {**RIGHT, **answers}
    for one in book.cells:
        if one.id in answers:
            one.source = textwrap.dedent(answers[one.id]).strip()
    return book


def scores(course, student):
    """{test: points} that a submission was given automatically; None where nothing was."""
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        try:
            submission = gradebook.find_submission_notebook("p1", "ps1", student)
        except Exception:  # nbgrader's MissingEntry: it was not graded at all
            return dict.fromkeys(POINTS)
        found = {grade.name: grade.auto_score for grade in submission.grades}
    return {name: found.get(name) for name in POINTS}
