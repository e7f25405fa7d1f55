"""Taint: no code is made of what a student wrote or returned, and no program started by it.

A test may hand a text on to what interprets it: ``eval(f())``, ``sympy.simplify(answer)``,
``pickle.loads``, ``df.query``, SQL. In the student's process that is theirs to do; here an audit
hook looks at what is compiled while a test, or a cell of the course's, runs:

- what the test itself has compiled, or hands to an interpreter, has to be in the test's own words,
  or only compute: all names and texts in it stand in the test, or it is arithmetic;
- what others compile (a library, of its own files) must not be a student's text, have one in it or
  be cut from one. Texts are known as they came.
"""

import ast
import builtins
import contextlib
import functools
import math
import os
import re
import sqlite3
import sys

from proctor.files import names_of_files, state_of
from proctor.rpc import Proxy
from proctor.rpc.callbacks import is_installed

_SHORT, _CUT = 4, 8  # characters of what is put into a longer text, or cut from one
_REFUSED = "a test cannot evaluate what a student wrote or returned; tag it in-student-kernel"
_WORD = re.compile(r"[^\W\d]\w*")
_COOKIE = re.compile(r"[ \t\f]*#.*coding[:=]")
_LINE = re.compile(r"\r\n|\r|\n")  # as Python's own reader has it
_NO_CODE = SyntaxError, ValueError  # `compile` will say so, too
_GRAMMAR = {"and", "or", "not", "in", "is", "if", "else", "None", "True", "False", "pass"}

