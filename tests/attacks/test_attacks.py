"""Every attack and accident behind proctor, with honest neighbours.

At least one of each family is handed in to nbgrader's own commands, all others to `proctor grade`,
which goes the same way on all cores.
"""

import functools
import html
import re

import pytest
from nbgrader.api import Gradebook

from tests.tiers import chosen, others

from . import course as courses
from .attack import ALL, ATTACKS
from .batch import COMMANDS, HONEST, fingerprint, grade
from .judge import feedback, judge, marks_left

PROMISED = {  # in docs/security.md
    "defines-the-names-of-tests",
    "redefines-numpy",
    "listens-to-what-is-asked-for",
    "counts-for-the-counter",
    "is-not-traced",
    "reads-its-memory",
    "reads-all-objects",
}
NAMED = {  # in a test below
    "is-wrong",
    "blank",
    "raises-in-its-second-line",
    "tests-deleted",
    "tests-copied",
    "not-json",
    "empty-file",
    "a-link-to-the-source",
    "never-returns",
    "a-question-without-review",
}


def _quick():
    """Names of the attacks that are named here, and of one of each family that has none of them."""
    found = NAMED | PROMISED
    met = {ATTACKS[name].family for name in found}
    for name, attack in ATTACKS.items():
        if attack.family not in met:
            met.add(attack.family)
            found.add(name)
    return found


FEW = _quick()
OTHERS = [name for name in ATTACKS if name not in FEW]
# Classes by the program that grades them: for proctor several, one for each worker that is free.
CLASSES = {"nbgrader": FEW} | {f"proctor-{n}": set(OTHERS[n::4]) for n in range(4)}
MARKS = {  # what shares a class stays on one worker; that of nbgrader's has the module's group
    program: [
        pytest.mark.xdist_group(f"attacks_{program}"),
        pytest.mark.slow,
        pytest.mark.takes(100),
    ]
    for program in CLASSES
} | {"nbgrader": [pytest.mark.xdist_group("test_attacks")]}
PROGRAMS = [pytest.param(program, marks=MARKS[program]) for program in CLASSES]


def by_tier():
    """All attacks, to parametrize with; all but the few are slow."""
    return [pytest.param(name, marks=MARKS[program_of(name)]) for name in ATTACKS]


def program_of(name):
    """The program in whose class an attack is."""
    return next(program for program, names in CLASSES.items() if name in names)


@pytest.fixture(scope="module")
def classes(request, tmp_path_factory):
    """The class of a program, graded: those asked for, of nbgrader's also those named below."""

    @functools.cache
    def make(program):
        wanted = set(chosen(request, "name")) & CLASSES[program]
        named = NAMED if program == "nbgrader" and others(request, "name") else set()
        batch = {name: attack for name, attack in ATTACKS.items() if name in wanted | named}
        return grade(tmp_path_factory.mktemp("attacks"), batch, program.partition("-")[0])

    return make


@pytest.fixture
def graded(classes):
    """The class that nbgrader's own commands have graded."""
    return classes("nbgrader")


@pytest.fixture
def batch(classes, program):
    """The class of that program."""
    return classes(program)


def test_there_are_enough():
    assert len(ATTACKS) >= 60
    assert len({attack.family for attack in ATTACKS.values()}) >= 12


def test_every_family_is_tried_in_either_tier():
    assert {ATTACKS[name].family for name in FEW} == {a.family for a in ATTACKS.values()}
    assert FEW >= NAMED
    assert COMMANDS.keys() == {program.partition("-")[0] for program in CLASSES}
    assert sorted(ATTACKS) == sorted(name for names in CLASSES.values() for name in names)


@pytest.mark.parametrize("name", by_tier())
def test_an_attack_gets_what_it_deserves(classes, name):
    graded = classes(program_of(name))
    verdict = judge(graded.course, ATTACKS[name], graded.heard, graded.alive)
    assert not verdict, str(verdict)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("student", HONEST)
def test_an_honest_neighbour_gets_full_marks(batch, student):
    assert courses.scores(batch.course, student) == ALL


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_stops_the_batch(batch):
    for status, said in (batch.graded, batch.feedback, *batch.again):
        assert status == 0, said[-3000:]


@pytest.mark.parametrize("program", PROGRAMS)
def test_everyone_gets_feedback(batch, program):
    handed_in = [folder.name for folder in (batch.course.root / "submitted").iterdir()]
    assert {*HONEST, *(NAMED if program == "nbgrader" else ())} <= set(handed_in)
    assert not [name for name in handed_in if not feedback(batch.course, name)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_changed_left_or_heard(batch):
    assert batch.before.items() <= fingerprint(batch.course).items()
    assert batch.heard == []
    assert batch.alive == []
    assert marks_left(batch.course) == []


def page(graded, student):
    """The text of a student's feedback as it is read, without markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", "".join(feedback(graded.course, student))))


def test_a_failed_test_says_its_message_and_not_its_source(graded):
    text = page(graded, "is-wrong")
    assert "AssertionError" in text
    assert "NotImplementedError" in page(graded, "blank")
    assert "isclose" not in text + page(graded, "blank")


def test_an_error_in_the_student_s_code_is_shown_with_its_line(graded):
    text = page(graded, "raises-in-its-second-line")
    assert re.search(r"In\[\d+\]>?:2, in total", text)
    assert text.count("nothing_like_it") >= 3
    assert "the wall" not in text


def test_a_repair_is_told(graded):
    for student in (
        "tests-deleted",
        "tests-copied",
        "not-json",
        "empty-file",
        "a-link-to-the-source",
    ):
        assert "Repaired before it was graded" in page(graded, student), student
    assert "Repaired before" not in page(graded, "honest")


def test_a_hang_is_named(graded):
    assert f"stopped after {courses.SECONDS} s" in page(graded, "never-returns")


def test_a_test_in_the_student_s_kernel_is_named(graded):
    assert "ran in the student's own kernel" in page(graded, "honest")


@pytest.mark.parametrize(
    ("student", "waits"),
    [("honest", True), ("a-question-without-review", True), ("blank", False), ("not-json", False)],
)
def test_prose_waits_for_a_person(graded, student, waits):
    with Gradebook(f"sqlite:///{graded.course.root}/gradebook.db") as gradebook:
        submission = gradebook.find_submission_notebook("p1", "ps1", student)
        (grade,) = [grade for grade in submission.grades if grade.name == "why"]
        assert (grade.needs_manual_grade, grade.auto_score) == (waits, None if waits else 0)
