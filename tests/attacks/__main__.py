"""Attack stock nbgrader and proctor alike; write the table of ``docs/security.md``.

    python -m tests.attacks [--jobs 2] [--stock results.json]

Stock nbgrader meets every attack alone with one honest neighbour, in a process namespace with
limits; that takes about half an hour. ``--stock`` keeps what came of it in a file, and starts from
what is there already. Behind proctor all attacks are one batch.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import families, stock  # noqa: F401  (families fills ATTACKS)
from .attack import ATTACKS
from .batch import grade
from .judge import KINDS, judge

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"

_SAYS = {
    "points": "undeserved points",
    "canary": "secret read",
    "reach": "out of bounds",
    "batch": "others not graded",
    "lost": "deserved points lost",
    "script": "script served",
}


def attack_proctor():
    """{attack: [kinds of what it got]} behind proctor, in one batch."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        graded = grade(Path(folder))
        return {
            name: list(judge(graded.course, attack, graded.heard, graded.alive).got)
            for name, attack in ATTACKS.items()
        }


def attack_stock(jobs, kept):
    """The same of stock nbgrader, each attack alone; what ``kept`` has is not done again."""
    found = json.loads(kept.read_text()) if kept and kept.exists() else {}
    todo = [attack for name, attack in ATTACKS.items() if name not in found]
    with tempfile.TemporaryDirectory(prefix="stock-") as folder, ThreadPoolExecutor(jobs) as pool:
        prepared = stock.prepare(Path(folder))
        verdicts = pool.map(lambda attack: stock.attack_stock(attack, prepared), todo)
        for attack, verdict in zip(todo, verdicts, strict=True):
            print(f"{attack.family:28} {attack.name:40} {verdict}", flush=True)  # noqa: T201
            found[attack.name] = list(verdict.got)
            if kept:
                kept.write_text(json.dumps(found, indent=0))
    return {name: found[name] for name in ATTACKS}


def table(on_stock, on_proctor):
    """The table, in Markdown: a line a family, and their sum."""
    lines = [
        "| family | attacks | fool stock nbgrader | how | fool proctor |",
        "|---|---|---|---|---|",
    ]
    titles = dict.fromkeys(attack.family for attack in ATTACKS.values())
    for title in [*titles, None]:
        names = [n for n, attack in ATTACKS.items() if title in (None, attack.family)]
        ways = Counter(kind for name in names for kind in on_stock[name])
        how = ", ".join(f"{ways[kind]} {_SAYS[kind]}" for kind in KINDS if ways[kind])
        cells = [title or "**all**", len(names), sum(bool(on_stock[n]) for n in names), how]
        lines.append("| " + " | ".join(map(str, [*cells, sum(bool(on_proctor[n]) for n in names)])))
        lines[-1] += " |"
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="attacks on stock at a time")
    parser.add_argument("--stock", type=Path, help="file that keeps the results on stock")
    given = parser.parse_args()
    if why := stock.refused():
        sys.exit(f"Stock nbgrader is only attacked in a process namespace of its own: {why}")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{PAGE} has no lines {BEGIN} and {END}")
    made = table(attack_stock(given.jobs, given.stock), attack_proctor())
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")
    print(made)  # noqa: T201


if __name__ == "__main__":
    main()
