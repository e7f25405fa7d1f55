"""Named wrong answers: what people believe about max pooling, with the sentence that helps.

Each is one function, as a student would write it, that can replace the solution of its task.
"""

import functools

from oracle.kit.registry import Misconception, all_of, misconception, right_answers, slips_of

MODULES = [f"{__name__}.{c}" for c in ("windows", "jacobian", "layer", "laws", "network")]


@functools.cache
def known():
    """Every misconception, chapter by chapter, in the order of the tasks."""
    return all_of(MODULES)


@functools.cache
def slips():
    """Wrong answers of which only the visible checks know a sentence."""
    return slips_of(MODULES)


def right():
    """The right answers of which they differ."""
    return right_answers(MODULES)


__all__ = ["Misconception", "known", "misconception", "right", "slips"]
