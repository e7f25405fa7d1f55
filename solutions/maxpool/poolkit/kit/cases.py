"""Cases: many calls of a student's functions at once, where they live."""

import functools
import itertools

import numpy as np

from . import remote
from .specification import HOW, by_itself, set_aside
from .voice import Failed, attempt, call, quiet


def each(work, functions, cases, one, seen=0):
    """Return an iterator of what the student's functions answer in each of ``cases``.

    Where the functions live in another process, a call costs more than most answers do, and all
    cases are asked there at once. What that leaves open is asked from here, one case after the
    other: everything from the first case on in which anything is unusual. So whatever is wrong is
    found, and said, in one way only. An error is raised in its turn; the next case can be asked.

    work       function of this package: ``work(*functions, cases)`` gives a tuple of answers
    functions  tuple of the student's functions
    cases      list of (arguments as a tuple, keyword arguments as a dict)
    one        function that asks in one case: ``one(*functions, *arguments, **keywords)``
    seen       how many of the last cases are asked from here whatever happens: only so it is seen
               here, and not just said there, that nothing was written to what a function was given
    """
    known = ahead(work, functions, cases[: len(cases) - seen])

    def ask(arguments, keywords):
        return one(*functions, *arguments, **keywords)

    return itertools.chain(known, itertools.starmap(ask, cases[len(known) :]))


def ahead(work, functions, cases):
    """Return what ``work`` gives where the functions live; () if they live here.

    It is a tuple of at most as many answers as cases. Whether they are right, or of any use, is
    not known: they are what a student's process says. Any nonsense or error is ().
    """
    if not cases or not all(map(remote.is_remote, functions)):
        return ()
    try:
        there = remote.with_copies(
            attempt(functools.partial(remote.where_it_lives, functions[0], work))
        )
        # without a name of its own: it is the student's function that is late or raises
        plainly = tuple((arguments, tuple(named.items())) for arguments, named in cases)
        got = attempt(functools.partial(there, *functions, plainly))
    except Failed as failure:
        if failure.error.startswith("KeyboardInterrupt"):  # late already: not once more
            raise
        return ()
    return got if type(got) is tuple and len(got) <= len(cases) else ()


def answered(function, cases):
    """The ``work`` of one function: what it answers in each case."""

    def one(*args, **kwargs):
        given = plain(args)
        answer = function(*given, **kwargs)
        if not as_before(args, given):
            raise ValueError("the function changed what it was given")
        return answer

    return in_turn(one, cases)


def alone(function, cases):
    """``answered`` by a function for which the specification is no answer."""
    with set_aside():
        return answered(function, cases)


def alone_here(function, *args):
    """Call from here a function for which the specification is no answer."""
    return call(by_itself(function), *args)


def found_out(function, cases):
    """``answered`` by a function to which the specification gives values, but not how they come."""
    with set_aside(HOW):
        return answered(function, cases)


def found_out_here(function, *args):
    """Call from here a function to which the specification gives values alone."""
    return call(by_itself(function, what=HOW), *args)


def in_turn(one, cases):
    """Return what ``one`` gives in each case, up to the first that raises or gives no plain data.

    Runs where a student's functions live, and is quiet as ``call`` is.
    """
    found = []
    with quiet():
        for arguments, keywords in cases:
            try:
                found.append(plain(one(*arguments, **dict(keywords))))
            except (Exception, SystemExit):
                break
    return tuple(found)


def plain(answer):
    """Return a copy of arrays and numbers, and of containers of them; TypeError for the rest.

    A copy, because a student's function may use the same array for its next answer.
    """
    if type(answer) is np.ndarray and answer.dtype.kind in "biuf":
        return answer.copy()
    if answer is None or isinstance(answer, (bool, int, float, np.number, np.bool_)):
        return answer
    if type(answer) in (tuple, list):
        return type(answer)(map(plain, answer))
    if type(answer) is dict and all(type(key) is str for key in answer):
        return {key: plain(value) for key, value in answer.items()}
    raise TypeError(f"{type(answer).__name__} is no plain data")


def as_before(before, after):
    """Whether a copy of plain data is still what it was, to the last bit."""
    if isinstance(before, np.ndarray):
        return before.shape == after.shape and before.tobytes() == after.tobytes()
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(as_before(before[k], after[k]) for k in before)
    if isinstance(before, (tuple, list)):
        return len(before) == len(after) and all(map(as_before, before, after))
    return before is after
