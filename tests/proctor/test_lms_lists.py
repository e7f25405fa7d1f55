"""Lists of students, Moodle's gradebook, comments, and marks in tidy tables."""

import csv
import io
import re
import subprocess
import time

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, LoggingConfigurable

from proctor.export import Excel, Tidy
from proctor.export.annotated import annotated
from proctor.export.app import comment
from proctor.export.private import keep_out_of_git
from proctor.export.students import _sorted_out
from proctor.lms import Unfit, sheet
from proctor.lms.fill import fill
from proctor.lms.people import Person
from proctor.lms.students import Enrolled
from proctor.lms.systems import SYSTEMS, students
from proctor.plugins.page.facts import Mark, Part
from proctor.report.gather import gather
from tests import notebooks
from tests.proctor.test_grade import course, graded, run, stock

__all__ = ["course", "graded", "stock"]  # fixtures

LISTS = {
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,ps1 (987)\n,,,,,Manual Posting\n"
        '    Points Possible,,,,,20\n"Müller, Ada",123,S1,ada,L01,\n"Student, Test",9,,x,L01,\n',
        Enrolled("ada", "Ada", "Müller", "", "123"),
    ),
    "canvas without logins": (
        'Student,ID,Section,ps1 (987)\n    Points Possible,,,20\n"Müller, Ada",123,L01,\n',
        Enrolled("123", "Ada", "Müller", "", "123"),
    ),
    "canvas, names in two columns": (
        "LastName,FirstName,ID,SIS Login ID,Section,ps1 (987)\n,,,,,Manual Posting\n"
        "    Points Possible,,,,,20\n,Ada,123,ada,L01,\nStudent,Test,9,x,L01,\n",
        Enrolled("ada", "Ada", "", "", "123"),
    ),
    "moodle": (
        "First name,Last name,Email address,ID number,Username\nAda,Müller,a@x.org,S1,ada\n",
        Enrolled("ada", "Ada", "Müller", "a@x.org", "S1"),
    ),
    "moodle, the least": (
        "First name,Last name,Email address\nAda,Müller,a@x.org\n",
        Enrolled("a@x.org", "Ada", "Müller", "a@x.org", ""),
    ),
    "moodle, German": (
        "Vorname,Nachname,E-Mail-Adresse,ID-Nummer\nAda,Müller,a@x.org,S1\n",
        Enrolled("S1", "Ada", "Müller", "a@x.org", "S1"),
    ),
    "moodle, French": (
        "Prénom,Nom de famille,Adresse de courriel,Nom d’utilisateur,Numéro d’identification\n"
        "Ada,Müller,a@x.org,ada,S1\n",
        Enrolled("ada", "Ada", "Müller", "a@x.org", "S1"),
    ),
    "moodle, Spanish": (
        "Nombre,Apellido(s),Dirección de correo\nAda,Müller,a@x.org\n",
        Enrolled("a@x.org", "Ada", "Müller", "a@x.org", ""),
    ),
    "moodle, worksheet": (
        'Identifier,"Full name","Email address",Status,Grade,"Maximum grade"\n'
        '"Participant 9001","Ada Müller",a@x.org,Submitted,,20.00\n',
        Enrolled("a@x.org", "Ada", "Müller", "a@x.org", ""),
    ),
    "blackboard": (
        '"Last Name","First Name","Username","Student ID","Last Access","Availability"\n'
        '"Müller","Ada","ada","0123","","Yes"\n',
        Enrolled("ada", "Ada", "Müller", "", "0123"),
    ),
    "brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
        "#0123,#ada,Müller,Ada,a@x.org,#\n",
        Enrolled("ada", "Ada", "Müller", "a@x.org", "0123"),
    ),
    "ilias": (
        "Nachname,Vorname,Benutzername,E-Mail\nMüller,Ada,ada,a@x.org\n",
        Enrolled("ada", "Ada", "Müller", "a@x.org", ""),
    ),
    "ilias, English": (
        "Login,First name,Last name\nada,Ada,Müller\n",
        Enrolled("ada", "Ada", "Müller", "", ""),
    ),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_of_students(name, encoding, delimiter):
    text, expected = LISTS[name]
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter).writerows(csv.reader(io.StringIO(text)))
    kind, found = students(sheet.read(made.getvalue().encode(encoding)))
    assert found == [expected]
    assert kind is SYSTEMS[name.split(",")[0].split()[0]]


