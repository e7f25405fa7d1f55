"""Layers that are wrong only where several things meet: each loses a point, and few lose many.

A mutant is right but for one thing (``WRONG``), which is wrong only on some condition (``WHEN``).
All pairs of the two are tried; those that answer rightly in every geometry are none.
"""

import functools
import inspect
import itertools

import numpy as np
import pytest

from oracle import hidden, reference
from oracle.kit.run import afresh
from poolkit.kit.voice import Failed
from poolkit.spec import pair

LAYER = [n for n in hidden.__all__ if n.startswith("maxpool_") and "vectorised" not in n]


# ---- what is wrong: functions of (x, arguments) that give y and a function of dy -----------------


def right(x, a):
    y, known = reference.maxpool_forward(x, **a)
    return y, lambda dy: reference.maxpool_backward(dy.astype(x.dtype), known)


def with_arguments(**changed):
    def wrong(x, a):
        return right(x, a | {name: change(a) for name, change in changed.items()})

    return wrong


def swapped(name):
    return lambda a: None if a[name] is None else pair(a[name])[::-1]


def rounds_up(x, a):
    return right(x, a | {"ceil_mode": True})


def filled(value):
    """The border is filled with a number."""

    def wrong(x, a):
        (pH, pW), (H, W) = pair(a["padding"]), x.shape[2:]
        wide = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=value)
        y, back = right(wide, a | {"padding": 0})
        return y, lambda dy: back(dy)[:, :, pH : pH + H, pW : pW + W]

    return wrong


def winners_of(change):
    """y is right; the gradient goes to the winners of another x."""

    def wrong(x, a):
        return right(x, a)[0], right(change(x), a)[1]

    return wrong


def later(x):
    """Of equals the last one is the largest."""
    return x.astype(float) + np.arange(x[0, 0].size).reshape(x.shape[2:]) * 1e-6


def without_nans(x, a):
    return right(np.where(np.isnan(x), -np.inf, x).astype(x.dtype), a)


def shares_ties(x, a):
    (y, first), (_, last) = right(x, a), right(later(x), a)
    return y, lambda dy: ((first(dy) + last(dy)) / 2).astype(x.dtype)


def overwrites(x, a):
    y, back = right(x, a)
    shared = back(np.ones_like(y)) > 1
    return y, lambda dy: np.where(shared, 0, back(dy)).astype(x.dtype)


def changed_y(change):
    def wrong(x, a):
        y, back = right(x, a)
        return change(y.copy()), back

    return wrong


def changed_dx(change):
    def wrong(x, a):
        y, back = right(x, a)
        return y, lambda dy: change(back(dy))

    return wrong


def with_zeros(place):
    def change(array):
        array[place] = 0
        return array

    return change


def refuses(x, a):
    raise ValueError("not here")


WRONG = {
    "padding is ignored": with_arguments(padding=lambda a: 0),
    "padding is swapped": with_arguments(padding=swapped("padding")),
    "the border is zero": filled(0),
    "the border is finite": filled(-5000),
    "dilation is ignored": with_arguments(dilation=lambda a: 1),
    "dilation is swapped": with_arguments(dilation=swapped("dilation")),
    "the stride is the kernel's": with_arguments(stride=lambda a: None),
    "the stride is swapped": with_arguments(stride=swapped("stride")),
    "the kernel is swapped": with_arguments(kernel_size=swapped("kernel_size")),
    "the rows' stride serves both": with_arguments(
        stride=lambda a: pair(a["kernel_size"] if a["stride"] is None else a["stride"])[0]
    ),
    "windows are rounded up": rounds_up,
    "NaN loses": without_nans,
    "NaN gets no gradient": winners_of(lambda x: np.where(np.isnan(x), -np.inf, x)),
    "the last of equals wins": winners_of(later),
    "equals share": shares_ties,
    "a shared pixel is overwritten": overwrites,
    "y is float64": changed_y(lambda y: y.astype(float)),
    "dx is float64": changed_dx(lambda dx: dx.astype(float)),
    "the first image is all": changed_y(lambda y: np.repeat(y[:1], len(y), 0)),
    "the first channel is all": changed_y(lambda y: np.repeat(y[:, :1], y.shape[1], 1)),
    "gradients of images are swapped": changed_dx(lambda dx: dx[::-1].copy()),
    "gradients of channels are swapped": changed_dx(lambda dx: dx[:, ::-1].copy()),
    "y's last row is zero": changed_y(with_zeros(np.s_[:, :, -1:])),
    "dx's last column is zero": changed_dx(with_zeros(np.s_[..., -1:])),
    "y is not negative": changed_y(lambda y: np.maximum(y, 0)),
    "it refuses": refuses,
}


# ---- when: functions of (x, arguments) -----------------------------------------------------------


def below(a, sign=1):
    k, s = pair(a["kernel_size"]), pair(a["kernel_size"] if a["stride"] is None else a["stride"])
    return any(sign * (n - m) > 0 for n, m in zip(k, s, strict=True))


def not_square(name):
    return lambda x, a: a[name] is not None and len(set(pair(a[name]))) > 1


def left_over(x, a):
    y = right(x, a)[0]
    (kH, kW), (pH, pW), (dH, dW) = (pair(a[n]) for n in ("kernel_size", "padding", "dilation"))
    sH, sW = pair(a["kernel_size"] if a["stride"] is None else a["stride"])
    ends = [
        (n - 1) * s + d * (k - 1) + 1 < size + 2 * p
        for n, s, d, k, size, p in zip(
            y.shape[2:], (sH, sW), (dH, dW), (kH, kW), x.shape[2:], (pH, pW), strict=True
        )
    ]
    return any(ends)


