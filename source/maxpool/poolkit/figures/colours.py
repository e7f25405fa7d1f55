"""The palette, and the arithmetic that keeps text readable on it.

Window colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), in an order whose
neighbours also differ in lightness. Contrast is that of WCAG 2.2: a text needs 4.5, a mark 3.
"""

import functools

WINDOW_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
PALE = 0.2  # what is left of a cell's colour when it steps back
FADED_INK = "#4d4d4d"  # the text in it


def rgb(colour):
    """Split "#rrggbb" into three numbers from 0 to 1."""
    return tuple(int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))


def code(parts):
    """Three numbers from 0 to 1 as "#rrggbb"."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def on_white(colour, strength):
    """A colour laid on white, ``strength`` of it."""
    return code(1 - strength * (1 - part) for part in rgb(colour))


@functools.cache
def luminance(colour):
    """Relative luminance, 0 black to 1 white (WCAG 2.2, "relative luminance")."""
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@functools.cache
def ink(background):
    """Black or white, whichever is easier to read on a colour; the ratio is 4.58 at least."""
    return max("#000000", "#ffffff", key=lambda colour: contrast(colour, background))


@functools.cache
def deep(colour):
    """A colour as dark as it must be to be read as text on white."""
    for step in range(100, 0, -2):
        darker = code(step / 100 * part for part in rgb(colour))
        if contrast(darker, "#ffffff") >= 4.5:
            return darker
    return "#000000"
