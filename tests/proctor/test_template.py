"""The template: what a notebook finds in its folders, and what it leaves there."""

import dataclasses
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from nbconvert.filters import strip_ansi

from proctor.messages import Closed
from proctor.run import template
from proctor.run.job import Assignment, Job
from proctor.run.settings import Settings
from proctor.run.template import Template
from tests.waiting import wait_until

FILES = {"data.txt": b"given", "package/__init__.py": b"NUMBER = 1"}
LOOK = """
import os
found = {}
for place, _, names in os.walk("."):
    for name in names:
        if not name.startswith("."):
            path = os.path.relpath(os.path.join(place, name))
            with open(path) as file:
                found[path] = file.read()
print(sorted(found.items()))
"""


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(files=FILES, preload=()))
    yield made
    made.close()


def played(warm, *cells, extra=None):
    """What the cells, pairs of a role and a source, print."""
    cells = [{"role": role, "source": source, "points": 1.0} for role, source in cells]
    results = warm.play(Job(cells), Settings().policy(), extra).results
    outputs = [output for result in results for output in result["outputs"]]
    assert all(output["output_type"] == "stream" for output in outputs), outputs
    return "".join(output["text"] for output in outputs)


def listed(files):
    return f"{sorted((name, data.decode()) for name, data in files.items())}\n"


def test_both_sides_find_the_files_and_may_change_them(warm):
    change = "with open('data.txt', 'w') as file: file.write('changed')"
    for _ in range(2):
        for role in ("student", "test"):
            assert played(warm, (role, LOOK), (role, change)) == listed(FILES)


@pytest.mark.parametrize(
    "change",
    [
        "os.mkdir('new')",
        "os.remove('data.txt')",
        "os.symlink('data.txt', 'link')",
        "os.replace('data.txt', 'package/data.txt')",
        "os.remove('data.txt'); os.mkdir('data.txt')",
        "open('new.txt', 'w').close()",
    ],
)
def test_what_a_test_did_to_its_folder_is_not_there_for_the_next(warm, change):
    shape = "import os\nprint([(a, sorted(b), sorted(c)) for a, b, c in sorted(os.walk('.'))])"
    before = played(warm, ("test", shape))
    assert played(warm, ("test", shape), ("test", f"import os\n{change}")) == before
    assert played(warm, ("test", shape)) == before


@pytest.mark.parametrize("role", ["test", "locked"])
def test_a_limit_holds_after_a_cell_that_had_alarms_of_its_own(warm, role):
    cells = [
        ("student", "def forever():\n    while True:\n        pass"),
        (role, "import signal\nbefore = signal.signal(signal.SIGALRM, signal.SIG_IGN)"),
        ("test", "forever()"),
    ]
    cells = [{"role": role, "source": source, "points": 1.0} for role, source in cells]
    results = warm.play(Job(cells, seconds=0.5, total=20), Settings().policy()).results
    assert [output["ename"] for output in results[-1]["outputs"]][-1:] == ["CellTimeoutError"]


def test_a_cell_that_was_stopped_says_that_and_nothing_of_an_interrupt(warm):
    cells = [{"role": "student", "source": "while True: pass", "points": 0.0}]
    (result,) = warm.play(Job(cells, seconds=1), Settings().policy()).results
    (told,) = result["outputs"]
    assert (told["ename"], told["evalue"]) == ("CellTimeoutError", "stopped after 1 s")
    assert "KeyboardInterrupt" not in told["traceback"][-1]
    assert "while True" in strip_ansi("".join(told["traceback"]))


@pytest.mark.few(1)
@pytest.mark.parametrize("gui", ["qt", "notebook", "widget", "tk"])
def test_figures_are_shown_whatever_window_is_asked_for(warm, gui):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    cells = [{"role": "student", "source": s, "points": 0.0} for s in (f"%matplotlib {gui}", plot)]
    asked, shown = warm.play(Job(cells), Settings().policy()).results
    assert asked["outputs"] == []
    assert ["image/png" in o["data"] for o in shown["outputs"]] == [True]


def test_a_cell_of_the_source_that_does_not_compile_fails_alone():
    broken = "a, *b, *c = 1, 2"  # which is parsed without an error
    warm = Template(Assignment(lessons=(broken,), tests=(broken, "assert x == 1"), preload=()))
    roles = [("locked", broken), ("student", "x = 1"), ("test", broken), ("test", "assert x == 1")]
    cells = [{"role": role, "source": source, "points": 1.0} for role, source in roles]
    try:
        results = warm.play(Job(cells), Settings().policy()).results
    finally:
        warm.close()
    errors = [[o["ename"] for o in result["outputs"]] for result in results]
    assert errors == [["SyntaxError"], [], ["SyntaxError"], []]


def test_the_two_sides_have_folders_of_their_own(warm):
    append = "with open('data.txt', 'a') as file: file.write('!')\n"
    given = listed(FILES)
    theirs = listed(FILES | {"data.txt": b"given!"})
    found = played(warm, ("student", append), ("test", LOOK), ("student", LOOK), ("test", LOOK))
    assert found == given + theirs + given


