"""What functions are called and take, told across the wall: a test's, and a student's signature.

A library's function that a test passes (``math.sin``) is told by its name: each end has its own.

A student's decorator keeps a function's name and its docstring, counts its parameters, or keeps it
under its name. Of a function that students cannot read nothing is told; of one that they can, what
its text says: what hidden lines have given it, a default from elsewhere too, is not in it.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import ast
import inspect
import sys
import textwrap

from numpy import ufunc

from proctor.rpc.exceptions import SIMPLE

_DOC = 4000  # characters


def library_path(function, private=(), hidden=()):
    """The path "module:name" by which both ends have a library's function or class; None of others.

    private  top-level names of modules that only the test's end has
    hidden   files and folders that the student's end cannot read
    """
    owner = getattr(function, "__objclass__", function)  # of ``str.upper``
    module, name = getattr(owner, "__module__", None), getattr(function, "__qualname__", None)
    if isinstance(function, ufunc):
        module, name = "numpy", function.__name__
    if type(module) is not str or type(name) is not str or module.partition(".")[0] in private:
        return None
    found = sys.modules.get(module)
    if module == "__main__" or not is_installed(getattr(found, "__file__", None), hidden):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is function else None


_PLACES = (sys.prefix, sys.base_prefix)


def is_installed(file, hidden=()):
    """Whether a module's file, or None, is Python's or of an installed library: one that both ends
    have. Of the course's the student's end may have another.

    hidden  files and folders that the student's end cannot read
    """
    if file is None:  # it is in the interpreter
        return True
    inner = tuple(path for path in hidden if path.startswith(_PLACES))
    return file.startswith(_PLACES) and not file.startswith(inner)


def told_of_function(function):
    """[name, docstring, parameters] of a function, as plain data."""
    if isinstance(function, type):
        return []
    inner = inspect.unwrap(function)
    code = getattr(inner, "__code__", None)
    name, doc = getattr(inner, "__name__", None), getattr(inner, "__doc__", None)
    if code is not None and code.co_name != "<lambda>":
        name = code.co_name
    if code is not None and doc not in code.co_consts:
        doc = None
    if type(name) is not str:
        return []
    try:
        parameters = [list(one) for one in told_of_signature(function, None)]
    except (TypeError, ValueError):  # a built-in that tells nothing of them
        parameters = None
    if parameters and getattr(inner, "__module__", None) == "__main__":
        written = _defaults(inner)
        parameters = [[*one[:3], one[3] if one[0] in written else None] for one in parameters]
    return [name[:200], doc[:_DOC] if type(doc) is str else None, parameters]


def _defaults(function):
    """Names of the parameters whose default the function's own text says."""
    try:
        (made, *_) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        given = made.args
    except (OSError, TypeError, ValueError, SyntaxError, AttributeError):
        return set()
    named = [*given.posonlyargs, *given.args]
    pairs = [*zip(named[len(named) - len(given.defaults) :], given.defaults, strict=True)]
    pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return {name.arg for name, value in pairs if _is_literal(value)}


def _is_literal(node):
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )


def named(function, told):
    """Give a function what was told of the one that it stands for."""
    name, function.__doc__, parameters = told
    function.__name__ = function.__qualname__ = name
    function.__module__ = "__main__"
    if parameters is not None:
        function.__signature__ = made_signature(parameters)


def told_of_signature(function, other):
    """(name, kind, whether there is a default, the default or ``other``) of each parameter."""
    return tuple(
        (
            *(one.name, int(one.kind), one.default is not one.empty),
            one.default if type(one.default) in SIMPLE else other,
        )
        for one in inspect.signature(function).parameters.values()
    )


def made_signature(parameters):
    """The signature that was told of."""
    made = []
    for name, kind, optional, default in parameters:
        default = default if optional else inspect.Parameter.empty
        made.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=default))
    return inspect.Signature(made)
