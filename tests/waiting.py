"""What a test waits for, because another process does it in its own time."""

import time


def wait_until(condition, seconds=60.0):
    """Return what a condition is as soon as it holds; fail where it never does.

    The seconds are those of a machine that stands still meanwhile: no test measures by them.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.02)
    return found
