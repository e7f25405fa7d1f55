"""Copies: of the files that a student's cells wrote, for a test that reads files; cells' texts.

Files lie in the test's own folder for as long as it runs, as each of its calls leaves them: texts
as they are, of all else as many zeros. What could be imported or run is left out; a file of the
course's is never replaced. While they are there, nothing that is made from text or by ``pickle``
can bring their code to life.
"""

import ast
import contextlib
import os
import sys

from proctor.files import write_files

MOST = 200  # files
TEXTS = {"", ".txt", ".csv", ".tsv", ".json", ".md", ".html", ".log", ".dat", ".out", ".tex"}
RUNS = {
    *(".py", ".pyc", ".pyo", ".pyd", ".pyi", ".pyx", ".pth", ".so", ".ipynb", ".sh", ".zip"),
    *(".egg", ".whl", ".cfg", ".toml", ".ini"),
}


@contextlib.contextmanager
def laid_out(folder="."):
    """Within this, have copies of files in a folder: gives a function that lays them as they are.

    It takes {relative path: bytes}, as a student's process tells of them, and returns the names of
    those that are there.
    """
    laid, tops, texts = {}, set(), list(_texts)

    def lay(files):
        chosen = {}
        for name, data in list(files.items())[:MOST]:
            end, top = os.path.splitext(name)[1].lower(), name.split(os.sep)[0]
            if end in RUNS or (top not in tops and os.path.lexists(os.path.join(folder, top))):
                continue
            chosen[name] = data if end in TEXTS else bytes(len(data))
        for name in [name for name, data in laid.items() if chosen.get(name) != data]:
            del laid[name]
            _remove(os.path.join(folder, name))
        new = {name: data for name, data in chosen.items() if name not in laid}
        write_files(new, folder, strict=False)
        laid.update(new)
        tops.update(name.split(os.sep)[0] for name in new)
        _guard([*_texts, *(data.decode("utf-8", "replace") for data in new.values())])
        return sorted(laid)

    try:
        yield lay
    finally:
        _guard(texts)
        for top in tops:
            _remove(os.path.join(folder, top))


@contextlib.contextmanager
def listed(texts, theirs, names):
    """Have the texts of all cells so far under IPython's names for them, in a namespace.

    theirs  those of them that students wrote
    """
    before, guarded = {name: names.get(name) for name in ("In", "_ih")}, list(_texts)
    _guard([*guarded, *theirs])
    names.update(dict.fromkeys(before, texts))
    try:
        yield
    finally:
        _guard(guarded)
        names.update(before)


@contextlib.contextmanager
def guarded():
    """Within this, `guard` holds for texts, and no longer."""
    before = list(_texts)
    try:
        yield
    finally:
        _guard(before)


def guard(text):
    """From now on no code is made of one more text of a student's."""
    _guard([*_texts, text])


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        for entry in os.scandir(path):
            _remove(entry.path)
        os.rmdir(path)
    else:
        with contextlib.suppress(OSError, ValueError):  # the test removed it, or it never was
            os.unlink(path)


_texts = []  # of a student's, that lie in the test's folder or are listed
_hooked = []


def _guard(texts):
    """From now on no code is made of these texts, and nothing is unpickled by a class's name."""
    _texts[:] = texts
    if _texts and not _hooked:
        _hooked.append(True)  # a hook stays for as long as the process
        sys.addaudithook(_watch)


def _watch(event, args):
    if not _texts:
        return
    if event == "pickle.find_class":
        raise PermissionError("a test that reads a student's files cannot unpickle objects")
    if event == "compile" and isinstance(args[0], (str, bytes)):
        source = args[0] if isinstance(args[0], str) else args[0].decode("utf-8", "replace")
        if sys._getframe(1).f_globals is vars(ast):  # as in ast.literal_eval: none of it runs
            return
        if (source := source.strip()) and any(source in text for text in _texts):
            raise PermissionError("a test cannot evaluate what a student wrote")
