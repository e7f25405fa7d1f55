"""Hidden checks of chapter 3."""

import functools

import numpy as np

from oracle import reference
from poolkit.check.layer import (
    adjoint,
    as_measured,
    both_passes,
    cache_for,
    conserved,
    forward_pass,
    linear,
    own_gradients,
    same_backward,
    same_dtypes,
    same_forward,
    same_memory,
    same_tiles,
    same_windows,
    seen_by,
    spelled,
    unchanged,
    vectorised_backward,
    vectorised_forward,
    vectorised_tiles,
    vectorised_windows,
    won_by,
)
from poolkit.spec import pair
from poolkit.voice import Failed, call, same

from ._hidden import hidden

__all__ = [
    "maxpool_backward_adjoint",
    "maxpool_backward_batches",
    "maxpool_backward_calls",
    "maxpool_backward_conservation",
    "maxpool_backward_dilation",
    "maxpool_backward_dtype",
    "maxpool_backward_gradient",
    "maxpool_backward_inputs",
    "maxpool_backward_linear",
    "maxpool_backward_nan",
    "maxpool_backward_overlap",
    "maxpool_backward_padding",
    "maxpool_backward_rectangular",
    "maxpool_backward_remainder",
    "maxpool_backward_sizes",
    "maxpool_backward_ties",
    "maxpool_backward_values",
    "maxpool_backward_vectorised",
    "maxpool_forward_dilation",
    "maxpool_forward_dtype",
    "maxpool_forward_gaps",
    "maxpool_forward_inputs",
    "maxpool_forward_nan",
    "maxpool_forward_negative",
    "maxpool_forward_overlap",
    "maxpool_forward_padding",
    "maxpool_forward_rectangular",
    "maxpool_forward_remainder",
    "maxpool_forward_sizes",
    "maxpool_forward_values",
    "maxpool_forward_vectorised",
    "pool_tiles_rectangular",
    "pool_tiles_remainder",
    "pool_tiles_values",
    "pool_tiles_vectorised",
    "windows_dilation",
    "windows_padding",
    "windows_values",
    "windows_vectorised",
    "windows_view",
]


# ---- inputs ---------------------------------------------------------------------------------


def distinct(rng, *shape):
    """A batch of distinct positive values, 1 apart: gaps far above any finite-difference step."""
    return 1.5 + rng.permutation(int(np.prod(shape))).reshape(shape)


def signed(rng, *shape):
    """Distinct values, half of them negative."""
    return distinct(rng, *shape) - int(np.prod(shape)) // 2 - 1


def upstream(rng, x, **arguments):
    """A gradient for every output: distinct, of both signs, none of them large or zero."""
    shape = reference.maxpool_forward(x, **arguments)[0].shape
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2 + 0.25) / 8


def pooled(x, **arguments):
    return reference.maxpool_forward(x, **arguments)[0]


def gradient(x, dy, **arguments):
    return reference.maxpool_backward(dy, reference.maxpool_forward(x, **arguments)[1])


def forward_agrees(forward, x, **arguments):
    """Compare the student's y with the reference."""
    same_forward(forward, x, pooled(x, **arguments), **arguments)


def agrees(forward, backward, x, dy, **arguments):
    """Compare the student's dx with the reference and, without ties, with finite differences."""
    same_backward(forward, backward, x, dy, gradient(x, dy, **arguments), **arguments)
    if 0 < np.unique(x).size == x.size <= 36 and (np.abs(x) < 1e4).all():  # and no NaN
        same_backward(forward, backward, x, dy, measured(x, dy, **arguments), **arguments)


def passes(forward, backward, rng):
    """``agrees`` as a function of x and the arguments alone."""

    def agree(x, **arguments):
        agrees(forward, backward, x, upstream(rng, x, **arguments), **arguments)

    return agree


def stands(agree, rng, H, **arguments):
    """Whether the answer is right for these arguments on one H×H image."""
    try:
        agree(distinct(rng, 1, 1, H, H) - 1000, **arguments)
    except Failed:
        return False
    return True


