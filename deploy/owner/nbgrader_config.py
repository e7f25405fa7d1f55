"""More nbgrader settings, of the course's owner alone: where the course is."""

from pathlib import Path

c = get_config()  # noqa: F821  nbgrader gives it

c.CourseDirectory.root = str(Path.home() / "course")
