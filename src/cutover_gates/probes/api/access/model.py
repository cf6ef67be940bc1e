"""The values of the access matrix: who may do what, who asks, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Answer, DriverFeatures, Operation, Reason, Session
from cutover_gates.hospital.matchers.capability_checks import NOTHING_DECLARED
from cutover_gates.probes.api.access.role_table import RoleTable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

NO_TOKEN, EXPIRED_TOKEN = "no token", "an expired token"
OTHER_FACILITY, OTHER_PATIENT = "another facility", "another patient's"
_ASKER_TEXTS = {
    NO_TOKEN: "without a token",
    EXPIRED_TOKEN: "with an expired token",
    OTHER_FACILITY: "by a clinician of another facility",
    OTHER_PATIENT: "below another patient",
}


def choose_operations(operations: Sequence[Operation], *, production: bool) -> Sequence[Operation]:
    """Return the operations that are requested: on production only those that read."""
    return [each for each in operations if not production or each.method in SAFE_METHODS]


class ExpectedAccess(StrEnum):
    """What must come of a request."""

    NO_FAILURE = "no failure"
    UNAUTHENTICATED = "refused as unauthenticated"
    FORBIDDEN = "refused as forbidden or not found"
    REFUSED_TO_ROLE = "refused as forbidden"
    NO_FOREIGN_DATA = "nothing of another facility's patient"
    ALLOWED = "let in"
    NOT_ASKED = "not asked"


class OperationCaller(Protocol):
    """The part of a driver that the matrix uses."""

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Request an operation, and return the answer whatever it is."""

    @property
    def features(self) -> DriverFeatures:
        """Return what the driver offers beside the operations."""


@dataclass(frozen=True)
class PatientChart:
    """A patient of the run's own with the records that belong to them.

    `ids` are by kind (patient, visit, document). `words` stand in no other chart. `search_queries`
    are sets of query parameters by which lists find the patient.
    """

    ids: Mapping[str, str]
    words: tuple[str, ...]
    search_queries: tuple[Mapping[str, str], ...] = ()

    def parameter_values(self, operation: Operation, names: Mapping[str, str]) -> dict[str, str]:
        """Return the values of an operation's path and query parameters.

        `names` maps a name in a path to the kind of record, or to the very id, that it means.
        """
        values: dict[str, str] = {}
        for kind, record_id in self.ids.items():
            values |= {f"{kind}_id": record_id, f"{kind}Id": record_id}
        values |= {name: self.ids.get(meaning, meaning) for name, meaning in names.items()}
        for name, kind in _kinds_by_parameter(operation):
            if kind in self.ids and name not in values:
                values[name] = self.ids[kind]
        return values


def path_parameters(operation: Operation) -> frozenset[str]:
    """Return the names that stand in braces in the path."""
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])


def _kinds_by_parameter(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the record that `/patients/{id}` means: the one that the segment before it lists."""
    for before, segment in pairwise(operation.path.split("/")):
        if segment.startswith("{") and segment.endswith("}"):
            yield segment[1:-1], before.lower().removesuffix("s")


@dataclass(frozen=True)
class AccessContext:
    """What the matrix needs to ask.

    `operations` are those that are requested, `all_operations` all of the document. `sessions`
    gives living sessions by the name of a role, `new_session` one that may end, `new_chart` a fresh
    chart. `names` maps a
    name in a path to its meaning; `untried` holds operations that those who may do not try. Both
    are as in the settings. `is_refusal` tells whether a success stands for a refusal to strangers:
    an empty list, where the target declares that. `is_role_refusal` tells it for a role, from the
    answer and its reason.
    """

    hospital: OperationCaller
    operations: Sequence[Operation]
    all_operations: Sequence[Operation]
    role_table: RoleTable
    sessions: Callable[[str], Session]
    new_session: Callable[[str], Session]
    expired_session: Session | Exception
    new_chart: Callable[[], PatientChart]
    names: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    is_refusal: Callable[[Operation, Answer], bool] = lambda _operation, _answer: False
    is_role_refusal: Callable[[Operation, Answer, Reason | None], bool] = (
        NOTHING_DECLARED.is_role_refusal
    )


@dataclass(frozen=True)
class AccessCell:
    """What came of one operation, requested by one asker. It holds no id, no token and no body."""

    operation: str
    asker: str
    expected: ExpectedAccess
    actual: str = ""
    finding: Finding | None = None
    gap: Finding | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {
            "operation": self.operation,
            "asker": self.asker,
            "expected": self.expected.value,
            "actual": self.actual,
            "finding": self.finding.to_plain() if self.finding else None,
            "gap": self.gap.to_plain() if self.gap else None,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AccessCell:
        """Return the cell that `to_plain` wrote."""
        return cls(
            plain["operation"],
            plain["asker"],
            ExpectedAccess(plain["expected"]),
            plain["actual"],
            Finding.from_plain(plain["finding"]) if plain["finding"] else None,
            Finding.from_plain(plain["gap"]) if plain["gap"] else None,
        )


@dataclass(frozen=True)
class AccessResults:
    """The cells of a matrix.

    `missing_sessions` are gaps of roles without an account, by role. `not_asked` are the operations
    that were not requested.
    """

    cells: tuple[AccessCell, ...]
    missing_sessions: Mapping[str, Finding]
    not_asked: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        missing = {role: gap.to_plain() for role, gap in self.missing_sessions.items()}
        return {
            "cells": [cell.to_plain() for cell in self.cells],
            "missing_sessions": missing,
            "not_asked": list(self.not_asked),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AccessResults:
        """Return the results that `to_plain` wrote."""
        missing = plain["missing_sessions"].items()
        return cls(
            tuple(map(AccessCell.from_plain, plain["cells"])),
            {role: Finding.from_plain(gap) for role, gap in missing},
            tuple(plain["not_asked"]),
        )


def format_subject(operation: Operation, asker: str) -> str:
    """Return the subject of a finding, such as `GET /audit by clinician`."""
    return f"{operation} {_ASKER_TEXTS.get(asker, f'by {asker}')}"
