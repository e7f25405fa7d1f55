"""What a feedback page is made of: messages taken apart, tasks, formulas, marks by hand."""

import re
import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from proctor.plugins.maths import Formulas, mathml
from proctor.plugins.page.facts import Facts, Mark, Part
from proctor.plugins.page.lesson import Chapter, Lesson
from proctor.plugins.page.said import said
from proctor.plugins.page.tasks import NOT_WRITTEN, work
from proctor.plugins.page.write import Writer

# --- Messages -------------------------------------------------------------------------------------

MESSAGE = """\
backward · overlapping windows: dx[0,0,1,1] is 1, expected 10 (3 of 32 values
    differ)
  4 windows chose this pixel: outputs (0,0), (0,1), (1,0) and (1,1).
  That was x of shape 1×1×3×3.
  Likely cause: a later gradient overwrote an earlier one, as it does where several
    windows share a pixel
  Read: "Sharing a pixel\""""


def test_a_message_is_taken_apart_and_its_folded_lines_are_joined():
    found = said(MESSAGE)
    assert found.what == "dx[0,0,1,1] is 1, expected 10 (3 of 32 values differ)"
    assert found.where[1] == "That was x of shape 1×1×3×3."
    assert found.cause.startswith("A later gradient overwrote")
    assert found.cause.endswith("several windows share a pixel.")
    assert found.read == "Sharing a pixel"


@pytest.mark.parametrize("text", ["two numbers have a mean", "", "a\nb", "x: y\n    z", "1 != 2"])
def test_a_message_that_is_not_written_for_that_stays_as_it_is(text):
    assert said(text) is None


# --- Formulas -------------------------------------------------------------------------------------


def test_a_formula_is_mathml():
    made = mathml(r"\frac{\partial f_{kl}}{\partial x_{ij}} \le \sqrt{2}")
    assert made.startswith("<math>")
    assert "<mfrac>" in made
    assert "≤" in made
    assert 'display="block"' in mathml("x", display=True)


@pytest.mark.parametrize(
    ("tex", "drawn"),
    [
        (r"\arg\max_i x_i", "arg"),
        (r"\operatorname*{arg\,max}_i x_i", "<mi>g</mi>"),
        (r"\Big\{ a \Big\}", ">{</mo>"),
        (r"a \label{eq:1} \nonumber", "<mi>a</mi>"),
        (r"\text{a\b}", "a\\b"),
        (r"x + \nosuchcommand{y}", r"<code>$x + \nosuchcommand{y}$</code>"),
    ],
)
def test_what_the_converter_does_not_know_is_drawn_or_left_as_it_is_written(tex, drawn):
    assert drawn in mathml(tex)


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<script>run()</script>}",
        r"<img src=x onerror=run()>",
        r"\text{&lt;script&gt;run()&lt;/script&gt;}",
        r"\color{red\" onload=\"run()}{x}",
        r"\href{javascript:run()}{x}",
        r"\text{&amp;lt;script>}",
        r"\frac{1}",
        r"\begin{cases} x",
        "{" * 5_000,
    ],
)
def test_no_formula_is_other_markup(tex):
    made = mathml(tex)
    tags = set(re.findall(r"</?([a-zA-Z]+)", made))
    assert not tags & {"script", "img", "a", "svg"}
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', made))


def test_a_formula_is_put_into_text_and_never_into_a_tag():
    formulas = Formulas()
    mark = formulas.keep('x"y')
    made = formulas.put_back(f'<p title="{mark} > ">{mark}</p>\ue00099\ue001')
    assert made.startswith('<p title="x&quot;y > "><math>')
    assert made.endswith("</math></p>")


# --- Tasks ----------------------------------------------------------------------------------------


def meta(name, **flags):
    given = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **given}}


def answer(name, source="def f(): return 1", **flags):
    return new_code_cell(source, metadata=meta(name, solution=True, **flags))


def check(name, source="# 1 point · It is right.\nassert f() == 2", message=None):
    outputs = []
    if message is not None:
        error = f"AssertionError: {message}"
        outputs.append(
            new_output("error", ename="AssertionError", evalue=message, traceback=[error])
        )
    return new_code_cell(source, metadata=meta(name, grade=True, locked=True), outputs=outputs)


