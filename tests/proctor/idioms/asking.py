"""Tests that ask about names, functions and what a library made."""

from . import answer, course, idiom, test

RATE = (
    "rate = 0.25\n\ndef grow(x, by=rate, *, times=1):\n    '''Grow.'''\n"
    "    return x * (1 + by) ** times"
)
NO_RATE = "ratio = 0.25\n\ndef grow(x):\n    return x"


def of_rate(name, *tests):
    idiom(name, answer(RATE, NO_RATE), *(test(*one) for one in tests))


of_rate("a-name-is-there", ["assert 'rate' in globals()"])
of_rate("a-name-is-in-dir", ["", "assert 'rate' in dir() and 'grow' in dir()"])
of_rate("names-in-a-loop", ["for name in ['rate', 'grow']:\n    assert name in globals(), name"])
of_rate("a-name-is-evaluated", ["assert eval('rate') == 0.25"])
of_rate(
    "an-expression-is-evaluated",
    ["assert eval('grow(4, rate)') == 5", "x = eval('rate * 4')\nassert x == 1"],
)
of_rate(
    "a-value-by-its-name",
    ["assert globals()['rate'] == 0.25", "assert globals().get('rate') == 0.25"],
)
of_rate(
    "a-name-is-tried", ["try:\n    rate\nexcept NameError:\n    raise AssertionError('no rate')"]
)
of_rate("something-is-callable", ["assert callable(grow)", "assert grow(4) == 5"])
of_rate(
    "a-function-by-its-type",
    ["import types\nassert isinstance(grow, types.FunctionType)"],
    ["assert grow(4) == 5"],
)
of_rate(
    "a-function-by-inspect",
    ["import inspect\nassert inspect.isfunction(grow)"],
    ["assert grow(4) == 5"],
)
of_rate("a-function-s-type", ["assert type(grow).__name__ == 'function'"], ["assert grow(4) == 5"])
of_rate("a-function-s-defaults", ["assert grow.__defaults__ == (0.25,)"])
of_rate("a-function-s-keyword-defaults", ["assert grow.__kwdefaults__ == {'times': 1}"])
of_rate("a-function-s-name", ["assert grow.__name__ == 'grow'\nassert grow(4) == 5"])
of_rate("a-function-s-docstring", ["assert grow.__doc__ == 'Grow.'"])
of_rate(
    "a-function-s-parameters",
    ["import inspect\nassert list(inspect.signature(grow).parameters) == ['x', 'by', 'times']"],
)
of_rate(
    "a-parameter-s-default-and-kind",
    [
        "from inspect import signature",
        "p = signature(grow).parameters['times']\nassert p.default == 1",
    ],
)
of_rate(
    "parameters-that-are-counted-first",
    [
        "import inspect",
        "sig = inspect.signature(grow)\nassert len(sig.parameters) == 3, str(sig)\n"
        "assert sig.parameters['x'].default == inspect.Parameter.empty",
    ],
)
of_rate(
    "a-full-argument-list",
    ["import inspect\nassert inspect.getfullargspec(grow).args == ['x', 'by']"],
)
LOOP = "def total(xs):\n    s = 0\n    for x in xs:\n        s = s + x\n    return s"
NO_LOOP = "def total(xs):\n    return sum(xs)"


def of_source(name, *tests, right=LOOP, wrong=NO_LOOP):
    idiom(name, answer(right, wrong), *(test(*one) for one in tests))


