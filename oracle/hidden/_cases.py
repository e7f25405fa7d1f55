"""Cases that the hidden checks of chapter 3 ask for: an image batch and a layer's arguments."""

import functools
from dataclasses import dataclass

import numpy as np

from oracle import reference
from oracle.kit.run import Features


@dataclass(frozen=True, eq=False)
class Case:
    """A batch, the arguments of a layer, and which features of a layer they take.

    x          images, shape (N, C, H, W)
    arguments  {name: value} of the layer
    features   names, as "padding" and "overlap"; of a case of several
    """

    x: np.ndarray
    arguments: dict
    features: frozenset = frozenset()

    @functools.cached_property
    def passes(self):
        """y, and dx of the same dy wherever the case is asked: (y, dy, dx)."""
        y, cache = reference.maxpool_forward(self.x, **self.arguments)
        dy = upstream(np.random.default_rng(self.x.size), *y.shape)
        dy = np.ldexp(dy, min(0, 7 - dy.size.bit_length())).astype(self.x.dtype)  # below 4
        return y, dy, reference.maxpool_backward(dy, cache)


IN_WORDS = {
    "batches": "several images and channels",
    "dtype": "float32",
    "overlap": "windows that overlap",
    "rectangular": "what is not square",
    "remainder": "pixels that are left over",
    "gaps": "a stride larger than the kernel",
    "nan": "NaN",
    "negative": "negative values",
    "large": "many rows and columns",
    "sizes": "an empty batch",
}
BOTH = "padding and dilation"  # each right alone, they may be wrong together: asked with padding


def besides(features):
    """What must be right alone, besides these features."""
    return [BOTH] if {"padding", "dilation"} <= features else []


def upstream(rng, *shape):
    """Gradients for that many outputs: distinct, of both signs, none of them large or zero."""
    size = int(np.prod(shape))
    return (rng.permutation(size).reshape(shape) - size / 2 + 0.25) / 8


def drawn(seed, features):
    """Draw a case with these features together, and no other."""
    rng, features = np.random.default_rng(seed), set(features)
    N, C = rng.permutation([2, 3]) if "batches" in features else (1, 1)
    if "sizes" in features:
        N, C = rng.permutation([0, 2])
    if {"overlap", "gaps"} <= features:
        features.add("rectangular")  # along the rows the one, along the columns the other
    axes = [_axis(rng, features)]
    other = features - {"overlap"} if "gaps" in features else features
    axes += [_axis(rng, other, axes[0])] if "rectangular" in features else axes
    size, k, s, p, d, seen = zip(*axes, strict=True)
    if all((n + 2 * q) == last + q for n, q, last in zip(size, p, seen, strict=True)):
        features.discard("remainder")
    x = _values(rng, (N, C, *size), features)
    x[:, :, seen[0] :] += 1000  # the largest values lie where no window looks
    x[:, :, :, seen[1] :] += 1000
    if features & {"padding", "negative"}:
        x -= 5000 + x.size  # where there is a border, one of zeros would show
    if "padding" in features:
        features.discard("negative")
    kind = "f4" if "dtype" in features else "f8"
    return Case(x.astype(kind), _arguments(k, s, p, d), frozenset(features))


def _axis(rng, features, unlike=None):
    """Draw (size, kernel size, stride, padding, dilation, pixels up to the last window's end).

    unlike  the same of the other axis, if this one must be another
    """
    _, other_k, _, other_p, other_d, _ = unlike or [None] * 6
    k = int(rng.choice([n for n in (2, 3, 4) if n != other_k]))
    if "overlap" in features:
        s = int(rng.integers(1, k))
    d = 1
    if "dilation" in features:  # without a divisor in common with s no two windows share a pixel
        steps = [2, 3] if "overlap" in features else [2, 1] if k == 3 else [3, 1]
        d = int(rng.choice([n for n in steps if n != other_d and (unlike or n > 1)]))
    span = d * (k - 1) + 1
    if "overlap" not in features:
        s = span + 1 if "gaps" in features else k
    reach = span + (19 if "large" in features else 2) * s
    p = 0
    if "padding" in features:
        widths = [n for n in ((0, 1, 2) if unlike else (1, 2)) if n != other_p]
        p = int(rng.choice([n for n in widths if 2 * n <= span and reach - 2 * n >= d]))
    rest = int(rng.integers(1, s)) if "remainder" in features and s > 1 else 0
    seen = reach - p
    return seen - p + rest, k, s, p, d, seen  # behind the last window: the border, what is left


def _values(rng, shape, features):
    count = int(np.prod(shape))
    x = 1.5 + rng.permutation(count).reshape(shape)
    if "ties" in features:
        x = rng.integers(0, 3, shape) + 0.5
    if "nan" in features:
        x[rng.random(shape) < 0.15] = np.nan
    return x


def _arguments(k, s, p, d):
    """The layer's arguments as a reader would write them: ints where both are alike."""
    named = {"kernel_size": k, "stride": s, "padding": p, "dilation": d}
    usual = {"stride": k, "padding": (0, 0), "dilation": (1, 1)}
    return {
        name: value[0] if value[0] == value[1] else value
        for name, value in named.items()
        if value != usual.get(name)
    }


def combined(order, each=3, seed=1):
    """Return {feature: cases of it with those before it in ``order``}, some of these in each case.

    Where a combination is wrong, a point is lost in the check of its last feature. The seed is one
    for which no two features fail to meet: tests/oracle/test_mutants.py tries them all.
    """
    found, rng = {}, np.random.default_rng(seed)
    for number, feature in enumerate(order):
        cases = []
        for _ in range(each if number else 0):
            some = [other for other in order[:number] if rng.random() < 0.5] or [order[0]]
            cases.append(drawn(rng.integers(2**32), {feature, *some}))
        found[feature] = sorted(cases, key=lambda case: len(case.features))
    return found


FEATURES = Features(IN_WORDS, drawn, besides)
