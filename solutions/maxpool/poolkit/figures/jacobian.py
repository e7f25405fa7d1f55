"""Figures of chapter 2: one derivative, all derivatives, the way back, differences and ties."""

import numpy as np

from .. import spec
from ..kit.colours import COLOURS, GREY, colour_of, deep, symbol_of
from ..kit.figure import Caption, figures, grid, lesson, mark, new, outline, panels, show
from ..kit.voice import Failed, call

BLUE, ORANGE = COLOURS[:2]
COUNTS = ("none", "one", "two", "three", "four")


def _winners(x, kernel_size, stride):
    """Map every output (k, l) of one image to the pixel it takes its value from."""
    chosen, _ = spec.winners(x[None, None], kernel_size, stride)
    return {(k, l): pixel for (_, _, k, l), pixel in chosen.items()}


def _symbol(axes, i, j, window, size=9):
    """The symbol of a window on a white disc."""
    style = {"ha": "center", "va": "center", "fontsize": size, "zorder": 5}
    disc = {"boxstyle": "circle,pad=0.1", "facecolor": "white", "linewidth": 0}
    axes.text(j, i, symbol_of(window), color=deep(colour_of(window)), bbox=disc, **style)


def _tag(axes, i, j, windows, below=False):
    """Outline a pixel and show in it the symbols of the windows that it won."""
    outline(axes, i, j, colour=colour_of(windows[0]), inset=0.1, thickness=2)
    for place, window in enumerate(windows):
        across = 0.3 - 0.27 * (len(windows) - 1 - place)
        _symbol(axes, i + (0.32 if below else -0.3), j + across, window, size=8)


def _won(chosen):
    """Map every winning pixel to the numbers of the windows that it won."""
    won = {}
    for number, pixel in enumerate(chosen.values()):
        won.setdefault(pixel, []).append(number)
    return won


def _say(axes, text, pad=5):
    """Write a grey line below a panel."""
    axes.set_xlabel(text, color=GREY, fontsize=9.5, labelpad=pad)


@lesson
def impact(x, pixel, kernel_size, stride):
    """Draw which outputs see a pixel (their windows outlined), and which of them use it (★)."""
    x = np.asarray(x, float)
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    chosen = _winners(x, kernel_size, stride)
    shape = tuple(n + 1 for n in max(chosen))
    y = np.array([x[winner] for winner in chosen.values()]).reshape(shape)
    seeing = [(k, l) for k, l in chosen if pixel in spec.covered(k, l, x.shape, (kH, kW), (sH, sW))]
    using = [output for output in seeing if chosen[output] == pixel]
    in_sight, blind = np.zeros(x.shape, bool), np.ones(shape, bool)
    for k, l in seeing:
        in_sight[k * sH : k * sH + kH, l * sW : l * sW + kW] = True
        blind[k, l] = False
    plural = "output" if len(seeing) == 1 else "outputs"
    used = (
        ", which uses it" if len(seeing) == len(using) == 1 else f"; {COUNTS[len(using)]} uses it"
    )
    said = f"Pixel ({pixel[0]}, {pixel[1]}) is seen by {COUNTS[len(seeing)]} {plural}{used}."
    figure, ((left, right),) = panels(
        said, [x.shape, shape], cell=0.62, gap=1.3, margins=(1.4, 1.4), between=0.75
    )
    limit = float(np.abs(x).max())
    grid(left, x, f"x, and the pixel ({pixel[0]}, {pixel[1]})", faded=~in_sight, limit=limit)
    grid(right, y, "y", faded=blind, limit=limit)
    for n, (k, l) in enumerate(chosen):
        if (k, l) not in seeing:
            continue
        place = n if len(seeing) > 1 else 0
        colour = colour_of(place)
        inset = 0.02 + (0.07 * place if len(seeing) > 1 else 0)
        outline(left, k * sH, l * sW, kH, kW, colour=colour, inset=inset, thickness=2.5)
        mark(right, k, l, "★" if (k, l) in using else "○", colour=colour, size=10)
        for axes, i, j in ((left, k * sH, l * sW), (right, k, l)):
            _symbol(axes, i - 0.3, j - 0.3, place, size=9)  # the window and its output
    outline(left, *pixel, colour="black", inset=0.28, thickness=2, style=":")
    _say(right, "★ uses it" if using else "○ sees it, does not use it")
    lists = ", ".join(f"({k}, {l})" for k, l in seeing)
    uses = ", ".join(f"({k}, {l})" for k, l in using) or "none"
    return show(
        figure,
        f"On the left the image with the windows that hold pixel ({pixel[0]}, {pixel[1]}), on the "
        f"right the outputs: {lists} can see the pixel, {uses} uses it.",
    )


