"""What stands for an object of the student's kernel."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import dataclasses
import functools
import inspect
import sys
import types
from abc import ABCMeta

from proctor.rpc.callbacks import made_signature
from proctor.rpc.classes import ABILITIES, make_type
from proctor.rpc.code import made_code
from proctor.rpc.exceptions import describe
from proctor.rpc.places import BINARY, COMPARISONS, CONVERSIONS, UNARY

_WHERE = "in the student's kernel"

# Python's own attributes that are carried: what a function or a class tells of itself …
_TOLD = {
    *("__defaults__", "__kwdefaults__", "__annotations__", "__wrapped__", "__self__", "__func__"),
    *(
        "__all__",
        "__version__",
        "__mro__",
        "__flags__",
        "__abstractmethods__",
        "__members__",
        "__match_args__",
        "__slots__",
    ),
}
# … and methods that a test calls by their names
_CALLED = {f"__{name}__" for name in (*BINARY, *COMPARISONS, *UNARY, *CONVERSIONS)}
_CALLED |= {f"__{how}{name}__" for how in "ri" for name in BINARY}
_CALLED |= {f"__{name}__" for name in (*ABILITIES, "init")}


class _Own:
    """Has what a proxy itself is: its attribute ``__dict__`` is the student's object's."""


_own = vars(_Own)["__dict__"].__get__


class Proxy(_Own):
    """An object that stayed in the student's kernel.

    Attributes (but few that begin with ``__``) and calls (of a ``FunctionProxy``) are carried
    across, and whether it is true; items, ``len`` and iteration where its class has them (`able`).
    Its class is the one that it claims. It equals nothing but itself, and is no array and no
    number: but where the source's model answer gives an object of its own class (see
    `proctor.rpc.places`), it is asked.
    """

    def __init__(self, wall, number, kind, line=(), name=None, doc=None, own_line=None):
        # no name among them that a student's object could have: they are found as attributes, too
        own = {"__wall__": wall, "__number__": number, "__kind__": kind, "__line__": line}
        own |= {"__own_line__": own_line, "__place__": None, "__barred__": False}
        if name is not None:
            own |= {"__name__": name, "__qualname__": name, "__doc__": doc}
        _own(self).update(own)

    def __described__(self):
        """What it is, in a few words, as "a Layer" or "add, a function"."""
        return described(self)

    def __repr__(self):
        if _allows(self, "repr", "str"):
            return _converted(self, "repr")
        return told_of(self)

    def __str__(self):
        if _allows(self, "str", "repr"):
            return _converted(self, "str")
        return told_of(self)

    def __format__(self, form):
        if not _allows(self, "format"):
            return format(str(self), form)
        text = _carry(self, "format", form)
        if type(text) is not str:
            raise TypeError(f"{told_of(self)} gave no text")
        return text

    def __copy__(self):
        return _carry(self, "copy")

    def __deepcopy__(self, memo):
        return _carry(self, "deepcopy")

    def __remote__(self, path):
        """A proxy of the function ``"module:name"``, imported in the student's kernel."""
        return wall_of(self).remote(path)

    def __spent__(self):
        """Seconds of processor time that the student's processes have used, seen from outside."""
        spent = wall_of(self).spent
        if spent is None:
            raise TypeError("nobody measures what the student's processes use")
        return spent()

    @property
    def __class__(self):
        own = _own(self)
        return own["__wall__"].classes.seen(own["__line__"], own["__kind__"])

    @property
    def __dict__(self):
        return _carry(self, "getattr", "__dict__")

    def __getattribute__(self, name):
        if name in _CALLED:  # asked for by its name: whether the student's object has it
            return _or_plain(self, name, _carry(self, "getattr", name))
        return object.__getattribute__(self, name)

    def __getattr__(self, name):
        _refuse(self, name)
        return _carry(self, "getattr", name)

    def __setattr__(self, name, value):
        _refuse(self, name)
        _carry(self, "setattr", name, value)

    def __delattr__(self, name):
        _refuse(self, name)
        _carry(self, "delattr", name)

    def __dir__(self):
        return _carry(self, "dir")

    def __bool__(self):
        # a student's function could as well return what is true
        return _truth(self, _carry(self, "bool"))

    def __eq__(self, other):
        if self is other:
            return True
        if _allows(self, "eq") or (isinstance_of_proxy(other) and _allows(other, "eq")):
            return _carry(self, "eq", other)
        return NotImplemented

    def __ne__(self, other):
        if _allows(self, "eq", "ne"):
            return _carry(self, "ne", other)
        return NotImplemented

    def __hash__(self):
        if _allows(self, "hash", "eq"):  # with no hash of its own, it has none
            number = _carry(self, "hash")
            if type(number) is int:
                return hash(number)
        return object.__hash__(self)

    def __array__(self, *args, **kwargs):
        raise TypeError(f"{told_of(self)} is no array here; ask it for one")

    __array_ufunc__ = None  # NumPy leaves operators to this class

    def __reduce_ex__(self, protocol):
        raise TypeError(f"{told_of(self)} cannot be copied or pickled")


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
        return made_signature(_carry(self, "signature"))

    @property
    def __code__(self):
        return made_code(_carry(self, "code"), wall_of(self).text_of)

    @property
    def __bases__(self):
        own = _own(self)
        if own["__own_line__"] is None:
            raise AttributeError(f"{told_of(self)} is no class", name="__bases__")
        return tuple(map(_as_class, _carry(self, "getattr", "__bases__")))

    def __mro_entries__(self, bases):
        own = _own(self)
        if own["__own_line__"] is None or len(bases) > 1:
            raise TypeError(f"a test's class cannot derive from {told_of(self)} and others")
        return (_Derived("Derived", (), {"base": self}),)

    def __repr__(self):
        line = _own(self)["__own_line__"]
        if not line or any(path.startswith("enum:") for path in line):
            return Proxy.__repr__(self)
        return f"<class '{line[0].replace(':', '.')}'>"  # as a class has it: it is no more a claim

    def __str__(self):
        return repr(self) if _own(self)["__own_line__"] else Proxy.__str__(self)

    def __instancecheck__(self, thing):
        if not isinstance_of_proxy(thing):
            return _is_copy_of(thing, self)
        return _carry(self, "isinstance", thing) is True

    def __subclasscheck__(self, other):
        if isinstance_of_proxy(other):
            return _carry(self, "issubclass", other) is True
        return is_class(self) and other is _seen(self)

    def __eq__(self, other):
        if isinstance(other, type) and not isinstance_of_proxy(other):
            if is_class(self) and other is _seen(
                self
            ):  # what ``x.__class__`` is of one of its objects
                return True
            return getattr(other, "__made_here__", None) is True and _same_name(other, self)
        return Proxy.__eq__(self, other)

    __hash__ = Proxy.__hash__


