"""A recorded baseline, and the comparison of a run with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cutover_gates.probes.load.model import Percentile

BASELINE_SCHEMA = "cutover/baseline/1"


@dataclass(frozen=True)
class Baseline:
    """The figures of one recorded run.

    `recorded` is an ISO timestamp. `load` is a hash of the settings and journeys. `medians` holds
    each operation's median in seconds, with its bounds.
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

    def to_plain(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {"schema": BASELINE_SCHEMA, **asdict(self)}


@dataclass(frozen=True)
class BaselineComparison:
    """A run beside its baseline.

    `ratios` holds for each operation: (the ratio of the medians, its lower and upper bound).
    """

    baseline: Baseline
    ratios: dict[str, Percentile]

    def to_facts(self) -> dict[str, Any]:
        """Return what the evidence keeps."""
        shown = ("name", "release", "recorded", "machine")
        baseline = {key: getattr(self.baseline, key) for key in shown}
        ratios = {name: list(ratio) for name, ratio in self.ratios.items()}
        return {"baseline": baseline, "ratios": ratios}


def compute_ratio(now: Percentile, then: Percentile) -> Percentile:
    """Return the ratio of two medians, with the bounds that the medians' bounds allow."""
    low = now[1] / then[2] if now[1] and then[2] else None
    high = now[2] / then[1] if now[2] and then[1] else None
    middle = now[0] / then[0] if now[0] and then[0] else None
    return _round_ratio(middle), _round_ratio(low), _round_ratio(high)


def _round_ratio(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)
