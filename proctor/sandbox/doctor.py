"""`proctor doctor`: does this machine keep a student's code in? Each way out is tried.

A jail is entered with every layer, and the ways out in `proctor.sandbox.tries` are tried in it;
then again with each layer alone, which shows what would still hold if another failed.
"""

import argparse
import contextlib
import ctypes
import json
import os
import select
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from proctor.sandbox import LAYERS, Ended, NoIsolation, Policy, launch, probes

HELD, FAILED, ABSENT = "held", "FAILED", "absent"
MIB = 1 << 20

# what must hold, what is tried, and the name of it in proctor.sandbox.tries
TRIES = {
    "read_canary": ("files", "read a file of the course"),
    "read_gradebook": ("files", "read the gradebook"),
    "read_hidden": ("files", "read a package that is hidden among readable ones"),
    "read_by_descriptor": ("files", "use a file that the grader left open"),
    "read_by_link": ("files", "read a file through a hard link"),
    "read_by_handle": ("files", "open a file by its handle"),
    "write_outside": ("files", "write a file outside the folder"),
    "overwrite_outside": ("files", "overwrite a file outside"),
    "delete_outside": ("files", "rename a file outside"),
    "chmod_outside": ("files", "change the mode of a file outside"),
    "utime_outside": ("files", "change the time of a file outside"),
    "write_interpreter": ("files", "add a module to the interpreter"),
    "connect_tcp": ("network", "connect to a TCP port of this machine"),
    "send_udp": ("network", "send a UDP datagram"),
    "be_called": ("network", "listen on a TCP port and be reached"),
    "connect_abstract": ("network", "connect to an abstract Unix socket"),
    "connect_path": ("network", "connect to a Unix socket in the file system"),
    "send_datagram": ("network", "send to a Unix datagram socket"),
    "signal_other": ("processes", "signal another process"),
    "see_processes": ("processes", "see the grader's environment and command line"),
    "read_memory": ("processes", "read the grader's memory (process_vm_readv)"),
    "read_memory_file": ("processes", "read the grader's memory (/proc/…/mem)"),
    "trace": ("processes", "trace another process"),
    "become_daemon": ("processes", "become a daemon and survive"),
    "inherit_environment": ("processes", "find a secret in the environment"),
    "gain_privileges": ("processes", "gain privileges (setuid program)"),
    "new_namespaces": ("processes", "create namespaces again (unshare)"),
    "new_namespaces_by_clone": ("processes", "create namespaces again (clone)"),
    "leave_ipc": ("processes", "leave shared memory behind"),
    "take_memory": ("resources", "take more memory than allowed"),
    "take_shared_memory": ("resources", "take more shared memory than allowed"),
    "take_memory_together": ("resources", "take more memory, in several processes"),
    "burn": ("resources", "take more processor time, in several processes"),
    "fork_many": ("resources", "fork 200 processes"),
    "write_much": ("resources", "write a larger file than allowed"),
    "fill_disk": ("resources", "fill the disk with many files"),
}
# these end the jail, so each has its own
_ALONE = ("become_daemon", "take_shared_memory", "take_memory_together", "burn")
_NEEDED = ("files", "network", "processes")

_LIMITS = {
    "memory": 192 * MIB,
    "processes": 40,
    "file_size": 4 * MIB,
    "space": 16 * MIB,
    "cpu": 5,
}


@dataclass
class Diagnosis:
    """What came of the tries.

    layers: each layer's "held" or why not; results: {try: {"all": …, layer alone: …}} of "held",
    "FAILED" or "absent"; seen: {try: what was seen with every layer}.
    """

    layers: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)
    refused: str = ""

    @property
    def sufficient(self):
        """Whether everything about files, network and other processes holds."""
        held = [self.results.get(name, {}).get("all") for name in TRIES if _promise(name)]
        return not self.refused and held.count(FAILED) == 0 and held.count(HELD) > len(held) / 2

    def failed(self):
        """The names of the tries that got through although every layer was used."""
        return [name for name, found in self.results.items() if found.get("all") == FAILED]


def _promise(name):
    return TRIES[name][0] in _NEEDED


