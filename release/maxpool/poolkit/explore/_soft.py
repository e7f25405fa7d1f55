"""The soft maximum: between the mean and the maximum."""

import ipywidgets as widgets
import numpy as np

from ..kit.colours import COLOURS, deep
from ..kit.explorer import Explorer, Pixels
from ..kit.figure import lesson
from ..kit.svg import Sheet, spelled

__all__ = ["soft"]

BLUE, ORANGE, GREEN = COLOURS[:3]
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)


@lesson
def soft(w, temperature=1.0):
    """Show log-sum-exp pooling of one window, and its gradient, for any temperature τ.

    w            four whole numbers from 0 to 9, the values of a window
    temperature  τ, one of 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 50
    """
    return Soft(w, temperature)


class Soft(Explorer):
    title = "Turn τ down and the softmax becomes a winner; turn it up and all share alike."

    def __init__(self, w, temperature):
        super().__init__()
        self.w = Pixels("w", w, 0, 9)
        if self.w.array.size != 4:
            raise ValueError(f"w is {w}; give four numbers")
        # buttons: a slider of ipywidgets' has no name for who cannot see it
        self.temperature = widgets.ToggleButtons(
            options=[(spelled(t), t) for t in TEMPERATURES],
            value=temperature,
            description="τ",
            style={"description_width": "auto", "button_width": "3.2em"},
        )
        self.assemble([self.w], [self.temperature])

    def draw(self):
        w, tau = self.w.array.ravel(), self.temperature.value
        powers = np.exp((w - w.max()) / tau)
        shares = powers / powers.sum()
        value = w.max() + tau * np.log(powers.sum())  # τ·log Σ exp(w/τ)
        level = value - tau * np.log(len(w))  # the same of equal numbers is that number
        sheet = Sheet(640, 280)
        texts = "" if self.w.texts == "" else [[spelled(v) for v in w]]
        board = sheet.board(
            30, 50, w[None], "w", cell=54, blank=True, texts=texts, labels=([""], range(4))
        )
        self.w.place(board)
        gradient = sheet.board(
            30,
            178,
            shares[None],
            "gradient: softmax(w/τ)",
            cell=54,
            scale=(0, 1),
            labels=False,
            texts=[[f"{share:.2f}" for share in shares]],
        )
        for n in np.flatnonzero(w == w.max()):
            board.mark(0, int(n))
            gradient.mark(0, int(n), outline=False)
        sheet.text(30, 250, "★ the largest", 12, "#555555", "start")
        self.scale(sheet, w, level)
        return sheet, self.sentence(w, tau, shares, value, level)

    def scale(self, sheet, w, level):
        """Where mean, maximum and the soft maximum stand between the values."""
        left, wide, y = 330, 270, 150
        low, high = w.min() - 0.5, w.max() + 0.5

        def at(value):
            return left + wide * (value - low) / (high - low)

        sheet.text(left + wide / 2, 20, "between the mean and the maximum", 14)
        sheet.line((left, y), (left + wide, y), colour="#666666")
        for value in sorted(set(w)):
            sheet.line((at(value), y - 5), (at(value), y + 5), colour="#666666")
            sheet.text(at(value), y + 18, spelled(value), 12, "#555555")
        for value, symbol, name, colour, above in (
            (w.mean(), "■", "mean", GREEN, 68),
            (w.max(), "▲", "max", BLUE, 68),
            (level, "●", "τ·log Σ exp(w/τ) − τ·log 4", ORANGE, 34),
        ):
            sheet.line((at(value), y - above + 12), (at(value), y - 8), colour=colour, width=1.5)
            sheet.text(at(value), y - 9, symbol, 16, deep(colour))
            x = min(max(at(value), left + 92), left + wide - 84) if name[0] == "τ" else at(value)
            sheet.text(x, y - above if name[0] != "τ" else y + 48, name, 13, deep(colour))

    def sentence(self, w, tau, shares, value, level):
        said = ", ".join(f"{share:.2f}" for share in shares)
        tied = int((w == w.max()).sum())
        if shares.max() * tied > 0.995:
            kind = (
                "the maximum, and the winner gets all"
                if tied == 1
                else f"the maximum, and the {tied} tied pixels get equal shares"
            )
        elif np.ptp(shares) < 0.02:
            kind = "nearly the mean, and all get nearly the same"
        else:
            kind = "something between, and the larger a value, the larger its share"
        return (
            f"With τ = {spelled(tau)} the window ({', '.join(map(spelled, w))}) pools to "
            f"{value:.2f}; less τ·log 4 that is {level:.2f}, where the mean is {w.mean():.2f} and "
            f"the maximum {spelled(w.max())}. The gradient is ({said}): {kind}."
        )
