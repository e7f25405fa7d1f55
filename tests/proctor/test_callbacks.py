"""What a student's function can ask of a function that a test passes: what students can read."""

import inspect
import json
import math
import os
import random
import socket
import sys
from decimal import Decimal
from unittest import mock

import numpy as np
import pytest

from proctor.rpc import Wall, WallError
from proctor.rpc.callbacks import library_path, named, told_of_function
from proctor.run.job import Assignment, Job
from proctor.run.settings import Settings
from proctor.run.template import Template

ASK = """
import inspect
def ask(f):
    return f.__name__, f.__doc__, list(inspect.signature(f).parameters), f.__module__
"""
UNKNOWN = "('function', None, ['args', 'kwargs'], 'proctor.rpc.server')"


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(private={"secrets_of.py": b"def key(a):\n    'Of ours.'"}))
    yield made
    made.close()


def play(warm, *tests, also=""):
    cells = [{"role": "locked", "source": "def course_s(a, b=2):\n    'Seen.'", "points": 0.0}]
    cells += [{"role": "student", "source": f"{ASK}\n{also}", "points": 1.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    source = {"mark": "BEGIN HIDDEN TESTS", "private": ["secrets_of"]}
    results = warm.play(Job(cells, 5, 60, source), Settings().policy()).results
    return [f"{r['outcome']['kind']} {r['outcome']['message']}".strip() for r in results[2:]]


def test_what_students_can_read_is_told(warm):
    tests = [
        "def f(x, *rest, by=1):\n    'Adds.'\n"
        "assert ask(f) == ('f', 'Adds.', ['x', 'rest', 'by'], '__main__')",
        "assert ask(course_s) == ('course_s', 'Seen.', ['a', 'b'], '__main__')",
        "import math\nassert ask(math.sqrt)[0] == 'sqrt'",
        "assert ask(lambda q: q)[:3] == ('<lambda>', None, ['q'])",
    ]
    assert play(warm, *tests) == ["passed"] * 4


def test_nothing_else_is(warm):
    hidden = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
    tests = [
        hidden.format(f"def secret(seed):\n    'Told.'\nassert ask(secret) == {UNKNOWN}"),
        hidden.format(f"assert ask(lambda secret: 5) == {UNKNOWN}"),
        hidden.format(f"secret = 5\nassert ask(secret_too) == {UNKNOWN}").replace(
            "secret = 5", "def secret_too(n): pass"
        ),
        f"assert ask(secret) == {UNKNOWN}",  # in a later test, too
        f"import secrets_of\nassert ask(secrets_of.key) == {UNKNOWN}",
        "import functools\ndef kept(f):\n    @functools.wraps(f)\n    def inner(*args):\n"
        "        return f(*args)\n    return inner\n"
        + hidden.format(f"@kept\ndef secret_3(n): pass\nassert ask(secret_3)[0] == {UNKNOWN}[0]"),
        hidden.format(
            "import functools\n@functools.lru_cache\ndef secret_4(n): pass\n"
            f"assert ask(secret_4) == {UNKNOWN}"
        ),
        hidden.format(
            "import numpy as np\ndef secret_5(n):\n    'Told.'\n"
            f"assert ask(np.vectorize(secret_5)) == {UNKNOWN}"
        ),
        f"exec('def made(n): pass')\nassert ask(made) == {UNKNOWN}",
        f"from functools import partial\ndef f(x): pass\nassert ask(partial(f, 1)) == {UNKNOWN}",
    ]
    assert play(warm, *tests) == ["passed"] * 10


@pytest.mark.parametrize("of", [inspect.signature, len, max, int, str.upper, print, type, object()])
def test_of_anything_it_is_told_or_not(of):
    told = told_of_function(of)
    assert told == [] or (len(told) == 3 and type(told[0]) is str)

    def function(*args, **kwargs):
        pass

    if told:
        named(function, told)
        assert function.__name__ == of.__name__


HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


@pytest.mark.parametrize("before", ["\n\n\n\nassert True\n", "\n  \n", "!true \\\n a \\\n b\n", ""])
def test_lines_that_python_does_not_count_hide_no_hidden_line(warm, before):
    secret = f"def secret(canary=7):\n    'Told.'\nassert ask(secret) == {UNKNOWN}"
    test = before + HIDDEN.format(secret)
    assert play(warm, test) == ["passed"]


def test_a_default_is_told_where_the_text_says_it(warm):
    tests = [
        "import secrets_of\nTOTAL = 4711\n"
        "def spy(x, a=3, b='t', c=TOTAL, d=-2, *, e=TOTAL, f=None):\n    return x\n"
        "assert defaults(spy) == [3, 't', None, -2, None, None]",
        HIDDEN.format("spy.__name__, spy.__doc__ = 'canary', 'canary'")
        + "\nassert ask(spy)[:2] == ('spy', None)",
    ]
    defaults = (
        "def defaults(f):\n    found = inspect.signature(f).parameters.values()\n"
        "    return [p.default for p in found][1:]"
    )
    assert play(warm, *tests, also=defaults) == ["passed"] * 2


def test_how_a_hidden_function_is_to_be_called_no_error_says(warm):
    wrong = (
        "def wrong(f):\n    try:\n        f()\n    except TypeError as e:\n        return str(e)"
    )
    tests = [
        HIDDEN.format("def secret(canary): pass\nassert 'canary' not in wrong(secret)"),
        HIDDEN.format("def inner(canary): pass\ndef fails(): raise TypeError('boom')")
        + "\nassert wrong(fails) == 'boom'",
        "def seen(x): pass\nassert 'missing' in wrong(seen) and 'x' in wrong(seen)",
    ]
    assert play(warm, *tests, also=wrong) == ["passed"] * 3


@pytest.mark.parametrize(
    ("function", "path"),
    [
        (math.sin, "math:sin"),
        (np.sin, "numpy:sin"),
        (np.linalg.inv, "numpy.linalg:inv"),
        (abs, "builtins:abs"),
        (str.upper, "builtins:str.upper"),
        (Decimal, "decimal:Decimal"),
        (os.path.join, "posixpath:join"),
        *(
            (made, None)
            for made in (lambda: 1, [].append, random.random, np.random.rand, mock.Mock())
        ),
        (library_path, None),
        (play, None),
    ],
)
def test_a_library_s_function_has_a_path(function, path):
    assert library_path(function, {"proctor"}) == path


def test_of_what_only_the_test_has_there_is_none(monkeypatch):
    assert library_path(np.sin, {"numpy"}) is None
    assert library_path(np.mean, hidden=[os.path.dirname(np.__file__)]) is None
    assert library_path(np.mean, hidden=["/", os.path.dirname(sys.prefix)]) == "numpy:mean"
    usual = math.sin
    monkeypatch.setattr(math, "sin", lambda x: x)
    assert library_path(math.sin) is None
    assert library_path(usual) is None


def test_each_end_has_its_own(warm):
    also = (
        "import math, os\nimport numpy as np\n\ndef same(f):\n"
        "    return f is math.sin, f is np.sin\n\n"
        "def call(f, *args):\n    return f(*args)\n\ndef give(f):\n    return f\n"
    )
    tests = [
        "import math\nassert same(math.sin) == (True, False)",
        "import numpy as np\nassert same(np.sin) == (False, True)",
        "import os\nfrom decimal import Decimal\n"
        "assert call(os.getpid) != os.getpid()",  # it runs where it was passed
        "assert give(math.sin) is math.sin and give(np.add) is np.add and give(abs) is abs\n"
        "assert give(str.upper) is str.upper and give(Decimal) is Decimal",
        "assert call(str.upper, 'a') == 'A' and call(eval, '1 + 1') == 2",
        "import secrets_of\ntry:\n    call(secrets_of.key, 1, 2)\n    assert False\n"
        "except TypeError as error:\n    assert 'secrets_of' not in str(error)",
    ]
    assert play(warm, *tests, also=also) == ["passed"] * 6


def test_a_library_s_function_is_not_called_here(warm):
    also = (
        "import sys\n\ndef call(f):\n"
        "    objects = __import__('gc').get_objects()\n"
        "    (student,) = [one for one in objects if type(one).__name__ == 'Student']\n"
        "    return student._call_back(f, ('1 + 1',), {})\n"
    )
    (told,) = play(warm, "call(eval)", also=also)
    assert "the kernel ended" in told, told
    (told,) = play(warm, "assert call(lambda text: 2) == 2", also=also)
    assert told == "passed"


def test_nothing_comes_by_its_path():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        codec = Wall(ours)._codec
        message = ["ok", [["@", -1]], [[-1, "os:system"]], *([[]] * 8)]
        with pytest.raises(WallError, match="told of that is none"):
            codec.decode(json.dumps(message).encode(), [])
