"""nbgrader's feedback page, so that everybody can read it.

One line for any course: ``c.GenerateFeedback.exporter_class = "proctor.templates.Page"``.
"""

from pathlib import Path

from jinja2 import FileSystemLoader
from nbconvert.exporters import HTMLExporter
from nbgrader.converters import GenerateFeedback
from traitlets import default

from ..unfinished import Unfinished, end_with_failure


class Page(HTMLExporter):
    """The page that nbgrader's template makes, with a language, landmarks and contrast.

    Its list of points names every question; in nbgrader's each is called "Test cell".
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if isinstance(self.parent, GenerateFeedback):
            unfinished = Unfinished(self.parent, self.file_extension, outdated=True)
            end_with_failure(self.parent, unfinished.watch())

    @default("extra_loaders")
    def _beside_this_file(self):
        return [FileSystemLoader(Path(__file__).parent)]

    @default("template_file")
    def _template_file_default(self):
        return "page.html.j2"
