"""The jail of a student's kernel: what can be seen and done in it, and how it ends."""

import contextlib
import importlib
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from proctor.sandbox import LAYERS, Ended, NoIsolation, Policy, landlock, launch, syscalls
from proctor.sandbox.entering import namespaces_refused

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

ROOT = Path(__file__).parents[2]
WITHOUT = tuple(layer for layer in LAYERS if layer != "namespaces")
AS_OTHER = "PROCTOR_TESTS_AS_ORDINARY_USER"


@pytest.fixture(params=["every layer", "no namespaces"])
def layers(request):
    """The layers to use, in turn."""
    if request.param == "no namespaces":
        if not landlock.abi():
            pytest.skip("this kernel has no Landlock")
        return WITHOUT
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here: {why}")
    return LAYERS


@pytest.fixture
def folder(tmp_path):
    """An empty working folder; what lies beside it, only the jail keeps from being read."""
    tmp_path.chmod(0o755)
    path = tmp_path / "folder"
    path.mkdir()
    return path


def run(code, policy, timeout=20, **how):
    """Run Python code in a jail: (what it printed, the Jailed)."""
    with start(code, policy, stdout=subprocess.PIPE, **how) as jailed:
        jailed.wait(timeout)
        return jailed.stdout.read().decode(), jailed


def start(code, policy, **how):
    """Start Python code in a jail."""
    return launch([sys.executable, "-c", code], policy, **how)


def closed(pipe, seconds):
    """Whether nobody holds the other end of a pipe any more, within some seconds."""
    end = time.monotonic() + seconds
    while select.select([pipe], [], [], max(0, end - time.monotonic()))[0]:
        if not os.read(pipe, 1000):
            return True
    return False


# --- files -----------------------------------------------------------------------------------


def test_the_folder_is_there_with_its_files(layers, folder):
    (folder / "data.txt").write_text("given")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "more.txt").write_text("more")
    code = """if True:
        import os, shutil, tempfile
        print(os.getcwd(), open("data.txt").read(), open("deeper/more.txt").read())
        open("data.txt", "w").write("mine")
        shutil.copy("data.txt", "deeper/copy.txt")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
        print(open("deeper/copy.txt").read())
    """
    printed, jailed = run(code, Policy(str(folder), layers=layers))
    assert jailed.returncode == 0
    assert printed.split() == [str(folder), "given", "more", "mine"]


def test_the_folder_in_memory_leaves_the_disk_alone(folder):
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here: {why}")
    code = "open('new', 'w').write('x')"
    assert run(code, Policy(str(folder)))[1].returncode == 0
    assert list(folder.iterdir()) == []
    assert run(code, Policy(str(folder), space=None))[1].returncode == 0
    assert [path.name for path in folder.iterdir()] == ["new"]


@pytest.mark.parametrize("space", [Policy.space, None])
def test_what_is_given_is_copied_into_the_folder(layers, folder, tmp_path, space):
    (folder / "own.txt").write_text("own")
    (folder / "deeper").mkdir()
    given = tmp_path / "given"
    (given / "deeper" / "empty").mkdir(parents=True)
    (given / "deeper" / "tool").write_text("#!/bin/sh\necho given")
    (given / "deeper" / "tool").chmod(0o755)
    (given / "link").symlink_to("own.txt")
    (given / "large").write_bytes(b"1234567" * 1_000_000)
    code = """if True:
        import os, subprocess
        print(subprocess.check_output("deeper/tool", text=True), open("link").read())
        print(os.listdir("deeper/empty"), open("large").read() == 1_000_000 * "1234567")
        with open("deeper/tool", "w") as file:
            file.write("changed")
        print(open("deeper/tool").read())
    """
    policy = Policy(str(folder), given=str(given), layers=layers, space=space)
    printed, jailed = run(code, policy)
    assert jailed.returncode == 0
    assert printed.split() == ["given", "own", "[]", "True", "changed"]
    assert (given / "deeper" / "tool").read_text().endswith("echo given")


