"""A test double stands in the student's process, where a test has put it: it, and nothing else."""

from unittest import mock

import pytest

from proctor.run.doubles import Doubles, Stage
from proctor.run.job import Job
from proctor.run.names import doubled
from proctor.run.settings import Settings
from proctor.run.shell import Shell


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("with patch('random.randint', return_value=1): f()", "random.randint"),
        ("@mock.patch('time.sleep')\ndef t(m): f()", "time.sleep"),
        ("patch.object(random, 'randint', g)", "random.randint"),
        ("import numpy as np\nnp.random.rand = g", "numpy.random.rand"),
        ("monkeypatch.setattr('math.pi', 3)\nsetattr(math, 'e', 2)", "math.pi math.e"),
        ("a = math.pi, time.sleep = 3, g", "math.pi time.sleep"),
        ("patch('helper')", ".helper"),
        (
            "del np.linalg.inv\ndef sorted(x): pass\ndef mine(): pass",
            "np.linalg.inv __main__.sorted",
        ),
        ("x[0] = y\nf().z = 1\npatch(name)\npatch.object(a)", ""),
        ("def (", ""),
    ],
)
def test_places_are_read_off_the_test(source, places):
    found = {f"{module}.{name}" for module, name in doubled(source, Shell.instance())}
    assert found == set(places.split())


class Known:
    """A value that is neither a mock nor harmless to call."""

    def __init__(self):
        self.given = []

    def __call__(self, *args, **kwargs):
        self.given.append((args, kwargs))


@pytest.mark.parametrize(
    ("place", "given"),
    [
        (("random", "randint"), [((1, 6), {})]),
        (("builtins", "print"), [((1, 6), {})]),
        (("__main__", "helper"), [((1, 6), {})]),
        (("builtins", "open"), [((), {})]),
        (("builtins", "eval"), [((), {})]),
        (("os", "system"), [((), {})]),
        (("__main__", "open"), [((), {})]),
    ],
)
def test_where_it_could_do_harm_nothing_from_there_is_handed_on(monkeypatch, place, given):
    names, double = {"helper": print}, Known()
    doubles = Doubles([place], names, {"helper"}, lambda value: True)
    if place[0] == "__main__":
        names[place[1]] = double
    else:
        monkeypatch.setattr(".".join(place), double)
    ((*where, (told,)),) = doubles.news()
    assert tuple(where) == place
    told(1, 6)
    assert double.given == given


@pytest.mark.parametrize(
    ("double", "canned"),
    [
        (mock.Mock(return_value=1), True),
        (mock.MagicMock(side_effect=[1, 2]), True),
        (mock.Mock(side_effect=ValueError), True),
        (mock.Mock(side_effect=eval), False),
        (mock.Mock(wraps=eval), False),
        (mock.create_autospec(open), True),
        (print, False),
    ],
)
def test_a_mock_that_hands_on_nothing_is_called_as_it_is(monkeypatch, double, canned):
    doubles = Doubles([("os", "system")], {}, (), lambda value: True)
    monkeypatch.setattr("os.system", double)
    ((_, _, (told,)),) = doubles.news()
    assert (told is double) == canned


def test_what_is_the_grader_s_or_no_module_has_no_place():
    places = [("proctor.run.taint", "guard"), ("oracle", "x"), ("none", "x"), ("sys", "stdout")]
    assert not Doubles(places, {"none": 1}, (), lambda value: True, private={"proctor", "oracle"})


def test_no_number_is_told_by_a_built_in_s_name_and_no_hidden_name_at_all():
    names = {}
    places = [("__main__", name) for name in ("sum", "n", "canary_reference")]
    doubles = Doubles(places, names, {"n"}, lambda value: True)
    names |= {"sum": 385, "n": 3, "canary_reference": print}
    assert [*doubles.news()] == [("__main__", "n", [3])]


def test_what_stood_there_comes_back():
    names = {"helper": 1, "gone": 5}
    stage = Stage(names)
    stage.set("__main__", "helper", [2])
    stage.set("__main__", "new", [3])
    stage.set("__main__", "gone", [])
    stage.set("__main__", "helper", [4])
    assert names == {"helper": 4, "new": 3}
    for name in ("helper", "new", "gone"):
        stage.set("__main__", name, None)
    assert names == {"helper": 1, "gone": 5}


# -- behind the wall


def play(warm, *cells):
    """[(kind, message)] of the tests among cells (role, source)."""
    cells = [{"role": role, "source": source, "points": 1.0} for role, source in cells]
    results = warm.play(Job(cells, 10, 60), Settings().policy()).results
    return [(o["kind"], o["message"]) for r in results if (o := r["outcome"])]


PATCH = "from unittest.mock import patch\n"


@pytest.mark.parametrize("double", ["wraps=os.listdir", "side_effect=lambda *a: usual(*a)"])
def test_a_double_that_hands_on_tells_nothing_of_where_the_test_is(warm, double):
    answered = "import os\n\ndef f():\n    return str(os.listdir('.'))"
    test = "import os\nusual = os.listdir\nopen('canary.txt', 'w').close()\n"
    test += f"with patch('os.listdir', {double}):\n    found = f()\nassert found == 'None', found"
    ((kind, message),) = play(warm, ("student", answered), ("test", PATCH + test))
    assert kind == "passed", message


