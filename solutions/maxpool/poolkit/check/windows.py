"""Visible checks of chapter 1, and how its answers are compared, there and in hidden checks."""

import numpy as np

from .. import spec
from ..figures import answers
from ..kit.cases import alone, alone_here, answered, each
from ..kit.laws import unchanged
from ..kit.visible import beyond, checks, drawn, plain_first, unaided, visible
from ..kit.voice import Failed, as_float, call, no_array, number, same, short, spelled_out

# ---- window ---------------------------------------------------------------------------------


EMPTY = "the list is empty: a range ends before it begins"
CUT_SHORT = (
    "the first {} of the pixels are right, and then the list ends: a return inside a loop ends all "
    "loops; it belongs behind them; or the outer loop makes too few rounds"
)
ONE_PIXEL = (
    "only the first pixel is there: a range leaves its end out by itself, so kH rows are "
    "range(kH), without a − 1; and a return inside a loop ends all loops"
)
LEGEND = "\nThe picture numbers the pixels in the order of the list."


def is_empty(got):
    """Whether an answer is a list or an array of nothing; of what is neither nothing is asked."""
    return (isinstance(got, np.ndarray) and not got.size) or (isinstance(got, list) and not got)


def omega(k, l, kernel_size, stride):
    """Ω(k, l) as the task wants it: an int array of shape (kH·kW, 2), row by row."""
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])


def pixels(array):
    """The coordinates of a list of pixels without their order."""
    return sorted(tuple(row) for row in array.tolist())


def lists(window, cases):
    """Return an iterator of the answers ``window(*case)``."""
    return each(answered, (window,), [(case, {}) for case in cases], call)


def listed(given, case, ints=False):
    """Return (its name, the next answer that is given as an (n, 2) array, the right one).

    ints  the answer must be an int array of the right shape, not a list of coordinates
    """
    name, expected = f"window{case}", omega(*case)
    with drawn(answers.places, expected, case):
        got = next(given)
        if ints:
            int_array(name, got, expected)
        try:
            array = np.asarray(got)
        except (ValueError, TypeError):  # a ragged list, or nothing like a list
            array = np.empty(0)
        if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] != 2:
            raise Failed(
                f"{name} is {short(got)}, expected an int array of shape {expected.shape}",
                cause=no_array(got) or (EMPTY if is_empty(got) else None),
                got=got,
                odd=True,
            )
    return name, array, expected


def numbered(got, expected):
    """Two lists of pixels as images: each pixel's place in its list, 0 outside the window."""
    both = np.concatenate([got, expected])
    if (both < 0).any() or (both != np.floor(both)).any() or both.max() > 1000:
        return got, expected  # no picture of that
    images = np.zeros((2, *both.max(axis=0).astype(int) + 1), int)
    for image, coordinates in zip(images, (got, expected), strict=True):
        for place, (i, j) in enumerate(coordinates.astype(int), start=1):
            image[i, j] = place
    return tuple(images)


def same_pixels(window, cases, strict=False, legend=False):
    """Raise ``Failed`` unless every ``window(*case)`` lists the pixels of Ω(k, l), in any order.

    strict  they must be rows of an int array, and rows come before columns; else a list will do,
            and rows and columns swapped throughout: one mistake costs once
    legend  say how to read the picture of the two lists
    """
    given = lists(window, cases)
    for case in cases:
        has_pixels(given, case, strict, legend)


def has_pixels(given, case, strict, legend):
    """``same_pixels`` of the next list that is given."""
    k, l, kernel_size, stride = case
    name, got, expected = listed(given, case, ints=strict)
    accepted = [expected, expected[:, ::-1], omega(l, k, kernel_size, stride)]
    if any(pixels(got) == pixels(right) for right in accepted[: 1 if strict else 3]):
        return
    where = f"Ω({k}, {l}) is " + ", ".join(f"({i}, {j})" for i, j in expected)
    where += LEGEND if legend else ""
    if len(got) != len(expected):
        what = f"{name} lists {len(got)} pixels, expected {len(expected)}"
    else:
        mine = {tuple(row) for row in got.tolist()}
        extra = sorted(mine - set(pixels(expected)))
        missing = next(pixel for pixel in pixels(expected) if pixel not in mine)
        what = f"{name} lacks the pixel {missing}" + (
            f" and has {extra[0]} instead" if extra else ""
        )
    with drawn(answers.places, expected, case) as saw:
        saw(got)
        raise Failed(what, where, None, *numbered(got, expected))


