"""Values of libraries and of Python's own that are not what they say."""

from ..attack import but, family, own, right, without

attack = family("Values as data")

# -- classes of the student's own, whose comparison says yes

attack(
    "a-fraction-that-equals-all",
    "a subclass of Fraction with its own comparison",
    right(
        middle="""
        from fractions import Fraction
        class Same(Fraction):
            def __eq__(self, other):
                return True
            __hash__ = None
        def middle(values):
            return Same(1, 3)
        """
    ),
    without("middle"),
)
attack(
    "a-decimal-that-equals-all",
    "a subclass of Decimal with its own comparison",
    right(
        middle="""
        from decimal import Decimal
        class Same(Decimal):
            __eq__ = lambda self, other: True
            __hash__ = None
        middle = lambda values: Same(7)
        """
    ),
    without("middle"),
)
attack(
    "a-counter-that-equals-all",
    "a subclass of Counter with its own comparison, and a sum that is right",
    right(
        middle="""
        from collections import Counter
        class Same(Counter):
            def __eq__(self, other):
                return True
            __hash__ = None
        middle = lambda values: Same(values)
        """
    ),
    without("middle"),
)
attack(
    "a-named-tuple-that-equals-all",
    "a named tuple of a class with its own comparison",
    right(
        middle="""
        from collections import namedtuple
        class Same(namedtuple("Same", "count index")):
            def __eq__(self, other):
                return True
            __hash__ = None
        middle = lambda values: Same(1, 1)
        """
    ),
    without("middle"),
)
attack(
    "a-dataclass-that-equals-all",
    "a frozen dataclass with its own comparison",
    right(
        middle="""
        from dataclasses import dataclass
        @dataclass(frozen=True, order=True)
        class Same:
            x: int
            def __eq__(self, other):
                return True
            __hash__ = None
        middle = lambda values: Same(1)
        """
    ),
    without("middle"),
)
attack(
    "a-dataclass-dressed-up",
    "a class that says that it is a frozen dataclass, with methods that say whence they come",
    right(
        middle="""
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class Same:
            x: int
        code = "lambda self, other: True"
        Same.__eq__ = eval(compile(code, "<string>", "eval"))
        Same.__radd__ = Same.__rsub__ = Same.__abs__ = Same.__eq__
        middle = lambda values: Same(2)
        """
    ),
    without("middle"),
)
attack(
    "a-day-in-a-zone-that-lies",
    "a time in a zone of the student's own, with an offset and a name that say yes",
    right(
        total="""
        import datetime
        class Zone(datetime.tzinfo):
            def utcoffset(self, when):
                return datetime.timedelta(0)
            def tzname(self, when):
                found(open("/proc/self/environ").read())
                return "UTC"
            def __eq__(self, other):
                return True
            __hash__ = None
        total = lambda x: datetime.datetime(2026, 1, 1, tzinfo=Zone())
        """
    ),
    but(
        test_total=0.0,
        test_total_leaves_x=0.0,
        test_total_does_not_loop=0.0,
        test_scale=0.0,
    ),
)
attack(
    "an-array-of-objects-that-equal-all",
    "an array of objects, each of which equals all",
    right(
        middle="""
        import numpy as np
        class Same:
            __eq__ = lambda self, other: True
            __bool__ = lambda self: True
            __hash__ = None
        middle = lambda values: np.array([Same()], dtype=object)
        """
    ),
    without("middle"),
)
attack(
    "an-array-of-objects-of-many-truths",
    "an array of objects of no shape, which holds what equals all",
    right(
        middle="""
        import numpy as np
        class Same(int):
            __eq__ = lambda self, other: True
            __hash__ = int.__hash__
        middle = lambda values: np.array(Same(9), dtype=object)
        """
    ),
    without("middle"),
)
attack(
    "a-default-that-answers",
    "a defaultdict whose missing keys are made by the student's function",
    right(
        middle="""
        from collections import defaultdict
        class Same(defaultdict):
            __eq__ = lambda self, other: True
            __hash__ = None
        middle = lambda values: Same(lambda: found(globals()))
        """
    ),
    without("middle"),
)

# -- converters of the student's process that say something else

_FORGE = '''
import sys

def forged(name, data):
    """Have the student's end send this code for whatever is no number."""
    codec = sys.modules["proctor.rpc.codec.encode"].Codec
    usual = codec._value
    codec._value = lambda self, value, out: (
        ["v", name, data] if type(value) is Forged else usual(self, value, out)
    )

class Forged:
    pass

forged(%s)
def middle(values):
    return Forged()
'''


def _forged(name, why, code):
    attack(name, why, right(middle=_FORGE % code), without("middle"))


_forged(
    "a-forged-zone-by-a-way-upwards",
    "the student's end sends a time zone that is a path to the grader's files",
    '"zoneinfo.ZoneInfo", "../../../../@COURSE@/grader/answers.py"',
)
_forged(
    "a-forged-decimal-without-end",
    "the student's end sends a decimal of 10**9 digits, which a message would write out",
    '"decimal.Decimal", "1E+999999999"',
)
_forged(
    "a-forged-fraction-of-nothing",
    "the student's end sends a fraction whose denominator is 0",
    '"fractions.Fraction", ["t", [2, 0]]',
)
_forged(
    "a-forged-array-with-a-reference",
    "the student's end sends an array of objects that refers to one of the test's functions",
    '"numpy.ndarray", ["t", [["l", [1]], ["l", [["@", 1]]]]]',
)
_forged(
    "a-forged-class-by-name",
    "the student's end sends the name of a function in place of a class",
    '"os.system", "true"',
)
_forged(
    "a-forged-path-to-the-answers",
    "the student's end sends a path that the test would follow into the grader's files",
    '"pathlib.PosixPath", "@COURSE@/grader/answers.py"',
)

attack(
    "frames-of-a-library-that-is-not-there",
    "the student's cell makes a module of the name of a library, whose class lies",
    own(
        """
        import sys, types
        fake = types.ModuleType("pandas")
        class DataFrame:
            __eq__ = lambda self, other: True
            __bool__ = lambda self: True
            def equals(self, other):
                return True
        fake.DataFrame = fake.Series = fake.Index = DataFrame
        sys.modules["pandas"] = fake
        total = lambda x: DataFrame()
        middle = lambda values: DataFrame()
        twice = lambda f, x: DataFrame()
        spell = lambda n: DataFrame()
        class Counter:
            pass
        """
    ),
)
