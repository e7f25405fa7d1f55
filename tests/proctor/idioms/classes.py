"""Classes: asked about, compared, added, derived from."""

from . import answer, course, idiom, test

POINT = (
    "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n"
    "    def __add__(self, other):\n        return Point(self.x + other.x, self.y + other.y)\n"
    "    def __eq__(self, other):\n        return (self.x, self.y) == (other.x, other.y)\n"
    "    def __repr__(self):\n        return f'Point({self.x}, {self.y})'\n"
    "    def __abs__(self):\n        return (self.x**2 + self.y**2) ** 0.5\n"
    "    def __neg__(self):\n        return Point(-self.x, -self.y)\n"
    "    def __mul__(self, k):\n        return Point(self.x * k, self.y * k)\n"
    "    __rmul__ = __mul__\n"
    "    def __lt__(self, other):\n        return abs(self) < abs(other)\n"
    "    def __bool__(self):\n        return bool(self.x or self.y)\n"
    "    def __len__(self):\n        return 2\n"
    "    def __iter__(self):\n        return iter((self.x, self.y))\n"
    "    def __contains__(self, value):\n        return value in (self.x, self.y)\n"
    "    def __hash__(self):\n        return hash((self.x, self.y))\n"
    "    def __getitem__(self, i):\n        return (self.x, self.y)[i]\n"
    "    def __float__(self):\n        return float(abs(self))\n"
    "    def __call__(self, t):\n        return Point(self.x * t, self.y)"
)
NO_POINT = "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = y, y"


def of_point(name, *tests):
    idiom(name, answer(POINT, NO_POINT), *(test(*one) for one in tests))


of_point("two-objects-are-added", ["p = Point(1, 2) + Point(3, 4)", "assert (p.x, p.y) == (4, 6)"])
of_point("two-objects-are-equal", ["", "assert Point(1, 2) == Point(1, 2)"])
of_point("two-objects-are-not-equal", ["assert Point(1, 2) != Point(2, 2)"])
of_point("a-sum-of-objects-is-compared", ["assert Point(1, 2) + Point(3, 4) == Point(4, 6)"])
of_point("an-object-is-shown", ["assert str(Point(1, 2)) == 'Point(1, 2)'"])
of_point("an-object-s-repr", ["", "assert repr(Point(1, 2)) == 'Point(1, 2)'"])
of_point("an-object-in-a-format", ["assert f'{Point(3, 4)}' == 'Point(3, 4)'"])
of_point("an-object-s-size", ["assert abs(Point(3, 4)) == 5", "assert abs(Point(3, 4)) - 5 < 1e-9"])
of_point("an-object-with-another-sign", ["assert -Point(1, 2) == Point(-1, -2)"])
of_point("an-object-times-a-number", ["assert Point(1, 2) * 3 == Point(3, 6)"])
of_point("a-number-times-an-object", ["", "assert 3 * Point(1, 2) == Point(3, 6)"])
of_point("objects-in-order", ["assert Point(1, 0) < Point(2, 2)\nassert Point(2, 2) > Point(1, 0)"])
of_point("an-object-is-true", ["assert Point(1, 2)\nassert not Point(0, 0)"])
of_point("an-object-s-length", ["assert len(Point(1, 2)) == 2"])
of_point("an-object-is-unpacked", ["a, b = Point(1, 2)\nassert (a, b) == (1, 2)"])
of_point("something-in-an-object", ["assert 2 in Point(1, 2)\nassert 3 not in Point(1, 2)"])
of_point("objects-in-a-set", ["assert len({Point(1, 2), Point(1, 2)}) == 1"])
of_point("an-object-s-item", ["assert Point(5, 6)[1] == 6 and Point(5, 6)[0] == 5"])
of_point("an-object-as-a-number", ["assert float(Point(3, 4)) == 5.0"])
of_point("an-object-is-called", ["assert Point(2, 3)(4) == Point(8, 3)"])
of_point("an-object-of-a-class", ["p = Point(1, 2)\nassert isinstance(p, Point) and p.x == 1"])
of_point(
    "the-type-of-an-object", ["assert type(Point(1, 2)) == Point", "assert Point(1, 2).x == 1"]
)
of_point(
    "the-type-of-an-object-by-is",
    ["assert type(Point(1, 2)) is Point", "assert Point(1, 2).x == 1"],
)
of_point(
    "the-name-of-an-object-s-class",
    [
        "assert type(Point(1, 2)).__name__ == 'Point'\n"
        "assert Point(1, 2).__class__.__name__ == 'Point'"
    ],
    ["assert Point(1, 2).x == 1"],
)
of_point("what-an-object-has", ["assert vars(Point(1, 2)) == {'x': 1, 'y': 2}"])
of_point("an-object-s-dict", ["assert Point(1, 2).__dict__ == {'x': 1, 'y': 2}"])
of_point("a-class-has-a-method", ["assert hasattr(Point, '__add__') and hasattr(Point(1, 2), 'x')"])
of_point("a-method-by-its-name", ["assert Point(1, 2).__add__(Point(1, 1)).x == 2"])
of_point("what-is-in-dir", ["assert 'x' in dir(Point(1, 2)) and '__add__' in dir(Point)"])
of_point("objects-in-a-list", ["ps = [Point(1, 1), Point(2, 2)]\nassert ps[1] == Point(2, 2)"])
of_point("objects-are-sorted", ["ps = sorted([Point(3, 3), Point(1, 1)])\nassert ps[0].x == 1"])
of_point("the-least-object", ["assert min(Point(3, 3), Point(1, 1), Point(2, 2)).x == 1"])

