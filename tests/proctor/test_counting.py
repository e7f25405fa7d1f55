"""What a jail uses is counted, whoever reaps a child and whoever shares what."""

import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from benchmarks.limits import _BURN, _START, CPU_TRICKS, MEMORY_TRICKS
from proctor.run.job import Assignment, Job
from proctor.run.settings import Settings
from proctor.run.template import Template
from proctor.sandbox import (
    LAYERS,
    Jailed,
    Policy,
    clock,
    entering,
    guard,
    landlock,
    launch,
    memory,
    syscalls,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

MIB = 1 << 20
BURNT = 0.8  # seconds of processor time


@pytest.fixture(params=["every layer", "no groups", "no groups, no namespaces"])
def layers(request):
    """The layers to use, in turn."""
    left_out = {"every layer": (), "no groups": ("cgroups",)}.get(
        request.param, ("cgroups", "namespaces")
    )
    if "namespaces" not in left_out and entering.namespaces_refused():
        pytest.skip("namespaces are refused here")
    if "namespaces" in left_out and not landlock.abi():
        pytest.skip("this kernel has no Landlock")
    return tuple(layer for layer in LAYERS if layer not in left_out)


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


def start(code, folder, layers, **limits):
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    policy = Policy(str(folder), layers=layers, **limits)
    return launch([sys.executable, "-c", code], policy, **quiet)


def burning(trick, seconds=BURNT):
    """Code that burns so many seconds in children of 0.05 s, then waits."""
    trick = textwrap.dedent(trick).replace("times=120", "").replace("burn(6)", f"burn({seconds})")
    few = _BURN.replace("times=120", f"times={round(seconds / 0.05)}")
    trick = trick.replace("range(120)", f"range({round(seconds / 0.05)})")
    trick = trick.replace("range(60)", f"range({round(seconds / 0.05)})")
    return f"{_START}{few}{trick}\nprint('done', flush=True)\ntime.sleep(20)"


# --- processor time --------------------------------------------------------------------------


@pytest.mark.few(3)
@pytest.mark.parametrize("name", CPU_TRICKS)
def test_no_child_s_time_is_nobody_s(layers, folder, name):
    if clock.refused() and "cgroups" not in layers:
        pytest.skip(f"the kernel's clock of a task is refused here: {clock.refused()}")
    with start(burning(CPU_TRICKS[name]), folder, layers) as jailed:
        assert jailed.stdout.readline() == b"done\n"
        wait_until(lambda: jailed.cpu() > 0.98 * BURNT, 60)  # where the machine is busy, they wait
        # the interpreter itself takes up to 0.1 s, and programs as much each
        assert jailed.cpu() < 6 * BURNT


@pytest.mark.few(2)
@pytest.mark.parametrize("name", ["children, SIGCHLD ignored", "children's children"])
def test_the_limit_of_processor_time_ends_it(layers, folder, name):
    if clock.refused() and "cgroups" not in layers:
        pytest.skip(f"the kernel's clock of a task is refused here: {clock.refused()}")
    with start(burning(CPU_TRICKS[name], 20), folder, layers, cpu=1) as jailed:
        jailed.wait(60)
        assert jailed.reason == "cpu"


@pytest.mark.few(1)
def test_time_in_the_kernel_counts(layers, folder):
    code = (
        "import os\nwhile os.times().system < 0.5: os.urandom(1 << 20)\nprint('done', flush=True)"
    )
    with start(f"{code}\nimport time; time.sleep(20)", folder, layers) as jailed:
        jailed.stdout.readline()
        assert jailed.cpu() >= 0.5


def test_a_look_from_time_to_time_counts_what_no_one_waits_for():
    """Where the kernel's clock is refused and there are no groups."""
    past, times = guard.Past(), {7: 1.0, 8: 2.0}
    real, guard._own_cpu = guard._own_cpu, lambda pid: times[pid]
    try:
        assert past.seen([7, 8]) == 3.0
        assert past.seen([7]) == 3.0, "the other one is gone, not its time"
        times[8] = 0.5
        assert past.seen([7, 8]) == 3.5, "a new process with the number of one that is gone"
        times[7] = 2.0
        assert past.seen([7, 8]) == 4.5
    finally:
        guard._own_cpu = real


def test_the_wish_for_other_cores_is_not_granted(layers, folder):
    if syscalls.refused():
        pytest.skip(syscalls.refused())
    code = """if True:
        import os
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(before)} if len(before) > 1 else {0, 1})
        print(os.sched_getaffinity(0) == before)
    """
    with start(code, folder, layers) as jailed:
        jailed.wait(20)
        assert jailed.stdout.read() == b"True\n"


def test_very_many_sessions_are_no_way_to_more_time(layers, folder):
    code = """if True:
        import os, time
        for _ in range(40):
            if os.fork() == 0:
                os.setsid()
                time.sleep(20)
        print("done", flush=True)
        time.sleep(20)
    """
    with start(code, folder, layers) as jailed:
        jailed.stdout.readline()
        if jailed.held["cgroups"] == "held":  # one share for all of them
            assert jailed.poll() is None
        else:
            jailed.wait(20)
            assert jailed.reason == "processes"


# --- memory ----------------------------------------------------------------------------------

MOST = 128 * MIB
NOT_ENDED = ("nothing", "memfd", "pipes", "files", "page tables")  # refused, or bounded otherwise


@pytest.mark.few(5)
@pytest.mark.parametrize("name", [name for name in MEMORY_TRICKS if name not in NOT_ENDED])
def test_memory_that_hides_is_counted(layers, folder, name):
    if "namespaces" not in layers and name.startswith(("datagrams", "connections")):
        pytest.skip("such sockets are refused there")
    trick = textwrap.dedent(MEMORY_TRICKS[name]).replace("400 << 20", "100 << 20")
    code = f"{_START}{trick}\nprint('all of it', flush=True)\ntime.sleep(2)"
    with start(code, folder, layers, memory=MOST) as jailed:
        jailed.wait(60)
        said = jailed.stdout.read()
        refused = name in ("shared at once", "shared, of /dev/zero") and b"all" in said
        in_kernel = "sockets" in name and jailed.held["cgroups"] == "held"  # or sending fails
        assert jailed.reason == "memory" or refused or in_kernel


def test_an_honest_process_is_not_charged_for_what_it_does_not_use(layers, folder):
    if "namespaces" not in layers:
        pytest.skip("there is no place for semaphores there")
    code = """if True:
        import mmap, multiprocessing, socket, subprocess, asyncio
        shared = mmap.mmap(-1, 1 << 20)
        shared[:] = b"x" * (1 << 20)
        value = multiprocessing.Value("i", 0)
        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            assert pool.map(abs, [-1, 2]) == [1, 2]
        assert subprocess.run("echo one | cat", shell=True, capture_output=True).stdout == b"one\\n"
        asyncio.run(asyncio.sleep(0.3))
        print("fine")
    """
    with start(code, folder, layers, memory=MOST) as jailed:
        assert jailed.wait(30) == 0
        assert jailed.stdout.read() == b"fine\n"


def test_shared_memory_and_buffers_are_found():
    before = memory.shared([os.getpid()])
    piece = mmap.mmap(-1, 4096)
    assert memory.shared([os.getpid()]) == before + syscalls.SHARED_AT_ONCE
    piece.close()
    before = memory.buffers([os.getpid()], own_network=False)
    pair = socket.socketpair()
    ends = os.pipe()
    added = memory.buffers([os.getpid(), os.getpid()], own_network=False) - before
    assert added >= 2 * 64 * 1024 + 64 * 1024
    for one in pair:
        one.close()
    for one in ends:
        os.close(one)


# --- signals ---------------------------------------------------------------------------------

LOOK = """
import gc, os, signal, sys, threading, warnings
with open("/proc/self/status") as lines:
    print([line for line in lines if line[:6] in ("SigBlk", "SigIgn", "SigCgt", "SigPnd")])
print([signal.getitimer(which) for which in range(3)], sorted(signal.pthread_sigmask(0, ())))
print(signal.getsignal(signal.SIGINT), gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit())
print(threading.active_count(), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))
"""
IGNORING = (
    "import signal\n"
    "for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:\n"
    "    signal.signal(number, signal.SIG_IGN)\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM])\n"
)


def test_many_processes_are_looked_at_while_they_wait_and_go_on(folder, layers):
    """Where no group counts memory: nobody notices but by the clock."""
    if "cgroups" in layers:
        pytest.skip("a control group counts: nothing waits")
    code = f"""if True:
        import os, time
        pids = []
        for n in range({guard._MANY + 3}):
            if (pid := os.fork()) == 0:
                end = time.monotonic() + 0.6
                while time.monotonic() < end:
                    time.sleep(0.01)
                os._exit(n)
            pids.append(pid)
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        print(ended == list(range(len(pids))))
    """
    with start(code, folder, layers) as jailed:
        jailed.wait(30)
        assert jailed.stdout.read() == b"True\n", jailed.reason


@pytest.fixture(scope="module")
def fresh():
    """What a new program sees, whatever the tests themselves ignore (under ``nohup``, say)."""
    look = [sys.executable, "-c", LOOK]
    done = subprocess.run(
        look, capture_output=True, text=True, check=True, preexec_fn=_answer_as_usual
    )
    return done.stdout


def _answer_as_usual():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("grader", ["", IGNORING], ids=["usual", "ignoring"])
def test_a_student_s_process_answers_signals_as_a_new_program_does(fresh, grader):
    code = f"""if True:
        from proctor.run.settings import Settings
        from proctor.run.job import Assignment, Job
        from proctor.run.template import Template
        {textwrap.indent(grader, 8 * " ").strip()}
        template = Template(Assignment(preload=()))
        cells = [{{"role": "student", "source": {LOOK!r}, "points": 0.0}}]
        print(template.play(Job(cells), Settings().policy()).results[0]["outputs"][0]["text"])
        template.close()
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == fresh.strip(), done.stderr


@pytest.mark.parametrize("grader", ["", IGNORING], ids=["usual", "ignoring"])
def test_a_jailed_program_answers_signals_as_a_new_program_does(fresh, folder, layers, grader):
    if "namespaces" not in layers:
        pytest.skip("a process cannot read of itself there")
    code = f"""if True:
        import subprocess, sys
        from proctor.sandbox import Policy, launch
        {textwrap.indent(grader, 8 * " ").strip()}
        policy = Policy({str(folder)!r}, layers={layers!r})
        with launch([sys.executable, "-c", {LOOK!r}], policy) as jailed:
            jailed.wait(30)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == fresh.strip(), done.stderr


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(preload=()))
    yield made
    made.close()


