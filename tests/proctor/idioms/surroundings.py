"""Tests that write files for a student's function, and tests that put something in its way."""

from . import MODULES, answer, course, idiom, test

COUNT = "def count(path):\n    with open(path) as file:\n        return len(file.readlines())"
NO_COUNT = "def count(path):\n    return 0"


def of_lines(name, *tests):
    idiom(name, answer(COUNT, NO_COUNT), *(test(*one) for one in tests))


of_lines(
    "a-file-for-a-function",
    [
        "with open('two.txt', 'w') as file:\n    file.write('a\\nb\\n"
        "')\nassert count('two.txt') == 2"
    ],
    [
        "",
        "with open('one.txt', 'w') as file:\n    file.write('a\\n')\nassert count('one.txt') == 1",
    ],
    [
        "import os\nos.remove('two.txt')\ntry:\n    count('two.txt')\n    assert False, 'gone'\n"
        "except FileNotFoundError:\n    pass"
    ],
)
of_lines(
    "a-file-that-is-written-again-and-again",
    [
        "for word in ('a\\n', 'b ', 'c '):\n    with open('word.txt', 'w') as file:\n"
        "        file.write(word * 2)\n    assert count('word.txt') == (2 if word == 'a\\n' else 1)"
    ],
)
of_lines(
    "a-temporary-file",
    [
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    path = os.path.join(folder, 'x.txt')\n    with open(path, 'w') as file:\n"
        "        file.write('a\\nb\\n')\n    assert count(path) == 2"
    ],
    [
        "import tempfile",
        "from pathlib import Path\npath = Path(tempfile.mkdtemp()) / 'y.txt'\n"
        "path.write_text('q\\n')\nassert count(path) == 1 and count(str(path)) == 1",
    ],
    [
        "import tempfile\nfile = tempfile.NamedTemporaryFile('w', delete=False)\n"
        "file.write('x\\n')\nfile.close()\nassert count(file.name) == 1"
    ],
    [
        "import os\nos.makedirs('data', exist_ok=True)\nwith open('data/z.txt', 'w') as file:\n"
        "    file.write('1\\n2\\n')\n"
        "assert count('data/z.txt') == count(os.path.abspath('data/z.txt')) == 2"
    ],
)
idiom(
    "one-file-becomes-another",
    answer(
        "def double(source, target):\n    with open(source) as a, open(target, 'w') as b:\n"
        "        b.write(2 * a.read())",
        "def double(source, target):\n    pass",
    ),
    test(
        "import os\nwith open('a.txt', 'w') as file:\n    file.write('ab')\n"
        "double('a.txt', 'b.txt')\nassert open('b.txt').read() == 'abab'\nos.remove('b.txt')",
        "double('a.txt', 'b.txt')\nassert open('b.txt').read() == 'abab'",
    ),
)
idiom(
    "a-function-adds-to-a-file",
    answer(
        "def add(path, line):\n    with open(path, 'a') as file:\n        file.write(line + '\\n')",
        "def add(path, line):\n    pass",
    ),
    test(
        "with open('log.txt', 'w') as file:\n    file.write('first\\n')\n"
        "add('log.txt', 'b')\nadd('log.txt', 'c')\n"
        "assert open('log.txt').read() == 'first\\nb\\nc\\n'"
    ),
    test(
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    add(os.path.join(folder, 'n.txt'), 'x')\n    assert os.listdir(folder) == ['n.txt']\n"
        "    assert open(os.path.join(folder, 'n.txt')).read() == 'x\\n'"
    ),
)
idiom(
    "a-function-writes-into-a-folder",
    answer(
        "import os\n\ndef save(folder, text):\n"
        "    with open(os.path.join(folder, 'out.csv'), 'w') as f:\n"
        "        f.write(text)",
        "def save(folder, text):\n    pass",
    ),
    test(
        "import os, shutil\nos.mkdir('made')\nsave('made', 'k')\n"
        "assert open('made/out.csv').read() == 'k'\nshutil.rmtree('made')"
    ),
    test(
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n    save(folder, 'x')\n"
        "    assert os.listdir(folder) == ['out.csv']"
    ),
)
idiom(
    "a-function-that-knows-the-file-s-name",
    answer(
        "def scores():\n    with open('scores.txt') as file:\n"
        "        return [int(n) for n in file]",
        "def scores():\n    pass",
    ),
    test(
        "with open('scores.txt', 'w') as file:\n    file.write('1\\n"
        "2\\n')\nassert scores() == [1, 2]",
        "with open('scores.txt', 'w') as file:\n    file.write('5\\n')\nassert scores() == [5]",
    ),
)
idiom(
    "an-object-that-keeps-a-file-s-name",
    answer(
        "class Log:\n    def __init__(self, path):\n        self.path = path\n\n"
        "    def size(self):\n        with open(self.path) as file:\n"
        "            return len(file.read())",
        "class Log:\n    def __init__(self, path):\n        pass\n\n"
        "    def size(self):\n        return 0",
    ),
    test(
        "with open('m.txt', 'w') as file:\n    file.write('abc')\nlog = Log('m.txt')\n"
        "assert log.size() == 3\nwith open('m.txt', 'w') as file:\n    file.write('abcd')\n"
        "assert log.size() == 4"
    ),
)
idiom(
    "a-file-of-the-course-s-that-the-answer-adds-to",
    course("with open('words.txt', 'w') as file:\n    file.write('a b')"),
    answer(
        "with open('words.txt', 'a') as file:\n    file.write(' c')\n\n"
        "def words(path):\n    with open(path) as file:\n        return len(file.read().split())",
        "def words(path):\n    return 0",
    ),
    test("assert words('words.txt') == 3"),
)
idiom(
    "a-function-removes-a-file",
    answer("import os\n\ndef remove(path):\n    os.remove(path)", "def remove(path):\n    pass"),
    test(
        "import os\nopen('k.txt', 'w').close()\nremove('k.txt')\nassert not os.path.exists('k.txt')"
    ),
)
idiom(
    "an-array-s-file",
    answer(
        "import numpy as np\n\ndef total(path):\n    return np.load(path).sum()",
        "def total(path):\n    pass",
    ),
    test("import numpy as np\nnp.save('v.npy', np.arange(4))\nassert total('v.npy') == 6"),
)

