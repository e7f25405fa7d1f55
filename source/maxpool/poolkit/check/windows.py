"""Visible checks of chapter 1."""

from ..voice import call, same
from ._visible import visible

__all__ = ["output_size_remainder"]


@visible(
    "output_size · remainder",
    cause="the last window must lie inside the image completely; what is left over is dropped",
    read="How many windows fit?",
)
def output_size_remainder(output_size):
    """7 pixels, windows of 2, step 2: three windows fit, the seventh pixel is left over."""
    same("output_size(7, 2, 2)", call(output_size, 7, 2, 2), 3)
