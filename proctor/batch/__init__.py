"""``proctor grade ASSIGNMENT``: a whole class, with all cores or on a cluster.

    submitted/ ──bytes──▶ workers: merge, play, on two sides of the wall ──▶ one recorder

The recorder is nbgrader's own converter, in its order: it writes ``autograded/`` and the gradebook
as ``nbgrader autograde`` does, and the result is the same for any number of workers.
"""

from proctor.errors import Refused, Wait

__all__ = ["Refused", "Wait"]
