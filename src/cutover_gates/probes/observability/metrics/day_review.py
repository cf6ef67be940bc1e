"""The question about the metrics of the day after the cutover, held against the day before it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.config.review import MetricComparison
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels

TABLE = "monitoring"
HOURS, HOUR = 24, 3600.0
QUARTERS = 4 * HOURS
"""Of an hour: a restart is shorter, and an instance that vanished is away for longer."""
LONGEST_AGE = 14 * HOURS * HOUR
PLACEHOLDER = "$release"


@dataclass(frozen=True)
class MetricReview:
    """The question about a target's first day on `release`."""

    settings: Monitoring
    prometheus: PrometheusApi | None
    release: str
    previous_release: str | None
    context: ObservabilityContext

    def assess(self) -> Assessment:
        """Every instance was up all day, and no declared figure is worse than the day before."""
        return self.context.assess("metrics: the day after", rules.PROMETHEUS_ANSWERS, self._check)

    def _check(self, builder: AssessmentBuilder) -> None:
        declared, prometheus = self.settings, self.prometheus
        deployed = declared.review.deployed
        given = {
            "prometheus": prometheus is not None,
            "targets": bool(declared.targets),
            "review.deployed": deployed is not None,
            "review.compared": bool(declared.review.compared),
        }
        missing = [key for key, is_given in given.items() if not is_given]
        self.context.add_undeclared(builder, rules.METRICS_DECLARED, TABLE, missing)
        if prometheus is None or deployed is None or missing:
            return
        begin = deployed.timestamp()
        age = prometheus.fetch_time() - begin
        if not HOURS * HOUR <= age <= LONGEST_AGE:
            key = self.context.key(f"{TABLE}.review", "deployed")
            when = f"{age / HOUR:.1f} h ago" if age > 0 else "still to come"
            builder.add_gap(rules.REVIEWED_DAY, key, when)
            return
        self._check_coverage(builder, prometheus, begin)
        for name, comparison in declared.review.compared.items():
            self._compare(builder, prometheus, name, comparison)

    def _check_coverage(
        self, builder: AssessmentBuilder, prometheus: PrometheusApi, begin: float
    ) -> None:
        """Hold that each instance was up all the time, and that the day before was watched."""
        up = f"max_over_time({add_labels('up', self.settings.labels)}[15m]) == 1"
        by_instance = f"count_over_time((max by (instance) ({up}))[{HOURS}h:15m])"
        samples = prometheus.query(by_instance, begin + HOURS * HOUR)
        quarters = {sample.labels.get("instance", ""): int(sample.value) for sample in samples}
        builder.figures["quarters of an hour up"] = quarters
        for instance in self.settings.targets:
            if quarters.get(instance, 0) < QUARTERS:
                builder.add_finding(
                    rules.INSTANCE_STAYED,
                    instance,
                    expected=f"up in each of {QUARTERS} quarters of an hour",
                    actual=f"up in {quarters.get(instance, 0)}",
                    reproduce=prometheus.format_command(by_instance),
                )
            else:
                builder.checked.append(f"instance {instance}")
        watched = f"count_over_time((max({up}))[{HOURS}h:15m])"
        before = int(prometheus.query_total(watched, begin) or 0)
        if before < QUARTERS:
            reason = f"samples of {before} of {QUARTERS} quarters of an hour"
            builder.add_gap(rules.DAY_BEFORE_WATCHED, "the day before", reason)

    def _compare(
        self,
        builder: AssessmentBuilder,
        prometheus: PrometheusApi,
        name: str,
        comparison: MetricComparison,
    ) -> None:
        assert self.settings.review.deployed is not None
        begin = self.settings.review.deployed.timestamp()
        days = {
            "the first day": (self.release, begin + HOURS * HOUR),
            "the day before": (self.previous_release, begin),
        }
        values = list[float]()
        for day, (release, at) in days.items():
            query = _fill(comparison.query, release)
            value = None if query is None else _read_value(prometheus, query, at)
            if value is None or query is None:
                reason = "previous_release is not set" if query is None else "no single number"
                command = prometheus.format_command(query or comparison.query)
                builder.add_gap(rules.FIGURE_KNOWN, f"{name}, {day}", reason, reproduce=command)
                return
            values.append(value)
        self._judge(builder, name, comparison, *values)

    def _judge(
        self,
        builder: AssessmentBuilder,
        name: str,
        comparison: MetricComparison,
        new: float,
        old: float,
    ) -> None:
        builder.figures[name] = {"first day": new, "day before": old}
        limit = max(comparison.factor * old, comparison.ignored_below)
        if new > limit:
            builder.add_finding(
                rules.FIGURE_NOT_WORSE,
                name,
                expected=f"at most {limit:.4g} ({comparison.factor:g} times {old:.4g})",
                actual=f"{new:.4g}",
            )
        else:
            builder.checked.append(name)


def _fill(query: str, release: str | None) -> str | None:
    """Return the query for a release; None where it needs one that is not known."""
    if PLACEHOLDER not in query:
        return query
    # JSON's quoting is valid in PromQL; the query has the quotes already.
    return query.replace(PLACEHOLDER, json.dumps(release)[1:-1]) if release else None


def _read_value(prometheus: PrometheusApi, query: str, at: float) -> float | None:
    samples = prometheus.query(query, at)
    is_single = len(samples) == 1 and math.isfinite(samples[0].value)
    return samples[0].value if is_single else None
