"""Visible checks of chapter 2, and how answers are compared; the hidden checks compare alike."""

import functools

import numpy as np

from .. import spec
from ..figures import answers
from ..kit import pictures
from ..kit.cases import answered, each, found_out, found_out_here, in_turn, plain
from ..kit.visible import beyond, checks, drawn, plain_first, unaided, visible
from ..kit.voice import Failed, as_float, call, lent, no_array, number, same, short

# The chapter's first image: every value once, and each 2×2 window is won in another corner.
TILES = np.array([[7, 2, 4, 11], [3, 9, 0, 1], [5, 8, 15, 6], [12, 10, 13, 14]], dtype=float)
# Side by side, two windows of 2×2 have the maximum 9: the first and the last.
REPEATED = np.array([[1, 9, 2, 3], [4, 8, 7, 5], [8, 6, 3, 4], [2, 5, 9, 1]], dtype=float)
# Four windows of 2×2, one pixel apart: pixel 9 wins two of them, pixel 6 is in all and wins none.
SHARED = np.array([[1, 8, 2], [3, 6, 9], [7, 4, 5]], dtype=float)


# ---- local_derivative -----------------------------------------------------------------------


def one_at(shape, *pixels):
    """A zero array of ``shape`` with a 1 at each of ``pixels``."""
    array = np.zeros(shape)
    for pixel in pixels:
        array[pixel] = 1
    return array


TOO_FAR = (
    "an index lies beyond the image: output (k, l) starts at row k·sH and column l·sW, and rows "
    "come first"
)


def of_images(function, cases, work=answered, one=call):
    """Return an iterator of ``function(*case)``; each case begins with an image, or a matrix."""
    return each(work, (function,), [((x.copy(), *more), {}) for x, *more in cases], one)


def derived(function, cases):
    """``of_images``; the specification says what y is, as ``pool`` does, and not who won."""
    return of_images(function, cases, found_out, found_out_here)


OWN_SEARCH = (
    "this derivative is to be yours: look for the first maximum of each window in x, and put a 1 "
    "where it stands"
)


def same_derivative(local_derivative, cases):
    """Compare every ``local_derivative(*case)``; ``cases`` are (case, the array expected)."""
    given = derived(local_derivative, [case for case, _ in cases])
    for case, expected in cases:
        is_derivative(given, case, expected)


def is_derivative(given, case, expected):
    """Compare the next derivative that is given with the array that is expected."""
    x, k, l, kernel_size, stride = case
    pixels = spec.covered(k, l, x.shape, spec.pair(kernel_size), spec.pair(stride))
    (top, left), (bottom, right) = pixels[0], pixels[-1]
    with drawn(answers.derivative, expected, x, (k, l), kernel_size, stride):
        with beyond(TOO_FAR), unaided(OWN_SEARCH):
            got = next(given)
        same(
            f"∂f_{k}{l}/∂x",
            got,
            expected,
            f"With kernel_size {kernel_size} and stride {stride}, output ({k},{l}) sees rows "
            f"{top} to {bottom} and columns {left} to {right}; "
            f"its maximum is {number(x[top : bottom + 1, left : right + 1].max())}.",
        )


@visible(
    "local_derivative · cases",
    cause="1 where the output takes its value from, 0 at every other pixel, whatever its value",
    read="One derivative, two cases",
    points=1,
)
def local_derivative_cases(local_derivative):
    """2×2 windows of a 4×4 image; another in which two windows hold a 9; negative values."""
    # in this order no two mistakes that are known begin alike
    winners = {(0, 1): (0, 3), (1, 0): (3, 0), (0, 0): (1, 1), (1, 1): (2, 2)}
    cases = [((REPEATED, 0, 0, 2, 2), one_at((4, 4), (0, 1)))]
    cases += [((TILES, k, l, 2, 2), one_at((4, 4), winner)) for (k, l), winner in winners.items()]
    cases.append(((REPEATED, 1, 1, 2, 2), one_at((4, 4), (3, 2))))
    cases.append(((TILES - 16, 1, 0, 2, 2), one_at((4, 4), (3, 0))))
    same_derivative(local_derivative, cases)


