"""Checks of the alerts of the rollback triggers, from their rules to their receiver."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.alerts.agreement_assessments import RuleAgreement
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments

pytestmark = pytest.mark.plan("alerts-configured")


def test_every_trigger_has_a_rule_in_force(alerts: AlertAssessments) -> None:
    """Every rollback trigger has a rule that is loaded, evaluated and as planned.

    A rule in a file that is not loaded alerts nobody.
    """
    assert_passed(alerts.assess_rules())


def test_the_rules_fire_when_the_plan_says(rule_agreement: RuleAgreement) -> None:
    """Each trigger's rule fires on series that the plan calls a rollback, and on no others.

    A rule over a minute's rate with `for: 5m` fires for 245 seconds of errors, and misses 1.05 %.
    """
    assert_passed(rule_agreement.assess())


def test_the_rules_look_at_something(alerts: AlertAssessments) -> None:
    """Every selector of the alerting rules finds series.

    A rule over a metric that does not exist never fires.
    """
    assert_passed(alerts.assess_series())


def test_the_alerts_would_go_to_the_receiver(alerts: AlertAssessments) -> None:
    """The routes lead every alert to the declared receiver, which can send.

    An alert at another team's receiver is lost.
    """
    assert_passed(alerts.assess_routes())


def test_nothing_swallows_the_alerts(alerts: AlertAssessments) -> None:
    """No silence, inhibition or time interval suppresses an alert.

    A silence of last month may still be active.
    """
    assert_passed(alerts.assess_suppression())


@pytest.mark.plan("alert-rules-tested")
def test_an_alert_arrives(alerts: AlertAssessments) -> None:
    """The canary alert fires, is active in Alertmanager and arrives through its receiver.

    Only an alert that arrived proves the whole way.
    """
    assert_passed(alerts.assess_canary())
