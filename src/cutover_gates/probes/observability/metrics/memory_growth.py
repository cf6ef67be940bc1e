"""The memory of each instance during a step of a rollout: a leak of the new release alone.

Memory of a process goes up and down with its garbage collections, and is remembered from one moment
to the next. So a step is cut into blocks, and the lowest value of each counts: what stays after
collections. Their slope is that of Theil and Sen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.rollout_sources import MemoryGrowth
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.statistics.confidence_intervals import slope_interval
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.probes.observability.raw_samples import RawSeries, fetch_samples
from cutover_gates.util.http import SourceUnavailable

TITLE = "Memory of the instances during the step"
MIB = 1024**2
BLOCKS = 12
"""Parts of a step: 45 s of ten minutes, longer than collections lie apart."""
FEWEST = 8
CONFIDENCE = 0.999
"""Of a slope: three steps with some instances each make few false alarms."""


@dataclass(frozen=True)
class MemorySlope:
    """How the memory of one instance grew: bytes a second, and the bytes at the end."""

    instance: str
    slope: float
    low: float
    high: float
    level: float

    @property
    def is_certain(self) -> bool:
        """True where it certainly grows."""
        return isfinite(self.low) and self.low > 0

    def project(self, slope: float, hours: float) -> float:
        """Return the bytes after so many hours at this slope."""
        return self.level + slope * hours * 3600

    def __str__(self) -> str:
        hourly = [f"{3600 * bound / MIB:+,.1f}" for bound in (self.slope, self.low, self.high)]
        told = f"{hourly[0]} MiB an hour ({hourly[1]} to {hourly[2]})"
        return f"{told}, {self.level / MIB:,.0f} MiB at the end"


@dataclass(frozen=True)
class StepMemory:
    """The question. `window` returns begin and end of the step in seconds since 1970.

    `series` says by which label Prometheus tells the releases, `new` and `old` are their names.
    `warm_up_seconds` after the first sample of an instance are left out: caches fill then.
    """

    settings: MemoryGrowth
    series: TriggerSeries
    labels: str
    prometheus: PrometheusApi | None
    window: Callable[[], tuple[float, float]]
    new: str
    old: str | None
    context: ObservabilityContext
    warm_up_seconds: float = 0.0

    def assess(self) -> Assessment:
        """Return whether no instance of the new release grows until it is killed.

        Without a declared limit the growth is told and not judged, and without Prometheus nothing
        is asked.
        """
        if self.prometheus is not None and self.settings.limit_mib is not None:
            return self.context.assess(TITLE, rules.PROMETHEUS_ANSWERS, self._check)
        builder, name = AssessmentBuilder(), self.context.key("monitoring", "prometheus")
        if self.prometheus is not None:
            name = self.context.key("rollout.memory", "limit_mib")
            self._tell(builder)
        builder.checked.append(f"absent: {name} is not set, so no memory is judged")
        assessment = builder.build(TITLE)
        self.context.record(assessment)
        return assessment

    def _tell(self, builder: AssessmentBuilder) -> None:
        """Add the figures alone: what cannot be read is told, too."""
        unheard = AssessmentBuilder()
        try:
            self._measure_releases(unheard)
        except SourceUnavailable as error:
            builder.figures["not read"] = error.reason
        builder.figures |= unheard.figures

    def _check(self, builder: AssessmentBuilder) -> None:
        new, old = self._measure_releases(builder)
        for one in new:
            self._judge(one, old, builder)

    def _measure_releases(
        self, builder: AssessmentBuilder
    ) -> tuple[list[MemorySlope], list[MemorySlope]]:
        """Return the slopes of the new release and of the one before, and add them as figures."""
        begins, ends = self.window()
        found = self._fetch(ends - begins, ends)
        self._check_labels(found, builder)
        new = self._measure(found.get(self.new, []), begins, ends, builder)
        before = [each for name in found if self._is_before(name) for each in found[name]]
        # What is not measured of the old release excuses nothing of the new one.
        old = self._measure(before, begins, ends, AssessmentBuilder())
        builder.figures |= {
            "new release": {one.instance: str(one) for one in new},
            "release before": {one.instance: str(one) for one in old},
        }
        return new, old

    def _is_before(self, release: str) -> bool:
        return release == self.old if self.old else release != self.new

    def _check_labels(
        self, found: Mapping[str, Sequence[RawSeries]], builder: AssessmentBuilder
    ) -> None:
        """Add a gap where the new release has no series, or a series no release: it may be new."""
        label = self.series.release_label
        if not found.get(self.new):
            reason = f"Prometheus has no {self.settings.metric} with {label}={self.new!r}"
            builder.add_gap(rules.MEMORY_LASTS, self.new, f"{reason} in the step")
        for each in found.get("", ()):
            name = each.labels.get("instance", "") or self.settings.metric
            builder.add_gap(rules.MEMORY_LASTS, name, f"it has no label {label}: it may be new")

    def _fetch(self, seconds: float, at: float) -> dict[str, list[RawSeries]]:
        """Return the series of the memory by the release of their instance."""
        assert self.prometheus is not None
        selector = add_labels(self.settings.metric, self.labels)
        found: dict[str, list[RawSeries]] = {}
        releases = self._fetch_releases(seconds, at)
        for each in fetch_samples(self.prometheus, selector, seconds, at):
            own = each.labels.get(self.series.release_label, "")
            release = own or releases.get(each.labels.get("instance", ""), "")
            found.setdefault(release, []).append(each)
        return found

    def _fetch_releases(self, seconds: float, at: float) -> Mapping[str, str]:
        """Return the release of each instance, where a metric of its own tells it."""
        if not self.series.release_info or self.prometheus is None:
            return {}
        selector = add_labels(self.series.release_info, self.labels)
        return {
            each.labels.get("instance", ""): each.labels.get(self.series.release_label, "")
            for each in fetch_samples(self.prometheus, selector, seconds, at)
        }

    def _measure(
        self, found: Sequence[RawSeries], begins: float, ends: float, builder: AssessmentBuilder
    ) -> list[MemorySlope]:
        """Return the slope of each instance, and add a gap for one with too few samples."""
        measured = []
        for each in found:
            name = each.labels.get("instance", "") or "an instance without a name"
            points = _find_floors(each.samples, begins, ends, self.warm_up_seconds)
            if len(points) < FEWEST:
                reason = f"samples in {len(points)} of {BLOCKS} parts of the step, {FEWEST} needed"
                builder.add_gap(rules.MEMORY_LASTS, name, reason)
                continue
            times, levels = np.array(points).T
            slope, low, high = slope_interval(times, levels, CONFIDENCE)
            measured.append(MemorySlope(name, slope, low, high, points[-1][1]))
        return measured

    def _judge(
        self, one: MemorySlope, old: Sequence[MemorySlope], builder: AssessmentBuilder
    ) -> None:
        """Add a finding where an instance certainly reaches the limit, and no old one grows alike.

        A growth that the samples do not prove is told, and no finding.
        """
        hours, limit = self.settings.within_hours, (self.settings.limit_mib or 0.0) * MIB
        is_full, is_alike = one.level >= limit, any(2 * each.slope >= one.low for each in old)
        runs_out = one.is_certain and one.project(one.low, hours) >= limit
        if is_full or (runs_out and not is_alike):
            builder.add_finding(
                rules.MEMORY_LASTS,
                one.instance,
                expected=f"below {limit / MIB:,.0f} MiB for {hours:g} hours",
                actual=str(one),
            )
            return
        builder.checked.append(f"memory of {one.instance}")
        if runs_out:
            builder.figures.setdefault("grows as the release before", []).append(one.instance)


def _find_floors(
    samples: Sequence[tuple[float, float]], begins: float, ends: float, warm_up: float
) -> list[tuple[float, float]]:
    """Return moment and value of the lowest sample of each block that has one."""
    if not samples:
        return []
    start = min(max(begins, samples[0][0] + warm_up), ends)
    length = (ends - start) / BLOCKS
    lowest: dict[int, tuple[float, float]] = {}
    for at, value in samples:
        block = int((at - start) / length) if length > 0 else -1
        if at < start or not 0 <= block <= BLOCKS:
            continue
        block = min(block, BLOCKS - 1)
        if block not in lowest or value < lowest[block][1]:
            lowest[block] = (at, value)
    return [lowest[block] for block in sorted(lowest)]
