"""How a check speaks: what is wrong, where, the likely cause, where to read.

blur · the border: y[0,3] is 0.7, expected 1.9 (3 of 32 values differ)
  This pixel has two neighbours: (0,2) and (1,3).
  Likely cause: a neighbour beyond the edge was counted.
  Read: "At the edge"
"""

import contextlib
import hashlib
import os
import textwrap
import traceback
import warnings
from pathlib import Path

import numpy as np

from . import remote
from .specification import SpecificationCalled

# Whatever a message quotes, a dtype, a key, a name, a value, is shortened here. These are the
# characters of a part; with what stands around them a message has below 2,000.
MOST_OF_WHAT, MOST_OF_WHERE, MOST_OF_CAUSE = 400, 600, 400
LINES = 8  # of a ``where``


def brief(text, most):
    """Shorten a text in its middle; what is no printed character is spelled out."""
    text = text if isinstance(text, str) else _said(text)
    text = "\n".join(_cut(text, most).split("\n", LINES)[:LINES])
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\u202f" else _escaped(c) for c in text)
    return _cut(text, most)


def _said(value):
    try:
        return str(value)
    except Exception:  # as of `spelled_out`
        return spelled_out(value)


def _cut(text, most):
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} … {text[-(most - most // 2 - 3) :]}"


def _escaped(character):
    return " " if character == "\t" else character.encode("unicode_escape").decode()


def spelled_out(value):
    """Return the repr of any value, or its type's name where it has none."""
    try:
        return repr(value)
    except Exception:  # a huge int, a list in itself a thousand times, a class that refuses
        return f"<{type(value).__name__}>"


class Failed(AssertionError):
    """A check that failed. Jupyter shows its message instead of a traceback.

    what      one clause: the place, yours and the expected value
    where     a further line on the place, or None
    cause     the likely cause, or None
    got       what the student's code returned there (None: nothing to compare)
    expected  what was expected there
    odd       whether it is an error, or an answer of another kind or shape: then values were not
              compared, and what the check says of wrong values may be false
    certain   whether ``cause`` was seen to be true here; nothing else is then said
    about     what the check is about, for an odd failure without a cause
    title     "task · property"; set by the check that failed
    read      heading of the section to read; set by the check that failed, unless it is set
    draw      function without arguments that draws the place (a sheet and a sentence), or None
    """

    def __init__(
        self,
        what,
        where=None,
        cause=None,
        got=None,
        expected=None,
        odd=False,
        certain=False,
        read=None,
    ):
        what = brief(what, MOST_OF_WHAT)
        super().__init__(what)
        self.what, self.where, self.cause = what, where, cause
        self.got, self.expected = got, expected
        self.odd, self.certain, self.read = odd, certain, read
        self.title = self.about = self.draw = None

    def __str__(self):
        lines = [f"{brief(self.title, 80)}: {self.what}" if self.title else self.what]
        lines += [f"  {line}" for line in brief(self.where or "", MOST_OF_WHERE).splitlines()]
        if self.cause:
            lines.append(f"  Likely cause: {brief(self.cause, MOST_OF_CAUSE)}")
        elif self.about:
            lines.append(f"  This example: {brief(self.about, MOST_OF_CAUSE)}")
        if self.read:
            lines.append(f'  Read: "{brief(self.read, 80)}"')
        # nbgrader's Validate cuts a line at 86 characters; what goes on is indented deeper
        fold = textwrap.TextWrapper(84, subsequent_indent="    ", break_on_hyphens=False).fill
        return "\n".join(map(fold, lines))

    def _render_traceback_(self):  # IPython asks for this before it formats a traceback
        return str(self).splitlines()

    def explain(self, title, read, cause, hint=None, about=None):
        """Say whose check failed, and why: what is certain, else ``hint``, else what is likely.

        cause  the check's likely cause of wrong values
        hint   the sentence of the known mistake that answers alike, or None
        about  what the example is, for a failure of which nobody knows the cause
        """
        self.title, self.read = title, self.read or read
        if self.certain:
            return
        self.cause = hint or self.cause or (None if self.odd else cause)
        self.about = about

    @property
    def error(self):
        """The type and text of what the student's function raised, if it did; else empty."""
        return self.got if isinstance(self.got, str) else ""

    def fingerprint(self):
        """A short digest of the place and what was returned; equal mistakes have equal digests."""
        return fingerprint((self.what, fingerprint(self.got)))


MOST_NUMBERS = 100_000  # of an array; the digest of a larger one is that of its bytes


def fingerprint(got):
    """A short digest of an answer: of an array its shape, dtype and values to 6 digits."""
    numbers = isinstance(got, (np.ndarray, np.generic)) and got.dtype.kind in "biuf"
    if numbers and got.size > MOST_NUMBERS:
        text = (
            f"{np.shape(got)} {got.dtype} {hashlib.sha256(np.ascontiguousarray(got)).hexdigest()}"
        )
    elif numbers and not np.ma.is_masked(got):
        values = np.array([float(f"{v:.6g}") + 0.0 for v in np.ravel(got).tolist()])
        text = f"{np.shape(got)} {got.dtype} {values.tolist()}"
    else:
        text = spelled_out(got)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]


@contextlib.contextmanager
def quiet():
    """Warnings are silenced within."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def call(function, *args, **kwargs):
    """Call a student's function quietly; an error in it becomes a ``Failed``, with their lines.

    Warnings are silenced: a warning is no mistake, and text on stderr would cost points.
    """
    with quiet():
        return attempt(function, *args, **kwargs)


def attempt(function, *args, **kwargs):
    """As ``call``, of a function that lives in another process: there it is to be quiet."""
    name = getattr(function, "__name__", "your function")
    try:
        return function(*args, **kwargs)
    except Failed:
        raise
    except Exception as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)[1:]
            if "site-packages" not in frame.filename
            and not frame.filename.replace(os.sep, "/").endswith(tuple(_OURS))
            and frame.line
        ]
        if type(error).__name__ == SpecificationCalled.__name__:
            raise Failed(
                f"{name} calls the specification",
                f"{error}: the loops of {_PACKAGE} are there to compare with, in your own cells.",
                "what is asked for here is a layer of your own; if you write its loops out, they "
                "count as loops, and everything else can be right",
                got=_described(error),
                odd=True,
                certain=True,
            ) from None
        if isinstance(error, NotImplementedError) and not error.args:  # as a stub raises it
            stub = frames[-1].name if frames else name  # it may be another one that is called
            raise Failed(
                f"{stub} is not written yet", cause="its cell still raises NotImplementedError"
            ) from None
        lines = [f"line {frame.lineno} of {frame.name}:  {frame.line}" for frame in frames]
        described = _described(error).splitlines()
        cause = why(error, (*args, *kwargs.values()))
        raise Failed(
            f"{name} raised {described[0] if described else type(error).__name__}",
            where="\n".join(lines[-3:]),
            cause=cause,
            got=_described(error),
            odd=True,
            certain=isinstance(cause, Seen),
        ) from None


def _described(error):
    """An error's type and text; of a text that cannot be had, the type alone."""
    try:
        return brief(f"{type(error).__name__}: {error}", 2000)
    except Exception:
        return brief(type(error).__name__, 200)


_PACKAGE, _KIT = __package__.split(".")[-2:]
# calls pass through these files, wherever they lie; no line of them is told
_OURS = [f"{_PACKAGE}/{_KIT}/{name}.py" for name in ("voice", "cases", "specification", "laws")]


def passes_calls(file):
    """Say of a module of the toolkit, by its ``__file__``, that its lines are not to be told."""
    _OURS.append("/".join(Path(file).parts[-3:]))


def lent(called, function):
    """A function of ours for a student's function to call: a wrong call is told in these words.

    called  how it is to be called, as "backward(dy, cache)"
    """
    name, _, parameters = called.rstrip(")").partition("(")
    parameters = parameters.split(", ")

    def asked(*given, **named):
        values = {**dict(zip(parameters, given, strict=False)), **named}
        if len(given) + len(named) != len(parameters) or values.keys() != set(parameters):
            what = [*("a value" for _ in given), *named]
            what = brief(", ".join(what) or "nothing", 80)
            raise TypeError(f"{name} is called as {called}; it was given {what}")
        try:
            return function(*(values[name] for name in parameters))
        except (Failed, RecursionError):
            raise
        except Exception:
            what = [f"{name} = {_kind(values[name])}" for name in parameters]
            raise ValueError(f"{called} cannot use what it was given: {', '.join(what)}") from None

    asked.__name__ = asked.__qualname__ = name
    return asked


def _kind(value):
    return short(value).replace("None (is a return missing?)", "None")


# ---- errors ---------------------------------------------------------------------------------

# what an error says for certain, whatever the task is: (part of its type and message, the cause)
ERRORS = (
    (
        "truth value of an array",
        "an array was asked for one truth value, as Python's max, all, any, `if` and `and` do, and "
        "Python's sum adds up rows: use .max(), .all(), .any(), .sum() or np.where",
    ),
    (
        "is out of bounds",
        "an index lies beyond its array: the message says which index, and how long that axis is",
    ),
    ("read-only", "an array that came in is written to, and it is read-only: work on a copy"),
    (
        "unexpected keyword argument",
        "the arguments of your function are not those of the task: leave its `def` line as it was",
    ),
    (
        "positional argument",
        "a function gets another number of arguments than its `def` line names",
    ),
    (
        "'float' object cannot be interpreted as an integer",
        "a size is a float: / makes floats, // between ints makes an int",
    ),
    (
        "arrays used as indices must be of integer",
        "an index is an array of floats; give it dtype=int",
    ),
    (
        "slice indices must be integers",
        "an end of a slice is no int: it is a float (/ makes them, // does not) or a pair",
    ),
)
_lessons_own = []


class Seen(str):
    """A cause that was seen in the student's code: other mistakes that raise as much are none."""


def causes(function):
    """Let a lesson explain errors: ``function(error, its type and text, the arguments given)``.

    It returns what the error says for certain, ``Seen`` if it was seen in the code, or None, and is
    asked before ``ERRORS``.
    """
    _lessons_own.append(function)
    return function


def why(error, given):
    """Return what an error in a call with the arguments ``given`` says for certain, or None."""
    said = _described(error)
    own = (explain(error, said, given) for explain in _lessons_own)
    general = (cause for part, cause in ERRORS if part in said)
    return next(filter(None, own), None) or next(general, None)


def number(value):
    """Format one number for a message: short, but exact enough to see a difference."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an int of {value.bit_length():,} bits"
    return brief(value, 60)


def differing(got, expected, rtol=1e-5, atol=1e-7):
    """Boolean array: where two arrays of one shape differ; NaN equals NaN."""
    unequal = np.not_equal(got, expected)
    if not unequal.any():  # as nearly always: isclose takes ten times as long
        return unequal
    return ~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def same(name, got, expected, where=None, cause=None, dtype=False, rtol=1e-5, atol=1e-7):
    """Raise ``Failed`` unless ``got`` equals ``expected``: kind, then shape, dtype, values.

    name      what the student calls it, as "dx" or "output_size(7, 2, 2)"
    expected  an array, or a number or bool
    where     function of the first differing index that returns a further line, or a string
    cause     likely cause, if this place knows better than the check
    dtype     also require the same dtype
    rtol      relative tolerance: float32 rounds at 6e-8, sums of a few terms stay below 1e-5
    """

    def fail(what, index=None, likely=None, odd=False):
        more = where(index) if callable(where) and index is not None else where
        more = more if isinstance(more, str) else None
        raise Failed(what, more, likely or cause, got, expected, odd=odd)

    if not isinstance(expected, np.ndarray):
        if isinstance(got, np.ndarray) and got.ndim == 0:
            got = got[()]
        if isinstance(expected, (bool, np.bool_)):
            if not isinstance(got, (bool, np.bool_)):
                each = isinstance(got, np.ndarray) and got.dtype == bool
                likely = "one bool is asked for: np.all joins an array of them" if each else None
                fail(f"{name} is {short(got)}, expected a bool", likely=likely, odd=True)
            expected, got = bool(expected), bool(got)  # NumPy's bool is no int, Python's is
        if not isinstance(got, (bool, int, float, np.number, np.bool_)):
            fail(f"{name} is {short(got)}, expected {number(expected)}", odd=True)
        if isinstance(expected, (int, np.integer)) and not isinstance(got, (int, np.integer)):
            fail(
                f"{name} is the {type(got).__name__} {number(got)}, expected the int {expected}",
                likely="/ and np.floor make floats; // between ints makes an int",
                odd=True,
            )
        # an int that has no place in 64 bits is no number to NumPy
        near = as_float(got) if isinstance(got, int) else got
        if _huge(got) or differing(near, expected, rtol, atol):
            fail(f"{name} is {number(got)}, expected {number(expected)}")
        return
    if not isinstance(got, np.ndarray) or np.ma.is_masked(got):
        what = f"{name} is {short(got)}, expected an array of shape {expected.shape}"
        fail(what, likely=no_array(got), odd=True)
    if got.shape != expected.shape:
        likely = None
        alike = got.dtype.kind in "biuf" and 0 < got.size == expected.size
        if alike and not differing(got.ravel(), expected.ravel()).any():
            likely = "the numbers are right, and in order; only the shape is another"
        fail(f"{name} has shape {got.shape}, expected {expected.shape}", None, likely, odd=True)
    if got.dtype.kind not in "biuf":
        what = f"{name} has dtype {got.dtype}, expected {expected.dtype}"
        fail(what, likely=no_array(got), odd=True)
    if dtype and got.dtype != expected.dtype:
        fail(f"{name} has dtype {got.dtype}, expected {expected.dtype}", odd=True)
    wrong = differing(got, expected, rtol, atol)
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = ",".join(map(str, index))
        count = int(wrong.sum())
        fail(
            f"{name}[{place}] is {number(got[index])}, expected {number(expected[index])}"
            + (f" ({count} of {wrong.size} values differ)" if count > 1 else ""),
            index,
        )


def as_float(number):
    """A number as a float; NaN for one that is none: complex, or a huge int."""
    try:
        return float(number)
    except (TypeError, OverflowError):
        return float("nan")


def shape_of(value):
    """The shape of an array, or of lists that could be one; None if they could not."""
    try:
        return np.shape(value)
    except (ValueError, RecursionError):
        return None


def _huge(value):
    """Whether it is an int that no float is near to."""
    return isinstance(value, int) and value.bit_length() > 1000


def no_array(value):
    """Return what to do with something that should be an array, or None."""
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return "several things are returned, as after `return a, b`; one array is asked for"
    if isinstance(value, (list, tuple)):
        return f"this is a {type(value).__name__}: make it an array with np.array(…)"
    if np.ma.is_masked(value) or remote.described(value) == "a MaskedArray":
        return "some of its values are masked: .filled(…) puts numbers in their place"
    objects = isinstance(value, np.ndarray) and value.dtype.hasobject
    if objects or remote.described(value) == "a ndarray":
        return "this is an array of Python objects; an array of numbers is asked for"
    return None


def short(value):
    """Describe an unexpected value in a few words."""
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, np.ndarray):
        kind = "a masked array" if np.ma.is_masked(value) else "an array"
        return f"{kind} of shape {value.shape}"
    if there := remote.described(value):
        return brief(there, 80)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"a {brief(type(value).__name__, 40)}: {number(value)}"
    text = spelled_out(value)
    text = text if len(text) <= 40 else text[:37] + "…"
    return f"a {brief(type(value).__name__, 40)}: {brief(text, 400)}"
