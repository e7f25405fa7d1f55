"""The lessons as pages to read, without a kernel: ``python docs/site/pages.py FOLDER``.

A page is the released notebook, so it holds no answer and no hidden test. A cell that stands in
``solutions/`` word for word shows its output there, unless it is a check.
"""

import argparse
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
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(NOTE % (BUNDLE, name)))
    return notebook


def still(output):
    """Whether an output needs no kernel. An explorer shows a still picture beside its widget."""
    return not any("jupyter.widget" in kind for kind in output.get("data", {}))


def landing(names):
    """Return the first page: the README's title and first paragraph, the chapters, the files."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = readme.split("\n\n")[:2]
    parts.append(f"[Download the assignment](path:downloads/{BUNDLE}) (a zip file)")
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
