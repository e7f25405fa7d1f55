"""Nothing that is promised is left to the slow tier alone."""

import os
import re
import subprocess
import sys

import pytest

from tests import notebooks
from tests.attacks import families  # noqa: F401  (fills ATTACKS)
from tests.attacks.attack import ATTACKS
from tests.attacks.test_attacks import FEW
from tests.tiers import COLLECTED

SECURITY = (notebooks.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = {
    row.split("|")[1].strip(" *").split("**")[0].rstrip(".:"): row.rsplit("|", 2)[1]
    for row in re.findall(r"^\| \*\*.*\|$", SECURITY.split("## The attacks")[0], flags=re.M)
}


@pytest.fixture(scope="module")
def quick(request):
    """The test files that `make test` runs something of: {name: how many tests}."""
    named = {name for how in PROMISES.values() for name in re.findall(r"test_\w+\.py", how)}
    found = request.config.stash[COLLECTED]
    return found if named <= found.keys() else collected(named)


def collected(named):
    """The same of files that are not in this run."""
    words = ["--collect-only", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    paths = [path for name in named for path in (notebooks.ROOT / "tests").rglob(name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *map(str, paths)],
        cwd=notebooks.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = [line.split("::")[0].rsplit("/", 1)[-1] for line in done.stdout.splitlines()]
    return {name: found.count(name) for name in named}


def test_what_shares_a_costly_fixture_stays_on_one_worker(tmp_path):
    """Else each worker makes every fixture of a module anew, which takes twice the time."""
    lines = ["import os, pytest", "@pytest.mark.xdist_group('one')"]
    lines += ["@pytest.mark.parametrize('n', range(8))", "def test_a(n): assert 0, os.getpid()"]
    (tmp_path / "test_group.py").write_text("\n".join(lines))
    words = ["-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "test_group.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    workers = re.findall(r"AssertionError: (\d+)", done.stdout)
    assert len(workers) >= 8
    assert len(set(workers)) == 1


def test_the_table_of_promises_is_read():
    assert len(PROMISES) >= 12
    assert all("test_" in how or "attacks" in how for how in PROMISES.values()), PROMISES


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_a_quick_test(promise, quick):
    tried = FEW | {ATTACKS[name].family for name in FEW}
    how = PROMISES[promise]
    files = set(re.findall(r"test_\w+\.py", how))
    assert all(quick[name] for name in files), files
    named = {name.rstrip("…") for name in re.findall(r"\*([^*]+)\*", how)}
    assert files or named
    for name in named:
        assert any(one.startswith(name) for one in tried), name