of_source(
    "a-function-s-source",
    ["import inspect\ntext = inspect.getsource(total)\nassert 'for' in text and 'sum' not in text"],
    ["assert total([1, 2]) == 3", "assert '+' in inspect.getsource(total), 'add'"],
)
of_source(
    "a-source-is-parsed",
    [
        "import ast, inspect",
        "kinds = [type(n) for n in ast.walk(ast.parse(inspect.getsource(total)))]\n"
        "assert ast.For in kinds",
    ],
)
of_source(
    "a-source-behind-blank-lines-and-a-magic",
    ["from inspect import getsource\nassert getsource(total).startswith('def total(xs):')"],
    ["assert 'for' in getsource(total)"],
    right="\n\n%time 1\n\n" + LOOP,
    wrong="\n\n" + NO_LOOP.replace("xs", "n"),
)
of_source(
    "a-method-s-source",
    [
        "import inspect",
        "lines, first = inspect.getsourcelines(Box.__init__)\n"
        "assert any('super()' in line for line in lines)",
    ],
    ["assert 'self.n * 2' in inspect.getsource(Box(3).double)"],
    right="class Any:\n    def __init__(self):\n        self.n = 0\n\n"
    "class Box(Any):\n    def __init__(self, n):\n        super().__init__()\n"
    "        self.n = n\n\n"
    "    def double(self):\n        return self.n * 2",
    wrong="class Box:\n    def __init__(self, n):\n        self.n = n\n\n"
    "    def double(self):\n        return self.n + self.n",
)
of_source(
    "the-source-of-what-is-wrapped",
    ["import inspect\nassert 'return name' in inspect.getsource(hi)"],
    right="import functools\n\ndef same(f):\n    @functools.wraps(f)\n    def inner(*args):\n"
    "        return f(*args)\n    return inner\n\n@same\ndef hi(name):\n    return name",
    wrong="hi = str",
)
of_source(
    "a-function-s-variables",
    ["code = total.__code__\nassert code.co_varnames[:code.co_argcount] == ('xs',)"],
    ["assert 's' in total.__code__.co_varnames and 'sum' not in total.__code__.co_names"],
)
of_source(
    "a-generator-s-function",
    ["import inspect\nassert inspect.isgeneratorfunction(count)"],
    ["assert list(count()) == [1]"],
    right="def count():\n    yield 1",
    wrong="def count():\n    return iter([2])",
)
of_source(
    "a-source-that-nobody-has",
    ["import inspect\ntry:\n    inspect.getsource(f)\nexcept (OSError, TypeError):\n    pass"],
    ["assert f(2) == 3"],
    right="exec('def f(x):\\n    return x + 1')",
    wrong="f = 3",
)
idiom(
    "a-function-s-annotations",
    answer(
        "def f(n: int, s: str = '') -> list:\n    return [n, s]",
        "def f(n, s=''):\n    return [s, n]",
    ),
    test("assert f.__annotations__ == {'n': int, 's': str, 'return': list}"),
)
idiom(
    "a-function-is-wrapped",
    answer(
        "import functools\n\ndef loud(f):\n    @functools.wraps(f)\n    def inner(*args):\n"
        "        return f(*args).upper()\n    return inner\n\n@loud\ndef hi(name):\n"
        "    return 'hi ' + name",
        "def loud(f):\n    return lambda *args: ''\n\n@loud\ndef hi(name):\n"
        "    return 'hi ' + name",
    ),
    test("assert hi.__wrapped__('ada') == 'hi ada' and hi.__name__ == 'hi'"),
    test("assert hi('ada') == 'HI ADA'", "assert loud(lambda s: s)('x') == 'X'"),
)
idiom(
    "a-method-and-its-object",
    answer(
        "class C:\n    def m(self):\n        return 3\n\nc = C()",
        "class C:\n    def n(self):\n        return 2\n\nc = C()",
    ),
    test("assert c.m.__self__ is c and c.m() == 3"),
)
idiom(
    "a-lambda-is-a-function",
    answer("square = lambda x: x * x", "square = 9"),
    test("assert type(square).__name__ == 'function' and square(3) == 9"),
)
idiom(
    "a-generator-is-one",
    answer("def count():\n    yield 1\n    yield 2", "def count():\n    return [2, 1]"),
    test(
        "import types\nassert isinstance(count(), types.GeneratorType)",
        "assert list(count()) == [1, 2]",
    ),
)
idiom(
    "an-iterator-is-one",
    answer("evens = iter([2, 4])\nmore = map(str, [1, 2])", "evens = [2, 4]\nmore = [1, 2]"),
    test("assert next(evens) == 2 and next(evens) == 4\nassert list(more) == ['1', '2']"),
)
idiom(
    "a-module-was-imported",
    answer("import statistics as st", "st = 5"),
    test("import types\nassert 'st' in globals() and isinstance(st, types.ModuleType)"),
    test("assert st.mean([1, 2, 3]) == 2"),
)
idiom(
    "a-global-is-bound-in-a-call",
    answer(
        "count = 0\n\ndef step():\n    global count\n    count += 1\n    return count",
        "count = 0\n\ndef step():\n    return 0",
    ),
    test("step()\nassert count == 1\nstep()\nassert count == 2"),
)
idiom(
    "a-list-of-the-student-s-grows-in-calls",
    answer("log = []\n\ndef note(x):\n    log.append(x)", "log = []\n\ndef note(x):\n    return x"),
    test("note(1)\nnote(2)\nassert log == [1, 2]"),
)
idiom(
    "a-function-is-deleted",
    answer(
        "def part(n):\n    return n * n\n\ndef whole(n):\n"
        "    return sum(part(i) for i in range(n))",
        "def part(n):\n    return n * n\n\ndef whole(n):\n    return sum(i * i for i in range(n))",
    ),
    test("assert whole(3) == 5"),
    test(
        "",
        "old = part\ndel part\ntry:\n    whole(3)\nexcept NameError:\n    pass\nelse:\n"
        "    assert False, 'use part'\nfinally:\n    part = old",
    ),
)
idiom(
    "a-function-of-the-test-s-is-called",
    answer("def apply(f, xs):\n    return [f(x) for x in xs]", "def apply(f, xs):\n    return xs"),
    test(
        "calls = []\ndef spy(x):\n    calls.append(x)\n    return x + 1",
        "assert apply(spy, [1, 2]) == [2, 3] and calls == [1, 2]",
    ),
)
idiom(
    "a-test-imports-what-the-function-needs",
    answer("def root(x):\n    return math.sqrt(x)", "def root(x):\n    return x"),
    test("import math\nassert root(16) == 4"),
)
idiom(
    "a-course-s-object-is-told-to-change",
    course(
        "class Person:\n    def __init__(self, age):\n        self.age = age\n"
        "    def grow(self, n):\n        self.age += n\n\nada = Person(30)"
    ),
    answer("ada.grow(-1)", "ada.grow(1)"),
    test("assert ada.age == 29"),
)
idiom(
    "a-course-s-list-is-shuffled",
    course("import random\ncards = list(range(50))"),
    answer("random.shuffle(cards)", "cards[0] = 1"),
    test("assert cards != list(range(50)) and sorted(cards) == list(range(50))"),
)