class _Derived(type):
    """Makes a class that derives from a student's: there, with the test's functions as methods."""

    def __new__(mcs, name, bases, content):
        if not bases:
            return type.__new__(mcs, name, bases, content)
        if "__classcell__" in content:
            raise TypeError(
                f"super() cannot be used in {name}, which derives from a student's class: "
                "name that class, or tag this test in-student-kernel"
            )
        left = {"__module__", "__qualname__", "__orig_bases__", "__firstlineno__"}
        content = {key: value for key, value in content.items() if key not in left}
        return _carry(vars(bases[0])["base"], "derive", name, content)

    def __init__(cls, *args):
        pass


class _Raised(Proxy):
    """Mixed with a class of exceptions: an exception of the student's, which a test can raise."""

    def __init__(self, *about):
        BaseException.__init__(self)
        Proxy.__init__(self, *about)

    @property
    def args(self):
        return _carry(self, "getattr", "args")


class IteratorProxy(Proxy):
    """An iterator that stayed in the student's kernel."""

    def __next__(self):
        own = _own(self)
        taken = own["__taken__"] = own.get("__taken__", 0) + 1
        if taken > own["__wall__"].limits.items:
            raise RuntimeError(f"{told_of(self)} goes on after {taken - 1:,} steps")
        step = _carry(self, "next")
        if step is END:
            raise StopIteration
        return step

    def __iter__(self):
        return self


END = object()
FLAVOURS = {"object": Proxy, "callable": FunctionProxy, "iterator": IteratorProxy}


@functools.lru_cache(4096)
def able(flavour, kind, abilities, error=None):
    """The class of stand-ins for objects of a class that has these methods, and goes by this name.

    abilities  frozenset of names of `proctor.rpc.classes.ABILITIES`
    error      the class of exceptions that it is, or None
    """
    content = {f"__{name}__": _ABLE[name] for name in abilities}
    if flavour is IteratorProxy:
        content.pop("__iter__", None)
    if error is not None:  # to make one of them is not to ask for one there
        return type(error)(kind, (_Raised, error), content | {"__asks__": None})
    return type(kind, (flavour,), content)


def _get_item(self, key):
    return _carry(self, "getitem", key)


def _set_item(self, key, value):
    _carry(self, "setitem", key, value)


def _delete_item(self, key):
    _carry(self, "delitem", key)