@lesson
def hinge(x, pixel, kernel_size, stride):
    """Draw an output as a function of one of its pixels: max(r, x_ij)."""
    x = np.asarray(x, float)
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    k, l = pixel[0] // sH, pixel[1] // sW
    seen = spec.covered(k, l, x.shape, (kH, kW), (sH, sW))
    r = max(x[other] for other in seen if other != pixel)
    now = x[pixel]
    figure, ((left, right),) = new(2, size=3.3, width_ratios=(1, 2.1))
    figure.set_size_inches(8.2, 3.5)
    figure.suptitle("An output follows a pixel only while it is the largest.", fontsize=12)
    i, j = seen[0]
    window = x[i : i + kH, j : j + kW]
    texts = [[f"{value:g}" for value in row] for row in window]
    texts[pixel[0] - i][pixel[1] - j] = f"$x_{{{pixel[0]}{pixel[1]}}}$"
    grid(left, window, f"the window of ({k}, {l})", texts=texts, limit=float(x.max()), labels=False)
    left.set_xticks(range(kW), range(j, j + kW))
    left.set_yticks(range(kH), range(i, i + kH))
    runner = next(p for p in seen if p != pixel and x[p] == r)
    outline(left, pixel[0] - i, pixel[1] - j, colour=ORANGE, inset=0.08)
    outline(left, runner[0] - i, runner[1] - j, colour=BLUE, inset=0.08, style="--")
    _say(left, f"dashed: r = {r:g}")
    low, high = r - 6, r + 5
    right.plot([low, r], [r, r], color=BLUE, linewidth=3, solid_capstyle="round")
    right.plot([r, high], [r, high], color=ORANGE, linewidth=3, solid_capstyle="round")
    right.plot([r], [r], "o", color="black", markersize=7, markerfacecolor="white")
    right.plot([now], [max(r, now)], "*", color="black", markersize=13)
    right.annotate(f"now: {now:g}", (now, max(r, now)), (9, -5), textcoords="offset points")
    right.annotate(
        "slope 0: another pixel\nholds the maximum",
        ((low + r) / 2, r),
        (0, 11),
        textcoords="offset points",
        ha="center",
        color=BLUE,
    )
    right.annotate(
        "slope 1: the output\nis this pixel",
        (r + 3, r + 3),
        (-10, 10),
        textcoords="offset points",
        ha="right",
        color="#a84a00",
    )
    right.annotate(
        f"a kink at r = {r:g}", (r, r), (-2, -24), textcoords="offset points", ha="center"
    )
    right.set(xlim=(low, high), ylim=(r - 2, high + 0.4))
    right.set_xlabel(f"value of the pixel $x_{{{pixel[0]}{pixel[1]}}}$, the others kept")
    right.set_ylabel(f"output $f_{{{k}{l}}}$")
    right.grid(color="#e6e6e6")
    right.set_axisbelow(True)
    right.spines[["top", "right"]].set_visible(False)
    return show(
        figure,
        f"The output ({k}, {l}) as a function of pixel ({pixel[0]}, {pixel[1]}) alone: level "
        f"while the pixel is below {r:g}, then rising with slope 1.",
    )


def _attempt(function, *args):
    """A student's array, or None and the first line of what went wrong."""
    try:
        array = np.asarray(call(function, *args))
        if array.dtype.kind not in "biuf":
            return None, f"{function.__name__} does not return an array of numbers"
        return array.astype(float), None
    except (Failed, ValueError, TypeError) as failure:
        return None, str(failure).splitlines()[0]


