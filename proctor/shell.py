"""A Jupyter cell, run in this process: what nbformat records of it, and nothing on a wire.

The same IPython shell that a Jupyter kernel wraps, without its message sockets: in a grader they
are only more to lock up and more to wait for.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
import types
import warnings

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from traitlets import Instance, Type


class Outputs(list):
    """The outputs of one cell, up to a number of characters in all."""

    limit = 1_000_000

    def __init__(self):
        super().__init__()
        self.left = self.limit

    def record(self, output):
        """Append an output; after the limit only one line that says so."""
        if self.left <= 0:
            return
        size = _size(output)
        self.left -= size
        if self.left <= 0:
            text = f"\n[output cut: a cell may write {self.limit:,} characters]\n"
            output = stream("stdout", text)
        elif output["output_type"] == "stream" and self and self[-1].get("name") == output["name"]:
            self[-1]["text"] += output["text"]
            return
        self.append(output)


def stream(name, text):
    """A stream output as nbformat has it; `nbformat.v4.new_output` would validate every print."""
    return {"output_type": "stream", "name": name, "text": text}


def _size(value):
    """Characters in an output, at any depth."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return 8


class _Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a cell."""

    encoding = "utf-8"

    def __init__(self, shell, name):
        super().__init__()
        self._shell, self.name = shell, name

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._shell.outputs.record(stream(self.name, text))
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, *, transient=None, update=False, **kwargs):
        self.shell.outputs.record(
            {"output_type": "display_data", "data": _plain(data), "metadata": metadata or {}}
        )

    def clear_output(self, wait=False):
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.record(
            {
                "output_type": "execute_result",
                "data": _plain(format_dict),
                "metadata": md_dict or {},
                "execution_count": self.prompt_count,
            }
        )

    def finish_displayhook(self):
        pass


def _plain(data):
    """A mime bundle as nbformat writes it: bytes become base64."""
    import base64

    return {
        mime: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for mime, value in data.items()
    }


class _Compiler(CachingCompiler):
    """Parses and compiles what it has met before no second time."""

    def __init__(self):
        super().__init__()
        self.trees, self.codes = {}, {}

    def foresee(self, source):
        """Parse a text; return its syntax tree."""
        tree = self.trees[source, self.flags] = self.ast_parse(source)
        return tree

    def foresee_code(self, tree):
        """Compile each statement as `InteractiveShell.run_ast_nodes` will, but for its file."""
        for node in tree.body:
            shown = node is tree.body[-1] and isinstance(node, ast.Expr)
            one = ast.Interactive([node]) if shown else ast.Module([node], [])
            symbol = "single" if shown else "exec"
            with self.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), warnings.catch_warnings():
                warnings.simplefilter("error")  # the cell's own run is to warn
                before = self.flags
                with contextlib.suppress(SyntaxError, ValueError):
                    code = self(one, "<foreseen>", symbol)
                    if self.flags == before:  # it imports nothing from __future__
                        self.codes[id(node), symbol, before] = code
                self.flags = before

    def ast_parse(self, source, filename="<unknown>", symbol="exec"):
        tree = self.trees.get((source, self.flags)) if symbol == "exec" else None
        return super().ast_parse(source, filename, symbol) if tree is None else tree

    def __call__(self, source, filename, symbol, **flags):
        if isinstance(source, ast.AST) and len(source.body) == 1:
            code = self.codes.get((id(source.body[0]), symbol, self.flags))
            if code is not None:
                return _in_file(code, filename)
        return super().__call__(source, filename, symbol, **flags)


def _in_file(code, filename):
    """Code as if it had been compiled from another file."""
    parts = (
        _in_file(part, filename) if isinstance(part, types.CodeType) else part
        for part in code.co_consts
    )
    return code.replace(co_filename=filename, co_consts=tuple(parts))


class _Transformer(TransformerManager):
    """Searches for magics and other commands only what is no Python: in Python there are none.

    ``foresee`` is a function that parses a text, for later, or raises SyntaxError.
    """

    foresee = None

    def do_token_transforms(self, lines):
        text = "".join(lines)
        # to parse an unknown escape warns of it, and that only the cell's own run should do
        if self.foresee and "\\" not in text and self.token_transformers == _USUAL:
            with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
                self.foresee(text)
                return lines
        return super().do_token_transforms(lines)


_USUAL = TransformerManager().token_transformers


class Shell(InteractiveShell):
    """An IPython shell whose cells leave nbformat outputs."""

    low = None  # a LowOutput, in a process whose file descriptors 1 and 2 are its own

    input_transformer_manager = Instance(_Transformer, ())
    compiler_class = Type(_Compiler)
    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, **kwargs):
        self.outputs, self._foreseen = Outputs(), {}
        super().__init__(**kwargs)
        self.input_transformer_manager.foresee = self.compile.foresee

    def init_history(self):
        self.config.HistoryManager.enabled = False  # no SQLite thread in a process that forks
        super().init_history()

    def init_io(self):
        pass

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.record(
            {
                "output_type": "error",
                "ename": etype.__name__,
                "evalue": _text(evalue),
                "traceback": [str(line) for line in stb],
            }
        )

    def enable_gui(self, gui=None):
        pass

    def run(self, source, count=None):
        """Run one cell, numbered ``count``; return its outputs. Errors are outputs, exits too.

        The outputs are JSON text: they cross to another process as one string.
        """
        if count is not None:
            self.execution_count = count
        before, made = (sys.stdout, sys.stderr), self._foreseen.get(source)
        self.watch()
        try:
            if made is None or not self._run_foreseen(source, made):
                self.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = before
        return self.written()

    def _run_foreseen(self, source, made):
        """Do what `run_cell` does with a cell that is known to be Python; False if it awaits.

        Half of `run_cell` is for what nobody does in a lesson or a test: inputs as variables
        (``_i``), the last result as an attribute of the shell.
        """
        if self.should_run_async(source, transformed_cell=made):
            return False
        info = ExecutionInfo(source, True, False, True, None, transformed_cell=made)
        result = ExecutionResult(info)
        result.execution_count = self.execution_count
        self.execution_count += 1
        self.events.trigger("pre_execute")
        self.events.trigger("pre_run_cell", info)
        # the display hook looks here for a semicolon at the end
        self.history_manager.input_hist_parsed.append(made.rstrip("\n"))
        self.history_manager.input_hist_raw.append(source.rstrip("\n"))
        with self.builtin_trap, self.display_trap:
            file = self.compile.cache(made, result.execution_count, raw_code=source)
            nodes = self.transform_ast(self.compile.ast_parse(made, file)).body
            running = self.run_ast_nodes(
                nodes, file, self.ast_node_interactivity, self.compile, result
            )
            with contextlib.suppress(StopIteration):
                running.send(None)
        self.events.trigger("post_execute")
        self.events.trigger("post_run_cell", result)
        return True

    def warm(self):
        """Do once, before a fork, what is slow the first time: run a cell, show a traceback."""
        self.run("raise Exception", 0)
        self.reset()

    def foresee(self, sources):
        """Transform and compile cells once, before a fork, that many forks will run as they are."""
        for source in set(sources) - self._foreseen.keys():
            with contextlib.suppress(SyntaxError):  # told where it runs
                made = self.transform_cell(source)
                self.compile.foresee_code(self.compile.foresee(made))
                self._foreseen[source] = made

    def transform_cell(self, raw_cell):
        made = self._foreseen.get(raw_cell)
        return super().transform_cell(raw_cell) if made is None else made

    def should_run_async(self, raw_cell, *, transformed_cell=None, **about):
        text = transformed_cell or ""
        if "await" not in text and "async" not in text:
            return False  # without compiling it
        return super().should_run_async(raw_cell, transformed_cell=transformed_cell, **about)

    def transform_ast(self, node):
        if self.ast_transformers:
            self.compile.codes.clear()  # they are of what was there before
        return super().transform_ast(node)

    def watch(self):
        """Record what is printed from now on."""
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")

    def written(self):
        """Return the outputs since the last call, as JSON text."""
        if self.low is not None:
            text = self.low.read()
            if text:
                self.outputs.record(stream("stdout", text))
        outputs, self.outputs = self.outputs, Outputs()
        return json.dumps(outputs)


class LowOutput:
    """What goes to file descriptors 1 and 2 directly, as from a C library or a child process."""

    def __init__(self):
        self._kept = tempfile.TemporaryFile(dir=".")  # noqa: SIM115  as long as the process
        self.file = self._kept.fileno()
        os.dup2(self.file, 1)
        os.dup2(self.file, 2)

    def waits(self):
        """Whether something came since the last call of ``read``."""
        return os.fstat(self.file).st_size > 0

    def read(self, most=100_000):
        """Return what came since the last call, at most ``most`` bytes of it, as text."""
        data = os.pread(self.file, most, 0)
        if data:
            os.ftruncate(self.file, 0)
            os.lseek(self.file, 0, os.SEEK_SET)
        return data.decode("utf-8", errors="replace")


def _text(error):
    try:
        return str(error)
    except Exception as another:
        return f"<its message raised {type(another).__name__}>"
