"""Pictures of checks that failed: the student's answer beside the right one, and where to look.

Each function takes what the student's code gave, anything at all, then what was asked, and returns
(sheet, sentence). They are drawn in a millisecond, so they are drawn while nbgrader grades too:
the picture is part of the feedback.
"""

import textwrap

import numpy as np

from .. import spec
from ..voice import as_float, short
from ._svg import Sheet, scale_of, shade, spelled, tuples, window_colour, window_symbol
from .colours import deep, on_white

CELL, GAP, TOP, LEFT = 42, 46, 56, 30
MOST = 12  # rows or columns of an array that can still be read
FEW = 4  # windows outlined at a time
WIDEST = 850  # then a new line begins
BLACK, GREY = "#000000", "#555555"


# ---- the parts ------------------------------------------------------------------------------


def drawable(array, most=MOST):
    """Whether something is an array of numbers, small enough to be drawn cell by cell."""
    return (
        isinstance(array, np.ndarray)
        and array.dtype.kind in "biuf"
        and not np.ma.is_masked(array)
        and array.size > 0
        and all(size <= most for size in array.shape[-2:])
    )


def differing(got, expected):
    """Boolean array: where two arrays differ; all of it if their shapes do."""
    if got.shape != expected.shape:
        return np.ones(got.shape, bool)
    return ~np.isclose(got.astype(float), expected.astype(float), equal_nan=True)


def flat(array, lead=()):
    """The part of an array that is drawn: its slice ``lead``, as a matrix."""
    lead = tuple(lead[: max(array.ndim - 2, 0)])
    lead += (0,) * (array.ndim - 2 - len(lead))
    lead = tuple(min(at, size - 1) for at, size in zip(lead, array.shape, strict=False))
    part = np.asarray(array[lead], float)
    return part.reshape(1, -1) if part.ndim < 2 else part


def first(got, expected):
    """(place, note): of arrays with further axes, the slice in which they first differ."""
    if not drawable(got) or got.ndim < 3:
        return (), ""
    wrong = np.argwhere(differing(got, expected)) if got.shape == np.shape(expected) else []
    lead = tuple(int(at) for at in wrong[0][:-2]) if len(wrong) else (0,) * (got.ndim - 2)
    only = all(size == 1 for size in got.shape[:-2])
    return lead, "" if only else f"[{','.join(map(str, lead))}]"


