"""How many requests a run needs to compare the slowest answers with a baseline's.

`benchmarks.certainty` writes the table.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cutover_gates.config.load_objectives import BaselineSettings
from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.probes.load.baseline_tails import SURE, TAILS, count_needed
from cutover_gates.probes.load.objective_builder import ratio_error

SHARES = {
    "0": 0.0,
    "limit / 20": 1 / 20,
    "limit / 8": 1 / 8,
    "limit / 4": 1 / 4,
    "limit / 2": 1 / 2,
}
RATIOS = {
    "p95": BaselineSettings.model_fields["p95_ratio"].default,
    "p99": BaselineSettings.model_fields["p99_ratio"].default,
}
RUNS, SEED = 20_000, 7
WRONG = ratio_error(1 - Performance.model_fields["confidence"].default)


def tail_table() -> Iterator[str]:
    """Yield the lines of the section on tails."""
    yield ""
    yield "## Tails against a baseline"
    yield ""
    yield (
        "p95 may be 1.5 times the baseline's, p99 twice. A tail is compared where the planned"
        f" requests prove it in {SURE:.1%} of the runs of a release that"
    )
    yield (
        "answers exactly as the one before; its share of answers above the limit follows from the"
        " baseline (`probes.load.baseline_tails`). Others can only be refuted. The last"
    )
    yield f"column is the share of {RUNS:,} simulated runs of that length that prove it."
    yield ""
    yield "| percentile | share above its limit | requests needed | proven |"
    yield "|---|---|---|---|"
    for statistic, limit in TAILS.items():
        for name, factor in SHARES.items():
            yield _row(statistic, name, ShareLimit(limit, WRONG), factor * limit)


def _row(statistic: str, name: str, claim: ShareLimit, share: float) -> str:
    needed = count_needed(claim, share)
    assert needed is not None  # half of a limit can be proven
    counts: NDArray[np.int64] = np.random.default_rng(SEED).binomial(needed, share, RUNS)
    proven = {
        int(bad): claim.decide(int(bad), needed) is Conclusion.HOLDS for bad in np.unique(counts)
    }
    found = np.mean([proven[int(bad)] for bad in counts])
    return f"| {statistic} x {RATIOS[statistic]:g} | {name} | {needed:,} | {found:.2%} |"
