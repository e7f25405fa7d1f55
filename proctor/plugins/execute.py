"""Executes a merged notebook in nbgrader's way: in place of its ``Execute``."""

import atexit
import os

from nbgrader.preprocessors import Execute as StockExecute
from traitlets import Bool, Integer, List, Unicode

from proctor.files import keep_files, read, read_files
from proctor.plugins.collect.notebooks import taken
from proctor.plugins.limits import ProcessLimits
from proctor.run.course import Course
from proctor.run.job import PRELOAD
from proctor.run.play import NOTHING, UNCONFINED, give_nothing, play
from proctor.run.settings import Settings, hide
from proctor.run.template import Template

_warm = {}  # the assignment that is being graded, and its template


class Execute(ProcessLimits, StockExecute):
    """Executes a notebook on two sides of a wall, in place of nbgrader's ``Execute``."""

    sandbox = Bool(
        True, help="False: grade although nothing keeps a student's code in. The report says so."
    ).tag(config=True)
    total_timeout = Integer(600, help="Limit of a whole notebook, in seconds.").tag(config=True)
    hidden = List(
        Unicode(),
        help="Modules and paths that a student's code cannot read, besides the course's folder.",
    ).tag(config=True)
    preload = List(
        Unicode(),
        list(PRELOAD),
        help="Modules that are imported once for the whole class, besides those that the "
        "assignment's own cells import: what many students' answers are going to import.",
    ).tag(config=True)

    def preprocess(self, nb, resources, **kwargs):
        """Return the notebook with the outputs of both sides."""
        converter = self.parent.parent
        about = resources["nbgrader"]
        course = Course(converter.coursedir, about["assignment"])
        submitted = course.folder(converter.coursedir.submitted_directory, about["student"])
        own = converter.exclude_overwriting.get(about["assignment"], ())
        handed_in, _ = taken(converter, os.path.join(submitted, f"{about['notebook']}.ipynb"))
        if read(handed_in, 0) is None:
            give_nothing(nb, NOTHING)
            return nb, resources
        assignment = course.assignment(tuple(self.preload), leave_out=own)
        template = _template(assignment)
        extra = read_files(submitted, course.ignore, known=assignment.files.keys())
        known = course.known(assignment.private)[about["notebook"]]
        played, problems = play(template, nb, course.lessons(), self.settings(course), extra, known)
        keep_files(played.made, resources["metadata"]["path"])
        for cell, _, text in problems:
            self.log.warning("%s of %s, %s: %s", about["notebook"], about["student"], cell, text)
        if played.unconfined:
            self.log.warning("%s of %s: %s", about["notebook"], about["student"], UNCONFINED)
        return nb, resources

    def settings(self, course):
        """The `Settings` that these traits are, for a `Course`."""
        return Settings(
            # nbgrader's way to say that a cell has no limit of its own: the notebook has
            seconds=self.total_timeout if self.timeout and self.timeout < 0 else self.timeout or 30,
            total=self.total_timeout,
            **self.limits(),
            sandbox=self.sandbox,
            hidden=hide(course.root, self.hidden),
        )


def _template(assignment):
    """The warm template of an assignment; another takes its place when the source changes."""
    if _warm.get("assignment") != assignment:
        if "template" in _warm:
            _warm.pop("template").close()
        else:
            atexit.register(lambda: _warm["template"].close())
        _warm.update(template=Template(assignment), assignment=assignment)
    return _warm["template"]
