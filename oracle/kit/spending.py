"""What a call costs, seen from outside the process in which a student's code runs."""

import contextlib
import time

import numpy as np

from .toolkit import remote, specification, visible, voice

RIGHT_FIRST = "only a right answer counts as a fast one; the checks above say more"


_USUAL = 0.001  # seconds that `_some_arrays` takes on the machine that limits are measured on


def slowness():
    """How many times longer array operations take here and now than where limits were measured.

    1 at least. Another machine's memory may be slow, or busy with others' work.
    """
    x = np.random.default_rng(0).random((600, 2, 6, 6))
    return max(1.0, min(_some_arrays(x) for _ in range(3)) / _USUAL)


def _some_arrays(x):
    """Seconds of processor time for the largest of nine pixels, and where it is."""
    before = time.process_time()
    shifted = [x[..., u : u + 4, v : v + 4] for u, v in np.ndindex(3, 3)]
    for other in shifted[1:]:
        np.maximum(shifted[0].copy(), other)
    np.stack(shifted, -1).argmax(-1)
    return time.process_time() - before


def spends_as_counted(function, question, batches, answer_of=lambda answer: answer):
    """Raise ``Failed`` if a call takes far more processor time than array operations do.

    question   generator function of a batch: yields (function, its arguments, the right answer,
               seconds allowed) of each call, and is sent the answer
    batches    arrays of many small images
    answer_of  function of what a call returns: what is compared with the right answer

    The operations are counted where the function lives, by what a student's code might tamper
    with; this is seen from outside. Only a right answer to a new question tells anything: what is
    wrong, or remembered, is quick. A call gets copies, which end with it: what lives on is looked
    at for changes, in every call after. The best of the batches counts, and what is slow only as
    array operations are slow there at that time is none (`slowness`).
    """
    spent = remote.processor_time(function)
    if spent is None:  # it lives in this process: nothing stands between it and the count
        return
    for x in batches:
        slow, answer, calls = None, None, question(x.copy())
        with contextlib.suppress(StopIteration):
            while True:
                timed, given, expected, most = calls.send(answer)
                before = spent()
                answer = voice.call(specification.by_itself(timed), *given)
                seconds = spent() - before
                with visible.because(RIGHT_FIRST, certain=True):
                    name = f"the answer for {len(x)} images"
                    voice.same(name, answer_of(answer), expected)
                if seconds > most and seconds > (most := most * slowness()):
                    slow = voice.Failed(
                        f"{timed.__name__} takes {seconds:.3f} s of processor time for an array "
                        f"of {given[0].size:,} numbers; array operations take {most:.3f} at most"
                    )
        if slow is None:
            return
    raise slow
