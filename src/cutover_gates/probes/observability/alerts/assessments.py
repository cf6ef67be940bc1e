"""Are the alerts of the plan's rollback triggers loaded, do they look at something, would they
reach somebody, and does one of them?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from cutover_gates.config.monitoring import TRIGGERS, Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.observability.alertmanager_routing import Labels
from cutover_gates.probes.observability.alerts.alert_rules import (
    AlertRule,
    collect_alert_labels,
    compare_with_plan,
    evaluation_age,
    find_rule_problems,
)
from cutover_gates.probes.observability.alerts.alertmanager import (
    AlertmanagerApi,
    AlertmanagerConfig,
    SuppressionState,
)
from cutover_gates.probes.observability.alerts.canary_delivery import CanaryDelivery
from cutover_gates.probes.observability.model import (
    AssessmentSink,
    SignalAssessmentBuilder,
    run_assessment,
)
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import (
    PromqlSelector,
    UnsupportedExpression,
    parse_selectors,
)
from cutover_gates.util.concurrency import run_concurrently

TABLE = "monitoring.alerts"
CANARY = "canary"


@dataclass(frozen=True)
class AlertAssessments:
    """`move(n)` sends `n` searches to the target, by which a canary may fire.

    `target` is the name under `[targets]`.
    """

    settings: Monitoring
    prometheus: PrometheusApi | None
    alertmanager: AlertmanagerApi | None
    send_searches: Callable[[int], int]
    target: str
    record: AssessmentSink = field(default=lambda _examination: None, repr=False)

    def assess_rules(self) -> Assessment:
        """Is there a rule for each trigger, in force, as the plan has it; and does Prometheus know
        whom to tell?
        """
        return run_assessment(
            SignalAssessmentBuilder("alerts: rules", self.target),
            self.record,
            self._check_rules,
        )

    def assess_series(self) -> Assessment:
        """Does every selector of these rules find series?

        A rule over a metric that does not exist never fires.
        """
        return run_assessment(
            SignalAssessmentBuilder("alerts: series of the rules", self.target),
            self.record,
            self._check_series,
        )

    def assess_routes(self) -> Assessment:
        """Would each of these alerts go to the receiver that is declared, and does that tell
        somebody?
        """
        return run_assessment(
            SignalAssessmentBuilder("alerts: routes", self.target),
            self.record,
            self._check_routes,
        )

    def assess_suppression(self) -> Assessment:
        """Is there no silence, no inhibition and no time interval that would swallow one of them
        now?
        """
        return run_assessment(
            SignalAssessmentBuilder("alerts: silences and inhibitions", self.target),
            self.record,
            self._check_suppression,
        )

    def assess_canary(self) -> Assessment:
        """Does the canary go all the way: its rule, Alertmanager, its receiver, this run?"""
        return run_assessment(
            SignalAssessmentBuilder("alerts: the canary", self.target),
            self.record,
            self._check_canary,
        )

    # ── the rules ──

    def _find_rules(
        self, seen: SignalAssessmentBuilder, *, canary: bool = False
    ) -> Iterator[tuple[str, AlertRule]]:
        """Each trigger's rules as they are loaded.

        What is not declared is open, what is not loaded is wrong.
        """
        declared = self.settings.alerts
        if self.prometheus is None:
            seen.add_undeclared_setting(
                "monitoring", "prometheus", "which Prometheus raises the alerts"
            )
            return
        for one in TRIGGERS:
            if one not in declared.rules:
                seen.add_undeclared_setting(
                    TABLE,
                    f'rules ("{one}" = the alert\'s name)',
                    f"which alert is raised for the rollback trigger {one!r}",
                )
        every = self.prometheus.fetch_rules()
        names: list[tuple[str, str]] = [
            *declared.rules.items(),
            *([(CANARY, declared.canary)] if canary and declared.canary else []),
        ]
        for trigger, name in names:
            found = [rule for rule in every if rule.get("name") == name]
            if not found:
                seen.findings.append(
                    f"{trigger}: expected an alerting rule {name!r}, came none among {len(every)}"
                    " rules: is its file loaded? curl -s"
                    f" '{self.prometheus.service.format_url('/api/v1/rules')}?type=alert'; promtool"
                    " check rules FILE"
                )
            yield from ((trigger, rule) for rule in found)

    def _check_rules(self, seen: SignalAssessmentBuilder) -> None:
        declared, rules = self.settings.alerts, list(self._find_rules(seen, canary=True))
        if self.prometheus is None:
            return
        now = self.prometheus.fetch_time()
        for trigger, rule in rules:
            wrong = [
                *find_rule_problems(
                    rule, now, self.settings.scrape_seconds, self.prometheus.service.mask
                ),
                *compare_with_plan(trigger, rule, declared),
            ]
            seen.findings += [
                f"{trigger}: rule {rule.get('name')!r}: {sentence}" for sentence in wrong
            ]
            if not wrong:
                seen.checked.append(f"rule {rule.get('name')}")
            seen.figures[str(rule.get("name"))] = {
                "for": rule.get("duration"),
                "state": rule.get("state"),
                "evaluated": evaluation_age(rule, now),
            }
        if not self.prometheus.fetch_alertmanagers():
            seen.findings.append(
                "Prometheus knows no Alertmanager, so that no alert leaves it; "
                f"curl -s {self.prometheus.service.format_url('/api/v1/alertmanagers')}"
            )

    # ── what they look at ──

    def _check_series(self, seen: SignalAssessmentBuilder) -> None:
        for trigger, rule in self._find_rules(seen, canary=True):
            try:
                found = parse_selectors(str(rule.get("query", "")))
            except UnsupportedExpression as why:
                seen.not_proven.append(
                    f"{trigger}: the expression of rule {rule.get('name')!r} is not understood:"
                    f" {why}"
                )
                continue
            assert self.prometheus is not None
            wrong = [
                sentence
                for told in run_concurrently(
                    [partial(self._find_selector_problems, one) for one in found]
                )
                for sentence in told
            ]
            if not found and trigger != CANARY:
                wrong.append(
                    f"looks at no series at all: {rule.get('query')} says the same whatever happens"
                )
            seen.findings += [
                f"{trigger}: rule {rule.get('name')!r} {sentence}" for sentence in wrong
            ]
            seen.figures[str(rule.get("name"))] = [selector.text for selector in found]
            if not wrong:
                seen.checked.append(f"expression of {rule.get('name')}")

    def _find_selector_problems(self, selector: PromqlSelector) -> list[str]:
        """What is wrong with a selector; nothing where it finds series, or is declared to find none
        and its metric is there.
        """
        assert self.prometheus is not None
        if self.prometheus.query(f"count({selector.text})"):
            return []
        allowed = {"".join(text.split()) for text in self.settings.alerts.absent_when_healthy}
        if "".join(selector.text.split()) not in allowed:
            return [
                f"looks at {selector.text}, which finds no series: it can never fire for it;"
                f" {self.prometheus.format_command(selector.text)}; or declare it in"
                f" [targets.{self.target}.{TABLE}.absent_when_healthy], with the reason"
            ]
        if self.prometheus.query(f"count({selector.any_value})"):
            return []
        return [
            f"looks at {selector.text}, which may be absent, but there is no {selector.any_value}"
            " either: the metric or a label of it does not exist;"
            f" {self.prometheus.format_command(selector.any_value)}"
        ]

    # ── where they go ──

    def _require_alertmanager(self, seen: SignalAssessmentBuilder) -> AlertmanagerApi | None:
        if self.alertmanager is None:
            seen.add_undeclared_setting(TABLE, "alertmanager", "which Alertmanager gets the alerts")
        return self.alertmanager

    def _check_routes(self, seen: SignalAssessmentBuilder) -> None:
        wanted, alertmanager = self.settings.alerts.receiver, self._require_alertmanager(seen)
        if alertmanager is None:
            return
        if not wanted:
            seen.add_undeclared_setting(TABLE, "receiver", "which receiver the alerts go to")
            return
        config = alertmanager.fetch_config()
        if not config.count_integrations(wanted):
            seen.findings.append(
                f"receiver {wanted!r} tells nobody: Alertmanager has "
                + (
                    "no such receiver"
                    if wanted not in config.receivers
                    else "it, without a single way to send"
                )
                + "; amtool config routes show"
            )
        for trigger, rule in self._find_rules(seen):
            self._check_route(seen, trigger, rule, config, wanted)

    def _collect_labels(self, rule: AlertRule) -> Sequence[Labels]:
        assert self.prometheus is not None
        return collect_alert_labels(rule, self.settings, self.prometheus)

    def _check_route(
        self,
        seen: SignalAssessmentBuilder,
        trigger: str,
        rule: AlertRule,
        config: AlertmanagerConfig,
        wanted: str,
    ) -> None:
        ways = [
            tuple(leaf.receiver for leaf in config.find_routes(labels))
            for labels in self._collect_labels(rule)
        ]
        astray = {found for found in ways if wanted not in found}
        labels = " ".join(
            f"{name}={value}"
            for name, value in {"alertname": rule.get("name"), **(rule.get("labels") or {})}.items()
        )
        seen.findings += [
            f"{trigger}: alert {rule.get('name')!r} should go to {wanted!r} and goes to"
            f" {', '.join(found)}; amtool config routes test {labels}"
            for found in sorted(astray)
        ]
        if not astray:
            seen.checked.append(f"route of {rule.get('name')}")

    # ── what would swallow them ──

    def _check_suppression(self, seen: SignalAssessmentBuilder) -> None:
        if (alertmanager := self._require_alertmanager(seen)) is None:
            return
        now, declared = SuppressionState.load(alertmanager), self.settings.alerts
        for trigger, rule in self._find_rules(seen, canary=True):
            name, receiver = (
                str(rule.get("name")),
                (
                    declared.canary_receiver or declared.receiver
                    if trigger == CANARY
                    else declared.receiver
                ),
            )
            wrong = [
                f"{trigger}: alert {name!r} {sentence}"
                for sentence in now.find_suppressions(name, self._collect_labels(rule), receiver)
            ]
            seen.findings += wrong
            if not wrong:
                seen.checked.append(f"alert {name}")
        seen.figures |= {
            "silences": len(now.silences),
            "inhibitions": len(now.config.inhibitions),
            "active alerts": len(now.active_labels),
        }

    # ── one of them, all the way ──

    def _check_canary(self, seen: SignalAssessmentBuilder) -> None:
        declared = self.settings.alerts
        if self.prometheus is None:
            seen.add_undeclared_setting(
                "monitoring", "prometheus", "which Prometheus raises the alerts"
            )
        elif self._require_alertmanager(seen) is None:
            return
        elif not (
            declared.canary
            and declared.receiver_listen
            and (declared.canary_receiver or declared.receiver)
        ):
            seen.add_undeclared_setting(
                TABLE,
                "canary, receiver_listen and canary_receiver",
                "which alert fires at will, and where it should arrive",
            )
        else:
            assert self.alertmanager is not None
            CanaryDelivery(
                self.settings, self.prometheus, self.alertmanager, self.send_searches
            ).run(seen)
