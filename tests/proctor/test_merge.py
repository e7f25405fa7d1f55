"""Every repair of a submission, each on a notebook that has one of every kind of cell."""

import base64
import copy
import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import determine_grade
from traitlets.config import Config

from proctor.merge import ADDED_LIMIT, Note, Pristine, describe, merge
from proctor.merge.assemble import BESIDE

STUB = "def area(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = {
    "area": "def area(a, b):\n    return a * b",
    "shape": "class Shape:\n    sides = 4",
    "why": "Because a rectangle is $b$ rows of $a$ squares.",
    "draw": "print('a drawing')",
    "number": "number = 42",
}


# --- The course -----------------------------------------------------------------------------------


def cell(name, text, points=None, *, type="code", tags=(), **flags):
    """A source cell; without flags it is not nbgrader's."""
    made = (new_code_cell if type == "code" else new_markdown_cell)(text, id=f"id-{name}")
    if flags:
        names = ("grade", "solution", "locked", "task")
        role = {"schema_version": 3, "grade_id": name} | {n: flags.get(n, False) for n in names}
        made.metadata["nbgrader"] = role | ({} if points is None else {"points": points})
    if tags:
        made.metadata["tags"] = list(tags)
    return made


def solution(body, indent=""):
    return (
        f"{indent}### BEGIN SOLUTION\n{indent}{body}  # secret solution\n{indent}### END SOLUTION"
    )


def hidden(text):
    return f"\n### BEGIN HIDDEN TESTS\n{text}  # secret test\n### END HIDDEN TESTS"


def course():
    """A source notebook with every kind of cell."""
    cells = [
        cell("title", "# Rectangles", type="markdown"),
        cell("setup", "import math", locked=True),
        cell("area", "def area(a, b):\n" + solution("return a * b", "    "), solution=True),
        cell(
            "test_area",
            "assert area(2, 3) == 6" + hidden("assert area(4, 5) == 20"),
            2,
            grade=True,
            locked=True,
        ),
        cell("try", "size = 3  # change me"),
        cell("shape", "class Shape:\n" + solution("sides = 4", "    "), solution=True),
        cell(
            "test_shape", "assert Shape.sides == 4", 1, grade=True, locked=True, tags=["in-kernel"]
        ),
        cell("why", "secret solution", 3, type="markdown", grade=True, solution=True),
        cell("draw", "secret = 'solution'", 2, grade=True, solution=True),
        cell(
            "explore",
            "Find out more.\n### BEGIN MARK SCHEME\nsecret scheme\n### END MARK SCHEME",
            4,
            type="markdown",
            task=True,
            locked=True,
        ),
        cell("number", "number = 42  # secret solution", solution=True),
        cell("test_number", "assert number == 42", 1, grade=True, locked=True),
        cell("end", "That is all.", type="markdown"),
    ]
    cells[0]["attachments"] = {"a.png": {"image/png": "aGFsbG8="}}
    cells[2].outputs = [nbformat.v4.new_output("stream", text="secret output")]
    cells[2].execution_count = 3
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=cells, metadata={"kernelspec": spec, "course": "geometry"})
    made.nbformat_minor = 5
    return made


SOURCE = course()
FRAME = Pristine(SOURCE)


def released(source=SOURCE):
    """The notebook that students get, by nbgrader's own steps."""
    given = copy.deepcopy(source)
    for step in (
        LockCells,
        ClearSolutions,
        ClearOutput,
        ComputeChecksums,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
    ):
        given, _ = step().preprocess(given, {})
    return given


def handed_in(source=SOURCE, **answers):
    """A student's notebook as plain data, with these answers and everything else as released."""
    book = json.loads(nbformat.writes(released(source)))
    for each in book["cells"]:
        each["source"] = answers.get(each["id"].removeprefix("id-"), "".join(each["source"]))
    return book


def raw(book):
    return json.dumps(book).encode()


def at(book, name):
    """The place of a cell in a student's notebook."""
    return [each["id"] for each in book["cells"]].index(f"id-{name}")


def find(book, name):
    return book["cells"][at(book, name)]


def own(text, type="code", **more):
    """A cell that a student adds."""
    extra = {"outputs": [], "execution_count": None} if type == "code" else {}
    return {"cell_type": type, "metadata": {}, "source": text, "id": "mine", **extra, **more}


def add(book, name, *cells):
    """Add cells after another."""
    place = at(book, name) + 1
    book["cells"][place:place] = cells


# --- What holds of every result -------------------------------------------------------------------


def frame_cells(notebook, source=SOURCE):
    ids = {each.id for each in source.cells}
    return [each for each in notebook.cells if each.id in ids]


def added_cells(notebook, source=SOURCE):
    ids = {each.id for each in source.cells}
    return [each for each in notebook.cells if each.id not in ids]


def answers_of(notebook):
    return {
        each.metadata.nbgrader.grade_id: each.source
        for each in notebook.cells
        if each.metadata.get("nbgrader", {}).get("solution")
    }


BLANK = answers_of(FRAME.blank)


_MADE = {"checksum", "cell_type"}  # what of nbgrader's metadata a release adds


