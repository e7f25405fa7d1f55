"""Files that are no notebooks, or not the ones that were asked for."""

import json
import os

import nbformat

from ..attack import ALL, NONE, family, files, place, raw
from ..course import solve

add = family("Packaging")


def _text(book):
    return nbformat.writes(book)


def _raw(name, why, data, deserves=NONE):
    add(name, why, raw(data), deserves)


_raw("not-json", "A file of other text.", b"{ this is no notebook")
_raw("empty-file", "A file of no bytes.", b"")
_raw("a-list", "JSON, but no notebook.", b"[1, 2]")
_raw("a-million-brackets", "JSON that is nested too deeply.", b"[" * 1_000_000 + b"]" * 1_000_000)
_raw("zeros", "A disk that was full: zeros in place of the text.", bytes(100_000))
_raw("a-picture", "Another file under the name.", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100)
_raw(
    "cells-that-are-none", "A notebook of numbers.", b'{"cells": [1, null, "x", {}], "nbformat": 4}'
)
_raw(
    "cut-off",
    "An upload that broke: the first half of the file.",
    lambda book: _text(book)[: _text(book).index('"id": "test_middle"')].encode(),
    ALL | {"test_spell": 0.0, "test_counter": 0.0},
)
_raw("with-a-mark", "UTF-8 with a byte order mark.", lambda b: _text(b).encode("utf-8-sig"), ALL)
_raw("in-utf-16", "Another encoding.", lambda b: _text(b).encode("utf-16"), ALL)
_raw("in-latin-1", "Bytes that are no UTF-8.", lambda b: _latin(b), ALL)
_raw(
    "with-nan",
    "NaN and Infinity, which JSON does not have.",
    lambda b: (
        _text(b).replace('"metadata": {', '"metadata": {"x": NaN, "y": -Infinity,', 1).encode()
    ),
    ALL,
)
_raw(
    "keys-twice",
    "Every source is there twice: which one counts is up to who reads.",
    lambda b: _text(b).replace('"source": ', '"source": "first = 1", "source": ').encode(),
    ALL,
)
_raw("of-format-3", "A notebook as of ten years ago.", lambda b: _format_3(b), ALL)
_raw(
    "of-format-99",
    "A format of the future.",
    lambda b: _text(b).replace('"nbformat": 4', '"nbformat": 99').encode(),
    ALL,
)
_raw(
    "merge-conflicts",
    "The marks that git leaves.",
    lambda b: (
        "<<<<<<< mine\n" + _text(b) + "\n=======\n" + _text(b)[:-10] + "\n>>>>>>> theirs\n"
    ).encode(),
    ALL,
)
_raw(
    "sixty-megabytes",
    "Outputs without end were saved with it.",
    lambda b: _text(b).encode() + b" " * 60_000_000,
)
_raw(
    "three-thousand-cells",
    "More cells than anyone can write.",
    lambda b: _with_cells(b, 3000),
    ALL,
)


def _latin(book):
    book.cells[2].source += "\n# café"
    return _text(book).encode("latin-1")


def _format_3(book):
    cells = []
    for one in book.cells:
        text = "source" if one.cell_type != "code" else "input"
        cells.append({"cell_type": one.cell_type, "metadata": one.metadata, text: one.source})
        if one.cell_type == "code":
            cells[-1] |= {"language": "python", "outputs": [], "collapsed": False}
    sheet = {"worksheets": [{"cells": cells, "metadata": {}}], "metadata": {"name": ""}}
    return json.dumps(sheet | {"nbformat": 3, "nbformat_minor": 0}).encode()


def _with_cells(book, number):
    plain = json.loads(_text(book))
    one = {"cell_type": "markdown", "metadata": {}, "source": "x"}
    plain["cells"] += [{**one, "id": f"more{n}"} for n in range(number)]
    return json.dumps(plain).encode()


def _place(name, why, function, deserves=NONE):
    add(name, why, place(function), deserves)


def _right(course, folder):
    (folder / "p1.ipynb").write_text(_text(solve(course.released())), encoding="utf-8")


def _link(course, folder):
    os.symlink(course.root / "source" / "ps1" / "p1.ipynb", folder / "p1.ipynb")


def _link_to_another(course, folder):
    os.symlink(course.folder("zz-honest") / "p1.ipynb", folder / "p1.ipynb")


def _folder(course, folder):
    (folder / "p1.ipynb").mkdir()
    (folder / "p1.ipynb" / "p1.ipynb").write_text("{}")


def _without(course, folder):
    (folder / "readme.txt").write_text("I forgot the notebook.")


def _other_case(course, folder):
    (folder / "P1.ipynb").write_text(_text(solve(course.released())), encoding="utf-8")


def _extra(course, folder):
    _right(course, folder)
    for name in ("p2.ipynb", "p1-Copy1.ipynb", "p1 (1).ipynb", "'; --.ipynb"):
        (folder / name).write_text(_text(course.released()), encoding="utf-8")
    (folder / "broken.ipynb").write_text("{")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "p1-checkpoint.ipynb").write_text("{")


_place("a-link-to-the-source", "The notebook is a link to the instructor's.", _link)
_place("a-link-to-another-s", "The notebook is a link to another student's.", _link_to_another)
_place(
    "a-link-to-nothing",
    "The notebook is a link that leads nowhere.",
    lambda course, folder: os.symlink("/no/such/place", folder / "p1.ipynb"),
)
_place(
    "a-pipe", "The notebook is a named pipe.", lambda course, folder: os.mkfifo(folder / "p1.ipynb")
)
_place("a-folder", "The notebook is a folder.", _folder)
_place("without-the-notebook", "Another file was handed in.", _without)
_place("in-capitals", "`P1.ipynb`: it is found by its cells.", _other_case, ALL)
_place("more-notebooks", "Copies and other notebooks beside the right one.", _extra, ALL)
add(
    "a-file-that-cannot-be-read",
    "The notebook's access rights are taken away.",
    files({"p1.ipynb.bak": "x", "closed.txt": lambda path: (path.write_text("x"), path.chmod(0))}),
    ALL,
)