SHELF = (
    "class Shelf:\n    def __init__(self):\n        self.books = ['a', 'b']\n"
    "    def __iter__(self):\n        return iter(self.books)\n"
    "    def __len__(self):\n        return len(self.books)"
)
NO_SHELF = "class Shelf:\n    def __init__(self):\n        self.books = ['a', 'b']"
idiom(
    "an-object-that-can-be-iterated",
    answer(SHELF, NO_SHELF),
    test(
        "from collections.abc import Container, Iterable, Iterator, Sized",
        "assert isinstance(Shelf(), Iterable) and isinstance(Shelf(), Sized)\n"
        "assert not isinstance(Shelf(), Container) and not isinstance(Shelf(), Iterator)",
    ),
    test("assert hasattr(Shelf(), '__len__') and not hasattr(Shelf(), '__getitem__')"),
    test(
        "for use in (lambda: Shelf()[0], lambda: Shelf() + 1):\n"
        "    try:\n        use()\n    except TypeError:\n        pass\n"
        "    else:\n        assert False\nassert list(Shelf()) == ['a', 'b']"
    ),
)
idiom(
    "an-object-that-is-not-to-be-iterated",
    answer(
        "class Box:\n    def __init__(self):\n        self.inside = [1]",
        "class Box:\n    def __init__(self):\n        self.inside = [1]\n"
        "    def __iter__(self):\n        return iter(self.inside)",
    ),
    test(
        "from collections.abc import Iterable",
        "assert not isinstance(Box(), Iterable)",
    ),
)

idiom(
    "an-abstract-class",
    answer(
        "from abc import ABC, abstractmethod\n\nclass Figure(ABC):\n    @abstractmethod\n"
        "    def area(self):\n        pass\n\n"
        "class Tile(Figure):\n    def area(self):\n        return 4",
        "class Figure:\n    def area(self):\n        pass\n\n"
        "class Tile:\n    def area(self):\n        return 4",
    ),
    test("from abc import ABC", "assert issubclass(Figure, ABC)"),
    test("assert issubclass(Tile, Figure) and not issubclass(Figure, (int, Tile))"),
    test(
        "import abc", "assert issubclass(Tile, (int, abc.ABC)) and issubclass(Tile, int | abc.ABC)"
    ),
    test("assert Tile().area() == 4\nassert not issubclass(Tile, dict)"),
)

STACK = (
    "class Empty(Exception):\n    pass\n\nclass Full(Empty):\n    def __init__(self, size):\n"
    "        super().__init__(f'only {size} fit')\n        self.size = size\n\n"
    "class Stack:\n    def __init__(self, most=2):\n        self.items, self.most = [], most\n"
    "    def push(self, item):\n        if len(self.items) == self.most:\n"
    "            raise Full(self.most)\n        self.items.append(item)\n        return self\n"
    "    def pop(self):\n        if not self.items:\n            raise Empty('nothing there')\n"
    "        return self.items.pop()\n    def __len__(self):\n        return len(self.items)\n"
    "    @property\n    def top(self):\n        return self.items[-1]\n"
    "    @classmethod\n    def of(cls, *items):\n        made = cls(len(items))\n"
    "        for item in items:\n            made.push(item)\n        return made\n"
    "    @staticmethod\n    def name():\n        return 'stack'\n"
    "    def __enter__(self):\n        return self\n    def __exit__(self, *error):\n"
    "        self.items.clear()"
)
NO_STACK = STACK.replace("self.items.pop()", "0").replace("raise", "return")
NO_STACK = NO_STACK.replace("self.items[-1]", "None").replace("clear()", "append(1)")
NO_STACK = NO_STACK.replace("made.push(item)", "pass").replace("'stack'", "''")


def of_stack(name, *tests):
    idiom(name, answer(STACK, NO_STACK), *(test(*one) for one in tests))


of_stack(
    "an-error-of-its-own-is-caught",
    ["try:\n    Stack().pop()\nexcept Empty:\n    pass\nelse:\n    assert False"],
)
of_stack(
    "an-error-of-its-own-is-expected",
    ["import pytest", "with pytest.raises(Empty):\n    Stack().pop()"],
)
of_stack(
    "an-error-that-derives-from-its-own",
    [
        "s = Stack(0)\ntry:\n    s.push(1)\n    assert False\nexcept Empty as error:\n"
        "    caught = error"
    ],
    ["assert caught.size == 0 and str(caught) == 'only 0 fit'"],
)
of_stack(
    "an-error-s-message-and-what-it-has",
    ["import pytest\nwith pytest.raises(Full, match='only 1') as about:\n    Stack.of(1).push(2)"],
    ["assert about.value.size == 1"],
)
of_stack(
    "an-error-class-derives", ["assert issubclass(Full, Empty) and issubclass(Empty, Exception)"]
)
of_stack("a-method-that-returns-itself", ["assert len(Stack().push(1).push(2)) == 2"])
of_stack("a-class-method", ["assert Stack.of(1, 2).top == 2"])
of_stack("a-static-method", ["assert Stack.name() == 'stack'"])
of_stack(
    "an-object-as-a-manager",
    ["with Stack() as s:\n    s.push(1)\n    assert s.top == 1\nassert len(s) == 0"],
)
of_stack(
    "an-attribute-is-set-from-outside", ["s = Stack()\ns.most = 1\ns.push(1)\nassert s.top == 1"]
)
of_stack("an-item-is-taken-off", ["s = Stack.of(4, 5)", "assert s.pop() == 5 and s.pop() == 4"])

