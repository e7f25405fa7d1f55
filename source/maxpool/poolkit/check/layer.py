"""Visible checks of chapter 3, and how answers are compared; the hidden checks compare alike."""

import contextlib
import functools
import re

import numpy as np

from .. import spec
from ..figures import answers
from ..kit import laws
from ..kit.cases import alone, alone_here, each, in_turn, plain
from ..kit.laws import RIGHT_FIRST, same_dtypes, unchanged
from ..kit.remote import where_it_lives
from ..kit.specification import by_itself, set_aside
from ..kit.visible import because, beyond, checks, drawn, plain_first, visible
from ..kit.voice import Failed, call, differing, number, passes_calls, same, shape_of, short

passes_calls(__file__)

# The maximum sits in another corner of every 2×2 tile; those of the upper tiles share a row.
CORNERS = np.array([[1, 6, 8, 3], [5, 4, 2, 7], [9, 11, 13, 12], [16, 10, 14, 15]], float)


# ---- how answers are compared ---------------------------------------------------------------


def images(*rows):
    """One image of one channel, as a batch of shape (1, 1, H, W)."""
    return np.array(rows, float)[None, None]


def spelled(x, arguments):
    """What was asked, in words."""
    shape = "×".join(map(str, x.shape))
    return ", ".join([f"x of shape {shape}", *(f"{k}={v}" for k, v in arguments.items())])


def listed(places):
    """Places in words: "(0,1) and (2,3)"."""
    *others, last = ["({},{})".format(*place) for place in places]
    return f"{', '.join(others)} and {last}" if others else last


def seen_by(x, arguments):
    """Return a function of an index of y that says which pixels its window sees."""

    def where(index):
        n, c, k, l = index
        pairs = spec.arguments(x, **arguments)
        pixels = spec.covered(k, l, x.shape[2:], *pairs)
        values = ", ".join(number(x[n, c, i, j]) for i, j in pixels[:9])
        more = ", …" if len(pixels) > 9 else ""
        return f"Window ({k},{l}) sees {values}{more}.\nThat was {spelled(x, arguments)}."

    return where


def won_by(x, arguments):
    """Return a function of an index of dx that says which outputs chose that pixel."""

    def where(index):
        n, c, i, j = index
        chosen, _ = spec.winners(x, **arguments)
        outputs = [(k, l) for (m, d, k, l), p in chosen.items() if (m, d, *p) == (n, c, i, j)]
        if not outputs:
            said = "No window chose this pixel."
        elif len(outputs) == 1:
            said = f"One window chose this pixel: output {listed(outputs)}."
        else:
            said = f"{len(outputs)} windows chose this pixel: outputs {listed(outputs)}."
        return f"{said}\nThat was {spelled(x, arguments)}."

    return where


@contextlib.contextmanager
def asked(x, arguments):
    """A failure within says what was asked."""
    try:
        yield
    except Failed as failure:
        said = f"That was {spelled(x, arguments)}."
        if said not in (failure.where or ""):
            failure.where = f"{failure.where}\n{said}" if failure.where else said
        raise


# errors of spec.pair(None), and of None in arithmetic or as a size
USES_NONE = re.compile("is None; give|'NoneType' and|and 'NoneType'|'NoneType' object cannot be")


def is_pair(result):
    """Whether a forward pass returned two things."""
    return isinstance(result, (tuple, list)) and len(result) == 2


def forward_pass(forward, x, **arguments):
    """Call the student's forward pass; return (y, cache)."""
    try:
        result = call(by_itself(forward), x, **arguments)
    except Failed as failure:
        if arguments.get("stride") is None and USES_NONE.search(failure.error):
            failure.cause = "stride is None here, and None means kernel_size"
        raise
    if not is_pair(result):
        said = f"a tuple of {len(result)}" if isinstance(result, tuple) else short(result)
        raise Failed(
            f"maxpool_forward returned {said}, expected the pair (y, cache)",
            cause="backward needs to know who won: return y, cache",
            got=said,
            odd=True,
        )
    return tuple(result)


WRONG_ALREADY = "the forward pass is wrong here already, and its own checks say more"


def cache_for(dy, forward, x, **arguments):
    """Call the student's forward pass for its cache; its y must be as large as dy."""
    with because(WRONG_ALREADY), drawn(answers.forward, x, **arguments):
        y, cache = forward_pass(forward, x, **arguments)
        if shape_of(y) != dy.shape:
            said = f"y has shape {shape_of(y)}, so dy of shape {dy.shape} does not fit"
            raise Failed(said, f"That was {spelled(x, arguments)}.", got=y, odd=True)
    return cache


def both_passes(forward, backward, x, dy, **arguments):
    """Return dx of the student's two passes; they get copies of x and dy."""
    cache = cache_for(dy, forward, x.copy(), **arguments)
    try:
        return call(by_itself(backward), dy.copy(), cache)
    except Failed as failure:
        if np.any(arguments.get("padding", 0)) and "is out of bounds" in failure.error:
            # if the forward pass is right, then no place in the border has won
            failure.certain = right_forward(forward, x, **arguments)
            failure.cause = OFF_THE_IMAGE if failure.certain else WRONG_ALREADY
        elif np.ndim(arguments["kernel_size"]) and "is out of bounds" in failure.error:
            failure.cause = failure.cause if failure.certain else MIXED_UP
        raise


def every_y(forward, cases):
    """Return an iterator of the student's y; cases: ((x,), arguments); they get copies of x."""
    return each(ys, (forward,), cases, y_of)


def y_of(forward, x, **arguments):
    """Return y of the student's forward pass, which gets a copy of x."""
    return forward_pass(forward, x.copy(), **arguments)[0]