def part(cells, comments=(), **scores):
    marks = {}
    for cell in cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") or about.get("task"):
            name = about["grade_id"]
            given = scores.get(name, 1.0)
            marks[name] = given if isinstance(given, Mark) else Mark(given, None, None, False, 1.0)
    return Part(marks, dict(comments))


def tasks_of(*cells, chapter=None, **scores):
    return work(new_notebook(cells=list(cells)), chapter or Chapter("p1"), part(cells, **scores))


def test_a_test_belongs_to_the_answer_whose_name_it_has_else_to_the_one_before():
    found = tasks_of(
        answer("mean"),
        answer("mean_of_rows"),
        check("test_mean_of_rows_empty"),
        check("test_mean_empty"),
        check("something_else"),
    ).tasks
    assert [(t.name, len(t.properties)) for t in found] == [("mean", 1), ("mean_of_rows", 2)]


def test_losses_of_one_cause_are_one_and_the_dearest_is_first():
    cells = [
        answer("f"),
        check("test_f_one", message="f · one: 1 is not 2\n  Likely cause: it is too small"),
        check("test_f_two", message="f · two: 3 is not 4\n  Likely cause: it is too small"),
        check("test_f_three", message="f · three: 5 is not 6\n  Likely cause: a sign"),
    ]
    lost = {"test_f_one": 0.0, "test_f_two": 0.0, "test_f_three": 0.0}
    found = tasks_of(*cells, **lost).losses
    assert [(loss.cause, loss.points) for _, loss in found] == [
        ("It is too small.", 2.0),
        ("A sign.", 1.0),
    ]
    assert len({loss.anchor for _, loss in found}) == 2


def test_a_task_is_called_by_its_heading_and_by_its_name_where_there_are_several():
    heading = new_markdown_cell("### Your turn: `mean`")
    chapter = Chapter("p1", texts={heading.source})
    (one,) = tasks_of(heading, answer("mean"), check("test_mean"), chapter=chapter).tasks
    assert one.title == "Your turn: mean"
    two = tasks_of(
        *(heading, answer("a"), check("test_a"), answer("b"), check("test_b")), chapter=chapter
    )
    assert [task.title for task in two.tasks] == ["Your turn: mean · a", "Your turn: mean · b"]


def test_a_blank_answer_is_one_loss():
    from nbgrader.utils import compute_checksum

    blank = answer("f", "raise NotImplementedError")
    blank.metadata.nbgrader.checksum = compute_checksum(blank)
    cells = [blank, check("test_f", message="x"), check("test_f_more", message="y")]
    ((_, loss),) = tasks_of(*cells, test_f=0.0, test_f_more=0.0).losses
    assert (loss.cause, loss.points) == (NOT_WRITTEN, 2.0)


# --- Pages ----------------------------------------------------------------------------------------


def page(cells, tmp_path, comments=(), lesson=None, **scores):
    import nbformat

    nbformat.write(new_notebook(cells=list(cells)), tmp_path / "p1.ipynb")
    lesson = lesson or Lesson(tmp_path / "source", "../../{notebook}.ipynb#{section}")
    writer = Writer("ps1", lesson, lambda notebook, *_: notebook)
    facts = Facts("ada", "", {"p1": part(cells, comments, **scores), "p2": Part()})
    pages = writer.pages(tmp_path, facts)
    assert pages.failed == {}
    return pages.html


def text_of(html_text):
    from bs4 import BeautifulSoup

    found = BeautifulSoup(html_text, "html.parser")
    return " ".join(found.select_one("main").get_text(" ").split())


def test_a_page_says_first_why_points_are_lost(tmp_path):
    cells = [answer("f", "\n".join(f"x = {n}" for n in range(300))), check("test_f")]
    cells += [answer("g"), check("test_g", message="g · one: 1 is not 2\n  Likely cause: a sign")]
    text = text_of(page(cells, tmp_path, test_g=0.0)["p1"])
    assert text.startswith("Feedback for ada · ps1 p1 1 of 2 points")
    assert text.index("A sign.") < 300
    assert "1 is not 2" in text


def test_a_message_of_another_course_is_shown_with_what_its_test_shows(tmp_path):
    cells = [answer("f"), check("test_f", source="assert f() == 7", message="")]
    cells[1].outputs[0].traceback = ["AssertionError"]
    text = text_of(page(cells, tmp_path, test_f=0.0)["p1"])
    assert "AssertionError" in text
    assert "assert f() == 7" in text


