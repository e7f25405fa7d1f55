"""What chapter 4 stands on: the digits, the layer that serves, and parts that may not run yet."""

import functools
import importlib
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from . import check
from .kit import operations
from .kit.voice import Failed, call

# The first 1297 of a shuffled order train, the other 500 test. The seed was fixed before anything
# was trained.
TRAINING, SEED = 1297, 0
MARGIN = 2  # pixels of paper on each side: a kernel of 5×5 can stand centred on every pixel


def digits():
    """Read the 1797 handwritten digits that lie beside the notebooks; digits.txt says whose.

    Returns (x_train, labels_train), (x_test, labels_test): images of shape (N, 1, 12, 12), 0 for
    paper to 1 for ink, with a margin of 2 pixels; labels of shape (N,), ints from 0 to 9.
    """
    with np.load(Path(__file__).parent.parent / "digits.npz") as file:
        images, labels = file["images"], file["labels"].astype(int)
    order = np.random.default_rng(SEED).permutation(len(images))
    x = np.pad(images[order, None] / 16, ((0, 0), (0, 0), *[(MARGIN, MARGIN)] * 2))
    train, test = slice(TRAINING), slice(TRAINING, None)
    return (x[train], labels[order[train]]), (x[test], labels[order[test]])


def reader():
    """Read the parameters of a trained network, {name: array}: chapter 4's, after its training.

    They were trained by the worked answers of chapter 4, from ``start(0)``: 97.6 % of the test
    images are read right.
    """
    with np.load(Path(__file__).parent / "reader.npz") as file:
        return {name: file[name].astype(float) for name in file}


def serving(pooling, otherwise):
    """Return the pair of functions that the network uses: yours, or ``otherwise``'s.

    pooling    the function that returns (maxpool_forward, maxpool_backward); or its name, where
               its cell may have defined nothing
    otherwise  a module with both, which serves if yours fail the visible check
    """
    if isinstance(pooling, str):
        pooling = sys._getframe(1).f_globals.get(pooling)
    try:
        if pooling is None:
            raise Failed("its cell defined nothing")
        check.pooling_layer.body(pooling)
        layer, said = call(pooling), "The network uses your layer."
    except Failed as failure:
        layer = otherwise.maxpool_forward, otherwise.maxpool_backward
        said = (
            f"poolkit's loops serve in place of your layer: {failure.what}.\n"
            "Everything below works with them, more slowly. Only the point of `pooling` is lost."
        )
    print(said)  # noqa: T201  (it speaks to its student)
    return layer


def slow(conv_backward, most=20_000):
    """Say whether the convolution visits pixels one by one: too slow to train on all digits.

    Operations of Python are counted, on a few images, not seconds: the answer is the same on any
    machine. A pass over arrays takes some hundreds of them, a loop over pixels takes ``most``.
    While nbgrader grades nothing is trained, and nothing counted.
    """
    if graded():
        return False
    x, w, dy = np.zeros((8, 1, 12, 12)), np.zeros((2, 1, 5, 5)), np.zeros((8, 2, 8, 8))
    try:
        steps = call(operations.count, conv_backward, dy, (x, w))
    except Failed:
        return False  # it is not written yet, and nothing will be trained
    if steps > most:
        print(  # noqa: T201
            "conv_backward loops over pixels, so training is cut short. The pictures below come "
            "from this\nshort training; the text describes the full one. They differ, and "
            "between maximum and mean it\nmay even turn round which one reads more."
        )
    return steps > most


def graded():
    """Whether nbgrader is grading: nobody looks at the demonstrations then."""
    return os.environ.get("NBGRADER_EXECUTION") == "autograde"


_running = []  # the demonstration that runs, and those that it calls


def demonstration(function):
    """Make a function a demonstration: where something that it needs is missing, it returns None.

    Missing is an argument that is None, which is what another demonstration gave; or one of your
    functions, and then a line says which. While nbgrader grades nothing is run: no test needs it,
    and a class would wait for it.
    """

    @functools.wraps(function)
    def run(*args, **kwargs):
        if _running:
            return function(*args, **kwargs)
        if graded() or any(value is None for value in (*args, *kwargs.values())):
            return None
        _running.append(function)
        try:
            return _told(function, args, kwargs)
        finally:
            _running.pop()

    return run


