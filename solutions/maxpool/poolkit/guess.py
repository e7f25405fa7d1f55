"""Predictions of the lessons: guess first, then run. Nothing of it is graded.

Each function takes a guess for each of its names and compares it with what is true.
"""

import numpy as np

from . import spec
from .kit.guess import compare


def moves(x, output, kernel_size, stride, h, **guessed):
    """By how much does one output change if a single pixel grows by h?

    guessed  a number for each pixel, named by its value: if_15_grows=…
    """
    values = {name: float(name.split("_")[1]) for name in guessed}

    def true():
        before = _pooled(x, kernel_size, stride)[output]
        found = {}
        for name, value in values.items():
            moved = np.where(x == value, x + h, x)
            found[_words(name)] = float(_pooled(moved, kernel_size, stride)[output] - before)
        return found

    return compare("moves", {_words(name): mine for name, mine in guessed.items()}, true)


def _pooled(x, kernel_size, stride):
    return spec.maxpool_forward(np.asarray(x)[None, None], kernel_size, stride)[0][0, 0]


def _words(name):
    return name.replace("_", " ")


# what is wrong with the matrices of figures.wrong_jacobians, in their order
WRONG = {"first": "c", "second": "b", "third": "a"}


def wrong_with(first=None, second=None, third=None):
    """Which mistake is in which of the three matrices? A letter for each."""
    return compare("wrong_with", {"first": first, "second": second, "third": third}, WRONG)


def slope_between(at_the_tie=None):
    """What does the central difference measure of max(w₀, w₁) at w = (2, 2), along w₀?"""

    def true():
        h, w = 0.001, np.array([2.0, 2.0])
        e = np.array([h, 0.0])
        return {"at the tie": float(((w + e).max() - (w - e).max()) / (2 * h))}

    return compare("slope_between", {"at the tie": at_the_tie}, true)


def place_one(total=None):
    """What is at place 1 after ``total[[1, 1, 6, 8]] += [1, 2, 4, -3]``, of zeros?"""

    def true():
        array = np.zeros(9)
        array[[1, 1, 6, 8]] += [1, 2, 4, -3]
        return {"total[1]": float(array[1])}

    return compare("place_one", {"total[1]": total}, true)


def conservation_catches(
    overwrites=None, splits_ties=None, every_maximum_in_full=None, last_of_equals=None
):
    """Does conservation catch such a backward pass somewhere? "yes" or "no" for each."""
    guessed = {
        "overwrites": overwrites,
        "splits ties": splits_ties,
        "every maximum in full": every_maximum_in_full,
        "last of equals": last_of_equals,
    }
    true = dict(zip(guessed, ("yes", "no", "yes", "no"), strict=True))
    return compare("conservation_catches", guessed, true)


def passed_on(numbers=None):
    """How many of a convolution's 2 × 8 × 8 numbers does pooling by 2 × 2 windows pass on?"""
    true = {"numbers": float(_pooled(np.zeros((8, 8)), 2, 2).size * 2)}
    return compare("passed_on", {"numbers": numbers}, true)


def first_row(row=None):
    """In which row does the window of output (2, 1) start, with 2×2 windows and stride 3?"""
    true = {"row": float(spec.covered(2, 1, (9, 9), (2, 2), (3, 3))[0][0])}
    return compare("first_row", {"row": row}, true)


def noticed(outputs=None):
    """How many of four outputs notice if the 6 that all of them see grows to 6.5?"""

    def true():
        x = np.array([[1.0, 8, 2], [3, 6, 9], [7, 4, 5]])
        moved = np.where(x == 6, 6.5, x)
        return {"outputs": float(np.sum(_pooled(x, 2, 1) != _pooled(moved, 2, 1)))}

    return compare("noticed", {"outputs": outputs}, true)


def padded_corner(y00=None):
    """What is output (0, 0) of nine negative pixels that are padded by zeros?"""

    def true():
        x = np.pad([[-5.0, -2, -9], [-4, -7, -6], [-8, -1, -3]], 1)
        return {"y00": float(_pooled(x, 3, 2)[0, 0])}

    return compare("padded_corner", {"y00": y00}, true)


def address(number=None):
    """What is the address of pixel (1, 1, 0, 3) in a batch of shape (2, 2, 2, 4)?"""
    true = {"number": float(np.ravel_multi_index((1, 1, 0, 3), (2, 2, 2, 4)))}
    return compare("address", {"number": number}, true)


# Test digits read right, in %, after 20 rounds from three random starts, by who in the window gets
# the gradient: on unaltered images, and shifted by 1 and by 2 pixels. Chapter 4 has the table.
BACKWARD = {
    "the winner": (97.1, 55.5, 15.2),
    "a quarter each": (96.5, 51.3, 13.5),
    "a random pixel": (96.3, 51.6, 13.3),
    "nobody": (90.0, 40.4, 13.0),
}


def who_gets_it(a_random_pixel=None, nobody=None):
    """How many test digits, in %, does a network read right whose pooling sends gradients there?"""
    guessed = {"a random pixel": a_random_pixel, "nobody": nobody}
    return compare("who_gets_it", guessed, {who: BACKWARD[who][0] for who in guessed}, close=2)


def max_or_mean(shift=None, noise=None):
    """Which pooling reads more digits after a shift by one pixel, and in strong noise?"""
    guessed = {"after a shift": shift, "in noise": noise}
    return compare("max_or_mean", guessed, {"after a shift": "max", "in noise": "mean"})
