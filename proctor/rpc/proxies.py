"""What stands for an object of the student's kernel."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import inspect
import sys

_WHERE = "in the student's kernel"


class Proxy:
    """An object that stayed in the student's kernel.

    Attributes (but none that begin with ``__``), items, ``len``, iteration and calls (of a
    ``FunctionProxy``) are carried across. It equals nothing but itself, is neither true nor false,
    and is no array and no number.
    """

    def __init__(self, wall, number, kind, name=None, doc=None):
        own = {"_Proxy__wall": wall, "_Proxy__number": number, "_Proxy__kind": kind}
        if name is not None:
            own |= {"__name__": name, "__qualname__": name, "__doc__": doc}
        vars(self).update(own)

    def __described__(self):
        """What it is, in a few words, as "a Layer" or "add, a function"."""
        name, kind = vars(self).get("__name__"), with_article(self.__kind)
        return f"{name}, {kind}" if name else kind

    def __repr__(self):
        return f"{self.__described__()} {_WHERE}"

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
        if type(steps) is not IteratorProxy:
            raise TypeError(f"{self!r} gave no iterator")
        return steps

    def __bool__(self):
        raise TypeError(f"{self!r} is neither true nor false here; compare data it gives")

    def __array__(self, *args, **kwargs):
        raise TypeError(f"{self!r} is no array here; ask it for one")

    __array_ufunc__ = None  # NumPy leaves operators to this class, which has none

    def __reduce_ex__(self, protocol):
        raise TypeError(f"{self!r} cannot be copied or pickled")


class FunctionProxy(Proxy):
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


class IteratorProxy(Proxy):
    """An iterator that stayed in the student's kernel."""

    def __next__(self):
        taken = vars(self)["taken"] = vars(self).get("taken", 0) + 1
        if taken > self._Proxy__wall.limits.items:
            raise RuntimeError(f"{self!r} goes on after {taken - 1:,} steps")
        step = _carry(self, "next")
        if step is END:
            raise StopIteration
        return step

    def __iter__(self):
        return self


END = object()
FLAVOURS = {"object": Proxy, "callable": FunctionProxy, "iterator": IteratorProxy}


def with_article(kind):
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _refuse(handle, name):
    """Raise ``AttributeError`` for names that are not carried: Python's own, and display hooks."""
    if name.startswith(("__", "_repr_", "_ipython_")):
        raise AttributeError(f"{name!r} of {handle!r} is not carried across the wall", name=name)


def _carry(handle, op, *values):
    """Do something with an object in the student's kernel; return or raise what came of it."""
    value, error = vars(handle)["_Proxy__wall"]._exchange(op, handle, *values)
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
    *(
        f
        for c in (Proxy, FunctionProxy, IteratorProxy)
        for f in vars(c).values()
        if inspect.isfunction(f)
    ),
)


def _signature(parameters):
    """The signature that a student's function has, from what was told of it."""
    made = []
    for name, kind, optional, default in parameters:
        default = default if optional else inspect.Parameter.empty
        made.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=default))
    return inspect.Signature(made)
