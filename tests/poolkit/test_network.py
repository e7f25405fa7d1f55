"""Chapter 4's ground: the digits, the layer that serves, demonstrations that cannot run yet."""

import contextlib
import inspect
import io
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from matplotlib.text import Text

from oracle import reference
from oracle.misconceptions import known
from poolkit import check, guess, network, spec
from poolkit.check import network as checks
from poolkit.figures import network as figures
from poolkit.kit import figure as _base
from poolkit.kit.voice import Failed
from tests import notebooks
from tests.poolkit import pictures
from tests.poolkit.test_answers import ODD, failures, picture

CHAPTER = "4-network"


def through(answered=None, replaced=(), until=None, show=None):
    """Run the notebook's cells in this process as *Run All* would, its tests left out.

    answered  {task: source} in place of the solutions
    replaced  pairs of texts: the demonstrations made smaller
    until     id of the last cell to run
    show      what shows a figure and its sentence, in place of poolkit's
    Returns (namespace, what was printed, the sentences of its figures).
    """
    with pytest.MonkeyPatch.context() as patch:
        if show:
            patch.setattr(figures, "show", show)
        return _through(answered, replaced, until)


def _through(answered, replaced, until):
    answers = {**notebooks.answers(CHAPTER), **(answered or {})}
    namespace, printed, captions = {"__name__": "__main__"}, io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for cell in notebooks.read(CHAPTER).cells:
            if cell.cell_type != "code" or cell.metadata.get("nbgrader", {}).get("grade"):
                continue
            source = answers.get(cell.id, cell.source)
            for old, new in replaced:
                source = source.replace(old, new)
            drawn = re.search(r"^figures\.\w+\([\s\S]*\)\s*$", source, flags=re.M)
            body = source[: drawn.start()] if drawn else source
            exec(compile(body, f"<{cell.id}>", "exec"), namespace)
            if drawn:  # the last expression of its cell
                captions[cell.id] = eval(drawn[0], namespace)
            if cell.id == until:
                break
    return namespace, printed.getvalue(), captions


SMALL = [("rounds, trainings = 30, 3", "rounds, trainings = 1, 1"), ("18, 1", "1, 1")]
BLANK = {
    task: re.sub(
        r"### BEGIN SOLUTION.*### END SOLUTION", "raise NotImplementedError()", source, flags=re.S
    )
    for task, source in notebooks.answers(CHAPTER).items()
}


# ---- the digits -----------------------------------------------------------------------------


def test_the_digits_are_all_there_and_parted_once():
    (x_train, labels_train), (x_test, labels_test) = network.digits()
    assert x_train.shape == (1297, 1, 12, 12)
    assert x_test.shape == (500, 1, 12, 12)
    assert len(labels_train) == 1297
    x, labels = np.concatenate([x_train, x_test]), np.concatenate([labels_train, labels_test])
    assert (x.min(), x.max(), labels.min(), labels.max()) == (0, 1, 0, 9)
    assert (np.bincount(labels) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]).all()
    inside = x[:, :, 2:-2, 2:-2]
    assert x.sum() == inside.sum()  # a margin of paper
    assert len(np.unique(inside.reshape(len(x), 64), axis=0)) == len(x)  # no image twice
    assert (network.digits()[1][0] == x_test).all()


def test_the_digits_say_whose_they_are():
    said = (notebooks.SOURCE / "digits.txt").read_text(encoding="utf-8")
    for word in ("Alpaydin", "Kaynak", "1998", "CC BY 4.0", "10.24432/C50P49", "Changes"):
        assert word in said


# ---- which layer serves ---------------------------------------------------------------------


def served(pooling, capsys):
    layer = network.serving(pooling, otherwise=spec)
    return layer, capsys.readouterr().out


def test_a_right_layer_serves(capsys):
    mine = reference.maxpool_forward, reference.maxpool_backward
    layer, said = served(lambda: mine, capsys)
    assert layer == mine
    assert "uses your layer" in said


def not_written():
    raise NotImplementedError()


@pytest.mark.parametrize(
    "pooling",
    [
        None,
        not_written,
        lambda: 1 / 0,
        lambda: None,
        lambda: (reference.maxpool_forward, 7),
        *(m.functions["pooling"] for m in known() if "pooling" in m.functions),
    ],
)
def test_the_loops_serve_in_place_of_any_other(pooling, capsys):
    layer, said = served(pooling, capsys)
    assert layer == (spec.maxpool_forward, spec.maxpool_backward)
    assert "Only the point of `pooling` is lost" in said


