"""Time and memory of the reference layer beside PyTorch's CPU max_pool2d, on one thread.

    python benchmarks/layer.py [--rounds 15] [--json]

One round runs the forward and backward pass of each candidate once, in alternating order, on the
same float32 images; the ratio is taken within each round, so a busy machine slows both. What is
timed has given the same y and dx before. Memory is the most that forward and backward together
have allocated at one time, y and dx included, as ``tracemalloc`` counts it.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
import tracemalloc
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "source" / "maxpool")]
for library in ("OMP", "MKL", "OPENBLAS"):  # NumPy and PyTorch read them when they are imported
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from oracle import reference  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

SHAPE = (32, 32, 64, 64)
CASES = ((2, 2), (3, 2), (3, 1))  # kernel_size, stride
USUAL_ROUNDS = 3  # the usual NumPy way is slow, and its ratio is far from 1


class Reference:
    """oracle.reference: the maximum runs over the offsets, one flat scatter sends dy back."""

    name = "reference"

    def __init__(self, x, dy):
        self.x, self.dy = x, dy

    def forward(self, kernel_size, stride):
        return reference.maxpool_forward(self.x, kernel_size, stride)

    def backward(self, y, cache):
        return reference.maxpool_backward(self.dy, cache)


class Usual:
    """What one writes in NumPy without further thought: window view, argmax, np.add.at."""

    name = "usual NumPy"

    def __init__(self, x, dy):
        self.x, self.dy = x, dy

    def forward(self, kernel_size, stride):
        k = kernel_size
        view = np.lib.stride_tricks.sliding_window_view(self.x, (k, k), axis=(2, 3))
        flat = view[:, :, ::stride, ::stride].reshape(*self.dy.shape, k * k)
        best = flat.argmax(-1)
        y = np.take_along_axis(flat, best[..., None], -1)[..., 0]
        return y, (best, k, stride)

    def backward(self, y, cache):
        best, k, stride = cache
        dx = np.zeros_like(self.x)
        n, c, row, column = np.ogrid[tuple(map(slice, best.shape))]
        i, j = row * stride + best // k, column * stride + best % k
        np.add.at(dx, (n, c, i, j), self.dy)
        return dx


class PyTorch:
    """torch.nn.functional.max_pool2d and its gradient by autograd, contiguous NCHW."""

    name = "PyTorch"

    def __init__(self, x, dy):
        self.x, self.dy = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)

    def forward(self, kernel_size, stride):
        return torch.nn.functional.max_pool2d(self.x, kernel_size, stride), None

    def backward(self, y, cache):
        return torch.autograd.grad(y, self.x, self.dy)[0]


def seconds(candidate, case):
    """Run one forward and one backward pass; return the seconds of each."""
    start = time.perf_counter()
    y, cache = candidate.forward(*case)
    middle = time.perf_counter()
    dx = candidate.backward(y, cache)
    end = time.perf_counter()
    del y, cache, dx  # freed outside of the clock
    return middle - start, end - middle


def peak(candidate, case):
    """Return the most bytes that a forward and a backward pass have allocated at one time."""
    tracemalloc.start()
    try:
        y, cache = candidate.forward(*case)
        _ = candidate.backward(y, cache)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def answer(candidate, case):
    """Return y and dx as arrays."""
    y, cache = candidate.forward(*case)
    dx = candidate.backward(y, cache)
    return [a if isinstance(a, np.ndarray) else a.detach().numpy() for a in (y, dx)]


def measure(case, rounds):
    """Measure every candidate on one case; return {name: what was measured}."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE, dtype=np.float32)
    outputs = reference.output_size(SHAPE[-1], *case)
    dy = rng.standard_normal((*SHAPE[:2], outputs, outputs), dtype=np.float32)
    ours, usual = Reference(x, dy), Usual(x, dy)
    pairs = [ours, PyTorch(x, dy)] if torch else [ours]

    expected = answer(usual, case)
    for candidate in pairs:  # also warms them up
        for got, array in zip(answer(candidate, case), expected, strict=True):
            np.testing.assert_allclose(got, array, rtol=1e-5, atol=1e-5, err_msg=candidate.name)
    del expected, got, array

    times = {candidate.name: [] for candidate in [*pairs, usual]}
    for number in range(rounds):
        for candidate in pairs[:: 1 if number % 2 else -1]:
            times[candidate.name].append(seconds(candidate, case))
    for _ in range(min(rounds, USUAL_ROUNDS)):
        times[usual.name].append(seconds(usual, case))

    result = {}
    for name, passes in times.items():
        forward, backward = zip(*passes, strict=True)
        result[name] = {
            "forward_ms": 1e3 * statistics.median(forward),
            "backward_ms": 1e3 * statistics.median(backward),
            "total_ms": 1e3 * statistics.median(map(sum, passes)),
            "memory_per_input": None,
            "ratio": None,
        }
    for candidate in (ours, usual):
        result[candidate.name]["memory_per_input"] = peak(candidate, case) / x.nbytes
    if torch:
        theirs = [sum(passes) for passes in times[PyTorch.name]]
        rates = [sum(a) / b for a, b in zip(times[ours.name], theirs, strict=True)]
        result[ours.name]["ratio"] = [statistics.median(rates), min(rates), max(rates)]
        against = statistics.median(theirs)
        rates = [sum(a) / against for a in times[usual.name]]
        result[usual.name]["ratio"] = [statistics.median(rates), min(rates), max(rates)]
    return result


def line(case, name, one):
    """Format one candidate's numbers."""
    ratio = "{:.2f} ({:.2f}–{:.2f})".format(*one["ratio"]) if one["ratio"] else "–"
    memory = f"{one['memory_per_input']:.2f}" if one["memory_per_input"] else "–"
    numbers = "".join(f"{one[f'{pass_}_ms']:10.1f}" for pass_ in ("forward", "backward", "total"))
    return f"{'{}/{}'.format(*case):9}{name:13}{numbers}{ratio:>22}{memory:>16}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="PyTorch is measured where it is installed."
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each case (default 15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; give at least 1")
    if torch:
        torch.set_num_threads(1)
    else:
        print("PyTorch is not installed: NumPy only. `pip install torch` adds it.", file=sys.stderr)
    setting = {
        "input": f"float32, {'×'.join(map(str, SHAPE))}",
        "threads": 1,
        "rounds": options.rounds,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__ if torch else None,
    }
    if options.json:
        cases = {"{}/{}".format(*case): measure(case, options.rounds) for case in CASES}
        print(json.dumps({**setting, "cases": cases}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in setting.items() if value))
    print(
        f"{'k/stride':9}{'':13}{'fwd ms':>10}{'bwd ms':>10}{'total ms':>10}"
        f"{'total / PyTorch':>22}{'memory / input':>16}"
    )
    for case in CASES:
        for name, one in measure(case, options.rounds).items():
            print(line(case, name, one), flush=True)
    print("total / PyTorch: median (least–most) of the rounds; below 1 is faster.")


if __name__ == "__main__":
    main()
