"""Counts of the requests that failed, by operation, kind and status."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cutover_gates.probes.load.request_outcomes import ERROR_OUTCOMES, FailureCount
from cutover_gates.probes.load.sample_log import Samples

_KINDS = ["operation", "outcome", "status"]


def count_failures(samples: Samples, operations: Sequence[str]) -> tuple[FailureCount, ...]:
    """Return how often each operation failed in each way, the most frequent first."""
    failed = samples[np.isin(samples["outcome"], ERROR_OUTCOMES)]
    kinds, counts = np.unique(failed[_KINDS], return_counts=True)
    found = [
        FailureCount(operations[operation], int(outcome), int(status), int(count))
        for (operation, outcome, status), count in zip(kinds.tolist(), counts, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.operation)))


def describe_slowest(samples: Samples, operations: Sequence[str], shown: int) -> str:
    """Return the operations with the slowest medians in words, with their counts."""
    medians = []
    for index in np.unique(samples["operation"]):
        took = samples["took"][samples["operation"] == index]
        medians.append((float(np.median(took)), operations[index], len(took)))
    slowest = sorted(medians, reverse=True)[:shown]
    return "; ".join(f"{name}: {took:.3g} s (of {count})" for took, name, count in slowest)
