"""Pictures of checks that failed: the student's answer beside the right one, and where to look.

Each function takes what the student's code gave, anything at all, then what was asked, and returns
(sheet, sentence), as those of ``kit.pictures`` do.
"""

import numpy as np

from .. import spec
from ..kit.colours import colour_of, deep, on_white, symbol_of
from ..kit.pictures import (
    BLACK,
    GREY,
    MOST,
    Row,
    came,
    crossed,
    differing,
    drawable,
    first,
    flat,
    shape_of,
)
from ..kit.svg import Sheet, scale_of, spelled, tuples
from ..kit.voice import as_float

FEW = 4  # windows outlined at a time


class Scene:
    """One image with its windows, padding included.

    x          images, shape (N, C, H, W), or one image (H, W)
    arguments  kernel_size, stride, padding, dilation as the layer takes them
    """

    def __init__(self, x, **arguments):
        x = np.asarray(x, float)
        self.x = x if x.ndim == 4 else x[None, None]
        kernel, self.stride, self.padding, self.dilation = spec.arguments(self.x, **arguments)
        self.kernel = kernel
        self.winners, shape = spec.winners(self.x, **arguments)
        self.shape = shape[2:]

    def omega(self, k, l):
        """The pixels of window (k, l), counted in the padded image."""
        (kH, kW), (sH, sW), (dH, dW) = self.kernel, self.stride, self.dilation
        return [(k * sH + u * dH, l * sW + v * dW) for u in range(kH) for v in range(kW)]

    def number(self, k, l):
        return k * self.shape[1] + l

    def wins(self, n, c):
        """{(k, l): winning pixel} of one plane, counted in the padded image."""
        pH, pW = self.padding
        return {
            (k, l): (i + pH, j + pW)
            for (m, d, k, l), (i, j) in self.winners.items()
            if (m, d) == (n, c)
        }

    def draw(self, row, lead, outputs, stars=True):
        """Add the image with the windows of some outputs outlined."""
        n, c = (*lead, 0, 0)[:2]
        if not self.x.size or max(self.x.shape[2:]) > MOST:
            row.box("x", f"shape {self.x.shape}" + ("" if self.x.size else ": no image at all"))
            return None
        n, c = min(n, self.x.shape[0] - 1), min(c, self.x.shape[1] - 1)
        (pH, pW), plane = self.padding, self.x[n, c]
        image = np.pad(plane, ((pH, pH), (pW, pW)), constant_values=-np.inf)
        (H, W), note = plane.shape, "" if self.x.shape[:2] == (1, 1) else f"[{n},{c}]"
        labels = [f"{i}" if 0 <= i < H else "" for i in range(-pH, H + pH)]
        across = [f"{j}" if 0 <= j < W else "" for j in range(-pW, W + pW)]
        board = row.board(image, f"x{note}", scale=scale_of(plane), labels=(labels, across))
        if pH or pW:
            board.outline(pH, pW, H, W, colour=BLACK, inset=0, thick=1.5)
            row.notes.append("−∞: the padding")
        wins, corners = self.wins(n, c), {}
        for place, (k, l) in enumerate(outputs[:FEW]):
            number = self.number(k, l)
            colour, inset = colour_of(number), 3 + 3.5 * place
            pixels = self.omega(k, l)
            (top, left), (bottom, right) = pixels[0], pixels[-1]
            if self.dilation == (1, 1):
                size = bottom - top + 1, right - left + 1
                board.outline(top, left, *size, colour=colour, inset=inset, thick=2.5)
            else:
                for i, j in pixels:
                    board.outline(i, j, colour=colour, inset=inset, thick=2.5)
            if stars and (pixel := wins.get((k, l))) is not None:
                at, corners[pixel] = corners.get(pixel, 0), corners.get(pixel, 0) + 1
                board.mark(*pixel, symbol_of(number), colour, corner=at, outline=False)
        if outputs:
            row.said.append(f"outlined in x: the window of output {tuples(outputs[:FEW])}")
        return board

    def tag(self, board, outputs):
        """Give cells of an output the symbols of their windows."""
        for k, l in outputs[:FEW]:
            number = self.number(k, l)
            if board is not None and k < board.shape[0] and l < board.shape[1]:
                board.mark(k, l, symbol_of(number), colour_of(number), inset=3)


