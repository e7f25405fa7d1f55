"""The reference layer equals the loops, PyTorch and ONNX's vectors, and keeps its promises."""

import ast
import importlib.util
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from oracle import reference
from oracle.reference import maxpool_backward, maxpool_forward, output_size
from poolkit import spec
from tests.oracle.onnx_vectors import NAMES, NOT_POOLED_IN_2D, left_out, vectors
from tests.tiers import examples

PYTORCH = importlib.util.find_spec("torch") is not None  # it is imported by the test that asks it
FLOATS = (np.float16, np.float32, np.float64)
INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
quick = settings(deadline=None, derandomize=True, database=None)


# --- the same answer as the loops and PyTorch --------------------------------------------------


CEIL_MODE = st.sampled_from((False, False, False, True))  # the loops know none


@st.composite
def layers(draw, ceil_mode=CEIL_MODE):
    """Draw an image's size (H, W) and the arguments of a layer that fits it."""
    size, layer = [], {"kernel_size": [], "stride": [], "padding": [], "dilation": []}
    ceil = draw(ceil_mode)
    for _ in range(2):
        k, d = draw(st.integers(1, 4)), draw(st.sampled_from((1, 1, 2, 3)))
        s, p = draw(st.integers(1, 4)), draw(st.integers(0, (d * (k - 1) + 1) // 2))
        least = max(1, d * (k - 1) + 1 - 2 * p - (s - 1 if ceil else 0))
        size.append(draw(st.integers(least, least + 5)))
        for values, value in zip(layer.values(), (k, s, p, d), strict=True):
            values.append(value)
    one = {name: v[0] if v[0] == v[1] else tuple(v) for name, v in layer.items()}
    return tuple(size), {**one, "ceil_mode": ceil}


@st.composite
def batches(draw, size, dtype):
    """Draw images full of ties, with ±∞ and at most one NaN in each, in any memory layout."""
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *size)
    palette = draw(
        st.sampled_from(([-1, 0, 1], [-2, -1, -np.inf], [-np.inf], [-np.inf, np.inf, 3]))
    )
    x = draw(hnp.arrays(dtype, shape, elements=st.sampled_from([dtype(v) for v in palette])))
    if draw(st.booleans()):
        for image in x.reshape(-1, *size):  # one NaN: of several, PyTorch sends dy to the last
            image[draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))] = np.nan
    layout = draw(
        st.sampled_from(("contiguous", "channels last", "reversed", "strided", "read-only"))
    )
    return laid_out(x, layout)


def laid_out(x, layout):
    """Return an array that equals x and lies in memory as ``layout`` says."""
    if layout == "channels last":
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if layout == "reversed":
        return np.ascontiguousarray(x[..., ::-1, ::-1])[..., ::-1, ::-1]
    if layout == "strided":
        wide = np.zeros((*x.shape[:2], 2 * x.shape[2], 3 * x.shape[3]), x.dtype)
        wide[:, :, ::2, ::3] = x
        return wide[:, :, ::2, ::3]
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
    return x


def upstream(draw, shape, dtype, special=()):
    """Draw dy: small whole numbers, whose sums are exact in every order, and ``special`` ones."""
    elements = st.sampled_from([dtype(v) for v in (0, 1, -2, 3, 5, *special)])
    return draw(hnp.arrays(dtype, shape, elements=elements))


def loops(x, dy, layer):
    y, cache = spec.maxpool_forward(x, **layer)
    return y, spec.maxpool_backward(dy, cache)


def pytorch(x, dy, layer):
    import torch

    # copies: PyTorch takes no negative strides and warns of read-only memory
    images = torch.tensor(np.ascontiguousarray(x), requires_grad=True)
    y = torch.nn.functional.max_pool2d(images, **layer)
    y.backward(torch.tensor(dy))
    return y.detach().numpy(), images.grad.numpy()


