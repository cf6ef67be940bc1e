"""The questions about access, answered from one matrix that is made once in a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Role
from cutover_gates.probes.api.access import rules
from cutover_gates.probes.api.access.access_matrix import AccessMatrix
from cutover_gates.probes.api.access.model import (
    EXPIRED_TOKEN,
    NO_TOKEN,
    OTHER_FACILITY,
    OTHER_PATIENT,
    AccessCell,
    AccessContext,
    AccessResults,
    ExpectedAccess,
)

CACHE_KEY = "access"
_REFUSALS = (
    ExpectedAccess.UNAUTHENTICATED,
    ExpectedAccess.FORBIDDEN,
    ExpectedAccess.REFUSED_TO_ROLE,
)


@dataclass(frozen=True)
class AccessAssessments:
    """Answers the checks about access.

    `compute_once` keeps the matrix for all processes of the run.
    """

    context: AccessContext
    compute_once: Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def assess_without_token(self) -> Assessment:
        """Check that everybody without a token is refused."""
        public = self.context.role_table.find_unlisted_public_operations(self.context.operations)
        return self._assess_cells("without a token", (NO_TOKEN,), findings=public)

    def assess_expired_token(self) -> Assessment:
        """Check that an expired token is refused.

        Raises what the settings say where there is no such token.
        """
        if isinstance(self.context.expired_session, Exception):
            raise self.context.expired_session
        return self._assess_cells("with an expired token", (EXPIRED_TOKEN,))

    def assess_roles(self) -> Assessment:
        """Check that each role may do what the role table says, and nothing else."""
        context = self.context
        known = set(map(str, context.all_operations))
        gaps = list(context.role_table.find_gaps(context.operations, context.all_operations))
        for name in context.untried:
            if name not in known:
                reason = "contract.untried names it, and the document has no such operation"
                gaps.append(Finding(rules.ROLE_TABLE_CURRENT, name, "", reason))
        staff = context.role_table.staff.names
        return self._assess_cells("by role", staff, sessions=staff, gaps=gaps)

    def assess_other_facility(self) -> Assessment:
        """Check that another facility's patients are hidden, and records below another patient."""
        return self._assess_cells(
            "from another facility", (OTHER_FACILITY, OTHER_PATIENT), sessions=(Role.OUTSIDER,)
        )

    def _assess_cells(
        self,
        title: str,
        askers: Sequence[str],
        *,
        sessions: Sequence[str] = (),
        findings: Iterable[Finding] = (),
        gaps: Iterable[Finding] = (),
    ) -> Assessment:
        results = AccessResults.from_plain(
            self.compute_once(CACHE_KEY, lambda: AccessMatrix(self.context).build().to_plain())
        )
        cells = [cell for cell in results.cells if cell.asker in askers]
        missing = results.missing_sessions
        builder = AssessmentBuilder(
            checked=[
                f"{cell.operation}, {cell.asker}"
                for cell in cells
                if cell.expected is not ExpectedAccess.NOT_ASKED
            ],
            findings=[*findings, *(cell.finding for cell in cells if cell.finding)],
            not_proven=[*gaps, *(missing[role] for role in sessions if role in missing)],
            figures={
                "matrix": _build_matrix(cells),
                "not_asked": list(results.not_asked),
                "untried": dict(self.context.untried),
            },
        )
        builder.not_proven += [cell.gap for cell in cells if cell.gap]
        if not any(cell.expected in _REFUSALS for cell in cells):
            reason = "nothing was requested that must be refused"
            builder.add_gap(rules.REFUSALS_TESTED, f"access {title}", reason)
        assessment = builder.build(f"access {title}")
        self.record(assessment)
        return assessment


def _build_matrix(cells: Iterable[AccessCell]) -> dict[str, dict[str, str]]:
    """Return the expected and actual outcome by operation and asker."""
    matrix: dict[str, dict[str, str]] = {}
    for cell in cells:
        row = matrix.setdefault(cell.operation, {})
        row[cell.asker] = f"{cell.expected}: {cell.actual}"
    return matrix
