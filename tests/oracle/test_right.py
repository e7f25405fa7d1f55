"""Right answers get full marks, in whatever style; right but slow ones lose what speed is worth."""

import pytest

from tests import notebooks
from tests.submissions import right

CHAPTER = "3-layer"


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


def test_the_specification_is_a_right_answer_that_loops():
    forward = "maxpool_forward = spec.maxpool_forward\n"
    backward = "maxpool_backward = spec.maxpool_backward\n"
    answers = {"maxpool_forward": forward, "maxpool_backward": backward}
    failed = notebooks.play(CHAPTER, answers).failed
    assert failed == {"maxpool_forward_vectorised", "maxpool_backward_vectorised"}