def check_frame(result, source=SOURCE, blank=FRAME.blank):
    """The result is the source with other answers and with powerless added cells."""
    notebook = result.notebook
    nbformat.validate(notebook)
    assert notebook.metadata == source.metadata
    assert len({each.id for each in notebook.cells}) == len(notebook.cells)
    for mine, theirs, empty in zip(
        frame_cells(notebook, source), source.cells, blank.cells, strict=True
    ):
        assert mine.id == theirs.id
        assert mine.cell_type == theirs.cell_type
        check_pictures(mine, theirs)
        assert mine.get("outputs", []) == []
        assert mine.get("execution_count") is None
        if "nbgrader" in theirs.metadata:
            # nbgrader gives none to a cell that is neither locked, graded nor an answer
            made = {n: empty.metadata.nbgrader[n] for n in _MADE & empty.metadata.nbgrader.keys()}
            assert mine.metadata.nbgrader == {**theirs.metadata.nbgrader, **made}
            assert made.keys() == _MADE or not theirs.metadata.nbgrader.locked
            assert mine.metadata.get("tags") == theirs.metadata.get("tags")
        else:
            assert mine.metadata == theirs.metadata
        if not mine.metadata.get("nbgrader", {}).get("solution"):
            assert mine.source == theirs.source
    for each in added_cells(notebook, source):
        assert each.metadata == {}
        check_pictures(each, {})
        assert each.get("outputs", []) == []
    assert all(isinstance(note, Note) and note.what for note in result.notes)


def check_pictures(mine, theirs):
    """Attachments are the source's, and pictures in texts that a student wrote."""
    given = theirs.get("attachments", {})
    own = [(n, b) for n, b in mine.get("attachments", {}).items() if given.get(n) != b]
    assert given.keys() <= mine.get("attachments", {}).keys()
    if own:
        assert mine.cell_type == "markdown"
        assert mine.metadata.get("nbgrader", {}).get("solution", True)
    for _, bundle in own:
        for kind, data in bundle.items():
            assert kind in ("image/png", "image/jpeg", "image/gif", "image/webp")
            base64.b64decode(data, validate=True)


def check_no_secret(result):
    """Nothing of the solutions, and hidden parts only where they belong."""
    for each in result.notebook.cells:
        role = each.metadata.get("nbgrader", {})
        if not (role.get("grade") and not role.get("solution")) and not role.get("task"):
            assert "secret" not in each.source
    assert "secret" not in describe(result.notes)


def merged(book, frame=FRAME):
    """Graft a student's notebook (data or bytes) and check what always holds."""
    data = book if isinstance(book, bytes | None) else raw(book)
    result = merge(frame, data)
    check_frame(result)
    MetadataValidator().validate_nb(result.notebook)
    check_no_secret(result)
    assert merge(frame, data) == result
    return result


def kinds(result):
    return sorted({note.kind for note in result.notes})


def told(result, kind):
    """The cells with a note of a kind."""
    return [note.cell for note in result.notes if note.kind == kind]


def order(result):
    return [each.source for each in result.notebook.cells]


# --- Nothing to repair ----------------------------------------------------------------------------


def test_answers_are_taken_and_nothing_is_told():
    result = merged(handed_in(**RIGHT))
    assert answers_of(result.notebook) == RIGHT
    assert result.notes == []
    assert describe(result.notes) == ""


def test_a_blank_notebook_is_blank():
    result = merged(handed_in())
    assert result.notebook == FRAME.blank
    assert answers_of(result.notebook)["area"] == STUB
    assert result.notes == []


def test_a_blank_manual_answer_scores_nothing_and_a_written_one_waits():
    blank = {c.id: c for c in merged(handed_in(why="YOUR ANSWER HERE  \n")).notebook.cells}
    assert determine_grade(blank["id-why"]) == (0, 3)
    assert determine_grade(blank["id-draw"]) == (0, 2)
    written = {c.id: c for c in merged(handed_in(**RIGHT)).notebook.cells}
    assert determine_grade(written["id-why"]) == (None, 3)
    assert determine_grade(written["id-draw"]) == (None, 2)


def test_an_emptied_answer_stays_empty():
    # A stub put back would undo a definition in a cell before it; a person looks at empty prose.
    result = merged(handed_in(area="", why=""))
    assert answers_of(result.notebook) | {"area": "", "why": ""} == answers_of(result.notebook)


def test_the_source_is_untouched():
    source = course()
    merge(source, raw(handed_in(**RIGHT)))
    assert source == course()


def test_delimiters_and_stubs_are_nbgraders_configuration():
    config = Config()
    config.ClearSolutions.begin_solution_delimeter = "VON HIER"
    config.ClearSolutions.end_solution_delimeter = "BIS HIER"
    config.ClearSolutions.code_stub = {"python": "..."}
    config.ClearSolutions.text_stub = "DEINE ANTWORT"
    source = course()
    source.cells[2].source = "def area(a, b):\n    # VON HIER\n    return a * b\n    # BIS HIER"
    answers = answers_of(merge(source, None, config=config).notebook)
    assert answers["area"] == "def area(a, b):\n    ..."
    assert answers["why"] == "DEINE ANTWORT"


