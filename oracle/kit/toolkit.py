"""The students' toolkit whose kit this one builds on; the one place that names it."""

from poolkit.kit import remote, specification, visible, voice

__all__ = ["remote", "specification", "visible", "voice"]
