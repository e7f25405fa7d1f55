"""Every command that a page shows in a block is executed by a test, here or elsewhere.

Those of nbgrader and proctor are executed here as they stand, on a small course whose assignment
and students have the pages' names. The others are named in ``ELSEWHERE`` with the test that
executes them, or with the reason why none does.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests import notebooks
from tests.proctor.test_grade import RIGHT, course, hand_in, stock

_fixtures = course, stock
PAGES = [
    *("README.md", "CONTRIBUTING.md", "proctor/README.md", "deploy/kubernetes/README.md"),
    *sorted(f"docs/{path.name}" for path in (notebooks.ROOT / "docs").glob("*.md")),
]
# what a block of commands begins its lines with
PROGRAMS = (
    *("nbgrader", "proctor", "make", "python", "python3", "pip", "pytest", "jupyter", "source"),
    *("docker", "kubectl", "helm", "systemd-run", "systemctl", "apt-get", "openssl", "export"),
    *("mkdir", "cp", "rm", "tar", "useradd", "passwd", "runuser", "install", "cut", "chpasswd"),
    *("cd", "git", "echo", "PYTHONPATH", "/home"),
)
# (the beginning of a command, where it is executed, what stands there) or (…, None, why it is not)
ELSEWHERE = [
    ("make", "tests/course/test_documented.py", "test_make_has_the_targets"),
    ("source .venv/bin/activate", None, "it changes the shell; the tests run in that environment"),
    ("pip install '/path", "tests/course/test_installed.py", "pip"),
    ("proctor doctor", "tests/proctor/test_doctor.py", "doctor.main"),
    ("proctor grade ps1 --watch", "tests/proctor/test_watch_service.py", "--watch"),
    ("proctor grade ps1 --scheduler tls", "tests/proctor/test_operator_files.py", "--scheduler="),
    ("proctor export", "tests/proctor/test_lms.py", "--into"),
    ("systemd-run", None, "it needs systemd as the first process of the machine"),
    ("mkdir -p -m 700 ~/.config/dask", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    ("openssl req", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    ("cp certificate.pem ca.pem", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    ("export DASK", "tests/proctor/test_operator_files.py", "DASK_DISTRIBUTED__COMM__"),
    ("export NBGRADER_DB_URL", "tests/course/test_documented.py", "test_the_gradebook_s_address"),
    ("python benchmarks/grading.py", None, "half an hour; `make bench-grading` is its way"),
    ("PYTHONPATH=source/NAME python", "tests/second/test_second.py", "symptoms"),
    (
        'PYTHONPATH="$PWD" nbgrader autograde',
        "tests/course/test_installed.py",
        '"autograde", "maxpool"',
    ),
    ("docker build", None, "there is no Docker; what it copies is looked at in tests/hub"),
    ("kubectl create", None, "there is no cluster"),
    ("kubectl apply", None, "there is no cluster; the files are tried in tests/hub"),
    ("helm upgrade", None, "there is no cluster; the values are tried in tests/hub"),
]
# pages of which another test executes all blocks, in their order
WHOLE = {
    "docs/lms.md": ("tests/proctor/test_lms_round.py", "lms.md"),
    "docs/jupyterhub.md": ("tests/hub/test_docs.py", "Set it up"),
    "docs/operator.md#Backup and restore": ("tests/proctor/test_backup.py", "Backup and restore"),
    "docs/student.md": ("tests/course/test_laptop.py", "student.md"),
    "proctor/README.md#In half a minute": ("tests/course/test_documented.py", "half a minute"),
}


def commands(page):
    """[(heading, command without its comment)] of a page's blocks that name no language."""
    found, heading, inside = [], "", None
    for line in (notebooks.ROOT / page).read_text().splitlines():
        if line.startswith("## ") and inside is None:
            heading = line[3:]
        if match := re.match(r" *```(\w*)", line):
            inside = match[1] if inside is None else None
        elif inside == "" and re.match(rf" *({'|'.join(PROGRAMS)})(=|\s|$)", line):
            found.append((heading, re.sub(r"\s{2,}#.*| # .*", "", line.strip())))
    return found