def test_hidden_parts_of_an_answer_are_not_in_its_stub():
    source = course()
    source.cells[8].source = solution("secret = 1") + hidden("assert secret")
    result = merge(source, None)
    check_no_secret(result)
    [draw] = [each for each in result.notebook.cells if each.id == "id-draw"]
    assert draw.source == BLANK["draw"]
    assert determine_grade(draw) == (0, 2)


REFUSED = "the source notebook's nbgrader metadata: "


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema_version", 2),
        ("schema_version", 4),
        ("schema_version", None),
        ("points", "two"),
        ("grade", None),
        ("grade_id", "a b"),
        ("grade_id", ""),
        ("task", 1),
        ("cell_type", "poem"),
        ("unheard_of", 1),
    ],
)
def test_a_source_s_metadata_is_judged_as_nbgrader_does(name, value):
    source = course()
    source.cells[3].metadata.nbgrader[name] = value
    verdicts = []
    for judge in (MetadataValidator().validate_nb, Pristine):
        try:
            judge(copy.deepcopy(source))
            verdicts.append("")
        except Exception as error:
            verdicts.append(str(error).split("\n")[0].removeprefix(REFUSED))
    assert verdicts[0] == verdicts[1]


def test_a_source_that_nbgrader_would_refuse_is_refused():
    twice = course()
    twice.cells[5].metadata.nbgrader.grade_id = "area"
    with pytest.raises(ValueError, match="cells 3 and 6 are both called 'area'"):
        merge(twice, None)
    open_ended = course()
    open_ended.cells[2].source = "### BEGIN SOLUTION"
    with pytest.raises(ValueError, match=r"source notebook.*end solution"):
        merge(open_ended, None)


def test_a_source_of_an_older_minor_format_stays_valid():
    source = course()
    source.nbformat_minor = 4
    for each in source.cells:
        del each["id"]
    book = handed_in(**RIGHT)
    add(book, "area", own("x = 1"))
    result = merge(source, raw(book))
    nbformat.validate(result.notebook)
    assert answers_of(result.notebook) == RIGHT
    assert "x = 1" in order(result)


# --- Answers --------------------------------------------------------------------------------------


def test_missing_answers_become_the_stub():
    book = handed_in(**RIGHT)
    for name in ("area", "why"):
        del book["cells"][at(book, name)]
    result = merged(book)
    assert told(result, "missing") == ["area", "why"]
    assert answers_of(result.notebook) == RIGHT | {"area": STUB, "why": "YOUR ANSWER HERE"}
    [why] = [each for each in result.notebook.cells if each.id == "id-why"]
    assert determine_grade(why) == (0, 3)


def copy_of(book, name, text):
    return {**copy.deepcopy(find(book, name)), "source": text}


def test_of_a_split_answer_the_last_part_counts_and_the_parts_stay_in_order():
    book = handed_in(**RIGHT | {"area": "def helper(a, b):\n    return a * b"})
    add(book, "area", own("between = 1"), copy_of(book, "area", "area = helper"))
    result = merged(book)
    assert told(result, "copies") == ["area"]
    assert answers_of(result.notebook)["area"] == "area = helper"
    assert order(result)[2:5] == [
        "def helper(a, b):\n    return a * b",
        "between = 1",
        "area = helper",
    ]


def test_a_copy_after_the_tests_is_not_the_answer_but_stays():
    book = handed_in(**RIGHT)
    add(book, "test_area", copy_of(book, "area", "def area(a, b):\n    return 'experiment'"))
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    texts = order(result)
    assert texts.index("def area(a, b):\n    return 'experiment'") == 4
    assert told(result, "copies") == ["area"]


def test_a_blank_copy_never_hides_a_written_one():
    for place in ("area", "setup", "end"):
        book = handed_in(**RIGHT)
        add(book, place, copy_of(book, "area", STUB), copy_of(book, "area", "  \n"))
        result = merged(book)
        assert answers_of(result.notebook) == RIGHT
        assert added_cells(result.notebook) == []
        assert told(result, "copies") == ["area"]


def test_an_answer_written_in_a_copy_at_the_end_counts_if_the_answer_is_blank():
    book = handed_in(**RIGHT | {"area": STUB})
    add(book, "end", copy_of(book, "area", RIGHT["area"]))
    assert answers_of(merged(book).notebook) == RIGHT


def test_moved_cells_are_back_in_their_place():
    book = handed_in(**RIGHT)
    book["cells"].append(book["cells"].pop(at(book, "area")))
    book["cells"].insert(0, book["cells"].pop(at(book, "test_number")))
    result = merged(book)
    assert sorted(told(result, "moved")) == ["area", "test_number"]
    assert answers_of(result.notebook) == RIGHT


def test_a_notebook_in_reverse_is_set_right():
    book = handed_in(**RIGHT)
    book["cells"].reverse()
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert len(told(result, "moved")) == len(SOURCE.cells) - 1


@pytest.mark.parametrize("type", ["markdown", "raw", "heading", "sketch", None, 7, ["code"], {}])
def test_a_retyped_answer_is_code_again(type):
    book = handed_in(**RIGHT)
    find(book, "area")["cell_type"] = type
    del find(book, "area")["outputs"]
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "type") == ["area"]


