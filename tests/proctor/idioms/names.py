"""Names that course cells, answers and tests share."""

from . import answer, course, idiom, test

# -- the course binds a name, the answer changes what it stands for

idiom(
    "an-item-is-added",
    course("ages = {}"),
    answer('ages["ada"] = 36', 'ages["ada"] = 63'),
    test('assert ages["ada"] == 36'),
)
idiom(
    "a-list-grows",
    course("squares = []"),
    answer("for n in range(4):\n    squares.append(n * n)", "squares.append(3)"),
    test("", "assert squares == [0, 1, 4, 9]"),
)
idiom(
    "a-list-is-sorted-in-place",
    course("words = ['pear', 'fig', 'apple']"),
    answer("words.sort(key=len)", "words.sort()"),
    test("assert words[0] == 'fig'\nassert words[-1] == 'apple'"),
)
idiom(
    "an-array-is-filled",
    course("import numpy as np\nboard = np.zeros((3, 3))"),
    answer("board[1, :] = 7", "board[:, 1] = 7"),
    test("assert board.sum() == 21 and (board[1] == 7).all()"),
)
idiom(
    "a-number-is-counted-up",
    course("total = 0\nvalues = [3, 4, 5]"),
    answer("for v in values:\n    total += v", "for v in values:\n    total = v"),
    test("", "assert total == 12"),
)
idiom(
    "a-default-is-replaced",
    course("rate = None"),
    answer("rate = 0.25", "rate = 25"),
    test("assert rate is not None", "assert abs(rate - 0.25) < 1e-12"),
)
idiom(
    "an-attribute-is-set",
    course("class Box:\n    pass\n\nbox = Box()\nbox.size = 1"),
    answer("box.size = 5", "box.size = 4"),
    test("assert box.size == 5"),
)
idiom(
    "a-nested-item-is-set",
    course("tree = {'left': {'left': None}, 'right': None}"),
    answer("tree['left']['left'] = 3", "tree['left']['right'] = 3"),
    test("assert tree['left']['left'] == 3"),
)
idiom(
    "an-item-is-deleted",
    course("stock = {'pen': 1, 'ink': 0}"),
    answer("del stock['ink']", "del stock['pen']"),
    test("assert list(stock) == ['pen']"),
)
idiom(
    "two-names-are-swapped",
    course("a, b = 1, 2"),
    answer("a, b = b, a", "a = b"),
    test("assert (a, b) == (2, 1)"),
)
idiom(
    "a-function-of-the-lecture-s-is-written-again",
    course("def area(w, h):\n    return w + h  # as the lecture had it, wrongly"),
    answer("def area(w, h):\n    return w * h", "def area(w, h):\n    return w"),
    test("", "assert area(3, 4) == 12"),
)
idiom(
    "a-class-is-written-again",
    course("class Point:\n    def __init__(self, x):\n        self.x = x"),
    answer(
        "class Point:\n    def __init__(self, x):\n        self.x = x\n"
        "    def moved(self, by):\n        return Point(self.x + by)",
        "class Point:\n    def __init__(self, x):\n        self.x = x\n"
        "    def moved(self, by):\n        return Point(by)",
    ),
    test("assert Point(2).moved(3).x == 5"),
)
idiom(
    "the-answer-uses-a-course-s-function",
    course("def double(n):\n    return 2 * n\n\nstart = 5"),
    answer("result = double(start) + 1", "result = double(start)"),
    test("assert result == 11"),
)
idiom(
    "a-function-changes-a-global",
    course("seen = []\ncount = 0"),
    answer(
        "def visit(n):\n    global count\n    count += 1\n    seen.append(n)\n\nvisit(3)\nvisit(4)",
        "def visit(n):\n    seen.append(n)\n\nvisit(4)",
    ),
    test("assert count == 2", "assert seen == [3, 4]"),
)
idiom(
    "a-later-course-cell-uses-what-the-answer-changed",
    course("prices = {'tea': 2}"),
    answer("prices['cake'] = 3", "prices['cake'] = 4"),
    course("bill = sum(prices.values())"),
    test("assert bill == 5"),
)
idiom(
    "a-later-course-cell-binds-the-name-again",
    course("data = [1, 2]"),
    answer("data.append(3)", "data.append(4)"),
    course("data = [9]"),
    test("assert data == [9]"),
)
idiom(
    "the-course-s-function-reads-what-the-answer-changed",
    course("book = {}\ndef lookup(name):\n    return book.get(name, 'nobody')"),
    answer("book['ada'] = 'x36'", "book['eve'] = 'x36'"),
    test("assert lookup('ada') == 'x36'\nassert lookup('bob') == 'nobody'"),
)
idiom(
    "a-course-cell-calls-the-answer",
    answer("def twice(n):\n    return 2 * n", "def twice(n):\n    return n"),
    course("shown = 1\nshown = twice(21)"),
    test("assert shown == 42"),
)
idiom(
    "a-default-until-it-is-written",
    course("best = 0"),
    answer("def better(n):\n    return n + 1", "def better(n):\n    return n"),
    course("for n in range(3):\n    best = better(n)"),
    test("assert best == 3"),
)
idiom(
    "three-answers-one-after-the-other",
    course("log = []"),
    answer("log.append('a')", "log.append('x')"),
    test("assert log == ['a']"),
    answer("log.append('b')", "log.append('y')"),
    test("assert log == ['a', 'b']"),
    answer("log = log[::-1]", "pass"),
    test("assert log == ['b', 'a']"),
)
idiom(
    "a-set-and-a-counter-change",
    course("from collections import Counter\nletters, times = set(), Counter()"),
    answer("letters |= {'a', 'b'}\ntimes.update('aab')", "letters.add('a')\ntimes.update('ab')"),
    test("assert letters == {'a', 'b'}", "assert times['a'] == 2"),
)