def test_the_innermost_path_decides(layers, folder, tmp_path):
    course = tmp_path / "course"
    inner = course / "venv" / "lib"
    (inner / "oracle").mkdir(parents=True)
    (inner / "numbers_").mkdir()
    for place in (tmp_path, course, inner, inner / "oracle", inner / "numbers_"):
        (place / "file").write_text("x")
    places = [tmp_path, course, inner, inner / "oracle", inner / "numbers_"]
    code = f"""if True:
        for place in {[str(place) for place in places]}:
            try:
                print(len(open(place + "/file").read()))
            except OSError:
                print("no")
    """
    policy = Policy(
        str(folder),
        readable=(str(tmp_path), str(course / "venv")),
        hidden=(str(course), str(inner / "oracle")),
        layers=layers,
    )
    printed, _ = run(code, policy)
    assert printed.split() == ["1", "no", "1", "no", "1"]


def test_a_hidden_file(layers, folder, tmp_path):
    (tmp_path / "answers.txt").write_text("42")
    (tmp_path / "public.txt").write_text("x")
    policy = Policy(
        str(folder),
        readable=(str(tmp_path),),
        hidden=(str(tmp_path / "answers.txt"),),
        layers=layers,
    )
    code = f"""if True:
        print(open({str(tmp_path / "public.txt")!r}).read())
        try:
            print(open({str(tmp_path / "answers.txt")!r}).read())
        except OSError:
            print("no")
    """
    assert run(code, policy)[0].split() in (["x", "no"], ["x"])


@pytest.mark.parametrize("layout", ["path", "finder"])
def test_an_editable_install_does_not_reach_the_course(layers, folder, tmp_path, layout):
    course, packages = tmp_path / "course", tmp_path / "packages"
    (course / "secret_oracle").mkdir(parents=True)
    (course / "secret_oracle" / "__init__.py").write_text("answer = 42")
    packages.mkdir()
    (packages / "harmless.py").write_text("")
    if layout == "path":
        (packages / "__editable__.course.pth").write_text(f"{course}\n")
    else:
        (packages / "__editable__.course.pth").write_text("import finder_of_course\n")
        (packages / "finder_of_course.py").write_text(
            "import sys, importlib.util as u\n"
            "class F:\n"
            "    @staticmethod\n"
            "    def find_spec(name, path=None, target=None):\n"
            "        if name == 'secret_oracle':\n"
            f"            return u.spec_from_file_location(name, {str(course)!r} + "
            "'/secret_oracle/__init__.py')\n"
            "sys.meta_path.append(F)\n"
        )
    code = f"""if True:
        import site, sys
        sys.path.insert(0, {str(packages)!r})
        site.addsitedir({str(packages)!r})
        import harmless
        try:
            import secret_oracle
            print(secret_oracle.answer)
        except (ImportError, OSError):
            print("not there")
    """
    outside = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert outside.stdout.split() == ["42"], "the package can be imported outside"
    policy = Policy(str(folder), (str(packages),), hidden=(str(course),), layers=layers)
    assert run(code, policy)[0] == "not there\n"


