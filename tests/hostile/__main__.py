"""Run the hostile class: ``python -m tests.hostile --seconds 600``.

As root, the hostile ones are two accounts of the system's; else they are this one.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from .siege import besiege

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seconds", type=float, default=30)
parser.add_argument("--seed", type=int, default=15)
parser.add_argument("--folder", type=Path, help="an empty folder to work in")
asked = parser.parse_args()
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
with tempfile.TemporaryDirectory() as made:
    found = besiege(asked.folder or Path(made), asked.seconds, asked.seed)
sys.stdout.write(f"{json.dumps(found.counts, indent=2)}\n")
sys.stderr.writelines(f"{line}\n" for line in found.wrong)
sys.exit(bool(found.wrong))
