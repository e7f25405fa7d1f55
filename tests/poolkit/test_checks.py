"""What a visible check says of programs that people write: a cause that is true, or none."""

import re

import pytest

from poolkit import check
from poolkit.kit.voice import Failed
from tests import notebooks

CHAPTER = {task: chapter for chapter in notebooks.CHAPTERS for task in notebooks.answers(chapter)}

POOL = """
def pool_loops(x, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    OH, OW = (x.shape[0] - kH) // sH + {more}, (x.shape[1] - kW) // sW + {more}
    y = np.zeros((OH, OW))
    for k in range(OH):
        for l in range(OW):
            y[k, l] = {maximum}
    return y
"""
SLICE = "max(x[k * sH : k * sH + kH, l * sW : l * sW + kW])"
PIXELS = "max(x[k * sH + u, l * sW + v] for u in range(kH) for v in range(kW))"
TILES = """
def pool_tiles(x, kernel_size):
    kH, kW = pair(kernel_size)
    x = x[:, :, : -(x.shape[2] % kH), : -(x.shape[3] % kW)]
    N, C, H, W = x.shape
    return x.reshape(N, C, H // kH, kH, W // kW, kW).max(axis=(3, 5))
"""
WINDOWS = """
def windows(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair({stride})
    (pH, pW), (dH, dW) = pair(padding), pair({dilation})
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
"""
NO_NONE = """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
"""
SHIFTED = """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    w = windows(x, kernel_size, kernel_size if stride is None else stride, padding, dilation)
    first = w.reshape(*w.shape[:4], -1).argmax(axis=-1)
    (sH, sW), (dH, dW) = pair(kernel_size if stride is None else stride), pair(dilation)
    u, v = np.divmod(first, w.shape[5])
    i = np.arange(w.shape[2])[:, None] * sH + u * dH
    return w.max(axis=(4, 5)), (i, np.arange(w.shape[3]) * sW + v * dW, x.shape)
"""
SCATTER = """
def maxpool_backward(dy, cache):
    i, j, shape = cache
    dx = np.zeros(shape)
    n, c = np.indices(shape[:2])
    np.add.at(dx, (n[..., None, None], c[..., None, None], i, j), dy)
    return dx
"""
MASK = """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    return windows(x, kernel_size, kernel_size, 0, 1).max(axis=(4, 5)), (x, kernel_size)
"""
MASKED = """
def maxpool_backward(dy, cache):
    x, k = cache
    y = windows(x, k, k, 0, 1).max(axis=(4, 5))
    wide = np.ones((1, 1, k, k))
    return (x == np.kron(y, wide)) * np.kron(dy, wide)
"""
JACOBIAN = """
def jacobian(x, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    rows = []
    for i in range(0, x.shape[0], sH):
        for j in range(0, x.shape[1], sW):
            row = np.zeros(x.shape)
            window = x[i : i + kH, j : j + kW]
            row[i : i + kH, j : j + kW].flat[window.argmax()] = 1
            rows.append(row.ravel())
    return np.array(rows)
"""
CALLED = """
from oracle import reference


def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    return reference.maxpool_forward(x, kernel_size, stride)


def maxpool_backward(dy, cache):
    return {times} * reference.maxpool_backward(dy, cache)


def pooling():
    return {returned}
"""
FUNCTIONS = "maxpool_forward, maxpool_backward"
LISTED = """
def window(k, l, kernel_size, stride):
    return [(2 * k + u, 2 * l + v) for u in range(2) for v in range(2)]
"""
OBJECTS = LISTED.replace("return [", "return np.array([").replace("(2)]", "(2)], object)")
LAST_MISSING = """
def pool_loops(x, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    rows, columns = range(0, x.shape[0] - kH, sH), range(0, x.shape[1] - kW, sW)
    return np.array([[x[i : i + kH, j : j + kW].max() for j in columns] for i in rows])
"""
EVERY_START = LAST_MISSING.replace("(0, x.shape[0] - kH, sH)", "((x.shape[0] - kH) // sH + 1)")
EVERY_START = EVERY_START.replace("(0, x.shape[1] - kW, sW)", "((x.shape[1] - kW) // sW + 1)")
OF_A_BYTE = """
def output_size(size, kernel_size, stride, padding=0, dilation=1):
    return np.uint8((size - kernel_size) // stride + 1)
"""
RUNNING = """
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    pH, pW = pair(padding)
    {before}
    xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values={border})
    OH, OW = (xp.shape[2] - kH) // sH + 1, (xp.shape[3] - kW) // sW + 1
    y = np.full((*x.shape[:2], OH, OW), {start}, x.dtype)
    best = np.zeros(y.shape, int)
    for u in range(kH):
        for v in range(kW):
            seen = xp[:, :, u : u + sH * (OH - 1) + 1 : sH, v : v + sW * (OW - 1) + 1 : sW]
            best = np.where(seen > y, u * kW + v, best)
            y = np.maximum(y, seen)
    i = np.arange(OH)[:, None] * sH + best // kW - pH
    return y, (i, np.arange(OW) * sW + best % kW - pW, x.shape)
"""
ZEROS = RUNNING.format(border="0", start="-np.inf", before="")
FROM_ZERO = RUNNING.format(border="-np.inf", start="0", before="")
LATER = RUNNING.format(
    border="-np.inf", start="-np.inf", before="if pH or pW: raise NotImplementedError('not yet')"
)
STUB = "def windows(x, kernel_size, stride, padding, dilation):\n    raise NotImplementedError()\n"
OTHER_NAN = """
def maxpool_backward(dy, cache):
    x, k = cache
    N, C, H, W = x.shape
    w = windows(x, k, k, 0, 1).swapaxes(4, 5)
    u = w.reshape(N, C, H // k, W // k, k * k).argmax(-1)
    i = np.arange(H // k)[:, None] * k + u % k
    j = np.arange(W // k) * k + u // k
    dx = np.zeros(x.shape)
    np.add.at(dx, (*np.indices((N, C, 1, 1), sparse=True)[:2], i, j), dy)
    return dx
"""
LOG_OF_P = """
def cross_entropy(scores, labels):
    rows = np.arange(len(scores))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(scores)
"""


