"""Job: one notebook to play, what it needs to know of its assignment, and what came of it."""

from dataclasses import dataclass, field

# Every fork pays for what is there; what the cells of an assignment import is imported besides.
# The student's process seeds NumPy's random numbers; np.load of an .npz file imports the others.
PRELOAD = ("numpy.random", "zipfile", "encodings.cp437")

NOTEBOOK = "the notebook itself"  # in place of a cell's grade_id, which has no spaces


@dataclass(frozen=True)
class Assignment:
    """What the template imports before any notebook is played.

    files     {relative path: bytes}: what lies beside the notebooks, as students have it
    lessons   sources of the cells that students see
    tests     sources of the test cells
    mark      what begins a hidden region
    private   {relative path: bytes}: modules that tests may import, and students' code may not
    preload   names of modules that are imported first, besides what lessons and tests import
    """

    files: dict = field(default_factory=dict)
    lessons: tuple = ()
    tests: tuple = ()
    mark: str = ""
    private: dict = field(default_factory=dict)
    preload: tuple = PRELOAD


@dataclass
class Job:
    """One notebook to play.

    cells    [{"role", "source", "points"}]; the role is "student", "locked", "test", "inside" (a
             test in the student's kernel), "shown" (need not run) or "text"
    seconds  limit of one cell
    total    limit of the whole notebook, in seconds
    source   what the source says of the notebook as a whole: {"model": fields of a
             `proctor.rpc.places.Model`, "released": names of classes that released lines define,
             "private": names of modules that only the grader has, "rebound": names that a call may
             bind anew, "read": names that model answers take from others, "modules": those that
             tests import and a student may be asked to write, "beside": those that are released
             with the notebook, "mark": what begins a hidden region}
    """

    cells: list
    seconds: float = 30.0
    total: float = 600.0
    source: dict = field(default_factory=dict)


@dataclass
class Played:
    """What came of a notebook.

    results  for each cell what `Runner.play` returns
    held     what kept the student's process in: {layer: "held" or why not}; {} if none ran
    made     {relative path: bytes}: files that the student's cells made
    doubtful whether a cell was stopped for a time that it may have spent waiting for others
    again    whether this is what came when it was played once more, alone
    """

    results: list
    held: dict
    made: dict
    doubtful: bool = False
    again: bool = False

    @property
    def unconfined(self):
        """Whether a student's process ran that nothing kept in."""
        return bool(self.held) and "held" not in (self.held["namespaces"], self.held["landlock"])
