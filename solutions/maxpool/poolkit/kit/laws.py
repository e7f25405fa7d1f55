"""Laws: what is true of every right answer, whatever its values, asked of a student's code."""

import contextlib
import functools
from dataclasses import dataclass

import numpy as np

from . import numerical, operations, pictures
from .cases import each, in_turn
from .remote import where_it_lives
from .specification import by_itself, set_aside
from .visible import because, drawn
from .voice import Failed, call, no_array, number, same, short

# ---- arrays ---------------------------------------------------------------------------------


def of_shape(array, shape, name="dx"):
    """Raise ``Failed`` unless it is an array of that shape; its values are not judged."""
    same(name, np.zeros_like(array) if isinstance(array, np.ndarray) else array, np.zeros(shape))


def same_dtypes(name, asked):
    """Raise ``Failed`` unless every array has its dtype; values are not judged.

    asked  list of (array, expected dtype, a line on what was asked)
    """
    got = [str(a.dtype) if isinstance(a, np.ndarray) else short(a) for a, _, _ in asked]
    for (array, expected, where), described in zip(asked, got, strict=True):
        with drawn(lambda _, *both: pictures.dtypes(*both), described, expected):
            if not isinstance(array, np.ndarray):
                what = f"{name} is {described}, expected an array of {expected}"
                raise Failed(what, where, no_array(array), got, odd=True)
            if array.dtype != expected:
                raise Failed(f"{name} has dtype {described}, expected {expected}", where, got=got)


def unchanged(function, name, before, after):
    """Raise ``Failed`` if a function wrote into an array that it was given."""
    if not np.array_equal(before, after, equal_nan=True):
        names = f"{name} afterwards", f"{name} before"
        with drawn(pictures.plain, before, names):
            raise Failed(
                f"{function.__name__} changed {name}",
                "The caller's array is not the same afterwards.",
                "something is written into the array that came in; work on a copy, or on a new "
                "array",
                got=after.copy(),
                expected=before,
            )


# ---- a function and its derivative ----------------------------------------------------------


@dataclass(frozen=True)
class Passes:
    """A student's function y = f(x), and the backward pass dx = Jᵀ·dy at one x.

    f        function of a list of x: an iterable of the student's y
    vjp      function of a list of dy: an iterable of the student's dx
    x        array
    drawing  function of a dy: context manager that draws a failure within. It yields a function
             that is told the dx.
    """

    f: object
    vjp: object
    x: np.ndarray
    drawing: object = lambda dy: contextlib.nullcontext(lambda dx: None)

    def linear(self, first, second, a, b):
        """Raise ``Failed`` unless dx of a·first + b·second is a·(dx of first) + b·(dx of second).

        first, second  two dy
        a, b           numbers
        """
        parts, given = [], iter(self.vjp([first, second, a * first + b * second]))
        for dy in (first, second):
            with self.drawing(dy):
                parts.append(next(given))
                of_shape(parts[-1], self.x.shape)
        got = next(given)
        where = (
            f"Here dy = {a}·dy₁ + ({b})·dy₂; expected is {a}·dx₁ + ({b})·dx₂, of your own dx₁, dx₂."
        )
        expected = a * parts[0] + b * parts[1]
        with drawn(pictures.plain, expected):
            same("dx", got, expected, where)

    def adjoint(self, u, v, h=1e-3):
        """Raise ``Failed`` unless ⟨J·v, u⟩ = ⟨v, Jᵀ·u⟩; J·v is measured with steps of h.

        u  array like y
        v  array like x
        """
        above, below = self.f([self.x + h * v, self.x - h * v])
        for y in (above, below):
            of_shape(y, u.shape, "y")
        left = np.sum(np.subtract(above, below, dtype=float) / (2 * h) * u)  # ⟨J·v, u⟩
        with self.drawing(u) as saw:
            (dx,) = self.vjp([u])
            saw(dx)
            of_shape(dx, self.x.shape)
            where = f"⟨J·v, u⟩, measured with your forward pass, is {number(left)}."
            same("⟨v, Jᵀ·u⟩", np.sum(v * dx), float(left), where)

    def measured(self, dy, where=None, batched=False):
        """Raise ``Failed`` unless dx equals the finite differences of the student's own f.

        where    as of ``same``
        batched  x is a batch of images that f treats alike: one call of it may suffice
        """

        def said(index):
            more = where(index) if callable(where) else where
            return "\n".join(["Expected is what finite differences of your y measure.", more or ""])

        def y(z):
            (given,) = self.f([z])
            return given

        def fitting_y(z):
            of_shape(given := y(z), dy.shape, "y")
            return given

        with self.drawing(dy) as saw:
            (dx,) = self.vjp([dy])
            saw(dx)
            if batched:
                with contextlib.suppress(Failed, TypeError, ValueError):
                    return same("dx", dx, numerical.vjp_at_once(y, self.x, dy))
            # step by step, to be sure: a function that mixes up its images has checks of its own
            return same("dx", dx, numerical.vjp(fitting_y, self.x, dy), said)


def conserved(dx, dy, shape, axes, where):
    """Raise ``Failed`` unless dx, an array of that shape, has the sum of dy over these axes."""
    of_shape(dx, shape)
    same("Σdx", dx.sum(axis=axes), dy.sum(axis=axes), where)


# ---- counting what Python does --------------------------------------------------------------

