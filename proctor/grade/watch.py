"""Sees what comes into ``submitted/``."""

import contextlib
import glob
import os
import re

from proctor.reading import places


class Watch:
    """What has come or changed in an assignment's submissions since the last look.

    A file's ctime is looked at: a copy may keep the time of its original's last change.
    """

    def __init__(self, coursedir):
        step, name = coursedir.submitted_directory, coursedir.assignment_id
        self.pattern = coursedir.format_path(step, coursedir.student_id, name)
        self.student = re.compile(coursedir.format_path(step, "(.*)", re.escape(name), escape=True))
        self.seen = {}

    def changed(self):
        """Return the students, as patterns, whose submission is new or has changed."""
        found = {folder: _state(folder) for folder in places(self.pattern)}
        changed = [folder for folder, state in found.items() if self.seen.get(folder) != state]
        self.seen = found
        return [glob.escape(self.student.match(folder)[1]) for folder in sorted(changed)]


def _state(folder):
    """Changes whenever a file in the folder does."""
    state = []
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # gone since
                state.append((place, name, os.lstat(os.path.join(place, name)).st_ctime_ns))
    return sorted(state)
