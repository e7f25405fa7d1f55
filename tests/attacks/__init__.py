"""Attacks and accidents: what students hand in, what each deserves, and whether it got more.

`course` makes a small course that knows nothing of pooling, `families` are the submissions,
`judge` says what came of each. `test_attacks` grades all of them in one batch behind proctor;
``python -m tests.attacks`` does the same to stock nbgrader and writes the table of
``docs/security.md``.
"""
