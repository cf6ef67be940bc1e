"""Faults of alerts: not loaded, without series, sent elsewhere, or suppressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.faults.observability.prometheus_stack import PrometheusStack

LOADED, GROUNDED = "test_every_trigger_has_a_rule_in_force", "test_the_rules_look_at_something"
ROUTED, AUDIBLE, ARRIVING = (
    "test_the_alerts_would_go_to_the_receiver",
    "test_nothing_swallows_the_alerts",
    "test_an_alert_arrives",
)

GOOD: Sequence[Mapping[str, Any]] = (
    {
        "alert": "GoodHealth",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
        "labels": {"severity": "page"},
    },
    {
        "alert": "GoodErrors",
        "labels": {"severity": "page"},
        "expr": (
            'sum(rate(http_requests_total{job="good",status=~"5.."}[1m])) /'
            ' sum(rate(http_requests_total{job="good"}[1m])) > 0.01'
        ),
    },
    {
        "alert": "GoodSlow",
        "expr": 'rate(http_seconds_count{job="good"}[1m]) > 1e6',
        "labels": {"severity": "page"},
    },
    {
        "alert": "GoodDatabase",
        "expr": 'db_pool_in_use{job="good"} > 99 # all of them',
        "labels": {"severity": "page"},
    },
    {"alert": "GoodCanary", "expr": "vector(1)", "labels": {"severity": "test"}},
    {"alert": "Maintenance", "expr": "vector(1)", "labels": {"site": "north"}},
)
"""The rules without a fault."""


class AlertFault(ObservabilityFault):
    """`rule` stands beside the good ones, and is that of the trigger `trigger`; `lazy`: it is
    evaluated once an hour. `goes_to`: the receiver of its route. `silence`: matchers by label.
    """

    item = "alerts-configured"
    rule: ClassVar[Mapping[str, Any] | None] = None
    trigger: ClassVar[str] = "health"
    lazy: ClassVar[bool] = False
    goes_to: ClassVar[str | None] = None
    silence: ClassVar[Mapping[str, str] | None] = None

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        assert cls.rule is not None
        return stack.rule(cls.rule["alert"], cls.trigger)


class ARuleFileIsNotLoaded(AlertFault):
    """It was written, reviewed, and never mounted."""

    check = LOADED
    breaks, shows = (rules.RULE_LOADED,), "health: NotLoaded |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.rule("NotLoaded")


class ARuleHasAnError(AlertFault):
    """Every evaluation fails, so the alert never fires."""

    check = LOADED
    breaks, shows = (rules.RULE_EVALUATED,), "health: Erring | health ok | err: "
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Erring",
        "for": "3s",
        "expr": 'http_requests_total{job="good"} * on (job) http_requests_total{job="good"} > 1',
    }


class ARuleIsNotEvaluated(AlertFault):
    """Its group has an interval of an hour."""

    check, lazy = LOADED, True
    breaks, shows = (rules.RULE_EVALUATED,), "| health ok | unknown: not evaluated yet |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Lazy",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
    }


class ARuleWaitsTooLong(AlertFault):
    """The plan says 3 seconds, the rule waits for an hour."""

    check = LOADED
    breaks, shows = (rules.RULE_AS_PLANNED,), "| for: 3s | for: 3600s |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Waiting",
        "expr": 'up{job="good"} == 0',
        "for": "1h",
    }


class ARuleHasAnotherThreshold(AlertFault):
    """The plan says 1 %, the rule fires at 10 %."""

    check, trigger = LOADED, "error-rate"
    breaks, shows = (rules.RULE_AS_PLANNED,), "error-rate: Tolerant | a comparison with 0.01 |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Tolerant",
        "expr": 'sum(rate(http_requests_total{job="good"}[1m])) > 0.1',
    }


class PrometheusKnowsNoAlertmanager(AlertFault):
    """Alerts fire in Prometheus and are sent to nobody."""

    check = LOADED
    breaks, shows = (rules.ALERTMANAGER_CONNECTED,), "| an Alertmanager | none |"

    class Alone(PrometheusApi):
        def count_alertmanagers(self) -> int:
            return 0

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.alerts(client=cls.Alone)


class ATriggerHasNoAlert(AlertFault):
    """Three of the plan's four triggers have a declared alert, the fourth has none."""

    check, outcome = LOADED, "not proven"
    breaks, shows = (rules.TRIGGER_HAS_ALERT,), "monitoring.alerts.rules.database |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.alerts(
            rules={"health": "GoodHealth", "error-rate": "GoodErrors", "response-time": "GoodSlow"}
        )


class ARuleLooksAtAMissingMetric(AlertFault):
    """The metric was renamed with the release; the rule was not."""

    check = GROUNDED
    breaks, shows = (
        (rules.SELECTOR_FINDS_SERIES,),
        'series of http_request_errors_total{job="good"} | no series |',
    )
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Blind",
        "expr": 'rate(http_request_errors_total{job="good"}[5m]) > 0',
    }


class ARuleLooksAtAMissingLabel(AlertFault):
    """Its series are declared as absent while all is well, but there is no such label."""

    check = GROUNDED
    breaks, shows = (
        (rules.ABSENT_METRIC_EXISTS,),
        'series of http_requests_total{code!=""} | no series |',
    )
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Mislabelled",
        "expr": 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) > 0',
    }

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        rules = {
            "health": "Mislabelled",
            "error-rate": "GoodErrors",
            "response-time": "GoodSlow",
            "database": "GoodDatabase",
        }
        absent = {
            'http_requests_total{code=~"5.."}': "no failure yet",
            'http_requests_total{job="good",status=~"5.."}': "no failure yet",
        }
        return stack.alerts(rules=rules, absent_when_healthy=absent)