# ---- the pictures ---------------------------------------------------------------------------


def forward(got, x, **arguments):
    """y beside the expected one, and in x the windows of the outputs that differ."""
    scene, row = Scene(x, **arguments), Row()
    expected = spec.maxpool_forward(scene.x, **arguments)[0].astype(float)
    if np.ndim(x) == 2:
        expected = expected[0, 0]
    lead, note = first(got, expected)
    outputs = list(np.ndindex(scene.shape))
    if drawable(got) and got.shape == expected.shape:
        wrong = np.argwhere(differing(flat(got, lead), flat(expected, lead)))
        outputs = [(int(k), int(l)) for k, l in wrong]
    scene.draw(row, lead, outputs)
    mine, right, wrong = row.answers(got, expected, "y", scale=scale_of(scene.x), at=(lead, note))
    scene.tag(right, outputs)
    crossed(mine, wrong)
    row.notes.append("● ▲ ■ … a window, its largest pixel, its output; × differs")
    return row.done("Your y beside the expected one")


def backward(got, x, dy, **arguments):
    """dx beside the expected one, and in x the windows that have to do with the wrong pixels."""
    scene, row = Scene(x, **arguments), Row()
    expected = spec.maxpool_backward(dy, spec.maxpool_forward(scene.x, **arguments)[1])
    lead, note = first(got, expected)
    wins, (pH, pW) = scene.wins(*(*lead, 0, 0)[:2]), scene.padding
    outputs = list(wins)
    if drawable(got) and got.shape == expected.shape:
        wrong = np.argwhere(differing(flat(got, lead), flat(expected, lead)))
        spots = {(int(i) + pH, int(j) + pW) for i, j in wrong}
        # who chose a wrong pixel; if nobody did, who sees one
        outputs = [o for o in wins if wins[o] in spots] or [
            o for o in wins if spots & set(scene.omega(*o))
        ]
    scene.draw(row, lead, outputs)
    signed = {"signed": True, "scale": scale_of(expected, dy, signed=True)}
    if dy.size:
        scene.tag(row.board(flat(dy, lead), f"dy{note}", **signed), outputs)
    mine, right, wrong = row.answers(got, expected, "dx", at=(lead, note), **signed)
    corners = {}
    for k, l in outputs[:FEW] if right is not None else ():
        (i, j), number = wins[k, l], scene.number(k, l)
        at, corners[i, j] = corners.get((i, j), 0), corners.get((i, j), 0) + 1
        symbol, colour = symbol_of(number), colour_of(number)
        right.mark(i - pH, j - pW, symbol, colour, corner=at, outline=at == 0, inset=3)
    crossed(mine, wrong)
    row.notes.append("● ▲ ■ … a window, its largest pixel, its number of dy; × differs")
    return row.done("Your dx beside the expected one")


def one_window(got, expected, x, **arguments):
    """The first window that differs, and where it lies in x."""
    scene, row = Scene(x, **arguments), Row()
    lead, note = first(got, expected)
    if len(lead) != 4 or got.shape != expected.shape:
        lead, note = (0, 0, 0, 0), "[0,0,0,0]"
    scene.draw(row, lead, [lead[2:]], stars=False)
    mine, _, wrong = row.answers(got, expected, "w", scale=scale_of(scene.x), at=(lead, note))
    crossed(mine, wrong)
    return row.done(f"Window {lead[2:]}, yours and as it should be")


def derivative(got, expected, x, output, kernel_size, stride):
    """An array of x's shape beside the expected one; in x the window of one output."""
    scene, row = Scene(x, kernel_size=kernel_size, stride=stride), Row()
    scene.draw(row, (), [output])
    mine, right, wrong = row.answers(got, expected)
    number, pixel = scene.number(*output), scene.wins(0, 0)[output]
    right.mark(*pixel, symbol_of(number), colour_of(number))
    crossed(mine, wrong)
    return row.done(f"Your derivative of output {output} beside the expected one")


