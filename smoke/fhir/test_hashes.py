"""The description of a FHIR document holds the hash of its bytes."""

from __future__ import annotations

import pytest

from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.hospital import Document, Session
from cutover_gates.hospital.matchers import assert_equal

pytestmark = pytest.mark.plan("document-upload")


def test_the_hash_in_the_description_is_that_of_the_bytes(
    fhir: FhirConformance, clinician: Session, filed: Document
) -> None:
    """The hash in a document's description is that of its bytes.

    A copy is known to be complete by its hash.
    """
    described, computed = fhir.hashes(clinician, filed)
    assert_equal(computed, described, "hash in the description")
