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
    """Clients build on what a server says of itself.

    Every interaction and search parameter that it lists is tried, and works.
    """
    assert_passed(fhir.assess_listed_interactions(administrator, own_ids))


def test_what_the_capability_statement_does_not_list_is_refused(
    fhir: FhirConformance, own_ids: Mapping[str, str], administrator: Session
) -> None:
    """What nobody declared nobody guards.

    An interaction that is not listed, and a type that there is not, are refused.
    """
    assert_passed(fhir.assess_unlisted_interactions(administrator, own_ids))
