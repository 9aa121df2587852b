"""Every part of the bench runs, at its smallest size. What it measures then means nothing, so nothing of it is asserted."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.core.step_params import STEP_PARAMS
from app.steps import REGISTRY
from bench.__main__ import MEASURES
from bench.stage import Scale, Stage, stage

TINY = Scale(tiny=True)


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    """The bench's stage. It tells this process of step types that the other tests must not see."""
    known = [(table, dict(table)) for table in (cast("dict[str, Any]", STEP_PARAMS), cast("dict[str, Any]", REGISTRY))]
    with stage() as made:
        yield made
    for table, before in known:
        table.clear()
        table.update(before)


@pytest.mark.parametrize("name", MEASURES)
def test_every_part_runs(name, here):
    assert MEASURES[name](here, TINY)
