"""The files of ``deploy/``: settings exist, files agree, a cluster takes the manifests."""

import asyncio
import configparser
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from tests import notebooks

DEPLOY = notebooks.ROOT / "deploy"
CLUSTER = DEPLOY / "kubernetes"
SCHEMA = notebooks.ROOT / "tests" / "hub" / "z2jh-values.schema.json"
AUTHENTICATORS = {"pam": "PAMAuthenticator", "lti": "LTI13Authenticator", "oauth": "OAuthenticator"}


def loaded(path, monkeypatch=None, **environment):
    """The configuration that a file makes."""
    from traitlets.config import PyFileConfigLoader

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return PyFileConfigLoader(path.name, path=str(path.parent)).load_config()


@pytest.mark.parametrize("way", AUTHENTICATORS)
def test_every_setting_of_the_hub_exists(way, monkeypatch):
    hub = pytest.importorskip("jupyterhub.app", reason="JupyterHub is not installed")
    config = loaded(DEPLOY / "jupyterhub_config.py", monkeypatch, HUB_AUTHENTICATOR=way)
    app = hub.JupyterHub(config=config)
    authenticator = app.authenticator_class(config=config)
    kinds = {kind.__name__: kind for kind in type(authenticator).__mro__}
    assert AUTHENTICATORS[way] in kinds
    spawner = app.spawner_class
    kinds |= {kind.__name__: kind for kind in (*spawner.__mro__, hub.JupyterHub)}
    kinds["ConfigurableHTTPProxy"] = app.proxy_class
    # another way's settings are not made
    for section, settings in config.items():
        for name in settings:
            assert name in kinds[section].class_trait_names(config=True), f"{section}.{name}"
    assert authenticator.allowed_users == {"instructor"}
    assert app.spawner_class.__name__ == "LocalProcessSpawner"


def test_without_a_certificate_it_is_on_loopback_only():
    config = loaded(DEPLOY / "jupyterhub_config.py")
    assert config.JupyterHub.bind_url == "http://127.0.0.1:8000"
    assert "ssl_cert" not in config.JupyterHub


def test_the_hub_and_the_course_name_the_course_alike():
    name = r'^c.CourseDirectory.course_id = "(.*)"$'
    course = re.search(name, (notebooks.ROOT / "nbgrader_config.py").read_text(), re.M)[1]
    hub = re.search(name, (DEPLOY / "everybody" / "nbgrader_config.py").read_text(), re.M)[1]
    jobs = yaml.safe_load_all((CLUSTER / "exchange.yaml").read_text())
    (environment,) = (
        job["spec"]["template"]["spec"]["containers"][0]["env"]
        for job in jobs
        if job["kind"] == "Job"
    )
    assert course == hub == {one["name"]: one["value"] for one in environment}["COURSE"]


def test_what_everybody_lacks_is_what_the_owner_has():
    for name, key in (
        ("labconfig/page_config.json", "disabledExtensions"),
        ("jupyter_server_config.d/nbgrader.json", "ServerApp"),
    ):
        everybody, owner = (
            json.loads((DEPLOY / who / name).read_text())[key] for who in ("everybody", "owner")
        )
        everybody, owner = (one.get("jpserver_extensions", one) for one in (everybody, owner))
        assert everybody.keys() == owner.keys()
        assert any(everybody[one] != owner[one] for one in owner)
    assert all(owner.values())  # of the server's extensions


def test_the_unit_starts_what_was_installed():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(DEPLOY / "jupyterhub.service")
    install = (DEPLOY / "install.sh").read_text()
    hub = re.search(r"^hub=(\S+)$", install, re.M)[1]
    assert unit["Service"]["ExecStart"] == (
        f"{hub}/venv/bin/jupyterhub --config={hub}/jupyterhub_config.py"
    )
    assert unit["Service"]["WorkingDirectory"] == f"{hub}/state"
    assert 'mkdir -p -m 700 "$hub/state"' in install


def test_the_proxy_is_pinned_and_hashed():
    lock = json.loads((DEPLOY / "package-lock.json").read_text())
    packages = [one for name, one in lock["packages"].items() if name]
    assert len(packages) > 10
    assert all(one["integrity"].startswith("sha512-") for one in packages)
    assert "resolved" not in json.dumps(lock)


def test_without_root_make_hub_says_so_in_a_line():
    words = [sys.executable, str(DEPLOY / "throwaway.py")]
    if os.getuid() == 0:
        words = ["setpriv", "--reuid=65534", "--clear-groups", *words]
    done = subprocess.run(words, capture_output=True, text=True)
    if "Permission denied" in done.stderr:
        pytest.skip("this Python is in root's home")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "root is needed" in done.stderr


# ---- Kubernetes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def values():
    return yaml.safe_load((CLUSTER / "values.yaml").read_text())


def test_the_chart_takes_the_values(values):
    judge = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in judge.iter_errors(values)] == []
    wrong = values | {"singleuser": values["singleuser"] | {"memmory": 1}}
    assert list(judge.iter_errors(wrong)), "a misspelt value would be found"


