"""The command ``proctor feedback``: the pages of a class, with all cores.

    autograded/, gradebook ──▶ processes that make pages ──▶ one that writes feedback/

Pages are made where `nbgrader generate_feedback` makes them (`proctor.plugins.page`), so both give
the same bytes. What a submission's pages are made of is kept as a digest beside them; one whose
digest is the same is passed over.
"""

import collections
import contextlib
import json
import logging
import multiprocessing
import shutil
import signal
import sys
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.converters import BaseConverter, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SQLAlchemyError

from proctor.batch.app import DONE, FAILED, STOPPED, USAGE, GradeApp, without
from proctor.batch.stop import held
from proctor.files import replace
from proctor.plugins import sanitise
from proctor.plugins.feedback import nbgraders_own
from proctor.plugins.page import Page
from proctor.plugins.page.write import INDEX
from proctor.plugins.resume import (
    alone,
    finished,
    has_changed,
    is_excluded,
    is_interrupted,
    keep_state,
    student_of,
)
from proctor.terminal import bar
from proctor.wording import first_line, reason

AHEAD = 4  # submissions under way for each process
NAMED = 10  # submissions named of those whose feedback could not be made


class Feedback(GenerateFeedback):
    """Makes the pages of what changed, as ``nbgrader generate_feedback`` makes them.

    workers   processes that make pages
    progress  function of (number done, number due)

    After `start`: ``made`` and ``unchanged`` are numbers of submissions, ``troubles`` is {student:
    why no page, or not every one, could be made}.
    """

    in_bulk = True  # the exporter leaves to this class what is made, and what is written where

    def __init__(self, workers, progress=lambda done, due: None, **kwargs):
        super().__init__(**kwargs)
        self.workers, self.progress = workers, progress
        self.made, self.unchanged, self.troubles, self.due = 0, 0, {}, 0

    def convert_notebooks(self):
        """Make what is due."""
        page, due = self.exporter, collections.deque()
        if not isinstance(page, Page):
            raise NbGraderException(
                "c.GenerateFeedback.exporter_class makes other pages than proctor's: run "
                "`nbgrader generate_feedback`, or take that line out of nbgrader_config.py"
            )
        for folder in sorted(self.assignments):
            if is_excluded(self, folder):
                continue
            if self._is_due(folder):
                due.append(folder)
            else:
                self.unchanged += 1
        self.due = len(due)
        self.progress(0, self.due)
        page.writer.warm()  # before it is forked
        while due:
            self._make(due)

    def _is_due(self, folder):
        notebooks = self.assignments[folder]
        made = self._made(folder)
        names = [*(Path(path).stem for path in notebooks), INDEX]
        if self.force or not all((made / f"{name}.html").is_file() for name in names):
            return True
        if is_interrupted(made, notebooks):
            return True
        return has_changed(folder, made, notebooks, self.exporter.state) is not False

    def _made(self, folder):
        return Path(self._format_dest(self.coursedir.assignment_id, student_of(self, folder)))

    def _make(self, due):
        """Make pages until nothing is due, or a process of the pool has died.

        Then those that it may have died of are made alone, each in a process of its own.
        """
        with _pool(min(self.workers, len(due)), self.exporter) as pool:
            lost = self._run(pool, due)
        for folder in lost:
            with _pool(1, self.exporter) as pool:
                if self._run(pool, collections.deque([folder])):
                    self._failed(folder, "the process that made its pages ended")

    def _run(self, pool, due):
        """Give what is due to a pool; return the folders that were under way when it broke."""
        under_way = {}
        while due or under_way:
            try:
                while due and len(under_way) < AHEAD * self.workers:
                    folder = due.popleft()
                    reading = self.exporter.state(folder)
                    under_way[pool.submit(_pages, student_of(self, folder))] = folder, reading
                done, _ = wait(under_way, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in done:
                    pages = future.result()
                    self._write(*under_way.pop(future), pages)
            except BrokenProcessPool:
                return [folder for folder, _ in under_way.values()]
        return []

    def _write(self, folder, reading, pages):
        """Write the pages of a submission, each at once or not at all."""
        if isinstance(pages, str):
            self._failed(folder, pages)
            return
        self.notebooks = sorted(self.assignments[folder])
        try:
            with alone(self._made(folder)), held():
                self._replace(folder, pages.html)
                kept = [path for path in self.notebooks if Path(path).stem not in pages.failed]
                keep_state(self._made(folder), self.notebooks, None)
                keep_state(self._made(folder), kept, reading)
                finished(self._made(folder), self.notebooks)
        except OSError as error:
            self._failed(folder, reason(error))
            return
        if pages.failed:
            why = "; ".join(f"{name}: {text}" for name, text in pages.failed.items())
            self._failed(folder, why)
            return
        self.made += 1
        self._tell()

    def _replace(self, folder, html):
        name, student = self.coursedir.assignment_id, student_of(self, folder)
        self.run_pre_convert_hook()
        made, pattern = self._made(folder), self.coursedir.notebook_id
        files = {f"{n}.html": t.encode() for n, t in html.items() if fnmatch(n, pattern)}
        files[f"{INDEX}.html"] = html[INDEX].encode()
        files |= nbgraders_own(folder)
        made.mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            replace(made / file, data)
        if pattern == "*":  # as nbgrader, which begins with an empty folder
            for path in made.iterdir():
                if path.name not in files:
                    _remove(path)
        self.set_permissions(name, student)
        self.run_post_convert_hook()

    def _failed(self, folder, why):
        self.troubles[student_of(self, folder)] = why
        self._tell()

    def _tell(self):
        self.progress(self.made + len(self.troubles), self.due)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


# ---- in a process of the pool --------------------------------------------------------------------

_page = None  # the exporter that this process and its forks have


@contextlib.contextmanager
def _pool(workers, page):
    """A pool of forks that know how to make a page; ended at once when it is left early."""
    global _page
    _page = page
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin)
    try:
        yield pool
        pool.shutdown()
    finally:
        for child in multiprocessing.active_children():
            child.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _begin():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that is for who writes
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sanitise.draw_in_forks()


