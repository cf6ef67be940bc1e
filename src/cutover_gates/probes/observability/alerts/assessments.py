"""The questions about the alerts of the rollback triggers; each method answers one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cutover_gates.config.monitoring import TRIGGERS, Monitoring
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alert_routes import judge_receiver, judge_route
from cutover_gates.probes.observability.alerts.alert_rules import (
    TriggerRule,
    collect_alert_labels,
    compare_with_plan,
    find_evaluation_problems,
)
from cutover_gates.probes.observability.alerts.alert_suppression import (
    AlertCandidates,
    SuppressionState,
)
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerApi
from cutover_gates.probes.observability.alerts.canary_delivery import CanaryDelivery
from cutover_gates.probes.observability.alerts.rule_series import SeriesJudge
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import AlertRule, PrometheusApi
from cutover_gates.probes.observability.promql import UnsupportedExpression

MONITORING_TABLE = "monitoring"
TABLE = "monitoring.alerts"
CANARY = "canary"


@dataclass(frozen=True)
class AlertAssessments:
    """The questions about a target's alerts.

    `send_searches(n)` sends `n` searches to the target, by which the canary may fire. `prometheus`
    and `alertmanager` are None where none is declared.
    """

    settings: Monitoring
    prometheus: PrometheusApi | None
    alertmanager: AlertmanagerApi | None
    send_searches: Callable[[int], int]
    context: ObservabilityContext

    def assess_rules(self) -> Assessment:
        """Every trigger has a rule, in force and as planned; Prometheus knows an Alertmanager."""
        return self._assess("alerts: rules", self._check_rules)

    def assess_series(self) -> Assessment:
        """Every selector of these rules finds series."""
        return self._assess("alerts: series of the rules", self._check_series)

    def assess_routes(self) -> Assessment:
        """Each of these alerts would go to the declared receiver, which can send."""
        return self._assess("alerts: routes", self._check_routes)

    def assess_suppression(self) -> Assessment:
        """No silence, inhibition or time interval would keep one of them from being sent now."""
        return self._assess("alerts: silences and inhibitions", self._check_suppression)

    def assess_canary(self) -> Assessment:
        """The canary gets from its rule through Alertmanager and its receiver to this run."""
        return self._assess("alerts: the canary", self._check_canary)

    def _assess(self, title: str, check: Callable[[AssessmentBuilder], None]) -> Assessment:
        return self.context.assess(title, rules.SERVICES_ANSWER, check)

    def _add_undeclared(self, builder: AssessmentBuilder, table: str, *keys: str) -> None:
        self.context.add_undeclared(builder, rules.ALERTS_DECLARED, table, keys)

    def _require_prometheus(self, builder: AssessmentBuilder) -> PrometheusApi | None:
        if self.prometheus is None:
            self._add_undeclared(builder, MONITORING_TABLE, "prometheus")
        return self.prometheus

    def _require_alertmanager(self, builder: AssessmentBuilder) -> AlertmanagerApi | None:
        if self.alertmanager is None:
            self._add_undeclared(builder, TABLE, "alertmanager")
        return self.alertmanager

    def _find_rules(
        self, builder: AssessmentBuilder, prometheus: PrometheusApi, *, canary: bool
    ) -> Iterator[TriggerRule]:
        """Yield each trigger's rules as they are loaded, with `canary` that of the canary, too.

        A trigger without a declared alert is a gap, a rule that is not loaded a finding.
        """
        declared = self.settings.alerts
        missing = [trigger for trigger in TRIGGERS if trigger not in declared.rules]
        self.context.add_undeclared(builder, rules.TRIGGER_HAS_ALERT, f"{TABLE}.rules", missing)
        loaded = prometheus.fetch_rules()
        names: list[tuple[str, str]] = [*declared.rules.items()]
        if canary and declared.canary:
            names.append((CANARY, declared.canary))
        url = prometheus.service.format_url("/api/v1/rules")
        for trigger, name in names:
            # Several groups may have a rule of the same name: all of them count.
            own = [rule for rule in loaded if rule.name == name]
            if not own:
                builder.add_finding(
                    rules.RULE_LOADED,
                    f"{trigger}: {name}",
                    expected="a loaded alerting rule",
                    actual=f"none of that name among {len(loaded)} rules",
                    reproduce=f"curl -s '{url}?type=alert'",
                )
            yield from (TriggerRule(trigger, rule) for rule in own)

    def _check_rules(self, builder: AssessmentBuilder) -> None:
        if (prometheus := self._require_prometheus(builder)) is None:
            return
        # A list: every gap is added before the first request that may fail.
        triggers = list(self._find_rules(builder, prometheus, canary=True))
        now, url = prometheus.fetch_time(), prometheus.service.format_url("/api/v1")
        seconds, command = self.settings.scrape_seconds, f"curl -s '{url}/rules?type=alert'"
        for each in triggers:
            problems = list(find_evaluation_problems(each, now, seconds, command))
            builder.findings += problems
            if self._is_as_planned(builder, each) and not problems:
                builder.checked.append(f"rule {each.rule.name}")
            builder.figures[each.rule.name] = _rule_figures(each.rule, now)
        if not prometheus.count_alertmanagers():
            builder.add_finding(
                rules.ALERTMANAGER_CONNECTED,
                prometheus.service.format_url(),
                expected="an Alertmanager",
                actual="none",
                reproduce=f"curl -s {url}/alertmanagers",
            )

    def _is_as_planned(self, builder: AssessmentBuilder, each: TriggerRule) -> bool:
        try:
            findings = list(compare_with_plan(each, self.settings.alerts))
        except UnsupportedExpression as error:
            builder.add_gap(rules.EXPRESSION_PARSED, each.subject, str(error))
            return False
        builder.findings += findings
        return not findings

    def _check_series(self, builder: AssessmentBuilder) -> None:
        if (prometheus := self._require_prometheus(builder)) is None:
            return
        judge = SeriesJudge(self.settings, prometheus)
        for each in self._find_rules(builder, prometheus, canary=True):
            # A canary may fire always, so its expression may be a constant.
            judge.judge_rule(builder, each, needs_series=each.trigger != CANARY)

    def _check_routes(self, builder: AssessmentBuilder) -> None:
        alertmanager = self._require_alertmanager(builder)
        receiver = self.settings.alerts.receiver
        if alertmanager is None:
            return
        if not receiver:
            self._add_undeclared(builder, TABLE, "receiver")
            return
        # One answer for all routes, so that a reload in between does not mix two configurations.
        config = alertmanager.fetch_config()
        judge_receiver(builder, receiver, config)
        if (prometheus := self._require_prometheus(builder)) is None:
            return
        for each in self._find_rules(builder, prometheus, canary=False):
            labels = collect_alert_labels(each.rule, self.settings, prometheus)
            judge_route(builder, each, labels, config, receiver)

    def _check_suppression(self, builder: AssessmentBuilder) -> None:
        if (alertmanager := self._require_alertmanager(builder)) is None:
            return
        state = SuppressionState.load(alertmanager)
        if prometheus := self._require_prometheus(builder):
            for each in self._find_rules(builder, prometheus, canary=True):
                self._check_alert(builder, prometheus, each, state)
        builder.figures |= {
            "silences": len(state.silences),
            "inhibitions": len(state.config.inhibitions),
            "active alerts": len(state.active_labels),
        }

    def _check_alert(
        self,
        builder: AssessmentBuilder,
        prometheus: PrometheusApi,
        each: TriggerRule,
        state: SuppressionState,
    ) -> None:
        declared = self.settings.alerts
        receiver = declared.receiver
        # The canary may have a receiver of its own, so that it wakes nobody.
        if each.trigger == CANARY:
            receiver = declared.canary_receiver or receiver
        labels = collect_alert_labels(each.rule, self.settings, prometheus)
        alert = AlertCandidates(each.subject, each.rule.name, labels, receiver)
        findings = list(state.find_suppressions(alert))
        builder.findings += findings
        if not findings:
            builder.checked.append(f"alert {each.rule.name}")

    def _check_canary(self, builder: AssessmentBuilder) -> None:
        prometheus = self._require_prometheus(builder)
        alertmanager = self._require_alertmanager(builder) if prometheus else None
        if prometheus is None or alertmanager is None:
            return
        declared = self.settings.alerts
        values = {
            "canary": declared.canary,
            "receiver_listen": declared.receiver_listen,
            "canary_receiver": declared.canary_receiver or declared.receiver,
        }
        missing = [key for key, value in values.items() if not value]
        if missing:
            self._add_undeclared(builder, TABLE, *missing)
        else:
            delivery = CanaryDelivery(self.settings, prometheus, alertmanager, self.send_searches)
            delivery.run(builder)


def _rule_figures(rule: AlertRule, now: float) -> dict[str, object]:
    return {"for": rule.seconds, "state": rule.state, "evaluated": rule.evaluation_age(now)}
