"""Honest students hand in by three ways; beside them, others do whatever a name or a folder can.

- ``submitted/`` is filled by hand while ``proctor grade --watch`` grades it;
- two accounts put folders into the exchange, and `nbgrader collect` is called again and again;
- class archives are downloaded, and `nbgrader zip_collect` is called.

Nothing may end, and no honest student's work may be missing.
"""

import collections
import contextlib
import io
import os
import pwd
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests import commands

CONFIG = """
import proctor

c = get_config()
proctor.configure(c)
c.Execute.preload = []
c.CourseDirectory.course_id = "c"
c.CourseDirectory.max_file_size = 1000  # kB
c.CourseDirectory.max_dir_size = 2000
c.Exchange.root = {exchange!r}
c.Exchange.cache = {cache!r}
c.ExchangeCollect.check_owner = {owners}
c.FileNameCollectorPlugin.named_regexp = (
    r"(?s).+/ps1_(?P<student_id>[^/]+?)_attempt_(?P<timestamp>[0-9\\-]+)[_/.](?P<file_id>.+)"
)
"""
NAMES = (
    *("<img src=x onerror=alert(1)>", "<script>alert(1)", '"><svg onload=1>', "&lt;b&gt;", "a'--"),
    *("new\nline", "\x1b[2J\x1b[31m", "a\u202eb", "a\u200bb", "\u3164", "\u0301" * 40, "\udcff"),
    *("=1+1", "+1", "-rf", "@SUM(1)", "*", "?", "[a]", " a", "a ", "a.", ".hidden", "x" * 150),
    *("{student_id}", "{{7*7}}", "%s%n", "a,b", "a;b", "`id`", "$(id)", "a\\b", "CON", "学" * 60),
)


def notebook(answer):
    meta = {"schema_version": 3, "locked": False, "task": False}
    task = meta | {"grade_id": "a", "grade": False, "solution": True}
    test = meta | {"grade_id": "t", "grade": True, "solution": False, "locked": True, "points": 1}
    cells = [
        new_code_cell(answer, id="a", metadata={"nbgrader": task}),
        new_code_cell("assert x == 1", id="t", metadata={"nbgrader": test}),
    ]
    return nbformat.writes(new_notebook(cells=cells))


RIGHT = notebook("x = 1")


@dataclass
class Found:
    """What came of it: how often what was done, and what is wrong, a line each."""

    counts: collections.Counter = field(default_factory=collections.Counter)
    wrong: list = field(default_factory=list)


