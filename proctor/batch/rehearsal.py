"""Rehearsal: the answers that an instructor can foresee, played in both ways, and what they show.

The model answer, the blank release and wrong answers made of the model (`proctor.batch.wrong`) are
played *in one kernel*, as stock nbgrader does, and *behind the wall*, as they are graded. In one
kernel means: every cell, tests too, in one student's process, which has what a kernel has and is
there already. It is the instructor's own code that runs, so modules of tests lie beside it.
"""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace

import nbformat
from nbconvert.filters import strip_ansi
from nbgrader import utils
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests

from proctor.batch.wrong import KINDS, spoiled
from proctor.merge import Pristine
from proctor.run.course import tree
from proctor.run.job import Job
from proctor.run.outcomes import PARTIAL, PASSED
from proctor.run.play import INSIDE, play
from proctor.run.template import Template
from proctor.wording import first_line

MODEL, BLANK, TAGGED = "model", "blank", "tagged"  # answers, besides the wrong ones
KERNEL, WALL = "kernel", "wall"  # ways
_SECONDS, _TOTAL = 5, 30  # limits of a wrong answer, which may never end
# {kind: kinds}: a sound test that fails answers of those kinds has no reason to pass one of this
_WEAK = {"empty": ("nothing", "other"), "nan": ("nothing", "other"), "stops": ("raises",)}
SERIOUS = ("source", "model", "blank", "wrong", "differs")
KINDS_OF_FINDINGS = (*SERIOUS, "weak")


@dataclass(frozen=True)
class Finding:
    """What a rehearsal shows of a test.

    kind      one of `KINDS_OF_FINDINGS`
    line      of the test's cell, from 1; 0: none in particular
    says      in a few words, what it is
    cause     a key of `DO`: what to do
    """

    notebook: str
    test: str
    kind: str
    line: int
    says: str
    cause: str

    @property
    def do(self):
        return DO[self.cause]

    def told(self):
        """It as plain data."""
        return asdict(self) | {"do": self.do}


DO = {
    "source": "Correct the cell: it fails in everybody's notebook.",
    "model": "Correct the model answer or the test. What they need (data, packages) has to lie "
    "beside the notebook or be installed here; there is no network.",
    "blank": "Let the released cell raise NotImplementedError(), or test what is not given away.",
    "wrong": "Compare what the answer returns with what is right.",
    "empty": "Compare lengths first, or say zip(a, b, strict=True): of an empty list nothing is "
    "compared.",
    "nan": "Say assert abs(x - y) <= tol, which NaN fails; NaN > tol is never true.",
    "stops": "Make a list first, values = [f(x) for x in xs]: a StopIteration ends map() early, "
    "and all() of nothing is true.",
    "A, B: names": "A name is bound by a course cell or a test, and changed in a way that the "
    "model answer's text does not show: let the answer bind it.",
    "C: values": "Compare plain data or arrays: x.tolist(), x.to_dict(), float(x).",
    "D: classes": "Ask for what an object has, as ax.get_title() or hasattr(x, 'fit'), rather than "
    "for its class.",
    "E: objects passed in": "Pass plain data, an array or a function to the answer.",
    "F: names and code": "Call the function instead of looking at its code or at globals().",
    "shown": "End the test with an assert, or with one number: nbgrader gives all points for what "
    "else its last line shows.",
    "other": 'See "Write a test cell" in docs/instructor.md.',
    "tag": "Only the tag in-student-kernel helps: proctor rehearse --tag writes it.",
    "easier": "Behind the wall this answer gets points that it does not get in one kernel: test "
    "what it returns.",
}


@dataclass
class _Book:
    """A source notebook, to be filled with answers."""

    name: str
    source: object
    pristine: Pristine
    tests: dict = field(default_factory=dict)  # {name: its cell}
    answers: dict = field(default_factory=dict)  # {index of a cell: its syntax tree}

    @classmethod
    def of(cls, name, source, config):
        book = cls(name, source, Pristine(source, config))
        for index, cell in enumerate(book.pristine.blank.cells):
            if cell.cell_type != "code":
                continue
            if utils.is_solution(cell):
                book.answers[index] = tree(source.cells[index].source)
            elif utils.is_grade(cell):
                book.tests[cell.metadata.nbgrader.grade_id] = cell
        return book

    def filled(self, answer, tagged=()):
        """The notebook as it is graded, with one of the answers.

        tagged  names of tests that get the tag
        """
        notebook = self.pristine.fresh()
        for slot, cell in zip(self.pristine.slots, notebook.cells, strict=True):
            if slot.role == "answer" and answer in (MODEL, TAGGED):
                cell.source = self.source.cells[slot.index].source
            elif slot.index in self.answers and answer in KINDS:
                cell.source = spoiled(self.answers[slot.index], answer)
            if slot.grade_id in tagged:
                cell.metadata["tags"] = [*cell.metadata.get("tags", ()), INSIDE]
        return notebook