def _told(function, args, kwargs):
    """Call a function; None, with a line that says why, if it cannot run."""

    @functools.wraps(function)
    def told(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except NotImplementedError as error:
            stub = traceback.extract_tb(error.__traceback__)[-1].name
            raise Failed(f"{stub} is not written yet") from None

    try:
        return call(told, *args, **kwargs)
    except Failed as failure:
        lines = [f"Not yet: {failure.what}.", *(failure.where or "").splitlines()]
        print("\n  ".join(lines))  # noqa: T201
        return None


# What `in_torch` prints with a right layer and PyTorch 2.13.
_SHOWN = """\
max_pool2d and your layer give the same y:        True
                           and the same dx:       True
gradcheck, by finite differences in PyTorch:      True
gradcheck, if you return dx / 2 instead:          False"""


def in_torch(operation, forward, backward):
    """Let PyTorch judge your two functions; print what it says.

    operation          function of (forward, backward, kernel_size, stride): a function of a tensor
    forward, backward  maxpool_forward and maxpool_backward

    Where PyTorch is not installed, what it says of a right layer is printed.
    """
    if graded():
        return
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError:
        print(  # noqa: T201
            f"{_SHOWN}\n\nPyTorch is not installed here; that is what it says of a right layer."
        )
        return
    rng = np.random.default_rng(0)
    # distinct values, far apart: at a tie there is nothing to check
    x = torch.tensor(rng.permutation(72).reshape(2, 1, 6, 6) / 10, requires_grad=True)
    dy = torch.tensor(rng.normal(size=(2, 1, 5, 5)))

    def halved(dy, cache):
        return backward(dy, cache) / 2

    yours = operation(forward, backward, 2, 1)
    theirs = torch.nn.MaxPool2d(2, stride=1)
    y, other = yours(x), theirs(x)
    dx, other_dx = (torch.autograd.grad(out, x, dy)[0] for out in (y, other))
    wrong = operation(forward, halved, 2, 1)
    verdicts = (
        torch.equal(y, other),
        torch.allclose(dx, other_dx),
        torch.autograd.gradcheck(yours, x, raise_exception=False),
        torch.autograd.gradcheck(wrong, x, raise_exception=False),
    )
    said = [line[:50] for line in _SHOWN.splitlines()]
    print("\n".join(f"{line}{so}" for line, so in zip(said, verdicts, strict=True)))  # noqa: T201


def race(forward, backward, kernel_size=3, stride=1, shape=(32, 32, 64, 64), rounds=5):
    """Time a layer and PyTorch's, forward and backward, in turns on one thread; print the ratio.

    forward, backward  maxpool_forward and maxpool_backward
    shape              of the float32 batch (N, C, H, W)
    rounds             how often each is timed; the medians count

    Returns your time divided by PyTorch's, or None where PyTorch is not installed.
    """
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def yours():
        y, cache = forward(x, kernel_size, stride)
        return backward(np.ones_like(y), cache)

    runners = {"yours": yours}
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError:
        print(  # noqa: T201
            "PyTorch is not installed here, so you run alone. To race it: pip install torch, "
            "restart the kernel, run this again."
        )
    else:
        z = torch.from_numpy(x).requires_grad_()
        pool = torch.nn.MaxPool2d(kernel_size, stride)
        ones = torch.ones_like(pool(z))
        runners["PyTorch"] = lambda: torch.autograd.grad(pool(z), z, ones)
    times = _in_turns(runners, rounds)
    for name, seconds in times.items():
        print(f"{name:8} {1000 * seconds:8.1f} ms, forward and backward")  # noqa: T201
    if "PyTorch" not in times:
        return None
    ratio = times["yours"] / times["PyTorch"]
    verdict = "You are faster." if ratio < 1 else "PyTorch is faster."
    print(f"ratio    {ratio:8.2f}     {verdict}")  # noqa: T201
    return ratio


def _in_turns(runners, rounds):
    """Return each runner's median time in seconds; all use one thread."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else None
    times = {name: [] for name in runners}
    try:
        if torch:
            torch.set_num_threads(1)
        for _ in range(rounds):
            for name, run in runners.items():
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    finally:
        if torch:
            torch.set_num_threads(threads)
    return {name: float(np.median(taken)) for name, taken in times.items()}
