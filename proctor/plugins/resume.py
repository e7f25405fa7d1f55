"""Lets a run of ``autograde`` or ``generate_feedback`` that was killed be finished by the next one.

nbgrader passes over a submission whose folder in ``autograded/`` or ``feedback/`` exists, half done
or not. While a submission is worked on, a hidden file beside that folder, one for each notebook,
says so; the grader holds a lock on it, which the system takes away with the process. What is marked
and not locked was interrupted: it is removed before nbgrader looks, which then does it again.

Other hidden files there say what it was made of, for each notebook: the state of what was read.
Whether that has changed since is told by comparing states, and by no clock: a file server's may be
hours from the grader's.
"""

import contextlib
import fcntl
import os
import re
import shutil
from pathlib import Path

from nbgrader.converters.base import NbGraderException

from proctor.files import read, replace, state
from proctor.wording import reason


class Unfinished:
    """The marks of one `nbgrader.converters.BaseConverter`, set and removed by its own hooks.

    extension  of the files that it makes of notebooks
    outdated   whether what is older than the notebook that it was made of is made again, too
    state      function of a folder that is worked on: a text that changes when what is made of it
               would, or None
    """

    def __init__(self, converter, extension=".ipynb", outdated=False, state=None):
        self.converter, self.course, self.extension = converter, converter.coursedir, extension
        self.outdated, self.state = outdated, state or state_of
        self.hooks = converter.pre_convert_hook, converter.post_convert_hook
        self.held = []  # (mark, the open file that locks it) of the submission that is worked on
        self.reading = None  # the state of what is worked on

    def watch(self):
        """Remove what was interrupted, and mark from now on what is being done.

        A submission for which this account may not do so is taken off the converter's list with an
        error line, before anything of it is lost. Returns {folder: OSError} of those.
        """
        assignments, refused = self.converter.assignments, {}
        for folder, notebooks in list(assignments.items()):
            try:
                self._clean(notebooks)
            except OSError as error:
                del assignments[folder]
                refused[folder] = error
                self.converter.log.error("%s is passed over: %s", folder, reason(error))
        self.converter.pre_convert_hook = self._begin
        self.converter.post_convert_hook = self._end
        return refused

    def is_any_due(self):
        """Whether nbgrader is going to do any submission."""
        found = self.converter.assignments.values()
        return any(self._is_due(self._folder(notebooks), notebooks) for notebooks in found)

    def _clean(self, notebooks):
        folder = self._folder(notebooks)
        if not folder.exists():
            return
        with alone(folder):
            interrupted = [path for path in notebooks if _is_interrupted(_mark(folder, path))]
            if interrupted:
                self.converter.log.warning("%s was not finished: it is done again", folder)
                self._remove(folder, interrupted)
            elif old := self._outdated(folder, notebooks):
                self.converter.log.info("%s is older than what it shows: it is done again", folder)
                self._remove(folder, old)
            elif self._is_due(folder, notebooks):
                # nbgrader is going to remove it when its turn comes, and may be killed meanwhile
                for path in notebooks:
                    _mark(folder, path).touch()

    def _outdated(self, folder, notebooks):
        if not self.outdated or is_excluded(self.converter, Path(notebooks[0]).parent):
            return []
        there = [path for path in notebooks if self._file(folder, path).exists()]
        if (changed := self._has_changed(folder, notebooks)) is not None:
            return there if changed else []
        return [  # made by an earlier version
            path
            for path in there
            if self._file(folder, path).stat().st_mtime_ns < os.stat(path).st_mtime_ns
        ]

    def _has_changed(self, folder, notebooks):
        return has_changed(Path(notebooks[0]).parent, folder, notebooks, self.state)

    def _file(self, folder, notebook):
        return folder / Path(notebook).with_suffix(self.extension).name

    def _remove(self, folder, again):
        if self.course.notebook_id == "*":
            shutil.rmtree(folder)
            return
        for path in again:
            self._file(folder, path).unlink(missing_ok=True)

    def _is_due(self, folder, notebooks):
        """Whether nbgrader does a submission, again if it is there."""
        submission = Path(notebooks[0]).parent
        if is_excluded(self.converter, submission):
            return False
        if self.converter.force or not os.path.exists(folder):
            return True
        return is_newer(self.course, submission, folder)

    def _begin(self, notebooks, **about):
        self._release()
        folder = self._folder(notebooks)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(self.converter, "reading"):  # it was read before its turn came
            self.reading = self.converter.reading
        else:
            self.reading = self.state(Path(notebooks[0]).parent)
        for path in notebooks:
            mark = _mark(folder, path)
            file = open(mark, "w")  # noqa: SIM115  closed when the submission is done
            with contextlib.suppress(BlockingIOError):  # someone else is at it, or was and failed
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held.append((mark, file))
        if self.hooks[0]:
            self.hooks[0](notebooks=notebooks, **about)

    def _end(self, notebooks, **about):
        try:
            if self.hooks[1]:
                self.hooks[1](notebooks=notebooks, **about)
            folder = self._folder(notebooks)
            keep_state(folder, notebooks, self.reading)
            if hasattr(self.converter, "due"):  # it grades
                keep_due(folder, self.converter.due)
        finally:
            for mark, _ in self.held:
                mark.unlink(missing_ok=True)
            self._release()

    def _release(self):
        while self.held:
            self.held.pop()[1].close()

    def _about(self, notebooks):
        return self.converter.init_single_notebook_resources(notebooks[0])["nbgrader"]

    def _folder(self, notebooks):
        """Where what is made of a submission goes."""
        about = self._about(notebooks)
        return Path(self.converter._format_dest(about["assignment"], about["student"]))


