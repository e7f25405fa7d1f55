"""Small figures, one for an idea each, drawn cell by cell as the pictures of the checks are."""

import numpy as np

from .. import spec
from ..kit.colours import colour_of, symbol_of
from ..kit.figure import figures, lesson, show_sheet
from ..kit.pictures import BLACK, Row, crossed
from ..kit.svg import scale_of, spelled
from .answers import Scene


def _won(scene):
    """Map every winning pixel of the one plane to the outputs that it won."""
    won = {}
    for output, pixel in scene.wins(0, 0).items():
        won.setdefault(pixel, []).append(output)
    return won


def _tagged(board, scene, won):
    """Give each winning pixel the symbols of its windows."""
    for pixel, outputs in won.items():
        for corner, output in enumerate(outputs[:4]):
            number = scene.number(*output)
            symbol, colour = symbol_of(number), colour_of(number)
            board.mark(*pixel, symbol, colour, corner, inset=3)


@lesson
def message_of(x, dy, pixel, kernel_size, stride):
    """Draw what a pixel does to the loss: all of what its output does, or nothing.

    pixel  the pixel (i, j) that is asked about
    """
    row = Row("A winner has the impact of its output; a loser has none.")
    x, dy = np.asarray(x, float), np.asarray(dy, float)
    scene, lost = Scene(x, kernel_size=kernel_size, stride=stride), x.copy()
    k, l = next(output for output, winner in scene.wins(0, 0).items() if winner == pixel)
    beside = next(other for other in scene.omega(k, l) if other != pixel)
    lost[beside] = x[pixel] + 1
    for values, name in ((x, "x"), (lost, f"x with {spelled(lost[beside])} at {beside}")):
        scene = Scene(values, kernel_size=kernel_size, stride=stride)
        dx = spec.maxpool_backward(
            dy[None, None], spec.maxpool_forward(scene.x, kernel_size, stride)[1]
        )[0, 0]
        image = row.board(values, name, labels=False, cell=34)
        number = scene.number(k, l)
        symbol, colour = symbol_of(number), colour_of(number)
        scene_window = scene.omega(k, l)[0]
        image.outline(*scene_window, *scene.kernel, colour=colour, inset=2)
        image.mark(*scene.wins(0, 0)[k, l], symbol, colour, outline=False)
        image.outline(*pixel, colour=BLACK, inset=7, thick=2, dash="3 3")
        gradient = row.board(
            dx, "dx", signed=True, scale=scale_of(dy, signed=True), labels=False, cell=34
        )
        gradient.outline(*pixel, colour=BLACK, inset=7, thick=2, dash="3 3")
        row.said.append(
            f"where {name} holds {spelled(values[pixel])} at {pixel}, dx is {spelled(dx[pixel])}"
        )
    row.notes.append(f"dashed: pixel {pixel}; {symbol} the winner of window ({k}, {l})")
    arrives = f"dy[{k},{l}] is {spelled(dy[k, l])}"
    return show_sheet(*row.done(f"Pixel {pixel} as a winner and as a loser; {arrives}"))


@lesson
def two_cases(x, output, kernel_size, stride):
    """Draw one window of an image, and the derivative of its output: one 1, else 0."""
    scene = Scene(x, kernel_size=kernel_size, stride=stride)
    row = Row("One pixel moves the output; the others do not.")
    scene.draw(row, (), [output])
    pixel, number = scene.wins(0, 0)[output], scene.number(*output)
    derivative = np.zeros(scene.x[0, 0].shape)
    derivative[pixel] = 1
    board = row.board(derivative, f"∂f/∂x of output {output}", scale=(0, 1))
    board.mark(*pixel, symbol_of(number), colour_of(number))
    size = scene.kernel
    board.outline(*scene.omega(*output)[0], *size, colour=colour_of(number), inset=2)
    return show_sheet(
        *row.done(f"The image and the derivative of output {output}, whose only 1 is at {pixel}")
    )


