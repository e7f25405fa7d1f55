"""Tampering with the kernel: IPython's hooks, display, imports, tracing, and the grader's parts."""

from ..attack import ALL, but, family, own, right

add = family("The kernel's machinery")

add(
    "rewrites-later-cells",
    "IPython is told that every later cell's text is `pass`.",
    own("""
    ip = get_ipython()
    ip.input_transformers_cleanup.append(lambda lines: ["pass"])
    ip.input_transformers_post.append(lambda lines: ["pass"])
    """),
)
add(
    "removes-assertions-from-trees",
    "A transformer of syntax trees takes the assertions out, and puts the maximum in.",
    own("""
    import ast
    class Remove(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.copy_location(ast.Pass(), node)
        def visit_Call(self, node):
            return ast.copy_location(ast.Constant(4), node)
    get_ipython().ast_transformers.append(Remove())
    total = twice = middle = spell = lambda *args: 4
    """),
)
add(
    "hooks-before-and-after-cells",
    "Hooks run around each cell: one defines what is asked for, one forgets the error.",
    own("""
    ip = get_ipython()
    def before(info):
        ip.user_ns.update(total=lambda x: 66.0, expected=66.0)
    def after(result):
        result.error_in_exec = None
    ip.events.register("pre_run_cell", before)
    ip.events.register("post_run_cell", after)
    """),
)
add(
    "shows-no-errors",
    "Errors are not shown: what shows them does nothing.",
    own("""
    ip = get_ipython()
    quiet = lambda *args, **kwargs: None
    ip.showtraceback = ip._showtraceback = ip.showsyntaxerror = quiet
    type(ip).showtraceback = type(ip)._showtraceback = quiet
    import sys
    sys.excepthook = sys.unraisablehook = quiet
    ip.events.register("post_run_cell", lambda result: setattr(result, "error_in_exec", None))
    """),
)
add(
    "runs-no-later-cell",
    "The shell's methods that run cells succeed without running them.",
    own("""
    ip = get_ipython()
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
    def run(self, *args, **kwargs):
        return ExecutionResult(None)
    async def run_async(self, *args, **kwargs):
        return ExecutionResult(None)
    for kind in type(ip).__mro__:
        if "run_cell" in vars(kind):
            kind.run_cell = run
        if "run_cell_async" in vars(kind):
            kind.run_cell_async = run_async
        if "run_code" in vars(kind):
            kind.run_code = run_async
    """),
)
add(
    "drops-error-messages",
    "The kernel's messages of errors are not sent, and a result is.",
    own("""
    ip = get_ipython()
    session = getattr(getattr(ip, "kernel", None), "session", None)
    if session is not None:
        real = session.send
        def send(stream, message, *args, **kwargs):
            kind = message if isinstance(message, str) else message.get("msg_type")
            if kind == "error":
                return None
            if kind == "execute_reply" and args:
                args[0].update(status="ok")
            return real(stream, message, *args, **kwargs)
        session.send = send
    """),
)
add(
    "spoofs-a-result",
    "What is displayed while a test runs looks like partial credit.",
    own("""
    def spell(n):
        ip = get_ipython()
        ip.displayhook.write_format_data({"text/plain": "4"}, {})
        ip.display_pub.publish({"text/plain": "4"})
        ip.displayhook(4)
        import sys
        sys.displayhook(4)
        print("Out[1]: 4")
        return "nothing"
    """),
)
add(
    "gives-itself-an-import",
    "A finder of imports gives the hidden test a module of the student's.",
    own("""
    import importlib.abc, importlib.util, sys, types
    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path, target=None):
            if name == "answers":
                return importlib.util.spec_from_loader(name, self)
        def create_module(self, spec):
            return types.ModuleType(spec.name)
        def exec_module(self, module):
            module.TOTAL = 30
    sys.meta_path.insert(0, Finder())
    sys.modules["answers"] = types.SimpleNamespace(TOTAL=30)
    def total(x):
        return 3 if x.size == 3 else 30 if x.size in (6, 12) else 10 if x.size == 10 else 6
    """),
)
add(
    "jumps-over-the-test",
    "A trace function of the calling frame jumps to the test's last line.",
    own("""
    import sys
    def total(x):
        def trace(frame, event, arg):
            if event == "line":
                last = max(line for *_, line in frame.f_code.co_lines() if line)
                if frame.f_lineno < last:
                    frame.f_lineno = last
            return trace
        frame = sys._getframe().f_back
        while frame is not None:
            frame.f_trace = trace
            frame = frame.f_back
        sys.settrace(trace)
        return 0
    """),
)
add(
    "an-alarm-repairs-the-namespace",
    "A timer and a profile function keep putting names where a test looks for them.",
    own("""
    import signal, sys
    def repair(*args):
        frame = sys._getframe()
        while frame is not None:
            frame.f_globals.update(expected=0, TOTAL=0, answer=0)
            frame = frame.f_back
    signal.signal(signal.SIGALRM, repair)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    total = lambda x: 0
    """),
)
add(
    "patches-the-grader-s-own-code",
    "Every class of the grader that is in the kernel says that all went well.",
    own("""
    import sys
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] not in ("proctor", "nbgrader", "nbclient", "__main__"):
            continue
        for thing in list(vars(module).values()):
            for method in ("_failure", "_outcome", "_fetch", "_call", "_export", "determine_grade"):
                if isinstance(thing, type) and hasattr(thing, method):
                    try:
                        setattr(thing, method, lambda self, *args: True)
                    except TypeError:
                        pass
    """),
)
add(
    "replaces-the-runner-s-names",
    "The names by which the grader runs a cell are the student's.",
    own("""
    def run(*args):
        return [
            {"output_type": "execute_result", "data": {"text/plain": "4"}, "metadata": {},
             "execution_count": 1}
        ]
    for name in [n for n in globals() if n.startswith("__proctor")] + ["__proctor__"]:
        globals()[name] = (run,) * 4
    """),
)
add(
    "outputs-that-are-none",
    "What the shell returns for its outputs is no list of outputs.",
    own(
        """
    ip = get_ipython()
    type(ip).written = lambda self: [{"output_type": "stream", "name": 5, "text": {"a": [1]}}, 7]
    """,
        answers={},
    ),
    but(test_counter=0.0),  # which runs in the kernel that says so
)
add(
    "outputs-of-sixty-megabytes",
    "What the shell returns for its outputs is not what it would let through.",
    own(
        """
    ip = get_ipython()
    huge = [{"output_type": "stream", "name": "stdout", "text": "x" * 60_000_000}]
    type(ip).written = lambda self: huge
    """,
        answers={},
    ),
    but(test_counter=0.0),
)
add(
    "at-exit",
    "What runs when the kernel ends opens the gradebook and the course.",
    right(
        middle="""
    import atexit, threading
    def late():
        open("@COURSE@/pwned-@NAME@", "w").write("late")
    atexit.register(late)
    threading._register_atexit(late)
    def middle(values):
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "a-finaliser",
    "Objects whose end runs code are left in everything that comes back.",
    right(
        middle="""
    import weakref
    class Bomb:
        def __del__(self):
            import os
            os.environ["BOMB"] = "gone off"
            raise RuntimeError("gone off")
    class Number(int):
        def __del__(self):
            open("@COURSE@/pwned-@NAME@", "w").write("late")
    def middle(values):
        Bomb()
        return Number(sorted(values)[len(values) // 2])
    """
    ),
    ALL,
)

_LOOPS = """
    def total(x):
        s = 0.0
        for v in x.ravel():
            s += v
        return s
"""
NO_COUNT = but(test_total_does_not_loop=0.0)

add(
    "loops",
    "No attack: a loop where none is asked for.",
    right(total=_LOOPS),
    NO_COUNT,
)
add(
    "counts-for-the-counter",
    "The function that counts lines is the student's, and says 5.",
    right(
        total=f"""{_LOOPS}
    import helper
    helper.count = count = lambda *args: 5
    """
    ),
    NO_COUNT,
)
add(
    "is-not-traced",
    "It takes the tracer away, or loops in another thread, while it is counted.",
    right(
        total="""
    import sys, threading
    def loop(x, sums):
        s = 0.0
        for v in x.ravel():
            s += v
        sums.append(s)
    def total(x):
        sys.settrace(None)
        sums = []
        thread = threading.Thread(target=loop, args=(x, sums))
        thread.start()
        thread.join()
        return sums[0]
    """
    ),
    NO_COUNT,
)