def test_an_answer_that_waits_is_no_loss(tmp_path):
    essay = new_markdown_cell("Because.", metadata=meta("why", grade=True, solution=True))
    mark = Mark(None, None, None, True, 4.0)
    html = page([essay], tmp_path, why=mark)
    text = text_of(html["p1"])
    assert "why waits to be read: 4 points to come." in text
    assert "0 of 4" not in text.split("well done")[1]
    assert "What cost" not in text
    assert "1 answer waits to be read: 4 points to come." in text_of(html["index"])


def test_a_mark_given_to_an_earlier_text_says_so(tmp_path):
    essay = new_markdown_cell("Because.", metadata=meta("why", grade=True, solution=True))
    mark = Mark(None, 3.0, None, True, 4.0)
    text = text_of(page([essay], tmp_path, comments={"why": "Almost!"}, why=mark)["p1"])
    assert "These points and this comment were given to an earlier text of yours" in text
    assert "Almost!" in text
    assert "3 of 4" in text


def test_who_lost_nothing_reads_one_warm_sentence(tmp_path):
    html = page([answer("f"), check("test_f")], tmp_path)
    assert "Every point of this notebook is yours: well done!" in text_of(html["p1"])
    assert "Every point of this assignment is yours" in text_of(html["index"])


def test_a_notebook_that_was_not_handed_in_has_a_page_that_says_so(tmp_path):
    html = page([answer("f"), check("test_f")], tmp_path)
    assert set(html) == {"p1", "p2", "index"}
    assert "This notebook was not handed in" in text_of(html["p2"])
    assert "not handed in" in text_of(html["index"])


def test_a_page_forbids_all_but_its_own_style_and_pictures_in_it(tmp_path):
    for html in page([answer("f"), check("test_f")], tmp_path).values():
        head = html.split("</head>")[0]
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in head
        assert not re.search(r"<(script|link|base)|https?://", head)
        assert len(html) < 20_000


def test_what_the_lesson_says_is_linked_and_not_repeated(tmp_path):
    import nbformat

    (tmp_path / "source").mkdir()
    lesson = new_markdown_cell("# A title\n\n## Sharing a pixel?\n\nThe lesson's own words.")
    cells = [lesson, answer("f"), check("test_f", message=MESSAGE)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "source" / "p1.ipynb")
    for address, link in (
        ("", "../../p1.ipynb#Sharing-a-pixel?"),
        (
            "https://x.example/{notebook}.html#{section}",
            "https://x.example/p1.html#sharing-a-pixel",
        ),
    ):
        source = Lesson(tmp_path / "source", "../../{notebook}.ipynb#{section}", address)
        html = page(cells, tmp_path, lesson=source, test_f=0.0)["p1"]
        assert f'href="{link}"' in html
        assert "own words" not in html
        assert "A title" in text_of(html)


def test_what_a_student_added_is_shown_where_it_stands(tmp_path):
    cells = [answer("f"), check("test_f"), new_markdown_cell("My *note* on $x^2$"), answer("g")]
    cells += [check("test_g")]
    html = page(cells, tmp_path)["p1"]
    assert html.index('id="task-1"') < html.index("<em>note</em>") < html.index('id="task-2"')
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html


def test_a_picture_beside_the_notebook_is_in_the_page_and_nothing_from_elsewhere(tmp_path):
    (tmp_path / "drawn.png").write_bytes(b"\x89PNG picture")
    (tmp_path.parent / "secret.png").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path.parent)
    texts = ["![mine](drawn.png)", "![theirs](../secret.png)", "![by a link](link/secret.png)"]
    html = page([new_markdown_cell(text) for text in texts], tmp_path)["p1"]
    assert 'src="data:image/png;base64,iVBORyBwaWN0dXJl"' in html
    assert html.count("data:image") == 1
    assert "c2VjcmV0" not in html


def test_a_page_of_many_cells_takes_little_time(tmp_path):
    cells = [cell for n in range(100) for cell in (answer(f"f{n}"), check(f"test_f{n}"))]
    begin = time.process_time()
    page(cells, tmp_path)
    assert time.process_time() - begin < 5
