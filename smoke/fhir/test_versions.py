"""A FHIR server keeps earlier versions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.hospital import FrontDesk, Patient, Session
from cutover_gates.hospital.matchers import assert_same

pytestmark = pytest.mark.plan("patient-creation")


def test_a_correction_keeps_the_version_before(
    fhir: FhirConformance, front_desk: FrontDesk, registrar: Session, registered: Patient
) -> None:
    """A correction keeps the version before.

    The history holds both versions, the newest first, so that a correction can be traced years
    later.
    """
    corrected = front_desk.update(replace(registered, phone="+49301111111"))
    versions = fhir.versions(registrar, registered.id)
    assert [(one.version, one.phone) for one in versions] == [
        (one.version, one.phone) for one in (corrected, registered)
    ]


def test_a_former_version_reads_as_it_was(
    fhir: FhirConformance, front_desk: FrontDesk, registrar: Session, registered: Patient
) -> None:
    """A former version reads as it was acknowledged, also after a correction."""
    front_desk.update(replace(registered, phone="+49301111111"))
    assert_same(registered, fhir.version(registrar, registered))
