"""What a jailed process may see, and how much it may use."""

import functools
import os
import site
import sys
from dataclasses import dataclass, field

LAYERS = ("namespaces", "landlock", "user", "limits", "cgroups", "seccomp")

GIB = 1 << 30
MIB = 1 << 20

# What a Python program needs of the system: programs, shared libraries, fonts, time zones.
_SYSTEM = (
    "/bin",
    "/lib",
    "/lib64",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/fontconfig",
    "/usr/share/fonts",
    "/usr/share/terminfo",
    "/usr/share/zoneinfo",
    "/usr/local/share/fonts",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/sys/devices/system/cpu",
)


@dataclass(frozen=True)
class Policy:
    """What one jailed process may do. Paths are absolute, and the same inside as outside.

    Where listed paths lie in one another, the innermost decides: a `readable` virtual environment
    inside a `hidden` course stays readable, and a `hidden` package inside it stays hidden.
    The interpreter, its packages and the system's libraries are always readable.
    """

    folder: str
    """The working folder; it exists, and with what lies in it is the process's own."""
    readable: tuple[str, ...] = ()
    """Further files and folders to read; by every user, where the grader is root."""
    hidden: tuple[str, ...] = ()
    """Files and folders that cannot be read even where they lie in readable ones."""
    sockets: str | None = None
    """A folder, at most about 80 characters long, for Unix sockets that the caller connects to."""
    given: str | None = None
    """A folder whose files and folders are copied into the working folder first."""
    scratch: tuple[str, ...] = ()
    """Folders in /tmp that there are inside, too: empty, and the process's own. They need
    namespaces; without these, they are what they are outside."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to `clean_environment`; nothing is inherited."""
    memory: int = 2 * GIB
    """Bytes of private memory for each process, and of memory for all together: buffers of sockets
    and pipes, memory that they share and, with control groups, files in memory count too."""
    cpu: int = 300
    """Seconds of processor time for all processes together."""
    processes: int = 64
    """Processes and threads."""
    file_size: int = 64 * MIB
    """Bytes of the largest file."""
    open_files: int = 256
    space: int | None = 256 * MIB
    """Bytes of all files: the folder is then a copy in memory, gone at the end. None: on disk."""
    loopback: bool = False
    """Allow sockets to the jail's own loopback; only ever where it has its own network."""
    layers: tuple[str, ...] = LAYERS
    """The layers to use where they can be."""
    sandbox: bool = True
    """False: go on where neither namespaces nor Landlock can keep the files."""

    def resolved(self):
        """This policy with real paths, and with everything that is always readable."""
        if unknown := set(self.layers) - set(LAYERS):
            raise ValueError(f"unknown layers {sorted(unknown)}; there are {', '.join(LAYERS)}")
        for path in (self.folder, self.sockets, self.given):
            if path is not None and not os.path.isdir(path):
                raise FileNotFoundError(f"the jail's folder {path} does not exist; create it")
        folder = os.path.realpath(self.folder)
        real = {
            "folder": folder,
            "given": self.given and os.path.realpath(self.given),
            "sockets": self.sockets and os.path.realpath(self.sockets),
            "scratch": tuple(map(os.path.realpath, self.scratch)),
            "readable": tuple(sorted({*always_readable(), *_both(self.readable)})),
            "hidden": _both(self.hidden),
            "env": clean_environment(folder) | self.env,
        }
        return Policy(**(vars(self) | real))


def clean_environment(folder):
    """The environment inside a jail whose folder is ``folder``; secrets are not inherited."""
    python = os.path.dirname(sys.executable)
    env = {
        "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "USER": "student",
        "LOGNAME": "student",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": f"{folder}/.ipython",
        "MPLCONFIGDIR": f"{folder}/.matplotlib",
        # inline figures, as in a notebook; Matplotlib reads it when it is first imported
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # each BLAS thread reserves tens of megabytes and takes a processor from other jails
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    if site.ENABLE_USER_SITE:
        env["PYTHONUSERBASE"] = site.getuserbase()
    return env


@functools.cache
def _interpreter():
    """The folders of this interpreter and its packages; not where an editable install points."""
    found = [os.path.realpath(sys.executable)]
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        whole = prefix not in ("/", "/usr", "/usr/local")
        found += [prefix] if whole else [f"{prefix.rstrip('/')}/{part}" for part in ("bin", "lib")]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return found


@functools.cache
def always_readable():
    """What every process may read: {path: (where it really is, whether it is a folder)}.

    It is the same for every policy: looked up once, and known to forks.
    """
    paths = _both((*_SYSTEM, *_interpreter()))
    return {path: (os.path.realpath(path), os.path.isdir(path)) for path in paths}


def _both(paths):
    """The paths that exist, each as written and as it really is, outer ones first."""
    absolute = {os.path.abspath(path) for path in paths if os.path.exists(path)}
    return tuple(sorted(absolute | {os.path.realpath(path) for path in absolute}))


def contains(outer, inner):
    """Whether the path ``inner`` is ``outer`` or lies in it."""
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")
