"""Figures of chapter 4: a layer in a network, from the first digit to the last experiment.

Those that need what you have written get it as arrays; where it is not there yet (None), they say
so in place of a picture.
"""

import functools

import numpy as np

from ..kit.colours import COLOURS, GREY, SYMBOLS, deep, ink
from ..kit.figure import Caption, figures, grid, lesson, mark, new, outline, panels, show

BLUE, ORANGE, GREEN = COLOURS[:3]


def when_there(figure):
    """Draw nothing, and say so, while one of the things to draw is still None."""

    @functools.wraps(figure)
    def draw(*args, **kwargs):
        if any(value is None for value in (*args, *kwargs.values())):
            return Caption("No picture yet: it shows what your functions compute.")
        return figure(*args, **kwargs)

    return lesson(draw)


def _bare(axes, title="", size=11):
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=size)


def _plain(axes):
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)


@lesson
def handwriting(x, labels, count=20, margin=2):
    """Draw the first images with their labels, and the margin around the first one."""
    columns = count // 2
    figure, axes = new(columns, 2, size=0.9)
    for panel, image, label in zip(axes.flat, x, labels, strict=False):
        panel.imshow(image[0], cmap="cividis", vmin=0, vmax=1)
        _bare(panel, f"{label}")
    inside = x.shape[2] - 2 * margin
    outline(axes[0, 0], margin, margin, inside, inside, "white", 0, "--", thickness=1.2, halo=False)
    figure.suptitle("Sixty-four pixels are enough to know a digit by.", fontsize=12)
    return show(
        figure,
        f"The first {count} training images, ink bright on dark paper, each with the digit that "
        f"was meant: {', '.join(map(str, labels[:count]))}. The dashed frame is the "
        f"{inside}×{inside} image that was scanned; around it lies a margin of {margin} pixels.",
    )


@lesson
def plan():
    """Draw the network: what goes forward between its layers, and what comes back."""
    stops = [
        ("x", "1×12×12"),
        ("a", "2×8×8"),
        ("r", "2×8×8"),
        ("y", "2×4×4"),
        ("scores", "10"),
        ("loss", "1"),
    ]
    steps = ["convolution\nw, b", "ReLU", "max pool", "dense\nM, m", "softmax,\n−log"]
    figure, axes = new(1)
    figure.set_size_inches(9.6, 2.5)
    axes = axes[0, 0]
    _bare(axes)
    for place, (name, shape) in enumerate(stops):
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "black"}
        axes.text(
            2 * place, 0.25, f"{name}\n{shape}", ha="center", va="center", fontsize=10, bbox=box
        )
    for place, step in enumerate(steps):
        ends = (2 * place + 0.52, 2 * place + 1.48)
        for (start, stop), height, colour in (
            (ends, 0.42, BLUE),
            (ends[::-1], 0.08, ORANGE),
        ):
            arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8}
            axes.annotate("", (stop, height), (start, height), arrowprops=arrow)
        bold = "bold" if step == "max pool" else "normal"
        axes.text(2 * place + 1, 0.56, step, ha="center", va="bottom", fontsize=10, fontweight=bold)
        back = f"d{stops[place][0]}"
        axes.text(
            2 * place + 1, -0.02, back, ha="center", va="top", fontsize=10, color=deep(ORANGE)
        )
    axes.set(xlim=(-0.8, 10.8), ylim=(-0.3, 1.0))
    figure.suptitle("Values go forward to the right, gradients back to the left.", fontsize=12)
    return show(
        figure,
        "The network as a chain. Forward, above: the image x of 12×12 pixels, a convolution to a "
        "with two channels of 8×8, ReLU to r, max pooling to y with two channels of 4×4, a dense "
        "layer to ten scores, and the loss. Backward, below: the gradients dscores, dy, dr, da and "
        "dx, each of the shape of what it belongs to.",
    )


def _product(a, b):
    """A product in words, with a negative first factor in brackets."""
    return f"({a:g})·{b:g}".replace("-", "−") if a < 0 else f"{a:g}·{b:g}"


