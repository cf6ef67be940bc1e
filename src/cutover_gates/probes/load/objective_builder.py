"""The objectives of a run, built from its settings and its baseline.

All objectives must hold for a GO, so each may be wrong as often as the whole (intersection-union:
Berger 1982). A single one that is broken is a NO-GO, so there the error is shared between them
(Bonferroni). See `docs/decisions/0011-certainty-at-any-moment.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.sequential_test import ShareLimit
from cutover_gates.probes.load.baseline_tails import TAILS, TailLimit
from cutover_gates.probes.load.connection_objectives import build_connection_objectives
from cutover_gates.probes.load.model import ALL_REQUESTS, RATIO
from cutover_gates.probes.load.objectives import PERCENTILE_SHARES, LoadObjective
from cutover_gates.probes.load.sample_selectors import (
    operation_selector,
    same_limit,
    select_ended,
    select_failed,
    slow_selector,
    timed_selector,
)

PROOF_ERROR_SHARE = 0.8
"""Share of the error that a GO may have which is spent.

A simulation of a few thousand runs then also stays below the whole.
"""


def build_objectives(
    performance: Performance,
    operations: Sequence[str],
    medians: Mapping[str, tuple[float, float]],
    tails: Sequence[TailLimit] = (),
) -> list[LoadObjective]:
    """Return every objective of a run.

    `medians` holds the bounds (seconds) between which an operation's median in the baseline lies,
    `tails` the limits of its higher percentiles; both are empty without a baseline.
    """
    objectives = list(_iterate_objectives(performance, operations, medians))
    objectives += build_connection_objectives(performance, operations)
    objectives += [_tail_objective(operations.index(one.operation), one) for one in tails]
    wrong = 1 - performance.confidence
    return [_set_error(objective, wrong, len(objectives)) for objective in objectives]


def _set_error(objective: LoadObjective, wrong: float, count: int) -> LoadObjective:
    limit, proof = objective.share_limit.limit, PROOF_ERROR_SHARE * wrong
    if objective.statistic.endswith(RATIO):
        proof = ratio_error(wrong)
    return replace(objective, share_limit=ShareLimit(limit, proof, wrong / count))


def ratio_error(wrong: float) -> float:
    """Return how often the proof of a ratio may be wrong.

    The bounds of the baseline's percentile may be wrong too, so a ratio gets half of the error.
    """
    return PROOF_ERROR_SHARE * wrong / 2


def _iterate_objectives(
    performance: Performance,
    operations: Sequence[str],
    medians: Mapping[str, tuple[float, float]],
) -> Iterator[LoadObjective]:
    yield _error_objective(performance.error_rate)
    for index, name in enumerate(operations):
        yield _operation_error_objective(index, name, performance.error_rate)
        limits = performance.objectives.limits_for(name)
        for statistic in PERCENTILE_SHARES:
            if seconds := getattr(limits, statistic):
                yield _percentile_objective(index, name, statistic, seconds)
        if name in medians:
            yield _baseline_objective(index, name, medians[name], performance.baseline.ratio)


def _error_objective(error_rate: float) -> LoadObjective:
    return LoadObjective(
        "error-rate",
        ALL_REQUESTS,
        "errors",
        f"below {error_rate * 100:g} %",
        error_rate,
        ShareLimit(error_rate),
        select_ended,
        select_failed,
        select_failed,
    )


def _operation_error_objective(index: int, name: str, error_rate: float) -> LoadObjective:
    """Return the error objective of one operation, which can only be refuted.

    One operation has too few requests to prove so low a rate, but a rate far above it shows.
    """
    return replace(
        _error_objective(error_rate),
        operation=name,
        relevant_requests=lambda samples: select_ended(samples) & (samples["operation"] == index),
        required=False,
    )


def _percentile_objective(index: int, name: str, statistic: str, seconds: float) -> LoadObjective:
    return LoadObjective(
        "response-times",
        name,
        statistic,
        f"within {seconds:g} s",
        seconds,
        ShareLimit(round(1 - PERCENTILE_SHARES[statistic], 6)),
        timed_selector(operation_selector(index), same_limit(seconds)),
        slow_selector(same_limit(seconds)),
        slow_selector(same_limit(seconds)),
    )


def _baseline_objective(
    index: int, name: str, median: tuple[float, float], ratio: float
) -> LoadObjective:
    """Return the objective that an operation is not much slower than in the baseline.

    It is proven against the lower bound of the baseline's median, and refuted against the upper
    one.
    """
    low, high = (bound * ratio for bound in median)
    return LoadObjective(
        "response-times",
        name,
        RATIO,
        f"at most {ratio:g} times the baseline's median",
        ratio,
        ShareLimit(0.5),
        timed_selector(operation_selector(index), same_limit(low)),
        slow_selector(same_limit(low)),
        slow_selector(same_limit(high)),
    )


def _tail_objective(index: int, tail: TailLimit) -> LoadObjective:
    """Return the objective that an operation's slowest answers are not much slower than before.

    Where too few requests are planned to prove it, it can only be refuted.
    """
    return LoadObjective(
        "response-times",
        tail.operation,
        f"{tail.statistic} {RATIO}",
        tail.describe(),
        tail.ratio,
        ShareLimit(TAILS[tail.statistic]),
        timed_selector(operation_selector(index), same_limit(tail.low)),
        slow_selector(same_limit(tail.low)),
        slow_selector(same_limit(tail.high)),
        required=tail.is_compared,
    )
