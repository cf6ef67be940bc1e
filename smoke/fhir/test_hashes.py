"""A FHIR document's description tells the hash of its bytes."""

from __future__ import annotations

import pytest

from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.hospital import Document, Session
from cutover_gates.hospital.matchers import assert_equal

pytestmark = pytest.mark.plan("document-upload")


def test_the_hash_in_the_description_is_that_of_the_bytes(
    fhir: FhirConformance, clinician: Session, filed: Document
) -> None:
    """By the hash a copy is known to be whole.

    The hash in the description is that of the bytes that come.
    """
    described, computed = fhir.hashes(clinician, filed)
    assert_equal(computed, described, "hash in the description")
