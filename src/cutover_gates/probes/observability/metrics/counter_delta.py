"""One round of looking whether counters move: a scrape, requests, another scrape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.util.concurrency import run_concurrently, wait_until


@dataclass(frozen=True)
class CounterRound:
    """What was sent, and the sums of the counters before and after."""

    sent: int
    before: Mapping[str, float]
    after: Mapping[str, float]

    def growth(self, name: str) -> float:
        return round(self.after[name] - self.before[name], 6)


def measure_round(
    settings: Monitoring, prometheus: PrometheusApi, move: Callable[[int], int]
) -> CounterRound | None:
    """The counters at a scrape before the requests, and at one after them; None where no scrape
    comes. Raises `TelemetrySilent`.

    The scrape before is waited for, too: what others did shortly before would else be counted as
    ours.
    """
    names = [name for name in (settings.metrics.requests, *settings.metrics.moving) if name]
    first = _wait_for_scrape(prometheus.fetch_time(), settings, prometheus)
    if first is None:
        return None
    before = _sum_counters(names, first, settings, prometheus)
    sent = move(settings.metrics.traffic)
    last = _wait_for_scrape(prometheus.fetch_time(), settings, prometheus)
    return (
        None
        if last is None
        else CounterRound(sent, before, _sum_counters(names, last, settings, prometheus))
    )


def _wait_for_scrape(
    moment: float, settings: Monitoring, prometheus: PrometheusApi
) -> float | None:
    """A moment at which all instances had been scraped after `moment`; None where that does not
    come in time.
    """
    up = f"timestamp({add_labels('up', settings.labels)})"

    def look() -> float | None:
        samples = {sample.labels.get("instance"): sample for sample in prometheus.query(up)}
        whole = all(name in samples and samples[name].value > moment for name in settings.targets)
        return max(sample.at for sample in samples.values()) if whole else None

    return wait_until(look, settings.scrape_seconds)


def _sum_counters(
    names: Sequence[str], at: float, settings: Monitoring, prometheus: PrometheusApi
) -> dict[str, float]:
    totals = run_concurrently(
        [partial(prometheus.query_total, add_labels(name, settings.labels), at) for name in names]
    )
    return {name: total or 0.0 for name, total in zip(names, totals, strict=True)}
