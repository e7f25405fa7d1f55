"""A check's voice: what, where, likely cause, where to read, and never more than a line each."""

import numpy as np
import pytest

from poolkit.kit.voice import Failed, call, differing, fingerprint, same


def message(error):
    return str(error.value)


def test_the_first_differing_place_is_named_with_both_values():
    expected = np.zeros((1, 1, 2, 2))
    got = expected.copy()
    got[0, 0, 1, 0] = 0.7
    got[0, 0, 1, 1] = 5
    with pytest.raises(Failed) as error:
        same("dx", got, expected, where=lambda index: f"at {index}")
    assert "dx[0,0,1,0] is 0.7, expected 0 (2 of 4 values differ)" in message(error)
    assert "at (0, 0, 1, 0)" in message(error)


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (None, "is a return missing?"),
        ([1, 2], "is a list: [1, 2], expected an array of shape (2,)"),
        (np.zeros(3), "has shape (3,), expected (2,)"),
        (np.zeros(2, dtype=object), "has dtype object"),
        (np.zeros(2, dtype="U1"), "has dtype <U1"),
    ],
)
def test_kind_and_shape_come_before_values(got, says):
    with pytest.raises(Failed) as error:
        same("y", got, np.zeros(2))
    assert says in message(error)


def test_dtype_counts_only_where_it_is_asked_for():
    same("y", np.zeros(2, np.float32), np.zeros(2))
    with pytest.raises(Failed, match="dtype float32, expected float64"):
        same("y", np.zeros(2, np.float32), np.zeros(2), dtype=True)


@pytest.mark.parametrize("got", [3, np.int64(3), np.array(3)])
def test_a_number_may_be_a_numpy_number(got):
    same("n", got, 3)


@pytest.mark.parametrize("got", [3.0, "3", None, [3], 4])
def test_an_int_is_an_int(got):
    with pytest.raises(Failed):
        same("n", got, 3)


@pytest.mark.parametrize("got", [1, 1.0, "True", np.array([True])])
def test_a_bool_is_a_bool(got):
    with pytest.raises(Failed):
        same("answer", got, True)


def test_nan_equals_nan_and_nothing_else():
    assert not differing(np.array([np.nan]), np.array([np.nan])).any()
    assert differing(np.array([np.nan]), np.array([0.0])).all()


def test_a_crash_is_told_with_the_student_s_own_line():
    def pool(x):
        return x.shape[9]

    with pytest.raises(Failed) as error:
        call(pool, np.zeros(2))
    assert "pool raised IndexError: tuple index out of range" in message(error)
    assert "return x.shape[9]" in message(error)


def test_a_stub_is_called_a_stub():
    def pool(x):
        raise NotImplementedError()

    with pytest.raises(Failed, match="pool is not written yet"):
        call(pool, 1)


def test_a_warning_stays_silent(recwarn):
    assert call(lambda: np.log(np.zeros(1)))[0] == -np.inf
    assert not recwarn


def test_long_sentences_are_folded_so_that_validate_does_not_cut_them():
    failure = Failed("y is 1, expected 2", cause="because " * 40)
    lines = str(failure).splitlines()
    assert max(map(len, lines)) <= 84
    assert all(line.startswith("    ") for line in lines[2:])


def test_equal_mistakes_have_equal_fingerprints_and_others_do_not():
    a, b = np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-12])
    assert fingerprint(a) == fingerprint(b) != fingerprint(a.astype(np.float32))
    assert fingerprint(a) != fingerprint(a[::-1]) != fingerprint(a[None])
    assert fingerprint(np.array([0.0])) == fingerprint(np.array([-0.0]))


def test_jupyter_shows_the_message_in_place_of_a_traceback():
    failure = Failed("y is 1, expected 2", where="here")
    assert failure._render_traceback_() == ["y is 1, expected 2", "  here"]


def explained(failure, hint=None):
    failure.explain("y · values", "Windows", "a habit", hint, "2×2 windows")
    return str(failure)


def test_what_a_check_says_of_wrong_values_is_not_said_of_an_error():
    assert "Likely cause: a habit" in explained(Failed("y is 1, expected 2"))
    told = explained(Failed("y raised KeyError: 1", odd=True))
    assert "Likely cause" not in told
    assert "This example: 2×2 windows" in told


def test_what_is_certain_is_said_before_what_is_known_and_that_before_what_is_likely():
    assert "cause: known" in explained(Failed("y is 1", cause="likely"), hint="known")
    certain = Failed("y is 1", cause="seen", certain=True)
    assert "cause: seen" in explained(certain, hint="known")
    assert 'Read: "Ties"' in explained(Failed("y is 1", read="Ties"))


def two_dimensional(x, kernel_size):
    return max(x)


def nothing_left(x, kernel_size):
    return x[:, :-0].reshape(2, 2)


def too_far(x, kernel_size):
    return x[2, 0]


def takes_an_int(x, kernel_size):
    return range(kernel_size)


def counts(x, kernel_size):
    return np.bincount([0, 2], [1.0, 1.0]).reshape(2, 2)


def counts_all(x, kernel_size):
    return np.bincount([0, 2], [1.0, 1.0], minlength=5).reshape(2, 2)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (two_dimensional, "use .max()"),
        (nothing_left, "cut with :OH*kH"),
        (too_far, "lies beyond its array"),
        (takes_an_int, "an argument is the pair (1, 2)"),
        (counts, "give it minlength"),
        (counts_all, None),
    ],
)
def test_an_error_has_the_cause_that_is_certain(function, says):
    with pytest.raises(Failed) as error:
        call(function, np.ones((2, 2)), (1, 2))
    assert error.value.odd
    if says is None:
        assert error.value.cause is None
    else:
        assert says in error.value.cause


@pytest.mark.parametrize(
    ("got", "says"),
    [
        ([1.0, 2.0], "np.array(…)"),
        ((np.zeros(2), None), "one array is asked for"),
        (np.array([[1.0], [2.0]]), "only the shape is another"),
        (np.zeros((2, 1)), None),
        (None, None),
    ],
)
def test_another_kind_or_shape_has_no_cause_but_a_certain_one(got, says):
    with pytest.raises(Failed) as error:
        same("y", got, np.array([1.0, 2.0]))
    assert error.value.odd
    assert (error.value.cause is None) if says is None else (says in error.value.cause)