SHAPES = (
    "from abc import ABC, abstractmethod\n\nclass Shape(ABC):\n    @abstractmethod\n"
    "    def area(self): ...\n    def bigger(self, other):\n"
    "        return self if self.area() > other.area() else other\n\n"
    "class Square(Shape):\n    def __init__(self, side):\n        self.side = side\n"
    "    def area(self):\n        return self.side ** 2\n\n"
    "def largest(shapes):\n    return max(shapes, key=lambda s: s.area())"
)
NO_SHAPES = SHAPES.replace("** 2", "* 2 + 1").replace("(ABC)", "").replace("(Shape)", "")
NO_SHAPES = NO_SHAPES.replace("max(shapes", "min(shapes")


def of_shapes(name, *tests):
    idiom(name, answer(SHAPES, NO_SHAPES), *(test(*one) for one in tests))


of_shapes("a-class-derives", ["assert issubclass(Square, Shape)"])
of_shapes("an-object-of-a-base-class", ["assert isinstance(Square(2), Shape)"])
of_shapes("the-bases-of-a-class", ["assert Square.__bases__[0] is Shape"])
of_shapes("a-class-in-an-mro", ["assert Shape in Square.__mro__"])
of_shapes("an-mro-by-inspect", ["import inspect\nassert len(inspect.getmro(Square)) == 4"])
of_shapes(
    "an-abstract-class-is-not-made",
    ["try:\n    Shape()\nexcept TypeError:\n    pass\nelse:\n    assert False, 'abstract'"],
)
of_shapes("a-class-is-abstract", ["import inspect\nassert inspect.isabstract(Shape)"])
of_shapes(
    "it-is-a-class",
    ["import inspect\nassert inspect.isclass(Square)\nassert Square(3).area() == 9"],
)
of_shapes(
    "an-object-comes-back-itself",
    ["a, b = Square(1), Square(2)", "assert largest([a, b]) is b and a.bigger(b) is b"],
)
of_shapes(
    "a-class-of-the-test-derives",
    [
        "class Flat(Shape):\n    def area(self):\n        return 7",
        "assert Flat().bigger(Square(2)).area() == 7",
    ],
    ["assert Square(3).area() == 9"],
)

NODE = (
    "class Node:\n    def __init__(self, value, next=None):\n"
    "        self.value, self.next = value, next\n"
)
idiom(
    "a-list-of-nodes-is-walked",
    course(NODE),
    answer(
        "def chain(values):\n    first = None\n    for v in reversed(values):\n"
        "        first = Node(v, first)\n    return first",
        "def chain(values):\n    return Node(values[0])",
    ),
    test(
        "node, seen = chain([1, 2, 3]), []\nwhile node:\n    seen.append(node.value)\n"
        "    node = node.next"
    ),
    test("assert seen == [1, 2, 3]"),
)
idiom(
    "an-object-of-the-course-s-class",
    course(NODE),
    answer("def wrap(v):\n    return Node(v)", "def wrap(v):\n    return v"),
    test("assert isinstance(wrap(3), Node) and wrap(3).value == 3"),
)
idiom(
    "an-object-of-the-course-s-class-is-passed",
    course(NODE),
    answer(
        "def total(node):\n    return node.value + (total(node.next) if node.next else 0)",
        "def total(node):\n    return node.value",
    ),
    test("", "assert total(Node(1, Node(2, Node(3)))) == 6"),
)
idiom(
    "an-object-of-the-course-s-class-is-changed",
    course(NODE),
    answer(
        "def double(node):\n    node.value *= 2", "def double(node):\n    return node.value * 2"
    ),
    test("n = Node(4)\ndouble(n)\nassert n.value == 8"),
)
idiom(
    "an-object-of-the-test-s-class-is-passed",
    answer("def name(thing):\n    return thing.label()", "def name(thing):\n    return 'x'"),
    test(
        "class Thing:\n    def __init__(self, n):\n        self.n = n\n    def label(self):\n"
        "        return f'thing {self.n}'\n\nassert name(Thing(3)) == 'thing 3'"
    ),
)
idiom(
    "a-class-of-the-test-s-is-passed",
    answer("def make(kind, n):\n    return kind(n).n", "def make(kind, n):\n    return 0"),
    test(
        "class Thing:\n    def __init__(self, n):\n        self.n = n + 1\n\n"
        "assert make(Thing, 3) == 4"
    ),
)
idiom(
    "members-of-an-enumeration",
    answer(
        "from enum import Enum\n\nclass Light(Enum):\n    RED = 1\n    GREEN = 2\n"
        "    def other(self):\n        return Light.GREEN if self is Light.RED else Light.RED",
        "from enum import Enum\n\nclass Light(Enum):\n    RED = 1\n    GREEN = 3\n"
        "    def other(self):\n        return self",
    ),
    test("assert Light.RED.other() == Light.GREEN\nassert Light.GREEN.value == 2"),
    test("assert [one.name for one in Light] == ['RED', 'GREEN'] and len(Light) == 2"),
)
idiom(
    "a-dataclass-is-compared",
    answer(
        "from dataclasses import dataclass\n\n@dataclass(order=True)\nclass Coin:\n    value: int\n"
        "    name: str = 'penny'",
        "from dataclasses import dataclass\n\n@dataclass\nclass Coin:\n    value: int\n"
        "    name: str = 'cent'",
    ),
    test("assert Coin(1) == Coin(1, 'penny')\nassert Coin(1) < Coin(2)"),
    test("assert repr(Coin(1)) == \"Coin(value=1, name='penny')\""),
)
idiom(
    "a-frozen-dataclass",
    answer(
        "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Pair:\n"
        "    a: int\n    b: int\n\n"
        "def swap(p):\n    return Pair(p.b, p.a)",
        "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Pair:\n"
        "    a: int\n    b: int\n\n"
        "def swap(p):\n    return p",
    ),
    test("assert swap(Pair(1, 2)) == Pair(2, 1)", "assert isinstance(swap(Pair(1, 2)), Pair)"),
)
idiom(
    "a-named-tuple-s-class",
    answer(
        "from collections import namedtuple\nRow = namedtuple('Row', 'name age')\n"
        "ada = Row('ada', 36)",
        "Row = tuple\nada = ('ada', 36)",
    ),
    test("assert isinstance(ada, Row) and ada.age == 36\nassert ada == Row('ada', 36)"),
)

