"""The target's connection pool and its database under load: the item `connection-pool`."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.database.integrity.reading import Seen, Unseen
from cutover.database.pressure import Pressure, difference
from cutover.evidence import Examination
from cutover.load.resources.series import (
    FEWEST,
    TOLD_SHARE,
    Point,
    counted,
    enough,
    in_turn,
    moving,
    plot,
    points,
)
from cutover.settings import Resources
from cutover.telemetry import Look

TITLE = "The database connection pool has room"
OVER_SHARE = 0.25
"""Share of the looks in which connections may be above their limit: a spike may, also one that a
stall of the machine makes, and no habit may. Whether anybody suffers from it is told by who waits
and who waited in vain, and those have limits of their own.
"""
A_POOL_GROWS = 2.0
"""Looks in which somebody may wait, however short the run: a pool that opens a connection lets the
first ones wait for it.
"""
THE_SERVER = "the server"  # as the query for connections names it


def pool(
    looks: Sequence[Look] | None,
    pressures: Sequence[Pressure] | None,
    resources: Resources,
    start: float | None = None,
) -> Examination:
    """Judges the looks of the judged part of a run; what is None is not judged.

    `start` is where the time of the series begins.

    Connections (of the pool, of the server) above their limit in a quarter of the looks are a
    finding, a spike is not. That somebody waits is one in more looks than pool_waiting_share, and
    more than two. A timeout, a deadlock, a lock that was waited for too long: one is enough, none
    comes by chance. A wait is seen for certain when it lasts longer than the limit by the time
    between two looks.
    """
    seen = Seen(
        facts={
            "limits": {
                "pool_share": resources.pool_share,
                "pool_waiting_share": resources.pool_waiting_share,
                "lock_wait_seconds": resources.lock_wait_seconds,
                "share of looks above pool_share": OVER_SHARE,
            }
        }
    )
    if looks is not None:
        _of_target(looks, resources, seen, start)
    if pressures is not None:
        _of_database(pressures, resources, seen, start)
    return seen.examination(TITLE)


# ── what the target tells ──


def _of_target(
    looks: Sequence[Look], resources: Resources, seen: Seen, start: float | None
) -> None:
    seen.facts["looks"] = len(looks)
    if looks:
        began = looks[0].at if start is None else start
        seen.facts |= {
            figure: plot(points(looks, figure), began)
            for figure in ("pool_in_use", "pool_max", "pool_waiting")
        }
    with seen.looking_at("Connections in use"):
        _in_use(looks, resources, seen)
    with seen.looking_at("Who waits for a connection"):
        _waiting(looks, resources, seen)
    with seen.looking_at("Who waited for a connection in vain"):
        _timeouts(looks, resources, seen)


def _in_use(looks: Sequence[Look], resources: Resources, seen: Seen) -> None:
    enough(looks, "pool_in_use", "pool_max")
    moving(looks)
    taken = {look.moment("pool_in_use"): (look.pool_in_use, look.pool_max) for look in looks}
    known = [(in_use, most) for in_use, most in taken.values() if in_use is not None and most]
    if len(known) < TOLD_SHARE * len(taken):
        raise Unseen(f"the pool's maximum is told as 0 ({resources.pool.maximum})")
    over = sum(in_use > resources.pool_share * most for in_use, most in known)
    if over > OVER_SHARE * len(known):
        seen.findings.append(
            f"More than {resources.pool_share:.0%} (pool_share) of the pool's {known[-1][1]:g}"
            f" connections were in use in {over} of {len(known)} looks, and in {OVER_SHARE:.0%} of"
            " them they may be."
        )


def _waiting(looks: Sequence[Look], resources: Resources, seen: Seen) -> None:
    enough(looks, "pool_waiting")
    moving(looks)
    waited = [point.value > 0 for point in points(looks, "pool_waiting")]
    allowed = (
        max(A_POOL_GROWS, resources.pool_waiting_share * len(waited))
        if resources.pool_waiting_share
        else 0.0
    )
    if sum(waited) > allowed:
        seen.findings.append(
            f"Somebody waited for a connection in {sum(waited)} of {len(waited)} looks, and"
            f" {resources.pool_waiting_share:.0%} is the limit (pool_waiting_share)."
        )


def _timeouts(looks: Sequence[Look], resources: Resources, seen: Seen) -> None:
    enough(looks, "pool_timeouts")
    moving(looks)
    course = counted(points(looks, "pool_timeouts"))
    in_turn(course)
    seen.facts["pool_timeouts"] = round(course.increase)
    if course.increase > 0:
        seen.findings.append(
            f"Requests that waited for a connection in vain ({resources.pool.timeouts}):"
            f" {course.increase:.0f}, and 0 is the limit."
        )
    if course.falls:
        raise Unseen(
            f"{resources.pool.timeouts} began anew during the run: what was counted shortly before"
            " is lost"
        )


# ── what its database tells ──


def _of_database(
    pressures: Sequence[Pressure], resources: Resources, seen: Seen, start: float | None
) -> None:
    if pressures:
        began = pressures[0].at if start is None else start
        taken = [
            Point(one.at, one.connections[THE_SERVER][0])
            for one in pressures
            if THE_SERVER in one.connections
        ]
        waits = [
            Point(one.at, one.longest_wait) for one in pressures if one.longest_wait is not None
        ]
        seen.facts |= {
            "backends": plot(taken, began),
            "lock_wait_seconds": plot(waits, began),
            "idle_in_transaction": max(
                (one.idle for one in pressures if one.idle is not None), default=None
            ),
        }
    with seen.looking_at("Connections of the database server"):
        _backends(pressures, resources, seen)
    with seen.looking_at("Waits for locks in the database"):
        _locks(pressures, resources, seen)
    with seen.looking_at("Deadlocks in the database"):
        _counters(pressures, seen)


def _enough(pressures: Sequence[Pressure], told: Sequence[Pressure]) -> None:
    if not pressures:
        raise Unseen("there was no look")
    if len(told) < max(TOLD_SHARE * len(pressures), FEWEST):
        why = next((f": {one.missing}" for one in pressures if one.missing), "")
        raise Unseen(
            f"seen in {len(told)} of {len(pressures)} looks, and"
            f" {max(round(TOLD_SHARE * len(pressures)), FEWEST)} are needed{why}"
        )


def _backends(pressures: Sequence[Pressure], resources: Resources, seen: Seen) -> None:
    told = [one for one in pressures if one.connections]
    _enough(pressures, told)
    for place in dict.fromkeys(name for one in told for name in one.connections):
        pairs = [one.connections[place] for one in told if place in one.connections]
        over = sum(taken > resources.pool_share * most for taken, most in pairs)
        if over > OVER_SHARE * len(pairs):
            seen.findings.append(
                f"More than {resources.pool_share:.0%} (pool_share) of the {pairs[-1][1]}"
                f" connections that {place} may have were taken in {over} of {len(pairs)} looks (at"
                f" most {max(pairs)[0]}), and in {OVER_SHARE:.0%} of them they may be."
            )


def _locks(pressures: Sequence[Pressure], resources: Resources, seen: Seen) -> None:
    waits = [one for one in pressures if one.longest_wait is not None]
    longest = max((one.longest_wait or 0.0 for one in waits), default=0.0)
    if longest > resources.lock_wait_seconds:
        seen.findings.append(
            f"A session in the target's database waited {longest:.1f} s or more for a lock, and"
            f" {resources.lock_wait_seconds:g} s is the limit (lock_wait_seconds)."
        )
    _enough(pressures, waits)


def _counters(pressures: Sequence[Pressure], seen: Seen) -> None:
    told = [one for one in pressures if one.counters]
    _enough(pressures, told)
    counts = difference(told[0], told[-1])
    if counts is None:
        raise Unseen("the database's counters (pg_stat_database) began anew during the run")
    ended = counts["committed"] + counts["rolled_back"]
    seen.facts |= {
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
