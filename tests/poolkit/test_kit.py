"""The kits know nothing of pooling: another lesson can have a copy of them."""

import ast
import importlib
import re
import sys

import pytest

from tests import notebooks

KITS = [notebooks.SOURCE / "poolkit" / "kit", notebooks.ROOT / "oracle" / "kit"]
FILES = [path for kit in KITS for path in sorted(kit.glob("*.py"))]
TOOLKIT = KITS[1] / "toolkit.py"
LIBRARIES = {"IPython", "ipywidgets", "matplotlib", "numpy"}
# of the lesson; the name of the students' toolkit is in one place, which says so
WORDS = re.compile(r"pool|kernel_size|stride|dilation|window|\btile|winner", re.IGNORECASE)


def named(path):
    return f"{path.parent.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_word_of_the_lesson_is_in_it(path):
    text = path.read_text(encoding="utf-8")
    if path == TOOLKIT:
        assert text.count("poolkit") == 1
        text = text.replace("poolkit", "")
    assert WORDS.findall(text) == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_imports_nothing_of_the_lesson(path):
    """So a copy of the folder works under another name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and path != TOOLKIT:
            assert node.level == 1 or node.module.split(".")[0] in known(), node.module
        elif isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= known()


def known():
    return LIBRARIES | sys.stdlib_module_names


def test_words_of_a_lesson_would_be_found():
    for word in ("maxpool", "kernel_size", "The stride", "Windows", "winners", "a tile"):
        assert WORDS.search(word), word


@pytest.mark.parametrize("name", ["check", "explore", "figures", "network", "numerical", "spec"])
def test_notebooks_import_what_they_did(name):
    assert importlib.import_module(f"poolkit.{name}").__doc__
    assert callable(importlib.import_module("poolkit.numerical").vjp)