# -- classes of a module that is released beside the notebook

idiom(
    "an-object-of-a-module-s-class-is-there",
    answer(
        "from market import Fruit\n\npears = Fruit('pears', 3)",
        "from market import Basket as Fruit\n\npears = Fruit('pears', 3)",
    ),
    test(
        "from market import Fruit\nassert pears, 'make some pears'\n"
        "assert isinstance(pears, Fruit) and type(pears) == Fruit\nassert pears.cost() == 3"
    ),
)
idiom(
    "objects-of-a-module-s-class-are-passed",
    course("from market import *"),
    answer(
        "def total(fruits):\n    return sum(fruit.cost() for fruit in fruits)",
        "def total(fruits):\n    return sum(fruit.price for fruit in fruits)",
    ),
    test("import market\nassert market.graded(total)"),
    test("", "assert total([Fruit('fig', 2, 2), Fruit('nut', 1, 1)]) == 5"),
)
idiom(
    "an-object-of-a-module-s-class-is-changed",
    course("import market"),
    answer(
        "def fill(basket, fruits):\n    for fruit in fruits:\n        basket.add(fruit)",
        "def fill(basket, fruits):\n    basket.content = ['nothing']",
    ),
    test(
        "fruit, basket = market.Fruit('fig', 1), market.Basket()\nfill(basket, [fruit, fruit])\n"
        "assert [one.name for one in basket.content] == ['fig', 'fig']"
    ),
)
idiom(
    "a-text-of-a-module-s-class",
    course("from market import Note"),
    answer("def pages(note):\n    return note.pages * len(note)", "def pages(note):\n    return 2"),
    test("note = Note('ab')\nnote.pages = 7\nassert pages(note) == 14"),
    test("", "assert pages(Note('abc')) == 3"),
)

# -- operators and protocols that a fresh reader of Python expects

MONEY = (
    "class Money:\n    def __init__(self, n):\n        self.n = n\n"
    "    def __add__(self, other):\n        return Money(self.n + other.n)\n"
    "    def __iadd__(self, other):\n        self.n += other.n\n        return self\n"
    "    def __eq__(self, other):\n        return self.n == other.n\n"
    "    def __format__(self, form):\n        return format(self.n, form or 'd') + ' EUR'\n"
    "    def __copy__(self):\n        return Money(self.n)"
)
NO_MONEY = (
    MONEY.replace("self.n += other.n\n        return self", "return Money(-1)")
    .replace("' EUR'", "' USD'")
    .replace("return Money(self.n)", "return self")
    .replace("def __eq__", "__hash__ = object.__hash__\n    def __eq__")
)


def of_money(name, *tests):
    idiom(name, answer(MONEY, NO_MONEY), *(test(*one) for one in tests))


of_money("an-object-is-added-to-in-place", ["a = b = Money(1)\na += Money(2)\nassert b.n == 3"],
         ["", "a = b = Money(1)\nb += Money(4)\nassert a is b and a == Money(5)"])  # fmt: skip
of_money("an-object-is-formatted", ["assert f'{Money(5)}' == '5 EUR'"],
         ["assert '{:.1f}'.format(Money(2)) == format(Money(2), '.1f') == '2.0 EUR'"])  # fmt: skip
of_money(
    "an-object-is-copied",
    ["import copy\na = Money(3)\nb = copy.copy(a)\nb.n = 4\nassert a.n == 3 and a is not b"],
    [
        "a = [Money(1), Money(2)]\nb = copy.deepcopy(a)\nb[0].n = 7\n"
        "assert a[0].n == 1 and b[1] == a[1]"
    ],
)
of_money(
    "an-object-without-a-hash",
    ["try:\n    hash(Money(1))\nexcept TypeError:\n    pass\nelse:\n    assert False"],
    ["try:\n    {Money(1)}\nexcept TypeError:\n    pass\nelse:\n    assert False"],
)
idiom(
    "an-object-is-there-or-not",
    answer(
        "import re\n\nclass Node:\n    def __init__(self, x):\n        self.x = x\n\n"
        "nodes = [Node(1), Node(2)]\n\ndef find(x):\n"
        "    return next((n for n in nodes if n.x == x), None)\n\n"
        "def match(text):\n    return re.search('[0-9]+', text)",
        "def find(x):\n    return None\n\ndef match(text):\n    return ''",
    ),
    test("assert find(1)\nassert find(2) and not find(3)"),
    test("assert match('a12')", "m = match('b34')\nassert m and m.group() == '34'"),
    test("", "nodes_found = [x for x in range(5) if find(x)]\nassert nodes_found == [1, 2]"),
)
TOTAL = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return result"
NO_TOTAL = "def total(xs):\n    return max(xs)"


def of_total(name, *tests):
    idiom(name, answer(TOTAL, NO_TOTAL), *(test(*one) for one in tests))


