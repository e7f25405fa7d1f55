"""Values as bytes that cannot carry code.

A message is JSON for the structure and raw buffers for the bulk. Nothing in it is ever executed,
imported or looked up by name, except the names of a fixed table of types (``TYPES``).

Two ends exchange messages: the trusted one (the grader's) and the other, which may send anything.
Each remembers, in its ``Codec``, what has crossed: an object that both hold has one number. So an
object keeps its identity, memory that is shared stays shared, and what one end changes in place
is sent with its next message. The trusted end takes nothing on faith: sizes before it allocates,
bounds of a view, kinds, depth, number of items; it lets only those of its own objects be written
that it has lent for the call under way.

What crosses: None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set,
frozenset, slice, range, Ellipsis; NumPy's arrays, scalars and dtypes without Python objects; the
types of the table. An object of a subclass arrives as plain data of the built-in class, with no
method of the subclass asked; a named tuple keeps its fields' names. All else, object and masked
arrays too, stays where it is and is told of by number.

Changes follow the objects: each message carries what changed, since it last crossed, in the objects
of this message and of the calls under way, and in the last few others (``Limits.watched``).

Why JSON and not MessagePack: of JSON the number of items can be bounded before it is parsed, and
it is in the standard library.
"""

import builtins

# A student may replace built-ins. Functions of this module keep those that it was imported with.
__builtins__ = dict(vars(builtins))

import binascii
import json
import math
import operator
import re
import socket
import struct
import sys
import time
import weakref
from array import array
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain, islice

import numpy as np
from numpy import (
    asarray,
    bool_,
    bytes_,
    copyto,
    dtype,
    empty,
    frombuffer,
    generic,
    ndarray,
    str_,
    uint8,
)
from numpy import zeros as np_zeros

_now = time.monotonic
_decoder, _encoder = json.JSONDecoder(), json.JSONEncoder(separators=(",", ":"))


def _encoding():
    """What makes text of values; the encoder itself would make it anew for every message."""
    if (make := json.encoder.c_make_encoder) is None:  # an interpreter without it
        return lambda value, _: _encoder.iterencode(value, _one_shot=True)
    default, text = _encoder.default, json.encoder.encode_basestring_ascii
    return make(None, default, text, None, ":", ",", False, False, True)


_chunks = _encoding()


def _loads(structure):
    text = str(structure, "utf-8")
    value, end = _decoder.raw_decode(text)
    _must(end == len(text), "the end of a message")
    return value


def _dumps(value):  # ``encode`` would ask the built-ins, which may be a student's
    return "".join(_chunks(value, 0)).encode()


class WallError(RuntimeError):
    """The other end broke the rules, or is gone. Nothing more is heard from it."""


class WallTimeout(WallError):
    """The other end did not answer in time."""


@dataclass(frozen=True)
class Limits:
    """What may cross. Both ends keep to it; the trusted one insists."""

    message_bytes: int = 256 << 20  # of one message, and of the arrays that it describes
    total_bytes: int = 4 << 30  # of one test, both ways
    structure_bytes: int = 32 << 20  # of one message without its buffers
    items: int = 1_000_000  # in the containers of one message
    depth: int = 100  # containers within containers
    calls_deep: int = 32  # calls within calls, over the wall
    shared: int = 200_000  # objects that both ends hold
    integer_digits: int = 10_000  # hexadecimal
    watched: int = 24  # objects looked at for changes, besides those of the calls under way
    watched_bytes: int = 1 << 20  # of all of these


# ----------------------------------------------------------------------------------------------
# Frames: bytes on a socket


_CLOSED = "the student's kernel is gone (it closed the connection)"


class Channel:
    """Frames over a connected stream socket: a head, the sizes, the structure, the buffers.

    deadline  in seconds of ``time.monotonic``, or None: until then, sending and receiving may take
    carried   number of bytes that have crossed, both ways
    """

    _HEAD = struct.Struct("<4sII")
    _MAGIC = b"wall"
    _AT_ONCE = 1 << 16
    _FIRST = 8 << 20

    def __init__(self, sock, limits):
        self._socket, self._limits = sock, limits
        self.deadline, self.carried = None, 0
        self._ahead = b""  # what came with the last part that was read
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)

    def send(self, structure, buffers):
        """Send one frame. Raises ``WallError``."""
        sizes = array("Q", map(len, buffers))
        head = self._HEAD.pack(self._MAGIC, len(structure), len(sizes)) + sizes.tobytes()
        parts = [head + structure, *buffers]
        if sum(sizes) < self._AT_ONCE:
            parts = [b"".join(parts)]
        self.carried += sum(map(len, parts))
        try:
            for part in parts:
                self._be_patient()
                self._socket.sendall(part)
        except TimeoutError:
            raise WallTimeout("the student's kernel did not take the call in time") from None
        except OSError as error:
            raise WallError(f"the student's kernel is gone ({error.strerror or error})") from None

    def receive(self):
        """Return the next frame's structure (bytes) and buffers. Raises ``WallError``."""
        try:
            return self._receive()
        except TimeoutError:
            raise WallTimeout("the student's kernel did not answer in time") from None
        except OSError as error:
            raise WallError(f"the student's kernel is gone ({error.strerror or error})") from None

    def _receive(self):
        magic, structure, count = self._HEAD.unpack(self._read(self._HEAD.size))
        if magic != self._MAGIC:
            raise WallError("the student's kernel sent something that is no message")
        self._admit(structure, self._limits.structure_bytes)
        self._admit(8 * count, self._limits.structure_bytes)
        sizes = array("Q", bytes(self._read(8 * count))) if count else ()
        body = sum(sizes)
        self._admit(structure + body, self._limits.message_bytes)
        self.carried += self._HEAD.size + 8 * count + structure + body
        content = self._read(structure)
        if not count:
            return bytes(content), []
        if body >= self._AT_ONCE:
            return bytes(content), [self._read(size) for size in sizes]
        rest, starts = memoryview(self._read(body)), accumulate(sizes, initial=0)
        return bytes(content), [
            rest[start : start + size] for start, size in zip(starts, sizes, strict=False)
        ]

    def _admit(self, size, most):
        if size > most:
            raise WallError(
                f"the student's kernel sent a message of {size:,} bytes; at most {most:,} may cross"
            )

    def close(self):
        """Close the socket."""
        self._socket.close()

    def _read(self, size):
        if size <= self._AT_ONCE:  # many parts come in one go
            while len(self._ahead) < size:
                self._be_patient()
                chunk = self._socket.recv(self._AT_ONCE)
                if not chunk:
                    raise WallError(_CLOSED)
                self._ahead += chunk
            found, self._ahead = bytearray(self._ahead[:size]), self._ahead[size:]
            return found
        buffer, got = bytearray(min(size, self._FIRST)), len(self._ahead)
        buffer[:got], self._ahead = self._ahead, b""
        while got < size:
            if got == len(buffer):  # grows with what has come, not with what was announced
                buffer.extend(bytes(min(size - got, got)))
            self._be_patient()
            with memoryview(buffer) as view, view[got:] as rest:
                count = self._socket.recv_into(rest)
            if not count:
                raise WallError(_CLOSED)
            got += count
        return buffer

    def _be_patient(self):
        if self.deadline is None:
            self._socket.settimeout(None)
            return
        left = self.deadline - _now()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


