"""Prometheus sees the target, and what it tells is true: the numbers move when somebody works."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments

pytestmark = pytest.mark.plan("metrics-reporting")


def test_every_instance_is_scraped(metrics: MetricAssessments) -> None:
    """What is not scraped can burn unseen.

    Every declared instance is up, and its last sample is fresh.
    """
    assert_passed(metrics.assess_targets())


def test_every_declared_metric_is_there(metrics: MetricAssessments) -> None:
    """A curve that is missing looks like one at zero.

    Each metric has fresh samples of each instance.
    """
    assert_passed(metrics.assess_presence())


def test_metrics_move_with_the_work(metrics: MetricAssessments) -> None:
    """A frozen number is worse than none.

    Requests are made, and the counters grow, that of requests by as many as were made.
    """
    assert_passed(metrics.assess_growth())
