"""Symptoms: how the visible checks know a misconception.

python -m oracle.symptoms > source/maxpool/poolkit/symptoms.json
"""

from oracle import hidden
from oracle.kit.symptoms import symptoms, write
from oracle.misconceptions import known
from poolkit import check as visible


def found():
    """What ``symptoms.json`` is to hold."""
    return symptoms(visible, hidden.__all__, known())


if __name__ == "__main__":
    write(found())
