"""One hospital behind a proxy for the whole folder, and an empty project for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.watched_hospital import WatchedHospital, start_watched_hospital


@pytest.fixture(scope="session")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


@pytest.fixture
def watched(announced: dict[str, Any], tmp_path: Path) -> WatchedHospital:
    """Provide the hospital with a project that watches it by the defaults."""
    hospital = WatchedHospital(announced, tmp_path)
    hospital.write_settings()
    return hospital