# -- files

WRITES = "with open('notes.txt', 'w') as file:\n    file.write('one\\ntwo\\n')"
NO_WRITES = "with open('note.txt', 'w') as file:\n    file.write('one')"
idiom(
    "a-file-was-written",
    answer(WRITES, NO_WRITES),
    test("import os\nassert os.path.exists('notes.txt')"),
)
idiom(
    "a-file-is-read",
    answer(WRITES, NO_WRITES),
    test("with open('notes.txt') as file:\n    assert file.read().split() == ['one', 'two']"),
)
idiom(
    "a-file-by-its-path",
    answer(WRITES, NO_WRITES),
    test("from pathlib import Path", "assert Path('notes.txt').read_text().startswith('one')"),
)
idiom(
    "a-file-that-a-call-writes",
    answer(
        "def save(path, rows):\n    with open(path, 'w') as file:\n"
        "        file.write('\\n'.join(rows))",
        "def save(path, rows):\n    pass",
    ),
    course("save('rows.csv', ['a,b', '1,2'])"),
    test("assert open('rows.csv').read() == 'a,b\\n1,2'"),
)
idiom(
    "a-file-that-the-test-s-calls-write",
    answer(
        "def save(path, rows):\n    with open(path, 'w') as file:\n        file.writelines(rows)",
        "def save(path, rows):\n    with open(path, 'a') as file:\n        file.writelines(rows)",
    ),
    course("save('rows.csv', ['old'])"),
    test(
        "save('rows.csv', ['a', 'b'])\nwith open('rows.csv') as file:\n"
        "    assert file.read() == 'ab'"
    ),
    test(
        "from pathlib import Path",
        "for text in ['x', 'y', 'z']:\n    save('same.txt', [text])\n"
        "    assert Path('same.txt').read_text() == text\nassert not Path('other.txt').exists()",
    ),
)
idiom(
    "a-file-that-a-call-removes",
    answer(
        "import os\nopen('old.txt', 'w').close()\n\ndef tidy(path):\n    os.remove(path)",
        "import os\nopen('old.txt', 'w').close()\n\ndef tidy(path):\n    open(path, 'w').close()",
    ),
    test(
        "import os\nassert os.path.exists('old.txt')\ntidy('old.txt')\n"
        "assert not os.path.exists('old.txt')"
    ),
)
idiom(
    "a-table-is-read-from-a-file",
    course("import pandas as pd"),
    answer(
        "pd.DataFrame({'a': [1, 2]}).to_csv('table.csv', index=False)",
        "pd.DataFrame({'a': [1, 3]}).to_csv('table.csv', index=False)",
    ),
    test("assert pd.read_csv('table.csv').a.tolist() == [1, 2]"),
)

# -- what a library made

PLOT = (
    "def plot(xs, ys):\n    fig, ax = plt.subplots()\n    ax.plot(xs, ys)\n"
    "    ax.set_title('growth')\n"
    "    ax.set_xlabel('t')\n    return ax"
)
NO_PLOT = "def plot(xs, ys):\n    fig, ax = plt.subplots()\n    return fig"


def of_plot(name, *tests):
    setup = course("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt")
    idiom(name, setup, answer(PLOT, NO_PLOT), *(test(*one) for one in tests))


