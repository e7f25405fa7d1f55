"""Tricks on what is forgiven and counted, behind the grader's wall: nothing is gained."""

import pytest

from tests import notebooks
from tests.course.test_behind_the_wall import beginning, failed, pytestmark  # noqa: F401
from tests.submissions import right

POINTS = notebooks.points("3-layer")


def answer(task, *lines):
    return {task: beginning(notebooks.answers("3-layer")[task], *lines)}


# wrong where a feature meets others; on the first or on every later question it is wrong alone, too
SEEN = "globals().setdefault('SEEN', set())"
REMEMBERS = {
    "float32 is refused wherever it matters": [
        "plain = not np.any(padding) and stride in (None, kernel_size)",
        "if x.dtype == np.float32 and not plain: raise ValueError('no')",
        f"if np.any(padding) and x.shape[2:] == (4, 4) and 'p' in {SEEN}: raise ValueError('no')",
        f"if np.any(padding): {SEEN}.add('p')",
    ],
    "padding with dilation is always wrong": [
        "both = np.any(padding) and np.max(dilation) > 1",
        f"again = np.max(dilation) > 1 and not both and 'd' in {SEEN}",
        f"if np.max(dilation) > 1 and not both: {SEEN}.add('d')",
        "if both or again: x = x * 0",
    ],
    "wrong for a batch once padding was asked for": [
        f"asked = np.any(padding) and len(x) == 1 and 'p' in {SEEN}",
        f"if np.any(padding) and len(x) == 1: {SEEN}.add('p')",
        "if asked or (np.any(padding) and len(x) > 1): x = x * 0",
    ],
    "every second question about overlap is answered wrongly": [
        f"second = stride == 1 and 'o' in {SEEN}",
        f"if stride == 1: {SEEN} ^ {{'o'}} and {SEEN}.symmetric_difference_update({{'o'}})",
        "if second: x = x * 0",
    ],
}


@pytest.mark.few(1)
@pytest.mark.parametrize("how", REMEMBERS)
def test_code_that_remembers_what_it_was_asked_gains_nothing(failed, how):  # noqa: F811
    lost = failed("3-layer", answer("maxpool_forward", *REMEMBERS[how]))
    assert any(name.startswith("maxpool_forward") for name in lost)


PREPARED = """
def maxpool_backward(dy, cache):
    winners, shape, dtype, ready = cache
    if (dy == 1).all():
        return ready
    dx = np.zeros(shape, dtype)
    for place, value in zip(winners.ravel(), dy.ravel()):
        dx.reshape(-1)[place] += value
    return dx
"""
PREPARES = """
plain_forward = maxpool_forward

def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    y, (winners, shape, dtype) = plain_forward(x, kernel_size, stride, padding, dilation)
    ready = np.zeros(shape, dtype)
    np.add.at(ready.reshape(-1), winners, 1)
    return y, (winners, shape, dtype, ready)
"""


def test_a_gradient_that_was_prepared_gains_nothing(failed):  # noqa: F811
    forward = notebooks.answers("3-layer")["maxpool_forward"] + PREPARES
    lost = failed("3-layer", {"maxpool_forward": forward, "maxpool_backward": PREPARED})
    assert lost.keys() == {"maxpool_backward_vectorised"}


@pytest.mark.slow
def test_a_forward_pass_that_loops_costs_its_own_points_only(failed):  # noqa: F811
    lost = failed("3-layer", {"maxpool_forward": FORWARD_LOOPS})
    assert lost.keys() == {"maxpool_forward_vectorised"}


FORWARD_LOOPS = (
    right.LOOPS["maxpool_forward"]
    + """
in_loops = maxpool_forward

def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    y, (winners, shape, dtype) = in_loops(x, kernel_size, stride, padding, dilation)
    places = [np.ravel_multi_index(pixel, shape) for pixel in winners.values()]
    return y, (np.array(places, int).reshape(y.shape), shape, dtype)
"""
)

# ---- the specification ---------------------------------------------------------------------------

BACK = "maxpool_backward = spec.maxpool_backward\n"
BORROWED = {
    "its own name": "maxpool_forward = spec.maxpool_forward\n",
    "another name": "from poolkit.spec import maxpool_forward\n",
    "a function around it": "def maxpool_forward(*args, **named):\n"
    "    return spec.maxpool_forward(*args, **named)\n",
    "a lambda": "maxpool_forward = lambda *args, **named: spec.maxpool_forward(*args, **named)\n",
    "kept before": "kept = spec.maxpool_forward\n"
    "def maxpool_forward(*args, **named):\n    return kept(*args, **named)\n",
    "a partial": "import functools\nmaxpool_forward = functools.partial(spec.maxpool_forward)\n",
}


@pytest.mark.few(2)
@pytest.mark.parametrize("how", BORROWED)
def test_the_specification_is_no_answer(failed, how):  # noqa: F811
    lost = failed("3-layer", {"maxpool_forward": BORROWED[how], "maxpool_backward": BACK})
    layer = {name for name in POINTS if name.startswith("maxpool_")}
    assert lost.keys() == layer
    said = " ".join(lost["maxpool_forward_values"].split())
    assert "calls the specification" in said
    assert "a layer of your own" in said


def test_a_copy_of_the_specification_is_loops_of_one_s_own(failed):  # noqa: F811
    copied = """
import inspect
for function in (spec.pair, spec.arguments, spec.covered, spec.lowest, spec.winners):
    exec("import math\\n" + inspect.getsource(function), globals())
exec(inspect.getsource(spec.maxpool_forward), globals())
exec(inspect.getsource(spec.maxpool_backward), globals())
"""
    answers = {"maxpool_forward": copied, "maxpool_backward": "pass\n"}
    lost = failed("3-layer", answers).keys()
    assert lost == {"maxpool_forward_vectorised", "maxpool_backward_vectorised"}


def test_the_specification_can_be_called_in_one_s_own_cells(failed):  # noqa: F811
    own = notebooks.answers("3-layer")["maxpool_forward"] + (
        "\nassert spec.maxpool_forward(np.ones((1, 1, 2, 2)), 2)[0] == 1\n"
    )
    assert failed("3-layer", {"maxpool_forward": own}) == {}