def _length(self):
    length = _carry(self, "len")
    if type(length) is not int or not 0 <= length <= sys.maxsize:
        raise TypeError(f"the length of {told_of(self)} is no number")
    return length


def _iterate(self):
    steps = _carry(self, "iter")
    if not issubclass(type(steps), IteratorProxy):
        raise TypeError(f"{told_of(self)} gave no iterator")
    return steps


def _has_item(self, item):
    if _allows(self, "contains"):
        return _truth(self, _carry(self, "contains", item))
    return any(one is item or one == item for one in self)


def _enter(self):
    _insist(self, "enter")
    return _carry(self, "enter")


def _leave(self, kind, error, traceback):
    told = ()
    if error is not None:
        own, base, args, text, *_ = describe(error)
        told = own, text, *(args if own == base else ())
    handled = _carry(self, "exit", *told)
    # what a test has found out is the test's to say
    return handled is True and not isinstance(error, AssertionError)


def _reverse(self):
    _insist(self, "reversed")
    return _carry(self, "reversed")


_ABLE = {
    **{"getitem": _get_item, "setitem": _set_item, "delitem": _delete_item, "len": _length},
    **{"iter": _iterate, "contains": _has_item, "reversed": _reverse},
    **{"enter": _enter, "exit": _leave},
}


def with_article(kind):
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def isinstance_of_proxy(thing):
    """Whether an object is a proxy, whatever class it claims."""
    return issubclass(type(thing), Proxy)


def is_class(proxy):
    """Whether a proxy stands for a class."""
    return _own(proxy)["__own_line__"] is not None


def described(proxy):
    """A proxy's name and kind, without asking for it."""
    own = _own(proxy)
    name, kind = own.get("__name__"), with_article(own["__kind__"])
    return f"{name}, {kind}" if name else kind


def told_of(proxy):
    """The same, and where the object is."""
    return f"{described(proxy)} {_WHERE}"


def wall_of(proxy):
    return _own(proxy)["__wall__"]


def loan_of(proxy):
    """{number: True} of what it was given, or None: see `proctor.rpc.loans`."""
    return _own(proxy).get("__loan__")


def with_loan(proxy, loan):
    """Say what it was given."""
    _own(proxy)["__loan__"] = loan


def put(proxy, place):
    """Say where a proxy comes from; one that came from nowhere in particular stays so.

    What comes from two places answers for itself only as far as it may in both: ``v.x`` could be
    ``v`` itself.
    """
    own = _own(proxy)
    if place is None:
        own["__barred__"], own["__place__"] = True, None
    elif not own["__barred__"]:
        own["__place__"] = place if own["__place__"] is None else own["__place__"].also(place)


def _allows(proxy, *methods):
    """Whether the model answer gives, in this place, an object that has one of these methods."""
    place = _own(proxy)["__place__"]
    return place is not None and any(place.has(f"__{method}__") for method in methods)


def _insist(proxy, *methods):
    if not _allows(proxy, *methods):
        raise TypeError(
            f"{told_of(proxy)} is not asked for __{methods[0]}__ here: the model answer gives no "
            "object in its place that has it. Compare data that it gives, or tag this test "
            "in-student-kernel"
        )


def _refuse(proxy, name):
    """Raise ``AttributeError`` for names that are not carried: Python's own, and display hooks."""
    if name in _TOLD:
        return
    if name.startswith(("__", "_repr_", "_ipython_")):
        told = f"{name!r} of {told_of(proxy)} is not carried across the wall"
        raise AttributeError(told, name=name)


def _carry(proxy, op, *values):
    """Do something with an object in the student's kernel; return or raise what came of it."""
    place = _own(proxy)["__place__"]
    gives = None if place is None else place.after(op, values[0] if values else None)
    value, error = _own(proxy)["__wall__"]._exchange(op, proxy, *values, gives=gives)
    if error is None:
        return value
    try:
        raise error
    finally:
        del error  # its traceback refers to this frame


def _or_plain(proxy, name, method):
    """``object``'s own method, where a class says that it has none but that: ``P.__eq__ is
    object.__eq__``."""
    if not is_class(proxy) or not isinstance_of_proxy(method):
        return method
    plain = vars(object).get(name)
    claimed = _own(method)["__kind__"], _own(method).get("__qualname__")
    return plain if claimed == (type(plain).__name__, name) else method


def _truth(proxy, value):
    if type(value) is not bool:
        raise TypeError(f"{told_of(proxy)} said neither yes nor no")
    return value


_KINDS = {"str": str, "repr": str, "float": float, "int": int, "index": int, "complex": complex}


