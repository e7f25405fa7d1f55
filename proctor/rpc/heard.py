"""Texts that the student's process has said: what `proctor.run.taint` keeps from becoming code."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import json

_THINGS, _DOC = (
    1,
    5,
)  # where, behind its op, a message tells of objects that stay behind, and of one's docstring


class Heard:
    """What was said, as it came: the texts in it are looked for when they are asked for.

    most  bytes that are kept: when there were more, every text counts as one of them

    ``everything`` says whether there were more, ``bytes`` whether bytes were among what was said,
    ``any`` whether anything was.
    """

    def __init__(self, most=64 << 20):
        self.most, self.everything, self.bytes, self.any = most, False, False, False
        self._waiting, self._texts = [], set()
        self._raw, self._room = [], 16 << 20

    def message(self, structure):
        """Keep a message's structure."""
        self.any = True
        self._keep(structure, len(structure), _texts_of)

    def text(self, text):
        """Keep a long text, or bytes."""
        self.bytes = self.bytes or isinstance(text, bytes)
        self._keep(text, len(text), lambda said: [said])

    def array(self, array):
        """Keep an array, if it could hold texts or bytes; of numbers their bytes."""
        kind = array.dtype
        if kind.itemsize == 1 or kind.kind in "SV":
            self.bytes = True
        else:
            self._numbers(array)
        if kind.kind in "USV":
            self._keep(array, array.nbytes, lambda said: [said.tolist()])
        elif kind.itemsize == 1:
            self._keep(array, array.nbytes, lambda said: [said.tobytes()])

    def _numbers(self, array):
        self._room -= array.nbytes
        if self._room < 0:
            self.bytes = True
        elif array.size:
            self._raw.append(array.tobytes())

    def spells(self, *words):
        """Whether each of these stands somewhere in the bytes of arrays of numbers."""
        words = [word.encode() for word in words]
        return all(any(word in raw for raw in self._raw) for word in words)

    def _keep(self, said, size, within):
        self.most -= size
        if self.most < 0:
            self.everything, self._waiting = True, []
        elif size:
            self._waiting.append((said, within))

    def texts(self):
        """All of them so far."""
        for said, within in self._waiting:
            _collect(within(said), self._texts)
        self._waiting = []
        return self._texts


def _texts_of(structure):
    """What a message says: its values and what they hold, and the docstrings of objects."""
    _, *fields = json.loads(structure)
    things = fields.pop(_THINGS)
    return [*fields, *(info[_DOC] for _, info in things if len(info) > _DOC)]


def _collect(value, found):
    waiting = [value]
    for one in waiting:  # most are numbers
        kind = type(one)
        if kind is list or kind is tuple:
            waiting += one
        elif kind is str:
            found.add(one)
        elif kind is bytes:
            found.add(one.decode("utf-8", "replace"))
        elif kind is dict:
            waiting += one.values()
