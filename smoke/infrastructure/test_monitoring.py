"""A day before the cutover: what will watch it sees the target, and would tell somebody."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.signals.alerts import Alerts
from cutover.telemetry.signals.metrics import Metrics

pytestmark = pytest.mark.plan("monitoring-configured")


def test_monitoring_sees_the_target(metrics: Metrics) -> None:
    """Who watches nothing sees nothing. Every declared instance is scraped, and just now."""
    sound(metrics.targets())


def test_alert_rules_are_loaded(alerts: Alerts) -> None:
    """A day is enough to write a rule that is missing.

    Each rollback trigger has one, in force, and Prometheus knows whom to tell.
    """
    sound(alerts.loaded())
