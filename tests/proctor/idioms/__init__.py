"""What tests of public courses do, in words of our own: each with a right, a wrong and no answer.

An idiom is a notebook of cells in order: ``course`` cells, which students see; one or more
``answer`` cells with the model answer and a wrong one; ``test`` cells, whose lines below ``hidden``
are not released. Stock nbgrader runs it in one kernel; behind the wall it is to give every answer
the same points.
"""

from dataclasses import dataclass
from importlib import import_module

from nbformat.v4 import new_code_cell, new_notebook

HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"


@dataclass(frozen=True)
class Idiom:
    """A notebook: ``cells`` are (kind, source, source of a wrong answer or None)."""

    name: str
    cells: tuple

    def source(self):
        """The source notebook."""
        made = []
        for number, (kind, text, _) in enumerate(self.cells):
            flags = {"grade": kind == "test", "solution": kind == "answer"}
            meta = {**flags, "locked": kind != "answer", "task": False, "schema_version": 3}
            meta |= {"grade_id": f"{kind}-{number}"} | ({"points": 1} if kind == "test" else {})
            text = SOLUTION.format(text) if kind == "answer" else text
            made.append(new_code_cell(text, id=f"c{number}", metadata={"nbgrader": meta}))
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        return new_notebook(cells=made, metadata={"kernelspec": kernel})

    def answers(self, which):
        """{grade_id: text} of the answers: "right", "wrong" or "blank"."""
        return {
            f"answer-{number}": {"right": text, "wrong": wrong, "blank": "# your code here"}[which]
            for number, (kind, text, wrong) in enumerate(self.cells)
            if kind == "answer"
        }


IDIOMS = {}
# modules that are released beside the notebooks
MODULES = {
    "market.py": """
class Fruit:
    def __init__(self, name, price, units=1):
        self.name, self.price, self.units = name, price, units

    def cost(self):
        return self.price * self.units


class Basket:
    def __init__(self, *content):
        self.content = list(content)

    def add(self, fruit):
        self.content.append(fruit)


class Note(str):
    pages = 1


def kinds(basket):
    return [type(one) for one in basket.content]


def graded(total):
    pears, plums = Fruit("pear", 2, 3), Fruit("plum", 1)
    assert total([pears, plums]) == 7
    assert total([]) == 0
    return True
""",
}


def idiom(name, *cells):
    """Add an idiom; each cell is made by `course`, `answer` or `test`."""
    assert name not in IDIOMS, name
    IDIOMS[name] = Idiom(name, cells)


def course(source):
    return "course", source, None


def answer(right, wrong="pass"):
    return "answer", right, wrong


def test(released, hidden=""):  # noqa: PT028  (pytest does not run it)
    text = f"{released}\n{HIDDEN.format(hidden)}" if hidden else released
    return "test", text.strip(), None


test.__test__ = False  # pytest would take it for one

for _name in ("names", "classes", "asking", "surroundings"):
    import_module(f".{_name}", __name__)
