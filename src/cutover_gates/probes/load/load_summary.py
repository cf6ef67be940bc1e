"""What a run is remembered by: figures and sentences, JSON-able, without a token and without a
patient. Checks, report and baseline read it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.confidence_intervals import quantile, quantile_interval
from cutover_gates.probes.load.load_runner import LoadPlan, LoadRun
from cutover_gates.probes.load.objectives import ERROR_OUTCOMES, PERCENTILE_SHARES, ObjectiveTest
from cutover_gates.probes.load.sample_log import RequestOutcome, Samples

LATE_SECONDS = 0.1
"""A request that left later than this was not sent when it was intended."""
BINS_PER_DECADE = 20
"""Of the distribution in the report. The figures themselves are exact."""


def summarize_load(order: LoadPlan, run: LoadRun) -> dict[str, Any]:
    """Everything that is said of a run."""
    judged = run.judged_samples
    return {
        "ended": run.end_reason,
        "certain": run.is_decided,
        "stopped_for_safety": run.is_safety_stop,
        "judged_seconds": round(run.judged_seconds, 1),
        "judged_from": run.judged_from,
        "until": run.judged_until,
        "requests": len(judged),
        "requests_in_all": len(run.results.samples),
        "notes": run.results.notes,
        "begun": run.results.journey_counts,
        "generator": _summarize_generator(order, run),
        "claims": [_summarize_objective(trial) for trial in run.tests],
        "operations": [
            _summarize_operation(order, index, judged)
            for index in range(len(order.worker_config.operations))
        ],
        "troubles": {name: texts for name, texts in run.results.failure_messages.items() if texts},
        "series": _series(run.results.samples, run.started),
    }


def _summarize_generator(order: LoadPlan, run: LoadRun) -> dict[str, Any]:
    """How well the load was made: what was intended, and what was done of it in time."""
    judged, seconds = run.judged_samples, max(run.judged_seconds, 0.001)
    in_time = float((judged["late"] <= LATE_SECONDS).mean()) if len(judged) else 0.0
    expected = order.worker_config.journey_rate * seconds
    return {
        "intended_rate": order.performance.intended_rate,
        "rate": round(len(judged) / seconds, 2),
        "in_time": round(in_time, 4),
        "late_p99": (
            round(quantile(np.sort(judged["late"].astype(float)), 0.99), 4) if len(judged) else None
        ),
        "busiest": round(run.results.max_cpu_share(), 3),
        "processes": len(run.results.headers),
        "expected_journeys": round(expected, 1),
    }


def _summarize_objective(trial: ObjectiveTest) -> dict[str, Any]:
    claim = trial.objective
    return {
        "item": claim.item,
        "operation": claim.operation,
        "statistic": claim.statistic,
        "limit": claim.limit,
        "needed": claim.required,
        "state": trial.conclusion.value,
        "bad": trial.bad,
        "of": trial.total,
        "share": round(claim.share_limit.limit, 6),
        "at_most": round(trial.upper_bound, 6),
        "missing": trial.remaining_requests,
    }


def _summarize_operation(order: LoadPlan, index: int, judged: Samples) -> dict[str, Any]:
    """One operation's times in seconds: exact percentiles, each with its order-statistic interval."""
    mine = judged[judged["operation"] == index]
    times = np.sort(mine["took"][mine["outcome"] == RequestOutcome.SUCCESS].astype(float))
    objective = order.performance.objectives.limits_for(order.worker_config.operations[index])
    facts: dict[str, Any] = {
        "name": order.worker_config.operations[index],
        "requests": len(mine),
        "errors": int(np.isin(mine["outcome"], ERROR_OUTCOMES).sum()),
        "objective": objective.model_dump(exclude_none=True),
    }
    for statistic, share in PERCENTILE_SHARES.items() if len(times) else ():
        low, high = quantile_interval(times, share, order.performance.confidence)
        facts[statistic] = [
            _round_seconds(quantile(times, share)),
            _round_seconds(low),
            _round_seconds(high),
        ]
    facts["distribution"] = _distribution(times)
    return facts


def _round_seconds(value: float) -> float | None:
    """To a tenth of a millisecond; None where a sample is too small to bound it."""
    return round(float(value), 4) if np.isfinite(value) else None


def _distribution(times: np.ndarray[Any, np.dtype[np.float64]]) -> list[list[float]]:
    """(upper edge in seconds, requests) of each bin that holds some."""
    if not len(times):
        return []
    bins = np.ceil(np.log10(np.maximum(times, 1e-4)) * BINS_PER_DECADE).astype(int)
    return [
        [round(10 ** (number / BINS_PER_DECADE), 5), int((bins == number).sum())]
        for number in np.unique(bins)
    ]


def _series(samples: Samples, started: float) -> list[list[float | None]]:
    """For each second since the start: (second, requests due in it, p50, p95 in seconds, errors)."""
    if not len(samples):
        return []
    second = (samples["due"] - started).astype(int)
    rows: list[list[float | None]] = []
    for number in range(max(0, int(second.min())), int(second.max()) + 1):
        mine = samples[second == number]
        p50, p95 = (
            (map(_round_seconds, np.quantile(mine["took"], [0.5, 0.95])))
            if len(mine)
            else (None, None)
        )
        rows.append(
            [number, len(mine), p50, p95, int(np.isin(mine["outcome"], ERROR_OUTCOMES).sum())]
        )
    return rows


def find_load_problems(facts: dict[str, Any], performance: Performance) -> list[str]:
    """Why the load itself proves nothing, a sentence each; empty when it was made as it was
    intended.
    """
    generator, why = facts["generator"], list(facts["notes"])
    if not facts["requests"]:
        return [*why, f"no request was judged: {facts['ended']}"]
    if generator["in_time"] < 0.95:
        why.append(
            f"only {generator['in_time'] * 100:.1f} % of the requests left when they were intended"
            " to (95 % must): this machine is too slow, or too busy, to make the load; use another"
            " one, or a lower performance.rate"
        )
    expected = generator["expected_journeys"]
    begun = (
        sum(facts["begun"].values())
        * facts["judged_seconds"]
        / max(facts["judged_seconds"] + performance.ramp_seconds / 2, 0.001)
    )
    if begun < 0.95 * expected - 3 * expected**0.5:
        why.append(
            f"{begun:.0f} journeys were begun, and {expected:.0f} were intended: the load was not"
            " made"
        )
    if generator["busiest"] > 0.9:
        why.append(
            f"a load process used {generator['busiest'] * 100:.0f} % of a processor: set"
            " performance.processes higher"
        )
    return why