def test_a_column_for_the_ids_can_be_chosen():
    table = sheet.read(LISTS["moodle"][0].encode())
    assert students(table, "ID number")[1][0].id == "S1"
    with pytest.raises(Unfit, match="no column is called 'Nickname'; there is 'First name'"):
        students(table, "Nickname")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Name\nAda\n"])
def test_what_is_no_list(text):
    with pytest.raises(Unfit, match="is no list of students of: Canvas"):
        students(sheet.read(text.encode()))


def test_who_is_not_taken_is_named():
    there = {"ada": Person("ada", ("ada", "123", "a@x.org"))}
    found = [
        Enrolled("ada", "Ada", "X", "a@x.org", "123"),
        Enrolled("a@x.org", "Ada", "X", "A@x.org", ""),
        Enrolled("", "Eve", "X", "", ""),
        Enrolled("bo", "Bo", "X", "", "1"),
        Enrolled("bo", "Bo", "X", "", "2"),
        Enrolled("cleo", "Cleo", "X", "", "3"),
        Enrolled("cle0", "Cleo", "X", "", "3"),
        Enrolled("=cmd()", "Dan", "X", "", "4"),
        Enrolled("../up", "Dan", "X", "", "5"),
    ]
    taken, told = _sorted_out(found, there)
    assert [one.id for one in taken] == ["ada", "cleo"]
    text = "\n".join(told)
    for said in (
        "`a@x.org` is not taken: `ada` has the same address or number",
        "`Eve X` is not taken: there is no id",
        "`bo` is not taken: 2 rows have this id",
        "`cle0` is not taken: `cleo` has the same address or number",
        "a name that begins like a formula",
        "a name that is a path",
    ):
        assert said in text
    assert len(told) == 6


