"""Objects that claim to be what they are not, and names that are not theirs to bind."""

from ..attack import family, own, right, without

attack = family("Claims and names")

# -- an object that answers yes to everything, in many guises

_SAYS_YES = """
class Liar:
    def __init__(self, *args): self.n = 5
    def __getattr__(self, name): return lambda *args: True
    def __bool__(self): return True
    def __float__(self): return 66.0
    def __int__(self): return 2
    def __index__(self): return 2
    def __complex__(self): return 66 + 0j
    def __array__(self, *args, **kwargs):
        import numpy
        return numpy.float64(66)
    def __str__(self): return "two"
    __repr__ = __str__
    def __len__(self): return 1
    def __iter__(self): return iter([True])
    def __call__(self, *args): return True
    def __hash__(self): return hash(2)
    def __enter__(self): return self
    def __exit__(self, *error): return True
    def __round__(self, *digits): return 2

for _name in "eq ne lt le gt ge contains".split():
    setattr(Liar, f"__{_name}__", lambda self, other: _name != "ne")
for _name in "add sub mul truediv mod pow and or".split():
    setattr(Liar, f"__{_name}__", lambda self, other: 0)
    setattr(Liar, f"__r{_name}__", lambda self, other: 0)
for _name in "abs neg pos".split():
    setattr(Liar, f"__{_name}__", lambda self: 0)
"""


def _guise(name, why, code):
    source = f"{_SAYS_YES}\n{code}\nmiddle = lambda values: Liar()"
    attack(name, why, right(middle=source), without("middle"))


_guise("an-object-that-says-yes", "every operator says yes", "")
for _path in (
    *("builtins.int", "builtins.float", "builtins.bool", "builtins.str", "builtins.object"),
    *("numpy.float64", "numpy.ndarray", "decimal.Decimal", "fractions.Fraction"),
    *("pandas.DataFrame", "collections.Counter", "unittest.mock.ANY", "answers.TOTAL"),
    *("proctor.rpc.proxies.Proxy", "__main__.Counter", "__main__.contextmanager"),
):
    _module, _, _kind = _path.rpartition(".")
    _guise(
        f"says-it-is-{_path.replace('.', '-').replace('_', '').lower()}",
        f"an object that says yes, of a class that says it is {_path}",
        f"Liar.__module__, Liar.__name__, Liar.__qualname__ = {_module!r}, {_kind!r}, {_kind!r}",
    )
_guise(
    "says-its-class-is-int",
    "an object whose __class__ is int",
    "Liar.__class__ = property(lambda self: int)",
)
_guise(
    "says-its-class-is-the-model-s",
    "the class that the model answer defines, with every operator, in another task's place",
    "Counter = Liar\nCounter.__name__ = Counter.__qualname__ = 'Counter'",
)
attack(
    "an-object-of-the-model-s-place-elsewhere",
    "the object that Counter() gave before is returned where a number belongs",
    right(
        middle=f"{_SAYS_YES}\nkept = []\nmiddle = lambda values: kept[0] if kept else Liar()",
        counter="""
        class Counter(Liar):
            def __init__(self):
                self.n = 0
                kept.append(self)
            def __add__(self, n):
                self.n += n
                return self
        """,
    ),
    without("middle"),
)
attack(
    "a-metaclass-that-says-yes",
    "a class whose metaclass says that everything is an object of it, in place of a number",
    right(
        middle="""
        class Meta(type):
            __instancecheck__ = __subclasscheck__ = __eq__ = lambda self, other: True
            __hash__ = None
            __mro__ = property(lambda self: (int, object))
        class Same(metaclass=Meta):
            pass
        middle = lambda values: Same
        """
    ),
    without("middle"),
)
attack(
    "an-error-class-in-place-of-a-number",
    "a class of exceptions, which is a real class there, with a metaclass that says yes",
    right(
        middle="""
        class Meta(type):
            __eq__ = lambda self, other: True
            __hash__ = None
        class Same(ValueError, metaclass=Meta):
            pass
        middle = lambda values: Same
        """
    ),
    without("middle"),
)

# -- the student's end says more than it should

_TELLS = """
import sys
_classes = sys.modules["proctor.rpc.classes"]
_server = sys.modules["proctor.rpc.server"]
class Thing:
    __eq__ = lambda self, other: True
    __hash__ = None
_server.line_of = lambda cls: {line}
middle = lambda values: Thing()
"""


def _tells(name, why, line, breach=False):
    """``breach``: what it tells breaks the rules, and each time ends its own process."""
    deserves = without("middle") | ({"test_spell": 0.0} if breach else {})
    attack(name, why, right(middle=_TELLS.replace("{line}", line)), deserves)


_tells("tells-of-a-builtin-class", "the student's end claims int", '["builtins:int"]')
_tells("tells-of-a-function-as-class", "it claims os.system", '["os:system", "builtins:int"]')
_tells("tells-of-the-answers", "it claims a name of the answers", '["answers:TOTAL"]')
_tells(
    "tells-of-a-class-without-end",
    "it claims a name of 10**6 letters",
    '["a:" + "b" * 10**6]',
    True,
)
_tells("tells-of-a-million-classes", "it claims a million classes", '["a:b"] * 10**6', True)
_tells("tells-of-no-class", "it claims a number", "[5]", True)
_tells("tells-of-a-class-with-markup", "it claims <script>", '["a:<script>mark(1)</script>"]', True)
_tells("tells-of-all-arrays", "it claims NumPy's array", '["numpy:ndarray"]')
_tells("tells-of-a-proxy", "it claims a proxy", '["proctor.rpc.proxies:FunctionProxy"]')

