"""Taint: what a student wrote or returned is data; no code is made of it, and no program started.

A test may hand a text on to what interprets it: ``eval(f())``, ``sympy.simplify(answer)``,
``pickle.loads``, ``df.query``, SQL. In the student's process that is theirs to do; here an audit
hook refuses it, unless it is arithmetic. Texts are known as they came, and parts of them: a text
that a test puts together of single letters is not recognised.
"""

import ast
import builtins
import contextlib
import functools
import math
import os
import sqlite3
import sys

_SHORT = 4  # characters: what is put into a longer text, and does no harm
_PIECE = 6  # characters of a line, of a text of which a part is run line by line
_REFUSED = "a test cannot evaluate what a student wrote or returned; tag it in-student-kernel"

# expressions that only compute
_PLAIN = (
    *(ast.Expression, ast.Module, ast.Expr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare),
    *(ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp),
    *(ast.Subscript, ast.Slice, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.keyword),
)
_COMPUTE = {
    *("abs", "bool", "complex", "dict", "divmod", "float", "frozenset", "int", "len", "list"),
    *("max", "min", "pow", "range", "round", "set", "sorted", "str", "sum", "tuple"),
}
_COMPUTE |= {name for name in vars(math) if name[0] != "_"}
_SYMBOLIC = {
    *("sqrt", "cbrt", "root", "diff", "integrate", "limit", "simplify", "expand", "factor"),
    *("together", "apart", "cancel", "summation", "product", "binomial", "symbols"),
}
# what unpickling may call: containers, numbers, arrays
_MADE_BY_PICKLE = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "range", "slice"},
    "collections": {"OrderedDict", "Counter", "deque"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "numpy": {"ndarray", "dtype"},
}
_MADE_BY_PICKLE |= {
    f"numpy.{core}.{module}": names
    for core in ("core", "_core")
    for module, names in [
        ("multiarray", {"_reconstruct", "scalar"}),
        ("numeric", {"_frombuffer"}),
    ]
}
# what makes code of its own templates, with names that it has looked at
_GENERATORS = (
    "importlib",
    "collections",
    "dataclasses",
    "typing",
    "attr",
    "sympy.utilities.lambdify",
)
_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
_EVENTS = {"compile", "pickle.find_class", "marshal.loads", *_PROGRAMS}


class _State:
    """What is known.

    texts  of a student's: of files, cells, sources
    heard  the `proctor.rpc.heard.Heard` of what their process said
    own    texts of the test's
    tree   whether a syntax tree was made of a student's text
    idle   whether no test is at work: the hook itself is, or other code of ours
    """

    texts, heard, own, tree, idle = (), None, frozenset(), False, True


_state = _State()
_hooked = []


@contextlib.contextmanager
def watched(heard, own):
    """Within this, nothing of what was heard becomes code.

    own  texts of the test's: its source, and constants of it
    """
    if not _hooked:
        _hooked.append(True)  # a hook stays for as long as the process
        sys.addaudithook(_heed)
        sqlite3.connect = sqlite3.dbapi2.connect = _connect
    _state.heard, _state.own, _state.tree, _state.idle = heard, frozenset(own), False, False
    try:
        yield
    finally:
        _state.heard, _state.own, _state.idle = None, frozenset(), True


@contextlib.contextmanager
def guarded():
    """Within this, `guard` holds for texts, and no longer."""
    before = _state.texts
    try:
        yield
    finally:
        _state.texts = before


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


def _starts(args, frame):
    """Whether a program may be started."""
    return not any(_is_theirs(word) for word in _words(args))


def _words(args):
    """The texts in what a program is started with."""
    for one in args[:2]:
        for word in one if isinstance(one, (list, tuple)) else [one]:
            if isinstance(word, (str, bytes)):
                yield os.fsdecode(word)


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
    """Whether a class may be used in unpickling: any of the course's own files, as long as no bytes
    came that could have been the pickle."""
    may_be_theirs = _state.texts or _state.heard.bytes
    return not may_be_theirs or args[1] in _MADE_BY_PICKLE.get(args[0], ())


