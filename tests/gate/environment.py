"""The environment of pytest processes that tests start."""

from __future__ import annotations

import os

DECIDING = ("CUTOVER_", "PYTEST_", "GITHUB_")
"""Beginnings of the variables that decide what a gate asks, and where its reports go."""


def environment_without_settings() -> dict[str, str]:
    """Return this process's environment without what would change a gate."""
    return {name: value for name, value in os.environ.items() if not name.startswith(DECIDING)}
