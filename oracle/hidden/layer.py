"""Hidden checks of chapter 3."""

import functools

import numpy as np

from oracle import reference
from poolkit import numerical
from poolkit.check.layer import (
    RIGHT_FIRST,
    adjoint,
    as_measured,
    because,
    cache_for,
    conserved,
    every_dx,
    every_y,
    forward_pass,
    linear,
    own_gradients,
    same_backward,
    same_dtypes,
    same_dx,
    same_memory,
    same_tiles,
    same_windows,
    same_y,
    seen_by,
    spelled,
    unchanged,
    vectorised_backward,
    vectorised_forward,
    vectorised_tiles,
    vectorised_windows,
    without_cache,
    won_by,
)
from poolkit.spec import pair
from poolkit.voice import Failed, call, same

from ._hidden import hidden, stands

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


def with_nans(rng, H, places):
    """An H×H image of distinct values, but for NaNs at these places."""
    x = distinct(rng, 1, 1, H, H)
    for i, j in places:
        x[0, 0, i, j] = np.nan
    return x


def signed(rng, *shape):
    """Distinct values, half of them negative."""
    return distinct(rng, *shape) - int(np.prod(shape)) // 2 - 1


def on_distinct(rng, cases, *names):
    """Yield (x of distinct values, arguments) of each (x's shape, *values of these arguments)."""
    for shape, *values in cases:
        yield distinct(rng, *shape), dict(zip(names, values, strict=True))


