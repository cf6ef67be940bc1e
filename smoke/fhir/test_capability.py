"""A FHIR server's capability statement is true."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.hospital import Session
from cutover_gates.hospital.matchers import assert_passed

pytestmark = pytest.mark.plan("api-endpoints")


def test_what_the_capability_statement_lists_can_be_done(
    fhir: FhirConformance, own_ids: Mapping[str, str], administrator: Session
) -> None:
    """Every interaction and search parameter of the capability statement works.

    Clients rely on what a server states about itself.
    """
    assert_passed(fhir.assess_listed_interactions(administrator, own_ids))


def test_what_the_capability_statement_does_not_list_is_refused(
    fhir: FhirConformance, own_ids: Mapping[str, str], administrator: Session
) -> None:
    """An interaction that the capability statement does not list is rejected.

    So is an unknown resource type. An undeclared interaction is one that nobody guards.
    """
    assert_passed(fhir.assess_unlisted_interactions(administrator, own_ids))
