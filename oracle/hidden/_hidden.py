"""What makes a function a hidden check."""

import functools
import inspect

from oracle.misconceptions import known
from poolkit import check as visible_checks
from poolkit.voice import Failed

from ._run import afresh


def hidden(body):
    """Make a function of the student's functions a hidden check: the twin of a visible one.

    Title, likely cause and section come from the visible check of the same name. When the answer is
    what a known misconception gives on this input, its sentence takes the place of the cause.
    A body must be deterministic: the same functions fail at the same place with the same answer.
    """
    twin = getattr(visible_checks, body.__name__)
    names = list(inspect.signature(body).parameters)

    @functools.wraps(body)
    def check(*functions):
        try:
            body(*functions)
        except Failed as failure:
            hint = recognise(check.body, dict(zip(names, functions, strict=True)), failure)
            failure.explain(twin.title, twin.read, twin.cause, hint)
            raise failure from None

    check.body, check.twin = alone(body), twin
    return check


def alone(body):
    """The body as in a run of its own."""

    @functools.wraps(body)
    def asked(*functions):
        with afresh():
            body(*functions)

    return asked


def recognise(body, functions, failure):
    """Return the hint of the misconception that fails ``body`` with the same answer, or None."""
    if failure.got is None or failure.certain:
        return None
    for misconception in known():
        if not misconception.functions.keys() & functions.keys():
            continue
        theirs = {**functions, **misconception.functions}
        try:
            body(*(theirs[name] for name in functions))
        except Failed as other:
            if other.got is not None and other.fingerprint() == failure.fingerprint():
                return misconception.hint
        except Exception:
            continue  # it cannot even run with this student's other functions: not theirs
    return None