def _converted(proxy, op):
    value = _carry(proxy, op)
    if type(value) is not _KINDS[op]:
        raise TypeError(f"{told_of(proxy)} gave no {_KINDS[op].__name__}")
    return value


# -- operators: of an object that the model answer gives one in the place of


def _add_operators():
    for name in BINARY:
        setattr(Proxy, f"__{name}__", _binary(name, reflected=False))
        setattr(Proxy, f"__r{name}__", _binary(name, reflected=True))
        if name != "divmod":
            setattr(Proxy, f"__i{name}__", _in_place(name))
    for name, mirrored in COMPARISONS.items():
        if name not in ("eq", "ne"):
            setattr(Proxy, f"__{name}__", _comparison(name, mirrored))
    for name in UNARY:
        setattr(Proxy, f"__{name}__", _unary(name))
    for name in ("float", "int", "index", "complex"):
        setattr(Proxy, f"__{name}__", _conversion(name))


def _binary(name, reflected):
    method = f"r{name}" if reflected else name

    def operate(self, other):
        if not _allows(self, method) and not (
            isinstance_of_proxy(other) and _allows(other, f"r{name}")
        ):
            if reflected or not isinstance_of_proxy(other):
                _insist(self, method)
            return NotImplemented
        return _carry(self, method, other)

    return operate


def _in_place(name):
    def operate(self, other):
        return _carry(self, f"i{name}", other) if _allows(self, f"i{name}") else NotImplemented

    return operate


def _comparison(name, mirrored):
    def compare(self, other):
        _insist(self, name, mirrored)
        return _carry(self, name, other)

    return compare


def _unary(name):
    def operate(self, *more):
        _insist(self, name)
        return _carry(self, name, *more)

    return operate


def _conversion(name):
    def convert(self):
        _insist(self, name)
        return _converted(self, name)

    return convert


_add_operators()


# -- classes


def _kind_of_proxy(thing):
    """The class that a proxy claims; the student's own, if the test does not know it."""
    if not isinstance_of_proxy(thing):
        return None
    own = _own(thing)
    found = own["__wall__"].classes.exact(own["__line__"])
    return _carry(thing, "type") if found is None else found


asked_type = make_type(_kind_of_proxy)


def asked_dataclasses():
    """{name: what stands for it in a test} of the functions of ``dataclasses`` that ask about an
    object: one that stayed behind is asked there."""
    names = ("fields", "asdict", "astuple", "replace", "is_dataclass")
    return {name: _asked_there(getattr(dataclasses, name)) for name in names}


def _asked_there(function):
    @functools.wraps(function)
    def ask(thing, /, *args, **kwargs):
        if isinstance_of_proxy(thing) and not args:
            return _carry(thing, function.__name__, *kwargs, *kwargs.values())
        return function(thing, *args, **kwargs)

    return ask


def asked_issubclass(kind, classes, /):
    """What stands for ``issubclass`` in a test: ``abc.ABC`` takes nothing but a class of Python's.

    Of a class that stayed behind it is told what it claims to derive from.
    """
    if not isinstance_of_proxy(kind) or not is_class(kind):
        return issubclass(kind, classes)
    if isinstance(classes, (tuple, types.UnionType)):
        return any(asked_issubclass(kind, one) for one in getattr(classes, "__args__", classes))
    if type(classes) is not ABCMeta:
        return issubclass(kind, classes)
    known = wall_of(kind).classes.known(_own(kind)["__own_line__"])
    return any(issubclass(one, classes) for one in known)


def _seen(proxy):
    """The class that the objects of a student's class are told by here."""
    own = _own(proxy)
    return own["__wall__"].classes.seen(own["__own_line__"], own["__name__"])


def _as_class(thing):
    """The class itself, if this process knows the one that a proxy claims to be."""
    if not isinstance_of_proxy(thing) or not is_class(thing):
        return thing
    own = _own(thing)
    found = own["__wall__"].classes.exact(own["__own_line__"])
    return thing if found is None else found


def _is_copy_of(thing, proxy):
    """Whether data arrived as an object of the student's class: a named tuple, a dataclass."""
    return getattr(type(thing), "__made_here__", None) is True and _same_name(type(thing), proxy)


def _same_name(cls, proxy):
    return cls.__name__ == _own(proxy).get("__name__")


def _without_source(*functions):
    """Tracebacks through these functions show no lines of them."""
    for function in functions:
        function.__code__ = function.__code__.replace(co_filename="<the wall>")


_without_source(
    *(_carry, _insist, _converted, _truth, *_ABLE.values()),
    *(
        f
        for c in (Proxy, FunctionProxy, IteratorProxy)
        for f in vars(c).values()
        if inspect.isfunction(f)
    ),
)
