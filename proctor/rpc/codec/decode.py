"""Reads messages. At the trusted end, all that is in them is doubted."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import binascii
import json
import math
import sys
from array import array
from collections import Counter

from numpy import bytes_, copyto, empty, frombuffer, ndarray, str_, uint8

from proctor.rpc.codec.dtypes import TYPES, dtype_made, must, natural, naturals, wrong
from proctor.rpc.codec.framing import WallError
from proctor.rpc.codec.memory import address_of, extent, is_sound, key_of
from proctor.rpc.codec.objects import Array, Block, Shared
from proctor.rpc.codec.values import (
    AS_IS,
    CHANGEABLE,
    DICTS,
    EMPTY,
    LEAVES,
    are_fields,
    container,
    parts_of,
    record,
    refill,
    state_of,
    view,
)

_decoder = json.JSONDecoder()
_ITSELF = {*AS_IS, int, str}  # in JSON, too


def _loads(structure):
    text = str(structure, "utf-8")
    value, end = _decoder.raw_decode(text)
    must(end == len(text), "the end of a message")
    return value


_FEW = 100  # that may have the same hash: each is compared with each


def _interned(value):
    """A text that could be a name as the one object that it is in one process: ``how is 'max'``."""
    if type(value) is str and len(value) < 32 and value.isidentifier():
        return sys.intern(value)
    return value


def _kept(data):
    return data if type(data) is bytearray else bytearray(data)


class Incoming:
    """A message that is being read. At the trusted end, every number in it is doubted.

    What is asked of each value calls no ``must``: it says what is wrong only where something is.
    """

    def __init__(self, codec, structure, buffers):
        self.codec, self.trusted, self.limits = codec, codec.trusted, codec.limits
        fields = _loads(structure)
        must(type(fields) is list, "a message")
        if len(fields) == 12 and not self.trusted:
            codec.converters.heed(fields.pop())
        must(len(fields) == 11, "a message")
        must(type(fields[0]) is str and set(map(type, fields[1:])) == {list}, "a message")
        self.op, self.values, self.things, self.wholes, self.blocks, self.arrays = fields[:6]
        self.shells, self.tuples, self.updates, self.released, self.lent = fields[6:]
        self.base, self.inside = 0, False  # of a converter's data: its first buffer
        self.buffers = buffers
        self.items = self.extent = 0
        self.refers = False  # whether a value is, or has within it, what crossed before
        self.content = dict(map(self._update, self.updates)) if self.updates else {}
        must(len(self.content) == len(self.updates), "the list of changes")
        self.fresh, self.known, self.keep = set(), set(), []  # numbers of what is new, and is not

    def read(self):
        """Return op and values."""
        codec = self.codec
        if self.trusted:
            self._read_releases()
        for number, info in self.things:
            shared = Shared(self._unknown(number), "thing", info)
            self._bind(shared, codec.stand_in(number, info))
        arrays = [self._read_whole(*node) for node in self.wholes]
        for node in self.blocks:
            self._read_block(*node)
        arrays += [self._read_array(*node) for node in self.arrays]
        for number, kind, *trait in self.shells:
            must(number in self.content, "a container without content")
            if kind == "object":
                made = self._new_object(*trait)
            else:
                made = container(kind, trait) if trait or kind not in EMPTY else EMPTY[kind]()
            self._bind(Shared(self._unknown(number), kind), made)
        for number, code in self.tuples:
            self._read_tuple_or_value(number, code)
        blocks, rewritten = self._apply()
        values = [_interned(self._made(code)) for code in self.values]
        if self.trusted:
            self._check(values, arrays, blocks, rewritten)
            codec.kept += values, self.keep
            codec.told = self.fresh | self.known
        else:
            self._read_releases()  # what was changed, and let go of then, is changed first
            if codec.lent:
                codec.lent[-1].update(self.lent)
        return self.op, values

    # -- objects

    def _unknown(self, number):
        """The number of an object of the other end that has not crossed yet."""
        codec = self.codec
        if type(number) is not int or not 0 < abs(number) < 1 << 53:
            wrong("the number of an object")
        if codec.is_mine(number) or number in codec.by_number:
            wrong("a new number")
        if len(codec) >= self.limits.shared:
            raise WallError(f"more than {self.limits.shared:,} objects are held across the wall")
        return number

    def _bind(self, shared, value):
        self.codec.hold(shared, value)
        self.fresh.add(shared.number)
        self.keep.append(value)

    def _read_tuple_or_value(self, number, code):
        value = self._made(code)
        if code[0] != "v":
            must(isinstance(value, tuple), "a tuple")
            self._bind(Shared(self._unknown(number), "tuple"), value)
            return
        converter = self._converter(code[1])
        must(converter.changes or converter.keeps, "a value with a number")
        kind = "value" if converter.changes else "tuple"
        shared = Shared(self._unknown(number), kind, converter=converter)
        self._bind(shared, value)
        if converter.changes:
            shared.state = self._image_of(shared, value)

    def _new_object(self, name):
        converters = self.codec.converters
        must(converters is not None and converters.new_object is not None, "an object")
        return converters.new_object(name)

    def _update(self, update):
        number, content = update
        must(type(number) is int, "a change")
        return number, content

    def _read_releases(self):
        for number in self.released:
            if type(number) is not int:
                wrong("a release")
            if self.trusted:  # the other end lets go of functions only
                shared = self.codec.by_number.get(number)
                must(shared is not None and shared.kind == "thing" and number > 0, "a release")
            self.codec.drop(number)

    def _buffer(self, index):
        if type(index) is not int or index < 0 or index + self.base >= len(self.buffers):
            wrong("the number of a buffer")
        return self.buffers[index + self.base]

    # -- arrays

    def _read_whole(self, number, block, shape, code, order, writeable, owns, index):
        if type(writeable) is not bool or type(owns) is not bool:
            wrong("an array")
        root, data = self._new_array(shape, code, order, index), self._buffer(index)
        if not root.size:
            wrong("the size of an array")
        value = root if owns else root.view()
        key = address_of(value), value.shape, value.strides, value.dtype, writeable
        memory = Block(self._unknown(block), key[0], root.nbytes, foreign=True)
        memory.state, memory.arrays, memory.full = _kept(data), [number], True
        self._bind(memory, root)
        shared = Array(self._unknown(number))
        shared.place(block, 0, value, key)
        self._bind(shared, value)
        if not writeable:
            value.flags.writeable = False
        return shared

    def _new_array(self, shape, code, order, index):
        data, kind, shape = self._buffer(index), dtype_made(code), tuple(naturals(shape))
        size = math.prod(shape) * kind.itemsize
        if size != len(data) or len(shape) > 64:
            wrong("the size of an array")
        if order not in ("C", "F"):
            wrong("an array")
        self._extend(size)  # the same buffer may be named again and again
        made = ndarray(shape, kind, data, order=order).copy(order) if size else empty(shape, kind)
        return self._heard_array(made)

    def _extend(self, size):
        self.extent += size
        if self.trusted and self.extent > 4 * self.limits.message_bytes:
            raise WallError(f"arrays of more than {4 * self.limits.message_bytes:,} bytes")

    def _read_block(self, number, size, shift):
        self._unknown(number)
        data = self._buffer(self.content.get(number))
        must(len(data) == natural(size) > 0 and natural(shift) < 16, "the size of memory")
        self._extend(size)
        root = empty(size + shift, uint8)
        block = Block(number, address_of(root) + shift, size, foreign=True)
        self._bind(block, root)
        self.codec.bytes_of(block)[:] = frombuffer(data, uint8)
        block.state = _kept(data)

    def _read_array(self, number, block, offset, shape, strides, code, writeable):
        codec, kind = self.codec, dtype_made(code)
        shape = tuple(naturals(shape))
        must(len(shape) <= 64 and type(writeable) is bool, "an array")
        size = math.prod(shape) * kind.itemsize
        self._extend(size)
        if block == 0:
            must(size == 0, "an array without memory")
            value, block = empty(shape, kind), None
        else:
            block = codec.by_number[block]
            must(block.kind == "block", "the memory of an array")
            value = self._view(block, offset, shape, strides, kind)
            if not block.foreign:
                writeable = writeable and self._is_writeable(block)
        return self._settle(number, value, block, offset, writeable)

    def _view(self, block, offset, shape, strides, kind):
        must(type(strides) is list and len(strides) == len(shape), "the strides of an array")
        must(all(type(s) is int and abs(s) < 1 << 62 for s in strides), "the strides of an array")
        before, behind = extent(shape, strides, kind.itemsize)
        must(math.prod(shape) > 0, "a view of nothing")
        must(before <= natural(offset) and offset + behind <= block.size, "the place of an array")
        memory = self.codec.bytes_of(block, write=True)
        value = ndarray(shape, kind, memory, offset, strides)
        if self.trusted and not block.foreign and not block.full:
            must(self.codec.covers(block, offset, value), "the place of an array")
        return value

    def _is_writeable(self, block):
        arrays = [self.codec.by_number[number].ref() for number in block.arrays]
        return all(a.flags.writeable for a in arrays if a is not None)

    def _settle(self, number, value, block, offset, writeable):
        """Bind an array to its number; one that was bound before has moved."""
        codec = self.codec
        self._heard_array(value)
        if not writeable:
            value.flags.writeable = False
        shared = codec.by_number.get(number)
        if shared is None:
            shared = Array(self._unknown(number))
        must(shared.kind == "array" and not codec.is_mine(number), "the number of an array")
        if self.trusted:  # it was lent where it lay before
            for lent in codec.lent:
                lent.discard(number)
        if block is None:
            shared.place(0, 0, value, key_of(value))
        else:
            codec.enter(shared, block, offset, value, key_of(value))
        self._bind(shared, value)
        return shared

    # -- changes

    def _apply(self):
        """Write what has changed; return the blocks and containers that were known before."""
        codec, blocks, rewritten = self.codec, [], []
        if not self.content:
            return blocks, rewritten
        changes = [(codec.by_number[number], content) for number, content in self.content.items()]
        # first the objects: a set of them asks for their hashes
        changes.sort(key=lambda change: change[0].kind != "object")
        for shared, content in changes:
            number = shared.number
            must(shared.kind in CHANGEABLE, "a change")
            fresh = number in self.fresh
            if self.trusted and number > 0 and not codec.may_write(shared):
                raise WallError("a value was changed that had not been passed")
            if number in codec.recent:
                codec.recent.move_to_end(number)
            if shared.kind == "value":
                self._reassign(shared, content)
            elif shared.kind != "block":
                self._refill(shared, content)
                rewritten += [] if fresh else [shared]
            elif not fresh:
                self._overwrite(shared, self._buffer(content))
                blocks.append(shared)
        return blocks, rewritten

    def _refill(self, shared, content):
        value, kind = shared.ref(), shared.kind
        if kind == "bytearray":
            value[:] = self._bytes(content)
        else:
            # what is taken out may be what this message is about: f(caches.pop())
            self.keep.append(parts_of(value, kind))
            items = self._many(content)
            if kind == "list":
                list.__setitem__(value, slice(None), items)
            else:
                refill(value, kind, self._arranged(kind, items))
        shared.state = state_of(value, kind)

    def _reassign(self, shared, content):
        """Put a converter's new value in place of the content of the old one."""
        converter, value = shared.converter, shared.ref()
        must(type(content) is list and content[:2] == ["v", converter.name], "a change")
        must(converter.assign is not None, "a change")
        new = self._made(content)
        try:
            converter.assign(value, new)
        except Exception as why:  # of a library: it refused
            raise _refused(converter.name, why) from None
        shared.state = self._image_of(shared, value)

    def _image_of(self, shared, value):
        try:
            return self.codec.image_of(shared, value)
        except Exception as why:
            if not self.trusted:  # something in it crosses this way only: its changes do not
                return ()
            raise _refused(shared.converter.name, why) from None

    def _overwrite(self, block, data):
        codec = self.codec
        must(len(data) == block.size and block.ref() is not None, "the size of memory")
        new = frombuffer(data, uint8)
        if block.foreign:
            codec.bytes_of(block, write=True)[:] = new
        else:
            for number in list(block.arrays):
                shared = codec.by_number[number]
                a = shared.ref()
                if a is None or not a.flags.writeable:
                    continue
                if not self.trusted or codec.is_lent(number):
                    plain = ndarray.view(a, ndarray)
                    source = ndarray(plain.shape, plain.dtype, new, shared.offset, plain.strides)
                    copyto(plain, source)
        block.state = _kept(data)
        for number in block.arrays if codec.heard is not None else ():
            if (a := codec.by_number[number].ref()) is not None:
                self._heard_array(a)

    # -- values

    def _many(self, code):
        if type(code) is list:
            self._count(len(code))
            if _ITSELF.issuperset(map(type, code)):
                return code
            return [item if type(item) in _ITSELF else self._made(item) for item in code]
        must(type(code) is dict and len(code) == 1, "a run of numbers")
        ((kind, index),) = code.items()
        must(kind in ("d", "q"), "a run of numbers")
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
        """The items, if to hash them takes no longer than their number says.

        A tuple's hash is that of all within it, and its name is short to say again and again.
        """
        if self.trusted and self.refers:
            done = {}
            inner = [item for item in items if type(item) not in LEAVES]
            self._count(sum(self.codec.survey(item, {}, done)[0] for item in inner))
        if self.trusted and len(items) > _FEW:
            ((_, most),) = Counter(map(hash, items)).most_common(1)
            must(most < _FEW, "what hashes collide")
        return items

    def _pairs(self, items):
        """Of a dict's keys, and then its values: each key with its value."""
        must(len(items) % 2 == 0, "a dict")
        half = len(items) // 2
        return zip(self._hashed(items[:half]), items[half:], strict=True)

    def _raw(self, code):
        if type(code) is str:
            return binascii.a2b_base64(code, strict_mode=True)
        return bytes(self._buffer(code))

    def _bytes(self, code):
        return self._heard(self._raw(code))

    def _text(self, code):
        if type(code) is str:
            return code
        tag, index = code
        must(tag == "s", "a string")
        return self._heard(str(self._buffer(index), "utf-8", "surrogatepass"))

    def _heard_array(self, made):
        if self.codec.heard is not None:
            self.codec.heard.array(made)
        return made

    def _heard(self, text):
        """What is not in the message's structure: see `proctor.rpc.heard`."""
        if self.codec.heard is not None:
            self.codec.heard.text(text)
        return text

    def _made(self, code, depth=0):
        """The value that a code stands for."""
        kind = type(code)
        if kind in _ITSELF:
            return code
        if kind is not list or not code or type(code[0]) is not str:
            wrong("a value")
        if depth > self.limits.depth:
            wrong("the depth of a value")
        tag, *rest = code
        if tag == "@":
            return self._read_reference(*rest)
        if tag in _NESTED:
            return _NESTED[tag](self, *rest, depth=depth + 1)
        return _READERS[tag](self, *rest)

    def _read_reference(self, number):
        if type(number) is not int or self.inside:
            wrong("the number of an object")
        self.refers = True
        self.known.add(number)
        value, shared = self.codec.object(number), self.codec.by_number[number]
        if shared.kind == "array":
            number = shared.block
        elif shared.kind == "thing" and self.trusted:
            self.codec.met.append(value)
        if number in self.codec.recent:
            self.codec.recent.move_to_end(number)
        return value

    def _read_integer(self, digits):
        must(len(digits) <= self.limits.integer_digits + 1, "an integer")
        return int(digits, 16)

    def _read_complex(self, real, imag):
        real, imag = self._made(real, 1), self._made(imag, 1)
        must(type(real) is float and type(imag) is float, "a complex number")
        return complex(real, imag)

    def _read_string(self, index):
        return self._text(["s", index])

    def _nested(self, code, depth):
        if type(code) is list and not _ITSELF.issuperset(map(type, code)):
            self._count(len(code))
            return [item if type(item) in _ITSELF else self._made(item, depth) for item in code]
        return self._many(code)

    def _read_tuple(self, items, name=None, fields=None, depth=0):
        value = tuple(self._nested(items, depth))
        if fields is None:
            return value
        must(type(name) is str and type(fields) is list, "a named tuple")
        must(all(type(f) is str for f in fields) and are_fields(name, fields), "its fields")
        must(len(fields) == len(value), "a named tuple")
        fields, converters = tuple(fields), self.codec.converters
        kind = None if converters is None else converters.tuple_class(name, fields)
        return tuple.__new__(kind or record(name, fields), value)

    def _read_list(self, items, depth=0):
        return self._nested(items, depth)

    def _read_dict(self, items, depth=0):
        return dict(self._pairs(self._nested(items, depth)))

    def _read_special(self, kind, items, *trait, depth=0):
        value = container(kind, trait)
        if kind == "bytearray":
            value[:] = self._bytes(items)
            return value
        refill(value, kind, self._arranged(kind, self._nested(items, depth)))
        return value

    def _arranged(self, kind, items):
        if kind in DICTS or kind == "object":
            return self._pairs(items)
        return self._hashed(items) if kind == "set" else items

    def _converter(self, name):
        converters = self.codec.converters
        must(type(name) is str and converters is not None, "the name of a value's class")
        converter = converters.named(name)
        must(converter is not None, "the name of a value's class")
        return converter

    def _read_value(self, name, code, base=0, depth=0):
        """A value that a converter makes of data; within it nothing refers to what is outside."""
        converter = self._converter(name)
        before, depth = (self.base, self.inside), depth if self.inside else 0
        must(base == 0 or not self.inside, "data of a value")
        self.base, self.inside = self.base + natural(base), True
        data = self._made(code, depth)
        self.base, self.inside = before
        try:
            return converter.made_here(data, self.trusted)
        except Exception as why:  # whatever a library says to data that is not right
            raise _refused(name, why) from None

    def _read_copy(self, shape, code, order, index):
        value = self._new_array(shape, code, order, index)
        must(not self.trusted or is_sound(value), "the content of an array")
        return value

    def _read_frozenset(self, items, depth=0):
        return frozenset(self._hashed(self._nested(items, depth)))

    def _read_view(self, name, items, depth=0):
        items = self._nested(items, depth)
        if name == "items":
            self._hashed([item[0] for item in items if type(item) is tuple and item])
        return view(name, self._hashed(items) if name == "keys" else items)

    def _read_slice(self, start, stop, step, depth=0):
        return slice(*(self._made(part, depth) for part in (start, stop, step)))

    def _read_range(self, *parts):
        parts = [self._made(part) for part in parts]
        must(len(parts) == 3 and all(type(part) is int for part in parts), "a range")
        return range(*parts)

    def _read_type(self, name):
        return TYPES[name]

    def _read_dtype(self, code):
        return dtype_made(code)

    def _read_scalar(self, code, data):
        kind, data = dtype_made(code), self._raw(data)
        must(len(data) == kind.itemsize, "a scalar")
        value = frombuffer(data, kind).copy()
        must(is_sound(value), "a scalar")
        return self._heard_array(value)[0]

    def _read_npstr(self, text):
        return str_(self._text(text))

    def _read_npbytes(self, data):
        return bytes_(self._bytes(data))

    # -- what only the trusted end asks

    def _check(self, values, arrays, blocks, rewritten):
        """Nothing was lent by the other end; arrays hold what they can; nothing is bottomless."""
        codec, done = self.codec, {}
        must(not self.lent, "a loan")
        arrays += [codec.by_number[number] for block in blocks for number in block.arrays]
        for shared in arrays:
            a = shared.ref()
            must(a is None or is_sound(a), "the content of an array")
        containers = codec.containers.values() if rewritten else ()
        for shared in containers:
            codec.survey(shared.ref(), {}, done)
        if not self.refers:  # then reading has counted items and depth
            return
        for value in (*values, *(self.keep if self.shells or self.tuples else ())):
            if type(value) not in LEAVES:
                codec.survey(value, {}, done)


def _refused(name, why):
    return WallError(f"a {name[:100]} is not right ({type(why).__name__}: {str(why)[:200]!r})")


_READERS = {
    "i": Incoming._read_integer,
    "c": Incoming._read_complex,
    "-nan": lambda self: math.copysign(float("nan"), -1.0),
    "s": Incoming._read_string,
    "y": Incoming._bytes,
    "...": lambda self: ...,
    "ra": Incoming._read_range,
    "n": Incoming._read_type,
    "dt": Incoming._read_dtype,
    "a": Incoming._read_copy,
    "g": Incoming._read_scalar,
    "gs": Incoming._read_npstr,
    "gy": Incoming._read_npbytes,
}
_NESTED = {
    "t": Incoming._read_tuple,
    "l": Incoming._read_list,
    "d": Incoming._read_dict,
    "fs": Incoming._read_frozenset,
    "sl": Incoming._read_slice,
    "k": Incoming._read_special,
    "vw": Incoming._read_view,
    "v": Incoming._read_value,
}
