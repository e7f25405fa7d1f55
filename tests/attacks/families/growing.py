"""What is small when it is handed in and grows without end where it is read or shown."""

import json

from nbformat.v4 import new_markdown_cell

from ..attack import ALL, NONE, family, files, notebook, own, raw

add = family("What grows")

_BOLD = "'<p>' + ''.join(f'<b id={n}>' for n in range(4000)) + '</p>' + '<p>x' * 6000"


def shows(html):
    """Right answers, and a cell that displays what an expression gives as HTML."""
    source = f"from IPython.display import HTML, Markdown, display\n{html}"
    return own(source, answers={})


def writes(text):
    """Right answers, and a text cell."""
    return notebook(lambda book: book.cells.insert(2, new_markdown_cell(text)))


def holds(change):
    """Right answers in a notebook whose JSON ``change`` changes."""

    def data(book):
        book = json.loads(json.dumps(book))
        change(book)
        return json.dumps(book).encode()

    return raw(data)


# HTML that multiplies: what is open in a paragraph is opened again in the next
add(
    "displays-html-that-multiplies",
    "4,000 open <b>, each opened again in each of 6,000 paragraphs: 80 KB make 500 MB.",
    shows(f"display(HTML({_BOLD}))"),
    ALL,
)
add(
    "displays-html-that-multiplies-in-links",
    "The same with other formatting, and often.",
    shows("for _ in range(30): display(HTML('<p>' + '<a href=#x><i><font>' * 900 + '<p>x' * 999))"),
    ALL,
)
add(
    "displays-tables-in-tables",
    "Elements nested 20,000 deep.",
    shows("display(HTML('<table><tr><td>' * 20000), HTML('<div>' * 200000))"),
    ALL,
)
add(
    "displays-markdown-that-multiplies",
    "HTML in Markdown, and an address that every mention repeats.",
    shows(
        f"display(Markdown({_BOLD}))\n"
        "display(Markdown('[a]: http://x/' + 'y' * 20000 + '\\n\\n' + '[a] ' * 9000))"
    ),
    ALL,
)
_CELL = "<p>" + "".join(f"<b id={n}>" for n in range(900)) + "</p>" + "<p>x" * 1_900
add(
    "writes-html-that-multiplies",
    "A text cell of 20,000 characters that takes two minutes and makes 29 MB.",
    writes(_CELL),
    ALL,
)
add(
    "writes-html-that-multiplies-in-many-cells",
    "The same in 60 cells.",
    notebook(lambda book: book.cells.extend(new_markdown_cell(_CELL) for _ in range(60))),
    ALL,
)
add(
    "answers-with-html-that-multiplies",
    "The same as an answer in prose.",
    notebook(lambda book: None, {"why": _CELL}),
    ALL,
)

# Markdown, code and colours that take more than linear time
for _name, _text in {
    "brackets": "[" * 90_000,
    "stars": "*a **b _c " * 20_000,
    "quotes": "> " * 60_000 + "x",
    "lists": "\n".join("  " * n + "- x" for n in range(900)),
    "environments": "\\begin{a}" * 50_000,
    "backticks": "".join("`" * n + " " for n in range(500)),
    "references": "".join(f"[x]: {n}\n" for n in range(30_000)) + "[x]" * 9_000,
}.items():
    add(f"writes-{_name}-without-end", "Markdown that takes its reader long.", writes(_text), ALL)
add(
    "writes-code-without-end",
    "Code that its colouring takes long for.",
    own("x = '''" + "\\\\n\n    " * 40_000 + "'''\n" + "# " + "f{" * 9_000, answers={}),
    ALL,
)
add(
    "prints-colours-without-end",
    "A change of colour for each of 150,000 places.",
    own("print('\\x1b[1;31m' * 90_000, '\\x1b[' + '0;' * 50_000)", answers={}),
    ALL,
)

# Notebooks below 50 MB of which a reader makes a hundred times as much
_EMPTY = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "", "execution_count": None}
add(
    "has-half-a-million-cells",
    "40 MB of empty cells.",
    holds(lambda book: book["cells"].extend([_EMPTY] * 400_000)),
    ALL,
)
add(
    "has-ten-million-things-for-cells",
    "20 MB of cells that are none.",
    holds(lambda book: book["cells"].extend([{}] * 5_000_000)),
    ALL,
)
add(
    "has-a-million-outputs",
    "An output for every 60 bytes.",
    holds(
        lambda book: book["cells"].append(
            _EMPTY | {"outputs": [{"output_type": "stream", "name": "x", "text": "x"}] * 600_000}
        )
    ),
    ALL,
)
add(
    "has-a-million-keys",
    "Metadata of three million names.",
    holds(lambda book: book["metadata"].update((str(n), 0) for n in range(3_000_000))),
    ALL,
)
add(
    "has-a-million-grading-marks",
    "The same where a grader looks.",
    holds(
        lambda book: book["cells"].append(
            _EMPTY | {"metadata": {"nbgrader": {str(n): {} for n in range(2_000_000)}}}
        )
    ),
    ALL,
)
add("is-a-million-deep", "Brackets in brackets.", raw(b'{"cells": ' + b"[" * 40_000_000), NONE)
add(
    "is-damaged-and-large",
    "A lost end makes a reader look at each of ten million words.",
    raw(b'{"cells": [' + b'{"a": 1, "b": [2]}, ' * 2_000_000),
    NONE,
)
add(
    "conflicts-with-itself-for-ever",
    "A million merge conflicts.",
    raw(b"<<<<<<< a\n=======\n>>>>>>> b\n" * 1_400_000),
    NONE,
)

# Files that a browser runs, beside a page that its reader trusts
_PAGE = "<html xmlns='http://www.w3.org/1999/xhtml'><script>mark('@NAME@')</script></html>"
for _name, _names in {
    "pages": ("a.html", "a.HTM", "a.xhtml", "a.xht", "a.shtml", "a.phtml", "a.mhtml", "page"),
    "pictures-that-are-pages": ("a.svg", "a.svgz", "a.html.png", "a.svg.gz", "a.xml", "a.xsl"),
    "scripts": ("a.js", "a.mjs", "a.hta", "p1.js", ".htaccess", "a.html.", "a.html ", "a.css"),
    "folders-that-are-pages": ("p1.html/a.png", "p1.htm/a.txt", "data/a.xht"),
}.items():
    add(
        f"hands-in-{_name}",
        f"Files that a browser runs: {', '.join(_names)}.",
        files(dict.fromkeys(_names, _PAGE)),
        ALL,
    )
add(
    "makes-pages",
    "The same files, made by the student's code while it is graded.",
    own(
        """
        import os
        for name in ("a.html", "a.xht", "a.svgz", "a.js", "a.mhtml", "page", "a.html.txt", "a.xml"):
            with open(name, "w") as file:
                file.write("<script>mark('@NAME@')</script>")
        """,
        answers={},
    ),
    ALL,
)