def _loads(args, frame):
    """Whether code may be read as bytes: by an import."""
    return _is_of(frame, "importlib") or not _state.heard.bytes


def _compiles(args, frame):
    """Whether code may be made of a text, or a tree."""
    if _is_ours(frame):  # it looks up a function's lines, and runs none of them
        return True
    source = args[0]
    if source is None or isinstance(source, ast.AST):  # IPython's trees are the test's own
        return not _state.tree or _is_of(frame, "IPython")
    if not isinstance(source, (str, bytes)) or any(_is_of(frame, one) for one in _GENERATORS):
        return True
    source = source if isinstance(source, str) else source.decode("utf-8", "replace")
    if source in frame.f_code.co_consts:
        return True
    for package, name, computes in _INTERPRETERS:  # they make another text of what they are given
        if (given := _given_to(package, name, frame)) is not None:
            return not _is_theirs(given) or _is_plain(source, computes)
    if not _is_theirs(source, _is_of(frame, "doctest")) or _is_plain(source, _computes):
        return True
    if frame.f_globals is not vars(ast):
        return False
    _state.tree |= frame.f_back.f_code.co_name != "literal_eval"  # which runs none of it
    return True


def _is_ours(frame):
    """Whether the grader has something compiled, and not a test through the grader's shell."""
    while any(_is_of(frame, name) for name in ("ast", "codeop", "IPython", "proctor.run.shell")):
        frame = frame.f_back
    return _is_of(frame, "proctor")


def _is_of(frame, name):
    """Whether a frame is a function's of a package."""
    return f"{frame.f_globals.get('__name__')}.".startswith(f"{name}.")


def _given_to(package, name, frame):
    """The text that a function of a package, which is being called, was given first; or None."""
    while frame is not None:
        if frame.f_code.co_name == name and _is_of(frame, package):
            given = frame.f_locals.get(frame.f_code.co_varnames[0])
            return given if isinstance(given, str) else None
        frame = frame.f_back
    return None


def _is_theirs(source, lines=False):
    """Whether a text is a student's, or a part of one, or has one in it.

    lines  whether it may be one of which each line was cut: an example in a docstring
    """
    source = source.strip()
    if not source or source in _state.own:
        return False
    if _state.heard.everything:
        return True
    pieces = [piece for line in source.splitlines() if len(piece := line.strip()) >= _PIECE]
    return any(
        source in text
        or (lines and any(piece in text for piece in pieces))
        or (len(text) >= _SHORT and not _is_harmless(text) and text in source)
        for text in (*_state.texts, *_state.heard.texts())
    )


@functools.lru_cache(10_000)
def _is_harmless(text):
    """Whether a text does nothing where it is put into another: a name, a number, a sentence."""
    if text.isidentifier():
        return not hasattr(builtins, text)
    try:
        ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not set(text) & set("(.@=")
    return _is_plain(text, _computes)


def _is_plain(source, may_call):
    """Whether a text is an expression that computes something, and does nothing else.

    may_call  function of what is called, a node: whether it may be
    """
    try:
        tree = ast.parse(source.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # it is no code
    return all(
        may_call(node.func) if isinstance(node, ast.Call) else isinstance(node, _PLAIN)
        for node in ast.walk(tree)
    )


def _computes(node):
    return isinstance(node, ast.Name) and node.id in _COMPUTE


def _symbolic(node):
    """Whether a function of SymPy's only makes, or computes with, expressions."""
    if isinstance(node, ast.Call):  # Function('f')(x)
        return isinstance(node.func, ast.Name) and node.func.id == "Function"
    sympy, name = sys.modules["sympy"], getattr(node, "id", "")
    found = getattr(sympy, name, None)
    of_kind = isinstance(found, type) and issubclass(found, (sympy.Basic, sympy.MatrixBase))
    return name in _SYMBOLIC or of_kind


# what evaluates expressions of its own kind: a package, the function that is given one, and what of
# Python's it may call
_INTERPRETERS = (
    ("sympy.parsing", "parse_expr", _symbolic),
    ("pandas.core.computation", "eval", _computes),
)
_HEEDED = {"compile": _compiles, "pickle.find_class": _unpickles, "marshal.loads": _loads}
