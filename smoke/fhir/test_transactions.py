"""A FHIR server applies a transaction in full, or not at all."""

from __future__ import annotations

import pytest

from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.hospital import FrontDesk, Reason, Session
from cutover_gates.hospital.matchers import exactly_one, expect_rejection
from cutover_gates.hospital.synthetic import PatientFactory

pytestmark = pytest.mark.plan("patient-creation")


def test_a_transaction_registers_everybody_in_it(
    fhir: FhirConformance, front_desk: FrontDesk, registrar: Session, people: PatientFactory
) -> None:
    """A transaction registers every patient in it."""
    drafts = [people.draft(), people.draft()]
    fhir.register_together(registrar, drafts)
    for draft in drafts:
        exactly_one(front_desk.find(mrn=draft.mrn), "patient with this record number")


def test_a_transaction_that_fails_leaves_nothing(
    fhir: FhirConformance, front_desk: FrontDesk, registrar: Session, people: PatientFactory
) -> None:
    """A transaction that fails registers nobody.

    Its last entry is not a valid patient.
    """
    drafts = [people.draft(), people.draft()]
    with expect_rejection(Reason.INVALID):
        fhir.register_together(registrar, drafts, spoilt=True)
    assert not [draft.mrn for draft in drafts if front_desk.find(mrn=draft.mrn)]