def every_dx(forward, backward, cases):
    """Return an iterator of the student's dx of two passes; cases: ((x, dy), arguments)."""
    return each(dxs, (forward, backward), cases, both_passes)


# where the student's functions live; the cache stays there


def ys(forward, cases):
    """Of each case, y."""
    with set_aside():
        return in_turn(lambda x, **arguments: there(forward, x, **arguments)[0], cases)


def dxs(forward, backward, cases):
    """Of each case, dx."""

    def one(x, dy, **arguments):
        return backward(dy.copy(), fitting(forward, x, dy, **arguments))

    with set_aside():
        return in_turn(one, cases)


def fitting(forward, x, dy, **arguments):
    """Return the cache of the student's forward pass; raise unless y is as large as dy."""
    y, cache = there(forward, x, **arguments)
    if y.shape != dy.shape:
        raise ValueError(f"y has shape {y.shape}")
    return cache


def there(forward, x, **arguments):
    """Return the student's (y, cache); raise unless y is an array of numbers."""
    result = forward(x.copy(), **arguments)
    if not is_pair(result):
        raise TypeError("no pair")
    return plain(result[0]), result[1]


MIXED_UP = (
    "rows and columns are mixed up in an address: in a window that is not square the place divided "
    "by kW gives u and the remainder v, and a row of the image is W pixels long"
)
OFF_THE_IMAGE = (
    "a place in the padded image is no place in x: take the padding off again, i − pH and j − pW"
)


def right_forward(forward, x, **arguments):
    """Whether the student's y is right here."""
    try:
        y, _ = forward_pass(forward, x.copy(), **arguments)
        same("y", y, spec.maxpool_forward(x, **arguments)[0])
    except Failed:
        return False
    return True


def same_tiles(pool_tiles, cases):
    """Raise ``Failed`` unless ``pool_tiles`` is right; cases: (x, kernel_size, expected)."""
    calls = [((x.copy(), kernel_size), {}) for x, kernel_size, _ in cases]
    given = each(alone, (pool_tiles,), calls, alone_here)
    for case in cases:
        are_tiles(given, *case)


def are_tiles(given, x, kernel_size, expected):
    """``same_tiles`` of the next y that is given."""
    arguments = {"kernel_size": kernel_size}
    where = seen_by(x, arguments)
    with drawn(answers.forward, x, **arguments), asked(x, arguments):
        y = next(given)
        empty = isinstance(y, np.ndarray) and y.size == 0 and y.shape[:2] == x.shape[:2]
        same("y", y, expected, where, EMPTY if empty else None)


EMPTY = "your y is empty, as x[:-0] is: cut the image with :OH*kH and :OW*kW"
SIDES = (
    "H and kH, or W and kW, are mixed up: rows fall apart into (H // kH, kH), columns into "
    "(W // kW, kW), and the image is cut to these"
)


@contextlib.contextmanager
def not_reshaped(cause):
    """A reshape to another size, within, has this cause."""
    try:
        yield
    except Failed as failure:
        if "cannot reshape array of size" in failure.error:
            failure.cause = cause
        raise


def same_windows(windows, cases, dtype=False):
    """Raise ``Failed`` unless ``windows`` gives what is expected, shape (N, C, OH, OW, kH, kW).

    cases  list of (x, kernel_size, stride, padding, dilation, expected)
    dtype  they must be of x's dtype, too
    """
    given = every_windows(windows, [case[:-1] for case in cases])
    for case in cases:
        are_windows(given, *case, dtype)


def every_windows(windows, cases):
    """Return an iterator of the student's w; cases: (x, kernel_size, stride, padding, dilation)."""
    calls = [((x.copy(), *arguments), {}) for x, *arguments in cases]
    return each(alone, (windows,), calls, alone_here)


def are_windows(given, x, kernel_size, stride, padding, dilation, expected, dtype=False):
    """``same_windows`` of the next w that is given."""
    names = ("kernel_size", "stride", "padding", "dilation")
    arguments = dict(zip(names, (kernel_size, stride, padding, dilation), strict=True))

    def where(index):
        k, l, u, v = index[2:]
        return f"Pixel ({u},{v}) of window ({k},{l}).\nThat was {spelled(x, arguments)}."

    with drawn(answers.one_window, expected, x, **arguments), asked(x, arguments):
        w = next(given)
        expected = expected.astype(x.dtype) if dtype else expected
        same("w", w, expected, where, wrong_axes(w, expected), dtype=dtype)


def wrong_axes(w, expected):
    """Say which axes of the windows have another size, if there are six of them; else None."""
    if not isinstance(w, np.ndarray) or w.ndim != 6 or w.shape == expected.shape:
        return None
    names = ("N", "C", "OH", "OW", "kH", "kW")
    sizes = zip(names, w.shape, expected.shape, strict=True)
    wrong = [f"{name} is {mine} and not {right}" for name, mine, right in sizes if mine != right]
    return (
        f"{', '.join(wrong)}: windows start sH rows and sW columns apart, their pixels are dH rows "
        "and dW columns apart, and padding adds to H and W alone"
    )


def same_forward(forward, x, expected, **arguments):
    """Raise ``Failed`` unless the student's y is ``expected``."""
    same_y(every_y(forward, [((x,), arguments)]), x, expected, **arguments)


def same_y(given, x, expected, /, dtype=False, **arguments):
    """Raise ``Failed`` unless the next y that is given is ``expected``, of its ``dtype`` too."""
    with drawn(answers.forward, x, **arguments), asked(x, arguments):
        with beyond(BORDER_WON if np.any(arguments.get("padding", 0)) else None):
            y = next(given)
        cause = miscounted(shape_of(y), x, **arguments)
        same("y", y, expected, seen_by(x, arguments), cause, dtype=dtype)


