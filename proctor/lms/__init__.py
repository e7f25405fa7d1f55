"""LMS: marks written into the files that a learning system gave, each format in a module."""


class Unfit(ValueError):
    """A file that marks cannot be written into; the message says why, for people."""
