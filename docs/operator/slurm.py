"""A Dask cluster of SLURM jobs for ``proctor grade``: python slurm.py, then use its address.

Needs dask-jobqueue where it runs, and this package in the same environment on every node. It
keeps between 0 and 64 workers, as many as there is work for, until Ctrl-C.
"""

import os
import signal

from dask_jobqueue import SLURMCluster
from distributed import Security

TLS = os.path.expanduser("~/.config/dask/tls")  # made as docs/operator.md says; readable by you

cluster = SLURMCluster(
    queue="main",
    walltime="02:00:00",
    # One job is one worker. Of jobs with several, an adaptive cluster that wants one worker more
    # takes the others back, and the job with them, before they have come up.
    cores=1,
    processes=1,
    memory="3GB",
    protocol="tls://",
    security=Security(
        require_encryption=True,
        tls_ca_file=f"{TLS}/ca.pem",
        **{
            f"tls_{role}_{what}": f"{TLS}/{name}.pem"
            for role in ("client", "scheduler", "worker")
            for what, name in (("cert", "certificate"), ("key", "key"))
        },
    ),
    local_directory="/tmp",
    scheduler_options={"dashboard_address": "127.0.0.1:0"},
    worker_extra_args=["--dashboard-address", "127.0.0.1:0"],
)
cluster.adapt(minimum_jobs=0, maximum_jobs=64)
address = cluster.scheduler_address
print(f"proctor grade ASSIGNMENT --workers 64 --scheduler {address}", flush=True)  # noqa: T201
try:
    signal.pause()
except KeyboardInterrupt:
    cluster.close()
