"""Writer: makes the pages of one submission; what they are made of is data, and so are they.

`nbgrader generate_feedback`, Formgrader and `proctor feedback` all make their pages here.
"""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from proctor.files import LIMIT, read
from proctor.plugins import sanitise
from proctor.plugins.page.lesson import plain
from proctor.plugins.page.room import Room
from proctor.plugins.page.tasks import Work, work
from proctor.wording import reason

# of a graded notebook that a page is made of: bytes, and outputs, each of which takes some time
NOTEBOOK, OUTPUTS = 2 * LIMIT, 20_000
INDEX = "index"
_HERE = Path(__file__).parent
_DEAREST = 3  # reasons on the page of an assignment


@dataclass
class Draft:
    """What a page of a notebook is made of.

    part     of the gradebook
    work     the `proctor.plugins.page.tasks.Work`; empty where there is none
    missing  whether it was not handed in
    failed   why no page can be made
    """

    name: str
    title: str
    part: object
    work: Work = field(default_factory=lambda: Work([]))
    missing: bool = False
    failed: str = ""


@dataclass
class Pages:
    """The pages of a submission.

    html    {name: text}: of each notebook of the assignment, and of the assignment (`INDEX`)
    failed  {name: why it could not be made}; what stands for it says so
    """

    html: dict
    failed: dict


class Writer:
    """Makes pages.

    assignment  its name
    lesson      its `proctor.plugins.page.lesson.Lesson`
    clean       function of (notebook, student, name) that takes out what no student may see
    """

    def __init__(self, assignment, lesson, clean):
        self.assignment, self.lesson, self.clean = assignment, lesson, clean
        self.style = (_HERE / "style.css").read_text(encoding="utf-8")
        loader = FileSystemLoader(_HERE)
        self.jinja = Environment(
            loader=loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.do"],
        )
        self.jinja.filters |= {"points": points, "counted": counted, "plain": plain}
        self.jinja.globals |= {
            "assignment": assignment,
            "lesson": lesson,
            "style": Markup(self.style),
            "full": sanitise.FULL,
        }

    @property
    def digest(self):
        """Of what all pages of an assignment are made with: its source, and the templates."""
        texts = [self.style.encode(), *(path.read_bytes() for path in sorted(_HERE.glob("*.j2")))]
        return hashlib.sha256(b"".join([self.lesson.digest.encode(), *texts])).hexdigest()

    def warm(self):
        """Read the templates."""
        for name in ("page.html.j2", "index.html.j2", "failed.html.j2", "parts.html.j2"):
            self.jinja.get_template(name)

    def pages(self, folder, facts):
        """Return the `Pages` of a submission.

        folder  where its graded notebooks are
        facts   the gradebook's `proctor.plugins.page.facts.Facts`
        """
        drafts = [self._draft(folder, facts, name) for name in facts.parts]
        html, failed = {}, {}
        for draft in drafts:
            if not draft.failed:
                try:
                    html[draft.name] = self._page(folder, facts, draft, drafts)
                except Exception as error:  # of one page, which is one student's
                    draft.failed = reason(error)
            if draft.failed:
                failed[draft.name] = draft.failed
                html[draft.name] = self._render("failed.html.j2", name=draft.name)
        if INDEX not in html:
            html[INDEX] = self._index(folder, facts, drafts)
        return Pages(html, failed)

    def _draft(self, folder, facts, name):
        chapter = self.lesson.chapter(name)
        draft = Draft(name, chapter.title, facts.parts[name])
        try:
            data = read(os.path.join(folder, f"{name}.ipynb"), NOTEBOOK)
            draft.missing = data is None
            if data is not None:
                notebook = self.clean(_notebook(data), facts.student, name)
                draft.work = work(notebook, chapter, draft.part)
        except Exception as error:  # of one notebook, which is one student's
            draft.failed = reason(error)
        return draft

    def _page(self, folder, facts, draft, drafts):
        page = self._render(
            "page.html.j2",
            facts=facts,
            name=draft.name,
            part=draft.part,
            work=draft.work,
            missing=draft.missing,
            chapter=self.lesson.chapter(draft.name),
            others=drafts,
            room=Room(folder),
        )
        if len(page) > 2 * sanitise.LARGEST:
            raise ValueError(f"its page has {len(page) / 1e6:.0f} MB")
        return page

    def _index(self, folder, facts, drafts):
        losses = [(d, task, loss) for d in drafts for task, loss in d.work.losses]
        losses.sort(key=lambda found: -found[2].points)
        waiting = [task for d in drafts for task in d.work.tasks if task.waits]
        return self._render(
            "index.html.j2",
            facts=facts,
            pages=drafts,
            dearest=losses[:_DEAREST],
            waiting=len(waiting),
            coming=sum(task.mark.most for task in waiting),
            late=sum(draft.part.late for draft in drafts),
            room=Room(folder),
        )

    def _render(self, template, **values):
        return self.jinja.get_template(template).render(**values)


def _notebook(data):
    """A graded notebook; ValueError if it is too large to be shown."""
    if len(data) > NOTEBOOK or data.count(b'"output_type"') > OUTPUTS:
        raise ValueError(f"it has more than {NOTEBOOK / 1e6:g} MB or {OUTPUTS} outputs")
    return nbformat.convert(nbformat.reader.reads(data.decode("utf-8")), 4)


def points(number):
    """A number of points, to two places."""
    return f"{round(float(number), 2):g}"


def counted(number, thing):
    """A number of things, in words."""
    return f"{points(number)} {thing}{'' if number == 1 else 's'}"
