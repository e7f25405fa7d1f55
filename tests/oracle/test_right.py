"""Right answers get full marks, in whatever style; right but slow ones lose what speed is worth."""

import pytest

from tests import notebooks
from tests.submissions import right

CHAPTER, NETWORK = "3-layer", "4-network"
EARLY = [("1-windows", name, cells) for name, cells in right.WINDOWS.items()]
EARLY += [("2-jacobian", name, cells) for name, cells in right.JACOBIAN.items()]


@pytest.mark.parametrize(("chapter", "style", "cells"), EARLY, ids=[s for _, s, _ in EARLY])
def test_a_right_answer_to_an_early_chapter_gets_full_marks(chapter, style, cells):
    failures = notebooks.play(chapter, cells).failures
    assert {name: str(error) for name, error in failures.items()} == {}


@pytest.mark.parametrize(
    ("chapter", "tasks", "styles"),
    [
        ("1-windows", right.WINDOW_TASKS, right.WINDOWS),
        ("2-jacobian", right.JACOBIAN_TASKS, right.JACOBIAN),
    ],
)
def test_every_task_of_an_early_chapter_has_at_least_four_right_styles(chapter, tasks, styles):
    assert set(tasks) == set(notebooks.answers(chapter))
    for task in tasks:
        assert len({cells[task] for cells in styles.values()}) >= 4, task


@pytest.mark.parametrize("style", right.RIGHT)
def test_a_right_answer_gets_full_marks(style):
    failures = notebooks.play(CHAPTER, right.RIGHT[style]).failures
    assert {name: str(error) for name, error in failures.items()} == {}


@pytest.mark.parametrize("style", right.LAWS)
def test_a_right_law_gets_full_marks(style):
    assert set(right.LAWS[style]) == set(right.LAW_TASKS)
    failures = notebooks.play(CHAPTER, right.LAWS[style]).failures
    assert {name: str(error) for name, error in failures.items()} == {}


def test_there_are_many_styles():
    assert len(right.RIGHT) >= 14
    assert all(
        {"maxpool_forward", "maxpool_backward"} <= cells.keys() for cells in right.RIGHT.values()
    )


def test_plain_loops_lose_exactly_what_is_given_for_no_loops():
    failed = notebooks.play(CHAPTER, right.LOOPS).failed
    assert failed == {f"{task}_vectorised" for task in right.LOOPS}


def test_what_the_chapter_is_about_is_worth_about_a_quarter_of_it():
    points = notebooks.points(CHAPTER)
    worth = sum(n for name, n in points.items() if name.endswith("_vectorised"))
    assert 0.2 <= worth / sum(points.values()) <= 0.3


@pytest.mark.parametrize("style", right.NETWORK)
def test_a_right_network_gets_full_marks(style):
    failures = notebooks.play(NETWORK, right.NETWORK[style]).failures
    assert {name: str(error) for name, error in failures.items()} == {}


def test_every_task_of_the_network_has_at_least_three_right_styles():
    assert set(right.NETWORK_TASKS) == set(notebooks.answers(NETWORK))
    for task in right.NETWORK_TASKS:
        assert len({cells[task] for cells in right.NETWORK.values()}) >= 3, task


@pytest.mark.parametrize("style", right.RIGHT)
def test_a_right_layer_of_chapter_3_serves_in_the_network(style):
    """Pasted as it is, with the notebook's own ``windows`` if the style leaves that to it."""
    answers = notebooks.answers(CHAPTER) | right.RIGHT[style]
    pasted = "\n\n".join(
        answers[task] for task in ("windows", "maxpool_forward", "maxpool_backward")
    )
    pooling = f"{pasted}\n\ndef pooling():\n    return maxpool_forward, maxpool_backward\n"
    assert "pooling_layer" not in notebooks.play(NETWORK, {"pooling": pooling}).failed


# ---- unusual, and honest: what surrounds the two passes -----------------------------------------

