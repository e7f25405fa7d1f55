"""The report as a page: one file, no script, no network; plots are drawn as SVG."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from proctor.report.causes import CAUSE, MESSAGE, UNWRITTEN
from proctor.report.reasons import reason, waits_for
from proctor.report.text import chores, kept_apart, spoken
from proctor.terminal import printable

GROUPS = 40  # reasons of one kind on the page; the tables have all
_LEGEND = (
    ("full", "all points"),
    ("partly", "some"),
    ("none", "none"),
    ("unread", "not read yet"),
)
_LOW = 0.2  # of discrimination: drawn in another colour
_LABELS = 6  # dots of a plot that are named


def page(analysis, names=True):
    """The page's HTML; ``names=False``: without anybody's name."""
    classroom = analysis.classroom
    loader = FileSystemLoader(Path(__file__).parent)
    template = Environment(loader=loader, autoescape=True).get_template("page.html.j2")
    return template.render(
        assignment=printable(classroom.assignment),
        here=len(classroom.handed_in),
        everybody=len(classroom.students),
        points=f"{classroom.points:g}",
        anonymous=not names,
        next=[*chores(classroom), *(printable(spoken(one)) for one in analysis.lessons())],
        bars=_bars(analysis.distribution),
        groups=_groups(analysis, names),
        legend=_LEGEND,
        rows=list(_rows(analysis)),
        scatter=_scatter(analysis),
        apart=_apart(classroom, names),
        students=_students(classroom) if names else [],
    )


def _students(classroom):
    return [
        {
            "id": printable(one.id),
            "name": printable(one.name),
            "points": f"{one.score:.4g}" if one.handed_in else "–",
            "why": reason(one, classroom),
            "waits": waits_for(one, classroom) if one.handed_in else "",
        }
        for one in classroom.students
    ]


def _apart(classroom, names):
    return [
        (
            what,
            len(told),
            [(printable(name), printable(more)) for name, more in told] if names else [],
        )
        for what, told in kept_apart(classroom).items()
    ]


def _bars(found):
    """The distribution as bars: 640 × 220 pixels, an axis at 190."""
    if found is None:
        return None
    most = max(number for *_, number in found.bins)
    width = 600 / len(found.bins)
    bars, ticks = [], []
    for place, (low, high, number) in enumerate(found.bins):
        x, height = 20 + place * width, 160 * number / most
        title = f"{low:.4g} to {high:.4g} points: {number}"
        bar = {"x": f"{x + 2:.1f}", "y": round(190 - height, 1), "width": f"{width - 4:.1f}"}
        bar |= {"height": f"{height:.1f}", "middle": f"{x + width / 2:.1f}"}
        bars.append(bar | {"number": number, "title": title})
        ticks.append({"x": f"{x:.1f}", "label": f"{low:.4g}"})
    ticks.append({"x": 620, "label": f"{found.bins[-1][1]:.4g}"})
    low, middle, high = found.quartiles
    told = f"Mean {found.mean:.1f}, median {middle:.4g}, standard deviation {found.deviation:.1f}; "
    told += f"the middle half has {low:.4g} to {high:.4g}."
    return {"bars": bars, "ticks": ticks, "told": told}


def _groups(analysis, names):
    kinds = {
        CAUSE: ("What the class misunderstood", "misunderstanding"),
        MESSAGE: ("Failures of which no test names the cause", "message; those alike together"),
        UNWRITTEN: ("Not written", "task"),
    }
    most = max((len(group.students) for group in analysis.groups), default=1)
    found = []
    for kind, (title, heading) in kinds.items():
        groups = [group for group in analysis.groups if group.cause.kind == kind]
        # a text that one person's code has made may name that person
        shown = [g for g in groups if names or kind != MESSAGE or len(g.students) > 1][:GROUPS]
        if groups:
            told = [_group(group, most, names) for group in shown]
            more = len(groups) - len(shown)
            found.append({"title": title, "heading": heading, "groups": told, "more": more})
    return found


def _group(group, most, names):
    unwritten = group.cause.kind == UNWRITTEN
    return {
        "students": len(group.students),
        "bar": f"{100 * len(group.students) / most:.1f}",
        "text": printable(", ".join(group.tasks) if unwritten else group.cause.text),
        "about": "" if unwritten else printable(", ".join(group.items)),
        "read": printable(group.cause.read),
        "who": [printable(name) for name in group.students] if names else [],
        "points": f"{group.points:.4g}",
    }


def _rows(analysis):
    """A row for each task, and one for each of its properties."""
    chapter = None
    for (notebook, task), items in analysis.by_task.items():
        points = sum(item.points for item in items)
        whole = len(items) == 1
        row = _row(task, points, analysis.tasks[notebook, task], "task")
        row["says"] = items[0].says if whole else ""
        row["chapter"] = printable(notebook) if notebook != chapter else ""
        chapter = notebook
        yield row
        for item in () if whole else items:
            row = _row(item.prop or item.name, item.points, analysis.items[item.key], "property")
            yield row | {"says": item.says, "chapter": ""}


def _row(name, points, numbers, kind):
    parts, x = [], 0.0
    counts = (numbers.full, numbers.partly, numbers.none, numbers.unread)
    everybody = sum(counts) or 1
    for (part, _), number in zip(_LEGEND, counts, strict=True):
        width = 120 * number / everybody
        if number:
            parts.append({"kind": part, "x": f"{x:.2f}", "width": f"{width:.2f}"})
        x += width
    told = ", ".join(
        f"{number} {label}"
        for (_, label), number in zip(_LEGEND, counts, strict=True)
        if number or label == "all points"
    )
    return {
        "name": printable(name),
        "kind": kind,
        "points": f"{points:g}",
        "told": told,
        "parts": parts,
        "full": numbers.full,
        "blank": numbers.blank or "",
        "share": _percent(numbers.share),
        "separates": "–" if numbers.separates is None else f"{numbers.separates:.2f}",
    }


def _percent(share):
    return "–" if share is None else f"{share:.0%}"


def _scatter(analysis):
    """Difficulty and discrimination of each item: 640 × 320 pixels; None if there are too few."""
    known = [(item, analysis.items[item.key]) for item in analysis.classroom.items]
    known = [(item, n) for item, n in known if None not in (n.share, n.separates)]
    if not known:
        return None

    def across(share):
        return 60 + 560 * min(1.0, max(0.0, share))

    def up(separates):
        return 150 - 130 * separates

    lines = []
    for value in (1, 0.5, 0.2, 0, -0.5, -1):
        y = up(value)
        line = {"x1": 60, "x2": 620, "y1": y, "y2": y, "x": 52, "y": y + 4}
        lines.append(line | {"anchor": "end", "label": f"{value:g}".replace("-", "−")})
    for value in (0, 0.25, 0.5, 0.75, 1):
        x = across(value)
        line = {"x1": x, "x2": x, "y1": 20, "y2": 280, "x": x, "y": 297}
        lines.append(line | {"anchor": "middle", "label": f"{value:.0%}"})
    dots = []
    for item, n in known:
        title = f"{item.title}: share {n.share:.0%}, separates {n.separates:.2f}"
        kind = "none" if n.separates < _LOW else "full"
        place = {"x": f"{across(n.share):.1f}", "y": f"{up(n.separates):.1f}"}
        dots.append(place | {"kind": kind, "title": printable(title)})
    low = [item.title for item, n in known if n.separates < _LOW]
    told = f"{len(known)} items; {len(low)} with a discrimination below {_LOW}"
    told += f": {', '.join(low[:_LABELS])}" if low else ""
    told += f" and {len(low) - _LABELS} more." if len(low) > _LABELS else "."
    labels = list(_labels(known, across, up))
    return {"lines": lines, "dots": dots, "labels": labels, "told": printable(told)}


def _labels(known, across, up):
    """Names beside the dots below 0, where there is room for them."""
    taken = []
    for item, n in sorted(known, key=lambda pair: pair[1].separates)[:_LABELS]:
        x, y = across(n.share), up(n.separates) + 4
        if n.separates >= 0 or any(abs(y - other) < 13 for other in taken):
            continue
        taken.append(y)
        left = x > 400
        text = printable(item.title)[:40]
        yield {"x": x - 9 if left else x + 9, "y": y, "anchor": "end" if left else "start"} | {
            "text": text
        }
