"""Every misconception is caught, loses what its mistake deserves, and hears its own sentence."""

import inspect
import json
import re
import traceback

import pytest

from oracle import hidden, reference
from oracle.kit import symptoms
from oracle.kit.run import afresh
from oracle.misconceptions import known, right
from tests import notebooks

CHAPTER = {task: chapter for chapter in notebooks.CHAPTERS for task in notebooks.answers(chapter)}


@pytest.fixture(scope="module", params=known(), ids=lambda m: m.name)
def misconception(request):
    return request.param


@pytest.fixture(scope="module")
def played(misconception):
    chapter = CHAPTER[next(iter(misconception.functions))]
    return notebooks.play(chapter, misconception.sources)


@pytest.mark.few(20, spread=True)
def test_it_loses_exactly_what_its_mistake_deserves(misconception, played):
    assert played.failed == misconception.loses


@pytest.mark.few(20, spread=True)
def test_it_hears_its_own_sentence(misconception, played):
    said = [" ".join(str(failure).split()) for failure in played.failures.values()]
    assert any(misconception.hint in message for message in said)


@pytest.mark.few(12, spread=True)
def test_the_hidden_half_alone_catches_it(misconception):
    """A student who special-cases the visible examples gains nothing."""
    chapter = CHAPTER[next(iter(misconception.functions))]
    namespace = notebooks.names(chapter, misconception.sources)
    for name in misconception.loses:
        check = getattr(hidden, name)
        functions = [namespace[task] for task in inspect.signature(check.body).parameters]
        with afresh(), pytest.raises(AssertionError):
            check(*functions)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "answer", right(), ids=lambda answer: f"{answer.task}-{answer.function.__name__}"
)
def test_the_answers_of_which_they_differ_are_right(answer):
    assert notebooks.play(CHAPTER[answer.task], answer.sources).failures == {}


WRONG = """
rounds-up (rounding) loses output_size_{remainder,values}
    You rounded up.
"""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ("~ // steps => / steps", "0 times in the right answer: // steps"),
        ("~ size => length", "times in the right answer: size"),
        ("- return size\n+ return 3", "0 times in the right answer: return size"),
        ("return 3", "a line begins with none of"),
    ],
)
def test_what_is_wrong_must_be_once_in_the_right_answer(changes, says):
    answer = next(answer for answer in right() if answer.task == "output_size")
    with pytest.raises(ValueError, match=re.escape(says)):
        answer.differs(WRONG + changes)
    with pytest.raises(ValueError, match="no misconception's first line"):
        answer.differs("rounds up\n~ // => /")


def test_a_mistake_in_one_line_has_lines_in_tracebacks_too():
    """As if the whole function had been written down."""
    one = next(m for m in known() if m.name == "rounds-up")
    function = one.functions["output_size"]
    assert inspect.getsource(function) == one.sources["output_size"]
    with pytest.raises(ZeroDivisionError) as caught:
        function(7, 2, 0)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.name, frame.line) == (
        "output_size",
        "return -(-(size + 2 * padding - span) // stride) + 1",
    )


def test_there_are_thirty_with_names_of_their_own():
    names = [m.name for m in known()]
    assert len(set(names)) == len(names) >= 30
    # the same mistake in another task may be told in the same words
    told = [(task, m.hint) for m in known() for task in m.functions]
    assert len(set(told)) == len(told)


def test_no_check_is_idle():
    failed = frozenset().union(*(m.loses for m in known()))
    assert set(hidden.__all__) == failed


def test_the_students_toolkit_knows_the_symptoms():
    path = notebooks.SOURCE / "poolkit" / "symptoms.json"
    assert json.loads(path.read_text(encoding="utf-8")) == symptoms.of_this_course(), (
        "symptoms.json is stale; run: make release"
    )


def test_where_overlap_is_wrong_loops_are_looked_for_in_windows_side_by_side():
    """Overlap has points of its own; whoever loses those keeps the ones for no loops."""

    def forward(x, kernel_size, stride=None, padding=0, dilation=1):
        if stride not in (None, kernel_size):
            raise IndexError("a window begins behind the last row")
        return reference.maxpool_forward(x, kernel_size, None, padding, dilation)

    hidden.maxpool_forward_vectorised(forward)
    hidden.maxpool_backward_vectorised(forward, reference.maxpool_backward)
