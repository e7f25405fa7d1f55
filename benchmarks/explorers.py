"""Time of an update of each explorer: from a changed control to the new picture's message.

    python benchmarks/explorers.py [--rounds 200] [--json]

One round sets one control to another value, as a reader's key does, and waits until the widgets
hold the new drawing; what Jupyter would send to the browser is serialised too. The times are of
Python, on one thread; a browser adds its own, for one element that is replaced. Printed are the
median and the 95th percentile. More than 50 ms in the median ends with an error.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "source" / "maxpool")]

import ipywidgets  # noqa: E402
import numpy as np  # noqa: E402

from oracle import reference  # noqa: E402
from poolkit import explore, spec  # noqa: E402

TARGET = 50  # milliseconds
X = [[7, 2, 5, 16, 1], [3, 4, 9, 6, 2], [10, 1, 8, 11, 0], [13, 12, 14, 15, 3], [2, 5, 1, 4, 6]]
SMALL = [[1, 9, 2], [3, 4, 5], [8, 6, 7]]
EXPLORERS = {
    "window": lambda: explore.window(X),
    "jacobian": lambda: explore.jacobian(SMALL),
    "gradient": lambda: explore.gradient(SMALL, [[1, 2], [4, -3]]),
    "tie": lambda: explore.tie([2, 2, 1], [1, -1, 0]),
    "soft": lambda: explore.soft([2, 2, 1, 0]),
    "speed": lambda: explore.speed(spec.maxpool_forward, reference.maxpool_forward),
}


def inside(widget):
    """Yield a widget and all that it holds."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def measure(make, rounds):
    """Change controls at random; return the milliseconds of each change."""
    explorer, rng, times = make(), np.random.default_rng(0), []
    parts = list(inside(explorer))
    for _ in range(rounds):
        fields = [w for w in inside(explorer) if isinstance(w, ipywidgets.BoundedIntText)]
        field = rng.choice(fields)
        others = [v for v in range(max(field.min, -9), min(field.max, 64) + 1) if v != field.value]
        if not others:  # one window fits: there is no other to go to
            continue
        value = int(rng.choice(others))
        start = time.perf_counter()
        field.value = value
        json.dumps([w.value for w in parts if isinstance(w, ipywidgets.HTML)])
        times.append(1e3 * (time.perf_counter() - start))
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="updates of each (default 200)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    options = parser.parse_args()
    if options.rounds < 20:
        parser.error(f"--rounds is {options.rounds}; give at least 20, for a percentile")
    setting = {
        "rounds": options.rounds,
        "python": platform.python_version(),
        "ipywidgets": ipywidgets.__version__,
    }
    found = {}
    for name, make in EXPLORERS.items():
        times = measure(make, options.rounds)
        found[name] = {
            "median_ms": statistics.median(times),
            "p95_ms": statistics.quantiles(times, n=20)[-1],
        }
    if options.json:
        print(json.dumps({**setting, "explorers": found}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in setting.items()))
        print(f"{'explorer':12}{'median ms':>12}{'p95 ms':>12}")
        for name, one in found.items():
            print(f"{name:12}{one['median_ms']:12.2f}{one['p95_ms']:12.2f}")
    slow = [name for name, one in found.items() if one["median_ms"] > TARGET]
    if slow:
        sys.exit(f"more than {TARGET} ms in the median: {', '.join(slow)}")


if __name__ == "__main__":
    main()
