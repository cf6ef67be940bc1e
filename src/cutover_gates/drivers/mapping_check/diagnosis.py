"""The diagnosis of a failed step: its cause, the line to change, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from cutover_gates.drivers.mapping_check.causes import Cause

_WITH_EXPECTED = frozenset(
    {
        Cause.WRONG_ANSWER,
        Cause.UNHEALTHY,
        Cause.WRONG_RELEASE,
        Cause.NO_OPERATIONS,
        Cause.CHANGED_PATIENT,
        Cause.CHANGED_VISIT,
        Cause.CHANGED_DOCUMENT,
        Cause.CHANGED_SIZE,
        Cause.CHANGED_CONTENT,
        Cause.WRONG_STATE,
        Cause.WRONG_ID,
        Cause.MISSING_ENTRY,
        Cause.IGNORED_FILTER,
        Cause.PAGES_DO_NOT_TURN,
        Cause.CUT_UPLOAD_LISTED,
    }
)
"""Causes whose sentence needs the expectation; all others say it by their advice."""


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of a failed step. `location` is the file, line and key to change.

    `final`: no further request to the target makes sense.
    """

    cause: Cause
    location: str
    expected: str
    actual: str
    advice: str = ""
    final: bool = False

    @property
    def sentence(self) -> str:
        """The diagnosis on one line."""
        found = self.actual
        if self.expected and self.cause in _WITH_EXPECTED:
            found = f"expected {self.expected}, found {self.actual}"
        return f"{self.location}: {'. '.join(filter(None, (found, self.advice)))}"
