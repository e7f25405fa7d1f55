"""Exceptions: what the grader raises for its callers to catch.

Each can be imported from the room that raises it, too, as `proctor.rpc.WallError`.
"""


class Refused(Exception):
    """Nothing can be graded; the text says in one line what is wrong and what to do."""


class Wait(Refused):
    """Nothing can be graded now, and it may be over later: a lock, a disk, a cluster's absence."""


class NoIsolation(RuntimeError):
    """Nothing on this machine keeps a student's code away from the course's files."""


class Ended(RuntimeError):
    """The jail could not be entered, or its process has ended already."""


class WallError(RuntimeError):
    """The other end broke the rules, or is gone. Nothing more is heard from it."""


class WallTimeout(WallError):
    """The other end did not answer in time."""


class NameMissing(NameError):
    """The student's namespace has no such name."""
