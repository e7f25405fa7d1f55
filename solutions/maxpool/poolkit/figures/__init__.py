"""The pictures of the lesson. Each function draws one and returns the sentence that it shows."""

from ._base import compare
from .jacobian import *  # noqa: F403  each chapter's module lists its figures in __all__
from .layer import *  # noqa: F403
from .windows import *  # noqa: F403

__all__ = ["compare"]
