"""Wrong answers of chapter 3.

The two passes of a layer speak through the cache, so most of these replace both: the one that
shows the mistake, and a right companion that keeps, or reads, what it needs.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from poolkit.spec import pair

from ._registry import misconception

# ---- pool_tiles -----------------------------------------------------------------------------


@misconception(
    "pool_tiles",
    kind="rounding",
    hint="You reshaped the whole image. Pixels that fill no tile have no place in (OH, kH, OW, "
    "kW): cut them off first.",
    loses="pool_tiles_remainder",
)
def reshapes_the_remainder_too(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    return x.reshape(N, C, H // kH, kH, W // kW, kW).max(axis=(3, 5))


@misconception(
    "pool_tiles",
    kind="rounding",
    hint="You filled the image up to whole tiles, so a part of a tile counts as a tile. It is "
    "dropped.",
    loses="pool_tiles_remainder",
)
def fills_up_the_last_tile(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    filled = np.pad(x, ((0, 0), (0, 0), (0, -H % kH), (0, -W % kW)), constant_values=-np.inf)
    return filled.reshape(N, C, -(-H // kH), kH, -(-W // kW), kW).max(axis=(3, 5))


@misconception(
    "pool_tiles",
    kind="order",
    hint="You split H into (kH, OH). The pixels of a tile are neighbours, so the place within "
    "the tile changes fastest and comes last: (OH, kH).",
    loses="pool_tiles_values pool_tiles_remainder pool_tiles_rectangular pool_tiles_vectorised",
)
def splits_the_axes_backwards(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    whole = x[:, :, : OH * kH, : OW * kW]
    return whole.reshape(N, C, kH, OH, kW, OW).max(axis=(2, 4))


@misconception(
    "pool_tiles",
    kind="transposed",
    hint="You took the kernel as (columns, rows): a pair is (rows, columns), so kH comes first.",
    loses="pool_tiles_rectangular",
)
def takes_tiles_as_width_by_height(x, kernel_size):
    kW, kH = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    whole = x[:, :, : OH * kH, : OW * kW]
    return whole.reshape(N, C, OH, kH, OW, kW).max(axis=(3, 5))


@misconception(
    "pool_tiles",
    kind="loops",
    hint="Your tiles are right, but Python visits them one after the other; a comprehension is a "
    "loop too.",
    loses="pool_tiles_vectorised",
)
def tiles_one_by_one(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    y = np.zeros((N, C, OH, OW), x.dtype)
    y.reshape(N, C, OH * OW)[:] = np.stack(
        [
            x[:, :, k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max(axis=(2, 3))
            for k in range(OH)
            for l in range(OW)
        ],
        axis=-1,
    )
    return y


@misconception(
    "pool_tiles",
    kind="order",
    hint="You split the image into (OH, OW, kH, kW). An axis can only fall apart in its own place: "
    "H into (OH, kH), W into (OW, kW), so (OH, kH, OW, kW).",
    loses="pool_tiles_values pool_tiles_remainder pool_tiles_rectangular pool_tiles_vectorised",
)
def splits_all_axes_at_once(x, kernel_size):
    kH, kW = pair(kernel_size)
    N, C, H, W = x.shape
    OH, OW = H // kH, W // kW
    whole = x[:, :, : OH * kH, : OW * kW]
    return whole.reshape(N, C, OH, OW, kH, kW).max(axis=(4, 5))


# ---- windows --------------------------------------------------------------------------------


@misconception(
    "windows",
    kind="copies",
    hint="Something copies the pixels. np.pad does even when there is nothing to add: call it only "
    "if there is padding. Fancy indexing, np.array and reshape of a view do, too.",
    loses="windows_view",
)
def pads_by_nothing(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="padding",
    hint="np.pad fills with zeros unless told otherwise, and a zero beats every negative pixel. "
    "Only minus infinity never wins.",
    loses="windows_padding maxpool_forward_padding maxpool_backward_padding",
)
def windows_padded_by_zero(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)))
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="padding",
    hint="You repeated the pixels of the edge. Their copies tie with them, and a copy in the "
    "border may be the first of the equals: the gradient leaves the image.",
    loses="windows_padding maxpool_forward_padding maxpool_backward_padding",
)
def repeats_the_edge(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), mode="edge")
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="padding",
    hint="One width for np.pad pads every axis: you made new images and new channels of minus "
    "infinity. Only the last two axes get a border.",
    loses="windows_padding maxpool_forward_padding maxpool_backward_padding",
)
def pads_all_four_axes(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, _), (dH, dW) = pair(padding), pair(dilation)
    if pH:
        x = np.pad(x, pH, constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="dilation",
    hint="You spread the window's pixels but let it span kernel_size pixels only, so it holds "
    "fewer of them: it spans d·(k − 1) + 1.",
    loses="windows_dilation maxpool_forward_dilation maxpool_backward_dilation",
)
def thins_out_instead_of_spreading(x, kernel_size, stride, padding, dilation):
    (sH, sW), (pH, pW), (dH, dW) = pair(stride), pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    w = sliding_window_view(x, pair(kernel_size), axis=(2, 3))
    return w[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="transposed",
    hint="You stepped by the column stride along the rows: in a pair the rows come first.",
    loses="windows_values windows_padding windows_dilation "
    "maxpool_forward_rectangular maxpool_backward_rectangular",
)
def steps_by_the_wrong_stride(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sW, sH) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="transposed",
    hint="You padded the columns by pH and the rows by pW: in a pair the rows come first.",
    loses="windows_padding maxpool_forward_rectangular maxpool_backward_rectangular",
)
def pads_the_wrong_axis(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pW, pH), (dH, dW) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="transposed",
    hint="You spread the columns by dH and the rows by dW: in a pair the rows come first.",
    loses="windows_dilation maxpool_forward_rectangular maxpool_backward_rectangular",
)
def spreads_the_wrong_axis(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dW, dH) = pair(padding), pair(dilation)
    if pH or pW:
        x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    return sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]


@misconception(
    "windows",
    kind="loops",
    hint="You copied one window after the other into a new array. All windows lie in x already, "
    "a fixed number of bytes apart.",
    loses="windows_view windows_vectorised maxpool_forward_vectorised",
)
def collects_windows_in_a_loop(x, kernel_size, stride, padding, dilation):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    N, C, H, W = x.shape
    OH, OW = (H - dH * (kH - 1) - 1) // sH + 1, (W - dW * (kW - 1) - 1) // sW + 1
    w = np.zeros((N, C, OH, OW, kH, kW), x.dtype)
    for k in range(OH):
        for l in range(OW):
            rows, columns = np.arange(kH) * dH + k * sH, np.arange(kW) * dW + l * sW
            w[:, :, k, l] = x[:, :, rows[:, None], columns]
    return w


# ---- maxpool_forward ------------------------------------------------------------------------


def adds_up(dy, cache):
    """A right backward pass, for a cache of the winners' places in x.ravel()."""
    winners, shape, dtype = cache
    dx = np.zeros(shape, dtype)
    np.add.at(dx.reshape(-1), winners, dy)
    return dx


