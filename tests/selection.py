"""Which parameters of a test every CI run tries, and which only the thorough one."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet  # pytest's own name for what `pytest.param` gives


def further(*values: object) -> ParameterSet:
    """Return a parameter of a test that is a further member of a class, and so thorough."""
    return pytest.param(*values, marks=pytest.mark.thorough)
