"""The least that grading could cost: ``python -m benchmarks.bare ASSIGNMENT`` in a course folder.

A process that has imported what the notebooks import forks for every submission; the child reads
its notebooks, runs with ``exec`` every code cell that ``proctor`` runs, and writes them. No
isolation, no gradebook, no outputs recorded, no IPython.
"""

import ast
import contextlib
import io
import json
import os
import sys
from pathlib import Path

os.environ["NBGRADER_EXECUTION"] = "autograde"
os.environ["MPLBACKEND"] = "agg"


def main():
    """Run every submission of an assignment once."""
    assignment = sys.argv[1]
    source = Path("source", assignment).resolve()
    sys.path[:0] = [str(source), os.getcwd()]
    for path in sorted(source.glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if runs(cell):
                preload("".join(cell["source"]))
    for folder in sorted(Path("submitted").glob(f"*/{assignment}")):
        child = os.fork()
        if child == 0:
            play(folder, source)
            os._exit(0)
        os.waitpid(child, 0)


def runs(cell):
    """Whether a cell of the source is run: code that does more than show something."""
    return cell["cell_type"] == "code" and "show-only" not in cell["metadata"].get("tags", ())


def preload(source):
    """Import what a cell imports."""
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                with contextlib.suppress(Exception):
                    exec(ast.unparse(node), {})


def play(folder, source):
    """Run a submission's notebooks, each cell of the source but for the student's answers."""
    os.chdir(folder)
    for path in sorted(Path().glob("*.ipynb")):
        submitted = json.loads(path.read_text())
        answers = {
            cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"]
            for cell in submitted["cells"]
        }
        notebook = json.loads((source / path.name).read_text())
        names = {"__name__": "__main__"}
        for cell in notebook["cells"]:
            about = cell["metadata"].get("nbgrader", {})
            if about.get("solution"):
                cell["source"] = answers[about["grade_id"]]
            if runs(cell):
                with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                    exec("".join(cell["source"]), names)
        Path(f"{path.stem}.played").write_text(json.dumps(notebook, indent=1))


if __name__ == "__main__":
    main()
