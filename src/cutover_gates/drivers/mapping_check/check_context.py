"""The context of a mapping check: what its steps share, and what a step may raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.hospital import Driver, PatientDraft, Reason, Rejected
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

ActingAccounts = Mapping[str, Mapping[str, str]]
"""The keys under `users` of who acts, by role: one by the empty name, others by operation."""


class UnexpectedResult(Exception):
    """Nothing was refused, but the result is not the expected one.

    `key` is the line of the mapping to look at. `values` fill in the advice of the cause.
    """

    def __init__(
        self, cause: Cause, key: str, expected: str, actual: str, **values: object
    ) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.cause, self.key = cause, key
        self.expected, self.actual, self.values = expected, actual, values


class NotRejected(Exception):
    """The target accepted what it should reject, or rejected it for another reason.

    `rejection` is that other rejection, None where there was none.
    """

    def __init__(self, reasons: Sequence[Reason], rejection: Rejected | None) -> None:
        super().__init__(f"expected a rejection: {' or '.join(reason.value for reason in reasons)}")
        self.reasons, self.rejection = reasons, rejection


COUNTS_AS_REFUSAL = object()
"""What a step gives that was not rejected, where the settings declare that this is a refusal."""


@dataclass
class CheckContext:
    """The values that the steps of one mapping check share.

    `values` holds what a step gave, by name: sessions by role, `patient`, `visit`, `document` …
    `document_types` are those that the target takes. `unsupported` is what the settings declare so.
    `paged` is the same target that is asked for lists in pages of one entry, None where the driver
    cannot do that. `acting` says whose accounts do the work of each role where the settings have a
    table of roles, and `missing` why there is nobody for a role.
    """

    driver: LedgerDriver
    people: PatientFactory
    files: FileFactory
    release: str
    document_types: tuple[str, ...]
    paged: Driver | None = None
    unsupported: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    acting: ActingAccounts = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def document_type(self) -> str:
        """The type of an ordinary document."""
        return self.document_types[0]

    def draft(self) -> PatientDraft:
        """Return the patient of this check; the first call creates it."""
        draft: PatientDraft = self.values.setdefault("draft", self.people.draft())
        return draft


@dataclass(frozen=True)
class CheckStep:
    """One step of the check.

    `title` is text for people, `operation` the mapping's. `needs` are names of values that earlier
    steps gave, `gives` is the name of its own. `rejections` are the reasons for one of which the
    target must reject it, empty where it must succeed. `capability` is what the settings may
    declare absent besides the operation: then the step is not tried.
    """

    title: str
    operation: str
    act: Callable[[CheckContext], Any]
    needs: tuple[str, ...] = ()
    gives: str = ""
    rejections: tuple[Reason, ...] = ()
    capability: str = ""
