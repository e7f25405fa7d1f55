"""Twelve odd or hostile cases of each learning system: archive in, marks out, feedback out.

A case begins with the names that the system gives and ends with what its importer reads, and it is
data: what comes, whose it is, the file of marks before and after, the names in the feedback. Where
a system has no such case, ``NOT_THERE`` has the reason.
"""

import io
import json
import time
import zipfile
from dataclasses import dataclass, field

import pytest
import sqlalchemy
from nbgrader.api import Base, Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from proctor.export.feedback import pack, recorded
from proctor.lms import Unfit
from proctor.lms.fill import fill
from proctor.lms.people import Person
from tests.proctor import lms_importers as importers
from tests.proctor.test_lms_archives import PEOPLE, Collected, zipped

TWELVE = (
    *("two attempts", "late", "anonymous", "group", "two of one name", "other letters"),
    *("another language", "blank", "excused", "no id", "a path that climbs", "a trap in the title"),
)
MARKS = {"ada": 17.5, "ada2": 3, "bo": 0, "cleo_c": 11.25, "127": 20}
ANONYMOUS = {"anon_a1B2c": 7, "participant-9001": 7}
NAMES = {one.id: one.name for one in PEOPLE}
NUMBERS = dict(zip(NAMES, range(9001, 9006), strict=True))
KEYS = {one.id: one.keys for one in PEOPLE}
MOMENT = int(time.time()) - 60  # of a download