def torch_takes(size, layer):
    """Whether PyTorch defines the layer on such an image.

    It pads by at most half of kernel_size, whatever the dilation. And a window that sees no pixel,
    because its dilation steps over a small image, makes PyTorch's backward write outside of its
    memory: "double free or corruption".
    """
    numbers = [
        np.broadcast_to(layer[n], 2) for n in ("kernel_size", "stride", "padding", "dilation")
    ]
    for length, k, s, p, d in zip(size, *numbers, strict=True):
        windows = output_size(length, k, s, p, d, layer["ceil_mode"])
        pixels = (np.arange(windows) * s - p)[:, None] + np.arange(k) * d
        if 2 * p > k or not ((pixels >= 0) & (pixels < length)).any(axis=1).all():
            return False
    return True


compared = dict.fromkeys(("loops", "pytorch"), 0)


@settings(quick, max_examples=examples(2000, 100))
@given(data=st.data())
def check_random_layer(data):
    """On one random batch and layer, y and dx equal the loops' and PyTorch's, bit for bit."""
    size, layer = data.draw(layers())
    dtype = data.draw(st.sampled_from(FLOATS))
    x = data.draw(batches(size, dtype))
    before = x.copy()
    y, cache = maxpool_forward(x, **layer)
    dy = upstream(data.draw, y.shape, dtype, special=(np.inf, np.nan))
    asked = dy.copy()
    dx = maxpool_backward(dy, cache)

    assert (y.dtype, dx.dtype, dx.shape) == (dtype, dtype, x.shape)
    assert_array_equal(x, before)
    assert_array_equal(dy, asked)
    if not layer["ceil_mode"]:  # the loops know no ceil_mode
        expected = loops(x, dy, {n: v for n, v in layer.items() if n != "ceil_mode"})
        assert_array_equal(y, expected[0])
        assert_array_equal(dx, expected[1])
        compared["loops"] += 1
    if PYTORCH and torch_takes(size, layer):
        expected = pytorch(x, dy, layer)
        assert_array_equal(y, expected[0])
        assert_array_equal(dx, expected[1])
        compared["pytorch"] += 1


def test_random_layers_equal_loops_and_pytorch():
    compared.update(loops=0, pytorch=0)
    check_random_layer()
    assert compared["loops"] >= 0.65 * examples(2000, 100), compared
    if not PYTORCH:
        pytest.skip(
            f"PyTorch is not installed; compared with the loops only: {compared['loops']} layers"
        )
    assert compared["pytorch"] >= 0.6 * examples(2000, 100), compared


@settings(quick, max_examples=examples(300))
@given(data=st.data())
def test_integers_and_bool_equal_loops(data):
    """Integers are compared as they are, up to the dtype's ends; no detour over floats."""
    size, layer = data.draw(layers(ceil_mode=st.just(False)))
    dtype = data.draw(st.sampled_from((*INTEGERS, np.bool_)))
    low, high = (0, 1) if dtype is np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    elements = st.sampled_from([dtype(v) for v in {low, low + 1, high - 1, high}])
    x = data.draw(hnp.arrays(dtype, (1, 2, *size), elements=elements))
    y, cache = maxpool_forward(x, **layer)
    dy = data.draw(hnp.arrays(dtype, y.shape, elements=st.sampled_from([dtype(0), dtype(1)])))
    dx = maxpool_backward(dy, cache)
    del layer["ceil_mode"]
    expected = loops(x, dy, layer)
    assert (y.dtype, dx.dtype) == (dtype, dtype)
    assert_array_equal(y, expected[0])
    assert_array_equal(dx, expected[1])


@settings(quick, max_examples=examples(300))
@given(data=st.data())
def test_several_nans_equal_loops(data):
    """The first NaN of a window gets its gradient."""
    size, layer = data.draw(layers(ceil_mode=st.just(False)))
    del layer["ceil_mode"]
    values = [np.float32(v) for v in (np.nan, np.inf, 0, -np.inf)]
    x = data.draw(hnp.arrays(np.float32, (1, 1, *size), elements=st.sampled_from(values)))
    y, cache = maxpool_forward(x, **layer)
    dy = np.arange(1, y.size + 1, dtype=np.float32).reshape(y.shape)
    expected = loops(x, dy, layer)
    assert_array_equal(y, expected[0])
    assert_array_equal(maxpool_backward(dy, cache), expected[1])


