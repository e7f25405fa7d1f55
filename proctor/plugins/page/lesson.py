"""Lesson: what pages know of an assignment's source: its headings, and which cells are its own."""

import glob
import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from proctor.files import read
from proctor.merge.source import norm

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")


@dataclass
class Chapter:
    """One notebook of the source.

    title  its first heading of the first level, or its name
    heads  its headings, as they are written
    ids    of its cells
    texts  of its cells
    """

    title: str
    heads: list = field(default_factory=list)
    ids: set = field(default_factory=set)
    texts: set = field(default_factory=set)

    def owns(self, cell):
        """Whether a cell is the course's, and not one that a student added."""
        named = cell.metadata.get("nbgrader", {}).get("grade_id")
        return bool(named) or cell.get("id") in self.ids or norm(cell.source) in self.texts


class Lesson:
    """The source notebooks of an assignment.

    folder    where they are
    notebook  address of a notebook's section, for ``{notebook}`` and ``{section}``; the section is
              named as JupyterLab names it
    address   the same on a site, if there is one; there the section is named as Sphinx does
    """

    def __init__(self, folder, notebook, address=""):
        self.notebook, self.address = notebook, address
        self.chapters, digest = {}, hashlib.sha256()
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.ipynb"))):
            data = read(path) or b"{}"
            digest.update(data)
            self.chapters[Path(path).stem] = _chapter(Path(path).stem, data)
        self.digest = digest.hexdigest()

    def chapter(self, name):
        """A notebook's `Chapter`; where there is no source, one that knows nothing."""
        return self.chapters.get(name) or Chapter(name)

    def link(self, name, heading):
        """The address of a section of a notebook."""
        if self.address:
            section = re.sub(r"[^a-z0-9]+", "-", plain(heading).lower()).strip("-")
            return self.address.format(notebook=quote(name), section=section)
        section = quote(re.sub(r"\s", "-", heading), safe=":?!,.'")
        return self.notebook.format(notebook=quote(name), section=section)

    def find(self, title, name):
        """(notebook, heading) of the section that is called so, in this notebook or another one."""
        wanted = plain(title)
        for notebook in (name, *self.chapters):
            for heading in self.chapter(notebook).heads:
                if plain(heading) == wanted:
                    return notebook, heading
        return None


def plain(heading):
    """A heading without its markup."""
    return re.sub(r"[*`$]", "", heading).strip()


def headings(text):
    """Yield (level, heading) of a text in Markdown, code apart."""
    fenced = False
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and (found := _HEADING.match(line)):
            yield len(found[1]), found[2].rstrip("# \t")


def _chapter(name, data):
    chapter = Chapter("")
    for cell in json.loads(data).get("cells", ()):
        source = "".join(cell["source"])
        chapter.ids.add(cell.get("id"))
        chapter.texts.add(norm(source))
        if cell["cell_type"] == "markdown":
            for level, heading in headings(source):
                chapter.heads.append(heading)
                if level == 1 and not chapter.title:
                    chapter.title = plain(heading)
    chapter.ids.discard(None)
    chapter.title = chapter.title or name
    return chapter
