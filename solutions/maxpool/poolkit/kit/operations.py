"""Counts the Python operations that a function executes: no clock, the same number on every run.

An operation is a bytecode instruction, in whatever function, comprehension, generator, helper or
thread it runs. A loop that C runs for Python is shown to the counter as well: while it counts,
``map``, ``sum``, ``functools.reduce``, ``np.frompyfunc`` and their like are twins that take
every item through a step of Python. Array operations of NumPy are one call each, of any size.
"""

import functools
import gc
import itertools
import math
import sys
import threading
import types

import numpy as np

from .remote import where_it_lives


def count(function, *args, **kwargs):
    """Return the number of Python operations that ``function(*args, **kwargs)`` executes.

    Whatever the function raises is raised. Trace functions and replaced names are put back.
    """
    return counter(function)(*args, **kwargs)[0]


def counter(function):
    """Return a function of the arguments that gives (the number of operations, the answer)."""
    # a function that lives in another process is counted there, by this module's own copy
    there = where_it_lives(function, counted)

    def count(*args, **kwargs):
        return there(function, *args, **kwargs)

    count.__name__ = getattr(function, "__name__", "count")  # it is this function that may raise
    return count


def counted(function, *args, **kwargs):
    """Return (operations, answer) of a function that lives in this process."""
    with _Twins(function, args, kwargs), _Tracing() as tracing:
        answer = function(*args, **kwargs)
    return tracing.total(), answer


class _Tracing:
    """Counts while it is entered, in this thread and in those that are started meanwhile."""

    def __init__(self):
        self._ticks = itertools.count()  # `next` is one step in C: threads cannot lose a tick
        self._items = []
        self._local = self._counting(self._ticks.__next__, self._items)

    def total(self):
        return next(self._ticks) + sum(self._items)

    def __enter__(self):
        self._before = (
            sys.gettrace(),
            sys.getprofile(),
            threading.gettrace(),
            threading.getprofile(),
        )
        self._gc = gc.isenabled()
        gc.disable()  # finalisers of somebody else's objects are not the function's work
        threading.settrace(self._call)
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        sys.settrace(self._call)
        return self

    def __exit__(self, *error):
        trace, profile, thread_trace, thread_profile = self._before
        sys.settrace(trace)
        sys.setprofile(profile)
        threading.settrace(thread_trace)
        threading.setprofile(thread_profile)
        if self._gc:
            gc.enable()

    def _call(self, frame, event, _):
        if frame.f_code is _EXIT:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._local

    @staticmethod
    def _counting(tick, items):
        """The trace function of a frame. What each operation takes is in its closure, for speed."""

        def local(frame, event, _):
            if event == "opcode":
                tick()
            elif event == "return":  # arithmetic on an array of Python objects is a loop over them
                objects = {id(v): v.size for v in frame.f_locals.values() if _holds_objects(v)}
                if objects:
                    items.append(sum(objects.values()))
            return local

        return local

    def _profile(self, frame, event, function):
        """Loops that a method written in C runs over Python objects."""
        if event != "c_call":
            return
        owner = getattr(function, "__self__", None)
        if function.__name__ == "tolist" or _holds_objects(owner):
            self._items.append(int(np.size(owner)))
        elif type(owner) is list and function.__name__ == "sort":
            self._items.append(len(owner))


_EXIT = _Tracing.__exit__.__code__


def _holds_objects(value):
    return isinstance(value, np.ndarray) and value.dtype.hasobject


# The twins: the same values, but every item takes a step of Python.


def _iterator(kind):
    """A subclass of an iterator type written in C whose every step is a step of Python."""

    def __next__(self):
        return kind.__next__(self)

    return type(kind.__name__, (kind,), {"__next__": __next__})


def _steps(iterator):
    for item in iterator:  # noqa: UP028  (the loop is the point)
        yield item


def _consumer(function, position=0):
    """A function written in C that takes an iterable as its argument number ``position``."""

    @functools.wraps(function)
    def twin(*args, **kwargs):
        if len(args) > position:
            args = *args[:position], _steps(iter(args[position])), *args[position + 1 :]
        return function(*args, **kwargs)

    return twin


def _extreme(function):
    """``max`` or ``min``: of one iterable, or of its arguments."""

    @functools.wraps(function)
    def twin(*args, **kwargs):
        if len(args) == 1:
            return function(_steps(iter(args[0])), **kwargs)
        return function(*[arg for arg in args], **kwargs)  # noqa: C416  (the loop is the point)

    return twin


def _frompyfunc(function, *args, **kwargs):
    def step(*items):
        return function(*items)

    return _ORIGINAL_FROMPYFUNC(step, *args, **kwargs)


def _vectorize_call(self, *args, **kwargs):
    sizes = [np.size(value) for value in (*args, *kwargs.values())]
    for _ in range(max(sizes, default=0)):  # its function may be one written in C
        pass
    return _ORIGINAL_VECTORIZE_CALL(self, *args, **kwargs)


_ORIGINAL_FROMPYFUNC = np.frompyfunc
_ORIGINAL_VECTORIZE_CALL = np.vectorize.__call__

_ITERATORS = (
    *(map, filter, zip, enumerate),
    *(v for v in vars(itertools).values() if isinstance(v, type) and v.__name__[0] != "_"),
)
_TWINS = {
    **{kind: _iterator(kind) for kind in _ITERATORS},
    **{function: _consumer(function) for function in (sum, sorted, any, all, math.fsum, math.prod)},
    **{function: _extreme(function) for function in (max, min)},
    functools.reduce: _consumer(functools.reduce, position=1),
    np.fromiter: _consumer(np.fromiter),
    np.frompyfunc: _frompyfunc,
}
_TWIN_OF = {id(original): twin for original, twin in _TWINS.items()}


