"""Time, memory, output and disk: accidents more often than attacks."""

from nbformat.v4 import new_code_cell

from ..attack import ALL, but, family, notebook, own, right, without

add = family("Resources")

LOST = but(test_middle=0.0)


def _middle(name, why, source, deserves=LOST):
    add(name, why, right(middle=source), deserves)


_middle("never-returns", "`while True` in a function.", "def middle(values):\n    while True: pass")
_middle(
    "swallows-interrupts",
    "It catches every interrupt and goes on.",
    """
    def middle(values):
        while True:
            try:
                while True: pass
            except BaseException: pass
    """,
)
_middle(
    "computes-in-c",
    "A power of enormous numbers: no interrupt gets through.",
    "def middle(values):\n    return pow(7, 10**9) % 10",
)
_middle(
    "sleeps-in-its-own-cell",
    "An endless cell of the student's, and right answers: it costs its limit once.",
    """
    def middle(values):
        return sorted(values)[len(values) // 2]
    import time
    time.sleep(1000)
    """,
    ALL,
)
add(
    "swallows-interrupts-in-its-own-cell",
    "The kernel has to be replaced: what the other cells defined is there again.",
    own(
        """
    while True:
        try:
            while True: pass
        except BaseException: pass
    """,
        answers={},
        at=6,
    ),
    ALL,
)
add(
    "very-many-endless-cells",
    "Two hundred cells of their own that never end: the notebook's limit holds.",
    notebook(lambda book: book.cells.extend(new_code_cell("while True: pass") for _ in range(200))),
    ALL,
)
add(
    "calls-back-for-ever",
    "It asks the grader's side to do the endless work.",
    right(twice="def twice(f, x):\n    while True: f(x)"),
    but(test_twice=0.0),
)
_middle(
    "asks-for-a-terabyte",
    "More memory than there is, at once.",
    "def middle(values):\n    return bytearray(1 << 40)",
)
_middle(
    "eats-memory-slowly",
    "A hundred megabytes at a time without end, and every refusal is ignored.",
    """
    import numpy as np
    def middle(values):
        kept = []
        while len(kept) < 60:
            try:
                kept.append(np.ones(100 << 17))
            except MemoryError:
                pass
        return 2
    """,
)
_middle(
    "prints-one-enormous-line",
    "Fifty million characters.",
    "def middle(values):\n    print('x' * 50_000_000)\n    return sorted(values)[1]",
    ALL,
)
_middle(
    "prints-without-end",
    "Lines and lines.",
    "def middle(values):\n    while True: print('and so on', flush=True)",
)
_middle(
    "writes-to-descriptor-1",
    "Eighty megabytes past Python's own `print`.",
    """
    import os
    def middle(values):
        try:
            for _ in range(80):
                os.write(1, b"y" * 1_000_000)
        except OSError:
            pass
        return sorted(values)[1]
    """,
    ALL,
)
_middle(
    "displays-very-often",
    "Twenty thousand outputs of one character.",
    """
    from IPython.display import display
    def middle(values):
        return sorted(values)[1]
    for _ in range(20_000):
        display({"text/plain": "."}, raw=True)
    """,
    ALL,
)
_middle(
    "recurses-deeply",
    "The limit of recursion is lifted, and the stack used up.",
    """
    import sys
    sys.setrecursionlimit(10**9)
    def middle(values):
        return sorted([middle(values)])[0]
    """,
)
_middle(
    "fills-the-disk",
    "Files of fifty megabytes until there is no place, at most two gigabytes.",
    """
    import os
    def middle(values):
        try:
            for number in range(40):
                with open(f"{number}.bin", "wb") as file:
                    file.write(bytes(50_000_000))
            reached("two gigabytes of disk")
        except OSError:
            pass
        return sorted(values)[1]
    """,
    ALL,
)
_middle(
    "one-very-large-file",
    "A hole of a terabyte, and a file that grows past every limit.",
    """
    def middle(values):
        try:
            with open("hole", "wb") as file:
                file.truncate(1 << 40)
            reached("a file of a terabyte")
        except OSError:
            pass
        return sorted(values)[1]
    """,
    ALL,
)
_middle(
    "opens-very-many-files",
    "Descriptors until there are none.",
    """
    def middle(values):
        kept = []
        try:
            for _ in range(100_000):
                kept.append(open("/dev/null"))
        except OSError:
            pass
        return sorted(values)[1]
    """,
    ALL,
)
_middle(
    "returns-300-megabytes",
    "More than may cross.",
    "def middle(values):\n    return b'z' * 300_000_000",
)
add(
    "returns-much-of-nothing",
    "An array of very many elements that takes one byte, until a test does something with it.",
    right(
        total="""
    import numpy as np
    def total(x):
        # of twice as many, a test's own arithmetic can use up the notebook's time on a busy machine
        return 3 if x.size == 3 else np.broadcast_to(np.int8(0), 1 << 25)
    """
    ),
    without("total"),
)
_middle(
    "returns-two-million-items",
    "A list with more items than may cross.",
    "def middle(values):\n    return [[]] * 2_000_000",
)
_middle(
    "raises-a-very-long-message",
    "An exception of a hundred megabytes, with a chain of causes.",
    """
    def middle(values):
        try:
            raise KeyError("k" * 50_000_000)
        except KeyError as error:
            raise ValueError("v" * 50_000_000) from error
    """,
)
_middle(
    "returns-an-endless-generator",
    "A generator that a test would follow for ever.",
    "def middle(values):\n    import itertools\n    return itertools.count()",
)
