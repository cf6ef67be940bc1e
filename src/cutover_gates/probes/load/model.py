"""The summary of a load run: one value from where it is made to where it is shown.

A summary holds no token and no patient. This module imports no numpy, so that collecting the checks
stays fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Literal

from cutover_gates.core.evidence.assessment import Assessment

ALL_CERTAIN = "every objective is certain"
"""`LoadSummary.end_reason` of a run in which every required objective holds."""
Percentile = tuple[float | None, float | None, float | None]
"""A percentile in seconds, with its lower and upper bound; None where the sample is too small."""


class RequestOutcome(IntEnum):
    """The end of a request. All but `SUCCESS` and `UNFINISHED` are errors."""

    SUCCESS = 0
    REJECTED = 1  # the target refused it
    NO_ANSWER = 2  # no answer, or not in time
    INVALID_ANSWER = 3  # the answer breaks its protocol, or differs from what was stored before
    NOT_SENT = 4  # too many requests were waiting for their answers
    UNFINISHED = 5  # no answer yet at the end of the run: it took at least so long


ERROR_OUTCOMES = (
    RequestOutcome.REJECTED,
    RequestOutcome.NO_ANSWER,
    RequestOutcome.INVALID_ANSWER,
    RequestOutcome.NOT_SENT,
)


@dataclass(frozen=True)
class SafetyStop:
    """Why a run was stopped to protect the target: too many errors, or answers much too slow.

    `expected` is what the target must keep to, `actual` what was measured instead.
    """

    kind: Literal["errors", "slowdown"]
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.actual}; expected {self.expected}"


@dataclass(frozen=True)
class GeneratorFigures:
    """How the load was made: what was planned, and what of it was sent on schedule.

    Rates are in requests per second. `in_time` is the share of requests that were sent on schedule,
    `busiest` the greatest share of a processor that one load process used. `late_p99` is in
    seconds.
    """

    intended_rate: float
    rate: float
    in_time: float
    late_p99: float | None
    busiest: float
    processes: int
    expected_journeys: float


@dataclass(frozen=True)
class ObjectiveResult:
    """What a run proves of one objective.

    `measured` and `limit_value` are in one unit: seconds for p50, p95 and p99, a share for errors,
    a multiple of the baseline's median for ratio. `limit` is the limit in words. `state` is
    "holds", "broken" or "open"; one that is not `required` can only be refuted.

    Of `total` requests `bad` spoke against the objective; at most the share `share` may.
    `upper_bound` is the share that is not exceeded, with the confidence that a GO needs. `missing`
    is about how many further requests would decide: 0 where it is decided, None where no end is in
    sight. `seconds` is how long was judged.
    """

    item: str
    operation: str
    statistic: str
    limit: str
    limit_value: float
    required: bool
    state: str
    bad: int
    total: int
    share: float
    upper_bound: float
    missing: int | None
    seconds: float
    measured: float | None = None

    def to_facts(self) -> dict[str, Any]:
        """Return the entry of the evidence that the report's tables and charts read."""
        return {
            "item": self.item,
            "operation": self.operation,
            "statistic": self.statistic,
            "limit": self.limit,
            "limit_value": self.limit_value,
            "measured": self.measured,
            "needed": self.required,
            "state": self.state,
            "bad": self.bad,
            "of": self.total,
            "share": self.share,
            "at_most": self.upper_bound,
            "missing": self.missing,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class OperationFigures:
    """The response times of one operation, in seconds.

    `percentiles` maps p50, p95 and p99 to the value and its bounds. `distribution` holds (upper
    edge in seconds, requests) of each bin with requests. `objective` holds the limits by
    percentile.
    """

    name: str
    requests: int
    errors: int
    objective: Mapping[str, float]
    percentiles: Mapping[str, Percentile]
    distribution: tuple[tuple[float, int], ...]

    def to_facts(self) -> dict[str, Any]:
        """Return the entry of the evidence that the report's tables and charts read."""
        return {
            "name": self.name,
            "requests": self.requests,
            "errors": self.errors,
            "objective": dict(self.objective),
            **{name: list(bounds) for name, bounds in self.percentiles.items()},
            "distribution": [list(one) for one in self.distribution],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> OperationFigures:
        """Return the figures that `dataclasses.asdict` made plain."""
        percentiles = {name: tuple(bounds) for name, bounds in plain["percentiles"].items()}
        distribution = tuple((edge, count) for edge, count in plain["distribution"])
        return cls(**{**plain, "percentiles": percentiles, "distribution": distribution})


@dataclass(frozen=True)
class LoadSummary:
    """A load run that is over.

    `end_reason` says why it ended. `problems` are reasons why a part of the log is missing.
    `judged_from` and `judged_until` are seconds since the epoch. `journeys` counts the journeys
    that were started, by name. `failures` has the first failures of each operation in words,
    redacted. `series` holds for each second since the start: (second, requests due in it, p50, p95,
    errors). `pool` and `usage` are the assessments of what the target used.
    """

    end_reason: str
    is_decided: bool
    safety_stop: SafetyStop | None
    judged_seconds: float
    judged_from: float
    judged_until: float
    requests: int
    requests_in_all: int
    problems: tuple[str, ...]
    journeys: Mapping[str, int]
    generator: GeneratorFigures
    objectives: tuple[ObjectiveResult, ...]
    operations: tuple[OperationFigures, ...]
    failures: Mapping[str, tuple[str, ...]]
    series: tuple[tuple[float | None, ...], ...]
    pool: Assessment
    usage: Assessment

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {
            **asdict(self),
            "pool": self.pool.to_plain(),
            "usage": self.usage.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LoadSummary:
        """Return the summary that `to_plain` wrote."""
        stop = plain["safety_stop"]
        return cls(
            **{
                **plain,
                "safety_stop": SafetyStop(**stop) if stop else None,
                "problems": tuple(plain["problems"]),
                "generator": GeneratorFigures(**plain["generator"]),
                "objectives": tuple(ObjectiveResult(**one) for one in plain["objectives"]),
                "operations": tuple(map(OperationFigures.from_plain, plain["operations"])),
                "failures": {name: tuple(texts) for name, texts in plain["failures"].items()},
                "series": tuple(map(tuple, plain["series"])),
                "pool": Assessment.from_plain(plain["pool"]),
                "usage": Assessment.from_plain(plain["usage"]),
            }
        )
