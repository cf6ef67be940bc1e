"""Does Prometheus see every instance, is each declared metric there, and does it move when somebody
works with the target?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.observability.alertmanager_routing import (
    LabelMatcher,
    matches_all,
    parse_matchers,
)
from cutover_gates.probes.observability.metrics.counter_delta import CounterRound, measure_round
from cutover_gates.probes.observability.model import (
    AssessmentSink,
    SignalAssessmentBuilder,
    run_assessment,
)
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.util.concurrency import run_concurrently

TABLE = "monitoring"
ROUNDS = 3
"""A quiet target's counter is looked at as often, should others have asked meanwhile."""


@dataclass(frozen=True)
class MetricAssessments:
    """`move(n)` sends `n` searches and gives how many were answered.

    `target` is the name under `[targets]`. `alone`: nobody else of this run asks meanwhile.
    """

    settings: Monitoring
    prometheus: PrometheusApi | None
    send_searches: Callable[[int], int]
    target: str
    alone: bool = True
    record: AssessmentSink = field(default=lambda _examination: None, repr=False)

    def assess_targets(self) -> Assessment:
        """Is every declared instance scraped, well, and just now?"""
        return run_assessment(
            SignalAssessmentBuilder("metrics: targets", self.target),
            self.record,
            self._check_targets,
        )

    def assess_presence(self) -> Assessment:
        """Is each declared metric there, of each instance, and fresh?"""
        return run_assessment(
            SignalAssessmentBuilder("metrics: there and fresh", self.target),
            self.record,
            self._check_presence,
        )

    def assess_growth(self) -> Assessment:
        """Does each counter grow with requests that the run makes, and the counter of requests by
        as much as were made?
        """
        return run_assessment(
            SignalAssessmentBuilder("metrics: moving", self.target),
            self.record,
            self._check_growth,
        )

    def _require_prometheus(self, seen: SignalAssessmentBuilder) -> PrometheusApi | None:
        if self.prometheus is None or not self.settings.targets:
            seen.add_undeclared_setting(
                TABLE,
                "prometheus and targets",
                "which Prometheus scrapes the target, and which instances it must see",
            )
            return None
        return self.prometheus

    @property
    def _up_selector(self) -> str:
        return add_labels("up", self.settings.labels)

    # ── every instance is scraped ──

    def _check_targets(self, seen: SignalAssessmentBuilder) -> None:
        if (prometheus := self._require_prometheus(seen)) is None:
            return
        now, scraped, up, ours = (
            prometheus.fetch_time(),
            prometheus.fetch_targets(),
            self._up_selector,
            list(parse_matchers(self.settings.labels)),
        )
        moments = {
            sample.labels.get("instance", ""): sample.value
            for sample in prometheus.query(f"timestamp({up})")
        }
        values = {
            sample.labels.get("instance", ""): sample.value for sample in prometheus.query(up)
        }
        for instance in self.settings.targets:
            named = [
                target
                for target in scraped
                if matches_all(
                    [*ours, LabelMatcher("instance", instance)], target.get("labels", {})
                )
            ]
            wrong = (
                _find_scrape_problem(named, prometheus)
                or self._find_staleness(moments.get(instance), now)
                or _find_up_problem(values.get(instance), up, prometheus)
            )
            if wrong:
                seen.findings.append(f"instance {instance!r}: {wrong}")
            else:
                seen.checked.append(f"instance {instance}")
        seen.figures["seconds since the last scrape"] = {
            name: round(now - at, 1) for name, at in moments.items()
        }

    def _find_staleness(self, at: float | None, now: float) -> str:
        limit = self.settings.scrape_seconds
        if at is None:
            return (
                f"expected a series up with {self.settings.labels or 'this instance'}, came none:"
                " do monitoring.labels belong to it?"
            )
        return (
            f"expected a sample of the last {limit:g} s, came one that is {now - at:.0f} s old"
            if now - at > limit
            else ""
        )

    # ── every metric is there ──

    def _check_presence(self, seen: SignalAssessmentBuilder) -> None:
        declared = self.settings.metrics
        if (prometheus := self._require_prometheus(seen)) is None:
            return
        wanted = {
            *declared.present,
            *(_strip_labels(one) for one in (declared.requests, *declared.moving) if one),
        }
        if not wanted:
            seen.add_undeclared_setting(
                f"{TABLE}.metrics",
                "requests, moving and present",
                "which metrics the target must have",
            )
            return
        now = prometheus.fetch_time()
        names = sorted(wanted)
        found = run_concurrently(
            [
                partial(
                    prometheus.query, f"timestamp({add_labels(one, self.settings.labels)})", now
                )
                for one in names
            ]
        )
        for selector, samples in zip(names, found, strict=True):
            moments: dict[str, float] = {}
            for sample in samples:
                instance = sample.labels.get("instance", "")
                moments[instance] = max(moments.get(instance, 0.0), sample.value)
            self._check_metric(seen, selector, moments, now, prometheus)

    def _check_metric(
        self,
        seen: SignalAssessmentBuilder,
        selector: str,
        moments: Mapping[str, float],
        now: float,
        prometheus: PrometheusApi,
    ) -> None:
        """A metric without instances is one that Prometheus itself has made of others, or that a
        gateway passes on.
        """
        wanted = self.settings.targets if any(moments) or not moments else ("",)
        whole = True
        for instance in wanted:
            of = f"of instance {instance!r}" if instance else "in all"
            if instance not in moments:
                seen.findings.append(
                    f"metric {selector}: expected a series {of}, came none; "
                    f"{prometheus.format_command(add_labels(selector, self.settings.labels))}"
                )
            elif wrong := self._find_staleness(moments[instance], now):
                seen.findings.append(f"metric {selector} {of}: {wrong}")
            else:
                continue
            whole = False
        if whole:
            seen.checked.append(f"metric {selector}")

    # ── and moves ──

    def _check_growth(self, seen: SignalAssessmentBuilder) -> None:
        declared = self.settings.metrics
        if (prometheus := self._require_prometheus(seen)) is None:
            return
        if not declared.requests:
            seen.add_undeclared_setting(
                f"{TABLE}.metrics", "requests", "which metric counts the target's requests"
            )
            return
        for number in range(ROUNDS):
            round_ = measure_round(self.settings, prometheus, self.send_searches)
            if round_ is None:
                seen.findings.append(
                    "expected a new sample of every instance within"
                    f" {self.settings.scrape_seconds:g} s, came none: nothing is scraped any more;"
                    f" {prometheus.format_command(f'timestamp({self._up_selector})')}"
                )
                return
            if (
                round_.growth(declared.requests) <= round_.sent
                or not (declared.quiet and self.alone)
                or number == ROUNDS - 1
            ):
                self._judge_growth(seen, round_, prometheus)
                return

    def _judge_growth(
        self, seen: SignalAssessmentBuilder, round_: CounterRound, prometheus: PrometheusApi
    ) -> None:
        declared = self.settings.metrics
        seen.figures |= {
            "searches sent": round_.sent,
            "growth": {name: round_.growth(name) for name in round_.before},
        }
        for name in round_.before:
            grown, exact = round_.growth(name), name == declared.requests
            wanted = (
                f"by {round_.sent}, as many as were sent"
                if exact
                else "with the searches that were sent"
            )
            shown = f"{prometheus.format_command(f'sum({add_labels(name, self.settings.labels)})')}"
            if round_.sent == 0:
                seen.not_proven.append("no search was answered, so nothing could move")
            elif grown < 0:
                seen.not_proven.append(
                    f"{name} fell by {-grown:g} while it was looked at: an instance began anew; run"
                    " this again"
                )
            elif grown == 0:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, came the same value as before"
                    f" ({round_.after[name]:g}): it is frozen, or counts something else; {shown}"
                )
            elif exact and grown < round_.sent:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, grew by {grown:g}: an instance is missing,"
                    f" or it does not count all; {shown}"
                )
            elif exact and declared.quiet and self.alone and grown > round_.sent:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, grew by {grown:g}, and nobody else asks:"
                    f" something is counted more than once; {shown}"
                )
            else:
                seen.checked.append(f"{name} grew by {grown:g}")


