"""Cells that were prepared before a fork, or need no search for magics, run as any others do."""

import ast
import functools
import json
import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbconvert.filters import strip_ansi
from pygments.lexer import inherit
from pygments.lexers import PythonLexer
from pygments.token import Generic

from tests import notebooks

CELLS = {
    "a function": 'def f(x):\n    """Twice."""\n    return [2 * i for i in x]\n\nf([1, 2])',
    "nothing to show": "f = lambda x: (lambda y: x / y)\nf(1);",
    "an error within": "def outer():\n    def inner():\n        1 / 0\n    inner()\n\nouter()",
    "an error of syntax": "def f(:\n    pass",
    "an error of compilation": "x = 1\nreturn x",
    "a warning of the compiler": "x = 5\nprint(x is 5)",
    "an unknown escape": "print('\\d')",
    "from the future": "from __future__ import annotations\ndef f(x: y): 0\nf.__annotations__",
    "await": "import asyncio\nawait asyncio.sleep(0)\n3",
    "await in a string": "'await'",
    "a magic": "%env HOME",
    "a magic's value": "x = %sql 1",
    "a cell's magic": "%%capture\nprint(1)",
    "a command": "!true",
    "a command's value": "x = !echo 1\nx",
    "help": "len?",
    "a prompt": ">>> x = 1\n>>> x",
    "IPython's prompt": "In [1]: int",
    "a prompt in a text": "x = '''\n>>> 1\n'''\nx",
    "indented": "    x = 1\n    x",
    "empty lines": "\n\n1 / 0",
    "what came before": "[In[-2:], len(In), sorted(Out)[-1], _]",
    "an exit": "print(1)\nexit()\nprint(2)",
    "an exit that was raised": "raise SystemExit('enough')",
    "an interrupt": "raise KeyboardInterrupt",
    "two values": "1\n2",
    "nothing of a value": "3;",
    "nothing of a value, said so": "3;  # not shown",
    "a semicolon in a text": "'a;'",
    "a semicolon before the last": "x = 1; x",
    "a semicolon in a comment": "3  # ;",
    "a value in text": "from IPython.display import Latex\ndisplay(Latex('x'))\nLatex('y')",
    "a figure": "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1]);",
    "Python's place": "(__name__, get_ipython().execution_count, 'x' in globals())",
    "empty": "",
    "a null character": "x = '\0'",
    "deep": "(" * 300 + ")" * 300,
}
# what they print, each in a fresh process: of warnings, a process tells each once
RUN = """
    import json, sys
    from proctor.run.shell import Shell
    sources, foreseen = json.load(sys.stdin)
    shell = Shell.instance()
    if foreseen:
        shell.foresee(sources)
    print(json.dumps([shell.run(one, number)[1] for number, one in enumerate(sources, 1)]))
"""


@functools.cache
def played(sources, foreseen):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RUN)],
        input=json.dumps([sources, foreseen]),
        capture_output=True,
        text=True,
        check=True,
        cwd=notebooks.ROOT,
    )
    assert done.stderr == "", "what was foreseen has warned of nothing"
    return json.loads(done.stdout)


@pytest.mark.xdist_group("foreseen")  # both see what was printed once
def test_a_foreseen_cell_runs_as_any_other():
    sources = tuple(CELLS.values())
    for name, one, other in zip(CELLS, played(sources, False), played(sources, True), strict=True):
        assert one == other, name


@pytest.mark.xdist_group("foreseen")
def test_cells_show_what_they_should():
    found = dict(zip(CELLS, played(tuple(CELLS.values()), True), strict=True))
    assert found["a function"][0]["data"]["text/plain"] == "[2, 4]"
    assert found["nothing to show"] == []
    trace = strip_ansi("\n".join(found["an error within"][0]["traceback"]))
    assert "Cell In[3]" in trace
    assert "----> 3     1 / 0" in trace
    assert "SyntaxWarning" in json.dumps(found["a warning of the compiler"])
    assert found["from the future"][0]["data"]["text/plain"] == "{'x': 'y'}"
    assert found["await"][0]["data"]["text/plain"] == "3"
    assert found["nothing of a value"] == found["nothing of a value, said so"] == []
    for where, value in {"in a text": "'a;'", "before the last": "1", "in a comment": "3"}.items():
        assert found[f"a semicolon {where}"][0]["data"]["text/plain"] == value


