"""Calls across a wall: a test calls a student's functions, which live in another process.

``Wall`` is the trusted end, in the process that runs the test; ``Student`` the other, in the
student's kernel. Data crosses by value (see ``wire``); an array that was passed is seen changed,
memory that was shared stays shared, an object that comes back is the same object. Everything else
stays where it is: the test holds a ``Handle`` (a ``Proxy``, if it can be called), and its
attributes, items and calls are carried across. Comparisons and truth are not: a handle equals
nothing but itself. A function that a test passes in is called back across the wall.

Nothing that the student's end sends is executed here, and none of it decides more than what a
student's function returns or raises.
"""

from .wire.own import BUILTINS

__builtins__ = BUILTINS

import contextlib
import gc
import importlib
import inspect
import linecache
import os
import re
import sys
import threading
import time
import types
from collections import deque
from functools import lru_cache

from proctor.wire import (
    NAMES,
    TYPES,
    Channel,
    Codec,
    Limits,
    WallError,
    WallTimeout,
)

__all__ = [
    "Handle",
    "Limits",
    "NameMissing",
    "Proxy",
    "Steps",
    "Student",
    "Wall",
    "WallError",
    "WallTimeout",
]

_WHERE = "in the student's kernel"
_SIMPLE = (type(None), bool, int, float, str)
_FRAMES = 20  # of a student's traceback


class NameMissing(NameError):
    """The student's namespace has no such name."""


# ----------------------------------------------------------------------------------------------
# What stands for an object of the student's kernel


class Handle:
    """An object that stayed in the student's kernel.

    Attributes (but none that begin with ``__``), items, ``len``, iteration and, of a ``Proxy``,
    calls are carried across. It equals nothing but itself, is neither true nor false, and is no
    array and no number.
    """

    def __init__(self, wall, number, kind, name=None, doc=None):
        own = {"_Handle__wall": wall, "_Handle__number": number, "_Handle__kind": kind}
        if name is not None:
            own |= {"__name__": name, "__qualname__": name, "__doc__": doc}
        vars(self).update(own)

    def __repr__(self):
        name = vars(self).get("__name__")
        return f"{name}, {_a(self.__kind)} {_WHERE}" if name else f"{_a(self.__kind)} {_WHERE}"

    def __remote__(self, path):
        """A proxy of the function ``"module:name"``, imported in the student's kernel."""
        known = self.__wall.remotes
        if path not in known:
            known[path] = _carry(self, "remote", path)
        return known[path]

    def __spent__(self):
        """Seconds of processor time that the student's processes have used, seen from outside."""
        spent = self.__wall.spent
        if spent is None:
            raise TypeError("nobody measures what the student's processes use")
        return spent()

    def __getattr__(self, name):
        _refuse(self, name)
        return _carry(self, "getattr", name)

    def __setattr__(self, name, value):
        _refuse(self, name)
        _carry(self, "setattr", name, value)

    def __getitem__(self, key):
        return _carry(self, "getitem", key)

    def __setitem__(self, key, value):
        _carry(self, "setitem", key, value)

    def __len__(self):
        length = _carry(self, "len")
        if type(length) is not int or not 0 <= length <= sys.maxsize:
            raise TypeError(f"the length of {self!r} is no number")
        return length

    def __iter__(self):
        steps = _carry(self, "iter")
        if type(steps) is not Steps:
            raise TypeError(f"{self!r} gave no iterator")
        return steps

    def __bool__(self):
        raise TypeError(f"{self!r} is neither true nor false here; compare data it gives")

    def __array__(self, *args, **kwargs):
        raise TypeError(f"{self!r} is no array here; ask it for one")

    __array_ufunc__ = None  # NumPy leaves operators to this class, which has none

    def __reduce_ex__(self, protocol):
        raise TypeError(f"{self!r} cannot be copied or pickled")


class Proxy(Handle):
    """A function, class or other callable that stayed in the student's kernel."""

    def __call__(self, /, *args, **kwargs):
        return _carry(self, "call", len(args), *args, *kwargs, *kwargs.values())

    def __copies__(self, /, *args):
        """Call it with copies of plain data, for a copy of plain data.

        Where many arrays cross, this is much quicker: nothing in them is seen changed, or shared.
        """
        return _carry(self, "copies", *args)

    @property
    def __signature__(self):
        return _signature(_carry(self, "signature"))


