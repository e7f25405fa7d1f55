"""Names: which of them code takes, binds and changes, read off the course's own cells.

Whose a name is follows from the source notebook alone. A cell of the course's or a test that binds
a name owns it, until a cell that the student answers comes whose *model answer* binds or changes
it: from there on it is the student's. Nothing that a student writes decides it.
"""

import ast
import builtins
import contextlib
import dis
import functools
import re
import types
from collections import Counter, deque
from dataclasses import dataclass

_TAKES = {f"{how}_{what}" for how in ("LOAD", "DELETE") for what in ("NAME", "GLOBAL")}
_TAKES.add("LOAD_FROM_DICT_OR_GLOBALS")  # of a class, since Python 3.12

# methods of the standard containers that change what they belong to
_MUTATORS = {
    name
    for kind in (list, dict, set, bytearray, deque, Counter)
    for name in dir(kind)
    if name[0] != "_" and not hasattr(tuple, name) and not hasattr(frozenset, name)
} - {*dir(str), *dir(bytes), "keys", "values", "items", "get", "copy", "elements", "most_common"}
# functions that change what they are given first
_CHANGES_FIRST = {
    *("shuffle", "heapify", "heappush", "heappop", "heapreplace", "insort", "insort_left"),
    *("insort_right", "setattr", "delattr", "setitem", "delitem", "copyto", "put", "putmask"),
    *("place", "fill_diagonal"),
}
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_NO_NAME = (ast.Constant, ast.expr_context, ast.operator, ast.cmpop)  # most of a tree
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_WORD = re.compile(r"[^\W\d]\w*")


@functools.cache
def needed(source, shell):
    """The names that code takes from its namespace or the built-ins, at any depth."""
    names = set()
    for code in _codes(source, shell):
        names |= {step.argval for step in dis.get_instructions(code) if step.opname in _TAKES}
    return frozenset(names)


def built_in(shell):
    """The names that there are for all code."""
    return vars(builtins).keys() | shell.builtin_trap.auto_builtins.keys()


@functools.cache
def owned(source, shell):
    """The names that a cell binds before it reads them: they are never the student's."""
    first = {}
    for step in dis.get_instructions(_compiled(source, shell)):
        if step.opname in ("LOAD_NAME", "STORE_NAME", "DELETE_NAME"):
            first.setdefault(step.argval, step.opname)
    return frozenset(name for name, how in first.items() if how == "STORE_NAME")


_ASKING = {"globals", "locals", "vars", "dir", "eval", "exec", "get_ipython"}
_READING = {
    *("open", "exists", "isfile", "isdir", "lexists", "listdir", "scandir", "walk", "getsize"),
    *("stat", "glob", "rglob", "iterdir", "Path", "read_text", "read_csv", "read_table"),
    *("read_json", "read_html", "loadtxt", "genfromtxt", "fromfile"),
}
_WRITING = {
    *("os", "shutil", "tempfile", "write_text", "write_bytes", "to_csv", "to_json", "savetxt"),
    *("save", "savez"),
}
_RUNNING = {"eval", "exec", "compile", "runpy", "run_path", "run_module", "import_module"}
_RUNNING |= {"__import__", "unsafe_load", "UnsafeLoader", "system", "Popen", "run_line_magic"}


@functools.cache
def asks_for_names(source, shell):
    """Whether a cell asks for names, which it may have computed: ``f() in globals()``."""
    return not _ASKING.isdisjoint(used(source, shell))


@functools.cache
def used(source, shell):
    """Every name in a cell's code: of variables, attributes and modules."""
    return frozenset(name for code in _codes(source, shell) for name in code.co_names)


@functools.cache
def helpers(source, shell):
    """{name of a function or class that a cell defines: the names in its code}."""
    found = {}
    for node in parsed(source, shell).body:
        if isinstance(node, _DEFINES):
            words = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            found[node.name] = words | {
                one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
            }
    return found


def with_helpers(names, helpers):
    """The names, and those in the code of whatever of the helpers they are."""
    found, waiting = set(), set(names)
    while waiting:
        found |= waiting
        waiting = set().union(*(helpers.get(name, ()) for name in waiting)) - found
    return found


