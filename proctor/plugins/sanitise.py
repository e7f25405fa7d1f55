"""Pages that show a student's work and run none of it: feedback, and Formgrader's.

nbconvert's ``HTMLExporter`` renders both, and takes a preprocessor and filters from nbgrader's
configuration. HTML is cleaned after Markdown is rendered: what is plain text before may be markup
after. The instructor's cells go through the same: a page's author cannot be told from its text.

Whatever parses a student's text does so aside, in a process with limits (`proctor.aside`): some
texts take a parser of HTML, Markdown or code time, memory or output beyond all bounds. A text that
takes too much is shown as it is written, and a page has a largest size.
"""

import json
import re
from html import escape

import nh3
from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML, ansi2html, strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from pygments.token import STANDARD_TYPES
from traitlets.config import Configurable

from proctor.aside import Aside, TooMuch
from proctor.plugins.maths import Formulas, without_marks

# What a page shows of a notebook: characters and elements in all. A browser, and what nbconvert
# does with the whole page, take time and memory for each of them.
LARGEST, ELEMENTS = 32_000_000, 100_000
# Of processor time: for one text, and for all texts of a page. Texts beyond are shown as written.
SECONDS, ALL_SECONDS = 1.0, 8.0
# What HTML may have more than the text that it is made of, and how deep it may be nested: the
# formatting that is open in a paragraph is opened again in each of those that follow.
_GROWTH, _DEPTH = 40, 100
_SHORT = 2_000  # characters that are always left for the telling
AS_TEXT = "[Shown as text: its HTML takes too much time or room.]"
FULL = "[Left out: this page is full. It is in the notebook.]"

# a picture that is in the page, or a file beside the notebook: never another host, a query or ".."
_PICTURE = re.compile(
    r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*"
    r"|(?!.*\.\.)[\w-][\w .()-]*(/[\w .()-]+)*\.(png|jpe?g|gif|webp|svg)",
    re.ASCII | re.IGNORECASE,
)
_IDS = "cell-"  # before ids of a notebook's text: the page's own scripts look up theirs by id


def _attribute(tag, name, value):
    if name == "src":
        return value if _PICTURE.fullmatch(value.replace("%20", " ")) else None
    if name == "href":
        if value.startswith("#"):
            return f"#{_IDS}{value[1:]}"
        return value if re.match(r"(https?|mailto):", value, re.IGNORECASE) else None
    return value


_cleaner = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS - {"area", "map"},
    attributes={
        "*": {"align", "dir", "id", "lang", "style", "title"},
        "a": {"href"},
        "details": {"open"},
        "img": {"alt", "height", "src", "width"},
        "ol": {"start"},
        "table": {"border"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan", "scope"},
    },
    attribute_filter=_attribute,
    url_schemes={"data", "http", "https", "mailto"},
    id_prefix=_IDS,
    # classes that rendered Markdown, Pygments and pandas write; the page's own are not for a cell
    allowed_classes={
        "a": {"anchor-link"},
        "div": {"highlight"},
        "span": set(STANDARD_TYPES.values()) - {""},
        "table": {"dataframe"},
    },
    filter_style_properties={
        "background-color",
        "color",
        "font-style",
        "font-weight",
        "max-width",
        "text-align",
        "text-decoration",
    },
)


def clean(html):
    """Return HTML without scripts, forms, frames, foreign pictures and the page's own names."""
    return _cleaner.clean(html)


def contained(html):
    """Put HTML into a box that it cannot leave.

    What is positioned in it, what TeX raises and a picture that is too wide end at its edges. What
    may be wider than the box can be scrolled by keyboard, too.
    """
    wide = any(mark in html for mark in ("<table", "<pre", 'display="block"'))
    focus = ' tabindex="0"' if wide else ""
    return f'<div style="contain: paint; overflow: auto"{focus}>{html}</div>'


# of the student, in Formgrader's page, whose template does not escape
_NAMES = {"student", "first_name", "last_name", "notebook_path"}


class Clean(Preprocessor):
    """Keep of outputs what a page can show without running it, and has room for."""

    def preprocess(self, nb, resources):
        """Return the notebook with its outputs cleaned and its raw cells as text."""
        for name in _NAMES & resources.keys():
            resources[name] = resources[name] and escape(resources[name])
        for cell in nb.cells:
            fits(resources, elements=FRAME)
            if cell.cell_type == "raw":
                cell.source = f"<pre>{escaped(resources, cell.source)}</pre>"
            if "outputs" in cell:
                cell.outputs = list(_with_room(resources, cell.outputs))
            for output in cell.get("outputs", ()):
                if "data" in output:
                    output.data = shown(resources, output.data)
                    output.metadata = measures(output.metadata)
        return nb, resources


