"""A Jupyter cell, run in this process: what nbformat records of it, and nothing on a wire.

The same IPython shell that a Jupyter kernel wraps, without its message sockets: in a grader they
are only more to lock up and more to wait for.
"""

import ast
import contextlib
import importlib
import io
import linecache
import os
import re
import sys
import tempfile
import types
import warnings
from traceback import walk_tb

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.history import HistoryManager
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from pygments.lexer import RegexLexerMeta
from traitlets import Instance, Type

from proctor.run.outcomes import name_and_message, stated
from proctor.run.outputs import Outputs, error, stream

_FRAMES = 20  # of a traceback that is shown without IPython's help
_FIGURES = (None, "agg", "auto", "inline")  # what %matplotlib may ask for
_MAGIC = re.compile(r"\brun_(line|cell)_magic\('(\w+)'")  # as IPython writes a cell with `%name`
_EXIT = "exit() ends this cell here; the cells after it still run. Take it out."


class Stream(io.TextIOBase):
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
        output = {"output_type": "display_data", "data": _plain(data), "metadata": metadata or {}}
        name = (transient or {}).get("display_id")
        if update:
            self.shell.outputs.replace(name, output)
        else:
            self.shell.outputs.record(output if name is None else {**output, "display_id": name})

    def clear_output(self, wait=False):
        self.shell.outputs.clear(wait)


class _Hook(DisplayHook):
    exec_result = None  # see `Shell`: no trait

    def quiet(self):
        cell = self.shell.history_manager.input_hist_parsed[-1]
        return ";" in cell and super().quiet()  # which reads the cell word by word

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
        self.shell.text = format_dict.get("text/plain")

    def fill_exec_result(self, result):
        super().fill_exec_result(result)
        self.shell.value = result

    def finish_displayhook(self):
        pass


class _History(HistoryManager):
    _i00 = _i = _ii = _iii = ""  # see `Shell`: no traits


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
        # `%time` compiles an expression
        if isinstance(source, (ast.Module, ast.Interactive)) and len(source.body) == 1:
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
_compiling = RegexLexerMeta.__call__


def _lexer_of(cls, *args, **kwargs):
    """A Pygments lexer; one of a class that adds nothing has the compiled tokens of its base.

    stack_data makes a class of its own for each frame that a traceback shows, and to compile
    Python's grammar for each was more than half of what a traceback took.
    """
    own, base = vars(cls), cls.__base__
    if len(cls.__bases__) == 1 and "_tokens" in vars(base) and not own.keys() & _ADDED:
        cls._tokens, cls._all_tokens, cls._tmpname = base._tokens, base._all_tokens, base._tmpname
    return _compiling(cls, *args, **kwargs)


_ADDED = {"_tokens", "tokens", "flags", "token_variants"}


