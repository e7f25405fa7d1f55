"""Max pooling, forward and backward, vectorised: the answer that hidden tests compare with.

Arguments, names and meaning are those of ``torch.nn.functional.max_pool2d``:

    y[n,c,k,l]  = the maximum over (u, v) of x[n, c, k·s − p + u·d, l·s − p + v·d]
    dx[n,c,i,j] = the sum of dy[n,c,k,l] over the windows (k, l) that took their value from (i, j)

- Padding is minus infinity and never wins: a window of −∞ (or of the smallest integer) is won by a
  pixel. A window that sees no pixel at all is −∞, the maximum of nothing, and sends no gradient.
- Of several equal maxima the first in row-major order wins.
- A NaN wins its window. Of several NaNs the first gets the gradient; PyTorch takes the last.

Nothing is padded or unfolded: for each offset (u, v) two slices pair the outputs with the pixels
that they see there. Python's loops run over offsets and over blocks that fit a core's cache.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

BLOCK = 1 << 18  # bytes; a block and what is computed from it stay in the second-level cache
_LAYERS = 128  # layers and sizes of images whose windows are remembered


def output_size(size, kernel_size, stride, padding=0, dilation=1, ceil_mode=False):
    """Count the windows along one axis.

    ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1. With ``ceil_mode`` the
    quotient is rounded up, and a last window that would start in the padding behind the image is
    dropped.

    Every argument is one int, in pixels. Returns an int, 0 if no window fits.
    Raises ValueError with one line: what, where, what to do.
    """
    size = _pair("size", size, 0)[0]
    (k, _), (s, _), (p, _), (d, _) = _layer(kernel_size, stride, padding, dilation)
    room = size + 2 * p - d * (k - 1) - 1
    count = (room + (s - 1 if ceil_mode else 0)) // s + 1
    if ceil_mode and (count - 1) * s >= size + p:
        count -= 1
    return max(count, 0)


def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Take the maximum of every window.

    x            images, shape (N, C, H, W): bool, integers or floats; N and C may be 0
    kernel_size  the window's size in pixels, an int or a pair (rows, columns), ≥ 1
    stride       the step between windows, ≥ 1; None means ``kernel_size``
    padding      pixels of −∞ on every side, 0 ≤ 2·padding ≤ dilation·(kernel_size − 1) + 1
    dilation     the step between a window's pixels, ≥ 1
    ceil_mode    keep a last window that reaches over the end, if it starts before it

    Returns (y, cache): y of shape (N, C, OH, OW) and x's dtype. The cache is for
    ``maxpool_backward``; it holds neither x nor y, so both may be overwritten before.
    Raises ValueError or TypeError with one line: what, where, what to do.
    """
    x = np.asarray(x)
    rows, columns = axes = _axes(x, kernel_size, stride, padding, dilation, ceil_mode)
    N, C, H, W = x.shape
    offsets = rows.kernel_size * columns.kernel_size
    y = np.empty((N * C, rows.outputs, columns.outputs), x.dtype)
    first = np.empty(y.shape, np.min_scalar_type(offsets))
    images = x.reshape(N * C, H, W)  # copies if x's memory is in another order
    for block in _blocks(N * C, H * W * x.itemsize):
        _maximum(images[block], axes, out=y[block])
        _first_winner(images[block], y[block], axes, out=first[block])
    return y.reshape(N, C, *y.shape[1:]), Cache(first, axes, x.shape, x.dtype)


@np.errstate(over="ignore", invalid="ignore")  # sums of gradients may be ±inf or NaN, as PyTorch's
def maxpool_backward(dy, cache):
    """Send every dy[n,c,k,l] to the pixel that output (n, c, k, l) took its value from.

    dy     upstream gradient, of y's shape; integers if x has integers
    cache  what ``maxpool_forward`` returned beside y

    Returns dx of x's shape and dtype. Raises ValueError or TypeError with one line.
    """
    dy = _upstream(dy, cache)
    rows, columns = cache.axes
    (N, C, H, W), OW = cache.shape, columns.outputs
    dx = np.zeros(cache.shape, cache.dtype)
    # In dx.ravel(), pixel (i, j) of image m has the index (m·H + i)·W + j,
    # and it is (i, j) = (k·s − p + u·d, l·s − p + v·d) = start + offset.
    top = (np.arange(N * C)[:, None] * H + rows.starts).reshape(-1, 1) * W  # one for each row of y
    left = columns.starts
    offset = np.add.outer(rows.offsets * W, columns.offsets).ravel()  # of (u, v), row-major
    offset = np.append(offset, 0)  # after the last (u, v): the window saw no pixel
    first, dy = cache.first.reshape(-1, OW), dy.reshape(-1, OW)
    for block in _blocks(len(dy), OW * offset.itemsize):
        winner = top[block] + left
        winner += offset.take(first[block], mode="clip")  # as offset[first], without a range check
        winner, message = winner.ravel(), dy[block].ravel()
        saw = first[block].ravel() < len(offset) - 1
        if not saw.all():
            winner, message = winner[saw], message[saw]
        np.add.at(dx.reshape(-1), winner, message)  # windows that share a pixel add up
    return dx


