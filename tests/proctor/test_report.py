"""``proctor report``: its numbers are the gradebook's, and it shows nobody's markup."""

import csv
import io
import json
import re
import stat
from html.parser import HTMLParser

import numpy as np
import pytest
from nbgrader.api import BaseCell, Grade, Gradebook
from nbgrader.coursedir import CourseDirectory
from rich.cells import cell_len

from proctor import terminal
from proctor.batch.report import Report
from proctor.report import tables, text
from proctor.report.analysis import Analysis
from proctor.report.causes import CAUSE, MESSAGE, UNWRITTEN, cause_of
from proctor.report.gather import gather
from proctor.report.page import page
from proctor.report.reasons import duration
from tests.proctor import simulated
from tests.proctor.test_grade import course, graded, run, stock

__all__ = ["course", "graded", "stock"]  # fixtures


@pytest.fixture(scope="module")
def simulation(tmp_path_factory, environment):
    """(folder, what was drawn) of a class of 300."""
    root = tmp_path_factory.mktemp("report") / "course"
    root.mkdir()
    return root, simulated.make(root)


@pytest.fixture(scope="module")
def classroom(simulation):
    return gathered(simulation[0], simulated.ASSIGNMENT)


@pytest.fixture(scope="module")
def analysis(classroom):
    return Analysis(classroom)


def gathered(root, assignment):
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        return gather(book, CourseDirectory(root=str(root)), assignment)


def report(root, *words):
    return run("proctor.report.app", "ReportApp", root, words, ())


# --- numbers --------------------------------------------------------------------------------------


def test_points_are_the_gradebook_s(simulation, classroom):
    with Gradebook(f"sqlite:///{simulation[0]}/gradebook.db") as book:
        entry = book.find_assignment(simulated.ASSIGNMENT)
        assert classroom.points == entry.max_score
        submissions = book.assignment_submissions(simulated.ASSIGNMENT)
        exported = {
            s.student.id: (s.score, max(0.0, s.score - s.late_submission_penalty))
            for s in submissions
        }
        waiting = {s.student.id for s in submissions if s.needs_manual_grade}
    assert {s.id: (s.raw, s.score) for s in classroom.handed_in} == exported
    assert {s.id for s in classroom.handed_in if s.waits} == waiting
    assert len(exported) > 250


def test_difficulty_and_discrimination_are_those_of_the_textbook(simulation, classroom, analysis):
    from scipy import stats  # here: seconds, for whoever collects the tests

    marks = simulation[1].marks
    tests = [item.name for item in classroom.items if not item.by_hand]
    table = np.array([[marks[s.id][test] for test in tests] for s in classroom.handed_in])
    for column, test in enumerate(tests):
        item = next(i for i in classroom.items if i.name == test)
        found = analysis.items[item.key]
        rest = table.sum(axis=1) - table[:, column]  # the answer by hand is not read of everybody
        assert found.share == pytest.approx(table[:, column].mean())
        assert found.separates == pytest.approx(stats.pointbiserialr(table[:, column], rest)[0])
        assert (found.full, found.none) == (table[:, column].sum(), (table[:, column] == 0).sum())
    found = analysis.items["1-part", "why"]
    known = [marks[s.id]["why"] for s in classroom.handed_in if marks[s.id]["why"] is not None]
    rest = [
        row.sum()
        for row, s in zip(table, classroom.handed_in, strict=True)
        if marks[s.id]["why"] is not None
    ]
    assert found.share == pytest.approx(np.mean(known) / 5)
    assert found.unread == found.waits == len(classroom.handed_in) - len(known)
    assert found.separates == pytest.approx(np.corrcoef(known, rest)[0, 1])


def test_the_distribution_counts_everybody_once(classroom, analysis):
    scores = [student.score for student in classroom.handed_in]
    found = analysis.distribution
    assert sum(number for *_, number in found.bins) == len(scores)
    assert [number for *_, number in found.bins] == list(
        np.histogram(scores, 10, (0, classroom.points))[0]
    )
    assert found.mean == pytest.approx(np.mean(scores))
    assert found.deviation == pytest.approx(np.std(scores))
    assert found.quartiles == pytest.approx(np.percentile(scores, [25, 50, 75]))


