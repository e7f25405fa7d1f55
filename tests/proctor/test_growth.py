"""A file of which a reader would make a hundred times as much is read at its owner's cost."""

import functools
import json
import resource
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.files import LIMIT
from proctor.merge import Pristine, merge, parse
from proctor.merge.parse import MOST_CELLS, read_in_process
from tests.attacks import course
from tests.tiers import examples

FRAME = Pristine(course.notebook())
RELEASED = json.loads(FRAME._text)
EMPTY = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "", "execution_count": None}
ANSWER = "def middle(values):\n    return sorted(values)[1]"


def handed_in(*more, **about):
    """A notebook with an answer, more cells and other keys, as bytes."""
    given = json.loads(json.dumps(RELEASED)) | about
    next(c for c in given["cells"] if c["id"] == "middle")["source"] = ANSWER
    given["cells"] += more
    return json.dumps(given).encode()


def answer(merged):
    return next(cell.source for cell in merged.notebook.cells if cell.get("id") == "middle")


NUMBERS = [0.125] * 3_000_000


@functools.cache
def keys():
    return {str(number): 0 for number in range(1_500_000)}


LARGE = {
    "cells": lambda: handed_in(*[EMPTY] * 300_000),
    "no cells": lambda: handed_in(*[{}] * 4_000_000),
    "outputs": lambda: handed_in(EMPTY | {"outputs": [{"output_type": "x"}] * 900_000}),
    "numbers": lambda: handed_in(EMPTY | {"outputs": [{"data": {"x": NUMBERS}}]}),
    "keys": lambda: handed_in(metadata=keys()),
    "marks": lambda: handed_in(EMPTY | {"metadata": {"nbgrader": keys(), "tags": [keys()]}}),
    "attachments": lambda: handed_in(EMPTY | {"attachments": keys()}),
    "kernel": lambda: handed_in(metadata={"kernelspec": {"name": keys()}}, nbformat=keys()),
    "lines": lambda: handed_in(EMPTY | {"source": ["x"] * 6_000_000}),
    "depth": lambda: handed_in()[:-1] + b', "x": ' + b"[" * 30_000_000,
    "conflicts": lambda: b"<<<<<<< a\n=======\n>>>>>>> b\n" * 900_000,
    "words": lambda: b"a " * 20_000_000,
}


@pytest.mark.few(1)
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_a_file_with_much_in_it_costs_the_grader_little(make):
    data = make()
    assert len(data) <= LIMIT
    before, memory = time.process_time(), peak()
    merged = merge(FRAME, data)
    assert time.process_time() - before < 3  # 0.2 s on an idle machine; read here, 8 to 23 s
    assert peak() - memory < 150_000_000  # read here, up to 1 GB; the file is sent, a copy of it
    assert len(merged.notebook.cells) < MOST_CELLS
    assert answer(merged) == ANSWER or {note.kind for note in merged.notes} & {"not-json"}


def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_large_honest_notebook_keeps_its_answers_and_nothing_is_told():
    chart = EMPTY | {"id": "chart", "source": "plot()", "outputs": [{"data": {"x": NUMBERS}}]}
    merged = merge(FRAME, handed_in(chart))
    assert answer(merged) == ANSWER
    assert not merged.notes
    assert merged.notebook.cells[-1].source == "plot()"


def test_what_takes_too_long_is_told_and_counts_as_blank(monkeypatch):
    monkeypatch.setattr(parse, "_SECONDS", 0.01)
    merged = merge(FRAME, handed_in(*[EMPTY] * 100_000))
    assert [note.kind for note in merged.notes] == ["not-json"]
    assert "far too complex" in merged.notes[0].what
    assert answer(merged) == answer(merge(FRAME, None))


def test_of_very_many_cells_the_first_are_read():
    merged = merge(FRAME, handed_in(*[EMPTY] * MOST_CELLS))
    assert answer(merged) == ANSWER
    assert "too-many" in {note.kind for note in merged.notes}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)
CELLS = st.lists(
    st.dictionaries(
        st.sampled_from(["cell_type", "source", "input", "metadata", "id", "attachments", "level"]),
        VALUES,
    )
    | st.sampled_from(RELEASED["cells"])
    | VALUES,
    max_size=6,
)


@settings(max_examples=examples(200, 50), deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=CELLS, metadata=VALUES, cut=st.integers(0, 3))
def test_a_file_is_read_aside_as_it_is_read_here(cells, metadata, cut):
    data = json.dumps(RELEASED | {"cells": cells, "metadata": metadata}).encode()
    data = data[: len(data) - cut]
    here = merge(FRAME, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "_is_rich", lambda raw: True)
        patch.setattr(parse._aside, "do", lambda work, data, *_: (read_in_process(data), 0.0))
        aside = merge(FRAME, data)
    assert aside == here
