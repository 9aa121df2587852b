"""Every part of the bench runs, at its smallest size. What it measures then means nothing, so nothing of it is asserted."""

from collections.abc import Iterator

import pytest

from bench.__main__ import MEASURES
from bench.stage import Scale, Stage, stage

TINY = Scale(tiny=True)


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    with stage() as made:
        yield made


@pytest.mark.parametrize("name", MEASURES)
def test_every_part_runs(name, here):
    assert MEASURES[name](here, TINY)
