"""Figures of chapter 1: which pixels a pooling neuron sees, and how many neurons there are."""

import numpy as np

from .. import spec
from ..kit.colours import GREY, colour_of, on_white
from ..kit.figure import Caption, figures, grid, lesson, mark, outline, panels, show
from ..kit.voice import Failed, call

TINT = 0.28  # of a colour that fills a cell
# a 7 in ten grey levels: what the two channels of the lesson's convolution are computed from
PICTURE = """
..........
.3888883..
.5111159..
......69..
.....491..
....482...
...483....
...75.....
...76.....
..........
"""


def _picture():
    return np.array([[int(c) for c in row] for row in PICTURE.replace(".", "0").split()])


def two_channels():
    """Return what a convolution with two kernels makes of a picture of a 7: shape (2, 8, 8).

    Channel 0 answers where it gets brighter from left to right, channel 1 from top to bottom.
    """
    picture, across = _picture(), np.array([[-1, 0, 1]] * 3)
    view = np.lib.stride_tricks.sliding_window_view(picture, (3, 3))
    return np.stack([(view * kernel).sum((2, 3)) for kernel in (across, across.T)])


def _layout(x, kernel_size, stride):
    """The windows of one image as ((kH, kW), (sH, sW), (OH, OW), y)."""
    y, _ = spec.maxpool_forward(x[None, None], kernel_size, stride)
    return spec.pair(kernel_size), spec.pair(stride), y.shape[2:], y[0, 0]


def _best(x, k, l, kernel_size, stride):
    """The first maximum of Ω(k, l)."""
    return max(spec.covered(k, l, x.shape, kernel_size, stride), key=lambda pixel: x[pixel])


def _say(axes, text, below=0.42):
    """Write a grey line below a panel."""
    bottom, (left, right) = axes.get_ylim()[0], axes.get_xlim()
    axes.text(
        (left + right) / 2, bottom + below, text, ha="center", va="top", fontsize=9, color=GREY
    )


def _connect(figure, one, other, start, end, colour):
    """A thin line from a point of one panel to a point of another."""
    from matplotlib.patches import ConnectionPatch

    figure.add_artist(
        ConnectionPatch(
            start,
            end,
            "data",
            "data",
            axesA=one,
            axesB=other,
            color=colour,
            linewidth=1.2,
            alpha=0.5,
        )
    )


@lesson
def stack():
    """Draw the layer between a convolution with two channels and the next layer."""
    channels = two_channels()
    limit = float(np.abs(channels).max())
    figure, ((axes,),) = panels(
        "A pooling layer keeps the channels apart and divides their size.",
        [(21.5, 40)],
        cell=0.235,
        between=0.4,
        margins=(0.1, 0.1),
    )
    axes.axis("off")

    def sheet(values, top, left, low=-limit, high=limit):
        H, W = values.shape
        extent = (left - 0.5, left + W - 0.5, top + H - 0.5, top - 0.5)
        axes.imshow(values, cmap="cividis", vmin=low, vmax=high, extent=extent)
        for n in range(1, W):
            axes.plot(
                [left + n - 0.5] * 2, [top - 0.5, top + H - 0.5], color="white", linewidth=0.6
            )
        for n in range(1, H):
            axes.plot(
                [left - 0.5, left + W - 0.5], [top + n - 0.5] * 2, color="white", linewidth=0.6
            )

    def title(left, width, name, text):
        axes.text(left + width / 2 - 0.5, 19.0, name, ha="center", fontsize=12.5)
        axes.text(left + width / 2 - 0.5, 20.3, text, ha="center", fontsize=9, color=GREY)

    sheet(_picture(), 3.7, 0, 0, 9)
    title(0, 10, "picture", "1 channel, 10 × 10")
    for channel, top in enumerate((0, 9.4)):
        x, colour = channels[channel], colour_of(channel)
        y = _layout(x, 2, 2)[-1]
        sheet(x, top, 15)
        sheet(y, top + 2, 28)
        axes.text(
            14.1,
            top + 3.5,
            f"channel {channel}",
            rotation=90,
            ha="center",
            va="center",
            fontsize=9,
            color=GREY,
        )
        outline(axes, top + 2, 17, 2, 2, colour=colour, inset=-0.05, thickness=2.5)
        outline(axes, top + 3, 29, 1, 1, colour=colour, inset=-0.05, thickness=2.5)
        for i, end in ((1.5, 2.5), (3.5, 3.5)):
            axes.plot([18.6, 28.4], [top + i, top + end], color=colour, linewidth=1.2)
        for n in range(5):
            axes.plot(
                [32.2, 36.3], [top + 3.5, 4.7 + 2 * n], color="#bbbbbb", linewidth=0.8, zorder=0
            )
    axes.annotate("", (13.2, 8.2), (10.2, 8.2), arrowprops={"arrowstyle": "-|>", "color": GREY})
    axes.text(11.7, 7.6, "3 × 3\nkernels", ha="center", fontsize=8, color=GREY)
    for n in range(5):
        axes.plot([36.8], [4.7 + 2 * n], "o", markersize=10, color="white", markeredgecolor=GREY)
    title(15, 8, "convolution", "2 channels, 8 × 8")
    title(28, 4, "max pooling", "2 channels, 4 × 4")
    title(36, 2.5, "next layer", "")
    axes.set(xlim=(-0.5, 39.5), ylim=(21, -0.5))
    return show(
        figure,
        "From left to right: a picture of a 7; the two channels that a convolution makes of it, "
        "8×8 each; the same two channels after 2×2 max pooling, 4×4 each; the next layer. In each "
        "channel one window of four pixels is joined to the one neuron that looks at it.",
    )