BORDER_WON = (
    "a place in the border was looked up in x: either the border won, for it holds more than −∞, "
    "or the padding is not taken off its address, i − pH and j − pW"
)


def miscounted(shape, x, kernel_size, stride=None, padding=0, dilation=1):
    """Say how windows were counted, if a wrong shape of y tells it; else None."""
    size = np.array(x.shape[2:])
    k, s, p, d = (
        np.array(pair) for pair in spec.arguments(x, kernel_size, stride, padding, dilation)
    )

    def counts(room, step=s):
        return shape == (*x.shape[:2], *(room // step + 1))

    span = d * (k - 1) + 1
    room = size + 2 * p - span
    if counts(room):
        return None
    if stride is None and counts(room, 1):
        return "y is as large as with stride 1: stride is None here, and None means kernel_size"
    if counts(size + 2 * p - k):
        return (
            "y is as large as without dilation: a window spans d·(k − 1) + 1 pixels, so fewer of "
            "them fit"
        )
    if p.any() and (counts(size + p - span) or counts(size - span)):
        return (
            "padding is left out, or counted once: padding is added at both ends, so each axis "
            "grows by twice the padding"
        )
    if shape == (*x.shape[:2], *(room // s)):
        return "one window is missing on each axis: there is one more than there are steps"
    return None


def same_backward(forward, backward, x, dy, expected, **arguments):
    """Raise ``Failed`` unless the student's dx is ``expected``."""
    given = every_dx(forward, backward, [((x, dy), arguments)])
    try:
        same_dx(given, x, dy, expected, **arguments)
    except Failed as failure:
        if not failure.cause and not right_forward(forward, x, **arguments):
            failure.cause = WRONG_ALREADY
        raise


def same_dx(given, x, dy, expected, /, dtype=False, **arguments):
    """Return the next dx that is given; raise ``Failed`` unless it is ``expected``.

    dtype  of its dtype, too
    """
    drawing = drawn(answers.backward, x, dy, **arguments)
    with drawing, asked(x, arguments), losing_nans(x, expected):
        dx = next(given)
        same("dx", dx, expected, won_by(x, arguments), dtype=dtype)
    return dx


@contextlib.contextmanager
def losing_nans(x, expected):
    """Say why, if all that a dx lacks is the gradient of the NaNs in x."""
    try:
        yield
    except Failed as failure:
        dx, nans = failure.got, np.isnan(x)
        alike = isinstance(dx, np.ndarray) and dx.shape == x.shape and dx.dtype.kind in "biuf"
        if nans.any() and alike and not differing(dx, np.where(nans, 0, expected)).any():
            failure.certain = True
            failure.cause = (
                "no pixel got the gradient of a window that holds a NaN: NaN == NaN is False, and "
                "so is NaN > 0, so a mask by == or > leaves the winner out"
            )
        raise


def tiles_of(x, size=2):
    """Windows that tile the image, pixel by pixel, by the definition."""
    N, C, H, W = x.shape
    w = np.empty((N, C, H // size, W // size, size, size))
    for n, c, k, l, u, v in np.ndindex(w.shape):
        w[n, c, k, l, u, v] = x[n, c, k * size + u, l * size + v]
    return w


def same_memory(windows, x, arguments, expected):
    """Raise ``Failed`` unless ``windows`` gives what is expected, as a view of x's memory."""
    w = call(by_itself(windows), x, *arguments)
    if not (isinstance(w, np.ndarray) and np.shares_memory(w, x)):
        with drawn(lambda _: answers.copied(x)):
            raise Failed("w is a copy: it shares no memory with x", got="a copy")
    with because("this is a view, but not one of the windows; the checks above say more"):
        are_windows(iter([w]), x, *arguments, expected)


def passes_at(forward, backward, x, **arguments):
    """The student's passes at x, as the laws ask for them."""

    def every_y_of(inputs):
        return every_y(forward, [((z,), arguments) for z in inputs])

    def every_dx_of(dys):
        return every_dx(forward, backward, [((x, dy), arguments) for dy in dys])

    def drawing(dy):
        return drawn(answers.backward, x, dy, **arguments)

    return laws.Passes(every_y_of, every_dx_of, x, drawing)


def own_gradients(forward, backward, batches, expected, **arguments):
    """Raise ``Failed`` unless each of several passes, started together, gets its own gradient.

    batches   list of (x, dy)
    expected  dx of each
    """
    order = [*range(len(batches)), 0]  # the first one twice: a cache is not used up
    # call by call: that all forward passes come first is true only if it is seen from here
    caches = [cache_for(dy, forward, x.copy(), **arguments) for x, dy in batches]
    got = [call(by_itself(backward), batches[n][1].copy(), caches[n]) for n in order]
    for place, n in enumerate(order):
        again = ", for the second time" if place == len(batches) else ""
        where = f"Backward pass {n + 1}{again}, after {len(batches)} forward passes."
        with drawn(answers.backward, *batches[n], **arguments):
            same("dx", got[place], expected[n], where)


# ---- counting what Python does --------------------------------------------------------------


# Rows and columns get more together, and answers are compared for square images only: others are
# judged by the rectangular check.
AXES = laws.Axes(
    sizes={"N": 2, "C": 2, "H": 6, "W": 6},
    things={"N": "images", "C": "channels", "H": "rows", "W": "columns"},
    groups=("N", "C", "HW"),
)


class CountedForward(laws.Counted):
    """Counts what a forward pass, or a part of it, does; a cache is no part of the answer."""

    def every(self, cases):
        return each(counts, (self.function,), cases, lambda _, *given, **more: self(*given, **more))

    def __call__(self, *given, first=False):
        return stripped(super().__call__(*given, first=first))


class CountedBackward:
    """Counts what a backward pass does; the arguments are x, dy and the layer's.

    together  count the forward pass, too
    """

    def __init__(self, forward, backward, together=False):
        self.forward, self.backward, self.together = forward, backward, together
        self._counted = laws.Counted(backward)
        self._two_passes = where_it_lives(backward, two_passes)

    def every(self, cases):
        work = counts_together if self.together else counts_back
        return each(work, (self.forward, self.backward), cases, self._one)

    def _one(self, _, __, *given, first=False):
        return self(*given, first=first)

    def __call__(self, x, dy, *layer, first=False):
        x, dy = x.copy(), dy.copy()
        if self.together:
            called, given = self._two_passes, (self.forward, self.backward, x, dy, *layer)
        else:
            called, given = self.backward, (dy, cache_for(dy, self.forward, x, **named(layer)))
        return self._counted.ask(called, *given, first=first)


def stripped(counted):
    """(operations, answer) without the cache in a forward pass's answer."""
    return (counted[0], without_cache(counted[1])) if is_pair(counted) else counted


def without_cache(answer):
    """y of a forward pass's (y, cache); another answer as it is."""
    return answer[0] if is_pair(answer) else answer


def counts(function, cases):
    """Where a student's function lives: (operations, answer) in each case."""
    return in_turn(functools.partial(counted, function), cases)


def counts_back(forward, backward, cases):
    """``counts`` of the backward pass; the cases are x, dy and the layer's other arguments."""

    def one(x, dy, *layer, first=False):
        with set_aside():
            cache = fitting(forward, x.copy(), dy, **named(layer))
        return counted(backward, dy, cache, first=first)

    return in_turn(one, cases)


def counts_together(forward, backward, cases):
    """``counts`` of both passes together; the cases are those of ``counts_back``."""
    return in_turn(functools.partial(counted, two_passes, forward, backward), cases)


def counted(function, *given, first=False):
    """Return how many operations a call takes, and its answer without a cache."""
    return stripped(laws.counted(function, *given, first=first))


def two_passes(forward, backward, x, dy, *layer):
    """dx of a forward and a backward pass."""
    return backward(dy, forward(x, **named(layer))[1])


def named(layer):
    """The arguments of a layer, given in their order, with their names."""
    return dict(zip(("kernel_size", "stride", "padding", "dilation"), layer, strict=False))


def shaped(N, C, H, W):
    """A batch of distinct values, larger at every fifth step."""
    return (np.arange(N * C * H * W) * 7 % 5 * 1e4 + np.arange(N * C * H * W)).reshape(N, C, H, W)


@functools.cache
def right_first():
    """(x, y, dy, dx) of 2×2 tiles: what must be right before anything is counted."""
    x, dy = shaped(2, 2, 6, 6), np.arange(36.0).reshape(2, 2, 3, 3) / 8
    y, cache = spec.maxpool_forward(x, 2)
    return x, y, dy, spec.maxpool_backward(dy, cache)


def vectorised_tiles(pool_tiles, right=None):
    """Raise ``Failed`` unless ``pool_tiles`` is right and has no loop over N, C, H or W.

    right  of the arguments of a counted call: the right answer. The hidden checks alone compare
           it, with one that is quick.
    """
    x, y, _, _ = right_first()
    with because(RIGHT_FIRST):
        same_tiles(pool_tiles, [(x, 2, y)])
    laws.no_loops(pool_tiles, lambda **sizes: (shaped(**sizes), 2), AXES, right=right)


def vectorised_windows(windows, case, right=None):
    """The same of ``windows``; case: (kernel_size, stride, padding, dilation)."""
    x = shaped(2, 2, 6, 6)
    with because(RIGHT_FIRST):
        same_windows(windows, [(x, 2, 2, 0, 1, tiles_of(x))])
    laws.no_loops(windows, lambda **sizes: (shaped(**sizes), *case), AXES, right=right)


def vectorised_forward(forward, case, right=None):
    """The same of the forward pass; case: (kernel_size, stride)."""
    x, y, _, _ = right_first()
    with because(RIGHT_FIRST):
        same_forward(forward, x, y, kernel_size=2)
    counting = CountedForward(forward)
    laws.no_loops(forward, lambda **sizes: (shaped(**sizes), *case), AXES, counting, right)


def vectorised_backward(forward, backward, case, right=None, fresh=None, together=False):
    """The same of the backward pass.

    fresh     function of y: a new dy
    together  of both passes together
    """
    x, _, dy, dx = right_first()
    with because(RIGHT_FIRST):
        same_backward(forward, backward, x, dy, dx, kernel_size=2)
    rng = np.random.default_rng()  # no two runs ask for the same: nothing can be prepared for it
    fresh = fresh or (lambda y: rng.permutation(y.size).reshape(y.shape) + 0.5)

    def arguments(**sizes):
        x = shaped(**sizes)
        return x, fresh(empty_y(x.shape, *case)), *case

    counting = CountedBackward(forward, backward, together)
    laws.no_loops(backward, arguments, AXES, counting, right)


def empty_y(shape, kernel_size, stride, padding=0, dilation=1):
    """An array of y's shape."""
    span = dilation * (kernel_size - 1) + 1
    return np.empty(
        (*shape[:2], *((size + 2 * padding - span) // stride + 1 for size in shape[2:]))
    )


# ---- pool_tiles -----------------------------------------------------------------------------


@visible(
    "pool_tiles · values",
    cause="pixel i is row u of tile k with i = k·kH + u: the reshape splits H into (OH, kH), in "
    "this order",
    read="Tiles are a reshape",
    points=1,
)
def pool_tiles_values(pool_tiles):
    """2×2 tiles of 4 rows and 6 columns: the maximum sits in another corner, and once in two."""
    x = np.concatenate([CORNERS, [[20, 18], [17, 19], [22, 21], [24, 23]]], axis=1)[None, None]
    same_tiles(pool_tiles, [(x, 2, images([6, 8, 20], [16, 15, 24]))])


@visible(
    "pool_tiles · remainder",
    cause="5 rows make two tiles of 2; cut the fifth off before the reshape",
    read="Tiles are a reshape",
    points=1,
)
def pool_tiles_remainder(pool_tiles):
    """2×2 tiles of 5 rows of 7: the last row and column, the largest values, fill no tile."""
    x = np.arange(35.0).reshape(1, 1, 5, 7)
    same_tiles(pool_tiles, [(x, 2, images([8, 10, 12], [22, 24, 26]))])


@visible(
    "pool_tiles · rectangular",
    cause="kH belongs to H and the rows, kW to W and the columns",
    read="Tiles are a reshape",
    points=1,
)
def pool_tiles_rectangular(pool_tiles):
    """Tiles of 2 rows and 3 columns on an image of 4 rows and 12 columns."""
    x = np.arange(48.0).reshape(1, 1, 4, 12)
    with not_reshaped(SIDES):
        same_tiles(pool_tiles, [(x, (2, 3), images([14, 17, 20, 23], [38, 41, 44, 47]))])


@visible(
    "pool_tiles · vectorised",
    cause="Python visits the tiles one by one; one reshape and one maximum over two axes do them "
    "all",
    read="No loop over pixels",
    points=2,
)
def pool_tiles_vectorised(pool_tiles):
    """Python does as much for 2 images as for 26, and so for channels, rows and columns."""
    vectorised_tiles(pool_tiles)


# ---- windows --------------------------------------------------------------------------------


@visible(
    "windows · values",
    cause="w[n, c, k, l, u, v] is pixel (k·sH + u, l·sW + v) of image n, channel c",
    read="Windows are a view",
    points=1,
)
def windows_values(windows):
    """Windows of 2 rows and 3 columns on 5 rows of 4; they step by 2 rows and 1 column."""
    x = np.arange(20.0).reshape(1, 1, 5, 4)
    above = [[[0, 1, 2], [4, 5, 6]], [[1, 2, 3], [5, 6, 7]]]
    below = [[[8, 9, 10], [12, 13, 14]], [[9, 10, 11], [13, 14, 15]]]
    same_windows(windows, [(x, (2, 3), (2, 1), 0, 1, images(above, below))])


@visible(
    "windows · view",
    cause="something copies the pixels: np.pad, fancy indexing, reshape of a view and np.array "
    "all do",
    read="Windows are a view",
    points=1,
)
def windows_view(windows):
    """Without padding the windows lie in x's own memory."""
    x = CORNERS[None, None].copy()
    same_memory(windows, x, (2, 2, 0, 1), tiles_of(x))


@visible(
    "windows · padding",
    cause="what lies outside the image must never win, whatever the image holds",
    read="Padding is minus infinity",
    points=1,
)
def windows_padding(windows):
    """A 2×2 image of float32 with a border of 1; above and below only; left and right only."""
    o = -np.inf
    x = images([5, 6], [7, 8]).astype(np.float32)
    around = [[[[o, o], [o, 5]], [[o, o], [6, o]]], [[[o, 7], [o, o]], [[8, o], [o, o]]]]
    above = [[[[o, o], [5, 6]]], [[[7, 8], [o, o]]]]
    beside = [[[[o, 5], [o, 7]], [[6, o], [8, o]]]]
    cases = [(x, 2, 2, 1, 1, images(*around)), (x, 2, 2, (1, 0), 1, images(*above))]
    cases.append((x, 2, 2, (0, 1), 1, images(*beside)))
    same_windows(windows, cases, dtype=True)


@visible(
    "windows · dilation",
    cause="neighbours in a window lie `dilation` pixels apart, so it spans d·(k − 1) + 1 of them",
    read="Dilation spreads the window",
    points=1,
)
def windows_dilation(windows):
    """A 2×2 window with dilation 2 sees the corners of a 3×3 image; then rows alone are spread."""
    x = images([1, 2, 3], [4, 5, 6], [7, 8, 9])
    spread, rows = images([[[1, 3], [7, 9]]]), images([[[1, 2], [7, 8]], [[2, 3], [8, 9]]])
    same_windows(windows, [(x, 2, 1, 0, 2, spread), (x, 2, 1, 0, (2, 1), rows)])


@visible(
    "windows · vectorised",
    cause="Python takes the windows one by one; strides describe them all at once",
    read="No loop over pixels",
    points=2,
)
def windows_vectorised(windows):
    """Python does as much for 2 images as for 26, and so for channels, rows and columns."""
    vectorised_windows(windows, (2, 2, 0, 1))


# ---- maxpool_forward ------------------------------------------------------------------------


@visible(
    "maxpool_forward · values",
    cause="y[n, c, k, l] is the largest pixel of window (k, l) of image n, channel c",
    read="The forward pass",
    points=1,
)
def maxpool_forward_values(maxpool_forward):
    """2×2 windows, stride 2: another corner wins in each; channel 1 is upside down."""
    x = np.stack([CORNERS, CORNERS[::-1]])[None]
    y = np.array([[[[6.0, 8], [16, 15]], [[16, 15], [6, 8]]]])
    same_forward(maxpool_forward, x, y, kernel_size=2)


@visible(
    "maxpool_forward · dtype",
    cause="a new array is float64 unless it is told x.dtype: np.zeros, np.empty and np.full are",
    read="The forward pass",
    points=1,
)
def maxpool_forward_dtype(maxpool_forward):
    """float32 in, float32 out; float64 in, float64 out."""
    xs = [CORNERS[None, None].astype(dtype) for dtype in (np.float32, np.float64)]
    given = every_y(maxpool_forward, [((x,), {"kernel_size": 2}) for x in xs])
    same_dtypes("y", [(next(given), x.dtype, f"x is {x.dtype}.") for x in xs])


@visible(
    "maxpool_forward · overlapping windows",
    cause="windows start every `stride` pixels, however large they are",
    read="The forward pass",
    points=1,
)
def maxpool_forward_overlap(maxpool_forward):
    """2×2, stride 1 on 3×3: the 9 wins all four; stride 3 on 5×5: some pixels are in no window."""
    x = images([1, 2, 3], [4, 9, 5], [6, 7, 8])
    same_forward(maxpool_forward, x, images([9, 9], [9, 9]), kernel_size=2, stride=1)
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    same_forward(maxpool_forward, x, images([6, 9], [21, 24]), kernel_size=2, stride=3)


@visible(
    "maxpool_forward · rectangular",
    cause="in a pair the first number belongs to the rows, the second to the columns",
    read="Every shape, every batch",
    points=1,
)
def maxpool_forward_rectangular(maxpool_forward):
    """Windows of 2 rows and 3 columns, side by side, on 4 rows of 9; then of 3 rows and 2."""
    x, high = np.arange(36.0).reshape(1, 1, 4, 9), np.arange(24.0).reshape(1, 1, 6, 4)
    expected = images([11, 14, 17], [29, 32, 35])
    same_forward(maxpool_forward, x, expected, kernel_size=(2, 3), stride=(2, 3))
    ends = images([9, 11], [21, 23])
    same_forward(maxpool_forward, high, ends, kernel_size=(3, 2), stride=(3, 2))


@visible(
    "maxpool_forward · remainder",
    cause="the last window must lie inside the image completely; what is left over is dropped",
    read="The forward pass",
    points=1,
)
def maxpool_forward_remainder(maxpool_forward):
    """2×2, stride 2 on 5×5: the last row and column, the largest values, are left over."""
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    same_forward(maxpool_forward, x, images([6, 8], [16, 18]), kernel_size=2)


@visible(
    "maxpool_forward · negative values",
    cause="the search for the maximum starts from a value that is not in the window",
    read="The forward pass",
    points=1,
)
def maxpool_forward_negative(maxpool_forward):
    """Where every value is negative, so is the maximum."""
    x = -np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    same_forward(maxpool_forward, x, images([-1, -3], [-9, -11]), kernel_size=2)


@visible(
    "maxpool_forward · padding",
    cause="the border is filled with something that can win, or it is missing on one side",
    read="Padding is minus infinity",
    points=1,
)
def maxpool_forward_padding(maxpool_forward):
    """Negative values, 4×4, padding 1: one window lies inside, a corner's sees a single pixel."""
    x = images([-9, -2, -3, -7], [-4, -6, -5, -8], [-1, -12, -11, -10], [-16, -13, -14, -15])
    y = images([-9, -2, -7], [-1, -5, -8], [-16, -13, -15])
    same_forward(maxpool_forward, x, y, kernel_size=2, padding=1)
    # every window sees one pixel, far below zero, and three places in the border
    far = images([-4e9, -3e9], [-2e9, -1e9])
    same_forward(maxpool_forward, far, far, kernel_size=2, padding=1)


@visible(
    "maxpool_forward · dilation",
    cause="neighbours in a window lie `dilation` pixels apart",
    read="Dilation spreads the window",
    points=1,
)
def maxpool_forward_dilation(maxpool_forward):
    """A 2×2 window with dilation 2 sees the corners of a 3×3 image: 1, 2, 3 and 4."""
    x = images([1, 9, 2], [8, 7, 6], [3, 5, 4])
    same_forward(maxpool_forward, x, images([4]), kernel_size=2, stride=1, dilation=2)


@visible(
    "maxpool_forward · not a number",
    cause="every comparison with NaN is False, so a search by > walks past it",
    read="Not a number wins",
    points=1,
)
def maxpool_forward_nan(maxpool_forward):
    """Of four windows the first begins with a NaN, and the second sees one later."""
    o = np.nan
    x = images([o, 6, 2, o], [5, 4, 8, 7], [16, 10, 13, 12], [9, 11, 14, 15])
    same_forward(maxpool_forward, x, images([o, o], [16, 15]), kernel_size=2)


@visible(
    "maxpool_forward · inputs",
    cause="x is written to, or its memory is taken to be in row-major order, or some step needs "
    "at least one image, as a reshape to -1 does",
    read="Every shape, every batch",
    points=1,
)
def maxpool_forward_inputs(maxpool_forward):
    """x is transposed and read-only, and the same afterwards; one pixel; no image at all."""
    x = CORNERS[None, None].copy()
    before = x.copy()
    y, _ = forward_pass(maxpool_forward, x, kernel_size=2)
    unchanged(maxpool_forward, "x", before, x)
    x = x.transpose(0, 1, 3, 2)
    x.flags.writeable = False
    with drawn(answers.forward, x, kernel_size=2):
        y, _ = forward_pass(maxpool_forward, x, kernel_size=2)
        same("y", y, images([6, 16], [8, 15]), seen_by(x, {"kernel_size": 2}))
    same_forward(maxpool_forward, images([7]), images([7]), kernel_size=1)
    same_forward(maxpool_forward, np.zeros((0, 3, 4, 4)), np.zeros((0, 3, 2, 2)), kernel_size=2)


@visible(
    "maxpool_forward · vectorised",
    cause="Python visits images, channels or outputs one by one; loop over a window's offsets at "
    "most",
    read="No loop over pixels",
    points=3,
)
def maxpool_forward_vectorised(maxpool_forward):
    """Python does as much for 2 images as for 26, and so for channels, rows and columns."""
    vectorised_forward(maxpool_forward, (2,))


# ---- maxpool_backward -----------------------------------------------------------------------


@visible(
    "maxpool_backward · values",
    cause="each dy goes, unchanged, to the one pixel that won its window; all others get zero",
    read="Backward without the matrix",
    points=1,
)
def maxpool_backward_values(maxpool_forward, maxpool_backward):
    """2×2 windows, stride 2: each of 1, 2, 3, 4.5 goes to another corner."""
    expected = images([0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4.5])
    dy = images([1, 2], [3, 4.5])
    same_backward(
        maxpool_forward, maxpool_backward, CORNERS[None, None], dy, expected, kernel_size=2
    )


@visible(
    "maxpool_backward · dtype",
    cause="dx has the dtype of x, whatever that of dy is: keep x.dtype in the cache",
    read="What to keep for the way back",
    points=1,
)
def maxpool_backward_dtype(maxpool_forward, maxpool_backward):
    """x is float32 and dy is not, then the other way round: dx goes with x."""
    cases = [
        (
            (CORNERS[None, None].astype(of_x), images([1, 2], [3, 4]).astype(of_dy)),
            {"kernel_size": 2},
        )
        for of_x, of_dy in (("f4", "f8"), ("f8", "f4"))
    ]
    given = every_dx(maxpool_forward, maxpool_backward, cases)
    said = ((x.dtype, f"x is {x.dtype}, dy is {dy.dtype}.") for (x, dy), _ in cases)
    same_dtypes("dx", [(next(given), *one) for one in said])


@visible(
    "maxpool_backward · overlapping windows",
    cause="a later gradient overwrote an earlier one",
    read="Sharing a pixel",
    points=1,
)
def maxpool_backward_overlap(maxpool_forward, maxpool_backward):
    """2×2, stride 1: the 9 wins two windows and gets 1 + 2; another wins all four."""
    layer, dy = (maxpool_forward, maxpool_backward), images([1, 2], [3, 4])
    x, expected = images([1, 9, 2], [3, 4, 5], [8, 6, 7]), images([0, 3, 0], [0, 0, 0], [3, 0, 4])
    same_backward(*layer, x, dy, expected, kernel_size=2, stride=1)
    x, expected = images([1, 2, 3], [4, 9, 5], [6, 7, 8]), images([0, 0, 0], [0, 10, 0], [0, 0, 0])
    same_backward(*layer, x, dy, expected, kernel_size=2, stride=1)


@visible(
    "maxpool_backward · rectangular",
    cause="from a place in a window to a pixel, divide by the window's width; rows step by sH, "
    "columns by sW",
    read="Every shape, every batch",
    points=1,
)
def maxpool_backward_rectangular(maxpool_forward, maxpool_backward):
    """Two windows of 2 rows and 3 columns, side by side."""
    x, dy = images([1, 7, 2, 3, 4, 12], [6, 9, 8, 11, 10, 5]), images([1, 2])
    expected = images([0, 0, 0, 0, 0, 2], [0, 1, 0, 0, 0, 0])
    layer, pairs = (maxpool_forward, maxpool_backward), {"kernel_size": (2, 3), "stride": (2, 3)}
    same_backward(*layer, x, dy, expected, **pairs)


@visible(
    "maxpool_backward · remainder",
    cause="dx has one value for every pixel of x, also for those that no window sees",
    read="What to keep for the way back",
    points=1,
)
def maxpool_backward_remainder(maxpool_forward, maxpool_backward):
    """2×2, stride 2 on 3×3: five pixels that nobody sees; stride 3 on 5×5: a cross of them."""
    layer, x = (maxpool_forward, maxpool_backward), images([1, 4, 9], [3, 2, 8], [7, 6, 5])
    expected = images([0, 2, 0], [0, 0, 0], [0, 0, 0])
    same_backward(*layer, x, images([2]), expected, kernel_size=2)
    x, dy = np.arange(25.0).reshape(1, 1, 5, 5), images([1, 2], [3, 4])
    expected = np.zeros(x.shape)
    expected[:, :, 1::3, 1::3] = dy
    same_backward(*layer, x, dy, expected, kernel_size=2, stride=3)


@visible(
    "maxpool_backward · ties",
    cause="more than one pixel of a window, or the wrong one, counts as its maximum",
    read="The first maximum wins",
    points=1,
)
def maxpool_backward_ties(maxpool_forward, maxpool_backward):
    """The first window holds four zeros, the second two 5s: the upper right one comes first."""
    x = images([0, 0, 1, 5], [0, 0, 5, 3], [7, 4, 9, 7], [3, 6, 8, 6])
    expected = images([1, 0, 0, 2], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0])
    dy = images([1, 2], [3, 4])
    same_backward(maxpool_forward, maxpool_backward, x, dy, expected, kernel_size=2)


@visible(
    "maxpool_backward · padding",
    cause="a gradient went into the border, or to a place counted from the border's corner: take "
    "the padding off again",
    read="Padding gets no gradient",
    points=1,
)
def maxpool_backward_padding(maxpool_forward, maxpool_backward):
    """Negative values, 4×4, padding 1: a corner's window sees one pixel, the middle one four."""
    x = images([-9, -2, -3, -7], [-4, -6, -5, -8], [-1, -12, -11, -10], [-16, -13, -14, -15])
    dy = images([1, 2, 3], [4, 5, 6], [7, 8, 9])
    dx = images([1, 2, 0, 3], [0, 0, 5, 6], [4, 0, 0, 0], [7, 8, 0, 9])
    layer = maxpool_forward, maxpool_backward
    same_backward(*layer, x, dy, dx, kernel_size=2, padding=1)
    # every window sees one pixel, far below zero, and three places in the border
    far, dy = images([-4e9, -3e9], [-2e9, -1e9]), images([1, 2], [3, 4])
    same_backward(*layer, far, dy, dy, kernel_size=2, padding=1)


@visible(
    "maxpool_backward · dilation",
    cause="the pixel (u, v) of a window lies u·dilation rows and v·dilation columns from its "
    "first one",
    read="Dilation spreads the window",
    points=1,
)
def maxpool_backward_dilation(maxpool_forward, maxpool_backward):
    """A 2×2 window with dilation 2 sees the corners of a 3×3 image: 1, 2, 3 and 4."""
    x = images([1, 9, 2], [8, 7, 6], [3, 5, 4])
    expected = images([0, 0, 0], [0, 0, 0], [0, 0, 2])
    layer, spread = (maxpool_forward, maxpool_backward), {"kernel_size": 2, "dilation": 2}
    same_backward(*layer, x, images([2]), expected, stride=1, **spread)


@visible(
    "maxpool_backward · not a number",
    cause="NaN equals nothing, not even itself, so a search by == does not find it",
    read="Not a number wins",
    points=1,
)
def maxpool_backward_nan(maxpool_forward, maxpool_backward):
    """The second of four windows sees three NaNs: the upper one comes first and gets the 2."""
    o = np.nan
    x = images([o, 6, 2, o], [5, 4, o, o], [16, 10, 13, 12], [9, 11, 14, 15])
    expected = images([1, 0, 0, 2], [0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 4])
    dy = images([1, 2], [3, 4])
    same_backward(maxpool_forward, maxpool_backward, x, dy, expected, kernel_size=2)


@visible(
    "maxpool_backward · batches",
    cause="the gradients of several images or channels land in one of them, or some step needs at "
    "least one image, as a reshape to -1 does",
    read="Every shape, every batch",
    points=1,
)
def maxpool_backward_batches(maxpool_forward, maxpool_backward):
    """Two images of three channels, each corner wins in some; one pixel; no image at all."""
    one, other = [[[4, 1], [2, 3]], [[1, 4], [2, 3]]], [[[2, 1], [4, 3]], [[2, 1], [3, 4]]]
    x = np.array([[*one, other[0]], [*other, one[0]]], float)
    dy = np.arange(1.0, 7.0).reshape(2, 3, 1, 1)
    layer = maxpool_forward, maxpool_backward
    same_backward(*layer, x, dy, (x == 4) * dy, kernel_size=2)
    same_backward(*layer, images([7]), images([3]), images([3]), kernel_size=1)
    x, dy = np.zeros((0, 3, 4, 4)), np.zeros((0, 3, 2, 2))
    same_backward(*layer, x, dy, x, kernel_size=2)


@visible(
    "maxpool_backward · inputs",
    cause="an array that came in is written to, or its memory is taken to be in row-major order",
    read="Every shape, every batch",
    points=1,
)
def maxpool_backward_inputs(maxpool_forward, maxpool_backward):
    """x and dy are transposed, dy is read-only, and both must be the same afterwards."""
    x, dy = CORNERS[None, None].copy(), images([1, 2], [3, 4])
    cache = cache_for(dy, maxpool_forward, x, kernel_size=2)
    before = x.copy(), dy.copy()
    call(by_itself(maxpool_backward), dy, cache)
    unchanged(maxpool_backward, "x", before[0], x)
    unchanged(maxpool_backward, "dy", before[1], dy)
    x, dy = CORNERS.copy()[None, None].transpose(0, 1, 3, 2), dy.transpose(0, 1, 3, 2)
    dy.flags.writeable = False
    expected = images([0, 0, 0, 3], [1, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 4])
    cache = cache_for(dy, maxpool_forward, x, kernel_size=2)
    with drawn(answers.backward, x, dy, kernel_size=2):
        dx = call(by_itself(maxpool_backward), dy, cache)
        same("dx", dx, expected, won_by(x, {"kernel_size": 2}))


@visible(
    "maxpool_backward · calls",
    cause="what the first forward pass kept was overwritten by the second: keep it in the cache "
    "only",
    read="What to keep for the way back",
    points=1,
)
def maxpool_backward_calls(maxpool_forward, maxpool_backward):
    """Two forward passes, then their two backward passes."""
    batches = [(images([1, 2], [3, 4]), images([3])), (images([7, 8], [6, 5]), images([2]))]
    expected = [images([0, 0], [0, 3]), images([0, 2], [0, 0])]
    own_gradients(maxpool_forward, maxpool_backward, batches, expected, kernel_size=2)


@visible(
    "maxpool_backward · linear",
    cause="something other than a sum of dy's happens on the way: a limit, a threshold, a constant",
    read="Three laws of a backward pass",
    points=1,
)
def maxpool_backward_linear(maxpool_forward, maxpool_backward):
    """dx of 100·dy₁ + 1000·dy₂ is 100·dx₁ + 1000·dx₂."""
    first, second = images([1, 2], [3, 4]), images([5, -1], [2, 0])
    layer = maxpool_forward, maxpool_backward
    passes_at(*layer, CORNERS[None, None], kernel_size=2).linear(first, second, 100, 1000)


@visible(
    "maxpool_backward · vectorised",
    cause="Python visits images, channels or outputs one by one; loop over a window's offsets at "
    "most",
    read="No loop over pixels",
    points=3,
)
def maxpool_backward_vectorised(maxpool_forward, maxpool_backward):
    """Python does as much for 2 images as for 26, and so for channels, rows and columns."""
    vectorised_backward(maxpool_forward, maxpool_backward, (2, 2))


plain_first(globals(), "pool_tiles_values", "windows_values", "maxpool_forward_values")
plain_first(globals(), "maxpool_backward_values")

__all__ = checks(globals())
