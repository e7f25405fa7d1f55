"""Files that a test writes, for a student's function that is given their names.

The student's process has a folder of its own. Before a call, what the test has written under a name
that goes with the call, or that the released cells or the model answer's text have in them, is laid
there by the same name; what the call makes of it, and what it puts into a folder that goes with it,
comes back. A file that no call is told of stays with the test, and so does one that only a
student's process has named.
"""

import contextlib
import os
import time
from collections import deque
from tempfile import gettempdir

from proctor.files import TICK, names_of_files, read, write_files
from proctor.run.copies import shown
from proctor.run.taint import guard

MOST = 16 << 20  # bytes of files for one call
_NAMES, _LENGTH = 1_000, 1_000  # texts of a call that are looked at, characters of one


class Written:
    """The test's end, for a notebook.

    names  those that the released cells and the model answer have in them
    heard  texts that the student's process has said (`proctor.rpc.heard.Heard`)
    laid   function that returns {name: bytes} of the student's files, and names of those of them
           that have been laid in the test's folder

    ``files`` is {name: bytes} of what both ends have, as the call last left it; ``brought`` has the
    texts that came back, by their names.
    """

    def __init__(self, names=(), heard=None, laid=lambda: ({}, ())):
        self.names, self.heard, self.laid = tuple(names), heard, laid
        self.files, self._states, self._folders = {}, {}, set()
        self._course, self._own, self._root = {}, frozenset(), "."
        self.brought = {}

    def begin(self, own=frozenset()):
        """Begin a test: the files that are there are the course's, and on both sides.

        own  texts of the test's
        """
        self._own, self._root = own, os.getcwd()
        self._course = {
            name: _state(name) for name in names_of_files(".") if name not in self._states
        }

    def news(self, values):
        """What to lay before a call of these values: ({name: bytes, or None if it is gone}, names
        of folders)."""
        names, folders = dict.fromkeys(self.files), set()
        for name in self._named(values):
            if not self._is_the_tests(name):
                continue
            names[name] = None
            if os.path.isdir(name):
                del names[name]
                folders.add(name)
                names |= dict.fromkeys(os.path.join(name, one) for one in names_of_files(name))
            elif folder := os.path.dirname(name):
                folders.add(folder)
        new, self._folders = folders - self._folders, self._folders | folders
        return self._changed(names) | self._gone(), sorted(new)

    def _named(self, values):
        """Names of files, as they go with a call."""
        found = {name for name in self.names if os.path.lexists(name)}
        for name in _texts_in(values):
            folder = os.path.dirname(name)
            there = os.path.isdir(folder) if folder else os.path.lexists(name)
            if there and name not in found and not self._is_said(name):
                found.add(name)
        return found

    def _is_said(self, name):
        """Whether only the student's process may have named it."""
        heard = self.heard
        if heard is None or name in self._own:
            return False
        return heard.everything or name in heard.texts()

    def _is_the_tests(self, name):
        """Whether a name is one in the test's folder, or in its folder for what is temporary."""
        path, roots = os.path.realpath(name), map(os.path.realpath, (self._root, gettempdir()))
        return any(path == root or path.startswith(os.path.join(root, "")) for root in roots)

    def _changed(self, names):
        found, left = {}, MOST
        for name in names:
            state = _state(name)
            if state is None:
                if name in self.files:
                    found[name] = None
                    del self.files[name]
                    self._states.pop(name, None)
                continue
            if self._course.get(os.path.relpath(name)) == state:
                continue
            # what is written twice in one tick of the file system's clock has one date
            if self._states.get(name) == state and time.time_ns() - state[0] > TICK:
                continue
            data = read(name, left)
            if data is not None and len(data) <= left and self._as_it_is(name) != data:
                found[name] = self.files[name] = data
                left -= len(data)
            self._states[name] = state
        return found

    def _as_it_is(self, name):
        """What the student's process has of a file, as far as this side knows."""
        return self.files[name] if name in self.files else self.laid()[0].get(name)

    def _gone(self):
        """The student's files that the test has removed."""
        return {name: None for name in self.laid()[1] if not os.path.lexists(name)}

    def take_back(self, files):
        """Write what a call has made of these files, and into these folders; return all others.

        files  {name: bytes} of the student's process
        """
        others = {}
        for name, data in files.items():
            folder = next((f for f in self._folders if name.startswith(os.path.join(f, ""))), None)
            if name not in self.files and folder is None:
                others[name] = data
            elif data != self.files.get(name):
                self._write(name, folder, data)
        for name in self.files.keys() - files.keys():
            self._remove(name)
        return others

    def _write(self, name, folder, data):
        text = shown(name, data)
        if text is None or os.path.normpath(name) != name:  # no name leads elsewhere
            return
        self._remove(name)
        if os.path.lexists(name):  # the course's own, or no call was told of it
            return
        root = "." if folder is None else folder
        write_files({os.path.relpath(name, root): text}, root, strict=False)
        if (state := _state(name)) is not None:
            self.files[name], self._states[name] = data, state
            self.brought[name] = text.decode("utf-8", "replace")
            guard(self.brought[name])

    def _remove(self, name):
        if name in self.files:
            del self.files[name]
            self._states.pop(name, None)
            with contextlib.suppress(OSError):
                os.unlink(name)

    def has(self, name):
        """Whether it is a file's that a test wrote, or lies in a folder of a test's."""
        return name in self.files or any(
            name.startswith(os.path.join(folder, "")) for folder in self._folders
        )


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


def _state(name):
    with contextlib.suppress(OSError):
        about = os.lstat(name)
        return about.st_mtime_ns, about.st_size, about.st_ino
    return None


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
            with open(name, "wb") as file:
                file.write(data)
