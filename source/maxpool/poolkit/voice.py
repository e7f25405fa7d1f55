"""How a check speaks: what is wrong, where, the likely cause, where to read.

backward · overlapping windows: dx[0,1,2,3] is 0.7, expected 1.9 (3 of 32 values differ)
  Two windows chose this pixel: outputs (1,1) and (1,2).
  Likely cause: a later gradient overwrote an earlier one.
  Read: "Sharing a pixel"
"""

import hashlib
import textwrap
import traceback
import warnings

import numpy as np


class Failed(AssertionError):
    """A check that failed. Jupyter shows its message instead of a traceback.

    what      one clause: the place, yours and the expected value
    where     a further line on the place, or None
    cause     the likely cause, or None
    got       what the student's code returned there (None: nothing to compare)
    expected  what was expected there
    title     "task · property"; set by the check that failed
    read      heading of the section to read; set by the check that failed
    draw      function without arguments that draws the place (a sheet and a sentence), or None
    """

    def __init__(self, what, where=None, cause=None, got=None, expected=None):
        super().__init__(what)
        self.what, self.where, self.cause = what, where, cause
        self.got, self.expected = got, expected
        self.title = self.read = self.draw = None

    def __str__(self):
        lines = [f"{self.title}: {self.what}" if self.title else self.what]
        lines += [f"  {line}" for line in (self.where or "").splitlines()]
        if self.cause:
            lines.append(f"  Likely cause: {self.cause}")
        if self.read:
            lines.append(f'  Read: "{self.read}"')
        # nbgrader's Validate cuts a line at 86 characters; what goes on is indented deeper
        fold = textwrap.TextWrapper(84, subsequent_indent="    ", break_on_hyphens=False).fill
        return "\n".join(map(fold, lines))

    def _render_traceback_(self):  # IPython asks for this before it formats a traceback
        return str(self).splitlines()

    def fingerprint(self):
        """A short digest of the place and what was returned; equal mistakes have equal digests."""
        return fingerprint((self.what, fingerprint(self.got)))


def fingerprint(got):
    """A short digest of an answer: of an array its shape, dtype and values to 6 digits."""
    if isinstance(got, (np.ndarray, np.generic)) and got.dtype.kind in "biuf":
        values = np.array([float(f"{v:.6g}") + 0.0 for v in np.ravel(got).tolist()])
        text = f"{np.shape(got)} {got.dtype} {values.tolist()}"
    else:
        text = repr(got)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def call(function, *args, **kwargs):
    """Call a student's function quietly; an error in it becomes a ``Failed``, with their lines.

    Warnings are silenced: a warning is no mistake, and text on stderr would cost points.
    """
    name = getattr(function, "__name__", "your function")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)
    except NotImplementedError:
        raise Failed(
            f"{name} is not written yet", cause="the cell still raises NotImplementedError"
        ) from None
    except Failed:
        raise
    except Exception as error:
        lines = [
            f"line {frame.lineno} of {frame.name}:  {frame.line}"
            for frame in traceback.extract_tb(error.__traceback__)[1:]
            if "site-packages" not in frame.filename and frame.line
        ]
        described = f"{type(error).__name__}: {error}".splitlines()
        raise Failed(
            f"{name} raised {described[0] if described else type(error).__name__}",
            where="\n".join(lines[-3:]),
            got=f"{type(error).__name__}: {error}",
        ) from None


def number(value):
    """Format one number for a message: short, but exact enough to see a difference."""
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else f"{value}"


def differing(got, expected, rtol=1e-5, atol=1e-7):
    """Boolean array: where two arrays of one shape differ; NaN equals NaN."""
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

    def fail(what, index=None, likely=None):
        more = where(index) if callable(where) and index is not None else where
        raise Failed(what, more if isinstance(more, str) else None, likely or cause, got, expected)

    if not isinstance(expected, np.ndarray):
        if isinstance(got, np.ndarray) and got.ndim == 0:
            got = got[()]
        if isinstance(expected, (bool, np.bool_)):
            if not isinstance(got, (bool, np.bool_)):
                fail(f"{name} is {short(got)}, expected a bool")
            expected, got = bool(expected), bool(got)  # NumPy's bool is no int, Python's is
        if not isinstance(got, (bool, int, float, np.number, np.bool_)):
            fail(f"{name} is {short(got)}, expected {number(expected)}")
        if isinstance(expected, (int, np.integer)) and not isinstance(got, (int, np.integer)):
            fail(f"{name} is the {type(got).__name__} {number(got)}, expected the int {expected}")
        if differing(got, expected, rtol, atol):
            fail(f"{name} is {number(got)}, expected {number(expected)}")
        return
    if not isinstance(got, np.ndarray):
        fail(f"{name} is {short(got)}, expected an array of shape {expected.shape}")
    if got.shape != expected.shape:
        fail(f"{name} has shape {got.shape}, expected {expected.shape}")
    if got.dtype.kind not in "biuf":
        fail(f"{name} has dtype {got.dtype}, expected {expected.dtype}")
    if dtype and got.dtype != expected.dtype:
        fail(f"{name} has dtype {got.dtype}, expected {expected.dtype}")
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


def short(value):
    """Describe an unexpected value in a few words."""
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    text = repr(value)
    return f"a {type(value).__name__}: {text if len(text) <= 40 else text[:37] + '…'}"
