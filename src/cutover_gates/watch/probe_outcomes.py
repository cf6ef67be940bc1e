"""Runs one probe, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import (
    ProtocolViolation,
    Reason,
    Rejected,
    Role,
    Unreachable,
    Unsupported,
)
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.held_streams import StreamBroken
from cutover_gates.watch.probe_context import NotSent, ProbeContext
from cutover_gates.watch.probe_paths import ACTS
from cutover_gates.watch.probe_results import EXTRA, PINNED, PathProbe, ProbeOutcome
from cutover_gates.watch.record_writer import SteadyClock
from cutover_gates.watch.session_keeper import NoSession

REASON_CHARACTERS = 300
LOWEST_ERROR = 400


@dataclass
class ProbeRunner:
    """Runs probes. An answer after `late_seconds` is late, but on one of the slow paths."""

    context: ProbeContext
    clock: SteadyClock
    redactor: Redactor
    late_seconds: Callable[[str], float]

    def run(self, path: str, planned: float) -> PathProbe:
        """Run a probe of `path`. Never raises: an unknown error is the watcher's own."""
        self.context.headers.clear()
        started, role = self.clock(), None
        try:
            role = self._act(path)
            outcome, why = ProbeOutcome.OK, ""
        except Exception as error:
            outcome, why = self._classify(error)
        took = self.clock() - started
        if outcome is ProbeOutcome.OK and took > self.late_seconds(path):
            outcome, why = ProbeOutcome.LATE, f"it took {took:.2f} s"
        return self._make_result(path, planned, started, took, outcome, why, role)

    def _act(self, path: str) -> Role:
        context = self.context.pin() if path.endswith(PINNED) else self.context
        return ACTS[path.removesuffix(EXTRA).removesuffix(PINNED)](context)

    def _make_result(
        self,
        path: str,
        planned: float,
        started: float,
        took: float,
        outcome: ProbeOutcome,
        why: str,
        role: Role | None,
    ) -> PathProbe:
        last = self.context.headers.last
        return PathProbe(
            path,
            planned,
            started,
            took,
            outcome,
            self.redactor.redact_text(why)[:REASON_CHARACTERS],
            last.status,
            last.release,
            last.instance,
            role.value if role else "",
            last.asked_again,
            tuple(last.crossings),
        )

    def _classify(self, error: Exception) -> tuple[ProbeOutcome, str]:
        reason = first_error_line(error)
        if isinstance(error, NoSession):
            return ProbeOutcome.NO_SESSION, reason
        if isinstance(error, NotSent | Unsupported):
            return ProbeOutcome.SKIPPED, reason
        if isinstance(error, StreamBroken):
            return ProbeOutcome.NO_ANSWER, reason
        if isinstance(error, Unreachable):
            late = isinstance(error.__cause__, httpx.TimeoutException)
            return (ProbeOutcome.TIMED_OUT if late else ProbeOutcome.NO_ANSWER), reason
        if isinstance(error, Rejected):
            self._drop_session(error)
            return ProbeOutcome.WRONG_STATUS, reason
        if isinstance(error, ProtocolViolation | AssertionError):
            wrong_status = self.context.headers.last.status >= LOWEST_ERROR
            return (
                ProbeOutcome.WRONG_STATUS if wrong_status else ProbeOutcome.WRONG_CONTENT
            ), reason
        return ProbeOutcome.WATCHER_ERROR, f"{type(error).__name__}: {reason}"

    def _drop_session(self, rejection: Rejected) -> None:
        """Have a new session opened where the target does not take the old one any more."""
        if rejection.reason is Reason.UNAUTHENTICATED:
            for role in self.context.keeper.roles:
                self.context.keeper.forget(role)
