"""Text and pictures that are programs for the browser of whoever reads the feedback."""

from nbformat.v4 import new_markdown_cell

from ..attack import ALL, NONE, family, notebook, own, right

add = family("Scripts in feedback")

SCRIPT = "<script>mark('@NAME@')</script><img src=x onerror=\"mark('@NAME@')\">"
LINK = "<a href=\"javascript:mark('@NAME@')\">see</a>"

add(
    "displays-a-script",
    "HTML with a script, an event and a link that is one.",
    own(
        f"from IPython.display import HTML, display\ndisplay(HTML({(SCRIPT + LINK)!r}))", answers={}
    ),
    ALL,
)
add(
    "displays-javascript",
    "Scripts by other types: JavaScript, SVG, a widget's state, LaTeX.",
    own(
        f"""
    from IPython.display import display
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload=\\"mark('@NAME@')\\">{SCRIPT}</svg>"
    for kind, text in {{
        "application/javascript": "mark('@NAME@')",
        "image/svg+xml": svg,
        "text/markdown": {SCRIPT!r},
        "text/latex": "$</script>" + {SCRIPT!r} + "$",
        "application/vnd.jupyter.widget-view+json": {SCRIPT!r},
        "image/png": "x' onerror='mark(1)' alt='@NAME@",
    }}.items():
        display({{kind: text, "text/plain": "x"}}, raw=True)
    """,
        answers={},
    ),
    ALL,
)
add(
    "writes-a-script-into-text",
    "A text cell and an answer in prose, with HTML in them.",
    notebook(
        lambda book: book.cells.insert(2, new_markdown_cell(f"{SCRIPT}\n\n{LINK}")),
        {"why": f"Because. {SCRIPT} {LINK}"},
    ),
    ALL,
)
add(
    "raises-a-script",
    "An error's name, message and line are HTML.",
    right(
        middle=f"""
    def middle(values):
        raise type("E<script>mark('@NAME@')</script>", (Exception,), {{}})({SCRIPT!r})
    """
    ),
    ALL | {"test_middle": 0.0},
)
add(
    "prints-a-script",
    "Printed text, with the codes by which a terminal shows colours and links.",
    own(f"print({SCRIPT!r}, '\\x1b[31m', '\\x1b]8;;javascript:mark()\\x07', {LINK!r})", answers={}),
    ALL,
)
add(
    "breaks-out-of-the-page",
    "The ends of the page's own elements, in text, in a comment and in a source.",
    notebook(
        lambda book: book.cells.insert(
            2, new_markdown_cell(f"</div></body></script></style>--><!-- {SCRIPT}")
        ),
        {
            "why": "x",
            "middle": f"# </pre></div>{SCRIPT}\n" + "def middle(values): return sorted(values)[1]",
        },
    ),
    ALL,
)
add(
    "markdown-that-takes-for-ever",
    "Deep quotations and brackets, for which a reader of Markdown takes long.",
    notebook(
        lambda book: book.cells.insert(
            2, new_markdown_cell("> " * 3000 + "x\n\n" + "[" * 20_000 + "\n\n" + "*a " * 5000)
        ),
        None,
    ),
    NONE,
)
