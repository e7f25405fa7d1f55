"""The site of the lessons and the feedback, as pages: complete, offline, and readable by all."""

import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest

from tests import notebooks
from tests.conftest import nbgrader
from tests.submissions import classroom

RELEASE = notebooks.ROOT / "release" / "maxpool"
pytestmark = [pytest.mark.slow, pytest.mark.takes(500)]
PAGES = ["index", *notebooks.CHAPTERS, "student", "search"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that ``make site`` makes."""
    pytest.importorskip("myst_nb", reason="what builds the site is not installed")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, notebooks.ROOT / "docs/site/pages.py", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def lessons(serve, site):
    return serve(site)


@pytest.fixture(scope="module")
def feedback_files(tmp_path_factory, released):
    """The folder of the pages of one student: a wrong answer, a crash, and a derivation."""
    course = tmp_path_factory.mktemp("feedback") / "course"
    shutil.copytree(released, course)
    crash = classroom.submissions([])["a-cell-that-crashes"]
    wrong = {"window": "def window(k, l, kernel_size, stride):\n    return []\n"}
    student = {chapter: {} for chapter in notebooks.CHAPTERS} | {
        "1-windows": notebooks.answers("1-windows") | wrong,
        "2-jacobian": {"jacobian": notebooks.answers("2-jacobian")["jacobian"]},
        "3-layer": crash["3-layer"],
    }
    classroom.hand_in(
        {"a-bit-of-everything": student}, course / "release/maxpool", course / "submitted"
    )
    nbgrader(course, "autograde", "maxpool")
    nbgrader(course, "generate_feedback", "maxpool")
    return course / "feedback" / "a-bit-of-everything" / "maxpool"


@pytest.fixture(scope="module")
def feedback(serve, feedback_files):
    """The address of the same pages."""
    return serve(feedback_files)


@pytest.fixture
def offline(page):
    """A tab without a network; the addresses that it asked for elsewhere are kept."""
    page.elsewhere = []

    def refuse(route):
        page.elsewhere.append(route.request.url)
        route.abort()

    page.route(re.compile(r"^(?!http://127\.0\.0\.1[:/]|data:|blob:)"), refuse)
    return page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_is_complete_and_accessible(lessons, offline, shoot, severe, name):
    assert offline.goto(f"{lessons}/{name}.html").ok
    maths = offline.locator(".math").count()
    offline.wait_for_function(
        "count => document.querySelectorAll('mjx-container').length >= count", arg=maths
    )
    assert offline.locator("mjx-merror").count() == 0
    assert offline.elsewhere == []
    for image in offline.locator("main img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth") > 0
        assert image.get_attribute("alt")
    for landmark in ("banner", "navigation", "main"):
        assert offline.get_by_role(landmark).count() >= 1
    shoot(offline, "day")
    assert severe(offline) == []
    offline.emulate_media(color_scheme="dark")  # other colours, and nothing else
    shoot(offline, "night")
    assert severe(offline, rules=["color-contrast"]) == []


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_a_chapter_shows_the_release_with_its_pictures(lessons, page, chapter):
    page.goto(f"{lessons}/{chapter}.html")
    released = nbformat.read(RELEASE / f"{chapter}.ipynb", as_version=4).cells
    shown = page.locator(".cell_input").all_text_contents()
    assert [s.strip() for s in shown] == [
        c.source.strip() for c in released if c.cell_type == "code"
    ]
    assert page.locator(".cell_output img").count() >= 3
    assert page.locator(".cell_output", has_text="NotImplementedError").count() == 0


def test_the_search_finds_a_phrase_of_the_lessons(lessons, offline, shoot):
    offline.goto(f"{lessons}/search.html?q=subgradient")
    hit = offline.locator("#search-results a", has_text="The Jacobian").first
    hit.wait_for()
    shoot(offline, "results")
    hit.click()
    assert "2-jacobian.html" in offline.url


def test_the_keyboard_reaches_the_search(lessons, offline):
    offline.goto(f"{lessons}/index.html")
    offline.keyboard.press("Control+k")
    offline.keyboard.type("receptive field")
    offline.keyboard.press("Enter")
    offline.locator("#search-results a", has_text="Windows").first.wait_for()


def test_the_links_of_a_chapter_hold(lessons, offline):
    """Sphinx checks them while it builds; here one is followed, as a reader would."""
    offline.goto(f"{lessons}/1-windows.html")
    offline.locator("main ol").get_by_role("link", name="How many windows fit?").click()
    heading = offline.get_by_role("heading", name="How many windows fit?")
    assert 0 <= heading.bounding_box()["y"] < 300


EXPLORERS = {
    "1-windows": ("Walk the window", "output, row by row", "sees Ω(1, 1)"),
    "2-jacobian": ("watch the 1s move", "the pixel in the middle", "pixel (1, 1) won 4 times"),
    "3-layer": ("Follow the gradient", "the pixel in the middle", "at (1, 1)"),
    "4-network": ("Turn τ down", "τ", "With τ = 50"),
}


@pytest.mark.parametrize("chapter", EXPLORERS)
def test_an_explorer_moves_by_keyboard_and_mouse_without_a_network(
    lessons, offline, shoot, chapter
):
    title, slider, says = EXPLORERS[chapter]
    offline.goto(f"{lessons}/{chapter}.html")
    figure = offline.locator("figure.kit-frame", has_text=title)
    said, image = figure.get_by_role("status"), figure.locator("img")
    begun, drawn = said.text_content(), image.get_attribute("src")
    figure.get_by_role("slider", name=slider, exact=True).focus()
    offline.keyboard.press("End")
    assert says in said.text_content()
    assert said.text_content() != begun
    assert image.get_attribute("alt") == said.text_content()
    assert image.get_attribute("src") != drawn
    shoot(offline, "moved")
    image.click()  # the next value: behind the last one comes the first
    assert says not in said.text_content()
    assert offline.elsewhere == []


def test_an_explorer_is_a_still_frame_without_the_script(lessons, bare_site):
    bare_site.goto(f"{lessons}/1-windows.html")
    figure = bare_site.locator("figure.kit-frame")
    assert figure.locator("img").bounding_box()["width"] > 100
    assert figure.locator("figcaption").inner_text().startswith("Output (0, 0) sees")
    assert figure.locator("input").count() == 0


@pytest.fixture
def bare_site(chromium):
    """A tab in which no script runs."""
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_first_page_says_how_long_and_for_how_many_points(lessons, offline):
    offline.goto(f"{lessons}/index.html")
    assert "Why? And does it matter?" in offline.locator("main").inner_text()
    assert offline.locator("main img").first.evaluate("image => image.naturalWidth") > 500
    rows = offline.locator("main table tbody tr").all_inner_texts()
    assert len(rows) == len(notebooks.CHAPTERS) + 1
    assert "100 points" in rows[-1]
    for chapter, row in zip(notebooks.CHAPTERS, rows, strict=False):
        by_hand = 5 * (chapter == "2-jacobian")
        assert f"{sum(notebooks.points(chapter).values()) + by_hand} points" in row


def test_what_is_downloaded_is_the_release(lessons, page, tmp_path):
    page.goto(f"{lessons}/index.html")

    def download(name):
        with page.expect_download() as event:
            page.get_by_role("link", name=name).click()
        event.value.save_as(tmp_path / "file")
        return tmp_path / "file"

    for chapter in notebooks.CHAPTERS:
        fetched = download(f"Download {chapter}.ipynb").read_bytes()
        assert fetched == (RELEASE / f"{chapter}.ipynb").read_bytes()
    with zipfile.ZipFile(download("Download the assignment")) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (RELEASE.parent / name).read_bytes()
        assert {f"maxpool/{c}.ipynb" for c in notebooks.CHAPTERS} < set(archive.namelist())
        assert "maxpool/poolkit/spec.py" in archive.namelist()


def test_paper_shows_hints_and_no_navigation(lessons, offline, shoot):
    offline.goto(f"{lessons}/1-windows.html")
    hint = offline.locator("details p").first
    assert not hint.is_visible()
    offline.emulate_media(media="print")
    assert hint.is_visible()
    assert not offline.get_by_role("banner").is_visible()
    shoot(offline, "print")


FEEDBACK = [*notebooks.CHAPTERS, "index"]


@pytest.fixture
def bare(chromium):
    """A tab without scripts and without a network: what a page needs, it has."""
    context = chromium.new_context(java_script_enabled=False, offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", FEEDBACK)
def test_a_feedback_page_is_accessible(feedback, offline, shoot, severe, name):
    offline.route("**/*.html", allow_scripts)
    offline.goto(f"{feedback}/{name}.html", wait_until="domcontentloaded")
    shoot(offline, "top")
    assert severe(offline) == []
    offline.emulate_media(color_scheme="dark")
    shoot(offline, "dark")
    assert severe(offline, rules=["color-contrast"]) == []


def allow_scripts(route):
    """A page without its policy: what looks at it is a script."""
    answer = route.fetch()
    assert "http-equiv" in answer.text()
    route.fulfill(response=answer, body=answer.text().replace("http-equiv", "data-was"))


@pytest.mark.parametrize("name", FEEDBACK)
def test_a_feedback_page_is_whole_without_scripts_and_network(feedback_files, bare, shoot, name):
    bare.goto((feedback_files / f"{name}.html").as_uri())
    for width in (360, 1280):
        bare.set_viewport_size({"width": width, "height": 900})
        shoot(bare, str(width))
        body = bare.locator("body").bounding_box()
        main = bare.locator("main").bounding_box()
        assert main["x"] >= 0
        assert main["x"] + main["width"] <= body["width"] <= width
    for formula in bare.locator("math").all():
        if formula.is_visible():
            box = formula.bounding_box()
            assert box["width"] > 4
            assert box["height"] > 4
    for picture in bare.locator("img").all():
        assert picture.get_attribute("src").startswith("data:image/")
        assert picture.get_attribute("alt")
        assert picture.bounding_box()["width"] > 30
    bare.emulate_media(media="print")
    shoot(bare, "print")
    for answer in bare.locator("details pre").all():
        assert answer.is_visible()


def test_a_formula_and_a_picture_are_on_these_pages(feedback_files, bare):
    bare.goto((feedback_files / "2-jacobian.html").as_uri())
    assert bare.locator("math mi").count() > 5
    bare.goto((feedback_files / "1-windows.html").as_uri())
    assert bare.locator("img").count() > 0


def test_the_links_of_feedback_lead_from_page_to_page_by_keyboard(feedback_files, bare):
    bare.goto((feedback_files / "index.html").as_uri())
    link = bare.get_by_role("link", name="Your turn: list a window").first
    link.focus()
    bare.keyboard.press("Enter")
    bare.wait_for_url("**/1-windows.html#task-*")
    heading = bare.get_by_role("heading", name="Your turn: list a window")
    assert 0 <= heading.bounding_box()["y"] < 300


def test_feedback_lists_each_question_by_name_with_its_points(feedback_files, bare):
    bare.goto((feedback_files / "1-windows.html").as_uri())
    task = bare.get_by_role("region", name="Your turn: list a window")
    assert "0 of 4" in task.inner_text()
    assert "of 14 points" in bare.locator("header").inner_text()
