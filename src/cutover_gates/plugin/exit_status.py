"""The exit statuses of a gate: one number, one meaning (`docs/exit-statuses.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import pytest

from cutover_gates.core.verdict import Verdict


class ExitStatus(IntEnum):
    """How a gate ended."""

    GO = 0
    """GO, or GO WITH WAIVERS."""
    NO_GO = 1
    INTERRUPTED = 2
    """Somebody stopped the run (Ctrl-C). The verdict is NO-GO."""
    INTERNAL_ERROR = 3
    """pytest or a plugin broke. The verdict is NO-GO."""
    NOT_JUDGED = 4
    """The settings or the call are wrong, or nothing was asked for."""


def decide_status(
    verdicts: Sequence[Verdict], pytest_status: int, *, interrupted: bool, refused: bool
) -> ExitStatus:
    """Return the exit status of a gate: never `GO` where a verdict is missing or no GO.

    `interrupted`: a person stopped the run. pytest's own status 2 does not say that: it also stands
    for a file that could not be collected. `refused`: nothing was asked of the target, because the
    settings or the call are wrong.
    """
    if verdicts and all(verdict.is_go for verdict in verdicts):
        return ExitStatus.GO
    if interrupted:
        return ExitStatus.INTERRUPTED
    if pytest_status == pytest.ExitCode.INTERNAL_ERROR:
        return ExitStatus.INTERNAL_ERROR
    if refused or not verdicts or pytest_status == pytest.ExitCode.USAGE_ERROR:
        return ExitStatus.NOT_JUDGED
    return ExitStatus.NO_GO
