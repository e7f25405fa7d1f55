"""A pool that plays on a Dask cluster; the course's folders are needed on none of its machines.

What an assignment is travels to every worker once, by a plugin; submissions and results travel as
bytes. A task whose worker dies is given to another by Dask's scheduler, and a result that was on
it is made again; four deaths with the same task make it fail (``distributed.scheduler.
allowed-failures``). TLS is as Dask is configured (``distributed.comm.tls``, or its environment
variables ``DASK_DISTRIBUTED__COMM__TLS__…``).
"""

import contextlib
import importlib.util
import logging
import os
import signal
import time
from dataclasses import replace

from distributed import Client, LocalCluster, WorkerPlugin
from distributed.cfexecutor import ClientExecutor

from proctor.batch import Refused, Wait
from proctor.batch.pool import Warm
from proctor.batch.unit import Graded
from proctor.run.settings import hide
from proctor.wording import first_line

_warm = {}  # in a worker: {a plugin's key: its `Warm`}


class Cluster:
    """Plays on a Dask cluster.

    address  of a scheduler, or "local" for a cluster of this machine
    workers  notebooks under way at least, even while there are fewer workers: an adaptive cluster
             grows by what waits. Processes of a local cluster.
    """

    def __init__(self, unit, address, workers):
        self.unit, self._least, self._local = unit, workers, None
        self._known, self._asked = 0, 0.0
        if address == "local":
            self._local = address = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                # its server would take a port that others may want
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                security=True,  # other users of this machine can connect, too
                silence_logs=logging.CRITICAL,  # the report says it
            )
        elif "://" not in address:
            raise Refused(f"--scheduler {address}: an address looks like tcp://10.0.0.1:8786")
        try:
            self.client = Client(address, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise Wait(
                f"there is no Dask scheduler to talk to at {address}: {first_line(error)}"
            ) from None
        # two graders of the same assignment do not end each other's templates
        key = f"{unit.key}-{self.client.id}"
        self._plugin = Plugin(unit, key, deaf=self._local is not None)
        self.client.register_plugin(self._plugin)
        self._executor = ClientExecutor(self.client, pure=False)

    @property
    def workers(self):
        """Notebooks that can be played at a time: threads of all workers."""
        if time.monotonic() - self._asked > 1:
            self._known, self._asked = sum(self.client.nthreads().values()), time.monotonic()
        return max(self._known, self._least)

    def submit(self, *args):
        """Return a future of what `grade_on_worker` returns for (notebook, data, extra, notes)."""
        return self._executor.submit(grade_on_worker, self._plugin.key, *args)

    def result(self, future):
        """Return the `Graded` of a future that is done, or raise what went wrong."""
        return Graded.from_bytes(future.result())

    def close(self):
        """Let go of the cluster; a local one ends."""
        with contextlib.suppress(OSError, TimeoutError):  # it may be gone
            self._executor.shutdown(wait=False)
            self.client.unregister_worker_plugin(self._plugin.name)
        self.client.close()
        if self._local is not None:
            self._local.close()


class Plugin(WorkerPlugin):
    """Keeps a warm template in a worker; one that joins later gets it too.

    deaf  Ctrl-C, which a terminal sends to the workers of this machine too, is the grader's
    """

    def __init__(self, unit, key, deaf=False):
        self.unit, self.key, self.name, self.deaf = unit, key, f"proctor-{key}", deaf

    def setup(self, worker):
        if self.deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        settings = _hidden_here(self.unit.settings, self.unit.hidden)
        _warm[self.key] = Warm(replace(self.unit, settings=settings))

    def teardown(self, worker):
        if warm := _warm.pop(self.key, None):
            warm.close()


def _hidden_here(settings, names):
    """The settings with what is to be hidden where it lies on this machine, too."""
    root, *_ = settings.hidden
    known = [name for name in names if os.sep in name or _is_module(name)]
    return replace(settings, hidden=(*settings.hidden, *hide(root, known)))


def _is_module(name):
    with contextlib.suppress(ImportError):
        return importlib.util.find_spec(name) is not None
    return False


def grade_on_worker(key, *args):
    """Grade in a worker of the cluster; return the bytes of a `Graded`."""
    return _warm[key].grade(*args).to_bytes()
