"""A misunderstanding's sentence stands where a page is opened, whichever it is."""

import functools
import json
import re
from html import unescape

import pytest
from nbformat.v4 import new_output

from oracle.misconceptions import known
from poolkit import check as checks
from poolkit.kit.voice import Failed
from proctor.plugins.page.facts import Facts, Mark, Part
from proctor.plugins.page.lesson import Lesson
from proctor.plugins.page.write import Writer
from tests import notebooks

SCREEN = 1_000  # characters of text on a phone's first two screens; a desk's first has 3,000


def chapter_of(misconception):
    """The chapter that it loses most in."""
    lost = {c: len(misconception.loses & notebooks.points(c).keys()) for c in notebooks.CHAPTERS}
    return max(lost, key=lost.get)


@functools.cache
def writer():
    lesson = Lesson(notebooks.SOURCE, "../../{notebook}.ipynb#{section}")
    return Writer("maxpool", lesson, lambda notebook, *_: notebook)


def message(misconception, name):
    """What the check says of it; value and place are longer than most."""
    failure = Failed("dx[0,0,1,1] is 1, expected 10 (3 of 32 values differ)", "a place " * 40)
    twin = getattr(checks, name)
    failure.explain(twin.title, twin.read, twin.cause, misconception.hint)
    return str(failure)


def page(misconception, folder):
    """The page of its chapter, in which it has lost what it loses."""
    chapter = chapter_of(misconception)
    book = json.loads(json.dumps(notebooks.read(chapter)))
    marks = {}
    for cell in book["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if not about.get("grade"):
            continue
        name, most = about["grade_id"], about["points"]
        check = name.removeprefix("test_")
        lost = check in misconception.loses
        waits = about["solution"]
        if waits:
            cell["source"] = "Because."
        marks[name] = Mark(None if waits else most * (not lost), None, None, waits, most)
        if lost:
            said = message(misconception, check)
            cell["outputs"] = [
                new_output("error", ename="Failed", evalue=said, traceback=[f"Failed: {said}"])
            ]
    (folder / f"{chapter}.ipynb").write_text(json.dumps(book))
    pages = writer().pages(folder, Facts("ada", "", {chapter: Part(marks)}))
    assert pages.failed == {}
    return pages.html


def text_of(html):
    main = html.split('<main id="top">')[1]
    return " ".join(unescape(re.sub("<[^>]*>", "", main)).split())


@pytest.mark.few(1)
@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_the_sentence_of_each_misconception_is_on_the_first_screen(tmp_path, chapter):
    mine = [m for m in known() if chapter_of(m) == chapter]
    assert mine
    for misconception in mine:
        html = page(misconception, tmp_path)
        hint = " ".join(misconception.hint.replace("`", "").split()).rstrip(".")
        for name in (chapter, "index"):
            assert -1 < text_of(html[name]).find(hint) < SCREEN, misconception.name
            assert len(html[name]) < 100_000