def test_a_renamed_answer_is_known_by_its_cell_id():
    book = handed_in(**RIGHT)
    find(book, "number")["metadata"]["nbgrader"]["grade_id"] = "numero"
    find(book, "why")["metadata"] = {}
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "renamed") == ["why", "number"]
    assert "cell id" in result.notes[0].what


def test_a_renamed_answer_is_known_by_what_it_defines():
    book = handed_in(**RIGHT)
    for name in ("area", "shape"):
        found = find(book, name)
        found["metadata"]["nbgrader"]["grade_id"] = found["id"] = f"other-{name}"
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "renamed") == ["area", "shape"]
    assert added_cells(result.notebook) == []


def test_a_renamed_answer_is_known_by_its_place():
    book = handed_in(**RIGHT)
    for name in ("why", "draw", "number"):
        found = find(book, name)
        found["metadata"]["nbgrader"]["grade_id"] = found["id"] = f"other-{name}"
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "renamed") == ["why", "draw", "number"]


def test_a_notebook_without_metadata_and_ids_is_recognised():
    book = handed_in(**RIGHT)
    for each in book["cells"]:
        each["metadata"] = {}
        del each["id"]
    result = merged(book)
    # plain code with no name to know it by: it is added, and what it may be waits for a person
    expected = RIGHT | {"draw": f"{BLANK['draw']}\n# {BESIDE}"}
    assert answers_of(result.notebook) == expected
    assert [each.source for each in added_cells(result.notebook)] == [RIGHT["draw"]]


def test_nothing_of_another_notebook_has_a_place_here():
    book = handed_in(**RIGHT)
    book["cells"] = [own("z = 1", metadata={"nbgrader": {"grade_id": "other"}}), own("?", "raw")]
    result = merged(book)
    assert answers_of(result.notebook) == BLANK
    assert [each.source for each in added_cells(result.notebook)] == ["z = 1", "?"]


def test_a_lost_answer_is_not_taken_from_a_cell_elsewhere():
    book = handed_in(**RIGHT)
    del book["cells"][at(book, "number")]
    add(book, "setup", own("number = 1"))
    result = merged(book)
    assert told(result, "missing") == ["number"]
    assert [each.source for each in added_cells(result.notebook)] == ["number = 1"]


PNG = "iVBORw0KGgoAAAANSUhEUg=="


@pytest.mark.parametrize(
    "pasted",
    [
        {"a.png": {"image/png": "aGFsbG8="}},  # no picture
        {"a.svg": {"image/svg+xml": "<svg onload=alert(1)>"}},
        {"a.png": {"image/png": PNG + "<script>"}},
        {"a.png": {"text/html": PNG}},
        {"a\0.png": {"image/png": PNG}},
        {"a.png": ["image/png"]},
    ],
)
def test_what_is_pasted_and_no_picture_is_left_out_and_told(pasted):
    book = handed_in(**RIGHT)
    find(book, "why")["attachments"] = pasted
    find(book, "title")["attachments"] = {}
    result = merged(book)
    assert told(result, "attachments") == ["why"]
    assert [c.attachments for c in result.notebook.cells if "attachments" in c] == [
        {"a.png": {"image/png": "aGFsbG8="}}
    ]


def test_pictures_go_with_the_text_into_which_they_were_pasted():
    photo = {"photo.png": {"image/png": [PNG[:8] + "\n", PNG[8:]], "text/html": "<script>"}}
    clean = {"photo.png": {"image/png": PNG}}
    book = handed_in(**RIGHT | {"why": "![](attachment:photo.png)"})
    find(book, "why")["attachments"] = photo
    add(book, "area", own("![](attachment:photo.png)", "markdown", attachments=photo))
    add(book, "area", own("x = 1", attachments=photo))
    result = merged(book)
    nbformat.validate(result.notebook)
    assert [c.attachments for c in result.notebook.cells[1:] if "attachments" in c] == [clean] * 2
    assert told(result, "attachments") == []


def test_pictures_of_a_notebook_have_a_limit(monkeypatch):
    # the package has a function of the module's name
    monkeypatch.setattr(sys.modules["proctor.merge.assemble"], "MOST", 2 * len(PNG) - 1)
    book = handed_in(**RIGHT | {"why": "see"})
    find(book, "why")["attachments"] = {f"{n}.png": {"image/png": PNG} for n in range(4)}
    [mine] = [c for c in merged(book).notebook.cells[1:] if "attachments" in c]
    assert list(mine.attachments) == ["0.png"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (["def area", "(a, b):\n", "    return 1"], "def area(a, b):\n    return 1"),
        (["a = ", 1, None, "\n", ["x"], {"y": 2}], "a = 1\n"),
        (17, "17"),
        (float("nan"), "nan"),
        (True, "True"),
        (None, STUB),
        ({"text": "x"}, STUB),
        ([], ""),
    ],
)
def test_text_saved_as_something_else(source, text):
    result = merged(handed_in(**RIGHT | {"area": source}))
    assert answers_of(result.notebook) == RIGHT | {"area": text}
    clean = isinstance(source, list) and all(isinstance(part, str) for part in source)
    assert told(result, "text") == ([] if clean else ["area"])