def test_misunderstandings_and_who_has_them(simulation, analysis):
    told = {g.cause.text: set(g.students) for g in analysis.groups if g.cause.kind == CAUSE}
    assert told == dict(simulation[1].causes)
    numbers = [len(g.students) for g in analysis.groups if g.cause.kind == CAUSE]
    assert numbers == sorted(numbers, reverse=True)
    unwritten = {g.tasks[0]: set(g.students) for g in analysis.groups if g.cause.kind == UNWRITTEN}
    assert unwritten == dict(simulation[1].blank)


def test_who_is_to_be_thought_of(simulation, classroom, analysis):
    truth = simulation[1]
    told = {what: {name for name, _ in who} for what, who in text.kept_apart(classroom).items()}
    assert told["handed in late"] == truth.late
    assert told["were repaired"] == truth.repaired
    assert told["lack a notebook"] == truth.missing
    assert told["handed in nothing"] == truth.nothing
    assert told["are not graded yet"] == truth.ungraded
    for (notebook, task), numbers in analysis.tasks.items():
        if task != "why":
            assert numbers.blank == len(truth.blank[task]), notebook


def test_what_many_misunderstood_is_to_be_taught(analysis):
    lessons = analysis.lessons()
    most = max((g for g in analysis.groups if g.cause.kind == CAUSE), key=lambda g: len(g.students))
    assert lessons[0].students >= len(most.students)
    assert lessons[0].about.startswith('Teach "Section of task_')
    assert lessons[0].why.removeprefix("most often: ") in simulated.SENTENCES


