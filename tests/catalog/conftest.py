"""The small catalog as a fixture."""

from pathlib import Path

import pytest

from tests.catalog.folders import sound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound catalog of two items and one bundle."""
    return sound(tmp_path / "catalog")
