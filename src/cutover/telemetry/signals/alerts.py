"""Are the alerts of the plan's rollback triggers loaded, do they look at something, would they
reach somebody, and does one of them?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from cutover.evidence import Examination
from cutover.settings import Monitoring
from cutover.settings.monitoring import TRIGGERS
from cutover.telemetry.abreast import abreast
from cutover.telemetry.signals.alertmanager import Alertmanager, Config
from cutover.telemetry.signals.matching import Labels
from cutover.telemetry.signals.prometheus import Prometheus
from cutover.telemetry.signals.promql import NotUnderstood, Selector, selectors
from cutover.telemetry.signals.rules import (
    Rule,
    labels_of,
    seconds_ago,
    unlike_the_plan,
    wrong_with,
)
from cutover.telemetry.signals.seen import Record, Seen, examined
from cutover.telemetry.signals.swallowing import Swallowing
from cutover.telemetry.signals.travelling import Journey

TABLE = "monitoring.alerts"
ITEMS = ("alerts-configured",)
CANARY = "canary"


@dataclass(frozen=True)
class Alerts:
    """`move(n)` sends `n` searches to the target, by which a canary may fire.

    `target` is the name under `[targets]`.
    """

    settings: Monitoring
    prometheus: Prometheus | None
    alertmanager: Alertmanager | None
    move: Callable[[int], int]
    target: str
    record: Record = field(default=lambda _examination: None, repr=False)

    def loaded(self) -> Examination:
        """Is there a rule for each trigger, in force, as the plan has it; and does Prometheus know
        whom to tell?
        """
        return examined(
            Seen("alerts: rules", self.target, ("monitoring-configured", *ITEMS)),
            self.record,
            self._loaded,
        )

    def grounded(self) -> Examination:
        """Does every selector of these rules find series?

        A rule over a metric that does not exist never fires.
        """
        return examined(
            Seen("alerts: series of the rules", self.target, ITEMS), self.record, self._grounded
        )

    def routed(self) -> Examination:
        """Would each of these alerts go to the receiver that is declared, and does that tell
        somebody?
        """
        return examined(Seen("alerts: routes", self.target, ITEMS), self.record, self._routed)

    def audible(self) -> Examination:
        """Is there no silence, no inhibition and no time interval that would swallow one of them
        now?
        """
        return examined(
            Seen("alerts: silences and inhibitions", self.target, ITEMS), self.record, self._audible
        )

    def arriving(self) -> Examination:
        """Does the canary go all the way: its rule, Alertmanager, its receiver, this run?"""
        return examined(
            Seen("alerts: the canary", self.target, (*ITEMS, "alert-rules-tested")),
            self.record,
            self._arriving,
        )

    # ── the rules ──

    def _rules(self, seen: Seen, *, canary: bool = False) -> Iterator[tuple[str, Rule]]:
        """Each trigger's rules as they are loaded.

        What is not declared is open, what is not loaded is wrong.
        """
        declared = self.settings.alerts
        if self.prometheus is None:
            seen.undeclared("monitoring", "prometheus", "which Prometheus raises the alerts")
            return
        for one in TRIGGERS:
            if one not in declared.rules:
                seen.undeclared(
                    TABLE,
                    f'rules ("{one}" = the alert\'s name)',
                    f"which alert is raised for the rollback trigger {one!r}",
                )
        every = self.prometheus.rules()
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
                    f" '{self.prometheus.service.shown('/api/v1/rules')}?type=alert'; promtool"
                    " check rules FILE"
                )
            yield from ((trigger, rule) for rule in found)

    def _loaded(self, seen: Seen) -> None:
        declared, rules = self.settings.alerts, list(self._rules(seen, canary=True))
        if self.prometheus is None:
            return
        now = self.prometheus.now()
        for trigger, rule in rules:
            wrong = [
                *wrong_with(
                    rule, now, self.settings.scrape_seconds, self.prometheus.service.masked
                ),
                *unlike_the_plan(trigger, rule, declared),
            ]
            seen.findings += [
                f"{trigger}: rule {rule.get('name')!r}: {sentence}" for sentence in wrong
            ]
            if not wrong:
                seen.examined.append(f"rule {rule.get('name')}")
            seen.facts[str(rule.get("name"))] = {
                "for": rule.get("duration"),
                "state": rule.get("state"),
                "evaluated": seconds_ago(rule, now),
            }
        if not self.prometheus.alertmanagers():
            seen.findings.append(
                "Prometheus knows no Alertmanager, so that no alert leaves it; "
                f"curl -s {self.prometheus.service.shown('/api/v1/alertmanagers')}"
            )

    # ── what they look at ──

    def _grounded(self, seen: Seen) -> None:
        for trigger, rule in self._rules(seen, canary=True):
            try:
                found = selectors(str(rule.get("query", "")))
            except NotUnderstood as why:
                seen.unproven.append(
                    f"{trigger}: the expression of rule {rule.get('name')!r} is not understood:"
                    f" {why}"
                )
                continue
            assert self.prometheus is not None
            wrong = [
                sentence
                for told in abreast([partial(self._blind, one) for one in found])
                for sentence in told
            ]
            if not found and trigger != CANARY:
                wrong.append(
                    f"looks at no series at all: {rule.get('query')} says the same whatever happens"
                )
            seen.findings += [
                f"{trigger}: rule {rule.get('name')!r} {sentence}" for sentence in wrong
            ]
            seen.facts[str(rule.get("name"))] = [selector.text for selector in found]
            if not wrong:
                seen.examined.append(f"expression of {rule.get('name')}")

    def _blind(self, selector: Selector) -> list[str]:
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
                f" {self.prometheus.shown(selector.text)}; or declare it in"
                f" [targets.{self.target}.{TABLE}.absent_when_healthy], with the reason"
            ]
        if self.prometheus.query(f"count({selector.every})"):
            return []
        return [
            f"looks at {selector.text}, which may be absent, but there is no {selector.every}"
            " either: the metric or a label of it does not exist;"
            f" {self.prometheus.shown(selector.every)}"
        ]

    # ── where they go ──

    def _told(self, seen: Seen) -> Alertmanager | None:
        if self.alertmanager is None:
            seen.undeclared(TABLE, "alertmanager", "which Alertmanager gets the alerts")
        return self.alertmanager

    def _routed(self, seen: Seen) -> None:
        wanted, alertmanager = self.settings.alerts.receiver, self._told(seen)
        if alertmanager is None:
            return
        if not wanted:
            seen.undeclared(TABLE, "receiver", "which receiver the alerts go to")
            return
        config = alertmanager.config()
        if not config.ways(wanted):
            seen.findings.append(
                f"receiver {wanted!r} tells nobody: Alertmanager has "
                + (
                    "no such receiver"
                    if wanted not in config.receivers
                    else "it, without a single way to send"
                )
                + "; amtool config routes show"
            )
        for trigger, rule in self._rules(seen):
            self._lead(seen, trigger, rule, config, wanted)

    def _labels(self, rule: Rule) -> Sequence[Labels]:
        assert self.prometheus is not None
        return labels_of(rule, self.settings, self.prometheus)

    def _lead(self, seen: Seen, trigger: str, rule: Rule, config: Config, wanted: str) -> None:
        ways = [
            tuple(leaf.receiver for leaf in config.leaves_of(labels))
            for labels in self._labels(rule)
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
            seen.examined.append(f"route of {rule.get('name')}")

    # ── what would swallow them ──

    def _audible(self, seen: Seen) -> None:
        if (alertmanager := self._told(seen)) is None:
            return
        now, declared = Swallowing.of(alertmanager), self.settings.alerts
        for trigger, rule in self._rules(seen, canary=True):
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
                for sentence in now.of_alert(name, self._labels(rule), receiver)
            ]
            seen.findings += wrong
            if not wrong:
                seen.examined.append(f"alert {name}")
        seen.facts |= {
            "silences": len(now.silences),
            "inhibitions": len(now.config.inhibitions),
            "active alerts": len(now.active),
        }

    # ── one of them, all the way ──

    def _arriving(self, seen: Seen) -> None:
        declared = self.settings.alerts
        if self.prometheus is None:
            seen.undeclared("monitoring", "prometheus", "which Prometheus raises the alerts")
        elif self._told(seen) is None:
            return
        elif not (
            declared.canary
            and declared.receiver_listen
            and (declared.canary_receiver or declared.receiver)
        ):
            seen.undeclared(
                TABLE,
                "canary, receiver_listen and canary_receiver",
                "which alert fires at will, and where it should arrive",
            )
        else:
            assert self.alertmanager is not None
            Journey(self.settings, self.prometheus, self.alertmanager, self.move).go(seen)
