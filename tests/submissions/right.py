"""Right answers to all chapters in the many styles that people write, and one that is slow.

Each is a function whose body is what stands in the notebook: a task's function, with the helpers
above it in the same cell. Its argument, if it has one, is a task that it leaves to the solution.
``WINDOWS[name]`` (chapter 1), ``JACOBIAN[name]`` (chapter 2), ``RIGHT[name]``, ``LOOPS`` and
``LAWS[name]`` (chapter 3) and ``NETWORK[name]`` (chapter 4) are {task: source of its cell}.
"""

import ast
import inspect
import itertools
import math
import textwrap
from collections import namedtuple
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from poolkit import spec
from poolkit.spec import pair

WINDOW_TASKS = ("window", "output_size", "pool_loops")
JACOBIAN_TASKS = (
    "local_derivative",
    "jacobian",
    "backward_message",
    "numerical_jacobian",
    "one_sided",
    "is_subgradient",
)
TASKS = ("pool_tiles", "windows", "maxpool_forward", "maxpool_backward")
LAW_TASKS = ("adjoint_gap", "conserves")
NETWORK_TASKS = (
    "pooling",
    "relu_backward",
    "conv_backward",
    "cross_entropy",
    "network_backward",
    "sgd_step",
)
# what these bodies use beyond the notebook's own setup cell; a student would import it, too
IMPORTS = {
    "as_strided": "from numpy.lib.stride_tricks import as_strided",
    "sliding_window_view": "from numpy.lib.stride_tricks import sliding_window_view",
    "namedtuple": "from collections import namedtuple",
    "dataclass": "from dataclasses import dataclass",
    "reduce(through": "from functools import reduce",
    "itertools.": "import itertools",
    "math.": "import math",
}
WINDOWS, JACOBIAN, RIGHT, LAWS, NETWORK = {}, {}, {}, {}, {}


def cells(function, tasks=TASKS):
    """Return {task: source}: the body of ``function``, cut after each task's function."""
    source = textwrap.dedent(inspect.getsource(function))
    lines = source.splitlines()
    definition = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    found, start = {}, definition.body[0].end_lineno  # behind the docstring
    for node in definition.body[1:]:
        if getattr(node, "name", None) in tasks:
            text = textwrap.dedent("\n".join(lines[start : node.end_lineno])).strip("\n")
            imports = [line for name, line in IMPORTS.items() if name in text]
            found[node.name] = "\n".join([*imports, text]) + "\n"
            start = node.end_lineno
    return found


def right(function):
    RIGHT[function.__name__.replace("_", "-")] = cells(function)
    return function


def right_network(function):
    NETWORK[function.__name__.replace("_", "-")] = cells(function, NETWORK_TASKS)
    return function


def right_windows(function):
    WINDOWS[function.__name__.replace("_", "-")] = cells(function, WINDOW_TASKS)
    return function


def right_laws(function):
    LAWS[function.__name__.replace("_", "-")] = cells(function, LAW_TASKS)
    return function


def right_jacobian(function):
    JACOBIAN[function.__name__.replace("_", "-")] = cells(function, JACOBIAN_TASKS)
    return function


# ---- chapter 1 ------------------------------------------------------------------------------


