"""Wrong answers of chapter 1."""

import numpy as np

from poolkit import spec

from ._registry import misconception

# ---- window ---------------------------------------------------------------------------------


@misconception(
    "window",
    kind="transposed",
    hint="Your pairs put the column before the row. An array is indexed x[i, j], so write the row "
    "i first.",
    loses="window_coordinates",
)
def x_before_y(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    return np.array([(l * sW + v, k * sH + u) for u in range(kH) for v in range(kW)])


@misconception(
    "window",
    kind="transposed",
    hint="You multiplied l by the row stride and k by the column stride: in output (k, l), k is "
    "the row.",
    loses="window_coordinates",
)
def output_column_first(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    return np.array([(l * sH + u, k * sW + v) for u in range(kH) for v in range(kW)])


@misconception(
    "window",
    kind="dtype",
    hint="Your pixels are right, but they are floats: an array made by np.zeros holds floats "
    "unless you ask for dtype=int, and floats cannot index an array.",
    loses="window_coordinates",
)
def coordinates_as_floats(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    pixels = np.zeros((kH * kW, 2))
    for u in range(kH):
        for v in range(kW):
            pixels[u * kW + v] = k * sH + u, l * sW + v
    return pixels


@misconception(
    "window",
    kind="order",
    hint="You listed the window column by column. In row-major order the column changes fastest, "
    "so the loop over columns is the inner one.",
    loses="window_order",
)
def column_by_column(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    return np.array([(k * sH + u, l * sW + v) for v in range(kW) for u in range(kH)])


@misconception(
    "window",
    kind="stride",
    hint="Your window starts at pixel (k, l) itself. Output (k, l) is k steps down and l steps to "
    "the right, and a step is `stride` pixels long.",
    loses="window_coordinates window_stride window_rectangular",
)
def starts_at_the_output(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    return np.array([(k + u, l + v) for u in range(kH) for v in range(kW)])


@misconception(
    "window",
    kind="stride",
    hint="You stepped by the window's size. Windows lie side by side only if the stride equals "
    "kernel_size; in general they start every `stride` pixels.",
    loses="window_stride",
)
def steps_by_the_kernel(k, l, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    return np.array([(k * kH + u, l * kW + v) for u in range(kH) for v in range(kW)])


@misconception(
    "window",
    kind="transposed",
    hint="You took the pairs as (width, height). As in every shape here, rows come first: "
    "(height, width).",
    loses="window_rectangular",
)
def width_before_height(k, l, kernel_size, stride):
    kW, kH = spec.pair(kernel_size)
    sW, sH = spec.pair(stride)
    return np.array([(k * sH + u, l * sW + v) for u in range(kH) for v in range(kW)])


# ---- output_size ----------------------------------------------------------------------------


@misconception(
    "output_size",
    kind="sharing",
    hint="You counted the steps between windows. There is one window more than steps, as there is "
    "one fence post more than gaps.",
    loses="output_size_values output_size_remainder",
)
def forgets_the_first_window(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - span) // stride


@misconception(
    "output_size",
    kind="dtype",
    hint="The number is right, but it is a float, and a shape needs an int: np.floor returns "
    "floats, // between ints returns an int.",
    loses="output_size_values",
)
def returns_a_float(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return np.floor((size + 2 * padding - span) / stride) + 1


@misconception(
    "output_size",
    kind="rounding",
    hint="You divided with / and kept the fraction: half a step is no step, so round down, and "
    "the number of windows is an int.",
    loses="output_size_values output_size_remainder",
)
def keeps_the_fraction(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - span) / stride + 1


@misconception(
    "output_size",
    kind="rounding",
    hint="You rounded up: a window that sticks out of the image is dropped, so round down.",
    loses="output_size_remainder",
)
def rounds_up(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return -(-(size + 2 * padding - span) // stride) + 1


@misconception(
    "output_size",
    kind="rounding",
    hint="You rounded to the nearest whole number. Even a window that lacks only one pixel is "
    "dropped: round down.",
    loses="output_size_remainder",
)
def rounds_to_nearest(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return round((size + 2 * padding - span) / stride) + 1


@misconception(
    "output_size",
    kind="padding",
    hint="You counted the padding once, but it is added at both ends of the axis.",
    loses="output_size_padding",
)
def pads_one_end(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (size + padding - span) // stride + 1


@misconception(
    "output_size",
    kind="dilation",
    hint="You multiplied the whole window by the dilation. Between k pixels there are only k − 1 "
    "steps, and each becomes `dilation` pixels long.",
    loses="output_size_dilation",
)
def dilates_every_pixel(size, kernel_size, stride, padding=0, dilation=1):
    return (size + 2 * padding - dilation * kernel_size) // stride + 1


@misconception(
    "output_size",
    kind="dilation",
    hint="You multiplied the padding by the dilation. Padding belongs to the image and stays as "
    "it is; only the window is spread.",
    loses="output_size_dilation",
)
def dilates_the_padding(size, kernel_size, stride, padding=0, dilation=1):
    return (size + dilation * (2 * padding - (kernel_size - 1)) - 1) // stride + 1


# ---- pool_loops -----------------------------------------------------------------------------


@misconception(
    "pool_loops",
    kind="negative",
    hint="You started the search at 0, so in a window of negative values the 0 wins, which is no "
    "pixel at all. Start from a pixel of the window, or from minus infinity.",
    loses="pool_loops_negative",
)
def starts_at_zero(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            for i in range(k * sH, k * sH + kH):
                for j in range(l * sW, l * sW + kW):
                    y[k, l] = max(y[k, l], x[i, j])
    return y


@misconception(
    "pool_loops",
    kind="negative",
    hint="You started the search at a number that seemed small enough, and a window lies below "
    "it. Only minus infinity, or a pixel of the window, is safe.",
    loses="pool_loops_negative",
)
def starts_at_minus_a_million(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.full(((H - kH) // sH + 1, (W - kW) // sW + 1), -1e6)
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            for value in x[k * sH : k * sH + kH, l * sW : l * sW + kW].ravel():
                y[k, l] = max(y[k, l], value)
    return y


@misconception(
    "pool_loops",
    kind="negative",
    hint="You took the largest magnitude. The maximum respects the sign: −1 is larger than −7.",
    loses="pool_loops_negative",
)
def takes_the_largest_magnitude(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            values = x[k * sH : k * sH + kH, l * sW : l * sW + kW].ravel()
            y[k, l] = values[np.argmax(np.abs(values))]
    return y


@misconception(
    "pool_loops",
    kind="averaging",
    hint="You averaged the window. That is average pooling; max pooling keeps one value and "
    "forgets the rest.",
    loses="pool_loops_values pool_loops_overlap pool_loops_remainder pool_loops_rectangular "
    "pool_loops_negative",
)
def takes_the_mean(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].mean()
    return y


@misconception(
    "pool_loops",
    kind="dtype",
    hint="Your y holds ints, so 3.5 became 3 on its way in. Give y the dtype of x.",
    loses="pool_loops_values",
)
def cuts_off_decimals(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1), dtype=int)
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
    return y


@misconception(
    "pool_loops",
    kind="stride",
    hint="You cut the image into tiles: your windows step by kernel_size, and the stride plays no "
    "part.",
    loses="pool_loops_overlap",
)
def cuts_into_tiles(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    H, W = x.shape
    y = np.zeros((H // kH, W // kW))
    for k in range(H // kH):
        for l in range(W // kW):
            y[k, l] = x[k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max()
    return y


@misconception(
    "pool_loops",
    kind="sharing",
    hint="Your last window is missing. range stops before its end, so the last start, H − kH, "
    "needs an end of H − kH + 1.",
    loses="pool_loops_values pool_loops_overlap pool_loops_rectangular",
)
def misses_the_last_window(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    rows, columns = range(0, H - kH, sH), range(0, W - kW, sW)
    y = np.zeros((len(rows), len(columns)))
    for k, i in enumerate(rows):
        for l, j in enumerate(columns):
            y[k, l] = x[i : i + kH, j : j + kW].max()
    return y


@misconception(
    "pool_loops",
    kind="rounding",
    hint="You kept an incomplete window at the edge. Only whole windows count: what is left over "
    "after the last of them is seen by no output.",
    loses="pool_loops_remainder",
)
def keeps_the_partial_window(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    OH = int(np.ceil((H - kH) / sH)) + 1
    OW = int(np.ceil((W - kW) / sW)) + 1
    y = np.zeros((OH, OW))
    for k in range(OH):
        for l in range(OW):
            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
    return y


@misconception(
    "pool_loops",
    kind="rounding",
    hint="You started a window at every step up to the edge. A slice beyond the edge is silently "
    "cut short, so these windows are incomplete; they do not belong to the output.",
    loses="pool_loops_overlap pool_loops_remainder",
)
def starts_up_to_the_edge(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H, W = x.shape
    rows, columns = range(0, H, sH), range(0, W, sW)
    y = np.zeros((len(rows), len(columns)))
    for k, i in enumerate(rows):
        for l, j in enumerate(columns):
            y[k, l] = x[i : i + kH, j : j + kW].max()
    return y


@misconception(
    "pool_loops",
    kind="transposed",
    hint="You took the pairs as (width, height). As in every shape here, rows come first: "
    "(height, width).",
    loses="pool_loops_rectangular",
)
def pools_wide_for_high(x, kernel_size, stride):
    kW, kH = spec.pair(kernel_size)
    sW, sH = spec.pair(stride)
    H, W = x.shape
    y = np.zeros(((H - kH) // sH + 1, (W - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            y[k, l] = x[k * sH : k * sH + kH, l * sW : l * sW + kW].max()
    return y


@misconception(
    "pool_loops",
    kind="transposed",
    hint="You took the image to be square: the number of output columns comes from W, not from H.",
    loses="pool_loops_rectangular",
)
def square_images_only(x, kernel_size, stride):
    kH, kW = spec.pair(kernel_size)
    sH, sW = spec.pair(stride)
    H = x.shape[0]
    y = np.zeros(((H - kH) // sH + 1, (H - kW) // sW + 1))
    for k in range(y.shape[0]):
        for l in range(y.shape[1]):
            values = x[k * sH : k * sH + kH, l * sW : l * sW + kW]
            y[k, l] = values.max() if values.size else 0
    return y
