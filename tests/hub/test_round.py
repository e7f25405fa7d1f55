"""One assignment from release to feedback, by the buttons that people press on a JupyterHub."""

import csv
import datetime
import io
import json
import re

import pytest

from tests import notebooks
from tests.hub.conftest import OWNER
from tests.submissions import classroom

pytestmark = [pytest.mark.slow, pytest.mark.takes(350)]  # a hub is started

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


LATE = """
c.AssignLatePenalties.plugin_class = "proctor.plugins.late.PerDay"
"""


def right_answer(task):
    return notebooks.answers("1-windows")[task]


def lab(page):
    """Wait for JupyterLab."""
    page.wait_for_url("**/lab**")
    page.locator("#jp-top-panel").wait_for()
    page.wait_for_load_state("networkidle")
    return page


def menu(page, entry):
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Nbgrader$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).click()


def formgrader(page, listed=False):
    """Open Formgrader in a tab, as a person would: by the menu or the list of courses."""
    if listed:
        menu(page, "Course List")
        page.locator("#formgrader_list .list_item a", has_text="max-pooling").click()
    else:
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
    grader.locator("thead th", has_text=re.compile(title.replace(" ", r"\s+"))).first.wait_for()
    line.locator("td").nth(1).wait_for()
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


def open_notebook(page, name="1-windows"):
    """Open a notebook of the assignment in JupyterLab; wait for its kernel."""
    page.goto(page.url.split("/lab")[0] + f"/lab/tree/maxpool/{name}.ipynb?reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()
    page.wait_for_load_state("networkidle")
    return page


def type_answer(page, beginning, source):
    """Put an answer in the place of what stands in a cell, and save."""
    cell = page.locator(".jp-CodeCell", has_text=beginning).first
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
    ) as saved:
        page.keyboard.press("Control+s")
    assert saved.value.ok


def validate(page):
    """Press nbgrader's button; return what the dialog says."""
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    said = dialog.inner_text()
    dialog.locator("button").last.click()
    dialog.wait_for(state="detached")
    return said


def submit(page):
    """Hand in, from the list of assignments."""
    page.goto(page.url.split("/lab")[0] + "/lab?reset")
    lab(page)
    assignments(page)
    before = page.locator("#submitted_assignments_list .nested_list_item").count()
    page.locator(".list_item button", has_text=re.compile("^Submit$")).first.click()
    page.locator("#submitted_assignments_list .nested_list_item").nth(before).wait_for()


def assignments_of(grader):
    grader.goto(grader.url.split("/formgrader")[0] + "/formgrader/manage_assignments")
    grader.locator("tbody tr", has_text="maxpool").wait_for()
    return grader


def manage_submissions(grader):
    grader.goto(grader.url.split("/formgrader")[0] + "/formgrader/manage_submissions/maxpool")
    grader.locator("tbody tr", has_text=RIGHT).wait_for()


def mark(grader, student, points, comment, shoot):
    """Give a derivation points, and a comment."""
    base = grader.url.split("/formgrader")[0]
    grader.goto(f"{base}/formgrader/manage_students/{student}/maxpool")
    grader.get_by_role("link", name="2-jacobian").click()
    # filled in by scripts of the page's: what is typed before that is lost
    grader.locator("input.extra-credit[placeholder]").first.wait_for()
    grader.locator("textarea#derivation-comment[placeholder]").wait_for()
    score = grader.locator("input#derivation")
    score.scroll_into_view_if_needed()
    score.fill(str(points))
    with grader.expect_response(lambda answer: "/api/grade/" in answer.url):
        score.press("Tab")
    words = grader.locator("textarea#derivation-comment")
    words.fill(comment)
    with grader.expect_response(lambda answer: "/api/comment/" in answer.url):
        words.press("Tab")
    shoot(grader, f"marked-{student}")


def feedback(grader):
    """Write the class's feedback and release it."""
    assignments_of(grader)
    assert "Successfully generated feedback" in press(grader, "maxpool", "Generate Feedback")
    assert "Successfully released feedback" in press(grader, "maxpool", "Release Feedback")


