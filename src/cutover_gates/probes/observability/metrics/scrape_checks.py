"""The judgement of scrapes: is an instance scraped, is a metric there, are the samples fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.observability.alertmanager_routing import (
    LabelMatcher,
    matches_all,
    parse_matchers,
)
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.prometheus_api import PrometheusApi, ScrapeTarget
from cutover_gates.probes.observability.promql import add_labels


@dataclass(frozen=True)
class ScrapeJudge:
    """What Prometheus said at the time `now` (on its clock).

    `times` and `values` are those of the series `up`, by instance.
    """

    settings: Monitoring
    prometheus: PrometheusApi
    now: float
    targets: Sequence[ScrapeTarget] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)

    def judge_instance(self, builder: AssessmentBuilder, instance: str) -> None:
        """Add the first thing that is wrong with an instance, or count it as checked."""
        # Only the first: an instance that is not scraped has no samples either.
        finding = (
            self._find_scrape_problem(instance)
            or self._find_sample_problem(instance)
            or self._find_up_problem(instance)
        )
        if finding:
            builder.findings.append(finding)
        else:
            builder.checked.append(f"instance {instance}")

    def judge_metric(
        self, builder: AssessmentBuilder, selector: str, times: Mapping[str, float]
    ) -> None:
        """Add each instance whose series is missing or old. `times` are of the newest samples.

        A metric without instances was recorded by Prometheus itself or came through a gateway: one
        series of it is enough.
        """
        has_instances = any(times) or not times
        instances = self.settings.targets if has_instances else ("",)
        problems = [
            self._find_metric_problem(selector, each, times.get(each)) for each in instances
        ]
        findings = [finding for finding in problems if finding]
        builder.findings += findings
        if not findings:
            builder.checked.append(f"metric {selector}")

    def _find_scrape_problem(self, instance: str) -> Finding | None:
        url = self.prometheus.service.format_url("/api/v1/targets")
        command = f"curl -s '{url}?state=active'"
        # Another job may scrape an instance of the same name.
        wanted = [*parse_matchers(self.settings.labels), LabelMatcher("instance", instance)]
        targets = [target for target in self.targets if matches_all(wanted, target.labels)]
        if not targets:
            return Finding(
                rules.INSTANCE_SCRAPED, instance, "a scraped target", "no such target", command
            )
        broken = next((target for target in targets if target.health != "up"), None)
        if broken is None:
            return None
        # Prometheus has just started or was reloaded: it knows the target and has not asked it.
        if broken.health == "unknown" and broken.last_scrape is None:
            return Finding(rules.INSTANCE_SCRAPED, instance, "a scrape", "none yet", command)
        state = f"{broken.health}: {broken.last_error or 'no reason given'}"
        return Finding(rules.INSTANCE_UP, instance, "up", state, command)

    def _find_sample_problem(self, instance: str) -> Finding | None:
        series = add_labels("up", self.settings.labels)
        command = self.prometheus.format_command(series)
        if (at := self.times.get(instance)) is None:
            return Finding(
                rules.INSTANCE_SCRAPED, instance, f"a series {series}", "no series", command
            )
        return self._find_staleness(instance, at, command)

    def _find_up_problem(self, instance: str) -> Finding | None:
        series = add_labels("up", self.settings.labels)
        value = self.values.get(instance)
        if value == 1:
            return None
        command = self.prometheus.format_command(series)
        return Finding(rules.INSTANCE_UP, instance, "up = 1", f"up = {value}", command)

    def _find_metric_problem(
        self, selector: str, instance: str, at: float | None
    ) -> Finding | None:
        subject = f"{selector} of {instance}" if instance else selector
        command = self.prometheus.format_command(add_labels(selector, self.settings.labels))
        if at is None:
            return Finding(rules.METRIC_PRESENT, subject, "a series", "no series", command)
        return self._find_staleness(subject, at, command)

    def _find_staleness(self, subject: str, at: float, command: str) -> Finding | None:
        # Both times are on Prometheus' clock, so a wrong clock of ours does not matter.
        limit, age = self.settings.scrape_seconds, self.now - at
        if age <= limit:
            return None
        return Finding(
            rules.SAMPLE_FRESH,
            subject,
            f"a sample of the last {limit:g} s",
            f"{age:.0f} s old",
            command,
        )
