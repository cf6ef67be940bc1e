"""When the plan's triggers of a rollback are met, somebody is told: the rules, what they look at,
and the way to the receiver.
"""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.signals.alerts import Alerts

pytestmark = pytest.mark.plan("alerts-configured")


def test_every_trigger_has_a_rule_in_force(alerts: Alerts) -> None:
    """A rule in a file that nobody loads alerts nobody.

    Each trigger's rule is loaded, evaluated just now, and as the plan has it.
    """
    sound(alerts.loaded())


def test_the_rules_look_at_something(alerts: Alerts) -> None:
    """A rule over a metric that does not exist never fires.

    Every selector of the rules finds series.
    """
    sound(alerts.grounded())


def test_the_alerts_would_go_to_the_receiver(alerts: Alerts) -> None:
    """An alert that goes to another team's drawer is lost.

    The routes lead each of them to the declared receiver, which tells somebody.
    """
    sound(alerts.routed())


def test_nothing_swallows_the_alerts(alerts: Alerts) -> None:
    """A silence of last month outlives its reason.

    No silence, no inhibition and no quiet hours keep one of them back.
    """
    sound(alerts.audible())


@pytest.mark.plan("alert-rules-tested")
def test_an_alert_arrives(alerts: Alerts) -> None:
    """Only an alert that arrived proves the way.

    The canary fires, is active in Alertmanager, and comes to the run by way of its receiver.
    """
    sound(alerts.arriving())