def together(agree, rng):
    """Compare non-square padding and dilation, and all arguments at once.

    Only where each of them, square and alone, is right: it has a check of its own.

    agree  function of x and the arguments that raises ``Failed`` if the answer is wrong
    """
    spreads = stands(agree, rng, 8, kernel_size=2, dilation=3)
    pads = stands(agree, rng, 4, kernel_size=2, padding=1)
    cases = [(6, 4, {"kernel_size": 2, "padding": p}) for p in ((1, 0), (0, 1)) if pads]
    cases += [(8, 8, {"kernel_size": 2, "dilation": d}) for d in ((1, 3), (3, 1)) if spreads]
    both = pads and spreads and stands(agree, rng, 8, kernel_size=2, padding=1, dilation=3)
    if both and stands(agree, rng, 5, kernel_size=3, stride=1):
        all_four = {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (3, 2)}
        cases.append((6, 5, all_four))
    for H, W, arguments in cases:
        agree(distinct(rng, 1, 1, H, W) - 1000, **arguments)


def measured(x, dy, h=1e-3, **arguments):
    """Central differences of ⟨pooled(x), dy⟩ along every pixel, all steps in one batch."""
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    moved = np.concatenate([x + steps, x - steps])  # one copy of x for each pixel and direction
    y = pooled(moved.reshape(-1, *x.shape[1:]), **arguments)
    losses = (y.reshape(2, x.size, dy.size) * dy.ravel()).sum(-1)
    return ((losses[0] - losses[1]) / (2 * h)).reshape(x.shape)  # (L(x + h·e) − L(x − h·e)) / 2h


def views(rng, x):
    """The same values in other clothes: (in words, a non-contiguous or read-only array)."""
    N, C, H, W = x.shape
    yield "a transposed view", x.copy().transpose(0, 1, 3, 2)
    yield "in column-major order", np.asfortranarray(x)
    yield "a view that runs backwards", x.copy()[:, :, ::-1, ::-1]
    wide = distinct(rng, N, C, 2 * H, 3 * W)
    wide[:, :, ::2, ::3] = x
    yield "every second row and third column of a larger array", wide[:, :, ::2, ::3]
    channels_last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    yield "an N×H×W×C array turned to N×C×H×W", channels_last.transpose(0, 3, 1, 2)
    still = x.copy()
    still.flags.writeable = False
    yield "read-only", still


# ---- pool_tiles -----------------------------------------------------------------------------


@hidden
def pool_tiles_values(pool_tiles):
    rng = np.random.default_rng(1)
    for shape, k in [((2, 3, 6, 6), 2), ((3, 1, 9, 9), 3), ((1, 2, 4, 4), 4), ((1, 1, 5, 5), 1)]:
        x = signed(rng, *shape)
        same_tiles(pool_tiles, x, k, pooled(x, kernel_size=k))