def test_a_cluster_takes_the_exchange():
    judge = pytest.importorskip("kubernetes_validate", reason="Kubernetes' schemas are not here")
    for made in yaml.safe_load_all((CLUSTER / "exchange.yaml").read_text()):
        judge.validate(made, judge.latest_version(), strict=True)


def test_the_exchange_s_folders_are_as_on_a_server(tmp_path):
    if os.getuid():
        pytest.skip("giving folders to another account takes root")
    (job,) = (
        one
        for one in yaml.safe_load_all((CLUSTER / "exchange.yaml").read_text())
        if one["kind"] == "Job"
    )
    (container,) = job["spec"]["template"]["spec"]["containers"]
    script = container["command"][-1].replace("/volume", str(tmp_path))
    env = {one["name"]: one["value"] for one in container["env"]} | {"PATH": os.environ["PATH"]}
    subprocess.run(["sh", "-ec", script], env=env, check=True)
    course = tmp_path / "exchange" / "max-pooling"
    found = {
        path.name: (oct(path.stat().st_mode)[-4:], path.stat().st_uid)
        for path in (course, *course.iterdir())
    }
    assert found == {
        "max-pooling": ("0755", 10001),
        "outbound": ("0755", 10001),
        "inbound": ("1733", 10001),
        "feedback": ("0711", 10001),
    }
    assert oct((tmp_path / "exchange").stat().st_mode)[-4:] == "1777"


def elsewhere(function, *arguments):
    """Call a function in a thread: a browser of this folder's may keep this one's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


async def manifest(spawner):
    """The pod that a spawner would ask a cluster for."""
    from kubernetes_asyncio import client

    api = client.ApiClient()
    try:
        return api.sanitize_for_serialization(await spawner.get_pod_manifest())
    finally:
        await api.close()


def test_each_user_s_pod_has_a_number_and_a_home_of_its_own(values, tmp_path, monkeypatch):
    kubespawner = pytest.importorskip("kubespawner", reason="KubeSpawner is not installed")
    judge = pytest.importorskip("kubernetes_validate", reason="Kubernetes' schemas are not here")
    from traitlets.config import Config

    for name in ("load_config", "shared_client"):  # there is no cluster to talk to
        monkeypatch.setattr(f"kubespawner.spawner.{name}", lambda *_, **__: None)
    monkeypatch.setenv("GRADEBOOK_URL", "postgresql+psycopg://db/course")
    accounts = tmp_path / "passwd"
    code = values["hub"]["extraConfig"]["10-accounts"].replace(
        "/srv/accounts/passwd", str(accounts)
    )
    user = values["singleuser"]
    config = Config()
    # as the chart's own jupyterhub_config.py does
    config.KubeSpawner.init_containers = user["initContainers"]
    home = {"name": "volume-{user_server}"}
    config.KubeSpawner.volumes = [
        *user["storage"]["extraVolumes"],
        {**home, "persistentVolumeClaim": {"claimName": "home"}},
    ]
    config.KubeSpawner.volume_mounts = [
        *user["storage"]["extraVolumeMounts"],
        {**home, "mountPath": "/home/jovyan"},
    ]
    exec(code, {"c": config})
    pods = {}
    for number, name in ((1, "instructor"), (2, "ada")):
        spawner = kubespawner.KubeSpawner(config=config, _mock=True)
        spawner.user = SimpleNamespace(name=name, id=number, escaped_name=name, url="/")
        spawner.hub = SimpleNamespace(api_url="http://hub", base_url="/hub", server=None)
        monkeypatch.setattr(type(spawner), "get_env", lambda self: dict(self.environment))
        for _ in range(2):  # a server that is started again
            spawner.pre_spawn_hook(spawner)
        pods[name] = elsewhere(asyncio.run, manifest(spawner))
        judge.validate(pods[name], judge.latest_version(), strict=True)
    for number, (name, pod) in enumerate(pods.items(), 10001):
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["runAsUser"] == number
        assert container["securityContext"]["runAsGroup"] == number
        assert "fsGroup" not in pod["spec"].get("securityContext", {})
        (first,) = pod["spec"]["initContainers"]
        assert f"chown $((10000 + {number - 10000})) /home/jovyan" in first["command"][-1]
        assert first["volumeMounts"][0]["name"] == f"volume-{name}"
        told = {one["name"]: one["value"] for one in container["env"]}
        assert ("NBGRADER_DB_URL" in told) == (name == "instructor")
    assert accounts.read_text().splitlines() == [
        "instructor:x:10001:10001::/home/jovyan:/bin/bash",
        "ada:x:10002:10002::/home/jovyan:/bin/bash",
    ]


def test_the_image_takes_what_is_there_and_no_answers():
    text = (CLUSTER / "Dockerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (.*)$", text, re.M) for word in line.split()[:-1]]
    assert copied
    for name in copied:
        assert (notebooks.ROOT / name).exists(), name
    allowed = re.findall(r"^!(.*)$", (CLUSTER / "Dockerfile.dockerignore").read_text(), re.M)
    assert set(copied) == set(allowed)
    assert not {"oracle", "source", "solutions", "."} & set(copied)