def _strip_labels(selector: str) -> str:
    """The metric's name: of one instance a status or a route may not have been met yet."""
    return selector.partition("{")[0].strip() or selector


def _find_scrape_problem(named: list[Mapping[str, object]], prometheus: PrometheusApi) -> str:
    where = prometheus.service.format_url("/api/v1/targets")
    if not named:
        return (
            "expected among what Prometheus scrapes, and it is not there; curl -s"
            f" '{where}?state=active'"
        )
    ill = next((target for target in named if target.get("health") != "up"), None)
    if ill is None:
        return ""
    if ill.get("health") == "unknown" and _parse_year(ill.get("lastScrape")) < 2000:
        return f"Prometheus has not scraped it yet; curl -s '{where}?state=active'"
    return (
        f"expected up, came {ill.get('health')}:"
        f" {prometheus.service.mask(ill.get('lastError') or 'no reason')}; curl -s"
        f" '{where}?state=active'"
    )


def _parse_year(moment: object) -> int:
    try:
        return datetime.fromisoformat(str(moment)[:19]).year
    except ValueError:
        return 0


def _find_up_problem(value: float | None, up: str, prometheus: PrometheusApi) -> str:
    return "" if value == 1 else f"expected up = 1, came {value}; {prometheus.format_command(up)}"