@functools.cache
def constants(source, shell):
    """The texts that stand in a cell's code."""
    waiting = [const for code in _codes(source, shell) for const in code.co_consts]
    for const in waiting:
        if isinstance(const, (tuple, frozenset)):
            waiting += const
    return frozenset(const.strip() for const in waiting if isinstance(const, str))


def reads_files(words):
    """Whether code with these names in it reads files, and runs nothing of what it reads."""
    return bool(words & _READING) and not words & _RUNNING


def writes_files(words):
    """Whether code with these names in it may write files, make folders, or remove them."""
    return bool(words & (_WRITING | _READING))


@functools.cache
def runs_texts(source, shell):
    """Whether a cell could run a text: it is then given none that a student wrote."""
    return bool(_RUNNING & used(source, shell))


@functools.cache
def reads_cells(source, shell):
    """Whether a cell asks for the text of cells, ``In[-2]``, and runs nothing of it."""
    codes = list(_codes(source, shell))
    names = used(source, shell)
    texts = {const for code in codes for const in code.co_consts if isinstance(const, str)}
    asks = names & _INPUTS or ("get_ipython" in names and texts & _INPUTS)
    return bool(asks) and not runs_texts(source, shell)


_INPUTS = {"In", "_ih"}


def _codes(source, shell):
    """The code of a cell, and of all that is defined in it."""
    waiting = [_compiled(source, shell)]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [part for part in code.co_consts if isinstance(part, types.CodeType)]


