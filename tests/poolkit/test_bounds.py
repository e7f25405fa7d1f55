"""Whatever a student's function returns or raises, a check says so in a message of bounded size."""

import contextlib
import inspect
import io
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oracle import hidden
from oracle.kit.run import afresh
from poolkit import check as visible
from poolkit.kit.voice import Failed, brief, fingerprint, lent, number, short
from tests.tiers import examples

MOST = 2_000  # characters of a message

WIDE = np.dtype([("f" * 200 + str(n), "f8") for n in range(300)])


class Refuses:
    def __repr__(self):
        raise ZeroDivisionError("no repr")


class Long:
    def __repr__(self):
        return "long " * 100_000


def deep(levels=2_000):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def named(name):
    return type(name, (), {})()


ODD = {
    "a dtype of many fields": np.zeros((1, 1, 2, 2), WIDE),
    "a key of a megabyte": {"k" * 200_000: 1},
    "a huge int": 10**6_000,
    "a large int": 10**400,
    "an int of 65 bits": -(2**63) - 1,
    "an int of 300 bits": 2**300,
    "a huge int in a list": [10**6_000],
    "a list in a list": deep(),
    "a long text": "x" * 200_000,
    "lines": "a\n" * 100_000,
    "a surrogate": "\ud800 \x00 \x1b[31m \u202e",
    "a repr that raises": Refuses(),
    "a long repr": Long(),
    "a long name of a class": named("C" * 200_000),
    "64 axes": np.zeros((1,) * 64),
    "a large array": np.zeros((1, 1, 600, 600)),
    "objects": np.array([[[[Long(), 10**6_000]]]], object),
    "texts": np.array(["y" * 100_000]),
    "dates": np.zeros((1, 1, 2, 2), "M8[ns]"),
    "complex": np.full((1, 1, 2, 2), 1j),
    "a complex number": 1j,
    "a wide float": np.longdouble("1e4000"),
    "wide floats": np.full((1, 1, 2, 2), np.longdouble("1e4000")),
    "a masked array": np.ma.array(np.zeros((1, 1, 2, 2)), mask=True),
    "NaN": float("nan"),
    "a generator": (n for n in ()),
    "a function": len,
    "a class": int,
    "Ellipsis": ...,
    "nothing": None,
    "an empty array": np.zeros((0, 0, 0, 0)),
    "a pair of odd things": (Long(), {"k" * 100_000: Refuses()}),
}
ERRORS = {
    "a long text": ValueError("x" * 200_000),
    "lines": ValueError("a\n" * 100_000),
    "a surrogate": ValueError("\ud800\x00"),
    "a repr that raises": ValueError(Refuses()),
    "a long name": type("E" * 200_000, (Exception,), {})("no"),
    "a deep value": ValueError(deep(500)),
}


def message(check, answer):
    """What a check says of functions that all do ``answer``; None if they pass."""
    functions = [answer] * len(inspect.signature(check.body).parameters)
    with afresh(), contextlib.redirect_stdout(io.StringIO()):
        try:
            check(*functions)
        except Failed as failure:
            return str(failure)
    return None


def bounded(check, answer):
    said = message(check, answer)
    if said is not None:
        assert len(said) < MOST
        said.encode()
        assert all(c.isprintable() or c in "\n\u202f" for c in said)


def returning(value):
    def answer(*args, **kwargs):
        return value

    return answer


def raising(error):
    def answer(*args, **kwargs):
        raise error

    return answer


CHECKS = sorted(set(hidden.__all__))


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Pictures have tests of their own, and nobody's known mistake is looked for."""
    monkeypatch.setattr("poolkit.kit.visible.present", lambda *args: None)
    monkeypatch.setattr("oracle.kit.hidden.recognise", lambda *args: None)


