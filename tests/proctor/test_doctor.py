"""Every way out of a jail that `proctor doctor` knows, and what it says about the machine."""

import json
import sys
from pathlib import Path

import pytest

from proctor.sandbox import LAYERS, doctor, landlock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

MODES = {
    "every layer": LAYERS,
    "no namespaces": tuple(layer for layer in LAYERS if layer != "namespaces"),
}


@pytest.fixture(scope="module")
def diagnosed():
    """A function that tries everything in one mode, once."""
    known = {}

    def diagnose(mode):
        if mode not in known:
            alone = ("limits",) if mode == "every layer" else ()
            known[mode] = doctor.diagnose(MODES[mode], alone)
        return known[mode]

    return diagnose


@pytest.mark.parametrize("name", doctor.TRIES)
@pytest.mark.parametrize("mode", MODES)
def test_no_way_out(diagnosed, mode, name):
    diagnosis = diagnosed(mode)
    if diagnosis.refused:
        pytest.skip(diagnosis.refused)
    if diagnosis.layers["namespaces"] != "held" and landlock.abi() < 6:
        pytest.skip("without namespaces, Landlock's version 6 is needed")
    assert diagnosis.results[name]["all"] == "held", diagnosis.seen[name]


# What a process may do anyway if nothing but its limits is set: these show that the tries are real.
UNCONFINED = [
    "read_canary",
    "read_gradebook",
    "read_hidden",
    "write_outside",
    "delete_outside",
    "chmod_outside",
    "utime_outside",
    "connect_tcp",
    "send_udp",
    "be_called",
    "connect_abstract",
    "connect_path",
    "send_datagram",
    "signal_other",
    "see_processes",
]


@pytest.mark.parametrize("name", UNCONFINED)
def test_the_way_is_open_without_isolation(diagnosed, name):
    diagnosis = diagnosed("every layer")
    if diagnosis.refused:
        pytest.skip(diagnosis.refused)
    assert diagnosis.results[name]["limits"] == "FAILED"


def test_sufficient_needs_every_promise():
    diagnosis = doctor.Diagnosis(results={name: {"all": "held"} for name in doctor.TRIES})
    assert diagnosis.sufficient
    diagnosis.results["connect_tcp"]["all"] = "FAILED"
    assert not diagnosis.sufficient
    assert diagnosis.failed() == ["connect_tcp"]
    assert not doctor.Diagnosis().sufficient, "nothing was tried"
    assert not doctor.Diagnosis(refused="nothing holds").sufficient


def test_a_resource_is_told_but_not_needed():
    diagnosis = doctor.Diagnosis(results={name: {"all": "held"} for name in doctor.TRIES})
    diagnosis.results["fill_disk"]["all"] = "FAILED"
    assert diagnosis.sufficient
    assert diagnosis.failed() == ["fill_disk"]


@pytest.mark.parametrize("broken", [False, True])
def test_main_says_it_and_exits(diagnosed, monkeypatch, capsys, broken):
    diagnosis = diagnosed("every layer")
    if diagnosis.refused:
        pytest.skip(diagnosis.refused)
    results = {name: dict(found) for name, found in diagnosis.results.items()}
    if broken:
        results["read_canary"]["all"] = "FAILED"
    told = doctor.Diagnosis(diagnosis.layers, results, diagnosis.seen)
    monkeypatch.setattr(doctor, "diagnose", lambda *_: told)
    assert doctor.main([]) == (1 if broken or not diagnosis.sufficient else 0)
    text = capsys.readouterr().out
    assert "read a file of the course" in text
    assert ("is NOT sufficient" in text) == (not told.sufficient)
    assert doctor.main(["--json"]) == (0 if told.sufficient else 1)
    data = json.loads(capsys.readouterr().out)
    assert data["sufficient"] == told.sufficient
    assert data["results"]["read_canary"]["all"] == ("FAILED" if broken else "held")


def test_main_where_nothing_holds(capsys):
    without = ["--without", "namespaces", "--without", "landlock", "--quick"]
    assert doctor.main(without) == 1
    assert "FAILED" in capsys.readouterr().out


def test_advice_for_every_layer():
    for layer in LAYERS:
        assert doctor.advice(layer, "this kernel has none")


def test_it_leaves_nothing_behind(diagnosed, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    with doctor.Outside() as outside:
        assert outside.victim.poll() is None
    assert outside.victim.returncode is not None
    assert list(tmp_path.iterdir()) == []


def test_a_victim_runs_before_anything_looks_for_it(tmp_path, monkeypatch):
    slow = tmp_path / "slow-python"
    slow.write_text(f'#!/bin/sh\nsleep 0.5\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setattr(doctor.sys, "executable", str(slow))
    with doctor.Outside() as outside:
        assert outside.facts["secret"] in _words(outside.victim)
        outside.victim.kill()
        outside.let_victim_end()
        assert outside.changed(got_through=False), "a process that ended is a change"
        assert outside.facts["secret"] in _words(outside.victim)


def _words(process):
    """The command line of a process, once it is no shell any more."""
    words = Path("/proc", str(process.pid), "cmdline").read_bytes().decode().split("\0")
    assert words[0] != "/bin/sh", "it is not there yet"
    return words
