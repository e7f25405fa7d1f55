"""The class of example submissions: each student is named after what the submission shows."""

import shutil
from pathlib import Path

import nbformat

from oracle.misconceptions import known
from tests import notebooks
from tests.submissions import right as right_styles

DERIVATION = """\
Let $(i^*, j^*)$ be the place of the largest value in $\\Omega(k, l)$. Then $f_{kl}(x) = x_{i^*j^*}$
as long as the values are distinct and the change is small, so the derivative is 1 for
$(i, j) = (i^*, j^*)$ and 0 for every other pixel.
"""


def right():
    """Every task answered as in the solutions."""
    return {c: notebooks.answers(c) for c in notebooks.CHAPTERS}


def submissions(misconceptions):
    """Return {student: {chapter: {task: source}}}; a task that is left out stays blank."""
    layer = {task: right_styles.LOOPS[task] for task in ("maxpool_forward", "maxpool_backward")}
    first = notebooks.CHAPTERS[0]
    students = {
        "all-right": right(),
        "blank": {chapter: {} for chapter in notebooks.CHAPTERS},
        "only-the-first-chapter": {first: notebooks.answers(first)},
        "loops-where-arrays-belong": changed(layer),
        "a-cell-that-crashes": changed(
            {"maxpool_forward": "def maxpool_forward(x, kernel_size:\n"}
        ),
    }
    return students | {m.name: changed(m.sources) for m in misconceptions}


def changed(sources):
    """The right answers with these tasks' sources in their place."""
    return {
        chapter: {task: sources.get(task, source) for task, source in answers.items()}
        for chapter, answers in right().items()
    }


def bundles(misconceptions):
    """Spread misconceptions over few students: each task wrong at most once, no two that touch.

    Returns lists of misconceptions. Two of one bundle have no task and no lost check in common, so
    what the bundle loses is what its members lose.
    """
    found = []
    for one in misconceptions:
        for bundle in found:
            tasks = {task for other in bundle for task in other.functions}
            lost = frozenset().union(*(other.loses for other in bundle))
            alone = {"windows", "maxpool_forward", "maxpool_backward"}  # built on one another
            layer = bool(one.functions.keys() & alone) and bool(tasks & alone)
            if not layer and not tasks & one.functions.keys() and not lost & one.loses:
                bundle.append(one)
                break
        else:
            found.append([one])
    return found


def one_of_each_kind():
    """The first misconception of each kind."""
    return {m.kind: m for m in reversed(known())}.values()


def hand_in(students, release, submitted):
    """Write each student's notebooks, made from the released ones, as nbgrader collects them.

    release    the folder that was released
    submitted  the course's ``submitted`` folder
    """
    for student, chapters in students.items():
        folder = Path(submitted) / student / Path(release).name
        shutil.copytree(release, folder, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
        for chapter, answers in chapters.items():
            notebook = nbformat.read(Path(release) / f"{chapter}.ipynb", as_version=4)
            for cell in notebook.cells:
                meta = cell.metadata.get("nbgrader", {})
                if not meta.get("solution"):
                    continue
                if cell.cell_type == "markdown":
                    cell.source = DERIVATION if answers else cell.source
                elif meta.grade_id in answers:
                    cell.source = answers[meta.grade_id]
            nbformat.write(notebook, folder / f"{chapter}.ipynb")