def test_two_jails_do_not_see_each_other(layers, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    hold = "import time; open('mine', 'w').write('x'); print('ready', flush=True); time.sleep(30)"
    with start(hold, Policy(str(one), layers=layers), stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"ready\n"
        code = f"""if True:
            import os
            for path in ({str(one / "mine")!r}, "/tmp/mine"):
                try:
                    print(open(path).read())
                except OSError:
                    print("no")
            print(os.getuid())
        """
        printed, second = run(code, Policy(str(other), layers=layers))
        assert printed.split()[:2] == ["no", "no"]
        if second.held["user"] == "held":
            status = Path(f"/proc/{first._process.pid}/status").read_text()
            assert printed.split()[2] not in re.search(r"Uid:.*", status)[0]


def test_no_mount_is_left(folder):
    before = Path("/proc/self/mountinfo").read_text()
    for _ in range(3):
        run("", Policy(str(folder)))
    assert Path("/proc/self/mountinfo").read_text() == before


# --- the process -----------------------------------------------------------------------------


def test_the_environment_is_clean(layers, folder, monkeypatch):
    monkeypatch.setenv("AWS_SECRET", "canary")
    policy = Policy(str(folder), env={"COURSE": "x"}, layers=layers)
    printed, _ = run("import os; print(dict(os.environ))", policy)
    env = eval(printed)
    assert "canary" not in printed
    assert env["COURSE"] == "x"
    assert env["HOME"] == str(folder)
    assert set(env) <= {*policy.resolved().env, "TMPDIR", "LC_CTYPE"}


def test_only_passed_descriptors_are_open(layers, folder, tmp_path):
    reading, writing = os.pipe()
    with open(tmp_path / "secret", "w") as secret:
        os.set_inheritable(secret.fileno(), True)
        code = f"""if True:
            import os
            os.write({writing}, b"hello")
            found = []
            for number in range(100):
                try:
                    os.fstat(number)
                    found.append(number)
                except OSError:
                    pass
            print(found)
        """
        printed, _ = run(code, Policy(str(folder), layers=layers), pass_fds=(writing,))
    os.close(writing)
    assert os.read(reading, 10) == b"hello"
    os.close(reading)
    assert eval(printed) == [0, 1, 2, writing]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os; os.abort()", -signal.SIGABRT),
    ],
)
def test_the_exit_status_arrives(layers, folder, code, status):
    jailed = run(code, Policy(str(folder), layers=layers), stderr=subprocess.DEVNULL)[1]
    assert (jailed.returncode, jailed.reason) == (status, None)
    assert jailed.poll() == status
    assert not list(folder.glob("core*"))


def test_a_program_that_is_not_there(layers, folder):
    policy = Policy(str(folder), layers=layers)
    with launch(["/no/such"], policy, stderr=subprocess.PIPE) as jailed:
        assert jailed.wait(10) == 127
        assert b"/no/such cannot be run in the jail" in jailed.stderr.read()


def test_an_interrupt_arrives(layers, folder):
    code = """if True:
        import time
        print("ready", flush=True)
        try:
            time.sleep(20)
        except KeyboardInterrupt:
            print("interrupted")
    """
    with start(code, Policy(str(folder), layers=layers), stdout=subprocess.PIPE) as jailed:
        assert jailed.stdout.readline() == b"ready\n"
        with pytest.raises(TimeoutError):
            jailed.wait(0.05)
        jailed.send_signal(signal.SIGINT)
        assert jailed.wait(10) == 0
        assert jailed.stdout.read() == b"interrupted\n"


def test_processor_time_is_counted_with_children(layers, folder):
    code = """if True:
        import os, time
        pid = os.fork()
        while time.process_time() < 0.3:
            pass
        if pid:
            os.wait()
            print("done", flush=True)
            time.sleep(20)
    """
    with start(code, Policy(str(folder), layers=layers), stdout=subprocess.PIPE) as jailed:
        assert jailed.stdout.readline() == b"done\n"
        assert 0.5 < jailed.cpu() < 2
        jailed.kill()


def test_subprocesses_and_terminals_work(layers, folder):
    if layers is WITHOUT:
        pytest.skip("without a root of its own a jail has no terminals: the user's would be there")
    code = "import pty, subprocess; subprocess.run(['echo', 'one']); pty.spawn(['echo', 'two'])"
    assert run(code, Policy(str(folder), layers=layers))[0].split() == ["one", "two"]


def test_loopback_only_of_its_own(folder):
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here: {why}")
    code = """if True:
        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        ours = socket.create_connection(listener.getsockname())
        print(ours.getpeername()[0])
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=2)
        except OSError as error:
            print("no")
    """
    assert run(code, Policy(str(folder), loopback=True))[0].split() == ["127.0.0.1", "no"]


def test_memory_is_an_error_that_python_survives(layers, folder):
    code = """if True:
        try:
            b"x" * 400_000_000
        except MemoryError:
            print("caught")
    """
    assert run(code, Policy(str(folder), memory=200_000_000, layers=layers))[0] == "caught\n"


# --- the end ---------------------------------------------------------------------------------

BROOD = """if True:
    import os, signal, sys, time
    for i in range(12):
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.write(WRITING, b".")
            time.sleep(60)
            os._exit(0)
"""


