"""The toy project of the holes, fresh for each attack."""

from __future__ import annotations

from tests.gate.holes.conftest import toy, toy_target

__all__ = ["toy", "toy_target"]
