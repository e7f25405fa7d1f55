"""Bad input to a command or a public function: one clear line, and nothing half-written."""

import subprocess
import sys

import numpy as np
import pytest

from oracle import reference
from poolkit import spec
from tests import commands, notebooks


def run(*words, cwd=notebooks.ROOT):
    if words[0] == "-m":
        return commands.run(cwd, *words[1:], apart=True)
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-m", "tests.submissions"], "usage:"),
        (["-m", "tests.submissions", "."], "name a folder of its own"),
        (["-m", "tests.submissions", "source"], "left alone"),
        # PyTorch is imported before they answer
        pytest.param(
            ["benchmarks/layer.py", "--rounds", "none"], "--rounds", marks=pytest.mark.slow
        ),
        pytest.param(["benchmarks/layer.py", "--rounds", "0"], "rounds", marks=pytest.mark.slow),
        (["-m", "oracle.misconceptions"], "usage:"),
        (["-m", "oracle.misconceptions", "x-before-z"], "is it x-before-y?"),
    ],
)
def test_a_command_says_in_one_line_what_is_wrong(words, says):
    done = run(*words)
    assert done.returncode != 0
    assert says in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_refused_command_changes_nothing(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = run("-m", "tests.submissions", str(tmp_path))
    assert done.returncode != 0
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_misconception_tells_what_it_loses_and_hears(tmp_path):
    done = run("-m", "oracle.misconceptions", "x-before-y")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("x-before-y (transposed), an answer to window in 1-windows\n")
    assert "so write the row i first" in " ".join(done.stdout.split())
    # the same answer, with another sentence and another loss written down
    course = tmp_path / "course"
    course.mkdir()
    notebooks.copy_course(course)
    path = course / "oracle" / "misconceptions" / "windows.py"
    title = "x-before-y (transposed) loses"
    text = path.read_text().replace(f"{title} window_coordinates", f"{title} window_order")
    path.write_text(text)
    done = run("-m", "oracle.misconceptions", "x-before-y", cwd=course)
    assert done.returncode == 1
    assert "But what is written down is loses='window_order'" in done.stdout


X = np.zeros((1, 1, 4, 4))


@pytest.mark.parametrize("forward", [spec.maxpool_forward, reference.maxpool_forward])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.zeros((4, 4)), 2), "(N, C, H, W)"),
        ((X, 0), "kernel_size"),
        ((X, (2, 2, 2)), "kernel_size"),
        ((X, 2.5), "kernel_size"),
        ((X, 2, 0), "stride"),
        ((X, 2, 2, -1), "padding"),
        ((X, 2, 2, 2), "padding"),
        ((X, 2, 2, 0, 0), "dilation"),
        ((X, 5), "image"),
    ],
)
def test_a_layer_names_the_argument_that_is_wrong(forward, arguments, says):
    with pytest.raises((ValueError, TypeError)) as caught:
        forward(*arguments)
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
