"""What comes back: objects that are not what they seem, and the wall's own language."""

from ..attack import ALL, NONE, but, family, right, without

add = family("Returned objects")

NO_TOTAL = without("total")


def _total(name, why, source, deserves=NO_TOTAL):
    add(name, why, right(total=source), deserves)


_total(
    "an-array-that-lies",
    "A subclass of ndarray whose comparisons and arithmetic say yes.",
    """
    import numpy as np
    class Lying(np.ndarray):
        __eq__ = lambda self, other: True
        __sub__ = __rsub__ = __abs__ = lambda self, *other: np.float64(0)
        __array_ufunc__ = lambda self, *args, **kwargs: np.True_
        __array_function__ = lambda self, *args, **kwargs: np.True_
        __float__ = lambda self: 66.0
    def total(x):
        return np.zeros(()).view(Lying)
    """,
)
_total(
    "numbers-that-lie",
    "Subclasses of int, float and NumPy's scalars with comparisons of their own.",
    """
    import numpy as np
    def lying(kind):
        yes = lambda self, *other: True
        near = lambda self, *other: 0.0
        return type(kind.__name__, (kind,), dict(
            __eq__=yes, __lt__=yes, __le__=yes, __ge__=yes, __bool__=yes, __hash__=kind.__hash__,
            __sub__=near, __rsub__=near, __abs__=near,
            __add__=lambda self, other: 16, __radd__=lambda self, other: 16,
        ))
    def total(x):
        kinds = [lying(int), lying(float), lying(np.float64)]
        total.calls = getattr(total, "calls", 0) + 1
        return kinds[total.calls % 3](0)
    """,
)
_total(
    "an-array-of-objects",
    "An array whose elements are objects with methods.",
    """
    import numpy as np
    class Yes:
        __eq__ = __lt__ = __le__ = __ge__ = __bool__ = lambda *args: True
        __sub__ = __rsub__ = __abs__ = __add__ = __mul__ = lambda self, *other: self
        __float__ = lambda self: 66.0
    def total(x):
        a = np.empty((), object)
        a[()] = Yes()
        return a
    """,
)
_total(
    "converts-itself-when-asked",
    "`__array__`, `__float__`, `__index__` and `__array_interface__` say what is wanted.",
    """
    import numpy as np
    class Lazy:
        def __array__(self, *args, **kwargs):
            return np.array([66.0, 30.0, 3.0][np.random.randint(3)])
        __float__ = lambda self: 66.0
        __index__ = __int__ = lambda self: 3
        __len__ = lambda self: 1
        __iter__ = lambda self: iter([66.0])
        __array_interface__ = property(lambda self: np.array(66.0).__array_interface__)
        __eq__ = lambda self, other: True
        __getattr__ = lambda self, name: lambda *args, **kwargs: True
    def total(x):
        return Lazy()
    """,
)
_total(
    "sees-what-it-is-compared-with",
    "Its comparison prints and remembers the other side, and agrees with it.",
    """
    class Spy(float):
        def __eq__(self, other):
            print("compared with", other)
            return True
        __lt__ = __le__ = __ge__ = __eq__
        def __rsub__(self, other):
            print("subtracted from", other)
            return 0.0
        __sub__ = __rsub__
        __hash__ = float.__hash__
    def total(x):
        return Spy(0)
    """,
)
_total(
    "runs-code-when-it-is-unpickled",
    "`__reduce__`, `__setstate__`, `__deepcopy__` and `__del__` of what is returned.",
    """
    import os
    class Bomb:
        def __reduce__(self):
            return os.system, ("touch @COURSE@/pwned-@NAME@",)
        __reduce_ex__ = lambda self, protocol: self.__reduce__()
        __deepcopy__ = __copy__ = lambda self, *memo: 66.0
        __getstate__ = lambda self: {"x": self}
    def total(x):
        return Bomb()
    """,
)
_total(
    "another-class-by-its-attributes",
    "`__class__`, the metaclass's `__instancecheck__` and the class's name are others'.",
    """
    import numpy as np
    class Meta(type):
        __instancecheck__ = __subclasscheck__ = lambda *args: True
        __name__ = property(lambda cls: "ndarray")
        __mro__ = property(lambda cls: (np.ndarray, object))
    class Fake(metaclass=Meta):
        __class__ = property(lambda self: np.ndarray)
        shape = ()
        dtype = np.dtype(float)
        __eq__ = lambda self, other: True
    def total(x):
        return Fake()
    """,
)
_total(
    "nan",
    "Not a number: neither less nor more than anything.",
    "def total(x):\n    return float('nan')",
)
_total(
    "an-enormous-number",
    "An integer of a hundred thousand digits, whose text is refused.",
    "def total(x):\n    return 10 ** 100_000",
)
_total(
    "contains-itself",
    "A list and a dict that contain themselves, and a very deep one.",
    """
    def total(x):
        a = []
        a.append(a)
        b = {"a": a}
        b["b"] = b
        for _ in range(100_000):
            a = [a]
        return [a, b]
    """,
)
_total(
    "changes-after-it-was-returned",
    "A thread goes on writing into the array that was returned.",
    """
    import threading, time
    import numpy as np
    def total(x):
        a = np.zeros(())
        def change():
            for _ in range(100):
                for value in (3.0, 66.0, 30.0, 10.0, 6.0):
                    a[()] = value
                    time.sleep(0.0005)
        threading.Thread(target=change, daemon=True).start()
        return a
    """,
)
_total(
    "an-empty-answer",
    "An array of no elements: all of them are right.",
    "def total(x):\n    import numpy as np\n    return np.zeros((0,))",
)
_total(
    "a-masked-answer",
    "A masked array, whose comparisons are masked.",
    "def total(x):\n    import numpy as np\n    return np.ma.masked_all(())",
)
_total(
    "raises-what-ends-a-test",
    "SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration and an error with no message.",
    """
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError
        __repr__ = __str__
        __name__ = 7
        args = property(lambda self: 1 / 0)
    errors = [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), StopIteration(), Odd()]
    def total(x):
        errors.append(errors[0])
        raise errors.pop(0)
    """,
)
_total(
    "raises-a-group-that-contains-itself",
    "Exceptions that are each other's cause, in groups.",
    """
    def total(x):
        a, b = ValueError("a"), KeyError("b")
        a.__cause__, b.__context__ = b, a
        group = ExceptionGroup("group", [a, b])
        a.__context__ = group
        raise group from a
    """,
)
_total(
    "changes-its-argument",
    "An accident: the argument is changed in place.",
    "def total(x):\n    s = x.sum()\n    if x.size < 100:\n        x += 1\n    return s",
    # the first test goes on with the changed x, as it would in one process
    but(test_total=0.0, test_total_leaves_x=0.0),
)
_total(
    "a-warning-on-stderr",
    "An accident: NumPy warns, or something is printed on stderr.",
    "def total(x):\n    import sys, warnings\n    warnings.warn('careful')\n"
    "    print('careful', file=sys.stderr)\n    return x.sum()",
    ALL,
)
_total(
    "half-a-character",
    "An accident: text with half of a character, which no file can hold.",
    """
    print("half: \\ud83d")
    def total(x):
        print("half: \\ud83d")
        raise ValueError("half: \\ud83d")
    """,
)