of_plot(
    "axes-by-their-class",
    ["import matplotlib.axes\nassert isinstance(plot([1], [2]), matplotlib.axes.Axes)"],
)
of_plot("axes-by-another-name", ["assert isinstance(plot([1], [2]), plt.Axes)"])
of_plot(
    "what-the-axes-say",
    ["ax = plot([1, 2], [3, 4])", "assert ax.get_title() == 'growth' and ax.get_xlabel() == 't'"],
)
of_plot(
    "a-line-s-data",
    ["line = plot([1, 2], [3, 4]).lines[0]\nassert list(line.get_ydata()) == [3, 4]"],
)
of_plot("lines-are-counted", ["assert len(plot([1, 2], [3, 4]).get_lines()) == 1"])
idiom(
    "a-date-of-the-answer-s",
    answer(
        "import datetime as dt\nday = dt.date(2026, 11, 29)",
        "import datetime as dt\nday = dt.date(2026, 11, 2)",
    ),
    test("assert isinstance(day, dt.date) and day.weekday() == 6"),
)
idiom(
    "an-array-by-its-class",
    course("import numpy as np"),
    answer("grid = np.eye(2)", "grid = [[1, 0], [0, 1]]"),
    test(
        "assert isinstance(grid, np.ndarray) and grid.shape == (2, 2)",
        "assert type(grid) == np.ndarray",
    ),
)
idiom(
    "a-table-by-its-class",
    course("import pandas as pd\ntable = pd.DataFrame({'id': [3, 4], 'name': ['ada', 'eve']})"),
    answer("def pick(t, i):\n    return t[t.id == i]", "def pick(t, i):\n    return t"),
    test("assert type(pick(table, 3)) is pd.DataFrame and len(pick(table, 3)) == 1"),
    test("", "pd.testing.assert_frame_equal(pick(table, 4), table[table.id == 4])"),
)
idiom(
    "a-series-equals",
    course("import pandas as pd"),
    answer("def doubled(s):\n    return s * 2", "def doubled(s):\n    return s"),
    test(
        "s = pd.Series([1, 2])\nassert doubled(s).equals(pd.Series([2, 4]))\n"
        "assert isinstance(doubled(s), pd.Series)"
    ),
)
idiom(
    "a-column-is-added",
    course("import pandas as pd\ntable = pd.DataFrame({'a': [1, 2]})"),
    answer("table['b'] = table.a * 2", "table['b'] = table.a"),
    test("assert list(table.columns) == ['a', 'b'] and table.b.sum() == 6"),
)
idiom(
    "types-of-values",
    answer(
        "def parts(n):\n    return [n, str(n), n / 2, None]",
        "def parts(n):\n    return [str(n), n, None, n]",
    ),
    test("assert [type(p).__name__ for p in parts(1)] == ['int', 'str', 'float', 'NoneType']"),
    test(
        "assert type(parts(1)) is list and type(parts(1)[0]) is int and "
        "isinstance(parts(1)[2], (int, float))"
    ),
)
idiom(
    "something-almost-equal",
    answer("def mean(xs):\n    return sum(xs) / len(xs)", "def mean(xs):\n    return sum(xs)"),
    test("assert abs(mean([1, 2]) - 1.5) < 1e-9\nassert round(mean([1, 2, 2]), 2) == 1.67"),
)
idiom(
    "an-error-is-expected",
    answer(
        "def half(n):\n    if n < 0:\n        raise ValueError('negative')\n    return n / 2",
        "def half(n):\n    return n / 2",
    ),
    test(
        "try:\n    half(-1)\nexcept ValueError as e:\n    assert 'negative' in str(e)\n"
        "else:\n    assert False"
    ),
)
idiom(
    "a-unit-test-s-assertions",
    answer("def even(n):\n    return n % 2 == 0", "def even(n):\n    return n"),
    test(
        "import unittest\nt = unittest.TestCase()\nt.assertIs(even(2), True)\n"
        "t.assertIsInstance(even(3), bool)"
    ),
)
idiom(
    "a-function-reads-what-the-test-binds-before-it-calls",
    answer("def area(w):\n    return w * height", "def area(w):\n    return w"),
    test("height = 3\nassert area(2) == 6\nheight = 4\nassert area(2) == 8"),
    test("height = 5\nassert area(1) == 5", "assert area(2) == 10"),
)

# -- a test that reads and writes in the place of a person

ASKS = "def ages():\n    return [int(input('age? ')) for _ in range(2)]"
ASKS_NOT = "def ages():\n    return [30, 40]"
PRINTS = "def hello(name):\n    print('Hello,', name)"
PRINTS_NOT = "def hello(name):\n    return 'Hello, ' + name"


def of_input(name, *tests):
    idiom(name, answer(ASKS, ASKS_NOT), *(test(*one) for one in tests))


def of_print(name, *tests):
    idiom(name, answer(PRINTS, PRINTS_NOT), *(test(*one) for one in tests))


of_input(
    "input-is-patched",
    ["from unittest.mock import patch"],
    ["with patch('builtins.input', side_effect=['3', '4']):\n    assert ages() == [3, 4]"],
    ["", "with patch('builtins.input', return_value='7') as asked:\n    assert ages() == [7, 7]\n"
     "assert asked.call_count == 2 and asked.call_args[0] == ('age? ',)"],
)  # fmt: skip
of_input(
    "input-is-replaced-and-put-back",
    [
        "import builtins\nlines, usual = iter(['5', '6']), builtins.input\n"
        "builtins.input = lambda prompt='': next(lines)\ntry:\n    assert ages() == [5, 6]\n"
        "finally:\n    builtins.input = usual"
    ],
    ["try:\n    got = ages()\nexcept (EOFError, OSError, RuntimeError):\n    got = None\n"
     "except Exception as e:\n    got = None\nassert got is None"],
)  # fmt: skip
of_input(
    "stdin-is-replaced",
    [
        "import io, sys\nusual, sys.stdin = sys.stdin, io.StringIO('8\\n9\\n')\ntry:\n"
        "    assert ages() == [8, 9]\nfinally:\n    sys.stdin = usual"
    ],
)
of_print(
    "what-is-printed-is-redirected",
    [
        "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\n"
        "with redirect_stdout(out):\n    hello('Ada')\nassert out.getvalue() == 'Hello, Ada\\n'"
    ],
    ["", "hello('Bo')\nwith redirect_stdout(io.StringIO()) as out:\n    hello('Ed')\n"
     "    print('mine')\n    hello('Flo')\nhello('Jo')\n"
     "assert out.getvalue().split() == ['Hello,', 'Ed', 'mine', 'Hello,', 'Flo']"],
)  # fmt: skip
of_print(
    "stdout-is-replaced",
    [
        "import io, sys\nusual, sys.stdout = sys.stdout, io.StringIO()\nhello('Ada')\n"
        "said, sys.stdout = sys.stdout.getvalue(), usual\nassert said.strip() == 'Hello, Ada'"
    ],
)
of_print(
    "what-is-printed-is-captured",
    [
        "from IPython.utils.capture import capture_output\nwith capture_output() as out:\n"
        "    hello('Ada')\nassert out.stdout == 'Hello, Ada\\n'"
    ],
    ["%%capture out\nhello('Bo')"],
    ["assert out.stdout == 'Hello, Bo\\n'"],
)

