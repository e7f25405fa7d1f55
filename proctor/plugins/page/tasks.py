"""Tasks: a graded notebook taken apart as its reader asks: what for, how many points, why not all.

A *task* is an answer and the tests that look at it; a *property* is one of these tests. A test
belongs to the answer whose name its own begins with (``test_mean_empty`` to ``mean``), else to the
answer before it.
"""

import re
from dataclasses import dataclass, field

from nbconvert.filters import strip_ansi
from nbgrader import utils

from proctor.plugins.page.lesson import headings, plain
from proctor.plugins.page.said import Said, said
from proctor.run.play import UNCONFINED
from proctor.wording import REPAIRED

NOT_WRITTEN = "Nothing is written here yet."
_POINTS = re.compile(r"#\s*\d+(\.\d+)? points?\s*[·:.–-]\s*")


@dataclass
class Property:
    """One test: its name in words, its points, and what it says if some are lost.

    told     the `Said` of its message, None where it has none
    message  as it is, if it is not written to be taken apart
    lines    of the student's that raised it
    source   its lines that students can see, if it is they that failed
    outputs  what it displays and prints
    """

    name: str
    score: float
    most: float
    told: Said | None = None
    message: str = ""
    lines: str = ""
    source: str = ""
    outputs: list = field(default_factory=list)

    @property
    def lost(self):
        return self.score < self.most


@dataclass
class Loss:
    """Properties of a task that are lost for the same cause."""

    cause: str
    properties: list
    anchor: str = ""

    @property
    def points(self):
        return sum(one.most - one.score for one in self.properties)

    def tells(self, one):
        """What a property says beyond the cause: its message, if that is another one."""
        return one.message if self.cause not in (one.message, "") else ""


@dataclass
class Task:
    """An answer, and what was found of it.

    name      of its cell
    heading   of the section that it stands in; None if there is none
    answer    its cell, None for tests without one
    blank     whether it is as it was handed out
    mark      its own `proctor.plugins.page.facts.Mark`, if a person gives points for it
    added     cells that the student added after it
    """

    name: str
    heading: str | None = None
    answer: object = None
    blank: bool = False
    mark: object = None
    comment: str | None = None
    properties: list = field(default_factory=list)
    added: list = field(default_factory=list)
    title: str = ""
    anchor: str = ""

    @property
    def score(self):
        return sum(p.score for p in self.properties) + (self.mark.score if self.mark else 0)

    @property
    def most(self):
        return sum(p.most for p in self.properties) + (self.mark.most if self.mark else 0)

    @property
    def waits(self):
        return bool(self.mark and self.mark.waits)

    @property
    def graded(self):
        return bool(self.properties or self.mark)

    @property
    def lost(self):
        return not self.waits and self.score < self.most

    @property
    def passed(self):
        return [one for one in self.properties if not one.lost]

    @property
    def error(self):
        """What the answer's own cell ended with, in a line; empty if it ran."""
        for output in self.answer.get("outputs", ()) if self.answer else ():
            if output.output_type == "error":
                line = f"{output.ename}: {output.evalue}".split("\n")[0][:_LINE]
                return re.sub(r" \(<ipython-input[^)]*\)", "", line)  # IPython's name of a cell
        return ""

    @property
    def losses(self):
        """The `Loss`es of its tests, the dearest first."""
        lost = [one for one in self.properties if one.lost]
        if by_hand := self._by_hand():
            lost.append(by_hand)
        if self.blank and lost:
            return [Loss(NOT_WRITTEN, lost, self.anchor)]
        by_cause = {}
        for one in lost:
            cause = self._verdict() if one is by_hand else _cause(one, self.error)
            by_cause.setdefault(cause, []).append(one)
        found = [Loss(cause, lost) for cause, lost in by_cause.items()]
        found.sort(key=lambda loss: -loss.points)
        for number, loss in enumerate(found):
            loss.anchor = self.anchor if number == 0 else f"{self.anchor}-{number + 1}"
        return found

    def _by_hand(self):
        """What a person, or nbgrader for a blank answer, has not given of the task's own points."""
        if self.mark is None or self.mark.waits or self.mark.score >= self.mark.most:
            return None
        return Property("Marked by hand", self.mark.score, self.mark.most)

    def _verdict(self):
        first = (self.comment or "").strip().split("\n")[0]
        return first if 0 < len(first) <= _LINE else "A person has marked this answer."


@dataclass
class Work:
    """A graded notebook.

    blocks      its `Task`s, and such without an answer where something was added, in their order
    repairs     what was repaired in it: a list in Markdown
    unconfined  what is to be said if nothing kept the student's code in
    """

    blocks: list
    repairs: str = ""
    unconfined: str = ""

    @property
    def tasks(self):
        return [block for block in self.blocks if block.graded]

    @property
    def losses(self):
        """[(`Task`, `Loss`)], the dearest first."""
        found = [(task, loss) for task in self.tasks for loss in task.losses]
        return sorted(found, key=lambda pair: -pair[1].points)


