"""Checks of the target's metrics in Prometheus."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments

pytestmark = pytest.mark.plan("metrics-reporting")


def test_every_instance_is_scraped(metrics: MetricAssessments) -> None:
    """Prometheus scrapes every declared instance, which is up and has a fresh sample.

    A failure of an instance that is not scraped is not noticed.
    """
    assert_passed(metrics.assess_targets())


def test_every_declared_metric_is_there(metrics: MetricAssessments) -> None:
    """Every declared metric has fresh samples of every instance.

    A missing curve looks like one at zero.
    """
    assert_passed(metrics.assess_presence())


def test_metrics_move_with_the_work(metrics: MetricAssessments) -> None:
    """Counters grow with requests, and the request counter by as many as were sent.

    A counter that stands still hides errors and load.
    """
    assert_passed(metrics.assess_growth())
