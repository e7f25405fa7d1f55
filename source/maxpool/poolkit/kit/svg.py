"""Drawing without Matplotlib: pictures that are made in a millisecond.

An explorer draws anew at every key, and a check must not slow down grading. The style is that of
``figure``: the same pixel in the same place, values printed, a maximum marked by an outline *and* a
symbol, cividis for magnitudes, a zero-centred PuOr for signed gradients. All lengths are pixels of
the screen.
"""

import base64
import html

import numpy as np

from .colours import FADED_INK, PALE, deep, ink, on_white, palette
from .voice import as_float

FONT = "DejaVu Sans, Verdana, Segoe UI, sans-serif"
GREY, LINE = "#555555", "#999999"
CELL = 46


def spelled(value, digits=3):
    """A number as a cell prints it."""
    value = as_float(value) + 0.0  # no minus zero
    if np.isnan(value):
        return "NaN"
    whole = value == round(value, 0) and abs(value) < 1e6
    text = f"{value:.0f}" if whole else f"{value:.{digits}g}"
    return text.replace("-", "−").replace("inf", "∞")


def tuples(places):
    """Places in words: "(0, 1) and (2, 3)"."""
    *others, last = [f"({i}, {j})" for i, j in places]
    return f"{', '.join(others)} and {last}" if others else last


def scale_of(*arrays, signed=False):
    """(low, high) of a colour scale for all these arrays: from zero, or with zero in the middle."""
    values = np.concatenate([np.ravel(np.asarray(a, float)) for a in arrays])
    values = values[np.isfinite(values)]
    high = float(np.abs(values).max(initial=0)) or 1.0
    return (-high if signed or (values < 0).any() else 0.0), high


def shade(value, scale, signed=False):
    """The colour of a value on a scale (low, high); what is not finite is white."""
    if not np.isfinite(value):
        return "#ffffff"
    low, high = scale
    place = int(256 * ((value - low) / (high - low)))
    return palette(signed)[min(max(place, 0), 255)]


class Sheet:
    """A drawing of ``width`` × ``height`` pixels on white; its parts are drawn in their order.

    The numbers in cells are drawn above all other parts: no outline and no arrow crosses one.
    """

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.parts, self.above = [], []

    def add(self, tag, content=None, **attributes):
        """Add an SVG element; ``stroke_width`` becomes ``stroke-width``."""
        words = " ".join(
            f'{key.replace("_", "-")}="{_number(value)}"'
            for key, value in attributes.items()
            if value is not None
        )
        end = "/>" if content is None else f">{html.escape(content, quote=False)}</{tag}>"
        self.parts.append(f"<{tag} {words}{end}")

    def text(self, x, y, text, size=13, colour="#222222", anchor="middle", above=False, **style):
        """Write a line whose middle is at height y; ``above`` all that is drawn later, too."""
        self.add(
            "text",
            text,
            x=x,
            y=y + 0.36 * size,
            font_size=size,
            fill=colour,
            text_anchor=anchor,
            **style,
        )
        if above:
            self.above.append(self.parts.pop())

    def line(self, *points, colour=LINE, width=1.5, dash=None, fill="none", **style):
        """Draw a line through points (x, y)."""
        self.add(
            "polyline",
            points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
            stroke=colour,
            stroke_width=width,
            stroke_dasharray=dash,
            fill=fill,
            stroke_linejoin="round",
            **style,
        )

    def arrow(self, start, end, colour="#222222", width=2, bend=0.0):
        """Draw an arrow; ``bend`` pushes its middle aside, as a share of its length."""
        (x0, y0), (x1, y1) = start, end
        middle = (x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0)
        back = np.array([middle[0] - x1, middle[1] - y1])
        back = back / (np.hypot(*back) or 1)
        side = np.array([-back[1], back[0]])
        tip = [(x1, y1), *(tuple((x1, y1) + 9 * back + s * 4.5 * side) for s in (1, -1))]
        stop = x1 + 6 * back[0], y1 + 6 * back[1]
        path = f"M{x0:.1f} {y0:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {stop[0]:.1f} {stop[1]:.1f}"
        for stroke, wide in (("#ffffff", width + 3), (colour, width)):
            self.add("path", d=path, fill="none", stroke=stroke, stroke_width=wide)
        self.line(*tip, tip[0], colour=colour, width=1, fill=colour)

    def board(self, left, top, values, title="", **style):
        """Draw a 2-D array as a grid of cells; return the ``Board``."""
        return Board(self, left, top, values, title, **style)

    def _inside(self):
        return f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>' + "".join(
            [*self.parts, *self.above]
        )

    def _open(self):
        size = f'width="{self.width:g}" height="{self.height:g}"'
        view = f'viewBox="0 0 {self.width:g} {self.height:g}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{FONT}"'

    def inline(self, sentence):
        """The drawing as an element of a page; ``sentence`` is its alternative text."""
        return (
            f'{self._open()} role="img" aria-label="{html.escape(sentence)}">{self._inside()}</svg>'
        )

    def image(self, sentence):
        """The drawing as an image with alternative text: it survives every notebook viewer."""
        drawn = base64.b64encode(f"{self._open()}>{self._inside()}</svg>".encode()).decode("ascii")
        return (
            f'<img alt="{html.escape(sentence)}" width="{self.width:g}" style="max-width: 100%"'
            f' src="data:image/svg+xml;base64,{drawn}">'
        )


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else html.escape(str(value))


