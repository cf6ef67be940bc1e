"""The load run of a gate: prepare it, make it, judge what the target used, and clean up.

It imports numpy, so only a run that makes a load imports it (`plugin.fixtures.load`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from cutover_gates.config.target import Target
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.findings import gap_error
from cutover_gates.drivers.journal_driver import JournalDriver
from cutover_gates.hospital import Driver, ProtocolViolation, Rejected, Role, Session, Unsupported
from cutover_gates.hospital.write_journal import WriteJournal
from cutover_gates.plugin.account_check import raise_if_rejected
from cutover_gates.plugin.load_resources import assess_resources, build_resource_watcher
from cutover_gates.plugin.load_writes import save_load_comparison
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.baseline_tails import TailLimit, build_tail_limits
from cutover_gates.probes.load.config_builder import (
    build_worker_config,
    choose_document_type,
    close_unused_entries,
)
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_runner import LoadPlan, run_load
from cutover_gates.probes.load.load_summary import summarize_load
from cutover_gates.probes.load.model import NEW_CONNECTIONS, LoadSummary
from cutover_gates.probes.load.objective_builder import build_objectives, ratio_error
from cutover_gates.probes.load.objectives import LoadObjective, find_unprovable
from cutover_gates.probes.load.operation_figures import UncomparedTail
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
    tails = _build_tail_limits(preparation, workload)
    objectives = build_objectives(
        performance, workload.operations, preparation.baselines.load_medians(), tails
    )
    _warn_of_small_load(preparation, workload, objectives)
    ledger = open_ledger(
        run.ledgers / f"{run.tag}-load.jsonl", run.tag, run.settings, running_target, run.redactor
    )
    watcher = build_resource_watcher(run, running_target)
    try:
        with open_with_cleanup(run.settings, running_target, ledger, run.redactor) as (
            hospital,
            sessions,
        ):
            journal = WriteJournal(count().__next__)
            writer = JournalDriver(hospital, journal)
            plan = _build_load_plan(preparation, ledger, workload, objectives, writer, sessions)
            plan = replace(plan, uncompared=_tell_uncompared(tails))
            result = run_load(plan, watcher)
            close_unused_entries(ledger, plan.worker_config.stock, result.unknown_entries)
            result.results.writes.enter_in(journal)
            known = None if result.results.problems else journal
            save_load_comparison(run, running_target, hospital, sessions, ledger, known)
    except (Rejected, ProtocolViolation, Unsupported) as error:
        raise gap_error(rules.LOAD_PREPARED, running_target.name, str(error)) from None
    finally:
        ledger.close()
    return summarize_load(plan, result, *assess_resources(run, watcher, result))


def _warn_of_small_load(
    preparation: LoadPreparation, workload: LoadWorkload, objectives: list[LoadObjective]
) -> None:
    """Print a warning where the load is too small to prove an objective; it may still refute it."""
    performance = preparation.target.performance

    def expected(operation: str) -> float:
        requests = workload.expected_requests(operation, performance.max_seconds)
        return requests * (performance.new_connections if operation == NEW_CONNECTIONS else 1)

    unprovable = find_unprovable(objectives, expected)
    if unprovable:
        print_line(
            f"The planned load is too small: proving `{unprovable.objective}` needs at least"
            f" {unprovable.needed:,} requests, about {unprovable.expected:,.0f} are expected."
            f" Increase rate or max_seconds in"
            f" [targets.{preparation.running_target.name}.performance], or remove the objective."
        )


def _build_tail_limits(preparation: LoadPreparation, workload: LoadWorkload) -> list[TailLimit]:
    """Return the limits of the slowest answers; empty where there is no baseline to compare."""
    performance, baseline = preparation.target.performance, preparation.baselines.find()
    if baseline is None:
        return []
    return build_tail_limits(
        baseline,
        workload.operations,
        performance.baseline,
        ratio_error(1 - performance.confidence),
        lambda operation: workload.expected_requests(operation, performance.max_seconds),
    )


def _tell_uncompared(tails: Sequence[TailLimit]) -> tuple[UncomparedTail, ...]:
    """Print and return the percentiles that have too few requests to be compared."""
    uncompared = tuple(
        UncomparedTail(one.operation, one.statistic, one.needed, round(one.planned))
        for one in tails
        if not one.is_compared
    )
    if uncompared:
        names = ", ".join(map(str, uncompared))
        print_line(f"Not compared with the baseline, since too few requests are planned: {names}.")
    return uncompared


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
