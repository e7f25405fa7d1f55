"""How a misconception is written down."""

import ast
import functools
import importlib
import inspect
import textwrap
import types
from dataclasses import dataclass, field

_ALL = []


@dataclass(frozen=True)
class Misconception:
    """One wrong answer.

    name       what it shows, in-words-like-this
    kind       the family of mistakes it belongs to, as "rounding" or "overlap"
    hint       the sentence that helps, in the second person
    loses      the checks that it fails, exactly
    functions  {task: function}: what takes the place of the solution
    sources    {task: text}: the same as text, to be pasted into the task's cell
    """

    name: str
    kind: str
    hint: str
    loses: frozenset
    functions: dict = field(repr=False)
    sources: dict = field(repr=False)


def misconception(task, kind, hint, loses, also=()):
    """Register a function as a wrong answer to ``task``; its name is the misconception's name.

    also  {task: function} of companions that must stand in other tasks' cells with it
    loses names of the checks that fail, as a string of words
    """

    def register(function):
        functions = {task: function, **dict(also)}
        _ALL.append(
            Misconception(
                name=function.__name__.replace("_", "-"),
                kind=kind,
                hint=hint,
                loses=frozenset(loses.split()),
                functions={name: _named(f, name) for name, f in functions.items()},
                sources={name: _as_cell(f, name) for name, f in functions.items()},
            )
        )
        return function

    return register


def _named(function, name):
    """A copy that is called ``name``, as in the student's notebook: messages on errors say it."""
    copy = types.FunctionType(function.__code__, function.__globals__, name, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _as_cell(function, name):
    """The function's source without its decorators, renamed to ``name``."""
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    lines = source.splitlines()[node.lineno - 1 :]
    lines[0] = lines[0].replace(f"def {function.__name__}(", f"def {name}(", 1)
    return "\n".join(lines) + "\n"


@functools.cache
def known():
    """Every misconception, chapter by chapter, in the order of the tasks."""
    for chapter in ("windows", "jacobian", "layer", "network"):
        importlib.import_module(f"oracle.misconceptions.{chapter}")
    return tuple(_ALL)