_ERRS = """
import sys
_server = sys.modules["proctor.rpc.server"]
_usual = _server.describe
def _describe(error, frames=(), number=0):
    told = list(_usual(error, frames, number))
    {change}
    return tuple(told)
_server.describe = _describe
def middle(values):
    raise ValueError("no")
"""


def _errs(name, why, change):
    attack(name, why, right(middle=_ERRS.replace("{change}", change)), without("middle"))


_errs(
    "raises-an-error-of-the-grader-s",
    "the error that it tells of is one of the grader's own",
    'told[0], told[6] = "WallTimeout", ("proctor.rpc.codec.framing:WallTimeout",)',
)
_errs(
    "raises-an-error-that-is-a-function",
    "the error that it tells of is a function",
    'told[0], told[6] = "system", ("os:system",)',
)
_errs(
    "raises-an-error-of-other-attributes",
    "the error's attributes would replace what the grader reads off it",
    'told[7] = (("__class__", 1), ("args", 2), ("__traceback__", 3), ("student_traceback", 4))',
)
_errs(
    "raises-an-error-of-a-thousand-classes",
    "the error derives from a thousand classes",
    'told[0], told[6] = "E", tuple(f"__main__:E{n}" for n in range(1000))',
)
_errs(
    "raises-an-error-that-is-none",
    "the error derives from what is none",
    'told[0], told[1], told[6] = "int", "int", ("builtins:int",)',
)

# -- names

_ALL = "total twice middle spell"


def _binds(name, why, code):
    attack(name, why, own(code))


_binds(
    "binds-type-and-isinstance",
    "the built-ins that a test asks are bound anew, and every function answers with a text",
    """
    type = isinstance = lambda *args: True
    total = twice = middle = spell = lambda *args: "yes"
    """,
)
_binds(
    "binds-globals-and-dir",
    "what asks for names is bound anew",
    """
    globals = locals = vars = dir = eval = callable = lambda *args: found(*args) or {}
    total = twice = middle = spell = lambda *args: found(*args, *map(repr, args))
    """,
)
_binds(
    "binds-numpy-by-its-name",
    "np, math and what a test compares with are bound anew, by many ways",
    """
    import sys, types
    np = math = types.SimpleNamespace(isclose=lambda *a: True, arange=lambda *a: [3])
    sys.modules["numpy"] = sys.modules["math"] = np
    get_ipython().push({"np": np, "math": np, "expected": 0, "note": "", "words": []})
    total = twice = middle = spell = lambda *args: np
    """,
)
_binds(
    "binds-what-hidden-lines-bind",
    "names that only hidden lines bind, before and while they run",
    """
    TOTAL = answer = expected = x = words = shout = counted = spent = loops = calls = got = 0
    def middle(values):
        globals().update(TOTAL=0, answer=0, expected=0, got=2, words=[None] * 5)
        return expected
    total = twice = spell = lambda *args: 0
    """,
)
_binds(
    "a-class-of-the-course-s-is-bound-anew",
    "names that cells of the course's bind become classes whose objects say yes",
    """
    class Same:
        __eq__ = lambda self, other: True
        __hash__ = None
        def __add__(self, other):
            return 16
    first = scale = count = double = Same()
    total = twice = middle = spell = lambda *args: Same()
    """,
)
_binds(
    "threads-call-what-was-passed-for-ever",
    "threads call a function of the test's during the call, after it and during others",
    """
    import threading
    def again(f, x):
        while True:
            try:
                f(x)
            except BaseException as error:
                found(error)
    def twice(f, x):
        for _ in range(20):
            threading.Thread(target=again, args=(f, x), daemon=True).start()
        return 0
    total = middle = spell = lambda *args: 0
    """,
)
_binds(
    "children-call-what-was-passed",
    "forks of the student's process call a function of the test's, and answer in its place",
    """
    import os
    def twice(f, x):
        for _ in range(10):
            if os.fork() == 0:
                try:
                    found(f(x), f(x))
                finally:
                    os._exit(0)
        return 0
    total = middle = spell = lambda *args: 0
    """,
)
_binds(
    "reads-what-hidden-lines-bind-anew",
    "each call looks in every namespace for values that only hidden lines have bound",
    """
    import gc
    def look(*args):
        everywhere = [d for d in gc.get_objects() if isinstance(d, dict) and "TOTAL" in d]
        found(dict(globals()), everywhere)
        for name in ("expected", "answer", "words", "got"):
            if name in globals():
                return globals()[name]
        return 0
    total = twice = middle = spell = look
    """,
)
attack(
    "a-file-that-would-be-imported",
    "modules of the names that tests import are written beside the notebook",
    own(
        """
        import os
        for name in ("answers", "numpy", "helper", "math", "time"):
            open(f"{name}.py", "w").write("TOTAL = 0\\nisclose = lambda *a: True\\n")
            os.makedirs(name, exist_ok=True)
            open(f"{name}/__init__.py", "w").write("TOTAL = 0\\n")
        total = twice = middle = spell = lambda *args: 0
        """
    ),
)
