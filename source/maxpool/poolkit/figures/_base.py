"""The parts that every figure is made of: one style, the same pixel in the same place.

Magnitudes are drawn in cividis, signed gradients in a zero-centred PuOr (blue–orange): both stay
apart for colour-blind eyes. A marked pixel has an outline *and* a symbol, never colour alone.
"""

import io

import numpy as np

# Window colours from the Okabe–Ito palette (https://jfly.uni-koeln.de/color/), in an order whose
# neighbours also differ in lightness.
WINDOW_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


class Caption(str):
    """The sentence that says what a figure shows; Jupyter renders it as text below the picture."""

    def _repr_markdown_(self):
        return f"*{self}*"


def new(columns, rows=1, size=3.0, **kwargs):
    """Return (figure, array of axes of shape (rows, columns)), each panel ``size`` inches square."""
    # the object interface: pyplot would keep every figure alive and draw it a second time
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size * columns, size * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def grid(axes, values, title="", signed=False, limit=None, digits=3, labels=True):
    """Draw a 2-D array as a grid of cells with the values printed in them.

    values  shape (rows, columns); row 0 is on top
    signed  True: gradient colours, zero in the middle; False: magnitude colours
    limit   the largest absolute value on the colour scale (default: of ``values``)
    digits  significant digits of the printed values
    labels  number the rows and columns
    """
    values = np.asarray(values, dtype=float)
    finite = values[np.isfinite(values)]
    if limit is None:
        limit = float(np.abs(finite).max()) if finite.size else 1.0
    limit = limit or 1.0
    low = -limit if signed or (finite.size and finite.min() < 0) else 0.0
    image = axes.imshow(values, cmap="PuOr_r" if signed else "cividis", vmin=low, vmax=limit)
    size = 12 if max(values.shape) <= 5 else 9 if max(values.shape) <= 8 else 6
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = image.cmap(image.norm(value)) if np.isfinite(value) else (1, 1, 1, 1)
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
        text = f"{value:.{digits}g}".replace("-", "−").replace("inf", "∞")
        axes.text(
            j, i, text, ha="center", va="center", fontsize=size, color="white" if dark else "black"
        )
    axes.set_title(title, fontsize=11)
    axes.set_xticks(range(values.shape[1]) if labels else [])
    axes.set_yticks(range(values.shape[0]) if labels else [])
    axes.tick_params(length=0, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def outline(axes, i, j, height=1, width=1, colour="#D55E00", inset=0.06, style="-", thickness=3):
    """Outline the cells (i … i+height-1, j … j+width-1) of a grid."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (j - 0.5 + inset, i - 0.5 + inset),
            width - 2 * inset,
            height - 2 * inset,
            fill=False,
            edgecolor=colour,
            linewidth=thickness,
            linestyle=style,
            zorder=3,
        )
    )


def mark(axes, i, j, symbol="★", colour="#D55E00"):
    """Mark one cell by a symbol in its upper right corner and an outline."""
    outline(axes, i, j, colour=colour, thickness=2, inset=0.12)
    axes.text(j + 0.34, i - 0.3, symbol, ha="center", va="center", fontsize=9, color=colour,
              zorder=4, bbox={"boxstyle": "circle,pad=0.12", "facecolor": "white", "linewidth": 0})


def show(figure, sentence):
    """Display a figure with ``sentence`` as its alternative text; return it as the caption."""
    from IPython.display import display  # comes with ipywidgets

    buffer = io.BytesIO()
    # no creation date or version in the file: the same figure is the same bytes
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    display(
        {"image/png": buffer.getvalue(), "text/plain": f"[figure: {sentence}]"},
        metadata={"image/png": {"alt": sentence}},
        raw=True,
    )
    return Caption(sentence)


def compare(got, expected, title):
    """Draw a student's array beside the expected one; cells that differ get an outline and a ×.

    Both of one shape with 2 or more axes; of further axes the first differing slice is drawn.
    """
    wrong = ~np.isclose(got, expected, equal_nan=True)
    lead = tuple(int(i) for i in np.argwhere(wrong)[0][:-2]) if wrong.any() else (0,) * (got.ndim - 2)
    got, expected, wrong = got[lead], expected[lead], wrong[lead]
    if max(got.shape) > 16:
        return None  # too many cells to read a value in
    both = np.concatenate([np.ravel(got), np.ravel(expected)]).astype(float)
    both = both[np.isfinite(both)]
    limit = float(np.abs(both).max()) if both.size else 1.0
    signed = bool(both.size and both.min() < 0)
    figure, axes = new(2)
    where = f" [{','.join(map(str, lead))}]" if lead else ""
    for panel, values, name in zip(axes[0], (got, expected), ("Yours", "Expected"), strict=True):
        grid(panel, values, name + where, signed=signed, limit=limit)
        for i, j in np.argwhere(wrong):
            mark(panel, int(i), int(j), "×")
    return show(
        figure,
        f"{title}: your array beside the expected one; {int(wrong.sum())} of {wrong.size} cells differ, "
        "each outlined and marked ×.",
    )
