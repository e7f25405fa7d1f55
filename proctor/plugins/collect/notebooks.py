"""Notebooks of a submission: which file is which, whatever it is called.

Learning systems, browsers, mail programs and students rename files: ``3-layer-1.ipynb``,
``3-layer (1).ipynb``, ``Ada 3-layer (final).ipynb``, ``3-layer.ipynb.txt``, a name in decomposed
Unicode. A file of the right name is the notebook. Where there is none, one is looked for that
holds the notebook's cells, by the ``grade_id`` of each; a file that has lost them all, by its name
without what programs add. Whatever is used under another name is told.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice

from proctor.files import LIMIT, names_of_files, read
from proctor.merge import Note
from proctor.plugins import gradebook
from proctor.plugins.collect.names import shown

_FILES = 200  # that are looked into
_NAMES = 10_000  # of cells, that are looked at of a file
_GRADE_ID = re.compile(rb'"grade_id": ?"([^"\\]+)"')
_NOTEBOOK = re.compile(r"\.ipynb(?![a-z])", re.I)
_PERHAPS = re.compile(r"\.(?:json|txt)$", re.I)  # as some browsers save a notebook
_ADDED = re.compile(r"(?:[ _]*\((\d+)\)|-(\d+)|[ _-]+copy[ _-]?(\d*))$", re.I)
_SAME_TIME = 60  # seconds in which files of one archive or download are written


@dataclass(frozen=True)
class Found:
    """A notebook that was handed in under another name.

    path    of the file, relative to the submission
    others  of other files that hold the same notebook and are left alone
    """

    path: str
    others: tuple = ()

    def note(self, name):
        """The `Note` for student and instructor; ``name`` is the notebook's."""
        what = f"{shown(self.path)} was graded as `{name}.ipynb`, which it holds."
        if self.others:
            what += f" Left alone, because they are older or hold less: {_listed(self.others)}."
        return Note("", what, "another-name")


def _listed(paths, most=3):
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(map(shown, paths[:most])) + more


def grade_ids(data):
    """The names of graded cells in a notebook's bytes, found without reading it as JSON."""
    names = islice(_GRADE_ID.finditer(data or b""), _NAMES)
    return {name[1].decode(errors="replace") for name in names}


def find(folder, notebooks, ignore=()):
    """{name: `Found`} of the notebooks that a submission has under another name only.

    notebooks  {name: the grade_ids of its cells}
    ignore     patterns of names that are passed over
    """
    missing = {n for n in notebooks if not os.path.lexists(os.path.join(folder, f"{n}.ipynb"))}
    if not missing:
        return {}
    candidates = {}
    for path in islice(_possible(folder, ignore), _FILES):
        data = read(os.path.join(folder, path)) or b""
        names = grade_ids(data[:LIMIT])
        if (name := _owner(path, names, notebooks, missing)) in missing:
            rank = _rank(folder, path, len(names & notebooks[name]))
            candidates.setdefault(name, []).append((rank, path))
    found = {}
    for name, ranked in candidates.items():
        best, *others = [path for _, path in sorted(ranked, reverse=True)]
        found[name] = Found(best, tuple(others))
    return found


def _possible(folder, ignore):
    """The paths of files that may be notebooks."""
    for path in names_of_files(folder, [*ignore, ".*"]):
        name = os.path.basename(path)
        if _NOTEBOOK.search(name) or _PERHAPS.search(name):
            yield path


def _owner(path, names, notebooks, missing):
    """The name of the notebook that a file holds, None if it is none.

    names  the grade_ids in it
    """
    called = _called(path, missing)
    hits = {name: len(names & own) for name, own in notebooks.items()}
    most = max(hits.values())
    if not most:  # another's, or its metadata is lost
        is_notebook = _NOTEBOOK.search(os.path.basename(path))
        return called if is_notebook and not names else None
    if 2 * most < len(names):
        return None
    best = [name for name, number in hits.items() if number == most]
    if len(best) == 1:
        return best[0]
    # notebooks whose cells have the same names: the file's own name has to say it
    return called if called in best else None


def _called(path, missing):
    """The missing notebook whose name a file has, but for what programs add to it."""
    stem = _stem(path)
    by_name = {_plain(name): name for name in missing}
    return by_name.get(stem) or by_name.get(_ADDED.sub("", stem))


def _stem(path):
    name = os.path.basename(path)
    return _plain(_NOTEBOOK.split(name)[0] if _NOTEBOOK.search(name) else name)


def _plain(name):
    return unicodedata.normalize("NFC", name).casefold().strip()


def _rank(folder, path, hits):
    """What is more is used rather: cells of the notebook, a later time, a higher number."""
    time = os.lstat(os.path.join(folder, path)).st_mtime
    added = _ADDED.search(_stem(path))
    number = next((int(digits) for digits in added.groups() if digits), 0) if added else 0
    return hits, time // _SAME_TIME, number, time


def taken(converter, notebook):
    """(the file to read, notes) for the path that a notebook of a submission should have.

    converter  nbgrader's ``Autograde``, whose ``submitted/`` has been looked through
    """
    folder, file = os.path.split(notebook)
    name = file.removesuffix(".ipynb")
    if os.path.lexists(notebook):
        return notebook, []
    found = _handed_in(converter, folder).get(name)
    if found is None:
        return notebook, []
    return os.path.join(folder, found.path), [found.note(name)]


def used(converter, folder):
    """The relative paths of files that are, or could be, a notebook under another name."""
    found = _handed_in(converter, folder).values()
    return {path for one in found for path in (one.path, *one.others)}


def _handed_in(converter, folder):
    """What `find` finds in a folder; looked for once."""
    known = vars(converter).setdefault("_handed_in", {})
    if folder not in known:
        ignore = converter.coursedir.ignore
        known[folder] = find(folder, _recorded(converter), ignore)
    return known[folder]


def _recorded(converter):
    """{name: grade_ids} of the assignment's notebooks, as the gradebook has them."""
    if "_recorded_names" not in vars(converter):
        with gradebook.of(converter) as book:
            entry = book.find_assignment(converter.coursedir.assignment_id)
            converter._recorded_names = {
                notebook.name: frozenset(cell.name for cell in notebook.source_cells)
                for notebook in entry.notebooks
            }
    return converter._recorded_names
