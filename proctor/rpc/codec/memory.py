"""Memory: where arrays lie."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import operator
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy import asarray, dtype, ndarray, uint8
from numpy import zeros as np_zeros


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


def address_of(a):
    """Where an array's first element lies."""
    return a.__array_interface__["data"][0]


def extent(shape, strides, itemsize):
    """Bytes before and behind the first element's address that an array's elements take."""
    before = behind = 0
    for n, stride in zip(shape, strides, strict=True):
        if stride < 0:
            before -= (n - 1) * stride
        else:
            behind += (n - 1) * stride
    return before, behind + itemsize


def is_dense(shape, strides, itemsize):
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


def whole_of(a):
    """(its root, "C" or "F") of an array that is laid out like a new one over all of its memory.

    None of any other.
    """
    flags = a.flags
    root = a if flags.owndata else root_of(a)
    if not a.size:
        return None
    if root is not a and (root.nbytes != a.nbytes or address_of(root) != address_of(a)):
        return None
    order = "C" if flags.c_contiguous else "F"  # or neither: then the strides tell
    strides = _plain_strides(a.shape, a.itemsize, order)
    return (root, order) if a.strides == strides and root.flags.forc else None


def key_of(a):
    """What an array looks at, and how."""
    return address_of(a), a.shape, a.strides, a.dtype, a.flags.writeable


def root_of(a):
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


def memory_of(root):
    """All of an array's memory as bytes (a view), from its lowest address on."""
    if not root.dtype.hasobject:
        if type(root) is not ndarray:
            root = ndarray.view(root, ndarray)
        if root.flags.c_contiguous:
            return root.reshape(-1).view(uint8)
        if root.flags.f_contiguous:
            return root.T.reshape(-1).view(uint8)
    before, behind = extent(root.shape, root.strides, root.itemsize)
    return asarray(_Span(root, address_of(root) - before, before + behind))


def cells_of(memory, offset, shape, strides, itemsize):
    """The bytes of an array's elements: an array of its shape with one more axis."""
    step = memory.itemsize  # 1: of bytes, or of marks for bytes
    return ndarray((*shape, itemsize), memory.dtype, memory, offset, (*strides, step))


def is_sound(a):
    """False for bytes that no bool and no character can have."""
    kind = a.dtype.kind
    if a.dtype.names is not None:
        return all(is_sound(a[name]) for name in a.dtype.names)
    if kind not in "bU" or not a.size:
        return True
    if not a.ndim:  # taking its only element would make a Python object of it
        a = a.reshape(1)
    small = [slice(0, 1) if stride == 0 else slice(None) for stride in a.strides]
    a = np.ascontiguousarray(a[tuple(small)])
    if kind == "b":
        return int(a.view(uint8).max()) < 2
    return int(a.reshape(-1).view(dtype("u4").newbyteorder(a.dtype.byteorder)).max()) < 0x110000
