"""What installing gives: the grader alone, and nothing of the course's answers."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from jupyter_client.manager import start_new_kernel

import proctor
from proctor.run.settings import hide
from tests import notebooks
from tests.conftest import nbgrader
from tests.submissions import classroom

NAME = f"nbgrader_proctor-{proctor.__version__}"
LOOK = """
import json, sys
try:
    import oracle
except ModuleNotFoundError:
    print(json.dumps({"oracle": None, "path": sys.path}))
else:
    print(json.dumps({"oracle": oracle.__file__}))
"""


# --- the distribution -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and an sdist, built from a copy of what is committed or is to be."""
    backend = pytest.importorskip("hatchling.build", reason="hatchling is not installed")
    copy, made = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        listed, cwd=notebooks.ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()
    for name in names:
        if (notebooks.ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebooks.ROOT / name, copy / name)
    before = os.getcwd()
    os.chdir(copy)  # as a builder calls a backend
    try:
        wheel, sdist = backend.build_wheel(str(made)), backend.build_sdist(str(made))
    finally:
        os.chdir(before)
    return made / wheel, made / sdist


def package():
    """The files of the package, as they lie in the checkout."""
    return {
        str(path.relative_to(notebooks.ROOT))
        for path in (notebooks.ROOT / "proctor").rglob("*")
        if path.suffix in (".py", ".j2", ".css", ".json")
    } | {"proctor/README.md", "proctor/CHANGELOG.md"}


def test_the_wheel_holds_the_grader_and_nothing_else(built):
    info = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    assert names == package() | {f"{NAME}.dist-info/{name}" for name in info}


def test_the_sdist_holds_what_the_wheel_is_made_of_and_nothing_else(built):
    own = {"LICENSE", "PKG-INFO", "pyproject.toml", ".gitignore"}  # the last one: what to leave out
    with tarfile.open(built[1]) as sdist:
        names = {member.name for member in sdist.getmembers() if member.isfile()}
    assert names == {f"{NAME}/{name}" for name in package() | own}


def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"{NAME}.dist-info/METADATA").decode()


def test_the_grader_asks_for_nothing_of_the_course(built):
    lines = metadata(built[0]).splitlines()
    asked = [line.split()[1].lower() for line in lines if line.startswith("Requires-Dist:")]
    assert any(one.startswith("nbgrader") for one in asked)
    for name in ("jupyterlab", "ipywidgets", "matplotlib", "notebook"):
        assert not any(one.startswith(name) for one in asked), name
    extras = {line.split()[1] for line in lines if line.startswith("Provides-Extra:")}
    assert extras == {"cluster", "excel", "postgresql"}


def test_the_version_is_said_once(built):
    assert f"Version: {proctor.__version__}" in metadata(built[0])
    said = subprocess.run([sys.executable, "-m", "proctor", "--version"], stdout=-1, text=True)
    assert said.stdout == f"proctor {proctor.__version__}\n"
    assert f"## {proctor.__version__}\n" in (notebooks.ROOT / "proctor/CHANGELOG.md").read_text()