def test_text_that_no_notebook_can_hold_is_cleaned():
    book = handed_in(**RIGHT | {"area": "a = '\ud800x\0'"})
    add(book, "area", own("b = '\udfff'"))
    result = merged(book)
    assert answers_of(result.notebook)["area"] == "a = '\ufffdx'"
    assert order(result)[3] == "b = '\ufffd'"
    assert kinds(result) == ["added-cleaned", "cleaned"]
    nbformat.writes(result.notebook).encode()


def test_a_pair_of_surrogates_is_a_character():
    assert answers_of(merged(handed_in(why="A 🐦")).notebook)["why"] == "A 🐦"


def test_text_that_is_too_long_counts_as_blank():
    book = handed_in(**RIGHT | {"area": "#" * 1_000_001})
    add(book, "area", own("#" * 1_000_001), own("#" * 1_000_000))
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT | {"area": STUB}
    assert [len(each.source) for each in added_cells(result.notebook)] == [1_000_000]
    assert kinds(result) == ["added-too-long", "too-long"]


# --- Cells that are not answers -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["setup", "test_area", "test_shape"])
@pytest.mark.parametrize("text", ["", "pass", None])
def test_an_edited_locked_cell_is_the_sources(name, text):
    result = merged(handed_in(**RIGHT | {name: text}))
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "edited") == [name]
    assert added_cells(result.notebook) == []


def test_deleted_cells_are_put_back():
    book = handed_in(**RIGHT)
    for name in ("title", "setup", "test_area", "explore"):
        del book["cells"][at(book, name)]
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "restored") == ["cell 1 (Rectangles …)", "setup", "test_area", "explore"]


def test_copies_of_locked_cells_are_dropped():
    book = handed_in(**RIGHT)
    add(book, "end", copy_of(book, "test_area", "mine = 1"), copy_of(book, "setup", "import math"))
    result = merged(book)
    assert added_cells(result.notebook) == []
    assert told(result, "copies") == ["setup", "test_area"]


FLAGS = [
    ("test_area", {"grade": False}, "flags"),
    ("test_area", {"solution": True}, "flags"),
    ("test_area", {"locked": False}, "flags"),
    ("test_area", {"points": 100}, "points"),
    ("test_area", {"points": "2"}, "points"),
    ("why", {"solution": False}, "flags"),
    ("why", {"points": None}, "points"),
    ("area", {"schema_version": 1}, "flags"),
    ("area", {"schema_version": {"deep": [1]}}, "flags"),
    ("explore", {"task": False}, "flags"),
]


@pytest.mark.parametrize(("name", "change", "kind"), FLAGS)
def test_flags_points_and_schema_are_the_sources(name, change, kind):
    book = handed_in(**RIGHT)
    find(book, name)["metadata"]["nbgrader"].update(change)
    result = merged(book)
    assert told(result, kind) == [name]
    assert answers_of(result.notebook) == RIGHT


def test_what_the_instructor_may_have_changed_since_the_release_is_no_accusation():
    given = raw(handed_in())
    source = course()
    test = source.cells[3]
    test.metadata.nbgrader.points = 5
    test.metadata["tags"] = ["in-student-kernel"]
    source.cells[1].source = "import math  # and more"
    source.cells.append(source.cells.pop(0))
    told = {note.kind: note.what for note in merge(source, given).notes}
    assert told.keys() == {"points", "tags", "edited", "moved"}
    for kind in ("points", "tags", "edited"):
        assert "may have changed since it was handed out" in told[kind]
    assert not any("had been" in what for what in told.values())


