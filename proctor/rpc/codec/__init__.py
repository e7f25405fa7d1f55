"""Values as bytes that cannot carry code.

A message is JSON for the structure and raw buffers for the bulk. Nothing in it is ever executed,
imported or looked up by name, except the names of a fixed table of types (``TYPES``).

Two ends exchange messages: the trusted one (the grader's) and the other, which may send anything.
Each remembers, in its ``Codec``, what has crossed: an object that both hold has one number. So an
object keeps its identity, memory that is shared stays shared, and what one end changes in place
is sent with its next message. The trusted end takes nothing on faith: sizes before it allocates,
bounds of a view, kinds, depth, number of items; it lets only those of its own objects be written
that it has lent for the call under way (which lends again what an object was given whose method it
is: see ``proctor.rpc.loans``).

What crosses: None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set,
frozenset, slice, range, Ellipsis, and the containers of ``collections``; NumPy's arrays, scalars
and dtypes without Python objects; the types of the table. An object of a subclass arrives as plain
data of the built-in class, with no method of the subclass asked; a named tuple keeps its fields'
names. What a converter knows (the codec is given them, see ``proctor.rpc.values``) crosses as the
class's name and plain data in which nothing refers to what is outside of it. All else, arrays with
masked values too, stays where it is and is told of by number.

Changes follow the objects: each message carries what changed, since it last crossed, in the objects
of this message and of the calls under way, and in the last few others (``Limits.watched``).

Where nobody needs that, a message can be of copies (``Codec.encode_copies``): each value is written
out where it stands, and neither end remembers it.

    frames          bytes on a socket
    names, values   what types, dtypes and containers are on the wire
    memory          where arrays lie
    held            what both ends hold
    codec           writes messages …
    incoming        … and reads them
    own             the built-ins that all of these keep

Why JSON and not MessagePack: of JSON the number of items can be bounded before it is parsed, and
it is in the standard library.
"""

from proctor.rpc.codec.dtypes import NAMES, TYPES
from proctor.rpc.codec.encode import Codec
from proctor.rpc.codec.framing import Channel, Limits, WallError, WallTimeout

__all__ = ["NAMES", "TYPES", "Channel", "Codec", "Limits", "WallError", "WallTimeout"]