@pytest.fixture
def brood():
    """(reading end of a pipe that all daemons hold, its writing end, code that starts them)."""
    reading, writing = os.pipe()
    yield reading, writing, BROOD.replace("WRITING", str(writing))
    os.close(reading)
    with contextlib.suppress(OSError):
        os.close(writing)


def all_alive(reading):
    count = 0
    while count < 12 and select.select([reading], [], [], 10)[0]:
        count += len(os.read(reading, 100))
    return count == 12


def test_kill_ends_every_daemon(layers, folder, brood):
    reading, writing, code = brood
    policy = Policy(str(folder), layers=layers)
    with start(code + "    time.sleep(60)\n", policy, pass_fds=(writing,)) as jailed:
        os.close(writing)
        assert all_alive(reading)
        jailed.kill()
        assert closed(reading, 0), "nothing is left when kill returns"
        assert jailed.reason == "killed"
        jailed.kill()  # twice does no harm


def test_the_end_of_the_process_ends_its_daemons(layers, folder, brood):
    reading, writing, code = brood
    policy = Policy(str(folder), layers=layers)
    with start(code + "    time.sleep(1)\n", policy, pass_fds=(writing,)) as jailed:
        os.close(writing)
        assert all_alive(reading)
        assert jailed.wait(10) == 0
        assert closed(reading, 0)


def test_the_death_of_the_grader_ends_it(layers, folder, brood):
    reading, writing, code = brood
    grader = f"""if True:
        import sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from proctor.sandbox import Policy, launch
        policy = Policy({str(folder)!r}, layers={layers!r})
        code = {code + "    time.sleep(60)"!r}
        jailed = launch([sys.executable, "-c", code], policy, pass_fds=({writing},))
        time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", grader], pass_fds=(writing,))
    os.close(writing)
    assert all_alive(reading)
    process.kill()
    process.wait()
    assert closed(reading, 5)


def test_the_death_of_the_waiting_process_ends_it(folder, brood):
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here, and a daemon outlives a killed guard: {why}")
    reading, writing, code = brood
    with start(code + "    time.sleep(60)\n", Policy(str(folder)), pass_fds=(writing,)) as jailed:
        os.close(writing)
        assert all_alive(reading)
        jailed._process.kill()
        assert closed(reading, 5)
        assert jailed.wait(5) == -signal.SIGKILL


def test_it_outlives_the_thread_that_started_it(layers, folder):
    started = []
    policy = Policy(str(folder), layers=layers)
    thread = threading.Thread(
        target=lambda: started.append(start("import time; time.sleep(30)", policy))
    )
    thread.start()
    thread.join()
    with started[0] as jailed:
        time.sleep(0.4)
        assert jailed.poll() is None


def test_the_grader_and_its_other_processes_are_left_alone(layers, folder):
    neighbour = subprocess.Popen(["sleep", "30"])
    try:
        with start("import time; time.sleep(30)", Policy(str(folder), layers=layers)) as jailed:
            jailed.kill()
        assert neighbour.poll() is None
    finally:
        neighbour.kill()
        neighbour.wait()


# --- entering --------------------------------------------------------------------------------

TEMPLATE = """if True:
    import os, socket, sys, time
    sys.path.insert(0, {root!r})
    from proctor.sandbox import Jailed, Policy, enter, entering
    {prepare}
    entering.namespaces_refused()
    policy = Policy({folder!r}, layers={layers!r})
    for attempt in range({times}):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        began = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            ours.close()
            held = enter(policy, theirs)
            {inside}
            os._exit(0)
        theirs.close()
        with Jailed(ours) as jailed:
            print("entered", 1000 * (time.perf_counter() - began), flush=True)
            jailed.wait(20)
            print("left", jailed.returncode, jailed.held, flush=True)
        os.waitpid(pid, 0)
