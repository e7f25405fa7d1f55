"""Course: what a grader reads in a course's folders of an assignment and its source notebooks."""

import ast
import builtins
import contextlib
import functools
import glob
import itertools
import os
import re
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests

from proctor.files import read, read_files
from proctor.run import names, places
from proctor.run.job import NOTEBOOK, PRELOAD, Assignment
from proctor.wording import first_line


class Course:
    """What a grader needs to know of an assignment, read from a course's folders."""

    def __init__(self, coursedir, assignment):
        self.coursedir, self.name = coursedir, assignment
        self.root = os.path.realpath(coursedir.root)
        self.ignore = (*coursedir.ignore, "*.ipynb")

    def folder(self, kind, student="."):
        """The assignment's folder in ``source/``, ``submitted/`` …"""
        return self.coursedir.format_path(kind, student, self.name)

    def assignment(self, preload=PRELOAD, leave_out=()):
        """The `Assignment`: what is released beside the notebooks, and what cells import.

        leave_out  files of which the student's own version counts
        """
        files = read_files(self.folder(self.coursedir.source_directory), self.ignore)
        lessons, tests = self._cells()
        released = {name.split(os.sep)[0].removesuffix(".py") for name in files}
        private = _private(self.root, (*lessons, *tests), self.ignore, released)
        return Assignment(
            files={name: data for name, data in files.items() if name not in leave_out},
            lessons=lessons,
            tests=tests,
            mark=self._mark,
            private=private,
            preload=preload,
        )

    def _notebooks(self):
        """(path, when it was changed) of each source notebook."""
        source = glob.escape(self.folder(self.coursedir.source_directory))
        paths = sorted(glob.glob(os.path.join(source, "*.ipynb")))
        return tuple((path, os.stat(path).st_mtime_ns) for path in paths)

    def _cells(self):
        return _cells(self._notebooks())

    def known(self, private=()):
        """What the source says of names: {notebook: {grade_id: fields for a cell of a `Job`}}.

        Under `NOTEBOOK` is what it says of the notebook as a whole: fields of `Job.source`.

        private  paths of the modules that students' code may not read
        """
        modules = frozenset(path.split(os.sep)[0].removesuffix(".py") for path in private)
        source = Path(self.folder(self.coursedir.source_directory))
        beside = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(source.glob("*.py")))
        known = functools.partial(_known, mark=self._mark, private=modules, beside=beside)
        return {Path(notebook[0]).stem: known(notebook) for notebook in self._notebooks()}

    @functools.cached_property
    def _mark(self):
        return ClearHiddenTests(config=self.coursedir.config).begin_test_delimeter

    def lessons(self):
        """The texts of the course's own cells, which students see."""
        return self._cells()[0]

    def notebooks(self):
        """{name: path} of the source notebooks."""
        return {Path(path).stem: path for path, _ in self._notebooks()}

    def cells(self):
        """{notebook: [(type, text, what nbgrader says of it, tags)]} of all source cells."""
        return {
            name: [
                (c.cell_type, c.source, c.metadata.get("nbgrader"), c.metadata.get("tags"))
                for c in _book(path).cells
            ]
            for name, path in self.notebooks().items()
        }


@functools.lru_cache(8)
def _cells(notebooks):
    """(lessons, tests): texts of the code cells of notebooks, given as pairs (path, changed).

    Raises ValueError for one that is no notebook.
    """
    lessons, tests = [], []
    for notebook in notebooks:
        for cell in _code(notebook):
            if not utils.is_solution(cell):
                hidden = utils.is_grade(cell) or "HIDDEN TESTS" in cell.source
                (tests if hidden else lessons).append(cell.source)
    return tuple(lessons), tuple(tests)


@functools.lru_cache(100)
def _all_cells(notebook):
    """The cells of a notebook (path, changed); ValueError if it is none."""
    return _book(notebook[0]).cells


def _code(notebook):
    return [cell for cell in _all_cells(notebook) if cell.cell_type == "code"]


def _book(path):
    """The notebook in a file; ValueError if it is none."""
    try:
        # `nbformat.read` would check it too: that is done where a notebook becomes a `Pristine`
        book = nbformat.reader.reads(Path(path).read_text(encoding="utf-8"))
        return nbformat.convert(book, 4)
    except Exception as error:  # what nbformat raises depends on the damage
        kind = type(error).__name__
        raise ValueError(f"{Path(path)} is no notebook: {kind}: {first_line(error)}") from error


