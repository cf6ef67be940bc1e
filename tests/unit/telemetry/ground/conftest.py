"""The stand-ins, empty, for one test module each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ground.ground import Ground, World, world


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("ground")) as whole:
        yield whole


@pytest.fixture
def ground(whole: World, tmp_path: Path) -> Ground:
    """Nothing is wrong with it."""
    return whole.ground(tmp_path)