def jacobian(got, x, kernel_size, stride):
    """J above the expected one, and in x the windows of the rows that differ."""
    scene, row = Scene(x, kernel_size=kernel_size, stride=stride), Row()
    W, wins = scene.x.shape[3], scene.wins(0, 0)
    expected = np.zeros((len(wins), scene.x.size))
    for n, (i, j) in enumerate(wins.values()):
        expected[n, i * W + j] = 1
    outputs, wrong = list(wins), np.zeros((0, 2), int)
    if drawable(got, 2 * MOST) and got.shape == expected.shape:
        wrong = np.argwhere(differing(got, expected))
        row.said.append(f"{len(wrong)} of {got.size} entries differ, each marked ×")
        outputs = [outputs[n] for n in sorted({int(n) for n, _ in wrong})]
    scene.draw(row, (), outputs)
    row.x += 24  # names of the rows
    names, style = [f"({k},{l})" for k, l in wins], {"scale": (0, 1), "cell": 24}
    if drawable(got, 2 * MOST) and got.ndim == 2:
        rows = names if len(got) == len(names) else range(len(got))
        labels, size = (rows, range(got.shape[1])), shape_of(got)
        mine = row.board(got, f"your J{size}", labels=labels, faded=got == 0, **style)
        for i, j in wrong:
            mine.mark(int(i), int(j), "×", BLACK, corner=3, inset=1)
        row.below(mine.left - 34, mine.bottom)
    else:
        row.box("your J", came(got))
        row.said.append(f"yours is {came(got)}")
    labels, size = (names, range(scene.x.size)), shape_of(expected)
    right = row.board(expected, f"expected J{size}", labels=labels, faded=expected == 0, **style)
    for n, (i, j) in enumerate(wins.values()):
        right.mark(n, i * W + j, symbol_of(n), colour_of(n), inset=1)
    row.notes.append("● ▲ ■ … an output, its window, its row; × differs")
    return row.done("Your J above the expected one")


def message(got, expected, J, dy):
    """dx as a vector, below the matrix and the gradient that it comes from."""
    row = Row()
    dy = flat(np.ravel(dy))
    row.board(J, "J", scale=(0, 1), faded=J == 0, cell=32)
    row.board(dy.T, "dy", signed=True, scale=scale_of(dy, signed=True), cell=32)
    folded = drawable(got) and got.size == expected.size and got.ndim > 1
    vector, scale = got.ravel() if folded else got, scale_of(expected, signed=True)
    mine, right, wrong = row.answers(vector, expected, "dx", signed=True, scale=scale)
    if folded:
        row.said.append(f"yours has shape {got.shape}, expected {expected.shape}")
    for column in np.flatnonzero(J.sum(axis=0) > 1) if right is not None else ():
        right.mark(0, int(column), "▲", colour_of(1))
        row.notes.append("▲ chosen by more than one output")
    crossed(mine, wrong)
    return row.done("Your dx beside the expected one, and the J and dy that it comes from")


def places(got, expected, case):
    """Two lists of pixels, each on an image: a pixel has its place in the list."""
    k, l, kernel_size, stride = case
    row, both = Row(), [expected.astype(float)]
    listed = (
        drawable(got, 99)
        and got.ndim == 2
        and got.shape[1] == 2
        and np.isin(got, range(2 * MOST)).all()
    )
    if listed:
        both.insert(0, got.astype(float))
    else:
        row.box("your list", came(got))
        row.said.append(f"yours is {came(got)}")
    shape = np.concatenate(both).max(axis=0).astype(int) + 1
    for pixels in both:
        mine = listed and pixels is both[0]
        texts = np.full(shape, "", dtype=object)
        for place, (i, j) in enumerate(pixels.astype(int), start=1):
            texts[i, j] = f"{place}"
        kind = " of floats" if mine and got.dtype.kind == "f" else ""
        title = f"your list{kind}" if mine else f"Ω({k}, {l})"
        board = row.board(np.zeros(shape), title, blank=True, texts=texts, cell=34)
        for i, j in pixels.astype(int):
            colour = colour_of(1 if mine else 0)
            board.outline(int(i), int(j), colour=colour, inset=4, thick=2.5)
    row.notes.append("a number is the pixel's place in the list; the empty pixels are not in it")
    sees = f"for kernel_size {kernel_size} and stride {stride}"
    row.said.append(
        "the numbers are places in the list, which is "
        + ", ".join(f"({i}, {j})" for i, j in expected.tolist())
        + (" and yours " + ", ".join(f"({i:g}, {j:g})" for i, j in both[0]) if listed else "")
    )
    return row.done(f"The pixels that you list, and those of Ω({k}, {l}) {sees}")