class Board:
    """The cells of one array on a sheet.

    values  shape (rows, columns); row 0 is on top
    signed  gradient colours, zero in the middle
    scale   (low, high) of the colours, as ``scale_of`` gives it (default: of ``values``)
    cell    a cell's side, or (height, width)
    texts   what to print in the cells, an array of strings; "" alone: nothing, or later
    blank   white cells with a thin frame: places, not magnitudes
    faded   boolean array: cells to step back
    labels  number rows and columns; or (names of rows, names of columns)
    """

    def __init__(
        self,
        sheet,
        left,
        top,
        values,
        title="",
        *,
        signed=False,
        scale=None,
        cell=CELL,
        texts=None,
        blank=False,
        faded=None,
        labels=True,
        size=None,
    ):
        values = np.asarray(values, float)
        self.sheet, self.left, self.top, self.shape = sheet, left, top, values.shape
        self.cell = cell if isinstance(cell, tuple) else (cell, cell)
        (H, W), (high, wide) = self.shape, self.cell
        self.right, self.bottom = left + W * wide, top + H * high
        faded = np.zeros(self.shape, bool) if faded is None else faded
        scale = scale or scale_of(values, signed=signed)
        self.colours = np.full(self.shape, "#ffffff", dtype=object)
        for (i, j), value in np.ndenumerate(values):
            colour = "#ffffff" if blank else shade(value, scale, signed)
            colour = on_white(colour, PALE) if faded[i, j] else colour
            self.colours[i, j] = colour
            x, y = left + j * wide, top + i * high
            sheet.add(
                "rect",
                x=x,
                y=y,
                width=wide,
                height=high,
                fill=colour,
                stroke="#bbbbbb" if blank else "#ffffff",
                stroke_width=1,
            )
        self.values, self.faded, self.size = values, faded, size or min(16, 0.36 * wide)
        if not isinstance(texts, str):
            self.print(texts)
        if title:
            above = 30 if labels else 14
            sheet.text((left + self.right) / 2, top - above, title, 14)
        rows, columns = labels if isinstance(labels, tuple) else (range(H), range(W))
        if labels:
            for i, name in zip(range(H), rows, strict=True):
                sheet.text(left - 6, top + (i + 0.5) * high, str(name), 11, GREY, "end")
            for j, name in zip(range(W), columns, strict=True):
                sheet.text(left + (j + 0.5) * wide, top - 10, str(name), 11, GREY)

    def print(self, texts=None):
        """Print the values, or texts in their place; a rim keeps them apart from lines below."""
        for (i, j), value in np.ndenumerate(self.values):
            text = spelled(value) if texts is None else texts[i][j]
            if text:
                # a long number is set smaller, so that it stays in its cell
                size = min(self.size, 1.55 * self.cell[1] / len(text))
                self.sheet.text(
                    *self.centre(i, j),
                    text,
                    size,
                    self.ink(i, j),
                    stroke=self.colours[i, j],
                    stroke_width=3,
                    paint_order="stroke",
                    above=True,
                )

    def ink(self, i, j):
        """The colour of a text in a cell."""
        return FADED_INK if self.faded[i, j] else ink(self.colours[i, j])

    def centre(self, i, j):
        """The middle of a cell."""
        high, wide = self.cell
        return self.left + (j + 0.5) * wide, self.top + (i + 0.5) * high

    def outline(self, i, j, height=1, width=1, colour="#D55E00", inset=2, thick=3, dash=None):
        """Outline cells; a white rim keeps the colour apart from theirs."""
        high, wide = self.cell
        place = {
            "x": self.left + j * wide + inset,
            "y": self.top + i * high + inset,
            "width": width * wide - 2 * inset,
            "height": height * high - 2 * inset,
            "fill": "none",
            "rx": 3,
        }
        self.sheet.add("rect", **place, stroke="#ffffff", stroke_width=thick + 2.5)
        self.sheet.add("rect", **place, stroke=colour, stroke_width=thick, stroke_dasharray=dash)

    def mark(self, i, j, symbol="★", colour="#D55E00", corner=0, outline=True, inset=None):
        """Mark a cell by an outline and a symbol in a corner: 0 upper right, then clockwise."""
        high, wide = self.cell
        if outline:
            inset = 4 + 2 * corner if inset is None else inset
            self.outline(i, j, colour=colour, thick=2, inset=inset)
        across, down = ((0.82, 0.18), (0.82, 0.82), (0.18, 0.82), (0.18, 0.18))[corner % 4]
        x, y = self.left + (j + across) * wide, self.top + (i + down) * high
        radius = max(6.5, 0.16 * wide)
        self.sheet.add("circle", cx=x, cy=y, r=radius, fill="#ffffff")
        self.sheet.text(x, y, symbol, 1.6 * radius, deep(colour))
