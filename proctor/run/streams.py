"""What a test has put in the place of a person: ``input``, ``sys.stdin``, ``sys.stdout``.

A student's process has its own of these. While a test has replaced one (``mock.patch``, a
``StringIO``, ``redirect_stdout``), what its calls ask and print there goes by the test's.
"""

import builtins
import sys

from proctor.run.shell import Stream

_INPUT, _STDIN = builtins.input, sys.stdin


def is_asked():
    """Whether the test answers ``input``."""
    return builtins.input is not _INPUT or sys.stdin is not _STDIN


def ask(prompt=""):
    """What the test answers."""
    return builtins.input(prompt)


def is_caught():
    """Whether what is printed goes elsewhere than into the cell's outputs."""
    return type(sys.stdout) is not Stream or type(sys.stderr) is not Stream


def give(outputs):
    """Print where the test catches it what a student's process printed."""
    for one in outputs:
        {"stdout": sys.stdout, "stderr": sys.stderr}[one["name"]].write(one["text"])
