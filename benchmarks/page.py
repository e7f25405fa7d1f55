"""Writes what ``round.py`` and ``grading.py`` measured to docs/performance.md, with a plot.

Each writes its own part of the page and leaves the other's as it is.
"""

import statistics

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B6B6B"  # apart for colour-blind eyes, and in grey


TITLE = "# What grading costs\n"
BEGIN, END = "<!-- written by benchmarks/round.py -->\n", "<!-- end -->\n"
STEPS = ("grading", "feedback", "export")
WAYS = {"ours": "ours", "together": "ours, in two commands", "stock": "stock"}


def write(found, docs):
    """Write the page and its plot into the folder ``docs``; the part on the round stays."""
    path = docs / "performance.md"
    path.write_text(TITLE + _round_of(path) + page(found), encoding="utf-8")
    plot(found).savefig(docs / "performance.svg", metadata={"Date": None}, bbox_inches="tight")


def place_round(found, path):
    """Write the part on the whole round, which leads the page ``path``; the rest stays."""
    rest = path.read_text(encoding="utf-8").removeprefix(TITLE)
    rest = rest.removeprefix(_round_of(path))
    path.write_text(f"{TITLE}{the_round(found)}{rest}", encoding="utf-8")


def _round_of(path):
    """The part of a page that is on the round, its marks included; empty if it has none."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    _, begin, rest = text.partition(f"\n{BEGIN}")
    inner, end, _ = rest.partition(END)
    return begin + inner + end if end else ""


def the_round(found):
    """The Markdown of the part on the whole round."""
    first = next(iter(found["round"].values()))
    said = {way: first["commands"][way].values() for way in WAYS}
    ways = {way: ", ".join(f"`{told}`" for told in said[way]) for way in WAYS}
    runs = {way: len(first[way]) for way in WAYS}
    lines = [
        "## The round: from `submitted/` to feedback and `grades.csv`",
        "",
        f"Measured on {found['machine']}, {found['date']}, by `python benchmarks/round.py`, which",
        "writes this part. Medians of seconds, of whole commands, run in turns; the points were",
        "the same.",
        "",
        *(f"- {WAYS[way]}, run {runs[way]}×: {told}" for way, told in ways.items()),
        "",
        "Of this course, every second submission is right, the others have misconceptions, are",
        "unfinished or blank; those of quickstart are right.",
        "",
        "| class | step | ours | stock | times as fast |",
        "|---|---|---|---|---|",
    ]
    for kind, taken in found["round"].items():
        lines += _compared(kind, taken)
    lines += [
        "",
        "Larger classes, quickstart; memory is the largest of a command's own.",
        "",
        "| submissions | grading | feedback | export | seconds a submission | MiB |",
        "|---|---|---|---|---|---|",
    ]
    for number, row in found["growth"].items():
        steps = " | ".join(f"{row[step]:.1f}" for step in STEPS)
        each, memory = sum(row[step] for step in STEPS) / int(number), max(row["MiB"].values())
        lines.append(f"| {int(number):,} | {steps} | {each:.3f} | {memory:.0f} |")
    told, dask = found["report"], found["cluster"]
    lines += [
        "",
        f"{dask['submissions']} submissions of quickstart on a Dask cluster of this machine, by",
        "`proctor grade --feedback --scheduler=local`, start of the cluster included: "
        f"{dask['cluster']:.1f} s (without it {dask['alone']:.1f} s),",
        f"{'the same' if dask['the same'] else '**not the same**'} gradebook and pages. Pages are "
        "made where the command runs.",
        "",
        f"`proctor report` on a simulated class of {told['students']}: {told['reading']:.2f} s to",
        f"read the gradebook and the graded notebooks, {told['drawing']:.2f} s to count, draw and",
        f"write; the whole command, imports included, {told['command']:.1f} s.",
    ]
    return "\n".join(["", BEGIN.rstrip(), *lines, END])


def _compared(kind, taken):
    """Rows of one class: each step, and all of them; times are medians."""
    number = taken["submissions"]

    def median(way, step=None):
        return statistics.median(run[step] if step else sum(run.values()) for run in taken[way])

    rows = [(step, median("ours", step), median("stock", step)) for step in STEPS]
    rows += [
        ("**the round**", median("ours"), median("stock")),
        ("**the round in two commands**", median("together"), median("stock")),
    ]
    for step, ours, stock in rows:
        yield (
            f"| {kind}, {number} submissions | {step} | {ours:.1f} s | {stock:.1f} s "
            f"| {stock / ours:.1f} |"
        )


def plot(found):
    """Return a figure: throughput of the ways to grade, as multiples of stock."""
    plt.rcParams["svg.fonttype"] = "none"
    plt.rcParams["svg.hashsalt"] = "performance"
    kinds = found["throughput"]
    figure, axes = plt.subplots(1, len(kinds), figsize=(9, 2.6), sharey=True, squeeze=False)
    for ax, (kind, ways) in zip(axes[0], kinds.items(), strict=True):
        names = list(ways)[::-1]
        values = [ways[name]["of stock's throughput"] for name in names]
        colours = [BLUE if "proctor" in name else GREY for name in names]
        bars = ax.barh(names, values, color=colours)
        ax.bar_label(bars, [f"{value:.1f}×" for value in values], padding=3)
        ax.set(title=kind, xlim=(0, 1.25 * max(values)), xticks=[])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
    figure.suptitle("Submissions a minute, as a multiple of nbgrader's own autograde", y=1.06)
    return figure


def page(found):
    """The Markdown of the part on grading."""
    lines = [
        "",
        f"Measured on {found['machine']}, {found['date']}, by one command, which writes what",
        "follows:",
        "",
        "```",
        "python benchmarks/grading.py",
        "```",
        "",
        "Runs of what is compared alternate, so a busy machine slows both; figures are medians.",
        "Every way gave the same points. Isolation is on wherever proctor grades. Times are of the",
        "whole command, imports and start-up included. All of it takes about 40 minutes; options",
        "(`--submissions`, `--runs`, `--sizes`) make it shorter; the tables say what was taken.",
        "",
        "![Submissions a minute, as a multiple of nbgrader's autograde: the table below as bars]"
        "(performance.svg)",
        "",
        "## Throughput",
        "",
    ]
    for kind, ways in found["throughput"].items():
        runs = len(next(iter(ways.values()))["wall seconds"])
        first = next(iter(ways.values()))
        number = first["submissions a minute"] * sorted(first["wall seconds"])[runs // 2] / 60
        lines += [
            f"**{kind}**, {number:.0f} submissions, {runs} run{'s' if runs > 1 else ''}",
            "",
            "| way | submissions a minute | of stock's throughput | processor seconds |",
            "|---|---|---|---|",
        ]
        for name, way in ways.items():
            cpu = sorted(way["processor seconds"])[runs // 2]
            lines.append(
                f"| {name} | {way['submissions a minute']:.0f} "
                f"| {way['of stock' + chr(39) + 's throughput']:.1f}× | {cpu:.1f} |"
            )
        lines.append("")
    lines += [
        "proctor does not run cells with the tag `show-only`; the last row is stock without them.",
        "",
        "## The floor",
        "",
        "Processor seconds a submission, beside a warm interpreter that forks for it, reads its",
        "notebooks, runs the same cells with `exec` and writes them: no isolation, no wall, no",
        "gradebook.",
        "",
        "| class | proctor grade | floor | ratio |",
        "|---|---|---|---|",
    ]
    for kind, row in found["floor"].items():
        lines.append(
            f"| {kind} | {row['proctor grade']:.3f} | {row['floor']:.3f} | {row['ratio']:.2f} |"
        )
    lines += [
        "",
        "Quickstart's few cells import nothing, so its floor is next to nothing: what it costs is",
        "starting up once, a jail for each notebook, and the gradebook.",
    ]
    two, grown, dask, one = (found[name] for name in ("workers", "growth", "cluster", "one"))
    lines += [
        "",
        "## Workers",
        "",
        f"One worker {two['1 worker']:.1f} s, two {two['2 workers']:.1f} s: "
        f"{two['ratio']:.2f} times as fast.",
        "",
        "## Growth",
        "",
        "The quickstart assignment; memory is the grader's own, at its largest.",
        "",
        "| submissions | seconds | seconds a submission | MiB |",
        "|---|---|---|---|",
    ]
    for number, row in grown.items():
        lines.append(
            f"| {int(number):,} | {row['seconds']:.1f} | {row['a submission']:.3f} "
            f"| {row['MiB']:.0f} |"
        )
    lines += [
        "",
        "## A cluster whose workers die",
        "",
        f"{dask['submissions']:,} submissions on a local Dask cluster, {dask['workers killed']} "
        f"workers killed meanwhile: {dask['seconds']:.0f} s, exit status {dask['exit status']}, "
        + ("the same" if dask["the same gradebook"] else "**not the same**")
        + " gradebook as without a cluster.",
        "",
        "## One resubmission",
        "",
        f"While `proctor grade --watch` runs, {one['notebooks']} notebooks of one student are "
        f"graded {one['seconds']:.1f} s after they arrive.",
        "",
    ]
    return "\n".join(lines)
