"""The figures of the load run for each objective: the measured value beside its limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import Verdict

RESULTS = {"holds": "kept", "broken": "MISSED", "open": "not certain"}
KEPT = RESULTS["holds"]


@dataclass(frozen=True)
class ReportedMeasurement:
    """One objective: the measured value, the limit in force, the requests and the result."""

    operation: str
    statistic: str
    measured: str
    limit: str
    requests: int
    result: str

    def __str__(self) -> str:
        value = f"{self.statistic} {self.measured} {self.limit}"
        return value if self.result == KEPT else f"{value} ({self.result})"


@dataclass(frozen=True)
class OperationMeasurements:
    """The objectives of one operation in a line: 'p95 31.6 ms within 0.5 s, p99 …'."""

    operation: str
    requests: int
    values: str


@dataclass(frozen=True)
class LoadMeasurements:
    """All objectives of a load run, with its requests and its duration in seconds."""

    objectives: tuple[ReportedMeasurement, ...]
    requests: int
    seconds: int

    @property
    def title(self) -> str:
        """The heading of the figures: how many requests, in what time."""
        if not self.requests:
            return "Measured under load"
        return f"Measured under load: {self.requests:,} requests in {self.seconds:,} s"

    def by_operation(self) -> list[OperationMeasurements]:
        """Return a line for each operation: its requests, its measured values and their limits."""
        operations = dict.fromkeys(one.operation for one in self.objectives)
        return [self._summarize(operation) for operation in operations]

    def _summarize(self, operation: str) -> OperationMeasurements:
        mine = [one for one in self.objectives if one.operation == operation]
        requests = max(one.requests for one in mine)
        return OperationMeasurements(operation, requests, ", ".join(map(str, mine)))


def collect_measurements(verdict: Verdict) -> LoadMeasurements | None:
    """Return the figures of the load run; None where the gate judged no load."""
    objectives: dict[tuple[str, str], ReportedMeasurement] = {}
    requests, seconds = 0, 0
    for facts in _load_facts(verdict):
        # Evidence may hold anything. What cannot be read is left out: the verdict must be shown.
        try:
            for measurement in _measurements_of(facts):
                objectives.setdefault((measurement.operation, measurement.statistic), measurement)
            requests, seconds = max((requests, seconds), _size_of_run(facts))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            continue
    if not objectives:
        return None
    return LoadMeasurements(tuple(objectives.values()), requests, seconds)


def _load_facts(verdict: Verdict) -> Iterator[Mapping[str, Any]]:
    """Return the facts of every observation that speaks of objectives."""
    for result in verdict.items:
        for check in result.checks:
            for entry in check.evidence:
                facts = entry.get("facts")
                if isinstance(facts, Mapping) and facts.get("claims"):
                    yield facts


def _measurements_of(facts: Mapping[str, Any]) -> Iterator[ReportedMeasurement]:
    for claim in facts["claims"]:
        # An objective that is not needed can only be missed: as long as it is open it says nothing.
        if not claim["needed"] and claim["state"] == "open":
            continue
        if measured := _measured_value(facts, claim):
            yield ReportedMeasurement(
                strip_control_characters(str(claim["operation"])),
                strip_control_characters(str(claim["statistic"])),
                measured,
                strip_control_characters(str(claim["limit"])),
                int(claim["of"]),
                RESULTS.get(claim["state"], str(claim["state"])),
            )


def _measured_value(facts: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """Return the measured value of an objective; empty where nothing was measured."""
    operation, statistic = claim["operation"], claim["statistic"]
    if statistic == "errors":
        return f"{100 * claim['bad'] / claim['of']:.3g} %" if claim["of"] else ""
    if statistic == "ratio":
        interval = facts.get("ratios", {}).get(operation)
        return f"{interval[0]:.2f} x" if interval else ""
    found = [one for one in facts.get("operations", ()) if one["name"] == operation]
    interval = found[0].get(statistic) if found else None
    return _format_seconds(interval[0]) if interval else ""


def _format_seconds(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    ms = 1000 * seconds
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:.1f} ms"


def _size_of_run(facts: Mapping[str, Any]) -> tuple[int, int]:
    """Return the requests and the seconds of the run, from its series of one row a second."""
    rows = facts.get("series") or ()
    if not rows:
        return 0, 0
    seconds = [int(row[0]) for row in rows]
    return sum(int(row[1]) for row in rows), max(seconds) - min(seconds) + 1
