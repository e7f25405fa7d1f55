"""A test reads what a student's cells wrote: as data, for as long as it runs."""

import ast
import os
import pickle
from pathlib import Path

import pytest

from proctor.run.copies import laid_out
from proctor.run.job import Job
from proctor.run.settings import Settings


def test_texts_lie_there_and_are_gone(tmp_path):
    (tmp_path / "given.txt").write_text("the course's")
    files = {"a.txt": b"one", "out/b.csv": b"1,2", "notes": b"no end", "given.txt": b"mine"}
    with laid_out(tmp_path) as lay:
        assert lay(files) == ["a.txt", "notes", "out/b.csv"]
        assert (tmp_path / "a.txt").read_text() == "one"
        assert (tmp_path / "out" / "b.csv").read_text() == "1,2"
        assert (tmp_path / "given.txt").read_text() == "the course's"
    assert os.listdir(tmp_path) == ["given.txt"]


def test_they_are_laid_again_as_they_are_then(tmp_path):
    (tmp_path / "given.txt").write_text("the course's")
    with laid_out(tmp_path) as lay:
        assert lay({"a.txt": b"one", "out/b.csv": b"1", "c.txt": b"x"}) == sorted(
            ["a.txt", "out/b.csv", "c.txt"]
        )
        (tmp_path / "c.txt").write_text("the test's")
        (tmp_path / "d.txt").write_text("the test's")
        files = {"a.txt": b"two", "c.txt": b"x", "d.txt": b"mine", "given.txt": b"mine"}
        assert lay(files) == ["a.txt"]  # of the others two are the test's now, one the course's
        assert (tmp_path / "a.txt").read_text() == "two"
        assert not (tmp_path / "out" / "b.csv").exists()
        assert (tmp_path / "c.txt").read_text() == (tmp_path / "d.txt").read_text() == "the test's"
    assert sorted(os.listdir(tmp_path)) == ["c.txt", "d.txt", "given.txt"]


def test_what_is_no_text_is_zeros(tmp_path):
    with laid_out(tmp_path) as lay:
        lay({"plot.png": b"\x89PNG", "model.pkl": pickle.dumps(print)})
        assert (tmp_path / "plot.png").read_bytes() == bytes(4)
        assert not (tmp_path / "model.pkl").read_bytes().strip(b"\0")


@pytest.mark.parametrize(
    "name",
    [
        *("answers.py", "numpy/__init__.py", "x.pth", "a.so", "A.PY", "sub/deep/x.pyc", "x.zip"),
        *("../up.txt", "/abs.txt", "a/../../up.txt", "", ".", "..", "a\0b.txt", "x" * 300),
        *("a/../b.txt", "./b.txt", "a//b.txt"),
    ],
)
def test_other_files_are_left_out(tmp_path, name):
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    with laid_out(folder) as lay:
        lay({name: b"x = 1"})
        found = [Path(where, file) for where, _, files in os.walk(tmp_path) for file in files]
    assert found == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


