"""Hidden checks of the laws that students write in chapter 3."""

import numpy as np

from oracle import reference
from poolkit.check.laws import Suspect, pooling, same_conserved, same_gaps
from poolkit.kit.visible import checks

from ._hidden import hidden

RNG = np.random.default_rng(60)


def distinct(*shape):
    """A batch of distinct values, 1 apart: far more than any step."""
    return RNG.permutation(int(np.prod(shape))).reshape(shape) - 7.5


def asked(fault, x, *layer):
    """(Suspect, x, v, u, {}, the gap) of max pooling with a backward pass of this fault."""
    y, cache = reference.maxpool_forward(x, *layer)
    v, u = RNG.integers(-3, 4, x.shape) / 2, RNG.integers(-3, 4, y.shape) / 2
    suspect = pooling(fault, x, *layer)
    gap = np.sum(v * (reference.maxpool_backward(u, cache) - suspect.back(u)))
    return suspect, x, v, u, {}, abs(gap)


LAYERS = [((1, 1, 4, 5), 2, 1), ((2, 2, 3, 3), 3), ((1, 1, 4, 4), 2, 2, 1)]
A = np.array([[2.0, -1.0], [0.5, 3.0], [1.0, 1.0]])
LINEAR = Suspect("f(x) = A·x, back(dy) = Aᵀ·dy", lambda x: A @ x, lambda dy: A.T @ dy)
AT = np.array([0.25, -1.5])
CUBE = Suspect("f(x) = x³, back(dy) = 3·x²·dy", lambda x: x**3, lambda dy: 3 * AT**2 * dy)
LINE, STEP, WEIGHT = AT, np.array([1.0, 2.0]), np.array([1.0, -1.0, 2.0])
# the quotient of x³ is off by h²·v³
GAPS = {
    "right": [
        *(asked("right", distinct(*shape), *layer) for shape, *layer in LAYERS),
        (LINEAR, LINE, STEP, WEIGHT, {}, 0),
        (CUBE, AT, STEP, np.array([1.0, 1.0]), {}, 9e-6),
        (CUBE, AT, STEP, np.array([1.0, 1.0]), {"h": 1.0}, 9),
    ],
    # at distinct values who splits ties is right
    "wrong": [
        asked(fault, distinct(*shape), *layer)
        for fault, (shape, *layer) in [
            ("overwrites", LAYERS[0]),
            ("splits ties", LAYERS[0]),
            ("padded addresses", LAYERS[2]),
            ("padded addresses", LAYERS[1]),
            ("whole window", LAYERS[1]),
        ]
    ],
}


@hidden
def adjoint_gap_right(adjoint_gap):
    same_gaps(adjoint_gap, GAPS["right"])


@hidden
def adjoint_gap_wrong(adjoint_gap):
    same_gaps(adjoint_gap, GAPS["wrong"])


def verdict(fault, x, dy, *layer):
    """(Suspect, dy, whether it conserves) of a backward pass of this fault."""
    suspect = pooling(fault, x, *layer)
    return suspect, dy, bool(np.isclose(suspect.back(dy).sum(), dy.sum()))


def differing_by_rounding(suspect, shape):
    """A dy whose dx has another sum, as floats are added up in another order."""
    some = (RNG.uniform(0.1, 0.9, shape) for _ in range(1000))
    return next(dy for dy in some if suspect.back(dy).sum() != dy.sum())


def verdicts():
    x, tied = distinct(1, 1, 4, 5), np.zeros((2, 1, 4, 4))
    padded, dy = distinct(1, 1, 4, 4), RNG.integers(1, 9, (2, 1, 2, 2)) / 4.0
    border = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    small = differing_by_rounding(pooling("right", x, 2, 1), (1, 1, 3, 4))
    return [
        verdict("right", x, small, 2, 1),
        verdict("right", x, np.array([-1, 2, -3, 0.5]) * np.arange(12.0).reshape(1, 1, 3, 4), 2, 1),
        verdict("overwrites", x, small, 2, 1),
        verdict("overwrites", padded, dy[:1], 2),
        verdict("every maximum in full", tied, dy, 2),
        verdict("splits ties", tied, dy, 2),
        verdict("padded addresses", padded, border, 2, 2, 1),
        verdict("times the pixel", tied + 1, dy, 2),
        verdict("times the pixel", tied + 2, dy, 2),
        verdict("clips", padded, 3 + dy[:1], 2),
    ]


VERDICTS = verdicts()


@hidden
def conserves_verdicts(conserves):
    same_conserved(conserves, VERDICTS)


__all__ = checks(globals())
