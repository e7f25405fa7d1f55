"""The reference layer (interim: the loops; the fast one takes its place)."""

from poolkit.spec import maxpool_backward, maxpool_forward  # noqa: F401
