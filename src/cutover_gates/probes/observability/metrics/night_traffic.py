"""Errors of real traffic over a whole night, by the raw samples of Prometheus.

What people asked is not what a probe asks: one kind of request may fail for them alone. The counts
stand for themselves and are added to no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.core.triggers.counter_increments import is_clock_off
from cutover_gates.core.triggers.instance_reader import find_spacing
from cutover_gates.core.triggers.release_series import find_doubled
from cutover_gates.probes.observability.metric_pages import MetricPages, PageQuery
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.night_counts import NightCounts, count_night
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi

TITLE = "errors of real traffic over the whole night"
BEFORE_SECONDS = 120.0
"""Seconds before the window in which the scrape is looked for that it counts from."""


@dataclass(frozen=True)
class NightTraffic:
    """The question. `window` returns begin and end in seconds since 1970; it may raise."""

    settings: Monitoring
    prometheus: PrometheusApi | None
    error_rate: float
    window: Callable[[], tuple[float, float]]
    context: ObservabilityContext

    def assess(self) -> Assessment:
        """Return whether it is certain that few enough requests of people failed.

        Where no counter of requests is declared that is told, and nothing is asked.
        """
        if self.prometheus is None or not self.settings.metrics.requests:
            return self._tell_absent()
        return self.context.assess(TITLE, rules.PROMETHEUS_ANSWERS, self._check)

    def _tell_absent(self) -> Assessment:
        builder = AssessmentBuilder()
        keys = ("prometheus",) if self.prometheus is None else ("metrics.requests",)
        named = ", ".join(self.context.key("monitoring", key) for key in keys)
        builder.checked.append(f"absent: {named} is not set, so no real traffic is judged")
        assessment = builder.build(TITLE)
        self.context.record(assessment)
        return assessment

    def _check(self, builder: AssessmentBuilder) -> None:
        assert self.prometheus is not None
        begins, ends = self.window()
        seconds = ends - begins + BEFORE_SECONDS
        pages = PageQuery(self._series, self.settings.labels).fetch(self.prometheus, seconds, ends)
        counts = count_night(pages, begins, ends)
        for subject, reason in {**self._find_problems(pages), **counts.unseen}.items():
            builder.add_gap(rules.NIGHT_COUNTED, subject, reason)
        self._conclude(builder, counts)
        builder.figures = {
            "source": "prometheus",
            "failed": counts.failed,
            "requests": counts.total,
            "by release": {name: list(pair) for name, pair in counts.by_release.items()},
            "instances": sorted(pages.instances),
        }

    @property
    def _series(self) -> TriggerSeries:
        """The series of the triggers, with the declared counter of requests."""
        requests = self.settings.metrics.requests or ""
        return self.settings.triggers.model_copy(update={"requests": requests})

    def _find_problems(self, pages: MetricPages) -> Mapping[str, str]:
        """Return why the samples as a whole cannot be counted, by what it is about."""
        assert self.prometheus is not None
        found = {}
        if doubled := find_doubled({name: one.jobs for name, one in pages.instances.items()}):
            found["monitoring.labels"] = doubled
        spacing = find_spacing(pages.moments)
        ahead = self.prometheus.fetch_time() - self.window()[1]
        # The window ends before this moment, so only a clock that is behind it shows here.
        if spacing is not None and ahead < 0 and is_clock_off(ahead, 0.0, spacing):
            found["monitoring.prometheus"] = f"its clock is {-ahead:.0f} s behind"
        return found

    def _conclude(self, builder: AssessmentBuilder, counts: NightCounts) -> None:
        limit = ShareLimit(self.error_rate)
        told = f"{counts.failed:,} of {counts.total:,} requests"
        subject = self.settings.metrics.requests or ""
        conclusion = limit.decide(counts.failed, counts.total)
        if conclusion is Conclusion.BROKEN:
            expected = f"at most {self.error_rate:.2%}"
            builder.add_finding(rules.NIGHT_ERRORS, subject, expected=expected, actual=told)
        elif conclusion is Conclusion.OPEN:
            needed = limit.count_clean_requests()
            reason = f"{told} do not prove at most {self.error_rate:.2%}; {needed:,} good ones do"
            builder.add_gap(rules.NIGHT_ERRORS, subject, reason)
        else:
            builder.checked.append(f"{subject}: {told}")
