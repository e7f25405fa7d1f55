"""Limits of a student's processes, as settings of nbgrader and Jupyter."""

from traitlets import Integer
from traitlets.config import Configurable

from proctor.run.settings import LIMITS
from proctor.sandbox import Policy


class ProcessLimits(Configurable):
    """What a student's processes may use: traits of `Execute` and of the `Provisioner`."""

    memory = Integer(
        Policy.memory, min=1, help="Bytes of memory for a student's processes, together."
    ).tag(config=True)
    cpu = Integer(
        Policy.cpu, min=1, help="Seconds of processor time for a student's processes, together."
    ).tag(config=True)
    processes = Integer(
        Policy.processes, min=1, help="Processes and threads that a student's code may have."
    ).tag(config=True)
    file_size = Integer(
        Policy.file_size, min=1, help="Bytes of the largest file that a student's code may write."
    ).tag(config=True)
    open_files = Integer(
        Policy.open_files, min=1, help="Files that a student's process may have open."
    ).tag(config=True)

    def limits(self):
        """{name: value} of all of them, as `Settings` and `Policy` call them."""
        return {name: getattr(self, name) for name in LIMITS}
