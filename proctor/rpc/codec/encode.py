"""Writes messages, and has them read."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import binascii
import json
import math
import operator
from array import array

from numpy import generic, ndarray

from proctor.rpc.codec.decode import Incoming
from proctor.rpc.codec.dtypes import NAMES, dtype_code
from proctor.rpc.codec.framing import WallError
from proctor.rpc.codec.memory import extent, key_of, memory_of, root_of, whole_of
from proctor.rpc.codec.objects import Array, Block, Held, Shared
from proctor.rpc.codec.values import (
    AS_IS,
    CONTAINERS,
    EXACT,
    KINDS,
    LEAVES,
    VIEWS,
    can_fill,
    does_otherwise,
    fields_of,
    hides_nothing,
    kind_of,
    parts_of,
    state_of,
    trait_of,
)

_encoder = json.JSONEncoder(separators=(",", ":"))
# What ``iterencode`` makes anew for each message, at one hundredth of all that grading takes: a
# runner and a student's process exchange hundreds.
_chunks = json.encoder.c_make_encoder and json.encoder.c_make_encoder(
    *(None, _encoder.default, json.encoder.encode_basestring_ascii, None, ":", ","),
    *(False, False, True),  # sort_keys, skipkeys, allow_nan
)


def _dumps(value):  # ``encode`` would ask the built-ins, which may be a student's
    chunks = _chunks(value, 0) if _chunks else _encoder.iterencode(value, _one_shot=True)
    return "".join(chunks).encode()


class _Outgoing:
    """A message that is being written.

    writers  functions that write a value, by its kind
    """

    def __init__(self, writers):
        self.writers, self.depth, self.code = writers, 0, None
        self.things, self.wholes, self.blocks, self.arrays, self.shells = [], [], [], [], []
        self.tuples, self.updates, self.buffers = [], [], []
        self.created, self.moved, self.rewritten = [], [], []  # to undo, if it is not sent
        self.states = []  # to note when it is complete
        self.unsent = []  # blocks that are new
        self.waiting = []  # objects that are new: what they have is written behind all else
        self.size = 0  # bytes of arrays
        self.fresh, self.met, self.unplaced = {}, {}, set()
        self.reach, self.made = (), []  # what may change; of it what converters have just written
        self.refs = self.items = 0

    def buffer(self, data):
        self.buffers.append(data)
        return len(self.buffers) - 1


class Codec(Held):
    """One end's memory of what has crossed; writes and reads messages.

    trusted     whether this is the trusted end: it insists on the limits, and holds its copies of
                the other end's objects no longer than the test does
    export      function of an object that is no data; returns what to tell of it (plain data);
                raises ``TypeError`` if it may not cross
    stand_in    function of a number and what ``export`` told; returns what stands for it here
    converters  what makes plain data of objects of other classes, and these of it, or None:
                ``of(class)`` and ``named(name)`` return a converter or None; the trusted end's
                ``news()`` what the other end need know of them, whose ``heed(news)`` takes it

    ``heard`` keeps the texts that come (a `proctor.rpc.heard.Heard`), or is None.
    """

    def __init__(self, trusted, limits, export, stand_in, converters=None):
        super().__init__(trusted, limits, stand_in)
        self._export, self.converters, self.heard = export, converters, None
        self._news = converters.news if trusted and converters else None

    # -- writing

    def encode(self, op, values, lend=False):
        """Return a message's structure (bytes) and buffers.

        lend  whether what the values refer to may be changed by the other end from now on

        Raises ``TypeError`` or ``ValueError`` for what may not cross; then nothing has changed.
        """
        out = _Outgoing(_WRITERS)
        try:
            message = self._encode(out, op, values, lend)
            self.told = ()
            return message
        except BaseException:
            for shared in out.created:
                self.drop(shared.number)
            for entry in out.moved:
                entry.key = None
            for block in out.rewritten:
                block.state = None
            raise

    def _encode(self, out, op, values, lend):
        reach, done = {}, {}
        for value in values:
            if type(value) not in LEAVES:
                self.survey(value, reach, done)
        coded = [self._value(value, out) for value in values]
        self._write_waiting(out)
        out.reach = [n for value in reach.values() if (n := self.number_of(value))] + out.made
        watched = self.watched(out)
        self._write_changes(watched, out)
        self._place_arrays(out)
        self._write_blocks(watched, out)
        self.kept = []
        self.bury()
        own = {n for n in out.reach if n > 0 or self.shows_mine(n)} if lend else ()
        lent = [*self.lent[-1].union(own)] if lend else []
        message = self._complete(op, coded, out, lent)
        for shared, state in out.states:
            self.kept.append(shared.state)
            shared.state = state
        for shared in (*out.rewritten, *(shared for shared, _ in out.states)):
            if shared.number in self.recent:  # and has not been let go of with this message
                self.recent.move_to_end(shared.number)
        if lend:
            self.lent[-1].update(lent)
        return message

    def shows_mine(self, number):
        """Whether it is the number of an array that shows memory of this end's."""
        shared = self.by_number.get(number)
        return shared is not None and shared.kind == "array" and self.is_mine(shared.block or 0)

    def encode_copies(self, op, values):
        """Return a message as of `encode`, of copies: neither end remembers what is in it.

        Nothing in it is seen changed later, at either end, nor is what has changed since told by
        it. Arrays arrive contiguous and writeable. Of other objects those cross that have before.

        Raises ``TypeError`` or ``ValueError`` for what may not cross; then nothing has changed.
        """
        self.bury()
        out = _Outgoing(_COPIERS)
        return self._complete(op, [self._value(value, out) for value in values], out, [])

    def is_data(self, value):
        """Whether a value is data all through, as what a converter knows is."""
        kind = kind_of(type(value))
        if kind == "foreign" and self._converter(type(value)) is None:
            return False
        if kind != "array" or not value.dtype.hasobject:
            return True
        try:
            self._value(value, _Outgoing(_INNER))
        except (TypeError, ValueError):
            return False
        return True

    def _complete(self, op, coded, out, lent):
        released, self._released = self._released, []
        news = None if self._news is None else self._news()
        structure = _dumps(
            [
                *(op, coded, out.things, out.wholes, out.blocks, out.arrays, out.shells),
                *(out.tuples, out.updates, released, lent),
                *((news,) if news else ()),
            ]
        )
        size = len(structure) + sum(map(len, out.buffers))
        limits = self.limits
        if size > limits.message_bytes or len(structure) > limits.structure_bytes:
            self._released = released
            raise ValueError(f"{size:,} bytes; at most {limits.message_bytes:,} may cross the wall")
        if news:
            self.converters.told(news)
        return structure, out.buffers

    def _value(self, value, out):
        kind = type(value)
        if kind in AS_IS and value == value:  # JSON has one NaN only
            return value
        if kind is int and -(1 << 62) < value < 1 << 62:
            return value
        name = kind_of(kind) if kind in KINDS else self.kind_of(value)
        return out.writers[name](self, value, out)

    def kind_of(self, value):
        """What a value is on the wire; "foreign" too if its class is the course's own text, say."""
        kind = type(value)
        if kind in KINDS or kind in EXACT or self.converters is None:
            return kind_of(kind)
        if self.trusted and self.converters.of(kind) is None:  # as of a proxy
            return "foreign" if does_otherwise(kind) else kind_of(kind)
        if self.converters.is_object(kind):
            return "object"
        if self.converters.is_member(kind):
            return "foreign"
        if self.converters.is_released(kind) and (self.trusted or self._known(value) is not None):
            return "foreign"
        return kind_of(kind)

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
        return [v if type(v) in AS_IS and v == v else self._value(v, out) for v in values]

    def _refer(self, shared, out):
        out.refs += 1
        return ["@", shared.number]

    def _known(self, value):
        shared = self._by_id.get(id(value))
        return shared if shared is not None and shared.ref() is value else None

    def _create(self, value, kind, out):
        if len(self.by_number) >= self.limits.shared:
            raise ValueError(f"more than {self.limits.shared:,} objects are held across the wall")
        number = self.new_number()
        shared = Array(number) if kind == "array" else Shared(number, kind)
        self.hold(shared, value)
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
        return ["fs", self._many(parts_of(value, "frozenset"), out)]

    def _write_view(self, value, out):
        return ["vw", VIEWS[type(value)], self._inner(value, "view", out)]

    def _write_tuple(self, value, out):
        shared = self._known(value)
        if shared is not None:
            return self._refer(shared, out)
        before, fields = out.refs, fields_of(value)
        code = ["t", self._many(parts_of(value, "tuple"), out), *(fields or ())]
        if out.refs == before:  # plain data all through: it needs no identity
            return code
        shared = self._create(value, "tuple", out)
        out.tuples.append([shared.number, code])
        return self._refer(shared, out)

    def _write_container(self, value, out):
        shared = self._known(value)
        if shared is None:
            kind = kind_of(type(value))
            shared = self._create(value, kind, out)
            out.shells.append([shared.number, kind])
            self._write_content(shared, value, out)
        return self._refer(shared, out)

    def _write_object(self, value, out):
        """An object may hold what holds it, and a long line of others: so it is written later."""
        shared = self._known(value)
        if shared is None:
            shared = self._create(value, "object", out)
            name = self.converters.name_of(type(value))
            out.shells.append([shared.number, "object", name])
            out.waiting.append((shared, value))
        return self._refer(shared, out)

    def _write_waiting(self, out):
        while out.waiting:
            self._write_content(*out.waiting.pop(), out)

    def _write_special(self, value, out):
        shared = self._known(value)
        if shared is None:
            kind = self._container_kind(value)
            shared = self._create(value, kind, out)
            out.shells.append([shared.number, kind, *trait_of(value, kind)])
            self._write_content(shared, value, out)
        return self._refer(shared, out)

    def _container_kind(self, value):
        kind = kind_of(type(value))
        return "dict" if kind == "defaultdict" and not can_fill(value) else kind

    def _write_content(self, shared, value, out):
        kind, state = shared.kind, state_of(value, shared.kind)
        if kind == "bytearray":
            content = self._raw(state, out)
        else:
            content = self._many(parts_of(value, kind), out)
        out.updates.append([shared.number, content])
        out.states.append((shared, state))

    def _write_foreign(self, value, out):
        """What is no built-in data: data if a converter knows its class, else told by number."""
        shared = self._known(value)
        if shared is not None and out.writers is _WRITERS:
            return self._refer(shared, out)
        if out.writers is _INNER:
            return self._write_inner(value, out)
        if shared is None or out.writers is _COPIERS:
            code = self._write_converted(value, out)
            if code is not None:
                return code
        if shared is None and out.writers is _COPIERS:
            raise TypeError(f"no copy of a {type(value).__name__} can cross the wall")
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
            if shared.kind == "value":
                self._write_changed(shared, value, out)
                continue
            self.survey(value, {}, {})
            self._write_content(shared, value, out)
        self._write_waiting(out)

    # -- writing what converters know

    def _converter(self, kind):
        return None if self.converters is None else self.converters.of(kind)

    def _write_converted(self, value, out):
        """The code of a value that a converter knows; None for any other."""
        converter = self._converter(type(value))
        if converter is None:
            return None
        try:
            inner = self._taken_apart(converter, value, out)
        except TimeoutError:  # an alarm's
            raise
        except Exception as why:
            if self.trusted:
                name = type(value).__name__
                text = f"this {name} cannot be passed to a student's function: {why}"
                raise TypeError(text) from None
            return None  # it stays where it is
        return self._enclosed(converter, value, inner, out)

    def _taken_apart(self, converter, value, out):
        """A message within the message: the value as data, with buffers of its own."""
        inner = _Outgoing(_INNER)
        inner.items, inner.depth, inner.size = out.items, out.depth, out.size
        inner.code = self._inner_code(converter, value, inner)
        return inner

    def _inner_code(self, converter, value, out):
        if out.depth >= self.limits.depth:
            raise ValueError(f"nested deeper than {out.depth}: it cannot cross the wall")
        out.depth += 1
        data = converter.to_data(value)
        if converter.careful:  # what cannot be made again must not be sent: it would end the test
            converter.from_data(data)
        code = ["v", converter.name, self._value(data, out)]
        out.depth -= 1
        return code

    def _enclosed(self, converter, value, inner, out):
        code = self._adopted(inner, out)
        if not (converter.changes or converter.keeps) or out.writers is _COPIERS:
            return code
        shared = self._create(value, "value" if converter.changes else "tuple", out)
        shared.converter = converter
        out.tuples.append([shared.number, code])
        if converter.changes:
            out.made.append(shared.number)
            out.states.append((shared, _image(inner)))
        return self._refer(shared, out)

    def _adopted(self, inner, out):
        """The inner message's code, with its buffers in the outer one."""
        out.items, out.size = inner.items, inner.size
        if not inner.buffers:
            return inner.code
        first = len(out.buffers)
        out.buffers += inner.buffers
        return [*inner.code, first]

    def _write_inner(self, value, out):
        """Within data of a converter nothing is told by number: it is data all through."""
        converter = self._converter(type(value))
        if converter is None:
            raise TypeError(f"there is a {type(value).__name__} in it")
        return self._inner_code(converter, value, out)

    def image_of(self, shared, value):
        """What a value that can change is made of now, to be compared later."""
        return _image(self._taken_apart(shared.converter, value, _Outgoing(_INNER)))

    def _write_changed(self, shared, value, out):
        """A value of a converter's that changed here since it last crossed, or the news that its
        change cannot cross: once, for the message that says so crosses, too."""
        try:
            inner = self._taken_apart(shared.converter, value, out)
        except TimeoutError:  # an alarm's
            raise
        except Exception as why:
            self._lose(shared, (), why)
            return
        image = _image(inner)
        if image == shared.state:
            return
        if shared.converter.assign is None:
            self._lose(shared, image, "changes of it do not cross")
        out.updates.append([shared.number, self._adopted(inner, out)])
        out.states.append((shared, image))

    def _lose(self, shared, image, why):
        lost, shared.state = shared.state != image, image
        if lost:
            name = type(shared.ref()).__name__
            raise TypeError(f"the {name} that was passed was changed in place, and {why}")

    # -- writing copies

    def _copy_special(self, value, out):
        kind = self._container_kind(value)
        if kind == "dict":
            return self._copy_dict(value, out)
        return ["k", kind, self._inner(value, kind, out), *trait_of(value, kind)]

    def _copy_bytearray(self, value, out):
        return ["k", "bytearray", self._raw(bytearray.__getitem__(value, slice(None)), out)]

    def _copy_tuple(self, value, out):
        return ["t", self._inner(value, "tuple", out), *(fields_of(value) or ())]

    def _copy_list(self, value, out):
        return ["l", self._inner(value, "list", out)]

    def _copy_dict(self, value, out):
        return ["d", self._inner(value, "dict", out)]

    def _inner(self, value, kind, out):
        if out.depth >= self.limits.depth:  # or it contains itself
            raise ValueError(f"nested deeper than {out.depth}: it cannot cross the wall")
        out.depth += 1
        code = self._many(parts_of(value, kind), out)
        out.depth -= 1
        return code

    def _copy_array(self, value, out):
        plain = value if type(value) is ndarray else ndarray.view(value, ndarray)
        code = dtype_code(plain.dtype)
        if code is None:
            return self._write_foreign(value, out)
        self._add_size(plain.nbytes, out)
        order = "F" if plain.flags.fnc else "C"
        return ["a", plain.shape, code, order, out.buffer(plain.tobytes(order))]

    # -- writing arrays

    def _write_array(self, value, out):
        plain = value if type(value) is ndarray else ndarray.view(value, ndarray)
        code = dtype_code(plain.dtype)
        if code is None:
            return self._write_foreign(value, out)
        shared = self._known(value)
        key = key_of(plain)
        if shared is None and plain is value and (whole := whole_of(plain)):
            root, order = whole
            if self.block_around(root, key[0], key[0] + plain.nbytes) is None:
                return self._write_whole(plain, root, key, code, order, out)
        if shared is not None and shared.key != key and not self.is_mine(shared.number):
            shared = None  # reshaped here: to the other end it is another array, in the same memory
        if shared is None:
            shared = self._create(value, "array", out)
        if shared.key != key:
            out.unplaced.add(shared.number)
        out.met[shared.number] = (shared, plain, key)
        return self._refer(shared, out)

    def _write_masked(self, value, out):
        """A masked array that masks nothing is an array of a subclass; what is hidden stays."""
        if self.trusted or not hides_nothing(value):
            return self._write_foreign(value, out)
        return self._write_array(value, out)

    def _write_whole(self, value, root, key, code, order, out):
        """An array that is all of its memory, and new like this: array and block in one."""
        shared = self._create(value, "array", out)
        block = self._new_block(root, key[0], key[0] + value.nbytes, out)
        self._add_size(block.size, out)
        block.state = bytearray(memory_of(value))
        shared.place(block.number, 0, value, key)
        block.arrays.append(shared.number)
        block.full = True
        whole = [shared.number, block.number, value.shape, code, order, key[4], root is value]
        out.wholes.append([*whole, out.buffer(block.state)])
        return self._refer(shared, out)

    def _new_block(self, root, low, high, out):
        block = Block(self.new_number(), low, high - low, foreign=False)
        self.hold(block, root)
        out.created.append(block)
        out.fresh[block.number] = None
        return block

    def _add_size(self, size, out):
        out.size += size
        most = self.limits.message_bytes
        if out.size > most:
            raise ValueError(f"arrays of {out.size:,} bytes; at most {most:,} may cross the wall")

    def _place_arrays(self, out):
        """Say of every array that is new, or has moved, where it lies."""
        roots = {}
        for number, (shared, plain, key) in out.met.items() if out.unplaced else ():
            if plain.size:
                root = root_of(plain)
                roots.setdefault(id(root), (root, []))[1].append((shared, plain, key))
            elif number in out.unplaced:
                self._place(shared, plain, key, None, out)
        for root, members in roots.values():
            for low, high, cluster in _clusters(members):
                if any(shared.number in out.unplaced for shared, *_ in cluster):
                    self._place_cluster(root, low, high, cluster, out)

    def _place_cluster(self, root, low, high, cluster, out):
        block = self.block_around(root, low, high)
        if block is None:
            block = self._new_block(root, low, high, out)
            out.unsent.append(block)
            out.blocks.append([block.number, block.size, low % 16])
        elif not (block.foreign or block.full or block in out.unsent):
            out.unsent.append(block)  # what is new may lie where nothing has crossed
        for shared, plain, key in cluster:
            if shared.number in out.unplaced or shared.block != block.number:
                self._place(shared, plain, key, block, out)

    def _place(self, shared, plain, key, block, out):
        out.moved.append(shared)
        if block is None:
            shared.place(0, 0, plain, key)
            where = [0, 0]
        else:
            offset = key[0] - block.low
            if block.foreign and not block.full and not self.covers(block, offset, plain):
                raise ValueError("an array shows memory around the array that was passed")
            self.enter(shared, block, offset, plain, key)
            where = [block.number, offset]
        strides = None if block is None else list(plain.strides)
        code = dtype_code(plain.dtype)
        out.arrays.append([shared.number, *where, list(plain.shape), strides, code, key[4]])

    def _write_blocks(self, watched, out):
        """Memory that is new, or has changed here since it last crossed."""
        for block in dict.fromkeys([*out.unsent, *watched]):
            if block.kind != "block":
                continue
            self._add_size(block.size, out)
            image = self.image(block)
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
            return Incoming(self, structure, buffers).read()
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


def _image(inner):
    return [_dumps(inner.code), *map(bytes, inner.buffers)]


def _clusters(members):
    """Group arrays whose extents overlap; yield (low, high, members) of addresses."""
    spans = []
    for member in members:
        plain = member[1]
        before, behind = extent(plain.shape, plain.strides, plain.itemsize)
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

_WRITERS = {
    **dict.fromkeys(CONTAINERS, Codec._write_container),
    **dict.fromkeys(EXACT.values(), Codec._write_special),
    **{kind: getattr(Codec, f"_write_{kind}") for kind in {*KINDS.values()} - CONTAINERS},
}
_WRITERS["object"] = Codec._write_object
_COPIERS = {kind: getattr(Codec, f"_copy_{kind}", write) for kind, write in _WRITERS.items()}
_COPIERS |= dict.fromkeys(EXACT.values(), Codec._copy_special)
_COPIERS["object"] = Codec._write_foreign
_INNER = {**_COPIERS, "set": Codec._copy_special, "masked": Codec._write_foreign}
_COPIERS["set"] = _COPIERS["bytearray"] = _COPIERS["masked"] = Codec._write_foreign
