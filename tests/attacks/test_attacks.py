"""Every attack and accident in one batch behind proctor, with honest neighbours."""

import collections
import html
import re

import pytest
from nbgrader.api import Gradebook

from tests.tiers import chosen, others

from . import course as courses
from .attack import ALL, ATTACKS
from .batch import HONEST, fingerprint, grade
from .judge import feedback, judge, marks_left

QUICK = 3  # attacks of each family in the quick tier, besides those that are named here
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


def by_tier():
    """All attacks, to parametrize with; of each family, all but the first few are slow."""
    met, found = collections.Counter(), []
    for name, attack in ATTACKS.items():
        met[attack.family] += 1
        slow = met[attack.family] > QUICK and name not in NAMED | PROMISED
        found.append(pytest.param(name, marks=[pytest.mark.slow] * slow))
    return found


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory):
    """The batch of those asked for or named below, graded by nbgrader's own commands."""
    names = set(chosen(request, "name")) | (NAMED if others(request, "name") else set())
    batch = {name: attack for name, attack in ATTACKS.items() if name in names}
    return grade(tmp_path_factory.mktemp("attacks"), batch)


def test_there_are_enough():
    assert len(ATTACKS) >= 60
    assert len({attack.family for attack in ATTACKS.values()}) >= 12


def test_every_family_is_tried_in_either_tier():
    quick = {param.values[0] for param in by_tier() if not param.marks}
    assert {ATTACKS[name].family for name in quick} == {a.family for a in ATTACKS.values()}
    assert quick >= NAMED


@pytest.mark.parametrize("name", by_tier())
def test_an_attack_gets_what_it_deserves(graded, name):
    verdict = judge(graded.course, ATTACKS[name], graded.heard, graded.alive)
    assert not verdict, str(verdict)


@pytest.mark.parametrize("student", HONEST)
def test_an_honest_neighbour_gets_full_marks(graded, student):
    assert courses.scores(graded.course, student) == ALL


def test_nothing_stops_the_batch(graded):
    for status, said in (graded.autograde, graded.feedback, *graded.again):
        assert status == 0, said[-3000:]


def test_everyone_gets_feedback(graded):
    handed_in = [folder.name for folder in (graded.course.root / "submitted").iterdir()]
    assert {*HONEST, *NAMED} <= set(handed_in)
    assert not [name for name in handed_in if not feedback(graded.course, name)]


def test_nothing_is_changed_left_or_heard(graded):
    assert graded.before.items() <= fingerprint(graded.course).items()
    assert graded.heard == []
    assert graded.alive == []
    assert marks_left(graded.course) == []


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
        assert "repaired in your notebook" in page(graded, student), student
    assert "repaired in your notebook" not in page(graded, "honest")


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