LAYER = """
ahead, after = maxpool_forward, maxpool_backward


def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    FORWARD


def maxpool_backward(dy, cache):
    BACKWARD
"""
USUAL = "return ahead(x, kernel_size, stride, padding, dilation)"
BACK = "return after(dy, cache)"
AROUND = {
    "a list for the pair": (
        "return list(ahead(x, kernel_size, stride, padding, dilation))",
        BACK,
    ),
    "a dict for the cache": (
        "y, c = ahead(x, kernel_size, stride, padding, dilation); return y, {'c': c}",
        "return after(dy, cache['c'])",
    ),
    "a closure for the cache": (
        "y, c = ahead(x, kernel_size, stride, padding, dilation)\n"
        "    return y, lambda dy: after(dy, c)",
        "return cache(dy)",
    ),
    "everything again on the way back": (
        "return ahead(x, kernel_size, stride, padding, dilation)[0], "
        "(x.copy(), kernel_size, stride, padding, dilation)",
        "return after(dy, ahead(*cache)[1])",
    ),
    "x in the order of Fortran": (
        "return ahead(np.asfortranarray(x), kernel_size, stride, padding, dilation)",
        BACK,
    ),
    "float64 on the way, x's dtype at the end": (
        "y, c = ahead(x.astype(float), kernel_size, stride, padding, dilation)\n"
        "    return y.astype(x.dtype), (c, x.dtype)",
        "return after(dy, cache[0]).astype(cache[1])",
    ),
    "images and channels as one axis": (
        "N, C, H, W = x.shape\n"
        "    y, c = ahead(x.reshape(1, N * C, H, W), kernel_size, stride, padding, dilation)\n"
        "    return y.reshape(N, C, *y.shape[2:]), (c, x.shape, y.shape)",
        "c, shape, given = cache\n    return after(dy.reshape(given), c).reshape(shape)",
    ),
    "rows and columns exchanged, and back, where there is no tie": (
        "t = [n and pair(n)[::-1] for n in (kernel_size, stride, padding, dilation)]\n"
        "    if np.unique(x).size < x.size or np.isnan(x).any():\n"
        "        return ahead(x, kernel_size, stride, padding, dilation)[0], (False, "
        "ahead(x, kernel_size, stride, padding, dilation)[1])\n"
        "    y, c = ahead(x.swapaxes(2, 3), *t)\n"
        "    return y.swapaxes(2, 3), (True, c)",
        "turned, c = cache\n"
        "    return after(dy.swapaxes(2, 3), c).swapaxes(2, 3) if turned "
        "else after(dy, c)",
    ),
    "padding by the layer's own hands, cut off at the end": (
        "(pH, pW), (H, W) = pair(padding), x.shape[2:]\n"
        "    wide = np.full((*x.shape[:2], H + 2 * pH, W + 2 * pW), -np.inf, x.dtype)\n"
        "    wide[:, :, pH : pH + H, pW : pW + W] = x\n"
        "    y, c = ahead(wide, kernel_size, stride, 0, dilation)\n"
        "    return y, (c, np.s_[:, :, pH : pH + H, pW : pW + W])",
        "return after(dy, cache[0])[cache[1]]",
    ),
    "stride 1 first, then every s-th window": (
        "sH, sW = pair(kernel_size if stride is None else stride)\n"
        "    y, c = ahead(x, kernel_size, 1, padding, dilation)\n"
        "    return y[:, :, ::sH, ::sW], (c, y.shape, y.dtype, np.s_[:, :, ::sH, ::sW])",
        "c, shape, dtype, some = cache\n"
        "    every = np.zeros(shape, dtype)\n    every[some] = dy\n"
        "    return after(every, c)",
    ),
    "arguments as keywords, pairs made of all": (
        "k = pair(kernel_size); s = k if stride is None else pair(stride)\n"
        "    return ahead(dilation=pair(dilation), padding=pair(padding), stride=s, "
        "kernel_size=k, x=x)",
        BACK,
    ),
    "an empty batch is a case of its own": (
        "if not x.size:\n"
        "        y, c = ahead(np.zeros((1, 1, *x.shape[2:])), kernel_size, stride, padding, "
        "dilation)\n"
        "        return np.zeros((*x.shape[:2], *y.shape[2:]), x.dtype), (None, x.shape, x.dtype)\n"
        "    " + USUAL,
        "return np.zeros(cache[1], cache[2]) if cache[0] is None else after(dy, cache)",
    ),
    "a generator of steps, read to its end": (
        "def steps():\n        yield " + USUAL.removeprefix("return ") + "\n"
        "    (answer,) = steps()\n    return answer",
        BACK,
    ),
    "what depends on sizes alone is remembered": (
        "known = globals().setdefault('KNOWN', {})\n"
        "    asked = x.shape, kernel_size, stride, padding, dilation\n"
        "    known.setdefault(asked, len(known))\n    " + USUAL,
        BACK,
    ),
    "gradients of the two halves of dy are added": (
        USUAL,
        "half = np.array(dy)\n    half[..., 1::2] = 0\n"
        "    return after(half, cache) + after(dy - half, cache)",
    ),
    "warnings, and an error that is caught": (
        "try:\n        np.zeros(1).reshape(2)\n    except ValueError:\n        pass\n"
        "    np.log(np.zeros(1) - 1)\n    " + USUAL,
        BACK,
    ),
}


@pytest.mark.few(6, spread=True)
@pytest.mark.parametrize("how", AROUND)
def test_an_unusual_layer_gets_full_marks(how):
    forward, backward = AROUND[how]
    answers = notebooks.answers(CHAPTER)
    around = LAYER.replace("FORWARD", forward).replace("BACKWARD", backward)
    layer = {"maxpool_backward": answers["maxpool_backward"] + around}
    failures = notebooks.play(CHAPTER, layer).failures
    # the cells before it have tested the plain forward pass: now the unusual one is tested, too
    both = answers["maxpool_backward"] + "\n" + answers["maxpool_forward"] + around
    failures |= notebooks.play(
        CHAPTER, {"maxpool_forward": both, "maxpool_backward": "pass\n"}
    ).failures
    assert {name: str(error) for name, error in failures.items()} == {}
