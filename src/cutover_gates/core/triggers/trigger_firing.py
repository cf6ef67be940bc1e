"""What a watch notes: triggers that fired, time that was not proven, how much was seen."""

from __future__ import annotations

from dataclasses import dataclass

from cutover_gates.core.triggers.blind_sources import BlindSources
from cutover_gates.core.triggers.database_condition import DatabaseCondition, needed_counts
from cutover_gates.core.triggers.health_condition import HealthCondition
from cutover_gates.core.triggers.share_condition import ShareCondition
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_names import (
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)

BLIND_KEY = ConditionKey(TriggerName.BLIND, SERVICE, SignalSource.PROBES)
TriggerCondition = ShareCondition | HealthCondition | DatabaseCondition


@dataclass(frozen=True)
class Firing:
    """One trigger that fired. Times are seconds of the watch.

    `rate_since`, `first_bad` and `last_bad` tell how a share came to be exceeded: when its window
    first was, and when the first and the last bad request were. `note` is told beside it.
    """

    key: ConditionKey
    since: float
    at: float
    value: str
    limit: str
    rate_since: float | None = None
    first_bad: float | None = None
    last_bad: float | None = None
    note: str = ""


@dataclass(frozen=True, order=True)
class UnprovenSpan:
    """Something that was not proven, and when; `key` None: it concerns every trigger."""

    at: float
    reason: str
    key: ConditionKey | None = None


@dataclass
class ConditionCoverage:
    """How many evaluations a condition was asked for, had a reading, and its unseen seconds."""

    asked: int = 0
    known: int = 0
    unseen: float = 0.0


def describe_blindness(blind: BlindSources, at: float, limits: TriggerLimits) -> Firing:
    """Return the firing of a watch that sees nothing."""
    since = at if blind.since is None else blind.since
    value = f"probes and telemetry have seen nothing for {blind.find_both():.0f} s"
    return Firing(BLIND_KEY, since, at, value, f"less than {limits.blind_seconds:g} s")


def describe_firing(
    key: ConditionKey, condition: TriggerCondition, at: float, limits: TriggerLimits, note: str
) -> Firing:
    """Return the firing of a condition that has just fired."""
    since = at if condition.since is None else condition.since
    if isinstance(condition, ShareCondition):
        value, limit = _describe_share(key, condition, limits)
        return Firing(
            key,
            since,
            at,
            value,
            limit,
            condition.rate_since,
            condition.first_bad,
            condition.last_bad,
            note,
        )
    if isinstance(condition, HealthCondition):
        value = f"{condition.failures} failed health checks in a row"
        return Firing(key, since, at, value, f"more than {limits.health_failures}", note=note)
    way, count = condition.worst
    limit = f"{needed_counts(limits)[way]} times"
    return Firing(key, since, at, f"{way}: {count} times", limit, note=note)


def _describe_share(
    key: ConditionKey, condition: ShareCondition, limits: TriggerLimits
) -> tuple[str, str]:
    bad, total = condition.bad, condition.total
    share = f"{bad:,} of {total:,} requests ({bad / max(total, 1):.2%})"
    if key.trigger is TriggerName.ERRORS:
        duration = f"{limits.error_seconds:g} s"
        return f"{share} failed", f"more than {float(limits.error_share):.2%} for {duration}"
    duration = f"{limits.slow_seconds:g} s"
    seconds = condition.slow_above
    slower = "were slower than the limit" if seconds is None else f"took more than {seconds:.3g} s"
    return f"{share} {slower}", f"more than {float(limits.slow_share):.2%} for {duration}"
