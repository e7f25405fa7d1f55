"""Private: files with people's names and marks stay out of git."""

import os
import subprocess
from pathlib import Path


def keep_out_of_git(path):
    """A sentence on what was done so that git does not take a file; empty if nothing had to be.

    An ignored file is left as it is. Another's path is written into the clone's own
    ``.git/info/exclude``, which is not committed.
    """
    folder, name = os.path.split(os.path.abspath(path))
    inside = _git(folder, "rev-parse", "--show-prefix", "--git-path", "info/exclude")
    if inside is None or _git(folder, "check-ignore", "-q", "--", name) is not None:
        return ""
    if _git(folder, "ls-files", "--error-unmatch", "--", name) is not None:
        return f"git has {name} already: git rm --cached {name}, and it is in older commits."
    prefix, exclude = inside.splitlines()
    exclude = Path(folder, exclude)
    line = f"/{prefix}{name}"
    line = "".join(f"\\{c}" if c in "\\*?[ " else c for c in line)
    exclude.parent.mkdir(exist_ok=True)
    before = exclude.read_text(encoding="utf-8") if exclude.exists() else ""
    end = "" if not before or before.endswith("\n") else "\n"
    exclude.write_text(f"{before}{end}{line}\n", encoding="utf-8")
    return f"git leaves {name} out from now on (.git/info/exclude)."


def _git(folder, *words):
    """What git says; None if it fails or is not here."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