# expressions that only compute
_PLAIN = (
    *(ast.Expression, ast.Module, ast.Expr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare),
    *(ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp),
    *(ast.Subscript, ast.Slice, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_COMPUTE = {
    *("abs", "bool", "complex", "dict", "divmod", "float", "frozenset", "int", "len", "list"),
    *("max", "min", "pow", "range", "round", "set", "sorted", "str", "sum", "tuple"),
}
_COMPUTE |= {name for name in vars(math) if name[0] != "_"}
_SYMBOLIC = {
    *("sqrt", "cbrt", "root", "diff", "integrate", "limit", "simplify", "expand", "factor"),
    *("together", "apart", "cancel", "summation", "product", "binomial"),
}
_OF_TEXT = {"Symbol", "Function", "Integer", "Float", "Rational", "Dummy"}  # take one
_NUMBER_OR_NAME = re.compile(r"[\w.+\-/]*")
_OF_COLUMNS = {
    *("isnull", "notnull", "isna", "notna", "isin", "between", "abs", "round", "str", "dt"),
    *("startswith", "endswith", "contains", "lower", "upper", "strip", "len", "year", "month"),
}
_DANGEROUS = {
    *("eval", "exec", "compile", "open", "input", "breakpoint", "exit", "quit", "help"),
    *("getattr", "setattr", "delattr", "globals", "locals", "vars", "__import__", "memoryview"),
}
# what unpickling may call once bytes came: of containers, dates and decimal numbers
_MADE_BY_PICKLE = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "range", "slice"},
    "collections": {"OrderedDict", "deque"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "_codecs": {"encode"},  # of bytes, in old pickles
}
_MADE_BY_PICKLE["__builtin__"] = _MADE_BY_PICKLE["builtins"]  # as those call them
_LIBRARIES_OF_DATA = {
    *("numpy", "pandas", "scipy", "sklearn", "networkx", "torch", "PIL", "statsmodels", "xarray"),
    *("seaborn", "matplotlib", "shapely", "geopandas", "xgboost", "lightgbm", "fractions"),
    *("collections", "datetime", "decimal", "uuid", "pathlib"),
}
# … but for the parts of these that write files or run programs
_ACTIVE = {
    *("io", "testing", "distutils", "f2py", "ctypeslib", "_datasource", "hub", "cpp_extension"),
    *("_inductor", "_dynamo", "package", "backends", "computation", "_memmap", "memmap"),
}
_MAKES_DATA = re.compile(
    r"ndarray|dtype|scalar|record|recarray|matrix|new_\w+|__\w+_ctor|_?\w+_unpickle"
    r"|_(?:mareconstruct|_pyx_unpickle|reconstruct|frombuffer|rebuild|unpickle|new_)\w*"
    r"|(?:cs[rc]|coo|lil|dok|dia|bsr)_(?:matrix|array)"
)
# what makes code of its own templates, with names that it has looked at
_GENERATORS = ("collections", "dataclasses", "attr")
_HERE = os.path.dirname(os.path.dirname(__file__))  # this package, installed or not
# what runs a text that it is given
_RUNNERS = (
    *("__main__", "IPython", "doctest", "timeit", "code", "runpy", "profile", "cProfile", "pdb"),
    *("bdb", "trace", "proctor.rpc.client"),  # the last calls what a student asks it to
)
_THROUGH = ("ast", "codeop", "inspect", "IPython", "proctor.run.shell")
_OURS = ("proctor.rpc.code", "proctor.rpc.callbacks", "proctor.run.sources", "proctor.run.testrun")
_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
_EVENTS = {"compile", "pickle.find_class", "marshal.loads", *_PROGRAMS}


class _State:
    """What is known.

    texts   of a student's: of files, cells, sources
    heard   the `proctor.rpc.heard.Heard` of what their process said
    own     texts of the test's
    words   in these, when they were asked for; else None
    folder  where the test is
    given   {path: state} of the modules that the course has given to the test
    tree    whether a syntax tree was made of a text that is not the test's
    idle    whether no test is at work: the hook itself is, or other code of ours
    """

    texts, heard, own, words = (), None, frozenset(), None
    folder, given, tree, idle = "", {}, False, True


_state = _State()
_hooked = []


def install():
    """Look at what is compiled from now on, for as long as the process lasts.

    The modules in the working folder and below are the course's.
    """
    if not _hooked:
        modules = (name for name in names_of_files(".") if name.endswith(".py"))
        _state.given = {os.path.abspath(name): state_of(name) for name in modules}
        _hooked.append(True)
        sys.addaudithook(_heed)
        sqlite3.connect = sqlite3.dbapi2.connect = _connect


@contextlib.contextmanager
def watched(heard, own):
    """Within this, nothing of what was heard becomes code.

    own  texts of the test's: its source, and constants of it
    """
    install()
    _state.heard, _state.own, _state.words = heard, frozenset(own), None
    _state.folder, _state.tree, _state.idle = os.getcwd(), False, False
    try:
        yield
    finally:
        _state.heard, _state.own, _state.words, _state.idle = None, frozenset(), None, True


@contextlib.contextmanager
def watched_at_least(heard):
    """The same where nothing is watched: a student's code may keep a function that a test has
    passed, and call it when no test is at work."""
    with watched(heard, frozenset()) if _state.idle else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def guarded():
    """Within this, `guard` holds for texts, and no longer."""
    before = _state.texts
    try:
        yield
    finally:
        _state.texts = before


def refuse_doctests():
    """From now on no examples are looked for in what a student wrote: none would be found there,
    and none fails where there is none."""
    import doctest

    find = doctest.DocTestFinder.find
    if find is not _find:
        _find.usual, doctest.DocTestFinder.find = find, _find


def _find(self, obj, *args, **kwargs):
    if isinstance(obj, Proxy) or getattr(obj, "__name__", None) == "__main__":
        raise PermissionError(_REFUSED)
    return _find.usual(self, obj, *args, **kwargs)


def guard(*texts):
    """From now on these are a student's, too: of files that were laid out, of cells, of sources."""
    _state.texts = (*_state.texts, *texts)


def _heed(event, args):
    if event not in _EVENTS or _state.idle:
        return
    _state.idle = True  # what is asked here is no test's doing
    try:
        if not _HEEDED.get(event, _starts)(args, sys._getframe(1)):
            raise PermissionError(_REFUSED)
    finally:
        _state.idle = False


# -- programs, databases, bytes


def _starts(args, frame):
    """Whether a program may be started."""
    return not any(_is_theirs(word) for word in _texts_in(args))


def _texts_in(args):
    waiting = list(args)
    for one in waiting:
        if isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, (str, bytes)):
            yield os.fsdecode(one)


def _connect(*args, connect=sqlite3.connect, **kwargs):
    """What stands for ``sqlite3.connect``: a statement may not take up another file."""
    connection = connect(*args, **kwargs)
    connection.set_authorizer(_authorize)
    return connection


def _authorize(action, name, *_):
    """Whether an SQL statement may do this."""
    other = action == sqlite3.SQLITE_ATTACH and name not in ("", ":memory:")
    if other and not _state.idle and (name is None or _is_theirs(name)):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _unpickles(args, frame):
    """Whether unpickling may use a class: one of data, as long as no bytes came that could be it.

    Any other only before the student's process has said anything: a test can make bytes of a text.
    """
    module, name = args
    if name in _MADE_BY_PICKLE.get(module, ()):
        return True
    came = _state.texts or _state.heard.bytes or _state.heard.spells(*args)
    if not came and (_is_data(module, name) or not _state.heard.any):
        return True
    return _within(frame, "multiprocessing") or _within(frame, "concurrent")  # from its own workers


