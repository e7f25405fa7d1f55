"""What takes a parser too much is drawn as it is written: one text, one page, never the class."""

import base64
import json
import os
import time

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config

import proctor
from proctor.aside import Aside, TooMuch
from proctor.plugins import sanitise
from tests.attacks import course as courses
from tests.attacks.attack import files, right
from tests.attacks.judge import scripts
from tests.proctor import works

CONFIG = proctor.configure(Config())
BOLD = "<p>" + "".join(f'<b id="{n}">' for n in range(4_000)) + "</p>" + "<p>x" * 6_000


def shown(html_text):
    return new_code_cell("1", outputs=[new_output("display_data", data={"text/html": html_text})])


def printed(text):
    return new_code_cell("1", outputs=[new_output("stream", name="stdout", text=text)])


def page(*cells):
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    return HTMLExporter(config=CONFIG).from_notebook_node(new_notebook(cells=list(cells)))[0]


EMPTY = len(page())

GROWING = {
    "formatting opened again": shown(BOLD),
    "the same of links": shown("<p>" + "<font color=1>" * 9_000 + "<p>x" * 9_000),
    "ids of code": shown("".join(f"<i id={n}><code id={n}>" for n in range(3_000)) + "<p>" * 9_000),
    "depth": shown("<div>" * 100_000),
    "depth of tables": shown("<table><tr><td>" * 20_000),
    "misnested": shown("<a><b><i><table>" * 10_000 + "</b></a></i>" * 10_000),
    "in Markdown": new_markdown_cell(BOLD[:4_000] + "\n\n" + BOLD[-16_000:]),
    "long address": new_markdown_cell(f"[a]: http://x/{'y' * 10_000}\n\n" + "[a] " * 4_000),
    "quotes": new_markdown_cell("> " * 50_000 + "x"),
    "lists": new_markdown_cell("\n".join("  " * n + "- x" for n in range(1_000))),
    "brackets": new_markdown_cell("[" * 100_000),
    "stars": new_markdown_cell("*a **b " * 20_000),
    "marks": new_markdown_cell("`" * 50_000 + " `" * 50_000),
    "tables": new_markdown_cell(
        "|" * 5_000 + "\n" + "|-" * 5_000 + "|\n" + ("|" * 5_000 + "\n") * 50
    ),
    "footnotes": new_markdown_cell("".join(f"[^{n}]" for n in range(9_000)) + "\n\n[^1]: x"),
    "fences": new_markdown_cell("```x\n" * 20_000),
    "environments": new_markdown_cell("\\begin{a}" * 9_000),
    "code": new_code_cell('f"{' * 30_000),
    "strings": new_code_cell("'''" + "\\" * 100_000),
    "colours": printed("\x1b[1;31m" * 100_000),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("cell", GROWING.values(), ids=GROWING)
def test_nothing_grows_beyond_its_length(cell):
    written = len(json.dumps(cell))
    begin = time.process_time()
    made = page(cell)
    assert time.process_time() - begin < 10  # of the grader's own; 0.3 s on an idle machine
    assert len(made) - EMPTY < 41 * written + 20_000
    assert deepest(made) < 200


def deepest(made):
    depth = most = 0
    for end, name in sanitise._TAG.findall(made):
        if name not in {*sanitise._EMPTY, "meta", "link"}:
            depth += -1 if end else 1
            most = max(most, depth)
    return most


def test_what_takes_too_much_is_shown_as_it_is_written():
    made = page(new_markdown_cell(BOLD[:14_000] + "</p>" + BOLD[-6_000:]))
    assert BOLD[:100] in BeautifulSoup(made, "html.parser").get_text()


def test_of_an_output_with_text_the_text_is_shown():
    cell = shown(BOLD)
    cell.outputs[0].data["text/plain"] = "a table of numbers"
    made = BeautifulSoup(page(cell), "html.parser").get_text()
    assert f"{sanitise.AS_TEXT}\na table of numbers" in made


@pytest.mark.slow
def test_a_page_has_a_largest_size():
    picture = {"image/png": base64.b64encode(bytes(9_000_000)).decode()}
    pictures = [new_output("display_data", data=picture) for _ in range(4)]
    cells = [new_code_cell("1", outputs=pictures), printed("<x" * 10_000_000), printed("last")]
    cells += [shown("<i>x</i>" * 9_000) for _ in range(10)]
    made = page(*cells)
    assert len(made) < sanitise.LARGEST + EMPTY
    assert made.count("<") < sanitise.ELEMENTS + 10_000
    text = BeautifulSoup(made, "html.parser").get_text()
    assert "last" in text
    assert sanitise.FULL in text


@pytest.mark.slow
def test_a_text_of_ordinary_length_keeps_its_marks_whatever_the_others_are():
    made = page(shown(BOLD), shown(BOLD), new_markdown_cell("**plain** " * 3_000))
    assert "<strong>plain</strong>" in made


PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<b id=1>", "<b id=2>", "<i>", "</b>", "<a href=#x>", "<table>", "<td>"),
        *("<font color=1>", "<nobr>", "<svg>", "<math>", "<style>", "<!--", "-->", "<select>"),
        *(
            "<script>mark(",
            "<img src=x onerror=mark(1)>",
            "javascript:mark(",
            "<details ontoggle=mark()>",
        ),
        *(
            "*",
            "**",
            "_",
            "`",
            "```\n",
            "[",
            "](",
            "]: ",
            "[^1]",
            "> ",
            "- ",
            "1. ",
            "|",
            "|-|\n",
            "#",
        ),
        *(
            "$",
            "$$",
            "\\begin{a}",
            "\\end{a}",
            "\n",
            "\n\n",
            "    ",
            "\\",
            "&lt;",
            "x",
            "https://x/",
        ),
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    blocks=st.lists(
        st.tuples(st.lists(PIECES, min_size=1, max_size=6), st.integers(1, 3_000)),
        min_size=1,
        max_size=5,
    ),
    kind=st.sampled_from(["html", "markdown"]),
)
def test_any_text_is_drawn_within_bounds_and_runs_nothing(blocks, kind):
    text = "".join("".join(pieces) * number for pieces, number in blocks)
    resources = {}
    made = sanitise.drawn(resources, kind, text, {} if kind == "html" else None)
    assert resources["spent"] <= sanitise.SECONDS + 1
    if made is not None:
        assert len(made) <= sanitise._GROWTH * len(text) + 10_000
        assert deepest(made) <= sanitise._DEPTH
        assert not scripts(made)


