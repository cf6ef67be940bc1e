"""Does every operation refuse whom it must refuse?

Four questions, put to one matrix that is made once a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.api.access.access_matrix import (
    EXPIRED_TOKEN,
    NO_TOKEN,
    OTHER_FACILITY,
    OTHER_PATIENT,
    AccessContext,
    AccessMatrix,
    ExpectedAccess,
)
from cutover_gates.probes.api.access.model import STAFF_ROLES

CACHE_KEY = "access"


@dataclass(frozen=True)
class AccessAssessments:
    """Answers the checks. `compute_once` keeps what was made, for all processes of the run."""

    context: AccessContext
    compute_once: Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def assess_without_token(self) -> Assessment:
        """Is everybody without a token refused?"""
        return self._assess_cells(
            "without a token",
            (NO_TOKEN,),
            findings=self.context.role_table.find_unlisted_public_operations(
                self.context.operations
            ),
        )

    def assess_expired_token(self) -> Assessment:
        """Is a token refused that was good once?

        Raises what the settings say where there is none.
        """
        if isinstance(self.context.expired_session, Exception):
            raise self.context.expired_session
        return self._assess_cells("with an expired token", (EXPIRED_TOKEN,))

    def assess_roles(self) -> Assessment:
        """May each role do what the table says, and nothing else?"""
        known = set(map(str, self.context.all_operations))
        idle = [
            f"[targets.{self.context.role_table.target}.contract.untried] names {name}, and the document"
            " has no such operation: take it out"
            for name in self.context.untried
            if name not in known
        ]
        return self._assess_cells(
            "by role",
            STAFF_ROLES,
            holes=[
                *self.context.role_table.find_gaps(
                    self.context.operations, self.context.all_operations
                ),
                *idle,
            ],
        )

    def assess_other_facility(self) -> Assessment:
        """Is another facility's chart shut, and another patient's, whose documents are asked for
        below one's own?
        """
        return self._assess_cells("from another facility", (OTHER_FACILITY, OTHER_PATIENT))

    def _assess_cells(
        self,
        title: str,
        who: Sequence[str],
        *,
        findings: Iterable[str] = (),
        holes: Iterable[str] = (),
    ) -> Assessment:
        made = self.compute_once(CACHE_KEY, lambda: AccessMatrix(self.context).build())
        cells = [cell for cell in made["cells"] if cell["who"] in who]
        unproven = [
            *holes,
            *made["lacking"].get(title, ()),
            *(cell["unclear"] for cell in cells if cell["unclear"]),
        ]
        if not any(
            cell["expected"] in (ExpectedAccess.UNAUTHENTICATED, ExpectedAccess.FORBIDDEN)
            for cell in cells
        ):
            unproven.append(f"access {title}: nothing was asked for that must be refused")
        matrix: dict[str, dict[str, str]] = {}
        for cell in cells:
            matrix.setdefault(cell["operation"], {})[cell["who"]] = (
                f"{cell['expected']}: {cell['came']}"
            )
        facts = {
            "matrix": matrix,
            "not_asked": made["not_asked"],
            "untried": dict(self.context.untried),
        }
        examination = Assessment(
            f"access {title}",
            tuple(f"{cell['operation']}, {cell['who']}" for cell in cells),
            (*findings, *(cell["wrong"] for cell in cells if cell["wrong"])),
            tuple(unproven),
            facts,
        )
        self.record(examination)
        return examination
