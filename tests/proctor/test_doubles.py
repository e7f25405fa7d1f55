"""A test double stands in the student's process, where a test has put it: it, and nothing else."""

import pytest

from proctor.run.doubles import MODULES, Doubles, Stage
from proctor.run.job import Assignment, Job
from proctor.run.names import doubled
from proctor.run.settings import Settings
from proctor.run.shell import Shell
from proctor.run.template import Template


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
        ("x[0] = y\nf().z = 1\npatch(name)\npatch.object(a)", ""),
        ("def (", ""),
    ],
)
def test_places_are_read_off_the_test(source, places):
    found = {f"{module}.{name}" for module, name in doubled(source, Shell.instance())}
    assert found == set(places.split())


def test_only_what_does_no_harm_is_called_from_there():
    harmful = {"os", "sys", "subprocess", "shutil", "importlib", "io", "pathlib", "builtins"}
    assert not MODULES & harmful
    places = {("builtins", name) for name in ("open", "eval", "print", "__import__")}
    places |= {("os", "system"), ("posix", "system"), ("proctor.run.taint", "guard")}
    found = Doubles(places, {}, lambda value: True)
    assert [*found._usual] == [("builtins", "print")]


def test_what_stood_there_comes_back():
    names = {"helper": 1}
    stage = Stage(names)
    stage.set("__main__", "helper", 2)
    stage.set("__main__", "new", 3)
    stage.set("__main__", "helper", 4)
    assert names == {"helper": 4, "new": 3}
    stage.set("__main__", "helper")
    stage.set("__main__", "new")
    assert names == {"helper": 1}


# -- behind the wall


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment())
    yield made
    made.close()


def play(warm, *cells):
    """[(kind, message)] of the tests among cells (role, source)."""
    cells = [{"role": role, "source": source, "points": 1.0} for role, source in cells]
    results = warm.play(Job(cells, 10, 60), Settings().policy()).results
    return [(o["kind"], o["message"]) for r in results if (o := r["outcome"])]


PATCH = "from unittest.mock import patch\n"


@pytest.mark.parametrize(
    "test",
    [
        "with patch('builtins.open', wraps=open) as double:\n    f()\nassert not double.called",
        "with patch('builtins.eval', wraps=eval) as double:\n    f()\nassert not double.called",
        "with patch('os.system') as double:\n    f()\nassert not double.called",
    ],
)
def test_the_student_s_code_calls_no_other_double(warm, test):
    answered = (
        "import os\n\ndef f():\n    open('a.txt', 'w').close()\n    os.system('true')\n"
        "    return eval('1 + 1')"
    )
    ((kind, message),) = play(warm, ("student", answered), ("test", PATCH + test))
    assert kind == "passed", message


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
