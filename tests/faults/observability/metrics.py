"""Metrics that are missing, frozen, short, stale, or of the wrong instances."""

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
    """`page` is what an instance of the fault's own job shows; `interval` how often it is scraped,
    where that is not all the time.
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
    """The pool runs full at night, and its curve was never there."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of a | a series | no series |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(pages.counted[instance], pool="")


class OneInstanceLacksTheMetric(MetricFault):
    """The new instance tells less than the old one; half of the target is dark."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of b | a series | no series |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(
            pages.counted[instance], pool="db_pool_in_use 1\n" if instance == "a" else ""
        )


class TheMetricIsOfLongAgo(MetricFault):
    """A gateway goes on telling what a dead process told it last."""

    check = THERE
    breaks, shows = (rules.SAMPLE_FRESH,), "db_pool_in_use of a | a sample of the last 5 s |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(
            pages.counted[instance], pool=f"db_pool_in_use 1 {round((time.time() - 120) * 1000)}\n"
        )


class TheCountersAreFrozen(MetricFault):
    """The page is kept by a cache: whatever happens, the curves stay flat."""

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
    """Of two workers behind one port only one is counted: half of the errors are never seen."""

    check = MOVING
    breaks, shows = (rules.REQUESTS_COUNTED,), "| at least +10 | +5 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(pages.counted[instance] if instance == "a" else 0)


class RequestsAreCountedTwice(MetricFault):
    """A share of errors is half of what it is. Only where nobody else asks can it be told."""

    check = MOVING
    breaks, shows = (rules.REQUESTS_COUNTED,), "| +10 | +20 |"

    @staticmethod
    def page(pages: Pages, instance: str) -> str:
        return page_text(2 * pages.counted[instance])

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, metrics={"quiet": True})


class AnInstanceIsDown(MetricFault):
    """One of two instances does not answer, and the other bears all."""

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
    """Prometheus hangs: it goes on answering, with what it knew ten minutes ago."""

    check = TARGETS
    breaks, shows = (rules.SAMPLE_FRESH,), "a | a sample of the last 5 s | 60"

    class Later(PrometheusApi):
        def fetch_time(self) -> float:
            return super().fetch_time() + 600

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, client=cls.Later)


class NoScrapeComesAnyMore(MetricFault):
    """Scraped once an hour, by a slip of the pen: a number that moves moves too late."""

    check, interval = MOVING, "1h"
    breaks, shows = (rules.SCRAPES_CONTINUE,), "a, b | a new sample within 0.5 s |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, scrape_seconds=0.5)


class TheLabelsAreOfAnotherJob(MetricFault):
    """The settings name a job that was renamed: what is looked at is nothing."""

    check = THERE
    breaks, shows = (rules.METRIC_PRESENT,), "db_pool_in_use of a | a series | no series |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, labels='job="renamed"')


class NobodySaysWhichMetrics(MetricFault):
    """An empty list is looked through quickly."""

    check, outcome = THERE, "not proven"
    breaks, shows = (rules.METRICS_DECLARED,), "targets.staging.monitoring.metrics.requests |"

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, metrics={"requests": None, "moving": (), "present": ()})


class PrometheusIsDead(MetricFault):
    """Who watches is gone: nothing is known."""

    check, outcome = TARGETS, "not proven"
    breaks, shows = (rules.PROMETHEUS_ANSWERS,), "http://127.0.0.1:9/"

    class Gone(PrometheusApi):
        def fetch_time(self) -> float:
            self.service.url = "http://127.0.0.1:9"
            return super().fetch_time()

    @classmethod
    def asked(cls, stack: PrometheusStack) -> MetricAssessments:
        return stack.metrics(cls.__name__, client=cls.Gone)
