"""What it costs to grade a class, beside nbgrader's own ``autograde``, in one run.

    python benchmarks/grading.py                 everything below, then docs/performance.md
    python benchmarks/grading.py throughput …    some of it; --submissions 20 --runs 3

throughput  submissions a minute of stock ``nbgrader autograde``, of ``nbgrader autograde`` with
            proctor configured, and of ``proctor grade``, on the same submissions of this course
            and of nbgrader's quickstart assignment; and of stock where the cells that proctor
            leaves out (tag ``show-only``) are left out too
floor       processor time of ``proctor grade`` beside that of a forked interpreter which reads the
            same notebooks, runs the same cells and writes them, and does nothing else
workers     ``proctor grade`` with one worker and with two
growth      time a submission, and resident memory of the grader, for classes of 10, 100 and 1,000
cluster     1,000 submissions on a local Dask cluster whose workers are killed, one every 20 s
one         a single resubmission while ``proctor grade --watch`` runs

Runs of what is compared alternate, so a busy machine slows both; medians are told. Processor time
is that of the command and all processes below it, as the kernel counts it.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "source" / "maxpool")]

from tests import notebooks  # noqa: E402
from tests.submissions import classroom  # noqa: E402

STOCK = "c = get_config()\n"
OURS = "c = get_config()\nimport proctor; proctor.configure(c)\n"
SHOWN = "show-only"


# --- classes --------------------------------------------------------------------------------------


def course_of_pooling(folder, number):
    """This course in ``folder`` with ``number`` right submissions; returns the assignment."""
    notebooks.copy_course(folder)
    released(folder, "maxpool")
    right = {chapter: notebooks.answers(chapter) for chapter in notebooks.CHAPTERS}
    students = {f"student-{n:04}": right for n in range(number)}
    classroom.hand_in(students, folder / "release" / "maxpool", folder / "submitted")
    return "maxpool"


def quickstart(folder, number):
    """nbgrader's quickstart assignment with ``number`` submissions: the source, solved."""
    made = folder.with_name(f"{folder.name}-made")
    run(["nbgrader", "quickstart", made.name], made.parent)
    shutil.copytree(made / "source", folder / "source")
    shutil.rmtree(made)
    released(folder, "ps1")
    for n in range(number):
        to = folder / "submitted" / f"student-{n:04}" / "ps1"
        shutil.copytree(folder / "release" / "ps1", to)
        for path in to.glob("*.ipynb"):
            shutil.copy(folder / "source" / "ps1" / path.name, path)
    return "ps1"


CLASSES = {"this course": course_of_pooling, "quickstart": quickstart}


def released(folder, assignment):
    (folder / "nbgrader_config.py").write_text(STOCK)
    run(["nbgrader", "generate_assignment", assignment], folder)


def without_shown(folder):
    """Empty the cells that proctor leaves out, in the source and in what was handed in."""
    for path in [*folder.glob("source/*/*.ipynb"), *folder.glob("submitted/*/*/*.ipynb")]:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if SHOWN in cell.metadata.get("tags", ()):
                cell.source = "pass"
        path.chmod(0o644)
        nbformat.write(notebook, path)


# --- running and measuring ------------------------------------------------------------------------


def environment(root=ROOT):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    python = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    made = {**os.environ, "PATH": path, "PYTHONPATH": python}
    made.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as usual
    return made