# --- the wall's own language ----------------------------------------------------------------------

_SOCKET = '''
import os, socket, stat, struct, json

def wall():
    """The socket to the grader."""
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                sock = socket.socket(fileno=os.dup(number))
                if sock.family == socket.AF_UNIX:
                    return sock
        except OSError:
            pass
    raise OSError("no wall")


SECTIONS = "things wholes blocks arrays shells tuples updates released lent".split()


def frame(op, values, **sections):
    text = json.dumps([op, values, *(sections.get(name, []) for name in SECTIONS)]).encode()
    return struct.pack("<4sII", b"wall", len(text), 0) + text

RECORD = ["r", [f"f{i}" for i in range(60_000)], [["a", "|b1", [60_000_000]]] * 60_000,
          [0] * 60_000, 60_000_000]
TEXT = json.dumps(["ok", [["@", -9001]], [], [[-9001, -9000, [1], RECORD, "C", True, True, 0]],
                   *([] for _ in range(7))]).encode()
'''


def _says(name, why, frames, deserves=NO_TOTAL):
    source = "    sock = wall()\n" + "\n".join(f"    sock.sendall({one})" for one in frames)
    add(
        name,
        why,
        right(total=f"{_SOCKET}\n\ndef total(x):\n{source}\n    return 0"),
        deserves,
    )


