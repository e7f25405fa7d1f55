"""Right answers get full marks, in whatever style; right but slow ones lose what speed is worth."""

import pytest

from tests import notebooks
from tests.submissions import right

CHAPTER, NETWORK = "3-layer", "4-network"
EARLY = [("1-windows", name, cells) for name, cells in right.WINDOWS.items()]
EARLY += [("2-jacobian", name, cells) for name, cells in right.JACOBIAN.items()]


@pytest.mark.parametrize(("chapter", "style", "cells"), EARLY, ids=[s for _, s, _ in EARLY])
def test_a_right_answer_to_an_early_chapter_gets_full_marks(chapter, style, cells):
    failures = notebooks.play(chapter, cells).failures
    assert {name: str(error) for name, error in failures.items()} == {}


@pytest.mark.parametrize(
    ("chapter", "tasks", "styles"),
    [
        ("1-windows", right.WINDOW_TASKS, right.WINDOWS),
        ("2-jacobian", right.JACOBIAN_TASKS, right.JACOBIAN),
    ],
)
def test_every_task_of_an_early_chapter_has_at_least_four_right_styles(chapter, tasks, styles):
    assert set(tasks) == set(notebooks.answers(chapter))
    for task in tasks:
        assert len({cells[task] for cells in styles.values()}) >= 4, task


@pytest.mark.parametrize("style", right.RIGHT)
def test_a_right_answer_gets_full_marks(style):
    failures = notebooks.play(CHAPTER, right.RIGHT[style]).failures
    assert {name: str(error) for name, error in failures.items()} == {}


def test_there_are_many_styles():
    assert len(right.RIGHT) >= 14
    assert all(
        {"maxpool_forward", "maxpool_backward"} <= cells.keys() for cells in right.RIGHT.values()
    )


def test_plain_loops_lose_exactly_what_is_given_for_no_loops():
    failed = notebooks.play(CHAPTER, right.LOOPS).failed
    assert failed == {f"{task}_vectorised" for task in right.LOOPS}


def test_what_the_chapter_is_about_is_worth_about_a_quarter_of_it():
    points = notebooks.points(CHAPTER)
    worth = sum(n for name, n in points.items() if name.endswith("_vectorised"))
    assert 0.2 <= worth / sum(points.values()) <= 0.3


@pytest.mark.parametrize("style", right.NETWORK)
def test_a_right_network_gets_full_marks(style):
    failures = notebooks.play(NETWORK, right.NETWORK[style]).failures
    assert {name: str(error) for name, error in failures.items()} == {}


def test_every_task_of_the_network_has_at_least_three_right_styles():
    assert set(right.NETWORK_TASKS) == set(notebooks.answers(NETWORK))
    for task in right.NETWORK_TASKS:
        assert len({cells[task] for cells in right.NETWORK.values()}) >= 3, task


@pytest.mark.parametrize("style", right.RIGHT)
def test_a_right_layer_of_chapter_3_serves_in_the_network(style):
    """Pasted as it is, with the notebook's own ``windows`` if the style leaves that to it."""
    answers = notebooks.answers(CHAPTER) | right.RIGHT[style]
    pasted = "\n\n".join(
        answers[task] for task in ("windows", "maxpool_forward", "maxpool_backward")
    )
    pooling = f"{pasted}\n\ndef pooling():\n    return maxpool_forward, maxpool_backward\n"
    assert "pooling_layer" not in notebooks.play(NETWORK, {"pooling": pooling}).failed
