"""The lessons as a whole: the contract of names, full marks for the solutions, 0 for a blank."""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

from oracle import hidden
from poolkit import check
from tests import notebooks

CONTRACT = {
    "1-windows": {
        "output_size": "(size, kernel_size, stride, padding=0, dilation=1)",
        "window": "(k, l, kernel_size, stride)",
        "pool_loops": "(x, kernel_size, stride)",
    },
    "2-jacobian": {
        "local_derivative": "(x, k, l, kernel_size, stride)",
        "jacobian": "(x, kernel_size, stride)",
        "numerical_jacobian": "(f, x, h=1e-06)",
        "backward_message": "(J, dy)",
        "one_sided": "(f, x, v, h=1e-06)",
        "is_subgradient": "(g, w)",
    },
    "3-layer": {
        "pool_tiles": "(x, kernel_size)",
        "windows": "(x, kernel_size, stride, padding, dilation)",
        "maxpool_forward": "(x, kernel_size, stride=None, padding=0, dilation=1)",
        "maxpool_backward": "(dy, cache)",
        "adjoint_gap": "(f, back, x, v, u, h=0.001)",
        "conserves": "(back, dy)",
    },
    "4-network": {
        "pooling": "()",
        "relu_backward": "(dy, cache)",
        "conv_backward": "(dy, cache)",
        "cross_entropy": "(scores, labels)",
        "network_backward": "(dy, layers, caches)",
        "sgd_step": "(parameters, gradients, rate)",
    },
}
CHECKS = [name for chapter in notebooks.CHAPTERS for name in notebooks.points(chapter)]


@pytest.fixture(scope="module", params=sorted(CONTRACT))
def chapter(request):
    return request.param


def blank(chapter):
    """What a released solution cell does."""
    return {
        task: re.sub(
            r"### BEGIN SOLUTION.*### END SOLUTION",
            "raise NotImplementedError()",
            source,
            flags=re.S,
        )
        for task, source in notebooks.answers(chapter).items()
    }


def test_the_tasks_are_those_of_the_contract(chapter):
    played = notebooks.play(chapter)
    signatures = {
        task: str(inspect.signature(played.namespace[task])) for task in notebooks.answers(chapter)
    }
    assert signatures == CONTRACT[chapter]


def test_the_solutions_get_full_marks(chapter):
    assert notebooks.play(chapter).failures == {}


def test_a_blank_release_gets_nothing(chapter):
    assert notebooks.play(chapter, blank(chapter)).failed == set(notebooks.points(chapter))


def test_a_blank_task_costs_that_task_and_what_is_built_on_it(chapter):
    for task, stub in blank(chapter).items():
        lost = notebooks.play(chapter, {task: stub}).failed
        assert lost >= {c for c in notebooks.points(chapter) if task_of(c) == task}
        if task not in ("windows", "maxpool_forward"):  # the layer is built on these two
            assert {task_of(c) for c in lost} == {task}


def task_of(name):
    tasks = [t for tasks in CONTRACT.values() for t in tasks]
    return max((t for t in tasks if name.startswith(f"{t}_")), key=len)


def test_the_points_add_up_to_a_hundred():
    automatic = sum(sum(notebooks.points(c).values()) for c in CONTRACT)
    by_hand = sum(
        cell.metadata.nbgrader.points
        for c in CONTRACT
        for cell in notebooks.read(c).cells
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("grade")
    )
    assert by_hand == 5
    assert automatic + by_hand == 100


def test_every_test_cell_has_a_visible_and_a_hidden_half_of_its_name(chapter):
    form = re.compile(
        r"# (\d+) points? · [^\n]+\n"
        r"check\.(\w+)\((\w+(?:, \w+)*)\)\n"
        r"### BEGIN HIDDEN TESTS\n"
        r"from oracle import hidden\n+"
        r"hidden\.(\w+)\(\3\)\n"
        r"### END HIDDEN TESTS"
    )
    for cell in notebooks.read(chapter).cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and meta.get("grade"):
            match = form.fullmatch(cell.source)
            assert match, cell.source
            assert meta.grade_id == f"test_{match[2]}" == f"test_{match[4]}"
            assert int(match[1]) == meta.points


