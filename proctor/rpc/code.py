"""What a test can ask of a student's function's code: its names, and where it stands.

The text itself is not asked for: it is the submission's, which the trusted end has (see `Wall`).
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import inspect
import linecache

_CARRIED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_CARRIED |= inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_ELSEWHERE = "<in the student's kernel>"
_MOST = 1000  # names
_EMPTY = (lambda: None).__code__


def told_of_code(code):
    """What is told of a code object, as plain data."""
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    names = code.co_varnames[:_MOST], code.co_names[:_MOST]
    place = code.co_filename[:200], code.co_firstlineno
    return (code.co_name, *place, *counts, code.co_flags & _CARRIED, *names)


def made_code(told, text_of):
    """A code object of which these things are true, and that does nothing.

    told     what the other end said: `told_of_code`
    text_of  function of a file's name: the text that is known to have been run by it, or None

    Raises ``TypeError``, ``ValueError`` or ``OverflowError`` for what is told of no code.
    """
    name, file, line, args, first, last, flags, variables, names = told
    texts = {type(one) for one in (name, file, *variables, *names)}
    if texts != {str} or flags & ~_CARRIED or not 0 <= first <= args:
        raise ValueError("this is told of no code")
    text = text_of(file)
    if text is None:
        file = _ELSEWHERE  # whatever it said: inspect would look for it on this side's disk
    else:  # as IPython enters a cell that it runs
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    return _EMPTY.replace(
        co_name=name,
        co_filename=file,
        co_firstlineno=line,
        co_argcount=args,
        co_posonlyargcount=first,
        co_kwonlyargcount=last,
        co_flags=_EMPTY.co_flags | flags,
        co_varnames=tuple(variables),
        co_nlocals=len(variables),
        co_names=tuple(names),
    )
