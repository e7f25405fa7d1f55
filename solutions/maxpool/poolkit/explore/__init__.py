"""Pictures to play with: change a number and see at once what follows from it.

Each explorer explains and never grades. It shows a still picture with a sentence too, for print,
for HTML and for readers without a kernel.
"""

import importlib

__all__ = ["gradient", "jacobian", "soft", "speed", "tie", "window"]


def __getattr__(name):
    """Import an explorer when it is first used: ipywidgets takes longer than all the rest."""
    if name not in __all__:
        raise AttributeError(f"poolkit.explore has no explorer {name!r}; it has {__all__}")
    explorer = getattr(importlib.import_module(f"._{name}", __name__), name)
    globals()[name] = explorer
    return explorer


def __dir__():
    return __all__
