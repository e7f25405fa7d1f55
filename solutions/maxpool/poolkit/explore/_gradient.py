"""How the gradient flows from dy to dx."""

import ipywidgets as widgets
import numpy as np

from ..kit.colours import colour_of, symbol_of
from ..kit.explorer import Explorer, Pixels, count
from ..kit.figure import lesson
from ..kit.svg import Sheet, scale_of, spelled, tuples
from ._windows import windows_of

__all__ = ["gradient"]


@lesson
def gradient(x, dy, kernel_size=2, stride=1):
    """Show how each number of dy goes to the pixel that its output took, and what adds up there.

    x                    image of whole numbers, at most 5 × 5
    dy                   gradient of whole numbers, of the output's shape
    kernel_size, stride  ints
    """
    return Gradient(x, dy, kernel_size, stride)


class Gradient(Explorer):
    title = "Follow the gradient from dy to dx: change a pixel, a gradient, or the windows."

    def __init__(self, x, dy, kernel_size, stride):
        super().__init__()
        self.x = Pixels("x", x)
        dy, (H, W) = np.asarray(dy), self.x.array.shape
        # fields for the largest output; those beyond the given dy begin with 1
        whole = np.ones((H, W))
        whole[: dy.shape[0], : dy.shape[1]] = dy
        self.dy = Pixels("dy", whole)
        self.kernel = count("kernel_size", kernel_size, 1, min(H, W))
        self.stride = count("stride", stride, 1, min(H, W))
        self.assign = widgets.Checkbox(
            False,
            description="wrong: assign (=) where + belongs",
            indent=False,
        )
        self.assemble([self.x, self.dy], [self.kernel, self.stride, self.assign])

    def draw(self):
        x, step = self.x.array, self.stride.value
        (H, W), kernel = x.shape, self.kernel.value
        y, chosen = windows_of(x, kernel, step)
        OH, OW = y.shape
        dy = self.dy.array[:OH, :OW]
        added, assigned = np.zeros(x.shape), np.zeros(x.shape)
        for output, pixel in chosen.items():
            added[pixel] += dy[output]
            assigned[pixel] = dy[output]
        dx = assigned if self.assign.value else added

        cell, gap = 50, 76
        sheet = Sheet(34 + 3 * W * cell + 2 * gap + 12, 60 + H * cell + 30)
        signed = {"signed": True, "scale": scale_of(added, dy, signed=True), "cell": cell}
        image = sheet.board(34, 60, x, "x and its winners", cell=cell, texts=self.x.texts)
        middle = sheet.board(
            34 + W * cell + gap + (W - OW) * cell / 2,
            60 + (H - OH) * cell / 2,
            dy,
            "dy",
            texts="",
            **signed,
        )
        result = sheet.board(
            34 + 2 * (W * cell + gap), 60, dx, "dx", texts="", labels=False, **signed
        )
        self.x.place(image)
        self.dy.place(middle, [k * W + l for k in range(OH) for l in range(OW)])
        won = {}
        for n, ((k, l), pixel) in enumerate(chosen.items()):
            colour, symbol = colour_of(n), symbol_of(n)
            inset = 3 + (4 * (n % 4) if step < kernel else 0)
            image.outline(k * step, l * step, kernel, kernel, colour=colour, inset=inset, thick=2.5)
            middle.mark(k, l, symbol, colour)
            won.setdefault(pixel, []).append(n)
        for pixel, windows in won.items():
            for corner, n in enumerate(windows[:4]):
                for board in (image, result):
                    symbol, colour = symbol_of(n), colour_of(n)
                    board.mark(*pixel, symbol, colour, corner, outline=board is result)
        for n, (output, pixel) in enumerate(chosen.items()):
            (x0, y0), (x1, y1) = middle.centre(*output), result.centre(*pixel)
            sheet.arrow((x0 + 24, y0 + 10), (x1 - 21, y1 + 9), colour=colour_of(n), bend=0.06)
        result.print()  # above the arrows
        if self.dy.printed:
            middle.print()
        lost = added != assigned
        if self.assign.value:
            for i, j in np.argwhere(lost):
                result.mark(int(i), int(j), "×", "#000000", corner=3)
        for board, name, total in ((middle, "dy", dy.sum()), (result, "dx", dx.sum())):
            at = (board.left + board.right) / 2
            sheet.text(at, 60 + H * cell + 16, f"Σ {name} = {spelled(total, 6)}", 13)
        return sheet, self.sentence(dy, dx, won, lost)

    def sentence(self, dy, dx, won, lost):
        shared = {pixel: windows for pixel, windows in sorted(won.items()) if len(windows) > 1}
        flat, totals = dy.ravel(), f"Σ dy = {spelled(dy.sum(), 6)}, Σ dx = {spelled(dx.sum(), 6)}"
        if not shared:
            return (
                f"No pixel won more than one window: each gradient goes to a pixel of its own. "
                f"{totals}."
            )
        if self.assign.value:
            where = tuples(map(tuple, np.argwhere(lost).tolist())) if lost.any() else "no pixel"
            return (
                f"Assigned, a later gradient overwrites an earlier one: wrong at {where}. {totals}."
            )
        sums = "; ".join(
            f"at {pixel} {' + '.join(spelled(flat[n]) for n in windows)} = {spelled(dx[pixel])}"
            for pixel, windows in shared.items()
        ).replace("+ −", "− ")
        return f"Where one pixel won several windows their gradients add up: {sums}. {totals}."