@functools.lru_cache(100)
def _known(notebook, mark, private, beside):
    """{grade_id: fields for a cell of a `Job`} of a source notebook (path, changed).

    mark     what begins a hidden region
    private  modules that only the grader has
    beside   (path, changed) of modules that are released with it
    """
    code, found, trees, tests, classes = _code(notebook), {}, [], [], set()
    seen, hidden = set(), {}  # names that released lines bind; {test: those that hidden lines bind}
    secret = {name for cell in code for name in _imports_of(cell.source, private)}
    for cell in code:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if not utils.is_grade(cell) or utils.is_solution(cell):
            trees.append(tree(cell.source))
            seen |= names.bound(trees[-1])
        if utils.is_solution(cell):
            found[name] = {"answer": names.answer(trees[-1]).told()}
        elif not utils.is_grade(cell):
            classes |= names.classes(trees[-1])
        else:
            tests.append(tree(cell.source))
            lines = cell.source.split("\n")
            released = "\n".join(itertools.takewhile(lambda line: mark not in line, lines))
            shared = names.shared(tree(released), secret)
            seen |= names.bound(tree(released))
            hidden[name] = names.hidden(tree(cell.source), released.count("\n") + 1, secret)
            classes |= names.classes(tree(shared.code))
            # in a text of several lines or in brackets, a hidden region cannot begin with a call
            if shared != names.Shared() and tree(names.calling("share()", cell.source, mark)).body:
                found[name] = {"shared": shared.told() | {"mark": mark}}
    answers = [one["answer"] for one in found.values() if "answer" in one]
    # what only a test binds, and a model answer takes, is meant for it: but for its own ``sum``
    taken = {name for answer in answers for name in answer["takes"]}
    taken -= vars(builtins).keys() - seen
    for name in hidden:
        if follow := sorted(taken & hidden[name]):
            found[name] = found.get(name, {}) | {"follow": follow}
    imported = {name for cell in code for name in names.imports(tree(cell.source))}
    modules = {Path(path).stem: path for path, _ in beside if Path(path).stem in imported}
    found[NOTEBOOK] = {
        "model": places.model(trees, [tree(_text(path)) for path in modules.values()], tests),
        "beside": sorted(modules),
        "mark": mark,
        "private": sorted(private),
        "released": sorted(classes),
        "read": sorted({name for answer in answers for name in answer["reads"]}),
        "rebound": sorted({name for tree in trees for name in names.rebound(tree)}),
        "modules": sorted(_own_modules(_all_cells(notebook))),
        "files": sorted({name for tree in trees for name in _files_in(tree)}),
    }
    return found


def _files_in(tree):
    """Texts in code that could be names of files."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"[\w./ -]{1,100}\.\w{1,8}", text):
            yield text


def _text(path):
    """The text of a module; empty if it cannot be read: that is told where it is imported."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _own_modules(cells):
    """The modules that tests import and a student may be asked to write, with their packages.

    A model answer imports them, too, or a cell that is no test speaks of the file.
    """
    asked, written, others = set(), set(), []
    for cell in cells:
        code = cell.cell_type == "code"
        if utils.is_grade(cell) and not utils.is_solution(cell):
            asked |= names.imports(tree(cell.source)) if code else set()
            continue
        others.append(cell.source)
        if code and utils.is_solution(cell):
            written |= names.imports(tree(cell.source))
    text, found = "\n".join(others), set()
    for name in asked:
        last = name.rpartition(".")[2]
        if name in written or f"{last}.py" in text or f"{last}/" in text:
            parts = name.split(".")
            found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return found


@functools.lru_cache(2_000)
def tree(source):
    """The syntax tree of a cell, to read only; empty if it is no code, as a function cut off."""
    try:
        return _parsed(source)
    except SyntaxError:
        return ast.Module([], [])


def _imports_of(source, modules):
    """The names that a cell binds by importing one of these modules, or from one."""
    if source.isascii() and not any(module in source for module in modules):
        return
    for node in ast.walk(tree(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                module = node.module if isinstance(node, ast.ImportFrom) else alias.name
                if (module or "").split(".")[0] in modules:
                    yield alias.asname or alias.name.split(".")[0]


def _private(root, sources, ignore, released):
    """{relative path: bytes} of the modules in ``root`` that sources import, and those import.

    released  names that are found beside the notebooks instead
    """
    found, seen, waiting = {}, set(released), list(sources)
    while waiting:
        for name in _imported(waiting.pop()) - seen:
            seen.add(name)
            folder, file = os.path.join(root, name), f"{name}.py"
            if glob.glob(os.path.join(glob.escape(folder), "*.py")):
                module = read_files(folder, ignore)
                module = {os.path.join(name, inner): data for inner, data in module.items()}
            else:
                data = read(os.path.join(root, file))
                module = {} if data is None else {file: data}
            found |= module
            waiting += [d.decode(errors="replace") for n, d in module.items() if n.endswith(".py")]
    return found


@functools.lru_cache(1000)
def _imported(source):
    """The top-level names of the modules that a cell or a module imports."""
    names = set()
    with contextlib.suppress(SyntaxError):  # it is told where it runs
        for node in ast.walk(_parsed(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return frozenset(names)


def _parsed(source):
    """The syntax tree of a cell or a module."""
    try:
        return ast.parse(source)
    except SyntaxError:  # with magics, maybe
        # here, not above: IPython takes long to import, and a template is told of its assignment
        # before anything else (jupyter_client, which looks for kernels) imports it
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))
