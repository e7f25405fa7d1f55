"""Grade a class of example submissions: ``python -m tests.submissions FOLDER``.

Runs the commands in that folder as an instructor would; prints who got what and why. A second time
they find most of it done: the class is made anew only if what it is made of has changed.
"""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests import notebooks

from . import classroom, report

ASSIGNMENT = "maxpool"
MARK = ".example-class"  # in the folder: it was made here, and of what
MADE_OF = ("source", "oracle", "proctor", "tests/submissions")
MADE_OF += ("nbgrader_config.py", "requirements.txt")


def made_of():
    """A digest of all that decides what the class comes to."""
    digest = hashlib.sha256()
    for name in MADE_OF:
        place = notebooks.ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(notebooks.ROOT)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def fresh(course):
    """Make ``course`` an empty course with this repository's source and configuration."""
    if course.resolve() in (notebooks.ROOT, *notebooks.ROOT.parents):
        sys.exit(f"{course} holds the course itself; name a folder of its own, such as build/class")
    if course.exists() and any(course.iterdir()) and not (course / MARK).exists():
        sys.exit(f"{course} was not made by this command and is left alone; name another folder")
    shutil.rmtree(course, ignore_errors=True)
    (course / "logs").mkdir(parents=True)
    (course / MARK).touch()
    notebooks.copy_course(course)


class Command:
    """One command in the course, its output in ``logs/``."""

    def __init__(self, course, *words):
        self.line = " ".join(words)
        self.log = course / "logs" / f"{words[1]}.log"
        print(f"$ {self.line}", flush=True)
        self.process = self.begin(course, words)

    def begin(self, course, words):
        """Begin it; return its process."""
        with open(self.log, "w", encoding="utf-8") as out:
            return subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=course,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait(self):
        """Wait for its end; if it failed, stop with its last lines."""
        if self.process.wait():
            last = self.log.read_text(encoding="utf-8").splitlines()[-12:]
            sys.exit("\n".join([f"{self.line} failed. The end of {self.log}:", *last]))


def follow(command, count, total):
    """Say how far a command is, by what ``count()`` finds of ``total``, until it ends."""
    while command.process.poll() is None:
        if sys.stdout.isatty():
            print(f"  {count()}/{total}", end="\r", flush=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.process.wait(0.5)
    command.wait()
    print(f"  {count()}/{total}", flush=True)


def prepare(course, students, command=Command):
    """Release and hand in; returns whether there was anything to do."""
    now, mark = made_of(), course / MARK
    if mark.is_file() and mark.read_text() == now:
        return False
    fresh(course)
    command(course, "nbgrader", "generate_assignment", ASSIGNMENT).wait()
    classroom.hand_in(students, course / "release" / ASSIGNMENT, course / "submitted")
    mark.write_text(now)
    return True


def grade(course, students, command=Command):
    """Autograde, write feedback, export, report: what has not changed is passed over."""
    for words, folder in (
        (("proctor", "grade"), "autograded"),
        (("proctor", "feedback"), "feedback"),
    ):
        made = course / folder
        follow(
            command(course, *words, ASSIGNMENT),
            lambda made=made: len(list(made.glob(f"*/{ASSIGNMENT}"))),
            len(students),
        )
    command(course, "nbgrader", "export", "--to=grades.csv").wait()
    command(course, "proctor", "report", ASSIGNMENT).wait()


def main():
    """Grade the class and print its table."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.submissions FOLDER   (the folder is made anew)")
    course, begun = Path(sys.argv[1]), time.monotonic()
    students = classroom.submissions(classroom.one_of_each_kind())
    print(f"A class of {len(students)} example submissions, in {course}/")
    if not prepare(course, students):
        print("It is there, and what it is made of has not changed: only what is new is graded.")
    grade(course, students)
    print(f"\n{report.table(course)}\n")
    print(f"Graded in {time.monotonic() - begun:.0f} s.")
    print(f"Report     {course}/reports/{ASSIGNMENT}/report.html")
    print(f"Feedback   {course}/feedback/<student>/{ASSIGNMENT}/*.html")
    print(f"Grades     {course}/grades.csv")
    print("Next       make lab     (JupyterLab on this class, Formgrader included)")


if __name__ == "__main__":
    main()
