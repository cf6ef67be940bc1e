"""When the plan's triggers of a rollback are met, somebody is told: the rules, what they look at,
and the way to the receiver.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments

pytestmark = pytest.mark.plan("alerts-configured")


def test_every_trigger_has_a_rule_in_force(alerts: AlertAssessments) -> None:
    """A rule in a file that nobody loads alerts nobody.

    Each trigger's rule is loaded, evaluated just now, and as the plan has it.
    """
    assert_passed(alerts.assess_rules())


def test_the_rules_look_at_something(alerts: AlertAssessments) -> None:
    """A rule over a metric that does not exist never fires.

    Every selector of the rules finds series.
    """
    assert_passed(alerts.assess_series())


def test_the_alerts_would_go_to_the_receiver(alerts: AlertAssessments) -> None:
    """An alert that goes to another team's drawer is lost.

    The routes lead each of them to the declared receiver, which tells somebody.
    """
    assert_passed(alerts.assess_routes())


def test_nothing_swallows_the_alerts(alerts: AlertAssessments) -> None:
    """A silence of last month outlives its reason.

    No silence, no inhibition and no quiet hours keep one of them back.
    """
    assert_passed(alerts.assess_suppression())


@pytest.mark.plan("alert-rules-tested")
def test_an_alert_arrives(alerts: AlertAssessments) -> None:
    """Only an alert that arrived proves the way.

    The canary fires, is active in Alertmanager, and comes to the run by way of its receiver.
    """
    assert_passed(alerts.assess_canary())
