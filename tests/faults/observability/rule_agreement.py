"""Faults of alert rules that are loaded, evaluated and look at something, but say another thing.

Each takes the rules of the reference with one of them replaced. promtool is real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml

from cutover_gates.config.monitoring import Monitoring, Trigger
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.agreement_assessments import RuleAgreement
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from reference.environment.description import describe_prometheus
from tests.faults.observability.observability_fault import ObservabilityFault

AGREES = "test_the_rules_fire_when_the_plan_says"
RULES = Path(__file__).parents[3] / "reference" / "monitoring" / "rules.yml"
INSTANCES = ("127.0.0.1:8000", "127.0.0.1:8001")
REQUESTS = 'http_requests_total{job="hospital"}'
BASELINE = 'job:http_request_duration_seconds:p95_baseline{job="hospital"}'
TRIGGERS: Sequence[Trigger] = ("health", "error-rate", "response-time", "database")


class LoadedRules(PrometheusApi):
    """A Prometheus that has loaded these groups of rules and scrapes once a second."""

    def __init__(self, groups: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(JsonService("http://127.0.0.1:9"))
        self.groups = groups

    def fetch_rule_groups(self) -> Sequence[Mapping[str, Any]]:
        return self.groups

    def fetch_scrape_interval(self, labels: str) -> float:
        return 1.0


def reference_groups() -> list[dict[str, Any]]:
    """Return the groups of the reference's file, as Prometheus answers them."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [{"interval": 1, "rules": list(map(_as_answered, group["rules"]))} for group in groups]


def reference_settings(**changed: Any) -> Monitoring:
    """Return the monitoring of the reference; `changed` are keys of its alerts."""
    table = describe_prometheus("http://127.0.0.1:9", INSTANCES, "127.0.0.1:9")
    return Monitoring.model_validate({**table, "alerts": {**table["alerts"], **changed}})


def agreement(groups: Sequence[Mapping[str, Any]], settings: Monitoring) -> RuleAgreement:
    """Return the question about these rules."""
    return RuleAgreement(settings, LoadedRules(groups), 2.0, ObservabilityContext("staging"))


def _as_answered(rule: Mapping[str, Any]) -> dict[str, Any]:
    if "record" in rule:
        return {"type": "recording", "name": rule["record"], "query": rule["expr"]}
    return {
        "type": "alerting",
        "name": rule["alert"],
        "query": rule["expr"],
        "labels": rule.get("labels", {}),
        "duration": _seconds(rule.get("for", "0s")),
        "keepFiringFor": _seconds(rule.get("keep_firing_for", "0s")),
    }


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)([sm])", text)
    assert found
    return float(found[1]) * {"s": 1, "m": 60}[found[2]]


