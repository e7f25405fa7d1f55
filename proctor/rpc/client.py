"""The trusted end of the wall: it asks."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import contextlib
import gc
import threading
import time

from proctor.errors import NameMissing
from proctor.rpc.codec import Channel, Codec, Limits, WallError
from proctor.rpc.exceptions import describe, make_error, prose, word
from proctor.rpc.proxies import END, FLAVOURS, Proxy, with_article
from proctor.rpc.values import Values


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
        self._codec = Codec(True, limits, self._export, self._stand_in, Values(trusted=True))
        self._lock = threading.RLock()
        self._raised, self._calls, self._carried = {}, 0, 0
        self.remotes, self.news = {}, False

    @property
    def under_way(self):
        """What `asked` says, while that call is under way; else None."""
        return self.asked if self._codec.lent else None

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
            return END, None
        if op == "missing" and len(values) == 1:
            name = word(values[0])
            return None, NameMissing(f"name {name!r} is not defined", name=name)
        if op == "error" and len(values) == 6:
            try:
                return None, self._raised.get(values[5]) or make_error(values)
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
        _, base, _, text, *_ = describe(error)
        return self._codec.encode("error", (base, base, (text,), text, (), number))

    # -- what is no data

    def _export(self, value):
        if isinstance(value, Proxy):
            raise TypeError(f"{value!r} is gone: it belongs to another kernel")
        if callable(value):
            return []
        raise TypeError(
            f"{with_article(type(value).__name__)} cannot be passed to a student's function: "
            "pass numbers, text, arrays, containers of these, or functions"
        )

    def _stand_in(self, number, info):
        if type(info) is not list or len(info) not in (2, 4) or info[0] not in FLAVOURS:
            raise WallError("an object was told of that is none")
        flavour, kind, *more = info
        more = [word(more[0]), prose(more[1])] if more else []
        return FLAVOURS[flavour](self, number, word(kind), *more)


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
