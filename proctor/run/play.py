"""Play: a merged notebook becomes a job, and what came of it becomes its outputs."""

from nbformat.notebooknode import from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader import utils

from proctor.run.job import NOTEBOOK, Job

INSIDE = "in-student-kernel"  # tag of a test that needs the student's live objects

SHOW = "show-only"  # tag of a cell of the course's that need not run while a notebook is graded

UNCONFINED = (
    "Graded without isolation: nothing kept this code from the grader's own files and network."
)

NOTHING = "no file was handed in, so this test was not run"


def play(template, notebook, lessons, settings, extra, known):
    """Play a merged notebook and put the outputs into it.

    Returns what was `Played`, and problems: [cell, name, text] of what whoever grades is to know.

    lessons  the texts of the course's own cells
    extra    {relative path: bytes}: the files of the student's own
    known    {grade_id: fields of a job's cell}: what the source says of names; under `NOTEBOOK`
             what it says of all of it
    """
    lessons = set(lessons)
    cells = [
        {
            "role": role(cell, lessons),
            "source": cell.source,
            "points": float(cell.metadata.get("nbgrader", {}).get("points") or 0),
            **known.get(cell.metadata.get("nbgrader", {}).get("grade_id"), {}),
        }
        for cell in notebook.cells
    ]
    job = Job(cells, settings.seconds, settings.total, known.get(NOTEBOOK, {}))
    played = template.play(job, settings.policy(), extra)
    problems = []
    for number, (cell, result) in enumerate(zip(notebook.cells, played.results, strict=True), 1):
        if result["problem"]:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell {number}")
            problems.append([name, *result["problem"]])
        if cell.cell_type == "code":
            cell.outputs = [from_dict(output) for output in result["outputs"]]
            cell.execution_count = result["execution_count"]
    if played.unconfined:
        told = new_markdown_cell(f"**{UNCONFINED}**", id="not-isolated")
        if notebook.nbformat_minor < 5:  # cells had no ids
            del told["id"]
        notebook.cells.insert(0, told)
    return played, problems


def role(cell, lessons):
    """Where a cell of a merged notebook runs. Its metadata comes from the source.

    lessons  the texts of the course's own cells; an added cell that copies one is as good as it
    """
    if cell.cell_type != "code":
        return "text"
    tags = cell.metadata.get("tags", ())
    if utils.is_grade(cell) and not utils.is_solution(cell):
        return "inside" if INSIDE in tags else "test"
    if utils.is_locked(cell) or cell.source in lessons:
        return "shown" if SHOW in tags else "locked"
    return "student"


def give_nothing(notebook, what):
    """Put an error into every test: without an output, nbgrader would give it all its points."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            cell.outputs = [
                new_output("error", ename="NotRun", evalue=what, traceback=[f"NotRun: {what}"])
            ]