class Row:
    """Panels from left to right, and what is said about them."""

    def __init__(self, title=None):
        self.sheet, self.notes, self.said = Sheet(0, 0), [], []
        self.title = title
        self.x, self.top = LEFT, TOP + (30 if title else 0)

    def _place(self, wide, high, title):
        """Return where the next panel begins, and make room for it and its title."""
        aside = max(0, (8 * len(title) - wide) / 2)  # the title may be wider
        if self.x + wide + 2 * aside > WIDEST and self.x > LEFT:
            self.below(LEFT, self.sheet.height)
        left = self.x + aside
        self.x = left + wide + aside + GAP
        self.sheet.width = max(self.sheet.width, self.x - GAP + 10)
        self.sheet.height = max(self.sheet.height, self.top + high)
        return left

    def below(self, left, bottom):
        """The next panel begins below another one."""
        self.x, self.top = left, bottom + TOP

    def board(self, values, title, cell=CELL, **style):
        """Add a panel of cells; return it."""
        rows, columns = values.shape
        left = self._place(columns * cell, rows * cell, title)
        return self.sheet.board(left, self.top, values, title, cell=cell, **style)

    def box(self, title, text):
        """Add a panel of words, for an answer that has no cells."""
        lines = textwrap.wrap(text, 22, max_lines=5, placeholder=" …")
        wide, high = 178, 26 + 18 * len(lines)
        left = self._place(wide, high, title)
        place = {"x": left, "y": self.top, "width": wide, "height": high, "rx": 4}
        self.sheet.add("rect", **place, fill="#ffffff", stroke=GREY, stroke_dasharray="5 4")
        self.sheet.text(left + wide / 2, self.top - 30, title, 14)
        for n, line in enumerate(lines):
            self.sheet.text(left + wide / 2, self.top + 22 + 18 * n, line, 13)

    def answers(self, got, expected, name="", at=None, signed=False, scale=None):
        """Add two panels, the answer and what was expected.

        name  what the student calls it
        at    (place, note) of the slice that is drawn (default: the first that differs)

        Returns both boards, None where there is nothing to draw, and the places that differ.
        """
        lead, note = at or first(got, expected)
        mine = flat(got, lead) if drawable(got) else None
        right = flat(expected, lead) if drawable(expected) else None
        scale = scale or scale_of(*(a for a in (mine, right) if a is not None), signed=signed)
        style = {"signed": signed, "scale": scale}
        alike = mine is not None and right is not None and got.shape == expected.shape
        yours, wanted = (f"your {name}", f"expected {name}") if name else ("yours", "expected")
        boards, wrong = [None, None], []
        if mine is None:
            self.box(yours, came(got))
            self.said.append(f"yours is {came(got)}")
        else:
            boards[0] = self.board(mine, yours + note + ("" if alike else shape_of(got)), **style)
        if right is not None:
            size = "" if alike else shape_of(expected)
            boards[1] = self.board(right, wanted + note + size, **style)
        elif isinstance(expected, np.ndarray):
            self.box(wanted, came(expected))
        if alike:
            wrong = [(int(i), int(j)) for i, j in np.argwhere(differing(mine, right))]
            count = f"{len(wrong)} of {mine.size} cells differ, each marked ×"
            self.said.append(count if wrong else "no cell differs")
        elif mine is not None:
            self.said.append(f"yours has shape {got.shape}, expected {np.shape(expected)}")
        return *boards, wrong

    def done(self, what):
        """Finish; return (sheet, sentence)."""
        for note in self.notes:
            self.sheet.text(LEFT, self.sheet.height + 20, note, 12, GREY, "start")
            self.sheet.height += 18
            self.sheet.width = max(self.sheet.width, LEFT + 7.2 * len(note))
        self.sheet.height += 14
        if self.title:
            self.sheet.width = max(self.sheet.width, 8.6 * len(self.title) + 20)
            self.sheet.text(self.sheet.width / 2, 14, self.title, 16)
        said = "; ".join(self.said)
        return self.sheet, f"{what}{': ' if said else ''}{said}."


def shape_of(array):
    return f", {' × '.join(map(str, array.shape))}"


def came(got):
    """What came in place of an array, in a few words."""
    if isinstance(got, str):
        return got if len(got) <= 160 else f"{got[:160]}…"
    if isinstance(got, np.ndarray) and got.dtype.kind in "biuf" and not np.ma.is_masked(got):
        return f"an array of shape {got.shape}" + (", which is empty" if not got.size else "")
    return short(got)


def crossed(board, places):
    """Mark the cells that differ."""
    for i, j in places:
        board.mark(i, j, "×", BLACK, corner=3, inset=3)


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
            colour, inset = window_colour(number), 3 + 3.5 * place
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
                board.mark(*pixel, window_symbol(number), colour, corner=at, outline=False)
        if outputs:
            row.said.append(f"outlined in x: the window of output {tuples(outputs[:FEW])}")
        return board

    def tag(self, board, outputs):
        """Give cells of an output the symbols of their windows."""
        for k, l in outputs[:FEW]:
            number = self.number(k, l)
            if board is not None and k < board.shape[0] and l < board.shape[1]:
                board.mark(k, l, window_symbol(number), window_colour(number), inset=3)


# ---- the pictures ---------------------------------------------------------------------------


