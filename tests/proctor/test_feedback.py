"""What students and instructors see of a graded submission: feedback pages and Formgrader's."""

import base64
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.api import Gradebook

from proctor.plugins import maths, sanitise
from proctor.plugins.feedback import HideTests
from tests.conftest import nbgrader


def meta(name, **flags):
    given = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **given}}


def cell(name, source, **flags):
    return new_code_cell(textwrap.dedent(source).strip(), id=name, metadata=meta(name, **flags))


PIXEL = base64.b64encode(
    # a 1×1 PNG
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDAT"
    b"x\xdacd\xf8\xcfP\x0f\0\3\x86\1\x80Z4}k\0\0\0\0IEND\xaeB`\x82"
).decode()
CONFIG = """
import proctor

c = get_config()
proctor.configure(c)
c.Execute.preload = []
"""
STOCK = """
c = get_config()
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
"""


def source():
    """A task whose hidden test has much to let slip, a part without tests and an essay."""
    test = {"grade": True, "locked": True}
    cells = [
        new_markdown_cell(
            '# A course\n\n[To the essay](#The-essay)\n\n<img src="plan.png" alt="the plan">\n\n'
            "<details><summary>Hint</summary>look twice</details>",
            id="intro",
        ),
        cell("setup", "import numpy as np\nimport warnings", locked=True),
        cell(
            "mean",
            """
            def mean(x):
                ### BEGIN SOLUTION
                return x.mean()
                ### END SOLUTION
            """,
            solution=True,
        ),
        cell(
            "test_mean",
            """
            assert mean(np.array([1.0, 3.0])) == 2
            print("right " "on this example")
            ### BEGIN HIDDEN TESTS
            hidden_input = np.array([90210.0, 1.0])
            warnings.warn("let slip by a warning")
            print("let slip by a print", hidden_input)
            try:
                raise KeyError("let slip by a chain")
            except KeyError:
                assert mean(hidden_input) == 45105.5, "two numbers have a mean"
            hidden_input.size / 2
            ### END HIDDEN TESTS
            """,
            points=2,
            **test,
        ),
        cell("test_visible", 'print("nothing hidden here")', points=1, **test),
        new_markdown_cell("## The essay", id="heading"),
        new_markdown_cell(
            "=== BEGIN SOLUTION ===\nBecause.\n=== END SOLUTION ===",
            id="why",
            metadata=meta("why", grade=True, solution=True, points=4),
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


RUN = "window.pwned=1"  # what every hostile text tries
AWAY = "http://tracker.invalid/"
HOSTILE_HTML = f"""
<script>{RUN}</script><img src=x onerror="{RUN}"><svg onload="{RUN}"><script>{RUN}</script></svg>
<svg><style><img src=x onerror={RUN}></style></svg><math><mtext><table><mglyph><style><!--</style>
<img title="--&gt;&lt;img src=1 onerror={RUN}&gt;"></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>
<iframe srcdoc="<script>parent.{RUN}</script>"></iframe><iframe src="{AWAY}frame"></iframe>
<object data="{AWAY}object"></object><embed src="{AWAY}embed"><link rel=stylesheet href="{AWAY}css">
<meta http-equiv=refresh content="0;url={AWAY}meta"><base href="{AWAY}base/">
<form action="{AWAY}form"><input name=score autofocus onfocus="{RUN}"><button>Full credit</button>
</form><img src="{AWAY}pixel.png"><img src="//tracker.invalid/two.png"><img srcset="{AWAY}set 1x">
<img src="files//tracker.invalid/three.png"><img src="\\\\tracker.invalid\\four.png">
<img src="/logout?x.png"><img src="%2e%2e/%2e%2e/five.png">
<video poster="{AWAY}poster" src="{AWAY}video" onerror="{RUN}"></video><audio src="{AWAY}a"></audio>
<p style="background:url({AWAY}style);background-image:url({AWAY}b)">x</p>
<style>@import url({AWAY}import); .score {{ display: none }}</style>
<table background="{AWAY}table"><tr><td>x</td></tr></table>
<a href="javascript:{RUN}">click</a><a href="JaVa&#10;Script:{RUN}">click</a>
<a href="data:text/html,<script>{RUN}</script>">click</a><a href="evil.html">click</a>
<a href="vbscript:x" onclick="{RUN}">click</a><details open ontoggle="{RUN}">d</details>
<div style="position:fixed;top:0;left:0;width:100%;height:3000px;background:white;z-index:9999"
 class="navbar-fixed-top panel nbgrader_cell" id="why">Score: 10.0 / 10.0 (Top)</div>
<input class="score" id="test_mean"></div></div></div></div></body></html><p>Score: 9 / 9</p>
"""
HOSTILE_MARKDOWN = f"""
## why
[one](javascript:{RUN}) ![two](javascript:{RUN}) <javascript:{RUN}> [three](evil.html)
![four]({AWAY}four.png) ![five](x"onerror="{RUN}) [six]: javascript:{RUN}
[a]({AWAY} "x" onmouseover="{RUN}") [see][six] `<script>{RUN}</script>`
$\\smash{{\\raise900px{{\\text{{Score: 10 / 10}}}}}}$ $</p><script>{RUN}</script>$
{HOSTILE_HTML}
"""
# MIME bundles as a student's cell displays them, and their metadata
HOSTILE_OUTPUTS = [
    ({"text/html": HOSTILE_HTML}, {}),
    ({"text/html": "<script>parent.pwned=1</script>"}, {"text/html": {"isolated": True}}),
    ({"text/markdown": HOSTILE_MARKDOWN}, {}),
    ({"text/latex": f"$</p><script>{RUN}</script>$"}, {}),
    ({"text/plain": f"<script>{RUN}</script>\x1b[31;<img src=x onerror={RUN}>m"}, {}),
    ({"application/javascript": RUN, "text/plain": "a script was here"}, {}),
    (
        {"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg"><script>{RUN}</script></svg>'},
        {},
    ),
    ({"image/svg+xml": f'"><script>{RUN}</script>'}, {}),
    ({"image/png": f'"><script>{RUN}</script>'}, {}),
    ({"image/png": PIXEL}, {"image/png": {"width": f"1 onload={RUN}"}}),
    ({"image/png": PIXEL}, {"filenames": {"image/png": f"{AWAY}named.png"}}),
    ({"image/jpeg": PIXEL}, {"width": f"1 onload={RUN} onerror={RUN}"}),
    ({"application/vnd.jupyter.widget-view+json": {"model_id": f"</script><script>{RUN}"}}, {}),
    ({"application/vnd.jupyter.widget-view+json": [1]}, {}),
    ({"application/vnd.plotly.v1+json": {"x": f"</script><script>{RUN}</script>"}}, {}),
    ({"text/vnd.mermaid": f"graph TD; a[<img src=x onerror={RUN}>]"}, {}),
    ({"application/pdf": "JVBERi0="}, {}),
    ({f"x/<script>{RUN}</script>": "odd"}, {}),
]
HOSTILE_CODE = f"""
from IPython.display import display
for data, metadata in {HOSTILE_OUTPUTS!r}:
    display(data, metadata=metadata, raw=True)
print({HOSTILE_HTML!r})
raise type("<script>{RUN}</script>", (Exception,), {{}})("<script>{RUN}</script>")
"""
HARVEST = """
def mean(x):
    print("printed", x)
    raise ValueError("my own words " + "x" * 5000)
"""
HONEST = f"""
The **mean** is $\\frac{{1}}{{n}}\\sum_i x_i$, as in

| n | mean |
|---|---|
| 2 | $x$ |

```python
mean(x)  # a comment
```
![my sketch](data:image/png;base64,{"A" * 100_000}{PIXEL}) ![mine](drawn.png)
![pasted](attachment:pasted.png)
[a page](https://example.org/page) and 2 < 3 & 4.
"""
HONEST_CODE = f"""
from IPython.display import HTML, Markdown, display
display(HTML('<table border="1" class="dataframe"><tr><th>k</th></tr><tr><td>7</td></tr></table>'))
display({{"text/html": '<img alt="the course figure" width="30" style="max-width: 100%"'
         ' src="data:image/png;base64,{PIXEL}">', "text/plain": "[figure]"}}, raw=True)
display({{"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'}}, raw=True)
display({{"image/png": {PIXEL!r}}}, metadata={{"image/png": {{"width": 40}}}}, raw=True)
display(Markdown("*a caption*"))
print("\\x1b[31mred\\x1b[0m")
"""


def answered(book, essay, code, mean):
    for one in book.cells:
        if one.id == "why":
            one.source = essay
        if one.id == "mean":
            one.source = mean
    book.cells.insert(2, new_code_cell(code, id="added-code"))
    book.cells += [new_markdown_cell(essay, id="added"), new_raw_cell(essay, id="raw")]
    return book


RIGHT = "def mean(x):\n    return x.mean()"
STUDENTS = {
    "hostile-pages": (HOSTILE_MARKDOWN, HOSTILE_CODE, HARVEST),
    "honest-pages": (HONEST, HONEST_CODE, RIGHT),
    "wrong-on-hidden-only": ("Because.", "1", "def mean(x):\n    return 2.0"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded course with its feedback."""
    root = tmp_path_factory.mktemp("pages") / "course"
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True)
    nbformat.write(source(), folder / "p1.ipynb")
    (folder / "plan.png").write_bytes(base64.b64decode(PIXEL))
    (root / "nbgrader_config.py").write_text(CONFIG)
    nbgrader(root, "generate_assignment", "ps1")
    for student, answers in STUDENTS.items():
        folder = root / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        released = nbformat.read(root / "release" / "ps1" / "p1.ipynb", as_version=4)
        nbformat.write(answered(released, *answers), folder / "p1.ipynb")
        (folder / "drawn.png").write_bytes(base64.b64decode(PIXEL))
        (folder / "evil.html").write_text(f"<script>{RUN}</script>")
    nbgrader(root, "autograde", "ps1")
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        gradebook.find_grade("why", "p1", "ps1", "wrong-on-hidden-only").manual_score = 0
        gradebook.db.commit()
    nbgrader(root, "generate_feedback", "ps1")
    return root


@pytest.fixture(scope="module")
def formgrader(course, tmp_path_factory):
    """Formgrader on loopback: ``url(student)`` is the address of a submission's page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path_factory.mktemp("home"))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
            *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=told"),
        ],
        cwd=course,
        env={**os.environ, "HOME": home, "JUPYTER_CONFIG_DIR": home, "JUPYTER_DATA_DIR": home},
        stdout=(course.parent / "server.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    start = f"http://127.0.0.1:{port}"

    def url(student):
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            number = gradebook.find_submission_notebook("p1", "ps1", student).id
        return f"{start}/formgrader/submissions/{number}/?token=told"

    for _ in range(900):
        try:
            urllib.request.urlopen(f"{start}/api", timeout=5)
            break
        except OSError:
            assert server.poll() is None, (course.parent / "server.log").read_text()
            time.sleep(0.1)
    yield SimpleNamespace(url=url, start=start)
    server.terminate()
    server.wait(20)


@pytest.fixture(params=["feedback", "formgrader"])
def page(request, course):
    """A page of one kind, by student: its text."""
    if request.param == "feedback":
        return lambda student: feedback(course, student)
    server = request.getfixturevalue("formgrader")
    return lambda student: urllib.request.urlopen(server.url(student)).read().decode()


def feedback(course, student):
    return (course / "feedback" / student / "ps1" / "p1.html").read_text(encoding="utf-8")


def text_of(page):
    return BeautifulSoup(page, "html.parser").get_text()


def notebook_of(page):
    found = BeautifulSoup(page, "html.parser")
    # in Formgrader, nbgrader's template nests nbconvert's body in its own
    return [*found.select("main"), *found.select("#notebook-container")][-1]


OF_FORMGRADER = {"input", "textarea", "button", "style"}  # for scores, comments, its looks


def is_feedback(page):
    return "default-src 'none'" in page


# --- What a student controls ----------------------------------------------------------------------


def test_nothing_of_a_hostile_submission_is_markup_of_the_page(page):
    text = page("hostile-pages")
    shown = notebook_of(text)
    # of Formgrader, for scores and comments, and of feedback
    mine = {"math", *maths._TAGS, *(["section"] if is_feedback(text) else OF_FORMGRADER)}
    for tag in shown.find_all(True):
        assert tag.name in sanitise.nh3.ALLOWED_TAGS | mine, tag
        for name, value in tag.attrs.items():
            assert not name.startswith("on"), tag
            assert name not in ("srcset", "srcdoc", "action", "formaction", "background"), tag
            if name == "src":
                assert re.match(
                    r"data:image/|$" if is_feedback(text) else r"data:image/|\w+\.png$", value
                ), tag
            if name == "href":  # a link is only a link
                own = r"#|http://tracker.invalid/$|\.\./\.\./p1\.ipynb#"
                assert re.match(own, value), tag
            if name == "style":
                assert "url" not in value, tag
                assert "position" not in value, tag
    blocks = {one.get("id") for one in shown.select("section")} or shown.select(".nbgrader_cell")
    assert len(blocks) == (3 if is_feedback(text) else 4)  # not one more than there are
    assert shown.select_one("p:-soup-contains('Score: 9 / 9')")  # still inside the notebook


def test_a_page_s_own_names_stay_its_own(page):
    every = BeautifulSoup(page("hostile-pages"), "html.parser")
    ids = [tag["id"] for tag in every.find_all(id=True)]
    assert len([name for name in ids if name == "why"]) <= 1
    assert all(tag.name == "input" for tag in every.find_all(id=["why", "test_mean"]))
    anchors = [tag["name"] for tag in every.find_all(attrs={"name": "why"})]
    assert len(anchors) <= 1


def test_what_an_honest_student_shows_is_still_there(page):
    text = page("honest-pages")
    shown, own = notebook_of(text), is_feedback(text)
    assert shown.select_one('img[alt="the course figure"]')["src"].endswith(PIXEL)
    assert shown.select_one('img[alt="my sketch"]')["src"].endswith(PIXEL)
    mine = f"data:image/png;base64,{PIXEL}" if own else "drawn.png"
    assert shown.select_one('img[alt="mine"]')["src"] == mine
    assert not shown.select_one('img[alt="pasted"]').get("src")
    assert "![mine](drawn.png)" in shown.select_one("pre:-soup-contains('The **mean**')").text
    assert shown.select_one('img[width="40"]')["src"].endswith(PIXEL)
    assert shown.select_one('img[src^="data:image/svg+xml;base64,"]')
    assert shown.select_one("table.dataframe td").text == "7"
    assert "a caption" in [one.text for one in shown.select("em")]
    assert "# a comment" in shown.text
    assert "red" in shown.text
    assert shown.select_one('a[href="https://example.org/page"]')["rel"]
    assert "2 < 3 & 4." in shown.text


def test_feedback_has_formulas_that_a_browser_draws_without_a_script(course):
    shown = notebook_of(feedback(course, "honest-pages"))
    assert shown.select_one("math mfrac")
    assert shown.select_one("td math mi").text == "x"


def test_formgrader_shows_what_the_course_does_too(course, formgrader):
    text = urllib.request.urlopen(formgrader.url("honest-pages")).read().decode()
    shown = notebook_of(text)
    assert shown.select_one('img[alt="the plan"]')["src"] == "plan.png"
    assert shown.select_one("details summary").text == "Hint"
    assert "# a comment" in [one.text for one in shown.select(".highlight .c1")]
    assert shown.select_one(".ansi-red-fg").text == "red"
    assert shown.select_one("math mfrac")
    assert "cdnjs" not in text
    assert shown.select_one("#cell-why .scheme").text.split("scheme")[1].split() == ["Because."]
    assert not shown.select(".scheme")[1:]
    assert shown.select_one(".waiting a")["href"] == "#cell-why"
    target = shown.select_one("a:-soup-contains('To the essay')")["href"].removeprefix("#")
    assert "The essay" in shown.find(id=target).text


def test_what_tex_raises_ends_at_the_edge_of_its_box(page):
    text = page("hostile-pages")
    every = BeautifulSoup(text, "html.parser")
    found = every.find_all(string=re.compile("raise900"))
    found = [one for one in every.find_all("math") if "Score" in one.text]
    written = [one for one in found if not one.find_parent(["pre", "code"])]
    assert len(written) == 3  # an answer, a cell, an output
    for one in written:
        assert one.find_parent(style="contain: paint; overflow: auto")


def test_what_a_page_cannot_show_is_named(page):
    text = text_of(page("hostile-pages"))
    assert "[not shown on this page: application/vnd.plotly.v1+json]" in text
    assert "a script was here" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["\\begin{a}" * 9_000, "[a](files/" * 9_000, "a.b" * 30_000, "\n    " * 20_000],
    ids=["environments", "links", "names", "blank-lines"],
)
def test_a_long_text_does_not_hold_up_a_page(course, text):
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    book = new_notebook(cells=[new_markdown_cell(text) for _ in range(3)])
    escape = "\x1b[1;31m" * 60_000
    printed = [new_output("stream", name="stdout", text=escape), new_output("display_data")]
    book.cells += [new_code_cell(text, outputs=printed)]
    begin = time.process_time()
    page, _ = HTMLExporter(config=config).from_notebook_node(book)
    assert time.process_time() - begin < 10  # 1 s on an idle machine; unbounded, minutes
    assert html.escape(text.strip()[:1000]) in page


# --- In a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    """Chromium; its requests never leave the machine."""
    sync = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


POKE = """() => {
    for (const element of document.querySelectorAll("#notebook-container *, main *")) {
        for (const kind of ["mouseover", "focus", "toggle", "load", "error"])
            element.dispatchEvent(new Event(kind));
        if (element.matches("a") && !/^(https?:|file:)/.test(element.protocol)) element.click();
    }
}"""


def visited(browser, url, poke=True):
    """Open a page, poke every element; return what it did and the open page."""
    login = {"Authorization": "token told"}
    page = browser.new_context(extra_http_headers=login).new_page()
    asked = []

    def route(route):
        asked.append(route.request.url)
        own = url.startswith("file:") or route.request.url.startswith(url.split("/form")[0])
        if own and not route.request.url.startswith("http://tracker"):
            return route.continue_()
        return route.abort()

    page.route("**/*", route)
    ran = []
    page.expose_function("ran", lambda: ran.append(url))
    page.add_init_script("Object.defineProperty(window, 'pwned', { set() { top.ran(); } });")
    page.goto(url)
    if poke:
        page.evaluate(POKE)
    page.wait_for_timeout(300)
    hosts = {re.match(r"\w+:/*([^/:]*)", one)[1] for one in asked if re.match("http|ws", one)}
    return SimpleNamespace(page=page, ran=bool(ran), hosts=hosts - {"127.0.0.1"})


def address(course, student):
    return (course / "feedback" / student / "ps1" / "p1.html").as_uri()


def test_in_a_browser_nothing_runs_and_nothing_is_fetched(browser, course, formgrader):
    for url in (address(course, "hostile-pages"), formgrader.url("hostile-pages")):
        found = visited(browser, url)
        assert not found.ran, url
        assert found.hosts == set(), url
        assert found.page.url.split("?")[0] == url.split("?")[0]


@pytest.mark.slow
def test_the_same_submission_does_both_on_a_stock_page(browser, course, tmp_path):
    stock = tmp_path / "course"
    leave = shutil.ignore_patterns("feedback")
    shutil.copytree(course, stock, ignore=leave)
    (stock / "nbgrader_config.py").write_text(STOCK)
    # nbconvert itself stops at the widgets without a model and the picture pasted in
    path = stock / "autograded" / "hostile-pages" / "ps1" / "p1.ipynb"
    book = nbformat.read(path, as_version=4)
    for one in book.cells:
        if "outputs" in one:
            one.outputs = [o for o in one.outputs if "widget" not in str(o.get("data", ""))]
    nbformat.write(book, path)
    nbgrader(stock, "generate_feedback", "ps1", "--student=hostile-pages")
    found = visited(
        browser, address(stock, "hostile-pages"), poke=False
    )  # it refreshes itself away
    assert found.ran
    assert found.hosts - {"cdnjs.cloudflare.com"} == {"tracker.invalid"}  # MathJax is stock's


def test_a_score_box_is_neither_covered_nor_taken_over(browser, formgrader):
    page = visited(browser, formgrader.url("hostile-pages")).page
    for name in ("why", "test_mean"):
        box = page.locator(f"input.score[id={name}]")
        box.scroll_into_view_if_needed()
        assert box.evaluate(
            """box => { const at = box.getBoundingClientRect();
            return document.elementFromPoint(at.x + 5, at.y + 5) === box; }"""
        )
    # what Formgrader knows of the submission arrives in its own box
    page.wait_for_function(
        "document.querySelector('#test_mean').placeholder === '0'", timeout=10_000
    )


# --- What a hidden test says ----------------------------------------------------------------------


def test_a_hidden_test_shows_neither_its_lines_nor_what_is_printed_while_it_runs(course):
    for student in STUDENTS:
        text = text_of(feedback(course, student))
        for secret in (
            "hidden_input",
            "90210",
            "let slip",
            "warnings.warn",
            "printed [9",
            "HIDDEN",
        ):
            assert secret not in text, student
    graded = course / "autograded" / "wrong-on-hidden-only" / "ps1" / "p1.ipynb"
    for kept in ("hidden_input", "let slip by a print", "let slip by a warning"):
        assert kept in graded.read_text()  # the instructor's copy is whole


def test_it_says_its_message(course):
    text = text_of(feedback(course, "wrong-on-hidden-only"))
    assert "AssertionError: two numbers have a mean" in text
    assert "right on this example" not in text  # it failed on another
    assert "nothing hidden here" in text


def test_partial_credit_is_in_the_score(course):
    text = text_of(feedback(course, "honest-pages"))
    assert "Your answer" in text
    assert re.search(r"right on this example|1 of 2", text)


def test_an_answer_that_waits_for_a_person_is_said_to(course):
    text = text_of(feedback(course, "honest-pages"))
    assert "The essay waits to be read: 4 points to come." in text
    assert "waits" not in text_of(feedback(course, "wrong-on-hidden-only")), "it was read"


def test_a_student_s_own_error_is_shown_and_its_message_is_bounded(course):
    text = text_of(feedback(course, "hostile-pages"))
    assert "my own words" in text
    assert "x" * 1_900 in text
    assert "x" * 2_001 not in text
    assert "In[" in text


def hidden(source, *outputs, **metadata):
    test = new_code_cell(source, metadata={**meta("test_a", grade=True, locked=True), **metadata})
    test.outputs = list(outputs)
    book, _ = HideTests().preprocess(new_notebook(cells=[test]), {})
    return book.cells[0]


def test_a_hidden_region_that_is_never_closed_hides_the_rest():
    assert hidden("a = 1\n### BEGIN HIDDEN TESTS\nb = 2").source == "a = 1"


def test_a_syntax_error_in_a_hidden_test_does_not_quote_its_line():
    broken = new_output(
        "error",
        ename="SyntaxError",
        evalue="'(' was never closed (1.py, line 2)",
        traceback=["  Cell In[1], line 2\n    assert f(7\n            ^\n", "SyntaxError: …"],
    )
    shown = hidden("### BEGIN HIDDEN TESTS\nassert f(7\n### END HIDDEN TESTS", broken)
    assert shown.outputs[0].traceback == ["SyntaxError: '(' was never closed (1.py, line 2)"]


def test_a_test_inside_the_student_s_kernel_speaks_by_its_message_alone():
    picture = new_output("display_data", data={"text/plain": "drawn by a student's function"})
    body = "### BEGIN HIDDEN TESTS\nf(7)\n### END HIDDEN TESTS"
    assert hidden(body, picture).outputs == [picture]
    assert hidden(body, picture, tags=["in-student-kernel"]).outputs == []


def test_its_delimiters_are_those_of_nbgrader():
    from traitlets.config import Config

    config = Config(ClearHiddenTests={"begin_test_delimeter": "HIDE", "end_test_delimeter": "SHOW"})
    assert HideTests(config=config)._visible("a\n# HIDE\nb\n# SHOW\nc") == "a\nc"


def test_what_the_page_sets_for_all_preprocessors_is_no_warning(caplog):
    HideTests(config=HTMLExporter().default_config)
    assert "not recognized" not in caplog.text


@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_picture_that_was_pasted_into_a_text_is_shown(size):
    picture = base64.b64encode(base64.b64decode(PIXEL) + b"\0" * size).decode()
    about = {
        "attachments": {"photo.png": {"image/png": picture}},
        **{"embed_images": False, "path": "", "anchor_link_text": "¶"},
    }
    text = "My sketch: ![a window](attachment:photo.png) <script>alert(1)</script>"
    made = json.loads(sanitise.draw(json.dumps(["markdown", text, about]).encode()))
    shown = BeautifulSoup(made, "html.parser").img
    assert (shown["src"], shown["alt"]) == (f"data:image/png;base64,{picture}", "a window")
    assert "<script" not in made
