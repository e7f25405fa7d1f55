"""Right answers score behind the grader's wall as they do in one process, whatever their style.

That every misconception does is seen in the class, which is graded behind it too.
"""

import copy
import sys

import pytest
from nbgrader.coursedir import CourseDirectory

from oracle import hidden as checks
from proctor.run.course import Course
from proctor.run.play import play
from proctor.run.settings import Settings, hide
from proctor.run.template import Template
from tests import notebooks
from tests.submissions import right

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")

STYLES = {
    "1-windows": right.WINDOWS,
    "2-jacobian": right.JACOBIAN,
    "3-layer": {**right.RIGHT, **right.LAWS},
    "4-network": right.NETWORK,
}


@pytest.fixture(scope="module")
def failed():
    """A function of a chapter and answers: {check: message} of what failed behind the wall."""
    course = Course(CourseDirectory(root=str(notebooks.ROOT)), "maxpool")
    template = Template(course.assignment())
    settings = Settings(hidden=hide(course.root))

    def grade(chapter, answers):
        notebook = copy.deepcopy(notebooks.read(chapter))
        for cell in notebook.cells:
            task = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(task, cell.source)
        play(template, notebook, course.lessons(), settings, {}, course.known()[chapter])
        return {
            cell.metadata.nbgrader.grade_id.removeprefix("test_"): output.evalue
            for cell in notebook.cells
            for output in cell.get("outputs", ())
            if output.output_type == "error"
        }

    yield grade
    template.close()


@pytest.mark.parametrize(
    ("chapter", "style"),
    [
        pytest.param(chapter, style, id=style, marks=[pytest.mark.slow] * (number >= 1))
        for chapter, styles in STYLES.items()
        for number, style in enumerate(styles)
    ],
)
def test_a_right_answer_gets_full_marks(failed, chapter, style):
    assert failed(chapter, STYLES[chapter][style]) == {}


@pytest.mark.slow  # as the example class shows, too
def test_loops_lose_exactly_what_is_given_for_no_loops(failed):
    assert failed("3-layer", right.LOOPS).keys() == {f"{t}_vectorised" for t in right.LOOPS}


TAMPER = "from poolkit.kit import operations\noperations.counted = lambda f, *a: (100, f(*a))\n\n"
LOOPS_ON_THE_WAY_BACK = """
ahead, after = maxpool_forward, maxpool_backward


def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    y, cache = ahead(x, kernel_size, stride, padding, dilation)
    (kH, kW), (sH, sW) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    simple = pair(padding) == (0, 0) and pair(dilation) == (1, 1)
    return y, (simple, x.copy(), cache, (kH, kW), (sH, sW))


def maxpool_backward(dy, cache):
    simple, x, known, (kH, kW), (sH, sW) = cache
    if not simple:
        return after(dy, known)
    dx = np.zeros(x.shape, x.dtype)
    for n, c, k, l in np.ndindex(dy.shape):
        here = x[n, c, k * sH : k * sH + kH, l * sW : l * sW + kW]
        u, v = divmod(here.argmax(), kW)
        dx[n, c, k * sH + u, l * sW + v] += dy[n, c, k, l]
    return dx
"""


def test_a_count_that_was_tampered_with_gains_nothing_for_a_loop(failed):
    """What the student's process really spent gives it away."""
    answers = {**right.LOOPS, "pool_tiles": TAMPER + right.LOOPS["pool_tiles"]}
    lost = failed("3-layer", answers)
    for task in ("pool_tiles", "maxpool_forward"):
        assert "processor time" in lost[f"{task}_vectorised"]


def test_a_count_that_was_tampered_with_gains_nothing_for_a_loop_on_the_way_back(failed):
    given = notebooks.answers("3-layer")["maxpool_backward"]
    lost = failed("3-layer", {"maxpool_backward": TAMPER + given + LOOPS_ON_THE_WAY_BACK})
    assert lost.keys() == {"maxpool_backward_vectorised"}
    assert "maxpool_backward takes" in lost["maxpool_backward_vectorised"]


