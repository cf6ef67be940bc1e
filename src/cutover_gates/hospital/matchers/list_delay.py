"""The expectation that a list shows a write: at once, or as late as the target declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.hospital.matchers.capability_checks import TargetCapabilities
from cutover_gates.hospital.matchers.expectations import assert_becomes

IMMEDIATE_LISTS = "immediate-lists"
"""The capability that a target may lack, or have after some seconds."""


@dataclass(frozen=True)
class ListDelay:
    """The seconds within which a list must show a write, 0 where nothing is declared."""

    seconds: float
    capabilities: TargetCapabilities

    def assert_becomes(self, expected: object, ask: Callable[[], object], subject: str) -> None:
        """Assert that the answer is `expected`, within the declared seconds.

        A declared delay is tried without: a list that shows the write at once is noted.
        """
        if self.capabilities.is_declared(IMMEDIATE_LISTS):
            self.capabilities.allow_lack(IMMEDIATE_LISTS, is_lacking=ask() != expected)
        assert_becomes(expected, ask, subject, self.seconds)
