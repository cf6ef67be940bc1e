"""Made-up summaries of load runs for the tests of this folder."""

from __future__ import annotations

from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.load.model import (
    ALL_CERTAIN,
    GeneratorFigures,
    LoadSummary,
    ObjectiveResult,
)
from cutover_gates.probes.load.operation_figures import OperationFigures, Percentile

SOUND = Assessment("t", ("memory",))


def objective(item: str, statistic: str, state: str, **others: Any) -> ObjectiveResult:
    """Return the result of one objective of `upload`."""
    plain: dict[str, Any] = {
        "item": item,
        "operation": "upload",
        "statistic": statistic,
        "limit": "within 0.5 s",
        "limit_value": 0.5,
        "required": True,
        "state": state,
        "bad": 3,
        "total": 400,
        "share": 0.05,
        "upper_bound": 0.02,
        "missing": 0,
        "seconds": 50.0,
        "measured": 0.25,
    }
    return ObjectiveResult(**{**plain, **others})


def operation(
    name: str = "upload",
    p50: Percentile = (0.01, 0.01, 0.01),
    tail: Percentile = (0.01, 0.01, 0.01),
) -> OperationFigures:
    """Return the figures of one operation: its median, and its p95 and p99, which are equal."""
    percentiles = {"p50": p50, "p95": tail, "p99": tail}
    return OperationFigures(name, 400, 0, {"p95": 0.5}, percentiles, ((0.01, 400),))


def generator(**others: Any) -> GeneratorFigures:
    """Return the figures of a generator that made the load as planned."""
    plain: dict[str, Any] = {
        "intended_rate": 40.0,
        "rate": 39.0,
        "in_time": 1.0,
        "late_p99": 0.01,
        "busiest": 0.2,
        "processes": 1,
        "expected_journeys": 500.0,
    }
    return GeneratorFigures(**{**plain, **others})


def summary(*objectives: ObjectiveResult, **others: Any) -> LoadSummary:
    """Return the summary of a run that was made as planned."""
    plain: dict[str, Any] = {
        "end_reason": ALL_CERTAIN,
        "is_decided": True,
        "safety_stop": None,
        "judged_seconds": 50.0,
        "judged_from": 1000.0,
        "judged_until": 1050.0,
        "requests": 2000,
        "requests_in_all": 2100,
        "problems": (),
        "journeys": {"clerk": 520},
        "generator": generator(),
        "objectives": objectives,
        "operations": (operation(),),
        "failures": {},
        "failure_counts": (),
        "new_connections": operation("new connections"),
        "uncompared": (),
        "series": ((0, 40, 0.01, 0.02, 0),),
        "pool": SOUND,
        "usage": SOUND,
    }
    return LoadSummary(**{**plain, **others})