"""


def from_template(folder, layers, inside="", times=1, prepare="", **how):
    """Run code in forks of a process that enter a jail; what all of them print."""
    code = TEMPLATE.format(
        root=str(ROOT),
        folder=str(folder),
        layers=layers,
        inside=textwrap.indent(inside, 12 * " ").strip(),
        times=times,
        prepare=prepare,
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **how
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("prepare", ["", "entering.prepare()"])
def test_a_fork_enters_without_a_new_program(layers, folder, tmp_path, prepare):
    (tmp_path / "canary").write_text("x")
    inside = f"""
facts = [os.path.basename(os.getcwd()), os.environ.get("AWS_SECRET"), len(held), theirs.fileno()]
try:
    facts.append(b"canary" in open("/proc/self/environ", "rb").read())
except PermissionError:
    facts.append(False)
try:
    facts.append(open({str(tmp_path / "canary")!r}).read())
except OSError:
    facts.append("refused")
import subprocess
seen = subprocess.run("env", capture_output=True, text=True).stdout.splitlines()
facts += ["HOME=" + os.getcwd() in seen, any("canary" in line for line in seen)]
os.write(1, (str(facts) + chr(10)).encode())
"""
    environment = {**os.environ, "AWS_SECRET": "canary"}
    printed = from_template(folder, layers, inside, prepare=prepare, env=environment)
    assert str(["folder", None, len(LAYERS), -1, False, "refused", True, False]) in printed
    assert "left 0" in printed


def test_a_process_that_forks_jails_stays_where_it_is(layers, folder):
    code = f"""if True:
        import os, socket, sys
        sys.path.insert(0, {str(ROOT)!r})
        from proctor.sandbox import Jailed, Policy, enter, fork
        policy = Policy({str(folder)!r}, layers={layers!r})
        before = os.readlink("/proc/self/ns/pid_for_children")
        for attempt in range(3):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            number = fork(policy, theirs)
            if number is not None:
                ours.close()
                enter(policy, theirs, number=number)
                print(os.getpid(), os.getuid(), flush=True)
                os._exit(attempt)
            theirs.close()
            with Jailed(ours) as jailed:
                assert jailed.wait(20) == attempt
                assert jailed.held["namespaces"] == {"held" if layers == LAYERS else "not wanted"!r}
            os.wait()
        assert os.readlink("/proc/self/ns/pid_for_children") == before
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    pids, users = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert len(pids) == 3
    if layers == LAYERS:
        assert set(pids) == {"2"}  # the first one watches
        assert len(set(users)) == (3 if os.geteuid() == 0 else 1)


def test_one_template_enters_again_and_again(layers, folder, record_property):
    printed = from_template(folder, layers, times=9)
    times = [float(value) for value in re.findall(r"entered ([\d.]+)", printed)]
    record_property("enter, ms", round(statistics.median(times), 1))
    assert len(times) == 9


