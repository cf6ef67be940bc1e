"""Fixtures of the tests of the release before."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for compiled files, which all gates of the session share."""
    return tmp_path_factory.getbasetemp() / "compiled"
