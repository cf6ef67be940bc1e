"""Errors and response times of real traffic over a night, by the raw samples of Prometheus.

What people asked is not what a probe asks: one kind of request may fail for them alone. The counts
stand for themselves and are added to no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
TIMES_TITLE = "response times of real traffic over the whole night"
SLOW_SHARE = 0.05
"""The share of the requests that may take longer than a p95."""
BEFORE_SECONDS = 120.0
"""Seconds before the window in which the scrape is looked for that it counts from."""


@dataclass(frozen=True)
class NightTraffic:
    """The questions. `window` returns begin and end in seconds since 1970; it may raise.

    `objectives` has the p95 in seconds of each operation whose labels are declared; None: it has no
    objective.
    """

    settings: Monitoring
    prometheus: PrometheusApi | None
    error_rate: float
    window: Callable[[], tuple[float, float]]
    context: ObservabilityContext
    objectives: Mapping[str, float | None] = field(default_factory=dict)

    def assess(self) -> Assessment:
        """Return whether it is certain that few enough requests of people failed.

        Where no counter of requests is declared that is told, and nothing is asked.
        """
        if self.prometheus is None or not self.settings.metrics.requests:
            return self._tell_absent(TITLE, "metrics.requests")
        return self.context.assess(TITLE, rules.PROMETHEUS_ANSWERS, self._check)

    def assess_response_times(self) -> Assessment:
        """Return whether it is certain that people's requests were within the objectives.

        Each operation of `monitoring.triggers.operations` is held against its p95. Where none is
        declared, or none has an objective, that is told, and nothing is asked.
        """
        if self.prometheus is None or not any(self.objectives.values()):
            return self._tell_absent(TIMES_TITLE, "triggers.operations")
        return self.context.assess(TIMES_TITLE, rules.PROMETHEUS_ANSWERS, self._check_times)

    def _tell_absent(self, title: str, declared: str) -> Assessment:
        builder = AssessmentBuilder()
        key = self.context.key("monitoring", "prometheus" if self.prometheus is None else declared)
        builder.checked.append(f"absent: {key} is not set, so no real traffic is judged")
        assessment = builder.build(title)
        self.context.record(assessment)
        return assessment

    def _check(self, builder: AssessmentBuilder) -> None:
        counts = self._count(builder, self._series)
        self._conclude(builder, counts)
        builder.figures |= {
            "failed": counts.failed,
            "requests": counts.total,
            "by release": {name: list(pair) for name, pair in counts.by_release.items()},
        }

    def _check_times(self, builder: AssessmentBuilder) -> None:
        judged = {name: seconds for name, seconds in self.objectives.items() if seconds}
        counts = self._count(builder, self.settings.triggers, tuple(judged))
        few: dict[str, str] = {}
        for operation, seconds in judged.items():
            self._conclude_times(builder, counts, (operation, seconds), few)
        if len(few) == len(judged):
            told = "; ".join(f"{name}: {found}" for name, found in few.items())
            needed = ShareLimit(SLOW_SHARE).count_clean_requests()
            builder.add_gap(rules.NIGHT_FAST, "", f"{told}; {needed} fast ones of one are needed")
        builder.figures |= {
            "share": SLOW_SHARE,
            "not judged": dict.fromkeys(self.objectives.keys() - judged, "no objective") | few,
        }

    def _count(
        self, builder: AssessmentBuilder, series: TriggerSeries, operations: tuple[str, ...] = ()
    ) -> NightCounts:
        """Return what was counted in the night, and add what was not seen of it."""
        assert self.prometheus is not None
        begins, ends = self.window()
        query = PageQuery(series, self.settings.labels, operations)
        pages = query.fetch(self.prometheus, ends - begins + BEFORE_SECONDS, ends)
        counts = count_night(pages, begins, ends)
        for subject, reason in {**self._find_problems(pages), **counts.unseen}.items():
            builder.add_gap(rules.NIGHT_COUNTED, subject, reason)
        builder.figures = {"source": "prometheus", "instances": sorted(pages.instances)}
        return counts

    def _conclude_times(
        self,
        builder: AssessmentBuilder,
        counts: NightCounts,
        objective: tuple[str, float],
        few: dict[str, str],
    ) -> None:
        """Add what the buckets prove of an operation; `few` gets what the load run judges."""
        operation, seconds = objective
        subject, edges = f"{operation}, p95 within {seconds:g} s", counts.list_edges(operation)
        # What is slower than an edge above the objective is slower than the objective, and what is
        # not slower than an edge below it is not.
        above = min((edge for edge in edges if edge >= seconds), default=None)
        below = max((edge for edge in edges if edge <= seconds), default=None)
        if above is not None and _is_broken(slow := counts.count_slow(operation, above)):
            expected = f"at most {SLOW_SHARE:.0%} longer than {seconds:g} s"
            found = _describe_slow(slow, above)
            builder.add_finding(rules.NIGHT_FAST, subject, expected=expected, actual=found)
        elif below is None:
            shown = ", ".join(f"{edge:g}" for edge in edges) or "no bucket was found"
            reason = f"no bucket ends at or below {seconds:g} s ({shown})"
            builder.add_gap(rules.NIGHT_FAST, subject, reason)
        else:
            slow = counts.count_slow(operation, below)
            found = _describe_slow(slow, below)
            if ShareLimit(SLOW_SHARE).decide(*slow) is Conclusion.HOLDS:
                builder.checked.append(f"{subject}: {found}")
            elif slow[0] == 0:
                few[operation] = found
            else:
                builder.add_gap(rules.NIGHT_FAST, subject, f"{found}: that proves nothing")

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


def _is_broken(slow: tuple[int, int]) -> bool:
    """Return whether it is certain that too many were slow; `slow` are these, and all."""
    return ShareLimit(SLOW_SHARE).decide(*slow) is Conclusion.BROKEN


def _describe_slow(slow: tuple[int, int], edge: float) -> str:
    return f"{slow[0]:,} of {slow[1]:,} requests took longer than {edge:g} s"
