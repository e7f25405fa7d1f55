"""Marks go into the file that a learning system gave, and nothing else of it changes."""

import contextlib
import csv
import io
import stat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proctor.lms import Unfit, sheet
from proctor.lms.fill import fill
from proctor.lms.people import Person
from tests.conftest import nbgrader
from tests.proctor.test_grade import course, graded, run, stock

__all__ = ["course", "graded", "stock"]  # fixtures

PEOPLE = [
    Person("ada", ("ada", "123", "ada@example.org")),
    Person("bo", ("bo", "124", "bo@example.org")),
    Person("cleo", ("cleo", "125", "cleo@example.org")),
    Person("dan", ("dan", "126", None)),
]
MARKS = {"ada": 17.5, "bo": 0.0, "cleo": None, "dan": 3.0}  # cleo handed in nothing

CANVAS = """\
Student,ID,SIS Login ID,Section,ps1 (987),ps10 (988),Final Score
,,,,Manual Posting,,
    Points Possible,,,,20,5,(read only)
"Example, Ada",123,aexample,L01,,1,87.50
"Ex""ample, Bo",124,bexample,"L01 and L02",4,2.00,
"Example, Cleo",125,cexample,L01,11.00,,
"Example, Dan",126,dexample,L01,EX,,
"Student, Test",999,,L01,,,
"""
CANVAS_AFTER = CANVAS.replace(",L01,,1,87.50", ",L01,17.5,1,87.50").replace(
    '"L01 and L02",4,', '"L01 and L02",0,'
)
MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 12345","Ada Example",ada@example.org,"Submitted for grading",,20.00,Yes,\
"Monday, 2 November 2026, 5:00 PM",-,
"Participant 12346","Bo Example",Bo@example.org,"Submitted for grading",,20.00,Yes,-,-,Hello
"Participant 12347","Cleo Example",cleo@example.org,"No submission",,20.00,Yes,-,-,
"Participant 12348","Dan Example",dan,"No submission",,20.00,Yes,-,-,
"""
MOODLE_AFTER = MOODLE.replace('grading",,20.00,Yes,"Mon', 'grading",17.5,20.00,Yes,"Mon').replace(
    'grading",,20.00,Yes,-,-,Hello', 'grading",0,20.00,Yes,-,-,Hello'
)
GERMAN = """\
ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,"Höchste Bewertung",\
"Bewertung kann geändert werden","Feedback als Kommentar"
Teilnehmer/in12345,"Ada Example",ada@example.org,Abgegeben,,"20,00",Ja,
Teilnehmer/in12346,"Bo Example",bo@example.org,Abgegeben,"3,00","20,00",Nein,
"""
BLACKBOARD = """\
"Last Name","First Name","Username","Student ID","Availability","ps1 [Total Pts: 20 Score] |600001"
"Example","Ada","ada","0123","Yes",""
"Example","Bo","bo","0124","Yes","5"
"Example","Cleo","cleo","0125","Yes",""
"""
BLACKBOARD_AFTER = BLACKBOARD.replace('"0123","Yes",""', '"0123","Yes","17.5"').replace(
    '"Yes","5"', '"Yes","0"'
)
BRIGHTSPACE = """\
OrgDefinedId,Username,Last Name,ps1 Points Grade <Numeric MaxPoints:20 Weight:10>,\
End-of-Line Indicator
#123,#ada,Example,,#
#124,#bo,Example,4,#
#125,#cleo,Example,,#
"""
BRIGHTSPACE_AFTER = BRIGHTSPACE.replace("#ada,Example,,#", "#ada,Example,17.5,#").replace(
    "#bo,Example,4,#", "#bo,Example,0,#"
)
FILES = {
    "canvas": (CANVAS, CANVAS_AFTER),
    "moodle": (MOODLE, MOODLE_AFTER),
    "blackboard": (BLACKBOARD, BLACKBOARD_AFTER),
    "brightspace": (BRIGHTSPACE, BRIGHTSPACE_AFTER),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("bom", "encoding"), [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")]
)
def test_only_marks_change(name, end, bom, encoding):
    before, after = (bom + text.replace("\n", end).encode(encoding) for text in FILES[name])
    filled = fill(before, "ps1", PEOPLE, MARKS)
    assert filled.data == after
    assert filled.written == 2
    again = fill(filled.data, "ps1", PEOPLE, MARKS)
    assert (again.data, again.written, again.same) == (after, 0, 2)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(delimiter):
    rows = list(csv.reader(io.StringIO(CANVAS)))
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter, lineterminator="\n").writerows(rows)
    told = fill(made.getvalue().encode(), "ps1", PEOPLE, MARKS).data.decode()
    assert list(csv.reader(io.StringIO(told), delimiter=delimiter)) == list(
        csv.reader(io.StringIO(CANVAS_AFTER))
    )


def test_a_decimal_comma_stays_one():
    before = "Student;ID;Section;ps1 (9)\n    Points Possible;;;20\nA;123;L;\nB;124;L;3,25\n"
    filled = fill(before.encode(), "ps1", PEOPLE, {"ada": 17.456, "bo": 3.25})
    assert filled.data.decode() == before.replace("A;123;L;", "A;123;L;17,46")
    assert filled.same == 1


def test_headings_in_another_language():
    filled = fill(GERMAN.encode(), "ps1", PEOPLE, {"ada": 17.5, "bo": 4.0})
    assert filled.data.decode() == GERMAN.replace('Abgegeben,,"20,00"', 'Abgegeben,17.5,"20,00"')
    assert filled.left_out == ("bo: its grade is locked in Moodle",)


def left_out(text, marks=MARKS, people=PEOPLE):
    return fill(text.encode(), "ps1", people, marks).left_out


def test_what_would_be_refused_is_told():
    assert left_out(CANVAS) == ("dan: Canvas has 'EX' there",)
    assert left_out(MOODLE, MARKS | {"ada": 20.5}) == (
        "dan: no row in this file",
        "ada: 20.5 is above the maximum, 20: the learning system passes over it",
    )
    assert "cuts it" in left_out(BRIGHTSPACE, {"ada": 21})[0]
    filled = fill(CANVAS.encode(), "ps1", PEOPLE, {"ada": 25})
    assert b",L01,25,1," in filled.data
    assert filled.notes == ("Marks go up to 25, and 'ps1 (987)' has 20 points there.",)


def test_who_fits_two_is_not_guessed():
    twins = [*PEOPLE, Person("eve", ("eve", "123", None))]
    told = left_out(CANVAS, {"ada": 1.0, "eve": 2.0}, twins)
    assert told[0] == "aexample could be ada, eve: left as it is"
    twice = CANVAS + '"Example, Ada",123,aexample,L02,,,\n'
    filled = fill(twice.encode(), "ps1", PEOPLE, {"ada": 1.0})
    assert filled.data == twice.encode()
    assert filled.left_out == ("ada: 2 rows are of this student: left as they are",)


def test_a_name_is_no_key():
    people = [Person("Ada Example", ("Ada Example", None, None))]
    with pytest.raises(Unfit, match="blind"):
        fill(MOODLE.replace("ada@example.org", "").replace("@", "").encode(), "ps1", people, {})
    told = left_out(MOODLE, {"Ada Example": 1.0}, people)
    assert told == ("Ada Example: no row in this file",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "its first row is none of"),
        ("", "its first row is none of"),
        (CANVAS.replace("20,5", "(read only),5"), "read only"),
        (CANVAS.replace("Example, Cleo", '"Example, Cleo'), "not closed"),
        (MOODLE.replace("Maximum grade", "Scale"), "by a scale"),
        (MOODLE + "Participant 9,x\n", "as many cells"),
    ],
)
def test_a_file_that_does_not_fit(text, said):
    with pytest.raises(Unfit, match=said):
        fill(text.encode(), "ps1", PEOPLE, MARKS)


def test_a_title_that_canvas_takes_for_a_total():
    text = CANVAS.replace("ps1 (987)", "ps1 Final Score (987)").encode()
    with pytest.raises(Unfit, match="a word of its totals"):
        fill(text, "ps1 final score", PEOPLE, MARKS)
    small = text.replace(b"ps1 Final Score", b"ps1 final score")  # which it takes for none
    assert fill(small, "ps1 final score", PEOPLE, {"ada": 1}).written == 1


@pytest.mark.parametrize("data", [b"\xff\xfa", b"PK\x03\x04\0\0", b"a,b\0\n"])
def test_what_is_no_text(data):
    with pytest.raises(Unfit, match="export it"):
        fill(data, "ps1", PEOPLE, MARKS)


def test_a_row_that_is_cut_short_is_told():
    text = BRIGHTSPACE.replace("#ada,Example,,#", "#ada,Example")
    assert left_out(text) == (
        "dan: no row in this file",
        "ada: its row in this file is cut short: export it anew",
    )


def test_a_column_is_asked_for():
    with pytest.raises(LookupError, match=r"no column is called 'ps2'.*'ps1', 'ps10'"):
        fill(CANVAS.encode(), "ps2", PEOPLE, MARKS)
    filled = fill(CANVAS.encode(), "anything", PEOPLE, {"ada": 5}, "ps10")
    assert b",L01,,5,87.50" in filled.data
    with pytest.raises(LookupError, match="several columns"):
        fill(CANVAS.replace("ps10", "ps1").encode(), "ps1", PEOPLE, MARKS)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=4))
def test_a_sheet_reads_what_csv_writes(rows):
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows(rows)
    read = sheet.read(made.getvalue().encode())
    assert read.data() == made.getvalue().encode()
    if read.delimiter == ",":
        assert [read.header(row) for row in range(len(read.rows))] == rows


@given(st.binary(max_size=60))
def test_a_sheet_is_what_it_was_or_unfit(data):
    with contextlib.suppress(Unfit):
        assert sheet.read(data).data() == data


@given(
    st.sampled_from(sorted(FILES)),
    st.integers(0, 700),
    st.integers(0, 60),
    st.text('",;\n 9', max_size=3),
)
@example("brightspace", 117, 17, "\n")  # rows that end too early
def test_a_damaged_file_is_unfit_or_keeps_all_else(name, place, length, text):
    before = FILES[name][0]
    before = (before[:place] + text + before[place + length :]).encode()
    try:
        filled = fill(before, "ps1", PEOPLE, MARKS)
    except (Unfit, LookupError) as error:
        assert type(error) in (Unfit, LookupError), "a sentence, no fault"  # noqa: PT017
        return
    one, other = sheet.read(before), sheet.read(filled.data)
    column = one.header().index(filled.title)
    for table in (one, other):
        for row in table.rows:
            row[column:] = row[column + 1 :]
    assert one == other


# --- the command ----------------------------------------------------------------------------------


def test_the_command(graded):
    path = graded / "grades-of-the-lms.csv"
    rows = ["all-right", "late", "nobody"]
    text = "OrgDefinedId,ps1 Points Grade <Numeric MaxPoints:18>,End-of-Line Indicator\n"
    text += "".join(f"#{name},,#\n" for name in rows)
    path.write_text(text)
    done = run("proctor.export.app", "ExportApp", graded, ("ps1", f"--into={path.name}"), ())
    assert done.status == 1, done.err  # five have a mark and no row
    assert path.read_text() == text.replace("#all-right,,", "#all-right,10,").replace(
        "#late,,", "#late,0,"
    )
    assert (graded / "grades-of-the-lms.csv.before").read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "2 marks written into grades-of-the-lms.csv, 0 there already." in done.out
    assert "not in it: hangs: no row in this file" in done.out
    # a newer one of the same name is kept, too; one that is as it should be is left alone
    newer = text.replace("#nobody,,", "#nobody,3,")
    path.write_text(newer)
    for _ in range(2):
        done = run("proctor.export.app", "ExportApp", graded, ("ps1", f"--into={path.name}"), ())
    kept = sorted(graded.glob("grades-of-the-lms.csv.*"))
    assert [one.suffix for one in kept] == [".before", ".before-2"]
    assert [one.read_text() for one in kept] == [text, newer]


def test_a_table_is_that_of_nbgrader(graded):
    done = run("proctor.export.app", "ExportApp", graded, ("ps1", "--to=ours.csv"), ())
    assert (done.status, done.out) == (0, "The marks of ps1: ours.csv\n"), done.err
    nbgrader(graded, "export", "--assignment=['ps1']", "--to=theirs.csv")
    assert (graded / "ours.csv").read_bytes() == (graded / "theirs.csv").read_bytes()
    words = ("ps1", "--exporter=proctor.export.Tidy")
    done = run("proctor.export.app", "ExportApp", graded, words, ())
    assert (done.status, done.out) == (0, "The marks of ps1: marks.csv\n"), done.err
    assert "all-right" in (graded / "marks.csv").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which assignment?"),
        (("nothing",), "nothing is not in the gradebook"),
        (("ps1", "--to=nowhere/grades.csv"), "No such file or directory"),
        (("ps1", "--into=nothing.csv"), "there is no file"),
        (("ps1", "--into=nbgrader_config.py"), "its first row is none of"),
        (("ps1", "--in=x"), "there is no option --in"),
    ],
)
def test_bad_input_is_one_clear_line(graded, words, said):
    before = (graded / "nbgrader_config.py").read_text()
    done = run("proctor.export.app", "ExportApp", graded, words, ())
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith("proctor export: ")
    assert said in line
    assert (graded / "nbgrader_config.py").read_text() == before
