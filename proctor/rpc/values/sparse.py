"""SciPy's sparse matrices and arrays of two dimensions.

SciPy's own code in C follows indices wherever they point: all of them are looked at first.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import scipy.sparse as sp
from numpy import ascontiguousarray

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import ROWS, array, parts, whole, within
from proctor.rpc.values.registry import Converter

_PYTHON = 100_000  # rows, or elements, of those that are made of Python's lists


def _shape(data):
    rows, columns = parts(data, 2)
    return whole(rows, 0, ROWS), whole(columns, 0, ROWS)


def _from_compressed(matrix):
    inner = (matrix.data, matrix.indices, matrix.indptr)
    return (*map(ascontiguousarray, inner), tuple(map(int, matrix.shape)))


def _compressed(kind, axis):
    """Of rows (axis 0) or columns: where each begins among the elements."""

    def made(data):
        values, indices, starts, shape = parts(data, 4)
        shape = _shape(shape)
        array(values, "biufc"), array(indices, "i"), array(starts, "i")
        must(len(starts) == shape[axis] + 1 and int(starts[0]) == 0, "where rows begin")
        must(bool((starts[1:] >= starts[:-1]).all()), "where rows begin")
        must(int(starts[-1]) == len(values) == len(indices), "the number of elements")
        within(indices, 0, shape[1 - axis])
        return kind((values.copy(), indices.copy(), starts.copy()), shape=shape)

    return made


def _from_any(matrix):
    must(len(matrix.shape) == 2, "a matrix of two dimensions")
    found = matrix.tocoo()
    inner = (found.data, found.row, found.col)
    return (*map(ascontiguousarray, inner), tuple(map(int, matrix.shape)))


def _coordinates(kind, most=ROWS):
    """Of elements with their row and column; of other kinds than SciPy's "coo" made from one."""

    def made(data):
        values, rows, columns, shape = parts(data, 4)
        shape = _shape(shape)
        array(values, "biufc"), array(rows, "i"), array(columns, "i")
        must(len(values) == len(rows) == len(columns), "the number of elements")
        must(most == ROWS or max(*shape, len(values)) <= most, "the size of a matrix")
        within(rows, 0, shape[0])
        within(columns, 0, shape[1])
        inner = values.copy(), (rows.copy(), columns.copy())
        coo = kind if issubclass(kind, sp.coo_array | sp.coo_matrix) else sp.coo_array
        matrix = coo(inner, shape=shape)
        return matrix if coo is kind else kind(matrix)

    return made


def _from_diagonals(matrix):
    inner = ascontiguousarray(matrix.data), ascontiguousarray(matrix.offsets)
    return (*inner, tuple(map(int, matrix.shape)))


def _diagonals(kind):
    def made(data):
        values, offsets, shape = parts(data, 3)
        rows, columns = _shape(shape)
        array(values, "biufc", 2), array(offsets, "i")
        must(len(values) == len(offsets) == len(set(offsets.tolist())), "the diagonals")
        within(offsets, -rows, columns + 1)
        return kind((values.copy(), offsets.copy()), shape=(rows, columns))

    return made


def _assign(old, new):
    must(old.shape == new.shape and old.dtype == new.dtype, "a matrix that was passed")
    vars(old).update(vars(new))


def _both(name, from_data, to_data=_from_any, **more):
    """The converters of the matrix and of the array of this layout."""
    for kind in (getattr(sp, f"{name}_matrix"), getattr(sp, f"{name}_array")):
        yield Converter(
            kind, to_data, lambda data, k=kind: from_data(k, **more)(data), assign=_assign
        )


CONVERTERS = [
    *_both("csr", _compressed, _from_compressed, axis=0),
    *_both("csc", _compressed, _from_compressed, axis=1),
    *_both("coo", _coordinates),
    *_both("dia", _diagonals, _from_diagonals),
    *_both("lil", _coordinates, most=_PYTHON),
]
