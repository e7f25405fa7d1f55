"""Collects what the lessons draw, without a kernel."""

import contextlib
import functools
import html
import importlib
import io
import re
from dataclasses import dataclass

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.text import Text

from poolkit.kit import colours
from tests import notebooks

SYMBOLS = set("★○●▲■◆✚▼×◇△")


@dataclass
class Drawn:
    """A picture: its cell, its alternative text, and the Matplotlib figure or the SVG sheet."""

    cell: str
    alt: str
    figure: object = None
    sheet: object = None


@functools.cache
def figures(chapter):
    """Run the cells of a chapter that draw, with the solutions; return what they draw."""
    from poolkit.kit import figure as _base

    drawn, cell = [], None

    def show(figure, sentence):
        drawn.append(Drawn(cell, sentence, figure=figure))
        return _base.Caption(sentence)

    def show_sheet(sheet, sentence):
        drawn.append(Drawn(cell, sentence, sheet=sheet))
        return _base.Caption(sentence)

    namespace = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ideas", "jacobian", "layer", "network", "windows"):
            module = importlib.import_module(f"poolkit.figures.{name}")
            for new in (show, show_sheet):
                patch.setattr(module, new.__name__, new, raising=False)
        for code in notebooks.read(chapter).cells:
            meta = code.metadata.get("nbgrader", {})
            if code.cell_type == "code" and not meta.get("grade"):
                cell = code.id
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(code.source, cell, "exec"), namespace)
    return drawn


def unreadable(figure):
    """List the texts of a Matplotlib figure whose contrast is below WCAG 2.2's AA."""
    found = []
    for text in figure.findobj(Text):
        words = text.get_text().strip()
        if not words or not text.get_visible():
            continue
        ratio = colours.contrast(matplotlib.colors.to_hex(text.get_color()), _behind(text))
        if ratio < (3 if set(words) <= SYMBOLS else 4.5):
            found.append((words, text.get_color(), round(ratio, 2)))
    return found


def _behind(text):
    """The colour that a text stands on: its own box, the cell of a grid, or white."""
    box, axes = text.get_bbox_patch(), text.axes
    if box is not None:
        return matplotlib.colors.to_hex(box.get_facecolor())
    if axes is None or text.get_transform() != axes.transData:
        return "#ffffff"
    x, y = text.get_position()
    for image in axes.images:
        left, right, bottom, top = image.get_extent()
        values = image.get_array()
        if left <= x <= right and min(top, bottom) <= y <= max(top, bottom):
            i = int((y - min(top, bottom)) / abs(bottom - top) * values.shape[0])
            j = int((x - left) / (right - left) * values.shape[1])
            value = values[i, j]
            if np.ma.is_masked(value) or not np.isfinite(value):
                return "#ffffff"
            alpha = image.get_alpha()
            alpha = 1.0 if alpha is None else np.broadcast_to(alpha, values.shape)[i, j]
            opaque = matplotlib.colors.to_hex(image.cmap(image.norm(value)))
            return colours.on_white(opaque, float(alpha))
    for patch in reversed(axes.patches):
        if patch.get_alpha() is None and patch.contains_point(axes.transData.transform((x, y))):
            face = patch.get_facecolor()
            if face[3] == 1:
                return matplotlib.colors.to_hex(face)
    return "#ffffff"


def alternative_texts(page):
    """The alternative text of every image in a piece of HTML; "" where there is none."""
    found = []
    for tag in re.findall(r"<(?:img|svg)\b[^>]*>", page):
        said = re.search(r'\b(?:alt|aria-label)="([^"]*)"', tag)
        found.append(html.unescape(said[1]) if said else "")
    return found


def faint(sheet):
    """List the texts of an SVG sheet whose contrast is below WCAG 2.2's AA.

    A text stands on the last filled shape before it that covers its middle.
    """
    shapes, found = [("#ffffff", lambda x, y: True)], []
    for part in [*sheet.parts, *sheet.above]:
        tag = re.match(r"<(\w+)", part)[1]
        has = dict(re.findall(r'([\w-]+)="([^"]*)"', part))
        if tag == "rect" and has.get("fill") not in (None, "none"):
            x, y, w, h = (float(has[key]) for key in ("x", "y", "width", "height"))
            box = x, y, x + w, y + h
            shapes.append(
                (has["fill"], lambda x, y, b=box: b[0] <= x <= b[2] and b[1] <= y <= b[3])
            )
        elif tag == "circle":
            cx, cy, r = (float(has[key]) for key in ("cx", "cy", "r"))
            disc = cx, cy, r
            shapes.append((has["fill"], lambda x, y, d=disc: np.hypot(x - d[0], y - d[1]) <= d[2]))
        elif tag == "text":
            words = html.unescape(re.search(r">([^<]*)<", part)[1])
            size = float(has["font-size"])
            x, y = float(has["x"]), float(has["y"]) - 0.36 * size
            x += {"start": 1, "end": -1}.get(has["text-anchor"], 0) * 0.3 * size * len(words)
            behind = next(fill for fill, covers in reversed(shapes) if covers(x, y))
            ratio = colours.contrast(has["fill"], behind)
            if ratio < (3 if set(words) <= SYMBOLS else 4.5):
                found.append((words, has["fill"], behind, round(ratio, 2)))
    return found