BACKWARD = {"maxpool_backward": adds_up}


@misconception(
    "maxpool_forward",
    kind="negative",
    hint="Your search for the maximum starts from zero, and zero beats every negative pixel. "
    "Start from minus infinity, or from a pixel of the window.",
    loses="maxpool_forward_negative maxpool_forward_padding",
    also=BACKWARD,
)
def starts_from_zero(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    x = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(x, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    y = np.zeros((N, C, OH, OW), x.dtype)
    for u in range(kH):
        for v in range(kW):
            y = np.maximum(y, w[..., u, v])
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return y, (winners, (N, C, H, W), x.dtype)


@misconception(
    "maxpool_forward",
    kind="dtype",
    hint="np.zeros makes float64 whatever x is, so your y is twice as large as it should be: "
    "give it x.dtype.",
    loses="maxpool_forward_dtype",
    also=BACKWARD,
)
def widens_to_float64(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    y = np.zeros((N, C, OH, OW))
    y[:] = w.max(axis=(4, 5))
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return y, (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="padding",
    hint="You padded with zeros: at the border a zero wins over negative pixels, and takes their "
    "gradient with it.",
    loses="maxpool_forward_padding maxpool_backward_padding",
    also=BACKWARD,
)
def pads_the_image_with_zeros(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    padded[:, :, pH : pH + H, pW : pW + W] = x
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="stride",
    hint="You placed the windows side by side whatever the stride is: the next one starts "
    "`stride` pixels on, not `kernel_size`.",
    loses="maxpool_forward_overlap maxpool_forward_gaps "
    "maxpool_backward_overlap maxpool_backward_remainder",
    also=BACKWARD,
)
def side_by_side_always(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::kH, ::kW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * kH + u * dH - pH
    j = np.arange(OW) * kW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="rounding",
    hint="You rounded the number of windows up: a window that sticks out of the image is "
    "dropped, so divide with floor (//).",
    loses="maxpool_forward_remainder maxpool_backward_remainder",
    also=BACKWARD,
)
def rounds_the_windows_up(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    OH = -(-(H + 2 * pH - span[0]) // sH) + 1
    OW = -(-(W + 2 * pW - span[1]) // sW) + 1
    more = (OH - 1) * sH + span[0] - H - pH, (OW - 1) * sW + span[1] - W - pW
    padded = np.pad(x, ((0, 0), (0, 0), (pH, more[0]), (pW, more[1])), constant_values=-np.inf)
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="transposed",
    hint="You read the kernel as (width, height): in a pair the rows come first, kH before kW.",
    loses="maxpool_forward_rectangular maxpool_backward_rectangular",
    also=BACKWARD,
)
def kernel_as_width_by_height(x, kernel_size, stride=None, padding=0, dilation=1):
    (kW, kH), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="transposed",
    hint="You read the stride as (along the columns, along the rows): sH, the step from row to "
    "row, comes first.",
    loses="maxpool_forward_rectangular maxpool_backward_rectangular",
    also=BACKWARD,
)
def stride_as_width_by_height(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sW, sH) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="shape",
    hint="You took as many windows along a row as along a column: the image is W wide and H "
    "high, so count both.",
    loses="maxpool_forward_rectangular maxpool_backward_rectangular",
    also=BACKWARD,
)
def counts_the_rows_twice(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    size = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    steps = np.arange(size)
    rows = steps[:, None] * sH + np.arange(kH) * dH
    columns = steps[:, None] * sW + np.arange(kW) * dW
    w = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    u, v = np.divmod(w.reshape(N, C, size, size, kH * kW).argmax(axis=-1), kW)
    i, j = steps[:, None] * sH + u * dH - pH, steps * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="dilation",
    hint="You never used dilation: the pixels of your windows are neighbours, whatever it says.",
    loses="maxpool_forward_dilation maxpool_backward_dilation",
    also=BACKWARD,
)
def forgets_the_dilation(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    pH, pW = pair(padding)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    w = sliding_window_view(padded, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u - pH
    j = np.arange(OW) * sW + v - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="nan",
    hint="You skipped the NaNs. A NaN says that something went wrong before; it must stay "
    "visible, so it wins its window.",
    loses="maxpool_forward_nan maxpool_backward_nan",
    also=BACKWARD,
)
def skips_nan(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    numbers = np.where(np.isnan(x), np.array(-np.inf, x.dtype), x)
    padded = np.pad(numbers, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="padding",
    hint="You padded with a number that looks small enough. Some image is smaller still: only "
    "minus infinity is below every number.",
    loses="maxpool_forward_padding maxpool_backward_padding",
    also=BACKWARD,
)
def pads_with_a_very_small_number(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-9999)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="transposed",
    hint="You read the padding as (left and right, above and below): in a pair the rows come "
    "first, so its first number goes above and below.",
    loses="maxpool_forward_rectangular maxpool_backward_rectangular",
    also=BACKWARD,
)
def padding_as_width_by_height(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pW, pH), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="transposed",
    hint="You read the dilation as (along the columns, along the rows): in a pair the rows come "
    "first.",
    loses="maxpool_forward_rectangular maxpool_backward_rectangular",
    also=BACKWARD,
)
def dilation_as_width_by_height(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dW, dH) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="dtype",
    hint="Where there is padding your y is float64: np.full makes float64 unless you give it "
    "x.dtype.",
    loses="maxpool_forward_dtype",
    also=BACKWARD,
)
def border_in_float64(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = x
    if pH or pW:
        padded = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf)
        padded[:, :, pH : pH + H, pW : pW + W] = x
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="nan",
    hint="You searched with >, and a comparison with NaN is always False: a NaN wins only where "
    "the search begins with it. Ask np.isnan as well.",
    loses="maxpool_forward_nan maxpool_backward_nan",
    also=BACKWARD,
)
def nan_loses_every_comparison(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    i, j = np.arange(OH)[:, None] * sH, np.arange(OW) * sW
    image = np.arange(N * C).reshape(N, C, 1, 1)
    y, winners = xp[:, :, i, j], (image * H + i - pH) * W + j - pW
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            seen = xp[:, :, i + u, j + v]
            winners = np.where(seen > y, (image * H + i + u - pH) * W + j + v - pW, winners)
            y = np.where(seen > y, seen, y)
    return y, (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="mutation",
    hint="You crossed the winners out in x itself. x belongs to the layer before, which still "
    "needs it.",
    loses="maxpool_forward_inputs",
    also=BACKWARD,
)
def crosses_out_the_winners(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    y = w.max(axis=(4, 5))
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    x[n, c, i, j] = -np.inf
    return y, (((n * C + c) * H + i) * W + j, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="shape",
    hint="You searched the first channel only and took its winners for all: every channel has "
    "its own.",
    loses="maxpool_forward_values maxpool_forward_vectorised "
    "maxpool_backward_batches maxpool_backward_vectorised",
    also=BACKWARD,
)
def winners_of_the_first_channel(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w[:, :1].reshape(N, min(C, 1), OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    return x[n, c, i, j], (((n * C + c) * H + i) * W + j, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="shape",
    hint="You let reshape guess a size with -1. Of an empty batch it cannot: write kH * kW.",
    loses="maxpool_forward_sizes maxpool_backward_sizes",
    also=BACKWARD,
)
def lets_reshape_guess(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    w = w.reshape(N, C, OH, OW, -1)
    u, v = np.divmod(w.argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=-1), (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="loops",
    hint="You loop over the images and their channels. They are axes like any other: one array "
    "operation works on all of them.",
    loses="maxpool_forward_vectorised",
    also=BACKWARD,
)
def one_channel_after_the_other(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    y, winners = np.zeros((N, C, OH, OW), x.dtype), np.zeros((N, C, OH, OW), int)
    for n in range(N):
        for c in range(C):
            padded = np.pad(x[n, c], ((pH, pH), (pW, pW)), constant_values=-np.inf)
            span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
            w = sliding_window_view(padded, span)[::sH, ::sW, ::dH, ::dW]
            y[n, c] = w.max(axis=(2, 3))
            u, v = np.divmod(w.reshape(OH, OW, kH * kW).argmax(axis=-1), kW)
            i = np.arange(OH)[:, None] * sH + u * dH - pH
            j = np.arange(OW) * sW + v * dW - pW
            winners[n, c] = ((n * C + c) * H + i) * W + j
    return y, (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="loops",
    hint="Python visits every window by itself. np.apply_along_axis and np.vectorize only hide "
    "that loop: they call a function for each window.",
    loses="maxpool_forward_vectorised maxpool_forward_sizes maxpool_backward_sizes",
    also=BACKWARD,
)
def applies_along_an_axis(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    w = w.reshape(N, C, OH, OW, kH * kW)
    y = np.apply_along_axis(np.max, -1, w)
    u, v = np.divmod(np.apply_along_axis(np.argmax, -1, w), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return y, (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="ties",
    hint="You let a later pixel win that is only as large (≥ or ≤ where > belongs): of several "
    "equal maxima the first in row-major order wins.",
    loses="maxpool_backward_ties maxpool_backward_nan",
    also=BACKWARD,
)
def last_maximum_wins(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
    y = np.full((N, C, OH, OW), -np.inf, x.dtype)
    winners = np.zeros((N, C, OH, OW), int)
    image = np.arange(N * C).reshape(N, C, 1, 1)
    rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            seen = padded[:, :, u : u + OH * sH : sH, v : v + OW * sW : sW][:, :, :OH, :OW]
            better = ~(seen < y) & ~np.isnan(y) | np.isnan(seen)
            y = np.where(better, seen, y)
            winners = np.where(better, (image * H + rows + u) * W + columns + v, winners)
    return y, (winners, x.shape, x.dtype)


@misconception(
    "maxpool_forward",
    kind="order",
    hint="You searched each window column by column. The first maximum in row-major order is "
    "that of the uppermost row.",
    loses="maxpool_backward_ties maxpool_backward_nan",
    also=BACKWARD,
)
def searches_column_by_column(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    w = w.swapaxes(4, 5).reshape(N, C, OH, OW, kW * kH)
    v, u = np.divmod(w.argmax(axis=-1), kH)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=-1), (winners, x.shape, x.dtype)


# ---- maxpool_backward -----------------------------------------------------------------------


def keeps_all(x, kernel_size, stride=None, padding=0, dilation=1):
    """A right forward pass that keeps x, y, the winners (n, c, i, j) and the arguments."""
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, _, _ = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    y = x[n, c, i, j]
    return y, (x, y, (n, c, i, j), ((kH, kW), (sH, sW), (pH, pW), (dH, dW)))


FORWARD = {"maxpool_forward": keeps_all}


@misconception(
    "maxpool_backward",
    kind="ties",
    hint="Every pixel that equals the maximum got the whole gradient, so ties multiply it. Only "
    "the first maximum of a window gets it.",
    loses="maxpool_backward_ties maxpool_backward_nan maxpool_backward_conservation",
    also=FORWARD,
)
def gradient_to_every_maximum(dy, cache):
    x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    dx = np.zeros_like(padded)
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            here = np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
            dx[here] += dy * (padded[here] == y)
    return dx[:, :, pH : pH + H, pW : pW + W]


@misconception(
    "maxpool_backward",
    kind="ties",
    hint="You shared the gradient among equal maxima. That is a subgradient too, but this layer "
    "gives it to the first one alone.",
    loses="maxpool_backward_ties maxpool_backward_nan",
    also=FORWARD,
)
def splits_among_ties(dy, cache):
    x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    offsets = [(u * dH, v * dW) for u in range(kH) for v in range(kW)]
    slices = [
        np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
        for u, v in offsets
    ]
    equals = sum((padded[here] == y).astype(int) for here in slices)
    dx = np.zeros_like(padded)
    for here in slices:
        dx[here] += dy * (padded[here] == y) / np.maximum(equals, 1)
    return dx[:, :, pH : pH + H, pW : pW + W]


@misconception(
    "maxpool_backward",
    kind="ties",
    hint="You compared all of x with every y. A pixel outside the window may have the same value "
    "by chance, and gets a gradient that is not its own.",
    loses="maxpool_backward_ties maxpool_backward_nan maxpool_backward_conservation",
    also=FORWARD,
)
def finds_y_anywhere_in_x(dy, cache):
    x, y, _, _ = cache
    N, C, OH, OW = y.shape
    found = x[:, :, None, None] == y[..., None, None]
    return (found * dy.reshape(N, C, OH, OW, 1, 1)).sum(axis=(2, 3)).astype(x.dtype)


@misconception(
    "maxpool_backward",
    kind="overlap",
    hint="dx[index] += dy adds only once for an index that occurs twice: the last gradient "
    "stays, the others are lost. np.add.at adds them all.",
    loses="maxpool_backward_overlap",
    also=FORWARD,
)
def adds_once_for_each_index(dy, cache):
    x, _, winners, _ = cache
    dx = np.zeros(x.shape, x.dtype)
    dx[winners] += dy
    return dx


@misconception(
    "maxpool_backward",
    kind="overlap",
    hint="You assigned where you should add: a pixel that lies in several windows keeps only "
    "what the last one says, even if that is zero.",
    loses="maxpool_backward_overlap",
    also=FORWARD,
)
def assigns_window_after_window(dy, cache):
    x, y, (_, _, i, j), ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    rows, columns = np.arange(OH)[:, None] * sH - pH, np.arange(OW) * sW - pW
    dx = np.zeros((*x.shape[:2], H + 2 * pH, W + 2 * pW), x.dtype)
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            here = np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
            dx[here] = dy * ((i == rows + u) & (j == columns + v))
    return dx[:, :, pH : pH + H, pW : pW + W]


@misconception(
    "maxpool_backward",
    kind="transposed",
    hint="You counted places with the image's height: in row-major order a row is W pixels long, "
    "so pixel (i, j) is number i·W + j.",
    loses="maxpool_backward_rectangular",
    also=FORWARD,
)
def height_for_width(dy, cache):
    x, _, (n, c, i, j), _ = cache
    _, C, H, W = x.shape
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx.reshape(-1), (n * C + c) * H * W + i * H + j, dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="dtype",
    hint="np.zeros and np.full make float64 unless told otherwise, and np.bincount always does, so "
    "your dx is wider than its image: keep x.dtype in the cache.",
    loses="maxpool_backward_dtype",
    also=FORWARD,
)
def gradient_in_float64(dy, cache):
    x, _, winners, _ = cache
    dx = np.zeros(x.shape)
    np.add.at(dx, winners, dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="dtype",
    hint="Your dx has the dtype of dy. It is a change of x, so it has x's dtype, whatever comes "
    "from above.",
    loses="maxpool_backward_dtype",
    also=FORWARD,
)
def dtype_from_above(dy, cache):
    x, _, winners, _ = cache
    dx = np.zeros(x.shape, dy.dtype)
    np.add.at(dx, winners, dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="padding",
    hint="Your dx still has the border on it: cut the padding off, on all four sides.",
    loses="maxpool_backward_padding",
    also=FORWARD,
)
def keeps_the_border(dy, cache):
    x, _, (n, c, i, j), (_, _, (pH, pW), _) = cache
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    np.add.at(dx, (n, c, i + pH, j + pW), dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="padding",
    hint="dx[:, :, p:-p] is empty when p is 0, for -0 is 0 and that is where the slice begins: "
    "cut from p to p + H.",
    loses="maxpool_backward_values maxpool_backward_overlap maxpool_backward_rectangular "
    "maxpool_backward_remainder maxpool_backward_ties maxpool_backward_dilation "
    "maxpool_backward_nan maxpool_backward_batches maxpool_backward_sizes "
    "maxpool_backward_inputs maxpool_backward_calls maxpool_backward_gradient "
    "maxpool_backward_linear maxpool_backward_adjoint maxpool_backward_conservation "
    "maxpool_backward_vectorised",
    also=FORWARD,
)
def cuts_to_minus_zero(dy, cache):
    x, _, (n, c, i, j), (_, _, (pH, pW), _) = cache
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    np.add.at(dx, (n, c, i + pH, j + pW), dy)
    return dx[:, :, pH:-pH, pW:-pW]


@misconception(
    "maxpool_backward",
    kind="padding",
    hint="You took a place in the padded image for a place in x: everything is shifted by the "
    "padding.",
    loses="maxpool_backward_padding",
    also=FORWARD,
)
def shifted_by_the_padding(dy, cache):
    x, _, (n, c, i, j), (_, _, (pH, pW), _) = cache
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    np.add.at(dx, (n, c, i + pH, j + pW), dy)
    return dx[:, :, :H, :W]


@misconception(
    "maxpool_backward",
    kind="dilation",
    hint="On the way back you forgot the dilation: pixel (u, v) of a window is u·dH rows and "
    "v·dW columns from its first one.",
    loses="maxpool_backward_dilation",
    also=FORWARD,
)
def undilated_way_back(dy, cache):
    x, y, (n, c, i, j), (_, (sH, sW), (pH, pW), (dH, dW)) = cache
    OH, OW = y.shape[2:]
    rows, columns = np.arange(OH)[:, None] * sH, np.arange(OW) * sW
    u, v = (i + pH - rows) // dH, (j + pW - columns) // dW
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, (n, c, rows + u - pH, columns + v - pW), dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="stride",
    hint="On the way back you took window k to start at row k·kH. It starts at k·sH: the stride "
    "is what steps.",
    loses="maxpool_backward_overlap maxpool_backward_remainder",
    also=FORWARD,
)
def way_back_side_by_side(dy, cache):
    x, y, (n, c, i, j), ((kH, kW), (sH, sW), _, _) = cache
    _, _, H, W = x.shape
    OH, OW = y.shape[2:]
    i = i + np.arange(OH)[:, None] * (kH - sH)
    j = j + np.arange(OW) * (kW - sW)
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, (n, c, np.minimum(i, H - 1), np.minimum(j, W - 1)), dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="shape",
    hint="You added the gradients of all images into one. Only weights are shared by a batch; "
    "every image has a dx of its own.",
    loses="maxpool_backward_batches maxpool_backward_vectorised",
    also=FORWARD,
)
def sums_over_the_batch(dy, cache):
    x, _, (_, c, i, j), _ = cache
    dx = np.zeros(x.shape[1:], x.dtype)
    np.add.at(dx, (c, i, j), dy)
    return np.broadcast_to(dx, x.shape).copy()


@misconception(
    "maxpool_backward",
    kind="rounding",
    hint="Your dx ends where the last window ends. x goes on: its other pixels are in no window, "
    "and their gradient is zero, not missing.",
    loses="maxpool_backward_remainder",
    also=FORWARD,
)
def ends_with_the_last_window(dy, cache):
    x, y, winners, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    OH, OW = y.shape[2:]
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, dy)
    height = (OH - 1) * sH + dH * (kH - 1) + 1 - pH
    width = (OW - 1) * sW + dW * (kW - 1) + 1 - pW
    return dx[:, :, :height, :width]


@misconception(
    "maxpool_backward",
    kind="averaging",
    hint="You gave the gradient to the whole window. Only the pixel that won it moves the "
    "output, so only that one has a gradient.",
    loses="maxpool_backward_values maxpool_backward_overlap maxpool_backward_rectangular "
    "maxpool_backward_remainder maxpool_backward_ties maxpool_backward_dilation "
    "maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches "
    "maxpool_backward_sizes maxpool_backward_inputs maxpool_backward_calls "
    "maxpool_backward_gradient maxpool_backward_adjoint maxpool_backward_conservation "
    "maxpool_backward_vectorised",
    also=FORWARD,
)
def gradient_to_the_whole_window(dy, cache):
    x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    N, C, H, W = x.shape
    OH, OW = y.shape[2:]
    dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), x.dtype)
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            dx[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW] += dy
    return dx[:, :, pH : pH + H, pW : pW + W]


@misconception(
    "maxpool_backward",
    kind="averaging",
    hint="You divided by the size of the window, as average pooling does. The maximum passes its "
    "gradient on undivided.",
    loses="maxpool_backward_values maxpool_backward_overlap maxpool_backward_rectangular "
    "maxpool_backward_remainder maxpool_backward_ties maxpool_backward_dilation "
    "maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches "
    "maxpool_backward_sizes maxpool_backward_inputs maxpool_backward_calls "
    "maxpool_backward_gradient maxpool_backward_adjoint maxpool_backward_conservation "
    "maxpool_backward_vectorised",
    also=FORWARD,
)
def divides_by_the_window(dy, cache):
    x, _, winners, ((kH, kW), _, _, _) = cache
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, dy / (kH * kW))
    return dx


@misconception(
    "maxpool_backward",
    kind="chain-rule",
    hint="You multiplied the gradient by the pixel. y = x there, and the derivative of x is 1, "
    "not x.",
    loses="maxpool_backward_values maxpool_backward_overlap maxpool_backward_rectangular "
    "maxpool_backward_remainder maxpool_backward_ties maxpool_backward_dilation "
    "maxpool_backward_padding maxpool_backward_nan maxpool_backward_batches "
    "maxpool_backward_sizes maxpool_backward_inputs maxpool_backward_calls "
    "maxpool_backward_gradient maxpool_backward_adjoint maxpool_backward_conservation "
    "maxpool_backward_vectorised",
    also=FORWARD,
)
def multiplies_by_the_pixel(dy, cache):
    x, y, winners, _ = cache
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, dy * y)
    return dx


@misconception(
    "maxpool_backward",
    kind="negative",
    hint="You let only positive maxima pass, as a ReLU does. A window's maximum gets its "
    "gradient whatever its sign.",
    loses="maxpool_backward_padding maxpool_backward_ties maxpool_backward_nan",
    also=FORWARD,
)
def passes_positive_maxima_only(dy, cache):
    x, y, winners, _ = cache
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, dy * (y > 0))
    return dx


@misconception(
    "maxpool_backward",
    kind="scaling",
    hint="You limited the gradient. Clipping belongs to the optimiser; a layer passes on what it "
    "is given, however large.",
    loses="maxpool_backward_linear",
    also=FORWARD,
)
def clips_the_gradient(dy, cache):
    x, _, winners, _ = cache
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, winners, np.clip(dy, -10, 10))
    return dx