def test_tags_are_the_sources():
    book = handed_in(**RIGHT)
    for each in book["cells"]:
        each["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    result = merged(book)
    assert len(told(result, "tags")) == len(SOURCE.cells)


def test_the_kernel_is_the_sources():
    book = handed_in(**RIGHT)
    book["metadata"]["kernelspec"]["name"] = "evil"
    assert kinds(merged(book)) == ["kernel"]
    del book["metadata"]
    assert kinds(merged(book)) == ["kernel"]


def test_an_edited_plain_cell_is_there_twice():
    result = merged(handed_in(**RIGHT | {"try": "size = 5"}))
    assert order(result)[4:6] == ["size = 3  # change me", "size = 5"]
    assert not told(result, "edited")  # it is open: to change it is no mistake


def test_an_answer_written_into_a_task_is_a_cell_after_it():
    result = merged(handed_in(**RIGHT | {"explore": "Find out more.\n\nI found out."}))
    [mine] = added_cells(result.notebook)
    assert (mine.cell_type, mine.source) == ("markdown", "I found out.")
    assert order(result).index("I found out.") == 10
    assert told(result, "edited") == ["explore"]


def test_the_answers_to_a_task_are_the_cells_after_it():
    book = handed_in(**RIGHT)
    add(book, "explore", own("I found", "markdown"), own("print('this')"))
    result = merged(book)
    assert order(result)[10:12] == ["I found", "print('this')"]
    assert result.notes == []


# --- Added cells ----------------------------------------------------------------------------------


def test_added_cells_follow_the_same_neighbour():
    book = handed_in(**RIGHT)
    book["cells"].insert(0, own("first = 1"))
    add(book, "area", own("%timeit area(1, 2)"), own("a note", "markdown"), own("raw", "raw"))
    add(book, "end", own("last = 1"))
    result = merged(book)
    texts = order(result)
    assert texts[0] == "first = 1"
    assert texts[4:7] == ["%timeit area(1, 2)", "a note", "raw"]
    assert texts[-1] == "last = 1"
    assert [c.cell_type for c in added_cells(result.notebook)] == [
        *("code", "code", "markdown", "raw", "code")
    ]
    assert result.notes == []


def test_added_cells_keep_their_order_when_others_moved():
    book = handed_in(**RIGHT)
    add(book, "end", book["cells"].pop(at(book, "title")), own("third = area"))
    add(book, "setup", own("first = 1"))
    add(book, "test_area", copy_of(book, "setup", "import math"), own("second = area"))
    result = merged(book)
    texts = order(result)
    assert texts[2] == "first = 1"
    assert texts[texts.index("second = area") - 1].startswith("assert area(2, 3)")
    assert texts[-1] == "third = area"


def test_an_added_cell_gains_no_powers():
    role = find(handed_in(), "test_area")["metadata"]["nbgrader"] | {"grade_id": "bonus"}
    tags = {"nbgrader": role, "tags": ["skip-execution", "raises-exception"]}
    output = {"output_type": "stream", "name": "stdout", "text": "spoofed"}
    book = handed_in(**RIGHT)
    mine = own("1", metadata=tags, outputs=[output], attachments={"a": {}}, execution_count=8)
    add(book, "area", mine, own("2", metadata={"nbgrader": "no dict"}))
    result = merged(book)
    assert [each.source for each in added_cells(result.notebook)] == ["1", "2"]
    [note] = result.notes
    assert note.kind == "added-metadata"
    assert "2 added cells" in note.what


def test_an_added_cell_may_claim_any_id():
    book = handed_in(**RIGHT)
    claims = ["id-area", "added-1", "added-1", "", 5, None, "x" * 999, "id-test_area", "ü"]
    add(book, "test_area", *(own(f"mine = {n}", id=each) for n, each in enumerate(claims)))
    result = merged(book)
    assert [each.source for each in added_cells(result.notebook)] == [
        f"mine = {n}" for n in range(len(claims))
    ]


def test_empty_added_cells_are_not_kept():
    book = handed_in(**RIGHT)
    add(book, "area", own(""), own(" \n"), own(None))
    assert added_cells(merged(book).notebook) == []


def test_too_many_added_cells():
    book = handed_in(**RIGHT)
    add(book, "area", *(own(f"n = {n}") for n in range(ADDED_LIMIT + 5)))
    add(book, "end", own("never"))
    result = merged(book)
    assert len(added_cells(result.notebook)) == ADDED_LIMIT
    assert kinds(result) == ["too-many"]


def test_a_blank_answer_with_text_beside_it_is_pointed_out():
    book = handed_in(**RIGHT | {"why": BLANK["why"]})
    add(book, "why", own("My answer.", "markdown"))
    result = merged(book)
    assert told(result, "look") == ["why"]
    assert told(merged(handed_in()), "look") == []


@pytest.mark.parametrize(
    ("task", "beside"),
    [
        ("why", own("![](attachment:photo.png)", "markdown")),
        ("draw", own("plot(3)")),
        ("draw", own("My answer.", "markdown")),
    ],
)
def test_a_blank_answer_with_something_beside_it_waits_for_a_person(task, beside):
    def is_blank(result):
        cell = next(
            c
            for c in result.notebook.cells
            if c.metadata.get("nbgrader", {}).get("grade_id") == task
        )
        return determine_grade(cell)[0] == 0

    book = handed_in(**RIGHT | {task: BLANK[task]})
    assert is_blank(merged(book))
    add(book, task, beside)
    assert not is_blank(merged(book))
    assert told(merged(book), "look") == [task]


def open_course():
    """A course whose notebooks begin as nbgrader's quickstart's do, and with an empty cell."""
    source = course()
    plain = new_code_cell('NAME = ""\nCOLLABORATORS = ""'), new_code_cell("")
    for made in plain:
        made.pop("id")
    source.cells[:0] = plain
    source.nbformat_minor = 4
    for made in source.cells:
        made.pop("id", None)
    return source


def test_cells_that_are_there_to_be_filled_in_are_no_repairs():
    source = open_course()
    book = json.loads(nbformat.writes(released(source)))
    book["cells"][0]["source"] = 'NAME = "Ada"\nCOLLABORATORS = "nobody"'
    del book["cells"][1]
    result = merge(source, raw(book))
    assert result.notes == []
    assert result.notebook.cells[1].source == 'NAME = "Ada"\nCOLLABORATORS = "nobody"'
    assert len(result.notebook.cells) == len(source.cells) + 1


def test_two_cells_of_a_source_with_one_name_are_named():
    source = course()
    source.cells[5].metadata.nbgrader.grade_id = "area"
    with pytest.raises(ValueError, match="cells 3 and 6 are both called 'area'"):
        Pristine(source)


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.few(8, spread=True)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (None, "no-file"),
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\0" * 1000, "empty"),
        (b"\xff" * 100, "not-json"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "not-json"),
        (b"PK\x03\x04 a zip file", "not-json"),
        (b"print('a script')", "not-json"),
        (b'"a string"', "not-notebook"),
        (b"NaN", "not-notebook"),
        (b"9" * 10_000, "not-notebook"),
        (b"{}", "not-notebook"),
        (b'{"metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "not-notebook"),
        (b'{"cells": {"a": 1}}', "not-notebook"),
        (b'{"cells": []}', "not-notebook"),
        (b'{"cells": [1, null, "x", []]}', "not-notebook"),
        (b'{"worksheets": [{"cells": 3}, 4]}', "not-notebook"),
        (b"[" * 200_000, "not-json"),
        (b'{"cells": ' * 100_000, "not-json"),
        (b'{"a": [' * 50_000 + b"]}" * 50_000, "not-json"),
    ],
)
def test_a_file_with_nothing_in_it_is_graded_as_blank(data, kind):
    result = merged(data)
    assert result.notebook == FRAME.blank
    assert kind in kinds(result)
    assert set(kinds(result)) <= {kind, "encoding"}
    for each in result.notebook.cells:
        role = each.metadata.get("nbgrader", {})
        if role.get("grade") and role.get("solution"):
            assert determine_grade(each)[0] == 0


