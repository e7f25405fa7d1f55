"""The shorter ways through the lessons: each stands alone, adds up, and can be solved."""

import ast
import builtins
import re

import pytest

from oracle import ways
from tests import notebooks
from tests.notebooks import play

COURSE = {
    chapter: ways.read(notebooks.SOURCE / f"{chapter}.ipynb") for chapter in notebooks.CHAPTERS
}
SHORT = {
    (way, chapter): made
    for way in ways.WAYS
    for chapter, whole in COURSE.items()
    if (made := ways.shortened(chapter, whole, way))
}
ALL = {("all", chapter): whole for chapter, whole in COURSE.items()}


@pytest.fixture(params=SHORT, ids="-".join)
def short(request):
    return request.param, SHORT[request.param]["cells"]


@pytest.fixture(params=SHORT | ALL, ids="-".join)
def any_way(request):
    return request.param, (SHORT | ALL)[request.param]["cells"]


def test_the_ways_are_as_long_as_they_are_called():
    minutes = dict.fromkeys(ways.WAYS, 0)
    for (way, _), notebook in SHORT.items():
        minutes[way] += ways.minutes_of(notebook["cells"])
    assert 80 <= minutes["90min"] <= 100
    assert 215 <= minutes["4h"] <= 265


def test_a_list_of_contents_adds_up(any_way):
    _, cells = any_way
    prose = "\n".join(ways.text(cell) for cell in cells[:3])
    points = ways.points_of(cells)
    assert int(re.search(r"^About (\d+) minutes", prose, flags=re.M)[1]) == ways.minutes_of(cells)
    assert int(re.search(r"will do\*\*: .+?, (\d+) points?", prose)[1]) == sum(points.values())
    listed = [int(number) for number in re.findall(r"min, .+, (\d+) points?$", prose, flags=re.M)]
    sections = [tasks for _, _, tasks in ways.contents(cells) if tasks]
    assert listed == [sum(points[task] for task in tasks) for tasks in sections]
    assert sorted(task for tasks in sections for task in tasks) == sorted(points)
    assert {title for title, _, _ in ways.contents(cells)} <= ways.headings(cells)


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS)
def test_the_whole_lesson_says_which_sections_a_way_has(chapter):
    cells = COURSE[chapter]["cells"]
    prose = "\n".join(ways.text(cell) for cell in cells[:2])
    titles = [title for title, _, _ in ways.contents(cells)]
    for way in ways.WAYS:
        made = SHORT.get((way, chapter))
        there = ways.headings(made["cells"]) if made else ()
        sections = [n for n, title in enumerate(titles, start=1) if title in there]
        said = re.search(rf"In {ways.NAMES[way]}[^:.]*: sections ([\d, ]+)\.", prose)
        assert [int(n) for n in said[1].split(", ")] == sections if said else not sections


def test_no_link_and_no_check_leads_to_a_section_that_is_left_out(short):
    _, cells = short
    there = {re.sub(r"[ -]", "", title) for title in ways.headings(cells)}
    for cell in cells:
        for link in re.findall(r"\]\(#([^)]+)\)", ways.text(cell)):
            assert re.sub(r"[ -]", "", link.replace("%3F", "?")) in there, cell["id"]
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("grade"):
            from poolkit import check

            read = getattr(
                check, cell["metadata"]["nbgrader"]["grade_id"].removeprefix("test_")
            ).read
            assert re.sub(r"[ -]", "", read) in there, cell["id"]


def test_a_cell_uses_what_its_way_has_bound(short):
    bound = set(dir(builtins))
    for cell in short[1]:
        if cell["cell_type"] == "code":
            tree = ast.parse(ways.text(cell))
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    bound.add(node.id)
                elif isinstance(node, ast.arg):
                    bound.add(node.arg)
                elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                    bound.add(node.name)
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    bound |= {(name.asname or name.name).split(".")[0] for name in node.names}
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert used <= bound, cell["id"]


# What somebody writes who has read no word of padding, dilation and NaN.
WITHOUT = {
    "windows": """
def windows(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    return sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
""",
    "maxpool_forward": """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    stride = kernel_size if stride is None else stride
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    N, C, H, W = x.shape
    w = windows(x, kernel_size, stride, 0, 1)
    OH, OW = w.shape[2:4]
    w = w.reshape(N, C, OH, OW, kH * kW)
    first = w.argmax(axis=-1)
    i = np.arange(OH)[:, None] * sH + first // kW
    j = np.arange(OW) * sW + first % kW
    plane = np.arange(N * C).reshape(N, C, 1, 1)
    return w.max(axis=-1), ((plane * H + i) * W + j, x.shape, x.dtype)
""",
}


def test_the_four_hours_can_be_solved_without_the_production_layer():
    graded = {
        cell["metadata"]["nbgrader"]["grade_id"].removeprefix("test_")
        for cell in SHORT["4h", "3-layer"]["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade")
    }
    played = play("3-layer", WITHOUT)
    assert {n: str(played.failures[n]) for n in played.failed & graded} == {}
    assert played.failed  # and what is left out would notice


def test_the_instructors_table_has_the_lessons_minutes():
    page = (notebooks.ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
    for chapter, notebook in COURSE.items():
        said = re.search(rf"^\| {chapter} \| (\d+) \|", page, flags=re.M)
        assert int(said[1]) == ways.minutes_of(notebook["cells"]), chapter