@lesson
def both_sums(x, w, dy, weight=(0, 1), pixel=(1, 1)):
    """Draw the products that make one weight's gradient, and those that make one pixel's.

    x, w, dy  image, kernel and gradient of the output, of two axes each
    """
    x, w, dy = (np.asarray(a, dtype=float) for a in (x, w, dy))
    (OH, OW), (kH, kW) = dy.shape, w.shape
    dw, dx = np.zeros(w.shape), np.zeros(x.shape)
    for i, j in np.ndindex(OH, OW):
        dw += dy[i, j] * x[i : i + kH, j : j + kW]
        dx[i : i + kH, j : j + kW] += dy[i, j] * w
    figure, (above, below) = panels(
        "Two sums over outputs: all that a weight has met, all that a pixel has fed.",
        [x.shape, dy.shape, w.shape],
        [w.shape, dy.shape, x.shape],
        cell=0.56,
        gap=(0.9, 1.3),
        margins=(0.3, 0.3),
        between=0.75,
    )
    limit = float(max(np.abs(a).max() for a in (dw, dx)))
    for row, arrays, names in (
        (above, (x, dy, dw), ("x", "dy", "dw")),
        (below, (w, dy, dx), ("w", "dy", "dx")),
    ):
        for panel, values, name in zip(row, arrays, names, strict=True):
            signed = name.startswith("d")
            grid(panel, values, name, signed=signed, limit=limit if signed else None, labels=False)
    met, fed = [], []
    for at, (i, j) in enumerate(np.ndindex(OH, OW)):
        colour, symbol = COLOURS[at], SYMBOLS[at]
        i_x, j_x = i + weight[0], j + weight[1]
        mark(above[0], i_x, j_x, symbol, colour)
        mark(above[1], i, j, symbol, colour)
        met.append(_product(dy[i, j], x[i_x, j_x]))
        u, v = pixel[0] - i, pixel[1] - j
        if 0 <= u < kH and 0 <= v < kW:
            mark(below[0], u, v, symbol, colour)
            mark(below[1], i, j, symbol, colour)
            fed.append(_product(dy[i, j], w[u, v]))
    outline(above[2], *weight, colour="black")
    outline(below[2], *pixel, colour="black")
    sums = f"{' + '.join(met)} = {dw[weight]:g}", f"{' + '.join(fed)} = {dx[pixel]:g}"
    for panel, text in ((above[2], sums[0]), (below[2], sums[1])):
        panel.set_xlabel(text, fontsize=10, labelpad=5)
    for row in (above, below):
        style = {"va": "center", "ha": "center", "fontsize": 16, "transform": row[1].transAxes}
        row[1].text(-0.36, 0.5, "·", **style)
        row[1].text(1.55, 0.5, "→", **style)
    return show(
        figure,
        f"Above: the four pixels that weight ({weight[0]},{weight[1]}) has met, one in each "
        f"window, times the four numbers of dy with the same symbol: {sums[0]}, framed in dw. "
        f"Below: the weights through which pixel ({pixel[0]},{pixel[1]}) has fed the four outputs, "
        f"turned round: {sums[1]}, framed in dx.",
    )


