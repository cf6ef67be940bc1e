"""A recorded baseline, and the comparison of a run with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cutover_gates.probes.load.model import LoadSummary
from cutover_gates.probes.load.operation_figures import OperationFigures, Percentile

BASELINE_SCHEMA = "cutover/baseline/1"
TAIL_STATISTICS = ("p95", "p99")


@dataclass(frozen=True)
class Baseline:
    """The figures of one recorded run.

    `recorded` is an ISO timestamp. `load` is a hash of the settings and journeys. `medians` holds
    each operation's median in seconds, with its bounds, and `tails` its p95 and p99.
    `distributions` holds (upper edge in seconds, requests) of each bin with requests. The last two
    are empty in a baseline of an earlier version.
    """

    name: str
    recorded: str
    release: str
    target: str
    address: str
    load: str
    machine: str
    requests: int
    seconds: float
    medians: dict[str, Percentile]
    tails: dict[str, dict[str, Percentile]] = field(default_factory=dict)
    distributions: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {"schema": BASELINE_SCHEMA, **asdict(self)}


@dataclass(frozen=True)
class BaselineComparison:
    """A run beside its baseline.

    `ratios` holds for each operation: (the ratio of the medians, its lower and upper bound), and
    `tail_ratios` the same by operation and percentile.
    """

    baseline: Baseline
    ratios: dict[str, Percentile]
    tail_ratios: dict[tuple[str, str], Percentile]

    def to_facts(self) -> dict[str, Any]:
        """Return what the evidence keeps."""
        shown = ("name", "release", "recorded", "machine")
        baseline = {key: getattr(self.baseline, key) for key in shown}
        ratios = {name: list(ratio) for name, ratio in self.ratios.items()}
        tails = {
            f"{name} {statistic}": list(ratio)
            for (name, statistic), ratio in self.tail_ratios.items()
        }
        return {"baseline": baseline, "ratios": ratios, "tail_ratios": tails}

    def measured(self, operation: str, statistic: str) -> float | None:
        """Return the measured ratio of a statistic such as `ratio` or `p95 ratio`."""
        percentile = statistic.partition(" ")[0]
        if (operation, percentile) in self.tail_ratios:
            return self.tail_ratios[operation, percentile][0]
        return self.ratios.get(operation, (None,))[0]


def compute_ratio(now: Percentile, then: Percentile) -> Percentile:
    """Return the ratio of two percentiles, with the bounds that their bounds allow."""
    low = now[1] / then[2] if now[1] and then[2] else None
    high = now[2] / then[1] if now[2] and then[1] else None
    middle = now[0] / then[0] if now[0] and then[0] else None
    return _round_ratio(middle), _round_ratio(low), _round_ratio(high)


def select_tails(operation: OperationFigures) -> dict[str, Percentile]:
    """Return p95 and p99 of an operation; empty where it has no answers."""
    percentiles = operation.percentiles
    return {name: percentiles[name] for name in TAIL_STATISTICS if name in percentiles}


def compute_tail_ratios(
    summary: LoadSummary, baseline: Baseline
) -> dict[tuple[str, str], Percentile]:
    """Return the ratio of p95 and p99 of each operation, by operation and percentile."""
    ratios = {}
    for operation in summary.operations:
        for name, now in select_tails(operation).items():
            then = baseline.tails.get(operation.name, {}).get(name)
            if then:
                ratios[operation.name, name] = compute_ratio(now, then)
    return ratios


def _round_ratio(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)
