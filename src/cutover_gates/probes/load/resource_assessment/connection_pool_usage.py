"""Assessment of the target's connection pool under load."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.database_activity import DatabaseActivity
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.database_activity_usage import (
    MAX_OVER_SHARE,
    check_database_activity,
)
from cutover_gates.probes.load.resource_assessment.sample_series import (
    analyze_counter,
    count_allowed_failures,
    count_failed_samples,
    extract_points,
    format_series,
    require_enough_samples,
    require_moving_counter,
    require_single_counter,
)
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample

POOL_TITLE = "The database connection pool has room"
CONNECTIONS, WAITING, TIMEOUTS = "pool connections", "waiting requests", "pool timeouts"
MIN_WAITING_SAMPLES = 2.0
"""Samples in which requests may wait, however short the run is.

A pool that opens a connection lets the first requests wait for it.
"""


def assess_connection_pool(
    samples: Sequence[ResourceSample] | None,
    activity: Sequence[DatabaseActivity] | None,
    resources: ResourceSettings,
    start: float | None = None,
) -> Assessment:
    """Judge the samples of the judged part of a run; what is None is not judged.

    `start` is where the time of the series begins; by default at the first sample.

    Connections (of the pool, of the server) above their limit in a quarter of the samples are a
    finding, a spike is not. Waiting requests are one in more samples than pool_waiting_share, and
    more than two. A timeout, a deadlock, a long wait for a lock: one is enough, none comes by
    chance. A wait is seen for certain when it lasts longer than the limit by the time between two
    samples.
    """
    builder = AssessmentBuilder(
        figures={
            "limits": {
                "pool_share": resources.pool_share,
                "pool_waiting_share": resources.pool_waiting_share,
                "lock_wait_seconds": resources.lock_wait_seconds,
                "share of looks above pool_share": MAX_OVER_SHARE,
            }
        }
    )
    if samples is not None:
        _check_pool(samples, resources, builder, start)
    if activity is not None:
        check_database_activity(activity, resources, builder, start)
    return builder.build(POOL_TITLE)


def _check_pool(
    samples: Sequence[ResourceSample],
    resources: ResourceSettings,
    builder: AssessmentBuilder,
    start: float | None,
) -> None:
    builder.figures["looks"] = len(samples)
    builder.figures["failed_looks"] = count_failed_samples(samples)
    if samples:
        began = samples[0].at if start is None else start
        for figure in ("pool_in_use", "pool_max", "pool_waiting"):
            builder.figures[figure] = format_series(extract_points(samples, figure), began)
    with builder.check_item(rules.POOL_CONNECTIONS, CONNECTIONS):
        _check_connections_in_use(samples, resources, builder)
    with builder.check_item(rules.POOL_WAITING, WAITING):
        _check_waiting_requests(samples, resources, builder)
    with builder.check_item(rules.POOL_TIMEOUTS, TIMEOUTS):
        _check_timeouts(samples, resources, builder)


def _check_connections_in_use(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    failed_share = resources.failed_share
    require_enough_samples(samples, "pool_in_use", "pool_max", failed_share=failed_share)
    require_moving_counter(samples)
    by_moment = {
        sample.measurement_time("pool_in_use"): (sample.pool_in_use, sample.pool_max)
        for sample in samples
    }
    known = [
        (in_use, maximum)
        for in_use, maximum in by_moment.values()
        if in_use is not None and maximum
    ]
    if len(known) < len(by_moment) - count_allowed_failures(len(by_moment), failed_share):
        raise NotReadable(f"the maximum of the pool is reported as 0 ({resources.pool.maximum})")
    over = sum(in_use > resources.pool_share * maximum for in_use, maximum in known)
    if over > MAX_OVER_SHARE * len(known):
        builder.add_finding(
            rules.POOL_CONNECTIONS,
            CONNECTIONS,
            expected=f"more than {resources.pool_share:.0%} of {known[-1][1]:g} connections in use"
            f" in at most {MAX_OVER_SHARE:.0%} of the samples",
            actual=f"{over} of {len(known)} samples",
        )


def _check_waiting_requests(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    require_enough_samples(samples, "pool_waiting", failed_share=resources.failed_share)
    require_moving_counter(samples)
    points = extract_points(samples, "pool_waiting")
    waiting = sum(point.value > 0 for point in points)
    allowed = 0.0
    if resources.pool_waiting_share:
        allowed = max(MIN_WAITING_SAMPLES, resources.pool_waiting_share * len(points))
    if waiting > allowed:
        builder.add_finding(
            rules.POOL_WAITING,
            WAITING,
            expected=f"requests wait in at most {resources.pool_waiting_share:.0%} of the samples",
            actual=f"{waiting} of {len(points)} samples",
        )


def _check_timeouts(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    require_enough_samples(samples, "pool_timeouts", failed_share=resources.failed_share)
    require_moving_counter(samples)
    change = analyze_counter(extract_points(samples, "pool_timeouts"))
    require_single_counter(change)
    builder.figures["pool_timeouts"] = round(change.increase)
    if change.increase > 0:
        builder.add_finding(
            rules.POOL_TIMEOUTS,
            resources.pool.timeouts,
            expected="0",
            actual=f"{change.increase:.0f}",
        )
    if change.falls:
        raise NotReadable(
            f"{resources.pool.timeouts} started again during the run: what was counted shortly"
            " before is lost"
        )
