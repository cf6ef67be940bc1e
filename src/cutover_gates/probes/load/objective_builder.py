"""The objectives of a run, built from its settings and its baseline.

All objectives must hold for a GO, so each may be wrong as often as the whole (intersection-union:
Berger 1982). A single one that is broken is a NO-GO, so there the error is shared between them
(Bonferroni). See `docs/decisions/0011-certainty-at-any-moment.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.sequential_test import ShareLimit
from cutover_gates.probes.load.model import ERROR_OUTCOMES, RequestOutcome
from cutover_gates.probes.load.objectives import (
    ALL_REQUESTS,
    PERCENTILE_SHARES,
    LoadObjective,
    Mask,
    MaskFunction,
)
from cutover_gates.probes.load.sample_log import Samples

PROOF_ERROR_SHARE = 0.8
"""Share of the error that a GO may have which is spent.

A simulation of a few thousand runs then also stays below the whole.
"""


def build_objectives(
    performance: Performance,
    operations: Sequence[str],
    medians: Mapping[str, tuple[float, float]],
) -> list[LoadObjective]:
    """Return every objective of a run.

    `medians` holds the bounds (seconds) between which an operation's median in the baseline lies;
    it is empty without a baseline.
    """
    objectives = list(_iterate_objectives(performance, operations, medians))
    wrong = 1 - performance.confidence
    return [_set_error(objective, wrong, len(objectives)) for objective in objectives]


def _set_error(objective: LoadObjective, wrong: float, count: int) -> LoadObjective:
    # The bounds of the baseline's median may be wrong too, so a ratio gets half of the error.
    factor = 0.5 if objective.statistic == "ratio" else 1.0
    limit = objective.share_limit.limit
    share_limit = ShareLimit(limit, PROOF_ERROR_SHARE * wrong * factor, wrong / count)
    return replace(objective, share_limit=share_limit)


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
        _select_ended,
        _select_failed,
        _select_failed,
    )


def _operation_error_objective(index: int, name: str, error_rate: float) -> LoadObjective:
    """Return the error objective of one operation, which can only be refuted.

    One operation has too few requests to prove so low a rate, but a rate far above it shows.
    """
    return replace(
        _error_objective(error_rate),
        operation=name,
        relevant_requests=lambda samples: _select_ended(samples) & (samples["operation"] == index),
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
        _timed_selector(index, seconds),
        _slow_selector(seconds),
        _slow_selector(seconds),
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
        "ratio",
        f"at most {ratio:g} times the baseline's median",
        ratio,
        ShareLimit(0.5),
        _timed_selector(index, low),
        _slow_selector(low),
        _slow_selector(high),
    )


def _select_ended(samples: Samples) -> Mask:
    return np.asarray(samples["outcome"] != RequestOutcome.UNFINISHED)


def _select_failed(samples: Samples) -> Mask:
    return np.isin(samples["outcome"], ERROR_OUTCOMES)


def _timed_selector(index: int, seconds: float) -> MaskFunction:
    """Return a function that selects the requests that say something of an operation's time.

    An invalid answer may come at once, and is an error already. A request without an answer at the
    end of the run counts only once it is late.
    """

    def select_timed(samples: Samples) -> Mask:
        outcome, late = samples["outcome"], samples["took"] > seconds
        answered = np.isin(
            outcome,
            (RequestOutcome.SUCCESS, RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT),
        )
        overdue = (outcome == RequestOutcome.UNFINISHED) & late
        return np.asarray((samples["operation"] == index) & (answered | overdue))

    return select_timed


def _slow_selector(seconds: float) -> MaskFunction:
    """Return a function that selects the requests that took longer than `seconds`.

    A request without an answer counts as slow, whenever it was given up.
    """

    def select_slow(samples: Samples) -> Mask:
        unanswered = np.isin(
            samples["outcome"], (RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT)
        )
        return np.asarray((samples["took"] > seconds) | unanswered)

    return select_slow
