"""Hidden checks of chapter 1."""

import numpy as np
from poolkit.voice import call, same

from ._hidden import hidden

__all__ = ["output_size_remainder"]


@hidden
def output_size_remainder(output_size):
    sizes = [(n, k, s) for n in range(5, 12) for k in range(1, 5) for s in range(1, 5)]
    got = [call(output_size, *size) for size in sizes]
    expected = [(n - k) // s + 1 for n, k, s in sizes]
    for size, mine, right in zip(sizes, got, expected, strict=True):
        same(f"output_size{size}", mine, right)