@lesson
def said_and_true(scores, label):
    """Draw one row of scores, its probabilities, and the gradient of the loss."""
    scores = np.asarray(scores, dtype=float)
    p = np.exp(scores - scores.max())
    p /= p.sum()
    true = np.eye(len(scores))[label]
    figure, axes = new(3)
    figure.set_size_inches(9.6, 2.9)
    classes = np.arange(len(scores))
    loss = -np.log(p[label])
    for panel, values, title in zip(
        axes[0],
        (scores, p, p - true),
        ("scores", f"p: the loss is −log {p[label]:.2f} = {loss:.2f}", "dscores = p − true"),
        strict=True,
    ):
        colours = [BLUE if value >= 0 else ORANGE for value in values]
        bars = panel.bar(classes, values, color=colours, width=0.7)
        bars[label].set(edgecolor="black", linewidth=2)
        panel.axhline(0, color="black", linewidth=0.8)
        panel.set_title(title.replace("-", "−"), fontsize=11)
        panel.set_xticks(classes)
        for place, value in enumerate(values):
            text = f"{value:.2g}".replace("-", "−")
            up = value >= 0
            panel.annotate(
                text,
                (place, value),
                (0, 3 if up else -3),
                textcoords="offset points",
                ha="center",
                va="bottom" if up else "top",
                fontsize=9,
            )
        panel.margins(y=0.2)
        panel.spines[["top", "right", "bottom"]].set_visible(False)
        panel.tick_params(axis="x", length=0)
        panel.get_xticklabels()[label].set_fontweight("bold")
    figure.suptitle("The gradient is predicted minus true.", fontsize=12)
    return show(
        figure,
        f"Scores of {len(scores)} classes, the true one is class {label} (framed). As "
        f"probabilities it has {p[label]:.2f}, so the loss is {loss:.2f}. The gradient is the "
        "probability at every class, and at the true one the probability minus 1: pushing that "
        "score up, and the others down, lowers the loss.",
    )


