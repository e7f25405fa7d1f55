"""What every explorer is made of: number fields on a drawing that is made anew at each change.

A drawing is one HTML string of a fixed size, so a change is a single message and nothing moves on
the page. A pixel is a number field that lies on its cell: click it and type, or use the arrow keys.
Number fields keep their keys to themselves, where sliders would share them with JupyterLab, and
each has a label that a screen reader says, as "x[0, 1]".
"""

import contextlib
import html

import ipywidgets as widgets
import numpy as np

# The fields lie on the cells of the drawing, which shows the colours through them.
STYLE = """
.kit-explorer {overflow-x: auto}
.kit-explorer .kit-stage {position: relative; flex: none; overflow: visible}
.kit-explorer .kit-stage > .widget-html {position: absolute; left: 0; top: 0; margin: 0}
.kit-explorer .kit-stage .widget-html-content {line-height: 0}
.kit-cells {position: absolute; margin: 0; padding: 0; overflow: visible}
.kit-cells .widget-text, .kit-cells button {
  width: auto; height: auto; margin: 0; min-width: 0; padding: 0}
.kit-cells .widget-label {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)}
.kit-cells input::-webkit-inner-spin-button {appearance: none}
.kit-cells input[type="number"] {
  appearance: textfield;
  background: transparent !important; border: none !important; width: 100%; height: 100%;
  padding: 0; text-align: center; font: 16px DejaVu Sans, Verdana, sans-serif;
  border-radius: 3px; cursor: text}
.kit-cells button {background: transparent; border: none; box-shadow: none; font-size: 0}
.kit-cells :is(input, button):hover {box-shadow: inset 0 0 0 2px #000, inset 0 0 0 4px #fff}
.kit-cells :is(input, button):focus-visible, .kit-cells input:focus {
  outline: 3px solid #000; outline-offset: -3px; box-shadow: inset 0 0 0 5px #fff}
.kit-explorer .kit-controls {flex-flow: row wrap; align-items: center; overflow: visible}
.kit-explorer .kit-controls > * {margin: 2px 14px 2px 2px; width: auto}
.kit-explorer .kit-controls .widget-label {width: auto; min-width: 0; margin-right: 4px}
.kit-explorer .kit-controls input[type="number"] {width: 4.2em; flex: none}
.kit-explorer .kit-controls :is(input, button):focus-visible {
  outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px}
.kit-explorer .kit-said {max-width: 52em; line-height: 1.45}
.jp-OutputArea-child:has(.kit-frame):has(+ .jp-OutputArea-child .kit-explorer) {
  display: none}
"""


