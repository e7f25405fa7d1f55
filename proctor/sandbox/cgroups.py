"""Control groups: what the processes of a jail use together is counted and bounded by the kernel.

A process that starts jails makes one group, its nest, and in it each jail has its own, named after
the jail's outermost process. The nest goes with its owner; one whose owner was killed is removed by
the next. Version 1 of control groups has a hierarchy of folders for every controller, version 2 one
for all. Needs root, or (version 2) a group that the service manager has delegated.
"""

import atexit
import contextlib
import functools
import os
import re
from dataclasses import dataclass, field

from proctor.sandbox import linux

_WANTED = ("memory", "pids", "cpu", "cpuset")
_LEAF = "proctor-itself"  # version 2: a group with groups in it holds no processes of its own
_PROCESSES = "cgroup.procs"
_SPARE = 16  # a sixteenth: what the kernel counts besides the pages that a process knows of
_SHARES = 1024  # of a process, in version 1
_MOVES = 20  # attempts to catch processes that are forked meanwhile


class Unusable(OSError):
    """There are no control groups here for a student's processes; the text says why."""


@dataclass
class Nest:
    """The group of a process that starts jails, a folder in each hierarchy.

    folders  {folder: its controllers}
    left     names of groups in it that still have to go
    """

    version: int
    folders: dict
    left: set = field(default_factory=set)

    def remove(self, name):
        """Remove the group of a jail that has ended, and what could not be removed before."""
        self.left.add(str(name))
        self.left = {each for each in self.left if not self._gone(each)}

    def close(self):
        """Remove the nest, with what is left in it."""
        for folder in self.folders:
            _remove(folder)

    def _gone(self, name):
        gone = [_remove(os.path.join(folder, name)) for folder in self.folders]
        return all(gone)


class Group:
    """The group of one jail, used from within: made before the jail has a root of its own.

    plan   its `Policy`
    name   of the outermost process, as the owner of the nest knows it
    cores  that it may run on
    """

    def __init__(self, nest, plan, name, cores):
        self._join, self._events, self._usage = [], None, None
        self.holds_processor = False
        limits = _limits(nest.version, plan, cores)
        for nest_folder, controllers in nest.folders.items():
            folder = os.path.join(nest_folder, str(name))
            os.mkdir(folder)
            for controller in controllers:
                for file, value, needed in limits[controller]:
                    with contextlib.nullcontext() if needed else contextlib.suppress(OSError):
                        linux.write(os.path.join(folder, file), str(value))
            self._open(nest.version, folder, controllers)

    def _open(self, version, folder, controllers):
        """Keep what is to be read and written later, when the folder is out of sight."""
        self._join.append(os.open(os.path.join(folder, _PROCESSES), os.O_WRONLY | os.O_CLOEXEC))
        self.holds_processor |= "cpu" in controllers
        if "memory" in controllers:
            name = "memory.oom_control" if version == 1 else "memory.events"
            self._events = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC)
        if version == 2:
            self._usage = os.open(os.path.join(folder, "cpu.stat"), os.O_RDONLY | os.O_CLOEXEC)

    @property
    def files(self):
        """The descriptors that the guard goes on using."""
        return [place for place in (self._events, self._usage) if place is not None]

    def join(self, pid):
        """Put a process into it, with all that it will fork.

        The kernel may wait some ten milliseconds with that, for all of the machine's processors.
        """
        for place in self._join:
            os.write(place, b"%d" % pid)

    def cpu(self):
        """Seconds of processor time of all that were in it; 0.0 where it does not count them."""
        return _number(self._usage, rb"usage_usec (\d+)") / 1e6

    def short_of_memory(self):
        """Whether the kernel had to end a process because the group had used up its memory."""
        return _number(self._events, rb"oom_kill (\d+)") > 0


def _number(place, pattern):
    """A number in an open file, 0 where there is none."""
    found = re.search(pattern, os.pread(place, 4096, 0)) if place is not None else None
    return int(found[1]) if found else 0


def _limits(version, plan, cores):
    """{controller: [(file, value, whether it must be accepted)]}."""
    memory, cores = plan.memory + plan.memory // _SPARE, ",".join(map(str, sorted(cores)))
    tasks = plan.processes + 4  # RLIMIT_NPROC refuses first
    if version == 1:
        return {
            "memory": [
                ("memory.limit_in_bytes", memory, True),
                ("memory.memsw.limit_in_bytes", memory, False),  # where swap is accounted for
            ],
            "pids": [("pids.max", tasks, True)],
            "cpu": [],  # an equal share for each jail, however many processes and sessions it has
            "cpuset": [("cpuset.cpus", cores, True)],
        }
    return {
        "memory": [
            ("memory.max", memory, True),
            ("memory.swap.max", 0, False),
            ("memory.oom.group", 1, False),
        ],
        "pids": [("pids.max", tasks, True)],
        "cpu": [],
        "cpuset": [("cpuset.cpus", cores, True)],
    }


# --- the nest --------------------------------------------------------------------------------

_mine = {}  # process: (its nest, or None; why there is none)


def nest():
    """(the `Nest` of this process, None), made when first asked for; or (None, why there is none).

    Forks know their parent's, and do not own it.
    """
    if not _mine:
        try:
            _mine[os.getpid()] = _make_nest(*_hierarchies()), None
            atexit.register(close)
        except OSError as error:
            _mine[os.getpid()] = None, _reason(error)
    return known()


def known():
    """What `nest` has said in this process or one that it was forked by."""
    return next(iter(_mine.values()), (None, "whoever started it made no group"))


def know(made, why):
    """Use the nest of the process that has started this one."""
    _mine[os.getppid()] = Nest(**made) if made else None, why


