"""Wrong answers, and the sentence that helps."""

import numpy as np

from oracle.kit.registry import all_of, right


@right("mean_pool")
def tiles(x, size):
    H, W = x.shape
    return x.reshape(H // size, size, W // size, size).mean(axis=(1, 3))


@right("spread")
def repeated(dy, size):
    return np.repeat(np.repeat(dy, size, axis=0), size, axis=1) / size**2


tiles.differs("""
takes-the-maximum (averaging) loses mean_pool_{values,vectorised} spread_laws
    You took the largest pixel of the window. That is max pooling: here all pixels count.
~ .mean( => .max(
""")
repeated.differs("""
copies-the-gradient (sharing) loses spread_values spread_laws
    Every pixel got all of its window's gradient. A pixel is one of size² in the mean, so its part
    is dy / size².
~ axis=1) / size**2 => axis=1)
divides-by-the-side (sharing) loses spread_values spread_laws
    You divided by size. A window has size rows and size columns: size² pixels.
~ size**2 => size
""")


def known():
    return all_of([__name__])