def diagnose(layers=LAYERS, alone=LAYERS):
    """Try every way out with ``layers`` together, and with each of ``alone`` by itself."""
    diagnosis = Diagnosis()
    columns = {"all": tuple(layers)} | {layer: (layer,) for layer in alone if layer in layers}
    with Outside() as outside:
        for column, wanted in columns.items():
            policy = Policy(
                str(outside.folder),
                readable=(str(outside.packages),),
                hidden=(str(outside.packages / "hidden"),),
                layers=wanted,
                sandbox=column == "all",
                **_LIMITS,
            )
            _fill_column(diagnosis, column, policy, outside)
            if diagnosis.refused:
                break
    return diagnosis


def _fill_column(diagnosis, column, policy, outside):
    """Try everything under one policy."""
    try:
        held, outcomes = _quick(policy, outside)
    except NoIsolation as refused:
        diagnosis.refused = str(refused)
        return
    except Ended as error:
        held, outcomes = {column: f"could not be entered: {error}"}, {}
    if column == "all":
        diagnosis.layers = held
        for name in _ALONE:
            outcomes[name] = _seen_from_outside(name, policy, outside)
    usable = column == "all" or held.get(column) == HELD
    for name in TRIES:
        got_through, seen = outcomes.get(name, (None, ""))
        word = ABSENT if got_through is None or not usable else FAILED if got_through else HELD
        diagnosis.results.setdefault(name, {})[column] = word
        if column == "all":
            diagnosis.seen[name] = seen


def _quick(policy, outside):
    """(layers, {try: (got through, what was seen)}) of the tries that report themselves."""
    outcomes = {}
    names = [name for name in TRIES if name not in _ALONE]
    while names:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with _start(policy, outside, names, **pipes) as jailed:
            outcomes |= _conversation(jailed, outside)
            held = jailed.held
            names = [name for name in names if name not in outcomes]
            if names:
                # a limit of all processes together ends the jail: that is how it holds
                status, seen = jailed.wait(5), f"the jail was ended: {jailed.reason}"
                if jailed.reason is None:
                    seen = f"the process ended with status {status}"
                outcomes[names.pop(0)] = (False if jailed.reason else None, seen)
    return held, outcomes


def _conversation(jailed, outside):
    """Let the process go from one try to the next; returns what came of them."""
    outcomes = {}
    end = time.monotonic() + 60
    while line := _line(jailed.stdout, end):
        message = json.loads(line)
        if isinstance(message, dict):
            outside.call(message["listening"])
            continue
        name, got_through, seen = message
        if name == "signal_other" and got_through:
            outside.let_victim_end()
        outcomes[name] = (outside.changed(got_through), seen)
        with contextlib.suppress(BrokenPipeError):
            jailed.stdin.write(b"next\n")
            jailed.stdin.flush()
    return outcomes


def _line(stream, end):
    """The next line of a pipe, empty at its end or when the time is over."""
    ready = select.select([stream], [], [], max(0, end - time.monotonic()))[0]
    return stream.readline() if ready else b""


def _start(policy, outside, names, facts=None, **how):
    """A jailed process with these tries, in an empty folder."""
    shutil.rmtree(outside.folder)
    outside.folder.mkdir()
    shutil.copy(probes.__file__, outside.folder / "tries.py")
    limits = {name: getattr(policy, name) for name in _LIMITS}
    (outside.folder / "facts.json").write_text(json.dumps(outside.facts | limits | (facts or {})))
    script = [sys.executable, "-u", "tries.py", "facts.json", *names]
    return launch(script, policy, stderr=subprocess.DEVNULL, **how)


def _seen_from_outside(name, policy, outside):
    """(got through, what was seen) of a try that the guard must end."""
    if name == "become_daemon":
        return _daemon(policy, outside)
    if name == "burn":
        policy = replace(policy, cpu=1)
    began = time.monotonic()
    with _start(policy, outside, [name], stdout=subprocess.PIPE) as jailed:
        try:
            jailed.wait(12)
        except TimeoutError:
            return True, "still running after 12 s"
        said = jailed.stdout.read()
        if jailed.reason is None and said and json.loads(said)[1] is False:
            return False, json.loads(said)[2]
    seen = f"ended after {time.monotonic() - began:.1f} s: {jailed.reason or jailed.returncode}"
    return jailed.reason not in ("cpu", "memory") and jailed.returncode == 0, seen


