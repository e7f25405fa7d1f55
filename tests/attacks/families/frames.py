"""Reading a test from within: frames, memory, history, what a test passes in."""

from ..attack import ALL, family, own, right

add = family("Frames, memory and history")

add(
    "reads-the-frames",
    "The callers' variables and constants.",
    right(
        total="""
    import sys
    def total(x):
        if not once():
            return x.sum()
        frame, seen = sys._getframe(), []
        while frame is not None:
            seen += [frame.f_code.co_consts, frame.f_code.co_names]
            seen += [repr(v)[:10_000] for v in [*frame.f_locals.values(), *frame.f_globals]]
            frame = frame.f_back
        found(*seen)
        return x.sum()
    """
    ),
    ALL,
)
add(
    "reads-all-objects",
    "Every text and every code object that the collector of garbage knows.",
    right(
        total="""
    import gc
    def total(x):
        if once():
            seen = []
            for thing in gc.get_objects():
                if isinstance(thing, (dict, tuple, list)) and len(thing) < 10_000:
                    try:
                        values = thing.values() if isinstance(thing, dict) else thing
                        seen += [v for v in values if type(v) is str and "anary" in v]
                    except RuntimeError:
                        pass
                elif hasattr(thing, "__code__") and hasattr(thing.__code__, "co_consts"):
                    seen += [str(thing.__code__.co_consts)]
            found(*seen)
        return x.sum()
    """
    ),
    ALL,
)
add(
    "reads-its-memory",
    "All of the process's own memory, where a test may have been before the fork.",
    right(
        middle="""
    import re
    def middle(values):
        seen = set()
        pattern = re.compile(b"canary[-_]in[-_][a-z_-]{5,40}")
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                where, rights, *rest = line.split()
                if "rw" not in rights or rest[-1:] in (["[vvar]"], ["[vsyscall]"]):
                    continue
                start, end = (int(n, 16) for n in where.split("-"))
                if end - start > 200_000_000:
                    continue
                try:
                    memory.seek(start)
                    seen.update(pattern.findall(memory.read(end - start)))
                except (OSError, ValueError, OverflowError):
                    pass
        found(*(s.decode() for s in seen))
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "reads-the-history",
    "IPython's history, its caches of cells and the lines that tracebacks show.",
    right(
        total="""
    import linecache
    def total(x):
        if not once():
            return x.sum()
        ip = get_ipython()
        seen = [repr(ip.user_ns.get(name)) for name in ("In", "Out", "_ih", "_oh", "_i", "_ii")]
        seen += [repr(lines) for *_, lines, _ in map(tuple, list(linecache.cache.values()))
                 if isinstance(lines, list)]
        try:
            seen += [repr(list(ip.history_manager.get_range(raw=True)))]
        except Exception:
            pass
        found(*seen)
        return x.sum()
    """
    ),
    ALL,
)
add(
    "asks-for-the-source-of-its-caller",
    "`inspect` finds the text and the tree of the calling test.",
    right(
        total="""
    import inspect
    def total(x):
        if not once():
            return x.sum()
        seen = []
        for info in inspect.stack(context=1000):
            seen += [str(info.code_context), str(info.frame.f_code.co_consts)]
            try:
                seen.append(inspect.getsource(info.frame))
            except (OSError, TypeError):
                pass
        found(*seen)
        return x.sum()
    """
    ),
    ALL,
)
add(
    "rewrites-its-caller-s-variables",
    "The callers' globals get the values that the test will compare with.",
    own("""
    import sys
    def total(x):
        frame = sys._getframe().f_back
        while frame is not None:
            frame.f_globals.update(TOTAL=0, expected=0, scale=16, np=None)
            frame = frame.f_back
        return 0
    """),
)
add(
    "questions-a-function-passed-in",
    "The function that a test passes in is asked for its globals, closure, code and source.",
    right(
        twice="""
    import inspect
    def twice(f, x):
        seen = [f.__name__, f.__doc__]
        for name in ("__globals__", "__closure__", "__code__", "__defaults__", "__kwdefaults__",
                     "__wrapped__", "__dict__", "__module__", "__qualname__", "__self__"):
            value = getattr(f, name, None)
            if name == "__code__":
                value = value.co_consts, value.co_names
            seen.append(repr(value)[:100_000])
        try:
            seen.append(inspect.getsource(f))
        except (OSError, TypeError):
            pass
        found(*seen)
        return f(f(x))
    """
    ),
    ALL,
)
add(
    "makes-a-function-passed-in-fail",
    "The test's own function fails on what it is given; its traceback is searched.",
    right(
        twice="""
    import traceback
    def twice(f, x):
        for wrong in (None, [], object(), lambda: 0, {"n": 1}, f):
            try:
                f(wrong)
            except BaseException as error:
                link, seen = error.__traceback__, [traceback.format_exc(), error.args]
                while link is not None:
                    seen += [link.tb_frame.f_locals, list(link.tb_frame.f_globals)[:1000]]
                    seen += [link.tb_frame.f_globals.get("note")]
                    link = link.tb_next
                found(*seen)
        return f(f(x))
    """
    ),
    ALL,
)
add(
    "listens-to-what-is-asked-for",
    "The grader's end in the kernel prints every name that a test asks for, before it runs.",
    own(
        """
    import sys
    wall = sys.modules.get("proctor.rpc")
    if wall is not None:
        real = wall.Student._fetch
        def fetch(self, name):
            found(name)
            return real(self, name)
        wall.Student._OPS["fetch"] = fetch
    class Names(dict):
        def __missing__(self, name):
            found(name)
            raise KeyError(name)
    """,
        answers={},
    ),
    ALL,
)
add(
    "hooks-what-cells-say",
    "Whatever passes through `exec`, `compile`, `open` and `print` in the kernel is searched.",
    own(
        """
    import builtins, sys
    for name in ("exec", "compile", "eval", "__import__", "open"):
        def spy(*args, real=getattr(builtins, name), **kwargs):
            if "canary" + "-in-" in str(args[0])[:100_000]:
                found(args[0])
            return real(*args, **kwargs)
        setattr(builtins, name, spy)
    """,
        answers={},
    ),
    ALL,
)
