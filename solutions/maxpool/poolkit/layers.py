"""Backward passes of max pooling as loops, the right one and some with a fault: for the laws.

``FAULTS`` maps a name to what is done with the gradient of one window. ``backward`` makes a
backward pass of it, at one x.
"""

import numpy as np

from . import spec


def right(dx, window):
    """The winner gets it, in addition to what it has."""
    dx[window.winner] += window.dy


def overwrites(dx, window):
    """The winner gets it, in place of what it has."""
    dx[window.winner] = window.dy


def every_maximum(dx, window):
    """Every pixel that is as large as the winner gets all of it."""
    for pixel in window.tied:
        dx[pixel] += window.dy


def splits_ties(dx, window):
    """The pixels that are as large as the winner share it."""
    for pixel in window.tied:
        dx[pixel] += window.dy / len(window.tied)


def last_of_equals(dx, window):
    """The last pixel that is as large as the winner gets it."""
    dx[window.tied[-1]] += window.dy


def padded_addresses(dx, window):
    """A place in the padded image is taken for one in x; what lies beyond x is lost."""
    i, j = np.add(window.winner, window.padding)
    if i < dx.shape[0] and j < dx.shape[1]:
        dx[i, j] += window.dy


def whole_window(dx, window):
    """Every pixel of the window gets an equal share, as in average pooling."""
    for pixel in window.pixels:
        dx[pixel] += window.dy / len(window.pixels)


def times_the_pixel(dx, window):
    """The winner gets it, multiplied by the winner's value."""
    dx[window.winner] += window.dy * window.value


def clips(dx, window):
    """The winner gets it, but no more than 1 and no less than −1."""
    dx[window.winner] += np.clip(window.dy, -1, 1)


FAULTS = {
    "right": right,
    "overwrites": overwrites,
    "padded addresses": padded_addresses,
    "every maximum in full": every_maximum,
    "splits ties": splits_ties,
    "last of equals": last_of_equals,
    "whole window": whole_window,
    "times the pixel": times_the_pixel,
    "clips": clips,
}


class Window:
    """One window of one image and channel, and the gradient of its output.

    image    x of that image and channel, H×W
    pixels   its pixels (i, j), row by row
    winner   the first of the largest
    dy       the gradient of its output
    padding  rows and columns of the border
    """

    def __init__(self, image, pixels, winner, dy, padding):
        self.pixels, self.winner, self.dy, self.padding = pixels, winner, dy, padding
        self.value = image[winner]
        self.tied = [pixel for pixel in pixels if image[pixel] == self.value]


def backward(fault, x, kernel_size, stride=None, padding=0, dilation=1):
    """Return the backward pass at x, function of dy, with a fault of ``FAULTS``."""
    x, give = np.array(x, float), FAULTS[fault]
    layer = kernel_size, stride, padding, dilation
    chosen, _ = spec.winners(x, *layer)
    pairs = spec.arguments(x, *layer)

    def back(dy):
        dx = np.zeros(x.shape)
        for (n, c, k, l), winner in chosen.items():
            pixels = spec.covered(k, l, x.shape[2:], *pairs)
            give(dx[n, c], Window(x[n, c], pixels, winner, dy[n, c, k, l], pairs[2]))
        return dx

    return back


def forward(*layer):
    """Return the forward pass, function of x, of a layer's arguments from kernel_size on."""
    return lambda x: spec.maxpool_forward(x, *layer)[0]
