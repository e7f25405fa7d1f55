"""Exceptions as plain data, and made again from it: of the same name, class and message."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import linecache
import re
import sys
import types
from functools import lru_cache

from proctor.rpc.codec import NAMES, TYPES, WallError

SIMPLE = (type(None), bool, int, float, str)
FRAMES = 20  # of a student's traceback

_ODD = re.compile(r"[^\w.<>\[\]() ]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def word(text, length=80):
    """A name that was told: letters, digits and few signs."""
    if type(text) is not str:
        raise WallError("a name that is no text")
    return _ODD.sub("?", text[:length]) or "?"


def prose(text, length=4000):
    """A text that was told, without control characters."""
    if type(text) is not str:
        raise WallError("a message that is no text")
    text = text if len(text) <= length else text[: length - 1] + "…"
    return _CONTROL.sub("\ufffd", text)


def describe(error, frames=(), number=0):
    """What is told of an exception: plain data."""
    known = [NAMES[kind] for kind in type(error).__mro__ if kind in NAMES]
    own = NAMES.get(type(error)) or type(error).__name__
    text = _text_of(error)
    args = error.args
    if isinstance(error, OSError) and error.filename is not None and type(error.errno) is int:
        args = error.errno, str(error.strerror), str(error.filename)
    if len(args) > 4 or not all(type(arg) in SIMPLE for arg in args):
        args = (text,)
    args = tuple(arg[:4000] if type(arg) is str else arg for arg in args)
    return str(own), known[0], args, text[:4000], tuple(frames), number


def _text_of(error):
    try:
        return str.__str__(str(error))
    except BaseException:  # it is the student's class
        return "(its message cannot be shown)"


def make_error(told):
    """The exception that was told of: of the same name, class and message."""
    name, base, args, text, frames, _ = told
    kind = _exception_class(name) or _named_class(word(name), _exception_class(base) or Exception)
    text = prose(text)
    args = [prose(arg) if type(arg) is str else arg for arg in args if type(arg) in SIMPLE]
    error = _construct(kind, args, text)
    error.student_traceback = [
        (word(label), _line_number(line), word(function), prose(source, 400))
        for label, line, function, source in frames[-FRAMES:]
    ]
    return error.with_traceback(_traceback(error.student_traceback))


def _line_number(line):
    return line if type(line) is int and 0 < line < 100_000 else 1


def _exception_class(name):
    kind = TYPES.get(name) if type(name) is str else None
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else None


@lru_cache(512)
def _named_class(name, base, telling=False):
    """A class of exceptions of this name; ``telling``: that says what it was told."""
    content = {"__module__": "__main__"}
    if telling:
        content["__init__"] = lambda self, *args: None
        content["__str__"] = lambda self: self.told
    return type(base)(name, (base,), content)


def _construct(kind, args, text):
    try:
        error = kind(*args)
        if str(error) == text:
            return error
    except Exception:  # some classes want other arguments
        pass
    for base in (kind, Exception):
        try:
            error = _named_class(kind.__name__, base, telling=True)(text)
        except Exception:
            continue
        error.told = text
        return error
    raise AssertionError("an Exception can be made of any text")


_here = lambda: sys._getframe()  # noqa: E731  all of its instructions are on one line


def _traceback(frames):
    """A traceback through the student's lines, made of frames that never ran."""
    link = None
    for label, line, function, source in reversed(frames):
        file = f"<{label}>"
        _show_line(file, line, source)
        code = _here.__code__.replace(
            co_filename=file, co_name=function, co_qualname=function, co_firstlineno=line
        )
        frame = types.FunctionType(code, {"sys": sys, "__name__": "__main__"})()
        # instruction 0: IPython searches for the one before, and for -1 it never comes to an end
        link = types.TracebackType(link, frame, 0, line)
    return link


def _show_line(file, line, source):
    """Let tracebacks find a student's line."""
    lines = list(linecache.cache.get(file, (0, None, [], file))[2])
    lines += ["\n"] * (line - len(lines))
    lines[line - 1] = source.splitlines()[0] + "\n" if source else "\n"
    linecache.cache[file] = len(lines), None, lines, file
