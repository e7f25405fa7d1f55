"""Hidden checks of chapter 2."""

import numpy as np

from oracle import reference
from poolkit.check.jacobian import (
    Formula,
    messages,
    one_at,
    rows_choose,
    same_dependence,
    same_derivative,
    same_jacobian,
    same_message,
    same_quotient,
    same_slopes,
    same_verdicts,
    same_view,
    same_whole,
    same_wins,
    watched,
)
from poolkit.kit.visible import checks
from poolkit.kit.voice import same

from ._hidden import hidden


def distinct(seed, H, W, lowest=0):
    """An H×W image of distinct whole numbers from ``lowest`` on: gaps far above any step."""
    values = np.random.default_rng(seed).permutation(H * W) + lowest
    return values.reshape(H, W).astype(float)


def pooled(x, kernel_size, stride):
    """Max pooling of one image."""
    return reference.maxpool_forward(x[None, None], kernel_size, stride)[0][0, 0]


def derivatives(x, kernel_size, stride):
    """∂f_kl/∂x for every output, shape (OH, OW, H, W): the backward pass of each one-hot dy."""
    shape = pooled(x, kernel_size, stride).shape
    dy = np.eye(np.prod(shape)).reshape(-1, 1, *shape)  # a batch: one copy of x for each output
    copies = np.broadcast_to(x, (len(dy), 1, *x.shape))
    _, cache = reference.maxpool_forward(copies, kernel_size, stride)
    return reference.maxpool_backward(dy, cache).reshape(*shape, *x.shape)


def derivative(x, k, l, kernel_size, stride):
    """∂f_kl/∂x of one output, x's shape."""
    y, cache = reference.maxpool_forward(x[None, None], kernel_size, stride)
    dy = one_at(y.shape, (0, 0, k, l))
    return reference.maxpool_backward(dy, cache)[0, 0]


def matrix(x, kernel_size, stride):
    """The true Jacobian, outputs × inputs."""
    return derivatives(x, kernel_size, stride).reshape(-1, x.size)


# ---- local_derivative -----------------------------------------------------------------------


@hidden
def local_derivative_cases(local_derivative):
    cases = []
    for seed, (size, k, lowest, *places) in enumerate(
        [
            (4, 2, 0, (0, 0), (1, 1)),
            (6, 3, 5, (0, 1)),
            (6, 2, -100, (1, 2), (2, 1)),
            (3, 1, -4, (2, 0)),
        ]
    ):
        x = distinct(9 + seed, size, size, lowest)
        cases += [(x, *place, k, k) for place in places]
    # six windows have the maximum 7, and none of them has it twice
    x = distinct(13, 6, 6, -40)
    x[[0, 1, 2, 3, 5, 4], [1, 3, 0, 5, 0, 2]] = 7
    cases += [(x, *place, 2, 2) for place in [(0, 1), (2, 1)]]
    same_derivative(local_derivative, [(case, derivative(*case)) for case in cases])


@hidden
def local_derivative_stride(local_derivative):
    cases = []
    # overlap, gaps, remainder, and pairs in both orientations
    for H, W, kernel_size, stride, k, l in [
        (8, 9, 3, 1, 1, 2),
        (7, 7, 2, 3, 1, 0),
        (5, 7, (2, 3), (1, 2), 3, 1),
        (8, 5, (3, 1), (2, 3), 2, 1),
        (4, 9, 2, (1, 3), 2, 1),
        (6, 6, (1, 4), 1, 5, 2),
    ]:
        rising = 1.0 + np.arange(H * W).reshape(H, W)
        for x in (rising, rising[::-1, ::-1]):  # the last pixel of the window wins, the first one
            cases.append((x, k, l, kernel_size, stride))
    same_derivative(local_derivative, [(case, derivative(*case)) for case in cases])


