"""Processor time seen from outside: a slow machine is not a student's loop."""

import numpy as np
import pytest

from oracle.kit import spending
from poolkit.kit.voice import Failed


class Remote:
    """A function that says of each call that it took so many seconds."""

    __name__ = "double"

    def __init__(self, seconds):
        self.seconds, self.total = seconds, 0.0

    def __call__(self, x):
        self.total += self.seconds
        return 2 * x

    def __spent__(self):
        return self.total


def ask(seconds):
    function = Remote(seconds)

    def question(x):
        yield function, (x,), 2 * x, 0.01

    spending.spends_as_counted(function, question, np.ones((3, 4, 5)))


@pytest.mark.parametrize(
    ("seconds", "slowness", "too_long"),
    [(0.009, 1, False), (0.02, 1, True), (0.02, 4, False), (0.05, 4, True)],
)
def test_a_limit_is_for_the_machine_as_it_is(monkeypatch, seconds, slowness, too_long):
    monkeypatch.setattr(spending, "slowness", lambda: slowness)
    if too_long:
        with pytest.raises(Failed, match=f"at most|{seconds:.3f} s"):
            ask(seconds)
    else:
        ask(seconds)


def test_a_machine_is_never_too_quick():
    assert spending.slowness() >= 1