@right_windows
def ranges_and_comprehensions():
    """Lists of tuples made into an array at the end; the windows counted one by one."""

    def window(k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        rows, columns = range(k * sH, k * sH + kH), range(l * sW, l * sW + kW)
        return np.array(list(itertools.product(rows, columns)))

    def output_size(size, kernel_size, stride, padding=0, dilation=1):
        return len(range(-padding, size + padding - dilation * (kernel_size - 1), stride))

    def pool_loops(x, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        rows = x.tolist()
        return np.array(
            [
                [max(max(row[j : j + kW]) for row in rows[i : i + kH]) for j in columns]
                for columns in [range(0, len(rows[0]) - kW + 1, sW)]
                for i in range(0, len(rows) - kH + 1, sH)
            ]
        )


@right_windows
def index_arrays_and_a_view():
    """No loop at all: the pixels by mgrid, the windows by sliding_window_view."""

    def window(k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        return np.mgrid[k * sH : k * sH + kH, l * sW : l * sW + kW].reshape(2, -1).T

    def output_size(size, kernel_size, stride, padding=0, dilation=1):
        axis = sliding_window_view(np.empty(size + 2 * padding), dilation * (kernel_size - 1) + 1)
        return axis[::stride].shape[0]

    def pool_loops(x, kernel_size, stride):
        sH, sW = spec.pair(stride)
        return sliding_window_view(x, spec.pair(kernel_size))[::sH, ::sW].max(axis=(2, 3))


@right_windows
def one_task_builds_on_the_others():
    """Each pixel of Ω by divmod; floor of a quotient; the layer asks the two functions above."""

    def window(k, l, kernel_size, stride):
        (kH, kW), corner = spec.pair(kernel_size), np.multiply((k, l), spec.pair(stride))
        out = np.zeros((kH * kW, 2), dtype=np.int32)
        for n in range(kH * kW):
            out[n] = corner + divmod(n, kW)
        return out

    def output_size(size, kernel_size, stride, padding=0, dilation=1):
        span = (kernel_size - 1) * dilation + 1
        return math.floor((size + 2 * padding - span) / stride) + 1

    def pool_loops(x, kernel_size, stride):
        kernel, step = spec.pair(kernel_size), spec.pair(stride)
        shape = [output_size(n, k, s) for n, k, s in zip(x.shape, kernel, step, strict=True)]
        y = np.full(shape, -np.inf)
        for k, l in np.ndindex(*shape):
            for i, j in window(k, l, kernel, step):
                if x[i, j] > y[k, l]:
                    y[k, l] = x[i, j]
        return y


@right_windows
def recursion_and_arrays_of_other_kinds():
    """A masked array that masks nothing, an unsigned count, a matrix."""

    def window(k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)

        def rows(u):
            return [] if u == kH else [[k * sH + u, l * sW + v] for v in range(kW)] + rows(u + 1)

        return np.ma.array(rows(0))

    def output_size(size, kernel_size, stride, padding=0, dilation=1):
        count, start = np.uint16(0), -padding
        while start + dilation * (kernel_size - 1) < size + padding:
            count, start = count + np.uint16(1), start + stride
        return count

    def pool_loops(x, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        H, W = x.shape
        rows = [x[i : i + kH].max(axis=0) for i in range(0, H - kH + 1, sH)]
        return np.matrix([[r[j : j + kW].max() for j in range(0, W - kW + 1, sW)] for r in rows])


# ---- chapter 2 ------------------------------------------------------------------------------


@right_jacobian
def pixel_by_pixel():
    """Loops over pixels and a best value so far; sums of products; a decision after the other."""

    def local_derivative(x, k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        best, winner = -np.inf, None
        for i in range(k * sH, k * sH + kH):
            for j in range(l * sW, l * sW + kW):
                if x[i, j] > best:
                    best, winner = x[i, j], (i, j)
        derivative = np.zeros_like(x)
        derivative[winner] = 1
        return derivative

    def jacobian(x, kernel_size, stride):
        (H, W), (kH, kW), (sH, sW) = x.shape, spec.pair(kernel_size), spec.pair(stride)
        OH, OW = (H - kH) // sH + 1, (W - kW) // sW + 1
        J = np.zeros((OH * OW, H * W), dtype=int)
        for k in range(OH):
            for l in range(OW):
                place = x[k * sH : k * sH + kH, l * sW : l * sW + kW].argmax()
                J[k * OW + l, (k * sH + place // kW) * W + l * sW + place % kW] = 1
        return J

    def backward_message(J, dy):
        dx = np.zeros(J.shape[1])
        for row, gradient in zip(J, dy.flat, strict=True):
            dx += gradient * row
        return dx

    def numerical_jacobian(f, x, h=1e-6):
        J = np.zeros((np.size(f(x.astype(float))), x.size))
        for c, place in enumerate(np.ndindex(x.shape)):
            up, down = x.astype(float), x.astype(float)
            up[place] += h
            down[place] -= h
            J[:, c] = np.ravel((f(up) - f(down)) / (2 * h))
        return J

    def one_sided(f, x, v, h=1e-6):
        here, ahead = f(x), f(x + h * v)
        return float(ahead - here) / h

    def is_subgradient(g, w):
        highest, total = max(w.flat), 0.0
        for share, value in zip(g.flat, w.flat, strict=True):
            if share < 0 or (share > 0 and value < highest):
                return False
            total += share
        return abs(total - 1) <= 1e-9


@right_jacobian
def arrays_without_loops():
    """Views of windows, rows of an identity, outer products; NumPy's own bool."""

    def local_derivative(x, k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        seen = np.full(x.shape, -np.inf)
        omega = np.s_[k * sH : k * sH + kH, l * sW : l * sW + kW]
        seen[omega] = x[omega]
        return (np.arange(x.size) == seen.argmax()).reshape(x.shape)

    def jacobian(x, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        both = np.stack([x, np.arange(x.size).reshape(x.shape)])
        w, numbers = sliding_window_view(both, (kH, kW), axis=(1, 2))[:, ::sH, ::sW]
        w, numbers = w.reshape(-1, kH * kW), numbers.reshape(-1, kH * kW)
        winners = np.take_along_axis(numbers, w.argmax(axis=1)[:, None], axis=1)
        return np.equal(winners, np.arange(x.size))

    def backward_message(J, dy):
        return np.einsum("oi,o->i", J, np.reshape(dy, -1))

    def numerical_jacobian(f, x, h=1e-6):
        steps = h * np.eye(x.size).reshape(-1, *x.shape)
        return np.array([np.ravel(f(x + step) - f(x - step)) for step in steps]).T / (2 * h)

    def one_sided(f, x, v, h=1e-6):
        return np.array([f(x + h * v), f(x)]) @ [1, -1] / h

    def is_subgradient(g, w):
        highest = w == w.max()
        shares = np.isclose(g[highest].sum(), 1, rtol=0, atol=1e-9)
        return shares & (g >= 0).all() & ~g[~highest].any()


@right_jacobian
def from_the_values_of_the_specification():
    """Its y, and the first place that holds it; recursion over inputs; sets of places."""

    def local_derivative(x, k, l, kernel_size, stride):
        y, _ = spec.maxpool_forward(x[None, None], kernel_size, stride)
        pixels = spec.covered(k, l, x.shape, spec.pair(kernel_size), spec.pair(stride))
        derivative = np.zeros(x.shape)
        derivative[next(pixel for pixel in pixels if x[pixel] == y[0, 0, k, l])] = 1
        return derivative

    def jacobian(x, kernel_size, stride):
        y, _ = spec.maxpool_forward(x[None, None], kernel_size, stride)
        J = np.zeros((*y[0, 0].shape, *x.shape))
        for k, l in np.ndindex(y[0, 0].shape):
            pixels = spec.covered(k, l, x.shape, spec.pair(kernel_size), spec.pair(stride))
            J[k, l][next(pixel for pixel in pixels if x[pixel] == y[0, 0, k, l])] = 1
        return J.reshape(y.size, x.size)

    def backward_message(J, dy):
        return np.bincount(J.argmax(axis=1), weights=dy.ravel(), minlength=J.shape[1])

    def numerical_jacobian(f, x, h=1e-6):
        z, columns = np.array(x, dtype=float), []
        for place in np.ndindex(z.shape):
            kept = z[place]
            z[place] = kept + h
            above = np.array(f(z))
            z[place] = kept - h
            below = np.array(f(z))
            z[place] = kept
            columns.append((above - below).flatten() / (2 * h))
        return np.column_stack(columns)

    def one_sided(f, x, v, h=1e-6):
        return np.diff([f(x + t * v) for t in (0, h)]).item() / h

    def is_subgradient(g, w):
        support = {tuple(place) for place in np.argwhere(g)}
        highest = {tuple(place) for place in np.argwhere(w == w.max())}
        return support <= highest and min(g.flat) >= 0 and abs(math.fsum(g.flat) - 1) <= 1e-9


@right_jacobian
def masks_and_arrays_of_other_kinds():
    """Masked arrays, a matrix, the order of Fortran, the widest floats."""

    def local_derivative(x, k, l, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        outside = np.ones(x.shape, bool)
        outside[k * sH : k * sH + kH, l * sW : l * sW + kW] = False
        derivative = np.ma.zeros(x.shape)
        derivative.flat[int(np.ma.array(x, mask=outside).argmax())] = 1
        return derivative

    def jacobian(x, kernel_size, stride):
        (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
        columns = []
        for i in range(0, x.shape[0] - kH + 1, sH):
            for j in range(0, x.shape[1] - kW + 1, sW):
                outside = np.ones(x.shape, bool)
                outside[i : i + kH, j : j + kW] = False
                columns.append(int(np.ma.array(x, mask=outside).argmax()))
        J = np.asmatrix(np.zeros((len(columns), x.size), order="F"))
        J[range(len(columns)), columns] = 1
        return J

    def backward_message(J, dy):
        return np.asarray(np.asmatrix(dy.ravel()) * np.asmatrix(J)).ravel()

    def numerical_jacobian(f, x, h=1e-6):
        x = x.astype(np.longdouble)
        steps = h * np.eye(x.size, dtype=np.longdouble).reshape(-1, *x.shape)
        return np.stack([np.ravel(f(x + e) - f(x - e)) / (2 * h) for e in steps], axis=1)

    def one_sided(f, x, v, h=1e-6):
        return np.asarray((f(x + h * v) - f(x)) / h)

    def is_subgradient(g, w):
        elsewhere = np.ma.masked_equal(w, w.max()).filled(-np.inf) * 0 != 0
        return np.array(g.min() >= 0 and abs(g.sum() - 1) <= 1e-9 and not g[~elsewhere].any())


# ---- chapter 3 ------------------------------------------------------------------------------


@right
def reshape_with_a_general_fallback():
    """Tiles by a reshape; every other window by a gather. The cache says which way it was."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        y = None
        for u in range(kH):
            for v in range(kW):
                OH, OW = x.shape[2] // kH, x.shape[3] // kW
                part = x[:, :, u::kH, v::kW][:, :, :OH, :OW]
                y = part if y is None else np.maximum(y, part)
        return y

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = (kH, kW) if stride is None else pair(stride)
        N, C, H, W = x.shape
        if (sH, sW, pH, pW, dH, dW) == (kH, kW, 0, 0, 1, 1) and H % kH == W % kW == 0:
            OH, OW = H // kH, W // kW
            tiles = x.reshape(N, C, OH, kH, OW, kW).transpose(0, 1, 2, 4, 3, 5)
            tiles = tiles.reshape(N, C, OH, OW, kH * kW)
            best = np.argmax(tiles, axis=-1)
            y = np.take_along_axis(tiles, best[..., None], -1).squeeze(-1)
            return y, ("tiles", best, (kH, kW), x.shape, x.dtype)
        padded = np.full((N, C, H + 2 * pH, W + 2 * pW), -np.inf, x.dtype)
        padded[:, :, pH : pH + H, pW : pW + W] = x
        OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
        OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
        i = (np.arange(OH) * sH)[:, None, None, None] + (np.arange(kH) * dH)[:, None]
        j = (np.arange(OW) * sW)[:, None, None] + np.arange(kW) * dW
        w = padded[:, :, i, j].reshape(N, C, OH, OW, kH * kW)
        best = np.argmax(w, axis=-1)
        places = (i * (W + 2 * pW) + j).reshape(OH * OW, kH * kW)
        winners = places[np.arange(OH * OW), best.reshape(N, C, OH * OW)]
        y = np.max(w, axis=-1)
        return y, ("gather", winners, padded.shape, (pH, pW), x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        if cache[0] == "tiles":
            _, best, (kH, kW), shape, dtype = cache
            tiles = np.zeros((*best.shape, kH * kW), dtype)
            np.put_along_axis(tiles, best[..., None], dy[..., None].astype(dtype), -1)
            N, C, OH, OW = best.shape
            tiles = tiles.reshape(N, C, OH, OW, kH, kW).transpose(0, 1, 2, 4, 3, 5)
            return tiles.reshape(shape)
        _, winners, (N, C, HP, WP), (pH, pW), shape, dtype = cache
        dx = np.zeros((N, C, HP * WP), dtype)
        images, channels = np.arange(N)[:, None, None], np.arange(C)[:, None]
        np.add.at(dx, (images, channels, winners), dy.reshape(winners.shape))
        dx = dx.reshape(N, C, HP, WP)
        return dx[:, :, pH : pH + shape[2], pW : pW + shape[3]]


@right
def sliding_window_view_and_put_along_axis():
    """The windows as a view; the gradient as windows of one-hots, laid back offset by offset."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        w = sliding_window_view(x, (kH, kW), axis=(2, 3))
        return w[:, :, ::kH, ::kW].max(axis=(-1, -2))

    def windows(x, kernel_size, stride, padding, dilation):
        kH, kW = pair(kernel_size)
        sH, sW = pair(stride)
        pH, pW = pair(padding)
        dH, dW = pair(dilation)
        if pH > 0 or pW > 0:
            border = np.full((*x.shape[:2], x.shape[2] + 2 * pH, x.shape[3] + 2 * pW), -np.inf)
            border[:, :, pH : pH + x.shape[2], pW : pW + x.shape[3]] = x
            x = border.astype(x.dtype)
        N, C, H, W = x.shape
        OH = (H - dH * (kH - 1) - 1) // sH + 1
        OW = (W - dW * (kW - 1) - 1) // sW + 1
        n, c, i, j = x.strides
        strides = (n, c, i * sH, j * sW, i * dH, j * dW)
        return as_strided(x, (N, C, OH, OW, kH, kW), strides, writeable=False)

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        if stride is None:
            stride = kernel_size
        w = windows(x, kernel_size, stride, padding, dilation)
        flat = w.reshape(*w.shape[:4], w.shape[4] * w.shape[5])
        best = flat.argmax(axis=-1, keepdims=True)
        y = np.take_along_axis(flat, best, axis=-1)[..., 0]
        cache = {"best": best, "w": w.shape, "x": x.shape, "dtype": x.dtype}
        cache |= {"stride": pair(stride), "padding": pair(padding), "dilation": pair(dilation)}
        return y, cache

    def maxpool_backward(dy, cache):
        N, C, H, W = cache["x"]
        _, _, OH, OW, kH, kW = cache["w"]
        (sH, sW), (pH, pW), (dH, dW) = cache["stride"], cache["padding"], cache["dilation"]
        one_hot = np.zeros((N, C, OH, OW, kH * kW), cache["dtype"])
        np.put_along_axis(one_hot, cache["best"], np.asarray(dy)[..., None], axis=-1)
        dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), cache["dtype"])
        for place in range(kH * kW):
            u, v = place // kW * dH, place % kW * dW
            rows, columns = slice(u, u + sH * OH, sH), slice(v, v + sW * OW, sW)
            here = dx[:, :, rows, columns][:, :, :OH, :OW]
            here += one_hot[..., place]
        return dx[:, :, pH : H + pH, pW : W + pW]


@right
def as_strided_and_add_at():
    """Strides by hand, indices by unravel_index, a scatter with a tuple of index arrays."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        N, C, H, W = x.shape
        n, c, i, j = x.strides
        shape, strides = (N, C, H // kH, W // kW, kH, kW), (n, c, i * kH, j * kW, i, j)
        return np.amax(as_strided(x, shape, strides), axis=(4, 5))

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        kh, kw = pair(kernel_size)
        sh, sw = pair(stride) if stride is not None else (kh, kw)
        ph, pw = pair(padding)
        dh, dw = pair(dilation)
        xp = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)], "constant", constant_values=-np.inf)
        n, c, hp, wp = xp.shape
        oh, ow = (hp - (kh - 1) * dh - 1) // sh + 1, (wp - (kw - 1) * dw - 1) // sw + 1
        b = xp.strides
        w = as_strided(
            xp,
            shape=(n, c, oh, ow, kh, kw),
            strides=(b[0], b[1], b[2] * sh, b[3] * sw, b[2] * dh, b[3] * dw),
        ).reshape((n, c, oh, ow, kh * kw))
        u, v = np.unravel_index(w.argmax(-1), (kh, kw))
        i = sh * np.arange(oh)[None, None, :, None] + dh * u - ph
        j = sw * np.arange(ow)[None, None, None, :] + dw * v - pw
        return w.max(-1), [x.shape, x.dtype.str, i, j]

    def maxpool_backward(dy, cache):
        shape, dtype, i, j = cache
        dx = np.zeros(shape, dtype=dtype)
        n, c = np.indices(shape[:2])
        np.add.at(dx, (n[:, :, None, None], c[:, :, None, None], i, j), dy)
        return dx


@right
def im2col_and_bincount():
    """Columns of pixels as in a convolution; the scatter is a weighted count."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        OH, OW = x.shape[2] // kH, x.shape[3] // kW
        rows = np.arange(OH * kH).reshape(OH, kH)
        columns = np.arange(OW * kW).reshape(OW, kW)
        return x[:, :, rows[:, None, :, None], columns[None, :, None, :]].max((-2, -1))

    def column_indices(shape, kernel, stride, dilation):
        """The place of every pixel of every window in a flat H×W image, shape (kH·kW, OH·OW)."""
        H, W = shape
        OH = (H - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
        OW = (W - dilation[1] * (kernel[1] - 1) - 1) // stride[1] + 1
        i0 = np.repeat(np.arange(kernel[0]) * dilation[0], kernel[1])
        j0 = np.tile(np.arange(kernel[1]) * dilation[1], kernel[0])
        i1 = np.repeat(np.arange(OH) * stride[0], OW)
        j1 = np.tile(np.arange(OW) * stride[1], OH)
        return (i0[:, None] + i1) * W + j0[:, None] + j1, OH, OW

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        k, p = pair(kernel_size), pair(padding)
        s = k if stride is None else pair(stride)
        N, C = x.shape[:2]
        xp = np.pad(x, ((0,), (0,), (p[0],), (p[1],)), constant_values=-np.inf)
        index, OH, OW = column_indices(xp.shape[2:], k, s, pair(dilation))
        columns = xp.reshape(N * C, xp.shape[2] * xp.shape[3])[:, index]  # (N·C, kH·kW, OH·OW)
        best = columns.argmax(axis=1)
        y = np.take_along_axis(columns, best[:, None], axis=1).reshape(N, C, OH, OW)
        winners = index[best, np.arange(OH * OW)]
        return y, (winners, xp.shape, p, x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        winners, (N, C, HP, WP), (pH, pW), (_, _, H, W), dtype = cache
        flat = winners + np.arange(N * C)[:, None] * (HP * WP)
        dx = np.bincount(flat.ravel(), weights=dy.ravel(), minlength=N * C * HP * WP)
        dx = dx.reshape(N, C, HP, WP)[:, :, pH : pH + H, pW : pW + W]
        return dx.astype(dtype)


@right
def running_maximum_over_offsets():
    """One pass over the kH·kW offsets that keeps the best value so far and where it was."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        (sH, sW) = pair(kernel_size if stride is None else stride)
        H, W = x.shape[2:]
        OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
        OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
        xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
        best, where = None, None
        for u in range(kH):
            for v in range(kW):
                top, left = u * dH, v * dW
                seen = xp[
                    :, :, top : top + sH * (OH - 1) + 1 : sH, left : left + sW * (OW - 1) + 1 : sW
                ]
                if best is None:
                    best, where = seen.copy(), np.zeros(seen.shape, np.intp)
                    continue
                better = (seen > best) | (np.isnan(seen) & ~np.isnan(best))
                best[better] = seen[better]
                where[better] = u * kW + v
        i = np.arange(OH)[:, None] * sH - pH + where // kW * dH
        j = np.arange(OW)[None, :] * sW - pW + where % kW * dW
        return best, {"pixel": i * W + j, "like": x}

    def maxpool_backward(dy, cache):
        x = cache["like"]
        N, C, H, W = x.shape
        dx = np.zeros((N * C, H * W), x.dtype)
        pixel = cache["pixel"].reshape(N * C, dy.shape[2] * dy.shape[3])
        np.add.at(dx, (np.arange(N * C)[:, None], pixel), dy.reshape(pixel.shape))
        return dx.reshape(N, C, H, W)


@right
def stacked_offsets_and_flat_scatter():
    """The kH·kW shifted images on a new axis; back, one flat scatter an offset."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = pair(stride or kernel_size)
        H, W = x.shape[2:]
        OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
        OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
        xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
        offsets = [(u * dH, v * dW) for u in range(kH) for v in range(kW)]
        stack = np.stack(
            [
                xp[:, :, u : u + OH * sH : sH, v : v + OW * sW : sW][:, :, :OH, :OW]
                for u, v in offsets
            ]
        )
        best = stack.argmax(axis=0)
        y = np.choose(best, stack) if len(stack) <= 32 else stack.max(axis=0)
        return y, (best, offsets, (sH, sW), xp.shape, (pH, pW), x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        best, offsets, (sH, sW), padded, (pH, pW), (_, _, H, W), dtype = cache
        dx = np.zeros(padded, dtype)
        flat = dx.ravel()
        n, c, k, l = np.indices(best.shape, sparse=True)
        corner = ((n * padded[1] + c) * padded[2] + k * sH) * padded[3] + l * sW
        for place, (u, v) in enumerate(offsets):
            mine = best == place
            # within one offset no two windows share a pixel
            flat[corner[mine] + u * padded[3] + v] += dy[mine]
        return dx[:, :, pH : pH + H, pW : pW + W]


@right
def masks_that_have_not_been_claimed():
    """Back by comparison, offset after offset: a window's gradient is claimed once."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = pair(kernel_size) if stride is None else pair(stride)
        x = np.asarray(x)
        xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
        OH = (xp.shape[2] - dH * (kH - 1) - 1) // sH + 1
        OW = (xp.shape[3] - dW * (kW - 1) - 1) // sW + 1
        slices = [
            np.s_[
                :,
                :,
                u * dH : u * dH + (OH - 1) * sH + 1 : sH,
                v * dW : v * dW + (OW - 1) * sW + 1 : sW,
            ]
            for u in range(kH)
            for v in range(kW)
        ]
        y = xp[slices[0]]
        for here in slices[1:]:
            y = np.maximum(y, xp[here])
        return y, (xp, y.copy(), slices, np.s_[:, :, pH : pH + x.shape[2], pW : pW + x.shape[3]])

    def maxpool_backward(dy, cache):
        xp, y, slices, inside = cache
        dx = np.zeros(xp.shape, xp.dtype)
        free = np.ones(y.shape, bool)
        for here in slices:
            wins = free & ((xp[here] == y) | np.isnan(xp[here]))
            dx[here] += np.where(wins, dy, 0).astype(dx.dtype)
            free &= ~wins
        return dx[inside]


@right
def one_hot_einsum(windows):
    """The Jacobian of each window as a one-hot row, multiplied by dy with einsum."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        stride = kernel_size if stride is None else stride
        w = windows(x, kernel_size, stride, padding, dilation)
        N, C, OH, OW, kH, kW = w.shape
        best = w.reshape(N, C, OH, OW, kH * kW).argmax(-1)
        one_hot = np.eye(kH * kW, dtype=bool)[best]
        y = w.reshape(N, C, OH, OW, kH * kW)[one_hot].reshape(N, C, OH, OW)
        return y, (one_hot.reshape(w.shape), x.shape, x.dtype, stride, padding, dilation)

    def maxpool_backward(dy, cache):
        one_hot, (N, C, H, W), dtype, stride, padding, dilation = cache
        (sH, sW), (pH, pW), (dH, dW) = pair(stride), pair(padding), pair(dilation)
        dw = np.einsum("ncklij,nckl->ijnckl", one_hot.astype(dtype), dy)
        kH, kW, N, C, OH, OW = dw.shape
        dx = np.zeros((N, C, H + 2 * pH, W + 2 * pW), dtype)
        for u, v in np.ndindex(kH, kW):
            dx[:, :, u * dH :: sH, v * dW :: sW][:, :, :OH, :OW] += dw[u, v].astype(dtype)
        return dx[:, :, pH : pH + H, pW : pW + W]


@right
def an_object_for_the_cache():
    """A small class holds what backward needs, and knows how to index."""

    class Winners:
        def __init__(self, x, i, j):
            self.shape, self.dtype = x.shape, x.dtype
            self.i, self.j = i, j

        def index(self):
            N, C = self.shape[:2]
            n = np.arange(N).reshape(N, 1, 1, 1)
            c = np.arange(C).reshape(1, C, 1, 1)
            return n, c, self.i, self.j

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = (kH, kW) if stride is None else pair(stride)
        xp = np.pad(x, ((0, 0), (0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf)
        span = (kH - 1) * dH + 1, (kW - 1) * dW + 1
        w = sliding_window_view(xp, span, (2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
        N, C, OH, OW = w.shape[:4]
        best = w.reshape(N, C, OH, OW, kH * kW).argmax(4)
        u, v = best // kW, best % kW
        cache = Winners(
            x, np.arange(OH)[:, None] * sH + u * dH - pH, np.arange(OW) * sW + v * dW - pW
        )
        return x[cache.index()], cache

    def maxpool_backward(dy, cache):
        dx = np.zeros(cache.shape, cache.dtype)
        np.add.at(dx, cache.index(), dy)
        return dx


@right
def a_namedtuple_for_the_cache(windows):
    """Names for what is kept; the scatter through a sorted index and reduceat."""

    Kept = namedtuple("Kept", "places shape dtype")

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        stride = kernel_size if stride is None else stride
        w = windows(x, kernel_size, stride, padding, dilation)
        N, C, H, W = x.shape
        OH, OW, kH, kW = w.shape[2:]
        best = w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1)
        # the same windows of an image that holds its own pixel numbers
        numbers = windows(
            np.arange(H * W, dtype=float).reshape(1, 1, H, W),
            kernel_size,
            stride,
            padding,
            dilation,
        ).reshape(OH, OW, kH * kW)
        k, l = np.indices((OH, OW), sparse=True)
        places = numbers[k, l, best].astype(int)
        return w.max(axis=(4, 5)), Kept(places, x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        N, C, H, W = cache.shape
        image = np.arange(N * C).reshape(N, C, 1, 1)
        places = (image * (H * W) + cache.places).ravel()
        dx = np.zeros(N * C * H * W, cache.dtype)
        if places.size:
            order = places.argsort(kind="stable")
            unique, starts = np.unique(places[order], return_index=True)
            dx[unique] = np.add.reduceat(dy.ravel()[order], starts)
        return dx.reshape(cache.shape)


@right
def a_closure_for_the_cache():
    """The cache is the backward pass itself, as in HIPS autograd: dx = cache(dy)."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        k = pair(kernel_size)
        s = k if stride is None else pair(stride)
        p, d = pair(padding), pair(dilation)
        N, C, H, W = shape = x.shape
        OH, OW = ((shape[2 + a] + 2 * p[a] - d[a] * (k[a] - 1) - 1) // s[a] + 1 for a in (0, 1))
        rows = np.arange(OH)[:, None] * s[0] + np.arange(k[0]) * d[0] - p[0]
        columns = np.arange(OW)[:, None] * s[1] + np.arange(k[1]) * d[1] - p[1]
        i, j = rows[:, None, :, None], columns[None, :, None, :]
        # no padded copy: look beyond the edge, and ignore what is found there
        inside = (i >= 0) & (i < H) & (j >= 0) & (j < W)
        w = np.where(inside, x[:, :, i.clip(0, H - 1), j.clip(0, W - 1)], x.dtype.type(-np.inf))
        best = w.reshape(N, C, OH, OW, k[0] * k[1]).argmax(-1)
        y = w.max((-2, -1))
        i = np.broadcast_to(i, inside.shape).reshape(OH * OW, -1)
        j = np.broadcast_to(j, inside.shape).reshape(OH * OW, -1)
        output = np.arange(OH * OW).reshape(OH, OW)
        i, j = i[output, best], j[output, best]
        dtype = x.dtype

        def vjp(dy):
            dx = np.zeros(shape, dtype)
            n, c = np.ogrid[:N, :C]
            np.add.at(dx, (n[..., None, None], c[..., None, None], i, j), dy)
            return dx

        return y, vjp

    def maxpool_backward(dy, cache):
        return cache(dy)


@right
def a_dataclass_and_planes():
    """Images and channels as one axis of planes; forward by sorting, back by bincount."""

    @dataclass(frozen=True)
    class Cache:
        winners: np.ndarray
        x: np.ndarray

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = map(pair, (kernel_size, padding, dilation))
        sH, sW = pair(kernel_size if stride is None else stride)
        N, C, H, W = x.shape
        planes = np.pad(
            x.reshape(N * C, H, W), ((0, 0), (pH, pH), (pW, pW)), constant_values=-np.inf
        )
        w = sliding_window_view(planes, (dH * (kH - 1) + 1, dW * (kW - 1) + 1), (1, 2))
        w = w[:, ::sH, ::sW, ::dH, ::dW]
        OH, OW = w.shape[1:3]
        w = w.reshape(N * C, OH, OW, kH * kW)
        first = np.lexsort((-w, ~np.isnan(w)))[..., :1]  # NaN first, then the largest; stable
        y = np.take_along_axis(w, first, -1).reshape(N, C, OH, OW)
        u, v = np.divmod(first[..., 0], kW)
        i = np.arange(0, OH * sH, sH)[:, None] + u * dH - pH
        j = np.arange(0, OW * sW, sW) + v * dW - pW
        plane = np.arange(N * C)[:, None, None]
        return y, Cache((plane * H + i) * W + j, x)

    def maxpool_backward(dy, cache):
        x, winners = cache.x, cache.winners
        total = np.bincount(winners.reshape(winners.size), dy.reshape(dy.size), x.size)
        return total.reshape(x.shape).astype(x.dtype)


@right
def recomputed_on_the_way_back(windows):
    """The cache is x and the arguments; backward finds the winners again."""

    def find(x, kernel_size, stride, padding, dilation):
        w = windows(x, kernel_size, kernel_size if stride is None else stride, padding, dilation)
        N, C, OH, OW, kH, kW = w.shape
        return w, w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1)

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        w, _ = find(x, kernel_size, stride, padding, dilation)
        return w.max(axis=(-1, -2)), (x, kernel_size, stride, padding, dilation)

    def maxpool_backward(dy, cache):
        x, kernel_size, stride, padding, dilation = cache
        w, best = find(*cache)
        (sH, sW), (pH, pW) = pair(kernel_size if stride is None else stride), pair(padding)
        dH, dW = pair(dilation)
        N, C, OH, OW, _, kW = w.shape
        n, c, k, l = np.meshgrid(*map(np.arange, (N, C, OH, OW)), indexing="ij", sparse=True)
        dx = np.zeros_like(x)
        np.add.at(dx, (n, c, k * sH + best // kW * dH - pH, l * sW + best % kW * dW - pW), dy)
        return dx


@right
def a_sparse_jacobian(windows):
    """Row indices and column indices of the Jacobian's ones; back is the transposed product."""

    def jacobian_of(x_shape, k, s, p, d, best):
        """The column of the one in every row of J."""
        N, C, H, W = x_shape
        n, c, o_i, o_j = np.unravel_index(np.arange(best.size).reshape(best.shape), best.shape)
        i = o_i * s[0] + best // k[1] * d[0] - p[0]
        j = o_j * s[1] + best % k[1] * d[1] - p[1]
        return np.ravel_multi_index((n, c, i, j), (max(N, 1), max(C, 1), H, W))

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        k, p, d = pair(kernel_size), pair(padding), pair(dilation)
        s = k if stride is None else pair(stride)
        w = windows(x, k, s, p, d)
        best = w.reshape(*w.shape[:4], k[0] * k[1]).argmax(axis=-1)
        columns = jacobian_of(x.shape, k, s, p, d, best) if best.size else np.zeros(best.shape, int)
        y = x.reshape(x.size)[columns] if best.size else np.zeros(best.shape, x.dtype)  # y = J x
        return y, (columns, x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        columns, shape, dtype = cache
        dx = np.zeros(int(np.prod(shape)), dtype)
        np.add.at(dx, columns, dy)  # dx = Jᵀ dy
        return dx.reshape(shape)


@right
def padded_gradient_with_a_pool_object():
    """A layer as a class with two methods; the tasks' functions only call it."""

    class Pool:
        def __init__(self, kernel_size, stride, padding, dilation):
            self.k = pair(kernel_size)
            self.s = self.k if stride is None else pair(stride)
            self.p, self.d = pair(padding), pair(dilation)

        def offsets(self):
            for u in range(self.k[0]):
                for v in range(self.k[1]):
                    yield u * self.d[0], v * self.d[1]

        def shift(self, a, u, v):
            OH, OW = self.out
            a = a[:, :, u : u + (OH - 1) * self.s[0] + 1, v : v + (OW - 1) * self.s[1] + 1]
            return a[:, :, :: self.s[0], :: self.s[1]]

        def forward(self, x):
            self.x = x
            (a, b), size = self.p, x.shape[2:]
            self.padded = np.pad(x, ((0, 0), (0, 0), (a, a), (b, b)), constant_values=-np.inf)
            self.out = [
                (size[t] + 2 * self.p[t] - self.d[t] * (self.k[t] - 1) - 1) // self.s[t] + 1
                for t in (0, 1)
            ]
            y = np.full((*x.shape[:2], *self.out), -np.inf, x.dtype)
            self.best = np.full(y.shape, -1)
            for place, (u, v) in enumerate(self.offsets()):
                seen = self.shift(self.padded, u, v)
                wins = ~np.isnan(y) & ~(seen <= y)  # larger, or the first NaN
                self.best = np.where(wins, place, self.best)
                y = np.where(wins, seen, y)
            return y

        def backward(self, dy):
            dx = np.zeros_like(self.padded)
            for place, (u, v) in enumerate(self.offsets()):
                here = self.shift(dx, u, v)
                np.add(here, dy * (self.best == place), out=here, casting="same_kind")
            (a, b), (H, W) = self.p, self.x.shape[2:]
            return np.ascontiguousarray(dx[:, :, a : a + H, b : b + W])

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        layer = Pool(kernel_size, stride, padding, dilation)
        return layer.forward(x), layer

    def maxpool_backward(dy, cache):
        return cache.backward(dy)


@right
def masked_arrays():
    """What lies beyond the edge is masked, and so is what has not won."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        N, C, H, W = x.shape
        tiles = np.ma.array(x)[:, :, : H // kH * kH, : W // kW * kW]
        return tiles.reshape(N, C, H // kH, kH, W // kW, kW).max(axis=5).max(axis=3)

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = pair(kernel_size if stride is None else stride)
        sides = (0, 0), (0, 0), (pH, pH), (pW, pW)
        span = dH * (kH - 1) + 1, dW * (kW - 1) + 1

        def seen(padded):
            w = sliding_window_view(padded, span, (2, 3))[:, :, ::sH, ::sW, ::dH, ::dW]
            return w.reshape(*w.shape[:4], kH * kW)

        beyond = seen(np.pad(np.zeros(x.shape, bool), sides, constant_values=True))
        w = np.ma.array(seen(np.pad(x, sides)), mask=beyond)
        best = w.argmax(axis=-1, fill_value=-np.inf)
        n, c, k, l = np.indices(best.shape, sparse=True)
        winners = n, c, k * sH + best // kW * dH - pH, l * sW + best % kW * dW - pW
        return np.ma.array(x)[winners], (winners, x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        winners, shape, dtype = cache
        dx = np.ma.zeros(shape, dtype)
        np.add.at(dx.data, winners, dy)
        return dx


def loops():
    """Right, and slow: it loses what is given for no loops, and nothing else."""

    def pool_tiles(x, kernel_size):
        kH, kW = pair(kernel_size)
        N, C, H, W = x.shape
        y = np.zeros((N, C, H // kH, W // kW), x.dtype)
        for n, c, k, l in np.ndindex(y.shape):
            y[n, c, k, l] = x[n, c, k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max()
        return y

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (pH, pW), (dH, dW) = pair(kernel_size), pair(padding), pair(dilation)
        sH, sW = pair(kernel_size if stride is None else stride)
        N, C, H, W = x.shape
        OH = (H + 2 * pH - dH * (kH - 1) - 1) // sH + 1
        OW = (W + 2 * pW - dW * (kW - 1) - 1) // sW + 1
        y = np.zeros((N, C, OH, OW), x.dtype)
        winners = {}
        for n, c, k, l in np.ndindex(y.shape):
            best = None
            for u in range(kH):
                for v in range(kW):
                    i, j = k * sH + u * dH - pH, l * sW + v * dW - pW
                    if not (0 <= i < H and 0 <= j < W):
                        continue
                    value = x[n, c, i, j]
                    if best is None or value > best or (np.isnan(value) and not np.isnan(best)):
                        best, winners[n, c, k, l] = value, (n, c, i, j)
            y[n, c, k, l] = best
        return y, (winners, x.shape, x.dtype)

    def maxpool_backward(dy, cache):
        winners, shape, dtype = cache
        dx = np.zeros(shape, dtype)
        for output, pixel in winners.items():
            dx[pixel] += dy[output]
        return dx


LOOPS = cells(loops)


# ---- chapter 4 ------------------------------------------------------------------------------


@right_network
def plain_loops_over_offsets():
    """A running maximum, masks, += on slices, a loop from the end by index."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
        OH, OW = (x.shape[2] - kH) // sH + 1, (x.shape[3] - kW) // sW + 1
        y = np.full((*x.shape[:2], OH, OW), -np.inf)
        best = np.zeros(y.shape, int)
        for u in range(kH):
            for v in range(kW):
                seen = x[:, :, u : u + sH * (OH - 1) + 1 : sH, v : v + sW * (OW - 1) + 1 : sW]
                best[seen > y] = u * kW + v
                y = np.maximum(y, seen)
        return y, (best, x.shape, (kH, kW), (sH, sW))

    def maxpool_backward(dy, cache):
        best, shape, (kH, kW), (sH, sW) = cache
        OH, OW = best.shape[2:]
        dx = np.zeros(shape)
        for u in range(kH):
            for v in range(kW):
                here = np.s_[:, :, u : u + sH * (OH - 1) + 1 : sH, v : v + sW * (OW - 1) + 1 : sW]
                dx[here] += dy * (best == u * kW + v)
        return dx

    def pooling():
        return maxpool_forward, maxpool_backward

    def relu_backward(dy, cache):
        dx = dy.copy()
        dx[cache <= 0] = 0
        return dx

    def conv_backward(dy, cache):
        x, w = cache
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for u in range(w.shape[2]):
            for v in range(w.shape[3]):
                rows, columns = slice(u, u + dy.shape[2]), slice(v, v + dy.shape[3])
                dw[:, :, u, v] = np.tensordot(dy, x[:, :, rows, columns], ((0, 2, 3), (0, 2, 3)))
                dx[:, :, rows, columns] += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
        return dx, dw, np.sum(dy, axis=(0, 2, 3))

    def cross_entropy(scores, labels):
        N = scores.shape[0]
        shifted = scores - np.max(scores, axis=1)[:, None]
        total = np.exp(shifted).sum(axis=1)
        loss = np.mean(np.log(total) - shifted[np.arange(N), labels])
        one_hot = np.zeros(scores.shape)
        one_hot[np.arange(N), labels] = 1
        return loss, (np.exp(shifted) / total[:, None] - one_hot) / N

    def network_backward(dy, layers, caches):
        gradients = {}
        for k in range(len(layers) - 1, -1, -1):
            _, backward, names = layers[k]
            result = backward(dy, caches[k])
            dy = result[0]
            for name, gradient in zip(names, result[1:], strict=True):
                gradients[name] = gradient
        return dy, gradients

    def sgd_step(parameters, gradients, rate):
        new = {}
        for name in parameters:
            new[name] = parameters[name] - rate * gradients[name]
        return new


@right_network
def everything_as_a_matrix_product():
    """im2col: windows as rows of a matrix; one-hots by comparison; recursion through the list."""

    def pooling():
        def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
            kH, kW = pair(kernel_size)
            sH, sW = pair(stride) if stride is not None else (kH, kW)
            w = sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::sH, ::sW]
            N, C, OH, OW = w.shape[:4]
            best = w.reshape(N, C, OH, OW, kH * kW).argmax(-1)
            n, c, k, l = np.indices(best.shape, sparse=True)
            place = n, c, k * sH + best // kW, l * sW + best % kW
            return x[place], (place, x)

        def maxpool_backward(dy, cache):
            place, x = cache
            dx = np.zeros_like(x)
            np.add.at(dx, place, dy)
            return dx

        return [maxpool_forward, maxpool_backward]

    def relu_backward(dy, cache):
        return np.where(cache > 0, dy, 0)

    def conv_backward(dy, cache):
        x, w = cache
        N, C = x.shape[:2]
        F, _, kH, kW = w.shape
        OH, OW = dy.shape[2:]
        columns = sliding_window_view(x, (kH, kW), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
        columns = columns.reshape(N * OH * OW, C * kH * kW)
        rows = dy.transpose(0, 2, 3, 1).reshape(N * OH * OW, F)
        dw = (rows.T @ columns).reshape(w.shape)
        around = np.pad(dy, ((0, 0), (0, 0), (kH - 1, kH - 1), (kW - 1, kW - 1)))
        around = sliding_window_view(around, (kH, kW), axis=(2, 3))
        turned = w[:, :, ::-1, ::-1]
        dx = np.einsum("nfijuv,fcuv->ncij", around, turned)
        return [dx, dw, rows.sum(axis=0)]

    def cross_entropy(scores, labels):
        true = labels[:, None] == np.arange(scores.shape[1])
        largest = scores.max(1, keepdims=True)
        log_sum = largest + np.log(np.exp(scores - largest).sum(1, keepdims=True))
        loss = (log_sum - scores)[true].mean()
        return float(loss), (np.exp(scores - log_sum) - true) / len(scores)

    def network_backward(dy, layers, caches):
        if len(layers) == 0:
            return dy, {}
        *others, (_, backward, names) = layers
        dx, *found = backward(dy, caches[-1])
        dx, gradients = network_backward(dx, others, caches[:-1])
        return dx, {**gradients, **dict(zip(names, found, strict=True))}

    def sgd_step(parameters, gradients, rate):
        return {name: np.add(parameters[name], -rate * gradients[name]) for name in parameters}


@right_network
def loops_over_what_is_covered_and_plain_sums():
    """The slow layer is a right one; a convolution with a loop over outputs; copies first."""

    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
        N, C, H, W = x.shape
        y, chosen = np.zeros((N, C, (H - kH) // sH + 1, (W - kW) // sW + 1)), {}
        for n, c, k, l in np.ndindex(y.shape):
            pixels = spec.covered(k, l, (H, W), (kH, kW), (sH, sW))
            chosen[n, c, k, l] = best = (n, c, *max(pixels, key=lambda p: x[(n, c, *p)]))
            y[n, c, k, l] = x[best]
        return y, (chosen, x.shape)

    def maxpool_backward(dy, cache):
        chosen, shape = cache
        dx = np.zeros(shape)
        for output, pixel in chosen.items():
            dx[pixel] += dy[output]
        return dx

    def pooling():
        return maxpool_forward, maxpool_backward

    def relu_backward(dy, cache):
        return dy * np.sign(np.maximum(cache, 0))

    def conv_backward(dy, cache):
        x, w = cache
        kH, kW = w.shape[2:]
        dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(len(w))
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                window = x[:, :, i : i + kH, j : j + kW]
                dw += np.einsum("nf,ncuv->fcuv", dy[:, :, i, j], window)
                dx[:, :, i : i + kH, j : j + kW] += np.tensordot(dy[:, :, i, j], w, 1)
                db += dy[:, :, i, j].sum(0)
        return dx, dw, db

    def cross_entropy(scores, labels):
        losses, dscores = [], []
        for row, label in zip(scores, labels, strict=True):
            row = row - row.max()
            log_p = row - np.log(np.exp(row).sum())
            losses.append(-log_p[label])
            p = np.exp(log_p)
            p[label] -= 1
            dscores.append(p)
        return sum(losses) / len(losses), np.array(dscores) / len(losses)

    def network_backward(dy, layers, caches):
        layers, caches = list(layers), list(caches)
        gradients = {}
        while layers:
            _, backward, names = layers.pop()
            dy, *rest = backward(dy, caches.pop())
            gradients |= dict(zip(names, rest, strict=True))
        return dy, gradients

    def sgd_step(parameters, gradients, rate):
        new = {name: value.copy() for name, value in parameters.items()}
        for name in new:
            new[name] -= rate * gradients[name]
        return new


@right_network
def classes_and_helpers():
    """A layer as an object with two methods; log-sum-exp by logaddexp; reduce over the list."""

    class Pool:
        def forward(self, x, kernel_size, stride=None, padding=0, dilation=1):
            k = pair(kernel_size)
            s = k if stride is None else pair(stride)
            w = sliding_window_view(x, k, axis=(2, 3))[:, :, :: s[0], :: s[1]]
            flat = w.reshape(*w.shape[:4], k[0] * k[1])
            place = flat.argmax(-1)[..., None]
            return np.take_along_axis(flat, place, -1)[..., 0], (x.shape, k, s, place[..., 0])

        def backward(self, dy, cache):
            (N, C, H, W), k, s, place = cache
            OH, OW = place.shape[2:]
            i = np.arange(OH)[:, None] * s[0] + place // k[1]
            j = np.arange(OW) * s[1] + place % k[1]
            plane = np.arange(N * C).reshape(N, C, 1, 1)
            flat = (plane * H + i) * W + j
            total = np.bincount(flat.ravel(), np.ravel(dy), N * C * H * W)
            return total.reshape(N, C, H, W)

    def pooling():
        pool = Pool()
        return pool.forward, pool.backward

    def relu_backward(dy, cache):
        positive = np.greater(cache, 0)
        return np.multiply(positive, dy)

    def conv_backward(dy, cache):
        x, w = cache
        pixels = sliding_window_view(x, w.shape[2:], axis=(2, 3))
        dw = np.tensordot(dy, pixels, axes=((0, 2, 3), (0, 2, 3)))
        messages = np.einsum("nfij,fcuv->ncijuv", dy, w)  # what every output sends
        dx = np.zeros_like(x)
        n, c, i, j, u, v = np.indices(messages.shape, sparse=True)
        np.add.at(dx, (n, c, i + u, j + v), messages)
        return dx, dw, dy.sum((0, 2, 3))

    def cross_entropy(scores, labels):
        log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        loss = -np.take_along_axis(log_p, labels[:, None], axis=1).mean()
        return loss, (np.exp(log_p) - np.eye(scores.shape[1])[labels]) / len(labels)

    def network_backward(dy, layers, caches):
        def through(state, layer):
            (dy, gradients), ((_, backward, names), cache) = state, layer
            dx, *found = backward(dy, cache)
            return dx, gradients | dict(zip(names, found, strict=True))

        return reduce(through, list(zip(layers, caches, strict=True))[::-1], (dy, {}))

    def sgd_step(parameters, gradients, rate):
        return {n: p - rate * gradients[n] for n, p in parameters.items()}


# ---- chapter 3: the laws --------------------------------------------------------------------


@right_laws
def as_in_the_lesson():
    """The formula as it stands."""

    def adjoint_gap(f, back, x, v, u, h=1e-3):
        Jv = (f(x + h * v) - f(x - h * v)) / (2 * h)
        return abs(np.sum(Jv * u) - np.sum(v * back(u)))

    def conserves(back, dy):
        return np.isclose(back(dy).sum(), dy.sum())  # a bool of NumPy's


@right_laws
def products_of_vectors():
    """Inner products by np.vdot; sums that differ by less than 1e-9."""

    def adjoint_gap(f, back, x, v, u, h=1e-3):
        ahead, behind = f(x + h * v), f(x - h * v)
        left = np.vdot(u, ahead - behind) / (2 * h)
        return np.abs(left - np.vdot(back(u), v))

    def conserves(back, dy):
        return abs(np.sum(back(dy) * 1.0) - np.sum(dy)) < 1e-9


@right_laws
def numbers_of_python():
    """A helper above them, and math.fsum."""

    def weigh(a, b):
        return math.fsum((a * b).ravel().tolist())

    def adjoint_gap(f, back, x, v, u, h=1e-3):
        rise = weigh(f(x + h * v), u) - weigh(f(x - h * v), u)
        gap = rise / (2 * h) - weigh(back(u), v)
        return gap if gap > 0 else -gap

    def conserves(back, dy):
        before, after = math.fsum(dy.ravel().tolist()), math.fsum(back(dy).ravel().tolist())
        return math.isclose(before, after, abs_tol=1e-9)


@right_laws
def sums_and_differences():
    """A float, and a comparison turned round."""

    def adjoint_gap(f, back, x, v, u, h=1e-3):
        Jv = np.subtract(f(x + h * v), f(x - h * v)) / 2 / h
        return float(abs((Jv * u).sum() - (v * back(u)).sum()))

    def conserves(back, dy):
        lost = dy.sum() - back(dy).sum()
        return not abs(lost) > 1e-8