def test_blocks_do_not_show():
    """More images than fit in a block give what each gives alone, forward and backward."""
    images = 2 * reference.BLOCK // (40 * 40 * 8) + 1
    x = np.random.default_rng(0).integers(0, 9, (images, 1, 40, 40)).astype(np.float64)
    x[images // 2, 0, 3, 3] = np.nan
    y, cache = maxpool_forward(x, 3, 2, 1)
    dy = np.arange(y.size, dtype=np.float64).reshape(y.shape)
    dx = maxpool_backward(dy, cache)
    for n in range(images):
        alone, cache = maxpool_forward(x[n : n + 1], 3, 2, 1)
        assert_array_equal(y[n : n + 1], alone)
        assert_array_equal(dx[n : n + 1], maxpool_backward(dy[n : n + 1], cache))


def test_more_offsets_than_a_byte_counts():
    x = np.random.default_rng(0).permutation(2 * 40 * 40).reshape(1, 2, 40, 40).astype(np.float32)
    x[0, 0, 30, 30] = 9999  # the 30·33 + 30th offset of the window at (0, 0)
    y, cache = maxpool_forward(x, 33, 7)
    dy = np.ones_like(y)
    expected = loops(x, dy, {"kernel_size": 33, "stride": 7})
    assert_array_equal(y, expected[0])
    assert_array_equal(maxpool_backward(dy, cache), expected[1])


# --- ONNX's published vectors ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_onnx_vector(name):
    """The reference gives ONNX's y; dy goes to ONNX's arg-max where that is published."""
    vector = vectors()[name]
    y, cache = maxpool_forward(vector.padded, **vector.layer)
    assert y.dtype == vector.y.dtype
    assert_array_equal(y, vector.y)
    if vector.winners is not None:
        dy = np.arange(1, y.size + 1, dtype=y.dtype).reshape(y.shape)
        dx = np.zeros_like(vector.x)
        np.add.at(dx.reshape(-1), vector.winners.ravel(), dy.ravel())
        (top, bottom), (left, right) = vector.pads
        H, W = vector.padded.shape[2:]
        got = maxpool_backward(dy, cache)[:, :, top : H - bottom, left : W - right]
        assert_array_equal(got, dx)


def test_onnx_vectors_are_all_there():
    """None but the three-dimensional ones is left out; two publish their arg-max."""
    assert left_out() == NOT_POOLED_IN_2D
    assert sorted(vectors()) == sorted(NAMES)
    assert sum(vector.winners is not None for vector in vectors().values()) == 2


# --- by hand -----------------------------------------------------------------------------------


def test_worked_example():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y, cache = maxpool_forward(x, 2)
    assert_array_equal(y[0, 0], [[5, 7], [13, 15]])
    dx = maxpool_backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), cache)
    assert_array_equal(dx[0, 0], [[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0], [0, 3, 0, 4]])


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_padding_never_gets_the_gradient(dtype):
    """A window of nothing but the smallest value is won by its first pixel, not by padding."""
    x = np.full((1, 1, 3, 3), spec.lowest(np.dtype(dtype)), dtype)
    y, cache = maxpool_forward(x, 3, 1, 1)
    assert_array_equal(y, x)
    dx = maxpool_backward(np.ones_like(y), cache)
    assert_array_equal(dx[0, 0], [[4, 2, 0], [2, 1, 0], [0, 0, 0]])


def test_a_window_without_a_pixel_is_minus_infinity():
    """k = 2, d = 4, p = 2 on 3 pixels: the windows see −2 and 2, −1 and 3 (nothing), 0 and 4."""
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    y, cache = maxpool_forward(x, (1, 2), 1, (0, 2), (1, 4))
    assert_array_equal(y[0, 0], [[3, -np.inf, 1]])
    assert_array_equal(maxpool_backward(np.array([[[[5.0, 6.0, 7.0]]]]), cache)[0, 0], [[7, 0, 5]])


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ((7, 2, 2), 3),
        ((7, 2, 2, 0, 1, True), 4),
        ((5, 3, 1, 1), 5),
        ((7, 3, 1, 0, 2), 3),
        ((2, 3, 1), 0),
        ((2, 1, 2, 0, 1, True), 1),  # a second window would start behind the image
        ((3, 2, 3, 1, 1, True), 2),  # starts at −1 and 2
        ((0, 2, 1), 0),
    ],
)
def test_output_size(arguments, count):
    assert output_size(*arguments) == count
    assert type(output_size(*map(np.int64, arguments))) is int


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 0, 4, 4), (0, 0, 4, 4)])
def test_no_images(shape):
    y, cache = maxpool_forward(np.zeros(shape, np.float32), 2)
    assert (y.shape, y.dtype) == ((*shape[:2], 2, 2), np.float32)
    dx = maxpool_backward(np.zeros_like(y), cache)
    assert (dx.shape, dx.dtype) == (shape, np.float32)