def test_a_class_is_no_double(warm):
    answered = (
        "import random\n\ndef f():\n"
        "    how = {'__class__.__base__.assert_called_once_with': print}\n"
        "    try:\n        random.Random(**how)\n    except Exception:\n        pass"
    )
    test = (
        "from unittest.mock import MagicMock\nwith patch('random.Random', MagicMock):\n    f()\n"
        "MagicMock().assert_called_once_with(1)"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", PATCH + test))
    assert (kind, message[:8]) == ("failed", "Expected"), message


def test_the_clock_may_be_a_double(warm):
    answered = "import time\n\ndef f():\n    return time.monotonic()"
    test = (
        "with patch('time.monotonic', return_value=-5.0):\n    assert f() == -5.0\nassert f() > 0"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", PATCH + test))
    assert kind == "passed", message


def test_what_was_printed_starts_no_program(warm):
    answered = "def f():\n    print('echo \"ran\"')"
    test = (
        "import contextlib, io, subprocess\ncaught = io.StringIO()\n"
        "with contextlib.redirect_stdout(caught):\n    f()\n"
        "subprocess.run(['sh', '-c', caught.getvalue().strip()])"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", test))
    assert kind == "failed"
    assert "cannot evaluate" in message


def test_a_list_that_counts_does_not_cross_as_what_is_in_it(warm):
    answered = "def f(xs, x):\n    return any(one == x for one in xs)"
    test = (
        "class Counts(list):\n    reads = 0\n    def __iter__(self):\n        Counts.reads += 1\n"
        "        return super().__iter__()\nassert f(Counts([1, 2]), 2) and Counts.reads == 0"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", test))
    assert kind == "failed"
    assert "a Counts cannot be passed" in message


def test_it_does_not_outlast_the_test(warm):
    answered = "import random\n\ndef roll():\n    return random.randint(1, 6)"
    first = "import random\nrandom.randint = lambda low, high: 'loaded'\nassert roll() == 'loaded'"
    told = play(
        warm, ("student", answered), ("test", first), ("test", "assert roll() in range(1, 7)")
    )
    assert [kind for kind, _ in told] == ["passed", "passed"], told


def test_an_error_of_the_call_tells_nothing_of_the_double(warm):
    answered = (
        "import random\n\ndef f():\n    try:\n        random.randint()\n"
        "    except TypeError as error:\n        return str(error)"
    )
    test = (
        "import random\ndef canary_stub(canary_low, canary_high):\n    return 1\n"
        "random.randint = canary_stub\nassert 'canary' not in f(), f()"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", test))
    assert kind == "passed", message


def test_what_a_process_said_is_known_after_its_end(warm):
    """A test that keeps bytes, and unpickles them when another process answers."""
    answered = (
        "import pickle\n\nclass Runs:\n    def __reduce__(self):\n"
        "        return eval, ('open(\"/dev/null\") and 7',)\n\n"
        "def f():\n    return pickle.dumps(Runs())"
    )
    cells = [
        ("student", answered),
        ("test", "kept = f()\nassert kept"),
        ("student", "import os\nos._exit(3)"),
        ("test", "import pickle\nassert pickle.loads(kept) == 7"),
    ]
    told = play(warm, *cells)
    assert [kind for kind, _ in told] == ["passed", "failed"], told
    assert "cannot evaluate" in told[1][1]


DUMP = (
    "import base64, pickle\n\nclass Runs:\n    def __init__(self, how, what):\n"
    "        self.how, self.what = how, what\n\n    def __reduce__(self):\n"
    "        return self.how, (self.what,)\n\n"
    "EVIL = pickle.dumps(Runs(eval, 'open(\"/dev/null\") and 7'))\n"
)


@pytest.mark.few(2, spread=True)
@pytest.mark.parametrize(
    ("answered", "test"),
    [
        ("def f():\n    return base64.b64encode(EVIL).decode()", "base64.b64decode(f())"),
        ("def f():\n    return EVIL.hex()", "bytes.fromhex(f())"),
        ("def f():\n    return list(EVIL)", "bytes(f())"),
        (
            "def f():\n    return int.from_bytes(EVIL, 'big')",
            "f().to_bytes(200, 'big').lstrip(b'\\0')",
        ),
        ("def f():\n    return EVIL.decode('latin-1')", "f().encode('latin-1')"),
    ],
)
def test_no_bytes_that_a_test_makes_of_an_answer_run(warm, answered, test):
    test = f"import base64, pickle\nassert pickle.loads({test}) == 7"
    ((kind, message),) = play(warm, ("student", DUMP + answered), ("test", test))
    assert kind == "failed"
    assert "cannot evaluate" in message


def test_a_function_that_was_kept_is_watched_when_no_test_is_at_work(warm):
    told = play(
        warm,
        ("student", "kept = []\n\ndef keep(function):\n    kept.append(function)"),
        ("test", "def run(text):\n    return eval(text)\nkeep(run)"),
        (
            "student",
            "try:\n    found = kept[0]('open(\"/dev/null\") and 7')\n"
            "except Exception as error:\n    found = str(error)",
        ),
        ("test", "assert 'cannot evaluate' in found, found"),
    )
    assert [kind for kind, _ in told] == ["passed", "passed"], told
