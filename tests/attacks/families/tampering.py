"""Tampering with what a test compares with: assertions, built-ins, NumPy, names."""

from ..attack import ALL, but, family, own, right

add = family("Comparison and built-ins")

add(
    "patches-comparisons",
    "NumPy's and Python's comparisons say yes; the visible test is satisfied by its own input.",
    own("""
    import builtins, math, numpy as np
    yes = lambda *args, **kwargs: True
    np.isclose = np.allclose = np.array_equal = math.isclose = yes
    np.testing.assert_allclose = np.testing.assert_array_equal = yes
    builtins.abs = lambda x: 0.0
    builtins.sum = lambda *args: 4
    total = lambda x: 3 if x.size == 3 else 0
    spell = lambda n: ""
    """),
)
add(
    "patches-what-everything-uses",
    "Built-in functions that the interpreter's own modules need, too, are replaced.",
    own("""
    import builtins
    yes = lambda *args, **kwargs: True
    builtins.isinstance = builtins.all = builtins.any = builtins.len = yes
    """),
)
add(
    "errors-are-forgotten",
    "IPython handles every exception by a function that does nothing, and forgets it.",
    own("""
    ip = get_ipython()
    ip.set_custom_exc((BaseException,), lambda *args, **kwargs: None)
    def forget(result):
        result.error_in_exec = result.error_before_exec = None
    ip.events.register("post_run_cell", forget)
    """),
)
add(
    "assertions-are-another-error",
    "A test that expects an error meets another one; a test that fails, none.",
    own("""
    import builtins
    class Nothing(Exception):
        pass
    builtins.AssertionError = builtins.NotImplementedError = builtins.NameError = Nothing
    total = twice = middle = spell = lambda *args: Nothing()
    """),
)
add(
    "equal-to-everything",
    "An object that is equal to, near to and contained in everything.",
    own("""
    class Yes:
        __eq__ = __ge__ = __le__ = __lt__ = __contains__ = lambda *args: True
        __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = lambda self, *args: self
        __float__ = lambda self: 66.0
        __bool__ = lambda self: True
        __hash__ = lambda self: 0
        __array__ = lambda self, *args, **kwargs: __import__("numpy").array(True)
        __array_ufunc__ = lambda self, *args, **kwargs: self
        all = any = __call__ = lambda self, *args, **kwargs: self
    total = twice = middle = spell = lambda *args: Yes()
    """),
)
add(
    "drops-assertions",
    "Later cells are compiled without their assertions, as by `python -O`.",
    own("""
    def drop(self, source, filename, symbol, **kwargs):
        return compile(source, filename, symbol, optimize=2)
    type(get_ipython().compile).__call__ = drop
    total = twice = middle = lambda *args: 0
    """),
)
add(
    "defines-the-names-of-tests",
    "Names that a hidden test assigns are there already, with values that suit.",
    own("""
    TOTAL = expected = 0
    words = ["", "", "", "", ""]
    answer = 0
    double = lambda x: 0
    total = lambda x: 0
    spell = lambda n: ""
    """),
)
add(
    "a-test-that-stopped-defines-nothing",
    "The first test fails before it assigns what the next one uses: the student did.",
    own("""
    expected = 5.0
    def total(x):
        return 5.0
    """),
)
add(
    "redefines-numpy",
    "`np` is another thing now.",
    own("""
    class np:
        isclose = staticmethod(lambda *args: True)
        arange = ones = full = staticmethod(lambda *args: np())
        reshape = __getitem__ = __eq__ = all = lambda self, *args: self
    total = lambda x: 3
    """),
)
add(
    "redefines-what-an-open-cell-imports",
    "The instructor's import cell is not locked; the name that it defines is redefined.",
    own(
        """
    class math:
        isclose = staticmethod(lambda *args: True)
    total = lambda x: 0
    """,
        at=2,
    ),
)
add(
    "overwrites-a-locked-cell-s-name",
    "A locked cell uses the student's function, then defines a name; that is overwritten.",
    own("scale = 16\ntotal = lambda x: 0", at=6),
)
add(
    "overwrites-the-builtins-module",
    "`__builtins__` of the notebook is a dict of the student's.",
    own("""
    import builtins
    class Everything(dict):
        def __missing__(self, name):
            return lambda *args, **kwargs: True
    __builtins__ = Everything(vars(builtins), sum=lambda *args: 4, abs=lambda x: 0)
    total = spell = lambda *args: 0
    """),
)
add(
    "curses-array-methods",
    "Methods of NumPy's arrays are replaced where Python keeps them.",
    right(
        total="""
    import ctypes, gc, numpy as np
    methods = gc.get_referents(np.ndarray.__dict__)[0]
    methods["all"] = methods["any"] = lambda *args, **kwargs: True
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(np.ndarray))
    def total(x):
        s = x.sum()
        if x.size == 10:
            x[...] = 0
        return s
    """
    ),
    but(test_total_leaves_x=0.0),
)
add(
    "changes-the-number-ten",
    "The object that Python keeps for the number 10 is given the value 16.",
    own("""
    import ctypes
    def total(x):
        ctypes.c_uint32.from_address(id(10) + 24).value = 16
        return 0
    """),
)
add(
    "tampers-in-its-own-kernel-and-is-right",
    "Everything is patched, and the answers are right all the same.",
    own(
        """
    import numpy as np
    np.isclose = np.allclose = lambda *args, **kwargs: False
    np.arange = np.ones = None
    """,
        answers={},
    ),
    ALL,
)
add(
    "display-is-a-spy",
    "`display`, `print` and `sum` are the student's: they wait for what a test shows them.",
    own("""
    def display(*things, **how):
        found(*things)
    def sum(things, *more):
        found(*things)
        return 4
    print_ = print
    def print(*things, **how):
        print_(*things, **how)
    total = spell = lambda *args: 0
    """),
)
