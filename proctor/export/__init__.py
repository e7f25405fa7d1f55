"""Export: between the gradebook and the files of a learning system, which `proctor.lms` knows.

``Tidy`` and ``Excel`` are plugins of ``nbgrader export --exporter=proctor.export.Tidy``.
"""

from proctor.export.tidy import Excel, Tidy

__all__ = ["Excel", "Tidy"]