# -- a test that asks for the text of the answer

idiom(
    "the-text-of-the-cell-before",
    course("teeth = [1, 2]"),
    answer("pair = (teeth,) * 2", "pair = (teeth, teeth)"),
    test(
        "lines = get_ipython().user_ns['In'][-2].strip().splitlines()\n"
        "code = [line for line in lines if line and not line.startswith('#')][-2:]\n"
        "assert pair == ([1, 2], [1, 2]) and '*' in ''.join(code)"
    ),
    test("", "assert pair[0] is pair[1]\nassert '* 2' in In[-3] and 'pair' in _ih[2]"),
    answer("n = len(pair)", "n = 2"),
    test("assert 'len' in In[-2]", "assert n == 2"),
)

# -- a module that the answer writes


def of_module(name, *tests, path="bakery.py", before=""):
    """An answer that writes a module of a ``price``, a function ``cost`` and a class ``Loaf``."""
    text = (
        "price = 3\\n\\ndef cost(loaves):\\n    return price * loaves\\n\\nclass Loaf:\\n"
        "    def __init__(self, kind):\\n        self.kind = kind\\n"
    )
    wrong = text.replace("3", "4").replace("self.kind = kind", "self.sort = kind")
    write = f"{before}with open({path!r}, 'w') as file:\n    file.write('{{}}')"
    right, wrong = write.format(text), write.format(wrong.replace("cost", "costs"))
    idiom(name, answer(right, wrong), *(test(*one) for one in tests))


of_module(
    "a-module-of-the-answer-s",
    ["import bakery\nassert bakery.price == 3 and bakery.cost(2) == 6"],
    ["import bakery as b", "assert b.Loaf('rye').kind == 'rye'\nassert hasattr(b, 'cost')"],
    ["try:\n    import bakeries\nexcept ImportError:\n    bakeries = None\n"
     "import bakery\nassert bakeries is None and bakery.price < 4"],
)  # fmt: skip
of_module(
    "names-of-a-module-of-the-answer-s",
    ["from bakery import Loaf, cost\nassert cost(loaves=3) == 9\nassert Loaf('rye').kind == 'rye'"],
    ["from bakery import *\nassert price == 3 and cost(1) == 3"],
    ["", "from bakery import cost as how_much\nassert how_much(10) == 30"],
    ["import bakery\nbakery.price = 5\nassert bakery.cost(2) == 10\nbakery.price = 3"],
)
of_module(
    "a-module-in-a-folder",
    ["import shop.bakery\nassert shop.bakery.cost(2) == 6"],
    ["from shop import bakery\nassert bakery.price == 3"],
    ["from shop.bakery import Loaf\nassert Loaf('rye').kind == 'rye'"],
    path="shop/bakery.py",
    before="import os\nos.makedirs('shop', exist_ok=True)\n",
)

# -- what a test sets around its calls

DICE = "import random\n\ndef roll(n):\n    return [random.randint(1, 6) for _ in range(n)]"
NO_DICE = "import random\n\ndef roll(n):\n    return [random.randint(1, 7) for _ in range(n)]"


def of_dice(name, *tests):
    idiom(name, answer(DICE, NO_DICE), *(test(*one) for one in tests))


of_dice(
    "random-numbers-of-a-seed",
    ["import random\nrandom.seed(1)\nassert roll(4) == [2, 5, 1, 3]"],
    ["random.seed(7)\na = roll(20)\nb = roll(20)\nrandom.seed(7)\n"
     "assert a != b and a == roll(20) and max(a + b) <= 6"],
    ["random.seed(3)\nx = random.random()\ny = roll(5)\n"
     "random.seed(3)\nassert x == random.random() and y == roll(5)"],
    ["state = random.getstate()\na = roll(9)\nrandom.setstate(state)\nassert roll(9) == a"],
)  # fmt: skip
idiom(
    "numpys-random-numbers-of-a-seed",
    course("import numpy as np"),
    answer("def noise(n):\n    return np.random.normal(size=n)",
           "def noise(n):\n    return np.random.uniform(size=n)"),
    test("np.random.seed(0)\nassert np.allclose(noise(2), [1.76405235, 0.40015721])"),
    test("", "np.random.seed(5)\nx = np.random.rand(3)\ngot = noise(4)\n"
         "np.random.seed(5)\nnp.random.rand(3)\nassert np.array_equal(got, noise(4))\n"
         "assert (np.random.seed(5), noise(1)[0])[1] == 0.44122748688504143"),
)  # fmt: skip
SIGMOID = (
    "import numpy as np\nimport warnings\n\ndef sigmoid(x):\n"
    "    return np.exp(-np.logaddexp(0, -x))\n\n"
    "def old(x):\n    warnings.warn('use sigmoid', DeprecationWarning, 2)\n    return sigmoid(x)"
)
NO_SIGMOID = (
    "import numpy as np\n\ndef sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n\n"
    "def old(x):\n    return sigmoid(x)"
)


