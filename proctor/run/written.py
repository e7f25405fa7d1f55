"""Files that a test writes, for a student's function that is given their names.

The student's process has a folder of its own. Before a call, what the test has written under a name
that goes with the call, or that the released cells or the model answer's text have in them, is laid
there by the same name; what the call makes of it, and what it puts into a folder that goes with it,
comes back. A file that no call is told of stays with the test, and so does one that only a
student's process has named.
"""

import contextlib
import io
import json
import os
from collections import deque
from tempfile import gettempdir
from time import time_ns  # a test may put others in their place

from proctor.files import TICK, names_of_files, read, state_of, write_files
from proctor.run.copies import is_plain, shown
from proctor.run.taint import guard

MOST = 16 << 20  # bytes of files for one call
_NAMES, _LENGTH = 1_000, 1_000  # texts of a call that are looked at, characters of one


class Written:
    """The test's end, for a notebook.

    names  those that the released cells and the model answer have in them
    heard  texts that the student's process has said (`proctor.rpc.heard.Heard`)

    ``files`` is {name: bytes} of what both ends have, as the call last left it; ``brought`` has the
    texts that came back, by their names. ``theirs`` is {name: bytes} of the student's own files,
    ``laid`` the names of those of them that have been laid in the test's folder, to be set.
    """

    def __init__(self, names=(), heard=None):
        self.names, self.heard = set(names), heard
        self.files, self.brought = {}, {}
        self.theirs, self.laid = {}, ()
        # where the files and folders lie, for the test may change its folder; the files' states
        self._places, self._folders, self._states = {}, {}, {}
        self._passed = set()  # texts that the test has passed
        self._root, self._course, self._last = os.getcwd(), {}, {}

    def begin(self):
        """Begin a test: what has been changed since the last one is the course's, on both sides."""
        self._root, now = os.getcwd(), _states(".")
        self._course = {
            name: state
            for name, state in now.items()
            if self._last.get(name) != state or self._course.get(name) == state
        }

    def end(self):
        """End a test."""
        self._last = _states(self._root)

    # -- before a call

    def news(self, values):
        """What to lay before a call of these values: ({name: bytes, or None if it is gone}, names
        of folders)."""
        names, folders = set(self.files), {}
        for name in self._named(values):
            folder = name
            if os.path.isdir(name):
                names |= {os.path.join(name, one) for one in names_of_files(name)}
            else:
                names.add(name)
                folder = os.path.dirname(name)
            if folder:
                folders[folder] = os.path.abspath(folder)
        new = sorted(folders.keys() - self._folders.keys())
        self._folders |= folders
        return self._changed(sorted(names)) | self._gone(), new

    def _named(self, values):
        """Names of files and folders of the test's, as they go with a call."""
        texts = set(_texts_in(values))
        # what the test has passed before the student's process said it is the test's word
        self._passed |= {text for text in texts - self._passed if not self._is_said(text)}
        found = {os.path.normpath(name) for name in (texts & self._passed) | self.names}
        return {name for name in found if self._is_the_tests(name)}

    def _is_said(self, text):
        """Whether the student's process has said a text, or within another: printed, as JSON."""
        if self.heard is None:
            return False
        ways = {text, json.dumps(text)[1:-1]}
        return self.heard.everything or any(
            way in said for said in self.heard.texts() for way in ways
        )

    def _is_the_tests(self, name):
        """Whether a name is one below the test's folder, or its folder for what is temporary."""
        path, roots = os.path.realpath(name), map(os.path.realpath, (self._root, gettempdir()))
        below = any(path.startswith(os.path.join(root, "")) for root in roots)
        return below and os.path.isdir(os.path.dirname(path))

    def _changed(self, names):
        found, left = {}, MOST
        for name in names:
            place = self._places.get(name) or os.path.abspath(name)
            state = state_of(place)
            if state is None and name in self.files:
                found[name] = None
                self._forget(name)
            if state is None or self._is_as_it_was(name, place, state):
                continue
            data = read(place, left)
            if data is not None and len(data) <= left and self._known(name) != data:
                found[name] = data
                left -= len(data)
                self._keep(name, data, place, state)
        return found

    def _is_as_it_was(self, name, place, state):
        if self._course.get(os.path.relpath(place, self._root)) == state:
            return True
        # what is written twice in one tick of the file system's clock has one date
        return self._states.get(name) == state and time_ns() - state[0] > TICK

    def _known(self, name):
        """What the student's process has of a file, as far as this side knows."""
        return self.files[name] if name in self.files else self.theirs.get(name)

    def _gone(self):
        """The student's files that the test has removed."""
        gone = [n for n in self.laid if not os.path.lexists(os.path.join(self._root, n))]
        return dict.fromkeys(gone)

    # -- after a call

    def take_back(self, files):
        """Write what a call has made of these files, and into these folders; return all others.

        files  {name: bytes} of the student's process
        """
        others = {}
        for name, data in files.items():
            if not self.has(name):
                others[name] = data
            elif data != self.files.get(name):
                self._write(name, data)
        for name in self.files.keys() - files.keys():
            self._remove(name)
        return others

    def has(self, name):
        """Whether it is a file's that a test wrote, or lies in a folder of a test's."""
        return name in self.files or self._folder_of(name) is not None

    def _folder_of(self, name):
        """The folder, of those that went with a call, in which a file lies; None if in none."""
        return next((f for f in self._folders if name.startswith(os.path.join(f, ""))), None)

    def _write(self, name, data):
        if name in self.files:
            folder, inner = os.path.split(self._places[name])
        else:
            known = self._folder_of(name)
            folder, inner = self._folders[known], name[len(known) + 1 :]
        text = shown(name, data)
        if text is None or not is_plain(inner):
            return
        self._remove(name)
        self.brought[name] = text.decode("utf-8", "replace")
        guard(self.brought[name])
        if write_files({inner: text}, folder, strict=False):  # else it is the course's own
            place = os.path.join(folder, inner)
            self._keep(name, data, place, state_of(place))

    def _remove(self, name):
        if name in self.files:
            with contextlib.suppress(OSError):
                os.unlink(self._places[name])
            self._forget(name)

    def _keep(self, name, data, place, state):
        self.files[name], self._places[name], self._states[name] = data, place, state

    def _forget(self, name):
        del self.files[name], self._places[name], self._states[name]


def _texts_in(values):
    """The texts and paths among values, in lists and tuples too."""
    waiting = deque(values)
    for _ in range(_NAMES):
        if not waiting:
            return
        one = waiting.popleft()
        if isinstance(one, (list, tuple)):
            waiting += one[:_NAMES]
            continue
        if isinstance(one, os.PathLike):
            one = os.fspath(one)
        if type(one) is str and 0 < len(one) < _LENGTH and "\0" not in one:
            yield one


def _states(folder):
    return {name: state_of(os.path.join(folder, name)) for name in names_of_files(folder)}


def lay(files, folders, roots):
    """Lay files of a test's in the student's process.

    roots  set of the absolute folders among those that were made, to add to
    """
    for folder in folders:
        with contextlib.suppress(OSError):
            os.makedirs(folder, exist_ok=True)
            if os.path.isabs(folder):
                roots.add(folder)
    for name, data in files.items():
        with contextlib.suppress(OSError):
            if data is None:
                os.unlink(name)
                continue
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with io.open(name, "wb") as file:  # noqa: UP020  a test may have replaced the other
                file.write(data)
