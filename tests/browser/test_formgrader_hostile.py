"""Every page of Formgrader, of a class whose every name and file is a program for a browser."""

import base64
import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

import nbformat
import pytest

from tests.browser.conftest import address
from tests.conftest import nbgrader
from tests.proctor.test_feedback import (
    CONFIG,
    HARVEST,
    HOSTILE_CODE,
    HOSTILE_MARKDOWN,
    PIXEL,
    RUN,
    answered,
    source,
)

MARKUP = f"<img src=x onerror={RUN}>"
# {the name under which a student was graded: the id that a gradebook may have from earlier days}
IDS = {
    "markup": MARKUP,
    "attribute": f'" onmouseover="{RUN}" autofocus onfocus="{RUN}" x="',
    "string": f'";{RUN};"',
    "quote": f"';{RUN};'",
    "escaped": f"&lt;img src=x onerror={RUN}&gt;",
    "backslash": "\\",
    "template": "{{ 7 * 7 }}<%= 7 * 7 %>${7 * 7}",
    "honest": "o'neil@uni.example",
}
NAMES = [f"</script><script>{RUN}</script>", f'"><svg onload="{RUN}">', MARKUP]
FILES = {
    **dict.fromkeys(("evil.html", "evil.htm", "evil.shtml", "evil.txt"), f"<script>{RUN}</script>"),
    "evil.js": RUN,
    **dict.fromkeys(
        ("evil.svg", "evil.xml", "evil.xhtml", "evil.xht"),
        f'<svg xmlns="http://www.w3.org/2000/svg"><script>{RUN}</script></svg>',
    ),
    f"<img src=x onerror={RUN}>.html": f"<script>{RUN}</script>",
    "no-ending": f"<html><script>{RUN}</script></html>",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course graded by proctor; then the students are given the names of ``IDS``."""
    root = tmp_path_factory.mktemp("hostile") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    nbformat.write(source(), root / "source" / "ps1" / "p1.ipynb")
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbgrader(root, "generate_assignment", "ps1")
    for student in IDS:
        folder = root / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        released = nbformat.read(root / "release" / "ps1" / "p1.ipynb", as_version=4)
        nbformat.write(
            answered(released, HOSTILE_MARKDOWN, HOSTILE_CODE, HARVEST), folder / "p1.ipynb"
        )
        (folder / "drawn.png").write_bytes(base64.b64decode(PIXEL))
    nbgrader(root, "autograde", "ps1")
    with sqlite3.connect(root / "gradebook.db") as book:  # nbgrader's own way in refuses these
        for number, (student, name) in enumerate(IDS.items()):
            names = [NAMES[(number + k) % len(NAMES)] for k in range(3)]
            book.execute(
                "UPDATE student SET id=?, first_name=?, last_name=?, email=? WHERE id=?",
                (name, *(names if number % 2 else (None, None, names[2])), student),
            )
            book.execute(
                "UPDATE submitted_assignment SET student_id=? WHERE student_id=?", (name, student)
            )
        book.execute("UPDATE comment SET auto_comment=?, manual_comment=?", (MARKUP, MARKUP))
    book.close()
    for step in ("submitted", "autograded"):
        for student, name in IDS.items():
            (root / step / student).rename(root / step / name)
    for name, text in FILES.items():
        for student in IDS.values():
            (root / "autograded" / student / "ps1" / name).write_text(text)
    (root / "submitted" / f"{MARKUP} not graded" / "ps1").mkdir(parents=True)
    (root / "submitted" / "new\nline" / "ps1").mkdir(parents=True)
    return root


def served(root, home):
    """Formgrader on a course: its address, and what to end."""
    own = {f"JUPYTER_{what}_DIR": str(home / what.lower()) for what in ("CONFIG", "DATA")}
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
                *("--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=told"),
            ],
            cwd=root,
            env={**os.environ, **own, "JUPYTER_RUNTIME_DIR": str(home / "runtime")},
            stdout=log,
            stderr=log,
        )
    return server, address(server, home, seconds=300).split("lab/")[0]


@pytest.fixture(scope="module")
def formgrader(course, tmp_path_factory):
    """The address of a Formgrader on the hostile course."""
    server, url = served(course, tmp_path_factory.mktemp("home"))
    yield url
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def stock(course, tmp_path_factory):
    """The same course, without proctor's line."""
    root = tmp_path_factory.mktemp("stock") / "course"
    shutil.copytree(course, root)
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    server, url = served(root, tmp_path_factory.mktemp("home"))
    yield url
    server.terminate()
    server.wait(20)


def fetch(url, **how):
    headers = {"Authorization": "token told", **how.pop("headers", {})}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers, **how))


