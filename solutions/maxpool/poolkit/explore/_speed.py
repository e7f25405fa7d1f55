"""The loops against a vectorised layer, timed while one looks."""

import time

import ipywidgets as widgets
import numpy as np

from ..kit.colours import COLOURS, deep
from ..kit.explorer import Explorer, count
from ..kit.figure import lesson
from ..kit.svg import Sheet
from ..kit.voice import Failed, call

__all__ = ["speed"]

SIZES = (1, 2, 4, 8, 16, 32, 64)  # images in a batch
SHAPE = 1, 8, 8  # of an image: small, so that the loops over 64 of them take a blink
SECONDS = 0.004  # how long a fast function is timed again and again
PATIENCE = 0.03  # the same, at the beginning
LOOPS, YOURS = "the loops", "your layer"
MARKS = {LOOPS: ("●", "take", COLOURS[1]), YOURS: ("■", "takes", COLOURS[0])}
# {N: milliseconds} that were taken once, with the solution: what is printed is the same every time
EXAMPLE = {
    n: {LOOPS: loops, YOURS: layer}
    for n, loops, layer in zip(
        SIZES,
        (0.066, 0.13, 0.24, 0.45, 0.91, 1.9, 4.0),
        (0.047, 0.048, 0.049, 0.051, 0.055, 0.064, 0.079),
        strict=True,
    )
}


@lesson
def speed(loops, layer):
    """Time two forward passes of 2×2 max pooling on batches of N images, and compare them.

    loops, layer  functions of (x, kernel_size) that return a pair (y, cache)
    """
    return Speed(loops, layer)


def milliseconds(forward, x, seconds):
    """The least time of a few runs; of one run if that takes longer than ``seconds``."""
    best, until = np.inf, time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        call(forward, x, 2)
        end = time.perf_counter()
        best = min(best, 1e3 * (end - start))
        if end > until:
            return best


class Speed(Explorer):
    title = "Time the loops and your layer, now, on this machine: let N grow."

    def __init__(self, loops, layer):
        super().__init__()
        self.functions = {LOOPS: loops, YOURS: layer}
        self.times, self.missing = {}, None
        for size in SIZES:
            self.measure(size, PATIENCE)
        self.n = count("images N", 32, 1, SIZES[-1])
        once_more = widgets.Button(description="time it again")
        once_more.on_click(self.again)
        self.n.observe(self.again, "value")
        self.assemble([], [once_more])
        self.controls.children = [self.n, *self.controls.children]

    def measure(self, n, seconds=SECONDS):
        """Time both on N images, in milliseconds."""
        x = np.random.default_rng(0).standard_normal((n, *SHAPE))
        self.times[n] = {}
        for name, function in self.functions.items():
            try:
                self.times[n][name] = milliseconds(function, x, seconds)
            except Failed as failure:
                self.missing = str(failure).splitlines()[0]

    def again(self, _=None):
        self.measure(self.n.value)
        self.refresh()

    def frame(self):
        """The still picture, of the example's times if both can be timed."""
        if self.missing or self.n.value not in EXAMPLE:
            return super().frame()
        own, self.times = self.times, EXAMPLE
        try:
            return super().frame()
        finally:
            self.times = own

    def draw(self):
        n = self.n.value
        sheet = Sheet(660, 316)
        left, top, wide, high = 76, 40, 440, 214
        taken = [t for times in self.times.values() for t in times.values()]
        if not taken:
            sheet.text(sheet.width / 2, sheet.height / 2, "nothing to time yet", 14)
            return sheet, f"No times yet: {self.missing}."
        powers = range(int(np.floor(np.log10(min(taken)))), int(np.ceil(np.log10(max(taken)))) + 1)

        def at(n, t):
            share = (powers[-1] - np.log10(t)) / (len(powers) - 1)
            return left + wide * np.log2(n) / np.log2(SIZES[-1]), top + high * share

        sheet.text(left + wide / 2, 18, "time of a forward pass: lower is faster", 14)
        for power in powers:
            ends = at(1, 10.0**power), at(SIZES[-1], 10.0**power)
            sheet.line(*ends, colour="#dddddd", width=1)
            sheet.text(left - 12, ends[0][1], f"{10.0**power:g} ms", 12, "#555555", "end")
        for size in SIZES:
            sheet.text(at(size, 1)[0], top + high + 16, f"{size}", 12, "#555555")
        sheet.text(left + wide / 2, top + high + 40, "images in the batch, N", 13)
        ends = at(n, 10.0 ** powers[0]), at(n, 10.0 ** powers[-1])
        sheet.line(*ends, colour="#000000", width=1, dash="2 4")
        for name, (symbol, _, colour) in MARKS.items():
            points = [(m, self.times[m][name]) for m in sorted(self.times) if name in self.times[m]]
            if points:
                sheet.line(*(at(*point) for point in points), colour=colour, width=2.5)
                for point in points:
                    sheet.text(*at(*point), symbol, 20 if point[0] == n else 12, deep(colour))
                x, y = at(*points[-1])
                sheet.text(x + 14, y, f"{symbol} {name}", 13, deep(colour), "start")
        return sheet, self.sentence(n)

    def sentence(self, n):
        times = self.times[n]
        parts = [f"{name} {MARKS[name][1]} {two(t)} ms" for name, t in times.items()]
        said = f"{'An example: at' if times is EXAMPLE.get(n) else 'At'} N = {n} "
        said += " and ".join(parts)
        if len(times) < 2:
            return f"{said}. One of the two is missing: {self.missing}."
        ratio = times[LOOPS] / times[YOURS]
        compared = (
            f"{two(ratio)} times as fast" if ratio >= 1 else f"{two(1 / ratio)} times as slow"
        )
        loops, layer = (two(self.times[SIZES[-1]][name] / self.times[1][name]) for name in MARKS)
        return (
            f"{said}: {compared}. From N = 1 to {SIZES[-1]} the loops' time grew {loops}-fold, "
            f"your layer's {layer}-fold."
        )


def two(ratio):
    """A ratio with two digits: more would be noise."""
    return f"{float(f'{ratio:.2g}'):g}"