FRAME = 10  # elements that a template puts around a cell or an output


def _with_room(resources, outputs):
    """The outputs for whose frames a page has room; the last one says if there are more."""
    for output in outputs:
        if not fits(resources, elements=FRAME):
            yield NotebookNode(output_type="stream", name="stdout", text=FULL)
            return
        yield output


def fits(resources, html="", elements=0):
    """Whether there is room on a page for HTML and elements; if there is, it is taken."""
    size = resources.get("size", 0) + len(html)
    elements += resources.get("elements", 0) + html.count("<")
    if size > LARGEST or elements > ELEMENTS:
        return False
    resources["size"], resources["elements"] = size, elements
    return True


def escaped(resources, text):
    """The HTML of a text as it is written, if the page has room for it."""
    html = escape(text)
    return html if fits(resources, html) else FULL


_SHOWN = (
    "text/html",
    "text/markdown",  # goes through the filter below
    "text/latex",
    "image/svg+xml",  # the template puts it into an <img>, where no script of it runs
    "image/png",
    "image/jpeg",
    "text/plain",  # the template escapes it
)


def shown(resources, data, maths=False):
    """Of an output's forms, {MIME type: content}, those that a page can show.

    maths  whether whoever asks draws formulas itself
    """
    kept = {mime: data[mime] for mime in _SHOWN if isinstance(data.get(mime), str)}
    if "text/html" in kept:
        html = drawn(resources, "html", kept["text/html"])
        if html is None and "text/plain" in kept:
            del kept["text/html"]
            kept["text/plain"] = f"{AS_TEXT}\n{kept['text/plain']}"
        else:
            html = html or f"<pre>{escaped(resources, kept['text/html'])}</pre>"
            kept["text/html"] = contained(html)
    elif "text/latex" in kept and not maths:
        html = drawn(resources, "text", kept["text/latex"])
        kept["text/html"] = contained(html or escaped(resources, kept["text/latex"]))
    for mime in kept:
        # as the template writes it: SVG in base64, the others' letters escaped
        if mime.startswith("image/") and not fits(resources, escape(kept[mime])):
            return {"text/plain": FULL}
    return kept or {"text/plain": f"[not shown on this page: {_names(data)}]"}


def _names(data):
    """The MIME types of an output, in a line."""
    line = ", ".join(data)
    return line if len(line) <= _SHORT else f"{line[:_SHORT]} …"


def measures(metadata):
    """Of an output's metadata, pictures' sizes and alternative texts.

    The template writes sizes without quotes, where any text would be further attributes.
    """
    kinds = {"alt": str, "width": (int, float), "height": (int, float)}
    return {
        mime: {
            name: about[name] for name, kind in kinds.items() if isinstance(about.get(name), kind)
        }
        for mime in ("image/png", "image/jpeg")
        if isinstance(about := metadata.get(mime), dict)
    }


@pass_context
class Markdown(Configurable):
    """The filter ``markdown2html``, with clean HTML."""

    def __call__(self, context, source):
        """Return the HTML of a text in Markdown."""
        page, resources = self.parent, context["resources"]
        about = {
            "attachments": context.get("cell", {}).get("attachments", {}),
            "embed_images": page.embed_images,
            "path": resources.get("metadata", {}).get("path", ""),
            "anchor_link_text": page.anchor_link_text,
            "exclude_anchor_links": page.exclude_anchor_links,
            **page.lexer_options,
        }
        html = drawn(resources, "markdown", source, about)
        if html is None:
            html = f'<p style="white-space: pre-wrap">{escaped(resources, source)}</p>'
        return contained(html)


@pass_context
class Code(Highlight2HTML):
    """The filter ``highlight_code``."""

    def __call__(self, context, source, language=None, metadata=None):
        """Return the HTML of a cell's code."""
        resources = context["resources"]
        about = {
            "language": language or self.pygments_lexer,
            "magics": (metadata or {}).get("magics_language"),
            "options": self.extra_formatter_options,
        }
        html = drawn(resources, "code", source, about)
        if html is None:
            html = escaped(resources, source)
            html = f'<div class="highlight"><pre>{html}</pre></div>'
        return html