class Explorer(widgets.VBox):
    """A drawing with fields on it, controls below, and the sentence that says what it shows.

    A subclass makes its fields, calls ``assemble`` and has ``draw``, which returns a ``Sheet`` and
    the sentence.
    """

    title = ""  # a sentence, the heading

    def assemble(self, boards, controls):
        """Put the parts together.

        boards    fields that lie on the drawing, each a ``Cells``
        controls  widgets in a row below it
        """
        self._boards, self._held = boards, False
        self._style, self._picture, self._said = (widgets.HTML() for _ in range(3))
        self._said.add_class("kit-said")
        heading = widgets.HTML(f"<strong>{html.escape(self.title)}</strong>")
        self._stage = widgets.Box([self._picture, *boards])
        self._stage.add_class("kit-stage")
        self.controls = widgets.Box(controls)
        self.controls.add_class("kit-controls")
        fixed = widgets.HTML(f"<style>{STYLE}</style>")
        self.add_class("kit-explorer")
        for field in [*(f for cells in boards for f in cells.fields), *controls]:
            if "value" in field.traits():
                field.observe(self.refresh, "value")
        self.refresh()
        self.children = [heading, self._stage, self.controls, self._said, fixed, self._style]

    @contextlib.contextmanager
    def held(self):
        """Several changes within are one: nothing is drawn before the end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.refresh()

    def refresh(self, _=None):
        """Draw anew."""
        if self._held:
            return
        self._held = True  # drawing may set the limits of a field
        try:
            sheet, sentence = self.draw()
        finally:
            self._held = False
        self._stage.layout.width = f"{sheet.width:g}px"
        self._stage.layout.height = f"{sheet.height:g}px"
        rules = "".join(cells.rules() for cells in self._boards)
        self._picture.value = sheet.inline(sentence)
        self._style.value = f"<style>{rules}</style>"
        # a region that a screen reader reads out when it changes
        self._said.value = f'<div role="status" aria-live="polite">{html.escape(sentence)}</div>'

    def frame(self):
        """The explorer as a still picture with its sentence, in HTML."""
        for cells in self._boards:
            cells.printed = True
        sheet, sentence = self.draw()
        for cells in self._boards:
            cells.printed = False
        caption = f"<figcaption><em>{html.escape(sentence)}</em></figcaption>"
        return f'<figure class="kit-frame">{sheet.image(sentence)}{caption}</figure>', sentence

    def outputs(self):
        """The still picture and the live explorer, each as one output's forms.

        The live one hides the still one. They are not forms of one output, because JupyterLab does
        not fall back from a widget whose kernel is gone to another form.
        """
        frame, sentence = self.frame()
        live = self._repr_mimebundle_()
        # where the widget cannot be shown, as in an export, it leaves no trace
        live |= {"text/html": "", "text/plain": ""}
        return {"text/html": frame, "text/plain": f"[explorer: {sentence}]"}, live

    def _ipython_display_(self):
        from IPython.display import display

        frame, live = self.outputs()
        display(frame, raw=True)
        # the tag lets a notebook be kept without what means nothing when its kernel is gone
        display(live, raw=True, metadata={"tags": ["live"]})


class Cells(widgets.GridBox):
    """Fields on the cells of a board.

    fields  all of them; ``place`` may show a part
    """

    def __init__(self, fields):
        super().__init__()
        self.fields, self.printed = list(fields), False
        self._shown, self._colours = None, ""
        self.add_class("kit-cells")
        self._name = f"kit-{self.model_id}"
        self.add_class(self._name)

    def place(self, board, shown=None):
        """Lay the fields on a board's cells, row by row; ``shown``: these of them only."""
        (high, wide), (H, W) = board.cell, board.shape
        shown = list(range(len(self.fields))) if shown is None else shown
        key = board.left, board.top, high, wide, H, W, tuple(shown)
        if key != self._shown:
            self._shown = key
            self.layout.grid_template_columns = f"repeat({W}, {wide:g}px)"
            self.layout.grid_template_rows = f"repeat({H}, {high:g}px)"
            self.layout.left = f"{board.left:g}px"
            self.layout.top = f"{board.top:g}px"
            self.layout.width, self.layout.height = f"{W * wide:g}px", f"{H * high:g}px"
            self.children = [self.fields[n] for n in shown]
        self._colours = [board.ink(i, j) for i, j in np.ndindex(H, W)]

    def rules(self):
        """The text colour of each field, as style rules."""
        return "".join(
            f".{self._name} > :nth-child({n}) input {{color: {colour} !important}}"
            for n, colour in enumerate(self._colours, start=1)
        )


class Pixels(Cells):
    """Number fields, one a pixel; ``array`` is what they hold."""

    def __init__(self, name, values, least=-99, most=99):
        values = np.asarray(values)
        whole = np.round(values).astype(int)
        if values.ndim not in (1, 2) or (whole != values).any() or np.abs(values).max() > most:
            raise ValueError(
                f"{name} is {values.tolist()}; give an array of whole numbers from {least} to "
                f"{most}, with one or two axes"
            )
        self._shape = values.shape
        super().__init__(
            widgets.BoundedIntText(
                value=int(whole[place]),
                min=least,
                max=most,
                continuous_update=True,
                description=f"{name}[{', '.join(map(str, place))}]",
            )
            for place in np.ndindex(values.shape)
        )

    @property
    def array(self):
        return np.array([field.value for field in self.fields], float).reshape(self._shape)

    @property
    def texts(self):
        """What the drawing prints in the cells: nothing while the fields do."""
        return None if self.printed else ""


class Choices(Cells):
    """Buttons without a face, one a cell of ``shape``; ``choose`` is called with the cell."""

    def __init__(self, says, shape, choose):
        self._grid = shape
        fields = []
        for place in np.ndindex(shape):
            button = widgets.Button(description=says.format(*place))
            button.on_click(lambda _, place=place: choose(*place))
            fields.append(button)
        super().__init__(fields)

    def place_first(self, board):
        """Lay the buttons of the first rows and columns on a board that may be smaller."""
        H, W = board.shape
        self.place(board, [i * self._grid[1] + j for i in range(H) for j in range(W)])


def count(description, value, least, most):
    """A number field with its label in front."""
    return widgets.BoundedIntText(
        value=value,
        min=least,
        max=most,
        description=description,
        continuous_update=True,
        style={"description_width": "auto"},
    )
