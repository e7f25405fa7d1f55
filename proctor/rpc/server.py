"""The student's end of the wall: it answers."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import copy
import importlib
import linecache
import operator
import os
import sys
import threading
from collections import deque
from dataclasses import asdict, astuple, fields, is_dataclass, replace

from proctor.rpc.callbacks import named, told_of_signature
from proctor.rpc.classes import abilities_of, line_of
from proctor.rpc.code import told_of_code
from proctor.rpc.codec import Channel, Codec, Limits, WallError
from proctor.rpc.exceptions import FRAMES, describe, make_error
from proctor.rpc.places import BINARY, COMPARISONS
from proctor.rpc.values import Values

_ELSEWHERE = "a function that was passed in can be called during the call, in its process"
_WORDS = ("and", "or")  # of which no function can have the name
_BUILT_IN = {"pow": pow, "divmod": divmod}


def _named(given):
    """Keyword arguments, of which first the names came and then the values."""
    half = len(given) // 2
    return dict(zip(given[:half], given[half:], strict=True))


def _operation(do):
    return lambda self, *things: do(*things)


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
        converters = Values(trusted=False, class_of=self._class_of)
        self._codec = Codec(False, limits, self._export, self._stand_in, converters)
        self._thrown, self._turn, self._process = {}, threading.RLock(), os.getpid()

    def _class_of(self, name):
        """What the student's process has for a class of the course's."""
        module, _, inner = name.rpartition(":")
        if not module:
            return self._namespace.get(name)
        return getattr(importlib.import_module(module), inner, None)

    def serve(self):
        """Do what is asked, until told that the test is over or its end is gone."""
        self._process = os.getpid()
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
        message = self._channel.receive()
        with self._turn:
            self._codec.lent.append(set())
            return self._codec.decode(*message)

    def _answer(self, op, values):
        """Answer one request. Raises ``WallError`` if nobody hears the answer."""
        value, error = self._result(op, values)
        with self._turn:
            try:
                message = self._outcome(op, value, error)
                if message is not None:
                    self._channel.send(*message)
            finally:
                self._codec.lent.pop()

    def _result(self, op, values):
        """(value, None) of what is asked, or (None, what was raised)."""
        try:
            value = self._OPS[op](self, *values)
            with self._turn:  # a thread that calls a function of the test comes to its end first
                return value, None
        except BaseException as error:  # SystemExit too: it ends a call, not the kernel
            return None, error

    def _outcome(self, op, value, error):
        encode = self._codec.encode_copies if op == "copies" else self._codec.encode
        try:
            if error is not None:
                raise error
            return encode(self._told("ok"), (value,))
        except _Missing as missing:
            return self._codec.encode("missing", missing.args)
        except _Over:
            return self._codec.encode(self._told("end"), ())
        except WallError:
            raise
        except BaseException as error:  # what makes a value data may be a student's
            if op in ("ok", "error"):  # the answer to a call that was interrupted
                return None
            return self._failure(error)

    def _failure(self, error):
        _, number = self._thrown.get(id(error), (None, 0))
        try:
            frames = self._frames(error.__traceback__)
        except BaseException:  # what finds lines may be a student's, too
            frames = ()
        told, op = describe(error, frames, number), self._told("error")
        try:
            return self._codec.encode(op, told)
        except (TypeError, ValueError):  # of what the call has changed, too: it is not told
            return self._codec.encode_copies(op, (*told[:2], (), "", (), number, (), ()))

    def _told(self, op):
        """The answer to a call, with a mark if there is more to hear."""
        try:
            more = len(self._codec.lent) == 1 and self._news()
        except BaseException:  # what it asks may be a student's
            more = True
        return f"{op}+" if more else op

    def _frames(self, link):
        """The student's own lines of a traceback: those of cells."""
        frames = deque(maxlen=FRAMES)
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
        return function(*rest[:count], **_named(rest[count:]))

    def _next(self, iterator):
        try:
            return next(iterator)
        except StopIteration:
            raise _Over from None

    def _exit(self, thing, name=None, text=None, *args):
        if name is None:
            return thing.__exit__(None, None, None)
        error = make_error((name, name, args or (text,), text, (), 0, (), ()))
        return bool(thing.__exit__(type(error), error, None))

    def _remote(self, _, path):
        module, _, name = path.partition(":")
        found = importlib.import_module(module)
        return getattr(found, name) if name else found

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
        "signature": lambda self, function: told_of_signature(function, ...),
        "code": lambda self, function: told_of_code(function.__code__),
        "remote": _remote,
        "dir": lambda self, thing: dir(thing),
        "delattr": lambda self, thing, name: delattr(thing, name),
        "delitem": lambda self, thing, key: thing.__delitem__(key),
        "type": lambda self, thing: type(thing),
        "isinstance": lambda self, kind, thing: isinstance(thing, kind),
        "issubclass": lambda self, kind, other: issubclass(other, kind),
        "derive": lambda self, kind, name, content: type(kind)(name, (kind,), dict(content)),
        "contains": lambda self, thing, item: item in thing,
        "enter": lambda self, thing: thing.__enter__(),
        "exit": _exit,
        "round": lambda self, thing, *digits: round(thing, *digits),
        "reversed": lambda self, thing: reversed(thing),
        "format": lambda self, thing, form: format(thing, form),
        "copy": lambda self, thing: copy.copy(thing),
        "deepcopy": lambda self, thing: copy.deepcopy(thing),
        **{
            do.__name__: lambda self, thing, *given, do=do: do(thing, **_named(given))
            for do in (fields, asdict, astuple, replace, is_dataclass)
        },
        **{
            kind.__name__: lambda self, thing, kind=kind: kind(thing)
            for kind in (bool, str, repr, float, int, complex, hash)
        },
        **{
            name: _operation(getattr(operator, name))
            for name in ("neg", "pos", "abs", "invert", "index")
        },
        **{name: _operation(getattr(operator, name)) for name in COMPARISONS},
    }
    for name in BINARY:
        do = _BUILT_IN.get(name) or getattr(operator, f"{name}_" if name in _WORDS else name)
        _OPS[name] = lambda self, thing, other, do=do: do(thing, other)
        _OPS[f"r{name}"] = lambda self, thing, other, do=do: do(other, thing)
        if name != "divmod":
            _OPS[f"i{name}"] = _operation(getattr(operator, f"i{name}"))
    del name, do

    # -- what is no data

    def _export(self, value):
        kind = type(value).__name__
        about = [kind, line_of(type(value)), abilities_of(value)]
        if callable(value):
            name, doc = getattr(value, "__name__", kind), getattr(value, "__doc__", None)
            doc = doc[:4000] if type(doc) is str else None
            own = line_of(value) if isinstance(value, type) else None
            return ["callable", *about, str(name)[:80], doc, own]
        return ["iterator" if hasattr(type(value), "__next__") else "object", *about]

    def _stand_in(self, number, info):
        """A function of the test, to be called from here, or an iterator of the test's; a library's
        function, by its path."""
        if info == ["steps"]:
            return _Steps(self)
        if type(info) is str:
            return _imported(info)

        def function(*args, **kwargs):
            return self._call_back(function, args, kwargs)

        function.__name__ = function.__qualname__ = "function"
        if info:
            named(function, info)
        return function

    def _call_back(self, function, args, kwargs):
        """Call a function of the test; of several threads that do, one waits for the other."""
        # first: a child has a lock for ever that another thread of its parent's held
        if os.getpid() != self._process:
            raise RuntimeError(_ELSEWHERE)
        with self._turn:
            if not self._codec.lent:
                raise RuntimeError(_ELSEWHERE)
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
            error = make_error(values)
            self._thrown[id(error)] = error, values[5]
            raise error


def _imported(path):
    """A library's function; what raises, where it is called, if it is not there."""
    module, _, name = path.partition(":")
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found
    except (ImportError, AttributeError) as error:
        why = str(error)

    def missing(*args, **kwargs):
        raise ImportError(why)

    return missing


class _Over(Exception):
    pass


class _Steps:
    """An iterator of the test: each step is taken there."""

    def __init__(self, student):
        self._student = student

    def __iter__(self):
        return self

    def __next__(self):
        return self._student._call_back(self, (), {})


def _label(file):
    """What a student calls a cell: "Cell In[3]", or the name of the file."""
    try:
        shell = sys.modules["IPython"].get_ipython()
        return " ".join(shell.compile.format_code_name(file))
    except Exception:  # not in IPython, or not a cell
        return os.path.basename(file)
