"""Charges a notebook for the time that is its own, not for what others take of the machine.

What is charged is the processor time of both sides, or the time that passes if that is more: code
that sleeps is stopped too. Of the time that passes is not charged what the kernel says that a side
was ready to run and had to wait for a processor, unless it waited for its own processes.
"""

import os
import signal
from time import monotonic, process_time  # a test may put others in their place

from proctor.sandbox import Ended

CEILING = 4  # times the limit: so much may pass, whatever is charged
_FIRST = 0.1  # part of a limit after which is looked for the first time: until then, all is charged
_AGAIN = 0.05  # seconds between two looks, at least
_DOUBT = 0.1  # part of the time that passed: who waits longer for others, loses nothing for good


class Meter:
    """Keeps the time of one notebook.

    total    seconds that may be charged in all
    account  function that returns what `Jailed.account` does of the student's processes, or None
             while there are none

    ``limit`` is of the block under way, in seconds; ``doubtful`` whether a block was stopped for a
    time that it may have spent waiting for others.
    """

    def __init__(self, total, account):
        self.total, self.account = total, account
        self.limit, self.doubtful = total, False
        self._used, self._end = 0.0, monotonic() + CEILING * total
        self._block = None

    def left(self):
        """Seconds that may still be charged."""
        return min(self.total - self._used, self._end - monotonic())

    def start(self, seconds):
        """Begin a block that may be charged so many seconds, if there are as many left."""
        self.limit = max(_AGAIN, min(seconds, self.left()))
        self._block = _Block(self.limit, self.account)

    def stop(self):
        """End the block."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._used += self._block.charged()

    def over(self):
        """Whether the block, for which an alarm rang, has to stop; else one will ring again."""
        if not self._block.over():
            return False
        self.doubtful |= self._block.doubtful
        return True

    def give(self, seconds):
        """Let a block that has to stop come to its end."""
        self._used += self._block.charged()
        self._block = _Block(seconds, self.account)


class _Block:
    def __init__(self, limit, account):
        self.limit, self.account = limit, account
        self.began, self.first, self.doubtful = monotonic(), None, False
        self.asking = 0.0  # seconds that it took to be told, which may wait for others as well
        signal.setitimer(signal.ITIMER_REAL, min(limit, max(_AGAIN, _FIRST * limit)))

    def charged(self):
        """Seconds charged so far."""
        if self.first is None:
            return self._passed()
        now = self._look()
        if now is None:
            return min(self._passed(), self.limit)
        return self.first.passed + self._since(now)[0]

    def _passed(self):
        """Seconds since it began, but those spent with asking."""
        return monotonic() - self.began - self.asking

    def _look(self):
        asked = monotonic()
        try:
            return _look(self.account)
        finally:
            self.asking += monotonic() - asked

    def over(self):
        """Whether it has to stop, and then if that is in doubt; else another alarm is set."""
        passed = self._passed()
        now = self._look()
        if self.first is None and now is not None:
            now.passed = passed
            self.first = now
        charged = passed if self.first is None else self.first.passed
        waited = processor = 0.0
        if now is not None and self.first is not None:
            since, waited, processor = self._since(now)
            charged += since
        if charged < self.limit and passed + self.asking < CEILING * self.limit:
            cores = len(os.sched_getaffinity(0))
            signal.setitimer(signal.ITIMER_REAL, max(_AGAIN, (self.limit - charged) / cores))
            return False
        counted = now is not None and now.waits is not None
        # of what the processors themselves have counted there is no doubt
        sure = self.first is not None and self.first.passed + processor >= self.limit
        self.doubtful = not sure and (not counted or waited + self.asking > _DOUBT * passed)
        return True

    def _since(self, now):
        """Since the first look: (seconds charged, waited for others, of processor time)."""
        first = self.first
        passed = self._passed() - first.passed
        processor = now.processor - first.processor
        waited = max(0.0, now.waiting_since(first))
        return max(processor, passed - waited), waited, processor


class _Look:
    """What was counted at one time.

    processor  seconds of processor time of both sides
    waits      {process: (seconds that it ran, that it was ready to)}; None where nobody counts them
    passed     seconds since the block began
    """

    def __init__(self, processor, waits):
        self.processor, self.waits, self.passed = processor, waits, 0.0

    def waiting_since(self, first):
        """Seconds that both sides waited for a processor, less what their other processes ran.

        A test waits while the student's function runs and the other way round, so the times that
        the two wait are not the same time.
        """
        if self.waits is None or first.waits is None:
            return 0.0
        spent = {
            pid: tuple(a - b for a, b in zip(now, first.waits.get(pid, (0, 0)), strict=True))
            for pid, now in self.waits.items()
        }
        ran, waited = spent.pop(_OURS)
        if spent:
            theirs = max(spent.values(), key=lambda each: each[1])
            ran, waited = ran + theirs[0], waited + theirs[1]
        return waited - max(0.0, self.processor - first.processor - ran)


_OURS = 0  # no process has this number


def _look(account):
    """A `_Look`; None if the student's side does not tell."""
    waits, processor = {}, process_time()
    try:
        found = account()
        with open("/proc/self/schedstat") as file:
            ran, waited, _ = file.read().split()
        waits[_OURS] = int(ran) / 1e9, int(waited) / 1e9
    except (TimeoutError, Ended):
        return None
    except OSError:
        waits = None
    if found is not None:
        processor += found[0]
        if waits is not None:
            waits |= {int(pid): tuple(times) for pid, times in found[1].items()}
    return _Look(processor, waits)