class AgreementFault(ObservabilityFault):
    """The rule of `trigger` has another expression, and another `for` in seconds."""

    item, check = "alerts-configured", AGREES
    trigger: ClassVar[Trigger]
    expression: ClassVar[str] = ""
    lasts: ClassVar[float] = 0.0
    series: ClassVar[Mapping[str, Any]] = {}
    breaks: ClassVar[tuple[Any, ...]] = (rules.RULE_AGREES,)

    @classmethod
    def asked(cls) -> RuleAgreement:
        """Return the question; the other triggers are not tried, which takes their time."""
        settings = reference_settings()
        others = {each: "another fault tries it" for each in TRIGGERS if each != cls.trigger}
        series = {**settings.alerts.series.model_dump(), **cls.series}
        alert = settings.alerts.rules[cls.trigger]
        groups = [
            {**group, "rules": list(cls.change(group, alert))} for group in reference_groups()
        ]
        return agreement(groups, reference_settings(untried=others, series=series))

    @classmethod
    def change(cls, group: Mapping[str, Any], alert: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rules of a group, the alert's changed."""
        for rule in group["rules"]:
            if rule["name"] == alert and cls.expression:
                yield {**rule, "query": cls.expression, "duration": cls.lasts, "keepFiringFor": 0}
            else:
                yield rule


class TheThirdFailureRollsBack(AgreementFault):
    """Three failed health checks in a row are allowed, and take the new release away."""

    trigger = "health"
    expression, lasts = 'up{job="hospital"} == 0', 2.0
    shows = "health: HospitalUnhealthy: three failures, then an answer | it does not fire |"


class TheHealthRuleWaitsForTheTenthFailure(AgreementFault):
    """Nobody is told of an instance that was dead for nine checks."""

    trigger = "health"
    expression, lasts = 'up{job="hospital"} == 0', 9.0
    shows = "health: HospitalUnhealthy: four failures | it fires | it does not fire"


class TheHealthRuleWaitsForAllInstances(AgreementFault):
    """One of two instances is dead, and half of the ward's requests fail."""

    trigger = "health"
    expression, lasts = 'sum by (job) (up{job="hospital"}) == 0', 3.0
    series: ClassVar = {"constant": {f'up{{job="hospital",instance="{INSTANCES[1]}"}}': 1}}
    shows = "one instance is dead | it fires | it does not fire"


class TheErrorRuleCountsItsWindowTwice(AgreementFault):
    """A minute's rate stays high for a minute after the trouble: four minutes count as five."""

    trigger = "error-rate"
    expression, lasts = (
        (
            f'sum(rate(http_requests_total{{job="hospital",status=~"5.."}}[1m]))'
            f" / sum(rate({REQUESTS}[1m])) > 0.01"
        ),
        300.0,
    )
    shows = "10 % for 260 s | it does not fire | it fires after "


class TheErrorRuleBeginsAnewAfterAGap(AgreementFault):
    """A Prometheus that misses nine scrapes forgets how long the errors have lasted."""

    trigger = "error-rate"
    expression, lasts = (
        (
            f'sum(rate(http_requests_total{{job="hospital",status=~"5.."}}[10s]))'
            f" / sum(rate({REQUESTS}[10s])) > 0.01"
        ),
        300.0,
    )
    shows = "a gap of 45 s in a trouble | it fires | it does not fire"


class TheErrorRuleLooksAtOneStatus(AgreementFault):
    """The rule knows 503 only; the new release answers 500."""

    trigger = "error-rate"
    expression, lasts = (
        (
            f'sum(rate(http_requests_total{{job="hospital",status="503"}}[10s]))'
            f" / sum(rate({REQUESTS}[10s])) > 0.01"
        ),
        290.0,
    )
    shows = "100 % for 360 s | it fires | it does not fire"


class TheErrorRuleFiresAtOnce(AgreementFault):
    """One bad minute takes a good release away: the five minutes were forgotten."""

    trigger = "error-rate"
    expression = (
        f'sum(rate(http_requests_total{{job="hospital",status=~"5.."}}[1m]))'
        f" / sum(rate({REQUESTS}[1m])) > 0.01"
    )
    shows = "100 % for 245 s | it does not fire | it fires after "


class TheSlowRuleLooksAtTheMedian(AgreementFault):
    """One search in ten takes seconds, and the median does not move."""

    trigger = "response-time"
    expression, lasts = (
        (
            "histogram_quantile(0.5, sum by (job, le)"
            ' (rate(http_request_duration_seconds_bucket{job="hospital"}[10s])))'
            f" / {BASELINE} > 2"
        ),
        590.0,
    )
    shows = "10 % slow for 700 s | it fires | it does not fire"


class TheSlowRuleCountsItsWindowTwice(AgreementFault):
    """A percentile of five minutes stays high for five minutes after the trouble."""

    trigger = "response-time"
    expression, lasts = (
        (
            "histogram_quantile(0.95, sum by (job, le)"
            ' (rate(http_request_duration_seconds_bucket{job="hospital"}[5m])))'
            f" / {BASELINE} > 2"
        ),
        600.0,
    )
    shows = "all slow for 540 s | it does not fire | it fires after "


class OneTimeoutRollsBack(AgreementFault):
    """A single request that waited in vain for a connection takes the new release away."""

    trigger = "database"
    expression = 'increase(db_pool_timeouts_total{job="hospital"}[1m]) > 0'
    shows = "one pool time-out | it does not fire | it fires after "


class TheDatabaseRuleKnowsNoTimeouts(AgreementFault):
    """All requests wait in vain for a connection, and the pool looks full and well."""

    trigger = "database"
    expression = (
        'max_over_time(db_pool_size{job="hospital"}[5s]) == 0'
        ' and min_over_time(db_pool_waiting{job="hospital"}[5s]) > 0'
    )
    shows = "pool time-outs in two evaluations | it fires | it does not fire"


class TheSeriesAreNotDeclared(AgreementFault):
    """Nobody said which series counts the errors, so the rule is not tried."""

    trigger, outcome = "error-rate", "not proven"
    series: ClassVar = {"failed": None}
    shows = "monitoring.alerts.series.failed |"


class NoBucketEndsNearTheLimit(AgreementFault):
    """The first bucket ends at one second, so nobody sees 0.2 s exceeded."""

    trigger, outcome = "response-time", "not proven"
    series: ClassVar = {"duration_edges": [1.0, 5.0]}
    shows = "monitoring.alerts.series.duration_edges |"


class PromtoolRefusesTheRule(AgreementFault):
    """The rule uses a function that this promtool does not know: it was not tried."""

    trigger, outcome = "health", "not proven"
    expression = 'no_such_function(up{job="hospital"}) == 0'
    shows = "health: HospitalUnhealthy |"