def test_the_student_s_own_files_replace_none(warm):
    own = {"own.txt": b"own", "data.txt": b"forged", "package": b"forged", "data.txt/x": b"forged"}
    assert played(warm, ("student", LOOK), extra=own) == listed(FILES | {"own.txt": b"own"})
    assert played(warm, ("test", LOOK), extra=own) == listed(FILES)


REBINDS = r"""
import os
def f():
    return 1
first = f
def new():
    global f, made
    def f():
        return 2
    made = len
def gone():
    global f
    del f
def back():
    global f
    f = first
def speaks():
    print("printed")
    os.write(1, b"written\n")
    os.write(2, b"low\n")
"""


def test_the_next_test_sees_what_a_function_did_to_the_names(warm):
    look = (
        "test",
        """
try:
    print(f(), end=' ')
except NameError:
    print('none', end=' ')
try:
    print(made([0]), end=' ')
except NameError:
    print('-', end=' ')
""",
    )
    cells = [("student", REBINDS), look, look]
    for call in ("new()", "gone()", "back()"):
        cells += [("test", call), look, look]
    assert played(warm, *cells) == "1 - 1 - 2 1 2 1 none 1 none 1 1 1 1 1 "


def test_what_a_function_prints_is_recorded_with_the_test_that_called_it(warm):
    cells = [{"role": "student", "source": REBINDS, "points": 0}]
    for source in ("first()", "speaks()", "f()", "speaks()\nprint('own')"):
        cells.append({"role": "test", "source": source, "points": 1.0})
    results = warm.play(Job(cells), Settings().policy()).results
    texts = ["".join(o.get("text", "") for o in result["outputs"]) for result in results]
    assert texts == ["", "", *["printed\nwritten\nlow\n", "", "printed\nwritten\nlow\nown\n"]]


@pytest.mark.parametrize("victim", ["the forkserver", "the template"])
def test_a_jail_ends_with_what_forked_it(victim):
    made = Template(Assignment(preload=()))
    try:
        assert played(made, ("student", "print(1)")) == "1\n"
        family = psutil.Process(made.process.pid)
        forkserver = min(family.children(), key=lambda process: process.pid)
        with ThreadPoolExecutor() as threads:
            hangs = threads.submit(played, made, ("student", "while True: pass"))
            wait_until(lambda: len(forkserver.children(recursive=True)) >= 2)
            inside = forkserver.children(recursive=True)
            (forkserver if victim == "the forkserver" else family).kill()
            wait_until(lambda: not any(map(runs, inside)))
            made.process.kill()
            with pytest.raises((AssertionError, Closed, RuntimeError)):
                hangs.result()
    finally:
        made.close()
        shutil.rmtree(made.scratch, ignore_errors=True)  # it was killed