of_total(
    "an-iterator-is-passed",
    ["assert total(x * x for x in range(4)) == 14"],
    ["assert total(map(abs, [-1, 2, -3])) == 6\nit = iter([4, 5])\nassert total(it) == 9"],
    ["def count(n):\n    while n:\n        yield n\n        n -= 1\nassert total(count(4)) == 10"],
    ["", "steps = iter([1, 2])\nassert total(steps) == 3 and next(steps, None) is None"],
)
of_total(
    "a-dict-s-values-are-passed",
    ["ages = {'ada': 36, 'bo': 4}\nassert total(ages.values()) == 40"],
    ["assert total({1: 'a', 2: 'b'}.keys()) == 3"],
)
idiom(
    "a-dict-s-views-come-back",
    answer("def keys(d):\n    return d.keys()\n\ndef items(d):\n    return d.items()",
           "def keys(d):\n    return list(d)\n\ndef items(d):\n    return []"),
    test("assert keys({'a': 1, 'b': 2}) == {'a', 'b'}"),
    test("", "assert ('a', 1) in items({'a': 1}) and len(items({'a': 1, 'c': [2]})) == 2"),
)  # fmt: skip
idiom(
    "a-generator-of-random-numbers-is-passed",
    course("import numpy as np\nimport random"),
    answer(
        "def draw(rng, n):\n    return rng.normal(size=n)\n\n"
        "def pick(rng, xs):\n    return rng.choice(xs)",
        "def draw(rng, n):\n    return rng.uniform(size=n)\n\n"
        "def pick(rng, xs):\n    return rng.choices(xs)",
    ),
    test(
        "rng = np.random.default_rng(0)\ngot = draw(rng, 3)\n"
        "assert np.array_equal(got, np.random.default_rng(0).normal(size=3))"
    ),
    test("assert draw(np.random.RandomState(4), 2).round(6).tolist() == [0.050562, 0.499951]"),
    test("assert pick(random.Random(3), [1, 2, 3, 4]) == random.Random(3).choice([1, 2, 3, 4])"),
)
idiom(
    "what-ends-a-program-is-no-exception",
    answer(
        "import sys\n\ndef check(n):\n    if n < 0:\n        raise ValueError(n)\n    return n\n\n"
        "def leave(code):\n    sys.exit(code)",
        "class Neg(BaseException):\n    pass\n\ndef check(n):\n    if n < 0:\n"
        "        raise Neg(n)\n    return n\n\ndef leave(code):\n    raise ValueError(code)",
    ),
    test("try:\n    check(-1)\nexcept Exception:\n    pass\nelse:\n    assert False"),
    test(
        "try:\n    leave(3)\nexcept SystemExit as end:\n    assert end.code == 3\n"
        "else:\n    assert False"
    ),
    test("import pytest\nwith pytest.raises(SystemExit):\n    leave(0)", "assert check(2) == 2"),
)
idiom(
    "what-ends-a-program-is-a-mistake",
    answer("def check(n):\n    if n < 0:\n        raise ValueError(n)\n    return n",
           "def check(n):\n    if n < 0:\n        raise KeyboardInterrupt\n    exit()"),
    test("try:\n    check(-1)\nexcept Exception:\n    pass\nelse:\n    assert False"),
    test("try:\n    check(3)\nexcept Exception:\n    pass\nassert check(1) == 1"),
)  # fmt: skip

