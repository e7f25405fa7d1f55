"""Does the grader of this checkout cost more than that of an earlier commit?

    python benchmarks/against.py COMMIT [--runs 8] [--submissions 20]

Both grade the same submissions of the same courses: the earlier commit's, and nbgrader's
quickstart. Runs go in pairs, and which comes first alternates: a busy machine slows both. Told are
the medians of wall seconds and of processor seconds (of the command and all processes below it),
and the median and the quartiles of the pairs' ratios. A difference of some hundredths takes many
pairs.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import grading  # noqa: E402

THEN, NOW = "then", "now"
# run in the earlier commit's tree
_MAKE = """
import sys
from pathlib import Path
from benchmarks import grading

kind, folder, number = sys.argv[1:]
print(grading.CLASSES[kind](Path(folder), int(number)))
grading.again(Path(folder), "ours")
"""


def checkouts(commit, scratch):
    """{THEN: a folder with a commit's tree, NOW: the same with the grader of this checkout}."""
    found = {name: scratch / name for name in (THEN, NOW)}
    for folder in found.values():
        folder.mkdir()
        with subprocess.Popen(
            ["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE
        ) as archive:
            subprocess.run(["tar", "-x"], cwd=folder, stdin=archive.stdout, check=False)
        if archive.returncode:
            sys.exit(f"{commit}: git has told why there is no tree of it")
    shutil.rmtree(found[NOW] / "proctor")
    (found[NOW] / "proctor").symlink_to(ROOT / "proctor")
    return found


def a_class(kind, tree, folder, number):
    """Make a class in ``folder`` as the earlier commit does; return the assignment's name."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _MAKE, kind, str(folder), str(number)],
        cwd=tree,
        env=grading.environment() | {"PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    shutil.copy(folder / "gradebook.db", folder / "released.db")
    return done.stdout.split()[-1]


def compared(kind, trees, scratch, options):
    """{THEN: [(wall, processor seconds) of a run], NOW: …}; both must give the same points."""
    folder = scratch / "class"
    assignment = a_class(kind, trees[THEN], folder, options.submissions)
    found, points = {name: [] for name in trees}, set()
    for number in range(options.runs):
        for name in (THEN, NOW) if number % 2 else (NOW, THEN):
            if (made := folder / "autograded").exists():
                # not removed yet: ext4 looks long for a new file's place after many were removed
                made.rename(folder / f"autograded-{number}-before-{name}")
            for path in folder.glob("gradebook.db*"):
                path.unlink()
            shutil.copy(folder / "released.db", folder / "gradebook.db")
            words = ["proctor", "grade", assignment]
            found[name].append(grading.run(words, folder, root=trees[name]))
            points.add(grading.points(folder))
    shutil.rmtree(folder)
    if len(points) != 1:
        sys.exit(f"{kind}: the points differ: {points}; the times would compare nothing")
    return found


def told(kind, found):
    """Lines of a table."""
    for place, what in enumerate(("wall", "processor")):
        then, now = ([run[place] for run in found[name]] for name in (THEN, NOW))
        low, middle, high = np.percentile(np.divide(now, then), (25, 50, 75))
        medians = f"{np.median(then):7.2f} {np.median(now):7.2f}"
        yield f"{kind:12} {what:10} {medians} {middle:7.3f}  ({low:.3f} to {high:.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--runs", type=int, default=8, help="pairs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="against-") as scratch:
        trees = checkouts(options.commit, Path(scratch))
        print(f"{'':23}{THEN:>7} {NOW:>7}   ratio")
        for kind in grading.CLASSES:
            print(*told(kind, compared(kind, trees, Path(scratch), options)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