def here():
    """The commands that are executed here: (page, command)."""
    for page in PAGES:
        for heading, command in commands(page):
            if {page, f"{page}#{heading}"} & WHOLE.keys():
                continue
            if not any(command.startswith(one) for one, *_ in ELSEWHERE):
                yield page, command


def test_each_command_has_a_place():
    """What is not executed elsewhere is nbgrader's or proctor's, so it is executed here."""
    for page, command in here():
        assert command.split()[0] in ("nbgrader", "proctor"), f"{page}: {command}: what tries it?"


@pytest.mark.parametrize("entry", ELSEWHERE, ids=[one for one, *_ in ELSEWHERE])
def test_what_is_said_of_another_place_is_so(entry):
    command, place, words = entry
    assert any(one.startswith(command) for page in PAGES for _, one in commands(page)), "not used"
    if place:
        assert words in (notebooks.ROOT / place).read_text()


def test_the_places_of_whole_pages_are_there():
    for page, (place, words) in WHOLE.items():
        name, _, heading = page.partition("#")
        assert any(heading in ("", found) for found, _ in commands(name))
        assert (notebooks.ROOT / place).exists()
        assert words


def test_make_has_the_targets():
    makefile = (notebooks.ROOT / "Makefile").read_text()
    text = "\n".join((notebooks.ROOT / page).read_text() for page in PAGES)
    targets = set(re.findall(r"`make ([a-z-]+)", text)) | set(
        re.findall(r"^make ([a-z-]+)", text, re.M)
    )
    assert {"help", "hub", "lab", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


def bash(script, folder, **more):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"PATH": path, "PYTHONPATH": str(notebooks.ROOT), **more}
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, _ in here()}))
def test_the_commands_of_a_page_work(page, stock, tmp_path):
    """In their order, on a course of its own: its assignment is called as on the page."""
    root = shutil.copytree(stock[0], tmp_path / "course")
    hand_in(root, "ada", (RIGHT, RIGHT))
    todo = [command for name, command in here() if name == page]
    if any("maxpool" in command for command in todo):
        (root / "gradebook.db").unlink()
        for folder in (root / "source", root / "release", *(root / "submitted").iterdir()):
            (folder / "ps1").rename(folder / "maxpool")
        shutil.rmtree(root / "autograded")
        todo.insert(0, "nbgrader generate_assignment maxpool --force")
        todo.insert(1, "proctor grade maxpool || test $? = 1")
    for command in todo:
        if command == "nbgrader generate_assignment ps1":  # what is released already is left alone
            command += " --force"
        done = bash(command, root)
        # 1: somebody's work could not be graded, as the class here has it
        assert done.returncode in (0, 1), f"{command}\n{done.stdout}"
        assert "Traceback" not in done.stdout, f"{command}\n{done.stdout}"


@pytest.mark.slow
def test_the_quickstart_is_graded_in_half_a_minute(tmp_path, record_property):
    text = (notebooks.ROOT / "proctor" / "README.md").read_text()
    script = re.search(r"## In half a minute\n.*?```\n(.*?)```", text, re.S)[1]
    done = bash(script, tmp_path, HOME=str(tmp_path), JUPYTER_CONFIG_DIR=str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout
    assert "Graded 1 submission" in done.stdout
    page = tmp_path / "course" / "feedback" / "ada" / "ps1" / "index.html"
    assert "ps1" in page.read_text()


def test_the_gradebook_s_address_is_what_the_environment_says(tmp_path):
    text = (notebooks.ROOT / "docs" / "operator.md").read_text()
    (line,) = re.findall(r"^export NBGRADER_DB_URL=.*$", text, re.M)
    program = """
import proctor
from traitlets.config import Config
print(proctor.configure(Config()).CourseDirectory.db_url)
"""
    done = bash(f"{line}\npython -c '{program}'", tmp_path)
    assert done.stdout.strip() == re.search(r"'(.*)'", line)[1]


def test_the_guide_s_misconception_is_one_of_the_course_s():
    text = (notebooks.ROOT / "CONTRIBUTING.md").read_text()
    (example,) = re.findall(r"^   ```\n(   \S+ \(\w+\) loses .*?)   ```$", text, re.S | re.M)
    source = (notebooks.ROOT / "oracle" / "misconceptions" / "windows.py").read_text()
    assert textwrap.dedent(example) in source
