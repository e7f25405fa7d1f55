"""What a visible check says of programs that people write: a cause that is true, or none."""

import re

import pytest

from poolkit import check
from poolkit.voice import Failed
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
def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    return spec.maxpool_forward(x, kernel_size, stride)


def maxpool_backward(dy, cache):
    return {times} * spec.maxpool_backward(dy, cache)


def pooling():
    return {returned}
"""
FUNCTIONS = "maxpool_forward, maxpool_backward"
LISTED = """
def window(k, l, kernel_size, stride):
    return [(2 * k + u, 2 * l + v) for u in range(2) for v in range(2)]
"""


@pytest.mark.parametrize(
    ("name", "cells", "cause"),
    [
        ("window_coordinates", [LISTED], "np.array(…)"),
        ("pool_loops_values", [POOL.format(more=1, maximum=SLICE)], "use .max()"),
        ("pool_loops_values", [POOL.format(more=2, maximum=PIXELS)], "How many windows fit?"),
        ("pool_tiles_values", [TILES], "cut the image with :OH*kH"),
        ("windows_values", [WINDOWS.format(stride="1", dilation="dilation")], "OH is 4 and not 2"),
        ("windows_values", [WINDOWS.format(stride="dilation", dilation="stride")], "OH is 3"),
        ("maxpool_forward_values", [NO_NONE], "None means kernel_size"),
        ("maxpool_backward_padding", [SHIFTED, SCATTER], "is no place in x"),
        ("maxpool_backward_nan", [MASK, MASKED], "NaN == NaN is False"),
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


def test_an_error_that_nobody_knows_has_no_cause():
    def pool_loops(x, kernel_size, stride):
        return {}["key"]

    with pytest.raises(Failed) as error:
        check.pool_loops_negative(pool_loops)
    assert "Likely cause" not in str(error.value)
    assert "This example: Where every value is negative" in str(error.value)