def row_major(window, cases, legend=False):
    """Raise ``Failed`` unless ``window(*case)`` lists its pixels row by row, whichever they are."""
    given = lists(window, cases)
    for case in cases:
        is_row_major(given, case, legend)


def is_row_major(given, case, legend):
    """``row_major`` of the next list that is given."""
    name, got, expected = listed(given, case)
    if len(got) != len(expected):
        with drawn(answers.places, expected, case):
            raise Failed(
                f"{name} lists {len(got)} pixels, expected {len(expected)}",
                None,
                None,
                got,
                expected,
            )
    rows = [tuple(row) for row in got.tolist()]
    turned = [row[::-1] for row in rows]
    if pixels(got[:, ::-1]) == pixels(expected) and turned == sorted(set(turned)):
        return  # columns before rows throughout: the coordinates check judges that
    if rows == sorted(set(rows)):
        return
    n = next((n for n in range(1, len(rows)) if rows[n] <= rows[n - 1]), len(rows) - 1)
    before, after = ("({}, {})".format(*row) for row in (rows[n - 1], rows[n]))
    with drawn(answers.places, expected, case) as saw:
        saw(got)
        raise Failed(
            f"{name} goes from {before} to {after}; expected row by row, each row from left to "
            "right",
            "Row by row, the list is "
            + ", ".join(f"({i}, {j})" for i, j in expected)
            + (LEGEND if legend else ""),
            None,
            *numbered(got, expected),
        )


@visible(
    "window · coordinates",
    cause="the window of output (k, l) starts at pixel (k·s, l·s), and a pair is (row, column)",
    read="Which pixels does a neuron see?",
    points=1,
)
def window_coordinates(window):
    """Output (1, 2) of a 2×2 pooling with stride 2 sees rows 2, 3 and columns 4, 5."""
    same_pixels(window, [(1, 2, 2, 2)], strict=True, legend=True)


def int_array(name, got, expected):
    """Raise ``Failed`` unless ``got`` is an int array of the expected shape."""
    if not isinstance(got, np.ndarray):
        raise Failed(
            f"{name} is {short(got)}, expected an int array of shape {expected.shape}",
            cause=no_array(got),
            got=got,
            odd=True,
        )
    if got.shape != expected.shape:
        what = f"{name} has shape {got.shape}, expected {expected.shape}"
        cut = got.ndim and got.size and np.array_equal(got, expected[: len(got)])
        cause = CUT_SHORT.format(len(got)) if cut else None if got.size else EMPTY
        cause = ONE_PIXEL if cut and len(got) == 1 else cause
        raise Failed(what, None, cause, got, expected, odd=True)
    if got.dtype.kind not in "iu":
        floats = got.dtype.kind == "f"
        raise Failed(
            f"{name} has dtype {got.dtype}, expected an int dtype",
            "Coordinates index an array, and NumPy refuses to index by floats." if floats else None,
            "np.zeros and np.empty make arrays of floats unless they are told otherwise"
            if floats
            else no_array(got),
            got,
            odd=True,
        )


@visible(
    "window · row-major order",
    cause="the column changes fastest: the first row from left to right, then the second",
    read="Which pixels does a neuron see?",
    points=1,
)
def window_order(window):
    """Output (0, 1): first (0, 2), (0, 3), then (1, 2), (1, 3)."""
    row_major(window, [(0, 1, 2, 2)], legend=True)


@visible(
    "window · stride",
    cause="the stride alone says where a window starts; kernel_size says how far it reaches from "
    "there",
    read="Which pixels does a neuron see?",
    points=1,
)
def window_stride(window):
    """Windows of 2×2 that step by 1, so they overlap; then by 3, so they leave gaps."""
    same_pixels(window, [(1, 2, 2, 1), (1, 2, 2, 3)], legend=True)


