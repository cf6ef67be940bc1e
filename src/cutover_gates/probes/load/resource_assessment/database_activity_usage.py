"""The checks of the target's database under load: connections, waits for locks, deadlocks."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.database_activity import DatabaseActivity, activity_difference
from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.sample_series import (
    MIN_MEASUREMENTS,
    Measurement,
    count_allowed_failures,
    describe_failures,
    format_series,
)

CONNECTIONS, LOCK_WAITS, DEADLOCKS = "database connections", "lock waits", "deadlocks"
SERVER_NAME = "the server"  # as the query for connections names it
MAX_OVER_SHARE = 0.25
"""Share of the samples in which connections may be above their limit.

A spike may exceed it, also one that a stall of the machine makes; a habit may not. Whether anybody
suffers is told by the requests that wait, which have limits of their own.
"""


def check_database_activity(
    activity: Sequence[DatabaseActivity],
    resources: ResourceSettings,
    builder: AssessmentBuilder,
    start: float | None,
) -> None:
    """Check the samples of the database's sessions.

    `start` is where the time of the series begins; by default at the first sample.
    """
    if activity:
        _add_figures(activity, builder, activity[0].at if start is None else start)
    with builder.check_item(rules.DATABASE_CONNECTIONS, CONNECTIONS):
        _check_connections(activity, resources, builder)
    with builder.check_item(rules.LOCK_WAITS, LOCK_WAITS):
        _check_lock_waits(activity, resources, builder)
    with builder.check_item(rules.DEADLOCKS, DEADLOCKS):
        _check_counters(activity, resources, builder)


def _add_figures(
    activity: Sequence[DatabaseActivity], builder: AssessmentBuilder, start: float
) -> None:
    connections = [
        Measurement(sample.at, sample.connections[SERVER_NAME][0])
        for sample in activity
        if SERVER_NAME in sample.connections
    ]
    waits = [
        Measurement(sample.at, sample.longest_wait)
        for sample in activity
        if sample.longest_wait is not None
    ]
    idle = [sample.idle for sample in activity if sample.idle is not None]
    builder.figures |= {
        "backends": format_series(connections, start),
        "lock_wait_seconds": format_series(waits, start),
        "idle_in_transaction": max(idle, default=None),
    }


def _require_enough_activity(
    activity: Sequence[DatabaseActivity], readable: Sequence[DatabaseActivity], failed_share: float
) -> None:
    """Raise `NotReadable` where more than `failed_share` of them failed, or too few are left."""
    if not activity:
        raise NotReadable("no sample was taken")
    reasons = [sample.not_seen_reason for sample in activity if sample.not_seen_reason]
    reason = reasons[0] if reasons else "no reason is known"
    missing = len(activity) - len(readable)
    if missing > count_allowed_failures(len(activity), failed_share):
        raise NotReadable(f"{describe_failures(missing, len(activity), failed_share)}{reason}")
    if len(readable) < MIN_MEASUREMENTS:
        raise NotReadable(f"seen in {len(readable)} samples, {MIN_MEASUREMENTS} required")


def _check_connections(
    activity: Sequence[DatabaseActivity], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    readable = [sample for sample in activity if sample.connections]
    _require_enough_activity(activity, readable, resources.failed_share)
    for place in dict.fromkeys(name for sample in readable for name in sample.connections):
        pairs = [sample.connections[place] for sample in readable if place in sample.connections]
        over = sum(in_use > resources.pool_share * maximum for in_use, maximum in pairs)
        if over > MAX_OVER_SHARE * len(pairs):
            builder.add_finding(
                rules.DATABASE_CONNECTIONS,
                place,
                expected=f"more than {resources.pool_share:.0%} of {pairs[-1][1]} connections in"
                f" use in at most {MAX_OVER_SHARE:.0%} of the samples",
                actual=f"{over} of {len(pairs)} samples, up to {max(pairs)[0]} connections",
            )


def _check_lock_waits(
    activity: Sequence[DatabaseActivity], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    readable = [sample for sample in activity if sample.longest_wait is not None]
    longest = max((sample.longest_wait or 0.0 for sample in readable), default=0.0)
    # Before the samples are counted: one long wait is enough for a finding.
    if longest > resources.lock_wait_seconds:
        builder.add_finding(
            rules.LOCK_WAITS,
            LOCK_WAITS,
            expected=f"at most {resources.lock_wait_seconds:g} s",
            actual=f"{longest:.1f} s or more",
        )
    _require_enough_activity(activity, readable, resources.failed_share)


def _check_counters(
    activity: Sequence[DatabaseActivity], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    readable = [sample for sample in activity if sample.counters]
    _require_enough_activity(activity, readable, resources.failed_share)
    counts = activity_difference(readable[0], readable[-1])
    if counts is None:
        raise NotReadable("the counters of pg_stat_database started again during the run")
    ended = counts["committed"] + counts["rolled_back"]
    share = round(counts["rolled_back"] / ended, 4) if ended else 0.0
    builder.figures["database"] = {**counts, "rolled_back_share": share}
    if counts["deadlocks"]:
        builder.add_finding(
            rules.DEADLOCKS, DEADLOCKS, expected="0", actual=str(counts["deadlocks"])
        )
