"""Fixtures of the dialects' tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where gates keep what they compiled: the second need not do it again."""
    return tmp_path_factory.getbasetemp() / "compiled"