WHEN = {
    "there are several images": lambda x, a: len(x) > 1,
    "there are several channels": lambda x, a: x.shape[1] > 1,
    "the image is not square": lambda x, a: x.shape[2] != x.shape[3],
    "the kernel is not square": not_square("kernel_size"),
    "the stride is not square": not_square("stride"),
    "the padding is not square": not_square("padding"),
    "the dilation is not square": not_square("dilation"),
    "windows overlap": lambda x, a: below(a),
    "the stride is above the kernel": lambda x, a: below(a, -1),
    "there is padding": lambda x, a: np.any(a["padding"]),
    "there is dilation": lambda x, a: np.max(a["dilation"]) > 1,
    "there is a NaN": lambda x, a: np.isnan(x).any(),
    "there are equals": lambda x, a: np.unique(x).size < x.size,
    "x is float32": lambda x, a: x.dtype == np.float32,
    "all is negative": lambda x, a: x.size and np.nanmax(x) < 0,
    "pixels are left over": left_over,
    "there are more than 30 rows": lambda x, a: x.shape[2] > 30,
}


def mutant(wrong, when):
    """The two functions of a layer."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        a = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        return (wrong if when(x, a) else right)(x, a)

    def maxpool_backward(dy, cache):
        return cache(dy)

    return maxpool_forward, maxpool_backward


def lost(maxpool_forward, maxpool_backward, most=1):
    """The names of at most so many checks of a run that fail."""
    functions = {"maxpool_forward": maxpool_forward, "maxpool_backward": maxpool_backward}
    found = []
    with afresh():
        for name in LAYER_IN_ORDER:
            body = getattr(hidden, name).body
            try:
                body.__wrapped__(*(functions[task] for task in inspect.signature(body).parameters))
            except Failed:
                found.append(name)
                if len(found) == most:
                    break
    return found


FORWARD = "values dtype overlap rectangular remainder negative padding dilation nan inputs"
BACKWARD = (
    "values dtype overlap rectangular remainder ties padding dilation nan batches inputs calls "
    "linear"
)
LAYER_IN_ORDER = [f"maxpool_forward_{name}" for name in FORWARD.split()]
LAYER_IN_ORDER += [f"maxpool_backward_{name}" for name in BACKWARD.split()]


def test_all_checks_are_tried():
    assert sorted(LAYER_IN_ORDER) == sorted(LAYER)


@functools.cache
def geometries():
    """Batches and arguments of all kinds, at random; none of them is a hidden test's."""
    rng, found = np.random.default_rng(12345), []
    while len(found) < 400:
        H, W = rng.integers(3, 12, 2) + rng.choice([0, 30]) * (rng.random() < 0.2)
        H, W = (H, W) if rng.random() < 0.6 else (H, H)
        a = {"kernel_size": numbers(rng, 1, 4), "padding": 0, "stride": None, "dilation": 1}
        for name, low, high in (("stride", 1, 5), ("padding", 0, 3), ("dilation", 1, 4)):
            a[name] = numbers(rng, low, high) if rng.random() < 0.6 else a[name]
        x = rng.permutation(2 * 3 * H * W)[: H * W * (k := rng.choice([1, 2, 3, 6]))] - 0.5
        x = x.reshape(*{1: (1, 1), 2: (2, 1), 3: (1, 3), 6: (2, 3)}[int(k)], H, W)
        x = x // 9 if rng.random() < 0.3 else x
        x = x - 9000 if rng.random() < 0.4 else x
        if rng.random() < 0.3:
            x[rng.random(x.shape) < 0.2] = np.nan
        try:
            y, _ = reference.maxpool_forward(x.astype(float), **a)
        except ValueError:
            continue
        if (y > -np.inf).all() or np.isnan(y).any():
            found.append((x.astype("f4" if rng.random() < 0.3 else "f8"), a))
    return found


def numbers(rng, low, high):
    both = rng.integers(low, high, 2).tolist()
    return tuple(both) if rng.random() < 0.4 else both[0]


def wrong_somewhere(wrong, when):
    """Whether a mutant is one: whether it gives another answer in some geometry."""
    for x, a in geometries():
        if not when(x, a):
            continue
        try:
            (y, back), (mine, my_back) = right(x, a), wrong(x, a)
            if mine.dtype != y.dtype or not np.array_equal(y, mine, equal_nan=True):
                return True
            dy = np.random.default_rng(0).random(y.shape)
            dx, my_dx = back(dy), my_back(dy)
            if dx.dtype != my_dx.dtype or not np.allclose(dx, my_dx, equal_nan=True):
                return True
        except ValueError:
            return True
    return False


PAIRS = list(itertools.product(WRONG, WHEN))


def test_a_right_layer_loses_nothing():
    assert lost(*mutant(right, lambda x, a: True)) == []


@pytest.mark.few(4, spread=True)
@pytest.mark.parametrize("when", WHEN)
def test_no_mutant_gets_full_marks(when):
    tried = [wrong for wrong in WRONG if wrong_somewhere(WRONG[wrong], WHEN[when])]
    assert len(tried) >= 12
    alive = [wrong for wrong in tried if not lost(*mutant(WRONG[wrong], WHEN[when]))]
    assert alive == []