# ----------------------------------------------------------------------------------------------
# Types and dtypes by name


def _types():
    data = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
    named = {kind.__name__: kind for kind in (*data, slice, range, object)}
    for kind in vars(builtins).values():
        if isinstance(kind, type) and issubclass(kind, BaseException):
            named.setdefault(kind.__name__, kind)
    for module in (np.exceptions, np.linalg):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, BaseException):
                named[f"{module.__name__}.{name}"] = kind
    for kind in [*np.sctypeDict.values(), ndarray, generic, *_families(generic)]:
        named[f"numpy.{kind.__name__}"] = kind
    return named


def _families(kind):
    """The abstract scalar types of NumPy, as ``np.floating``."""
    for child in kind.__subclasses__():
        if child.__module__ == "numpy":
            yield child
            yield from _families(child)


TYPES = _types()
NAMES = {kind: name for name, kind in TYPES.items()}

_DTYPE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|[SUV][1-9]\d{0,6}"
    r"|[mM]8(?:\[\d{0,6}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)


@lru_cache(512)
def dtype_code(kind):
    """What stands for a dtype in a message, or None: one with Python objects does not cross."""
    own = type(kind).__module__ in ("numpy", "numpy.dtypes")
    if kind.hasobject or not kind.itemsize or not own:
        return None
    if kind.subdtype:
        base = dtype_code(kind.base)
        return base and ["a", base, list(kind.shape)]
    if kind.names is not None:
        codes = [dtype_code(kind.fields[name][0]) for name in kind.names]
        offsets = [kind.fields[name][1] for name in kind.names]
        return None if None in codes else ["r", list(kind.names), codes, offsets, kind.itemsize]
    return kind.str if _DTYPE.fullmatch(kind.str) and dtype(kind.str) == kind else None


def dtype_made(code, depth=0):
    """The dtype that a code stands for. Raises ``ValueError`` for what stands for none."""
    if type(code) is str:
        return _simple_dtype(code)
    _must(type(code) is list and depth < 10, "a dtype")
    if code[0] == "a":
        _, base, shape = code
        _must(math.prod(_naturals(shape)) < 1 << 28, "a dtype's shape")
        return dtype((dtype_made(base, depth + 1), tuple(shape)))
    tag, names, codes, offsets, itemsize = code
    formats = [dtype_made(inner, depth + 1) for inner in codes]
    _must(tag == "r" and len(names) == len(formats) == len(offsets), "a dtype's fields")
    for inner, offset in zip(formats, _naturals(offsets), strict=True):
        _must(offset + inner.itemsize <= _natural(itemsize) < 1 << 28, "a dtype's offsets")
    return dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize})


@lru_cache(512)
def _simple_dtype(code):
    _must(_DTYPE.fullmatch(code), "a dtype")
    return dtype(code)


def _must(condition, what):
    """Raise ``ValueError`` unless what came in a message is right."""
    if not condition:
        raise ValueError(f"{what} is not right")


def _natural(value):
    _must(type(value) is int and 0 <= value < 1 << 62, "a number")
    return value


def _naturals(values):
    _must(type(values) is list, "a list of numbers")
    for value in values:
        if type(value) is not int or not 0 <= value < 1 << 62:
            _natural(value)
    return values


# ----------------------------------------------------------------------------------------------
# Memory: where arrays lie


class _Span:
    """Raw memory of an array that is not contiguous, for NumPy to look at."""

    def __init__(self, owner, address, size):
        self.owner = owner
        self.__array_interface__ = {
            "data": (address, not owner.flags.writeable),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }


# What NumPy puts between an array and a view made by ``as_strided`` or ``sliding_window_view``.
_STRIDED = type(np.lib.stride_tricks.as_strided(np_zeros(1)).base)


def _address(a):
    return a.__array_interface__["data"][0]


def _reach(shape, strides, itemsize):
    """Bytes before and behind the first element's address that an array's elements take."""
    before = behind = 0
    for n, stride in zip(shape, strides, strict=True):
        if stride < 0:
            before -= (n - 1) * stride
        else:
            behind += (n - 1) * stride
    return before, behind + itemsize


def _is_dense(shape, strides, itemsize):
    """Whether the elements leave no gap in the memory that they span."""
    covered = itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(strides, shape, strict=True) if n > 1):
        if stride > covered:
            return False
        covered += stride * (n - 1)
    return True


@lru_cache(512)
def _plain_strides(shape, itemsize, order):
    """The strides of a new array."""
    turn = -1 if order == "C" else 1
    return tuple(accumulate(shape[::turn], operator.mul, initial=itemsize))[:-1][::turn]


def _whole(a):
    """(its root, "C" or "F") of an array that is laid out like a new one over all of its memory.

    None of any other.
    """
    flags = a.flags
    root = a if flags.owndata else _root(a)
    if not a.size or root.nbytes != a.nbytes or _address(root) != _address(a):
        return None
    order = "C" if flags.c_contiguous else "F"  # or neither: then the strides tell
    strides = _plain_strides(a.shape, a.itemsize, order)
    return (root, order) if a.strides == strides and root.flags.forc else None


def _key(a):
    """What an array looks at, and how."""
    return _address(a), a.shape, a.strides, a.dtype, a.flags.writeable


def _root(a):
    """The array whose memory ``a`` looks at."""
    while True:
        base = a.base
        if isinstance(base, ndarray):
            a = base
        elif type(base) is _Span:
            a = base.owner
        elif type(base) is _STRIDED:
            a = base.base
        else:
            return a


def _memory(root):
    """All of an array's memory as bytes (a view), from its lowest address on."""
    if not root.dtype.hasobject:
        if type(root) is not ndarray:
            root = ndarray.view(root, ndarray)
        if root.flags.c_contiguous:
            return root.reshape(-1).view(uint8)
        if root.flags.f_contiguous:
            return root.T.reshape(-1).view(uint8)
    before, behind = _reach(root.shape, root.strides, root.itemsize)
    return asarray(_Span(root, _address(root) - before, before + behind))


def _cells(memory, offset, shape, strides, itemsize):
    """The bytes of an array's elements: an array of its shape with one more axis."""
    step = memory.itemsize  # 1: of bytes, or of marks for bytes
    return ndarray((*shape, itemsize), memory.dtype, memory, offset, (*strides, step))


def _is_sound(a):
    """False for bytes that no bool and no character can have."""
    kind = a.dtype.kind
    if a.dtype.names is not None:
        return all(_is_sound(a[name]) for name in a.dtype.names)
    if kind not in "bU" or not a.size:
        return True
    small = [slice(0, 1) if stride == 0 else slice(None) for stride in a.strides]
    a = np.ascontiguousarray(a[tuple(small)])
    if kind == "b":
        return int(a.view(uint8).max()) < 2
    return int(a.reshape(-1).view(dtype("u4").newbyteorder(a.dtype.byteorder)).max()) < 0x110000