@visible(
    "window · rectangular",
    cause="in a pair the first number belongs to the rows, the second to the columns",
    read="Windows that are not square",
    points=1,
)
def window_rectangular(window):
    """A window of 2 rows and 3 columns that steps by 2 rows and 3 columns."""
    same_pixels(window, [(1, 2, (2, 3), (2, 3))], legend=True)


# ---- output_size ----------------------------------------------------------------------------


NUMBERS = (bool, int, float, np.number, np.bool_)


def count(size, kernel_size, stride, padding=0, dilation=1):
    """How many windows fit, by placing one after the other."""
    span = dilation * (kernel_size - 1) + 1
    return len(range(-padding, size + padding - span + 1, stride))


def places(size, kernel_size, stride, padding=0, dilation=1):
    """Say in words which windows fit."""
    span = dilation * (kernel_size - 1) + 1
    starts = range(-padding, size + padding - span + 1, stride)
    first = ", ".join(map(str, starts if len(starts) < 6 else starts[:3]))
    first += f", …, {starts[-1]}" if len(starts) > 5 else ""
    after = starts[-1] + stride
    return (
        f"Windows of span {span} start at {first}; one at {after} would need pixel "
        f"{after + span - 1}, the last is {size + padding - 1}."
    )


def spelled(size, kernel_size, stride, padding=0, dilation=1):
    """The call as the student would write it."""
    more = (f", padding={padding}" if padding else "") + (
        f", dilation={dilation}" if dilation != 1 else ""
    )
    return f"output_size({size}, {kernel_size}, {stride}{more})"


def keywords(case):
    """(size, kernel_size, stride, padding, dilation) as positional and keyword arguments."""
    return case[:3], dict(zip(("padding", "dilation"), case[3:], strict=False))


def value(answer):
    """An array without axes is as good as a number."""
    return answer[()] if isinstance(answer, np.ndarray) and answer.ndim == 0 else answer


def plain(answers):
    """Answers without their type, to compare with other people's."""
    return tuple(as_float(a) if isinstance(a, NUMBERS) else spelled_out(a) for a in answers)


def same_sizes(output_size, cases, whole=False):
    """Raise ``Failed`` at the first of ``cases`` whose number of windows is wrong.

    whole  the answer must be an int; else 3.0 is as good as 3 (the values check judges that)
    """
    given, sizes = [], each(answered, (output_size,), [(case, {}) for case in cases], call)
    for case in cases:
        with drawn(answers.axis, case):
            given.append(value(next(sizes)))
    for case, got in zip(cases, given, strict=True):
        expected = count(*case)
        try:
            with drawn(answers.axis, case):
                same(spelled(*case), got, expected if whole else float(expected), places(*case))
        except Failed as failure:
            failure.got, failure.expected = (plain(given), type(got).__name__), expected
            raise


def same_effect(output_size, cases, adds):
    """Raise ``Failed`` at the first of ``cases`` in which padding or dilation has a wrong effect.

    The effect is how many windows more or fewer there are than in the student's own answer without
    them. So an answer that is one too small everywhere does not fail here again.
    """
    calls = []
    for positional, named in map(keywords, cases):
        if (positional, {}) not in calls:
            calls.append((positional, {}))
        calls.append((positional, named))
    given, plainly, sizes = [], {}, each(answered, (output_size,), calls, call)
    for case in cases:
        positional, _ = keywords(case)
        with drawn(answers.axis, case):
            if positional not in plainly:
                plainly[positional] = value(next(sizes))
            got = value(next(sizes))
        given.append((plainly[positional], got))
    for case, (without, got) in zip(cases, given, strict=True):
        change = count(*case) - count(*case[:3])
        for asked, answer in ((case[:3], without), (case, got)):
            if not isinstance(answer, NUMBERS):
                what = f"{spelled(*asked)} is {short(answer)}, expected {count(*asked)}"
                with drawn(lambda _, *shown: answers.axis(*shown), answer, asked):
                    raise Failed(what, got=plain([without, got]), odd=True)
        if not np.isclose(as_float(got) - as_float(without), change):  # unsigned ints have no −1
            with drawn(lambda _, *shown: answers.axis(*shown), got, case, without):
                raise Failed(
                    f"{spelled(*case)} is {number(got)}, and {number(without)} without {adds}; "
                    f"expected {how_many(change)}",
                    places(*case),
                    None,
                    tuple(map(plain, given)),
                    change,
                )