# besides CELLS: what IPython offers in a notebook, and what may go wrong in it. Not: `%matplotlib`,
# which its plain shell has not
MAGICS = (
    *("%time 1 + 1", "%time x = 2", "%time f(2)", "%time sum(range(3))", "%time print(1); 2"),
    *(
        "%time 1 / 0",
        "%%time\nx = 1\nx",
        "%%time\n1 / 0",
        "%timeit -n1 -r1 1",
        "%%timeit -n1 -r1\n1",
    ),
    *(
        "r = %timeit -o -n1 -r1 f(1)",
        "%prun -q f(1)",
        "%who",
        "%whos",
        "names = %who_ls",
        "here = %pwd",
    ),
    *("%cd .", "%ls", "%env HOME", "%set_env A_NAME=1", "%precision 3", "%pprint", "%lsmagic"),
    *("%load_ext autoreload", "%autoreload 2", "%xdel x"),
    *("%pinfo len", "%pdoc len", "%psource f", "f?", "f??", "%psearch f*", "%history", "%hist -n"),
    *("%%writefile text.txt\nhello", "%pycat text.txt", "%%bash\necho 1", "%%bash\nexit 3", "%tb"),
    *("%%capture out\nprint(1)", "out.stdout", "%%html\n<b>x</b>", "%%latex\n$x$", "%%svg\n<svg/>"),
    *(
        "%%javascript\n1",
        "%%markdown\n*x*",
        "%macro again 1",
        "%rerun 1",
        "%recall 1",
        "%alias_magic t time",
    ),
    *(
        "%sx echo 1",
        "%system echo 1",
        "x = %sx echo 1",
        "!exit 3",
        "%xmode Plain",
        "1 / 0",
        "%xmode Context",
    ),
    *(
        "%automagic",
        "%config InlineBackend.figure_format = 'retina'",
        "%pdb off",
        "%no_such",
        "%%no_such\n1",
    ),
    *(
        "%save -f saved.py 1",
        "%run saved.py",
        "%load saved.py",
        "%%python3\nprint(1)",
        "%%script false\n",
    ),
    *(
        "%logstart",
        "%bookmark -l",
        "%dirs",
        "%rehashx",
        "%unload_ext autoreload",
        "%reset_selective -f x",
    ),
    *(
        "%reset -f",
        "f",
        "%time",
        "%timeit",
        "%%time",
        "%run no.py",
        "%env no such = thing",
        "%debug_no",
    ),
)
COMPARED = """
    import json, sys
    from IPython.core.interactiveshell import InteractiveShell
    from proctor.run.shell import Shell
    from traitlets.config import Config
    shell = (Shell if sys.argv[1] == "ours" else InteractiveShell).instance(
        config=Config({"HistoryManager": {"enabled": False}})
    )
    shell.run_cell("def f(x):\\n    return x", store_history=True)
    found = []
    for source in json.load(open(sys.argv[2])):
        result = shell.run_cell(source, store_history=True)
        raised = result.error_before_exec or result.error_in_exec
        names = sorted(name for name in shell.user_ns if not name.startswith("_"))
        found.append([source, type(raised).__name__, repr(result.result), names])
    with open(sys.argv[3], "w") as file:
        json.dump(found, file)
"""


def test_cells_come_to_what_they_come_to_in_ipython(tmp_path):
    sources = [source for source in (*CELLS.values(), *MAGICS) if "exit()" not in source]
    (tmp_path / "cells.json").write_text(json.dumps(sources))
    told = {}
    for whose in ("ours", "IPython's"):
        place = tmp_path / f"work of {whose}"
        place.mkdir()
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(COMPARED), whose, "../cells.json", "found.json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            cwd=place,
            env=os.environ | {"PYTHONPATH": str(notebooks.ROOT), "IPYTHONDIR": str(place)},
        )
        told[whose] = json.loads((place / "found.json").read_text())
    assert len(told["ours"]) == len(sources)
    assert [one for one in zip(*told.values(), strict=True) if one[0] != one[1]] == []


KEPT = """
    import json, sys
    from IPython.core.interactiveshell import InteractiveShell
    from proctor.run.shell import Shell
    from traitlets.config import Config
    shell = (Shell if sys.argv[1] == "ours" else InteractiveShell).instance(
        config=Config({"HistoryManager": {"enabled": False}})
    )
    for source in ("x = 1", "x", "1 / 0", "print(x)", "[x, 2]", "_ + __"):
        shell.run_cell(source, store_history=True)
    names = ["_i", "_ii", "_iii", "_i1", "_i5", "_", "__", "___", "_2", "_5", "In", "Out"]
    kept = {name: repr(shell.user_ns.get(name)) for name in names}
    kept |= {n: repr(getattr(shell, n)) for n in ("execution_count", "last_execution_succeeded")}
    print(json.dumps(kept), file=sys.__stderr__)
"""


