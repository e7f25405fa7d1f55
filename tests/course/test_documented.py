"""Every command and setting that a page shows is tried by a test, here or elsewhere.

Each block of each page is a section that another test executes whole (``WHOLE``), commands of which
each is executed here or named in ``ELSEWHERE``, or something else that is named in ``SHOWN``.
Those of nbgrader and proctor are executed here as they stand, on a small course whose assignment
and students have the pages' names. A command within a sentence has to be one: its program, options
and the files that it names are looked up. So is a setting: its class has to have it.
"""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from PIL import Image
from traitlets.config import Configurable

from proctor.__main__ import _APPS
from tests import commands as forked
from tests import notebooks
from tests.proctor.test_grade import RIGHT, copied, course, hand_in, stock

_fixtures = course, stock
FOLDERS = ("docs", "deploy", "proctor", "benchmarks", "oracle")
# (pattern of a command, where it is executed, what stands there) or (…, None, why it is not)
ELSEWHERE = [
    ("make", "tests/course/test_documented.py", "test_make_has_the_targets"),
    ("make test", "tests/course/test_documented.py", "test_make_has_the_targets"),
    ("source .venv/bin/activate", None, "it changes the shell; the tests run in that environment"),
    ("pip install '/path/to/the/clone'", "tests/course/test_installed.py", "pip"),
    ("pip install '/path/to/the/clone[[]cluster]'", "tests/course/test_installed.py", "cluster"),
    ("pip install '/path/to/the/clone[[]postgresql]'", None, "an extra of one package, psycopg"),
    ("proctor doctor", "tests/proctor/test_doctor.py", "doctor.main"),
    ("proctor grade ps1 --watch", "tests/proctor/test_watch_service.py", "--watch"),
    (
        "proctor grade ps1 --scheduler tls://10.0.0.1:8786",
        "tests/proctor/test_operator_files.py",
        "--scheduler=",
    ),
    ("proctor export maxpool --into FILE", "tests/proctor/test_lms.py", "--into"),
    ("proctor export ps1 --into grades.csv", "tests/proctor/test_lms.py", "--into"),
    ("systemd-run *", None, "it needs systemd as the first process of the machine"),
    ("mkdir -p -m 700 ~/.config/dask*", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    ("openssl req *", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    ("cp certificate.pem ca.pem", "tests/proctor/test_operator_files.py", "(mkdir.*?)"),
    (
        "export DASK_DISTRIBUTED__COMM__*",
        "tests/proctor/test_operator_files.py",
        "DASK_DISTRIBUTED__COMM__",
    ),
    ("export NBGRADER_DB_URL=*", "tests/course/test_documented.py", "test_the_gradebook_s_address"),
    ("python benchmarks/grading.py", None, "half an hour; `make bench-grading` is its way"),
    (
        "PYTHONPATH=source/NAME python -m oracle.kit.symptoms > *",
        "tests/second/test_second.py",
        "symptoms",
    ),
    (
        'python -c "import nbformat, sys; *',
        "tests/second/test_second.py",
        'follow("import nbformat"',
    ),
    ("cp -r $CLONE/*", "tests/second/test_second.py", 'follow("cp -r"'),
    ("sed -i s/poolkit/TOOLKIT/ *", "tests/second/test_second.py", 'follow("cp -r"'),
    (
        "PYTHONPATH=source/maxpool python -m oracle.kit.symptoms > new.json",
        *(None, "as for the second assignment; `make release` begins so"),
    ),
    ("mv new.json source/maxpool/poolkit/symptoms.json", None, "the end of the one before"),
    (
        'PYTHONPATH="$PWD" nbgrader autograde maxpool',
        "tests/course/test_installed.py",
        '"autograde", "maxpool"',
    ),
    ("docker build *", None, "there is no Docker; what it copies is looked at in tests/hub"),
    ("kubectl create secret *", None, "there is no cluster"),
    ("kubectl apply *", None, "there is no cluster; the files are tried in tests/hub"),
    ("helm upgrade *", None, "there is no cluster; the values are tried in tests/hub"),
]
LMS = ("tests/proctor/test_lms_round.py", "documented(title)")
# sections of which another test executes all blocks: how many, where, by which words
WHOLE = {
    "docs/dates.md#": (4, "tests/proctor/test_dates.py", "test_the_page_is_executed"),
    "docs/jupyterhub.md#Set it up": (7, "tests/hub/test_docs.py", "The first lesson"),
    "docs/lms.md#Canvas": (5, *LMS),
    "docs/lms.md#Moodle": (6, *LMS),
    "docs/lms.md#Blackboard": (4, *LMS),
    "docs/lms.md#ILIAS": (4, *LMS),
    "docs/lms.md#Brightspace": (5, *LMS),
    "docs/lms.md#Every mark, in a table": (
        *(1, "tests/proctor/test_lms_lists.py", "test_the_documented_commands"),
    ),
    "docs/operator.md#Backup and restore": (2, "tests/proctor/test_backup.py", "backup, restore ="),
    "docs/student.md#Start": (1, "tests/course/test_laptop.py", "START"),
    "docs/student.md#Before you hand in": (
        *(1, "tests/course/test_laptop.py", "test_the_zip_holds_the_folder"),
    ),
    "proctor/README.md#In half a minute": (
        *(1, "tests/course/test_documented.py", "test_the_quickstart_is_graded"),
    ),
}
# blocks that are no commands, by their first lines: what they are, or what tests them
SHOWN = {
    ("CONTRIBUTING.md", "ends-a-pixel-early (indexing) loses *"): "test_the_guide_s_misconception",
    ("CONTRIBUTING.md", "@visible(*"): "a form to be filled in",
    ("CONTRIBUTING.md", "add("): "a form to be filled in; tests/attacks/families has its like",
    ("docs/architecture.md", "source/maxpool/ *"): "a map of folders",
    ("docs/architecture.md", "grader ── template*"): "a drawing",
    ("docs/new-assignment.md", "source/NAME/NAME.ipynb *"): "a map: tests/second makes it",
    (
        "docs/instructor.md",
        "[[]project.entry-points*",
    ): "tests/proctor/test_values.py makes such a one",
    ("docs/instructor.md", "c.FileNameCollectorPlugin.named_regexp = ("): "a setting, looked up",
    (
        "docs/operator.md",
        "import proctor; proctor.configure(c)",
    ): "every course of the tests has it",
    (
        "proctor/README.md",
        "import proctor; proctor.configure(c)",
    ): "every course of the tests has it",
    ("proctor/README.md", "mean · empty list: *"): "a message",
    ("docs/student.md", "# 1 point · *"): "a cell of the lesson",
    ("docs/student.md", "maxpool_backward · overlapping windows: *"): "a message",
}
# what a command within a sentence begins with, besides nbgrader and proctor
PROGRAMS = (
    *("make", "python", "python3", "py", "pip", "pytest", "jupyter", "source", "git", "sudo"),
    *("systemctl", "journalctl", "sysctl", "psql", "pg_dump", "dask", "kubectl", "helm", "docker"),
    *("ss", "chown", "chmod", "cd", "curl", "wget", "npm", "npx", "node", "conda", "uv", "tar"),
    *("apt", "apt-get", "ssh", "scp", "unzip", "zip", "sh", "bash", "useradd", "tljh-config"),
)
# (pattern of one in a sentence, why nothing tries it)
SAID = [
    ("python benchmarks/against.py COMMIT", "minutes, and needs a commit"),
    ("python benchmarks/round.py", "a quarter of an hour; `make bench-grading` is its way"),
    ("cd course", "of a terminal"),
    ("git pull", "needs where the clone is from"),
    ("git clone ADDRESS course", "tests/hub/test_docs.py clones so"),
    ("git switch --detach COMMIT", "needs a commit"),
    ("apt-get install git make python3-venv", "it would change the machine; .ci/run installs them"),
    ("pip install openpyxl", "tests/proctor/test_lms_lists.py has it"),
    ("pip install", "the word for it"),
    ("pip uninstall max-pooling-course", "an older version"),
    ("pip wheel --no-deps '/path/to/the/clone'", "tests/course/test_installed.py makes one"),
    ("sudo -E pip install -r requirements-hub.txt", "TLJH: the page says that it was not tried"),
    ("sudo -E pip install .", "TLJH: the page says that it was not tried"),
    ("systemctl *", "there is no systemd in the tests' machine"),
    ("journalctl -u jupyterhub", "there is no systemd in the tests' machine"),
    ("sysctl kernel.apparmor_restrict_unprivileged_userns=0", "of Ubuntu's kernel"),
    ("psql course < …", "a database's own"),
    ("pg_dump course > ../backup/gradebook.sql", "a database's own"),
    ("dask worker *", "tests/proctor/test_operator_files.py starts them from the files"),
    ("dask scheduler*", "tests/proctor/test_operator_files.py starts it from the files"),
    ("kubectl get pods", "there is no cluster"),
    ("ss -ltn", "the system's own"),
    ("chown -R", "the system's own"),
    ("chmod -R u+rwX", "the system's own"),
    ("py -m venv lesson", "of Windows"),
    ("source .venv/bin/activate", "it changes the shell"),
    ("python -m *", "their modules are looked up"),
    ("pytest *", "their files are looked up"),
    ("make*", "their targets are looked up"),
]


def pages():
    """The pages that people read of this repository."""
    found = [*notebooks.ROOT.glob("*.md")]
    for folder in FOLDERS:
        found += (notebooks.ROOT / folder).rglob("*.md")
    return sorted(str(path.relative_to(notebooks.ROOT)) for path in found)


PAGES = pages()


def parts(text):
    """([(heading, language, lines) of blocks], the text without them) of a page."""
    found, rest, heading, inside = [], [], "", None
    for line in text.splitlines():
        if inside is None and line.startswith("## "):
            heading = line[3:]
        if match := re.match(r" *(?:```|~~~)(.*)", line):
            if inside is None:
                inside = []
                found.append((heading, match[1].strip(), inside))
            else:
                inside = None
        elif inside is not None:
            inside.append(line.strip())
        else:
            rest.append(line)
    assert inside is None, "a block is not closed"
    return found, "\n".join(rest)


def untried(page, text):
    """What is wrong with a page's commands: nothing tries them. [sentence]."""
    blocks, rest = parts(text)
    found, sections = [], {}
    for heading, language, lines in blocks:
        section = f"{page}#{heading}"
        sections[section] = sections.get(section, 0) + 1
        if section in WHOLE or any(page == p and fnmatchcase(lines[0], f) for p, f in SHOWN):
            continue
        if language:
            found.append(f"{section}: a block of {language} is in no list")
        found += [f"{section}: {one}" for one in commands(lines) if not is_tried(one)]
    for section, number in sections.items():
        if section in WHOLE and WHOLE[section][0] != number:
            found.append(f"{section}: {number} blocks, of which {WHOLE[section][0]} are executed")
    found += [
        f"{page}: {line}: set it in a block" for line in rest.split("\n") if is_indented(line)
    ]
    for one in said(rest):
        found += [f"{page}: `{one}`: {why}" for why in wrong(one)]
    return found


def commands(lines):
    """The commands of a block, without their comments."""
    return [re.sub(r"\s{2,}#.*| # .*", "", line) for line in lines if line]


def is_tried(command):
    """Whether a command of a block is executed, here or elsewhere."""
    listed = any(fnmatchcase(command, one) for one, *_ in ELSEWHERE)
    return listed or command.split()[0] in ("nbgrader", "proctor")


def is_indented(line):
    """Whether a line is a command that a page shows by its indentation alone."""
    match = re.match(r" {4,}\$? ?(\S+) ", line)
    return bool(match) and match[1] in ("nbgrader", "proctor", *PROGRAMS)


def said(text):
    """The commands that stand in sentences."""
    quoted = (" ".join(one.split()) for one in re.findall(r"`([^`]+)`", text))
    known = ("nbgrader", "proctor", *PROGRAMS)
    return [one for one in quoted if " " in one and one.split()[0] in known]


def wrong(command):
    """Why a command of a sentence is none."""
    program, *words = shlex.split(command.replace("…", ""))
    if program in ("nbgrader", "proctor"):
        yield from wrong_words(program, words)
    elif not any(fnmatchcase(command, one) for one, _ in SAID):
        yield "what tries it?"
    elif program.startswith("python") and words[0] == "-m":
        if importlib.util.find_spec(words[1]) is None:
            yield f"there is no module {words[1]}"
    elif program == "pytest":
        for word in words:
            if "/" in word and not (notebooks.ROOT / word).exists():
                yield f"there is no {word}"


def wrong_words(program, words):
    """Why nbgrader or proctor would not take the words behind it."""
    app = application(program, words[:])
    if app is None:
        yield f"{program} has no command {words[0]}"
        return
    known = {"help", "version"}
    for names in (*app.aliases, *app.flags) if app is not True else DOCTOR:
        known |= {names} if isinstance(names, str) else set(names)
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and option.lstrip("-") not in known and "." not in option:
            yield f"{program} {words[0]} has no option {option}"


DOCTOR = ("json", "quick")


def application(program, words):
    """The class of a command; True for one that has none, None for one that is not there."""
    if program == "proctor":
        if words[0] in _APPS:
            module, name, _ = _APPS[words[0]]
            return getattr(importlib.import_module(module), name)
        return True if words[0] in ("doctor", "kernel", "--version", "--help") else None
    app = importlib.import_module("nbgrader.apps").NbGraderApp
    while words and words[0] in below(app):
        app = below(app)[words.pop(0)][0]
    return None if below(app) else app


def below(app):
    """The commands below one of nbgrader's commands; empty if it is one that does something."""
    found = app.__dict__.get("subcommands")
    return found if isinstance(found, dict) else {}


@pytest.mark.parametrize("page", PAGES)
def test_each_command_of_a_page_is_tried(page):
    assert untried(page, (notebooks.ROOT / page).read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\ncurl https://example.org\n```\n",
        "```bash\nproctor grade ps1\n```\n",
        "   ```\n   sudo reboot\n   ```\n",
        "~~~\nmake everything\n~~~\n",
        "```\nmake test\nmake testing\n```\n",
        "```\npip install '/path/to/the/clone[all]'\n```\n",
        "```python\nc.Execute.timeout = 1\n```\n",
        "    pip install something\n",
        "Call `proctor grade ps1 --forse`.",
        "Call `proctor grades ps1`.",
        "Call `nbgrader colect\nps1`.",
        "Call `nbgrader db students add ada`.",
        "Call `git push --force`.",
        "Call `python -m oracle.nothing`.",
        "Call `pytest tests/none.py`.",
    ],
)
def test_a_new_command_is_found(text):
    for page in ("README.md", "docs/lms.md", "deploy/new.md"):
        assert untried(page, text)


def test_a_new_block_in_a_section_that_is_executed_whole_is_found():
    text = (notebooks.ROOT / "docs" / "student.md").read_text()
    more = text.replace("## The rhythm", "```\ncd maxpool\n```\n\n## The rhythm")
    assert untried("docs/student.md", more)


def test_a_new_page_is_found(tmp_path, monkeypatch):
    for name in ("NEW.md", "docs/new.md", "docs/site/deep/new.md", "deploy/new.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    assert pages() == ["NEW.md", "deploy/new.md", "docs/new.md", "docs/site/deep/new.md"]


def test_no_entry_of_a_list_is_left_over():
    texts = {page: parts((notebooks.ROOT / page).read_text()) for page in PAGES}
    blocks = [(page, *block) for page, (found, _) in texts.items() for block in found]
    shown = [one for *_, lines in blocks for one in commands(lines)]
    inline = [one for _, rest in texts.values() for one in said(rest)]
    for pattern, *_ in ELSEWHERE:
        assert any(fnmatchcase(one, pattern) for one in shown), pattern
    for pattern, _ in SAID:
        assert any(fnmatchcase(one, pattern) for one in inline), pattern
    for page, pattern in SHOWN:
        assert any(page == p and fnmatchcase(b[0], pattern) for p, _, _, b in blocks), pattern
    for section in WHOLE:
        assert any(f"{page}#{heading}" == section for page, heading, *_ in blocks), section


@pytest.mark.parametrize(
    ("place", "words"),
    sorted(
        {(place, words) for _, place, words in ELSEWHERE if place}
        | {(place, words) for _, place, words in WHOLE.values()}
    ),
)
def test_what_is_said_of_another_place_is_so(place, words):
    assert words in (notebooks.ROOT / place).read_text()


def test_make_has_the_targets():
    makefile = (notebooks.ROOT / "Makefile").read_text()
    text = "\n".join((notebooks.ROOT / page).read_text() for page in PAGES)
    targets = set(re.findall(r"`make ([a-z-]+)", text)) | set(
        re.findall(r"^make ([a-z-]+)", text, re.M)
    )
    assert {"help", "hub", "lab", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_readme_has_all_commands_and_their_number():
    text = (notebooks.ROOT / "README.md").read_text()
    assert set(re.findall(r"^proctor (\w+)", text, re.M)) == set(_APPS)
    (number,) = re.findall(r"nbgrader's own, and (\w+) more", text)
    assert number == {6: "six", 7: "seven", 8: "eight", 9: "nine"}[len(_APPS)]


def test_the_picture_is_of_this_course():
    """It is a photograph of `make`'s feedback; its description has the points of the chapters."""
    with Image.open(notebooks.ROOT / "docs" / "feedback.png") as picture:
        told = picture.info["Description"]
    points = [
        sum(
            cell.metadata.get("nbgrader", {}).get("points", 0)
            for cell in notebooks.read(name).cells
        )
        for name in notebooks.CHAPTERS
    ]
    assert told.endswith(": " + ", ".join(map(str, points)))


def settings():
    """{class's name: traits that a configuration can set} of nbgrader, proctor and the server."""
    for name in (
        *("nbgrader.apps", "nbgrader.plugins", "nbgrader.preprocessors", "nbgrader.exchange"),
        *("proctor.plugins.execute", "proctor.plugins.page", "proctor.plugins.late"),
        *(
            "proctor.plugins.collect",
            "proctor.plugins.provisioner",
            "proctor.plugins.collect.screen",
        ),
    ):
        importlib.import_module(name)
    found, todo = {}, [Configurable]
    while todo:
        kind = todo.pop()
        found.setdefault(kind.__name__, set()).update(kind.class_trait_names(config=True))
        todo += kind.__subclasses__()
    return found


HUB = ("Spawner", "JupyterHub", "LTI13Authenticator", "GenericOAuthenticator")  # tests/hub


def test_each_setting_exists():
    known = settings()
    for page in PAGES:
        for kind, name in re.findall(r"\bc\.(\w+)\.(\w+)", (notebooks.ROOT / page).read_text()):
            assert kind in HUB or name in known.get(kind, ()), f"{page}: c.{kind}.{name}"


def here():
    """The commands that are executed here: (page, command)."""
    for page in PAGES:
        for heading, _, lines in parts((notebooks.ROOT / page).read_text())[0]:
            for one in commands(lines):
                own = one.split()[0] in ("nbgrader", "proctor") and f"{page}#{heading}" not in WHOLE
                if own and not any(fnmatchcase(one, pattern) for pattern, *_ in ELSEWHERE):
                    yield page, one


def called(command, folder):
    """Execute a command of a page; what needs no shell is no interpreter of its own either."""
    if re.search(r"[^\w ./=-]", command):
        return bash(command, folder)
    env = os.environ | {"PYTHONPATH": str(notebooks.ROOT)}
    return forked.run(folder, *command.split(), env=env, timeout=300)


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
    root = copied(stock[0], tmp_path / "course")
    hand_in(root, "ada", (RIGHT, RIGHT))
    (root / "list.csv").write_text("First name,Last name,Username\nAda,Example,ada\n")
    todo = [command for name, command in here() if name == page]
    if any("maxpool" in command for command in todo):
        (root / "gradebook.db").unlink()
        for folder in (root / "source", root / "release", *(root / "submitted").iterdir()):
            (folder / "ps1").rename(folder / "maxpool")
        shutil.rmtree(root / "autograded")
        todo.insert(0, "nbgrader generate_assignment maxpool --force")
        todo.insert(1, 'nbgrader db assignment add maxpool --duedate="2026-01-01 12:00:00 UTC"')
        todo.insert(2, "proctor grade maxpool || test $? = 1")
    for command in todo:
        if command == "nbgrader generate_assignment ps1":  # what is released already is left alone
            command += " --force"
        done = called(command, root)
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
