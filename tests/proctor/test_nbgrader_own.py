"""nbgrader's own tests, which its wheel carries, with this grader configured."""

import json
import os
import re
from xml.etree import ElementTree

import pytest
from traitlets.config import Config

import proctor
from tests import commands

CONFIGURATION = """
import proctor

c = get_config()
proctor.configure(c)
c.Execute.preload = []  # these notebooks import nothing
"""

# Tests whose very purpose is a behaviour that this grader changes: (what they then say, why).
CHANGED = {
    "autograde": {
        "test_grade_empty_timestamp": (
            r"isfile\b.*/foo/ps1/timestamp\.txt|unexpected return code: 0",
            "A `timestamp.txt` without a time is set aside and told; the submission is graded.",
        ),
        "test_grade_missing_notebook": (
            r"isfile\b.*/foo/ps1/p2\.ipynb",
            "What was not handed in is graded as blank: it has a page that says so.",
        ),
        "test_handle_failure": (
            "unexpected return code: 0",
            "A notebook with cells that the assignment does not have is no failure: it is repaired "
            "and graded.",
        ),
        "test_handle_failure_single_notebook": (
            "unexpected return code: 0",
            "The same.",
        ),
        "test_missing_source_kernelspec": (
            "unexpected return code: 0",
            "A student's kernel is not launched, whether the source names one or not.",
        ),
        "test_no_execute": (
            r"assert \[{'data': .*_result'}\] == \[\]",
            "What a student saved as outputs is never taken, nor scored.",
        ),
    },
    "generate_feedback": dict.fromkeys(
        ("test_force", "test_force_f", "test_filter_notebook"),
        (
            r"isfile\b.*/foo/ps1/foo\.txt",
            "Nothing lies beside the pages but what nbgrader needs to hand them back.",
        ),
    ),
    "collect": {
        "test_permissions[False]": (
            "'755' == '777'",
            "What is collected is nobody else's to write.",
        ),
        "test_permissions[True]": ("'2775' == '2777'", "The same; a group that shares it, may."),
    },
    "zip_collect": dict.fromkeys(
        (
            *("test_extract_single_notebook", "test_extract_single_notebook_f"),
            *("test_extract_sub_dir_single_notebook", "test_extract_archive"),
            *("test_extract_archive_copies", "test_collect_no_regexp"),
        ),
        (
            "unexpected return code: 1",
            "Nobody said what the names mean, and they look like a learning system's: that is "
            "asked. nbgrader collects nothing and says that all is well.",
        ),
    ),
}
SKIPPED = {
    # by nbgrader: both take too long, one needs a database server, one a lot of memory
    "autograde": {"test_many_students", "test_infinite_loop_with_output"},
}
# Parts of nbgrader, and how many of its tests pass without this grader (nbgrader 0.9.6).
PARTS = {"autograde": 40, "validate": 20, "generate_feedback": 15, "collect": 11, "zip_collect": 26}


@pytest.fixture(scope="session")
def configured(tmp_path_factory, environment):
    """The environment in which every nbgrader command reads the one line of configuration."""
    folder = tmp_path_factory.mktemp("configured")
    (folder / "nbgrader_config.py").write_text(CONFIGURATION)
    return {**os.environ, "JUPYTER_CONFIG_PATH": str(folder)}


def _run(part, folder, env):
    """{test: (outcome, message)} of a part."""
    own = folder / part
    own.mkdir()
    flags = f"--basetemp={own}/tmp", f"--junitxml={own}.xml", "--pyargs"
    module = f"nbgrader.tests.apps.test_nbgrader_{part}"
    found = _played(own, env, *flags, module)
    # Some start kernels, by stock's means: two that start at once may take each other's ports. What
    # fails unforeseen has to fail when it runs alone, too.
    for name in sorted(_failed(found) - CHANGED.get(part, {}).keys()):
        found |= _played(own, env, *flags, module, "-k", name)
    return found


def _played(own, env, *words):
    env = env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = commands.run(own, "pytest", "-q", "-p", "no:cacheprovider", *words, env=env)
    assert done.returncode in (0, 1), done.stdout  # all passed, or some failed
    cases = ElementTree.parse(f"{own}.xml").iter("testcase")
    return {case.get("name"): _outcome(case) for case in cases}


def _failed(found):
    return {name for name, (outcome, _) in found.items() if outcome not in ("passed", "skipped")}


def _outcome(case):
    for outcome in case:
        if outcome.tag in ("failure", "error", "skipped"):
            return outcome.tag, outcome.get("message")
    return "passed", ""


def test_every_command_reads_the_configuration(configured, tmp_path):
    words = ("autograde", "--Application.show_config_json=True")
    told = commands.run(tmp_path, "nbgrader", *words, env=configured, apart=True).stdout
    wanted = proctor.configure(Config())
    wanted.Execute.preload = []
    loaded = json.loads(told)
    assert {name: loaded.get(name) for name in wanted} == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.takes(4 * PARTS[part])) for part in PARTS]
)
def test_nbgrader_s_own_tests_pass_but_those_listed(configured, tmp_path, part):
    """Those listed fail, and as listed; without this grader in the way they would pass."""
    found, changed = _run(part, tmp_path, configured), CHANGED.get(part, {})
    by = {tag: {n for n, (t, _) in found.items() if t == tag} for tag in ("passed", "skipped")}
    failed = {name: found[name][1] for name in _failed(found)}
    unforeseen = [f"{name}: {failed.get(name)}" for name in failed.keys() ^ changed.keys()]
    assert not unforeseen, "\n".join(unforeseen)
    for name, message in failed.items():
        assert re.search(changed[name][0], message), (name, message)
    assert by["skipped"] == SKIPPED.get(part, set())
    assert len(by["passed"]) + len(failed) == PARTS[part]
