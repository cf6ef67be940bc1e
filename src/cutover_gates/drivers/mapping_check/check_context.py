"""What the walk has met so far, what a step of it is, and the two ways in which one goes astray."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.hospital import Driver, PatientDraft, Reason, Rejected
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory


class UnexpectedResult(Exception):
    """Nothing was refused, and yet it did not come out.

    `key` is the mapping's line to look at; `mend` what to do about it.
    """

    def __init__(self, key: str, expected: str, came: str, mend: str) -> None:
        super().__init__(f"expected {expected}, came {came}")
        self.key, self.expected, self.came, self.mend = key, expected, came, mend


class NotRejected(Exception):
    """The target did what it was asked for a reason to refuse, or refused for another one (`told`)."""

    def __init__(self, reasons: Sequence[Reason], told: Rejected | None) -> None:
        super().__init__(f"expected a refusal: {' or '.join(reason.value for reason in reasons)}")
        self.reasons, self.told = reasons, told


@dataclass
class CheckContext:
    """What the walk has met so far.

    `things` holds what a step gave, by name: sessions by role, `patient`, `visit`, `document` …

    `unsupported` is what the settings declare so. `small` is the same hospital asked for lists in
    pages of one, None where the driver knows no such thing.
    """

    hospital: LedgerDriver
    people: PatientFactory
    files: FileFactory
    release: str
    document_type: str
    small: Driver | None = None
    unsupported: Mapping[str, str] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.things[name]

    def draft(self) -> PatientDraft:
        draft: PatientDraft = self.things.setdefault("draft", self.people.draft())
        return draft


@dataclass(frozen=True)
class CheckStep:
    """`title` in words; `operation` of the mapping; what it `needs` of earlier steps, and the name
    of what it gives.
    """

    title: str
    operation: str
    act: Callable[[CheckContext], Any]
    needs: tuple[str, ...] = ()
    gives: str = ""
    refusal: tuple[Reason, ...] = ()
