"""The judgement of one alerting rule: is it evaluated and as planned; the labels of its alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover_gates.config.monitoring import AlertSettings, Monitoring
from cutover_gates.core.findings import Finding
from cutover_gates.probes.observability.alertmanager_routing import Labels
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.prometheus_api import AlertRule, PrometheusApi
from cutover_gates.probes.observability.promql import (
    PromqlSelector,
    UnsupportedExpression,
    find_numbers,
    find_result_labels,
    parse_selectors,
)

MAX_SERIES = 200
"""Series of one selector whose labels are examined."""
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class TriggerRule:
    """An alerting rule, and the rollback trigger (or `canary`) that it belongs to."""

    trigger: str
    rule: AlertRule

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"{self.trigger}: {self.rule.name}"


def find_evaluation_problems(
    each: TriggerRule, now: float, scrape_seconds: float, command: str
) -> Iterator[Finding]:
    """Yield a finding for each reason why a rule cannot be trusted to be evaluated.

    `now` is on Prometheus' clock, in seconds since 1970.
    """
    rule = each.rule
    if rule.health != "ok":
        actual = f"{rule.health}: {rule.last_error or 'no reason given'}"
        if rule.health != "err":
            actual = f"{rule.health}: not evaluated yet"
        yield Finding(rules.RULE_EVALUATED, each.subject, "health ok", actual, command)
    # Two intervals: an evaluation may be under way just now.
    age, limit = rule.evaluation_age(now), scrape_seconds + 2 * rule.interval
    # A rule of any other health has not been evaluated yet, which is said above.
    if rule.health in ("ok", "err") and (age is None or age > limit):
        actual = "never evaluated" if age is None else f"evaluated {age:.0f} s ago"
        expected = f"evaluated within {limit:g} s"
        yield Finding(rules.RULE_EVALUATED, each.subject, expected, actual, command)


def compare_with_plan(each: TriggerRule, declared: AlertSettings) -> Iterator[Finding]:
    """Yield a finding for each thing in which a rule differs from the plan.

    These are how long it waits and the number that it compares with. Raises
    `UnsupportedExpression`.
    """
    rule = each.rule
    for trigger, seconds in declared.for_seconds.items():
        if trigger == each.trigger and rule.seconds != seconds:
            expected, actual = f"for: {seconds:g}s", f"for: {rule.seconds:g}s"
            yield Finding(rules.RULE_AS_PLANNED, each.subject, expected, actual)
    for trigger, limit in declared.thresholds.items():
        if trigger == each.trigger and limit not in find_numbers(rule.query):
            expected = f"a comparison with {limit:g}"
            yield Finding(rules.RULE_AS_PLANNED, each.subject, expected, rule.query)


def collect_alert_labels(
    rule: AlertRule, settings: Monitoring, prometheus: PrometheusApi
) -> Sequence[Labels]:
    """Return the label sets that an alert of this rule may carry.

    These are its own labels alone, and with those of each series that it reads. Raises
    `SourceUnavailable`.
    """
    # The alert's own labels override those of the series, as in Prometheus.
    own = {**rule.labels, "alertname": rule.name}
    try:
        selectors = parse_selectors(rule.query)
        kept = find_result_labels(rule.query)
    except UnsupportedExpression:
        selectors, kept = (), None
    # Only plain equalities give a label a value.
    declared = dict(_LABEL.findall(settings.labels))
    # An alert on `up` fires for series that may not exist now.
    series: list[Labels] = [{**declared, "instance": each} for each in settings.targets]
    for selector in selectors:
        series += _fetch_series_labels(selector, prometheus)
    return [own, *({**_keep_labels(labels, kept), **own} for labels in series)]


def _fetch_series_labels(selector: PromqlSelector, prometheus: PrometheusApi) -> list[Labels]:
    # Series that come only with trouble have the labels of the same metric without it.
    is_present = prometheus.query(f"count({selector.text})")
    expression = selector.text if is_present else selector.any_value
    return [sample.labels for sample in prometheus.query(expression)[:MAX_SERIES]]


def _keep_labels(labels: Labels, kept: frozenset[str] | None) -> Labels:
    """Return the labels that the expression leaves; `kept` None: all but the metric's name."""
    return {
        name: value
        for name, value in labels.items()
        if name != "__name__" and (kept is None or name in kept)
    }