def pages(start):
    """The address of every page and every answer of Formgrader's, by what it shows."""
    api, here = f"{start}formgrader/api", f"{start}formgrader"
    submitted = json.loads(fetch(f"{api}/submitted_notebooks/ps1/p1").read())
    numbers = [one["id"] for one in submitted]
    found = [
        *(f"{here}/manage_assignments", f"{here}/manage_students", f"{here}/gradebook"),
        *(f"{here}/manage_submissions/ps1", f"{here}/gradebook/ps1", f"{here}/gradebook/ps1/p1"),
        *(f"{api}/assignments", f"{api}/students", f"{api}/notebooks/ps1"),
        *(f"{api}/submissions/ps1", f"{api}/submitted_notebooks/ps1/p1"),
        f"{here}/no-such-page/{quote(MARKUP, safe='')}",
    ]
    for name in IDS.values():
        student = quote(name, safe="")
        found += [
            f"{here}/manage_students/{student}",
            f"{here}/manage_students/{student}/ps1",
            f"{here}/manage_submissions/{student}",
            f"{here}/gradebook/{student}/{student}",
        ]
    student = quote(MARKUP, safe="")
    found += [
        f"{api}/student/{student}",
        f"{api}/student_submissions/{student}",
        f"{api}/student_notebook_submissions/{student}/ps1",
        f"{api}/submission/ps1/{student}",
    ]
    for number in numbers:
        found += [f"{here}/submissions/{number}/", f"{api}/comments?submission_id={number}"]
    for name in FILES:
        found.append(f"{here}/submissions/{numbers[0]}/{quote(name)}")
    return found


TRY = """() => {
    for (const element of document.querySelectorAll("body *")) {
        for (const kind of ["mouseover", "focus", "toggle", "load", "error"])
            element.dispatchEvent(new Event(kind));
        if (element.matches("a") && !/^https?:/.test(element.protocol)) element.click();
        if (/eye|toggle_names/.test(element.className + element.id)) element.click();
    }
}"""
# elements that only a student's text can have made, outside of what the sanitiser lets through
MADE = """() => [...document.querySelectorAll(
    "[onerror],[onload],[onmouseover],[onfocus],[ontoggle],iframe,object,embed,base,meta[http-equiv]"
)].map(e => e.outerHTML).concat(
    [...document.scripts].filter(s => /pwned/.test(s.text) && !/^\\s*var /.test(s.text))
        .map(s => s.outerHTML))"""


ABREAST = 6  # pages that are open at once: half a second each, the browser waits for nothing more


def walk(chromium, start):
    """Open every page as a browser does; return [(page, what happened)] of what must not."""
    context = chromium.new_context(extra_http_headers={"Authorization": "token told"})
    happened, asked = [], {}

    def say(page, what):
        happened.append((asked.get(page, "another page"), what))

    context.expose_binding("ran", lambda source: say(source["page"], "a script ran"))
    context.add_init_script(
        "Object.defineProperty(window, 'pwned', { set() { top.ran(); } });"
        "for (const f of ['alert', 'confirm', 'prompt']) window[f] = () => top.ran();"
    )

    def refuse(route):
        page = None
        with contextlib.suppress(Exception):  # of a window that opens there is no frame yet
            page = route.request.frame.page
        say(page, f"asked for {route.request.url}")
        route.abort()

    context.route(re.compile(f"^(?!{re.escape(start)}|data:|blob:)"), refuse)
    context.on("dialog", lambda dialog: (say(dialog.page, "a dialog"), dialog.dismiss()))
    todo = pages(start)
    while todo:
        opened = {context.new_page(): url for url in todo[:ABREAST]}
        del todo[:ABREAST]
        asked |= opened
        for page, url in [*opened.items()]:
            try:
                page.goto(url, wait_until="load")
            except Exception as error:  # a file that is saved, an answer without a page
                if not re.search("Download is starting|HTTP_RESPONSE_CODE_FAILURE", str(error)):
                    raise
                page.close()
                del opened[page]
        for page in opened:
            page.wait_for_load_state("networkidle")
            page.evaluate(TRY)
        for page, url in opened.items():
            page.wait_for_timeout(50)
            assert page.url.split("?")[0].rstrip("/") == url.split("?")[0].rstrip("/")
            if "/api/" not in url and not re.search(r"/submissions/\w+/.", url):
                happened += [(url, made) for made in page.evaluate(MADE)]
            page.close()
    context.close()
    return happened


