"""The student's side: a locked-in process that runs cells and answers calls, and knows no test."""

import random
import sys

from .shell import LowOutput, Shell
from .wall import Student

RUN, WRITTEN = "__proctor_run__", "__proctor_written__"


def main(wall):
    """Serve one notebook over the socket ``wall`` until its other end hangs up.

    The conductor fetches two functions before any cell runs, and then uses nothing but those and
    what the cells define: ``run(source, count)`` runs a cell, ``written()`` returns what was
    printed since. Both return outputs as nbformat has them.
    """
    shell = Shell.instance()
    shell.low = LowOutput()
    shell.watch()
    # the same submission gives the same numbers: a fork would inherit whatever state there was
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    shell.user_ns.update({RUN: shell.run, WRITTEN: shell.written})
    Student(wall, shell.user_ns).serve()
