"""One attack on stock nbgrader, bounded: its own course, process namespace, limits and time."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import course as courses
from .attack import ALL, right
from .judge import Listening, Verdict, judge, survivors

SECONDS = 60  # for autograding two submissions, which takes less than five
MEMORY = 4 << 30  # bytes of address space of each process
FILE = 1 << 30  # bytes of a file
NEIGHBOUR = "zz-honest"

_RUN = """
"$0" -m nbgrader autograde ps1 > autograde.txt 2>&1
echo $? > status
[ "$1" = feedback ] && "$0" -m nbgrader generate_feedback ps1 > feedback.txt 2>&1
touch done
sleep 1000
"""


def refused():
    """Why stock nbgrader cannot be attacked safely here, or None."""
    done = subprocess.run([*_namespace(), "true"], capture_output=True, text=True)
    return done.stderr.strip() or None


def _namespace():
    """The command before a command that runs it where its processes see and reach no others."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--pid", "--fork", "--mount-proc", "--kill-child"]


def prepare(folder):
    """A released course without proctor, to be copied for every attack."""
    courses.make(folder, behind_proctor=False)
    return folder


def attack_stock(attack, prepared):
    """Grade a copy of the ``prepared`` course with the attack in it; return its `Verdict`."""
    with tempfile.TemporaryDirectory(prefix="stock-", ignore_cleanup_errors=True) as folder:
        place = Path(folder, "place")
        shutil.copytree(prepared, place)
        listening = Listening()
        course = courses.Course(place / "course", place / "home", place / "course" / "grader")
        course.listening = listening.marks
        right(why=f"Because. {courses.canary('another-submission')}")(course, NEIGHBOUR)
        attack.hand_in(course, attack.name)
        in_time, alive = _grade(course, "Script" in attack.family)
        verdict = judge(course, attack, listening.heard, alive, strict=False)
        if not in_time or courses.scores(course, NEIGHBOUR) != ALL:
            verdict.add("batch", "the next one was not graded")
    return verdict


def _grade(course, with_feedback):
    """Run nbgrader in a process namespace; return (whether it ended in time, what is alive)."""
    words = [*_namespace(), "sh", "-c", _RUN, sys.executable, "feedback" * with_feedback]
    process = subprocess.Popen(
        words,
        cwd=course.root,
        env=course.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limit,
    )
    end = time.monotonic() + SECONDS
    try:
        while not (course.root / "done").exists() and time.monotonic() < end:
            time.sleep(0.1)
        return (course.root / "done").exists(), survivors()
    finally:
        process.kill()  # with the first process of the namespace all others end
        process.wait()


def _limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


__all__ = ["Verdict", "attack_stock", "prepare", "refused"]