@hidden
def local_derivative_ties(local_derivative):
    # the image is one window and its maximum is 1: nothing but the tie is judged here
    images = [
        [[0, 0, 1], [1, 0, 0], [0, 1, 1]],
        [[1, 1], [1, 1]],
        [[0, -1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]],
    ]
    cases = [(np.array(x, dtype=float), 0, 0, len(x), len(x)) for x in images]
    same_derivative(local_derivative, [(case, derivative(*case)) for case in cases])


# ---- jacobian -------------------------------------------------------------------------------


@hidden
def jacobian_values(jacobian):
    sizes = [(4, 2, 0), (6, 2, -100), (3, 1, 1)]
    cases = [
        (distinct(20 + seed, size, size, lowest), k, k)
        for seed, (size, k, lowest) in enumerate(sizes)
    ]
    same_jacobian(jacobian, [(case, matrix(*case)) for case in cases])


@hidden
def jacobian_rows(jacobian):
    # x equals its transpose: unfolding it column by column is judged by another check
    rng = np.random.default_rng(30)
    cases = []
    for size, k in [(6, 3), (6, 2)]:
        x = rng.integers(0, 3, (size, size)).astype(float)
        cases.append((np.maximum(x, x.T), k, k))
    cases.append((np.full((4, 4), -1.0), 2, 2))
    rows_choose(jacobian, [(case, pooled(*case)) for case in cases])


@hidden
def jacobian_overlap(jacobian):
    sizes = [(5, 3, 1), (7, 3, 2), (5, 2, 3)]
    cases = [(mirrored(40 + seed, size), k, s) for seed, (size, k, s) in enumerate(sizes)]
    same_wins(jacobian, [(case, derivatives(*case).sum(axis=(0, 1))) for case in cases])


def mirrored(seed, size):
    """Distinct values whose winners lie symmetrically: the order of unfolding is judged elsewhere.

    The image equals its transpose but for a quarter, which no winner depends on: a window that
    sees both (i, j) and (j, i) also sees (i, i), and the diagonal is higher than all the rest.
    """
    x = np.triu(distinct(seed, size, size, 1))
    return x + np.triu(x, 1).T + 0.25 * np.tri(size, k=-1) + 100 * np.eye(size)


@hidden
def jacobian_rectangular(jacobian):
    # stride = kernel: sharing a pixel is judged by another check
    sizes = [(2, 6, (1, 2)), (6, 4, (3, 2)), (9, 3, (2, 1)), (4, 7, (4, 3))]
    cases = [
        (distinct(50 + seed, H, W, 1), kernel_size, kernel_size)
        for seed, (H, W, kernel_size) in enumerate(sizes)
    ]
    same_jacobian(jacobian, [(case, matrix(*case)) for case in cases])


# ---- backward_message -----------------------------------------------------------------------


@hidden
def backward_message_values(backward_message):
    rng = np.random.default_rng(60)
    cases = []
    for outputs, inputs in [(4, 16), (1, 9), (3, 3)]:
        J = np.eye(inputs)[rng.permutation(inputs)[:outputs]]  # no pixel is chosen twice
        dy = rng.normal(size=outputs)
        cases.append((J, dy, dy @ J))
    same_message(backward_message, cases)


@hidden
def backward_message_overlap(backward_message):
    rng = np.random.default_rng(61)
    cases = []
    for size, k, s in [(4, 3, 1), (7, 3, 2)]:
        J = matrix(distinct(size, size, size), k, s)
        dy = rng.normal(size=len(J))
        cases.append((J, dy, dy @ J))
    same_message(backward_message, cases)


@hidden
def backward_message_shape(backward_message):
    rng = np.random.default_rng(62)
    cases = []
    for *shape, inputs in [(2, 3, 24), (3, 2, 6), (2, 2, 4), (7, 9)]:
        J = np.eye(inputs)[rng.permutation(inputs)[: np.prod(shape)]]
        cases.append((J, rng.normal(size=shape)))
    given = messages(backward_message, cases)
    for J, dy in cases:
        same("dx", next(given), dy.ravel() @ J)


