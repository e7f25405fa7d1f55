"""Named wrong answers: what people believe about max pooling, with the sentence that helps.

Each is one function, as a student would write it, that can replace the solution of its task.
"""

from ._registry import Misconception, known, misconception

__all__ = ["Misconception", "known", "misconception"]
