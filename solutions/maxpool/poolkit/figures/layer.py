"""Figures of chapter 3: from loops to a vectorised layer, and back."""

import numpy as np

from .. import spec
from ..kit.colours import COLOURS, GREY, colour_of, deep, ink, symbol_of
from ..kit.figure import Caption, figures, grid, lesson, mark, new, outline, panels, show
from ..kit.voice import Failed, call


def _blank(axes, values, title=""):
    """Draw a grid of white cells with texts in them: addresses, not magnitudes."""
    values = np.asarray(values)
    H, W = values.shape
    line = {"color": "#bbbbbb", "linewidth": 0.8, "clip_on": False}
    axes.hlines(np.arange(H + 1) - 0.5, -0.5, W - 0.5, **line)
    axes.vlines(np.arange(W + 1) - 0.5, -0.5, H - 0.5, **line)
    for (i, j), value in np.ndenumerate(values):
        axes.text(j, i, f"{value}", ha="center", va="center", fontsize=10)
    axes.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11)


def _say(axes, text, colour=GREY):
    """Write a line below a panel."""
    axes.set_xlabel(text.replace("-", "−"), color=colour, fontsize=10, labelpad=5)


def _tag(axes, i, j, windows):
    """Outline a pixel and show in it the symbols of the windows that chose it."""
    outline(axes, i, j, colour=colour_of(windows[0]), inset=0.1, thickness=2)
    for place, at in enumerate(windows):
        axes.text(
            j + 0.34 - 0.25 * (len(windows) - 1 - place),
            i - 0.33,
            symbol_of(at),
            ha="center",
            va="center",
            fontsize=8,
            color=deep(colour_of(at)),
            zorder=4,
            bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "linewidth": 0},
        )


def _winners(x, kernel_size, stride, padding=0):
    """Map every output (k, l) of one H×W image to the pixel it takes its value from."""
    chosen, shape = spec.winners(np.asarray(x)[None, None], kernel_size, stride, padding)
    return {(k, l): pixel for (_, _, k, l), pixel in chosen.items()}, shape[2:]


def _choosers(chosen):
    """Map every winning pixel to the numbers of the windows that chose it."""
    by_pixel = {}
    for at, pixel in enumerate(chosen.values()):
        by_pixel.setdefault(pixel, []).append(at)
    return by_pixel


