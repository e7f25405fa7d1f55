"""The parts that every figure is made of: one style, the same pixel in the same place.

Magnitudes are drawn in cividis, signed gradients in a zero-centred PuOr (blue–orange): both stay
apart for colour-blind eyes. A marked pixel has an outline *and* a symbol, never colour alone.
"""

import base64
import functools
import html
import io
import os

import numpy as np

from .colours import FADED_INK, PALE, deep, ink
from .svg import spelled


class Caption(str):
    """The sentence that says what a figure shows; Jupyter renders it as text below the picture."""

    def _repr_markdown_(self):
        return f"*{self}*"


def lesson(figure):
    """Make a function that draws one a figure of the lesson: not drawn while nbgrader grades.

    Nobody looks at it there, and a class would wait for all its figures. The picture of a check
    that fails is drawn always: it is part of the feedback, and made in a millisecond.
    """

    @functools.wraps(figure)
    def draw(*args, **kwargs):
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            return Caption("A figure of the lesson; not drawn while the notebook is graded.")
        return figure(*args, **kwargs)

    draw.is_figure = True
    return draw


def figures(names):
    """The names of the figures in a module's ``globals()``: its ``__all__``."""
    return sorted(name for name, value in names.items() if hasattr(value, "is_figure"))


def new(columns, rows=1, size=3.0, **kwargs):
    """Return (figure, array of axes of shape (rows, columns)), panels ``size`` inches wide."""
    # the object interface: pyplot would keep every figure alive and draw it a second time
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size * columns, size * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def panels(sentence, *rows, cell=0.56, gap=0.55, between=0.7, margins=(0.4, 0.3)):
    """Return (figure, rows of axes) whose cells all have one size, whatever the panels' shapes.

    sentence  the figure's title
    rows      each row's panels from left to right, as shapes (height, width) in cells
    cell      a cell's side in inches
    gap       inches between the panels of a row: one number, or one for each gap
    between   inches above each row, for its panels' titles
    margins   inches left and right of the panels
    """
    figure, axes = new(max(map(len, rows)), len(rows))
    figure.set_layout_engine("none")
    gaps = np.broadcast_to(gap, axes.shape[1] - 1)
    widths = [cell * sum(w for _, w in row) + sum(gaps[: len(row) - 1]) for row in rows]
    heights = [cell * max(h for h, _ in row) for row in rows]
    width, height = max(widths) + sum(margins), sum(heights) + between * len(rows) + 0.4
    spare = max(0, 0.09 * len(sentence) + 0.2 - width) / 2  # the title may be the widest
    width += 2 * spare
    figure.set_size_inches(width, height)
    bottom = height - 0.05
    for row, shapes, wide, high in zip(axes, rows, widths, heights, strict=True):
        bottom -= between + high
        left = spare + margins[0] + (max(widths) - wide) / 2
        for panel, (h, w), after in zip(row, shapes, [*gaps, 0], strict=False):
            low = bottom + (high - cell * h) / 2
            panel.set_position((left / width, low / height, cell * w / width, cell * h / height))
            panel.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))
            left += cell * w + after
        for panel in row[len(shapes) :]:
            panel.remove()
    figure.suptitle(sentence, fontsize=12, y=1 - 0.08 / height, va="top")
    return figure, [list(row) for row in axes]


