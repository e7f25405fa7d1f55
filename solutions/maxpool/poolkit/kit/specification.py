"""Specification: functions for students to compare with, which are no answer while a test asks."""

import contextlib
import functools

from . import remote


class SpecificationCalled(Exception):
    """The specification was called where a student's own answer is asked for."""


_aside = False


@contextlib.contextmanager
def set_aside():
    """The specification is no answer within: what calls it there raises."""
    global _aside
    before, _aside = _aside, True
    try:
        yield
    finally:
        _aside = before


def no_answer(function):
    """As the function, unless the specification is set aside."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"

    @functools.wraps(function)
    def compared(*args, **kwargs):
        if _aside:
            raise SpecificationCalled(f"{name} was called while a test asks")
        return function(*args, **kwargs)

    return compared


def by_itself(function, *first, of=None):
    """A student's function for which the specification is no answer, wherever it lives.

    first  arguments that come before those of a call
    of     whose name it has, if ``function`` only calls the student's
    """
    unaided = remote.where_it_lives(function, answering)

    def asked(*args, **kwargs):
        return unaided(function, *first, *args, **kwargs)

    asked.__name__ = getattr(function if of is None else of, "__name__", "your function")
    return asked


def answering(function, *args, **kwargs):
    """Call a function while the specification is set aside."""
    with set_aside():
        return function(*args, **kwargs)
