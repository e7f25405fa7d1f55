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
pytestmark = pytest.mark.slow
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
def feedback(serve, tmp_path_factory, released):
    """The address of the pages of one student: a wrong answer, a crash, and blank chapters."""
    course = tmp_path_factory.mktemp("feedback") / "course"
    shutil.copytree(released, course)
    crash = classroom.submissions([])["a-cell-that-crashes"]
    wrong = {"window": "def window(k, l, kernel_size, stride):\n    return []\n"}
    student = {chapter: {} for chapter in notebooks.CHAPTERS} | {
        "1-windows": notebooks.answers("1-windows") | wrong,
        "3-layer": crash["3-layer"],
    }
    classroom.hand_in(
        {"a-bit-of-everything": student}, course / "release/maxpool", course / "submitted"
    )
    nbgrader(course, "autograde", "maxpool")
    nbgrader(course, "generate_feedback", "maxpool")
    return f"{serve(course / 'feedback')}/a-bit-of-everything/maxpool"


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


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_a_feedback_page_is_accessible(feedback, offline, shoot, severe, chapter):
    offline.goto(f"{feedback}/{chapter}.html", wait_until="domcontentloaded")
    shoot(offline, "top")
    assert severe(offline) == []


def test_feedback_has_no_pilcrow_after_its_headings(feedback, offline):
    offline.goto(f"{feedback}/1-windows.html", wait_until="domcontentloaded")
    assert offline.locator("#notebook h2").first.is_visible()
    assert offline.locator("text=¶").count() > 0
    assert offline.locator("text=¶ >> visible=true").count() == 0


def test_feedback_lists_each_question_by_name_with_its_points(feedback, offline):
    offline.goto(f"{feedback}/1-windows.html", wait_until="domcontentloaded")
    listed = offline.get_by_role("navigation", name="Points").get_by_role("listitem")
    points = notebooks.points("1-windows")
    got = [check for check in points if not check.startswith("window_")]
    for check, most in points.items():
        line = f"test_{check} {most if check in got else 0:.1f} of {most:.1f}"
        assert listed.filter(has_text=line).count() == 1