def told():
    """What `know` needs, of the nest of this process."""
    made, why = nest()
    return made and {"version": made.version, "folders": made.folders}, why


def close():
    """Remove the nest of this process, if it has one."""
    made, _ = _mine.pop(os.getpid(), (None, None))
    if made is not None:
        made.close()


def remove(name):
    """Remove the group of a jail that this process has started, and that has ended."""
    made, _ = _mine.get(os.getpid(), (None, None))
    if made is not None:
        made.remove(name)


def _reason(error):
    if isinstance(error, Unusable):
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _make_nest(version, places):
    """Make a nest in each of ``places``, {folder: its controllers}; all of them or none."""
    name = f"proctor-{_namespace()}-{os.getpid()}-{_started(os.getpid())}"
    made = Nest(version, {})
    try:
        for place, controllers in places.items():
            _sweep(place)
            folder = os.path.join(place, name)
            os.mkdir(folder)
            made.folders[folder] = controllers
            if version == 2:
                _enable(folder, controllers)
                continue
            if "cpu" in controllers:
                # a share of processor time for each core, as its processes would have without a
                # group: else all of them together have that of one process, on all cores
                shares = _SHARES * len(os.sched_getaffinity(0))
                linux.write(os.path.join(folder, "cpu.shares"), str(shares))
            if "cpuset" in controllers:  # empty at first, and then nothing may join
                for file in ("cpuset.mems", "cpuset.cpus"):
                    linux.write(os.path.join(folder, file), linux.read(os.path.join(place, file)))
                linux.write(os.path.join(folder, "cgroup.clone_children"), "1")
    except OSError:
        made.close()
        raise
    return made


def _hierarchies():
    """(version, {folder of this process's group: controllers wanted of it}); raises Unusable."""
    found = _own_folders()
    first = {folder: names for names, folder in found if "" not in names and names}
    if any("memory" in names for names in first.values()):
        wanted = {f: [one for one in _WANTED if one in names] for f, names in first.items()}
        return 1, {folder: names for folder, names in wanted.items() if names}
    second = next((folder for names, folder in found if "" in names), None)
    if second is None:
        raise Unusable("no control groups are mounted here")
    return 2, _second_version(second)


def _second_version(folder):
    """{folder that may have groups with controllers: these}, for version 2."""
    if os.path.basename(folder) == _LEAF:
        folder = os.path.dirname(folder)
    names = linux.read(os.path.join(folder, "cgroup.controllers")).split()
    if "memory" not in names:
        raise Unusable("control groups of version 2 have no memory controller here")
    wanted = [name for name in _WANTED if name in names]
    enabled = linux.read(os.path.join(folder, "cgroup.subtree_control")).split()
    if not set(wanted) <= set(enabled):
        if not _is_ours(folder):
            raise Unusable("the control group of this process is not delegated to it")
        _enable(folder, wanted, _step_aside)
    return {folder: wanted}


def _is_ours(folder):
    """Whether a group of version 2 may be arranged by who runs in it."""
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b"1":
                return True
    # a container's: what is above cannot be seen, and nobody else arranges it
    return os.geteuid() == 0 and not os.path.exists(os.path.join(folder, "cgroup.type"))


def _enable(folder, controllers, aside=None):
    """Let the groups in ``folder`` have these controllers; ``aside`` makes room for that."""
    text = " ".join(f"+{name}" for name in controllers)
    try:
        linux.write(os.path.join(folder, "cgroup.subtree_control"), text)
    except OSError:
        if aside is None:
            raise
        aside(folder)
        linux.write(os.path.join(folder, "cgroup.subtree_control"), text)


def _step_aside(folder):
    """Move the processes of a group of our own into a leaf of it."""
    leaf = os.path.join(folder, _LEAF)
    with contextlib.suppress(FileExistsError):
        os.mkdir(leaf)
    for _ in range(_MOVES):
        pids = linux.read(os.path.join(folder, _PROCESSES)).split()
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                linux.write(os.path.join(leaf, _PROCESSES), pid)


def _own_folders():
    """[(controllers, folder)] of the groups this process is in; version 2 has the name ""."""
    where = {}
    for line in linux.read("/proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        where[frozenset(names.split(","))] = path
    found = []
    for line in linux.read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, point = before.split()[3:5]
        if kind not in ("cgroup", "cgroup2"):
            continue
        names = {""} if kind == "cgroup2" else set(options.split(","))
        for own, path in where.items():
            # of version 1, /proc/self/cgroup names just the controllers; "rw" is an option too
            if own == names or (kind == "cgroup" and own <= names and "" not in own):
                inner = os.path.relpath(path, root)
                if not inner.startswith(".."):
                    folder = os.path.normpath(os.path.join(point, inner))
                    if os.path.isdir(folder):
                        found.append((sorted(own), folder))
    return found


def _sweep(place):
    """Remove the nests in ``place`` whose owners were killed."""
    for name in os.listdir(place):
        owner = re.fullmatch(r"proctor-(\d+)-(\d+)-(\d+)", name)
        if owner and owner[1] == str(_namespace()) and _started(int(owner[2])) != int(owner[3]):
            _remove(os.path.join(place, name))


def _remove(folder):
    """Remove a group and those in it; False while processes are in one of them."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)
        return True
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
        os.rmdir(folder)
    return not os.path.exists(folder)


@functools.cache
def _namespace():
    """The number of the PID namespace: process numbers are of one."""
    return os.stat("/proc/self/ns/pid").st_ino


def _started(pid):
    """When a process started, in ticks since the machine did; None if there is none."""
    try:
        return int(linux.read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    except OSError:
        return None
