"""Hidden checks of chapter 3."""

import functools

import numpy as np

from oracle import reference
from oracle.kit.run import Judge, verdict
from oracle.kit.spending import spends_as_counted
from poolkit.check.layer import (
    are_windows,
    because,
    by_itself,
    cache_for,
    every_dx,
    every_windows,
    every_y,
    forward_pass,
    is_pair,
    own_gradients,
    passes_at,
    same_dtypes,
    same_dx,
    same_memory,
    same_tiles,
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
from poolkit.kit.visible import checks
from poolkit.kit.voice import Failed, call, same
from poolkit.spec import pair

from ._cases import BOTH, FEATURES, Case, combined, drawn, upstream
from ._hidden import hidden

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


def pooled(x, **arguments):
    return reference.maxpool_forward(x, **arguments)[0]


def right(rng, x, **arguments):
    """A gradient dy for every output, and dx."""
    y, cache = reference.maxpool_forward(x, **arguments)
    dy = upstream(rng, *y.shape)
    return dy, reference.maxpool_backward(dy, cache)


# ---- who judges, and by which cases ------------------------------------------------------------
#
# ALONE[task][feature] are the cases that ask for a feature alone: its own check asks them, and
# whoever is wrong there loses that point and is forgiven the feature wherever it is asked with
# others. TOGETHER[task][feature] are the cases in which a feature meets those before it.


def cases_of(rng, cases, *names):
    return [Case(x, arguments) for x, arguments in on_distinct(rng, cases, *names)]


def one_of(seed, H, lowest, *features, dtype=float, **arguments):
    """A case on an H×H image of distinct values from ``lowest`` on."""
    x = lowest + np.random.default_rng(seed).permutation(H * H).reshape(1, 1, H, H)
    return Case(x.astype(dtype), arguments, frozenset(features))


def of_dtype(dtype, case):
    return Case(case.x.astype(dtype), case.arguments, case.features | {"dtype"})


# where there is a border all values are negative, so that one of zeros would show
PLAIN = one_of(9, 6, 1.5, kernel_size=2)
OVERLAP = one_of(50, 5, 1.5, "overlap", kernel_size=3, stride=1)
PADDING = one_of(51, 4, -99.5, "padding", kernel_size=2, padding=1)
DILATION = one_of(52, 8, 1.5, "dilation", kernel_size=2, dilation=3)
PADDING_AND_DILATION = one_of(53, 8, -131.5, kernel_size=2, padding=1, dilation=3)
RECTANGULAR = [
    ((1, 1, 6, 4), (3, 2), (3, 2)),
    ((1, 1, 4, 6), (4, 1), None),
    ((1, 1, 3, 8), (1, 4), None),
    ((1, 1, 4, 10), 2, (2, 2)),
]
SMALL = [((1, 1, 1, 1), 1), ((1, 1, 3, 3), 3), ((0, 2, 6, 6), 3), ((2, 0, 4, 4), 2)]
LARGE = [
    ((1, 1, 62, 62), 2),
    ((1, 1, 17, 17), 17),  # the last of its pixels has a number above 255
]
MANY_IMAGES = [((40, 1, 2, 2), 2), ((1, 40, 2, 2), 2)]


ONLY_SMALL = (
    "small images are right: something holds for few images, channels, rows or columns only, or "
    "for windows of few pixels"
)


def padded_alone(rng):
    """Pixels of both signs, and negative ones only, however small."""
    rising = np.arange(49.0).reshape(1, 1, 7, 7) - 100  # a place before the first pixel is no last
    falling = -1e9 * np.arange(64.0, 100).reshape(1, 1, 6, 6)  # and one after the last no first
    return [
        PADDING,
        Case(signed(rng, 1, 1, 4, 4), {"kernel_size": 2, "padding": 1}),
        Case(rising, {"kernel_size": 3, "padding": 1}),
        Case(falling, {"kernel_size": 5, "padding": 2}),
    ]


def nans_alone(rng, sizes):
    return [Case(with_nans(rng, H, places), {"kernel_size": k}) for H, k, places in sizes]


def left_over_alone(rng):
    return [Case(left_over(rng, H, k), {"kernel_size": k}) for H, k in [(8, 3), (7, 4)]]


def negative_alone(rng):
    return [
        Case(scale * (distinct(rng, 1, 1, H, H) - shift), {"kernel_size": k})
        for H, k, shift, scale in [(4, 2, 8, 1), (6, 3, 100, 1e9)]
    ]


def ties_alone(rng):
    some_black = rng.integers(0, 2, (1, 1, 6, 6)).astype(float)
    some_black[..., :3, :3] = 0
    pairs = rng.integers(1, 4, (1, 1, 8, 8)) + 0.5  # many pairs
    return [Case(pairs, {"kernel_size": 2}), Case(some_black, {"kernel_size": 3})]


def seeded(seed):
    return np.random.default_rng(seed)


K, KS, KD = ("kernel_size",), ("kernel_size", "stride"), ("kernel_size", "dilation")
ALONE = {
    "maxpool_forward": {
        "batches": cases_of(seeded(8), [((2, 3, 6, 6), 2), ((3, 2, 8, 8), 4), *MANY_IMAGES], *K),
        "large": cases_of(seeded(38), LARGE, *K),
        "dtype": [of_dtype("f4", PLAIN), of_dtype("f8", PLAIN)],
        "overlap": [
            *cases_of(seeded(10), [((1, 1, 7, 7), 3, 2), ((1, 1, 6, 6), 4, 1)], *KS),
            OVERLAP,
        ],
        "rectangular": cases_of(seeded(11), RECTANGULAR, *KS),
        "remainder": left_over_alone(seeded(12)),
        "gaps": cases_of(seeded(13), [((1, 1, 8, 8), 2, 3), ((1, 1, 7, 7), 1, 3)], *KS),
        "negative": negative_alone(seeded(14)),
        "padding": padded_alone(seeded(15)),
        BOTH: [PADDING_AND_DILATION],
        "dilation": [DILATION, *cases_of(seeded(16), [((1, 1, 8, 8), 3, 2)], *KD)],
        "nan": nans_alone(
            seeded(17), [(4, 2, [(0, 0), (1, 3), (3, 2)]), (6, 3, [(1, 4), (2, 4), (5, 0)])]
        ),
        "sizes": cases_of(seeded(18), SMALL, *K),
    },
    "maxpool_backward": {
        "values": cases_of(seeded(20), [((1, 1, 6, 6), 3), ((1, 1, 6, 6), 2)], *K),
        "large": cases_of(seeded(39), LARGE, *K),
        "dtype": [of_dtype("f4", PLAIN), of_dtype("f8", PLAIN)],
        "overlap": [
            *cases_of(seeded(22), [((1, 1, 7, 7), 3, 2), ((1, 1, 6, 6), 4, 1)], *KS),
            OVERLAP,
        ],
        "rectangular": cases_of(seeded(63), RECTANGULAR, *KS),
        "remainder": cases_of(seeded(24), [((1, 1, 8, 8), 3, 3)], *KS),
        "gaps": cases_of(seeded(24), [((1, 1, 8, 8), 2, 3), ((1, 1, 9, 9), 2, 4)], *KS),
        "ties": ties_alone(seeded(25)),
        "padding": padded_alone(seeded(26)),
        BOTH: [PADDING_AND_DILATION],
        # no pixel is in two windows
        "dilation": [DILATION, *cases_of(seeded(27), [((1, 1, 8, 8), 3, 2)], *KD)],
        "nan": nans_alone(
            seeded(28), [(4, 2, [(0, 1), (1, 0), (1, 1), (2, 2)]), (6, 3, [(1, 4), (2, 3), (5, 0)])]
        ),
        "batches": cases_of(seeded(29), [((2, 3, 6, 6), 3), ((3, 2, 2, 2), 2), *MANY_IMAGES], *K),
        "sizes": cases_of(seeded(30), SMALL, *K),
    },
}


def not_square():
    """Non-square padding and dilation, and all arguments at once."""
    rng = seeded(40)
    all_four = {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (3, 2)}
    cases = [
        (6, 4, {"kernel_size": 2, "padding": (1, 0)}, "padding"),
        (6, 4, {"kernel_size": 2, "padding": (0, 1)}, "padding"),
        (8, 8, {"kernel_size": 2, "dilation": (1, 3)}, "dilation"),
        (8, 8, {"kernel_size": 2, "dilation": (3, 1)}, "dilation"),
        (6, 5, all_four, "padding dilation overlap"),
    ]
    return [
        Case(
            distinct(rng, 1, 1, H, W) - 1000 * ("padding" in arguments),
            arguments,
            frozenset({"rectangular", *features.split()}),
        )
        for H, W, arguments, features in cases
    ]


# several images, windows of 3×3 that step by 2, padding 1: as in ResNet
RESNET = Case(
    -distinct(seeded(41), 2, 3, 7, 7),
    {"kernel_size": 3, "stride": 2, "padding": 1},
    frozenset({"batches", "overlap", "padding"}),
)
FORWARD = "batches dtype overlap rectangular remainder gaps negative padding dilation nan sizes"
BACKWARD = "dtype overlap rectangular remainder gaps ties padding dilation nan batches sizes"
SOME_LARGE = {"large", "overlap", "rectangular", "padding", "dilation"}
TOGETHER = {
    "maxpool_forward": combined(FORWARD.split()),
    "maxpool_backward": combined(BACKWARD.split()),
}
for _found in TOGETHER.values():
    _found["rectangular"] += not_square()
    _found["large"] = [
        drawn(0, SOME_LARGE | {"batches"}),
        drawn(1, SOME_LARGE | {"remainder", "nan", "ties", "dtype"}),
    ]
    _found["padding" if _found is TOGETHER["maxpool_forward"] else "batches"].insert(0, RESNET)
# what is right is computed once, and not by every process that is forked later
for _case in (c for t in (ALONE, TOGETHER) for f in t.values() for cs in f.values() for c in cs):
    _case.passes  # noqa: B018


def judging(forward):
    """The judge of a student's forward pass, by the reference."""

    def ask(cases):
        return every_y(forward, [((case.x,), case.arguments) for case in cases])

    def compare(given, case):
        same_y(given, case.x, case.passes[0], "dtype" in case.features, **case.arguments)

    def only(given, case):
        said = f"That was {spelled(case.x, case.arguments)} of {case.x.dtype}."
        same_dtypes("y", [(next(given), case.x.dtype, said)])

    return Judge("maxpool_forward", ask, compare, ALONE["maxpool_forward"], FEATURES, only)


def judging_back(forward, backward):
    """The judge of a student's backward pass, by the reference."""

    def ask(cases):
        calls = [((case.x, case.passes[1]), case.arguments) for case in cases]
        return every_dx(forward, backward, calls)

    def compare(given, case):
        _, dy, dx = case.passes
        same_dx(given, case.x, dy, dx, "dtype" in case.features, **case.arguments)

    def only(given, case):
        said = f"x is {case.x.dtype}, dy is {case.x.dtype}."
        same_dtypes("dx", [(next(given), case.x.dtype, said)])

    return Judge("maxpool_backward", ask, compare, ALONE["maxpool_backward"], FEATURES, only)


def agrees(judge, *features):
    """Raise ``Failed`` unless features are right alone, and with those before them."""
    for feature in features:
        with because(ONLY_SMALL if feature == "large" else None):
            judge.alone(feature)
    together = TOGETHER[judge.task]
    judge.together([case for feature in features for case in together.get(feature, ())])


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


def agrees_padded(judge):
    """The same of padding, and of padding with dilation where dilation alone is right."""
    agrees(judge, "padding")
    if judge.stands("dilation"):
        judge.alone(BOTH)


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
# Seconds for 43,200 pixels, measured: the slowest solution without loops takes 0.004 forward and
# 0.003 back, loops over the windows 0.11, over the tiles 0.014, over the winners 0.004. So the
# last of these, or a loop over the images alone, is not told from arrays by what a call costs.
# A limit lies four times above the one and as far below the other as that leaves: beside other
# work on the same memory, a right pass has taken twice what the machine's pace explains.
MANY = np.random.default_rng(0).random((3, 600, 2, 6, 6))


def allowed(numbers, each=0.25e-6, least=0.008):
    """Seconds of processor time for so many numbers: ``each`` for one of them, and ``least``."""
    return least + each * numbers


@hidden
def pool_tiles_vectorised(pool_tiles):
    def question(x):
        yield pool_tiles, (x, 2), pooled(x, kernel_size=2), allowed(x.size, 0.1e-6, 0.004)

    vectorised_tiles(pool_tiles, lambda x, k: pooled(x, kernel_size=k))
    spends_as_counted(pool_tiles, question, MANY, without_cache)


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


def alone_in(*sizes):
    """Cases of windows: (x, kernel_size, stride, padding, dilation) from (x, …)."""
    return [Case(x, dict(zip(WINDOWS, given, strict=True))) for x, *given in sizes]


WINDOWS = "kernel_size", "stride", "padding", "dilation"
BORDER = one_of(54, 5, -11.5, kernel_size=3, stride=1, padding=1, dilation=1)


def windows_alone():
    rng = seeded(4)
    values = [
        ((2, 3, 7, 7), 3, 2),
        ((2, 1, 5, 8), (2, 3), (1, 2)),
        ((1, 1, 7, 6), (3, 1), (3, 4)),
        ((1, 2, 37, 33), (2, 3), 2),
    ]
    found = {"values": alone_in(*((distinct(rng, *shape), k, s, 0, 1) for shape, k, s in values))}
    rng = seeded(6)
    padding = [
        ((1, 2, 5, 5), 3, 1, 1),
        ((1, 1, 4, 6), (2, 3), (1, 2), (1, 0)),
        ((1, 1, 6, 4), (2, 5), (2, 1), (0, 2)),
    ]
    padding = alone_in(*((signed(rng, *shape), k, s, p, 1) for shape, k, s, p in padding))
    found["padding"] = [*padding, BORDER]
    rng = seeded(7)
    dilation = [
        ((1, 2, 7, 7), 3, 2, 2),
        ((1, 1, 7, 9), (2, 3), (1, 2), (3, 2)),
        ((1, 1, 9, 7), (3, 2), (2, 1), (1, 4)),
    ]
    found["dilation"] = alone_in(
        *((distinct(rng, *shape), k, s, 0, d) for shape, k, s, d in dilation)
    )
    return found


ALONE["windows"] = windows_alone()
# windows of several images and channels, not square, are judged by the first check
MANY_SIDED = "batches", "rectangular", "overlap"
TOGETHER["windows"] = {
    "values": [],
    "padding": [
        drawn(seed, ("padding", *more))
        for seed, more in enumerate([(), MANY_SIDED, (*MANY_SIDED, "nan", "dtype"), ("large",)])
    ],
    "dilation": [
        drawn(seed, ("dilation", *more))
        for seed, more in enumerate([(), MANY_SIDED, (*MANY_SIDED, "padding", "nan"), ("large",)])
    ],
}


def in_full(case):
    """The layer's arguments, all four."""
    usual = {"stride": case.arguments["kernel_size"], "padding": 0, "dilation": 1}
    return [{**usual, **case.arguments}[name] for name in WINDOWS]


@functools.cache
def every_window_of(case):
    return every_window(case.x, *in_full(case))


for _case in (c for t in (ALONE, TOGETHER) for cases in t["windows"].values() for c in cases):
    every_window_of(_case)


def judging_windows(windows):
    """The judge of a student's windows, by the definition."""

    def ask(cases):
        return every_windows(windows, [(case.x, *in_full(case)) for case in cases])

    def compare(given, case):
        dtype = "dtype" in case.features
        are_windows(given, case.x, *in_full(case), every_window_of(case), dtype)

    return Judge("windows", ask, compare, ALONE["windows"], FEATURES)


@hidden
def windows_values(windows):
    agrees(judging_windows(windows), "values")


@hidden
def windows_view(windows):
    rng = np.random.default_rng(5)
    judge = judging_windows(windows)
    for case, features in [
        ((2, 2, 0, 1), ()),
        ((3, 1, 0, 1), ()),
        (((2, 3), (1, 2), 0, (2, 1)), ("dilation", "view")),
    ]:
        x = distinct(rng, 2, 1 + len(features), 6, 6)
        expected = every_window(x, *case)
        if not features:
            same_memory(windows, x, case, expected)
            continue
        with judge.combination(frozenset(features)):
            same_memory(windows, x, case, expected)


@hidden
def windows_padding(windows):
    agrees(judging_windows(windows), "padding")


@hidden
def windows_dilation(windows):
    agrees(judging_windows(windows), "dilation")


@hidden
def windows_vectorised(windows):
    def every(x, k, s, p, d):
        sides = (0, 0), (0, 0), (p, p), (p, p)
        padded, span = np.pad(x, sides, constant_values=-np.inf), d * (k - 1) + 1
        view = np.lib.stride_tricks.sliding_window_view(padded, (span, span), (2, 3))
        return view[:, :, ::s, ::s, ::d, ::d]

    def question(x):
        yield windows, (x, 3, 1, 0, 1), every(x, 3, 1, 0, 1), allowed(x.size)

    # whether padding and dilation are right is judged by other checks
    judge = judging_windows(windows)
    vectorised_windows(windows, counted_case(judge), every)
    spends_as_counted(windows, question, MANY, without_cache)


# ---- maxpool_forward ------------------------------------------------------------------------


@hidden
def maxpool_forward_values(maxpool_forward):
    agrees(judging(maxpool_forward), "batches")


@hidden
def maxpool_forward_dtype(maxpool_forward):
    judge = judging(maxpool_forward)
    agrees(judge, "dtype")
    in_its_dtype(judge)


def in_its_dtype(judge):
    """Raise ``Failed`` if a dtype is wrong with other features that are right."""
    cases = [of_dtype("f4", case) for case in (OVERLAP, PADDING, DILATION)]
    cases.append(of_dtype("f8", PADDING))
    given = judge.ask(cases)
    for case in cases:
        with judge.combination(case.features):
            try:
                judge.only(given, case)
            except Failed as failure:
                failure.got = spelled(case.x, case.arguments), failure.got
                raise


@hidden
def maxpool_forward_overlap(maxpool_forward):
    agrees(judging(maxpool_forward), "overlap", "gaps")


@hidden
def maxpool_forward_rectangular(maxpool_forward):
    agrees(judging(maxpool_forward), "rectangular")


@hidden
def maxpool_forward_remainder(maxpool_forward):
    agrees(judging(maxpool_forward), "remainder")


@hidden
def maxpool_forward_negative(maxpool_forward):
    agrees(judging(maxpool_forward), "negative")


@hidden
def maxpool_forward_padding(maxpool_forward):
    agrees_padded(judging(maxpool_forward))


@hidden
def maxpool_forward_dilation(maxpool_forward):
    agrees(judging(maxpool_forward), "dilation")


@hidden
def maxpool_forward_nan(maxpool_forward):
    agrees(judging(maxpool_forward), "nan")


@hidden
def maxpool_forward_inputs(maxpool_forward):
    rng = np.random.default_rng(19)
    for clothes, x in views(rng, distinct(rng, 1, 1, 6, 6)):
        untouched(maxpool_forward, x, clothes, kernel_size=2)
    judge, case = judging(maxpool_forward), AT_ONCE
    for clothes, x in list(views(rng, case.x))[1::2]:
        with judge.combination(case.features | {"inputs"}):
            untouched(maxpool_forward, x, clothes, **case.arguments)
    agrees(judge, "sizes", "large")


# all arguments at once, for the properties that are about something else
AT_ONCE = drawn(6, ("batches", "overlap", "rectangular", "padding", "dilation"))


def untouched(forward, x, clothes, **arguments):
    """Raise ``Failed`` unless a forward pass is right and x is the same afterwards."""
    before = x.copy()
    y, _ = forward_pass(forward, x, **arguments)
    unchanged(forward, "x", before, x)
    where = seen_by(before, arguments)
    same("y", y, pooled(before, **arguments), lambda at: f"{where(at)} x is {clothes}.")


def counted_case(judge):
    """kernel_size, stride, padding and dilation of the calls that are counted: what is right."""
    for case, features in COUNTED:
        if judge.counts({"batches", *features.split()}):
            return case
    return 2, 2, 0, 1


COUNTED = [
    ((3, 1, 1, 2), "overlap padding dilation"),
    ((3, 1, 1, 1), "overlap padding"),
    ((3, 1, 0, 2), "overlap dilation"),
    ((3, 1, 0, 1), "overlap"),
]


def timed_case(judge):
    """kernel_size and stride of the calls that are timed."""
    return (3, 1) if judge.counts({"batches", "overlap"}) else (2, 2)


def without_loops(forward):
    """Raise ``Failed`` if a forward pass loops over N, C, H or W."""

    def every(*asked):
        return reference.maxpool_forward(*asked)[0]

    judge = judging(forward)
    timed = timed_case(judge)

    def question(x):
        yield forward, (x, *timed), every(x, *timed), allowed(x.size)

    vectorised_forward(forward, counted_case(judge), every)
    spends_as_counted(forward, question, MANY, without_cache)


def forward_loops(forward):
    """The failure of a forward pass that loops, as it was found in this run; or None."""
    ask = functools.partial(without_loops, forward)
    return verdict("maxpool_forward", "vectorised", ask)


@hidden
def maxpool_forward_vectorised(maxpool_forward):
    if failure := forward_loops(maxpool_forward):
        raise failure


# ---- maxpool_backward -----------------------------------------------------------------------


@hidden
def maxpool_backward_values(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "values")


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
    judge = judging_back(maxpool_forward, maxpool_backward)
    agrees(judge, "dtype")
    in_its_dtype(judge)


@hidden
def maxpool_backward_overlap(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "overlap")


@hidden
def maxpool_backward_rectangular(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "rectangular")


@hidden
def maxpool_backward_remainder(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "remainder", "gaps")


@hidden
def maxpool_backward_ties(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "ties")


@hidden
def maxpool_backward_padding(maxpool_forward, maxpool_backward):
    agrees_padded(judging_back(maxpool_forward, maxpool_backward))


@hidden
def maxpool_backward_dilation(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "dilation")


@hidden
def maxpool_backward_nan(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "nan")


@hidden
def maxpool_backward_batches(maxpool_forward, maxpool_backward):
    agrees(judging_back(maxpool_forward, maxpool_backward), "batches", "sizes", "large")


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
    layer = maxpool_forward, maxpool_backward
    for x, up, said in inputs:
        untouched_back(*layer, x, up, said, kernel_size=2)
    judge, case = judging_back(*layer), AT_ONCE
    for clothes, up in list(views(rng, case.passes[1]))[1::2]:
        with judge.combination(case.features | {"inputs"}):
            untouched_back(*layer, case.x.copy(), up, f"dy is {clothes}", **case.arguments)


def untouched_back(forward, backward, x, dy, said, **arguments):
    """Raise ``Failed`` unless a backward pass is right, and x and dy are the same afterwards."""
    before = x.copy(), dy.copy()
    cache = cache_for(dy, forward, x, **arguments)
    kept = x.copy()
    dx = call(by_itself(backward), dy, cache)
    unchanged(backward, "dy", before[1], dy)
    unchanged(backward, "x", kept, x)
    where = won_by(before[0], arguments)
    expected = reference.maxpool_backward(
        before[1], reference.maxpool_forward(before[0], **arguments)[1]
    )
    same("dx", dx, expected, lambda at: f"{where(at)} {said}.")


@hidden
def maxpool_backward_calls(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(32)
    layer = maxpool_forward, maxpool_backward
    batches, expected = [], []
    for _ in range(2):
        x = distinct(rng, 1, 1, 4, 4)
        dy, dx = right(rng, x, kernel_size=2)
        batches.append((x, dy))
        expected.append(dx)
    own_gradients(*layer, batches, expected, kernel_size=2)
    case, batches, expected = AT_ONCE, [], []
    for x in (case.x, case.x[::-1, ::-1, ::-1].copy()):
        dy, dx = right(rng, x, **case.arguments)
        batches.append((x, dy))
        expected.append(dx)
    with judging_back(*layer).combination(case.features | {"calls"}):
        own_gradients(*layer, batches, expected, **case.arguments)


@hidden
def maxpool_backward_linear(maxpool_forward, maxpool_backward):
    rng = np.random.default_rng(34)
    x = distinct(rng, 1, 1, 6, 6)
    first, second = upstream(rng, 1, 1, 2, 2), upstream(rng, 1, 1, 2, 2)
    layer = maxpool_forward, maxpool_backward
    passes_at(*layer, x, kernel_size=3).linear(first, second, 2e5, -3e5)
    case, dy = AT_ONCE, AT_ONCE.passes[1]
    with judging_back(*layer).combination(case.features | {"linear"}):
        passes_at(*layer, case.x, **case.arguments).linear(dy, np.roll(dy, 1), 2e5, -3e5)


@hidden
def maxpool_backward_vectorised(maxpool_forward, maxpool_backward):
    """Both passes together: what forward prepares for backward is work, too.

    Where the forward pass alone is known to loop, it has cost its points: then backward is judged
    by itself.
    """

    def every(x, dy, *asked):
        return reference.maxpool_backward(dy, reference.maxpool_forward(x, *asked)[1])

    judge = judging_back(maxpool_forward, maxpool_backward)
    together = forward_loops(maxpool_forward) is None
    case, timed = counted_case(judge), timed_case(judge)
    rng = np.random.default_rng(37)

    def fresh(y):
        dy = upstream(rng, *y.shape)
        return dy / np.abs(dy).max()  # none is large: of so many, some would be

    vectorised_backward(maxpool_forward, maxpool_backward, case, every, fresh, together)

    def question(x):
        y = pooled(x, **dict(zip(("kernel_size", "stride"), timed, strict=True)))
        most = allowed(x.size) if together else np.inf
        answer = yield maxpool_forward, (x.copy(), *timed), y, most
        dy, cache = fresh(y), answer[1] if is_pair(answer) else None
        yield maxpool_backward, (dy, cache), every(x, dy, *timed), allowed(y.size, 0.1e-6, 0.012)

    spends_as_counted(maxpool_backward, question, MANY, without_cache)


__all__ = checks(globals())
