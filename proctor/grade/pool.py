"""Where notebooks are played: by threads that each wait for a conductor, or on a Dask cluster."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from proctor.template import Template

from .unit import grade

AGAIN = 3  # times that a notebook is given to another worker when one died with it


class Here:
    """Plays on this machine.

    A worker is a thread that waits: the work is done by the conductors and the students'
    processes that one template forks.
    """

    def __init__(self, unit, workers):
        self.unit, self.workers = unit, workers
        self.template = Template(unit.assignment)
        self.threads = ThreadPoolExecutor(workers, thread_name_prefix="proctor")

    def submit(self, *args):
        """Return a future of what `grade` returns for (notebook, data, extra, notes)."""
        return self.threads.submit(grade, self.unit, self.template, *args)

    def close(self):
        """Forget what has not begun, and end what has."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.template.close()


class Cluster:
    """Plays on a Dask cluster: ``address`` of a scheduler, or "local" for one of this machine.

    security  paths of the certificate authority, certificate and key to speak TLS with; or None
    """

    def __init__(self, unit, address, workers=None, security=None):
        try:
            from distributed import Client, LocalCluster, Security
        except ImportError:
            raise SystemExit(
                "--scheduler needs Dask's distributed: pip install 'max-pooling-course[cluster]'"
            ) from None
        self._cluster = None
        if address == "local":
            self._cluster = address = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
            )
        if security:
            authority, certificate, key = security
            security = Security(
                tls_ca_file=authority,
                tls_client_cert=certificate,
                tls_client_key=key,
                require_encryption=True,
            )
        self.client = Client(address, security=security or None, set_as_default=False)
        self.client.register_plugin(_plugin(unit))
        self._unit, self._number = unit.key, itertools.count()

    @property
    def workers(self):
        """Threads of all workers, at least one."""
        return max(1, sum(self.client.nthreads().values()))

    def submit(self, *args):
        """Return a future of what `grade` returns for (notebook, data, extra, notes)."""
        key = f"proctor-{self._unit}-{next(self._number)}"
        return _Again(self.client, key, (self._unit, *args))

    def close(self):
        """Let go of the cluster; a local one ends."""
        self.client.close()
        if self._cluster is not None:
            self._cluster.close()


class _Again:
    """A future that is given to another worker when one died with it."""

    def __init__(self, client, key, args):
        self.client, self.key, self.args = client, key, args
        self.tries = 0
        self._submit()

    def _submit(self):
        self.future = self.client.submit(
            grade_on_worker, *self.args, key=f"{self.key}-{self.tries}", retries=AGAIN
        )

    def result(self):
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        while True:
            try:
                return self.future.result()
            except (KilledWorker, FutureCancelledError):
                self.tries += 1
                if self.tries > AGAIN:
                    raise
                self._submit()


def _plugin(unit):
    """A Dask worker's plugin that keeps a warm template; workers that join later get it too."""
    from distributed import WorkerPlugin

    class Warm(WorkerPlugin):
        name = f"proctor-{unit.key}"

        def setup(self, worker):
            _on_worker[unit.key] = unit

        def teardown(self, worker):
            _on_worker.pop(unit.key, None)
            template = _templates.pop(unit.key, None)
            if template is not None:
                template.close()

    return Warm()


_on_worker, _templates, _starting = {}, {}, threading.Lock()


def grade_on_worker(key, *args):
    """Grade in a worker of the cluster."""
    unit = _on_worker[key]
    with _starting:
        if key not in _templates:
            _templates[key] = Template(unit.assignment)
    return grade(unit, _templates[key], *args)