def test_an_image_without_pixels():
    """Half of such a window is padding on either side, and no more: −∞, and an empty gradient."""
    y, cache = maxpool_forward(np.zeros((1, 1, 0, 2)), 2, 1, 1)
    assert_array_equal(y, np.full((1, 1, 1, 3), -np.inf))
    assert maxpool_backward(np.ones_like(y), cache).shape == (1, 1, 0, 2)


def test_other_byte_order_and_wider_floats():
    for dtype in (">f4", ">i2", np.longdouble):
        x = np.array([[[[1, 4], [3, 2]]]], dtype)
        y, cache = maxpool_forward(x, 2)
        dx = maxpool_backward(np.full((1, 1, 1, 1), 7, dtype), cache)
        assert y.dtype == dx.dtype == x.dtype
        assert (y[0, 0, 0, 0], dx[0, 0].tolist()) == (4, [[0, 7], [0, 0]])


def test_dtype_is_that_of_x():
    """A dy of another float dtype, or of integers, gives a dx of x's."""
    y, cache = maxpool_forward(np.zeros((1, 1, 2, 2), np.float32), 2)
    for dy in (np.ones(y.shape), np.ones(y.shape, np.float16), np.ones(y.shape, int), [[[[1]]]]):
        assert maxpool_backward(dy, cache).dtype == np.float32


def test_several_forwards_before_their_backwards():
    """Every cache keeps its own forward pass, even after x and y have been overwritten."""
    rng = np.random.default_rng(0)
    passes = []
    x = np.empty((2, 2, 6, 6))
    for kernel_size in (2, 3):
        x[:] = rng.permutation(x.size).reshape(x.shape)
        y, cache = maxpool_forward(x, kernel_size, 2)
        passes.append((x.copy(), y.shape, cache, kernel_size))
        y[:] = 0
    x[:] = 0
    for image, shape, cache, kernel_size in passes:
        dy = rng.integers(-9, 9, shape).astype(float)
        expected = loops(image, dy, {"kernel_size": kernel_size, "stride": 2})[1]
        assert_array_equal(maxpool_backward(dy, cache), expected)
        assert_array_equal(maxpool_backward(dy, cache), expected)  # a cache can be used again


@pytest.mark.filterwarnings("error")
def test_silent():
    """No NumPy warning, whatever the numbers: text on stderr would cost a student points."""
    x = np.array([[[[np.nan, np.inf, -np.inf, np.inf]]]], np.float16)
    _, cache = maxpool_forward(x, (1, 2), 1)
    dy = np.array([[[[1e300, np.inf, -np.inf]]]])
    dx = maxpool_backward(dy, cache)
    assert_array_equal(dx[0, 0, 0], np.array([np.inf, np.inf, 0, -np.inf]))
    _, cache = maxpool_forward(np.array([[[[0, 1, 0]]]], np.float16), (1, 2), 1)
    assert np.isnan(maxpool_backward(np.array([[[[np.inf, -np.inf]]]]), cache)[0, 0, 0, 1])
    assert np.isinf(maxpool_backward(np.array([[[[6e4, 6e4]]]]), cache)[0, 0, 0, 1])


# --- what it costs -----------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layer", [(2, 2), (3, 2), (3, 1)], ids="{0[0]}/{0[1]}".format)
def test_memory(layer, dtype, layout):
    """All that a forward and a backward pass allocate, y and dx included, is at most 3 times x."""
    x = np.random.default_rng(0).standard_normal((32, 32, 64, 64)).astype(dtype)
    x[0, 0, 0, 0] = np.nan  # also on the longer way
    x = laid_out(x, layout)
    dy = np.ones((32, 32, *(output_size(64, *layer),) * 2), dtype)
    assert peak(lambda: pair_of_passes(x, dy, layer)) <= 3 * x.nbytes


