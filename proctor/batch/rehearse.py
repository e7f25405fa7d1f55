"""The command ``proctor rehearse``."""

import contextlib
import json
import shutil
import signal
import sys
import textwrap
import time
from pathlib import Path

from traitlets import Bool

from proctor import configure
from proctor.batch.app import DONE, FAILED, STOPPED, GradeApp
from proctor.batch.rehearsal import DO, SERIOUS, Finding, Rehearsal, read
from proctor.messages import Closed
from proctor.plugins.execute import Execute
from proctor.plugins.rehearsed import keep
from proctor.run.course import Course
from proctor.run.play import INSIDE
from proctor.run.template import assign
from proctor.sandbox import NoIsolation
from proctor.terminal import bar
from proctor.wording import first_line, reason

_LABELS = {  # of the kinds of findings
    "source": "broken cell",
    "model": "model fails",
    "blank": "blank passes",
    "wrong": "no test",
    "differs": "differs",
    "weak": "weak test",
}
_WIDTH = 80
_NOT = ("force", "f", "watch", "feedback")  # flags of `proctor grade` alone
_ALIASES = {name: about for name, about in GradeApp.aliases.items() if name != "scheduler"}


class RehearseApp(GradeApp):
    """Try an assignment's tests before it is released."""

    name = "proctor-rehearse"
    description = (
        "Try an assignment's tests before it is released: the model answer, the blank release and "
        "wrong answers made of the model are played in one kernel, as stock nbgrader does, and as "
        "they are graded. Told is each test that the model answer does not pass, that a blank or "
        "every wrong answer passes, or that differs between the two ways. Nothing is written but "
        "that it was done (.proctor/). Exit status: 0 nothing was found, or weak tests only; 1 "
        "something was; 2 bad input."
    )
    examples = """
        proctor rehearse ps1
        proctor rehearse ps1 --tag
        proctor rehearse ps1 --json > findings.json
    """
    aliases = _ALIASES
    flags = {n: f for n, f in GradeApp.flags.items() if n not in _NOT} | {
        "json": ({"GradeApp": {"json": True}}, "Print the findings as JSON."),
        "tag": (
            {"RehearseApp": {"tag": True}},
            f"Write the tag {INSIDE} into the source, for tests that only it helps.",
        ),
    }
    tag = Bool(False, help="Write the tag into the source where only it helps.").tag(config=True)

    def start(self):
        """Rehearse, and exit."""
        super(GradeApp, self).start()
        self.ask("which assignment? for example: proctor rehearse ps1")
        if self.config.Autograde.exporter_class != "proctor.plugins.exporter.Exporter":
            configure(self.config)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            status = self._rehearse()
        except (NoIsolation, RuntimeError, Closed) as error:  # no process could be started, or died
            self.fail("%s", first_line(error))
        except KeyboardInterrupt:
            status = STOPPED
        sys.exit(status)

    def _rehearse(self):
        begun = time.monotonic()
        course = Course(self.coursedir, self.coursedir.assignment_id)
        try:
            if not course.notebooks():
                self.fail(
                    f"there is no notebook in {course.folder(self.coursedir.source_directory)}"
                )
            execute = Execute(parent=self)
            given = course.assignment(tuple(execute.preload))
            assign(given)
            rehearsal = Rehearsal(course, execute.settings(course), given, self.workers)
            with contextlib.chdir(course.root):  # a header of notebooks is named from there
                broken = self._read(course, rehearsal)
        except (ValueError, OSError) as error:
            self.fail("%s", reason(error))
        with bar("rehearsing", not self.json) as tell:
            findings = broken + rehearsal.play(tell)
        serious = sum(finding.kind in SERIOUS for finding in findings)
        keep(course, serious)
        tagged = self._tag(course, rehearsal) if self.tag else []
        report = _Report(course, rehearsal, findings, tagged, time.monotonic() - begun)
        print(report.as_json() if self.json else report.text())
        return FAILED if serious else DONE

    def _read(self, course, rehearsal):
        """Take in the source notebooks; return findings on those that cannot be released."""
        broken = []
        for name, path in course.notebooks().items():
            try:
                rehearsal.add(name, read(Path(path), self, name), self.config)
            except ValueError as error:
                broken.append(Finding(name, "", "source", 0, first_line(error), "source"))
        return broken

    def _tag(self, course, rehearsal):
        """Write the tag where it helps; return [(notebook, test)] of where that is."""
        done = []
        for name, path in course.notebooks().items():
            book = rehearsal.books.get(name)
            if book and (tests := rehearsal.helped(book)):
                text = Path(path).read_text(encoding="utf-8")
                Path(path).write_text(tagged_text(text, set(tests)), encoding="utf-8")
                done += [(name, test) for test in tests]
        return done


