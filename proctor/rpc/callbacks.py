"""What functions are called and take, told across the wall: a test's, and a student's signature.

A student's decorator keeps a function's name and its docstring, counts its parameters, or keeps it
under its name. Of a function that students cannot read nothing is told.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import inspect

from proctor.rpc.exceptions import SIMPLE

_DOC = 4000  # characters


def told_of_function(function):
    """[name, docstring, parameters] of a function, as plain data."""
    name, doc = getattr(function, "__name__", None), getattr(function, "__doc__", None)
    if type(name) is not str or isinstance(function, type):
        return []
    try:
        parameters = [list(one) for one in told_of_signature(function, None)]
    except (TypeError, ValueError):  # a built-in that tells nothing of them
        parameters = None
    return [name[:200], doc[:_DOC] if type(doc) is str else None, parameters]


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
