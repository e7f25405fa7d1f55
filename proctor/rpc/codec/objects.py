"""What both ends hold: each object under one number."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import sys
import weakref
from collections import OrderedDict
from functools import partial
from itertools import chain, islice

from numpy import bool_, copyto, frombuffer, uint8
from numpy import zeros as np_zeros

from proctor.rpc.codec.dtypes import wrong
from proctor.rpc.codec.memory import address_of, cells_of, extent, is_dense, memory_of
from proctor.rpc.codec.values import (
    CHANGEABLE,
    LEAVES,
    NESTING,
    SWEPT,
    is_same,
    kind_of,
    parts_of,
)


class _Strong:
    """Like a weak reference, but it holds."""

    __slots__ = ("object",)

    def __init__(self, thing):
        self.object = thing

    def __call__(self):
        return self.object


class Shared:
    """An object that both ends hold. Numbers of the trusted end's objects are positive."""

    __slots__ = ("at", "converter", "info", "kind", "number", "ref", "state")

    def __init__(self, number, kind, info=None, converter=None):
        self.number, self.kind, self.info, self.converter = number, kind, info, converter
        self.ref = self.at = self.state = None


class Array:
    """An array: a place in a block of memory."""

    __slots__ = ("at", "block", "itemsize", "key", "number", "offset", "ref", "shape", "strides")
    kind, info = "array", None

    def __init__(self, number):
        self.number, self.ref, self.at, self.key, self.block = number, None, None, None, 0

    def place(self, block, offset, plain, key):
        self.block, self.offset, self.key = block, offset, key
        self.shape, self.strides, self.itemsize = plain.shape, plain.strides, plain.itemsize

    def cells(self, memory):
        return cells_of(memory, self.offset, self.shape, self.strides, self.itemsize)


class Block:
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