def tagged_text(text, tests):
    """A notebook's text with the tag on some tests; all else stays as it is written.

    tests  their grade_ids
    """
    book = json.loads(text)
    layout = _layout(text, book)
    for cell in book["cells"]:
        meta = cell.get("metadata", {})
        if meta.get("nbgrader", {}).get("grade_id") in tests and INSIDE not in meta.get("tags", ()):
            meta["tags"] = [*meta.get("tags", ()), INSIDE]
    return json.dumps(book, **layout) + text[len(text.rstrip()) :]


def _layout(text, book):
    """How `json.dumps` writes a notebook as its text is written; as Jupyter does, if in no way."""
    usual = {"indent": 1, "ensure_ascii": False}
    for indent in (1, 2, 4, 3, "\t", 0, None):
        for plain in (False, True):
            layout = {"indent": indent, "ensure_ascii": plain}
            for separators in (None, (",", ":")):
                layout = layout | ({"separators": separators} if separators else {})
                if json.dumps(book, **layout) == text.rstrip():
                    return layout
    return usual


class _Report:
    """What a rehearsal came to."""

    def __init__(self, course, rehearsal, findings, tagged, seconds):
        self.course, self.books = course.name, rehearsal.books
        self.findings, self.tagged, self.seconds = findings, tagged, seconds
        self.tests = sum(len(book.tests) for book in rehearsal.books.values())

    def as_json(self):
        told = {
            "assignment": self.course,
            "notebooks": len(self.books),
            "tests": self.tests,
            "seconds": round(self.seconds, 2),
            "findings": [finding.told() for finding in self.findings],
            "tagged": [list(one) for one in self.tagged],
        }
        return json.dumps(told, indent=2)

    def text(self):
        width = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)
        lines = [self._summary()]
        for name in dict.fromkeys(finding.notebook for finding in self.findings):
            own = [finding for finding in self.findings if finding.notebook == name]
            lines += ["", name, *(_row(finding, own, width) for finding in own)]
        causes = dict.fromkeys(finding.cause for finding in self.findings)
        if causes:
            lines += ["", "What to do"]
        for cause in causes:
            lines += textwrap.wrap(
                f"{cause}: {DO[cause]}", width, initial_indent="  ", subsequent_indent="    "
            )
        return "\n".join([*lines, "", *textwrap.wrap(self._next(), width, break_on_hyphens=False)])

    def _summary(self):
        return (
            f"{self.course}: {_counted(self.tests, 'test')} in "
            f"{_counted(len(self.books), 'notebook')}, {self.seconds:.1f} s, "
            f"{_counted(len(self.findings), 'finding') if self.findings else 'nothing found'}"
        )

    def _next(self):
        if self.tagged:
            return (
                f"The tag is on {_counted(len(self.tagged), 'test')} now. Next: proctor rehearse "
                f"{self.course}"
            )
        if any(finding.kind in SERIOUS for finding in self.findings):
            return f"Next: correct the source, then proctor rehearse {self.course} again."
        return f"Next: nbgrader generate_assignment {self.course} --force"


def _row(finding, own, width):
    """One line: the test and the line in it, the kind, what was found."""
    first = min(max(len(_place(one)) for one in own), width // 2 - 8)
    label = _LABELS[finding.kind]
    if finding.kind == "differs":  # the letter of its class, the tag
        label += f" ({finding.cause.split(':')[0]})"
    start = f"  {_cut(_place(finding), first):{first}}  {label:13}  "
    return start + _cut(finding.says, width - len(start))


def _place(finding):
    name = "".join(c if c.isprintable() else "?" for c in finding.test) or "the notebook"
    return f"{name}:{finding.line}" if finding.line else name


def _cut(text, width):
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _counted(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"
