"""Annotated: a graded notebook as its student may have it back, with points and comments in it."""

import nbformat
from nbformat.v4 import new_markdown_cell
from nbgrader import utils
from nbgrader.preprocessors import ClearMarkScheme

from proctor.plugins.feedback import HideTests
from proctor.plugins.page.write import counted, points


def annotated(data, part, config):
    """The bytes of a notebook.

    data    of the graded one
    part    its `proctor.plugins.page.facts.Part`
    config  the course's configuration

    Hidden tests and marking schemes are taken out, as they are for a page of feedback. ValueError:
    it is no notebook.
    """
    notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
    notebook, _ = HideTests(config=config).preprocess(notebook, {})
    scheme = ClearMarkScheme(config=config)
    for cell in notebook.cells:
        if utils.is_task(cell) or utils.is_locked(cell):
            _take_out(cell, scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter)
    told = [f"**Feedback: {points(part.score)} of {counted(part.most, 'point')}**"]
    if part.late:
        told.append(f"{counted(part.late, 'point')} taken off because it was late.")
    cells = [_cell("\n\n".join(told), notebook, 0)]
    for number, cell in enumerate(notebook.cells, 1):
        cells.append(cell)
        if said := _said(cell, part):
            cells.append(_cell(" ".join(said), notebook, number))
    notebook.cells = cells
    return nbformat.writes(notebook).encode()


def _said(cell, part):
    """What stands below a cell: its points, and the comment on it."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    said = []
    if mark := part.marks.get(name):
        if mark.waits:
            said.append(f"**Not marked yet** (of {counted(mark.most, 'point')}).")
        elif utils.is_grade(cell) or mark.most:
            said.append(f"**{points(mark.score)} of {counted(mark.most, 'point')}.**")
    if comment := part.comments.get(name):
        said.append(comment)
    return said


def _take_out(cell, begin, end):
    """Take a marking scheme out of a cell; one that does not end hides all that follows.

    nbgrader's own step raises where a student has written its first line.
    """
    lines, within = [], False
    for line in cell.source.split("\n"):
        if begin in line:
            within = True
        elif end in line:
            within = False
        elif not within:
            lines.append(line)
    cell.source = "\n".join(lines)
    for name in [n for n in cell.get("attachments", {}) if f"attachment:{n}" not in cell.source]:
        del cell.attachments[name]


def _cell(text, notebook, number):
    cell = new_markdown_cell(text, id=f"feedback-{number}")
    if notebook.nbformat_minor < 5:  # cells had no ids
        del cell["id"]
    return cell
