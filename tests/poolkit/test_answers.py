"""A check that fails draws: the answer, the expected one, the windows in question, the sentence."""

import contextlib
import inspect
import io

import numpy as np
import pytest

from oracle import hidden
from oracle.misconceptions import known
from poolkit import check
from poolkit.check import jacobian, layer, windows
from poolkit.kit import visible
from poolkit.kit.pictures import plain
from poolkit.kit.voice import Failed
from tests import notebooks
from tests.poolkit import pictures

CHAPTER = {task: chapter for chapter in notebooks.CHAPTERS for task in notebooks.answers(chapter)}
LAYER = [m for m in known() if CHAPTER[next(iter(m.functions))] != "4-network"]
CHECKS = [n for module in (windows, jacobian, layer) for n in module.__all__]


def failures(misconception):
    """Yield (check, its failure) for the visible checks that a misconception fails.

    If it fails none, its mistake shows on hidden examples only: then of one of those.
    """
    chapter = CHAPTER[next(iter(misconception.functions))]
    namespace = notebooks.names(chapter, misconception.sources)
    names, seen = sorted(misconception.loses), False
    for name, module in [(n, check) for n in names] + [(n, hidden) for n in names]:
        if seen and module is hidden:
            return
        body = getattr(module, name).body
        try:
            body(*(namespace[p] for p in inspect.signature(body).parameters))
        except Failed as failure:
            yield name, failure
            seen = True


def picture(failure):
    return failure.draw() if failure.draw else plain(failure.got, failure.expected)


@pytest.mark.few(20, spread=True)
@pytest.mark.parametrize("misconception", LAYER, ids=lambda m: m.name)
def test_a_misconception_has_a_picture_and_a_sentence(misconception):
    drawn = {name: picture(failure) for name, failure in failures(misconception)}
    assert drawn
    for name, (sheet, sentence) in drawn.items():
        assert pictures.alternative_texts(sheet.image(sentence)) == [sentence]
        assert len(sentence) > 40, name
        assert pictures.faint(sheet) == [], name
        assert 100 < sheet.width < 900, name  # it fits a page
        assert sheet.height < 850, name
    hint = misconception.hint
    assert 30 < len(hint) < 200
    assert hint.endswith(".")


def fail(name, *functions):
    """Run a visible check that fails; return (what it displays, its message)."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visible, "present", lambda sheet, sentence: shown.append((sheet, sentence)))
        with pytest.raises(Failed) as error:
            getattr(check, name)(*functions)
    return shown, str(error.value)


def texts(sheet):
    return "".join(part for part in [*sheet.parts, *sheet.above] if part.startswith("<text"))


def test_the_picture_shows_both_arrays_the_windows_and_what_differs():
    def maxpool_forward(x, kernel_size, stride=None, padding=0, dilation=1):
        return np.full((1, 1, 2, 2), 16.0), None

    ((sheet, sentence),), message = fail("maxpool_forward_remainder", maxpool_forward)
    drawn = texts(sheet)
    for title in ("x", "your y", "expected y"):
        assert f">{title}</text>" in drawn
    assert drawn.count(">×</text>") == 3  # the third output is 16
    assert "3 of 4 cells differ" in sentence
    assert "the window of output (0, 0), (0, 1) and (1, 1)" in sentence
    assert "Likely cause" in message
    assert sentence.startswith("maxpool_forward · remainder. ")


def test_the_known_mistake_is_named_beside_its_picture():
    (late,) = [m for m in LAYER if m.name == "adds-once-for-each-index"]
    namespace = notebooks.names("3-layer", late.sources)
    both = namespace["maxpool_forward"], namespace["maxpool_backward"]
    ((sheet, _),), message = fail("maxpool_backward_overlap", *both)
    assert late.hint in " ".join(message.split())
    assert ">your dx</text>" in texts(sheet)
    assert ">dy</text>" in texts(sheet)


def test_padding_is_drawn_and_a_window_is_where_it_is():
    def windows(x, kernel_size, stride, padding, dilation):
        return np.zeros((1, 1, 2, 2, 2, 2))

    ((sheet, _),), _ = fail("windows_padding", windows)
    assert texts(sheet).count(">−∞</text>") == 12 + 3  # the border, and the expected window


def test_a_picture_is_drawn_while_nbgrader_grades(monkeypatch, capsys):
    """It costs a millisecond and is the best part of the feedback."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(Failed):
        check.pool_loops_values(lambda x, kernel_size, stride: np.zeros((2, 2)))
    assert "[figure: pool_loops · values. Your y beside the expected one" in capsys.readouterr().out


ODD = [
    None,
    "four",
    3,
    3.5,
    np.nan,
    np.inf,
    True,
    [],
    [1, 2],
    [[1, 2], [3]],
    {"y": 1},
    len,
    np.float32(2),
    np.array(7),
    np.empty(0),
    np.zeros(3),
    np.zeros((2, 0)),
    np.zeros((3, 100)),
    np.full((2, 2), np.nan),
    np.full((1, 1, 2, 2), -np.inf),
    np.zeros((1, 1, 1, 1, 2, 2)),
    np.zeros((2, 3, 4), bool),
    np.array([1, 2j]),
    np.array(["a", "b"]),
    np.array([None, 1], dtype=object),
    np.full((2, 2), 10**18),
    (np.zeros((1, 1, 2, 2)), None),
    (np.zeros((1, 1, 2, 2), bool), None),
    (None, None),
    (1, 2, 3),
]


@pytest.mark.few(10, spread=True)
@pytest.mark.parametrize("name", CHECKS)
def test_no_answer_is_too_odd_to_be_drawn(name):
    """Whatever comes back, a check fails as a check, with a picture, or is content."""
    parameters = inspect.signature(getattr(check, name).body).parameters
    good = notebooks.names(CHAPTER[name_of(name)])
    for odd in ODD:

        def answer(*args, odd=odd, **kwargs):
            return odd

        for wrong in parameters:
            functions = [answer if p == wrong else good[p] for p in parameters]
            with contextlib.redirect_stdout(io.StringIO()) as out:
                try:
                    getattr(check, name)(*functions)
                except Failed:
                    assert "[figure: " in out.getvalue()


def name_of(name):
    return max((task for task in CHAPTER if name.startswith(f"{task}_")), key=len)


def test_a_picture_quotes_no_markup():
    """What a student's code returns is text in the picture, whatever it looks like."""
    ((sheet, sentence),), _ = fail("output_size_values", lambda *a: "<script>alert(1)</script>")
    assert "<script" not in sheet.inline(sentence)
    assert "<script" not in sheet.image(sentence)