# ----------------------------------------------------------------------------------------------
# What both ends hold


class _Strong:
    """Like a weak reference, but it holds."""

    __slots__ = ("object",)

    def __init__(self, thing):
        self.object = thing

    def __call__(self):
        return self.object


class _Shared:
    """An object that both ends hold. Numbers of the trusted end's objects are positive."""

    __slots__ = ("at", "info", "kind", "number", "ref", "state")

    def __init__(self, number, kind, info=None):
        self.number, self.kind, self.info = number, kind, info
        self.ref = self.at = self.state = None


class _Array:
    """An array: a place in a block of memory."""

    __slots__ = ("at", "block", "itemsize", "key", "number", "offset", "ref", "shape", "strides")
    kind, info = "array", None

    def __init__(self, number):
        self.number, self.ref, self.at, self.key, self.block = number, None, None, None, 0

    def place(self, block, offset, plain, key):
        self.block, self.offset, self.key = block, offset, key
        self.shape, self.strides, self.itemsize = plain.shape, plain.strides, plain.itemsize

    def cells(self, memory):
        return _cells(memory, self.offset, self.shape, self.strides, self.itemsize)


class _Block:
    """Memory that both ends hold a copy of.

    ref      refers to the array that owns it here
    low      address of its first byte here
    state    its bytes when they last crossed
    arrays   numbers of the arrays in it
    full     whether arrays that have crossed leave no gap
    foreign  whether it is a copy of the other end's memory
    """

    __slots__ = ("arrays", "at", "foreign", "full", "low", "number", "ref", "size", "state")
    kind = "block"

    def __init__(self, number, low, size, foreign):
        self.number, self.ref, self.at, self.low, self.size = number, None, None, low, size
        self.state, self.arrays, self.full, self.foreign = None, [], False, foreign


_CONTAINERS = {"list": list, "dict": dict, "set": set, "bytearray": bytearray}
_CHANGEABLE = {*_CONTAINERS, "block"}
_KINDS = {
    **{kind: kind.__name__ for kind in (list, dict, set, bytearray, tuple, frozenset)},
    **{kind: kind.__name__ for kind in (complex, str, bytes, int, float, bool, slice, range)},
    **{type(None): "none", type(...): "ellipsis", dtype: "dtype", type: "type"},
    **{str_: "npstr", bytes_: "npbytes", generic: "scalar", ndarray: "array"},
    np.ma.MaskedArray: "foreign",
}
_mro = type.__dict__["__mro__"].__get__
_AS_IS = {type(None), bool, float}
_LEAVES = {*_AS_IS, int, str, complex, bytes, slice, range}


@lru_cache(4096)
def _kind(cls):
    """What an object of a class is on the wire: what its nearest built-in base class is."""
    for base in _mro(cls):
        if base in _KINDS:
            return _KINDS[base]
    return "foreign"


def _parts(value, kind):
    """The items of a container, of a dict keys and values."""
    if kind == "dict":
        if isinstance(value, OrderedDict):  # it has an order of its own
            return [*value.keys(), *value.values()]
        return [*dict.keys(value), *dict.values(value)]
    if kind == "list":
        return list.copy(value)
    if kind == "tuple":
        return list(tuple.__iter__(value))
    if kind == "set":
        return list(set.__iter__(value))
    return list(frozenset.__iter__(value))


def _state(value, kind):
    """What a container holds now, to be compared later."""
    if kind == "bytearray":
        return bytes(value)
    return frozenset(value) if kind == "set" else tuple(_parts(value, kind))


def _is_same(state, value, kind):
    if kind == "bytearray":
        return bytearray.__eq__(value, state)
    if kind == "set":
        return len(value) == len(state) and all(item in value for item in state)
    parts = _parts(value, kind)
    return len(parts) == len(state) and all(map(operator.is_, parts, state))


@lru_cache(256)
def _record(name, fields):
    """A class like ``collections.namedtuple(name, fields)``, made without executing text."""
    return type(
        name,
        (tuple,),
        {
            "__slots__": (),
            "_fields": fields,
            "_asdict": lambda self: dict(zip(fields, self, strict=True)),
            "__repr__": lambda self: (
                f"{name}({', '.join(f'{f}={v!r}' for f, v in zip(fields, self, strict=True))})"
            ),
            **{field: property(operator.itemgetter(index)) for index, field in enumerate(fields)},
        },
    )


def _fields(value):
    """Name and field names of a named tuple, or None."""
    kind = type(value)
    fields = getattr(kind, "_fields", None)
    if kind is tuple or type(fields) is not tuple or len(fields) != len(value):
        return None
    return (kind.__name__, list(fields)) if _are_fields(kind.__name__, fields) else None


def _are_fields(name, fields):
    return (
        all(type(f) is str and f.isidentifier() and f[0] != "_" for f in (name.strip("_"), *fields))
        and len(set(fields)) == len(fields)
        and not set(fields) & set(dir(tuple))
        and len(name) < 100
        and all(len(field) < 100 for field in fields)
    )


class _Outgoing:
    """A message that is being written."""

    def __init__(self):
        self.things, self.wholes, self.blocks, self.arrays, self.shells = [], [], [], [], []
        self.tuples, self.updates, self.buffers = [], [], []
        self.created, self.moved, self.rewritten = [], [], []  # to undo, if it is not sent
        self.states = []  # to note when it is complete
        self.unsent = []  # blocks that are new
        self.size = 0  # bytes of arrays
        self.fresh, self.met, self.unplaced = {}, {}, set()
        self.reach = ()
        self.refs = self.items = 0

    def buffer(self, data):
        self.buffers.append(data)
        return len(self.buffers) - 1


