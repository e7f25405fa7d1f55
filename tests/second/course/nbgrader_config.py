"""The grader, for a course of its own."""

import proctor

proctor.configure(get_config())  # noqa: F821  nbgrader gives it