class ARuleLooksAtNothing(AlertFault):
    """The rule is a placeholder that nobody filled in."""

    check = GROUNDED
    breaks, shows = (rules.EXPRESSION_READS_SERIES,), "| a series | vector(0) > 1 |"
    rule: ClassVar[Mapping[str, Any]] = {"alert": "Placeholder", "expr": "vector(0) > 1"}


class AnAlertGoesToAnotherTeam(AlertFault):
    """The billing team is called, and does not know why."""

    check = ROUTED
    breaks, shows = (rules.ROUTED_TO_RECEIVER,), "health: Astray | operations | another-team |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Astray",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
        "labels": {"team": "billing"},
    }


class TheReceiverTellsNobody(AlertFault):
    """A receiver without an integration accepts every alert and sends none."""

    check = ROUTED
    breaks, shows = (
        (rules.RECEIVER_NOTIFIES,),
        "drawer | a receiver with an integration | no integration |",
    )
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Kept",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
        "labels": {"team": "nobody-yet"},
    }

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.alerts(receiver="drawer")


class AnAlertIsSilenced(AlertFault):
    """A silence of last month's maintenance ends in 2099."""

    check = AUDIBLE
    breaks, shows = (rules.NOT_SILENCED,), 'alertname=~"Silenced.*" |'
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "SilencedHealth",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
    }
    silence: ClassVar[Mapping[str, str]] = {"alertname": "Silenced.*"}


class OneInstanceIsSilenced(AlertFault):
    """The alert of one of two instances is silenced."""

    check = AUDIBLE
    breaks, shows = (rules.NOT_SILENCED,), 'instance=~"a" |'
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "HalfSilent",
        "expr": 'db_pool_in_use{job="good"} > 98',
    }
    silence: ClassVar[Mapping[str, str]] = {"alertname": "Half.*", "instance": "a"}


class AnAlertIsInhibited(AlertFault):
    """The alert Maintenance has been active for weeks and inhibits all others."""

    check = AUDIBLE
    breaks, shows = (rules.NOT_INHIBITED,), "| sent | inhibited by Maintenance |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "InhibitedHealth",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
        "labels": {"site": "north"},
    }


class TheRouteIsMuteAtThisTime(AlertFault):
    """Nobody is called between ten and six; the cutover is at two."""

    check = AUDIBLE
    breaks, shows = (rules.NOT_MUTED,), "| sent | within the time interval always |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "Asleep",
        "expr": 'up{job="good"} == 0',
        "for": "3s",
        "labels": {"team": "asleep"},
    }


class CanaryFault(AlertFault):
    """The rule is the canary's."""

    item, check = "alert-rules-tested", ARRIVING

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        assert cls.rule is not None
        return stack.canary(cls.rule["alert"])


class TheCanaryNeverFires(CanaryFault):
    """Its threshold is never reached: nothing is tested."""

    breaks, shows = (rules.CANARY_FIRES,), "QuietCanary | firing within 1 s | not firing |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "QuietCanary",
        "expr": 'http_requests_total{job="good"} > 1e9',
        "labels": {"severity": "test"},
    }
    goes_to = "cutover"


class TheCanaryIsSilenced(CanaryFault):
    """It fires, and a silence keeps it from being sent."""

    breaks, shows = (rules.CANARY_ACTIVE,), "| active within 1 s | suppressed by "
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "SilencedCanary",
        "expr": "vector(1)",
        "labels": {"severity": "test"},
    }
    goes_to = "cutover"


class TheCanaryIsInhibited(CanaryFault):
    """It fires, and another alert inhibits it."""

    breaks, shows = (rules.CANARY_ACTIVE,), "| active within 1 s | suppressed by "
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "InhibitedCanary",
        "expr": "vector(1)",
        "labels": {"severity": "test", "site": "north"},
    }
    goes_to = "cutover"


class TheCanaryComesByTheWrongReceiver(CanaryFault):
    """It arrives through another team's receiver: ours is not proven."""

    breaks, shows = (rules.CANARY_RECEIVER,), "StrayCanary | receiver cutover | another-team |"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "StrayCanary",
        "expr": "vector(1)",
        "labels": {"severity": "test"},
    }
    goes_to = "another-team"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.canary("StrayCanary", canary_seconds=10)


class TheReceiverRefuses(CanaryFault):
    """The receiver of the alert does not answer."""

    breaks, shows = (rules.CANARY_ARRIVES,), "RefusedCanary | a message at 127.0.0.1:"
    rule: ClassVar[Mapping[str, Any]] = {
        "alert": "RefusedCanary",
        "expr": "vector(1)",
        "labels": {"severity": "test"},
    }
    goes_to = "refusing"


class TheCanaryLostItsLabel(CanaryFault):
    """Relabelling removes the severity, by which the next service decides whom to call."""

    breaks, shows = (rules.CANARY_LABELS,), "BareCanary | severity=test | no label severity |"
    rule: ClassVar[Mapping[str, Any]] = {"alert": "BareCanary", "expr": "vector(1)"}
    goes_to = "cutover"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.canary("BareCanary", canary_seconds=10)


class AlertmanagerIsDead(CanaryFault):
    """Prometheus sends its alerts to a dead Alertmanager."""

    outcome = "not proven"
    breaks, shows = (rules.SERVICES_ANSWER,), "http://127.0.0.1:9/"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.canary("GoodCanary", alertmanager="http://127.0.0.1:9")


class AnotherRunListensThere(CanaryFault):
    """Two runs listen at one address: it is unknown which of them gets the message."""

    outcome = "not proven"
    breaks, shows = (rules.RUN_LISTENS,), "Address already in use |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> AlertAssessments:
        return stack.canary(
            "GoodCanary", receiver_listen=stack.prometheus_url.removeprefix("http://")
        )
