"""The two tiers: `make test` leaves out what is marked ``slow``, `make test-all` nothing.

A promise has a quick test; more cases of it, and what takes a service or minutes, are slow. Of a
test that is marked ``few(n)`` the first n cases are quick, or with ``spread`` n of all kinds.
"""

import pytest
from hypothesis import settings

FEW = 100  # examples of Hypothesis's in the quick tier

COLLECTED = pytest.StashKey()
"""Of a run's configuration: {a file of tests that was collected: how many of them are quick}."""

settings.register_profile("quick", max_examples=FEW)


def examples(number, few=FEW):
    """So many examples for Hypothesis; in the quick tier, whose profile that is, a few."""
    quick = settings.get_current_profile_name() == "quick"
    return min(number, few) if quick else number


def chosen(request, parameter):
    """The values of a parameter for which a test of this module is going to run.

    So that a fixture makes what is asked for, and no more.
    """
    found = [p.get(parameter) for p in _parameters(request)]
    return list(dict.fromkeys(value for value in found if value is not None))


def others(request, parameter):
    """Whether a test of this module without that parameter is going to run."""
    return any(parameter not in p for p in _parameters(request))


def _parameters(request):
    items = [item for item in request.session.items if item.path == request.path]
    return [item.callspec.params if hasattr(item, "callspec") else {} for item in items]
