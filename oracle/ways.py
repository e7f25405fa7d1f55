"""Shorter ways through the lessons: ``python -m oracle.ways 90min FOLDER``.

A way is a tag of cells, as ``90min``: the cells that have it, in their order, are the shorter
lesson. A notebook without such a cell is not in it. FOLDER becomes a course of its own, with a
source, this package and the configuration, as this one is: release it and grade it there.

The notebooks' own lists of contents are cut down with them: a section that is left out leaves its
line, and minutes, points and tasks are added up anew.
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from oracle.words import MINUTES, PACE, REWORDED, SAID

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "source" / "maxpool"
WAYS = ("90min", "4h")
NAMES = {"90min": "90 minutes", "4h": "4 hours", "all": "all of it"}
ROUTES = {"90min": "90-minute route", "4h": "4-hour route", "all": "whole route"}

# A line of a list of contents: "1. [Heading](#Heading) · 5 min, `task`, 4 points"
ITEM = re.compile(
    r"^\d+\. \[(?P<title>[^\]]+)\]\((?P<link>#[^)]+)\) · (?:(?P<minutes>\d+) min|open)"
    r"(?P<task>, (?:`\w+`(?: and `\w+`)*|by hand), \d+ points?)?$"
)


def text(cell):
    """The source of a cell, which a file may keep as lines."""
    return "".join(cell["source"])


def read(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def on_the_way(cell, way):
    return way == "all" or way in cell["metadata"].get("tags", ())


def points_of(cells):
    """{task: points} of some cells: those of its tests, or of what is marked by hand."""
    tasks = [c["metadata"]["nbgrader"]["grade_id"] for c in cells if _has(c, "solution")]
    found = dict.fromkeys(tasks, 0)
    for cell in cells:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade"):
            name = meta["grade_id"].removeprefix("test_")
            task = max((t for t in tasks if name == t or name.startswith(f"{t}_")), key=len)
            found[task] += meta["points"]
    return {task: int(points) for task, points in found.items()}


def _has(cell, what):
    return cell["metadata"].get("nbgrader", {}).get(what)


def headings(cells):
    """The titles of all sections of some cells."""
    prose = "\n".join(text(cell) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^#{1,4} (.+?)\s*$", prose, flags=re.M))


def contents(cells):
    """The list of contents: [(title, minutes or None, tasks)]."""
    found = []
    for cell in cells[:3]:
        for line in text(cell).splitlines():
            if match := ITEM.match(line):
                minutes, task = match["minutes"], match["task"] or ""
                tasks = re.findall(r"`(\w+)`", task) or ["derivation"] * bool(task)
                found.append((match["title"], minutes and int(minutes), tasks))
    return found


def minutes_of(cells):
    """The minutes of a notebook, by its list of contents: a slow reader's."""
    return sum(minutes or 0 for _, minutes, _ in contents(cells))


def quick(minutes):
    """The minutes of a quicker reader, to the nearest five."""
    return 5 * round(minutes * PACE / 5)


def plural(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _list_of(tasks):
    names = [f"`{task}`" for task in tasks]
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)


def _overview(source, cells, way, shorter):
    """The list of contents, and the sums around it, of the cells that are left."""
    there, points = headings(cells), points_of(cells)
    lines, minutes, number = [], 0, 0
    for line in source.splitlines():
        if match := ITEM.match(line):
            if match["title"] not in there:
                continue
            taken = shorter.get(match["title"], int(match["minutes"] or 0))
            number, minutes = number + 1, minutes + taken
            line = re.sub(r"· \d+ min", f"· {taken} min", line)
            tasks = [t for t in re.findall(r"`(\w+)`", match["task"] or "") if t in points]
            line = re.sub(r"^\d+", str(number), line)
            if tasks:
                worth = plural(sum(points[task] for task in tasks), "point")
                line = re.sub(r"\d+ points?$", worth, line)
            elif "by hand" not in line:
                line = re.sub(r", `\w+`(?: and `\w+`)*, \d+ points?$", "", line)
        elif line.startswith("**Short of time?**"):
            line = f"This is the {ROUTES[way]} through the course."
        lines.append(line)
    done = "\n".join(lines)
    about = f"About {quick(minutes)} to {minutes} minutes"
    done = re.sub(r"^About \d+ to \d+ minutes", about, done, flags=re.M)
    what = f"{_list_of(points)}, {plural(sum(points.values()), 'point')}"
    what = what.replace("`derivation`", "one derivation on paper")
    return re.sub(
        r"\*\*You will do\*\*: .+?, \d+ points?", lambda _: f"**You will do**: {what}", done
    )