def run(*words, cwd, path=""):
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": str(cwd), "JUPYTER_PLATFORM_DIRS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def empty(built, tmp_path_factory):
    """The ``bin`` of an environment into which nothing but the wheel was installed, by pip.

    With the versions that are pinned here, so that the test tells the same next year.
    """
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    pins = (notebooks.ROOT / "requirements.txt").read_text().splitlines()
    pins = [line.removesuffix("\\").strip() for line in pins if line[:1].isalnum()]
    (home / "pins.txt").write_text("\n".join(pins))
    pip = [home / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
    # a part of it is imported, and compiled then
    flags = ("--quiet", "--retries=1", "--no-compile", "--constraint", home / "pins.txt")
    done = subprocess.run(
        [*pip, *flags, built[0]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        unreachable = ("NewConnectionError", "No matching distribution", "ConnectTimeout")
        if any(word in done.stdout for word in unreachable):
            pytest.skip(f"pip reaches no registry: {done.stdout.strip().splitlines()[-1]}")
        pytest.fail(done.stdout[-3000:])
    # what nbgrader asks for, and grading does not need
    gone = ("jupyterlab", "ipywidgets", "notebook")
    run(*pip[:-1], "uninstall", "--quiet", "--yes", *gone, cwd=home)
    return home / "venv" / "bin"


@pytest.mark.slow  # it installs about eighty packages
@pytest.mark.takes(150)
def test_a_wheel_in_an_empty_environment_grades_nbgrader_s_own_example(empty, tmp_path):
    """No JupyterLab, no ipywidgets, no Matplotlib: nothing but the wheel and what it asks for."""
    for module in ("jupyterlab", "ipywidgets", "matplotlib", "oracle"):
        look = f"import importlib.util; print(importlib.util.find_spec({module!r}))"
        assert run(empty / "python", "-c", look, cwd=tmp_path) == "None\n", module
    run(empty / "python", "-m", "nbgrader", "quickstart", "course", cwd=tmp_path, path=empty)
    course = tmp_path / "course"
    with open(course / "nbgrader_config.py", "a") as config:
        config.write("\nimport proctor; proctor.configure(c)\n")
    run(empty / "python", "-m", "nbgrader", "generate_assignment", "ps1", cwd=course, path=empty)
    shutil.copytree(course / "source" / "ps1", course / "submitted" / "solved" / "ps1")
    shutil.copytree(course / "release" / "ps1", course / "submitted" / "blank" / "ps1")
    told = json.loads(run(empty / "proctor", "grade", "ps1", "--json", cwd=course, path=empty))
    assert (told["graded"], told["failed"]) == (2, {})
    scores = {name: student["score"] for name, student in told["students"].items()}
    assert scores == {"blank": 0, "solved": 3}
    run(empty / "proctor", "feedback", "ps1", cwd=course, path=empty)
    assert len(list(course.glob("feedback/*/ps1/*.html"))) == 6
    assert run(empty / "proctor", "--version", cwd=course) == f"proctor {proctor.__version__}\n"


# --- where oracle is found ------------------------------------------------------------------------


IMPORTED = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
    print(module, *{name.split(".")[0] for name in sys.modules})
"""


def test_the_grader_imports_no_jupyterlab_and_no_widgets():
    """What importing a module brings into a fresh process; one process has them all, in turn."""
    modules = ("run.template", "plugins.execute", "plugins.feedback", "batch.app")
    words = [sys.executable, "-c", IMPORTED, *(f"proctor.{name}" for name in modules)]
    done = subprocess.run(words, stdout=-1, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == len(modules)
    for module, *found in lines:
        assert not {"jupyterlab", "ipywidgets", "matplotlib", "oracle"} & set(found), module


@pytest.mark.parametrize("place", ["a-folder-of-a-student", "release"])
def test_oracle_cannot_be_imported_where_students_work(tmp_path, place):
    """Not by Python there, and not by a notebook's kernel, in the environment of these tests."""
    folder = shutil.copytree(notebooks.ROOT / "release" / "maxpool", tmp_path / "maxpool")
    if place == "release":
        folder = notebooks.ROOT / "release" / "maxpool"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    python = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=folder, env=env, stdout=-1, text=True, check=True
    ).stdout
    assert json.loads(python)["oracle"] is None
    assert json.loads(said_by_a_kernel(folder, env))["oracle"] is None


def said_by_a_kernel(folder, env):
    """What `LOOK` prints in a kernel that was started in a folder, as JupyterLab starts one."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=env)
    said = []
    try:
        client.execute_interactive(
            LOOK, timeout=60, output_hook=lambda m: said.append(m["content"].get("text", ""))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said)


@pytest.mark.slow  # another environment is made
def test_the_environment_of_make_finds_the_grader_and_not_the_answers(tmp_path):
    """An editable install as the Makefile makes it, of this checkout."""
    pytest.importorskip("editables", reason="make installs it")
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own, ours = (run(one, "-c", where, cwd=tmp_path).strip() for one in (python, sys.executable))
    with open(os.path.join(own, "0.pth"), "w") as file:  # the first that Python reads
        file.write(f"{ours}\n")  # the packages of this environment, but no .pth file of it
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable")
    run(python, "-m", "pip", "--disable-pip-version-check", *words, notebooks.ROOT, cwd=tmp_path)
    found = run(python, "-c", "import proctor; print(proctor.__file__)", cwd=tmp_path)
    assert found.strip() == str(notebooks.ROOT / "proctor" / "__init__.py")
    assert json.loads(run(python, "-c", LOOK, cwd=tmp_path))["oracle"] is None


@pytest.mark.parametrize("packages", ["dist-packages", "site-packages", "anywhere"])
def test_of_an_installed_grader_s_neighbours_nothing_is_hidden(packages, tmp_path, monkeypatch):
    """They are what notebooks import; beside a checkout lies oracle."""
    place = tmp_path / packages / "proctor" / "run" / "settings.py"
    monkeypatch.setattr("proctor.run.settings.__file__", str(place))
    assert hide("/course") == ("/course",)
    (tmp_path / packages).mkdir()
    (tmp_path / packages / "pyproject.toml").touch()
    assert hide("/course") == ("/course", str(tmp_path / packages))


def grades(course, *words, **environment):
    """{student: automatic points} after a command."""
    from nbgrader.api import Gradebook

    said = nbgrader(course, *words, check=False, **environment).stdout
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        found = gradebook.submission_dicts("maxpool")
        return {one["student"]: one["code_score"] for one in found}, said


@pytest.fixture
def small(tmp_path):
    """This course with the first chapter only, and a right submission."""
    course = tmp_path / "course"
    course.mkdir()
    notebooks.copy_course(course)
    for path in course.glob("source/maxpool/[2-9]*.ipynb"):
        path.unlink()
    nbgrader(course, "generate_assignment", "maxpool")
    first = notebooks.CHAPTERS[0]
    students = {"right": {first: notebooks.answers(first)}}
    classroom.hand_in(students, course / "release" / "maxpool", course / "submitted")
    return course


def test_whoever_grades_finds_oracle_in_the_course_s_folder(small):
    assert grades(small, "autograde", "maxpool")[0] == {"right": 14}


@pytest.mark.slow
def test_nbgrader_alone_grades_the_course_when_it_is_told_where_oracle_is(small):
    config = small / "nbgrader_config.py"
    lines = [line for line in config.read_text().splitlines() if "proctor" not in line]
    config.write_text("\n".join(lines))
    found, said = grades(small, "autograde", "maxpool", PYTHONPATH=str(small))
    assert found == {"right": 14}, said
    assert grades(small, "autograde", "maxpool", "--force", PYTHONPATH="")[0] == {"right": 0}