def runs(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_conductor_that_runs_no_bytecode_ends_when_the_grader_gives_up(monkeypatch):
    made = Template(Assignment(preload=()))
    receive = template.MessageChannel.receive
    try:
        family = psutil.Process(made.process.pid)
        assert played(made, ("test", "print(1)")) == "1\n"
        forkserver = min(family.children(), key=lambda process: process.pid)
        monkeypatch.setattr(template.MessageChannel, "receive", lambda self, *_: receive(self, 2))
        with pytest.raises(Closed, match="late"):
            played(made, ("test", "t = ()\nfor _ in range(60): t = t, t\nhash(t)"))
        wait_until(lambda: not [p for p in family.children() if p != forkserver and runs(p)])
    finally:
        made.close()


def test_files_that_were_made_are_bounded_where_they_arrive(warm):
    cheat = """
import sys
student = sys.modules["proctor.run.student"]
student.MOST = 1 << 40
student._files = lambda folder: [f"{n:05}" for n in range(NUMBER)]
class Big:
    __enter__ = lambda self: self
    __exit__ = lambda self, *error: None
    read = lambda self, *size: bytes(SIZE)
student.io = type("io", (), {"open": lambda *args: Big()})
"""
    for size, number, most in ((5 << 20, 6, 3), (1, 2_000, 1_000)):
        source = f"SIZE, NUMBER = {size}, {number}{cheat}"
        job = Job([{"role": "student", "source": source, "points": 0.0}])
        assert len(warm.play(job, Settings().policy()).made) == most


def test_root_of_a_single_user_is_no_root():
    alone = ["unshare", "--user", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    code = """
from proctor.run.settings import Settings
from proctor.run.job import Assignment, Job
from proctor.run.template import Template
made = Template(Assignment(preload=()))
job = Job([{"role": "student", "source": "print(1)", "points": 0.0}])
played = made.play(job, Settings(sandbox=False).policy())
made.close()
print(played.results[0]["outputs"][0]["text"], played.held["user"], played.unconfined)
"""
    command = [*alone, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split(maxsplit=1)[0] == "1"
    assert "held" not in done.stdout


def test_a_folder_that_cannot_be_made_is_told():
    made = Template(Assignment(preload=()))
    try:
        os.mkdir(os.path.join(made.scratch, "0"))  # where the first notebook is to be played
        with pytest.raises(RuntimeError, match="File exists") as caught:
            played(made, ("test", "print(1)"))
        assert "\n" not in str(caught.value)
        assert played(made, ("test", "print(1)")) == "1\n"
    finally:
        made.close()


def test_a_kernel_that_cannot_be_started_is_the_grader_s_failure(warm):
    job = Job([{"role": "student", "source": "1", "points": 0.0}])
    with pytest.raises(RuntimeError, match="no kernel could be started") as caught:
        warm.play(job, dataclasses.replace(Settings().policy(), open_files=-7))
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("prepared", [False, True])
def test_one_that_was_begun_early_is_used(prepared):
    template.begin()
    (begun,) = template._begun
    assignment = Assignment(files=FILES, preload=("colorsys",))
    if prepared:
        template.assign(assignment)
    made = Template(assignment)
    try:
        assert made.process is begun.popen
        assert not template._begun
        seen = "import sys\nprint('colorsys' in sys.modules, 'numpy.random' in sys.modules)"
        assert played(made, ("student", seen), ("student", LOOK)) == "True True\n" + listed(FILES)
    finally:
        made.close()


def test_one_that_was_begun_for_another_assignment_ends():
    template.begin()
    (begun,) = template._begun
    template.assign(Assignment(files=FILES))
    made = Template(Assignment())
    try:
        assert made.process is not begun.popen
        assert begun.popen.poll() is not None
        assert played(made, ("student", LOOK)) == listed({})
    finally:
        made.close()


def test_one_that_was_begun_before_the_paths_changed_ends(monkeypatch, tmp_path):
    (tmp_path / "found_now.py").write_text("x = 5")
    template.begin()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    made = Template(Assignment(preload=("found_now",)))
    try:
        assert played(made, ("student", "import found_now\nprint(found_now.x)")) == "5\n"
    finally:
        made.close()


def test_the_list_of_fonts_is_kept_and_settings_are_not_read(monkeypatch, tmp_path):
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "matplotlibrc").write_text("lines.linewidth: 7\n")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    made = Template(Assignment(preload=("matplotlib.pyplot",)))
    try:
        look = "import matplotlib\nprint(matplotlib.rcParams['lines.linewidth'])"
        assert played(made, ("test", look), ("student", look)) == "1.5\n1.5\n"
    finally:
        made.close()
    assert list((tmp_path / "matplotlib").glob("fontlist*.json"))


PLOT = "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1]);"


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "known",
    [
        {},
        {"lessons": (PLOT,)},
        {"preload": ("matplotlib.pyplot", "matplotlib_inline.backend_inline")},
    ],
    ids=lambda known: next(iter(known), "nothing"),
)
def test_figures_are_kept_as_pictures(known):
    """Whoever imported Matplotlib: this process before it forked, or the student."""
    made = Template(Assignment(**known))
    roles = {
        "student": (PLOT, f"%matplotlib inline\n{PLOT}", f"{PLOT}\nplt.show()"),
        "test": (PLOT,),
    }
    cells = [
        {"role": role, "source": source, "points": 1.0}
        for role, sources in roles.items()
        for source in sources
    ]
    try:
        played = made.play(Job(cells), Settings().policy())
    finally:
        made.close()
    for result in played.results:
        (output,) = result["outputs"]
        assert "image/png" in output["data"]
    assert not played.made


@pytest.mark.slow  # where there is a place, a quick test looks
def test_without_a_place_for_it_the_list_of_fonts_is_made_anew(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "not-there"))
    made = Template(Assignment(preload=("matplotlib.pyplot",)))
    try:
        assert played(made, ("test", "print(1)")) == "1\n"
    finally:
        made.close()
    assert capfd.readouterr().err == ""


def test_a_module_that_cannot_be_imported_is_told_of_in_its_cell(monkeypatch, tmp_path):
    (tmp_path / "no_device.py").write_text("raise OSError('no such device')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    made = Template(Assignment(preload=("no_device", "not_there"), tests=("import no_device",)))
    try:
        cell = {"role": "test", "source": "import no_device", "points": 1}
        ((output,),) = [
            one["outputs"] for one in made.play(Job([cell]), Settings().policy()).results
        ]
        assert output["evalue"] == "no such device"
        assert played(made, ("test", "print(1)")) == "1\n"
    finally:
        made.close()


def test_nothing_is_begun_by_preparing_alone():
    template.assign(Assignment())
    assert not template._begun


KILL = "import os; os.kill(os.getpid(), 9)"
SLOW = """
slow = {"slow.py": b"import time; time.sleep(600)"}
template.assign(template.Assignment(tests=("import slow",), private=slow))
import time; time.sleep(2)
"""


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("", ""),
        (KILL, ""),
        ("", "template.assign(template.Assignment())"),
        (KILL, "template.assign(template.Assignment())"),
        ("", SLOW),
    ],
)
def test_one_that_is_not_used_ends_with_the_grader(way, told):
    code = f"""
from proctor.run import template
from proctor.messages import Closed
template.begin()
{told}
print(template._begun[0].popen.pid, template._begun[0].scratch, flush=True)
{way}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.stderr
    pid, scratch = done.stdout.split()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") and not os.path.exists(scratch))