def run(words, folder, check=True, root=ROOT):
    """Run a command in a folder; return (wall seconds, processor seconds).

    root  the checkout whose packages it finds first
    """
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(folder / "log.txt", "w") as log:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder,
            env=environment(root),
            stdout=log,
            stderr=log,
        )
    if check and done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{(folder / 'log.txt').read_text()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, used


def again(folder, config):
    """Forget what was graded, and set a configuration."""
    shutil.rmtree(folder / "autograded", ignore_errors=True)
    for path in folder.glob("gradebook.db*"):
        path.unlink()
    (folder / "nbgrader_config.py").write_text(OURS if config == "ours" else STOCK)
    assignment = next((folder / "source").iterdir()).name
    run(["nbgrader", "generate_assignment", assignment, "--force"], folder)


def points(folder):
    """The sum of all automatic scores: what is compared must have graded the same."""
    import sqlite3

    # closed at once: a connection left to the collector removes its files in the middle of a run
    with closing(sqlite3.connect(folder / "gradebook.db")) as book:
        return book.execute("select sum(auto_score) from grade").fetchone()[0]


@contextmanager
def a_class(make, number):
    """A course made by ``make``, and its assignment, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        folder = Path(scratch, "course")
        folder.mkdir()
        yield folder, make(folder, number)


# --- what is measured -----------------------------------------------------------------------------


def throughput(options):
    """Submissions a minute, medians of the runs, and each as a multiple of stock."""
    found = {}
    ways = {
        "stock nbgrader autograde": ("stock", ["nbgrader", "autograde"]),
        "nbgrader autograde, proctor configured": ("ours", ["nbgrader", "autograde"]),
        "proctor grade": ("ours", ["proctor", "grade"]),
    }
    for kind in CLASSES:
        with a_class(CLASSES[kind], options.submissions) as (folder, assignment):
            bare = folder.with_name("bare")
            shutil.copytree(folder, bare)
            without_shown(bare)
            rows = {name: (folder, *way) for name, way in ways.items()}
            rows["stock, without the cells that only show"] = (bare, *ways[next(iter(ways))])
            walls, used, same = {name: [] for name in rows}, {name: [] for name in rows}, set()
            for _ in range(options.runs):
                for name, (place, config, words) in rows.items():
                    again(place, config)
                    wall, cpu = run([*words, assignment], place)
                    walls[name].append(wall)
                    used[name].append(cpu)
                    same.add(points(place))
            if len(same) != 1:
                sys.exit(f"{kind}: the points differ: {same}; the times would compare nothing")
            first = statistics.median(walls[next(iter(rows))])
            found[kind] = {
                name: {
                    "submissions a minute": 60
                    * options.submissions
                    / statistics.median(walls[name]),
                    "of stock's throughput": first / statistics.median(walls[name]),
                    "wall seconds": walls[name],
                    "processor seconds": used[name],
                }
                for name in rows
            }
    return found


def floor(options):
    """Processor seconds a submission of ``proctor grade`` and of the least that could be done."""
    found = {}
    for kind in CLASSES:
        with a_class(CLASSES[kind], options.submissions) as (folder, assignment):
            ours, bare = [], []
            for _ in range(options.runs):
                again(folder, "ours")
                ours.append(run(["proctor", "grade", assignment], folder)[1])
                bare.append(run(["benchmarks.bare", assignment], folder)[1])
            ours, bare = statistics.median(ours), statistics.median(bare)
            found[kind] = {
                "proctor grade": ours / options.submissions,
                "floor": bare / options.submissions,
                "ratio": ours / bare,
            }
    return found


def workers(options):
    """Wall seconds with one and with two workers, start-up included."""
    with a_class(course_of_pooling, 2 * options.submissions) as (folder, assignment):
        walls = {1: [], 2: []}
        for _ in range(options.runs):
            for number in walls:
                again(folder, "ours")
                words = ["proctor", "grade", assignment, f"--workers={number}"]
                walls[number].append(run(words, folder)[0])
        one, two = (statistics.median(walls[number]) for number in (1, 2))
    return {"1 worker": one, "2 workers": two, "ratio": one / two}


def growth(options):
    """Seconds a submission and the grader's resident memory, by the size of the class."""
    found = {}
    for number in options.sizes:
        with a_class(quickstart, number) as (folder, assignment):
            again(folder, "ours")
            wall, _, memory = watched(["proctor", "grade", assignment], folder)
            found[number] = {"seconds": wall, "a submission": wall / number, "MiB": memory}
    return found


def watched(words, folder, meanwhile=None):
    """Run a command; return (wall seconds, exit status, its own largest resident memory in MiB)."""
    begun = time.perf_counter()
    with open(folder / "log.txt", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, env=environment(), stdout=log, stderr=log
        )
    largest = 0
    while process.poll() is None:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except FileNotFoundError:
            break
        for line in lines:
            if line.startswith("VmHWM"):
                largest = max(largest, int(line.split()[1]) / 1024)
        if meanwhile is not None:
            meanwhile(process)
        time.sleep(0.2)
    return time.perf_counter() - begun, process.wait(), largest


def cluster(options):
    """A class on a local Dask cluster, a worker killed every 20 s: the same gradebook as alone?"""
    with a_class(quickstart, max(options.sizes)) as (folder, assignment):
        again(folder, "ours")
        run(["proctor", "grade", assignment], folder)
        alone = rows(folder)
        again(folder, "ours")
        killed, last = [], [time.monotonic()]

        def kill(process):
            if time.monotonic() - last[0] > options.kill_every:
                last[0] = time.monotonic()
                if worker := one_worker(process.pid):
                    os.kill(worker, signal.SIGKILL)
                    killed.append(worker)

        words = ["proctor", "grade", assignment, "--scheduler=local"]
        wall, status, memory = watched(words, folder, kill)
        return {
            "submissions": max(options.sizes),
            "seconds": wall,
            "exit status": status,
            "workers killed": len(killed),
            "the same gradebook": rows(folder) == alone,
            "MiB": memory,
        }


def one_worker(pid):
    """A Dask worker's process below ``pid``: one that a nanny started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            line = (path.parent / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == pid and b"spawn_main" in line:
            return int(path.parent.name)
    return None


def rows(folder):
    """What a gradebook says, but for times and generated identifiers."""
    import sqlite3

    query = """
        select student.id, notebook.name, base_cell.name, grade.auto_score, grade.needs_manual_grade
        from grade
        join base_cell on base_cell.id = grade.cell_id
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join notebook on notebook.id = submitted_notebook.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
        join student on student.id = submitted_assignment.student_id
        order by 1, 2, 3
    """
    with closing(sqlite3.connect(folder / "gradebook.db")) as book:
        return book.execute(query).fetchall()


def one(options):
    """Seconds from a resubmission's arrival to its grade, while ``--watch`` runs."""
    with a_class(course_of_pooling, 2) as (folder, assignment):
        again(folder, "ours")
        process = subprocess.Popen(
            [sys.executable, "-m", "proctor", "grade", assignment, "--watch"],
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            paths = sorted((folder / "submitted" / "student-0000" / assignment).glob("*.ipynb"))
            made = [folder / "autograded" / "student-0000" / assignment / p.name for p in paths]
            wait_until(lambda: len(list(folder.glob("autograded/*/*/*.ipynb"))) == 2 * len(paths))
            time.sleep(1)
            taken = []
            for _ in range(options.runs):
                begun, clock = time.time_ns(), time.perf_counter()
                for path in paths:
                    os.utime(path)
                wait_until(
                    lambda begun=begun: all(
                        p.exists() and p.stat().st_mtime_ns > begun for p in made
                    )
                )
                taken.append(time.perf_counter() - clock)
                time.sleep(1)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    return {"notebooks": len(paths), "seconds": statistics.median(taken), "all": taken}


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit("the grader did not come to an end")
        time.sleep(0.01)


MEASURES = {f.__name__: f for f in (throughput, floor, workers, growth, cluster, one)}


# --- the page -------------------------------------------------------------------------------------


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{len(os.sched_getaffinity(0))} cores of {model}, Python {platform.python_version()}"


def main():
    """Measure, print JSON, and write the page if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], help="default: all")
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds")
    parser.add_argument(
        "--into", type=Path, help="keep the figures in this JSON file, and add to it"
    )
    options = parser.parse_args()
    # in the background a shell has it ignored, and what is started here would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = {"machine": machine(), "date": time.strftime("%Y-%m-%d")}
    if options.into and options.into.exists():
        found = json.loads(options.into.read_text()) | found
    for name in options.measures or MEASURES:
        found[name] = MEASURES[name](options)
        print(json.dumps({name: found[name]}, indent=1), flush=True)
        if options.into:
            options.into.write_text(json.dumps(found, indent=1) + "\n")
    if set(MEASURES) <= found.keys():
        from benchmarks import page

        page.write(found, ROOT / "docs")


if __name__ == "__main__":
    main()
