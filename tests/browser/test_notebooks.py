"""The notebooks in JupyterLab: Run All, and nbgrader's Validate button."""

import time

import nbformat
import numpy as np
import pytest

from tests import notebooks

pytestmark = [pytest.mark.slow, pytest.mark.takes(500)]


def menu(page, *words):
    for word in words:
        page.get_by_role("menuitem", name=word, exact=True).click()


def run_all(page):
    """Press Run ▸ Run All Cells; return the seconds until the last cell has its number."""
    menu(page, "Run", "Run All Cells")
    begun = time.monotonic()
    page.wait_for_function(
        """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
                 .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))""",
        timeout=120_000,
    )
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def ran(open_notebook):
    """A solution notebook after Run All, and the seconds that took; each is opened once."""

    met = {}

    def run(chapter):
        if chapter not in met:
            page = open_notebook(f"solutions/{chapter}")
            met[chapter] = page, run_all(page)
        return met[chapter]

    yield run
    for page, _ in met.values():
        page.context.close()


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_run_all(ran, shoot, record_property, chapter):
    page, took = ran(chapter)
    record_property(f"Run All of {chapter} in JupyterLab", f"{took:.1f} s")
    shoot(page, "end")
    for mime in ("error", "stderr"):
        kind = page.locator(f'[data-mime-type="application/vnd.jupyter.{mime}"]')
        assert kind.all_text_contents() == []
    figures = page.locator(".jp-OutputArea-output img")
    assert figures.count() >= 3
    for figure in figures.all():
        assert figure.evaluate("image => image.naturalWidth") > 100
        assert len(figure.get_attribute("alt")) > 20
    # an explorer's still picture makes way for the live one
    page.locator(".jp-OutputArea-output img:not(figure img)").last.scroll_into_view_if_needed()
    shoot(page, "last-figure")
    page.locator(".jp-MarkdownCell mjx-container").first.wait_for()
    assert page.locator("mjx-merror").count() == 0


def saved(page, path):
    """Save the notebook of a page once it has run; return it as it is on disk.

    Of a long notebook JupyterLab keeps only what is seen in the page.
    """
    end = time.monotonic() + 120
    while time.monotonic() < end:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        book = nbformat.read(path, as_version=4)
        if all(cell.execution_count for cell in book.cells if cell.cell_type == "code"):
            return book
    raise AssertionError(f"not every cell of {path.name} has run")


def test_run_all_goes_on_below_a_check_that_fails(open_notebook, coursework):
    page = open_notebook("wrong/maxpool/1-windows")
    menu(page, "Run", "Run All Cells")
    book = saved(page, coursework / "wrong" / "maxpool" / "1-windows.ipynb")
    failed = [
        cell.metadata.nbgrader.grade_id
        for cell in book.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
    ]
    assert failed == ["test_window_order"]


class Explorer:
    """An explorer on the page, as its user meets it: named fields, a drawing and a sentence."""

    def __init__(self, page, title):
        self.page, self.box = page, page.locator(".kit-explorer", has_text=title)
        self.box.scroll_into_view_if_needed()

    def field(self, name):
        return self.box.get_by_role("spinbutton", name=name, exact=True)

    def click(self, role, name):
        self.box.get_by_role(role, name=name, exact=True).click()

    def press(self, field, *keys):
        """With the keyboard alone, once the field has the focus."""
        self.field(field).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, field, value):
        """With the mouse: a triple click selects what the field holds, then type another."""
        self.field(field).click(click_count=3)
        self.page.keyboard.type(str(value))

    def says(self, words):
        """Wait until the sentence, and with it the drawing's own description, holds ``words``."""
        self.box.get_by_role("status").filter(has_text=words).wait_for()
        self.box.get_by_role("img", name=words).wait_for()

    def drawn(self):
        """The numbers and words that are drawn, without those in the fields."""
        return self.box.locator(".kit-stage svg text").all_text_contents()

    def pixels(self, name, shape):
        """The numbers in the fields called ``name``."""
        places = np.ndindex(shape)
        values = [self.field(f"{name}[{', '.join(map(str, at))}]").input_value() for at in places]
        return np.reshape([float(value) for value in values], shape)


@pytest.fixture
def explorer(ran, shoot):
    """An explorer of a chapter that has run: ``explorer("1-windows", "Walk the window")``."""
    met = []

    def meet(chapter, title):
        met.append(Explorer(ran(chapter)[0], title))
        shoot(met[-1].page, "begin")
        return met[-1]

    yield meet
    shoot(met[-1].page, "end")
    assert met[-1].page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_the_window_walks_and_follows_a_changed_pixel(explorer):
    window = explorer("1-windows", "Walk the window")
    x = window.pixels("x", (5, 5))
    window.says("Output (0, 0) sees Ω(0, 0) = {(0, 0), (0, 1), (1, 0), (1, 1)}")
    window.press("output column l", "ArrowUp")
    window.says(f"y[0, 1] = {x[0:2, 2:4].max():g}")
    window.press("output row k", "ArrowUp")
    window.says(f"y[1, 1] = {x[2:4, 2:4].max():g}")
    window.click("button", "output (1, 0)")
    window.says(f"y[1, 0] = {x[2:4, 0:2].max():g}")
    window.type("x[3, 0]", 98)
    window.says("the largest is 98, at (3, 0), so y[1, 0] = 98")
    assert "98" in window.drawn()
    window.press("stride", "ArrowDown")
    window.says("Output (1, 0) sees Ω(1, 0) = {(1, 0), (1, 1), (2, 0), (2, 1)}")
    window.click("button", "next window ▶")
    window.says("Output (1, 1) sees")


