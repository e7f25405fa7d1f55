"""Ways out of a jail, tried from within. Runs alone: nothing but the standard library is there.

    python tries.py FACTS.json NAME …

prints one JSON list a try: its name, whether it got through (null: it could not be tried), and
what was seen; then it waits for a line of input before the next one. The facts are what
`proctor.sandbox.doctor` has laid out: paths, ports, process numbers.
"""

import ctypes
import errno
import glob
import json
import mmap
import os
import signal
import socket
import stat
import subprocess
import sys
import time

_libc = ctypes.CDLL(None, use_errno=True)


class CannotTry(Exception):
    """The try needs something that is not there."""


def _call(name, *args):
    """A function of libc; -1 raises OSError."""
    result = getattr(_libc, name)(*args)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _in_child(function, *args):
    """Call a function of libc in a child, so that its success changes nothing here."""
    pid = os.fork()
    if pid == 0:
        try:
            _call(function, *args)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    if number := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(number, os.strerror(abs(number)))


# Each try returns what it got hold of, or raises OSError when it was refused.


def read_canary(facts):
    with open(facts["canary"]) as file:
        return file.read()


def read_gradebook(facts):
    with open(facts["gradebook"], "rb") as file:
        return f"{len(file.read())} bytes"


def read_hidden(facts):
    if facts["hidden_sibling"] not in os.listdir(os.path.dirname(facts["hidden"])):
        raise CannotTry("its neighbour, which may be read, is not there")
    with open(facts["hidden"] + "/secret.py") as file:
        return file.read()


def read_by_descriptor(facts):
    """Whatever was left open by the grader."""
    found = []
    for number in range(3, 1024):
        try:
            found.append((number, os.fstat(number).st_mode))
        except OSError:
            continue
    if not found:
        raise OSError(errno.EBADF, "none is open")
    return f"descriptors {found}"


def read_by_link(facts):
    os.link(facts["canary"], "link")
    with open("link") as file:
        return file.read()


def read_by_handle(facts):
    """open_by_handle_at(2) with a handle that was made outside."""
    if not facts["handle"]:
        raise CannotTry("the file system outside gives no handles")
    handle = ctypes.create_string_buffer(bytes.fromhex(facts["handle"]))
    for place in ("/usr/bin", ".", "/"):
        somewhere = os.open(place, os.O_RDONLY)
        try:
            return os.read(_call("open_by_handle_at", somewhere, handle, os.O_RDONLY), 100).decode()
        except OSError as error:
            last = error
    raise last


def write_outside(facts):
    with open(facts["outside"] + "/written", "w") as file:
        file.write("x")
    return "a new file"


def overwrite_outside(facts):
    with open(facts["canary"], "r+") as file:
        return f"open for writing: {file.name}"


def delete_outside(facts):
    os.rename(facts["spare"], facts["spare"] + "-moved")
    return "renamed"


def chmod_outside(facts):
    os.chmod(facts["spare"], 0o666)
    if os.stat(facts["spare"]).st_mode & 0o777 != 0o666:
        raise OSError(errno.EPERM, "without effect")
    return "mode 666"


def utime_outside(facts):
    os.utime(facts["spare"], (0, 0))
    if os.stat(facts["spare"]).st_mtime != 0:
        raise OSError(errno.EPERM, "without effect")
    return "of 1970"


def write_interpreter(facts):
    path = os.path.dirname(os.__file__) + "/jail_was_here.py"
    with open(path, "w"):
        os.unlink(path)
    return "a new module"


def connect_tcp(facts):
    with socket.create_connection(("127.0.0.1", facts["tcp"]), timeout=2) as connection:
        return connection.recv(100).decode()


def send_udp(facts):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", facts["udp"]))
        sender.connect(("127.0.0.1", facts["udp"]))
        return "sent"


def be_called(facts):
    """Listen, and be reached from outside."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)
        _say({"listening": listener.getsockname()[1]})
        connection = listener.accept()[0]
        return connection.recv(10).decode()


def connect_abstract(facts):
    return _connect_unix("\0" + facts["abstract"])


def connect_path(facts):
    return _connect_unix(facts["socket"])


def send_datagram(facts):
    """To a socket outside, through a pair that needs no connect."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.sendto(b"x", facts["datagrams"])
        return "sent"


def _connect_unix(address):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(address)
        return connection.recv(100).decode()


def signal_other(facts):
    os.kill(facts["victim"], signal.SIGTERM)
    return "sent SIGTERM"