@lesson
def loop_steps(size=32, channels=2, kernel_size=2):
    """Draw how many Python steps one forward pass takes, as the batch grows."""
    batch = 2 ** np.arange(8)
    one = channels * (size // kernel_size) ** 2 * kernel_size**2
    figure, axes = new(1)
    figure.set_size_inches(7.4, 3.4)
    axes = axes[0, 0]
    axes.set(xscale="log", yscale="log", ylim=(1, 1e6))
    axes.plot(batch, one * batch, "o-", color=COLOURS[1], linewidth=2.5)
    axes.plot(batch, np.full(8, kernel_size**2), "s-", color=COLOURS[0], linewidth=2.5)
    axes.text(
        batch[3],
        one * 2,
        f"loops: {one:,}·N comparisons",
        color=deep(COLOURS[1]),
        fontsize=11,
    )
    axes.text(
        batch[3],
        kernel_size**2 * 2,
        f"arrays: {kernel_size**2} calls, whatever N is",
        color=COLOURS[0],
        fontsize=11,
    )
    axes.set_xticks(batch, [f"{n}" for n in batch])
    axes.minorticks_off()
    axes.set_xlabel("images in the batch, N")
    axes.set_ylabel("steps in Python")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_title("Only one of the two lines grows.", fontsize=12)
    return show(
        figure,
        f"A {kernel_size}×{kernel_size} layer on images of {channels}×{size}×{size}: the loops "
        f"look at {one:,} numbers an image, one at a time; with arrays Python takes one step for "
        f"each of the {kernel_size**2} places in a window.",
    )


@lesson
def tiles(x, kernel_size):
    """Draw an image, the same numbers cut into tiles, and the largest number of each tile."""
    from matplotlib.colors import to_hex

    x = np.asarray(x)
    (kH, kW), (H, W) = spec.pair(kernel_size), x.shape
    OH, OW = H // kH, W // kW
    chosen, _ = _winners(x, kernel_size, None)
    apart, limit = 0.45, float(np.abs(x).max())
    wide, high = W + apart * (OW - 1), H + apart * (OH - 1)
    figure, ((left, middle, right),) = panels(
        "Cut into tiles, every pixel keeps its value and gets a second address.",
        [(H, W), (high + 0.5, wide), (OH, OW)],
        cell=0.5,
        gap=0.75,
        between=0.75,
    )
    grid(left, x, f"x: {H} × {W}")
    y = [[x[chosen[k, l]] for l in range(OW)] for k in range(OH)]
    grid(right, y, f"y: {OH} × {OW}", limit=limit)
    for k, l in np.ndindex(OH, OW):
        colour = colour_of(k * OW + l)
        top, start = k * (kH + apart), l * (kW + apart)
        image = middle.imshow(
            x[k * kH : (k + 1) * kH, l * kW : (l + 1) * kW],
            cmap="cividis",
            vmin=0,
            vmax=limit,
            extent=(start - 0.5, start + kW - 0.5, top + kH - 0.5, top - 0.5),
        )
        for u, v in np.ndindex(kH, kW):
            value = x[k * kH + u, l * kW + v]
            tone = ink(to_hex(image.cmap(image.norm(value))))
            place = {"ha": "center", "va": "center", "fontsize": 9}
            middle.text(start + v, top + u, f"{value:g}", color=tone, **place)
        i, j = chosen[k, l]
        outline(left, k * kH, l * kW, kH, kW, colour=colour)
        outline(middle, top, start, kH, kW, colour=colour)
        mark(middle, top + i - k * kH, start + j - l * kW, colour=colour)
        mark(right, k, l, colour=colour)
    middle.set(xlim=(-0.5, wide - 0.5), ylim=(high, -0.5))
    for l in range(OW):
        middle.text(
            (kW - 1) / 2 + l * (kW + apart), high - 0.2, f"l = {l}", ha="center", fontsize=9
        )
    rows = [(kH - 1) / 2 + k * (kH + apart) for k in range(OH)]
    middle.set_xticks([])
    middle.set_yticks(rows, [f"k = {k}" for k in range(OH)])
    middle.tick_params(length=0, labelsize=9)
    middle.spines[:].set_visible(False)
    middle.set_title(f"{OH} × {OW} tiles of {kH} × {kW}", fontsize=11)
    i, j = (int(a) for a in np.unravel_index(x.argmax(), x.shape))
    _say(left, f"the {x[i, j]}: row {i}, column {j}")
    k, l, u, v = i // kH, j // kW, i % kH, j % kW
    _say(middle, f"the {x[i, j]}: tile k={k}, l={l}; inside it row u={u}, column v={v}")
    return show(
        figure,
        f"The {H}×{W} image on the left is the grid of {OH}×{OW} tiles in the middle; the largest "
        "number of each tile (★) is the output on the right.",
    )


@lesson
def memory(shape, kernel_size, stride):
    """Draw two windows of an image, and where their pixels lie in the computer's memory."""
    (H, W), (kH, kW) = shape, spec.pair(kernel_size)
    sH, sW = spec.pair(stride, "stride")
    address = np.arange(H * W).reshape(H, W)
    figure, ((above,), (below,)) = panels(
        "A window is a walk through memory with fixed steps.",
        [(H, H * W)],
        [(3.5, H * W)],
        cell=0.42,
        margins=(1.2, 0.2),
        between=0.8,
    )
    _blank(above, address, f"an image of {H} × {W} pixels, each with its address")
    above.set_title(above.get_title(), loc="left", fontsize=11)
    above.set_title("")
    above.set_xlim(-0.5, H * W - 0.5)
    steps = f"{sH * W}·k + {sW}·l + {W}·u + 1·v"
    above.text(
        W + 0.6,
        (H - 1) / 2,
        f"Pixel (u, v) of window (k, l) has the address\n\n"
        f"    (k·{sH} + u)·{W} + (l·{sW} + v)  =  {steps}",
        fontsize=11,
        va="center",
    )
    _blank(below, address.reshape(1, -1), "the same pixels as they lie in memory")
    for at in (0, 1):
        colour, inset, line = colour_of(at), 0.02 + 0.07 * at, "-" if at == 0 else "--"
        outline(above, 0, at * sW, kH, kW, colour=colour, inset=inset, style=line, thickness=2.5)
        y = 0.95 + 0.62 * at
        for u, v in np.ndindex(kH, kW):
            place = u * W + at * sW + v
            below.text(
                place, y, symbol_of(at), color=deep(colour), fontsize=13, ha="center", va="center"
            )
            above.text(
                at * sW + v - 0.12 + 0.24 * at,
                u + 0.31,
                symbol_of(at),
                color=colour,
                fontsize=7,
                ha="center",
                va="center",
            )
        below.text(
            -0.7, y, f"window (0,{at})", color=deep(colour), ha="right", va="center", fontsize=10
        )

    def step(start, length, text):
        arrow = {"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}
        below.annotate("", (start + length, 2.2), (start, 2.2), arrowprops=arrow)
        below.text(start + length / 2, 2.35, text, ha="center", va="top", fontsize=10)

    step(0, 1, "v")
    step(W - 2, W, "u")
    step(2 * W + 1, sW, "l")
    step(3 * W - 1, sH * W, "k")
    below.text(-0.7, 2.2, "one more in", ha="right", va="center", fontsize=10)
    below.set_ylim(3.0, -0.5)
    return show(
        figure,
        f"Two neighbouring {kH}×{kW} windows (●, ▲) of a {H}×{W} image: one pixel to the right is "
        f"1 address further on, one row down is {W}; the next window is the same walk, begun {sW} "
        f"further on, and the window below it {sH * W} further on.",
    )


@lesson
def padded(x, kernel_size, stride, padding):
    """Draw an image padded with zeros and with minus infinity, and the maxima of each."""
    x = np.asarray(x, dtype=float)
    (H, W), p = x.shape, spec.pair(padding, "padding")
    images, pooled = [], []
    for constant in (0, -np.inf):
        image = np.pad(x, ((p[0],) * 2, (p[1],) * 2), constant_values=constant)
        chosen, shape = _winners(image, kernel_size, stride)
        images.append(image)
        pooled.append(np.array([image[pixel] for pixel in chosen.values()]).reshape(shape))
    figure, (drawn,) = panels(
        "Zero is larger than everything in a negative image.",
        [images[0].shape, shape, images[1].shape, shape],
        cell=0.5,
        gap=(0.35, 0.9, 0.35),
        margins=(0.2, 0.2),
        between=0.75,
    )
    limit = float(np.abs(x).max())
    for at, name in enumerate(("0", "−∞")):
        image, y = drawn[2 * at : 2 * at + 2]
        for panel, values, title in (
            (image, images[at], f"padded with {name}"),
            (y, pooled[at], "y"),
        ):
            grid(panel, values, title, signed=True, limit=limit, labels=False)
        outline(image, *p, H, W, colour="black", inset=0.0, thickness=2)
    for k, l in np.argwhere(pooled[0] != pooled[1]):
        mark(drawn[1], int(k), int(l), "×")
    kH, kW = spec.pair(kernel_size)
    return show(
        figure,
        f"A negative {H}×{W} image (black outline) seen by {kH}×{kW} windows: padded with zeros, "
        "every output marked × is a zero that is in no pixel; padded with minus infinity, each "
        "output is the value of a pixel.",
    )


@lesson
def dilated(kernel_size, dilations, size):
    """Draw the pixels that one window sees, for several dilations."""
    figure, (drawn,) = panels(
        f"{kernel_size * kernel_size} pixels, always: only their spread grows.",
        [(size, size)] * len(dilations),
        cell=0.36,
        gap=0.45,
        margins=(0.25, 0.25),
        between=0.75,
    )
    for panel, d in zip(drawn, dilations, strict=True):
        span = d * (kernel_size - 1) + 1
        _blank(panel, np.full((size, size), ""), f"dilation {d}")
        for u, v in np.ndindex(kernel_size, kernel_size):
            outline(panel, u * d, v * d, colour=COLOURS[1], inset=0.12, thickness=2.5)
            centre = {"ha": "center", "va": "center", "fontsize": 11}
            panel.text(v * d, u * d, "●", color=COLOURS[1], **centre)
        outline(panel, 0, 0, span, span, colour=COLOURS[0], style="--", inset=0, thickness=2)
        panel.patches[-1].set_clip_on(False)
        _say(panel, f"spans {d}·({kernel_size} − 1) + 1 = {span} pixels", COLOURS[0])
    return show(
        figure,
        f"The pixels (●) that one {kernel_size}×{kernel_size} window sees at dilation "
        f"{', '.join(map(str, dilations))}, and the square that it spans (dashed).",
    )


@lesson
def planes(x, kernel_size):
    """Draw a batch as N×C planes, each with the flat addresses where its pixels lie."""
    x = np.asarray(x)
    N, C, H, W = x.shape
    figure, axes = panels(
        "Every plane is pooled alone.",
        *([[(H, W)] * C] * N),
        cell=0.5,
        gap=0.6,
        between=0.7,
    )
    limit = float(np.abs(x).max())
    for n, c in np.ndindex(N, C):
        panel, first = axes[n][c], (n * C + c) * H * W
        grid(panel, x[n, c], f"x[{n},{c}]", limit=limit, labels=False)
        _say(panel, f"addresses {first} … {first + H * W - 1}")
        for pixel, windows in _choosers(_winners(x[n, c], kernel_size, None)[0]).items():
            mark(panel, *pixel, colour=colour_of(windows[0]))
    return show(
        figure,
        f"A batch of {N} images with {C} channels: no window reaches from one of its {N * C} "
        "planes into another, and each plane has its own winners (★).",
    )


@lesson
def kept(shape=(32, 32, 64, 64), kernel_size=3, stride=1, itemsize=4):
    """Draw what a forward pass could keep for its backward pass, and the memory that takes."""
    N, C, H, W = shape
    k = kernel_size
    x = N * C * H * W * itemsize
    outputs = N * C * ((H - k) // stride + 1) * ((W - k) // stride + 1)
    sizes = {
        "a reference to x": 0,
        "a winner's number in its window, 1 byte": outputs,
        "a winner's address, 8 bytes": 8 * outputs,
        f"a mask of all windows, {k}·{k} bytes": k * k * outputs,
        f"a copy of all windows, {k}·{k}·{itemsize} bytes": k * k * itemsize * outputs,
        "the Jacobian of each plane": outputs * H * W * itemsize,
    }
    figure, axes = new(1)
    figure.set_size_inches(8.6, 3.2)
    axes = axes[0, 0]
    for row, size in enumerate(sizes.values()):
        share = size / x
        axes.barh(row, max(share - 0.03, 0), left=0.03, color="#00224e", height=0.6)
        text = f"{share:.2g} × x" if share < 100 else f"{share:,.0f} × x, or {size / 2**30:.0f} GiB"
        note = {"va": "center", "fontsize": 10, "zorder": 3}
        box = {"facecolor": "white", "linewidth": 0, "pad": 1}
        axes.text(max(share, 0.03) * 1.12, row, text if size else "nothing", bbox=box, **note)
    axes.axvline(1, color=COLOURS[1], linestyle="--", linewidth=1.5, zorder=0)
    axes.text(1.1, -0.1, "as large as x", color=deep(COLOURS[1]), fontsize=10, va="center")
    axes.set(xscale="log", xlim=(0.03, 3e5), xticks=[])
    axes.set_yticks(range(len(sizes)), list(sizes), fontsize=10)
    axes.invert_yaxis()
    axes.minorticks_off()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.suptitle("Knowing the winners costs little; the Jacobian does not fit.", fontsize=12)
    return show(
        figure,
        f"Memory that is kept between forward and backward, in multiples of x, for {k}×{k} windows "
        f"with stride {stride} on a float32 batch of {N}×{C}×{H}×{W} (x has {x / 2**20:.0f} MiB); "
        "the scale is logarithmic.",
    )


@lesson
def rows_of_one(x, kernel_size, stride):
    """Draw the Jacobian of one image beside the list of addresses that says the same."""
    x = np.asarray(x)
    H, W = x.shape
    chosen, _ = _winners(x, kernel_size, stride)
    kernel, steps = spec.pair(kernel_size), spec.pair(stride, "stride")
    addresses = [[i * W + j] for i, j in chosen.values()]
    J = np.zeros((len(chosen), H * W))
    J[range(len(chosen)), np.ravel(addresses)] = 1
    figure, ((left, middle, right),) = panels(
        "One 1 in each row: its column says everything.",
        [(H, W), J.shape, (len(chosen), 1)],
        cell=0.52,
        gap=(0.75, 0.8),
        margins=(0.35, 0.65),
        between=0.9,
    )
    grid(left, x, "x")
    grid(middle, J, "J: a row for each output, a column for each pixel", limit=1)
    for text in middle.texts:
        text.set_fontsize(10)
    _blank(right, addresses, "addresses\nof the winners")
    for at, ((k, l), pixel) in enumerate(chosen.items()):
        colour = colour_of(at)
        place = k * steps[0], l * steps[1], *kernel
        outline(left, *place, colour=colour, inset=0.04 + 0.05 * at, thickness=2)
        _tag(middle, at, pixel[0] * W + pixel[1], [at])
        right.text(
            -0.85, at, symbol_of(at), color=deep(colour), ha="center", va="center", fontsize=11
        )
    for pixel, windows in _choosers(chosen).items():
        for place, at in enumerate(windows):
            style = {"ha": "center", "va": "center", "fontsize": 8, "zorder": 4}
            disc = {"boxstyle": "circle,pad=0.1", "facecolor": "white", "linewidth": 0}
            spot = pixel[1] + 0.25 - 0.25 * (len(windows) - 1 - place), pixel[0] - 0.28
            left.text(*spot, symbol_of(at), color=deep(colour_of(at)), bbox=disc, **style)
    middle.set_yticks(range(len(chosen)), [f"({k},{l})" for k, l in chosen])
    return show(
        figure,
        f"The {len(chosen)}×{H * W} Jacobian of a {H}×{W} image has a single 1 in each row; the "
        "list of their columns, the winners' addresses i·W + j, knows as much with one number for "
        "each output.",
    )


@lesson
def shared_pixel(x, dy, kernel_size, stride):
    """Draw how gradients go to the winners: added up, and overwritten by assignment."""
    x, dy = np.asarray(x), np.asarray(dy, dtype=float)
    chosen, shape = _winners(x, kernel_size, stride)
    added, assigned = np.zeros(x.shape), np.zeros(x.shape)
    for output, pixel in chosen.items():
        added[pixel] += dy[output]
        assigned[pixel] = dy[output]
    figure, ((left, middle, right, wrong),) = panels(
        "Two windows chose one pixel: it gets both gradients.",
        [x.shape, shape, x.shape, x.shape],
        cell=0.62,
        gap=(0.45, 0.45, 0.6),
        margins=(0.25, 0.25),
        between=0.75,
    )
    limit = float(max(np.abs(added).max(), np.abs(dy).max()))
    grid(left, x, "x and its winners", labels=False)
    for panel, values, title in (
        (middle, dy, "dy"),
        (right, added, "dx, added up"),
        (wrong, assigned, "dx, assigned: wrong"),
    ):
        grid(panel, values, title, signed=True, limit=limit, labels=False)
        _say(panel, f"sum {values.sum():g}")
    for at, output in enumerate(chosen):
        _tag(middle, *output, [at])
    for pixel, windows in _choosers(chosen).items():
        _tag(left, *pixel, windows)
        _tag(right, *pixel, windows)
        if added[pixel] == assigned[pixel]:
            _tag(wrong, *pixel, windows)
        else:
            mark(wrong, *pixel, "×", colour="black")
    lost = " and ".join(f"({i},{j})" for i, j in np.argwhere(added != assigned))
    return show(
        figure,
        "A symbol is a window: its number of dy goes to the pixel that it chose. "
        f"Pixel {lost} was chosen twice: added up it has both numbers, by assignment (×) only the "
        "later one, and the sum of dx is no longer the sum of dy.",
    )


@lesson
def tied(window, dy=1.0):
    """Draw four ways to send a gradient back through a window with several largest numbers."""
    window = np.asarray(window, dtype=float)
    best = np.argwhere(window == window.max())
    names = ("the first", "the last", "shared out", "each in full")
    winners = (best[:1], best[-1:], best, best)
    figure, (drawn,) = panels(
        "At a tie the derivative leaves a choice; the layer takes the first.",
        [window.shape] * 5,
        cell=0.66,
        gap=(0.75, 0.4, 0.4, 0.4),
        margins=(0.25, 0.25),
        between=0.75,
    )
    grid(drawn[0], window, "the window", labels=False)
    _say(drawn[0], "★ the largest")
    for i, j in best:
        mark(drawn[0], int(i), int(j))
    for panel, name, places in zip(drawn[1:], names, winners, strict=True):
        dx = np.zeros(window.shape)
        for i, j in places:
            dx[i, j] = dy / len(best) if name == "shared out" else dy
        grid(panel, dx, name, signed=True, limit=2 * dy, labels=False)
        _say(panel, f"sum {dx.sum():g}" + (": too much" if dx.sum() > dy else ""))
        for i, j in places:
            mark(panel, int(i), int(j), "×" if dx.sum() > dy else "★", colour="black")
    drawn[1].title.set_fontweight("bold")
    outline(drawn[1], 0, 0, *window.shape, colour="black", inset=-0.06, thickness=2.5)
    drawn[1].patches[-1].set_clip_on(False)
    return show(
        figure,
        f"A window with {len(best)} equal maxima and a gradient of {dy:g}. First, last and shared "
        "out are subgradients, and this layer's is the first (framed); in full to each is none, "
        f"because it makes {len(best) * dy:g} out of {dy:g}.",
    )


@lesson
def cropped(x, dy, kernel_size, stride, padding):
    """Draw the gradient on the padded image and the part of it that belongs to x."""
    x, dy = np.asarray(x), np.asarray(dy, dtype=float)
    p = spec.pair(padding, "padding")
    chosen, _ = _winners(x, kernel_size, stride, padding)
    dx = np.zeros(x.shape)
    for output, pixel in chosen.items():
        dx[pixel] += dy[output]
    frame = np.pad(dx, ((p[0],) * 2, (p[1],) * 2))
    limit = float(np.abs(frame).max())
    figure, ((left, right),) = panels(
        f"Pixel (i, j) of the image is pixel (i+{p[0]}, j+{p[1]}) of the padded image.",
        [frame.shape, dx.shape],
        cell=0.54,
        gap=1.1,
        margins=(0.6, 0.6),
        between=0.8,
    )
    grid(left, frame, "gradient on the padded image", signed=True, limit=limit)
    grid(right, dx, "dx", signed=True, limit=limit)
    for panel, corner in ((left, p), (right, (0, 0))):
        outline(panel, *corner, *dx.shape, colour="black", inset=0, thickness=2.5)
        panel.patches[-1].set_clip_on(False)
        for i, j in sorted(set(chosen.values())):
            mark(panel, i + corner[0], j + corner[1], colour="black")
    return show(
        figure,
        "No winner (★) lies in the padding, so its frame stays zero; dx is what is inside the "
        f"black outline, and every index has moved by {p[0]}.",
    )


@lesson
def adjoint(x, v, u, kernel_size, stride):
    """Draw ⟨J v, u⟩ and ⟨v, Jᵀ u⟩ with the numbers that are multiplied."""
    x, v, u = (np.asarray(a, dtype=float) for a in (x, v, u))
    chosen, shape = _winners(x, kernel_size, stride)
    forward, back = np.zeros(shape), np.zeros(x.shape)
    for output, pixel in chosen.items():
        forward[output] = v[pixel]
        back[pixel] += u[output]
    figure, (above, below) = panels(
        "Two ways round, one number.",
        [x.shape, shape, shape],
        [shape, x.shape, x.shape],
        cell=0.5,
        gap=(1.25, 0.7),
        margins=(0.3, 2.3),
        between=0.7,
    )
    limit = float(max(np.abs(a).max() for a in (v, u, forward, back)))
    drawn = (
        (above, (v, forward, u), ("v", "J v", "u"), "forward", "⟨J v, u⟩"),
        (below, (u, back, v), ("u", "Jᵀ u", "v"), "backward", "⟨v, Jᵀ u⟩"),
    )
    for row, arrays, names, way, product in drawn:
        for panel, values, name in zip(row, arrays, names, strict=True):
            grid(panel, values, name, signed=True, limit=limit, labels=False)
            for at, output in enumerate(chosen):
                if values.shape == shape:
                    _tag(panel, *output, [at])
            for pixel, windows in _choosers(chosen).items():
                if values.shape == x.shape:
                    _tag(panel, *pixel, windows)
        height, width = arrays[1].shape
        middle = (height - 1) / 2
        line = {"va": "center", "clip_on": False}
        row[1].annotate(
            "",
            (-0.65, middle),
            (-2.35, middle),
            arrowprops={"arrowstyle": "-|>", "color": "black"},
            annotation_clip=False,
        )
        row[1].text(-1.55, middle - 0.12, way, ha="center", va="bottom", fontsize=10)
        row[2].text(-1.2, middle, "·", ha="center", fontsize=20, **line)
        total = f"{product} = {(arrays[1] * arrays[2]).sum():g}".replace("-", "−")
        row[2].text(width - 0.2, middle, total, ha="left", fontsize=13, **line)
    return show(
        figure,
        "Above, v goes forward through the layer and is multiplied with u; below, u goes backward "
        "and is multiplied with v. Multiplied cell by cell and added up, both give "
        f"{(forward * u).sum():g}.".replace("-", "−"),
    )


@lesson
def your_layer(forward, backward, x, dy, kernel_size, stride):
    """Draw what a student's two passes make of one image, right or wrong.

    forward, backward   maxpool_forward and maxpool_backward
    x, dy               one image and a gradient of its output, of two axes each
    """
    x, dy = np.asarray(x, dtype=float), np.asarray(dy, dtype=float)
    expected, cache = spec.maxpool_forward(x[None, None], kernel_size, stride)
    right = expected[0, 0], spec.maxpool_backward(dy[None, None], cache)[0, 0]
    try:
        result = call(forward, x[None, None].copy(), kernel_size, stride)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise ValueError("maxpool_forward does not return a pair (y, cache)")
        y, cache = result
        dx = call(backward, dy[None, None].copy(), cache)
        y, dx = (np.asarray(a, dtype=float) for a in (y, dx))
        for name, got, shape in (("y", y, right[0].shape), ("dx", dx, right[1].shape)):
            if got.shape != (1, 1, *shape):
                raise ValueError(f"{name} has shape {got.shape}, expected {(1, 1, *shape)}")
        y, dx = y[0, 0], dx[0, 0]
    except (Failed, ValueError, TypeError) as failure:
        return Caption(f"No picture yet: {str(failure).splitlines()[0]}.")
    wrong = [~np.isclose(a, b, equal_nan=True) for a, b in zip((y, dx), right, strict=True)]
    count = int(sum(w.sum() for w in wrong))
    figure, (above, below) = panels(
        "Your layer: the maxima forward, the gradient back.",
        [x.shape, y.shape],
        [x.shape, dy.shape],
        cell=0.46,
        gap=1.3,
        between=0.65,
        margins=(0.6, 0.6),
    )
    limits = [float(np.abs(values).max()) for values in (x, right[1])]
    for panel, values, title, signed in (
        (above[0], x, "x", False),
        (above[1], y, "your y", False),
        (below[0], dx, "your dx", True),
        (below[1], dy, "dy", True),
    ):
        grid(panel, values, title, signed=signed, limit=limits[signed], labels=False)
    for (start, stop), panel in (((0, 1), above[1]), ((1, 0), below[1])):
        ends = [(-1.15 - 1.5 * end, (dy.shape[0] - 1) / 2) for end in (start, stop)]
        style = {"arrowstyle": "-|>", "color": "black"}
        panel.annotate("", ends[0], ends[1], arrowprops=style, annotation_clip=False)
    for panel, differs in ((above[1], wrong[0]), (below[0], wrong[1])):
        for i, j in np.argwhere(differs):
            mark(panel, int(i), int(j), "×", colour="black")
    said = f"{count} numbers differ from the loops' (×)" if count else "all as the loops have it"
    return show(
        figure,
        "Above, your forward pass, from left to right; below, your backward pass, from right to "
        f"left: {said}.",
    )


__all__ = figures(globals())
