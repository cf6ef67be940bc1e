"""Faults at the moment when the baseline is recorded: what is bad already must not become the
measure of what comes.
"""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

from cutover_gates.probes.load import rules
from tests.faults.load.application_under_load import EveryNth
from tests.faults.load.load_fault import LoadFault, RequestFault
from tests.faults.load.resource_usage import EveryRequestLeavesSomethingBehind


class _NoBaseline(LoadFault):
    """Nothing is recorded."""

    item, gate, outcome = "baseline-recorded", "t1", "not proven"
    breaks = (rules.BASELINE_FROM_GOOD_RUN,)


class ARunWithErrorsIsNoBaseline(_NoBaseline, RequestFault):
    """Whoever answers one request in twenty with an error at once is quick.

    Nobody is to be as quick as that.
    """

    def __init__(self) -> None:
        self._unlucky = EveryNth(20)

    def refuses(self, line: str, since: float) -> int | None:
        return 503 if self._unlucky() else None


class ASlowRunIsNoBaseline(_NoBaseline, RequestFault):
    """Where everything takes a second, twice as long is two: and nobody would be warned."""

    def pause(self, line: str, since: float) -> float:
        return 1.0


class ALeakIsNoBaseline(_NoBaseline, EveryRequestLeavesSomethingBehind):
    """It is quick as long as there is memory. It was measured while there was."""

    item, gate, outcome = "baseline-recorded", "t1", "not proven"
    breaks, shows = (rules.BASELINE_FROM_GOOD_RUN,), "memory growth"
