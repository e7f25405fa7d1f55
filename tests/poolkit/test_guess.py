"""Predictions: nothing is told before a guess, the first one is kept, and a notebook has them."""

import ast

import numpy as np
import pytest

from poolkit import guess, layers
from poolkit.figures import laws
from poolkit.kit import guess as kit
from tests import notebooks

X = np.array([[7.0, 2, 4, 11], [3, 9, 0, 1], [5, 8, 15, 6], [12, 10, 13, 14]])


@pytest.fixture(autouse=True)
def nothing_guessed(monkeypatch):
    for name in ("_first", "_right"):
        monkeypatch.setattr(kit, name, {})


def test_before_a_guess_nothing_is_told():
    said = guess.place_one(total=None)
    assert said == "No guess yet for total[1]: put yours in place of None, then run the cell."
    assert "2" not in said


def test_a_guess_is_compared_and_the_first_one_kept():
    first = guess.moves(X, (1, 1), 2, 2, h=0.5, if_15_grows=1, if_6_grows=0, if_7_grows=0)
    assert first.splitlines() == [
        "✗ if 15 grows: you guessed 1, it is 0.5",
        "✓ if 6 grows: you guessed 0",
        "✓ if 7 grows: you guessed 0",
        "Right at the first guess so far: 2 of 3.",
    ]
    again = guess.moves(X, (1, 1), 2, 2, h=0.5, if_15_grows=0.5, if_6_grows=0, if_7_grows=0)
    assert again.splitlines()[0] == "✓ if 15 grows: you guessed 0.5"
    assert again.splitlines()[3:] == [
        "Your first guess was 1, 0, 0.",
        "Right at the first guess so far: 2 of 3.",
    ]
    assert guess.place_one(total=2).splitlines()[-1] == "Right at the first guess so far: 3 of 4."


@pytest.mark.parametrize("odd", ["two", [1], np.zeros(3), 1e999, object()])
def test_an_odd_guess_is_a_wrong_one(odd):
    assert guess.place_one(total=odd).startswith("✗ total[1]")


def test_the_answers_of_the_lessons_are_true():
    """Words as they are asked for, and what the pictures beside them show."""
    names = {"first": "C", "second": "b ", "third": "a"}
    assert guess.wrong_with(**names).count("✓") == 3
    assert guess.slope_between(at_the_tie=0.5).startswith("✓")
    fault_of = {name.replace(" ", "_"): name for name in layers.FAULTS}
    asked = ("overwrites", "splits_ties", "every_maximum_in_full", "last_of_equals")
    answers = {name: "yes" if laws._breaks(fault_of[name])[1] else "no" for name in asked}
    assert guess.conservation_catches(**answers).count("✓") == 4


@pytest.mark.parametrize(
    ("ask", "right"),
    [
        (guess.passed_on, {"numbers": 32}),
        (guess.first_row, {"row": 6}),
        (guess.noticed, {"outputs": 0}),
        (guess.padded_corner, {"y00": 0}),
        (guess.address, {"number": 27}),
        (guess.max_or_mean, {"shift": "max", "noise": "mean"}),
        (guess.who_gets_it, {"a_random_pixel": 97, "nobody": 90}),
    ],
)
def test_the_short_guesses_know_what_is_true(ask, right):
    assert "✗" not in ask(**right)


def test_the_table_of_who_gets_the_gradient_says_what_the_guess_knows():
    (table,) = (c.source for c in notebooks.read("4-network").cells if c.id == "who_after")
    for who, (clean, *shifted) in guess.BACKWARD.items():
        rounded = " | ".join(f"{share:.0f}" for share in shifted)
        assert f"| {who} | {clean} | {rounded} |" in table


def test_no_law_catches_every_fault_and_the_right_one_breaks_none():
    broken = {name: laws._breaks(name).tolist() for name in layers.FAULTS}
    assert broken.pop("right") == [False] * 4
    assert all(found[3] for found in broken.values())
    unseen = {name for name, found in broken.items() if not any(found[:3])}
    assert unseen == {"splits ties", "last of equals"}


def test_the_notebooks_ask_for_guesses_in_cells_that_are_the_student_s():
    asked = set()
    for chapter in notebooks.CHAPTERS:
        for cell in notebooks.read(chapter).cells:
            if "guess" in cell.metadata.get("tags", ()):
                (call,) = (n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call))
                empty = [k for k in call.keywords if getattr(k.value, "value", 0) is None]
                assert empty, cell.id
                asked.add(call.func.attr)
    assert asked == {
        n
        for n in dir(guess)
        if getattr(getattr(guess, n), "__module__", "") == guess.__name__ and not n.startswith("_")
    }
