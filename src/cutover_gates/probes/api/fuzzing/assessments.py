"""The questions that the checks of `contract/` ask of a fuzzing run that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from cutover_gates.core.evidence.assessment import ACCEPTED, Assessment, AssessmentBuilder
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.acceptances import (
    NO_TERMS,
    AcceptanceTerms,
    AcceptedFinding,
    apply_acceptances,
)
from cutover_gates.probes.api.fuzzing.fuzz_findings import to_finding
from cutover_gates.probes.api.fuzzing.model import FuzzedOperation, FuzzFinding, FuzzSummary

ALL_OPERATIONS = "every operation"
"""Stands for an operation where none is known yet."""


@dataclass(frozen=True)
class FuzzAssessments:
    """Answers the checks about a fuzzing run."""

    summary: FuzzSummary
    acceptances: Sequence[AcceptedFinding]
    today: date
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)
    terms: AcceptanceTerms = NO_TERMS

    def assess_run(self) -> Assessment:
        """Check that everything was tested that is meant to be, and that every acceptance holds."""
        summary, operations = self.summary, self.summary.operations
        builder = AssessmentBuilder(
            checked=_list_requested(operations),
            not_proven=list(summary.gaps),
            figures={**summary.to_facts(), "coverage": summarize_coverage(operations)},
        )
        if not operations:
            reason = "the document has no operation that this mode may request"
            builder.add_gap(rules.OPERATIONS_ANSWER, "all operations", reason)
        elif not any(operation.statuses for operation in operations.values()):
            builder.add_gap(rules.OPERATIONS_ANSWER, "all operations", "none answered")
        builder.findings = [
            to_finding(finding)
            for finding in summary.findings
            if finding.operation not in operations
        ]
        _, stale = apply_acceptances(
            self._stray_acceptances(), [], self.today, summary.mode, self.terms
        )
        builder.findings += stale
        return self._record_assessment(builder.build("the run over the API's document"))

    def assess_operation(self, name: str) -> Assessment:
        """Check that an operation keeps what the document promises; `ALL_OPERATIONS` for all."""
        operations = self.summary.operations
        names = list(operations) if name == ALL_OPERATIONS else [name]
        requested = {one: operations[one] for one in names if one in operations}
        findings = [one for one in self.summary.findings if one.operation in names]
        acceptances = [one for one in self.acceptances if one.operation in names]
        open_findings, stale = apply_acceptances(
            acceptances, findings, self.today, self.summary.mode, self.terms
        )
        builder = AssessmentBuilder(
            checked=_list_requested(requested),
            findings=[*map(to_finding, open_findings), *stale],
            figures=self._operation_figures(names, findings, open_findings),
        )
        for one in names:
            if one in operations:
                builder.not_proven += operations[one].gaps
            else:
                builder.add_gap(rules.OPERATION_TESTED, one, "it was not requested")
        return self._record_assessment(builder.build(f"promises of {name}"))

    def _stray_acceptances(self) -> list[AcceptedFinding]:
        """Return the acceptances that no operation of this run can answer for.

        A safe run cannot tell whether an operation that it leaves out still fails, but it can tell
        that an acceptance has expired.
        """
        elsewhere = [
            one for one in self.acceptances if one.operation not in self.summary.operations
        ]
        return [
            one
            for one in elsewhere
            if one.operation not in self.summary.left_out or one.expires < self.today
        ]

    def _operation_figures(
        self,
        names: Iterable[str],
        findings: Sequence[FuzzFinding],
        open_findings: Sequence[FuzzFinding],
    ) -> dict[str, Any]:
        operations = self.summary.operations
        passed_over = [one for one in findings if one not in open_findings]
        accepted = [
            f"{one.operation}: {one.name}, {one}"
            for one in self.acceptances
            if any(map(one.covers, passed_over))
        ]
        return {
            "operations": {
                one: operations[one].to_facts() if one in operations else None for one in names
            },
            ACCEPTED: accepted,
            "findings_in_full": [{**asdict(one), "rule": one.rule.title} for one in findings],
        }

    def _record_assessment(self, assessment: Assessment) -> Assessment:
        self.record(assessment)
        return assessment


def _list_requested(operations: Mapping[str, FuzzedOperation]) -> list[str]:
    return [
        f"{name}: {operation.requests} requests"
        for name, operation in operations.items()
        if operation.requests
    ]


def summarize_coverage(operations: Mapping[str, FuzzedOperation]) -> dict[str, Any]:
    """Return how much of the document the run covered.

    Operations that were requested, parameters that were sent, documented statuses that came.
    """
    missing = {name: _missing_statuses(operation) for name, operation in operations.items()}
    documented = sum(len(operation.documented) for operation in operations.values())
    sent = sum(len(operation.parameters) for operation in operations.values())
    not_sent = sum(len(operation.parameters_not_sent) for operation in operations.values())
    return {
        "operations": len(operations),
        "asked": sum(bool(operation.requests) for operation in operations.values()),
        "parameters": sent + not_sent,
        "sent_parameters": sent,
        "documented_statuses": documented,
        "seen_statuses": documented - sum(map(len, missing.values())),
        "not_seen": {name: statuses for name, statuses in missing.items() if statuses},
    }


def _missing_statuses(operation: FuzzedOperation) -> list[str]:
    return [one for one in operation.documented if not _was_answered(operation, one)]


def _was_answered(operation: FuzzedOperation, documented: str) -> bool:
    return any(_matches_status(status, documented) for status in operation.statuses)


def _matches_status(status: str, documented: str) -> bool:
    """Return whether a status is the documented one: `404`, `4XX`, or `default` for any."""
    if documented == "default" or status == documented:
        return True
    return documented.upper().endswith("XX") and status[0] == documented[0]
