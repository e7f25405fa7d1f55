"""The figures of the lessons: alternative text, contrast, and colours for colour-blind eyes."""

import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

import poolkit
from poolkit.kit import colours, svg
from tests import notebooks
from tests.poolkit import pictures

CLEAR = 15  # six times a difference of colour that is just noticeable
# What a dichromat sees, in linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based
# Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), severity 1.0.
SEEN = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "all colours": np.eye(3),
}
# sRGB's primaries and white D65 in XYZ (IEC 61966-2-1)
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, eyes):
    """CIE 1976 L*a*b* of a colour as these eyes see it; a difference of 2.3 is just noticeable."""
    rgb = np.array(colours.rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = XYZ @ np.clip(SEEN[eyes] @ linear, 0, 1) / XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(params=SEEN)
def eyes(request):
    return request.param


def apart(one, other, eyes):
    return float(np.linalg.norm(lab(one, eyes) - lab(other, eyes)))


def test_the_simulation_is_one():
    """Red and green meet for a deuteranope, blue and yellow do not."""
    assert apart("#cc4422", "#667722", "deuteranopia") < apart("#cc4422", "#667722", "all colours")
    assert apart("#0000ff", "#ffff00", "deuteranopia") > 100


def test_window_colours_stay_apart(eyes):
    for one, other in itertools.combinations(colours.COLOURS, 2):
        assert apart(one, other, eyes) > CLEAR, (one, other)


def test_every_window_has_a_symbol_of_its_own_too():
    assert len(set(colours.SYMBOLS)) == len(colours.COLOURS)


@pytest.mark.parametrize(("signed", "name"), [(False, "cividis"), (True, "PuOr_r")])
def test_scales_are_matplotlib_s(signed, name):
    assert colours.palette(signed) == [to_hex(c) for c in matplotlib.colormaps[name](range(256))]


def test_a_check_s_picture_needs_no_matplotlib():
    """While a class is graded nobody else has imported it: a failed check would take 0.2 s."""
    program = (
        "import sys; from poolkit import check\n"
        "try: check.pool_tiles_values(lambda x, kernel_size: -x[:, :, ::2, ::2])\n"
        "except AssertionError: sys.exit('matplotlib' in sys.modules)\n"
        "sys.exit('no failure')"
    )
    folder = Path(poolkit.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True)
    assert b"image/svg" in done.stdout
    assert done.returncode == 0, done.stderr


def test_a_larger_value_is_lighter_for_all_eyes(eyes):
    """Magnitudes: lightness alone orders cividis."""
    lightness = [lab(svg.shade(v, (0, 1)), eyes)[0] for v in np.linspace(0, 1, 33)]
    assert (np.diff(lightness) > 0).all()


def test_signs_stay_apart_for_all_eyes(eyes):
    """Gradients: of +v and −v one is not taken for the other, from a quarter of the scale on."""
    for value in np.linspace(0.25, 1, 7):
        plus, minus = (svg.shade(v, (-1, 1), signed=True) for v in (value, -value))
        assert apart(plus, minus, eyes) > CLEAR, value


def test_the_scales_are_matplotlib_s():
    for name, signed in (("cividis", False), ("PuOr_r", True)):
        top = matplotlib.colors.to_hex(matplotlib.colormaps[name](255))
        assert svg.shade(1, (-1, 1), signed) == top


def test_text_is_readable_on_every_colour_of_the_scales():
    for signed in (False, True):
        for value in np.linspace(-1, 1, 256):
            cell = svg.shade(value, (-1, 1), signed)
            assert colours.contrast(colours.ink(cell), cell) >= 4.5
            pale = colours.on_white(cell, colours.PALE)
            assert colours.contrast(colours.FADED_INK, pale) >= 4.5


def test_contrast_is_that_of_the_standard():
    """The examples that everybody quotes: 21 for black on white, 4.54 for #767676."""
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("colour", colours.COLOURS)
def test_a_window_s_symbol_is_readable_on_its_white_disc(colour):
    assert colours.contrast(colours.deep(colour), "#ffffff") >= 4.5


LONG = "4-network"  # its figures are of training, several times


@pytest.fixture(
    scope="module",
    params=[pytest.param(c, marks=[pytest.mark.slow] * (c == LONG)) for c in notebooks.CHAPTERS],
)
def drawn(request):
    return pictures.figures(request.param)


def test_every_figure_has_a_sentence_as_its_alternative_text(drawn):
    assert len(drawn) >= 3
    for picture in drawn:
        assert len(picture.alt) > 40, picture.cell
        assert picture.alt.rstrip().endswith("."), picture.cell


def test_every_text_in_a_figure_is_readable(drawn):
    for picture in drawn:
        see = pictures.faint if picture.sheet else pictures.unreadable
        assert see(picture.sheet or picture.figure) == [], picture.cell


def test_no_text_in_a_figure_is_tiny(drawn):
    """7 pt are 14 pt at 200 % zoom; figures are drawn at 160 dpi, so they stay sharp there."""
    from matplotlib.text import Text

    for picture in drawn:
        for text in picture.figure.findobj(Text) if picture.figure else ():
            if text.get_text().strip() and text.get_visible():
                assert text.get_fontsize() >= 6.5, (picture.cell, text.get_text())