@visible(
    "local_derivative · stride",
    cause="output (k, l) starts at pixel (k·s, l·s), and a pair is (row, column)",
    read="One derivative, two cases",
    points=1,
)
def local_derivative_stride(local_derivative):
    """2×2 windows one pixel apart; then windows 1 high and 2 wide, 2 rows and 3 columns apart."""
    upper = np.arange(16.0).reshape(4, 4)
    upper[1, 0] = 20
    cases = [((upper, 1, 0, 2, 1), one_at((4, 4), (1, 0)))]
    winners = {(1, 1): (1, 2), (0, 1): (1, 2), (1, 0): (2, 0)}
    cases += [((SHARED, k, l, 2, 1), one_at((3, 3), winner)) for (k, l), winner in winners.items()]
    x = np.arange(15.0).reshape(3, 5)
    cases.append(((x, 1, 1, (1, 2), (2, 3)), one_at((3, 5), (2, 4))))
    same_derivative(local_derivative, cases)


@visible(
    "local_derivative · ties",
    cause="of several equal maxima the first in row-major order takes the whole 1",
    read="Equal maxima: the first one wins",
    points=1,
)
def local_derivative_ties(local_derivative):
    """One window with three ones: (0, 1) is the first of them, row by row."""
    x = np.array([[0.0, 1.0], [1.0, 1.0]])
    same_derivative(local_derivative, [((x, 0, 0, 2, 2), one_at((2, 2), (0, 1)))])


# ---- jacobian -------------------------------------------------------------------------------


def is_array(J, expected, where=None):
    """Raise ``Failed`` unless J is an array of numbers."""
    if not isinstance(J, np.ndarray) or J.dtype.kind not in "biuf" or np.ma.is_masked(J):
        raise Failed(f"J is {short(J)}, expected {expected}", where, no_array(J), J, odd=True)


def shaped(J, outputs, inputs):
    """Return J; raise ``Failed`` unless it is an array of shape (outputs, inputs)."""
    shape = (outputs, inputs)
    is_array(J, f"an array of shape {shape}")
    if J.shape != shape:
        what = f"J has shape {J.shape}, expected {shape}: outputs × inputs"
        cause, read = rows_of(J.shape, shape), "All derivatives in one matrix"
        raise Failed(what, cause=cause, got=J, odd=True, read=read)
    return J.astype(float)


def rows_of(shape, expected):
    """What a wrong shape of J says for certain, or None."""
    if len(shape) == 2 and shape[0] != expected[0] and shape[1] == expected[1]:
        return (
            f"J has {shape[0]} row{'s' * (shape[0] != 1)}, and {expected[0]} windows lie inside x. "
            'See "How many windows fit?" of 1-windows'
        )
    return None


def same_jacobian(jacobian, cases):
    """Compare every entry of every ``jacobian(*case)``; ``cases`` are (case, J)."""
    given = derived(jacobian, [case for case, _ in cases])
    for case, expected in cases:
        is_jacobian(given, case, expected)


def is_jacobian(given, case, expected):
    """Compare every entry of the next J that is given."""
    W = case[0].shape[1]

    def where(index):
        row, column = index
        i, j = divmod(column, W)
        return f"Row {row} is output {row} of vec(y); column {column} is pixel ({i}, {j})."

    with drawn(answers.jacobian, *case):
        J = built(given, *expected.shape)
        same("J", J, expected, where)


def built(given, outputs, inputs):
    """Return the next J that is given, an array of shape (outputs, inputs)."""
    with beyond(BEYOND_J), unaided(OWN_SEARCH):
        J = next(given)
    return shaped(J, outputs, inputs)


BEYOND_J = (
    "an index lies beyond x or J: there are more windows than fit, or the rows of J are not "
    "numbered k·OW + l, or its columns not i·W + j"
)


