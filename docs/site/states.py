"""The explorers as the site has them: their drawings for some values of their controls.

A page has no kernel. So the drawings are made when the site is built, one for each combination of
values, and ``explorers.js`` shows the one that a reader asks for. The first is the still frame that
is on the page without the script, too.
"""

import itertools
import json

from poolkit import explore

IMAGE = [[7, 2, 5, 16, 1], [3, 4, 9, 6, 2], [10, 1, 8, 11, 0], [13, 12, 14, 15, 3], [2, 5, 1, 4, 6]]
SMALL, DY = [[1, 8, 2], [3, 6, 9], [7, 4, 5]], [[1, 2], [4, -3]]
EXAMPLE = [[1, 9, 2], [3, 4, 5], [8, 6, 7]]


def pixel(fields, place):
    """A setter of one pixel of an explorer's ``fields``."""

    def put(explorer, value):
        getattr(explorer, fields).fields[place].value = value

    return put


def control(name):
    """A setter of one of an explorer's controls."""

    def put(explorer, value):
        getattr(explorer, name).value = value

    return put


def walk(explorer, number):
    """Go to an output, counted row by row; beyond the last one, to the last."""
    OH, OW = explorer.fits()
    explorer.go(*divmod(min(number, OH * OW - 1), OW))


def directions(explorer, v):
    """Set the direction of a tie."""
    with explorer.held():
        for field, value in zip(explorer.v.fields, v, strict=True):
            field.value = value


# {cell: (makes the explorer, [(what the reader sets, how, its values, where it begins)])}
STATES = {
    "window-explorer": (
        lambda: explore.window(IMAGE),
        [
            ("stride", control("stride"), [1, 2, 3], 2),
            ("kernel_size", control("kernel"), [2, 3], 2),
            ("output, row by row", walk, list(range(16)), 0),
        ],
    ),
    "jacobian-explorer": (
        lambda: explore.jacobian(SMALL, kernel_size=2, stride=1),
        [
            ("stride", control("stride"), [1, 2], 1),
            ("the pixel in the middle", pixel("x", 4), list(range(11)), 6),
        ],
    ),
    "tie-explorer": (
        lambda: explore.tie(w=[2, 2, 1], v=[1, -1, 0]),
        [
            ("w₀", pixel("w", 0), [0, 1, 2, 3], 2),
            ("w₂", pixel("w", 2), [0, 1, 2], 1),
            (
                "direction v",
                directions,
                [(1, -1, 0), (1, 0, 0), (1, 1, 0), (0, 0, 1), (1, 1, 1)],
                (1, -1, 0),
            ),
        ],
    ),
    "gradient_explorer": (
        lambda: explore.gradient(EXAMPLE, DY, kernel_size=2, stride=1),
        [
            ("stride", control("stride"), [1, 2], 1),
            ("wrong: assign where + belongs", control("assign"), [False, True], False),
            ("the pixel in the middle", pixel("x", 4), list(range(0, 13)), 4),
        ],
    ),
    "soft-explorer": (
        lambda: explore.soft([2, 2, 1, 0], temperature=1.0),
        [
            ("w₀", pixel("w", 0), [1, 2, 3], 2),
            ("τ", control("temperature"), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0], 1.0),
        ],
    ),
}


def spelled(value):
    """A value of a control, as its label says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"({', '.join(map(str, value))})".replace("-", "−")
    return f"{value:g}"


def states(cell):
    """Return what the script needs for the explorer in a cell, and its first sentence."""
    make, axes = STATES[cell]
    explorer = make()
    drawn = {}
    for places in itertools.product(*(range(len(values)) for _, _, values, _ in axes)):
        with explorer.held():
            for at, (_, put, values, _) in zip(places, axes, strict=True):
                put(explorer, values[at])
        frame, sentence = explorer.frame()
        source = frame.split('src="', 1)[1].split('"', 1)[0]
        drawn[",".join(map(str, places))] = [source, sentence]
    start = [values.index(first) for _, _, values, first in axes]
    told = {
        "title": explorer.title,
        "axes": [{"name": n, "values": [*map(spelled, values)]} for n, _, values, _ in axes],
        "start": start,
    }
    # many states look alike, such as an output beyond the last one: each picture is there once
    pictures = list(dict.fromkeys(source for source, _ in drawn.values()))
    number = {source: n for n, source in enumerate(pictures)}
    told["pictures"] = pictures
    told["states"] = {key: [number[source], said] for key, (source, said) in drawn.items()}
    return told, drawn[",".join(map(str, start))][1]


def script(cell):
    """The states of an explorer as an element of a page, and its first sentence."""
    told, sentence = states(cell)
    data = json.dumps(told, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/json" class="explorer-states">{data}</script>', sentence
