"""What a whole round costs: from ``submitted/`` to feedback and ``grades.csv``, beside stock's.

    python benchmarks/round.py                    all below, then the first section of
                                                  docs/performance.md
    python benchmarks/round.py round --quick …    some of it; --submissions 20 --runs 3

round   seconds of grading, feedback and export, each a command of its own: ours (``proctor grade``,
        ``proctor feedback``, ``proctor export``) and stock nbgrader's (``autograde``,
        ``generate_feedback``, ``export``), and of ours in two commands (``grade --feedback`` does
        the first two), on the same submissions: of this course, every second right, the others with
        misconceptions, unfinished or blank; and of nbgrader's quickstart assignment, right
growth  our round on quickstart for classes of 10, 100 and 1,000, with the largest resident memory
        of its commands
cluster ``proctor grade --feedback --scheduler=local``, on a Dask cluster of this machine, beside
        the same without it: seconds, and whether gradebook and pages are the same
report  ``proctor report`` on a simulated class of 300: the whole command, and of it reading and
        drawing

Runs of what is compared alternate, so a busy machine slows both; medians are told. ``--quick`` runs
stock once. The points of both rounds must be the same, or nothing is told.
"""

import argparse
import json
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "source" / "maxpool")]

from benchmarks import grading, page  # noqa: E402
from tests import notebooks  # noqa: E402
from tests.submissions import classroom  # noqa: E402


def ours(assignment):
    """Our commands of a round, by what each does."""
    steps = {"grading": "grade", "feedback": "feedback", "export": "export"}
    return {step: ["proctor", command, assignment] for step, command in steps.items()}


def together(assignment):
    """The same, grading and feedback by one command."""
    both = ["proctor", "grade", assignment, "--feedback"]
    return {"grading and feedback": both, "export": ["proctor", "export", assignment]}


def stock(assignment):
    """Stock nbgrader's."""
    return {
        "grading": ["nbgrader", "autograde", assignment],
        "feedback": ["nbgrader", "generate_feedback", assignment],
        "export": ["nbgrader", "export"],
    }


WAYS = {"ours": ours, "together": together, "stock": stock}