def rows_choose(jacobian, cases):
    """Raise ``Failed`` unless each row of J chooses one pixel, the first that holds its y.

    cases  list of (case, y); x is its own transpose: whether pixels are counted row by row is
           judged by another check
    """
    given = derived(jacobian, [case for case, _ in cases])
    for case, y in cases:
        with drawn(answers.jacobian, *case):
            J = built(given, y.size, case[0].size)
            one_a_row(J, case, y)
            first_of_equals(J, case)


def first_of_equals(J, case):
    """Raise ``Failed`` unless each row's 1 stands at the first maximum of its own window.

    Or, for it may be counted column by column, at the pixel that mirrors it.
    """
    x, W = case[0], case[0].shape[1]
    winners, _ = spec.winners(x[None, None], *case[1:])
    for r, ((_, _, k, l), (i, j)) in enumerate(winners.items()):
        column = int(J[r].argmax())
        if column not in (i * W + j, j * W + i):
            raise Failed(
                f"the 1 of row {r} is in column {column}, expected column {i * W + j}",
                f"Row {r} is output ({k},{l}); the first maximum of its window is pixel ({i}, {j})."
                f"\nThe image is {x.astype(int).tolist()}.",
                "a later one of equal maxima was taken, or one outside of the output's own window",
                J,
                read="Equal maxima: the first one wins",
            )


def one_a_row(J, case, y):
    """Raise ``Failed`` unless J has a single 1 in each row and J·vec(x) is vec(y)."""
    x = case[0]
    image = f"x = {x.astype(int).tolist()}, kernel_size {case[1]}, stride {case[2]}"
    sums = J.sum(axis=1)
    for name, mine, right in (
        ("the sum of row", sums, np.ones(y.size)),
        ("the number of entries ≠ 0 in row", (J != 0).sum(axis=1), np.ones(y.size)),
        ("J·vec(x) in row", J @ x.ravel(), y.ravel()),
    ):
        wrong = np.flatnonzero(~np.isclose(mine, right))
        if wrong.size:
            r = int(wrong[0])
            # all of J is the answer: two mistakes may agree on one row's sum
            raise Failed(
                f"{name} {r} is {number(mine[r])}, expected {number(right[r])}", image, got=J
            )


def same_wins(jacobian, cases):
    """Compare the column sums of J, as an image: how many windows each pixel won.

    cases  list of (case, the image expected)
    """
    given = derived(jacobian, [case for case, _ in cases])
    for case, expected in cases:
        has_wins(given, case, expected)


def has_wins(given, case, expected):
    """``same_wins`` of the next J that is given."""
    x = case[0]
    outputs = int(expected.sum())

    def where(pixel):
        times = int(expected[pixel])
        return f"Pixel {pixel} wins {times} window{'' if times == 1 else 's'}."

    with drawn(answers.jacobian, *case) as saw:
        J = built(given, outputs, x.size)
        saw(J)
        wins = J.sum(axis=0).reshape(x.shape)
        same("J.sum(axis=0).reshape(x.shape)", wins, expected, where)


@visible(
    "jacobian · values",
    cause="row k·OW + l holds ∂f_kl/∂x, unfolded row by row",
    read="All derivatives in one matrix",
    points=1,
)
def jacobian_values(jacobian):
    """The 4×4 image, its 15 one pixel further, in 2×2 windows: four rows with a single 1 each."""
    x = TILES.copy()
    x[2, 2:] = 6, 15
    J = one_at((4, 16), (0, 5), (1, 3), (2, 12), (3, 11))
    same_jacobian(jacobian, [((x, 2, 2), J)])


@visible(
    "jacobian · rows",
    cause="every output takes its value from one pixel, also when several are equal",
    read="All derivatives in one matrix",
    points=1,
)
def jacobian_rows(jacobian):
    """Equal maxima in two windows, 3 in both: each row has one 1, at the first; y = J·vec(x)."""
    x = np.array([[3, 3, 1, 0], [3, 2, 2, 5], [1, 2, 3, 3], [0, 5, 3, 3]], dtype=float)
    rows_choose(jacobian, [((x, 2, 2), np.array([[3.0, 5.0], [5.0, 3.0]]))])