@lesson
def your_derivatives(local_derivative, x, kernel_size, stride):
    """Draw ∂f_kl/∂x for every output, as a student's function gives them."""
    x = np.asarray(x, float)
    chosen = _winners(x, kernel_size, stride)
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    arrays = []
    for k, l in chosen:
        array, wrong = _attempt(local_derivative, x.copy(), k, l, kernel_size, stride)
        if array is None or array.ndim != 2 or not array.size:
            return Caption(f"No picture yet: {wrong or 'the answer is not an image'}.")
        arrays.append(array)
    figure, (axes,) = panels(
        "Your derivatives: one image for each output.",
        [x.shape, *(array.shape for array in arrays)],
        cell=0.37,
        gap=0.42,
    )
    grid(axes[0], x, "x", size=9)
    for n, (panel, (k, l), array) in enumerate(zip(axes[1:], chosen, arrays, strict=True)):
        grid(panel, array, f"$\\partial f_{{{k}{l}}} / \\partial x$", limit=1, size=9)
        for drawn in (axes[0], panel):
            outline(drawn, k * sH, l * sW, kH, kW, colour=colour_of(n), thickness=2)
        for i, j in np.argwhere(array):
            _symbol(panel, i - 0.3, j + 0.3, n, size=7)
    return show(
        figure,
        "The image, and your derivative of each output with respect to all of its pixels; the "
        "output's window is outlined, entries that are not 0 have the window's symbol.",
    )


class _Sheet:
    """A figure whose panels are placed in units of one cell, from the upper left corner."""

    def __init__(self, sentence, width, height, cell):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure = Figure(figsize=(width * cell, height * cell))
        FigureCanvasAgg(self.figure)
        self.figure.suptitle(sentence, fontsize=12, y=1 - 0.25 / height, va="top")

    def panel(self, left, top, shape):
        rows, columns = shape
        W, H = self.width, self.height
        return self.figure.add_axes(
            (left / W, 1 - (top + rows) / H, columns / W, rows / H),
            xlim=(-0.5, columns - 0.5),
            ylim=(rows - 0.5, -0.5),
        )


def _entries(axes, J, chosen, W, texts=None, **style):
    """Draw a matrix; zeros step back, and each entry ≠ 0 of a row has its window's symbol."""
    if texts is None:
        texts = [
            ["1" if value == 1 else "0" if value == 0 else f"{value:.2g}" for value in row]
            for row in J
        ]
    grid(axes, J, texts=texts, faded=J == 0, **style)
    axes.set_yticks(range(len(J)), [f"({k},{l})" for k, l in chosen])
    for row, column in np.argwhere(J):
        outline(axes, row, column, colour=colour_of(row), inset=0.08, thickness=2)
        _symbol(axes, row - 0.34, column + 0.32, row, size=7)
    for edge in range(W, J.shape[1], W):  # where a new row of the image begins
        axes.axvline(edge - 0.5, color="black", linewidth=1.2, zorder=1.5)


