"""Derivatives by finite differences, to compare a derivation with."""

import numpy as np


def vjp(f, x, dy, h=1e-3):
    """Central differences of ⟨f(x), dy⟩ along every pixel of x, in float64.

    Where f is linear this is exact up to rounding. So it is where f is linear in pieces, as a
    maximum is, as long as h is smaller than half the smallest gap between two values of x.

    f   function of an array like x that returns an array like dy
    x   array of any shape
    dy  upstream gradient, shape of f(x)
    h   step

    Returns an array of x's shape.
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        here = x[place]
        x[place] = here + h
        above = np.sum(f(x.copy()) * dy)
        x[place] = here - h
        below = np.sum(f(x.copy()) * dy)
        x[place] = here
        gradient[place] = (above - below) / (2 * h)  # (L(x + h·e) − L(x − h·e)) / 2h
    return gradient


def vjp_at_once(f, x, dy, h=1e-3):
    """``vjp`` of a function that treats every image of a batch alike, by a single call of it.

    f   function of a batch of images like x, shape (M, C, H, W), that returns M outputs
    x   array of shape (N, C, H, W)
    dy  upstream gradient, shape of f(x)
    h   step

    Returns an array of x's shape. Raises ValueError if f returns another number of values.
    """
    x = np.array(x, dtype=np.float64)
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    moved = np.concatenate([x + steps, x - steps])  # one copy of x for each pixel and direction
    y = np.reshape(f(moved.reshape(-1, *x.shape[1:])), (2, x.size, -1))
    above, below = y @ np.ravel(dy)
    return ((above - below) / (2 * h)).reshape(x.shape)  # (L(x + h·e) − L(x − h·e)) / 2h