def axis(got, case, without=None):
    """The windows on one axis: those that fit, and those that were counted.

    without  the answer without padding and dilation, if the two are compared
    """
    size, kernel, stride, padding, dilation = (*case, *(0, 1)[len(case) - 3 :])
    span = dilation * (kernel - 1) + 1
    fits = len(range(-padding, size + padding - span + 1, stride))
    mine = got if isinstance(got, (int, float, np.number)) and np.isfinite(as_float(got)) else None
    counted = fits if mine is None else min(max(int(np.ceil(mine)), 0), fits + 3)
    rows = max(fits, counted)
    last = max(-padding + (rows - 1) * stride + span, size + padding)
    cell, left = 30, 20 + 30 * padding
    sheet = Sheet(left + last * cell + 190, 96 + 32 * rows)
    called = "yours: " + (came(got) if mine is None else f"{spelled(mine, 6)}")
    if mine is not None and not isinstance(got, (int, np.integer)):
        called += ", a float"
    if without is not None:
        called += f" (and {spelled(without, 6)} without padding and dilation)"
    sheet.text(20, 18, f"{called} · expected: {fits}", 14, BLACK, "start")
    for i in range(-padding, size + padding):
        inside, x = 0 <= i < size, left + i * cell
        sheet.add(
            "rect",
            x=x,
            y=40,
            width=cell,
            height=cell,
            stroke="#777777",
            fill="#eeeeee" if inside else "#ffffff",
            stroke_dasharray=None if inside else "4 3",
        )
        sheet.text(x + cell / 2, 55, str(i) if inside else "−∞", 12, BLACK if inside else GREY)
    for n in range(rows):
        y, start = 92 + 32 * n, -padding + n * stride
        whole = n < fits
        colour = colour_of(n) if whole else "#000000"
        ends = left + (start + 0.5) * cell, left + (start + span - 0.5) * cell
        sheet.line((ends[0], y), (ends[1], y), colour=colour, dash=None if whole else "3 4")
        for u in range(kernel):
            x = left + (start + u * dilation) * cell
            sheet.add(
                "rect",
                x=x + 3,
                y=y - 11,
                width=cell - 6,
                height=22,
                rx=3,
                stroke=colour,
                fill=on_white(colour, 0.3) if whole else "#ffffff",
                stroke_width=2,
                stroke_dasharray=None if whole else "3 3",
            )
        if not whole:
            says = "× sticks out, yet counted"
        elif mine is not None and n >= mine:
            says = "× fits, not counted"
        else:
            says = f"window {n}"
        sheet.text(left + (start + span) * cell + 6, y, says, 12, BLACK, "start")
    sheet.height = 92 + 32 * rows
    return sheet, (
        f"An axis of {size} pixels with windows of {kernel}, stride {stride}, padding {padding}, "
        f"dilation {dilation}: {fits} windows fit; {called}."
    )