@lesson
def matrix(x, kernel_size, stride):
    """Draw the Jacobian between vec(x) and vec(y), its row sums, its column sums as an image."""
    x = np.asarray(x, float)
    H, W = x.shape
    kernel, steps = spec.pair(kernel_size), spec.pair(stride)
    chosen = _winners(x, kernel_size, stride)
    J = np.zeros((len(chosen), x.size))
    for row, (i, j) in enumerate(chosen.values()):
        J[row, i * W + j] = 1
    wins = J.sum(axis=0)
    most = int(wins.max())
    said = (
        "Every row has one 1: its output takes one pixel."
        if most == 1
        else f"A pixel that wins {COUNTS[most]} windows has {COUNTS[most]} 1s in its column."
    )
    start, low = W + 2.4, 2.6 + len(chosen)  # J's left edge, and the height below it
    top = 1.8
    sheet = _Sheet(said, start + x.size + 5.0, top + 2 * H + 3.0, 0.375 if x.size > 9 else 0.5)
    limit, font = float(np.abs(x).max()), 9 if x.size > 9 else 11
    image = sheet.panel(0.9, top, (H, W))
    counts = sheet.panel(0.9, top + H + 2.2, (H, W))
    middle = top + (2 * H + 2.2 - low - 1.6) / 2
    vector = sheet.panel(start, middle, (1, x.size))
    body = sheet.panel(start, middle + 2.4, J.shape)
    sums = sheet.panel(start + x.size + 0.9, middle + 2.4, (len(chosen), 1))
    outputs = sheet.panel(start + x.size + 2.9, middle + 2.4, (len(chosen), 1))
    columns = sheet.panel(start, middle + 2.4 + len(chosen) + 1.5, (1, x.size))
    grid(image, x, "x", size=font)
    grid(vector, x.reshape(1, -1), "vec(x)", size=font, labels=False)
    _entries(body, J, chosen, W, limit=1, size=font)
    body.set_title("J: a row for each output (k, l), a column for each pixel", fontsize=11)
    grid(sums, J.sum(axis=1)[:, None], "row\nsums", limit=1.5, size=font, labels=False)
    y = np.array([x[pixel] for pixel in chosen.values()])
    grid(outputs, y[:, None], "J·vec(x)\n= vec(y)", limit=limit, size=font, labels=False)
    scale = {"limit": max(2.0, float(most)), "size": font}
    grid(columns, wins[None], "column sums", labels=False, **scale)
    grid(counts, wins.reshape(H, W), "column sums,\nfolded to an image", **scale)
    for edge in range(W, x.size, W):
        for strip in (vector, columns):
            strip.axvline(edge - 0.5, color="black", linewidth=1.2, zorder=1.5)
    for n, (k, l) in enumerate(chosen):
        place = k * steps[0], l * steps[1], *kernel
        inset = 0.03 + (0.06 * n if most > 1 else 0)
        outline(image, *place, colour=colour_of(n), inset=inset, thickness=2)
    for pixel, windows in _won(chosen).items():
        for panel in (image, counts):
            for position, window in enumerate(windows):
                across = 0.3 - 0.3 * (len(windows) - 1 - position)
                _symbol(panel, pixel[0] - 0.3, pixel[1] + across, window, size=7)
    return show(
        sheet.figure,
        f"The {len(chosen)} × {x.size} Jacobian: a row for each output, a column for each pixel. "
        "All row sums are 1; the column sums, folded to an image, count the windows that each "
        f"pixel won (at most {most}).",
    )


@lesson
def messages(x, dy, kernel_size, stride):
    """Draw how Jᵀ sends dy back: each row of J times its gradient, and the column sums."""
    x, dy = np.asarray(x, float), np.asarray(dy, float)
    H, W = x.shape
    chosen = _winners(x, kernel_size, stride)
    sent = np.zeros((len(chosen), x.size))
    for row, ((i, j), gradient) in enumerate(zip(chosen.values(), dy.ravel(), strict=True)):
        sent[row, i * W + j] = gradient
    dx, won = sent.sum(axis=0), _won(chosen)
    OH, OW = dy.shape
    limit = float(max(np.abs(dx).max(), np.abs(dy).max()))
    sheet = _Sheet("Each gradient returns to the pixel that its output took.", 18.6, 9.3, 0.52)
    style = {"signed": True, "limit": limit, "size": 11}
    arriving = sheet.panel(1.0, 1.8, (OH, OW))
    body = sheet.panel(5.0, 1.8, sent.shape)
    columns = sheet.panel(5.0, 7.4, (1, x.size))
    image = sheet.panel(15.0, 1.8, (H, W))
    result = sheet.panel(15.0, 5.9, (H, W))
    grid(arriving, dy, "dy", **style)
    texts = [[f"{value:g}".replace("-", "−") if value else "0" for value in row] for row in sent]
    _entries(body, sent, chosen, W, texts, **style)
    body.set_title("the rows of J, each times its output's dy", fontsize=11)
    grid(columns, dx[None], "column sums: vec(dx) = Jᵀ vec(dy)", labels=False, **style)
    grid(image, x, "x and its winners", size=11, labels=False)
    grid(result, dx.reshape(H, W), "dx", labels=False, **style)
    for edge in range(W, x.size, W):
        columns.axvline(edge - 0.5, color="black", linewidth=1.2, zorder=1.5)
    for n, output in enumerate(chosen):
        _tag(arriving, *output, [n])
    for pixel, windows in won.items():
        _tag(image, *pixel, windows)
        _tag(result, *pixel, windows)
        _tag(columns, 0, pixel[0] * W + pixel[1], windows)
    shared = [pixel for pixel, windows in won.items() if len(windows) > 1]
    meet = "".join(
        f" At pixel {pixel} "
        + " and ".join(f"{dy.ravel()[window]:g}" for window in won[pixel])
        + f" meet and become {dx[pixel[0] * W + pixel[1]]:g}."
        for pixel in shared
    )
    return show(
        sheet.figure,
        "A symbol is an output. Its number of dy stands in its row of J, in the column of the "
        f"pixel that it took; the column sums are dx.{meet}".replace("-", "−"),
    )


