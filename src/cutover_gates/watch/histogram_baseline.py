"""The baseline of response times from Prometheus: recorded at gate t1, read by the watcher.

It comes from the same histogram by the same query as what is compared with it. A histogram knows
only its edges: the baseline is the lowest edge that p95 does not exceed (at 5 % of error).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.core.triggers.comparable_readings import ResponseBaseline
from cutover_gates.core.triggers.instance_reader import InstanceReader, find_spacing
from cutover_gates.core.triggers.trigger_names import SignalSource
from cutover_gates.probes.observability.metric_pages import MetricPages, PageQuery
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.files import write_atomically
from cutover_gates.watch.instance_counts import InstanceCounts, SubjectCounts

FILE = "response-times-of-prometheus.json"
FORMAT = 1
CLOCK_TOLERANCE = timedelta(minutes=1)


class NoBaseline(Exception):
    """A baseline cannot be recorded or read. The text is the reason, as a clause."""


@dataclass(frozen=True)
class BaselineQuery:
    """What is asked for the baseline. Two that differ measure something else."""

    series: TriggerSeries
    triggers: TriggerSettings
    labels: str

    @property
    def pages(self) -> PageQuery:
        """The queries, which the watcher sends too."""
        return PageQuery(self.series, self.labels, self.triggers.response_operations)

    def to_plain(self, operation: str) -> dict[str, str]:
        """Return what the baseline of an operation depends on."""
        return {
            "durations": self.series.durations,
            "labels": self.labels,
            "operation": self.series.operations.get(operation, ""),
            "statistic": self.triggers.response_statistic,
        }


def record_baseline(
    query: BaselineQuery, api: PrometheusApi, path: Path, release: str
) -> dict[str, Any]:
    """Write the baseline of the last seconds, and return it.

    Raises `NoBaseline` where an operation has none, and `SourceUnavailable`.
    """
    pages = query.pages.fetch(api, query.series.baseline_seconds, api.fetch_time())
    counts = _count_all(pages)
    per_second = _find_load(counts)
    operations = {
        name: {
            **query.to_plain(name),
            **_find_statistic(counts, query.triggers, name),
            "per_second": per_second,
        }
        for name in query.triggers.response_operations
    }
    recorded = datetime.now(UTC).isoformat(timespec="seconds")
    plain = {
        "format": FORMAT,
        "recorded": recorded,
        "release": release,
        "operations": operations,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(plain, indent=1))
    return plain


def read_baselines(
    query: BaselineQuery, path: Path, max_age_hours: float
) -> dict[str, ResponseBaseline]:
    """Return the baseline of each operation. Raises `NoBaseline`."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        recorded = datetime.fromisoformat(plain["recorded"])
        found = {
            name: _read_one(query, name, plain["operations"].get(name))
            for name in query.triggers.response_operations
        }
    except FileNotFoundError:
        raise NoBaseline("no baseline was recorded before the cutover (gate t1)") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBaseline(f"the baseline cannot be read ({type(error).__name__})") from None
    age = datetime.now(UTC) - recorded
    if not -CLOCK_TOLERANCE <= age <= timedelta(hours=max_age_hours):
        raise NoBaseline(
            f"the baseline was recorded at {plain['recorded']}, at most {max_age_hours:g} h ago is"
            " allowed"
        )
    return found


def _read_one(query: BaselineQuery, name: str, plain: Mapping[str, Any] | None) -> ResponseBaseline:
    if plain is None:
        raise NoBaseline(f"the baseline does not hold {name}")
    asked = query.to_plain(name)
    differing = [key for key, value in asked.items() if plain.get(key) != value]
    if differing:
        raise NoBaseline(f"the baseline of {name} was recorded with other {', '.join(differing)}")
    return ResponseBaseline(
        name,
        SignalSource.PROMETHEUS,
        float(plain["seconds"]),
        str(plain["statistic"]),
        None if plain["per_second"] is None else float(plain["per_second"]),
    )


def _count_all(pages: MetricPages) -> SubjectCounts:
    """Return what all instances have counted in the pages."""
    spacing = find_spacing(pages.moments) or 1.0
    counts: list[InstanceCounts] = []
    for name, instance in sorted(pages.instances.items()):
        reader = InstanceReader()
        counted = reader.read(instance.pages, 0.0, None, spacing)
        if reader.page is not None:
            counts.append(InstanceCounts(name, counted, reader.page))
    if not counts:
        raise NoBaseline("Prometheus has scraped no instance of the target of late")
    return SubjectCounts(counts, pages.meanings)


def _find_load(counts: SubjectCounts) -> float | None:
    _, total = counts.count_requests()
    if counts.begins is None or counts.ends is None:
        raise NoBaseline("Prometheus has fewer than two scrapes of the target")
    return total / (counts.ends - counts.begins) if total else None


def _find_statistic(counts: SubjectCounts, triggers: TriggerSettings, name: str) -> dict[str, Any]:
    """Return the lowest edge that the statistic does not exceed, and of how many requests."""
    limit = ShareLimit(float(triggers.limits.slow_share))
    total = 0
    for edge in counts.list_edges(name):
        slow, total = counts.count_slow(name, edge)
        if edge < float("inf") and limit.decide(slow, total) is Conclusion.HOLDS:
            return {"seconds": edge, "requests": total}
    reason = f"{total} requests prove no edge that {triggers.response_statistic} does not exceed"
    raise NoBaseline(f"{name}: {reason}")


def baseline_path(reports: Path, target: str) -> Path:
    """Return the file of the baseline, beside those of the load."""
    return reports.parent / "baselines" / target / FILE
