"""The student's side: a locked-in process that runs cells and answers calls, and knows no test."""

import builtins
import contextlib
import hashlib
import io
import json
import os
import random
import sys
from collections import namedtuple

from proctor.rpc import Student, describe
from proctor.run.context import Surroundings
from proctor.run.doubles import Stage
from proctor.run.shell import LowOutput, Shell
from proctor.run.written import lay

FUNCTIONS = "__proctor__"
Functions = namedtuple("Functions", "run written made without bind reads around take double")
MOST = 16 << 20  # bytes of files to hand over


def main(wall):
    """Serve one notebook over the socket ``wall`` until its other end hangs up.

    The runner fetches the `Functions` (as `FUNCTIONS`) before any cell runs, and then uses nothing
    but those and what the cells define: ``run(source, count)`` runs a cell and ``written()`` tells
    what was printed since, both as JSON texts: nbformat's outputs, the names that are there now,
    and what came of the cell (an `Outcome`, or null); ``made(known)`` returns the files that were
    made, as {relative path: bytes, None if they have the `digest` that is known, or False if they
    are gone};
    ``without(*names)`` hides names and gives back all others; ``bind(name, value)`` gives a name;
    ``reads(function)`` has ``input`` ask a function, or, with None, nobody; ``around(about)`` sets
    what a test has set (see `proctor.run.context`); ``take(files, folders)`` lays what a test has
    written (see `proctor.run.written`); ``double(module, name, what)`` puts what a test has put
    into a place there (see `proctor.run.doubles`). Every answer says whether ``written()`` has
    news: where it has none, what the runner has fetched by a name is still what it stands for.
    """
    shell = Shell.instance()
    shell.low = LowOutput()
    shell.watch()
    # the same submission gives the same numbers: a fork would inherit whatever state there was
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    names = shell.user_ns
    hidden, before, told, folders = {}, set(_files()), None, set()

    def without(*gone):
        for name in hidden.keys() - set(gone):
            names.setdefault(name, hidden.pop(name))
        hidden.update({name: names.pop(name) for name in gone if name in names})

    def made(known=None):
        found, left = {}, MOST
        paths = {path for folder in ("", *folders) for path in _files(folder)}
        for path in sorted(paths - before):
            with io.open(path, "rb") as file:  # noqa: UP020  a test may have replaced the other
                data = file.read(left + 1)
            if len(data) <= left:
                found[path] = None if known and known.get(path) == digest(data) else data
                left -= len(data)
        gone = {path for path in known or () if not os.path.lexists(path)}
        return found | dict.fromkeys(gone, False)

    def bind(name, value):
        names[name] = value

    usual = builtins.input

    def reads(function):
        builtins.input = function or usual

    def run(source, count):
        outcome, outputs = shell.run(source, count)
        return tell(outputs, outcome.told())

    def written():
        return tell(shell.written())

    def tell(outputs, outcome=None):
        nonlocal told
        told = _bound(names)
        return json.dumps(outputs), _listed(names), json.dumps(outcome)

    def news():
        return shell.outputs or shell.low.waits() or _bound(names) != told

    def take(files, made_there):
        lay(files, made_there, folders)

    around = Surroundings(describe).set
    double = Stage(names).set
    names[FUNCTIONS] = tuple(
        Functions(run, written, made, without, bind, reads, around, take, double)
    )  # else it would cross as an object of a class
    Student(wall, names, news=news).serve()


def digest(data):
    """What tells a file's content from any other."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _bound(names):
    """A number for which names there are, and which objects they are bound to."""
    return hash((tuple(names), tuple(map(id, names.values()))))


def _listed(names):
    """Names as one text: a hundred of them would cross one by one."""
    return json.dumps([name for name in names if type(name) is str])


def _files(folder=""):
    """The regular files in the working folder, but hidden ones and notebooks."""
    with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
        for entry in entries:
            path = os.path.join(folder, entry.name)
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(path)
            elif entry.is_file() and not entry.name.endswith(".ipynb"):
                yield path
