"""The target of a judged run: started once, probed before and after the checks, swept, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import NotProven
from cutover_gates.plugin.attestation import record_served_document
from cutover_gates.plugin.cleanup import describe_sweep, save_ledgers, sweep_dead_runs
from cutover_gates.plugin.copy_lease import CopyLease
from cutover_gates.plugin.database_check import check_databases
from cutover_gates.plugin.outcome_capture import TARGET_GONE
from cutover_gates.plugin.preflight import check_before_start
from cutover_gates.plugin.progress import ProgressPrinter, print_line
from cutover_gates.plugin.release_judgement import ReleaseJudgement
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_gate import StepGate
from cutover_gates.plugin.target_start import embedded_stage, start_target
from cutover_gates.plugin.verdict_subject import TargetStatus, probe_target
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import read_binding


class GateTarget:
    """The lifecycle of the target in the controller.

    `status` is what it answered before the first check; None before it was asked. `releases` holds
    the gates to the release that answers. `holds` are faults of accounts and databases that make
    the run NO-GO. `notes` are sentences about what runs left on it.
    """

    def __init__(self, run: PytestRun) -> None:
        self.run = run
        self.status: TargetStatus | None = None
        self.releases = ReleaseJudgement(run)
        self.step = StepGate(run)
        self.holds: list[str] = []
        self.notes: list[str] = []
        self._target: Iterator[RunningTarget] | None = None
        self._copies = CopyLease(run)

    def start(self) -> None:
        """Bring the target up and probe it.

        Raises `TargetDidNotStart` where it cannot be asked, and the user's errors.
        """
        target = self.start_unasked()
        _take_early_snapshot(self.run, target)
        ask_databases = cache(partial(check_databases, self.run, target))
        self.status = probe_target(self.run, target, ask_databases)
        if not self.status.answers:
            raise TargetDidNotStart(self.status.problem)
        self.step.begin(target)
        wrong_releases = self.releases.survey(target, "before the checks")
        preflight = check_before_start(self.run, ask_databases(), self.releases.clocks)
        self.holds += preflight.holds
        self.notes += preflight.warnings
        # Printed at once: nobody need wait for a verdict that cannot be GO any more.
        for hold in (*wrong_releases, *preflight.holds):
            print_line(f"this will be NO-GO: {hold}")
        assert self.run.running_target is not None
        for warning in (*preflight.warnings, *self.run.running_target.clock.notes):
            print_line(warning)
        self._bind(ask_databases().system_name)

    def start_unasked(self) -> RunningTarget:
        """Bring the target up and ask it nothing. Raises as `start` does."""
        self._copies.hold()
        self._target = start_target(self.run)
        return next(self._target)

    def _bind(self, system_name: str) -> None:
        """Ask which system is behind the target, once: every process binds its ledger to it."""
        run, target = self.run, self.run.running_target
        assert target is not None
        if target.binding is None and run.suites != {"migrations"}:
            binding = read_binding(run.settings, target, run.redactor, system_name)
            run.running_target = replace(target, binding=binding)

    def sweep(self) -> None:
        """Retire what dead runs left on the target: earlier ones, or this run's crashed workers."""
        assert self.run.running_target is not None
        swept = describe_sweep(sweep_dead_runs(self.run, self.run.running_target))
        for sentence in swept:
            print_line(sentence)
        self.notes += swept

    def find_changes(self, *, is_gone: bool) -> list[str]:
        """Return a sentence where the target is gone or changed, or its step was cut short."""
        return [*self.step.list_holds(), *self._compare_with_start(is_gone=is_gone)]

    def _compare_with_start(self, *, is_gone: bool) -> list[str]:
        if is_gone:
            return [TARGET_GONE]
        if not (self.status and self.status.answers and self.run.running_target):
            return []
        target = self.run.running_target
        after = probe_target(self.run, target, partial(check_databases, self.run, target))
        # Workers that crashed during the run left their ledgers open.
        if after.answers:
            self.sweep()
        if not after.answers:
            return [f"the target answered before the checks, and not at the end: {after.problem}"]
        if self.releases.is_needed:
            self.releases.survey(self.run.running_target, "after the checks")
            return []
        return _describe_change(self.status.release, after.release)

    def record_document(self) -> list[str]:
        """Keep the document that the target serves; a silent one is not asked once more.

        Return a sentence where it could not be written.
        """
        is_silent = self.status is not None and not self.status.answers
        return [] if is_silent else record_served_document(self.run)

    def stop(self) -> None:
        """Save the ledgers beside the verdict, and let the target go."""
        self.step.close()
        self._copies.release()
        if self.run.running_target:
            self.notes.append(save_ledgers(self.run, self.run.first_folder / "traces"))
        if self._target is not None:
            next(self._target, None)


def _describe_change(before: str | None, after: str | None) -> list[str]:
    """Return a sentence where a target reports another release than before."""
    if before == after:
        return []
    return [
        f"the target changed during the run: it reported release {before} before, and"
        f" {after or 'nothing'} at the end"
    ]


def _take_early_snapshot(run: PytestRun, target: RunningTarget) -> None:
    """Take the snapshot of an embedded hospital of before its cutover; its check reads it later.

    It is taken before anybody signs in: each gate starts a hospital of its own from the same rows,
    and what this one writes (sessions, lines of the audit log) would be missing in a later one. Why
    it cannot be taken is said by the check, which tries again.
    """
    if target.kind != "embedded" or "migrations" not in run.suites or not run.folders:
        return
    if embedded_stage(run) != "before":
        return
    # here, because they load psycopg (0.1 s), which most gates do not need before their checks
    import psycopg

    from cutover_gates.plugin.fixtures.database import open_database_context
    from cutover_gates.probes.database.rows.assessments import RowAssessments

    context = open_database_context(run, run.settings, target, lambda: run.first_folder)
    printing = replace(context, report_progress=ProgressPrinter(None))
    with suppress(NotProven, SettingsError, psycopg.Error):
        RowAssessments(printing).take_snapshot_once()