# -- a test binds a name that a later answer or cell uses

idiom(
    "a-visible-test-makes-data",
    answer("def read():\n    return [3, 1, 2]", "def read():\n    return [3, 1]"),
    test("data = read()\nassert len(data) == 3"),
    answer("largest = max(data)", "largest = min(data)"),
    test("assert largest == 3"),
)
idiom(
    "a-test-imports",
    answer("x = 4", "x = 5"),
    test("import math\nassert math.sqrt(x) == 2"),
    answer("root = math.sqrt(16)", "root = math.sqrt(25)"),
    test("assert root == 4"),
)
idiom(
    "a-test-imports-by-another-name",
    answer("n = 3", "n = 2"),
    test("import numpy as np\nassert np.arange(n).sum() == 3"),
    answer("mean = np.mean([1, 2, 3])", "mean = np.mean([1, 2])"),
    test("assert mean == 2"),
)
idiom(
    "a-test-defines-a-helper",
    answer("def f(n):\n    return n + 1", "def f(n):\n    return n"),
    test("def check(value):\n    return value == 2\n\nassert check(f(1))"),
    answer("fine = check(2)", "fine = check(3)"),
    test("assert fine"),
)
idiom(
    "a-test-s-name-is-the-student-s-later",
    answer("def f(n):\n    return n * 2", "def f(n):\n    return n"),
    test("result = f(2)\nassert result == 4"),
    answer("result = f(5) + 1", "result = f(5)"),
    test("assert result == 11"),
)
idiom(
    "a-hidden-line-s-name-is-the-student-s-later",
    answer("def f(n):\n    return n * 2", "def f(n):\n    return n"),
    test("", "t = f(2)\nassert t == 4"),
    answer("t = 7", "t = 6"),
    test("assert t == 7"),
)
idiom(
    "a-test-s-array-is-changed-later",
    course("import numpy as np"),
    answer("def ramp(n):\n    return np.arange(n)", "def ramp(n):\n    return np.ones(n)"),
    test("grid = ramp(4)\nassert grid[-1] == 3"),
    answer("grid[0] = 10", "grid[1] = 10"),
    test("assert grid.tolist() == [10, 1, 2, 3]"),
)
idiom(
    "a-loop-s-variable-stays",
    answer("def f(n):\n    return n", "def f(n):\n    return -n"),
    test("for k in range(3):\n    assert f(k) == k"),
    answer("last = k", "last = 0"),
    test("assert last == 2"),
)
idiom(
    "a-test-uses-an-earlier-test-s-name",
    answer("def f(n):\n    return n", "def f(n):\n    return -n"),
    test("sample = [1, 2]\nassert f(sample[0]) == 1"),
    test("assert f(sample[1]) == 2"),
)

# -- an object changes in a later call what it was given

SHELF = """class Shelf:
    def __init__(self, items=()):
        self.items = items

    def put(self, items):
        self.items = items
        return self

    def halve(self):
        for i in range(len(self.items)):
            self.items[i] /= 2"""
NO_SHELF = SHELF.replace("self.items[i] /= 2", "self.items[0]")


def of_shelf(name, *tests, after=""):
    idiom(name, answer(SHELF + after, NO_SHELF + after), *(test(*one) for one in tests))


