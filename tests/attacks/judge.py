"""What came of an attack: points, canaries, and what it reached."""

import contextlib
import html.parser
import json
import os
import re
import secrets
import selectors
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from .course import INSIDE, POINTS, scores

KINDS = ("points", "canary", "reach", "batch", "lost", "script")
"""How an attack can succeed: undeserved points; a canary seen by the student; something out of
bounds reached, changed or left running; others not graded; deserved points lost; a script that
would run for whoever reads the feedback."""

_CANARY = re.compile(r"canary[-_]in[-_][a-z_-]+")


class Listening:
    """Servers of the grader's machine that no student's code must reach; ``heard`` is who did."""

    def __init__(self):
        self.heard, self._folder = [], tempfile.TemporaryDirectory(prefix="listen-")
        path = f"{self._folder.name}/socket"
        os.chmod(self._folder.name, 0o755)
        abstract = f"attacks-{secrets.token_hex(8)}"
        unix, hidden = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        unix.bind(path)
        os.chmod(path, 0o777)
        hidden.bind(f"\0{abstract}")
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        sockets = [unix, hidden, tcp, udp]
        marks = {"TCP": tcp.getsockname()[1], "UDP": udp.getsockname()[1], "TCP6": 9}
        if socket.has_ipv6:
            with contextlib.suppress(OSError):  # a machine without an address of it
                tcp6 = socket.socket(socket.AF_INET6)
                tcp6.bind(("::1", 0))
                sockets.append(tcp6)
                marks["TCP6"] = tcp6.getsockname()[1]
        self.marks = marks | {"ABSTRACT": abstract, "SOCKET": path}
        self._sockets = sockets
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        selector = selectors.DefaultSelector()
        for sock in self._sockets:
            if sock.type == socket.SOCK_STREAM:
                sock.listen()
            selector.register(sock, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                self.heard.append(self._hear(key.fileobj))

    def _hear(self, sock):
        with contextlib.suppress(OSError):
            if sock.type == socket.SOCK_DGRAM:
                return sock.recv(1000).decode(errors="replace")
            connection, _ = sock.accept()
            with connection:
                connection.settimeout(1)
                return connection.recv(1000).decode(errors="replace") or "(nothing)"
        return "(nothing)"


@dataclass
class Verdict:
    """What an attack got: {kind of ``KINDS``: what}; empty if it got nothing."""

    got: dict = field(default_factory=dict)

    def add(self, kind, what):
        self.got.setdefault(kind, []).append(what)

    def __bool__(self):
        return bool(self.got)

    def __str__(self):
        return "; ".join(f"{kind}: {', '.join(map(str, what))}" for kind, what in self.got.items())


def judge(course, attack, heard=(), alive=(), strict=True):
    """What ``attack`` got in a graded course.

    heard   what listeners heard, see ``Listening``
    alive   what is left running, see ``survivors``
    strict  whether a canary anywhere in the feedback counts; else, what the attack's own code
            printed does: stock feedback shows the hidden tests to everyone
    """
    verdict = Verdict()
    given = scores(course, attack.name)
    _judge_points(attack, given, verdict)
    texts = outputs(course, attack.name)
    seen = " ".join(texts)
    if strict:
        pages = feedback(course, attack.name)
        seen += " ".join(pages) + " ".join(re.sub(r"<[^>]*>", "", page) for page in pages)
    for hit in sorted(set(_CANARY.findall(seen))):
        verdict.add("canary", hit)
    for what in re.findall(rf"REACHED (.*) {re.escape(attack.name)}\b", " ".join(texts)):
        verdict.add("reach", what)
    for what in (*heard, *alive, *marks_left(course)):
        if re.search(rf"(?<![\w-]){re.escape(attack.name)}(?![\w-])", what):
            verdict.add("reach", what[:100])
    for page in feedback(course, attack.name):
        if runs := scripts(page):
            verdict.add("script", runs[0])
    return verdict


def _judge_points(attack, given, verdict):
    if attack.deserves == dict.fromkeys(POINTS, 0.0) and set(given.values()) == {None}:
        return  # nothing was handed in, nothing was given
    for test, deserved in attack.deserves.items():
        points = given[test]
        # a test that is tagged to run in the student's kernel is in their hands, up to its points
        most = POINTS[test] if test == INSIDE else deserved
        if points is not None and points > most:
            verdict.add("points", f"{test} {points:g} of {deserved:g}")
        elif (points or 0) < deserved:
            verdict.add("lost", f"{test} {points} of {deserved:g}")


def outputs(course, student):
    """The text of what is printed and displayed in a student's autograded notebook."""
    path = course.root / "autograded" / student / "ps1" / "p1.ipynb"
    if not path.is_file():
        return []
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8", errors="replace"))["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                found.append("".join(output["text"]))
            elif "data" in output:
                found += map(_joined, output["data"].values())
    return found


def _joined(value):
    return value if isinstance(value, str) else "".join(map(str, value))


def feedback(course, student):
    """The text of every file in a student's feedback."""
    found = []
    for folder, _, files in os.walk(course.root / "feedback" / student):
        for name in files:
            path = Path(folder, name)
            if path.stat().st_size < 20_000_000:
                found.append(path.read_text(encoding="utf-8", errors="replace"))
    return found


def survivors():
    """Command lines of running processes that say whose survivors they are."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            line = Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode()
            found += [f"running: {word[9:]}" for word in line.split() if word[:9] == "survivor-"]
    return found


def marks_left(course):
    """Files that attacks have left outside their folders, and triggers in the gradebook."""
    found = []
    for folder, names, files in os.walk(course.root.parent):
        names[:] = [name for name in names if name not in ("deep", "many")]
        found += [f"{folder}: {name[6:]}" for name in files if name.startswith("pwned-")]
    return found


class _Scripts(html.parser.HTMLParser):
    """Collects what would run ``mark`` in a browser."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self._inside = [], False

    def handle_starttag(self, tag, attrs):
        self._inside = tag == "script"
        for name, value in attrs:
            runs = name.startswith("on") or (value or "").strip().startswith("javascript:")
            if (runs and "mark(" in (value or "")) or (name == "srcdoc" and "mark(" in value):
                self.found.append(f"<{tag} {name}>")

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside and "mark(" in data:
            self.found.append("<script>")


def scripts(page):
    """The places in an HTML page where a marked script would run."""
    parser = _Scripts()
    parser.feed(page)
    return parser.found