UNFIT = {
    "a generator": "(pixel for pixel in [(0, 0)])",
    "a MaskedArray": "np.ma.array([(2, 4)] * 4, mask=True)",
    "a ndarray": "np.array([(2, 4)] * 4, object)",
    "a function": "lambda: 1",
}


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_data_is_told_in_the_words_of_the_check(failed, kind):
    source = f"def window(k, l, kernel_size, stride):\n    return {UNFIT[kind]}\n"
    lost = failed("1-windows", {"window": source})
    assert lost.keys() == {name for name in checks.__all__ if name.startswith("window_")}
    for said in map(" ".join, map(str.split, lost.values())):
        assert said.startswith("window · ")
        # an array of Python objects is data, and comes as what it is
        words = (
            "array of Python objects" if kind == "a ndarray" else f"{kind}, expected an int array"
        )
        assert f" {words}" in said
        assert "Handle" not in said
        assert "Proxy" not in said


# ---- tricks that were tried on the checks ---------------------------------------------------


def beginning(source, *lines):
    """A cell whose first function begins with these lines."""
    definition, body = source.split(":\n", 1)
    return f"import sys\n\n{definition}:\n" + "".join(f"    {line}\n" for line in lines) + body


def ending(source, *lines):
    """A cell with these lines after it."""
    return "\n".join([source, *lines, ""])


def vectorised(tasks):
    return {f"{task}_vectorised" for task in tasks}


LYING_COUNT = (
    "from poolkit.kit import operations",
    "operations.counted = lambda f, *a: (100, f(*a))",
)
WRONG = {
    "pool_tiles": "return x[:, :, : x.shape[2] // 2, : x.shape[3] // 2]",
    "maxpool_forward": "return x, None",
    "maxpool_backward": "return dy",
}


def test_loops_that_are_left_out_while_it_is_looked_at_gain_nothing(failed):
    when = dict.fromkeys(right.LOOPS, "sys.gettrace() is not None or x.size > 20000")
    when["maxpool_backward"] = "cache is None or sys.gettrace() is not None"
    answers = {
        task: beginning(source, f"if {when[task]}: {WRONG[task]}")
        for task, source in right.LOOPS.items()
    }
    assert failed("3-layer", answers).keys() == vectorised(right.LOOPS)


@pytest.mark.few(1)
@pytest.mark.parametrize("task", right.LOOPS)
def test_the_answer_of_a_call_that_is_counted_is_compared(failed, task):
    source = notebooks.answers("3-layer")[task]
    answers = {task: beginning(source, f"if sys.gettrace() is not None: {WRONG[task]}")}
    lost = failed("3-layer", answers)
    assert lost.keys() == vectorised([task])
    assert "the counted answer" in lost[f"{task}_vectorised"]


@pytest.mark.few(1)
@pytest.mark.parametrize("other", ["raise ValueError('no')", "return x[:, :, 0]"])
def test_whether_rows_and_columns_are_looped_over_is_seen_on_square_images(failed, other):
    """For other shapes a wrong answer is judged elsewhere, and no way out of being counted."""
    source = """
def pool_tiles(x, kernel_size):
    if sys.gettrace() is not None and x.shape[2] != x.shape[3]: OTHER
    kH, kW = pair(kernel_size)
    y = np.zeros((*x.shape[:2], x.shape[2] // kH, x.shape[3] // kW), x.dtype)
    for k, l in np.ndindex(y.shape[2:]):
        y[:, :, k, l] = x[:, :, k * kH : (k + 1) * kH, l * kW : (l + 1) * kW].max(axis=(2, 3))
    return y
""".replace("OTHER", other)
    lost = failed("3-layer", {"pool_tiles": "import sys\n" + source})
    assert lost.keys() == vectorised(["pool_tiles"])
    assert "grows with H and W" in lost["pool_tiles_vectorised"]


