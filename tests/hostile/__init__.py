"""A hostile class that hands in while it is collected and graded: `python -m tests.hostile`."""
