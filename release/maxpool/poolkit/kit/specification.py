"""Specification: functions for students to compare with, which are no answer while a test asks."""

import contextlib
import functools

from . import remote


class SpecificationCalled(Exception):
    """The specification was called where a student's own answer is asked for."""


NOTHING, HOW, ALL = range(3)  # what of the specification is set aside
_aside = NOTHING


@contextlib.contextmanager
def set_aside(what=ALL):
    """The specification is no answer within: what calls it there raises.

    what  HOW if what it returns first, as y, may be used within, and not how it comes about
    """
    global _aside
    before, _aside = _aside, what
    try:
        yield
    finally:
        _aside = before


def no_answer(function, says_how=True):
    """As the function, unless the specification is set aside.

    says_how  whether what it returns first says how that comes about
    """
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"

    @functools.wraps(function)
    def compared(*args, **kwargs):
        if _aside == ALL or (_aside and says_how):
            raise SpecificationCalled(f"{name} was called while a test asks")
        if not _aside:
            return function(*args, **kwargs)
        with set_aside(NOTHING):
            first, *_ = function(*args, **kwargs)
        return first, Closed(name)

    return compared


class Closed:
    """What a function of the specification keeps for another one; to look into it raises."""

    def __init__(self, name):
        self._name = name

    def __iter__(self):
        raise SpecificationCalled(f"what {self._name} keeps was looked at while a test asks")

    def __getitem__(self, _):
        return iter(self)


def by_itself(function, *first, of=None, what=ALL):
    """A student's function for which the specification is no answer, wherever it lives.

    first  arguments that come before those of a call
    of     whose name it has, if ``function`` only calls the student's
    what   of the specification is set aside
    """
    unaided = remote.where_it_lives(function, answering if what == ALL else finding_out)

    def asked(*args, **kwargs):
        return unaided(function, *first, *args, **kwargs)

    asked.__name__ = getattr(function if of is None else of, "__name__", "your function")
    return asked


def answering(function, *args, **kwargs):
    """Call a function while the specification is set aside."""
    with set_aside():
        return function(*args, **kwargs)


def finding_out(function, *args, **kwargs):
    """Call a function while the specification does not say how its results come about."""
    with set_aside(HOW):
        return function(*args, **kwargs)
