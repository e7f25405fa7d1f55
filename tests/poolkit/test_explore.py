"""The explorers: they show what is true, at once, in words too, and to readers without a kernel."""

import re

import ipywidgets
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter

from poolkit import explore, spec
from tests.poolkit import pictures

X = [[7, 2, 5, 16, 1], [3, 4, 9, 6, 2], [10, 1, 8, 11, 0], [13, 12, 14, 15, 3], [2, 5, 1, 4, 6]]
SMALL, DY = [[1, 9, 2], [3, 4, 5], [8, 6, 7]], [[1, 2], [4, -3]]


def fast(x, kernel_size):
    k = kernel_size
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return view[:, :, ::k, ::k].max((-1, -2)), None


MAKE = {
    "window": lambda: explore.window(X),
    "jacobian": lambda: explore.jacobian(SMALL),
    "gradient": lambda: explore.gradient(SMALL, DY),
    "tie": lambda: explore.tie([2, 2, 1], [1, -1, 0]),
    "soft": lambda: explore.soft([2, 2, 1, 0]),
    "speed": lambda: explore.speed(spec.maxpool_forward, fast),
}


@pytest.fixture(params=MAKE)
def explorer(request):
    made = MAKE[request.param]()
    yield made
    for widget in inside(made):
        widget.close()