def plain(got, expected=None, names=None):
    """The answer beside the right one, cell by cell where both have cells.

    names  what the two are, if they are not an answer and the expected one
    """
    row = Row()
    if drawable(got) or drawable(expected):
        mine, _, wrong = row.answers(got, expected)
        crossed(mine, wrong)
        if names:
            row.notes.append(f"yours: {names[0]}; expected: {names[1]}")
    else:
        row.box("yours", came(got))
        row.said.append(f"yours is {came(got)}")
        if expected is not None:
            row.box("expected", came(expected))
            row.said.append(f"expected is {came(expected)}")
    return row.done("Your answer beside the expected one")


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
        symbol, colour = window_symbol(number), window_colour(number)
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
    right.mark(*pixel, window_symbol(number), window_colour(number))
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
        right.mark(n, i * W + j, window_symbol(n), window_colour(n), inset=1)
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
        right.mark(0, int(column), "▲", window_colour(1))
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
            colour = window_colour(1 if mine else 0)
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
        colour = window_colour(n) if whole else "#000000"
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
    sheet.line(*map(at, t, walk), colour=window_colour(0), width=3)
    x1, y1 = at(1, here + expected)
    sheet.text(x1 + 8, y1, f"★ expected {spelled(expected)}", 13, deep(window_colour(0)), "start")
    if not steep:
        line = at(0, here), at(1, here + mine)
        sheet.line(*line, colour=deep(window_colour(1)), width=2.5, dash="6 4")
        y = line[1][1]
        y += 18 * (1 if y >= y1 else -1) if abs(y - y1) < 18 else 0
        sheet.text(x1 + 8, y, f"× yours {spelled(mine)}", 13, deep(window_colour(1)), "start")
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
        f"the weights add up to {spelled(g.sum())}; yours is {mine}, expected {expected}"
    )
    return row.done("A window w with its maxima marked ★, and the weights g")


def dtypes(got, expected):
    """What one number takes in memory: a square for each byte."""
    sheet = Sheet(560, 130)
    for y, name, dtype in ((34, "yours", got), (88, "expected", expected)):
        # no dtype: a sentence on what came instead
        size = np.dtype(dtype).itemsize if f"{dtype}" in np.sctypeDict else 0
        sheet.text(90, y, name, 14, BLACK, "end")
        for byte in range(min(size, 16)):
            sheet.add(
                "rect",
                x=104 + 26 * byte,
                y=y - 13,
                width=26,
                height=26,
                stroke="#ffffff",
                fill=shade(1.0 if name == "yours" else 0.4, (0, 1)),
                stroke_width=2,
            )
        said = f"{dtype}: {size} bytes a number" if size else came(f"{dtype}")[:60]
        sheet.text(114 + 26 * min(size, 16), y, said, 13, BLACK, "start")
    mine = came(f"{got}")
    return sheet, f"A square is a byte of one number: yours is {mine}, expected {expected}."


def operations(growing):
    """How Python's work grows along each axis: {axis: ((size, operations), (size, operations))}."""
    things = {"N": "images", "C": "channels", "H": "rows", "W": "columns"}
    sheet, said = Sheet(620, 40 + 62 * len(growing)), []
    most = max(many for _, (_, many) in growing.values())
    sheet.text(20, 18, "operations that Python executes", 14, BLACK, "start")
    for row, (axis_, ((size, few), (longer, many))) in enumerate(growing.items()):
        for line, (count, steps) in enumerate(((size, few), (longer, many))):
            y, wide = 48 + 62 * row + 24 * line, max(2.0, 300 * steps / most)
            sheet.text(130, y, f"{count} {things[axis_]}", 13, BLACK, "end")
            fill = window_colour(1) if line else window_colour(0)
            sheet.add("rect", x=140, y=y - 9, width=wide, height=18, fill=fill)
            sheet.text(148 + wide, y, f"{steps:,}".replace(",", "\u202f"), 13, BLACK, "start")
        said.append(f"{few} for {size} {things[axis_]}, {many} for {longer}")
    return sheet, f"The operations that Python executes grow: {'; '.join(said)}."


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