@dataclass(frozen=True)
class Axis:
    """The windows along rows or columns: output k sees pixel k·s − p + u·d at its offset u."""

    size: int
    kernel_size: int
    stride: int
    padding: int
    dilation: int
    outputs: int

    @property
    def starts(self):
        return np.arange(self.outputs) * self.stride - self.padding  # k·s − p

    @property
    def offsets(self):
        return np.arange(self.kernel_size) * self.dilation  # u·d

    def seen(self):
        """Return for each offset u two slices: the outputs that see a pixel there, the pixels."""
        slices = []
        for start in (int(offset) - self.padding for offset in self.offsets):
            # 0 ≤ k·s + start < size  ⇔  ⌈−start/s⌉ ≤ k < ⌈(size − start)/s⌉;  ⌈a/s⌉ = −⌊−a/s⌋
            low = max(0, -(start // self.stride))
            high = max(low, min(self.outputs, -((start - self.size) // self.stride)))
            pixels = (low * self.stride + start, high * self.stride + start, self.stride)
            slices.append((slice(low, high), slice(*pixels) if low < high else slice(0)))
        return slices


@dataclass(frozen=True, eq=False)
class Cache:
    """What the backward pass needs, one small integer for each output.

    first  which offset won, u·kW + v, shape (N·C, OH, OW); kH·kW if the window saw no pixel
    axes   the Axis of rows and the Axis of columns
    shape  x's shape
    dtype  x's dtype
    """

    first: np.ndarray
    axes: tuple
    shape: tuple
    dtype: np.dtype


@lru_cache(_LAYERS)
def _seen(axes):
    """Return for each offset (u, v), row-major: the outputs that see a pixel there, the pixels."""
    return tuple(
        (np.s_[:, k, l], np.s_[:, i, j])
        for (k, i), (l, j) in product(axes[0].seen(), axes[1].seen())
    )


def _maximum(images, axes, out):
    """Let every output's maximum run from −∞ over its window's offsets; a NaN stays."""
    out.fill(_lowest(out.dtype))
    for outputs, pixels in _seen(axes):
        np.maximum(out[outputs], images[pixels], out=out[outputs])


def _first_winner(images, y, axes, out):
    """Count for every output the offsets before the first one whose pixel is the maximum y."""
    missed = np.ones(y.shape, bool)  # no pixel so far was the maximum
    nans = y.dtype.kind == "f" and np.isnan(y).any()
    out.fill(0)
    for outputs, pixels in _seen(axes):
        differs = images[pixels] != y[outputs]
        if nans:
            differs &= ~np.isnan(images[pixels])  # a NaN is its window's maximum and equals nothing
        missed[outputs] &= differs
        out += missed


def _lowest(dtype):
    """Return the identity of the maximum: −∞, the smallest integer, False."""
    if dtype.kind == "f":
        return -np.inf
    return np.iinfo(dtype).min if dtype.kind in "iu" else False


def _blocks(count, itemsize):
    """Cut ``count`` items of ``itemsize`` bytes into slices of about ``BLOCK`` bytes."""
    step = max(1, BLOCK // max(1, itemsize))
    for start in range(0, count, step):
        yield slice(start, start + step)


def _pair(name, value, least):
    """Return ``value``, an int or two, as two Python ints."""
    if type(value) is int and value >= least:
        return value, value
    values = value if isinstance(value, (tuple, list)) else (value, value)
    whole = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values)
    if len(values) != 2 or not whole or min(values) < least:
        raise ValueError(
            f"{name} is {value!r}; give an int or a pair of ints (rows, columns), at least {least}"
        )
    return tuple(map(int, values))


def _layer(kernel_size, stride, padding, dilation):
    """Check the layer's arguments; return four pairs."""
    return (
        _pair("kernel_size", kernel_size, 1),
        _pair("stride", kernel_size if stride is None else stride, 1),
        _pair("padding", padding, 0),
        _pair("dilation", dilation, 1),
    )


def _axes(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Check the arguments of a forward pass; return the Axis of rows and the Axis of columns."""
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x has dtype {x.dtype}; give bool, integers or real floats")
    if x.ndim != 4:
        raise ValueError(f"x has shape {x.shape}; give a batch of images, shape (N, C, H, W)")
    return _windows(x.shape[2:], _layer(kernel_size, stride, padding, dilation), ceil_mode)


@lru_cache(_LAYERS)
def _windows(sizes, layer, ceil_mode):
    """Return the Axis of rows and the Axis of columns of images of these sizes (H, W).

    layer  four pairs of ints, as `_layer` returns them
    """
    axes = []
    for letter, size, k, s, p, d in zip("HW", sizes, *layer, strict=True):
        span = d * (k - 1) + 1
        if 2 * p > span:
            raise ValueError(
                f"padding is {p} along {letter}, more than half of the window's span of {span}; "
                f"give at most {span // 2}"
            )
        outputs = output_size(size, k, s, p, d, ceil_mode)
        if outputs == 0:
            raise ValueError(
                f"no window fits along {letter}: it spans {span} pixels, the padded image has "
                f"{size + 2 * p}; give a smaller kernel_size or dilation, or a larger image"
            )
        axes.append(Axis(size, k, s, p, d, outputs))
    return tuple(axes)


def _upstream(dy, cache):
    """Check dy against the forward pass that it belongs to; return it in x's dtype."""
    if not isinstance(cache, Cache):
        raise TypeError(
            f"cache is a {type(cache).__name__}; give what maxpool_forward returned beside y"
        )
    dy = np.asarray(dy)
    expected = cache.shape[:2] + cache.first.shape[1:]
    if dy.shape != expected:
        raise ValueError(f"dy has shape {dy.shape}; give the shape of y, {expected}")
    if not np.can_cast(dy.dtype, cache.dtype, "same_kind"):
        raise TypeError(f"dy has dtype {dy.dtype}; convert it to x's, {cache.dtype}")
    return dy.astype(cache.dtype, copy=False)
