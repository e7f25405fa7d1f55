"""Exceptions as plain data, and made again from it: of the same name, class and message."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import linecache
import re
import sys
import types
from functools import lru_cache

from proctor.rpc.classes import line_of
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
    """What is told of an exception: plain data.

    That is its name, the known class that it derives from, its arguments, text, the student's
    lines, a number, the classes before the known one, and its attributes that are simple.
    """
    known = [NAMES[kind] for kind in type(error).__mro__ if kind in NAMES]
    own = NAMES.get(type(error)) or type(error).__name__
    text = _text_of(error)
    args = error.args
    if isinstance(error, OSError) and error.filename is not None and type(error.errno) is int:
        args = error.errno, str(error.strerror), str(error.filename)
    if len(args) > 4 or not all(type(arg) in SIMPLE for arg in args):
        args = (text,)
    args = tuple(arg[:4000] if type(arg) is str else arg for arg in args)
    line = own_line(line_of(type(error)))
    about = str(own), known[0], args, text[:4000], tuple(frames), number
    return *about, tuple(line), _attributes_of(error)


def own_line(line):
    """Of what is told of a class of exceptions: those before the first that both ends know."""
    found = []
    for path in line:
        if known_class(path) is not None:
            break
        found.append(path)
    return found


def known_class(path):
    """The exception class of a path "module:name" that both ends have by name, or None."""
    module, _, name = path.partition(":")
    kind = TYPES.get(name if module == "builtins" else f"{module}.{name}")
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else None


def _attributes_of(error, most=20):
    try:
        found = [*BaseException.__dict__["__dict__"].__get__(error).items()]
    except BaseException:  # it is the student's class
        return ()
    simple = [(k, v) for k, v in found if type(k) is str and type(v) in SIMPLE]
    return tuple((k[:80], v[:4000] if type(v) is str else v) for k, v in simple[:most])


def _text_of(error):
    try:
        return str.__str__(str(error))
    except BaseException:  # it is the student's class
        return "(its message cannot be shown)"


def make_error(told, library=lambda path: None, most=Exception):
    """The exception that was told of: of the same name, class and message.

    library  function of a path "module:name"; returns the class of a library's that it is, or None
    most     what it is at most: a SystemExit is an Exception of that name where none is wanted
    """
    name, base, args, text, frames, _, line, attributes = told
    kind = _exception_class(name, most)
    if kind is None:
        first = library(line[0]) if line else None
        kind = first or error_class(
            tuple(path.partition(":")[2].rpartition(".")[2] for path in line) or (word(name),),
            _exception_class(base, most) or Exception,
        )
    text = prose(text)
    args = [prose(arg) if type(arg) is str else arg for arg in args if type(arg) in SIMPLE]
    error = _construct(kind, args, text)
    for key, value in attributes[:20]:
        if word(key).isidentifier() and not key.startswith("_") and type(value) in SIMPLE:
            vars(error)[key] = prose(value) if type(value) is str else value
    frames = [
        (word(label), _line_number(line), word(function), prose(source, 400))
        for label, line, function, source in frames[-FRAMES:]
    ]
    return error.with_traceback(_traceback(frames))


def _line_number(line):
    return line if type(line) is int and 0 < line < 100_000 else 1


def _exception_class(name, most=Exception):
    kind = TYPES.get(name) if type(name) is str else None
    return kind if isinstance(kind, type) and issubclass(kind, most) else None


class ErrorType(type):
    """The class of a student's classes of exceptions: real ones, so that they can be caught.

    ``__asks__``, if a test has such a class by its name: function of the class, an operation and
    values, which does that with the student's own. ``__place__`` is where the class comes from, a
    `proctor.rpc.places.Place`, or None.
    """

    __asks__ = __place__ = None

    def __call__(cls, *args, **kwargs):
        if cls.__asks__ is None:
            return type.__call__(cls, *args, **kwargs)
        return cls.__asks__(cls, "call", len(args), *args, *kwargs, *kwargs.values())

    def __getattr__(cls, name):
        if cls.__asks__ is None or name.startswith("_"):
            raise AttributeError(f"{name!r} of {cls.__name__} is not carried", name=name)
        return cls.__asks__(cls, "getattr", name)


@lru_cache(512)
def error_class(names, base):
    """A class of exceptions: of the first of these names, which derives from the next, and so on.

    The last derives from ``base``, which both ends know.
    """
    parent = error_class(names[1:], base) if len(names) > 1 else base
    return ErrorType(word(names[0]), (parent,), {"__module__": "__main__"})


@lru_cache(512)
def _telling_class(name, base):
    """A class that says what it was told."""
    told = {"__init__": lambda self, *args: None, "__str__": lambda self: self.__told__}
    return type(base)(name, (base,), {"__module__": "__main__", "__asks__": None, **told})


def _construct(kind, args, text):
    if kind.__module__ in ("builtins", "__main__") or kind in NAMES:  # a library's begins otherwise
        try:
            error = type.__call__(kind, *args)
            if str(error) == text:
                return error
        except Exception:  # some classes want other arguments
            pass
    for base in (kind, Exception):
        try:
            error = type.__call__(_telling_class(kind.__name__, base), text)
        except Exception:
            continue
        error.__told__ = text
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
