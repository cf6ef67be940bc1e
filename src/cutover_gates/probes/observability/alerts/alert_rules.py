"""An alerting rule as Prometheus tells of it: what is wrong with it, where it is unlike the plan,
and what labels its alerts may carry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cutover_gates.config.monitoring import AlertSettings, Monitoring
from cutover_gates.probes.observability.alertmanager_routing import Labels
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import (
    UnsupportedExpression,
    find_numbers,
    find_result_labels,
    parse_selectors,
)

AlertRule = Mapping[str, Any]
MAX_SERIES = 200
"""Series of one selector whose labels are looked at."""
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def find_rule_problems(
    rule: AlertRule, now: float, scrape_seconds: float, masked: Callable[[object], str]
) -> Iterator[str]:
    """A sentence for each thing. `now` is on Prometheus' clock."""
    health = rule.get("health")
    if health == "err":
        yield f"its evaluation fails: {masked(rule.get('lastError') or 'no reason')}"
    elif health != "ok":
        yield f"expected health ok, came {health}: it was not evaluated yet"
    ago, limit = evaluation_age(rule, now), scrape_seconds + 2 * float(rule.get("interval") or 0)
    if health in ("ok", "err") and (ago is None or ago > limit):
        yield (
            f"expected to be evaluated within {limit:g} s, came"
            f" {'never' if ago is None else f'{ago:.0f} s ago'}"
        )


def evaluation_age(rule: AlertRule, now: float) -> float | None:
    """Since its last evaluation; None where there was none."""
    try:
        at = datetime.fromisoformat(str(rule["lastEvaluation"]))
    except (KeyError, ValueError):
        return None
    return round(now - at.timestamp(), 1) if at.year > 2000 else None


def compare_with_plan(trigger: str, rule: AlertRule, declared: AlertSettings) -> Iterator[str]:
    """Where a rule waits, or compares, otherwise than the plan has it."""
    for name, seconds in declared.for_seconds.items():
        if name == trigger and float(rule.get("duration") or 0) != seconds:
            yield f"expected for: {seconds:g}s, came {float(rule.get('duration') or 0):g}s"
    for name, limit in declared.thresholds.items():
        try:
            if name == trigger and limit not in find_numbers(str(rule.get("query"))):
                yield (
                    f"expected to compare with {limit:g}, and its expression holds no such number:"
                    f" {rule.get('query')}"
                )
        except UnsupportedExpression as why:
            yield f"its expression is not understood: {why}"


def collect_alert_labels(
    rule: AlertRule, settings: Monitoring, prometheus: PrometheusApi
) -> Sequence[Labels]:
    """The labels that an alert of this rule may carry: its own alone, and with those of each series
    that it looks at. Raises `TelemetrySilent`.
    """
    own = {
        **{str(name): str(value) for name, value in (rule.get("labels") or {}).items()},
        "alertname": str(rule.get("name")),
    }
    try:
        found, left = (
            parse_selectors(str(rule.get("query", ""))),
            find_result_labels(str(rule.get("query", ""))),
        )
    except UnsupportedExpression:
        found, left = (), None
    series: list[Labels] = [
        {**dict(_LABEL.findall(settings.labels)), "instance": instance}
        for instance in settings.targets
    ]
    for selector in found:
        expression = (
            selector.text if prometheus.query(f"count({selector.text})") else selector.any_value
        )
        series += [sample.labels for sample in prometheus.query(expression)[:MAX_SERIES]]
    return [
        own,
        *(
            {
                **{
                    name: value
                    for name, value in labels.items()
                    if name != "__name__" and (left is None or name in left)
                },
                **own,
            }
            for labels in series
        ),
    ]
