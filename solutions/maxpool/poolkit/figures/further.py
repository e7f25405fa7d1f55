"""Figures of where this goes: the relatives of max pooling, and what is done with its addresses."""

import numpy as np

from .. import network, spec
from ..kit.colours import colour_of, symbol_of
from ..kit.figure import figures, lesson, show, show_sheet
from ..kit.pictures import BLACK, Row
from ..kit.svg import scale_of, spelled
from .answers import Scene
from .ideas import _tagged, _won
from .reading import answers, canvas, ruled, shares, square


def _arrow(row, one, other):
    middle = (one.top + one.bottom) / 2
    row.sheet.arrow((one.right + 8, middle), (other.left - 8, middle), BLACK)


@lesson
def strided(x, weights):
    """Draw pooling and a convolution with stride: windows of 2×2, side by side, of one image."""
    x, weights = np.asarray(x, float), np.asarray(weights, float)
    scene = Scene(x, kernel_size=2)
    row = Row("The same windows: pooling takes the largest, a convolution weighs them all.")
    image = scene.draw(row, (), list(scene.wins(0, 0)))
    y = spec.maxpool_forward(scene.x, 2)[0][0, 0]
    pooled = row.board(y, "max pooling", labels=False, scale=scale_of(x))
    scene.tag(pooled, list(scene.wins(0, 0)))
    style = {"labels": False, "signed": True}
    row.board(weights, "weights, learned", scale=scale_of(weights, signed=True), **style)
    tiles = x.reshape(len(x) // 2, 2, -1, 2)
    sums = np.einsum("kulv,uv->kl", tiles, weights)
    row.board(sums, "convolution, stride 2", scale=scale_of(sums, signed=True), **style)
    _arrow(row, image, pooled)
    row.notes.append("a weighted sum has a gradient for every pixel of its window, and for weights")
    row.said.append(f"y[0,0] is {spelled(y[0, 0])} there and {spelled(sums[0, 0])} here")
    return show_sheet(*row.done("An image, its 2×2 maxima, and a 2×2 convolution with stride 2"))


@lesson
def unpooled(x, y):
    """Draw max-unpooling: an image of y's numbers at the addresses of x's winners."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    scene = Scene(x, kernel_size=2)
    _, cache = spec.maxpool_forward(scene.x, 2)
    placed = spec.maxpool_backward(y[None, None], cache)[0, 0]
    row, won = Row("Unpooling: new numbers go back to the old addresses."), _won(scene)
    scene.draw(row, (), list(scene.wins(0, 0)))
    given = row.board(y, "what a decoder says", labels=False, scale=scale_of(y))
    scene.tag(given, list(scene.wins(0, 0)))
    result = row.board(placed, "unpooled: Jᵀ times that", labels=False, scale=scale_of(y))
    _tagged(result, scene, won)
    _arrow(row, given, result)
    row.notes.append("a symbol is a window: its winner in x, its new number, and where that goes")
    row.said.append("all other pixels are 0")
    return show_sheet(*row.done("An image, its winners, a 2×2 array, its numbers at their places"))


@lesson
def grad_cam(image=7, others=(7,)):
    """Draw for the trained network which places spoke for a digit (Grad-CAM)."""
    parameters = network.reader()
    _, (x_test, labels) = network.digits()
    x, label = x_test[image : image + 1], int(labels[image])
    channels = answers(x, parameters)
    pooled, cache = spec.maxpool_forward(channels, kernel_size=2)
    p = shares(pooled, parameters)[0]
    classes = [label, *others]
    figure = canvas(2.6 + 2.4 * len(classes), 3.0, "Grad-CAM: which places spoke for a digit?")
    ruled(square(figure, 0.25, 0.35, 2.0), x[0, 0], f"a {label}", high=1, step=0)
    heats = []
    for digit in classes:
        dscore = parameters["M"][:, digit].reshape(pooled.shape)  # ∂score/∂pooled
        gradient = spec.maxpool_backward(dscore, cache)
        alpha = gradient.mean(axis=(2, 3))[0]  # one weight for each channel
        heats.append(np.maximum(np.einsum("f,fij->ij", alpha, channels[0]), 0))
    for n, (digit, heat) in enumerate(zip(classes, heats, strict=True)):
        panel = square(figure, 2.65 + 2.4 * n, 0.35, 2.0)
        # place (i, j) of a channel looks at the 5×5 pixels around pixel (i + 2, j + 2)
        ruled(panel, np.pad(heat, 2), f"for {digit}", high=float(heat.max()) or 1.0, step=0)
        panel.contour(x[0, 0], [0.5], colors="white", linewidths=1)
    return show(
        figure,
        f"A handwritten {label} and, for the digits {', '.join(map(str, classes))}, the channels "
        "weighted by their mean gradient and cut off at zero, with the digit's contour in white. "
        "Bright places spoke for that digit, each picture on a scale of its own. The network says "
        f"{label} with {100 * p[label]:.0f} %.",
    )


def _shrunk(values, blur):
    """Pool a row that goes round in a circle, by 2 with stride 2; with a blur before the stride."""
    largest = np.maximum(values, np.roll(values, -1))
    if blur:
        largest = (np.roll(largest, 1) + 2 * largest + np.roll(largest, -1)) / 4
    return largest[::2]


@lesson
def aliased(values):
    """Draw what a shift by one pixel does to max pooling of a row, without and with a blur.

    values  one period of a row that goes round in a circle
    """
    values = np.asarray(values, float)
    row = Row("Shifted by one pixel, a row may look like another one; a blur softens that.")
    style, most = {"cell": 34, "labels": False}, []
    for n, (name, signal) in enumerate((("x", values), ("x, shifted by 1", np.roll(values, -1)))):
        if n:
            row.below(30, row.sheet.height)
        results = [_shrunk(signal, blur) for blur in (False, True)]
        most.append(results)
        boards = [row.board(signal[None], name, scale=(0, 1), **style)]
        for title, result in zip(("max, stride 2", "max, blur, stride 2"), results, strict=True):
            boards.append(row.board(result[None], title, scale=(0, 1), **style))
        for k in range(0, len(signal), 2):
            boards[0].outline(0, k, 1, 2, colour=colour_of(k // 2), inset=2, thick=2.5)
            boards[1].mark(0, k // 2, symbol_of(k // 2), colour_of(k // 2), outline=False)
    plain, blurred = (float(np.abs(a - b).max()) for a, b in zip(*most, strict=True))
    row.said.append(
        f"the shift changes an output of plain pooling by up to {spelled(plain)}, "
        f"with the blur by {spelled(blurred)}"
    )
    row.notes.append("blur: every number becomes (left + 2 · itself + right) / 4; ends meet")
    return show_sheet(*row.done("A row of pixels and the same row shifted, pooled in two ways"))


__all__ = figures(globals())
