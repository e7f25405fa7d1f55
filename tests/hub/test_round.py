"""One assignment from release to feedback, by the buttons that people press on a JupyterHub."""

import csv
import datetime
import io
import json
import re

from tests import notebooks
from tests.hub.conftest import OWNER
from tests.submissions import classroom

RIGHT, WRONG = "student-1", "student-2"
# solves in its own notebook, in the browser: columns before rows
MISTAKE = """\
def window(k, l, kernel_size, stride):
    (kH, kW), (sH, sW) = spec.pair(kernel_size), spec.pair(stride)
    return np.array([(l * sW + v, k * sH + u) for u in range(kH) for v in range(kW)])
"""
# answers of {chapter: {task: source}} into the notebooks in ~/maxpool
SOLVE = """\
import json, nbformat, sys
for chapter, answers in json.load(sys.stdin).items():
    notebook = nbformat.read(f"maxpool/{chapter}.ipynb", as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    nbformat.write(notebook, f"maxpool/{chapter}.ipynb")
"""


def answers(**changes):
    """All answers, the derivation too, but for those that are changed."""
    made = classroom.changed(changes)
    made["2-jacobian"]["derivation"] = classroom.DERIVATION
    return json.dumps(made)


def lab(page):
    """Wait for JupyterLab."""
    page.wait_for_url("**/lab**")
    page.locator("#jp-top-panel").wait_for()
    page.wait_for_load_state("networkidle")
    return page


def menu(page, entry):
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Nbgrader$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).click()


def formgrader(page):
    """Open Formgrader in a tab of its own, as a person would."""
    menu(page, "Formgrader")
    with page.expect_popup() as opened:
        page.frame_locator("#formgrader-iframe iframe").locator("#open").click()
    grader = opened.value
    grader.locator("table tbody tr", has_text="maxpool").wait_for()
    return grader


def column(grader, title):
    """The number of a column of Formgrader's table, from its title."""
    heads = [" ".join(text.split()) for text in grader.locator("thead th").all_inner_texts()]
    return heads.index(title)


def press(grader, row, title):
    """Press a button in Formgrader's table, and return what it says then."""
    line = grader.locator("tbody tr", has_text=row)
    line.locator("td").nth(column(grader, title)).locator("a").click()
    dialog = grader.locator(".modal.in")
    dialog.wait_for(timeout=180_000)
    said = dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    dialog.wait_for(state="detached")
    line.locator("td").nth(1).wait_for()
    return said


def due(grader, when):
    """Set the date at which the assignment is due."""
    grader.goto(grader.url.split("/formgrader")[0] + "/formgrader/manage_assignments")
    line = grader.locator("tbody tr", has_text="maxpool")
    line.locator(".glyphicon-pencil").click()
    dialog = grader.locator(".modal.in")
    dialog.locator(".modal-duedate").fill(when.strftime("%Y-%m-%dT%H:%M"))
    dialog.locator(".modal-timezone").fill("+0000")
    dialog.locator("button.save").click()
    dialog.wait_for(state="detached")
    grader.locator("tbody tr", has_text=when.strftime("%Y-%m-%d %H:%M")).wait_for()


def assignments(page):
    menu(page, "Assignment List")
    page.locator("#released_assignments_list").wait_for()


def press_for_student(page, label, becomes):
    """Press a button of the list of assignments, until another is there."""
    page.locator(".assignment-list-content button, .list_item button").filter(
        has_text=re.compile(f"^{label}$")
    ).first.click()
    page.locator(".list_item button", has_text=re.compile(f"^{becomes}$")).first.wait_for()


def scores(hub):
    """{student: row} of what nbgrader exports."""
    hub.run(OWNER, "nbgrader", "export", cwd=f"/home/{OWNER}/course")
    text = hub.run(OWNER, "cat", f"/home/{OWNER}/course/grades.csv").stdout
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_round(hub, log_in, shoot):
    # the instructor: generate, release
    teacher = lab(log_in(OWNER))
    grader = formgrader(teacher)
    shoot(teacher, "button")
    now = datetime.datetime.now(datetime.UTC)
    due(grader, now + datetime.timedelta(days=1))
    assert "Successfully created the student version" in press(grader, "maxpool", "Generate")
    assert "Successfully released" in press(grader, "maxpool", "Release")
    shoot(grader, "released")

    # the students: fetch, solve, validate, submit
    right, wrong = lab(log_in(RIGHT)), lab(log_in(WRONG))
    for page in (right, wrong):
        assignments(page)
        press_for_student(page, "Fetch", "Submit")
    shoot(right, "fetched")
    hub.run(RIGHT, "python", "-c", SOLVE, input=answers())
    hub.run(WRONG, "python", "-c", SOLVE, input=answers())
