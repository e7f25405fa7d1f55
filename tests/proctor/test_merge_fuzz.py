"""10,000 damaged submissions: whatever is handed in, the frame stands and what is whole is kept.

Derandomised: every run tries the same examples. PROCTOR_FUZZ=10 tries ten times as many, others.
"""

import copy
import json
import os

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from proctor.merge import Pristine, merge
from tests import tiers
from tests.notebooks import CHAPTERS, read
from tests.proctor.test_merge import (
    RIGHT,
    SOURCE,
    added_cells,
    answers_of,
    check_frame,
    check_no_secret,
    own,
    raw,
)
from tests.proctor.test_merge import handed_in as handed_in_course

TIMES = int(os.environ.get("PROCTOR_FUZZ", "1"))


def examples(number):
    return settings(
        max_examples=tiers.examples(number) * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=2000,  # milliseconds for one submission: nothing hangs
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True, scope="module")
def quick_validator():
    """nbformat's own choice of a faster validator of the same schema."""
    before = os.environ.get("NBFORMAT_VALIDATOR")
    os.environ["NBFORMAT_VALIDATOR"] = "fastjsonschema"
    yield
    if before is None:
        del os.environ["NBFORMAT_VALIDATOR"]
    else:
        os.environ["NBFORMAT_VALIDATOR"] = before


# --- What is handed in before the damage ----------------------------------------------------------


class Course:
    """A source notebook, and a student's notebook made from its release, all answered."""

    def __init__(self, source, answers):
        self.source = source
        self.frame = Pristine(source)
        # every result has the same nbgrader metadata, and to validate it is slow
        MetadataValidator().validate_nb(self.frame.blank)
        self.book = handed_in_course(source)
        for each in self.book["cells"]:
            role = each["metadata"].get("nbgrader", {})
            if role.get("solution"):
                each["source"] = answers(role["grade_id"])
        for place in (0, 4, 9, len(self.book["cells"])):
            self.book["cells"].insert(place, own(f"# mine {place}\nx = {place}", id=f"m{place}"))
        self.text = json.dumps(self.book, indent=1)
        self.names = [slot.grade_id for slot in self.frame.slots if slot.grade_id]


COURSES = [Course(SOURCE, RIGHT.get)]
COURSES += [Course(read(chapter), "# my answer to {}".format) for chapter in CHAPTERS[:1]]
courses = st.sampled_from([*COURSES[:1] * 5, *COURSES[1:]])


# --- Damage ---------------------------------------------------------------------------------------

odd = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            -1,
            1.5,
            2**63,
            -1e-300,
            float("nan"),
            float("inf"),
            10**30,
            "",
            "x",
            "code",
        ),
        *("markdown", "raw", "heading", "id-area", "area", "test_area", "\ud800", "\0", "é" * 99),
        *(
            [],
            {},
            [[]],
            [{}],
            [None],
            [1, "x", None, [2]],
            {"a": {"b": [{}]}},
            {"source": "x"},
            ["x", 3],
            {"": {}},
            {"nbgrader": {}},
            {"nbgrader": None},
        ),
        *({"nbgrader": {"grade_id": ["x"]}}, {"nbgrader": {"grade_id": "area"}}),
        {"nbgrader": {"grade_id": "test_area", "solution": True, "grade": False}},
        {"tags": ["skip-execution"]},
        own("def area(a, b):\n    return 0"),
        own("# more\ny = 1", metadata={"nbgrader": {"grade_id": "unknown"}}),
    ]
) | st.text(max_size=5)
steps = st.tuples(
    st.sampled_from(["delete", "copy", "move", "swap", "type", "source", "key", "id", "bare"]),
    st.integers(0, 999),
    st.integers(0, 999),
    odd,
)


def damage_cells(cells, step):
    """One thing that may happen to a cell."""
    what, first, second, value = copy.deepcopy(step)
    if not cells:
        return
    first %= len(cells)
    second %= len(cells)
    cell = cells[first]
    if what == "delete":
        del cells[first]
    elif what == "copy":
        cells.insert(second, copy.deepcopy(cell))
    elif what == "move":
        cells.insert(second, cells.pop(first))
    elif what == "swap":
        cells[first], cells[second] = cells[second], cells[first]
    elif not isinstance(cell, dict):
        cells[first] = value
    elif what == "type":
        cell["cell_type"] = value
    elif what == "source":
        cell["source"] = value
    elif what == "id":
        cell["id"] = value
    elif what == "bare":
        cell["metadata"] = value
    elif isinstance(cell.get("metadata"), dict) and cell["metadata"].get("nbgrader"):
        role = cell["metadata"]["nbgrader"]
        if isinstance(role, dict):
            role[sorted(role)[second % len(role)]] = value