def pixel_by_pixel(dy, cache):
    """conv_backward as loops over images, channels and outputs."""
    x, w = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(len(w))
    kH, kW = w.shape[2:]
    for n, f, i, j in np.ndindex(dy.shape):
        seen = n, slice(None), slice(i, i + kH), slice(j, j + kW)
        dx[seen] += dy[n, f, i, j] * w[f]
        dw[f] += dy[n, f, i, j] * x[seen]
        db[f] += dy[n, f, i, j]
    return dx, dw, db


def test_a_loop_over_pixels_is_noticed_without_a_clock(capsys):
    def quick(dy, cache):
        return dy

    assert not network.slow(quick)
    assert not network.slow(not_written)  # nothing will be trained
    assert capsys.readouterr().out == ""
    assert network.slow(pixel_by_pixel)
    said = capsys.readouterr().out
    assert "cut short" in said
    assert "the text describes the full one" in said


# ---- the notebook as a whole ----------------------------------------------------------------


FIGURES = []  # of the notebook as it is, each with its sentence


def collect(figure, sentence):
    FIGURES.append((figure, sentence))
    return _base.Caption(sentence)


@pytest.fixture(scope="module")
def trained():
    FIGURES.clear()
    start = time.process_time()
    namespace, _, captions = through(until="places_figure", show=collect)
    seconds = time.process_time() - start
    halves = np.array([[0.9, 0.5, 0.1]] * 3)
    results = (halves, halves), (halves / 2, halves)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "show", collect)
        captions["mean_figure"] = figures.max_or_mean((0, 1, 2), (0, 0.2, 0.4), *results)
    return namespace, captions, seconds


@pytest.mark.slow
def test_the_network_reads_more_than_95_percent_in_less_than_30_seconds(trained):
    namespace, captions, seconds = trained
    x, labels = namespace["x_test"], namespace["labels_test"]
    assert len(x) == 500
    _, right = namespace["judged"](namespace["history"][-1], x, labels)
    assert right > 0.95
    assert f"{100 * right:.1f} % of the test images" in captions["train_curve"]
    assert seconds < 30  # and this is all of the notebook but the last experiment


def test_every_gradient_of_the_whole_network_is_measured(trained):
    _, captions, _ = trained
    assert "All 670 numbers agree" in captions["whole_check"]  # 288 pixels and 382 parameters
    assert "numbers disagree" in captions["whole_digit_check"]  # ties on blank paper, as it says


def test_no_window_has_two_pixels_with_gradient(trained):
    namespace, _, _ = trained
    for step in namespace["at_steps"](namespace["history"], [0, 100, 1230], image=7):
        got = step["da"] != 0
        windows = got.reshape(2, 4, 2, 4, 2).sum(axis=(2, 4))
        assert windows.max() == 1
        assert (step["r"][got] > 0).all()


def to_a_random_pixel():
    """The backward pass that sends an output's gradient to any pixel of its 2×2 window."""
    rng = np.random.default_rng(7)

    def backward(dy, cache):
        dx = np.zeros((*dy.shape[:2], 2 * dy.shape[2], 2 * dy.shape[3]))
        u, v = rng.integers(2, size=(2, *dy.shape))
        n, c, k, l = np.indices(dy.shape)
        dx[n, c, 2 * k + u, 2 * l + v] = dy
        return (dx,)

    return backward


def to_a_quarter_each():
    return lambda dy, cache: (dy.repeat(2, axis=2).repeat(2, axis=3) / 4,)


def to_nobody():
    return lambda dy, cache: (np.zeros((*dy.shape[:2], 2 * dy.shape[2], 2 * dy.shape[3])),)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [to_a_quarter_each, to_a_random_pixel, to_nobody])
def test_the_table_of_who_gets_the_gradient_is_what_training_gives(trained, wrong):
    namespace, _, _ = trained
    x, labels, layers = (namespace[name] for name in ("x_test", "labels_test", "layers"))
    backward = wrong()
    layers = [*layers[:2], (layers[2][0], backward, ()), layers[3]]
    found = []
    for seed in range(3):
        start = namespace["start"](seed)
        end = namespace["train"](layers, start, 20, seed=seed)[-1]
        found.append(
            [
                np.mean(
                    [
                        namespace["judged"](end, np.roll(x, by, axis), labels, layers)[1]
                        for by in (-shift, shift)
                        for axis in (2, 3)
                    ]
                )
                for shift in (0, 1, 2)
            ]
        )
    said = guess.BACKWARD[wrong.__name__.removeprefix("to_").replace("_", " ")]
    assert np.abs(100 * np.mean(found, axis=0) - said).max() < 1  # rounding differs by machine


