"""Feedback that says what the hidden tests found and does not show the tests."""

import os
import re

from nbconvert.filters import strip_ansi
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests
from traitlets import List, Unicode

from proctor.files import read
from proctor.plugins.times import time_of
from proctor.wording import INSIDE

# as IPython shows a frame of its own process, and one that came across the wall
_FRAME = re.compile(r"^(?:Cell |File <Cell )In\[(\d+)\]")
_LONGEST = 2_000  # characters of a message: it may quote what a hidden test passed in


class HideTests(ClearHiddenTests):
    """Remove hidden tests, and what would quote them, from an autograded notebook.

    A failed test cell keeps the error's type and message, and of the traceback the frames in
    cells that the student wrote. A hidden test speaks by that message and by the pictures that it
    displays. What is printed while it runs is left out, and the cell's value: a student's function
    can print what it was given, and a warning prints the line of the test that met it. The
    gradebook and ``autograded/`` are not touched. Delimiters: ``c.ClearHiddenTests``.
    """

    # nbconvert's HTML sets this for all preprocessors, and nbgrader's do not know it
    display_data_priority = List(Unicode()).tag(config=True)

    def preprocess(self, nb, resources):
        """Return the notebook with its test cells cleaned."""
        theirs = {
            str(cell.get("execution_count"))
            for cell in nb.cells
            if cell.cell_type == "code" and not utils.is_locked(cell)
        }
        for cell in nb.cells:
            if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
                source = self._visible(cell.source)
                if source != cell.source:
                    kinds = _said_by(cell)
                    cell.outputs = [
                        o for o in cell.outputs if o.output_type in kinds or o.get("text") == INSIDE
                    ]
                cell.source = source
                for output in cell.outputs:
                    if output.output_type == "error":
                        output.traceback = _own_frames(output, theirs)
        return nb, resources

    def _visible(self, source):
        """The lines outside hidden regions; one that is never closed hides all that follows."""
        lines, hidden = [], False
        for line in source.split("\n"):
            if self.begin_test_delimeter in line:
                hidden = True
            elif self.end_test_delimeter in line:
                hidden = False
            elif not hidden:
                lines.append(line)
        return "\n".join(lines)


def _said_by(cell):
    """The kinds of output by which a hidden test speaks.

    A test inside the student's kernel has the student's own pictures among its outputs.
    """
    inside = "in-student-kernel" in cell.metadata.get("tags", ())
    return ("error",) if inside else ("error", "display_data")


def _own_frames(error, theirs):
    """A traceback of the student's frames (cells numbered ``theirs``) and the error itself."""
    frames = [
        part
        for part in error.traceback
        if (match := _FRAME.match(strip_ansi(part))) and match[1] in theirs
    ]
    message = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    return [*frames, message if len(message) <= _LONGEST else f"{message[:_LONGEST]} […]"]


# by which nbgrader knows whether feedback is older than a submission, and whose it is
_TIME, _SECRET = "timestamp.txt", "submission_secret.txt"
_IS_SECRET = re.compile(rb"[\w+/=.-]{1,500}\s*")


def nbgraders_own(folder):
    """{name: bytes}: what of a graded submission nbgrader needs beside its pages.

    nbgrader copies all that lies in ``autograded/``: a page, a script or a style sheet that was
    handed in would be opened, from a place that its reader trusts.
    """
    files = {}
    if time_of(folder) is not None:
        files[_TIME] = read(os.path.join(folder, _TIME))
    secret = read(os.path.join(folder, _SECRET), 1_000)
    if secret and _IS_SECRET.fullmatch(secret):
        files[_SECRET] = secret
    return files