@lesson
def error_over_step():
    """Draw the error of differences over the step, and the central difference of a maximum."""
    figure, ((left, right),) = new(2, size=4.4)
    figure.set_size_inches(9.6, 4.3)
    figure.set_layout_engine(None)  # placed by hand, in half of the time
    figure.subplots_adjust(left=0.085, right=0.985, top=0.85, bottom=0.125, wspace=0.24)
    figure.suptitle("A step can be too long, and it can be too short.", fontsize=12)
    h, f = np.logspace(-12, 0, 145), np.exp
    forward = np.abs((f(1 + h) - f(1)) / h - f(1)) / f(1)
    central = np.abs((f(1 + h) - f(1 - h)) / (2 * h) - f(1)) / f(1)
    for error, name, colour, style in (
        (forward, "forward", ORANGE, "--"),
        (central, "central", BLUE, "-"),
    ):
        left.loglog(h, np.maximum(error, 1e-12), style, color=colour, linewidth=1.8, label=name)
    note = {"textcoords": "offset points", "fontsize": 10}
    left.annotate("∝ h", (1e-4, 5e-5), (-6, 8), color="#a84a00", ha="right", **note)
    left.annotate("∝ h²", (1e-2, 1.7e-5), (5, -12), color=BLUE, **note)
    left.annotate("rounding, ∝ ε / h", (3e-11, 2e-6), (6, 14), color=GREY, **note)
    left.axvline(1e-6, color=GREY, linewidth=1, linestyle=":")
    left.annotate("our h", (1e-6, 0.3), (4, 0), color=GREY, **note)
    left.set(xlabel="step h", ylabel="relative error", ylim=(1e-12, 3), xlim=(1e-12, 1))
    left.set_title("Smooth: the derivative of exp at 1", fontsize=11)
    left.legend(frameon=False, loc="lower right")
    h = np.logspace(-3, 1, 200)
    for a, b, name, colour, style in (
        (2, 1, "the larger one, 1 above", BLUE, "-"),
        (1, 2, "the smaller one, 1 below", ORANGE, "--"),
        (2, 2, "one of two equal ones", "black", ":"),
    ):
        quotient = (np.maximum(a + h, b) - np.maximum(a - h, b)) / (2 * h)
        right.semilogx(h, quotient, style, color=colour, linewidth=2.4, label=name)
    right.axvline(1, color=GREY, linewidth=1, linestyle=":")
    right.annotate("h = the gap", (1, 0.25), (-5, 0), color=GREY, ha="right", **note)
    right.annotate("exact: 1", (1.2e-3, 1), (0, -14), color=BLUE, **note)
    right.annotate("exact: 0", (1.2e-3, 0), (0, 6), color="#a84a00", **note)
    right.annotate("½ at every step", (1.2e-3, 0.5), (0, 6), **note)
    right.set(xlabel="step h", ylabel="central difference", ylim=(-0.06, 1.42), xlim=(1e-3, 10))
    right.set_title("A maximum of two: the slope in one of them", fontsize=11)
    right.legend(frameon=False, loc="upper left", fontsize=9.5)
    right.minorticks_off()
    for axes in (left, right):
        axes.grid(color="#ececec")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return show(
        figure,
        "Left: the error of the forward difference falls with h, that of the central one with h², "
        "until rounding makes both rise again. Right: for a maximum of two values the central "
        "difference is exact until the step is longer than their gap; at a tie it is ½ for every "
        "step.",
    )


