"""Warm-ups: right ones get a ✓, others a hint, and none of them ever raises."""

import inspect

import numpy as np
import pytest

from poolkit import tries

TENS, ONES = np.array([0, 10, 20]), np.array([1, 2, 3, 4])
IMAGES = np.arange(24).reshape(2, 3, 4)


def added(addresses, dy, size):
    dx = np.zeros(size)
    for address, number in zip(addresses, dy, strict=True):
        dx[address] += number
    return dx


def assigned(addresses, dy, size):
    dx = np.zeros(size)
    dx[addresses] += dy
    return dx


def unwritten(addresses, dy, size): ...


RIGHT = {
    "broadcasting": TENS[:, None] + ONES,
    "reshaping": np.arange(12).reshape(4, 3),
    "axes": IMAGES.max(axis=(1, 2)),
    "scatter": added,
}
WRONG = [
    ("broadcasting", TENS + ONES[:, None], "upright"),
    ("broadcasting", np.zeros((3, 4)), "not the sums"),
    ("broadcasting", TENS, "has shape (3,)"),
    ("reshaping", np.arange(12).reshape(3, 4), "four"),
    ("reshaping", np.arange(12).reshape(3, 4).T, "order"),
    ("axes", IMAGES.max(), "one number"),
    ("axes", IMAGES.max(axis=0), "disappears"),
    ("axes", IMAGES.min(axis=(1, 2)), "11 and 23"),
    ("scatter", assigned, "overwritten"),
    ("scatter", lambda addresses, dy, size: 7, "vector"),
    ("scatter", lambda addresses, dy: dy, "scatter"),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_gets_its_tick(name, capsys):
    getattr(tries, name)(RIGHT[name])
    assert capsys.readouterr().out.startswith("✓ ")


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_one_gets_a_hint(name, answer, said, capsys):
    getattr(tries, name)(answer)
    out = capsys.readouterr().out
    assert "✓" not in out
    if said != "scatter":
        assert said in out


PUBLIC = [
    n
    for n, f in vars(tries).items()
    if inspect.isfunction(f) and n[0] != "_" and f.__module__ == tries.__name__
]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_not_begun_or_is_odd_stops_no_notebook(name, capsys):
    for odd in (unwritten if name == "scatter" else ..., None, "a", [], {}, object(), np.zeros(0)):
        getattr(tries, name)(odd)
        assert "✓" not in capsys.readouterr().out


def test_every_try_of_the_notebooks_is_tried_here():
    assert {*RIGHT} == set(PUBLIC)
