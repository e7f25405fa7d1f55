"""A class goes the whole way round, through nbgrader's own commands."""

import csv
import html
import re

import pytest
from nbgrader.api import Gradebook

from oracle.misconceptions import known
from tests import commands, notebooks
from tests.submissions import classroom, report
from tests.submissions.__main__ import Command, grade, prepare
from tests.tiers import chosen

pytestmark = pytest.mark.takes(100)
BUNDLES = {bundle[0].name: bundle for bundle in classroom.bundles(known())}


class Forked(Command):
    """A command that need not import."""

    def begin(self, course, words):
        return commands.begin(course, *words, out=self.log)


@pytest.fixture(scope="module")
def course(request, tmp_path_factory, environment):
    """The example class, and the misconceptions asked for, some together in one submission."""
    folder = tmp_path_factory.mktemp("class") / "course"
    students = classroom.submissions([])
    for name in chosen(request, "name"):
        sources = {task: text for m in BUNDLES[name] for task, text in m.sources.items()}
        students[name] = {
            chapter: answers
            for chapter, answers in classroom.changed(sources).items()
            if answers.keys() & sources.keys()
        }
    prepare(folder, students, Forked)
    grade(folder, students, Forked)
    return folder


@pytest.fixture(scope="module")
def rows(course):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return report.scores(gradebook, "maxpool")


def text_of_feedback(course, student):
    pages = (course / "feedback" / student / "maxpool").glob("*.html")
    raw = "".join(page.read_text(encoding="utf-8") for page in pages)
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", raw)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def test_the_solutions_get_full_marks(rows):
    tasks, students = rows
    automatic = {task: points for task, points in tasks.items() if task != "derivation"}
    assert {task: students["all-right"][task] for task in automatic} == automatic


def test_the_blank_release_gets_nothing(rows):
    assert set(rows[1]["blank"].values()) == {0}


def test_a_crash_costs_its_own_task_and_what_is_built_on_it(rows):
    tasks, students = rows
    lost = {task for task in tasks if students["a-cell-that-crashes"][task] < tasks[task]}
    assert lost == {"derivation", "maxpool_forward", "maxpool_backward"}  # derivation: by hand


def test_loops_lose_the_points_of_being_vectorised_only(rows):
    tasks, students = rows
    loops = students["loops-where-arrays-belong"]
    lost = {t: tasks[t] - loops[t] for t in tasks if loops[t] < tasks[t] and t != "derivation"}
    assert lost == {"maxpool_forward": 3, "maxpool_backward": 3}


@pytest.mark.few(1)
@pytest.mark.parametrize("name", BUNDLES)
def test_misconceptions_cost_their_points_and_feedback_says_why(course, rows, name):
    points = {c: p for chapter in notebooks.CHAPTERS for c, p in notebooks.points(chapter).items()}
    tasks, students = rows
    lost = {}
    for check in frozenset().union(*(m.loses for m in BUNDLES[name])):
        task = report.task_of(check, tasks)
        lost[task] = lost.get(task, 0) + points[check]
    handed_in = {t for t in tasks if t != "derivation" and students[name][t] not in (None, 0)}
    handed_in |= lost.keys()
    assert {t: tasks[t] - students[name][t] for t in handed_in} == dict.fromkeys(
        handed_in, 0
    ) | lost
    text = text_of_feedback(course, name)
    for misconception in BUNDLES[name]:
        # what stands between backticks is drawn as code
        hint = " ".join(misconception.hint.replace("`", "").split())
        assert hint in text.replace("`", ""), misconception.name


def test_every_misconception_is_in_the_class():
    assert sorted(m.name for b in BUNDLES.values() for m in b) == sorted(m.name for m in known())


def test_feedback_shows_no_hidden_test(course):
    for page in (course / "feedback").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "oracle" not in text
        assert "HIDDEN TESTS" not in text
        assert "hidden." not in re.sub(r"(?s)<(script|style).*?</\1>", "", text)


def test_a_syntax_error_is_shown_in_the_student_s_own_lines(course):
    text = text_of_feedback(course, "a-cell-that-crashes")
    assert "def maxpool_forward(x, kernel_size: ^ SyntaxError: incomplete input" in text


def test_grades_are_exported(course, rows):
    with open(course / "grades.csv", encoding="utf-8") as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert exported == {name: sum(s or 0 for s in row.values()) for name, row in rows[1].items()}


def test_the_table_names_everyone_and_a_hint(course):
    text = report.table(course)
    for student in rows_of(course):
        assert student[:29] in text
    (row,) = [line for line in text.splitlines() if line.startswith("a-cell-that-crashes ")]
    assert "maxpool_backward −16: NameError" in row


def test_all_right_waits_for_the_derivation_only(course):
    lines = report.table(course).splitlines()
    (row,) = [line.split() for line in lines if line.startswith("all-right ")]
    assert " ".join(row[1:]) == "95 derivation waits (5 points)"
    assert max(map(len, lines)) <= 80


def test_a_report_is_written(course):
    folder = course / "reports" / "maxpool"
    made = {path.name for path in folder.iterdir()}
    assert made == {"report.html", "items.csv", "reasons.csv", "students.csv", "marks.csv"}
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "What the class misunderstood" in text
    assert "Read: “" in text


def test_a_second_time_the_class_is_not_made_anew(course):
    assert not prepare(course, {})


def rows_of(course):
    return [p.name for p in (course / "submitted").iterdir()]
