"""The files that docs/operator.md hands out do what it says.

Those for SLURM run unchanged on a SLURM of this machine alone, a real one: its controller, its
node's daemon, and munge, by which these know each other. The node claims more processors than there
are. Of the file for Kubernetes, the containers' commands run with their environment.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
import yaml

from tests import notebooks
from tests.conftest import hear_ctrl_c
from tests.proctor.test_grade import course, fresh, outcome, start, stock
from tests.waiting import wait_until

pytest.importorskip("dask_jobqueue", reason="the extra 'test' is not installed")
_fixtures = course, fresh, stock
pytestmark = [pytest.mark.slow, pytest.mark.takes(120)]  # a batch system is started
DOCS = notebooks.ROOT / "docs"
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun")
PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"], "/usr/sbin"])
PORT = 8786
LONG = 300  # seconds until a job must have ended, on a busy machine too
CONFIG = """
ClusterName=graders
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={top}/munge.socket
CredType=cred/munge
SlurmUser=root
StateSaveLocation={top}/state
SlurmdSpoolDir={top}/spool
SlurmctldPidFile={top}/slurmctld.pid
SlurmdPidFile={top}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=32000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """The environment of a user whose keys are made as docs/operator.md says."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    with socket.socket() as one:
        if one.connect_ex(("127.0.0.1", PORT)) == 0:
            pytest.skip(f"something listens on port {PORT}, which the files name")
    env = {"HOME": str(tmp_path_factory.mktemp("home")), "PATH": PATH, "USER": "root"}
    env |= {"PYTHONPATH": str(notebooks.ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    keys = re.search(r"```\n(mkdir.*?)```", (DOCS / "operator.md").read_text(), re.S)[1]
    subprocess.run(["bash", "-ec", keys], env=env, check=True, stderr=subprocess.DEVNULL)
    return env


@pytest.fixture(scope="module")
def client(user):
    """What docs/operator.md has a client export."""
    text = (DOCS / "operator.md").read_text()
    found = re.findall(r"^export (DASK_DISTRIBUTED__COMM__\w+)=(\S+)", text, re.M)
    return {name: value.replace("~", user["HOME"]) for name, value in found}


@pytest.fixture(scope="module")
def slurm(user, tmp_path_factory):
    """The environment of a user of a SLURM of our own."""
    if os.geteuid() != 0:
        pytest.skip("starting jobs of SLURM takes root")
    if missing := [name for name in NEEDED if not shutil.which(name, path=PATH)]:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install slurm-wlm munge)")
    top = tmp_path_factory.mktemp("slurm")
    (top / "munge.key").write_bytes(os.urandom(128))
    (top / "munge.key").chmod(0o600)
    controller, node = free_ports(2)
    host = socket.gethostname().split(".")[0]
    config = CONFIG.format(top=top, host=host, controller=controller, node=node)
    (top / "slurm.conf").write_text(config)
    env = {**user, "SLURM_CONF": str(top / "slurm.conf")}
    daemons = [
        ["munged", "--foreground", "--force", f"--socket={top}/munge.socket"]
        + [f"--{name}-file={top}/munge.{name}" for name in ("key", "pid", "seed")],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    ]
    started = []
    try:
        for words in daemons:
            with open(top / f"{words[0]}.log", "w") as log:
                started.append(subprocess.Popen(words, env=env, stdout=log, stderr=log))
            if words[0] == "munged":
                wait_until((top / "munge.socket").exists)
        wait_until(lambda: "idle" in said(env, "sinfo", "-h", "-o", "%T"))
        yield env
    finally:
        said(env, "scancel", "--full", "--user=root")
        for daemon in reversed(started):
            daemon.terminate()
            daemon.wait(60)


def said(env, *words):
    """What a command prints, whatever its status."""
    return subprocess.run(words, env=env, capture_output=True, text=True).stdout


def batch(env, course, assignment, tasks):
    """Have a job grade an assignment; return its exit status and what it wrote."""
    words = ("sbatch", "--wait", f"--ntasks={tasks}", "--output=job.log")
    file = DOCS / "operator" / "slurm.sbatch"
    done = subprocess.run([*words, file, assignment], cwd=course, env=env, timeout=LONG)
    return done.returncode, (course / "job.log").read_text()


def test_one_job_grades_an_assignment(slurm, fresh, stock):
    status, log = batch(slurm, fresh, "ps1", tasks=2)
    assert status == 0, log
    assert json.loads((fresh / "ps1.json").read_text())["graded"] == 7
    assert outcome(fresh) == stock[1]


def test_a_job_of_an_assignment_that_is_not_there_fails(slurm, fresh):
    status, log = batch(slurm, fresh, "ps7", tasks=1)
    assert status == 2
    assert "there is no assignment 'ps7'" in log


def test_jobs_come_and_go_with_the_work(slurm, client, fresh, stock, tmp_path):
    log = tmp_path / "log"
    with open(log, "w") as file:
        cluster = subprocess.Popen(
            [sys.executable, DOCS / "operator" / "slurm.py"],
            cwd=tmp_path,
            env=slurm,
            stdout=file,
            stderr=file,
            preexec_fn=hear_ctrl_c,
        )
    try:
        wait_until(lambda: "tls://" in log.read_text() or cluster.poll() is not None)
        address = re.search(r"tls://\S+", log.read_text())
        assert address, log.read_text()
        graded_on(address[0], client, fresh, stock)
        wait_until(lambda: not said(slurm, "squeue", "-h"), LONG)  # nothing more to do
    finally:
        cluster.send_signal(signal.SIGINT)
        cluster.wait(60)
    assert cluster.returncode == 0, log.read_text()


def graded_on(address, client, course, stock):
    """Grade on a cluster, and look at what came of it."""
    grader, log = start(course, "--workers=64", f"--scheduler={address}", env=client)
    try:
        status = grader.wait(LONG)
    finally:
        grader.kill()
    assert status == 0, log.read_text()
    assert outcome(course) == stock[1]


def test_the_containers_for_kubernetes_grade(user, client, fresh, stock, tmp_path):
    made = yaml.safe_load((DOCS / "operator" / "kubernetes.yaml").read_text())
    started = []
    try:
        for role in ("scheduler", "worker"):
            (container,) = made["spec"][role]["spec"]["containers"]
            tls = f"{user['HOME']}/.config/dask/tls/"
            env = {one["name"]: one["value"].replace("/tls/", tls) for one in container["env"]}
            # here there are no services with names, and nobody who fills in a worker's
            known = {"proctor-scheduler": "127.0.0.1", "$(DASK_WORKER_NAME)": "worker-1"}
            words = container["args"]
            for name, value in known.items():
                words = [word.replace(name, value) for word in words]
            with open(tmp_path / role, "w") as log:
                started.append(
                    subprocess.Popen(
                        words, env={**user, **env}, cwd=tmp_path, stdout=log, stderr=log
                    )
                )
        graded_on(f"tls://localhost:{PORT}", client, fresh, stock)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)
    assert "Registered to:" in (tmp_path / "worker").read_text()
