"""Whose a record is, where the target keeps little or nothing of the record number that was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.drivers.record_owner import NUMBER_LOST, Ownership, RecordOwner
from cutover_gates.hospital import (
    Answer,
    DriverFeatures,
    Patient,
    PatientDraft,
    Reason,
    Rejected,
    Visit,
    VisitStatus,
)

RUN = "cut2611300355f9aa-abc"
KEY = f"{RUN[:18]}-0001"
PATIENT = RemainingRecord("patient", KEY, RUN, "7")
VISIT = RemainingRecord("visit", "fever", RUN, "9", "7")

Keep = Callable[[str], Any]
KEEPS_NOTHING: dict[str, Keep] = {
    "no number": lambda _number: None,
    "an empty number": lambda _number: "",
    "what stands behind the tag": lambda number: number[18:],
    "one number for all": lambda _number: "000",
}
KEEPS_ENOUGH: dict[str, Keep] = {
    "as sent": lambda number: number,
    "in capitals": str.upper,
    "with a prefix": lambda number: f"P-{number}",
}


def owner(keep: Keep, stored_number: Any) -> RecordOwner:
    """A target whose patient 7 has this number, and that keeps no reason of a visit."""

    def stored_form(draft: PatientDraft) -> PatientDraft:
        return replace(draft, mrn=keep(draft.mrn))

    patient = Patient(stored_number, "Real", "Person", date(1950, 1, 1), id="7")
    visit = Visit("9", "7", VisitStatus.OPEN)
    driver: Any = SimpleNamespace(
        features=DriverFeatures(stored_form=stored_form),
        patient=lambda *_: patient,
        visit=lambda *_: visit,
    )
    session: Any = None
    return RecordOwner(driver, session)


@pytest.mark.parametrize("name", KEEPS_NOTHING)
def test_a_visit_of_somebody_is_nobodys_where_the_number_tells_nothing(name: str) -> None:
    """Every number begins with an empty tag."""
    found = owner(KEEPS_NOTHING[name], "4711").look(VISIT)
    assert (found.ownership, found.why) == (Ownership.FOREIGN, NUMBER_LOST)


@pytest.mark.parametrize("name", ["no number", "an empty number", "one number for all"])
def test_a_patient_is_nobodys_where_all_have_one_number(name: str) -> None:
    """The run sent names that it does not know, so only the number could tell."""
    keep = KEEPS_NOTHING[name]
    found = owner(keep, keep(KEY)).look(PATIENT)
    assert (found.ownership, found.why) == (Ownership.FOREIGN, NUMBER_LOST)


@pytest.mark.parametrize("name", KEEPS_ENOUGH)
def test_a_number_that_carries_the_tag_is_the_runs(name: str) -> None:
    """The clean case: patient and visit are removed."""
    keep = KEEPS_ENOUGH[name]
    found = owner(keep, keep(KEY))
    assert found.look(PATIENT).ownership is Ownership.OWN
    assert found.look(VISIT).ownership is Ownership.OWN


@pytest.mark.parametrize(
    ("reason", "stored", "ownership"),
    [
        (f"of nobody {KEY}", f"of nobody {KEY}", Ownership.OWN),
        (f"of nobody {KEY}", "fever", Ownership.FOREIGN),
        (f"of nobody {KEY}", None, Ownership.FOREIGN),
        ("fever", "fever", Ownership.FOREIGN),
    ],
)
def test_a_visit_of_nobody_is_the_runs_where_it_carries_its_tag(
    reason: str, stored: str | None, ownership: Ownership
) -> None:
    """A target without referential integrity keeps it, and no patient tells whose it is."""

    def refuse(*_: object) -> Patient:
        raise Rejected(Reason.NOT_FOUND, "no", Answer(404, {}, b""))

    visit = Visit("9", "7", VisitStatus.OPEN, stored)
    driver: Any = SimpleNamespace(features=DriverFeatures(), patient=refuse, visit=lambda *_: visit)
    session: Any = None
    record = RemainingRecord("visit", reason, RUN, "9", "7")
    assert RecordOwner(driver, session).look(record).ownership is ownership
