"""What a test sets around its calls holds there, and nothing that comes back decides a test."""

# ruff: noqa: NPY002  (NumPy's global generator is what some of this is about)

import random
import warnings

import numpy as np
import pytest

from proctor.rpc import describe
from proctor.rpc.exceptions import make_error
from proctor.run.context import MOST, Context, Surroundings
from proctor.run.job import Job
from proctor.run.settings import Settings


@pytest.fixture(autouse=True)
def as_it_was():
    states, errors = (random.getstate(), np.random.get_state()), np.geterr()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    np.seterr(**errors)


def test_what_a_test_does_not_name_is_not_looked_at():
    context = Context({"f", "assert_allclose"})
    random.seed(1)
    np.seterr(all="raise")
    assert (context.news(), context.asks, context.told) == ({}, False, False)


def test_a_state_is_told_once():
    context = Context({"seed"})
    assert context.news() == {}
    np.random.seed(3)
    assert context.news().keys() == {"numpy"}
    assert context.news() == {}
    random.seed(3)
    assert context.news() == {"random": random.getstate()}


def test_the_same_seed_is_told_again_after_numbers_were_drawn():
    context = Context({"seed"})
    random.seed(3)
    told = context.news()
    context.heed((False, []), None)
    assert context.news() == {}
    context.heed((True, []), None)
    assert context.news() == {}
    random.seed(3)
    assert context.news() == told


def test_a_students_process_draws_what_the_test_would():
    random.seed(8)
    np.random.seed(8)
    told = Context({"seed", "getstate"}).news()
    wanted = random.random(), np.random.normal(size=3).tolist()
    surroundings = Surroundings(describe)
    assert surroundings.set(told) == (False, [])
    assert (random.random(), np.random.normal(size=3).tolist()) == wanted
    assert surroundings.set({}) == (True, [])
    assert surroundings.set({}) == (False, [])


def test_numpys_errors_are_put_back_as_the_student_had_them():
    np.seterr(all="ignore")
    surroundings = Surroundings(describe)
    surroundings.set({"errors": {"over": "raise"}})
    surroundings.set({"errors": {"under": "raise"}})
    assert np.geterr()["over"] == np.geterr()["under"] == "raise"
    surroundings.set({"errors": None, "warnings": False})
    assert set(np.geterr().values()) == {"ignore"}
    surroundings.set({"errors": None, "warnings": False})
    assert set(np.geterr().values()) == {"ignore"}


def test_warnings_are_caught_as_long_as_they_are_wanted():
    surroundings = Surroundings(describe)
    surroundings.set({"warnings": True})
    for _ in range(MOST + 5):
        warnings.warn("again", FutureWarning, 2)
    drawn, caught = surroundings.set({})
    assert (drawn, len(caught)) == (False, MOST)
    assert make_error(caught[0][0]).args == ("again",)
    assert surroundings.set({"warnings": False}) == (False, [])
    with pytest.warns(FutureWarning, match="once"):
        warnings.warn("once", FutureWarning, 2)


@pytest.mark.parametrize(
    "found",
    [
        *(None, 5, "ab", (), (True,), (True, None), (True, "ab"), [True, []], (True, [], [])),
        *((True, [None]), (True, [(None, 1)]), (True, [("x", None)]), (True, [[1, 2]])),
        *((True, [(describe(Warning("w")), True, 1)]), (True, [(describe(ValueError()), 1)])),
    ],
)
def test_what_is_no_answer_is_nothing(found):
    before = random.getstate()

    def exception(told):
        return make_error(told) if type(told) is tuple and len(told) == 8 else None

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Context({"warns"}).heed(found, exception)
    assert random.getstate() == before


def play(warm, answered, *tests):
    cells = [{"role": "student", "source": answered, "points": 1.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    results = warm.play(Job(cells, 5, 60), Settings().policy()).results
    return [f"{r['outcome']['kind']} {r['outcome']['message']}".strip() for r in results[1:]]


def test_a_student_chooses_no_random_number_of_a_test(warm):
    answered = (
        "import random\ndef f():\n    random.setstate((3, (0,) * 624 + (1,), None))\n    return 5"
    )
    tests = [
        "import random\nrandom.seed(1)\nf()\nassert 0 < random.random() != random.random()",
        "random.seed(2)\nx = random.random()\nf()\nrandom.seed(2)\nassert x == random.random()",
    ]
    assert play(warm, answered, *tests) == ["passed", "passed"]


def test_what_a_test_set_is_over_with_it(warm):
    answered = (
        "import numpy as np, warnings\ndef f(x):\n    return np.exp(x)\n"
        "def ask():\n    return np.geterr()['over'], warnings.filters[0][0]\nbefore = ask()"
    )
    tests = [
        "import numpy as np\nassert f(np.array(1000.0)) == np.inf",
        "with np.errstate(over='raise'):\n    try:\n        f(np.array(1000.0))\n"
        "    except FloatingPointError:\n        pass\n    else:\n        assert False\n"
        "assert f(np.array(1000.0)) == np.inf",
        "with np.errstate(over='raise'):\n    assert ask()[0] == 'raise'",
        "assert ask() == before",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n"
        "    assert ask()[1] == 'always'",
        "assert ask() == before",
    ]
    assert play(warm, answered, *tests) == ["passed"] * 6


def test_a_warning_of_the_students_own_class(warm):
    answered = (
        "import warnings\nclass Odd(UserWarning):\n    pass\ndef f():\n    warnings.warn(Odd('x'))"
    )
    test = (
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n    f()\n"
        "kind = caught[0].category\nassert kind.__name__ == 'Odd' and issubclass(kind, UserWarning)"
    )
    assert play(warm, answered, test) == ["passed"]


TAKES_OVER = """
import sys
def f(x): return x
def boom(*given): raise {error}
sys.modules["proctor.run.context"].Surroundings._catch = (
    lambda self, wanted: None if wanted else boom())
sys.modules["proctor.run.context"].Surroundings.__init__ = boom
"""


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt", "ValueError(5)"])
def test_a_test_that_is_over_is_over(warm, error):
    """Whatever becomes of the helpers in the student's process."""
    quiet = (
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n"
    )
    cells = [
        {"role": "student", "source": TAKES_OVER.format(error=error), "points": 1.0},
        {"role": "test", "source": f"{quiet}    assert f(2) == 2", "points": 1.0},
        {"role": "test", "source": "assert f(3) == 4", "points": 1.0},
    ]
    results = warm.play(Job(cells, 5, 60), Settings().policy()).results
    assert [r["outcome"]["kind"] for r in results[1:]] == ["passed", "failed"]
    assert all("grader failed" not in r["outcome"]["message"] for r in results[1:])