of_shelf(
    "an-object-changes-what-it-was-made-of",
    ["s = Shelf([4, 2])\nassert s.items == [4, 2]\ns.halve()\nassert s.items == [2, 1]"],
    ["mine = [8]\ns = Shelf(mine)", "s.halve()\nassert mine == [4] and s.items == [4]"],
)
of_shelf(
    "an-object-changes-what-a-method-was-given",
    ["mine, s = [6.0], Shelf()\ns.put(mine)\ns.halve()\nassert mine == [3]"],
    ["mine = [8]", "s.put(mine).halve()\ns.halve()\nassert mine == [2]"],
)
of_shelf(
    "an-object-of-a-cell-changes-what-it-was-given",
    ["import numpy as np\nx = np.full(3, 8.0)\nshelf.put(x)\nshelf.halve()\nassert x.max() == 4"],
    ["", "halve = shelf.halve\nhalve()\nassert x.tolist() == [2, 2, 2] and shelf.items is x"],
    after="\n\nshelf = Shelf()",
)
of_shelf(
    "what-an-object-was-given-is-changed-by-the-test",
    ["mine = [4]\ns = Shelf(mine)\nmine.append(6)\ns.halve()\nassert mine == [2, 3]"],
)
idiom(
    "a-closure-writes-to-what-it-was-made-with",
    answer(
        "def writer(log):\n    def note(text):\n        log.append(text)\n    return note",
        "def writer(log):\n    def note(text):\n        return text\n    return note",
    ),
    test("log = []\nnote = writer(log)\nnote('a')\nnote('b')\nassert log == ['a', 'b']"),
)
idiom(
    "a-generator-takes-from-what-it-was-given",
    answer(
        "def taken(items):\n    while items:\n        yield items.pop()",
        "def taken(items):\n    yield from reversed(items)",
    ),
    test("items = [1, 2, 3]\nsteps = taken(items)\nassert next(steps) == 3 and items == [1, 2]"),
)

# -- what an answer imports and a test uses

idiom(
    "the-answer-imports",
    answer("import math\nside = math.hypot(3, 4)", "import math\nside = 4.0"),
    test("assert math.isclose(side, 5)"),
)
idiom(
    "the-answer-imports-from",
    answer("from math import isclose, pi\ntau = 2 * pi", "from math import isclose, pi\ntau = pi"),
    test("", "assert isclose(tau, 2 * pi)"),
)

# -- hidden lines bind anew what an answer takes from elsewhere

idiom(
    "a-hidden-line-binds-anew-what-the-answer-reads",
    course("import numpy as np"),
    answer("def stretched(v):\n    return M @ v", "def stretched(v):\n    return 2 * v"),
    test(
        "M = np.array([[2, 0], [0, 3]])\nassert stretched(np.array([1, 1])).tolist() == [2, 3]",
        "M = np.array([[5, 0], [0, 7]])\nassert stretched(np.array([1, 1])).tolist() == [5, 7]",
    ),
)
idiom(
    "a-course-s-value-is-bound-anew-by-hidden-lines",
    course("moments = [0, 1, 2]"),
    answer("def heights():\n    return [t * t for t in moments]", "def heights():\n    return [0]"),
    test("assert heights()[0] == 0", "moments = [3, 4]\nassert heights() == [9, 16]"),
    answer("last = moments[-1]", "last = moments[0]"),
    test("", "assert last == 4"),
)
idiom(
    "a-hidden-line-takes-a-course-s-function-away",
    course("def rim(values):\n    return [0, *values[1:-1], 0]"),
    answer(
        "def smooth(values):\n    return rim([2 * v for v in values])",
        "def smooth(values):\n    return [0, *(2 * v for v in values[1:-1]), 0]",
    ),
    test(
        "assert smooth([1, 2, 3]) == [0, 4, 0]",
        """kept = rim
del rim
try:
    smooth([1, 2, 3])
except NameError:
    pass
else:
    raise AssertionError("smooth does not use rim")
finally:
    rim = kept
assert smooth([5, 6, 7]) == [0, 12, 0]""",
    ),
)
idiom(
    "threads-call-what-the-test-passes",
    course("from multiprocessing.dummy import Pool"),
    answer(
        "def spread(f, values):\n    with Pool(4) as pool:\n        return pool.map(f, values)",
        "def spread(f, values):\n    return list(values)",
    ),
    test(
        "assert spread(abs, [-1, 2]) == [1, 2]",
        "assert spread(lambda v: v * v, range(50)) == [v * v for v in range(50)]",
    ),
)

# -- names of built-ins

