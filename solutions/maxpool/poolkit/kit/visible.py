"""What makes a function a visible check."""

import contextlib
import functools
import inspect
import json
from pathlib import Path

from . import pictures
from .figure import present
from .voice import Failed

# Digests of the wrong answers that people give on the visible examples, each with the sentence that
# helps. Generated from the instructors' list of misconceptions; it lies in the toolkit's folder.
_SYMPTOMS = Path(__file__).parent.parent / "symptoms.json"


@functools.cache
def symptoms():
    """Read {check: {digest of a wrong answer: sentence}}; a new lesson has none yet."""
    if not _SYMPTOMS.exists():
        return {}
    return json.loads(_SYMPTOMS.read_text(encoding="utf-8"))


def visible(title, cause, read, points=None):
    """Make a function of the student's functions a visible check.

    title  "task · property"
    cause  the likely cause of wrong values, when the answer is nobody's known mistake
    read   the heading of the section to read again
    points what its test cell is worth, if that is to be said

    The check is silent work inside and one line outside: it says that the example is right, or
    shows the student's own answer beside the expected one, with the place in question, and
    raises ``Failed``.
    """

    def decorate(body):
        @functools.wraps(body)
        def check(*functions):
            try:
                body(*functions)
            except Failed as failure:
                known = symptoms().get(body.__name__, {}).get(failure.fingerprint())
                likely = likely_cause(check, failure, known, functions)
                failure.explain(title, read, likely, hint=known, about=inspect.getdoc(body))
                draw = failure.draw or functools.partial(
                    pictures.plain, failure.got, failure.expected
                )
                sheet, sentence = draw()
                present(sheet, f"{title}. {sentence}")
                raise failure from None
            print(f"✓ {title}{_worth(points)}")

        check.title, check.cause, check.read, check.body = title, cause, read, body
        check.points, check.plain = points, None
        return check

    return decorate


def plain_first(names, *plain):
    """Say of some checks, by their names in a module's ``globals()``, that they are a task's plain
    case: where that is wrong already, what the task's other checks say of themselves is no cause.
    """
    for name in plain:
        task = names[name].title.split(" · ")[0]
        for other in list(names.values()):
            if hasattr(other, "body") and other.title.split(" · ")[0] == task:
                other.plain = None if other is names[name] else names[name]


def likely_cause(check, failure, hint, functions):
    """What a visible check says of wrong values, or that the plain case is wrong already.

    hint  the sentence of the known mistake that answers alike, or None
    """
    if check.plain is None or hint or failure.cause or failure.odd:
        return check.cause
    try:
        check.plain.body(*functions)
    except Failed:
        return f'the plain case is wrong already, and "{check.plain.title}" says more'
    return check.cause


def _worth(points):
    """What a check that is content stands for. It is one example: the hidden tests use others."""
    if points is None:
        return " · right on this example"
    return f" · {points:g} point{'' if points == 1 else 's'} if other examples are right too"


def checks(names):
    """The names of the checks, visible or hidden, in a module's ``globals()``: its ``__all__``."""
    return sorted(name for name, value in names.items() if hasattr(value, "body"))


@contextlib.contextmanager
def beyond(cause):
    """An index beyond an array, within, has this cause, if there is one to say."""
    try:
        yield
    except Failed as failure:
        if cause and not failure.certain and "is out of bounds" in failure.error:
            failure.cause = cause
        raise


@contextlib.contextmanager
def unaided(cause):
    """A call of the specification, within, has this cause."""
    try:
        yield
    except Failed as failure:
        if failure.error.startswith("SpecificationCalled"):
            failure.cause = cause
        raise


@contextlib.contextmanager
def drawn(picture, *asked, **arguments):
    """A failure within is drawn by ``picture(answer, *asked, **arguments)``.

    Yields a function that is told the answer; without it, the failure's own ``got`` is drawn.
    """
    told = []
    try:
        yield told.append
    except Failed as failure:
        if failure.draw is None:  # an inner place knows better
            answer = told[-1] if told else failure.got
            failure.draw = functools.partial(picture, answer, *asked, **arguments)
        raise


@contextlib.contextmanager
def because(cause, certain=False):
    """A failure within has this likely cause, unless it knows better.

    certain  no known mistake is looked for
    """
    try:
        yield
    except Failed as failure:
        failure.cause = failure.cause or cause
        failure.certain = failure.certain or certain
        raise