@pytest.mark.parametrize(
    ("name", "cells", "cause"),
    [
        ("window_coordinates", [LISTED], "np.array(…)"),
        ("pool_loops_remainder", [EVERY_START], 'already, and "pool_loops · values" says more'),
        ("window_coordinates", [OBJECTS], "array of Python objects"),
        ("window_order", [OBJECTS], "array of Python objects"),
        ("pool_loops_overlap", [LAST_MISSING], "Your last window is missing"),
        ("maxpool_forward_padding", [ZEROS], "You padded with zeros"),
        ("maxpool_forward_padding", [FROM_ZERO], "search for the maximum starts from zero"),
        ("maxpool_backward_padding", [FROM_ZERO, SCATTER], "the forward pass is wrong here"),
        ("maxpool_forward_padding", [LATER], "raised NotImplementedError: not yet"),
        ("maxpool_forward_values", [STUB], "windows is not written yet"),
        ("maxpool_backward_nan", [MASK, OTHER_NAN], "column by column"),
        ("cross_entropy_loss", [LOG_OF_P], "was rounded to 0"),
        ("pool_loops_values", [POOL.format(more=1, maximum=SLICE)], "use .max()"),
        ("pool_loops_values", [POOL.format(more=2, maximum=PIXELS)], "more windows than fit"),
        ("pool_tiles_values", [TILES], "cut the image with :OH*kH"),
        (
            "windows_values",
            [WINDOWS.format(stride="1", dilation="dilation")],
            "as if the stride were 1",
        ),
        ("windows_values", [WINDOWS.format(stride="dilation", dilation="stride")], "OH is 3"),
        ("maxpool_forward_values", [NO_NONE], "None means kernel_size"),
        ("maxpool_backward_padding", [SHIFTED, SCATTER], "is no place in x"),
        ("maxpool_backward_nan", [MASK, MASKED], "NaN == NaN is False, and so"),
        ("jacobian_overlap", [JACOBIAN], "(H − kH) // stride + 1"),
        ("pooling_layer", [CALLED.format(times=2, returned=FUNCTIONS)], "its own checks"),
        ("pooling_layer", [CALLED.format(times=1, returned="maxpool_forward(x, 2), 0")], "calling"),
        ("pooling_layer", ["def pooling():\n    return maxpool_forward, 0\n"], "not complete"),
    ],
)
def test_a_natural_mistake_hears_what_is_true_of_it(name, cells, cause):
    answered = {re.search(r"def (\w+)", cell)[1]: cell for cell in cells}
    if name == "pooling_layer":
        answered = {"pooling": cells[0]}
    failure = notebooks.play(CHAPTER[next(iter(answered))], answered).failures[name]
    assert cause in " ".join(str(failure).split())


def test_the_check_of_padding_is_not_deceived_by_numbers_without_a_sign():
    failed = notebooks.play("1-windows", {"output_size": OF_A_BYTE}).failed
    assert failed == {"output_size_padding", "output_size_dilation"}
    right = OF_A_BYTE.replace("size -", "size + 2 * padding - (dilation - 1) * (kernel_size - 1) -")
    assert not notebooks.play("1-windows", {"output_size": right}).failed


MASKED_ARRAYS = {
    "relu_backward": "def relu_backward(dy, cache):\n    return np.ma.array(dy, mask={mask})\n",
    "sgd_step": """
def sgd_step(parameters, gradients, rate):
    steps = {{name: rate * gradient for name, gradient in gradients.items()}}
    return {{n: np.ma.array(p - steps[n], mask={mask}) for n, p in parameters.items()}}
""",
}


def test_what_a_mask_hides_is_no_answer():
    masked = {t: s.format(mask="True") for t, s in MASKED_ARRAYS.items()}
    failures = notebooks.play("4-network", masked).failures
    assert failures.keys() == {"relu_backward_values", "sgd_step_values"}
    for failure in failures.values():
        assert ".filled(…)" in str(failure)
    bare = {"sgd_step": MASKED_ARRAYS["sgd_step"].format(mask="False")}
    assert not notebooks.play("4-network", bare).failed


def test_an_error_that_nobody_knows_has_no_cause():
    def pool_loops(x, kernel_size, stride):
        return {}["key"]

    with pytest.raises(Failed) as error:
        check.pool_loops_negative(pool_loops)
    assert "Likely cause" not in str(error.value)
    assert "This example: Negative values, so negative maxima" in str(error.value)