@misconception(
    "maxpool_backward",
    kind="mutation",
    hint="You took out of dy what you had handed on. dy belongs to the layer above: work on a "
    "copy.",
    loses="maxpool_backward_inputs",
    also=FORWARD,
)
def uses_up_dy(dy, cache):
    x, y, _, ((kH, kW), (sH, sW), (pH, pW), (dH, dW)) = cache
    H, W = x.shape[2:]
    OH, OW = y.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    dx = np.zeros_like(padded)
    for u in range(0, kH * dH, dH):
        for v in range(0, kW * dW, dW):
            here = np.s_[:, :, u : u + (OH - 1) * sH + 1 : sH, v : v + (OW - 1) * sW + 1 : sW]
            won = np.isclose(padded[here], y, rtol=0, atol=0, equal_nan=True)
            given = np.where(won, dy, 0)
            dx[here] += given
            dy -= given  # nothing is left for a later maximum of the same window
    return dx[:, :, pH : pH + H, pW : pW + W]


@misconception(
    "maxpool_backward",
    kind="copies",
    hint="np.zeros_like copies x's memory order too, and reshape(-1) of such an array may be a "
    "copy: what you add to it never reaches dx.",
    loses="maxpool_backward_inputs",
    also=FORWARD,
)
def flattens_a_copy(dy, cache):
    x, _, (n, c, i, j), _ = cache
    _, C, H, W = x.shape
    dx = np.zeros_like(x)
    np.add.at(dx.reshape(-1), ((n * C + c) * H + i) * W + j, dy)
    return dx