def inside(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def controls(explorer):
    kinds = (
        ipywidgets.Button,
        ipywidgets.BoundedIntText,
        ipywidgets.Checkbox,
        ipywidgets.ToggleButtons,
    )
    return [w for w in inside(explorer) if isinstance(w, kinds)]


def wander(explorer, steps=40):
    """Change controls at random, as a reader would; yield after every change."""
    rng = np.random.default_rng(0)
    for _ in range(steps):
        control = rng.choice(controls(explorer))
        if isinstance(control, ipywidgets.Button):
            control.click()
        elif isinstance(control, ipywidgets.Checkbox):
            control.value = not control.value
        elif isinstance(control, ipywidgets.ToggleButtons):
            control.index = int(rng.integers(len(control.options)))
        else:
            control.value = int(rng.integers(max(control.min, -9), min(control.max, 20) + 1))
        yield control


def said(explorer):
    return explorer.draw()[1]


def test_the_still_picture_says_in_words_what_it_shows(explorer):
    frame, sentence = explorer.frame()
    assert pictures.alternative_texts(frame) == [sentence]
    assert len(sentence) > 60
    assert sentence.endswith(".")
    assert f"<figcaption><em>{sentence[:20]}" in frame


def test_the_live_picture_has_its_sentence_too_in_a_region_that_is_read_out(explorer):
    for _ in wander(explorer, 5):
        live = explorer._picture.value
        (alt,) = pictures.alternative_texts(live)
        assert 'role="status" aria-live="polite"' in explorer._said.value
        assert alt[:30] in explorer._said.value


def test_every_control_has_a_name_of_its_own(explorer):
    names = [control.description for control in controls(explorer)]
    assert all(names)
    assert len(set(names)) == len(names)


def test_every_text_is_readable_whatever_is_set(explorer):
    assert pictures.faint(explorer.draw()[0]) == []
    for changed in wander(explorer):
        sheet, _ = explorer.draw()
        assert pictures.faint(sheet) == [], changed.description
        assert all(
            rule.group(1) in ("#000000", "#ffffff")
            for rule in re.finditer(r"color: (#\w+)", explorer._style.value)
        )


def test_nothing_moves_on_the_page(explorer):
    """A redrawn picture has the size of the one before it."""
    size = explorer.draw()[0].width, explorer.draw()[0].height
    for changed in wander(explorer):
        sheet, _ = explorer.draw()
        assert (sheet.width, sheet.height) == size, changed.description


def test_a_change_is_one_new_picture(explorer):
    """No half-way picture flickers by, also where one field sets another one's limits."""
    drawn = []
    explorer._picture.observe(lambda change: drawn.append(change["new"]), "value")
    for _ in wander(explorer, 60):
        assert len(drawn) <= 1
        drawn.clear()


def test_the_still_picture_prints_the_pixels_and_the_live_one_leaves_that_to_the_fields():
    made = MAKE["window"]()
    live, still = made.draw()[0], made.frame()[0]
    assert len([part for part in [*live.parts, *live.above] if part.startswith("<text")]) < 40
    import base64

    svg = base64.b64decode(re.search(r"base64,([^\"]+)", still)[1]).decode()
    assert len(re.findall("<text", svg)) > 40


def test_only_what_is_live_is_tagged_so(explorer, monkeypatch):
    told = []
    monkeypatch.setattr("IPython.display.display", lambda forms, **how: told.append((forms, how)))
    explorer._ipython_display_()
    tagged = ["live" in how.get("metadata", {}).get("tags", ()) for _, how in told]
    assert tagged == ["application/vnd.jupyter.widget-view+json" in forms for forms, _ in told]
    assert tagged == [False, True]


def test_an_export_without_a_kernel_shows_the_still_picture_once(explorer):
    frame, live = explorer.outputs()
    cell = nbformat.v4.new_code_cell("explore", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("display_data", data=data) for data in (frame, live)]
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert page.count('<figure class="kit-frame">') == 1
    assert "Explorer(" not in page
    assert "widget-view" not in page


def test_nothing_is_made_while_nbgrader_grades(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    for make in MAKE.values():
        assert isinstance(make(), str)


# ---- what they say is true ------------------------------------------------------------------


def test_the_window_explorer_agrees_with_the_specification():
    made = MAKE["window"]()
    for _ in wander(made, 60):
        x, k, l = made.x.array, made.k.value, made.l.value
        y = spec.maxpool_forward(x[None, None], made.kernel.value, made.stride.value)[0][0, 0]
        text = said(made).replace("−", "-")
        assert f"y[{k}, {l}] = {y[k, l]:g}" in text
        assert f"Output ({k}, {l}) sees" in text


def test_the_window_explorer_walks_through_all_outputs_and_begins_again():
    made = MAKE["window"]()
    seen = []
    for _ in range(5):
        seen.append((made.k.value, made.l.value))
        made.step(1)
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]


def test_a_button_on_an_output_chooses_its_window():
    made = MAKE["window"]()
    button = next(c for c in controls(made) if c.description == "output (1, 0)")
    button.click()
    assert said(made).startswith("Output (1, 0) sees Ω(1, 0) = {(2, 0), (2, 1), (3, 0), (3, 1)}")


def test_the_jacobian_explorer_counts_wins():
    made = MAKE["jacobian"]()
    assert "pixel (0, 1) won twice, 6 of 9 pixels never" in said(made)
    next(c for c in controls(made) if c.description == "x[1, 1]").value = 20
    assert "pixel (1, 1) won 4 times, 8 of 9 pixels never" in said(made)
    made.kernel.value = 1
    assert "J has 9 rows and 9 columns" in said(made)
    assert "no pixel won more than once, 0 of 9" in said(made)


def test_the_gradient_explorer_keeps_the_sum_unless_it_assigns():
    made = MAKE["gradient"]()
    assert "at (0, 1) 1 + 2 = 3. Σ dy = 4, Σ dx = 4." in said(made)
    made.assign.value = True
    assert "wrong at (0, 1). Σ dy = 4, Σ dx = 3." in said(made)
    made.assign.value = False
    for _ in wander(made):
        if not made.assign.value:
            dy, dx = re.findall(r"Σ d[yx] = ([−\d]+)", said(made))
            assert dy == dx


def test_the_slopes_of_a_tie_are_those_of_differences():
    made = MAKE["tie"]()
    for _ in wander(made):
        w, v, h = made.w.array, made.v.array, 1e-6
        slopes = (np.max(w + s * h * v) - np.max(w) for s in (1, -1))
        ahead, behind = (round(s * slope / h) for s, slope in zip((1, -1), slopes, strict=True))
        text = said(made).replace("−", "-")
        assert f"slope ahead is {ahead}, the slope behind {behind}" in text
        assert ("no gradient" in text) == (ahead != behind)


def test_the_speed_explorer_times_what_it_is_given():
    made = MAKE["speed"]()
    assert "times as fast" in said(made)
    turned = explore.speed(fast, spec.maxpool_forward)
    assert "times as slow" in said(turned)


def test_the_speed_explorer_s_still_picture_is_the_same_every_time():
    made, other = MAKE["speed"](), MAKE["speed"]()
    assert made.frame() == other.frame()
    assert made.frame()[1].startswith("An example: at N = 32 the loops take 1.9 ms")
    made.again()
    assert said(made).startswith("At N = 32 the loops take")


def test_the_speed_explorer_waits_for_a_layer_that_is_not_written_yet():
    def maxpool_forward(x, kernel_size):
        raise NotImplementedError()

    made = explore.speed(spec.maxpool_forward, maxpool_forward)
    assert "maxpool_forward is not written yet" in said(made)
    assert "not written yet" in made.frame()[0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: explore.window([[1.5, 2], [3, 4]]), "whole numbers from -99 to 99"),
        (lambda: explore.window([[1, 200], [3, 4]]), "whole numbers from -99 to 99"),
        (lambda: explore.tie([1, 2], [1, 2]), "give three numbers each"),
    ],
)
def test_a_bad_image_is_told_in_one_line(make, says):
    with pytest.raises(ValueError, match=says) as error:
        make()
    assert "\n" not in str(error.value)


def shares_of(made, temperature, w):
    """The gradient and the value, less τ·log 4, that the sentence tells."""
    with made.held():
        made.temperature.value = temperature
        for field, value in zip(made.w.fields, w, strict=True):
            field.value = value
    sentence = said(made)
    gradient = re.search(r"gradient is \(([^)]+)\)", sentence)[1]
    level = float(re.search(r"that is ([\d.]+)", sentence)[1])
    return [float(share) for share in gradient.split(", ")], level


def test_the_soft_maximum_has_its_two_ends():
    """τ → 0: the winner takes all, at a tie all alike; τ → ∞: the mean."""
    made = MAKE["soft"]()
    gradient, level = shares_of(made, 0.05, [3, 2, 1, 0])
    assert gradient == [1, 0, 0, 0]
    assert level == pytest.approx(3, abs=0.1)
    gradient, level = shares_of(made, 0.05, [2, 2, 1, 0])
    assert gradient == [0.5, 0.5, 0, 0]
    assert level == pytest.approx(2, abs=0.1)
    gradient, level = shares_of(made, 50.0, [3, 2, 1, 0])
    assert gradient == pytest.approx([0.25] * 4, abs=0.015)
    assert level == pytest.approx(1.5, abs=0.05)
