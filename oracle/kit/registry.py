"""How a misconception is written down: as a function, or as a right answer and what is wrong in it.

A right answer, of which others differ, is a function with the decorator ``right``. Its method
``differs`` takes a text, in which each misconception looks like one of these:

    rounds-up (rounding) loses parts_remainder
        You rounded up: what is not whole does not count, so round down.
    ~ size // step => -(-size // step)
    counts-once (sharing) loses pass_{one,two}_values
        You counted only once.
    of another_right_answer
    - for row in rows:
    -     count += 1
    + count += 1

A name, in brackets the family of mistakes, the checks that it fails, as many as the braces say; the
sentence that helps, which is indented; of which right answer it is, from here on, if it is not the
one whose method this is; what is wrong. After ``~`` that is a part of a line and what stands in its
place, after ``-`` whole lines of the right answer and after ``+`` those in their place. Each old
part must be there once.

With ``slips`` in place of ``loses`` it is a slip: the visible examples of these checks know its
sentence. What else it fails is not written down, and no list of misconceptions has it.
"""

import ast
import importlib
import inspect
import linecache
import re
import textwrap
import types
from dataclasses import dataclass, field

_ALL, _RIGHT, _SLIPS = [], [], []


@dataclass(frozen=True)
class Misconception:
    """One wrong answer.

    name       what it shows, in-words-like-this
    kind       the family of mistakes it belongs to, as "rounding" or "overlap"
    hint       the sentence that helps, in the second person
    loses      the checks that it fails, exactly
    functions  {task: function}: what takes the place of the solution
    sources    {task: text}: the same as text, to be pasted into the task's cell
    module     where it is written down
    """

    name: str
    kind: str
    hint: str
    loses: frozenset
    functions: dict = field(repr=False)
    sources: dict = field(repr=False)
    module: str = ""


@dataclass(frozen=True)
class Right:
    """A right answer: its task, its text, and companions that must stand in other cells with it."""

    task: str
    source: str
    function: object = field(repr=False)
    also: dict = field(repr=False)

    @property
    def sources(self):
        """{task: text} of the cells."""
        return {self.task: self.source, **{t: _as_cell(f, t) for t, f in self.also.items()}}

    def differs(self, text):
        """Register misconceptions that are right answers with other lines in them; see above."""
        answer = self
        for name, kind, loses, hint, changes, slip in _read(text):
            for line in changes:
                if line.startswith("of "):
                    answer = self.function.__globals__[line.removeprefix("of ")]
            source = _changed(answer.source, changes, name)
            function = _function(source, answer, f"<{answer.function.__module__} {name}>")
            functions = {task: _named(f, task) for task, f in answer.also.items()}
            functions = {answer.task: function, **functions}
            sources = answer.sources | {answer.task: source}
            module, into = answer.function.__module__, _SLIPS if slip else _ALL
            _add(name, kind, hint, loses, functions, sources, module, into)


def all_of(modules):
    """Every misconception of these modules, in the order in which they are written down."""
    names = list(modules)
    for name in names:
        importlib.import_module(name)
    return tuple(each for name in names for each in _ALL if each.module == name)


def slips_of(modules):
    """Every slip of these modules, in the order in which they are written down."""
    all_of(modules)
    return tuple(each for each in _SLIPS if each.module in modules)


def right_answers(modules):
    """Every right answer of these modules, of which misconceptions differ."""
    all_of(modules)
    return tuple(each for each in _RIGHT if each.function.__module__ in modules)


# ---- a function -----------------------------------------------------------------------------


def misconception(task, kind, hint, loses, also=()):
    """Register a function as a wrong answer to ``task``; its name is the misconception's name.

    also  {task: function} of companions that must stand in other tasks' cells with it
    loses names of the checks that fail, as a string of words
    """

    def register(function):
        functions = {task: function, **dict(also)}
        _add(
            function.__name__.replace("_", "-"),
            kind,
            hint,
            loses,
            {name: _named(f, name) for name, f in functions.items()},
            {name: _as_cell(f, name) for name, f in functions.items()},
            function.__module__,
        )
        return function

    return register


def _add(name, kind, hint, loses, functions, sources, module, into=_ALL):
    loses = frozenset(loses.split())
    into.append(Misconception(name, kind, hint, loses, functions, sources, module))


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


# ---- a right answer, and what is wrong in it -------------------------------------------------


def right(task, also=()):
    """Make a function a right answer to ``task``, from which others differ; returns a ``Right``."""

    def register(function):
        _RIGHT.append(Right(task, _as_cell(function, task), function, dict(also)))
        return _RIGHT[-1]

    return register


_TITLE = re.compile(r"(?P<name>[\w-]+) \((?P<kind>[\w-]+)\) (?P<how>loses|slips) (?P<loses>.+)")


def _read(text):
    """Yield (name, kind, loses, hint, lines of what is wrong, is it a slip) of each."""
    lines = text.strip("\n").splitlines()
    starts = [n for n, line in enumerate(lines) if _TITLE.match(line)]
    if starts[:1] != [0]:
        raise ValueError(f"no misconception's first line: {lines[0]!r}")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        more, hint, changes = [], [], []
        for line in lines[start + 1 : end]:
            kept = changes if line[:1] != " " else hint if line.startswith("    ") else more
            kept.append(line if kept is changes else line.strip())
        found = _TITLE.fullmatch(" ".join([lines[start], *more]))
        loses, slip = _spread(found["loses"]), found["how"] == "slips"
        yield found["name"], found["kind"], loses, " ".join(hint), changes, slip


def _spread(loses):
    """The names that are meant by one in braces, as a_{b,c}_d; the others as they are."""
    meant = []
    for name in loses.split():
        before, brace, rest = name.partition("{")
        some, _, after = rest.partition("}")
        meant += [before + one + after for one in some.split(",")] if brace else [name]
    return " ".join(meant)


def _changed(source, changes, name):
    """The source of a right answer with what is wrong in it."""
    old, new = [], []
    for line in [*changes, "of"]:
        sign, rest = line[0], line[2:]
        if old and (sign == "~" or sign == "o" or (sign == "-" and new)):
            source, old, new = _replaced(source, old, new, name), [], []
        if sign == "~":
            part, _, other = rest.partition(" => ")
            if source.count(part) != 1:
                raise ValueError(f"{name}: {source.count(part)} times in the right answer: {part}")
            source = source.replace(part, other)
        elif sign == "-":
            old.append(rest)
        elif sign == "+":
            new.append(rest)
        elif sign != "o":
            raise ValueError(f"{name}: a line begins with none of ~ - + of: {line}")
    return source


def _replaced(source, old, new, name):
    """The source with new lines, of the same indentation, in place of the old ones."""
    lines, size = source.splitlines(), len(old)
    wanted = textwrap.dedent("\n".join(old))
    found = [n for n in range(len(lines)) if _unindented(lines[n : n + size]) == wanted]
    if len(found) != 1:
        raise ValueError(f"{name}: {len(found)} times in the right answer: {wanted}")
    (at,) = found
    lines[at : at + size] = [lines[at].removesuffix(old[0]) + line for line in new]
    return "\n".join(lines) + "\n"


def _unindented(lines):
    return textwrap.dedent("\n".join(lines))


def _function(source, answer, file):
    """The function of a source, with the names of the module in which the right answer stands.

    Tracebacks and ``inspect.getsource`` find its lines.
    """
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    made = {}
    exec(compile(source, file, "exec"), answer.function.__globals__, made)
    return made[answer.task]
