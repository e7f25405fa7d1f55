"""The window that walks over an image."""

import ipywidgets as widgets
import numpy as np

from .. import spec
from ..kit.colours import colour_of
from ..kit.explorer import Choices, Explorer, Pixels, count
from ..kit.figure import lesson
from ..kit.svg import Sheet, scale_of, spelled
from ._windows import windows_of

__all__ = ["window"]


@lesson
def window(x, kernel_size=2, stride=2, output=(0, 0)):
    """Show which pixels an output sees and which one it takes; everything can be changed.

    x                    image of whole numbers, at most 6 × 6
    kernel_size, stride  ints
    output               the output (k, l) to begin with
    """
    return Window(x, kernel_size, stride, output)


class Window(Explorer):
    title = "Walk the window over the image; change a pixel and see who wins."

    def __init__(self, x, kernel_size, stride, output):
        super().__init__()
        self.x = Pixels("x", x)
        shape = self.x.array.shape
        most = min(shape)
        self.kernel = count("kernel_size", kernel_size, 1, min(3, most))
        self.stride = count("stride", stride, 1, 4)
        self.k, self.l = (
            count(f"output {name}", at, 0, size - 1)
            for name, at, size in zip(("row k", "column l"), output, shape, strict=True)
        )
        self.choices = Choices("output ({}, {})", shape, self.go)
        before, after = (
            widgets.Button(description=says) for says in ("◀ previous window", "next window ▶")
        )
        before.on_click(lambda _: self.step(-1))
        after.on_click(lambda _: self.step(1))
        self.assemble(
            [self.x, self.choices], [before, after, self.k, self.l, self.kernel, self.stride]
        )

    def fits(self):
        """The shape of the output."""
        k, s = self.kernel.value, self.stride.value
        return tuple((size - k) // s + 1 for size in self.x.array.shape)

    def go(self, k, l):
        with self.held():
            self.k.value, self.l.value = k, l

    def step(self, by):
        OH, OW = self.fits()
        self.go(*divmod((self.k.value * OW + self.l.value + by) % (OH * OW), OW))

    def draw(self):
        x, kernel, stride = self.x.array, self.kernel.value, self.stride.value
        (H, W), (OH, OW) = x.shape, self.fits()
        self.k.max, self.l.max = OH - 1, OW - 1
        k, l = self.k.value, self.l.value
        y, chosen = windows_of(x, kernel, stride)
        seen = spec.covered(k, l, x.shape, (kernel, kernel), (stride, stride))
        best = chosen[k, l]

        cell, gap = 50, 110
        sheet = Sheet(40 + W * cell + gap + W * cell + 12, 66 + H * cell + 26)
        style = {"scale": scale_of(x), "cell": cell}
        left = sheet.board(34, 60, x, f"x, {H} × {W}", texts=self.x.texts, **style)
        right = sheet.board(
            34 + W * cell + gap,
            60 + (H - OH) * cell / 2,
            y,
            f"y, {OH} × {OW}",
            **style,
        )
        self.x.place(left)
        self.choices.place_first(right)
        colour = colour_of(1)
        (top, start), (bottom, end) = seen[0], seen[-1]
        x0 = left.left + (end + 1) * cell
        for row, to in ((top, right.top + k * cell), (bottom + 1, right.top + (k + 1) * cell)):
            sheet.line(
                (x0, left.top + row * cell), (right.left + l * cell, to), colour=colour, width=1.5
            )
        unseen = np.ones(x.shape, bool)
        for place in chosen:
            pixels = spec.covered(*place, x.shape, (kernel, kernel), (stride, stride))
            unseen[tuple(np.transpose(pixels))] = False
        for i, j in np.argwhere(unseen):
            low = left.top + (i + 1) * cell - 9
            for dash, paint in ((None, "#ffffff"), ("4 3", "#000000")):
                ends = ((left.left + j * cell + 8, low), (left.left + (j + 1) * cell - 8, low))
                sheet.line(*ends, colour=paint, width=2.5, dash=dash)
        left.outline(top, start, kernel, kernel, colour=colour, thick=4)
        left.mark(*best, colour=colour, inset=7)
        right.outline(k, l, colour=colour, thick=4)
        note = "★ the largest of the window" + ("; dashed: in no window" if unseen.any() else "")
        sheet.text(34, sheet.height - 12, note, 12, "#555555", "start")
        return sheet, self.sentence(x, seen, best, y[k, l], int(unseen.sum()))

    def sentence(self, x, seen, best, top, unseen):
        k, l = self.k.value, self.l.value
        values = ", ".join(spelled(x[pixel]) for pixel in seen)
        equal = sum(x[pixel] == top for pixel in seen)
        won = f"the largest is {spelled(top)}, at ({best[0]}, {best[1]})"
        if equal > 1:
            won = f"{spelled(top)} occurs {equal} times, and the first wins, at {best}"
        left_over = {0: "", 1: " One pixel is in no window."}.get(
            unseen, f" {unseen} pixels are in no window."
        )
        return (
            f"Output ({k}, {l}) sees Ω({k}, {l}) = {{{', '.join(map(str, seen))}}}, which holds "
            f"{values}; {won}, so y[{k}, {l}] = {spelled(top)}.{left_over}"
        )