def how_many(change):
    """A change in the number of windows, in words."""
    if not change:
        return "no difference"
    return f"{abs(change)} {'more' if change > 0 else 'fewer'}"


@visible(
    "output_size · values",
    cause="a window can move by size + 2·padding − span pixels; every whole stride of them is one "
    "window more than the first",
    read="How many windows fit?",
    points=1,
)
def output_size_values(output_size):
    """6 pixels, windows of 2, step 2: three windows, no pixel left."""
    same_sizes(output_size, [(6, 2, 2), (5, 3, 1)], whole=True)


@visible(
    "output_size · remainder",
    cause="the last window must lie inside the image completely; what is left over is dropped",
    read="How many windows fit?",
    points=1,
)
def output_size_remainder(output_size):
    """Windows of 2, step 2: three fit in 7 pixels, two in 5; of 5, step 3: two fit in 9."""
    same_sizes(output_size, [(7, 2, 2), (5, 2, 2), (9, 5, 3)])


@visible(
    "output_size · padding",
    cause="padding is added at both ends, so the axis grows by twice the padding",
    read="Padding: pixels beyond the edge",
    points=1,
)
def output_size_padding(output_size):
    """Windows of 3, a pixel more at each end: on 4 two become four, on 5 with step 2 three."""
    same_effect(output_size, [(4, 3, 1, 1), (5, 3, 2, 1)], "padding")


@visible(
    "output_size · dilation",
    cause="what grows with the dilation is the gaps between the window's pixels, not the pixels",
    read="Dilation: gaps inside a window",
    points=1,
)
def output_size_dilation(output_size):
    """7 pixels, windows of 3, step 1: five windows; with dilation 2 they span 5, so three."""
    same_effect(output_size, [(7, 3, 1, 0, 2)], "dilation")


# ---- pool_loops -----------------------------------------------------------------------------


MORE_THAN_FIT = (
    "an index lies beyond x or y: there are more windows than fit, or rows and columns are mixed up"
)
OWN_LOOPS = (
    "these loops are to be yours: over the outputs (k, l), and in each over the pixels of Ω(k, l)"
)


def same_pooling(pool_loops, cases, common=False):
    """Raise ``Failed`` unless ``pool_loops`` gives what is expected on every H×W image.

    cases   list of (x, kernel_size, stride, expected)
    common  of different shapes compare the part that both have: the values check judges shapes
    """
    calls = [((x.copy(), kernel_size, stride), {}) for x, kernel_size, stride, _ in cases]
    given = each(alone, (pool_loops,), calls, alone_here)
    for case in cases:
        is_pooled(given, *case, common)


def is_pooled(given, x, kernel_size, stride, expected, common):
    """``same_pooling`` of the next y that is given."""
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    H, W = x.shape
    name = "y"
    asked = f"pool_loops(x, {kernel_size}, {stride}) with x of shape {H}×{W}"

    def seen(index):
        k, l = index
        window = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
        some = [number(value) for value in window.ravel()]
        values = ", ".join(some[:9]) + (", …" if len(some) > 9 else "")
        return f"{asked}: Ω({k}, {l}) holds {values}.".replace("-", "−")

    with drawn(answers.forward, x, kernel_size=kernel_size, stride=stride) as saw:
        with beyond(MORE_THAN_FIT), unaided(OWN_LOOPS):
            got = next(given)
        saw(got)
        if isinstance(got, np.ndarray) and got.shape != expected.shape:
            if common and got.ndim == 2 and got.size:
                rows, columns = np.minimum(got.shape, expected.shape)
                return same(name, got[:rows, :columns], expected[:rows, :columns], seen)
            OH, OW = expected.shape
            starts = (", ".join(map(str, range(0, n * s, s))) for n, s in ((OH, sH), (OW, sW)))
            raise Failed(
                f"y has shape {got.shape}, expected {expected.shape}",
                "{}: windows start at rows {} and at columns {}.".format(asked, *starts),
                None,
                got,
                expected,
                odd=True,
            )
        return same(name, got, expected, seen)


