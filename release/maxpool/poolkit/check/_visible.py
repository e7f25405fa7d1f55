"""What makes a function a visible check."""

import functools
import json
from pathlib import Path

import numpy as np

from .. import figures
from ..voice import Failed

# Digests of the wrong answers that people give on the visible examples, each with the sentence that
# helps. Generated from the instructors' list of misconceptions.
_SYMPTOMS = Path(__file__).parent.parent / "symptoms.json"


@functools.cache
def symptoms():
    """Read {check: {digest of a wrong answer: sentence}}."""
    return json.loads(_SYMPTOMS.read_text(encoding="utf-8"))


def visible(title, cause, read):
    """Make a function of the student's functions a visible check.

    title  "task · property"
    cause  the likely cause of a failure, when the answer is nobody's known mistake
    read   the heading of the section to read again

    The check is silent work inside and one line outside: it says that the example is right, or
    raises ``Failed`` with the picture of the student's own answer beside the expected one.
    """

    def decorate(body):
        @functools.wraps(body)
        def check(*functions):
            try:
                body(*functions)
            except Failed as failure:
                known = symptoms().get(body.__name__, {}).get(failure.fingerprint())
                failure.title, failure.read = title, read
                failure.cause = known or failure.cause or cause
                _draw(failure)
                raise failure from None
            print(f"{title}: right on this example. The hidden tests use others.")

        check.title, check.cause, check.read, check.body = title, cause, read, body
        return check

    return decorate


def _draw(failure):
    got, expected = failure.got, failure.expected
    if (
        isinstance(got, np.ndarray)
        and isinstance(expected, np.ndarray)
        and got.shape == expected.shape
        and got.ndim >= 2
        and got.size
    ):
        figures.compare(got, expected, failure.title)