class Held:
    """One end's memory of what has crossed.

    trusted     whether this is the trusted end: it holds its copies of the other end's objects no
                longer than the test does
    stand_in    function of a number and what was told of an object that is no data; returns what
                stands for it here

    ``lent`` is a list of sets, one a call under way into the other end: the numbers of the trusted
    end's objects that the other end may change. ``by_number`` has what stands for each object here;
    ``recent`` the numbers of what may have changed, the last that crossed at the end;
    ``containers`` what cannot be referred to weakly. ``kept`` is what must not die before the next
    message is written, which is the first that can tell of it: the other end's next words may be
    about it, or it is changed, as by ``layer.W[0] = 1``. ``told`` are the numbers of what the last
    message was about.
    """

    _FEW = 8  # containers that may be dead before anyone looks

    def __init__(self, trusted, limits, stand_in):
        self.trusted, self.limits, self.stand_in = trusted, limits, stand_in
        self.lent = []
        self.by_number, self._by_id, self._by_root = {}, {}, {}
        self.recent = OrderedDict()
        self.containers, self._sweep_at = {}, self._FEW
        self._dead, self._released = [], []
        self.kept, self.told = [], ()
        self.met = []  # at the trusted end: what was told of, as messages since have referred to it
        self._next = 1 if trusted else -1

    def number_of(self, value):
        """The number of an object that both ends hold, or None."""
        shared = self._by_id.get(id(value))
        return shared.number if shared is not None and shared.ref() is value else None

    def object(self, number):
        """The object of a number. Raises ``ValueError``."""
        shared = self.by_number.get(number)
        if shared is None or shared.kind == "block":
            wrong("the number of an object")
        value = shared.ref()
        if value is None and shared.info is not None:  # only its stand-in is gone
            value = self.stand_in(number, shared.info)
            self.hold(shared, value)
        if value is None:
            wrong("the number of an object")
        return value

    def __len__(self):
        return len(self.by_number)

    def new_number(self):
        """A number for one of this end's objects."""
        number = self._next
        self._next += 1 if self.trusted else -1
        return number

    def is_mine(self, number):
        """Whether a number is that of one of this end's objects."""
        return (number > 0) == self.trusted

    def hold(self, shared, value):
        """Bind a shared object to what it is here."""
        number, kind = shared.number, shared.kind
        weak = not self.is_mine(number) if kind == "thing" else self.trusted
        if weak and kind not in SWEPT:
            shared.ref = self._weakly(value, number)
        else:
            shared.ref = _Strong(value)
        if shared.at is not None and self._by_id.get(shared.at) is shared:
            del self._by_id[shared.at]
        shared.at = id(value)
        if kind == "block":
            self._by_root.setdefault(shared.at, []).append(number)
        else:
            self._by_id[shared.at] = shared
        if kind in SWEPT:
            self.containers[number] = shared
        if kind in CHANGEABLE:
            self.recent[number] = True
        self.by_number[number] = shared

    def _weakly(self, value, number):
        try:
            return weakref.ref(value, partial(self._die, number))
        except TypeError:  # a function of a library's: there are few, and they live as long as it
            return _Strong(value)

    def _die(self, number, _):
        self._dead.append(number)

    def drop(self, number):
        """Forget an object, if it is known."""
        shared = self.by_number.pop(number, None)
        if shared is None:
            return
        self.recent.pop(number, None)
        self.containers.pop(number, None)
        if shared.kind == "block":
            numbers = self._by_root[shared.at]
            numbers.remove(number)
            if not numbers:
                del self._by_root[shared.at]
            return
        if shared.kind == "array" and (block := self.by_number.get(shared.block)) is not None:
            block.arrays.remove(number)
        if self._by_id.get(shared.at) is shared:
            del self._by_id[shared.at]

    # -- what is dead

    def bury(self):
        """Let go of what nobody here holds any more; the other end is told in the next message."""
        if self.trusted:
            self._sweep()
        dead, self._dead = self._dead, []
        for number in dead:
            shared = self.by_number.get(number)
            if shared is not None and shared.ref() is None:
                self.drop(number)
                self._released.append(number)

    def _sweep(self):
        """Containers cannot be referred to weakly: one that only this table refers to is dead."""
        if len(self.containers) < self._sweep_at:
            return
        found = True
        while found:
            found = False
            for number, shared in list(self.containers.items()):
                if sys.getrefcount(shared.ref.object) <= _ALONE:
                    self.drop(number)
                    self._released.append(number)
                    found = True
        self._sweep_at = max(self._FEW, 2 * len(self.containers))

    # -- what has changed

    def watched(self, out):
        """Memory and containers that have changed here since they last crossed, and values that
        may have.

        Of what is in the message, in the last one that came and in the calls under way, and of the
        last few others.
        """
        if not self.recent:
            return []
        numbers, known, found = self._last(), self.by_number, []
        for number in (*chain(*self.lent), *out.reach, *self.told):
            shared = known.get(number)
            if shared is not None:
                numbers.add(shared.block if shared.kind == "array" else number)
        for number in sorted(numbers.difference(out.fresh)):
            shared = known.get(number)
            if shared is None or (kind := shared.kind) not in CHANGEABLE:
                continue
            if not (self.trusted or number < 0 or self.may_write(shared)):
                continue
            if kind == "block":
                changed = not self.is_in_step(shared)
            else:
                changed = kind == "value" or not is_same(shared.state, shared.ref(), kind)
            if changed:
                found.append(shared)
        return found

    def _last(self):
        """The numbers of the last few that crossed, the small ones: comparing takes time."""
        left, known, found = self.limits.watched_bytes, self.by_number, set()
        for number in islice(reversed(self.recent), self.limits.watched):
            shared = known[number]
            if shared.kind == "block":
                size = shared.size
            elif shared.kind == "value":
                size = sum(map(len, shared.state or ()))
            else:
                size = 8 * len(shared.state or ())
            if size <= left:
                left -= size
                found.add(number)
        return found

    def is_in_step(self, block):
        """Whether the block's memory still holds what last crossed."""
        root = block.ref()
        if root is None or bytearray.__eq__(block.state, root) is True:  # all of a plain array
            return True
        return bytearray.__eq__(block.state, memoryview(self.image(block)))

    def is_lent(self, number):
        """Whether an object is lent to a call that is under way."""
        return any(number in lent for lent in self.lent)

    def may_write(self, shared):
        """Whether the other end may change an object of the trusted end."""
        if shared.kind == "block":
            return any(self.is_lent(number) for number in shared.arrays)
        return self.is_lent(shared.number)

    # -- memory

    def block_around(self, root, low, high):
        """The block that holds these addresses of an array's memory, or None."""
        for number in reversed(self._by_root.get(id(root), ())):
            block = self.by_number.get(number)
            if block is None or block.ref() is not root:
                continue
            if block.low <= low and high <= block.low + block.size:
                return block
        return None

    def enter(self, shared, block, offset, plain, key):
        """Note that an array lies in a block."""
        old = self.by_number.get(shared.block)
        if old is not None and shared.number in old.arrays:
            old.arrays.remove(shared.number)
        shared.place(block.number, offset, plain, key)
        block.arrays.append(shared.number)
        before, behind = extent(plain.shape, plain.strides, plain.itemsize)
        if before + behind == block.size and is_dense(plain.shape, plain.strides, plain.itemsize):
            block.full = True

    def covers(self, block, offset, plain):
        """Whether the arrays that have crossed hold every byte of one more."""
        marks = np_zeros(block.size, bool_)
        for number in block.arrays:
            array_ = self.by_number.get(number)
            if array_ is not None and array_.ref() is not None:
                array_.cells(marks)[...] = True
        return bool(cells_of(marks, offset, plain.shape, plain.strides, plain.itemsize).all())

    def bytes_of(self, block, write=False):
        """The block's memory here, as bytes (a view); to write to copies that are read-only too."""
        root = block.ref()
        if write and block.foreign and not root.flags.writeable:
            root.flags.writeable = True
            try:
                return self.bytes_of(block)
            finally:
                root.flags.writeable = False
        memory = memory_of(root)
        start = block.low - address_of(memory)
        return memory[start : start + block.size]

    def image(self, block):
        """The block's bytes now. In gaps between arrays that have crossed: what crossed there."""
        memory = self.bytes_of(block)
        if block.full or block.foreign:
            return memory
        image = np_zeros(block.size, uint8)
        if block.state is not None:
            image[:] = frombuffer(block.state, uint8)
        for number in block.arrays:
            shared = self.by_number.get(number)
            if shared is not None and shared.ref() is not None:
                copyto(shared.cells(image), shared.cells(memory))
        return image

    # -- bounds

    def kind_of(self, value):
        """What a value is on the wire."""
        return kind_of(type(value))

    def survey(self, value, reach, done):
        """Note the containers and arrays within a value; return (items, repeats too; height).

        Raises ``ValueError`` if it contains itself, or is too deep or too big. An object counts as
        one item, and may be within itself: what it has is looked at for itself.
        """
        objects = []
        found = self._survey(value, reach, done, 0, objects)
        while objects:
            for part in parts_of(objects.pop(), "object"):
                self._survey(part, reach, done, 0, objects)
            if len(done) > self.limits.items:
                raise ValueError(f"more than {self.limits.items:,} objects: they cannot cross")
        return found

    def _survey(self, value, reach, done, depth, objects):
        kind, key = self.kind_of(value), id(value)
        if kind == "foreign":
            shared = self._by_id.get(key)
            if shared is not None and shared.kind == "value":
                reach[key] = value
            return 1, 0
        if kind in ("array", "bytearray"):
            reach[key] = value
        if kind not in NESTING:
            return 1, 0
        if kind == "object":
            if key not in done:
                done[key], reach[key] = (1, 0), value
                objects.append(value)
            return 1, 0
        if key in done:
            if done[key] is None:
                raise ValueError(f"a {kind} that contains itself cannot cross the wall")
            return done[key]
        done[key], reach[key] = None, value
        parts = parts_of(value, kind)
        items, height = 1 + len(parts), 1
        if depth < self.limits.depth and not set(map(type, parts)) <= LEAVES:
            for part in parts:
                inner_items, inner_height = self._survey(part, reach, done, depth + 1, objects)
                items, height = items + inner_items - 1, max(height, inner_height + 1)
        if depth >= self.limits.depth or height > self.limits.depth:
            raise ValueError(f"nested deeper than {self.limits.depth}: it cannot cross the wall")
        if items > self.limits.items:
            raise ValueError(f"more than {self.limits.items:,} items: they cannot cross the wall")
        done[key] = items, height
        return items, height


def _measure():
    """The reference count of an object that a table alone refers to."""
    strong = _Strong(object())
    return sys.getrefcount(strong.object)


_ALONE = _measure()
