"""Where the source's model answer gives an object of its own class.

There, and nowhere else, a student's object may answer for itself: what it is equal to, what it is
added to, whether it is true. Everywhere else a lying ``__sub__`` would win ``abs(f(2) - 4) < tol``.
A `Model` is read off the model answer (see `proctor.run.places`); nothing that a student writes,
and nothing that their process says, is part of it.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from dataclasses import dataclass

BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift", "divmod"),
)
COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
UNARY = ("neg", "pos", "abs", "invert", "round")
CONVERSIONS = ("str", "repr", "float", "int", "index", "complex", "bool", "hash", "len", "iter")

_OPERATORS = {*(f"{how}{name}" for how in ("", "r", "i") for name in BINARY)}
_OPERATORS |= {*COMPARISONS, *UNARY, "reversed", "enter"}


class Model:
    """What a notebook's model answers give.

    classes  {name of a class: {"methods": {method: names of classes that it gives},
             "attributes": the same}}; what it inherits is among them
    names    {name: names of classes}: what it is bound to
    gives    {name: names of classes}: what a call of it gives
    """

    def __init__(self, classes=None, names=None, gives=None):
        self.classes, self.names, self.gives = classes or {}, names or {}, gives or {}

    def of(self, name):
        """The `Place` that is a name of the student's; None for one of no interest."""
        place = Place(self, self._of(self.names.get(name)), self._of(self.gives.get(name)))
        if name in self.classes:
            place = Place(self, (), (name,), (name,))
        return place if place.kinds or place.calls else None

    def _of(self, names):
        return tuple(name for name in names or () if name in self.classes)


@dataclass(frozen=True)
class Place:
    """A place in a test: what the model answer gives there.

    kinds    names of the classes of which it gives an object
    calls    names of the classes of which a call gives one
    members  names of the classes whose methods it has
    within   whether it is what such an object has, of which the model says no more
    """

    model: Model
    kinds: tuple = ()
    calls: tuple = ()
    members: tuple = ()
    within: bool = False

    def has(self, method):
        """Whether an object of the model answer's has a method here."""
        return any(method in self.model.classes[kind]["methods"] for kind in self.kinds)

    def also(self, other):
        """The place that is both this one and another."""
        if other == self:
            return self
        both = (
            tuple(name for name in ours if name in theirs)
            for ours, theirs in (
                (self.kinds, other.kinds),
                (self.calls, other.calls),
                (self.members, other.members),
            )
        )
        return Place(self.model, *both, within=True)

    def after(self, op, name):
        """The place that an operation leads to, None if to none in particular."""
        if op == "call":
            return self._object(self.calls)
        if op == "getattr" and type(name) is str:
            return self._member(name)
        if op in _OPERATORS:
            return self._object(self._given(f"__{op}__"))
        if op in ("copy", "deepcopy", "replace"):
            return self
        if op == "getitem":
            return self._object(self._given("__getitem__"))
        if op == "iter":
            return Place(self.model, (), self._given("__iter__"), self._all())
        if op == "next":
            return self._object(self._given("__next__") or self.calls or self.kinds)
        return None

    def _object(self, kinds):
        calls = tuple(
            name
            for kind in kinds
            for name in self.model.classes[kind]["methods"].get("__call__", ())
        )
        return Place(self.model, kinds, calls, kinds) if kinds else None

    def _given(self, method):
        methods = (self.model.classes[kind]["methods"].get(method) for kind in self._all())
        return self.model._of([name for names in methods for name in names or ()])

    def _all(self):
        return tuple(dict.fromkeys((*self.members, *self.kinds)))

    def _member(self, name):
        calls = self._given(name)
        attributes = [
            kind
            for owner in self._all()
            for kind in self.model.classes[owner]["attributes"].get(name, ())
        ]
        kinds = self.model._of(attributes)
        if kinds:
            return self._object(kinds)
        if calls:
            return Place(self.model, (), calls)
        methods = (self.model.classes[kind]["methods"] for kind in self._all())
        if any(name in those for those in methods) or not (self.kinds or self.within):
            return None
        return Place(self.model, within=True)  # it may be true or false