class Codec:
    """One end's memory of what has crossed; writes and reads messages.

    trusted     whether this is the trusted end: it insists on the limits, and holds its copies of
                the other end's objects no longer than the test does
    export      function of an object that is no data; returns what to tell of it (plain data);
                raises ``TypeError`` if it may not cross
    stand_in    function of a number and what ``export`` told; returns what stands for it here

    ``lent`` is a list of sets, one a call under way into the other end: the numbers of the trusted
    end's objects that the other end may change.
    """

    _FEW = 8  # containers that may be dead before anyone looks

    def __init__(self, trusted, limits, export, stand_in):
        self.trusted, self.limits = trusted, limits
        self._export, self._stand_in = export, stand_in
        self.lent = []
        self._by_number, self._by_id, self._by_root = {}, {}, {}
        self._recent = OrderedDict()  # what may have changed, the last that crossed at the end
        self._containers, self._sweep_at = {}, self._FEW
        self._dead, self._released = [], []
        self._next = 1 if trusted else -1

    # -- the objects both hold

    def number_of(self, value):
        """The number of an object that both ends hold, or None."""
        shared = self._by_id.get(id(value))
        return shared.number if shared is not None and shared.ref() is value else None

    def object(self, number):
        """The object of a number. Raises ``ValueError``."""
        shared = self._by_number.get(number)
        _must(shared is not None and shared.kind != "block", "the number of an object")
        value = shared.ref()
        if value is None and shared.info is not None:  # only its stand-in is gone
            value = self._stand_in(number, shared.info)
            self._hold(shared, value)
        _must(value is not None, "the number of an object")
        return value

    def __len__(self):
        return len(self._by_number)

    def _new_number(self):
        number = self._next
        self._next += 1 if self.trusted else -1
        return number

    def _is_mine(self, number):
        return (number > 0) == self.trusted

    def _hold(self, shared, value):
        """Bind a shared object to what it is here."""
        number, kind = shared.number, shared.kind
        weak = not self._is_mine(number) if kind == "thing" else self.trusted
        if weak and kind not in _CONTAINERS and kind != "tuple":
            shared.ref = weakref.ref(value, partial(self._die, number))
        else:
            shared.ref = _Strong(value)
        if shared.at is not None and self._by_id.get(shared.at) is shared:
            del self._by_id[shared.at]
        shared.at = id(value)
        if kind == "block":
            self._by_root.setdefault(shared.at, []).append(number)
        else:
            self._by_id[shared.at] = shared
        if kind in _CONTAINERS or kind == "tuple":
            self._containers[number] = shared
        if kind in _CONTAINERS or kind == "block":
            self._recent[number] = True
        self._by_number[number] = shared

    def _die(self, number, _):
        self._dead.append(number)

    def _drop(self, number):
        shared = self._by_number.pop(number, None)
        if shared is None:
            return
        self._recent.pop(number, None)
        self._containers.pop(number, None)
        if shared.kind == "block":
            numbers = self._by_root[shared.at]
            numbers.remove(number)
            if not numbers:
                del self._by_root[shared.at]
            return
        if shared.kind == "array" and (block := self._by_number.get(shared.block)) is not None:
            block.arrays.remove(number)
        if self._by_id.get(shared.at) is shared:
            del self._by_id[shared.at]

    def bury(self):
        """Let go of what nobody here holds any more; the other end is told in the next message."""
        if self.trusted:
            self._sweep()
        dead, self._dead = self._dead, []
        for number in dead:
            shared = self._by_number.get(number)
            if shared is not None and shared.ref() is None:
                self._drop(number)
                self._released.append(number)

    def _sweep(self):
        """Containers cannot be referred to weakly: one that only this table refers to is dead."""
        if len(self._containers) < self._sweep_at:
            return
        found = True
        while found:
            found = False
            for number, shared in list(self._containers.items()):
                if sys.getrefcount(shared.ref.object) <= _ALONE:
                    self._drop(number)
                    self._released.append(number)
                    found = True
        self._sweep_at = max(self._FEW, 2 * len(self._containers))

    def _is_lent(self, number):
        return any(number in lent for lent in self.lent)

    def _watched(self, out):
        """Memory that has changed here since it last crossed, and containers that may have.

        Of what is in the message and in the calls under way, and of the last few others.
        """
        if not self._recent:
            return
        numbers, known = set(self._last()), self._by_number
        for number in (*chain(*self.lent), *out.reach):
            shared = known.get(number)
            if shared is not None:
                numbers.add(shared.block if shared.kind == "array" else number)
        for number in sorted(numbers.difference(out.fresh)):
            shared = known.get(number)
            if shared is None or shared.kind not in _CHANGEABLE:
                continue
            if shared.kind == "block" and self._is_in_step(shared):
                continue
            if self.trusted or number < 0 or self._may_write(shared):
                yield shared

    def _last(self):
        """The numbers of the last few that crossed, the small ones: comparing takes time."""
        left = self.limits.watched_bytes
        for number in islice(reversed(self._recent), self.limits.watched):
            shared = self._by_number[number]
            size = shared.size if shared.kind == "block" else 8 * len(shared.state or ())
            if size <= left:
                left -= size
                yield number

    def _may_write(self, shared):
        """Whether the other end may change an object of the trusted end."""
        if shared.kind == "block":
            return any(self._is_lent(number) for number in shared.arrays)
        return self._is_lent(shared.number)

    # -- writing

    def encode(self, op, values, lend=False):
        """Return a message's structure (bytes) and buffers.

        lend  whether what the values refer to may be changed by the other end from now on

        Raises ``TypeError`` or ``ValueError`` for what may not cross; then nothing has changed.
        """
        out = _Outgoing()
        try:
            return self._encode(out, op, values, lend)
        except BaseException:
            for shared in out.created:
                self._drop(shared.number)
            for entry in out.moved:
                entry.key = None
            for block in out.rewritten:
                block.state = None
            raise

    def _encode(self, out, op, values, lend):
        self.bury()
        reach, done = {}, {}
        for value in values:
            if type(value) not in _LEAVES:
                self._survey(value, reach, done)
        coded = [self._value(value, out) for value in values]
        out.reach = [n for value in reach.values() if (n := self.number_of(value))]
        watched = list(self._watched(out))
        self._write_changes(watched, out)
        self._place_arrays(out)
        self._write_blocks(watched, out)
        lent = [number for number in out.reach if number > 0] if lend else []
        released, self._released = self._released, []
        structure = _dumps(
            [
                *(op, coded, out.things, out.wholes, out.blocks, out.arrays, out.shells),
                *(out.tuples, out.updates, released, lent),
            ]
        )
        size = len(structure) + sum(map(len, out.buffers))
        limits = self.limits
        if size > limits.message_bytes or len(structure) > limits.structure_bytes:
            self._released = released
            raise ValueError(f"{size:,} bytes; at most {limits.message_bytes:,} may cross the wall")
        for shared, state in out.states:
            shared.state = state
            self._recent.move_to_end(shared.number)
        for block in out.rewritten:
            self._recent.move_to_end(block.number)
        if lend:
            self.lent[-1].update(lent)
        return structure, out.buffers

    def _survey(self, value, reach, done, depth=0):
        """Note the containers and arrays within a value; return (items, repeats too; height).

        Raises ``ValueError`` if it contains itself, or is too deep or too big.
        """
        kind, key = _kind(type(value)), id(value)
        if kind in ("array", "bytearray"):
            reach[key] = value
        if kind not in ("list", "dict", "set", "tuple", "frozenset"):
            return 1, 0
        if key in done:
            if done[key] is None:
                raise ValueError(f"a {kind} that contains itself cannot cross the wall")
            return done[key]
        done[key], reach[key] = None, value
        parts = _parts(value, kind)
        items, height = 1 + len(parts), 1
        if depth < self.limits.depth and not set(map(type, parts)) <= _LEAVES:
            for part in parts:
                inner_items, inner_height = self._survey(part, reach, done, depth + 1)
                items, height = items + inner_items - 1, max(height, inner_height + 1)
        if depth >= self.limits.depth or height > self.limits.depth:
            raise ValueError(f"nested deeper than {self.limits.depth}: it cannot cross the wall")
        if items > self.limits.items:
            raise ValueError(f"more than {self.limits.items:,} items: they cannot cross the wall")
        done[key] = items, height
        return items, height

    def _value(self, value, out):
        kind = type(value)
        if kind in _AS_IS:
            return value
        if kind is int and -(1 << 62) < value < 1 << 62:
            return value
        return _WRITERS[_kind(kind)](self, value, out)

    def _many(self, values, out):
        """Codes of many values; long runs of floats or ints become a buffer."""
        out.items += len(values)
        if out.items > self.limits.items:
            raise ValueError(f"more than {self.limits.items:,} items: they cannot cross the wall")
        if len(values) >= 16:
            kinds = set(map(type, values))
            if kinds == {float}:
                return {"d": out.buffer(array("d", values).tobytes())}
            if kinds == {int}:
                try:
                    return {"q": out.buffer(array("q", values).tobytes())}
                except OverflowError:
                    pass
        return [self._value(value, out) for value in values]

    def _refer(self, shared, out):
        out.refs += 1
        return ["@", shared.number]

    def _known(self, value):
        shared = self._by_id.get(id(value))
        return shared if shared is not None and shared.ref() is value else None

    def _create(self, value, kind, out):
        if len(self._by_number) >= self.limits.shared:
            raise ValueError(f"more than {self.limits.shared:,} objects are held across the wall")
        number = self._new_number()
        shared = _Array(number) if kind == "array" else _Shared(number, kind)
        self._hold(shared, value)
        out.created.append(shared)
        out.fresh[number] = None
        return shared

    def _write_none(self, value, out):
        return None

    def _write_ellipsis(self, value, out):
        return ["..."]

    def _write_bool(self, value, out):
        return value

    def _write_int(self, value, out):
        value = int.__add__(value, 0)
        if -(1 << 62) < value < 1 << 62:
            return value
        if value.bit_length() > 4 * self.limits.integer_digits:
            raise ValueError(f"an integer of {value.bit_length():,} bits cannot cross the wall")
        return ["i", f"{value:x}"]

    def _write_float(self, value, out):
        value = float.__float__(value)
        # JSON has one NaN only
        return ["-nan"] if value != value and math.copysign(1.0, value) < 0 else value

    def _write_complex(self, value, out):
        value = complex.__complex__(value)
        return ["c", self._write_float(value.real, out), self._write_float(value.imag, out)]

    def _write_str(self, value, out):
        value = str.__str__(value)
        if len(value) <= 4096:
            return value
        return ["s", out.buffer(value.encode("utf-8", "surrogatepass"))]

    def _write_bytes(self, value, out):
        value = bytes.__getitem__(value, slice(None))
        return ["y", self._raw(value, out)]

    def _raw(self, data, out):
        if len(data) <= 1024:
            return binascii.b2a_base64(data, newline=False).decode()
        return out.buffer(bytes(data))

    def _write_npstr(self, value, out):
        return ["gs", self._write_str(value, out)]

    def _write_npbytes(self, value, out):
        return ["gy", self._raw(bytes.__getitem__(value, slice(None)), out)]

    def _write_scalar(self, value, out):
        code = dtype_code(generic.dtype.__get__(value))
        if code is None:
            return self._write_foreign(value, out)
        return ["g", code, self._raw(generic.tobytes(value), out)]

    def _write_dtype(self, value, out):
        code = dtype_code(value)
        return self._write_foreign(value, out) if code is None else ["dt", code]

    def _write_type(self, value, out):
        name = NAMES.get(value)
        return self._write_foreign(value, out) if name is None else ["n", name]

    def _write_slice(self, value, out):
        return ["sl", *(self._value(part, out) for part in (value.start, value.stop, value.step))]

    def _write_range(self, value, out):
        return ["ra", *(self._value(part, out) for part in (value.start, value.stop, value.step))]

    def _write_frozenset(self, value, out):
        return ["fs", self._many(_parts(value, "frozenset"), out)]

    def _write_tuple(self, value, out):
        shared = self._known(value)
        if shared is not None:
            return self._refer(shared, out)
        before, fields = out.refs, _fields(value)
        code = ["t", self._many(_parts(value, "tuple"), out), *(fields or ())]
        if out.refs == before:  # plain data all through: it needs no identity
            return code
        shared = self._create(value, "tuple", out)
        out.tuples.append([shared.number, code])
        return self._refer(shared, out)

    def _write_container(self, value, out):
        shared = self._known(value)
        if shared is None:
            kind = _kind(type(value))
            shared = self._create(value, kind, out)
            out.shells.append([shared.number, kind])
            self._write_content(shared, value, out)
        return self._refer(shared, out)

    _write_list = _write_dict = _write_set = _write_bytearray = _write_container

    def _write_content(self, shared, value, out):
        kind, state = shared.kind, _state(value, shared.kind)
        if kind == "bytearray":
            content = self._raw(state, out)
        else:
            content = self._many(_parts(value, kind), out)
        out.updates.append([shared.number, content])
        out.states.append((shared, state))

    def _write_foreign(self, value, out):
        shared = self._known(value)
        if shared is None:
            info = self._export(value)
            shared = self._create(value, "thing", out)
            out.things.append([shared.number, info])
        return self._refer(shared, out)

    def _write_changes(self, watched, out):
        """Containers that changed here since they last crossed."""
        for shared in watched:
            if shared.kind == "block":
                continue
            value = shared.ref()
            if not _is_same(shared.state, value, shared.kind):
                self._survey(value, {}, {})
                self._write_content(shared, value, out)

    # -- writing arrays

    def _write_array(self, value, out):
        plain = value if type(value) is ndarray else ndarray.view(value, ndarray)
        code = dtype_code(plain.dtype)
        if code is None:
            return self._write_foreign(value, out)
        shared = self._known(value)
        key = _key(plain)
        if shared is None and plain is value and (whole := _whole(plain)):
            root, order = whole
            if self._block_around(root, key[0], key[0] + plain.nbytes) is None:
                return self._write_whole(plain, root, key, code, order, out)
        if shared is not None and shared.key != key and not self._is_mine(shared.number):
            shared = None  # reshaped here: to the other end it is another array, in the same memory
        if shared is None:
            shared = self._create(value, "array", out)
        if shared.key != key:
            out.unplaced.add(shared.number)
        out.met[shared.number] = (shared, plain, key)
        return self._refer(shared, out)

    def _write_whole(self, value, root, key, code, order, out):
        """An array that is all of its memory, and new like this: array and block in one."""
        shared = self._create(value, "array", out)
        block = self._new_block(root, key[0], key[0] + value.nbytes, out)
        self._add_size(block, out)
        block.state = bytearray(_memory(value))
        shared.place(block.number, 0, value, key)
        block.arrays.append(shared.number)
        block.full = True
        whole = [shared.number, block.number, value.shape, code, order, key[4], root is value]
        out.wholes.append([*whole, out.buffer(block.state)])
        return self._refer(shared, out)

    def _new_block(self, root, low, high, out):
        block = _Block(self._new_number(), low, high - low, foreign=False)
        self._hold(block, root)
        out.created.append(block)
        out.fresh[block.number] = None
        return block

    def _add_size(self, block, out):
        out.size += block.size
        most = self.limits.message_bytes
        if out.size > most:
            raise ValueError(f"arrays of {out.size:,} bytes; at most {most:,} may cross the wall")

    def _place_arrays(self, out):
        """Say of every array that is new, or has moved, where it lies."""
        roots = {}
        for number, (shared, plain, key) in out.met.items() if out.unplaced else ():
            if plain.size:
                root = _root(plain)
                roots.setdefault(id(root), (root, []))[1].append((shared, plain, key))
            elif number in out.unplaced:
                self._place(shared, plain, key, None, out)
        for root, members in roots.values():
            for low, high, cluster in _clusters(members):
                if any(shared.number in out.unplaced for shared, *_ in cluster):
                    self._place_cluster(root, low, high, cluster, out)

    def _place_cluster(self, root, low, high, cluster, out):
        block = self._block_around(root, low, high)
        if block is None:
            block = self._new_block(root, low, high, out)
            out.unsent.append(block)
            out.blocks.append([block.number, block.size, low % 16])
        for shared, plain, key in cluster:
            if shared.number in out.unplaced or shared.block != block.number:
                self._place(shared, plain, key, block, out)

    def _block_around(self, root, low, high):
        for number in reversed(self._by_root.get(id(root), ())):
            block = self._by_number.get(number)
            if block is None or block.ref() is not root:
                continue
            if block.low <= low and high <= block.low + block.size:
                return block
        return None

    def _place(self, shared, plain, key, block, out):
        out.moved.append(shared)
        if block is None:
            shared.place(0, 0, plain, key)
            where = [0, 0]
        else:
            offset = key[0] - block.low
            if block.foreign and not block.full and not self._covers(block, offset, plain):
                raise ValueError("an array shows memory around the array that was passed")
            self._enter(shared, block, offset, plain, key)
            where = [block.number, offset]
        strides = None if block is None else list(plain.strides)
        code = dtype_code(plain.dtype)
        out.arrays.append([shared.number, *where, list(plain.shape), strides, code, key[4]])

    def _enter(self, shared, block, offset, plain, key):
        old = self._by_number.get(shared.block)
        if old is not None and shared.number in old.arrays:
            old.arrays.remove(shared.number)
        shared.place(block.number, offset, plain, key)
        block.arrays.append(shared.number)
        before, behind = _reach(plain.shape, plain.strides, plain.itemsize)
        if before + behind == block.size and _is_dense(plain.shape, plain.strides, plain.itemsize):
            block.full = True

    def _covers(self, block, offset, plain):
        """Whether the arrays that have crossed hold every byte of one more."""
        marks = np_zeros(block.size, bool_)
        for number in block.arrays:
            array_ = self._by_number.get(number)
            if array_ is not None and array_.ref() is not None:
                array_.cells(marks)[...] = True
        return bool(_cells(marks, offset, plain.shape, plain.strides, plain.itemsize).all())

    def _bytes_of(self, block, write=False):
        """The block's memory here, as bytes (a view); to write to copies that are read-only too."""
        root = block.ref()
        if write and block.foreign and not root.flags.writeable:
            root.flags.writeable = True
            try:
                return self._bytes_of(block)
            finally:
                root.flags.writeable = False
        memory = _memory(root)
        start = block.low - _address(memory)
        return memory[start : start + block.size]

    def _image(self, block):
        """The block's bytes now. In gaps between arrays that have crossed: what crossed there."""
        memory = self._bytes_of(block)
        if block.full or block.foreign:
            return memory
        image = np_zeros(block.size, uint8)
        if block.state is not None:
            image[:] = frombuffer(block.state, uint8)
        for number in block.arrays:
            shared = self._by_number.get(number)
            if shared is not None and shared.ref() is not None:
                copyto(shared.cells(image), shared.cells(memory))
        return image

    def _is_in_step(self, block):
        """Whether the block's memory still holds what last crossed."""
        root = block.ref()
        if root is None or bytearray.__eq__(block.state, root) is True:  # all of a plain array
            return True
        return bytearray.__eq__(block.state, memoryview(self._image(block)))

    def _write_blocks(self, watched, out):
        """Memory that is new, or has changed here since it last crossed."""
        for block in [*out.unsent, *watched]:
            if block.kind != "block":
                continue
            self._add_size(block, out)
            image = self._image(block)
            out.rewritten.append(block)
            if block.state is None:
                block.state = bytearray(image)
            else:
                block.state[:] = memoryview(image)
            out.updates.append([block.number, out.buffer(block.state)])

    # -- reading

    def decode(self, structure, buffers):
        """Return a message's op and values. Raises ``WallError`` if anything in it is not right."""
        try:
            if self.trusted:
                self._check_size(structure)
            return _Incoming(self, structure, buffers).read()
        except WallError:
            raise
        except ValueError as error:
            raise WallError(f"a message is malformed ({str(error)[:200]})") from None
        except _MALFORMED as error:
            raise WallError(f"a message is malformed ({type(error).__name__})") from None

    def _check_size(self, structure):
        """A bound on the number of items, before any of them is made."""
        items = structure.count(b",") + structure.count(b"[") + structure.count(b"{")
        if items > 5 * self.limits.items + 1000:
            raise WallError(f"a message has more than {self.limits.items:,} items")