@pytest.mark.slow
def test_without_a_layer_the_loops_train_the_same_network():
    start = time.process_time()
    fewer = [("count=16", "count=2")]
    namespace, printed, captions = through({"pooling": BLANK["pooling"]}, fewer, "train_curve")
    assert time.process_time() - start < 30
    assert "loops serve in place of your layer: pooling is not written yet" in printed
    assert "cut short" not in printed
    assert "All 670 numbers agree" in captions["whole_check"]
    assert len(namespace["history"]) == 1231  # the text tells of 1230 steps
    _, right = namespace["judged"](
        namespace["history"][-1], namespace["x_test"], namespace["labels_test"]
    )
    assert right > 0.95


@pytest.mark.slow
def test_a_convolution_that_loops_trains_a_smaller_network():
    start = time.process_time()
    answered = {
        "conv_backward": inspect.getsource(pixel_by_pixel).replace(
            "pixel_by_pixel", "conv_backward"
        )
    }
    namespace, printed, captions = through(answered)
    assert time.process_time() - start < 30
    assert "cut short" in printed
    _, right = namespace["judged"](
        namespace["history"][-1], namespace["x_test"], namespace["labels_test"]
    )
    assert right > 0.7  # enough to see that it learns
    assert "have not changed" not in captions["train_kernels"]


def test_a_blank_notebook_runs_through_and_says_what_is_missing():
    _, printed, captions = through(BLANK)
    assert "Not yet: conv_backward is not written yet." in printed or "cross_entropy" in printed
    for cell in ("whole_check", "train_curve", "train_kernels", "places_figure", "mean_figure"):
        assert captions[cell].startswith("No picture yet"), cell


@pytest.mark.slow  # where all are missing, a quick test looks
@pytest.mark.parametrize("task", ["conv_backward", "sgd_step"])  # the first and the last in use
def test_one_missing_task_stops_no_cell(task):
    _, printed, _ = through({task: BLANK[task]}, SMALL)
    assert f"Not yet: {task} is not written yet." in printed


WILD = {
    "of_another_shape": (
        "conv_backward",
        "def conv_backward(dy, cache):\n    return 0, np.zeros(3), 0\n",
    ),
    "walks_uphill": (
        "sgd_step",
        "def sgd_step(p, g, rate):\n    return {n: p[n] + 1e6 * g[n] for n in p}\n",
    ),
}


@pytest.mark.few(1)
@pytest.mark.parametrize("name", WILD)
def test_a_wrong_answer_is_drawn_and_stops_no_cell(name, recwarn):
    task, source = WILD[name]
    _, _, captions = through({task: source}, SMALL)
    assert "mean_figure" in captions
    assert not [w for w in recwarn if not issubclass(w.category, DeprecationWarning)]


