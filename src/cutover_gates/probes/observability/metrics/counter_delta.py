"""Growth of counters: a scrape, requests, another scrape, and the judgement of the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.util.concurrency import run_concurrently, wait_until


@dataclass(frozen=True)
class CounterRound:
    """How many requests were sent, and the sums of the counters before and after."""

    sent: int
    before: Mapping[str, float]
    after: Mapping[str, float]

    def growth(self, name: str) -> float:
        """Return by how much a counter grew; negative where an instance restarted."""
        # Six digits: a sum of floating-point counters is not exact beyond them.
        return round(self.after[name] - self.before[name], 6)


def measure_round(
    settings: Monitoring, prometheus: PrometheusApi, send_searches: Callable[[int], int]
) -> CounterRound | None:
    """Return the counters before and after requests; None where no scrape comes.

    Raises `SourceUnavailable`.
    """
    names = [name for name in (settings.metrics.requests, *settings.metrics.moving) if name]
    # A scrape before, too: it would otherwise count what others sent shortly before as ours.
    first = _wait_for_scrape(prometheus.fetch_time(), settings, prometheus)
    if first is None:
        return None
    before = _sum_counters(names, first, settings, prometheus)
    sent = send_searches(settings.metrics.traffic)
    last = _wait_for_scrape(prometheus.fetch_time(), settings, prometheus)
    if last is None:
        return None
    return CounterRound(sent, before, _sum_counters(names, last, settings, prometheus))


def _wait_for_scrape(start: float, settings: Monitoring, prometheus: PrometheusApi) -> float | None:
    """Return a moment by which every instance was scraped after `start`.

    None where that does not happen within `scrape_seconds`.
    """
    # The time of the scrape itself, not that of the query.
    up = f"timestamp({add_labels('up', settings.labels)})"

    def poll() -> float | None:
        samples = {sample.labels.get("instance"): sample for sample in prometheus.query(up)}
        times = [samples[name].value for name in settings.targets if name in samples]
        is_complete = len(times) == len(settings.targets) and all(at > start for at in times)
        return max(sample.at for sample in samples.values()) if is_complete else None

    return wait_until(poll, settings.scrape_seconds)


def _sum_counters(
    names: Sequence[str], at: float, settings: Monitoring, prometheus: PrometheusApi
) -> dict[str, float]:
    queries = [add_labels(name, settings.labels) for name in names]
    totals = run_concurrently([partial(prometheus.query_total, query, at) for query in queries])
    # A counter that does not exist yet begins at zero with its first request.
    return {name: total or 0.0 for name, total in zip(names, totals, strict=True)}


@dataclass(frozen=True)
class CounterJudge:
    """`exact`: nobody else sends requests, so the request counter must not grow by more either."""

    settings: Monitoring
    prometheus: PrometheusApi
    exact: bool

    def add_missing_scrape(self, builder: AssessmentBuilder) -> None:
        """Add the finding that no new scrape came."""
        series = f"timestamp({add_labels('up', self.settings.labels)})"
        builder.add_finding(
            rules.SCRAPES_CONTINUE,
            ", ".join(self.settings.targets),
            expected=f"a new sample within {self.settings.scrape_seconds:g} s",
            actual="no new sample",
            reproduce=self.prometheus.format_command(series),
        )

    def judge_round(self, builder: AssessmentBuilder, measured: CounterRound) -> None:
        """Add what is wrong with each counter, or count it as checked."""
        builder.figures |= {
            "searches sent": measured.sent,
            "growth": {name: measured.growth(name) for name in measured.before},
        }
        for name in measured.before:
            self._judge_counter(builder, measured, name)

    def _judge_counter(self, builder: AssessmentBuilder, measured: CounterRound, name: str) -> None:
        growth, counts_requests = measured.growth(name), name == self.settings.metrics.requests
        rule = rules.REQUESTS_COUNTED if counts_requests else rules.COUNTER_GROWS
        # Without a request no counter can be expected to grow.
        if measured.sent == 0:
            builder.add_gap(rules.SEARCHES_ANSWERED, "search", "no search was answered")
        # A restarted instance counts from zero: its growth before that is lost.
        elif growth < 0:
            builder.add_gap(rules.COUNTER_KEPT, name, f"it fell by {-growth:g}")
        elif growth == 0 or (counts_requests and self._is_wrong(growth, measured.sent)):
            total = f"sum({add_labels(name, self.settings.labels)})"
            builder.add_finding(
                rule,
                name,
                expected=self._expected_growth(measured.sent, counts_requests=counts_requests),
                actual=f"+{growth:g}",
                reproduce=self.prometheus.format_command(total),
            )
        else:
            builder.checked.append(f"{name} grew by {growth:g}")

    def _is_wrong(self, growth: float, sent: int) -> bool:
        # Others may send requests, too: more growth is wrong only where nobody else does.
        return growth < sent or (self.exact and growth > sent)

    def _expected_growth(self, sent: int, *, counts_requests: bool) -> str:
        if not counts_requests:
            return "growth"
        return f"+{sent}" if self.exact else f"at least +{sent}"