def of_all_kinds(folder, number):
    """This course with ``number`` submissions as a class hands them in: half of them right."""
    notebooks.copy_course(folder)
    grading.released(folder, "maxpool")
    bundles = classroom.bundles(classroom.one_of_each_kind())
    wrong = [
        classroom.changed({task: source for one in bundle for task, source in one.sources.items()})
        for bundle in bundles
    ]
    others = classroom.submissions([])
    right = others.pop("all-right")
    wrong += others.values()
    made = [right if n % 2 else wrong[n // 2 % len(wrong)] for n in range(number)]
    students = {f"student-{n:04}": answers for n, answers in enumerate(made)}
    classroom.hand_in(students, folder / "release" / "maxpool", folder / "submitted")
    return "maxpool"


CLASSES = {"this course": of_all_kinds, "quickstart": grading.quickstart}


def round(options):
    """Seconds of each step, all runs, of all ways and both courses."""
    return {kind: _compared(kind, options) for kind in CLASSES}


def _compared(kind, options):
    with grading.a_class(CLASSES[kind], options.submissions) as (folder, assignment):
        taken = {way: [] for way in WAYS}
        same = set()
        for run in range(options.runs):
            for way, commands in WAYS.items():
                if way == "stock" and run and options.quick:
                    continue
                _forget(folder, way)
                steps = commands(assignment).items()
                taken[way].append({step: grading.run(words, folder)[0] for step, words in steps})
                same.add(grading.points(folder))
                _check(folder, options.submissions)
    if len(same) != 1:
        sys.exit(f"{kind}: the points differ: {same}; the times would compare nothing")
    said = {
        way: {step: " ".join(filter(None, words)) for step, words in commands("").items()}
        for way, commands in WAYS.items()
    }
    return {"submissions": options.submissions, "commands": said, **taken}


def _forget(folder, way):
    """Begin anew, with the configuration of this way."""
    shutil.rmtree(folder / "feedback", ignore_errors=True)
    (folder / "grades.csv").unlink(missing_ok=True)
    grading.again(folder, "stock" if way == "stock" else "ours")


def _check(folder, submissions):
    """Stop if anybody has no feedback or no mark."""
    pages = len({path.parent for path in folder.glob("feedback/*/*/*.html")})
    rows = len((folder / "grades.csv").read_text().splitlines()) - 1
    if (pages, rows) != (submissions, submissions):
        sys.exit(f"{pages} of {submissions} students have feedback, {rows} have a mark")


def growth(options):
    """Seconds of our round, and the largest memory of its commands in MiB, by size of the class."""
    found = {}
    for number in options.sizes:
        with grading.a_class(grading.quickstart, number) as (folder, assignment):
            _forget(folder, "ours")
            found[number] = {"MiB": {}}
            for step, words in ours(assignment).items():
                wall, status, memory = grading.watched(words, folder)
                if status:
                    sys.exit(f"a command failed:\n{(folder / 'log.txt').read_text()[-2000:]}")
                found[number][step] = wall
                found[number]["MiB"][step] = memory
            _check(folder, number)
    return found


def cluster(options):
    """Seconds of grading and feedback alone and on a cluster; whether they come to the same."""
    found, made = {"submissions": options.clustered}, []
    with grading.a_class(grading.quickstart, options.clustered) as (folder, assignment):
        for way, words in {"alone": (), "cluster": ("--scheduler=local",)}.items():
            _forget(folder, "ours")
            grade, export = together(assignment).values()
            found[way] = grading.run([*grade, *words], folder)[0]
            grading.run(export, folder)
            _check(folder, options.clustered)
            pages = {path: path.read_bytes() for path in folder.glob("feedback/*/*/*.html")}
            made.append((grading.rows(folder), pages))
    return found | {"the same": made[0] == made[1]}


def report(options):
    """Seconds of ``proctor report`` on a simulated class: the command, and what it does itself."""
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    from proctor.report import analysis, gather, tables, text
    from proctor.report.page import page as drawn
    from tests.proctor import simulated

    with tempfile.TemporaryDirectory(prefix="report-") as scratch:
        folder = Path(scratch, "course")
        folder.mkdir()
        simulated.make(folder, options.students)
        (folder / "nbgrader_config.py").write_text(grading.OURS)
        walls, reading, drawing = [], [], []
        for _ in range(options.runs):
            walls.append(grading.run(["proctor", "report", simulated.ASSIGNMENT], folder)[0])
            begun = time.perf_counter()
            with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
                course = CourseDirectory(root=str(folder))
                found = gather.gather(book, course, simulated.ASSIGNMENT)
            read = time.perf_counter()
            numbers = analysis.Analysis(found)
            text.report(numbers)
            drawn(numbers)
            tables.tables(numbers)
            reading.append(read - begun)
            drawing.append(time.perf_counter() - read)
    seconds = {"command": walls, "reading": reading, "drawing": drawing}
    told = {name: statistics.median(values) for name, values in seconds.items()}
    return {"students": options.students, **told}


MEASURES = {f.__name__: f for f in (round, growth, cluster, report)}


def main():
    """Measure, print JSON, and write the page's section if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], help="default: all")
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--students", type=int, default=300, help="of the report's class")
    parser.add_argument("--clustered", type=int, default=100, help="submissions on a cluster")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--quick", action="store_true", help="run stock once")
    parser.add_argument(
        "--into", type=Path, help="keep the figures in this JSON file, and add to it"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = {"machine": grading.machine(), "date": time.strftime("%Y-%m-%d")}
    if options.into and options.into.exists():
        found = json.loads(options.into.read_text()) | found
    for name in options.measures or MEASURES:
        found[name] = MEASURES[name](options)
        print(json.dumps({name: found[name]}, indent=1), flush=True)
        if options.into:
            options.into.write_text(json.dumps(found, indent=1) + "\n")
    if set(MEASURES) <= found.keys():
        page.place_round(found, ROOT / "docs" / "performance.md")


if __name__ == "__main__":
    main()