def test_visible_and_hidden_checks_are_the_ones_the_notebooks_call():
    assert sorted(CHECKS) == sorted(hidden.__all__)
    visible = [name for name in dir(check) if hasattr(getattr(check, name), "body")]
    assert sorted(CHECKS) == visible


def test_every_check_names_a_section_that_its_notebook_has(chapter):
    prose = "\n".join(c.source for c in notebooks.read(chapter).cells if c.cell_type == "markdown")
    headings = set(re.findall(r"^#{2,4} (.+?)\s*$", prose, flags=re.M))
    for name in notebooks.points(chapter):
        assert getattr(check, name).read in headings, name


def test_an_instructor_s_cell_is_locked_and_a_student_s_is_not(chapter):
    for cell in notebooks.read(chapter).cells:
        if cell.cell_type == "code":
            meta = cell.metadata.get("nbgrader")
            if meta:
                theirs = meta.solution or "guess" in cell.metadata.get("tags", ())
                assert meta.locked != theirs, meta.grade_id
            else:  # a guess or a warm-up: open, and what is written there is kept
                assert "try" in cell.metadata.tags, cell.id


def test_a_failing_check_does_not_end_run_all(chapter):
    """The tag is Jupyter's: what stands below the check runs; nbgrader sees the error as before."""
    for cell in notebooks.read(chapter).cells:
        meta = cell.metadata.get("nbgrader", {})
        checks = cell.cell_type == "code" and bool(meta.get("grade"))
        assert ("raises-exception" in cell.metadata.get("tags", ())) == checks, cell.id


TASK = 600  # words, symbols counted with them


def test_no_long_stretch_without_something_to_do(chapter):
    """Words of prose between a task, a guess or a test and the one before it."""
    words = 0
    for cell in notebooks.read(chapter).cells:
        meta, tags = cell.metadata.get("nbgrader", {}), cell.metadata.get("tags", ())
        if meta.get("solution") or meta.get("grade") or {"try", "guess"} & {*tags}:
            assert words <= TASK, f"{cell.id}: {words} words before it"
            words = 0
        elif cell.cell_type == "markdown":
            prose = re.sub(r"<details>.*?</details>|\$\$.*?\$\$", " ", cell.source, flags=re.S)
            prose = re.sub(r"^\d+\. \[.*$|^\|.*$", " ", prose, flags=re.M)  # contents, tables
            words += len(re.sub(r"\$[^$]*\$", " x ", prose).split())


def test_a_passed_check_says_what_it_stands_for(chapter):
    for name, points in notebooks.points(chapter).items():
        assert getattr(check, name).points == points, name


def test_the_toolkit_needs_only_what_it_may_import():
    allowed = {"numpy", "matplotlib", "ipywidgets", "IPython"}  # IPython comes with ipywidgets
    for path in Path(check.__file__).parent.parent.rglob("*.py"):
        found = re.findall(r"^\s*(?:from|import) ([A-Za-z_]\w*)", path.read_text(), flags=re.M)
        code = {m for m in found if m not in ("a", "the")}
        assert code <= allowed | sys.stdlib_module_names, path.name


def test_a_cell_that_only_shows_something_is_tagged(chapter):
    """So that grading can leave it out: it binds no name, and no other cell can miss it."""
    for cell in notebooks.read(chapter).cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not meta.get("grade") and not meta.get("solution"):
            nodes = list(ast.walk(ast.parse(cell.source)))
            shows = all(isinstance(node, ast.Expr) for node in nodes[0].body)
            shows = shows and not any(isinstance(node, ast.NamedExpr) for node in nodes)
            assert ("show-only" in cell.metadata.get("tags", ())) == shows, cell.id
