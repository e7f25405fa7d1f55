"""Marking page: what a person sees in Formgrader who marks one notebook by hand.

It is nbgrader's page. Beside an answer that is marked by hand stand the source's model answer and
its marking scheme; one line leads to the answers that wait; and a cell that only shows something,
and was left out while the notebook was graded, shows what it shows in the solutions, if there are.
"""

import copy
import re
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader import utils

from proctor.run.course import Course
from proctor.wording import SHOWN

_MARKERS = re.compile(r"^.*={3,} *(BEGIN|END) (SOLUTION|MARK SCHEME).*\n?", re.MULTILINE)


class Marking:
    """Renders pages of a Formgrader, as its ``exporter``.

    html  an `HTMLExporter` that `exporter` made
    """

    def __init__(self, html, coursedir, submission):
        self.html, self.coursedir, self.submission = html, coursedir, submission

    def from_filename(self, filename, resources):
        """The page of an autograded notebook, and its resources."""
        notebook = nbformat.read(filename, as_version=4)
        assignment, name = resources["assignment_id"], resources["notebook_id"]
        _draw(notebook, self._solutions(assignment) / f"{name}.ipynb")
        waiting = waiting_cells(self.submission(resources["submission_id"]))
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
        more = {
            "schemes": schemes(Course(self.coursedir, assignment), name),
            "waiting": [name for name in ids if name in waiting],
        }
        return self.html.from_notebook_node(notebook, resources={**resources, **more})

    def _solutions(self, assignment):
        folder = getattr(self.coursedir, "solution_directory", "solution")
        return Path(self.coursedir.format_path(folder, ".", assignment))


def exporter(config, templates):
    """nbconvert's exporter for such a page.

    templates  folder of nbgrader's own templates, on which ours builds
    """
    config = copy.deepcopy(config)
    ours = str(Path(__file__).with_name("templates"))
    config.HTMLExporter.template_name = "marking"
    config.HTMLExporter.extra_template_basedirs = [ours, templates]
    config.HTMLExporter.extra_template_paths = [templates]
    return HTMLExporter(config=config)


def schemes(course, name):
    """{grade_id: Markdown} of a source notebook's cells that are marked by hand."""
    path = course.notebooks().get(name)
    if path is None:
        return {}
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        by_hand = utils.is_task(cell) or (utils.is_grade(cell) and utils.is_solution(cell))
        if by_hand and (text := _MARKERS.sub("", cell.source).strip()):
            code = cell.cell_type == "code"
            found[cell.metadata.nbgrader.grade_id] = f"```python\n{text}\n```" if code else text
    return found


def waiting_cells(notebook):
    """The names of a gradebook's submitted notebook's cells that wait for a person."""
    return {grade.cell.name for grade in notebook.grades if grade.needs_manual_grade}


def _draw(notebook, solution):
    """Let cells that were left out show what they show in the solution's notebook."""
    left_out = {
        name: cell
        for cell in notebook.cells
        if (name := cell.metadata.get("nbgrader", {}).get("grade_id"))
        and [output.get("text") for output in cell.get("outputs", ())] == [SHOWN]
    }
    if not left_out or not solution.is_file():
        return
    for cell in nbformat.read(solution, as_version=4).cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in left_out and cell.get("outputs") and cell.source == left_out[name].source:
            left_out[name].outputs = cell.outputs
