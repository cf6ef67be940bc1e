"""Faults of metrics: missing, frozen, too small, old, or of other instances."""

from __future__ import annotations

import time
from typing import ClassVar

from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.faults.observability.prometheus_stack import (
    Pages,
    PrometheusStack,
    healthy_page,
    page_text,
)

TARGETS, THERE, MOVING = (
    "test_every_instance_is_scraped",
    "test_every_declared_metric_is_there",
    "test_metrics_move_with_the_work",
)


class MetricFault(ObservabilityFault):
    """A fault of the pages of one job, which only this fault has.

    `page` is what an instance of the job shows. `interval` is how often it is scraped, where that is
    not all the time.
    """

    item = "metrics-reporting"
    interval: ClassVar[str | None] = None

    @staticmethod
    def page(pages: Pages, instance: str) -> str | None:
        return healthy_page(pages, instance)

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__)


class AMetricIsMissing(MetricFault):
    """The connection pool fills at night, and there never was a curve of it."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of a | a series | no series |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(pages.counted[instance], pool="")


class OneInstanceLacksTheMetric(MetricFault):
    """The new instance has fewer metrics than the old one: half of the target is not watched."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of b | a series | no series |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(
            pages.counted[instance], pool="db_pool_in_use 1\n" if instance == "a" else ""
        )


class TheMetricIsOfLongAgo(MetricFault):
    """A gateway still shows the last values of a dead process."""

    check = THERE
    breaks, shows = (rules.SAMPLE_FRESH,), "db_pool_in_use of a | a sample of the last 5 s |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(
            pages.counted[instance], pool=f"db_pool_in_use 1 {round((time.time() - 120) * 1000)}\n"
        )


class TheCountersAreFrozen(MetricFault):
    """A cache keeps the page: whatever happens, the curves stay flat."""

    check = MOVING
    breaks, shows = (rules.REQUESTS_COUNTED,), "| at least +10 | +0 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(0)


class OneOfTheMetricsIsFrozen(MetricFault):
    """Requests are counted, their seconds are not: slow answers stay unseen."""

    check = MOVING
    breaks, shows = (rules.COUNTER_GROWS,), "http_seconds_count | growth | +0 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(pages.counted[instance], seconds=0)


class TheCounterMovesTooLittle(MetricFault):
    """Of two workers behind one port only one is counted: half of the errors are missed."""

    check = MOVING
    breaks, shows = (rules.REQUESTS_COUNTED,), "| at least +10 | +5 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(pages.counted[instance] if instance == "a" else 0)


class RequestsAreCountedTwice(MetricFault):
    """Every error rate is wrong by half. It shows only where nobody else sends requests."""

    check = MOVING
    breaks, shows = (rules.REQUESTS_COUNTED,), "| +10 | +20 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(2 * pages.counted[instance])

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, metrics={"quiet": True})


class AnInstanceIsDown(MetricFault):
    """One of two instances does not answer, and the other has all of the load."""

    check = TARGETS
    breaks, shows = (rules.INSTANCE_UP,), "b | up | down: "

    @staticmethod
    def page(pages: Pages, instance: str) -> str | None:
        return healthy_page(pages, instance) if instance == "a" else None


class AnInstanceIsNotScraped(MetricFault):
    """The third instance was added last week, to the balancer and not to Prometheus."""

    check = TARGETS
    breaks, shows = (rules.INSTANCE_SCRAPED,), "c | a scraped target |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, targets=["a", "b", "c"])


class ScrapesCameToAStop(MetricFault):
    """Prometheus no longer scrapes, and answers with samples of ten minutes ago."""

    check = TARGETS
    breaks, shows = (rules.SAMPLE_FRESH,), "a | a sample of the last 5 s | 60"

    class Later(PrometheusApi):
        def fetch_time(self) -> float:
            return super().fetch_time() + 600

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, client=cls.Later)


class NoScrapeComesAnyMore(MetricFault):
    """The job is scraped once an hour by a typing error: every change shows too late."""

    check, interval = MOVING, "1h"
    breaks, shows = (rules.SCRAPES_CONTINUE,), "a, b | a new sample within 0.5 s |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, scrape_seconds=0.5)


class TheLabelsAreOfAnotherJob(MetricFault):
    """The settings name a job that was renamed: no series is checked."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of a | a series | no series |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, labels='job="renamed"')


class NobodySaysWhichMetrics(MetricFault):
    """No metric is declared: an empty list would pass at once."""

    check, outcome = THERE, "not proven"
    breaks, shows = (rules.METRICS_DECLARED,), "targets.staging.monitoring.metrics.requests |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, metrics={"requests": None, "moving": (), "present": ()})


class PrometheusIsDead(MetricFault):
    """Prometheus is down: nothing is known of the target."""

    check, outcome = TARGETS, "not proven"
    breaks, shows = (rules.PROMETHEUS_ANSWERS,), "http://127.0.0.1:9/"

    class Gone(PrometheusApi):
        def fetch_time(self) -> float:
            self.service.url = "http://127.0.0.1:9"
            return super().fetch_time()

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, client=cls.Gone)
