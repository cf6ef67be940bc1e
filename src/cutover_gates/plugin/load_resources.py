"""What a target uses during a load run: what watches it, and the assessments of what was seen."""

from __future__ import annotations

from dataclasses import replace

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.database.activity_sampler import ActivitySampler
from cutover_gates.probes.load.assessments import NO_POOL, NO_USAGE
from cutover_gates.probes.load.load_runner import LoadRun
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.connection_pool_usage import (
    assess_connection_pool,
)
from cutover_gates.probes.load.resource_assessment.cpu_memory_usage import assess_resource_usage
from cutover_gates.probes.load.resource_assessment.resource_watcher import ResourceWatcher
from cutover_gates.probes.load.resource_usage.resource_sources import create_resource_source
from cutover_gates.targets.running_target import RunningTarget


def build_resource_watcher(run: PytestRun, running_target: RunningTarget) -> ResourceWatcher:
    """Return what watches the target and its database during a load."""
    target = run.settings.chosen_target
    source = None
    if not {NO_POOL, NO_USAGE} <= set(target.absent_capabilities):
        source = create_resource_source(
            target.performance.resources, running_target.url, redactor=run.redactor
        )
    sampler = None
    if running_target.database:
        sampler = ActivitySampler(running_target.database, target.database)
    return ResourceWatcher(source, sampler)


def assess_resources(
    run: PytestRun, watcher: ResourceWatcher, result: LoadRun
) -> tuple[Assessment, Assessment]:
    """Return the assessments of the connection pool, and of CPU and memory."""
    target = run.settings.chosen_target
    performance, unsupported = target.performance, target.absent_capabilities
    samples, activity = watcher.select_window(result.judged_from, result.judged_until)
    pool = assess_connection_pool(
        None if NO_POOL in unsupported else samples,
        activity,
        performance.resources,
        result.started,
    )
    usage = assess_resource_usage(
        samples, performance.resources, performance.confidence, result.started
    )
    gaps: list[Finding] = []
    name = run.settings.target
    if samples is None and NO_POOL not in unsupported:
        gaps.append(Finding(rules.METRICS_SOURCE, name, "", "the settings name no source"))
    if activity is None and "database" not in unsupported:
        gaps.append(Finding(rules.DATABASE_SOURCE, name, "", "the settings name no database"))
    return replace(pool, not_proven=(*pool.not_proven, *gaps)), usage