@visible(
    "jacobian · overlap",
    cause="every window has its row, and a pixel that wins two of them has two 1s in its column",
    read="Sharing a pixel",
    points=1,
)
def jacobian_overlap(jacobian):
    """2×2 windows one pixel apart: the 7 in the middle wins two of the four."""
    x = np.array([[9, 2, 1], [3, 7, 4], [5, 6, 8]], dtype=float)
    same_wins(jacobian, [((x, 2, 1), np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 1]]))])


@visible(
    "jacobian · rectangular",
    cause="pixel (i, j) of an image W pixels wide is number i·W + j, and output (k, l) is row "
    "k·OW + l; a pair is (row, column)",
    read="All derivatives in one matrix",
    points=1,
)
def jacobian_rectangular(jacobian):
    """2 rows and 6 columns, windows 1 high and 2 wide: 2 rows of 3 outputs."""
    x = np.array([[1, 2, 4, 3, 5, 6], [8, 7, 9, 10, 12, 11]], dtype=float)
    J = one_at((6, 12), (0, 1), (1, 2), (2, 5), (3, 6), (4, 9), (5, 10))
    same_jacobian(jacobian, [((x, (1, 2), (1, 2)), J)])


# ---- backward_message -----------------------------------------------------------------------


def messages(backward_message, cases):
    """Return an iterator of the student's dx for each (J, dy), of which it gets copies."""
    return of_images(backward_message, [(J, dy.copy()) for J, dy in cases])


def same_message(backward_message, cases):
    """Compare the numbers of messages; their shape is judged by the shape check.

    cases  list of (J, dy, expected)
    """
    given = messages(backward_message, [(J, dy) for J, dy, _ in cases])
    for case in cases:
        is_message(given, *case)


def is_message(given, J, dy, expected):
    """``same_message`` of the next dx that is given."""

    def where(index):
        rows = np.flatnonzero(J[:, index[0]])
        chose = ", ".join(map(str, rows)) or "none"
        return f"Column {index[0]} of J; outputs that chose this pixel: {chose}."

    with drawn(answers.message, expected, J, dy):
        got = next(given)
        if isinstance(got, np.ndarray) and got.size == expected.size:
            got = got.ravel()
        same("dx", got, expected, where)


@visible(
    "backward_message · values",
    cause="each output's gradient goes to the pixel that its value came from",
    read="Sending the message back",
    points=1,
)
def backward_message_values(backward_message):
    """Output 0 came from pixel 1, output 1 from pixel 3."""
    J = one_at((2, 4), (0, 1), (1, 3))
    case = J, np.array([10.0, 20.0]), np.array([0.0, 10.0, 0.0, 20.0])
    same_message(backward_message, [case])


@visible(
    "backward_message · overlap",
    cause="a pixel that won several windows gets the sum of their gradients",
    read="Sending the message back",
    points=1,
)
def backward_message_overlap(backward_message):
    """Outputs 0 and 2 both came from pixel 1."""
    J = one_at((3, 4), (0, 1), (1, 2), (2, 1))
    dy = np.array([1.0, 10.0, 100.0])
    same_message(backward_message, [(J, dy, np.array([0.0, 101.0, 10.0, 0.0]))])


@visible(
    "backward_message · shape",
    cause="dy may come as an image: unfold it row by row first; dx is one-dimensional",
    read="Sending the message back",
    points=1,
)
def backward_message_shape(backward_message):
    """A 2×2 image of gradients, sent back to 5 pixels, one each."""
    J, dy = np.eye(4, 5), np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = np.array([1.0, 2.0, 3.0, 4.0, 0.0])
    with drawn(answers.message, expected, J, dy):
        same("dx", next(messages(backward_message, [(J, dy)])), expected)


