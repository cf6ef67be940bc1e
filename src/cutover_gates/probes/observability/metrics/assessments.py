"""The questions about the target's metrics in Prometheus; each method answers one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.counter_delta import (
    CounterJudge,
    CounterRound,
    measure_round,
)
from cutover_gates.probes.observability.metrics.scrape_checks import ScrapeJudge
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.util.concurrency import run_concurrently

TABLE = "monitoring"
METRICS_TABLE = "monitoring.metrics"
MAX_ROUNDS = 3
"""Measurements of a quiet target: requests of others may have come in between."""


@dataclass(frozen=True)
class MetricAssessments:
    """The questions about a target's metrics.

    `send_searches(n)` sends `n` searches to the target and returns how many were answered. `alone`:
    no other process of this run sends requests meanwhile.
    """

    settings: Monitoring
    prometheus: PrometheusApi | None
    send_searches: Callable[[int], int]
    context: ObservabilityContext
    alone: bool = True

    def assess_targets(self) -> Assessment:
        """Every declared instance is scraped, is up, and was scraped just now."""
        return self._assess("metrics: targets", self._check_targets)

    def assess_presence(self) -> Assessment:
        """Every declared metric is there, of every instance, and fresh."""
        return self._assess("metrics: there and fresh", self._check_presence)

    def assess_growth(self) -> Assessment:
        """Every counter grows with requests that the run sends.

        The counter of requests grows by as many as were sent.
        """
        return self._assess("metrics: moving", self._check_growth)

    def _assess(
        self, title: str, check: Callable[[AssessmentBuilder, PrometheusApi], None]
    ) -> Assessment:
        # The settings are checked first: without them there is nobody to ask.
        def run(builder: AssessmentBuilder) -> None:
            missing = {
                "prometheus": self.prometheus is None,
                "targets": not self.settings.targets,
            }
            self._add_undeclared(builder, TABLE, [key for key in missing if missing[key]])
            if self.prometheus and self.settings.targets:
                check(builder, self.prometheus)

        return self.context.assess(title, rules.PROMETHEUS_ANSWERS, run)

    def _add_undeclared(self, builder: AssessmentBuilder, table: str, keys: Sequence[str]) -> None:
        self.context.add_undeclared(builder, rules.METRICS_DECLARED, table, keys)

    def _check_targets(self, builder: AssessmentBuilder, prometheus: PrometheusApi) -> None:
        now, targets = prometheus.fetch_time(), prometheus.fetch_targets()
        up = add_labels("up", self.settings.labels)
        # timestamp(), since a sample of a query carries the time of the query.
        times = _values_by_instance(prometheus, f"timestamp({up})")
        # The smallest value: of two series of one instance neither may be 0.
        values = _values_by_instance(prometheus, up, pick=min)
        judge = ScrapeJudge(self.settings, prometheus, now, targets, times, values)
        for instance in self.settings.targets:
            judge.judge_instance(builder, instance)
        builder.figures["seconds since the last scrape"] = {
            name: round(now - at, 1) for name, at in times.items()
        }

    def _check_presence(self, builder: AssessmentBuilder, prometheus: PrometheusApi) -> None:
        declared = self.settings.metrics
        counters = [name for name in (declared.requests, *declared.moving) if name]
        # Once each: a counter may be listed as present, too.
        names = sorted({*declared.present, *map(_strip_labels, counters)})
        if not names:
            self._add_undeclared(builder, METRICS_TABLE, ["requests", "moving", "present"])
            return
        now = prometheus.fetch_time()
        queries = [f"timestamp({add_labels(name, self.settings.labels)})" for name in names]
        times = run_concurrently(
            [partial(_values_by_instance, prometheus, query, now) for query in queries]
        )
        judge = ScrapeJudge(self.settings, prometheus, now)
        for name, of_instances in zip(names, times, strict=True):
            judge.judge_metric(builder, name, of_instances)

    def _check_growth(self, builder: AssessmentBuilder, prometheus: PrometheusApi) -> None:
        requests = self.settings.metrics.requests
        if not requests:
            self._add_undeclared(builder, METRICS_TABLE, ["requests"])
            return
        judge = CounterJudge(self.settings, prometheus, self.settings.metrics.quiet and self.alone)
        for number in range(1, MAX_ROUNDS + 1):
            measured = measure_round(self.settings, prometheus, self.send_searches)
            if measured is None:
                judge.add_missing_scrape(builder)
                return
            # In the last round the growth is judged as it is.
            if number == MAX_ROUNDS or not self._is_disturbed(measured, requests):
                judge.judge_round(builder, measured)
                return

    def _is_disturbed(self, measured: CounterRound, requests: str) -> bool:
        """Return whether requests of others explain the growth, so that it is measured again."""
        expects_exact = self.settings.metrics.quiet and self.alone
        return expects_exact and measured.growth(requests) > measured.sent


def _values_by_instance(
    prometheus: PrometheusApi,
    expression: str,
    at: float | None = None,
    pick: Callable[[float, float], float] = max,
) -> Mapping[str, float]:
    """Return one value of each instance, by its label; "" for series without the label.

    `pick` chooses between several series of an instance.
    """
    values: dict[str, float] = {}
    for sample in prometheus.query(expression, at):
        instance = sample.labels.get("instance", "")
        values[instance] = pick(values.get(instance, sample.value), sample.value)
    return values


def _strip_labels(selector: str) -> str:
    """Return the metric's name alone.

    An instance may not have met a certain status or route yet.
    """
    return selector.partition("{")[0].strip() or selector
