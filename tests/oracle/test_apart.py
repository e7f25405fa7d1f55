"""Every visible example tells apart the mistakes of its property, or a list says why not."""

import functools
import inspect

import pytest

from oracle import hidden
from oracle.misconceptions import known, slips
from poolkit import check
from poolkit.kit.voice import Failed
from tests import notebooks

# (misconception, check): why the visible example lets it pass. The hidden half does not.
PASSES = {
    (name, name_of): why
    for why, names, checks in [
        (
            "padding has a check of its own: who is wrong there already is not asked for both",
            "dilates-the-padding",
            "output_size_dilation",
        ),
        (
            "a first pass without padding and dilation is to pass here: the hidden half asks for "
            "them where they are right alone",
            "padding-as-width-by-height dilation-as-width-by-height",
            "maxpool_forward_rectangular maxpool_backward_rectangular",
        ),
        (
            "only where there is padding, which has a check of its own",
            "border-in-float64",
            "maxpool_forward_dtype",
        ),
        (
            "the order of a stride's pair is what windows_values looks at",
            "steps-by-the-wrong-stride",
            "windows_padding windows_dilation",
        ),
        (
            "there every window's maximum is larger than that of the one before: the values check "
            "looks at others",
            "keeps-the-best-of-before",
            "pool_loops_remainder pool_loops_rectangular",
        ),
        (
            "the first window starts at (0, 0) whatever the stride is, and stride 1 is no stride: "
            "the values check looks at others",
            "addresses-without-the-stride",
            "maxpool_backward_overlap maxpool_backward_dilation maxpool_backward_batches "
            "maxpool_backward_calls",
        ),
    ]
    for name in names.split()
    for name_of in checks.split()
}
# {check: [(misconceptions that answer alike, of which the first one speaks, why it may)]}
ALIKE = {
    "pool_loops_overlap": (
        "ends-at-the-next-window ends-a-pixel-early",
        "both cut a window of 2 to one pixel where the step is 1; the check of values, which comes "
        "first and which both lose, tells them apart",
    ),
    "pool_loops_remainder": (
        "keeps-the-partial-window starts-up-to-the-edge",
        "both keep incomplete windows, which is what is said",
    ),
    "is_subgradient_corner": (
        "asks-for-positive-shares accepts-only-even-shares",
        "who accepts only even shares asks for a share at every maximum, which is what is said",
    ),
    "is_subgradient_hull": (
        "accepts-only-corners accepts-only-the-first",
        "the first maximum's one-hot is a corner: what is said of corners is true of it",
    ),
    "maxpool_backward_remainder": (
        "side-by-side-always way-back-side-by-side",
        "both place windows side by side whatever the stride is, which is what is said",
    ),
    "windows_view": (
        "pads-by-nothing collects-windows-in-a-loop",
        "a copy is all that is seen; what is said names all that copies",
    ),
    "cross_entropy_gradient": (
        "forgets-to-divide-the-gradient adds-the-losses-up",
        "the gradient of a sum is that of a sum; the loss has a check of its own",
    ),
}


@functools.cache
def right():
    names = {}
    for chapter in notebooks.CHAPTERS:
        names |= notebooks.names(chapter)
    return names


@functools.cache
def answers(name):
    """{misconception: its failure on a visible example, or None} of those of its tasks."""
    body = getattr(check, name).body
    tasks = list(tasks_of(name))
    found = {}
    for one in known():
        if one.functions.keys() & set(tasks):
            try:
                body(*({**right(), **one.functions}[task] for task in tasks))
                found[one.name] = None
            except Failed as failure:
                found[one.name] = failure
    return found


@pytest.mark.parametrize("name", hidden.__all__)
def test_a_visible_example_catches_every_mistake_of_its_property(name):
    lost = {one.name for one in known() if name in one.loses}
    passed = {one for one, failure in answers(name).items() if failure is None}
    assert lost & passed == {one for one, of in PASSES if of == name}


def test_a_slip_hears_its_own_sentence_and_nobody_else_s():
    """At each check that is written down of it; the symptoms speak, so they must be fresh."""
    for slip in slips():
        for name in slip.loses:
            functions = [{**right(), **slip.functions}[task] for task in tasks_of(name)]
            with pytest.raises(Failed) as caught:
                getattr(check, name)(*functions)
            assert caught.value.cause == slip.hint, (slip.name, name)


def tasks_of(name):
    return inspect.signature(getattr(check, name).body).parameters


@pytest.mark.parametrize("name", hidden.__all__)
def test_no_two_mistakes_look_alike_on_a_visible_example(name):
    """Those that look alike for certain have a cause that was seen, and is true of all of them."""
    seen = {}
    for one, failure in answers(name).items():
        if failure and failure.got is not None and not failure.certain:
            seen.setdefault(failure.fingerprint(), []).append(one)
    alike = [" ".join(group) for group in seen.values() if len(group) > 1]
    assert alike == ([ALIKE[name][0]] if name in ALIKE else [])