# ---- numerical_jacobian ---------------------------------------------------------------------


class Formula:
    """A function of an array x, told as text: it can be made wherever a student's functions live.

    text   an expression in x, np and the names of ``given``
    given  the arrays in it, by name
    """

    def __init__(self, text, **given):
        self.text, self.given = text, tuple(given.items())

    @functools.cached_property
    def function(self):
        """The function, made where it is called."""
        return lent("f(x)", eval(f"lambda x: {self.text}", {"np": np, **dict(self.given)}))


def measured(function, cases, seen=0):
    """Return an iterator of what a function of a function gives; cases: ((formula, *arrays), step).

    It gets copies of the arrays.

    seen  how many of the last cases are asked from here, with this process's own formula
    """
    told = [((f.text, f.given, *arrays), step) for (f, *arrays), step in cases]
    return each(of_formulas, (function,), told, of_formula, seen)


def of_formula(function, text, given, *arrays, **step):
    """Call the student's function with a formula."""
    formula = Formula(text, **dict(given))
    return call(function, formula.function, *(array.copy() for array in arrays), **step)


def of_formulas(function, cases):
    """Where the student's function lives: what it gives in each case."""

    def one(text, given, *arrays, **step):
        return function(Formula(text, **dict(given)).function, *plain(arrays), **step)

    return in_turn(one, cases)


def same_quotient(numerical_jacobian, label, f, x, expected, **step):
    """Compare the numerical Jacobian of ``f`` at ``x``, entry by entry."""
    with_step = f" with h = {step['h']}" if step else ""
    where = f"f(x) = {label} at x = {np.round(x, 3).tolist()}{with_step}."
    with drawn(pictures.plain, expected):
        (J,) = measured(numerical_jacobian, [((f, x), step)])
        same("J", J, expected, where, rtol=1e-5, atol=1e-5)


def same_dependence(numerical_jacobian, label, f, x, expected):
    """Compare the shape of J and which output depends on which input; not the numbers."""
    where = f"f(x) = {label}, x of shape {x.shape}"

    def entry(index):
        row, column = index
        kind = "depends" if expected[index] else "does not depend"
        return f"{where}: output {row} {kind} on input {column}."

    with drawn(pictures.plain, expected):
        (J,) = measured(numerical_jacobian, [((f, x), {})])
        is_array(J, f"an array of shape {expected.shape}", where)
        if J.shape != expected.shape:
            what = f"J has shape {J.shape}, expected {expected.shape}: outputs × inputs"
            raise Failed(what, where, got=J.astype(float).round(3), odd=True)
        same("J ≠ 0 at entry ", np.abs(J) > 1e-3, expected != 0, entry)


def watched(numerical_jacobian, f, x, h):
    """Raise ``Failed`` if a call of f sees two moved inputs, or if x is moved afterwards."""
    seen, original = [], x.copy()

    def spy(z):
        seen.append(np.array(z))
        return f.function(z)

    call(numerical_jacobian, lent("f(x)", spy), x, h=h)
    if not seen:
        raise Failed("f was never called, but its differences are all there is to go by")
    for n, z in enumerate(seen, start=1):
        if z.shape != original.shape:
            what = f"call {n} of f got shape {z.shape}, expected {original.shape}"
            raise Failed(what, got=z, odd=True)
        moved = int((~np.isclose(z, original)).sum())
        if moved > 1:
            names = f"what call {n} of f was given", "x: one entry of it may be moved"
            with drawn(lambda _, *shown: pictures.plain(*shown), z, original, names):
                raise Failed(
                    f"call {n} of f got {z.tolist()}, where {moved} inputs differ from x = "
                    f"{original.tolist()}; expected at most 1",
                    got=np.concatenate([z, x]),
                )
    with drawn(pictures.plain, original, ("x afterwards", "x before")):
        same("afterwards x", x, original)


