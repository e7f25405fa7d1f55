"""What a call costs, seen from outside the process in which a student's code runs."""

import contextlib

from .toolkit import remote, specification, visible, voice

RIGHT_FIRST = "only a right answer counts as a fast one; the checks above say more"


def spends_as_counted(function, question, batches, answer_of=lambda answer: answer):
    """Raise ``Failed`` if a call takes far more processor time than array operations do.

    question   generator function of a batch: yields (function, its arguments, the right answer,
               seconds allowed) of each call, and is sent the answer
    batches    arrays of many small images
    answer_of  function of what a call returns: what is compared with the right answer

    The operations are counted where the function lives, by what a student's code might tamper
    with; this is seen from outside. Only a right answer to a new question tells anything: what is
    wrong, or remembered, is quick. A call gets copies, which end with it: what lives on is looked
    at for changes, in every call after. The best of the batches counts, because a busy machine
    takes longer.
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
                if seconds > most:
                    slow = voice.Failed(
                        f"{timed.__name__} takes {seconds:.3f} s of processor time for an array "
                        f"of {given[0].size:,} numbers; array operations take {most:.3f} at most"
                    )
        if slow is None:
            return
    raise slow
