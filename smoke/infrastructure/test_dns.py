"""Checks of the names and their addresses."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.dns.assessments import DnsAssessments

pytestmark = pytest.mark.plan("dns-records")


def test_names_lead_to_the_declared_addresses(dns: DnsAssessments) -> None:
    """Every resolver gives every name exactly the declared addresses.

    One resolver that was forgotten leads a ward to the old system.
    """
    assert_passed(dns.assess_addresses())


def test_all_resolvers_say_the_same(dns: DnsAssessments) -> None:
    """All resolvers give the same answer.

    Two answers mean that two systems are in use.
    """
    assert_passed(dns.assess_agreement())


def test_answers_are_not_kept_for_long(dns: DnsAssessments) -> None:
    """The time to live is short enough for the cutover and for a rollback.

    An answer that is kept for a day leads to the old address for a day.
    """
    assert_passed(dns.assess_times_to_live())