def _daemon(policy, outside):
    """Whether a daemon outlives its jail: it holds a pipe that closes with it."""
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe:
        facts = {"descriptor": writing}
        with _start(policy, outside, ["become_daemon"], facts, pass_fds=(writing,)) as jailed:
            os.close(writing)
            if not _line(pipe, time.monotonic() + 10):
                return None, "the daemon did not start"
            began = time.monotonic()
            jailed.kill()
            took = 1000 * (time.monotonic() - began)
        gone = select.select([pipe], [], [], 0)[0] and not pipe.read()
    return not gone, f"ended within {took:.0f} ms" if gone else "it is still alive"


class Outside:
    """What a student's code must not reach: files, sockets and processes like a grader's."""

    def __enter__(self):
        self._ends = contextlib.ExitStack()
        try:
            self._lay_out()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_):
        self._ends.close()

    def _lay_out(self):
        top = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="doctor-")))
        top.chmod(0o755)
        secret = f"canary-{os.urandom(8).hex()}"
        self.folder, self.packages, self.place = (
            top / name for name in ("folder", "packages", "course")
        )
        for path in (self.folder, self.place, self.packages / "hidden", self.packages / "open"):
            path.mkdir(parents=True)
        for path in (self.place / "canary", self.place / "spare"):
            path.write_text(secret)
        (self.packages / "hidden" / "secret.py").write_text(secret)
        with contextlib.closing(sqlite3.connect(self.place / "gradebook.db")) as gradebook:
            gradebook.execute(f"create table grade as select '{secret}' as score")
            gradebook.commit()
        os.environ["PROCTOR_DOCTOR_CANARY"] = secret
        self._ends.callback(os.environ.pop, "PROCTOR_DOCTOR_CANARY")
        self._memory = ctypes.create_string_buffer(secret.encode())
        self._start_victim(secret)
        self.facts = {
            "secret": secret,
            "canary": str(self.place / "canary"),
            "spare": str(self.place / "spare"),
            "gradebook": str(self.place / "gradebook.db"),
            "outside": str(self.place),
            "hidden": str(self.packages / "hidden"),
            "hidden_sibling": "open",
            "handle": _handle(self.place / "canary"),
            "pid": os.getpid(),
            "victim": self.victim.pid,
            "address": ctypes.addressof(self._memory),
            "length": len(secret),
            **self._open_sockets(secret.encode()),
        }
        self._before = self._state()

    def _start_victim(self, secret):
        """A process with the secret on its command line and in its environment."""
        program = "import time; print(flush=True); time.sleep(600)"
        command = [sys.executable, "-I", "-S", "-c", program, secret]
        self.victim = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._ends.enter_context(self.victim.stdout)
        self._ends.callback(self.victim.wait)
        self._ends.callback(self.victim.kill)
        # Popen returns while execve(2) is at work: /proc shows the command line a moment later
        _line(self.victim.stdout, time.monotonic() + 10)

    def _open_sockets(self, secret):
        """Listeners that hand out the secret."""
        abstract = f"doctor-{os.urandom(8).hex()}"
        path, datagrams = str(self.place / "socket"), str(self.place / "datagrams")
        tcp = self._listen(socket.AF_INET, ("127.0.0.1", 0), secret)
        self._listen(socket.AF_UNIX, "\0" + abstract, secret)
        self._listen(socket.AF_UNIX, path, secret)
        udp = self._ends.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        self._ends.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(datagrams)
        for name in (path, datagrams):
            os.chmod(name, 0o666)
        return {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "abstract": abstract,
            "socket": path,
            "datagrams": datagrams,
        }

    def _listen(self, family, address, secret):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.sendall(secret)

        threading.Thread(target=serve, daemon=True).start()
        self._ends.callback(listener.close)
        with contextlib.suppress(OSError):
            self._ends.callback(_shut_down, listener)
        return listener

    def call(self, port):
        """Try to reach a port that a jailed process listens on."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as it:
            it.sendall(b"hello")

    def let_victim_end(self):
        """It gets a signal when it runs next: on a busy machine, after a while."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.victim.wait(5)

    def changed(self, got_through):
        """What really happened outside outweighs what the try itself believes."""
        state = self._state()
        if state != self._before:
            got_through = True
            self._repair()
        return got_through

    def _state(self):
        facts = {}
        for path in sorted(self.place.iterdir()):
            status = path.stat()
            facts[path.name] = (status.st_mode, status.st_mtime_ns, status.st_size, status.st_uid)
        return facts, self.victim.poll() is None

    def _repair(self):
        """After a try that got through, so that the next one finds the same."""
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.place / "spare-moved", self.place / "spare")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.place / "written")
        if self.victim.poll() is not None:
            self._start_victim(self.facts["secret"])
            self.facts["victim"] = self.victim.pid
        self._before = self._state()


