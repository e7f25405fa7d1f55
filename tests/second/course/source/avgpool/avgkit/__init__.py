"""The students' toolkit of the average-pooling assignment."""

from . import check

__all__ = ["check"]