@functools.lru_cache(1)
def _modules(_):
    """The names of Python's own modules that iterate, and of NumPy's that are imported.

    The argument is the number of all modules: while it stays, so do these.
    """
    numpys = [name for name, module in list(sys.modules.items()) if module and name[:5] == "numpy"]
    return "builtins", "itertools", "functools", "math", *numpys


@functools.lru_cache(1)
def _places(modules):
    """The names by which modules refer to an original, as (dict, key)."""
    return [
        (names, key)
        for names in [vars(sys.modules[name]) for name in modules]
        for key, value in list(names.items())
        if id(value) in _TWIN_OF
    ]


_places(_modules(len(sys.modules)))  # now, and not in every process that is forked later


class _Twins:
    """While entered, the twins stand in place of the originals.

    In the modules that define them, in NumPy, and in whatever the function can reach: its globals,
    closure and defaults, its arguments, and the same of its helpers.
    """

    def __init__(self, function, args, kwargs):
        self._roots = function, *args, *kwargs.values()
        # where helpers are looked for
        self._own = {"__main__", getattr(function, "__module__", None)}
        self._own |= {arg.__module__ for arg in args if isinstance(arg, types.FunctionType)}

    def __enter__(self):
        self._undo, self._seen, self._made = [], set(), {}
        for names, key in _places(_modules(len(sys.modules))):
            value = names[key]
            if id(value) in _TWIN_OF:
                names[key] = _TWIN_OF[id(value)]
                self._undo.append(functools.partial(names.__setitem__, key, value))
        np.vectorize.__call__ = _vectorize_call
        for root in self._roots:
            self._visit(root)

    def __exit__(self, *error):
        for undo in reversed(self._undo):
            undo()
        np.vectorize.__call__ = _ORIGINAL_VECTORIZE_CALL

    def _in_mapping(self, mapping):
        for key, value in list(mapping.items()):
            twin = self._twin(value)
            if twin is not value:
                mapping[key] = twin
                self._undo.append(functools.partial(mapping.__setitem__, key, value))
            self._visit(value)

    def _twin(self, value):
        """What stands in the place of ``value``: itself, if it loops over nothing."""
        if (twin := _TWIN_OF.get(id(value))) is not None:
            return twin
        if id(value) in self._made:
            return self._made[id(value)][0]
        twin = value
        if isinstance(value, functools.partial):
            parts = [self._twin(part) for part in (value.func, *value.args)]
            if any(a is not b for a, b in zip(parts, (value.func, *value.args), strict=True)):
                twin = functools.partial(*parts, **value.keywords)
        elif isinstance(value, staticmethod):
            if (inner := self._twin(value.__func__)) is not value.__func__:
                twin = staticmethod(inner)
        elif isinstance(value, np.ufunc):
            if all(set(kind) <= set("O->") for kind in value.types):  # of np.frompyfunc
                twin = _frompyfunc(value, value.nin, value.nout, identity=value.identity)
        elif type(value) is tuple and len(value) < 100:
            parts = [self._twin(part) for part in value]
            if any(a is not b for a, b in zip(parts, value, strict=True)):
                twin = tuple(parts)
        if twin is not value:
            self._made[id(value)] = twin, value
        return twin

    def _visit(self, value):
        """Replace in whatever ``value`` refers to."""
        if id(value) in self._seen or isinstance(value, (np.ndarray, types.ModuleType)):
            return
        self._seen.add(id(value))
        if isinstance(value, types.FunctionType):
            if value.__module__ in self._own:
                self._in_function(value)
        elif isinstance(value, types.MethodType):
            self._visit(value.__func__)
            self._visit(value.__self__)
        elif isinstance(value, (staticmethod, classmethod)):
            self._visit(value.__func__)
        elif isinstance(value, functools.partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self._visit(part)
        elif isinstance(value, np.vectorize):
            self._visit(value.pyfunc)
        elif type(value) is dict:
            self._in_mapping(value)
        elif type(value) in (list, tuple):
            if len(value) < 100:
                for part in value:
                    self._visit(part)
        elif isinstance(value, type):
            if value.__module__ in self._own:
                self._in_class(value)
        elif type(value).__module__ in self._own:
            self._in_mapping(getattr(value, "__dict__", {}))
            self._visit(type(value))
        elif callable(getattr(value, "__wrapped__", None)):  # as of functools.cache
            self._visit(value.__wrapped__)

    def _in_function(self, function):
        if id(function.__globals__) not in self._seen:
            self._seen.add(id(function.__globals__))
            self._in_mapping(function.__globals__)
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            twin = self._twin(value)
            if twin is not value:
                cell.cell_contents = twin
                self._undo.append(functools.partial(setattr, cell, "cell_contents", value))
            self._visit(value)
        for name in ("__defaults__", "__kwdefaults__"):
            self._visit(getattr(function, name))
        twin = self._twin(function.__defaults__)
        if twin is not function.__defaults__:
            self._undo.append(
                functools.partial(setattr, function, "__defaults__", function.__defaults__)
            )
            function.__defaults__ = twin

    def _in_class(self, kind):
        for base in kind.__mro__[:-1]:
            for name, value in list(vars(base).items()) if base.__module__ in self._own else ():
                twin = self._twin(value)
                if twin is not value:
                    setattr(base, name, twin)
                    self._undo.append(functools.partial(setattr, base, name, value))
                self._visit(value)