def _shut_down(listener):
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)


def _handle(path):
    """The handle of a file as name_to_handle_at(2) gives it, in hexadecimal; "" where none."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer((128).to_bytes(4, sys.byteorder), 8 + 128)
    mount = ctypes.c_int()
    name = os.fsencode(path)
    if libc.name_to_handle_at(-100, name, buffer, ctypes.byref(mount), 0) != 0:
        return ""
    return buffer.raw.hex()


# --- the report ------------------------------------------------------------------------------


def advice(layer, why):
    """What to do about a layer that does not hold."""
    if layer == "namespaces":
        for path, value in (
            ("kernel/apparmor_restrict_unprivileged_userns", "0"),
            ("kernel/unprivileged_userns_clone", "1"),
        ):
            with contextlib.suppress(OSError):
                if Path("/proc/sys", path).read_text().strip() != value:
                    return f"sysctl -w {path.replace('/', '.')}={value}, or run as root"
        if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
            return (
                "start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
                "--security-opt apparmor=unconfined, or rely on Landlock"
            )
        return "allow user namespaces (sysctl user.max_user_namespaces), or run as root"
    if layer == "landlock":
        return "use Linux 5.13 or later with landlock in the boot parameter lsm="
    if layer == "user":
        if "closed" in why:
            return "install Python and the course where other users may enter"
        return "nothing where namespaces hold; else grade as root"
    if layer == "cgroups":
        return (
            "nothing: the other layers count too. Else grade as root, or by "
            "systemd-run --user --scope -p Delegate=yes proctor grade …"
        )
    return "use Linux on x86_64 or aarch64"


def report(diagnosis):
    """The diagnosis as text."""
    if diagnosis.refused:
        return f"FAILED  {diagnosis.refused}\n"
    lines = ["layer        state"]
    for layer, state in diagnosis.layers.items():
        lines.append(f"{layer:<12} {HELD if state == HELD else f'{ABSENT}: {state}'}")
        if state not in (HELD, "not wanted"):
            lines.append(f"{'':<12} → {advice(layer, state)}")
    columns = list(next(iter(diagnosis.results.values())))
    lines += ["", "With all layers together, and with each alone (· alone it does not hold this):"]
    lines.append(f"{'':<10} {'tried':<50}" + "".join(f"{name:<11}" for name in columns))
    for name, found in diagnosis.results.items():
        promise, what = TRIES[name]
        words = [found[column] for column in columns]
        words = [words[0], *("·" if word == FAILED else word for word in words[1:])]
        words = ["" if word == ABSENT and i else word for i, word in enumerate(words)]
        cells = "".join(f"{word:<11}" for word in words).rstrip()
        lines.append(f"{promise:<10} {what:<50}{cells}")
    lines.append("")
    for name, found in diagnosis.results.items():
        if found["all"] != HELD:
            lines.append(f"{found['all']}: {TRIES[name][1]}: {diagnosis.seen[name]}")
    verdict = "is" if diagnosis.sufficient else "is NOT"
    lines.append(f"Isolation {verdict} sufficient: files, network and processes.")
    return "\n".join(lines) + "\n"


def main(argv=None, also=None):
    """Try, print a table or JSON, and return 0 if isolation is sufficient, 1 if not.

    also  a function for more to look at, with its (report as text, as data, whether it is well)
    """
    parser = argparse.ArgumentParser(prog="proctor doctor", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=LAYERS,
        help="leave a layer out, to see what holds where it cannot be used",
    )
    parser.add_argument("--quick", action="store_true", help="do not try each layer alone")
    options = parser.parse_args(argv)
    wanted = [layer for layer in LAYERS if layer not in options.without]
    diagnosis = diagnose(wanted, () if options.quick else wanted)
    more, data, well = also() if also else ("", {}, True)
    if options.json:
        found = {"sufficient": diagnosis.sufficient, **asdict(diagnosis), **data}
        text = json.dumps(found, indent=2) + "\n"
    else:
        text = report(diagnosis) + more
    sys.stdout.write(text)
    return 0 if diagnosis.sufficient and well else 1


if __name__ == "__main__":
    sys.exit(main())