def test_a_pool_of_processes_comes_to_its_end(warm):
    pool = """
def squares(n):
    import multiprocessing
    with multiprocessing.Pool(2) as pool:
        return pool.map(abs, range(n))
def ended(n):
    import multiprocessing, time
    process = multiprocessing.Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join(20)
    return process.exitcode
"""
    tests = ["assert squares(3) == [0, 1, 2]"] * 6 + ["assert ended(1) == -15"]
    cells = [{"role": "student", "source": pool, "points": 0.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    results = warm.play(Job(cells), Settings().policy()).results
    assert [one["outcome"]["kind"] for one in results[1:]] == ["passed"] * 7


def test_spent_time_is_of_children_that_nobody_waits_for(warm):
    """A count that a test can ask for, so that loops in a child are loops."""
    answer = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def slow(n):
    reading, writing = os.pipe()
    if os.fork() == 0:
        end = time.process_time() + 0.3
        while time.process_time() < end: pass
        os.write(writing, b"1")
        os._exit(0)
    return int(os.read(reading, 1))
"""
    test = "before = slow.__spent__()\nslow(1)\nassert slow.__spent__() - before > 0.29"
    cells = [{"role": "student", "source": answer, "points": 0.0}]
    cells += [{"role": "test", "source": test, "points": 1.0}]
    outcome = warm.play(Job(cells), Settings().policy()).results[1]["outcome"]
    assert outcome["kind"] == "passed", outcome


def test_an_alarm_that_asks_while_another_question_waits_makes_nobody_wait():
    """A meter's alarm may ask the guard within a test's own question; both answers come at once."""
    ours, guards = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    guards.send(json.dumps({"ready": {"namespaces": "held"}}).encode())
    jailed, answered = Jailed(ours), []

    def guard():
        asked = [guards.recv(100).split()[1], guards.recv(100).split()[1]]
        for number in asked:
            guards.send(json.dumps({"cpu": 1.0, "asked": int(number)}).encode())

    def ring(*_):
        answered.append(jailed.account())

    before = signal.signal(signal.SIGALRM, ring)
    thread = threading.Thread(target=guard)
    thread.start()
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        begun = time.monotonic()
        assert jailed.account()[0] == 1.0
        assert len(answered) == 1
        assert time.monotonic() - begun < 2, "the second answer was waited for in vain"
    finally:
        signal.signal(signal.SIGALRM, before)
        thread.join()
        guards.close()
        jailed.kill()