def book(text):
    """A notebook of one answer."""
    about = {"grade": True, "solution": True, "grade_id": "f", "schema_version": 3, "points": 20}
    about |= {"locked": False, "task": False, "cell_type": "code"}
    code = {"cell_type": "code", "id": "f", "source": text, "metadata": {"nbgrader": about}}
    cells = [code | {"execution_count": None, "outputs": []}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def page(student):
    return f"<p>{student} ü</p>".encode()


# --- the files of marks ---------------------------------------------------------------------------
# of {student: text of the cell}; ``without``: whose row does not say who that is


def canvas(cells, title="ps1", without=(), sign=","):
    total = "87,50" if sign == ";" else "87.50"
    lines = [
        ["Student", "ID", "SIS Login ID", "Section", f"{title} (987)", "Final Score"],
        ["", "", "", "", "Manual Posting", ""],
        ["    Points Possible", "", "", "", "20", "(read only)"],
    ]
    for s, (first, last) in NAMES.items():
        number, login = ("", "") if s in without else (KEYS[s][1], s)
        lines.append([f'"{last}, {first}"', number, login, "L01", cells.get(s, ""), total])
    lines.append(['"Student, Test"', "999", "", "L01", "", ""])
    return "".join(sign.join(line) + "\r\n" for line in lines).encode()


def worksheet(cells, without=(), blind=False, german=False, locked=()):
    head = 'Identifier,"Full name","Email address",Status,Group,Grade,"Maximum grade",'
    head += '"Grade can be changed","Last modified (submission)","Feedback comments"'
    word, no, most = "Participant ", "No", "20.00"
    if german:
        head = 'ID,"Vollständiger Name",E-Mail-Adresse,Status,Gruppe,Bewertung,Bestnote,'
        head += '"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)"'
        head += ',"Feedback als Kommentar"'
        word, no, most = "Teilnehmer/in", "Nein", '"20,00"'
    if blind:
        head = head.replace('"Full name","Email address",', "")
    lines = [head]
    for s, (first, last) in NAMES.items():
        mail = "" if s in without else f"{s}@example.org"
        who = "" if blind else f'"{first} {last}",{mail},'
        group = "Red" if s in ("ada2", "bo") else ""
        when = '"Monday, 2 November 2026, 17:00"'
        now, number = no if s in locked else "Yes", f"{word}{NUMBERS[s]}"
        number = number if german else f'"{number}"'
        mark = cells.get(s, cells.get(f"participant-{NUMBERS[s]}", ""))
        lines.append(f"{number},{who}Submitted,{group},{mark},{most},{now},{when},")
    return ("\ufeff" + "".join(line + "\n" for line in lines)).encode()


def moodle_gradebook(cells, title="ps1"):
    lines = [f'"First name",Surname,"Email address","Assignment: {title} (Real)",Last']
    lines += [
        f"{first},{last},{s}@example.org,{cells.get(s, '-')},{MOMENT}"
        for s, (first, last) in NAMES.items()
    ]
    return "".join(line + "\n" for line in lines).encode()


def blackboard(cells, title="ps1", without=(), tab=False):
    names = ("Last Name", "First Name", "Username", "Student ID", "Availability")
    lines = [[*names, f"{title} [Total Pts: 20 Score] |600001"]]
    for s, (first, last) in NAMES.items():
        own = ["", ""] if s in without else [s, KEYS[s][1]]
        lines.append([last, first, *own, "Yes", cells.get(s, "")])
    sign = "\t" if tab else ","
    text = "".join(sign.join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)
    return b"\xff\xfe" + text.encode("utf-16-le") if tab else ("\ufeff" + text).encode()


def brightspace(cells, title="ps1", without=()):
    lines = [
        f"OrgDefinedId,Username,Last Name,First Name,{title} Points Grade "
        "<Numeric MaxPoints:20 Weight:10>,End-of-Line Indicator"
    ]
    for s, (first, last) in NAMES.items():
        own = "#,#" if s in without else f"#{KEYS[s][1]},#{s}"
        lines.append(f"{own},{last},{first},{cells.get(s, '')},#")
    return "".join(line + "\r\n" for line in lines).encode()


@dataclass(frozen=True)
class Odd:
    """Odd: one case.

    members   {name in the archive: answer, or bytes}
    whose     {student: {file: answer}} of what is collected
    back      the names in the archive of feedback
    told      words of what is said on the way
    lists     {name: bytes} beside the archive; ``who``: lines of who.csv
    settings  of the collector
    times     {student: when it was handed in}
    sheet     the file of marks, None if the system has none; ``how``: words for it
    before    {student: cell}; ``after``: {student: cell} of what is changed
    taken     {key: mark} that the importer takes, where it is not what is written
    column    the title asked for; ``refused``: why nothing is filled
    """

    members: dict
    whose: dict
    back: set
    told: tuple = ()
    lists: dict = field(default_factory=dict)
    who: tuple = ()
    settings: dict = field(default_factory=dict)
    times: dict = field(default_factory=dict)
    sheet: object = None
    how: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    column: str = ""
    refused: str = ""
    importer: object = None


def of(sheet, importer, **more):
    return lambda *case, **own: Odd(*case, **{"sheet": sheet, "importer": importer, **more, **own})


P = "p.ipynb"
odd = of(canvas, importers.Canvas())
CANVAS = {
    "two attempts": odd(
        {"exampleada_123_1_p.ipynb": "x", "exampleada_123_2_p.ipynb": "y"},
        {"ada": {P: "y"}},
        {"exampleada_123_2_p.ipynb"},
        before={"ada": "4"},
        after={"ada": "17.5"},
    ),
    "late": odd(
        {"exampleada_LATE_123_1_p-1.ipynb": "x"},
        {"ada": {"p-1.ipynb": "x"}},
        {"exampleada_LATE_123_1_p-1.ipynb"},
        ("late by Canvas",),
        after={"ada": "17.5"},
    ),
    "anonymous": odd(  # and Canvas' file of marks has nobody of that name
        {"LATE_anon_a1B2c_1_p.ipynb": "x"},
        {"anon_a1B2c": {P: "x"}},
        {"LATE_anon_a1B2c_1_p.ipynb"},
        ("anon_a1B2c: no row in this file",),
        settings={"anonymous": "take"},
        before=dict.fromkeys(NAMES, "N/A"),
    ),
    "group": odd(
        {"group_7_125_1_p.ipynb": "x"},
        {"ada": {P: "x"}, "bo": {P: "x"}},
        {"group_7_125_1_p.ipynb"},
        who=("group_7,bo", "group_7,ada"),
        after={"ada": "17.5", "bo": "0"},
    ),
    "two of one name": odd(
        {"exampleada_123_1_p.ipynb": "x", "exampleada_124_2_p.ipynb": "y"},
        {"ada": {P: "x"}, "ada2": {P: "y"}},
        {"exampleada_123_1_p.ipynb", "exampleada_124_2_p.ipynb"},
        after={"ada": "17.5", "ada2": "3"},
    ),
    "other letters": odd(
        {"examplemüllerbom_125_1_Prüfung p.ipynb": "ü"},
        {"bo": {"Prüfung p.ipynb": "ü"}},
        {"examplemüllerbom_125_1_Prüfung p.ipynb"},
        before={"bo": "1.00"},
        after={"bo": "0"},
    ),
    "another language": odd(  # headings stay English there; numbers and separators do not
        {"exampleada_123_1_p.ipynb": "x", "examplecleo_126_2_p.ipynb": "x"},
        {"ada": {P: "x"}, "cleo_c": {P: "x"}},
        {"exampleada_123_1_p.ipynb", "examplecleo_126_2_p.ipynb"},
        how={"sign": ";"},
        after={"ada": "17,5", "cleo_c": "11,25"},
    ),
    "blank": odd(
        {"examplemüllerbom_125_1_p.ipynb": ""},
        {"bo": {P: ""}},
        {"examplemüllerbom_125_1_p.ipynb"},
        before={"cleo_c": "", "127": "5.00"},
        after={"bo": "0"},
    ),
    "excused": odd(
        {"exampleada_123_1_p.ipynb": "x"},
        {"ada": {P: "x"}},
        {"exampleada_123_1_p.ipynb"},
        ("ada: Canvas has 'EX' there",),
        before={"ada": "EX", "bo": "EX"},
    ),
    "no id": odd(
        {"exampleada_123_1_p.ipynb": "x", "examplecleo_p.ipynb": "y"},
        {"ada": {P: "x"}},
        {"exampleada_123_1_p.ipynb"},
        ("examplecleo_p.ipynb` is left out", "ada: no row in this file"),
        how={"without": ["ada"]},
    ),
    "a path that climbs": odd(
        {"exampleada_123_1_p.ipynb": "x", "../../exampleada_123_2_q.ipynb": "y"},
        {"ada": {P: "x"}},
        {"exampleada_123_1_p.ipynb"},
        ("is left out",),
        after={"ada": "17.5"},
    ),
    "a trap in the title": odd(
        {"exampleada_123_1_Final Score_124_9_p.ipynb": "x"},
        {"ada": {"Final Score_124_9_p.ipynb": "x"}},
        {"exampleada_123_1_Final Score_124_9_p.ipynb"},
        how={"title": "ps1 Final Score"},
        column="ps1 final score",
        refused="its name has a word of its totals",
    ),
}


def moodle(student):
    return f"Participant_{NUMBERS[student]}_assignsubmission_file/p.html"


def folder(student):
    return f"{' '.join(NAMES[student])}_{NUMBERS[student]}_assignsubmission_file/p.ipynb"


odd = of(worksheet, importers.Moodle(), lists={"Grades-pooling-ps1-77.csv": worksheet({})})
MOODLE = {
    "late": odd(  # no word in the names: the worksheet has the time
        {folder("ada"): "x"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        settings={"timezone": "Europe/Vienna"},
        times={"ada": "2026-11-02 16:00:00"},
        after={"ada": "17.5"},
    ),
    "anonymous": odd(
        {"Participant_9001_assignsubmission_file/p.ipynb": "x"},
        {"participant-9001": {P: "x"}},
        {"Participant_9001_assignsubmission_file/p.html"},
        lists={"w.csv": worksheet({}, blind=True)},
        settings={"anonymous": "take"},
        how={"blind": True},
        after={"participant-9001": "7"},
    ),
    "group": odd(  # its number is another's as a participant
        {"Red_9001_assignsubmission_file/p.ipynb": "x"},
        {"ada2": {P: "x"}, "bo": {P: "x"}},
        {moodle("ada2"), moodle("bo")},
        after={"ada2": "3", "bo": "0"},
    ),
    "two of one name": odd(
        {folder("ada"): "x", folder("ada2"): "y"},
        {"ada": {P: "x"}, "ada2": {P: "y"}},
        {moodle("ada"), moodle("ada2")},
        before={"ada2": "1.00"},
        after={"ada": "17.5", "ada2": "3"},
    ),
    "other letters": odd(
        {folder("bo").replace(P, "Prüfung p.ipynb"): "ü"},
        {"bo": {"Prüfung p.ipynb": "ü"}},
        {moodle("bo")},
        after={"bo": "0"},
    ),
    "another language": odd(
        {folder("ada"): "x"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        lists={"Bewertungen.csv": worksheet({}, german=True)},
        how={"german": True},
        after={"ada": "17.5"},
    ),
    "blank": odd(
        {folder("bo"): ""},
        {"bo": {P: ""}},
        {moodle("bo")},
        before={"127": "5.00"},
        after={"bo": "0"},
    ),
    "excused": odd(  # which Moodle does not know: a mark that is locked
        {folder("ada"): "x"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        ("ada: its grade is locked in Moodle",),
        how={"locked": ["ada"]},
    ),
    "no id": odd(
        {folder("ada"): "x", "Default group_assignsubmission_file/p.ipynb": "y"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        ("a group, and no list says who is in it", "ada: no row in this file"),
        how={"without": ["ada"]},
    ),
    "a path that climbs": odd(
        {folder("ada"): "x", folder("ada").replace(P, "../../q.ipynb"): "y"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        ("is left out",),
        after={"ada": "17.5"},
    ),
    "a trap in the title": odd(  # it is in the gradebook's file only
        {folder("ada"): "x"},
        {"ada": {P: "x"}},
        {moodle("ada")},
        sheet=moodle_gradebook,
        importer=importers.MoodleGradebook(),
        how={"title": "Quiz: ps1 (Real)"},
        column="Quiz: ps1 (Real)",
        after={"ada": "17.5"},
    ),
}
AT, LATER = "attempt_2026-11-02-17-00-00", "attempt_2026-11-02-17-30-00"
SAID = "Nombre: {} ({})\nTarea: ps1\nNota actual: -\n"
odd = of(blackboard, importers.Blackboard())
BLACKBOARD = {
    "two attempts": odd(
        {f"ps1_ada_{AT}_p.ipynb": "x", f"ps1_ada_{LATER}_p.ipynb": "y"},
        {"ada": {P: "y"}},
        set(),
        before={"ada": "4.0"},
        after={"ada": "17.5"},
    ),
    "late": odd(  # no word in the names: they have the time
        {f"ps1_ada_{AT}_p.ipynb": "x"},
        {"ada": {P: "x"}},
        set(),
        settings={"timezone": "America/New_York"},
        times={"ada": "2026-11-02 22:00:00"},
        after={"ada": "17.5"},
    ),
    "two of one name": odd(
        {f"ps1_ada_{AT}_p.ipynb": "x", f"ps1_ada2_{AT}_p.ipynb": "y"},
        {"ada": {P: "x"}, "ada2": {P: "y"}},
        set(),
        after={"ada": "17.5", "ada2": "3"},
    ),
    "other letters": odd(
        {
            f"Übung 1_bo_{AT}_Prüfung p.ipynb": "ü",
            f"Übung 1_bo_{AT}.txt": SAID.format("Bo M. Example-Müller", "bo").encode(),
        },
        {"bo": {"Prüfung p.ipynb": "ü"}},
        set(),
        how={"title": "Übung 1"},
        column="übung 1",
        after={"bo": "0"},
    ),
    "another language": odd(
        {
            f"a_ps_1_cleo_c_{AT}_p.ipynb": "x",
            f"a_ps_1_cleo_c_{AT}.txt": SAID.format("Cleo Example", "cleo_c").encode(),
        },
        {"cleo_c": {P: "x"}},
        set(),
        how={"tab": True},
        before={"ada": "11,00", "bo": "3,50"},
        after={"cleo_c": "11,25"},
    ),
    "blank": odd(
        {f"ps1_bo_{AT}_p.ipynb": ""},
        {"bo": {P: ""}},
        set(),
        before={"127": "5.00"},
        after={"bo": "0"},
    ),
    "no id": odd(
        {f"ps1_ada_{AT}_p.ipynb": "x", f"ps1_{AT}_p.ipynb": "y"},
        {"ada": {P: "x"}},
        set(),
        (f"ps1_{AT}_p.ipynb` is left out", "ada: no row in this file"),
        how={"without": ["ada"]},
    ),
    "a path that climbs": odd(
        {f"ps1_ada_{AT}_p.ipynb": "x", f"../ps1_ada_{AT}_q.ipynb": "y"},
        {"ada": {P: "x"}},
        set(),
        ("is left out",),
        after={"ada": "17.5"},
    ),
    "a trap in the title": odd(
        {
            f"ps1_{AT}_x_ada_{LATER}_p.ipynb": "x",  # a title like an attempt
            f"a_ps_1_ada_{AT}_p.ipynb": "y",
            f"a_ps_1_ada_{AT}.txt": SAID.format("Ada Example", "ada").encode(),
        },
        {"ada": {P: "y"}},
        set(),
        ("its name is none of Blackboard's",),
        how={"title": "ps1 [bonus] |5"},
        column="ps1 [bonus] |5",
        after={"ada": "17.5"},
    ),
}
TOP = "ps1/Submissions"


def person(student, last="Example", first="Ada"):
    return f"{last}_{first}_{student}_{KEYS[student][1]}"


def multi(student, **name):
    return f"multi_feedback_ps1/{person(student, **name)}/p.html"


odd = of(None, importers.Ilias())
ILIAS = {
    "two attempts": odd(  # files of one name; a new one replaces no older one there
        {f"{TOP}/{person('ada')}/p.ipynb": "x", f"{TOP}/{person('ada')}/p (2).ipynb": "y"},
        {"ada": {P: "x", "p (2).ipynb": "y"}},
        {multi("ada")},
    ),
    "late": odd(
        {f"{TOP}/{person('ada')}/Late submission - p.ipynb": "x"},
        {"ada": {P: "x"}},
        {multi("ada")},
        ("late by ILIAS",),
    ),
    "group": odd(
        {f"{TOP}/Team 7/{person('ada')}/p.ipynb": "x"},
        {"ada": {P: "x"}, "bo": {P: "x"}},
        {multi("ada")},
        who=(f"Team 7/{person('ada')},ada", f"Team 7/{person('ada')},bo"),
    ),
    "two of one name": odd(
        {f"{TOP}/{person('ada')}/p.ipynb": "x", f"{TOP}/{person('ada2')}/p.ipynb": "y"},
        {"ada": {P: "x"}, "ada2": {P: "y"}},
        {multi("ada"), multi("ada2")},
    ),
    "other letters": odd(
        {f"{TOP}/{person('bo', 'Example-Mueller', 'Bo M.')}/Prüfung p.ipynb": "ü"},
        {"bo": {"Prüfung p.ipynb": "ü"}},
        {multi("bo", last="Example-Mueller", first="Bo M.")},
    ),
    "another language": odd(
        {f"Übung/Zadania/{person('ada')}/Verspätete Abgabe - p.ipynb": "x"},
        {"ada": {P: "x"}},
        {multi("ada")},
        ("late by ILIAS",),
    ),
    "blank": odd(
        {f"{TOP}/{person('ada')}/p.ipynb": "", f"{TOP}/ps1.xlsx": b"a table"},
        {"ada": {P: ""}},
        {multi("ada")},
    ),
    "no id": odd(
        {f"{TOP}/{person('ada')}/p.ipynb": "x", f"{TOP}/Example_Cleo_cleo_c/p.ipynb": "y"},
        {"ada": {P: "x"}},
        {multi("ada")},
        ("its name is none of ILIAS's",),
    ),
    "a path that climbs": odd(
        {f"{TOP}/{person('ada')}/p.ipynb": "x", f"{TOP}/../../{person('ada')}/q.ipynb": "y"},
        {"ada": {P: "x"}},
        {multi("ada")},
        ("is left out",),
    ),
    "a trap in the title": odd(
        {f"Set_1_ada_123/Submissions/{person('ada2')}/p.ipynb": "x"},
        {"ada2": {P: "x"}},
        {multi("ada2")},
    ),
}
BO = "1-2 - Bo M. Example-Müller - Nov 2, 2026 1224 PM"
odd = of(brightspace, importers.Brightspace(), settings={"by_name": True})
BRIGHTSPACE = {
    "two attempts": odd(
        {f"{BO}/p.ipynb": "x", f"{BO.replace('1224', '1225')}/p.ipynb": "y"},
        {"bo": {P: "y"}},
        {f"{BO.replace('1224', '1225')}/p.html"},
        before={"bo": "4"},
        after={"bo": "0"},
    ),
    "late": odd(  # no word in the names: they have the time
        {f"{BO}/p.ipynb": "x"},
        {"bo": {P: "x"}},
        {f"{BO}/p.html"},
        settings={"by_name": True, "timezone": "Europe/Vienna"},
        times={"bo": "2026-11-02 11:24:00"},
        after={"bo": "0"},
    ),
    "two of one name": odd(
        {"1-2 - Ada Example - Nov 2, 2026 1224 PM/p.ipynb": "x", f"{BO}/p.ipynb": "y"},
        {"bo": {P: "y"}},
        {f"{BO}/p.html"},
        ("it could be of `ada` or `ada2`",),
        after={"bo": "0"},
    ),
    "other letters": odd(
        {f"{BO}/Prüfung p.ipynb": "ü"},
        {"bo": {"Prüfung p.ipynb": "ü"}},
        {f"{BO}/p.html"},
        after={"bo": "0"},
    ),
    "another language": odd(
        {f"{BO.replace('Nov', 'Mär').replace(' PM', '')}/p.ipynb": "x"},
        {"bo": {P: "x"}},
        {f"{BO.replace('Nov', 'Mär').replace(' PM', '')}/p.html"},
        times={},
        after={"bo": "0"},
    ),
    "blank": odd(
        {f"{BO}/p.ipynb": "", "index.html": b"<p>a list</p>"},
        {"bo": {P: ""}},
        {f"{BO}/p.html"},
        before={"127": "5.00"},
        after={"bo": "0"},
    ),
    "no id": odd(
        {f"{BO}/p.ipynb": "x", "p.ipynb": "y"},
        {"bo": {P: "x"}},
        {f"{BO}/p.html"},
        ("its name is none of Brightspace's", "bo: no row in this file"),
        how={"without": ["bo"]},
    ),
    "a path that climbs": odd(
        {f"{BO}/p.ipynb": "x", f"../{BO}/q.ipynb": "y"},
        {"bo": {P: "x"}},
        {f"{BO}/p.html"},
        ("is left out",),
        after={"bo": "0"},
    ),
    "a trap in the title": odd(
        {f"{BO}/p.ipynb": "x"},
        {"bo": {P: "x"}},
        {f"{BO}/p.html"},
        how={"title": "ps1 Points Grade <1>"},
        column="ps1 Points Grade <1>",
        after={"bo": "0"},
    ),
}
CASES = {
    "canvas": CANVAS,
    "moodle": MOODLE,
    "blackboard": BLACKBOARD,
    "ilias": ILIAS,
    "brightspace": BRIGHTSPACE,
}
NOT_THERE = {
    ("moodle", "two attempts"): "the zip holds the newest; two that differ: test_lms_archives",
    ("blackboard", "anonymous"): "how such a file is named is published nowhere",
    ("blackboard", "group"): "how such a file is named is published nowhere",
    ("blackboard", "excused"): "an upload cannot exempt, and the download's word is not published",
    ("ilias", "anonymous"): "it names everybody",
    ("ilias", "excused"): "it has no file of marks",
    ("brightspace", "anonymous"): "how such a folder is named is published nowhere",
    ("brightspace", "group"): "how such a folder is named is published nowhere",
    ("brightspace", "excused"): "how an exempt mark is written is published nowhere",
}


def test_each_system_has_twelve_cases_or_a_reason():
    for lms, cases in CASES.items():
        without = {case for name, case in NOT_THERE if name == lms}
        assert sorted([*cases, *without]) == sorted(TWELVE)
    assert all(len(reason) > 10 for reason in NOT_THERE.values())


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """A gradebook in which everybody has handed in, and has a mark."""
    url = f"sqlite:///{tmp_path_factory.mktemp('odd')}/gradebook.db"
    Base.metadata.create_all(sqlalchemy.create_engine(url))  # or nbgrader asks alembic, for seconds
    with Gradebook(url) as made:
        made.add_assignment("ps1")
        made.add_notebook("p", "ps1")
        made.add_grade_cell("f", "p", "ps1", max_score=20, cell_type="code")
        made.add_source_cell("f", "p", "ps1", cell_type="code", source="")
        for student, mark in (MARKS | ANONYMOUS).items():
            made.add_student(student)
            made.add_submission("ps1", student)
            made.find_grade("f", "p", "ps1", student).auto_score = mark
        made.db.commit()
        yield made


@pytest.mark.parametrize(
    ("lms", "case"), [(lms, case) for lms, cases in CASES.items() for case in cases]
)
def test_there_and_back(tmp_path, marks, lms, case):
    odd = CASES[lms][case]
    # in
    members = {n: d if isinstance(d, bytes) else book(d) for n, d in odd.members.items()}
    if odd.who:
        folder = tmp_path / "downloaded" / "ps1"
        folder.mkdir(parents=True)
        (folder / "who.csv").write_text("\n".join(["who,student", *odd.who]))
    got = Collected(tmp_path, {"all.zip": zipped(members)} | odd.lists, lms=lms, **odd.settings)
    whose = {s: {name: book(d) for name, d in files.items()} for s, files in odd.whose.items()}
    assert got.files == whose, got.said
    if odd.times:
        assert got.times == odd.times
    said = [got.said]
    # marks out
    strangers = [Person(one, (one, None, None)) for one in ANONYMOUS if one in whose]
    given = {s: (MARKS | ANONYMOUS)[s] if s in whose else None for s in (*NAMES, *whose)}
    if odd.sheet:
        before, people = odd.sheet(odd.before, **odd.how), [*PEOPLE, *strangers]
        if odd.refused:
            with pytest.raises(Unfit, match=odd.refused):
                fill(before, "ps1", people, given, odd.column)
        else:
            filled = fill(before, "ps1", people, given, odd.column)
            assert filled.data == odd.sheet(odd.before | odd.after, **odd.how)
            assert filled.written + filled.same == len(odd.after)
            left_out = {line.split(":")[0] for line in filled.left_out}
            assert left_out == set(whose) - set(odd.after)
            taken = odd.importer.marks(filled.data)
            for student in odd.after:
                assert taken[key_of(lms, odd, student)].replace(",", ".") == f"{given[student]:g}"
            said += filled.left_out
    for words in odd.told:
        assert words in "\n".join(said)
    # feedback out
    for student in whose:
        for step, name, data in (
            ("autograded", P, book(f"graded {student}").encode()),
            ("feedback", "p.html", page(student)),
        ):
            path = tmp_path / step / student / "ps1" / name
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
    kind, students = recorded(tmp_path / "downloaded" / "ps1" / "collected.json")
    course = CourseDirectory(root=str(tmp_path), assignment_id="ps1")
    if kind.FEEDBACK is None:
        with pytest.raises(Unfit, match="takes no files of feedback"):
            pack(kind, students, marks, course, Config())
        return
    archive, number, told = pack(kind, students, marks, course, Config())
    assert (number, told) == (len(whose), [])
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    assert files.keys() == odd.back
    own = {}  # of a group the first
    for student in sorted(whose, reverse=True):
        places = students[student]
        own |= dict.fromkeys([places["place"], *places["files"].values()], student)
    for path, data in files.items():
        key, name = odd.importer.file(path)
        student = next(s for place, s in own.items() if place in path)
        assert key in feedback_keys(lms, odd, student)
        if kind.FEEDBACK.notebooks:
            first, second, *_ = json.loads(data)["cells"]
            assert "".join(first["source"]).startswith("**Feedback: ")
            assert "".join(second["source"]) == f"graded {student}"
        else:
            assert (name, data) == ("p.html", page(student))


def feedback_keys(lms, odd, student):
    """How feedback may name a student; of a group it has the one who handed in."""
    group = [line.split(",")[1] for line in odd.who]
    if lms == "moodle":
        return [key_of(lms, odd, student) if odd.sheet is worksheet else str(NUMBERS[student])]
    if lms == "brightspace":
        return [path.split("/")[0] for path in odd.back if " ".join(NAMES[student]) in path]
    return [student if s in ANONYMOUS else KEYS[s][1] for s in [*group, student]]


def key_of(lms, odd, student):
    """How the importer names a student."""
    if lms == "canvas":
        return KEYS[student][1]
    if odd.sheet is worksheet:
        number = NUMBERS.get(student)
        return str(number) if number else student.removeprefix("participant-")
    return f"{student}@example.org" if lms == "moodle" else student
