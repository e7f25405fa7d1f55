"""Hidden checks of chapter 4."""

from copy import deepcopy

import numpy as np

from oracle import reference
from poolkit import numerical
from poolkit.check.network import (
    lent_backward,
    same_again,
    same_conv,
    same_dscores,
    same_gradients,
    same_loss,
    same_relu,
    same_step,
    serves,
)
from poolkit.kit.visible import checks

from ._hidden import hidden
from .layer import distinct, pooled, right, signed

# ---- pooling --------------------------------------------------------------------------------


@hidden
def pooling_layer(pooling):
    rng = np.random.default_rng(40)
    cases = []
    some_black = np.maximum(signed(rng, 2, 2, 6, 6), 0)
    some_black[0, 0] = 0
    for x, arguments in [
        (some_black, {"kernel_size": 2}),
        (np.maximum(signed(rng, 3, 1, 5, 5), 0), {"kernel_size": 3, "stride": 1}),
        (distinct(rng, 1, 2, 6, 4), {"kernel_size": 2, "stride": 1}),
    ]:
        dy, dx = right(rng, x, **arguments)
        cases.append((x, dy, arguments, pooled(x, **arguments), dx))
    serves(pooling, cases)


# ---- relu_backward --------------------------------------------------------------------------


@hidden
def relu_backward_values(relu_backward):
    rng = np.random.default_rng(41)
    cases = []
    for shape in [(0, 2, 3, 3), (2, 2, 3, 5)]:
        x, dy = rng.integers(-2, 3, shape) / 2, rng.normal(size=shape)  # a fifth are zeros
        cases.append((dy, x))
    same_relu(relu_backward, cases)


# ---- conv_backward --------------------------------------------------------------------------


def conv(x, w, b):
    """y_nfij = b_f + Σ_cuv w_fcuv · x_n,c,i+u,j+v, offset by offset."""
    (N, _, H, W), (F, _, kH, kW) = x.shape, w.shape
    y = np.zeros((N, F, H - kH + 1, W - kW + 1)) + b[:, None, None]
    for u, v in np.ndindex(kH, kW):
        seen = x[:, :, u : u + y.shape[2], v : v + y.shape[3]]
        y += np.einsum("ncij,fc->nfij", seen, w[:, :, u, v])
    return y


def jacobian(f, x, h=1e-5):
    """∂f/∂x for every number of x, shape (x.size, *f(x).shape), by central differences."""
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.stack([f(x + step) - f(x - step) for step in steps]) / (2 * h)


def measured(f, x, *dys):
    """The gradient of ⟨f(x), dy⟩ for every dy, each of x's shape."""
    J = jacobian(f, x)
    return [np.tensordot(J, dy, dy.ndim).reshape(x.shape) for dy in dys]


def conv_cases():
    """(dy, x, w, {which: gradient}): measured, which for a linear function is exact."""
    rng = np.random.default_rng(42)
    cases = []
    for N, C, F, H, W, kH, kW in [
        (2, 2, 3, 4, 6, 2, 3),
        (1, 3, 1, 3, 3, 3, 3),
        (2, 1, 2, 4, 3, 1, 1),
    ]:
        x, w, b = rng.normal(size=(N, C, H, W)), rng.normal(size=(F, C, kH, kW)), np.zeros(F)
        dy = rng.normal(size=(N, F, H - kH + 1, W - kW + 1))
        gradients = {
            "dx": measured(lambda z: conv(z, w, b), x, dy)[0],  # noqa: B023
            "dw": measured(lambda z: conv(x, z, b), w, dy)[0],  # noqa: B023
            "db": measured(lambda z: conv(x, w, z), b, dy)[0],  # noqa: B023
        }
        cases.append((dy, x, w, gradients))
    return cases


CONV_CASES = conv_cases()  # measured on import: once for a class, whose graders are forks


def conv_agrees(conv_backward, which):
    cases = [(dy, x, w, gradients[which]) for dy, x, w, gradients in CONV_CASES]
    same_conv(conv_backward, which, cases)


@hidden
def conv_backward_weights(conv_backward):
    conv_agrees(conv_backward, "dw")


@hidden
def conv_backward_bias(conv_backward):
    conv_agrees(conv_backward, "db")


@hidden
def conv_backward_input(conv_backward):
    conv_agrees(conv_backward, "dx")


# ---- cross_entropy --------------------------------------------------------------------------


def entropy(scores, labels):
    """The mean of log Σ_m e^(s_m) − s_label over the rows."""
    largest = scores.max(axis=1)
    total = largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))
    return float((total - scores[np.arange(len(scores)), labels]).mean())


@hidden
def cross_entropy_loss(cross_entropy):
    rng = np.random.default_rng(43)
    cases = []
    for N, K, scale, shift in [
        (4, 3, 1, 0),
        (3, 5, 2, 1000),  # e^1000 is too large for a float64
    ]:
        scores = scale * rng.normal(size=(N, K)) + shift
        cases.append((scores, rng.integers(0, K, N)))
    apart = rng.normal(size=(3, 4)) + np.array([[0.0], [2000], [-2000]])  # row from row
    cases.append((apart, np.array([3, 0, 1])))
    same_loss(cross_entropy, [(*case, entropy(*case)) for case in cases])


