"""The table at the end: who, points for each task, the hint."""

import re
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

CAUSE = re.compile(r"Likely cause: (.+(?:\n    .+)*)")  # a line, and those indented deeper


def scores(gradebook, assignment):
    """Return (tasks, rows): tasks {task: points}; rows {student: {task: score or None}}.

    A test cell ``test_<task>_<property>`` counts for its task. None: that notebook is missing.
    """
    tasks, rows = {}, {}
    graded = gradebook.find_assignment(assignment)
    for notebook in sorted(graded.notebooks, key=lambda n: n.name):
        answers = [c.name for c in notebook.solution_cells]
        for cell in notebook.grade_cells:
            task = task_of(cell.name, answers)
            tasks[task] = tasks.get(task, 0) + cell.max_score
    for submission in sorted(
        gradebook.assignment_submissions(assignment), key=lambda s: s.student.id
    ):
        row = rows.setdefault(submission.student.id, dict.fromkeys(tasks))
        for notebook in submission.notebooks:
            answers = [c.name for c in notebook.notebook.solution_cells]
            for grade in notebook.grades:
                task = task_of(grade.name, answers)
                row[task] = (row[task] or 0) + (grade.score or 0)
    return tasks, rows


def task_of(cell, answers):
    """The task that a graded cell belongs to: the longest answer's name in its own."""
    name = cell.removeprefix("test_")
    return max((a for a in answers if name == a or name.startswith(f"{a}_")), key=len, default=name)


def hints(autograded):
    """Return the likely causes that a submission's tests name, the most frequent first."""
    found = []
    for path in sorted(Path(autograded).glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    found += [" ".join(cause.split()) for cause in CAUSE.findall(output.evalue)]
    return sorted(dict.fromkeys(found), key=lambda hint: -found.count(hint))


def table(course, assignment="maxpool"):
    """Return the table of a graded course folder as text."""
    course = Path(course)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        tasks, rows = scores(gradebook, assignment)
    heads = [abbreviate(task) for task in tasks]
    lines = [" " * 36 + "".join(f"{head:>7}" for head in heads) + "   total"]
    lines.append(
        " " * 36
        + "".join(f"{points:7g}" for points in tasks.values())
        + f"{sum(tasks.values()):8g}"
    )
    for student, row in rows.items():
        cells = "".join("      –" if score is None else f"{score:7g}" for score in row.values())
        lines.append(f"{student:36.36}{cells}{sum(s or 0 for s in row.values()):8g}")
        for hint in hints(course / "autograded" / student / assignment)[:1]:
            lines.append(f"    ↳ {hint}")
    return "\n".join(lines)


def abbreviate(task):
    """A task's name in six letters: ``maxpool_backward`` becomes ``backwa``."""
    return (task.split("_")[-1] if task.startswith("maxpool") else task.replace("_", " "))[
        :6
    ].strip()
