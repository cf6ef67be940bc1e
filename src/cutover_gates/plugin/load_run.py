"""The load run of a gate: prepare it, make it, judge what the target used, and clean up.

It imports numpy, so only a run that makes a load imports it (`plugin.fixtures.load`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from cutover_gates.config.target import Target
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.findings import Finding, gap_error
from cutover_gates.drivers.journal_driver import JournalDriver
from cutover_gates.hospital import Driver, ProtocolViolation, Rejected, Role, Session, Unsupported
from cutover_gates.hospital.write_journal import WriteJournal
from cutover_gates.plugin.account_check import raise_if_rejected
from cutover_gates.plugin.load_writes import save_load_comparison
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.database.activity_sampler import ActivitySampler
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.assessments import NO_POOL, NO_USAGE
from cutover_gates.probes.load.config_builder import (
    build_worker_config,
    choose_document_type,
    close_unused_entries,
)
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_runner import LoadPlan, LoadRun, run_load
from cutover_gates.probes.load.load_summary import summarize_load
from cutover_gates.probes.load.model import LoadSummary
from cutover_gates.probes.load.objective_builder import build_objectives
from cutover_gates.probes.load.objectives import LoadObjective, find_unprovable
from cutover_gates.probes.load.resource_assessment.connection_pool_usage import (
    assess_connection_pool,
)
from cutover_gates.probes.load.resource_assessment.cpu_memory_usage import assess_resource_usage
from cutover_gates.probes.load.resource_assessment.resource_watcher import ResourceWatcher
from cutover_gates.probes.load.resource_usage.resource_sources import create_resource_source
from cutover_gates.probes.load.workload import (
    LoadWorkload,
    build_workload,
    count_required_patients,
    create_patients,
    enter_planned_records,
    plan_record_counts,
)
from cutover_gates.targets.cleanup_scope import open_with_cleanup
from cutover_gates.targets.driver_factory import load_unsupported_operations, mapping_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import open_ledger

SPARE_SECONDS = 10
"""Records are planned for so much longer than a run may last: its end takes some time too."""


@dataclass(frozen=True)
class LoadPreparation:
    """What a load run needs to be made.

    `journeys` is the file with the journeys. `folder` takes the log of the samples.
    `report_progress` shows a line while the run lasts.
    """

    run: PytestRun
    running_target: RunningTarget
    baselines: LoadBaselines
    journeys: Path
    folder: Path
    report_progress: Callable[[str], None] = field(repr=False)

    @property
    def target(self) -> Target:
        """Return the target's settings."""
        return self.run.settings.chosen_target


def make_load_run(preparation: LoadPreparation) -> LoadSummary:
    """Make the load run. Raises `NotProven` where it cannot be prepared."""
    run, running_target = preparation.run, preparation.running_target
    for role in (Role.REGISTRAR, Role.CLINICIAN, Role.ADMINISTRATOR):
        raise_if_rejected(running_target, role)
    performance = preparation.target.performance
    unsupported = load_unsupported_operations(run.settings)
    workload = build_workload(performance, preparation.journeys, unsupported)
    objectives = build_objectives(
        performance, workload.operations, preparation.baselines.load_medians()
    )
    _warn_of_small_load(preparation, workload, objectives)
    ledger = open_ledger(
        run.ledgers / f"{run.tag}-load.jsonl", run.tag, run.settings, running_target, run.redactor
    )
    watcher = _build_resource_watcher(preparation)
    try:
        with open_with_cleanup(run.settings, running_target, ledger, run.redactor) as (
            hospital,
            sessions,
        ):
            journal = WriteJournal(count().__next__)
            writer = JournalDriver(hospital, journal)
            plan = _build_load_plan(preparation, ledger, workload, objectives, writer, sessions)
            result = run_load(plan, watcher)
            close_unused_entries(ledger, plan.worker_config.stock, result.unknown_entries)
            result.results.writes.enter_in(journal)
            known = None if result.results.problems else journal
            save_load_comparison(run, running_target, hospital, sessions, ledger, known)
    except (Rejected, ProtocolViolation, Unsupported) as error:
        raise gap_error(rules.LOAD_PREPARED, running_target.name, str(error)) from None
    finally:
        ledger.close()
    return summarize_load(plan, result, *_assess_resources(preparation, watcher, result))


def _warn_of_small_load(
    preparation: LoadPreparation, workload: LoadWorkload, objectives: list[LoadObjective]
) -> None:
    """Print a warning where the load is too small to prove an objective; it may still refute it."""
    seconds = preparation.target.performance.max_seconds
    unprovable = find_unprovable(
        objectives, lambda operation: workload.expected_requests(operation, seconds)
    )
    if unprovable:
        print_line(
            f"The planned load is too small: proving `{unprovable.objective}` needs at least"
            f" {unprovable.needed:,} requests, about {unprovable.expected:,.0f} are expected."
            f" Increase rate or max_seconds in"
            f" [targets.{preparation.running_target.name}.performance], or remove the objective."
        )


def _build_load_plan(
    preparation: LoadPreparation,
    ledger: Ledger,
    workload: LoadWorkload,
    objectives: list[LoadObjective],
    hospital: Driver,
    sessions: Callable[[Role], Session],
) -> LoadPlan:
    run, target = preparation.run, preparation.target
    performance = target.performance
    known = create_patients(
        hospital,
        sessions,
        count_required_patients(performance, workload),
        run.tag,
        choose_document_type(target.limits),
    )
    seconds = performance.max_seconds + performance.ramp_seconds + SPARE_SECONDS
    stock = enter_planned_records(
        ledger, plan_record_counts(workload, seconds, known), known, run.tag
    )
    worker_config = build_worker_config(
        target,
        preparation.running_target,
        mapping_of(run.settings),
        run.tag,
        workload,
        known,
        stock,
    )
    return LoadPlan(
        worker_config,
        performance,
        objectives,
        preparation.folder / "samples.log",
        ledger,
        run.redactor,
        preparation.report_progress,
    )


def _build_resource_watcher(preparation: LoadPreparation) -> ResourceWatcher:
    target, running_target = preparation.target, preparation.running_target
    source = None
    if not {NO_POOL, NO_USAGE} <= set(target.absent_capabilities):
        source = create_resource_source(
            target.performance.resources, running_target.url, redactor=preparation.run.redactor
        )
    sampler = None
    if running_target.database:
        sampler = ActivitySampler(running_target.database, target.database)
    return ResourceWatcher(source, sampler)


def _assess_resources(
    preparation: LoadPreparation, watcher: ResourceWatcher, result: LoadRun
) -> tuple[Assessment, Assessment]:
    """Return the assessments of the connection pool, and of CPU and memory."""
    performance = preparation.target.performance
    unsupported = preparation.target.absent_capabilities
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
    name = preparation.run.settings.target
    if samples is None and NO_POOL not in unsupported:
        gaps.append(Finding(rules.METRICS_SOURCE, name, "", "the settings name no source"))
    if activity is None and "database" not in unsupported:
        gaps.append(Finding(rules.DATABASE_SOURCE, name, "", "the settings name no database"))
    return replace(pool, not_proven=(*pool.not_proven, *gaps)), usage
