"""Hidden checks of chapter 1."""

import functools

import numpy as np

from oracle import reference
from oracle.kit.run import verdict
from poolkit.check.windows import (
    row_major,
    same_effect,
    same_image,
    same_pixels,
    same_pooling,
    same_sizes,
)
from poolkit.kit.visible import checks

from ._hidden import hidden

# ---- window ---------------------------------------------------------------------------------


@hidden
def window_coordinates(window):
    same_pixels(window, [(1, 3, 3, 3), (4, 0, 2, 2), (3, 5, 1, 1)], strict=True)


@hidden
def window_order(window):
    row_major(window, [(1, 2, 3, 3), (3, 0, 2, 2)])


@hidden
def window_stride(window):
    same_pixels(window, [(2, 1, 3, 2), (3, 4, 3, 1), (1, 2, 2, 5)])


@hidden
def window_rectangular(window):
    cases = [(2, 1, (3, 2), (3, 2)), (1, 3, (1, 4), (1, 4))]
    same_pixels(window, [*cases, (1, 2, (3, 3), 3), (2, 0, 2, (2, 2))])  # a pair beside an int


# ---- output_size ----------------------------------------------------------------------------

# Each case has a shape of its own: stride below, at and above the kernel size, one window, windows
# of one pixel, a remainder above and below half a step.


@hidden
def output_size_values(output_size):
    cases = [(9, 3, 3), (9, 5, 2), (11, 2, 3), (5, 5, 4), (12, 1, 1), (1, 1, 1), (224, 2, 2)]
    same_sizes(output_size, cases, whole=True)


@hidden
def output_size_remainder(output_size):
    cases = [(12, 5, 2), (9, 2, 2), (5, 3, 3), (12, 3, 4), (5, 1, 3), (4, 3, 2), (113, 3, 7)]
    same_sizes(output_size, cases)


# The windows fill the axis with and without padding and dilation: rounding is judged by another
# check.


PADDED = (9, 3, 2, 1), (12, 5, 1, 2)


def padded_wrongly(output_size, case):
    """The failure in a case with padding alone, as it was found first in this run; or None."""
    ask = functools.partial(same_effect, output_size, [case], "padding")
    return verdict("output_size", case, ask)


@hidden
def output_size_padding(output_size):
    cases = [(9, 3, 1, 1), (9, 5, 1, 2), (9, 5, 4, 2), (12, 2, 2, 1)]
    for wrong in [padded_wrongly(output_size, case) for case in PADDED]:
        if wrong:
            raise wrong
    same_effect(output_size, cases, "padding")


@hidden
def output_size_dilation(output_size):
    alone = [(9, 3, 1, 0, 3), (9, 3, 2, 0, 2), (12, 2, 1, 0, 2), (9, 5, 4, 0, 2), (5, 1, 2, 0, 3)]
    same_effect(output_size, alone, "dilation")
    # together with padding, where padding alone is right: one mistake costs once. The padding
    # check asks for these very sizes, so a failure on purpose costs that point.
    together = [
        (*case, d)
        for case, d in zip(PADDED, (3, 2), strict=True)
        if not padded_wrongly(output_size, case)
    ]
    same_effect(output_size, together, "padding and dilation")


# ---- pool_loops -----------------------------------------------------------------------------


def image(rng, H, W):
    """Distinct whole numbers from 0 on, as floats."""
    return rng.permutation(H * W).reshape(H, W).astype(float)


def pooled(x, kernel_size, stride):
    """The reference on one image."""
    return reference.maxpool_forward(np.asarray(x)[None, None], kernel_size, stride)[0][0, 0]


def pool(pool_loops, cases, common=False):
    """Compare the answers with the reference; cases: (x, kernel_size, stride)."""
    cases = [(x, k, s, pooled(x, k, s)) for x, k, s in cases]
    same_pooling(pool_loops, cases, common)


@hidden
def pool_loops_values(pool_loops):
    rng = np.random.default_rng(1)
    sizes = [(6, 2), (9, 3), (4, 4), (3, 1)]
    pool(pool_loops, [(image(rng, H, H) + 0.5, k, k) for H, k in sizes])


@hidden
def pool_loops_overlap(pool_loops):
    rng = np.random.default_rng(2)
    # stride < kernel_size: shared pixels; stride > kernel_size: pixels that nobody sees
    sizes = [(7, 3, 2), (6, 4, 1), (8, 2, 3), (9, 1, 4)]
    pool(pool_loops, [(image(rng, H, H), k, s) for H, k, s in sizes])


@hidden
def pool_loops_remainder(pool_loops):
    rng = np.random.default_rng(3)
    cases = []
    for H, k in [(8, 3), (7, 2), (7, 4)]:
        x = image(rng, H, H)
        x[H // k * k :] += 1000  # the largest values lie where no window looks
        x[:, H // k * k :] += 1000
        cases.append((x, k, k))
    pool(pool_loops, cases)


@hidden
def pool_loops_rectangular(pool_loops):
    rng = np.random.default_rng(4)
    sizes = [
        (6, 6, (3, 2), (3, 2)),
        (3, 8, (1, 4), (1, 4)),
        (6, 2, (3, 1), (3, 1)),
        (4, 8, 2, 2),
        (9, 3, 3, (3, 3)),
    ]
    pool(pool_loops, [(image(rng, H, W), k, s) for H, W, k, s in sizes])


@hidden
def pool_loops_negative(pool_loops):
    rng = np.random.default_rng(5)
    sizes = [(4, 2, 8, 1), (6, 3, 100, 1e6)]
    cases = [(scale * (image(rng, H, H) - shift), k, k) for H, k, shift, scale in sizes]
    pool(pool_loops, cases, common=True)


@hidden
def pool_loops_untouched(pool_loops):
    rng = np.random.default_rng(6)
    # one window each: who counts windows wrongly, or mixes up rows and columns, loses nothing here
    same_image(pool_loops, [(image(rng, k, k) - 5, k, s) for k, s in [(2, 2), (4, 1), (5, 7)]])


__all__ = checks(globals())
