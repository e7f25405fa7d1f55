"""The Jacobian that follows the image."""

import numpy as np

from ..kit.colours import colour_of, symbol_of
from ..kit.explorer import Explorer, Pixels, count
from ..kit.figure import lesson
from ..kit.svg import Sheet, scale_of, spelled, tuples
from ._windows import windows_of

__all__ = ["jacobian"]


@lesson
def jacobian(x, kernel_size=2, stride=1):
    """Show J of an image, its row sums and its column sums, while the image changes.

    x                    image of whole numbers, at most 9 pixels
    kernel_size, stride  ints
    """
    return Jacobian(x, kernel_size, stride)


class Jacobian(Explorer):
    title = "Change a pixel and watch the 1s move: the Jacobian, its row sums and its column sums."

    def __init__(self, x, kernel_size, stride):
        super().__init__()
        self.x = Pixels("x", x)
        most = min(self.x.array.shape)
        self.kernel = count("kernel_size", kernel_size, 1, most)
        self.stride = count("stride", stride, 1, most)
        self.assemble([self.x], [self.kernel, self.stride])

    def draw(self):
        x = self.x.array
        H, W = x.shape
        kernel, step = self.kernel.value, self.stride.value
        y, chosen = windows_of(x, kernel, step)
        outputs = list(chosen)
        J = np.zeros((len(outputs), x.size))
        for row, (i, j) in enumerate(chosen.values()):
            J[row, i * W + j] = 1
        wins = J.sum(axis=0)

        cell, small = 46, 29
        start = 30 + W * cell + 62  # the left edge of J
        sheet = Sheet(start + x.size * small + 116, 60 + 2 * H * cell + 84)
        image = sheet.board(30, 60, x, "x", cell=cell, texts=self.x.texts)
        self.x.place(image)
        counts = sheet.board(
            30,
            image.bottom + 70,
            wins.reshape(H, W),
            "wins of each pixel",
            scale=(0, 4),
            cell=cell,
        )
        body = sheet.board(
            start,
            60,
            J,
            "J: a row for each output, a column for each pixel",
            scale=(0, 1),
            cell=small,
            labels=([f"({k},{l})" for k, l in outputs], range(x.size)),
            faded=J == 0,
        )
        plain = {"cell": small, "labels": False}
        sums = sheet.board(body.right + 22, 60, J.sum(axis=1)[:, None], scale=(0, 4), **plain)
        values = sheet.board(sums.right + 26, 60, y.reshape(-1, 1), scale=scale_of(x), **plain)
        sheet.text(sums.left + small / 2, 46, "row sums", 11, "#555555")
        sheet.text(values.left + small / 2, 46, "vec(y)", 11, "#555555")
        columns = sheet.board(start, body.bottom + 26, wins[None], scale=(0, 4), **plain)
        sheet.text(start + x.size * small / 2, columns.bottom + 12, "column sums", 11, "#555555")
        for edge in range(W, x.size, W):  # where a new row of the image begins
            for board in (body, columns):
                at = board.left + edge * small
                sheet.line((at, board.top), (at, board.bottom), colour="#000000", width=1.2)

        overlap = step < kernel
        won = {}
        for n, ((k, l), pixel) in enumerate(chosen.items()):
            colour = colour_of(n)
            inset = 3 + (4 * (n % 4) if overlap else 0)
            image.outline(k * step, l * step, kernel, kernel, colour=colour, inset=inset, thick=2.5)
            column = pixel[0] * W + pixel[1]
            body.mark(n, column, symbol_of(n), colour, inset=2)
            won.setdefault(pixel, []).append(n)
        for pixel, windows in won.items():
            for corner, n in enumerate(windows[:4]):
                for board in (image, counts):
                    colour, symbol = colour_of(n), symbol_of(n)
                    board.mark(*pixel, symbol, colour, corner, outline=False)
        return sheet, self.sentence(J, y)

    def sentence(self, J, y):
        wins, (rows, columns), W = J.sum(axis=0), J.shape, self.x.array.shape[1]
        most, never = int(wins.max()), int((wins == 0).sum())
        if most == 1:
            counted = "no pixel won more than once"
        else:
            best = [divmod(int(m), W) for m in np.flatnonzero(wins == most)]
            times = "twice" if most == 2 else f"{most} times"
            each = f"pixels {tuples(best)} won {times} each"
            counted = each if len(best) > 1 else f"pixel {best[0]} won {times}"
        return (
            f"With kernel_size {self.kernel.value} and stride {self.stride.value} J has {rows} "
            f"row{'s' * (rows > 1)} and {columns} columns. Every row sums to 1. The column sums "
            f"count wins: {counted}, {never} of {columns} pixels never. "
            f"vec(y) = J·vec(x) = ({', '.join(spelled(value) for value in y.ravel())})."
        )
