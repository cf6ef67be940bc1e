"""The target's connection pool and its database under load: the item `connection-pool`."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.config.performance import ResourceSettings
from cutover_gates.core.database_activity import DatabaseActivity, activity_difference
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.probes.load.resource_assessment.sample_series import (
    MIN_MEASUREMENTS,
    MIN_SAMPLE_SHARE,
    Measurement,
    analyze_counter,
    extract_points,
    format_series,
    require_enough_samples,
    require_moving_counter,
    require_single_counter,
)
from cutover_gates.util.resource_sample import ResourceSample

POOL_TITLE = "The database connection pool has room"
MAX_OVER_SHARE = 0.25
"""Share of the looks in which connections may be above their limit: a spike may, also one that a
stall of the machine makes, and no habit may. Whether anybody suffers from it is told by who waits
and who waited in vain, and those have limits of their own.
"""
POOL_GROWTH_ALLOWANCE = 2.0
"""Looks in which somebody may wait, however short the run: a pool that opens a connection lets the
first ones wait for it.
"""
SERVER_NAME = "the server"  # as the query for connections names it


def assess_connection_pool(
    looks: Sequence[ResourceSample] | None,
    pressures: Sequence[DatabaseActivity] | None,
    resources: ResourceSettings,
    start: float | None = None,
) -> Assessment:
    """Judges the looks of the judged part of a run; what is None is not judged.

    `start` is where the time of the series begins.

    Connections (of the pool, of the server) above their limit in a quarter of the looks are a
    finding, a spike is not. That somebody waits is one in more looks than pool_waiting_share, and
    more than two. A timeout, a deadlock, a lock that was waited for too long: one is enough, none
    comes by chance. A wait is seen for certain when it lasts longer than the limit by the time
    between two looks.
    """
    seen = AssessmentBuilder(
        figures={
            "limits": {
                "pool_share": resources.pool_share,
                "pool_waiting_share": resources.pool_waiting_share,
                "lock_wait_seconds": resources.lock_wait_seconds,
                "share of looks above pool_share": MAX_OVER_SHARE,
            }
        }
    )
    if looks is not None:
        _assess_target(looks, resources, seen, start)
    if pressures is not None:
        _assess_database(pressures, resources, seen, start)
    return seen.build(POOL_TITLE)


# ── what the target tells ──


def _assess_target(
    looks: Sequence[ResourceSample],
    resources: ResourceSettings,
    seen: AssessmentBuilder,
    start: float | None,
) -> None:
    seen.figures["looks"] = len(looks)
    if looks:
        began = looks[0].at if start is None else start
        seen.figures |= {
            figure: format_series(extract_points(looks, figure), began)
            for figure in ("pool_in_use", "pool_max", "pool_waiting")
        }
    with seen.check_item("Connections in use"):
        _check_connections_in_use(looks, resources, seen)
    with seen.check_item("Who waits for a connection"):
        _check_waiting_requests(looks, resources, seen)
    with seen.check_item("Who waited for a connection in vain"):
        _check_timeouts(looks, resources, seen)


def _check_connections_in_use(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    require_enough_samples(looks, "pool_in_use", "pool_max")
    require_moving_counter(looks)
    taken = {
        look.measurement_time("pool_in_use"): (look.pool_in_use, look.pool_max) for look in looks
    }
    known = [(in_use, most) for in_use, most in taken.values() if in_use is not None and most]
    if len(known) < MIN_SAMPLE_SHARE * len(taken):
        raise NotReadable(f"the pool's maximum is told as 0 ({resources.pool.maximum})")
    over = sum(in_use > resources.pool_share * most for in_use, most in known)
    if over > MAX_OVER_SHARE * len(known):
        seen.findings.append(
            f"More than {resources.pool_share:.0%} (pool_share) of the pool's {known[-1][1]:g}"
            f" connections were in use in {over} of {len(known)} looks, and in {MAX_OVER_SHARE:.0%} of"
            " them they may be."
        )


def _check_waiting_requests(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    require_enough_samples(looks, "pool_waiting")
    require_moving_counter(looks)
    waited = [point.value > 0 for point in extract_points(looks, "pool_waiting")]
    allowed = (
        max(POOL_GROWTH_ALLOWANCE, resources.pool_waiting_share * len(waited))
        if resources.pool_waiting_share
        else 0.0
    )
    if sum(waited) > allowed:
        seen.findings.append(
            f"Somebody waited for a connection in {sum(waited)} of {len(waited)} looks, and"
            f" {resources.pool_waiting_share:.0%} is the limit (pool_waiting_share)."
        )


def _check_timeouts(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    require_enough_samples(looks, "pool_timeouts")
    require_moving_counter(looks)
    course = analyze_counter(extract_points(looks, "pool_timeouts"))
    require_single_counter(course)
    seen.figures["pool_timeouts"] = round(course.increase)
    if course.increase > 0:
        seen.findings.append(
            f"Requests that waited for a connection in vain ({resources.pool.timeouts}):"
            f" {course.increase:.0f}, and 0 is the limit."
        )
    if course.falls:
        raise NotReadable(
            f"{resources.pool.timeouts} began anew during the run: what was counted shortly before"
            " is lost"
        )


# ── what its database tells ──


def _assess_database(
    pressures: Sequence[DatabaseActivity],
    resources: ResourceSettings,
    seen: AssessmentBuilder,
    start: float | None,
) -> None:
    if pressures:
        began = pressures[0].at if start is None else start
        taken = [
            Measurement(one.at, one.connections[SERVER_NAME][0])
            for one in pressures
            if SERVER_NAME in one.connections
        ]
        waits = [
            Measurement(one.at, one.longest_wait)
            for one in pressures
            if one.longest_wait is not None
        ]
        seen.figures |= {
            "backends": format_series(taken, began),
            "lock_wait_seconds": format_series(waits, began),
            "idle_in_transaction": max(
                (one.idle for one in pressures if one.idle is not None), default=None
            ),
        }
    with seen.check_item("Connections of the database server"):
        _check_backends(pressures, resources, seen)
    with seen.check_item("Waits for locks in the database"):
        _check_lock_waits(pressures, resources, seen)
    with seen.check_item("Deadlocks in the database"):
        _check_counters(pressures, seen)


def _require_activity_samples(
    pressures: Sequence[DatabaseActivity], told: Sequence[DatabaseActivity]
) -> None:
    if not pressures:
        raise NotReadable("there was no look")
    if len(told) < max(MIN_SAMPLE_SHARE * len(pressures), MIN_MEASUREMENTS):
        why = next((f": {one.not_seen_reason}" for one in pressures if one.not_seen_reason), "")
        raise NotReadable(
            f"seen in {len(told)} of {len(pressures)} looks, and"
            f" {max(round(MIN_SAMPLE_SHARE * len(pressures)), MIN_MEASUREMENTS)} are needed{why}"
        )


def _check_backends(
    pressures: Sequence[DatabaseActivity], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    told = [one for one in pressures if one.connections]
    _require_activity_samples(pressures, told)
    for place in dict.fromkeys(name for one in told for name in one.connections):
        pairs = [one.connections[place] for one in told if place in one.connections]
        over = sum(taken > resources.pool_share * most for taken, most in pairs)
        if over > MAX_OVER_SHARE * len(pairs):
            seen.findings.append(
                f"More than {resources.pool_share:.0%} (pool_share) of the {pairs[-1][1]}"
                f" connections that {place} may have were taken in {over} of {len(pairs)} looks (at"
                f" most {max(pairs)[0]}), and in {MAX_OVER_SHARE:.0%} of them they may be."
            )


def _check_lock_waits(
    pressures: Sequence[DatabaseActivity], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    waits = [one for one in pressures if one.longest_wait is not None]
    longest = max((one.longest_wait or 0.0 for one in waits), default=0.0)
    if longest > resources.lock_wait_seconds:
        seen.findings.append(
            f"A session in the target's database waited {longest:.1f} s or more for a lock, and"
            f" {resources.lock_wait_seconds:g} s is the limit (lock_wait_seconds)."
        )
    _require_activity_samples(pressures, waits)


def _check_counters(pressures: Sequence[DatabaseActivity], seen: AssessmentBuilder) -> None:
    told = [one for one in pressures if one.counters]
    _require_activity_samples(pressures, told)
    counts = activity_difference(told[0], told[-1])
    if counts is None:
        raise NotReadable("the database's counters (pg_stat_database) began anew during the run")
    ended = counts["committed"] + counts["rolled_back"]
    seen.figures |= {
        "database": {
            **counts,
            "rolled_back_share": round(counts["rolled_back"] / ended, 4) if ended else 0.0,
        }
    }
    if counts["deadlocks"]:
        seen.findings.append(
            f"Deadlocks in the target's database during the run: {counts['deadlocks']}, and 0 is"
            " the limit."
        )
