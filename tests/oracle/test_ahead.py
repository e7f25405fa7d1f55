"""Functions that live in another process are asked ahead, and no check says anything else."""

import importlib
import inspect

import numpy as np
import pytest

from oracle import hidden
from oracle.misconceptions import known
from poolkit import check as visible
from poolkit.kit.cases import ahead, answered, each
from poolkit.kit.voice import Failed, call
from tests import notebooks


class Far:
    """A function that lives elsewhere, as the proxies of a grader."""

    def __init__(self, function, calls=None):
        self.function, self.calls = function, [] if calls is None else calls
        self.__name__ = getattr(function, "__name__", "far")

    def __call__(self, *args, **kwargs):
        self.calls.append(self.__name__)
        return self.function(*(near(arg) for arg in args), **kwargs)

    def __remote__(self, path):
        module, name = path.split(":")
        return Far(getattr(importlib.import_module(module), name), self.calls)


# as of the proxies: its line is no student's
Far.__call__.__code__ = Far.__call__.__code__.replace(co_filename="<far>")


def near(value):
    return value.function if isinstance(value, Far) else value


def double(x):
    if np.any(x == 13):
        raise ZeroDivisionError("thirteen")
    return 2 * x


def asked(*values):
    return [((value,), {}) for value in values]


def test_all_cases_are_one_call():
    far = Far(double)
    assert list(each(answered, (far,), asked(1, 2, 3), call)) == [2, 4, 6]
    assert far.calls == ["answered"]


def test_one_case_is_asked_alike_and_of_none_nobody_is_asked():
    far = Far(double)
    assert list(each(answered, (far,), asked(1), call)) == [2]
    assert list(each(answered, (far,), [], call)) == []
    assert far.calls == ["answered"]


def test_copies_are_sent_where_there_is_a_way():
    class Copying(Far):
        def __remote__(self, path):
            there = super().__remote__(path)
            there.__copies__ = lambda *args: ("copied",)
            return there

    assert list(each(answered, (Copying(double),), asked(1), call)) == ["copied"]


def test_the_last_cases_are_asked_from_here_where_it_has_to_be_seen():
    far = Far(double)
    assert list(each(answered, (far,), asked(1, 2, 3), call, seen=1)) == [2, 4, 6]
    assert list(each(answered, (far,), asked(4), call, seen=1)) == [8]
    assert far.calls == ["answered", "double", "double"]


def test_keywords_are_passed():
    def power(x, n=1):
        return x**n

    cases = [((3,), {"n": 2}), ((3,), {})]
    assert list(each(answered, (Far(power),), cases, call)) == [9, 3]


@pytest.mark.parametrize("functions", [(double,), (double, Far(double)), (Far(double), double)])
def test_a_function_that_lives_here_is_asked_case_by_case(functions):
    assert ahead(answered, functions, asked(1, 2)) == ()


def test_from_the_first_error_on_each_case_is_asked():
    far = Far(double)
    answers = each(answered, (far,), asked(1, 13, 3), call)
    assert next(answers) == 2
    with pytest.raises(Failed, match="double raised ZeroDivisionError: thirteen"):
        next(answers)
    assert next(answers) == 6
    assert far.calls == ["answered", "double", "double"]


def leaves(x):
    raise SystemExit


def writes(x):
    x += 1
    return x


@pytest.mark.parametrize("function", [leaves, writes, lambda x: object(), lambda x: np.array("a")])
def test_what_is_unusual_is_asked_case_by_case(function):
    arrays = np.zeros(2), np.zeros(2)
    assert ahead(answered, (Far(function),), asked(*arrays)) == ()
    assert not np.any(arrays)


def test_an_answer_is_not_overwritten_by_the_next():
    kept = np.zeros(1)

    def same_array(x):
        kept[:] = x
        return kept

    first, second = each(answered, (Far(same_array),), asked(1, 2), call)
    assert (first, second) == (1, 2)


@pytest.mark.parametrize(
    "said", [None, 3, [2, 4], "ab", (1, 2, 3), {}, np.zeros(2), ZeroDivisionError, OSError]
)
def test_nonsense_is_no_answer(said):
    class Odd(Far):
        def __remote__(self, path):
            def work(*args):
                if isinstance(said, type):
                    raise said("of another process")
                return said

            return work

    assert list(each(answered, (Odd(double),), asked(1, 2), call)) == [2, 4]


class Lying(Far):
    def __remote__(self, path):
        return lambda *args: (self.lie,) * len(args[-1])


LIES = None, 1, "a", (), {}, object(), np.zeros(0), np.full(3, None)
SERVED = {"pooling_layer"}  # the layer is served, not asked


@pytest.mark.parametrize("name", sorted(set(hidden.__all__) - SERVED))
def test_a_wrong_claim_is_a_wrong_answer(name, right):
    check = getattr(hidden, name)
    for lie in LIES:
        functions = [Lying(right[task]) for task in inspect.signature(check.body).parameters]
        for function in functions:
            function.lie = lie
        try:
            check.body(*functions)
        except Failed:
            continue
        # nothing was asked ahead
        assert not functions[0].calls or functions[-1].calls


def test_a_call_that_was_interrupted_is_not_made_again():
    class KeyboardInterrupt(Exception):  # as it is told of by another process
        pass

    def late(x):
        raise KeyboardInterrupt

    class Late(Far):
        def __remote__(self, path):
            return late_there

    def late_there(*args):
        raise KeyboardInterrupt

    with pytest.raises(Failed, match="raised KeyboardInterrupt"):
        each(answered, (Late(late),), asked(1, 2), call)


# ---- every check ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def right():
    names = {}
    for chapter in notebooks.CHAPTERS:
        names |= notebooks.names(chapter)
    return names


def said(body, functions):
    """What a check says: all of a failure, or None."""
    try:
        body(*functions)
    except Failed as failure:
        return failure.what, failure.where, failure.cause, failure.odd, failure.fingerprint()
    return None


@pytest.mark.parametrize("name", hidden.__all__)
def test_a_right_answer_is_right_from_afar(name, right):
    for check in (getattr(hidden, name), getattr(visible, name)):
        functions = [right[task] for task in inspect.signature(check.body).parameters]
        assert said(check.body, map(Far, functions)) is None


@pytest.mark.few(20, spread=True)
@pytest.mark.parametrize("misconception", known(), ids=lambda m: m.name)
def test_a_wrong_answer_is_told_alike_from_afar(misconception, right):
    for name in hidden.__all__:
        for check in (getattr(hidden, name), getattr(visible, name)):
            tasks = list(inspect.signature(check.body).parameters)
            if misconception.functions.keys() & set(tasks):
                functions = [{**right, **misconception.functions}[task] for task in tasks]
                assert said(check.body, functions) == said(check.body, map(Far, functions))