class Steps(Handle):
    """An iterator that stayed in the student's kernel."""

    def __next__(self):
        taken = vars(self)["taken"] = vars(self).get("taken", 0) + 1
        if taken > self._Handle__wall.limits.items:
            raise RuntimeError(f"{self!r} goes on after {taken - 1:,} steps")
        step = _carry(self, "next")
        if step is _END:
            raise StopIteration
        return step

    def __iter__(self):
        return self


_END = object()
_FLAVOURS = {"object": Handle, "callable": Proxy, "iterator": Steps}


def _a(kind):
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _refuse(handle, name):
    """Raise ``AttributeError`` for names that are not carried: Python's own, and display hooks."""
    if name.startswith(("__", "_repr_", "_ipython_")):
        raise AttributeError(f"{name!r} of {handle!r} is not carried across the wall", name=name)


def _carry(handle, op, *values):
    """Do something with an object in the student's kernel; return or raise what came of it."""
    value, error = vars(handle)["_Handle__wall"]._exchange(op, handle, *values)
    if error is None:
        return value
    try:
        raise error
    finally:
        del error  # its traceback refers to this frame


def _without_source(*functions):
    """Tracebacks through these functions show no lines of them."""
    for function in functions:
        function.__code__ = function.__code__.replace(co_filename="<the wall>")


_without_source(
    _carry,
    *(f for c in (Handle, Proxy, Steps) for f in vars(c).values() if inspect.isfunction(f)),
)


def _signature(parameters):
    """The signature that a student's function has, from what was told of it."""
    made = []
    for name, kind, optional, default in parameters:
        default = default if optional else inspect.Parameter.empty
        made.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=default))
    return inspect.Signature(made)