def read_feedback(page, student, hub, chapter="1-windows"):
    """Fetch feedback by the button; return the text of a page of it, as its student reads it."""
    page.goto(page.url.split("/lab")[0] + "/lab?reset")
    lab(page)
    assignments(page)
    page.locator(".list_item button", has_text="Fetch Feedback").first.click()
    page.locator("a", has_text="(view feedback)").first.wait_for()
    (path,) = hub.run(
        student, "find", "maxpool/feedback", "-name", f"{chapter}.html"
    ).stdout.splitlines()
    return hub.run(student, "cat", path).stdout


def scores(hub):
    """{student: row} of what nbgrader exports."""
    hub.run(OWNER, "nbgrader", "export", cwd=f"/home/{OWNER}/course")
    text = hub.run(OWNER, "cat", f"/home/{OWNER}/course/grades.csv").stdout
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_round(hub, log_in, shoot):
    # the instructor: generate, release; settings are read when the server is started
    hub.run(OWNER, "tee", "-a", "course/nbgrader_config.py", input=LATE)
    teacher = lab(log_in(OWNER))
    formgrader(teacher, listed=True).close()
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
    for student in (RIGHT, WRONG):
        hub.run(student, "python", "-c", SOLVE, input=answers())
    notebook = open_notebook(wrong)
    type_answer(notebook, "def window(", MISTAKE)
    assert "Likely cause: Your pairs put the column before the row." in validate(notebook)
    shoot(notebook, "validated")
    assert "Success! Your notebook passes all the tests." in validate(open_notebook(right))
    for page in (right, wrong):
        submit(page)

    # the instructor: due yesterday; collect, autograde
    due(grader, now - datetime.timedelta(hours=25))
    assert "Successfully collected" in press(grader, "maxpool", "Collect")
    grader.locator("tbody tr", has_text="maxpool").get_by_role("link", name="2", exact=True).click()
    grader.wait_for_url("**/manage_submissions/maxpool")
    for student in (RIGHT, WRONG):
        assert "Successfully autograded" in press(grader, student, "Autograde")
    shoot(grader, "autograded")

    # one has an extension; both derivations are marked by hand
    more = ("proctor", "extend", "maxpool", WRONG, "--days=3")
    assert "Graded 1 submission" in hub.run(OWNER, *more, cwd=f"/home/{OWNER}/course").stdout
    for student in (RIGHT, WRONG):
        mark(
            grader, student, points=4, comment="Why does it remain the winner nearby?", shoot=shoot
        )
    manage_submissions(grader)
    for student in (RIGHT, WRONG):  # so that lateness counts for what was marked by hand
        press(grader, student, "Autograde")
    total = float(scores(hub)[RIGHT]["max_score"])
    first = scores(hub)
    reached = total - 1  # of the derivation's five points, four
    assert float(first[RIGHT]["raw_score"]) == reached
    assert float(first[RIGHT]["late_submission_penalty"]) == pytest.approx(reached * 0.2)
    assert float(first[WRONG]["late_submission_penalty"]) == 0
    assert 0 < float(first[WRONG]["score"]) < reached

    # feedback goes out and comes in
    feedback(grader)
    page = read_feedback(wrong, WRONG, hub)
    assert "Your pairs put the column before the row." in page
    shoot(wrong, "feedback")
    assert "Why does it remain the winner nearby?" in read_feedback(right, RIGHT, hub, "2-jacobian")

    # one mends it and hands in again, and is graded anew
    notebook = open_notebook(wrong)
    type_answer(notebook, "def window(", right_answer("window"))
    assert "Success!" in validate(notebook)
    submit(wrong)
    assert "Successfully collected" in press(assignments_of(grader), "maxpool", "Collect")
    manage_submissions(grader)
    press(grader, WRONG, "Autograde")
    again = scores(hub)
    assert float(again[WRONG]["raw_score"]) == reached  # the mark by hand is still there
    assert again[RIGHT] == first[RIGHT]