def same_view(numerical_jacobian, label, view, x):
    """Compare J of a function that returns a view of its argument with J of one that copies it."""
    where = f"f(x) = {label}, returned as a view of the array that f was given."
    same_as(numerical_jacobian, (view, x), (Formula(f"({view.text}).copy()"), x), where)


def same_whole(numerical_jacobian, label, f, x):
    """Compare J at an array of whole numbers with J at the same numbers as floats."""
    where = f"f(x) = {label} at x = {x.tolist()}, an array of ints."
    same_as(numerical_jacobian, (f, x), (f, x.astype(float)), where)


def same_as(numerical_jacobian, case, usual, where):
    """Compare two of the student's own answers: whether they are right is judged elsewhere."""
    # what f returns may be a view of what it got: that it was no copy is known of f here only
    expected, got = measured(numerical_jacobian, [(usual, {}), (case, {})], seen=1)
    for J in (expected, got):
        is_array(J, "an array", where)
    if not expected.any():
        raise Failed("J is 0 everywhere, although f(x) depends on x", where, got=expected)
    same("J", got, expected, where)


@visible(
    "numerical_jacobian · values",
    cause="column c is (f(x + h·e_c) − f(x − h·e_c)) / 2h, and e_c moves input c alone",
    read="Measure it: central differences",
    points=1,
)
def numerical_jacobian_values(numerical_jacobian):
    """f(x) = A·x, whose Jacobian is A itself."""
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    same_quotient(numerical_jacobian, "A·x", Formula("A @ x", A=A), np.array([1.0, 2.0]), A)


@visible(
    "numerical_jacobian · central",
    cause="step to both sides by the h that was passed; the two points are 2h apart",
    read="Measure it: central differences",
    points=1,
)
def numerical_jacobian_central(numerical_jacobian):
    """With h = 1/2: exact for squares; for cubes 3x² + h², the quotient's own error."""
    x = np.array([1.0, 2.0])
    same_quotient(numerical_jacobian, "x²", Formula("x**2"), x, np.diag([2.0, 4.0]), h=0.5)
    same_quotient(numerical_jacobian, "x³", Formula("x**3"), x, np.diag([3.25, 12.25]), h=0.5)


@visible(
    "numerical_jacobian · shape",
    cause="J has a row for each output and a column for each input, both counted row by row",
    read="Measure it: central differences",
    points=1,
)
def numerical_jacobian_shape(numerical_jacobian):
    """The two row sums of a 2×3 image: 2 outputs, 6 inputs; then an f(x) of 3 rows, 2 columns."""
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    expected = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    same_dependence(numerical_jacobian, "x.sum(axis=1)", Formula("x.sum(axis=1)"), x, expected)
    turned = one_at((6, 6), (0, 0), (1, 3), (2, 1), (3, 4), (4, 2), (5, 5))
    same_dependence(numerical_jacobian, "2·x.T", Formula("2 * x.T"), x, turned)


@visible(
    "numerical_jacobian · inputs",
    cause="give f a fresh float array for every step, and leave x as it is",
    read="Measure it: central differences",
    points=1,
)
def numerical_jacobian_inputs(numerical_jacobian):
    """One moved input a call, x untouched, an f that returns its argument, whole numbers."""
    watched(numerical_jacobian, Formula("10 * x"), np.array([1.0, 2.0, 3.0]), h=0.5)
    same_view(numerical_jacobian, "x", Formula("x"), np.array([4.0, 5.0]))
    same_whole(numerical_jacobian, "10x", Formula("10 * x"), np.array([3, 1, 2]))


# ---- answers that are one number or one bool ------------------------------------------------


def scalar(answer):
    """A zero-dimensional array as the number or bool in it; anything else as it is."""
    return answer[()] if isinstance(answer, np.ndarray) and answer.ndim == 0 else answer