# --- Aside ----------------------------------------------------------------------------------------


@pytest.mark.few(1)
@pytest.mark.parametrize("work", ["spin", "eat", "fall", "speak"])
def test_what_takes_too_much_ends_aside_and_the_next_is_done(work):
    aside = Aside()
    try:
        for name, most in ((work, 1_000), ("copy", 1_000)):
            if name == "copy":
                answer, spent = aside.do(f"{works.__name__}:copy", b"as it is", 1, most)
                assert answer == b"as it is"
                assert spent < 1
            else:
                with pytest.raises(TooMuch):
                    aside.do(f"{works.__name__}:{name}", b"x" * 10, 0.2, most)
    finally:
        aside.close()


def test_no_grammar_of_addresses_is_compiled_aside():
    """It would take longer than all else that is imported there."""
    aside = Aside()
    try:
        modules = b"proctor.plugins.sanitise proctor.merge.parse"
        names, _ = aside.do(f"{works.__name__}:imported", modules, 60, 1_000_000)
    finally:
        aside.close()
    assert b"jsonschema" in names.split()
    assert b"rfc3987_syntax" not in names.split()


def test_a_process_that_cannot_be_begun_is_no_fault_of_a_text_s():
    aside = Aside()
    with pytest.raises(RuntimeError, match="ended with"):
        aside.do("no_such_module:copy", b"", 1, 10)