def test_a_fork_that_nothing_keeps_in_is_told_to_the_caller(folder):
    code = TEMPLATE.format(
        root=str(ROOT), folder=str(folder), layers=("limits",), times=1, prepare="", inside="pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "entered" not in done.stdout
    # the two write at the same time, so one's words may come between two of the other's
    assert "NoIsolation" in done.stderr
    assert done.stderr.count("no student's code is run, because") == 2, "child and caller"


def test_without_a_right_to_mount_proc(folder):
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here: {why}")
    prepare = """
    from proctor.sandbox import linux
    mount = linux.mount
    def refusing(source, target, kind=None, *more):
        if kind == "proc":
            raise PermissionError(1, "as in a container")
        mount(source, target, kind, *more)
    linux.mount = refusing"""
    inside = "print(os.listdir('/proc'), os.path.exists('/proc/cpuinfo'), flush=True)"
    printed = from_template(folder, LAYERS, inside, prepare=prepare)
    assert "True" in printed
    assert "'self'" not in printed
    assert "left 0" in printed


# --- machines that forbid --------------------------------------------------------------------

FORBID = """if True:
    import sys
    sys.path.insert(0, {root!r})
    from proctor.sandbox import NoIsolation, Policy, landlock, launch, linux, syscalls
    folder = {folder!r}
    filter_of_this_machine = syscalls._REFUSED, syscalls._sockets
    syscalls._REFUSED, syscalls._sockets = {refused!r}, lambda *_: []
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.restrict(Policy(folder), True)
    syscalls._REFUSED, syscalls._sockets = filter_of_this_machine
    try:
        for attempt in range(2):
            with launch([sys.executable, "-c", {code!r}], Policy(folder, **{more!r})) as jailed:
                print(jailed.wait(20), jailed.held, flush=True)
    except NoIsolation as error:
        print("NoIsolation", error)
"""

UNSHARE = {"unshare": (272, 97)}
MOUNT = {"mount": (165, 40)}
LANDLOCK = {"landlock_create_ruleset": (444, 444)}


def where_forbidden(refused, folder, code="", **more):
    """Launch from a process that may not call some system calls; what it prints."""
    if syscalls.refused():
        pytest.skip(f"nothing can be forbidden here: {syscalls.refused()}")
    program = FORBID.format(
        root=str(ROOT), folder=str(folder), refused=refused, code=code, more=more
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    ).stdout


@pytest.mark.parametrize("refused", [UNSHARE, MOUNT], ids=["unshare", "mount"])
def test_landlock_keeps_the_files_where_namespaces_are_forbidden(folder, tmp_path, refused):
    if not landlock.abi():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "canary").write_text("x")
    code = f"""if True:
        try:
            open({str(tmp_path / "canary")!r})
        except PermissionError:
            print("refused")
    """
    printed = where_forbidden(refused, folder, code)
    assert printed.count("refused\n0 {") == 2
    assert printed.count("'landlock': 'held'") == 2
    assert "'namespaces': 'held'" not in printed


def test_nothing_is_run_where_nothing_holds(folder):
    code = "open('ran', 'w')"
    printed = where_forbidden(UNSHARE | LANDLOCK, folder, code)
    assert printed.startswith("NoIsolation no student's code is run")
    assert "--no-sandbox" in printed
    assert not (folder / "ran").exists()


def test_unless_the_instructor_allows_it(folder):
    code = "open('ran', 'w')"
    printed = where_forbidden(UNSHARE | LANDLOCK, folder, code, sandbox=False)
    assert printed.startswith("0 {")
    assert (folder / "ran").exists()


def test_no_isolation_is_raised_here_too(folder):
    with pytest.raises(NoIsolation, match=r"namespaces: not wanted; Landlock: not wanted"):
        launch([sys.executable], Policy(str(folder), layers=("limits", "seccomp", "user")))


def test_a_policy_is_checked(folder):
    with pytest.raises(ValueError, match=r"unknown layers \['moat'\]"):
        launch([sys.executable], Policy(str(folder), layers=("moat",)))
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist"):
        launch([sys.executable], Policy(str(folder / "nowhere")))


def test_a_jail_that_cannot_be_entered_says_why(folder):
    if why := namespaces_refused():
        pytest.skip(f"namespaces are refused here: {why}")
    with pytest.raises(Ended, match="OSError"):
        launch([sys.executable], Policy(str(folder), space=-1))


def test_the_filter_has_the_kernels_numbers():
    """Against the headers of this machine, where they are installed."""
    headers = (
        Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        Path("/usr/include/asm-generic/unistd.h"),
    )
    lists = {**syscalls._REFUSED, **syscalls._REFUSED_ON_SHARED_FILES}
    lists |= syscalls._PRETENDED_ON_SHARED_FILES
    lists |= {"clone": syscalls._CLONE, "clone3": syscalls._CLONE3, "ioctl": syscalls._IOCTL}
    lists |= {"socket": syscalls._SOCKET, "socketpair": syscalls._SOCKETPAIR}
    checked = 0
    for column, header in enumerate(headers):
        if not header.exists():
            continue
        defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
        numbers = {name: int(number) for name, number in defined}
        for name, wanted in lists.items():
            if name in numbers:
                assert wanted[column] == numbers[name], name
                checked += 1
    if not checked:
        pytest.skip("the kernel's headers are not installed")


# --- a kernel --------------------------------------------------------------------------------


@pytest.fixture
def sockets(tmp_path):
    """A folder for sockets, whose path is short enough for them."""
    path = Path("/tmp", f"jail-{os.getpid()}-{time.monotonic_ns() % 10**6}")
    path.mkdir()
    yield path
    shutil.rmtree(path)


