"""Grades a submission. Nothing in it knows about pooling: it serves any Python nbgrader course."""
