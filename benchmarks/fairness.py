"""Do honest neighbours of a notebook that takes all it can get lose points? A class, many times.

    python -m benchmarks.fairness [--runs 30] [--without cgroups --without namespaces …]

In each run one notebook starves the others, in one of several ways, while three honest ones are
played beside it on the same cores. Their answers take a fifth of the limit of a cell alone.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from proctor.run.job import Assignment, Job
from proctor.run.settings import Settings
from proctor.run.template import Template
from proctor.sandbox import LAYERS

LIMIT = 1.0  # seconds of a cell
TOTAL = 3.0

HONEST = """
import time

def work(n):
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    return n + 1

def again(n):
    return work(work(n)) - 1
"""
TESTS = ["assert work(1) == 2", "assert again(1) == 2"]

STARVING = {
    "58 sessions": """
import os, time
def work(n):
    for _ in range(58):
        if os.fork() == 0:
            os.setsid()
            try: os.sched_setaffinity(0, range(os.cpu_count()))
            except OSError: pass
            while True: pass
    time.sleep(20)
""",
    "15 sessions": """
import os, time
def work(n):
    for _ in range(14):
        if os.fork() == 0:
            os.setsid()
            while True: pass
    time.sleep(20)
""",
    "50 threads in C": """
import threading, zlib
def work(n):
    def burn():
        while True: zlib.compress(bytes(1 << 22), 9)
    for _ in range(50):
        threading.Thread(target=burn, daemon=True).start()
    burn()
""",
    "processes with memory": """
import os, time
def work(n):
    for _ in range(40):
        if os.fork() == 0:
            while True: bytearray(b"x") * (8 << 20)
    time.sleep(20)
""",
}


def job(answer, tests=TESTS):
    """A `Job` of an answer and its tests."""
    cells = [{"role": "student", "source": answer, "points": 0.0}]
    cells += [{"role": "test", "source": test, "points": 1.0} for test in tests]
    return Job(cells, seconds=LIMIT, total=TOTAL)


def main():
    """Print what the honest ones lost in each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--without", action="append", default=[], choices=LAYERS)
    options = parser.parse_args()
    layers = tuple(layer for layer in LAYERS if layer not in options.without)
    policy = replace(Settings().policy(), layers=layers)
    template = Template(Assignment(preload=()))
    lost = again = 0
    began = time.monotonic()
    try:
        for run in range(options.runs):
            name = list(STARVING)[run % len(STARVING)]
            jobs = [job(STARVING[name], TESTS[:1]), *(job(HONEST) for _ in range(3))]
            with ThreadPoolExecutor(len(jobs)) as pool:
                played = list(pool.map(lambda each: template.play(each, policy), jobs))
            for one in played[1:]:
                outcomes = [result["outcome"] for result in one.results[1:]]
                missing = [each for each in outcomes if each["kind"] != "passed"]
                lost += len(missing)
                for each in missing:
                    print(f"run {run + 1}, {name}: {each['name']}: {each['message']}", flush=True)
            again += sum(getattr(one, "again", False) for one in played)
    finally:
        template.close()
    took = time.monotonic() - began
    tests = options.runs * 3 * len(TESTS)
    print(
        f"{options.runs} runs, {took:.0f} s, {os.cpu_count()} cores, without "
        f"{', '.join(options.without) or 'nothing'}: {lost} of {tests} honest tests lost, "
        f"{again} notebooks played again"
    )


if __name__ == "__main__":
    main()
