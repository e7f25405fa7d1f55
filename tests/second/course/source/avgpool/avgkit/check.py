"""Visible checks, and how answers are compared; the hidden checks compare alike."""

import numpy as np

from .kit import laws
from .kit.cases import answered, each
from .kit.visible import checks, visible
from .kit.voice import call, same

AXES = laws.Axes(sizes={"H": 6, "W": 6}, things={"H": "rows", "W": "columns"}, groups=("HW",))


def every(function, cases):
    """An iterator of a student's answers; cases: tuples of arguments."""
    return each(answered, (function,), [(case, {}) for case in cases], call)


def same_answers(function, name, cases):
    """Raise ``Failed`` unless every answer is right; cases: (argument, size, right answer)."""
    given = every(function, [case[:2] for case in cases])
    for argument, size, expected in cases:
        same(name, next(given), expected, f"That was shape {argument.shape}, size={size}.")


def passes(mean_pool, spread, x, size):
    """Both passes at x, as the laws ask for them."""
    return laws.Passes(
        lambda inputs: every(mean_pool, [(z, size) for z in inputs]),
        lambda dys: every(spread, [(dy, size) for dy in dys]),
        x,
    )


@visible("mean_pool · values", cause="a window has size² pixels", read="Average pooling")
def mean_pool_values(mean_pool):
    """Two windows of 2 × 2 pixels."""
    x, y = np.array([[1.0, 2, 5, 5], [3, 6, 5, 9]]), np.array([[3.0, 6]])
    same_answers(mean_pool, "y", [(x, 2, y)])


@visible("mean_pool · vectorised", cause="Python visits the windows", read="Average pooling")
def mean_pool_vectorised(mean_pool):
    """Python does as much for many rows and columns as for few."""
    laws.no_loops(mean_pool, lambda H, W: (np.arange(1.0 * H * W).reshape(H, W), 2), AXES)


@visible("spread · values", cause="all pixels of a window share its dy", read="Average pooling")
def spread_values(spread):
    """One window of 2 × 2 pixels gets 8."""
    same_answers(spread, "dx", [(np.array([[8.0]]), 2, np.full((2, 2), 2.0))])


@visible("spread · laws", cause="it is no transpose of your mean_pool", read="Average pooling")
def spread_laws(mean_pool, spread):
    """Linear, adjoint and as measured."""
    layer, dy = passes(mean_pool, spread, np.arange(16.0).reshape(4, 4), 2), np.eye(2)
    layer.linear(dy, 1 - dy, 10, 100)
    layer.adjoint(dy, np.arange(16.0).reshape(4, 4) / 10)
    layer.measured(dy)


__all__ = checks(globals())