def _is_data(module, name):
    """Whether what unpickling looks up by this name is a class of data, or makes an object of one.

    Names of classes begin with a capital, those of what makes objects with one of a few words.
    """
    top, *inner = module.split(".")
    if module == "copyreg":
        return name == "_reconstructor"
    data = top in _LIBRARIES_OF_DATA and not _ACTIVE.intersection(inner)
    if "." in name or not (data or top == "__main__" or _is_the_courses(top)):
        return False
    return name.lstrip("_")[:1].isupper() or (data and bool(_MAKES_DATA.fullmatch(name)))


def _is_the_courses(module):
    """Whether a module that was imported is neither Python's nor of an installed library."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return not (is_installed(file) or file.startswith(_HERE))


def _loads(args, frame):
    """Whether code may be read as bytes: by an import; a test can make bytes of a text."""
    return _is_of(frame, "importlib") or not _state.heard.any


# -- code


def _compiles(args, frame):
    """Whether code may be made of a text, or a tree."""
    source, name = args
    caller, asks = _past(frame, _THROUGH), _past(frame, ("ast", "codeop"))
    if any(_is_of(caller, one) for one in _OURS):  # a function's lines are looked up, none is run
        return True
    if source is None or isinstance(source, ast.AST):
        # a tree: IPython's are of the test's own text
        return not _state.tree or _is_of(asks, "IPython")
    if not isinstance(source, str):
        source = _decoded(source, asks)
        if source is None:
            return False
    if source in asks.f_code.co_consts or source.strip() in _state.own:
        return True
    if frame.f_globals is vars(ast):
        # no tree is run by itself, nor by ``ast.literal_eval``, which is the one that asks
        literal = frame.f_back.f_code.co_name == "literal_eval"
        if not _within(frame, "pandas.core.computation"):
            _state.tree |= not literal and not _may_run(source)
            return True
    if _is_of(frame, "importlib") and (not _is_here(name) or _is_as_given(name)):
        return True
    if _is_of(frame, "sympy"):
        return _symbols(source, frame)
    if _within(frame, "pandas.core.computation"):
        return _columns(source, frame)
    if _is_of(frame, "typing"):
        return _may_run(source) or _does(source, _is_hint)
    if any(_is_of(frame, one) or _is_of(caller, one) for one in _RUNNERS):
        return _may_run(source)
    if any(_is_of(frame, one) for one in _GENERATORS):
        return True
    return not _is_theirs(source, _is_of(frame, "importlib")) or _computes(source)


def _decoded(source, asks):
    """The text of bytes that are code, or of a text, which may come as bytes; None if it may say
    itself how it is to be read, and is no import's."""
    try:
        text = bytes(source).decode()
    except (TypeError, ValueError):
        return None
    said = any(map(_COOKIE.match, _LINE.split(text, 2)[:2])) and text.strip() not in _state.own
    return None if said and not _is_of(asks, "importlib") else text


def _is_here(path):
    """Whether a file lies in the test's folder, where its calls may have written it."""
    path = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    return os.path.abspath(path).startswith(os.path.join(_state.folder, ""))


def _is_as_given(path):
    """Whether a module of the course's is still what it was before anything was said."""
    path = os.path.abspath(os.fsdecode(path))
    return path in _state.given and _state.given[path] == state_of(path)


def _may_run(source):
    """Whether a text is in the test's own words, or only computes."""
    return source.strip() in _state.own or _is_in_words(source) or _computes(source)


def _is_in_words(source):
    words = _state.words
    if words is None:
        words = {word for text in _state.own for word in _WORD.findall(text)} | _GRAMMAR
        _state.words = words
    if (timeit := sys.modules.get("timeit")) is not None and "inner" in source:
        words = words | {*_WORD.findall(timeit.template), "_stmt", "_setup", "pass"}
    return words.issuperset(_WORD.findall(source))


def _is_of(frame, name):
    """Whether a frame is a function's of a package."""
    return frame is not None and f"{frame.f_globals.get('__name__')}.".startswith(f"{name}.")


def _past(frame, names):
    """The next frame that is no function's of these packages."""
    while any(_is_of(frame, name) for name in names):
        frame = frame.f_back
    return frame


def _within(frame, name):
    """Whether a function of a package is being called."""
    while frame is not None and not _is_of(frame, name):
        frame = frame.f_back
    return frame is not None