class Shell(InteractiveShell):
    """An IPython shell whose cells leave nbformat outputs."""

    raised = None  # (name, message) of what the cell that runs raised first and did not catch
    value = text = None  # of its last line, if that is shown, and how it is
    low = None  # a LowOutput, in a process whose file descriptors 1 and 2 are its own

    # what IPython sets for every cell, as plain attributes: nobody observes these traits, and to
    # set them took a third of what a cell costs
    execution_count, last_execution_succeeded, last_execution_result = 1, True, None

    input_transformer_manager = Instance(_Transformer, ())
    compiler_class = Type(_Compiler)
    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, **kwargs):
        self.outputs, self._foreseen, self._shown = Outputs(), {}, False
        super().__init__(**kwargs)
        # IPython's advice on how to leave a terminal, whatever raised SystemExit
        warnings.filterwarnings("ignore", "To exit: use", UserWarning)
        self.input_transformer_manager.foresee = self.compile.foresee

    def init_history(self):
        self.config.HistoryManager.enabled = False  # no SQLite thread in a process that forks
        self.history_manager = _History(shell=self, parent=self)
        self.configurables.append(self.history_manager)

    def _tee(self, channel):
        """Keep what is printed once: IPython keeps it besides, for ``%notebook``."""
        return contextlib.nullcontext()

    def init_io(self):
        pass

    def init_traceback_handlers(self, custom_exceptions):
        super().init_traceback_handlers(custom_exceptions)
        RegexLexerMeta.__call__ = _lexer_of
        usual = self.InteractiveTB.structured_traceback

        def structured_traceback(kind, raised, traceback, *args, **kwargs):
            try:
                return usual(kind, raised, traceback, *args, **kwargs)
            except Exception:  # it reads sources, which need not be any more what was run
                return self._plain_traceback(raised, traceback)

        self.InteractiveTB.structured_traceback = structured_traceback

    def showtraceback(self, exc_tuple=None, *args, **kwargs):
        """State that something was raised, before it is tried to show it."""
        try:
            _, raised, traceback = self._get_exc_info(exc_tuple)
        except ValueError:  # nothing was: IPython says so
            return super().showtraceback(exc_tuple, *args, **kwargs)
        self._raise(raised)
        self._shown = False
        super().showtraceback(exc_tuple, *args, **kwargs)
        if not self._shown:  # IPython prints groups of exceptions, and misused magics
            self._showtraceback(type(raised), raised, self._plain_traceback(raised, traceback))

    def showsyntaxerror(self, *args, **kwargs):
        """State it, then show it."""
        self._raise(self._get_exc_info()[1])
        super().showsyntaxerror(*args, **kwargs)

    def _format_exception_for_storage(self, *_, **__):
        """For ``%history``, which is off: it would draw each traceback a second time."""

    def _raise(self, *errors):
        for raised in errors:
            if self.raised is None and raised is not None:
                self.raised = name_and_message(raised)

    def _showtraceback(self, etype, evalue, stb):
        self._shown = True
        self.outputs.record(error(*name_and_message(evalue), [str(line) for line in stb]))

    def _plain_traceback(self, raised, traceback):
        """A traceback without context, for what IPython cannot show: a text for each frame."""
        frames = []
        for frame, line in walk_tb(traceback):
            code = frame.f_code
            if os.path.isabs(code.co_filename):
                continue  # of IPython itself, or of a library
            cell = self.compile.format_code_name(code.co_filename)
            place = " ".join(cell or ("File", code.co_filename))
            text = linecache.getline(code.co_filename, line).strip()
            frames.append(f"{place}:{line}, in {code.co_name}\n----> {line} {text}")
        name, message = name_and_message(raised)
        return [name, *frames[-_FRAMES:], f"{name}: {message}" if message else name]

    def enable_gui(self, gui=None):
        pass

    def enable_matplotlib(self, gui=None):
        """Show figures in the notebook, whatever window or widget was asked for."""
        return super().enable_matplotlib(gui if gui in _FIGURES else "inline")

    def ask_exit(self):
        """Answer ``exit()``: a cell ends, and the notebook goes on."""
        raise SystemExit(_EXIT)

    def run(self, source, count=None):
        """Run one cell, numbered ``count``; return (its `Outcome`, its outputs).

        Errors are outputs, exits too; what they come to is stated whether or not they can be shown.
        """
        if count is not None:
            self.execution_count = count
        before = sys.stdout, sys.stderr
        self.raised = self.value = self.text = None
        self.watch()
        try:
            result = self.run_cell(source, store_history=True)
            self._raise(result.error_before_exec, result.error_in_exec)
        except (
            BaseException
        ) as raised:  # IPython's own, or an alarm's that came while it showed one
            self._raise(raised)
        finally:
            sys.stdout, sys.stderr = before
        return stated(self.raised, self.value, self.text), self.written()

    def warm(self):
        """Do once, before a fork, what is slow the first time: show a value, show a traceback."""
        self.run("[0, {'': 0.5}]", 0)
        self.run("raise Exception", 0)
        self.reset()

    def warm_for(self, sources):
        """Do once, before a fork, what takes long the first time in cells: magics, a figure."""
        for source in sources:
            with contextlib.suppress(SyntaxError):  # told where it runs
                for kind, name in _MAGIC.findall(self.transform_cell(source)):
                    self.find_magic(name, kind)  # imports what has it
                    if name == "matplotlib":
                        self.find_magic("time")  # it asks for what has that
        if "matplotlib.pyplot" in sys.modules:
            with contextlib.suppress(Exception):  # told where a cell draws one
                # not matplotlib_inline: it binds itself to the shell that there is
                importlib.import_module("IPython.core.pylabtools")
                figure = sys.modules["matplotlib.figure"].Figure()
                figure.subplots()
                figure.savefig(io.BytesIO())
                # `%matplotlib` looks through all that is installed
                sys.modules["matplotlib.backends"].backend_registry.list_all()

    def foresee(self, sources):
        """Transform and compile cells once, before a fork, that many forks will run as they are."""
        for source in set(sources) - self._foreseen.keys():
            with contextlib.suppress(SyntaxError):  # told where it runs
                made = self.transform_cell(source)
                if made.rstrip("\n") != source.rstrip("\n"):
                    continue  # a magic, if it is one then: `save(x)` calls a function that is there
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
        sys.stdout, sys.stderr = Stream(self, "stdout"), Stream(self, "stderr")

    def written(self):
        """Return the outputs since the last call."""
        if self.low is not None:
            text = self.low.read()
            if text:
                self.outputs.record(stream("stdout", text))
        outputs, self.outputs = self.outputs, Outputs()
        return list(outputs)


class LowOutput:
    """What goes to file descriptors 1 and 2 directly, as from a C library or a child process."""

    def __init__(self):
        self._kept = tempfile.TemporaryFile(dir=".")  # noqa: SIM115  as long as the process
        self.file = self._kept.fileno()
        os.dup2(self.file, 1)
        os.dup2(self.file, 2)

    def waits(self):
        """Whether something came since the last call of ``read``."""
        return os.lseek(self.file, 0, os.SEEK_END) > 0

    def read(self, most=100_000):
        """Return what came since the last call, at most ``most`` bytes of it, as text."""
        data = os.pread(self.file, most, 0)
        if data:
            os.ftruncate(self.file, 0)
            os.lseek(self.file, 0, os.SEEK_SET)
        return data.decode("utf-8", errors="replace")