_ODD = re.compile(r"[^\w.<>\[\]() ]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _word(text, length=80):
    """A name that was told: letters, digits and few signs."""
    if type(text) is not str:
        raise WallError("a name that is no text")
    return _ODD.sub("?", text[:length]) or "?"


def _prose(text, length=4000):
    """A text that was told, without control characters."""
    if type(text) is not str:
        raise WallError("a message that is no text")
    text = text if len(text) <= length else text[: length - 1] + "…"
    return _CONTROL.sub("\ufffd", text)


# ----------------------------------------------------------------------------------------------
# Exceptions


def _describe(error, frames=(), number=0):
    """What is told of an exception: plain data."""
    known = [NAMES[kind] for kind in type(error).__mro__ if kind in NAMES]
    own = NAMES.get(type(error)) or type(error).__name__
    text = _text_of(error)
    args = error.args
    if isinstance(error, OSError) and error.filename is not None and type(error.errno) is int:
        args = error.errno, str(error.strerror), str(error.filename)
    if len(args) > 4 or not all(type(arg) in _SIMPLE for arg in args):
        args = (text,)
    args = tuple(arg[:4000] if type(arg) is str else arg for arg in args)
    return str(own), known[0], args, text[:4000], tuple(frames), number


def _text_of(error):
    try:
        return str.__str__(str(error))
    except BaseException:  # it is the student's class
        return "(its message cannot be shown)"


def _make_error(told):
    """The exception that was told of: of the same name, class and message."""
    name, base, args, text, frames, _ = told
    kind = _exception_class(name) or _named_class(_word(name), _exception_class(base) or Exception)
    text = _prose(text)
    args = [_prose(arg) if type(arg) is str else arg for arg in args if type(arg) in _SIMPLE]
    error = _construct(kind, args, text)
    error.student_traceback = [
        (_word(label), _line_number(line), _word(function), _prose(source, 400))
        for label, line, function, source in frames[-_FRAMES:]
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


# ----------------------------------------------------------------------------------------------
# The trusted end


class Wall:
    """The test's end of the wall.

    sock      a connected stream socket, whose other end a ``Student`` serves
    timeout   seconds that one call may take, calls within it included
    limits    what may cross

    ``deadline`` (of ``time.monotonic``, or None) bounds all calls together. A breach of the rules,
    a missed deadline or the kernel's end raises ``WallError``; from then on ``broken`` says why
    and nothing more is asked or heard. ``asked`` is the handle of the call that is or was last
    under way; ``before``, where it is set, is called before each one, and ``spent`` gives the
    seconds of processor time that the other end's processes have used. ``remotes`` are the proxies
    of functions that were imported there, by path. ``news`` is set when an answer says that there
    is more to hear.
    """

    def __init__(self, sock, timeout=30.0, limits=Limits()):  # noqa: B008  (it is frozen)
        self.timeout, self.limits = timeout, limits
        self.deadline = self.broken = self.asked = self.before = self.spent = None
        self._channel = Channel(sock, limits)
        self._codec = Codec(True, limits, self._export, self._stand_in)
        self._lock = threading.RLock()
        self._raised, self._calls, self._carried = {}, 0, 0
        self.remotes, self.news = {}, False

    def begin(self, deadline=None):
        """Begin a test: the total of bytes starts at 0 again."""
        self.deadline, self._carried = deadline, self._channel.carried

    def fetch(self, name):
        """Return what the student's namespace has under a name: data, or a handle.

        Raises ``NameMissing``.
        """
        value, error = self._exchange("fetch", name)
        if error is not None:
            raise error
        return value

    def close(self):
        """Tell the student's end to stop serving, and close the socket."""
        with self._lock:
            if self.broken is None:
                self._channel.deadline = time.monotonic() + 1
                with contextlib.suppress(WallError):
                    self._channel.send(*self._codec.encode("done", ()))
                self._break("the wall is closed")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # -- one call

    def _exchange(self, op, *values):
        """Ask; return (value, None) or (None, the exception to raise)."""
        with self._lock, _Still() as still:
            if self.broken is not None:
                raise WallError(self.broken)
            lent = self._codec.lent
            if self.before is not None and not lent:
                self.before()
            if not lent:  # nothing is under way
                self._raised.clear()
                self.asked = values[0] if values else None
                end = time.monotonic() + self.timeout
                self._channel.deadline = end if self.deadline is None else min(end, self.deadline)
            lent.append(set())
            try:
                if op == "copies":
                    message = self._codec.encode_copies(op, values)
                else:
                    message = self._codec.encode(op, values, lend=True)
                return self._converse(message, still)
            finally:
                lent.pop()

    def _converse(self, message, still):
        try:
            self._channel.send(*message)
            while True:
                op, values = self._receive()
                if op != "call":
                    return self._outcome(op, values)
                self._answer(values, still)
        except BaseException as error:  # the student's end cannot be trusted to be in step again
            self._break(str(error) or type(error).__name__)
            raise

    def _receive(self):
        message = self._channel.receive()
        if self._channel.carried - self._carried > self.limits.total_bytes:
            raise WallError(f"more than {self.limits.total_bytes:,} bytes crossed in one test")
        return self._codec.decode(*message)

    def _outcome(self, op, values):
        if op.endswith("+"):
            self.news, op = True, op[:-1]
        if op == "ok" and len(values) == 1:
            return values[0], None
        if op == "end" and not values:
            return _END, None
        if op == "missing" and len(values) == 1:
            name = _word(values[0])
            return None, NameMissing(f"name {name!r} is not defined", name=name)
        if op == "error" and len(values) == 6:
            try:
                return None, self._raised.get(values[5]) or _make_error(values)
            except (TypeError, ValueError, AttributeError):
                pass
        raise WallError("the student's kernel answered something that is no answer")

    def _break(self, why):
        if self.broken is None:
            self.broken = why
        self._channel.close()

    # -- functions of the test that the student calls

    def _answer(self, values, still):
        function, args, kwargs = self._called(values)
        try:
            if self._calls >= self.limits.calls_deep:
                raise RecursionError(f"calls across the wall nest deeper than {self._calls}")
            self._calls += 1
            try:
                with still.loose():
                    result = function(*args, **kwargs)
            finally:
                self._calls -= 1
            message = self._codec.encode("ok", (result,), lend=True)
        except Exception as error:
            if self.broken is not None:
                raise
            message = self._failure(error)
        self._channel.send(*message)

    def _called(self, values):
        try:
            function, count, *rest = values
            args, rest = rest[:count], rest[count:]
            names, given = rest[: len(rest) // 2], rest[len(rest) // 2 :]
            number = self._codec.number_of(function) or 0
            if number > 0 and callable(function) and all(type(name) is str for name in names):
                return function, args, dict(zip(names, given, strict=True))
        except (TypeError, ValueError):
            pass
        raise WallError("the student's kernel called something that is no function of the test")

    def _failure(self, error):
        number = len(self._raised) + 1
        self._raised[number] = error
        _, base, _, text, *_ = _describe(error)
        return self._codec.encode("error", (base, base, (text,), text, (), number))

    # -- what is no data

    def _export(self, value):
        if isinstance(value, Handle):
            raise TypeError(f"{value!r} is gone: it belongs to another kernel")
        if callable(value):
            return []
        raise TypeError(
            f"{_a(type(value).__name__)} cannot be passed to a student's function: "
            "pass numbers, text, arrays, containers of these, or functions"
        )

    def _stand_in(self, number, info):
        if type(info) is not list or len(info) not in (2, 4) or info[0] not in _FLAVOURS:
            raise WallError("an object was told of that is none")
        flavour, kind, *more = info
        more = [_word(more[0]), _prose(more[1])] if more else []
        return _FLAVOURS[flavour](self, number, _word(kind), *more)


class _Still:
    """While entered, no garbage is collected: what the other end may refer to stays alive."""

    def __enter__(self):
        self._was = gc.isenabled()
        gc.disable()
        return self

    def __exit__(self, *error):
        if self._was:
            gc.enable()

    def loose(self):
        """A context in which it is, if it was before."""
        return _Loose(self._was)


class _Loose:
    def __init__(self, was):
        self._was = was

    def __enter__(self):
        if self._was:
            gc.enable()

    def __exit__(self, *error):
        gc.disable()


# ----------------------------------------------------------------------------------------------
# The student's end


class _Missing(Exception):
    pass


class Student:
    """The student's end of the wall.

    sock       a connected stream socket to the test's end
    namespace  dict of the names that the student defined
    news       function that says whether there is more to hear than the answer to a call
    """

    def __init__(self, sock, namespace, limits=Limits(), news=lambda: False):  # noqa: B008  (it is frozen)
        self._namespace, self._news = namespace, news
        self._channel = Channel(sock, limits)
        self._codec = Codec(False, limits, self._export, self._stand_in)
        self._thread, self._thrown = None, {}

    def serve(self):
        """Do what is asked, until told that the test is over or its end is gone."""
        self._thread = threading.get_ident()
        try:
            self._serve()
        finally:  # whatever happens here, the test need not wait for it
            self._channel.close()

    def _serve(self):
        while True:
            try:
                op, values = self._receive()
            except KeyboardInterrupt:  # it was meant for a call that is over
                continue
            except WallError:
                return
            if op == "done":
                return
            self._thrown.clear()
            try:
                self._answer(op, values)
            except WallError:
                return

    def _receive(self):
        lent = self._codec.lent
        message = self._channel.receive()
        lent.append(set())
        return self._codec.decode(*message)

    def _answer(self, op, values):
        """Answer one request. Raises ``WallError`` if nobody hears the answer."""
        try:
            message = self._outcome(op, values)
            if message is not None:
                self._channel.send(*message)
        finally:
            self._codec.lent.pop()

    def _outcome(self, op, values):
        encode = self._codec.encode_copies if op == "copies" else self._codec.encode
        try:
            value = self._OPS[op](self, *values)
            return encode(self._told("ok"), (value,))
        except _Missing as missing:
            return self._codec.encode("missing", missing.args)
        except _Over:
            return self._codec.encode(self._told("end"), ())
        except WallError:
            raise
        except BaseException as error:  # SystemExit too: it ends a call, not the kernel
            if op in ("ok", "error"):  # the answer to a call that was interrupted
                return None
            return self._failure(error)

    def _failure(self, error):
        _, number = self._thrown.get(id(error), (None, 0))
        try:
            frames = self._frames(error.__traceback__)
        except BaseException:  # what finds lines may be a student's, too
            frames = ()
        told, op = _describe(error, frames, number), self._told("error")
        try:
            return self._codec.encode(op, told)
        except (TypeError, ValueError):
            return self._codec.encode(op, (told[0], told[1], (), "", (), number))

    def _told(self, op):
        """The answer to a call, with a mark if there is more to hear."""
        try:
            more = len(self._codec.lent) == 1 and self._news()
        except BaseException:  # what it asks may be a student's
            more = True
        return f"{op}+" if more else op

    def _frames(self, link):
        """The student's own lines of a traceback: those of cells."""
        frames = deque(maxlen=_FRAMES)
        while link is not None:
            code = link.tb_frame.f_code
            if link.tb_frame.f_globals is self._namespace:
                frames.append((code.co_filename, link.tb_lineno, code.co_name))
            link = link.tb_next
        return [
            (_label(file), line or 0, name, linecache.getline(file, line or 0).strip()[:400])
            for file, line, name in frames
        ]

    # -- what may be asked

    def _fetch(self, name):
        try:
            return self._namespace[name]
        except KeyError:
            raise _Missing(name) from None

    def _call(self, function, count, *rest):
        args, rest = rest[:count], rest[count:]
        half = len(rest) // 2
        return function(*args, **dict(zip(rest[:half], rest[half:], strict=True)))

    def _next(self, iterator):
        try:
            return next(iterator)
        except StopIteration:
            raise _Over from None

    def _signature(self, function):
        return tuple(
            (p.name, int(p.kind), p.default is not p.empty, _plain(p.default))
            for p in inspect.signature(function).parameters.values()
        )

    def _remote(self, _, path):
        module, name = path.split(":")
        return getattr(importlib.import_module(module), name)

    _OPS = {  # noqa: RUF012  (it is never changed)
        "fetch": _fetch,
        "call": _call,
        "copies": lambda self, function, *args: function(*args),
        "getattr": lambda self, thing, name: getattr(thing, name),
        "setattr": lambda self, thing, name, value: setattr(thing, name, value),
        "getitem": lambda self, thing, key: thing[key],
        "setitem": lambda self, thing, key, value: thing.__setitem__(key, value),
        "len": lambda self, thing: len(thing),
        "iter": lambda self, thing: iter(thing),
        "next": _next,
        "signature": _signature,
        "remote": _remote,
    }

    # -- what is no data

    def _export(self, value):
        kind = type(value).__name__
        if callable(value):
            name, doc = getattr(value, "__name__", kind), getattr(value, "__doc__", "")
            return ["callable", kind, str(name)[:80], doc[:4000] if type(doc) is str else ""]
        return ["iterator" if hasattr(type(value), "__next__") else "object", kind]

    def _stand_in(self, number, info):
        """A function of the test, to be called from here."""

        def function(*args, **kwargs):
            return self._call_back(function, args, kwargs)

        function.__name__ = function.__qualname__ = "function"
        return function

    def _call_back(self, function, args, kwargs):
        if threading.get_ident() != self._thread or not self._codec.lent:
            raise RuntimeError(
                "a function that was passed in can be called during the call, in its thread"
            )
        values = (function, len(args), *args, *kwargs, *kwargs.values())
        self._channel.send(*self._codec.encode("call", values))
        while True:
            op, values = self._receive()
            if op in ("ok", "error"):
                break
            self._answer(op, values)
        lent = self._codec.lent
        last = lent.pop()
        lent[-1].update(last)
        if op == "ok":
            return values[0]
        error = _make_error(values)
        self._thrown[id(error)] = error, values[5]
        raise error


class _Over(Exception):
    pass


def _plain(value):
    return value if type(value) in _SIMPLE else ...


def _label(file):
    """What a student calls a cell: "Cell In[3]", or the name of the file."""
    try:
        shell = sys.modules["IPython"].get_ipython()
        return " ".join(shell.compile.format_code_name(file))
    except Exception:  # not in IPython, or not a cell
        return os.path.basename(file)
