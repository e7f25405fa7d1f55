"""Who may import whom: the contracts of ``pyproject.toml``, checked by import-linter."""

import os
import subprocess
import sys
from pathlib import Path

from tests import notebooks


def test_imports_run_downward_only():
    paths = [str(notebooks.ROOT), str(notebooks.SOURCE), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=notebooks.ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
