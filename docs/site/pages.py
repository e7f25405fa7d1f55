"""The lessons as pages to read, without a kernel: ``python docs/site/pages.py FOLDER``.

A page is the released notebook, so it holds no answer and no hidden test. A cell that stands in
``solutions/`` word for word shows its output there, unless it is a check.
"""

import argparse
import html
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import unquote

import nbformat
from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RELEASE = ROOT / "release" / "maxpool"
sys.path[:0] = [str(ROOT), str(RELEASE)]  # the toolkit draws what is drawn here

import states  # noqa: E402  beside this file

from oracle import ways  # noqa: E402

SOLUTIONS = ROOT / "solutions" / "maxpool"
BUNDLE = "maxpool.zip"

NOTE = """\
:::{note}
This page is for reading. To work on it, [download the whole assignment](path:downloads/%s), or
[this notebook](path:downloads/%s.ipynb) alone. Where a picture needs your answer, a right one
drew it.
:::"""


def read(folder, name):
    return nbformat.read(folder / f"{name}.ipynb", as_version=4)


def page(name):
    """Return the released notebook ``name`` with the outputs that a reader may see."""
    notebook = read(RELEASE, name)
    solved = {cell.id: cell for cell in read(SOLUTIONS, name).cells}
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"(?<=\]\()#[^)]+", lambda link: unquote(link[0]), cell.source)
        elif cell.id in solved and cell.source == solved[cell.id].source:
            outputs = [] if meta.get("grade") else solved[cell.id].outputs
            cell.outputs = [output for output in outputs if still(output)]
            if cell.id in states.STATES:
                cell.outputs = lively(cell.id, cell.outputs)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(NOTE % (BUNDLE, name)))
    return notebook


def still(output):
    """Whether an output needs no kernel. An explorer shows a still picture beside its widget."""
    return not any("jupyter.widget" in kind for kind in output.get("data", {}))


def lively(name, outputs):
    """An explorer's still frame with its states beside it; ``explorers.js`` makes it move."""
    script, sentence = states.script(name)
    for output in outputs:
        page = output.get("data", {}).get("text/html", "")
        if "kit-frame" in page:
            if html.escape(sentence) not in page:
                sys.exit(
                    f"docs/site/states.py begins elsewhere than the lesson's {name}: {sentence}"
                )
            output.data["text/html"] = page + script
            return outputs
    sys.exit(f"{name} shows no still frame; make release")


def opening(names):
    """The picture with which the course begins, out of the first chapter's outputs."""
    cells = read(SOLUTIONS, names[0]).cells
    outputs = next(cell.outputs for cell in cells if cell.id == "reads-figure")
    return next(o.data["text/html"] for o in outputs if "<img" in o.get("data", {})["text/html"])


def clock(quick, slow):
    """A quick and a slow reader's minutes in words: "50–56 min", "11–13 h"."""
    if slow < 300:
        return f"{quick}–{slow} min"
    halves = [round(minutes / 30) for minutes in (quick, slow)]
    return "–".join(f"{half // 2}{'½' * (half % 2)}" for half in halves) + " h"


def table(names):
    """Minutes and points of each chapter on each way, read from the notebooks."""
    lines = ["| | all of it | 4 hours | 90 minutes |", "|---|---|---|---|"]
    sums = {way: [0, 0, 0] for way in ("all", "4h", "90min")}
    for name in names:
        notebook, row = ways.read(RELEASE / f"{name}.ipynb"), [f"[{name}]({name}.ipynb)"]
        for way, total in sums.items():
            short = ways.shortened(name, notebook, way)
            if short is None:
                row.append("–")
                continue
            slow = ways.minutes_of(short["cells"])
            points = sum(ways.points_of(short["cells"]).values())
            for n, more in enumerate((ways.quick(slow), slow, points)):
                total[n] += more
            row.append(f"{clock(ways.quick(slow), slow)}, {ways.plural(points, 'point')}")
        lines.append(f"| {' | '.join(row)} |")
    sum_ = [f"{clock(quick, slow)}, {points} points" for quick, slow, points in sums.values()]
    lines.append(f"| together | {' | '.join(sum_)} |")
    return "\n".join(lines)


WELCOME = """\
A network has learned to read handwritten digits. In its middle stands a layer without a single
weight to learn, **max pooling**; and at every step of training, at least three quarters of the
numbers that come before it get no gradient.

```{raw} html
<div class="door">%s</div>
```

**Why? And does it matter?** In four notebooks you derive that layer and its gradient, build it,
forward and backward, and train this network with it. There are windows to walk with the arrow keys,
ties to break, gradients to follow; each function that you write is checked on the spot, and a check
that fails says what is wrong, where, and why.
"""


def landing(names):
    """Return the first page: the question with its picture, ways and chapters, the files."""
    title = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")[0]
    parts = [title, WELCOME % opening(names)]
    parts.append(f"[Begin with chapter 1]({names[0]}.ipynb), or")
    parts.append(f"[Download the assignment](path:downloads/{BUNDLE}) (a zip file)")
    parts += ["## How long it takes", table(names)]
    for name in names:
        heading, promise = read(RELEASE, name).cells[0].source.split("\n\n")[:2]
        parts += [
            f"## [{heading.removeprefix('# ')}]({name}.ipynb)",
            promise,
            f"[Download {name}.ipynb](path:downloads/{name}.ipynb)",
        ]
    parts.append("\n".join(["```{toctree}", ":hidden:", *names, "student", "```"]))
    return "\n\n".join(parts)


def bundle(path):
    """Write the released folder as a zip file that is the same on every machine."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(RELEASE.rglob("*")):
            inside = file.relative_to(RELEASE.parent)
            if file.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & {*inside.parts}:
                archive.writestr(zipfile.ZipInfo(str(inside)), file.read_bytes())


def anchor(title):
    """A heading's anchor as JupyterLab makes it, so that the notebooks' own links hold."""
    return title.replace(" ", "-")


def build(target):
    """Write the site into ``target``; return Sphinx's exit code. A warning is an error."""
    names = sorted(path.stem for path in RELEASE.glob("*.ipynb"))
    unsolved = {f"{name}.ipynb" for name in names} - {path.name for path in SOLUTIONS.glob("*")}
    if unsolved or not names:
        sys.exit(
            f"{SOLUTIONS} lacks {', '.join(sorted(unsolved)) or 'every notebook'}; make release"
        )
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        (stage / "downloads").mkdir()
        bundle(stage / "downloads" / BUNDLE)
        for name in names:
            nbformat.write(page(name), stage / f"{name}.ipynb")
            (stage / "downloads" / f"{name}.ipynb").write_bytes(
                (RELEASE / f"{name}.ipynb").read_bytes()
            )
        (stage / "index.md").write_text(landing(names), encoding="utf-8")
        (stage / "student.md").write_bytes((ROOT / "docs" / "student.md").read_bytes())
        return build_main(["-qWE", "--keep-going", "-c", str(HERE), str(stage), str(target)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", help="where the pages go, such as build/site")
    sys.exit(build(parser.parse_args().folder))