@pytest.mark.slow  # of one that is counted, a quick test looks
@pytest.mark.parametrize("task", right.LOOPS)
def test_the_answer_of_a_call_that_is_timed_is_compared(failed, task):
    what = "dy" if task == "maxpool_backward" else "x"
    source = beginning(right.LOOPS[task], f"if {what}.size > 10_000: {WRONG[task]}")
    lost = failed("3-layer", {**right.LOOPS, task: ending(source, *LYING_COUNT)})
    assert "the answer for 600 images" in lost[f"{task}_vectorised"]


def test_the_forward_pass_is_compared_where_the_backward_pass_is_timed(failed):
    source = notebooks.answers("3-layer")["maxpool_forward"]
    answers = {"maxpool_forward": beginning(source, "if x.size > 20000: return x[:2], None")}
    lost = failed("3-layer", answers)
    assert lost.keys() == vectorised(["maxpool_forward", "maxpool_backward"])


@pytest.mark.few(1)
@pytest.mark.parametrize("task", ["pool_tiles", "maxpool_forward"])
def test_what_is_remembered_is_not_quick(failed, task):
    remember = f"""
def remembering(function):
    kept = {{}}

    def remembered(x, *args, **named):
        asked = x.tobytes(), x.shape, x.dtype, args, tuple(named.items())
        if asked not in kept:
            kept[asked] = function(x, *args, **named)
        return kept[asked]

    return remembered

{task} = remembering({task})
"""
    lost = failed("3-layer", {task: ending(right.LOOPS[task], remember, *LYING_COUNT)})
    assert "processor time" in lost[f"{task}_vectorised"]


def test_a_view_of_something_else_is_worth_nothing(failed):
    source = "def windows(x, kernel_size, stride, padding, dilation):\n    return x\n"
    lost = failed("3-layer", {"windows": source}).keys()
    assert {name for name in checks.__all__ if name.startswith("windows_")} <= lost


NOTHING_WRITTEN = "import poolkit.kit.cases", "poolkit.kit.cases.as_before = lambda *args: True"
IN_PLACE = {
    "relu_backward": """
def relu_backward(dy, cache):
    dy[cache <= 0] = 0
    return dy
""",
    "sgd_step": """
def sgd_step(parameters, gradients, rate):
    for name in parameters:
        parameters[name] -= rate * gradients[name]
    return dict(parameters)
""",
    "conv_backward": """
def conv_backward(dy, cache):
    x, w = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), dy.sum(axis=(0, 2, 3))
    for u, v in np.ndindex(w.shape[2:]):
        here = np.s_[:, :, u : u + dy.shape[2], v : v + dy.shape[3]]
        dx[here] += np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
        dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, x[here])
    dy *= 2
    return dx, dw, db
""",
    "cross_entropy": """
def cross_entropy(scores, labels):
    scores -= scores.max(axis=1, keepdims=True)
    rows, total = np.arange(len(labels)), np.exp(scores).sum(axis=1, keepdims=True)
    p = np.exp(scores) / total
    loss = np.mean(np.log(total[:, 0]) - scores[rows, labels])
    p[rows, labels] -= 1
    return loss, p / len(labels)
""",
}


def test_that_nothing_was_written_is_not_believed(failed):
    answers = {task: ending(source, *NOTHING_WRITTEN) for task, source in IN_PLACE.items()}
    assert failed("4-network", answers).keys() == {
        "relu_backward_values",
        "sgd_step_values",
        "conv_backward_input",
        "cross_entropy_gradient",
    }


KEPT_BY_ALL = """
LAST = [None]

def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
    stride = kernel_size if stride is None else stride
    w = windows(x, kernel_size, stride, padding, dilation)
    N, C, OH, OW, kH, kW = w.shape
    (sH, sW), (pH, pW), (dH, dW) = pair(stride), pair(padding), pair(dilation)
    u, v = np.divmod(w.reshape(N, C, OH, OW, kH * kW).argmax(axis=-1), kW)
    i = np.arange(OH)[:, None] * sH + u * dH - pH
    j = np.arange(OW) * sW + v * dW - pW
    n, c = np.arange(N).reshape(N, 1, 1, 1), np.arange(C).reshape(C, 1, 1)
    LAST[0] = (n, c, i, j), x.shape, x.dtype
    return x[n, c, i, j], None
"""
OF_ALL = """
def maxpool_backward(dy, cache):
    winners, shape, dtype = LAST[0]
    dx = np.zeros(shape, dtype)
    np.add.at(dx, winners, dy)
    return dx
"""
# answers in the place of any function of the toolkit that makes several passes at once
ONE_BY_ONE = """
import poolkit.check.layer as theirs

def one_by_one(forward, backward, cases):
    return tuple(backward(dy, forward(x, **dict(named))[1]) for (x, dy), named in cases)

theirs.apart = theirs.dxs = one_by_one
"""