@lesson
def receptive_field():
    """Draw the seed figure: the windows Ω(k, l) of 2×2 max pooling with stride 2 on 4×4."""
    figure, ((left, right),) = panels(
        "Every output looks at a window of its own: 2 × 2 max pooling with stride 2.",
        [(4, 4), (2, 2)],
        cell=0.78,
        gap=1.6,
        margins=(1.3, 1.3),
    )
    for axes, n, name in ((left, 4, "x"), (right, 2, "f")):
        axes.set(xticks=range(n), yticks=range(n))
        axes.tick_params(length=0, labelsize=8, labelcolor="#555555")
        axes.spines[:].set_visible(False)
        for i, j in np.ndindex(n, n):
            k, l = (i // 2, j // 2) if n == 4 else (i, j)
            tint = on_white(colour_of(2 * k + l), TINT)
            outline(axes, i, j, colour="white", inset=0, thickness=1.5, halo=False, fill=tint)
            axes.text(j, i, f"${name}_{{{i}{j}}}$", ha="center", va="center", fontsize=14, zorder=5)
    for k, l in np.ndindex(2, 2):
        colour = colour_of(2 * k + l)
        outline(left, 2 * k, 2 * l, 2, 2, colour=colour, inset=0.05)
        outline(right, k, l, colour=colour, inset=0.05)
        label = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour}
        left.text(
            2 * l + 0.5,
            2 * k + 0.5,
            f"Ω({k}, {l})",
            ha="center",
            va="center",
            fontsize=9,
            bbox=label,
            zorder=6,
        )
    left.set_title("input $x$, 4 × 4", fontsize=11)
    right.set_title("output $f(x)$, 2 × 2", fontsize=11)
    return show(
        figure,
        "Figure 1: the 4×4 input is cut into four windows Ω(0,0), Ω(0,1), Ω(1,0), Ω(1,1) of 2×2 "
        "pixels; each output f₀₀, f₀₁, f₁₀, f₁₁ has the colour of the window that it looks at.",
    )


