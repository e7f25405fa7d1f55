"""Pictures of chapter 3's laws: which of them catches which wrong layer."""

import numpy as np

from .. import layers, spec
from ..kit.figure import Caption, figures, lesson, show_sheet
from ..kit.pictures import Row
from ..kit.voice import Failed, call, lent

# the image of the chapter, and its gradient; padded, a tie, tiles: where a fault can show
IMAGE = np.array([[[[1.0, 9, 2], [3, 4, 5], [8, 6, 7]]]])
TIED = np.array([[[[2.0, 2, 1], [2, 1, 0], [0, 1, 2]]]])
PLACES = ((IMAGE, (2, 1)), (IMAGE, (2, 2, 1)), (TIED, (2, 1)))
LAWS = "transposition", "conservation", "linearity", "the loops"


def _gradient(x, layer):
    """A dy of both signs, some of it above 1."""
    shape = spec.maxpool_forward(x, *layer)[0].shape
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape) - 1.75


def _breaks(fault):
    """(transposition, conservation, linearity, the loops): whether a fault breaks each, anywhere.

    Transposition is asked where there is a derivative, which is not at a tie.
    """
    broken = np.zeros(4, bool)
    for x, layer in PLACES:
        back, right = (layers.backward(name, x, *layer) for name in (fault, "right"))
        u, w = _gradient(x, layer), _gradient(x, layer)[..., ::-1]
        v = np.arange(9.0).reshape(x.shape) ** 2 / 7 - 3
        dx = back(u)
        broken |= [
            x is not TIED and not np.isclose(np.sum(v * dx), np.sum(v * right(u))),
            not np.isclose(dx.sum(), u.sum()),
            not np.allclose(back(3 * u + w), 3 * dx + back(w)),
            not np.allclose(dx, right(u)),
        ]
    return broken


def _table(title, rows, columns, caught):
    """Draw a table of what is caught: a filled cell with a word, else an empty one."""
    row = Row(title)
    row.x, row.top = 170, row.top - 26
    texts = [["caught" if one else "·" for one in line] for line in caught]
    style = {"cell": (30, 108), "labels": (rows, columns), "size": 12, "scale": (0, 1)}
    values = np.where(caught, 0.8, 0.0)
    board = row.sheet.board(row.x, row.top, values, texts=texts, blank=True, **style)
    for i, j in np.argwhere(caught):
        board.outline(int(i), int(j), colour="#0072B2", inset=3, thick=2)
    row.sheet.width, row.sheet.height = board.right + 12, board.bottom + 12
    return row


@lesson
def laws_and_faults():
    """Draw which law catches which wrong backward pass, and which are caught by none."""
    names = list(layers.FAULTS)
    caught = np.array([_breaks(name) for name in names])
    row = _table("No law catches everything.", names, LAWS, caught)
    none = [n for n, line in zip(names, caught, strict=True) if line[3] and not line[:3].any()]
    row.said.append(
        f"{' and '.join(none)} break no law: only a comparison with the loops finds them"
    )
    return show_sheet(
        *row.done(
            "A table of backward passes and of what catches them, asked with overlap, with padding "
            "and at a tie"
        )
    )


@lesson
def your_laws(adjoint_gap, conserves, maxpool_forward, maxpool_backward):
    """Draw what a student's two laws say of the wrong layers and of their own."""
    suspects = {
        name: [(layers.forward(*l), layers.backward(name, x, *l), x, l) for x, l in PLACES]
        for name in layers.FAULTS
    }
    try:
        suspects["your own layer"] = [
            (_y(maxpool_forward, l), _dx(maxpool_forward, maxpool_backward, x, l), x, l)
            for x, l in PLACES
        ]
        verdicts = np.array([_verdict(adjoint_gap, conserves, cs) for cs in suspects.values()])
    except (Failed, ValueError, TypeError) as failure:
        return Caption(f"No picture yet: {str(failure).splitlines()[0]}.")
    title = "What your two laws say."
    row = _table(title, list(suspects), ("adjoint_gap", "conserves"), verdicts)
    yours = "nothing against your own layer"
    if verdicts[-1].any():
        yours = "that something is wrong with your own layer"
    row.said.append(f"your laws say {yours}")
    return show_sheet(*row.done("A table of backward passes, and which of your laws objects"))


def _verdict(adjoint_gap, conserves, cases):
    """Whether each of the two laws objects to a layer, anywhere."""
    gap = lost = False
    for f, back, x, layer in cases:
        u, v = _gradient(x, layer), np.arange(9.0).reshape(x.shape) ** 2 / 7 - 3
        f, back = lent("f(x)", f), lent("back(dy)", back)
        if x is not TIED:
            gap |= not abs(float(call(adjoint_gap, f, back, x.copy(), v, u))) < 1e-6
        lost |= not call(conserves, back, u)
    return gap, lost


def _y(forward, layer):
    return lambda x: call(forward, x, *layer)[0]


def _dx(forward, backward, x, layer):
    return lambda dy: call(backward, dy, call(forward, x.copy(), *layer)[1])


__all__ = figures(globals())