def of_sigmoid(name, *tests):
    idiom(name, answer(SIGMOID, NO_SIGMOID), *(test(*one) for one in tests))


FAR = "np.array([-1000.0, 0.0, 1000.0])"
of_sigmoid(
    "no-overflow",
    [f"import numpy as np\nwith np.errstate(all='raise', under='ignore'):\n    sigmoid({FAR})"],
    ["", f"usual = np.seterr(over='raise')\ntry:\n    y = sigmoid({FAR})\n"
     "finally:\n    np.seterr(**usual)\nassert y[1] == 0.5"],
)  # fmt: skip
of_sigmoid(
    "no-warning",
    [
        "import numpy as np\nimport warnings\nwith warnings.catch_warnings():\n"
        f"    warnings.simplefilter('error')\n    y = sigmoid({FAR})\nassert y[1] == 0.5"
    ],
    [
        "with warnings.catch_warnings(record=True) as caught:\n"
        f"    warnings.simplefilter('always')\n    sigmoid({FAR})\nassert not caught"
    ],
)
of_sigmoid(
    "a-warning-is-recorded",
    [
        "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n    assert old(0.0) == 0.5\n    old(0.0)\n"
        "assert [str(w.message) for w in caught] == ['use sigmoid'] * 2\n"
        "assert caught[0].category is DeprecationWarning"
    ],
    [
        "import pytest\nwith pytest.warns(DeprecationWarning, match='use'):\n"
        "    assert old(0.0) == 0.5"
    ],
    [
        "import unittest\ncase = unittest.TestCase()\n"
        "with case.assertWarns(DeprecationWarning) as context:\n    old(0.0)\n"
        "assert 'sigmoid' in str(context.warning)"
    ],
)

idiom(
    "a-function-for-groups",
    course("import pandas as pd"),
    answer(
        "def spread(xs):\n    return xs.max() - xs.min()", "def spread(xs):\n    return xs.max()"
    ),
    test(
        "d = pd.DataFrame({'g': ['a', 'a', 'b'], 'v': [1, 4, 2]})\n"
        "assert d.groupby('g').v.agg(spread).tolist() == [3, 0]"
    ),
    test("", "assert d.groupby('g').agg({'v': spread}).v.tolist() == [3, 0]"),
    test("", "assert d.groupby('g').agg(r=('v', spread)).r.tolist() == [3, 0]"),
)

# -- a test's functions in a student's

idiom(
    "a-decorator-keeps-the-name",
    answer(
        "import functools, inspect\n\ndef logged(f):\n    @functools.wraps(f)\n"
        "    def inner(*args):\n        calls.append(f.__name__)\n        return f(*args)\n"
        "    return inner\n\ncalls, table = [], {}\n\ndef register(f):\n"
        "    table[f.__name__] = f\n    return f\n\n"
        "def arity(f):\n    return len(inspect.signature(f).parameters)",
        "def logged(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n\n"
        "calls, table = [], {}\ndef register(f):\n    return f\ndef arity(f):\n    return 1",
    ),
    test(
        "@logged\ndef twice(x, k=2):\n    'Twice.'\n    return x * k\n"
        "assert twice(4) == 8 and twice.__name__ == 'twice' and twice.__doc__ == 'Twice.'"
    ),
    test("assert calls == ['twice']"),
    test("@register\ndef area(r):\n    return 3 * r\nassert table['area'](2) == 6"),
    test("assert arity(lambda a, b, *c: a) == 3", "assert arity(twice) == 2"),
    test("import math\nassert logged(math.gcd).__name__ == 'gcd'"),
)
idiom(
    "a-helper-of-the-course-s-sets-what-warns",
    course(
        "import numpy as np\nimport warnings\n\ndef quietly(f, *given):\n"
        "    with warnings.catch_warnings():\n        warnings.simplefilter('error')\n"
        "        return f(*given)\n\ndef strictly(f, *given):\n"
        "    with np.errstate(all='raise'):\n        return f(*given)\n\n"
        "def both(f, *given):\n    return quietly(f, *given), strictly(f, *given)"
    ),
    answer(
        "def inverse(x):\n    return np.float64(1) / x if x else 0.0",
        "def inverse(x):\n    y = np.float64(1) / x\n    return y if x else 0.0",
    ),
    test("assert quietly(inverse, 2) == 0.5", "assert quietly(inverse, 0) == 0"),
    test("", "assert strictly(inverse, 0) == 0"),
    test("", "assert both(inverse, 0) == (0, 0)"),
    test("assert inverse(4) == 0.25"),
)
idiom(
    "a-helper-of-the-course-s-seeds-and-reads",
    course(
        "import random\n\ndef afresh():\n    random.seed(5)\n\ndef content(path):\n"
        "    with open(path) as file:\n        return file.read()"
    ),
    answer(
        "def roll():\n    return random.randint(1, 6)\n\ndef save(path, text):\n"
        "    with open(path, 'w') as file:\n        file.write(text)",
        "def roll():\n    return 6\n\ndef save(path, text):\n"
        "    with open(path, 'w') as file:\n        file.write(text + '.')",
    ),
    test("afresh()\na = [roll() for _ in 'abcd']\nafresh()\nassert a == [roll() for _ in 'abcd']"),
    test("", "afresh()\nwant = [random.randint(1, 6) for _ in range(5)]\nafresh()\n"
         "assert [roll() for _ in range(5)] == want"),
    test("save('x.txt', 'abc')\nassert content('x.txt') == 'abc'"),
)  # fmt: skip
idiom(
    "no-file-is-left",
    course("import os"),
    answer(
        "def work():\n    open('job.cfg', 'w').close()\n    os.remove('job.cfg')\n    return 1",
        "def work():\n    open('job.cfg', 'w').close()\n    return 1",
    ),
    test("", "assert work() == 1 and not os.path.exists('job.cfg')"),
    test("assert work() == 1"),
)