def _given_to(function, frame):
    """What a function of this name, which is being called, was given first."""
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return None if frame is None else frame.f_locals.get(frame.f_code.co_varnames[0])


# -- whose a text is


def _is_theirs(source, lines=False):
    """Whether a text is a student's, or a part of one, or has one in it.

    lines  whether each of its lines may have been cut from one
    """
    source = source.strip()
    if not source or source in _state.own:
        return False
    if _state.heard.everything:
        return True
    pieces = [piece for line in source.splitlines() if len(piece := line.strip()) >= _CUT]
    return any(
        source == text.strip()
        or (len(source) >= _CUT and source in text)
        or (lines and any(piece in text for piece in pieces))
        or (len(text) >= _SHORT and not _is_harmless(text) and text in source)
        for text in (*_state.texts, *_state.heard.texts())
    )


@functools.lru_cache(10_000)
def _is_harmless(text):
    """Whether a text does nothing where it is put into another: a name, a number, a sentence."""
    text = text.strip()
    if not text or text.isidentifier():
        return text not in _DANGEROUS
    try:
        ast.literal_eval(text)
    except _NO_CODE:
        return not set(text) & set("(.@=\n'\"`") and "import" not in text
    except (RecursionError, MemoryError):
        return False
    return True


# -- what a text does


def _tree(source):
    """The syntax tree of a text; None of what is no code, False if that cannot be told."""
    try:
        return ast.parse(source.strip())
    except _NO_CODE:
        return None
    except (RecursionError, MemoryError):
        return False


def _does(source, judge):
    """Whether every part of a text may be, as ``judge`` says of a node."""
    tree = _tree(source)
    return tree is None or (tree is not False and all(map(judge, ast.walk(tree))))


def _computes(source):
    return _does(source, _is_plain)


def _is_plain(node):
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in _COMPUTE
        return known and not node.keywords  # as in ``max(texts, key=eval)``
    if isinstance(node, ast.Name):
        return node.id in _COMPUTE or not hasattr(builtins, node.id)
    return isinstance(node, _PLAIN)


def _symbols(source, frame):
    """Whether SymPy may evaluate what it has made of a text."""
    if _is_of(frame, "sympy.utilities.lambdify"):
        given = [frame.f_locals.get(name) for name in ("expr", "args")]
        return all(map(_may_run, _texts_in(given)))
    given = _given_to("parse_expr", frame)
    if isinstance(given, str) and (given.strip() in _state.own or _is_in_words(given)):
        return True
    return not _is_of(frame, "sympy.parsing") or _does(source, _is_symbolic)


def _is_symbolic(node):
    """Whether a node only makes, or computes with, expressions."""
    if not isinstance(node, ast.Call):
        return isinstance(node, _PLAIN)
    name = getattr(node.func, "id", None)
    if isinstance(node.func, ast.Call):  # Function('f')(x)
        name = getattr(node.func.func, "id", None)
        return name == "Function" and not _has_texts(node)
    if name in _OF_TEXT:
        texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
        return all(_NUMBER_OR_NAME.fullmatch(str(text)) for text in texts)
    sympy = sys.modules["sympy"]
    found = getattr(sympy, name or "", None)
    of_kind = isinstance(found, type) and issubclass(found, (sympy.Basic, sympy.MatrixBase))
    return (name in _SYMBOLIC or of_kind) and not node.keywords and not _has_texts(node)


def _has_texts(call):
    """Whether a text, which SymPy would parse again, is made in what a function is called with."""
    waiting = list(call.args)
    for node in waiting:
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            return True
        if not isinstance(node, ast.Call):
            waiting += ast.iter_child_nodes(node)
    return False


def _columns(source, frame):
    """Whether pandas may evaluate an expression."""
    given = _given_to("eval", frame)
    if isinstance(given, str) and (given.strip() in _state.own or _is_in_words(given)):
        return True
    return _does(source, _is_of_columns)


def _is_of_columns(node):
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and not node.keywords
    if isinstance(node, ast.Attribute):
        return node.attr in _OF_COLUMNS
    if isinstance(node, ast.Name):
        return not node.id.startswith("__")
    return isinstance(node, (*_PLAIN, ast.Assign, ast.Store))


def _is_hint(node):
    """Whether a node may be in an annotation: nothing is called there."""
    return isinstance(node, (*_PLAIN, ast.Attribute))


_HEEDED = {"compile": _compiles, "pickle.find_class": _unpickles, "marshal.loads": _loads}
