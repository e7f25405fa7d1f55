"""Tests, one folder a room, and the class of example submissions."""

import sys
from pathlib import Path

# the students' toolkit lies beside the notebooks, not in site-packages
sys.path.insert(0, str(Path(__file__).parent.parent / "source" / "maxpool"))
