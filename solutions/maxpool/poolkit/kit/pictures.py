"""Pictures of an answer beside the right one: what a check shows that fails.

Each function takes what the student's code gave, anything at all, then what was asked, and returns
(sheet, sentence). They are drawn in a millisecond, so they are drawn while nbgrader grades too:
the picture is part of the feedback.
"""

import textwrap

import numpy as np

from .colours import colour_of
from .svg import Sheet, scale_of, shade
from .voice import short

CELL, GAP, TOP, LEFT = 42, 46, 56, 30
MOST = 12  # rows or columns of an array that can still be read
WIDEST = 850  # then a new line begins
BLACK, GREY = "#000000", "#555555"


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


def operations(growing, things):
    """How Python's work grows along each axis: {axis: ((size, operations), (size, operations))}.

    things  {axis: what there are more of}
    """
    sheet, said = Sheet(620, 40 + 62 * len(growing)), []
    most = max(many for _, (_, many) in growing.values())
    sheet.text(20, 18, "operations that Python executes", 14, BLACK, "start")
    for row, (axis_, ((size, few), (longer, many))) in enumerate(growing.items()):
        for line, (count, steps) in enumerate(((size, few), (longer, many))):
            y, wide = 48 + 62 * row + 24 * line, max(2.0, 300 * steps / most)
            sheet.text(130, y, f"{count} {things[axis_]}", 13, BLACK, "end")
            fill = colour_of(1) if line else colour_of(0)
            sheet.add("rect", x=140, y=y - 9, width=wide, height=18, fill=fill)
            sheet.text(148 + wide, y, f"{steps:,}".replace(",", "\u202f"), 13, BLACK, "start")
        said.append(f"{few} for {size} {things[axis_]}, {many} for {longer}")
    return sheet, f"The operations that Python executes grow: {'; '.join(said)}."
