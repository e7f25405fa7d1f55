"""What the person who grades a class is told: a bar while it runs, a table at its end."""

import collections
import json
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

MOST = 20  # problems written out


class Report:
    """Told by the writer what happens.

    live  draw a progress bar on stderr, where that is a terminal
    """

    def __init__(self, live=True):
        self.console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[problems]}"),
            console=self.console,
            disable=not (live and self.console.is_terminal),
        )
        self.scores, self.problems, self.failed = {}, [], []
        self.skipped = self.due = 0
        self.begun = time.monotonic()

    def begin(self, due, skipped):
        """``due`` submissions are going to be graded, ``skipped`` are and have not changed."""
        self.due, self.skipped = due, skipped
        self.begun = time.monotonic()
        self.bar = self.progress.add_task("grading", total=due, rate="", problems="")
        self.progress.start()

    def problem(self, student, notebook, text):
        """Something to be told of a notebook."""
        self.problems.append((student, notebook, text))

    def done(self, student, score, most):
        """A submission is graded: ``score`` of ``most`` points so far."""
        self.scores[student] = (score, most)
        self.progress.update(
            self.bar,
            advance=1,
            rate=f"{60 * self.rate():.0f} a minute",
            problems=f"{len({s for s, _, _ in self.problems})} with problems",
        )

    def rate(self):
        """Submissions a second."""
        return len(self.scores) / max(1e-9, time.monotonic() - self.begun)

    def end(self):
        """Stop drawing."""
        self.progress.stop()
        self.seconds = time.monotonic() - self.begun

    def left(self):
        """Submissions that were due and are not graded."""
        return self.due - len(self.scores)

    def as_json(self):
        """All of it, for programs."""
        problems = collections.defaultdict(list)
        for student, notebook, text in self.problems:
            problems[student].append({"notebook": notebook, "what": text})
        return json.dumps(
            {
                "graded": len(self.scores),
                "unchanged": self.skipped,
                "not_graded": self.left(),
                "seconds": round(self.seconds, 2),
                "students": {
                    student: {"score": score, "max_score": most, "problems": problems[student]}
                    for student, (score, most) in sorted(self.scores.items())
                },
            },
            indent=2,
        )

    def show(self, stopped=False):
        """Print the table."""
        out = Console()
        table = Table(title="Stopped" if stopped else "Graded", title_justify="left")
        for name in ("graded", "unchanged", "not graded", "seconds", "a minute", "mean points"):
            table.add_column(name, justify="right")
        points = [score for score, _ in self.scores.values()]
        most = max((most for _, most in self.scores.values()), default=0)
        mean = f"{sum(points) / len(points):.1f} of {most:g}" if points else "–"
        table.add_row(
            str(len(self.scores)),
            str(self.skipped),
            str(self.left()),
            f"{self.seconds:.1f}",
            f"{60 * len(self.scores) / max(self.seconds, 1e-9):.0f}",
            mean,
        )
        out.print(table)
        for student, notebook, text in self.problems[:MOST]:
            out.print(f"  {student} · {notebook}: {text}", markup=False, highlight=False)
        if len(self.problems) > MOST:
            out.print(f"  … and {len(self.problems) - MOST} more; --json lists all")