def test_a_test_that_punishes_the_good_is_named(tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    truth = simulated.make(root, 40)
    totals = {name: sum(p or 0 for p in marks.values()) for name, marks in truth.marks.items()}
    good = sorted(totals, key=totals.get)[len(totals) // 2 :]
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        graded_cell = BaseCell.name == "test_task_11_property_1"
        for grade in book.db.query(Grade).join(Grade.cell).filter(graded_cell):
            grade.auto_score = float(grade.notebook.assignment.student_id not in good)
        book.db.commit()
    found = Analysis(gathered(root, simulated.ASSIGNMENT))
    assert found.items["1-part", "test_task_11_property_1"].separates < -0.3
    named = [lesson.about for lesson in found.lessons() if "look at the test" in lesson.why]
    assert named[0] == "1-part: task_11 · property 1"


def test_no_correlation_of_a_few(tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    simulated.make(root, 9)
    assert {n.separates for n in Analysis(gathered(root, "sim")).items.values()} == {None}


# --- a class that was really graded ---------------------------------------------------------------


def test_another_s_course_shows_what_it_has(graded):
    classroom = gathered(graded, "ps1")
    found = Analysis(classroom)
    assert [item.title for item in classroom.items[:3]] == ["double", "square", "why"]
    told = {student.id: student for student in classroom.students}
    assert told["late"].score == 0 != told["late"].raw
    assert told["no-second-notebook"].missing == ["p2"]
    assert found.items["p1", "test_double"].full == 4
    assert ("p1", "double") in told["blank"].blank
    assert ("p1", "double") not in told["all-right"].blank
    lines = "\n".join(text.report(found))
    assert "Not written" in lines
    assert "7 of 7 students handed in" in lines


def test_messages_alike_are_one_group():
    told = [cause_of("AssertionError", f"{n} != {n + 1}\nmore", "double") for n in (3, -4.5, 1e-9)]
    assert {cause.kind for cause in told} == {MESSAGE}
    assert len({cause.alike for cause in told}) == 1
    assert told[0].text == "AssertionError: 3 != 4"
    assert cause_of("AssertionError", "3 == 4", "double").alike != told[0].alike
    assert cause_of("AssertionError", "3 != 4", "square").alike != told[0].alike


def test_a_cause_is_read_to_its_end_and_no_further():
    raw = 'f · p: y is 1\n  Likely cause: one\n    two\n    three\n  Read: "A long\n    title"'
    found = cause_of("Failed", raw, "f")
    assert (found.kind, found.text, found.read) == (CAUSE, "one two three", "A long title")
    assert cause_of("E", "we say Likely cause: nothing", "f").kind == MESSAGE
    assert cause_of("\x1b[31mE\x1b[0m", "", "f").text == "E"


# --- a terminal -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_too_long_and_no_word_broken(analysis, width):
    lines = text.report(analysis, width)
    assert max(map(cell_len, lines)) <= width
    whole = " ".join(" ".join(lines).split())
    for group in analysis.groups[:3]:
        assert group.cause.text in whole
    students = text.students(analysis.classroom, width)
    words = {w for s in analysis.classroom.students for w in s.id.split()}
    assert [line.split()[0] for line in students if not line.startswith(" ")] == sorted(words)


def test_what_is_cut_is_cut_between_words():
    assert terminal.cut("one two three", 10) == "one two …"
    assert terminal.cut("onetwothree", 8) == "onetwot…"
    assert terminal.cut("one", 3) == "one"
    assert terminal.wrapped("ein längerer Satz hier", 10, "- ", "  ") == [
        "- ein",
        "  längerer",
        "  Satz",
        "  hier",
    ]
    assert terminal.wrapped("日本 日本 日本", 9) == ["日本 日本", "日本"]
    for most in range(3, 30):
        for words in ("日本語 日本語 x", "a bc def ghij", "x" * 40):
            assert cell_len(terminal.cut(words, most)) <= most


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("screen", [Screen, io.StringIO])
def test_what_grading_says_fits_and_breaks_no_word(monkeypatch, screen):
    out = screen()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout", out)
    sentence = "A cell had lost the name `double`; it was recognised by its cell id. " * 3
    told = Report("ps1", live=False)
    told.begin(4, 2)
    told.done("ada", 5.0, 10.0)
    told.problem("ada", "p1", sentence)
    told.failed("bo", f"it is {STEER} no notebook")
    told.end()
    told.show()
    lines = out.getvalue().splitlines()
    assert all(line.isprintable() for line in lines)
    assert (max(map(len, lines)) <= 80) == (screen is Screen)
    whole = " ".join(out.getvalue().split())
    assert sentence.strip() in whole
    assert "Graded 1 submission in 0.0 s" in whole
    assert "on average 5.0 of 10 points." in whole
    left = "2 graded before and unchanged; 1 not graded, because of a failure; 2 not come to."
    assert left in whole
    assert lines[-1] == "Next: proctor report ps1"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 min"), (5400, "1 h 30 min"), (7200, "2 h"), (90_000, "1 d 1 h"), (172_800, "2 d")],
)
def test_a_time_in_words(seconds, told):
    assert duration(seconds) == told


# --- what students write --------------------------------------------------------------------------

TAG = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>"
STEER = "\x1b[2J\x1b]0;owned\x07\u202ereversed\u2066"
HOSTILE = {
    0: f"x{TAG.replace('/', '')}",
    1: "=HYPERLINK(1)",
    2: f"b{STEER}",
    3: "+cmd",
    4: "@SUM(A1)",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, environment):
    """A class whose names and messages are markup, formulas and a terminal's commands."""
    root = tmp_path_factory.mktemp("hostile") / "course"
    root.mkdir()
    truth = simulated.make(root, 30, seed=3, names=HOSTILE)
    for number, path in enumerate(sorted((root / "autograded").rglob("*.ipynb"))):
        book = json.loads(path.read_text())
        for cell in book["cells"]:
            for output in cell.get("outputs", ()):
                if output["output_type"] == "error":
                    bad = (TAG, STEER, "=1+1", "-2+3", "\n\t@x")[number % 5]
                    output["evalue"] = f'{bad}\n  Likely cause: {bad}{bad}\n  Read: "{bad}"'
                    output["ename"] = f"Failed{bad}" if number % 2 else bad
        path.write_text(json.dumps(book))
    return Analysis(gathered(root, simulated.ASSIGNMENT)), truth


class Tags(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, text):
        super().__init__()
        self.found, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_nothing_hostile_is_in_the_page(hostile, analysis):
    for one in (hostile[0], analysis):
        made = page(one)
        tags = Tags(made)
        assert not tags.found & {"script", "img", "link", "iframe", "object", "base", "form", "a"}
        assert not [n for n, _ in tags.attributes if n.startswith("on") or n in ("href", "src")]
        assert "default-src 'none'; style-src 'unsafe-inline'" in made
        assert "://" not in made
        assert "@import" not in made
        assert "url(" not in made
        assert all(c.isprintable() or c == "\n" for c in made)
    assert "&lt;script&gt;alert(1)" in page(hostile[0])


def test_nothing_steers_a_terminal(hostile):
    lines = text.report(hostile[0])
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= 80


def test_no_cell_of_a_table_is_a_formula(hostile):
    for name, made in tables.tables(hostile[0]).items():
        rows = list(csv.reader(io.StringIO(made)))
        assert len({len(row) for row in rows}) == 1, name
        for value in (value for row in rows for value in row):
            assert value.isprintable()
            if value.startswith(("=", "+", "-", "@")):
                float(value)
    students = csv.DictReader(io.StringIO(tables.tables(hostile[0])["students.csv"]))
    assert "'=HYPERLINK(1)" in {row["student"] for row in students}


def test_json_is_json(hostile, analysis):
    for one in (hostile[0], analysis):
        told = json.loads(tables.as_json(one))
        assert told["handed_in"] == len(one.classroom.handed_in)
        assert set(told["class"]) == {student.id for student in one.classroom.students}


def test_tables_say_what_the_page_says(simulation, classroom, analysis):
    made = tables.tables(analysis)
    rows = list(csv.DictReader(io.StringIO(made["marks.csv"])))
    assert len(rows) == len(classroom.students) * len(classroom.items)
    marks = simulation[1].marks
    for row in rows:
        mark = marks.get(row["student"], {}).get(row["cell"])
        assert row["points"] == ("" if mark is None else str(mark))  # blank, never 0
    students = {row["student"]: row for row in csv.DictReader(io.StringIO(made["students.csv"]))}
    assert {n for n, row in students.items() if row["points"] == ""} == (
        simulation[1].nothing | simulation[1].ungraded
    )
    items = {row["cell"]: row for row in csv.DictReader(io.StringIO(made["items.csv"]))}
    for item in classroom.items:
        assert float(items[item.name]["difficulty"]) == pytest.approx(
            analysis.items[item.key].share, abs=1e-4
        )


# --- the command ----------------------------------------------------------------------------------


def test_it_writes_what_only_its_reader_may_read(graded):
    done = report(graded, "ps1")
    assert (done.status, done.err) == (0, "")
    assert "7 of 7 students handed in" in done.out
    assert "Read on: reports/ps1/report.html" in done.out.splitlines()[-1]
    folder = graded / "reports" / "ps1"
    names = {"report.html", "items.csv", "reasons.csv", "students.csv", "marks.csv"}
    assert {path.name for path in folder.iterdir()} == names
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_without_names_nobody_is_named(graded):
    book = graded / "autograded" / "dies" / "ps1" / "p1.ipynb"
    book.write_text(book.read_text().replace("the kernel ended", "the kernel of dies ended"))
    done = report(graded, "ps1", "--anonymous")
    assert (done.status, done.err) == (0, "")
    folder = graded / "reports" / "ps1-anonymous"
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == {"report.html", "items.csv", "reasons.csv"}
    told = json.loads(report(graded, "ps1", "--anonymous", "--json").out)
    assert "class" not in told
    for shown in (done.out, json.dumps(told), *made.values()):
        body = re.sub(r"(?s)<style>.*?</style>", "", shown)
        for name in ("all-right", "no-second-notebook", "not-a-notebook", "dies", "hangs"):
            assert not re.search(rf"\b{name}\b", body), name


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which assignment?"),
        (("ps2",), "ps2 is not in the gradebook"),
        (("ps1", "ps2"), "one assignment at a time"),
        (("ps1", "--anonymus"), "is it --anonymous?"),
        (("ps1", "--into=release/ps1"), "is for students"),
        (("ps1", "--into=feedback"), "is for students"),
        (("ps1", "--db=sqlite:///nowhere.db"), "there is no gradebook"),
    ],
)
def test_bad_input_is_one_clear_line(graded, words, said):
    done = report(graded, *words)
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith("proctor report: ")
    assert said in line
    assert not list(graded.glob("feedback/**/report.html"))
    assert not (graded / "nowhere.db").exists()


def test_a_damaged_notebook_is_told_and_stops_nothing(graded):
    (graded / "autograded" / "hangs" / "ps1" / "p1.ipynb").write_text('{"cells": [1]}')
    done = report(graded, "ps1")
    assert done.status == 0
    assert "the graded p1 cannot be read" in done.out
