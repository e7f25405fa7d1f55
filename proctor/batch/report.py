"""What the person who grades a class is told: a bar while it runs, some lines at its end."""

import collections
import json
import sys
import time

from proctor.merge.notes import counted
from proctor.terminal import columns, printable, wrapped

MOST = 20  # problems written out
NAMED = 5  # students named for each
LONG = 300  # characters of one


class Report:
    """Told by the recorder what happens.

    live  draw a progress bar on stderr, where that is a terminal
    """

    def __init__(self, assignment, live=True):
        self.assignment = assignment
        self.live, self.progress = live and sys.stderr.isatty(), None
        self.scores, self.failures, self.problems = {}, {}, []
        self.unchanged = self.due = 0
        self.troubled = set()  # students with problems
        self.begun = time.monotonic()

    def begin(self, due, unchanged):
        """``due`` submissions are going to be graded, ``unchanged`` ones are already."""
        self.due, self.unchanged = due, unchanged
        self.begun = time.monotonic()
        if self.live:
            self.progress = _progress()
            self.bar = self.progress.add_task("grading", total=due, rate="", problems="")
            self.progress.start()

    def problem(self, student, notebook, text, kind=None):
        """Something to be told of a notebook that is graded.

        notebook  its name; None: of the whole submission
        kind      what problems have in common that are told together; by default the text
        """
        self.troubled.add(student)
        self.problems.append((student, notebook, text, kind or text))

    def failed(self, student, text):
        """A submission that could not be graded, and why."""
        self.troubled.add(student)
        self.failures[student] = text
        self._advance()

    def done(self, student, score, most):
        """A submission is graded: ``score`` of ``most`` points so far."""
        self.scores[student] = (score, most)
        self._advance()

    def _advance(self):
        if self.progress is not None:
            self.progress.update(
                self.bar,
                completed=len(self.scores) + len(self.failures),
                rate=f"{60 * self.rate():.0f} a minute",
                problems=f"{len(self.troubled)} with problems",
            )

    def rate(self):
        """Submissions a second."""
        return len(self.scores) / max(1e-9, time.monotonic() - self.begun)

    def end(self):
        """Stop drawing."""
        if self.progress is not None:
            self.progress.stop()
        self.seconds = time.monotonic() - self.begun

    def left(self):
        """Submissions that were due and not come to."""
        return max(0, self.due - len(self.scores) - len(self.failures))

    def as_json(self, stopped=False):
        """All of it, for programs."""
        problems = collections.defaultdict(list)
        for student, notebook, text, _ in self.problems:
            problems[student].append({"notebook": notebook, "what": text})
        students = {
            student: {"score": score, "max_score": most, "problems": problems[student]}
            for student, (score, most) in self.scores.items()
        }
        return json.dumps(
            {
                "assignment": self.assignment,
                "graded": len(self.scores),
                "unchanged": self.unchanged,
                "failed": dict(sorted(self.failures.items())),
                "not_graded": self.left(),
                "stopped": stopped,
                "seconds": round(self.seconds, 2),
                "students": dict(sorted(students.items())),
            },
            indent=2,
        )

    def show(self, stopped=False, brief=False, known=()):
        """Print what came of it; or ``brief``, a line for each submission.

        known  {student: why it could not be graded}, which was told before

        A terminal's lines are broken between words. Elsewhere, as in a file, each is one line.
        """
        if brief:
            for student, (score, most) in self.scores.items():
                self._say(f"{student}: {score:g} of {most:g} points")
        else:
            self._sum(stopped)
        failed = dict(self.failures.items() - dict(known).items())
        for student, text in sorted(failed.items()):
            self._say(f"{student} could not be graded: {_short(text)}")
        found = self._alike()
        for told, students in list(found.items())[:MOST]:
            more = f" and {len(students) - NAMED} more" if len(students) > NAMED else ""
            who = ", ".join(students[:NAMED]) + more
            self._say(f"{_together(told)} ({who})")
        if len(found) > MOST:
            self._say(f"… and {len(found) - MOST} more like these; --json lists all")
        if self.scores and not (brief or stopped):
            self._print(f"Next: proctor report {self.assignment}")

    def _alike(self):
        """{((notebook, text), …): students}: a student's problems of one kind are told together.

        So a notebook that has lost all its metadata is one line, and so is a class of them.
        """
        kinds = collections.defaultdict(dict)
        for student, notebook, text, kind in self.problems:
            kinds[student, kind][notebook, text] = None
        found = collections.defaultdict(list)
        for (student, _), told in kinds.items():
            found[tuple(told)].append(student)
        return found

    def _sum(self, stopped):
        """Print how many were graded, and how many were not."""
        number, seconds = len(self.scores), max(self.seconds, 1e-9)
        told = f"{'Stopped; graded' if stopped else 'Graded'} {counted(number, 'submission')} in "
        told += f"{self.seconds:.1f} s, {60 * number / seconds:.0f} a minute"
        if number:
            points = [score for score, _ in self.scores.values()]
            most = max(most for _, most in self.scores.values())
            told += f"; on average {sum(points) / number:.1f} of {most:g} points"
        self._print(f"{told}.")
        others = {
            "graded before and unchanged": self.unchanged,
            "not graded, because of a failure": len(self.failures),
            "not come to": self.left(),
        }
        told = [f"{many} {what}" for what, many in others.items() if many]
        if told:
            self._print(f"{'; '.join(told)}.")

    def _say(self, text):
        self._print(text, "  ", "    ")

    def _print(self, text, first="", rest=""):
        # some of it may be a student's text, which could otherwise steer the terminal
        text = printable(text)
        if sys.stdout.isatty():
            print(*wrapped(text, columns(sys.stdout), first, rest), sep="\n")
        else:
            print(f"{first}{text}")


def _progress():
    """A bar on stderr. It takes 0.1 s to import, when the workers have begun."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[problems]}"),
        console=Console(stderr=True),
    )


def _together(told):
    """One line for problems of the same kind, given as pairs (notebook, text)."""
    (notebook, text), *rest = told
    line = f"{notebook} · {_short(text)}" if notebook else _short(text)
    if rest:
        where = ", ".join(dict.fromkeys(name for name, _ in rest if name))
        line += f" The same for {len(rest)} more{f' in {where}' if where else ''}."
    return line


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= LONG else f"{text[:LONG]} …"