@lesson
def first_of_equals(window):
    """Draw a window with its pixels numbered row by row, and who takes the 1."""
    window = np.asarray(window, float)
    row = Row("Read row by row, the first of the equals takes the whole 1.")
    values = row.board(window, "the window", labels=False)
    order = np.arange(window.size).reshape(window.shape) + 1
    numbers = row.board(order, "read in this order", labels=False, blank=True)
    first = tuple(int(i) for i in np.argwhere(window == window.max())[0])
    derivative = np.zeros(window.shape)
    derivative[first] = 1
    result = row.board(derivative, "the derivative", labels=False, scale=(0, 1))
    for i, j in np.argwhere(window == window.max()):
        values.mark(int(i), int(j), "○" if (i, j) != first else "★")
    for board in (numbers, result):
        board.mark(*first)
    row.notes.append("★ the first maximum, ○ the others")
    many = int((window == window.max()).sum())
    return show_sheet(
        *row.done(f"A window with {many} equal maxima; the first of them, at {first}, takes the 1")
    )


@lesson
def both_ways(x, dy, kernel_size, stride):
    """Draw the forward pass above and the backward pass below it."""
    scene = Scene(x, kernel_size=kernel_size, stride=stride)
    dy = np.asarray(dy, float)
    y, cache = spec.maxpool_forward(scene.x, kernel_size, stride)
    dx = spec.maxpool_backward(dy[None, None], cache)[0, 0]
    row, won = Row("Forward takes the largest; backward returns to where it stood."), _won(scene)
    image = scene.draw(row, (), list(scene.wins(0, 0)))
    scale = scale_of(dx, dy, signed=True)
    right = row.board(y[0, 0], "y", scale=scale_of(scene.x), labels=False)
    gradient = row.board(dy, "dy", signed=True, scale=scale, labels=False)
    result = row.board(dx, "dx", signed=True, scale=scale, labels=False)
    for board in (right, gradient):
        scene.tag(board, list(scene.wins(0, 0)))
    _tagged(result, scene, won)
    middle = (image.top + image.bottom) / 2
    row.sheet.arrow((image.right + 8, middle), (right.left - 8, middle), BLACK)
    row.sheet.arrow((gradient.right + 8, middle), (result.left - 8, middle), BLACK)
    meet = [f"{p} won {len(o)}" for p, o in won.items() if len(o) > 1]
    row.notes.append("a symbol is a window: its largest pixel, its output, its entry of dy")
    row.said.append(
        f"pixel {', '.join(meet)} windows and gets the sum" if meet else "no pixel won two"
    )
    return show_sheet(
        *row.done("An image x, its maxima y, a gradient dy and what it becomes at the pixels, dx")
    )


@lesson
def two_roads(values, kernel_size):
    """Draw the windows of one axis as a table, and its maximum along the rows and the columns."""
    values, k = np.asarray(values, float), kernel_size
    table = np.array([values[start : start + k] for start in range(len(values) - k + 1)])
    row, style = Row("Along the rows or along the columns: the same maxima."), {"cell": 36}
    style["scale"] = scale_of(values)
    row.x += 40
    labels = [f"window {l}" for l in range(len(table))], [f"v = {v}" for v in range(k)]
    board = row.board(table, "all windows", labels=labels, **style)
    largest = row.board(table.max(axis=1)[:, None], "max of rows", labels=False, **style)
    for l, at in enumerate(table.argmax(axis=1)):
        board.mark(l, int(at), inset=3)
        largest.mark(l, 0, inset=3)
    running = np.maximum.accumulate(table, axis=1)
    steps = row.board(
        running, "running maximum of columns", labels=(["" for _ in table], labels[1]), **style
    )
    steps.outline(0, k - 1, len(table), colour=colour_of(0), inset=1)
    row.notes.append("★ the largest of a window; outlined: the last column, the same numbers")
    row.said.append(f"both give {', '.join(spelled(v) for v in table.max(axis=1))}")
    return show_sheet(*row.done(f"The windows of {k} of a row of {len(values)} numbers as a table"))