def test_what_ipython_keeps_of_cells_is_there():
    found = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KEPT), whose],
            capture_output=True,
            text=True,
            check=True,
            cwd=notebooks.ROOT,
        ).stderr.splitlines()[-1]
        for whose in ("ours", "IPython's")
    ]
    ours, stock = map(json.loads, found)
    assert ours == stock
    assert stock["_i5"] == "'[x, 2]'"


def test_callbacks_are_told_of_a_foreseen_cell_too(shell):
    told = []
    for event in ("pre_execute", "post_execute"):
        shell.events.register(event, lambda event=event: told.append(event))
    shell.events.register("pre_run_cell", lambda info: told.append(info.raw_cell))
    shell.events.register("post_run_cell", lambda result: told.append(result.success))
    runs = []
    for source in ("x = 1", "1 / 0"):
        for _ in range(2):
            shell.run(source, 1)
            runs.append(tuple(told))
            told.clear()
            shell.foresee([source])
    assert runs[0] == runs[1] == ("pre_execute", "x = 1", "post_execute", True)
    assert runs[2] == runs[3] == ("pre_execute", "1 / 0", "post_execute", False)


@pytest.fixture
def shell():
    from proctor.run.shell import Shell  # it chooses matplotlib's backend for its process

    return Shell()


@pytest.mark.parametrize("name", CELLS)
def test_magics_are_found_as_ipython_finds_them(shell, name):
    ours, usual = shell.input_transformer_manager, TransformerManager()
    assert ours.transform_cell(CELLS[name]) == usual.transform_cell(CELLS[name])


def test_a_transformer_that_was_added_is_asked(shell):
    manager = shell.input_transformer_manager
    asked = []
    added = SimpleNamespace(find=asked.append)
    manager.token_transformers = [*manager.token_transformers, added]
    manager.transform_cell("x = 1")
    assert asked


def test_a_change_to_trees_is_made_to_a_foreseen_cell_too(shell):
    class Twos(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.copy_location(ast.Constant(2), node)

    shell.foresee(["1"])
    shell.ast_transformers.append(Twos())
    _, (shown,) = shell.run("1", 1)
    assert shown["data"]["text/plain"] == "2"


@pytest.mark.parametrize("call", ["exit()", "quit()"])
def test_an_exit_reads_well(shell, call):
    outcome, outputs = shell.run(f"print(1)\n{call}", 1)
    assert (outcome.kind, outcome.name) == ("failed", "SystemExit")
    assert outcome.message.startswith("exit() ends this cell here")
    shown = strip_ansi(json.dumps(outputs))
    assert "exit() ends this cell here" in shown
    assert "Ctrl-D" not in shown
    assert "ask_exit" not in shown


WARMED = """
    import json, sys
    from proctor.run.shell import Shell
    from proctor.run.template_process import _import
    shell = Shell.instance()
    lessons = ["%matplotlib inline\\nimport matplotlib.pyplot as plt, colorsys", "%no_such", "("]
    _import(lessons, shell)
    shell.warm_for(lessons)
    before = set(sys.modules)
    names = set(shell.user_ns)
    outcome, _ = shell.run(lessons[0], 1)
    late = sorted(set(sys.modules) - before)
    told = [outcome.kind, late, "colorsys" in before, "plt" in names]
    print(json.dumps(told), file=sys.__stdout__)
"""


def test_what_a_lesson_with_a_magic_imports_is_there_before_a_fork():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WARMED)],
        capture_output=True,
        text=True,
        check=True,
        cwd=notebooks.ROOT,
        env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    )
    kind, late, imported, leaked = json.loads(done.stdout)
    assert (kind, imported, leaked) == ("passed", True, False)
    assert [
        name for name in late if name.startswith(("matplotlib.", "PIL", "IPython.core.mag"))
    ] == []


def test_a_lexer_that_adds_tokens_has_its_own(shell):
    class Same(PythonLexer):
        pass

    class Other(PythonLexer):
        tokens = {"root": [("def", Generic), inherit]}  # noqa: RUF012  (Pygments reads it so)

    text = "def f(x):\n    return 'a'\n"
    usual, same, other = (list(kind().get_tokens(text)) for kind in (PythonLexer, Same, Other))
    assert same == usual
    assert Same._tokens is PythonLexer._tokens
    assert (Generic, "def") in other
    assert (Generic, "def") not in usual
