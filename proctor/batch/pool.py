"""Where notebooks are played: by threads that each wait for a runner, or on a Dask cluster."""

import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from proctor.batch.unit import grade
from proctor.messages import Closed
from proctor.run.template import Template


class Warm:
    """The template of a `Unit`: started when first asked for, and again when it has died."""

    def __init__(self, unit):
        self.unit = unit
        self._template, self._closed, self._lock = None, False, threading.Lock()

    def template(self):
        """Return a living `Template`; raises Closed after `close`."""
        with self._lock:
            if self._closed:
                raise Closed("the pool is closed")
            if self._template is None or self._template.process.poll() is not None:
                self._template = Template(self.unit.assignment)
            return self._template

    def grade(self, *args):
        """`grade` for (notebook, data, extra, notes); once more if the template died with it."""
        template = self.template()
        try:
            return grade(self.unit, template, *args)
        except Closed as error:
            if template.process.poll() is None:  # it was not the template
                help = f"is there memory for it, and room in {tempfile.gettempdir()}?"
                why = "was too late and was ended" if str(error) == "late" else f"ended: {help}"
                raise RuntimeError(f"the process that played it {why}") from None
        return grade(self.unit, self.template(), *args)

    def close(self):
        """End the template and all that it plays."""
        with self._lock:
            self._closed = True
            if self._template is not None:
                self._template.close()


class Here:
    """Plays on this machine.

    A worker is a thread that waits: the work is done by the runners and the students'
    processes that one template forks. Where there are as many workers as cores, each has its own:
    a test and the student's function that it calls wake each other up on the same core, which is
    quicker than on two.
    """

    def __init__(self, unit, workers):
        self.unit, self.workers = unit, workers
        self.warm = Warm(unit)
        self.warm.template()
        cores = os.sched_getaffinity(0)
        own = iter([{core} for core in cores] if workers == len(cores) else [cores] * workers)
        self.threads = ThreadPoolExecutor(
            workers, "proctor", initializer=lambda: os.sched_setaffinity(0, next(own))
        )

    def submit(self, *args):
        """Return a future of what `grade` returns for (notebook, data, extra, notes)."""
        return self.threads.submit(self.warm.grade, *args)

    def result(self, future):
        """Return the `Graded` of a future that is done, or raise what went wrong."""
        return future.result()

    def close(self):
        """Forget what has not begun, and end what has."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.warm.close()
