"""Sees what comes into ``submitted/``, and lets no one who comes stop the others."""

import glob
import os
import re
import stat
import time

from proctor.plugins.collect.names import refusal
from proctor.plugins.submissions import places

_SETTLED = 10  # seconds after which a folder that never rests is graded as it is
_AGAIN = 2, 300  # seconds until what could not be graded is tried again: at first, at most


class Watch:
    """What has come or changed in an assignment's submissions since it was graded.

    Looked at are names and ctimes of files: a copy may keep the time of its original's last
    change. A folder that is still being filled is waited for; what is no folder, and what cannot
    be looked into, is the next look's.
    """

    def __init__(self, coursedir, clock=time.monotonic):
        step, name = coursedir.submitted_directory, coursedir.assignment_id
        self.pattern = coursedir.format_path(step, coursedir.student_id, name)
        named = coursedir.format_path(step, "(.*)", re.escape(name), escape=True)
        self.student = re.compile(named, re.DOTALL)
        self.clock = clock
        # {folder: state}: as it was graded; as it was seen at the last look, if there was one
        self.done, self.before = {}, None
        self.since, self.later = {}, {}  # {folder: when it began to change}; {folder: (when, wait)}
        self.unfit = {}  # {folder: why it can be no student's}

    def changed(self):
        """Return the students, as patterns, whose submission is new or has changed, and rests."""
        now, due = self.clock(), []
        found = {folder: state for folder in places(self.pattern) if (state := _state(folder))}
        for folder in [folder for folder in found if refusal(self._student(folder))]:
            del found[folder]
            self.unfit.setdefault(folder, refusal(self._student(folder)))
        for folder, state in found.items():
            if self.done.get(folder) == state or self.later.get(folder, (0,))[0] > now:
                continue
            since = self.since.setdefault(folder, now)
            rests = self.before is None or self.before.get(folder) == state
            if rests or now - since > _SETTLED:
                due.append(folder)
                self.done[folder] = state
                del self.since[folder]
        for known in (self.done, self.since, self.later):
            for gone in known.keys() - found.keys():
                del known[gone]
        self.before = found
        return [glob.escape(self._student(folder)) for folder in sorted(due)]

    def again(self, students):
        """Let submissions, of students as patterns, be graded again: each time later."""
        for folder in self._folders(students):
            if self.done.pop(folder, None):
                wait = min(2 * self.later.get(folder, (0, _AGAIN[0] / 2))[1], _AGAIN[1])
                self.later[folder] = self.clock() + wait, wait

    def graded(self, students):
        """Forget that submissions had to wait."""
        for folder in self._folders(students):
            self.later.pop(folder, None)

    def _folders(self, students):
        asked = set(students)
        return [f for f in (*self.done,) if glob.escape(self._student(f)) in asked]

    def _student(self, folder):
        return self.student.match(folder)[1]


def _state(folder):
    """Changes whenever a file in the folder does; empty where there is nothing to grade."""
    try:
        about = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):  # gone since
        return []
    except OSError:  # nobody may say; whoever grades says why
        return [("closed",)]
    if not (stat.S_ISDIR(about.st_mode) or stat.S_ISLNK(about.st_mode)):
        return []
    state = []
    for place, names, files in os.walk(folder, onerror=lambda error: state.append((str(error),))):
        for name in files:
            try:
                state.append((place, name, os.lstat(os.path.join(place, name)).st_ctime_ns))
            except FileNotFoundError:  # gone since
                continue
            except OSError as error:  # it may be listed, not looked at
                state.append((str(error),))
        names.sort()
    return sorted(state)
