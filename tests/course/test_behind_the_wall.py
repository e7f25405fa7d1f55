"""Right answers score behind the grader's wall as they do in one process, whatever their style.

That every misconception does is seen in the class, which is graded behind it too.
"""

import copy
import sys

import pytest
from nbgrader.coursedir import CourseDirectory

from proctor.course import Course, Settings, hide, play
from proctor.template import Template
from tests import notebooks
from tests.submissions import right

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")

STYLES = [("3-layer", name, cells) for name, cells in right.RIGHT.items()]
STYLES += [("4-network", name, cells) for name, cells in right.NETWORK.items()]


@pytest.fixture(scope="module")
def failed():
    """A function of a chapter and answers: {check: message} of what failed behind the wall."""
    course = Course(CourseDirectory(root=str(notebooks.ROOT)), "maxpool")
    template = Template(course.assignment())
    settings = Settings(hidden=hide(course.root))

    def grade(chapter, answers):
        notebook = copy.deepcopy(notebooks.read(chapter))
        for cell in notebook.cells:
            task = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(task, cell.source)
        play(template, notebook, course.lessons(), settings, {})
        return {
            cell.metadata.nbgrader.grade_id.removeprefix("test_"): output.evalue
            for cell in notebook.cells
            for output in cell.get("outputs", ())
            if output.output_type == "error"
        }

    yield grade
    template.close()


@pytest.mark.parametrize(("chapter", "style", "cells"), STYLES, ids=[s for _, s, _ in STYLES])
def test_a_right_answer_gets_full_marks(failed, chapter, style, cells):
    assert failed(chapter, cells) == {}


def test_loops_lose_exactly_what_is_given_for_no_loops(failed):
    assert failed("3-layer", right.LOOPS).keys() == {f"{t}_vectorised" for t in right.LOOPS}


def test_a_count_that_was_tampered_with_gains_nothing_for_a_loop(failed):
    """What the student's process really spent gives it away."""
    tamper = "from poolkit import operations\noperations.count = lambda f, *a: (f(*a), 100)[1]\n\n"
    answers = {**right.LOOPS, "pool_tiles": tamper + right.LOOPS["pool_tiles"]}
    lost = failed("3-layer", answers)
    for task in ("pool_tiles", "maxpool_forward"):
        assert "processor time" in lost[f"{task}_vectorised"]
