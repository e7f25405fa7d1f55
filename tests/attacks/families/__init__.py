"""The attacks, a module for each family; importing this fills ``ATTACKS``, in this order."""

from importlib import import_module

for _name in (
    "mistakes",
    "tampering",
    "machinery",
    "frames",
    "returned",
    "credit",
    "outcomes",
    "files",
    "gradebook",
    "secrets",
    "processes",
    "network",
    "resources",
    "counting",
    "metadata",
    "packaging",
    "markup",
    "growing",
    "values",
    "claims",
):
    import_module(f".{_name}", __name__)
