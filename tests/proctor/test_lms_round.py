"""A round with each learning system: its list and archive in, its marks and feedback out.

The files begin with the names that the system itself writes and end with what its importer reads.
Settings and commands are those of its section in docs/lms.md, all of them.
"""

import csv
import io
import json
import re
import shutil
import textwrap
import zipfile

import pytest

from proctor.__main__ import _APPS
from tests import notebooks
from tests.proctor import lms_importers as importers
from tests.proctor.test_grade import CLASS, SCORES, copied, course, run, stock

__all__ = ["course", "stock"]  # fixtures

MARKS = {name: 0 if name == "late" else score for name, score in SCORES.items()}
ABSENT = "absent"  # on the list, and handed in nothing
AGAIN, ZIP = "blank", "dies"
NUMBERS = {name: 101 + n for n, name in enumerate([*CLASS, ABSENT])}


def last(name):
    return name.replace("-", " ").title()


def clean(text):
    return re.sub(r"\W", "", text).casefold()


def files(root, student):
    """{name: bytes} of what a student handed in."""
    folder = root / "submitted" / student / "ps1"
    return {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def documented(title):
    """(settings, commands) of a section of the documentation."""
    text = (notebooks.ROOT / "docs" / "lms.md").read_text()
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    blocks = [
        textwrap.dedent(b) for b in re.findall(r" *```(?:python)?\n.*?```", section, re.DOTALL)
    ]
    lines = [line for block in blocks for line in block.splitlines() if "```" not in line]
    commands = [line for line in lines if line.split()[0] in ("proctor", "nbgrader")]
    return "\n".join(line for line in lines if line not in commands), commands


class Canvas:
    archive = "pooling-ps1_submissions.zip"
    head = (
        "Student,ID,SIS Login ID,Section,ps1 (987),Final Score\n"
        "    Points Possible,,,,18,(read only)\n"
    )

    def roster(self, mark=lambda name: ""):
        rows = [
            f'"{last(name)}, Ann",{number},{name},L01,{mark(name)},12.5\n'
            for name, number in NUMBERS.items()
        ]
        return self.head + "".join(rows) + '"Student, Test",999,,L01,,\n'

    def name(self, student, file):
        late = "_LATE" * (student == "late")
        number = 4000 + 10 * NUMBERS[student] + (file == "p2.ipynb")
        return f"{clean(last(student))}ann{late}_{NUMBERS[student]}_{number}_{file}"

    def members(self, root):
        """One has uploaded a second time, one has handed in a zip."""
        found = {}
        for s in CLASS:
            own = files(root, s)
            if s == AGAIN:
                own["p1-1.ipynb"] = own.pop("p1.ipynb")
            own = {"all.zip": zipped({f"mine/{f}": own[f] for f in own})} if s == ZIP else own
            found |= {self.name(s, f): data for f, data in own.items()}
        return found

    importer = staticmethod(importers.Canvas().file)

    def key(self, student):
        return str(NUMBERS[student])


class Moodle:
    archive = "pooling-ps1-77.zip"
    head = (
        'Identifier,"Full name","Email address",Status,Grade,"Maximum grade",'
        '"Grade can be changed","Last modified (submission)","Last modified (grade)",'
        '"Feedback comments"\n'
    )

    def roster(self):
        rows = [f"Ann,{last(n)},{n}@example.org,{n}\n" for n in NUMBERS]
        return "First name,Last name,Email address,Username\n" + "".join(rows)

    def worksheet(self, mark=lambda name: "", comment=lambda name: ""):
        rows = [
            f'"Participant {9000 + number}","Ann {last(name)}",{name}@example.org,'
            f'"Submitted for grading",{mark(name)},18.00,Yes,'
            f'"Thursday, 1 January 2026, 1:00 PM",-,{comment(name)}\n'
            for name, number in NUMBERS.items()
        ]
        return "\ufeff" + self.head + "".join(rows)

    def members(self, root):
        return {
            f"Ann {last(s)}_{9000 + NUMBERS[s]}_assignsubmission_file/{f}": data
            for s in CLASS
            for f, data in files(root, s).items()
        }

    importer = staticmethod(importers.Moodle().file)

    def key(self, student):
        return str(9000 + NUMBERS[student])


class Blackboard:
    archive = "gradebook_pooling_ps1_2026-11-03-09-00-00.zip"
    head = (
        '"Last Name","First Name","Username","Student ID","Last Access","Availability",'
        '"ps1 [Total Pts: 18 Score] |600001"'
    )
    comments = ',"Grading Notes","Notes Format","Feedback to Learner","Feedback Format"'

    def roster(self, mark=lambda name: "", comment=None):
        rows = [
            f'"{last(n)}","Ann","{n}","00{number}","","Yes","{mark(n)}"'
            + (f',"","","{comment(n)}","{"SMART_TEXT" * bool(comment(n))}"' if comment else "")
            for n, number in NUMBERS.items()
        ]
        return "\ufeff" + "\n".join([self.head + self.comments * bool(comment), *rows, ""])

    def members(self, root):
        found = {}
        for s in CLASS:
            own = files(root, s)
            for minute, change in ((0, b"an older attempt"), (30, b"")):
                front = f"ps1_{s}_attempt_2026-11-02-17-{minute:02}-00"
                found |= {f"{front}_{f}": change or data for f, data in own.items()}
                found[f"{front}.txt"] = (
                    f"Name: Ann {last(s)} ({s})\nAssignment: ps1\nFiles:\n"
                    + "".join(f"\tOriginal filename: {f}\n\tFilename: {front}_{f}\n" for f in own)
                ).encode()
        return found


class Ilias:
    archive = "exercise.zip"

    def roster(self):
        rows = [f"{last(n)};Änn;{n};{n}@example.org\n" for n in NUMBERS]
        return "Nachname;Vorname;Benutzername;E-Mail\n" + "".join(rows)

    def folder(self, student):
        return f"{last(student).replace(' ', '_')}_Aenn_{student}_{NUMBERS[student]}"

    def members(self, root):
        return {
            f"ps1/Abgaben/{self.folder(s)}/{f}": data
            for s in CLASS
            for f, data in files(root, s).items()
        } | {"ps1/ps1.xlsx": b"a table"}

    importer = staticmethod(importers.Ilias().file)

    def key(self, student):
        return str(NUMBERS[student])


class Brightspace:
    archive = "ps1 Download Nov 3, 2026 900 AM.zip"
    head = (
        "OrgDefinedId,Username,Last Name,First Name,Email,"
        "ps1 Points Grade <Numeric MaxPoints:18>,End-of-Line Indicator\n"
    )

    def roster(self, mark=lambda name: ""):
        rows = [
            f"#000{number},#{n},{last(n)},Ann,{n}@example.org,{mark(n)},#\n"
            for n, number in NUMBERS.items()
        ]
        return self.head + "".join(rows)

    def folder(self, student, clock="1224 PM"):
        number = NUMBERS[student]
        return f"{5000 + number}-{7000 + number} - Ann {last(student)} - Nov 2, 2026 {clock}"

    def members(self, root):
        found = {"index.html": b"<p>a list</p>"}
        for s in CLASS:
            for f, data in files(root, s).items():
                found[f"{self.folder(s)}/{f}"] = data
                found[f"{self.folder(s, '901 AM')}/{f}"] = b"an older attempt"
        return found

    importer = staticmethod(importers.Brightspace().file)

    def key(self, student):
        return self.folder(student)


@pytest.fixture(scope="session")
def with_pages(once, stock):
    """The graded class, with its pages of feedback."""

    def make(root):
        copied(stock[0], root)
        done = run("proctor.batch.feedback", "FeedbackApp", root, ("ps1",))
        assert done.status == 0, done.err

    return once("class-with-pages", make)


class Round:
    """A course before its list of students and its archive have come."""

    def __init__(self, system, graded, root):
        self.system, self.graded = system, graded
        self.root = shutil.copytree(graded, root)
        shutil.rmtree(self.root / "submitted")
        title = {"Ilias": "ILIAS"}.get(type(system).__name__, type(system).__name__)
        settings, self.commands = documented(title)
        assert "c.FileNameCollector.lms" in settings
        with (self.root / "nbgrader_config.py").open("a") as file:
            file.write(settings)
        # what grades is not called again: the gradebook has the same submissions' marks
        self.ran = {"proctor grade maxpool --feedback"}
        self.archive = self.root / "downloaded" / "ps1" / "archive"
        self.archive.mkdir(parents=True)
        (self.archive / system.archive).write_bytes(zipped(system.members(graded)))

    def run(self, command):
        """Run a command as it is in the documentation."""
        self.ran.add(command)
        program, *words = command.replace("maxpool", "ps1").split()
        if program == "nbgrader":
            return run("nbgrader.apps", "NbGraderApp", self.root, words)
        module, app, _ = _APPS[words[0]]
        return run(module, app, self.root, words[1:])

    def students(self, text, encoding="utf-8"):
        (self.root / "list.csv").write_text(text, encoding=encoding, newline="")
        done = self.run("proctor students import list.csv")
        assert done.status == 0, done.out + done.err
        assert f"1 student new, {len(CLASS)} changed, of {len(NUMBERS)}." in done.out

    def collect(self):
        done = self.run("nbgrader zip_collect maxpool")
        assert done.status == 0, done.err
        handed_in = {s: files(self.graded, s) for s in CLASS}
        if isinstance(self.system, Canvas):
            handed_in[AGAIN]["p1-1.ipynb"] = handed_in[AGAIN].pop("p1.ipynb")
            folder = self.root / "submitted" / ZIP / "ps1"
            assert {path.name for path in folder.iterdir()} == {"mine"}
            for path in (folder / "mine").iterdir():
                assert path.read_bytes() == handed_in[ZIP].pop(path.name)
        assert {s: files(self.root, s) for s in CLASS} == handed_in
        assert not (self.root / "submitted" / ABSENT).exists()
        return done.err

    def times(self):
        folder = self.root / "submitted"
        return {path.read_text() for path in folder.glob("*/ps1/timestamp.txt")}

    def fill(self, name, before, words=""):
        """The file after the command."""
        path = self.root / name
        path.write_bytes(before.encode())
        done = self.run(f"proctor export maxpool --into {name}{words}")
        assert done.status == 0, done.out + done.err
        return path.read_bytes().decode()

    def feedback(self, words=""):
        done = self.run(f"proctor export maxpool --feedback{words}")
        assert done.status == 0, done.out + done.err
        (path,) = (self.root / "downloaded" / "ps1").glob("feedback-*.zip")
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def end(self):
        """All that is documented was called, and nothing else."""
        assert self.ran == set(self.commands)

    def check_pages(self, packed):
        """Each page goes to its student, byte for byte, and all of them do."""
        whose = {self.system.key(name): name for name in CLASS}
        got = {}
        for path, data in packed.items():
            key, file = self.system.importer(path)
            got[whose[key], file] = data
        assert len(got) == len(packed)
        made = (self.root / "feedback").glob("*/ps1/*.html")
        assert got == {(path.parts[-3], path.name): path.read_bytes() for path in made}
        assert {student for student, _ in got} == set(CLASS)


def mark(name):
    return f"{MARKS[name]:g}" if name in MARKS else ""


def comments_of(text, column, key):
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    return {row[key]: row[column] for row in rows}


def loose(text):
    """The cells, however they are quoted."""
    return list(csv.reader(io.StringIO(text)))


def test_canvas(with_pages, tmp_path):
    a_round = Round(system := Canvas(), with_pages, tmp_path / "course")
    a_round.students(system.roster())
    said = a_round.collect()
    assert "`late` is late by Canvas: by how much it does not say" in said
    assert a_round.fill("marks.csv", system.roster()) == system.roster(mark)
    packed = a_round.feedback()
    assert packed.keys() == system.members(with_pages).keys()
    whose = {system.key(name): name for name in CLASS}
    for path, data in packed.items():
        key, file = system.importer(path)
        student = whose[key]
        books = {file.replace("p1-1", "p1"): data}
        if student == ZIP:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                books = {n.removeprefix("mine/"): archive.read(n) for n in archive.namelist()}
            assert books.keys() == {"p1.ipynb", "p2.ipynb"}
        for name, text in books.items():
            graded = (with_pages / "autograded" / student / "ps1" / name).read_text()
            assert "is_nine" in graded  # a hidden test
            assert "is_nine" not in text.decode()
            own, cells = ({c["id"]: c for c in json.loads(b)["cells"]} for b in (graded, text))
            assert set(own) <= set(cells)
            assert cells["double"]["source"] == own["double"]["source"]
            first = json.loads(text)["cells"][0]["source"]
            assert "".join(first).startswith("**Feedback: ")
    a_round.end()


def test_moodle(with_pages, tmp_path):
    a_round = Round(system := Moodle(), with_pages, tmp_path / "course")
    a_round.students(system.roster())
    (a_round.archive / "Grades-pooling-ps1-77.csv").write_text(system.worksheet())
    a_round.collect()
    assert a_round.times() == {"2026-01-01 12:00:00"}  # one o'clock in Vienna
    assert a_round.fill("marks.csv", system.worksheet()) == system.worksheet(mark)
    after = a_round.fill("marks.csv", system.worksheet(), " --comments")
    said = comments_of(after, "Feedback comments", "Email address")
    assert said["all-right@example.org"].startswith("p1: 5 of 9; p2: 5 of 9. ")
    assert "p1: 0 of 9" in said["dies@example.org"]
    assert said["absent@example.org"] == ""
    by_name = {address.split("@")[0]: f'"{text}"' * bool(text) for address, text in said.items()}
    assert loose(after) == loose(system.worksheet(mark, by_name.get))
    a_round.check_pages(a_round.feedback())
    # the worksheet is enough where the submissions came another way
    (a_round.root / "downloaded" / "ps1" / "collected.json").unlink()
    a_round.check_pages(a_round.feedback(" --into marks.csv"))
    a_round.end()


def test_blackboard(with_pages, tmp_path):
    a_round = Round(system := Blackboard(), with_pages, tmp_path / "course")
    a_round.students(system.roster()[1:].replace(",", "\t"), "utf-16")
    a_round.collect()
    assert a_round.times() == {"2026-11-02 17:30:00"}
    assert a_round.fill("marks.csv", system.roster()) == system.roster(mark)
    before = system.roster(comment=lambda name: "")
    after = a_round.fill("comments.csv", before, " --comments")
    said = comments_of(after, "Feedback to Learner", "Username")
    assert said["dies"].startswith("p1: 0 of 9; p2: 5 of 9. ")
    assert after == system.roster(mark, said.get)
    a_round.end()
    done = a_round.run("proctor export maxpool --feedback")
    assert done.status == 2
    assert "Blackboard takes no files of feedback" in done.err


def test_ilias(with_pages, tmp_path):
    a_round = Round(system := Ilias(), with_pages, tmp_path / "course")
    a_round.students(system.roster(), "cp1252")
    a_round.collect()
    a_round.check_pages(a_round.feedback())
    a_round.end()


def test_brightspace(with_pages, tmp_path):
    a_round = Round(system := Brightspace(), with_pages, tmp_path / "course")
    a_round.students(system.roster())
    a_round.collect()
    assert a_round.times() == {"2026-11-02 12:24:00"}
    assert a_round.fill("marks.csv", system.roster()) == system.roster(mark)
    a_round.check_pages(a_round.feedback())
    a_round.end()