def _reworded(source, words, cell):
    """What a cell says on a way: each of these words by its own; they are there once."""
    for whole, short in words:
        if source.count(whole) != 1:
            raise ValueError(f"oracle/words.py: cell {cell} does not say once: {whole!r}")
        source = source.replace(whole, short)
    return source


def _unlinked(source, there):
    """A link to a section that is left out becomes its plain words."""

    def keep(match):
        title = match[2].replace("-", " ").replace("%3F", "?")
        known = {heading.replace("-", " ").replace("`", "") for heading in there}
        return match[0] if title in known else match[1]

    return re.sub(r"\[([^\]]+)\]\(#([^)]+)\)", keep, source)


def _said(number, words, draws=False):
    """A cell that only this way has: of words, or of the code that draws a picture."""
    cell = {"cell_type": "markdown", "id": f"way-{number}", "metadata": {}}
    if draws:
        cell = {"cell_type": "code", "execution_count": None, "id": f"way-{number}"}
        cell |= {"metadata": {"tags": ["show-only"]}, "outputs": []}
    return cell | {"source": words.splitlines(keepends=True)}


def shortened(name, notebook, way):
    """Return the notebook of this name with the cells on a way alone, or None if it has none."""
    cells = [cell for cell in notebook["cells"] if on_the_way(cell, way)]
    if not cells:
        return None
    said = SAID.get(way, {}).get(name, {})
    reworded = REWORDED.get(way, {}).get(name, {})
    there = headings(cells)
    short = []
    for cell in cells:
        if cell["id"] in said:
            short.append(_said(len(short), said[cell["id"]]))
        source = _reworded(text(cell), reworded.get(cell["id"], ()), cell["id"])
        if cell["cell_type"] == "markdown":
            if any(ITEM.match(line) for line in source.splitlines()):
                source = _overview(source, cells, way, MINUTES.get(way, {}).get(name, {}))
            source = _unlinked(source, there)
        short.append(cell | {"source": source.splitlines(keepends=True)})
    for turn, words in enumerate(said.get(None, ())):
        short.append(_said(len(short), words, draws=turn % 2 == 1))
    return notebook | {"cells": short}


def build(way, folder):
    """Make a folder the course of a way, anew; what else lies in it stays."""
    folder = Path(folder)
    source = folder / "source" / "maxpool"
    leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.ipynb")
    for old in (folder / "source", folder / "oracle"):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(SOURCE, source, ignore=leave)
    shutil.copytree(ROOT / "oracle", folder / "oracle", ignore=leave)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for path in sorted(SOURCE.glob("*.ipynb")):
        if short := shortened(path.stem, read(path), way):
            said = json.dumps(short, indent=1, ensure_ascii=False)
            (source / path.name).write_text(said + "\n", encoding="utf-8")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("folder", help="where its course goes, such as build/90min")
    asked = parser.parse_args(arguments)
    build(asked.way, asked.folder)
    for path in sorted((Path(asked.folder) / "source/maxpool").glob("*.ipynb")):
        cells = read(path)["cells"]
        points = sum(points_of(cells).values())
        minutes = minutes_of(cells)
        print(
            f"{path.stem}: about {quick(minutes)} to {minutes} minutes, {plural(points, 'point')}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