idiom(
    "a-function-named-like-a-built-in",
    answer("def max(xs):\n    best = xs[0]\n    for x in xs:\n"
           "        best = x if x > best else best\n    return best",
           "def max(xs):\n    return xs[0]"),
    test("assert max([2, 5, 3]) == 5"),
    test("", "assert [max(row) for row in [[1, 2], [4, 3]]] == [2, 4]"),
)  # fmt: skip
idiom(
    "a-course-s-function-named-like-a-built-in",
    course("def slice(s, a, b):\n    return s[a:b]"),
    answer("def slice(s, a, b):\n    return ''.join(s[i] for i in range(a, b))",
           "def slice(s, a, b):\n    return s[a:b + 1]"),
    test("def tried(s):\n    return slice(s, 1, 3)\nassert tried('abcd') == 'bc'"),
    test("assert slice('abc', 0, 0) == ''"),
)  # fmt: skip
idiom(
    "a-built-in-stays-one",
    answer("total = sum([1, 2, 3])", "total = sum([1, 2])"),
    test("assert total == sum([1, 2, 3]) and max(3, total) == 6"),
)

# -- what a test passes in to see how it is used

WATCHED = (
    "class Text(str):\n    def __getitem__(self, i):\n        if isinstance(i, slice):\n"
    "            raise TypeError('no slices')\n        return str.__getitem__(self, i)\n"
    "    def __eq__(self, other):\n        raise TypeError('no comparison')\n"
    "    __hash__ = str.__hash__"
)
SAME = (
    "def same(a, b):\n    if len(a) != len(b):\n        return False\n"
    "    return all(a[i] is b[i] or ord(a[i]) == ord(b[i]) for i in range(len(a)))"
)
idiom(
    "a-text-that-must-not-be-compared",
    course("x = 5"),
    answer(SAME, "def same(a, b):\n    return a == b"),
    test(
        f"{WATCHED}\nassert same(Text('abc'), Text('abc'))",
        "assert not same(Text('ab'), Text('aa'))",
    ),
    test("a = Text('abc')\nassert same(a, b=a)\nassert same(*[Text('z')] * 2)"),
)
idiom(
    "a-list-that-counts",
    course(
        "class Counted(list):\n    def __init__(self, *args):\n        super().__init__(*args)\n"
        "        self.reads = 0\n    def __getitem__(self, i):\n        self.reads += 1\n"
        "        return super().__getitem__(i)\n"
        "    def sort(self):\n        raise TypeError('sort it yourself')"
    ),
    answer(
        "def swap(xs, i, j):\n    xs[i], xs[j] = xs[j], xs[i]\n\n"
        "def find(xs, x):\n    low, high = 0, len(xs)\n    while low < high:\n"
        "        middle = (low + high) // 2\n        if xs[middle] < x:\n"
        "            low = middle + 1\n"
        "        else:\n            high = middle\n    return low",
        "def swap(xs, i, j):\n    xs.sort()\n\ndef find(xs, x):\n    return list(xs).index(x)",
    ),
    test("xs = Counted([3, 1, 2])\nswap(xs, 0, 1)\nassert xs == [1, 3, 2] and type(xs) is Counted"),
    test("xs = Counted(range(1000))\nassert find(xs, 700) == 700\nassert 5 < xs.reads < 15"),
    test("", "xs = Counted([5, 6])\nswap(xs, 0, 1)\nassert xs.reads == 2 and list(xs) == [6, 5]"),
)
idiom(
    "a-number-with-a-unit",
    course(
        "class Metres(float):\n    unit = 'm'\n    def __str__(self):\n"
        "        return f'{float(self)} m'"
    ),
    answer("def label(x):\n    return f'{x.unit}: {str(x)}'", "def label(x):\n    return 'm: 2'"),
    test("assert label(Metres(2)) == 'm: 2.0 m'"),
    test("d = Metres(3)\nd.unit = 'km'\nassert label(d) == 'km: 3.0 m'"),
)
idiom(
    "a-dict-with-a-default",
    course("class Table(dict):\n    def __missing__(self, key):\n        return 0"),
    answer("def count(table, words):\n    for word in words:\n"
           "        table[word] = table[word] + 1\n    return table",
           "def count(table, words):\n    return {word: 1 for word in words}"),
    test("t = Table()\nassert count(t, ['a', 'b', 'a']) is t and t == {'a': 2, 'b': 1}"),
    test("", "assert count(Table(a=1), ['a'])['a'] == 2"),
)  # fmt: skip

# -- texts that are compared as objects

idiom(
    "a-word-is-compared-as-an-object",
    answer(
        "how_much = {'most': max}\n\ndef stat(xs, how='mean'):\n    if how is how_known:\n"
        "        return max(xs)\n    return 'none'\n\nhow_known = 'most'",
        "def stat(xs, how='mean'):\n    return max(xs)",
    ),
    test("assert stat([1, 2], 'most') == 2 and stat([1, 2], how='most') == 2"),
    test("", "assert stat([1], 'least') is 'none'"),
)
