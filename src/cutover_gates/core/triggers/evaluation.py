"""What the watcher hands to the triggers at one moment: readings of every declared source.

This is the seam. A reader of probes, Prometheus, logs or Kubernetes makes readings and nothing
else. A reading that could not be made is handed over with None in the place of its counts: it is
unknown. A reading that is left out is unknown, too, once its condition has been seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cutover_gates.core.triggers.trigger_names import ConditionKey, SignalSource, TriggerName


class ProbeAnswer(StrEnum):
    """How one probe of a ready path or of a login ended.

    FAIL: refused, timed out, redirected, or a status that is not declared. NONE: it could not be
    sent.
    """

    OK = "ok"
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True)
class ShareReading:
    """Counts of the interval that ends at `at`: failed (or slow) requests, and all of them.

    `at` and `seconds` are on the clock of the evaluation; `at` None: the evaluation's own time,
    `seconds` None: since the last evaluation. The key's trigger is `error-rate` or
    `response-time`. `spacing`: seconds between two counts of a source that is slower than the
    evaluations. `slow_above`: the seconds above which an answer counted as slow, to be shown.
    """

    key: ConditionKey
    bad: int | None
    total: int | None
    seconds: float | None = None
    at: float | None = None
    spacing: float = 0.0
    slow_above: float | None = None

    def __post_init__(self) -> None:
        if self.key.trigger not in (TriggerName.ERRORS, TriggerName.RESPONSE):
            raise ValueError(f"{self.key.trigger} is not judged by a share")
        if self.bad is not None and self.total is not None and not 0 <= self.bad <= self.total:
            raise ValueError(f"{self.bad} bad of {self.total} requests: there is no such share")

    @property
    def is_known(self) -> bool:
        """Whether both counts are there."""
        return self.bad is not None and self.total is not None


@dataclass(frozen=True)
class HealthReading:
    """One probe of an instance's ready path, or of the balancer's.

    `late_seconds`: how much later than planned it was sent. `terminating`: the deployment takes
    the instance away.
    """

    key: ConditionKey
    result: ProbeAnswer
    late_seconds: float = 0.0
    terminating: bool = False


@dataclass(frozen=True)
class DatabaseReading:
    """What was seen of the way to the database since the last evaluation; None: unknown.

    `pool_timeouts`: requests that got no connection in time. `pool_size` and `pool_waiting` are
    gauges. `logged`: lines of the log with a SQLSTATE that counts (`is_connection_failure`).
    """

    key: ConditionKey
    pool_timeouts: int | None = None
    pool_size: int | None = None
    pool_waiting: int | None = None
    login: ProbeAnswer = ProbeAnswer.NONE
    logged: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything at all was seen."""
        counts = (self.pool_timeouts, self.pool_size, self.logged)
        return self.login is not ProbeAnswer.NONE or any(each is not None for each in counts)


@dataclass(frozen=True)
class PendingReading:
    """The source has nothing newer for a condition, and none is due yet.

    It is neither known nor unknown. Whoever makes it bounds how long.
    """

    key: ConditionKey


TriggerReading = ShareReading | HealthReading | DatabaseReading | PendingReading


@dataclass(frozen=True)
class Evaluation:
    """One evaluation. `at` is on the watcher's monotonic clock, in seconds.

    `digest`: the image of the new release that runs; None: not known at this moment. `sources`:
    each *declared* source, and whether it delivered anything since the last evaluation. A source
    that is not declared is left out: it is absent, and not blind.
    """

    at: float
    readings: tuple[TriggerReading, ...] = ()
    sources: Mapping[SignalSource, bool] = field(default_factory=dict)
    digest: str | None = None


def group_readings(
    readings: Sequence[TriggerReading],
) -> dict[ConditionKey, list[TriggerReading]]:
    """Return the readings of each condition; only probes of health may be several.

    Raises `ValueError` where others are.
    """
    grouped: dict[ConditionKey, list[TriggerReading]] = {}
    for each in readings:
        grouped.setdefault(each.key, []).append(each)
    for key, several in grouped.items():
        if len(several) > 1 and key.trigger is not TriggerName.HEALTH:
            raise ValueError(f"{key.text} has {len(several)} readings in one evaluation")
    return grouped


def is_connection_failure(sqlstate: str, *, terminating: bool = False) -> bool:
    """Return whether a SQLSTATE in the log of the new release counts for the database trigger.

    53300 is "too many connections", 57P03 "cannot connect now", class 08 a connection exception.
    57P01 comes with every orderly stop of a server, and an instance that terminates closes its
    connections: neither counts.
    """
    if terminating:
        return False
    return sqlstate in ("53300", "57P03") or (len(sqlstate) == 5 and sqlstate.startswith("08"))