def paths(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from paths(inner, (*path, key))


def put(value, path, new):
    """The value with another one at a path, or without it (``new`` is ``put``)."""
    if not path:
        return None if new is put else new
    inside = value
    for key in path[:-1]:
        inside = inside[key]
    if new is put:
        del inside[path[-1]]
    else:
        inside[path[-1]] = copy.deepcopy(new)
    return value


# --- What holds -----------------------------------------------------------------------------------


def check(course, data):
    """Graft bytes; what must hold of any bytes. Return the result."""
    result = merge(course.frame, data)
    check_frame(result, course.source, course.frame.blank)
    if course is COURSES[0] and b"secret" not in data:
        check_no_secret(result)
    return result


def whole_answers(course, cells):
    """{grade_id: text} of the answers that nothing happened to: one cell, its text in order."""
    texts = {}
    for cell in cells:
        try:
            name, text = cell["metadata"]["nbgrader"]["grade_id"], cell["source"]
            texts.setdefault(name, []).append(text)
        except (KeyError, TypeError, IndexError):
            continue
    original = {
        each["metadata"]["nbgrader"]["grade_id"]: each["source"]
        for each in course.book["cells"]
        if each["metadata"].get("nbgrader", {}).get("solution")
    }
    return {
        name: text
        for name, text in original.items()
        if name in texts and all(found == text for found in texts[name])
    }


def check_kept(course, cells, result):
    """Whole answers are kept, and so are added cells, in their order."""
    answers = answers_of(result.notebook)
    for name, text in whole_answers(course, cells).items():
        assert answers[name] == text
    mine = [text for cell in cells if (text := own_text(course, cell))]
    kept = [each.source for each in added_cells(result.notebook, course.source)]
    recognised = set(answers.values())
    wanted = [text for text in mine if text not in recognised]
    assert [text for text in kept if text in wanted] == wanted


def own_text(course, cell):
    """The text of a cell that the student added and that does not claim to be a known one."""
    try:
        known = cell["metadata"]["nbgrader"]["grade_id"] in course.names
    except (KeyError, TypeError, IndexError):
        known = False
    text = cell.get("source") if isinstance(cell, dict) and not known else None
    return text if isinstance(text, str) and text.startswith("# mine") else None


# --- The fuzz -------------------------------------------------------------------------------------


@examples(4000)
@given(courses, st.lists(steps, min_size=1, max_size=6))
def test_cells_are_damaged(course, happened):
    book = json.loads(course.text)
    for step in happened:
        damage_cells(book["cells"], step)
    result = check(course, raw(book))
    check_kept(course, book["cells"], result)


PATHS = [list(paths(course.book)) for course in COURSES]


@examples(2000)
@given(st.integers(0, len(COURSES) - 1), st.integers(0, 10**6), odd | st.just(put))
def test_any_value_is_another(which, place, value):
    course = COURSES[which]
    path = PATHS[which][place % len(PATHS[which])]
    book = put(json.loads(course.text), path, value)
    result = check(course, raw(book))
    if len(path) >= 2 and path[0] == "cells":
        check_kept(course, book["cells"], result)


edits = st.tuples(
    st.sampled_from(["flip", "insert", "delete", "double"]),
    st.integers(0, 10**6),
    st.integers(0, 300),
    st.binary(max_size=4)
    | st.sampled_from(
        [b'"', b"{", b"}", b"[", b"]", b",", b"\\", b"\n<<<<<<< a\n", b"\n=======\n"]
    ),
)


def damage_bytes(data, edit):
    what, place, length, value = edit
    place %= len(data) + 1
    if what == "flip":
        return data[:place] + value + data[place + len(value) :]
    if what == "insert":
        return data[:place] + value + data[place:]
    if what == "delete":
        return data[:place] + data[place + length :]
    return data[: place + length] + data[place:]


@examples(2000)
@given(courses, st.lists(edits, min_size=1, max_size=4))
def test_bytes_are_damaged(course, happened):
    data = course.text.encode()
    for edit in happened:
        data = damage_bytes(data, edit)
    check(course, data)


@examples(400)
@given(courses, st.binary(max_size=200), st.sampled_from(["latin-1", "utf-16", "utf-32", "utf-7"]))
def test_bytes_of_any_kind(course, data, encoding):
    check(course, data)
    check(course, data.decode("latin-1").encode(encoding))
    check(course, course.text.encode(encoding)[: 10 * len(data)] + data)


@examples(800)
@given(courses, st.integers(0, 10**6), st.sampled_from([1, None]))
def test_the_file_is_cut_off(course, place, indent):
    """Every cell that ends before the cut is read."""
    start = json.dumps(course.book | {"cells": []}, indent=indent).index("[") + 1
    lines = [cell | {"source": cell["source"].splitlines(True)} for cell in course.book["cells"]]
    cells = [json.dumps(cell, indent=indent) for cell in lines]
    text = json.dumps(course.book | {"cells": []})[:start] + ",\n".join(cells) + "]}"
    place %= len(text)
    whole, end = [], start
    for cell, written in zip(course.book["cells"], cells, strict=True):
        end += len(written) + 2
        if end - 2 <= place:
            whole.append(cell)
    result = check(course, text[:place].encode())
    check_kept(course, whole, result)
    answers, blank = answers_of(result.notebook), answers_of(course.frame.blank)
    kept = whole_answers(course, whole)
    partly = [name for name in answers if answers[name] != kept.get(name, blank[name])]
    # the cell that is cut may have its text whole, but never a part of it
    assert all(answers[name] in (c["source"] for c in course.book["cells"]) for name in partly)


@examples(800)
@given(courses, st.lists(steps, min_size=1, max_size=5))
def test_a_graded_notebook_grafts_to_itself(course, happened):
    book = json.loads(course.text)
    for step in happened:
        damage_cells(book["cells"], step)
    first = check(course, raw(book))
    again = check(course, nbformat.writes(first.notebook).encode())
    assert again.notebook == first.notebook
    assert {note.kind for note in again.notes} <= {"look"}
