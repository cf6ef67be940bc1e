"""The summary of a run, computed from its samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.statistics.confidence_intervals import quantile, quantile_interval
from cutover_gates.probes.load.failure_counts import count_failures
from cutover_gates.probes.load.load_runner import LoadPlan, LoadRun
from cutover_gates.probes.load.model import (
    NEW_CONNECTIONS,
    GeneratorFigures,
    LoadSummary,
    ObjectiveResult,
)
from cutover_gates.probes.load.objectives import PERCENTILE_SHARES, ObjectiveTest
from cutover_gates.probes.load.operation_figures import OperationFigures, Percentile
from cutover_gates.probes.load.request_outcomes import (
    ERROR_OUTCOMES,
    ConnectionFlags,
    RequestOutcome,
)
from cutover_gates.probes.load.sample_log import Samples
from cutover_gates.probes.load.sample_selectors import connection_selector

LATE_SECONDS = 0.1
"""A request that left later than this was not sent on schedule."""
BINS_PER_DECADE = 20
"""Bins of the distribution in the report. The figures themselves are exact."""
MIN_BIN_SECONDS = 1e-4

Times = np.ndarray[Any, np.dtype[np.float64]]


def summarize_load(
    plan: LoadPlan, run: LoadRun, pool: Assessment, usage: Assessment
) -> LoadSummary:
    """Return what is kept of a run.

    `pool` and `usage` are the assessments of what the target used.
    """
    judged = run.judged_samples
    operations = tuple(
        _summarize_operation(plan, name, judged[judged["operation"] == index])
        for index, name in enumerate(plan.worker_config.operations)
    )
    on_new = connection_selector(ConnectionFlags.NEW)(judged)
    new_connections = _summarize_operation(plan, NEW_CONNECTIONS, judged[on_new])
    measured = (*operations, new_connections)
    failures, names = run.results.failure_messages, plan.worker_config.operations
    return LoadSummary(
        end_reason=run.end_reason,
        is_decided=run.is_decided,
        safety_stop=run.safety_stop,
        judged_seconds=round(run.judged_seconds, 1),
        judged_from=run.judged_from,
        judged_until=run.judged_until,
        requests=len(judged),
        requests_in_all=len(run.results.samples),
        problems=tuple(run.results.problems),
        journeys=run.results.journey_counts,
        generator=_summarize_generator(plan, run),
        objectives=tuple(_summarize_objective(test, run, measured) for test in run.tests),
        operations=operations,
        failures={name: tuple(texts) for name, texts in failures.items() if texts},
        failure_counts=count_failures(run.judged_samples, names),
        new_connections=new_connections,
        uncompared=plan.uncompared,
        series=tuple(_summarize_seconds(run.results.samples, run.started)),
        pool=pool,
        usage=usage,
    )


def _summarize_generator(plan: LoadPlan, run: LoadRun) -> GeneratorFigures:
    judged, seconds = run.judged_samples, max(run.judged_seconds, 0.001)
    late = np.sort(judged["late"].astype(float))
    in_time = float((late <= LATE_SECONDS).mean()) if len(late) else 0.0
    return GeneratorFigures(
        intended_rate=plan.performance.intended_rate,
        rate=round(len(judged) / seconds, 2),
        in_time=round(in_time, 4),
        late_p99=round(quantile(late, 0.99), 4) if len(late) else None,
        busiest=round(run.results.max_cpu_share(), 3),
        processes=len(run.results.headers),
        expected_journeys=round(plan.worker_config.journey_rate * seconds, 1),
        new_connections=int(connection_selector(ConnectionFlags.NEW)(judged).sum()),
        asked_again=int(connection_selector(ConnectionFlags.ASKED_AGAIN)(judged).sum()),
    )


def _summarize_objective(
    test: ObjectiveTest, run: LoadRun, operations: tuple[OperationFigures, ...]
) -> ObjectiveResult:
    objective = test.objective
    return ObjectiveResult(
        item=objective.item,
        operation=objective.operation,
        statistic=objective.statistic,
        limit=objective.limit,
        limit_value=objective.limit_value,
        required=objective.required,
        state=test.conclusion.value,
        bad=test.bad,
        total=test.total,
        share=round(objective.share_limit.limit, 6),
        upper_bound=round(test.upper_bound, 6),
        missing=test.remaining_requests,
        seconds=round(run.judged_seconds, 1),
        measured=_measure(test, operations),
    )


def _measure(test: ObjectiveTest, operations: tuple[OperationFigures, ...]) -> float | None:
    """Return the measured value of an objective; None where nothing was measured.

    The ratio to a baseline is computed where the baseline is known (`assess_against_baseline`).
    """
    objective = test.objective
    if objective.statistic in ("errors", "asked again"):
        return round(test.bad / test.total, 6) if test.total else None
    percentiles = {one.name: one.percentiles for one in operations}.get(objective.operation, {})
    return percentiles.get(objective.statistic, (None,))[0]


def _summarize_operation(plan: LoadPlan, name: str, own: Samples) -> OperationFigures:
    """Return one operation's figures: exact percentiles, each with its order-statistic interval."""
    times = np.sort(own["took"][own["outcome"] == RequestOutcome.SUCCESS].astype(float))
    limits = plan.performance.objectives.limits_for(name)
    return OperationFigures(
        name=name,
        requests=len(own),
        errors=_count_errors(own),
        objective=limits.model_dump(exclude_none=True),
        percentiles=_compute_percentiles(times, plan.performance.confidence),
        distribution=tuple(_compute_distribution(times)),
    )


def _compute_percentiles(times: Times, confidence: float) -> dict[str, Percentile]:
    if not len(times):
        return {}
    percentiles: dict[str, Percentile] = {}
    for statistic, share in PERCENTILE_SHARES.items():
        low, high = quantile_interval(times, share, confidence)
        percentiles[statistic] = (
            _round_seconds(quantile(times, share)),
            _round_seconds(low),
            _round_seconds(high),
        )
    return percentiles


def _count_errors(samples: Samples) -> int:
    return int(np.isin(samples["outcome"], ERROR_OUTCOMES).sum())


def _round_seconds(value: float) -> float | None:
    """Round to a tenth of a millisecond; None where a sample is too small to bound the value."""
    return round(float(value), 4) if np.isfinite(value) else None


def _compute_distribution(times: Times) -> list[tuple[float, int]]:
    """Return (upper edge in seconds, requests) of each bin with requests."""
    exponents = np.log10(np.maximum(times, MIN_BIN_SECONDS)) * BINS_PER_DECADE
    bins = np.ceil(exponents).astype(int)
    return [
        (round(10 ** (number / BINS_PER_DECADE), 5), int((bins == number).sum()))
        for number in np.unique(bins)
    ]


def _summarize_seconds(samples: Samples, started: float) -> list[tuple[float | None, ...]]:
    """Return (second, requests due in it, p50, p95, errors) of each second since the start."""
    if not len(samples):
        return []
    second = (samples["due"] - started).astype(int)
    rows: list[tuple[float | None, ...]] = []
    for number in range(max(0, int(second.min())), int(second.max()) + 1):
        due = samples[second == number]
        p50, p95 = None, None
        if len(due):
            p50, p95 = map(_round_seconds, np.quantile(due["took"], [0.5, 0.95]))
        rows.append((number, len(due), p50, p95, _count_errors(due)))
    return rows
