"""What a notebook says about its cells: flags, names, points, tags, types, outputs."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from ..attack import ALL, NONE, family, notebook, own, without
from ..course import RIGHT

add = family("Metadata")

NO_TOTAL = without("total")


def _tests(book):
    return [one for one in book.cells if one.id.startswith("test")]


def _cell(book, name):
    return next(one for one in book.cells if one.id == name)


def _blank(name, why, change, deserves=NONE):
    """An attack in place of any work."""
    add(name, why, notebook(change, answers=None), deserves)


def _solved(name, why, change, deserves=ALL):
    """An accident in a notebook that is all right."""
    add(name, why, notebook(change), deserves)


def _flags(**flags):
    def change(book):
        for one in _tests(book):
            one.metadata.nbgrader.update(flags)

    return change


def _tags(*tags):
    def change(book):
        for one in _tests(book):
            one.metadata["tags"] = list(tags)

    return change


_blank("tests-that-are-solutions", "`solution: true` on the tests.", _flags(solution=True))
_blank("tests-that-are-not-graded", "`grade: false` on the tests.", _flags(grade=False))
_blank("tests-that-are-tasks", "`task: true` on the tests.", _flags(task=True, grade=False))
_blank("tests-that-are-not-locked", "`locked: false`, and `pass` as text.", _flags(locked=False))
_blank("tests-worth-a-thousand", "Points 1000, and minus 1000.", _flags(points=1000))
_blank("tests-of-another-schema", "A schema of the future.", _flags(schema_version=99))
_blank("tests-of-an-old-schema", "A schema of the past.", _flags(schema_version=1))
_blank("tests-that-are-skipped", "The tag `skip-execution`.", _tags("skip-execution"))
_blank("tests-that-may-raise", "The tag `raises-exception`.", _tags("raises-exception"))
_blank("tests-that-are-removed", "Tags that nbconvert removes by.", _tags("remove_cell", "hide"))


def _inside(book):
    _tags("in-student-kernel")(book)
    patch = "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass'])"
    book.cells.insert(1, new_code_cell(patch))


_blank("tests-moved-into-the-kernel", "The tag `in-student-kernel`, and `pass` for cells.", _inside)


def _emptied(book):
    for one in _tests(book):
        one.source = "pass"
        one.metadata.nbgrader.locked = False


_blank("tests-without-their-text", "Each test is `pass`.", _emptied)


def _markdown(book):
    for number, one in enumerate(book.cells):
        if one.id.startswith("test"):
            book.cells[number] = nbformat.from_dict(
                {"cell_type": "markdown", "id": one.id, "metadata": one.metadata, "source": "ok"}
            )


_blank("tests-that-are-markdown", "Each test is a text.", _markdown)


def _credited(book):
    for one in _tests(book):
        points = one.metadata.nbgrader.points
        data = {"text/plain": str(points)}
        one.outputs = [new_output("execute_result", data=data, execution_count=1)]
        one.execution_count = 1
    book.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}


_blank("forged-outputs", "The tests' outputs are there already: the maximum.", _credited)


def _swapped(book):
    names = [one.metadata.nbgrader.grade_id for one in _tests(book)]
    for one, name in zip(_tests(book), reversed(names), strict=True):
        one.metadata.nbgrader.grade_id = name


_blank("swapped-names", "The names of the tests change places.", _swapped)


def _of_its_own(book):
    for number in range(3):
        meta = {**_tests(book)[0].metadata.nbgrader, "grade_id": f"bonus{number}", "points": 1000}
        book.cells.append(new_code_cell("pass", metadata={"nbgrader": meta}))


_blank("tests-of-its-own", "Three more tests, worth a thousand points each.", _of_its_own)


def _answer_graded(book):
    one = _cell(book, "total")
    one.metadata.nbgrader.update(grade=True, points=50, locked=True)


_blank("an-answer-that-is-graded", "An answer's cell is a test too.", _answer_graded)


def _language(book):
    book.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}
    book.metadata["language_info"] = {"name": "bash", "file_extension": ".sh"}


_solved("another-kernel", "The kernel is a shell.", _language)


def _no_metadata(book):
    book.metadata.clear()
    for one in book.cells:
        one.metadata.clear()


_solved("no-metadata-at-all", "An editor took all metadata away.", _no_metadata)


def _no_names(book):
    for one in book.cells:
        one.metadata.pop("nbgrader", None)
        one.id = f"id{book.cells.index(one)}"


_solved("no-names", "Another editor took nbgrader's metadata and the ids away.", _no_names)


def _deleted(book):
    book.cells = [one for one in book.cells if not one.id.startswith("test")]


_solved("tests-deleted", "All tests are deleted; the answers are right.", _deleted)


def _copied(book):
    for one in _tests(book)[:2]:
        copy = nbformat.from_dict({**one, "id": f"{one.id}-copy"})
        book.cells.insert(book.cells.index(one) + 1, copy)


_solved("tests-copied", "Two tests are there twice.", _copied)


def _ids_twice(book):
    for one in book.cells:
        one.id = "same"


_solved("all-ids-the-same", "Every cell has the same id.", _ids_twice)


def _reversed(book):
    book.cells.reverse()


_solved("in-reverse-order", "The last cell is the first.", _reversed)


def _answer_copied(book):
    one = _cell(book, "total")
    copy = nbformat.from_dict({**one, "id": "copy", "source": "def total(x):\n    return 0"})
    book.cells.insert(book.cells.index(one), copy)


_solved("an-answer-twice", "A wrong copy of an answer stands before the right one.", _answer_copied)


def _types(book):
    for name in ("total", "twice"):
        number = book.cells.index(_cell(book, name))
        old = book.cells[number]
        kind = "markdown" if name == "total" else "raw"
        book.cells[number] = nbformat.from_dict(
            {"cell_type": kind, "id": old.id, "metadata": old.metadata, "source": old.source}
        )


_solved("answers-of-another-type", "Answers in a text cell and in a raw cell.", _types)


def _extras(book):
    for one in book.cells:
        one.metadata.update(deletable=False, trusted=True, collapsed=True, jupyter={"a": [1]})
        one.metadata["attachments"] = {"x.png": {"image/png": "not base64"}}
    _cell(book, "why")["attachments"] = {"<b>.png": {"image/png": "%%%"}}


_solved("attachments-and-more", "Attachments that are none, metadata of other tools.", _extras)


def _into_a_locked_cell(book):
    setup = _cell(book, "setup")
    setup.source += "\ndef total(x):\n    return x.sum()\n"
    _cell(book, "total").source = "raise NotImplementedError"


_solved(
    "an-answer-in-a-locked-cell",
    "The answer stands in the setup cell, which is the course's.",
    _into_a_locked_cell,
    NO_TOTAL,
)


def _unreviewed(book):
    _cell(book, "why").metadata.nbgrader.update(solution=False, locked=True)
    _cell(book, "why").source = "I wrote nothing."


_solved("a-question-without-review", "The question for a person says it is none.", _unreviewed)
add(
    "defines-it-elsewhere",
    "No attack: all answers stand in a cell of the student's own.",
    own("\n\n".join(text for name, text in RIGHT.items() if name != "why")),
    ALL,
)
add(
    "text-around-the-answers",
    "No attack: notes of the student's between the cells.",
    notebook(
        lambda book: book.cells.__setitem__(
            slice(None),
            [c for one in book.cells for c in (new_markdown_cell("*My notes*"), one)],
        )
    ),
    ALL,
)