@lesson
def your_jacobians(jacobian, numerical_jacobian, pool, x, kernel_size, stride):
    """Draw a student's derived Jacobian above their measured one."""
    x = np.asarray(x, float)
    drawn = []
    for function, args in (
        (jacobian, (x.copy(), kernel_size, stride)),
        (numerical_jacobian, (lambda z: pool(z, kernel_size, stride), x.copy())),
    ):
        array, wrong = _attempt(function, *args)
        if array is None or array.ndim != 2 or not array.size or max(array.shape) > 40:
            return Caption(f"No picture yet: {wrong or 'the answer is not a matrix like J'}.")
        drawn.append(array)
    alike = drawn[0].shape == drawn[1].shape
    apart = float(np.abs(drawn[0] - drawn[1]).max()) if alike else np.inf
    verdict = (
        f"the largest difference is {apart:.1g}"
        if apart < 1e-6
        else "they differ (×)"
        if alike
        else "their shapes differ"
    )
    figure, rows = panels(
        f"Your two Jacobians: {verdict}.", *([array.shape] for array in drawn), cell=0.45
    )
    for (panel,), array, name in zip(rows, drawn, ("derived", "measured"), strict=True):
        grid(panel, array, name, limit=1, faded=np.abs(array) < 1e-6, digits=2, size=10)
        for row, column in np.argwhere(~np.isclose(*drawn, atol=1e-6)) if alike else ():
            mark(panel, int(row), int(column), "×")
    return show(figure, f"Your derived Jacobian above your measured one; {verdict}.")


@lesson
def kink(w):
    """Draw the maximum of a window along two directions from a tie, with its slopes."""
    w = np.asarray(w, float)
    figure, (axes,) = new(2, size=4.2)
    figure.set_size_inches(9.2, 4.1)
    figure.suptitle("At a tie the slope ahead is not the slope behind.", fontsize=12)
    t = np.linspace(-1, 1, 201)
    top = w.max()
    for panel, v in zip(axes, (np.array([1.0, 0, 0]), np.array([1.0, -1, 0])), strict=True):
        walk = w[:, None] + np.outer(v, t)
        ahead, behind = v[w == top].max(), -(-v[w == top]).max()
        ends = {}
        for place, line in enumerate(walk):
            panel.plot(t, line, color="#aaaaaa", linewidth=1.3, zorder=1)
            ends.setdefault(line[-1], []).append(f"$w_{place}$")
        for end, names in ends.items():
            panel.text(1.03, end, ", ".join(names), va="center", fontsize=10, color=GREY)
        f = walk.max(axis=0)
        panel.plot(t[t <= 0], f[t <= 0], color=BLUE, linewidth=3.2)
        panel.plot(t[t >= 0], f[t >= 0], color=ORANGE, linewidth=3.2)
        middle = (ahead + behind) / 2
        panel.plot(t, top + middle * t, "--", color="black", linewidth=1.3)
        panel.plot([0], [top], "o", color="black", markerfacecolor="white", markersize=8, zorder=5)
        said = {"textcoords": "offset points", "fontsize": 10.5}
        slope = f"{behind:g}".replace("-", "−")
        panel.annotate(
            f"behind: slope {slope}", (-0.85, top - 0.85 * behind), (9, 9), color=BLUE, **said
        )
        panel.annotate(
            f"ahead: slope {ahead:g}",
            (0.85, top + 0.85 * ahead),
            (-12, 9),
            color="#a84a00",
            ha="right",
            **said,
        )
        panel.annotate(
            f"central: {'½' if middle == 0.5 else f'{middle:g}'}",
            (0.7, top + 0.7 * middle),
            (0, -18),
            ha="center",
            **said,
        )
        names = ", ".join(f"{value:g}" for value in v).replace("-", "−")
        panel.set_title(f"along v = ({names})", fontsize=11)
        panel.set(xlabel="t", ylabel="max(w + t·v)", xlim=(-1, 1), ylim=(0.85, 3.25))
        panel.set_xticks([-1, -0.5, 0, 0.5, 1])
        panel.grid(color="#ececec")
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    values = ", ".join(f"{value:g}" for value in w)
    return show(
        figure,
        f"The maximum of w + t·v for w = ({values}): along (1, 0, 0) it is level behind and rises "
        "with slope 1 ahead; along (1, −1, 0) it falls towards the tie, with slope −1 behind, and "
        "rises after it. The central difference (dashed) is the mean of the two slopes.",
    )


