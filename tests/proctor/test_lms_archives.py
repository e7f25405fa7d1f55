"""Archives of learning systems: odd and hostile names; what fits nobody or two is never guessed."""

import csv
import io
import json
import logging
import zipfile

import pytest
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from traitlets import TraitError
from traitlets.config import Config

from proctor.lms.people import Person
from proctor.plugins import collect
from proctor.plugins.collect.downloaded import Downloaded


def person(name, number, first, last):
    return Person(name, (name, str(number), f"{name}@example.org"), (first, last))


# two of one name, one with letters that ASCII has not, one whose id is a number of the system's
PEOPLE = [
    person("ada", 123, "Ada", "Example"),
    person("ada2", 124, "Ada", "Example"),
    person("bo", 125, "Bo M.", "Example-Müller"),
    person("cleo_c", 126, "Cleo", "Example"),
    person("127", 128, "Dan", "Example"),
]
NAMELESS = [Person(one.id, one.keys) for one in PEOPLE]


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


class Collected:
    """What nbgrader's command makes of archives; the gradebook knows ``people``."""

    def __init__(self, root, archives, people=PEOPLE, **settings):
        folder = root / "downloaded" / "ps1"
        (folder / "archive").mkdir(parents=True, exist_ok=True)
        for name, data in archives.items():
            path = folder / "archive" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        app = ZipCollectApp(config=Config({"FileNameCollector": settings}), force=True)
        app.coursedir = CourseDirectory(root=str(root), assignment_id="ps1", max_dir_size=1000)
        app.collector_plugin, app.extractor_plugin = collect.FileNameCollector, collect.Extractor
        said, app.log = io.StringIO(), logging.Logger("zip_collect")
        app.log.addHandler(logging.StreamHandler(said))
        patch = pytest.MonkeyPatch()
        patch.setattr(Downloaded, "_class", lambda _: people)
        try:
            app.init_plugins()
            app.extract_archive_files()
            app.process_extracted_files()
            self.status = 0
        except SystemExit as error:
            self.status = error.code
        finally:
            patch.undo()
        self.said = said.getvalue()
        submitted = root / "submitted"
        self.files = {}
        for path in sorted(submitted.rglob("*")):
            if path.is_file() and path.name != "timestamp.txt":
                student, _, *parts = path.relative_to(submitted).parts
                self.files.setdefault(student, {})["/".join(parts)] = path.read_text()
        self.times = {p.parts[-3]: p.read_text() for p in submitted.rglob("timestamp.txt")}
        who = folder / "who.csv"
        self.who = list(csv.DictReader(who.read_text().splitlines())) if who.exists() else []


