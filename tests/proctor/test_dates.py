"""Due dates, extensions and late days: docs/dates.md, executed."""

import re
import shlex
import shutil

import pytest
import sqlalchemy
from nbgrader.api import Base, Gradebook
from nbgrader.preprocessors import AssignLatePenalties

from proctor.__main__ import _APPS
from proctor.plugins.late import PerDay
from tests import notebooks
from tests.proctor.test_grade import course, fresh, run

__all__ = ["course", "fresh"]  # fixtures
HOUR, DAY = 3600, 24 * 3600


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(1, 0), (15 * 60, 0), (15 * 60 + 1, 1), (DAY, 1), (DAY + HOUR, 2), (11 * DAY, 10)],
)
def test_a_share_for_each_day_that_has_begun(seconds, points):
    assert PerDay().late_submission_penalty("ada", 10, seconds) == points


def test_free_days_are_used_up_by_what_is_due_first(tmp_path):
    url = f"sqlite:///{tmp_path}/gradebook.db"
    Base.metadata.create_all(sqlalchemy.create_engine(url))  # or nbgrader asks alembic, for seconds
    with Gradebook(url) as book:
        book.add_student("ada")
        book.add_student("bo")
        for week in (1, 2, 3):
            book.add_assignment(f"ps{week}", duedate=f"2026-01-{7 * week:02} 12:00:00 UTC")
            for student, late in (("ada", 2), ("bo", 0)):
                submission = book.add_submission(f"ps{week}", student)
                submission.timestamp = submission.duedate.replace(day=7 * week + late)
        book.db.commit()

        def penalty(assignment, student, seconds):
            plugin = PerDay(free_days=3)
            step = AssignLatePenalties()
            step.gradebook, step.assignment_id = book, assignment
            plugin.parent = step
            return plugin.late_submission_penalty(student, 10, seconds)

        assert [penalty(f"ps{week}", "ada", 2 * DAY) for week in (1, 2, 3)] == [0, 1, 2]
        assert [penalty(f"ps{week}", "bo", 2 * DAY) for week in (1, 2, 3)] == [0, 0, 0]


def test_the_page_is_executed(fresh):
    for path in (fresh / "submitted").iterdir():
        if path.name not in ("all-right", "late"):
            shutil.rmtree(path)
    (fresh / "submitted" / "late" / "ps1" / "timestamp.txt").write_text("2026-12-06 12:00:00 UTC")
    with Gradebook(f"sqlite:///{fresh}/gradebook.db", "general") as book:
        book.add_student("absent")
    text = (notebooks.ROOT / "docs" / "dates.md").read_text()
    blocks = re.findall(r"^```(python)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    found = []
    for kind, block in blocks:
        block = block.replace("maxpool", "ps1").replace("ada", "late")
        if "c.PerDay" in block:
            config = fresh / "nbgrader_config.py"
            config.write_text(config.read_text().replace("c.LateSubmissionPlugin", "# ") + block)
        else:
            assert not kind
            program, *words = shlex.split(block)
            if program == "nbgrader":
                done = run("nbgrader.apps", "NbGraderApp", fresh, words)
            else:
                module, app, _ = _APPS[words[0]]
                done = run(module, app, fresh, words[1:])
                found.append(penalties(fresh))
            assert done.status == 0, done.out + done.err
    # due on the 1st, 22:59 UTC; five days late, of which three are free; then three days late
    assert found == [
        {"all-right": {None}, "late": {1.0}},
        {"all-right": {None}, "late": {0.0}},
    ]
    assert "ps1 is due 2026-12-03 22:59 UTC for late." in done.out
    assert run("proctor.report.app", "ReportApp", fresh, ("ps1", "--json")).status == 0
    for words, said in (
        (("ps1", "late"), "which assignment, who, how long?"),
        (("ps1", "late", "--days=-1"), "an extension is of 0 to"),
        (("ps1", "nobody", "--days=1"), "or nobody called nobody"),
        (("ps2", "late", "--days=1"), "the gradebook knows no ps2"),
        (("ps1", "absent", "--days=1"), "absent has handed in nothing of ps1 yet"),
    ):
        refused = run("proctor.batch.extend", "ExtendApp", fresh, words)
        assert (refused.status, len(refused.err.splitlines())) == (2, 1), refused.err
        assert said in refused.err


def penalties(root):
    query = """
        SELECT student_id, late_submission_penalty FROM submitted_notebook
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"""
    found = {}
    with sqlalchemy.create_engine(f"sqlite:///{root}/gradebook.db").connect() as book:
        for student, penalty in book.execute(sqlalchemy.text(query)):
            found.setdefault(student, set()).add(penalty)
    return found
