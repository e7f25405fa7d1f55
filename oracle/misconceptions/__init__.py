"""Named wrong answers: what people believe about max pooling, with the sentence that helps.

Each is one function, as a student would write it, that can replace the solution of its task.
"""

import functools

from oracle.kit.registry import Misconception, all_of, misconception

CHAPTERS = "windows", "jacobian", "layer", "network"


@functools.cache
def known():
    """Every misconception, chapter by chapter, in the order of the tasks."""
    return all_of(f"{__name__}.{chapter}" for chapter in CHAPTERS)


__all__ = ["Misconception", "known", "misconception"]