@hidden
def pool_tiles_remainder(pool_tiles):
    rng = np.random.default_rng(2)
    for H, k in [(7, 2), (8, 3), (7, 4)]:
        x = distinct(rng, 1, 1, H, H)
        x[:, :, H // k * k :] += 1000  # the largest values lie where no tile is
        x[:, :, :, H // k * k :] += 1000
        same_tiles(pool_tiles, x, k, pooled(x, kernel_size=k))


@hidden
def pool_tiles_rectangular(pool_tiles):
    rng = np.random.default_rng(3)
    for H, W, k in [(4, 6, (2, 3)), (6, 4, (3, 1)), (2, 8, (1, 4)), (4, 8, 2), (6, 6, (3, 2))]:
        x = distinct(rng, 1, 1, H, W)
        same_tiles(pool_tiles, x, k, pooled(x, kernel_size=k))


# many small images: whatever is done for each of them in Python takes long
MANY = np.random.default_rng(0).random((1500, 2, 6, 6))


def spends_as_counted(function, array, *args, each=0.25e-6, least=0.02):
    """Raise ``Failed`` if a call takes far more processor time than array operations do.

    array        the first argument; it has the pixels that are counted
    each, least  seconds allowed: ``each`` for a pixel, and ``least``

    The operations are counted where the function lives, by what a student's code might tamper
    with. Seconds for 108,000 pixels, measured: the slowest solution without loops takes 0.008
    forward and 0.003 back, loops over the windows 0.3, over the tiles 0.03, over the winners 0.01.
    So the last of these, or a loop over the images alone, is not told from arrays by this. The
    best of three calls counts, because a busy machine takes longer.
    """
    spent = getattr(function, "__spent__", None)
    if spent is None:  # it lives in this process: nothing stands between it and the count
        return
    allowed = least + each * array.size
    for _ in range(3):
        before = spent()
        call(function, array, *args)
        seconds = spent() - before
        if seconds <= allowed:
            return
    raise Failed(
        f"{function.__name__} takes {seconds:.2f} s of processor time for an array of "
        f"{array.size:,} numbers; array operations take {allowed:.2f} at most"
    )


@hidden
def pool_tiles_vectorised(pool_tiles):
    vectorised_tiles(pool_tiles)
    spends_as_counted(pool_tiles, MANY, 2, each=0.1e-6, least=0.01)


# ---- windows --------------------------------------------------------------------------------


def every_window(x, kernel_size, stride, padding=0, dilation=1):
    """The windows, pixel by pixel, by the definition."""
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    w = np.full((N, C, OH, OW, kH, kW), -np.inf)
    for k, l, u, v in np.ndindex(OH, OW, kH, kW):
        i, j = k * sH + u * dH - pH, l * sW + v * dW - pW
        if 0 <= i < H and 0 <= j < W:
            w[:, :, k, l, u, v] = x[:, :, i, j]
    return w


def windows_agree(windows, x, *arguments):
    same_windows(windows, x, *arguments, every_window(x, *arguments))


@hidden
def windows_values(windows):
    rng = np.random.default_rng(4)
    for shape, k, s in [
        ((2, 3, 6, 6), 2, 2),
        ((1, 2, 7, 7), 3, 2),
        ((2, 1, 5, 8), (2, 3), (1, 2)),
        ((1, 1, 7, 6), (3, 1), (3, 4)),
        ((1, 1, 1, 1), 1, 1),
    ]:
        windows_agree(windows, distinct(rng, *shape), k, s, 0, 1)


@hidden
def windows_view(windows):
    rng = np.random.default_rng(5)
    for case in [(2, 2, 0, 1), (3, 1, 0, 1)]:
        same_memory(windows, distinct(rng, 2, 1, 6, 6), *case)


@hidden
def windows_padding(windows):
    rng = np.random.default_rng(6)
    for shape, k, s, p in [
        ((1, 1, 4, 4), 2, 2, 1),
        ((1, 2, 5, 5), 3, 1, 1),
        ((1, 1, 4, 6), (2, 3), (1, 2), (1, 0)),
        ((1, 1, 6, 4), (2, 5), (2, 1), (0, 2)),
    ]:
        windows_agree(windows, signed(rng, *shape), k, s, p, 1)


@hidden
def windows_dilation(windows):
    rng = np.random.default_rng(7)
    for shape, k, s, d in [
        ((1, 1, 5, 5), 2, 1, 2),
        ((1, 2, 7, 7), 3, 2, 2),
        ((1, 1, 7, 9), (2, 3), (1, 2), (3, 2)),
        ((1, 1, 9, 5), (3, 2), (2, 1), (1, 4)),
    ]:
        windows_agree(windows, distinct(rng, *shape), k, s, 0, d)


@hidden
def windows_vectorised(windows):
    vectorised_windows(windows, [(2, 2, 0, 1), (3, 1, 1, 1)])
    spends_as_counted(windows, MANY, 3, 1, 0, 1)


# ---- maxpool_forward ------------------------------------------------------------------------


@hidden
def maxpool_forward_values(maxpool_forward):
    rng = np.random.default_rng(8)
    for shape, k in [((2, 3, 6, 6), 2), ((3, 2, 6, 6), 3), ((1, 4, 8, 8), 4)]:
        forward_agrees(maxpool_forward, distinct(rng, *shape), kernel_size=k)


@hidden
def maxpool_forward_dtype(maxpool_forward):
    rng = np.random.default_rng(9)
    answers = []
    for dtype in ("f4", "f8"):
        for arguments in (
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": 1},
            {"kernel_size": 3, "padding": 1},
            {"kernel_size": 2, "dilation": 2},
        ):
            x = distinct(rng, 1, 1, 6, 6).astype(dtype)
            try:
                y, _ = forward_pass(maxpool_forward, x.copy(), **arguments)
            except Failed:
                if len(arguments) == 1:
                    raise
                continue  # arguments that it cannot do are judged by their own checks
            answers.append((y, x.dtype, f"That was {spelled(x, arguments)} of {x.dtype}."))
    same_dtypes("y", answers)


@hidden
def maxpool_forward_overlap(maxpool_forward):
    rng = np.random.default_rng(10)
    for H, k, s in [(4, 2, 1), (7, 3, 2), (5, 3, 1), (7, 4, 3), (6, 5, 1)]:
        forward_agrees(maxpool_forward, distinct(rng, 1, 1, H, H), kernel_size=k, stride=s)


@hidden
def maxpool_forward_rectangular(maxpool_forward):
    rng = np.random.default_rng(11)
    for H, W, k, s in [
        (4, 9, (2, 3), (2, 3)),
        (6, 4, (3, 2), None),
        (3, 8, (1, 4), (1, 4)),
        (4, 10, 2, None),
        (10, 4, 2, (2, 2)),
        (6, 9, 3, (3, 3)),
    ]:
        forward_agrees(maxpool_forward, distinct(rng, 1, 1, H, W), kernel_size=k, stride=s)
    together(functools.partial(forward_agrees, maxpool_forward), rng)


@hidden
def maxpool_forward_remainder(maxpool_forward):
    rng = np.random.default_rng(12)
    for H, k in [(7, 2), (8, 3), (7, 4)]:
        x = distinct(rng, 1, 1, H, H)
        x[:, :, H // k * k :] += 1000  # the largest values lie where no window looks
        x[:, :, :, H // k * k :] += 1000
        forward_agrees(maxpool_forward, x, kernel_size=k)


@hidden
def maxpool_forward_gaps(maxpool_forward):
    rng = np.random.default_rng(13)
    for H, k, s in [(8, 2, 3), (7, 1, 3), (9, 3, 6), (6, 2, 4)]:
        forward_agrees(maxpool_forward, distinct(rng, 1, 1, H, H), kernel_size=k, stride=s)


@hidden
def maxpool_forward_negative(maxpool_forward):
    rng = np.random.default_rng(14)
    for H, k, shift, scale in [(6, 2, 100, 1), (6, 3, 100, 10), (4, 2, 8, 1), (4, 2, 100, 1e9)]:
        forward_agrees(maxpool_forward, scale * (distinct(rng, 1, 1, H, H) - shift), kernel_size=k)


@hidden
def maxpool_forward_padding(maxpool_forward):
    rng = np.random.default_rng(15)
    for H, k, p in [(4, 2, 1), (7, 3, 1), (6, 5, 2), (4, 4, 2)]:
        for shift, scale in [(0, 1), (100, 1), (100, 1e9)]:  # negative pixels only, however small
            x = scale * (signed(rng, 1, 1, H, H) - shift)
            forward_agrees(maxpool_forward, x, kernel_size=k, padding=p)
    agree = functools.partial(forward_agrees, maxpool_forward)
    if stands(agree, rng, 8, kernel_size=2, dilation=3):
        agree(signed(rng, 1, 1, 8, 8) - 100, kernel_size=2, padding=1, dilation=3)


@hidden
def maxpool_forward_dilation(maxpool_forward):
    rng = np.random.default_rng(16)
    for H, k, d in [(5, 2, 2), (6, 2, 3), (8, 2, 3), (8, 3, 2), (11, 3, 2)]:
        forward_agrees(maxpool_forward, distinct(rng, 1, 1, H, H), kernel_size=k, dilation=d)


@hidden
def maxpool_forward_nan(maxpool_forward):
    rng = np.random.default_rng(17)
    for H, k, places in [
        (4, 2, [(0, 0), (3, 2)]),
        (6, 3, [(1, 4), (2, 4), (5, 0)]),
        (4, 2, [(1, 1)]),
    ]:
        x = distinct(rng, 1, 1, H, H)
        for i, j in places:
            x[0, 0, i, j] = np.nan
        forward_agrees(maxpool_forward, x, kernel_size=k)


@hidden
def maxpool_forward_sizes(maxpool_forward):
    rng = np.random.default_rng(18)
    for shape, k in [
        ((1, 1, 1, 1), 1),
        ((1, 1, 3, 3), 3),
        ((1, 1, 4, 4), 1),
        ((0, 2, 6, 6), 3),
        ((2, 0, 4, 4), 2),
        ((0, 0, 2, 2), 1),
    ]:
        forward_agrees(maxpool_forward, distinct(rng, *shape), kernel_size=k)


@hidden
def maxpool_forward_inputs(maxpool_forward):
    rng = np.random.default_rng(19)
    for clothes, x in views(rng, distinct(rng, 1, 1, 6, 6)):
        before = x.copy()
        y, _ = forward_pass(maxpool_forward, x, kernel_size=2)
        unchanged(maxpool_forward, "x", before, x)
        where = seen_by(before, {"kernel_size": 2})
        same("y", y, pooled(before, kernel_size=2), lambda at: f"{where(at)} x is {clothes}.")  # noqa: B023


@hidden
def maxpool_forward_vectorised(maxpool_forward):
    vectorised_forward(maxpool_forward, [(2, 2), (3, 1)])
    spends_as_counted(maxpool_forward, MANY, 3, 1)


# ---- maxpool_backward -----------------------------------------------------------------------


@hidden
def maxpool_backward_values(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(20)
    for H, k in [(4, 2), (6, 3), (6, 2), (5, 5)]:
        x = distinct(rng, 1, 1, H, H)
        dy = upstream(rng, x, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_dtype(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(21)
    answers = []
    for of_x, of_dy in [("f4", "f4"), ("f8", "f8"), ("f4", "f8"), ("f8", "f4")]:
        x = distinct(rng, 1, 1, 6, 6).astype(of_x)
        dy = upstream(rng, x, kernel_size=2).astype(of_dy)
        dx = both_passes(maxpool_forward, maxpool_backward, x, dy, kernel_size=2)
        answers.append((dx, x.dtype, f"x is {x.dtype}, dy is {dy.dtype}."))
    same_dtypes("dx", answers)


@hidden
def maxpool_backward_overlap(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(22)
    for H, k, s in [(4, 2, 1), (7, 3, 2), (5, 3, 1), (7, 4, 3), (8, 5, 1)]:
        x = distinct(rng, 1, 1, H, H)
        dy = upstream(rng, x, kernel_size=k, stride=s)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k, stride=s)


@hidden
def maxpool_backward_rectangular(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(23)
    for H, W, k, s in [
        (4, 9, (2, 3), (2, 3)),
        (6, 4, (3, 2), None),
        (3, 8, (1, 4), (1, 4)),
        (4, 10, 2, None),
        (10, 4, 2, (2, 2)),
        (6, 9, 3, (3, 3)),
    ]:
        x = distinct(rng, 1, 1, H, W)
        dy = upstream(rng, x, kernel_size=k, stride=s)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k, stride=s)
    together(passes(maxpool_forward, maxpool_backward, rng), rng)


@hidden
def maxpool_backward_remainder(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(24)
    for H, k, s in [(7, 2, 2), (8, 3, 3), (7, 4, 4), (8, 2, 3), (7, 1, 3), (9, 2, 4)]:
        x = distinct(rng, 1, 1, H, H)
        dy = upstream(rng, x, kernel_size=k, stride=s)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k, stride=s)


@hidden
def maxpool_backward_ties(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(25)
    cases = [
        (np.ones((1, 1, 4, 4)), 2),  # all equal
        (np.maximum(signed(rng, 1, 1, 6, 6), 0), 3),  # what a ReLU leaves: many zeros
        (rng.integers(1, 4, (1, 1, 8, 8)) + 0.5, 2),  # many pairs
        (rng.integers(1, 3, (1, 1, 6, 6)) + 0.5, 3),
        (np.zeros((1, 1, 6, 6)), 3),
    ]
    for x, k in cases:
        dy = upstream(rng, x, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_padding(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(26)
    for H, k, p in [(4, 2, 1), (7, 3, 1), (6, 5, 2), (4, 4, 2)]:
        for shift, scale in [(0, 1), (100, 1), (100, 1e9)]:
            x = scale * (signed(rng, 1, 1, H, H) - shift)
            dy = upstream(rng, x, kernel_size=k, padding=p)
            agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k, padding=p)
    agree = passes(maxpool_forward, maxpool_backward, rng)
    if stands(agree, rng, 8, kernel_size=2, dilation=3):
        agree(signed(rng, 1, 1, 8, 8) - 100, kernel_size=2, padding=1, dilation=3)


@hidden
def maxpool_backward_dilation(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(27)
    for H, k, d in [(6, 2, 3), (8, 2, 3), (8, 3, 2), (11, 3, 2)]:  # no pixel is in two windows
        x = distinct(rng, 1, 1, H, H)
        dy = upstream(rng, x, kernel_size=k, dilation=d)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k, dilation=d)


@hidden
def maxpool_backward_nan(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(28)
    for H, k, places in [(4, 2, [(0, 1), (1, 0), (3, 2)]), (6, 3, [(1, 4), (2, 3), (5, 0)])]:
        x = distinct(rng, 1, 1, H, H)
        for i, j in places:
            x[0, 0, i, j] = np.nan
        dy = upstream(rng, x, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_batches(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(29)
    for shape, k in [((3, 1, 4, 4), 2), ((1, 3, 4, 4), 2), ((2, 3, 6, 6), 3), ((3, 2, 2, 2), 2)]:
        x = distinct(rng, *shape)
        dy = upstream(rng, x, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_sizes(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(30)
    for shape, k in [
        ((1, 1, 1, 1), 1),
        ((1, 1, 3, 3), 3),
        ((1, 1, 4, 4), 1),
        ((0, 2, 6, 6), 3),
        ((2, 0, 4, 4), 2),
        ((0, 0, 2, 2), 1),
    ]:
        x = distinct(rng, *shape)
        dy = upstream(rng, x, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_inputs(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(31)
    plain = distinct(rng, 1, 1, 6, 6)
    dy = upstream(rng, plain, kernel_size=2)
    inputs = [(plain.copy(), of_dy, f"dy is {clothes}") for clothes, of_dy in views(rng, dy)]
    inputs += [
        (x, dy.copy(), f"x is {clothes}")
        for clothes, x in views(rng, plain)
        if x.flags.writeable  # whether forward writes to x is judged by forward's check
    ]
    # the gradient of y.sum(): one number seen nine times
    inputs += [(plain.copy(), np.broadcast_to(1.0, (1, 1, 3, 3)), "dy is a broadcast 1")]
    for x, dy, said in inputs:
        before = x.copy(), dy.copy()
        cache = cache_for(dy, maxpool_forward, x, kernel_size=2)
        kept = x.copy()
        dx = call(maxpool_backward, dy, cache)
        unchanged(maxpool_backward, "dy", before[1], dy)
        unchanged(maxpool_backward, "x", kept, x)
        where = won_by(before[0], {"kernel_size": 2})
        expected = gradient(*before, kernel_size=2)
        same("dx", dx, expected, lambda at: f"{where(at)} {said}.")  # noqa: B023


@hidden
def maxpool_backward_calls(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(32)
    batches = []
    for H in (4, 4, 6):
        x = distinct(rng, 1, 1, H, H)
        batches.append((x, upstream(rng, x, kernel_size=2)))
    expected = [gradient(x, dy, kernel_size=2) for x, dy in batches]
    own_gradients(maxpool_forward, maxpool_backward, batches, expected, kernel_size=2)


@hidden
def maxpool_backward_gradient(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(33)
    for H, k in [(6, 3), (4, 2)]:
        x = distinct(rng, 1, 1, H, H)
        dy = upstream(rng, x, kernel_size=k)
        as_measured(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)
        agrees(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_linear(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(34)
    for H, k, a, b in [(4, 2, 200, -300), (6, 3, 1e5, 1e-3), (6, 2, -1, 0)]:
        x = distinct(rng, 1, 1, H, H)
        first, second = upstream(rng, x, kernel_size=k), upstream(rng, x, kernel_size=k)
        linear(maxpool_forward, maxpool_backward, x, first, second, a, b, kernel_size=k)


@hidden
def maxpool_backward_adjoint(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(35)
    for H, k in [(4, 2), (6, 3)]:
        x = distinct(rng, 1, 1, H, H)
        u, v = upstream(rng, x, kernel_size=k), rng.uniform(-1, 1, x.shape)
        adjoint(maxpool_forward, maxpool_backward, x, u, v, kernel_size=k)


@hidden
def maxpool_backward_conservation(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(36)
    for x, k in [(distinct(rng, 1, 1, 6, 6), 3), (np.ones((1, 1, 4, 4)), 2)]:
        dy = upstream(rng, x, kernel_size=k)
        conserved(maxpool_forward, maxpool_backward, x, dy, kernel_size=k)


@hidden
def maxpool_backward_vectorised(maxpool_forward, maxpool_backward):
    vectorised_backward(maxpool_forward, maxpool_backward, [(2, 2), (3, 1)])
    dy, cache = maxpool_forward(MANY, 3, 1)
    spends_as_counted(maxpool_backward, dy, cache, each=0.1e-6, least=0.01)