def test_cells_that_are_no_cells_are_dropped():
    book = handed_in(**RIGHT)
    book["cells"][3:3] = [None, 1, "cell", ["a"], {}]
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert "odd-cells" in kinds(result)


@pytest.mark.parametrize("metadata", [None, 3, [], "x", {"nbgrader": None}, {"nbgrader": [1]}])
def test_metadata_of_any_type(metadata):
    book = handed_in(**RIGHT)
    book["metadata"] = metadata
    find(book, "area")["metadata"] = metadata
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert told(result, "renamed") == ["area"]


def test_a_large_file_is_not_read():
    data = raw(handed_in(**RIGHT))
    assert answers_of(merge(FRAME, data, limit=len(data)).notebook) == RIGHT
    result = merge(FRAME, data, limit=len(data) - 1)
    assert result.notebook == FRAME.blank
    assert kinds(result) == ["too-large"]


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_other_encodings_are_read(encoding):
    data = json.dumps(handed_in(**RIGHT | {"why": "Größe 🐦"}), ensure_ascii=False).encode(encoding)
    result = merged(data)
    assert answers_of(result.notebook) == RIGHT | {"why": "Größe 🐦"}
    assert kinds(result) == ["encoding"]


def test_bytes_that_are_no_text_are_replaced():
    data = raw(handed_in(**RIGHT | {"area": "# HERE"})).replace(b"HERE", b"\xfc\xff")
    result = merged(data)
    assert answers_of(result.notebook) == RIGHT | {"area": "# \ufffd\ufffd"}
    assert kinds(result) == ["encoding"]


def test_a_zero_byte_does_not_make_it_another_encoding():
    data = raw(handed_in(**RIGHT))
    assert answers_of(merged(data[:1] + b"\0" + data[1:]).notebook) == RIGHT


def test_nan_and_long_numbers_are_read():
    data = raw(handed_in(**RIGHT))
    for value in (b"NaN", b"-Infinity", b"1e999", b"9" * 5000):
        changed = data.replace(b'"points": 2', b'"points": ' + value)
        result = merged(changed)
        assert answers_of(result.notebook) == RIGHT
        assert told(result, "points") == ["test_area", "draw"]


@pytest.mark.parametrize(("major", "minor"), [(4, 4), (4, 99), (5, 0), (None, "x"), (4, None)])
def test_other_formats_are_read(major, minor):
    book = handed_in(**RIGHT)
    book |= {"nbformat": major, "nbformat_minor": minor}
    for each in book["cells"]:
        del each["id"]
    result = merged(book)
    assert answers_of(result.notebook) == RIGHT
    assert kinds(result) == ["format"]


def test_format_3_is_read():
    book = handed_in(**RIGHT)
    for each in book["cells"]:
        del each["id"]
        if each["cell_type"] == "code":
            each["input"] = each.pop("source").splitlines(keepends=True)
    book["cells"][0] = {"cell_type": "heading", "level": 1, "source": "Rectangles", "metadata": {}}
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0}
    halves = [{"cells": book["cells"][:6]}, {"cells": book["cells"][6:]}]
    result = merged(old | {"worksheets": halves})
    assert answers_of(result.notebook) == RIGHT
    assert kinds(result) == ["format", "kernel"]
    assert added_cells(result.notebook) == []


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("end", ["first line", "\\n", "second"])
def test_of_a_file_that_was_cut_off_the_whole_cells_are_read(indent, lines, end):
    book = handed_in(**RIGHT | {"why": "the first line\nthe second line\nthe third"})
    for each in book["cells"] if lines else ():
        each["source"] = each["source"].splitlines(keepends=True)
    text = json.dumps(book, indent=indent)
    cut = text.index(end, text.index("the first line")) + len(end)
    result = merged(text[:cut].encode())
    expected = BLANK | {name: RIGHT[name] for name in ("area", "shape")}
    assert answers_of(result.notebook) == expected
    assert kinds(result) == ["missing", "not-json"]
    assert told(result, "missing") == ["why", "draw", "number"]