@lesson
def hull():
    """Draw the subgradients of a two-way and of a three-way tie."""
    figure, ((left, right),) = new(2, size=4.4)
    figure.set_size_inches(9.4, 4.5)
    figure.suptitle("The subgradients at a tie: share a 1 among the maximisers.", fontsize=12)
    said = {"textcoords": "offset points", "fontsize": 10}
    first = {"marker": "*", "markersize": 15, "color": ORANGE, "markeredgecolor": "black"}
    even = {"marker": "D", "markersize": 8, "color": "white", "markeredgecolor": "black"}
    corner = {"marker": "o", "markersize": 8, "color": BLUE, "markeredgecolor": "black"}
    outside = {"marker": "x", "markersize": 9, "color": "black", "markeredgewidth": 2}

    left.plot([1, 0], [0, 1], color=BLUE, linewidth=5, alpha=0.6, solid_capstyle="round")
    left.axhline(0, color=GREY, linewidth=1)
    left.axvline(0, color=GREY, linewidth=1)
    left.plot([1.45, -0.45], [-0.45, 1.45], color=GREY, linewidth=1, linestyle=":", zorder=1)
    left.annotate("sum 1", (-0.4, 1.4), (7, 0), color=GREY, **said)
    left.plot(1, 0, **first)
    left.plot(0, 1, **corner)
    left.plot(0.5, 0.5, **even)
    left.plot([1, 1.3, 0.3], [1, -0.3, 0.3], linestyle="none", **outside)
    left.annotate("(1, 0): the first", (1, 0), (-12, -17), ha="right", **said)
    left.annotate("(0, 1): the last", (0, 1), (10, 4), **said)
    left.annotate("(½, ½): even shares", (0.5, 0.5), (10, 3), **said)
    left.annotate("(1, 1): sum 2", (1, 1), (0, 9), ha="center", **said)
    left.annotate("negative", (1.3, -0.3), (-8, -4), ha="right", **said)
    left.annotate("sum 0.6", (0.3, 0.3), (0, -17), ha="center", **said)
    left.set(xlim=(-0.5, 1.6), ylim=(-0.5, 1.5), aspect="equal", xticks=[0, 1], yticks=[0, 1])
    left.set_xlabel("$g_0$", labelpad=-4)
    left.set_ylabel("$g_1$", labelpad=-4, rotation=0)
    left.set_title("w = (2, 2): a segment", fontsize=11)
    left.spines[:].set_visible(False)

    corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    right.fill(*corners.T, color=BLUE, alpha=0.22, linewidth=0)
    right.plot(*corners[[0, 1, 2, 0]].T, color=BLUE, linewidth=1.5)
    right.plot(*corners[:2].T, color=BLUE, linewidth=5, alpha=0.6, solid_capstyle="round")
    right.plot(*corners[0], **first)
    right.plot(*corners[1:].T, linestyle="none", **corner)
    right.plot(*corners.mean(axis=0), **even)
    right.annotate("(1, 0, 0)\nthe first", corners[0], (-4, -33), ha="center", **said)
    right.annotate("(0, 1, 0)", corners[1], (4, -20), ha="center", **said)
    right.annotate("(0, 0, 1)", corners[2], (0, 10), ha="center", **said)
    right.annotate("(⅓, ⅓, ⅓)\neven shares", corners.mean(axis=0), (0, 10), ha="center", **said)
    right.annotate(
        "w = (2, 2, 1): only this edge",
        corners[:2].mean(axis=0),
        (0, -17),
        ha="center",
        color=BLUE,
        **said,
    )
    right.set(xlim=(-0.25, 1.25), ylim=(-0.35, 1.08), aspect="equal", xticks=[], yticks=[])
    right.set_title("w = (2, 2, 2): a triangle", fontsize=11)
    right.spines[:].set_visible(False)
    return show(
        figure,
        "Left: for a tie of two, the subgradients are the segment between the one-hots (1, 0) and "
        "(0, 1); (1, 1), a sum of 0.6 and a negative share (×) lie outside. Right: for a tie of "
        "three they fill a triangle; ★ is the corner that this course takes, ◇ even shares.",
    )


__all__ = figures(globals())
