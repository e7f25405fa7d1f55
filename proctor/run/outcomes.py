"""Outcome: what a test came to, stated from its execution; outputs are made from it.

nbgrader reads a mark off a cell's outputs, and takes "no error among them" for full marks. So the
outcome comes first, and of all outputs that nbgrader's rules look at (`utils.determine_grade`:
errors, text on stderr, values) a test's cell has the one that says it.
"""

import numbers
import sys
from dataclasses import dataclass, fields, replace

from proctor.run.outputs import MESSAGE, NAME, error, short, stream

PASSED, FAILED, PARTIAL, NOT_REACHED = "passed", "failed", "partial", "not reached"
_NO_POINTS = (
    "the test's last line gave an array or a complex number, which says no number of points: "
    "let it give one number, or nothing"
)


@dataclass(frozen=True)
class Outcome:
    """What a test came to.

    kind     PASSED, FAILED, PARTIAL or NOT_REACHED
    name     of the error that failed it, or of what kept it from being run to its end
    message  what that says
    credit   the number of points, if it is partial credit
    ours     whether the grader says so, and not the code that ran: whoever grades is told
    """

    kind: str
    name: str = ""
    message: str = ""
    credit: float = 0.0
    ours: bool = False

    def __post_init__(self):
        object.__setattr__(self, "name", short(self.name, NAME))
        object.__setattr__(self, "message", short(self.message, MESSAGE))

    def within(self, points):
        """The same, its credit a finite number within 0 and ``points``."""
        credit = self.credit if self.credit == self.credit else 0.0
        return replace(self, credit=min(max(credit, 0.0), points) + 0.0)  # no -0.0

    def told(self):
        """It as plain data."""
        return dict(vars(self))


def stated(raised, value=None, text=None):
    """The outcome of a cell that was run to its end.

    raised  (name, message) of what was raised and not caught, or None
    value   of its last line, if that was shown; ``text``: how it was shown
    """
    if raised is not None:
        return Outcome(FAILED, *raised)
    try:
        credit = _credit(value, text)
    except ValueError as why:
        return Outcome(FAILED, "NoPoints", str(why), ours=True)
    return Outcome(PASSED) if credit is None else Outcome(PARTIAL, credit=credit)


def _credit(value, text):
    """The number of points that a value says, None if it says none.

    ValueError: an array or a number of another kind, which a student's answer can make of a sum;
    nbgrader would give it all points.
    """
    if value is None and text is None:
        return None  # as of most tests
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if isinstance(value, numpy.ndarray) and value.size != 1:
            raise ValueError(_NO_POINTS)
        if value.dtype.kind in "iuf":
            return _float(value.reshape(-1)[0])
        if isinstance(value, numpy.ndarray) or value.dtype.kind not in "bSU":
            raise ValueError(_NO_POINTS)
        return None  # a truth value, a text
    if isinstance(value, bool) or not isinstance(value, numbers.Number):
        return _read(text)
    return _float(value)


def _float(value):
    if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
        raise ValueError(_NO_POINTS)
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else 0.0
    except (TypeError, ValueError):
        raise ValueError(_NO_POINTS) from None


def _read(text):
    """The number that a text is to nbgrader, or None: of a class of the test's own, say."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def outputs_of(outcome, shown=()):
    """Outputs from which nbgrader's rules make this outcome's mark, and no other.

    shown  what the cell printed and displayed: decoration. What a warning wrote on stderr becomes
           stdout, for a warning is no mistake; of errors the last one's traceback is kept.
    """
    kept = [_harmless(o) for o in shown if o["output_type"] in ("stream", "display_data")]
    if outcome.kind == PASSED:
        return [*kept, *filter(_says_nothing, shown)]
    if outcome.kind == PARTIAL:
        return [*kept, _number(outcome.credit)]
    return [*kept, error(outcome.name, outcome.message, _traceback(outcome, shown))]


def stopped(outcome, shown):
    """Outputs of a cell that is no test, of which the grader says something.

    What it says stands in the place of the interrupt by which it stopped the cell.
    """
    kept = [o for o in shown if o.get("ename") != "KeyboardInterrupt"]
    return [*kept, error(outcome.name, outcome.message, _traceback(outcome, shown))]


def _traceback(outcome, shown):
    for output in reversed(shown):
        if output["output_type"] == "error" and output["ename"] == outcome.name:
            return output["traceback"]
        if output["output_type"] == "error":  # it was stopped from outside, there
            return [*output["traceback"][:-1], f"{outcome.name}: {outcome.message}"]
    return ()


def _harmless(output):
    return stream("stdout", output["text"]) if output["output_type"] == "stream" else output


def _says_nothing(output):
    """Whether a value is shown that nbgrader takes for no number of points."""
    if output["output_type"] != "execute_result":
        return False
    text = output["data"].get("text/plain")
    return isinstance(text, str) and text != "" and _read(text) is None


def _number(credit):
    return {
        "output_type": "execute_result",
        "data": {"text/plain": repr(float(credit))},
        "metadata": {},
        "execution_count": None,
    }


_FIELDS = {field.name for field in fields(Outcome)}
_KINDS = (PASSED, FAILED, PARTIAL, NOT_REACHED)


def read(told):
    """The outcome that a student's process told of a test that ran there; ValueError if none."""
    if type(told) is not dict or told.keys() != _FIELDS:
        raise ValueError("no outcome")
    texts = all(type(told[name]) is str for name in ("kind", "name", "message"))
    if not texts or told["kind"] not in _KINDS or type(told["credit"]) not in (int, float):
        raise ValueError("no outcome")
    return Outcome(**{**told, "credit": float(told["credit"]), "ours": False})


def name_and_message(raised):
    """What an exception is called and says, whatever its class does when it is asked."""
    name = type.__dict__["__name__"].__get__(type(raised))
    try:
        message = str.__str__(str(raised))
    except BaseException as another:  # it may be the student's class
        message = f"<its message raised {type.__dict__['__name__'].__get__(type(another))}>"
    return short(name, NAME), short(message, MESSAGE)
