"""Things to try that check themselves: warm-ups, for no points.

Each function is given what you have written, prints whether it is right and, if not, what to look
at; it raises nothing, so a notebook runs on. Where the ``...`` still stands it says that you may
begin.
"""

import numpy as np

from .kit.voice import Failed, call, short

_BEGIN = "Replace the ... and run the cell again. (No points: this is to warm up.)"


def _says(right, hint):
    print(f"✓ {right}" if not hint else f"× {hint}")  # noqa: T201  (it speaks to its student)


def _open(answer):
    """Say that nothing is there yet."""
    if answer is ...:
        print(_BEGIN)  # noqa: T201
        return True
    return False


def _array(answer):
    """The answer as an array of numbers, or None."""
    try:
        return np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return None


def broadcasting(table):
    """The addition table of 0, 10, 20 and 1, 2, 3, 4, made without a loop."""
    if _open(table):
        return
    got, expected = _array(table), np.array([[0], [10], [20]]) + np.array([1, 2, 3, 4])
    hint = ""
    if got is None:
        hint = f"That is {short(table)}, and not an array of numbers."
    elif got.shape == (4, 3):
        hint = "You stood the other one upright: here the tens are the rows."
    elif got.shape != (3, 4):
        hint = (
            f"That has shape {got.shape}, expected (3, 4). Give the tens an axis of length 1 "
            "behind their own: tens[:, None] has shape (3, 1), and NumPy stretches a 1."
        )
    elif not np.array_equal(got, expected):
        hint = "The shape is right, but these are not the sums tens[i] + ones[j]."
    _says("(3, 1) and (4,) make (3, 4): each axis of length 1 is stretched.", hint)


def reshaping(pieces):
    """Twelve numbers in a row, cut into four pieces of three."""
    if _open(pieces):
        return
    got, hint = _array(pieces), ""
    if got is None:
        hint = f"That is {short(pieces)}, and not an array of numbers."
    elif got.shape == (3, 4):
        hint = "Those are three pieces of four. First comes how many pieces there are."
    elif got.shape != (4, 3):
        hint = f"That has shape {got.shape}, expected (4, 3): pieces first, then their numbers."
    elif not np.array_equal(got, np.arange(12).reshape(4, 3)):
        hint = "The numbers have changed their order. reshape keeps it; a transpose does not."
    _says("Number n is now in piece n // 3, at place n % 3; no number has moved.", hint)


def axes(largest):
    """The largest number of each of two 3×4 images in one array of shape (2, 3, 4)."""
    if _open(largest):
        return
    got, hint = _array(largest), ""
    if got is None:
        hint = f"That is {short(largest)}, and not an array of numbers."
    elif got.shape == ():
        hint = "That is one number for both images. Name the axes that the maximum goes over."
    elif got.shape != (2,):
        hint = (
            f"That has shape {got.shape}, expected (2,): an axis that you name disappears, and "
            "rows and columns should. They are axes 1 and 2, or −2 and −1."
        )
    elif not np.array_equal(got, [11, 23]):
        hint = f"The shape is right, but the largest numbers are 11 and 23, not {got.tolist()}."
    _says("The axes that you name disappear: (2, 3, 4) without 1 and 2 is (2,).", hint)


def scatter(function):
    """Four gradients, two of them for the same address."""
    addresses, dy = np.array([1, 1, 6, 8]), np.array([1.0, 2, 4, -3])
    try:
        dx = call(function, addresses.copy(), dy.copy(), 9)
    except (Failed, NotImplementedError) as failure:
        print(f"× {str(failure).splitlines()[0]}")  # noqa: T201
        return
    if dx is ... or dx is None:
        print(_BEGIN)  # noqa: T201
        return
    got, expected, hint = _array(dx), np.array([0, 3.0, 0, 0, 0, 0, 4, 0, -3]), ""
    if got is None or got.shape != (9,):
        hint = f"That is {short(dx)}; return a vector of `size` numbers."
    elif got[1] == 2:
        hint = "Place 1 has 2, and should have 1 + 2: the later gradient has overwritten the other."
    elif not np.array_equal(got, expected):
        hint = f"That is {got.tolist()}, expected {expected.tolist()}."
    _says("Two gradients met at address 1, and both are there.", hint)