# -- functions of the test that make arrays

PIPELINE = "def pipeline(functions, x):\n    for f in functions:\n        x = f(x)\n    return x"

idiom(
    "what-a-function-makes-is-passed-on",
    answer(PIPELINE, "def pipeline(functions, x):\n    return functions[-1](x)"),
    test(
        "",
        "import numpy as np\n\nhalve = lambda x: x / 2\n"
        "y = pipeline([halve, np.sqrt, halve], np.array([8.0, 18.0]))\n"
        "assert y.tolist() == [1.0, 1.5]",
    ),
    test("assert pipeline([], 3) == 3 and pipeline([abs, str], -3) == '3'"),
)
idiom(
    "what-functions-make-comes-back-together",
    answer(
        "def outputs(layers, x):\n    kept = []\n    for layer in layers:\n        x = layer(x)\n"
        "        kept.append(x)\n    return kept",
        "def outputs(layers, x):\n    return [layer(x) for layer in layers]",
    ),
    test(
        "",
        "import numpy as np\n\nspread, turn = lambda x: x @ np.ones((2, 3)), lambda x: x[::-1]\n"
        "layers = [spread, turn, np.cumsum]\nkept = outputs(layers, np.array([1.0, 2.0]))\n"
        "assert [k.tolist() for k in kept] == [[3, 3, 3], [3, 3, 3], [3, 6, 9]]",
    ),
)

# -- names that are computed, classes by what is said of them