def test_a_kernel_works_inside(layers, folder, sockets, record_property):
    for needed in ("ipykernel", "numpy", "matplotlib"):
        pytest.importorskip(needed)
    client_class = pytest.importorskip("jupyter_client").BlockingKernelClient
    connect = importlib.import_module("jupyter_client.connect")
    connection = str(folder / "connection.json")
    connect.write_connection_file(connection, ip=f"{sockets}/k", transport="ipc", key=b"secret")
    copy_font_cache(folder)
    policy = Policy(str(folder), sockets=str(sockets), layers=layers, env=python_path())
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", connection]
    began = time.perf_counter()
    with launch(argv, policy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as jailed:
        client = client_class(connection_file=connection)
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=30)
            record_property("kernel ready, s", round(time.perf_counter() - began, 2))
            code = "import numpy as np; print(int(np.arange(5).sum()), __import__('os').getcwd())"
            assert outputs(client, code) == [("stream", f"10 {folder}\n")]
            code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
            assert "display_data" in [kind for kind, _ in outputs(client, code)]
            code = "import socket\nsocket.create_connection(('127.0.0.1', 1))"
            assert outputs(client, code) == [("error", "PermissionError")]
        finally:
            client.stop_channels()
    assert jailed.reason == "killed"


def outputs(client, code):
    """The kinds of a cell's outputs, with their text or the error's name."""
    found = []

    def keep(message):
        content = message["content"]
        if message["msg_type"] in ("stream", "error", "display_data"):
            found.append((message["msg_type"], content.get("text") or content.get("ename")))

    client.execute_interactive(code, timeout=60, output_hook=keep)
    return found


def copy_font_cache(folder):
    """Matplotlib's list of fonts, which takes it seconds to make."""
    matplotlib = importlib.import_module("matplotlib")
    importlib.import_module("matplotlib.font_manager")
    (folder / ".matplotlib").mkdir()
    for path in Path(matplotlib.get_cachedir()).glob("fontlist*"):
        shutil.copy(path, folder / ".matplotlib")


def python_path():
    """Packages that were found by PYTHONPATH must be found inside too."""
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": path} if path else {}


@pytest.fixture(autouse=True)
def readable_packages(monkeypatch):
    """Packages on PYTHONPATH are readable in the jails of these tests."""
    paths = tuple(filter(None, os.environ.get("PYTHONPATH", "").split(":")))
    packages = tuple(path for path in paths if path.endswith("-packages"))
    resolved = Policy.resolved

    def with_packages(self):
        return resolved(Policy(**{**vars(self), "readable": (*self.readable, *packages)}))

    if packages:
        monkeypatch.setattr(Policy, "resolved", with_packages)


# --- another user ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("module", ["test_sandbox.py", "test_doctor.py"])
def test_all_of_this_as_an_ordinary_user(tmp_path, module):
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    python = next(filter(same_python_for_others, (sys.executable, "/usr/bin/python3")), None)
    if python is None:
        pytest.skip("no interpreter of this version that another user can run")
    others = Path("/tmp", f"jail-others-{os.getpid()}")
    others.mkdir()
    os.chown(others, 65534, 65534)
    packages = [path for path in sys.path if path.endswith("-packages")]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(others),
        "PYTHONPATH": ":".join(packages),
        "PYTHONDONTWRITEBYTECODE": "1",
        AS_OTHER: "1",
    }
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=0"]
    command += ["-rfs", f"--basetemp={others}/tmp", f"tests/proctor/{module}"]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        shutil.rmtree(others)
    if "No module named pytest" in done.stderr:
        pytest.skip("pytest cannot be read by another user")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\d+ passed", done.stdout)


def same_python_for_others(path):
    """Whether another user can run this interpreter, and it is of the same version."""
    code = "import sys; print(sys.version_info[:2])"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(
            [path, "-I", "-c", code], user=65534, group=65534, capture_output=True, text=True
        ).stdout
        return said.strip() == str(sys.version_info[:2])
    return False
