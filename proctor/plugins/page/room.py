"""Room: draws what a student or a test wrote on one page, within that page's bounds.

Everything comes out as clean HTML (`proctor.plugins.sanitise`), and pictures as data: such a page
needs no file and no server.
"""

import base64
import mimetypes
import os
import re
from html import unescape
from urllib.parse import unquote

from markupsafe import Markup, escape
from nbconvert.filters import strip_ansi

from proctor.files import read
from proctor.plugins import sanitise

_PICTURE = 5_000_000  # bytes of a picture that lies beside a notebook
# nh3 writes attributes in double quotes, and a quote in one as an entity
_SRC = re.compile(r'(<img (?:"[^"]*"|[^">])*?src=)"(?!data:)([^"]*)"')


class Room:
    """Draws texts and outputs for one page.

    folder  of the graded notebook, where pictures lie that a text shows
    """

    def __init__(self, folder):
        self.folder, self.resources = folder, {}

    def fits(self, elements=sanitise.FRAME):
        """Whether there is room for a cell's or an output's frame."""
        return sanitise.fits(self.resources, elements=elements)

    def plain(self, text):
        """A text as it is written."""
        return Markup(sanitise.escaped(self.resources, text))

    def code(self, text):
        """A program, or what one printed; colours are left out."""
        return Markup(f"<pre>{self.plain(strip_ansi(text))}</pre>")

    def words(self, text):
        """A sentence in which `…` is code, as in messages and headings."""
        html = sanitise.escaped(self.resources, text)
        return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html))

    def markdown(self, text):
        """A text in Markdown, with its formulas as MathML."""
        html = sanitise.drawn(self.resources, "text", text)
        if html is None:
            return Markup(f'<p class="written">{self.plain(text)}</p>')
        return Markup(sanitise.contained(self._with_pictures(html)))

    def cell(self, cell):
        """A cell's text: code as it is, Markdown rendered."""
        if not self.fits():
            return escape(sanitise.FULL)
        return (
            self.markdown(cell.source) if cell.cell_type == "markdown" else self.code(cell.source)
        )

    def outputs(self, outputs):
        """Each of a cell's outputs, as far as there is room."""
        for output in outputs:
            if not self.fits():
                yield escape(sanitise.FULL)
                return
            yield self._output(output)

    def _output(self, output):
        if output.output_type == "stream":
            return self.code(output.text)
        if output.output_type == "error":
            return self.code("\n".join(output.traceback))
        data = sanitise.shown(self.resources, output.get("data", {}), maths=True)
        about = sanitise.measures(output.get("metadata", {}))
        if "text/html" in data:
            return Markup(self._with_pictures(data["text/html"]))
        for kind in ("text/markdown", "text/latex"):
            if kind in data:
                return self.markdown(data[kind])
        for kind in ("image/svg+xml", "image/png", "image/jpeg"):
            if kind in data:
                return _image(kind, data[kind], about.get(kind, {}))
        return self.code(data.get("text/plain", ""))

    def _with_pictures(self, html):
        """Clean HTML in which pictures that lie beside the notebook are in the page."""
        return _SRC.sub(lambda found: f'{found[1]}"{self._picture(found[2])}"', html)

    def _picture(self, name):
        name = unquote(unescape(name))
        data = read(os.path.join(self.folder, name), _PICTURE) if self._is_inside(name) else None
        if data is None or len(data) > _PICTURE:
            return ""
        kind = mimetypes.guess_type(name)[0]
        url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        return url if sanitise.fits(self.resources, url) else ""

    def _is_inside(self, name):
        """Whether a file's name, which may pass through links, is one in the notebook's folder."""
        folder = os.path.realpath(self.folder)
        return os.path.realpath(os.path.join(folder, name)).startswith(folder + os.sep)


def _image(kind, content, about):
    if kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    content = re.sub(r"[^A-Za-z0-9+/=]", "", content)
    sizes = Markup("").join(
        Markup(' {}="{}"').format(name, about[name])
        for name in ("width", "height")
        if name in about
    )
    alt = about.get("alt", "A picture that the code drew")
    return Markup('<img src="data:{};base64,{}" alt="{}"{}>').format(kind, content, alt, sizes)
