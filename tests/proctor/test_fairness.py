"""A notebook is charged for its own time: not for what others take, and also while it sleeps."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from proctor.rpc import Proxy
from proctor.run import meter, turns
from proctor.run.job import Assignment, Job
from proctor.run.settings import Settings
from proctor.run.template import Template
from proctor.run.testrun import called
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture
def clocks(monkeypatch):
    """Time, what both sides have counted, and no alarms: all as the test says."""

    class Clocks:
        now, processor, waited, known = 100.0, 0.0, 0.0, True

        def account(self):
            return (self.processor, {7: (self.processor, self.waited)}) if self.known else None

        def look(self, account):
            if not self.known:
                return None
            return meter._Look(self.processor, {0: (0.0, 0.0), 7: (self.processor, self.waited)})

        def passes(self, seconds, processor=0.0, waited=0.0):
            self.now += seconds
            self.processor += processor
            self.waited += waited

    made = Clocks()
    monkeypatch.setattr(meter, "monotonic", lambda: made.now)
    monkeypatch.setattr(meter, "_look", made.look)
    monkeypatch.setattr(meter.signal, "setitimer", lambda *_: None)
    return made


def started(clocks, seconds=10.0):
    """A meter whose first look is over."""
    one = meter.Meter(100.0, clocks.account)
    one.start(seconds)
    clocks.passes(1.0, processor=1.0)
    assert not one.over()
    return one


def test_who_computes_is_stopped_after_the_limit(clocks):
    one = started(clocks)
    clocks.passes(8.9, processor=8.9)
    assert not one.over()
    clocks.passes(0.2, processor=0.2)
    assert one.over()
    assert not one.doubtful


def test_who_sleeps_is_stopped_after_the_limit(clocks):
    one = started(clocks)
    clocks.passes(9.1)
    assert one.over()
    assert not one.doubtful


def test_who_waits_for_others_is_not_charged(clocks):
    one = started(clocks)
    clocks.passes(20.0, processor=2.0, waited=18.0)
    assert not one.over()
    clocks.passes(7.5, processor=7.1, waited=0.4)
    assert one.over()
    assert not one.doubtful, "ten seconds of processor time are its own"


def test_who_waits_for_its_own_processes_is_charged(clocks, monkeypatch):
    one = started(clocks)
    # nine seconds of other processes, for which the first one waits
    clocks.now += 9.5
    look = meter._Look(clocks.processor + 9.0, {0: (0.0, 0.0), 7: (1.0, 9.0)})
    monkeypatch.setattr(meter, "_look", lambda account: look)
    assert one.over()
    assert not one.doubtful


def test_what_passes_has_a_ceiling_and_is_in_doubt(clocks):
    one = started(clocks)
    clocks.passes(38.0, processor=1.0, waited=37.0)
    assert not one.over()
    clocks.passes(2.0, waited=2.0)
    assert one.over()
    assert one.doubtful


def test_where_nobody_counts_it_is_the_time_that_passes_and_in_doubt(clocks):
    clocks.known = False
    one = meter.Meter(100.0, clocks.account)
    one.start(10.0)
    clocks.passes(9.0)
    assert not one.over()
    clocks.passes(1.1)
    assert one.over()
    assert one.doubtful


def test_the_notebook_s_time_is_charged_in_the_same_way(clocks):
    one = started(clocks)
    clocks.passes(20.0, processor=2.0, waited=18.0)
    one.stop()
    assert one.left() == pytest.approx(97.0)


def test_only_what_was_interrupted_inside_a_call_hung():
    one, other, method = (Proxy.__new__(Proxy) for _ in range(3))
    assert called(None, {"f": one}) == set(), "the test itself was slow"
    assert called(one, {"f": one, "g": other}) == {"f"}
    assert called(method, {"f": one, "g": other}) == set()
    assert called(method, {"f": one, "n": 3}) == {"f"}


# --- played ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def warm():
    made = Template(Assignment(preload=()))
    yield made
    made.close()


def play(warm, answer, *tests, **limits):
    cells = [{"role": "student", "source": answer, "points": 0.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    return warm.play(Job(cells, **limits), Settings().policy())


def test_who_sleeps_ends(warm):
    played = play(warm, "def f():\n    import time\n    time.sleep(1000)", "f()", seconds=0.5)
    assert played.results[1]["outcome"]["name"] == "CellTimeoutError"


def test_a_slow_test_does_not_make_the_answer_one_that_hangs(warm):
    """The second test has its whole limit: a tenth of it would be too short."""
    slow = "f(0)\nwhile True: pass"
    answer = (
        "import time\ndef f(seconds):\n    end = time.process_time() + seconds\n"
        "    while time.process_time() < end: pass"
    )
    played = play(warm, answer, slow, "f(0.6)", seconds=2)
    kinds = [result["outcome"]["kind"] for result in played.results[1:]]
    assert kinds == ["failed", "passed"]


def test_what_is_in_doubt_is_played_once_more_and_alone(warm, monkeypatch):
    turn, alone = turns.turn, []

    def watched(by_itself, **how):
        alone.append(by_itself)
        return turn(by_itself, **how)

    monkeypatch.setattr("proctor.run.template.turn", watched)
    once, real = [], warm._play

    def doubtful(*args):
        played = real(*args)
        once.append(played)
        played.doubtful = len(once) == 1
        return played

    monkeypatch.setattr(warm, "_play", doubtful)
    played = play(warm, "def f():\n    return 1", "assert f() == 1")
    assert (alone, played.again) == ([False, True], True)
    assert played.results[1]["outcome"]["kind"] == "passed"


def test_who_is_alone_waits_for_others_and_they_for_it(monkeypatch, tmp_path):
    monkeypatch.setattr(turns.tempfile, "tempdir", str(tmp_path))
    done = []

    def later(alone):
        with turns.turn(alone):
            done.append(alone)

    with turns.turn(), turns.turn():
        one = threading.Thread(target=later, args=(True,))
        one.start()
        time.sleep(0.1)  # long enough for it to stand at the gate
        other = threading.Thread(target=later, args=(False,))
        other.start()
        time.sleep(0.1)
        assert done == []
    one.join(20)
    other.join(20)
    assert sorted(done) == [False, True]


def test_a_turn_ends_with_its_process(monkeypatch, tmp_path):
    monkeypatch.setattr(turns.tempfile, "tempdir", str(tmp_path))
    code = """if True:
        import time
        from proctor.run import turns
        with turns.turn(True):
            print(1, flush=True)
            time.sleep(60)
    """
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert other.stdout.readline()
    other.send_signal(signal.SIGKILL)
    other.wait()
    gone = threading.Event()

    def take():
        with turns.turn():
            gone.set()

    threading.Thread(target=take, daemon=True).start()
    wait_until(gone.is_set, 20)


def test_a_folder_of_somebody_else_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setattr(turns.tempfile, "tempdir", str(tmp_path))
    place = tmp_path / f"turns-of-proctor-{os.geteuid()}"
    place.symlink_to(tmp_path)
    with turns.turn(), turns.turn(alone=True):
        pass
    assert list(tmp_path.iterdir()) == [place]
