"""Decides the outcome of one check from its reports.

Every way in which a check may *not* have proven something gets its name here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cutover_gates.core.evidence.assessment import describe_open_findings
from cutover_gates.core.findings import THIS_CHECK, Finding, Rule
from cutover_gates.core.verdict import Outcome
from cutover_gates.plugin.check_outcome import CheckOutcome

BROKEN_PHASES = {
    "setup": "Setup failed, so the check did not run: ",
    "teardown": "Cleaning up after the check failed: ",
    "call": "The check itself broke: ",
}
SETTINGS_ERROR = "SettingsError: "
"""How the text of a mistake in the settings begins, which a check met while it ran."""


@dataclass(frozen=True)
class CheckPhase:
    """One report of one check.

    `status` is pytest's word for it. `outcome` is what `OutcomeCapture` attached; it is empty where
    pytest or xdist made the report itself (a crash).
    """

    when: str
    status: str
    seconds: float
    text: str = ""
    xfail: bool = False
    outcome: CheckOutcome = field(default_factory=CheckOutcome)

    @property
    def why(self) -> str:
        """The exception's text, or where there was none, the report's."""
        return self.outcome.why or self.text


def decide_outcome(
    phases: Sequence[CheckPhase],
    excused: frozenset[str],
    evidence: Sequence[Mapping[str, Any]],
) -> tuple[Outcome, str]:
    """Return the outcome of a check that ran, and why where it did not pass.

    `excused` are the operations of which it is declared that the target does not offer them.
    """
    return (
        _error_outcome(phases)
        or _outlived_outcome(phases)
        or _retry_outcome(phases)
        or _first_unproven_phase(phases, excused)
        or _incomplete_outcome(phases, evidence)
        or (Outcome.PASSED, "")
    )


def unsupported_operations(phases: Sequence[CheckPhase]) -> frozenset[str]:
    """Return the operations that a check could not use because the target does not offer them."""
    operations = [phase.outcome.unsupported for phase in phases]
    return frozenset(operation for operation in operations if operation is not None)


def list_findings(phases: Sequence[CheckPhase], rule: Rule) -> tuple[Finding, ...]:
    """Return the findings of a check, each once: its own `rule` stands for the running check."""
    findings = dict.fromkeys(finding for phase in phases for finding in phase.outcome.findings)
    return tuple(
        replace(finding, rule=rule) if finding.rule == THIS_CHECK else finding
        for finding in findings
    )


def says_only_findings(phase: CheckPhase) -> bool:
    """Return whether the findings of a phase say all that was wrong in it."""
    was_wrong = phase.status in ("failed", "rerun") or phase.outcome.not_proven
    return bool(phase.outcome.findings) or not was_wrong


def describe_other_function(phases: Sequence[CheckPhase], written: int) -> str:
    """Return a sentence where the function that ran is not the one on line `written` of its file.

    It is empty where they are the same, or one of the lines is unknown (0).
    """
    ran = {phase.outcome.line for phase in phases} - {0}
    if not written or ran <= {written}:
        return ""
    return (
        f"the function that ran begins on line {min(ran)}, and the check is written on line"
        f" {written}: another function took its place, or the file was changed"
    )


def _error_outcome(phases: Sequence[CheckPhase]) -> tuple[Outcome, str] | None:
    """Return the first failure, in any phase of any attempt."""
    for phase in phases:
        # A time-out found nothing: the check could not see what it meant to see.
        if phase.status != "failed" or phase.outcome.timed_out:
            continue
        # A failure without an exception is a strict xfail that passed.
        if phase.when == "call" and (phase.outcome.is_finding or not phase.outcome.why):
            return Outcome.FAILED, phase.why
        return Outcome.ERROR, _describe_broken(phase)
    return None


def _describe_broken(phase: CheckPhase) -> str:
    if phase.why.startswith(SETTINGS_ERROR):
        return f"The settings cannot be used: {phase.why.removeprefix(SETTINGS_ERROR)}"
    return BROKEN_PHASES.get(phase.when, "") + phase.why


def _outlived_outcome(phases: Sequence[CheckPhase]) -> tuple[Outcome, str] | None:
    bound = max((phase.outcome.outlived for phase in phases), default=0.0)
    stopped = next((phase.why for phase in phases if phase.outcome.timed_out), "")
    if not bound and not stopped:
        return None
    limit = f"its bound of {bound:g} s" if bound else "its bound"
    return Outcome.NOT_PROVEN, (
        f"it ran longer than {limit}. {stopped or 'Nothing stopped it.'} Find out what it waited"
        " for, or raise limits.check_seconds"
    )


def _retry_outcome(phases: Sequence[CheckPhase]) -> tuple[Outcome, str] | None:
    was_retried = any(phase.status == "rerun" or phase.outcome.attempt > 1 for phase in phases)
    return (Outcome.NOT_PROVEN, "it passed only on a retry") if was_retried else None


def _first_unproven_phase(
    phases: Sequence[CheckPhase], excused: frozenset[str]
) -> tuple[Outcome, str] | None:
    for phase in phases:
        if (unproven := _unproven_outcome(phase, excused)) is not None:
            return unproven
    return None


def _unproven_outcome(phase: CheckPhase, excused: frozenset[str]) -> tuple[Outcome, str] | None:
    """Return what pytest would call passed, or not a failure, and what proves nothing."""
    operation = phase.outcome.unsupported
    if operation is not None and phase.outcome.is_finding and operation in excused:
        return Outcome.FAILED, (
            f"it found something before it reported {operation} as unsupported: {phase.outcome.why}"
        )
    if operation is not None:
        return _unsupported_outcome(operation, phase.outcome.why, excused)
    if phase.outcome.not_proven:
        return Outcome.NOT_PROVEN, phase.outcome.why
    if phase.xfail:
        passed = " and passed all the same" if phase.status == "passed" else ""
        return Outcome.NOT_PROVEN, f"it is marked xfail{passed}"
    if phase.status == "skipped":
        seen = f" ({phase.outcome.why})" if phase.outcome.is_finding else ""
        return Outcome.NOT_PROVEN, f"it was skipped: {phase.text}{seen}"
    if phase.status != "passed":
        return Outcome.NOT_PROVEN, f"its {phase.when} ended as {phase.status!r}"
    return None


def _unsupported_outcome(operation: str, why: str, excused: frozenset[str]) -> tuple[Outcome, str]:
    if operation in excused:
        return Outcome.NOT_APPLICABLE, why
    return Outcome.NOT_PROVEN, (
        f"the check reported {operation} as unsupported, which [targets.NAME.capabilities] does not"
        " declare"
    )


def _incomplete_outcome(
    phases: Sequence[CheckPhase], evidence: Sequence[Mapping[str, Any]]
) -> tuple[Outcome, str] | None:
    """Return what a check lacks whose phases all passed."""
    if not {phase.when for phase in phases} >= {"setup", "call", "teardown"}:
        return Outcome.NOT_PROVEN, "it did not come to its end"
    calls = [phase.outcome for phase in phases if phase.when == "call"]
    if any(phase.outcome.raised for phase in phases) or any(
        call.entered > call.returned for call in calls
    ):
        return (Outcome.NOT_PROVEN, "it raised an exception, and something turned that into a pass")
    if not all(call.entered for call in calls):
        return Outcome.NOT_PROVEN, (
            "its function was never entered: a hook, a plugin or a decorator answered for it"
        )
    if not evidence:
        return (Outcome.NOT_PROVEN, "it passed without any evidence: it asked the target nothing")
    if not all(call.asked for call in calls):
        return Outcome.NOT_PROVEN, (
            "its function asked the target nothing, and read no assessment of this run: what its"
            " fixtures did is no proof"
        )
    if forgotten := describe_open_findings(evidence):
        return Outcome.NOT_PROVEN, forgotten
    return None
