"""Folders for templates: nobody removes one that is kept, and one that nobody keeps goes."""

import os
import shutil
import tempfile
import threading

import pytest

from proctor.run import tempdir


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_one_that_was_left_behind_goes_whatever_its_age():
    path, lock = tempdir.make()
    os.utime(path, (0, 0))
    os.utime(os.path.join(path, ".kept"), (0, 0))
    other, other_lock = tempdir.make()
    assert os.path.isdir(path), "it is kept"
    os.close(lock)
    os.mkdir(os.path.join(os.path.dirname(path), "proctor-begun"))  # whose maker was killed
    third, third_lock = tempdir.make()
    left = {os.path.join(tempfile.gettempdir(), name) for name in os.listdir(tempfile.gettempdir())}
    assert left == {other, third}
    os.close(other_lock)
    os.close(third_lock)


def test_a_lock_that_was_handed_on_keeps_it():
    path, lock = tempdir.make()
    heard, tell = os.pipe()
    if (child := os.fork()) == 0:
        os.close(tell)
        os.read(heard, 1)
        os._exit(0)
    os.close(lock)
    os.close(heard)
    other, other_lock = tempdir.make()
    assert os.path.isdir(path)
    os.close(tell)
    os.waitpid(child, 0)
    os.close(other_lock)
    _, last = tempdir.make()
    assert not os.path.exists(path)
    assert not os.path.exists(other)
    os.close(last)


def test_many_that_make_and_remove_at_once_harm_nobody():
    lost, done = [], []

    def make():
        for number in range(150):
            path, lock = tempdir.make()
            if not os.path.exists(os.path.join(path, ".kept")):
                lost.append(path)
            if number % 2:
                shutil.rmtree(path, ignore_errors=True)  # others look at it meanwhile
            os.close(lock)
            done.append(path)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not lost
    assert len(done) == 6 * 150