# ---- numerical_jacobian ---------------------------------------------------------------------


@hidden
def numerical_jacobian_values(numerical_jacobian):
    # symmetric Jacobians: which way round the matrix lies is judged by the shape check
    rng = np.random.default_rng(70)
    A = rng.integers(-5, 6, (3, 3)).astype(float)
    A = A + A.T
    x = rng.integers(1, 9, 3) / 4
    same_quotient(numerical_jacobian, "A·x", Formula("A @ x", A=A), x, A)
    x = x[:2]
    cubic = 2 * np.outer(x, x) + x @ x * np.eye(2)
    same_quotient(numerical_jacobian, "x·|x|²", Formula("x * (x @ x)"), x, cubic)
    same_quotient(numerical_jacobian, "exp(x)", Formula("np.exp(x)"), x[:1], np.exp(x[:1])[:, None])


@hidden
def numerical_jacobian_central(numerical_jacobian):
    x = np.array([-1.5, 0.0])
    for h in (0.125, 2.0):
        cubic = np.diag(3 * x**2 + h**2)
        same_quotient(numerical_jacobian, "x³", Formula("x * x * x"), x, cubic, h=h)


@hidden
def numerical_jacobian_shape(numerical_jacobian):
    image = np.array([[1.0, 4.0], [6.0, 3.0], [2.0, 5.0]])
    rows = one_at((3, 6), (0, 1), (1, 2), (2, 5))
    same_dependence(numerical_jacobian, "x.max(axis=1)", Formula("x.max(axis=1)"), image, rows)
    volume = np.array([[[1.0], [2.0]]])
    same_dependence(numerical_jacobian, "x.sum()", Formula("x.sum()"), volume, np.ones((1, 2)))
    line = np.array([1.0, 2.0])
    expected = np.repeat(np.eye(2), 3, axis=0)
    outer = Formula("np.outer(x, [1.0, 2.0, 3.0])")
    same_dependence(numerical_jacobian, "outer(x, (1, 2, 3))", outer, line, expected)


@hidden
def numerical_jacobian_inputs(numerical_jacobian):
    rng = np.random.default_rng(73)
    watched(numerical_jacobian, Formula("x * x.sum()"), rng.normal(size=3), h=0.25)
    same_view(numerical_jacobian, "x[::-1]", Formula("x[::-1]"), rng.normal(size=2))
    same_whole(numerical_jacobian, "x²", Formula("x * x"), np.array([5, -2]))


# ---- one_sided ------------------------------------------------------------------------------


@hidden
def one_sided_values(one_sided):
    rng = np.random.default_rng(80)
    x = rng.integers(-4, 5, 3).astype(float)
    units = [np.array([0.6, 0.0, 0.8]), np.array([-0.28, 0.96, 0.0])]
    a = rng.integers(2, 9, 3).astype(float)
    along = [(x, v, {}, a @ v) for v in units]
    same_slopes(one_sided, f"{a.tolist()}·x", Formula("a @ x", a=a), along)
    x = x / 4
    along = [(x, v, {}, 2 * x @ v) for v in units]
    same_slopes(one_sided, "|x|²", Formula("np.sum(x**2)"), along)
    square = np.array([[1.0, 2.0], [3.0, 5.0]])
    v = np.array([[0.0, 0.6], [0.8, 0.0]])
    same_slopes(one_sided, "x.sum()", Formula("x.sum()"), [(square, v, {}, v.sum())])