CANVAS = {
    "late": ({"exampleada_LATE_123_1_p.ipynb": "x"}, {"ada": {"p.ipynb": "x"}}, "late by Canvas"),
    "two of one name": (
        {"exampleada_123_1_p.ipynb": "x", "exampleada_124_2_p.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}, "ada2": {"p.ipynb": "y"}},
        "",
    ),
    "other letters": (
        {"examplemüllerbom_125_1_prüfung.ipynb": "x"},
        {"bo": {"prüfung.ipynb": "x"}},
        "",
    ),
    "handed in twice": (
        {"exampleada_123_1_p.ipynb": "x", "exampleada_123_2_p-1.ipynb": "y"},
        {"ada": {"p.ipynb": "x", "p-1.ipynb": "y"}},
        "",
    ),
    "downloaded twice": (
        {"exampleada_123_1_p.ipynb": "x", "exampleada_123_2_p.ipynb": "y"},
        {"ada": {"p.ipynb": "y"}},
        "",
    ),
    "a folder in the student's zip": (
        {"exampleada_123_1_all.zip": zipped({"maxpool/data/a.csv": "1", "p.ipynb": "x"})},
        {"ada": {"maxpool/data/a.csv": "1", "p.ipynb": "x"}},
        "",
    ),
    "text": ({"exampleada_123_text.html": "x"}, {"ada": {"text.html": "x"}}, ""),
    "anonymous": ({"anon_a1B2c_1_p.ipynb": "x"}, {}, "`anon_a1B2c` is not known: anonymous"),
    "late and anonymous": ({"LATE_anon_a1B2c_1_p.ipynb": "x"}, {}, "not known: anonymous"),
    "a group": ({"teamred_125_1_p.ipynb": "x"}, {}, "`bo` has this number, and another name"),
    "a group with numbers": ({"group_7_125_1_p.ipynb": "x"}, {}, "`group_7` is not known"),
    "nobody's number": ({"exampleeve_999_1_p.ipynb": "x"}, {}, "nobody in the class has"),
    "another's id here": ({"exampledan_127_1_p.ipynb": "x"}, {}, "nobody in the class has"),
    # the student chose the file's name
    "another's numbers in the file's name": (
        {"exampleada_123_1_x_125_9_p.ipynb": "x"},
        {"ada": {"x_125_9_p.ipynb": "x"}},
        "",
    ),
    "a stranger with another's numbers": (
        {"exampleeve_999_1_x_125_9_p.ipynb": "x"},
        {},
        "it could be of `bo`",
    ),
    # the student chose the own name
    "another's numbers in the own name": (
        {"exampleada_123_1_126_2_p.ipynb": "x", "examplecleo_126_3_p.ipynb": "y"},
        {"ada": {"126_2_p.ipynb": "x"}, "cleo_c": {"p.ipynb": "y"}},
        "",
    ),
    "a path that climbs": (
        {"exampleada_123_1_p.ipynb": "x", "../../exampleada_123_2_q.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}},
        "is left out",
    ),
    "a time of the student's": (
        {"exampleada_123_1_timestamp.txt": "2020-01-01", "exampleada_123_2_p.ipynb": "x"},
        {"ada": {"p.ipynb": "x"}},
        "the system says when it was handed in",
    ),
    "no name of Canvas's": (
        {"exampleada_123_1_p.ipynb": "x", "p.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}},
        "its name is none of Canvas's",
    ),
}
FOLDER = "Ada Example_9001_assignsubmission_file"
WORKSHEET = """\
Identifier,"Full name","Email address",Status,Group,Grade,"Maximum grade",\
"Last modified (submission)"
"Participant 9001","Ada Example",ada@example.org,Submitted,,,20.00,"Monday, 2 November 2026, 17:00"
"Participant 9002","Ada Example",ada2@example.org,Submitted,Red,,20.00,-
"Participant 9003","Bo M. Example-Müller",bo@example.org,Submitted,Red,,20.00,-
"Participant 9004","Cleo Example",cleo_c@example.org,Submitted,,,20.00,"2. November 2026, 17:00"
"Participant 9005","Eve Example",eve@example.org,Submitted,,,20.00,-
"""
GERMAN = """\
ID,"Vollständiger Name",E-Mail-Adresse,Status,Gruppe,Bewertung,Bestnote
Teilnehmer/in9001,"Ada Example",ada@example.org,Abgegeben,,,"20,00"
"""
BLIND = 'Identifier,Status,Grade,"Maximum grade"\n"Participant 9001",Submitted,,20.00\n'
MOODLE = {
    "before 4.1": ({f"{FOLDER}_/p.ipynb": "x"}, {"ada": {"p.ipynb": "x"}}, ""),
    "without folders": ({f"{FOLDER}_p.ipynb": "x"}, {"ada": {"p.ipynb": "x"}}, ""),
    "folders": (
        {f"{FOLDER}/maxpool/data/a.csv": "1", f"{FOLDER}/p.ipynb": "x"},
        {"ada": {"maxpool/data/a.csv": "1", "p.ipynb": "x"}},
        "",
    ),
    "text": (
        {"Ada Example_9001_assignsubmission_onlinetext/onlinetext.html": "x"},
        {"ada": {"onlinetext.html": "x"}},
        "",
    ),
    "two of one name": (
        {f"{FOLDER}/p.ipynb": "x", f"{FOLDER.replace('1', '2')}/p.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}, "ada2": {"p.ipynb": "y"}},
        "",
    ),
    "other letters": (
        {"Bo M. Example-Müller_9003_assignsubmission_file/ü.ipynb": "x"},
        {"bo": {"ü.ipynb": "x"}},
        "",
    ),
    "a worksheet of another assignment": (
        {"Cleo Example_9001_assignsubmission_file/p.ipynb": "x"},
        {},
        "`ada` has this number, and another name",
    ),
    "a group": (
        {"Red_44_assignsubmission_file/p.ipynb": "x"},
        {"ada2": {"p.ipynb": "x"}, "bo": {"p.ipynb": "x"}},
        "",
    ),
    "a group with a participant's number": (
        {"Red_9001_assignsubmission_file/p.ipynb": "x"},
        {"ada2": {"p.ipynb": "x"}, "bo": {"p.ipynb": "x"}},
        "",
    ),
    "no group": (
        {"Default group_assignsubmission_file/p.ipynb": "x"},
        {},
        "a group, and no list says who is in it",
    ),
    "nobody's number": (
        {"Ada Example_9999_assignsubmission_file/p.ipynb": "x"},
        {},
        "nobody in the class has this number",
    ),
    "who is not in the class": (
        {"Eve Example_9005_assignsubmission_file/p.ipynb": "x"},
        {},
        "`Eve Example_9005` is not known",
    ),
    "identities are revealed since": (
        {"Participant_9001_assignsubmission_file/p.ipynb": "x"},
        {"ada": {"p.ipynb": "x"}},
        "",
    ),
    "another's name in the own folder": (
        {f"{FOLDER}/Bo M. Example-Müller_9003_assignsubmission_file/p.ipynb": "x"},
        {"ada": {"Bo M. Example-Müller_9003_assignsubmission_file/p.ipynb": "x"}},
        "",
    ),
    "a path that climbs": (
        {f"{FOLDER}/p.ipynb": "x", f"{FOLDER}/../../q.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}},
        "is left out",
    ),
    "a blank and a time in another language": (
        {"Cleo Example_9004_assignsubmission_file/p.ipynb": ""},
        {"cleo_c": {"p.ipynb": ""}},
        "",
    ),
}
AT, LATER = "attempt_2026-11-02-17-00-00", "attempt_2026-11-02-17-30-00"
TEXT = "Name: Cleo Example (cleo_c)\nAssignment: ps1\nFiles:\n"
BLACKBOARD = {
    "attempts": (
        {f"ps1_ada_{AT}_p.ipynb": "x", f"ps1_ada_{LATER}_p.ipynb": "y"},
        {"ada": {"p.ipynb": "y"}},
        "",
    ),
    "a login with a line below": (
        {f"ps1_cleo_c_{AT}_p.ipynb": "x", f"ps1_ada_{AT}_p.ipynb": "y"},
        {"ada": {"p.ipynb": "y"}, "cleo_c": {"p.ipynb": "x"}},
        "",
    ),
    "said by the text": (
        {f"a_ps_1_cleo_c_{AT}_p.ipynb": "x", f"a_ps_1_cleo_c_{AT}.txt": TEXT},
        {"cleo_c": {"p.ipynb": "x"}},
        "",
    ),
    "a title with lines below, and no text": (
        {f"a_ps_1_ada_{AT}_p.ipynb": "x"},
        {},
        "it could be of `ada`",
    ),
    "a stranger who ends like one of the class": (
        {f"ps1_new_ada_{AT}_p.ipynb": "x"},
        {},
        "it could be of `ada`",
    ),
    "a name that was cut": (
        {
            f"ps1_cleo_c_{AT}_a-long-na.ipynb": "x",
            f"ps1_cleo_c_{AT}.txt": TEXT
            + "\tOriginal filename: a-long-name.ipynb\n"
            + f"\tFilename: ps1_cleo_c_{AT}_a-long-na.ipynb\n",
        },
        {"cleo_c": {"a-long-name.ipynb": "x"}},
        "",
    ),
    "a text that claims to be another's": (
        {
            f"ps1_ada_{AT}_p.ipynb": "x",
            f"ps1_ada_{AT}.txt": "Name: Ada Example (ada)\nComments:\nName: Bo (bo)\n",
        },
        {"ada": {"p.ipynb": "x"}},
        "",
    ),
    "another's name in the file's": (
        {f"ps1_ada_{AT}_ps1_bo_{LATER}_p.ipynb": "x"},
        {"ada": {f"ps1_bo_{LATER}_p.ipynb": "x"}},
        "",
    ),
    "a zip": (
        {f"ps1_ada_{AT}_all.zip": zipped({"data/a.csv": "1", "p.ipynb": "x"})},
        {"ada": {"data/a.csv": "1", "p.ipynb": "x"}},
        "",
    ),
    "the system's number for a student": (
        {f"ps1_125_{AT}_p.ipynb": "x"},
        {"bo": {"p.ipynb": "x"}},
        "",
    ),
    "nobody": ({f"ps1_eve_{AT}_p.ipynb": "x"}, {}, "nobody in the class"),
    "a path that climbs": (
        {f"ps1_ada_{AT}_p.ipynb": "x", f"../ps1_ada_{AT}_q.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}},
        "is left out",
    ),
    "another text of the student's": (
        {f"ps1_ada_{AT}_notes.txt": "x", f"ps1_ada_{AT}_p.ipynb": ""},
        {"ada": {"notes.txt": "x", "p.ipynb": ""}},
        "",
    ),
}
TOP, ADA = "ps1/Abgaben", "Example_Ada_ada_123"
ILIAS = {
    "a folder": ({f"{TOP}/{ADA}/p.ipynb": "x"}, {"ada": {"p.ipynb": "x"}}, ""),
    "a word that is not known": (
        {f"ps1/Zadania/{ADA}/p.ipynb": "x"},
        {"ada": {"p.ipynb": "x"}},
        "",
    ),
    "late": (
        {f"{TOP}/{ADA}/Verspätete Abgabe - p.ipynb": "x"},
        {"ada": {"p.ipynb": "x"}},
        "late by ILIAS",
    ),
    "folders": (
        {f"{TOP}/{ADA}/all.zip": zipped({"data/a.csv": "1", "p.ipynb": "x"})},
        {"ada": {"all/data/a.csv": "1", "all/p.ipynb": "x"}},
        "",
    ),
    "two of one name": (
        {f"{TOP}/{ADA}/p.ipynb": "x", f"{TOP}/Example_Ada_ada2_124/p.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}, "ada2": {"p.ipynb": "y"}},
        "",
    ),
    "a file of one name": (
        {f"{TOP}/{ADA}/p.ipynb": "x", f"{TOP}/{ADA}/p (2).ipynb": "y"},
        {"ada": {"p.ipynb": "x", "p (2).ipynb": "y"}},
        "",
    ),
    "other letters made ASCII": (
        {f"{TOP}/Example-Mueller_Bo M._bo_125/p.ipynb": "x"},
        {"bo": {"p.ipynb": "x"}},
        "",
    ),
    "a team": ({f"{TOP}/Team 7/{ADA}/p.ipynb": "x"}, {}, "a group, and no list"),
    "a login with a line below": (
        {f"{TOP}/Example_Cleo_cleo_c_777/p.ipynb": "x"},
        {"cleo_c": {"p.ipynb": "x"}},
        "",
    ),
    "login and number of two": (
        {f"{TOP}/Example_Ada_ada_125/p.ipynb": "x"},
        {},
        "it could be of `ada` or `bo`",
    ),
    "login and number of two, and a third's name": (
        {f"{TOP}/Example_Eve_ada_125/p.ipynb": "x"},
        {},
        "it could be of `ada` or `bo`",
    ),
    "nobody": ({f"{TOP}/Example_Eve_eve_999/p.ipynb": "x"}, {}, "nobody in the class"),
    "a title like a folder": (
        {"Set_1_ada_123/Submissions/Example_Ada_ada2_124/p.ipynb": "x"},
        {"ada2": {"p.ipynb": "x"}},
        "",
    ),
    "another's name in the own folder": (
        {f"{TOP}/{ADA}/z.zip": zipped({"Example_Cleo_cleo_126/p.ipynb": "x"})},
        {"ada": {"z/Example_Cleo_cleo_126/p.ipynb": "x"}},
        "",
    ),
    "a table beside it": (
        {f"{TOP}/{ADA}/p.ipynb": "", "ps1/ps1.xlsx": "t"},
        {"ada": {"p.ipynb": ""}},
        "",
    ),
    "a path that climbs": (
        {f"{TOP}/{ADA}/p.ipynb": "x", f"{TOP}/../../{ADA}/q.ipynb": "y"},
        {"ada": {"p.ipynb": "x"}},
        "is left out",
    ),
}
BO = "Bo M. Example-Müller"
BRIGHTSPACE = {
    "a name alone": (
        {f"1-2 - {BO} - Nov 2, 2026 1224 PM/p.ipynb": "x"},
        {"bo": {"p.ipynb": "x"}},
        "",
    ),
    "the newest attempt": (
        {
            f"1-2 - {BO} - Nov 2, 2026 1224 PM/p.ipynb": "x",
            f"1-3 - {BO} - Nov 3, 2026 901 AM/p.ipynb": "y",
            "4-5 - Dan Example - Nov 3, 2026 901 AM/p.ipynb": "z",
        },
        {"bo": {"p.ipynb": "y"}, "127": {"p.ipynb": "z"}},
        "",
    ),
    "two of one name": (
        {"1-2 - Ada Example - Nov 2, 2026 1224 PM/p.ipynb": "x"},
        {},
        "it could be of `ada` or `ada2`",
    ),
    "one name, two numbers": (
        {
            f"1-2 - {BO} - Nov 2, 2026 1224 PM/p.ipynb": "x",
            f"3-4 - {BO} - Nov 2, 2026 1225 PM/p.ipynb": "x",
        },
        {},
        "two people of this name may have handed in",
    ),
    "an id": (
        {"1-2 - 124 - Ada Example- Nov 2, 2026 1224 PM - p.ipynb": "x"},
        {"ada2": {"p.ipynb": "x"}},
        "",
    ),
    "nobody's id": (
        {"1-2 - N999 - Ada Example- Nov 2, 2026 1224 PM - p.ipynb": "x"},
        {},
        "nobody in the class",
    ),
    "a name with its separator": (
        {"1-2 - Cleo - Example - Nov 2, 2026 1224 PM/p.ipynb": "x"},
        {"cleo_c": {"p.ipynb": "x"}},
        "",
    ),
    "nobody's name": (
        {"1-2 - Eve Example - Nov 2, 2026 1224 PM/p.ipynb": "x"},
        {},
        "has this name",
    ),
    "its own list": (
        {f"1-2 - {BO} - Nov 2, 2026 1224 PM/p.ipynb": "", "index.html": "list"},
        {"bo": {"p.ipynb": ""}},
        "",
    ),
    "folders": (
        {f"1-2 - {BO} - Nov 2, 2026 1224 PM/z.zip": zipped({"data/a.csv": "1"})},
        {"bo": {"z/data/a.csv": "1"}},
        "",
    ),
    "another's name in the own folder": (
        {f"1-2 - {BO} - Nov 2, 2026 1224 PM/3-4 - Cleo Example - Nov 9, 2026 1224 PM/p.ipynb": "x"},
        {"bo": {"3-4 - Cleo Example - Nov 9, 2026 1224 PM/p.ipynb": "x"}},
        "",
    ),
    "a path that climbs": (
        {
            f"1-2 - {BO} - Nov 2, 2026 1224 PM/p.ipynb": "x",
            f"../1-2 - {BO} - Nov 2, 2026 1224 PM/q.ipynb": "y",
        },
        {"bo": {"p.ipynb": "x"}},
        "is left out",
    ),
    "a month in another language": (
        {f"1-2 - {BO} - Mär 2, 2026 1224/p.ipynb": "x"},
        {"bo": {"p.ipynb": "x"}},
        "",
    ),
}
CASES = {
    "canvas": CANVAS,
    "moodle": MOODLE,
    "blackboard": BLACKBOARD,
    "ilias": ILIAS,
    "brightspace": BRIGHTSPACE,
}


@pytest.mark.parametrize(("lms", "case"), [(lms, case) for lms in CASES for case in CASES[lms]])
def test_an_odd_archive(tmp_path, lms, case):
    members, files, said = CASES[lms][case]
    archives = {"all.zip": zipped(members)}
    if lms == "moodle":
        archives["Grades-pooling-ps1-77.csv"] = WORKSHEET
    by_name = lms == "brightspace"
    got = Collected(tmp_path, archives, lms=lms, by_name=by_name)
    assert got.files == files, got.said
    assert said in got.said
    assert (got.status == 0) == ("is left out" not in got.said)
    if not files:
        assert [row["student"] for row in got.who] == [""] * len(members)  # for a person to say
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        {"downloaded", *(["submitted"] * bool(files))}
    )


def test_there_are_twelve_for_each():
    assert {lms: len(cases) >= 12 for lms, cases in CASES.items()} == dict.fromkeys(CASES, True)


def test_a_person_says_who_it_is(tmp_path):
    archives = {"all.zip": zipped({"teamred_125_1_p.ipynb": "x", "exampleeve_999_2_p.ipynb": "y"})}
    got = Collected(tmp_path, archives, lms="canvas")
    assert (got.status, got.files) == (1, {})
    assert [(row["who"], row["perhaps"]) for row in got.who] == [
        ("exampleeve_999", ""),
        ("teamred_125", "bo"),
    ]
    path = tmp_path / "downloaded" / "ps1" / "who.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("who;student\nteamred_125;bo\nteamred_125;ada\n")
    got = Collected(tmp_path, archives, lms="canvas")
    assert got.files == {"ada": {"p.ipynb": "x"}, "bo": {"p.ipynb": "x"}}
    assert [(row["who"], row["student"]) for row in got.who] == [
        *(("teamred_125", "bo"), ("teamred_125", "ada")),
        ("exampleeve_999", ""),
    ]
    path.write_text("who,student\nteamred_125,robert\n")
    assert (
        "who.csv, row 2: `robert` is not in the class"
        in Collected(tmp_path, archives, lms="canvas").said
    )


def test_a_name_alone_is_asked_for(tmp_path):
    archives = {"all.zip": zipped({"1-2 - Cleo Example - Nov 2, 2026 1224 PM/p.ipynb": "x"})}
    got = Collected(tmp_path, archives, lms="brightspace")
    assert got.files == {}
    assert "c.FileNameCollector.by_name = True" in got.said
    assert [(row["who"], row["student"], row["perhaps"]) for row in got.who] == [
        ("1-2 - Cleo Example", "", "cleo_c")
    ]


@pytest.mark.parametrize(
    ("lms", "name", "lists", "student"),
    [
        ("canvas", "anon_a1B2c_1_p.ipynb", {}, "anon_a1B2c"),
        (
            "moodle",
            "Participant_9001_assignsubmission_file/p.ipynb",
            {"w.csv": BLIND},
            "participant-9001",
        ),
    ],
)
def test_anonymous_submissions_are_students_who_are_called_so(tmp_path, lms, name, lists, student):
    archives = {"all.zip": zipped({name: "x"}), **lists}
    assert "anonymous" in Collected(tmp_path, archives, lms=lms).said
    got = Collected(tmp_path, archives, lms=lms, anonymous="take")
    assert (got.status, got.files) == (0, {student: {"p.ipynb": "x"}}), got.said


def test_feedback_of_a_group_goes_to_each_member_s_number(tmp_path):
    members, files, _ = MOODLE["a group with a participant's number"]
    archives = {"all.zip": zipped(members), "w.csv": WORKSHEET}
    assert Collected(tmp_path, archives, lms="moodle").files == files
    told = json.loads((tmp_path / "downloaded" / "ps1" / "collected.json").read_text())
    assert {student: one["place"] for student, one in told["students"].items()} == {
        "ada2": "Participant_9002_assignsubmission_file",
        "bo": "Participant_9003_assignsubmission_file",
    }


def test_a_worksheet_in_another_language(tmp_path):
    archives = {"all.zip": zipped({f"{FOLDER}/p.ipynb": "x"}), "Bewertungen.csv": GERMAN}
    got = Collected(tmp_path, archives, lms="moodle")
    assert got.files == {"ada": {"p.ipynb": "x"}}, got.said


def test_two_archives_that_differ_are_not_guessed(tmp_path):
    archives = {
        "monday.zip": zipped({f"{FOLDER}/p.ipynb": "x", f"{FOLDER}/same.py": "1"}),
        "tuesday.zip": zipped({f"{FOLDER}/p.ipynb": "y", f"{FOLDER}/same.py": "1"}),
        "w.csv": WORKSHEET,
    }
    got = Collected(tmp_path, archives, lms="moodle")
    assert (got.status, got.files) == (1, {"ada": {"same.py": "1"}})
    assert "`ada` has another of its name, and none is later" in got.said


def test_without_its_worksheet_moodle_s_numbers_are_nobody_s(tmp_path):
    got = Collected(tmp_path, {"all.zip": zipped({f"{FOLDER}/p.ipynb": "x"})}, lms="moodle")
    assert got.files == {}
    assert "nobody in the class has this number" in got.said


def test_the_system_s_time_counts_in_its_zone(tmp_path):
    archives = {"all.zip": zipped({f"ps1_ada_{AT}_p.ipynb": "x"})}
    got = Collected(tmp_path, archives, lms="blackboard", timezone="America/New_York")
    assert got.times == {"ada": "2026-11-02 22:00:00"}


def test_a_zone_that_is_none():
    with pytest.raises(TraitError, match="there is no time zone 'Vienna'"):
        collect.FileNameCollector(timezone="Vienna")


def test_where_the_class_has_no_names_numbers_alone_have_to_be_clear(tmp_path):
    members = {"exampleada_123_1_p.ipynb": "x", "eve_999_1_x_125_9_p.ipynb": "y"}
    got = Collected(tmp_path, {"submissions.zip": zipped(members)}, NAMELESS, lms="canvas")
    assert got.files == {"ada": {"p.ipynb": "x"}}
    assert "it could be of `bo`" in got.said


def test_an_archive_whose_own_name_looks_like_a_student_s(tmp_path):
    archives = {"math_125_2026_ps1_submissions.zip": zipped({"exampleada_123_1_p.ipynb": "x"})}
    assert Collected(tmp_path, archives, lms="canvas").files == {"ada": {"p.ipynb": "x"}}


@pytest.mark.parametrize("lms", CASES)
def test_a_system_is_recognised_and_asked_for(tmp_path, monkeypatch, lms):
    members = next(iter(CASES[lms].values()))[0]
    archives = {"all.zip": zipped(members)}
    got = Collected(tmp_path, archives)
    assert (got.status, got.files) == (1, {})
    assert f'c.FileNameCollector.lms = "{lms}"' in got.said
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "y" if lms in question else "n")
    if lms != "moodle":  # which needs its worksheet
        assert "Read them so?" not in Collected(tmp_path, archives, by_name=True).said


def test_a_class_that_nobody_has_entered(tmp_path):
    got = Collected(tmp_path, {"all.zip": zipped({"a_123_1_p.ipynb": "x"})}, [], lms="canvas")
    assert got.status == 1
    assert "proctor students import FILE" in got.said
