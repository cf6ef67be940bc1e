"""One round of looking whether counters move: a scrape, requests, another scrape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cutover.settings import Monitoring
from cutover.telemetry.abreast import abreast
from cutover.telemetry.signals.prometheus import Prometheus
from cutover.telemetry.signals.promql import narrowed
from cutover.telemetry.signals.waiting import awaited


@dataclass(frozen=True)
class Round:
    """What was sent, and the sums of the counters before and after."""

    sent: int
    before: Mapping[str, float]
    after: Mapping[str, float]

    def grown(self, name: str) -> float:
        return round(self.after[name] - self.before[name], 6)


def one_round(
    settings: Monitoring, prometheus: Prometheus, move: Callable[[int], int]
) -> Round | None:
    """The counters at a scrape before the requests, and at one after them; None where no scrape
    comes. Raises `TelemetrySilent`.

    The scrape before is waited for, too: what others did shortly before would else be counted as
    ours.
    """
    names = [name for name in (settings.metrics.requests, *settings.metrics.moving) if name]
    first = _scraped_since(prometheus.now(), settings, prometheus)
    if first is None:
        return None
    before = _totals(names, first, settings, prometheus)
    sent = move(settings.metrics.traffic)
    last = _scraped_since(prometheus.now(), settings, prometheus)
    return None if last is None else Round(sent, before, _totals(names, last, settings, prometheus))


def _scraped_since(moment: float, settings: Monitoring, prometheus: Prometheus) -> float | None:
    """A moment at which all instances had been scraped after `moment`; None where that does not
    come in time.
    """
    up = f"timestamp({narrowed('up', settings.labels)})"

    def look() -> float | None:
        samples = {sample.labels.get("instance"): sample for sample in prometheus.query(up)}
        whole = all(name in samples and samples[name].value > moment for name in settings.targets)
        return max(sample.at for sample in samples.values()) if whole else None

    return awaited(look, settings.scrape_seconds)


def _totals(
    names: Sequence[str], at: float, settings: Monitoring, prometheus: Prometheus
) -> dict[str, float]:
    totals = abreast(
        [partial(prometheus.total, narrowed(name, settings.labels), at) for name in names]
    )
    return {name: total or 0.0 for name, total in zip(names, totals, strict=True)}