def _measure():
    """The reference count of an object that a table alone refers to."""
    strong = _Strong(object())
    return sys.getrefcount(strong.object)


_ALONE = _measure()


def _clusters(members):
    """Group arrays whose extents overlap; yield (low, high, members) of addresses."""
    spans = []
    for member in members:
        plain = member[1]
        before, behind = _reach(plain.shape, plain.strides, plain.itemsize)
        spans.append((member[2][0] - before, member[2][0] + behind, member))
    spans.sort(key=operator.itemgetter(0, 1))
    low, high, cluster = spans[0][0], spans[0][1], []
    for start, end, member in spans:
        if start >= high:
            yield low, high, cluster
            low, high, cluster = start, end, []
        high = max(high, end)
        cluster.append(member)
    yield low, high, cluster


# What reading a message that is not right can raise, besides ValueError.
_MALFORMED = (
    *(ArithmeticError, AttributeError, BufferError, LookupError),
    *(MemoryError, RecursionError, TypeError),
)


def _kept(data):
    return data if type(data) is bytearray else bytearray(data)


class _Incoming:
    """A message that is being read. At the trusted end, every number in it is doubted."""

    def __init__(self, codec, structure, buffers):
        self.codec, self.trusted, self.limits = codec, codec.trusted, codec.limits
        fields = _loads(structure)
        _must(type(fields) is list and len(fields) == 11, "a message")
        _must(type(fields[0]) is str and set(map(type, fields[1:])) == {list}, "a message")
        self.op, self.values, self.things, self.wholes, self.blocks, self.arrays = fields[:6]
        self.shells, self.tuples, self.updates, self.released, self.lent = fields[6:]
        self.buffers = buffers
        self.items = self.extent = 0
        self.content = dict(map(self._update, self.updates)) if self.updates else {}
        _must(len(self.content) == len(self.updates), "the list of changes")
        self.fresh, self.keep = set(), []

    def read(self):
        """Return op and values."""
        codec = self.codec
        self._read_releases()
        for number, info in self.things:
            shared = _Shared(self._unknown(number), "thing", info)
            self._bind(shared, codec._stand_in(number, info))
        arrays = [self._read_whole(*node) for node in self.wholes]
        for node in self.blocks:
            self._read_block(*node)
        arrays += [self._read_array(*node) for node in self.arrays]
        for number, kind in self.shells:
            _must(number in self.content, "a container without content")
            self._bind(_Shared(self._unknown(number), kind), _CONTAINERS[kind]())
        for number, code in self.tuples:
            value = self._made(code)
            _must(isinstance(value, tuple), "a tuple")
            self._bind(_Shared(self._unknown(number), "tuple"), value)
        blocks, rewritten = self._apply()
        values = [self._made(code) for code in self.values]
        if self.trusted:
            self._check(values, arrays, blocks, rewritten)
        elif codec.lent:
            codec.lent[-1].update(self.lent)
        return self.op, values

    # -- objects

    def _unknown(self, number):
        """The number of an object of the other end that has not crossed yet."""
        codec = self.codec
        _must(type(number) is int and 0 < abs(number) < 1 << 53, "the number of an object")
        _must(not codec._is_mine(number) and number not in codec._by_number, "a new number")
        if len(codec) >= self.limits.shared:
            raise WallError(f"more than {self.limits.shared:,} objects are held across the wall")
        return number

    def _bind(self, shared, value):
        self.codec._hold(shared, value)
        self.fresh.add(shared.number)
        self.keep.append(value)

    def _update(self, update):
        number, content = update
        _must(type(number) is int, "a change")
        return number, content

    def _read_releases(self):
        for number in self.released:
            _must(type(number) is int, "a release")
            if self.trusted:  # the other end lets go of functions only
                shared = self.codec._by_number.get(number)
                _must(shared is not None and shared.kind == "thing" and number > 0, "a release")
            self.codec._drop(number)

    def _buffer(self, index):
        _must(type(index) is int and 0 <= index < len(self.buffers), "the number of a buffer")
        return self.buffers[index]

    # -- arrays

    def _read_whole(self, number, block, shape, code, order, writeable, owns, index):
        data, kind, shape = self._buffer(index), dtype_made(code), tuple(_naturals(shape))
        size = math.prod(shape) * kind.itemsize
        _must(size == len(data) > 0 and len(shape) <= 64, "the size of an array")
        _must(order in ("C", "F"), "an array")
        _must(type(writeable) is bool and type(owns) is bool, "an array")
        self._extend(size)  # the same buffer may be named again and again
        root = ndarray(shape, kind, data, order=order).copy(order)
        value = root if owns else root.view()
        key = _address(value), value.shape, value.strides, value.dtype, writeable
        memory = _Block(self._unknown(block), key[0], size, foreign=True)
        memory.state, memory.arrays, memory.full = _kept(data), [number], True
        self._bind(memory, root)
        shared = _Array(self._unknown(number))
        shared.place(block, 0, value, key)
        self._bind(shared, value)
        if not writeable:
            value.flags.writeable = False
        return shared

    def _extend(self, size):
        self.extent += size
        if self.trusted and self.extent > 4 * self.limits.message_bytes:
            raise WallError(f"arrays of more than {4 * self.limits.message_bytes:,} bytes")

    def _read_block(self, number, size, shift):
        self._unknown(number)
        data = self._buffer(self.content.get(number))
        _must(len(data) == _natural(size) > 0 and _natural(shift) < 16, "the size of memory")
        self._extend(size)
        root = empty(size + shift, uint8)
        block = _Block(number, _address(root) + shift, size, foreign=True)
        self._bind(block, root)
        self.codec._bytes_of(block)[:] = frombuffer(data, uint8)
        block.state = _kept(data)

    def _read_array(self, number, block, offset, shape, strides, code, writeable):
        codec, kind = self.codec, dtype_made(code)
        shape = tuple(_naturals(shape))
        _must(len(shape) <= 64 and type(writeable) is bool, "an array")
        size = math.prod(shape) * kind.itemsize
        self._extend(size)
        if block == 0:
            _must(size == 0, "an array without memory")
            value, block = empty(shape, kind), None
        else:
            block = codec._by_number[block]
            _must(block.kind == "block", "the memory of an array")
            value = self._view(block, offset, shape, strides, kind)
            if not block.foreign:
                writeable = writeable and self._is_writeable(block)
        return self._settle(number, value, block, offset, writeable)

    def _view(self, block, offset, shape, strides, kind):
        _must(type(strides) is list and len(strides) == len(shape), "the strides of an array")
        _must(all(type(s) is int and abs(s) < 1 << 62 for s in strides), "the strides of an array")
        before, behind = _reach(shape, strides, kind.itemsize)
        _must(math.prod(shape) > 0, "a view of nothing")
        _must(before <= _natural(offset) and offset + behind <= block.size, "the place of an array")
        memory = self.codec._bytes_of(block, write=True)
        value = ndarray(shape, kind, memory, offset, strides)
        if self.trusted and not block.foreign and not block.full:
            _must(self.codec._covers(block, offset, value), "the place of an array")
        return value

    def _is_writeable(self, block):
        arrays = [self.codec._by_number[number].ref() for number in block.arrays]
        return all(a.flags.writeable for a in arrays if a is not None)

    def _settle(self, number, value, block, offset, writeable):
        """Bind an array to its number; one that was bound before has moved."""
        codec = self.codec
        if not writeable:
            value.flags.writeable = False
        shared = codec._by_number.get(number)
        if shared is None:
            shared = _Array(self._unknown(number))
        _must(shared.kind == "array" and not codec._is_mine(number), "the number of an array")
        if block is None:
            shared.place(0, 0, value, _key(value))
        else:
            codec._enter(shared, block, offset, value, _key(value))
        self._bind(shared, value)
        return shared

    # -- changes

    def _apply(self):
        """Write what has changed; return the blocks and containers that were known before."""
        codec, blocks, rewritten = self.codec, [], []
        for number, content in self.content.items():
            shared = codec._by_number[number]
            _must(shared.kind in (*_CONTAINERS, "block"), "a change")
            fresh = number in self.fresh
            if self.trusted and number > 0 and not codec._may_write(shared):
                raise WallError("a value was changed that had not been passed")
            if number in codec._recent:
                codec._recent.move_to_end(number)
            if shared.kind != "block":
                self._refill(shared, content)
                rewritten += [] if fresh else [shared]
            elif not fresh:
                self._overwrite(shared, self._buffer(content))
                blocks.append(shared)
        return blocks, rewritten

    def _refill(self, shared, content):
        value, kind = shared.ref(), shared.kind
        if kind == "bytearray":
            value[:] = self._raw(content)
        else:
            # what is taken out may be what this message is about: f(caches.pop())
            self.keep.append(list(value.items() if kind == "dict" else value))
            items = self._many(content)
            if kind == "list":
                list.__setitem__(value, slice(None), items)
            else:
                if kind == "dict":
                    _must(len(items) % 2 == 0, "a dict")
                    half = len(items) // 2
                    items = zip(self._hashed(items[:half]), items[half:], strict=True)
                else:
                    items = self._hashed(items)
                value.clear()
                value.update(items)
        shared.state = _state(value, kind)

    def _overwrite(self, block, data):
        codec = self.codec
        _must(len(data) == block.size and block.ref() is not None, "the size of memory")
        new = frombuffer(data, uint8)
        if block.foreign:
            codec._bytes_of(block, write=True)[:] = new
        else:
            for number in list(block.arrays):
                shared = codec._by_number[number]
                a = shared.ref()
                if a is None or not a.flags.writeable:
                    continue
                if not self.trusted or codec._is_lent(number):
                    plain = ndarray.view(a, ndarray)
                    source = ndarray(plain.shape, plain.dtype, new, shared.offset, plain.strides)
                    copyto(plain, source)
        block.state = _kept(data)

    # -- values

    def _many(self, code):
        if type(code) is list:
            self._count(len(code))
            if set(map(type, code)) <= {*_AS_IS, int, str}:
                return code
            return [self._made(item) for item in code]
        _must(type(code) is dict and len(code) == 1, "a run of numbers")
        ((kind, index),) = code.items()
        _must(kind in ("d", "q"), "a run of numbers")
        data = self._buffer(index)
        self._count(len(data) // 8)
        run = array(kind)
        run.frombytes(data)
        return run.tolist()

    def _count(self, items):
        self.items += items
        if self.items > self.limits.items:
            raise WallError(f"a message has more than {self.limits.items:,} items")

    def _hashed(self, items):
        """The items, if their hashes are not chosen to collide."""
        if self.trusted and len(items) > 1000:
            ((_, most),) = Counter(map(hash, items)).most_common(1)
            _must(most < 100, "what hashes collide")
        return items

    def _raw(self, code):
        if type(code) is str:
            return binascii.a2b_base64(code, strict_mode=True)
        return bytes(self._buffer(code))

    def _text(self, code):
        if type(code) is str:
            return code
        tag, index = code
        _must(tag == "s", "a string")
        return str(self._buffer(index), "utf-8", "surrogatepass")

    def _made(self, code, depth=0):
        """The value that a code stands for."""
        kind = type(code)
        if kind in _AS_IS or kind is int or kind is str:
            return code
        _must(kind is list and code and type(code[0]) is str, "a value")
        _must(depth <= self.limits.depth, "the depth of a value")
        tag, *rest = code
        if tag == "@":
            return self._read_reference(*rest)
        if tag in _NESTED:
            return _NESTED[tag](self, *rest, depth=depth + 1)
        return _READERS[tag](self, *rest)

    def _read_reference(self, number):
        _must(type(number) is int, "the number of an object")
        value, shared = self.codec.object(number), self.codec._by_number[number]
        if shared.kind == "array":
            number = shared.block
        if number in self.codec._recent:
            self.codec._recent.move_to_end(number)
        return value

    def _read_integer(self, digits):
        _must(len(digits) <= self.limits.integer_digits + 1, "an integer")
        return int(digits, 16)

    def _read_complex(self, real, imag):
        real, imag = self._made(real, 1), self._made(imag, 1)
        _must(type(real) is float and type(imag) is float, "a complex number")
        return complex(real, imag)

    def _read_string(self, index):
        return self._text(["s", index])

    def _nested(self, code, depth):
        if type(code) is list and not set(map(type, code)) <= {*_AS_IS, int, str}:
            self._count(len(code))
            return [self._made(item, depth) for item in code]
        return self._many(code)

    def _read_tuple(self, items, name=None, fields=None, depth=0):
        value = tuple(self._nested(items, depth))
        if fields is None:
            return value
        _must(type(name) is str and type(fields) is list, "a named tuple")
        _must(all(type(f) is str for f in fields) and _are_fields(name, fields), "its fields")
        _must(len(fields) == len(value), "a named tuple")
        return tuple.__new__(_record(name, tuple(fields)), value)

    def _read_frozenset(self, items, depth=0):
        return frozenset(self._hashed(self._nested(items, depth)))

    def _read_slice(self, start, stop, step, depth=0):
        return slice(*(self._made(part, depth) for part in (start, stop, step)))

    def _read_range(self, *parts):
        parts = [self._made(part) for part in parts]
        _must(len(parts) == 3 and all(type(part) is int for part in parts), "a range")
        return range(*parts)

    def _read_type(self, name):
        return TYPES[name]

    def _read_dtype(self, code):
        return dtype_made(code)

    def _read_scalar(self, code, data):
        kind, data = dtype_made(code), self._raw(data)
        _must(len(data) == kind.itemsize, "a scalar")
        value = frombuffer(data, kind).copy()
        _must(_is_sound(value), "a scalar")
        return value[0]

    def _read_npstr(self, text):
        return str_(self._text(text))

    def _read_npbytes(self, data):
        return bytes_(self._raw(data))

    # -- what only the trusted end asks

    def _check(self, values, arrays, blocks, rewritten):
        """Nothing was lent by the other end; arrays hold what they can; nothing is bottomless."""
        codec, done = self.codec, {}
        _must(not self.lent, "a loan")
        arrays += [codec._by_number[number] for block in blocks for number in block.arrays]
        for shared in arrays:
            a = shared.ref()
            _must(a is None or _is_sound(a), "the content of an array")
        containers = codec._containers.values() if rewritten else ()
        for shared in containers:
            codec._survey(shared.ref(), {}, done)
        for value in (*values, *(self.keep if self.shells or self.tuples else ())):
            if type(value) not in _LEAVES:
                codec._survey(value, {}, done)


_READERS = {
    "i": _Incoming._read_integer,
    "c": _Incoming._read_complex,
    "-nan": lambda self: math.copysign(float("nan"), -1.0),
    "s": _Incoming._read_string,
    "y": _Incoming._raw,
    "...": lambda self: ...,
    "ra": _Incoming._read_range,
    "n": _Incoming._read_type,
    "dt": _Incoming._read_dtype,
    "g": _Incoming._read_scalar,
    "gs": _Incoming._read_npstr,
    "gy": _Incoming._read_npbytes,
}
_NESTED = {
    "t": _Incoming._read_tuple,
    "fs": _Incoming._read_frozenset,
    "sl": _Incoming._read_slice,
}
_WRITERS = {kind: getattr(Codec, f"_write_{kind}") for kind in _KINDS.values()}