# what a course gives, and answers link: one object stays one object, whoever holds it
LINKED = (
    "class Node:\n    def __init__(self, v, next=None):\n        self.v, self.next = v, next\n\n"
    "def linked(values):\n    head = None\n    for v in reversed(values):\n"
    "        head = Node(v, head)\n    return head"
)
idiom(
    "a-linked-list-is-turned",
    course(LINKED),
    answer(
        "def turned(head):\n    last = None\n    while head:\n"
        "        head.next, last, head = last, head, head.next\n    return last",
        "def turned(head):\n    last = None\n    while head:\n"
        "        last, head = Node(head.v, last), head.next\n    return last",
    ),
    test("h = linked([1, 2, 3])\nassert turned(h).v == 3"),
    test(
        "",
        "h = linked(range(500))\nlast = h\nwhile last.next:\n    last = last.next\n"
        "assert turned(h) is last and h.next is None",
    ),
)
idiom(
    "a-linked-list-with-a-cycle",
    course(LINKED),
    answer(
        "def cycles(head):\n    met = set()\n    while head and id(head) not in met:\n"
        "        met.add(id(head))\n        head = head.next\n    return head is not None",
        "def cycles(head):\n    return False",
    ),
    test("", "a = linked([1, 2, 3])\na.next.next.next = a.next\nassert cycles(a)"),
    test("assert not cycles(linked([1, 2, 1]))"),
)
idiom(
    "a-part-of-what-was-passed",
    course(LINKED),
    answer(
        "def second(head):\n    return head.next\n\ndef clone(head):\n"
        "    return None if head is None else Node(head.v, clone(head.next))",
        "def second(head):\n    return Node(head.next.v, head.next.next)\n\ndef clone(head):\n"
        "    return Node(head.v, head.next)",
    ),
    test("h = linked([1, 2, 3])\nassert second(h) is h.next"),
    test(
        "",
        "h = linked([1, 2])\nc = clone(h)\nassert c is not h and c.next is not h.next\n"
        "c.next.v = 9\nassert h.next.v == 2",
    ),
)
idiom(
    "a-tree-grows",
    course(
        "class Tree:\n    def __init__(self, k):\n        self.k = k\n"
        "        self.left = self.right = self.up = None"
    ),
    answer(
        "def insert(t, k):\n    side = 'left' if k < t.k else 'right'\n"
        "    if getattr(t, side) is not None:\n        return insert(getattr(t, side), k)\n"
        "    new = Tree(k)\n    setattr(t, side, new)\n    new.up = t\n    return new",
        "def insert(t, k):\n    return Tree(k)",
    ),
    test("t = Tree(5)\nnew = insert(t, 3)\nassert t.left is new and new.up is t"),
    test(
        "",
        "t = Tree(0)\nfor k in range(1, 150):\n    insert(t, k)\ndeep = 0\n"
        "while t:\n    t, deep = t.right, deep + 1\nassert deep == 150",
    ),
)
idiom(
    "what-an-object-holds-is-not-changed",
    course("class Data:\n    def __init__(self, values):\n        self.values = values"),
    answer(
        "def ordered(d):\n    return sorted(d.values)",
        "def ordered(d):\n    d.values.sort()\n    return d.values",
    ),
    test("assert ordered(Data([3, 1, 2])) == [1, 2, 3]"),
    test("", "xs = [3, 1, 2]\nassert ordered(Data(xs)) == [1, 2, 3]\nassert xs == [3, 1, 2]"),
)
idiom(
    "an-object-keeps-a-copy",
    course("class Data:\n    def __init__(self, values):\n        self.values = values"),
    answer(
        "def wrap(xs):\n    return Data(list(xs))\n\ndef same(d):\n    return d",
        "def wrap(xs):\n    return Data(xs)\n\ndef same(d):\n    return d",
    ),
    test("d = Data([1])\nassert same(d) is d"),
    test("", "xs = [1]\nd = wrap(xs)\nxs.append(2)\nassert d.values == [1]"),
)
idiom(
    "an-object-that-holds-a-function",
    course(
        "class Button:\n    def __init__(self, press):\n        self.press, self.count = press, 0"
    ),
    answer(
        "class Pen:\n    def __init__(self, colour):\n        self.colour = colour\n\n"
        "def pressed(b):\n    b.count += 1\n    return b.press()\n\n"
        "def colour(b):\n    return b.pen.colour",
        "class Pen:\n    def __init__(self, colour):\n        self.colour = 'black'\n\n"
        "def pressed(b):\n    return 7\n\ndef colour(b):\n    return b.pen.colour",
    ),
    test("", "b = Button(lambda: 7)\nassert pressed(b) == 7 and b.count == 1"),
    test("b = Button(print)\nb.pen = Pen('red')\nassert colour(b) == 'red'"),
)
idiom(
    "roads-lead-both-ways",
    course(
        "class City:\n    def __init__(self, name):\n        self.name, self.roads = name, []\n"
        "    def __repr__(self):\n        return self.name"
    ),
    answer(
        "def join(a, b):\n    a.roads.append(b)\n    b.roads.append(a)\n\n"
        "def reach(a):\n    met, waiting = {a}, [a]\n    for city in waiting:\n"
        "        new = [c for c in city.roads if c not in met]\n        met.update(new)\n"
        "        waiting += new\n    return met",
        "def join(a, b):\n    a.roads.append(b)\n\ndef reach(a):\n    return {a, *a.roads}",
    ),
    test("a, b = City('a'), City('b')\njoin(a, b)\nassert a.roads == [b] and b.roads == [a]"),
    test(
        "",
        "cs = [City(n) for n in 'abcd']\nfor x, y in zip(cs, cs[1:]):\n    join(x, y)\n"
        "assert reach(cs[3]) == set(cs)\nassert sorted(map(str, reach(cs[1]))) == list('abcd')",
    ),
)
idiom(
    "an-object-with-slots",
    course(
        "class Pixel:\n    __slots__ = ('x', 'y')\n"
        "    def __init__(self, x, y):\n        self.x, self.y = x, y"
    ),
    answer(
        "def moved(p):\n    p.x += 1\n    return p\n\ndef made(x):\n    return Pixel(x, 2)",
        "def moved(p):\n    return p\n\ndef made(x):\n    return Pixel(2, x)",
    ),
    test("p = Pixel(1, 5)\nassert moved(p) is p and (p.x, p.y) == (2, 5)"),
    test("assert made(7).x == 7 and isinstance(made(1), Pixel)"),
)
idiom(
    "a-module-s-own-names",
    answer(
        "open('shapes.py', 'w').write('import math\\n__version__ = \"2\"\\n"
        '__all__ = ["area"]\\ndef area(r):\\n    return math.pi * r * r\\n\')',
        "open('shapes.py', 'w').write('import math\\nimport sys\\n"
        "def area(r):\\n    return math.pi * r * r\\n')",
    ),
    course("# shapes.py is tested now"),
    test("import shapes\nassert shapes.__version__ == '2' and shapes.__all__ == ['area']"),
    test("import shapes", "assert 'sys' not in vars(shapes) and 'sys' not in dir(shapes)"),
    test("from shapes import *\nassert round(area(1), 2) == 3.14"),
)
idiom(
    "an-enumeration-of-the-course-s",
    course(
        "from enum import Enum, IntEnum\n\nclass Suit(Enum):\n    HEARTS = 'h'\n"
        "    SPADES = 's'\n\n"
        "class Level(IntEnum):\n    LOW = 1\n    HIGH = 2"
    ),
    answer(
        "def other(s):\n    return Suit.SPADES if s is Suit.HEARTS else Suit.HEARTS\n\n"
        "def level(x):\n    return Level.HIGH if x > 3 else Level.LOW\n\n"
        "def named(x):\n    return x.name.lower()",
        "def other(s):\n    return s\n\ndef level(x):\n    return 2 if x > 3 else 1\n\n"
        "def named(x):\n    return str(x)",
    ),
    test("assert other(Suit.HEARTS) == Suit.SPADES", "assert other(Suit.SPADES) is Suit.HEARTS"),
    test("assert level(5) is Level.HIGH and level(1) == 1"),
    test("", "assert named(Level.LOW) == 'low' and named(Suit.SPADES) == 'spades'"),
    test(
        "assert {other(s) for s in Suit} == set(Suit)\nassert [other(Suit.HEARTS)].count('x') == 0"
    ),
)
idiom(
    "an-enumeration-of-the-student-s-own",
    course("from enum import Enum"),
    answer(
        "class Coin(Enum):\n    HEADS = 1\n    TAILS = 2\n\ndef toss(n):\n"
        "    return Coin.HEADS if n % 2 else Coin.TAILS",
        "class Coin(Enum):\n    HEADS = 0\n    TAILS = 1\n\ndef toss(n):\n    return 1",
    ),
    test("assert toss(1) == Coin.HEADS", "assert toss(2).value == 2"),
    test("assert [c.name for c in Coin] == ['HEADS', 'TAILS'] and Coin(1) is Coin.HEADS"),
)
idiom(
    "records-of-the-course-s",
    course(
        "from collections import namedtuple\nfrom dataclasses import dataclass\n"
        "from typing import NamedTuple\n\nPair = namedtuple('Pair', 'x y')\n\n"
        "class Card(NamedTuple):\n    value: int\n    suit: str = 'h'\n\n"
        "    def better(self, other):\n        return self.value > other.value\n\n"
        "@dataclass(frozen=True)\nclass Spot:\n    x: int\n    y: int\n\n"
        "@dataclass(frozen=True, order=True)\nclass Coin:\n    cents: int\n\n"
        "    def twice(self):\n        return Coin(self.cents * 2)"
    ),
    answer(
        "def swapped(p):\n    return type(p)(p.y, p.x)\n\ndef card(n):\n    return Card(n)\n\n"
        "def best(a, b):\n    return a if a.better(b) else b\n\ndef coin(n):\n    return Coin(n)",
        "def swapped(p):\n    return p\n\ndef card(n):\n    return (n, 'h')\n\n"
        "def best(a, b):\n    return b if a.better(b) else a\n\ndef coin(n):\n    return n",
    ),
    test("assert swapped(Pair(1, 2)) == Pair(2, 1)\nassert isinstance(swapped(Pair(1, 2)), Pair)"),
    test("assert swapped(Spot(1, 2)) == Spot(2, 1)\nassert {swapped(Spot(1, 2))} == {Spot(2, 1)}"),
    test("", "assert best(Card(3), Card(9)).value == 9 and card(5).better(Card(4))"),
    test("", "assert isinstance(card(1), Card) and card(2) == Card(2, 'h')"),
    test("assert coin(3) == Coin(3) and coin(3).twice() == Coin(6)"),
)

