"""The watcher's own sources of the triggers, and all that hears of each of its probes."""

from __future__ import annotations

from dataclasses import dataclass

from cutover_gates.watch.extra_probes import StepFill
from cutover_gates.watch.kubernetes_readings import KubernetesReadings
from cutover_gates.watch.log_readings import LogReadings
from cutover_gates.watch.login_readings import LoginReadings
from cutover_gates.watch.probe_results import PathProbe, WatchStatus
from cutover_gates.watch.reading_sources import ReadingSource
from cutover_gates.watch.response_readings import ResponseReadings
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import TriggerFeed


@dataclass(frozen=True)
class DeclaredSources:
    """The watcher's own sources. What is not declared is None: it is absent, and not blind."""

    response: ResponseReadings | None = None
    login: LoginReadings | None = None
    logs: LogReadings | None = None
    kubernetes: KubernetesReadings | None = None

    def add_result(self, result: PathProbe) -> None:
        """Take in the result of a probe."""
        if self.response:
            self.response.add_result(result)

    def add_own_gap(self, span: Span) -> None:
        """Take in a gap of the watcher's own."""
        for one in (self.response, self.login):
            if one:
                one.add_own_gap(span)

    def record_baseline(self, now: float) -> None:
        """Record the baseline of the response times. Raises `SettingsError` where it is none."""
        if self.response:
            self.response.record_baseline(now)

    def list_all(self) -> tuple[ReadingSource, ...]:
        """Return those that are declared."""
        # Kubernetes first: it knows whose lines of the log do not count.
        found = (self.kubernetes, self.response, self.login, self.logs)
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class ProbeHearers:
    """All that hears of each probe: the counts, the feed of the triggers, the further sources.

    `fill` sends further probes. The triggers do not hear of them: their limits and baselines are
    those of the usual ones.
    """

    status: WatchStatus
    feed: TriggerFeed
    sources: DeclaredSources
    fill: StepFill

    def add_result(self, result: PathProbe) -> None:
        """Hand on the result of a probe."""
        self.status.add(result)
        self.fill.add_result(result)
        if not result.is_extra:
            self.feed.add_result(result)
            self.sources.add_result(result)

    def add_own_gap(self, span: Span) -> None:
        """Hand on a gap of the watcher's own."""
        self.fill.add_own_gap(span)
        self.feed.add_own_gap(span)
        self.sources.add_own_gap(span)
