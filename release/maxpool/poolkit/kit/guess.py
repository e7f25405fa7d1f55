"""Guess: a prediction, made before a cell runs, kept, and compared with what is true.

Nothing of it is graded. The first guess counts: whoever looks first and then "guesses" is told so.
"""

from .figure import Caption
from .svg import spelled

_first = {}  # {name: the first complete guess}
_right = {}  # {name: how many of it were right}


def compare(name, guessed, true, close=1e-6):
    """Compare a guess with what is true; return the lines that say so.

    name     what is guessed, the same whenever the cell runs again
    guessed  {what: a number or a word, or None while nothing is guessed}
    true     {what: the number or the word}, or a function that gives it
    close    how far a number may be off
    """
    missing = [what for what, mine in guessed.items() if mine is None]
    if missing:
        return Caption(
            f"No guess yet for {_listed(missing)}: put yours in place of None, then run the cell."
        )
    true = true() if callable(true) else true
    verdicts = {what: _same(guessed[what], true[what], close) for what in true}
    again = name in _first and _first[name] != guessed
    _first.setdefault(name, dict(guessed))
    _right.setdefault(name, (sum(verdicts.values()), len(verdicts)))
    lines = [
        f"{'✓' if verdicts[what] else '✗'} {what}: you guessed {_said(guessed[what])}"
        + ("" if verdicts[what] else f", it is {_said(true[what])}")
        for what in true
    ]
    if again:
        first = ", ".join(_said(mine) for mine in _first[name].values())
        lines.append(f"Your first guess was {first}.")
    right, all_ = (sum(numbers) for numbers in zip(*_right.values(), strict=True))
    lines.append(f"Right at the first guess so far: {right} of {all_}.")
    return Lines("\n".join(lines))


class Lines(str):
    """Some lines, which Jupyter prints as they are."""

    def __repr__(self):
        return str(self)


def _same(mine, right, close):
    if isinstance(right, str):
        return str(mine).strip().lower() == right.lower()
    try:
        return abs(float(mine) - right) <= close
    except (TypeError, ValueError, OverflowError):
        return False


def _said(value):
    return spelled(value) if isinstance(value, (int, float)) else str(value)[:40]


def _listed(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
