"""Objects of classes that cells of the course's define: both ends have the class, by its name.

What such an object has in its ``__dict__`` crosses, as data; its methods are each end's own. At the
trusted end the class is the course's, whatever became of the student's.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import parts, text
from proctor.rpc.values.registry import Converter

_content = object.__getattribute__


class _Released:
    """Stands for whatever class is meant."""


def converter(class_of, trusted):
    """The `Converter` of one end.

    class_of  function of a name; returns the class that the course's cells define by it, or None
    """
    made = set()  # at the student's end: the classes of what has come

    def covers(kind):
        if not trusted:
            return kind in made
        return class_of(kind.__name__) is kind

    def to_data(value):
        return type(value).__name__, _content(value, "__dict__")

    def from_data(data):
        name, content = parts(data, 2)
        kind = class_of(text(name, 100))
        if not trusted and not _is_plain(kind):
            kind = type(name, (), {})  # of the student's name something else has become
        must(_is_plain(kind), "a class of the course's")
        must(type(content) is dict, "what an object has")
        must(all(type(key) is str and key.isidentifier() for key in content), "its attributes")
        made.add(kind)
        value = object.__new__(kind)
        _content(value, "__dict__").update(content)
        return value

    def assign(old, new):
        content = _content(old, "__dict__")
        content.clear()
        content.update(_content(new, "__dict__"))

    return Converter(
        _Released,
        to_data,
        from_data,
        assign=assign,
        careful=False,
        covers=covers,
        name="a class of the course's",
    )


def _is_plain(kind):
    """Whether a class is one whose objects are nothing but what is in their ``__dict__``."""
    return isinstance(kind, type) and kind.__new__ is object.__new__ and kind.__dictoffset__ != 0
