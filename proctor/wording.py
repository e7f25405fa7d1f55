"""What a grader writes into a cell's outputs, and feedback shows; what it says of an error."""

import errno
import tempfile

SHOWN = "Left out while the notebook was graded: this cell only shows something.\n"
INSIDE = (
    "This test ran in the student's own kernel (tag in-student-kernel): "
    "its result is as trustworthy as the code that it tests.\n"
)
REPAIRED = "**What was repaired in your notebook**"
NOT_THERE = "This notebook was not handed in: every answer in it counts as blank."


def reason(error):
    """Why something failed, in one line; of a file, which one it is."""
    if isinstance(error, OSError) and error.strerror:
        line = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        if error.errno == errno.ENOSPC:
            line += f". Make room in {tempfile.gettempdir()} and in the course's folder."
        if isinstance(error, PermissionError):
            line += ". The account that grades must have access to it."
        return line
    return first_line(error) or type(error).__name__


def first_line(error):
    """What an error says, without what is for programmers."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