@pytest.mark.few(12, spread=True)
@pytest.mark.parametrize("name", CHECKS)
def test_an_odd_answer_is_told_briefly(name):
    for module in (hidden, visible):
        check = getattr(module, name)
        for value in ODD.values():
            bounded(check, returning(value))
            bounded(check, returning((value, value)))
        for error in ERRORS.values():
            bounded(check, raising(error))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**4_400, 10**4_500)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | hnp.arrays(hnp.array_dtypes() | hnp.scalar_dtypes(), hnp.array_shapes(min_side=0))
    | hnp.arrays("f8", hnp.array_shapes(min_dims=4, max_dims=4, min_side=0)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
SOME = [
    "output_size_values",
    "output_size_padding",
    "window_order",
    "pool_loops_values",
    "local_derivative_cases",
    "jacobian_rows",
    "numerical_jacobian_shape",
    "one_sided_values",
    "is_subgradient_hull",
    "pool_tiles_vectorised",
    "windows_view",
    "maxpool_forward_dtype",
    "maxpool_backward_values",
    "network_backward_chain",
    "sgd_step_values",
]


@settings(
    max_examples=examples(25, 10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(VALUES)
@example((None, {"": [None, np.zeros(0, [("f0", "?")])]}))  # NumPy makes no array of it
def test_any_answer_is_told_briefly(value):
    for name in SOME:
        bounded(getattr(visible, name), returning(value))
        bounded(getattr(hidden, name), returning(value))


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_a_value_is_described_in_a_few_words(value):
    assert len(short(value)) < 500
    assert len(number(value)) < 500
    assert len(fingerprint(value)) == 12


@given(st.text(), st.integers(10, 50))
def test_a_text_is_shortened_and_printed(text, most):
    assert len(brief(text * 20, most)) <= 10 * most
    assert brief("plain", most) == "plain"


def test_a_failure_with_everything_too_long_is_bounded():
    long = "word \ud800" * 100_000
    failure = Failed(long, long, long, got=long, read=long)
    failure.explain(long, long, long, hint=long, about=long)
    assert len(str(failure)) < MOST


# ---- functions of ours that a student's function calls ------------------------------------------


@pytest.mark.parametrize(
    "wrong", [lambda f: f(), lambda f: f(1, 2), lambda f: f(z=1), lambda f: f(1, x=2)]
)
def test_a_wrong_call_is_told_in_our_words(wrong):
    def secret_helper(hidden_name):
        return hidden_name

    with pytest.raises(TypeError, match=r"f is called as f\(x\); it was given") as raised:
        wrong(lent("f(x)", secret_helper))
    assert "hidden_name" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_what_cannot_be_used_is_told_in_our_words():
    def secret_helper(dy, cache):
        weights, _ = cache
        return dy @ weights

    backward = lent("backward(dy, cache)", secret_helper)
    assert backward(dy=np.eye(2), cache=(np.eye(2), None)).shape == (2, 2)
    for wrong in [(1, 2), (np.eye(2), None), (np.eye(3), (np.eye(2), 0)), (Refuses(), Long())]:
        with pytest.raises(ValueError, match=r"backward\(dy, cache\) cannot use") as raised:
            backward(*wrong)
        assert "weights" not in str(raised.value)
        assert len(str(raised.value)) < MOST


TASKS_THAT_CALL = {
    "numerical_jacobian": ["f()", "f(x, x)", "f(y=x)", "f('a')", "f.weights"],
    "one_sided": ["f()", "f(x, x)", "f(y=x)", "f('a')", "f.weights"],
    "network_backward": [
        "layers[0][1]()",
        "layers[0][1](dy)",
        "layers[0][1](dy, 1, 2)",
        "layers[0][1](gradient=dy, cache=caches[0])",
        "layers[-1][1](None, None)",
        "layers[0][1].weights",
    ],
}


@pytest.mark.parametrize(
    ("task", "wrong"), [(t, w) for t, calls in TASKS_THAT_CALL.items() for w in calls]
)
def test_no_check_tells_what_a_function_of_ours_looks_like(task, wrong):
    """Names of parameters and lines of ours are in no message."""
    parameters = {
        "numerical_jacobian": "f, x, h=1e-6",
        "one_sided": "f, x, v, h=1e-6",
        "network_backward": "dy, layers, caches",
    }[task]
    namespace = {"np": np}
    exec(f"def {task}({parameters}):\n    return {wrong}\n", namespace)
    for name in (n for n in hidden.__all__ if n.startswith(task)):
        for module in (hidden, visible):
            said = message(getattr(module, name), namespace[task])
            assert said
            for leak in ("lambda", "<locals>", "hidden", "oracle", "Formula", "einsum", "reshape"):
                assert leak not in said, said


assert sys.get_int_max_str_digits() < 6_000  # so that a huge int has no repr
