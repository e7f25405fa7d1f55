"""docs/operator.md on backup and restore: its commands, and a restored course that grades on."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from tests import notebooks
from tests.proctor.test_grade import course, grade, graded, stock

_fixtures = course, graded, stock
DOCS = notebooks.ROOT / "docs"


def commands(page, heading):
    """The blocks of commands below a heading."""
    section = (DOCS / page).read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\n(.*?)^```$", section, re.S | re.M)


def shell(script, folder):
    script = script.replace("python3", sys.executable)
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)


def test_a_restored_course_is_the_same_and_grades_on(graded, tmp_path, stock):
    book = f"sqlite:///{graded}/gradebook.db"
    with Gradebook(book, "general") as gradebook:
        grade_by_hand = gradebook.find_grade("why", "p1", "ps1", "no-second-notebook")
        grade_by_hand.manual_score = 3
        gradebook.db.commit()
    backup, restore = commands("operator.md", "Backup and restore")
    writer = sqlite3.connect(graded / "gradebook.db")  # somebody is grading
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE grade SET manual_score = 99")
    shell(backup, graded)
    shell(backup, graded)  # as every night
    writer.rollback()
    writer.close()
    place = tmp_path / "restored"
    place.mkdir()
    shell(restore, place)
    for path in Path(graded).rglob("*"):
        if path.is_file() and "gradebook.db" not in path.name:
            assert (place / path.relative_to(graded)).read_bytes() == path.read_bytes()
    before = marks(graded)
    assert marks(place) == before
    assert 3 in {row[-1] for row in before}
    done = grade(place)
    assert done.status == 0, done.err
    assert marks(place) == before


def marks(folder):
    """Every mark of a gradebook, by student, notebook and cell; its text without what is random."""
    with sqlite3.connect(folder / "gradebook.db") as book:
        return sorted(
            book.execute(
                "SELECT a.student_id, n.name, c.name, g.auto_score, g.manual_score FROM grade g "
                "JOIN submitted_notebook s ON g.notebook_id = s.id "
                "JOIN submitted_assignment a ON s.assignment_id = a.id "
                "JOIN notebook n ON s.notebook_id = n.id JOIN base_cell c ON g.cell_id = c.id"
            ),
            key=str,
        )