def test_the_command_takes_excel_and_keeps_the_list_out_of_git(tmp_path):
    import openpyxl

    root = tmp_path / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(LISTS["ilias"][0])):
        book.active.append(row)
    book.save(root / "members.xlsx")
    words = ("import", "members.xlsx")
    tried = run("proctor.export.students", "StudentsApp", root, (*words, "--try"))
    assert tried.out.startswith("ILIAS: 1 student would be new")
    done = run("proctor.export.students", "StudentsApp", root, words)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("ILIAS: 1 student new, 0 changed, of 1.")
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        (one,) = book.students
        assert (one.id, one.first_name, one.last_name) == ("ada", "Ada", "Müller")
    status = subprocess.run(
        ["git", "-C", root, "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert "members" not in status.stdout
    assert run("proctor.export.students", "StudentsApp", root, words).out.startswith(
        "ILIAS: 0 students new, 0 changed"
    )
    for bad, said in (
        (("import",), "which list?"),
        (("import", "nothing.csv"), "there is no file nothing.csv"),
        (("import", "nbgrader_config.py"), "its first row is no list of students"),
    ):
        done = run("proctor.export.students", "StudentsApp", root, bad)
        assert done.status == 2
        assert said in done.err
        assert len(done.err.splitlines()) == 1


def test_a_file_that_git_has_already_is_told(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)

    git("init", "-q")
    path, other = tmp_path / "list [1].csv", tmp_path / "list 1.csv"
    path.touch()
    assert keep_out_of_git(path).startswith("git leaves list [1].csv out from now on")
    assert keep_out_of_git(path) == ""
    other.touch()
    git("add", other)
    assert keep_out_of_git(other).startswith("git has list 1.csv already")


def test_where_there_is_no_git_nothing_is_said(tmp_path):
    (tmp_path / "list.csv").touch()
    assert keep_out_of_git(tmp_path / "list.csv") == ""


# --- Moodle's gradebook ---------------------------------------------------------------------------

PEOPLE = [
    Person("ada", ("ada", "S1", "a@x.org")),
    Person("bo", ("bo", "S2", "b@x.org")),
    Person("cleo", ("cleo", "S3", "c@x.org")),
]
NOW = int(time.time()) - 60
GRADEBOOK = f"""\
"First name","Last name","ID number","Email address","Assignment: ps1 (Real)",\
"Assignment: ps1 (Percentage)","Assignment: ps1 (Feedback)","Last downloaded from this course"
Ada,X,S1,a@x.org,-,"- %",,{NOW}
Bo,X,S2,b@x.org,"3.00","15.00 %",,{NOW}
Cleo,X,S3,c@x.org,-,"- %",,{NOW}
"""
AFTER = GRADEBOOK.replace("a@x.org,-", "a@x.org,17.5").replace('"3.00"', '"0"')


def test_moodle_s_gradebook():
    filled = fill(GRADEBOOK.encode(), "ps1", PEOPLE, {"ada": 17.5, "bo": 0, "cleo": None})
    assert filled.data.decode() == AFTER
    assert filled.format == "Moodle gradebook"
    assert "stops the whole import" in filled.notes[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (str(NOW), str(NOW - 400 * 86400), "it was downloaded more than a year ago"),
        (str(NOW), str(NOW + 86400), "it was downloaded in the future"),
        ("S3,c@x.org", ",", "row 4 does not say who that is"),
        ("c@x.org,-", "c@x.org,good", "'good' in row 4 is no number"),
        ("c@x.org,-,", "c@x.org,-,,", "not as many cells"),
    ],
    ids=["old", "future", "nobody", "no-number", "cells"],  # each worker has a clock of its own
)
def test_what_would_stop_moodle_s_import_is_told(old, new, said):
    with pytest.raises(Unfit, match=said):
        fill(GRADEBOOK.replace(old, new).encode(), "ps1", PEOPLE, {"ada": 1})


def test_comments():
    said = {"ada": "p1: 1 of 2. x < y, & more.", "bo": '=HYPERLINK("x")'}
    filled = fill(GRADEBOOK.encode(), "ps1", PEOPLE, {"ada": 1, "bo": 2, "cleo": None}, "", said)
    rows = list(csv.DictReader(io.StringIO(filled.data.decode())))
    assert [row["Assignment: ps1 (Feedback)"] for row in rows] == [
        "p1: 1 of 2. x &lt; y, &amp; more.",
        '\'=HYPERLINK("x")',
        "",
    ]
    assert filled.comments == 2
    canvas = "Student,ID,Section,ps1 (9)\n    Points Possible,,,20\nA,1,L,\n"
    with pytest.raises(Unfit, match="Canvas gradebook: it has no column for comments"):
        fill(canvas.encode(), "ps1", PEOPLE, {}, "", said)


def test_a_worksheet_in_a_language_that_is_not_known():
    text = "Tunniste,Nimi,Sähköposti,Tila,Arvosana,Suurin\nOsallistuja 1,Ada,a@x.org,ok,,20.00\n"
    filled = fill(text.encode(), "ps1", PEOPLE, {"ada": 20.5})
    assert filled.left_out[0].startswith("ada: 20.5 is above the maximum, 20")
    assert any("which marks are locked" in note for note in filled.notes)
    filled = fill(text.encode(), "ps1", PEOPLE, {"ada": 7})
    assert filled.data.decode() == text.replace("ok,,20", "ok,7,20")


def test_marks_of_anonymous_participants():
    text = 'Identifier,Status,Grade,"Maximum grade"\n"Participant 9001",ok,,20.00\n'
    one = Person("participant-9001", ("participant-9001", None, None))
    filled = fill(text.encode(), "ps1", [one], {"participant-9001": 7})
    assert filled.data.decode() == text.replace("ok,,", "ok,7,")


# --- nbgrader export ------------------------------------------------------------------------------


def test_the_documented_commands(graded):
    text = (notebooks.ROOT / "docs" / "lms.md").read_text()
    commands = re.findall(r"^nbgrader (export .+)$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = run("nbgrader.apps", "NbGraderApp", graded, command.split())
        assert done.status == 0, done.err
    assert len((graded / "marks.csv").read_text().splitlines()) == 43
    assert (graded / "marks.xlsx").read_bytes().startswith(b"PK")
    (chosen,) = re.findall(r"`--assignment='(\S+)'`", text)
    words = ("export", "--exporter=proctor.export.Tidy", "--to=marks.csv")
    done = run("nbgrader.apps", "NbGraderApp", graded, (*words, f"--assignment={chosen}"))
    assert done.status == 1
    assert "no assignment is called maxpool" in done.err
    assert "Traceback" not in done.err


class App(LoggingConfigurable):
    """As nbgrader's command: it has a course, and exits with a line."""

    def __init__(self, root):
        super().__init__()
        self.coursedir = CourseDirectory(root=str(root))

    def fail(self, text, *args):
        raise SystemExit(text % args)


def exported(kind, root, out, **settings):
    plugin = kind(to=str(out / "out"), parent=App(root), **settings)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        plugin.export(book)
    return (out / "out").read_bytes()


def test_tidy_tables(stock, tmp_path):
    root = stock[0]
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        expected = 7 * 6
        assert len(book.assignments) == 1
    text = exported(Tidy, root, tmp_path).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == expected
    assert list(rows[0])[:5] == ["assignment", "student", "notebook", "task", "property"]
    assert {row["late"] for row in rows if row["student"] == "late"} == {"1"}
    by_hand = [row for row in rows if row["by_hand"] == "1"]
    assert {row["cell"] for row in by_hand} == {"why"}
    some = exported(Tidy, root, tmp_path, student=["dies"], assignment=["ps1"]).decode()
    assert len(some.splitlines()) == 7
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(exported(Excel, root, tmp_path)))
    cells = [["" if c is None else str(c) for c in row] for row in book.active.values]
    written = list(csv.reader(io.StringIO(text)))
    assert [[_number(c) for c in row] for row in cells] == [
        [_number(c) for c in row] for row in written
    ]
    for settings, said in (
        ({"student": ["nobody"]}, "no student is called nobody"),
        ({"assignment": ["ps9"]}, "no assignment is called ps9"),
    ):
        with pytest.raises(SystemExit, match=said):
            exported(Tidy, root, tmp_path, **settings)


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_a_comment_is_never_a_formula_or_empty(stock):
    with Gradebook(f"sqlite:///{stock[0]}/gradebook.db") as book:
        found = gather(book, CourseDirectory(root=str(stock[0])), "ps1")
    said = {one.id: comment(one, found) for one in found.students}
    assert (
        said["late"] == "p1: 5 of 9; p2: 5 of 9. late by 1 d: −10; " + said["late"].split("; ")[-1]
    )
    assert all(text.startswith("p1: ") and text.endswith(".") for text in said.values())


def test_an_annotated_notebook_holds_no_marking_scheme():
    scheme = (
        "Why?\n=== BEGIN MARK SCHEME ===\n2 for ![x](attachment:x.png)\n=== END MARK SCHEME ==="
    )
    flags = {"grade": False, "solution": False, "locked": False, "schema_version": 3}
    about = {"nbgrader": {**flags, "task": True, "points": 3, "grade_id": "why"}}
    task = new_markdown_cell(f"{scheme}\nBecause.", metadata=about, id="why")
    task["attachments"] = {"x.png": {"image/png": "eA=="}, "y.png": {"image/png": "eA=="}}
    task.source += " ![mine](attachment:y.png)"
    own = new_markdown_cell("=== BEGIN MARK SCHEME ===\nmine", id="own")
    data = nbformat.writes(new_notebook(cells=[task, own])).encode()
    part = Part({"why": Mark(None, 2.0, None, False, 3.0)}, {"why": "Nearly."}, 0.5)
    made = annotated(data, part, Config())
    assert made == annotated(data, part, Config())  # the same feedback is the same file
    cells = nbformat.reads(made.decode(), as_version=4).cells
    assert [cell.source for cell in cells] == [
        "**Feedback: 1.5 of 3 points**\n\n0.5 points taken off because it was late.",
        "Why?\nBecause. ![mine](attachment:y.png)",
        "**2 of 3 points.** Nearly.",
        own.source,
    ]
    assert list(cells[1].attachments) == ["y.png"]
