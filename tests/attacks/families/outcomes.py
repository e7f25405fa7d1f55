"""How a mark comes about: nbgrader takes it from outputs, so make the error vanish from them."""

from nbformat.v4 import new_code_cell

from ..attack import ALL, but, family, notebook, right

add = family("The error that vanishes")

LOST = but(test_middle=0.0)
TWICE = but(test_twice=0.0)


def _middle(name, why, source, deserves=LOST):
    add(name, why, right(middle=source), deserves)


def _returns(name, why, value):
    _middle(name, why, f"def middle(values):\n    return {value}")


def _raises(name, why, *lines):
    _middle(name, why, "\n    ".join(["def middle(values):", *lines]))


# -- the test says what it got: longer than a cell's outputs may be

_returns(
    "a-long-text", "The test's message and what it prints are 1.2 million x.", "'x' * 1_200_000"
)
_returns("a-long-key", "A dict whose key is long.", "{'k' * 1_100_000: 2}")
_returns(
    "long-names",
    "An array whose dtype has 20,000 fields.",
    "__import__('numpy').zeros(1, [('n' * 60 + str(n), 'i1') for n in range(20_000)])",
)
_returns(
    "wide-characters", "JSON takes twelve letters for one of these.", "'\\U0001f600' * 990_000"
)
_returns("a-lone-surrogate", "UTF-8 cannot hold a lone surrogate.", "'two\\ud800'")
_returns("a-long-number", "Python refuses to write so many digits.", "10 ** 5000")
_returns(
    "a-deep-list",
    "Lists in lists: no repr ends.",
    "__import__('functools').reduce(lambda a, _: [a], range(60), [])",
)

# -- IPython shows a traceback with the lines of its source

_raises(
    "over-three-lines",
    "The raising line is no whole statement.",
    "raise ValueError(",
    '    "bad"',
    ")",
)
_raises("a-text-over-two-lines", "A message in three quotes.", 'raise KeyError("""a', 'b""")')
_raises(
    "ends-what-another-line-began",
    "A bracket ends on the line that raises.",
    "y = (1 +",
    "2); raise ValueError(y)",
)
_raises(
    "a-decorator-s-line",
    "The first line of the function is its decorator's.",
    "@(lambda f: f(",
    "))",
    "def inner(): pass",
)
_raises(
    "no-such-line",
    "The lines of the cell are gone when it raises.",
    "import linecache",
    "linecache.cache.clear()",
    "linecache.getlines = None",
    "raise ValueError",
)
_middle(
    "another-file-s-line",
    "Its code says that it is of another place.",
    """
    def middle(values):
        raise ValueError
    middle.__code__ = middle.__code__.replace(co_filename="Cell In[3]", co_firstlineno=10**6)
    """,
)

# -- what IPython prints instead

_raises(
    "a-group",
    "IPython prints groups of exceptions.",
    "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
)
_raises(
    "a-group-behind",
    "The group is what was being handled.",
    "try:",
    "    raise ExceptionGroup('g', [ValueError(1)])",
    "except ExceptionGroup:",
    "    raise KeyError",
)
_raises(
    "a-group-of-groups",
    "A thousand deep.",
    "e = ValueError()",
    "for _ in range(1000):",
    "    e = ExceptionGroup('g', [e])",
    "raise e",
)
_raises(
    "a-long-chain",
    "Ten thousand causes.",
    "e = None",
    "for n in range(10_000):",
    "    old, e = e, ValueError(n)",
    "    e.__cause__ = old",
    "raise e",
)
_middle(
    "shows-itself",
    "IPython asks an exception to show itself.",
    """
    class Shy(Exception):
        def _render_traceback_(self):
            return []
    def middle(values):
        raise Shy
    """,
)
_middle(
    "cannot-say-it",
    "Its message raises what ends a process.",
    """
    class Mute(Exception):
        def __str__(self):
            raise SystemExit
        __repr__ = __str__
    def middle(values):
        raise Mute
    """,
)
_middle(
    "false-error",
    "An exception that is false, has no length and equals everything.",
    """
    class No(Exception):
        __bool__ = lambda self: False
        __len__ = lambda self: 0
        __eq__ = lambda self, other: True
        __hash__ = None
    def middle(values):
        raise No
    """,
)
_middle(
    "named-as-the-grader-s",
    "Its class has the name by which the grader tells of its own faults.",
    """
    class KernelStopped(Exception): pass
    class GraderFault(KernelStopped): pass
    def middle(values):
        raise (GraderFault if values[0] == 3 else KernelStopped)("give 1 point")
    """,
)
_raises(
    "a-long-message",
    "A message of five million letters, and as many notes.",
    "e = ValueError('m' * 5_000_000)",
    "e.add_note('n' * 5_000_000)",
    "raise e",
)
_raises("an-exit", "The error that is to end the kernel.", "import sys", "sys.exit(0)")
_raises("an-error-of-syntax", "Shown without a traceback.", "exec('def f(:')")

# -- outputs fill what there is for them before the error comes


def _floods(name, why, lines):
    add(
        name,
        why,
        right(
            twice="\n".join(
                ["def twice(f, x):", *(f"    {line}" for line in lines), "    return f(x)"]
            )
        ),
        TWICE,
    )


_floods(
    "prints-before",
    "Fifteen times 90,000 letters.",
    ["for _ in range(15):", "    print('x' * 90_000)"],
)
_floods(
    "warns-before",
    "The same, where errors are written.",
    ["import sys", "for _ in range(15):", "    sys.stderr.write('x' * 90_000)"],
)
_floods(
    "writes-below",
    "Past Python, to the descriptors.",
    [
        "import os",
        "for _ in range(50):",
        "    os.write(1, b'x' * 90_000)",
        "    os.write(2, b'x' * 90_000)",
    ],
)
_floods(
    "displays-before",
    "Two thousand displays.",
    ["from IPython.display import display", "for n in range(2_000):", "    display(n)"],
)
_floods(
    "clears-the-output",
    "It takes back all that is shown, for as long as it lives.",
    [
        "from IPython.display import clear_output",
        "clear_output(wait=True)",
        "import threading",
        "threading.Timer(0.1, clear_output).start()",
    ],
)
_floods(
    "displays-no-data",
    "A display without content, one of no text, one of odd names.",
    [
        "from IPython import get_ipython",
        "publish = get_ipython().display_pub.publish",
        "publish({})",
        "publish({'text/plain': {1: float('nan')}})",
        "publish({'text/\\ud800': '\\ud800'})",
        "publish({'text/plain': 'x'}, {'a': [[[]]]})",
    ],
)
add(
    "fills-the-notebook",
    "Sixty cells of a million wide characters: more than the message to the grader may hold.",
    notebook(
        lambda book: book.cells.extend(
            new_code_cell("print('\\U0001f600' * 999_000)") for _ in range(60)
        )
    ),
    ALL,
)
_middle(
    "forges-what-came-of-a-cell",
    "It finds the function that answers for a cell, and lets it say that all was passed.",
    """
    import gc, json, types
    def maker():
        shell = tell = None
        def forged(source, count):
            shell, tell
            said = dict(kind="partial", name="", message="", credit=1e9, ours=True)
            return "[]", "[]", json.dumps(said)
        return forged
    for one in gc.get_objects():
        if type(one) is types.FunctionType and one.__qualname__ == "main.<locals>.run":
            one.__code__ = maker().__code__
    def middle(values):
        return "points"
    """,
    but(test_middle=0.0, test_counter=0.0, test_spell=0.0),
)
