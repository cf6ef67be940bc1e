"""Every test of this folder runs whole gates of the embedded hospital: a minute each, or more."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them as thorough, and give them the time that their gates take."""
    for item in items:
        if "gate/rollout" in item.path.as_posix():
            item.add_marker(pytest.mark.thorough)
            item.add_marker(pytest.mark.timeout(900))
