"""Hidden checks, named as the visible ones."""

import numpy as np
from avgkit import check
from avgkit.kit.visible import checks

from oracle.kit.hidden import beside
from oracle.misconceptions import known

hidden = beside(check, known)
RNG = np.random.default_rng(1)
X = RNG.permutation(np.arange(72.0)).reshape(6, 12)


def means(x, size):
    """The definition."""
    y = np.empty((x.shape[0] // size, x.shape[1] // size))
    for k, l in np.ndindex(y.shape):
        y[k, l] = x[k * size : (k + 1) * size, l * size : (l + 1) * size].mean()
    return y


@hidden
def mean_pool_values(mean_pool):
    check.same_answers(mean_pool, "y", [(x, s, means(x, s)) for x in (X, -X) for s in (1, 2, 3)])


@hidden
def mean_pool_vectorised(mean_pool):
    check.laws.no_loops(mean_pool, lambda H, W: (RNG.random((H, W)), 3), check.AXES, right=means)


@hidden
def spread_values(spread):
    cases = [(dy, s, np.kron(dy, np.ones((s, s))) / s**2) for dy in (X[:2], X.T) for s in (2, 3)]
    check.same_answers(spread, "dx", cases)


@hidden
def spread_laws(mean_pool, spread):
    layer, dy = check.passes(mean_pool, spread, X, 3), X[:2, :4] / 8
    layer.linear(dy, dy[::-1], 2e5, -3e5)
    layer.adjoint(dy, X / 8)
    layer.measured(dy)


__all__ = checks(globals())
