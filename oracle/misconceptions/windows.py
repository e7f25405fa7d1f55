"""Wrong answers of chapter 1."""

from ._registry import misconception


@misconception(
    "output_size",
    kind="rounding",
    hint="You rounded up: a window that sticks out of the image is dropped, so divide with floor (//).",
    loses="output_size_remainder",
)
def rounds_up(size, kernel_size, stride, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return -(-(size + 2 * padding - span) // stride) + 1