@lesson
def pooled(x, kernel_size, stride, only=None, names=("x", "y")):
    """Draw an image with its windows and their maxima (★), and the output beside it.

    only  one output (k, l): the rest steps back
    """
    x = np.asarray(x, float)
    (kH, kW), (sH, sW), (OH, OW), y = _layout(x, kernel_size, stride)
    outputs = [only] if only else list(np.ndindex(OH, OW))
    pixels, one = np.ones(x.shape, bool), np.ones(y.shape, bool)
    for k, l in outputs:
        pixels[k * sH : k * sH + kH, l * sW : l * sW + kW] = one[k, l] = False
    by = f"{kH} × {kW} windows, stride {sH if sH == sW else (sH, sW)}"
    said = f"The largest value of each window is the output: {by}."
    if only:
        said = "Output ({}, {}) is the largest of the {} values that it sees.".format(
            *only, kH * kW
        )
    small = max(x.shape) > 6
    figure, ((left, right),) = panels(
        said, [x.shape, y.shape], cell=0.46 if small else 0.6, gap=1.3, margins=(1.2, 1.2)
    )
    style = {"limit": float(np.abs(x).max()), "size": 9 if small else 12}
    title = "${}$, {} × {}"
    grid(left, x, title.format(names[0], *x.shape), faded=pixels if only else None, **style)
    grid(right, y, title.format(names[1], OH, OW), faded=one if only else None, **style)
    right.images[0].set_clim(left.images[0].get_clim())  # one colour, one value in both panels
    overlapping, won = sH < kH or sW < kW, {}
    for n, (k, l) in enumerate(outputs):
        colour = colour_of(1 if only else k * OW + l)
        inset = 0.03 + (0.08 * (n % 4) if overlapping else 0.02)
        outline(left, k * sH, l * sW, kH, kW, colour=colour, inset=inset)
        outline(right, k, l, colour=colour, inset=0.05)
        won.setdefault(_best(x, k, l, (kH, kW), (sH, sW)), []).append(colour)
        if only:
            for row, end in ((k * sH, k), (k * sH + kH, k + 1)):
                start = (l * sW + kW - 0.5, row - 0.5)
                _connect(figure, left, right, start, (l - 0.5, end - 0.5), colour)
    for pixel, colours in won.items():
        for corner, colour in enumerate(colours[:4]):
            mark(left, *pixel, colour=colour, corner=corner)
    lists = ", ".join(f"y[{k},{l}] = {y[k, l]:g}" for k, l in outputs[:6])
    return show(
        figure,
        f"Max pooling with {by}: windows are outlined in the image on the left, their maxima "
        f"marked ★; on the right {lists}{', …' if len(outputs) > 6 else ''}.",
    )


@lesson
def on_axis(*cases, title="A window counts only if it lies inside completely."):
    """Draw which windows fit on an axis.

    cases  several (size, kernel_size, stride, padding=0, dilation=1)
    """
    cases = [(*case, *(0, 1)[len(case) - 3 :]) for case in cases]
    rows = []
    for size, k, s, p, d in cases:
        span = d * (k - 1) + 1
        starts = list(range(-p, size + p - span + 1, s))
        rows.append((size, k, s, p, d, span, starts))
    widest = max(max(r[0] + r[3], r[6][-1] + r[2] + r[5]) + r[3] for r in rows)
    figure, drawn = panels(
        title,
        *[[(1.1 + 0.62 * (len(r[6]) + 1), widest + 2.6)] for r in rows],
        cell=0.44,
        between=0.6,
        margins=(0.9, 0.3),
    )
    most = max(r[3] for r in rows)
    said = []
    for (axes,), (size, k, s, p, d, span, starts) in zip(drawn, rows, strict=True):
        axes.axis("off")
        high = 1.1 + 0.62 * (len(starts) + 1)
        axes.set(xlim=(-0.5 - most, widest + 2.1 - most), ylim=(high - 0.5, -0.5))
        seen = {start + d * u for start in starts for u in range(k)}
        for i in range(-p, size + p):
            padding = not 0 <= i < size
            left_over = not padding and i not in seen
            outline(
                axes,
                0,
                i,
                colour="#999999",
                inset=0.03,
                thickness=1,
                halo=False,
                style="--" if padding else "-",
                fill="#eeeeee" if not (padding or left_over) else "white",
            )
            text = "−∞" if padding else str(i)
            axes.text(
                i,
                0,
                text,
                ha="center",
                va="center",
                fontsize=9,
                color=GREY if padding else "black",
                zorder=4,
            )
            if left_over:
                axes.plot(
                    [i - 0.4, i + 0.4], [0.4, -0.4], color="#cccccc", linewidth=1.5, zorder=3.5
                )
        for n, start in enumerate([*starts, starts[-1] + s]):
            y, inside = 0.85 + 0.62 * n, n < len(starts)
            colour = colour_of(n) if inside else "#999999"
            axes.plot(
                [start - 0.4, start + span - 0.6],
                [y, y],
                color=colour,
                linewidth=1.5,
                linestyle="-" if inside else ":",
                zorder=2,
            )
            for u in range(k):
                box = {"height": 0.5, "width": 0.88, "inset": 0, "thickness": 1.2, "halo": False}
                outline(
                    axes,
                    y + 0.25,
                    start + d * u + 0.06,
                    colour=colour,
                    **box,
                    style="-" if inside else ":",
                    fill=on_white(colour, 0.75) if inside else "white",
                )
            note = f"window {n}" if inside else "× sticks out"
            axes.text(start + span - 0.25, y, note, va="center", fontsize=8.5, color=GREY)
        extra = (f", padding {p}" if p else "") + (f", dilation {d}" if d > 1 else "")
        head = f"{size} pixels, kernel {k}, stride {s}{extra}: {len(starts)} window"
        head += "s" if len(starts) > 1 else ""
        axes.text(-0.5 - most, -0.72, head, fontsize=10.5, va="bottom")
        said.append(head + " starting at " + ", ".join(map(str, starts)).replace("-", "−"))
    return show(
        figure, "Windows on one axis. " + "; ".join(said) + ". The next one would stick out."
    )