def test_the_jacobian_follows_the_image(explorer):
    jacobian = explorer("2-jacobian", "Change a pixel and watch the 1s move")
    jacobian.says("With kernel_size 2 and stride 1 J has 4 rows and 9 columns")
    jacobian.type("x[1, 1]", 90)
    jacobian.says("pixel (1, 1) won 4 times, 8 of 9 pixels never")
    assert jacobian.drawn().count("1") >= 8  # four in J, four row sums
    jacobian.press("x[1, 1]", "ArrowDown")
    jacobian.says("vec(y) = J·vec(x) = (89, 89, 89, 89)")
    jacobian.press("kernel_size", "ArrowUp")
    jacobian.says("J has 1 row and 9 columns")


def test_a_tie_has_two_slopes_until_a_pixel_leads(explorer):
    tie = explorer("2-jacobian", "Walk from w along v")
    tie.says("w₀ and w₁ tie. Along v = (1, −1, 0) the slope ahead is 1, the slope behind −1")
    tie.press("w[2]", "ArrowUp")
    tie.says("w₀, w₁ and w₂ tie")
    assert "a triangle" in tie.drawn()
    tie.type("w[0]", 4)
    tie.says("w₀ leads")
    assert "one point: the gradient" in tie.drawn()


def test_the_gradient_adds_up_where_a_pixel_won_twice(explorer):
    gradient = explorer("3-layer", "Follow the gradient from dy to dx")
    dy = [f"{g:g}".replace("-", "−") for g in gradient.pixels("dy", (2, 2)).ravel()]
    gradient.type("x[1, 1]", 95)  # wins all four windows
    gradient.says(f"at (1, 1) {' + '.join(dy)} = ".replace("+ −", "− "))
    gradient.type("dy[0, 0]", 40)
    gradient.says("at (1, 1) 40")
    gradient.press("dy[0, 0]", "ArrowUp")
    gradient.says("at (1, 1) 41")
    sums = [said for said in gradient.drawn() if "Σ" in said]
    assert sums[0].removeprefix("Σ dy") == sums[1].removeprefix("Σ dx")
    gradient.click("checkbox", "wrong: assign (=) where + belongs")
    gradient.says("a later gradient overwrites an earlier one: wrong at (1, 1)")
    assert "×" in gradient.drawn()


def test_the_times_are_taken_anew(explorer):
    speed = explorer("3-layer", "Time the loops and your layer")
    speed.says("At N = 32 the loops take")
    speed.press("images N", "ArrowUp")
    speed.says("At N = 33 the loops take")
    before = speed.box.get_by_role("status").inner_text()
    speed.click("button", "time it again")
    speed.box.get_by_role("status").filter(has_not_text=before).wait_for()
    assert {"● the loops", "■ your layer"} <= set(speed.drawn())


def test_the_soft_maximum_follows_its_temperature_and_its_pixels(explorer):
    soft = explorer("4-network", "Turn τ down")
    soft.says("With τ = 1 the window (2, 2, 1, 0)")
    soft.box.get_by_role("button", name="0.5", exact=True).focus()
    soft.page.keyboard.press("Enter")
    soft.says("With τ = 0.5")
    soft.type("w[0]", 9)
    soft.says("the winner gets all")


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_the_explorers_of_a_chapter_are_accessible(ran, severe, chapter):
    page, _ = ran(chapter)
    assert page.locator(".kit-explorer").count() >= 1
    assert severe(page, within=".kit-explorer") == []


def validate(page):
    """Press Validate; return the dialog."""
    page.locator("jp-button", has_text="Validate").click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for(timeout=90_000)  # a kernel starts and runs every cell
    return dialog


def test_validate_is_content_with_right_answers(open_notebook, shoot):
    page = open_notebook("right/maxpool/1-windows")
    said = validate(page).inner_text()
    shoot(page, "dialog")
    assert "Success! Your notebook passes all the tests." in said


def test_validate_names_the_cell_that_fails_and_says_why(open_notebook, shoot):
    page = open_notebook("wrong/maxpool/1-windows")
    said = validate(page).inner_text()
    shoot(page, "dialog")
    assert "check.window_order(window)" in said
    assert "check.window_coordinates(window)" not in said
