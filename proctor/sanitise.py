"""Pages that show a student's work and run none of it: feedback, and Formgrader's.

nbconvert's ``HTMLExporter`` renders both, and takes a preprocessor and filters from nbgrader's
configuration. HTML is cleaned after Markdown is rendered: what is plain text before may be markup
after. The instructor's cells go through the same: a page's author cannot be told from its text.
"""

import re
from html import escape

import nh3
from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML, ansi2html, strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook
from nbconvert.preprocessors import Preprocessor
from pygments.token import STANDARD_TYPES
from traitlets.config import Configurable

# A text above CELL, or beyond PAGE in all, is shown as it is written: some texts take Markdown's
# and Pygments' parsers time quadratic in their length, several seconds at 20,000 characters.
CELL, PAGE = 20_000, 400_000

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

    What is positioned in it, what TeX raises and a picture that is too wide end at its edges.
    """
    return f'<div style="contain: paint; overflow: auto">{html}</div>'


# of the student, in Formgrader's page, whose template does not escape
_NAMES = {"student", "first_name", "last_name", "notebook_path"}


class Clean(Preprocessor):
    """Keep of outputs what a page can show without running it."""

    def preprocess(self, nb, resources):
        """Return the notebook with its outputs cleaned and its raw cells as text."""
        for name in _NAMES & resources.keys():
            resources[name] = resources[name] and escape(resources[name])
        for cell in nb.cells:
            if cell.cell_type == "raw":
                cell.source = f"<pre>{escape(cell.source)}</pre>"
            for output in cell.get("outputs", ()):
                if "data" in output:
                    output.data = _shown(output.data)
                    output.metadata = _measures(output.metadata)
        return nb, resources


_SHOWN = (
    "text/html",
    "text/markdown",  # goes through the filter below
    "text/latex",
    "image/svg+xml",  # the template puts it into an <img>, where no script of it runs
    "image/png",
    "image/jpeg",
    "text/plain",  # the template escapes it
)


def _shown(data):
    """Of an output's forms, {MIME type: content}, those that a page can show."""
    kept = {mime: data[mime] for mime in _SHOWN if isinstance(data.get(mime), str)}
    if "text/html" in kept:
        kept["text/html"] = contained(clean(kept["text/html"]))
    elif "text/latex" in kept:
        kept["text/html"] = contained(escape(kept["text/latex"]))
    return kept or {"text/plain": f"[not shown on this page: {', '.join(data)}]"}


def _measures(metadata):
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
        if _too_long(context, source):
            return contained(f'<p style="white-space: pre-wrap">{escape(source)}</p>')
        try:
            html = self.parent.markdown2html(context, source)
        except InvalidNotebook:  # a picture was pasted in, and no attachment is taken from students
            html = self.parent.markdown2html(context, source.replace("attachment:", "removed:"))
        return contained(clean(html))


@pass_context
class Code(Highlight2HTML):
    """The filter ``highlight_code``, which a long text does not hold up."""

    def __call__(self, context, source, language=None, metadata=None):
        """Return the HTML of a cell's code."""
        if _too_long(context, source):
            return f'<div class="highlight"><pre>{escape(source)}</pre></div>'
        # Pygments tries every blank line's end again from every place in it
        source = "\n".join(line.rstrip() for line in source.split("\n"))
        return super().__call__(source, language, metadata)


def colours(text):
    """The filter ``ansi2html``; a long text is shown without its colours."""
    return ansi2html(text if len(text) <= CELL else strip_ansi(text))


def as_written(html):
    """In place of the filter ``strip_files_prefix``, whose time is cubic; IPython 2 needed it."""
    return html


def _too_long(context, source):
    """Whether a text is shown as it is written; counts it towards the page's.

    A picture within the text does not count: its letters are no one's markup.
    """
    length = len(re.sub(r"(data:image/[\w.+-]+;base64,)[A-Za-z0-9+/=]+", r"\1", source))
    resources = context["resources"]
    resources["rendered"] = resources.get("rendered", 0) + length
    return length > CELL or resources["rendered"] > PAGE