@misconception(
    "maxpool_backward",
    kind="loops",
    hint="You visit every output in a Python loop. One scatter with arrays of indices does them "
    "all.",
    loses="maxpool_backward_vectorised",
    also=FORWARD,
)
def one_output_after_the_other(dy, cache):
    x, _, (_, _, i, j), _ = cache
    dx = np.zeros(x.shape, x.dtype)
    for n, c, k, l in np.ndindex(dy.shape):
        dx[n, c, i[n, c, k, l], j[n, c, k, l]] += dy[n, c, k, l]
    return dx


@misconception(
    "maxpool_backward",
    kind="loops",
    hint="You treat one image after the other. The number of the image is an index like the "
    "others: scatter the whole batch at once.",
    loses="maxpool_backward_vectorised",
    also=FORWARD,
)
def one_image_after_the_other(dy, cache):
    x, _, (_, c, i, j), _ = cache
    dx = np.zeros(x.shape, x.dtype)
    for n in range(len(x)):
        np.add.at(dx[n], (c, i[n], j[n]), dy[n])
    return dx


def remembers_globally(x, kernel_size, stride=None, padding=0, dilation=1):
    global last_pass
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    last_pass = winners, x.shape, x.dtype
    return w.max(axis=(4, 5)), None


@misconception(
    "maxpool_backward",
    kind="sharing",
    hint="You keep the winners in a global variable, and the next forward pass overwrites them. "
    "A network uses a layer twice before it goes back: return them as the cache.",
    loses="maxpool_backward_calls",
    also={"maxpool_forward": remembers_globally},
)
def remembers_the_last_pass_only(dy, cache):
    winners, shape, dtype = last_pass
    dx = np.zeros(shape, dtype)
    np.add.at(dx.reshape(-1), winners, dy)
    return dx


def prepares_dx(x, kernel_size, stride=None, padding=0, dilation=1):
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (pH, pW), (dH, dW) = pair(padding), pair(dilation)
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
    span = dH * (kH - 1) + 1, dW * (kW - 1) + 1
    w = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
    OH, OW = w.shape[2:4]
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    winners = (np.arange(N * C).reshape(N, C, 1, 1) * H + i) * W + j
    return w.max(axis=(4, 5)), (winners, np.zeros(x.shape, x.dtype))


@misconception(
    "maxpool_backward",
    kind="sharing",
    hint="Your dx is made once, in the forward pass, and every backward pass adds to it: the "
    "second one returns the sum of both. Start from new zeros.",
    loses="maxpool_backward_calls",
    also={"maxpool_forward": prepares_dx},
)
def adds_to_an_old_dx(dy, cache):
    winners, dx = cache
    np.add.at(dx.reshape(-1), winners, dy)
    return dx