@lesson
def with_nan(x, kernel_size):
    """Draw an image with NaN, its maxima, and what a search by > makes of it."""
    scene = Scene(x, kernel_size=kernel_size)
    row = Row("A NaN wins its window; a search by > walks past it.")
    y = spec.maxpool_forward(scene.x, kernel_size)[0][0, 0]
    skipped = y.copy()
    for output in scene.wins(0, 0):
        values = [scene.x[0, 0][pixel] for pixel in scene.omega(*output)]
        best = values[0]
        for value in values[1:]:
            best = value if value > best else best
        skipped[output] = best
    outputs = [tuple(map(int, o)) for o in np.argwhere(np.isnan(y))]
    scene.draw(row, (), outputs)
    style = {"scale": scale_of(scene.x), "labels": False}
    right = row.board(y, "y", **style)
    scene.tag(right, outputs)
    wrong = row.board(skipped, "searched by >: wrong", **style)
    crossed(wrong, [o for o in outputs if not np.isnan(skipped[o])])
    row.notes.append("a NaN is found by > only where the search begins with it")
    row.said.append(f"outputs {', '.join(map(str, outputs))} are NaN; by >, those marked × are not")
    return show_sheet(*row.done("An image with NaN, its maxima, and those of a search by >"))


@lesson
def nudged(x, dy, pixel, kernel_size, stride, h=0.5):
    """Draw what a step of one pixel does to the outputs and to ⟨f(x), dy⟩."""
    x, dy = np.asarray(x, float), np.asarray(dy, float)
    step = np.zeros(x.shape)
    step[pixel] = h
    row = Row("Nudge one pixel and weigh what moves by dy: that is its entry of dx.")
    above, below = (
        spec.maxpool_forward((x + s * step)[None, None], kernel_size, stride)[0][0, 0]
        for s in (1, -1)
    )
    moved = (above - below) / (2 * h)
    image = row.board(x, f"x, and pixel {pixel} ± {h:g}", labels=False)
    image.mark(*pixel)
    rates = row.board(moved, "(f(x + h) − f(x − h)) / 2h", labels=False, scale=(0, 2))
    weights = row.board(dy, "dy", signed=True, scale=scale_of(dy, signed=True), labels=False)
    for k, l in np.argwhere(moved):
        for board in (rates, weights):
            board.mark(int(k), int(l))
    total = float((moved * dy).sum())
    terms = " + ".join(
        f"{spelled(moved[k, l])}·{spelled(dy[k, l])}" for k, l in np.argwhere(moved)
    ).replace("+ −", "− ")
    said = f"{terms or '0'} = {spelled(total)} = dx[{pixel[0]},{pixel[1]}]"
    row.notes.append(f"★ moves with the pixel: {said}")
    return show_sheet(
        *row.done(f"Pixel {pixel} is moved by ±{h:g}: the outputs marked ★ move; {said}")
    )


@lesson
def wrong_jacobians(x, kernel_size, stride):
    """Draw an image and three matrices that are not its Jacobian.

    The first holds the winners' values, in the second a pixel belongs to one window only, the third
    counts the pixels column by column.
    """
    x = np.asarray(x, float)
    wins, _ = spec.winners(x[None, None], kernel_size, stride)
    H, W = x.shape
    by_columns, once, values = (np.zeros((len(wins), x.size)) for _ in range(3))
    for row, (i, j) in enumerate(wins.values()):
        by_columns[row, j * H + i] = 1
        once[:, i * W + j] = 0  # the last window takes it from the others
        once[row, i * W + j] = 1
        values[row, i * W + j] = x[i, j]
    row = Row("Three matrices, three mistakes: none of them is the Jacobian of this image.")
    row.board(x, "x", labels=False, cell=34)
    scale = 0, 1
    for name, matrix in zip(("first", "second", "third"), (values, once, by_columns), strict=True):
        shown = scale_of(matrix) if name == "first" else scale
        row.board(matrix, name, cell=20, scale=shown, size=10)
    row.notes.append(f"windows of {kernel_size}×{kernel_size}, stride {stride}")
    row.said.append("compare the sums of rows and columns, and where the 1s stand")
    return show_sheet(*row.done("An image and three wrong Jacobians of its maxima"))


__all__ = figures(globals())