class Siege:
    """A course, its exchange and its downloads in a folder."""

    def __init__(self, folder, seed):
        self.chance, self.found = random.Random(seed), Found()
        self.root, self.exchange = folder / "course", folder / "exchange"
        self.owners = os.geteuid() == 0
        folder.chmod(0o755)
        (self.root / "source" / "ps1").mkdir(parents=True)
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        solution = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
        (self.root / "source" / "ps1" / "p1.ipynb").write_text(notebook(solution))
        paths = {"exchange": str(self.exchange), "cache": str(folder / "cache")}
        (self.root / "nbgrader_config.py").write_text(CONFIG.format(owners=self.owners, **paths))
        for word in ("generate_assignment", "release_assignment"):
            self.nbgrader(word)
        self.inbound = self.exchange / "c" / "inbound"
        self.submitted = self.root / "submitted"
        self.submitted.mkdir(exist_ok=True)
        self.honest = []

    def nbgrader(self, *words, check=True):
        done = commands.run(self.root, "nbgrader", *words, "ps1", apart=True)
        if check:
            done.check_returncode()
        return done

    def watch(self):
        """`proctor grade --watch`, as an account for which permissions count."""
        forget = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
        before = forget if self.owners and shutil.which("setpriv") else []
        self.log = open(self.root.parent / "watch.log", "w")  # noqa: SIM115  open while it runs
        return subprocess.Popen(
            [*before, sys.executable, "-m", "proctor", "grade", "ps1", "--watch"],
            cwd=self.root,
            stdout=self.log,
            stderr=self.log,
        )

    # what is done, once a call

    def hand_in_honestly(self):
        """By the way whose turn it is."""
        number = len(self.honest)
        way = ("hand", "exchange", "zip")[number % 3]
        student = f"honest-{number}-{way}"
        if (
            way == "exchange" and self.owners
        ):  # as `proctor.plugins.collect` calls an account without a name
            student = f"no {10_000 + number}"
        if way == "hand":
            folder = self.submitted / student / "ps1"
            folder.mkdir(parents=True)
            (folder / "p1.ipynb").write_text(RIGHT)
        elif way == "exchange":
            self.own(self.in_exchange(student), 10_000 + number)
        else:
            self.honest_zips = [*getattr(self, "honest_zips", []), student]
        self.honest.append(student)

    def in_exchange(self, student, ago=0, text=RIGHT):
        time = datetime.now(UTC) - timedelta(days=ago)
        suffix = "".join(self.chance.choices("abcdefghij", k=12))
        folder = self.inbound / f"{student}+ps1+{time:%Y-%m-%d %H:%M:%S.%f} UTC+{suffix}"
        folder.mkdir(mode=0o777)
        (folder / "p1.ipynb").write_text(text)
        (folder / "timestamp.txt").write_text(f"{time:%Y-%m-%d %H:%M:%S.%f} UTC")
        return folder

    def own(self, folder, uid):
        """Give a folder to a number: an account of its own."""
        if self.owners:
            for path in (*folder.rglob("*"), folder):
                os.chown(path, uid, -1, follow_symlinks=False)

    def hostile(self, folder):
        """Something that is no good submission, at a path that is free."""
        kind = self.chance.randrange(12)
        if kind == 0:
            folder.write_text("a file")
        elif kind == 1:
            os.mkfifo(folder)
        elif kind == 2:
            folder.symlink_to(self.root / "source")
        else:
            folder.mkdir(parents=True)
        if kind == 3:
            (folder / "p1.ipynb").mkdir()
        if kind == 4:
            os.mkfifo(folder / "p1.ipynb")
        if kind == 5:
            (folder / "p1.ipynb").write_text(RIGHT)
            folder.chmod(0o444)
        if kind == 6:
            (folder / "p1.ipynb").write_text(RIGHT)
            (folder / "p1.ipynb").chmod(0)
        if kind == 7:
            with open(folder / "sparse", "wb") as file:
                file.truncate(1 << 40)
        if kind == 8:
            (folder / "p1.ipynb").write_text(RIGHT[: len(RIGHT) // 2])
            (folder / "timestamp.txt").write_text(self.chance.choice(["", "9" * 400, "soon"]))
        if kind == 9:
            for number in range(50):
                (folder / f"{number}").mkdir()
        if kind == 10:
            (folder / "p1.ipynb").write_text(notebook("raise SystemExit"))
            (folder / "timestamp.txt").mkdir()
        return kind

    def put_by_hand(self):
        name = self.chance.choice(NAMES) if self.chance.random() < 0.5 else "odd"
        place = self.submitted / f"{name}{self.chance.randrange(1000)}"
        with contextlib.suppress(FileExistsError, UnicodeEncodeError):
            place.mkdir()
            self.hostile(place / "ps1")
            if self.chance.random() < 0.2:
                place.chmod(0o444)

    def take_away(self):
        """A folder is gone again, or another's name for it."""
        there = [name for name in os.listdir(self.submitted) if name not in self.honest]
        if there:
            place = self.submitted / self.chance.choice(there)
            if self.chance.random() < 0.5:
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.rename(
                    self.submitted / f"moved{self.chance.randrange(1000)}-{time.time_ns()}"
                )

    def copy_slowly(self):
        place = self.submitted / f"slow{self.chance.randrange(20)}" / "ps1"
        place.mkdir(parents=True, exist_ok=True)
        with open(place / "p1.ipynb", "a") as file:
            start = file.tell() % len(RIGHT)
            file.write(RIGHT[start : start + 200])

    def put_into_exchange(self):
        name = self.chance.choice((*NAMES, "eve", "eve-2", "mallory"))
        with contextlib.suppress(FileExistsError, OSError, UnicodeEncodeError):
            if self.chance.random() < 0.3:
                self.hostile(self.inbound / f"{name}+ps1+{datetime.now(UTC)}")
                return
            folder = self.in_exchange(name, self.chance.choice([0, 0, 3, -3]))
            if self.chance.random() < 0.5:
                self.hostile(folder / "more")
            self.own(folder, pwd.getpwnam(self.chance.choice(["bin", "daemon"])).pw_uid)

    def forge(self):
        """Another account's folder under an honest student's name."""
        victims = [name for name in self.honest if name.startswith("no ")]
        if victims and self.owners:
            folder = self.in_exchange(self.chance.choice(victims), 0, notebook("x = 2"))
            self.own(folder, pwd.getpwnam("bin").pw_uid)

    def lock(self):
        with contextlib.suppress(sqlite3.OperationalError):
            book = sqlite3.connect(self.root / "gradebook.db", isolation_level=None, timeout=0.1)
            with contextlib.closing(book):
                book.execute("BEGIN IMMEDIATE")
                time.sleep(self.chance.random())
                book.execute("ROLLBACK")

    def collect(self):
        done = self.nbgrader("collect", check=False)
        self.expect(done, "collected as they were")

    def zip_collect(self):
        """A class archive, with everybody's so far and what is no good."""
        archive = self.root / "downloaded" / "ps1" / "archive"
        shutil.rmtree(archive, ignore_errors=True)
        archive.mkdir(parents=True)
        named = "ps1_{}_attempt_2026-01-30-15-30-10"
        members = {named.format(s) + ".zip": _zip(RIGHT) for s in getattr(self, "honest_zips", [])}
        for number, name in enumerate(self.chance.sample(NAMES, 8)):
            content = self.chance.choice([bytes(1_900_000), "", "\0" * 5000])
            with contextlib.suppress(UnicodeEncodeError):
                (name + "x").encode()
                members[f"{named.format(name.replace('/', ''))}{number}.zip"] = _zip(content)
        members["bomb.zip"] = _zip(_zip(bytes(50_000_000)), "in.zip")
        members["ps1_tar_attempt_2026-01-30-15-30-10.tar.gz"] = _tar()
        members["ps1_broken_attempt_2026-01-30-15-30-10.zip"] = _zip(RIGHT)[:-30]
        if not getattr(self, "honest_zips", []):
            return
        everybody = io.BytesIO()
        with zipfile.ZipFile(everybody, "w") as file:
            for name, data in members.items():
                file.writestr(name, data)
        (archive / "class.zip").write_bytes(everybody.getvalue())
        done = self.nbgrader("zip_collect", "--force", check=False)
        self.expect(done, "Start transfering")

    def expect(self, done, words):
        said = done.stdout + done.stderr
        if words not in said or "Traceback" in said or done.returncode not in (0, 1):
            self.found.wrong.append(f"{done.args[1]} ended: {said[-2000:]}")
        if len(said.splitlines()) > 2000 + 40 * len(self.honest):
            self.found.wrong.append(f"{done.args[1]} wrote {len(said.splitlines())} lines")

    # in its end

    def judge(self):
        with contextlib.closing(sqlite3.connect(self.root / "gradebook.db")) as book:
            rows = book.execute(
                "SELECT student_id, SUM(auto_score) FROM grade JOIN submitted_notebook ON "
                "submitted_notebook.id = grade.notebook_id JOIN submitted_assignment ON "
                "submitted_assignment.id = submitted_notebook.assignment_id GROUP BY student_id"
            ).fetchall()
        marks = dict(rows)
        for student in self.honest:
            if marks.get(student) != 1:
                self.found.wrong.append(f"{student} has {marks.get(student)} of 1")
        for student in marks:
            if set(student) & set('<>&"`=\n\x1b\u202e{}*'):
                self.found.wrong.append(f"{student!r} is in the gradebook")
        for path in self.submitted.rglob("*"):
            if path.is_dir() and path.parent.name.startswith(("honest", "no ")):
                mode = stat.S_IMODE(path.lstat().st_mode)
                if mode & 0o022:
                    self.found.wrong.append(f"{path} has mode {mode:o}")
        self.found.counts["graded"] = len(marks)
        self.found.counts["honest"] = len(self.honest)


def _zip(content, name="p1.ipynb"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return data.getvalue()


def _tar():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, kind in (("../up", tarfile.REGTYPE), ("l", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    return data.getvalue()


def besiege(folder, seconds, seed=15):
    """Do all of it for so long; return `Found`."""
    siege = Siege(folder, seed)
    weights = {
        siege.hand_in_honestly: 3,
        siege.put_by_hand: 20,
        siege.take_away: 8,
        siege.copy_slowly: 10,
        siege.put_into_exchange: 20,
        siege.forge: 2,
        siege.lock: 1,
        siege.collect: 1,
        siege.zip_collect: 1,
    }
    watch = siege.watch()
    try:
        end = time.monotonic() + seconds
        for first in (siege.hand_in_honestly,) * 3 + (siege.put_by_hand, siege.put_into_exchange):
            first()
        while time.monotonic() < end:
            (act,) = siege.chance.choices([*weights], [*weights.values()])
            act()
            siege.found.counts[act.__name__] += 1
            if watch.poll() is not None:
                siege.found.wrong.append(f"--watch ended with {watch.returncode}")
                break
            time.sleep(0.05)
        siege.collect()
        siege.zip_collect()
        _wait_for_marks(siege, watch, 60 + seconds)
        watch.send_signal(signal.SIGTERM)
        if (status := watch.wait(30)) != 0:
            siege.found.wrong.append(f"--watch stopped with {status}")
    finally:
        if watch.poll() is None:
            watch.kill()
            watch.wait()
        siege.log.close()
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
    said = (folder / "watch.log").read_text(errors="replace")
    siege.found.counts["lines"] = len(said.splitlines())
    if "Traceback" in said:
        siege.found.wrong.append(said[said.index("Traceback") :][:2000])
    siege.judge()
    return siege.found


def _wait_for_marks(siege, watch, seconds):
    """Until the watching grader has come to the last of the honest."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and watch.poll() is None:
        made = siege.root / "autograded"
        if all((made / s / "ps1" / "p1.ipynb").exists() for s in siege.honest):
            time.sleep(3)
            return
        time.sleep(1)
