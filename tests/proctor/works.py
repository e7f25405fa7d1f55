"""Works that are given aside: four that take too much, and two that do not.

Apart from the tests, which take seconds to import: the process that works imports this.
"""

import importlib
import os
import sys


def spin(data):
    while True:
        pass


def eat(data):
    return bytes(1 << 40)


def fall(data):
    os.abort()


def speak(data):
    return data * 1_000


def copy(data):
    return data


def imported(data):
    """What there is in the process once it has these modules, too: names."""
    for name in data.decode().split():
        importlib.import_module(name)
    return " ".join(name for name, module in sys.modules.items() if module).encode()