def test_memory_of_one_large_image():
    x = np.random.default_rng(0).standard_normal((1, 1, 2048, 2048)).astype(np.float32)
    dy = np.ones((1, 1, 2046, 2046), np.float32)
    assert peak(lambda: pair_of_passes(x, dy, (3, 1))) <= 3 * x.nbytes


def pair_of_passes(x, dy, layer):
    y, cache = maxpool_forward(x, *layer)
    return y, maxpool_backward(dy, cache)


def peak(function):
    """Return the most bytes that were allocated at one time while ``function`` ran."""
    tracemalloc.start()
    try:
        kept = function()
        return tracemalloc.get_traced_memory()[1] if kept else 0
    finally:
        tracemalloc.stop()


# --- bad input ---------------------------------------------------------------------------------

IMAGE = np.zeros((1, 1, 4, 4))


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((np.zeros((4, 4)), 2), ValueError, r"x has shape \(4, 4\); give .*\(N, C, H, W\)"),
        ((IMAGE.astype(complex), 2), TypeError, "x has dtype complex128; give"),
        ((IMAGE.astype(str), 2), TypeError, "x has dtype <U"),
        ((IMAGE.astype(object), 2), TypeError, "x has dtype object"),
        ((IMAGE, 0), ValueError, r"kernel_size is 0; give .* at least 1"),
        ((IMAGE, 2.0), ValueError, r"kernel_size is 2\.0; give an int"),
        ((IMAGE, True), ValueError, "kernel_size is True; give an int"),
        ((IMAGE, (2, 2, 2)), ValueError, r"kernel_size is \(2, 2, 2\); give an int or a pair"),
        ((IMAGE, 2, 0), ValueError, "stride is 0; give"),
        ((IMAGE, 2, (1, -1)), ValueError, r"stride is \(1, -1\); give"),
        ((IMAGE, 2, 2, -1), ValueError, r"padding is -1; give .* at least 0"),
        (
            (IMAGE, (3, 2), 2, (1, 2)),
            ValueError,
            "padding is 2 along W, more than half .* at most 1",
        ),
        ((IMAGE, 2, 2, 0, 0), ValueError, "dilation is 0; give"),
        ((IMAGE, (2, 5)), ValueError, "no window fits along W: it spans 5 pixels, .* has 4; give"),
        ((IMAGE, 2, 1, 0, 4), ValueError, "no window fits along H: it spans 5"),
    ],
)
def test_bad_forward(arguments, error, says):
    with pytest.raises(error, match=says) as raised:
        maxpool_forward(*arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("dtype", "dy", "error", "says"),
    [
        (
            float,
            np.zeros((1, 1, 2, 3)),
            ValueError,
            r"dy has shape .*3\); give .* y, \(1, 1, 2, 2\)",
        ),
        (float, 1.0, ValueError, r"dy has shape \(\)"),
        (int, np.zeros((1, 1, 2, 2)), TypeError, "dy has dtype float64; convert it to x's, int"),
        (float, np.zeros((1, 1, 2, 2), complex), TypeError, "dy has dtype complex128; convert"),
    ],
)
def test_bad_backward(dtype, dy, error, says):
    _, cache = maxpool_forward(IMAGE.astype(dtype), 2)
    with pytest.raises(error, match=says) as raised:
        maxpool_backward(dy, cache)
    assert "\n" not in str(raised.value)


def test_bad_cache():
    with pytest.raises(TypeError, match="cache is a tuple; give what maxpool_forward returned"):
        maxpool_backward(np.zeros((1, 1, 2, 2)), (IMAGE, 2))


@pytest.mark.parametrize(
    "arguments", [(-1, 2, 2), (4, 0, 2), (4, 2, 0), (4, 2, 1, -1), (4, 2, 1, 0, 0)]
)
def test_bad_output_size(arguments):
    with pytest.raises(ValueError, match=r" is -?\d; give an int"):
        output_size(*arguments)


def test_independent_of_the_loops():
    """The reference imports nothing of poolkit, so it cannot share the loops' mistakes."""
    tree = ast.parse(Path(reference.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported == {"dataclasses", "functools", "itertools", "numpy"}