@contextlib.contextmanager
def alone(folder):
    """While entered, no other `proctor grade` makes or removes what goes into a folder.

    The folder above is locked: the one itself comes and goes, and a file for it would stay.
    """
    above = os.path.dirname(os.path.abspath(folder))
    os.makedirs(above, exist_ok=True)
    descriptor = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def end_with_failure(converter, refused):
    """Let nbgrader's run fail in its end, as it does for what it could not convert itself.

    refused  {folder: OSError}; those of the system, which are no fault of a student's, count
    """
    folders = [folder for folder, error in refused.items() if error.errno]
    convert = converter.convert_notebooks

    def convert_notebooks():
        convert()
        raise NbGraderException(f"passed over, as said above: {', '.join(folders)}")

    if folders:
        converter.convert_notebooks = convert_notebooks


def student_of(converter, folder):
    """Whose submission a folder is, as an nbgrader converter tells from its name."""
    named = converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
    return re.match(named, str(folder), re.DOTALL)["student"]


def is_excluded(converter, folder):
    """Whether the configuration leaves out whose submission a folder is."""
    return student_of(converter, folder) in converter.coursedir.student_id_exclude.split(",")


def is_newer(course, folder, made):
    """Whether a submission's time is later than that of what was made of it."""
    given, done = (_time(course, place) for place in (folder, made))
    return None not in (given, done) and given > done


def state_of(folder):
    """The state of the files in a folder, None if it cannot be told."""
    with contextlib.suppress(OSError):
        return state(folder)
    return None


def keep_state(made, notebooks, reading):
    """Keep beside a folder in which state (None: unknown) what its notebooks are made of was."""
    for path in (_state_file(made, notebook) for notebook in notebooks):
        if reading is None:
            path.unlink(missing_ok=True)
            continue
        replace(path, reading.encode())


def keep_due(made, due):
    """Keep beside a folder for which due date (None: there is none) it was made."""
    _due_file(made).write_text(_said(due))


def due_before(made, due):
    """The due date for which a folder was made, as text; None if it is this one, or unknown."""
    kept = (read(_due_file(made), 100) or b"").decode(errors="replace")
    return kept if kept and kept != _said(due) else None


def _said(due):
    return f"{due:%Y-%m-%d %H:%M:%S} UTC" if due else "none"


def _due_file(made):
    return Path(made).with_name(f".{Path(made).name}.due")


def has_changed(folder, made, notebooks, state=state_of):
    """Whether a folder's files have changed since some of these notebooks were made of them.

    state  as of `Unfinished`

    None: nothing was kept that says so.
    """
    kept = [read(_state_file(made, notebook), 1000) for notebook in notebooks]
    if not any(kept):
        return None
    now = (state(folder) or "unknown").encode()
    return any(one != now for one in kept)


def _state_file(made, notebook):
    return Path(made).with_name(f".{Path(made).name}.{Path(notebook).stem}.made-of")


def _time(course, folder):
    """When something was handed in, by its ``timestamp.txt``; None where that says nothing."""
    # a folder of that name, another account's, no text; nbgrader stumbles over one that is no time
    with contextlib.suppress(OSError, ValueError, OverflowError, AttributeError):
        return course.get_existing_timestamp(folder)


def is_interrupted(made, notebooks):
    """Whether making one of these notebooks' files was begun, and not ended."""
    return any(_is_interrupted(_mark(Path(made), path)) for path in notebooks)


def finished(made, notebooks):
    """Forget that making these notebooks' files was begun."""
    for path in notebooks:
        _mark(Path(made), path).unlink(missing_ok=True)


def _mark(folder, notebook):
    return folder.with_name(f".{folder.name}.{Path(notebook).stem}.unfinished")


def _is_interrupted(mark):
    with contextlib.suppress(FileNotFoundError, BlockingIOError), open(mark) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
