"""Figures of a network that has learned to read: what the course begins with and returns to."""

import numpy as np

from .. import network, spec
from ..kit.colours import COLOURS, GREY
from ..kit.figure import figures, grid, lesson, new, outline, panels, show
from .network import when_there

BLUE, ORANGE = COLOURS[:2]


def answers(x, parameters):
    """Return what a convolution and a ReLU make of images x: the channels, (N, 2, 8, 8)."""
    w, b = parameters["w"], parameters["b"]
    seen = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.maximum(np.einsum("ncijuv,fcuv->nfij", seen, w) + b[:, None, None], 0)


def shares(pooled, parameters):
    """Return the probabilities of the ten digits, (N, 10), by the last layer and the softmax."""
    scores = pooled.reshape(len(pooled), -1) @ parameters["M"] + parameters["m"]
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def canvas(width, height, title):
    """An empty figure of this many inches, with a title."""
    figure, axes = new(1)
    axes[0, 0].remove()
    figure.set_layout_engine("none")
    figure.set_size_inches(width, height)
    figure.suptitle(title, fontsize=12, y=1 - 0.08 / height, va="top")
    return figure


def square(figure, left, low, side):
    """Panel on a figure: its lower left corner and its side in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, low / height, side / width, side / height))


def arrow(figure, start, end):
    """A grey arrow on a figure, from one point to another in inches."""
    from matplotlib.patches import FancyArrowPatch

    figure.add_artist(
        FancyArrowPatch(
            *(tuple(np.array(point) / figure.get_size_inches()) for point in (start, end)),
            arrowstyle="-|>",
            mutation_scale=11,
            color=GREY,
            transform=figure.transFigure,
        )
    )


def ruled(panel, values, title="", low=0.0, high=None, step=2):
    """An image without numbers, its windows ruled off."""
    panel.imshow(values, cmap="cividis", vmin=low, vmax=high)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    panel.set_title(title, fontsize=10.5)
    for edge in np.arange(step, len(values), step) - 0.5 if step else ():
        panel.axhline(edge, color="white", linewidth=0.8)
        panel.axvline(edge, color="white", linewidth=0.8)


@lesson
def reader(image=472):
    """Draw one test digit on its way through the trained network, and who of it gets a gradient."""
    parameters = network.reader()
    _, (x_test, labels) = network.digits()
    x, label = x_test[image : image + 1], int(labels[image])
    channels = answers(x, parameters)
    pooled, cache = spec.maxpool_forward(channels, kernel_size=2)
    p = shares(pooled, parameters)[0]
    # the pixels that won their window, and won it with something: only these hear of the loss
    got = (spec.maxpool_backward(np.ones_like(pooled), cache) > 0) & (channels > 0)
    figure = canvas(
        9.4, 4.5, "A trained network reads a digit. Only the framed numbers get a gradient from it."
    )
    picture = square(figure, 0.15, 1.0, 2.1)
    ruled(picture, x[0, 0], "the picture, 12 × 12", high=1, step=0)
    high = float(channels.max())
    for channel, low in enumerate((2.2, 0.15)):
        panel, below = square(figure, 3.0, low, 1.6), square(figure, 5.3, low + 0.4, 0.8)
        sizes = ("convolution, ReLU: 2 × 8 × 8", "max pooling: 2 × 4 × 4")
        ruled(panel, channels[0, channel], "" if channel else sizes[0], high=high)
        ruled(below, pooled[0, channel], "" if channel else sizes[1], high=high, step=0)
        panel.set_ylabel(f"channel {channel}", fontsize=9.5)
        for i, j in np.argwhere(got[0, channel]):
            outline(panel, i, j, colour=ORANGE, thickness=1.4, inset=0.08, halo=False)
            panel.plot(j, i, "o", color="white", markeredgecolor="black", markersize=3.5)
        arrows = ((2.35, 2.05), (2.75, low + 0.8)), ((4.7, low + 0.8), (5.2, low + 0.8))
        for start, end in (*arrows, ((6.2, low + 0.8), (6.75, 2.05))):
            arrow(figure, start, end)
    bars = figure.add_axes((7.1 / 9.4, 1.1 / 4.5, 2.1 / 9.4, 2.0 / 4.5))
    bars.bar(range(10), 100 * p, color=BLUE, width=0.7)
    bars.set(xlim=(-0.7, 9.7), ylim=(0, 109), yticks=[0, 50, 100])
    bars.set_xticks(range(10))
    bars.tick_params(length=0, labelsize=9, labelcolor=GREY)
    bars.set_title("its answer, in %", fontsize=10.5)
    bars.spines[["top", "right"]].set_visible(False)
    said = int(p.argmax())
    return show(
        figure,
        f"A handwritten {label}, 12×12 pixels; the two channels of 8×8 numbers that the "
        "network's convolution and ReLU make of it; the 4×4 numbers of each that max pooling "
        f"passes on; and the answer: {said}, with {100 * p[said]:.0f} %. Of the {got.size} numbers "
        f"in the two channels {int(got.sum())} are framed: they alone get a gradient from this "
        "picture.",
    )


@when_there
def gets_gradient(da):
    """Draw of each place in the channels how many images send it a gradient.

    da  gradients at the convolution's channels, shape (N, 2, 8, 8)
    """
    got = da != 0
    often, each = 100 * got.mean(axis=0), got.reshape(len(got), -1).sum(axis=1)
    ever = int((often > 0).sum())
    figure, ((*drawn,),) = panels(
        f"An image reaches {each.mean():.0f} of the {often.size} places; all images reach {ever}.",
        [(8, 8), (8, 8)],
        cell=0.4,
        gap=0.9,
    )
    for channel, panel in enumerate(drawn):
        # what is rare is not never: 0 stands for never alone
        texts = [["<1" if 0 < v < 1 else f"{v:.0f}" for v in row] for row in often[channel]]
        title = f"channel {channel}: % of the images"
        grid(panel, often[channel], title, limit=100.0, texts=texts, size=9)
    return show(
        figure,
        f"For each of the {often.size} places in the two channels, in how many of {len(got)} "
        f"images it gets a gradient, in %. One image gives a gradient to {each.mean():.0f} places "
        f"on average and to {each.max()} at most; {ever} places get one from some image.",
    )


@lesson
def reader_places():
    """Draw of each place in the trained network's channels how many test digits reach it."""
    parameters = network.reader()
    _, (x_test, labels) = network.digits()
    channels = answers(x_test, parameters)
    pooled, cache = spec.maxpool_forward(channels, kernel_size=2)
    dscores = shares(pooled, parameters)
    dscores[np.arange(len(labels)), labels] -= 1  # ∂L/∂scores of each image: p_q - [q = t]
    dpooled = (dscores @ parameters["M"].T).reshape(pooled.shape)
    return gets_gradient(spec.maxpool_backward(dpooled, cache) * (channels > 0))


__all__ = figures(globals())