# -- what is set within an attribute, and classes that are asked for

LAYER = (
    "import numpy as np\n\nclass Layer:\n    def __init__(self, n, m):\n"
    "        self.W, self.dW = np.ones((n, m)), None\n\n"
    "    def __call__(self, x):\n        self.x = x\n        return x @ self.W\n\n"
    "    def back(self, dy):\n        self.dW = self.x.T @ dy\n        return dy @ self.W.T"
)
idiom(
    "a-gradient-by-differences-in-an-attribute",
    answer(LAYER, LAYER.replace("self.x.T @ dy", "self.x.T @ dy * 2")),
    test(
        "",
        "import numpy as np\n\nlayer, x, eps = Layer(2, 3), np.ones((2, 2)), 1e-4\n"
        "layer(x), layer.back(np.ones((2, 3)))\nold = layer.W[0, 1]\n"
        "layer.W[0, 1] = old + eps\nmore = layer(x).sum()\n"
        "layer.W[0, 1] = old - eps\nless = layer(x).sum()\nlayer.W[0, 1] = old\n"
        "assert abs((more - less) / (2 * eps) - layer.dW[0, 1]) < 1e-6",
    ),
    test(
        "layer = Layer(2, 2)\nlayer.W.fill(3)\nassert layer(np.ones((1, 2))).tolist() == [[6, 6]]"
    ),
)
idiom(
    "a-board-is-filled",
    answer(
        "class Game:\n    def __init__(self):\n        self.board = [[' '] * 3 for _ in 'abc']\n\n"
        "    def winner(self):\n        for row in self.board:\n"
        "            if row[0] != ' ' and len(set(row)) == 1:\n                return row[0]",
        "class Game:\n    board = [['O'] * 3 for _ in range(3)]\n\n"
        "    def winner(self):\n        return None",
    ),
    test(
        "game = Game()\nassert game.winner() is None",
        "game = Game()\nfor n in range(3):\n    game.board[1][n] = 'O'\n"
        "assert game.winner() == 'O'",
    ),
    test("games = [Game() for _ in range(12)]\nfor one in games:\n    one.board.append('x')\n"
         "assert [len(one.board) for one in games] == [4] * 12"),
)  # fmt: skip
VEC = (
    "class Vec:\n    def __init__(self, n):\n        self.n = n\n\n"
    "    def __add__(self, other):\n        return Vec(self.n + other.n)\n\n"
    "    def __eq__(self, other):\n        return self.n == other.n"
)
idiom(
    "operators-after-the-class-was-asked-for",
    answer(VEC, VEC.replace("self.n + other.n", "self.n")),
    test("v, w = Vec(1), Vec(2)\nassert type(v + w) == Vec and type(v).__name__ == 'Vec'"),
    test("", "assert issubclass(type(v), Vec) and Vec.__mro__[0] is Vec\nassert v + w == Vec(3)"),
    test("", "assert v.__class__ == Vec and issubclass(v.__class__, Vec)\nassert w + w == Vec(4)"),
)
idiom(
    "a-stack-of-nodes",
    answer(
        "class Node:\n    def __init__(self, v):\n        self.v, self.next = v, None\n\n"
        "    def __str__(self):\n        return f'<{self.v}>'\n\n"
        "class Stack:\n    def __init__(self):\n        self.head = None\n\n"
        "    def push(self, v):\n        n = Node(v)\n        n.next = self.head\n"
        "        self.head = n\n\n"
        "    def pop(self):\n        v = self.head.v\n        self.head = self.head.next\n"
        "        return v",
        "class Stack:\n    head = None\n\n    def push(self, v):\n        self.head = v\n\n"
        "    def pop(self):\n        return self.head",
    ),
    test("s = Stack()\ns.push(1)\ns.push(2)\nassert str(s.head) == '<2>'"),
    test("", "assert s.pop() == 2 and str(s.head) == '<1>'"),
)
idiom(
    "what-ends-a-block-is-told",
    answer(
        "class Quiet:\n    def __enter__(self):\n        return self\n\n"
        "    def __exit__(self, kind, error, trace):\n        self.said = error and error.args[0]\n"
        "        return kind is KeyError",
        "class Quiet:\n    said = None\n\n    def __enter__(self):\n        return self\n\n"
        "    def __exit__(self, *_):\n        pass",
    ),
    test("with Quiet() as quiet:\n    raise KeyError('a')\nassert quiet.said == 'a'"),
    test("", "with Quiet() as quiet:\n    pass\nassert quiet.said is None"),
)
idiom(
    "what-a-test-puts-in-is-what-it-finds",
    answer(
        "class Account:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __str__(self):\n        return f'{self.n} €'\n\n"
        "    def __lt__(self, other):\n        return self.n < other.n\n\n"
        "class Bank:\n    def __init__(self):\n        self.accounts = []\n\n"
        "    def open(self, account):\n        self.accounts.append(account)\n\n"
        "    def best(self):\n        return max(self.accounts, key=lambda a: a.n)",
        "class Account:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __lt__(self, other):\n        return True\n\n"
        "class Bank:\n    accounts = []\n\n    def open(self, account):\n        pass\n\n"
        "    def best(self):\n        return Account(0)",
    ),
    test("bank, one = Bank(), Account(3)\nbank.open(one)\nassert len(bank.accounts) == 1"),
    test(
        "",
        "bank, one, two = Bank(), Account(3), Account(2)\nbank.open(one)\nbank.open(two)\n"
        "assert bank.accounts[0] is one and str(one) == '3 €'\n"
        "assert [a.n for a in sorted([one, two])] == [2, 3]",
    ),
)
idiom(
    "nodes-that-a-test-links",
    answer(
        "class Node:\n    def __init__(self, v, next=0):\n        self.v, self.next = v, next\n\n"
        "    def __repr__(self):\n        return f'N{self.v}'",
        "class Node:\n    def __init__(self, v, next=0):\n        self.v, self.next = v, None\n\n"
        "    def __repr__(self):\n        return 'N'",
    ),
    test("b = Node(2)\na = Node(1, b)\nassert a.next is b and repr(b) == 'N2'"),
    test("", "assert f'{Node(0, next=a).next.next}' == 'N2'"),
)


