"""The toy project, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.holes.toy_project import Toy, target


@pytest.fixture(scope="session")
def toy_target() -> Iterator[str]:
    """A toy target that answers."""
    with target() as url:
        yield url


@pytest.fixture
def toy(tmp_path: Path, toy_target: str) -> Toy:
    """A toy project whose gate is a GO until a test opens a hole in it."""
    return Toy(tmp_path, toy_target)