@visible(
    "pool_loops · values",
    cause="y[k, l] is the largest of the values in Ω(k, l), unchanged",
    read="The layer as loops",
    points=1,
)
def pool_loops_values(pool_loops):
    """2×2, stride 2: the maximum sits in another corner of every window, and one is 16.5."""
    x = np.array([[15, 14, 12, 13], [11, 8, 1, 10], [6, 9, 4, 3], [16.5, 5, 2, 7]])
    same_pooling(pool_loops, [(x, 2, 2, np.array([[15, 13], [16.5, 7]]))])


@visible(
    "pool_loops · overlapping windows",
    cause="windows start every `stride` pixels, however large they are",
    read="Windows that overlap, windows that skip",
    points=1,
)
def pool_loops_overlap(pool_loops):
    """2×2, stride 1 on 4×4: nine windows, and the 9 is the maximum of two of them."""
    x = np.array([[1, 9, 2, 3], [3, 4, 5, 0], [8, 6, 7, 1], [2, 5, 3, 4]], float)
    y = np.array([[9.0, 9.0, 5.0], [8.0, 7.0, 7.0], [8.0, 7.0, 7.0]])
    same_pooling(pool_loops, [(x, 2, 1, y)])


@visible(
    "pool_loops · remainder",
    cause="a window that sticks out of the image gives no output: the loops end with the last one "
    "inside",
    read="The layer as loops",
    points=1,
)
def pool_loops_remainder(pool_loops):
    """2×2, stride 2 on 5×5: the last row and the last column, the largest values, are left over."""
    x = np.arange(25.0).reshape(5, 5)
    x[0, :2] = 1, 0  # the first pixel of a window is not always its smallest
    same_pooling(pool_loops, [(x, 2, 2, np.array([[6.0, 8.0], [16.0, 18.0]]))])


@visible(
    "pool_loops · rectangular",
    cause="rows go with H, kH and sH, columns with W, kW and sW",
    read="Windows that are not square",
    points=1,
)
def pool_loops_rectangular(pool_loops):
    """Windows of 2 rows and 3 columns, side by side, on 4 rows of 9; then of 3 rows and 2."""
    x, high = np.arange(36.0).reshape(4, 9), np.arange(24.0).reshape(6, 4)
    expected = np.array([[11.0, 14.0, 17.0], [29.0, 32.0, 35.0]])
    ends = np.array([[9.0, 11.0], [21.0, 23.0]])
    same_pooling(pool_loops, [(x, (2, 3), (2, 3), expected), (high, (3, 2), (3, 2), ends)])


@visible(
    "pool_loops · negative values",
    cause="a maximum is a value of its window, with its sign: begin with one of them, or with −∞",
    read="The layer as loops",
    points=1,
)
def pool_loops_negative(pool_loops):
    """Negative values, so negative maxima, however far below zero; one window has a 20."""
    x = -np.arange(1.0, 17.0).reshape(4, 4)[:, ::-1]
    x[3, 3] = 20
    expected = np.array([[-3.0, -1.0], [-11.0, 20.0]])
    cases = [(scale * x, 2, 2, scale * expected) for scale in (1, 1e9)]
    same_pooling(pool_loops, cases, common=True)


def same_image(pool_loops, cases):
    """Raise ``Failed`` if ``pool_loops`` wrote into an image; what it answers is not judged.

    cases  list of (x, kernel_size, stride)
    """
    for x, kernel_size, stride in cases:
        before = x.copy()
        with unaided(OWN_LOOPS):
            alone_here(pool_loops, x, kernel_size, stride)
        unchanged(pool_loops, "x", before, x)


@visible(
    "pool_loops · untouched image",
    cause="the image is written to, and its owner still needs it",
    read="The layer as loops",
    points=1,
)
def pool_loops_untouched(pool_loops):
    """One window, as large as the image: afterwards x is what it was."""
    same_image(pool_loops, [(np.arange(9.0).reshape(3, 3), 3, 3)])


plain_first(globals(), "window_coordinates", "output_size_values", "pool_loops_values")

__all__ = checks(globals())
