"""Checks of Prometheus and its alerting rules, a day before the cutover."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments

pytestmark = pytest.mark.plan("monitoring-configured")


def test_monitoring_sees_the_target(metrics: MetricAssessments) -> None:
    """Prometheus scrapes every declared instance, which is up and has a fresh sample.

    A failure of an instance that is not scraped is not noticed.
    """
    assert_passed(metrics.assess_targets())


def test_alert_rules_are_loaded(alerts: AlertAssessments) -> None:
    """Every rollback trigger has a rule in force, and Prometheus knows an Alertmanager.

    A day before the cutover a missing rule can still be written.
    """
    assert_passed(alerts.assess_rules())