# --- A class --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded class with files that browsers run, times that are none, and a page that fails."""
    course = courses.make(tmp_path_factory.mktemp("bounded"))
    for step in ("source", "release"):
        (course.root / step / "ps1" / "guide.html").write_text("the course's own")
    files(dict.fromkeys(RUN, "<script>mark('x')</script>") | dict.fromkeys(SHOWN, "x"))(
        course, "files"
    )
    for student in ("first", "second", "third"):
        right()(course, student)
    for student, text in TIMES.items():
        files({"timestamp.txt": text})(course, student)
    status, said = course.nbgrader("autograde", "ps1")
    assert status == 0, said
    path = course.root / "autograded" / "second" / "ps1" / "p1.ipynb"
    book = json.loads(path.read_text())
    output = new_output("stream", name="stdout", text="x")
    # as it is: nbformat would look at each output, for 15 s
    book["cells"].append({**new_code_cell("1", id="many"), "outputs": [output] * 30_000})
    path.chmod(0o644)
    path.write_text(json.dumps(book))
    course.said = course.nbgrader("generate_feedback", "ps1")
    return course


RUN = [
    *("a.html", "a.htm", "a.HTML", "a.xhtml", "a.xht", "a.xml", "a.xsl", "a.xslt", "a.shtml"),
    *("a.phtml", "a.mht", "a.mhtml", "a.svg", "a.svgz", "a.js", "a.mjs", "a.hta", "a.pdf", "a.swf"),
    *("a.html.gz", "a.svg.gz", "a.html.png", "a.html.", "a.html ", "page", ".htaccess", "a.css"),
    *("a.php.png", "a.txt", "p1.html/a.png", "timestamp.txt/a.png", "guide.htm", "a.png.html"),
]
SHOWN = ["mine.png", "plots/Figure 2.PNG", "plot.2.jpeg"]
TIMES = {
    "empty": "",
    "blank": " \n",
    "binary": b"\xff\0",
    "word": "yesterday?",
    "long": "1" * 9_000,
}
TIMES |= {"zone": "2020-01-01 00:00:00 " + "z" * 900, "path": "2020-01-01 00:00:00 /etc/passwd"}


def made(course, student):
    folder = course.root / "feedback" / student / "ps1"
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_nothing_of_a_submission_or_of_the_course_lies_beside_a_page(course):
    assert made(course, "files") == {"p1.html", "index.html"}


def test_a_page_that_cannot_be_made_costs_its_owner(course):
    status, said = course.said
    assert status != 0
    assert "no page could be made of" in said
    assert "no page, for the reason said above: second (p1)" in said
    assert "could not be made" in (course.root / "feedback/second/ps1/p1.html").read_text()
    for student in ("first", "third", "files", *TIMES):
        assert "points</strong>" in (course.root / f"feedback/{student}/ps1/p1.html").read_text()
    again = course.nbgrader("generate_feedback", "ps1")  # it is tried again, and it alone
    assert again[0] != 0
    assert "above: second (p1)" in again[1]
    assert "first/ps1 is older" not in again[1]


def test_a_time_that_is_none_is_told_and_stops_nobody(course):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    assert TIMES.keys() <= {path.name for path in (course.root / "autograded").iterdir()}
    for student in TIMES:
        assert not (course.root / "submitted" / student / "ps1" / "timestamp.txt").exists()
        assert "timestamp.txt" in (course.root / f"feedback/{student}/ps1/p1.html").read_text()
    # before anything is graded, too: what Formgrader asks for
    for student, text in TIMES.items():
        path = course.root / "submitted" / student / "ps1" / "timestamp.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (course.root / "submitted" / "first" / "ps1" / "timestamp.txt").mkdir()
    api = NbGraderAPI(CourseDirectory(config=Config(CourseDirectory={"root": str(course.root)})))
    found = {about["student"]: about["timestamp"] for about in api.get_submissions("ps1")}
    assert set(found) >= set(TIMES)
    assert not any(found[student] for student in TIMES)


def test_folders_are_no_one_else_s_to_write(course):
    for step in ("submitted", "autograded", "feedback"):
        for folder, _, _ in os.walk(course.root / step):
            assert os.stat(folder).st_mode & 0o022 == 0, folder