def left_over(rng, H, k):
    """An image whose largest values lie where no tile of size k is, and no window looks."""
    x = distinct(rng, 1, 1, H, H)
    x[:, :, H // k * k :] += 1000
    x[:, :, :, H // k * k :] += 1000
    return x


def upstream(rng, *shape):
    """Gradients for that many outputs: distinct, of both signs, none of them large or zero."""
    size = int(np.prod(shape))
    return (rng.permutation(size).reshape(shape) - size / 2 + 0.25) / 8


def pooled(x, **arguments):
    return reference.maxpool_forward(x, **arguments)[0]


def right(rng, x, **arguments):
    """A gradient dy for every output, and dx."""
    y, cache = reference.maxpool_forward(x, **arguments)
    dy = upstream(rng, *y.shape)
    return dy, reference.maxpool_backward(dy, cache)


def forward_agrees(forward, cases):
    """Compare the student's y with the reference; cases: (x, arguments)."""
    cases = list(cases)
    given = every_y(forward, [((x,), arguments) for x, arguments in cases])
    for x, arguments in cases:
        same_y(given, x, pooled(x, **arguments), **arguments)


def passes(forward, backward):
    """Return a function of (x, arguments) that compares the student's dx with what is right.

    That is the reference and, without ties, finite differences. The same case has the same dy
    wherever it is asked.
    """

    def agree(cases):
        cases = [
            (x, *right(np.random.default_rng(x.size), x, **arguments), arguments)
            for x, arguments in cases
        ]
        calls = [((x, dy), arguments) for x, dy, _, arguments in cases]
        given = every_dx(forward, backward, calls)
        for x, dy, expected, arguments in cases:
            dx = same_dx(given, x, dy, expected, **arguments)
            if 0 < np.unique(x).size == x.size <= 36 and (np.abs(x) < 1e4).all():  # and no NaN
                y = functools.partial(pooled, **arguments)
                same("dx", dx, numerical.vjp_at_once(y, x, dy), won_by(x, arguments))

    return agree


# One case of each feature. A check that forgives a wrong answer because some feature is wrong alone
# asks for that feature in these very cases, which its own check asks, too: whoever fails here on
# purpose loses that point.
def feature(seed, H, lowest, **arguments):
    """A case on an H×H image of distinct values from ``lowest`` on."""
    return lowest + np.random.default_rng(seed).permutation(H * H).reshape(1, 1, H, H), arguments


# where there is a border all values are negative, so that one of zeros would show
OVERLAP = feature(50, 5, 1.5, kernel_size=3, stride=1)
PADDING = feature(51, 4, -99.5, kernel_size=2, padding=1)
DILATION = feature(52, 8, 1.5, kernel_size=2, dilation=3)
PADDING_AND_DILATION = feature(53, 8, -131.5, kernel_size=2, padding=1, dilation=3)


def padding_agrees(agree, rng):
    """Compare pixels of both signs, and negative ones only, however small; then with dilation.

    A failure of the last counts only where dilation alone is right.
    """
    rising = np.arange(49.0).reshape(1, 1, 7, 7) - 100  # a place before the first pixel is no last
    falling = -1e9 * np.arange(64.0, 100).reshape(1, 1, 6, 6)  # and one after the last no first
    agree(
        [
            (signed(rng, 1, 1, 4, 4), {"kernel_size": 2, "padding": 1}),
            PADDING,
            (rising, {"kernel_size": 3, "padding": 1}),
            (falling, {"kernel_size": 5, "padding": 2}),
        ]
    )
    try:
        agree([PADDING_AND_DILATION])
    except Failed:
        if stands(agree, [DILATION]):
            raise


def together(agree, rng):
    """Compare non-square padding and dilation, and all arguments at once.

    A failure counts only where each of them, square and alone, is right: it has a check of its own.

    agree  function of cases (x, arguments) that raises ``Failed`` if an answer is wrong
    """
    pads = [(6, 4, {"kernel_size": 2, "padding": p}) for p in ((1, 0), (0, 1))]
    spreads = [(8, 8, {"kernel_size": 2, "dilation": d}) for d in ((1, 3), (3, 1))]
    all_four = {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (3, 2)}
    both = (6, 5, all_four)
    try:
        agree(one_image(rng, *case) for case in (*pads, spreads[0], both))
        return
    except Failed:
        pass  # now find out whether it counts
    padding, dilation = stands(agree, [PADDING]), stands(agree, [DILATION])
    cases = pads * padding + spreads * dilation
    if padding and dilation and stands(agree, [PADDING_AND_DILATION, OVERLAP]):
        cases.append(both)
    agree(one_image(rng, *case) for case in cases)


def one_image(rng, H, W, arguments):
    """A case; where there is a border, on negative values, so that one of zeros would show."""
    return distinct(rng, 1, 1, H, W) - 1000 * ("padding" in arguments), arguments


def views(rng, x):
    """The same values in other clothes: (in words, a non-contiguous or read-only array)."""
    yield "a transposed view", x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2)
    yield "a view that runs backwards", x[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1]
    N, C, H, W = x.shape
    wide = distinct(rng, N, C, 2 * H, 3 * W)
    wide[:, :, ::2, ::3] = x
    yield "every second row and third column of a larger array", wide[:, :, ::2, ::3]
    still = x.copy()
    still.flags.writeable = False
    yield "read-only", still


# ---- pool_tiles -----------------------------------------------------------------------------


def tiles_agree(pool_tiles, cases):
    """Compare the student's tiles with the reference; cases: (x, kernel_size)."""
    same_tiles(pool_tiles, [(x, k, pooled(x, kernel_size=k)) for x, k in cases])


@hidden
def pool_tiles_values(pool_tiles):
    rng = np.random.default_rng(1)
    sizes = [((2, 3, 6, 6), 2), ((1, 2, 4, 4), 4), ((1, 1, 5, 5), 1)]
    tiles_agree(pool_tiles, [(signed(rng, *shape), k) for shape, k in sizes])


@hidden
def pool_tiles_remainder(pool_tiles):
    rng = np.random.default_rng(2)
    tiles_agree(pool_tiles, [(left_over(rng, H, k), k) for H, k in [(8, 3), (7, 4)]])


@hidden
def pool_tiles_rectangular(pool_tiles):
    rng = np.random.default_rng(3)
    sizes = [(6, 4, (3, 2)), (6, 4, (3, 1)), (2, 8, (1, 4)), (4, 8, 2)]
    tiles_agree(pool_tiles, [(distinct(rng, 1, 1, H, W), k) for H, W, k in sizes])


# Three batches of many small images: whatever is done for each image in Python takes long.
MANY = np.random.default_rng(0).random((3, 600, 2, 6, 6))


def spends_as_counted(function, question, numbers, each=0.25e-6, least=0.008):
    """Raise ``Failed`` if a call takes far more processor time than array operations do.

    question     function of a batch: (the arguments of a call, the right answer)
    numbers      how many numbers there are in the first argument
    each, least  seconds allowed: ``each`` for one of them, and ``least``

    The operations are counted where the function lives, by what a student's code might tamper
    with; this is seen from outside. Only a right answer to a new question tells anything: what is
    wrong, or remembered, is quick. A call gets copies, which end with it: what lives on is looked
    at for changes, in every call after.

    Seconds for 43,200 pixels, measured: the slowest solution without loops takes 0.004
    forward and 0.0015 back, loops over the windows 0.11, over the tiles 0.014, over the winners
    0.004. So the last of these, or a loop over the images alone, is not told from arrays by this.
    The best of three calls counts, because a busy machine takes longer.
    """
    spent = getattr(function, "__spent__", None)
    if spent is None:  # it lives in this process: nothing stands between it and the count
        return
    allowed = least + each * numbers
    for x in MANY:
        given, expected = question(x.copy())
        before = spent()
        answer = call(function, *given)
        seconds = spent() - before
        with because(RIGHT_FIRST, certain=True):
            same("the answer for 600 images", without_cache(answer), expected)
        if seconds <= allowed:
            return
    raise Failed(
        f"{function.__name__} takes {seconds:.3f} s of processor time for an array of "
        f"{numbers:,} numbers; array operations take {allowed:.3f} at most"
    )


@hidden
def pool_tiles_vectorised(pool_tiles):
    def question(x):
        return (x, 2), pooled(x, kernel_size=2)

    vectorised_tiles(pool_tiles, lambda x, k: pooled(x, kernel_size=k))
    spends_as_counted(pool_tiles, question, MANY[0].size, each=0.1e-6, least=0.004)


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


def windows_agree(windows, cases):
    same_windows(windows, [(*case, every_window(*case)) for case in cases])


# as PADDING: what is forgiven elsewhere, if padding is wrong, depends on this very case
BORDER = feature(54, 5, -11.5)[0], 3, 1, 1, 1


@hidden
def windows_values(windows):
    rng = np.random.default_rng(4)
    sizes = [
        ((2, 3, 7, 7), 3, 2),
        ((2, 1, 5, 8), (2, 3), (1, 2)),
        ((1, 1, 7, 6), (3, 1), (3, 4)),
    ]
    windows_agree(windows, [(distinct(rng, *shape), k, s, 0, 1) for shape, k, s in sizes])


@hidden
def windows_view(windows):
    rng = np.random.default_rng(5)
    for case in [(2, 2, 0, 1), (3, 1, 0, 1)]:
        x = distinct(rng, 2, 1, 6, 6)
        same_memory(windows, x, case, every_window(x, *case))


@hidden
def windows_padding(windows):
    rng = np.random.default_rng(6)
    sizes = [
        ((1, 2, 5, 5), 3, 1, 1),
        ((1, 1, 4, 6), (2, 3), (1, 2), (1, 0)),
        ((1, 1, 6, 4), (2, 5), (2, 1), (0, 2)),
    ]
    cases = [(signed(rng, *shape), k, s, p, 1) for shape, k, s, p in sizes]
    windows_agree(windows, [*cases, BORDER])


@hidden
def windows_dilation(windows):
    rng = np.random.default_rng(7)
    sizes = [
        ((1, 2, 7, 7), 3, 2, 2),
        ((1, 1, 7, 9), (2, 3), (1, 2), (3, 2)),
        ((1, 1, 9, 7), (3, 2), (2, 1), (1, 4)),
    ]
    windows_agree(windows, [(distinct(rng, *shape), k, s, 0, d) for shape, k, s, d in sizes])


@hidden
def windows_vectorised(windows):
    def every(x, k, stride, padding, dilation):  # where stride and dilation are 1
        sides = (0, 0), (0, 0), (padding, padding), (padding, padding)
        padded = np.pad(x, sides, constant_values=-np.inf)
        return np.lib.stride_tricks.sliding_window_view(padded, (k, k), (2, 3))

    def question(x):
        return (x, 3, 1, 0, 1), every(x, 3, 1, 0, 1)

    # whether padding is right is judged by another check
    pads = stands(windows_agree, windows, [BORDER])
    vectorised_windows(windows, (3, 1, 1, 1), every if pads else None)
    spends_as_counted(windows, question, MANY[0].size)


# ---- maxpool_forward ------------------------------------------------------------------------


RECTANGULAR = [
    ((1, 1, 6, 4), (3, 2), (3, 2)),
    ((1, 1, 4, 6), (4, 1), None),
    ((1, 1, 3, 8), (1, 4), None),
    ((1, 1, 4, 10), 2, (2, 2)),
]
SMALL = [((1, 1, 1, 1), 1), ((1, 1, 3, 3), 3), ((0, 2, 6, 6), 3), ((2, 0, 4, 4), 2)]


@hidden
def maxpool_forward_values(maxpool_forward):
    rng = np.random.default_rng(8)
    cases = [((2, 3, 6, 6), 2), ((3, 2, 8, 8), 4)]
    forward_agrees(maxpool_forward, on_distinct(rng, cases, "kernel_size"))


@hidden
def maxpool_forward_dtype(maxpool_forward):
    plain = distinct(np.random.default_rng(9), 1, 1, 6, 6), {"kernel_size": 2}
    asked = [("f4", case) for case in (plain, OVERLAP, PADDING, DILATION)]
    asked += [("f8", case) for case in (plain, PADDING)]
    cases = [((x.astype(dtype),), arguments) for dtype, (x, arguments) in asked]
    answers, given = [], every_y(maxpool_forward, cases)
    for ((x,), arguments), (_, case) in zip(cases, asked, strict=True):
        try:
            y = next(given)
        except Failed:
            # arguments that it cannot do in float64 are judged by their own checks
            if case is plain or stands(forward_agrees, maxpool_forward, [case]):
                raise
            continue
        answers.append((y, x.dtype, f"That was {spelled(x, arguments)} of {x.dtype}."))
    same_dtypes("y", answers)


@hidden
def maxpool_forward_overlap(maxpool_forward):
    rng = np.random.default_rng(10)
    cases = [((1, 1, 7, 7), 3, 2), ((1, 1, 6, 6), 4, 1)]
    cases = on_distinct(rng, cases, "kernel_size", "stride")
    forward_agrees(maxpool_forward, [*cases, OVERLAP])


@hidden
def maxpool_forward_rectangular(maxpool_forward):
    rng = np.random.default_rng(11)
    forward_agrees(maxpool_forward, on_distinct(rng, RECTANGULAR, "kernel_size", "stride"))
    together(functools.partial(forward_agrees, maxpool_forward), rng)


@hidden
def maxpool_forward_remainder(maxpool_forward):
    rng = np.random.default_rng(12)
    cases = [(left_over(rng, H, k), {"kernel_size": k}) for H, k in [(8, 3), (7, 4)]]
    forward_agrees(maxpool_forward, cases)


@hidden
def maxpool_forward_gaps(maxpool_forward):
    rng = np.random.default_rng(13)
    cases = [((1, 1, 8, 8), 2, 3), ((1, 1, 7, 7), 1, 3)]
    forward_agrees(maxpool_forward, on_distinct(rng, cases, "kernel_size", "stride"))


@hidden
def maxpool_forward_negative(maxpool_forward):
    rng = np.random.default_rng(14)
    sizes = [(4, 2, 8, 1), (6, 3, 100, 1e9)]
    cases = [
        (scale * (distinct(rng, 1, 1, H, H) - shift), {"kernel_size": k})
        for H, k, shift, scale in sizes
    ]
    forward_agrees(maxpool_forward, cases)


@hidden
def maxpool_forward_padding(maxpool_forward):
    rng = np.random.default_rng(15)
    padding_agrees(functools.partial(forward_agrees, maxpool_forward), rng)


@hidden
def maxpool_forward_dilation(maxpool_forward):
    rng = np.random.default_rng(16)
    cases = on_distinct(rng, [((1, 1, 8, 8), 3, 2)], "kernel_size", "dilation")
    forward_agrees(maxpool_forward, [DILATION, *cases])


@hidden
def maxpool_forward_nan(maxpool_forward):
    rng = np.random.default_rng(17)
    sizes = [(4, 2, [(0, 0), (1, 3), (3, 2)]), (6, 3, [(1, 4), (2, 4), (5, 0)])]
    cases = [(with_nans(rng, H, places), {"kernel_size": k}) for H, k, places in sizes]
    forward_agrees(maxpool_forward, cases)


@hidden
def maxpool_forward_sizes(maxpool_forward):
    rng = np.random.default_rng(18)
    forward_agrees(maxpool_forward, on_distinct(rng, SMALL, "kernel_size"))


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
    def every(*asked):
        return reference.maxpool_forward(*asked)[0]

    # whether windows may overlap is judged by another check
    case = (3, 1) if stands(forward_agrees, maxpool_forward, [OVERLAP]) else (2, 2)

    def question(x):
        return (x, *case), every(x, *case)

    vectorised_forward(maxpool_forward, case, every)
    spends_as_counted(maxpool_forward, question, MANY[0].size)


# ---- maxpool_backward -----------------------------------------------------------------------


@hidden
def maxpool_backward_values(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(20)
    agree = passes(maxpool_forward, maxpool_backward)
    agree(on_distinct(rng, [((1, 1, 6, 6), 3), ((1, 1, 6, 6), 2)], "kernel_size"))


@hidden
def maxpool_backward_dtype(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(21)
    cases = []
    for of_x, of_dy in [("f4", "f8"), ("f8", "f4")]:
        x = distinct(rng, 1, 1, 6, 6).astype(of_x)
        dy = upstream(rng, 1, 1, 3, 3).astype(of_dy)
        cases.append(((x, dy), {"kernel_size": 2}))
    given = every_dx(maxpool_forward, maxpool_backward, cases)
    answers = [(next(given), x.dtype, f"x is {x.dtype}, dy is {dy.dtype}.") for (x, dy), _ in cases]
    same_dtypes("dx", answers)


@hidden
def maxpool_backward_overlap(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(22)
    agree = passes(maxpool_forward, maxpool_backward)
    cases = [((1, 1, 7, 7), 3, 2), ((1, 1, 6, 6), 4, 1)]
    agree([*on_distinct(rng, cases, "kernel_size", "stride"), OVERLAP])


@hidden
def maxpool_backward_rectangular(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(23)
    agree = passes(maxpool_forward, maxpool_backward)
    agree(on_distinct(rng, RECTANGULAR, "kernel_size", "stride"))
    together(agree, rng)


@hidden
def maxpool_backward_remainder(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(24)
    agree = passes(maxpool_forward, maxpool_backward)
    cases = [((1, 1, 8, 8), 3, 3), ((1, 1, 8, 8), 2, 3), ((1, 1, 9, 9), 2, 4)]
    agree(on_distinct(rng, cases, "kernel_size", "stride"))


@hidden
def maxpool_backward_ties(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(25)
    agree = passes(maxpool_forward, maxpool_backward)
    some_black = rng.integers(0, 2, (1, 1, 6, 6)).astype(float)
    some_black[..., :3, :3] = 0
    agree([(some_black, {"kernel_size": 3})])
    agree([(rng.integers(1, 4, (1, 1, 8, 8)) + 0.5, {"kernel_size": 2})])  # many pairs


@hidden
def maxpool_backward_padding(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(26)
    padding_agrees(passes(maxpool_forward, maxpool_backward), rng)


@hidden
def maxpool_backward_dilation(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(27)
    agree = passes(maxpool_forward, maxpool_backward)
    # no pixel is in two windows
    agree([DILATION, *on_distinct(rng, [((1, 1, 8, 8), 3, 2)], "kernel_size", "dilation")])


@hidden
def maxpool_backward_nan(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(28)
    agree = passes(maxpool_forward, maxpool_backward)
    sizes = [(4, 2, [(0, 1), (1, 0), (3, 2)]), (6, 3, [(1, 4), (2, 3), (5, 0)])]
    agree((with_nans(rng, H, places), {"kernel_size": k}) for H, k, places in sizes)


@hidden
def maxpool_backward_batches(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(29)
    agree = passes(maxpool_forward, maxpool_backward)
    agree(on_distinct(rng, [((2, 3, 6, 6), 3), ((3, 2, 2, 2), 2)], "kernel_size"))


@hidden
def maxpool_backward_sizes(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(30)
    agree = passes(maxpool_forward, maxpool_backward)
    agree(on_distinct(rng, SMALL, "kernel_size"))


@hidden
def maxpool_backward_inputs(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(31)
    plain = distinct(rng, 1, 1, 6, 6)
    dy = upstream(rng, 1, 1, 3, 3)
    of_x, of_dy = list(views(rng, plain)), list(views(rng, dy))
    of_x[3] = "plain", plain.copy()  # whether forward writes to x is judged by forward's check
    inputs = [
        (x, up, f"x is {clothes}, dy is {others}")
        for (clothes, x), (others, up) in zip(of_x, of_dy[1:3] + of_dy[:1] + of_dy[3:], strict=True)
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
        expected = reference.maxpool_backward(before[1], reference.maxpool_forward(before[0], 2)[1])
        same("dx", dx, expected, lambda at: f"{where(at)} {said}.")  # noqa: B023


@hidden
def maxpool_backward_calls(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(32)
    batches, expected = [], []
    for _ in range(2):
        x = distinct(rng, 1, 1, 4, 4)
        dy, dx = right(rng, x, kernel_size=2)
        batches.append((x, dy))
        expected.append(dx)
    own_gradients(maxpool_forward, maxpool_backward, batches, expected, kernel_size=2)


@hidden
def maxpool_backward_gradient(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(33)
    x = distinct(rng, 1, 1, 6, 6)
    dy, dx = right(rng, x, kernel_size=3)
    as_measured(maxpool_forward, maxpool_backward, x, dy, kernel_size=3)
    same_backward(maxpool_forward, maxpool_backward, x, dy, dx, kernel_size=3)


@hidden
def maxpool_backward_linear(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(34)
    x = distinct(rng, 1, 1, 6, 6)
    first, second = upstream(rng, 1, 1, 2, 2), upstream(rng, 1, 1, 2, 2)
    linear(maxpool_forward, maxpool_backward, x, first, second, 2e5, -3e5, kernel_size=3)


@hidden
def maxpool_backward_adjoint(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(35)
    x = distinct(rng, 1, 1, 6, 6)
    u, v = upstream(rng, 1, 1, 2, 2), rng.uniform(-1, 1, x.shape)
    adjoint(maxpool_forward, maxpool_backward, x, u, v, kernel_size=3)


@hidden
def maxpool_backward_conservation(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(36)
    cases = [
        ((x, upstream(rng, 1, 1, 2, 2)), {"kernel_size": k})
        for x, k in [(distinct(rng, 1, 1, 6, 6), 3), (np.ones((1, 1, 4, 4)), 2)]
    ]
    conserved(maxpool_forward, maxpool_backward, cases)


@hidden
def maxpool_backward_vectorised(maxpool_forward, maxpool_backward):
    def every(*asked):
        y, cache = reference.maxpool_forward(*asked)
        return reference.maxpool_backward(np.ones_like(y), cache)

    case = (3, 1) if stands(passes(maxpool_forward, maxpool_backward), [OVERLAP]) else (2, 2)
    arguments = dict(zip(("kernel_size", "stride"), case, strict=True))
    shape = pooled(MANY[0], **arguments).shape
    dy = upstream(np.random.default_rng(37), *shape)
    dy /= np.abs(dy).max()  # none is large: of so many, some would be

    def question(x):
        y, known = reference.maxpool_forward(x, **arguments)
        mine, cache = forward_pass(maxpool_forward, x, **arguments)
        with because(RIGHT_FIRST):
            same("y", mine, y)
        return (dy.copy(), cache), reference.maxpool_backward(dy, known)

    vectorised_backward(maxpool_forward, maxpool_backward, case, every)
    spends_as_counted(maxpool_backward, question, dy.size, each=0.1e-6, least=0.004)