@dataclass
class _Result:
    """What came of a test: points, the most of them, its error and the line that met it."""

    points: float
    most: float
    error: str = ""
    line: int = 0

    @property
    def full(self):
        return not self.error and self.points >= self.most


def read(path, converter, name):
    """A source notebook as it is released, automatic tests written out; ValueError if it is not.

    converter  what has the course's configuration
    """
    about = {"nbgrader": {"notebook": name}}
    try:
        source = nbformat.read(path, as_version=nbformat.current_nbformat)
        source, _ = IncludeHeaderFooter(parent=converter).preprocess(source, about)
        automatic = InstantiateTests(parent=converter)
        if any(automatic.autotest_delimiter in cell.source for cell in source.cells):
            about["metadata"] = {"path": str(path.parent)}
            source, _ = automatic.preprocess(source, about)
    except ValueError:
        raise
    except Exception as error:  # whatever nbgrader and nbformat find
        raise ValueError(f"{type(error).__name__}: {first_line(error)}") from error
    return source


class Rehearsal:
    """Plays the notebooks of an assignment.

    course    its `proctor.run.course.Course`
    settings  the `Settings` with which it is graded
    """

    def __init__(self, course, settings, assignment, workers):
        self.course, self.settings, self.assignment = course, settings, assignment
        self.known = course.known(assignment.private)
        self.books, self.findings, self.results = {}, [], {}
        self.workers = workers

    def add(self, name, source, config):
        """Take in a source notebook; ValueError if nbgrader would not release it."""
        self.books[name] = _Book.of(name, source, config)
        for number, cell in enumerate(source.cells, 1):
            if cell.cell_type == "code" and (fault := _fault(cell.source)):
                called = cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {number}"
                line, says = fault
                self.findings.append(Finding(name, called, "source", line, says, "source"))

    def play(self, tell=lambda done, due: None):
        """Play everything; return the findings, in the order of notebooks and tests.

        tell  function of how many notebooks are played and due
        """
        template = Template(self.assignment)
        try:
            with ThreadPoolExecutor(self.workers) as threads:
                books = [book for book in self.books.values() if book.tests]
                first = [(b, MODEL, way) for b in books for way in (WALL, KERNEL)]
                first += [
                    (b, a, WALL) for b in books for a in (BLANK, *(KINDS if b.answers else ()))
                ]
                self._play_all(template, threads, first, tell)
                then = [(b, *two) for b in books for two in self._then(b)]
                self._play_all(template, threads, then, tell)
        finally:
            template.close()
        for book in self.books.values():
            for test in book.tests:
                self.findings += filter(None, [self._finding(book, test)])
        places = {name: number for number, name in enumerate(self.books)}
        self.findings.sort(key=lambda finding: places[finding.notebook])
        return self.findings

    def _play_all(self, template, threads, plays, tell):
        """Play triples of a book, an answer and a way."""
        due = len(self.results) + len(plays)
        tell(len(self.results), due)
        done = threads.map(lambda one: self._play(template, *one), plays)
        for (book, answer, way), results in zip(plays, done, strict=True):
            self.results[book.name, answer, way] = results
            tell(len(self.results), due)

    def _then(self, book):
        """What is to be known besides: (answer, way) pairs."""
        if self.differing(book):
            yield TAGGED, WALL
        for kind in KINDS if book.answers else ():
            # where nothing is passed behind the wall, nothing is passed there only
            if any(one.points for one in self.results[book.name, kind, WALL].values()):
                yield kind, KERNEL

    def differing(self, book):
        """Names of tests that the model answer passes in one kernel and not behind the wall."""
        kernel, wall = (self.results.get((book.name, MODEL, way), {}) for way in (KERNEL, WALL))
        return [test for test in book.tests if test in wall if kernel[test].full > wall[test].full]

    def helped(self, book):
        """Those of them that the tag helps."""
        tagged = self.results.get((book.name, TAGGED, WALL), {})
        return [test for test in self.differing(book) if test in tagged and tagged[test].full]

    def _play(self, template, book, answer, way):
        """{test: `_Result`} of one answer in one way."""
        tagged = self.differing(book) if answer == TAGGED else ()
        notebook, settings = book.filled(answer, tagged), self.settings
        if answer in KINDS:
            seconds, total = min(settings.seconds, _SECONDS), min(settings.total, _TOTAL)
            settings = replace(settings, seconds=seconds, total=total)
        cells = list(notebook.cells)
        if way == WALL:
            known, lessons = self.known.get(book.name, {}), self.assignment.lessons
            played, _ = play(template, notebook, lessons, settings, {}, known)
        else:
            settings = replace(settings, hidden=())
            job = Job([_in_one_kernel(cell) for cell in cells], settings.seconds, settings.total)
            played = template.play(job, settings.policy(), self.assignment.private)
        found = {}
        for cell, result in zip(cells, played.results, strict=True):
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in book.tests and result["outcome"]:
                found[name] = _result(cell, result)
        return found

    def _is_broken(self, book, test):
        """Whether a test's cell is no Python, which is said already."""
        place = (book.name, test, "source")
        return any((one.notebook, one.test, one.kind) == place for one in self.findings)

    def _finding(self, book, test):
        """The `Finding` on a test that matters most; None if there is none."""
        if test not in self.results.get((book.name, MODEL, WALL), {}):
            return None  # an empty cell

        def of(answer, way):
            return self.results[book.name, answer, way][test]

        def found(kind, result, says, cause):
            line = result.line or _first_line(book.tests[test].source)
            return Finding(book.name, test, kind, line, says, cause)

        wall, kernel = of(MODEL, WALL), of(MODEL, KERNEL)
        if kernel.full and not wall.full:
            cause = "tag" if test in self.helped(book) else _cause(wall, book.tests[test].source)
            return found("differs", wall, wall.error, cause)
        if wall.error.startswith("NoPoints"):
            return found("differs", wall, wall.error, "shown")
        if not wall.full:
            return (
                None if self._is_broken(book, test) else found("model", wall, wall.error, "model")
            )
        if not wall.most:
            return None
        blank = of(BLANK, WALL)
        if blank.points:
            what = f"{blank.points:g} of {blank.most:g} points for what was released"
            return found("blank", blank, what, "blank")
        if not book.answers:
            return None
        passed = {kind: of(kind, WALL).full for kind in KINDS}
        if all(passed.values()):
            return found("wrong", wall, f"none of {len(KINDS)} wrong answers fails", "wrong")
        for kind, (does, _) in KINDS.items():
            if passed[kind] and not of(kind, KERNEL).points:
                says = f"passes only here an answer that {does}"
                return found("differs", of(kind, KERNEL), says, "easier")
        for kind, others in _WEAK.items():
            if passed[kind] and not any(passed[other] for other in others):
                return found("weak", wall, f"passes an answer that {KINDS[kind][0]}", kind)
        return None


