"""A day before the cutover: what will watch it sees the target, and would tell somebody."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments

pytestmark = pytest.mark.plan("monitoring-configured")


def test_monitoring_sees_the_target(metrics: MetricAssessments) -> None:
    """Who watches nothing sees nothing. Every declared instance is scraped, and just now."""
    assert_passed(metrics.assess_targets())


def test_alert_rules_are_loaded(alerts: AlertAssessments) -> None:
    """A day is enough to write a rule that is missing.

    Each rollback trigger has one, in force, and Prometheus knows whom to tell.
    """
    assert_passed(alerts.assess_rules())