def see_processes(facts):
    """The grader's environment and command line, or anyone else's."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if facts["secret"].encode() in file.read():
                    found.append(path)
        except OSError:
            continue
    if not found:
        raise OSError(errno.ENOENT, "not in sight")
    return ", ".join(found)


def read_memory(facts):
    """process_vm_readv(2) of the grader."""

    class Span(ctypes.Structure):
        _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_size_t))

    buffer = ctypes.create_string_buffer(facts["length"])
    mine = Span(ctypes.addressof(buffer), facts["length"])
    theirs = Span(facts["address"], facts["length"])
    one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
    _call(
        "process_vm_readv", facts["pid"], ctypes.byref(mine), one, ctypes.byref(theirs), one, none
    )
    return buffer.value.decode()


def read_memory_file(facts):
    with open(f"/proc/{facts['pid']}/mem", "rb") as memory:
        memory.seek(facts["address"])
        return memory.read(facts["length"]).decode()


def trace(facts):
    """PTRACE_ATTACH to another process."""
    _call("ptrace", 16, facts["victim"], None, None)
    _call("ptrace", 17, facts["victim"], None, None)
    return "attached"


def new_namespaces(facts):
    _in_child("unshare", 0x10000000 | 0x00020000)
    return "a user and a mount namespace"


def new_namespaces_by_clone(facts):
    number = {"x86_64": 56, "aarch64": 220}.get(os.uname().machine)
    if number is None:
        raise CannotTry("its number is not known here")
    pid = _call("syscall", number, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "a user namespace"


def gain_privileges(facts):
    """Become root, or run a program with the setuid bit."""
    if _effective("self"):
        return f"capabilities {_effective('self'):x}"
    for path in ("/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp"):
        try:
            if not os.stat(path).st_mode & stat.S_ISUID:
                continue
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            program = subprocess.Popen([path], **pipes)
        except OSError:
            continue
        try:
            time.sleep(0.05)
            if got := _effective(program.pid):
                return f"{path} has capabilities {got:x}"
        finally:
            program.kill()
            program.communicate()
    os.setuid(0 if os.getuid() else 12345)
    return "another user"


def _effective(pid):
    try:
        with open(f"/proc/{pid}/status") as lines:
            return next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))
    except OSError:
        return 0


def inherit_environment(facts):
    inherited = " ".join(f"{name}={value}" for name, value in os.environ.items())
    try:
        with open("/proc/self/environ") as file:
            inherited += file.read()
    except OSError:
        pass
    if facts["secret"] not in inherited:
        raise OSError(errno.ENOENT, "not there")
    return "the secret"


def take_memory(facts):
    """Up to three times the limit, in one process."""
    pieces = []
    try:
        while sum(map(len, pieces)) < 3 * facts["memory"]:
            pieces.append(b"x" * (16 << 20))
    except MemoryError:
        raise OSError(errno.ENOMEM, f"after {len(pieces) * 16} MiB") from None
    return f"{len(pieces) * 16} MiB"


def take_shared_memory(facts):
    """Memory that RLIMIT_DATA does not count."""
    keep = []
    try:
        while len(keep) * (16 << 20) < 3 * facts["memory"]:
            piece = mmap.mmap(-1, 16 << 20)
            piece.write(b"x" * (16 << 20))
            keep.append(piece)
            time.sleep(0.02)
    except MemoryError:
        raise OSError(errno.ENOMEM, f"after {len(keep) * 16} MiB") from None
    time.sleep(0.6)
    return f"{len(keep) * 16} MiB"


def fork_many(facts):
    """Two hundred processes."""
    children = []
    try:
        for _ in range(200):
            pid = os.fork()
            if pid == 0:
                time.sleep(10)
                os._exit(0)
            children.append(pid)
        time.sleep(0.8)
    except OSError as error:
        raise OSError(error.errno, f"after {len(children)} processes") from None
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    return f"{len(children)} processes"


def write_much(facts):
    """One file, a little larger than allowed."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("big", "wb", buffering=0) as file:
            written = 0
            while written < 2 * facts["file_size"]:
                written += file.write(bytes(1 << 20))
    except OSError as error:
        raise OSError(error.errno, f"after {written >> 20} MiB") from None
    finally:
        os.unlink("big")
    return f"{written >> 20} MiB"


def fill_disk(facts):
    """Many files, each as large as allowed."""
    written = 0
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        while written < 2 * facts["space"]:
            with open(f"part-{written}", "wb", buffering=0) as file:
                for _ in range(facts["file_size"] >> 20):
                    written += file.write(bytes(1 << 20))
        time.sleep(0.8)
    except OSError as error:
        raise OSError(error.errno, f"after {written >> 20} MiB") from None
    finally:
        for name in glob.glob("part-*"):
            os.unlink(name)
    return f"{written >> 20} MiB"


def leave_ipc(facts):
    """System V shared memory, which outlives its process."""
    number = _call("shmget", 0, ctypes.c_size_t(4096), 0o1600)
    _call("shmctl", number, 0, None)
    return "a segment"


# The next ones never report: whether they got through is seen from outside.


def burn(facts):
    """Processor time, in several processes that each stay below the limit."""
    for _ in range(3):
        os.fork()
    while True:
        pass


def take_memory_together(facts):
    """Each process stays below the limit, their sum does not."""
    for _ in range(3):
        os.fork()
    piece = bytearray(os.urandom(1)) * (facts["memory"] // 3)
    time.sleep(20)
    return len(piece)


def become_daemon(facts):
    """Fork twice, in a session of its own; it holds the descriptor in the facts while it lives."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            os.write(facts["descriptor"], b"daemon\n")
            time.sleep(60)
        os._exit(0)
    time.sleep(60)


def main(facts, names):
    """Run the tries and print what came of them."""
    for name in names:
        signal.alarm(15)
        try:
            outcome = [name, True, str(globals()[name](facts))]
        except CannotTry as error:
            outcome = [name, None, str(error)]
        except OSError as error:
            outcome = [name, False, error.strerror or str(error)]
        signal.alarm(0)
        _say(outcome)
        sys.stdin.readline()


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        its_facts = json.load(file)
    main(its_facts, sys.argv[2:])