def work(notebook, chapter, part):
    """Take a graded notebook apart.

    notebook  without hidden tests (`proctor.plugins.feedback.HideTests`)
    chapter   the source's `proctor.plugins.page.lesson.Chapter`
    part      the gradebook's `proctor.plugins.page.facts.Part`
    """
    found = _Reader(chapter, part)
    for cell in notebook.cells:
        found.read(cell)
    return Work(_titled(found.blocks), found.repairs, found.unconfined)


class _Reader:
    """Reads the cells of a notebook one after the other."""

    def __init__(self, chapter, part):
        self.chapter, self.part = chapter, part
        self.blocks, self.by_name = [], {}
        self.heading, self.section = None, None
        self.repairs, self.unconfined = "", ""

    def read(self, cell):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if utils.is_solution(cell) or utils.is_task(cell):
            self._begin(cell, name)
        elif utils.is_grade(cell):
            self._test(cell, name)
        elif self.chapter.owns(cell):
            self._lesson(cell)
        elif not self.blocks and not self.heading and cell.source.startswith(REPAIRED):
            self.repairs = cell.source.removeprefix(REPAIRED).strip()
        elif not self.blocks and not self.heading and cell.source == f"**{UNCONFINED}**":
            self.unconfined = UNCONFINED
        elif cell.source.strip():
            self._last().added.append(cell)

    def _begin(self, cell, name):
        task = Task(name, self.heading, None if utils.is_task(cell) else cell)
        task.blank = not utils.is_task(cell) and _is_blank(cell)
        task.comment = self.part.comments.get(name)
        if utils.is_grade(cell) or utils.is_task(cell):
            task.mark = self.part.marks.get(name)
        self._append(task)
        self.by_name[name] = task

    def _test(self, cell, name):
        mark = self.part.marks.get(name)
        if mark is None:  # the gradebook does not know it
            return
        task = self._task_of(name)
        task.properties.append(_property(cell, name, mark))

    def _task_of(self, test):
        words = test.removeprefix("test_").removeprefix("test-")
        fit = [name for name in self.by_name if words == name or _begins(words, name)]
        if fit:
            return self.by_name[max(fit, key=len)]
        for block in reversed(self.blocks):
            if block.answer is not None and block.mark is None:
                return block
        task = Task(test, self.heading)
        self._append(task)
        return task

    def _lesson(self, cell):
        if cell.cell_type == "markdown":
            for _, heading in headings(cell.source):
                self.heading = heading
        elif any(o.output_type == "error" for o in cell.get("outputs", ())):
            self._last().added.append(cell)  # it called what the student wrote

    def _last(self):
        """The block in whose section this is."""
        if not self.blocks or self.section != self.heading:
            self._append(Task("", self.heading))
        return self.blocks[-1]

    def _append(self, block):
        self.blocks.append(block)
        self.section = self.heading


def _begins(words, name):
    return words.startswith((f"{name}_", f"{name}-"))


def _is_blank(cell):
    checksum = cell.metadata.nbgrader.get("checksum")
    return bool(checksum) and checksum == utils.compute_checksum(cell)


def _property(cell, name, mark):
    found = Property(_named(cell.source, name), mark.score, mark.most)
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            *frames, message = output.traceback or [output.ename]
            found.told = said(output.evalue[:_LONGEST])
            found.lines = strip_ansi("\n".join(frames))
            if not found.told:
                found.message = strip_ansi(message)
                found.source = cell.source if output.ename == "AssertionError" else ""
        else:
            found.outputs.append(output)
    return found


_LONGEST = 2_000  # characters of a message


def _named(source, name):
    """What a test looks at, in words: its first comment, else its name."""
    first = source.lstrip().split("\n", 1)[0]
    if first.startswith("#") and not first.startswith(("#!", "# %")):
        words = _POINTS.sub("", first, count=1).lstrip("# ").strip()
        if words and not words.startswith("##"):
            return words
    return re.sub(r"[_-]+", " ", name.removeprefix("test_").removeprefix("test-"))


def _cause(one, error):
    """Why a property is lost, in a line.

    error  that the answer's own cell ended with, or an empty string
    """
    if one.told is not None:
        return one.told.cause or one.told.what
    if error:
        return f"Your cell ended with an error: {error}"
    first = one.message.strip().split("\n")[0]
    return first if len(first) <= _LINE else f"{first[:_LINE]} …"


_LINE = 200  # characters of a cause


def _titled(blocks):
    """The blocks with titles and anchors, no two of which are the same."""
    number = {}
    for block in blocks:
        number[block.heading] = number.get(block.heading, 0) + (block.answer is not None)
    for place, block in enumerate(blocks, 1):
        block.anchor = f"task-{place}"
        title = plain(block.heading) if block.heading else ""
        several = number[block.heading] > 1
        if not title or (several and block.name):
            words = re.sub(r"[_-]+", " ", block.name) if block.answer is None else block.name
            title = f"{title} · {words}" if title and words else title or words
        block.title = title or "What you added"
    return blocks
