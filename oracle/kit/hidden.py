"""What makes a function a hidden check."""

import functools
import inspect

from .run import afresh
from .toolkit import visible as visible_kit
from .toolkit import voice


def beside(visible, known):
    """Return a decorator: it makes a function of the student's functions a hidden check.

    visible  module of the visible checks
    known    function that returns all misconceptions

    Title, likely cause and section come from the visible check of the same name. When the answer is
    what a known misconception gives on this input, its sentence takes the place of the cause.
    A body must be deterministic: the same functions fail at the same place with the same answer.
    """

    def hidden(body):
        twin = getattr(visible, body.__name__)
        names = list(inspect.signature(body).parameters)

        @functools.wraps(body)
        def check(*functions):
            try:
                body(*functions)
            except voice.Failed as failure:
                theirs = dict(zip(names, functions, strict=True))
                hint = recognise(check.body, theirs, failure, known())
                likely = visible_kit.likely_cause(twin, failure, hint, functions)
                failure.explain(twin.title, twin.read, likely, hint)
                raise failure from None

        check.body, check.twin = alone(body), twin
        return check

    return hidden


def alone(body):
    """The body as in a run of its own."""

    @functools.wraps(body)
    def asked(*functions):
        with afresh():
            body(*functions)

    return asked


def recognise(body, functions, failure, misconceptions):
    """Return the hint of the misconception that fails ``body`` with the same answer, or None."""
    if failure.got is None or failure.certain:
        return None
    for misconception in misconceptions:
        if not misconception.functions.keys() & functions.keys():
            continue
        theirs = {**functions, **misconception.functions}
        try:
            body(*(theirs[name] for name in functions))
        except voice.Failed as other:
            told = other.got is not None and not other.certain  # else it is known by its cause
            if told and other.fingerprint() == failure.fingerprint():
                return misconception.hint
        except Exception:
            continue  # it cannot even run with this student's other functions: not theirs
    return None