@pytest.mark.slow
def test_no_page_of_formgrader_runs_what_a_student_controls(chromium, formgrader):
    assert walk(chromium, formgrader) == []


def test_without_escaping_the_pages_rules_still_let_nothing_run(chromium, formgrader, page):
    """The second layer by itself: markup that came into a page after all."""
    page.context.set_extra_http_headers({"Authorization": "token told"})
    page.goto(f"{formgrader}formgrader/manage_students")
    page.locator("td.id", has_text=IDS["honest"]).wait_for()
    page.evaluate(
        f"""() => {{ document.body.innerHTML += '{MARKUP}<a id=x href="javascript:{RUN}">x</a>';
        const own = document.createElement('script'); own.text = '{RUN}';
        document.body.append(own); document.querySelector('#x').click(); }}"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None


@pytest.mark.slow
def test_the_same_class_takes_over_a_stock_formgrader(chromium, stock):
    context = chromium.new_context(extra_http_headers={"Authorization": "token told"})
    page = context.new_page()
    page.goto(f"{stock}formgrader/manage_students/{quote(MARKUP, safe='')}")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") == 1
    context.close()


@pytest.mark.slow  # that its scripts list the students, a quick test sees, too
def test_formgrader_does_its_work(formgrader, page):
    page.context.set_extra_http_headers({"Authorization": "token told"})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if "Content Security" in m.text else None)
    honest = IDS["honest"]
    page.goto(f"{formgrader}formgrader/manage_students")
    page.locator("td.id", has_text=honest).wait_for()
    page.get_by_text("Add new student").click()
    page.locator("#add-student-modal").get_by_text("Add New Student").wait_for()
    page.goto(f"{formgrader}formgrader/manage_students/{quote(honest)}")
    page.locator("td.name a", has_text="ps1").click()  # its script was told the id unaltered
    page.locator("td.name a", has_text="p1").click()
    page.locator("#why").wait_for()
    page.locator(".live-notebook .glyphicon-eye-open").click()  # a handler of the template's
    assert page.locator("a.name-shown").is_visible()
    assert page.locator("a.name-shown").text_content().strip() in (
        honest,
        f"{NAMES[(7 + 1) % 3]}, {NAMES[7 % 3]}",
    )
    assert not wrong


def test_a_student_s_id_is_refused_by_formgrader_s_own_form(formgrader, course):
    for name in (MARKUP, "=1+1", "a`b"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(
                f"{formgrader}formgrader/api/student/{quote(name, safe='')}",
                data=b"{}",
                method="PUT",
            )
        assert refused.value.code == 400, name
    fetch(f"{formgrader}formgrader/api/student/new%40uni.example", data=b"{}", method="PUT")
    with sqlite3.connect(course / "gradebook.db") as book:
        ids = {name for (name,) in book.execute("SELECT id FROM student")}
    assert ids == {*IDS.values(), "new@uni.example"}


def test_the_policy_is_new_for_each_page_and_beside_the_server_s_own(formgrader):
    found = [
        fetch(f"{formgrader}formgrader/gradebook").headers.get_all("Content-Security-Policy")
        for _ in range(2)
    ]
    assert all("frame-ancestors 'self'" in both[0] for both in found)
    first, second = (re.search(r"'nonce-([\w-]{40,})'", both[1])[1] for both in found)
    assert first != second
