"""The summary of a load run: one value from where it is made to where it is shown.

A summary holds no token and no patient. This module imports no numpy, so that collecting the checks
stays fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.load.operation_figures import OperationFigures, UncomparedTail
from cutover_gates.probes.load.request_outcomes import FailureCount

ALL_CERTAIN = "every objective is certain"
"""`LoadSummary.end_reason` of a run in which every required objective holds."""

ALL_REQUESTS, NEW_CONNECTIONS = "all requests", "new connections"
"""What stands in the place of an operation."""
RATIO = "ratio"
"""The statistic of the ratio of medians; of a tail, it follows the percentile: `p95 ratio`."""


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
    seconds. `new_connections` counts the requests that were sent on a new connection, `asked_again`
    those that were sent twice, because the target had closed the connection.
    """

    intended_rate: float
    rate: float
    in_time: float
    late_p99: float | None
    busiest: float
    processes: int
    expected_journeys: float
    new_connections: int = 0
    asked_again: int = 0


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
class LoadSummary:
    """A load run that is over.

    `end_reason` says why it ended. `problems` are reasons why a part of the log is missing.
    `judged_from` and `judged_until` are seconds since the epoch. `journeys` counts the journeys
    that were started, by name. `failures` has the first failures of each operation in words,
    redacted, and `failure_counts` counts them all. `new_connections` has the figures of the
    requests that were sent on one. `uncompared` names the percentiles that are not compared with
    the baseline's. `series` holds for each second since the start: (second, requests due in it,
    p50, p95, errors). `pool` and `usage` are the assessments of what the target used.
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
    failure_counts: tuple[FailureCount, ...]
    new_connections: OperationFigures
    uncompared: tuple[UncomparedTail, ...]
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
                "failure_counts": tuple(FailureCount(**one) for one in plain["failure_counts"]),
                "new_connections": OperationFigures.from_plain(plain["new_connections"]),
                "uncompared": tuple(UncomparedTail(**one) for one in plain["uncompared"]),
                "series": tuple(map(tuple, plain["series"])),
                "pool": Assessment.from_plain(plain["pool"]),
                "usage": Assessment.from_plain(plain["usage"]),
            }
        )
