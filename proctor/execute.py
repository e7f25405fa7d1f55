"""Executes a grafted notebook in nbgrader's way: in place of its ``Execute``."""

import atexit

from nbformat.notebooknode import from_dict
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import Execute as StockExecute
from traitlets import Bool, Integer, List, Unicode

from .course import Course, keep_files, read_files
from .template import PRELOAD, Template

OPEN = "Graded without isolation: nothing kept this code from the grader's own files and network."
_warm = {}  # the assignment that is being graded, and its template


class Execute(StockExecute):
    """Executes a notebook on two sides of a wall, in place of nbgrader's ``Execute``."""

    sandbox = Bool(
        True, help="False: grade although nothing keeps a student's code in. The report says so."
    ).tag(config=True)
    total_timeout = Integer(600, help="Limit of a whole notebook, in seconds.").tag(config=True)
    memory = Integer(2 << 30, help="Bytes of memory for a student's processes.").tag(config=True)
    hidden = List(
        Unicode(),
        help="Modules and paths that a student's code cannot read, besides the course's folder.",
    ).tag(config=True)
    preload = List(
        Unicode(), list(PRELOAD), help="Modules that notebooks import, imported once."
    ).tag(config=True)

    def preprocess(self, nb, resources, **kwargs):
        """Return the notebook with the outputs of both sides."""
        converter = self.parent.parent
        about = resources["nbgrader"]
        course = Course(converter.coursedir, about["assignment"])
        submitted = course.folder(converter.coursedir.submitted_directory, about["student"])
        own = converter.exclude_overwriting.get(about["assignment"], ())
        template = _template(course.assignment(tuple(self.preload), leave_out=own))
        job = course.job(nb, self.timeout or 30, self.total_timeout)
        policy = course.policy(self.memory, self.sandbox, self.hidden)
        extra = read_files(submitted, course.ignore)
        played = template.play(job, policy, extra)
        keep_files(played.made, resources["metadata"]["path"])
        for cell, result in zip(nb.cells, played.results, strict=True):
            if cell.cell_type == "code":
                cell.outputs = [from_dict(output) for output in result["outputs"]]
                cell.execution_count = result["execution_count"]
        held = played.held
        if held and "held" not in (held["namespaces"], held["landlock"]):
            self.log.warning("%s of %s: %s", about["notebook"], about["student"], OPEN)
            nb.cells.insert(0, new_markdown_cell(f"**{OPEN}**", id="not-isolated"))
        return nb, resources


def _template(assignment):
    """The warm template of an assignment; another takes its place when the source changes."""
    if _warm.get("assignment") != assignment:
        if "template" in _warm:
            _warm.pop("template").close()
        else:
            atexit.register(lambda: _warm["template"].close())
        _warm.update(template=Template(assignment), assignment=assignment)
    return _warm["template"]