@lesson
def coverage(size=7, kernel_size=3, strides=(2, 3, 4)):
    """Draw how many windows see each pixel, for strides below, at and above the window's size."""
    figure, (drawn,) = panels(
        f"How many windows see each pixel? {kernel_size} × {kernel_size} windows with three "
        f"strides.",
        [(size, size)] * len(strides),
        cell=0.4,
        gap=0.7,
    )
    said = []
    for axes, stride in zip(drawn, strides, strict=True):
        starts = range(0, size - kernel_size + 1, stride)
        seen = np.zeros((size, size))
        for i in starts:
            for j in starts:
                seen[i : i + kernel_size, j : j + kernel_size] += 1
        sign = "<" if stride < kernel_size else "=" if stride == kernel_size else ">"
        grid(axes, seen, f"stride {stride} {sign} kernel {kernel_size}", limit=4, labels=False)
        for n, j in enumerate(list(starts)[:2]):
            outline(
                axes,
                0,
                j,
                kernel_size,
                kernel_size,
                colour=colour_of((1, 4)[n]),
                inset=0.05 + 0.06 * n,
                thickness=2.5,
            )
        what = f"{len(starts)} × {len(starts)} outputs"
        pixels = int((seen == 0).sum())
        if seen.max() > 1:
            what += f", up to {int(seen.max())} see a pixel"
        if pixels:
            what += f", {pixels} pixels unseen"
        _say(axes, what, below=0.3)
        said.append(f"stride {stride}: {what}")
    return show(
        figure, f"A {size}×{size} image; " + "; ".join(said) + ". Two windows are outlined."
    )


@lesson
def walk(x, kernel_size, stride, steps=4):
    """Draw the loops at work: at each step one window is looked at and one output is written."""
    x = np.asarray(x, float)
    (kH, kW), (sH, sW), (OH, OW), y = _layout(x, kernel_size, stride)
    outputs = list(np.ndindex(OH, OW))[:steps]
    figure, (above, below) = panels(
        "The loops visit one output after the other, and write the largest value they see.",
        [x.shape] * len(outputs),
        [(OH, x.shape[1])] * len(outputs),
        cell=0.45,
        gap=0.45,
        between=0.55,
        margins=(0.6, 0.3),
    )
    limit = float(np.abs(x).max())
    for n, (k, l) in enumerate(outputs):
        pixels = np.ones(x.shape, bool)
        pixels[k * sH : k * sH + kH, l * sW : l * sW + kW] = False
        grid(above[n], x, f"k = {k}, l = {l}", limit=limit, labels=False, faded=pixels)
        outline(above[n], k * sH, l * sW, kH, kW, colour=colour_of(n), inset=0.05)
        mark(above[n], *_best(x, k, l, (kH, kW), (sH, sW)), colour=colour_of(n))
        later = np.arange(y.size).reshape(y.shape) > n
        texts = np.where(later, "", [[f"{v:g}" for v in row] for row in y])
        grid(below[n], np.where(later, np.nan, y), limit=limit, labels=False, texts=texts)
        outline(below[n], 0, 0, OH, OW, colour="#999999", inset=0, thickness=1, halo=False)
        outline(below[n], k, l, colour=colour_of(n), inset=0.05)
    for axes, name in ((above[0], "x"), (below[0], "y")):
        axes.set_ylabel(f"${name}$", rotation=0, labelpad=14, va="center", fontsize=12)
    said = ", ".join(f"y[{k},{l}] = {y[k, l]:g}" for k, l in outputs)
    return show(
        figure, f"Step by step: the window in the upper row gives the output below it; {said}."
    )