@hidden
def one_sided_tie(one_sided):
    rng = np.random.default_rng(81)
    cases = []
    for ties in (2, 4):
        x = rng.integers(-9, 0, 5).astype(float)
        places = rng.permutation(5)[:ties]
        x[places] = 2
        for v in rng.normal(size=(2, 5)):
            v /= np.sqrt(v @ v)  # how long v is, is judged by another check
            cases.append((x, v, {}, v[places].max()))
    same_slopes(one_sided, "max(x)", Formula("x.max()"), cases)
    # a step longer than the gap reaches the neighbour's slope: h is the h that was passed
    near, v = np.array([2.0, 1.5]), np.array([0.0, 1.0])
    cases = [(near, v, {"h": 2.0}, 0.75), (near, v, {"h": 0.25}, 0.0)]
    same_slopes(one_sided, "max(x)", Formula("x.max()"), cases)
    kink = (np.zeros(2), np.array([-0.8, 0.6]), {}, 1.4)
    same_slopes(one_sided, "|x₀| + |x₁|", Formula("np.abs(x).sum()"), [kink])


@hidden
def one_sided_direction(one_sided):
    rng = np.random.default_rng(82)
    a, x = rng.integers(1, 9, 4).astype(float), rng.integers(-3, 4, 4).astype(float)
    v = rng.integers(-3, 4, 4).astype(float)
    cases = [(x, scale * v, {}, scale * (a @ v)) for scale in (-1, 10)]
    cases.append((x, np.zeros(4), {}, 0.0))
    same_slopes(one_sided, f"{a.tolist()}·x", Formula("a @ x", a=a), cases)


# ---- is_subgradient -------------------------------------------------------------------------


@hidden
def is_subgradient_corner(is_subgradient):
    same_verdicts(
        is_subgradient,
        [
            ([0, 1, 0], [2, 7, 5], True),
            ([1, 0, 0, 0], [3, 1, 3, 3], True),
            ([0, 0, 0, 1], [3, 1, 3, 3], True),
            ([[0, 0, 0], [0, 0, 1]], [[-1, -4, -2], [-3, -1, -1]], True),
            ([1], [-3], True),
            ([[0, 0, 0], [0, 0, -1]], [[-1, -4, -2], [-3, -1, -1]], False),
        ],
    )


@hidden
def is_subgradient_hull(is_subgradient):
    tenth = [0.1] * 10  # adds up to 0.9999999999999999, one by one
    same_verdicts(
        is_subgradient,
        [
            ([0.3, 0, 0.7], [2, 1, 2], True),
            ([[0.6, 0, 0.1], [0, 0.3, 0]], [[0, -1, 0], [-2, 0, -9]], True),
            (tenth, [1] * 10, True),
            ([0.3, 0.6, 0.1], [1, 1, 1], True),  # as floats 0.9999999999999999
            ([0, 0.875, 0.125, 0], [8, 8, 8, 8], True),
            ([-0.3, 0, -0.7], [2, 1, 2], False),
        ],
    )


@hidden
def is_subgradient_outside(is_subgradient):
    same_verdicts(
        is_subgradient,
        [
            ([0, 1, 0], [2, 7, 5], True),
            ([0, 2, 0], [2, 7, 5], False),
            ([0, 0, 0], [2, 7, 5], False),
            ([0.5, 0.5, 0.5], [3, 3, 3], False),
            ([[0.5, 0.25], [0.25, 0]], [[3, 3], [2, 1]], False),
            ([[0.5, 0.4], [0, 0]], [[3, 3], [2, 1]], False),
            ([0.25, 0, 0.749999], [6, 1, 6], False),
            ([1.5, 0, -0.5], [7, 2, 5], False),
            ([0.5, 0.75, 0.5], [6, 1, 6], False),
            ([[0.75, 0.25], [0, 0]], [[3, 5], [2, 1]], False),
        ],
    )


@hidden
def is_subgradient_negative(is_subgradient):
    same_verdicts(
        is_subgradient,
        [
            ([0, 1, 0], [2, 7, 5], True),
            ([1.5, 0, -0.5], [4, 1, 4], False),
            ([1, -0.5, 0.5], [4, 1, 4], False),
            ([[-1, 1], [1, 0]], [[3, 3], [3, 0]], False),
            ([0.5, 0.75, -0.25], [1, 1, 1], False),
        ],
    )


__all__ = checks(globals())