def together(names, got, expected, where=None, pictures=None):
    """Compare single answers; the failure carries all of them, so that mistakes are told apart.

    pictures  functions that draw each answer, if it is wrong
    """
    single = (bool, int, float, np.number, np.bool_)
    for n, (name, mine, right) in enumerate(zip(names, got, expected, strict=True)):
        try:
            same(name, mine, right, where)
        except Failed as failure:
            failure.draw = pictures[n] if pictures else None
            if all(isinstance(answer, single) for answer in got):
                failure.got = np.array([as_float(answer) for answer in got])
            raise


def same_slopes(one_sided, label, f, cases, where=None):
    """Compare one-sided derivatives; ``cases`` are (x, v, step as a dict, expected)."""
    names = [
        f"one_sided of f(x) = {label} at x = {x.tolist()} along v = {v.tolist()}"
        + (f" with h = {step['h']}" if step else "")
        for x, v, step, _ in cases
    ]
    got, given = [], measured(one_sided, [((f, x, v), step) for x, v, step, _ in cases])
    for x, v, _, expected in cases:
        with drawn(answers.slope, expected, f.function, x, v):
            got.append(scalar(next(given)))
    pictures = [
        functools.partial(answers.slope, mine, expected, f.function, x, v)
        for mine, (x, v, _, expected) in zip(got, cases, strict=True)
    ]
    together(names, got, [float(expected) for *_, expected in cases], where, pictures)


@visible(
    "one_sided · values",
    cause="walk from x to x + h·v, and divide the rise by h",
    read="A tie is a kink",
    points=1,
)
def one_sided_values(one_sided):
    """f(x) = 3·x₀ − 2·x₁ rises by 3 along the first axis and by −2 along the second."""
    x = np.array([1.0, 4.0])
    cases = [(x, np.array([1.0, 0.0]), {}, 3), (x, np.array([0.0, 1.0]), {}, -2)]
    same_slopes(one_sided, "3·x₀ − 2·x₁", Formula("3 * x[0] - 2 * x[1]"), cases)


@visible(
    "one_sided · tie",
    cause="step to one side only: at a kink the slope ahead is not the slope behind",
    read="A tie is a kink",
    points=1,
)
def one_sided_tie(one_sided):
    """max at (2, 2, 1): 1 if either 2 goes up, 0 if only one goes down; then with a step of 1."""
    x = np.array([2.0, 2.0, 1.0])
    slopes = {(1, 0, 0): 1, (-1, 0, 0): 0, (0.6, -0.8, 0): 0.6, (-0.6, -0.8, 0): -0.6}
    cases = [(x, np.array(v, dtype=float), {}, slope) for v, slope in slopes.items()]
    below = np.array([2.0, 1.5, 1.0])  # in a step of 1 it rises by 1/2 only: the step is passed
    cases.append((below, np.array([0.0, 1.0, 0.0]), {"h": 1.0}, 0.5))
    same_slopes(one_sided, "max(x)", Formula("x.max()"), cases)


@visible(
    "one_sided · direction",
    cause="v says how fast to walk, not only where to: twice the v, twice the slope",
    read="A tie is a kink",
    points=1,
)
def one_sided_direction(one_sided):
    """Twice as far along v rises twice as much."""
    x = np.array([1.0, 4.0])
    slopes = {(2, 0): 6, (3, 4): 1, (-1, -1): -1}
    cases = [(x, np.array(v, dtype=float), {}, slope) for v, slope in slopes.items()]
    same_slopes(one_sided, "3·x₀ − 2·x₁", Formula("3 * x[0] - 2 * x[1]"), cases)


