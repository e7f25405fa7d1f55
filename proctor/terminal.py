"""Terminal: text of anybody's, for a terminal of so many columns; no word is broken."""

import contextlib
import os
import shutil
import sys
import textwrap
import unicodedata

from rich.cells import cell_len, chop_cells

COLUMNS = 80
_MARKS = 3  # combining marks in a row: writing has as many on a letter, a prank has hundreds


def printable(text):
    """A text in one line, without what could steer a terminal or turn its reading direction."""
    text = " ".join(str(text).split())
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for c in text:
        marks = marks + 1 if unicodedata.combining(c) else 0
        if marks <= _MARKS:
            shown.append(c if c.isprintable() else "?")
    return "".join(shown)


def columns(stream=None):
    """The columns to write for: those of the terminal that ``stream`` is, else 80."""
    if stream is not None and stream.isatty():
        return max(40, shutil.get_terminal_size((COLUMNS, 24)).columns)
    return max(40, int(os.environ.get("COLUMNS") or COLUMNS))


def cut(text, most):
    """A text of ``most`` columns at most: what is left out at a word's end is "…"."""
    if cell_len(text) <= most:
        return text
    kept = ""
    for word in text.split(" "):
        longer = f"{kept} {word}" if kept else word
        if cell_len(longer) > most - 2:
            break
        kept = longer
    if kept:
        return f"{kept.rstrip(',;:')} …"
    return f"{chop_cells(text, most - 1)[0]}…"  # one word that is longer than its place


def fitted(text, most, right=False):
    """A text cut to ``most`` columns and filled up with spaces."""
    text = cut(text, most)
    space = " " * (most - cell_len(text))
    return space + text if right else text + space


def wrapped(text, most, first="", rest=""):
    """The lines of a text, broken between words; a longer word has a line of its own.

    first, rest  what the first line begins with, and the others
    """
    if text.isascii():
        wrap = textwrap.TextWrapper(
            most,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return wrap.wrap(text) or [first.rstrip()]
    lines, line, empty = [], first, True
    for word in text.split():
        longer = line + word if empty else f"{line} {word}"
        if cell_len(longer) > most and not empty:
            lines.append(line)
            longer = rest + word
        line, empty = longer, False
    return [*lines, line]


@contextlib.contextmanager
def bar(what, live=True):
    """Give a function of how many are done and due, which draws a bar on stderr.

    live  whether that is wanted; there is none where stderr is no terminal
    """
    if not (live and sys.stderr.isatty()):
        yield lambda done, due: None
        return
    from rich.console import Console  # it takes 0.1 s
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(what, total=None)
        yield lambda done, due: drawn.update(task, completed=done, total=due)