def grid(
    axes,
    values,
    title="",
    signed=False,
    limit=None,
    digits=3,
    labels=True,
    texts=None,
    faded=None,
    size=None,
):
    """Draw a 2-D array as a grid of cells with the values printed in them.

    values  shape (rows, columns); row 0 is on top
    signed  True: gradient colours, zero in the middle; False: magnitude colours
    limit   the largest absolute value on the colour scale (default: of ``values``)
    digits  significant digits of the printed values
    labels  number the rows and columns
    texts   what to print in the cells instead of the values, an array of strings of their shape
    faded   boolean array: cells to step back, their colour washed out
    size    font size of the printed values (default: by the number of cells)
    """
    from matplotlib.colors import to_hex

    values = np.asarray(values, dtype=float)
    faded = np.zeros(values.shape, bool) if faded is None else np.asarray(faded, bool)
    finite = values[np.isfinite(values)]
    if limit is None:
        limit = float(np.abs(finite).max()) if finite.size else 1.0
    limit = limit or 1.0
    low = -limit if signed or (finite.size and finite.min() < 0) else 0.0
    image = axes.imshow(
        values,
        cmap="PuOr_r" if signed else "cividis",
        vmin=low,
        vmax=limit,
        alpha=np.where(faded, PALE, 1.0),
    )
    size = size or (12 if max(values.shape) <= 5 else 9 if max(values.shape) <= 9 else 6)
    for (i, j), value in np.ndenumerate(values):
        colour = to_hex(image.cmap(image.norm(value))) if np.isfinite(value) else "#ffffff"
        text = spelled(value, digits)
        axes.text(
            j,
            i,
            text if texts is None else texts[i][j],
            ha="center",
            va="center",
            fontsize=size,
            color=FADED_INK if faded[i, j] else ink(colour),
            zorder=5,  # no outline crosses a number
        )
    axes.set_title(title, fontsize=11)
    axes.set_xticks(range(values.shape[1]) if labels else [])
    axes.set_yticks(range(values.shape[0]) if labels else [])
    axes.tick_params(length=0, labelsize=8, labelcolor="#555555")
    # a thin white line between neighbours, so that equal values stay two pixels
    for edge in range(1, values.shape[0]):
        axes.axhline(edge - 0.5, color="white", linewidth=1)
    for edge in range(1, values.shape[1]):
        axes.axvline(edge - 0.5, color="white", linewidth=1)
    axes.spines[:].set_visible(False)
    return image


def outline(
    axes,
    i,
    j,
    height=1,
    width=1,
    colour="#D55E00",
    inset=0.06,
    style="-",
    thickness=3,
    halo=True,
    fill=None,
):
    """Outline the cells (i … i+height-1, j … j+width-1) of a grid.

    halo  a white rim, which keeps the colour apart from the cells'
    fill  a colour for the inside, or None
    """
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    rim = Stroke(linewidth=thickness + 2, foreground="white", alpha=0.9)
    axes.add_patch(
        Rectangle(
            (j - 0.5 + inset, i - 0.5 + inset),
            width - 2 * inset,
            height - 2 * inset,
            facecolor=fill or "none",
            edgecolor=colour,
            linewidth=thickness,
            linestyle=style,
            joinstyle="round",
            path_effects=[rim, Normal()] if halo and style == "-" else [],
            zorder=3,
        )
    )


def mark(axes, i, j, symbol="★", colour="#D55E00", size=9, corner=0):
    """Mark one cell by a symbol in a corner and an outline.

    corner  0 upper right, 1 lower right, 2 lower left, 3 upper left: several marks fit on one cell
    """
    from matplotlib.colors import to_hex

    outline(axes, i, j, colour=colour, thickness=2, inset=0.12 + 0.06 * corner)
    across, down = ((0.34, -0.3), (0.34, 0.3), (-0.34, 0.3), (-0.34, -0.3))[corner]
    axes.text(
        j + across,
        i + down,
        symbol,
        ha="center",
        va="center",
        fontsize=size,
        color=deep(to_hex(colour)),
        zorder=6,
        bbox={"boxstyle": "circle,pad=0.12", "facecolor": "white", "linewidth": 0},
    )


def show(figure, sentence):
    """Display a figure with ``sentence`` as its alternative text; return it as the caption."""
    from IPython.display import display  # comes with ipywidgets

    buffer = io.BytesIO()
    # no creation date or version in the file: the same figure is the same bytes
    figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    picture = base64.b64encode(buffer.getvalue()).decode("ascii")
    width = round(96 * figure.get_size_inches()[0])  # 12 point are 12 point, sharp on any screen
    # as HTML: JupyterLab and nbconvert drop the alternative text of a bare PNG output
    tag = (
        f'<img alt="{html.escape(sentence)}" width="{width}" style="max-width: 100%"'
        f' src="data:image/png;base64,{picture}">'
    )
    display({"text/html": tag, "text/plain": f"[figure: {sentence}]"}, raw=True)
    return Caption(sentence)


def show_sheet(sheet, sentence):
    """Display a sheet as ``show`` does a figure."""
    present(sheet, sentence)
    return Caption(sentence)


def present(sheet, sentence):
    """Display a sheet with ``sentence`` as its alternative text."""
    from IPython.display import display

    display({"text/html": sheet.image(sentence), "text/plain": f"[figure: {sentence}]"}, raw=True)