def test_that_all_forward_passes_came_first_is_not_believed(failed):
    layer = {"maxpool_forward": KEPT_BY_ALL, "maxpool_backward": OF_ALL + ONE_BY_ONE}
    assert failed("3-layer", layer).keys() == {"maxpool_backward_calls"}
    windows = notebooks.answers("3-layer")["windows"]
    pasted = "def pooling():\n    return maxpool_forward, maxpool_backward\n"
    pooling = "\n".join([windows, KEPT_BY_ALL, OF_ALL, ONE_BY_ONE, pasted])
    assert failed("4-network", {"pooling": pooling}).keys() == {"pooling_layer"}


def test_another_f_than_the_one_that_was_passed_gains_nothing(failed):
    """One array for all steps is wrong if f returns a view of it, whatever is said there of f."""
    source = """
import poolkit.check.jacobian as theirs

def numerical_jacobian(f, x, h=1e-6):
    x, columns = np.array(x, float), []
    for place in np.ndindex(x.shape):
        z = x.copy()
        z[place] += h
        above = f(z)
        z[place] -= 2 * h
        columns.append((np.ravel(above) - np.ravel(f(z))) / (2 * h))
    return np.stack(columns, axis=1)

Formula = theirs.Formula
theirs.Formula = lambda text, **given: Formula(f"np.array({text})", **given)
"""
    lost = failed("2-jacobian", {"numerical_jacobian": source}).keys()
    assert lost == {"numerical_jacobian_inputs"}


# ---- failing on purpose where a failure is forgiven -----------------------------------------

SQUARE = "padding = pair(padding)[0]"  # takes pW for pH
WIDE = "if padding: x = x.astype(float)"
WEAK = "if pair(padding) != (0, 0) and pair(dilation) != (1, 1): x = x * 0"


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("mistake", "sabotage", "honest"),
    [
        # each of these is forgiven in one check, and asked for by another
        (SQUARE, "np.ndim(padding) == 0 and padding == 1", 2),
        (SQUARE, "x.size and x.max() < -900 and np.ndim(padding) == 0 and padding == 1", 2),
        (SQUARE, "x.shape[2:] == (4, 4) and np.ndim(padding) == 0 and padding == 1", 2),
        (WEAK, "x.shape[2:] == (8, 8) and (kernel_size, dilation) == (2, 3)", 2),
        (WEAK, "x.size and x.max() < -900 and (kernel_size, dilation) == (2, 3)", 2),
        (WIDE, "padding and x.dtype == np.float32", 2),
    ],
)
def test_a_failure_on_purpose_gains_nothing(failed, mistake, sabotage, honest):
    source = notebooks.answers("3-layer")["maxpool_forward"]
    points = notebooks.points("3-layer")

    def lost(*lines):
        checks = failed("3-layer", {"maxpool_forward": beginning(source, *lines)})
        return sum(points[name] for name in checks)

    assert lost(mistake) == honest
    assert lost(f"if {sabotage}: raise ValueError('no')", mistake) >= honest


def test_no_number_is_not_forgiven(failed):
    source = notebooks.answers("1-windows")["output_size"]
    mistake = "if padding and dilation != 1 and stride == 1: return 0"
    answers = {"output_size": beginning(source, mistake)}
    assert failed("1-windows", answers).keys() == {"output_size_dilation"}
    sabotage = "if padding and (size, stride) == (12, 1): return float('nan')"
    answers = {"output_size": beginning(source, sabotage, mistake)}
    assert failed("1-windows", answers).keys() == {"output_size_padding"}
