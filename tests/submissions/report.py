"""The table at the end: a line for each student, as ``proctor report`` prints it."""

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from proctor.report import text
from proctor.report.gather import gather, task_of


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


def classroom(course, assignment="maxpool"):
    """What ``proctor report`` reads of a graded course folder."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return gather(gradebook, CourseDirectory(root=str(course)), assignment)


def table(course, assignment="maxpool"):
    """Return the lines of a graded course folder's students as text."""
    return "\n".join(text.students(classroom(course, assignment)))