DATACLASS = (
    "from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int\n    y: int = 0",
    "class Point:\n    def __init__(self, x, y=0):\n        self.x, self.y = x, y",
)
idiom(
    "a-dataclass-is-asked",
    answer(*DATACLASS),
    test("import dataclasses\nassert dataclasses.is_dataclass(Point)"),
    test("assert dataclasses.replace(Point(1, 2), x=5) == Point(5, 2)"),
    test("assert [field.name for field in dataclasses.fields(Point)] == ['x', 'y']"),
    test("assert dataclasses.asdict(Point(1, 2)) == {'x': 1, 'y': 2}"),
    test(
        "from dataclasses import astuple, fields, is_dataclass",
        "assert is_dataclass(Point(1)) and astuple(Point(3)) == (3, 0)\n"
        "assert {one.name: one.type for one in fields(Point(1))} == {'x': int, 'y': int}",
    ),
    test(
        "@dataclasses.dataclass\nclass Pair:\n    a: int\n"
        "assert dataclasses.asdict(Pair(1)) == {'a': 1}"
    ),
)
idiom(
    "quotient-and-remainder",
    answer(
        "class Whole:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __divmod__(self, other):\n"
        "        return Whole(self.n // other), self.n % other\n\n"
        "    def __rdivmod__(self, other):\n        return other // self.n, other % self.n",
        "class Whole:\n    def __init__(self, n):\n        self.n = n",
    ),
    test("quotient, rest = divmod(Whole(7), 3)\nassert quotient.n == 2 and rest == 1"),
    test("assert divmod(7, Whole(3)) == (2, 1)"),
)
idiom(
    "methods-that-are-the-class-s-own",
    answer(
        "class Ship:\n    def __init__(self, name):\n        self.name = name\n\n"
        "    def __eq__(self, other):\n        return self.name == other.name\n\n"
        "    def __repr__(self):\n        return self.name",
        "class Ship:\n    pass",
    ),
    test("assert Ship.__eq__ is not object.__eq__"),
    test("assert Ship.__repr__ != object.__repr__"),
    test("assert Ship.__init__ is not object.__init__"),
    test("assert Ship.__str__ is object.__str__"),
)
