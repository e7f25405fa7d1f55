"""ONNX's published MaxPool test vectors, as batches of images and a layer's arguments.

The ``onnx`` package carries them in two forms: written out in Python for the operator's
specification, and as files that PyTorch exported.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

# Those that are an image's layer: known without reading them, which takes seconds.
NAMES = (
    "test_globalmaxpool",
    "test_globalmaxpool_precomputed",
    "test_maxpool_2d_uint8",
    "test_maxpool_2d_precomputed_pads",
    "test_maxpool_with_argmax_2d_precomputed_pads",
    "test_maxpool_2d_precomputed_strides",
    "test_maxpool_with_argmax_2d_precomputed_strides",
    "test_maxpool_2d_precomputed_same_upper",
    "test_maxpool_1d_default",
    "test_maxpool_2d_default",
    "test_maxpool_2d_same_upper",
    "test_maxpool_2d_same_lower",
    "test_maxpool_2d_pads",
    "test_maxpool_2d_strides",
    "test_maxpool_2d_ceil",
    "test_maxpool_2d_ceil_output_size_reduce_by_one",
    "test_maxpool_2d_dilations",
    "test_MaxPool1d",
    "test_MaxPool1d_stride",
    "test_MaxPool1d_stride_padding_dilation",
    "test_MaxPool2d",
    "test_MaxPool2d_stride_padding_dilation",
    "test_operator_maxpool",
)
# Pooling over three axes: not a layer on images.
NOT_POOLED_IN_2D = dict.fromkeys(
    (
        "test_maxpool_3d_default",
        "test_maxpool_3d_dilations",
        "test_maxpool_3d_dilations_use_ref_impl",
        "test_maxpool_3d_dilations_use_ref_impl_large",
        "test_MaxPool3d",
        "test_MaxPool3d_stride",
        "test_MaxPool3d_stride_padding",
    ),
    3,
)


@dataclass(frozen=True)
class Vector:
    """One published case.

    x        images, shape (N, C, H, W); pooling along one axis is an image of one row
    pads     ((top, bottom), (left, right)): what ``padded`` adds to x
    padded   x, or x inside −∞: ONNX pads each side by itself, also by more than half a window
    layer    the arguments of ``maxpool_forward`` beside ``padded``
    y        the published output
    winners  the published arg-max, as row-major indices into x, or None
    """

    x: np.ndarray
    pads: tuple
    padded: np.ndarray
    layer: dict
    y: np.ndarray
    winners: np.ndarray | None


@cache
def _published():
    """Return {name: (the MaxPool node, x, the outputs)}."""
    import onnx
    from onnx import numpy_helper
    from onnx.backend.test.case import node as written
    from onnx.backend.test.case.node import globalmaxpool, maxpool  # noqa: F401  (fill `written`)

    found = {}
    for case in written._NodeTestCases:
        (inputs, outputs), *_ = case.data_sets
        found[case.name] = case.model.graph.node[0], inputs[0], outputs
    files = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for model in sorted(files.glob("*/test_*ax*ool*/model.onnx")):
        nodes = onnx.load(model).graph.node
        if [node.op_type for node in nodes] == ["MaxPool"]:
            x, y = (
                numpy_helper.to_array(onnx.load_tensor(model.parent / "test_data_set_0" / file))
                for file in ("input_0.pb", "output_0.pb")
            )
            found[model.parent.name] = nodes[0], x, [y]
    return found


def left_out():
    """Return {name: number of pooled axes} of the published cases that are no ``Vector``."""
    return {name: x.ndim - 2 for name, (_, x, _) in _published().items() if x.ndim > 4}


@cache
def vectors():
    """Return {name: case} of those that pool along one or two axes."""
    return {name: _vector(*case) for name, case in _published().items() if name not in left_out()}


def _vector(node, x, outputs):
    from onnx import helper

    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    axes = x.ndim - 2
    y, *indices = outputs
    kernel = given.get("kernel_shape", x.shape[2:])  # GlobalMaxPool: the whole image
    stride = given.get("strides", [1] * axes)
    dilation = given.get("dilations", [1] * axes)
    pads = given.get("pads", [0] * 2 * axes)
    pads = tuple(zip(pads[:axes], pads[axes:], strict=True))
    auto = given.get("auto_pad", b"NOTSET").decode()
    if auto.startswith("SAME"):
        pads = tuple(
            _same(auto, size, k, s) for size, k, s in zip(x.shape[2:], kernel, stride, strict=True)
        )
    if axes == 1:
        x, y, pads = x[:, :, None], y[:, :, None], ((0, 0), *pads)
        kernel, stride, dilation = ([1, *v] for v in (kernel, stride, dilation))
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    layer = {"kernel_size": tuple(kernel), "stride": tuple(stride), "dilation": tuple(dilation)}
    return Vector(
        x,
        pads,
        np.pad(x, ((0, 0), (0, 0), *pads), constant_values=lowest),
        {**layer, "ceil_mode": bool(given.get("ceil_mode", 0))},
        y,
        _row_major(indices[0], x.shape, given.get("storage_order", 0)) if indices else None,
    )


def _same(auto, size, k, s):
    """Return the pads with which ⌈size / s⌉ windows cover an axis; ``auto`` gets the odd pixel."""
    total = max(0, (-(-size // s) - 1) * s + k - size)
    small, large = total // 2, total - total // 2
    return (small, large) if auto == "SAME_UPPER" else (large, small)


def _row_major(indices, shape, storage_order):
    """Return ONNX's flat indices into x as NumPy's; order 1 counts down an image's columns."""
    if storage_order == 0:
        return indices
    H, W = shape[2:]
    image, place = np.divmod(indices, H * W)
    column, row = np.divmod(place, H)
    return (image * H + row) * W + column
