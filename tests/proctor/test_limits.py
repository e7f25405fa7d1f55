"""Limits of a student's processes: said once, each can be set, and each holds."""

from types import SimpleNamespace

import pytest
from traitlets import TraitError
from traitlets.config import Config

import proctor
from proctor import errors
from proctor.plugins.execute import Execute
from proctor.plugins.provisioner import Provisioner
from proctor.run.job import Assignment, Job
from proctor.run.settings import LIMITS, Settings
from proctor.run.template import Template
from proctor.sandbox import Policy

# {limit: (what is set, what a student's code does that goes beyond it, what it hears)}
BEYOND = {
    "memory": (
        256 << 20,
        "held = [bytearray(32 << 20) for _ in range(12)]",
        ("MemoryError", "more memory than there is"),
    ),
    "cpu": (2, "while True: pass", ("used up its processor time",)),
    "processes": (
        8,
        "import threading, time\n"
        "for _ in range(40): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()",
        ("can't start new thread", "RuntimeError", "the kernel ended"),
    ),
    "file_size": (1 << 20, "open('big', 'wb').write(bytes(8 << 20))", ("File too large",)),
    "open_files": (64, "held = [open('/dev/null') for _ in range(100)]", ("Too many open files",)),
}


def course(root="/course"):
    return SimpleNamespace(root=root)


def settings(**traits):
    return Execute(config=Config({"Execute": traits})).settings(course())


@pytest.fixture(scope="module")
def template():
    made = Template(Assignment(files={}, preload=()))
    yield made
    made.close()


def said(template, source, policy):
    """The text of the errors of a student's cell, and what became of a cell after it."""
    cells = [{"role": "student", "source": source, "points": 0.0}]
    results = template.play(Job(cells, seconds=20, total=60), policy).results
    outputs = [output for result in results for output in result["outputs"]]
    return "\n".join(str(o) for o in outputs if o["output_type"] == "error")


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_is_set_holds(limit, template):
    most, source, words = BEYOND[limit]
    heard = said(template, source, settings(**{limit: most}).policy())
    assert any(word in heard for word in words), heard


@pytest.mark.parametrize("limit", sorted(set(LIMITS) - {"cpu"}))  # which takes minutes to use up
def test_the_default_lets_the_same_through(limit, template):
    assert said(template, BEYOND[limit][1], settings().policy()) == ""


def test_what_is_set_travels_whole():
    chosen = {"memory": 3 << 30, "cpu": 40, "processes": 9}
    chosen |= {"file_size": 8 << 20, "open_files": 99}
    assert chosen.keys() == set(LIMITS)
    found = settings(timeout=7, total_timeout=70, **chosen)
    assert (found.seconds, found.total) == (7, 70)
    policy = found.policy()
    assert {name: getattr(policy, name) for name in LIMITS} == chosen


def test_defaults_are_said_once():
    for name in LIMITS:
        said_by = {getattr(Policy, name), getattr(Settings(), name), getattr(settings(), name)}
        said_by |= {Execute.class_traits()[name].default_value}
        assert said_by == {Provisioner.class_traits()[name].default_value}, name


def test_one_line_sets_a_limit_for_grading_and_for_the_kernel_of_jupyter():
    config = Config({"ProcessLimits": {"processes": 12}})
    assert Execute(config=config).limits()["processes"] == 12
    assert Provisioner(config=config).limits()["processes"] == 12
    config.Execute.processes = 5
    assert Execute(config=config).limits()["processes"] == 5


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(TraitError, match=limit):
        settings(**{limit: 0})


def test_the_exceptions_of_the_grader_are_in_one_module():
    from proctor import batch, rpc, sandbox

    public = {name for name, value in vars(errors).items() if isinstance(value, type)}
    places = {name: place for place in (batch, rpc, sandbox) for name in vars(place)}
    for name in public:
        assert getattr(places[name], name) is getattr(errors, name)
    assert proctor.errors is errors
