"""The palette, and the arithmetic that keeps text readable on it.

The colours of things are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), in an order
whose neighbours also differ in lightness. Contrast is that of WCAG 2.2: a text needs 4.5, a mark 3.

Scales are Matplotlib's: cividis (Nuñez, Anderton and Renslow, PLoS ONE 13, 2018, e0199239) and PuOr
(Cynthia Brewer, https://colorbrewer2.org). They stand here so that a picture can be drawn without
importing Matplotlib, which takes longer than all pictures of a notebook.
"""

import functools

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
SYMBOLS = "●▲■◆✚▼"  # one a thing, beside its colour
GREY = "#666666"  # what is said beside a Matplotlib panel
# 256 colours from low to high
CIVIDIS = """
00224e00234f00245100255300255400265600275800285900285b00295d002a5f002a61002b62002c64002c66002d68
002e6a002e6c002f6d00306f0030700031700031710132710533710833700c34700f357012357014367016377018376f
1a386f1c396f1e3a6f203a6f213b6e233c6e243c6e263d6e273e6e293f6e2a3f6d2b406d2d416d2e416d2f426d31436d
32436d33446d34456c35456c36466c38476c39486c3a486c3b496c3c4a6c3d4a6c3e4b6c3f4c6c404c6c414d6c424e6c
434e6c444f6c45506c46516c47516c48526c49536c4a536c4b546c4c556c4d556c4e566c4f576c50576c51586d52596d
535a6d545a6d555b6d555c6d565c6d575d6d585e6d595e6e5a5f6e5b606e5c616e5d616e5e626e5e636f5f636f60646f
61656f62656f636670646770656870656870666970676a71686a71696b716a6c716b6d726c6d726c6e726d6f726e6f73
6f70737071737172747272747273747374757474757575757676767777767777777878777979777a7a787b7a787c7b78
7d7c787e7c787e7d787f7e78807f78817f788280798381798482798582798683798784788885788985788a86788b8778
8c88788d88788e89788f8a78908b78918b78928c78928d78938e78948e77958f779690779791779892779992779a9376
9b94769c95769d95769e96769f9775a09875a19975a29975a39a74a49b74a59c74a69c74a79d73a89e73a99f73aaa073
aba072aca172ada272aea371afa471b0a571b1a570b3a670b4a76fb5a86fb6a96fb7a96eb8aa6eb9ab6dbaac6dbbad6d
bcae6cbdae6cbeaf6bbfb06bc0b16ac1b26ac2b369c3b369c4b468c5b568c6b667c7b767c8b866c9b965cbb965ccba64
cdbb63cebc63cfbd62d0be62d1bf61d2c060d3c05fd4c15fd5c25ed6c35dd7c45cd9c55cdac65bdbc75adcc859ddc858
dec958dfca57e0cb56e1cc55e2cd54e4ce53e5cf52e6d051e7d150e8d24fe9d34eead34cebd44bedd54aeed649efd748
f0d846f1d945f2da44f3db42f5dc41f6dd3ff7de3ef8df3cf9e03afbe138fce236fde334fee434fee535fee636fee838
"""
# 11, from which all the others are mixed: negative, zero, positive
PUOR = "2d004b 542788 8073ac b2abd2 d8daeb f7f7f7 fee0b6 fdb863 e08214 b35806 7f3b08"
PALE = 0.2  # what is left of a cell's colour when it steps back
FADED_INK = "#4d4d4d"  # the text in it


def colour_of(n):
    """The colour of thing number n."""
    return COLOURS[n % len(COLOURS)]


def symbol_of(n):
    """The symbol of thing number n."""
    return SYMBOLS[n % len(SYMBOLS)]


def rgb(colour):
    """Split "#rrggbb" into three numbers from 0 to 1."""
    return tuple(int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))


def code(parts):
    """Three numbers from 0 to 1 as "#rrggbb"."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


@functools.cache
def palette(signed):
    """The 256 colours of a scale: cividis for magnitudes, PuOr with zero in its middle."""
    if not signed:
        whole = "".join(CIVIDIS.split())
        return [f"#{whole[n : n + 6]}" for n in range(0, len(whole), 6)]
    mixed = np.array([rgb(f"#{colour}") for colour in PUOR.split()])
    places = np.linspace(0, len(mixed) - 1, 256)
    parts = [np.interp(places, range(len(mixed)), part) for part in mixed.T]
    return [code(colour) for colour in zip(*parts, strict=True)]


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
