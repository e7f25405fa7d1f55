"""Calls across a wall: a test calls a student's functions, which live in another process.

``Wall`` is the trusted end, in the process that runs the test; ``Student`` the other, in the
student's kernel. Data crosses by value (see ``wire``); an array that was passed is seen changed,
memory that was shared stays shared, an object that comes back is the same object. Everything else
stays where it is: the test holds a ``Proxy`` (a ``FunctionProxy``, if it can be called), and its
attributes, items and calls are carried across. Comparisons and truth are carried only where the
source's model answer gives an object of its own class; else a proxy equals nothing but itself. A
function that a test passes in is called back across the wall.

Nothing that the student's end sends is executed here, and none of it decides more than what a
student's function returns or raises.

    client    asks: the trusted end
    server    answers: the student's end
    proxies   what stands for an object of the student's kernel
    classes   which classes such an object claims
    places    where it may answer for itself
    callbacks what a test's function is called in the student's process
    loans     what it was given, and may change in a later call
    code      what of a function's code can be asked
    exceptions, as plain data, and made again from it
"""

from proctor.rpc.client import NameMissing, Wall
from proctor.rpc.codec import Limits, WallError, WallTimeout
from proctor.rpc.exceptions import describe
from proctor.rpc.proxies import (
    FunctionProxy,
    IteratorProxy,
    Proxy,
    asked_dataclasses,
    asked_issubclass,
    asked_type,
)
from proctor.rpc.server import Student

__all__ = [
    "FunctionProxy",
    "IteratorProxy",
    "Limits",
    "NameMissing",
    "Proxy",
    "Student",
    "Wall",
    "WallError",
    "WallTimeout",
    "asked_dataclasses",
    "asked_issubclass",
    "asked_type",
    "describe",
]
