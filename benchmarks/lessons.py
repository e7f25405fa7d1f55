"""Time of Run All for each solution notebook: from its first cell to its last, in a fresh kernel.

    python benchmarks/lessons.py [--rounds 3] [--json]

The kernel is started before the clock is; the figures are drawn. A browser adds its own: the tests
in ``tests/browser`` tell what Run All takes in JupyterLab. Printed are medians, in seconds. More
than a reader waits for, 10 s and for the chapter that trains a network 60 s, ends with an error.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "solutions" / "maxpool"
LIMITS = {"4-network": 60}  # seconds; others: 10


def measure(path):
    """Run a notebook; return the seconds from its first cell to its last."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book,
        timeout=120,
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--log-level=ERROR"],  # of a kernel's connection to this process
    )
    with client.setup_kernel():
        start = time.perf_counter()
        for number, cell in enumerate(book.cells):
            client.execute_cell(cell, number)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; give at least 1")
    times = {path: [] for path in sorted(FOLDER.glob("*.ipynb"))}
    for _ in range(options.rounds):
        for path, taken in times.items():
            taken.append(measure(path))
    found = {path.stem: statistics.median(taken) for path, taken in times.items()}
    if options.json:
        print(json.dumps({"rounds": options.rounds, "run_all_s": found}, indent=2))
    else:
        print(f"{'notebook':12}{'median s':>12}")
        for name, seconds in found.items():
            print(f"{name:12}{seconds:12.2f}")
    slow = [name for name, seconds in found.items() if seconds > LIMITS.get(name, 10)]
    if slow:
        sys.exit(f"longer than a reader waits: {', '.join(slow)}")


if __name__ == "__main__":
    main()
