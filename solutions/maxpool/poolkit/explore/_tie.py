"""A tie: its one-sided slopes, and the hull of its subgradients."""

import numpy as np

from ..kit.colours import COLOURS, deep
from ..kit.explorer import Explorer, Pixels
from ..kit.figure import lesson
from ..kit.svg import Sheet, spelled

__all__ = ["tie"]

BLUE, ORANGE = COLOURS[:2]
CORNERS = np.array([[0, 0], [1, 0], [0.5, -np.sqrt(0.75)]])  # of the triangle of shares


@lesson
def tie(w, v):
    """Show the maximum of three values along a direction, and the subgradients at them.

    w  three whole numbers from −4 to 4, the values of a window
    v  three whole numbers from −2 to 2, the direction
    """
    return Tie(w, v)


class Tie(Explorer):
    title = "Walk from w along v: the slope behind, the slope ahead, and all subgradients."

    def __init__(self, w, v):
        super().__init__()
        self.w, self.v = Pixels("w", w, -4, 4), Pixels("v", v, -2, 2)
        if self.w.array.shape != (3,) or self.v.array.shape != (3,):
            raise ValueError(f"w is {w} and v is {v}; give three numbers each")
        self.assemble([self.w, self.v], [])

    def draw(self):
        w, v = self.w.array, self.v.array
        top = w.max()
        tied = w == top
        ahead, behind = v[tied].max(), v[tied].min()  # f'(w; v), and −f'(w; −v)
        sheet = Sheet(650, 400)
        for name, field, values, row in (("w", self.w, w, 50), ("v", self.v, v, 160)):
            board = sheet.board(
                26,
                row,
                values[None],
                name,
                cell=46,
                blank=True,
                texts=_row(field, values),
                labels=([""], range(3)),
            )
            field.place(board)
            for n in np.flatnonzero(tied) if name == "w" else ():
                board.mark(0, int(n))
        sheet.text(26, 230, "★ a maximiser", 12, "#555555", "start")
        self.walk(sheet, w, v, ahead, behind)
        self.hull(sheet, tied, v, ahead)
        return sheet, self.sentence(w, v, tied, ahead, behind)

    def walk(self, sheet, w, v, ahead, behind):
        """max(w + t·v) for t from −1 to 1."""
        left, top, wide, high = 214, 50, 190, 260
        reach = np.concatenate([w - v, w + v, w])
        low, above = reach.min() - 0.4, reach.max() + 0.4

        def at(t, value):
            x, y = left + wide * (t + 1) / 2, top + high * (above - value) / (above - low)
            return x, y

        t = np.linspace(-1, 1, 81)
        walk = w + np.outer(t, v)
        sheet.text(left + wide / 2, 20, "max(w + t·v)", 14)
        sheet.line(at(-1, low), at(1, low), colour="#666666")
        sheet.line(at(0, low), at(0, above), colour="#bbbbbb", dash="3 4")
        for step in (-1, 0, 1):
            x, y = at(step, low)
            sheet.text(x, y + 12, spelled(step), 12, "#555555")
        sheet.text(left + wide / 2, top + high + 30, "t", 12, "#555555")
        ends = {}
        for n in range(3):
            sheet.line(at(-1, walk[0, n]), at(1, walk[-1, n]), colour="#8a8a8a", width=1.3)
            ends.setdefault(walk[-1, n], []).append(f"w{'₀₁₂'[n]}")
        for end, names in ends.items():
            x, y = at(1, end)
            sheet.text(x + 5, y, ", ".join(names), 12, "#555555", "start")
        f = walk.max(axis=1)
        for side, colour, dash in ((t <= 0, BLUE, None), (t >= 0, ORANGE, "9 4")):
            sheet.line(*map(at, t[side], f[side]), colour=colour, width=4, dash=dash)
        x, y = at(0, w.max())
        sheet.add("circle", cx=x, cy=y, r=5.5, fill="#ffffff", stroke="#000000", stroke_width=2)
        said = 13, deep(BLUE), deep(ORANGE)
        sheet.text(left + 2, top + high + 52, f"behind: {spelled(behind)}", *said[:2], "start")
        sheet.text(
            left + wide, top + high + 52, f"ahead: {spelled(ahead)}", said[0], said[2], "end"
        )

    def hull(self, sheet, tied, v, ahead):
        """The triangle of all shares of a 1, and the part of it that is the subdifferential."""
        corners = CORNERS * 140 + (474, 250)
        sheet.text(544, 20, "subgradients", 14)
        sheet.line(*corners, corners[0], colour="#8a8a8a", width=1.5, dash="4 4")
        inside = corners[tied]
        if len(inside) > 1:
            sheet.line(*inside, inside[0], colour=BLUE, width=6, fill=BLUE, fill_opacity=0.25)
        for n, (x, y) in enumerate(corners):
            name = str(tuple(int(n == m) for m in range(3)))
            sheet.text(x, y + (24 if n < 2 else -24), name, 13)
            if not tied[n]:
                sheet.text(x, y, "×", 20, "#555555")
            elif v[n] == ahead:
                sheet.text(x, y, "▲", 22, deep(ORANGE))
            else:
                sheet.add("circle", cx=x, cy=y, r=7, fill=BLUE, stroke="#000000")
        kind = {1: "one point: the gradient", 2: "a segment", 3: "a triangle"}[int(tied.sum())]
        sheet.text(544, 330, kind, 13)
        sheet.text(544, 352, "▲ g·v is largest here", 12, "#555555")

    def sentence(self, w, v, tied, ahead, behind):
        names = [f"w{'₀₁₂'[n]}" for n in np.flatnonzero(tied)]
        who = (
            f"{', '.join(names[:-1])} and {names[-1]} tie"
            if len(names) > 1
            else f"{names[0]} leads"
        )
        slopes = f"the slope ahead is {spelled(ahead)}, the slope behind {spelled(behind)}"
        if ahead == behind:
            kink = "no kink in this direction" if len(names) > 1 else "so there is a gradient"
        else:
            kink = "two slopes, so there is no gradient"
        set_ = {1: "is the one-hot of", 2: "are the ways to share a 1 between"}.get(
            len(names), "are the ways to share a 1 among"
        )
        noun = "The only subgradient" if len(names) == 1 else "The subgradients"
        return (
            f"At w = {_vector(w)} {who}. Along v = {_vector(v)} {slopes}: {kink}. "
            f"{noun} {set_} {tuples_of(names)}."
        )


def tuples_of(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _vector(values):
    return f"({', '.join(spelled(value) for value in values)})"


def _row(field, values):
    return "" if field.texts == "" else [[spelled(value) for value in values]]
