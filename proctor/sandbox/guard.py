"""Watches over a jailed process from within its jail: reaps, measures, ends."""

import contextlib
import gc
import json
import os
import resource
import select
import signal
import time

from proctor.sandbox import linux, memory

_TICK = os.sysconf("SC_CLK_TCK")
_OFTEN = 0.005  # seconds between two looks, where little memory or time is left
# bytes a second that a core may fill (2.7 GiB were seen, buffers of sockets), so that no look comes
# too late, and how many cores at once
_FASTEST, _CORES = 4 << 30, 4
_FIRST = 0.02  # seconds until the first look, where no group counts memory: nothing is known yet
_MANY, _SLOW = 4, 0.01  # processes, seconds of a look: while it lasts, too much could be filled
_SESSIONS = 16


def tell(control, **message):
    """Send a message to the caller, if there is still one."""
    if control is not None:
        with contextlib.suppress(OSError):
            control.send(json.dumps(message).encode())


def process_handle(pid):
    """A descriptor that becomes readable when the process ends; None where there are none."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


class Guard:
    """Waits for ``child``; ends everything when it ends, when a limit is met, or when told to.

    ``everyone()`` lists the processes of the jail; ``parent`` is a handle of the process whose
    end is ours too; ``control`` the socket to the caller; ``group`` its control group and ``clock``
    what counts its processor time, where there are.
    """

    def __init__(self, child, plan, control, everyone, parent=None, group=None, clock=None):
        self.child, self.plan, self.control = child, plan, control
        self.everyone, self.parent, self.group, self.clock = everyone, parent, group, clock
        self.interval_at_most = 0.1 if everyone is own_namespace else 0.25
        self.interval = _FIRST if group is None else self.interval_at_most
        self.cores = len(os.sched_getaffinity(0))
        self.took = 0.0  # seconds of the last look
        self.status, self.reason = None, None
        self.past = Past()
        # a folder of its own file system is limited by that
        self.folder = None if everyone is own_namespace or plan.space is None else plan.folder

    def watch(self):
        """Return the exit status (negative: a signal) and the reason of an end, or None."""
        gc.disable()
        poll = select.poll()
        handle = process_handle(self.child)
        for place in (self.control, handle, self.parent):
            if place is not None:
                poll.register(place, select.POLLIN)
        interval = self.interval if handle is not None else 0.02
        measured = 0.0
        while self.status is None and self.reason is None:
            for place, _ in poll.poll(interval * 1000):
                if place == self.parent:
                    self.reason = "parent"
                elif place != handle:
                    self._obey()
            self.reap()
            if self.status is None and time.monotonic() - measured > interval:
                begun = time.monotonic()
                self.reason = self.reason or self._exceeded()
                measured = time.monotonic()
                self.took = measured - begun
                interval = self.interval if handle is not None else 0.02
        if self.status == -signal.SIGKILL and self.group and self.group.short_of_memory():
            self.reason = self.reason or "memory"
        return self.status, self.reason

    def reap(self):
        """Bury the dead; True if none is left alive."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.child:
                self.status = os.waitstatus_to_exitcode(status)

    def cpu(self):
        """Seconds of processor time of all processes of the jail so far, the dead included.

        Every way to count may miss something, none counts what was not spent: the clock where it
        is refused, `getrusage` the children that nobody waits for, a look from time to time those
        that live between two looks.
        """
        pids = self.everyone()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        counts = [
            ended.ru_utime + ended.ru_stime + sum(map(_cpu, pids)),
            self.past.seen(pids),
            self.clock.read() if self.clock is not None else 0.0,
            self.group.cpu() if self.group is not None else 0.0,
        ]
        return max(counts)

    def _obey(self):
        """Do what the caller says; when there is none any more, end."""
        try:
            words = self.control.recv(200).split()
        except OSError:
            words = []
        if not words or words[0] == b"kill":
            self.reason = "killed" if words else "parent"
        elif words[0] == b"signal":
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, int(words[1]))
        elif words[0] == b"cpu":
            times = scheduled(self.everyone())
            tell(self.control, cpu=self.cpu(), scheduled=times, asked=int(words[1]))

    def _exceeded(self):
        """The limit that all processes together have passed, or None."""
        if "limits" not in self.plan.layers:
            return None
        self.interval = self.interval_at_most
        pids = self.everyone()
        waiting = self.group is None and (len(pids) > _MANY or self.took > _SLOW)
        if waiting:
            pids = self._stop(pids)
        reason = self._passed(pids)
        if reason is not None:
            _signal(pids, signal.SIGKILL)  # at once: whoever ends them all looks for them first
        elif waiting:
            _signal(pids, signal.SIGCONT)
        return reason

    def _stop(self, pids):
        """Have all processes wait, those included that they have just made; returns all."""
        stopped = set()
        while more := set(pids) - stopped:
            _signal(more, signal.SIGSTOP)
            stopped |= more
            pids = self.everyone()
        return stopped

    def _passed(self, pids):
        """The limit that these processes have passed, or None; says when to look again."""
        # RLIMIT_NPROC refuses first; this is for where it does not count just these processes
        if len(pids) > self.plan.processes + 4:
            return "processes"
        if not (self.group and self.group.holds_processor) and _sessions(pids) > _SESSIONS:
            return "processes"
        left = self.plan.cpu - self.cpu()
        if left < 0:
            return "cpu"
        self._look_again_after(left / self.cores)
        if self._memory(pids) > self.plan.memory:
            return "memory"
        if self.folder and _size(self.folder) > self.plan.space:
            return "space"
        return None

    def _look_again_after(self, seconds):
        """Look again then, if that is sooner than usual: no limit is passed unseen until then."""
        self.interval = min(max(seconds, _OFTEN), self.interval)

    def _memory(self, pids):
        """Bytes of memory of all processes."""
        hidden = 0
        if self.group is None:
            hidden = memory.buffers(pids, self.everyone is own_namespace) + memory.shared(pids)
        used = hidden + sum(map(memory.resident, pids))
        if used > self.plan.memory:
            used = hidden + sum(map(memory.proportional, pids))
        if self.group is None:
            rate = _FASTEST * min(self.cores, _CORES)
            self._look_again_after((self.plan.memory - used) / rate)
        return used