@functools.cache
def _compiled(source, shell):
    """A cell's code; of one with an error, which the cell itself will tell, none."""
    try:
        return compile(_tree(source, shell), "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return compile("", "<cell>", "exec")


@functools.cache
def statements(source, shell):
    """A cell's statements: (code of its own, names that it binds or changes) for each.

    One that does not compile is left out: the cell itself tells of it, in the student's process.
    """
    found = []
    for statement in parsed(source, shell).body:
        with contextlib.suppress(SyntaxError):
            code = compile(ast.Module([statement], []), "<locked>", "exec")
            found.append((code, frozenset(_touched(statement))))
    return found


def parsed(source, shell):
    """A cell's syntax tree; empty if it has an error, which the cell itself will tell."""
    try:
        return _tree(source, shell)
    except SyntaxError:
        return ast.Module([], [])


@functools.lru_cache(1)  # a cell is asked about several things in a row; trees take much memory
def _tree(source, shell):
    """A cell's tree without magics: ``save(x)`` is none, whether or not ``save`` is there yet."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(shell.transform_cell(source))


@dataclass(frozen=True)
class Answer:
    """What a model answer says of names.

    binds    names that it binds anew, but by imports
    changes  names whose objects it changes: an item, an attribute, by a method
    imports  {name: statement that imports it}
    reads    names that it takes, its functions' own among them
    takes    names that it takes from others: no local name is among them
    asks     names whose objects' methods it calls for nothing but what they do: these change them,
             if the object is of a class of the course's
    """

    binds: frozenset = frozenset()
    changes: frozenset = frozenset()
    imports: tuple = ()
    asks: frozenset = frozenset()
    reads: frozenset = frozenset()
    takes: frozenset = frozenset()

    def told(self):
        """It as plain data, for a job."""
        about = {"binds": sorted(self.binds), "changes": sorted(self.changes)}
        about |= {"imports": dict(self.imports), "asks": sorted(self.asks)}
        return about | {"reads": sorted(self.reads), "takes": sorted(self.takes)}


def answer(tree):
    """The `Answer` that a model answer's syntax tree is."""
    found = _Names()
    found.visit(tree)
    return Answer(
        frozenset(found.bound - found.imported.keys()),
        frozenset(found.changed - found.bound),
        tuple(sorted(found.imported.items())),
        frozenset(found.asked - found.bound - found.changed),
        frozenset(_loaded(tree) - found.bound),
        frozenset(found.taken - found.bound),
    )


@dataclass(frozen=True)
class Shared:
    """What of a test's released lines becomes known to the student's process.

    code    text of its imports, functions and classes: they are run there
    values  names that its other released lines bind: a copy of what they are bound to is sent
    """

    code: str = ""
    values: tuple = ()

    def told(self):
        """It as plain data, for a job."""
        defined = sorted(_touched(ast.parse(self.code)))
        return {"code": self.code, "values": list(self.values), "defines": defined}


def shared(released, secret=frozenset()):
    """The `Shared` of a test cell.

    released  syntax tree of its lines before the first that is hidden
    secret    names that stand for what only the grader has; what is made of it is not shared
    """
    tainted, code, values = set(secret), [], {}
    for statement in released.body:
        touched = _touched(statement)
        if tainted & (touched | _loaded(statement)):
            tainted |= touched
            values = {name: None for name in values if name not in touched}
        elif isinstance(statement, (*_IMPORTS, *_DEFINES)):
            code.append(statement)
        else:
            found = _Names()
            found.visit(statement)
            values |= dict.fromkeys(sorted(found.bound - found.imported.keys()))
            # as in ``old = f``, ``def f(…)``, ``f = old``
            code = [one for one in code if not _is_definition_of(one, found.bound)]
    return Shared("\n".join(map(ast.unparse, code)), tuple(values))


def _is_definition_of(statement, names):
    return isinstance(statement, _DEFINES) and statement.name in names


def hidden(test, released, secret=frozenset()):
    """The names that a test's hidden lines bind or delete.

    test      syntax tree of the whole cell
    released  how many lines come before the first that is hidden
    secret    as for `shared`
    """
    tainted, found = set(secret), set()
    for statement in test.body:
        touched = _touched(statement)
        if tainted & (touched | _loaded(statement)):
            tainted |= touched
        elif statement.lineno > released:
            found |= touched
    return found - tainted


def bound(tree):
    """The names that a cell binds."""
    found = _Names()
    found.visit(tree)
    return found.bound


def rebound(tree):
    """The names that functions of a cell declare global: a call may bind them anew."""
    return {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


def imports(tree):
    """Modules that a cell imports, and what may be modules: ``a.b`` of ``from a import b``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    parts = (name.split(".") for name in found)
    return {".".join(each[:n]) for each in parts for n in range(1, len(each) + 1)}


_MAKES_CLASSES = {"namedtuple", "NamedTuple", "make_dataclass", "Enum", "IntEnum", "Flag"}


def classes(tree):
    """The names of the classes that a cell defines, ``Point = namedtuple("Point", "x y")`` too."""
    found = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            if getattr(called, "id", getattr(called, "attr", None)) in _MAKES_CLASSES:
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


@functools.cache
def made(source, shell, mark):
    """Where a test calls a library for what it passes on: [(line, column, end, text)] to replace.

    ``ax = plt.gca()`` and then ``plot(ax)``: the call is to be ``mark(plt, "gca")()``.
    """
    tree = parsed(source, shell)
    passed = {
        name.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if not hasattr(builtins, call.func.id)  # `len(sig.parameters)` passes nothing on
        for part in (*call.args, *(word.value for word in call.keywords))
        for name in ast.walk(part)
        if isinstance(name, ast.Name)
    }
    found = []
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if not passed & {name for target in node.targets for name in _names_in(target)}:
            continue
        function = node.value.func
        text = None
        if isinstance(function, ast.Name):
            text = f"{mark}({function.id})"
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            text = f"{mark}({function.value.id}, {function.attr!r})"
        if text and function.lineno == function.end_lineno:
            found.append((function.lineno, function.col_offset, function.end_col_offset, text))
    return found


@functools.cache
def doubled(source, shell):
    """(module, name), as a test has them, of what it may put a test double in the place of."""
    tree, found = parsed(source, shell), set()
    imported = {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname
    }
    for node in ast.walk(tree):
        if _is_set(node):
            found.add((ast.unparse(node.value), node.attr))
        elif isinstance(node, _DEFINES) and hasattr(builtins, node.name):  # def sorted(…)
            found.add(("__main__", node.name))
        elif isinstance(node, ast.Call) and _last_name(node.func) in _DOUBLING:
            texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args[:2]]
            if texts and isinstance(texts[0], str):  # patch("random.randint")
                module, _, name = texts[0].rpartition(".")
                found.add((module, name))
            elif len(texts) == 2 and isinstance(texts[1], str):  # patch.object(random, "randint")
                found.add((ast.unparse(node.args[0]), texts[1]))
    firsts = ((*module.partition("."), name) for module, name in found)
    return frozenset((imported.get(m, m) + dot + rest, name) for m, dot, rest, name in firsts)


_DOUBLING = {"patch", "object", "setattr"}


def _is_set(node):
    """Whether a node is an attribute of a name to which something is assigned, or a deleted one."""
    stored = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    return stored and isinstance(node.value, (ast.Name, ast.Attribute))


def replaced(source, places):
    """A text with other words in some places, see `made`."""
    lines = source.split("\n")
    for number, start, end, text in sorted(places, reverse=True):
        line = lines[number - 1].encode()  # columns count bytes
        lines[number - 1] = (line[:start] + text.encode() + line[end:]).decode()
    return "\n".join(lines)


def _names_in(target):
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def calling(call, source, mark):
    """A cell's source with a call before the first line that bears a mark, on that line."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if mark in line:
            indent = line[: len(line) - len(line.lstrip())]
            lines[number] = f"{indent}{call}  {line.lstrip()}"
            break
    return "\n".join(lines)


def _last_name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


def _touched(tree):
    found = _Names()
    found.visit(tree)
    return found.bound | found.changed


def _loaded(tree):
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


class _Names(ast.NodeVisitor):
    """Collects the namespace's names that code binds, imports and changes, in functions too."""

    def __init__(self):
        self.bound, self.changed, self.imported, self.asked = set(), set(), {}, set()
        self.taken = set()
        self._scopes = []  # names that are local where the visitor is

    def visit(self, node):
        if isinstance(node, _SCOPES):
            self._define(node)
        elif not isinstance(node, _NO_NAME):
            super().visit(node)

    def _define(self, node):
        if isinstance(node, _DEFINES):
            self._bind(node.name)
            for outside in node.decorator_list:
                self.visit(outside)
        self._scopes.append(_locals(node))
        self.generic_visit(node)
        self._scopes.pop()

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id)
        elif not self._is_local(node.id):
            self.taken.add(node.id)

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self._bind(name)
            if not self._scopes:
                self.imported[name] = ast.unparse(type(node)(**{**vars(node), "names": [alias]}))

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node):
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    def visit_Attribute(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_Subscript(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def visit_Expr(self, node):
        method = getattr(node.value, "func", None)
        owner = getattr(method, "value", None)
        if isinstance(owner, ast.Name) and not self._is_local(owner.id):
            self.asked.add(owner.id)
        self.generic_visit(node)

    def visit_Call(self, node):
        if _last_name(node.func) in _CHANGES_FIRST and node.args:
            self._change(node.args[0])
        if isinstance(node.func, ast.Attribute):
            in_place = any(
                word.arg == "inplace" and getattr(word.value, "value", None) is True
                for word in node.keywords
            )
            if node.func.attr in _MUTATORS or in_place:
                self._change(node.func)
        self.generic_visit(node)

    def _bind(self, name):
        if not self._is_local(name):
            self.bound.add(name)

    def _change(self, node):
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if isinstance(node, ast.Name) and not self._is_local(node.id):
            self.changed.add(node.id)

    def _is_local(self, name):
        return any(name in scope for scope in self._scopes)


_CAPTURES = ast.ExceptHandler, ast.MatchAs, ast.MatchStar


def _locals(scope):
    """The names that are local to a function, class or comprehension."""
    names, declared = set(), set()
    if hasattr(scope, "args"):
        given = scope.args
        all_of_them = [
            *given.posonlyargs,
            *given.args,
            *given.kwonlyargs,
            given.vararg,
            given.kwarg,
        ]
        names |= {argument.arg for argument in all_of_them if argument}
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            declared |= set(node.names) if isinstance(node, ast.Global) else set()
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, _DEFINES):
            names.add(node.name)
        elif isinstance(node, _IMPORTS):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, _CAPTURES) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return names - declared
