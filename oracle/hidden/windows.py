"""Hidden checks of chapter 1."""

import numpy as np

from oracle import reference
from poolkit.check.windows import (
    count,
    int_coordinates,
    row_major,
    same_effect,
    same_pixels,
    same_pooling,
    same_sizes,
)
from poolkit.voice import call

from ._hidden import hidden

__all__ = [
    "output_size_dilation",
    "output_size_padding",
    "output_size_remainder",
    "output_size_values",
    "pool_loops_negative",
    "pool_loops_overlap",
    "pool_loops_rectangular",
    "pool_loops_remainder",
    "pool_loops_values",
    "window_coordinates",
    "window_order",
    "window_rectangular",
    "window_stride",
]


# ---- window ---------------------------------------------------------------------------------


@hidden
def window_coordinates(window):
    for case in [(1, 3, 3, 3), (4, 0, 2, 2), (0, 0, 2, 2), (3, 5, 1, 1), (0, 7, 4, 4)]:
        int_coordinates(window, case)
        same_pixels(window, case, swapped=False)


@hidden
def window_order(window):
    for case in [(1, 2, 3, 3), (3, 0, 2, 2), (0, 1, 4, 4)]:
        row_major(window, case)


@hidden
def window_stride(window):
    for case in [(2, 1, 3, 2), (3, 4, 3, 1), (1, 2, 2, 5), (0, 3, 1, 2), (4, 3, 5, 4)]:
        same_pixels(window, case)


@hidden
def window_rectangular(window):
    for case in [(2, 1, (3, 2), (3, 2)), (1, 3, (1, 4), (1, 4)), (0, 2, (5, 1), (5, 1))]:
        same_pixels(window, case)
    for case in [(1, 2, (3, 3), 3), (2, 0, 2, (2, 2))]:  # a pair beside an int
        same_pixels(window, case)


# ---- output_size ----------------------------------------------------------------------------

AXES = [(n, k, s) for n in (5, 9, 12, 28) for k in (1, 2, 3, 5) for s in (1, 2, 3, 4)]


def fits(n, k, s, p=0, d=1):
    """Whether the last window ends with the last pixel."""
    return (n + 2 * p - d * (k - 1) - 1) % s == 0


@hidden
def output_size_values(output_size):
    cases = [axis for axis in AXES if fits(*axis)] + [(1, 1, 1), (3, 3, 2), (224, 2, 2)]
    same_sizes(output_size, cases, whole=True)


@hidden
def output_size_remainder(output_size):
    same_sizes(output_size, [axis for axis in AXES if not fits(*axis)] + [(4, 3, 2), (113, 3, 7)])


@hidden
def output_size_padding(output_size):
    # whole steps with and without padding: rounding is judged by another check
    cases = [(*axis, p) for axis in AXES for p in (1, 2) if 2 * p <= axis[1]]
    same_effect(output_size, [c for c in cases if fits(*c[:3]) and fits(*c)], "padding")


@hidden
def output_size_dilation(output_size):
    alone = [(*axis, 0, d) for axis in AXES for d in (2, 3)]
    same_effect(output_size, judged(alone), "dilation")
    together = judged([(*axis, p, d) for axis in AXES for p in (1, 2) for d in (2, 3)])
    # together with padding, where padding alone is right: one mistake costs once
    together = [
        (n, k, s, p, d)
        for n, k, s, p, d in together
        if fits(n, k, s, p)
        and call(output_size, n, k, s, padding=p) - call(output_size, n, k, s)
        == count(n, k, s, p) - count(n, k, s)
    ]
    same_effect(output_size, together, "padding and dilation")


def judged(cases):
    """The cases in which a window fits and leaves no remainder, with and without dilation."""
    return [c for c in cases if fits(*c[:3]) and fits(*c) and 2 * c[3] <= c[1] and count(*c) > 0]


# ---- pool_loops -----------------------------------------------------------------------------


def image(rng, H, W):
    """Distinct whole numbers from 0 on, as floats."""
    return rng.permutation(H * W).reshape(H, W).astype(float)


def pooled(x, kernel_size, stride):
    """The reference on one image."""
    return reference.maxpool_forward(np.asarray(x)[None, None], kernel_size, stride)[0][0, 0]


def pool(pool_loops, x, kernel_size, stride, common=False):
    same_pooling(pool_loops, x, kernel_size, stride, pooled(x, kernel_size, stride), common)


@hidden
def pool_loops_values(pool_loops):
    rng = np.random.default_rng(1)
    for H, k in [(6, 2), (9, 3), (8, 4), (3, 3), (4, 1), (1, 1)]:
        pool(pool_loops, image(rng, H, H) + 0.5, k, k)


@hidden
def pool_loops_overlap(pool_loops):
    rng = np.random.default_rng(2)
    # stride < kernel_size: shared pixels; stride > kernel_size: pixels that nobody sees
    for H, k, s in [(7, 3, 2), (5, 2, 1), (6, 4, 1), (11, 5, 3), (8, 2, 3), (9, 1, 4)]:
        pool(pool_loops, image(rng, H, H), k, s)


@hidden
def pool_loops_remainder(pool_loops):
    rng = np.random.default_rng(3)
    for H, k in [(8, 3), (7, 2), (7, 4), (10, 3)]:
        x = image(rng, H, H)
        x[H // k * k :] += 1000  # the largest values lie where no window looks
        x[:, H // k * k :] += 1000
        pool(pool_loops, x, k, k)


@hidden
def pool_loops_rectangular(pool_loops):
    rng = np.random.default_rng(4)
    for H, W, k, s in [
        (6, 4, (3, 2), (3, 2)),
        (4, 10, (2, 5), (2, 5)),
        (4, 8, 2, 2),
        (9, 3, 3, (3, 3)),
        (3, 4, (1, 4), (1, 4)),
        (6, 2, (3, 1), (3, 1)),
    ]:
        pool(pool_loops, image(rng, H, W), k, s)


@hidden
def pool_loops_negative(pool_loops):
    rng = np.random.default_rng(5)
    for H, k, shift, scale in [(6, 2, 100, 1), (6, 3, 100, 10), (4, 2, 8, 1), (8, 4, 100, 1e6)]:
        pool(pool_loops, scale * (image(rng, H, H) - shift), k, k, common=True)