_says(
    "answers-twice",
    "Answers to questions that are still to come wait in the socket.",
    [f'frame("ok", [{value}])' for value in ("3.0", "3.0", "66.0", "30.0", '["n", "bool"]', '"x"')],
    NONE,  # from then on each question of its kernel gets the answer to another
)
_says(
    "sends-rubbish", "What is sent is no message.", ["os.urandom(100)", 'b"wall" + b"\\xff" * 64']
)
_says(
    "announces-an-enormous-message",
    "A message of four gigabytes is announced, and never comes.",
    ['struct.pack("<4sII", b"wall", 0xFFFFFFFF, 0xFFFFFFFF)'],
)
_says(
    "calls-what-was-never-passed",
    "Functions of the grader are called by guessed numbers.",
    [f'frame("call", [["@", {number}], 0])' for number in (1, 2, 3, 7)],
)
_says(
    "refers-to-the-grader-s-objects",
    "The answer is an object of the grader's, by its number, which the answer also changes.",
    [
        'frame("ok", [["@", 1]], updates=[[1, [66.0]], [2, "Zm9v"]])',
        'frame("ok", [["@", 2]], released=[1, 2, 3], lent=[1, 2])',
    ],
)
_says(
    "raises-the-grader-s-errors",
    "An error of a name that ends a test, and one that the grader raised itself.",
    ['frame("error", ["SystemExit", "Exception", [], "", [], 1])'],
)
_says(
    "an-array-outside-its-memory",
    "A view that reaches beyond the bytes that came with it.",
    [
        'frame("ok", [["@", -901]], blocks=[[-900, 8, 0]], updates=[[-900, 0]], '
        'arrays=[[-901, -900, 0, [1 << 40], [8], "<f8", True]])',
        'frame("ok", [["@", -903]], wholes=[[-903, -902, [1 << 40], "<f8", "C", True, True, 0]])',
    ],
)
_says(
    "very-deep-and-very-many",
    "A message that is nested a hundred thousand times.",
    [
        'struct.pack("<4sII", b"wall", 200_000, 0) + b"[" * 100_000 + b"]" * 100_000',
    ],
)
_says(
    "a-hash-that-doubles",
    "A pair of the same pair, sixty times over: its hash takes a hundred years.",
    [
        'frame("ok", [["fs", [["@", -9059]]]], tuples=[[-9000, ["t", [1]]], *('
        '[-9000 - n, ["t", [["@", -8999 - n]] * 2]] for n in range(1, 60))])',
    ],
)
_says(
    "one-key-many-times",
    "A tuple of a hundred thousand numbers is the key of sixty thousand entries.",
    [
        'frame("ok", [["fs", [["@", -9000]] * 60_000]], '
        'tuples=[[-9000, ["t", [*range(100_000)]]]])',
    ],
)
_says(
    "fields-on-top-of-each-other",
    "A record of sixty thousand fields that all lie in the same sixty megabytes.",
    [
        'struct.pack("<4sII", b"wall", len(TEXT), 1) + struct.pack("<Q", 60_000_000) + TEXT',
        "bytes(60_000_000)",
    ],
)
add(
    "a-handle-of-a-dead-kernel",
    "The kernel ends while a test holds one of its objects.",
    right(
        middle="""
    import os, threading
    class Answer:
        def __iter__(self):
            os._exit(0)
        __len__ = __getitem__ = __getattr__ = __call__ = __iter__
    def middle(values):
        return Answer()
    """
    ),
    but(test_middle=0.0),
)
