"""nbgrader's feedback page, so that everybody can read it.

One line for any course: ``c.GenerateFeedback.exporter_class = "proctor.plugins.page.Page"``.
"""

import os
from html import escape
from pathlib import Path

from jinja2 import FileSystemLoader
from nbconvert.exporters import HTMLExporter
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SQLAlchemyError
from traitlets import default

from proctor.files import LIMIT, read
from proctor.plugins.feedback import hand_back
from proctor.plugins.resume import Unfinished, end_with_failure, keep_state
from proctor.plugins.sanitise import LARGEST
from proctor.wording import reason

# of a graded notebook that a page is made of: bytes, and outputs, each of which takes nbformat and
# nbconvert some time
_NOTEBOOK, _OUTPUTS = 2 * LIMIT, 20_000
_FAILED = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8" /><title>{name}</title></head>
<body><main><h1>{name}</h1>
<p>This page could not be made. Your work is graded, and your points are recorded: ask your
instructor for them, and say that the feedback of this notebook has to be made again.</p>
</main></body>
</html>
"""


class Page(HTMLExporter):
    """The page that nbgrader's template makes, with a language, landmarks and contrast.

    Its list of points names every question; in nbgrader's each is called "Test cell". A page that
    cannot be made is a small one that says so; the others are made, and the run ends as a failure.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.failed = []  # resources of pages that could not be made
        if isinstance(self.parent, GenerateFeedback):
            unfinished = Unfinished(self.parent, self.file_extension, outdated=True)
            end_with_failure(self.parent, unfinished.watch())
            hand_back(self.parent)
            self._end_with_failure()

    def from_filename(self, filename, resources=None, **kwargs):
        """Return the page of a notebook's file."""
        about = (resources or {}).get("nbgrader")
        if not (about and isinstance(self.parent, GenerateFeedback)):
            return super().from_filename(filename, resources, **kwargs)
        try:
            graded = read(filename, _NOTEBOOK) or b""
            if len(graded) > _NOTEBOOK or graded.count(b'"output_type"') > _OUTPUTS:
                most = f"{_NOTEBOOK / 1e6:g} MB or {_OUTPUTS} outputs"
                raise ValueError(f"it has more than {most}")
            page, resources = super().from_filename(filename, resources, **kwargs)
            if len(page) > 2 * LARGEST:
                raise ValueError(f"its page has {len(page) / 1e6:.0f} MB")
        except SQLAlchemyError:  # of the gradebook, for everybody
            raise
        except Exception as error:  # one page is one student's
            self.log.error("no page could be made of %s: %s", filename, reason(error))
            self.log.debug("%s", filename, exc_info=True)
            self.failed.append(about)
            page = _FAILED.format(name=escape(about["notebook"]))
            resources = self._init_resources(resources)
        return page, resources

    def _end_with_failure(self):
        """Let nbgrader's run fail in its end if a page could not be made; the next one tries again.

        What is older than its notebook, and of no known state, is made again (`Unfinished`).
        """
        convert = self.parent.convert_notebooks

        def convert_notebooks():
            try:
                convert()
            finally:
                for about in self.failed:
                    folder = self.parent._format_dest(about["assignment"], about["student"])
                    path = Path(folder, about["notebook"] + self.file_extension)
                    keep_state(folder, [path.name], None)
                    if path.exists():
                        os.utime(path, (0, 0))
            if self.failed:
                names = [f"{about['student']} ({about['notebook']})" for about in self.failed]
                told = f"no page, for the reason said above: {', '.join(names)}"
                self.log.error("%s", told)
                raise NbGraderException(told)

        self.parent.convert_notebooks = convert_notebooks

    @default("extra_loaders")
    def _beside_this_file(self):
        return [FileSystemLoader(Path(__file__).parent)]

    @default("template_file")
    def _template_file_default(self):
        return "page.html.j2"