def test_what_is_not_laid_is_not_removed_either(tmp_path):
    (tmp_path / "given.txt").write_text("the course's")
    with laid_out(tmp_path) as lay:
        assert lay({"a/../given.txt": b"mine", "a/b.txt": b"1"}) == ["a/b.txt"]
        assert lay({}) == []
    assert (tmp_path / "given.txt").read_text() == "the course's"
    assert os.listdir(tmp_path) == ["given.txt"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    with laid_out(folder) as lay:
        assert lay({"link/x.txt": b"1"}) == []
    assert os.listdir(tmp_path / "elsewhere") == []


def play(warm, answered, test):
    cells = [
        {"role": r, "source": s, "points": 1.0} for r, s in (("student", answered), ("test", test))
    ]
    results = warm.play(Job(cells, 5, 60), Settings().policy()).results
    return results[-1]["outcome"]["kind"], results[-1]["outcome"]["message"]


WRITE = "open({name!r}, 'wb').write({data!r})"
EVIL = b"cposix\nsystem\n(S'touch never'\ntR."


@pytest.mark.parametrize(
    ("name", "data", "test", "kind"),
    [
        ("a.txt", b"5 6", "assert open('a.txt').read().split() == ['5', '6']", "passed"),
        (
            "a.json",
            b'{"a": 1}',
            "import json\nassert json.load(open('a.json')) == {'a': 1}",
            "passed",
        ),
        (
            "a.txt",
            b"[1, 2]",
            "import ast\nassert ast.literal_eval(open('a.txt').read()) == [1, 2]",
            "passed",
        ),
        ("a.txt", b"(lambda: 7)()", "assert eval(open('a.txt').read()) == 7", "failed"),
        ("a.txt", b"x = 7", "exec(open('a.txt').read())\nassert x == 7", "failed"),
        (
            "a.txt",
            b"(lambda: 7)() ",
            "import builtins\nassert getattr(builtins, 'ev' + 'al')(open('a.txt').read()) == 7",
            "failed",
        ),
        ("a.txt", EVIL, "import pickle\npickle.load(open('a.txt', 'rb'))", "failed"),
        ("a.txt", EVIL, "import pickle\npickle._load(open('a.txt', 'rb'))", "failed"),
        ("math2.py", b"pi = 3", "import os\nassert os.path.exists('math2.py')", "failed"),
        (
            "a.txt",
            b"x",
            "import os\nassert os.path.exists('a.txt') and not os.path.exists('b.txt')",
            "passed",
        ),
    ],
)
def test_what_a_test_reads_is_data(warm, name, data, test, kind):
    assert play(warm, WRITE.format(name=name, data=data), test)[0] == kind


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        ("assert In[-2] == 'x = 3' == _ih[1]\nassert x == 3", "passed"),
        ("assert 'x =' in get_ipython().user_ns['In'][1]", "passed"),
        ("import ast\nassert len(ast.parse(In[1]).body) == 1", "passed"),
        ("exec(In[-2].replace('3', '4'))\nassert x == 4", "failed"),  # nothing is listed for it
        ("import builtins\ngetattr(builtins, 'ex' + 'ec')(In[-2])", "failed"),
        ("import builtins\ngetattr(builtins, 'ex' + 'ec')(In[-2] + '\\n')", "failed"),
        ("import builtins\ngetattr(builtins, 'ev' + 'al')(In[-2][4:] + '.real')", "failed"),
    ],
)
def test_what_cells_say_is_data(warm, test, kind):
    assert play(warm, "x = 3", test)[0] == kind


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        ("assert 'return 3' in S(f)", "passed"),
        ("exec(S(f), globals())", "failed"),
        ("import ast\nexec(compile(ast.parse(S(f)), 'f', 'exec'), {})", "failed"),
        ("import builtins\ngetattr(builtins, 'ex' + 'ec')(S(f), {})", "failed"),
        ("S(f)\nimport builtins\ngetattr(builtins, 'ex' + 'ec')('return 3')", "failed"),
    ],
)
def test_a_function_s_source_is_data(warm, test, kind):
    found = play(warm, "def f():\n    return 3", f"from inspect import getsource as S\n{test}")
    assert found[0] == kind, found


def test_a_test_that_reads_no_files_has_none(warm):
    assert ast.parse("print(1)")
    kind, said = play(
        warm,
        WRITE.format(name="a.txt", data=b"x"),
        "f = vars(__builtins__)['op' + 'en']\nf('a.txt')",
    )
    assert kind == "failed"
    assert "No such file" in said


def test_names_of_files_without_end_are_no_fault_of_the_grader_s(warm):
    answered = (
        "import sys\nsys.modules['proctor.run.student']._files = "
        "lambda folder='': ['a/' * 1500 + 'x.txt', 'b' * 5000]"
    )
    told = play(warm, answered, "import os\nassert not os.path.exists('x.txt')")
    assert told[0] == "passed"