def same_verdicts(is_subgradient, cases):
    """Compare bools; ``cases`` are (g, w, expected) as nested lists."""
    names = [f"is_subgradient({g}, {w})" for g, w, _ in cases]
    got, arrays = [], [(np.array(g, float), np.array(w, float)) for g, w, _ in cases]
    given = of_images(is_subgradient, [(g, w.copy()) for g, w in arrays])
    for (g, w), (*_, expected) in zip(arrays, cases, strict=True):
        with drawn(answers.shares, expected, g, w):
            got.append(scalar(next(given)))

    def where(n):
        w = np.array(cases[n][1], float)
        count = int((w == w.max()).sum())
        total = number(round(float(np.sum(cases[n][0])), 9))
        return f"{count} of {w.size} pixels are maximal; the shares add up to {total}."

    expected = [answer for *_, answer in cases]
    for n, (g, w, right) in enumerate(cases):
        picture = functools.partial(answers.shares, got[n], right, g, w)
        try:
            together(names[n : n + 1], got[n : n + 1], expected[n : n + 1], where(n), [picture])
        except Failed as failure:
            if all(isinstance(answer, (bool, np.bool_)) for answer in got):
                failure.got = np.array(got)
            raise


@visible(
    "is_subgradient · corner",
    cause="the one-hot of every maximal pixel is a subgradient, of the first as of the last",
    read="All slopes at once: subgradients",
    points=1,
)
def is_subgradient_corner(is_subgradient):
    """All on the one maximum; all on either of two."""
    alone, tied = [[1, 2], [4, 3]], [[1, 4], [4, 3]]
    same_verdicts(
        is_subgradient,
        [
            ([[0, 0], [1, 0]], alone, True),
            ([[0, 1], [0, 0]], tied, True),
            ([[0, 0], [1, 0]], tied, True),
            ([[0, 0], [-1, 0]], tied, False),
        ],
    )


@visible(
    "is_subgradient · hull",
    cause="any way of sharing the 1 among the maximal pixels is a subgradient, even or uneven",
    read="All slopes at once: subgradients",
    points=1,
)
def is_subgradient_hull(is_subgradient):
    """Shared by two of two, two of three, three of three; as floats 0.3 + 0.6 + 0.1 is not 1."""
    two, three = [[1, 4], [4, 3]], [[4, 4], [4, 3]]
    same_verdicts(
        is_subgradient,
        [
            ([[0, 0.5], [0.5, 0]], two, True),
            ([[0, 0.25], [0.75, 0]], two, True),
            ([[0.5, 0], [0.5, 0]], three, True),
            ([[0.3, 0.6], [0.1, 0]], three, True),
            ([[0, -0.5], [-0.5, 0]], two, False),
        ],
    )


@visible(
    "is_subgradient · outside",
    cause="the shares add up to 1, and a pixel below the maximum has none of them",
    read="All slopes at once: subgradients",
    points=1,
)
def is_subgradient_outside(is_subgradient):
    """Too much, too little, or some of it on a pixel that lost, also on top of a full 1."""
    two = [[1, 4], [4, 3]]
    same_verdicts(
        is_subgradient,
        [
            ([[0, 0], [1, 0]], [[1, 2], [4, 3]], True),
            ([[0, 1], [1, 0]], two, False),
            ([[0, 0.5], [0.25, 0]], two, False),
            ([[0, 0.5], [0.500001, 0]], two, False),
            ([[0, 0.5], [0, 0.5]], two, False),
            ([[0, 1], [0.5, -0.5]], two, False),
            ([[0, 0.5], [0.5, 0.5]], two, False),
            ([[0, 0], [0.5, 0.5]], [[1, 2], [4, 3]], False),
        ],
    )


@visible(
    "is_subgradient · negative",
    cause="no share may be negative, even if they add up to 1",
    read="All slopes at once: subgradients",
    points=1,
)
def is_subgradient_negative(is_subgradient):
    """2 − 1 = 1, but that is outside of the segment between the two corners."""
    same_verdicts(
        is_subgradient,
        [
            ([[0, 0], [1, 0]], [[1, 2], [4, 3]], True),
            ([[0, 2], [-1, 0]], [[1, 4], [4, 3]], False),
            ([[-1, 1], [1, 0]], [[1, 4], [4, 3]], False),
        ],
    )


plain_first(globals(), "local_derivative_cases", "jacobian_values", "backward_message_values")
plain_first(globals(), "numerical_jacobian_values", "one_sided_values", "is_subgradient_corner")

__all__ = checks(globals())
