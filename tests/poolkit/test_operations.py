"""Every way of looping is counted, no array operation is, and a count is the same on every run."""

import builtins
import functools
import itertools
import math
import operator
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import starmap

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from poolkit.check.layer import AXES
from poolkit.kit import laws
from poolkit.kit.operations import count
from poolkit.kit.voice import Failed
from tests import notebooks

LOOPS, ARRAYS = [], []


def loops(function):
    LOOPS.append(function)
    return function


def arrays(function):
    ARRAYS.append(function)
    return function


def rows(x):
    """The 2×2 tiles of x, one in a row: an array (tiles, 4), made without a loop."""
    N, C, H, W = x.shape
    tiles = x.reshape(N, C, H // 2, 2, W // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    return tiles.reshape(x.size // 4, 4)


def batch(N, C, H, W):
    size = N * C * H * W
    return ((np.arange(size) * 7919 % size + 0.5).reshape(N, C, H, W),)


# ---- loops ----------------------------------------------------------------------------------


@loops
def a_for_loop(x):
    y = np.zeros(x.size // 4)
    for n, row in enumerate(rows(x)):
        y[n] = row.max()
    return y


@loops
def a_while_loop(x):
    tiles, y = rows(x), []
    while len(y) < len(tiles):
        y.append(tiles[len(y)].max())
    return y


@loops
def a_comprehension(x):
    return [row.max() for row in rows(x)]


@loops
def a_dict_comprehension(x):
    return list({n: row.max() for n, row in enumerate(rows(x))}.values())


@loops
def a_generator(x):
    return np.fromiter((row.max() for row in rows(x)), float)


@loops
def a_generator_function(x):
    def each():
        for row in rows(x):
            yield row.max()

    return list(each())


@loops
def ndindex(x):
    y = np.zeros((*x.shape[:2], x.shape[2] // 2, x.shape[3] // 2))
    for n, c, k, l in np.ndindex(y.shape):
        y[n, c, k, l] = x[n, c, 2 * k : 2 * k + 2, 2 * l : 2 * l + 2].max()
    return y.ravel()


@loops
def nditer(x):
    y = []
    for a, b, c, d in np.nditer(list(rows(x).T)):
        y.append(max(a.item(), b.item(), c.item(), d.item()))
    return y


def halves(tiles):
    if len(tiles) == 1:
        return [tiles[0].max()]
    middle = len(tiles) // 2
    return halves(tiles[:middle]) + halves(tiles[middle:])


@loops
def recursion(x):
    return halves(rows(x))


@loops
def text_that_is_executed(x):
    scope = {"tiles": rows(x)}
    exec("y = [t.max() for t in tiles]", scope)
    return scope["y"]


@loops
def apply_along_axis(x):
    return np.apply_along_axis(max, 1, rows(x))


@loops
def vectorize_a_lambda(x):
    return np.vectorize(lambda row: row.max(), signature="(n)->()")(rows(x))


@loops
def vectorize_a_builtin(x):
    return np.vectorize(max)(*rows(x).T)


LARGER = np.vectorize(max, otypes=[float])


@loops
def vectorized_before(x):
    return LARGER(*rows(x).T)


OBJECTS = np.frompyfunc(max, 4, 1)


@loops
def frompyfunc_before(x):
    return OBJECTS(*rows(x).T).astype(float)


@loops
def frompyfunc(x):
    return np.frompyfunc(max, 2, 1).reduce(rows(x), axis=1).astype(float)


@loops
def map_a_lambda(x):
    return list(map(lambda row: row.max(), rows(x)))  # noqa: C417


@loops
def map_a_builtin(x):
    return list(map(max, rows(x)))


@loops
def map_a_method(x):
    return list(map(np.ndarray.max, rows(x)))


@loops
def map_lists(x):
    return [*map(max, rows(x).tolist())]


@loops
def map_columns(x):
    return np.array(list(map(max, *rows(x).T)))


@loops
def lists_of_python(x):
    return [max(row) for row in zip(*rows(x).T.tolist(), strict=True)]


MAXIMA = functools.partial(map, max)


@loops
def a_partial_of_map(x):
    return list(MAXIMA(rows(x)))


@loops
def starmap_imported(x):
    return list(starmap(max, rows(x)))


@loops
def starmap_of_the_module(x):
    return np.fromiter(itertools.starmap(max, rows(x)), float)


@loops
def sorted_pieces(x):
    return list(map(operator.itemgetter(-1), map(sorted, rows(x))))


@loops
def a_list_that_is_sorted(x):
    y = rows(x).max(axis=1)
    order = y.tolist()
    order.sort()
    assert order[-1] == y.max()
    return y


@loops
def a_chain_of_iterators(x):
    flat = itertools.chain.from_iterable(rows(x).tolist())
    return list(map(max, flat, flat, flat, flat))


@loops
def accumulate(x):
    y = rows(x).max(axis=1)
    assert list(itertools.accumulate(y, max))[-1] == y.max()
    return y


@loops
def reduce_imported(x):
    y = rows(x).max(axis=1)
    assert reduce(max, y) == y.max()
    return y


@loops
def reduce_of_the_module(x):
    y = rows(x).max(axis=1)
    assert functools.reduce(operator.add, y) > 0
    return y


@loops
def reduce_in_a_default(x, fold=functools.reduce):
    y = rows(x).max(axis=1)
    assert fold(max, y) == y.max()
    return y


HELPERS = {"fold": functools.reduce}


@loops
def reduce_in_a_dictionary(x):
    y = rows(x).max(axis=1)
    assert HELPERS["fold"](max, y) == y.max()
    return y


def with_a_closure(fold):
    def reduce_in_a_closure(x):
        y = rows(x).max(axis=1)
        assert fold(max, y) == y.max()
        return y

    return reduce_in_a_closure


loops(with_a_closure(functools.reduce))


class Folder:
    fold = staticmethod(functools.reduce)

    def __init__(self):
        self.each = map

    def first(self, x):
        y = rows(x).max(axis=1)
        assert self.fold(max, y) == y.max()
        return y

    def second(self, x):
        return list(self.each(max, rows(x)))


FOLDER = Folder()


@loops
def reduce_in_a_class(x):
    return FOLDER.first(x)


@loops
def map_in_an_object(x):
    return FOLDER.second(x)


loops(FOLDER.second)


@loops
def extremes_of_all(x):
    y = rows(x).max(axis=1)
    assert max(y) >= min(y, key=float)
    return y


@loops
def extremes_of_many_arguments(x):
    y = rows(x).max(axis=1)
    assert max(*y, 0) > 0
    return y


@loops
def sums_of_all(x):
    y = rows(x).max(axis=1)
    assert sum(y) == pytest.approx(math.fsum(y))
    return y


@loops
def any_and_all(x):
    y = rows(x).max(axis=1)
    assert all(y > 0)
    assert not any(y < 0)
    return y


@loops
def python_objects_in_an_array(x):
    return rows(x).astype(object).max(axis=1).astype(float)


@loops
def python_objects_in_a_variable(x):
    tiles = rows(x).astype(object)
    y = np.maximum.reduce(tiles, axis=1)
    return y.astype(float)


@functools.cache
def largest(n, values):
    return max(values)


@loops
def a_cached_helper(x):
    return [largest(n, tuple(row)) for n, row in enumerate(rows(x).tolist())]


@loops
def threads(x):
    tiles = rows(x)
    y = [None] * len(tiles)

    def work(start):
        for n in range(start, len(tiles), 2):
            y[n] = tiles[n].max()

    both = [threading.Thread(target=work, args=(start,)) for start in (0, 1)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return y


@loops
def a_pool_of_threads(x):
    with ThreadPoolExecutor(1) as pool:
        return list(pool.map(max, rows(x)))


def over(axis):
    """A loop over one axis only."""

    def slices(x):
        y = [part.sum() for part in np.moveaxis(x, axis, 0)]
        assert len(y) == x.shape[axis]
        return rows(x).max(axis=1)

    return slices


# ---- no loops -------------------------------------------------------------------------------


@arrays
def a_maximum_over_an_axis(x):
    return rows(x).max(axis=1)


@arrays
def views_and_indices(x):
    w = sliding_window_view(x, (2, 2), axis=(2, 3))[:, :, ::2, ::2]
    best = w.reshape(*w.shape[:4], 4).argmax(axis=-1)
    n, c, k, l = np.indices(best.shape)
    return x[n, c, 2 * k + best // 2, 2 * l + best % 2].ravel()


@arrays
def a_loop_over_offsets(x):
    parts = [x[:, :, u::2, v::2] for u in range(2) for v in range(2)]
    return functools.reduce(np.maximum, parts).ravel()


@arrays
def the_biggest_of_four(x):
    parts = {(u, v): x[:, :, u::2, v::2] for u, v in itertools.product(range(2), repeat=2)}
    assert max(parts) == (1, 1)
    return np.stack(list(parts.values())).max(axis=0).ravel()


@arrays
def padding_einsum_and_counting(x):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    y = rows(padded[:, :, 1:-1, 1:-1]).max(axis=1)
    np.einsum("nchw,nchw->nc", x, x)
    np.bincount(np.arange(x.size) // 4, weights=x.ravel())
    np.add.at(np.zeros(x.size), np.arange(x.size), 1.0)
    np.unique(y)
    return np.take_along_axis(rows(x), rows(x).argmax(axis=1)[:, None], axis=1)[:, 0]


@arrays
def halving(x):
    """log₂ of the size is no loop over it."""
    total, steps = x.ravel(), 0
    while len(total) > 1:
        total, steps = total[: len(total) // 2], steps + 1
    return rows(x).max(axis=1)


# ---- tests ----------------------------------------------------------------------------------


def named(function):
    return function.__name__


@pytest.mark.few(15, spread=True)
@pytest.mark.parametrize("function", LOOPS, ids=named)
def test_a_loop_is_seen_along_every_axis(function):
    assert set(laws.grows(laws.Counted(function), batch, AXES)) == set("NCHW")


@pytest.mark.parametrize("function", ARRAYS, ids=named)
def test_array_operations_are_no_loop(function):
    assert laws.grows(laws.Counted(function), batch, AXES) == {}
    assert laws.grows(laws.Counted(function), batch, AXES) == {}


@pytest.mark.parametrize("axis", range(4))
def test_the_message_names_the_axis(axis):
    with pytest.raises(Failed) as caught:
        laws.no_loops(over(axis), batch, AXES)
    letter = "NCHW"[axis]
    assert caught.value.what == f"the work in Python grows with {letter}"
    assert caught.value.where.endswith(f"it loops over {letter}.")


@pytest.mark.parametrize("function", LOOPS + ARRAYS, ids=named)
def test_counting_changes_no_value(function):
    (x,) = batch(2, 1, 4, 6)
    seen = []
    count(lambda: seen.append(function(x)))
    np.testing.assert_array_equal(np.array(seen[0], float).ravel(), rows(x).max(axis=1))


@pytest.mark.parametrize("function", LOOPS + ARRAYS, ids=named)
def test_a_count_is_the_same_again(function):
    if function is a_pool_of_threads:
        pytest.skip("how often a pool's threads wait for work is up to the clock")
    (x,) = batch(2, 1, 4, 6)
    largest.cache_clear()
    function(x)
    assert len({count(function, x) for _ in range(3)}) == 1


def test_a_count_is_the_same_in_another_process():
    program = """if True:
        from tests import notebooks
        from poolkit.kit.operations import count
        import numpy as np
        names = notebooks.names("3-layer")
        x = np.arange(144.0).reshape(2, 2, 6, 6)
        y, cache = names["maxpool_forward"](x, 3, 1)
        print(count(names["maxpool_forward"], x, 3, 1), count(names["maxpool_backward"], y, cache))
    """
    said = set()
    for seed in "12":
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = [sys.executable, "-c", program]
        done = subprocess.run(
            run, env=environment, cwd=notebooks.ROOT, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1


def everything():
    """What counting replaces for a while."""
    return (
        [vars(builtins)[name] for name in ("map", "filter", "zip", "sum", "max", "min", "sorted")],
        dict(vars(itertools)),
        (functools.reduce, reduce, starmap, np.frompyfunc, np.fromiter, np.vectorize.__call__),
        (MAXIMA, OBJECTS, HELPERS["fold"], vars(Folder)["fold"], FOLDER.each),
        reduce_in_a_default.__defaults__,
        (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()),
    )


def test_everything_is_put_back():
    before = everything()
    for function in LOOPS:
        count(function, *batch(1, 1, 2, 2))
    assert everything() == before


def test_everything_is_put_back_after_an_error():
    def fails(x):
        raise ZeroDivisionError

    before = everything()
    with pytest.raises(ZeroDivisionError):
        count(fails, 1)
    assert everything() == before


def test_a_function_of_another_process_counts_there():
    class Proxy:
        def __call__(self, *args):
            raise AssertionError("called here")

        def __remote__(self, path):
            return lambda function, *args: ((path, function is proxy, args), "the answer")

    proxy = Proxy()
    assert count(proxy, 1, 2) == ("poolkit.kit.operations:counted", True, (1, 2))
