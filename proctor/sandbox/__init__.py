"""Locks an untrusted process in: its own folder, no network, no one else's processes, and limits.

    policy = Policy(folder="/srv/jail/1", hidden=("/course",), memory=2**30)
    jailed = launch([sys.executable, "student.py"], policy)
    jailed.wait(timeout=30)
    jailed.kill()          # returns when no process of it is left

`enter` does the same in a forked child without a new program. Every layer is used where the
machine allows it; `Jailed.held` says which are. Linux only.
"""

from proctor.errors import Ended, NoIsolation
from proctor.sandbox.entering import enter, fork, prepare
from proctor.sandbox.launch import Jailed, launch
from proctor.sandbox.policy import LAYERS, Policy, clean_environment

__all__ = [
    "LAYERS",
    "Ended",
    "Jailed",
    "NoIsolation",
    "Policy",
    "clean_environment",
    "enter",
    "fork",
    "launch",
    "prepare",
]
