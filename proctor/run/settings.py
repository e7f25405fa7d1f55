"""Settings: how notebooks are played, said once for a class."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from proctor.sandbox import Policy

# what a `Policy` limits and a course can set; their defaults are the policy's
LIMITS = "memory", "cpu", "processes", "file_size", "open_files"


@dataclass(frozen=True)
class Settings:
    """How a notebook is played.

    seconds     limit of one cell
    total       limit of the whole notebook, in seconds
    memory      bytes of a student's processes
    cpu         seconds of processor time of these, together
    processes   how many of them there may be at a time, threads counted
    file_size   bytes of the largest file that they may write
    open_files  files that each of them may have open
    sandbox     False: go on where nothing can keep the files
    hidden      files and folders to hide
    """

    seconds: float = 30
    total: float = 600
    memory: int = Policy.memory
    cpu: int = Policy.cpu
    processes: int = Policy.processes
    file_size: int = Policy.file_size
    open_files: int = Policy.open_files
    sandbox: bool = True
    hidden: tuple = ()

    def policy(self):
        """The `Policy` of students' processes; their folder is still to be made."""
        return Policy(
            folder="",
            hidden=self.hidden,
            **{name: getattr(self, name) for name in LIMITS},
            env={"NBGRADER_EXECUTION": "autograde"},
            sandbox=self.sandbox,
        )


def hide(root, names=()):
    """The paths to hide from students: the course's, the checkout this package is in, if any, more.

    names  modules and paths
    """
    return (root, *_editable(), *map(_place, names))


def _place(name):
    """Where a module lies; a path is itself."""
    if os.sep in name:
        return os.path.abspath(name)
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ValueError(f"c.Execute.hidden names {name!r}, which is no module here and no path")
    package = found.submodule_search_locations
    return package[0] if package else found.origin


def _editable():
    """The checkout that this package is used from, with what lies there beside it."""
    here = Path(__file__).resolve().parents[2]
    return (str(here),) if (here / "pyproject.toml").is_file() else ()
