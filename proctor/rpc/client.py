"""The trusted end of the wall: it asks."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import contextlib
import gc
import threading
from collections.abc import Iterator
from time import monotonic  # a test may put others in their place

from proctor.errors import NameMissing
from proctor.rpc.callbacks import library_path, told_of_function
from proctor.rpc.classes import Classes, checked, checked_abilities
from proctor.rpc.codec import Channel, Codec, Limits, WallError
from proctor.rpc.exceptions import (
    ErrorType,
    describe,
    error_class,
    known_class,
    make_error,
    own_line,
    prose,
    word,
)
from proctor.rpc.heard import Heard
from proctor.rpc.loans import lent_again, named, note
from proctor.rpc.places import Model
from proctor.rpc.proxies import (
    END,
    FLAVOURS,
    able,
    is_class,
    isinstance_of_proxy,
    put,
    told_of,
    with_article,
)
from proctor.rpc.values import Values

_REFUSED = "a function of the test's was called with other arguments than it takes"


class Wall:
    """The test's end of the wall.

    sock      a connected stream socket, whose other end a ``Student`` serves
    timeout   seconds that one call may take, calls within it included
    limits    what may cross

    ``deadline`` (of ``time.monotonic``, or None) bounds all calls together. A breach of the rules,
    a missed deadline or the kernel's end raises ``WallError``; from then on ``broken`` says why
    and nothing more is asked or heard. ``asked`` is the handle of the call that is or was last
    under way; ``before`` is called before each one, ``after`` after it, where they are set;
    ``spent`` gives the seconds of processor time that the other end's processes have used.
    ``remotes`` are the proxies of functions that were imported there, by path. ``news`` is set when
    an answer says that there is more to hear. ``classes`` says which classes an object may claim,
    ``exits`` whether what is no ``Exception`` (``SystemExit``) is raised here as what it is,
    ``model`` (a `Model`) where an object may answer for itself, ``text_of`` what is known to have
    been run there by a file's name, or None, ``heard`` the texts that came, ``is_seen`` whether a
    function of the test is one that students can read, and may know the name and parameters of.
    ``within`` gives the context in which functions of the test's are called from there, ``hidden``
    has the files and folders that the student's process cannot read.
    """

    def __init__(self, sock, timeout=30.0, limits=Limits(), heard=None):  # noqa: B008  (it is frozen)
        self.timeout, self.limits = timeout, limits
        self.deadline = self.broken = self.asked = self.before = self.after = self.spent = None
        self._channel = Channel(sock, limits)
        converters = Values(trusted=True, class_of=lambda name: self.classes.released(name))
        self._codec = Codec(True, limits, self._export, self._stand_in, converters)
        self.heard = self._codec.heard = Heard() if heard is None else heard
        self.classes, self.model = Classes(converters), Model()
        self._lock = threading.RLock()
        self._raised, self._calls, self._carried = {}, 0, 0
        self.remotes, self.news, self._loans, self.exits = {}, False, {}, False
        self.text_of, self.is_seen = lambda file: None, lambda function: False
        self.within, self.hidden = contextlib.nullcontext, ()

    @property
    def under_way(self):
        """What `asked` says, while that call is under way; else None."""
        return self.asked if self._codec.lent else None

    @property
    def carried(self):
        """How many bytes have crossed, both ways."""
        return self._channel.carried

    def begin(self, deadline=None):
        """Begin a test: the total of bytes starts at 0 again."""
        self.deadline, self._carried = deadline, self._channel.carried

    def fetch(self, name):
        """Return what the student's namespace has under a name: data, or a handle.

        Raises ``NameMissing``.
        """
        place = self.model.of(name)
        value, error = self._exchange("fetch", name, gives=place)
        if error is not None:
            raise error
        if isinstance(value, ErrorType):
            value.__place__ = place
        named(value, name, self._loans)
        return value

    def remote(self, path):
        """A proxy of a module, or of ``"module:name"``, imported in the student's kernel."""
        if path not in self.remotes:
            value, error = self._exchange("remote", None, path)
            if error is not None:
                raise error
            self.remotes[path] = value
        return self.remotes[path]

    def know(self, names):
        """Let members of these enumerations cross: they are the course's."""
        self._codec.converters.know(names)

    def crosses(self, value):
        """Whether a value is data, a function or a proxy: whether it can be passed."""
        if isinstance_of_proxy(value) or callable(value) or isinstance(value, Iterator):
            return True
        if isinstance(value, (list, tuple)):
            return all(map(self.crosses, value))
        return self._codec.is_data(value)

    def close(self):
        """Tell the student's end to stop serving, and close the socket."""
        with self._lock:
            if self.broken is None:
                self._channel.deadline = monotonic() + 1
                with contextlib.suppress(WallError):
                    self._channel.send(*self._codec.encode("done", ()))
                self._break("the wall is closed")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def aside(self, ask, *args):
        """Ask between two calls of a test: what goes with those, ``before`` and ``after``, does not
        go with this."""
        hooks = self.before, self.after, self.exits
        self.before = self.after = None
        self.exits = False
        try:
            return ask(*args)
        finally:
            self.before, self.after, self.exits = hooks

    # -- one call

    def _exchange(self, op, *values, gives=None):
        """Ask; return (value, None) or (None, the exception to raise).

        gives  the `Place` of what is asked for
        """
        with self._lock, _Still() as still:
            if self.broken is not None:
                raise WallError(self.broken)
            lent = self._codec.lent
            if self.before is not None and not lent:
                self.before(values)
            if not lent:  # nothing is under way
                self._raised.clear()
                self.asked = values[0] if values else None
                end = monotonic() + self.timeout
                self._channel.deadline = end if self.deadline is None else min(end, self.deadline)
            holder = values[0] if values else None
            lent.append(lent_again(holder))
            try:
                if op == "copies":
                    message = self._codec.encode_copies(op, values)
                else:
                    message = self._codec.encode(op, values, lend=True)
                value, error = self._converse(message, still)
                self._place(value, gives, holder, _asks_for_classes(op, values))
            finally:
                lent.pop()
            if self.after is not None and not lent:
                self.after()
            return value, error

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

    def _place(self, value, gives, holder=None, kinds=False):
        """Note where the proxies come from that the last answer had within it.

        kinds  whether classes were asked for: where they come from says nothing new of them
        """
        met, self._codec.met = self._codec.met, []
        given = _proxies_in(value) if gives is not None else {}
        made = [one for one in met if isinstance_of_proxy(one)]
        for one in made:
            if not (kinds and is_class(one)):
                put(one, gives if id(one) in given else None)
        note(holder, made, self._codec.lent[-1])

    def _receive(self):
        message = self._channel.receive()
        if self._channel.carried - self._carried > self.limits.total_bytes:
            raise WallError(f"more than {self.limits.total_bytes:,} bytes crossed in one test")
        said = self._codec.decode(*message)
        self.heard.message(message[0])
        return said

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
        if op == "error" and (raised := self.exception(values)) is not None:
            return None, raised
        raise WallError("the student's kernel answered something that is no answer")

    def exception(self, told):
        """The exception that was told of (see ``describe``); None if that is none."""
        try:
            checked(list(told[6]))
            most = BaseException if self.exits else Exception
            return self._raised.get(told[5]) or make_error(told, self.classes.error, most)
        except (TypeError, ValueError, AttributeError, LookupError):
            return None

    def _break(self, why):
        if self.broken is None:
            self.broken = why
        self._channel.close()

    # -- functions of the test that the student calls

    def _answer(self, values, still):
        """Call a function of the test, and answer with what it gives."""
        function, args, kwargs = self._called(values)
        result = None
        try:
            if self._calls >= self.limits.calls_deep:
                raise RecursionError(f"calls across the wall nest deeper than {self._calls}")
            self._calls += 1
            try:
                with still.loose(), self.within():
                    result = function(*args, **kwargs)
            finally:
                self._calls -= 1
            message = self._codec.encode("ok", (result,), lend=True)
        except Exception as error:
            if self.broken is not None:
                raise
            # of the call itself: it names the function, and what it takes
            refused = type(error) is TypeError and error.__traceback__.tb_next is None
            hidden = refused and not self.is_seen(function)
            message = self._failure(error, _REFUSED if hidden else None)
        self._codec.kept += values, result
        self._channel.send(*message)

    def _called(self, values):
        self._place(None, None)
        try:
            function, count, *rest = values
            args, rest = rest[:count], rest[count:]
            names, given = rest[: len(rest) // 2], rest[len(rest) // 2 :]
            number = self._codec.number_of(function) or 0
            told = number > 0 and callable(function) and not self._path_of(function)
            if told and all(type(name) is str for name in names):
                return function, args, dict(zip(names, given, strict=True))
            if number > 0 and isinstance(function, Iterator) and not rest and not args:
                return function.__next__, (), {}
        except (TypeError, ValueError):
            pass
        raise WallError("the student's kernel called something that is no function of the test")

    def _failure(self, error, instead=None):
        """The message that tells of an error; ``instead`` of its text."""
        number = len(self._raised) + 1
        self._raised[number] = error
        own, base, args, text, *_ = describe(error)
        if instead is not None or own != base:  # of a class of the test's, no more than its text
            text = text if instead is None else instead
            args = (text,)
        return self._codec.encode("error", (base, base, args, text, (), number, (), ()))

    # -- what is no data

    def _export(self, value):
        if isinstance_of_proxy(value):
            raise TypeError(f"{told_of(value)} is gone: it belongs to another kernel")
        if callable(value):
            path = self._path_of(value)
            return path or (told_of_function(value) if self.is_seen(value) else [])
        if isinstance(value, Iterator):
            return ["steps"]
        raise TypeError(
            f"{with_article(type(value).__name__)} cannot be passed to a student's function: "
            "pass numbers, text, arrays, containers of these, or functions; "
            "or tag this test in-student-kernel"
        )

    def _path_of(self, function):
        """The path of a library's function, which the student's end has and calls for itself."""
        return library_path(function, self.classes.private, self.hidden)

    def _stand_in(self, number, info):
        if type(info) is not list or len(info) not in (4, 7) or info[0] not in FLAVOURS:
            raise WallError("an object was told of that is none")
        flavour, kind, line, can, *more = info
        kind, line, can = word(kind), checked(line), checked_abilities(can)
        if more:
            name, doc, own = more
            doc = None if doc is None else prose(doc)
            more = [word(name), doc, None if own is None else checked(own)]
            if own is not None and (caught := self._error_class(more[2])) is not None:
                return caught
        raised = self._error_class(line) if flavour == "object" else None
        return able(FLAVOURS[flavour], kind, can, raised)(self, number, kind, line, *more)

    def _error_class(self, line):
        """A class that can be caught, for a student's class of exceptions; None for any other."""
        before = own_line(line)
        base = known_class(line[len(before)]) if len(before) < len(line) else None
        if base is None or not before:
            return None
        found = error_class(tuple(p.partition(":")[2].rpartition(".")[2] for p in before), base)
        found.__asks__ = self._remote
        return found

    def _remote(self, cls, op, *values):
        """Do something with a student's class of exceptions."""
        place = cls.__place__ and cls.__place__.after(op, values[0] if values else None)
        value, error = self._exchange(op, cls, *values, gives=place)
        if error is not None:
            raise error
        return value


def _asks_for_classes(op, values):
    """Whether an operation asks of which classes something is."""
    return op == "type" or (op == "getattr" and values[1:] in (("__mro__",), ("__bases__",)))


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


def _proxies_in(value, most=10_000):
    """{id: proxy} of a value's proxies, in containers too."""
    found, waiting = {}, [value]
    for one in waiting:
        if isinstance_of_proxy(one):
            found[id(one)] = one
        elif len(waiting) < most:
            if isinstance(one, (list, tuple, set, frozenset)):
                waiting += one
            elif isinstance(one, dict):
                waiting += (*one.keys(), *one.values())
    return found
