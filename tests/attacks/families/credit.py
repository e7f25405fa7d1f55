"""Partial credit: a test's value is its points, and a student would like to say which."""

from ..attack import ALL, but, family, own, right

add = family("Partial credit")

NONE_SPELLED = but(test_spell=0.0)


def _spell(name, why, source, deserves=NONE_SPELLED, **more):
    add(name, why, right(spell=source), deserves, **more)


_spell(
    "half-of-it",
    "No attack: two of four words are right.",
    "def spell(n):\n    return {1: 'one', 2: 'two'}.get(n, '')",
    but(test_spell=2.0),
)
_spell(
    "prints-its-points",
    "The maximum is printed, displayed and written to the output.",
    """
    import os, sys
    from IPython.display import display
    def spell(n):
        for text in ("4", "4.0", "Out[10]: 4"):
            print(text)
            display({"text/plain": text}, raw=True)
            sys.__stdout__.write(text)
            os.write(1, text.encode())
        return ""
    """,
)
_spell(
    "equal-by-a-hundred",
    "A comparison whose result is a hundred: more than the maximum.",
    """
    class Hundred(str):
        __eq__ = lambda self, other: 100
        __hash__ = str.__hash__
    def spell(n):
        return Hundred("")
    """,
)
_spell(
    "equal-by-minus-one",
    "A negative sum is full marks in nbgrader.",
    """
    class Minus(str):
        __eq__ = lambda self, other: -1
        __hash__ = str.__hash__
    def spell(n):
        return Minus("")
    """,
)
_spell(
    "equal-by-words",
    "A sum that is no number is full marks in nbgrader.",
    """
    class Sum:
        __radd__ = __add__ = lambda self, other: self
        __repr__ = lambda self: "well done"
    class Word(str):
        __eq__ = lambda self, other: Sum()
        __hash__ = str.__hash__
    def spell(n):
        return Word("")
    """,
)
_spell(
    "equal-by-an-array",
    "A sum of NumPy's that has no place, which nbgrader takes for no number.",
    "import numpy as np\ndef spell(n):\n    return np.array('x')",
)
_spell(
    "equal-by-many",
    "A sum that is an array of two: no number of points.",
    "import numpy as np\ndef spell(n):\n    return np.array(['one', 'two'])",
)
_spell(
    "an-array-of-one-word",
    "An accident: the word in an array of one, and one of four is wrong.",
    """
    import numpy as np
    WORDS = np.array([["zero", "one", "two", "three", "vier"]])
    def spell(n):
        return WORDS[:, n]
    """,
    but(test_spell=3.0),
)
_spell(
    "not-a-number-of-points",
    "A sum that is not a number.",
    """
    class Nan(str):
        __eq__ = lambda self, other: float("nan")
        __hash__ = str.__hash__
    def spell(n):
        return Nan("")
    """,
)
add(
    "a-hundred-points-in-its-own-kernel",
    "A test that runs in the student's kernel is given a value above its maximum.",
    right(
        counter="""
    class Counter:
        def __add__(self, n):
            return self
    get_ipython().ast_transformers.append(type("T", (), {"visit": lambda self, tree:
        __import__("ast").parse("100")})())
    """
    ),
    # it is in the student's hands: up to the maximum, and nothing else suffers
    ALL,
)
add(
    "a-hundred-points-for-a-cell-of-its-own",
    "A cell of the student's whose value is a hundred.",
    own("100"),
)