class Past:
    """Processor time that was seen of processes, those included that are gone."""

    def __init__(self):
        self._gone, self._living = 0.0, {}

    def seen(self, pids):
        """Seconds of these and of all processes before."""
        now = {pid: _own_cpu(pid) for pid in pids}
        for pid, seconds in self._living.items():
            if now.get(pid, 0.0) < seconds:  # it has ended; its number may be another's
                self._gone += seconds
        self._living = now
        return self._gone + sum(now.values())


def scheduled(pids):
    """{process: (seconds that it ran, that it was ready to run and others ran)}.

    Of the processes whose main thread the kernel counts so: see /proc/PID/schedstat.
    """
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            ran, ready = linux.read(f"/proc/{pid}/schedstat").split()[:2]
            found[pid] = int(ran) / 1e9, int(ready) / 1e9
    return found


def _signal(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _sessions(pids):
    """How many sessions there are: many systems give each as much processor time as another."""
    return len({fields[3] for fields in map(_stat, pids) if fields})


def own_namespace():
    """The processes of this PID namespace but its first."""
    with contextlib.suppress(FileNotFoundError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    return []


def descendants():
    """The processes below this one, orphans too if this process adopts them."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    found = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end_descendants(guard):
    """Kill the processes below this one until there is none; False if some stay for 5 s."""
    end = time.monotonic() + 5
    while not guard.reap():
        for pid in descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True


def _size(folder):
    """Bytes on disk of all files in a folder; infinite if there are too many to look at."""
    total = 0
    for number, (place, folders, files) in enumerate(os.walk(folder)):
        for name in files + folders:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
        if number > 1000 or len(files) > 10_000:
            return float("inf")
    return total


def _stat(pid):
    """The fields of /proc/pid/stat from the state on; [] if the process is gone."""
    try:
        return linux.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid):
    """Seconds of processor time of a process and of its children that it waited for."""
    return sum(map(int, _stat(pid)[13:15])) / _TICK + _own_cpu(pid)


def _own_cpu(pid):
    """Seconds of processor time of a process."""
    try:
        # its clock, to the nanosecond: clock_getcpuclockid(3)
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0