@when_there
def gradient_check(derived, measured):
    """Draw every derived number against the measured one; right ones lie on the diagonal.

    derived, measured  {name: array}
    """
    for name, expected in measured.items():
        got = np.shape(derived.get(name))
        if got != expected.shape:
            return Caption(f"No picture yet: d{name} has shape {got}, expected {expected.shape}.")
    figure, axes = new(len(measured), size=2.0)
    figure.set_size_inches(2.0 * len(measured), 2.7)
    worst, off, total = {}, 0, 0
    for panel, name in zip(axes[0], measured, strict=True):
        across, up = np.ravel(measured[name]), np.ravel(derived[name])
        limit = float(max(np.abs(across).max(), np.abs(up).max())) * 1.15 or 1.0
        wrong = np.abs(up - across) > 1e-5 * limit
        worst[name] = float(np.abs(up - across).max())
        off, total = off + int(wrong.sum()), total + wrong.size
        panel.plot([-limit, limit], [-limit, limit], color=GREY, linewidth=1)
        panel.plot(across[~wrong], up[~wrong], "o", color=BLUE, markersize=4)
        panel.plot(across[wrong], up[wrong], "x", color=ORANGE, markersize=7, markeredgewidth=2)
        count = f"{wrong.sum()} of {wrong.size} off" if wrong.any() else f"all {wrong.size}"
        panel.set_title(f"d{name}: {count}", fontsize=11)
        panel.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
        panel.set_xticks([0], ["0"])
        panel.set_yticks([0], ["0"])
        panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("your backward pass")
    axes[0, len(measured) // 2].set_xlabel("finite differences")
    largest = max(worst, key=worst.get)
    agree = f"{off} of {total} numbers disagree: ×." if off else f"All {total} numbers agree."
    figure.suptitle(agree, fontsize=12)
    return show(
        figure,
        f"Every number of {', '.join('d' + name for name in measured)}, as your network_backward "
        "derives it, against what finite differences measure. A right one lies on the diagonal, a "
        f"wrong one is a ×. {agree} The largest difference is {worst[largest]:.1g}, in d{largest}.",
    )


@when_there
def learning_curve(curve):
    """Draw the loss, and the share of digits read right, over the steps of training.

    curve  (steps, loss of the training images, share of them read right, the same of the test)
    """
    steps, loss, train, test = curve
    figure, axes = new(2)
    figure.set_size_inches(9.2, 3.0)
    left, right = axes[0]
    left.plot(steps, loss, "o-", color=BLUE, markersize=4)
    left.set_title("loss of the training images", fontsize=11)
    left.set_ylim(0)
    right.plot(steps, 100 * np.asarray(train), "o-", color=BLUE, markersize=4)
    right.plot(steps, 100 * np.asarray(test), "s--", color=ORANGE, markersize=4)
    right.axhline(95, color=GREY, linewidth=1, linestyle=":")
    right.text(steps[-1], 93.5, "95 %", ha="right", va="top", fontsize=9, color=GREY)
    right.text(steps[-1], 62, "● training images", ha="right", color=deep(BLUE), fontsize=10)
    right.text(steps[-1], 52, "■ test images", ha="right", color=deep(ORANGE), fontsize=10)
    right.set_title("read right, in %", fontsize=11)
    right.set_ylim(0, 103)
    for panel in (left, right):
        panel.set_xlabel("steps")
        _plain(panel)
    fallen = loss[0] - np.asarray(loss)
    at_once = fallen[len(fallen) // 2] > fallen[-1] / 2 > 0  # the middle is a quarter of the steps
    figure.suptitle(
        "Most is learned at once, the rest slowly."
        if at_once
        else "This is not how a loss falls when a network learns.",
        fontsize=12,
    )
    return show(
        figure,
        f"Over {steps[-1]} steps the loss goes from {loss[0]:.2f} to {loss[-1]:.2f}. At the end "
        f"{100 * train[-1]:.1f} % of the training images are read right and {100 * test[-1]:.1f} % "
        "of the test images, which the network has never seen.",
    )


@when_there
def kernels(history):
    """Draw the kernels of both channels before and after training, shape (2, 1, 5, 5) each.

    history  the parameters after every step, {name: array} each
    """
    from matplotlib.colors import to_hex

    before, after = history[0]["w"], history[-1]["w"]
    figure, axes = new(4, size=1.9)
    limit = float(max(np.abs(before).max(), np.abs(after).max()))
    for place, (kernel, when) in enumerate(
        ((before[0], "before"), (after[0], "after"), (before[1], "before"), (after[1], "after"))
    ):
        panel = axes[0, place]
        image = panel.imshow(kernel[0], cmap="PuOr_r", vmin=-limit, vmax=limit)
        _bare(panel, f"channel {place // 2}, {when}")
        for (i, j), value in np.ndenumerate(kernel[0]):
            panel.text(
                j,
                i,
                f"{round(value, 1) + 0.0:.1f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=8,
                color=ink(to_hex(image.cmap(image.norm(value)))),
            )
    same = np.array_equal(before, after)
    figure.suptitle(
        "The kernels have not changed: they learned nothing."
        if same
        else "Two kernels, before and after: look for strokes, neighbours of one sign.",
        fontsize=12,
    )
    return show(
        figure,
        "The 5×5 weights of both channels, random numbers before training and "
        f"{'the same numbers' if same else 'what it made of them'} afterwards. Orange is positive: "
        "ink there makes the channel answer; purple is negative: ink there keeps it silent.",
    )


@when_there
def gradient_steps(pictures):
    """Draw for several steps of training which pixels of both channels got gradient.

    pictures  list of dicts: step, x (12×12), r and da (2×8×8), dx (12×12), said (p of the label)
    """
    columns = len(pictures)
    figure, axes = new(columns, 3, size=1.75)
    figure.set_size_inches(1.75 * columns + 0.9, 6.0)
    counts, most = [], 0
    for column, picture in zip(axes.T, pictures, strict=True):
        got = picture["da"] != 0
        counts.append(int(got.sum()))
        most = max(most, int(got.reshape(2, 4, 2, 4, 2).sum(axis=(2, 4)).max()))
        for channel in (0, 1):
            panel = column[channel]
            panel.imshow(picture["r"][channel], cmap="cividis", vmin=0)
            _bare(panel)
            for edge in (1.5, 3.5, 5.5):
                panel.axhline(edge, color="white", linewidth=0.8)
                panel.axvline(edge, color="white", linewidth=0.8)
            for i, j in np.argwhere(got[channel]):
                outline(panel, i, j, colour=ORANGE, thickness=1.4, inset=0.08, halo=False)
                panel.plot(j, i, "o", color="white", markeredgecolor="black", markersize=4)
        limit = float(np.abs(picture["dx"]).max()) or 1.0
        column[2].imshow(picture["dx"], cmap="PuOr_r", vmin=-limit, vmax=limit)
        _bare(column[2])
        column[2].contour(picture["x"], [0.5], colors="black", linewidths=1)
        column[0].set_title(f"step {picture['step']}\np = {picture['said']:.2f}", fontsize=11)
        column[2].set_xlabel(f"largest |dx| {limit:.1g}", fontsize=9)
    for panel, name in zip(axes[:, 0], ("r, channel 0", "r, channel 1", "dx"), strict=True):
        panel.set_ylabel(name, fontsize=11)
    figure.suptitle(
        "A window has one winner, and only winners above zero learn."
        if most < 2
        else "A window should have one winner; here some windows have more.",
        fontsize=12,
    )
    steps = ", ".join(str(picture["step"]) for picture in pictures)
    return show(
        figure,
        f"One digit at steps {steps}. Above, both channels behind the ReLU with their 2×2 windows; "
        "a framed dot is a pixel that got gradient: "
        f"{', '.join(map(str, counts))} of {got.size}, and "
        f"{'never two' if most < 2 else f'up to {most}'} in one window. "
        "Below, the gradient that reaches the image, with the digit's contour; p is the "
        "probability given to the right answer.",
    )


@when_there
def max_or_mean(shifts, noises, of_max, of_mean):
    """Draw how well both poolings read shifted and noisy digits.

    shifts, noises   what was done to the test images, in pixels and in units of full ink
    of_max, of_mean  share read right: pairs of arrays (trainings, shifts), (trainings, noises)
    """
    results = {"max": of_max, "mean": of_mean}
    figure, axes = new(2)
    figure.set_size_inches(9.2, 3.3)
    styles = {"max": (BLUE, "o-"), "mean": (ORANGE, "s--")}
    sentence = []
    labels = "pixels of shift", "noise, in units of full ink"
    verdicts = []
    for place, (panel, across, label) in enumerate(
        zip(axes[0], (shifts, noises), labels, strict=True)
    ):
        for name, (colour, style) in styles.items():
            runs = 100 * np.asarray(results[name][place])
            for run in runs:
                panel.plot(across, run, style[1:], color=colour, linewidth=0.7, alpha=0.5)
            panel.plot(across, runs.mean(axis=0), style, color=colour, linewidth=2.2, markersize=6)
            symbol = {"o": "●", "s": "■"}[style[0]]
            height = 0.9 if name == "max" else 0.8
            panel.text(
                0.98,
                height,
                f"{symbol} {name}",
                color=deep(colour),
                ha="right",
                transform=panel.transAxes,
                fontsize=11,
            )
        means = {name: 100 * np.mean(results[name][place], axis=0) for name in styles}
        sentence.append(
            ", ".join(
                f"{by:g}: {means['max'][n]:.0f} and {means['mean'][n]:.0f}"
                for n, by in enumerate(across)
            )
        )
        middle = len(across) // 2  # at the far end both may be guessing
        ahead = round(means["max"][middle]) - round(means["mean"][middle])
        verdicts.append(
            "both read alike" if not ahead else f"the {'max' if ahead > 0 else 'mean'} reads more"
        )
        panel.set_xlabel(label)
        panel.set_xticks(across)
        panel.set_ylim(0, 103)
        _plain(panel)
    axes[0, 0].set_ylabel("read right, in %")
    figure.suptitle(
        f"After a small shift {verdicts[0]}; in noise {verdicts[1]}.",
        fontsize=12,
    )
    return show(
        figure,
        f"Test digits read right, in %, by networks with max and with mean pooling, averaged over "
        f"{len(results['max'][0])} trainings each (thin lines). Shifted by pixels, {sentence[0]}. "
        f"With noise, {sentence[1]}.",
    )


__all__ = figures(globals())
