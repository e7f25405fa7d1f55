"""Max pooling as plain loops: the specification that the vectorised layer must equal.

Nothing here is fast and nothing is hidden. Names and meaning are those of
``torch.nn.MaxPool2d``: images are N×C×H×W, padding is minus infinity, a NaN wins its
window, and of several equal maxima the first in row-major order gets the gradient.
"""

import math

import numpy as np

from .kit.specification import no_answer


def pair(value, name="value"):
    """Return ``value`` as two ints (rows, columns); an int stands for both.

    Raises ValueError, naming ``name``, if it is neither an int nor two ints.
    """
    values = value if isinstance(value, (tuple, list)) else (value, value)
    integers = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values)
    if len(values) != 2 or not integers:
        raise ValueError(f"{name} is {value!r}; give an int or a pair of ints (rows, columns)")
    return int(values[0]), int(values[1])


def arguments(x, kernel_size, stride=None, padding=0, dilation=1):
    """Check a layer's arguments; return them as four pairs (rows, columns).

    x            image batch, shape (N, C, H, W)
    kernel_size  the window's height and width in pixels, ≥ 1
    stride       the step between windows, ≥ 1; None means ``kernel_size``
    padding      minus infinity added on every side, 0 ≤ padding ≤ ((kernel_size-1)·dilation+1)/2
    dilation     the step between a window's pixels, ≥ 1

    Raises ValueError with one line: what, where, what to do.
    """
    if np.ndim(x) != 4:
        raise ValueError(f"x has shape {np.shape(x)}; give a batch of images, shape (N, C, H, W)")
    kernel_size = pair(kernel_size, "kernel_size")
    stride = kernel_size if stride is None else pair(stride, "stride")
    padding, dilation = pair(padding, "padding"), pair(dilation, "dilation")
    for name, values, least in (
        ("kernel_size", kernel_size, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(values) < least:
            raise ValueError(f"{name} is {values}; both must be at least {least}")
    for axis, letter in enumerate("HW"):
        span = dilation[axis] * (kernel_size[axis] - 1) + 1
        if 2 * padding[axis] > span:
            raise ValueError(
                f"padding {padding[axis]} along {letter} is more than half of the window's span "
                f"{span}; use at most {span // 2}, or some window would see no pixel"
            )
        size = np.shape(x)[2 + axis] + 2 * padding[axis]
        if span > size:
            raise ValueError(
                f"a window spans {span} pixels along {letter}, but the padded image has {size}; "
                "use a smaller kernel_size or dilation, or a larger image"
            )
    return kernel_size, stride, padding, dilation


def covered(k, l, shape, kernel_size, stride, padding=(0, 0), dilation=(1, 1)):
    """List Ω(k, l), the pixels (i, j) inside an H×W image that output (k, l) sees, row by row."""
    H, W = shape
    rows = [k * stride[0] - padding[0] + u * dilation[0] for u in range(kernel_size[0])]
    columns = [l * stride[1] - padding[1] + v * dilation[1] for v in range(kernel_size[1])]
    return [(i, j) for i in rows for j in columns if 0 <= i < H and 0 <= j < W]


def lowest(dtype):
    """Return what no pixel is smaller than: minus infinity, or the smallest integer."""
    if dtype.kind == "f":
        return -np.inf
    return np.iinfo(dtype).min if dtype.kind in "iu" else False


def winners(x, kernel_size, stride=None, padding=0, dilation=1):
    """Map every output (n, c, k, l) to the pixel (i, j) that it takes its value from."""
    x = np.asarray(x)
    kernel_size, stride, padding, dilation = arguments(x, kernel_size, stride, padding, dilation)
    N, C, H, W = x.shape
    # a window starts every `stride` rows, as long as its last row is still inside
    OH = len(range(0, H + 2 * padding[0] - dilation[0] * (kernel_size[0] - 1), stride[0]))
    OW = len(range(0, W + 2 * padding[1] - dilation[1] * (kernel_size[1] - 1), stride[1]))
    chosen = {}
    for n, c, k, l in np.ndindex(N, C, OH, OW):
        image, best = x[n, c], None
        for i, j in covered(k, l, (H, W), kernel_size, stride, padding, dilation):
            if best is None:
                best = i, j
            elif math.isnan(image[best]):
                break  # nothing beats a NaN, not even a later one
            elif math.isnan(image[i, j]) or image[i, j] > image[best]:
                best = i, j  # strictly greater: the first of equals stays
        if best is not None:  # a dilated window can step over a small image
            chosen[n, c, k, l] = best
    return chosen, (N, C, OH, OW)


def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    """f_kl(x) = max of x_ij over (i, j) in Ω(k, l), for every image n and channel c.

    Returns (y, cache): y of shape (N, C, OH, OW) and x's dtype.
    """
    x = np.asarray(x)
    chosen, shape = winners(x, kernel_size, stride, padding, dilation)
    y = np.full(shape, lowest(x.dtype), x.dtype)
    for (n, c, k, l), (i, j) in chosen.items():
        y[n, c, k, l] = x[n, c, i, j]
    return y, (chosen, x.shape, x.dtype)


def maxpool_backward(dy, cache):
    """dx_ij = the sum of dy_kl over the windows (k, l) that chose x_ij.

    Returns dx of x's shape and dtype.
    """
    chosen, shape, dtype = cache
    dx = np.zeros(shape, dtype)
    for (n, c, k, l), (i, j) in chosen.items():
        dx[n, c, i, j] += dy[n, c, k, l]
    return dx


# while a test asks these are no answer
winners, maxpool_backward = map(no_answer, (winners, maxpool_backward))
maxpool_forward = no_answer(maxpool_forward, says_how=False)  # its y does not say which pixel won
