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
    quick, slow = map(int, re.search(r"^About (\d+) to (\d+) min", prose, flags=re.M).groups())
    assert slow == ways.minutes_of(cells)
    assert quick == ways.quick(slow)
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
    listed = ways.contents(cells)
    for way in ways.WAYS:
        made = SHORT.get((way, chapter))
        there = ways.headings(made["cells"]) if made else ()
        asked = ways.points_of(made["cells"]) if made else ()
        kept = [(n, row) for n, row in enumerate(listed, start=1) if row[0] in there]
        pattern = rf"In {ways.NAMES[way]}[^:.]*: sections ([\d, ]*\d)(?:, without ([^.]+))?\."
        said = re.search(pattern, prose)
        assert [int(n) for n in said[1].split(", ")] == [n for n, _ in kept] if said else not kept
        left = {task for _, (_, _, tasks) in kept for task in tasks} - set(asked)
        assert set(re.findall(r"`(\w+)`", said[2] or "") if said else ()) == left


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


TASKS = {task for whole in COURSE.values() for task in ways.points_of(whole["cells"])}
TITLES = {title for whole in COURSE.values() for title in ways.headings(whole["cells"])}


def quoted(prose, words):
    """Which of some names and titles are named in prose, as `name`, *title* or "title"."""
    return {
        word
        for word in words
        if re.search(rf"`{re.escape(word)}`|[*\"“]{re.escape(word)}[*\"”]", prose)
    }


def test_no_sentence_names_what_its_way_leaves_out(short):
    """Tasks, sections, chapters, the question's figure: of what is named, all is there."""
    (way, _), cells = short
    parts = [made["cells"] for (own, _), made in SHORT.items() if own == way]
    chapters = {int(chapter[0]) for own, chapter in SHORT if own == way}
    tasks = {task for part in parts for task in ways.points_of(part)}
    titles = {title for part in parts for title in ways.headings(part)}
    for cell in cells:
        if cell["cell_type"] == "markdown":
            prose = re.sub(r"\s+", " ", ways.text(cell))
            assert quoted(prose, TASKS) <= tasks, cell["id"]
            assert quoted(prose, TITLES) <= titles, cell["id"]
            named = re.findall(r"[Cc]hapters? (\d)|\*(\d)-[a-z]+\*", prose)
            assert {int(a or b) for a, b in named} <= chapters, cell["id"]
            assert "Figure 1" not in prose, cell["id"]
    prose = [ways.text(cell) for cell in cells if not cell["id"].startswith("way-")]
    if way == "90min":
        assert not re.search(r"padding|dilation|NaN|Taylor|subgradient", "\n".join(prose))


def test_a_task_is_offered_for_the_points_that_its_way_gives(any_way):
    """What stands above a task says how many points it has, once."""
    _, cells = any_way
    points, before = ways.points_of(cells), ""
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            said = re.findall(r"\*\*?(\d+) points?\b", before)
            if said:
                task = cell["metadata"]["nbgrader"]["grade_id"]
                worth = {
                    points[task],
                    sum(points[t] for t in ("adjoint_gap", "conserves") if t in points),
                }
                assert int(said[-1]) in worth, task
            before = ""
        elif cell["cell_type"] == "markdown":
            before = ways.text(cell)


def test_a_way_says_where_it_ends(short):
    (way, chapter), cells = short
    last = chapter == max(own for w, own in SHORT if w == way)
    said = "This route ends here" if last else "Next, chapter"
    assert said in ways.text(cells[-1])


def test_all_of_it_is_a_way_that_changes_only_who_is_short_of_time():
    for chapter, whole in COURSE.items():
        made = ways.shortened(chapter, whole, "all")
        both = zip(made["cells"], whole["cells"], strict=True)
        other = {b["id"] for a, b in both if ways.text(a) != ways.text(b)}
        assert other <= {"title", "overview"}


def test_a_way_that_rewords_what_nobody_says_is_refused():
    with pytest.raises(ValueError, match="cell reads does not say once"):
        ways._reworded("Anything.", [("something else", "")], "reads")


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
        said = re.search(rf"^\| {chapter} \| (\d+) to (\d+) \|", page, flags=re.M)
        slow = ways.minutes_of(notebook["cells"])
        assert (int(said[1]), int(said[2])) == (ways.quick(slow), slow), chapter
