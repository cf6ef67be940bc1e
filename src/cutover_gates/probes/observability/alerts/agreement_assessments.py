"""The question whether the loaded alert rules fire when the plan says so, and only then.

Each rule is tried by promtool on series of the truth table of the triggers, written with the names
of the hospital's own metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.config.monitoring import TRIGGERS, Monitoring, Trigger
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotProven
from cutover_gates.core.triggers.comparable_readings import find_edge
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.promtool import AlertTrial, RuleSet, try_alert
from cutover_gates.probes.observability.alerts.recorded_trouble import TroubleRecorder
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi

TABLE = "monitoring.alerts"
SERIES = f"{TABLE}.series"
SHARE_EVALUATION = 5.0
"""Seconds between two evaluations of rules that last minutes: their moments need be no finer."""
SHARES = ("error-rate", "response-time")


@dataclass(frozen=True)
class RuleAgreement:
    """The question. `factor`: times the baseline above which a request is slow."""

    settings: Monitoring
    prometheus: PrometheusApi | None
    factor: float
    context: ObservabilityContext

    def assess(self) -> Assessment:
        """Each trigger's alert fires on every series that is a rollback, and on no other."""
        return self.context.assess("alerts: the plan's letter", rules.SERVICES_ANSWER, self._check)

    def _check(self, builder: AssessmentBuilder) -> None:
        if self.prometheus is None:
            self.context.add_undeclared(
                builder, rules.ALERTS_DECLARED, "monitoring", ["prometheus"]
            )
            return
        groups = self.prometheus.fetch_rule_groups()
        scrape = self.prometheus.fetch_scrape_interval(self.settings.labels)
        recorder = TroubleRecorder(self.settings.alerts.series, scrape, self.factor)
        for trigger in self._list_tried(builder, recorder):
            self._try_trigger(builder, trigger, groups, recorder)

    def _list_tried(
        self, builder: AssessmentBuilder, recorder: TroubleRecorder
    ) -> Iterator[Trigger]:
        """Yield the triggers that can be tried; add a gap for each key that is not set."""
        declared = self.settings.alerts
        for trigger in TRIGGERS:
            if trigger in declared.untried:
                continue
            missing = recorder.find_missing(trigger)
            self.context.add_undeclared(builder, rules.RULE_AGREES, SERIES, missing)
            if trigger not in declared.rules:
                self.context.add_undeclared(
                    builder, rules.TRIGGER_HAS_ALERT, f"{TABLE}.rules", [trigger]
                )
            elif not missing and self._has_edge(builder, trigger, recorder):
                yield trigger

    def _has_edge(
        self, builder: AssessmentBuilder, trigger: Trigger, recorder: TroubleRecorder
    ) -> bool:
        edges, limit = self.settings.alerts.series.duration_edges, recorder.slow_seconds
        if trigger != "response-time" or find_edge(edges, limit) is not None:
            return True
        reason = f"no edge of the histogram is within 10 % of {limit:g} s"
        builder.add_gap(rules.RULE_AGREES, f"{trigger}: {SERIES}.duration_edges", reason)
        return False

    def _try_trigger(
        self,
        builder: AssessmentBuilder,
        trigger: Trigger,
        groups: Sequence[Mapping[str, Any]],
        recorder: TroubleRecorder,
    ) -> None:
        alert = self.settings.alerts.rules[trigger]
        interval = _find_interval(groups, alert)
        if interval is None:
            builder.add_gap(rules.RULE_AGREES, f"{trigger}: {alert}", "its rule is not loaded")
            return
        evaluation = max(interval, SHARE_EVALUATION) if trigger in SHARES else interval
        rule_set = RuleSet(groups, alert, recorder.scrape, evaluation)
        try:
            trials = try_alert(rule_set, list(recorder.list_troubles(trigger)))
        except NotProven as error:
            builder.add_gap(rules.RULE_AGREES, f"{trigger}: {alert}", error.reason)
            return
        for trial in trials:
            _judge_trial(builder, f"{trigger}: {alert}", trial)
        builder.figures[alert] = dict(_describe_trials(trials))


def _judge_trial(builder: AssessmentBuilder, subject: str, trial: AlertTrial) -> None:
    """Add a finding where the alert fired on a series that is no rollback, or the other way."""
    trouble = trial.trouble
    if (trial.fired_at is not None) == trouble.fires:
        builder.checked.append(f"{subject}: {trouble.name}")
        return
    actual = "it does not fire"
    if trial.fired_at is not None:
        actual = f"it fires after {trial.fired_at - trouble.trouble_at:g} s"
    expected = "it fires" if trouble.fires else "it does not fire"
    builder.add_finding(
        rules.RULE_AGREES, f"{subject}: {trouble.name}", expected=expected, actual=actual
    )


def _describe_trials(trials: Sequence[AlertTrial]) -> Iterator[tuple[str, float | None]]:
    """Yield each series with the seconds from its trouble to the alert; None: no alert."""
    for each in trials:
        fired = each.fired_at
        yield each.trouble.name, None if fired is None else fired - each.trouble.trouble_at


def _find_interval(groups: Sequence[Mapping[str, Any]], alert: str) -> float | None:
    """Return the seconds between two evaluations of an alert; None: it is not loaded."""
    for group in groups:
        if any(_is_alert(rule, alert) for rule in group.get("rules", ())):
            return float(group.get("interval") or 60)
    return None


def _is_alert(rule: Mapping[str, Any], alert: str) -> bool:
    return rule.get("type") == "alerting" and rule.get("name") == alert
