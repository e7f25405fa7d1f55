"""A short siege; ``python -m tests.hostile --seconds 600`` is a long one."""

import pytest

from .siege import besiege


@pytest.mark.slow
@pytest.mark.takes(60)
def test_a_hostile_class_ends_nothing_and_nobody_s_work_is_missing(tmp_path):
    found = besiege(tmp_path, 20)
    assert not found.wrong, "\n".join(found.wrong)
    assert found.counts["honest"] >= 3
