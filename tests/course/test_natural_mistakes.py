"""Of natural mistakes nearly all hear their own cause, and none hears another's first."""

import pytest

from tests import notebooks
from tests.course.natural_mistakes import ANSWERS, MISTAKES

CHAPTER = {task: chapter for chapter in notebooks.CHAPTERS for task in notebooks.answers(chapter)}


def task_of(answer):
    return answer.split(" by ")[0]


def cells(answer, changes=()):
    """{task: source} of an answer with what is wrong in it, and of the other half of a layer."""
    source = ANSWERS[answer]
    for old, new in dict(changes).items():
        assert old in source, (answer, old)
        source = source.replace(old, new)
    task = task_of(answer)
    layer = {name: ANSWERS[name] for name in ("maxpool_forward", "maxpool_backward")}
    return {**(layer if task in layer else {}), task: source}


def heard(answer, changes=()):
    """{check: what it says} of the first of the task's checks that fails; else nothing."""
    task, changed = task_of(answer), cells(answer, changes)
    asked = "maxpool" if task.startswith("maxpool") else task  # a forward pass shows in both
    failures = notebooks.play(CHAPTER[task], changed, asked, to_the_first=True).failures
    return {name: " ".join(str(failure).split()) for name, failure in failures.items()}


@pytest.mark.parametrize("answer", [name for name in ANSWERS if name != "pooling"])
def test_the_answers_are_right_but_for_the_mistake(answer):
    assert heard(answer) == {}


@pytest.mark.few(40, spread=True)
@pytest.mark.parametrize(
    ("name", "answer", "changes", "cause"), MISTAKES, ids=[m[0] for m in MISTAKES]
)
def test_a_natural_mistake_hears_its_own_cause(name, answer, changes, cause):
    said = heard(answer, changes)
    assert said
    assert cause in next(iter(said.values())), said


def test_there_are_many_of_them_and_every_task_has_one():
    assert len({name for name, *_ in MISTAKES}) == len(MISTAKES) >= 190
    assert {task_of(answer) for _, answer, *_ in MISTAKES} == CHAPTER.keys()
