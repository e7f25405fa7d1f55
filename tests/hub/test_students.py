"""Students who fetch and hand in at once, and students who look where they should not."""

import json
import time

import pytest

from tests.hub.conftest import OWNER, SIMULATED

pytestmark = [pytest.mark.slow, pytest.mark.takes(350)]  # a hub is started

STUDENTS = [f"student-{number}" for number in range(3, SIMULATED + 3)]
# Each student is a process of its own account, forked from one that has imported nbgrader already,
# and waits until all are there; the round of a student is nbgrader's own code.
ROUND = """\
import json, os, pwd, sys, time
from nbgrader.apps import NbGraderApp, FetchAssignmentApp, SubmitApp
students, start = sys.argv[2:], time.time() + float(sys.argv[1])

def work(name):
    who = pwd.getpwnam(name)
    os.initgroups(name, who.pw_gid); os.setgid(who.pw_gid); os.setuid(who.pw_uid)
    os.environ.update(HOME=who.pw_dir, USER=name, LOGNAME=name)
    os.chdir(who.pw_dir)
    time.sleep(max(0, start - time.time()))
    for app in (FetchAssignmentApp, SubmitApp):
        if app is SubmitApp:
            with open("maxpool/1-windows.ipynb", "r+") as file:
                notebook = json.load(file)
                notebook["cells"][0]["source"] = [f"handed in by {name}"]
                file.seek(0); json.dump(notebook, file); file.truncate()
        app.launch_instance(["maxpool"])
        app.clear_instance()

pids = {}
for name in students:
    if not (pid := os.fork()):
        status = 1
        try:
            work(name)
            status = 0
        finally:
            os._exit(status)
    pids[pid] = name
failed = []
for _ in students:
    pid, status = os.wait()
    if status:
        failed.append(pids[pid])
print(json.dumps(failed))
"""
RELEASE = ("generate_assignment", "release_assignment")


@pytest.fixture(scope="module")
def released(hub):
    """The assignment is in the exchange, whatever ran before."""
    course = f"/home/{OWNER}/course"
    for command in RELEASE:
        hub.run(OWNER, "nbgrader", command, "maxpool", "--force", cwd=course)
    return course


def test_thirty_students_at_once_lose_nothing(hub, released, record_property):
    began = time.monotonic()
    said = hub.run("root", "python", "-c", ROUND, "6", *STUDENTS).stdout
    record_property("30 students fetched and handed in, in seconds", time.monotonic() - began)
    assert json.loads(said.splitlines()[-1]) == [], said
    hub.run(OWNER, "nbgrader", "collect", "maxpool", cwd=released)
    for name in STUDENTS:
        path = f"{released}/submitted/{name}/maxpool/1-windows.ipynb"
        notebook = json.loads(hub.run(OWNER, "cat", path).stdout)
        assert "".join(notebook["cells"][0]["source"]) == f"handed in by {name}"
    folders = hub.run(OWNER, "ls", f"{released}/submitted").stdout.split()
    assert set(STUDENTS) <= set(folders)


# What a student tries in a terminal of the hub, and what would come out if it worked.
TRIES = {
    "import oracle": ("python", "-c", "import oracle"),
    "find oracle": (
        *("bash", "-c", "find /srv /home /etc /tmp -path '*oracle/hidden*' 2>/dev/null | grep ."),
    ),
    "read the source": ("ls", f"/home/{OWNER}/course/source"),
    "climb out of home": ("ls", f"../{OWNER}"),
    "climb from the exchange": (
        "bash",
        "-c",
        f"cd /srv/hub/exchange && cat ../../../home/{OWNER}/*/*",
    ),
    "read the gradebook": ("cat", f"/home/{OWNER}/course/gradebook.db"),
    "read the solutions": ("ls", f"/home/{OWNER}/course/solutions"),
    "another's folder": ("ls", "/home/student-2"),
    "another's files": ("bash", "-c", "cat /home/student-2/maxpool/*.ipynb"),
    "list what was handed in": ("ls", "/srv/hub/exchange/max-pooling/inbound"),
    "guess at what was handed in": (
        *("bash", "-c", "cat /srv/hub/exchange/max-pooling/inbound/student-2*/*"),
    ),
    "list feedback": ("ls", "/srv/hub/exchange/max-pooling/feedback"),
    "move the course's exchange": (
        *("mv", "/srv/hub/exchange/max-pooling", "/srv/hub/exchange/gone"),
    ),
    "release something": ("mkdir", "/srv/hub/exchange/max-pooling/outbound/ps2"),
    "change what was released": (
        *("bash", "-c", "echo x >> /srv/hub/exchange/max-pooling/outbound/maxpool/1-windows.ipynb"),
    ),
    "read the hub's secrets": ("bash", "-c", "cat /srv/hub/state/*"),
    "change the hub": ("bash", "-c", "echo x >> /srv/hub/jupyterhub_config.py"),
    "change the grader": (
        "bash",
        "-c",
        "echo x >> $(python -c 'import proctor; print(proctor.__file__)')",
    ),
    "become somebody else": ("bash", "-c", "echo x | su instructor -c id"),
    "another's environment": (
        "bash",
        "-c",
        "find /proc/[0-9]* -maxdepth 1 -name environ -readable -not -uid $(id -u) 2>&- | grep .",
    ),
}


@pytest.mark.parametrize("what", TRIES)
def test_a_student_gets_nowhere(hub, released, what):
    done = hub.run("student-1", *TRIES[what], check=False)
    assert done.returncode != 0, done.stdout


def test_the_same_is_there_for_its_owner(hub, released):
    """The tries are real: they fail because of who tries."""
    for what in ("read the source", "read the gradebook", "list what was handed in"):
        hub.run(OWNER, *TRIES[what])  # which fails the test unless its status is 0


def test_what_is_released_holds_no_answer(hub, released):
    text = hub.run(
        "student-1", "bash", "-c", "cat /srv/hub/exchange/max-pooling/outbound/*/*.ipynb"
    )
    for trap in ("BEGIN SOLUTION", "BEGIN HIDDEN", "import oracle", "Marking scheme"):
        assert trap not in text.stdout
    assert "raise NotImplementedError" in text.stdout


def test_a_grader_opens_the_owner_s_formgrader_and_no_student_does(hub, released, log_in):
    """As with GRADERS = {"student-3"} in jupyterhub_config.py: the group is what it fills."""
    address = f"{hub.url}/user/{OWNER}/formgrader/manage_assignments"
    grader = log_in("student-3")
    grader.wait_for_url("**/lab**")
    owner = log_in(OWNER)
    owner.wait_for_url("**/lab**")
    done = owner.request.post(
        f"{hub.url}/hub/api/groups/graders/users",
        data={"users": ["student-3"]},
        headers={"X-XSRFToken": cookie(owner, "/hub/"), "Referer": f"{hub.url}/hub/home"},
    )
    assert done.ok, done.text()
    grader.goto(address)
    if grader.get_by_role("button", name="Authorize").count():
        grader.get_by_role("button", name="Authorize").click()
    grader.locator("tbody tr", has_text="maxpool").wait_for()
    student = log_in("student-4")
    student.wait_for_url("**/lab**")
    answer = student.goto(address)
    assert answer.status in (403, 404)
    student.goto(f"{hub.url}/hub/user-redirect/formgrader/manage_assignments")
    student.wait_for_load_state("networkidle")
    assert "maxpool" not in student.inner_text("body")


def cookie(page, path):
    """The token that the hub wants back from its own pages."""
    found = [one for one in page.context.cookies() if one["name"] == "_xsrf"]
    return next(one["value"] for one in found if one["path"] == path)