idiom(
    "names-that-are-computed",
    course("def name_of(n):\n    return f'answer_{n}'"),
    answer("answer_1 = 4\nanswer_2 = [5]\nhuge = 6", "answer_1 = 4\nother = [5]\nhuge = 7"),
    test("assert all(name_of(n) in globals() for n in (1, 2))"),
    test("", "assert name_of(2) in globals().keys() and name_of(3) not in globals()"),
    test("assert [eval(f'answer_{n}') for n in (1, 2)] == [4, [5]]"),
)
idiom(
    "built-ins-that-are-computed",
    answer("total = 3\ndef count(x):\n    return len(x)", "def len(x):\n    return 3\ntotal = 0"),
    test("assert 'total' in globals()\nassert len([1, 2, 3]) == total"),
    test("", "for name in ['count']:\n    assert globals()[name]([4]) == 1"),
)
idiom(
    "a-class-by-its-text",
    answer(
        "class Box:\n    def __init__(self, a):\n        self.a = a",
        "class Bag:\n    def __init__(self, a):\n        self.a = a\n\nBox = Bag",
    ),
    test("b = Box(2)\nassert str(type(b)) == \"<class '__main__.Box'>\" and b.a == 2"),
    test("", "assert f'{type(Box(3))}'.endswith(\".Box'>\") and 'Box' in repr(Box)"),
)
idiom(
    "objects-in-a-list-that-is-filled",
    answer(
        "class Day:\n    def __init__(self, d, m):\n        self.d, self.m = d, m\n\n"
        "    def __str__(self):\n        return f'{self.d}.{self.m}.'\n\n"
        "def days(text):\n    found = []\n    for part in text.split():\n"
        "        found.append(Day(*part.split('/')))\n    return found\n\n"
        "def by_name(text):\n    found = {}\n    for day in days(text):\n"
        "        found[day.d] = day\n    return found",
        "class Day:\n    def __init__(self, d, m):\n        self.d, self.m = d, m\n\n"
        "    def __str__(self):\n        return self.d\n\n"
        "def days(text):\n    return [Day(*part.split('/')) for part in text.split()]\n\n"
        "def by_name(text):\n    return {}",
    ),
    test("assert [str(day) for day in days('1/2 3/4')] == ['1.2.', '3.4.']"),
    test("", "assert str(by_name('5/6')['5']) == '5.6.'"),
)
idiom(
    "objects-in-a-list-of-an-object",
    answer(
        "class Card:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __lt__(self, other):\n        return self.n < other.n\n\n"
        "class Deck:\n    def __init__(self):\n        self.cards = []\n"
        "        for n in (3, 1, 2):\n            card = Card(n)\n"
        "            self.cards.append(card)",
        "class Card:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __lt__(self, other):\n        return True\n\n"
        "class Deck:\n    cards = []",
    ),
    test("cards = Deck().cards\nassert [c.n for c in sorted(cards)] == [1, 2, 3]"),
    test("", "assert Card(1) < Card(2) and not Card(2) < Card(1)"),
)
idiom(
    "a-module-asks-for-classes",
    course("from market import Basket, Fruit, kinds"),
    answer(
        "bought = Basket()\nbought.add(Fruit('fig', 2))\nbought.add(Fruit('nut', 1))",
        "bought = Basket()\nbought.add('fig')\nbought.add('nut')",
    ),
    test("assert kinds(bought) == [Fruit, Fruit]"),
    test("", "assert Fruit in kinds(bought) and len(bought.content) == 2"),
)
idiom(
    "a-file-in-memory",
    course("import io"),
    answer(
        "def count(file):\n    return sum(len(line.split()) for line in file.readlines())\n\n"
        "def report(file, n):\n    print('words:', n, file=file)",
        "def count(file):\n    return len(file.readlines())\n\ndef report(file, n):\n    print(n)",
    ),
    test("assert count(io.StringIO('a b\\nc')) == 3"),
    test("", "out = io.StringIO()\nreport(out, 3)\nassert out.getvalue() == 'words: 3\\n'"),
    test("text = io.StringIO('a b\\nc')\nassert text.readline() == 'a b\\n' and count(text) == 1"),
)
idiom(
    "what-a-function-of-the-test-raises",
    answer(
        "def tried(f):\n    try:\n        return f()\n    except KeyError as e:\n"
        "        return e.args[0]\n    except OSError as e:\n        return e.errno",
        "def tried(f):\n    try:\n        return f()\n    except Exception as e:\n"
        "        return str(e)",
    ),
    test("assert tried(lambda: {}['k']) == 'k'"),
    test("", "assert tried(lambda: open('no such file')) == 2"),
)
idiom(
    "a-function-has-a-docstring",
    answer("def f(x):\n    '''Twice.'''\n    return 2 * x", "def f(x):\n    return 2 * x"),
    test("assert f.__doc__ is not None"),
    test("", "assert f(2) == 4"),
)
idiom(
    "columns-and-then-rows",
    answer(
        "def fine(line):\n    return sorted(line.tolist()) == [1, 2, 3]",
        "def fine(line):\n    return True",
    ),
    test(
        "import numpy as np\nsquare = np.array([[1, 2, 3], [2, 3, 1], [3, 1, 2]])\n"
        "assert all(fine(square[:, j]) for j in range(3))\n"
        "assert all(fine(square[i]) for i in range(3))",
    ),
    test("", "assert not fine(np.diag(square)[:2]) and fine(square[1])"),
)
idiom(
    "long-numbers",
    answer(
        "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\n\n"
        "def power(n):\n    return 2**n",
        "def factorial(n):\n    return n\n\ndef power(n):\n    return n",
    ),
    test("import math\nassert factorial(900) == math.factorial(900)"),
    test("", "assert power(10**5) == 1 << 10**5 and power(3 * 10**5).bit_length() == 300001"),
)
idiom(
    "a-function-is-replaced-for-a-while",
    answer(
        "def f(v):\n    return v + 1\n\ndef g(v):\n    return f(v) * 2",
        "def f(v):\n    return v\n\ndef g(v):\n    return f(v)",
    ),
    test(
        "old, seen = f, []\n\ndef f(v):\n    seen.append(v)\n    return old(v)\n\n"
        "assert f(3) == 4 and seen == [3]\nf = old"
    ),
    test("assert f(3) == 4", "assert g(1) == 4"),
)


idiom(
    "a-library-s-function-is-passed",
    course("import math\nimport numpy as np"),
    answer(
        "def is_sine(f):\n    return f is math.sin or f is np.sin\n\ndef same(f):\n    return f\n\n"
        "def mean(f, xs):\n    return sum(f(x) for x in xs) / len(xs)",
        "def is_sine(f):\n    return False\n\ndef mean(f, xs):\n    return 0\n\n"
        "def same(f):\n    return min",
    ),
    test("assert is_sine(math.sin)", "assert is_sine(np.sin) and not is_sine(np.cos)"),
    test("assert mean(abs, [-1, 3]) == 2 and mean(np.sqrt, [4, 16]) == 3"),
    test("", "assert same(math.sin) is math.sin and same(np.add) == np.add and same(max) is max"),
    test("from fractions import Fraction", "assert mean(Fraction, [1, 2]) == Fraction(3, 2)"),
    test("assert mean(len, ['a', 'bcd']) == 2 and mean(lambda x: 2 * x, [1, 2]) == 3"),
)