def _in_one_kernel(cell):
    """A cell of a `Job` that runs in the student's process, whatever it is."""
    if cell.cell_type != "code":
        kind = "text"
    elif utils.is_grade(cell) and not utils.is_solution(cell):
        kind = "inside"
    else:
        kind = "student"
    points = float(cell.metadata.get("nbgrader", {}).get("points") or 0)
    return {"role": kind, "source": cell.source, "points": points}


def _result(cell, result):
    outcome, most = result["outcome"], float(cell.metadata.nbgrader.get("points") or 0)
    if outcome["kind"] == PASSED:
        return _Result(most, most)
    if outcome["kind"] == PARTIAL:
        error = "" if outcome["credit"] >= most else f"{outcome['credit']:g} of {most:g} points"
        return _Result(outcome["credit"], most, error)
    error = " ".join(f"{outcome['name']}: {outcome['message']}".split()).removesuffix(":")
    return _Result(0.0, most, error, _line(cell.source, result))


def _line(source, result):
    """The line of a test's cell that met an error, 0 if that is not told."""
    here = rf"In\[{result['execution_count']}\]\D+(\d+)"
    empty = next((n for n, line in enumerate(source.split("\n")) if line.strip()), 0)
    for output in result["outputs"]:
        for frame in output.get("traceback", ()):
            if found := re.search(here, strip_ansi(frame)):
                return (
                    int(found[1]) + empty
                )  # IPython runs it without the empty lines it begins with
    return 0


def _first_line(source):
    """The first line of a cell that does something, from 1."""
    for number, line in enumerate(source.split("\n"), 1):
        if line.strip() and not line.strip().startswith("#"):
            return number
    return 1


_CAUSES = (
    ("D: classes", r"\b(isinstance|issubclass|type)\(|getmro|__class__|__mro__"),
    (
        "F: names and code",
        r"\b(globals|locals|dir|vars|eval|exec)\(|inspect\.|sys\.modules|\.__\w+__",
    ),
    (
        "C: values",
        r"\.equals\(|DataFrame|Series|assert_frame|assert_series|\.columns|\.index\b|\bnp\.",
    ),
)


def _cause(result, source):
    """What kind of loss it is, guessed by the error and the line that met it."""
    if result.error.startswith("NameError"):
        return "A, B: names"
    if re.search(r"cannot cross|cannot be (passed|sent)|is no data", result.error):
        return "E: objects passed in"
    lines = source.split("\n")
    line = lines[result.line - 1] if 0 < result.line <= len(lines) else source
    return next((cause for cause, pattern in _CAUSES if re.search(pattern, line)), "other")


def _fault(source):
    """(line, what is wrong) of a cell that cannot be compiled; None if it can.

    Magics and other commands of IPython's are looked at by what they become.
    """
    # here, not above: IPython takes long to import, and a template is told of its work before
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        text = TransformerManager().transform_cell(source)
        compile(text, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return error.lineno or 0, f"{type(error).__name__}: {error.msg}"
    except ValueError as error:
        return 0, f"{type(error).__name__}: {first_line(error)}"
    return None
