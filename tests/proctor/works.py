"""Works that are given aside: four that take too much, and one that does not.

Apart from the tests, which take seconds to import: the process that works imports this.
"""

import os


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