@hidden
def cross_entropy_gradient(cross_entropy):
    rng = np.random.default_rng(44)
    cases = []
    for N, K in [(4, 3), (1, 6)]:
        scores, labels = rng.normal(size=(N, K)), rng.integers(0, K, N)
        dscores = numerical.vjp(lambda s: entropy(s, labels), scores, 1.0, h=1e-4)  # noqa: B023
        cases.append((scores, labels, dscores))
    same_dscores(cross_entropy, cases)


# ---- network_backward -----------------------------------------------------------------------


def conv_layer_backward(dy, cache):
    x, w = cache
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dx = np.zeros(x.shape)
    for u, v in np.ndindex(w.shape[2:]):
        seen = dx[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        seen += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
    return dx, np.einsum("ncijuv,nfij->fcuv", windows, dy), dy.sum(axis=(0, 2, 3))


def relu_layer_backward(dy, cache):
    return (dy * (cache > 0),)


def pool_layer_backward(dy, cache):
    # the cache is a plain array: it crosses to wherever the student's code runs
    return (reference.maxpool_backward(dy, reference.maxpool_forward(cache, 2)[1]),)


def dense_layer_backward(dy, cache):
    x, M = cache
    rows = x.reshape(len(x), M.shape[0])
    return (dy @ M.T).reshape(x.shape), rows.T @ dy, dy.sum(axis=0)


def forward(x, p):
    """Conv, ReLU, pool, dense: the scores, and every layer's cache."""
    a = conv(x, p["kernels"], p["biases"])
    r = np.maximum(a, 0)
    y, _ = reference.maxpool_forward(r, 2)
    scores = y.reshape(len(x), p["matrix"].shape[0]) @ p["matrix"] + p["row"]
    return scores, [(x, p["kernels"]), a, r, (y, p["matrix"])]


LAYERS = (
    (None, lent_backward(conv_layer_backward), ("kernels", "biases")),
    (None, lent_backward(relu_layer_backward), ()),
    (None, lent_backward(pool_layer_backward), ()),
    (None, lent_backward(dense_layer_backward), ("matrix", "row")),
)


def network_cases():
    """(caches, [(dy, (dx, gradients)), …]) of a small network, by finite differences.

    Its values have gaps far above the step.
    """
    rng = np.random.default_rng(46)
    x = rng.normal(size=(2, 1, 6, 6))
    parameters = {
        "kernels": rng.normal(size=(2, 1, 3, 3)),
        "biases": rng.normal(size=2),
        "matrix": rng.normal(size=(8, 3)),
        "row": rng.normal(size=3),
    }
    dys = rng.normal(size=(3, 2, 3))
    dxs = measured(lambda z: forward(z, parameters)[0], x, *dys)
    found = {
        name: measured(lambda z: forward(x, parameters | {name: z})[0], value, *dys)  # noqa: B023
        for name, value in parameters.items()
    }
    passes = [
        (dy, (dxs[n], {name: gradients[n] for name, gradients in found.items()}))
        for n, dy in enumerate(dys)
    ]
    return forward(x, parameters)[1], passes


CACHES, PASSES = network_cases()  # on import, too


def shift_backward(dy, cache):
    return dy, dy


def exp_backward(dy, cache):
    return (dy * cache,)


def scale_backward(dy, cache):
    x, w = cache
    return w * dy, (x * dy).sum(axis=0)


def written_out():
    """z = w·e^(x + b) over 2 images and 3 features, differentiated with pencil and paper."""
    x = np.array([[0.0, 1, -1], [2, 0, 1]]) / 2
    b, w = np.array([0.5, -0.5, 1.0]), np.array([2.0, -1.0, 3.0])
    e = np.exp(x + b)
    layers = [
        (None, lent_backward(shift_backward), ("shift",)),
        (None, lent_backward(exp_backward), ()),
        (None, lent_backward(scale_backward), ("scale",)),
    ]
    dy = np.array([[1.0, 2, 3], [-1, 0.5, 2]])
    expected = dy * w * e, {"shift": dy * w * e, "scale": (dy * e).sum(axis=0)}
    return dy, layers, [None, e, (e, w)], expected


@hidden
def network_backward_chain(network_backward):
    same_gradients(network_backward, *written_out())
    dy, expected = PASSES[0]
    same_gradients(network_backward, dy, LAYERS, deepcopy(CACHES), expected)
    same_gradients(network_backward, dy, [], [], (dy, {}))


@hidden
def network_backward_calls(network_backward):
    same_again(network_backward, list(LAYERS), *deepcopy((CACHES, PASSES[1:])))


# ---- sgd_step -------------------------------------------------------------------------------


@hidden
def sgd_step_values(sgd_step):
    rng = np.random.default_rng(47)
    for rate in (0.05, 2.0):
        shapes = {"kernels": (2, 1, 3, 3), "biases": (2,), "matrix": (4, 3), "row": (3,)}
        parameters, gradients = (
            {name: rng.normal(size=shape) for name, shape in shapes.items()} for _ in range(2)
        )
        expected = {name: parameters[name] - rate * gradients[name] for name in shapes}
        same_step(sgd_step, parameters, gradients, rate, expected)


__all__ = checks(globals())