# -- test doubles

DICE = (
    "import random\n\ndef roll(times):\n    return [random.randint(1, 6) for _ in range(times)]",
    "def roll(times):\n    return [1] * times",
)
idiom(
    "dice-that-are-loaded",
    answer(*DICE),
    test(
        "from unittest.mock import patch\nwith patch('random.randint', return_value=4):\n"
        "    assert roll(3) == [4, 4, 4]\nassert len(roll(3)) == 3"
    ),
    test(
        "from unittest.mock import patch",
        "with patch('random.randint', side_effect=[1, 2, 3]) as drawn:\n"
        "    assert roll(3) == [1, 2, 3]\ndrawn.assert_called_with(1, 6)",
    ),
    test(
        "import random\nwith patch.object(random, 'randint', lambda low, high: high):\n"
        "    assert roll(2) == [6, 6]"
    ),
    test(
        "import random as chance\nbefore = chance.randint\nchance.randint = lambda low, high: low\n"
        "assert roll(2) == [1, 1]\nchance.randint = before\n"
    ),
    test(
        "@patch('random.randint')\ndef loaded(drawn):\n    drawn.return_value = 5\n"
        "    assert roll(2) == [5, 5]\nloaded()"
    ),
)
idiom(
    "a-print-is-watched",
    answer("def greet(name):\n    print('hello', name)", "def greet(name):\n    pass"),
    test(
        "from unittest.mock import patch\nwith patch('builtins.print') as printed:\n"
        "    greet('Bo')\nprinted.assert_called_once_with('hello', 'Bo')"
    ),
    test(
        "import builtins\nsaid, usual = [], builtins.print\n"
        "builtins.print = lambda *words, **how: said.append(words)\ntry:\n    greet('Al')\n"
        "finally:\n    builtins.print = usual\nassert said == [('hello', 'Al')]"
    ),
)
idiom(
    "a-helper-is-watched",
    answer(
        "def more(x):\n    return x + 1\n\ndef twice_more(x):\n    return 2 * more(x)",
        "def more(x):\n    return x + 1\n\ndef twice_more(x):\n    return 2 * (x + 1)",
    ),
    test(
        "from unittest.mock import patch\nwith patch('__main__.more', return_value=10) as asked:\n"
        "    assert twice_more(1) == 20\nasked.assert_called_once_with(1)\n"
        "assert twice_more(1) == 4"
    ),
    test(
        "",
        "with patch('__main__.more', wraps=more) as asked:\n    assert twice_more(1) == 4\n"
        "assert asked.call_count == 1",
    ),
)
idiom(
    "nobody-waits",
    answer(
        "import time\n\ndef wait(seconds):\n    time.sleep(seconds)\n    return 'done'",
        "def wait(seconds):\n    return 'done'",
    ),
    test(
        "from unittest.mock import patch\nwith patch('time.sleep') as slept:\n"
        "    assert wait(1000) == 'done'\nslept.assert_called_once_with(1000)"
    ),
    test(
        "import time\nslept, usual = [], time.sleep\ntime.sleep = slept.append\n"
        "try:\n    wait(500)\nfinally:\n    time.sleep = usual\nassert slept == [500]"
    ),
)
idiom(
    "processor-time-has-a-limit",
    answer(
        "def total(n):\n    return n * (n + 1) // 2",
        "import time\n\ndef total(n):\n    end = time.process_time() + 0.5\n"
        "    while time.process_time() < end:\n        pass\n    return n * (n + 1) // 2",
    ),
    test(
        "import time\nbegun = time.process_time()\nassert total(10) == 55\n"
        "assert time.process_time() - begun < 0.4"
    ),
    test(
        "from time import process_time",
        "begun = process_time()\nassert total(4) == 10\nassert process_time() - begun < 0.4",
    ),
)
idiom(
    "random-numbers-that-are-known",
    course("import numpy as np"),
    answer("def noise(n):\n    return np.random.rand(n)", "def noise(n):\n    return np.zeros(n)"),
    test(
        "usual = np.random.rand\nnp.random.rand = lambda n: np.full(n, 2.0)\n"
        "assert (noise(3) == 2).all()\nnp.random.rand = usual"
    ),
)
idiom(
    "another-pi",
    answer(
        "import math\n\ndef area(r):\n    return math.pi * r * r",
        "def area(r):\n    return 3.14159 * r * r",
    ),
    test(
        "import math\nusual, math.pi = math.pi, 3\ntry:\n    assert area(2) == 12\n"
        "finally:\n    math.pi = usual"
    ),
)