def test_while_nbgrader_grades_nothing_is_trained(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    start = time.process_time()
    namespace, printed, _ = through()
    assert namespace["history"] is None
    assert time.process_time() - start < 1.5
    assert "Not yet" not in printed


# ---- what is drawn --------------------------------------------------------------------------


def test_every_figure_is_readable_and_has_its_sentence(trained):
    assert len(FIGURES) >= 9
    for figure, sentence in FIGURES:
        assert len(sentence) > 40
        assert sentence.endswith(".")
        assert pictures.unreadable(figure) == [], sentence
        for text in figure.findobj(Text):
            assert not text.get_text().strip() or text.get_fontsize() >= 6.5, text.get_text()


def test_the_last_figure_says_who_won(trained):
    _, captions, _ = trained
    assert "Shifted by pixels, 0: 90 and 45, 1: 50 and 25, 2: 10 and 5." in captions["mean_figure"]


def title(monkeypatch, figure, *args):
    drawn = []
    monkeypatch.setattr(figures, "show", lambda figure, sentence: drawn.append(figure))
    figure(*args)
    return drawn[0].get_suptitle()


def test_a_title_says_what_its_picture_shows(monkeypatch):
    few, many = np.full((1, 3), 0.4), np.full((1, 3), 0.6)
    both = (few, many), (many, many)
    said = title(monkeypatch, figures.max_or_mean, (0, 1, 2), (0, 0.2, 0.4), *both)
    assert said == "After a small shift the mean reads more; in noise both read alike."
    kernels = np.ones((2, 1, 5, 5))
    same, grown = [{"w": kernels}] * 2, [{"w": kernels}, {"w": 2 * kernels}]
    assert "have not changed" in title(monkeypatch, figures.kernels, same)
    assert "strokes" in title(monkeypatch, figures.kernels, grown)
    steps, level = np.arange(0, 90, 10), np.full(9, 0.5)
    for loss, word in (
        (1 / (1 + steps), "at once"),
        (1 + steps, "not how"),
        (np.nan * steps, "not how"),
    ):
        assert word in title(monkeypatch, figures.learning_curve, (steps, loss, level, level))


MINE = [m for m in known() if next(iter(m.functions)) in BLANK]


@pytest.mark.parametrize("misconception", MINE, ids=lambda m: m.name)
def test_a_misconception_has_a_picture_and_a_sentence(misconception):
    drawn = {name: picture(failure) for name, failure in failures(misconception)}
    assert drawn
    for name, (sheet, sentence) in drawn.items():
        assert pictures.alternative_texts(sheet.image(sentence)) == [sentence]
        assert len(sentence) > 40, name
        assert pictures.faint(sheet) == [], name
        assert 100 < sheet.width < 900, name
        assert sheet.height < 850, name
    assert 30 < len(misconception.hint) < 200


@pytest.mark.parametrize("name", checks.__all__)
def test_no_answer_is_too_odd_to_be_told(name):
    """Whatever comes back, a check fails as a check, with a picture, or is content."""
    parts = (
        *ODD,
        *([odd] * size for odd in ODD[:8] for size in (2, 3)),
        ({}, {}),
        (None, {"w": 1}),
    )
    for odd in (*parts, {"w": None, "b": "x"}):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                getattr(check, name)(lambda *args, odd=odd: odd)
            except Failed:
                assert "[figure: " in out.getvalue()


# ---- PyTorch ----------------


def test_without_pytorch_what_it_says_of_a_right_layer_is_shown(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    network.in_torch(None, None, None)
    said = capsys.readouterr().out
    assert "not installed" in said
    assert "gradcheck" in said


def test_pytorch_says_of_a_right_layer_what_is_shown_without_it():
    pytest.importorskip("torch", reason="PyTorch is not installed: it cannot be asked")
    cell = next(c for c in notebooks.read(CHAPTER).cells if c.id == "torch_function")
    program = (
        f"{cell.source}\nfrom oracle import reference as r; from poolkit import network\n"
        "network.in_torch(in_torch, r.maxpool_forward, r.maxpool_backward)\n"
        "network.in_torch(in_torch, r.maxpool_forward, lambda dy, cache: 0 * "
        "r.maxpool_backward(dy, cache))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{notebooks.ROOT}:{notebooks.SOURCE}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    right, wrong = done.stdout.splitlines()[:4], done.stdout.splitlines()[4:]
    assert right == network._SHOWN.splitlines()
    assert [line.split()[-1] for line in wrong] == ["True", "False", "False", "False"]
    assert done.stderr == ""


# ---- the race -------------------------------------------------------------------------------


def test_alone_the_race_says_how_to_install_pytorch(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    layer = reference.maxpool_forward, reference.maxpool_backward
    assert network.race(*layer, shape=(1, 1, 8, 8), rounds=1) is None
    said = capsys.readouterr().out
    assert "pip install torch" in said
    assert re.search(r"yours +[\d.]+ ms", said)


@pytest.mark.slow
def test_with_pytorch_both_times_and_their_ratio_are_printed():
    pytest.importorskip("torch", reason="PyTorch is not installed: nobody to race")
    # in a process of its own: PyTorch's threads stay out of the other tests
    program = (
        "from oracle import reference as r; from poolkit import network; "
        "print('got', network.race(r.maxpool_forward, r.maxpool_backward, "
        "shape=(2, 2, 16, 16), rounds=3))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{notebooks.ROOT}:{notebooks.SOURCE}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"PyTorch +[\d.]+ ms", done.stdout)
    ratio = float(re.search(r"got ([\d.]+)", done.stdout)[1])
    assert ratio > 0
    assert f"{ratio:.2f}" in done.stdout
