"""Marks given by hand: whether a person is to look again, because the text is another one.

nbgrader asks for another look after every regrade. Here it is asked for where the text changed
that the mark was given to. Which text was graded is kept, as a digest, in a hidden file beside the
folder in ``autograded/``.
"""

import hashlib
import json
from pathlib import Path

from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades as _SaveAutoGrades

from proctor.files import read, replace

_LONGEST = 10_000_000


def digests(notebook):
    """{name of a graded cell: digest of the text that its mark is for}.

    That of an answer which a person reads is its own; that of a test or a task is all that the
    student wrote.
    """
    every, own, others = hashlib.sha256(), {}, []
    for cell in notebook.cells:
        graded, written = utils.is_grade(cell), utils.is_solution(cell)
        if written or not graded:
            every.update(repr((cell.cell_type, cell.source)).encode(errors="backslashreplace"))
        if graded and written:
            text = hashlib.sha256(cell.source.encode(errors="backslashreplace"))
            own[cell.metadata.nbgrader.grade_id] = text.hexdigest()
        elif graded or utils.is_task(cell):
            others.append(cell.metadata.nbgrader.grade_id)
    return own | dict.fromkeys(others, every.hexdigest())


class Marks:
    """What was graded before of a notebook, and what is now.

    folder    in ``autograded/``, of the submission
    name      of the notebook
    notebook  that is being graded
    """

    def __init__(self, folder, name, notebook):
        self.path = Path(folder).with_name(f".{Path(folder).name}.{name}.answers")
        self.now = digests(notebook)
        data = read(self.path, _LONGEST)
        try:
            self.before = dict(json.loads(data or b"{}"))
        except ValueError:  # half written, where the machine stopped
            self.before = {}

    def is_open(self, grade, name, auto):
        """Whether a person is to look at a cell.

        grade  the gradebook's, with what it says until now
        auto   its new automatic score, or None
        """
        if grade.manual_score is None:
            return auto is None
        same = name in self.now and self.before.get(name) == self.now[name]
        return bool(grade.needs_manual_grade) or not same or auto != grade.auto_score

    def keep(self):
        """Keep what was graded, once it is in the gradebook."""
        replace(self.path, json.dumps(self.now, sort_keys=True).encode())


class SaveAutoGrades(_SaveAutoGrades):
    """nbgrader's, but that it asks for another look only where the text changed."""

    def preprocess(self, nb, resources):
        """Record the grades and comments of a notebook."""
        about = resources["nbgrader"]
        folder = self.parent.parent._format_dest(about["assignment"], about["student"])
        self.marks = Marks(folder, about["notebook"], nb)
        nb, resources = super().preprocess(nb, resources)
        self.marks.keep()
        return nb, resources

    def _add_score(self, cell, resources):
        name = cell.metadata.nbgrader.grade_id
        grade = self._grade(name)
        auto, _ = utils.determine_grade(cell, self.log)
        is_open = self.marks.is_open(grade, name, auto)
        super()._add_score(cell, resources)
        grade.needs_manual_grade = is_open
        self.gradebook.db.commit()

    def _add_comment(self, cell, resources):
        super()._add_comment(cell, resources)
        name = cell.metadata.nbgrader.grade_id
        if utils.is_task(cell):
            grade = self._grade(name)
            grade.needs_manual_grade = self.marks.is_open(grade, name, grade.auto_score)
            self.gradebook.db.commit()

    def _grade(self, name):
        return self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
