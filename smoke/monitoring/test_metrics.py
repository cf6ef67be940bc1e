"""Prometheus sees the target, and what it tells is true: the numbers move when somebody works."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.signals.metrics import Metrics

pytestmark = pytest.mark.plan("metrics-reporting")


def test_every_instance_is_scraped(metrics: Metrics) -> None:
    """What is not scraped can burn unseen.

    Every declared instance is up, and its last sample is fresh.
    """
    sound(metrics.targets())


def test_every_declared_metric_is_there(metrics: Metrics) -> None:
    """A curve that is missing looks like one at zero.

    Each metric has fresh samples of each instance.
    """
    sound(metrics.there())


def test_metrics_move_with_the_work(metrics: Metrics) -> None:
    """A frozen number is worse than none.

    Requests are made, and the counters grow, that of requests by as many as were made.
    """
    sound(metrics.moving())
