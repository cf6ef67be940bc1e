"""A short night of real processes, scraped by a real Prometheus, and the question to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.config.metric_settings import MetricSettings
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.probes.observability.metrics.night_traffic import NightTraffic
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from tests.scraped_processes import (
    NEW,
    OLD,
    SCRAPE_SECONDS,
    RunningPrometheus,
    ScrapedProcess,
    job,
    running_prometheus,
    trigger_series,
)

REQUESTS = "http_requests_total"


@dataclass
class ScrapedNight:
    """Two processes behind one Prometheus. The window begins when it is made."""

    new: ScrapedProcess
    old: ScrapedProcess
    prometheus: RunningPrometheus
    begins: float = field(default_factory=time.time)

    def wait_for_scrape(self) -> None:
        """Wait until what was counted is scraped, several times."""
        time.sleep(6 * SCRAPE_SECONDS)

    def ask(self, requests: str | None = REQUESTS, **given: Any) -> NightTraffic:
        """Return the question to the window until now."""
        ends = time.time()
        monitoring = Monitoring(
            prometheus=self.prometheus.url,
            labels='job=~"hospital.*"',
            metrics=MetricSettings(requests=requests),
            triggers=trigger_series(),
        )
        api = PrometheusApi(JsonService(self.prometheus.url))
        window = (given.get("begins", self.begins), ends)
        context = ObservabilityContext("site", given.get("record", lambda _: None))
        objectives = given.get("objectives", {"search": 0.2})
        return NightTraffic(monitoring, api, 0.001, lambda: window, context, objectives)


@contextmanager
def scraped_night(folder: Path, *, twice: bool = False) -> Iterator[ScrapedNight]:
    """Run both; with `twice` another job scrapes the new one, too."""
    new, old = ScrapedProcess(NEW), ScrapedProcess(OLD)
    try:
        for each in (new, old):
            each.start()
            each.tell("count", good=10)
        jobs = [job("hospital", new, old), *([job("hospital-too", new)] if twice else [])]
        with running_prometheus(folder, *jobs) as prometheus:
            prometheus.wait_for_scrapes(2 + twice)
            yield ScrapedNight(new, old, prometheus)
    finally:
        new.kill()
        old.kill()
