"""A FHIR server's capability statement is true."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cutover.drivers.fhir.promises import Promises
from cutover.hospital import Session
from cutover.matchers import sound

pytestmark = pytest.mark.plan("api-endpoints")


def test_what_the_capability_statement_lists_can_be_done(
    fhir: Promises, own_ids: Mapping[str, str], administrator: Session
) -> None:
    """Clients build on what a server says of itself.

    Every interaction and search parameter that it lists is tried, and works.
    """
    sound(fhir.does_what_it_lists(administrator, own_ids))


def test_what_the_capability_statement_does_not_list_is_refused(
    fhir: Promises, own_ids: Mapping[str, str], administrator: Session
) -> None:
    """What nobody declared nobody guards.

    An interaction that is not listed, and a type that there is not, are refused.
    """
    sound(fhir.does_nothing_else(administrator, own_ids))