RIGHT_FIRST = "only a right answer counts as a fast one; the checks above say more"


@dataclass(frozen=True)
class Axes:
    """Along which axes of its arguments a function's work in Python may grow.

    sizes   {axis: its size to start from}; an axis is named by a letter
    things  {axis: what there are more of}
    groups  axes that get more together, as "HW": answers are compared for square images only
    more    by how many indices an axis gets longer
    """

    sizes: dict
    things: dict
    groups: tuple
    more: int = 24

    def longer(self, axes, by=None):
        """The sizes of all axes, some of them longer."""
        by = self.more if by is None else by
        return {**self.sizes, **{axis: self.sizes[axis] + by for axis in axes}}


class Counted:
    """Counts the operations of a student's function, each call with arrays of its own."""

    def __init__(self, function):
        self.function = function
        self._count = where_it_lives(function, operations.counted)

    def every(self, cases):
        """Return an iterator of (operations, answer); cases: (arguments, keywords)."""
        return each(counts, (self.function,), cases, lambda _, *given, **more: self(*given, **more))

    def __call__(self, *given, first=False):
        """(operations, answer) of one call; the ``first`` one is not counted: it may do more."""
        return self.ask(self.function, *own(given), first=first)

    def ask(self, called, *given, first=False):
        """The same of ``called``, a function where the student's is, with just these arguments."""
        counting = (called,) if first else (self._count, called)
        return call(by_itself(*counting, of=self.function), *given)


def own(given):
    """Arguments with copies of the arrays among them."""
    return [value.copy() if isinstance(value, np.ndarray) else value for value in given]


# where the student's functions live


def counts(function, cases):
    """(operations, answer) in each case."""
    return in_turn(functools.partial(counted, function), cases)


def counted(function, *given, first=False):
    """Return how many operations a call takes, and its answer.

    The first one is not counted: it may do more. Each has arrays of its own, as at home.
    """
    given = own(given)
    with set_aside():
        if first:
            function(*given)
            return None
        return operations.counted(function, *given)


# here


def grows(asking, arguments, axes, right=None):
    """Return along which axes the operations get more: {axis: ((size, operations), (…, …))}.

    asking     a ``Counted``, or what asks as it does
    arguments  function of one keyword for each axis; returns the tuple of positional arguments
    axes       an ``Axes``
    right      function of the arguments: the right answer, which the counted call must give

    A loop costs at least one operation for every further index, the first ones as the last. Axes
    that get more together are counted alone, too, to say which of them it is.
    """
    asked = ("", *axes.groups)
    # each call has arrays of its own: whether they are written to is judged by another check
    cases = [arguments(**axes.longer(group)) for group in ("", *asked)]
    given = asking.every([(case, {} if n else {"first": True}) for n, case in enumerate(cases)])
    next(given)  # whatever is done only the first time is done now
    start, *longer = (operations_of(next(given), right and right(*case)) for case in cases[1:])
    growing, more = {}, axes.more
    for group, total in zip(axes.groups, longer, strict=True):
        if total - start < more:
            continue
        halfway = arguments(**axes.longer(group, more // 2))
        between = operations_of(asking(*halfway), right and right(*halfway))
        first, second = between - start, total - between
        if first < more // 2 or second < max(more // 2, 0.75 * first):
            continue  # it gets less and less, as log₂ of the size does
        alone = dict.fromkeys(group, total)
        if len(group) > 1:  # which of them it is, if that can be seen
            cases = {axis: arguments(**axes.longer(axis)) for axis in group}
            alone = growing_alone(asking, cases, start + more) or alone
        for axis, many in alone.items():
            growing[axis] = (axes.sizes[axis], start), (axes.sizes[axis] + more, many)
    return growing


def growing_alone(count, cases, least):
    """{axis: operations} of those of ``cases`` {axis: arguments} that take at least so many."""
    found = {}
    for axis, arguments in cases.items():
        with contextlib.suppress(Failed):  # not square: another check judges that
            found[axis] = operations_of(count(*arguments))
    return {axis: counted for axis, counted in found.items() if counted >= least}


def operations_of(counted, expected=None):
    """Return the number in (number of operations, answer); the answer must be as expected."""
    pair = isinstance(counted, (tuple, list)) and len(counted) == 2
    if not (pair and type(counted[0]) is int):
        raise Failed("the operations of a call could not be counted", got=short(counted))
    number, answer = counted
    if expected is not None:
        with because(RIGHT_FIRST, certain=True):
            same("the counted answer", answer, expected)
    return number


def no_loops(function, arguments, axes, asking=None, right=None):
    """Raise ``Failed`` if Python does more for arguments that are longer along some axis.

    The arguments are those of ``grows``.
    """
    growing = grows(asking or Counted(function), arguments, axes, right)
    if not growing:
        return
    *others, last = growing
    lines = [
        f"{function.__name__} executed {grouped(few)} operations for {size} {axes.things[axis]} "
        f"and {grouped(many)} for {longer}: it loops over {axis}."
        for axis, ((size, few), (longer, many)) in growing.items()
    ]
    what = f"the work in Python grows with {', '.join(others) + ' and ' if others else ''}{last}"
    with drawn(lambda _: pictures.operations(growing, axes.things)):
        raise Failed(what, "\n".join(lines), got=what)


def grouped(number):
    return f"{number:_}".replace("_", "\u202f")
