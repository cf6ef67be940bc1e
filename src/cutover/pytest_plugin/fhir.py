"""The fixture behind `smoke/fhir`: what only a FHIR server promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Recorder
from cutover.evidence.examination import examinations_to
from cutover.hospital import NotOffered
from cutover.settings import Settings
from cutover.targets.connecting import FHIR, declared_unsupported

if TYPE_CHECKING:
    from cutover.drivers import Ledgered
    from cutover.drivers.fhir.promises import Promises


@pytest.fixture
def fhir(hospital: Ledgered, settings: Settings, recorder: Recorder) -> Promises:
    """What only a FHIR server promises: that its capability statement is true, that versions are
    kept, that transactions are atomic.
    """
    if settings.chosen.driver != FHIR:
        raise NotOffered(FHIR, declared_unsupported(settings)[FHIR])
    from cutover.drivers.fhir import FhirHospital
    from cutover.drivers.fhir.promises import Promises

    assert isinstance(hospital.inner, FhirHospital)
    return Promises(hospital, hospital.inner, examinations_to(recorder))
