"""Try a misconception: ``python -m oracle.misconceptions NAME`` in the course's folder.

It takes the place of the solution in its chapter's notebook, of which the setup, the answers and
the tests run, the hidden halves included. Printed: what it loses and what it hears. The status is
1 where that is not what is written down of it.
"""

import contextlib
import difflib
import io
import json
import linecache
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "source" / "maxpool"
USAGE = "usage: python -m oracle.misconceptions NAME   (for example x-before-y; --list names all)"


def main(words):
    """Try the one that is named; return the exit status."""
    sys.path.insert(0, str(SOURCE))  # poolkit, as beside the notebooks
    from oracle.misconceptions import known

    by_name = {one.name: one for one in known()}
    if words == ["--list"]:
        for one in by_name.values():
            print(f"{one.name:44} {one.kind:14} {', '.join(one.functions)}")
        return 0
    if len(words) != 1 or words[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    (name,) = words
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, 1)
        meant = f"; is it {near[0]}?" if near else ""
        print(f"there is no misconception {name!r}{meant} (--list names all)", file=sys.stderr)
        return 2
    return told(by_name[name])


def told(one):
    """Print what a misconception loses and hears; return the exit status."""
    chapter, cells = next(
        (path.stem, found)
        for path, found in ((p, cells_of(p)) for p in sorted(SOURCE.glob("*.ipynb")))
        if one.functions.keys() <= {name for name, _, _ in found}
    )
    failed = play(chapter, cells, one.sources)
    points = {name.removeprefix("test_"): worth for name, worth, _ in cells if worth}
    lost = sum(points[check] for check in failed)
    print(f"{one.name} ({one.kind}), an answer to {', '.join(one.functions)} in {chapter}")
    print(f"loses {lost:g} of the chapter's {sum(points.values()):g} points\n")
    for check, message in failed.items():
        print(f"− {points[check]:g} · {message}\n")
    status = 0
    if failed.keys() != one.loses:
        print(f"But what is written down is loses={' '.join(sorted(one.loses))!r}")
        status = 1
    if not any(one.hint in " ".join(message.split()) for message in failed.values()):
        print(f"But nobody hears its own sentence: {one.hint}")
        status = 1
    return status


def cells_of(path):
    """[(name, points of a test, source)] of a notebook's code cells."""
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code":
            worth = about["points"] if about.get("grade") else 0
            kept = worth or about.get("solution") or cell["id"].startswith("setup")
            found += [(cell["id"], worth, "".join(cell["source"]))] if kept else []
    return found


def play(chapter, cells, answers):
    """{check: message} of the tests that fail with ``answers`` in place of the solutions."""
    failed, names = {}, {"__name__": "__main__"}
    for name, worth, solution in cells:
        source, file = answers.get(name, solution), f"<{chapter} {name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, file, "exec"), names)
        except Exception as error:
            if not worth:
                raise
            failed[name.removeprefix("test_")] = f"{type(error).__name__}: {error}".removeprefix(
                "Failed: "
            )
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
