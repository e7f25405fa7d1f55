"""Writes what ``grading.py`` measured to docs/performance.md, with a plot beside it."""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B6B6B"  # apart for colour-blind eyes, and in grey


def write(found, docs):
    """Write the page and its plot into the folder ``docs``."""
    (docs / "performance.md").write_text(page(found), encoding="utf-8")
    plot(found).savefig(docs / "performance.svg", metadata={"Date": None}, bbox_inches="tight")


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
    """The page's Markdown."""
    lines = [
        "# What grading costs",
        "",
        f"Measured on {found['machine']}, {found['date']}, by one command, which writes this page:",
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
