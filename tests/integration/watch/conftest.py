"""One hospital behind a proxy for the whole folder, and an empty project for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.reference.started_hospital import launch, read_announcement
from tests.integration.watch.watched_hospital import WatchedHospital


@pytest.fixture(scope="session")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    process = launch("--tied", "--surroundings", "front")
    yield read_announcement(process)
    process.communicate(timeout=10)


@pytest.fixture
def watched(announced: dict[str, Any], tmp_path: Path) -> WatchedHospital:
    """Provide the hospital with a project that watches it by the defaults."""
    hospital = WatchedHospital(announced, tmp_path)
    hospital.write_settings()
    return hospital
