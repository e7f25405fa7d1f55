"""docs/jupyterhub.md, followed word by word on a machine that is as good as new."""

import re
import shutil
import sys

import pytest

from tests import notebooks
from tests.hub.conftest import machine

PAGE = notebooks.ROOT / "docs" / "jupyterhub.md"
INSTALL = "apt-get install --yes --no-install-recommends "
PACKAGES = f"{INSTALL}ca-certificates git nodejs npm python3-venv"
# what cannot be done here, why, and what is done in its place
INSTEAD = {
    # it would change this machine: that the packages are there is tested
    "apt-get update": ":",
    PACKAGES: ":",
    # there is nobody to type a password
    "passwd instructor": "passwd instructor <<< $'a-long-one\na-long-one'",
    # there is no systemd: what it would start is started, on a port of this test's
    "systemctl enable --now jupyterhub": """
eval "$(sed -n 's/^Environment=/export /p' /etc/systemd/system/jupyterhub.service)"
cd "$(sed -n 's/^WorkingDirectory=//p' /etc/systemd/system/jupyterhub.service)"
$(sed -n 's/^ExecStart=//p' /etc/systemd/system/jupyterhub.service) \\
    --JupyterHub.bind_url=https://127.0.0.1:PORT --JupyterHub.hub_port=HUB_PORT \\
    --ConfigurableHTTPProxy.api_url=http://127.0.0.1:PROXY_PORT > log 2>&1 &
cd -""",
}
# what is there when somebody begins: a certificate, a list of students
BEFORE = """
set -eu -o pipefail
mkdir /tmp/mine; cd /tmp/mine
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem 2> /dev/null
printf 'ada:a-long-one\\ngrace:another-one\\n' > students.txt
mkdir -p /etc/systemd/system
"""
AFTER = """
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE  # of this machine's own
cat > /tmp/log-in.py <<'PYTHON'
import re, sys, time, requests
base, name, password = sys.argv[1:]
for _ in range(600):
    try:  # the proxy is there before the hub is
        if requests.get(f"{base}/hub/login", verify="/tmp/mine/certificate.pem").ok:
            break
    except requests.ConnectionError:
        pass
    time.sleep(0.1)
browser = requests.Session()
browser.verify = "/tmp/mine/certificate.pem"
form = browser.get(f"{base}/hub/login").text
token = re.search(r'name="_xsrf" value="([^"]+)"', form)[1]
answer = browser.post(f"{base}/hub/login", data={
    "username": name, "password": password, "_xsrf": token}, allow_redirects=False)
print("logged in", name, answer.status_code, answer.headers.get("location"))
PYTHON
for who in "ada a-long-one" "ada wrong" "instructor a-long-one"; do
    python3=/srv/hub/venv/bin/python
    $python3 /tmp/log-in.py https://127.0.0.1:PORT $who
done
stat -c '%a %U %n' /home/* /srv/hub/exchange /srv/hub/exchange/*/*
"""


def blocks(text):
    """The commands of a page, in their order."""
    return re.findall(r"^ *```\n(.*?)^ *```$", text, re.S | re.M)


@pytest.mark.slow
def test_word_by_word_on_a_fresh_machine(free_ports):
    setup = PAGE.read_text().split("## The first lesson")[0]
    commands = [line.strip() for block in blocks(setup) for line in block.splitlines()]
    assert set(INSTEAD) <= set(commands), "what is not done is on the page"
    script = "\n".join(INSTEAD.get(line, line) for line in commands)
    script = script.replace("ADDRESS", "/tmp/course.bundle")
    script = BEFORE + script + AFTER
    for name, port in zip(("HUB_PORT", "PROXY_PORT", "PORT"), free_ports(3), strict=True):
        script = script.replace(name, str(port))
    done = machine("--shell", input=script)
    assert done.returncode == 0, done.stdout
    said = done.stdout
    assert "Isolation is sufficient" in said
    assert "exchange   ok      /srv/hub/exchange/max-pooling: students fetch and hand in" in said
    assert "answers    ok      no other account can read them" in said
    assert "logged in ada 302 /hub/" in said
    assert "logged in ada 403" in said
    assert "logged in instructor 302 /hub/" in said
    for account in ("instructor", "ada", "grace"):
        assert f"700 {account} /home/{account}" in said
    assert "1777 root /srv/hub/exchange\n" in said
    assert "1733 instructor /srv/hub/exchange/max-pooling/inbound" in said


def test_what_the_page_wants_of_debian_is_what_it_uses():
    (line,) = re.findall(f"{INSTALL}(.*)", PAGE.read_text())
    ci = (notebooks.ROOT / ".ci" / "run").read_text()
    for package in line.split():
        assert package in ci or package == "ca-certificates"
    for program in ("git", "node", "npm"):
        assert shutil.which(program) or sys.platform != "linux"


def test_settings_that_the_page_names_exist():
    config = (notebooks.ROOT / "deploy" / "jupyterhub_config.py").read_text()
    table = PAGE.read_text().split("| setting | what |")[1].split("\n\n")[0]
    names = re.findall(r"`([A-Z]+)`", table)
    assert len(names) == 7
    for name in names:
        assert re.search(rf"^{name} = ", config, re.M), name