def _pages(student):
    """The `proctor.plugins.page.write.Pages` of a student, or why there are none."""
    try:
        return _page.pages(student)
    except Exception as error:  # of this student
        return reason(error)


# ---- the command ---------------------------------------------------------------------------------


class FeedbackApp(GradeApp):
    """Write the feedback of a class with all cores."""

    name = "proctor-feedback"
    description = (
        "Write feedback for an assignment's graded submissions, with all cores: the pages that "
        "`nbgrader generate_feedback` writes, of what changed since, marks and comments given by "
        "hand included. Exit status: 0 all that was due is written, 1 some is not, 2 bad input, "
        "130 Ctrl-C; the next call goes on."
    )
    examples = """
        proctor feedback ps1
        proctor feedback ps1 --student ada --force
        proctor feedback ps1 --workers 8 --json > result.json
    """
    aliases = without(GradeApp.aliases, "scheduler")
    flags = without(GradeApp.flags, "watch", "no-sandbox", "feedback") | dict.fromkeys(
        ("force", "f"), ({"BaseConverter": {"force": True}}, "Write what has not changed, too.")
    )

    def _classes_default(self):
        return [*super()._classes_default(), BaseConverter, GenerateFeedback, Page]

    def fail(self, text, *args):
        """Say in one line what is wrong, and exit."""
        print(_said(text % args if args else text), file=sys.stderr)
        sys.exit(USAGE)

    def _grade(self):
        """Write feedback; `GradeApp.start` calls this."""
        return write(self, self.workers, self.json), None, False


def write(app, workers, as_json=False, quiet=False):
    """Write the feedback of an application's assignment, and say what was done.

    app      an `nbgrader.apps.baseapp.NbGrader` that knows its course
    as_json  whether that is said as JSON; ``quiet``: only what failed is said, as an error

    Returns an exit status.
    """
    begun, status = time.monotonic(), DONE
    with bar("feedback", not (as_json or quiet)) as tell:
        work = Feedback(workers, tell, coursedir=app.coursedir, parent=app)
        try:
            work.start()
        except KeyboardInterrupt:
            status = STOPPED
        except (NbGraderException, SQLAlchemyError, OSError) as error:
            if app.log_level <= logging.DEBUG:
                traceback.print_exc()
            print(_said(first_line(error)), file=sys.stderr)
            return FAILED if work.due else USAGE
    if work.troubles and status == DONE:
        status = FAILED
    told = {
        "assignment": app.coursedir.assignment_id,
        "written": work.made,
        "unchanged": work.unchanged,
        "failed": dict(sorted(work.troubles.items())),
        "not_written": work.due - work.made - len(work.troubles),
        "stopped": status == STOPPED,
        "seconds": round(time.monotonic() - begun, 2),
    }
    if quiet:
        for student, why in work.troubles.items():
            print(_said(_line(student, why)), file=sys.stderr)
    elif as_json:
        print(json.dumps(told, indent=2), flush=True)
    else:
        _show(told)
    return status


def _show(told):
    """Print what was done, in a few lines."""
    line = f"Feedback: {told['written']} written, {told['unchanged']} unchanged"
    line += f", {len(told['failed'])} failed" if told["failed"] else ""
    line += f", {told['not_written']} still to do" if told["not_written"] else ""
    print(f"{line}, in {told['seconds']:.1f} s")
    for student, why in list(told["failed"].items())[:NAMED]:
        print(f"  {_line(student, why)}")
    if len(told["failed"]) > NAMED:
        print(f"  … and {len(told['failed']) - NAMED} more; --json lists all")


def _line(student, why):
    """Why a student's feedback is not whole; the text may have been steered by a student."""
    return "".join(c if c.isprintable() else "?" for c in f"{student}: {why}")


def _said(text):
    return f"proctor feedback: {text.replace('proctor grade', 'proctor feedback')}"