def test_the_first_lines_of_an_answer_that_was_cut_off_are_not_an_answer():
    book = handed_in(**RIGHT)
    find(book, "number")["source"] = ["number = 42\n", "number = 43"]
    text = json.dumps(book, indent=1)
    for end in ('42\\n"', '42\\n",\n'):
        result = merged(text[: text.index(end) + len(end)].encode())
        assert answers_of(result.notebook) == RIGHT | {"number": BLANK["number"]}


def test_damage_to_one_cell_costs_one_cell():
    text = json.dumps(handed_in(**RIGHT), indent=1)
    broken = text.replace('"class Shape:', "class Shape:")
    result = merged(broken.encode())
    assert answers_of(result.notebook) == RIGHT | {"shape": BLANK["shape"]}
    assert told(result, "missing") == ["shape"]


@pytest.mark.parametrize("old", ["},", "{", "}", "]", "[", ",", '":', '"cells": [', "\n  },\n  {"])
def test_one_lost_piece_of_punctuation_costs_at_most_its_cell(old):
    text = json.dumps(handed_in(**RIGHT), indent=1)
    start = text.index('"id": "id-shape"')
    place = text.find(old, start) if old in text[start:] else text.index(old)
    damaged = text[:place] + text[place + len(old) :]
    result = merged(damaged.encode())
    got = answers_of(result.notebook)
    assert {**got, "shape": ""} == {**RIGHT, "shape": ""}


def test_trailing_commas_and_unknown_escapes_cost_nothing():
    text = json.dumps(handed_in(**RIGHT | {"area": "HERE"}), indent=1)
    text = text.replace('"HERE"', r'"print(\"\d\")"').replace("\n  }", ",\n  }")
    result = merged(text.encode())
    assert answers_of(result.notebook) == RIGHT | {"area": r'print("\d")'}
    assert kinds(result) == ["not-json"]


def test_cells_within_the_outputs_of_a_cell_are_not_cells():
    book = handed_in(**RIGHT)
    fake = copy_of(book, "area", "fake")
    find(book, "test_area")["outputs"] = [{"data": {"application/json": fake}}]
    result = merged(json.dumps(book).encode()[:-1])
    assert answers_of(result.notebook) == RIGHT
    assert kinds(result) == ["not-json"]


def conflict(first, second, base=None):
    middle = "" if base is None else f"||||||| base\n{base}\n"
    return f"<<<<<<< HEAD\n{first}\n{middle}=======\n{second}\n>>>>>>> theirs"


@pytest.mark.parametrize("base", [None, '"# base"'])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_of_a_merge_conflict_the_side_with_more_answers_counts(base, ending):
    stub = json.dumps(STUB)
    text = json.dumps(handed_in(**RIGHT | {"area": "HERE"}), indent=1)
    for sides, kept in (
        (('"# one"', '"# two"'), "# one"),
        ((stub, '"# two"'), "# two"),
        (('"# one"', stub), "# one"),
    ):
        both = text.replace('"HERE"', "\n" + conflict(*sides, base) + "\n")
        result = merged(both.replace("\n", ending).encode())
        assert answers_of(result.notebook) == RIGHT | {"area": kept}
        assert kinds(result) == ["conflict"]


def test_a_line_of_equals_signs_outside_a_conflict_is_nothing():
    text = json.dumps(handed_in(**RIGHT | {"area": "HERE"}), indent=1)
    text = text.replace('"HERE"', "\n" + conflict('"# one"', '"# two"') + "\n")
    start = text.index("<<<<<<<")
    result = merged((text[:start].replace("\n", "\n=======\n", 3) + text[start:]).encode())
    assert answers_of(result.notebook) == RIGHT | {"area": "# one"}


def test_conflict_markers_within_an_answer_are_its_text():
    answer = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> theirs"
    result = merged(json.dumps(handed_in(**RIGHT | {"area": answer}), indent=1).encode())
    assert answers_of(result.notebook)["area"] == answer
    assert result.notes == []


def test_a_notebook_that_was_graded_before_stays_as_it_is():
    book = handed_in(**RIGHT)
    add(book, "area", own("x = 1"))
    first = merged(book)
    again = merge(FRAME, nbformat.writes(first.notebook).encode())
    assert again.notebook == first.notebook
    assert again.notes == []


# --- What is told ---------------------------------------------------------------------------------


def test_a_note_never_quotes_the_submission():
    book = handed_in(**RIGHT)
    bad = "<script>alert(1)</script>"
    for each in book["cells"]:
        each["metadata"] |= {"tags": [bad], bad: bad}
        each["cell_type"] = bad
        each["id"] = bad
        if "nbgrader" in each["metadata"]:
            each["metadata"]["nbgrader"]["points"] = bad
    book["metadata"]["kernelspec"]["name"] = bad
    add_to = book["cells"]
    add_to.append(own(bad, bad, metadata={"nbgrader": {"grade_id": bad}}))
    result = merged(book)
    assert "script" not in describe(result.notes)
    assert len(result.notes) > 20


def test_the_description_is_short():
    text = describe(merge(FRAME, b'{"cells": [{}], "nbformat": 4, "nbformat_minor": 5}').notes)
    lines = text.splitlines()
    assert lines[0] == "**What was repaired in your notebook**"
    assert "- The answer `area` is not in the notebook: it counts as blank." in lines
    assert "- The same for 2 more: draw, number." in lines
    assert len(lines) <= 12
