"""A right answer keeps its points: behind the wall as in one kernel, for every idiom."""

import functools

import nbformat
import pytest
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from proctor.merge import Pristine
from proctor.run.course import Course
from proctor.run.job import Job
from proctor.run.play import play
from proctor.run.settings import Settings
from proctor.run.template import Template
from tests.proctor.idioms import IDIOMS, MODULES

SETTINGS = Settings(seconds=20, total=60)


class Idioms:
    """A course with a notebook for each idiom."""

    def __init__(self, root):
        folder = root / "source" / "ps1"
        folder.mkdir(parents=True)
        for name, one in IDIOMS.items():
            nbformat.write(one.source(), folder / f"{name}.ipynb")
        for name, text in MODULES.items():
            (folder / name).write_text(text)
        self.course = Course(CourseDirectory(config=Config(), root=str(root)), "ps1")
        self.assignment = self.course.assignment(preload=("numpy",))
        self.known = self.course.known(self.assignment.private)
        self.template = Template(self.assignment)
        self.behind_the_wall = functools.cache(self._behind_the_wall)  # two tests ask for some

    def filled(self, name, which):
        """The notebook of an idiom as it is graded, with these answers."""
        book, answers = Pristine(IDIOMS[name].source()).fresh(), IDIOMS[name].answers(which)
        for cell in book.cells:
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
        return book

    def in_one_kernel(self, name, which):
        """The outcomes of the tests where every cell runs in the student's process."""
        cells = [
            {
                "role": "inside" if c.metadata.nbgrader.grade else "student",
                "source": c.source,
                "points": 1.0,
            }
            for c in self.filled(name, which).cells
        ]
        results = self.template.play(Job(cells, 20, 60), SETTINGS.policy()).results
        return [r["outcome"]["kind"] for r in results if r["outcome"]]

    def _behind_the_wall(self, name, which):
        """The same behind the wall."""
        book, lessons = self.filled(name, which), self.course.lessons()
        play(self.template, book, lessons, SETTINGS, {}, self.known[name])
        tests = [cell for cell in book.cells if cell.metadata.nbgrader.grade]
        failed = [any(o.output_type == "error" for o in cell.outputs) for cell in tests]
        return ["failed" if one else "passed" for one in failed]


@pytest.fixture(scope="module")
def idioms(tmp_path_factory):
    made = Idioms(tmp_path_factory.mktemp("idioms"))
    yield made
    made.template.close()


def test_there_are_enough():
    assert len(IDIOMS) >= 120


@pytest.mark.few(40, spread=True)
@pytest.mark.parametrize("name", IDIOMS)
def test_a_right_answer_keeps_its_points(idioms, name):
    assert set(idioms.behind_the_wall(name, "right")) == {"passed"}


@pytest.mark.slow  # a play of each in one kernel, too; the quick tier has one idiom of each module
@pytest.mark.parametrize("which", ["right", "wrong", "blank"])
@pytest.mark.parametrize("name", IDIOMS)
def test_every_answer_gets_what_it_gets_in_one_kernel(idioms, name, which):
    assert idioms.behind_the_wall(name, which) == idioms.in_one_kernel(name, which)


@pytest.mark.parametrize("which", ["wrong", "blank"])
@pytest.mark.parametrize(
    "name", ["an-item-is-added", "a-sum-of-objects-is-compared", "a-module-was-imported"]
)
def test_no_other_answer_gets_more(idioms, name, which):
    assert idioms.behind_the_wall(name, which) == idioms.in_one_kernel(name, which)
