"""Visible checks of the laws that students write in chapter 3, and how answers are compared."""

import functools

import numpy as np

from .. import layers
from ..kit import pictures
from ..kit.visible import checks, drawn, visible
from ..kit.voice import Failed, call, lent, number, passes_calls, short
from .jacobian import scalar, together
from .layer import images

passes_calls(__file__)

# ---- how answers are compared ---------------------------------------------------------------


class Suspect:
    """A forward and a backward pass that a law is asked about.

    name        what it is, in words
    f, back     functions of x and of dy; a student's function gets them as f(x) and back(dy)
    """

    def __init__(self, name, f, back):
        self.name, self.f, self.back = name, lent("f(x)", f), lent("back(dy)", back)


def pooling(fault, x, *layer):
    """Max pooling at x with a backward pass of ``layers.FAULTS``; layer: kernel_size, …"""
    shape, kernel_size, *rest = "×".join(map(str, x.shape)), *layer
    names = ("stride", "padding", "dilation")
    said = [f"kernel_size {kernel_size}", *(f"{n} {v}" for n, v in zip(names, rest, strict=False))]
    name = f"max pooling of x of shape {shape}, {', '.join(said)}; its backward pass: {fault}"
    return Suspect(name, layers.forward(*layer), layers.backward(fault, x, *layer))


def same_gaps(adjoint_gap, cases):
    """Raise ``Failed`` unless every gap is right.

    cases  list of (Suspect, x, v, u, more arguments as a dict, expected)
    """
    got, expected = [], [float(right) for *_, right in cases]
    for suspect, x, v, u, more, right in cases:
        with drawn(pictures.plain, np.array([right])):
            answer = scalar(
                call(adjoint_gap, suspect.f, suspect.back, x.copy(), v.copy(), u.copy(), **more)
            )
            if isinstance(answer, np.ndarray):
                what = f"the gap is {short(answer)}, expected one number"
                raise Failed(what, f"That was {suspect.name}.", ONE_NUMBER, answer, odd=True)
            got.append(answer)
    for n, (suspect, *_) in enumerate(cases):
        _is_told(together, n, "the gap", got, expected, suspect)


ONE_NUMBER = "⟨a, b⟩ is one number: the sum of the products of all entries, np.sum(a * b)"


def same_conserved(conserves, cases):
    """Raise ``Failed`` unless every verdict is right.

    cases  list of (Suspect, dy, expected)
    """
    got, expected = [], [right for *_, right in cases]
    for suspect, dy, right in cases:
        with drawn(pictures.plain, np.array([float(right)])):
            got.append(scalar(call(conserves, suspect.back, dy.copy())))
    for n, (suspect, dy, _) in enumerate(cases):
        dx = suspect.back(dy)
        sums = f"\nΣ dy is {number(float(dy.sum()))}, Σ dx is {number(float(dx.sum()))}."
        _is_told(together, n, "conserves", got, expected, suspect, sums)


def _is_told(compare, n, name, got, expected, suspect, more=""):
    """Compare answer number n; all the answers together are what a mistake is known by."""
    picture = functools.partial(
        pictures.plain, np.array([_as_number(got[n])]), np.array([float(expected[n])])
    )
    try:
        compare([name], [got[n]], [expected[n]], f"That was {suspect.name}.{more}", [picture])
    except Failed as failure:
        failure.got = np.array([_as_number(one) for one in got]).round(6)
        raise


def _as_number(answer):
    try:
        return float(answer)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


# ---- the checks -----------------------------------------------------------------------------

# the image that goes through the chapter; v is the step of the section's picture
X, U = images([1, 9, 2], [3, 4, 5], [8, 6, 7]), images([1, 2], [4, -3])
V = images([1, 2, 0], [0, 1, 3], [-1, 0, 2])
CUBE = Suspect("f(x) = x³, back(dy) = 3·x²·dy at x = 1", lambda x: x**3, lambda dy: 3 * dy)
THREE = Suspect("f(x) = 3·x, back(dy) = 2·dy", lambda x: 3 * x, lambda dy: 2 * dy)
ONE = np.ones(1)
# as floats, 0.1 + 0.2 + (0.3 + 0.6) is not 0.1 + 0.2 + 0.3 + 0.6
TENTHS = images([0.1, 0.2], [0.3, 0.6])


@visible(
    "adjoint_gap · right layers",
    cause="the gap is |⟨J·v, u⟩ − ⟨v, back(u)⟩|, with J·v = (f(x + h·v) − f(x − h·v)) / 2h",
    read="Three laws of a backward pass",
    points=1,
)
def adjoint_gap_right(adjoint_gap):
    """Max pooling has no gap; 3·x with 2·x's way back has 18 − 12; x³ has h², as h is 1/2."""
    same_gaps(
        adjoint_gap,
        [
            (pooling("right", X, 2, 1), X, V, U, {}, 0),
            (THREE, np.ones(2), np.array([10.0, -4.0]), np.ones(2), {}, 6),
            (CUBE, ONE, ONE, ONE, {"h": 0.5}, 0.25),
        ],
    )


@visible(
    "adjoint_gap · wrong layers",
    cause="the gap is |⟨J·v, u⟩ − ⟨v, back(u)⟩|: how far apart the two sums are",
    read="Three laws of a backward pass",
    points=1,
)
def adjoint_gap_wrong(adjoint_gap):
    """The 9 should get 1 + 2 and gets 2, and v is 2 there: a gap of 2. Tiles hide that fault."""
    tiles = images([1, 2, 5, 3], [4, 3, 7, 6])
    step, dy = images([1, 0, 2, 0], [5, 1, -1, 0]), images([1, 2])
    same_gaps(
        adjoint_gap,
        [
            (pooling("overwrites", X, 2, 1), X, V, U, {}, 2),
            (pooling("overwrites", tiles, 2), tiles, step, dy, {}, 0),
            (pooling("times the pixel", tiles, 2), tiles, step, dy, {}, 3),
        ],
    )


@visible(
    "conserves · verdicts",
    cause="the sum of all of back(dy) must be the sum of all of dy, but for rounding",
    read="Three laws of a backward pass",
    points=1,
)
def conserves_verdicts(conserves):
    """Ties split or given in full, gradients overwritten or clipped: two lose, one invents."""
    tied, dy, below = images([2, 2], [2, 1]), images([3]), X[:, :, ::-1].copy()
    same_conserved(
        conserves,
        [
            (pooling("right", X, 2, 1), images([1, -2], [4, 3]), True),
            (pooling("right", below, 2, 1), TENTHS, True),
            (pooling("right", tied, 2), dy, True),
            (pooling("overwrites", X, 2, 1), U, False),
            (pooling("every maximum in full", tied, 2), dy, False),
            (pooling("splits ties", tied, 2), dy, True),
            (pooling("clips", X, 2, 1), U, False),
            (pooling("clips", X, 2, 1), U / 10, True),
            (pooling("right", X, 2, 1), images([1, -1], [2, -2]), True),  # means of 0 are equal
        ],
    )


__all__ = checks(globals())
