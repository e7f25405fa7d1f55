"""What the explorers ask of the specification."""

import numpy as np

from .. import spec


def windows_of(x, kernel_size, stride):
    """(y, {(k, l): winning pixel}) of one image."""
    y, (chosen, *_) = spec.maxpool_forward(np.asarray(x)[None, None], kernel_size, stride)
    return y[0, 0], {(k, l): pixel for (_, _, k, l), pixel in chosen.items()}
