"""Copies: of the files that a student's cells wrote, for a test that reads files; cells' texts.

Files lie in the test's own folder for as long as it runs, as each of its calls leaves them: texts
as they are, of what sets up programs the names alone, of all else as many zeros. What could be
imported is left out; a file of the course's is never replaced. While they are there, no code is
made of them: see `proctor.run.taint`.
"""

import contextlib
import os

from proctor.files import state_of, write_files
from proctor.run.taint import guard, guarded

MOST = 1_000  # files
TEXTS = {"", ".txt", ".csv", ".tsv", ".json", ".md", ".html", ".log", ".dat", ".out", ".tex"}
RUNS = {".py", ".pyc", ".pyo", ".pyd", ".pyi", ".pyx", ".pth", ".so", ".zip", ".egg", ".whl"}
SETS = {".ipynb", ".sh", ".cfg", ".toml", ".ini"}  # what programs read of a folder that they run in


def is_plain(name):
    """Whether it is the one name of a file that lies in a folder."""
    return os.path.normpath(name) == name and not name.startswith((os.sep, os.pardir))


def shown(name, data):
    """What a test may have of a student's file; None of what could be imported."""
    end = os.path.splitext(name)[1].lower()
    if end in RUNS:
        return None
    return data if end in TEXTS else b"" if end in SETS else bytes(len(data))


@contextlib.contextmanager
def laid_out(folder="."):
    """Within this, have copies of files in a folder: gives a function that lays them as they are.

    It takes {relative path: bytes}, as a student's process tells of them, and returns the names of
    those that are there.
    """
    folder = os.path.abspath(folder)  # the test may change its own
    laid, states, tops = {}, {}, set()

    def lay(files):
        for name in [name for name in laid if states[name] != state_of(os.path.join(folder, name))]:
            del laid[name]  # the test has written it itself, or removed it
            tops.discard(name)
        chosen = {}
        for name, data in list(files.items())[:MOST]:
            top, text = name.split(os.sep)[0], shown(name, data)
            theirs = top in tops or not os.path.lexists(os.path.join(folder, top))
            if theirs and is_plain(name) and text is not None:
                chosen[name] = text
        for name in [name for name, data in laid.items() if chosen.get(name) != data]:
            del laid[name]
            _remove(os.path.join(folder, name))
        new = {name: data for name, data in chosen.items() if name not in laid}
        guard(*(data.decode("utf-8", "replace") for data in new.values()))
        written = write_files(new, folder, strict=False)
        laid.update({name: new[name] for name in written})
        states.update({name: state_of(os.path.join(folder, name)) for name in written})
        tops.update(name.split(os.sep)[0] for name in written)
        return sorted(laid)

    with guarded():
        try:
            yield lay
        finally:
            for top in tops:
                _remove(os.path.join(folder, top))


@contextlib.contextmanager
def listed(texts, theirs, names):
    """Have the texts of all cells so far under IPython's names for them, in a namespace.

    theirs  those of them that students wrote
    """
    before = {name: names.get(name) for name in ("In", "_ih")}
    with guarded():
        guard(*theirs)
        names.update(dict.fromkeys(before, texts))
        try:
            yield
        finally:
            names.update(before)


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        for entry in os.scandir(path):
            _remove(entry.path)
        os.rmdir(path)
    else:
        with contextlib.suppress(OSError, ValueError):  # the test removed it, or it never was
            os.unlink(path)