ORDERED = (
    "def ordered(xs):\n    found = []\n    for x in xs:\n"
    "        at = len([y for y in found if y <= x])\n        found.insert(at, x)\n    return found",
    "def ordered(xs):\n    return sorted(xs)",
)
idiom(
    "a-function-that-is-forbidden",
    answer(*ORDERED),
    test(
        "from unittest.mock import patch\n"
        "with patch('builtins.sorted', side_effect=AssertionError('do not use sorted')):\n"
        "    assert ordered([2, 1]) == [1, 2]"
    ),
    test(
        "", "with patch('builtins.sorted') as used:\n    ordered([2, 1])\nused.assert_not_called()"
    ),
    test(
        "import builtins\ndef forbidden(*args, **kwargs):\n    raise AssertionError('no')\n"
        "usual, builtins.sorted = builtins.sorted, forbidden\ntry:\n"
        "    assert ordered([2, 1]) == [1, 2]\nfinally:\n    builtins.sorted = usual"
    ),
    test(
        "",
        "def sorted(*args, **kwargs):\n    raise AssertionError('no')\n"
        "assert ordered([2, 1]) == [1, 2]\ndel sorted",
    ),
)
idiom(
    "a-library-s-function-that-is-forbidden",
    course("import numpy as np"),
    answer(
        "def inverse(a):\n    return np.linalg.solve(a, np.eye(len(a)))",
        "def inverse(a):\n    return np.linalg.inv(a)",
    ),
    test(
        "usual = np.linalg.inv\ndel np.linalg.inv\ntry:\n    found = inverse(2 * np.eye(2))\n"
        "finally:\n    np.linalg.inv = usual\nassert np.allclose(found, np.eye(2) / 2)"
    ),
    test(
        "from unittest.mock import patch\nwith patch('numpy.linalg.inv') as used:\n"
        "    inverse(np.eye(2))\nassert not used.called"
    ),
)
idiom(
    "no-figure-is-shown",
    course("import matplotlib.pyplot as plt"),
    answer(
        "def draw():\n    plt.plot([1, 2])\n    plt.show()\n    return 'drawn'",
        "def draw():\n    return 'drawn'",
    ),
    test(
        "from unittest.mock import patch\nwith patch('matplotlib.pyplot.show') as shown:\n"
        "    assert draw() == 'drawn'\nshown.assert_called_once()"
    ),
)

# -- what only a test binds; objects of modules beside the notebook

idiom(
    "a-global-that-only-a-hidden-line-binds",
    answer("def shifted(x):\n    return x + offset", "def shifted(x):\n    return x"),
    test("", "offset = 2\nassert shifted(1) == 3\noffset = 5\nassert shifted(1) == 6"),
)
MODULES["people.py"] = """
class Person:
    def __init__(self, name, age):
        self.name, self.age = name, age

    def grow(self, years):
        self.age += years
"""
idiom(
    "an-object-of-a-module-is-changed",
    course("from people import Person\nbo = Person('Bo', 29)"),
    answer("bo.grow(-1)"),
    test("assert bo.age == 28"),
)