@pass_context
def colours(context, text):
    """The filter ``ansi2html``; what takes too long is shown without its colours."""
    resources = context["resources"]
    html = drawn(resources, "colours", text) if "\x1b" in text else None
    return escaped(resources, strip_ansi(text)) if html is None else html


def as_written(html):
    """In place of the filter ``strip_files_prefix``, whose time is cubic; IPython 2 needed it."""
    return html


_MEMORY = 1 << 29
_aside = Aside(_MEMORY)


def draw_in_forks():
    """Let texts be drawn in forks of this process, which has one thread and has imported all."""
    global _aside
    _aside = Aside(_MEMORY, fork=True)


def drawn(resources, kind, text, about=None):
    """The HTML of a text, made aside; None if that takes too much or the page has no room for it.

    kind   of `_DRAWERS`
    about  keywords of its function
    """
    spent = resources.get("spent", 0.0)
    seconds = min(SECONDS, ALL_SECONDS - spent)
    if seconds <= 0 or len(text) > LARGEST:
        return None
    try:
        data = json.dumps([kind, text, about or {}]).encode()
        html, took = _aside.do("proctor.plugins.sanitise:draw", data, seconds, 6 * LARGEST)
        html = json.loads(html)
    except TooMuch:
        html, took = None, seconds + 1  # another process is to begin
    resources["spent"] = spent + took
    return html if html is not None and fits(resources, html) else None


def draw(data):
    """What is done aside: HTML of a text, in JSON both.

    ValueError: it grew too much.
    """
    kind, text, about = json.loads(data)
    html = str(_DRAWERS[kind](text, **about))
    pasted = len(json.dumps(about.get("attachments", "")))  # pictures, which the text only names
    if len(html) > _GROWTH * (len(text) + pasted) + 10_000 or _depth(html) > _DEPTH:
        raise ValueError
    return json.dumps(html).encode()


class _Drawn(IPythonRenderer):
    """Markdown as nbconvert's HTMLExporter renders it, with formulas that need no script."""

    def __init__(self, formulas, **about):
        super().__init__(escape=False, **about)
        self.formulas = formulas

    def block_math(self, body):
        return self.formulas.keep(body, display=True)

    def inline_math(self, body):
        return self.formulas.keep(body)

    def latex_environment(self, name, body):
        return self.formulas.keep(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


def _draw_markdown(text, **about):
    try:
        return _rendered(_Drawn, text, **about)
    except InvalidNotebook:  # a picture was pasted in, and no attachment is taken from students
        return _rendered(_Drawn, text.replace("attachment:", "removed:"), **about)


def _rendered(kind, text, **about):
    formulas = Formulas()
    html = MarkdownWithMath(renderer=kind(formulas, **about)).render(without_marks(text))
    return formulas.put_back(clean(html))


def _draw_code(text, language, magics, options):
    # Pygments tries every blank line's end again from every place in it
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    highlight = Highlight2HTML(extra_formatter_options=options)
    return highlight(text, language, {"magics_language": magics} if magics else None)


class _Text(_Drawn):
    """Markdown on a page of ours: headings are below the page's, code has no colours."""

    def __init__(self, formulas):
        super().__init__(formulas, exclude_anchor_links=True)

    def block_code(self, code, info=None):
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def heading(self, text, level, **attrs):
        level = min(6, level + _OWN_HEADINGS)
        return f"<h{level}>{text}</h{level}>\n"

    def _embed_image_or_attachment(self, src):
        return "" if src.startswith("attachment:") else src  # none is taken from students


_OWN_HEADINGS = 3  # levels of headings that a page has itself


def _draw_text(text):
    return _rendered(_Text, text)


_DRAWERS = {
    "html": clean,
    "markdown": _draw_markdown,
    "text": _draw_text,
    "code": _draw_code,
    "colours": ansi2html,
}
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
_EMPTY = {"area", "br", "col", "hr", "img", "input", "wbr"}


def _depth(html):
    """How deep the elements of clean HTML are nested."""
    depth = deepest = 0
    for end, name in _TAG.findall(html):
        if name not in _EMPTY:
            depth += -1 if end else 1
            deepest = max(deepest, depth)
    return deepest