@lesson
def your_windows(window, shape, kernel_size, stride):
    """Draw the windows that a student's ``window`` lists, each in its output's colour."""
    *_, (OH, OW), _ = _layout(np.zeros(shape), kernel_size, stride)
    try:
        listed = {
            (k, l): np.asarray(call(window, k, l, kernel_size, stride)).reshape(-1, 2).tolist()
            for k, l in np.ndindex(OH, OW)
        }
    except (Failed, ValueError, TypeError) as failure:
        return Caption(f"No picture yet: {str(failure).splitlines()[0]}.")
    figure, ((axes,),) = panels(
        "Your windows: the numbers are the places in your lists.",
        [shape],
        cell=0.6,
        margins=(1.6, 1.6),
    )
    axes.set(xticks=range(shape[1]), yticks=range(shape[0]))
    axes.tick_params(length=0, labelsize=8, labelcolor="#555555")
    axes.spines[:].set_visible(False)
    for i, j in np.ndindex(*shape):
        outline(axes, i, j, colour="#dddddd", inset=0, thickness=1, halo=False, fill="#f7f7f7")
    outside = 0
    for n, ((k, l), pixels) in enumerate(listed.items()):
        for place, (i, j) in enumerate(pixels):
            if not (0 <= i < shape[0] and 0 <= j < shape[1]):
                outside += 1
                continue
            tint = on_white(colour_of(n), TINT)
            outline(axes, i, j, colour=colour_of(n), inset=0.06, thickness=2, fill=tint)
            axes.text(j, i - 0.08, place, ha="center", va="center", fontsize=12, zorder=5)
            axes.text(
                j, i + 0.28, f"of ({k},{l})", ha="center", va="center", fontsize=6.5, zorder=5
            )
    note = f" {outside} listed pixels lie outside the image." if outside else ""
    return show(
        figure,
        f"The {shape[0]}×{shape[1]} image as your function divides it: every pixel has the "
        f"colour of "
        f"the output that sees it, its place in that output's list, and the output's "
        f"indices.{note}",
    )


@lesson
def your_pooling(pool_loops, channels, kernel_size, stride):
    """Draw the lesson's channels and what a student's ``pool_loops`` makes of each."""
    try:
        pooled = [
            np.asarray(call(pool_loops, x.copy(), kernel_size, stride), float) for x in channels
        ]
        if any(y.ndim != 2 or not y.size for y in pooled):
            raise ValueError("pool_loops does not return an array with two axes")
    except (Failed, ValueError, TypeError) as failure:
        return Caption(f"No picture yet: {str(failure).splitlines()[0]}.")
    rows = [[x.shape, y.shape] for x, y in zip(channels, pooled, strict=True)]
    figure, drawn = panels(
        "The two channels, and what your loops make of them.",
        *rows,
        cell=0.4,
        gap=1.2,
        between=0.6,
        margins=(1.0, 1.0),
    )
    limit = float(np.abs(channels).max())
    for c, (axes, x, y) in enumerate(zip(drawn, channels, pooled, strict=True)):
        for panel, values, name in ((axes[0], x, "convolution"), (axes[1], y, "your pooling")):
            grid(panel, values, f"{name}, channel {c}", limit=limit, labels=False, size=8)
            panel.images[0].set_clim(-limit, limit)
    return show(
        figure,
        "The two channels of the convolution on the left; on the right what your loops make of "
        "each, in the same colours.",
    )


__all__ = [*figures(globals()), "two_channels"]
