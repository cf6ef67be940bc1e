"""Judges the gates of a run from its results, and finds faults of the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from cutover_gates.config.settings import CONTAINER_TARGET
from cutover_gates.core.clock_slack import EXACT_CLOCK
from cutover_gates.core.decision_validity import Terms
from cutover_gates.core.declarations import (
    AppliedDeclaration,
    Declaration,
    describe_age,
    is_older_than,
)
from cutover_gates.core.judge import judge
from cutover_gates.core.verdict import CheckResult, Verdict, VerdictSubject
from cutover_gates.core.waivers import Decision, load_decisions
from cutover_gates.plugin import attestation
from cutover_gates.plugin.attestation import load_decision_verifier
from cutover_gates.plugin.declared_facts import describe_former_keys, list_declarations
from cutover_gates.plugin.expected_checks import ExpectedChecks
from cutover_gates.plugin.listed_operations import read_kept_document
from cutover_gates.plugin.mapping_check_state import untested_mapping_warning
from cutover_gates.plugin.refuted_facts import describe_late_declarations, describe_refuted
from cutover_gates.plugin.release_judgement import ReleaseJudgement
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.rollback_orders import find_rollback_orders
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.signing import Signer
from cutover_gates.plugin.verdict_subject import TargetStatus
from cutover_gates.reporting.rule_catalog import load_rules

NORMAL_EXIT_CODES = {
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
}
"""pytest's own statuses under which a run came to its end.

Every other one is a fault of the run.
"""


@dataclass(frozen=True)
class Decisions:
    """What people decided before the run, and what they declared of the target."""

    waivers: Sequence[Decision]
    signoffs: Sequence[Decision]
    declarations: Sequence[Declaration]
    notes: Sequence[str] = ()


def load_all_decisions(run: PytestRun) -> Decisions:
    """Read waivers, sign-offs and declarations. Raises `DecisionError` and `SettingsError`."""
    settings, verify = run.settings, load_decision_verifier(run.settings)
    return Decisions(
        load_decisions(settings.resolve_path(settings.waivers), "waiver", verify),
        load_decisions(settings.resolve_path(settings.signoffs), "signoff", verify),
        list_declarations(settings, run.plan, {}),
    )


def add_target_facts(
    run: PytestRun,
    decisions: Decisions,
    status: TargetStatus | None,
    results: Sequence[CheckResult],
) -> Decisions:
    """Return the decisions with what the target says of itself, and the notes about facts."""
    not_offered = status.not_offered if status else {}
    refuted = describe_refuted(
        run.settings, run.running_target, status, results, read_kept_document(run)
    )
    of_settings = (*describe_former_keys(run.settings), *refuted)
    return replace(
        decisions,
        declarations=list_declarations(run.settings, run.plan, not_offered),
        notes=(*of_settings, *describe_late_declarations(results), *run.notes),
    )


def build_terms(
    run: PytestRun,
    waivers: Sequence[Decision],
    expected: ExpectedChecks,
    results: Sequence[CheckResult],
) -> Terms:
    """Return what decisions are held to: the settings, and the names that exist.

    A hospital's own checks may have rules of their own: those that found something are known.
    """
    checks = {check.check: check.items for check in expected.checks}
    rules: frozenset[str] = frozenset()
    # To find all rules takes long (0.3 s): every package of the probes is imported.
    if any(waiver.rule for waiver in waivers):
        own = {finding.rule.id for result in results for finding in result.findings}
        rules = frozenset(load_rules()) | frozenset(checks) | own
    return Terms(
        run.settings.longest_waiver_days,
        run.settings.declarations_days,
        frozenset(run.settings.targets) | {CONTAINER_TARGET},
        rules,
        checks,
        run.running_target.clock if run.running_target else EXACT_CLOCK,
    )


def judge_gates(
    run: PytestRun,
    results: Sequence[CheckResult],
    decisions: Decisions,
    subject: VerdictSubject,
    run_errors: Sequence[str],
    releases: ReleaseJudgement,
    terms: Terms,
) -> list[Verdict]:
    """Return the verdict of each gate of the run."""
    verdicts, orders = [], find_rollback_orders(run)
    for gate in run.gates:
        verdict = judge(
            run.plan,
            gate,
            [*results, *releases.results(gate)],
            subject=subject,
            started=run.started,
            now=datetime.now(UTC),
            waivers=decisions.waivers,
            signoffs=decisions.signoffs,
            declarations=decisions.declarations,
            run_errors=[*run_errors, *releases.holds(gate), *orders.holds(gate)],
            notes=decisions.notes,
            terms=terms,
        )
        untold = releases.untold_by(gate)
        shown = _show_untold_release(verdict, untold, decisions.declarations, terms)
        verdicts.append(orders.show(shown))
    return verdicts


def _show_untold_release(
    verdict: Verdict, untold: str, declarations: Sequence[Declaration], terms: Terms
) -> Verdict:
    """Return the verdict with the fact that no release is told: no check shows what ran."""
    shown = {applied.declaration.name for applied in verdict.declared}
    for declaration in declarations:
        if declaration.name != untold or untold in shown:
            continue
        old = is_older_than(declaration, terms.declarations_days, verdict.finished)
        applied = AppliedDeclaration(declaration, (), is_old=old)
        notes = (describe_age(declaration, terms.declarations_days),) if old else ()
        return replace(
            verdict, declared=(*verdict.declared, applied), notes=(*verdict.notes, *notes)
        )
    return verdict


def find_abnormal_end(exit_status: int, results: ResultCollector) -> list[str]:
    """Return a sentence where pytest did not end as its checks did."""
    abnormal = []
    if exit_status not in NORMAL_EXIT_CODES:
        abnormal.append(f"the run did not come to its end (pytest's status {int(exit_status)})")
    # Such as a plugin of someone's own that fails the session.
    if exit_status == pytest.ExitCode.TESTS_FAILED and not results.has_failures:
        abnormal.append("pytest reports a failure that belongs to no check")
    return abnormal


def build_notes(
    run: PytestRun,
    of_target: Sequence[str],
    results: ResultCollector,
    expected: ExpectedChecks,
    key: Signer | None,
) -> list[str]:
    """Return the sentences about a run that no item of a verdict says."""
    notes = [*of_target, expected.describe_unassigned()]
    notes.append("" if key else attestation.UNSIGNED_NOTE)
    if _has_failed_on_the_target(results):
        notes.append(untested_mapping_warning(run))
    return [note for note in notes if note]


def _has_failed_on_the_target(results: ResultCollector) -> bool:
    """Return whether a check failed that asked the target by its mapping.

    Only a driver records exchanges: a check of the database or of the network has none.
    """
    for phases in results.phases.values():
        evidence = [entry for phase in phases for entry in phase.outcome.evidence]
        is_asked = any(entry.get("kind") == "exchange" for entry in evidence)
        if is_asked and any(phase.status == "failed" for phase in phases):
            return True
    return False