def slope(got, expected, f, x, v):
    """f along v, the slope that is expected and the one that was returned."""
    sheet = Sheet(420, 300)
    left, top, wide, high = 60, 40, 250, 210
    t = np.linspace(-1, 1, 41)
    walk = np.array([f(x + step * v) for step in t])
    here = float(f(x))
    mine = as_float(got) if isinstance(got, (bool, int, float, np.number)) else np.nan
    steep = not abs(mine) < 20  # or not a number
    ends = [here + s * slope for slope in (expected, expected if steep else mine) for s in (0, 1)]
    low, above = min(walk.min(), *ends) - 0.3, max(walk.max(), *ends) + 0.3

    def at(t, value):
        return left + wide * (t + 1) / 2, top + high * (above - value) / (above - low)

    sheet.text(left + wide / 2, 18, "f(x + t·v)", 14)
    sheet.line(at(-1, low), at(1, low), colour="#777777")
    for step in (-1, 0, 1):
        sheet.text(at(step, low)[0], at(step, low)[1] + 14, spelled(step), 12, GREY)
    sheet.text(left + wide / 2, top + high + 32, "t", 12, GREY)
    sheet.line(*map(at, t, walk), colour=colour_of(0), width=3)
    x1, y1 = at(1, here + expected)
    sheet.text(x1 + 8, y1, f"★ expected {spelled(expected)}", 13, deep(colour_of(0)), "start")
    if not steep:
        line = at(0, here), at(1, here + mine)
        sheet.line(*line, colour=deep(colour_of(1)), width=2.5, dash="6 4")
        y = line[1][1]
        y += 18 * (1 if y >= y1 else -1) if abs(y - y1) < 18 else 0
        sheet.text(x1 + 8, y, f"× yours {spelled(mine)}", 13, deep(colour_of(1)), "start")
    else:
        sheet.text(left, top + high + 32, f"yours: {came(got)}", 12, BLACK, "start")
    sheet.add("circle", cx=at(0, here)[0], cy=at(0, here)[1], r=5, fill="#fff", stroke=BLACK)
    said = spelled(mine) if np.isfinite(mine) else came(got)
    return sheet, f"f along v, with the expected slope {spelled(expected)} and yours: {said}."


def shares(got, expected, g, w):
    """A window, the shares of its pixels, and both verdicts."""
    row = Row()
    w, g = np.atleast_2d(np.asarray(w, float)), np.atleast_2d(np.asarray(g, float))
    window = row.board(w, "w", labels=False)
    for i, j in np.argwhere(w == w.max()):
        window.mark(int(i), int(j))
    share = row.board(g, "g", signed=True, scale=(-2, 2), labels=False)
    for i, j in np.argwhere((g != 0) & (w < w.max()) | (g < 0)):
        share.mark(int(i), int(j), "×", BLACK, corner=3)
    mine = str(bool(got)) if isinstance(got, (bool, np.bool_)) else came(got)
    row.box("verdict", f"yours: {mine} expected: {expected}")
    row.notes.append("★ maximal; × negative, or on a pixel below the maximum")
    row.said.append(
        f"the shares add up to {spelled(g.sum())}; yours is {mine}, expected {expected}"
    )
    return row.done("A window w with its maxima marked ★, and the weights g")


def copied(x):
    """Where the numbers of the windows lie: in x's memory, or in one of their own."""
    sheet = Sheet(620, 170)
    for y, name, cells, colour in (
        (34, "x", x.ravel(), "#dddddd"),
        (84, "expected", x.ravel(), "#cfe3f1"),
        (134, "your w", x.ravel(), "#f6d9c4"),
    ):
        sheet.text(90, y, name, 14, BLACK, "end")
        for n, value in enumerate(cells[:16]):
            sheet.add(
                "rect",
                x=100 + 30 * n,
                y=y - 14,
                width=30,
                height=28,
                fill=colour,
                stroke="#777777",
                stroke_dasharray="4 3" if name == "your w" else None,
            )
            sheet.text(115 + 30 * n, y, spelled(value), 12)
    sheet.line((108, 50), (108, 68), colour=BLACK, width=2)
    sheet.text(116, 60, "= the same memory, seen again", 12, GREY, "start")
    sheet.text(116, 110, "≠ another place in memory: × a copy", 12, GREY, "start")
    return sheet, "The numbers of x in memory; the windows should lie in it, and yours are a copy."
